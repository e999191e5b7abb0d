# SPDX-License-Identifier: MIT
"""The table of permissions: what the user's shell, other sessions and other users may do with keys and processes.

Every call is tried, by a process inside the session; the result is the kernel's errno.
"""
import grp
import os
import pwd
import signal
import subprocess

import pytest

from conftest import UIDS, exchanges, helpers, keys, payload, run, status, the_key, wait_until
from scenes import (KEYINIT_REVOKE, SESSION, app, handoff, has_secret, opened, probe, process, quota, serials,
                    set_stage, settled_quota, ssh_key_login, ssh_password_login, wait_gone)

SESSION_RING, USER_RING, PROCESS_RING = -3, -4, -2
IN_SESSION = ("oidc:access_token", "oidc:id_token", "oidc:expires_at", "oidc:status")
HELPERS_OWN = ("oidc:refresh_token", "oidc:settings")


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    set_stage(provider)


def compare(terminal, expected):
    """Try each call and compare all results at once; expected is a list of (call, result)."""
    results = probe(terminal, [call for call, _ in expected])
    wrong = [f"{call} = {result!r}, not {want!r}" for (call, want), result in zip(expected, results)
             if result != want]
    assert not wrong, "\n".join(wrong)


def digests():
    return {name: run("sha256sum", input=payload(the_key(name)).decode())[:12] for name in IN_SESSION}


# ---- the session's own keys ------------------------------------------------------------

def test_the_session_may_view_read_and_search_its_keys(provider):
    session = ssh_password_login()
    ring, group = serials(), grp.getgrnam("oidc-session").gr_gid
    expected = [
        (["search", SESSION_RING, "keyring", "oidc"], ring["oidc"]),
        (["view", ring["oidc"]], f"keyring;0;{group};0b3f2500;oidc"),
        (["list", ring["oidc"]], len(IN_SESSION)),
    ]
    for name in IN_SESSION:
        expected += [(["view", ring[name]], f"user;0;{group};0b3f2500;{name}"),
                     (["read", ring[name]], digests()[name]),
                     (["search", SESSION_RING, "user", name], ring[name]),
                     (["search", ring["oidc"], "user", name], ring[name]),
                     (["request", "user", name], ring[name])]
    compare(session, expected)
    assert session.run("echo $OIDC_ACCESS_TOKEN_KEY") == str(ring["oidc:access_token"])
    session.logout()


def refused_changes(key, name, tokens):
    """What would alter, keep or pass on a key in the keyring of tokens."""
    return [(call, "EACCES") for call in (
        ["add", tokens, "user", name, "forged"], ["update", key], ["timeout", key, 0], ["timeout", key, 99999],
        ["setperm", key], ["chown", key], ["chgrp", key], ["revoke", key], ["clear", key],
        ["unlink", key, tokens], ["link", key, SESSION_RING], ["link", key, USER_RING], ["link", key, PROCESS_RING],
        ["move", key, tokens, SESSION_RING], ["request", "user", name, SESSION_RING],
        ["search", SESSION_RING, "user", name, USER_RING])]


def test_the_session_may_not_alter_keep_or_pass_on_its_keys(provider):
    session = ssh_password_login()
    ring, before = serials(), digests()
    expected = []
    for name in IN_SESSION:
        expected += refused_changes(ring[name], name, ring["oidc"])
        expected += [(["instantiate", ring[name]], "EPERM"), (["negate", ring[name]], "EPERM")]
    compare(session, expected)
    assert digests() == before
    session.logout()


def test_the_session_may_not_alter_keep_or_pass_on_the_keyring_of_its_keys(provider):
    session = ssh_password_login()
    ring = serials()
    tokens = ring["oidc"]
    compare(session, [(call, "EACCES") for call in (
        ["add", tokens, "user", "other", "x"], ["add", tokens, "keyring", "other", ""], ["timeout", tokens, 1],
        ["setperm", tokens], ["chown", tokens], ["chgrp", tokens], ["revoke", tokens], ["clear", tokens],
        ["link", tokens, USER_RING], ["link", tokens, PROCESS_RING], ["move", tokens, SESSION_RING, USER_RING],
        ["link", USER_RING, tokens], ["restrict", tokens], ["search", SESSION_RING, "keyring", "oidc", USER_RING],
        ["unlink", USER_RING, tokens])])
    assert serials() == ring
    session.logout()


