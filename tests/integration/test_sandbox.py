# SPDX-License-Identifier: MIT
"""The sandbox, from inside of real exchanges: tests/lib/inside.c tries there what an attacker would."""
import contextlib
import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import threading

import pytest

from conftest import helpers, preloaded, stack, status, wait_until
from logins import Connections
from scenes import AUTH, KEYINIT_REVOKE, SESSION, app, opened, set_stage, wait_gone

DIR = "/tmp/inside"
CACHE = "/var/cache/oidc-session"
LOGIN, UNKNOWN, LATER = 0, 1, 2  # enum forbidden_when
REPORT = r"sandbox of the exchange: no_new_privs, not dumpable, limits"


@pytest.fixture(autouse=True)
def stage(provider):
    set_stage(provider)


class Inside:
    """What the next exchange of a kind and a uid will try, and what it found."""

    def __init__(self, provider, kind, user):
        self.kind, self.user = kind, pwd.getpwnam(user)
        self.issuer = provider.issuer
        self.port = int(provider.issuer.split(":")[2].split("/")[0])
        shutil.rmtree(DIR, ignore_errors=True)
        os.makedirs(DIR)
        with open(f"{DIR}/results", "wb") as file:
            file.truncate(1024 * 1024)
        os.chmod(f"{DIR}/results", 0o666)

    def directory(self, path):
        """One that this user may write, with a file."""
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path, 0o700)
        with open(f"{path}/old", "wb"):
            pass
        for name in (path, f"{path}/old"):
            os.chown(name, self.user.pw_uid, self.user.pw_gid)
        return path

    def __enter__(self):
        self.bad = Connections()
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind("\0inside")
        self.abstract.listen(64)
        self.other = subprocess.Popen(["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                                       "--clear-groups", "sleep", "600"])
        wait_until(lambda: os.stat(f"/proc/{self.other.pid}").st_uid == self.user.pw_uid, "a process of the same uid")
        cache = self.directory(f"{CACHE}/{hashlib.sha256(self.issuer.encode()).hexdigest()}")
        outside = self.directory("/var/tmp/inside")
        with open(f"{DIR}/place", "w", encoding="ascii") as file:
            file.write(f"{self.kind} {self.port} {self.bad.port} {self.other.pid} inside {cache} {outside}\n")
        return self

    def __exit__(self, *_):
        self.other.kill()
        self.other.wait()
        self.bad.close()
        self.abstract.close()
        os.remove(f"{DIR}/place")

    def results(self):
        """(request, when, name, errno, expected, ABI of Landlock)"""
        with open(f"{DIR}/results", "rb") as file:
            text = file.read().split(b"\0", 1)[0].decode()
        found = []
        for line in text.splitlines():
            head, got, expected, abi = line.rsplit("|", 3)
            _pid, request, when, name = head.split(" ", 3)
            found.append((int(request), int(when), name, int(got), int(expected), int(abi)))
        return found


def check(inside, requests):
    """All is as the table says, before each request."""
    results = inside.results()
    assert {request for request, *_ in results} >= set(range(1, requests + 1)), "it was not inside"
    assert len(results) >= 150 * requests
    wrong = []
    for request, when, name, got, expected, abi in results:
        if abi > LANDLOCK:
            continue
        if when == UNKNOWN and name == "connect to another port":
            continue  # depends on whether this is discovery
        if got != expected:
            wrong.append(f"request {request}: {name}: {os.strerror(got)} instead of {os.strerror(expected)}")
    assert not wrong, "\n".join(wrong)


def landlock_abi():
    abi = ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)
    return max(abi, 0)


LANDLOCK = landlock_abi()


@pytest.fixture
def preload(installed):
    with preloaded("inside"):
        yield


def test_inside_a_login_all_is_refused_and_the_login_succeeds(provider, preload):
    with Inside(provider, LOGIN, "oidc-session") as inside:
        session = opened("close", "end")
        check(inside, 2)
    session.answer()
    session.finish()
    wait_gone()


def test_inside_a_renewal_all_is_refused_and_the_renewal_succeeds(provider, preload):
    session = opened("close", "end")
    with Inside(provider, LATER, "alice") as inside:
        os.kill(helpers()[0], signal.SIGALRM)
        wait_until(lambda: status()["renewals"] == "1", "a renewal")
        check(inside, 1)
    session.answer()
    session.finish()
    wait_gone()


def test_inside_a_revocation_all_is_refused_and_the_revocation_succeeds(provider, preload, log):
    session = opened("close", "end")
    with Inside(provider, LATER, "alice") as inside:
        session.answer()
        session.finish()
        wait_gone()
        check(inside, 1)
    log.one("tokens removed and revoked")


def test_what_is_in_force_is_in_the_debug_log_once_for_each_session(provider, log):
    set_stage(provider, KEYINIT_REVOKE + SESSION.replace(".so", ".so debug"))
    session = opened("close", "end")
    assert not log.lines(r"pam_oidc_session.*sandbox of"), "it was not asked for"
    os.kill(helpers()[0], signal.SIGALRM)
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    log.wait(rf"debug .*helper.*user alice: {REPORT}")
    session.answer()
    session.finish()
    wait_gone()
    assert len(log.lines(rf"debug .*helper.*user alice: {REPORT}")) == 1
    stack("oidc-app", AUTH.replace(".so\n", ".so debug\n", 1))
    login = app("authenticate", "end")
    login.line("authenticate: PAM_SUCCESS")
    login.finish()
    log.one(rf"debug .*pam_oidc_session.*user alice: {REPORT}")
    wait_gone()


# ---- name resolution in the sandbox ------------------------------------------------------

class NameServer:
    """On port 53: every name is 127.0.0.1; by UDP it says that the answer is too long for that, if so asked."""

    def __init__(self):
        self.truncate, self.asked = False, []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 53))
        self.tcp = socket.create_server(("127.0.0.1", 53))
        self.threads = [threading.Thread(target=serve, daemon=True) for serve in (self._udp, self._tcp)]
        for thread in self.threads:
            thread.start()

    def _answer(self, query, how):
        end = query.index(b"\0", 12) + 5
        kind = struct.unpack("!H", query[end - 4:end - 2])[0]
        self.asked.append((how, kind))
        cut = self.truncate and how == "udp"
        found = kind == 1 and not cut
        head = query[:2] + struct.pack("!5H", 0x8580 | (0x0200 if cut else 0), 1, found, 0, 0)
        return head + query[12:end] + (struct.pack("!3HIH", 0xc00c, 1, 1, 60, 4) + b"\x7f\0\0\1" if found else b"")

    def _udp(self):
        while True:
            query, sender = self.udp.recvfrom(4096)
            if not query:
                return
            self.udp.sendto(self._answer(query, "udp"), sender)

    def _tcp(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                threading.Thread(target=self._one_tcp, args=(connection,), daemon=True).start()

    def close(self):
        """Another test may want the port."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", 53))
        self.threads[0].join()
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.udp.close()
        self.tcp.close()

    def _one_tcp(self, connection):
        with connection:
            while size := connection.recv(2):
                answer = self._answer(connection.recv(struct.unpack("!H", size)[0]), "tcp")
                connection.sendall(struct.pack("!H", len(answer)) + answer)


@pytest.fixture(scope="module")
def name_server(installed):
    files = {"/etc/nsswitch.conf": "hosts: files dns\n", "/etc/resolv.conf": "nameserver 127.0.0.1\n"}
    for path, text in files.items():
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, f"{path}.before")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    server = NameServer()
    yield server
    server.close()
    for path in files:
        os.remove(path)
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{path}.before", path)


@pytest.mark.parametrize("truncate", [False, True], ids=["by UDP", "by TCP"])
def test_a_name_server_is_asked_from_inside_the_sandbox(provider, name_server, log, truncate):
    """The provider's certificate is not for that name: who sees it has found the address and connected."""
    port = provider.issuer.split(":")[2].split("/")[0]
    url = f"https://provider.test:{port}"
    set_stage(provider, provider_issuer=url, provider_token_endpoint=f"{url}/token", provider_jwks_uri=f"{url}/jwks")
    name_server.truncate, name_server.asked = truncate, []
    login = app("authenticate", "end")
    login.line("authenticate: PAM_.*")
    login.finish()
    log.one(r"provider\.test.*(certificate|SSL)")
    assert ("tcp" in {how for how, _ in name_server.asked}) == truncate, name_server.asked
