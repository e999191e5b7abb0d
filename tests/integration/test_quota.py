# SPDX-License-Identifier: MIT
"""Key quotas that are used up.  Root's is the real one of this machine: it is filled for moments only."""
import ctypes
import errno
import os
import signal
import subprocess

import pytest

from conftest import UIDS, helpers, keys, payload, stack, status, the_key, wait_until
from scenes import (AUTH, KEYINIT_REVOKE, SERVICE, SESSION, Grants, app, opened, quota, set_stage, wait_gone)

KEYS = ctypes.CDLL("libkeyutils.so.1", use_errno=True)
PROCESS_RING, REVOKE, CLEAR = -2, 3, 7
LARGEST = 32767
SYSCTLS = r"kernel\.keys\.root_maxkeys and kernel\.keys\.root_maxbytes"
# The auth and session lines, and what is after them: an optional line needs another one that succeeds.
CONTROL = ["required", "optional"]


@pytest.fixture(autouse=True)
def ready(provider):
    set_stage(provider)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def add_key(description, size, ring):
    serial = KEYS.add_key(b"user", description.encode(), b"\0" * size, ctypes.c_size_t(size), ring)
    if serial == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return serial


def limit():
    with open("/proc/sys/kernel/keys/root_maxbytes", encoding="ascii") as file:
        return int(file.read())


class Filler:
    """Keys of root's that are of no use but to use up its quota; gone with this process, whatever happens."""

    def __init__(self):
        self.serials, self.ring = [], None

    def fill(self, left):
        """Until exactly so many bytes are left; others may use root's quota as well, so a few times over."""
        if self.ring is None:
            self.ring = KEYS.add_key(b"keyring", b"filler", None, ctypes.c_size_t(0), PROCESS_RING)
            assert self.ring > 0
        while True:
            free = limit() - quota(0)[1] - left
            # A key is charged for its name with the final NUL and its payload, and 4 or 8 bytes for the link to it.
            name = f"f{len(self.serials)}"
            size = min(LARGEST, free - len(name) - 1 - 8)
            if size < 1:
                return
            try:
                self.serials.append(add_key(name, size, self.ring))
            except OSError as error:
                if error.errno != errno.EDQUOT:
                    raise
                return

    def release(self):
        """At once: revoking gives the bytes back, what is unlinked comes back a little later."""
        for serial in self.serials:
            KEYS.keyctl(REVOKE, serial)
        if self.ring is not None:
            KEYS.keyctl(CLEAR, self.ring)
        self.serials = []


@pytest.fixture
def filler():
    own = Filler()
    yield own
    own.release()


def test_the_filler_leaves_as_much_as_it_says(filler):
    before = quota(0)[1]
    filler.fill(3000)
    left = limit() - quota(0)[1]
    assert 2900 < left < 3100, left
    with pytest.raises(OSError) as error:
        add_key("too-large", 4000, PROCESS_RING)
    assert error.value.errno == errno.EDQUOT
    filler.release()
    wait_until(lambda: quota(0)[1] < before + 3000, "the quota is given back")


def stack_of(control):
    """pam_deny and pam_permit behind it tell whether an optional line lets the login go on."""
    also = "auth required pam_permit.so\n" if control == "optional" else ""
    stack(SERVICE, AUTH.replace("auth     required", f"auth {control}") + also + KEYINIT_REVOKE
          + SESSION.replace("required", control) + "session required pam_permit.so\n")


@pytest.mark.parametrize("left", [1500, 300, 100])
@pytest.mark.parametrize("control", CONTROL)
def test_no_room_for_the_tokens_after_authentication(provider, grants, log, filler, control, left):
    stack_of(control)
    login = app("authenticate", "open", "env", "wait", "close", "end", answer=False)
    login.line("secret: .*")
    filler.fill(left)
    login.answer("CANARY-pw-alice")
    try:
        login.line("authenticate: " + ("PAM_SUCCESS" if control == "optional" else "PAM_AUTHINFO_UNAVAIL"))
        login.line("open: PAM_SUCCESS")
        assert "OIDC_" not in login.expect("waiting").before
    finally:
        filler.release()
    assert not keys() and not helpers()
    assert log.one(r"oidc_session\(.*user alice: .") == log.one(rf"authpriv\.err pamapp .*{SYSCTLS}")
    grants.wait_revoked()
    login.answer()
    assert "end: PAM_SUCCESS" in login.finish()


