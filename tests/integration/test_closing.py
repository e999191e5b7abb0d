# SPDX-License-Identifier: MIT
"""The end of a session, however it comes: nothing readable, nothing put back, everything revoked."""
import contextlib
import hashlib
import os
import re
import signal
import time

import pytest

from conftest import CODE, exchanges, helpers, keys, payload, run, ssh, stack, the_key, wait_until
from scenes import (AUTH, KEYINIT, KEYINIT_REVOKE, RUN_PROBE, SERVICE, SESSION, Grants, Lingering, all_gone, app, elapsed,
                    is_alive, is_digest, opened, process, serials, set_stage, ssh_password_login, timeouts,
                    tokens_gone, wait_gone, write_calls)

SESSION_RING = -3
STACKS = {
    "pam_keyinit revokes before": KEYINIT_REVOKE + SESSION,
    "pam_keyinit does not revoke": KEYINIT + SESSION,
    "no pam_keyinit": SESSION,
}


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    set_stage(provider)


@pytest.fixture
def grants(provider):
    return Grants(provider)


@pytest.fixture
def lingering():
    reader = Lingering()
    yield reader
    with contextlib.suppress(IndexError, ProcessLookupError):
        os.kill(int(reader.lines()[0][2]), signal.SIGKILL)


def digest(token):
    return hashlib.sha256(token).hexdigest()[:12]


def tokens():
    """The present access and refresh tokens."""
    return payload(the_key("oidc:access_token")), payload(the_key("oidc:refresh_token"))


def reading_calls():
    """What a process of the session tries to get at the tokens."""
    ring = serials()
    return [["read", ring[name]] for name in ("oidc:access_token", "oidc:id_token", "oidc:expires_at", "oidc:status")] + [
        ["list", ring["oidc"]], ["search", SESSION_RING, "user", "oidc:access_token"],
        ["search", ring["oidc"], "user", "oidc:access_token"], ["search", SESSION_RING, "keyring", "oidc"],
        ["request", "user", "oidc:access_token"]]


def linger_in_shell(session, lingering):
    """A reader that the session leaves behind."""
    ring = serials()
    session.run(lingering.command(ring["oidc:access_token"], ring["oidc:id_token"], ring["oidc"]))
    lingering.started(digest(payload(the_key("oidc:access_token"))))


def nothing_came_back(lingering):
    """From the moment of the first refusal of a thing, that thing was refused for good."""
    refused = set()
    for what, result in lingering.end():
        assert not (what in refused and is_digest(result)), f"{what} was readable again"
        if not is_digest(result):
            refused.add(what)
    assert len(refused) >= 3


def killed(program):
    """SIGKILL; a zombie keeps its keyrings, so it is reaped, too."""
    program.child.kill(signal.SIGKILL)
    program.child.wait()


def in_flight(provider, **fault):
    """A renewal of the one session that hangs at the provider."""
    provider.faults(**{"token:refresh_token": {"times": 1, **fault}})
    os.kill(helpers()[0], signal.SIGALRM)
    wait_until(lambda: provider.in_flight("token:refresh_token"), "a renewal at the provider")


# ---- close_session -----------------------------------------------------------------------

@pytest.mark.parametrize("session", STACKS.values(), ids=STACKS)
def test_right_after_close_session_no_process_of_the_session_reads_a_token(provider, grants, log, session):
    set_stage(provider, session)
    login = opened(RUN_PROBE, "close", RUN_PROBE, "end")
    calls = reading_calls()
    write_calls(calls)
    login.answer()
    before = login.line(r"(\[.*\])").group(1)
    assert before.count('"') == 8, "four keys can be read, the rest found"
    login.line("close: PAM_SUCCESS")
    after = login.line(r"\[(.*)\]").group(1)
    assert re.findall(r'"(\w+)"', after) == [result.strip('" ') for result in after.split(",")]
    assert set(re.findall(r'"(\w+)"', after)) <= {"EACCES", "ENOKEY", "EKEYREVOKED"}, after
    assert "end: PAM_SUCCESS" in login.finish()
    wait_gone()
    grants.wait_revoked()
    log.one("session closed, tokens removed")
    log.one("tokens removed and revoked")


