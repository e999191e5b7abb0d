# SPDX-License-Identifier: MIT
"""oidc-session in a session, as its user: what it says, and that it is so."""
import json
import os
import re
import signal
import time

import pytest
from conftest import CODE, DEVICE_STACK, TOP, configure, helpers, payload, stack, status, the_key, wait_until
from scenes import Grants, is_alive, set_stage, ssh_key_login, ssh_password_login, wait_gone

MANUAL = f"{TOP}/man/oidc-session.1"


class Shell:
    """A session by ssh, in which oidc-session is run."""

    def __init__(self, terminal):
        self.terminal = terminal
        terminal.run("cd /tmp; umask 077")

    def run(self, command):
        """(exit status, standard output, standard error) of a shell command."""
        text = self.terminal.run(f"({command}) >~/out 2>~/err; echo status=$?; cat ~/out; echo =====; cat ~/err")
        head, err = text.split("=====\n") if "=====\n" in text else (text.removesuffix("====="), "")
        code, _, out = head.partition("\n")
        return int(code.removeprefix("status=")), out.rstrip("\n"), err.rstrip("\n")

    def ok(self, command):
        code, out, err = self.run(command)
        assert (code, err) == (0, ""), (code, out, err)
        return out

    def json(self):
        return json.loads(self.run("oidc-session status --json")[1])

    def logout(self):
        self.terminal.logout()
        wait_gone()


@pytest.fixture
def shell(provider, sshd):
    set_stage(provider)
    session = Shell(ssh_password_login())
    yield session
    if session.terminal.child.isalive():
        session.logout()


def access_token():
    return payload(the_key("oidc:access_token")).decode()


def members():
    """name -> types, of the JSON object that the manual describes."""
    with open(MANUAL, encoding="ascii") as file:
        section = file.read().split("\n.Sh JSON\n")[1].split("\n.Sh ")[0]
    found = dict(re.findall(r"^\.It Cm (\w+) Pq (.*)$", section, re.M))
    assert len(found) > 10
    return found


TYPES = {"string": str, "integer": int, "null": type(None)}


def assert_as_documented(shown):
    documented = members()
    assert set(shown) == set(documented)
    for name, value in shown.items():
        assert type(value) in [TYPES[word] for word in documented[name].split(" or ")], (name, value)


