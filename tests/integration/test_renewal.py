# SPDX-License-Identifier: MIT
"""What happens to the tokens while a session lives."""
import base64
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import signal
import time

import pytest

from conftest import (CANARY, UIDS, PamApp, configure, helpers, keys, leftovers, payload, run, ssh, ssh_device_login,
                      stack, status, the_key, wait_until)

RENEW = "token:refresh_token"
BAD = r"^\S+\.(emerg|alert|crit|err|warning) .*oidc.session"
FAILED = {"answer": {"status": 500}}


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    stack("sshd")
    stack("renewal")
    configure(provider, login_grant="password")


class Session:
    """A session of pamapp by the password grant, with a shell of the user's that takes commands."""
    shell = 'run:while read -r line && [ "$line" != . ]; do eval "$line"; echo; echo "= $?"; done'

    def __init__(self, user="alice"):
        self.app = PamApp("renewal", user, "authenticate", "establish", "open", self.shell, "close", self.shell,
                          "delete", "end")
        self.app.expect("secret: Password: ")
        self.app.answer(f"CANARY-pw-{user}")
        self.app.line("authenticate: PAM_SUCCESS")
        self.told = self.app.child.before
        self.app.line("open: PAM_SUCCESS")

    def run(self, command):
        """What it wrote, standard error as well."""
        self.app.answer(f"{{ {command}; }} 2>&1")
        return self.app.expect(r"(?m)^= \d+\r?\n").before.strip("\n")

    def token(self):
        return self.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"')

    def status(self):
        """As the user reads it: one that was destroyed comes back as a key that root does not see."""
        text = self.run('keyctl pipe "$(keyctl search @s user oidc:status)"')
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def close(self):
        """Afterwards nothing can be read, also by what is left of the session."""
        ring = self.run("keyctl show @s")
        serials = re.findall(r"(?m)^ *(\d+) .*user: oidc:", ring)
        self.app.answer(".")
        self.app.line("close: PAM_SUCCESS")
        for serial in serials:
            seen = self.run(f"keyctl pipe {serial}")
            assert re.match("keyctl_[a-z_]+: ", seen), f"{seen} of:\n{ring}"
        self.app.answer(".")
        for step in ("delete", "end"):
            self.app.line(f"{step}: PAM_SUCCESS")
        self.app.finish()


def closed(session):
    session.close()
    wait_until(lambda: not leftovers(), "helper and keys gone")


def alarm():
    (pid,) = helpers()
    os.kill(pid, signal.SIGALRM)


def renew():
    """One successful renewal, now."""
    before = int(status()["renewals"])
    alarm()
    wait_until(lambda: int(status()["renewals"]) == before + 1, "a renewal")


def expires_at():
    return int(payload(the_key("oidc:expires_at")))


def wait_state(state, seconds=15):
    return wait_until(lambda: (now := status())["state"] == state and now, f"state {state}", seconds)


# ---- without a gap -----------------------------------------------------------------

# In the session, as the user: reads every 20 ms, prints each new token, and at the end how many reads there were and
# how many of them gave no valid token.  It ends with the fourth token.
READER = """\
import ctypes, sys, time
library = ctypes.CDLL("libkeyutils.so.1")
def read(key):
    buffer = ctypes.create_string_buffer(32768)
    n = library.keyctl_read(key, buffer, len(buffer))
    return buffer.raw[:n] if 0 <= n <= len(buffer) else b""
access, expires = map(int, sys.argv[1:])
seen, reads, bad = [], 0, 0
while len(seen) < 4 and reads < 1500:
    token, at = read(access), read(expires)
    reads += 1
    bad += not token or not at.isdigit() or int(at) <= time.time()
    if token and token not in seen:
        seen.append(token)
        print("token", token.decode(), flush=True)
    time.sleep(0.02)
print("reads", reads, "bad", bad, flush=True)
"""