@pytest.mark.parametrize("session", STACKS.values(), ids=STACKS)
def test_what_lingers_after_logout_reads_nothing_any_more(provider, grants, lingering, session):
    set_stage(provider, session)
    shell = ssh_password_login()
    linger_in_shell(shell, lingering)
    shell.logout()
    lingering.refused()
    wait_gone()
    grants.wait_revoked()
    nothing_came_back(lingering)


@pytest.mark.parametrize("when", ["delay_before", "delay_after"])
@pytest.mark.parametrize("session", [KEYINIT_REVOKE + SESSION, SESSION], ids=["pam_keyinit revokes", "no pam_keyinit"])
def test_closing_with_a_renewal_in_flight_keeps_nothing_and_revokes_what_that_brings(
        provider, grants, log, lingering, session, when):
    set_stage(provider, session)
    login = opened("run:" + lingering.command("$(cat /tmp/serials)"), "wait", "close", RUN_PROBE, "end")
    ring, (_, refresh) = serials(), tokens()
    with open("/tmp/serials", "w", encoding="ascii") as file:
        print(ring["oidc:access_token"], ring["oidc:id_token"], ring["oidc"], file=file)
    write_calls(reading_calls())
    login.answer()
    login.line("waiting")
    lingering.started(digest(payload(the_key("oidc:access_token"))))
    in_flight(provider, **{when: 2500})
    if when == "delay_after":  # it is handled: the provider knows the new tokens, nobody else does
        wait_until(lambda: not provider.is_active(refresh), "the refresh token has been rotated")
    assert provider.in_flight("token:refresh_token"), "the renewal was over too early"
    login.answer()
    assert elapsed(lambda: login.line("close: PAM_SUCCESS")) < 1
    after = login.line(r"\[(.*)\]").group(1)
    assert set(re.findall(r"[^, ]+", after)) <= {'"EACCES"', '"ENOKEY"', '"EKEYREVOKED"'}, after
    assert provider.in_flight("token:refresh_token"), "the renewal was over before the session"
    login.finish()
    wait_until(lambda: grants.requests("token:refresh_token"), "the renewal has ended")
    wait_until(lambda: not exchanges() and all_gone(), "exchange, helper and keys gone")
    renewed = grants.issued("token:refresh_token")
    assert len(renewed) == (2 if when == "delay_after" else 0)
    grants.wait_revoked()
    nothing_came_back(lingering)
    assert not log.lines("cannot renew")
    log.one("tokens removed and revoked")


def test_closing_while_a_renewal_is_stored_again_and_again_loses_no_token(provider, grants, log):
    """Renewals as fast as they go: the close comes at any moment of one."""
    for _ in range(5):
        login = opened("close", "end")
        helper = helpers()[0]
        os.kill(helper, signal.SIGALRM)
        wait_until(lambda: provider.in_flight("token:refresh_token") or grants.requests("token:refresh_token"),
                   "a renewal at the provider")
        login.answer()
        login.line("close: PAM_SUCCESS")
        login.finish()
        wait_until(lambda: not exchanges() and all_gone(), "exchange, helper and keys gone")
        assert grants.last() <= grants.presented(), "the newest tokens are revoked"


def test_with_revoke_no_the_tokens_are_removed_here_and_stay_active_at_the_provider(provider, grants, log):
    set_stage(provider, logout_revoke="no")
    login = opened("close", "end")
    access, refresh = tokens()
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    wait_gone()
    assert provider.is_active(access) and provider.is_active(refresh)
    assert not grants.requests("revocation")
    log.one("session closed, tokens removed")
    assert not log.lines("revoked")
    provider.control("revoke", {"user": "alice"})
    assert not provider.is_active(refresh)


def test_with_revoke_no_a_renewal_in_flight_is_not_kept_either(provider, grants):
    set_stage(provider, logout_revoke="no")
    login = opened("close", "end")
    in_flight(provider, delay_after=1000)
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    wait_until(lambda: not exchanges() and all_gone(), "exchange, helper and keys gone")
    wait_until(lambda: grants.issued("token:refresh_token"), "the renewal has ended")
    assert not keys() and not grants.requests("revocation")
    provider.control("revoke", {"user": "alice"})


