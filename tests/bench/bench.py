#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./dev bench [NAME…]: how small and how fast, beside what people use now.

Runs on a throwaway host (tests/lib/host).  Each NAME is a module of benchmarks/ with a function figures(), which
returns a list of measure.Figure.  What it says goes to build/bench: results.json, results.md, and plots (*.svg).
The exit status is 1 where a goal is missed, 0 where all are met or skipped with a reason.
"""
import argparse
import importlib
import json
import os
import platform
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, f"{TOP}/tests/integration"]

import measure  # noqa: E402  after the path is set

# In the order of docs/performance.md.  Those of LONG run only when they are asked for.
NAMES = ["idle", "wakeups", "open-close", "load", "renewal", "requests", "keyring", "burst", "growth", "fleet"]
LONG = ["fleet"]
OUT = f"{measure.BUILD}/bench"


def machine():
    """What the figures are from."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) // 1024
    return {"processor": models[0] if models else "unknown", "cores": os.cpu_count(), "memory_mib": memory,
            "kernel": platform.release(), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def run_one(name):
    print(f"== {name}", flush=True)
    start = time.monotonic()
    try:
        found = importlib.import_module(f"benchmarks.{name.replace('-', '_')}").figures()
    except measure.Skip as reason:
        found = [measure.Figure(name, name, skipped=str(reason))]
    for figure in found:
        print(figure.line(), flush=True)
    print(f"   {time.monotonic() - start:.0f} s", flush=True)
    return found


def merged(found):
    """The last figures of each benchmark, also of those that did not run now."""
    path, old = f"{OUT}/results.json", []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            old = json.load(file)["figures"]
    again = {figure.benchmark for figure in found}
    every = [figure for figure in old if figure["benchmark"] not in again] + [figure.as_dict() for figure in found]
    return sorted(every, key=lambda figure: NAMES.index(figure["benchmark"]))


def save(every):
    with open(f"{OUT}/results.json", "w", encoding="utf-8") as file:
        json.dump({"machine": machine(), "figures": every}, file, indent=1)
        file.write("\n")
    with open(f"{OUT}/results.md", "w", encoding="utf-8") as file:
        file.write(measure.table(every))


def main():
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("name", nargs="*", choices=[[], *NAMES], metavar="NAME", help=" ".join(NAMES))
    names = parser.parse_args().name or [name for name in NAMES if name not in LONG]
    os.makedirs(OUT, exist_ok=True)
    found = []
    for name in names:
        found += run_one(name)
        save(merged(found))
    missed = [figure for figure in found if figure.met is False]
    skipped = [figure for figure in found if figure.skipped]
    print(f"{len(found) - len(missed) - len(skipped)} met, {len(missed)} missed, {len(skipped)} skipped; "
          f"tables and plots are in {os.path.relpath(OUT, TOP)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
