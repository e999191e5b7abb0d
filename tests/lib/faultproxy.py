# SPDX-License-Identifier: MIT
"""A proxy that breaks what passes between a client and a real provider, as a script says, and then heals.

    certificates = Certificates(provider.state)
    with FaultProxy(certificates, port_of_the_provider) as proxy:
        proxy.play("drop-after", ("answer", 503, {"Retry-After": "2"}))
        … let a client use https://localhost:{proxy.port}/token …

Each connection takes the next step of the script; behind the last one all goes through.  There is one request on a
connection, because the answer ends it.  A step is a name, or a name and its arguments:

    before the request
        close reset             the connection is accepted, and ended
        silence                 it is accepted, and that is all until the client has gone
        refuse                  nobody listens, until pass_refusal()
        garbage broken-record broken-handshake      what comes is no TLS, or no more of it
        untrusted wrong-host expired                the certificate
    with the request, which does not reach the provider
        drop-before reset-before hang-before
        answer STATUS HEADERS BODY                  instead of the provider's
        cut-answer STATUS HEADERS                   less of it than announced
    with the answer, after the provider has handled the request
        drop-after reset-after hang-after
        replace STATUS HEADERS BODY                 another one comes instead
        cut-head cut-body cut-chunked               the connection ends in the middle
        cut-unmeasured cut-unmeasured-politely      the same of a body without a length; with TLS's word for the end
        stop-in-body announce-more                  the rest never comes
    and all goes through
        pass, delay-before SECONDS, delay-after SECONDS, drip SECONDS

log has an entry for each connection, in the format of the provider's access.log, with these differences: step is what
was done, issued is there whenever the provider has issued something, handled when the request has reached it, and
status when the client was given the whole answer.  The route is None where no request was read.
"""
import contextlib
import hashlib
import inspect
import json
import select
import socket
import ssl
import threading
import time
import urllib.parse

from hostile import openssl, receive, reset, response

ROUTES = {"/token/revocation": "revocation"}
HTML = "<html><body>Please log in to the network.</body></html>"
PATIENCE = 60  # seconds, more than any client here has


def digest(token):
    """As access.log names a token."""
    return token and hashlib.sha256(token.encode()).hexdigest()[:12]