def test_a_handle_that_ends_without_close_session_closes_it(provider, grants, log):
    login = opened(RUN_PROBE, "end")
    write_calls(reading_calls())
    login.answer()
    login.line(r"\[.*\]")
    assert "end: PAM_SUCCESS" in login.finish()
    wait_gone()
    grants.wait_revoked()
    log.one("tokens removed and revoked")


# ---- the helper does not answer -------------------------------------------------------------

def test_a_helper_that_was_killed_is_replaced_at_logout(provider, grants, log, lingering):
    shell = ssh_password_login()
    linger_in_shell(shell, lingering)
    helper = helpers()[0]
    shell.run(f"kill -KILL {helper}")
    wait_until(lambda: not is_alive(helper), "the helper is dead")
    assert len(keys()) == 8, "until logout, the tokens stay"
    shell.logout()
    lingering.refused()
    wait_gone()
    grants.wait_revoked()
    nothing_came_back(lingering)
    log.one("tokens removed and revoked")


def test_a_helper_that_was_killed_during_a_renewal_leaves_nothing_either(provider, grants):
    login = opened("close", "end")
    in_flight(provider, delay_after=1500)
    os.kill(helpers()[0], signal.SIGKILL)
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    wait_until(lambda: grants.requests("token:refresh_token"), "the renewal has ended")
    wait_until(lambda: not exchanges() and all_gone(), "exchange, helper and keys gone")
    grants.wait_revoked()


def test_a_helper_that_was_killed_is_replaced_by_one_that_the_user_cannot_kill(provider, grants):
    login = opened("close", "wait", "end")
    os.kill(helpers()[0], signal.SIGKILL)
    wait_until(lambda: not helpers(), "the helper is dead")
    provider.faults(revocation={"delay_before": 1000})
    login.answer()
    login.line("waiting")
    helper = wait_until(helpers, "a new helper")[0]
    assert process(helper)["Uid"].split()[0] == run("id", "-u", "oidc-session").strip()
    assert process(helper)["Gid"].split()[1] == run("id", "-g", "oidc-session").strip()
    login.answer()
    login.finish()
    wait_gone()
    grants.wait_revoked()


def test_a_helper_that_was_stopped_still_revokes_at_logout(provider, grants, log, lingering):
    shell = ssh_password_login()
    linger_in_shell(shell, lingering)
    helper = helpers()[0]
    shell.run(f"kill -STOP {helper}")
    wait_until(lambda: process(helper)["State"].startswith("T"), "the helper is stopped")
    shell.logout()
    lingering.refused()
    wait_gone()
    grants.wait_revoked()
    nothing_came_back(lingering)
    log.one("tokens removed and revoked")


def test_a_helper_that_gets_sigterm_in_mid_session_ends_the_tokens_and_not_the_session(provider, grants, log):
    shell = ssh_password_login()
    serial = shell.run("echo $OIDC_ACCESS_TOKEN_KEY")
    shell.run(f"kill -TERM {helpers()[0]}")
    wait_until(lambda: not helpers() and tokens_gone(), "helper and keys gone")
    grants.wait_revoked()
    assert shell.run(f"keyctl pipe {serial} 2>/dev/null || echo gone") == "gone"
    log.one("tokens removed and revoked")
    shell.logout()
    wait_until(lambda: log.lines("session closed"), "the session is closed")
    wait_gone()
    log.one("tokens removed and revoked")
    assert not log.lines(r"^\S+\.(err|warning) .*oidc.session")


# ---- the login program dies -------------------------------------------------------------------

def revoked_within(grants, seconds, since):
    """The requests came in time, by the provider's clock, which is ours."""
    late = [request["at"] / 1000 - since for request in grants.requests("revocation")]
    assert late and max(late) <= seconds, late


def monitor_of(shell):
    """The root sshd that opened this session: the parent of the user's sshd."""
    unprivileged = process(int(shell.run("echo $PPID")))
    monitor = int(unprivileged["PPid"])
    assert process(monitor)["Name"].startswith("sshd") and process(monitor)["Uid"].split()[0] == "0"
    return monitor