def test_shows_prints_and_renews_the_tokens_of_the_session(shell, provider):
    told = status()

    # status
    text = shell.ok("oidc-session status")
    assert re.search(rf"^alice at {provider.issuer} \(subject {told['subject']}\)$", text, re.M), text
    assert re.search(r"^  state +active$", text, re.M), text
    assert re.search(rf"^  helper +running, process {told['helper_pid']}$", text, re.M), text
    assert re.search(r"^  expires +in .* \(20..-..-.. ..:..:.. \w+\)$", text, re.M), text
    assert re.search(r"^  next renewal +in .*, before the token expires$", text, re.M), text
    assert "\x1b" not in text
    assert "\x1b[32mactive" in shell.terminal.run("TERM=xterm oidc-session status")
    assert "\x1b" not in shell.terminal.run("TERM=xterm NO_COLOR=1 oidc-session status; TERM=dumb oidc-session status")
    shown = shell.json()
    assert_as_documented(shown)
    assert (shown["state"], shown["user"], shown["issuer"]) == ("active", "alice", provider.issuer)
    assert shown["expires_at"] == int(payload(the_key("oidc:expires_at")))
    assert 0 < shown["expires_in"] <= shown["expires_at"] - time.time() + 2
    assert (shown["helper"], shown["helper_pid"]) == ("running", int(told["helper_pid"]))

    # Tab, really pressed
    completion = "/usr/share/bash-completion/completions/oidc-session"
    shell.terminal.run(f". {completion}; PS1='{shell.terminal.prompt[:2]}''{shell.terminal.prompt[2:]}'")
    shell.terminal.child.send("oidc-session stat\t--js\t\r")
    typed = shell.terminal.expect(shell.terminal.prompt)
    assert '"state": "active"' in typed, typed

    # token
    token = access_token()
    assert shell.ok("oidc-session token") == token
    assert shell.ok("oidc-session token --header") == f"Authorization: Bearer {token}"
    assert shell.ok("oidc-session token --id") == payload(the_key("oidc:id_token")).decode()
    answer = json.loads(shell.ok("oidc-session token --format=json"))
    assert (answer["access_token"], answer["token_type"]) == (token, "Bearer")
    credential = json.loads(shell.ok("oidc-session token --format=kubectl"))
    assert (credential["apiVersion"], credential["kind"]) == ("client.authentication.k8s.io/v1", "ExecCredential")
    assert credential["status"] == {"token": token, "expirationTimestamp": time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(shown["expires_at"]))}
    # on a terminal, too
    assert shell.terminal.run("oidc-session token") == token

    # as git starts it: for this host by https only
    shell.ok("git config --global credential.https://git.example.com.helper"
             " '!oidc-session token --format=git --host=git.example.com'")
    fill = "GIT_TERMINAL_PROMPT=0 git credential fill"
    lines = shell.ok(f"printf 'protocol=https\\nhost=git.example.com\\n\\n' | {fill}").split("\n")
    assert {"username=oauth2", f"password={token}"} <= set(lines)
    asked = "oidc-session token --format=git --host=git.example.com"
    # git before 2.40 does not know the last line, and passes over it
    lines = shell.ok(f"printf 'protocol=https\\nhost=git.example.com\\nusername=me\\n\\n' | {asked} get").split("\n")
    assert lines == [
        "username=me", f"password={token}", f"password_expiry_utc={shown['expires_at']}"]
    for request in ("protocol=http\\nhost=git.example.com", "protocol=https\\nhost=evil.example.com",
                    "protocol=https\\nhost=git.example.com:8443", "host=git.example.com", ""):
        code, out, err = shell.run(f"printf '{request}\\n\\n' | {asked} get")
        assert (code, out) == (0, "") and err.startswith("oidc-session: no token for git: "), (request, out, err)
    for operation in ("store", "erase", "capability"):
        assert shell.ok(f"printf 'protocol=https\\nhost=git.example.com\\n\\n' | {asked} {operation}") == ""

    # what is not written is not printed
    code, _, err = shell.run("oidc-session token >/dev/full")
    assert code == 3 and "No space left" in err
    code, _, err = shell.run("(oidc-session token; echo $? >~/code) | true; sleep 0.1; exit $(cat ~/code)")
    assert code in (0, 3)

    # renew: the same key has another token
    assert re.match(r"Renewed: the access token expires in .*, at 20", shell.ok("oidc-session renew"))
    assert access_token() != token
    assert shell.json()["renewals"] == 1
    # one that lives long enough is not renewed; a longer life than any is not waited for
    requests = len(Grants(provider).provider.requests("token:refresh_token"))
    lifetime = shell.json()["expires_at"] - shell.json()["renewed_at"]
    assert shell.ok("oidc-session token --min-lifetime=1") == access_token()
    wait_until(lambda: shell.json()["expires_in"] < lifetime - 2, "some of it has passed")
    code, out, err = shell.run(f"oidc-session token --min-lifetime={lifetime}")
    assert (code, out) == (3, "") and f"live for {lifetime} s" in err
    assert len(provider.requests("token:refresh_token")) == requests
    # one that has too little left is
    before = access_token()
    fresh = shell.ok(f"oidc-session token --min-lifetime={lifetime - 2}")
    assert fresh != before and fresh == access_token()


def test_a_provider_that_fails_is_named_and_a_renewal_that_it_delays_is_not_sent(shell, provider):
    provider.faults(**{"token:refresh_token": {"answer": {"status": 503, "headers": {"Retry-After": "600"}}}})
    code, out, err = shell.run("oidc-session renew")
    assert (code, out) == (3, "") and re.match("oidc-session: not renewed: .*503.* again at 20", err), err
    assert shell.json()["state"] == "retrying"
    assert "active, but the last renewal failed" in shell.ok("oidc-session status")
    code, _, err = shell.run("oidc-session renew")
    assert code == 3 and "the provider asked to wait until 20" in err, err
    assert shell.ok("oidc-session token") == access_token()
    provider.faults()


