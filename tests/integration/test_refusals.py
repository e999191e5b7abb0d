# SPDX-License-Identifier: MIT
"""Logins that fail: the PAM code, the one log line, what the user sees, and that nothing is kept.

What the provider had issued until then is revoked there.
"""
import itertools

import pytest

from conftest import CONFIG, configure, helpers, keys, ssh, stack, wait_until
from logins import NO_ANSWER, NOT_IN_TIME, NOT_SET_UP, REFUSED, Attempt, Connections, Stub

HOST = r"localhost:\d+"
METADATA = f"the provider's metadata at {HOST}"
DEVICE = f"the device authorization endpoint at {HOST}"
TOKEN = f"the token endpoint at {HOST}"
HTML = {"answer": {"body": "<html>Please sign in to the Wi-Fi</html>", "type": "text/html"}}
PORTAL = r"answered 200 with something that is not a JSON object \(a captive portal\?\)"


@pytest.fixture(autouse=True)
def ready(provider):
    configure(provider)


def with_password(provider, **more):
    configure(provider, login_grant="password", **more)
    return Attempt(provider).password()


# ---- the provider does not answer --------------------------------------------------

def test_a_provider_that_is_down_is_unavailable(provider):
    provider.stop()
    Attempt().refused("PAM_AUTHINFO_UNAVAIL", "warning",
                      rf"{METADATA} cannot be reached: Failed to connect to localhost port \d+.*refused.*"
                      rf"|{METADATA} cannot be reached: Failed to connect to localhost port \d+.*"
                      r"Couldn't connect to server", NO_ANSWER)


def test_a_host_name_that_does_not_resolve_is_unavailable(provider):
    configure(provider, provider_issuer="https://nowhere.invalid")
    Attempt(provider).refused(
        "PAM_AUTHINFO_UNAVAIL", "warning",
        r"the provider's metadata at nowhere\.invalid cannot be reached: Could not resolve host: nowhere\.invalid",
        NO_ANSWER)


def test_a_provider_that_does_not_answer_in_time_is_unavailable(provider):
    configure(provider, provider_timeout="1")
    provider.faults(discovery={"times": 1, "delay_before": 2000})
    Attempt(provider).refused("PAM_AUTHINFO_UNAVAIL", "warning",
                              rf"{METADATA} gave no usable answer: Operation timed out after 1\d\d\d milliseconds.*",
                              NO_ANSWER)
    wait_until(lambda: not provider.in_flight("discovery"), "the provider is done with it")


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent(provider):
    provider.start(OP_CERT="untrusted")
    attempt = Attempt(provider)
    attempt.refused("PAM_SERVICE_ERR", "err",
                    rf"{METADATA} cannot be used: SSL certificate problem: unable to get local issuer certificate",
                    NOT_SET_UP)
    assert not attempt.requests()


def test_a_certificate_of_another_host_is_refused_before_anything_is_sent(provider):
    provider.start(OP_CERT="wrong-host")
    attempt = Attempt(provider)
    attempt.refused("PAM_SERVICE_ERR", "err",
                    rf"{METADATA} cannot be used: SSL: no alternative certificate subject name matches target host"
                    r" name 'localhost'.*", NOT_SET_UP)
    assert not attempt.requests()


# ---- the provider answers something else ---------------------------------------------

EARLY = {"discovery": METADATA, "device_authorization": DEVICE}


def early(route, fault, result, level, reason, notice, name):
    return pytest.param(route, fault, result, level, f"{EARLY[route]} {reason}", notice,
                        id=f"{name}_from_{route.replace('_', '-')}".replace(" ", "_"))


def both(*arguments):
    return [early(route, *arguments) for route in EARLY]


