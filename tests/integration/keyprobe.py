#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""keyprobe.py FILE: what the kernel lets this process do with keys and processes.

FILE has a JSON list of calls, each [name, argument...]; the answer is a JSON line with a list of results: a number, a
text, or the name of the errno.  A token that was read is shown as the provider's access.log does, by its digest.

keyprobe.py --poll FILE SERIAL...: until it is ended, read keys as often as it can and search for them by name, and
append a line to FILE for each thing that was ever seen to change: time, what, result.
"""
import ctypes
import errno
import hashlib
import json
import os
import signal
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
KEYS = ctypes.CDLL("libkeyutils.so.1", use_errno=True)
KEYS.keyctl.restype = ctypes.c_long
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438  # the same on every architecture
(GET_KEYRING_ID, JOIN, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, CLEAR, LINK, UNLINK, SEARCH, READ, INSTANTIATE, NEGATE,
 SET_REQKEY, SET_TIMEOUT, ASSUME_AUTHORITY, GET_SECURITY, SESSION_TO_PARENT) = range(19)
INVALIDATE, GET_PERSISTENT, RESTRICT, MOVE, WATCH = 21, 22, 29, 30, 32


class Refused(Exception):
    pass


def check(result):
    if result < 0:
        number = ctypes.get_errno()
        raise Refused(errno.errorcode.get(number, str(number)))
    return result


def value(argument):
    """As an argument of a variadic function: all of them are unsigned long."""
    if argument is None or isinstance(argument, bytes):
        return ctypes.c_char_p(argument)
    if isinstance(argument, str):
        return ctypes.c_char_p(argument.encode())
    return argument if isinstance(argument, ctypes.Array) else ctypes.c_long(argument)


def keyctl(command, *arguments):
    return check(KEYS.keyctl(ctypes.c_int(command), *[value(argument) for argument in arguments]))


def content(command, key):
    buffer = ctypes.create_string_buffer(65536)
    size = keyctl(command, key, buffer, len(buffer))
    return buffer.raw[:size]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:12]


def attach(request, pid):
    check(LIBC.ptrace(ctypes.c_long(request), ctypes.c_long(pid), ctypes.c_void_p(0), ctypes.c_void_p(0)))
    return "traced"


def read_memory(pid):
    class Area(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]

    buffer = ctypes.create_string_buffer(16)
    here = Area(ctypes.cast(buffer, ctypes.c_void_p), 16)
    there = Area(ctypes.cast(buffer, ctypes.c_void_p), 16)  # whatever is there: the right is asked for first
    check(LIBC.process_vm_readv(pid, ctypes.byref(here), ctypes.c_ulong(1), ctypes.byref(there), ctypes.c_ulong(1),
                                ctypes.c_ulong(0)))
    return "read"


def take_descriptor(pid, number):
    pidfd = check(LIBC.syscall(ctypes.c_long(SYS_PIDFD_OPEN), ctypes.c_long(pid), ctypes.c_long(0)))
    check(LIBC.syscall(ctypes.c_long(SYS_PIDFD_GETFD), ctypes.c_long(pidfd), ctypes.c_long(number), ctypes.c_long(0)))
    return "taken"


def set_limit(pid):
    limit = (ctypes.c_uint64 * 2)(0, 0)
    check(LIBC.prlimit64(pid, ctypes.c_int(7), limit, None))
    return "limited"


def read_file(path):
    with open(path, "rb") as file:
        return len(file.read(64))


def child_gives_parent_its_session():
    """In a child with a new session keyring: make it the parent's."""
    pid = os.fork()
    if pid == 0:
        try:
            keyctl(JOIN, None)
            keyctl(SESSION_TO_PARENT)
        except Refused:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


CALLS = {
    "id": lambda name: KEYS.keyctl and keyctl(GET_KEYRING_ID, name, 0),
    "view": lambda key: content(DESCRIBE, key).rstrip(b"\0").decode(),
    "read": lambda key: digest(content(READ, key)),
    "list": lambda ring: len(content(READ, ring)) // 4,
    "search": lambda ring, kind, name, to=0: keyctl(SEARCH, ring, kind, name, to),
    "add": lambda ring, kind, name, text: check(KEYS.add_key(kind.encode(), name.encode(), value(text or None),
                                                             ctypes.c_size_t(len(text)), ring)),
    "request": lambda kind, name, to=0: check(KEYS.request_key(kind.encode(), name.encode(), None, to)),
    "update": lambda key: keyctl(UPDATE, key, "forged", 6),
    "timeout": lambda key, seconds: keyctl(SET_TIMEOUT, key, seconds),
    "setperm": lambda key: keyctl(SETPERM, key, 0x3f3f3f3f),
    "chown": lambda key: keyctl(CHOWN, key, os.getuid(), -1),
    "chgrp": lambda key: keyctl(CHOWN, key, -1, os.getgid()),
    "revoke": lambda key: keyctl(REVOKE, key),
    "clear": lambda ring: keyctl(CLEAR, ring),
    "link": lambda key, ring: keyctl(LINK, key, ring),
    "unlink": lambda key, ring: keyctl(UNLINK, key, ring),
    "move": lambda key, of, to: keyctl(MOVE, key, of, to, 0),
    "restrict": lambda ring: keyctl(RESTRICT, ring, None, None),
    "invalidate": lambda key: keyctl(INVALIDATE, key),
    "instantiate": lambda key: keyctl(INSTANTIATE, key, "forged", 6, 0),
    "negate": lambda key: keyctl(NEGATE, key, 60, 0),
    "assume": lambda key: keyctl(ASSUME_AUTHORITY, key),
    "join": lambda name: keyctl(JOIN, name),
    "persistent": lambda uid, to: keyctl(GET_PERSISTENT, uid, to),
    "child-session": child_gives_parent_its_session,
    "ptrace-attach": lambda pid: attach(PTRACE_ATTACH, pid),
    "ptrace-seize": lambda pid: attach(PTRACE_SEIZE, pid),
    "vm-read": read_memory,
    "getfd": take_descriptor,
    "limit": set_limit,
    "open": read_file,
    "listdir": lambda path: len(os.listdir(path)),
    "readlink": os.readlink,
    "kill": lambda pid, number: os.kill(pid, number) or 0,
}


def attempt(name, *arguments):
    try:
        return CALLS[name](*arguments)
    except Refused as refused:
        return str(refused)
    except OSError as error:
        return errno.errorcode[error.errno]


def poll(path, serials):
    """What changes only: it says "read" and the digest, or the errno."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    seen = {}
    with open(path, "w", encoding="ascii", buffering=1) as file:
        file.write(f"{time.monotonic()} pid {os.getpid()}\n")
        while True:
            now = {f"read:{serial}": attempt("read", serial) for serial in serials}
            for name in ("oidc:access_token", "oidc:id_token"):
                found = attempt("search", -3, "user", name)
                now[f"search:{name}"] = attempt("read", found) if isinstance(found, int) else found
            for what in now:
                if seen.get(what) != now[what]:
                    file.write(f"{time.monotonic()} {what} {now[what]}\n")
            seen = now
            time.sleep(0.002)


def main():
    if sys.argv[1] == "--poll":
        poll(sys.argv[2], [int(serial) for serial in sys.argv[3:]])
    with open(sys.argv[1], encoding="ascii") as file:
        calls = json.load(file)
    print(json.dumps([attempt(*call) for call in calls]), flush=True)


if __name__ == "__main__":
    main()