def test_within_2_s_of_the_death_of_sshds_monitor_all_is_gone_and_revoked(provider, grants, log, lingering):
    shell = ssh_password_login()
    linger_in_shell(shell, lingering)
    access, refresh = tokens()
    monitor = monitor_of(shell)
    death, at = time.monotonic(), time.time()
    os.kill(monitor, signal.SIGKILL)
    assert lingering.refused() - death < 2
    grants.wait_revoked()
    revoked_within(grants, 2, at)
    assert not provider.is_active(access) and not provider.is_active(refresh)
    wait_gone()
    nothing_came_back(lingering)
    log.one("tokens removed and revoked")
    shell.child.close(force=True)  # what is left of sshd does not end by itself


def test_within_2_s_of_the_death_of_a_login_program_all_is_gone_and_revoked(provider, grants, log):
    login = opened("end")
    at = time.time()
    killed(login)
    wait_gone(2)
    grants.wait_revoked()
    revoked_within(grants, 2, at)
    log.one("tokens removed and revoked")


def test_a_login_program_that_exits_without_a_word_is_like_one_that_died(provider, grants):
    login = opened()
    login.answer()
    login.finish()
    wait_gone()
    grants.wait_revoked()


def test_the_death_of_the_login_program_during_a_renewal_revokes_what_that_brings(provider, grants):
    login = opened("end")
    in_flight(provider, delay_after=1500)
    killed(login)
    wait_gone()
    wait_until(lambda: grants.issued("token:refresh_token"), "the renewal has ended")
    grants.wait_revoked()
    wait_until(lambda: not exchanges(), "no exchange")


def test_death_at_the_device_prompt_leaves_no_exchange_and_no_key(provider, grants, log):
    set_stage(provider, login_grant="device")
    login = app("authenticate", answer=False)
    login.line("prompt: .*")
    assert exchanges()
    killed(login)
    wait_until(lambda: not exchanges(), "no exchange")
    assert not keys() and not grants.issued()


def test_death_of_sshds_authentication_at_the_device_prompt_leaves_no_exchange_and_no_key(provider, grants):
    set_stage(provider, login_grant="device")
    terminal = ssh()
    code = terminal.code()
    parent = sshd_authenticating()
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: not exchanges(), "no exchange")
    terminal.child.close(force=True)  # this sshd only gives up at LoginGraceTime
    provider.deny(code)
    assert not keys() and not grants.issued()


def sshd_authenticating():
    """The child of sshd in which PAM asks the user: the root one without children of its own."""
    found = [int(pid) for pid in run("pgrep", "-u", "root", "-f", "^sshd: alice \\[pam\\]", check=False).split()]
    assert len(found) == 1, run("ps", "axo", "pid,ppid,user,args")
    return found[0]


def test_tokens_that_come_after_the_death_of_the_login_program_are_revoked(provider, grants):
    provider.faults(**{"token:password": {"times": 1, "delay_after": 1000}})
    login = app("authenticate")
    wait_until(lambda: provider.in_flight("token:password"), "the request for tokens")
    killed(login)
    wait_until(lambda: grants.issued("token:password"), "tokens for nobody")
    grants.wait_revoked()
    wait_until(lambda: not exchanges(), "no exchange")
    assert not keys()


def test_tokens_that_come_after_the_user_went_away_at_the_device_prompt_are_revoked(provider, grants):
    set_stage(provider, login_grant="device")
    provider.faults(**{"token:device_code": {"delay_after": 700}})
    login = app("authenticate", "end", answer=False)
    code = CODE.search(login.line("prompt: .*").group(0)).group(1)
    provider.approve(code)
    wait_until(lambda: provider.in_flight("token:device_code"), "a poll")
    login.answer("!")
    login.line("authenticate: PAM_CONV_ERR")
    login.finish()
    wait_until(lambda: not exchanges() and not provider.in_flight("token:device_code"), "no exchange")
    assert grants.all_revoked() and not keys()


# ---- the provider does not answer ---------------------------------------------------------------

def test_logout_does_not_wait_for_a_provider_that_is_down(provider, grants, log):
    login = opened("close", "end")
    provider.stop()
    try:
        login.answer()
        assert elapsed(lambda: login.line("close: PAM_SUCCESS")) < 1
        login.finish()
        wait_gone()
    finally:
        provider.start()
    log.one("tokens removed, but not revoked at the provider: ")
    assert len(log.lines(r"^\S+\.(err|warning) .*oidc.session")) == 1
    provider.control("revoke", {"user": "alice"})