@pytest.mark.parametrize("route, fault, result, level, reason, notice", [
    *both({"answer": {"status": 500}}, "PAM_AUTHINFO_UNAVAIL", "warning", "answered 500 without an error code",
          NO_ANSWER, "500"),
    *both({"answer": {"status": 503, "body": {"error": "server_error"}}}, "PAM_AUTHINFO_UNAVAIL", "warning",
          "answered 503 server_error", NO_ANSWER, "503 with an error"),
    *both({"answer": {"status": 429, "headers": {"Retry-After": "7"}}}, "PAM_AUTHINFO_UNAVAIL", "warning",
          "answered 429 without an error code", NO_ANSWER, "429"),
    *both(HTML, "PAM_AUTHINFO_UNAVAIL", "warning", PORTAL, NO_ANSWER, "200 with HTML"),
    *both({"answer": {"body": "[1]", "type": "application/json"}}, "PAM_AUTHINFO_UNAVAIL", "warning", PORTAL,
          NO_ANSWER, "200 with a list"),
    *both({"answer": {"body": ""}}, "PAM_AUTHINFO_UNAVAIL", "warning", PORTAL, NO_ANSWER, "200 without a body"),
    *both({"answer": {"status": 302, "headers": {"Location": "https://elsewhere.invalid/"}}}, "PAM_SERVICE_ERR", "err",
          "answered 302, a redirect, which is not followed", NOT_SET_UP, "redirect"),
    *both({"answer": {"body": '{"a": "b', "headers": {"Content-Length": "900", "Connection": "close"}}},
          "PAM_AUTHINFO_UNAVAIL", "warning", "gave no usable answer: .*(outstanding|remaining).*", NO_ANSWER,
          "answer that is cut off"),
    *both({"drop": "before"}, "PAM_AUTHINFO_UNAVAIL", "warning", "gave no usable answer: .+", NO_ANSWER,
          "dropped connection"),
    early("device_authorization", {"answer": {"status": 404}}, "PAM_SERVICE_ERR", "err",
          "answered 404 without an error code", NOT_SET_UP, "404"),
    early("device_authorization", {"answer": {"status": 401}}, "PAM_MAXTRIES", "notice",
          "answered 401 without an error code", REFUSED, "empty 401"),
    early("device_authorization", {"answer": {"status": 400, "body": {
        "error": "invalid_scope", "error_description": "no \x1b[31mred\nline \u202eever"}}}, "PAM_SERVICE_ERR", "err",
          r"answered 400 invalid_scope \(no \?\[31mred\?line \?+ever\)", NOT_SET_UP, "hostile description"),
    early("device_authorization", {"answer": {"status": 400, "body": {
        "error": "unauthorized_client", "error_description": "x" * 5000}}}, "PAM_SERVICE_ERR", "err",
          r"answered 400 unauthorized_client \(x{50,200}\.\.\.\)", NOT_SET_UP, "endless description"),
])
def test_refused_before_the_prompt(provider, route, fault, result, level, reason, notice):
    provider.faults(**{route: fault})
    attempt = Attempt(provider)
    attempt.refused(result, level, reason, notice)
    assert "prompt:" not in attempt.screen.getvalue()


def test_no_metadata_at_either_place_is_an_error_of_the_set_up(provider):
    provider.faults(discovery={"answer": {"status": 404}}, oauth_discovery={"answer": {"status": 404}})
    Attempt(provider).refused("PAM_SERVICE_ERR", "err", f"{METADATA} answered 404 without an error code", NOT_SET_UP)


def test_metadata_of_another_issuer_are_refused(provider):
    provider.faults(discovery={"set": {"issuer": "https://other.test"}})
    Attempt(provider).refused(
        "PAM_SERVICE_ERR", "err", "the provider's metadata is that of issuer 'https://other.test', not of"
        f" 'https://{HOST}'", NOT_SET_UP)


@pytest.mark.parametrize("written", [
    pytest.param("{issuer}/", id="a_slash_too_many_in_the_configuration"),
    pytest.param("https://LOCALHOST:{port}", id="another_spelling_in_the_configuration"),
])
def test_the_issuer_is_compared_byte_for_byte(provider, written):
    issuer = written.format(issuer=provider.issuer, port=provider.issuer.rsplit(":", 1)[1])
    configure(provider, provider_issuer=issuer)
    Attempt(provider).refused(
        "PAM_SERVICE_ERR", "err",
        f"the provider's metadata is that of issuer '{provider.issuer}', not of '{issuer}'", NOT_SET_UP)


