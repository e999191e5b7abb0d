# SPDX-License-Identifier: MIT
"""The scriptlets of the RPM package, with packages that test-rpm.sh made; they are run wherever there is an rpm."""
import contextlib
import glob
import os
import pwd
import shutil
import subprocess

import pytest

from packaged import CONFIG, HELPER, NAME, is_installed, must, stranger  # noqa: F401
from conftest import CACHE, wait_until

RPMS = os.environ.get("OIDC_RPMS", "/nonexistent")
RPM = "pam_oidc_session"


def rpm(*argv):
    done = subprocess.run(["rpm", *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def releases():
    """The files of two packages, the second newer; nothing is installed."""
    if is_installed():
        must("-P", NAME)
    shutil.rmtree(CACHE, ignore_errors=True)
    with contextlib.suppress(KeyError):
        pwd.getpwnam("oidc-session")
        subprocess.run(["userdel", "oidc-session"], check=True)
    subprocess.run(["groupadd", "--system", "oidc-session"], check=True)  # as somebody's sysusers.d may have done
    found = [glob.glob(f"{RPMS}/*/*-1.{release}.*.rpm") for release in (1, 2)]
    assert [len(files) for files in found] == [1, 1], f"OIDC_RPMS has no packages: {found}"
    return [files[0] for files in found]


@pytest.fixture
def processes():
    """Starts programs that end by any signal; ends those that are left."""
    started = []

    def start(path):
        started.append(subprocess.Popen([path, "100"]))  # pylint: disable=consider-using-with
        return started[-1]
    yield start
    for process in started:
        process.kill()
        process.wait()


def test_the_rpm_is_installed_upgraded_and_removed_as_the_debian_package_is(releases, processes,
                                                                            stranger):  # noqa: F811
    older, newer = releases
    code, said = rpm("-i", "--nodeps", older)
    assert code == 0, said
    assert os.stat(CACHE).st_uid == pwd.getpwnam("oidc-session").pw_uid < 1000
    assert os.stat(HELPER).st_mode & 0o777 == 0o711
    with open(CONFIG, "a", encoding="utf-8") as file:
        file.write("# edited\n")

    # A stand-in: what gets a signal, ends.
    shutil.copy("/usr/bin/sleep", HELPER)
    helper, other = processes(HELPER), processes("/usr/bin/sleep")
    code, said = rpm("-U", "--nodeps", newer)
    assert code == 0, said
    assert helper.wait(10) == -1, "SIGHUP, for the helpers of open sessions"
    assert other.poll() is None
    with open(CONFIG, encoding="utf-8") as file:
        assert file.read().endswith("# edited\n")

    with open("/etc/pam.d/su", "a", encoding="utf-8") as file:
        file.write("session optional pam_oidc_session.so\n")
    os.makedirs("/usr/lib/pam.d", exist_ok=True)
    shutil.copy("/etc/pam.d/su", "/usr/lib/pam.d/a-vendor")
    code, said = rpm("-e", RPM)
    assert code != 0 and "/etc/pam.d/su\n" in said and "/usr/lib/pam.d/a-vendor\n" in said and os.path.exists(HELPER)
    os.remove("/usr/lib/pam.d/a-vendor")
    with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
        file.write("auth required pam_unix.so\n")

    shutil.copy("/usr/bin/sleep", HELPER)
    helper = processes(HELPER)
    wait_until(lambda: os.readlink(f"/proc/{helper.pid}/exe") == HELPER, "it runs")
    code, said = rpm("-e", RPM)
    assert code == 0, said
    assert helper.wait(1) == -15 and other.poll() is None and stranger.poll() is None
    assert not os.path.exists(HELPER) and not os.path.exists(CACHE)
    assert os.path.exists(CONFIG + ".rpmsave") and not os.path.exists(CONFIG)
    assert pwd.getpwnam("oidc-session")
