# SPDX-License-Identifier: MIT
"""There is one renewal at a time, with the newest refresh token, whatever happens at the same time.

A provider that sees a refresh token twice takes one of the two for a thief's and ends the grant.
"""
import os
import signal
import time

import pytest

from conftest import exchanges, payload, wait_until
from renewals import (RENEW, answered, close, in_order, living, outdated, overlapping, repeated, status, the_helper,
                      the_key, wait_status)
from scenes import Grants, opened, set_stage

SECONDS = 18
LIFETIME = {"ACCESS_TTL": 5}


@pytest.fixture(autouse=True)
def ready(provider):
    set_stage(provider)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def storm(*signals):
    """These signals, all the time; most of them come while a renewal is under way."""
    helper, end = the_helper(), time.monotonic() + SECONDS

    def blow():
        for number in signals:
            os.kill(helper, number)
        assert len(exchanges()) <= 1
        return time.monotonic() >= end
    wait_until(blow, "the end of the storm", SECONDS + 10)
    assert the_helper() == helper


def one_at_a_time(provider, grants):
    """What access.log says, once the last request is in it."""
    wait_until(lambda: provider.in_flight(RENEW) == 0, "nothing is in flight")
    requests = grants.requests()
    renewals = in_order(grants.requests(RENEW))
    assert not overlapping(renewals), overlapping(renewals)
    assert not repeated(renewals), repeated(renewals)
    assert not outdated(requests), outdated(requests)
    assert not [request for request in renewals if request.get("error")], "the provider had no reason to complain"
    return renewals


STORMS = {"SIGALRM": [signal.SIGALRM], "SIGHUP": [signal.SIGHUP], "both": [signal.SIGHUP, signal.SIGALRM]}


@pytest.mark.parametrize("signals", STORMS.values(), ids=STORMS)
def test_a_storm_of_signals_and_slow_answers(provider, grants, signals):
    provider.start(**LIFETIME)
    login = opened("close", "end")
    provider.faults(**{RENEW: {"delay_after": 1500}})
    storm(*signals)
    wait_until(lambda: status()["state"] == "active", "the last renewal")
    renewals = one_at_a_time(provider, grants)
    assert len(renewals) >= 2 and all(request["ms"] >= 1500 for request in renewals)
    assert status()["failures"] == "0"
    close(login)
    assert not living(provider, grants)


def test_a_storm_of_signals_and_answers_that_are_lost(provider, grants):
    """The one replay of each is all that is presented twice."""
    provider.start(ROTATE_GRACE=60, **LIFETIME)
    login = opened("close", "end")
    lost, slow = {"times": 1, "delay_after": 700, "drop": "after"}, {"times": 1, "delay_after": 700}
    provider.faults(**{RENEW: [lost, slow] * 20})
    storm(signal.SIGALRM, signal.SIGHUP)
    provider.faults()
    wait_status(state="active")
    renewals = one_at_a_time(provider, grants)
    assert len(renewals) >= 4 and [request for request in renewals if not answered(request)]
    assert provider.is_active(payload(the_key("oidc:access_token")))
    close(login)


def test_without_any_storm_each_renewal_presents_what_the_one_before_it_brought(provider, grants):
    """The yardstick itself: all requests are seen, and are as they should be."""
    provider.start(**LIFETIME)
    login = opened("close", "end")
    wait_status(25, renewals="3")
    renewals = one_at_a_time(provider, grants)
    assert len(renewals) >= 3
    newest = [request["issued"]["refresh_token"] for request in in_order(grants.requests("token:password")) + renewals]
    assert [request["presented"] for request in renewals] == newest[:-1]
    close(login)
