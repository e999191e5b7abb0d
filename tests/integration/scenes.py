# SPDX-License-Identifier: MIT
"""Sessions that are looked at closely, for the tests of permissions, of closing, of odd orders and of quotas.

They log in by the password grant, because nothing has to be approved then.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import time

from conftest import CANARY, TOP, PamApp, configure, helpers, keys, leftovers, live_keys, ssh, stack, wait_until

PROBE = "/tmp/keyprobe.py"
CALLS = "/tmp/keyprobe.json"
ROOT_KEY = "-o IdentityFile=/root/.ssh/id_test"

AUTH = "auth     required  pam_oidc_session.so\naccount  required  pam_permit.so\n"
SESSION = "session  required  pam_oidc_session.so\n"
KEYINIT_REVOKE = "session  optional  pam_keyinit.so force revoke\n"
KEYINIT = "session  optional  pam_keyinit.so force\n"
SERVICE = "oidc-app"


def set_stage(provider, session=KEYINIT_REVOKE + SESSION, **settings):
    """The password grant, for sshd and for pamapp."""
    configure(provider, **{"login_grant": "password", **settings})
    stack(SERVICE, AUTH + session)
    stack("sshd", AUTH + session)
    shutil.copy(f"{TOP}/tests/integration/keyprobe.py", PROBE)
    os.chmod(PROBE, 0o755)


# ---- logging in ----------------------------------------------------------------

def app(*steps, user="alice", service=SERVICE, answer=True):
    """pamapp with these steps; its first one asks for the password when answer is true."""
    program = PamApp(service, user, *steps)
    if answer:
        program.line("secret: .*")
        program.answer(f"CANARY-pw-{user}")
    return program


def opened(*steps, user="alice", service=SERVICE):
    """pamapp in an open session, waiting; the steps come after that."""
    program = app("authenticate", "acct", "establish", "open", "wait", *steps, user=user, service=service)
    program.line("open: PAM_SUCCESS")
    program.line("waiting")
    return program


def ssh_password_login(user="alice"):
    terminal = ssh(user, "password")
    terminal.expect("assword: ")
    terminal.enter(f"CANARY-pw-{user}")
    return terminal.shell()


def ssh_key_login(user="alice"):
    return ssh(user, "publickey", ROOT_KEY).shell()


# ---- what the user can do --------------------------------------------------------

def write_calls(calls, path=CALLS):
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    with open(path, "w", encoding="ascii") as file:
        json.dump(calls, file)
    os.chmod(path, 0o644)


def probe(terminal, calls):
    """The results of these calls of keyprobe.py in a shell."""
    write_calls(calls)
    return json.loads(terminal.run(f"{PROBE} {CALLS}"))


def probed(program):
    """The results that a step "run:" of pamapp printed."""
    return json.loads(program.line(r"(\[.*\])").group(1))


RUN_PROBE = f"run:{PROBE} {CALLS}"


class Lingering:
    """A process of the session that stays when the session ends, and reads as long as it can."""

    def __init__(self, path="/tmp/keyprobe.poll"):
        self.path = path
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)

    def command(self, *serials):
        numbers = " ".join(str(serial) for serial in serials)
        return f"(setsid nohup {PROBE} --poll {self.path} {numbers} </dev/null >/dev/null 2>&1 &)"

    def lines(self):
        """(time, what, result) in the order in which it was seen."""
        try:
            with open(self.path, encoding="ascii") as file:
                text = file.read()
        except FileNotFoundError:
            return []
        return [(float(at), what, result) for at, what, result in
                (line.split(" ", 2) for line in text.splitlines(keepends=True) if line.endswith("\n"))]

    def started(self, digest):
        """It runs and can read this token."""
        wait_until(lambda: any(result.strip() == digest for _, _, result in self.lines()), "a reader in the session")
        return int(self.lines()[0][2])

    def refused(self, seconds=15):
        """Wait until nothing can be read any more; when that was."""
        def now():
            state = {what: (at, result) for at, what, result in self.lines() if what != "pid"}
            return state and not any(is_digest(result) for _, result in state.values()) and state
        state = wait_until(now, "the lingering process can read nothing", seconds)
        return max(at for at, _ in state.values())

    def end(self):
        """End it; it must have been alive, or it proves nothing.  The results since it was first refused."""
        pid = int(self.lines()[0][2])
        os.kill(pid, 0)
        os.kill(pid, signal.SIGKILL)
        return [(what, result.strip()) for _, what, result in self.lines()]


def is_digest(result):
    return re.fullmatch(r"[0-9a-f]{12}", result.strip()) is not None


# ---- what the provider knows --------------------------------------------------------

class Grants:
    """What the provider issued and was asked to revoke since the test began."""

    def __init__(self, provider):
        self.provider, self.start = provider, len(provider.requests())

    def requests(self, route=None):
        return [line for line in self.provider.requests()[self.start:] if route in (None, line.get("route"))]

    def issued(self, route=None):
        """Digests of the access and refresh tokens."""
        return {request["issued"][name] for request in self.requests(route) if request.get("issued")
                for name in ("access_token", "refresh_token") if request["issued"].get(name)}

    def last(self):
        """Digests of the pair that was issued last: with it, this provider ends the whole grant."""
        found = [request["issued"] for request in self.requests() if request.get("issued")]
        return {found[-1][name] for name in ("access_token", "refresh_token")}

    def presented(self):
        return {request["presented"] for request in self.requests("revocation") if request.get("status") == 200}

    def all_revoked(self):
        return self.issued() <= self.presented()

    def wait_revoked(self, seconds=15):
        assert self.issued(), "the provider issued nothing"
        wait_until(self.all_revoked, "all tokens are revoked", seconds)


# ---- the kernel's book-keeping --------------------------------------------------------

def quota(uid):
    """(keys, bytes) that a uid is charged for."""
    with open("/proc/key-users", encoding="ascii") as file:
        for line in file:
            name, _, _, number, size = line.split()
            if int(name.rstrip(":")) == uid:
                return int(number.split("/")[0]), int(size.split("/")[0])
    return 0, 0


def settled_quota(uid):
    """The same, once the kernel has collected what died before."""
    seen = []

    def settled():
        seen.append(quota(uid))
        return len(seen) >= 10 and len(set(seen[-10:])) == 1
    wait_until(settled, f"the quota of {uid} does not change any more")
    return seen[-1]


def timeouts():
    """name -> seconds left, None for never, of the keys that are alive; as /proc/keys rounds them."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    names, found = {key.serial: key.name for key in keys()}, {}
    with open("/proc/keys", encoding="ascii", errors="replace") as file:
        for line in file:
            serial, _flags, _usage, left, _ = line.split(None, 4)
            if int(serial, 16) in names and left != "expd":
                found[names[int(serial, 16)]] = None if left == "perm" else int(left[:-1]) * units[left[-1]]
    return found


def process(pid):
    """/proc/PID/status as a dict."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def has_secret(pid):
    found = []
    for name in ("cmdline", "environ"):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            if CANARY.search(file.read()):
                found.append(name)
    return found


def is_alive(pid):
    try:
        return process(pid)["State"][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def tokens_gone():
    """No key that is alive; the login program may still hold the hand-off keyring, with nothing in it."""
    return not [key for key in keys() if not key.name.startswith("oidc-handoff:")]


def all_gone():
    return not helpers() and not live_keys()


def wait_gone(seconds=15):
    try:
        wait_until(all_gone, "helper and keys gone", seconds)
    except AssertionError as error:
        raise AssertionError(f"left: {leftovers()}\n{error}") from error


def elapsed(function):
    """How long a call took, in seconds."""
    start = time.monotonic()
    function()
    return time.monotonic() - start


def serials():
    """name -> serial, of the keys of the one session that there is."""
    found = {}
    for key in keys():
        assert key.name not in found, keys()
        found[key.name] = key.serial
    return found


def handoff(ring):
    """The serial of the hand-off keyring among them, which the login program keeps for itself."""
    return next(serial for name, serial in ring.items() if name.startswith("oidc-handoff:"))