class Certificates:
    """Those that the provider's start.sh has made in its state directory, and one that has expired."""

    def __init__(self, state):
        expired = f"{state}/server-expired.crt"
        request = openssl("req", "-new", "-key", f"{state}/server-good.key", "-subj", "/CN=expired")
        with open(f"{state}/server-expired.ext", "w", encoding="ascii") as file:
            file.write("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
        openssl("x509", "-req", "-CA", f"{state}/ca.crt", "-CAkey", f"{state}/ca.key", "-CAcreateserial", "-days", "-1",
                "-extfile", f"{state}/server-expired.ext", "-out", expired, input=request)
        self.contexts = {name: self._context(state, name, key) for name, key in
                         (("good", "good"), ("untrusted", "untrusted"), ("wrong-host", "wrong-host"),
                          ("expired", "good"))}
        self.client = ssl.create_default_context(cafile=f"{state}/ca.crt")

    @staticmethod
    def _context(state, name, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{state}/server-{name}.crt", f"{state}/server-{key}.key")
        return context


# ---- what can be done --------------------------------------------------------------------

def until_gone(connection):
    """Until the client has hung up."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def has_gone(connection):
    if not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return connection.recv(1) == b""
    except OSError:
        return True


def parts(answer):
    """The head of an answer, with the empty line, and its body."""
    head, body = answer.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", body


def without_length(head):
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:"))


def close(exchange):
    exchange.wire.shutdown(socket.SHUT_RDWR)  # what was not read would make it a reset


def reset_now(exchange):
    reset(exchange.wire)


def silence(exchange):
    with exchange.held():
        until_gone(exchange.wire)


def garbage(exchange):
    exchange.wire.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    until_gone(exchange.wire)


def broken_record(exchange):
    exchange.wire.recv(65536)
    exchange.wire.sendall(b"\x16\x03\x03\x00\x20" + b"\xff" * 32)
    until_gone(exchange.wire)


def broken_handshake(exchange):
    exchange.wire.recv(65536)


def hang_before(exchange):
    silence(exchange)


def answer(exchange, status, headers=None, body=""):
    exchange.give(response(body, f"{status} Whatever", list((headers or {}).items())), status)


def cut_answer(exchange, status, headers=None):
    whole = response("x" * 1000, f"{status} Whatever", list((headers or {}).items()))
    exchange.wire.sendall(whole[:-500])


def drop_after(exchange):
    exchange.ask()


def reset_after(exchange):
    exchange.ask()
    reset(exchange.wire)


def hang_after(exchange):
    exchange.ask()
    silence(exchange)


def replace(exchange, status, headers=None, body=""):
    exchange.ask()
    answer(exchange, status, headers, body)


def cut_head(exchange):
    head, _ = parts(exchange.ask())
    exchange.wire.sendall(head[:len(head) // 2])


def cut_body(exchange):
    head, body = parts(exchange.ask())
    exchange.wire.sendall(head + body[:len(body) // 2])


def cut_chunked(exchange):
    head, body = parts(exchange.ask())
    half = body[:len(body) // 2]
    exchange.wire.sendall(without_length(head)[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
                          + b"%x\r\n%s\r\n" % (len(half), half))


def cut_unmeasured(exchange):
    head, body = parts(exchange.ask())
    exchange.wire.sendall(without_length(head) + body[:len(body) // 2])


def cut_unmeasured_politely(exchange):
    cut_unmeasured(exchange)
    exchange.wire.unwrap()


def stop_in_body(exchange):
    cut_body(exchange)
    silence(exchange)


def announce_more(exchange):
    head, body = parts(exchange.ask())
    exchange.wire.sendall(without_length(head)[:-2] + b"Content-Length: %d\r\n\r\n%s" % (len(body) + 100, body))
    silence(exchange)


def go_through(exchange):
    exchange.give(exchange.ask())


def delay_before(exchange, seconds):
    with exchange.held():
        time.sleep(seconds)
    go_through(exchange)


def delay_after(exchange, seconds):
    whole = exchange.ask()
    with exchange.held():
        time.sleep(seconds)
    exchange.give(whole)


def drip(exchange, seconds):
    """In some twenty pieces, over so many seconds."""
    whole = exchange.ask()
    size = len(whole) // 20
    *pieces, last = [whole[at:at + size] for at in range(0, len(whole), size)]
    for piece in pieces:
        exchange.wire.sendall(piece)
        time.sleep(seconds / 20)
    exchange.give(last)


# What is given the connection as it was accepted.
RAW = {"close": close, "reset": reset_now, "silence": silence, "garbage": garbage, "broken-record": broken_record,
       "broken-handshake": broken_handshake}
BAD_CERTIFICATES = ("untrusted", "wrong-host", "expired")
# What is given the request.
WITH_REQUEST = {
    "drop-before": close, "reset-before": reset_now, "hang-before": hang_before, "answer": answer,
    "cut-answer": cut_answer, "drop-after": drop_after, "reset-after": reset_after, "hang-after": hang_after,
    "replace": replace, "cut-head": cut_head, "cut-body": cut_body, "cut-chunked": cut_chunked,
    "cut-unmeasured": cut_unmeasured, "cut-unmeasured-politely": cut_unmeasured_politely,
    "stop-in-body": stop_in_body, "announce-more": announce_more, "pass": go_through, "delay-before": delay_before,
    "delay-after": delay_after, "drip": drip,
}


def check(step):
    """(name, arguments) of a step.  A script that misspells one must not pass because nothing went wrong."""
    name, *arguments = [step] if isinstance(step, str) else step
    if name == "refuse" or name in BAD_CERTIFICATES:
        if arguments:
            raise ValueError(f"{name} takes no arguments: {step}")
    elif name in RAW or name in WITH_REQUEST:
        inspect.signature({**RAW, **WITH_REQUEST}[name]).bind(None, *arguments)
    else:
        raise ValueError(f"no such step: {step}")
    return name, arguments


# ---- one connection ------------------------------------------------------------------------

class Exchange:
    """wire: the connection, within TLS once there is any; entry: what the log says of it."""

    def __init__(self, proxy, wire, entry):
        self.proxy, self.wire, self.entry = proxy, wire, entry
        self.request = self.status = None

    def read(self):
        self.request = receive(self.wire)
        if self.request is None:
            return False
        form, path = self.request.form, urllib.parse.urlsplit(self.request.path).path
        self.entry["route"] = ROUTES.get(path) or f"token:{form.get('grant_type')}"
        self.entry["presented"] = digest(form.get("refresh_token") or form.get("token"))
        return True

    def ask(self):
        """The provider's answer, to the last byte."""
        request = self.request
        lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in
                                                                request.headers.items()), "Connection: close", "", ""]
        whole = b""
        self.entry["handled"] = True
        with socket.create_connection(("127.0.0.1", self.proxy.provider_port), PATIENCE) as raw, \
                self.proxy.certificates.client.wrap_socket(raw, server_hostname="localhost") as provider:
            provider.sendall("\r\n".join(lines).encode("latin-1") + request.body)
            while more := provider.recv(65536):
                whole += more
        self.status = int(whole.split(b" ", 2)[1])
        with contextlib.suppress(ValueError):
            said = json.loads(parts(whole)[1])
            issued = {name: digest(said[name]) for name in ("access_token", "refresh_token", "id_token")
                      if name in said}
            if issued:
                self.entry["issued"] = issued
        return whole

    def give(self, whole, status=None):
        """The last bytes of an answer."""
        if has_gone(self.wire):
            self.entry["aborted"] = True
            return
        # In the log before the client can act upon it.
        self.entry["status"] = status or self.status
        self.wire.sendall(whole)

    @contextlib.contextmanager
    def held(self):
        """Here the client waits: who looks on may do something."""
        self.proxy.holds += 1
        yield


