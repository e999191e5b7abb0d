# SPDX-License-Identifier: MIT
"""The provider, its name or the network is not there for a while: bounded, and as before when it is there again."""
import contextlib
import os
import signal
import socket
import threading
import time

import pytest

from conftest import exchanges, helpers, payload, wait_until
from renewals import (RENEW, alarm, keys_gone, living, outdated, overlapping, status, the_helper, the_key,
                      wait_no_process, wait_state, wait_status)
from scenes import Grants, elapsed, set_stage, ssh_password_login, wait_gone

TIMEOUT = 2
READ = 'keyctl pipe "$OIDC_ACCESS_TOKEN_KEY" 2>&1'
PROVIDERS_NAME = "other.example.test"  # in a certificate of the provider's


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    set_stage(provider, provider_timeout=str(TIMEOUT))


@pytest.fixture
def grants(provider):
    return Grants(provider)


def bound(failures):
    """The longest that the next attempt may be away after so many failures, in seconds."""
    return min(600, 5 * 2 ** (failures - 1))


# ---- longer than the token lives ----------------------------------------------------------

def test_an_outage_longer_than_the_token_lives_is_over_soon_after_the_provider_is_back(provider, grants, log):
    provider.start(ACCESS_TTL=5)
    shell = ssh_password_login()
    key = the_key("oidc:access_token").serial
    provider.stop()
    try:
        assert wait_state("retrying")["renew_reason"] == "backoff"
        wait_until(lambda: "Key has expired" in shell.run(READ), "the token has expired")
        now = wait_until(lambda: int((now := status())["failures"]) >= 2 and now, "it goes on trying", 20)
        assert now["state"] == "retrying" and now["last_error"]
        assert int(now["renew_at"]) <= time.time() + bound(int(now["failures"])) + 1
        assert "Key has expired" in shell.run(READ)
        assert shell.run("echo undisturbed") == "undisturbed"
    finally:
        provider.start(ACCESS_TTL=5)
    # Another failure may have come before the provider was there.
    now = status()
    wait_status(bound(int(now["failures"]) + 1) + 10, state="active", failures="0")
    assert the_key("oidc:access_token").serial == key
    token = shell.run(READ)
    assert token.startswith("CANARY-AT-") and provider.is_active(token)
    assert not outdated(grants.requests()) and not overlapping(grants.requests(RENEW))
    log.one("cannot renew, will try again in ")
    log.one("renewed again")
    shell.logout()
    wait_gone()
    wait_until(lambda: not living(provider, grants), "all tokens revoked")


@pytest.mark.parametrize("answer, reason, least, most", [
    ({"status": 500}, "backoff", 0, 6),
    ({"status": 429, "headers": {"Retry-After": "77"}}, "retry_after", 76, 300),
    ({"status": 404}, "misconfigured", 290, 610),
], ids=["500", "429", "404"])
def test_the_status_says_why_the_next_attempt_is_when_it_is(provider, answer, reason, least, most):
    shell = ssh_password_login()
    assert status()["renew_reason"] == "before_expiry"
    token = payload(the_key("oidc:access_token"))
    provider.faults(**{RENEW: {"answer": answer}})
    alarm()
    now = wait_state("retrying")
    assert now["renew_reason"] == reason
    assert least <= int(now["renew_at"]) - int(now["asked_at"]) <= most
    assert "unanswered_since" not in now, "there was an answer"
    assert payload(the_key("oidc:access_token")) == token
    provider.faults()
    shell.logout()
    wait_gone()


def test_a_renewal_that_is_planned_for_the_end_of_the_token_says_so(provider):
    set_stage(provider, renewal_before_expiry="0")
    shell = ssh_password_login()
    now = status()
    assert now["renew_reason"] == "at_expiry"
    assert int(now["renew_at"]) == int(payload(the_key("oidc:expires_at")))
    shell.logout()
    wait_gone()


# ---- what does not answer ---------------------------------------------------------------------

