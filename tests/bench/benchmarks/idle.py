# SPDX-License-Identifier: MIT
"""The memory of an idle session's helper, beside other processes that keep something fresh for a user.

PSS and page tables are each process's own figures, while a hundred of it run.  Stack and slab of the kernel are what
/proc/meminfo has less of when all are killed at once: so the login programs and the keys, which the peers do not have,
do not count.  The kernel keeps some of the slab for the next processes, about as much however many end: what four
hundred give back more than a hundred is three hundred times one.  Of slab, only what cannot be reclaimed: the caches
of files are everybody's.
"""
import contextlib
import os
import sys
import time

import measure
import residents
import sessions

COUNT, MANY = 100, 400
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
PARTS = ("PSS", "page tables", "kernel stack", "slab")
KERNEL = {"kernel stack": "KernelStack", "slab": "SUnreclaim"}


def settled(value, seconds=10):
    """Wait until value() stays the same for half a second."""
    end = time.monotonic() + seconds
    last, since = value(), time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < 0.5:
        time.sleep(0.1)
        now = value()
        if now != last:
            last, since = now, time.monotonic()


def once(name, start, count):
    """KiB of so many together: a dict of PARTS."""
    group = start(count)
    settled(lambda: sum(measure.context_switches(pid) for pid in measure.processes_of(*group.users)))
    pids = measure.processes_of(*group.users)
    if len(pids) < count:
        sys.exit(f"bench: only {len(pids)} of {count} {name} run")
    total = {"PSS": sum(map(measure.pss, pids)), "page tables": sum(map(measure.page_tables, pids))}
    before = {part: measure.meminfo(line) for part, line in KERNEL.items()}
    group.kill()
    time.sleep(1)  # some of it is freed later
    total.update({part: before[part] - measure.meminfo(line) for part, line in KERNEL.items()})
    group.end()
    return total


def one_of(few, many):
    """KiB of one, of totals."""
    return {part: (many[part] - few[part]) / (MANY - COUNT) if part in KERNEL else few[part] / COUNT for part in PARTS}


def measured(found):
    """name: part: the figures of all rounds, in turn."""
    every = {name: {part: [] for part in PARTS} for name in found}
    for _ in range(ROUNDS):
        for name, start in found.items():
            one = one_of(once(name, start, COUNT), once(name, start, MANY))
            for part in PARTS:
                every[name][part].append(one[part])
    return every


def figures():
    with contextlib.ExitStack() as stack:
        sessions.install()
        sessions.make_users(MANY)
        provider = stack.enter_context(sessions.fast_provider())
        sessions.configure(provider, logout_revoke="no")
        every = measured(residents.known(provider, stack, MANY))
    middles = {name: {part: measure.middle(values) for part, values in parts.items()} for name, parts in every.items()}
    totals = {name: sum(parts.values()) for name, parts in middles.items()}
    ours = totals.pop("helper")
    sums = [sum(values) for values in zip(*every["helper"].values())]
    result = []
    for peer, divisor in (("krenew", 3), ("oidc-agent", 14)):
        goal = f"at most 1/{divisor} of {peer}"
        what = f"memory of an idle session, beside {peer}"
        if peer in totals:
            result.append(measure.Figure("idle", what, ours, "KiB", measure.spread(sums), totals, goal,
                                         totals[peer] / divisor))
        else:
            result.append(measure.Figure("idle", what, goal=goal, skipped=f"{peer} is not installed"))
    for part in PARTS:
        result.append(measure.Figure("idle", f"of it, {part}", middles["helper"][part], "KiB",
                                     measure.spread(every["helper"][part]),
                                     {name: parts[part] for name, parts in middles.items() if name != "helper"}))
    return result
