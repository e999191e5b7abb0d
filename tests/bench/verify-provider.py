#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whether the provider of the benchmarks does what provider.mjs says.  TAP on standard output."""
import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

from fastprovider import FastProvider

COUNT, FAILED = 0, 0
RATE = 200  # requests a second, on one core


def is_so(name, condition):
    global COUNT, FAILED
    COUNT += 1
    FAILED += not condition
    print(f"{'ok' if condition else 'not ok'} {COUNT} - {name}")


def ask(provider, path, **form):
    """Status and JSON, on a connection of its own."""
    data = urllib.parse.urlencode({"client_id": "bench", **form}).encode() if form else None
    try:
        with urllib.request.urlopen(provider.issuer + path, data, context=provider.tls) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text or "null")


def login(provider, user="u1", password="CANARY-pw-u1"):
    return ask(provider, "/token", grant_type="password", username=user, password=password, scope="openid")


def renew(provider, token):
    return ask(provider, "/token", grant_type="refresh_token", refresh_token=token)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def grants(provider):
    found = ask(provider, "/.well-known/openid-configuration")[1]
    is_so("discovery names its endpoints", found["token_endpoint"].startswith(provider.issuer))
    is_so("it has one signing key", ask(provider, "/jwks")[1]["keys"][0]["kid"] == "test-jwt-key-ES256")
    is_so("a wrong password is refused", login(provider, password="other") == (400, {"error": "invalid_grant"}))
    status, tokens = login(provider)
    is_so("the password grant gives tokens", status == 200 and tokens["expires_in"] == 7)
    is_so("the ID token is for the user", claims(tokens["id_token"])["preferred_username"] == "u1")
    status, fresh = renew(provider, tokens["refresh_token"])
    is_so("they are renewed", status == 200 and fresh["access_token"] != tokens["access_token"])
    is_so("the refresh token rotates", renew(provider, tokens["refresh_token"])[0] == 400)
    is_so("a token is revoked", ask(provider, "/token/revocation", token=fresh["refresh_token"])[0] == 200)
    is_so("which is final", renew(provider, fresh["refresh_token"])[0] == 400)
    routes = [(line.route, line.user, line.status) for line in provider.requests()]
    both = [("token:refresh_token", "u1", 200), ("token:refresh_token", "-", 400)]
    is_so("the log has all of it", routes[4:6] == both and len(routes) == 8)
    provider.lifetime(9)
    is_so("tokens to come live as long as it is told", login(provider)[1]["expires_in"] == 9)


def rate(provider):
    before, token = provider.cpu(), login(provider)[1]["refresh_token"]
    for _ in range(RATE):
        token = renew(provider, token)[1]["refresh_token"]
    used = provider.cpu() - before
    print(f"# {used / RATE * 1000:.2f} ms of CPU for a renewal on a new connection")
    is_so(f"one core is enough for {RATE} renewals a second", used < 1)


def main():
    provider = FastProvider(ACCESS_TTL=7)
    try:
        grants(provider)
        rate(provider)
    finally:
        provider.stop()
    print(f"1..{COUNT}")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
