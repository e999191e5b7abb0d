# SPDX-License-Identifier: MIT
"""docs/pam: each file is installed as it is, and does what docs/pam/README.md promises."""
import os
import re
import shutil

import pytest

from conftest import (CODE, TOP, PamApp, Terminal, configure, helpers, keys, leftovers, payload, run, ssh,
                      ssh_device_login, stack, status, the_key, wait_until)

RECIPES = f"{TOP}/docs/pam"
OURS = "pam_oidc_session.so"
ROOT_KEY = "-i /root/.ssh/id_test"
SHOW = 'run:keyctl pipe "$OIDC_ACCESS_TOKEN_KEY" 2>&1 | sha256sum'
SEARCH = "keyctl search @s user oidc:access_token"
BAD = r"^\S+\.(emerg|alert|crit|err|warning) .*oidc.session"


def lines_of(path):
    """The lines of a PAM file without comments, as words; None if there is no such file."""
    if not os.path.exists(path):
        return None
    with open(path, encoding="ascii") as file:
        return [line.split("# ")[0].split() for line in file if line.strip() and not line.startswith("#")]


# Before any test has written there.
DISTRIBUTIONS = {name: lines_of(f"/etc/pam.d/{name}") for name in ("sshd", "login", "su", "su-l")}


def read(name):
    with open(f"{RECIPES}/{name}", encoding="ascii") as file:
        return file.read()


@pytest.fixture
def install():
    """install(NAME…): these recipes are in force until the test ends."""
    before = {}

    def now(*names):
        for name in names:
            path = f"/etc/pam.d/{name}"
            before[path] = None
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    before[path] = file.read()
            stack(name, read(name))
    yield now
    for path, text in before.items():
        if text is None:
            os.remove(path)
        else:
            stack(os.path.basename(path), text)


@pytest.fixture(autouse=True)
def ready(installed, provider):
    configure(provider)


@pytest.fixture
def sshd_with(installed):
    """sshd with one of the fragments in front of everything else, as Debian includes them."""
    yield lambda name: run(f"{TOP}/tests/lib/sshd-start", f"Include {RECIPES}/{name}")
    run(f"{TOP}/tests/lib/sshd-start")


def has_tokens_until_logout(session, provider, log, user="alice"):
    """The promise of all recipes with a line of the module."""
    assert session.run("whoami") == user
    token, refresh = payload(the_key("oidc:access_token")), payload(the_key("oidc:refresh_token"))
    assert session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    assert status()["state"] == "active" and len(helpers()) == 1
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    assert not log.lines(BAD)


def has_none(session):
    assert session.run("env | grep -c OIDC") == "0"
    assert "Required key not available" in session.run(SEARCH)


def is_refused(user, method, *options):
    terminal = ssh(user, method, *options)
    terminal.expect(r"Permission denied \(")
    terminal.closed()


# ---- the files --------------------------------------------------------------------

@pytest.mark.parametrize("name", ["sshd", "login", "su"])
def test_a_recipe_is_the_file_of_debian_with_two_lines_more(name):
    if DISTRIBUTIONS[name] is None or ["@include", "common-auth"] not in DISTRIBUTIONS[name]:
        pytest.skip("this is not Debian")
    lines = lines_of(f"{RECIPES}/{name}")
    ours = [line for line in lines if OURS in line]
    assert [line[0] for line in ours] == ["auth", "session"]
    assert [line for line in lines if line not in ours] == DISTRIBUTIONS[name]


def test_in_every_recipe_the_module_stands_before_common_auth_and_behind_pam_keyinit():
    names = [name for name in os.listdir(RECIPES) if "." not in name]
    assert len(names) == 8
    for name in names:
        lines = lines_of(f"{RECIPES}/{name}")
        ours = [number for number, line in enumerate(lines) if OURS in line]
        if name in ("sudo", "cron", "systemd-user"):
            assert not ours, name
            continue
        auth, session = ours
        assert lines[auth + 1] == ["@include", "common-auth"], name
        keyinit = [number for number, line in enumerate(lines) if "pam_keyinit.so" in line]
        assert all(number < session for number in keyinit), name
        assert name == "su" or keyinit, name


# ---- sshd -------------------------------------------------------------------------

