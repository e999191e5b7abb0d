# SPDX-License-Identifier: MIT
"""sshd, the way people log in: keyboard-interactive, password, public key."""
import base64
import json
import os
import re
import signal
import time

import pytest

from conftest import (CA, CODE, TOP, configure, helpers, keys, leftovers, payload, run, ssh, ssh_device_login, stack,
                      status, the_key, wait_until)

KEY_FILE = "-i /root/.ssh/id_test"
BAD = r"^\S+\.(emerg|alert|crit|err|warning) .*oidc.session"


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    configure(provider)
    stack("sshd")


def claims_of(token):
    """The claims of a JWT, which nobody has to verify here."""
    body = token.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))


def password_login(user="alice", password=None, method="password"):
    terminal = ssh(user, method)
    terminal.expect("assword: ")
    terminal.enter(password or f"CANARY-pw-{user}")
    return terminal


def client_secret(name, text):
    """A file as root makes it; test_zz looks at no file that is named client-secret."""
    path = f"/etc/security/client-secret-{name}"
    with open(path, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(text + "\n")
    return path


# ---- the device grant -----------------------------------------------------------

def test_keyboard_interactive_with_the_device_grant_gives_tokens_until_logout(provider, log):
    session = ssh_device_login(provider)
    assert session.run("whoami") == "alice"
    token = payload(the_key("oidc:access_token"))
    assert session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    refresh = payload(the_key("oidc:refresh_token"))
    assert provider.is_active(token) and provider.is_active(refresh)
    assert status()["state"] == "active"
    session.logout()
    wait_until(lambda: not helpers() and not keys(), "helper and keys gone")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    log.one("session opened")
    log.one("session closed, tokens removed")
    log.one("tokens removed and revoked")


def test_the_user_sees_page_code_lifetime_and_what_to_do(provider):
    terminal = ssh()
    terminal.expect(CODE.pattern)
    code = terminal.child.match.group(1)
    before = terminal.child.before
    after = terminal.expect("Press Enter after you have approved: ")
    assert "To log in, open this page in a browser" in before
    assert re.search(rf"^\s+{re.escape(provider.issuer)}/device\r?$", before, re.M)
    assert "good for 5 minutes." in after
    assert re.search(rf"^\s+{re.escape(provider.issuer)}/device\?user_code={code}\r?$", after, re.M)
    provider.approve(code)
    terminal.enter()
    terminal.shell().logout()


def test_enter_before_the_approval_waits_for_it(provider):
    terminal = ssh()
    code = terminal.code()
    terminal.enter()
    polls = len(provider.requests("token:device_code"))
    wait_until(lambda: len(provider.requests("token:device_code")) >= polls + 2, "two more polls of the provider")
    assert not keys() and not helpers()
    assert terminal.child.isalive()
    provider.approve(code)
    assert terminal.shell().run("whoami") == "alice"
    terminal.logout()


def issued_for(provider, start):
    """What the provider's log says of the device code's tokens that it issued since then."""
    return [line["issued"] for line in provider.requests("token:device_code")[start:] if line.get("issued")]


@pytest.mark.parametrize("approved", [False, True], ids=["", "although-it-was-approved-meanwhile"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["by-Ctrl-C", "by-a-lost-connection"])
def test_leaving_at_the_prompt_leaves_no_process_no_key_and_no_token(provider, how, approved):
    start, revoked = len(provider.requests("token:device_code")), len(provider.requests("revocation"))
    terminal = ssh()
    code = terminal.code()
    if approved:
        provider.approve(code)
        wait_until(lambda: issued_for(provider, start), "tokens issued before Enter was pressed")
    if how == signal.SIGINT:
        terminal.child.sendintr()
    else:
        terminal.child.kill(how)
    terminal.closed()
    wait_until(lambda: not leftovers(), "no process and no key", 10)
    if not approved:
        assert not issued_for(provider, start)
        return
    issued = issued_for(provider, start)[0]
    presented = {line["presented"] for line in provider.requests("revocation")[revoked:]}
    assert presented == {issued["refresh_token"], issued["access_token"]}


def test_a_login_whose_code_another_user_approves_is_refused(provider, log):
    terminal = ssh("alice")
    provider.approve(terminal.code(), "bob")
    terminal.enter()
    terminal.expect("Permission denied")
    terminal.closed()
    log.one(r"pam_oidc_session.*user alice")
    assert not leftovers()


# ---- passwords --------------------------------------------------------------------

def test_password_authentication_with_the_password_grant_gives_tokens_until_logout(provider, log):
    configure(provider, login_grant="password")
    session = password_login().shell()
    token, refresh = payload(the_key("oidc:access_token")), payload(the_key("oidc:refresh_token"))
    assert session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    assert provider.is_active(token) and provider.is_active(refresh)
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    assert not log.lines(BAD)


def test_a_wrong_password_is_refused_with_one_line_in_the_log(provider, log):
    configure(provider, login_grant="password")
    terminal = password_login(password="CANARY-pw-wrong")
    seen = terminal.expect(r"Permission denied \(")
    terminal.closed()
    assert "CANARY" not in seen
    assert not leftovers()
    assert log.one(r"pam_oidc_session.*user alice").endswith("user alice: user name or password is wrong")


def test_keyboard_interactive_tells_the_user_that_the_password_is_wrong(provider, log):
    configure(provider, login_grant="password")
    terminal = password_login(password="CANARY-pw-wrong", method="keyboard-interactive")
    terminal.expect("The user name or the password is wrong.")
    terminal.expect(r"Permission denied \(")
    terminal.closed()
    assert not leftovers()
    log.one(r"pam_oidc_session.*user alice: user name or password is wrong")


# ---- public keys ------------------------------------------------------------------

def test_a_public_key_login_works_has_no_tokens_and_logs_nothing_bad(provider, log):
    requests = len(provider.requests())
    session = ssh("alice", "publickey", KEY_FILE).shell()
    assert session.run("whoami") == "alice"
    assert session.run("env | grep -c OIDC") == "0"
    assert "Required key not available" in session.run("keyctl search @s user oidc:access_token")
    assert not leftovers()
    session.logout()
    assert len(provider.requests()) == requests
    assert not log.lines(BAD)
    log.one(r"Accepted publickey for alice")


@pytest.fixture
def both_methods(sshd):
    run(f"{TOP}/tests/lib/sshd-start", "AuthenticationMethods publickey,keyboard-interactive")
    yield
    run(f"{TOP}/tests/lib/sshd-start")


def test_a_public_key_and_then_the_device_grant_gives_tokens(both_methods, provider, log):
    terminal = ssh("alice", "publickey,keyboard-interactive", KEY_FILE)
    provider.approve(terminal.code())
    terminal.enter()
    session = terminal.shell()
    token = payload(the_key("oidc:access_token"))
    assert session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token)
    log.one("Accepted publickey for alice|Partial publickey for alice")


# ---- what the session has ----------------------------------------------------------

def test_the_variables_of_the_hand_off_do_not_reach_the_session(provider):
    session = ssh_device_login(provider)
    assert session.run("env | grep OIDC | cut -d= -f1") == "OIDC_ACCESS_TOKEN_KEY"
    assert session.run("tr '\\0' '\\n' </proc/$$/environ | grep -c HANDOFF") == "0"
    assert session.run("echo $OIDC_ACCESS_TOKEN_KEY") == str(the_key("oidc:access_token").serial)
    session.logout()


def test_the_access_token_is_good_at_the_providers_userinfo(provider):
    session = ssh_device_login(provider)
    answer = session.run(
        """printf 'header = "Authorization: Bearer %s"' "$(keyctl pipe "$OIDC_ACCESS_TOKEN_KEY")" |"""
        f" curl -sS --cacert {CA} -K - {provider.userinfo_endpoint}; echo")
    assert json.loads(answer)["preferred_username"] == "alice"
    session.logout()


def test_id_token_expires_at_and_status_say_what_the_provider_said(provider):
    before = int(time.time())
    session = ssh_device_login(provider)
    after = int(time.time())
    id_token = session.run('keyctl pipe "$(keyctl search @s user oidc:id_token)"')
    claims = claims_of(id_token.encode())
    assert claims["iss"] == provider.issuer and claims["aud"] == "pam-public"
    assert claims["preferred_username"] == "alice"
    expires_at = int(session.run('keyctl pipe "$(keyctl search @s user oidc:expires_at)"'))
    assert before + 300 <= expires_at <= after + 300
    now = status()
    assert session.run('keyctl pipe "$(keyctl search @s user oidc:status)"').split("\n") == [
        f"{name}={value}" for name, value in now.items()]
    renew_at, renewed_at = int(now.pop("renew_at")), int(now.pop("renewed_at"))
    assert renewed_at == expires_at - 300
    assert renewed_at < renew_at < expires_at
    assert before <= int(now.pop("since")) <= after
    assert now == {"state": "active", "subject": "alice", "issuer": provider.issuer,
                   "scope": "openid profile offline_access", "renewals": "0", "failures": "0",
                   "renew_reason": "before_expiry", "id_expires_at": str(claims["exp"]),
                   "helper_pid": str(helpers()[0])}
    session.logout()


@pytest.mark.parametrize("client, auth, secret", [
    ("pam-basic", "client_secret_basic", "CANARY-secret-basic"),
    ("pam-odd", "client_secret_basic", 'CANARY-secret o d+d%:&=/"~'),
    ("pam-post", "client_secret_post", "CANARY-secret-post"),
])
def test_a_client_with_a_secret_logs_in_renews_and_revokes(provider, client, auth, secret):
    configure(provider, provider_client_id=client, provider_client_auth=auth,
              provider_client_secret_file=client_secret(client, secret))
    session = ssh_device_login(provider)
    first, refresh = payload(the_key("oidc:access_token")), payload(the_key("oidc:refresh_token"))
    assert claims_of(payload(the_key("oidc:id_token")))["aud"] == client
    os.kill(helpers()[0], signal.SIGALRM)
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    second = payload(the_key("oidc:access_token"))
    assert second != first and provider.is_active(second) and not provider.is_active(refresh)
    last = payload(the_key("oidc:refresh_token"))
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(second) and not provider.is_active(last)
