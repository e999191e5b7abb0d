# SPDX-License-Identifier: MIT
"""The Debian package: installed, upgraded below an open session, removed, purged.  In this order."""
import os
import pwd
import re
import shutil
import stat
import subprocess
import time

import pytest

from packaged import (CONFIG, DEB, HELPER, NAME, configure, dpkg, helpers, is_installed, keys, leftovers, must,
                      package, payload, profile, renewed, run, stacks, stranger, the_key, wait_until)  # noqa: F401
from conftest import (CACHE, Log, provider, ssh, ssh_device_login, status,  # noqa: F401
                      the_provider)  # pylint: disable=unused-import

EDITED = "# edited by the administrator\n"


def append(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture(scope="module")
def before():
    """The PAM stacks of a host on which the package never was."""
    if is_installed():
        must("-P", NAME)
    assert not os.path.exists(CONFIG)
    return stacks()


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    """The same package with a higher version, and another template of the configuration."""
    tree = tmp_path_factory.mktemp("newer") / "tree"
    run("dpkg-deb", "-R", DEB, str(tree))
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+newer", control.read_text(encoding="utf-8")),
                       encoding="utf-8")
    append(tree / f"usr/share/{NAME}/oidc-session.conf", "# a newer template\n")
    deb = tree.parent / "newer.deb"
    run("dpkg-deb", "-Znone", "-b", str(tree), str(deb))
    return str(deb)


def test_installing_it_enables_nothing(before):
    said = must("-i", DEB)
    assert stacks() == before, said
    user = pwd.getpwnam("oidc-session")
    assert user.pw_uid < 1000 and user.pw_shell.endswith("nologin")
    assert os.stat(CACHE).st_uid == user.pw_uid and mode(CACHE) == 0o755
    assert mode(HELPER) == 0o711 and mode("/usr/libexec/oidc-session-exchange") == 0o711
    assert text_of(CONFIG) == text_of(f"/usr/share/{NAME}/oidc-session.conf") and mode(CONFIG) == 0o644


def test_the_profile_is_off_until_it_is_enabled(before):
    profile("--package")
    assert stacks() == before
    profile("--enable", "oidc-session")
    now = stacks()
    assert re.search(r"(?m)^auth\s+\[success=\d ignore=ignore default=die\]\s+pam_oidc_session.so\s*$",
                     now["common-auth"])
    assert re.search(r"(?m)^session\s+optional\s+pam_oidc_session.so", now["common-session"])
    assert now["common-session-noninteractive"] == before["common-session-noninteractive"]
    profile("--remove", "oidc-session")
    assert stacks() == before


@pytest.fixture
def bystander():
    """A process that is called like a helper, and is none."""
    process = subprocess.Popen(["bash", "-c", f"exec -a {HELPER} sleep 100"])  # pylint: disable=consider-using-with
    yield process
    process.kill()
    process.wait()


def test_an_upgrade_keeps_the_tokens_of_an_open_session(package, newer, bystander, provider):  # noqa: F811
    configure(provider)
    append(CONFIG, EDITED)
    terminal = ssh_device_login(provider)
    (pid,) = set(helpers()) - {bystander.pid}
    serial, before_it, log = the_key("oidc:access_token").serial, status(), Log()
    token, old = payload(serial), os.stat(f"/proc/{pid}/exe").st_ino

    must("-i", newer)
    wait_until(lambda: os.readlink(f"/proc/{pid}/exe") == HELPER, "the new program")
    assert os.stat(f"/proc/{pid}/exe").st_ino == os.stat(HELPER).st_ino != old
    assert the_key("oidc:access_token").serial == serial and payload(serial) == token
    wait_until(lambda: {**status(), "helper_pid": 0} == {**before_it, "helper_pid": 0}, "the same schedule", 5)
    assert bystander.poll() is None, "no other process gets the signal"
    bystander.kill()
    bystander.wait()
    assert text_of(CONFIG).endswith(EDITED)

    token = renewed(serial)
    assert terminal.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"').encode() == token
    refresh = payload(the_key("oidc:refresh_token"))
    terminal.logout()
    wait_until(lambda: not leftovers(), "no helper and no key is left")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    assert not log.lines(r"oidc.session.*(cannot|not revoked)")


def test_an_upgrade_brings_nothing_back_and_signals_no_container(package, newer, stranger):  # noqa: F811
    os.rename(CONFIG, CONFIG + ".kept")
    must("-i", newer)
    assert stranger.poll() is None
    assert not os.path.exists(CONFIG)
    os.rename(CONFIG + ".kept", CONFIG)