@pytest.mark.parametrize("fault, reason", [
    pytest.param({"remove": ["token_endpoint"]}, "the provider's metadata has no token_endpoint",
                 id="without_token_endpoint"),
    pytest.param({"remove": ["device_authorization_endpoint"]},
                 "the provider's metadata has no device_authorization_endpoint",
                 id="without_device_authorization_endpoint"),
    pytest.param({"set": {"token_endpoint": "http://localhost/token"}},
                 "the provider's metadata: token_endpoint 'http://localhost/token' is not https",
                 id="with_a_token_endpoint_without_TLS"),
    pytest.param({"set": {"revocation_endpoint": "file:///etc/shadow"}},
                 "the provider's metadata: revocation_endpoint 'file:///etc/shadow' is not (https|a URL)",
                 id="with_a_file_as_endpoint"),
    pytest.param({"remove": ["issuer"]}, "the provider's metadata is that of issuer '', not of .*",
                 id="without_issuer"),
])
def test_metadata_that_cannot_be_used_are_refused(provider, fault, reason):
    provider.faults(discovery=fault)
    attempt = Attempt(provider)
    attempt.refused("PAM_SERVICE_ERR", "err", reason, NOT_SET_UP)
    assert not attempt.requests("device_authorization")


def endless():
    return itertools.repeat(b" " * 65536, 4096)


@pytest.mark.parametrize("headers", [
    pytest.param({"Content-Length": str(256 * 1024 * 1024)}, id="and_says_so"),
    pytest.param({}, id="without_a_length"),
])
def test_a_body_of_more_than_a_mebibyte_is_not_read(provider, headers):
    with Stub() as stub:
        stub.answers["/device"] = (200, {"Content-Type": "application/json", **headers}, endless())
        configure(provider, **stub.settings())
        Attempt(provider).refused(
            "PAM_AUTHINFO_UNAVAIL", "warning", r"the device authorization endpoint at 127\.0\.0\.1:\d+ gave no usable"
            " answer: the answer is larger than 1 MiB", NO_ANSWER)


@pytest.mark.parametrize("size, result", [
    pytest.param(1024 * 1024, "PAM_SERVICE_ERR", id="one_mebibyte_is_read"),
    pytest.param(1024 * 1024 + 1, "PAM_AUTHINFO_UNAVAIL", id="one_byte_more_is_not"),
])
def test_the_limit_of_a_body_is_one_mebibyte(provider, size, result):
    with Stub() as stub:
        stub.answers["/device"] = (200, {}, [b"{}", b" " * (size - 2)])
        configure(provider, **stub.settings())
        assert Attempt(provider).end().result == result


@pytest.mark.parametrize("route, status", [("discovery", 302), ("device_authorization", 307),
                                           ("token:device_code", 308), ("token:password", 307)])
def test_a_redirect_is_not_followed(provider, route, status):
    with Connections() as elsewhere:
        headers = {"Location": f"https://127.0.0.1:{elsewhere.port}/"}
        provider.faults(**{route: {"answer": {"status": status, "headers": headers}}})
        if route == "token:password":
            attempt = with_password(provider)
        else:
            attempt = Attempt(provider)
        if route == "token:device_code":
            attempt.approve()
        attempt.refused("PAM_SERVICE_ERR", "err", f".* at {HOST} answered {status}, a redirect, which is not followed",
                        NOT_SET_UP)
        assert elsewhere.count == 0


# ---- the user, and the other user -------------------------------------------------------

def test_a_user_who_denies_is_refused(provider):
    attempt = Attempt(provider).deny()
    attempt.refused("PAM_MAXTRIES", "notice", rf"{TOKEN} answered 400 access_denied.*", REFUSED)
    assert not attempt.issued()


def test_a_code_that_nobody_approves_expires(provider):
    provider.start(DEVICE_TTL=3)
    attempt = Attempt(provider)
    assert "is good for 3 seconds." in attempt.prompt()
    attempt.app.answer()
    attempt.refused("PAM_AUTH_ERR", "notice",
                    rf"nobody approved the login within 3 s|{TOKEN} answered 400 expired_token.*", NOT_IN_TIME)
    assert not attempt.issued()


