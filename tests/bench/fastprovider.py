# SPDX-License-Identifier: MIT
"""The cheap provider, provider.mjs, for thousands of sessions."""
import collections
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))

# When the request came (Unix time), the milliseconds until its answer, what was asked, whose it was, the HTTP status.
Request = collections.namedtuple("Request", "at took route user status")


class FastProvider:
    """Settings: ACCESS_TTL, ROTATE, ID_TOKEN, TOKEN_SIZE, as provider.mjs has them."""
    client_id = "pam-public"  # any would do
    users = "bench%05d"       # likewise

    def __init__(self, **settings):
        self.state = tempfile.mkdtemp(prefix="fast-provider.")
        self.ca = f"{self.state}/ca.crt"
        subprocess.run([f"{HERE}/../provider/make-keys.sh", self.state], check=True, stderr=subprocess.DEVNULL)
        self.child = subprocess.Popen(["node", f"{HERE}/provider.mjs", self.state],
                                      env=dict(os.environ, **{name: str(value) for name, value in settings.items()}))
        self.issuer = self._issuer()
        self.tls = ssl.create_default_context(cafile=self.ca)

    def _issuer(self):
        end = time.monotonic() + 10
        while self.child.poll() is None and time.monotonic() < end:
            if os.path.exists(f"{self.state}/issuer"):
                with open(f"{self.state}/issuer", encoding="ascii") as file:
                    return file.read()
            time.sleep(0.02)
        self.stop()
        sys.exit("bench: the provider does not start")

    def stop(self):
        self.child.terminate()
        self.child.wait()
        shutil.rmtree(self.state, ignore_errors=True)

    def _control(self, path):
        with urllib.request.urlopen(f"{self.issuer}/_test/{path}", context=self.tls) as answer:
            return answer.read().decode()

    def lifetime(self, seconds):
        """Of the access tokens from now on."""
        self._control(f"lifetime?seconds={seconds}")

    def requests(self, first=0):
        """All requests so far, without the first ones."""
        lines = [line.split(" ") for line in self._control(f"log?from={first}").splitlines()]
        return [Request(float(at), float(took), route, user, int(status)) for at, took, route, user, status in lines]

    def cpu(self):
        """Seconds that it has used."""
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
