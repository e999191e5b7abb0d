# SPDX-License-Identifier: MIT
"""Applications that call in an order of their own, and variables that somebody forged."""
import os
import signal

import pytest

from conftest import (UIDS, exchanges, helpers, keys, payload, run, ssh, stack, status, the_key, wait_until)
from scenes import (AUTH, KEYINIT_REVOKE, RUN_PROBE, SERVICE, SESSION, Grants, app, handoff, opened, process,
                    probed, serials, set_stage, wait_gone, write_calls)

SESSION_RING, USER_RING = -3, -4
TOKENS = ("oidc:access_token", "oidc:refresh_token")
WRONG = r"^\S+\.(err|warning) .*oidc.session"


@pytest.fixture(autouse=True)
def ready(provider):
    set_stage(provider)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def tokens():
    return [payload(the_key(name)) for name in TOKENS]


def intact(provider, helper, before):
    """The session's helper, keys and tokens are what they were."""
    assert helpers() == [helper] and serials() == before
    assert all(provider.is_active(token) for token in tokens())
    assert status()["helper_pid"] == str(helper)


def closes(program, grants):
    program.line("close: PAM_SUCCESS")
    assert "end: PAM_SUCCESS" in program.finish()
    wait_gone()
    grants.wait_revoked()


# ---- more, fewer and repeated calls -------------------------------------------------------

def test_close_without_open_does_nothing_and_the_end_revokes(provider, grants, log):
    login = app("close", "authenticate", "close", "wait", "end", answer=False)
    login.line("close: PAM_SUCCESS")
    login.line("secret: .*")
    login.answer("CANARY-pw-alice")
    login.line("close: PAM_SUCCESS")
    login.line("waiting")
    assert len(keys()) == 7 and all(provider.is_active(token) for token in tokens())
    assert not log.lines("session closed")
    login.answer()
    assert "end: PAM_SUCCESS" in login.finish()
    wait_gone()
    grants.wait_revoked()


def test_open_without_authenticate_is_a_session_without_tokens(log):
    login = app("open", "env", "wait", "close", "end", answer=False)
    assert "OIDC_" not in login.line("open: PAM_SUCCESS").string
    assert "OIDC_" not in login.expect("waiting").before
    assert not helpers() and not keys()
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    assert not log.lines(WRONG) and not log.lines("session opened") and not log.lines("session closed")


def test_to_open_twice_is_one_session_with_one_helper_that_is_closed_once(provider, grants, log):
    login = opened("open", "wait", "close", "close", "end")
    helper, before = helpers()[0], serials()
    login.answer()
    login.line("open: PAM_SUCCESS")
    login.line("waiting")
    intact(provider, helper, before)
    login.answer()
    login.line("close: PAM_SUCCESS")
    closes(login, grants)
    for once in ("session opened", "session closed", "tokens removed and revoked"):
        log.one(once)


def test_a_second_login_in_the_same_handle_opens_a_session_of_its_own(provider, grants, log):
    login = opened("close", "authenticate", "open", "wait", "close", "end")
    first = serials()["oidc"]
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.line("secret: .*")
    login.answer("CANARY-pw-alice")
    login.line("open: PAM_SUCCESS")
    login.line("waiting")
    wait_until(lambda: len(helpers()) == 1, "the first helper is gone")
    assert serials()["oidc"] != first
    login.answer()
    closes(login, grants)
    assert len(log.lines("tokens removed and revoked")) == 2


def test_to_authenticate_twice_before_opening_leaves_no_tokens_of_the_first(provider, grants):
    login = app("authenticate", "authenticate", "open", "wait", "close", "end")
    login.line("authenticate: PAM_SUCCESS")
    login.line("secret: .*")
    login.answer("CANARY-pw-alice")
    login.line("open: PAM_SUCCESS")
    login.line("waiting")
    assert len(keys()) == 8, keys()
    login.answer()
    closes(login, grants)


# ---- forks -----------------------------------------------------------------------------------

@pytest.mark.parametrize("end", ["fork-end", "fork-end-loud"])
def test_a_child_that_ends_its_copy_of_the_handle_leaves_the_session_intact(provider, grants, end):
    login = opened(end, RUN_PROBE, "wait", "close", "end")
    helper, before = helpers()[0], serials()
    write_calls([["read", before["oidc:access_token"]]])
    login.answer()
    login.line(f"{end}: PAM_SUCCESS")
    assert probed(login)[0] in grants.issued(), "the session can still read its token"
    login.line("waiting")
    intact(provider, helper, before)
    login.answer()
    closes(login, grants)