def test_a_reader_never_misses_a_valid_token_over_three_renewals(provider):
    provider.start(ACCESS_TTL=5)
    configure(provider)
    with open("/tmp/reader.py", "w", encoding="ascii") as file:
        file.write(READER)
    session = ssh_device_login(provider)
    serial, expires = the_key("oidc:access_token").serial, the_key("oidc:expires_at").serial
    session.enter(f"python3 /tmp/reader.py $OIDC_ACCESS_TOKEN_KEY {expires}")
    seen = []
    for _ in range(4):
        session.expect(r"token (\S+)\r\n")
        seen.append(session.child.match.group(1))
        assert provider.is_active(seen[-1])
    session.expect(r"reads (\d+) bad (\d+)\r\n")
    reads, bad = map(int, session.child.match.groups())
    assert bad == 0
    assert reads > 100  # it did look closely
    assert len(set(seen)) == 4
    assert the_key("oidc:access_token").serial == serial
    session.expect(re.escape(session.prompt))
    assert session.run("echo $OIDC_ACCESS_TOKEN_KEY") == str(serial)
    assert int(status()["renewals"]) >= 3
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(seen[-1])


def test_each_renewal_moves_expires_at_and_renew_at_and_is_counted(provider):
    session = Session()
    before, serial = status(), the_key("oidc:access_token").serial
    wait_until(lambda: time.time() >= int(before["renewed_at"]) + 1, "the next second")
    renew()
    now = status()
    assert (now["state"], now["renewals"], now["failures"]) == ("active", "1", "0")
    assert int(now["renewed_at"]) > int(before["renewed_at"])
    assert expires_at() == int(now["renewed_at"]) + 300
    assert int(now["renewed_at"]) < int(now["renew_at"]) < expires_at()
    assert the_key("oidc:access_token").serial == serial
    assert "last_error" not in now
    closed(session)


# ---- sizes and numbers -----------------------------------------------------------------

def sha256(token):
    return hashlib.sha256(token).hexdigest()


@pytest.mark.parametrize("size", [6000, 20000])
def test_a_large_token_survives_login_renewal_and_logout(provider, size):
    provider.start(TOKEN_SIZE=size)
    session = Session()
    serial = the_key("oidc:access_token").serial
    assert len(payload(serial)) == size == len(payload(the_key("oidc:refresh_token")))
    renew()
    token, refresh = payload(serial), payload(the_key("oidc:refresh_token"))
    assert len(token) == size == len(refresh)
    seen = session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY" | sha256sum')
    assert seen.split()[0] == sha256(token)
    assert provider.is_active(token) and provider.is_active(refresh)
    closed(session)
    assert not provider.is_active(token) and not provider.is_active(refresh)


def test_ten_sessions_of_one_user_at_once_have_ten_large_tokens(provider):
    provider.start(TOKEN_SIZE=4000)

    def login(_number):
        terminal = ssh("alice", "password")
        terminal.expect("assword: ")
        terminal.enter("CANARY-pw-alice")
        return terminal.shell()

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        sessions = list(pool.map(login, range(10)))
        tokens = {key.serial: payload(key) for key in keys("^oidc:access_token$")}
        refresh = [payload(key) for key in keys("^oidc:refresh_token$")]
        assert len(set(tokens.values())) == 10 == len(set(refresh)) == len(helpers())
        assert {len(token) for token in tokens.values()} == {4000}
        mine = [int(session.run("echo $OIDC_ACCESS_TOKEN_KEY")) for session in sessions]
        assert set(mine) == set(tokens)
        for session, serial in zip(sessions, mine):
            seen = session.run('keyctl pipe "$(keyctl search @s user oidc:access_token)" | sha256sum')
            assert seen.split()[0] == sha256(tokens[serial])
        list(pool.map(lambda session: session.logout(), sessions))
    wait_until(lambda: not leftovers(), "all helpers and keys gone")
    assert not any(provider.is_active(token) for token in [*tokens.values(), *refresh])


def test_closing_one_of_two_sessions_of_a_user_leaves_the_other(provider):
    first = Session()
    one, one_refresh = the_key("oidc:access_token"), payload(the_key("oidc:refresh_token"))
    one_token, one_helper = payload(one), helpers()
    second = Session()
    (two,) = [key for key in keys("^oidc:access_token$") if key.serial != one.serial]
    two_token = payload(two)
    assert two_token != one_token
    assert first.token() == one_token.decode() and second.token() == two_token.decode()
    assert "Permission denied" in second.run(f"keyctl pipe {one.serial}")
    second.close()
    wait_until(lambda: helpers() == one_helper, "the second helper gone")
    assert not provider.is_active(two_token)
    assert first.token() == one_token.decode()
    assert provider.is_active(one_token) and provider.is_active(one_refresh)
    renew()
    assert provider.is_active(first.token())
    closed(first)


