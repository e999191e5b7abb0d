#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The fault sweep: a login, a renewal and a logout, again and again; each time one system call of the module, the
helper or the exchange fails, or its process is killed before it.  Runs as root on a throwaway host:

    tests/lib/host -- /usr/bin/python3 tests/sweep/sweep.py [OPTION...] [ROLE [FIRST-LAST]]

A first run records the calls of each role (see inject.c); a role "refused/..." is of a login with a wrong password.
After each run: nobody is logged in who should not be, no token can be read after the close, no process, key, file or
mount is left, and the next login works.  Prints TAP.
"""
import argparse
import collections
import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import select
import signal
import ssl
import subprocess
import sys
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/integration")
# pylint: disable=wrong-import-position
import conftest
import keyprobe
from conftest import (BUILD, CANARY, FOREIGN, LOG, Provider, configure, exchanges, helpers, keys, live_keys, run,
                      stack)
from scenes import KEYINIT, timeouts

SERVICE, USER = "sweep", "alice"
# pam_keyinit does not revoke: that would hide what our module leaves.
STACK = f"""\
auth     required  pam_oidc_session.so
account  required  pam_oidc_session.so
account  required  pam_permit.so
{KEYINIT}session  required  pam_oidc_session.so
"""
STATE = "/tmp/sweep"  # what inject writes and reads
SERIAL = "/home/alice/serial"
# A process that stays in the session: its keyring lives on, so that what is not revoked can be read.
STAY = 'run:setsid sleep 100 </dev/null >/dev/null 2>&1 & echo "stays: $!"'
# What the user reads in the session; and after the close, by number and by name.
READ = f'run:echo "$OIDC_ACCESS_TOKEN_KEY" >{SERIAL}; echo "token: $(keyctl pipe "$OIDC_ACCESS_TOKEN_KEY" 2>/dev/null)"'
AFTER = (f'run:for key in $(cat {SERIAL}) %user:oidc:access_token %user:oidc:id_token; do '
         'echo "after: $(keyctl pipe $key 2>/dev/null)"; done')
STEPS = ["authenticate", "acct", "establish", "open", STAY, READ, "wait", READ, "close", AFTER, "delete", "end"]
PLACES = ("/run", "/tmp", "/var/tmp", "/dev/shm", "/var/cache/oidc-session")
RUN_SECONDS = 40   # one run, with every timeout that a fault may lead to
GONE_SECONDS = 15  # from the end of the login program to the end of all
SLOW_SECONDS = 8
HANDOFF_SECONDS = 120  # tokens that wait for a session: see pam/handoff.h

# ---- what fails, and how ---------------------------------------------------------------------------------------

# They cannot fail, or nobody could tell: killed only.
NEVER = """brk exit exit_group rt_sigreturn getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid
    umask set_tid_address sched_yield munmap restart_syscall""".split()
# The call is made, and its result replaced: what it gave back is gone.
AFTERWARDS = ["close"]
ERRORS = {
    "EMFILE": "open pipe2 pipe dup dup2 dup3 epoll_create1 eventfd2 timerfd_create signalfd4 pidfd_open",
    "EACCES": "access faccessat faccessat2 stat newfstatat lstat readlink readlinkat statx",
    "EIO": "read pread64 fstat write writev pwrite64 close lseek getdents64 fsync rename renameat renameat2",
    "ENOMEM": "keyctl mmap mprotect mremap madvise poll ppoll select pselect6 epoll_wait epoll_pwait fork vfork clone3",
    "EAGAIN": "clone getrandom futex",
    "EDQUOT": "add_key",
    "ENOSYS": "rseq set_robust_list close_range landlock_create_ruleset landlock_add_rule landlock_restrict_self",
    "ECONNRESET": "recvfrom recvmsg sendto sendmsg sendmmsg recvmmsg shutdown",
    "ECONNREFUSED": "connect",
    "EMFILE ENFILE": "openat",
    "EINVAL": "ioctl fcntl setsockopt getsockopt getsockname getpeername bind arch_prctl uname sysinfo prctl seccomp",
    "ENFILE": "socket socketpair",
    "ECHILD": "wait4 waitid",
    "ENOKEY": "request_key",
    "ENOENT": "execve chdir",
    "ENOSPC": "fallocate ftruncate mkdir mkdirat symlink linkat link",
}
# More of them, for the full sweep.
MORE = {
    "EINTR": "read write poll ppoll recvfrom recvmsg sendto sendmsg connect wait4 openat",
    "EACCES": "keyctl add_key execve openat",
    "EAGAIN": "fork clone3",
    "EKEYREVOKED": "keyctl",
    "EPIPE": "write sendto",
    "EPERM": "pidfd_open pidfd_send_signal setresuid setresgid setgroups prlimit64 socket",
}


def errors_of(name):
    """The errno values that this call is made to fail with, the likeliest first."""
    if name in NEVER:
        return []
    found = [word for words, names in ERRORS.items() if name in names.split() for word in words.split()]
    found = found[:1] or ["EPERM"]
    found += [word for word, names in MORE.items() if name in names.split() and word not in found]
    return [getattr(errno, word) for word in found[:4]]


def write_calls(path):
    """The table that inject reads, for the machine's own numbers."""
    numbers = run("cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null")
    with open(path, "w", encoding="ascii") as file:
        for name, number in re.findall(r"#define __NR_(\w+) (\d+)$", numbers, re.M):
            errors = " ".join(str(number) for number in errors_of(name))
            file.write(f"{number} {name} {int(name in AFTERWARDS)} {errors}\n")


