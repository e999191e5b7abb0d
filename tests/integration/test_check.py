# SPDX-License-Identifier: MIT
"""oidc-session check: a good host, and one mistake at a time, each found with its line."""
import contextlib
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import CA, CACHE, CANARY, CONFIG, TOP, configure, run

SSHD = "/etc/ssh/sshd_config.d/oidc-check.conf"
SSHD_LINES = "UsePAM yes\nKbdInteractiveAuthentication yes\n"
EXCHANGE = "/usr/libexec/oidc-session-exchange"
SECRET = "/etc/security/client-secret-check"  # named as the others are


@pytest.fixture(scope="module", autouse=True)
def etc():
    """PAM and sshd are as before when these tests have ended."""
    shutil.copytree("/etc/pam.d", "/tmp/pam.d", symlinks=True, dirs_exist_ok=True)
    yield
    shutil.rmtree("/etc/pam.d")
    shutil.copytree("/tmp/pam.d", "/etc/pam.d", symlinks=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(SSHD)


def write(path, text, mode=0o644):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)


def recipe():
    with open(f"{TOP}/docs/pam/sshd", encoding="ascii") as file:
        return file.read()


@pytest.fixture(autouse=True)
def good(installed, etc, provider):
    """A host on which nothing is wrong."""
    configure(provider)
    write(SSHD, SSHD_LINES)
    for name in os.listdir("/etc/pam.d"):  # those of other tests
        with open(f"/etc/pam.d/{name}", encoding="ascii") as file:
            if "pam_oidc_session" in file.read():
                os.remove(f"/etc/pam.d/{name}")
    write("/etc/pam.d/sshd", recipe())


