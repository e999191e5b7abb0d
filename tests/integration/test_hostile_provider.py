# SPDX-License-Identifier: MIT
"""A provider that does its worst: bounded time and memory, one clear message, nothing stored, nobody else asked.

misdeeds.py says what it does and what shall come of it; each of those cases is a login of its own, with a user, a
service, a configuration and a provider of its own, so that many run at once and each line of the log has its owner.
"""
import concurrent.futures
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from conftest import (BUILD, CANARY, TOP, Log, PamApp, exchanges, helpers, keys, payload, run, ssh, stack, status,
                      wait_until)
from scenes import is_alive
from misdeeds import CASES, EVIL, NUMBERS, RENEWALS, Case, number

sys.path.insert(0, f"{TOP}/tests/lib")
# pylint: disable=wrong-import-position
from hostile import Authority, Decoys, Hostile  # noqa: E402

FIRST_UID = 62001  # of users whom nobody has
USERS = 600
DIRECTORY = "/tmp/hostile"
CA = f"{DIRECTORY}/ca.crt"
AT_ONCE = 16
TIMEOUT = 2  # seconds for one request, as configured

# What a login may take: one request that times out, others that do not, and a machine with other things to do.
SECONDS = 8
# Of the exchange, at its largest.  Without a misdeed it has about 14 MiB.  What it allocates, the kernel limits.
PEAK_KIB = 64 * 1024
DATA = 48 * 1024 * 1024


class Meter(threading.Thread):
    """The peak of the memory of each exchange, while it runs.

    An exchange is nobody's child.  Whose it is, the pipe says that is its standard input.
    """
    PAUSE = 0.004

    def __init__(self):
        super().__init__(daemon=True)
        self.lock, self.over = threading.Lock(), threading.Event()
        self.programs, self.owners, self.since = {}, {}, {}

    def add(self, login, pid):
        with self.lock:
            self.programs[login] = pid

    def remove(self, login):
        with self.lock:
            del self.programs[login]

    def running(self, login):
        """The exchanges of this login that are alive."""
        return [pid for pid, owner in list(self.owners.items()) if owner is login and is_alive(pid)]

    def _owner(self, pid):
        pipe = os.readlink(f"/proc/{pid}/fd/0")
        with self.lock:
            programs = dict(self.programs)
        for login, program in programs.items():
            with contextlib.suppress(OSError):
                if any(os.readlink(f"/proc/{program}/fd/{fd}") == pipe for fd in os.listdir(f"/proc/{program}/fd")):
                    return login
        return None

    def _look(self, pid):
        with open(f"/proc/{pid}/status", encoding="latin-1") as file:
            text = file.read()
        if not text.startswith("Name:\toidc-session-ex"):
            return
        if self.owners.get(pid) is None:
            self.owners[pid] = self._owner(pid)
        if self.owners[pid] is not None and "VmHWM" in text:
            login = self.owners[pid]
            login.peak = max(login.peak, int(re.search(r"VmHWM:\s+(\d+)", text).group(1)))

    def run(self):
        while not self.over.wait(self.PAUSE):
            now = time.monotonic()
            for pid in filter(str.isdigit, os.listdir("/proc")):
                # What is no exchange after a while will never be one.
                if pid in self.owners or now - self.since.setdefault(pid, now) < 0.5:
                    with contextlib.suppress(OSError):
                        self._look(pid)