Point = collections.namedtuple("Point", "scene role index name action")


def shown(point):
    what = "killed before" if point.action == "kill" else f"error {point.action} of"
    return f"{scene_prefix(point.scene)}{point.role} {point.index}: {what} {point.name}"


def scene_prefix(scene):
    return "" if scene == "login" else f"{scene}/"


# ---- one run ---------------------------------------------------------------------------------------------------

class Run:
    """One login, renewal and logout under inject, with or without a point."""

    def __init__(self, scene="login", point=None, traced=True):
        self.scene, self.point = scene, point
        self.codes, self.tokens, self.after, self.odd = {}, [], [], []
        self.stays = None
        self.log = f"{STATE}/log"
        self.start = time.monotonic()
        with contextlib.suppress(FileNotFoundError):
            os.remove(SERIAL)
        target = [point.role, str(point.index), str(point.action)] if point else []
        before = [f"{BUILD}/tests/sweep/inject", self.log, f"{STATE}/calls", *target, "--"] if traced else []
        with open(self.log, "w", encoding="ascii"):
            pass
        with subprocess.Popen([*before, f"{BUILD}/tests/lib/pamapp", "-e", "-m", SERVICE, USER, *STEPS],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as self.child:
            self.status = self.follow()
        self.seconds = time.monotonic() - self.start

    def follow(self):
        """Until the last process has ended: inject and all that it started have this standard output."""
        pending = b""
        while True:
            left = self.start + RUN_SECONDS - time.monotonic()
            ready = left > 0 and select.select([self.child.stdout], [], [], left)[0]
            data = os.read(self.child.stdout.fileno(), 65536) if ready else None
            if data is None:
                self.odd.append(f"not over after {RUN_SECONDS} s; left: {self.alive()}")
                self.child.kill()
                return None
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self.on_line(line.decode(errors="replace"))
            if not data:
                return self.child.wait()

    def on_line(self, line):
        name, _, value = line.partition(": ")
        if name == "secret":
            self.answer(f"CANARY-pw-{USER}" if self.scene == "login" else "CANARY-pw-wrong")
        elif name == "prompt":
            self.answer("")
        elif line == "waiting":
            self.renew()
            self.answer("")
        elif name == "stays":
            self.stays = int(value)
        elif name == "token":
            self.tokens.append(value)
        elif name == "after":
            self.after.append(value)
        elif value.startswith("PAM_") or value.isdigit():
            self.codes[name] = value

    def answer(self, text):
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.write(text.encode() + b"\n")
            self.child.stdin.flush()

    # ---- the renewal, at once

    def renew(self):
        pids = helpers()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGALRM)
        until = time.monotonic() + 5
        while pids and time.monotonic() < until and not self.renewed():
            if self.exchange_ended():
                until = min(until, time.monotonic() + 1)
            time.sleep(0.005)
        immortal = [name for name, left in timeouts().items() if left is None and name == "oidc:access_token"]
        # add_key() takes the timeout away; who is killed before giving it back cannot.  The close still revokes it.
        if immortal and not self.was("kill"):
            self.odd.append("the access token's key has no timeout")

    def renewed(self):
        """Its status says how the renewal ended; or nobody is left to say so."""
        for key in keys("^oidc:status$"):
            with contextlib.suppress(keyprobe.Refused):
                text = keyprobe.content(keyprobe.READ, key.serial)
                return re.search(rb"(renewals|failures)=[1-9]", text) or not helpers()
        return True

    def exchange_ended(self):
        return any(words[0] == "exit" and words[1] == "exchange-renew" for words in self.events())

    # ---- what inject saw

    def events(self):
        with open(self.log, encoding="ascii") as file:
            return [line.split() for line in file if line.endswith("\n")]

    def alive(self):
        """The programs that have not ended, each with the call that it is in."""
        pids = {}
        for words in self.events():
            if words[0] == "exec":
                pids[words[1]] = words[2]
            elif words[0] == "exit":
                pids.pop(words[1], None)
        return [f"{role} in {in_call(pid)}" for role, pid in pids.items()]

    def hit(self):
        """The call that was struck, and with what; None when the run did not come so far."""
        return next((words[3:] for words in self.events() if words[0] == "hit"), None)

    def was(self, *kinds):
        hit = self.hit()
        return hit is not None and hit[1] in map(str, kinds)

    def calls(self):
        return [(words[1], int(words[2]), words[3]) for words in self.events() if words[0] == "call"]


