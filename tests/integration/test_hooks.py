# SPDX-License-Identifier: MIT
"""Who may say that it is time to look: applications by pam_setcred, whoever may send a signal, and an upgrade."""
import os
import signal
import time

import pytest

from conftest import helpers, payload, wait_until
from renewals import (RENEW, alarm, close, gap, in_order, overlapping, renew, replace_program, runs_file, status,
                      the_helper, the_key, wait_no_process, wait_state, wait_status)
from scenes import Grants, is_alive, opened, process, set_stage

# A screen that is unlocked, and what some display managers say instead.
STEPS = ["refresh", "reinitialize"]
LATER = {"answer": {"status": 404}}  # an administrator must act, and nobody does so within minutes


@pytest.fixture(autouse=True)
def ready(provider):
    set_stage(provider)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def take(login, step):
    """The next step of a pamapp that waits, and then waits again."""
    login.answer()
    login.line(f"{step}: PAM_SUCCESS")
    login.line("waiting")


def pass_seconds(seconds):
    """For what must not happen meanwhile."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, f"{seconds} s", seconds + 5)


def fail(provider):
    """A renewal that failed; by itself the next one would come much later."""
    provider.faults(**{RENEW: {"times": 1, **LATER}})
    alarm()
    now = wait_status(state="retrying", failures="1")
    assert int(now["renew_at"]) > time.time() + 60
    return now


def kill_helper():
    pid = the_helper()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), "the helper is dead")
    return pid


# ---- pam_setcred ---------------------------------------------------------------------------

@pytest.mark.parametrize("step", STEPS)
def test_after_a_failure_setcred_renews_at_once(provider, grants, step):
    login = opened(step, "wait", "close", "end")
    fail(provider)
    take(login, step)
    now = wait_state("active")
    assert (now["renewals"], now["failures"]) == ("1", "0")
    assert len(grants.requests(RENEW)) == 2
    assert provider.is_active(payload(the_key("oidc:access_token")))
    close(login)


@pytest.mark.parametrize("step", STEPS)
def test_when_nothing_is_due_setcred_does_nothing(provider, grants, step):
    login = opened(step, "wait", step, "wait", "close", "end")
    before, helper = status(), the_helper()
    take(login, step)
    take(login, step)
    pass_seconds(1.5)
    assert helpers() == [helper] and status() == before
    assert not grants.requests(RENEW)
    close(login)


@pytest.mark.parametrize("step", STEPS)
def test_a_helper_that_was_killed_is_started_again_by_setcred_and_renews_as_planned(provider, grants, step):
    provider.start(ACCESS_TTL=14)
    login = opened(step, "wait", "close", "end")
    before, serial = status(), the_key("oidc:access_token").serial
    old = kill_helper()
    take(login, step)
    new = the_helper()
    assert new != old
    now = wait_status(helper_pid=str(new))
    for line in ("state", "renew_at", "renewed_at", "renewals", "failures"):
        assert now[line] == before[line], "the plan is the old one"
    # As the one that the login has started: the user's, without a privilege.
    user, group = process(new)["Uid"].split(), process(new)["Gid"].split()
    assert set(user) == {"61001"} and group[1] != "0"
    assert process(new)["CapEff"] == "0" * 16 and process(new)["NoNewPrivs"] == "1"
    wait_status(20, renewals="1")
    (request,) = grants.requests(RENEW)
    assert int(before["renew_at"]) <= request["at"] / 1000 <= int(before["renew_at"]) + 3
    assert the_key("oidc:access_token").serial == serial
    close(login)


@pytest.mark.parametrize("step", STEPS)
def test_a_helper_that_was_killed_and_whose_renewal_is_overdue_is_started_and_renews_at_once(provider, grants, step):
    provider.start(ACCESS_TTL=3)
    login = opened(step, "wait", "close", "end")
    kill_helper()
    due, serial = int(status()["renew_at"]), the_key("oidc:access_token").serial
    wait_until(lambda: time.time() > due + 2, "it is overdue")
    assert not grants.requests(RENEW)
    asked = time.time()
    take(login, step)
    now = wait_status(renewals="1")
    assert now["state"] == "active"
    assert in_order(grants.requests(RENEW))[0]["at"] / 1000 - asked < 5
    assert the_key("oidc:access_token").serial == serial
    close(login)


@pytest.mark.parametrize("step", STEPS)
def test_when_a_login_is_required_setcred_starts_nothing(provider, grants, step):
    login = opened(step, "wait", "close", "end")
    provider.control("revoke", {"user": "alice"})
    alarm()
    wait_state("login_required")
    wait_no_process()
    before, count = status(), len(grants.requests())
    take(login, step)
    assert not helpers()
    assert status() == before and len(grants.requests()) == count
    close(login)


@pytest.mark.parametrize("step", STEPS)
def test_setcred_without_a_session_of_ours_succeeds_and_starts_nothing(provider, grants, step):
    login = opened("close", step, "wait", "end")
    login.answer()
    login.line("close: PAM_SUCCESS")
    login.line(f"{step}: PAM_SUCCESS")
    login.line("waiting")
    wait_no_process()
    login.answer()
    login.finish()
    assert not grants.requests(RENEW)


# ---- SIGALRM -----------------------------------------------------------------------------------

def test_many_alarms_in_a_row_are_one_renewal(provider, grants):
    login = opened("close", "end")
    helper = the_helper()
    for _ in range(50):
        os.kill(helper, signal.SIGALRM)
    wait_status(renewals="1")
    pass_seconds(6)  # none of them is kept for later
    assert len(grants.requests(RENEW)) == 1 and status()["renewals"] == "1"
    close(login)


def test_alarms_all_the_time_are_a_renewal_every_5_s_at_most(provider, grants):
    login = opened("close", "end")
    helper, end = the_helper(), time.monotonic() + 12

    def storm():
        os.kill(helper, signal.SIGALRM)
        return time.monotonic() >= end
    wait_until(storm, "the end of the storm", 20)
    asked = [request["at"] for request in in_order(grants.requests(RENEW))]
    assert 2 <= len(asked) <= 3, "it does renew, and not too often"
    # When a request reaches the provider is not quite when it was begun, on a machine with other things to do.
    assert all(later - earlier > 3900 for earlier, later in zip(asked, asked[1:])), asked
    assert not overlapping(grants.requests(RENEW))
    close(login)


def test_a_time_that_the_provider_asked_for_is_kept_whoever_asks(provider, grants):
    login = opened("refresh", "wait", "close", "end")
    provider.faults(**{RENEW: {"times": 1, "answer": {"status": 503, "headers": {"Retry-After": "7"}}}})
    alarm()
    assert wait_state("retrying")["renew_reason"] == "retry_after"
    take(login, "refresh")
    alarm()
    wait_status(renewals="1", state="active")
    refused, later = in_order(grants.requests(RENEW))
    assert gap(refused, later) >= 6, "to the second, by the clock"
    close(login)


# ---- SIGHUP ------------------------------------------------------------------------------------

SCHEDULE = ("state", "renew_at", "renew_reason", "renewed_at", "renewals", "failures", "last_error", "asked_at",
            "helper_pid")


def schedule():
    now = status()
    return {name: now.get(name) for name in SCHEDULE}


@pytest.mark.parametrize("failed", [False, True], ids=["active", "retrying"])
def test_sighup_executes_the_program_that_is_there_now_and_keeps_the_schedule(provider, grants, failed):
    login = opened("close", "end")
    if failed:
        assert fail(provider)["renew_reason"] == "misconfigured"
    helper, before = the_helper(), schedule()
    path = replace_program(helper)
    assert not runs_file(helper, path)
    os.kill(helper, signal.SIGHUP)
    wait_until(lambda: runs_file(helper, path), "the new program")
    assert helpers() == [helper]
    pass_seconds(1.5)  # time to make another plan, if it does
    assert schedule() == before
    assert renew()["state"] == "active"
    assert len(grants.requests(RENEW)) == 1 + failed and helpers() == [helper]
    close(login)


def test_a_renewal_is_on_time_although_the_program_was_executed_anew_again_and_again(provider, grants):
    provider.start(ACCESS_TTL=14)
    login = opened("close", "end")
    helper, due = the_helper(), int(status()["renew_at"])

    def storm():
        os.kill(helper, signal.SIGHUP)
        return status()["renewals"] == "1"
    wait_until(storm, "the renewal", 25)
    (request,) = grants.requests(RENEW)
    assert due <= request["at"] / 1000 <= due + 3
    close(login)
