# SPDX-License-Identifier: MIT
"""The memory of an idle session's helper, beside other processes that keep something fresh for a user.

PSS and page tables are each process's own figures, while a hundred of it run.  Stack and slab of the kernel are by
/proc/meminfo, for four hundred.  The stacks are those that go when all are killed at once: so the login programs and
the keys, which the peers do not have, do not count.  Slab does not go like that, for the kernel keeps much of it for
the next processes: so as many of the smallest process take their place, and the difference is what one needs more than
that.  What that one needs is seen where nothing has been kept any more: by how much slab grows from four hundred of
them to twelve hundred.  Of slab, only what cannot be reclaimed: the caches of files are everybody's.
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


def settled(value, seconds=10):
    """Wait until value() stays the same for half a second."""
    end = time.monotonic() + seconds
    last, since = value(), time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < 0.5:
        time.sleep(0.1)
        now = value()
        if now != last:
            last, since = now, time.monotonic()


def smallest(count):
    return residents.Peers(count, lambda number: [residents.static_sleeper("glibc")])


def settled_slab():
    time.sleep(1)  # some of it is freed later
    return measure.meminfo("SUnreclaim")


def slab_of_smallest():
    """KiB of one."""
    few = smallest(MANY)
    before = settled_slab()
    more = smallest(2 * MANY)
    found = (settled_slab() - before) / (2 * MANY)
    more.end()
    few.end()
    return found


def running(name, start, count):
    """So many that have begun to be idle, and their process IDs."""
    group = start(count)
    settled(lambda: sum(measure.context_switches(pid) for pid in measure.processes_of(*group.users)))
    pids = measure.processes_of(*group.users)
    if len(pids) < count:
        sys.exit(f"bench: only {len(pids)} of {count} {name} run")
    return group, pids


def own(name, start):
    """KiB of one: PSS, page tables."""
    group, pids = running(name, start, COUNT)
    found = sum(map(measure.pss, pids)) / COUNT, sum(map(measure.page_tables, pids)) / COUNT
    group.end()
    return found


def kernels(name, start):
    """KiB of one: stack, and slab more than that of the smallest process."""
    group, _ = running(name, start, MANY)
    stacks, slab = measure.meminfo("KernelStack"), settled_slab()
    group.kill()
    stacks -= measure.meminfo("KernelStack")
    instead = smallest(MANY)
    slab -= settled_slab()
    instead.end()
    group.end()
    return stacks / MANY, slab / MANY


def measured(found):
    """name: part: the figures of all rounds, in turn."""
    every = {name: {part: [] for part in PARTS} for name in found}
    for _ in range(ROUNDS):
        least = slab_of_smallest()
        for name, start in found.items():
            stack, slab = kernels(name, start)
            for part, value in zip(PARTS, (*own(name, start), stack, least + slab)):
                every[name][part].append(value)
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