@pytest.mark.parametrize("end", ["fork-end", "fork-end-loud"])
def test_a_child_that_ends_its_copy_before_the_session_opens_leaves_the_login_intact(provider, grants, end):
    login = app("authenticate", end, "open", "wait", "close", "end")
    login.line(f"{end}: PAM_SUCCESS")
    login.line("open: PAM_SUCCESS")
    login.line("waiting")
    assert all(provider.is_active(token) for token in tokens())
    login.answer()
    closes(login, grants)


def test_a_child_may_close_the_session_and_the_parents_close_is_then_nothing_new(provider, grants, log):
    login = opened("fork-close", RUN_PROBE, "wait", "close", "end")
    ring = serials()
    write_calls([["read", ring["oidc:access_token"]], ["search", SESSION_RING, "user", "oidc:access_token"]])
    login.answer()
    login.line("fork-close: PAM_SUCCESS")
    assert set(probed(login)) <= {"EACCES", "ENOKEY", "EKEYREVOKED"}
    login.line("waiting")
    grants.wait_revoked()
    login.answer()
    closes(login, grants)
    log.one("tokens removed and revoked")
    assert not log.lines(WRONG)


# ---- a forged variable ---------------------------------------------------------------------------

@pytest.mark.parametrize("value", ["garbage", "0", "-4", "-3", "1", "2147483647", "2147483648", "99999999999999999999",
                                   " 1", "1 ", "+1", "0x10", "1e3"])
def test_a_variable_that_names_no_hand_off_is_refused_in_the_log_and_taken_out_of_the_environment(log, value):
    login = app(f"putenv:OIDC_SESSION_HANDOFF={value}", "open", "env", "wait", "end", answer=False)
    login.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in login.expect("waiting").before
    assert not keys() and not helpers()
    login.answer()
    login.finish()
    log.one("user alice: .*(does not name a hand-off for this user|timed out before the session began)")
    assert len(log.lines(WRONG)) == 1


def test_an_empty_variable_is_refused_like_any_other(log):
    login = app("putenv:OIDC_SESSION_HANDOFF=", "open", "env", "close", "end", answer=False)
    login.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in login.finish()
    log.one("does not name a hand-off for this user")


def refused(serial, log, user="alice"):
    """alice opens a session with this serial, and gets nothing."""
    login = app(f"putenv:OIDC_SESSION_HANDOFF={serial}", "open", "env", "close", "end", answer=False, user=user)
    login.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in login.finish()
    log.one(f"user {user}: .*does not name a hand-off for this user")


def test_the_hand_off_of_another_user_is_refused_and_stays_theirs(provider, grants, log):
    bob = app("authenticate", "wait", "open", "wait", "close", "end", user="bob")
    bob.line("waiting")
    refused(handoff(serials()), log)
    bob.answer()
    bob.line("open: PAM_SUCCESS")
    bob.line("waiting")
    assert all(provider.is_active(token) for token in tokens())
    bob.answer()
    closes(bob, grants)


@pytest.mark.parametrize("name", ["oidc", "oidc:access_token", "oidc:refresh_token", "oidc:settings", "hand-off"])
def test_no_key_of_a_running_session_is_taken_for_a_hand_off(provider, grants, log, name):
    """Also the hand-off keyring itself, which the login program keeps until the session closes."""
    login = opened("close", "end", user="bob")
    helper, before = helpers()[0], serials()
    refused(handoff(before) if name == "hand-off" else before[name], log)
    intact(provider, helper, before)
    login.answer()
    closes(login, grants)


def test_the_hand_off_of_the_users_own_running_session_cannot_be_opened_again(provider, grants, log):
    login = opened("close", "end")
    helper, before = helpers()[0], serials()
    second = app(f"putenv:OIDC_SESSION_HANDOFF={handoff(before)}", "open", "env", "close", "end", answer=False)
    second.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in second.finish()
    intact(provider, helper, before)
    log.one("timed out before the session began|does not name a hand-off")
    login.answer()
    closes(login, grants)


def made_by_alice(name):
    """A keyring in her user keyring that everybody else may do everything with."""
    made = run("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups", "keyctl", "session", "-", "sh", "-c",
               f"ring=$(keyctl newring '{name}' @s) && keyctl link $ring @u && keyctl setperm $ring 0x003f3f3f"
               " && echo $ring")
    return int(made)


@pytest.mark.parametrize("name", [f"oidc-handoff:{UIDS['alice']}:0123456789abcdef", f"oidc-handoff:{UIDS['alice']}:",
                                  "oidc"])
