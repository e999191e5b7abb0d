# SPDX-License-Identifier: MIT
"""Who gets in: ID tokens that are not what they should be, who may log in, and where claims come from; the cache."""
import base64
import json
import os
import pathlib
import re
import shutil
import stat
import time

import pytest

from conftest import CACHE, configure, run, status, wait_until
from logins import NOT_SET_UP, REFUSED, Attempt
from scenes import Grants, opened, set_stage

MAP = "/etc/security/oidc-session.map"
NO_GROUP = "You are not in a group that may log in here. Please ask your administrator."


@pytest.fixture(autouse=True)
def ready(provider):
    configure(provider, login_grant="password")


def with_password(provider, user="alice", arguments="", **settings):
    configure(provider, **{"login_grant": "password", **settings})
    return Attempt(provider, user, arguments).password()


def write_map(text, mode=0o644):
    with open(MAP, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(MAP, mode)


# ---- ID tokens ---------------------------------------------------------------------

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(provider, **header):
    """An ID token that says all the right things, and has no signature to prove them."""
    now = int(time.time())
    claims = {"iss": provider.issuer, "aud": "pam-public", "sub": "alice", "preferred_username": "alice",
              "iat": now, "exp": now + 300}
    return ".".join([b64(json.dumps({"alg": "none", **header}).encode()), b64(json.dumps(claims).encode()),
                     b64(b"x" * 32)])


@pytest.mark.parametrize("change, reason", [
    pytest.param({"bad_signature": True}, r".*signature.*", id="with_a_wrong_signature"),
    pytest.param({"set": {"iss": "https://other.test"}}, r".*https://other\.test.*", id="of_another_issuer"),
    pytest.param({"set": {"aud": ["pam-public", "other"]}}, r".*azp.*", id="for_two_without_saying_who_asked"),
    pytest.param({"set": {"azp": "other"}}, r".*azp.*", id="that_another_client_asked_for"),
    pytest.param({"set": {"exp": 1}}, r".*expired.*", id="that_has_expired"),
    pytest.param({"set": {"iat": 4102444800}}, r".*", id="of_the_future"),
    pytest.param({"set": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, r".*at_hash.*", id="of_another_access_token"),
])
def test_an_id_token_is_refused_and_its_tokens_revoked(provider, change, reason):
    provider.faults(**{"token:password": {"id_token": change}})
    attempt = with_password(provider)
    attempt.refused("PAM_MAXTRIES", "notice", reason, REFUSED)
    wait_until(lambda: not attempt.unrevoked(), "all that was issued is revoked")


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "RS256", "crit": ["exp"]},
                                    {"alg": "RS256", "kid": "test-jwt-key-RS256"}, {"alg": "RS256", "kid": "x"}],
                         ids=["none", "HS256", "crit", "not_signed", "unknown_kid"])
def test_an_unsigned_id_token_is_refused(provider, header):
    provider.faults(**{"token:password": {"set": {"id_token": unsigned(provider, **header)}}})
    with_password(provider).refused("PAM_MAXTRIES", "notice", r".*", REFUSED)


@pytest.mark.parametrize("client, algorithm", [("pam-basic", "ES256"), ("pam-odd", "EdDSA"), ("pam-post", "PS256")])
def test_signing_algorithms_says_which_are_good(provider, client, algorithm):
    secret = "/etc/security/client-secret"
    with open(secret, "w", encoding="utf-8") as file:
        file.write({"pam-basic": "CANARY-secret-basic", "pam-odd": 'CANARY-secret o d+d%:&=/"~',
                    "pam-post": "CANARY-secret-post"}[client])
    os.chmod(secret, 0o600)
    more = {"provider_client_id": client, "provider_client_secret_file": secret,
            "provider_client_auth": "client_secret_post" if client == "pam-post" else "client_secret_basic"}
    with_password(provider, **more, provider_signing_algorithms=f"RS256 {algorithm}").succeeded()
    with_password(provider, **more, provider_signing_algorithms="RS256").refused(
        "PAM_MAXTRIES", "notice", rf".*{algorithm}.*signing_algorithms.*", REFUSED)


@pytest.mark.parametrize("settings, claims, good", [
    ({"login_require_acr": "mfa phr"}, {"acr": "phr"}, True),
    ({"login_require_acr": "mfa phr"}, {"acr": "ph"}, False),
    ({"login_require_acr": "mfa"}, {}, False),
    ({"login_max_age": "60"}, {"auth_time": 0}, True),
    ({"login_max_age": "60"}, {"auth_time": 300}, False),
    ({"login_max_age": "60"}, {}, False),
], ids=["good_acr", "other_acr", "no_acr", "fresh", "stale", "no_auth_time"])
def test_how_and_when_the_user_proved_who_they_are_counts(provider, settings, claims, good):
    if "auth_time" in claims:
        claims = {"auth_time": int(time.time()) - claims["auth_time"]}
    provider.faults(**{"token:password": {"id_token": {"set": claims, "remove": ["acr", "auth_time"]
                                                       if not claims else []}}})
    attempt = with_password(provider, **settings)
    if good:
        attempt.succeeded()
    else:
        attempt.refused("PAM_MAXTRIES", "notice", r".*(acr|auth_time|max_age).*", ...)


