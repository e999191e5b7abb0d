# SPDX-License-Identifier: MIT
"""Processes that stay for as long as a session: our helper, and what others use to keep something fresh."""
import contextlib
import os
import shutil
import subprocess

import measure
import peers
import sessions

USER = "bob"  # of all peers; the helpers' users are the sessions'


class Peers:
    """COUNT of a program, by USER."""

    def __init__(self, count, command):
        uid, gid = measure.ids(USER)
        self.users = [USER]
        self.children = [
            subprocess.Popen(command(number), user=uid, group=gid, extra_groups=[], cwd="/", umask=0o077,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             env={"PATH": "/usr/bin:/bin", "HOME": f"/home/{USER}"}, start_new_session=True)
            for number in range(count)]

    def kill(self):
        measure.kill_all_of(*self.users)
        for child in self.children:
            child.wait()

    def end(self):
        self.kill()


class Helpers(sessions.Sessions):
    """The helpers of COUNT sessions."""

    def __init__(self, provider, count):
        super().__init__(provider, count)
        if self.failed:
            raise measure.Skip(f"{self.failed} of {count} sessions could not be opened")

    def kill(self):
        """The helpers, and nothing else."""
        measure.kill_all_of(*self.users)

    def end(self):
        self.close()


def static_sleeper(libc):
    """The least that is possible, with this C library; None without it."""
    if libc == "glibc":
        return f"{measure.PROGRAMS}/sleeper"
    with contextlib.suppress(measure.Skip):
        measure.install_peers("musl-tools")
    if shutil.which("musl-gcc") is None:
        return None
    measure.run("musl-gcc", "-Os", "-static", "-o", "/tmp/sleeper", f"{measure.TOP}/tests/bench/sleeper.c")
    return "/tmp/sleeper"


def agent_socket():
    """A name that has not been used."""
    agent_socket.count += 1
    return f"/home/{USER}/agent.{agent_socket.count}"


agent_socket.count = 0


def krenew(stack, count):
    """With a renewable ticket for each, as if each were another session's."""
    measure.install_peers("kstart")
    stack.enter_context(peers.kdc(USER))
    peers.ticket(USER, "/tmp/ticket")
    for number in range(count):
        shutil.copy("/tmp/ticket", f"/tmp/ticket.{number}")
        os.chown(f"/tmp/ticket.{number}", *measure.ids(USER))
    return lambda number: ["krenew", "-K", "60", "-k", f"/tmp/ticket.{number}"]


def resident(provider):
    ca = "/tmp/resident.crt"
    shutil.copy(provider.ca, ca)
    os.chmod(ca, 0o644)
    return [f"{measure.PROGRAMS}/resident", provider.issuer + "/.well-known/openid-configuration", ca]


def known(provider, stack, most):
    """name: a function that starts so many of it, at most MOST.  stack: what runs as long as they are needed."""
    found = {"helper": lambda count: Helpers(provider, count)}

    def add(name, command):
        found[name] = lambda count: Peers(count, command)

    with contextlib.suppress(measure.Skip):
        add("krenew", krenew(stack, most))
    add("ssh-agent", lambda number: ["ssh-agent", "-D", "-a", agent_socket()])
    with contextlib.suppress(measure.Skip):
        measure.install_peers("oidc-agent-cli")
        add("oidc-agent", lambda number: ["oidc-agent"])
    command = resident(provider)
    add("resident libcurl", lambda number: command)
    for libc in ("glibc", "musl"):
        sleeper = static_sleeper(libc)
        if sleeper:
            add(f"sleep, static {libc}", lambda number, program=sleeper: [program])
    return found
