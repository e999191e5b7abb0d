# SPDX-License-Identifier: MIT
"""A request for new tokens was sent and no answer came: the provider may have replaced the refresh token, or not.

It is asked again once, soon, because many providers still take the old token for a while; never twice at the same time.
"""
import contextlib
import os
import re
import signal
import time

import pytest

from conftest import exchanges, helpers, payload, preloaded, wait_until
from renewals import (RENEW, alarm, close, digest, ended, gap, has_tokens, in_flight, in_order, living, outdated,
                      overlapping, renew, status, the_helper, the_key, wait_no_process, wait_state, wait_status)
from scenes import Grants, is_alive, opened, set_stage

LOST = {"drop": "after"}  # handled, but the client does not see the answer
SAYS_LOST = re.compile(r"(?i)answer.*\blost\b|\blost\b.*answer")
# What the provider makes of a refresh token that it has replaced already.
STAYS = {"ROTATE": "never"}
GRACE = {"ROTATE_GRACE": 30}
REUSE_ENDS_IT = {}


@pytest.fixture(autouse=True)
def ready(provider):
    set_stage(provider)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def renewals(grants):
    return in_order(grants.requests(RENEW))


def replayed(grants):
    """The lost request and its replay: the same token, about a second later."""
    lost, replay = renewals(grants)[:2]
    assert replay["presented"] == lost["presented"]
    # The upper bound is for a machine with other things to do.
    assert 0.5 <= gap(lost, replay) <= 3, renewals(grants)
    return lost, replay


# ---- one replay -----------------------------------------------------------------------

def test_while_an_answer_is_lost_the_status_says_so_and_since_when(provider, grants):
    provider.start(**STAYS)
    login = opened("close", "end")
    before = int(time.time())
    # The replay takes its time, so that there is time to look.
    provider.faults(**{RENEW: [{"times": 1, **LOST}, {"times": 1, "hang": "before"}]})
    alarm()
    now = wait_state("retrying")
    assert (now["failures"], now["renewals"], now["renew_reason"]) == ("1", "0", "lost_answer")
    (lost,) = renewals(grants)
    assert before <= int(now["unanswered_since"]) <= ended(lost) / 1000
    assert int(now["asked_at"]) == int(now["unanswered_since"])
    assert int(now["renew_at"]) - ended(lost) / 1000 < 3
    wait_until(lambda: provider.in_flight(RENEW), "the replay")
    wait_until(lambda: int(status()["asked_at"]) >= int(now["asked_at"]) + 1, "the replay is in the status")
    assert status()["unanswered_since"] == now["unanswered_since"], "since the first one that was lost"
    provider.control("release")
    now = wait_state("active")
    assert "unanswered_since" not in now and "last_error" not in now
    close(login)


def test_a_provider_that_does_not_rotate_answers_the_replay(provider, grants):
    provider.start(**STAYS)
    login = opened("close", "end")
    provider.faults(**{RENEW: {"times": 1, **LOST}})
    alarm()
    now = wait_status(renewals="1")
    assert (now["state"], now["failures"]) == ("active", "0")
    assert "unanswered_since" not in now and "last_error" not in now
    replayed(grants)
    assert len(renewals(grants)) == 2
    assert provider.is_active(payload(the_key("oidc:access_token")))
    close(login)
    assert not living(provider, grants), "also what came with the answer that was lost"


def test_a_provider_with_a_grace_period_answers_the_replay_and_its_new_refresh_token_is_used_next(provider, grants):
    provider.start(**GRACE)
    login = opened("close", "end")
    provider.faults(**{RENEW: {"times": 1, **LOST}})
    alarm()
    now = wait_status(renewals="1")
    assert now["state"] == "active" and "unanswered_since" not in now
    lost, replay = replayed(grants)
    assert lost["issued"]["refresh_token"] != replay["issued"]["refresh_token"]
    assert digest(payload(the_key("oidc:refresh_token"))) == replay["issued"]["refresh_token"]
    renew()
    assert renewals(grants)[2]["presented"] == replay["issued"]["refresh_token"]
    assert not outdated(grants.requests())
    close(login)
    assert not living(provider, grants), "also what came with the answer that was lost"