def test_what_is_left_of_a_session_after_detours_is_not_in_a_ring_of_the_user(provider):
    """request_key with a destination, the parent's session keyring, the persistent keyring."""
    session = ssh_password_login()
    ring = serials()
    access = ring["oidc:access_token"]
    results = probe(session, [
        ["persistent", -1, SESSION_RING],  # this kernel may have none
        ["request", "user", "oidc:access_token", USER_RING],
        ["search", USER_RING, "user", "oidc:access_token"],
        ["child-session"],
        ["read", access],
        ["search", SESSION_RING, "keyring", "oidc"],
        ["join", "oidc"],
        ["search", SESSION_RING, "user", "oidc:access_token"],
        ["read", access],
    ])
    assert isinstance(results[0], int) or results[0] in ("EOPNOTSUPP", "ENOSYS")
    assert results[1:3] == ["EACCES", "ENOKEY"]
    assert results[3] == 0, "the child could not give its session keyring to its parent: nothing is shown by this"
    assert results[7:] == ["ENOKEY", "EACCES"], "a keyring of the user's is named oidc, and is not this one"
    # The shell itself still has its session keyring.
    assert probe(session, [["read", access]])[0] == digests()["oidc:access_token"]
    session.logout()


def test_the_user_may_destroy_the_access_token_which_the_next_renewals_bring_back(provider, log):
    session = ssh_password_login()
    ring = serials()
    assert probe(session, [["invalidate", ring["oidc:access_token"]]]) == [0]
    assert probe(session, [["read", ring["oidc:access_token"]]]) == ["ENOKEY"]
    find = ["search", SESSION_RING, "user", "oidc:access_token"]
    assert probe(session, [find]) == ["ENOKEY"]
    seen = set()
    for count in ("1", "2", "3"):
        os.kill(helpers()[0], signal.SIGALRM)
        wait_until(lambda: status()["renewals"] == count or status()["failures"] != "0", f"renewal {count}")
        assert (status()["renewals"], status()["failures"]) == (count, "0"), status()
        key = probe(session, [find])[0]
        assert isinstance(key, int)
        seen.add(probe(session, [["read", key]])[0])
        compare(session, refused_changes(key, "oidc:access_token", ring["oidc"]))
    assert len(seen) == 3, "each renewal brings another token"
    issued = [request["issued"] for request in provider.requests("token:refresh_token") if request.get("issued")]
    assert seen <= {tokens["access_token"] for tokens in issued}
    session.logout()
    wait_gone()
    assert not log.lines("cannot renew")


@pytest.mark.parametrize("name", ["oidc:id_token", "oidc:expires_at", "oidc:status", "oidc"])
def test_the_user_may_destroy_their_own_keys_and_logout_still_ends_all(provider, log, name):
    session = ssh_password_login()
    ring, token = serials(), payload(the_key("oidc:access_token"))
    refresh = payload(the_key("oidc:refresh_token"))
    assert probe(session, [["invalidate", ring[name]]]) == [0]
    session.logout()
    wait_gone()
    assert not provider.is_active(token) and not provider.is_active(refresh)
    log.one("tokens removed and revoked")


@pytest.mark.parametrize("how", [["unlink"], ["clear", SESSION_RING], ["revoke", SESSION_RING]], ids=lambda how: how[0])
def test_a_user_who_drops_the_keyring_from_the_session_loses_the_tokens_and_logout_still_ends_all(provider, log, how):
    session = ssh_password_login()
    ring, token = serials(), payload(the_key("oidc:access_token"))
    if how == ["unlink"]:
        how = ["unlink", ring["oidc"], SESSION_RING]
    assert probe(session, [how]) == [0]
    assert probe(session, [["read", ring["oidc:access_token"]]]) in (["EACCES"], ["EKEYREVOKED"])
    session.logout()
    wait_gone()
    assert not provider.is_active(token)
    log.one("tokens removed and revoked")


# ---- the helper's keys, other sessions, other users --------------------------------------

def nothing_allowed(key, tokens):
    return [(call, "EACCES") for call in (
        ["view", key], ["read", key], ["add", tokens, "user", "other", "x"], ["update", key], ["timeout", key, 1],
        ["setperm", key], ["chown", key], ["chgrp", key], ["revoke", key], ["invalidate", key],
        ["link", key, SESSION_RING], ["link", key, USER_RING], ["link", key, PROCESS_RING],
        ["move", key, tokens, USER_RING])]


def test_refresh_token_and_settings_are_closed_to_the_session(provider):
    session = ssh_password_login()
    ring = serials()
    expected = []
    for name in HELPERS_OWN:
        expected += nothing_allowed(ring[name], ring["oidc"])
        expected += [(["search", SESSION_RING, "user", name], "ENOKEY"),
                     (["search", ring["oidc"], "user", name], "ENOKEY"),
                     (["request", "user", name], "ENOKEY"),
                     (["request", "user", name, USER_RING], "ENOKEY")]
    expected += nothing_allowed(handoff(ring), ring["oidc"])
    compare(session, expected)
    assert serials() == ring
    session.logout()


