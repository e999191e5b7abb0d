# SPDX-License-Identifier: MIT
"""What is sent to the provider, and where: clients, scopes, endpoints, http, certificates, proxies."""
import os

import pytest

from conftest import CA, CONFIG, configure, wait_until
from logins import NO_ANSWER, NOT_SET_UP, Attempt, Connections, Proxy, Stub

HOST = r"localhost:\d+"
SECRET_FILE = "/etc/security/client-secret"
SECRETS = {"pam-basic": "CANARY-secret-basic", "pam-odd": 'CANARY-secret o d+d%:&=/"~',
           "pam-post": "CANARY-secret-post"}


@pytest.fixture(autouse=True)
def ready(provider):
    configure(provider)


def client(provider, client_id, method=None, secret=None, **more):
    """Configure one of the provider's clients."""
    if method:
        with open(SECRET_FILE, "w", encoding="ascii") as file:
            os.chmod(SECRET_FILE, 0o600)
            file.write(secret or SECRETS[client_id])
        more.update(provider_client_auth=method, provider_client_secret_file=SECRET_FILE)
    configure(provider, provider_client_id=client_id, **more)


def all_revoked(attempt):
    wait_until(lambda: attempt.issued() and not attempt.unrevoked(), "the tokens are revoked")


# ---- who asks ----------------------------------------------------------------------------

@pytest.mark.parametrize("client_id, method", [
    pytest.param("pam-public", None, id="nothing"),
    pytest.param("pam-basic", "client_secret_basic", id="a_secret_in_a_header"),
    pytest.param("pam-odd", "client_secret_basic", id="a_secret_with_reserved_characters_in_a_header"),
    pytest.param("pam-post", "client_secret_post", id="a_secret_in_the_request"),
])
def test_a_client_logs_in_and_revokes_with(provider, client_id, method):
    client(provider, client_id, method)
    attempt = Attempt(provider).approve().succeeded()
    all_revoked(attempt)
    for route in ("device_authorization", "token:device_code", "revocation"):
        assert {line["client"] for line in attempt.requests(route)} == {client_id}, route


def test_one_newline_behind_the_secret_does_not_count(provider):
    client(provider, "pam-basic", "client_secret_basic", "CANARY-secret-basic\n", login_grant="password")
    Attempt(provider).password().succeeded()


@pytest.mark.parametrize("client_id, method, secret", [
    pytest.param("pam-basic", "client_secret_basic", "CANARY-secret-wrong", id="the_wrong_secret"),
    pytest.param("pam-basic", "client_secret_basic", "CANARY-secret-basic\n\n", id="a_newline_in_the_secret"),
    pytest.param("pam-basic", None, None, id="no_secret"),
])
def test_a_client_is_refused_with(provider, client_id, method, secret):
    client(provider, client_id, method, secret)
    attempt = Attempt(provider)
    if secret == "CANARY-secret-basic\n\n":
        attempt.refused("PAM_SERVICE_ERR", "err", rf"{CONFIG}:\d+: \[provider\] client_secret_file: {SECRET_FILE}: the"
                        " secret contains a control character", NOT_SET_UP)
    else:
        attempt.refused("PAM_SERVICE_ERR", "err", rf"the device authorization endpoint at {HOST} answered 40[01]"
                        " invalid_client.*", NOT_SET_UP)


# ---- what is sent ---------------------------------------------------------------------------

DEVICE_ANSWER = (b'{"device_code": "CANARY-DC-stub", "user_code": "AAAA-BBBB", "expires_in": 60, "interval": 1,'
                 b' "verification_uri": "https://localhost/device"}')


@pytest.fixture
def stub():
    with Stub() as stub:
        stub.answers = {"/device": (200, {}, [DEVICE_ANSWER]),
                        "/token": (400, {}, [b'{"error": "access_denied"}'])}
        yield stub


def asked(stub, provider, **settings):
    """The requests of a login at the stub, which refuses it."""
    configure(provider, **stub.settings(**settings))
    attempt = Attempt()
    if settings.get("login_grant") == "password":
        attempt.password()
    else:
        attempt.code()
        attempt.app.answer()
    assert attempt.end().result == "PAM_MAXTRIES", attempt.log.lines()
    return stub.asked


def test_the_requests_of_the_device_grant_are_these_and_no_more(stub, provider):
    first, second = asked(stub, provider)
    assert first[:2] == ("POST", "/device") and second[:2] == ("POST", "/token")
    assert sorted(first[3]) == [("client_id", "pam-public"), ("scope", "openid profile offline_access")]
    assert sorted(second[3]) == [("client_id", "pam-public"), ("device_code", "CANARY-DC-stub"),
                                 ("grant_type", "urn:ietf:params:oauth:grant-type:device_code")]
    for _, _, headers, _ in (first, second):
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert headers["Accept"] == "application/json"
        assert not {"Authorization", "Cookie", "Referer", "Expect"} & set(headers)


