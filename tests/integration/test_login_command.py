# SPDX-License-Identifier: MIT
"""oidc-session login: tokens for a session that has none, or none any more, by the user alone."""
import contextlib
import os
import re
import signal

import pytest

from conftest import (DEVICE_STACK, UIDS, configure, exchanges, helpers, leftovers, run, ssh_device_login, stack, status,
                      wait_until)
from scenes import Grants, process, quota, ssh_key_login

CODE = r"enter this code:\s+([A-Z0-9]{4}-?[A-Z0-9]{4})"
EXPORT = r"export OIDC_ACCESS_TOKEN_KEY=(\d+)"
ALICE = UIDS["alice"]


@pytest.fixture(autouse=True)
def ready(provider, sshd):
    configure(provider)
    stack("sshd", DEVICE_STACK)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def start(shell, provider, command="oidc-session login", user="alice", wait=False):
    """Begin, and approve (or deny) at the provider's page as a user."""
    shell.enter(command)
    shell.expect(CODE)
    code = shell.child.match.group(1)
    shell.expect("Waiting for approval")
    if not wait:
        provider.approve(code, user)
    return code


def login(shell, provider, command="oidc-session login"):
    """A whole login; the serial of its access token."""
    start(shell, provider, command)
    shell.expect(EXPORT)
    serial = int(shell.child.match.group(1))
    shell.expect(re.escape(shell.prompt))
    shell.run(f"export OIDC_ACCESS_TOKEN_KEY={serial}")
    return serial


def tree(shell):
    """name -> (serial, owner) of what the session finds; nobody but who possesses them sees these keys."""
    lines = re.findall(r"^ *(\d+) +(\S+) +(\d+) +(\d+) .*?(?:user|keyring): (\S+)$", shell.run("keyctl show"), re.M)
    return {name: (int(serial), flags, int(uid), int(gid)) for serial, flags, uid, gid, name in lines}


def token(shell):
    return shell.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"')


def the_helper():
    found = helpers()
    assert len(found) == 1, found
    return found[0]


def arguments(pid):
    with open(f"/proc/{pid}/cmdline", encoding="ascii") as file:
        return file.read().split("\0")[:-1]


def wait_over(grants):
    """The last pair is revoked, and with it, at this provider, the whole grant."""
    wait_until(lambda: grants.last() <= grants.presented(), "the last tokens are revoked")
    wait_until(lambda: not leftovers(), "nothing is left")


def renewed(shell, pid, before):
    """Let the helper renew now; the new token."""
    os.kill(pid, signal.SIGALRM)
    return wait_until(lambda: (now := token(shell)) != before and now, "a new token in the same key")


# ---- a session without tokens --------------------------------------------------------------

def test_a_session_without_tokens_gets_some_that_are_renewed_and_end_with_it(provider, grants):
    shell = ssh_key_login()
    serial = login(shell, provider)
    first = token(shell)
    assert provider.is_active(first)
    # All is the user's: the keys, and the helper in everything.
    found = tree(shell)
    assert set(found) >= {"oidc", "oidc:access_token", "oidc:expires_at", "oidc:id_token", "oidc:status"}
    assert all(key[2:] == (ALICE, ALICE) for name, key in found.items() if name.startswith("oidc")), found
    pid = the_helper()
    assert process(pid)["Uid"].split() == process(pid)["Gid"].split() == [str(ALICE)] * 4
    monitor = int(arguments(pid)[3])
    assert process(monitor)["Uid"].split()[0] == "0" and "sshd" in process(monitor)["Name"]
    # What is the helper's alone is out of reach for processes of the same user, too.
    theirs = shell.run("for ring in $(awk '$8 == \"keyring\" && $9 ~ /^_ses/ {print \"0x\" $1}' /proc/keys); do"
                       " keyctl rlist $ring; done").split()
    hidden = set(theirs) - {str(key[0]) for key in found.values()}
    assert len(hidden) >= 2, theirs
    for key in hidden:
        assert "Permission denied" in shell.run(f"keyctl pipe {key}")
        assert "Permission denied" in shell.run(f"keyctl setperm {key} 0x3f3f0000")
    assert "Permission denied" in run("su", "alice", "-c", f"keyctl pipe {serial} 2>&1", check=False)
    # It is renewed in place; a helper that was executed anew goes on with that.
    second = renewed(shell, pid, first)
    assert second != first and provider.is_active(second)
    assert tree(shell)["oidc:access_token"][0] == serial
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: "--resume" in arguments(pid), "executed anew")
    state = dict(line.split("=", 1) for line in shell.run("keyctl pipe $(keyctl search @s user oidc:status)").splitlines())
    assert state["state"] == "active" and state["renewals"] == "1" and state["helper_pid"] == str(pid)
    # Twice is refused.
    assert "has tokens already" in shell.run("oidc-session login; echo status $?")
    assert token(shell) == second
    # One that the user destroys is made again, with the same rights.
    shell.run(f"keyctl invalidate {serial}")
    os.kill(pid, signal.SIGALRM)
    again = wait_until(lambda: tree(shell).get("oidc:access_token"), "another key")
    assert again[0] != serial and again[1:] == found["oidc:access_token"][1:]
    shell.run(f"OIDC_ACCESS_TOKEN_KEY={again[0]}")
    assert provider.is_active(token(shell))
    shell.logout()
    wait_over(grants)