def test_sshd_with_the_device_grant(install, sshd_with, provider, log):
    install("sshd")
    sshd_with("sshd-device.conf")
    is_refused("alice", "password")
    has_tokens_until_logout(ssh_device_login(provider), provider, log)


def test_sshd_with_the_password_grant(install, sshd_with, provider, log):
    install("sshd")
    sshd_with("sshd-password.conf")
    configure(provider, login_grant="password")
    terminal = ssh("alice", "password")
    terminal.expect("assword: ")
    terminal.enter("CANARY-pw-alice")
    has_tokens_until_logout(terminal.shell(), provider, log)


def test_sshd_with_a_public_key_and_the_device_grant_for_all_but_root(install, sshd_with, provider, log):
    install("sshd")
    sshd_with("sshd-key-and-device.conf")
    is_refused("alice", "publickey", ROOT_KEY)
    is_refused("alice", "keyboard-interactive")
    terminal = ssh("alice", "publickey,keyboard-interactive", ROOT_KEY)
    provider.approve(terminal.code())
    terminal.enter()
    has_tokens_until_logout(terminal.shell(), provider, log)
    shutil.copy("/root/.ssh/id_test.pub", "/root/.ssh/authorized_keys")
    provider.stop()
    session = ssh("root", "publickey", ROOT_KEY).shell()
    assert session.run("whoami") == "root"
    session.logout()


def command_login(session, provider):
    """oidc-session login, as docs/pam/README.md has it."""
    session.enter('eval "$(oidc-session login)"')
    session.expect(CODE.pattern)
    provider.approve(session.child.match.group(1))
    session.expect(re.escape(session.prompt))


def test_sshd_with_a_public_key_only_has_no_tokens_until_the_user_wants_some(install, sshd_with, provider, log):
    install("sshd")
    sshd_with("sshd-key.conf")
    is_refused("alice", "keyboard-interactive")
    session = ssh("alice", "publickey", ROOT_KEY).shell()
    has_none(session)
    command_login(session, provider)
    token = session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"')
    assert provider.is_active(token) and len(helpers()) == 1
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token)
    assert not log.lines(BAD)


# ---- login, su ----------------------------------------------------------------------

def test_login_on_a_console(install, provider, log):
    install("login")
    terminal = Terminal("/bin/login -p alice")
    provider.approve(terminal.code())
    terminal.enter()
    has_tokens_until_logout(terminal.shell(), provider, log)


def test_su_with_and_without_a_login_shell_has_tokens_of_its_own(install, sshd_with, provider, log):
    install("su", "sshd")
    sshd_with("sshd-key.conf")
    outer = ssh("alice", "publickey", ROOT_KEY).shell()
    for command in ("su bob", "su - bob"):
        outer.enter(command)
        provider.approve(outer.code(), "bob")
        outer.enter()
        outer.shell()
        assert outer.run("whoami") == "bob"
        token = payload(the_key("oidc:access_token"))
        assert outer.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
        outer.run("exit")
        wait_until(lambda: not leftovers(), "bob's helper and keys gone")
        assert not provider.is_active(token)
        has_none(outer)
    outer.logout()
    assert not log.lines(BAD)


def test_su_by_root_asks_nobody_and_has_no_tokens(install, provider):
    install("su")
    requests = len(provider.requests())
    session = Terminal("su - bob").shell()
    assert session.run("whoami") == "bob"
    has_none(session)
    session.logout()
    assert len(provider.requests()) == requests


# ---- sudo ---------------------------------------------------------------------------

@pytest.fixture
def sudoers():
    if not shutil.which("sudo"):
        pytest.skip("sudo is not installed")
    path = "/etc/sudoers.d/recipes"
    with open(path, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o440)) as file:
        file.write("alice ALL=(ALL) NOPASSWD: ALL\n")
    yield
    os.remove(path)


def test_sudo_neither_takes_nor_gives_tokens_and_hides_them_from_other_users(sudoers, install, sshd, provider, log):
    install("sshd", "sudo")
    session = ssh_device_login(provider)
    key, helper, requests = the_key("oidc:access_token"), helpers(), len(provider.requests())
    token = payload(key)
    assert session.run("sudo -n whoami") == "root"
    # Root's own keyrings may have one of a login that nobody has finished.
    assert re.search("Required key not available|Key has expired", session.run(f"sudo -n {SEARCH}"))
    assert "Permission denied" in session.run(f"sudo -n -u bob keyctl pipe {key.serial}")
    # What the line of pam_keyinit is for: without it, bob's command has the session's keyring.
    stack("sudo", read("sudo").replace("session  optional  pam_keyinit.so force revoke\n", ""))
    assert session.run(f"sudo -n -u bob keyctl pipe {key.serial}") == token.decode()
    assert (helpers(), payload(key), len(provider.requests())) == (helper, token, requests)
    assert provider.is_active(token)
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not log.lines(BAD)