def test_the_request_of_the_password_grant_is_this_and_no_more(stub, provider):
    only, = asked(stub, provider, login_grant="password", provider_audience="https://api.test/?a=b&c",
                  provider_resource="urn:one urn:two")
    assert only[:2] == ("POST", "/token")
    assert sorted(only[3]) == [
        ("audience", "https://api.test/?a=b&c"), ("client_id", "pam-public"), ("grant_type", "password"),
        ("password", "CANARY-pw-alice"), ("resource", "urn:one"), ("resource", "urn:two"),
        ("scope", "openid profile offline_access"), ("username", "alice")]


def test_the_secret_of_client_secret_post_is_in_the_form_and_not_in_a_header(stub, provider):
    client(provider, "pam-odd", "client_secret_post")
    requests = asked(stub, provider, provider_client_id="pam-odd", provider_client_auth="client_secret_post",
                     provider_client_secret_file=SECRET_FILE)
    for _, _, headers, form in requests:
        assert ("client_secret", SECRETS["pam-odd"]) in form and "Authorization" not in headers


def test_the_secret_of_client_secret_basic_is_in_a_header_and_not_in_the_form(stub, provider):
    client(provider, "pam-odd", "client_secret_basic")
    requests = asked(stub, provider, provider_client_id="pam odd:x", provider_client_auth="client_secret_basic",
                     provider_client_secret_file=SECRET_FILE)
    for _, _, headers, form in requests:
        # pam%20odd%3Ax:CANARY-secret%20o%20d%2Bd%25%3A%26%3D%2F%22~
        assert headers["Authorization"] == ("Basic cGFtJTIwb2RkJTNBeDpDQU5BUlktc2VjcmV0JTIwbyUyMGQlMkJkJTI1JTNBJTI2JTNE"
                                            "JTJGJTIyfg==")
        assert not {"client_id", "client_secret"} & {name for name, _ in form}


def test_several_resources_are_several_parameters_at_both_endpoints(stub, provider):
    asked(stub, provider, provider_resource="https://a.test/x?y=1&z https://b.test/", provider_audience="both of them")
    for path in ("/device", "/token"):
        form, = stub.forms(path)
        assert [value for name, value in form if name == "resource"] == ["https://a.test/x?y=1&z", "https://b.test/"]
    assert ("audience", "both of them") in stub.forms("/device")[0]


def test_the_real_provider_is_asked_for_scope_audience_and_resource_as_configured(provider):
    resource = "https://api.example.test/opaque"
    configure(provider, provider_scope="openid profile email offline_access api:read", provider_resource=resource,
              provider_audience="urn:some audience")
    attempt = Attempt(provider).approve().succeeded()
    first, = attempt.requests("device_authorization")
    assert first["scope"] == "openid profile email offline_access api:read"
    assert first["resource"] == resource and first["audience"] == "urn:some audience"
    assert {line["resource"] for line in attempt.requests("token:device_code")} == {resource}


def test_an_access_token_that_is_a_JWT_for_a_resource_will_do(provider):
    configure(provider, provider_scope="openid profile offline_access api:read", login_grant="password",
              provider_resource="https://api.example.test/jwt")
    Attempt(provider).password().succeeded()


def test_another_claim_can_be_the_name(provider):
    configure(provider, login_username_claim="email", provider_scope="openid email offline_access",
              login_grant="password")
    Attempt(provider).password().refused("PAM_MAXTRIES", "notice",
                                         "the provider says this is 'alice@example.test', not 'alice'",
                                         "You are 'alice@example.test' at the provider, not 'alice'.")
    configure(provider, login_username_claim="sub", login_grant="password")
    Attempt(provider).password().succeeded()


# ---- where the endpoints are -----------------------------------------------------------------

def endpoints(provider):
    return {"provider_token_endpoint": provider.token_endpoint,
            "provider_device_authorization_endpoint": provider.device_authorization_endpoint,
            "provider_revocation_endpoint": provider.revocation_endpoint,
            "provider_jwks_uri": provider.jwks_uri}


def test_with_endpoints_in_the_configuration_nothing_is_discovered(provider):
    configure(provider, **endpoints(provider))
    attempt = Attempt(provider).approve().succeeded()
    all_revoked(attempt)
    assert not attempt.requests("discovery") and not attempt.requests("oauth_discovery")