# ---- what a renewal brings, and does not ----------------------------------------------------

def test_a_provider_that_does_not_rotate_keeps_the_refresh_token(provider):
    provider.start(ROTATE="never")
    session = Session()
    refresh, token = payload(the_key("oidc:refresh_token")), payload(the_key("oidc:access_token"))
    renew()
    assert payload(the_key("oidc:access_token")) != token
    assert payload(the_key("oidc:refresh_token")) == refresh
    provider.faults(**{RENEW: {"times": 1, "remove": ["refresh_token"]}})
    renew()
    assert payload(the_key("oidc:refresh_token")) == refresh
    renew()
    assert provider.is_active(session.token())
    closed(session)
    assert not provider.is_active(refresh)


def test_a_rotated_refresh_token_replaces_the_old_one(provider):
    session = Session()
    refresh, serial = payload(the_key("oidc:refresh_token")), the_key("oidc:refresh_token").serial
    renew()
    new = payload(the_key("oidc:refresh_token"))
    assert new != refresh and the_key("oidc:refresh_token").serial == serial
    assert provider.is_active(new)
    renew()  # with the new one, or the provider would end the grant
    closed(session)


def test_a_renewal_without_an_id_token_keeps_the_old_one(provider):
    session = Session()
    key = the_key("oidc:id_token")
    old = payload(key)
    provider.faults(**{RENEW: {"times": 1, "remove": ["id_token"]}})
    wait_until(lambda: time.time() >= int(status()["renewed_at"]) + 1, "the next second")
    renew()
    assert payload(key) == old
    renew()
    new = payload(key)
    assert new != old and new.count(b".") == 2
    closed(session)


# ---- when ------------------------------------------------------------------------------------

@pytest.mark.parametrize("setting, first, earliest, latest", [
    ("0", 0, 0, 0), ("50%", 261, 187, 150), ("60", 240, 120, 60), ("auto", 231, 97, 30), (None, 231, 97, 30),
    ("99999", 291, 277, 270),
])
def test_before_expiry_is_when_the_renewal_is_planned(provider, setting, first, earliest, latest):
    configure(provider, login_grant="password", renewal_before_expiry=setting)
    session = Session()
    assert first >= expires_at() - int(status()["renew_at"]) >= latest
    renew()
    assert earliest >= expires_at() - int(status()["renew_at"]) >= latest
    closed(session)


def test_before_expiry_0_renews_an_expired_token_under_the_same_serial(provider):
    configure(provider, login_grant="password", renewal_before_expiry="0")
    provider.faults(**{"token:password": {"set": {"expires_in": 2}}, RENEW: {"delay_before": 500}})
    session = Session()
    serial, end, start = the_key("oidc:access_token").serial, expires_at(), len(provider.requests(RENEW))
    wait_until(lambda: status()["renewals"] == "1", "the renewal at expiry")
    (request,) = provider.requests(RENEW)[start:]
    assert end * 1000 <= request["at"] <= (end + 2) * 1000
    assert the_key("oidc:access_token").serial == serial
    assert provider.is_active(session.token())
    closed(session)


def test_sigalrm_renews_now_and_only_once_at_a_time(provider):
    session = Session()
    old, start = session.token(), len(provider.requests(RENEW))
    provider.faults(**{RENEW: {"times": 1, "delay_before": 700}})
    alarm()
    wait_until(lambda: provider.in_flight(RENEW) == 1, "a renewal in flight")
    alarm()
    alarm()
    assert session.token() == old
    wait_until(lambda: status()["renewals"] == "1", "the renewal")
    assert session.token() != old and provider.is_active(session.token())
    closed(session)
    assert len(provider.requests(RENEW)) == start + 1


# ---- a new program ---------------------------------------------------------------------------

