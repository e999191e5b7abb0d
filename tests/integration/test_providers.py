# SPDX-License-Identifier: MIT
"""The provider guide: the file of each page logs in, renews and logs out at what the page says that the provider is.

The page's file is used as it stands, but for what only the real provider has: its addresses, the client and its secret.
"""
import contextlib
import os
import re

import pytest

from conftest import CA, TOP, PamApp, configure, stack
from logins import Attempt
from renewals import close, living, renew, status
from scenes import AUTH, KEYINIT_REVOKE, SESSION, Grants, timeouts

GUIDE = f"{TOP}/docs/providers"
SERVICE = "provider-guide"
PATHS = {"token_endpoint": "/token", "device_authorization_endpoint": "/device/auth", "userinfo_endpoint": "/me"}
CLIENTS = {None: ("pam-public", None), "client_secret_basic": ("pam-basic", "CANARY-secret-basic"),
           "client_secret_post": ("pam-post", "CANARY-secret-post")}
# What it answers to the revocation of the refresh token and of the access token, and whether a renewal brings a new
# refresh token.
PROVIDERS = {
    "keycloak": ([200, 200], True),
    "auth0": ([200, 400], True),
    "okta": ([200, 200], True),
    "entra-id": ([], True),
    "google": ([200, 400], False),
    "gitlab": ([200, 200], True),
    "github": ([], True),
    "dex": ([], True),
    "authelia": ([200, 200], True),
    "authentik": ([200, 200], True),
    "indigo-iam": ([200, 200], False),
}
# Lines of a page without which, or in whose place, the login is refused, and what is said then.
NEEDED = [
    ("auth0", "username_strip_domain = example.com", "username_strip_domain = example.org", "is of another domain"),
    ("authelia", "claims_from = id_token userinfo", "", "no usable name: claim preferred_username is missing"),
    ("github", "subject_claim = id", "", r"does not say whom its answer is about \(no sub\)"),
    ("gitlab", "device_authorization_endpoint = .*", "", "metadata has no device_authorization_endpoint"),
    ("google", "scope = .*", "scope = openid email offline_access", "answered 400 invalid_scope"),
]


def read(name):
    with open(f"{GUIDE}/{name}.md", encoding="utf-8") as file:
        return file.read()


def block(page, language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)
    assert len(found) == 1, f"{len(found)} blocks of {language}"
    return found[0]


def value(text, key):
    found = re.search(rf"^{key} = (.*)$", text, re.M)
    return found and found.group(1)


def write(path, text, mode):
    with open(path, "w", encoding="ascii") as file:
        os.chmod(path, mode)
        file.write(text)


@pytest.fixture(autouse=True)
def beside():
    """What a page has beside its file is gone afterwards."""
    yield
    for path in ("/etc/security/oidc-session.secret", "/etc/security/oidc-session.map"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def adapt(text, provider):
    """The page's file, with the addresses and the client of the provider here."""
    assert value(text, "issuer").endswith("/") == provider.issuer.endswith("/"), "the slash is part of the issuer"
    client, secret = CLIENTS[value(text, "client_auth")]
    changes = {"issuer": provider.issuer, "client_id": client,
               **{key: provider.issuer.rstrip("/") + path for key, path in PATHS.items()}}
    for key, to in changes.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {to}", text, flags=re.M)
    if secret:
        write(value(text, "client_secret_file"), f"{secret}\n", 0o600)
    return text.replace("[provider]\n", f"[provider]\nca_file = {CA}\n", 1)


def test_every_page_of_the_guide_is_tried_here_and_says_whether_on_the_real_service():
    pages = {name[:-len(".md")] for name in os.listdir(GUIDE)} - {"README"}
    assert pages == set(PROVIDERS)
    index = read("README")
    for name in pages:
        page = read(name)
        assert re.search(r"\*\*(Not t|T)ried on the real service", page) and f"`PROFILE={name}`" in page, name
        assert f"]({name}.md)" in index, name


def set_up(provider, name):
    """The page's file, and those that it names; the text of it."""
    page = read(name)
    text = adapt(block(page, "ini"), provider)
    configure(provider, text)
    if value(page, "username_map_file"):
        write(value(page, "username_map_file"), block(page, "text"), 0o644)
    return text


def logged_in(provider):
    """A session, which waits."""
    stack(SERVICE, AUTH + KEYINIT_REVOKE + SESSION)
    app = PamApp(SERVICE, "alice", "authenticate", "acct", "establish", "open", "wait", "close", "end")
    app.approve(provider)
    app.line("open: PAM_SUCCESS")
    app.line("waiting")
    return app


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_file_of_a_page_logs_in_renews_and_logs_out_at(the_provider, log, name):
    revocation, rotates = PROVIDERS[name]
    provider = the_provider.start(PROFILE=name)
    grants = Grants(provider)
    set_up(provider, name)
    app = logged_in(provider)
    now = status()
    assert now["state"] == "active"
    # Keycloak says 0 there, which is no end.
    assert ("refresh_expires_at" in now) == (name == "github")
    login, = [line["issued"] for line in grants.requests("token:device_code") if line.get("issued")]
    assert login.get("refresh_token"), "without one there is no renewal"

    renew()
    renewal, = [line["issued"] for line in grants.requests("token:refresh_token")]
    assert renewal["access_token"] != login["access_token"]
    newest = renewal.get("refresh_token") or login["refresh_token"]
    assert (newest != login["refresh_token"]) == rotates

    close(app)
    pair = [newest, renewal["access_token"]]
    asked = grants.requests("revocation")
    assert [line["status"] for line in asked] == revocation
    assert [line["presented"] for line in asked] == (pair if revocation else [])
    left = living(provider, grants)
    assert not left if revocation else left >= set(pair)
    if name == "auth0":
        log.wait("not revoked at the provider: the revocation endpoint at .* answered 400 unsupported_token_type")
    elif revocation:
        log.wait("tokens removed and revoked")
    assert not log.lines(r"authpriv\.(warning|err) .*oidc.session")


@pytest.mark.parametrize("name, line, instead, reason", NEEDED, ids=[name for name, *_ in NEEDED])
def test_a_line_that_a_page_has_for_a_reason_is_missed_at(the_provider, name, line, instead, reason):
    provider = the_provider.start(PROFILE=name)
    text, count = re.subn(f"^{line}$", instead, set_up(provider, name), flags=re.M)
    assert count == 1
    configure(provider, text)
    attempt = Attempt(provider)
    if name not in ("gitlab", "google"):
        attempt.approve()
    assert attempt.end().result != "PAM_SUCCESS" and not attempt.kept
    assert re.search(reason, attempt.log.one("oidc.session.*user alice")), attempt.log.lines()


def test_a_token_of_a_GitHub_OAuth_App_lives_as_long_as_the_configuration_says(the_provider):
    provider = the_provider.start(PROFILE="github", REFRESH_TOKENS="never")
    provider.faults(**{"token:device_code": {"remove": ["expires_in", "refresh_token_expires_in"]}})
    configure(provider, set_up(provider, "github") + "[renewal]\ndefault_lifetime = 36000\n")
    app = logged_in(provider)
    assert 9 * 3600 <= timeouts()["oidc:access_token"] <= 10 * 3600
    close(app)
