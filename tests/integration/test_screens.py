# SPDX-License-Identifier: MIT
"""What is on the screen when a login waits for an approval: over ssh, in su and login, in a display manager."""
import os
import re

import pexpect
import pytest

import scanner
from conftest import CODE, DEVICE_STACK, TOP, PamApp, Terminal, configure, leftovers, stack, status, wait_until
from scenes import ssh_key_login

SSH = "ssh -tt -o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1 alice@localhost"
LAST = "Press Enter after you have approved: "
OFFER = "To see a QR code of the page, type q and press Enter.\n"
BLOCKS = "\u2580\u2584\u2588"
LONG = "https://login.example.test/device?user_code=WDJB-MJHT&" + "x" * 53  # 107 octets


@pytest.fixture(autouse=True)
def ready(provider, sshd):
    configure(provider)
    own = {}
    for service in ("sshd", "su-l", "login"):
        with open(f"/etc/pam.d/{service}", encoding="ascii") as file:
            own[service] = file.read()
        stack(service)
    yield
    for service, text in own.items():
        stack(service, text)


def screen(command, term="xterm-256color", locale="C.UTF-8"):
    return Terminal(command, env=dict(os.environ, TERM=term, LC_ALL=locale))


def prompt(terminal):
    """All that is on it when it waits for Enter."""
    return terminal.expect(re.escape(LAST)).replace("\r", "") + LAST


def leave(terminal):
    """Ctrl-C at the prompt."""
    terminal.child.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.child.close()
    wait_until(lambda: not leftovers(), "nothing is left")


def complete(provider, text):
    return f"{provider.issuer}/device?user_code={CODE.search(text).group(1)}"


def assert_no_qr_code(text):
    assert "QR code" not in text and "Code:" not in text
    assert re.fullmatch(r"[\n -~]*", text), text


def in_the_readme():
    """The prompt that README.md shows."""
    with open(f"{TOP}/README.md", encoding="utf-8") as file:
        return re.search(r"\n\(you@host\) (This login.*?approved:)\n", file.read(), re.S).group(1) + " "


def test_over_ssh_the_prompt_is_the_one_in_the_readme_and_q_shows_a_qr_code_with_the_page(provider):
    terminal = screen(SSH)
    text = prompt(terminal)
    code = CODE.search(text).group(1)
    expected = in_the_readme().replace("GQQR-LHWZ", code)
    expected = expected.replace("https://login.example.com/realms/staff", provider.issuer)
    for line, shown in {"Login to:    host": r"Login to:    \S+", "As user:     you": "As user:     alice",
                        "192.0.2.7": r"127\.0\.0\.1", "109 seconds": r"\d+ seconds"}.items():
        expected = expected.replace(line, f"<{shown}>")
    pattern = "".join(part if odd else re.escape(part) for odd, part in
                      ((i % 2, part) for i, part in enumerate(re.split("[<>]", expected))))
    assert re.fullmatch(r"\(alice@localhost\) " + pattern, text.lstrip("\n")), f"{text}\n{pattern}"
    terminal.enter("q")
    text = prompt(terminal).lstrip("\n")
    assert scanner.read(text.replace("(alice@localhost) ", "")) == complete(provider, f"enter this code:  {code}")
    # All of it, and the line with the cursor, on a screen of 24 lines; the last one repeats the code.
    lines = text.split("\n")
    assert len(lines) <= 24 and all(len(line) <= 80 for line in lines)
    assert lines[-1] == f"Code: {code}.  {LAST}"
    provider.approve(code)
    terminal.enter()
    session = terminal.shell()
    assert status()["state"] == "active"
    session.logout()


def test_over_ssh_from_the_locale_c_there_is_nothing_but_ascii_unless_a_q_is_typed(provider):
    terminal = screen(SSH, locale="C")
    text = prompt(terminal)
    assert OFFER in text and re.fullmatch(r"[\n -~]*", text) and "\\" not in text
    terminal.enter("q")
    assert r"\342\226\210" in prompt(terminal)
    leave(terminal)