def test_a_keyring_that_the_user_made_is_not_a_hand_off(log, name):
    try:
        refused(made_by_alice(name), log)
        assert not helpers()
    finally:
        run("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups", "keyctl", "clear", "@u")


def test_the_users_own_keyrings_are_not_hand_offs(log):
    program = app("open", "run:keyctl show @s | sed -n 's/^ *\\([0-9]*\\) .*/ring \\1/p' | head -n 1", "wait", "close", "end",
                  answer=False)
    serial = program.line(r"ring (\d+)").group(1)
    program.line("waiting")
    refused(serial, log)
    program.answer()
    program.finish()


@pytest.mark.parametrize("value", [None, "garbage", "0"])
def test_a_login_whose_variable_was_taken_away_or_replaced_gets_no_tokens_and_keeps_none(provider, grants, log, value):
    """The tokens of this login are nobody's then: they end with the handle at the latest."""
    forged = "putenv:OIDC_SESSION_HANDOFF" + ("" if value is None else f"={value}")
    login = app("authenticate", forged, "open", "env", "wait", "close", "end")
    login.line("authenticate: PAM_SUCCESS")
    login.line("open: PAM_SUCCESS" if value is None else "open: PAM_SESSION_ERR")
    assert "OIDC_" not in login.expect("waiting").before
    login.answer()
    assert "end: PAM_SUCCESS" in login.finish()
    wait_gone(5)
    grants.wait_revoked(5)


# ---- a hand-off that is gone ----------------------------------------------------------------------

@pytest.mark.parametrize("how", ["revoke", "unlink", "timeout"])
def test_a_hand_off_that_is_gone_when_the_session_opens_is_said_to_have_timed_out(provider, grants, log, how):
    login = app("authenticate", "wait", "open", "env", "close", "end")
    login.line("waiting")
    ring = serials()
    for serial in ring.values():
        if how == "unlink":
            run("keyctl", "clear", str(handoff(ring)))
            run("keyctl", "revoke", str(handoff(ring)))
            break
        run("keyctl", how, str(serial), *(["1"] if how == "timeout" else []))
    wait_until(lambda: not keys(), "no key is alive")
    login.answer()
    login.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in login.finish()
    log.one("timed out before the session began")
    assert len(log.lines(WRONG)) == 1 and not helpers()
    provider.control("revoke", {"user": "alice"})


def test_only_the_keys_of_a_hand_off_timed_out_and_nothing_is_half_open(provider, log):
    login = app("authenticate", "wait", "open", "env", "wait", "close", "end")
    login.line("waiting")
    ring = serials()
    for name, serial in ring.items():
        if not name.startswith("oidc-handoff:"):
            run("keyctl", "timeout", str(serial), "1")
    wait_until(lambda: len(keys()) == 1, "the keys have expired")
    login.answer()
    login.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in login.expect("waiting").before
    wait_gone()
    log.one("timed out before the session began")
    login.answer()
    login.finish()
    provider.control("revoke", {"user": "alice"})


def test_of_two_programs_that_open_the_same_hand_off_only_one_gets_it(provider, grants, log):
    first = app("authenticate", "wait", "open", "env", "close", "end")
    first.line("waiting")
    thief = app(f"putenv:OIDC_SESSION_HANDOFF={handoff(serials())}", "open", "wait", "close", "end", answer=False)
    thief.line("open: PAM_SUCCESS")
    thief.line("waiting")
    helper, before = helpers()[0], serials()
    first.answer()
    first.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in first.finish()
    intact(provider, helper, before)
    thief.answer()
    closes(thief, grants)
    log.one("session opened")


def test_a_handle_that_ends_after_another_program_took_its_hand_off_leaves_that_alone(provider, grants):
    first = app("authenticate", "wait", "end")
    first.line("waiting")
    thief = app(f"putenv:OIDC_SESSION_HANDOFF={handoff(serials())}", "open", "wait", "close", "end", answer=False)
    thief.line("waiting")
    helper, before = helpers()[0], serials()
    first.answer()
    assert "end: PAM_SUCCESS" in first.finish()
    intact(provider, helper, before)
    thief.answer()
    closes(thief, grants)


# ---- what is set up wrong ------------------------------------------------------------------------------

@pytest.mark.parametrize("argument", ["nonsense", "minimum_uid=x", "minimum_uid=", "config=relative", "Debug"])
def test_an_unknown_or_malformed_argument_fails_and_names_itself(log, argument):
    stack(SERVICE, AUTH.replace("session.so", f"session.so {argument}") + SESSION.replace(".so", f".so {argument}"))
    login = app("authenticate", "open", "end", answer=False)
    login.line("authenticate: PAM_SERVICE_ERR")
    login.line("open: PAM_SERVICE_ERR")
    login.finish()
    assert len(log.lines(f"argument: {argument}$")) == 2
    assert not keys() and not exchanges()


