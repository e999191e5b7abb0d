# SPDX-License-Identifier: MIT
"""The device grant, RFC 8628: when the provider is asked, what its answers mean, what the user reads."""
import pytest

from conftest import configure, wait_until
from logins import NO_ANSWER, NOT_IN_TIME, NOT_SET_UP, REFUSED, Attempt, gaps

HOST = r"localhost:\d+"
TOKEN = f"the token endpoint at {HOST}"
EARLY = 0.05  # clocks are read at both ends of a request


@pytest.fixture(autouse=True)
def ready(provider):
    configure(provider)


def error(code, status=400, **more):
    return {"times": 1, "answer": {"status": status, "body": {"error": code}, **more}}


def polled(attempt, times):
    """Wait until the provider was polled so often."""
    return wait_until(lambda: len(attempt.requests("token:device_code")) >= times, f"{times} polls", 25)


# ---- when it asks ----------------------------------------------------------------------

def test_the_provider_is_polled_while_the_prompt_still_waits(provider):
    attempt = Attempt(provider)
    provider.approve(attempt.code())
    wait_until(attempt.issued, "the provider has issued tokens")
    assert "authenticate:" not in attempt.screen.getvalue()
    attempt.app.answer()
    attempt.succeeded()


def test_the_interval_of_the_provider_is_obeyed_from_the_first_poll_on(provider):
    provider.start(DEVICE_INTERVAL=2)
    attempt = Attempt(provider)
    code = attempt.code()
    polled(attempt, 2)
    provider.approve(code)
    attempt.app.answer()
    attempt.succeeded()
    assert len(gaps(attempt)) >= 2
    assert all(2 - EARLY <= gap < 4.5 for gap in gaps(attempt)), gaps(attempt)
    assert not [line for line in attempt.requests() if line.get("error") == "slow_down"]


def test_without_an_interval_it_is_five_seconds(provider):
    provider.start(DEVICE_INTERVAL=0)
    attempt = Attempt(provider).approve()
    attempt.succeeded()
    assert len(gaps(attempt)) == 1 and 5 - EARLY <= gaps(attempt)[0] < 7.5, gaps(attempt)


def test_slow_down_adds_five_seconds_for_good(provider):
    provider.faults(**{"token:device_code": [error("slow_down"), error("authorization_pending")]})
    attempt = Attempt(provider).approve()
    attempt.succeeded()
    first, second, third = gaps(attempt)
    assert 1 - EARLY <= first < 3.5
    assert 6 - EARLY <= second < 8.5, "five more than the interval"
    assert 6 - EARLY <= third < 8.5, "for good"


def test_a_pause_that_the_provider_asks_for_is_obeyed(provider):
    provider.faults(**{"token:device_code": {"times": 1, "answer": {"status": 429, "headers": {"Retry-After": "3"}}}})
    attempt = Attempt(provider).approve()
    attempt.succeeded()
    first, second = gaps(attempt)
    assert 1 - EARLY <= first < 2.9 and 3 - EARLY <= second < 5.5


def test_a_lost_connection_is_no_reason_to_ask_again_before_the_interval_is_over(provider):
    provider.faults(**{"token:device_code": [error("authorization_pending"), {"times": 1, "drop": "before"}]})
    attempt = Attempt(provider).approve()
    attempt.succeeded()
    assert min(gaps(attempt)) >= 1 - EARLY, gaps(attempt)


def test_a_lost_connection_makes_the_pauses_longer_and_the_login_goes_on(provider):
    provider.faults(**{"token:device_code": [{"times": 2, "drop": "before"}]})
    attempt = Attempt(provider).approve()
    attempt.succeeded()
    # The test above is about those that follow at once.
    first, second, *more = [gap for gap in gaps(attempt) if gap > 0.2]
    assert 1 - EARLY <= first < 2 - EARLY <= second < 4 - EARLY
    assert not more or 4 - EARLY <= more[0] < 6.5


def test_a_provider_that_restarts_meanwhile_does_not_end_the_login(provider):
    attempt = Attempt(provider)
    code = attempt.code()
    provider.stop()
    provider.start()
    provider.approve(code)
    attempt.app.answer()
    attempt.succeeded()


# ---- what its answers mean ----------------------------------------------------------------

@pytest.mark.parametrize("answers", [
    pytest.param([error("authorization_pending")], id="a_400_that_says_pending"),
    pytest.param([error("authorization_pending", 428)], id="a_428_that_says_pending"),
    pytest.param([error("authorization_pending", 200)], id="a_200_that_says_pending"),
    pytest.param([error("authorization_pending", 403)], id="a_403_that_says_pending"),
    pytest.param([{"times": 1, "answer": {"status": 500}}], id="an_empty_500"),
    pytest.param([error("server_error", 502)], id="a_502_with_an_error"),
    pytest.param([{"times": 1, "answer": {"status": 503, "body": "<html>", "type": "text/html"}}],
                 id="a_503_with_HTML"),
    pytest.param([{"times": 1, "answer": {"status": 429}}], id="an_empty_429"),
    pytest.param([error("too_many_requests", 429)], id="a_429_with_an_error_of_its_own"),
    pytest.param([{"times": 1, "answer": {"body": "<html>", "type": "text/html"}}], id="a_page_of_a_captive_portal"),
    pytest.param([{"times": 1, "answer": {"body": '{"a": ', "headers": {"Content-Length": "99", "Connection": "close"}}}
                  ], id="half_an_answer"),
])
def test_the_login_goes_on_after(provider, answers):
    provider.faults(**{"token:device_code": answers})
    attempt = Attempt(provider).approve()
    attempt.succeeded()
    assert len(attempt.requests("token:device_code")) == len(answers) + 1