def command_line(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().split(b"\0")


@pytest.fixture
def replaced_program():
    """Puts another copy of the helper into its place, as the upgrade of a package does."""
    def replace(pid):
        path = os.readlink(f"/proc/{pid}/exe")
        shutil.copy2(path, path + ".new")
        os.rename(path + ".new", path)
        assert os.readlink(f"/proc/{pid}/exe") == path + " (deleted)"
        return path
    return replace


def test_sighup_executes_the_new_program_with_the_same_schedule(replaced_program, provider):
    session = Session()
    (pid,) = helpers()
    before, token = status(), session.token()
    path = replaced_program(pid)
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: os.readlink(f"/proc/{pid}/exe") == path, "the new program")
    wait_until(lambda: b"--resume" in command_line(pid), "its command line")
    assert helpers() == [pid]
    assert status() == before
    renew()
    assert session.token() != token
    closed(session)


def test_sighup_keeps_renew_at_and_renews_when_it_is_due(provider):
    configure(provider, login_grant="password", renewal_before_expiry="0")
    provider.faults(**{"token:password": {"set": {"expires_in": 4}}})
    session = Session()
    (pid,) = helpers()
    before, start = status(), len(provider.requests(RENEW))
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: b"--resume" in command_line(pid), "a new program")
    assert status() == before
    wait_until(lambda: status()["renewals"] == "1", "the planned renewal")
    (request,) = provider.requests(RENEW)[start:]
    assert int(before["renew_at"]) * 1000 <= request["at"] <= (int(before["renew_at"]) + 2) * 1000
    closed(session)


def test_sighup_during_a_renewal_waits_until_its_tokens_are_stored(provider):
    session = Session()
    (pid,) = helpers()
    start = len(provider.requests("revocation"))
    provider.faults(**{RENEW: {"times": 1, "delay_before": 700}})
    alarm()
    wait_until(lambda: provider.in_flight(RENEW) == 1, "a renewal in flight")
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: b"--resume" in command_line(pid), "a new program")
    assert status()["renewals"] == "1"
    assert provider.is_active(session.token())
    assert len(provider.requests("revocation")) == start
    renew()
    closed(session)


# ---- destroyed by the user --------------------------------------------------------------------

SEARCH = "keyctl search @s user oidc:access_token"


@pytest.mark.parametrize("name", ["access_token", "id_token", "expires_at", "status"])
def test_a_key_that_the_user_destroyed_is_back_after_each_of_the_next_renewals(provider, log, name):
    session = Session()
    search = f"keyctl search @s user oidc:{name}"
    serial, old = session.run(search), session.run(f'keyctl pipe "$({search})"')
    session.run(f'keyctl invalidate "$({search})"')
    wait_until(lambda: not keys(f"^oidc:{name}$"), "the key gone")
    for number in (1, 2, 3):
        wait_until(lambda: int(time.time()) > provider.requests("token:password")[-1]["at"] / 1000 + number,
                   "the next second, so that each ID token is another")
        alarm()
        wait_until(lambda: session.status().get("renewals") == str(number), f"renewal {number}")
        # The new key is the user's, and root may not even see it.
        assert session.run(search).isdigit() and session.run(search) != serial
        new = session.run(f'keyctl pipe "$({search})"')
        assert new != old, f"after renewal {number}"
        assert session.status()["state"] == "active"
        old = new
    token = session.run(f'keyctl pipe "$({SEARCH})"')
    assert provider.is_active(token)
    assert not log.lines(BAD)
    closed(session)
    assert not provider.is_active(token)


def test_a_renewal_that_cannot_be_stored_for_now_does_not_cost_the_login(provider, log):
    # The key in place of a destroyed one counts against the user's quota, which is full.
    session = Session()
    full = session.run("keyctl newring full @s")
    for size in (1000, 30):
        session.run(f"i=0; while head -c {size} /dev/zero | tr '\\0' x | keyctl padd user {size}.$i {full};"
                    " do i=$((i + 1)); done >/dev/null 2>&1")
    session.run('keyctl invalidate "$OIDC_ACCESS_TOKEN_KEY"')
    # Until the quota of the destroyed one, root's, is given back.
    wait_until(lambda: not keys("^oidc:access_token$"), "the key gone")
    alarm()
    now = wait_state("retrying")
    assert "quota" in now["last_error"]
    session.run(f"keyctl clear {full}")
    alarm()
    wait_state("active")
    assert provider.is_active(session.run(f'keyctl pipe "$({SEARCH})"'))
    closed(session)
    assert "kernel.keys.maxbytes" in log.one("cannot renew, will try again")  # the user's sysctl


