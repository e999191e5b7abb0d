# SPDX-License-Identifier: MIT
"""pam_setcred() of who opened a session, and of who comes back to it: screen lockers."""
import contextlib
import os
import signal

import pytest

from conftest import BUILD, PamApp, configure, helpers, keys, leftovers, run, stack, status, wait_until
from test_renewal import FAILED, RENEW, Session, alarm, closed, ready, wait_state  # noqa: F401  pylint: disable=unused-import

LOCKER = """\
auth optional pam_oidc_session.so minimum_uid=4294967294 debug
auth required pam_permit.so
account required pam_permit.so
"""
PAMAPP = f"{BUILD}/tests/lib/pamapp"


def failing(provider):
    """A session whose next try is minutes away, because an administrator must act."""
    provider.faults(**{RENEW: {"times": 1, "answer": {"status": 404}}})
    alarm()
    wait_state("retrying")


@pytest.fixture(autouse=True)
def locker(ready):  # noqa: F811
    stack("locker", LOCKER)
    stack("renewal")


@pytest.mark.parametrize("step", ["refresh", "reinitialize"])
def test_a_locker_without_privilege_lets_the_helper_renew(provider, log, step):
    session = Session()
    assert f"{step}: PAM_SUCCESS" in session.run(f"{PAMAPP} locker alice authenticate {step} end")
    assert status()["renewals"] == "0"
    log.wait("no renewal is due")
    failing(provider)
    assert f"{step}: PAM_SUCCESS" in session.run(f"{PAMAPP} locker alice authenticate {step} end")
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    log.wait("pamapp.*user alice: the helper is asked to renew now")
    closed(session)


def test_a_locker_of_another_user_asks_for_nothing(provider, log):
    session = Session()
    failing(provider)
    session.run(f"{PAMAPP} locker bob authenticate refresh end")
    log.wait("user bob: a renewal is due, but process .* is gone, or not this user's helper")
    assert status()["renewals"] == "0"
    closed(session)


def test_root_in_the_session_lets_the_helper_renew_and_root_elsewhere_does_not(provider, log):
    app = PamApp("renewal", "alice", "authenticate", "establish", "open", "wait",
                 f"root:{PAMAPP} locker alice authenticate refresh end", "wait", "close", "end")
    app.expect("secret: Password: ")
    app.answer("CANARY-pw-alice")
    app.line("waiting")
    failing(provider)
    assert "refresh: PAM_SUCCESS" in run(PAMAPP, "locker", "alice", "authenticate", "refresh", "end")
    app.answer()
    app.line("waiting")
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    app.answer()
    app.finish()
    assert len(log.lines("asked to renew now")) == 1


def own(step="reinitialize", **options):
    app = PamApp("renewal", "alice", "authenticate", "establish", "open", "wait", step, "wait", "close", "end", **options)
    app.expect("secret: Password: ")
    app.answer("CANARY-pw-alice")
    app.line("waiting")
    return app


@pytest.mark.parametrize("step", ["refresh", "reinitialize"])
def test_who_opened_the_session_lets_its_helper_renew(provider, step):
    app = own(step)
    failing(provider)
    app.answer()
    app.line(f"{step}: PAM_SUCCESS")
    app.line("waiting")
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    app.answer()
    app.finish()


def test_a_helper_that_was_killed_is_started_again(provider, log):
    app = own()
    (old,) = helpers()
    before = status()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: not helpers(), "it is gone")
    app.answer()
    app.line("reinitialize: PAM_SUCCESS")
    app.line("waiting")
    (new,) = helpers()
    assert status() == {**before, "helper_pid": str(new)}
    log.wait(r"auth\w*\.notice .*user alice: the helper had died; started again")
    os.kill(new, signal.SIGALRM)
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    app.answer()
    app.finish()
    wait_until(lambda: not leftovers(), "helper and keys gone")
    log.wait("tokens removed and revoked")


def test_a_helper_that_was_killed_while_it_failed_is_started_again_and_renews(provider):
    app = own()
    failing(provider)
    os.kill(helpers()[0], signal.SIGKILL)
    wait_until(lambda: not helpers(), "it is gone")
    app.answer()
    app.line("reinitialize: PAM_SUCCESS")
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    app.answer()
    app.finish()


def test_a_helper_that_was_stopped_goes_on(provider):
    app = own()
    (pid,) = helpers()
    os.kill(pid, signal.SIGSTOP)
    app.answer()
    app.line("waiting")

    def runs():
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "S"
    wait_until(runs, "it goes on")
    app.answer()
    app.finish()


def test_when_the_grant_is_over_no_helper_is_started_again(provider, log):
    app = own()
    provider.faults(**{RENEW: {"times": 1, "answer": {"status": 400, "json": {"error": "invalid_grant"}}}})
    alarm()
    wait_state("login_required")
    for pid in helpers():  # it ends by itself as well, when it has revoked
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not helpers(), "it is gone")
    app.answer()
    app.line("reinitialize: PAM_SUCCESS")
    app.line("waiting")
    assert not helpers()
    app.answer()
    app.finish()
    assert not helpers() and not keys("^oidc:")
    assert not log.lines("not revoked")