@pytest.mark.parametrize("answer, result, level, reason, notice", [
    pytest.param(error("access_denied"), "PAM_MAXTRIES", "notice", "answered 400 access_denied", REFUSED,
                 id="access_denied"),
    pytest.param(error("access_denied", 200), "PAM_MAXTRIES", "notice", "answered 200 access_denied", REFUSED,
                 id="access_denied_with_status_200"),
    pytest.param(error("expired_token"), "PAM_AUTH_ERR", "notice", "answered 400 expired_token", NOT_IN_TIME,
                 id="expired_token"),
    pytest.param(error("invalid_grant"), "PAM_MAXTRIES", "notice", "answered 400 invalid_grant", REFUSED,
                 id="invalid_grant"),
    pytest.param(error("invalid_client", 401), "PAM_SERVICE_ERR", "err", "answered 401 invalid_client", NOT_SET_UP,
                 id="invalid_client"),
    pytest.param(error("unsupported_grant_type"), "PAM_SERVICE_ERR", "err", "answered 400 unsupported_grant_type",
                 NOT_SET_UP, id="unsupported_grant_type"),
    pytest.param(error("made_up_by_somebody"), "PAM_MAXTRIES", "notice", "answered 400 made_up_by_somebody", REFUSED,
                 id="an_error_that_nobody_knows"),
    pytest.param(error("e\x1b[2J\n\u202er"), "PAM_MAXTRIES", "notice", r"answered 400 e\?\[2J\?\?+r", REFUSED,
                 id="an_error_with_control_characters"),
    pytest.param({"times": 1, "answer": {"status": 401}}, "PAM_MAXTRIES", "notice",
                 "answered 401 without an error code", REFUSED, id="an_empty_401"),
    pytest.param({"times": 1, "answer": {"status": 404}}, "PAM_SERVICE_ERR", "err",
                 "answered 404 without an error code", NOT_SET_UP, id="an_empty_404"),
    pytest.param({"times": 1, "answer": {"body": {"hello": 1}}}, "PAM_SERVICE_ERR", "err", None, NOT_SET_UP,
                 id="an_object_without_tokens"),
])
def test_the_login_ends_at_the_first(provider, answer, result, level, reason, notice):
    provider.faults(**{"token:device_code": answer})
    attempt = Attempt(provider).approve()
    reason = f"{TOKEN} {reason}" if reason else "the token endpoint's answer has no access_token"
    attempt.refused(result, level, reason, notice)
    assert len(attempt.requests("token:device_code")) == 1


def test_tokens_whose_answer_was_lost_are_not_left_alive(provider):
    # Asking again with the used code makes the provider revoke what it issued.
    provider.faults(**{"token:device_code": {"times": 1, "drop": "after"}})
    attempt = Attempt(provider).approve()
    attempt.refused("PAM_MAXTRIES", "notice", rf"{TOKEN} answered 400 invalid_grant.*", REFUSED)
    assert len(attempt.issued()) == 1


def test_a_code_expires_here_too_when_the_provider_never_says_so(provider):
    provider.faults(device_authorization={"set": {"expires_in": 3}})
    attempt = Attempt(provider)
    attempt.prompt()
    wait_until(lambda: len(attempt.requests("token:device_code")) >= 2, "two polls")
    attempt.app.answer()
    attempt.refused("PAM_AUTH_ERR", "notice", "nobody approved the login within 3 s", NOT_IN_TIME)


def test_a_code_expires_while_the_provider_cannot_be_reached(provider):
    provider.start(DEVICE_TTL=3)
    attempt = Attempt(provider)
    attempt.prompt()
    provider.stop()
    attempt.app.answer()
    attempt.refused("PAM_AUTH_ERR", "notice", "nobody approved the login within 3 s", NOT_IN_TIME)


@pytest.mark.parametrize("fault, what", [
    pytest.param({"remove": ["device_code"]}, "device_code", id="device_code"),
    pytest.param({"remove": ["user_code"]}, "user_code", id="user_code"),
    pytest.param({"set": {"user_code": 12345678}}, "user_code", id="text_as_user_code"),
    pytest.param({"set": {"user_code": ""}}, "user_code", id="character_in_the_user_code"),
    pytest.param({"remove": ["verification_uri"]}, "verification_uri", id="verification_uri"),
    pytest.param({"set": {"verification_uri": "http://localhost/device"}}, "verification_uri",
                 id="TLS_at_the_verification_uri"),
    pytest.param({"set": {"verification_uri": "javascript:alert(1)"}}, "verification_uri",
                 id="web_page_as_verification_uri"),
])
def test_an_answer_is_refused_that_has_no(provider, fault, what):
    provider.faults(device_authorization=fault)
    attempt = Attempt(provider)
    attempt.refused("PAM_SERVICE_ERR", "err", f"the device authorization response has no usable {what}", NOT_SET_UP)
    assert not attempt.requests("token:device_code")