def test_logout_does_not_wait_for_a_provider_that_hangs_and_the_helper_gives_up_after_10_s(provider, grants, log):
    login = opened("close", "end")
    provider_pid = int(provider.pid)
    os.kill(provider_pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        login.answer()
        assert elapsed(lambda: login.line("close: PAM_SUCCESS")) < 1
        login.finish()
        wait_until(tokens_gone, "the keys are gone", 1)
        assert helpers(), "it is still trying"
        wait_until(lambda: not helpers(), "no helper", 12)
        assert 4 < time.monotonic() - start < 12
    finally:
        os.kill(provider_pid, signal.SIGCONT)
    log.one("tokens removed, but ")
    assert len(log.lines(r"^\S+\.(err|warning) .*oidc.session")) == 1
    wait_until(lambda: not exchanges(), "no exchange")
    provider.control("revoke", {"user": "alice"})


def test_a_provider_without_a_revocation_endpoint_is_not_said_to_have_revoked(provider, grants, log):
    provider.faults(discovery={"remove": ["revocation_endpoint"]}, oauth_discovery={"remove": ["revocation_endpoint"]})
    login = opened("close", "end")
    access, _ = tokens()
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    wait_gone()
    assert provider.is_active(access) and not grants.requests("revocation")
    line = log.wait("helper.*tokens removed")
    provider.control("revoke", {"user": "alice"})
    assert "not revoked" in line and "revocation endpoint" in line, line


def test_a_provider_that_refuses_to_revoke_is_not_said_to_have_revoked(provider, grants, log):
    provider.faults(revocation={"answer": {"status": 400, "body": {"error": "unsupported_token_type"}}})
    login = opened("close", "end")
    access, _ = tokens()
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    wait_gone()
    assert provider.is_active(access) and len(grants.requests("revocation")) == 2
    line = log.wait("helper.*tokens removed")
    provider.control("revoke", {"user": "alice"})
    assert "removed and revoked" not in line, line


# ---- a login that was refused after its authentication ----------------------------------------------

DENIED = "auth required pam_oidc_session.so\naccount required pam_deny.so\n" + KEYINIT_REVOKE + SESSION


def test_tokens_of_a_login_that_another_module_refuses_are_revoked_when_the_handle_ends(provider, grants, log):
    stack(SERVICE, DENIED)
    login = app("authenticate", "acct", "wait", "end")
    login.line("authenticate: PAM_SUCCESS")
    login.line("acct: PAM_(PERM_DENIED|AUTH_ERR)")
    assert [key for key in keys() if key.name.startswith("oidc-handoff:61001:")]
    login.line("waiting")
    login.answer()
    login.finish()
    wait_gone()
    grants.wait_revoked()
    log.one("tokens removed and revoked")


def test_in_sshd_the_hand_off_of_a_refused_login_is_closed_to_all_and_times_out(provider, grants):
    set_stage(provider, login_grant="device")
    stack("sshd", AUTH.replace("pam_permit", "pam_deny") + SESSION)
    terminal = ssh()
    provider.approve(terminal.code())
    terminal.enter()
    terminal.closed()
    left = keys()
    try:
        assert {key.name for key in left if key.kind == "user"} == {
            "oidc:access_token", "oidc:id_token", "oidc:expires_at", "oidc:refresh_token", "oidc:settings", "oidc:status"}
        assert {key.uid for key in left} == {0}
        for name, seconds in timeouts().items():
            assert seconds is not None and seconds <= 120, (name, seconds)
        for key in left:
            assert run("keyctl", "rdescribe", str(key.serial)).split(";")[3] == "003f0000"
            for user in ("alice", "bob", "oidc-session"):
                told = run("setpriv", "--reuid", user, "--regid", user if user != "oidc-session" else "oidc-session",
                           "--clear-groups", "keyctl", "print", str(key.serial), check=False)
                assert told == ""
    finally:
        for key in left:
            run("keyctl", "revoke", str(key.serial), check=False)
    provider.control("revoke", {"user": "alice"})
    assert not grants.requests("revocation")
