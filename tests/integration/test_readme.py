# SPDX-License-Identifier: MIT
"""README.md is followed word by word, by an administrator and then by a user.

Above each fenced block stands what is done with it:

    <!-- run: admin -->         root runs it, in the directory of the sources
    <!-- run: admin, last -->   the same, when everything else is over
    <!-- run: login -->         the user logs in by ssh, approves, and sees exactly this
    <!-- run: user -->          the user runs it in that session; a console block has "$ COMMAND" lines and what they show
    <!-- skip: REASON -->       nothing
"""
import os
import re
import shutil

import pytest

from conftest import (BUILD, CA, CODE, PAM_D, TOP, helpers, leftovers, payload, run, ssh, stack, the_key, wait_until)

RELOAD = f"{TOP}/tests/lib/sshd-start 'Include /etc/ssh/sshd_config.d/*.conf'"
BLOCK = re.compile(r"^<!-- (run|skip): ([^\n]*) -->\n```(\w+)\n(.*?)^```$", re.M | re.S)


def blocks(*kinds):
    """The text of the blocks of these kinds, and their languages, in the order of README.md."""
    with open(f"{TOP}/README.md", encoding="utf-8") as file:
        found = BLOCK.findall(file.read())
    return [(kind, language, text) for verb, kind, language, text in found if verb == "run" and kind in kinds]


@pytest.fixture
def place(provider):
    """What stands in README.md for what is different on every host."""
    def replaced(text):
        for old, new in {"https://login.example.com/realms/staff": provider.issuer, "login-hosts": "pam-public",
                         "https://api.example.com/": provider.userinfo_endpoint, "you@host": "alice@localhost",
                         "systemctl reload ssh": RELOAD, "make uninstall": f"make -C {BUILD} uninstall"}.items():
            text = text.replace(old, new)
        return re.sub(r"(?<=user:     )you\b|(?<=subject )you\b|^you(?= at )", "alice", text, flags=re.M)
    return replaced


@pytest.fixture
def trusted(provider):
    """This host trusts the authority of the provider, as it does that of a real one."""
    link = "/etc/ssl/certs/" + run("openssl", "x509", "-noout", "-hash", "-in", CA).strip() + ".0"
    os.symlink(CA, link)
    yield
    os.remove(link)


@pytest.fixture
def put_back(sshd):
    """What README.md removes is there again for the other tests."""
    with open("/etc/pam.d/sshd", encoding="ascii") as file:
        text = file.read()
    shutil.copy(f"{PAM_D}/sshd", "/etc/pam.d/sshd")
    yield
    run(f"{TOP}/tests/lib/install-here", BUILD)
    stack("sshd", text)
    run(f"{TOP}/tests/lib/sshd-start")


def pattern(line):
    """A line that is shown, whatever the numbers and the code are."""
    text = re.sub(r"[A-Z]{4}-[A-Z]{4}", "CODE", line.strip())
    text = re.sub(r"\\?[0-9]+", r"\\d+", re.escape(text)).replace("CODE", r"[A-Z0-9]{4}-[A-Z0-9]{4}")
    return re.sub(r"(\\ )+", r"\\s+", text).replace("…", ".*")


def assert_shows(screen, text, only=False):
    """Each line of the text is on the screen; only: and no others are."""
    screen = re.sub(r"\x1b\[\d*m", "", screen)  # a terminal has colours
    seen = [line.strip() for line in screen.splitlines() if line.strip()]
    shown = [line for line in text.splitlines() if line.strip()]
    missing = [line for line in shown if not any(re.fullmatch(pattern(line), other) for other in seen)]
    assert not missing, f"README.md shows {missing}, and this was seen:\n{screen}"
    assert not only or len(shown) == len(seen), f"README.md does not show all of this:\n{screen}"


def user_runs(session, language, text):
    if language == "console":
        for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            assert_shows(session.run(command), shown)
        return
    path = "/tmp/readme.sh"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    assert session.run(f"set -o pipefail; . {path} >/dev/null; echo status=$?").endswith("status=0")


def log_in(provider, text):
    """The login of README.md; its session."""
    terminal = ssh("alice")
    terminal.expect(CODE.pattern)
    code, screen = terminal.child.match.group(1), terminal.child.before + terminal.child.match.group(0)
    screen += terminal.expect("approved:") + "approved:"
    assert_shows(screen, text.partition("\n")[2], only=True)
    provider.approve(code)
    terminal.enter()
    return terminal.shell()


def test_an_administrator_and_a_user_follow_it_word_by_word(put_back, trusted, place, provider):
    assert len(blocks("admin")) >= 4 and len(blocks("login")) == 1 and len(blocks("user")) >= 4
    session, token = None, None
    for kind, language, text in blocks("admin", "login", "user"):
        if kind == "admin":
            run("bash", "-euc", place(text), cwd=TOP)
        elif kind == "login":
            session = log_in(provider, place(text))
            token = payload(the_key("oidc:access_token"))
        else:
            user_runs(session, language, place(text))
    assert len(helpers()) == 1
    session.logout()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    assert not provider.is_active(token)
    for _, _, text in blocks("admin, last"):
        run("bash", "-euc", place(text), cwd=TOP)
    left = run("find", "/etc", "/usr", "/var", "-name", "*oidc[-_]session*")
    assert left == "", left
    is_debians = ssh("alice", "password")
    is_debians.expect("assword: ")
    is_debians.enter("CANARY-pw-alice")
    is_debians.shell().logout()