def test_a_code_that_another_user_approves_is_refused_and_that_users_tokens_are_revoked(provider):
    attempt = Attempt(provider).approve("bob")
    attempt.refused("PAM_MAXTRIES", "notice", "the provider says this is 'bob', not 'alice'",
                    "You are 'bob' at the provider, not 'alice'.")
    assert attempt.issued()[0]["user"] == "bob"
    assert not attempt.unrevoked()


def test_a_user_who_goes_away_at_the_prompt_ends_the_polling(provider):
    attempt = Attempt(provider)
    attempt.prompt()
    attempt.app.answer("!")
    attempt.refused("PAM_CONV_ERR", "notice", "the user went away before approving the login", None)


def test_a_login_that_is_approved_after_the_user_went_away_leaves_no_tokens(provider):
    attempt = Attempt(provider)
    provider.approve(attempt.code())
    wait_until(attempt.issued, "the exchange has tokens while the prompt waits")
    attempt.app.answer("!")
    attempt.refused("PAM_CONV_ERR", "notice", "the user went away before approving the login", None)
    assert not attempt.unrevoked()


def test_a_wrong_password_is_refused(provider):
    configure(provider, login_grant="password")
    attempt = Attempt(provider).password("CANARY-pw-wrong")
    attempt.refused("PAM_AUTH_ERR", "notice", "user name or password is wrong",
                    "The user name or the password is wrong.")


def test_with_PAM_SILENT_the_user_is_told_nothing(provider):
    provider.faults(discovery={"answer": {"status": 500}})
    Attempt(provider, steps=("silent", "authenticate", "wait", "end")).refused(
        "PAM_AUTHINFO_UNAVAIL", "warning", f"{METADATA} answered 500 without an error code", None)


# ---- the client ----------------------------------------------------------------------------

def test_a_client_that_the_provider_does_not_know_is_an_error_of_the_set_up(provider):
    configure(provider, provider_client_id="nobody")
    Attempt(provider).refused("PAM_SERVICE_ERR", "err", rf"{DEVICE} answered 40[01] invalid_client.*", NOT_SET_UP)


# ---- tokens that must not be accepted ----------------------------------------------------------

NAMELESS = "The provider does not say who you are. Please tell your administrator."


def answer(name, reason, notice=REFUSED, result="PAM_MAXTRIES", level="notice", **fault):
    return pytest.param(fault, result, level, reason, notice, id=name.replace(" ", "_"))


def id_token(name, reason, notice=REFUSED, **change):
    return answer(name, reason, notice, id_token=change)


def named(name, value, reason, notice):
    return id_token(name, reason, notice, set={"preferred_username": value})


