# SPDX-License-Identifier: MIT
"""What the integration tests share.  They run as root on a throwaway host:

    tests/lib/host -- /usr/bin/python3 -m pytest tests/integration [-k WORDS]

after ./dev build.  Nothing sleeps a fixed time: wait_until() asks until it is so.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pexpect
import pexpect.popen_spawn
import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("OIDC_BUILD", f"{TOP}/build")
PROVIDER = f"{TOP}/tests/provider"
LOG = "/var/log/syslog-test"
CONFIG = "/etc/security/oidc-session.conf"
BEGIN = "/run/tests-began"  # files newer than this were written by the tests
CA = "/etc/ssl/test-provider.crt"
CACHE = "/var/cache/oidc-session"
PAM_D = "/root/pam.d"  # the stacks as Debian has them
UIDS = {"alice": 61001, "bob": 61002, "carol": 61003}
# What every token, code, password and client secret of the provider contains, and every JWT.
CANARY = re.compile(rb"CANARY-|ImtpZCI6InRlc3Qtand0LWtleS")

DEVICE_STACK = """\
auth     required  pam_oidc_session.so
account  required  pam_unix.so
session  optional  pam_keyinit.so force revoke
session  required  pam_oidc_session.so
"""


def run(*argv, check=True, **options):
    """Standard output of a command; it must succeed unless check=False."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{argv} failed with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def wait_until(condition, what, seconds=15):
    """The first true result of condition(); fails after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not so after {seconds} s: {what}\n{syslog_text()}")
        time.sleep(0.02)


# ---- syslog ----------------------------------------------------------------

def syslog_text():
    run(f"{TOP}/tests/lib/syslogd", "--flush")
    with open(LOG, encoding="utf-8", errors="replace") as file:
        return file.read()


# Every line of ours ends in a tail, and has only one; docs/messages.md.
OURS = re.compile(r"(pam_oidc_session\(\S+\):|oidc-session-helper) user ")
TAIL = re.compile(r" event=([a-z_]+) session=(-|\d+) uid=(-|\d+)$")
FIELD = re.compile(r"\b(event|session|uid)=")


def without_tail(line):
    """A line of the log as it is for people; what is not one of ours stays as it is."""
    if not OURS.search(line):
        return line
    tail = TAIL.search(line)
    assert tail, f"no tail: {line}"
    assert len(FIELD.findall(line)) == 3, f"not one tail: {line}"
    return line[:tail.start()]


class Log:
    """The lines of this host's syslog since the test began, without the tails of ours."""

    def __init__(self):
        self.start = len(syslog_text())

    def lines(self, pattern=r"oidc.session"):
        lines = [without_tail(line) for line in syslog_text()[self.start:].splitlines()]
        return [line for line in lines if re.search(pattern, line)]

    def tails(self, pattern):
        """(event, session, uid) of each line of ours whose text matches."""
        lines = [line for line in syslog_text()[self.start:].splitlines() if OURS.search(line)]
        return [TAIL.search(line).groups() for line in lines if re.search(pattern, without_tail(line))]

    def wait(self, pattern, seconds=15):
        return wait_until(lambda: self.lines(pattern), f"a log line {pattern!r}", seconds)[0]

    def one(self, pattern):
        """Exactly one line from our programs is of this pattern."""
        found = self.lines(pattern)
        assert len(found) == 1, f"{len(found)} lines of {pattern!r} in:\n" + "\n".join(self.lines("."))
        return found[0]


# ---- keys, as root sees them -------------------------------------------------

class Key:
    def __init__(self, serial, flags, uid, gid, kind, name):
        self.serial, self.flags, self.uid, self.gid, self.kind, self.name = serial, flags, uid, gid, kind, name

    def __repr__(self):
        return f"<{self.serial} {self.flags} {self.uid}:{self.gid} {self.kind} {self.name}>"


