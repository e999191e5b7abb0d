# SPDX-License-Identifier: MIT
"""A provider that misbehaves: TLS and HTTP by hand, so that it can say what no server says.

    with Hostile(authority, "token", misdeed, user="alice") as provider:
        … log in at provider.issuer …

It listens on two ports.  At the good one it is enough of a provider for the password and the device grant, for
renewals, revocation and userinfo.  The endpoint under attack is the only thing at the bad one; what happens there is
the misdeed's: accept(raw, provider) is given the connection before TLS, act(connection, request, provider) the TLS
connection with a request that was read.  A misdeed that is not armed behaves well.
"""
import base64
import contextlib
import hashlib
import itertools
import json
import os
import secrets
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

PATHS = {
    "discovery": "/.well-known/openid-configuration", "jwks": "/jwks", "device": "/device", "token": "/token",
    "revocation": "/revoke", "userinfo": "/userinfo",
}
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


# ---- certificates and signatures ------------------------------------------------

CA_CONFIG = """\
[ca]
default_ca = it
[it]
database = {dir}/{name}.index
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
string_mask = utf8only
[any]
commonName = optional
organizationName = optional
"""


def openssl(*argv, **options):
    done = subprocess.run(["openssl", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"openssl {argv}: {done.stderr.decode()}")
    return done.stdout


def b64(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authority:
    """A certification authority in a directory, the certificates that it issues, and a key that signs ID tokens."""

    def __init__(self, directory, name="ca", subject="/CN=test authority"):
        self.dir, self.name, self.count = directory, name, itertools.count()
        os.makedirs(directory, exist_ok=True)
        self.crt, self.key, self.server_key = f"{directory}/{name}.crt", f"{directory}/{name}.key", \
            f"{directory}/server.key"
        for key in (self.key, self.server_key):
            if not os.path.exists(key):
                openssl("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        openssl("req", "-x509", "-utf8", "-key", self.key, "-subj", subject, "-days", "2",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.crt)
        self.signing_key = f"{directory}/sign.key"
        if not os.path.exists(self.signing_key):
            openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                    "-out", self.signing_key)
        numbers = openssl("rsa", "-in", self.signing_key, "-noout", "-modulus").decode()
        modulus = int(numbers.strip().split("=")[1], 16)
        self.jwks = {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "hostile", "e": "AQAB",
                               "n": b64(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big"))}]}

    def certificate(self, subject="/CN=localhost", names="DNS:localhost,IP:127.0.0.1", usage="serverAuth",
                    start="", end=""):
        """The file with a certificate of this authority, and its chain.  start, end: YYYYMMDDHHMMSSZ."""
        name = f"{self.name}-{next(self.count)}"
        path, request = f"{self.dir}/{name}.crt", f"{self.dir}/{name}.csr"
        config, extensions = f"{self.dir}/{name}.conf", f"{self.dir}/{name}.ext"
        with open(config, "w", encoding="ascii") as file:
            file.write(CA_CONFIG.format(dir=self.dir, name=name))
        with open(f"{self.dir}/{name}.index", "w", encoding="ascii"):
            pass
        with open(extensions, "w", encoding="utf-8") as file:
            file.write((f"subjectAltName={names}\n" if names else "") + f"extendedKeyUsage={usage}\n")
        openssl("req", "-new", "-utf8", "-key", self.server_key, "-subj", subject, "-out", request)
        openssl("ca", "-batch", "-notext", "-utf8", "-config", config, "-cert", self.crt, "-keyfile", self.key,
                "-in", request, "-out", path, "-extfile", extensions,
                *(["-startdate", start] if start else []), *(["-enddate", end] if end else ["-days", "2"]))
        return path

    def self_signed(self, subject="/CN=localhost"):
        path = f"{self.dir}/self-{next(self.count)}.crt"
        openssl("req", "-x509", "-utf8", "-key", self.server_key, "-subj", subject, "-days", "2",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", path)
        return path

    def context(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, self.server_key)
        return context

    def sign(self, claims, header=None):
        text = f"{b64(header or {'alg': 'RS256', 'kid': 'hostile'})}.{b64(claims)}"
        return f"{text}.{b64(openssl('dgst', '-sha256', '-sign', self.signing_key, input=text.encode()))}"


# ---- requests and answers ---------------------------------------------------------

class Request:
    def __init__(self, head, body):
        self.body = body
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = lines[0].split(" ")[:2]
        self.headers = {name.lower(): value.strip() for name, value in
                        (line.split(":", 1) for line in lines[1:] if ":" in line)}
        self.form = dict(urllib.parse.parse_qsl(body.decode("latin-1"), keep_blank_values=True))


def receive(connection):
    """The next request, or None when the client has hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    request = Request(head, b"")
    while len(body) < int(request.headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Request(head, body)


def response(body=b"", status="200 OK", headers=()):
    """The bytes of an answer behind which the connection ends."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def reset(connection):
    """End a connection by a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        # A TLS socket's close() is the plain one: no close_notify.
        connection.close()


# ---- the provider -------------------------------------------------------------------

class Misdeed:
    """One misbehaviour.

    accept, act: see above; certificate, context: of the bad port, instead of the good ones; claims: what replaces
    those of the ID token, None removes one.
    """

    def __init__(self, act=None, accept=None, certificate=None, context=None, claims=None):
        self.act, self.accept, self.certificate, self.context = act, accept, certificate, context
        self.claims = claims or {}


class Hostile:
    """hit: how often the misdeed was done; asked: the requests that were read; issued: what was issued.

    Each has a path of its own, so that nothing is known of it from one before on the same port.
    """
    numbers = itertools.count()

    def __init__(self, authority, endpoint, misdeed, user, armed=True):
        self.authority, self.endpoint, self.misdeed, self.user = authority, endpoint, misdeed, user
        self.host, self.base = "localhost", f"/provider{next(self.numbers)}"
        self.armed = threading.Event()
        if armed:
            self.armed.set()
        self.over = threading.Event()
        self.asked, self.connections, self.hit, self.sent = [], [], 0, 0
        self.issued = []
        good = authority.context(authority.good)
        bad = good
        if misdeed.context is not None:
            bad = misdeed.context(authority)
        elif misdeed.certificate is not None:
            bad = authority.context(misdeed.certificate(authority))
        self.listeners = [self._listen(False, good), self._listen(True, bad)]
        self.port, self.bad_port = (listener.getsockname()[1] for listener in self.listeners)
        self.issuer = f"https://{self.host}:{self.bad_port if endpoint == 'discovery' else self.port}{self.base}"

    # ---- connections ----

    def _listen(self, is_bad, context):
        listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        threading.Thread(target=self._accept, args=(listener, is_bad, context), daemon=True).start()
        return listener

    def _accept(self, listener, is_bad, context):
        with contextlib.suppress(OSError):
            while True:
                raw, _ = listener.accept()
                self.connections.append(raw)
                threading.Thread(target=self._serve, args=(raw, is_bad, context), daemon=True).start()

    def _serve(self, raw, is_bad, context):
        raw.settimeout(20)
        hostile = is_bad and self.armed.is_set()
        # What the client hangs up on is its good right.
        with contextlib.suppress(OSError, ValueError):
            if hostile and self.misdeed.accept is not None:
                self.hit += 1
                self.misdeed.accept(raw, self)
                return
            if hostile and (self.misdeed.context or self.misdeed.certificate):
                self.hit += 1
            if not hostile:
                context = self.authority.context(self.authority.good)
            with context.wrap_socket(raw, server_side=True) as connection:
                self.connections.append(connection)
                while (request := receive(connection)) is not None:
                    self.asked.append(request)
                    if not self._answer(connection, request, is_bad):
                        return

    def _answer(self, connection, request, is_bad):
        if is_bad and self.armed.is_set():
            self.hit += 1
            if self.misdeed.act is not None:
                self.misdeed.act(connection, request, self)
                return False
        connection.sendall(response(*self.well(request)))
        return False

    def pour(self, connection, chunk, pause=0.0, limit=10 * 1024 ** 3):
        """The same bytes, until the client has enough."""
        while self.sent < limit and not self.over.wait(pause):
            connection.sendall(chunk)
            self.sent += len(chunk)

    # ---- behaving well ----

    def url(self, endpoint):
        port = self.bad_port if endpoint == self.endpoint else self.port
        return f"https://{self.host}:{port}{self.base}{PATHS[endpoint]}"

    def metadata(self):
        return {"issuer": self.issuer, "token_endpoint": self.url("token"), "jwks_uri": self.url("jwks"),
                "device_authorization_endpoint": self.url("device"), "revocation_endpoint": self.url("revocation"),
                "userinfo_endpoint": self.url("userinfo"), "id_token_signing_alg_values_supported": ["RS256"]}

    def claims(self, access):
        now = int(time.time())
        digest = hashlib.sha256(access.encode()).digest()[:16]
        claims = {"iss": self.issuer, "aud": "hostile", "sub": f"subject of {self.user}".replace(" ", "-"),
                  "preferred_username": self.user, "iat": now, "exp": now + 300, "at_hash": b64(digest),
                  **(self.misdeed.claims if self.armed.is_set() else {})}
        return {name: value for name, value in claims.items() if value is not None}

    def tokens(self):
        access = f"CANARY-AT-{secrets.token_hex(16)}"
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300,
                  "refresh_token": f"CANARY-RT-{secrets.token_hex(16)}",
                  "id_token": self.authority.sign(self.claims(access))}
        self.issued.append(answer)
        return answer

    def device(self):
        return {"device_code": f"CANARY-DC-{secrets.token_hex(16)}", "user_code": "ABCD-EFGH", "interval": 1,
                "verification_uri": f"https://{self.host}:{self.port}/go", "expires_in": 3}

    def well(self, request):
        """The body of an answer that is as it should be, and its status."""
        answers = {"discovery": self.metadata, "jwks": lambda: self.authority.jwks, "device": self.device,
                   "token": self.tokens, "revocation": dict,
                   "userinfo": lambda: {"sub": self.claims("")["sub"], "preferred_username": self.user}}
        for name, path in PATHS.items():
            if request.path == self.base + path:
                return answers[name](), "200 OK"
        return b"", "404 Not Found"

    def requests(self, endpoint):
        return [request for request in self.asked if request.path == self.base + PATHS[endpoint]]

    def close(self):
        self.over.set()
        for one in (*self.listeners, *self.connections):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- who must not be asked -----------------------------------------------------------

class Decoys:
    """Other ports of this host, on all its addresses, and the name server; each remembers who came.

    seen: what a client sent, or the names that were looked up.
    """
    PORTS = (21, 23, 25, 70, 80, 110, 143, 389, 443, 1080, 1883, 3128, 6667, 8080, 8443, 9000)

    def __init__(self):
        self.seen, self.listeners = [], []
        self.names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.names.bind(("127.0.0.1", 53))
        self.listeners.append(self.names)
        threading.Thread(target=self._resolve, daemon=True).start()
        for port in (53, *self.PORTS):
            listener = socket.create_server(("0.0.0.0", port))
            self.listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()

    def _resolve(self):
        with contextlib.suppress(OSError, TypeError):  # shutdown() makes it return nothing
            while True:
                query, client = self.names.recvfrom(4096)
                name, at = [], 12
                while at < len(query) and query[at]:
                    name.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
                    at += 1 + query[at]
                self.seen.append(f"name {'.'.join(name)}")
                # There is no such name.
                self.names.sendto(query[:2] + b"\x81\x83" + query[4:6] + b"\0\0\0\0\0\0" + query[12:at + 5], client)

    def _accept(self, listener, port):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.seen.append(f"port {port}")
                connection.close()

    def close(self):
        for listener in self.listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