# ---- who may log in -------------------------------------------------------------------

def test_a_required_group_lets_its_members_in_and_nobody_else(provider):
    groups = {"provider_scope": "openid profile groups offline_access", "login_require_group": "admins ssh"}
    with_password(provider, "alice", **groups).succeeded()
    with_password(provider, "bob", **groups).refused("PAM_MAXTRIES", "notice", r".*group.*", ...)
    with_password(provider, "carol", **groups).refused("PAM_MAXTRIES", "notice", r".*group.*", ...)


def test_the_username_map_says_who_is_who(provider):
    write_map("# who = where\nalice = bob\n\nalice = carol\n")
    provider.faults(**{"token:password": {"id_token": {"set": {"preferred_username": "alice"}}}})
    with_password(provider, "bob", login_username_map_file=MAP).succeeded()
    with_password(provider, "carol", login_username_map_file=MAP).succeeded()
    with_password(provider, "alice", login_username_map_file=MAP).refused(
        "PAM_MAXTRIES", "notice", r".*", ...)


@pytest.mark.parametrize("text, mode, reason", [
    ("alice\n", 0o644, rf"{MAP}:1: .*expected .*"),
    ("alice = alice\n", 0o666, rf".*\[login\] username_map_file: {MAP}: .*"),
    (None, 0, rf".*\[login\] username_map_file: {MAP}: .*"),
], ids=["malformed", "writable_by_others", "missing"])
def test_a_username_map_that_cannot_be_trusted_lets_nobody_in(provider, text, mode, reason):
    if text is None:
        os.remove(MAP) if os.path.exists(MAP) else None
    else:
        write_map(text, mode)
    configure(provider, login_grant="password", login_username_map_file=MAP)
    Attempt(provider).refused("PAM_SERVICE_ERR", "err", reason, NOT_SET_UP)


def test_root_logs_in_by_a_line_of_the_map_only(provider):
    alice = {"token:password": {"id_token": {"set": {"preferred_username": "root"}}}}
    provider.faults(**alice)
    configure(provider, login_grant="password")
    attempt = Attempt(provider, "root", "minimum_uid=0")
    attempt.app.line("secret: Password: ")
    attempt.app.answer("x")
    attempt.end()
    assert attempt.result in ("PAM_AUTH_ERR", "PAM_MAXTRIES")


def test_a_domain_is_stripped_only_if_it_is_ours(provider):
    for name, good in (("alice@example.org", True), ("alice@EXAMPLE.ORG", False), ("alice@example.org.evil", False),
                       ("alice@evil@example.org", False), ("alice", False)):
        provider.faults(**{"token:password": {"id_token": {"set": {"preferred_username": name}}}})
        attempt = with_password(provider, login_username_strip_domain="example.org")
        if good:
            attempt.succeeded()
        else:
            attempt.refused("PAM_MAXTRIES", "notice", r".*", ...)


@pytest.mark.parametrize("name", ["Alice", "alice ", " alice", "alic\u00e9", "\uff41lice", "alice\u0000", "alice\n",
                                  "alice\u202e", "", "%61lice", ["alice"], {"alice": 1}, 7, None])
def test_a_name_that_is_not_the_users_byte_for_byte_is_refused(provider, name):
    provider.faults(**{"token:password": {"id_token": {"set": {"preferred_username": name}}}})
    attempt = with_password(provider)
    attempt.refused("PAM_MAXTRIES", "notice", r"[ -~]*", ...)


# ---- where claims come from --------------------------------------------------------------

def test_userinfo_has_what_the_id_token_has_not(provider):
    provider.start(CLAIMS_IN_ID_TOKEN=0)
    with_password(provider).refused("PAM_MAXTRIES", "notice", r".*preferred_username.*", ...)
    with_password(provider, login_claims_from="id_token userinfo").succeeded()


def test_userinfo_of_another_subject_is_refused(provider):
    provider.start(CLAIMS_IN_ID_TOKEN=0)
    provider.faults(userinfo={"set": {"sub": "bob"}})
    with_password(provider, login_claims_from="id_token userinfo").refused("PAM_MAXTRIES", "notice", r".*", ...)


