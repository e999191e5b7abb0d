# SPDX-License-Identifier: MIT
"""A hundred users log in at the same moment, as at the beginning of a course.

What it may take at best is the work of all of them on all processors: the CPU time of one login, of the login program,
its exchange, the helper and the provider, which is on the same host, measured one at a time.  The processes between
them, which are gone before they can be looked at, are not in it; that makes the goal stricter by a few percent.
"""
import os

import conftest
import fastprovider
import measure
import sessions

LOGINS = 100
ALONE = 20
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 5))
GOAL = 1.2


def running():
    """CPU time in ms of all processes of this host but this one, which are not its children that have ended."""
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) != os.getpid():
            total += sum(cpu_of_task(f"/proc/{pid}/task/{task}") for task in tasks(pid))
    return total


def tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def cpu_of_task(path):
    try:
        with open(f"{path}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e6
    except OSError:
        return 0.0


def logged_in(provider, count, parallel):
    """The seconds that it took, the CPU time of all that in ms, and how many failed."""
    measure.reap_all()
    before = running()
    with sessions.Sessions(provider, count, parallel=parallel) as opened:
        # Who has ended and is not yet reaped is still there with its time.
        after = running()
    conftest.wait_until(lambda: not conftest.helpers(), "the helpers have ended", 60)
    measure.reap_all()
    return opened.seconds, after - before, opened.failed + opened.not_closed


def measured(provider):
    """For each round: seconds of the burst; ms of CPU of one login by itself; and the failures of all."""
    bursts, alone, failures = [], [], 0
    for turn in range(ROUNDS + 1):
        _, cpu, failed_alone = logged_in(provider, ALONE, 1)
        seconds, _, failed = logged_in(provider, LOGINS, LOGINS)
        failures += failed + failed_alone
        if turn > 0:
            bursts.append(seconds)
            alone.append(cpu / ALONE)
    return bursts, alone, failures


def figures():
    sessions.install()
    sessions.make_users(LOGINS)
    measure.adopt_orphans()
    provider = fastprovider.FastProvider()
    try:
        sessions.configure(provider)
        bursts, alone, failures = measured(provider)
    finally:
        provider.stop()
    processors = len(os.sched_getaffinity(0))
    best = [cpu / 1000 * LOGINS / processors for cpu in alone]
    limit = measure.middle(bursts) * GOAL / measure.middle_ratio(bursts, best)
    return [
        measure.Figure("burst", f"{LOGINS} logins at once: failures", failures, "logins", goal="no failure", limit=0,
                       note=f"with the default of max_logins, {ROUNDS + 1} times"),
        measure.Figure("burst", f"{LOGINS} logins at once", measure.middle(bursts), "s", measure.spread(bursts),
                       {"CPU time of one × 100 ÷ processors": measure.middle(best)},
                       f"≤ {GOAL} × (CPU of one × {LOGINS} ÷ {processors})", limit,
                       f"one alone takes {measure.middle(alone):.1f} ms of CPU, the provider's included"),
        measure.Figure("burst", f"{LOGINS} logins at once by pam_oauth2_device",
                       skipped="it is not in Debian, and has no releases to build"),
    ]
