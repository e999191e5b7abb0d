# SPDX-License-Identifier: MIT
"""Many real sessions on the throwaway host: users, a provider, the configuration, and who logs in (sessions.c)."""
import contextlib
import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys

import conftest
import measure
from fastprovider import FastProvider

FIRST_UID = 62000  # nobody on the real machine has these: kernel keys have no namespace
USERS = FastProvider.users
SERVICE = "bench"
CA = "/etc/ssl/bench-provider.crt"
STACK = """\
auth     required  pam_oidc_session.so
account  required  pam_permit.so
session  optional  pam_keyinit.so force revoke
session  required  pam_oidc_session.so
"""


@dataclasses.dataclass
class Provider:
    """Where sessions come from; the password of each user is CANARY-pw-NAME."""
    issuer: str
    ca: str                       # a file
    client_id: str = "pam-public"
    users: str = USERS            # a format that gets a number; without %, one user has all sessions
    real: object = None           # conftest.Provider, where it is that: faults, its log


@contextlib.contextmanager
def test_provider(**settings):
    """The real one of tests/provider, which has no users but alice, bob and carol."""
    provider = conftest.Provider().start(**settings)
    try:
        yield Provider(provider.issuer, conftest.CA, users="alice", real=provider)
    finally:
        provider.stop()


@contextlib.contextmanager
def fast_provider(**settings):
    """The cheap one, which knows everybody; it also has its requests() and its cpu()."""
    provider = FastProvider(**settings)
    try:
        yield provider
    finally:
        provider.stop()


def install():
    """What was built, on this host, once."""
    if not os.path.exists("/tmp/install.log"):
        measure.run(f"{measure.TOP}/tests/lib/install-here", measure.BUILD)


def make_users(count):
    """USERS % 0 to USERS % (count - 1); those that are there already stay."""
    with open("/etc/passwd", encoding="utf-8") as file:
        known = sum(line.startswith("bench") for line in file)
    names = [(USERS % number, FIRST_UID + number) for number in range(known, count)]
    with open("/etc/passwd", "a", encoding="utf-8") as file:
        file.writelines(f"{name}:x:{uid}:{uid}::/:/bin/sh\n" for name, uid in names)
    with open("/etc/group", "a", encoding="utf-8") as file:
        file.writelines(f"{name}:x:{uid}:\n" for name, uid in names)


def configure(provider, stack=STACK, **settings):
    """The password grant at this provider, with a cold cache; settings as those of conftest.configure()."""
    shutil.copy(provider.ca, CA)
    os.chmod(CA, 0o644)
    conftest.configure(provider, **{"provider_ca_file": CA, "provider_client_id": provider.client_id,
                                    "login_grant": "password", **settings})
    conftest.stack(SERVICE, stack)


class Sessions:
    """COUNT open sessions: `with Sessions(provider, 100):`."""

    def __init__(self, provider, count, first=0, parallel=2, group=None):
        """In this control group (many.Group), with all that it starts."""
        enter = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', group.path] if group else []
        command = [f"{measure.PROGRAMS}/sessions", SERVICE, provider.users, str(first), str(count), str(parallel)]
        self.child = subprocess.Popen([*enter, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.users = sorted({provider.users % number if "%" in provider.users else provider.users
                             for number in range(first, first + count)})
        self.opened, self.failed, self.seconds = self.line()
        self.closed = self.not_closed = self.closing = 0

    def line(self):
        text = self.child.stdout.readline()
        found = re.match(r"(?:open|closed) (\d+) failed (\d+) seconds (\S+)$", text)
        if not found:
            sys.exit(f"bench: sessions ended with {self.child.wait()} and said {text!r}")
        return int(found.group(1)), int(found.group(2)), float(found.group(3))

    def helpers(self):
        """Their process IDs, all of them."""
        return conftest.helpers()

    def close(self):
        if self.child.poll() is None:
            self.child.stdin.close()
            self.closed, self.not_closed, self.closing = self.line()
            self.child.wait()

    def kill(self):
        """The login programs end without closing anything."""
        self.child.send_signal(signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
