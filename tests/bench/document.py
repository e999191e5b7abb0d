#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Put what ./dev bench has found last, build/bench, into docs/performance.md, between its two marks."""
import glob
import json
import os
import shutil
import sys

import measure

PAGE = f"{measure.TOP}/docs/performance.md"
PICTURES = f"{measure.TOP}/docs/performance"
BEGIN, END = "<!-- begin: tests/bench/document.py -->\n", "<!-- end -->\n"


def section():
    with open(f"{measure.OUT}/results.json", encoding="utf-8") as file:
        found = json.load(file)
    machine = found["machine"]
    return (f"{machine['processor']}, {machine['cores']} cores, {machine['memory_mib']:,} MiB, "
            f"Linux {machine['kernel']}, {machine['time'][:10]}.\n\n{measure.table(found['figures'])}")


def main():
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}{section()}{END}{after}")
    os.makedirs(PICTURES, exist_ok=True)
    for picture in glob.glob(f"{measure.OUT}/*.svg"):
        shutil.copy(picture, PICTURES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
