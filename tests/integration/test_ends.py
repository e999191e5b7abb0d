# SPDX-License-Identifier: MIT
"""Everything that ends the tokens of a session, by the same yardstick: no key, no process, nothing that lives at the
provider.  test_closing.py looks closer at logout."""
import base64
import contextlib
import json
import os
import re
import signal
import time

import pytest

from conftest import exchanges, helpers, payload, run, wait_until
from renewals import (RENEW, alarm, close, digest, has_tokens, in_flight, in_order, keys_gone, living, renew, status,
                      the_key, wait_ended, wait_no_process, wait_state, wait_status)
from scenes import Grants, is_alive, opened, process, set_stage, ssh_password_login, wait_gone

READ = 'keyctl pipe "$OIDC_ACCESS_TOKEN_KEY" 2>&1'
SHOW_STATUS = 'keyctl pipe "$(keyctl search @s user oidc:status)"'


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    set_stage(provider)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def undisturbed(shell):
    """The session goes on, without tokens."""
    assert "CANARY" not in shell.run(READ)
    assert shell.run("echo undisturbed") == "undisturbed"


def logged_out(shell):
    shell.logout()
    wait_gone()


# ---- on this host -------------------------------------------------------------------------

def test_close_session(provider, grants):
    login = opened("close", "end")
    renew()
    close(login)
    wait_ended(provider, grants)


def test_the_death_of_the_login_program(provider, grants):
    login = opened("end")
    renew()
    login.child.kill(signal.SIGKILL)
    login.child.wait()  # a zombie keeps its keyrings
    wait_ended(provider, grants)


def test_a_session_keyring_that_the_user_revokes_ends_the_tokens_at_the_next_renewal_at_the_latest(
        provider, grants, log):
    provider.start(ACCESS_TTL=5)
    shell = ssh_password_login()
    access = payload(the_key("oidc:access_token"))
    shell.run("keyctl revoke @s")
    # Nobody in the session can reach the tokens any more, so nobody needs them.
    wait_ended(provider, grants, 12)
    assert not provider.is_active(access)
    log.one("tokens removed and revoked")
    undisturbed(shell)
    logged_out(shell)


def test_sigterm_to_the_helper_only(provider, grants, log):
    shell = ssh_password_login()
    renew()
    shell.run("pkill -TERM -f '^/[^ ]*/oidc-session-helper'")
    wait_ended(provider, grants)
    log.one("tokens removed and revoked")
    undisturbed(shell)
    logged_out(shell)


def test_sigterm_to_every_process_of_the_user(provider, grants):
    shell = ssh_password_login()
    renew()
    shell.run("sleep 600 &")
    run("pkill", "-TERM", "-u", "alice")
    wait_ended(provider, grants)
    shell.closed()
    wait_gone()


def session_processes(shell):
    """As in the session's cgroup: both of sshd's processes, the shell, and all that is ours."""
    bash, sshd = map(int, shell.run("echo $$ $PPID").split())
    monitor = int(process(sshd)["PPid"])
    assert process(monitor)["Name"].startswith("sshd") and process(monitor)["Uid"].split()[0] == "0"
    return [monitor, sshd, bash, *helpers(), *exchanges()]


@pytest.mark.parametrize("when", ["delay_before", "delay_after"])
def test_sigterm_to_every_process_of_the_session_at_once_during_a_renewal_as_when_the_host_shuts_down(
        provider, grants, when):
    """Whoever has asked for the new tokens may be dead when they come."""
    shell = ssh_password_login()
    in_flight(provider, **{when: 1500})
    if when == "delay_after":
        refresh = payload(the_key("oidc:refresh_token"))
        wait_until(lambda: not provider.is_active(refresh), "the refresh token has been rotated")
    pids = session_processes(shell)
    assert len(pids) == 5 and provider.in_flight(RENEW), "the renewal was over too early"
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # the shell goes with its terminal
            os.kill(pid, signal.SIGTERM)
    wait_until(keys_gone, "the keys gone", 2)
    wait_until(lambda: grants.requests(RENEW), "the renewal has ended at the provider")
    wait_ended(provider, grants)
    shell.closed()
    wait_gone()
    assert not any(is_alive(pid) for pid in pids)


# ---- at the provider -----------------------------------------------------------------------

def end_the_grant(provider):
    """All but the access token, which this provider would go on taking until it expires."""
    provider.control("revoke", {"user": "alice", "kinds": ["RefreshToken"]})


def test_a_grant_that_the_provider_ended_ends_the_tokens_and_the_helper_but_not_the_session(provider, grants, log):
    shell = ssh_password_login()
    access = payload(the_key("oidc:access_token"))
    end_the_grant(provider)
    assert provider.is_active(access)
    alarm()
    now = wait_state("login_required")
    assert "renew_at" not in now
    wait_ended_but_for_the_status(provider, grants)
    now = status()
    assert now["state"] == "login_required" and now["last_error"]
    assert "helper_pid" not in now, "nothing is left to do, and so nobody"
    assert (request := in_order(grants.requests(RENEW))[-1])["error"] == "invalid_grant", request
    assert digest(access) in grants.presented(), "the access token was revoked"
    # The user can see why.
    assert "state=login_required" in shell.run(SHOW_STATUS)
    undisturbed(shell)
    log.one("the grant is over, tokens removed; the user must log in again: ")
    logged_out(shell)
    assert len(grants.requests(RENEW)) == 1
    assert not log.lines(r"^\S+\.(err|crit) .*oidc.session")


def wait_ended_but_for_the_status(provider, grants, seconds=10):
    wait_until(lambda: not has_tokens(), "the tokens gone", 2)
    wait_until(lambda: not living(provider, grants), "all tokens revoked", seconds)
    wait_no_process(seconds)


