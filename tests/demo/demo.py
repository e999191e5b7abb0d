#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./dev demo: one login over SSH from the device code to the revoked tokens.

Runs on a throwaway host (tests/lib/host).  Everything is real: sshd, the PAM
stack, the kernel's keyrings, the provider and its pages.  Tokens are shown as the
first digits of their SHA-256, because that is all anybody should see of them.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time

import pexpect

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = sys.argv[1]
CA = "/etc/ssl/test-provider.crt"
LIFETIME = 12  # of an access token, in seconds
PROMPT = "alice$ "

PAM = """\
auth     required  pam_oidc_session.so
account  required  pam_unix.so
session  optional  pam_keyinit.so force revoke
session  required  pam_oidc_session.so
"""


def title(text):
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def show(text):
    print(textwrap.indent(text.strip("\r\n").replace("\r", ""), "    "), flush=True)


def fail(text):
    print(f"\ndemo: {text}", file=sys.stderr)
    with open("/var/log/syslog-test", encoding="utf-8", errors="replace") as log:
        sys.stderr.write("the log of this host:\n" + log.read())
    sys.exit(1)


def expect_that(condition, text):
    if not condition:
        fail("not so: " + text)
    show("✓ " + text)


def run(*argv, **options):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def start_provider():
    """The variables that start.sh prints."""
    env = dict(os.environ, ACCESS_TTL=str(LIFETIME))
    text = run(f"{TOP}/tests/provider/start.sh", "/tmp/provider", env=env)
    return dict(re.findall(r"^export (OP_\w+)=(.*)$", text, re.M))


def configure(provider):
    shutil.copy(provider["OP_CA"], CA)  # its own directory is private
    with open("/etc/security/oidc-session.conf", "w", encoding="ascii") as conf:
        conf.write(f"[provider]\nissuer = {provider['OP_ISSUER']}\nclient_id = pam-public\n")
        conf.write(f"ca_file = {CA}\n")
    with open("/etc/pam.d/sshd", "w", encoding="ascii") as stack:
        stack.write(PAM)


def fingerprint(token):
    return hashlib.sha256(token).hexdigest()[:16]


class Shell:
    """A login over SSH on a terminal of its own."""

    def __init__(self):
        self.ssh = pexpect.spawn("ssh -o PreferredAuthentications=keyboard-interactive alice@localhost",
                                 encoding="utf-8", timeout=20, dimensions=(40, 110), echo=False)

    def expect(self, pattern):
        try:
            self.ssh.expect(pattern)
        except (pexpect.TIMEOUT, pexpect.EOF):
            fail(f"expected {pattern!r}, saw:\n{self.ssh.before}")
        return self.ssh.before

    def login(self, provider):
        screen = self.expect("approved: ") + "approved: "
        show(screen)
        code = re.search(r"code: +(\S+-\S+?)\.?\s", screen).group(1)
        title("Alice approves it on the provider's pages (another device; here, a script)")
        show(run(f"{TOP}/tests/provider/approve.sh", code, "alice", env=dict(os.environ, **provider)))
        self.ssh.sendline("")
        self.expect(r"\$ ")
        self.ssh.sendline(f"stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null; PS1='{PROMPT}'")
        self.expect(re.escape(PROMPT))

    def run(self, command, quiet=False):
        self.ssh.sendline(command)
        output = self.expect(re.escape(PROMPT)).replace("\r", "").strip("\n")
        if not quiet:
            show(f"{PROMPT}{command}\n{output}")
        return output


def snapshot(shell):
    """What the user sees of the token: serial, fingerprint, expires_at."""
    serial = shell.run('keyctl search @s user oidc:access_token', quiet=True)
    digest = shell.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY" | sha256sum | cut -c1-16', quiet=True)
    expires = shell.run('keyctl pipe "$(keyctl search @s user oidc:expires_at)"', quiet=True)
    return serial.strip(), digest.strip(), int(expires)


def wait_for_renewal(shell, before):
    end = time.monotonic() + 2 * LIFETIME
    while time.monotonic() < end:
        now = snapshot(shell)
        if now[1] != before[1] and now[2] > before[2]:
            return now
        time.sleep(0.25)
    fail("the token was not renewed")
    return None