class Login:
    """One login against one provider, and all there is to be seen of it."""

    def __init__(self, number, case, authority, meter):
        self.user, self.uid, self.case = f"h{number}", FIRST_UID + number, case
        self.service = f"hostile{number}"
        self.authority, self.meter = authority, meter
        self.result = self.screen = self.kept = self.error = None
        self.seconds = self.peak = 0
        self.prompted = False
        self.log = []

    def configure(self, provider):
        path = f"{DIRECTORY}/{self.service}.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"[provider]\nissuer = {provider.issuer}\nclient_id = hostile\nca_file = {CA}\n"
                       f"timeout = {TIMEOUT}\n[login]\ngrant = {self.case.grant}\n")
        os.chmod(path, 0o644)
        stack(self.service, f"auth required pam_oidc_session.so config={path}\n"
                            f"session required pam_oidc_session.so config={path}\n")

    def run(self):
        try:
            with Hostile(self.authority, self.case.endpoint, self.case.misdeed, self.user) as provider:
                self.provider = provider
                self.configure(provider)
                self._login()
        except Exception as error:  # pylint: disable=broad-except  # it is this case's
            self.error = error

    def _login(self):
        # The limit goes on to the exchange: more memory is not to be had, and asking for it is seen in the message.
        app = subprocess.Popen(["prlimit", f"--data={DATA}", f"{BUILD}/tests/lib/pamapp", self.service, self.user,
                                "authenticate", "wait", "end"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.meter.add(self, app.pid)
        start, said = time.monotonic(), b""
        try:
            while not said.endswith(b"waiting\n"):
                line = app.stdout.readline()
                if not line:
                    break
                said += line
                if line.startswith(b"secret: "):
                    start = time.monotonic()
                    app.stdin.write(f"{self.password}\n".encode())
                    app.stdin.flush()
                if line.startswith(b"prompt: "):
                    self.prompted = True
                    app.stdin.write(b"\n")
                    app.stdin.flush()
                if line.startswith(b"authenticate: "):
                    self.seconds = time.monotonic() - start
                    self.result = line.split()[1].decode()
            wait_until(lambda: not self.meter.running(self), f"no exchange is left of: {self.case.name}", 2)
            self.kept = keys()
        finally:
            with contextlib.suppress(OSError):
                app.stdin.write(b"\n")
                app.stdin.close()
            said += app.stdout.read()
            app.wait()
            self.meter.remove(self)
        self.screen = said

    @property
    def password(self):
        return f"CANARY-pw-{self.user}-of-this-login"

    def messages(self):
        return re.findall(r"(?m)^((?:info|error): .*?)$", self.screen.decode("latin-1"))


@pytest.fixture(scope="module")
def authority(installed):
    os.makedirs(DIRECTORY)
    os.chmod(DIRECTORY, 0o755)
    made = Authority(f"{DIRECTORY}/private")
    os.chmod(made.dir, 0o700)
    made.other = Authority(f"{DIRECTORY}/private", "other-ca", "/O=\x1b[2J/CN=\u202e\x1b[31mevil authority")
    made.good = made.certificate()
    shutil.copy(made.crt, CA)
    make_users(range(USERS))
    return made


@pytest.fixture(scope="module")
def decoys(installed):
    with open("/etc/resolv.conf", encoding="ascii") as file:
        before = file.read()
    with open("/etc/resolv.conf", "w", encoding="ascii") as file:
        file.write("nameserver 127.0.0.1\n")
    made = Decoys()
    yield made
    made.close()
    with open("/etc/resolv.conf", "w", encoding="ascii") as file:
        file.write(before)


def make_users(numbers):
    with open("/etc/passwd", "a", encoding="ascii") as passwd, open("/etc/group", "a", encoding="ascii") as group:
        for number in numbers:
            uid = FIRST_UID + number
            passwd.write(f"h{number}:x:{uid}:{uid}::/tmp:/bin/sh\n")
            group.write(f"h{number}:x:{uid}:\n")


@pytest.fixture(scope="module")
def logins(request, authority, decoys):
    """The cases that were selected: name → Login, all of them over."""
    wanted = {item.callspec.params["case"].name for item in request.session.items
              if item.module is request.module and hasattr(item, "callspec") and "case" in item.callspec.params}
    meter = Meter()
    meter.start()
    chosen = [Login(number, case, authority, meter) for number, case in enumerate(CASES) if case.name in wanted]
    before = len(decoys.seen)
    log = Log()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(Login.run, chosen):
            pass
    wait_until(lambda: not exchanges(), "no exchange is left", 5)
    meter.over.set()
    lines = log.lines(r"oidc.session")
    for login in chosen:
        login.log = [line for line in lines if f"user {login.user}:" in line]
    logins = {login.case.name: login for login in chosen}
    logins["visitors"] = decoys.seen[before:]
    logins["unowned"] = [line for line in lines if not any(line in login.log for login in chosen)]
    report(chosen)
    return logins


def report(chosen):
    """For whoever wants to know: pytest -s."""
    for login in sorted(chosen, key=lambda login: -login.peak)[:5]:
        print(f"{login.peak / 1024:6.1f} MiB {login.seconds:5.2f} s {login.case.name}")
    for login in sorted(chosen, key=lambda login: -login.seconds)[:5]:
        print(f"{login.peak / 1024:6.1f} MiB {login.seconds:5.2f} s {login.case.name}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile(logins, case):
    login = logins[case.name]
    assert login.error is None, login.error
    result, level, notice = case.ending
    assert login.provider.hit > 0, f"the misdeed was not asked for: {login.log}"
    assert login.result == result, (login.result, login.log)
    assert login.seconds <= SECONDS, f"{login.seconds:.1f} s"
    assert login.peak <= PEAK_KIB, f"{login.peak} KiB"
    # One line, which says what is wrong and where.
    assert len(login.log) == 1, login.log
    assert login.log[0].startswith(f"authpriv.{level} "), login.log
    text = login.log[0].split(f"user {login.user}: ", 1)[1]
    assert re.fullmatch(case.reason.replace("{user}", login.user), text), f"\nlogged:   {text}\nexpected: {case.reason}"
    assert len(text) <= 1024
    # One line for the user.
    (told,) = login.messages()
    assert re.fullmatch("info: " + notice.replace("{user}", login.user), told), told
    # Nothing raw, nothing secret, neither here nor there.  The log would show a control character as #033.
    assert re.fullmatch(rb"[\n -~]*", login.screen), login.screen
    assert login.log[0].isascii() and not re.search(r"#[0-7]{3}", login.log[0]), login.log
    for secret in (login.password, login.password.swapcase(), login.password[::-1]):
        assert secret not in login.log[0] and secret not in login.screen.decode("latin-1")
    assert not CANARY.search(login.screen) and not CANARY.search(login.log[0].encode())
    # Nothing stays, and what was issued is given back.
    assert not login.kept, login.kept
    revoked = {request.form.get("token") for request in login.provider.requests("revocation")}
    for tokens in login.provider.issued:
        if case.misdeed.act is None and case.endpoint != "revocation":
            assert tokens["refresh_token"] in revoked, "the tokens are revoked"
    # Nobody is asked twice, and nobody is told what we could do.
    for request in login.provider.asked:
        assert "accept-encoding" not in request.headers and "upgrade" not in request.headers
        assert "cookie" not in request.headers and "expect" not in request.headers


def test_nobody_else_was_asked_and_no_name_was_looked_up(logins, decoys):
    assert not logins["visitors"]
    # It would have been seen.
    run("getent", "hosts", f"control.{EVIL}", check=False)
    with contextlib.suppress(OSError):
        run("curl", "-s", "-m", "2", "http://127.0.0.2:8080/", check=False)
    assert f"name control.{EVIL}" in decoys.seen
    assert "port 8080" in decoys.seen


def test_every_line_of_the_log_has_an_owner(logins):
    assert not logins["unowned"]


# ---- sessions ----------------------------------------------------------------------------------------

SHELL = 'run:while read -r line && [ "$line" != . ]; do eval "$line"; echo; echo "= $?"; done'


class Session(Login):
    """A session whose login went well; what it has to live through comes afterwards."""

    def __init__(self, number_, case, authority, meter):
        super().__init__(number_, case, authority, meter)
        self.keys, self.helper, self.before, self.during, self.after = {}, None, None, None, None
        self.readable = self.token_after = None

    def open(self, armed=False):
        before, helpers_before = {key.serial for key in keys()}, set(helpers())
        self.provider = Hostile(self.authority, self.case.endpoint, self.case.misdeed, self.user, armed=armed)
        self.configure(self.provider)
        self.app = PamApp(self.service, self.user, "authenticate", "establish", "open", SHELL, "close", "delete", "end")
        self.app.expect("secret: Password: ")
        self.app.answer(self.password)
        self.app.line("open: PAM_SUCCESS")
        self.keys = {key.name: key.serial for key in keys() if key.serial not in before}
        (self.helper,) = set(helpers()) - helpers_before
        return self

    def command(self, text):
        self.app.answer(f"{{ {text}; }} 2>&1")
        return self.app.expect(r"(?m)^= \d+\r?\n").before.strip("\r\n")

    def token(self):
        """As the user reads it."""
        return self.command('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"')

    def status(self):
        return status(self.keys["oidc:status"])

    def renew(self, what, seconds=SECONDS):
        """Now; the status once what() is true of it."""
        os.kill(self.helper, signal.SIGALRM)
        end = time.monotonic() + seconds
        while not what(now := self.status()):
            assert time.monotonic() < end, now
            time.sleep(0.05)
        return now

    def endure(self):
        try:
            self.before = self.token()
            self.meter.add(self, self.helper)
            start = time.monotonic()
            self.provider.armed.set()
            self.during = self.renew(lambda now: now["failures"] != "0" or now["state"] != "active")
            self.seconds = time.monotonic() - start
            self.readable = self.token()
            self.provider.armed.clear()
            self.after = self.renew(lambda now: now["renewals"] != "0")
            self.token_after = self.token()
            self.meter.remove(self)
        except Exception as error:  # pylint: disable=broad-except  # it is this session's
            self.error = error

    def close(self):
        self.app.answer(".")
        self.app.line("close: PAM_SUCCESS")
        self.app.finish()
        self.provider.close()


@pytest.fixture(scope="module")
def renewals(request, authority, decoys):
    """name → Session, all of them over."""
    wanted = {item.callspec.params["renewal"].name for item in request.session.items
              if item.module is request.module and hasattr(item, "callspec") and "renewal" in item.callspec.params}
    meter, log, before = Meter(), Log(), len(decoys.seen)
    meter.start()
    sessions = [Session(500 + at, case, authority, meter) for at, case in enumerate(RENEWALS) if case.name in wanted]
    for session in sessions:
        session.open()
    with concurrent.futures.ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(Session.endure, sessions))
    for session in sessions:
        session.close()
    meter.over.set()
    lines = log.lines(r"oidc.session.helper")
    for session in sessions:
        session.log = [line for line in lines if f"user {session.user}:" in line and ".debug " not in line]
    return {"visitors": decoys.seen[before:], **{session.case.name: session for session in sessions}}


@pytest.mark.parametrize("renewal", RENEWALS, ids=lambda case: case.name)
def test_a_session_lives_through_a_renewal_with(renewals, renewal):
    session = renewals[renewal.name]
    assert session.error is None, session.error
    assert session.provider.hit > 0
    assert session.seconds <= SECONDS and session.peak <= PEAK_KIB, (session.seconds, session.peak)
    # The old token stays, and the status says why there is no other.
    assert session.during["state"] == "retrying"
    assert re.fullmatch(renewal.reason, session.during["last_error"]), session.during
    assert session.before.startswith("CANARY-AT-") and session.readable == session.before
    # Afterwards it is as if nothing had been.
    assert session.after["state"] == "active" and "last_error" not in session.after
    assert session.token_after.startswith("CANARY-AT-") and session.token_after != session.before
    # One line when it began, one when it was over.
    warning, notice = session.log[:2]
    assert warning.startswith("authpriv.warning ") and "cannot renew, will try again in " in warning
    assert re.fullmatch(renewal.reason, re.split(r"will try again in \d+ s \(\w+\): ", warning, maxsplit=1)[1])
    assert notice.startswith("authpriv.notice ") and notice.endswith(": renewed again")
    assert len(session.log) <= 3  # and the revocation at the end
    for line in session.log:
        assert line.isascii() and not re.search(r"#[0-7]{3}", line) and not CANARY.search(line.encode()), line
    assert not renewals["visitors"]


@pytest.mark.parametrize("written", NUMBERS, ids=lambda written: written[:20])
def test_a_lifetime_has_bounds(authority, decoys, written):
    case = Case("number", "token", None, "^", number(written))
    session = Session(599, case, authority, None).open(armed=True)
    lifetime = int(payload(session.keys["oidc:expires_at"])) - int(session.status()["renewed_at"])
    assert lifetime == NUMBERS[written]
    assert session.token().startswith("CANARY-AT-")
    assert int(session.status()["renew_at"]) > time.time()
    session.close()


# ---- what the user sees ----------------------------------------------------------------------------------

def by_name(name):
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize("name", ["a_description_with_ESC_from_token", "no_answer_from_token",
                                  "a_body_of_10_GiB_from_token", "a_name_with_ESC_from_token"])
def test_nothing_raw_reaches_the_terminal_of_ssh(sshd, authority, decoys, name):
    login = Login(598, by_name(name), authority, None)
    log = Log()
    with Hostile(authority, login.case.endpoint, login.case.misdeed, login.user) as provider:
        login.configure(provider)
        shutil.copy(f"/etc/pam.d/{login.service}", "/etc/pam.d/sshd")
        start = time.monotonic()
        terminal = ssh(login.user)
        terminal.expect("assword: ")
        terminal.enter(login.password)
        terminal.closed()
        seconds, shown = time.monotonic() - start, terminal.child.before
    assert "Permission denied" in shown
    assert re.fullmatch(r"[\r\n -~]*", shown), shown
    assert CANARY.search(shown.encode()) is None
    assert login.case.ending[2].replace("{user}", login.user).split("'")[0] in shown
    assert seconds <= SECONDS
    assert re.search(login.case.reason.replace("{user}", login.user), log.one(f"user {login.user}: "))


def test_a_homograph_in_a_verification_uri_is_shown_as_what_it_is(authority, decoys):
    case = Case("homograph", "device", None, "^", by_name("a_user_code_with_ESC_from_device").misdeed, "device")
    login = Login(597, case, authority, None)
    with Hostile(authority, "device", case.misdeed, login.user, armed=False) as provider:
        good = provider.device
        provider.device = lambda: {**good(), "verification_uri": "https://xn--lgin-5wf.example.com/"}
        login.configure(provider)
        app = PamApp(login.service, login.user, "authenticate", "end")
        prompt = app.line("prompt: .*").group(0)
        assert "https://xn--lgin-5wf.example.com/" in prompt and prompt.isascii()
        app.answer("!")
        app.finish()


def test_a_login_without_a_misdeed_is_measured(authority, decoys):
    """For comparison; pytest -s prints it."""
    meter = Meter()
    meter.start()
    login = Session(596, by_name("no_answer_from_token"), authority, meter)
    start = time.monotonic()
    login.provider = Hostile(authority, "token", login.case.misdeed, login.user, armed=False)
    login.configure(login.provider)
    app = PamApp(login.service, login.user, "authenticate", "wait", "end")
    meter.add(login, app.child.proc.pid)
    app.expect("secret: Password: ")
    start = time.monotonic()
    app.answer(login.password)
    app.line("authenticate: PAM_SUCCESS")
    login.seconds = time.monotonic() - start
    wait_until(lambda: login.peak, "a measurement", 5)
    meter.over.set()
    app.answer()
    app.finish()
    login.provider.close()
    print(f"{login.peak / 1024:6.1f} MiB {login.seconds:5.2f} s a good login")
    assert 0 < login.peak <= PEAK_KIB / 2