def test_a_user_who_destroys_the_whole_keyring_has_no_tokens_after_the_next_renewal(provider, log):
    session = Session()
    token, refresh = session.token(), payload(the_key("oidc:refresh_token"))
    session.run('keyctl invalidate "$(keyctl search @s keyring oidc)"')
    assert "CANARY" not in session.token()
    alarm()
    wait_until(lambda: not helpers(), "the helper gone")
    log.one("tokens removed and revoked")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    closed(session)


def test_the_token_in_place_of_a_destroyed_one_is_not_the_users_to_change_nor_others_to_read(provider):
    session = Session()
    session.run('keyctl invalidate "$OIDC_ACCESS_TOKEN_KEY"')
    renew()
    serial = session.run(SEARCH)
    for command in ("update {} x", "timeout {} 0", "setperm {} 0x3f3f0000", "revoke {}", "link {} @u"):
        assert "ermission denied" in session.run("keyctl " + command.format(serial)), command
    # Others, and another process of the same user that is not in the session.
    for user in ("bob", "alice"):
        refused = run("setpriv", f"--reuid={UIDS[user]}", f"--regid={UIDS[user]}", "--clear-groups", "--",
                      "keyctl", "session", "-", "sh", "-c", f"keyctl pipe {serial} 2>&1; true")
        assert "ermission denied" in refused and "CANARY" not in refused
    assert provider.is_active(session.run(f"keyctl pipe {serial}"))
    closed(session)


# ---- failures that pass ------------------------------------------------------------------------

@pytest.mark.parametrize("fault, least, most", [
    ({"answer": {"status": 500}}, 1, 5),
    ({"answer": {"status": 503, "body": {"error": "temporarily_unavailable"}}}, 1, 5),
    ({"answer": {"status": 429, "headers": {"Retry-After": "2"}}}, 2, 7),
    ({"answer": {"body": "<html>", "type": "text/html"}}, 1, 5),
    ({"drop": "before"}, 1, 1),
], ids=["500", "temporarily_unavailable", "429-retry-after", "200-html", "dropped"])
def test_after_a_passing_failure_it_tries_again_and_is_active(provider, log, fault, least, most):
    provider.faults(**{RENEW: {"times": 2, **fault}})
    session = Session()
    token, start = session.token(), len(provider.requests(RENEW))
    before = int(time.time())
    alarm()
    wait_until(lambda: status()["failures"] == "1", "a failure")
    now = status()
    assert now["state"] == "retrying" and now["last_error"] and now["renewals"] == "0"
    assert before + least <= int(now["renew_at"]) <= time.time() + most
    assert session.token() == token and provider.is_active(token)
    wait_until(lambda: status()["failures"] == "2", "the next failure by itself", 10)
    first, second = provider.requests(RENEW)[start:start + 2]
    assert (second["at"] - first["at"]) / 1000 >= least - 0.9
    alarm()
    now = wait_state("active")
    assert now["failures"] == "0" and now["renewals"] == "1" and "last_error" not in now
    assert session.token() != token and provider.is_active(session.token())
    assert log.one("cannot renew, will try again").startswith("authpriv.warning")
    assert log.one("renewed again").startswith("authpriv.notice")
    closed(session)


# A date is by the provider's clock, which is in the same answer.
@pytest.mark.parametrize("headers", [{"Retry-After": "99"}, {"Retry-After": "Fri, 15 Jan 2027 08:01:39 GMT",
                                                             "Date": "Fri, 15 Jan 2027 08:00:00 GMT"}],
                         ids=["seconds", "date"])
def test_what_the_provider_asks_for_is_kept_whoever_asks_us(provider, log, headers):
    provider.faults(**{RENEW: {"answer": {"status": 503, "headers": headers}}})
    session = Session()
    start, before = len(provider.requests(RENEW)), int(time.time())
    alarm()
    wait_until(lambda: status()["failures"] == "1", "a failure")
    now = status()
    # By chance later, because others are asked for the same; in time for the token.
    assert before + 99 <= int(now["renew_at"]) < expires_at()
    assert now["renew_reason"] == "retry_after"
    alarm()
    closed(session)  # its SIGTERM comes behind the alarm
    assert len(provider.requests(RENEW)) == start + 1
    assert len(log.lines(r"(notice|info|warning|err) .*oidc-session-helper")) == 2  # and the revocation


