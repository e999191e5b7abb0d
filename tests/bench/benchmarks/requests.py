# SPDX-License-Identifier: MIT
"""How often the provider is asked, and over how many connections: by its own log, and in segments of TCP.

The cache is warm: somebody has logged in before on this host.
"""
import contextlib
import os
import signal

import conftest
import measure
import sessions

DEVICE = {"device_authorization", "token:device_code"}
STEPS = ("authenticate", "acct", "establish", "open", "wait", "close", "delete")


def is_ours(line):
    """The others have a path instead of a name: the pages on which the user approves."""
    return not line["route"].startswith("/")


class Counted:
    """What the provider logged, and the kernel sent, in a block."""

    def __init__(self, provider):
        self.provider, self.requests, self.segments = provider, [], 0

    @contextlib.contextmanager
    def __call__(self):
        first, segments = len(self.provider.requests()), tcp("InSegs")
        yield self
        conftest.wait_until(lambda: not conftest.exchanges(), "the exchange has ended")
        self.segments = tcp("InSegs") - segments  # the provider is on this host: each is received once
        self.requests = [line for line in self.provider.requests()[first:] if is_ours(line)]

    def routes(self):
        return [line["route"] for line in self.requests]

    def connections(self):
        return len({line["connection"] for line in self.requests})


def tcp(name):
    """A counter of this host's."""
    with open("/proc/net/snmp", encoding="ascii") as file:
        names, values = [line.split() for line in file if line.startswith("Tcp:")]
    return int(values[names.index(name)])


def logged_in(provider):
    program = conftest.PamApp(sessions.SERVICE, "alice", *STEPS)
    program.approve(provider)
    program.line("open: PAM_SUCCESS")
    program.line("waiting")
    return program


def logged_out(program):
    program.answer()
    program.finish()
    conftest.wait_until(lambda: not conftest.helpers(), "the helper has ended")


def renewed():
    [helper] = conftest.helpers()
    before = conftest.status()["renewals"]
    os.kill(helper, signal.SIGALRM)
    conftest.wait_until(lambda: conftest.status()["renewals"] != before, "a renewal")


def exactly(what, value, unit, goal, note="", peers=None):
    return measure.Figure("requests", what, value, unit, goal=f"{goal}", limit=goal, note=note, peers=peers or {})


def login_figures(counted):
    others = [route for route in counted.routes() if route not in DEVICE]
    return [
        exactly("device login, warm cache: requests beyond the grant's own", len(others), "requests", 0,
                f"in all {len(counted.requests)}: {', '.join(counted.routes())}"),
        exactly("device login, warm cache: connections", counted.connections(), "connections", 1),
    ]


def other_figures(what, counted, goal):
    """More than the goal is missed; fewer would be so as well, and is a mistake of the measurement."""
    if len(counted.requests) < goal:
        raise RuntimeError(f"{what}: only {counted.routes()}")
    return [
        exactly(f"{what}: requests", len(counted.requests), "requests", goal, ", ".join(counted.routes())),
        exactly(f"{what}: connections", counted.connections(), "connections", 1),
        measure.Figure("requests", f"{what}: segments of TCP, both ways", counted.segments, "segments"),
    ]


def figures():
    sessions.install()
    with sessions.test_provider() as provider:
        sessions.configure(provider, login_grant="device")
        logged_out(logged_in(provider.real))
        with Counted(provider.real)() as login:
            program = logged_in(provider.real)
        with Counted(provider.real)() as renewal:
            renewed()
        with Counted(provider.real)() as logout:
            logged_out(program)
    return login_figures(login) + other_figures("renewal", renewal, 1) + other_figures("logout", logout, 2)