@pytest.mark.parametrize("fault, result, level, reason, notice", [
    answer("no ID token", r"the provider issued no ID token \(is openid in the scope\?\)", remove=["id_token"]),
    answer("an ID token that is none", "the ID token is malformed: parts: 2, not 3", set={"id_token": "abc.def"}),
    answer("an ID token that is too long", r"the ID token of 40000 bytes does not fit into a key, which holds 32767",
           NOT_SET_UP, "PAM_SERVICE_ERR", "err", set={"id_token": "x" * 40000}),
    answer("a token type of another kind", "the provider issued a token of type 'mac', not of type 'bearer'",
           NOT_SET_UP, "PAM_SERVICE_ERR", "err", set={"token_type": "mac"}),
    answer("no token type", "the provider issued a token of type '', not of type 'bearer'",
           NOT_SET_UP, "PAM_SERVICE_ERR", "err", remove=["token_type"]),
    answer("no access token", "the token endpoint's answer has no access_token", NOT_SET_UP, "PAM_SERVICE_ERR", "err",
           remove=["access_token"]),
    answer("an access token with a newline", "the access token contains a space or a special character", NOT_SET_UP,
           "PAM_SERVICE_ERR", "err", set={"access_token": "x\ny"}),
    id_token("an ID token of another issuer", f"the ID token is from 'https://other.test', not from 'https://{HOST}'",
             set={"iss": "https://other.test"}),
    id_token("an ID token without issuer", f"the ID token is from '', not from 'https://{HOST}'", remove=["iss"]),
    id_token("an ID token for another client", r"the ID token is not for this client \('pam-public'\)",
             set={"aud": "other"}),
    id_token("an ID token for others", r"the ID token is not for this client \('pam-public'\)",
             set={"aud": ["a", "b"]}),
    id_token("an ID token that is out of date", r"the ID token expired \d+ s ago \(is the clock of this host right\?\)",
             set={"exp": 1}),
    id_token("an ID token without an end", r"the ID token has no usable end \(exp\)", remove=["exp"]),
    id_token("an ID token of tomorrow", r"the ID token is not valid yet \(is the clock of this host right\?\)",
             set={"nbf": 4102444800}),
    id_token("an ID token without a subject", r"the ID token has no usable subject \(sub\)", remove=["sub"]),
    id_token("no name", "no usable name: claim preferred_username is missing", NAMELESS,
             remove=["preferred_username"]),
    named("a number as name", 61001, "no usable name: claim preferred_username is not a text",
          NAMELESS),
    named("null as name", None, "no usable name: claim preferred_username is not a text", NAMELESS),
    named("a list of names", ["alice"], "no usable name: claim preferred_username is not a text",
          NAMELESS),
    named("an empty name", "", "no usable name: claim preferred_username is empty", NAMELESS),
    named("control characters in the name", "al\x1b[2Jice\n", r"the provider says this is 'al\?\[2Jice\?', which is no local user: .*",
          "You are 'al?[2Jice?' at the provider, not 'alice'."),
    named("a name written backwards", "\u202ealice", r"the provider says this is '\?+alice', which is no local user: .*",
          "You are '???alice' at the provider, not 'alice'."),
    named("a NUL behind the name", "alice\0x", "the ID token is malformed: its payload is not a JSON object, or has a member twice", REFUSED),
    named("another case", "Alice", "the provider says this is 'Alice', not 'alice'",
          "You are 'Alice' at the provider, not 'alice'."),
    named("a space behind the name", "alice ", "the provider says this is 'alice ', which is no local user: .*",
          "You are 'alice ' at the provider, not 'alice'."),
    named("a name with a domain", "alice@example.test",
          "the provider says this is 'alice@example.test', not 'alice'",
          "You are 'alice@example.test' at the provider, not 'alice'."),
    named("a name without end", "alice" * 1000, "no usable name: claim preferred_username is longer than 255 bytes",
          NAMELESS),
])
def test_tokens_are_refused_and_revoked_when_there_is(provider, fault, result, level, reason, notice):
    provider.faults(**{"token:password": fault})
    attempt = with_password(provider)
    attempt.refused(result, level, reason, notice)
    assert len(attempt.issued()) == 1
    # What the fault took away or replaced nobody can revoke; revoking the other token ends the grant.
    expected = {"access_token", "refresh_token"} - set(fault.get("remove", ())) - set(fault.get("set", ()))
    issued = attempt.issued()[0]["issued"]
    assert {issued[name] for name in expected} <= {line["presented"] for line in attempt.requests("revocation")}


def test_the_name_is_missing_where_the_provider_has_it_at_userinfo_only(provider):
    provider.start(CLAIMS_IN_ID_TOKEN=0)
    attempt = Attempt(provider).approve()
    attempt.refused("PAM_MAXTRIES", "notice", "no usable name: claim preferred_username is missing",
                    NAMELESS)
    assert attempt.issued() and not attempt.unrevoked()


def test_a_scope_without_openid_brings_no_ID_token(provider):
    attempt = with_password(provider, provider_scope="offline_access")
    attempt.refused("PAM_MAXTRIES", "notice", r"the provider issued no ID token \(is openid in the scope\?\)", REFUSED)
    assert attempt.issued() and not attempt.unrevoked()


