# SPDX-License-Identifier: MIT
"""What memory and CPU do as sessions become more: both should be straight lines.

Sessions are added until there are 1, 10, 100 and 1,000; 10,000 are what fleet has measured, if it has.

Memory: PSS of the helpers; and what the kernel holds more than before (stacks, page tables, slab, in which the keys
are), less what it holds for as many login programs without this project.  Below 100 sessions that drowns in what else
the machine does: there it is taken from what each of 100 to 1,000 adds.

What exchanges have just left behind is in the kernel's part, too: so memory is measured while none runs.

CPU: of helpers and exchanges, for one renewal, at each size: the time of their control group over some seconds, through
the renewals in them.  Tokens live as short as it takes to have enough of those; a session's CPU is that of its
renewals, it has nothing else to do (wakeups).  What the plot shows is how many cores that is with tokens of 300 s.
"""
import contextlib
import os
import time

import many
import measure
import sessions

# Sessions, and how long tokens live then.
LIFETIMES = {1: 2, 10: 10, 100: 30, 1000: 60}
MOST = int(os.environ.get("GROWTH_SESSIONS", "1000"))
SETTLE, WINDOW = 10, 25
STRAIGHT = 1.25
AN_HOUR = 3600


def renewal_cpu(provider, group, size):
    """Milliseconds of one, and how many there were."""
    time.sleep(SETTLE)
    since, before = time.time(), group.cpu()
    time.sleep(WINDOW)
    until, used = time.time(), group.cpu() - before
    found = many.renewals(provider.requests(), since, until)
    refused = sum(request.status != 200 for request in found)
    if len(found) < 5 or refused:
        raise measure.Skip(f"of {size} sessions, there were {len(found)} renewals in {WINDOW} s, {refused} refused")
    return used / len(found) * 1000, len(found)


def opened(provider, sizes, group=None):
    """With so many sessions open, one size after the other: (size, the sessions that were opened last)."""
    have = 0
    with contextlib.ExitStack() as stack:
        for size in sizes:
            provider.lifetime(LIFETIMES[size] if group else AN_HOUR)
            more = stack.enter_context(sessions.Sessions(provider, size - have, have, group=group))
            if more.failed:
                raise measure.Skip(f"{more.failed} of {size - have} logins failed")
            have = size
            yield size, more


def memory(provider, sizes):
    """size: what so many sessions take, of which none is renewed meanwhile."""
    before, keys, files = many.kernel(), many.root_keys(), many.open_files()
    points = {}
    for size, more in opened(provider, sizes):
        time.sleep(SETTLE)
        now = many.root_keys()
        points[size] = {"kernel": many.less(many.kernel(), before), "keys": (now[0] - keys[0]) / size,
                        "key_bytes": (now[1] - keys[1]) / size, "files": (many.open_files() - files) / size}
        points[size]["helpers"] = many.helpers(more.helpers())  # last: looking at processes makes slab of its own
    return points


def grown(provider, group, sizes):
    """size: what is measured with so many sessions."""
    sessions.configure(provider, logout_revoke="no")
    points = memory(provider, sizes)
    for size, _ in opened(provider, sizes, group):
        cpu, count = renewal_cpu(provider, group, size)
        points[size].update(renewal=cpu, renewals=count)
        print(f"   {size} sessions: {cpu:.2f} ms of CPU for each of {count} renewals", flush=True)
    return points


def without_noise(points, plain):
    """Less the login programs; and for few sessions, what each of more takes."""
    for size, point in points.items():
        point["kernel"] = sum(many.less(point["kernel"], plain[size]).values())
    if 1000 in points:
        each = many.slope(points, 100, 1000, lambda point: point["kernel"])
        for size in (size for size in points if size < 100):
            points[size]["kernel"] = each * size
    return points


def measured(sizes):
    if len(sizes) < 3:
        raise measure.Skip("GROWTH_SESSIONS is less than 100, which makes no line")
    sessions.install()
    sessions.make_users(max(sizes))
    with many.group() as group, sessions.fast_provider() as provider:
        points = grown(provider, group, sizes)
        return without_noise(points, many.plain_kernel(provider, sizes))


def steepest(points, value):
    """The largest of the slopes from one size to the next through the smallest; and all of them as a text."""
    sizes = sorted(points)
    slopes = [many.slope(points, few, more, value) for few, more in zip(sizes, sizes[1:])]
    return max(slopes) / min(slopes), ", ".join(map(measure.number, slopes))


def figures():
    measured_now = measured([size for size in LIFETIMES if size <= MOST])
    points = {size: point for size, point in many.save(measured_now).items() if size >= 10}
    most, last = max(points), measured_now[max(measured_now)]
    memory, slopes = steepest(points, many.total)
    costs = [point["renewal"] for point in points.values()]
    title = f"growth from 10 to {most:,} sessions:"
    return [
        measure.Figure("growth", f"{title} memory that a session adds, the most through the least", memory, "",
                       f"{slopes} KiB", goal="a straight line", limit=STRAIGHT,
                       note="between neighbours of 10, 100, 1,000 and, after fleet, 10,000"),
        measure.Figure("growth", f"{title} CPU of a renewal, of the most sessions through the fewest",
                       costs[-1] / costs[0], "", ", ".join(map(measure.number, costs)) + " ms",
                       goal="a straight line", limit=STRAIGHT),
        measure.Figure("growth", "kernel keys of a session that are root's", last["keys"], "keys"),
        measure.Figure("growth", "what root's key quota counts for a session", last["key_bytes"], "bytes",
                       note="with tokens of 53 bytes and an ID token of 346"),
        measure.Figure("growth", "open files of a session, helper and login program", last["files"], ""),
    ]
