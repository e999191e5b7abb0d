# SPDX-License-Identifier: MIT
"""Sessions whose way to the provider breaks as a script says, and heals.

Each script is a session of its own behind a proxy of its own (tests/lib/faultproxy.py), with a real provider behind
that.  Many run at once.  From each it is known what was asked and when, what the status said, and what a reader in the
session saw who read the access token every 20 ms.
"""
import concurrent.futures
import contextlib
import dataclasses
import email.utils
import os
import re
import shutil
import signal
import sys
import textwrap
import threading
import time

import pytest

from conftest import CANARY, TAIL, TOP, PamApp, Provider, stack, syslog_text, wait_until
from keyprobe import READ, Refused, content
from renewals import RENEW, answered, ended, gap, in_order, outdated, overlapping
from scenes import AUTH, KEYINIT_REVOKE, is_alive, is_digest

sys.path.insert(0, f"{TOP}/tests/lib")
# pylint: disable=wrong-import-position
from faultproxy import HTML, Certificates, FaultProxy  # noqa: E402

DIRECTORY = "/tmp/faults"
USERS = ("alice", "bob", "carol")
AT_ONCE = 14
TIMEOUT = 2  # seconds for one request, as configured; half of it to connect
SECONDS = 60  # for a whole script
SLACK = 2.5  # seconds, on a machine with other things to do
TTL = 8  # of a short token, which is renewed 3 to 6 s before it ends
MODES = {
    "rotating": {},  # and whoever presents a refresh token twice ends the grant
    "grace": {"ROTATE_GRACE": 60},
    "staying": {"ROTATE": "never"},
    "short": {"ACCESS_TTL": TTL},
}

# In the session, as the user: time and what was read, whenever that is something else than before.
READER = """\
import ctypes, errno, hashlib, os, signal, sys, time
library = ctypes.CDLL("libkeyutils.so.1", use_errno=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
buffer, before, reads = ctypes.create_string_buffer(32768), None, 0
with open(sys.argv[2], "w", encoding="ascii", buffering=1) as file:
    print(time.time(), os.getpid(), file=file)
    try:
        while True:
            n = library.keyctl_read(int(sys.argv[1]), buffer, len(buffer))
            now = hashlib.sha256(buffer.raw[:n]).hexdigest()[:12] if n >= 0 else errno.errorcode[ctypes.get_errno()]
            reads += 1
            if now != before:
                print(time.time(), now, file=file)
            before = now
            time.sleep(0.02)
    finally:
        print(time.time(), reads, file=file)
"""


# ---- what is expected --------------------------------------------------------------------

@dataclasses.dataclass
class Failure:
    """What the status says after one: why the next attempt is when it is, and in how many seconds; and in how many it
    came, if not then.
    """
    reason: str
    least: float
    most: float
    came: tuple = None


def backoff(failures=1):
    return Failure("backoff", 1, 5 * 2 ** (failures - 1))


def retry_after(seconds, later=5):
    """later: at most so many seconds, by chance."""
    return Failure("retry_after", seconds, seconds + later)


LOST = Failure("lost_answer", 1, 1)
# Somebody asks for these, and they come 5 s after the provider was asked; all of these are whole seconds.
MISCONFIGURED = Failure("misconfigured", 300, 600, (3, 5))
# A token that lives for 300 s is tried for once soon, and then shortly before it ends.
SECOND_FAILURE = Failure("backoff", 200, 297, (3, 5))
SECOND_RETRY_AFTER = Failure("retry_after", 200, 297, (3, 5))


def long_retry_after(seconds):
    """More than 5 s: the same at once; whoever asks for it has it when they are over."""
    return Failure("retry_after", 200, 297, (seconds - 1, seconds))


def alarm(play):
    os.kill(play.helper, signal.SIGALRM)


def executed_anew(play):
    with open(f"/proc/{play.helper}/cmdline", "rb") as file:
        return b"--resume" in file.read().split(b"\0")


def hang_up(play):
    os.kill(play.helper, signal.SIGHUP)


def end_session(play):
    play.leaves = True