def test_tokens_that_are_larger_than_a_key_are_revoked(provider):
    provider.start(TOKEN_SIZE=40000)
    attempt = Attempt(provider).approve()
    attempt.refused("PAM_SERVICE_ERR", "err",
                    "the access token of 40000 bytes does not fit into a key, which holds 32767", NOT_SET_UP)
    assert attempt.issued() and not attempt.unrevoked()


def test_a_password_is_sent_once_also_when_the_answer_is_lost(provider):
    # Sent again, it brings tokens of which the first ones live on, or counts as two wrong passwords.
    provider.faults(**{"token:password": {"times": 1, "drop": "after"}})
    attempt = with_password(provider).end()
    assert len(attempt.requests("token:password")) == 1, attempt.result


def test_an_answer_with_tokens_that_is_cut_off_is_not_used(provider):
    provider.faults(**{"token:password": {"handled": True, "answer": {
        "body": '{"token_type": "Bearer", "access_token": "CANARY-AT-x"',
        "headers": {"Content-Length": "900", "Connection": "close"}}}})
    with_password(provider).refused("PAM_AUTHINFO_UNAVAIL", "warning", rf"{TOKEN} gave no usable answer: .+", NO_ANSWER)


def test_tokens_that_are_refused_are_revoked_also_with_revoke_no(provider):
    provider.faults(**{"token:password": {"id_token": {"set": {"aud": "other"}}}})
    attempt = with_password(provider, logout_revoke="no")
    attempt.refused("PAM_MAXTRIES", "notice", "the ID token is not for this client .*", REFUSED)
    assert attempt.issued() and not attempt.unrevoked()


def test_the_line_says_when_refused_tokens_could_not_be_revoked(provider):
    provider.faults(**{"token:password": {"id_token": {"set": {"aud": "other"}}},
                       "revocation": {"answer": {"status": 500}}})
    with_password(provider).refused(
        "PAM_MAXTRIES", "notice",
        r"the ID token is not for this client \('pam-public'\); what it issued is not revoked:"
        rf" the revocation endpoint at {HOST} answered 500 without an error code", REFUSED)


@pytest.mark.parametrize("fault, result, level, reason, notice", [
    pytest.param({"answer": {"status": 500}}, "PAM_AUTHINFO_UNAVAIL", "warning", "answered 500 without an error code",
                 NO_ANSWER, id="500"),
    pytest.param(HTML, "PAM_AUTHINFO_UNAVAIL", "warning", PORTAL, NO_ANSWER, id="200_with_HTML"),
    pytest.param({"answer": {"status": 401}}, "PAM_MAXTRIES", "notice", "answered 401 without an error code", REFUSED,
                 id="empty_4xx"),
    pytest.param({"answer": {"status": 400, "body": {"error": "unsupported_grant_type"}}}, "PAM_SERVICE_ERR", "err",
                 "answered 400 unsupported_grant_type", NOT_SET_UP, id="grant_not_offered"),
    pytest.param({"drop": "before"}, "PAM_AUTHINFO_UNAVAIL", "warning", "gave no usable answer: .+", NO_ANSWER,
                 id="dropped_connection"),
])
def test_the_token_endpoint_answers_a_password_with(provider, fault, result, level, reason, notice):
    provider.faults(**{"token:password": fault})
    with_password(provider).refused(result, level, f"{TOKEN} {reason}", notice)


def test_an_error_that_repeats_the_password_is_not_logged(provider):
    provider.faults(**{"token:password": {"answer": {"status": 400, "body": {
        "error": "invalid_request", "error_description": "bad password CANARY-pw-alice"}}}})
    with_password(provider).refused("PAM_SERVICE_ERR", "err",
                                    rf"{TOKEN} answered 400 invalid_request \(not shown: it repeats a secret\)",
                                    NOT_SET_UP)


