# SPDX-License-Identifier: MIT
"""su, login, display managers, and services that have nobody to ask."""
import os
import re

import pytest

from conftest import (CONFIG, DEVICE_STACK, PamApp, Terminal, configure, helpers, keys, leftovers, payload, ssh,
                      ssh_device_login, stack, status, the_key, wait_until)

KEY_FILE = "-i /root/.ssh/id_test"
WITHOUT_KEYINIT = "".join(line + "\n" for line in DEVICE_STACK.splitlines() if "pam_keyinit" not in line)
# Only PAM_IGNORE lets pam_permit decide: success and every failure are fatal.
ONLY_IGNORE = """\
auth     [ignore=ignore default=die]  pam_oidc_session.so
auth     required                     pam_permit.so
account  required                     pam_permit.so
session  required                     pam_oidc_session.so
"""
BAD = r"^\S+\.(emerg|alert|crit|err|warning) .*oidc.session"


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    configure(provider)
    stack("sshd")
    own = {}
    for service in ("su-l", "login"):
        with open(f"/etc/pam.d/{service}", encoding="ascii") as file:
            own[service] = file.read()
        stack(service)
    yield
    for service, text in own.items():
        stack(service, text)


def tokens(name="access_token"):
    """Serial and payload of the tokens of all sessions."""
    return {key.serial: payload(key) for key in keys(f"^oidc:{name}$")}


def new_token(before):
    """Serial and payload of the one that was not there before."""
    (found,) = [(serial, token) for serial, token in tokens().items() if serial not in before]
    return found


def su(terminal, user, provider):
    """A login shell of that user's inside the session of a terminal."""
    terminal.enter(f"su - {user}")
    provider.approve(terminal.code(), user)
    terminal.enter()
    terminal.shell()
    assert terminal.run("whoami") == user


def leave(terminal, outer="alice"):
    """End the inner shell; the outer one answers again."""
    terminal.run("exit")
    assert terminal.run("whoami") == outer


# ---- su ---------------------------------------------------------------------------

@pytest.mark.parametrize("stack_text", [DEVICE_STACK, WITHOUT_KEYINIT], ids=["pam_keyinit", "without-pam_keyinit"])
def test_su_from_root_gives_a_session_with_tokens_until_it_ends(provider, log, stack_text):
    stack("su-l", stack_text)
    terminal = Terminal("su - bob")
    provider.approve(terminal.code(), "bob")
    terminal.enter()
    session = terminal.shell()
    assert session.run("whoami") == "bob"
    token, refresh = payload(the_key("oidc:access_token")), payload(the_key("oidc:refresh_token"))
    assert session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    assert session.run("keyctl search @s user oidc:access_token") == str(the_key("oidc:access_token").serial)
    assert status()["subject"] == "bob"
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    assert not log.lines(BAD)


def test_tokens_of_su_are_not_in_a_keyring_of_the_calling_root(provider):
    stack("su-l", WITHOUT_KEYINIT)
    terminal = Terminal("sh")
    terminal.shell()
    terminal.run("keyctl new_session >/dev/null")
    su(terminal, "bob", provider)
    bobs = terminal.run("keyctl rdescribe @s")
    assert re.match(r"keyring;61002;61002;\w+;_ses", bobs), bobs
    leave(terminal, "root")
    assert "oidc" not in terminal.run("keyctl show @s")
    terminal.logout()


@pytest.fixture
def hand_off_shown():
    """A stack for su that writes down, between authentication and session, what is in whose user keyring."""
    seen = {"caller": "/tmp/caller-ring", "root": "/tmp/root-ring"}
    show = f"account optional pam_exec.so quiet log={seen['caller']} /usr/bin/keyctl list @u\n"
    show += f"account optional pam_exec.so quiet seteuid log={seen['root']} /usr/bin/keyctl list @u\n"
    stack("su-l", DEVICE_STACK.replace("account  required", show + "account  required"))
    yield seen
    for path in seen.values():
        if os.path.exists(path):
            os.remove(path)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def test_in_su_of_a_user_the_hand_off_is_in_roots_user_keyring_only(hand_off_shown, provider):
    terminal = ssh("alice", "publickey", KEY_FILE).shell()
    su(terminal, "bob", provider)
    assert len(re.findall("keyring: oidc-handoff:61002:", read(hand_off_shown["root"]))) == 1
    assert re.search("keyring is empty|keys? in keyring", read(hand_off_shown["caller"]))
    assert "oidc-handoff:61002:" not in read(hand_off_shown["caller"])
    ring = keys("^oidc-handoff:")
    assert [key.uid for key in ring] == [0]
    leave(terminal)
    assert "oidc-handoff:61002:" not in terminal.run("keyctl show @u; keyctl show @s")
    terminal.logout()


