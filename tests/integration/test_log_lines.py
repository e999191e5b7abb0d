# SPDX-License-Identifier: MIT
"""The tail of the log lines: docs/messages.md.  That every line has one, and only one, is in conftest.py."""
import pytest

from conftest import UIDS, configure
from logins import Attempt
from renewals import alarm, wait_no_process, wait_state
from scenes import set_stage, ssh_password_login

FORGED = "x event=login session=1 uid=0"


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    set_stage(provider)


def test_the_lines_of_a_session_have_its_serial_and_the_users_uid(provider, log):
    shell = ssh_password_login()
    serial, uid = shell.run("keyctl show @s").splitlines()[1].split()[0], str(UIDS["alice"])
    provider.faults(**{"token:refresh_token": {"times": 1, "answer": {"status": 503}}})
    alarm()
    wait_state("retrying")
    shell.logout()
    wait_no_process()
    tails = [tail for tail in log.tails("") if tail[0] != "debug"]
    assert tails == [("login", "-", uid), ("opened", serial, uid), ("renew_failed", serial, uid),
                     ("closed", serial, uid), ("revoked", serial, uid)]
    assert log.tails("tokens removed and revoked") == [("revoked", serial, uid)]


def test_what_the_provider_says_forges_no_tail(provider):
    configure(provider, login_grant="password")
    provider.faults(**{"token:password": {"times": 1, "answer": {"status": 400, "body": {
        "error": "invalid_scope", "error_description": FORGED}}}})
    attempt = Attempt(provider).password().end()
    assert attempt.result == "PAM_SERVICE_ERR"
    assert attempt.log.tails("") == [("misconfigured", "-", str(UIDS["alice"]))]
    assert "x event?login session?1 uid?0" in attempt.log.one("invalid_scope")


def test_a_user_name_forges_no_tail(provider):
    attempt = Attempt(provider, user=FORGED).end()
    assert attempt.result == "PAM_USER_UNKNOWN"
    assert set(attempt.log.tails("no such user")) == {("unknown_user", "-", "-")}
