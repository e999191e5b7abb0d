# SPDX-License-Identifier: MIT
"""Who is asked to approve what, how often and how long one may try, and the check of accounts."""
import re
import signal

from conftest import PamApp, configure, keys, run, ssh, stack, wait_until
from logins import NOT_IN_TIME, REFUSED, Attempt
from scenes import AUTH, SESSION

LIMITED = "info: Too many logins wait for approval. Please try again later."
ACCOUNT = "auth required pam_oidc_session.so\naccount required pam_oidc_session.so\n" + SESSION


def waiting(provider, arguments, user="alice"):
    """A login that waits for its approval."""
    attempt = Attempt(provider, user, arguments)
    attempt.code()
    return attempt


def test_of_one_user_only_so_many_logins_wait_and_of_others_as_well(provider):
    configure(provider)
    first = waiting(provider, "max_user_logins=1")
    second = Attempt(provider, "alice", "max_user_logins=1")
    second.end()
    assert second.result == "PAM_AUTHINFO_UNAVAIL"
    assert [line for line in second.log.lines(r"too many logins at once \(max_user_logins\); refused")]
    assert second.messages() == [LIMITED]
    assert not second.requests("token:device_code")
    other = waiting(provider, "max_user_logins=1", "bob")
    first.app.child.kill(signal.SIGKILL)  # its place is free at once
    first.app.child.wait()
    third = waiting(provider, "max_user_logins=1")
    for attempt in (other, third):
        attempt.app.child.kill(signal.SIGKILL)
        attempt.app.child.wait()


def test_on_the_host_only_so_many_logins_wait(provider):
    configure(provider)
    attempts = [waiting(provider, "max_logins=2", user) for user in ("alice", "bob")]
    third = Attempt(provider, "carol", "max_logins=2")
    third.end()
    assert third.result == "PAM_AUTHINFO_UNAVAIL"
    assert third.log.lines(r"too many logins at once \(max_logins\); refused")
    for attempt in attempts:
        attempt.app.child.kill(signal.SIGKILL)
        attempt.app.child.wait()


def test_the_deadline_ends_a_login_before_its_code_does(provider):
    configure(provider)
    attempt = Attempt(provider, arguments="deadline=3")
    text = attempt.prompt()
    assert "The code is good for 5 minutes." in text
    assert re.search(r"within [123] seconds?", text), text
    attempt.app.answer()
    attempt.refused("PAM_AUTH_ERR", "notice", r"nobody approved the login within 3 s \(deadline\)", NOT_IN_TIME)
    assert not attempt.issued()


def test_the_prompt_of_sshd_says_which_host_user_and_address_ask(provider, sshd):
    configure(provider)
    stack("sshd", ACCOUNT)
    terminal = ssh("alice")
    text = terminal.expect("approved: ").replace("\r", "")
    text = " ".join(text.split())
    assert "host" in text and "alice" in text and "127.0.0.1" in text
    assert "Approve only if you started this login yourself, just now." in text
    terminal.child.close()


def test_sshd_does_not_ask_again_after_a_final_refusal(provider, sshd, log):
    configure(provider)
    stack("sshd", ACCOUNT)
    terminal = ssh("alice", "keyboard-interactive", "-o NumberOfPasswordPrompts=3")
    provider.deny(terminal.code())
    terminal.enter()
    terminal.closed()
    assert len(log.lines(r"answered 400 (access_denied|invalid_grant)")) == 1
    assert "enter this code" not in terminal.child.before


def test_a_stack_goes_on_after_a_final_refusal_where_it_says_so(provider):
    configure(provider)
    attempt = Attempt(provider, text="auth sufficient pam_oidc_session.so\nauth required pam_unix.so\n" + SESSION)
    provider.deny(attempt.code())
    attempt.app.answer()
    attempt.app.line("secret: Password: ")
    attempt.app.answer("CANARY-pw-alice")
    attempt.end()
    assert attempt.result == "PAM_SUCCESS"


def test_the_account_check_of_sshd_sees_the_tokens_of_the_login(provider, sshd, log):
    configure(provider)
    stack("sshd", ACCOUNT)
    terminal = ssh("alice")
    provider.approve(terminal.code())
    terminal.enter()
    terminal.shell()
    assert terminal.run("keyctl pipe $OIDC_ACCESS_TOKEN_KEY | wc -c").strip() != "0"
    terminal.logout()


def account(provider, *steps, arguments="", user="alice"):
    configure(provider, login_grant="password")
    stack("oidc-account", f"auth required pam_oidc_session.so\naccount required pam_oidc_session.so {arguments}\n"
          + SESSION)
    program = PamApp("oidc-account", user, *steps)
    program.line("secret: .*")
    program.answer(f"CANARY-pw-{user}")
    return program


def test_the_account_is_good_while_the_tokens_of_the_login_are_there(provider):
    program = account(provider, "authenticate", "acct", "open", "close", "acct", "end")
    assert program.line(r"acct: (\w+)").group(1) == "PAM_SUCCESS"
    program.line("open: PAM_SUCCESS")
    program.finish()


def test_the_account_is_refused_when_the_tokens_are_gone(provider, log):
    program = account(provider, "authenticate", "wait", "acct", "end")
    program.line("waiting")
    for key in keys("^oidc:access_token"):
        run("keyctl", "revoke", str(key.serial))
    program.answer()
    assert program.line(r"acct: (\w+)").group(1) == "PAM_AUTH_ERR"
    log.one("the tokens of this login are gone or timed out; account refused")
    program.finish()


def test_the_account_of_a_uid_below_the_minimum_is_refused(provider, log):
    program = account(provider, "authenticate", "acct", "end", arguments="minimum_uid=70000")
    assert program.line(r"acct: (\w+)").group(1) == "PAM_PERM_DENIED"
    log.one("uid 61001 is below minimum_uid; refused")
    program.finish()
    wait_until(lambda: not keys("^oidc"), "nothing is left")


def test_a_login_without_tokens_is_none_of_the_account_checks_business(provider):
    stack("oidc-account", "auth required pam_permit.so\naccount required pam_oidc_session.so\naccount required"
          " pam_permit.so\n")
    program = PamApp("oidc-account", "alice", "authenticate", "acct", "end")
    assert program.line(r"acct: (\w+)").group(1) == "PAM_SUCCESS"
    program.finish()


def test_a_password_may_be_tried_again(provider):
    configure(provider, login_grant="password")
    attempt = Attempt(provider).password("CANARY-pw-wrong")
    attempt.end()
    assert attempt.result == "PAM_AUTH_ERR"
    assert REFUSED not in str(attempt.messages())
