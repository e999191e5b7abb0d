# SPDX-License-Identifier: MIT
"""What the tests of one login share: the login itself, and servers that the provider cannot be."""
import contextlib
import http.server
import io
import re
import signal
import socket
import threading
import time
import urllib.parse

from conftest import CODE, Log, PamApp, exchanges, helpers, keys, stack, wait_until

SERVICE = "attempt"
NOT_SET_UP = "Logging in by the provider is not set up correctly. Please tell your administrator."
NO_ANSWER = "The login provider does not answer as it should. Please try again later."
REFUSED = "The provider refused the login."
NOT_IN_TIME = "Nobody approved the login in time. Please try again."


class Attempt:
    """A PAM application authenticates a user.  The test plays the user; end() waits for the result."""

    def __init__(self, provider=None, user="alice", arguments="", env=None, text=None,
                 steps=("authenticate", "wait", "open", "close", "end")):
        stack(SERVICE, text or f"auth required pam_oidc_session.so {arguments}\nsession required pam_oidc_session.so\n")
        self.user, self.provider = user, provider
        self.before = len(provider.requests()) if provider else 0
        self.log = Log()
        self.foreign = {}
        self.foreign = self._kept()  # the kernel's keys are everybody's
        self.app = PamApp(SERVICE, user, *steps, env=env)
        self.screen = self.app.child.logfile_read = io.StringIO()
        self.result = self.kept = None

    # ---- the user ----

    def prompt(self):
        """The text of the device prompt."""
        return self.app.line(r"prompt: ([^\n]*)").group(1)

    def code(self):
        return CODE.search(self.prompt()).group(1)

    def approve(self, user=None):
        """At the provider's page, and then here."""
        self.app.approve(self.provider, user or self.user)
        return self

    def deny(self):
        self.provider.deny(self.code(), self.user)
        self.app.answer()
        return self

    def password(self, text=None):
        self.app.line("secret: Password: ")
        self.app.answer(text or f"CANARY-pw-{self.user}")
        return self

    # ---- the result ----

    def _kept(self):
        """Keys and helpers that were not there before: their numbers, and what they are."""
        now = {key.serial: key for key in keys()} | {pid: f"helper {pid}" for pid in helpers()}
        return {number: what for number, what in now.items() if number not in self.foreign}

    def end(self):
        """Wait for the PAM code; look at what is kept before the application goes on, to a session if it may."""
        if self.result is None:
            self.result = self.app.line(r"authenticate: (\w+)").group(1)
            self.app.line("waiting")
            self.kept = self._kept()
            end = time.monotonic() + 2
            while self.kept and self.result != "PAM_SUCCESS" and time.monotonic() < end:
                # Ours would stay as long as the application waits; somebody else's come and go.
                self.kept = {serial: what for serial, what in self._kept().items() if serial in self.kept}
                time.sleep(0.05)
            self.app.answer()
            try:
                self.app.finish()
            except AssertionError:
                self.app.child.kill(signal.SIGKILL)
                raise
        return self

    def messages(self):
        """What the user was told, but for the prompts."""
        return re.findall(r"(?m)^((?:info|error): .*?)\r?$", self.screen.getvalue())

    def requests(self, route=None):
        """What the provider was asked since this began."""
        return [line for line in self.provider.requests()[self.before:] if route in (None, line["route"])]

    def unrevoked(self):
        """Tokens that the provider issued since this began, and that nobody revoked."""
        issued = {line["issued"][name] for line in self.requests() if "issued" in line
                  for name in ("access_token", "refresh_token") if name in line["issued"]}
        return issued - {line["presented"] for line in self.requests("revocation") if line["status"] == 200}

    def issued(self):
        return [line for line in self.requests() if "issued" in line]

    def refused(self, result, level, reason, notice):
        """The login failed with this PAM code, one log line, one message to the user; nothing is kept.

        notice: None when the user is told nothing, ... when that is another test's.
        """
        self.end()
        assert self.result == result, (self.result, self.log.lines())
        # libpam itself says "conversation failed", in our name.
        lines = [line for line in self.log.lines(r"oidc.session") if not line.endswith(": conversation failed")]
        assert len(lines) == 1, lines
        assert lines[0].startswith(f"authpriv.{level} "), lines[0]
        assert f"user {self.user}: " in lines[0], lines[0]
        text = lines[0].split(f"user {self.user}: ", 1)[1]
        assert re.fullmatch(reason, text), f"\nlogged:   {text}\nexpected: {reason}"
        if notice is not ...:
            assert self.messages() == ([f"info: {notice}"] if notice else []), self.messages()
        assert not self.kept, self.kept
        wait_until(lambda: not exchanges(), "no exchange is left", 5)

    def succeeded(self):
        """The login succeeded, and so did a session with its tokens, which is over; nothing is left to complain of."""
        self.end()
        assert self.result == "PAM_SUCCESS", self.log.lines()
        assert self.kept, "the tokens wait for the session"
        assert not self.log.lines(r"authpriv\.(warning|err|notice) .*oidc.session")
        return self