@pytest.mark.parametrize("control", CONTROL)
def test_no_room_at_all_not_even_to_start_the_exchange(provider, grants, log, filler, control):
    stack_of(control)
    login = app("wait", "authenticate", "open", "env", "wait", "close", "end", answer=False)
    login.line("waiting")
    filler.fill(0)
    login.answer()
    try:
        login.line("authenticate: " + ("PAM_SUCCESS" if control == "optional" else "PAM_AUTHINFO_UNAVAIL"))
        login.line("open: PAM_SUCCESS")
        assert "OIDC_" not in login.expect("waiting").before
    finally:
        filler.release()
    login.answer()
    login.finish()
    assert not keys() and not grants.requests()
    log.one(SYSCTLS)


@pytest.mark.parametrize("left", [0, 10])
@pytest.mark.parametrize("control", CONTROL)
def test_no_room_when_the_session_opens(provider, grants, log, filler, control, left):
    stack_of(control)
    login = app("authenticate", "wait", "open", "env", "wait", "close", "end")
    login.line("authenticate: PAM_SUCCESS")
    login.line("waiting")
    filler.fill(left)
    login.answer()
    try:
        login.line("open: " + ("PAM_SUCCESS" if control == "optional" else "PAM_SESSION_ERR"))
        assert "OIDC_" not in login.expect("waiting").before
    finally:
        filler.release()
    log.one(SYSCTLS)
    assert not [key for key in keys() if key.name in ("oidc", "oidc:id_token", "oidc:expires_at", "oidc:status")]
    wait_gone()
    grants.wait_revoked(5)
    login.answer()
    login.finish()


def test_no_room_for_a_renewal_keeps_the_token_and_tries_again(provider, grants, log, filler):
    login = opened("close", "end")
    access = payload(the_key("oidc:access_token"))
    # A larger token, which needs room; an exchange needs some for its keyring, too.
    provider.start(TOKEN_SIZE=6000)
    filler.fill(1000)
    try:
        os.kill(helpers()[0], signal.SIGALRM)
        wait_until(lambda: status()["state"] == "retrying", "the renewal failed")
        assert payload(the_key("oidc:access_token")) == access
        log.one(f"cannot renew, will try again in .*{SYSCTLS}")
    finally:
        filler.release()
    os.kill(helpers()[0], signal.SIGALRM)
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()
    wait_gone()
    provider.control("revoke", {"user": "alice"})


class UsersFiller:
    """A process of alice's that uses up the number of keys she may have."""

    def __enter__(self):
        code = ("import ctypes\nk = ctypes.CDLL('libkeyutils.so.1')\n"
                "n = 0\n"
                "while k.add_key(b'user', b'f%d' % n, b'x', ctypes.c_size_t(1), -2) != -1: n += 1\n"
                "print(n, flush=True)\ninput()\n")
        self.child = subprocess.Popen(["setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups",
                                       "/usr/bin/python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert int(self.child.stdout.readline()) > 0
        return self

    def __exit__(self, *exception):
        self.child.communicate(b"\n")


def test_a_user_without_a_free_key_has_no_renewals_until_there_is_one_and_the_status_says_why(provider, log):
    """The exchange's empty session keyring is the user's."""
    login = opened("close", "end")
    access = payload(the_key("oidc:access_token"))
    with UsersFiller():
        os.kill(helpers()[0], signal.SIGALRM)
        wait_until(lambda: status()["failures"] != "0", "the failure of a renewal")
        assert status()["state"] == "retrying"
        assert "kernel.keys.maxkeys" in status()["last_error"]
    wait_until(lambda: status()["renewals"] == "1", "a renewal after that")
    assert payload(the_key("oidc:access_token")) != access
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.finish()


def test_a_user_without_a_free_key_still_has_the_tokens_revoked_at_logout(provider, grants, log):
    login = opened("close", "wait", "end")
    with UsersFiller():
        login.answer()
        login.line("close: PAM_SUCCESS")
        login.line("waiting")
        wait_gone()
    login.answer()
    login.finish()
    log.one("tokens removed and revoked")
    grants.wait_revoked(5)


def test_a_user_without_a_free_byte_can_still_log_in_or_is_told_whose_quota_it_is(provider, log):
    """The session keyring is the user's, and so is the one link in it."""
    user_limit = int(open("/proc/sys/kernel/keys/maxbytes", encoding="ascii").read())
    login = app("authenticate", "wait", "open", "wait", "close", "end")
    login.line("waiting")
    with UsersFiller():
        assert quota(UIDS["alice"])[0] >= 200 or quota(UIDS["alice"])[1] >= user_limit - 10
        login.answer()
        code = login.line(r"open: (\w+)").group(1)
        login.line("waiting")
    if code != "PAM_SUCCESS":
        log.one(r"kernel\.keys\.maxkeys and kernel\.keys\.maxbytes")
    login.answer()
    login.finish()