@dataclasses.dataclass
class Script:
    """steps: what the proxy does to the renewals; failures: what the status says after each of those that failed.

    mode: of the provider.  ends: "renewed"; "dead", the last attempt having ended the grant; or "left", when an action
    has ended the session before.  at: actions, at "failure N" or "hold N", when the Nth connection is made to wait.
    renewals: so many succeed.  gap: the token expires meanwhile.  error: in last_error, at the first failure.
    farewell: what the proxy does at the logout; revocations: so many requests for that; kept: tokens survive it;
    told: the event of the last line of the log.
    """
    name: str
    steps: list
    failures: list = dataclasses.field(default_factory=list)
    mode: str = "rotating"
    ends: str = "renewed"
    at: dict = dataclasses.field(default_factory=dict)
    renewals: int = 1
    gap: bool = False
    error: str = "."
    farewell: list = dataclasses.field(default_factory=list)
    revocations: int = 2
    kept: bool = False
    told: str = "revoked"


def asked_to_wait(status, seconds):
    return "answer", status, {"Retry-After": str(seconds)}


def asked_to_wait_until(status, seconds):
    now = time.time()
    return "answer", status, {"Retry-After": email.utils.formatdate(now + seconds, usegmt=True),
                              "Date": email.utils.formatdate(now, usegmt=True)}


UNREACHED = "cannot be reached"
NO_ANSWER = "gave no usable answer"

