# SPDX-License-Identifier: MIT
"""What the benchmarks share: figures with their goals, pairs in turn, memory, counters, plots."""
import contextlib
import ctypes
import dataclasses
import os
import pwd
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("OIDC_BUILD", f"{TOP}/build")
PROGRAMS = f"{BUILD}/tests/bench"
PEERS = f"{BUILD}/bench/packages"  # what ./dev bench has fetched, not installed
OUT = f"{BUILD}/bench"
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Skip(Exception):
    """This machine lacks something; the text says what."""


@dataclasses.dataclass
class Figure:
    """One line of the table.  A figure is met if value <= limit; without a limit it is only shown."""
    benchmark: str
    what: str
    value: float = 0.0
    unit: str = ""
    spread: str = ""                                        # e.g. "11.2 to 12.9"
    peers: dict = dataclasses.field(default_factory=dict)  # name: value, in the same unit, of the same run
    goal: str = ""                                          # in words, as the table of docs/performance.md has it
    limit: float | None = None                              # the same as a number, in that unit
    note: str = ""
    skipped: str = ""

    @property
    def met(self):
        return None if self.skipped or self.limit is None else self.value <= self.limit

    def as_dict(self):
        return dict(dataclasses.asdict(self), met=self.met)

    def line(self):
        if self.skipped:
            return f"   {self.what}: skipped: {self.skipped}"
        peers = "".join(f"; {name} {number(value)}" for name, value in self.peers.items())
        word = {True: "met", False: "MISSED", None: ""}[self.met]
        goal = f"; goal {self.goal} ({number(self.limit)}): {word}" if self.limit is not None else ""
        spread = f" ({self.spread})" if self.spread else ""
        return f"   {self.what}: {number(self.value)} {self.unit}{spread}{peers}{goal}"


def number(value):
    """Three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def table(figures):
    """Markdown, of figures as dicts."""
    rows = ["| what | measured | spread | peers, same run | goal | met |", "|---|---|---|---|---|---|"]
    for figure in figures:
        if figure["skipped"]:
            rows.append(f"| {figure['what']} | skipped: {figure['skipped']} | | | {figure['goal']} | |")
            continue
        peers = ", ".join(f"{name} {number(value)}" for name, value in figure["peers"].items())
        met = {True: "yes", False: "**no**", None: ""}[figure["met"]]
        rows.append(f"| {figure['what']} | {number(figure['value'])} {figure['unit']} | {figure['spread']} | {peers} "
                    f"| {figure['goal']} | {met} |")
    return "\n".join(rows) + "\n"


def run(*argv, **options):
    """Standard output; fails with what was said on standard error."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"bench: {argv} failed with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


# ---- users and their processes -------------------------------------------------------

def ids(user):
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def processes_of(*users):
    """Process IDs of all that have the uid of one of these users, and are alive."""
    uids, found = {str(ids(user)[0]) for user in users}, []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                fields = dict(line.split(":", 1) for line in file)
            if fields["Uid"].split()[0] in uids and fields["State"].split()[0] not in "ZX":
                found.append(int(pid))
    return sorted(found)


def kill_all_of(*users):
    """Every process of these users, on this host only; waits until they are gone."""
    for pid in processes_of(*users):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes_of(*users), f"the processes of {' '.join(users[:3])} are gone")


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench: not so after {seconds} s: {what}")
        time.sleep(0.02)


def wait_for_port(port):
    def answers():
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", port)) == 0
    wait_until(answers, f"port {port} answers")


# ---- pairs -------------------------------------------------------------------------

def in_turn(rounds, **measured):
    """A B A B: each of these functions returns a number; a list of numbers for each name.

    The first round warms up and is not counted.
    """
    found = {name: [] for name in measured}
    for turn in range(rounds + 1):
        for name, function in measured.items():
            value = function()
            if turn > 0:
                found[name].append(value)
    return found


def middle(values):
    return statistics.median(values)


def spread(values):
    """The middle half."""
    if len(values) < 4:
        return f"{number(min(values))} to {number(max(values))}"
    quarters = statistics.quantiles(values, n=4)
    return f"{number(quarters[0])} to {number(quarters[2])}"


def middle_difference(a, b):
    """Of pairs that were measured one after the other: what the machine does to both does not count."""
    return statistics.median(x - y for x, y in zip(a, b))


def middle_ratio(a, b):
    return statistics.median(x / y for x, y in zip(a, b))


# ---- memory ---------------------------------------------------------------------------

def pss(pid):
    """KiB of a process: its own pages, and its share of those that it shares."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def page_tables(pid):
    """KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmPTE:"))


def meminfo(*names):
    """KiB of these lines of /proc/meminfo together."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.split(":")[0] in names)


def context_switches(pid):
    """How often it ran, or was made to stop running."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)


# ---- CPU time --------------------------------------------------------------------------

def adopt_orphans():
    """Whoever is left alone by its parent becomes a child of ours: helpers, and exchanges."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise Skip("prctl(PR_SET_CHILD_SUBREAPER) is refused")


def cpu_of(usage):
    """Milliseconds of what os.wait4() gives: of a process, and of those that it has waited for itself."""
    return (usage.ru_utime + usage.ru_stime) * 1000


def reap_all(but=0):
    """cpu_of() all children that have ended, by process ID; but one, for which somebody else waits."""
    found = {}
    while True:
        try:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return found
        if info is None or info.si_pid == but:
            return found
        found[info.si_pid] = cpu_of(os.wait4(info.si_pid, 0)[2])


# ---- peers -----------------------------------------------------------------------------

def install_peers(*names):
    """Install these packages on this throwaway host, from what ./dev bench has fetched."""
    wanted = [f"{PEERS}/{file}" for file in sorted(os.listdir(PEERS)) if file.endswith(".deb")] \
        if os.path.isdir(PEERS) else []
    if all(installed(name) for name in names):
        return
    if not wanted:
        raise Skip(f"the packages {' '.join(names)} could not be fetched")
    with open("/usr/sbin/policy-rc.d", "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexit 101\n")
    os.chmod("/usr/sbin/policy-rc.d", 0o755)
    subprocess.run(["dpkg", "-i", *wanted], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                   env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    missing = [name for name in names if not installed(name)]
    if missing:
        raise Skip(f"the packages {' '.join(missing)} are not installed")


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout == "installed"


# ---- plots ------------------------------------------------------------------------------

def plot(name, script):
    """OUT/name.svg by gnuplot; script draws, with its data in it.  False where there is no gnuplot."""
    try:
        install_peers("gnuplot-nox")
    except Skip:
        return False
    if shutil.which("gnuplot") is None:
        return False
    path = f"{OUT}/{name}.svg"
    run("gnuplot", input=f"set terminal svg size 720,420 font 'sans-serif,13' background '#ffffff'\n"
                         f"set output '{path}'\n{script}\n")
    run("sed", "-i", "s/[[:space:]]*$//", path)
    return True