@pytest.mark.parametrize("command", ["su - bob", "/bin/login -p"])
def test_on_a_terminal_the_qr_code_is_on_the_screen_with_the_prompt(provider, command):
    terminal = screen(command)
    if command.startswith("/bin/login"):
        terminal.expect("login: ")
        terminal.enter("alice")
    text = prompt(terminal)
    assert scanner.read(text) == complete(provider, text)
    lines = text.split("\n")
    first = min(i for i, line in enumerate(lines) if set(line) & set(BLOCKS))
    assert lines[first - 1] == "Or scan this QR code of the page:"
    assert len(lines) - first <= 24 and all(len(line) <= 80 for line in lines)
    assert lines[-1] == f"Code: {CODE.search(text).group(1)}.  {LAST}"
    assert OFFER not in text
    leave(terminal)


@pytest.mark.parametrize("term, locale", [("linux", "C.UTF-8"), ("xterm-256color", "C"), ("dumb", "C.UTF-8")])
def test_on_a_terminal_that_cannot_show_it_there_is_no_word_of_a_qr_code(term, locale):
    terminal = screen("su - bob", term, locale)
    assert_no_qr_code(prompt(terminal))
    leave(terminal)


def test_the_command_shows_it_where_it_is_typed(provider):
    shell = ssh_key_login()
    for environment, is_shown in {"TERM=xterm LC_ALL=C.UTF-8": True, "TERM=linux LC_ALL=C.UTF-8": False,
                                  "TERM=xterm LC_ALL=C": False}.items():
        shell.enter(f"{environment} oidc-session login")
        shell.expect("This login waits")
        text = shell.expect("Waiting for approval").replace("\r", "")
        if is_shown:
            assert scanner.read(text) == complete(provider, text)
            lines = text.split("\n")
            first = min(i for i, line in enumerate(lines) if set(line) & set(BLOCKS))
            assert len(lines) - first <= 24, "the QR code and the progress are on a screen"
        else:
            assert_no_qr_code(text)
        shell.child.sendintr()
        shell.expect(re.escape(shell.prompt))
    shell.logout()


def in_an_application(*items):
    """The prompt of an application with these items of PAM's; the user goes away."""
    stack("application", DEVICE_STACK)
    app = PamApp("application", "alice", *items, "authenticate", "end",
                 env=dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8"))
    text = app.line("prompt: ([^\n]*)").group(1).replace("\\n", "\n")
    app.answer("!")
    assert "authenticate: PAM_CONV_ERR" in app.finish()
    return text.replace("\r", "")


@pytest.mark.parametrize("setting", ["auto", "yes"])
@pytest.mark.parametrize("items", [["tty::0"], ["tty:/dev/tty2", "display::1"]], ids=" ".join)
def test_the_window_of_a_display_manager_shows_none(provider, items, setting):
    configure(provider, login_qr=setting)
    assert_no_qr_code(in_an_application(*items))


def test_without_a_terminal_there_is_none():
    assert_no_qr_code(in_an_application())


def test_an_application_that_does_not_set_its_locale_has_none():
    assert_no_qr_code(in_an_application("tty:pts/1"))


def test_with_no_it_is_not_even_offered(provider):
    configure(provider, login_qr="no")
    assert_no_qr_code(in_an_application("tty:ssh"))


def test_with_yes_it_is_shown_at_once_also_over_ssh(provider):
    configure(provider, login_qr="yes")
    text = in_an_application("tty:ssh")
    assert scanner.read(text) == complete(provider, text)


def test_without_an_address_with_the_code_the_qr_code_is_of_the_page(provider):
    configure(provider, login_qr="yes")
    provider.faults(device_authorization={"remove": ["verification_uri_complete"]})
    assert scanner.read(in_an_application("tty:ssh")) == f"{provider.issuer}/device"


@pytest.mark.parametrize("setting", ["auto", "yes"])
def test_one_that_is_higher_than_a_screen_is_shown_only_with_yes(provider, setting):
    configure(provider, login_qr=setting)
    provider.faults(device_authorization={"set": {"verification_uri_complete": LONG}})
    text = in_an_application("tty:ssh")
    if setting == "yes":
        assert scanner.read(text) == LONG
    else:
        assert_no_qr_code(text)
    assert f"\n    {LONG}\n" in text