class FaultProxy:
    """port: where it listens; log: see above; holds: how many connections have been made to wait so far."""

    def __init__(self, certificates, provider_port):
        self.certificates, self.provider_port = certificates, provider_port
        self.script, self.log, self.holds = [], [], 0
        self.lock, self.over = threading.Lock(), False
        self.listener, self.port = None, 0
        self._bind()
        self._listen()

    def play(self, *steps):
        """From now on, one for each connection; instead of what is left."""
        script = [check(step) for step in steps]
        with self.lock:
            was_refusing, self.script = self._refuses(), script
            self._open_or_refuse(was_refusing)

    @property
    def refuses(self):
        with self.lock:
            return self._refuses()

    def pass_refusal(self):
        """Somebody has been refused, as far as its log knows just now."""
        with self.lock:
            assert self._refuses()
            self.script.pop(0)
            self.log.append({"at": time.time() * 1000, "ms": 0, "step": "refuse", "route": None})
            self._open_or_refuse(True)

    # ---- listening ----

    def _refuses(self):
        return bool(self.script) and self.script[0][0] == "refuse"

    def _bind(self):
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]

    def _listen(self):
        self.listener.listen(16)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _close_listener(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self.listener.close()

    def _open_or_refuse(self, was_refusing):
        if self._refuses() and not was_refusing:
            self._close_listener()
            self._bind()  # and nobody listens, but the port stays ours
        elif was_refusing and not self._refuses():
            self._listen()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while not self.over:
                raw, _ = listener.accept()
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    # ---- serving ----

    def _take(self):
        with self.lock:
            step = self.script.pop(0) if self.script else ("pass", [])
            entry = {"at": time.time() * 1000, "step": step[0], "route": None}
            self.log.append(entry)
            self._open_or_refuse(False)
        return step, entry

    def _serve(self, raw):
        raw.settimeout(PATIENCE)
        (name, arguments), entry = self._take()
        exchange = Exchange(self, raw, entry)
        # What the client hangs up on is its good right.
        with contextlib.suppress(OSError):
            try:
                self._act(exchange, name, arguments)
            finally:
                entry["ms"] = time.time() * 1000 - entry["at"]
                exchange.wire.close()

    def _act(self, exchange, name, arguments):
        if name in RAW:
            RAW[name](exchange)
            return
        context = self.certificates.contexts[name if name in BAD_CERTIFICATES else "good"]
        exchange.wire = context.wrap_socket(exchange.wire, server_side=True)
        if exchange.read() and name in WITH_REQUEST:
            WITH_REQUEST[name](exchange, *arguments)

    # ---- the end ----

    def close(self):
        self.over = True
        self._close_listener()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