SCRIPTS = [
    # Before anything was sent.
    Script("closed_at_once", ["close"], [backoff()], error=UNREACHED),
    Script("reset_at_once", ["reset"], [backoff()], error=UNREACHED),
    Script("refused", ["refuse"], [backoff()], error=UNREACHED),
    Script("refused_twice", ["refuse", "refuse"], [backoff(), SECOND_FAILURE], at={"failure 2": alarm},
           error=UNREACHED),
    Script("a_handshake_that_is_not_answered", ["silence"], [backoff()], error=UNREACHED),
    Script("a_handshake_that_is_broken_off", ["broken-handshake"], [backoff()], error=UNREACHED),
    Script("plain_http_where_tls_was", ["garbage"], [backoff()], error=UNREACHED),
    Script("a_broken_record_of_tls", ["broken-record"], [backoff()], error=UNREACHED),
    Script("a_certificate_of_another_authority", ["untrusted"], [MISCONFIGURED], at={"failure 1": alarm},
           error="cannot be used"),
    Script("a_certificate_for_another_name", ["wrong-host"], [MISCONFIGURED], at={"failure 1": alarm},
           error="cannot be used"),
    Script("a_certificate_that_has_expired", ["expired"], [MISCONFIGURED], at={"failure 1": alarm},
           error="cannot be used"),

    # Sent, but the provider has not got it; who has sent it cannot know.
    Script("dropped_before_the_provider", ["drop-before"], [LOST], error=NO_ANSWER),
    Script("reset_before_the_provider", ["reset-before"], [LOST], error=NO_ANSWER),
    Script("hanging_before_the_provider", ["hang-before"], [LOST], error=NO_ANSWER),
    Script("late_at_the_provider", [("delay-before", 1)]),
    Script("dropped_before_the_provider_twice", ["drop-before", "drop-before"], [LOST, backoff(2)]),

    # Handled, and the answer is lost.
    Script("dropped_after_it_rotated", ["drop-after"], [LOST], ends="dead"),
    Script("dropped_after_it_rotated_with_grace", ["drop-after"], [LOST], "grace"),
    Script("dropped_after_it_did_not_rotate", ["drop-after"], [LOST], "staying"),
    Script("reset_after_it_rotated_with_grace", ["reset-after"], [LOST], "grace"),
    Script("hanging_after_it_rotated_with_grace", ["hang-after"], [LOST], "grace"),
    Script("dropped_after_twice_with_grace", ["drop-after", "drop-after"], [LOST, backoff(2)], "grace"),
    Script("dropped_after_twice_without_rotation", ["drop-after", "drop-after"], [LOST, backoff(2)], "staying"),
    Script("dropped_after_it_rotated_then_before", ["drop-after", "drop-before"], [LOST, backoff(2)], ends="dead"),
    Script("dropped_after_then_503_with_grace", ["drop-after", ("answer", 503)], [LOST, SECOND_FAILURE], "grace",
           at={"failure 2": alarm}),
    Script("dropped_after_then_refused_with_grace", ["drop-after", "refuse"], [LOST, SECOND_FAILURE], "grace",
           at={"failure 2": alarm}),
    Script("dropped_after_then_asked_to_wait_with_grace", ["drop-after", asked_to_wait(503, 4)],
           [LOST, SECOND_RETRY_AFTER], "grace", at={"failure 2": alarm}),
    Script("late_after_the_provider", [("delay-after", 1)]),

    # In the middle of the answer.
    Script("cut_in_the_head", ["cut-head"], [LOST], "grace"),
    Script("cut_in_the_body", ["cut-body"], [LOST], "grace"),
    Script("cut_in_the_body_after_it_rotated", ["cut-body"], [LOST], ends="dead"),
    Script("cut_in_the_body_without_rotation", ["cut-body"], [LOST], "staying"),
    Script("cut_in_a_chunk", ["cut-chunked"], [LOST], "grace"),
    Script("cut_in_a_body_without_a_length", ["cut-unmeasured"], [LOST], "grace"),
    Script("cut_in_a_body_without_a_length_with_a_good_end_of_tls", ["cut-unmeasured-politely"], [LOST], "grace"),
    Script("a_refusal_that_is_cut", [("cut-answer", 400)], [LOST]),
    Script("stopped_in_the_body", ["stop-in-body"], [LOST], "grace"),
    Script("a_body_that_is_shorter_than_announced", ["announce-more"], [LOST], "grace"),
    Script("an_answer_in_drops", [("drip", 1)]),

    # Another answer.
    Script("429_and_when_to_come_again", [asked_to_wait(429, 4)], [retry_after(4)], error="answered 429"),
    Script("503_and_when_to_come_again", [asked_to_wait(503, 2)], [retry_after(2)], error="answered 503"),
    Script("503_and_a_date", [asked_to_wait_until(503, 5)], [retry_after(5)]),
    Script("503_and_a_later_date", [asked_to_wait_until(503, 9)], [long_retry_after(9)], at={"failure 1": alarm}),
    Script("429_twice", [asked_to_wait(429, 3), asked_to_wait(429, 3)], [retry_after(3), SECOND_RETRY_AFTER],
           at={"failure 2": alarm}),
    Script("502", [("answer", 502)], [backoff()]),
    Script("504_with_a_page", [("answer", 504, {"Content-Type": "text/html"}, HTML)], [backoff()]),
    Script("503_that_is_cut", [("cut-answer", 503, {"Retry-After": "4"})], [retry_after(4)], error="not to the end"),
    Script("a_page_instead_of_json", [("answer", 200, {"Content-Type": "text/html"}, HTML)], [backoff()],
           error="captive portal"),
    Script("404", [("answer", 404)], [MISCONFIGURED], at={"failure 1": alarm}),
    Script("a_redirect", [("answer", 302, {"Location": "https://localhost/"})], [MISCONFIGURED],
           at={"failure 1": alarm}, error="redirect"),
    Script("the_end_of_the_grant", [("answer", 400, {}, '{"error": "invalid_grant"}')], ends="dead"),
    Script("502_of_a_gateway_after_it_rotated_with_grace", [("replace", 502)], [backoff()], "grace"),
    Script("502_of_a_gateway_after_it_rotated", [("replace", 502)], [backoff()], ends="dead"),
    Script("a_bad_day", ["refuse", "drop-before", ("answer", 502)], [backoff(), LOST, SECOND_FAILURE],
           at={"failure 3": alarm}),

    # Signals meanwhile.
    Script("an_alarm_while_it_hangs", [("delay-before", 1.5)], at={"hold 1": alarm}),
    Script("an_alarm_while_the_answer_is_lost", ["drop-before"], [LOST], at={"failure 1": alarm}),
    Script("an_alarm_while_asked_to_wait", [asked_to_wait(429, 8)], [long_retry_after(8)], at={"failure 1": alarm}),
    Script("an_alarm_during_backoff", ["drop-before", ("answer", 502)], [LOST, SECOND_FAILURE],
           at={"failure 2": alarm}),
    Script("executed_anew_while_it_hangs", [("delay-after", 1.5)], at={"hold 1": hang_up}),
    # What is left of a time is read in whole seconds.
    Script("executed_anew_while_asked_to_wait", [asked_to_wait(503, 4)],
           [dataclasses.replace(retry_after(4), came=(3, 9))], at={"failure 1": hang_up}),
    Script("executed_anew_while_the_answer_is_lost", ["drop-after"], [dataclasses.replace(LOST, came=(0, 1))], "grace",
           at={"failure 1": hang_up}),

    # Tokens that live for 8 s; nobody asks for their renewal.
    Script("shorter_than_the_token_lives", ["drop-before"], [LOST], "short"),
    Script("every_second_renewal_fails", ["drop-before", "pass", "drop-before"], [LOST, LOST], "short", renewals=2),
    Script("longer_than_the_token_lives", [asked_to_wait(503, 7)], [retry_after(7, 7)], "short", gap=True),
    Script("longer_than_the_token_lives_in_two_steps", [asked_to_wait(503, 4), asked_to_wait(503, 4)],
           [retry_after(4), retry_after(4, 10)], "short", gap=True),

    # The end of the session.
    Script("the_session_ends_while_it_hangs", ["hang-before"], ends="left", at={"hold 1": end_session}),
    Script("the_session_ends_while_the_answer_is_late", [("delay-after", 1.5)], ends="left",
           at={"hold 1": end_session}, revocations=4),
    Script("the_session_ends_while_asked_to_wait", [asked_to_wait(503, 30)], [long_retry_after(30)], ends="left",
           at={"failure 1": end_session}),
    Script("a_revocation_that_is_dropped", [], farewell=["drop-before"], revocations=1, kept=True,
           told="revoke_failed"),
    Script("a_revocation_that_is_refused_a_connection", [], farewell=["close"], revocations=1, kept=True,
           told="revoke_failed"),
    Script("a_revocation_that_hangs", [], farewell=["hang-before"], revocations=1, kept=True,
           told="revoke_failed"),
    Script("a_revocation_with_a_wrong_certificate", [], farewell=["wrong-host"], revocations=1, kept=True,
           told="revoke_failed"),
    Script("revocations_that_are_answered_503", [], farewell=[("answer", 503), ("answer", 503)], kept=True,
           told="revoke_failed"),
    Script("a_revocation_of_the_refresh_token_that_is_answered_503", [], farewell=[("answer", 503)], kept=True,
           told="revoke_failed"),
    Script("a_revocation_of_the_access_token_that_is_answered_503", [], farewell=["pass", ("answer", 503)],
           told="revoke_failed"),
    Script("a_revocation_whose_answer_is_lost", [], farewell=["drop-after"], revocations=1,
           told="revoke_failed"),
    Script("a_revocation_that_is_late", [], farewell=[("delay-before", 1)]),
]