@pytest.mark.parametrize("source", ["userinfo", "introspection"])
def test_a_provider_without_id_tokens_can_say_who_it_is(provider, source):
    provider.faults(**{"token:password": {"remove": ["id_token"]},
                       "introspection": {"set": {"preferred_username": "alice"}}})
    attempt = with_password(provider, login_claims_from=source)
    attempt.succeeded()
    provider.faults(**{"token:password": {"remove": ["id_token"]},
                       "userinfo": {"set": {"preferred_username": "bob"}},
                       "introspection": {"set": {"preferred_username": "bob"}}})
    with_password(provider, login_claims_from=source).refused("PAM_MAXTRIES", "notice", r".*'bob'.*", ...)


def test_an_id_token_that_nobody_verified_is_not_kept(provider):
    set_stage(provider, login_claims_from="userinfo")
    program = opened("run:keyctl pipe $(keyctl search @s user oidc:id_token) | od -An -c", "close", "end")
    program.answer()
    assert program.line(r"(\s*\\n\s*)")
    program.finish()


# ---- the cache ------------------------------------------------------------------------------

def routes(attempt):
    return [line["route"] for line in attempt.requests() if line["route"] not in ("revocation",)]


def entries():
    return sorted(pathlib.Path(CACHE).glob("*/*.json"))


def test_with_a_warm_cache_a_login_makes_only_the_request_of_its_grant(provider):
    assert routes(with_password(provider).succeeded()) == ["discovery", "token:password", "jwks"]
    attempt = Attempt(provider).password().succeeded()
    assert routes(attempt) == ["token:password"]
    for entry in entries():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o644
    assert len(entries()) == 2


def test_without_its_directory_nothing_is_kept_and_logins_work(provider):
    os.rename(CACHE, f"{CACHE}.away")
    try:
        for _ in range(2):
            assert routes(Attempt(provider).password().succeeded()) == ["discovery", "token:password", "jwks"]
        assert not os.path.exists(CACHE)
    finally:
        os.rename(f"{CACHE}.away", CACHE)


def test_what_is_damaged_in_the_cache_is_fetched_again(provider):
    Attempt(provider).password().succeeded()
    for entry in entries():
        entry.write_text(entry.read_text()[:-7])
    assert routes(Attempt(provider).password().succeeded()) == ["discovery", "token:password", "jwks"]
    assert routes(Attempt(provider).password().succeeded()) == ["token:password"]


def test_an_unknown_key_has_the_keys_fetched_again_but_not_twice_in_a_minute(provider):
    Attempt(provider).password().succeeded()
    keys = next(entry for entry in entries() if '"keys"' in entry.read_text())
    old = keys.read_text().replace("test-jwt-key-", "old-key-")

    def aged(seconds):
        text = json.loads(old)
        text["fetched_at"] -= seconds
        keys.write_text(json.dumps(text))
    aged(120)
    assert routes(Attempt(provider).password().succeeded()) == ["token:password", "jwks"]
    aged(0)
    Attempt(provider).password().refused("PAM_MAXTRIES", "notice", r".*key.*", ...)


def test_others_cannot_write_into_the_cache(provider):
    Attempt(provider).password().succeeded()
    for path in [pathlib.Path(CACHE), *pathlib.Path(CACHE).glob("**/*")]:
        assert not path.stat().st_mode & 0o022, path
        assert path.owner() == "oidc-session"
    done = run("setpriv", "--reuid", "61001", "--clear-groups", "--regid", "61001", "sh", "-c",
               f"echo x >{CACHE}/x || echo refused")
    assert done == "refused\n"


# ---- renewals ---------------------------------------------------------------------------------

@pytest.mark.parametrize("change", [{"bad_signature": True}, {"set": {"sub": "bob"}},
                                    {"set": {"iss": "https://other.test"}}], ids=["signature", "subject", "issuer"])
def test_a_renewal_with_an_id_token_of_somebody_else_ends_the_session(provider, change):
    set_stage(provider)
    program = opened("close", "end")
    grants = Grants(provider)
    provider.faults(**{"token:refresh_token": {"id_token": change}})
    run("pkill", "-ALRM", "-f", "/oidc-session-helper")
    wait_until(lambda: status()["state"] == "login_required", "the grant is over")
    grants.wait_revoked()
    program.answer()
    program.finish()


def test_a_renewal_reads_the_keys_from_the_cache(provider):
    set_stage(provider)
    program = opened("close", "end")
    grants = Grants(provider)
    run("pkill", "-ALRM", "-f", "/oidc-session-helper")
    wait_until(lambda: status()["renewals"] == "1", "a renewal")
    assert [line["route"] for line in grants.requests()] == ["token:refresh_token"]
    program.answer()
    program.finish()