@pytest.mark.parametrize("members", [
    pytest.param({"set": {"expires_in": "300", "interval": "1"}}, id="numbers_written_as_text"),
    pytest.param({"remove": ["expires_in"]}, id="no_lifetime"),
    pytest.param({"set": {"expires_in": 10 ** 18}}, id="a_lifetime_without_end"),
    pytest.param({"set": {"unknown": {"deeply": [{"nested": None}]}}}, id="members_that_nobody_knows"),
])
def test_an_answer_is_good_enough_with(provider, members):
    provider.faults(device_authorization=members)
    Attempt(provider).approve().succeeded()


def test_verification_url_as_google_calls_it_will_do(provider):
    provider.faults(device_authorization={"remove": ["verification_uri", "verification_uri_complete"],
                                          "set": {"verification_url": "https://google.example/device"}})
    attempt = Attempt(provider)
    assert "\\n    https://google.example/device\\n" in attempt.prompt()
    attempt.app.answer("!")
    attempt.end()


# ---- what the user reads ---------------------------------------------------------------------

def shown(provider, **fault):
    """The prompt with a fault at the device authorization endpoint; the user goes away."""
    provider.faults(device_authorization=fault)
    attempt = Attempt(provider)
    text = attempt.prompt()
    attempt.app.answer("!")
    assert attempt.end().result == "PAM_CONV_ERR"
    return text


def test_the_prompt_is_complete(provider):
    text = shown(provider, set={"user_code": "WDJB-MJHT"})
    uri = f"{provider.issuer}/device"
    assert "open this page in a browser" in text
    assert f"\\n    {uri}\\n" in text and "enter this code:  WDJB-MJHT\\n" in text
    assert f"\\n    {uri}?user_code=" in text
    assert "is good for 5 minutes." in text
    assert text.endswith("\\nPress Enter after you have approved: ")


@pytest.mark.parametrize("code", ["wdjb-mjht", "1234 5678 9012", "AbC.1/2+3=", "%s%n%d", "\\n\\x1b", "X" * 63])
def test_a_user_code_is_shown_exactly_as_it_is(provider, code):
    assert f"enter this code:  {code}\\n" in shown(provider, set={"user_code": code})


@pytest.mark.parametrize("seconds, text", [(600, "10 minutes"), (90, "90 seconds"), (61, "61 seconds")])
def test_the_lifetime_of_the_code_is_said(provider, seconds, text):
    assert f"is good for {text}." in shown(provider, set={"expires_in": seconds})


def test_without_a_complete_uri_nothing_is_said_of_it(provider):
    text = shown(provider, remove=["verification_uri_complete"])
    assert "open this page" in text and "Or open" not in text
    assert text.count("https://") == 1


LONG = "https://login.example.test/" + "p" * 700


@pytest.mark.parametrize("member", ["verification_uri", "verification_uri_complete"])
def test_a_long_address_is_shown_whole_or_not_at_all(provider, member):
    # Half an address is one that somebody opens in vain.
    provider.faults(device_authorization={"set": {member: LONG}})
    attempt = Attempt(provider)
    attempt.app.expect("authenticate: PAM_|approved: ")
    seen = attempt.screen.getvalue()
    if "prompt:" in seen:
        attempt.app.answer("!")
    attempt.end()
    assert LONG in seen or "https://login.example.test/" not in seen


HOSTILE = ["A\x1b[2JB", "A\nB", "A\rB", "A\u202eB", "A\u200bB", "A\tB", "A\u0000B", "A\x9bB", "Ä", "X" * 5000]
NAMES = ["escape", "newline", "return", "backwards", "invisible", "tab", "nul", "csi", "umlaut", "endless"]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for text, name in zip(HOSTILE, NAMES)])
@pytest.mark.parametrize("member", ["user_code", "verification_uri", "verification_uri_complete"])
def test_a_hostile_text_never_reaches_the_screen(provider, member, text):
    value = text if member == "user_code" else f"https://localhost/{text}"
    provider.faults(device_authorization={"set": {member: value}})
    attempt = Attempt(provider)
    attempt.end()
    screen = attempt.screen.getvalue()
    assert "prompt:" not in screen
    assert not set(screen) - set("\n" + "".join(map(chr, range(32, 127)))), repr(screen)
    assert len(screen) < 1000
    if text == "A\u0000B":  # no JSON that we take
        line = attempt.log.one("oidc.session")
        assert "answered 200 with something that is not a JSON object" in line
        assert attempt.result == "PAM_AUTHINFO_UNAVAIL" and attempt.messages() == [f"info: {NO_ANSWER}"]
    else:
        attempt.refused("PAM_SERVICE_ERR", "err", f"the device authorization response has no usable {member}",
                        NOT_SET_UP)