def test_of_two_logins_at_once_the_later_one_keeps_nothing(provider, grants):
    shell = ssh_key_login()
    shell.run("oidc-session login </dev/null >other 2>&1 &")
    code = wait_until(lambda: re.search(CODE, shell.run("cat other")), "the code").group(1)
    login(shell, provider)
    kept = token(shell)
    provider.approve(code, "alice")
    wait_until(lambda: "has tokens already" in shell.run("cat other"), "the refusal")
    wait_until(lambda: not exchanges(), "what it got is revoked")
    assert grants.last() <= grants.presented()
    the_helper()
    assert token(shell) == kept and provider.is_active(kept)
    shell.run("rm other")
    shell.logout()
    wait_until(lambda: not helpers(), "nothing is left")


def test_with_force_the_tokens_before_end_first_and_the_line_is_for_eval(provider, grants):
    shell = ssh_key_login()
    shell.run("keyctl new_session >/dev/null")  # as after a refusal for want of one
    login(shell, provider)
    first, pid, before = token(shell), the_helper(), grants.issued()
    start(shell, provider, 'eval "$(oidc-session login --force)"')
    shell.expect(re.escape(shell.prompt))
    assert the_helper() != pid and before and before <= grants.presented()
    second = token(shell)
    assert second != first and provider.is_active(second) and not provider.is_active(first)
    # The other commands know the user's own as they know root's.
    assert "state         active" in shell.run("oidc-session status | cat")
    assert shell.run("oidc-session token") == second
    # A helper that nobody names is not dead: it goes on until its keyring is taken away.
    shell.run(f"keyctl invalidate {tree(shell)['oidc:status'][0]}")
    for command in ("oidc-session logout", "oidc-session login"):
        assert "does not name its helper" in shell.run(command)
    assert token(shell) == second
    unnamed = the_helper()
    start(shell, provider, 'eval "$(oidc-session login --force)"')
    shell.expect(re.escape(shell.prompt))
    third = token(shell)
    os.kill(unnamed, signal.SIGALRM)  # its next renewal
    wait_until(lambda: unnamed not in helpers(), "it has ended")
    assert provider.is_active(third) and not provider.is_active(second)
    assert "Removed the tokens" in shell.run("oidc-session logout")
    wait_over(grants)
    shell.logout()


# ---- a grant that is over ------------------------------------------------------------------

def test_after_a_grant_that_is_over_a_login_takes_its_place(provider, grants):
    shell = ssh_device_login(provider)
    old = shell.run('echo "$OIDC_ACCESS_TOKEN_KEY"')
    provider.faults(**{"token:refresh_token": {"times": 1, "answer": {"status": 400,
                                                                      "body": {"error": "invalid_grant"}}}})
    os.kill(the_helper(), signal.SIGALRM)
    wait_until(lambda: not helpers(), "the grant is over")
    assert status()["state"] == "login_required"
    start(shell, provider)
    shell.expect("names the old key")
    shell.expect(EXPORT)
    new = shell.child.match.group(1)
    shell.expect(re.escape(shell.prompt))
    assert new != old
    shell.run(f"OIDC_ACCESS_TOKEN_KEY={new}")
    assert provider.is_active(token(shell))
    assert re.findall(r"keyring: oidc$", shell.run("keyctl show"), re.M) == ["keyring: oidc"]
    shell.logout()
    wait_over(grants)


# ---- logins that come to nothing -----------------------------------------------------------

def failed(shell):
    """The exit status once the prompt is back, and what was said; nothing is left."""
    said = shell.expect(re.escape(shell.prompt))
    number = shell.run("echo $?")
    assert not helpers() and "oidc" not in tree(shell)
    return number, said


def test_a_login_that_another_user_approves_or_nobody_or_that_is_left_leaves_nothing(provider, grants):
    shell = ssh_key_login()
    start(shell, provider, user="bob")
    number, said = failed(shell)
    assert number == "3" and "login failed" in said, said
    grants.wait_revoked()
    provider.deny(start(shell, provider, wait=True))
    assert failed(shell)[0] == "3"
    code = start(shell, provider, wait=True)
    shell.child.sendintr()
    number, said = failed(shell)
    assert number == "130" and "cancelled" in said, said
    wait_until(lambda: not exchanges(), "no exchange is left")
    assert len(grants.issued()) == 2 and code, "only bob's"
    shell.logout()