def test_a_lost_answer_of_a_provider_that_does_not_rotate_is_asked_for_again_at_once(provider, log):
    provider.start(ROTATE="never")
    session = Session()
    provider.faults(**{RENEW: {"times": 1, "drop": "after"}})
    start = len(provider.requests(RENEW))
    alarm()
    wait_until(lambda: status()["renewals"] == "1", "the renewal after the lost one")
    lost, good = provider.requests(RENEW)[start:]
    assert good["at"] - lost["at"] < 3000
    assert provider.is_active(session.token())
    log.one("cannot renew, will try again")
    closed(session)


def test_a_lost_answer_of_a_provider_that_ends_the_grant_on_reuse_requires_a_login(provider, log):
    session = Session()
    provider.faults(**{RENEW: {"times": 1, "drop": "after"}})
    alarm()
    wait_state("login_required")
    assert not keys("^oidc:(access|id|refresh)_token")
    log.one("the grant is over")
    closed(session)


@pytest.mark.parametrize("resumed", [False, True], ids=["", "although-executed-anew-meanwhile"])
def test_an_expired_token_cannot_be_read_and_comes_back_with_the_provider(provider, log, resumed):
    provider.faults(**{"token:password": {"set": {"expires_in": 3}}, RENEW: FAILED})
    session = Session()
    serial, end = the_key("oidc:access_token").serial, expires_at()
    wait_until(lambda: "Key has expired" in session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"'), "expiry")
    assert end <= time.time() < end + 1
    assert "CANARY" not in session.run('keyctl pipe "$(keyctl search @s user oidc:access_token)"')
    assert wait_state("retrying")["last_error"]
    if resumed:
        (pid,) = helpers()
        os.kill(pid, signal.SIGHUP)
        wait_until(lambda: b"--resume" in command_line(pid), "a new program")
    provider.faults()
    alarm()
    assert wait_state("active")["failures"] == "0"
    assert the_key("oidc:access_token").serial == serial
    assert provider.is_active(session.token())
    assert expires_at() > time.time() + 200
    refresh = payload(the_key("oidc:refresh_token"))
    assert provider.is_active(refresh)
    renew()
    log.one("cannot renew, will try again")
    log.one("renewed again")
    closed(session)


def test_a_provider_that_is_down_is_tried_again_until_it_is_up(provider, log):
    session = Session()
    provider.stop()
    try:
        alarm()
        now = wait_state("retrying")
        assert "localhost" in now["last_error"]
    finally:
        provider.start()
    wait_state("active", 20)
    assert provider.is_active(session.token())
    log.one("cannot renew, will try again")
    closed(session)


# ---- the end of a grant -----------------------------------------------------------------------------

def test_a_login_without_a_refresh_token_works_and_says_that_it_will_not_be_renewed(provider, log):
    provider.start(REFRESH_TOKENS="never")
    session = Session()
    assert "info: Your access token will not be renewed: the provider issued no refresh token." in session.told
    assert "no refresh token" in log.one(r"pam_oidc_session.*\.warning|warning.*pam_oidc_session")
    assert not keys("^oidc:refresh_token$")
    assert provider.is_active(session.token())
    now = status()
    assert now["state"] == "active" and int(now["renew_at"]) == expires_at()
    token = session.token()
    closed(session)
    assert not provider.is_active(token)


def test_sshd_shows_that_the_token_will_not_be_renewed(provider):
    provider.start(REFRESH_TOKENS="never")
    configure(provider)
    terminal = ssh()
    provider.approve(terminal.code())
    terminal.enter()
    terminal.expect("Your access token will not be renewed")
    terminal.shell().logout()


def test_without_a_refresh_token_a_login_is_required_when_the_token_expires(provider, log):
    provider.start(REFRESH_TOKENS="never")
    provider.faults(**{"token:password": {"set": {"expires_in": 2}}})
    start = len(provider.requests(RENEW))
    session = Session()
    assert the_key("oidc:access_token")
    end = expires_at()
    now = wait_state("login_required")
    assert time.time() >= end
    assert "renew_at" not in now
    assert not keys("^oidc:(access|id)_token$")
    assert "CANARY" not in session.token()
    log.one("the user must log in again")
    closed(session)
    assert len(provider.requests(RENEW)) == start


@pytest.mark.parametrize("how", ["revoked", "empty-401", "access_denied", "login_required"])
def test_the_end_of_the_grant_removes_the_tokens_and_is_never_retried(provider, log, how):
    session = Session()
    if how == "revoked":
        provider.control("revoke", {"user": "alice"})
    elif how == "empty-401":
        provider.faults(**{RENEW: {"answer": {"status": 401}}})
    else:
        provider.faults(**{RENEW: {"answer": {"status": 400, "body": {"error": how}}}})
    start = len(provider.requests(RENEW))
    alarm()
    now = wait_state("login_required")
    assert now["last_error"] and "renew_at" not in now and now["failures"] == "1"
    assert not keys("^oidc:(access|id|refresh)_token$")
    assert "CANARY" not in session.token()
    line = log.one("the grant is over, tokens removed; the user must log in again: .")
    assert line.startswith("authpriv.warning") and "user alice" in line
    wait_until(lambda: not helpers(), "the helper has nothing left to do", 12)
    assert "helper_pid" not in status()
    closed(session)
    assert len(provider.requests(RENEW)) == start + 1
    log.one("the grant is over")


# ---- lifetimes ---------------------------------------------------------------------------------------

JWT = {"provider_resource": "https://api.example.test/jwt",
       "provider_scope": "openid profile offline_access api:read"}


def jwt_exp(token):
    body = token.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))["exp"]