# ---- after each run ------------------------------------------------------------------------------------------------

class Judge:
    """What must be so after each run, and what was so before the first one."""

    def __init__(self, provider):
        self.provider = provider
        self.files = None
        self.requests = 0
        self.not_revoked = []  # (point, whether the log says so)
        self.timed = []  # points after which tokens wait for a session until their timeout
        self.log_size = 0

    def ask(self, name, value=None):
        url = f"{self.provider.vars['OP_CONTROL']}/{name}"
        data = None if value is None else json.dumps(value).encode()
        context = ssl._create_unverified_context()  # pylint: disable=protected-access
        with urllib.request.urlopen(url, data, context=context, timeout=10) as answer:
            return json.load(answer)

    def settle(self):
        """What there is before anything was injected."""
        self.files = set(files())
        self.mounts = mounts()
        self.clean()

    def clean(self):
        self.ask("revoke", {"user": USER})
        self.requests = len(self.provider.requests())
        self.log_size = len(conftest.syslog_text())

    def lines(self):
        return conftest.syslog_text()[self.log_size:].splitlines()

    def check(self, done):
        """The list of what is wrong after a run."""
        wrong = done.odd + self.who_is_in(done) + self.who_reads(done)
        wrong += self.what_is_left(done) + self.at_the_provider(done) + self.what_is_told(done)
        if done.stays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(done.stays, signal.SIGKILL)
        return wrong

    def who_is_in(self, done):
        codes, killed = done.codes, done.was("kill")
        said = codes.get("authenticate")
        if said == "PAM_IGNORE" or (said is None and not killed):
            return [f"authenticate: {said}"]
        if done.scene != "login" and said == "PAM_SUCCESS":
            return ["logged in with a wrong password"]
        if codes.get("open") == "PAM_SUCCESS" and said != "PAM_SUCCESS":
            return [f"a session without authentication: {codes}"]
        return []

    def what_is_told(self, done):
        """A renewal that did not happen is in the log; only who is killed says nothing."""
        if len(done.tokens) != 2 or done.tokens[0] != done.tokens[1] or done.was("kill", errno.EKEYREVOKED):
            return []
        if any(re.match(r"\S+\.(err|warning) .*oidc.session", line) for line in self.lines()):
            return []
        return ["not renewed, and no line says so"]

    def who_reads(self, done):
        issued = {digest for request in self.provider.requests()[self.requests:]
                  for digest in [(request.get("issued") or {}).get("access_token")] if digest}
        wrong = []
        for number, token in enumerate(done.tokens):
            if token and hashlib.sha256(token.encode()).hexdigest()[:12] not in issued:
                wrong.append("what was read in the session is no token of the provider's")
            elif not token and number == 0 and not done.was(errno.EKEYREVOKED):
                wrong.append("a session without a token")
        if any(done.after):
            wrong.append("a token can be read after the close")
        return wrong

    def what_is_left(self, done):
        wrong = []
        left = wait_none(lambda: helpers() + exchanges(), GONE_SECONDS)
        if left:
            wrong.append(f"processes are left: {left}")
        # Only the kernel still has to do something, if anybody.
        left = wait_none(lambda: not self.waits_for_a_session(keys()) and live_keys(), 3)
        if left:
            wrong.append(f"keys are left: {left}")
        elif self.waits_for_a_session(keys()):
            self.timed.append(done.point)
            end_all()
        new = sorted(name for name in set(files()) - self.files if not OURS.fullmatch(name))
        if done.was("kill"):
            # Whoever is killed while it writes the cache cannot tidy up; helper/exchange/cache.c bounds their number.
            new = [name for name in new if not HALF.fullmatch(name)]
        if new:
            wrong.append(f"files are left: {new}")
        if mounts() != self.mounts:
            wrong.append("the mounts are not what they were")
        if wrong:
            end_all()
        return wrong

    @staticmethod
    def waits_for_a_session(left):
        """A login program that died between authentication and session: the hand-off keyring is root's until then."""
        seconds = timeouts()
        names = {key.name for key in left}
        return any(name.startswith("oidc-handoff:") for name in names) and all(
            key.uid == 0 and seconds.get(key.name) is not None and seconds[key.name] <= HANDOFF_SECONDS
            for key in left)

    def at_the_provider(self, done):
        if not self.ask("alive"):
            return []
        pattern = "not revoked|no answer within"
        if done.codes.get("authenticate") != "PAM_SUCCESS":
            pattern += "|ended without a result|gave no usable answer"  # nobody here knows of tokens
        said = any(re.search(pattern, line) for line in self.lines())
        self.not_revoked.append((done.point, said))
        # Who is killed says nothing, and a key that somebody revoked is none to talk about; other failures are noticed.
        return [] if said or done.was("kill", errno.EKEYREVOKED) else ["tokens stay alive, and no line says so"]