@pytest.fixture
def line():
    """Adds a line with the module to files, which are afterwards as before."""
    saved = {}

    def add(path):
        saved[path] = text_of(path) if os.path.exists(path) else None
        append(path, "session optional pam_oidc_session.so\n")
    yield add
    for path, text in saved.items():
        os.remove(path)
        if text is not None:
            append(path, text)


def test_it_is_not_removed_while_a_stack_needs_it(package, line):  # noqa: F811
    os.makedirs("/usr/lib/pam.d", exist_ok=True)
    paths = ["/etc/pam.d/su", "/usr/lib/pam.d/a-vendor", "/etc/pam.conf"]
    for path in [*paths, "/etc/pam.d/su.bak"]:
        line(path)
    now = stacks()
    code, said = dpkg("-r", NAME)
    assert code != 0 and "was not removed" in said
    assert re.findall(r"(?m)^/.*", said) == paths
    assert is_installed() and stacks() == now


def test_a_line_beside_those_of_the_profile_leaves_the_profile_on(package, line):  # noqa: F811
    line("/etc/pam.d/common-session")
    now = stacks()
    assert now["common-auth"].count("pam_oidc_session.so") == 1, "the profile is on"
    code, said = dpkg("-r", NAME)
    assert code != 0 and re.findall(r"(?m)^/.*", said) == ["/etc/pam.d/common-session"]
    assert is_installed() and stacks() == now


def test_in_another_root_the_stacks_of_the_host_stay(package, before, tmp_path):  # noqa: F811
    for path in ("etc/pam.d", "var/lib/pam", "usr/share/pam-configs", "usr/lib/sysusers.d", "var/cache/debconf"):
        shutil.copytree(f"/{path}", tmp_path / path)
    shutil.copy("/etc/debconf.conf", tmp_path / "etc")
    host = [os.stat(f"/{path}").st_ino for path in ("etc/pam.d/common-auth", "var/lib/pam/auth")]
    for script, *argv in (("postinst", "abort-remove"), ("prerm", "remove")):
        run(f"/var/lib/dpkg/info/{NAME}.{script}", *argv,
            env=dict(os.environ, DEBIAN_FRONTEND="noninteractive", DPKG_ROOT=str(tmp_path),
                     DPKG_MAINTSCRIPT_PACKAGE=NAME))
    assert (tmp_path / "etc/pam.d/common-auth").read_text(encoding="utf-8") == before["common-auth"]
    assert host == [os.stat(f"/{path}").st_ino for path in ("etc/pam.d/common-auth", "var/lib/pam/auth")]


def test_removing_it_revokes_the_tokens_and_leaves_stacks_that_work(package, before, stranger,  # noqa: F811
                                                                    provider):  # noqa: F811
    profile("--force")  # leaves copies of what was
    copies = [name for name in stacks() if name.endswith(".pam-old")]
    assert "common-auth.pam-old" in copies
    configure(provider)
    append(CONFIG, EDITED)
    terminal = ssh_device_login(provider)
    token = payload(the_key("oidc:access_token"))
    start = time.monotonic()
    said = must("-r", NAME)
    assert "the tokens of the open sessions end now" in said
    assert stranger.poll() is None and time.monotonic() - start < 12, "the helper of a container goes on"
    assert helpers() == [stranger.pid] and not keys(r"^oidc:(access|refresh)_token$")
    assert not provider.is_active(token)
    for name in copies:
        os.remove(f"/etc/pam.d/{name}")
    assert stacks() == before
    assert terminal.run("echo on; true") == "on", "the session goes on"
    terminal.logout()
    terminal = ssh(method="password")
    terminal.expect("password: ")
    terminal.enter("CANARY-pw-alice")
    terminal.shell().logout()
    assert text_of(CONFIG).endswith(EDITED)


def test_installed_again_it_has_the_edited_configuration(before):
    assert not is_installed()
    must("-i", DEB)
    assert text_of(CONFIG).endswith(EDITED) and stacks() == before


def test_purging_it_leaves_the_user_and_nothing_else(before):
    files = run("dpkg", "-L", NAME).split()
    append(f"{CACHE}/something", "cached")
    must("-P", NAME)
    assert not [file for file in files if os.path.lexists(file) and not os.path.isdir(file)]
    for path in (CONFIG, CACHE, "/run/oidc-session", f"/usr/share/{NAME}"):
        assert not os.path.exists(path), path
    assert pwd.getpwnam("oidc-session")
    assert stacks() == before
