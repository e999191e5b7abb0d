# SPDX-License-Identifier: MIT
"""What the hostile provider of test_hostile_provider.py does, a case a line: at which endpoint, and what comes of it."""
import base64
import gzip
import json
import os
import re
import ssl
import sys
import urllib.parse
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
# pylint: disable=wrong-import-position
from hostile import Misdeed, reset, response  # noqa: E402

GIB = 1024 ** 3
LARGE = 64 * 1024

# How a login ends: PAM code, level of the log line, what the user is told.
NOT_SET_UP = "Logging in by the provider is not set up correctly. Please tell your administrator."
NO_ANSWER = "The login provider does not answer as it should. Please try again later."
REFUSED = "The provider refused the login."
TRANSIENT = ("PAM_AUTHINFO_UNAVAIL", "warning", NO_ANSWER)
MISCONFIGURED = ("PAM_SERVICE_ERR", "err", NOT_SET_UP)
DENIED = ("PAM_MAXTRIES", "notice", REFUSED)
EXPIRED = ("PAM_AUTH_ERR", "notice", "Nobody approved the login in time. Please try again.")

WHAT = {
    "discovery": "the provider's metadata", "token": "the token endpoint",
    "device": "the device authorization endpoint", "jwks": "the provider's keys",
    "revocation": "the revocation endpoint", "userinfo": "the userinfo endpoint",
}
UNUSABLE = "gave no usable answer: "
PORTAL = r"answered 200 with something that is not a JSON object \(a captive portal\?\)"
TIMED_OUT = UNUSABLE + r"Operation timed out after 2\d\d\d milliseconds with .* received"
TOO_LARGE = UNUSABLE + "the answer is larger than 1 MiB"
REDIRECT = "answered {}, a redirect, which is not followed"
EVIL = "elsewhere.invalid"


class Case:
    """reason: a pattern for the log line behind "the … endpoint at HOST ", or all of it when it starts with "^"."""

    def __init__(self, name, endpoint, ending, reason, misdeed, grant="password"):
        self.name, self.endpoint, self.ending, self.misdeed, self.grant = name, endpoint, ending, misdeed, grant
        if reason.startswith("^"):
            self.reason = reason[1:]
        else:
            self.reason = rf"{WHAT[endpoint]} at localhost:\d+ {reason}"


CASES = []


def case(name, endpoint, ending, reason, act=None, grant=None, where="", **misdeed):
    """endpoint: one, or several with a space between them, each a case of its own."""
    for one in endpoint.split():
        title = f"{name} from {where or one}".replace(" ", "_")
        CASES.append(Case(title, one, ending, reason, Misdeed(act, **misdeed),
                          grant or ("device" if one == "device" else "password")))


def says(*chunks):
    """Send these bytes and close."""
    def act(connection, _request, _provider):
        for chunk in chunks:
            connection.sendall(chunk)
    return act


def slowly(head, then=b"x"):
    """One byte a second, for ever, behind these bytes."""
    def act(connection, _request, provider):
        connection.sendall(head)
        provider.pour(connection, then, pause=1)
    return act


def endless(head, chunk, tail=b""):
    def act(connection, _request, provider):
        connection.sendall(head)
        provider.pour(connection, chunk)
        connection.sendall(tail)
    return act


def silent(connection, _request, provider):
    provider.over.wait(20)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EVERYWHERE = "discovery device token"

# ---- slow ------------------------------------------------------------------------------

case("no answer", EVERYWHERE, TRANSIENT, TIMED_OUT, silent)
case("a byte a second in the status line", "token", TRANSIENT, TIMED_OUT, slowly(b"HTTP/1.1 2"))
case("a byte a second in a header", EVERYWHERE, TRANSIENT, TIMED_OUT, slowly(OK + b"X: "))
case("a byte a second in the body", EVERYWHERE, TRANSIENT, TIMED_OUT, slowly(OK + b"Content-Length: 999\r\n\r\n{"))
case("a byte a second in chunks", "token", TRANSIENT, TIMED_OUT, slowly(CHUNKED, b"1\r\nx\r\n"))
case("a header a second", "token", TRANSIENT, TIMED_OUT, slowly(OK, b"X: y\r\n"))
case("a 100 Continue a second", "token", TRANSIENT, TIMED_OUT, slowly(b"", b"HTTP/1.1 100 Continue\r\n\r\n"))
case("a body without an end", "token", TRANSIENT, TIMED_OUT, slowly(OK + b"\r\n{"))


def stall(_raw, provider):
    provider.over.wait(20)


def drip_record(raw, provider):
    raw.recv(65536)
    raw.sendall(b"\x16\x03\x03\x40\x00")  # a handshake record of 16 KiB
    provider.pour(raw, b"\x02", pause=0.5)


STALLED = "cannot be reached: (SSL connection timeout|Connection timed out after 1\\d\\d\\d milliseconds)"
case("a TLS handshake that stalls", EVERYWHERE, TRANSIENT, STALLED, accept=stall)
case("a TLS handshake a byte at a time", "discovery token", TRANSIENT, STALLED, accept=drip_record)

# ---- too much --------------------------------------------------------------------------

BIG = OK + b"Content-Length: %d\r\n\r\n" % (10 * GIB)
case("a body of 10 GiB", EVERYWHERE, TRANSIENT, TOO_LARGE, endless(BIG, b" " * LARGE))
case("10 GiB in chunks", EVERYWHERE, TRANSIENT, TOO_LARGE, endless(CHUNKED, b"10000\r\n" + b" " * LARGE + b"\r\n"))
case("10 GiB in one chunk", "token", TRANSIENT, TOO_LARGE, endless(CHUNKED + b"280000000\r\n", b" " * LARGE))
case("10 GiB in chunks of a byte", "token", TRANSIENT, TOO_LARGE, endless(CHUNKED, b"1\r\nx\r\n" * 8192))
case("an endless body without a length", "discovery token", TRANSIENT, TOO_LARGE, endless(OK + b"\r\n", b" " * LARGE))
case("a body of 10 GiB with an error status", "token", TRANSIENT, TOO_LARGE,
     endless(BIG.replace(b"200 OK", b"400 Bad"), b" " * LARGE))