def test_a_quota_that_is_used_up_is_named_and_nothing_is_stored(provider, grants):
    shell = ssh_key_login()
    with open("/proc/sys/kernel/keys/maxbytes", encoding="ascii") as file:
        free = int(file.read()) - quota(UIDS["alice"])[1]
    shell.run(f"head -c {free - 1500} /dev/zero | keyctl padd user filler @s >/dev/null")
    start(shell, provider)
    number, said = failed(shell)
    assert number == "3" and "kernel.keys.maxkeys" in said and "kernel.keys.maxbytes" in said, said
    grants.wait_revoked()
    shell.logout()


def test_what_cannot_be_a_login_of_the_users_own_is_refused_at_once(provider):
    shell = ssh_key_login()
    # tmux in a login that is over; su without pam_keyinit.
    assert "keyctl new_session" in shell.run("keyctl session x sh -c 'keyctl revoke @s; oidc-session login'")
    said = run("su", "alice", "-c", "oidc-session login 2>&1", check=False)
    assert "no keyring of its own" in said, said
    secret = "/etc/security/client-secret-login"
    with open(secret, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("CANARY-secret\n")
    configure(provider, provider_client_auth="client_secret_basic", provider_client_secret_file=secret)
    assert "is for public clients" in shell.run("oidc-session login; echo status $?")
    configure(provider, login_grant="password")
    assert "is for the device grant" in shell.run("oidc-session login")
    shell.run("cp /etc/security/oidc-session.conf ~/mine.conf")
    assert "does not belong to root" in shell.run("oidc-session login --config ~/mine.conf")
    shell.logout()
    os.remove(secret)


# ---- with what it ends ---------------------------------------------------------------------

# A shell that leads a session of its own, below process 1, and writes its process ID.
ORPHAN = """setsid --fork sh -c 'until [ "$(cut -d" " -f4 /proc/$$/stat)" = 1 ]; do sleep 0.02; done
    echo $$ >/tmp/orphan.pid; {} oidc-session login; sleep 1000' </dev/null >/tmp/orphan.out 2>&1"""


def text_of(path):
    with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:
        return file.read()
    return ""


def test_without_a_login_program_the_tokens_end_with_the_leader_of_the_session(provider, grants):
    shell = ssh_key_login()
    shell.run(ORPHAN.format(""))
    code = wait_until(lambda: re.search(CODE, text_of("/tmp/orphan.out")), "a code").group(1)
    provider.approve(code)
    wait_until(lambda: re.search(EXPORT, text_of("/tmp/orphan.out")), "a login")
    said, leader = text_of("/tmp/orphan.out"), int(text_of("/tmp/orphan.pid"))
    assert said.count("Waiting for approval") == 1 and f"with process {leader} (sh)" in said
    assert arguments(the_helper())[3] == str(leader)
    os.kill(leader, signal.SIGKILL)
    wait_over(grants)
    shell.run(ORPHAN.format("exec"))
    wait_until(lambda: "nothing here would end the tokens" in text_of("/tmp/orphan.out"), "a refusal")
    shell.logout()


# ---- oidc-session run ----------------------------------------------------------------------

def test_run_gives_a_command_a_file_that_follows_the_renewals_and_goes_with_the_tokens(provider, grants):
    provider.start(ACCESS_TTL=6)
    shell = ssh_key_login()
    assert shell.run("oidc-session run echo ran; echo $?").splitlines()[-1] == "1"
    login(shell, provider)
    shell.enter("BEARER_TOKEN=x oidc-session run sh -c 'echo \"in $BEARER_TOKEN_FILE ${BEARER_TOKEN-unset}\";"
                " while [ -e \"$BEARER_TOKEN_FILE\" ]; do sleep 0.1; done; echo gone; exec sleep 1000'")
    shell.expect(r"in (/\S+) unset")
    path = shell.child.match.group(1)
    stat = os.stat(path)
    assert (stat.st_uid, stat.st_mode & 0o7777) == (ALICE, 0o600)
    assert os.stat(os.path.dirname(path)).st_mode & 0o7777 == 0o700
    first = text_of(path)
    assert provider.is_active(first)
    second = wait_until(lambda: (now := text_of(path)) != first and now, "a renewal in the file", 20)
    assert provider.is_active(second)
    # The end of the tokens is seen at once.
    os.kill(the_helper(), signal.SIGTERM)
    shell.expect("gone")
    assert not os.path.exists(path)
    shell.child.sendintr()
    shell.expect(re.escape(shell.prompt))
    assert shell.run("echo $?") == "130"
    assert not os.path.exists(os.path.dirname(path))
    shell.logout()
    wait_over(grants)
