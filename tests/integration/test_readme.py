# SPDX-License-Identifier: MIT
"""README.md is followed word by word, by an administrator and then by a user.

Above each fenced block stands what is done with it:

    <!-- run: admin -->         root runs it, in the directory of the sources
    <!-- run: admin, last -->   the same, when everything else is over
    <!-- run: login -->         the user logs in by ssh, approves, and sees exactly this
    <!-- run: user -->          the user runs it in that session; a console block has "$ COMMAND" lines and what they show
    <!-- run: user, approves --> the same, and it shows a code that the user approves
    <!-- run: kubectl -->       the command that is configured is run, as kubectl would
    <!-- skip: REASON -->       nothing
"""
import glob
import json
import os
import re
import shutil

import pytest

from conftest import (BUILD, CA, CODE, PAM_D, TOP, helpers, leftovers, payload, run, ssh, the_key, wait_until)

OURS = "pam_oidc_session.so"
RELOAD = f"{TOP}/tests/lib/sshd-start 'Include /etc/ssh/sshd_config.d/*.conf'"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
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
        return re.sub(r"(?<=user:     )you\b|^you(?= at )|(?<=subject )you\b", "alice", text, flags=re.M)
    return replaced


@pytest.fixture
def trusted(provider):
    """This host trusts the authority of the provider, as it does that of a real one."""
    link = "/etc/ssl/certs/" + run("openssl", "x509", "-noout", "-hash", "-in", CA).strip() + ".0"
    os.symlink(CA, link)
    yield
    os.remove(link)


@pytest.fixture
def empty_host(sshd):
    """As it was before the tests; what README.md removes is there again afterwards."""
    for path in glob.glob("/etc/security/oidc-session.*"):
        os.remove(path)
    shutil.copytree("/etc/pam.d", "/tmp/pam.d", dirs_exist_ok=True)
    for name in os.listdir("/etc/pam.d"):
        with open(f"/etc/pam.d/{name}", encoding="ascii") as file:
            if OURS in file.read():
                os.remove(f"/etc/pam.d/{name}")
    shutil.copy(f"{PAM_D}/sshd", "/etc/pam.d/sshd")
    yield
    run(f"{TOP}/tests/lib/install-here", BUILD)
    shutil.copytree("/tmp/pam.d", "/etc/pam.d", dirs_exist_ok=True)
    shutil.rmtree("/tmp/pam.d")
    run(f"{TOP}/tests/lib/sshd-start")


ANY = {  # what is different each time, and what stands for it
    r"[A-Z]{4}-[A-Z]{4}": ("CODE", r"[A-Z0-9]{4}-[A-Z0-9]{4}"),
    r"\d+ min \d+ s": ("DURATION", r"(\d+ min|\d+ min \d+ s|\d+ s)"),
    r"\d+ s ago": ("AGO", r"(\d+ s ago|now)"),
    r"\d+": ("NUMBER", r"\d+"),
    r" +": ("SPACE", r"\s+"),
    r"…": ("ANYTHING", r".*"),
}


def pattern(line):
    """A line that is shown, whatever the numbers, times and the code are."""
    text = line.strip()
    for shown, (name, _) in ANY.items():
        text = re.sub(shown, f"<{name}>", text)
    text = re.escape(text)
    for name, meant in ANY.values():
        text = text.replace(f"<{name}>", meant)
    return text


def assert_shows(screen, text, only=False):
    """Each line of the text is on the screen; only: and no others are."""
    seen = [line.strip() for line in COLOUR.sub("", screen).splitlines() if line.strip()]
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
    assert session.run(sourced(text)).endswith("status=0")


def sourced(text):
    """What makes the shell of the session run it, and say how it ended."""
    path = "/tmp/readme.sh"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    return f"set -o pipefail; . {path} >/dev/null; echo status=$?"


def user_approves(session, provider, text):
    session.enter(sourced(text))
    session.expect(CODE.pattern)
    provider.approve(session.child.match.group(1))
    session.expect("status=0")
    session.expect(re.escape(session.prompt))


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


def kubectl_gets_a_token(session, text):
    """The command and arguments of an exec plugin."""
    command, arguments = re.search(r"command: (\S+)\n +args: \[(.*)\]", text).groups()
    answer = json.loads(session.run(f"{command} {arguments.replace(',', '')}"))
    assert answer["kind"] == "ExecCredential" and f"apiVersion: {answer['apiVersion']}\n" in text
    assert answer["status"]["token"]


def git_gets_the_token(session, host):
    """What git asks before it fetches from that host, and what it is told."""
    answer = session.run(f"printf 'protocol=https\\nhost={host}\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill")
    assert f"password={payload(the_key('oidc:access_token')).decode()}" in answer.splitlines(), answer


def test_an_administrator_and_a_user_follow_it_word_by_word(empty_host, trusted, place, provider):
    assert len(blocks("admin")) >= 4 and len(blocks("login")) == 1 and len(blocks("user")) >= 4
    session, token = None, None
    for kind, language, text in blocks("admin", "login", "user", "user, approves", "kubectl"):
        if kind == "admin":
            run("bash", "-euc", place(text), cwd=TOP)
        elif kind == "login":
            session = log_in(provider, place(text))
            token = payload(the_key("oidc:access_token"))
        elif kind == "user, approves":
            user_approves(session, provider, text)
            token = session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"')
        elif kind == "kubectl":
            kubectl_gets_a_token(session, text)
            git_gets_the_token(session, "git.example.com")
        else:
            user_runs(session, language, place(text))
    assert provider.is_active(token)
    wait_until(lambda: len(helpers()) == 1, "one helper")
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