HEADERS = UNUSABLE + "the answer's header is larger than 64 KiB"
LINE = UNUSABLE + "the answer's header has an endless line, or memory is short"
case("endless headers", EVERYWHERE, TRANSIENT, HEADERS, endless(OK, b"X-Header: abcdefghijklmnopqrstuvwxyz\r\n" * 1000))
case("endless headers of a byte", "token", TRANSIENT, HEADERS, endless(OK, b"a:\r\n" * 16384))
case("an endless header line", EVERYWHERE, TRANSIENT, LINE, endless(OK + b"X: ", b"x" * LARGE))
case("an endless status line", "token", TRANSIENT, LINE, endless(b"HTTP/1.1 200 ", b"x" * LARGE))
case("endless folded headers", "token", TRANSIENT, HEADERS, endless(OK + b"X: y\r\n", b" folded\r\n" * 8192))
case("endless 100 Continue", "discovery token", TRANSIENT, HEADERS,
     endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 4096))
case("endless 103 Early Hints", "token", TRANSIENT, HEADERS,
     endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" * 1024))
case("endless cookies", "token", TRANSIENT, HEADERS, endless(OK, b"Set-Cookie: a=b; Path=/\r\n" * 2048))
case("endless trailers", "token", TRANSIENT, HEADERS,
     endless(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: abcdefghijklmnopqrstuvwxyz\r\n" * 1000))
case("an endless trailer line", "token", TRANSIENT, UNUSABLE + "(Out of memory in chunked-encoding|the answer's header has an endless line, or memory is short)", endless(CHUNKED + b"2\r\n{}\r\n0\r\nX: ", b"x" * LARGE))
case("an endless chunk extension", "token", TRANSIENT, UNUSABLE + ".+", endless(CHUNKED + b"2;", b"x" * LARGE))
case("endless HelloRequests", "discovery token", TRANSIENT,
     "cannot be reached: (the connection was ended at the time limit|SSL connection timeout|Connection timed out after .*)",
     accept=lambda raw, provider: provider.pour(raw, (b"\x16\x03\x03\x40\x00" + b"\0" * 0x4000) * 64))

# ---- compressed ------------------------------------------------------------------------


def compressed(name, data):
    return says(response(data, headers=[("Content-Encoding", name), ("Content-Type", "application/json")]))


def bomb(window):
    """200 MiB of JSON in 200 KiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(b'{"a":"') + b"".join(packer.compress(b"x" * 1024 * 1024) for _ in range(200)) \
        + packer.compress(b'"}') + packer.flush()


def packed_answer(connection, request, provider):
    body, _ = provider.well(request)
    connection.sendall(response(gzip.compress(json.dumps(body).encode()), headers=[("Content-Encoding", "gzip")]))


GZIP_BOMB, DEFLATE_BOMB = bomb(31), bomb(15)
case("a gzip bomb", EVERYWHERE, TRANSIENT, PORTAL, compressed("gzip", GZIP_BOMB))
case("a gzip bomb in gzip", "token", TRANSIENT, PORTAL, compressed("gzip, gzip", gzip.compress(GZIP_BOMB)))
case("a deflate bomb", "token", TRANSIENT, PORTAL, compressed("deflate", DEFLATE_BOMB))
case("a gzip bomb as transfer encoding", "token", TRANSIENT, f"({PORTAL}|{UNUSABLE}.+)", says(
    OK + b"Transfer-Encoding: gzip\r\nConnection: close\r\n\r\n" + GZIP_BOMB))
case("something that says it is br", "token", TRANSIENT, PORTAL, compressed("br", b"\x5b\xff\xff\xff\x03" + b"\0" * 99))
case("something that says it is zstd", "token", TRANSIENT, PORTAL, compressed("zstd", b"\x28\xb5\x2f\xfd\xff"))
case("a good answer packed although nobody asked", "token", TRANSIENT, PORTAL, packed_answer)

# ---- elsewhere -------------------------------------------------------------------------

for status in (300, 301, 302, 303, 307, 308):
    case(f"a redirect {status} to another host", "token discovery", MISCONFIGURED, REDIRECT.format(status),
         says(response(status=f"{status} Elsewhere", headers=[("Location", f"https://{EVIL}/")])))
for target in ("file:///etc/shadow", "http://localhost/", "gopher://localhost:70/_x", "ldap://localhost/cn=x",
               "dict://localhost:9000/d:x", "ftp://localhost/x", "telnet://localhost/", "smtp://localhost/",
               "https://localhost:8443/", "https://127.0.0.2/", "https://[::1]/", "//localhost:8080/", "https:///",
               f"http://{EVIL}/", "unix:///dev/log", "\\\\localhost\\share", "https://localhost@" + EVIL,
               "javascript:alert(1)", "data:application/json,{}", "scp://localhost/etc/shadow"):
    case(f"a redirect to {re.sub('[^a-z0-9]+', ' ', target).strip() or 'nothing'}", "token", MISCONFIGURED,
         REDIRECT.format(307), says(response(status="307 There", headers=[("Location", target)])))
case("a redirect to nowhere", "discovery device token", MISCONFIGURED, REDIRECT.format(302),
     says(response(status="302 Found")))
case("two redirects at once", "token", MISCONFIGURED, REDIRECT.format(302), says(response(
    status="302 Found", headers=[("Location", f"https://{EVIL}/a"), ("Location", "http://localhost/b")])))
case("a redirect over two lines", "token", MISCONFIGURED, REDIRECT.format(302), says(response(
    status="302 Found", headers=[("Location", f"\r\n https://{EVIL}/\r\n\t/more")])))
case("a redirect with control characters", "token", MISCONFIGURED, REDIRECT.format(302), says(response(
    status="302 Found", headers=[("Location", f"https://{EVIL}/\x1b[2J\x07\x7f")])))
case("a redirect to itself", "token", MISCONFIGURED, REDIRECT.format(308),
     lambda connection, request, provider: connection.sendall(response(
         status="308 Again", headers=[("Location", provider.url("token"))])))
case("a redirect of a megabyte", "token", TRANSIENT, LINE, says(response(
    status="302 Found", headers=[("Location", f"https://{EVIL}/" + "x" * 1024 * 1024)])))
case("304 Not Modified", "discovery token", MISCONFIGURED, REDIRECT.format(304), says(response(status="304 No")))
case("305 Use Proxy", "token", MISCONFIGURED, REDIRECT.format(305), says(response(
    status="305 Use Proxy", headers=[("Location", "http://localhost:3128/")])))

LURES = [("Location", f"https://{EVIL}/"), ("Content-Location", f"https://{EVIL}/"),
         ("Refresh", f"0; url=https://{EVIL}/"), ("Alt-Svc", 'h2="localhost:8443"; ma=9999, h3=":8443"'),
         ("Link", f"<https://{EVIL}/x>; rel=preload, <https://{EVIL}>; rel=preconnect"),
         ("Set-Cookie", "a=b; Domain=localhost; Path=/"), ("Set-Cookie2", "c=d"), ("Clear-Site-Data", '"*"'),
         ("Strict-Transport-Security", "max-age=99999999"), ("Public-Key-Pins", "max-age=9; pin-sha256=x"),
         ("Upgrade", "h2c, websocket"), ("X-DNS-Prefetch-Control", "on"), ("Proxy-Connection", "keep-alive")]
case("headers that lure elsewhere", EVERYWHERE, TRANSIENT, PORTAL, says(response(b"lures", headers=LURES)))
case("201 Created elsewhere", "token", TRANSIENT, PORTAL.replace("200", "201"), says(
    response(b"", status="201 Created", headers=[("Location", f"https://{EVIL}/")])))
case("proxy authentication", "token discovery", MISCONFIGURED, "answered 407 without an error code", says(
    response(status="407 Proxy", headers=[("Proxy-Authenticate", 'Basic realm="x"')])))
for scheme in ("Basic", "Digest", "Negotiate", "NTLM", "Bearer"):
    case(f"401 that asks for {scheme}", "token", DENIED, "answered 401 without an error code", says(response(
        status="401 Who", headers=[("WWW-Authenticate", f'{scheme} realm="x", nonce="y"')])))

# ---- HTTP that is none -----------------------------------------------------------------

case("HTTP 0.9", EVERYWHERE, TRANSIENT, UNUSABLE + "Received HTTP/0.9 when not allowed", says(b"<html>hello</html>"))
case("a garbage status line", "token", TRANSIENT, UNUSABLE + ".+", says(b"\x00\x01\x02\x1b[31mHTTP/1.1 200 OK\r\n\r\n{}"))
case("a status line with control characters", "token", TRANSIENT, PORTAL, says(
    b"HTTP/1.1 200 \x1b[2J\x07\r\nConnection: close\r\n\r\nno"))
for number in ("99", "1000", "0", "-1", "20", "2000", "abc", "", "18446744073709551816"):
    case(f"status {number or 'nothing'}", "token", TRANSIENT, f"({UNUSABLE}.+|answered .+)", says(
        f"HTTP/1.1 {number} Status\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode()))
case("status 999", "token", TRANSIENT, "answered 999 without an error code", says(response(b"{}", status="999 Denied")))
for number in ("101 Switching Protocols", "102 Processing", "199 Custom"):
    case(f"only {number}", "token", TRANSIENT, f"({UNUSABLE}.+|answered 1.+)", says(
        f"HTTP/1.1 {number}\r\nUpgrade: websocket\r\n\r\n".encode()))
for version in ("0.9", "1.2", "2", "3", "9.9", "11", "1.1.1"):
    case(f"version {version}", "token", TRANSIENT, f"({UNUSABLE}.+|answered .+)", says(
        f"HTTP/{version} 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]".encode()))
case("another protocol", "token", TRANSIENT, UNUSABLE + ".+", says(b"220 mail.example.com ESMTP\r\n"))
case("RTSP", "token", TRANSIENT, UNUSABLE + ".+", says(b"RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
case("an answer before the body was read", "discovery", TRANSIENT, PORTAL, says(response(b"", status="200 OK")))
case("100 Continue and an end", "token", TRANSIENT, UNUSABLE + ".+", says(b"HTTP/1.1 100 Continue\r\n\r\n"))
case("417 Expectation Failed", "token", DENIED, "answered 417 without an error code", says(response(status="417 No")))
case("nothing", EVERYWHERE, TRANSIENT, UNUSABLE + ".+", says())
case("a second answer behind the first", "token", TRANSIENT, PORTAL, says(
    response(b"one"), response(b'{"access_token":"CANARY-AT-smuggled","token_type":"bearer"}')))
case("a header without a name", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(OK + b": x\r\n\r\nno"))
case("a header without a colon", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(OK + b"nocolon\r\n\r\nno"))
case("a NUL in a header", "token", TRANSIENT, UNUSABLE + ".+", says(OK + b"X: a\0b\r\n\r\n{}"))
case("control characters in headers", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(
    OK + b"X\x1b[2J: \x1b]0;x\x07\r\nContent-Length: 2\r\n\r\nno"))
case("bare line feeds", "token", TRANSIENT, PORTAL, says(b"HTTP/1.1 200 OK\nConnection: close\n\nno"))
case("bare carriage returns", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(b"HTTP/1.1 200 OK\rX: y\r\r{}"))

# ---- lengths ---------------------------------------------------------------------------


def length(value, body=b'{"a":1}'):
    return says(OK + b"Content-Length: " + value.encode() + b"\r\nConnection: close\r\n\r\n" + body)


CUT = UNUSABLE + ".*(outstanding|remaining|closed).*"
case("a length that is too large", EVERYWHERE, TRANSIENT, CUT, length("900"))
case("a length that is too small", "token", TRANSIENT, PORTAL, length("3"))
for value in ("-1", "-5", "0x10", "1e3", "7, 9", "+7", "18446744073709551623", "9" * 400, "seven", "7 7", ""):
    case(f"a length of {value[:24] or 'nothing'}", "token", TRANSIENT, f"({UNUSABLE}.+|answered .+)",
         length(value, b"[1,2,3]"))
case("two lengths", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(
    OK + b"Content-Length: 7\r\nContent-Length: 2\r\n\r\n[1,2,3]"))
case("a length and chunks", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(
    OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n[1,2,3]\r\n0\r\n\r\n"))
case("a body of nothing", EVERYWHERE, TRANSIENT, PORTAL, length("0", b""))


def chunks(data):
    return says(CHUNKED + data)


for name, data in {
        "a size that overflows": b"ffffffffffffffff\r\n{}", "a size with 17 digits": b"fffffffffffffffff\r\n{}",
        "a negative size": b"-1\r\n{}", "a size that is no number": b"xyz\r\n{}\r\n0\r\n\r\n",
        "a size of nothing": b"\r\n{}\r\n0\r\n\r\n", "a missing end": b"2\r\n{}\r\n", "half a chunk": b"900\r\n{}",
        "half a size": b"9", "no line behind a chunk": b"2\r\n{}0\r\n\r\n", "nothing": b"",
        "a NUL as size": b"\0\r\n{}\r\n", "a size of 9999 zeros": b"0" * 9999 + b"\r\n\r\n",
}.items():
    case(f"chunks with {name}", "token", TRANSIENT, UNUSABLE + ".+", chunks(data))
case("chunks of nothing", "token", TRANSIENT, PORTAL, chunks(b"0\r\n\r\n"))
case("an unknown transfer encoding", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(
    OK + b"Transfer-Encoding: identity, sideways\r\nConnection: close\r\n\r\n[]"))
case("chunks in chunks", "token", TRANSIENT, f"({UNUSABLE}.+|{PORTAL})", says(
    OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n7\r\n2\r\n{}\r\n\r\n0\r\n\r\n"))

# ---- connections that end ----------------------------------------------------------------


def then_reset(*said):
    def act(connection, _request, _provider):
        for chunk in said:
            connection.sendall(chunk)
        reset(connection)
    return act


def reset_in_handshake(raw, _provider):
    raw.recv(65536)
    raw.sendall(b"\x16\x03\x03")
    reset(raw)


case("a reset after the request", EVERYWHERE, TRANSIENT, UNUSABLE + ".+", then_reset())
case("a reset in the status line", "token", TRANSIENT, UNUSABLE + ".+", then_reset(b"HTTP/1."))
case("a reset in the headers", "token", TRANSIENT, UNUSABLE + ".+", then_reset(OK))
case("a reset in the body", EVERYWHERE, TRANSIENT, UNUSABLE + ".+", then_reset(OK + b"Content-Length: 900\r\n\r\n{"))
case("a reset in a chunk", "token", TRANSIENT, UNUSABLE + ".+", then_reset(CHUNKED + b"900\r\n{"))
case("a reset before the handshake", EVERYWHERE, TRANSIENT, "cannot be reached: .+",
     accept=lambda raw, _provider: reset(raw))
case("a reset in the handshake", EVERYWHERE, TRANSIENT, "cannot be reached: .+", accept=reset_in_handshake)
case("an end in the handshake", "token", TRANSIENT, "cannot be reached: .+", accept=lambda raw, _provider: raw.close())

# ---- TLS -----------------------------------------------------------------------------------


def plain(data):
    def accept(raw, _provider):
        raw.recv(65536)
        raw.sendall(data)
    return accept


case("plain HTTP instead of TLS", EVERYWHERE, TRANSIENT, "cannot be reached: .*wrong version number.*",
     accept=plain(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
case("another protocol instead of TLS", "token", TRANSIENT, "cannot be reached: .+",
     accept=plain(b"SSH-2.0-\x1b[31mOpenSSH\r\n"))
case("a TLS alert", "token", TRANSIENT, "cannot be reached: .+", accept=plain(b"\x15\x03\x03\x00\x02\x02\x28"))
case("endless TLS alerts", "token", TRANSIENT, "cannot be reached: .+",
     accept=lambda raw, provider: provider.pour(raw, b"\x15\x03\x03\x00\x02\x01\x00" * 999))
case("SSLv3", "token", TRANSIENT, "cannot be reached: .+", accept=plain(b"\x16\x03\x00\x00\x2e\x02\x00\x00\x2a\x03\x00" + b"\0" * 43))


def only(version):
    def context(authority):
        made = authority.context(authority.good)
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version = made.maximum_version = version
        return made
    return context


case("TLS 1.0 only", EVERYWHERE, TRANSIENT, "cannot be reached: .*(protocol version|unsupported protocol).*",
     context=only(ssl.TLSVersion.TLSv1))
case("TLS 1.1 only", EVERYWHERE, TRANSIENT, "cannot be reached: .*(protocol version|unsupported protocol).*",
     context=only(ssl.TLSVersion.TLSv1_1))


def bad_certificate(name, reason, endpoint="token", **made):
    case(name, endpoint, MISCONFIGURED, "cannot be used: " + reason,
         certificate=lambda authority: authority.certificate(**made))


PROBLEM = "SSL certificate problem: "
MISMATCH = r"SSL: (.*does not match|no alternative certificate subject name matches) target host name 'localhost'"
bad_certificate("a certificate that is expired", PROBLEM + "certificate has expired", EVERYWHERE,
                start="20200101000000Z", end="20210101000000Z")
bad_certificate("a certificate of the future", PROBLEM + "certificate is not yet valid", EVERYWHERE,
                start="20400101000000Z", end="20410101000000Z")
bad_certificate("a certificate of another name", MISMATCH, EVERYWHERE, names="DNS:" + EVIL)
bad_certificate("a certificate of a name with our name in it", MISMATCH, names=f"DNS:localhost.{EVIL}")
bad_certificate("a certificate of a wildcard", MISMATCH, names="DNS:*")
bad_certificate("a certificate of a common name only", MISMATCH, names=None, subject="/CN=" + EVIL)
bad_certificate("a certificate for clients", PROBLEM + "(unsupported|unsuitable) certificate purpose", EVERYWHERE,
                usage="clientAuth")
bad_certificate("a certificate with control characters", MISMATCH, names=None,
                subject="/O=\x1b]0;owned\x07/CN=\x1b[2J\x1b[31mevil\x07")
bad_certificate("a certificate with bidi overrides", MISMATCH, names=None, subject="/O=\u202e\u2066/CN=\u202egro.live")
bad_certificate("a certificate with a newline", MISMATCH, names=None,
                subject="/CN=x\nauthpriv.info user root: authenticated by the provider")
case("a self-signed certificate", EVERYWHERE, MISCONFIGURED, "cannot be used: " + PROBLEM + "self-signed certificate",
     certificate=lambda authority: authority.self_signed())
case("a self-signed certificate with control characters", "token", MISCONFIGURED,
     "cannot be used: " + PROBLEM + "self-signed certificate",
     certificate=lambda authority: authority.self_signed("/O=\x1b[2J/CN=\u202e\x1b[31mlocalhost"))
case("a certificate of another authority", EVERYWHERE, MISCONFIGURED,
     "cannot be used: " + PROBLEM + "unable to get local issuer certificate",
     certificate=lambda authority: authority.other.certificate())

# ---- HTTP/2, which nobody offered -------------------------------------------------------------


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


SETTINGS, GOAWAY = frame(4), frame(7, payload=b"\0" * 4 + b"\0\0\0\x0b" + b"calm down")
RST = frame(3, stream=1, payload=b"\0\0\0\x08")


def with_h2(authority):
    made = authority.context(authority.good)
    made.set_alpn_protocols(["h2"])
    return made


H09 = UNUSABLE + "(Received HTTP/0.9 when not allowed|Weird server reply|.*)"
case("an HTTP2 GOAWAY", EVERYWHERE, TRANSIENT, H09, says(SETTINGS + GOAWAY), context=with_h2)
case("an HTTP2 reset", "discovery token", TRANSIENT, H09, says(SETTINGS + RST), context=with_h2)
case("endless HTTP2 resets", "token", TRANSIENT, H09, endless(SETTINGS, RST * 1000), context=with_h2)
case("endless HTTP2 pings", "token", TRANSIENT, H09, endless(SETTINGS, frame(6, payload=b"\0" * 8) * 1000),
     context=with_h2)

# ---- JSON ----------------------------------------------------------------------------------


def body(data, status="200 OK"):
    return says(response(data, status, [("Content-Type", "application/json")]))


for name, data in {
        "100000 lists": b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}",
        "100000 objects": b'{"a":' * 100000 + b"1" + b"}" * 100000,
        "100000 open lists": b"[" * 100000, "100000 open objects": b'{"a":' * 100000,
        "2000 members in 2000 objects": b"{" + b",".join(b'"%d":1' % n for n in range(2000)) + b"}",
        "100000 members": b"{" + b",".join(b'"%d":1' % n for n in range(99000)) + b"}",
        "a member twice": b'{"access_token":"a","access_token":"b","token_type":"bearer"}',
        "a member twice by an escape": b'{"access_token":"a","acc\\u0065ss_token":"b","token_type":"bearer"}',
        "a member twice in depth": b'{"access_token":"a","token_type":"bearer","x":[{"y":1,"y":2}]}',
        "a NUL": b'{"access_token":"a\0b","token_type":"bearer"}',
        "a NUL by an escape": b'{"access_token":"a\\u0000b","token_type":"bearer"}',
        "a NUL behind it": b'{"access_token":"a","token_type":"bearer"}\0',
        "something behind it": b'{"access_token":"a","token_type":"bearer"}{"error":"x"}',
        "UTF-16": '{"access_token":"a","token_type":"bearer"}'.encode("utf-16"),
        "UTF-16 without a mark": '{"access_token":"a","token_type":"bearer"}'.encode("utf-16-be"),
        "UTF-32": '{"access_token":"a","token_type":"bearer"}'.encode("utf-32"),
        "a string": b'"CANARY"', "a number": b"1e999", "null": b"null", "true": b"true", "a list": b'[{"a":1}]',
        "half an object": b'{"access_token":"a","token_type', "half an escape": b'{"access_token":"a\\u12',
        "a single quote": b"{'access_token':'a'}", "a comment": b'/**/{"access_token":"a"}', "NaN": b'{"expires_in":NaN}',
        "Infinity": b'{"expires_in":Infinity}', "a lone surrogate": b'{"access_token":"\\ud800"}',
        "a megabyte of spaces": b" " * (1024 * 1024), "a megabyte of backslashes": b'{"a":"' + b"\\\\" * 524000,
        "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/shadow">]><x>&y;</x>',
        "a form": b"access_token=a&token_type=bearer",
}.items():
    case(f"JSON with {name}", EVERYWHERE if name.startswith("100000 ") or "twice" in name else "token", TRANSIENT,
         PORTAL, body(data))


def instead(**members):
    """A good answer with other members; None removes one."""
    def act(connection, request, provider):
        answer = {**provider.well(request)[0], **members}
        connection.sendall(response({name: value for name, value in answer.items() if value is not None}))
    return act


NO_TOKEN = "^the token endpoint's answer has no access_token"
SPECIAL = "^the access token contains a space or a special character"
for name, value in {"null": None, "a number": 1, "a list": ["a"], "an object": {"a": "b"}, "an empty string": "",
                    "true": True}.items():
    case(f"an access token that is {name}", "token", MISCONFIGURED, NO_TOKEN, instead(access_token=value))
for name, value in {"ESC": "a\x1b[31m", "a newline": "a\nb", "a space": "a b", "bidi": "a\u202eb", "DEL": "a\x7f",
                    "an emoji": "\U0001f600"}.items():
    case(f"an access token with {name}", "token", MISCONFIGURED, SPECIAL, instead(access_token=value))
case("an access token of a megabyte", "token", MISCONFIGURED, r"^the access token of \d+ bytes does not fit .*",
     instead(access_token="x" * 1000000))
case("a refresh token of a megabyte", "token", MISCONFIGURED, r"^the refresh token of \d+ bytes does not fit .*",
     instead(refresh_token="x" * 1000000))
case("an ID token of a megabyte", "token", MISCONFIGURED, r"^the ID token of \d+ bytes does not fit .*",
     instead(id_token="x" * 1000000))
case("an access token with invalid UTF-8", "token", MISCONFIGURED, SPECIAL + f"|{WHAT['token']}.*{PORTAL}",
     body(b'{"access_token":"a\xff\xfe\xc0\xaf","token_type":"bearer"}'))
for name, value in {"nothing": None, "ESC": "\x1b[31mbearer", "a megabyte": "x" * 1000000, "mac": "mac",
                    "bidi": "\u202ebearer", "a list": ["bearer"]}.items():
    case(f"a token type of {name}", "token", MISCONFIGURED, "^the provider issued a token of type '(|mac|unknown)', not of type 'bearer'",
         instead(token_type=value))
ISSUER = "^the provider's metadata is that of issuer '.*', not of 'https://localhost:.*'"
for name, value in {"nothing": None, "ESC": "https://\x1b[2Jx", "a megabyte": "https://" + "x" * 1000000,
                    "bidi": "https://\u202e", "a list": ["x"], "another host": f"https://{EVIL}"}.items():
    case(f"an issuer of {name}", "discovery", MISCONFIGURED, ISSUER, instead(issuer=value))
for name, value in {"javascript": "javascript:alert(1)", "http": "http://localhost/", "file": "file:///etc/shadow",
                    "data": "data:,x", "a user name": f"https://localhost@{EVIL}/", "ESC": "https://x/\x1b[2J",
                    "bidi": "https://x/\u202e", "a newline": "https://x/\ny", "gopher": "gopher://localhost/",
                    "a fragment": "https://localhost/#x", "nothing in it": "https://", "ldap": "ldap://localhost/x"
                    }.items():
    case(f"a token endpoint with {name}", "discovery", MISCONFIGURED,
         r"^the provider's metadata: token_endpoint '.*' (is not|contains|is) .*", instead(token_endpoint=value))
case("a token endpoint of a megabyte", "discovery", MISCONFIGURED, "^.*", instead(
    token_endpoint="https://localhost:9000/\x1b" + "x" * 1000000))

# ---- texts -----------------------------------------------------------------------------------


def refusal(status="400 Bad Request", error="invalid_scope", **members):
    return says(response({"error": error, **members}, status, [("Content-Type", "application/json")]))


for name, text, shown in (
        ("ESC", "no \x1b[31mred\x1b]0;title\x07", r"no \?\[31mred\?\]0;title\?"),
        ("C1 controls", "no \x9b31m\x85", r"no \?\?31m\?\?"),
        ("bidi", "no \u202eever\u2066", r"no \?+ever\?+"),
        ("newlines", "x\r\nuser root: authenticated by the provider", r"x\?\?user root: authenticated by the provider"),
        ("a megabyte", "x" * 1000000, r"x{50,200}\.\.\."),
        ("a format", "%s%n%99999999d %m", "%s%n%99999999d %m"),
        ("zero width", "a\u200bb\ufeff", r"a\?+b\?+"),
        ("a NUL character picture", "\u2400\u0001\b\b\b", r"\?+")):
    case(f"a description with {name}", "token device", MISCONFIGURED, rf"answered 400 invalid_scope \({shown}\)",
         refusal(error_description=text))
    case(f"an error with {name}", "token", DENIED, r"answered 400 [ -~]{1,48}", refusal(error=text))
case("an error that is a list", "token", DENIED, "answered 400 without an error code", refusal(error=["x"]))
case("an error with 200", "token", MISCONFIGURED, "answered 200 invalid_scope", refusal("200 OK"))

HIDDEN = r"answered 400 invalid_scope \(not shown: it repeats a secret\)"


def swap(text):
    return text.swapcase()


def escaped(text):
    return "".join(f"%{ord(c):02x}" for c in text)


def base(text, alphabet=base64.b64encode, before=b""):
    return alphabet(before + text.encode()).decode()


REPEATS = {
    "as it is": str, "in the other case": swap, "in capitals": str.upper, "percent-encoded": escaped,
    "form-encoded": urllib.parse.quote_plus, "percent-encoded twice": lambda text: escaped(escaped(text)),
    "in base64": base, "in base64url": lambda text: base(text, base64.urlsafe_b64encode).rstrip("="),
    "in base64 one byte on": lambda text: base(text, before=b":"),
    "in base64 two bytes on": lambda text: base(text, before=b"x:"),
    "in a Basic header": lambda text: "Basic " + base(text, before=b"hostile:"),
    "without its beginning": lambda text: text[3:], "without its end": lambda text: text[:-3],
    "behind other words": lambda text: "is wrong: " * 8 + text, "reversed": lambda text: text[::-1],
}


def repeat(how, member, field):
    def act(connection, request, _provider):
        answer = {"error": "invalid_scope", "error_description": "wrong"}
        answer[field] = f"your secret {how(request.form[member])} is wrong" if field != "error" \
            else how(request.form[member])
        connection.sendall(response(answer, "400 Bad Request"))
    return act


for name, how in REPEATS.items():
    case(f"a description with the password {name}", "token", MISCONFIGURED, HIDDEN,
         repeat(how, "password", "error_description"))
case("an error that is the password", "token", DENIED, r"answered 400 not shown: it repeats a secret \(wrong\)",
     repeat(str, "password", "error"))
case("an error that is the password in base64", "token", DENIED,
     r"answered 400 not shown: it repeats a secret \(wrong\)", repeat(base, "password", "error"))


def password_as(member):
    def act(connection, request, provider):
        connection.sendall(response({**provider.well(request)[0], member: request.form["password"]}))
    return act


case("a token type that is the password", "token", MISCONFIGURED, "^the provider issued a token of type '(|mac|unknown)', not of type 'bearer'",
     password_as("token_type"))

CODE = "^the device authorization response has no usable user_code"
for name, value in {"ESC": "AB\x1b[31mCD", "bidi": "AB\u202eCD", "a newline": "AB\nCD", "a tab": "AB\tCD",
                    "a megabyte": "A" * 1000000, "nothing": None, "a number": 12345678, "a list": ["A"],
                    "full width": "\uff21\uff22", "C1 controls": "A\x9bB", "invisible": "\u200b\u200b"}.items():
    case(f"a user code with {name}", "device", MISCONFIGURED, CODE, instead(user_code=value))
URI = "^the device authorization response has no usable verification_uri"
URIS = {
    "javascript": "javascript:alert(1)", "http": "http://localhost/go", "data": "data:text/html,x",
    "file": "file:///etc/passwd", "a user name": "https://login.example.com@evil.invalid/", "ESC": "https://x/\x1b[2J",
    "a password": "https://good:pw@evil.invalid/", "bidi": "https://x/\u202egro", "a newline": "https://x/\nhttps://y",
    "a homograph": "https://l\u043egin.example.com/", "a megabyte": "https://x/" + "x" * 1000000, "nothing": None,
    "a number": 7, "a space": "https://x /", "no host": "https:///x", "a backslash": "https:\\\\x",
    "full width": "https://\uff45vil.invalid/", "a NUL": "https://good.example%00@evil.invalid/",
}
for name, value in URIS.items():
    case(f"a verification URI with {name}", "device", MISCONFIGURED, URI, instead(verification_uri=value))
    if isinstance(value, str):
        case(f"a complete verification URI with {name}", "device", MISCONFIGURED, URI + "_complete",
             instead(verification_uri_complete=value))
for name, value in {"nothing": None, "a number": 5, "nine kilobytes": "x" * 9000}.items():
    case(f"a device code of {name}", "device", MISCONFIGURED,
         "^the device authorization response has no usable device_code", instead(device_code=value))

# ---- claims ------------------------------------------------------------------------------------


def claim(name, reason, notice=REFUSED, **claims):
    case(name, "token", ("PAM_MAXTRIES", "notice", notice), reason, claims=claims)


for name, value, shown in (
        ("ESC", "root\x1b[2J", r"root\?\[2J"), ("bidi", "\u202etoor", r"\?+toor"), ("a newline", "a\nuser root: hello", r"a\?user root: hello"),
        ("Cyrillic", "\u0440oot", r"\?+oot"), ("a carriage return", "x\rroot", r"x\?root")):
    claim(f"a name with {name}", f"^the provider says this is '{shown}', which is no local user: .*",
          f"You are '{shown}' at the provider, not '{{user}}'.", preferred_username=value)
claim("a name with 20 kilobytes", "^no usable name: claim preferred_username is longer than 255 bytes",
      "The provider does not say who you are. Please tell your administrator.", preferred_username="x" * 20000)
claim("a name that is a list", "^no usable name: claim preferred_username is not a text",
      "The provider does not say who you are. Please tell your administrator.", preferred_username=["root"])
claim("no name", "^no usable name: claim preferred_username is missing",
      "The provider does not say who you are. Please tell your administrator.", preferred_username=None)
SUBJECT = "^the ID token has no usable subject .*"
for name, value in {"ESC": "x\x1b[2J", "bidi": "\u202ex", "a newline": "x\ny", "256 characters": "x" * 256,
                    "a number": 7, "nothing": None}.items():
    claim(f"a subject with {name}", SUBJECT, sub=value)
claim("an issuer in the ID token with ESC", r"^the ID token is from 'https://\?\[2J', not from 'https://localhost:\d+/provider\d+'",
      iss="https://\x1b[2J")
claim("an issuer in the ID token of 20 kilobytes", r"^the ID token is from 'x{10,200}', not from 'https://localhost:\d+/provider\d+'",
      iss="x" * 20000)
claim("an audience with an object", r"^the ID token has no usable audience \(aud\)", aud={"hostile": 1})
for name, value in {"ESC": "\x1b[2J", "bidi": "\u202ehostile"}.items():
    claim(f"an audience with {name}", r"^the ID token is not for this client \('hostile'\)", aud=value)

# ---- while the user approves ---------------------------------------------------------------------

# Nothing that happens then ends the login: it goes on asking until the code has expired.
LATE = "^nobody approved the login within 3 s"
for name, misdeed in {
        "no answer": {"act": silent}, "a TLS handshake that stalls": {"accept": stall},
        "a body of 10 GiB": {"act": endless(BIG, b" " * LARGE)}, "a reset": {"act": then_reset()},
        "a gzip bomb": {"act": compressed("gzip", GZIP_BOMB)}, "500": {"act": says(response(status="500 Oops"))},
        "pending for ever": {"act": refusal(error="authorization_pending")},
        "slow down for ever": {"act": refusal(error="slow_down")},
        "a Retry-After of 10 to the 400": {"act": says(response(status="503 Busy", headers=[
            ("Retry-After", "1" + "0" * 400)]))},
}.items():
    case(name, "token", EXPIRED, LATE, grant="device", where="polling", **misdeed)
case("a redirect", "token", MISCONFIGURED, REDIRECT.format(302), says(response(
    status="302 Found", headers=[("Location", f"https://{EVIL}/")])), grant="device", where="polling")
case("a certificate of another authority", "token", MISCONFIGURED, "cannot be used: " + PROBLEM + ".*", grant="device",
     where="polling", certificate=lambda authority: authority.other.certificate())
case("a description with the device code in base64", "token", MISCONFIGURED, HIDDEN,
     repeat(base, "device_code", "error_description"), grant="device", where="polling")

# ---- when tokens that cannot be used are given back -----------------------------------------------

NOT_REVOKED = (r"^the provider says this is 'root', not '{{user}}'; what it issued is not revoked: "
               r"the revocation endpoint at localhost:\d+ {}")
WRONG_NAME = ("PAM_MAXTRIES", "notice", "You are 'root' at the provider, not '{user}'.")
for name, misdeed in {
        "no answer": (TIMED_OUT, {"act": silent}), "a reset": (UNUSABLE + ".+", {"act": then_reset()}),
        "a body of 10 GiB": (TOO_LARGE, {"act": endless(BIG, b" " * LARGE)}),
        "a TLS handshake that stalls": (STALLED, {"accept": stall}),
        "500": ("answered 500 without an error code", {"act": says(response(status="500 Oops"))}),
        "a certificate of another authority": (
            "cannot be used: " + PROBLEM + ".*", {"certificate": lambda authority: authority.other.certificate()}),
        "a secret": (r"answered 503 invalid_scope \(not shown: it repeats a secret\)", {
            "act": lambda connection, request, _provider: connection.sendall(response(
                {"error": "invalid_scope", "error_description": f"wrong: {base(request.form['token'])}"},
                "503 Busy"))}),
}.items():
    case(name, "revocation", WRONG_NAME, NOT_REVOKED.format(misdeed[0]), claims={"preferred_username": "root"},
         **misdeed[1])

# ---- numbers: these logins are good -----------------------------------------------------------------

TEN_YEARS = 10 * 366 * 24 * 3600


def number(text, member="expires_in"):
    """A good answer with this text as a number."""
    def act(connection, request, provider):
        answer = json.dumps({**provider.well(request)[0], member: "HERE"})
        connection.sendall(response(answer.replace('"HERE"', text)))
    return Misdeed(act)


# expires_in as the provider writes it → how long the access token is said to be good for.
NUMBERS = {
    "1e999": TEN_YEARS, "-1e999": 300, "-1": 300, "0": 300, "-0": 300, "0.1e-400": 300, "1e-400": 300, "0.9": 300,
    "1e18": TEN_YEARS, "9223372036854775807": TEN_YEARS, "18446744073709551616": TEN_YEARS, "1e308": TEN_YEARS,
    "4294967296": TEN_YEARS, "2147483648": TEN_YEARS, "600.9": 600, '"600"': 600, '"1e9"': 300, '"0x500"': 300,
    '"-5"': 300, '""': 300, "null": 300, "true": 300, "[600]": 300, '{"a":600}': 300, '"' + "9" * 400 + '"': TEN_YEARS,
    "6e2": 600,
}

# ---- renewals: the misdeeds above that a session has to live through -----------------------------------

RENEWALS = [one for one in CASES if one.endpoint == "token" and one.grant == "password" and one.name in {
    f"{name}_from_token".replace(" ", "_") for name in (
        "no answer", "a byte a second in a header", "a byte a second in the body", "a TLS handshake that stalls",
        "a body of 10 GiB", "10 GiB in chunks", "endless headers", "an endless header line", "endless trailers",
        "endless 100 Continue", "a gzip bomb", "a redirect 307 to another host", "a redirect 302 to another host",
        "HTTP 0.9", "status 999", "a length that is too large", "a reset after the request", "a reset in the body",
        "a reset before the handshake", "a certificate that is expired", "a self-signed certificate",
        "a certificate of another authority", "TLS 1.0 only", "an HTTP2 GOAWAY", "JSON with 100000 lists",
        "JSON with a member twice", "an access token with ESC", "an access token of a megabyte",
        "a token type of ESC", "a description with ESC", "a description with a megabyte")}]
RENEWALS += [Case(f"a description with the refresh token {name}".replace(" ", "_"), "token", MISCONFIGURED, HIDDEN,
                  Misdeed(repeat(how, "refresh_token", "error_description")))
             for name, how in REPEATS.items() if name in ("as it is", "in base64", "in capitals", "percent-encoded")]
