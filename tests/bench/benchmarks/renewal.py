# SPDX-License-Identifier: MIT
"""One renewal: what the helper, its exchange and the keys cost, beside what else could ask for the same token.

All of them send the same request to the same provider, over TLS on the loopback, in turn.  The time goes from the
signal, or the start of the program, to its end: the exchange ends when the helper has stored what it brought.  The CPU
time is that of the client's processes, not of the provider.
"""
import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import statistics
import time
import urllib.parse

import conftest
import measure
import sessions

ROUNDS = int(os.environ.get("BENCH_ROUNDS", 72))
RENEWALS = 3      # of each session
APART = 5.2       # seconds: a helper renews on demand at most once in 5 s
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
HASHED = "/etc/ssl/certs"
OF_CURL, OF_BARE = 0.45, 1.15
FORM = "/tmp/bench-renewal.form"
AGENT = "oidc-token -f"
SCOPE = "openid profile offline_access"


@dataclasses.dataclass
class Cost:
    wall: float  # milliseconds
    cpu: float


# ---- processes ---------------------------------------------------------------------------------------

def spawned(*argv, **environment):
    """A program with the form on its standard input; it must succeed."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, FORM, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    start = time.monotonic()
    pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin", "HOME": "/root", **environment},
                         file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = (time.monotonic() - start) * 1000
    if status != 0:
        raise RuntimeError(f"{argv} ended with {status}")
    return Cost(wall, measure.cpu_of(usage))


def renewed(helper):
    """One renewal of this session; the helper's own CPU time is not in it."""
    start = time.monotonic()
    os.kill(helper, signal.SIGALRM)
    pid, status, usage = os.wait4(-1, 0)
    wall = (time.monotonic() - start) * 1000
    if pid == helper or status != 0:
        raise RuntimeError(f"process {pid} ended with {status}")
    return Cost(wall, measure.cpu_of(usage))


# ---- the provider --------------------------------------------------------------------------------------

def trust(provider):
    """As an administrator does it with a certificate of their own: in the bundle, and by its hash."""
    with open(provider.ca, encoding="ascii") as file:
        certificate = file.read()
    with open(BUNDLE, "a", encoding="ascii") as file:
        file.write(certificate)
    name = measure.run("openssl", "x509", "-noout", "-subject_hash", "-in", provider.ca).strip()
    shutil.copy(provider.ca, f"{HASHED}/bench-provider.pem")
    if not os.path.lexists(f"{HASHED}/{name}.0"):
        os.symlink("bench-provider.pem", f"{HASHED}/{name}.0")


def refresh_token(provider, *options):
    """Of a login of its own; the provider does not rotate, so it is good for ever."""
    form = urllib.parse.urlencode({"grant_type": "password", "username": "alice", "password": "CANARY-pw-alice",
                                   "client_id": provider.client_id, "scope": SCOPE})
    answer = measure.run("curl", "-fsS", "--data", "@-", *options, provider.real.token_endpoint, input=form)
    return json.loads(answer)["refresh_token"]


def refresh_form(provider):
    return urllib.parse.urlencode({"grant_type": "refresh_token", "client_id": provider.client_id,
                                   "refresh_token": refresh_token(provider)})


# ---- oidc-agent --------------------------------------------------------------------------------------------

class OidcAgent:
    """It stays, and makes a process for each request that nobody waits for: what CPU time that takes is nowhere to be
    seen.  It wants a client with a secret.
    """

    def __init__(self, provider):
        measure.install_peers("oidc-agent-cli")
        self.environment = dict(re.findall(r"(OIDC\w+)=([^;]+);", measure.run("oidc-agent")))
        self.pids = [int(pid) for pid in measure.run("pgrep", "-x", "oidc-agent").split()]
        basic = dataclasses.replace(provider, client_id="pam-basic")
        token = refresh_token(basic, "--user", "pam-basic:CANARY-secret-basic")
        measure.run("oidc-gen", "-m", "bench", f"--iss={provider.issuer}", "--client-id=pam-basic",
                    "--client-secret=CANARY-secret-basic", "--redirect-uri=http://localhost:4242", f"--rt={token}",
                    f"--scope={SCOPE}", "--pw-cmd=echo x", "--prompt=none", "--confirm-default",
                    env=dict(os.environ, **self.environment))

    def renewed(self):
        return spawned("/usr/bin/oidc-token", "-f", "bench", **self.environment)

    def stop(self):
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