# ---- one session ---------------------------------------------------------------------------

class Stage:
    """The providers of the modes that are needed, and what their proxies need."""

    def __init__(self, modes):
        self.providers, self.certificates = {}, {}
        self.logging_in = threading.Semaphore(4)
        with concurrent.futures.ThreadPoolExecutor(len(MODES)) as pool:
            list(pool.map(self._start, modes))

    def _start(self, mode):
        provider = Provider(f"/tmp/provider/{mode}", f"{DIRECTORY}/{mode}.crt")
        self.providers[mode] = provider.start(**MODES[mode])
        self.certificates[mode] = Certificates(provider.state)

    def close(self):
        for provider in self.providers.values():
            provider.stop()


class Play:
    """One session that lives through one script, and all there is to be seen of it."""

    def __init__(self, number, script, stage):
        self.script, self.stage = script, stage
        self.name, self.user = f"faults{number}", USERS[number % len(USERS)]
        self.provider = stage.providers[script.mode]
        self.error, self.leaves, self.done = None, False, set()
        self.failed, self.last = [], {}
        self.alive = self.alive_after = ()
        self.began = self.left = self.left_at = self.closing = None

    def run(self):
        try:
            with FaultProxy(self.stage.certificates[self.script.mode],
                            int(self.provider.issuer.rsplit(":", 1)[1])) as self.proxy:
                self._configure()
                with self.stage.logging_in:
                    self._log_in()
                self.began = len(self.proxy.log)
                self.proxy.play(*self.script.steps)
                if self.script.mode != "short":
                    alarm(self)
                self._watch()
                self._log_out()
        except Exception as error:  # pylint: disable=broad-except  # it is this script's
            self.error = str(error)[:5000]  # and not the whole log
            self._abandon()

    def _abandon(self):
        """What goes wrong here is nothing to the others."""
        with contextlib.suppress(AttributeError, OSError):
            self.app.child.kill(signal.SIGKILL)
            self.app.child.wait()
            self._end_reader()

    def _end_reader(self):
        with open(self.reading, encoding="ascii") as file:
            reader = int(file.readline().split()[1])
        os.kill(reader, signal.SIGTERM)
        wait_until(lambda: not is_alive(reader), "the reader is gone")

    def _configure(self):
        path, base = f"{DIRECTORY}/{self.name}.conf", f"https://localhost:{self.proxy.port}"
        with open(path, "w", encoding="ascii") as file:
            file.write(textwrap.dedent(f"""\
                [provider]
                issuer = {self.provider.issuer}
                client_id = pam-public
                timeout = {TIMEOUT}
                ca_file = {self.provider.ca_file}
                token_endpoint = {base}/token
                revocation_endpoint = {base}/token/revocation
                jwks_uri = {self.provider.jwks_uri}
                [login]
                grant = password
                """))
        os.chmod(path, 0o644)
        stack(self.name, AUTH.replace(".so", f".so config={path}", 1) + KEYINIT_REVOKE
              + f"session required pam_oidc_session.so config={path}\n")

    def _log_in(self):
        self.reading = f"{DIRECTORY}/{self.name}.read"
        self.app = PamApp(self.name, self.user, "authenticate", "acct", "establish", "open",
                          'run:echo "keys $OIDC_ACCESS_TOKEN_KEY $(keyctl search @s user oidc:status)"'
                          ' "$(keyctl show @s | awk "NR == 2 { print \\$1 }")";'
                          f" setsid python3 {DIRECTORY}/reader.py $OIDC_ACCESS_TOKEN_KEY {self.reading}"
                          " >/dev/null 2>&1 </dev/null &", "wait", "close", "end")
        self.app.line("secret: .*")
        self.app.answer(f"CANARY-pw-{self.user}")
        self.app.line("open: PAM_SUCCESS")
        found = self.app.line(r"keys (\d+) (\d+) (\d+)")
        self.token_key, self.status_key, self.session = (int(number) for number in found.groups())
        self.app.line("waiting")
        self.helper = int(self.status()["helper_pid"])
        wait_until(self.read, "the reader reads")

    def status(self):
        lines = content(READ, self.status_key).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def read(self):
        """(time, what) as the reader has seen it."""
        with contextlib.suppress(FileNotFoundError), open(self.reading, encoding="ascii") as file:
            lines = [line.split() for line in file.read().splitlines(keepends=True) if line.endswith("\n")]
            return [(float(at), what) for at, what in lines[1:]]
        return []

    # ---- what happens ----

    def _act(self, moment):
        if moment not in self.done:
            self.done.add(moment)
            if moment in self.script.at:
                self.script.at[moment](self)

    def _is_over(self):
        now = self.last = self.status()
        if int(now["failures"]) > len(self.failed) - self.recovered:
            self.failed.append(now)
            # Not the failure of the connection before the one that is refused.
            if self.proxy.refuses and len(self.failed) + int(now["renewals"]) > len(self.proxy.log) - self.began:
                self.proxy.pass_refusal()
            self._act(f"failure {len(self.failed)}")
        if now["failures"] == "0":
            self.recovered = len(self.failed)
        for number in range(self.proxy.holds):
            self._act(f"hold {number + 1}")
        return self.leaves or now["state"] == "login_required" or int(now["renewals"]) >= self.script.renewals

    def _watch(self):
        self.recovered = 0
        try:
            wait_until(self._is_over, "the end of the script", SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{self.last}\n{self.proxy.log}\n{error}") from error
        if hang_up in self.script.at.values():
            wait_until(lambda: executed_anew(self), "the program was executed anew")
        self.alive = self.provider.control("alive")

    def _unreadable(self):
        found = self.read()
        return found and not is_digest(found[-1][1])

    def _log_out(self):
        self.proxy.play(*self.script.farewell)
        self.left, self.left_at = len(self.proxy.log), time.time()
        self.app.answer()
        self.app.line("close: PAM_SUCCESS")
        self.closing = time.time() - self.left_at
        wait_until(self._unreadable, "the token cannot be read")
        assert "end: PAM_SUCCESS" in self.app.finish()
        wait_until(lambda: not is_alive(self.helper), "the helper is gone")
        self._end_reader()
        wait_until(self._settled, "the last connection")
        self.alive_after = self.provider.control("alive")

    def _settled(self):
        """Also the exchange that nobody waits for has done what it had to."""
        return all("ms" in entry for entry in self.proxy.log) and len(self.revocations()) >= self.script.revocations

    # ---- what was seen ----

    def attempts(self):
        """The renewals, also those that did not come so far that this could be seen."""
        return [entry for entry in self.proxy.log[self.began:self.left] if entry["route"] in (None, RENEW)]

    def logged(self):
        """The events of the helper's lines about this session, in order."""
        lines = [line for line in syslog_text().splitlines() if "oidc-session-helper" in line and ".debug " not in line]
        tails = [TAIL.search(line) for line in lines if not CANARY.search(line.encode())]
        return [tail.group(1) for tail in tails if tail and tail.group(2) == str(self.session)]

    def revocations(self):
        begin = self.began if self.script.ends == "dead" else self.left
        return [entry for entry in self.proxy.log[begin:] if entry["route"] == "revocation"
                or (entry["route"] is None and begin == self.left)]

    def issued(self, name):
        """Digests of what the provider issued in this session, whoever has seen it."""
        return {entry["issued"][name] for entry in self.proxy.log if name in entry.get("issued", ())}

    def known(self):
        """The log as the client can know it."""
        return [entry if answered(entry) and entry["status"] == 200 else {**entry, "issued": {}}
                for entry in self.proxy.log]

    def tokens(self, name):
        """Digests of what the session had, in order: what the client was given, and could store."""
        given = [entry["issued"][name] for entry in in_order(self.known()) if name in entry.get("issued", ())]
        return given[:int(self.last["renewals"]) + 1]


@pytest.fixture(scope="module")
def plays(request, installed):
    """The scripts that were selected: name → Play, all of them over."""
    chosen = [item.callspec.params["script"] for item in request.session.items
              if item.module is request.module and "script" in item.callspec.params]
    os.makedirs(DIRECTORY)
    os.chmod(DIRECTORY, 0o1777)
    with open(f"{DIRECTORY}/reader.py", "w", encoding="ascii") as file:
        file.write(READER)
    stage = Stage({script.mode for script in chosen})
    begin = time.monotonic()
    # Those first that take long.
    chosen.sort(key=lambda script: script.mode != "short")
    made = [Play(number, script, stage) for number, script in enumerate(chosen)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(Play.run, made))
    print(f"{len(made)} scripts in {time.monotonic() - begin:.1f} s")  # for whoever wants to know: pytest -s
    yield {play.script.name: play for play in made}
    stage.close()
    shutil.rmtree(DIRECTORY)


# ---- what must be so ---------------------------------------------------------------------------

@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_session_lives_through(plays, script):
    play = plays[script.name]
    assert play.error is None, play.error
    try:
        check_requests(play)
        check_times(play)
        check_status(play)
        check_reader(play)
        check_end(play)
        check_log(play)
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *map(str, play.proxy.log), *map(str, play.failed), str(play.last),
                                        *map(str, play.read()), f"left at {play.left_at}"])) from error