@pytest.mark.parametrize("change, lifetime", [
    ({"remove": ["expires_in"]}, 300), ({"set": {"expires_in": "77"}}, 77), ({"set": {"expires_in": 2592000}}, 2592000),
], ids=["absent", "a-string", "30-days"])
@pytest.mark.parametrize("route", ["token:password", RENEW])
def test_expires_in_may_be_absent_a_string_or_large(provider, route, change, lifetime):
    provider.start(ACCESS_TTL=600)
    provider.faults(**{route: change})
    session = Session()
    if route == RENEW:
        renew()
    now = status()
    assert expires_at() == int(now["renewed_at"]) + lifetime
    assert int(now["renewed_at"]) < int(now["renew_at"]) < expires_at()
    closed(session)


def test_without_expires_in_the_exp_of_a_jwt_counts(provider):
    provider.start(ACCESS_TTL=444)
    configure(provider, login_grant="password", **JWT)
    provider.faults(**{"token:password": {"remove": ["expires_in"]}, RENEW: {"remove": ["expires_in"]}})
    session = Session()
    assert expires_at() == jwt_exp(payload(the_key("oidc:access_token")))
    renew()
    assert expires_at() == jwt_exp(payload(the_key("oidc:access_token")))
    closed(session)


# ---- memory ---------------------------------------------------------------------------------------------

def memory(pid):
    """All of a process's memory that can be read."""
    found = b""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            match = re.match(r"(\w+)-(\w+) r", line)
            if match and not line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                start, end = (int(number, 16) for number in match.groups())
                mem.seek(start)
                found += mem.read(end - start)
    return found


def test_the_idle_helper_has_no_secret_in_its_memory(provider):
    path = "/etc/security/client-secret-memory"
    with open(path, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("CANARY-secret-basic\n")
    configure(provider, login_grant="password", provider_client_id="pam-basic",
              provider_client_auth="client_secret_basic", provider_client_secret_file=path)
    session = Session()
    (pid,) = helpers()
    secrets = {bytes(payload(key)) for key in keys("^oidc:(access|refresh|id)_token$")}
    assert b"alice" in memory(pid)  # so the search finds what is there
    assert not CANARY.search(memory(pid))
    renew()
    secrets |= {bytes(payload(key)) for key in keys("^oidc:(access|refresh|id)_token$")}
    assert not CANARY.search(memory(pid))
    provider.faults(**{RENEW: {"times": 1, **FAILED}})
    alarm()
    wait_state("retrying")
    assert not CANARY.search(memory(pid))
    renew()
    assert not CANARY.search(memory(pid))
    assert not any(secret[-20:] in memory(pid) for secret in secrets)
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: b"--resume" in command_line(pid), "a new program")
    renew()
    assert not CANARY.search(memory(pid))
    closed(session)