def test_a_provider_that_ends_the_grant_on_reuse_costs_the_login_and_the_status_says_that_an_answer_was_lost(
        provider, grants, log):
    provider.start(**REUSE_ENDS_IT)
    login = opened("close", "end")
    provider.faults(**{RENEW: {"times": 1, **LOST}})
    alarm()
    now = wait_state("login_required")
    assert SAYS_LOST.search(now["last_error"]), now["last_error"]
    assert not has_tokens()
    _, replay = replayed(grants)
    assert (replay["status"], replay["error"]) == (400, "invalid_grant")
    log.one("the grant is over, tokens removed; the user must log in again: ")
    wait_no_process()
    assert len(renewals(grants)) == 2 and not living(provider, grants)
    close(login)


def test_a_second_answer_that_is_lost_is_waited_for_longer(provider, grants):
    """One replay at once, never more: the rest is back-off."""
    provider.start(**STAYS)
    login = opened("close", "end")
    provider.faults(**{RENEW: {"times": 2, **LOST}})
    alarm()
    first = wait_status(state="retrying", failures="1")
    now = wait_status(failures="2")
    assert (now["state"], now["renew_reason"]) == ("retrying", "backoff")
    assert now["unanswered_since"] == first["unanswered_since"], "the first one"
    replayed(grants)
    # 5 s, doubled with each failure, of which chance takes a part; at least a second.
    assert time.time() <= int(now["renew_at"]) + 1 and int(now["renew_at"]) <= time.time() + 11
    due = int(now["renew_at"])
    now = wait_state("active", 20)
    assert "unanswered_since" not in now
    third = renewals(grants)[2]
    assert third["at"] / 1000 >= due, "not before it was due"
    close(login)


def test_a_lost_answer_after_one_that_came_is_again_asked_for_at_once(provider, grants):
    """The one replay is for each of them."""
    provider.start(**STAYS)
    login = opened("close", "end")
    for _ in (1, 2):
        provider.faults(**{RENEW: {"times": 1, **LOST}})
        renew()
    first, replay, second, again = renewals(grants)
    assert gap(first, replay) <= 3 and gap(second, again) <= 3
    close(login)


# ---- before the answer ---------------------------------------------------------------------

def test_that_a_request_is_on_its_way_is_in_the_keyring_before_it_is_answered(provider, grants):
    login = opened("close", "end")
    before = int(time.time())
    refresh = payload(the_key("oidc:refresh_token"))
    in_flight(provider, hang="before")
    now = status()
    assert before <= int(now["asked_at"]) <= time.time()
    assert before <= int(now["unanswered_since"]) <= time.time()
    assert now["state"] == "active", "nothing has failed"
    assert payload(the_key("oidc:refresh_token")) == refresh
    provider.control("release")
    now = wait_status(renewals="1")
    assert now["state"] == "active" and "unanswered_since" not in now
    assert before <= int(now["asked_at"]) <= time.time()
    assert len(renewals(grants)) == 1
    close(login)


TIMEOUT = 3


def kill_helper(login):
    """SIGKILL; the application's next step starts another one."""
    old = the_helper()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: not is_alive(old), "the helper is dead")
    login.answer()
    login.line("re(fresh|initialize): PAM_SUCCESS")
    login.line("waiting")
    new = wait_until(helpers, "another helper")
    assert old not in new and len(new) == 1
    wait_status(helper_pid=str(new[0]))


@pytest.mark.parametrize("step", ["refresh", "reinitialize"])
def test_a_helper_after_one_that_was_killed_knows_what_is_unanswered_and_waits_until_nobody_can_ask(
        provider, grants, step):
    set_stage(provider, provider_timeout=str(TIMEOUT))
    login = opened(step, "wait", "close", "end")
    # Until the client has gone, and then it was as if it had not been; so the replay succeeds.
    in_flight(provider, hang="before")
    asked = status()
    kill_helper(login)
    now = status()
    assert now["unanswered_since"] == asked["unanswered_since"] and now["asked_at"] == asked["asked_at"]
    now = wait_status(3 * TIMEOUT + 10, renewals="1")
    assert now["state"] == "active" and "unanswered_since" not in now
    first, second = renewals(grants)
    assert second["presented"] == first["presented"]
    # Whoever the killed one had started could have waited so long for the answer.  When a request reaches the provider
    # is not when it was begun, hence a little less.
    assert second["at"] - first["at"] >= TIMEOUT * 1000 - 300, renewals(grants)
    assert not overlapping(renewals(grants))
    close(login)
    assert not living(provider, grants)