def in_call(pid):
    """The number and the arguments of the system call that a process waits in."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
            return " ".join(file.read().split()[:5])
    return "?"


def wait_none(look, seconds):
    end = time.monotonic() + seconds
    while True:
        left = look()
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.005)


def end_all():
    for pid in helpers() + exchanges():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for key in keys():
        run("keyctl", "revoke", str(key.serial), check=False)


# What is there to stay: the locks, and the cache.
OURS = re.compile(r"/run/oidc-session(/logins)?|/var/cache/oidc-session/[0-9a-f]{64}(/[0-9a-f]{64}\.json)?")
HALF = re.compile(r"/var/cache/oidc-session/[0-9a-f]{64}/[0-9a-f]+\.tmp")


def files():
    for place in PLACES:
        for path, folders, names in os.walk(place):
            folders[:] = [name for name in folders if os.path.join(path, name) not in ("/tmp/provider", STATE)]
            yield from (os.path.join(path, name) for name in names + folders)


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return len(file.readlines())


# ---- the sweep -----------------------------------------------------------------------------------------------------

class Sweep:
    def __init__(self, provider, options):
        self.judge, self.options = Judge(provider), options
        self.tried = collections.Counter()
        self.missed, self.slow, self.anomalies = [], [], []

    def plain(self, why):
        """A login with no fault works."""
        self.judge.clean()
        done = Run(traced=False)
        wrong = self.judge.check(done)
        if done.status != 0 or len(done.tokens) != 2 or done.tokens[0] == done.tokens[1] or len(done.after) != 3:
            wrong.append(f"codes {done.codes}, {len(set(done.tokens))} tokens, status {done.status}")
        if wrong:
            self.report(f"the login after {why}", wrong)
        return not wrong

    def report(self, title, wrong):
        self.anomalies.append((title, wrong))
        print(f"# {title}: {'; '.join(wrong)}", flush=True)
        for line in self.judge.lines():
            if re.search(r"oidc.session|sweep|pamapp", line):
                print(f"#     {line}")

    def record(self):
        """All points, from one run of each scene without a fault."""
        points = []
        for scene in ("login", "refused"):
            self.judge.clean()
            calls = Run(scene).calls()
            for role, index, name in calls:
                if scene == "refused" and role.startswith(("helper", "exchange-renew", "exchange-revoke")):
                    continue
                actions = list(range(len(errors_of(name)))) + ["kill"]
                points += [Point(scene, role, index, name, action) for action in actions]
        return points

    def try_one(self, point):
        self.judge.clean()
        done = Run(point.scene, point)
        hit = done.hit()
        if hit is None or hit[1] == "never":
            self.missed.append(point)
        else:
            self.tried[point.scene, point.role, "kill" if point.action == "kill" else "fail"] += 1
            point = point._replace(name=hit[0])
        if done.seconds > SLOW_SECONDS:
            self.slow.append((point, done.seconds))
        wrong = self.judge.check(done)
        if self.options.verbose:
            print(f"# {shown(point)}: {done.codes}, {done.seconds:.2f} s, {len(self.judge.not_revoked)} not revoked",
                  flush=True)
        if wrong:
            self.report(f"{shown(point)} ({' '.join(hit or [])})", wrong)
        return not wrong

    def sweep(self, points):
        start = time.monotonic()
        for number, point in enumerate(points, 1):
            fine = self.try_one(point)
            if not fine or number % 10 == 0 or number == len(points):
                self.plain(shown(point))
            if number % 100 == 0:
                print(f"# {number} of {len(points)} points, {time.monotonic() - start:.0f} s,"
                      f" {len(self.anomalies)} anomalies", flush=True)
            if self.options.seconds and time.monotonic() - start > self.options.seconds:
                print(f"# stopped after {number} of {len(points)} points: {self.options.seconds} s are over")
                break

    def tap(self):
        roles = sorted({key[:2] for key in self.tried})
        print(f"1..{len(roles) + 2}")
        for number, (scene, role) in enumerate(roles, 1):
            name = scene_prefix(scene) + role
            bad = [title for title, _ in self.anomalies if title.startswith(f"{name} ")]
            fails, kills = (self.tried[scene, role, what] for what in ("fail", "kill"))
            print(f"{'not ok' if bad else 'ok'} {number} - {name}: {fails} calls made to fail, {kills} kills")
        bad = [title for title, _ in self.anomalies if title.startswith("the login after")]
        print(f"{'not ok' if bad else 'ok'} {len(roles) + 1} - the next login works")
        with open(LOG, "rb") as file:
            leak = CANARY.search(file.read())
        print(f"{'not ok' if leak else 'ok'} {len(roles) + 2} - no secret is in the log")
        return not leak

    def summary(self):
        fails = sum(count for key, count in self.tried.items() if key[2] == "fail")
        kills = sum(self.tried.values()) - fails
        silent = [point for point, said in self.judge.not_revoked if not said]
        print(f"# {fails + kills} points tried: {fails} failed calls, {kills} kills; {len(self.anomalies)} anomalies")
        print(f"# {len(self.missed)} points were not reached this time")
        print(f"# {len(self.judge.not_revoked)} times tokens stayed alive at the provider;"
              f" {len(silent)} times no line says so")
        for (role, name), count in sorted(collections.Counter((point.role, point.action) for point in silent).items(),
                                          key=str):
            print(f"#     {role}: {count} ({'kills' if name == 'kill' else 'failed calls'})")
        print(f"# {len(self.judge.timed)} times the tokens of a login without a session wait for their timeout")
        for point, seconds in self.slow:
            print(f"#     slow: {shown(point)}: {seconds:.0f} s")
        for title, wrong in self.anomalies:
            print(f"# ANOMALY {title}: {'; '.join(wrong)}")


# ---- which points --------------------------------------------------------------------------------------------------

def startup(points):
    """Per program, the calls of the dynamic linker, until it unmaps its cache: they come last, and are not sampled."""
    last = {}
    for point in points:
        key = (point.scene, point.role)
        if point.name == "munmap" and key not in last and "." not in point.role and point.role != "module":
            last[key] = point.index
    return last


def is_startup(point, until):
    return point.index <= until.get((point.scene, point.role), 0)


def sample(points, number, seed):
    """So many, as many failures as kills, spread evenly over each role; the small ones have more than their share."""
    until, groups = startup(points), collections.defaultdict(list)
    for point in points:
        if point.action in (0, "kill") and not is_startup(point, until):
            groups[point.scene, point.role, point.action].append(point)
    weight = {key: len(of) ** 0.5 for key, of in groups.items()}
    chosen = []
    for key, of in groups.items():
        share = min(len(of), max(1, round(number * weight[key] / sum(weight.values()))))
        # Not the same calls for both.
        first = (seed * 0.382 + (0.5 if key[2] == "kill" else 0)) % 1
        chosen += [of[int((first + i) * len(of) / share)] for i in range(share)]
    return chosen


def select_points(points, options):
    if options.role:
        points = [point for point in points if scene_prefix(point.scene) + point.role == options.role]
    if options.range:
        first, last = (int(number) for number in options.range.split("-"))
        points = [point for point in points if first <= point.index <= last]
    if options.call:
        points = [point for point in points if point.name == options.call]
    if options.sample:
        points = sample(points, options.sample, options.seed)
    if options.part:
        part, parts = (int(number) for number in options.part.split("/"))
        points = points[part - 1::parts]
    until = startup(points)
    return sorted(points, key=lambda point: is_startup(point, until))[options.skip:]


def arguments():
    parser = argparse.ArgumentParser(description="the fault sweep")
    parser.add_argument("role", nargs="?", help='e.g. "module", "helper", "exchange-renew", "refused/module"')
    parser.add_argument("range", nargs="?", metavar="FIRST-LAST", help="calls of that role")
    parser.add_argument("--call", metavar="NAME", help="only calls of this name")
    parser.add_argument("--sample", type=int, metavar="N", help="only about so many points")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--part", metavar="I/N", help="only every N-th, from the I-th")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="not the first N")
    parser.add_argument("--seconds", type=int, help="stop after so many seconds")
    parser.add_argument("--list", action="store_true", help="only show the points")
    parser.add_argument("--verbose", action="store_true", help="a line for each run")
    return parser.parse_args()


def set_stage():
    os.makedirs(STATE, exist_ok=True)
    FOREIGN.update(key.serial for key in keys())
    run(f"{TOP}/tests/lib/install-here", BUILD)
    write_calls(f"{STATE}/calls")
    stack(SERVICE, STACK)
    provider = Provider().start()
    configure(provider, login_grant="password", provider_timeout="2")
    return provider


def main():
    options = arguments()
    if platform.machine() not in ("x86_64", "aarch64"):
        print("1..1\nok 1 - the sweep # SKIP inject.c is not written for this machine's registers")
        return 0
    provider = set_stage()
    sweep = Sweep(provider, options)
    try:
        sweep.judge.settle()
        if not sweep.plain("nothing"):
            return 1
        points = select_points(sweep.record(), options)
        print(f"# {len(points)} points, seed {options.seed}", flush=True)
        if options.list:
            print("\n".join(f"# {shown(point)}" for point in points))
            return 0
        sweep.sweep(points)
        fine = sweep.tap()
        sweep.summary()
        return 0 if fine and not sweep.anomalies else 1
    finally:
        end_all()
        provider.stop()


if __name__ == "__main__":
    sys.exit(main())