def polls(attempt):
    """When the provider was polled, in ms; the first is when it was asked for a code."""
    return [line["at"] for line in attempt.requests()
            if line["route"] in ("device_authorization", "token:device_code")]


def gaps(attempt):
    """Seconds between two polls."""
    times = polls(attempt)
    return [(later - earlier) / 1000 for earlier, later in zip(times, times[1:])]


class Connections:
    """A port on this host that remembers how often somebody connected to it, and hangs up."""

    def __init__(self):
        self.count = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.count += 1
                self.handle(connection)

    def handle(self, connection):
        connection.close()

    def close(self):
        # Ends an accept() that waits, which close() alone does not.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Proxy(Connections):
    """An HTTP proxy that knows CONNECT; targets: where it was asked to connect to."""

    def __init__(self, answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
        self.targets, self.heads, self.answer = [], [], answer
        super().__init__()

    def handle(self, connection):
        threading.Thread(target=self._tunnel, args=(connection,), daemon=True).start()

    def _tunnel(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(4096)
            if not data:
                return
            head += data
        self.heads.append(head)
        method, target = head.split(b" ")[:2]
        self.targets.append(f"{method.decode()} {target.decode()}")
        if b" 200 " not in self.answer:
            connection.sendall(self.answer)
            connection.close()
            return
        host, port = target.decode().rsplit(":", 1)
        with socket.create_connection((host, int(port))) as server:
            connection.sendall(self.answer)
            back = threading.Thread(target=self._copy, args=(server, connection), daemon=True)
            back.start()
            self._copy(connection, server)
            back.join()
        connection.close()

    @staticmethod
    def _copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


class Stub:
    """A provider that does what no real one does.

    answers: path → (status, headers, the chunks of the body); remembers what it was asked.  The connection closes
    behind each answer, so that a body without a length ends, and one with too large a length is cut off.
    """

    def __init__(self):
        stub = self
        self.answers, self.asked = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                stub.asked.append((self.command, self.path, dict(self.headers),
                                   urllib.parse.parse_qsl(body, keep_blank_values=True)))
                status, headers, chunks = stub.answers.get(self.path, (404, {}, ()))
                self.send_response(status)
                for name, value in {**headers, "Connection": "close"}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    for chunk in chunks:
                        self.wfile.write(chunk)
                self.close_connection = True

            do_GET = do_POST = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settings(self, **more):
        """Arguments for configure(): all endpoints are here, and nothing is discovered."""
        return {"provider_issuer": self.issuer, "provider_insecure_http": "yes",
                "provider_token_endpoint": f"{self.issuer}/token",
                "provider_device_authorization_endpoint": f"{self.issuer}/device",
                "provider_revocation_endpoint": f"{self.issuer}/revoke",
                "provider_jwks_uri": f"{self.issuer}/jwks", **more}

    def forms(self, path):
        return [form for _, asked, _, form in self.asked if asked == path]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
