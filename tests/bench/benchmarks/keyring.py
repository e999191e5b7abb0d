# SPDX-License-Identifier: MIT
"""What one renewal asks of the kernel's keys: how many calls, counted by strace, and how long they take.

strace makes each of them slower, so the same calls, on keys of the same size, are done once more without it, by
keycalls.c.
"""
import os
import re
import shutil
import signal
import subprocess
import time

import conftest
import measure
import sessions

ROUNDS = int(os.environ.get("BENCH_ROUNDS", 500))
GOAL_CALLS, GOAL_TIME = 10, 50
APART = 5.2  # seconds: a helper renews on demand at most once in 5 s
TRACE = "/tmp/bench-keyring.strace"
CALL = re.compile(r"(add_key|keyctl|request_key)\((.*)\)\s+= (-?\d+)")
WORDS = {"KEYCTL_DESCRIBE": "describe", "KEYCTL_READ": "read", "KEYCTL_SEARCH": "search",
         "KEYCTL_SET_TIMEOUT": "timeout", "KEYCTL_JOIN_SESSION_KEYRING": "join"}


def traced(pid):
    """The calls of the next renewal, of the helper and of what it starts."""
    with subprocess.Popen(["strace", "-f", "-s", "0", "-e", "trace=add_key,keyctl,request_key", "-o", TRACE,
                           "-p", str(pid)], stderr=subprocess.PIPE, text=True) as strace:
        if "attached" not in strace.stderr.readline():
            raise measure.Skip("strace cannot look at the helper")
        before = conftest.status()["renewals"]
        os.kill(pid, signal.SIGALRM)
        conftest.wait_until(lambda: conftest.status()["renewals"] != before, "a renewal", 20)
        conftest.wait_until(lambda: not conftest.exchanges(), "its exchange has ended")
        strace.send_signal(signal.SIGINT)
    with open(TRACE, encoding="utf-8", errors="replace") as file:
        return [match.groups() for match in map(CALL.search, file) if match]


def replay(calls):
    """Lines for keycalls: each serial gets a number, each key its payload's size."""
    numbers, lines = {}, []
    for call, arguments, result in calls:
        words = arguments.split(", ")
        if call == "add_key":
            lines.append(f"add {numbers.setdefault(result, len(numbers))} {words[-2]}")
            continue
        word = WORDS[words[0]]
        key = numbers.setdefault(words[1], len(numbers)) if word in ("read", "timeout") else 0
        number = {"read": result, "timeout": words[-1]}.get(word, 0)
        lines.append(f"{word} {key} {number}")
    return "\n".join(lines) + "\n"


def figures_of(what, pid):
    calls = traced(pid)

    def timed(sleep_us):
        said = measure.run(f"{measure.PROGRAMS}/keycalls", str(ROUNDS), str(sleep_us), input=replay(calls))
        return [int(number) / 1000 for number in said.split()]
    middle, low, high = timed(2000)
    warm, warm_low, warm_high = timed(0)
    names = [words.split(", ")[0].removeprefix("KEYCTL_").lower() if call == "keyctl" else call
             for call, words, _ in calls]
    counted = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
    return [
        measure.Figure("keyring", f"calls of keys for a renewal, {what}", len(calls), "calls",
                       goal=f"≤ {GOAL_CALLS} calls", limit=GOAL_CALLS, note=counted),
        measure.Figure("keyring", f"the time of these calls, {what}", middle, "µs",
                       f"{low:.3g} to {high:.3g}", goal=f"≤ {GOAL_TIME} µs", limit=GOAL_TIME),
        measure.Figure("keyring", f"the same where the processor has just done them, {what}", warm, "µs",
                       f"{warm_low:.3g} to {warm_high:.3g}"),
    ]


def figures():
    if shutil.which("strace") is None:
        raise measure.Skip("strace is not installed")
    sessions.install()
    found = []
    with sessions.test_provider() as provider:
        sessions.configure(provider)
        with sessions.Sessions(provider, 1) as session:
            [pid] = session.helpers()
            provider.real.faults(**{"token:refresh_token": {"remove": ["id_token"]}})
            found += figures_of("with a rotated refresh token", pid)
            provider.real.faults()
            time.sleep(APART)
            found += figures_of("with a rotated refresh token and an ID token", pid)
    return found
