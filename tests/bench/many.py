# SPDX-License-Identifier: MIT
"""Many sessions: what they take together, for growth and fleet."""
import contextlib
import json
import os
import subprocess
import time

import measure
import sessions

# What a login program is without us: it, and a session keyring.
PLAIN_STACK = """\
auth     required  pam_permit.so
account  required  pam_permit.so
session  optional  pam_keyinit.so force revoke
"""
POINTS = f"{measure.OUT}/growth.json"
KERNEL = {"stacks": "KernelStack", "page tables": "PageTables", "slab": "SUnreclaim"}
# Seconds from one renewal to the next with tokens of 300 s: the margin, and what chance makes it earlier, on average
# (helper/schedule.c, docs/fleet.md).
INTERVAL = 237


# ---- CPU ---------------------------------------------------------------------------

class Group:
    """A control group (cgroup 2): what the processes in it have used, those that have ended as well.

    The exchange is nobody's child: a helper's own times lack it, and the ticks of /proc/PID/stat are longer than what
    a renewal takes.  The kernel adds up the group's in nanoseconds, no controller is needed for that.
    """

    def __init__(self):
        root = "/run/oidc-bench-cgroup"
        os.makedirs(root, exist_ok=True)
        if not os.path.ismount(root):
            subprocess.run(["mount", "-t", "cgroup2", "none", root], stderr=subprocess.DEVNULL, check=False)
        with open("/proc/self/cgroup", encoding="ascii") as file:
            own = [line.strip()[3:] for line in file if line.startswith("0::")]
        if not os.path.ismount(root) or not own:
            raise measure.Skip("there is no cgroup 2 to count CPU with")
        self.path = f"{root}{own[0]}/oidc-bench"
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as error:
            raise measure.Skip(f"no control group can be made: {error.strerror}") from error

    def cpu(self):
        """Seconds."""
        with open(f"{self.path}/cpu.stat", encoding="ascii") as file:
            return int(file.readline().split()[1]) / 1e6

    def end(self):
        """When the last process is gone."""
        for _ in range(50):
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
                return
            time.sleep(0.1)


def machine_cpu():
    """Seconds of all processors that were not idle, whoever had them; the kernel's own threads as well."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def group():
    made = Group()
    try:
        yield made
    finally:
        made.end()


def renewals(requests, since, until):
    """Those of the provider's log that came in this time."""
    return [request for request in requests
            if request.route == "token:refresh_token" and since <= request.at < until]


# ---- memory --------------------------------------------------------------------------

def kernel():
    """KiB that the kernel holds for processes and keys, in parts.  Others use the machine as well: the middle of some.

    Of slab, only what cannot be reclaimed: the rest is a cache of files, of /proc as well.
    """
    samples = []
    for _ in range(5):
        samples.append({part: measure.meminfo(line) for part, line in KERNEL.items()})
        time.sleep(0.3)
    return {part: measure.middle([sample[part] for sample in samples]) for part in KERNEL}


def less(a, b):
    return {part: a[part] - b[part] for part in a}


def helpers(pids):
    """KiB of the pages that are theirs, and of their shares of others."""
    return sum(measure.pss(pid) for pid in pids)


def plain_kernel(provider, sizes):
    """size: what kernel() has for so many login programs without this project."""
    sessions.configure(provider, PLAIN_STACK)
    before, found, have = kernel(), {}, 0
    with contextlib.ExitStack() as stack:
        for size in sizes:
            stack.enter_context(sessions.Sessions(provider, size - have, have))
            have = size
            found[size] = less(kernel(), before)
    return found


def root_keys():
    """(number, bytes) of root's keys, which the kernel limits."""
    with open("/proc/key-users", encoding="ascii") as file:
        fields = next(line.split() for line in file if line.split()[0] == "0:")
    return int(fields[3].split("/")[0]), int(fields[4].split("/")[0])


def open_files():
    with open("/proc/sys/fs/file-nr", encoding="ascii") as file:
        return int(file.read().split()[0])


# ---- the points of the plot ------------------------------------------------------------

def saved():
    """size: {"helpers": KiB, "kernel": KiB, "renewal": ms of CPU}, also of what ran before."""
    if not os.path.exists(POINTS):
        return {}
    with open(POINTS, encoding="ascii") as file:
        return {int(size): point for size, point in json.load(file).items()}


def save(points):
    """All points there are now."""
    every = dict(sorted({**saved(), **points}.items()))
    with open(POINTS, "w", encoding="ascii") as file:
        json.dump(every, file, indent=1)
        file.write("\n")
    draw(every)
    return every


def total(point):
    """KiB of helpers, kernel and keys."""
    return point["helpers"] + point["kernel"]


def slope(points, few, many, value):
    """What one session more takes, between these two sizes."""
    return (value(points[many]) - value(points[few])) / (many - few)


def draw(points):
    rows = "\n".join(f"{size} {total(point) / 1024:.4f} {size * point['renewal'] / 1000 / INTERVAL:.7f}"
                     for size, point in points.items())
    measure.plot("growth", f"""$points << EOD
{rows}
EOD
set logscale xy
set logscale y2
set xlabel 'sessions'
set ylabel 'memory, MiB'
set y2label 'CPU with tokens of five minutes, cores'
set ytics nomirror
set y2tics
set format y '%g'
set format y2 '%g'
set key left top
set xrange [0.8:{max(points) * 1.5}]
set fit quiet logfile '/dev/null'
f = 1; c = 0.1; k = 0.00004
m(x) = f + c * x
n(x) = k * x
fit log(m(x)) '$points' using 1:(log($2)) via f, c
fit log(n(x)) '$points' using 1:(log($3)) via k
plot '$points' using 1:2 with points pointtype 7 linecolor rgb '#1f77b4' title 'memory', \\
     m(x) with lines linecolor rgb '#1f77b4' title sprintf('%.2f MiB, and %.0f KiB a session', f, c * 1024), \\
     '$points' using 1:3 axes x1y2 with points pointtype 5 linecolor rgb '#d62728' title 'CPU', \\
     n(x) axes x1y2 with lines linecolor rgb '#d62728' title sprintf('%.3f cores for 1,000 sessions', k * 1000)
""")
