#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seeds of the fuzz targets into tests/fuzz/corpus.

The corpus is in the tree; run this after changing it, and commit what it makes.
Everything in it is made up.
"""
import base64
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
SEPARATOR = b"\x1e"


def enum(name):
    """The values of an enum in common/message.h, by name: the contract itself."""
    text = (HERE / "../../common/message.h").read_text()
    body = re.search(r"enum %s \{(.*?)\};" % name, text, re.S)[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    names = re.findall(r"[A-Z]+_([A-Z_]+)", body)
    return {word: number for number, word in enumerate(names)}


FIELD = enum("field")
KIND = enum("kind")


def frame(tag, data):
    return bytes([tag]) + len(data).to_bytes(4, "big") + data


def message(kind, **fields):
    frames = [frame(FIELD[name], value if isinstance(value, bytes) else str(value).encode())
              for name, value in fields.items()]
    return b"".join(frames) + frame(0xFF, bytes([KIND[kind]]))


def b64(data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jwt(claims, header=None):
    return b".".join([b64(header or {"alg": "RS256", "kid": "k1"}), b64(claims), b64(b"signature" * 4)])


def dump(value):
    return json.dumps(value).encode()


ISSUER = "https://login.example"
CLAIMS = {"iss": ISSUER, "aud": "c", "sub": "248289761001", "exp": 4102444800, "iat": 1700000000,
          "preferred_username": "alice"}
TOKENS = {"access_token": "at-1", "token_type": "Bearer", "expires_in": 300, "refresh_token": "rt-1",
          "id_token": jwt(CLAIMS).decode(), "scope": "openid profile"}
DEVICE = {"device_code": "dc-1", "user_code": "WDJB-MJHT", "verification_uri": ISSUER + "/device",
          "verification_uri_complete": ISSUER + "/device?user_code=WDJB-MJHT", "expires_in": 600, "interval": 5}
METADATA = {"issuer": ISSUER, "token_endpoint": ISSUER + "/token", "jwks_uri": ISSUER + "/jwks",
            "device_authorization_endpoint": ISSUER + "/device_authorization",
            "revocation_endpoint": ISSUER + "/revoke", "userinfo_endpoint": ISSUER + "/userinfo",
            "introspection_endpoint": ISSUER + "/introspect",
            "id_token_signing_alg_values_supported": ["RS256", "ES256"]}
SETTINGS = {"issuer": ISSUER, "subject": "248289761001", "client_id": "c", "token_endpoint": ISSUER + "/token",
            "revocation_endpoint": ISSUER + "/revoke", "client_secret": "canary-ZQ7fkq2x",
            "client_auth": "client_secret_basic", "timeout": 10, "insecure_http": False, "revoke": True}
MINIMAL = b"[provider]\nissuer = https://login.example\nclient_id = c\n"
FULL = (b"; everything\n[logout]\nrevoke = no\n[renewal]\nbefore_expiry = 10%\nnotify = yes\n"
        b"[login]\ngrant = password\nusername_claim = login\n"
        b"[provider]\nissuer = http://localhost:1/r\nclient_id = my client\n"
        b"client_secret_file = /etc/secret\nclient_auth = client_secret_basic\n"
        b"scope = openid x\naudience = some one\nresource = https://r1/ https://r2/\n"
        b"ca_file = /etc/ca.pem\nproxy = http://proxy:3128\ntimeout = 60\ninsecure_http = yes\n"
        b"token_endpoint = https://login.example/t\n"
        b"device_authorization_endpoint = https://login.example/d?x=y\n"
        b"revocation_endpoint = http://127.0.0.1/r\njwks_uri = https://login.example/k\n")
RESULT = message("RESULT", OUTCOME="ok", ACCESS_TOKEN="at-1", ID_TOKEN="a.b.c", REFRESH_TOKEN="rt-1",
                 EXPIRES_AT=4102444800, RENEWED_AT=1700000000, ID_EXPIRES_AT=4102444800, ISSUER=ISSUER,
                 SUBJECT="248289761001", SCOPE="openid", SETTINGS=dump(SETTINGS), BEFORE_EXPIRY="auto",
                 REVOKE="yes", TIMEOUT=10)
PROMPT = message("PROMPT", USER_CODE="WDJB-MJHT", VERIFICATION_URI=ISSUER + "/device",
                 VERIFICATION_URI_COMPLETE=ISSUER + "/device?c=WDJB-MJHT", EXPIRES_IN=600)


def joined(*parts):
    return SEPARATOR.join(parts)


def seeds():
    yield "frame", "go", b"\x00" + message("GO")
    yield "frame", "result", b"\xff" + RESULT
    yield "frame", "three-messages", b"\x01" + message("NEED_FILES", PATH="/etc/s", MAP_PATH="/etc/m") \
        + PROMPT + message("RESULT", OUTCOME="denied", REASON="no", NOTICE="No.")
    yield "frame", "login", b"\x10" + message("LOGIN", CONFIG=MINIMAL, PATH="/etc/c", USER="alice", UID=1000)
    yield "frame", "field-twice", b"\x00" + frame(1, b"a") + frame(1, b"b") + message("GO")
    yield "frame", "empty-field-twice", b"\x00" + frame(1, b"") + frame(1, b"") + message("GO")
    yield "frame", "too-long", b"\x00" + b"\x01\x00\x04\x00\x00"
    yield "frame", "unknown-tag", b"\x00" + frame(0x7f, b"x") + message("GO")
    yield "frame", "unknown-kind", b"\x00" + frame(0xff, b"\x7f")
    yield "frame", "cut", b"\x00" + RESULT[:-3]

    yield "config", "minimal", MINIMAL
    yield "config", "full", joined(FULL, b"secret\n")
    yield "config", "secret-with-line", joined(FULL, b"one\ntwo\n")
    yield "config", "text-behind-section", b"[provider] x\n"
    yield "config", "continuation", MINIMAL + b" more\n"
    yield "config", "twice", MINIMAL + b"client_id = d\n"
    yield "config", "long-line", b"[provider]\nscope = " + b"x" * 300 + b"\n"
    yield "config", "crlf", MINIMAL.replace(b"\n", b"\r\n")
    yield "config", "no-end", MINIMAL[:-1]
    yield "config", "colon-and-comment", b"[provider] ; c\nissuer: https://l/ ; c\n# c\nclient_id=\xc3\xb6\n"

    for name, text in {"zero": b"0", "padded": b"007", "max": b"9223372036854775807", "over": b"9223372036854775808",
                       "negative": b"-1", "auto": b"auto", "percent": b"90%", "too-much": b"91%", "space": b" 1",
                       "year-9999": b"253402300799"}.items():
        yield "number", name, b"\x7f" + b"\xff" * 7 + text

    yield "text", "plain", b"\x20plain text"
    yield "text", "escape", b"\x20\x1b[31mred\x07\n\xc3\xb6"
    yield "text", "cut", b"\x00longer than four"
    yield "text", "long", b"\x00" + b"0123456789" * 220
    yield "text", "format", b"\xff%s%n%d"

    yield "token", "all", dump(TOKENS)
    yield "token", "access-only", dump({"access_token": "a", "token_type": "bearer"})
    yield "token", "access-is-jwt", dump({"access_token": jwt(CLAIMS).decode(), "token_type": "bearer"})
    yield "token", "access-is-jwt-ahead", dump({"access_token": jwt({"iat": 1700000600, "exp": 1700000900}).decode(),
                                                "token_type": "bearer"})
    yield "token", "expires-as-text", dump(dict(TOKENS, expires_in="3600.5"))
    yield "token", "refresh-expires", dump(dict(TOKENS, refresh_expires_in=1800))
    yield "token", "refresh-expires-never", dump(dict(TOKENS, refresh_expires_in=0))
    yield "token", "refresh-expires-as-text", dump(dict(TOKENS, refresh_token_expires_in="15811200.5"))
    yield "token", "expires-huge", dump(dict(TOKENS, expires_in=1e300))
    yield "token", "mac", dump(dict(TOKENS, token_type="mac"))
    yield "token", "control-character", dump(dict(TOKENS, refresh_token="a\nb"))
    yield "token", "twice", b'{"access_token":"a","access_token":"b","token_type":"bearer"}'
    yield "token", "nul", b'{"access_token":"a\\u0000b","token_type":"bearer"}'
    yield "token", "error", joined(dump({"error": "invalid_grant", "error_description": "no"}), b"\0\1" + b"\0" * 6 + b"\1\x90")
    yield "token", "leak", joined(dump({"error": "x", "error_description": "s3cr3t-that-was-sent"}), b"\0\1")
    yield "token", "deep", b'{"a":' * 60 + b"1" + b"}" * 60

    yield "device", "all", joined(dump(DEVICE), bytes(range(24)))
    yield "device", "google", dump({"device_code": "d", "user_code": "U", "verification_url": ISSUER})
    yield "device", "http", dump(dict(DEVICE, verification_uri="http://localhost/d"))
    yield "device", "escape", dump(dict(DEVICE, user_code="\x1b[2J"))
    yield "device", "interval", dump(dict(DEVICE, interval=1e9, expires_in=0))
    for error in "authorization_pending", "slow_down", "access_denied", "expired_token", "server_error":
        yield "device", error, joined(dump({"error": error}), bytes([5, 1, 100, 0, 0, 1, 200, 0, 9, 4, 0, 1, 1]))

    yield "discovery", "all", joined(ISSUER.encode(), dump(METADATA))
    yield "discovery", "with-path", joined(b"https://l/realms/r/", dump(dict(METADATA, issuer="https://l/realms/r/")))
    yield "discovery", "another-issuer", joined(b"https://other.example", dump(METADATA))
    yield "discovery", "http", joined(ISSUER.encode(), dump(dict(METADATA, token_endpoint="http://login.example/t")))
    yield "discovery", "lists", joined(ISSUER.encode(), dump(dict(
        METADATA, grant_types_supported=["refresh_token"], token_endpoint_auth_methods_supported=["none", 1],
        scopes_supported=["openid"], claims_supported=[], acr_values_supported=["b"], keys=[{"kty": "RSA"}],
        id_token_signing_alg_values_supported=["RS256", "none"])))
    yield "discovery", "no-token-endpoint", joined(ISSUER.encode(), dump({"issuer": ISSUER}))

    yield "jwt", "rfc7515", (b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo"
                             b"gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    yield "jwt", "claims", jwt(CLAIMS)
    yield "jwt", "empty-objects", b"e30.e30.AA"
    yield "jwt", "none", b".".join([b64({"alg": "none"}), b64(CLAIMS), b""])
    yield "jwt", "left-over-bits", b"e30.e30.AB"
    yield "jwt", "padded", b"e30=.e30=.AA=="
    yield "jwt", "five-parts", b"e30.e30.AA.AA.AA"

    yield "status", "active", (b"state=active\nsubject=24\nissuer=https://l\nscope=openid\nrenew_at=1700000300\n"
                               b"renewed_at=1700000000\nrenewals=3\nfailures=0\nhelper_pid=4711\n")
    yield "status", "retrying", b"state=retrying\nfailures=2\nlast_error=cannot be reached\n"
    yield "status", "unknown-line", b"state=login_required\nnew=1\n\nsubject=\x1b[1m\n"
    yield "status", "no-end", b"state=active"
    yield "status", "bad-number", b"renewals=-1\n"

    for name, url in {"https": b"https://login.example/a?b=c", "loopback": b"http://127.0.0.1:80/",
                      "ipv6": b"http://[::1]:8080/x", "user": b"https://u:p@h/", "fragment": b"https://h/#f",
                      "file": b"file:///etc/passwd", "idn": b"https://l\xc3\xb6gin.example",
                      "zone": b"https://[fe80::1%25eth0]/", "number": b"http://2130706433/", "backslash":
                      b"https://a\\@b/", "one-slash": b"https:/h", "percent": b"https://%6cocalhost/"}.items():
        yield "url", name, url

    yield "form", "ascii", joined(b"grant_type", b"urn:ietf:params:oauth:grant-type:device_code", b"dc-1")
    yield "form", "special", joined(b"a&b", b"c=d e%2f+\xff\x01", b"\0\xff secret that is long")
    yield "form", "words", joined(b"resource", b" https://r1/  https://r2/ ", b"short")
    yield "form", "empty", joined(b"", b"", b"")

    def number(value):
        return value.to_bytes(8, "big")

    for name, outcome, margin in ("ok", 0, b"auto"), ("percent", 0, b"10%"), ("seconds", 0, b"60"), \
            ("transient", 1, b""), ("ambiguous", 2, b""), ("misconfigured", 4, b""):
        yield "schedule", name, number(1700000000) + number(1700000300) + number(300) + bytes([outcome]) \
            + number(2) + number(30) + number(0xDEADBEEF) + number(1700001800) + b"\1\1" + number(400) + joined(margin, bytes([0, 4, 1, 4, 2, 3, 4]))

    yield "settings", "all", dump(SETTINGS)
    yield "settings", "public", dump({k: v for k, v in SETTINGS.items() if k != "client_secret"} | {"client_auth": "none"})
    yield "settings", "no-secret", dump({k: v for k, v in SETTINGS.items() if k != "client_secret"})
    yield "settings", "introspects", dump(dict(SETTINGS, introspect_refresh=True, introspection_endpoint=ISSUER))
    yield "settings", "every-text", dump(dict(SETTINGS, audience="a", resource="https://r/", ca_file="/ca", proxy="p",
                                              jwks_uri=ISSUER, userinfo_endpoint=ISSUER, signing_algorithms="RS256"))

    yield "options", "all", b"\0" + joined(b"config=/etc/c", b"debug", b"minimum_uid=500", b"try_first_pass", b"use_first_pass")
    yield "options", "unknown", b"\0" + joined(b"debug", b"colour=red")
    yield "options", "relative", b"\0config=etc/c"
    yield "options", "uid-overflow", b"\0minimum_uid=4294967295"
    yield "options", "handoff", b"\1keyring;0;0;003f0000;oidc-handoff:61001:0123456789abcdef"
    yield "options", "another-users", b"\1keyring;61001;0;003f0000;oidc-handoff:61001:0123456789abcdef"
    yield "options", "user-key", b"\1user;0;0;3f010000;oidc:access_token"
    yield "options", "pidfd", b"\2pos:\t0\nflags:\t02000002\nmnt_id:\t15\nPid:\t4711\nNSpid:\t4711\n"
    yield "options", "dead-pidfd", b"\2pos:\t0\nPid:\t-1\nNSpid:\t-1\n"
    yield "options", "file", b"\2pos:\t0\nflags:\t0100000\n"

    yield "approval", "all", PROMPT
    yield "approval", "escape", message("PROMPT", USER_CODE="\x1b[2J\n", VERIFICATION_URI="x\ny" * 900, EXPIRES_IN=61)
    yield "approval", "seconds-huge", message("PROMPT", USER_CODE="a", EXPIRES_IN=2**63 - 1)
    yield "approval", "qr", message("PROMPT", USER_CODE="a", QR="01" * 220 + "1", QR_WHEN="auto")
    yield "approval", "empty", message("PROMPT")

    whole = message("NEED_FILES", PATH="/fuzz/secret", MAP_PATH="/fuzz/map") + PROMPT + RESULT
    for name, behaviour in {"login": 0, "no-data": 2, "no-variable": 4, "no-helper": 8, "mute-helper": 16,
                            "another-user": 32, "no-close": 64, "no-prompt": 128}.items():
        yield "module", name, bytes([0, behaviour, 1]) + whole
    for fate in range(1, 120, 4):
        yield "module", f"call-{fate:03}-fails", bytes([1, fate, 0, 1]) + whole
    for who, name in enumerate(("first", "root", "daemon", "case"), 2):
        yield "module", f"account-of-{name}", bytes([0, 0, who]) + whole
    yield "module", "password", bytes([0, 1, 0]) + message("NEED_FILES") + message("NEED_PASSWORD") + RESULT
    yield "module", "files-twice", bytes([0, 0, 0]) + message("NEED_FILES") * 2 + RESULT
    yield "module", "denied", bytes([0, 0, 0]) + message("RESULT", OUTCOME="denied", REASON="no", NOTICE="No.")
    yield "module", "no-token", bytes([0, 0, 0]) + message("RESULT", OUTCOME="ok")
    yield "module", "cut", bytes([0, 0, 0]) + whole[:-3]

    def said(verb, caller, *replies):
        return bytes([verb]) + len(caller).to_bytes(2, "big") + caller + joined(*replies)

    def ok(value):
        return bytes([0, 0, 1, 0]) + dump(value)

    def error(status, code):
        return bytes([0, status, 1, 2]) + dump({"error": code})

    login = message("LOGIN", CONFIG=MINIMAL, PATH="/etc/c", USER="alice", UID=1000, DEADLINE=0)
    stored = message("STORED")
    refresh_stored = message("REFRESH_STORED")
    pending = error(1, "authorization_pending")
    renew = message("RENEW", SETTINGS=dump(SETTINGS), REFRESH_TOKEN="rt-0")
    revoke = message("REVOKE", SETTINGS=dump(SETTINGS), REFRESH_TOKEN="rt-0", ACCESS_TOKEN="at-0")
    files = message("FILES", FILE="s3cr3t")
    with_password = message("LOGIN", CONFIG=FULL, PATH="/etc/c", USER="alice", UID=1000)
    yield "exchange", "login", said(0, login + stored, ok(METADATA), ok(DEVICE), pending, ok(TOKENS))
    yield "exchange", "login-files", said(0, login + message("FILES") + stored, ok(METADATA), ok(DEVICE), ok(TOKENS))
    yield "exchange", "login-not-stored", said(0, login, ok(METADATA), ok(DEVICE), ok(TOKENS), ok({}))
    yield "exchange", "login-other-user", said(0, login.replace(b"alice", b"mallo"), ok(METADATA), ok(DEVICE), ok(TOKENS))
    yield "exchange", "login-denied", said(0, login, ok(METADATA), ok(DEVICE), error(1, "access_denied"))
    yield "exchange", "login-slow", said(0, login, ok(METADATA), ok(DEVICE), error(1, "slow_down"), error(6, "x"), ok(TOKENS))
    yield "exchange", "login-password", said(0, with_password + files + message("PASSWORD", PASSWORD="pw") + stored, ok(TOKENS))
    yield "exchange", "login-oauth-metadata", said(0, login, bytes([0, 3, 1, 0]), ok(METADATA), ok(DEVICE), ok(TOKENS))
    # Logins that end well: '$' is an ID token with the claims behind it, '^' the provider's keys.
    person = dict(CLAIMS, iat=1790000000)
    signed = dict(TOKENS, id_token="$", access_token="CANARY-access-0123", refresh_token="CANARY-refresh-0123")
    tokens = joined(ok(signed), dump(person))
    published = bytes([0, 0, 1, 0]) + b"^"
    begun = message("LOGIN", CONFIG=MINIMAL, PATH="/etc/c", USER="alice", UID=1000, DEADLINE=60) + message("FILES")
    yield "exchange", "good", said(0, begun + stored, ok(METADATA), ok(DEVICE), pending, tokens, published)
    yield "exchange", "good-not-stored", said(0, begun, ok(METADATA), ok(DEVICE), tokens, published, ok({}), ok({}))
    yield "exchange", "good-refresh-stored", said(0, begun + refresh_stored + stored, ok(METADATA), ok(DEVICE), tokens,
                                                  published, ok({}), ok({}))
    yield "exchange", "good-other-user", said(0, begun.replace(b"alice", b"mallo") + stored, ok(METADATA), ok(DEVICE), tokens,
                                              published)
    yield "exchange", "good-root", said(0, begun.replace(b"1000", b"0000") + stored, ok(METADATA), ok(DEVICE), tokens, published)
    yield "exchange", "good-forged", said(0, begun + stored, ok(METADATA), ok(DEVICE), tokens.replace(b"$", b"~"), published,
                                          published)
    yield "exchange", "good-new-keys", said(0, begun + stored, ok(METADATA), ok(DEVICE), tokens, ok({"keys": []}), published)

    def claims_from(source, more=b"", **files):
        config = MINIMAL + b"[login]\nclaims_from = " + source + b"\n" + more
        return message("LOGIN", CONFIG=config, PATH="/etc/c", USER="alice", UID=1000) + message("FILES", **files) + stored

    who = {"sub": "248289761001", "preferred_username": "alice", "active": True, "client_id": "c"}
    before = joined(ok(METADATA), ok(DEVICE))
    yield "exchange", "userinfo", said(0, claims_from(b"userinfo"), before, tokens, ok(who))
    yield "exchange", "introspection", said(0, claims_from(b"introspection"), before, tokens, ok(who))
    yield "exchange", "introspection-refresh", said(0, claims_from(b"introspection"), before, tokens, ok(who),
                                                    ok(dict(who, exp=4102444800)))
    yield "exchange", "renew-introspection", said(1, message("RENEW", SETTINGS=dump(dict(
        SETTINGS, introspection_endpoint=ISSUER + "/introspect", introspect_refresh=True)), REFRESH_TOKEN="rt-0") + stored,
        ok(TOKENS), ok(dict(who, exp=4102444800)))
    yield "exchange", "both", said(0, claims_from(b"id_token userinfo"), before, tokens, published, ok(who))
    yield "exchange", "map", said(0, claims_from(b"id_token", b"username_map_file = /etc/m\n", MAP="alice = alice\n"), before,
                                  tokens, published)
    long = "CANARY-of-an-id-token.0123456789"
    yield "exchange", "userinfo-repeats", said(0, claims_from(b"userinfo"), before, ok(dict(TOKENS, id_token=long)),
                                               bytes([0, 1, 1, 2]) + dump({"error": "x", "error_description": long}))
    yield "exchange", "renew-signed", said(1, renew + stored, tokens, published)
    renew_keys = message("RENEW", SETTINGS=dump(dict(SETTINGS, jwks_uri=ISSUER + "/jwks", signing_algorithms="ES256")),
                         REFRESH_TOKEN="CANARY-refresh-old")
    yield "exchange", "renew-verified", said(1, renew_keys + stored, tokens, published)
    yield "exchange", "renew-no-algorithms", said(1, message("RENEW", SETTINGS=dump(dict(SETTINGS, jwks_uri=ISSUER + "/jwks")),
                                                             REFRESH_TOKEN="CANARY-refresh-old") + stored, tokens, published)
    yield "exchange", "renew-repeats", said(1, renew_keys + stored, ok(dict(TOKENS, id_token=long)),
                                            bytes([0, 1, 1, 2]) + dump({"error": "x", "error_description": long}))
    yield "exchange", "renew", said(1, renew + stored, ok(TOKENS))
    yield "exchange", "renew-not-stored", said(1, renew, ok(TOKENS), ok({}), ok({}))
    yield "exchange", "renew-in-steps", said(1, renew + refresh_stored + stored, ok(TOKENS))
    yield "exchange", "renew-refresh-stored", said(1, renew + refresh_stored, ok(TOKENS), ok({}))
    yield "exchange", "renew-refresh-stored-twice", said(1, renew + refresh_stored * 2 + stored, ok(TOKENS), ok({}))
    yield "exchange", "renew-no-revoke", said(1, renew.replace(b'"revoke": true', b'"revoke":false'), ok(TOKENS))
    yield "exchange", "renew-unusable", said(1, renew, ok(dict(TOKENS, token_type="mac")), ok({}), ok({}))
    yield "exchange", "renew-same-unusable", said(1, renew, ok(dict(TOKENS, token_type="mac", refresh_token="rt-0")), ok({}))
    yield "exchange", "renew-dead", said(1, renew, error(1, "invalid_grant"))
    yield "exchange", "renew-lost", said(1, renew, bytes([2, 0, 1, 0]))
    yield "exchange", "revoke", said(2, revoke, ok({}), ok({}))
    yield "exchange", "revoke-refused", said(2, revoke, error(1, "unsupported_token_type"), error(6, ""))

    rsa = {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "e": "AQAB",
           "n": b64(b"\xc3" + bytes(range(255)))[:-1].decode() + "A"}
    # RFC 7517 A.1, RFC 8037 A.2
    p256 = {"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "kid": "1"}
    ed = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    for name, number, kid, keys in ("rsa", 0, b"k1", [rsa]), ("pss", 1, b"k1", [dict(rsa, alg="PS256")]), \
            ("p256", 2, b"1", [p256]), ("ed25519", 5, b"", [ed]), ("weak", 0, b"k1", [dict(rsa, n="AQAB")]), \
            ("all", 2, b"", [rsa, p256, ed]), ("off-curve", 2, b"1", [dict(p256, y=p256["x"])]), \
            ("encryption", 0, b"k1", [dict(rsa, use="enc")]), ("many", 5, b"", [ed] * 12), ("none", 0, b"", []):
        yield "jwks", name, bytes([number]) + joined(kid, dump({"keys": keys}), b"\x01" * 64)
    yield "jwks", "no-set", b"\0" + joined(b"", b'{"keys":{}}')

    claims = {"iss": ISSUER, "aud": "c", "sub": "24", "exp": 1800000300, "iat": 1799999990}
    for name, hand, header, payload in (
            ("p256", 0, {"alg": "ES256", "kid": "p256"}, claims), ("ed25519", 1, {"alg": "EdDSA", "kid": "ed"}, claims),
            ("unpublished", 2, {"alg": "ES384"}, claims), ("no-kid", 0, {"alg": "ES256"}, claims),
            ("none", 0, {"alg": "none"}, claims), ("crit", 0, {"alg": "ES256", "crit": ["b64"], "b64": False}, claims),
            ("audiences", 0, {"alg": "ES256", "kid": "p256"}, dict(claims, aud=["c", "d"], azp="c")),
            ("expired", 0, {"alg": "ES256", "kid": "p256"}, dict(claims, exp=1)),
            ("later", 0, {"alg": "ES256", "kid": "p256"}, dict(claims, nbf=1900000000)),
            ("another-issuer", 0, {"alg": "ES256", "kid": "p256"}, dict(claims, iss="https://other.example")),
            ("another-type", 0, {"alg": "ES256", "kid": "p256", "typ": "at+jwt"}, claims)):
        yield "id_token", name, bytes([hand]) + joined(dump(header), dump(payload), b"A")
    yield "id_token", "unsigned", bytes([3]) + jwt(claims, {"alg": "ES256", "kid": "p256"})
    yield "id_token", "no-signature", bytes([3]) + b".".join([b64({"alg": "none"}), b64(claims), b""])

    table = b"# who\nsub 24 = alice\nalice@example.org = alice\nCN=x, O=y = root\n"
    for name, user, value in ("name", b"alice", {"name": "alice"}), ("domain", b"alice", {"name": "alice@example.org"}), \
            ("mapped", b"alice", {"name": "sub 24"}), ("root", b"root", {"name": "CN=x, O=y"}), \
            ("case", b"alice", {"name": "Alice"}), ("array", b"alice", {"name": ["alice"]}), \
            ("groups", b"alice", {"name": "alice", "realm_access": {"roles": ["staff"]}}), \
            ("dotted", b"alice", {"name": "alice", "realm_access.roles": "admin"}):
        yield "claims", name, joined(user, dump(value), table)
    yield "claims", "bad-map", joined(b"alice", b'{"name":"alice"}', table + b"alice alice\n")


    entry = {"url": ISSUER + "/keys", "fetched_at": 1799999000, "fresh_until": 1800002600, "document": {"keys": []}}
    for name, mode, value in ("good", 0, entry), ("private", 1, entry), ("of-a-group", 2, entry), ("of-others", 3, entry), \
            ("another-url", 0, dict(entry, url=ISSUER)), ("stale", 0, dict(entry, fresh_until=1799999999)), \
            ("from-the-future", 0, dict(entry, fetched_at=1800000001)), ("for-years", 0, dict(entry, fresh_until=4e9)), \
            ("no-document", 0, dict(entry, document=[])), ("text", 0, dict(entry, fetched_at="1799999000")):
        yield "cache", name, bytes([mode]) + dump(value)

    for name, lines in {
            "max-age": [b"Cache-Control: max-age=600, must-revalidate"], "no-store": [b"Cache-Control: no-store"],
            "two": [b"Cache-Control: public", b"cache-control: max-age=\"700\""], "folded": [b"Age: 1", b" 2"],
            "again": [b"Age: 1", b"HTTP/1.1 200 OK", b"Age: 2"], "trailer": [b"Age: 1", b"", b"Cache-Control: no-store"],
            "huge": [b"Cache-Control: max-age=99999999999999999999"], "differ": [b"Cache-Control: max-age=1, max-age=2"],
            "expires": [b"Date: Fri, 15 Jan 2027 08:00:00 GMT", b"Expires: Fri, 15 Jan 2027 10:00:00 GMT"],
            "retry-after": [b"Retry-After: 120", b"retry-after:120"], "retry-twice": [b"Retry-After: 1", b"Retry-After: 2"],
            "retry-date": [b"Date: Fri, 15 Jan 2027 08:00:00 GMT", b"Retry-After: Fri, 15 Jan 2027 08:02:00 GMT"],
            "retry-huge": [b"Retry-After: 99999999999999999999"], "retry-folded": [b"Retry-After: 1", b" 2"],
            "retry-interim": [b"Retry-After: 1", b"", b"HTTP/1.1 503 Busy", b"Retry-After: 2", b"", b"Retry-After: 3"],
            "expires-0": [b"Expires: 0"], "age": [b"Age: 3000", b"Cache-Control: max-age=4000, x=\"a\\\"b\""]}.items():
        yield "freshness", name, joined(b"HTTP/1.1 200 OK\r\n", *[line + b"\r\n" for line in lines])

    for name, value in {"good": who, "inactive": dict(who, active=False), "as-text": dict(who, active="true"),
                        "another-client": dict(who, client_id="d"), "times": dict(who, exp=1800000300, nbf=1799999999),
                        "expired": dict(who, exp=1), "mac": dict(who, token_type="mac"), "email": dict(who, email="a@b"),
                        "issuer": dict(who, iss="https://other.example"), "nobody": {"active": True}}.items():
        yield "introspection", name, joined(b"248289761001", dump(value))

    for first in range(5):
        for second in range(5):
            yield "leak", f"{first}-{second}", joined(b"s3cr+t a/b", bytes([first * 16 + second, first, second, 2])
                                                      + b"ab and more")
    yield "leak", "long", joined(b"0123456789-CANARY-0123456789?", bytes([0xff, 3, 1, 0]))

    auth, keyinit = b"auth [success=done default=die] pam_oidc_session.so config=/c # x\n", b"session optional pam_keyinit.so force\n"
    rest = b"account required pam_unix.so\n" + keyinit + b"session required pam_oidc_session.so\n"
    for name, files in {"good": [auth + rest], "include": [b"@include a\n", b"auth include b\nsession substack c\n", auth, rest],
                        "circle": [b"@include a\n", b"@include b\n@include a\n", b"@include a\n"],
                        "late": [auth + b"session required pam_oidc_session.so\n" + keyinit],
                        "joined": [b"auth sufficient \\\n pam_oidc_session.so debug\n-auth requisite /lib/pam_nologin.so"],
                        "bad": [b"auth\n@include\nauth include none\nauth [a=b pam_oidc_session.so [c d\n" + rest]}.items():
        yield "stack", name, b"\0" + joined(*files)
    for name, files in {"plain": [b"UsePAM yes\nKbdInteractiveAuthentication no\nLoginGraceTime 1h30m\n"],
                        "match": [b"Include /d/*\nMatch User x\nUsePAM no\n", b"UsePAM=\"yes\"\n", b"LoginGraceTime 9999999999w"],
                        "around": [b"Include x y\n", b"Include x\n", b"Include x\n", b"Include x\n"]}.items():
        yield "stack", "sshd-" + name, b"\1" + joined(*files)


def main():
    for target, name, data in seeds():
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        (CORPUS / target / name).write_bytes(data)


main()