def check_requests(play):
    """How many there were, one at a time, and with which refresh token; the provider has seen the same."""
    script, attempts = play.script, play.attempts()
    expected = {"renewed": len(script.failures) + script.renewals, "dead": len(script.failures) + 1,
                "left": len(script.steps)}
    assert [attempt["step"] for attempt in attempts] == (
        [step if isinstance(step, str) else step[0] for step in script.steps] + ["pass"] * 99)[:expected[script.ends]]
    assert not [entry for entry in play.proxy.log[play.left:] if entry["route"] == RENEW], "after the end"
    assert not overlapping(attempts)
    assert not outdated(play.known())
    mine = [request for request in play.provider.requests(RENEW)
            if request["presented"] in play.issued("refresh_token")]
    assert len(mine) == len([attempt for attempt in attempts if attempt.get("handled")])
    assert not overlapping(mine)


def check_times(play):
    attempts = play.attempts()
    pairs = [(earlier, later) for earlier, later in zip(attempts, attempts[1:]) if earlier.get("status") != 200
             or "issued" not in earlier]
    for failure, now, (earlier, later) in zip(play.script.failures, play.failed, pairs):
        # In whole seconds, and the client may see the end before it is in the log.
        planned = int(now["renew_at"]) - ended(earlier) / 1000
        assert failure.least - 1.1 <= planned <= failure.most + SLACK, (failure, planned)
        least, most = failure.came or (failure.least, failure.most)
        assert least - 0.1 <= gap(earlier, later) <= most + SLACK, (failure, gap(earlier, later))