def userinfo(shell, provider, quiet=False):
    return shell.run("""printf 'header = "Authorization: Bearer %s"' "$(keyctl pipe "$OIDC_ACCESS_TOKEN_KEY")" |"""
                     f" curl -sS --cacert {CA} -K - {provider['OP_USERINFO_ENDPOINT']}; echo", quiet)


def root_reads(name):
    """Root owns the keys: the payload of the one of this name."""
    with open("/proc/keys", encoding="ascii", errors="replace") as keys:
        for line in keys:
            if f" {name}: " in line:
                return run("keyctl", "pipe", str(int(line.split()[0], 16))).encode()
    fail(f"there is no key {name}")
    return None


def is_active(token, provider):
    answer = subprocess.run([f"{TOP}/tests/provider/introspect.sh"], input=token, check=True,
                            stdout=subprocess.PIPE, env=dict(os.environ, **provider)).stdout
    return answer.strip() == b"true"


def helper_pids():
    return subprocess.run(["pgrep", "-f", "oidc-session-helper"], stdout=subprocess.PIPE, text=True,
                          check=False).stdout.split()


def wait_until(condition, text):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            fail("not so after 10 s: " + text)
        time.sleep(0.05)
    show("✓ " + text)


def main():
    title("A throwaway host: install what was built, as a package would")
    run(f"{TOP}/tests/lib/install-here", BUILD)
    show(run("ls", "-l", "/usr/libexec/oidc-session-helper", "/usr/libexec/oidc-session-exchange"))

    title(f"The provider is up (access tokens live {LIFETIME} s) and configured")
    provider = start_provider()
    configure(provider)
    with open("/etc/security/oidc-session.conf", encoding="ascii") as conf:
        show("/etc/security/oidc-session.conf:\n" + conf.read())
    show("/etc/pam.d/sshd:\n" + PAM)

    title("sshd is up; Alice logs in:  ssh alice@localhost")
    run(f"{TOP}/tests/lib/sshd-start")
    shell = Shell()
    shell.login(provider)

    title("Alice is in. Her session's keyring:")
    shell.run("keyctl show")
    shell.run('keyctl pipe "$(keyctl search @s user oidc:status)"')

    title("She uses the token at the provider's userinfo endpoint")
    expect_that('"sub":"alice"' in userinfo(shell, provider), "the provider knows her by the token")

    now = snapshot(shell)
    for number in ("first", "second"):
        title(f"Waiting for the {number} renewal")
        before, now = now, wait_for_renewal(shell, now)
        show(f"key {before[0]}: token {before[1]}…, expires_at {before[2]}\n"
             f"key {now[0]}: token {now[1]}…, expires_at {now[2]}")
        expect_that(now[0] == before[0], "the same key serial")
        expect_that(now[1] != before[1], "another token")
        expect_that(now[2] > before[2], f"expires_at moved by {now[2] - before[2]} s")
        expect_that('"sub":"alice"' in userinfo(shell, provider, quiet=True), "userinfo still answers")

    title("The refresh token is not hers to read, nor is the helper's memory")
    refresh = root_reads("oidc:refresh_token")
    access = root_reads("oidc:access_token")
    serial = run("sh", "-c", "awk '/ oidc:refresh_token: / {print $1}' /proc/keys").strip()
    refused = shell.run(f"keyctl pipe 0x{serial}; cat /proc/$(pgrep -f oidc-session-helper)/mem")
    expect_that(refused.count("ermission denied") == 2, "refused")
    expect_that(is_active(access, provider) and is_active(refresh, provider),
                "meanwhile, the provider says that both tokens are active")

    title("Alice logs out")
    shell.ssh.sendline("exit")
    shell.expect(pexpect.EOF)
    wait_until(lambda: not helper_pids(), "the helper is gone")
    wait_until(lambda: "oidc:" not in re.sub(r"^.{9}[^ ]*R.*$", "", open("/proc/keys", encoding="ascii").read(),
                                             flags=re.M), "the keys are gone")
    expect_that(not is_active(access, provider), f"the provider: access token {fingerprint(access)}… is inactive")
    expect_that(not is_active(refresh, provider), f"the provider: refresh token {fingerprint(refresh)}… is inactive")

    title("What the log of this host says of it")
    run(f"{TOP}/tests/lib/syslogd", "--flush")
    show(run("grep", "-E", "oidc.session", "/var/log/syslog-test"))
    print("\nThe demo is complete.")


main()