def everything_closed(ring):
    expected = nothing_allowed(handoff(ring), ring["oidc"])
    for name in IN_SESSION + HELPERS_OWN:
        expected += nothing_allowed(ring[name], ring["oidc"])
        expected += [(["search", SESSION_RING, "user", name], "ENOKEY"),
                     (["search", ring["oidc"], "user", name], "EACCES")]
    expected += nothing_allowed(ring["oidc"], ring["oidc"])
    return expected + [(["clear", ring["oidc"]], "EACCES"), (["restrict", ring["oidc"]], "EACCES"),
                       (["search", SESSION_RING, "keyring", "oidc"], "ENOKEY")]


def test_another_user_can_do_nothing_with_the_keys(provider):
    session, other = ssh_password_login(), ssh_key_login("bob")
    ring = serials()
    compare(other, everything_closed(ring))
    assert serials() == ring
    other.logout()
    session.logout()


@pytest.mark.parametrize("keyinit", [KEYINIT_REVOKE, ""], ids=["pam_keyinit", "no pam_keyinit"])
def test_another_session_of_the_same_user_can_do_nothing_with_the_keys(provider, keyinit):
    set_stage(provider, keyinit + SESSION)
    session, other = ssh_password_login(), ssh_key_login()
    ring = serials()
    own = probe(session, [["id", SESSION_RING]])[0]
    compare(other, everything_closed(ring) + [
        (["link", own, SESSION_RING], "EACCES"),
        (["link", own, PROCESS_RING], "EACCES"),
        (["search", own, "user", "oidc:access_token"], "EACCES"),
    ])
    # By name, into whatever keyring the kernel finds.
    name = probe(session, [["view", SESSION_RING]])[0].rsplit(";", 1)[1]
    results = probe(other, [["join", name], ["read", ring["oidc:access_token"]]])
    assert results[0] != own and results[1] == "EACCES", "a session keyring that others of this uid can join"
    assert serials() == ring
    other.logout()
    session.logout()


# ---- the processes ----------------------------------------------------------------------

NOBODY = 65534  # the real group, which the exchanges that a helper starts have only


