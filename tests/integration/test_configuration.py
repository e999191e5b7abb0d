# SPDX-License-Identifier: MIT
"""oidc-session.conf and the client's secret: what is refused, in which words, before anybody is asked anything.

The log has file, line, section, key and what is expected; the user is told that it is not set up, and no more.
"""
import contextlib
import os
import re
import shutil
import socket

import pytest

from conftest import CA, CONFIG, TOP, UIDS, configure, run
from logins import NOT_SET_UP, Attempt

SECRET_FILE = "/etc/security/client-secret"
EXAMPLE = f"{TOP}/man/oidc-session.conf.example"
SECTIONS = r"\[provider\], \[login\], \[renewal\] or \[logout\]"


def remove(path):
    with contextlib.suppress(FileNotFoundError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


@pytest.fixture(autouse=True)
def ready(provider):
    remove(CONFIG)
    remove(SECRET_FILE)
    configure(provider)
    yield
    remove(CONFIG)
    remove(SECRET_FILE)


def refused(provider, reason, notice=NOT_SET_UP, **options):
    """PAM_SERVICE_ERR and one line, before anything was asked at the provider."""
    attempt = Attempt(provider, **options)
    attempt.refused("PAM_SERVICE_ERR", "err", reason, notice)
    assert not attempt.requests()


def works(provider, **options):
    attempt = Attempt(provider, **options).password().succeeded()
    assert attempt.issued()


def write(text, path=CONFIG, mode=0o644):
    remove(path)
    with open(path, "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    os.chmod(path, mode)


def valid(provider, more=""):
    return (f"[provider]\nissuer = {provider.issuer}\nclient_id = pam-public\nca_file = {CA}\n"
            f"[login]\ngrant = password\n{more}")


# ---- the file -------------------------------------------------------------------------

def a_link(path):
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)


def a_dangling_link(path):
    remove(path)
    os.symlink("/nowhere", path)


def a_directory(path):
    remove(path)
    os.mkdir(path, 0o755)


def a_fifo(path):
    remove(path)
    os.mkfifo(path, 0o644)


def a_socket(path):
    remove(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
    os.chmod(path, 0o644)


def a_device(path):
    remove(path)
    os.mknod(path, 0o644 | 0o020000, os.makedev(1, 5))  # /dev/zero


def of_mode(mode):
    return lambda path: os.chmod(path, mode)


def of(user):
    return lambda path: os.chown(path, UIDS[user], 0)


def enlarge(path):
    with open(path, "ab") as file:
        file.write(b"; comment\n" * 7000)


KINDS = [
    pytest.param(remove, "does not exist", id="is_missing"),
    pytest.param(a_link, "is a symbolic link; name the file itself", id="is_a_symbolic_link"),
    pytest.param(a_dangling_link, "is a symbolic link; name the file itself", id="is_a_symbolic_link_to_nothing"),
    pytest.param(a_directory, "is not a regular file", id="is_a_directory"),
    pytest.param(a_fifo, "is not a regular file", id="is_a_fifo"),
    pytest.param(a_socket, "is not a regular file", id="is_a_socket"),
    pytest.param(a_device, "is not a regular file", id="is_a_device"),
    pytest.param(of_mode(0o646), "may be written by others than root; chmod go-w it", id="others_can_write"),
    pytest.param(of_mode(0o664), "may be written by others than root; chmod go-w it", id="its_group_can_write"),
    pytest.param(of("alice"), "does not belong to root; chown it to root", id="belongs_to_the_user"),
    pytest.param(of("bob"), "does not belong to root; chown it to root", id="belongs_to_another_user"),
    pytest.param(enlarge, "is larger than 64 KiB", id="is_larger_than_64_KiB"),
]


@pytest.mark.parametrize("spoil, wrong", KINDS)
def test_a_configuration_is_refused_that(provider, spoil, wrong):
    spoil(CONFIG)
    refused(provider, f"{CONFIG} {wrong}", notice=...)


@pytest.mark.parametrize("spoil, wrong", [kind for kind in KINDS if kind.id in ("is_missing", "others_can_write")])
def test_the_user_is_told_of_a_configuration_that(provider, spoil, wrong):
    spoil(CONFIG)
    refused(provider, f"{CONFIG} {wrong}")


def test_a_configuration_that_cannot_be_read_is_refused(provider):
    # A regular file of root's whose first byte nobody can read.
    refused(provider, "/proc/self/mem cannot be read", notice=..., arguments="config=/proc/self/mem")


def test_a_path_through_a_file_is_refused(provider):
    refused(provider, f"{CONFIG}/x does not exist", notice=..., arguments=f"config={CONFIG}/x")


@pytest.mark.parametrize("size, good", [
    pytest.param(64 * 1024, True, id="64_KiB_is_read"),
    pytest.param(64 * 1024 + 1, False, id="one_byte_more_is_not"),
])
def test_the_limit_of_the_configuration_is_64_KiB(provider, size, good):
    text = valid(provider)
    count, rest = divmod(size - len(text), 100)
    write(text + ";" * rest + "\n" * (rest > 0 and -1) + ("\n" + ";" * 99) * count)
    assert os.path.getsize(CONFIG) == size
    if good:
        works(provider)
    else:
        refused(provider, f"{CONFIG} is larger than 64 KiB", notice=...)


def test_the_module_argument_config_names_another_file(provider):
    path = "/etc/security/other.conf"
    remove(CONFIG)
    write(valid(provider), path)
    works(provider, arguments=f"config={path}")
    write(valid(provider) + "nonsense = 1\n", path)
    refused(provider, rf"{path}:7: \[login\] nonsense: unknown setting; .*", arguments=f"config={path}")
    remove(path)
    refused(provider, f"{path} does not exist", notice=..., arguments=f"config={path}")


@pytest.mark.parametrize("argument", ["config=oidc-session.conf", "config=", "config", "nonsense", "minimum_uid=-1",
                                      "minimum_uid=many", "debug=yes", "Config=/etc/x"])
def test_a_module_argument_is_refused_that_is_unknown_or_malformed(provider, argument):
    attempt = Attempt(provider, arguments=argument).end()
    assert attempt.result == "PAM_SERVICE_ERR" and not attempt.kept and not attempt.requests()
    assert attempt.log.one("oidc.session").endswith(f": unknown or malformed module argument: {argument}")


def test_the_line_about_a_module_argument_names_the_user_who_is_told(provider):
    refused(provider, "unknown or malformed module argument: nonsense.*", arguments="nonsense")


# ---- its lines ---------------------------------------------------------------------------

NOT_A_LINE = r"expected \[section\], key = value, or a comment"


@pytest.mark.parametrize("line, reason", [
    pytest.param("nonsense", f"it is neither a \\[section\\] nor key = value; {NOT_A_LINE}", id="that_is_no_setting"),
    pytest.param("= x", ".*", id="without_a_key"),
    pytest.param(" grant = device", f"it starts with a space; {NOT_A_LINE}", id="that_begins_with_a_space"),
    pytest.param("\tgrant = device", f"it starts with a space; {NOT_A_LINE}", id="that_begins_with_a_tab"),
    pytest.param("[renewal", f"a section has no \\]; {NOT_A_LINE}", id="with_half_a_section"),
    pytest.param("[renewal] x", f"there is text behind a section's name; {NOT_A_LINE}",
                 id="with_text_behind_a_section"),
    pytest.param("username_claim = a\0b", f"there is a control character; {NOT_A_LINE}", id="with_a_NUL"),
    pytest.param("username_claim = a\x1b[2Jb", f"there is a control character; {NOT_A_LINE}",
                 id="with_an_escape_sequence"),
    pytest.param("username_claim = " + "a" * 300, f"it is longer than inih takes .*; {NOT_A_LINE}",
                 id="that_is_too_long"),
])
def test_a_line_is_refused(provider, line, reason):
    write(valid(provider) + f"{line}\n")
    if line == "= x":
        refused(provider, rf"{CONFIG}:7: .*")
    else:
        refused(provider, f"{CONFIG}:7: cannot use this line: {reason}")


def test_an_unknown_section_is_refused(provider):
    write(valid(provider) + "[providers]\n")
    refused(provider, rf"{CONFIG}:7: \[providers\]: unknown section; expected {SECTIONS}")


def test_a_section_in_capitals_is_refused(provider):
    write(valid(provider) + "[LOGIN]\n")
    refused(provider, rf"{CONFIG}:7: \[LOGIN\]: unknown section; expected {SECTIONS}")


def test_a_setting_before_the_first_section_is_refused(provider):
    write("grant = device\n" + valid(provider))
    refused(provider, rf"{CONFIG}:1: grant: a setting outside of a section; expected \[provider\] before it")


@pytest.mark.parametrize("section, key, among", [
    ("provider", "client_secret", "issuer, client_id, client_secret_file, .*signing_algorithms"),
    ("provider", "Issuer", "issuer, client_id, client_secret_file, .*signing_algorithms"),
    ("login", "issuer", "grant, username_claim, .*qr"),
    ("renewal", "revoke", "before_expiry, default_lifetime, notify"),
    ("logout", "before_expiry", "revoke"),
])
def test_an_unknown_key_is_refused_and_the_known_ones_of_its_section_are_listed(provider, section, key, among):
    write(valid(provider) + f"[{section}]\n{key} = x\n")
    refused(provider, rf"{CONFIG}:8: \[{section}\] {key}: unknown setting; expected one of {among}")


@pytest.mark.parametrize("section, key, value", [
    ("provider", "issuer", "https://localhost:1"), ("provider", "client_id", "pam-public"),
    ("login", "grant", "password"),
])
def test_a_key_is_refused_that_is_given_twice(provider, section, key, value):
    text = valid(provider)
    first = [line.split(" ")[0] for line in text.splitlines()].index(key) + 1
    write(text + f"[{section}]\n{key} = {value}\n")
    refused(provider, rf"{CONFIG}:8: \[{section}\] {key}: set before, in line {first}; expected .+")


@pytest.mark.parametrize("key, expected", [
    ("issuer", "the provider's issuer, https://HOST/PATH, as it writes it itself"),
    ("client_id", "the client's name at the provider"),
])
def test_a_configuration_is_refused_without(provider, key, expected):
    write("".join(line for line in valid(provider).splitlines(True) if not line.startswith(key)))
    refused(provider, rf"{CONFIG}:1: \[provider\] {key}: missing; expected {expected}")


def test_an_empty_configuration_is_refused(provider):
    write("")
    refused(provider, rf"{CONFIG}:1: \[provider\] issuer: missing; expected the provider's issuer, .*")


# ---- its values -----------------------------------------------------------------------------

URL = "an address, https://HOST/PATH"
ISSUER = "the provider's issuer, https://HOST/PATH, as it writes it itself"
PATH = "the absolute path of a file"
WORDS = "words with one space between them"
FLAG = "yes or no"
PROXY = "http://HOST:PORT, https://, socks5:// or socks5h://, without user name and path"
MARGIN = "auto, a number of seconds, or a percentage such as 10%"
AUTH = "none, client_secret_basic or client_secret_post"
CLAIM = "the name of a claim"
SECONDS = "a number of seconds from 1 to 60"

VALUES = [
    ("provider", "issuer", ISSUER, {
        "localhost": "is not a URL", "https://": "is not a URL", "//localhost": "is not a URL",
        "ftp://localhost": "is not https", "http://localhost": "is not https",
        "https://me@localhost": "contains a user name", "https://localhost/#top": "contains a fragment",
        "https://localhost/?a=b": "contains a query", "https://local host": "malformed value",
        "https://löcalhost": "malformed value"}),
    ("provider", "client_id", "the client's name at the provider", {"pam\u2013public": "malformed value"}),
    ("provider", "client_secret_file", PATH, {"client-secret": "malformed value", "~/secret": "malformed value"}),
    ("provider", "client_auth", AUTH, {"basic": "malformed value", "client_secret_jwt": "malformed value",
                                       "None": "malformed value"}),
    ("provider", "scope", WORDS, {"openid  profile": "malformed value", "openid # why": "malformed value"}),
    ("provider", "audience", "a text", {"caf\u00e9": "malformed value"}),
    ("provider", "resource", WORDS, {"urn:a  urn:b": "malformed value", "urn:a # why": "malformed value"}),
    ("provider", "ca_file", PATH, {"ca.crt": "malformed value"}),
    ("provider", "proxy", PROXY, {
        "proxy:3128": "malformed value", "http://": "malformed value", "ftp://proxy": "malformed value",
        "http://me:secret@proxy:3128": "malformed value", "http://proxy:3128/path": "malformed value"}),
    ("provider", "timeout", SECONDS, {value: "malformed value" for value in (
        "0", "61", "-1", "+5", "1.5", "ten", "10s", "0x10", "99999999999999999999")}),
    ("provider", "insecure_http", FLAG, {value: "malformed value" for value in ("true", "Yes", "1", "on")}),
    *(("provider", key, URL, {"localhost": "is not a URL", "http://localhost/x": "is not https",
                              "https://a:b@localhost": "contains a user name"})
      for key in ("token_endpoint", "device_authorization_endpoint", "revocation_endpoint", "jwks_uri")),
    ("login", "grant", "device or password", {value: "malformed value" for value in (
        "Device", "device_code", "authorization_code", "device password")}),
    ("login", "username_claim", CLAIM, {"preferred username": "malformed value"}),
    ("login", "qr", "auto, yes or no", {"always": "malformed value"}),
    ("renewal", "before_expiry", MARGIN, {value: "malformed value" for value in (
        "10 %", "91%", "-5", "5m", "%", "31622401", "Auto", "0.5")}),
    ("logout", "revoke", FLAG, {value: "malformed value" for value in ("true", "No", "never")}),
]


@pytest.mark.parametrize("section, key, value, wrong, expected", [
    pytest.param(section, key, value, wrong, expected, id=f"{key}-{value.encode('ascii', 'replace').decode()}")
    for section, key, expected, values in VALUES for value, wrong in values.items()])
def test_a_value_is_refused_with_what_is_expected(provider, section, key, value, wrong, expected):
    lines = [line for line in valid(provider).splitlines() if not line.startswith(key + " ")]
    write("\n".join([*lines, f"[{section}]", f"{key} = {value}"]) + "\n")
    refused(provider, rf"{CONFIG}:{len(lines) + 2}: \[{section}\] {key}: {wrong}; expected {re.escape(expected)}")


@pytest.mark.parametrize("section, key, expected", [
    pytest.param(section, key, expected, id=key) for section, key, expected, _ in VALUES])
def test_a_key_without_a_value_is_refused(provider, section, key, expected):
    lines = [line for line in valid(provider).splitlines() if not line.startswith(key + " ")]
    write("\n".join([*lines, f"[{section}]", f"{key} ="]) + "\n")
    refused(provider, rf"{CONFIG}:{len(lines) + 2}: \[{section}\] {key}: no value; expected {re.escape(expected)}")


@pytest.mark.parametrize("change", [
    pytest.param(lambda text: text.replace("\n", "\r\n"), id="ends_of_line_of_another_system"),
    pytest.param(lambda text: text.replace(" = ", ":"), id="colons"),
    pytest.param(lambda text: text.replace(" = ", "="), id="no_spaces"),
    pytest.param(lambda text: text.replace("\n", " ; comment\n"), id="comments_behind_settings"),
    pytest.param(lambda text: "# \u00fcber alles\n;\n\n" + text.rstrip("\n"), id="comments_and_no_last_newline"),
    pytest.param(lambda text: text + "[provider]\nscope = openid offline_access profile\n[renewal]\n",
                 id="a_section_twice_and_an_empty_one"),
    pytest.param(lambda text: text + "[provider]\ntimeout = 60\ninsecure_http = no\nclient_auth = none\n"
                 "[renewal]\nbefore_expiry = 90%\n[logout]\nrevoke = yes\n", id="values_at_their_limits"),
])
def test_a_configuration_is_accepted_with(provider, change):
    write(change(valid(provider)))
    works(provider)


def test_the_first_error_is_the_one_in_the_line(provider):
    write(valid(provider) + "nonsense = 1\n[providers]\n")
    refused(provider, rf"{CONFIG}:7: \[login\] nonsense: .*")


# ---- the client's secret ------------------------------------------------------------------------

def confidential(provider):
    write("CANARY-secret-basic\n", SECRET_FILE, 0o600)
    configure(provider, provider_client_id="pam-basic", provider_client_auth="client_secret_basic",
              provider_client_secret_file=SECRET_FILE, login_grant="password")


SECRET_LINE = rf"{CONFIG}:\d+: \[provider\] client_secret_file: {SECRET_FILE}:"


@pytest.mark.parametrize("spoil, wrong", [
    *(kind for kind in KINDS if kind.id not in ("others_can_write", "its_group_can_write", "is_larger_than_64_KiB")),
    pytest.param(of_mode(0o604), "may be read by others than root; chmod 0600 it", id="everybody_can_read"),
    pytest.param(of_mode(0o640), "may be read by others than root; chmod 0600 it", id="its_group_can_read"),
    pytest.param(of_mode(0o610), "may be read by others than root; chmod 0600 it", id="its_group_can_execute"),
    pytest.param(of_mode(0o602), "may be written by others than root; chmod go-w it", id="everybody_can_write"),
    pytest.param(lambda path: write("", path, 0o600), "the file is empty", id="is_empty"),
    pytest.param(lambda path: write("\n", path, 0o600), "the file is empty", id="is_an_empty_line"),
    pytest.param(lambda path: write("CANARY-secret-basic\nx\n", path, 0o600),
                 "the secret contains a control character", id="has_two_lines"),
    pytest.param(lambda path: write("CANARY-secret-basic\r\n", path, 0o600),
                 "the secret contains a control character", id="ends_as_on_another_system"),
    pytest.param(lambda path: write("CANARY-secret\0basic", path, 0o600), "the secret contains a control character",
                 id="has_a_NUL"),
    pytest.param(lambda path: write("x" * 4097, path, 0o600), "the file is too large", id="is_larger_than_4096_bytes"),
    pytest.param(lambda path: write("x" * 17000, path, 0o600), "is larger than 16 KiB", id="is_larger_than_16_KiB"),
])
def test_a_secret_file_is_refused_that(provider, spoil, wrong):
    confidential(provider)
    spoil(SECRET_FILE)
    line = 1 + next(number for number, line in enumerate(open(CONFIG, encoding="utf-8"))
                    if line.startswith("client_secret_file"))
    refused(provider, rf"{CONFIG}:{line}: \[provider\] client_secret_file: {SECRET_FILE}: {wrong}")


def test_a_secret_that_only_root_can_read_is_used(provider):
    confidential(provider)
    os.chmod(SECRET_FILE, 0o400)
    works(provider)


def test_a_method_without_a_secret_is_refused(provider):
    for method in ("client_secret_basic", "client_secret_post"):
        write(valid(provider, f"[provider]\nclient_auth = {method}\n"))
        refused(provider, rf"{CONFIG}:8: \[provider\] client_secret_file: missing, but client_auth needs it;"
                f" expected {PATH}")


@pytest.mark.parametrize("auth", ["", "client_auth = none\n"], ids=["nothing", "none"])
def test_a_secret_is_refused_when_the_method_is(provider, auth):
    write(valid(provider, f"[provider]\nclient_secret_file = {SECRET_FILE}\n{auth}"))
    refused(provider, rf"{CONFIG}:8: \[provider\] client_auth: does not use the client_secret_file; expected {AUTH}")


def test_a_token_endpoint_needs_a_device_authorization_endpoint(provider):
    configure(provider, provider_token_endpoint="https://localhost/token")
    refused(provider, rf"{CONFIG}:5: \[provider\] device_authorization_endpoint: missing, and with a token_endpoint it"
            f" is not discovered; expected {URL}")


# ---- the example ---------------------------------------------------------------------------------

def test_the_example_as_shipped_says_that_the_issuer_must_be_filled_in(provider):
    shutil.copy(EXAMPLE, CONFIG)
    os.chmod(CONFIG, 0o644)
    refused(provider, rf"{CONFIG}:\d+: \[provider\] issuer: no value; expected the provider's issuer,"
            " https://HOST/PATH, as it writes it itself")


CERTIFICATES = "/etc/ssl/certs"


# Where they can be found by their hash, the bundle of all of them is not read.
@pytest.mark.parametrize("trusted", ["by its hash", "in a bundle"])
def test_the_example_works_with_issuer_and_client_id_filled_in_and_the_authority_trusted(provider, trusted):
    write(re.sub(r"(?m)^issuer =$", f"issuer = {provider.issuer}", re.sub(
        r"(?m)^client_id =$", "client_id = pam-public", open(EXAMPLE, encoding="utf-8").read())))
    run("mount", "-t", "tmpfs", "-o", "mode=755", "none", CERTIFICATES)
    try:
        if trusted == "by its hash":
            shutil.copy(CA, f"{CERTIFICATES}/{run('openssl', 'x509', '-hash', '-noout', '-in', CA).strip()}.0")
        else:
            shutil.copy(CA, f"{CERTIFICATES}/ca-certificates.crt")
        Attempt(provider).approve().succeeded()
    finally:
        run("umount", CERTIFICATES)


def test_every_setting_that_the_example_comments_out_is_a_valid_one(provider):
    text = open(EXAMPLE, encoding="utf-8").read()
    text = re.sub(r"(?m)^#(?=[a-z_]+ = )", "", text)
    text = re.sub(r"(?m)^issuer =$", "issuer = https://nowhere.invalid", text)
    text = re.sub(r"(?m)^client_id =$", "client_id = pam-public", text)
    text = text.replace("client_auth = none", "client_auth = client_secret_basic")
    text = re.sub(r"(?m)^client_secret_file = .*", f"client_secret_file = {SECRET_FILE}", text)
    text = re.sub(r"(?m)^username_map_file = .*", "", text)  # instead of username_strip_domain
    text = re.sub(r"(?m)^subject_claim = .*", "", text)  # only with claims_from = userinfo
    write("x", SECRET_FILE, 0o600)
    write(text)
    attempt = Attempt(provider).end()
    assert f"{CONFIG}:" not in attempt.log.one("oidc.session")
    assert "cannot be" in attempt.log.one("oidc.session")
