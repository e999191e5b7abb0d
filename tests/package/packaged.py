# SPDX-License-Identifier: MIT
"""What the tests of the Debian package share.  They run as root on a throwaway host, on which nothing but the
package is installed; OIDC_DEB names its file, unless it is installed already."""
import contextlib
import os
import re
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
# pylint: disable=wrong-import-position
from conftest import CONFIG, TOP, configure, helpers, keys, leftovers, payload, run, the_key, wait_until  # noqa: E402

NAME = "libpam-oidc-session"
DEB = os.environ.get("OIDC_DEB")
HELPER = "/usr/libexec/oidc-session-helper"


def dpkg(*argv):
    """dpkg with these arguments: its exit status, and all that it said."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", DEBCONF_NONINTERACTIVE_SEEN="true")
    # Manuals need no index here, and what is lost when the power fails is lost anyway.
    argv = ["dpkg", "--no-triggers", "--force-unsafe-io", *argv]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, env=env, check=False)
    return done.returncode, done.stdout


def must(*argv):
    status, said = dpkg(*argv)
    assert status == 0, said
    return said


def is_installed():
    return run("dpkg-query", "-W", "-f", "${db:Status-Status}", NAME, check=False) == "installed"


def stacks():
    """The PAM stacks: name → text."""
    found = {}
    for name in sorted(os.listdir("/etc/pam.d")):
        with open(f"/etc/pam.d/{name}", encoding="utf-8") as file:
            found[name] = file.read()
    return found


def profile(*argv):
    run("pam-auth-update", *argv, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))


@pytest.fixture(scope="module")
def package():
    """The package is installed and its profile enabled."""
    if not is_installed():
        assert DEB, f"{NAME} is not installed, and OIDC_DEB names no file"
        must("-i", DEB)
    profile("--enable", "oidc-session")
    run(f"{TOP}/tests/lib/sshd-start")
    yield
    with contextlib.suppress(AssertionError):
        wait_until(lambda: not leftovers(), "nothing is left", 12)


def renewed(serial):
    """Ask the helper to renew; wait for the other token under the same key."""
    before = payload(serial)
    (pid,) = helpers()
    os.kill(pid, signal.SIGALRM)
    wait_until(lambda: payload(serial) != before, "another token")
    assert the_key("oidc:access_token").serial == serial
    return payload(serial)


@pytest.fixture
def stranger(tmp_path):
    """The helper of a container: a process whose program has the helper's name in a root file system of its own; any
    signal ends it."""
    script = f"""cd {tmp_path} && mount -t tmpfs none . && cd {tmp_path} && mkdir -p old usr/lib usr/lib64 usr/libexec &&
        mount --rbind /usr/lib usr/lib && mount --rbind /usr/lib64 usr/lib64 && ln -s usr/lib usr/lib64 . &&
        cp /usr/bin/sleep .{HELPER} && pivot_root . old && exec {HELPER} 100"""
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script])  # pylint: disable=consider-using-with
    try:
        wait_until(lambda: os.readlink(f"/proc/{process.pid}/exe") == HELPER, "it runs")
        assert not os.path.samefile(f"/proc/{process.pid}/root", "/")
        yield process
    finally:
        process.kill()
        process.wait()