def test_without_a_refresh_token_the_helper_ends_with_the_access_token(provider, grants):
    provider.start(REFRESH_TOKENS="never", ACCESS_TTL=3)
    login = opened("close", "end")
    wait_state("login_required")
    wait_ended_but_for_the_status(provider, grants)
    assert "helper_pid" not in status()
    close(login)


def test_logout_with_a_grant_that_is_over_does_not_wait_for_anything(provider, grants, log):
    login = opened("close", "end")
    end_the_grant(provider)
    alarm()
    wait_state("login_required")
    wait_no_process()
    provider.stop()
    try:
        start = time.monotonic()
        close(login)
        assert time.monotonic() - start < 3
    finally:
        provider.start()
    assert not log.lines("not revoked")


# ---- what is known beforehand --------------------------------------------------------------------

def claims(token):
    body = token.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))


def test_the_status_says_when_the_id_token_and_the_refresh_token_end(provider):
    provider.start(REFRESH_EXPIRES_IN=1, ID_TTL=123, REFRESH_TTL=10000)
    login = opened("close", "end")
    first = said(10000)
    wait_until(lambda: time.time() >= int(first["renewed_at"]) + 1, "the next second")
    renew()
    # Rotation gives the new one the whole time again.
    assert int(said(10000)["refresh_expires_at"]) > int(first["refresh_expires_at"])
    close(login)


def said(lifetime):
    now = status()
    assert int(now["id_expires_at"]) == claims(payload(the_key("oidc:id_token")))["exp"]
    assert abs(int(now["refresh_expires_at"]) - int(now["renewed_at"]) - lifetime) <= 1
    assert "warning" not in now
    return now


def test_a_provider_that_does_not_say_when_the_refresh_token_ends_is_not_guessed_at(provider):
    login = opened("close", "end")
    assert "refresh_expires_at" not in status() and "warning" not in status()
    renew()
    assert "refresh_expires_at" not in status() and "warning" not in status()
    close(login)


def test_before_the_refresh_token_ends_the_status_warns(provider, grants):
    """Without rotation no renewal puts off its end."""
    provider.start(REFRESH_EXPIRES_IN=1, REFRESH_TTL=14, ACCESS_TTL=5, ROTATE="never")
    login = opened("close", "end")
    end = int(status()["refresh_expires_at"])
    assert abs(end - int(status()["renewed_at"]) - 14) <= 1
    now = wait_until(lambda: "warning" in (now := status()) and now, "a warning")
    assert time.time() < end and now["state"] != "login_required"
    wait_until(lambda: int(status()["renewals"]) >= 1, "a renewal")
    assert abs(int(status()["refresh_expires_at"]) - end) <= 1
    assert "warning" in status()
    now = wait_state("login_required", 20)
    assert time.time() >= end - 1, "it was used as long as it was good"
    wait_ended_but_for_the_status(provider, grants)
    close(login)


def test_a_refresh_token_that_ends_before_the_access_token_is_used_in_time(provider):
    provider.start(REFRESH_EXPIRES_IN=1, REFRESH_TTL=300, ACCESS_TTL=3600)
    login = opened("close", "end")
    before = status()
    assert before["renew_reason"] == "grant_ends"
    assert int(before["renewed_at"]) < int(before["renew_at"]) < int(before["refresh_expires_at"])
    assert "warning" not in before, "it may be put off in time"
    wait_until(lambda: time.time() >= int(before["renewed_at"]) + 2, "the provider has another second")
    now = renew()
    # This provider puts it off, and so the next renewal, too.
    assert int(now["refresh_expires_at"]) > int(before["refresh_expires_at"])
    assert now["renew_reason"] == "grant_ends" and int(now["renew_at"]) < int(now["refresh_expires_at"])
    assert "warning" not in now
    close(login)


# ---- the user is told -------------------------------------------------------------------------------

def test_with_notify_one_line_on_the_terminal_says_that_the_user_must_log_in_again(provider):
    set_stage(provider, renewal_notify="yes")
    shell = ssh_password_login()
    end_the_grant(provider)
    alarm()
    shell.expect(r"(?i)([^\r\n]*\blog ?in\b[^\r\n]*)\r*\n")
    line = shell.child.match.group(1)
    assert re.fullmatch(r"[ -~]+", line), line
    assert not shell.child.before.strip(), "one line"
    wait_no_process()
    assert shell.run("echo undisturbed") == "undisturbed", "one line"
    logged_out(shell)


@pytest.mark.parametrize("setting", [None, "no"], ids=["default", "no"])
def test_without_notify_nothing_is_written_to_the_terminal(provider, setting):
    set_stage(provider, renewal_notify=setting)
    shell = ssh_password_login()
    end_the_grant(provider)
    alarm()
    wait_state("login_required")
    wait_no_process()
    assert shell.run("echo undisturbed") == "undisturbed"
    logged_out(shell)


def test_with_notify_a_renewal_that_fails_for_a_while_is_not_worth_a_line(provider):
    set_stage(provider, renewal_notify="yes")
    shell = ssh_password_login()
    provider.faults(**{RENEW: {"times": 1, "answer": {"status": 503}}})
    alarm()
    wait_state("retrying")
    wait_status(20, state="active", renewals="1")
    assert shell.run("echo undisturbed") == "undisturbed"
    logged_out(shell)


def test_with_notify_a_session_without_a_terminal_is_none_the_worse(provider, grants):
    set_stage(provider, renewal_notify="yes")
    login = opened("close", "end")
    end_the_grant(provider)
    alarm()
    wait_state("login_required")
    wait_ended_but_for_the_status(provider, grants)
    close(login)