@pytest.mark.parametrize("stack_text", [DEVICE_STACK, WITHOUT_KEYINIT], ids=["pam_keyinit", "without-pam_keyinit"])
def test_su_to_another_user_and_back_leaves_the_outer_sessions_tokens_alone(provider, log, stack_text):
    stack("su-l", stack_text)
    terminal = ssh_device_login(provider)
    outer = tokens()
    ((outer_serial, outer_token),) = outer.items()
    outer_ring = terminal.run("keyctl rdescribe @s")
    su(terminal, "bob", provider)
    serial, token = new_token(outer)
    assert terminal.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    assert terminal.run("keyctl search @s user oidc:access_token") == str(serial)
    assert "Permission denied" in terminal.run(f"keyctl pipe {outer_serial}")
    leave(terminal)
    wait_until(lambda: len(helpers()) == 1, "bob's helper gone")
    assert not provider.is_active(token) and provider.is_active(outer_token)
    assert tokens() == outer
    assert terminal.run("keyctl rdescribe @s") == outer_ring
    assert terminal.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == outer_token.decode()
    assert terminal.run("keyctl search @s user oidc:access_token") == str(outer_serial)
    terminal.logout()
    wait_until(lambda: not leftovers(), "alice's keys gone")
    assert not provider.is_active(outer_token)
    assert not log.lines(BAD)


def test_su_to_oneself_without_pam_keyinit_has_tokens_of_its_own(provider):
    stack("su-l", WITHOUT_KEYINIT)
    terminal = ssh_device_login(provider)
    outer = tokens()
    ((outer_serial, outer_token),) = outer.items()
    outer_ring = terminal.run("keyctl rdescribe @s; keyctl get_persistent 2>/dev/null; keyctl show @s | head -2")
    su(terminal, "alice", provider)
    serial, token = new_token(outer)
    assert token != outer_token
    assert terminal.run("keyctl search @s user oidc:access_token") == str(serial)
    assert terminal.run("keyctl show @s | head -2") not in outer_ring
    leave(terminal)
    wait_until(lambda: len(helpers()) == 1, "the inner session's helper gone")
    assert not provider.is_active(token) and provider.is_active(outer_token)
    assert tokens() == outer
    assert terminal.run('keyctl pipe "$(keyctl search @s user oidc:access_token)"') == outer_token.decode()
    assert terminal.run("keyctl search @s user oidc:access_token") == str(outer_serial)
    terminal.logout()


def test_su_by_root_without_authentication_has_no_tokens_and_says_nothing(provider, log):
    stack("su-l", "auth sufficient pam_rootok.so\n" + DEVICE_STACK)
    requests = len(provider.requests())
    session = Terminal("su - alice").shell()
    assert session.run("env | grep -c OIDC") == "0"
    assert not leftovers()
    session.logout()
    assert len(provider.requests()) == requests
    assert not log.lines(BAD)


# ---- login ------------------------------------------------------------------------

def test_login_on_a_terminal_asks_for_the_name_and_gives_tokens_until_logout(provider, log):
    terminal = Terminal("/bin/login -p")
    terminal.expect("login: ")
    terminal.enter("alice")
    provider.approve(terminal.code())
    terminal.enter()
    session = terminal.shell()
    assert session.run("whoami") == "alice"
    token, refresh = payload(the_key("oidc:access_token")), payload(the_key("oidc:refresh_token"))
    assert session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    assert session.run("env | grep -c HANDOFF") == "0"
    assert provider.is_active(token) and provider.is_active(refresh)
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    log.one("session closed, tokens removed")
    assert not log.lines(BAD)


def test_login_asks_again_after_a_wrong_password(provider, log):
    configure(provider, login_grant="password")
    terminal = Terminal("/bin/login alice")
    terminal.expect("Password: ")
    terminal.enter("CANARY-pw-wrong")
    terminal.expect("The user name or the password is wrong.")
    terminal.expect("Login incorrect")
    assert not leftovers()
    terminal.expect("login: ")
    terminal.enter("alice")
    terminal.expect("Password: ")
    terminal.enter("CANARY-pw-alice")
    session = terminal.shell()
    assert status()["subject"] == "alice"
    session.logout()
    log.one("user name or password is wrong")


# ---- the order of a display manager -------------------------------------------------

def test_setcred_before_and_after_open_session_as_display_managers_call_it(provider, log):
    stack("gdm")
    show = 'run:keyctl pipe "$OIDC_ACCESS_TOKEN_KEY" 2>&1; echo'
    app = PamApp("gdm", "alice", "authenticate", "acct", "establish", "open", "establish", "env", show, "wait",
                 "reinitialize", "refresh", show, "wait", "close", show, "delete", "end")
    app.approve(provider)
    for step in ("authenticate", "acct", "establish", "open", "establish"):
        app.line(f"{step}: PAM_SUCCESS")
    key, refresh = the_key("oidc:access_token"), payload(the_key("oidc:refresh_token"))
    token, helper = payload(key), helpers()
    assert len(helper) == 1
    assert app.line(r"env: (\S+)").group(1) == f"OIDC_ACCESS_TOKEN_KEY={key.serial}"
    assert app.line(r"(CANARY-AT-\S+)").group(1) == token.decode()
    app.line("waiting")
    app.answer()
    app.line("reinitialize: PAM_SUCCESS")
    app.line("refresh: PAM_SUCCESS")
    assert app.line(r"(CANARY-AT-\S+)").group(1)
    app.line("waiting")
    assert helpers() == helper and the_key("oidc:access_token").serial == key.serial
    assert provider.is_active(refresh)
    app.answer()
    app.line("close: PAM_SUCCESS")
    app.line("keyctl_.*(ermission denied|revoked|not available)")
    app.line("delete: PAM_SUCCESS")
    app.line("end: PAM_SUCCESS")
    app.finish()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    log.one("session opened")
    log.one("session closed")
    assert not log.lines(BAD)