@pytest.mark.parametrize("rotation", [STAYS, GRACE, REUSE_ENDS_IT], ids=["never", "grace", "always"])
def test_a_request_that_the_provider_handles_although_its_helper_was_killed_is_over_before_the_next(
        provider, grants, rotation):
    """What that one brings is nobody's.  Whether the grant survives it depends on the provider; nothing else does."""
    provider.start(**rotation)
    set_stage(provider, provider_timeout=str(TIMEOUT))
    login = opened("refresh", "wait", "close", "end")
    in_flight(provider, delay_before=1500)
    kill_helper(login)
    wait_until(lambda: status()["renewals"] == "1" or status()["state"] == "login_required",
               "the next one is answered", 3 * TIMEOUT + 10)
    first, second = renewals(grants)[:2]
    assert second["presented"] == first["presented"]
    assert not overlapping(renewals(grants))
    now = status()
    assert now["state"] == "active" or rotation is not STAYS, "its refresh token was never another one"
    if now["state"] == "login_required":
        assert not has_tokens()
        wait_no_process()
        wait_until(lambda: not living(provider, grants), "all tokens revoked")
    else:
        assert now["state"] == "active" and "unanswered_since" not in now
        assert provider.is_active(payload(the_key("oidc:access_token")))
        assert provider.is_active(payload(the_key("oidc:refresh_token")))
    close(login)
    assert not living(provider, grants)


# ---- killed between the two tokens -------------------------------------------------------

@pytest.fixture
def die_at():
    """die_at(NAME): the helper is killed before it writes that key; die_at(None): no more."""
    def at(name):
        with contextlib.suppress(FileNotFoundError):
            os.remove("/tmp/dieat")
        if name:
            with open("/tmp/dieat", "w", encoding="ascii") as file:
                file.write(name)
            os.chmod("/tmp/dieat", 0o644)
    with preloaded("dieat"):
        yield at
        at(None)


def die_in_a_renewal(die_at, name):
    die_at(name)
    alarm()
    wait_until(lambda: not helpers(), "the helper is dead")
    die_at(None)
    wait_until(lambda: not exchanges(), "and the exchange has heard of it")


def start_another(login):
    login.answer()
    login.line("refresh: PAM_SUCCESS")
    login.line("waiting")


def test_killed_between_the_refresh_token_and_the_access_token_it_goes_on_with_the_new_one(provider, grants, die_at):
    set_stage(provider, provider_timeout="2")
    login = opened("refresh", "wait", "close", "end")
    token = payload(the_key("oidc:access_token"))
    die_in_a_renewal(die_at, "oidc:access_token")
    assert payload(the_key("oidc:access_token")) == token, "the new one was not published"
    (lost,) = renewals(grants)
    # What nobody has heard of is revoked; the refresh token, which is in its key, is not.
    assert lost["issued"]["refresh_token"] in living(provider, grants)
    assert lost["issued"]["access_token"] not in living(provider, grants)
    start_another(login)
    now = wait_status(20, renewals="1")
    assert now["state"] == "active" and "unanswered_since" not in now
    assert renewals(grants)[1]["presented"] == lost["issued"]["refresh_token"]
    assert provider.is_active(payload(the_key("oidc:access_token")))
    close(login)
    assert not living(provider, grants)


def test_killed_before_the_refresh_token_was_stored_nothing_of_the_grant_is_left_behind(provider, grants, die_at):
    set_stage(provider, provider_timeout="2")
    login = opened("refresh", "wait", "close", "end")
    die_in_a_renewal(die_at, "oidc:refresh_token")
    assert not living(provider, grants), "it revoked what nobody has stored"
    start_another(login)
    now = wait_status(20, state="login_required")
    assert SAYS_LOST.search(now["last_error"])
    close(login)