# ---- display managers -----------------------------------------------------------------

@pytest.mark.parametrize("name", ["gdm-password", "sddm"])
def test_a_display_manager(install, provider, log, name):
    install(name)
    app = PamApp(name, "alice", "authenticate", "acct", "establish", "open", SHOW, "wait", "close", SHOW, "delete",
                 "end")
    app.approve(provider)
    app.line("open: PAM_SUCCESS")
    key = the_key("oidc:access_token")
    token = payload(key)
    digest = run("sha256sum", input=token.decode()).split()[0]
    assert app.line(r"(\w{64})  -").group(1) == digest
    app.line("waiting")
    app.answer()
    app.line("close: PAM_SUCCESS")
    assert app.line(r"(\w{64})  -").group(1) != digest
    app.line("end: PAM_SUCCESS")
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token)
    assert not log.lines(BAD)


# ---- nobody to ask -----------------------------------------------------------------------

def test_cron_and_the_user_manager_do_not_see_the_tokens_of_a_session(install, sshd, provider, log):
    install("sshd", "cron", "systemd-user")
    session = ssh_device_login(provider)
    key, requests = the_key("oidc:access_token"), len(provider.requests())
    for name in ("cron", "systemd-user"):
        printed = PamApp(name, "alice", "acct", "establish", "open", "env", f"run:{SEARCH} 2>&1",
                         f"run:keyctl pipe {key.serial} 2>&1", "close", "end").finish()
        assert "open: PAM_SUCCESS" in printed, printed
        assert "OIDC" not in printed
        assert "Required key not available" in printed and "Permission denied" in printed
        assert "close: PAM_SUCCESS" in printed
    assert [found.serial for found in keys("^oidc:access_token$")] == [key.serial]
    assert len(provider.requests()) == requests and len(helpers()) == 1
    session.logout()
    assert not log.lines(BAD)


# ---- tmux ----------------------------------------------------------------------------------

def in_tmux(session, command, pattern):
    """Type a command into the pane of tmux; what the pane shows once it has an answer of this pattern."""
    session.run(f"tmux send-keys 'clear; {command}' Enter")
    return wait_until(lambda: re.search(pattern, session.run("tmux capture-pane -pJ")), f"{pattern} in tmux").group()


def test_tmux_has_the_tokens_of_the_session_that_started_it_and_none_after_its_logout(install, sshd, provider):
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    install("sshd")
    first = ssh_device_login(provider)
    first.run("tmux new-session -d -x 200")
    token = payload(the_key("oidc:access_token")).decode()
    show = "keyctl pipe $OIDC_ACCESS_TOKEN_KEY; echo"
    assert in_tmux(first, show, "CANARY-AT-[^ \n]+") == token
    first.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token)
    second = ssh_device_login(provider)
    assert second.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == payload(the_key("oidc:access_token")).decode()
    in_tmux(second, show, "Key has been revoked|Required key not available|Permission denied")
    # The remedy: a keyring for this window, and tokens in it that end with the window.
    in_tmux(second, "keyctl new_session", "(?m)^[0-9]+$")
    code = in_tmux(second, "oidc-session login", f"{CODE.pattern}(?=[^$]*Waiting)").split()[-1]
    provider.approve(code)
    serial = wait_until(lambda: re.search(r"export OIDC_ACCESS_TOKEN_KEY=(\d+)", second.run("tmux capture-pane -pJ")),
                        "the number of the new key").group(1)
    own = in_tmux(second, f"keyctl pipe {serial}; echo", "CANARY-AT-[^ \\n]+")
    assert provider.is_active(own) and len(helpers()) == 2
    second.run("tmux kill-server")
    wait_until(lambda: len(helpers()) == 1, "the window's helper gone")
    assert not provider.is_active(own)
    second.logout()