class Check:
    """What it found."""

    def __init__(self, *options, prefix=()):
        done = subprocess.run([*prefix, "oidc-session", "check", "--json", *options], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        assert done.stderr == "" and not CANARY.search(done.stdout.encode())
        self.status, self.json = done.returncode, json.loads(done.stdout)
        self.findings = self.json["findings"]

    def of(self, *levels):
        return [f"{item['level']} {item['area']}: {item['text']}" for item in self.findings if item["level"] in levels]

    def bad(self):
        return self.of("warning", "error")

    def only(self, level, pattern, status=None):
        """Nothing but this is wrong, and it says what to do."""
        found = self.bad()
        assert len(found) == 1 and re.match(f"{level} {pattern}", found[0]), found
        assert self.status == (status or {"warning": 1, "error": 2}[level])
        assert self.json["result"] == level
        assert all(item["advice"] for item in self.findings if item["level"] in ("warning", "error"))
        return self

    def has(self, pattern):
        assert any(re.match(pattern, item) for item in self.of("ok", "skipped")), self.of("ok", "skipped")
        return self


# ---- a good one -------------------------------------------------------------------------

def test_a_good_host_has_no_warning(provider):
    before = len(provider.requests())
    check = Check()
    asked = [line.get("route") for line in provider.requests()[before:]]
    assert len(asked) == 2, asked  # its metadata and its keys
    assert check.bad() == [] and check.status == 0 and check.json["result"] == "ok" and check.json["version"] == 1
    host = provider.issuer.split("/")[2]
    for pattern in [rf"ok config: {CONFIG}: issuer {provider.issuer}", rf"ok tls: {host}: connected, TLS 1\.3",
                    rf"ok tls: {host}: its certificate is good for \d+ more days",
                    r"ok tls: trusted certificates: .*ca_file",
                    rf"ok provider: its metadata is that of issuer {provider.issuer}",
                    r"ok clock: .* differ by [0-5] s",
                    r"ok offer: grant device: offered", r"ok offer: grant refresh_token: offered",
                    r"ok offer: client_auth none: offered", r"ok offer: scopes: 3 of ",
                    r"ok offer: revocation_endpoint: ",
                    r"ok keys: the provider's keys can be used, for RS256", r"ok sandbox: .*seccomp",
                    r"ok install: .*/oidc-session-exchange: root's, mode 0711",
                    r"ok install: .*pam_oidc_session\.so: root's",
                    r"ok quota: root: ", r"ok quota: users: ", r"ok quota: expired keys count for",
                    r"ok kernel: keyrings: there", r"ok pam: /etc/pam.d/sshd:\d+: sshd: nothing is wrong",
                    rf"ok sshd: {SSHD}:1: sshd uses PAM, and can show the code"]:
        check.has(pattern)


def test_as_a_user_it_checks_what_it_can_and_says_what_it_skipped(provider):
    write(SECRET, "CANARY-secret-confidential\n", 0o600)
    configure(provider, provider_client_secret_file=SECRET, provider_client_auth="client_secret_basic")
    check = Check(prefix=["setpriv", "--reuid=61001", "--regid=61001", "--clear-groups"])
    assert check.bad() == [] and check.status == 0
    check.has("skipped root: not root").has(f"skipped config: {SECRET}: only root may read it")
    check.has(r"ok provider: ").has(r"ok pam: /etc/pam.d/sshd")


def test_for_people_it_is_lines_with_the_advice_below():
    os.chmod(EXCHANGE, 0o755)
    try:
        done = subprocess.run(["oidc-session", "check"], stdout=subprocess.PIPE, text=True, check=False)
    finally:
        os.chmod(EXCHANGE, 0o711)
    assert done.returncode == 1 and "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    at = lines.index(f"warning  install   {EXCHANGE}: others may read it, and so a process of it can be looked into")
    assert lines[at + 1] == "                   -> chown root:root and chmod 0711 it"
    assert re.fullmatch(r"\d+ ok, 0 skipped, 1 warnings, 0 errors", lines[-1])


# ---- the configuration and the provider -------------------------------------------------

def test_mistakes_of_the_configuration_have_the_words_of_a_login(provider):
    with open(CONFIG, "a", encoding="ascii") as file:
        file.write("[login]\ncolour = red\n")
    Check().only("error", rf"config: {CONFIG}:6: \[login\] colour: unknown setting")
    os.remove(CONFIG)
    Check().only("error", f"config: {CONFIG} does not exist")
    configure(provider)
    os.chmod(CONFIG, 0o666)
    Check().only("error", f"config: {CONFIG} may be written by others than root")
    os.chmod(CONFIG, 0o644)
    configure(provider, provider_client_secret_file="/etc/none", provider_client_auth="client_secret_post")
    Check().only("error", rf"config: {CONFIG}:\d+: \[provider\] client_secret_file: /etc/none: does not exist")


def test_another_configuration_can_be_checked(provider):
    write("/etc/security/other.conf", f"[provider]\nissuer = {provider.issuer}/\nclient_id = c\nca_file = {CA}\n")
    check = Check("--config", "/etc/security/other.conf").only(
        "error", f"provider: the provider's metadata is that of issuer '{provider.issuer}'")
    check.has(f"skipped pam: /etc/pam.d/sshd:\\d+: {CONFIG} is another configuration")
    os.remove("/etc/security/other.conf")


def test_a_certificate_of_nobody_and_a_provider_that_is_down_are_said_once(provider):
    configure(provider, provider_ca_file=None)
    check = Check().only("error", r"tls: cannot connect to .*: SSL certificate problem")
    assert any("ca_file" in (item["advice"] or "") for item in check.findings)
    configure(provider, provider_issuer="https://localhost:9")
    Check().only("error", "tls: cannot connect to localhost:9: ")
    configure(provider, provider_issuer="https://nowhere.invalid")
    Check().only("error", "tls: cannot connect to nowhere.invalid: ")


def test_what_is_configured_and_not_offered_is_found(provider):
    configure(provider, provider_scope="openid offline_access colour")
    Check().only("warning", "offer: scope colour: not in the provider's scopes_supported")
    configure(provider, provider_scope="profile offline_access")
    Check().only("error", "offer: scope has no openid")
    configure(provider, provider_signing_algorithms="ES512")
    assert any(line.startswith("error offer: the provider signs ID tokens with no algorithm") for line in Check().bad())


def test_a_clock_that_is_off_is_found_with_by_how_much(the_provider):
    the_provider.start(CLOCK_OFFSET=-300)
    Check().only("error", r"clock: this host is (299|300|301) s ahead of the provider")


# ---- PAM and sshd -----------------------------------------------------------------------

AUTH = "auth [success=done ignore=ignore default=die] pam_oidc_session.so\n"
ACCOUNT = "account required pam_unix.so\n"
KEYINIT = "session optional pam_keyinit.so force revoke\n"
SESSION = "session required pam_oidc_session.so\n"

STACKS = [
    ("sshd", AUTH + ACCOUNT + KEYINIT, "error pam: /etc/pam.d/sshd:1: sshd has no session line"),
    ("sshd", ACCOUNT + KEYINIT + SESSION, "warning pam: /etc/pam.d/sshd:3: sshd has no auth line"),
    ("sshd", AUTH + ACCOUNT + SESSION, "warning pam: /etc/pam.d/sshd:3: no pam_keyinit is before it"),
    ("sshd", AUTH + ACCOUNT + SESSION + KEYINIT, "error pam: /etc/pam.d/sshd:4: pam_keyinit is behind"),
    ("sshd", AUTH + KEYINIT + SESSION, "error pam: /etc/pam.d/sshd:1: sshd has no account line that checks"),
    ("sshd", AUTH.replace("[success=done ignore=ignore default=die]", "optional") + "@include common-auth\n" + ACCOUNT
     + KEYINIT + SESSION, "error pam: /etc/pam.d/sshd:1: auth is optional"),
    ("sshd", AUTH + "auth requisite pam_nologin.so\n" + ACCOUNT + KEYINIT + SESSION,
     "error pam: /etc/pam.d/sshd:1: who is approved by the provider does not pass pam_nologin.so in /etc/pam.d/sshd:2"),
    ("sshd", AUTH.replace(".so", ".so config=/etc/none.conf") + ACCOUNT + KEYINIT
     + SESSION.replace(".so", ".so config=/etc/none.conf"),
     "error pam: /etc/pam.d/sshd:1: /etc/none.conf does not exist"),
    ("sshd", AUTH + ACCOUNT + KEYINIT + SESSION.replace(".so", ".so colour"),
     "error pam: /etc/pam.d/sshd:4: 'colour' is no argument of the module"),
    ("sshd", AUTH + ACCOUNT + KEYINIT + SESSION + "@include none\n",
     "error pam: /etc/pam.d/sshd:5: cannot include none"),
    ("cron", ACCOUNT + SESSION, "warning pam: /etc/pam.d/cron:2: the stack of cron has pam_oidc_session"),
    ("sudo", "@include common-auth\n" + SESSION, "warning pam: /etc/pam.d/sudo:2: the stack of sudo has"),
]


def test_each_mistake_of_a_stack_is_found_with_its_line():
    kept = {name: open(f"/etc/pam.d/{name}", encoding="ascii").read()  # pylint: disable=consider-using-with
            for name in ("sudo", "sshd") if os.path.exists(f"/etc/pam.d/{name}")}
    for service, text, expected in STACKS:
        write(f"/etc/pam.d/{service}", text)
        Check().only(*expected.split(" ", 1))
        os.remove(f"/etc/pam.d/{service}")
        for name, before in kept.items():
            write(f"/etc/pam.d/{name}", before)
    os.remove("/etc/pam.d/sshd")
    Check().only("warning", "pam: no stack in /etc/pam.d/ mentions pam_oidc_session.so")


def test_our_line_in_what_all_services_include_is_found_where_it_should_not_be():
    write("/etc/pam.d/sshd", AUTH + ACCOUNT + KEYINIT + "session include common-oidc\n")
    write("/etc/pam.d/common-oidc", SESSION)
    write("/etc/pam.d/cron", "@include common-account\n@include common-oidc\n")
    try:
        check = Check().only("warning", "pam: /etc/pam.d/common-oidc:1: the stack of cron has")
        check.has("ok pam: /etc/pam.d/sshd:1: sshd: nothing is wrong")
    finally:
        os.remove("/etc/pam.d/common-oidc")
        os.remove("/etc/pam.d/cron")


def test_a_stack_of_the_vendor_counts_unless_there_is_another():
    os.makedirs("/usr/lib/pam.d", exist_ok=True)
    write("/usr/lib/pam.d/kiosk", AUTH + ACCOUNT + KEYINIT)
    write("/usr/lib/pam.d/sshd", AUTH)
    try:
        Check().only("error", "pam: /usr/lib/pam.d/kiosk:1: kiosk has no session line")
    finally:
        os.remove("/usr/lib/pam.d/kiosk")
        os.remove("/usr/lib/pam.d/sshd")


def test_an_sshd_that_cannot_show_the_code_is_found(provider):
    write(SSHD, "UsePAM no\n")
    Check().only("error", f"sshd: {SSHD}:1: UsePAM is not yes")
    write(SSHD, "UsePAM yes\nKbdInteractiveAuthentication no\n")
    Check().only("error", f"sshd: {SSHD}:2: KbdInteractiveAuthentication is not yes")
    configure(provider, login_grant="password")
    assert not [line for line in Check().bad() if line.split()[1] == "sshd:"]  # it needs none then
    configure(provider)
    write(SSHD, SSHD_LINES + "LoginGraceTime 60\n")
    Check().only("warning", f"sshd: {SSHD}:3: LoginGraceTime is 60 s")


# ---- what is installed ------------------------------------------------------------------

def test_what_was_changed_of_the_installation_is_found():
    os.chmod(EXCHANGE, 0o700)
    try:
        found = Check(prefix=["env"]).bad()
        assert f"error install: {EXCHANGE}: is not executable for everybody" in found, found
    finally:
        os.chmod(EXCHANGE, 0o711)
    os.chmod(CACHE, 0o777)
    try:
        Check().only("warning", f"install: {CACHE}: must be a directory of oidc-session's")
    finally:
        os.chmod(CACHE, 0o755)
    run("usermod", "-a", "-G", "oidc-session", "bob")
    try:
        Check().only("error", "install: bob is in the group oidc-session")
    finally:
        run("gpasswd", "-d", "bob", "oidc-session")
    assert run("oidc-session", "check", check=False).endswith(" 0 warnings, 0 errors\n")
