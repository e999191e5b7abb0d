# SPDX-License-Identifier: MIT
"""Reads a QR code from a screen, as a phone does: ISO/IEC 18004, versions 1 to 6, octets, no errors to correct."""

QUIET = 4
BLOCKS = {" ": (1, 1), "\u2580": (0, 1), "\u2584": (1, 0), "\u2588": (0, 0)}  # what is painted is light
# Data codewords and blocks with the error correction L, and the alignment pattern of the versions from 2 on.
CODEWORDS = {1: (19, 1), 2: (34, 1), 3: (55, 1), 4: (80, 1), 5: (108, 1), 6: (136, 2)}
MASKS = [
    lambda i, j: (i + j) % 2, lambda i, j: i % 2, lambda i, j: j % 3, lambda i, j: (i + j) % 3,
    lambda i, j: (i // 2 + j // 3) % 2, lambda i, j: i * j % 2 + i * j % 3,
    lambda i, j: (i * j % 2 + i * j % 3) % 2, lambda i, j: ((i + j) % 2 + i * j % 3) % 2,
]


def drawing(text):
    """The lines of the QR code in a text."""
    return [line for line in text.replace("\r", "").split("\n") if line and set(line) <= set(BLOCKS)]


def matrix(lines):
    """Its modules, 1 is dark, without the quiet zone, which must be there."""
    rows = []
    for line in lines:
        rows += [[BLOCKS[char][0] for char in line], [BLOCKS[char][1] for char in line]]
    side = len(rows[0])
    assert rows[side:] == [[1] * side], "below an odd number of rows nothing is painted"
    rows = rows[:side]
    inner = range(QUIET, side - QUIET)
    assert all(len(row) == side for row in rows)
    assert not any(rows[i][j] for i in range(side) for j in range(side) if i not in inner or j not in inner), rows
    return [[rows[i][j] for j in inner] for i in inner]


def functions(side):
    """The places that have no data: finders with format, timing, alignment."""
    places = {(i, j) for i in range(side) for j in range(side)
              if i == 6 or j == 6 or (i < 9 and j < 9) or (i < 9 and j >= side - 8) or (i >= side - 8 and j < 9)}
    if side > 21:
        places |= {(i, j) for i in range(side - 9, side - 4) for j in range(side - 9, side - 4)}
    return places


def format_of(modules):
    """Error correction and mask."""
    places = [(8, j) for j in (0, 1, 2, 3, 4, 5, 7, 8)] + [(i, 8) for i in (7, 5, 4, 3, 2, 1, 0)]
    bits = int("".join(str(modules[i][j]) for i, j in places), 2) ^ 0x5412
    return bits >> 13, bits >> 10 & 7


def bits_of(modules, mask):
    side, taken, upwards = len(modules), functions(len(modules)), True
    for right in [column for column in range(side - 1, 0, -2) if column > 6] + [5, 3, 1]:
        for i in range(side - 1, -1, -1) if upwards else range(side):
            for j in (right, right - 1):
                if (i, j) not in taken:
                    yield modules[i][j] ^ (MASKS[mask](i, j) == 0)
        upwards = not upwards


def read(text):
    """What the QR code in a text says."""
    modules = matrix(drawing(text))
    level, mask = format_of(modules)
    assert level == 1, "error correction L"
    words, blocks = CODEWORDS[(len(modules) - 17) // 4]
    bits = "".join(str(int(bit)) for bit in bits_of(modules, mask))
    data = [int(bits[at:at + 8], 2) for at in range(0, 8 * words, 8)]
    data = [data[at] for block in range(blocks) for at in range(block, words, blocks)]
    bits = "".join(f"{word:08b}" for word in data)
    assert bits[:4] == "0100", "a text of octets"
    return bytes(int(bits[12 + 8 * i:20 + 8 * i], 2) for i in range(int(bits[4:12], 2))).decode("ascii")