# ---- in turn ---------------------------------------------------------------------------------------------

def peers_of(provider):
    url = urllib.parse.urlsplit(provider.real.token_endpoint)
    programs = measure.PROGRAMS
    return {
        "curl": lambda: spawned("/usr/bin/curl", "-sSf", "--data", "@-", url.geturl()),
        "bare libcurl": lambda: spawned(f"{programs}/bare_curl", url.geturl()),
        "bare libssl": lambda: spawned(f"{programs}/bare_tls", str(url.port), url.path),
    }


def take_turns(helpers, peers):
    """name → Costs; helpers are renewed one after the other, each RENEWALS times."""
    costs = {name: [] for name in ["ours", *peers]}
    for peer in peers.values():
        peer()  # warms up
    for turn in range(RENEWALS):
        begin = time.monotonic()
        for helper in helpers:
            costs["ours"].append(renewed(helper))
            for name, peer in peers.items():
                costs[name].append(peer())
        if turn < RENEWALS - 1:
            time.sleep(max(0.0, begin + APART - time.monotonic()))
    return costs


def helpers_share(cpu, busy, idle):
    """ms for each renewal, with the process between it and the exchange: who renewed, less who did not."""
    return (statistics.median(cpu[pid] for pid in busy) - statistics.median(cpu[pid] for pid in idle)) / RENEWALS


def measured(provider, agent):
    """Costs by name, and what the helper itself adds to the CPU time of ours."""
    count = max(ROUNDS // RENEWALS, 2)
    peers = peers_of(provider) | ({AGENT: agent.renewed} if agent else {})
    measure.adopt_orphans()
    with sessions.Sessions(provider, count + max(count // 2, 2)) as opened:
        if opened.failed:
            raise RuntimeError(f"{opened.failed} logins failed")
        helpers = opened.helpers()
        measure.reap_all(opened.child.pid)
        busy, idle = helpers[:count], helpers[count:]
        costs = take_turns(busy, peers)
        opened.close()
    ended = {}

    def all_ended():
        ended.update(measure.reap_all())
        return set(helpers) <= set(ended)
    conftest.wait_until(all_ended, "the helpers have ended", 20)
    return costs, helpers_share(ended, busy, idle)


# ---- figures ------------------------------------------------------------------------------------------------

def compared(what, ours, others, note=""):
    """ours beside each of the others, all lists of milliseconds in the order in which they were measured."""
    peers = {name: measure.middle(values) for name, values in others.items()}
    value = measure.middle(ours)
    # A ratio of pairs, as a limit in milliseconds: what the machine does to both does not count.
    found = []
    for name, ratio in (("curl", OF_CURL), ("bare libcurl", OF_BARE)):
        pairs = measure.middle_ratio(ours, others[name])
        found.append(measure.Figure("renewal", f"{what} beside {name}", value, "ms", measure.spread(ours), peers,
                                    f"≤ {ratio} × {name}", value * ratio / pairs,
                                    f"{pairs:.3f} × {name}, median of the pairs. {note}".strip()))
    return found


def with_agent(provider):
    """measured(), and why there is no oidc-agent in it."""
    try:
        agent = OidcAgent(provider)
    except measure.Skip as reason:
        return *measured(provider, None), [measure.Figure("renewal", f"time of {AGENT}", skipped=str(reason))]
    try:
        return *measured(provider, agent), []
    finally:
        agent.stop()


def figures():
    sessions.install()
    with sessions.test_provider(ROTATE="never") as provider:
        trust(provider)
        sessions.configure(provider, provider_ca_file=None)
        with open(FORM, "w", encoding="ascii") as file:
            file.write(refresh_form(provider))
        costs, share, skipped = with_agent(provider)
    others = {name: costs[name] for name in costs if name != "ours"}
    cpu = [cost.cpu + share for cost in costs["ours"]]
    wall = [cost.wall for cost in costs["ours"]]
    return [
        *compared("CPU time of a renewal", cpu, {name: [cost.cpu for cost in found] for name, found in others.items()
                                                 if name != AGENT}, f"The helper's own part is {share:.2f} ms."),
        *compared("time of a renewal", wall, {name: [cost.wall for cost in found] for name, found in others.items()}),
        *skipped,
    ]