# Kernel keys have no namespace: those of others on this machine, and those of unit tests that run at the same time,
# which have their own group or, unlike ours, the permissions that the kernel gives to a new key.
FOREIGN = set()
UNIT_TESTS_GID, KERNELS_PERMISSIONS = 61500, "3f010000"


def keys(pattern=r"^oidc"):
    """The keys whose name matches, without those that are revoked, expired or otherwise dead."""
    found = []
    with open("/proc/keys", encoding="ascii", errors="replace") as file:
        for line in file:
            serial, flags, _usage, timeout, permissions, uid, gid, kind, name = line.split(None, 8)
            name = re.sub(r": [^ ]*$", "", name.strip())
            if set(flags) & set("RDiN") or timeout == "expd" or not re.search(pattern, name):
                continue
            if int(serial, 16) in FOREIGN or int(gid) == UNIT_TESTS_GID or permissions == KERNELS_PERMISSIONS:
                continue
            found.append(Key(int(serial, 16), flags, int(uid), int(gid), kind, name))
    return found


def payload(key):
    """Root owns the keys."""
    serial = key.serial if isinstance(key, Key) else key
    done = subprocess.run(["keyctl", "pipe", str(serial)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def the_key(name):
    found = keys(f"^{name}$")
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def status(key=None):
    """oidc:status as a dict."""
    text = payload(key or the_key("oidc:status")).decode()
    return dict(line.split("=", 1) for line in text.splitlines())


def helpers():
    """Process IDs of the helpers that are alive."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().split(b"\0")
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
            if command[0].endswith(b"/oidc-session-helper") and state not in "ZX":
                found.append(int(pid))
    return found


def exchanges():
    return [int(pid) for pid in run("pgrep", "-f", "/oidc-session-exchange", check=False).split()]


# ---- the provider ------------------------------------------------------------

class Provider:
    def __init__(self, state="/tmp/provider", ca_file=CA):
        self.vars = {}
        self.state, self.ca_file = state, ca_file
        self.running = {}

    def start(self, **settings):
        """Start it, or again with other settings; the port, keys and tokens stay.

        The interval of the device grant is 1 s unless a test says otherwise: the RFC's 5 s add up.
        """
        settings = {name: str(value) for name, value in {"DEVICE_INTERVAL": 1, **settings}.items()}
        if self.running is not None and self.vars and self.running == settings:
            self.control("faults", {})
            return self
        text = run(f"{PROVIDER}/start.sh", self.state, env=dict(os.environ, **settings))
        self.vars = dict(re.findall(r"^export (OP_\w+)=(.*)$", text, re.M))
        self.running = settings
        self.control("faults", {})
        shutil.copy(self.vars["OP_CA"], self.ca_file)  # its own directory is private
        return self

    def stop(self):
        run(f"{PROVIDER}/stop.sh", self.state, "--keep")
        self.running = None

    def __getattr__(self, name):
        """provider.issuer is OP_ISSUER, and so on."""
        try:
            return self.__dict__["vars"]["OP_" + name.upper()]
        except KeyError:
            raise AttributeError(name) from None

    def _run(self, script, *argv, **options):
        return run(f"{PROVIDER}/{script}", *argv, env=dict(os.environ, **self.vars), **options)

    def approve(self, code, user="alice"):
        assert self._run("approve.sh", code, user).strip() == "approved"

    def deny(self, code, user="alice"):
        assert self._run("approve.sh", code, user, "--deny").strip() == "denied"

    def control(self, name, value=None):
        return json.loads(self._run("control.sh", name, *([] if value is None else [json.dumps(value)])) or "{}")

    def faults(self, **routes):
        """faults(**{"token:refresh_token": {...}}) replaces all faults."""
        self.control("faults", routes)

    def in_flight(self, route):
        return self.control("in-flight").get(route, 0)

    def is_active(self, token):
        token = token.decode() if isinstance(token, bytes) else token
        return self._run("introspect.sh", input=token).strip() == "true"

    def requests(self, route=None):
        """access.log, oldest first."""
        with open(f"{self.state}/access.log", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [line for line in lines if route in (None, line.get("route"))]


@pytest.fixture(scope="session")
def installed():
    """What was built is installed on this host."""
    with open(BEGIN, "w", encoding="ascii"):
        pass
    FOREIGN.update(key.serial for key in keys())
    shutil.copytree("/etc/pam.d", PAM_D)
    run(f"{TOP}/tests/lib/install-here", BUILD)


@contextlib.contextmanager
def preloaded(name):
    """A library of tests/lib in every program that starts meanwhile; the helper is then one that takes libraries."""
    library, helper = f"/usr/local/lib/{name}.so", "/usr/libexec/oidc-session-helper"
    shutil.copy(f"{BUILD}/tests/lib/.libs/{name}.so", library)
    os.chmod(library, 0o755)
    run("install", "-m", "711", f"{BUILD}/tests/lib/shared-helper", helper)
    with open("/etc/ld.so.preload", "w", encoding="ascii") as file:
        file.write(f"{library}\n")
    try:
        yield
    finally:
        os.remove("/etc/ld.so.preload")
        run("install", "-m", "711", f"{BUILD}/oidc-session-helper", helper)


@pytest.fixture(scope="session")
def the_provider():
    provider = Provider()
    yield provider
    if provider.vars:
        provider.stop()


@pytest.fixture
def provider(the_provider):
    """The provider with its defaults; a test restarts it with others."""
    return the_provider.start()


def configure(provider, text=None, **more):
    """Write oidc-session.conf; more: section_key=value, e.g. login_grant="password".  The cache is cold then."""
    for name in os.listdir(CACHE) if os.path.isdir(CACHE) else ():
        shutil.rmtree(f"{CACHE}/{name}")
    settings = {
        "provider": {"issuer": provider.issuer, "client_id": "pam-public", "ca_file": CA},
        "login": {}, "renewal": {}, "logout": {},
    }
    for name, value in more.items():
        section, key = name.split("_", 1)
        settings[section][key] = value
    if text is None:
        text = "".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items()
                                                   if value is not None)
                       for section, pairs in settings.items() if pairs)
    with contextlib.suppress(FileNotFoundError):
        os.remove(CONFIG)
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(CONFIG, 0o644)


def stack(service, text=DEVICE_STACK):
    with open(f"/etc/pam.d/{service}", "w", encoding="ascii") as file:
        file.write(text)


STARTED = []  # what Terminal and PamApp started in this test


# ---- logging in ----------------------------------------------------------------

CODE = re.compile(r"enter this code:\s+([A-Z0-9]{4}-?[A-Z0-9]{4})")


class Terminal:
    """A program on a terminal, with a shell prompt of ours once there is a shell."""
    prompt = "ready# "

    def __init__(self, command, **options):
        self.child = pexpect.spawn(command, encoding="utf-8", timeout=40, dimensions=(50, 200), echo=False, **options)
        STARTED.append(self.child)

    def expect(self, pattern):
        """What came before the pattern, and the pattern's match."""
        try:
            self.child.expect(pattern)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise AssertionError(f"expected {pattern!r}, saw:\n{self.child.before}\n{syslog_text()}") from error
        return self.child.before

    def code(self):
        """The user code, once the device prompt is there."""
        self.expect(CODE.pattern)
        code = self.child.match.group(1)
        self.expect("approved: ")
        return code

    def enter(self, text=""):
        self.child.sendline(text)

    def shell(self):
        """Wait for the login shell and make its prompt recognisable."""
        self.expect(r"[$#] ")
        # Typed in two parts: what the terminal echoes is not the prompt.
        typed = f"{self.prompt[:2]}''{self.prompt[2:]}"
        self.enter(f"stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null; PS1='{typed}'")
        self.expect(re.escape(self.prompt))
        return self

    def run(self, command):
        self.enter(command)
        return self.expect(re.escape(self.prompt)).replace("\r", "").strip("\n")

    def logout(self):
        """End the shell, and wait until the program is gone."""
        self.enter("exit")
        self.closed()

    def closed(self):
        self.expect(pexpect.EOF)
        self.child.close()


def ssh(user="alice", method="keyboard-interactive", *options):
    return Terminal(f"ssh -tt -o PreferredAuthentications={method} -o NumberOfPasswordPrompts=1 "
                    + " ".join(options) + f" {user}@localhost")


def ssh_device_login(provider, user="alice"):
    """A session by keyboard-interactive and the device grant."""
    terminal = ssh(user)
    provider.approve(terminal.code(), user)
    terminal.enter()
    return terminal.shell()


class PamApp:
    """tests/lib/pamapp: a PAM application whose steps the test chooses."""

    def __init__(self, *argv, env=None):
        self.child = pexpect.popen_spawn.PopenSpawn([f"{BUILD}/tests/lib/pamapp", *argv], encoding="utf-8",
                                                    timeout=40, env=env)
        STARTED.append(self.child)

    def expect(self, pattern):
        try:
            self.child.expect(pattern)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise AssertionError(f"expected {pattern!r}, saw:\n{self.child.before}\n{syslog_text()}") from error
        return self.child

    def line(self, pattern):
        """A whole line that matches; returns the match."""
        return self.expect(f"(?m)^(?:{pattern})\r?\n").match

    def answer(self, text=""):
        self.child.sendline(text)

    def approve(self, provider, user="alice"):
        """The device prompt, approved by the user."""
        code = CODE.search(self.line("prompt: .*").group(0)).group(1)
        provider.approve(code, user)
        self.answer()

    def finish(self):
        """What was printed until it ended."""
        self.expect(pexpect.EOF)
        self.child.wait()
        return self.child.before


# ---- every test -----------------------------------------------------------------

@pytest.fixture(scope="session")
def sshd(installed):
    run(f"{TOP}/tests/lib/sshd-start")


@pytest.fixture
def log():
    return Log()


def live_keys():
    """keys(), but for hand-off keyrings that nothing else is left of.

    When a login program is killed, its process keyring lives on in the files that it had opened and a process of the
    session still has.  All that is in it then is revoked.
    """
    found = keys()
    return [] if all(key.name.startswith("oidc-handoff:") for key in found) else found


def leftovers():
    """What no test may leave behind."""
    left = [f"helper {pid}" for pid in helpers()] + [f"exchange {pid}" for pid in exchanges()]
    return left + [f"key {key}" for key in live_keys()]


@pytest.fixture(autouse=True)
def nothing_is_left(installed):
    STARTED.clear()
    yield
    for child in STARTED:  # a test that failed has not ended them
        with contextlib.suppress(OSError, pexpect.ExceptionPexpect):
            child.kill(signal.SIGKILL)
            child.wait()  # a zombie keeps its keyrings
    try:
        wait_until(lambda: not leftovers(), "nothing is left behind", 12)
    except AssertionError:
        left = leftovers()
        run("pkill", "-KILL", "-f", "/oidc-session-", check=False)
        for key in keys():
            run("keyctl", "revoke", str(key.serial), check=False)
        raise AssertionError(f"left behind: {left}") from None


# ---- secrets -------------------------------------------------------------------

def secrets_in_processes():
    """Command lines and environments of our programs that have a secret in them."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if "oidc-session-" not in os.readlink(f"/proc/{pid}/exe"):
                continue
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    if CANARY.search(file.read()):
                        found.add(f"{name} of {os.readlink(f'/proc/{pid}/exe')}")
    return found


class Watch(threading.Thread):
    """Looks at the processes of our programs for as long as the tests run."""

    def __init__(self):
        super().__init__(daemon=True)
        self.found, self.seen, self.over = set(), 0, threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            self.found |= secrets_in_processes()
            self.seen += 1


@pytest.fixture(scope="session", autouse=True)
def watch():
    thread = Watch()
    thread.start()
    yield thread
    thread.over.set()
