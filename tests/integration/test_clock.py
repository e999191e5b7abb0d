# SPDX-License-Identifier: MIT
"""The wall clock of a session is set: a real helper, real keys, a real provider, and a clock of the test's (fakeclock.c).

Nobody sets the clock of the machine that the tests run on.  That the kernel takes a key for expired when the clock goes
forwards is done here with keyctl.  tests/unit/test_clock.c reads from the kernel what kind of timers the helper has.
"""
import mmap
import os
import shutil
import signal
import struct
import time

import pytest

from conftest import keys, payload, preloaded, run, status, the_key, wait_until
from scenes import app, opened, set_stage

DIR = "/tmp/fakeclock"
HOUR = 3600
YEARS = 5 * 365 * 86400


class Clock:
    """The wall clock of the helpers."""

    def __init__(self):
        shutil.rmtree(DIR, ignore_errors=True)
        os.makedirs(DIR)
        with open(f"{DIR}/seconds", "wb") as file:
            file.write(struct.pack("q", 0))
        os.mkfifo(f"{DIR}/set")
        for name in ("seconds", "set"):
            os.chmod(f"{DIR}/{name}", 0o666)
        self.file = open(f"{DIR}/seconds", "r+b")
        self.memory = mmap.mmap(self.file.fileno(), 8)
        self.ahead = 0

    def set(self, seconds):
        """By so many seconds; the helper is told, as by the kernel."""
        self.ahead += seconds
        self.memory[:] = struct.pack("q", self.ahead)
        fifo = os.open(f"{DIR}/set", os.O_WRONLY | os.O_NONBLOCK)
        os.write(fifo, struct.pack("q", 1))
        os.close(fifo)

    def now(self):
        return time.time() + self.ahead


@pytest.fixture
def clock(installed):
    with preloaded("fakeclock"):
        yield Clock()
    shutil.rmtree(DIR)


def seconds_left(name):
    """Of a key, as the kernel sees it."""
    serial = f"{the_key(name).serial:08x}"
    with open("/proc/keys", encoding="ascii", errors="replace") as file:
        timeout = next(line.split(None, 8)[3] for line in file if line.startswith(serial))
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
    return int(timeout[:-1]) * units[timeout[-1]]


def times():
    return {name: int(value) for name, value in status().items()
            if name in ("renew_at", "renewed_at", "id_expires_at")} | {"expires_at": int(payload(the_key("oidc:expires_at")))}


def moved(before, seconds):
    """All times have moved by so many seconds."""
    wanted = {name: at + seconds for name, at in before.items()}
    wait_until(lambda: times() == wanted, f"{wanted} instead of {before}", 10)


def refreshes(provider):
    return len(provider.requests("token:refresh_token"))


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, YEARS, -YEARS])
def test_when_the_clock_is_set_the_times_move_and_the_tokens_live_as_long_as_before(provider, clock, seconds):
    provider.start(ACCESS_TTL=100, ID_TTL=100)
    set_stage(provider)
    program = opened("close")
    before, asked = times(), refreshes(provider)
    token = payload(the_key("oidc:access_token"))
    clock.set(seconds)
    moved(before, seconds)
    assert 50 < seconds_left("oidc:access_token") <= 100  # /proc says "1m" of 60 to 119
    assert payload(the_key("oidc:access_token")) == token
    clock.set(-seconds)
    moved(before, 0)
    assert refreshes(provider) == asked, "no reason to renew"
    program.answer()
    program.finish()


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, YEARS])
def test_no_renewal_is_missed_or_made_too_early_because_the_clock_was_set(provider, clock, seconds):
    provider.start(ACCESS_TTL=9)
    set_stage(provider)
    program = opened("close")
    first = provider.requests("token:password")[-1]["at"] / 1000
    asked = refreshes(provider)
    clock.set(seconds)
    wait_until(lambda: status().get("renewals") == "1", "the renewal", 15)
    # At two thirds of the lifetime, or by chance earlier: after a login, up to three quarters of that.
    assert 2.5 <= provider.requests("token:refresh_token")[asked]["at"] / 1000 - first < 8.5
    assert abs(int(payload(the_key("oidc:expires_at"))) - clock.now() - 9) < 4
    assert 4 <= seconds_left("oidc:access_token") <= 9
    program.answer()
    program.finish()


def test_a_token_that_the_kernel_took_for_expired_is_renewed_once_in_5_s(provider, clock):
    provider.start(ACCESS_TTL=100)
    set_stage(provider)
    program = opened("close")
    serial = the_key("oidc:access_token").serial

    def set_forwards():
        """As the kernel does it: what is expired by the new clock is gone at once."""
        if keys("^oidc:access_token$"):
            run("keyctl", "timeout", str(serial), "1")
        wait_until(lambda: not keys("^oidc:access_token$"), "the key has expired")
        clock.set(HOUR)

    asked = refreshes(provider)
    set_forwards()
    wait_until(lambda: refreshes(provider) == asked + 1 and keys("^oidc:access_token$"), "a new token", 10)
    assert the_key("oidc:access_token").serial == serial
    wait_until(lambda: status()["renewals"] == "1", "it is written")
    for _ in range(3):
        set_forwards()
        wait_until(lambda: status()["renew_reason"] == "clock" or keys("^oidc:access_token$"), "it was noticed")
        clock.set(-HOUR // 2)
    wait_until(lambda: status()["renewals"] == "2", "one more", 15)
    at = [line["at"] for line in provider.requests("token:refresh_token")[asked:]]
    assert all(later - earlier >= 4000 for earlier, later in zip(at, at[1:])), at
    program.answer()
    program.finish()


def test_a_clock_that_is_set_all_the_time_makes_no_storm(provider, clock):
    provider.start(ACCESS_TTL=100)
    set_stage(provider)
    program = opened("close")
    before, asked = times(), refreshes(provider)
    for _ in range(200):
        clock.set(7)
    moved(before, 1400)
    for _ in range(200):
        clock.set(-7)
    moved(before, 0)
    assert refreshes(provider) == asked
    program.answer()
    program.finish()


# ---- the provider's clock -------------------------------------------------------------------

@pytest.mark.parametrize("offset", [600, -600])
def test_a_provider_whose_clock_is_off_by_ten_minutes_renews_a_session_all_the_same(provider, offset, log):
    provider.start(ACCESS_TTL=100, ID_TTL=100)
    set_stage(provider)
    program = opened("close")
    provider.start(ACCESS_TTL=100, ID_TTL=100, CLOCK_OFFSET=offset)
    before = int(time.time())
    os.kill(int(status()["helper_pid"]), signal.SIGALRM)
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    now = status()
    assert now["state"] == "active" and "last_error" not in now
    # The lifetime counts from when we asked, by our own clock.
    assert before + 100 <= int(payload(the_key("oidc:expires_at"))) <= time.time() + 100
    assert int(now["renew_at"]) <= time.time() + 70
    assert provider.is_active(payload(the_key("oidc:access_token")))
    program.answer()
    program.finish()


@pytest.mark.parametrize("offset, reason", [
    (600, r"issued \d+ s in the future"), (-600, r"expired \d+ s ago"),
])
def test_a_login_says_by_how_much_the_clocks_differ(provider, offset, reason, log):
    provider.start(ID_TTL=100, CLOCK_OFFSET=offset)
    set_stage(provider)
    program = app("authenticate", "end")
    assert "authenticate: PAM_SUCCESS" not in program.finish()
    log.wait(reason)