def test_a_grant_that_is_over_is_login_required(shell, provider):
    provider.faults(**{"token:refresh_token": {"answer": {"status": 400, "body": {"error": "invalid_grant"}}}})
    code, _, err = shell.run("oidc-session renew")
    assert code == 2 and re.match("oidc-session: login required: .*; run 'oidc-session login'", err), err
    code, out, err = shell.run("oidc-session token")
    assert (code, out) == (2, "") and "login required" in err
    code, out, _ = shell.run("oidc-session status")
    assert code == 2 and "login required" in out
    shown = shell.json()
    assert_as_documented(shown)
    assert (shown["state"], shown["helper"], shown["helper_pid"]) == ("login_required", "gone", None)
    code, _, err = shell.run("oidc-session logout")
    assert code == 1 and "no tokens" in err
    provider.faults()


def test_logout_removes_and_revokes_and_the_session_closes_as_ever(shell, provider, log):
    grants = Grants(provider)
    grants.start = 0
    pid = helpers()[0]
    token = access_token()
    assert shell.ok("oidc-session logout").startswith("Removed the tokens of this session.")
    assert not is_alive(pid)
    assert not provider.is_active(token)
    for command in ("status", "token", "renew", "logout"):
        code, out, err = shell.run(f"oidc-session {command}")
        assert (code, out) == (1, "") and "this session has no tokens" in err, (command, out, err)
    shown = shell.json()
    assert_as_documented(shown)
    assert shown["state"] == "none"
    shell.logout()
    assert not log.lines(r"authpriv\.(warning|err|crit).*oidc.session")


def test_without_its_helper_logout_removes_and_the_close_revokes(shell, provider):
    grants, token = Grants(provider), access_token()
    os.kill(helpers()[0], signal.SIGKILL)
    wait_until(lambda: not helpers(), "it is dead")
    assert "not running: the token will not be renewed" in shell.ok("oidc-session status")
    assert shell.json()["helper"] == "gone"
    code, _, err = shell.run("oidc-session renew")
    assert code == 3 and "the helper of this session does not run" in err
    code, _, err = shell.run("oidc-session logout")
    assert code == 3 and "the refresh token is revoked at the provider when the login session is closed" in err
    code, out, _ = shell.run("oidc-session status")
    assert code == 1 and "no tokens" in out
    assert shell.run("oidc-session token")[0] != 0
    shell.logout()
    wait_until(lambda: not provider.is_active(token), "it is revoked")
    assert grants.presented()


def test_a_process_that_is_not_our_helper_gets_no_signal(shell):
    """The user's own status, in a keyring of theirs, names a process that has nothing to do with it."""
    made = shell.ok("keyctl session - sh -c '"
                    "ring=$(keyctl newring oidc @s); keyctl add user oidc:access_token at $ring >/dev/null;"
                    ' sleep 60 & printf "state=active\\nhelper_pid=%s\\n" $! | keyctl padd user oidc:status $ring;'
                    " oidc-session renew; oidc-session logout; kill -0 $! && echo alive; kill $!' 2>&1")
    assert made.count("the helper of this session does not run") == 2 and made.endswith("alive"), made


def test_a_session_without_tokens_says_so(provider, sshd):
    set_stage(provider)
    shell = Shell(ssh_key_login())
    for command in ("status", "token", "renew", "logout"):
        code, out, err = shell.run(f"oidc-session {command}")
        assert (code, out) == (1, "") and "oidc-session login" in err
    code, out, _ = shell.run("oidc-session status --json")
    assert code == 1
    assert_as_documented(json.loads(out))
    shell.logout()


def test_tokens_of_a_login_within_the_session_are_treated_alike(provider, sshd):
    configure(provider)
    stack("sshd", DEVICE_STACK)
    shell = Shell(ssh_key_login())
    shell.terminal.enter("oidc-session login >/dev/null")
    shell.terminal.expect(CODE.pattern)
    provider.approve(shell.terminal.child.match.group(1))
    shell.terminal.expect(re.escape(shell.terminal.prompt))
    shown = shell.json()
    assert_as_documented(shown)
    assert (shown["state"], shown["helper"]) == ("active", "running")
    token = shell.ok("oidc-session token")
    assert provider.is_active(token)
    assert shell.ok("oidc-session renew").startswith("Renewed: ")
    assert shell.ok("oidc-session token") != token
    assert shell.ok("oidc-session logout").startswith("Removed the tokens of this session.")
    assert not helpers() and shell.json()["state"] == "none"
    shell.logout()