def test_the_hand_off_variable_is_there_until_the_session_opens_and_not_afterwards(provider):
    stack("gdm")
    app = PamApp("gdm", "alice", "authenticate", "env", "open", "env", "close", "end")
    app.approve(provider)
    app.line("authenticate: PAM_SUCCESS")
    assert app.line(r"env: (\w+)=\d+").group(1) == "OIDC_SESSION_HANDOFF"
    app.line("open: PAM_SUCCESS")
    assert app.line(r"env: (\w+)=\d+").group(1) == "OIDC_ACCESS_TOKEN_KEY"
    assert "HANDOFF" not in app.finish()


# ---- nobody to ask --------------------------------------------------------------------

@pytest.fixture
def no_configuration():
    """Whoever reads the configuration, and all who start a process do, logs that it does not exist."""
    os.remove(CONFIG)


@pytest.mark.parametrize("argv", [
    ["-n", "sudo"], ["-n", "polkit-1"], ["cron"], ["crond"], ["atd"], ["systemd-user"],
], ids=" ".join)
def test_a_service_without_a_person_is_ignored_and_nothing_is_done(no_configuration, provider, log, argv):
    stack(argv[-1], ONLY_IGNORE)
    requests = len(provider.requests())
    app = PamApp(*argv, "alice", "authenticate", "acct", "establish", "open", "env", "close", "end")
    printed = app.finish()
    for step in ("authenticate", "acct", "establish", "open", "close", "end"):
        assert f"{step}: PAM_SUCCESS" in printed
    assert "OIDC" not in printed and "prompt" not in printed
    assert not leftovers()
    assert len(provider.requests()) == requests
    assert not log.lines("pam_oidc_session|oidc-session-")


def test_the_same_stack_is_not_ignored_where_there_is_a_person(no_configuration, log):
    stack("sudo", ONLY_IGNORE)
    printed = PamApp("sudo", "alice", "authenticate", "end").finish()
    assert "authenticate: PAM_SERVICE_ERR" in printed
    log.one(f"{CONFIG} does not exist")


def test_a_user_below_minimum_uid_is_ignored_and_one_at_it_is_not(no_configuration, provider, log):
    stack("limited", ONLY_IGNORE.replace("auth     [ignore=ignore default=die]  pam_oidc_session.so",
                                         "auth [ignore=ignore default=die] pam_oidc_session.so minimum_uid=61002"))
    requests = len(provider.requests())
    printed = PamApp("limited", "alice", "authenticate", "open", "close", "end").finish()
    assert "authenticate: PAM_SUCCESS" in printed and "open: PAM_SUCCESS" in printed
    assert not log.lines("pam_oidc_session")
    printed = PamApp("limited", "bob", "authenticate", "end").finish()
    assert "authenticate: PAM_SERVICE_ERR" in printed
    log.one("user bob: .* does not exist")
    assert len(provider.requests()) == requests and not leftovers()


def test_system_users_are_below_minimum_uid_by_default(no_configuration, log):
    stack("limited", ONLY_IGNORE)
    printed = PamApp("limited", "root", "authenticate", "open", "close", "end").finish()
    assert "authenticate: PAM_SUCCESS" in printed and "open: PAM_SUCCESS" in printed
    assert not log.lines("pam_oidc_session")


# ---- PAM_SILENT -------------------------------------------------------------------------

@pytest.mark.parametrize("silent", [True, False], ids=["with-PAM_SILENT", "without"])
def test_pam_silent_keeps_messages_from_the_user_and_prompts_still_work(provider, log, silent):
    stack("quiet")
    configure(provider, login_grant="password")
    app = PamApp("quiet", "alice", *(["silent"] if silent else []), "authenticate", "end")
    app.expect("secret: Password: ")
    app.answer("CANARY-pw-wrong")
    printed = app.finish()
    assert "authenticate: PAM_AUTH_ERR" in printed
    assert ("The user name or the password is wrong." in printed) == (not silent)
    log.one("user name or password is wrong")


def test_a_whole_session_with_pam_silent_says_nothing_but_the_prompt(provider):
    stack("quiet")
    configure(provider, login_grant="password")
    app = PamApp("quiet", "alice", "silent", "authenticate", "silent", "establish", "silent", "open", "silent",
                 "close", "end")
    app.expect("secret: Password: ")
    app.answer("CANARY-pw-alice")
    printed = app.finish()
    assert "open: PAM_SUCCESS" in printed and "close: PAM_SUCCESS" in printed
    assert not re.search("^(info|error|prompt|secret): ", printed, re.M)