def check_status(play):
    script, now = play.script, play.last
    failures = len(script.failures) + (script.ends == "dead")
    assert [one["renew_reason"] for one in play.failed[:len(script.failures)]] == [
        failure.reason for failure in script.failures]
    assert len(play.failed) == failures
    if failures:
        assert re.search(script.error, play.failed[0]["last_error"]), play.failed[0]
    if script.ends == "renewed":
        assert (now["state"], now["failures"], now["renewals"]) == ("active", "0", str(script.renewals))
        assert "last_error" not in now and "unanswered_since" not in now
        assert {play.tokens("access_token")[-1], play.tokens("refresh_token")[-1]} <= set(play.alive)
    elif script.ends == "dead":
        assert now["state"] == "login_required" and now["last_error"]
        assert "renew_at" not in now and "unanswered_since" not in now
        assert (not script.failures) or "answer" in now["last_error"]
    else:
        assert now["state"] == ("retrying" if script.failures else "active")


def holes(seen):
    """(begin, end, errno) of the times when there was no token; end is None at the end."""
    found, before = [], "0" * 12
    for at, what in seen:
        if is_digest(before) and not is_digest(what):
            found.append((at, None, what))
        elif is_digest(what) and not is_digest(before):
            begin, _, reason = found[-1]
            found[-1] = (begin, at, reason)
        before = what
    return found