def check_unprivileged(pid, uid, gid):
    state = process(pid)
    assert set(state["Uid"].split()) == {str(uid)}
    assert state["Gid"].split() == [str(NOBODY)] + 3 * [str(gid)]
    assert state["Groups"].split() == []
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(state[name], 16) == 0, name
    assert state["NoNewPrivs"] == "1"
    # Not dumpable: its files in /proc are root's.
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        core = next(line for line in file if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert has_secret(pid) == []


def closed_process(pid):
    """What a process of the same uid tries in order to see the memory, descriptors and environment of another."""
    refused = [(["open", f"/proc/{pid}/{name}"], "EACCES") for name in ("mem", "environ", "maps", "auxv", "stack")]
    refused += [(["listdir", f"/proc/{pid}/{name}"], "EACCES") for name in ("fd", "fdinfo", "map_files")]
    refused += [(["readlink", f"/proc/{pid}/{name}"], "EACCES") for name in ("exe", "cwd", "root")]
    return refused + [([name, pid], "EPERM") for name in ("ptrace-attach", "ptrace-seize", "vm-read", "limit")] + [
        (["getfd", pid, number], "EPERM") for number in (0, 1, 3)]


def test_the_probe_of_processes_can_tell_the_difference(provider):
    """On a process of the user's own, everything that is refused elsewhere is allowed."""
    session = ssh_key_login()
    pid = int(session.run("sleep 600 & echo $!").split()[-1])
    calls = [["open", f"/proc/{pid}/environ"], ["listdir", f"/proc/{pid}/fd"], ["readlink", f"/proc/{pid}/exe"],
             ["getfd", pid, 0], ["limit", pid], ["ptrace-seize", pid]]
    results = probe(session, calls)
    assert not [result for result in results if result in ("EACCES", "EPERM")], results
    session.run(f"kill {pid}")
    session.logout()


def test_the_helper_is_closed_to_the_user_and_has_no_privilege(provider):
    session = ssh_password_login()
    pid = helpers()[0]
    check_unprivileged(pid, UIDS["alice"], grp.getgrnam("oidc-session").gr_gid)
    compare(session, closed_process(pid))
    assert helpers() == [pid]
    session.logout()


def test_an_exchange_at_work_for_the_session_is_closed_to_the_user_and_has_no_privilege(provider):
    session = ssh_password_login()
    before = own_keyrings()
    provider.faults(**{"token:refresh_token": {"times": 1, "delay_before": 3000}})
    os.kill(helpers()[0], signal.SIGALRM)
    wait_until(lambda: provider.in_flight("token:refresh_token"), "a renewal at the provider")
    pid = exchanges()[0]
    check_unprivileged(pid, UIDS["alice"], NOBODY)
    compare(session, closed_process(pid))
    assert provider.in_flight("token:refresh_token"), "the renewal was over too early to see anything"
    new = [text for serial, text in own_keyrings().items() if serial not in before]
    assert new.count("_ses: empty") == 1, new
    session.logout()


def own_keyrings():
    """serial -> name, of the session keyrings that alice may view, as she sees them."""
    text = run("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups", "cat", "/proc/keys")
    return {line.split()[0]: line.split(None, 8)[8].strip() for line in text.splitlines() if "_ses" in line}


def root_session_keyrings():
    """serial -> "N" or "empty", of root's anonymous session keyrings."""
    with open("/proc/keys", encoding="ascii", errors="replace") as file:
        fields = [line.split(None, 8) for line in file]
    return {field[0]: field[8].strip().split(": ")[1] for field in fields
            if field[5] == "0" and field[7] == "keyring" and field[8].startswith("_ses: ")
            and not set(field[1]) & set("RDi")}


def test_the_exchange_of_a_login_is_nobody_with_an_empty_session_keyring(provider):
    before = root_session_keyrings()
    login = app("authenticate", "end", answer=False)
    login.line("secret: .*")
    pid = exchanges()[0]
    uid = pwd.getpwnam("oidc-session").pw_uid
    assert int(process(pid)["Gid"].split()[0]) != grp.getgrnam("oidc-session").gr_gid
    check_unprivileged(pid, uid, 65534)
    # It was made by root, in the child, before that became somebody else.
    new = {serial: size for serial, size in root_session_keyrings().items() if serial not in before}
    assert list(new.values()) == ["empty"], new
    login.answer("!")
    login.line("authenticate: PAM_CONV_ERR")
    login.finish()


def test_the_helper_has_a_session_keyring_of_its_own_with_what_it_needs(provider):
    before = root_session_keyrings()
    session = opened("close", "end")
    new = {serial: size for serial, size in root_session_keyrings().items() if serial not in before}
    own = {serial: size for serial, size in new.items() if size != "empty"}  # an exchange's may not be collected yet
    assert list(own.values()) == ["4"], "the keyring oidc, access token, refresh token, settings"
    session.answer()
    session.finish()
    wait_gone()
    wait_until(lambda: not set(root_session_keyrings()) & set(own), "the helper's keyring gone")


# ---- who owns and pays --------------------------------------------------------------------

def test_all_keys_belong_to_root_and_are_charged_to_root(provider):
    without = app("open", "wait", "close", "end", answer=False)  # a session without tokens
    without.line("waiting")
    alice, root = settled_quota(UIDS["alice"]), settled_quota(0)
    without.answer()
    without.finish()
    wait_until(lambda: quota(UIDS["alice"])[0] < alice[0], "the keyring of that session is gone")

    session = opened("close", "end")
    ring, group = serials(), grp.getgrnam("oidc-session").gr_gid
    assert {(key.uid, key.gid) for key in keys() if key.serial != handoff(ring)} == {(0, group)}, keys()
    size = sum(len(payload(key)) for key in keys() if key.kind == "user")
    assert size > 1000 and quota(0)[1] - root[1] >= size
    count, used = settled_quota(UIDS["alice"])
    assert count == alice[0]
    assert used - alice[1] in (4, 8), "one link in the session keyring, which is the user's"
    session.answer()
    session.finish()


def test_the_installed_programs_are_roots_and_cannot_be_read(installed):
    for name in ("oidc-session-helper", "oidc-session-exchange"):
        mode = os.stat(f"/usr/libexec/{name}")
        assert (mode.st_mode & 0o7777, mode.st_uid, mode.st_gid) == (0o711, 0, 0), name
        assert not run("getcap", f"/usr/libexec/{name}", check=False) if os.path.exists("/usr/sbin/getcap") else True
        done = subprocess.run(["setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups", "cat",
                               f"/usr/libexec/{name}"], capture_output=True, check=False)
        assert done.returncode != 0 and not done.stdout