def test_without_a_refresh_token_the_login_succeeds_and_says_so(provider):
    provider.start(REFRESH_TOKENS="never")
    attempt = Attempt(provider).approve().end()
    assert attempt.result == "PAM_SUCCESS"
    line = attempt.log.one(r"authpriv\.warning .*oidc.session")
    assert "user alice: the provider issued no refresh token" in line
    assert attempt.messages() == [
        "info: Your access token will not be renewed: the provider issued no refresh token."]
    names = {key.name for key in attempt.kept.values()}
    assert "oidc:access_token" in names and "oidc:refresh_token" not in names


def test_what_another_module_refuses_after_this_one_is_revoked_when_the_application_ends(provider):
    attempt = Attempt(provider, steps=("authenticate", "wait", "end"),
                      text="auth required pam_oidc_session.so\nauth required pam_deny.so\n")
    attempt.approve().end()
    assert attempt.result == "PAM_AUTH_ERR"
    wait_until(lambda: not keys(), "nothing is kept", 2)
    wait_until(lambda: not attempt.unrevoked(), "the tokens are revoked", 10)
    assert attempt.issued()


# ---- through sshd -----------------------------------------------------------------------------------

def refused_by_sshd(terminal):
    terminal.expect("Permission denied")
    text = terminal.child.before
    terminal.closed()
    wait_until(lambda: not helpers() and not keys(), "nothing is kept")
    return text


def test_sshd_refuses_when_the_user_denies(sshd, provider, log):
    stack("sshd")
    terminal = ssh()
    provider.deny(terminal.code())
    terminal.enter()
    refused_by_sshd(terminal)
    assert "user alice: the token endpoint" in log.one(r"oidc.session")
    assert not log.lines("Accepted keyboard-interactive")


def test_sshd_refuses_when_another_user_approves(sshd, provider, log):
    stack("sshd")
    before = len(provider.requests())
    terminal = ssh()
    provider.approve(terminal.code(), "bob")
    terminal.enter()
    refused_by_sshd(terminal)
    assert "user alice: the provider says this is 'bob', not 'alice'" in log.one(r"oidc.session")
    issued = [line["issued"] for line in provider.requests()[before:] if "issued" in line]
    revoked = {line["presented"] for line in provider.requests("revocation")}
    assert len(issued) == 1 and {issued[0]["access_token"], issued[0]["refresh_token"]} <= revoked


def test_sshd_refuses_when_the_provider_is_down(sshd, provider, log):
    stack("sshd")
    provider.stop()
    refused_by_sshd(ssh())
    assert "cannot be reached" in log.one(r"oidc.session")


@pytest.mark.parametrize("control", ["sufficient", "optional",
                                     "[success=done ignore=ignore authinfo_unavail=ignore default=die]"])
def test_with_pam_unix_behind_it_a_user_gets_in_by_password_when_the_provider_is_down(sshd, provider, log, control):
    stack("sshd", f"auth {control} pam_oidc_session.so\n"
                  "auth required pam_unix.so\n"
                  "account required pam_unix.so\n"
                  "session optional pam_keyinit.so force revoke\n"
                  "session required pam_oidc_session.so\n")
    provider.stop()
    terminal = ssh()
    terminal.expect("Password: ")
    assert NO_ANSWER in terminal.child.before
    terminal.enter("CANARY-pw-alice")
    terminal.shell()
    assert terminal.run("whoami") == "alice"
    assert terminal.run('echo "key:$OIDC_ACCESS_TOKEN_KEY"') == "key:"
    assert not keys() and not helpers()
    terminal.logout()
    assert "cannot be reached" in log.one(r"oidc.session")


def test_with_pam_unix_behind_it_a_wrong_password_is_still_refused(sshd, provider):
    stack("sshd", "auth sufficient pam_oidc_session.so\n"
                  "auth required pam_unix.so\n"
                  "account required pam_unix.so\n")
    provider.stop()
    terminal = ssh()
    terminal.expect("Password: ")
    terminal.enter("CANARY-pw-bob")
    refused_by_sshd(terminal)


def test_a_broken_configuration_is_refused_by_sshd(sshd, provider, log):
    stack("sshd")
    configure(provider, provider_client_id=None)
    refused_by_sshd(ssh())
    assert f"{CONFIG}:1: [provider] client_id: missing" in log.one(r"oidc.session")