def check_reader(play):
    script, attempts = play.script, play.attempts()
    *seen, (over, reads) = play.read()
    assert int(reads) >= 10 * (over - seen[0][0]), "it did look closely"
    # Each token that the client was given, in order; nothing else, nothing twice, and no half of one.
    assert [what for _, what in seen if is_digest(what)] == play.tokens("access_token")
    *gaps, (end, _, _) = holes(seen)
    if script.ends == "dead":
        assert 0 <= end - ended(attempts[-1]) / 1000 <= SLACK
    else:
        assert 0 <= end - play.left_at <= SLACK
    assert len(gaps) == (1 if script.gap else 0), gaps
    for begin, back, what in gaps:
        issued = in_order(play.known())[0]["at"] / 1000
        assert what == "EKEYEXPIRED"
        # Clocks are read in seconds; the login has asked before it was connected.
        assert issued + TTL - 1.5 <= begin <= issued + TTL + 0.5
        assert 0 <= back - attempts[-1]["at"] / 1000 <= SLACK


def check_end(play):
    script, revocations = play.script, play.revocations()
    assert len(revocations) == script.revocations
    assert play.closing <= SLACK
    left = (play.issued("access_token") | play.issued("refresh_token")) & set(play.alive_after)
    assert bool(left) == script.kept, left
    if revocations[0]["route"]:
        assert revocations[0]["presented"] == play.tokens("refresh_token")[-1], "what was stored last"


def check_log(play):
    """A failure is a line, those after it are none until it is renewed again, and the end is a line."""
    script, expected = play.script, []
    if script.failures:
        expected += ["renew_failed"] * (1 if script.renewals == 1 else len(script.failures))
    if script.failures and script.ends == "renewed":
        expected += ["renewed"] * (1 if script.renewals == 1 else len(script.failures))
    if script.ends == "dead":
        expected += ["grant_over"]
    *others, last = play.logged()
    assert sorted(others) == sorted(expected)
    assert last == script.told


@pytest.mark.parametrize("step", ["drop-befor", ("drip",), ("answer", 503, {}, "", "more"), ("untrusted", 1)])
def test_a_script_that_is_misspelt_is_refused(step, installed):
    with pytest.raises((ValueError, TypeError)):
        FaultProxy.play(None, step)