def test_a_session_line_with_a_wrong_argument_takes_the_hand_off_away_all_the_same(grants, log):
    """Where it is optional, the user gets in; the variable must not reach the environment, nor the tokens stay."""
    stack(SERVICE, AUTH + KEYINIT_REVOKE + SESSION.replace(".so", ".so nonsense"))
    login = app("authenticate", "open", "env", "end")
    login.line("open: PAM_SERVICE_ERR")
    assert "OIDC_" not in login.line("(?:env: .*\n)*end: PAM_SUCCESS").group(0)
    login.finish()
    wait_gone()
    grants.wait_revoked()


def test_a_session_is_closed_even_if_the_arguments_have_become_wrong(provider, grants, log):
    """The handle keeps the stack that it has read; so this is about a session line that never was right."""
    stack(SERVICE, AUTH + KEYINIT_REVOKE + SESSION)
    login = opened("close", "end")
    stack(SERVICE, AUTH + KEYINIT_REVOKE + SESSION.replace(".so", ".so nonsense"))
    login.answer()
    closes(login, grants)


@pytest.fixture
def accounts():
    """Removes lines of oidc-session from /etc/passwd or /etc/group, until the test is over."""
    kept = {}
    for path in ("/etc/passwd", "/etc/group"):
        with open(path, "rb") as file:
            kept[path] = file.read()

    def remove(path):
        with open(path, "wb") as file:
            file.writelines(line for line in kept[path].splitlines(True) if not line.startswith(b"oidc-session:"))
    yield remove
    for path, content in kept.items():
        with open(path, "wb") as file:
            file.write(content)


def test_without_the_system_user_nobody_is_authenticated_and_the_log_says_what_to_do(accounts, log):
    accounts("/etc/passwd")
    login = app("authenticate", "end", answer=False)
    login.line("authenticate: PAM_SERVICE_ERR")
    login.finish()
    log.one("the system user and group oidc-session do not exist; run systemd-sysusers")
    assert not exchanges() and not keys()


def test_without_the_system_group_no_session_opens_and_the_tokens_are_revoked(provider, accounts, grants, log):
    login = app("authenticate", "wait", "open", "env", "wait", "close", "end")
    login.line("waiting")
    provider.faults(revocation={"times": 2, "delay_before": 300})
    accounts("/etc/group")
    login.answer()
    login.line("open: PAM_SESSION_ERR")
    assert "OIDC_" not in login.expect("waiting").before
    assert not [helper for helper in helpers() if "0" in process(helper)["Gid"].split()], "a helper in root's group"
    log.one("the system user and group oidc-session do not exist; run systemd-sysusers")
    login.answer()
    login.finish()
    wait_gone()
    grants.wait_revoked(5)


def test_without_system_user_and_helper_at_logout_the_tokens_are_still_removed_and_revoked(accounts, grants, log):
    login = opened("close", "end")
    os.kill(helpers()[0], signal.SIGKILL)
    wait_until(lambda: not helpers(), "the helper is dead")
    accounts("/etc/passwd")
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    wait_gone()
    grants.wait_revoked()
    log.one("tokens removed and revoked")


# ---- through sshd ---------------------------------------------------------------------------------------

def test_a_user_cannot_bring_a_hand_off_of_another_to_sshd(provider, grants, log, sshd):
    """~/.pam_environment, read by pam_env in the session stack."""
    bob = app("authenticate", "wait", "open", "wait", "close", "end", user="bob")
    bob.line("waiting")
    with open("/home/alice/.pam_environment", "w", encoding="ascii") as file:
        file.write(f"OIDC_SESSION_HANDOFF={handoff(serials())}\n")
    stack("sshd", AUTH + "session required pam_env.so user_readenv=1\n" + KEYINIT_REVOKE
          + SESSION.replace("required", "optional"))
    try:
        shell = ssh("alice", "publickey", "-o IdentityFile=/root/.ssh/id_test").shell()
        assert shell.run("env | grep OIDC_ || echo none") == "none"
        assert shell.run("keyctl search @s keyring oidc 2>/dev/null || echo none") == "none"
        log.one("user alice: .*does not name a hand-off for this user")
        shell.logout()
    finally:
        os.remove("/home/alice/.pam_environment")
    bob.answer()
    bob.line("waiting")
    assert all(provider.is_active(token) for token in tokens())
    bob.answer()
    closes(bob, grants)
