# SPDX-License-Identifier: MIT
"""What a login, a renewal and a logout cost, as counts that no machine's mood changes: instructions, system calls,
bytes, requests.  Each limit is what was measured and a tenth; who makes something cheaper lowers it.

./dev bench measures times, beside what others need; tests/bench/test-parsing.sh counts what parsing takes.
"""
import collections
import os
import shutil
import subprocess
import sys

import pytest

from conftest import BUILD, TOP, exchanges, helpers, syslog_text, wait_until
from renewals import renew
from scenes import SERVICE, app, opened, set_stage

sys.path.insert(0, f"{TOP}/tests/sweep")
import sweep  # noqa: E402  after the path is set

INSTRUCTIONS = {"open": 295_000, "close": 48_000}
# tests/sweep/inject.c says what the roles are.  "module" is login, session and logout, with libpam's own.
CALLS = {"module": 373, "helper": 252, "exchange-login": 724, "exchange-renew": 703, "exchange-revoke": 705}
PRIVATE_KIB = 40 if shutil.which("musl-gcc") else 130  # with musl, or with glibc
X86_64 = os.uname().machine == "x86_64"


@pytest.fixture(autouse=True)
def ready(provider):
    set_stage(provider)


def warm_up():
    """The cache of the provider's metadata and keys has them; what was issued meanwhile is revoked."""
    app("authenticate", "end").finish()
    wait_until(lambda: not exchanges(), "no exchange runs")


@pytest.mark.skipif(not X86_64, reason="steps.c is not written for this machine's registers")
def test_open_session_and_close_session_execute_no_more_instructions_than_before():
    steps = ["authenticate", "establish", "open", "close"]
    done = subprocess.run([f"{BUILD}/tests/bench/steps", f"{BUILD}/tests/lib/pamapp", "-m", SERVICE, "alice", *steps],
                          input="CANARY-pw-alice\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    assert done.returncode == 0 and done.stdout.count("PAM_SUCCESS") == len(steps), done
    took = dict(zip(("open", "close"), map(int, done.stderr.split()[-2:])))
    assert all(0 < took[step] <= limit for step, limit in INSTRUCTIONS.items()), took


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="inject.c is not written for this machine")
def test_each_path_makes_no_more_system_calls_than_before(tmp_path):
    warm_up()
    sweep.write_calls(tmp_path / "calls")
    log = tmp_path / "log"
    program = subprocess.Popen(
        [f"{BUILD}/tests/sweep/inject", log, tmp_path / "calls", "--", f"{BUILD}/tests/lib/pamapp", "-m", SERVICE,
         "alice", "authenticate", "acct", "establish", "open", "wait", "close", "delete", "end"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    program.stdin.write("CANARY-pw-alice\n")
    program.stdin.flush()
    wait_until(lambda: program.stdout.readline() == "waiting\n", "an open session")
    renew()
    program.communicate("\n", timeout=40)
    count = collections.Counter(line.split()[1] for line in log.read_text().splitlines() if line.startswith("call "))
    assert all(0 < count[role] <= limit for role, limit in CALLS.items()), count


def private(pid):
    """KiB that it has written to: what no other helper can share."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))


def test_an_idle_helper_has_no_more_memory_of_its_own_than_before():
    logins = [opened("close", "end", user=user) for user in ("alice", "bob", "carol")]
    pids = helpers()
    assert len(pids) == len(logins)
    wait_until(lambda: all(0 < private(pid) <= PRIVATE_KIB for pid in pids),
               f"at most {PRIVATE_KIB} KiB: {[private(pid) for pid in pids]}", 5)
    for login in logins:
        login.answer()
        login.finish()


def test_a_renewal_gives_its_memory_back():
    plans = syslog_text().count("next renewal in")
    login = opened("close", "end")
    (pid,) = helpers()
    wait_until(lambda: syslog_text().count("next renewal in") > plans, "it waits for its first renewal", 5)
    wait_until(lambda: private(pid) <= PRIVATE_KIB, "the helper is idle", 5)
    before = private(pid)
    renew()
    wait_until(lambda: private(pid) <= before + 8, "the same as before, or two pages more", 5)
    login.answer()
    login.finish()


def test_each_path_asks_the_provider_no_more_than_it_must(provider):
    warm_up()
    start = len(provider.requests())

    def asked():
        nonlocal start
        new = [line["route"] for line in provider.requests()[start:]]
        start += len(new)
        return new
    login = opened("close", "end")
    assert asked() == ["token:password"]
    renew()
    assert asked() == ["token:refresh_token"]
    login.answer()
    login.finish()
    wait_until(lambda: not helpers(), "the helper has ended")
    assert asked() == ["revocation", "revocation"]