def test_without_a_revocation_endpoint_the_tokens_are_only_removed(provider):
    configure(provider, **{**endpoints(provider), "provider_revocation_endpoint": None})
    attempt = Attempt(provider).approve().succeeded()
    attempt.log.wait("oidc-session-helper.*tokens removed")
    assert attempt.issued() and not attempt.requests("revocation")


def test_an_endpoint_in_the_configuration_is_preferred_to_the_discovered_one(provider):
    with Connections() as elsewhere:
        port = elsewhere.port
        configure(provider, provider_device_authorization_endpoint=f"https://localhost:{port}/device")
        attempt = Attempt(provider)
        attempt.refused("PAM_AUTHINFO_UNAVAIL", "warning",
                        f"the device authorization endpoint at localhost:{port}"
                        " (cannot be reached|gave no usable answer): .+", NO_ANSWER)
        assert elsewhere.count == 1
    assert attempt.requests("discovery") and not attempt.requests("device_authorization")


def test_discovery_is_one_request(provider):
    attempt = Attempt(provider).approve().succeeded()
    assert len(attempt.requests("discovery")) == 1 and not attempt.requests("oauth_discovery")


@pytest.mark.parametrize("path", ["", "/realms/test"])
def test_discovery_of_RFC_8414_follows_when_that_of_OpenID_is_not_found(provider, path):
    provider.start(OP_PATH=path)
    configure(provider)
    provider.faults(discovery={"answer": {"status": 404}})
    attempt = Attempt(provider).approve().succeeded()
    assert [line["status"] for line in attempt.requests("discovery")] == [404]
    assert [line["status"] for line in attempt.requests("oauth_discovery")] == [200]


def test_discovery_of_RFC_8414_does_not_follow_when_that_of_OpenID_fails(provider):
    provider.faults(discovery={"answer": {"status": 500}})
    attempt = Attempt(provider).end()
    assert attempt.result == "PAM_AUTHINFO_UNAVAIL" and not attempt.requests("oauth_discovery")


def test_the_issuer_of_RFC_8414_metadata_is_compared_too(provider):
    provider.faults(discovery={"answer": {"status": 404}}, oauth_discovery={"set": {"issuer": "https://other.test"}})
    Attempt(provider).refused("PAM_SERVICE_ERR", "err", "the provider's metadata is that of issuer"
                              f" 'https://other.test', not of 'https://{HOST}'", NOT_SET_UP)


def test_an_issuer_may_have_a_path(provider):
    provider.start(OP_PATH="/realms/test")
    configure(provider)
    assert provider.issuer.endswith("/realms/test")
    all_revoked(Attempt(provider).approve().succeeded())


# ---- http, and certificates ----------------------------------------------------------------------

def test_http_on_this_host_is_allowed_by_insecure_http(provider):
    provider.start(OP_CERT="none")
    assert provider.issuer.startswith("http://localhost:")
    configure(provider, provider_insecure_http="yes", provider_ca_file=None)
    all_revoked(Attempt(provider).approve().succeeded())


URLS = ["issuer", "token_endpoint", "device_authorization_endpoint", "revocation_endpoint", "jwks_uri"]


@pytest.mark.parametrize("insecure", [None, "no"])
@pytest.mark.parametrize("key", URLS)
def test_http_is_refused_without_insecure_http_as(provider, key, insecure):
    with Connections() as elsewhere:
        settings = {"provider_" + key: f"http://localhost:{elsewhere.port}"}
        configure(provider, provider_insecure_http=insecure, **{**endpoints(provider), **settings})
        Attempt(provider).refused("PAM_SERVICE_ERR", "err",
                                  rf"{CONFIG}:\d+: \[provider\] {key}: is not https; expected .+", NOT_SET_UP)
        assert elsewhere.count == 0


@pytest.mark.parametrize("key, url", [
    *((key, "http://login.example.test/") for key in URLS),
    ("issuer", "http://localhost.example.test"), ("issuer", "http://127.0.0.1.example.test"),
    ("issuer", "http://0.0.0.0"), ("issuer", "http://10.0.0.1"), ("issuer", "http://[::2]"),
    ("issuer", "http://host"),
])
def test_http_to_another_host_is_refused_also_with_insecure_http(provider, key, url):
    configure(provider, provider_insecure_http="yes", **{**endpoints(provider), "provider_" + key: url})
    attempt = Attempt(provider)
    attempt.refused("PAM_SERVICE_ERR", "err",
                    rf"{CONFIG}:\d+: \[provider\] {key}: is http, but not on this host; expected .+", NOT_SET_UP)
    assert not attempt.requests()