class SilentNameServer:
    """On this host, for as long as it is there; remembers that it was asked."""

    def __init__(self):
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while self.socket.recv(4096):
                self.asked += 1

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def file_text(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write_text(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class NoName:
    """The name of the provider is not looked up: the name server does not answer.

    "localhost" is looked up by nobody, so the provider has another name here.
    """

    def __init__(self, provider):
        self.hosts, self.resolv = file_text("/etc/hosts"), file_text("/etc/resolv.conf")
        provider.start(OP_CERT="wrong-host")
        base = provider.issuer.replace("localhost", PROVIDERS_NAME)
        set_stage(provider, provider_timeout=str(TIMEOUT), provider_token_endpoint=f"{base}/token",
                  provider_revocation_endpoint=f"{base}/token/revocation", provider_jwks_uri=f"{base}/jwks")
        self.server = SilentNameServer()
        write_text("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        write_text("/etc/hosts", f"{self.hosts}127.0.0.1 {PROVIDERS_NAME}\n")

    def begin(self):
        write_text("/etc/hosts", self.hosts)

    def reached(self):
        return self.server.asked > 0

    def end(self):
        write_text("/etc/hosts", f"{self.hosts}127.0.0.1 {PROVIDERS_NAME}\n")

    def close(self):
        self.server.close()
        write_text("/etc/hosts", self.hosts)
        write_text("/etc/resolv.conf", self.resolv)


class NoHandshake:
    """The kernel accepts the connection, and that is all: the provider is stopped."""

    def __init__(self, provider):
        self.pid, self.port = int(provider.pid), int(provider.issuer.rsplit(":", 1)[1])

    def begin(self):
        os.kill(self.pid, signal.SIGSTOP)

    def reached(self):
        """Somebody is connected to the provider, and waits."""
        wanted = f":{self.port:04X}"
        return any(line.split()[2].endswith(wanted) and line.split()[3] == "01"
                   for line in file_text("/proc/net/tcp").splitlines()[1:]) and exchanges()

    def end(self):
        os.kill(self.pid, signal.SIGCONT)

    close = end


class NoAnswer:
    """The provider has the request and does not answer."""

    def __init__(self, provider):
        self.provider = provider

    def begin(self):
        self.provider.faults(**{RENEW: {"hang": "before"}})

    def reached(self):
        return self.provider.in_flight(RENEW) == 1

    def end(self):
        self.provider.faults()

    close = end


@pytest.fixture(params=[NoName, NoHandshake, NoAnswer], ids=["name-server", "connection", "request"])
def silence(request, provider, ready):
    made = request.param(provider)
    yield made
    made.close()


def test_what_does_not_answer_is_given_up_in_time_and_asked_again(provider, grants, silence):
    shell = ssh_password_login()
    before = shell.run(READ)
    silence.begin()
    try:
        alarm()
        wait_until(silence.reached, "it is being asked")
        now = wait_state("retrying", 3 * TIMEOUT + 5)
        assert now["last_error"] and now["failures"] == "1"
        assert int(now["renew_at"]) <= time.time() + bound(1) + 1
        assert shell.run(READ) == before
    finally:
        silence.end()
    wait_status(20, state="active", failures="0")
    assert shell.run(READ) not in ("", before)
    shell.logout()
    wait_gone()
    wait_until(lambda: not living(provider, grants), "all tokens revoked")


def test_sigterm_while_nothing_answers_removes_the_tokens_at_once_and_ends_in_time(provider, grants, silence):
    shell = ssh_password_login()
    silence.begin()
    try:
        alarm()
        wait_until(silence.reached, "it is being asked")
        os.kill(the_helper(), signal.SIGTERM)
        assert elapsed(lambda: wait_until(keys_gone, "the keys gone", 5)) < 1
        assert "CANARY" not in shell.run(READ)
        wait_no_process(12)
    finally:
        silence.end()
    if isinstance(silence, NoAnswer):  # of the others, nobody heard
        assert not living(provider, grants)
    assert shell.run("echo undisturbed") == "undisturbed"
    shell.logout()
    wait_gone()
    assert not helpers()
    provider.control("revoke", {"user": "alice"})