def test_http_to_another_host_is_refused_in_metadata_also_with_insecure_http(provider):
    provider.start(OP_CERT="none")
    configure(provider, provider_insecure_http="yes")
    provider.faults(discovery={"set": {"token_endpoint": "http://elsewhere.invalid/token"}})
    Attempt(provider).refused("PAM_SERVICE_ERR", "err", "the provider's metadata: token_endpoint"
                              " 'http://elsewhere.invalid/token' is http, but not on this host", NOT_SET_UP)


def test_insecure_http_does_not_make_https_insecure(provider):
    provider.start(OP_CERT="untrusted")
    configure(provider, provider_insecure_http="yes")
    Attempt(provider).refused("PAM_SERVICE_ERR", "err", f"the provider's metadata at {HOST} cannot be used: .+",
                              NOT_SET_UP)


def test_without_ca_file_the_authorities_are_the_systems(provider):
    configure(provider, provider_ca_file=None)
    Attempt(provider).refused("PAM_SERVICE_ERR", "err", f"the provider's metadata at {HOST} cannot be used:"
                              " SSL certificate problem: unable to get local issuer certificate", NOT_SET_UP)


@pytest.fixture
def ca_file():
    path = "/etc/ssl/test-other.crt"
    yield path
    if os.path.exists(path):
        os.remove(path)


@pytest.mark.parametrize("mode, content", [
    pytest.param(None, None, id="does_not_exist"),
    pytest.param(0o600, "the right one", id="cannot_be_read_by_everybody"),
    pytest.param(0o644, "", id="is_empty"),
    pytest.param(0o644, "-----BEGIN nonsense\n", id="has_no_certificate"),
])
def test_a_ca_file_is_refused_that(provider, ca_file, mode, content):
    if mode is not None:
        if content == "the right one":
            with open(CA, encoding="ascii") as file:
                content = file.read()
        with open(ca_file, "w", encoding="ascii") as file:
            file.write(content)
        os.chmod(ca_file, mode)
    configure(provider, provider_ca_file=ca_file)
    attempt = Attempt(provider)
    attempt.refused("PAM_SERVICE_ERR", "err", rf".*{ca_file}.*", NOT_SET_UP)
    assert not attempt.requests()


# ---- proxies ---------------------------------------------------------------------------------------

def through(port):
    """An environment in which every program that looks uses this proxy."""
    return {name: f"http://127.0.0.1:{port}" for name in
            ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}


def test_the_proxy_of_the_configuration_is_used_for_all_requests(provider):
    with Proxy() as proxy:
        configure(provider, provider_proxy=f"http://127.0.0.1:{proxy.port}")
        attempt = Attempt(provider, env={"no_proxy": "localhost", "NO_PROXY": "*"}).approve().succeeded()
        all_revoked(attempt)
        host = provider.issuer.split("//")[1]
        # One connection for the login, at least one more for revoking.
        assert set(proxy.targets) == {f"CONNECT {host}"} and len(proxy.targets) >= 2
        assert not [head for head in proxy.heads if b"authorization" in head.lower()]


def test_proxies_of_the_environment_are_not_used(provider):
    with Connections() as proxy:
        all_revoked(Attempt(provider, env=through(proxy.port)).approve().succeeded())
        assert proxy.count == 0


def test_the_host_name_is_the_proxys_to_resolve(provider):
    with Proxy(b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as proxy:
        configure(provider, provider_issuer="https://nowhere.invalid", provider_proxy=f"http://127.0.0.1:{proxy.port}")
        Attempt(provider).refused("PAM_AUTHINFO_UNAVAIL", "warning",
                                  r"the provider's metadata at nowhere\.invalid cannot be reached: .*502.*", NO_ANSWER)
        assert proxy.targets == ["CONNECT nowhere.invalid:443"]


def test_a_proxy_that_wants_a_password_is_named_in_the_line(provider):
    with Proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n") as proxy:
        configure(provider, provider_proxy=f"http://127.0.0.1:{proxy.port}")
        attempt = Attempt(provider)
        attempt.end()
        line = attempt.log.one("oidc.session")
        assert "407" in line and "metadata" in line
        assert attempt.result in ("PAM_AUTHINFO_UNAVAIL", "PAM_SERVICE_ERR")
        assert not attempt.requests()


def test_a_proxy_that_is_down_is_unavailable(provider):
    with Connections() as proxy:
        port = proxy.port
    configure(provider, provider_proxy=f"http://127.0.0.1:{port}")
    attempt = Attempt(provider)
    attempt.refused("PAM_AUTHINFO_UNAVAIL", "warning",
                    rf"the provider's metadata at {HOST} cannot be reached: .*127\.0\.0\.1 port {port}.*", NO_ANSWER)
    assert not attempt.requests()
