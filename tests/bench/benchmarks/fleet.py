# SPDX-License-Identifier: MIT
"""10,000 sessions with tokens of five minutes, for ten minutes: real helpers, and a provider that can take it.

Memory is as in growth.  CPU is that of the control group that helpers, exchanges and login programs are in; the latter
sleep all the time.  Neither the provider nor the watcher are in it.

Lateness is from when the helper's timer was due until the renewal was at the provider, request and all.  oidc:status
says renew_at in whole seconds; the timer counts so many seconds from when the answer before was there, which spreads
the renewals of many sessions over the second.  So it is due at renew_at, and the fraction of a second of that answer.

FLEET_SESSIONS, FLEET_MINUTES and FLEET_LIFETIME (seconds) make it smaller; then the limits of memory and CPU are in
proportion.
"""
import collections
import grp
import json
import os
import re
import subprocess
import time

import conftest
import many
import measure
import sessions

COUNT = int(os.environ.get("FLEET_SESSIONS", "10000"))
MINUTES = float(os.environ.get("FLEET_MINUTES", "10"))
LIFETIME = int(os.environ.get("FLEET_LIFETIME", "300"))
PARALLEL = 3
WATCH_SECONDS = 5
SEEN = "/tmp/fleet-watch"
FAILURES = r" event=(?:renew_failed|grant_over|keys_failed|helper_failed|ended) "
# With short tokens renewals are more often.
MEMORY_LIMIT, CPU_LIMIT = 1.3 * COUNT / 10000, 0.5 * COUNT / 10000 * 300 / LIFETIME

Plan = collections.namedtuple("Plan", "seen renew_at renewed_at failures")


# ---- before: whether this machine lets so many be ----------------------------------------

def setting(path):
    with open(f"/proc/sys/{path}", encoding="ascii") as file:
        return int(file.read().split()[0])


def needs():
    """(what, how many there may be, how many there will be)"""
    with open("/proc/loadavg", encoding="ascii") as file:
        threads = int(file.read().split()[3].split("/")[1])
    keys, size = many.root_keys()
    return [
        ("kernel.pid_max", setting("kernel/pid_max"), threads + 2 * COUNT + 2000),
        ("kernel.threads-max", setting("kernel/threads-max"), threads + 2 * COUNT + 2000),
        ("kernel.keys.root_maxkeys", setting("kernel/keys/root_maxkeys"), keys + 12 * COUNT),
        ("kernel.keys.root_maxbytes", setting("kernel/keys/root_maxbytes"), size + 2000 * COUNT),
        ("fs.file-max", setting("fs/file-max"), many.open_files() + 20 * COUNT),
        ("KiB of memory", measure.meminfo("MemAvailable"), 300 * COUNT),
    ]


def check_limits():
    for what, have, need in needs():
        if have < need:
            raise measure.Skip(f"{what} is {have}; {COUNT} sessions need {need}")


# ---- meanwhile ------------------------------------------------------------------------------

class Watcher:
    """watch.c, at work."""

    def __init__(self):
        with open(SEEN, "w", encoding="ascii") as out:
            self.child = subprocess.Popen([f"{measure.PROGRAMS}/watch", str(grp.getgrnam("oidc-session").gr_gid),
                                           str(WATCH_SECONDS)], stdin=subprocess.PIPE, stdout=out)

    def stop(self):
        """(user: plans, oldest first; how many sessions it saw; how many of them had no good token at some time)"""
        self.child.stdin.close()
        self.child.wait()
        plans, watched, lost = collections.defaultdict(list), 0, 0
        with open(SEEN, encoding="ascii") as file:
            for line in file:
                kind, at, first, *rest = line.split()
                if kind == "plan":
                    plans[first].append(Plan(float(at), *map(int, rest)))
                else:
                    watched, lost = int(first), int(rest[0])
        return plans, watched, lost


def run_for(seconds, group, provider):
    """CPU seconds of the group, of the provider and of the whole machine; from and to which Unix time."""
    since, ours, its, every = time.time(), group.cpu(), provider.cpu(), many.machine_cpu()
    while time.time() < since + seconds:
        time.sleep(min(60, max(0, since + seconds - time.time())))
        print(f"   after {time.time() - since:.0f} s: {(group.cpu() - ours) / (time.time() - since):.3f} cores",
              flush=True)
    return group.cpu() - ours, provider.cpu() - its, many.machine_cpu() - every, since, time.time()


def run_fleet(group, provider):
    """A dict of what was seen."""
    before = many.kernel()
    # A logout does not wait for its revocation: those of ten thousand could take all process numbers.
    sessions.configure(provider, logout_revoke="no")
    with sessions.Sessions(provider, COUNT, parallel=PARALLEL, group=group) as fleet:
        print(f"   {fleet.opened} logins in {fleet.seconds:.0f} s, {fleet.failed} failed", flush=True)
        watcher = Watcher()
        cpu, provider_cpu, machine_cpu, since, until = run_for(MINUTES * 60, group, provider)
        plans, watched, lost = watcher.stop()
        kernel = many.less(many.kernel(), before)
        helpers = fleet.helpers()
        found = {"since": since, "until": until, "cpu": cpu, "provider_cpu": provider_cpu,
                 "machine_cpu": machine_cpu, "plans": plans,
                 "lost": lost + fleet.opened - watched, "gone": fleet.opened - len(helpers), "failed": fleet.failed,
                 "logins": fleet.seconds, "helpers": many.helpers(helpers), "requests": provider.requests(),
                 # Before they log out, which ends them as it should.
                 "failures": len(re.findall(FAILURES, conftest.syslog_text()))}
    print(f"   {fleet.closed} logouts in {fleet.closing:.0f} s, {fleet.not_closed} failed", flush=True)
    found["kernel"] = many.less(kernel, many.plain_kernel(provider, [COUNT])[COUNT])
    return found


# ---- afterwards ------------------------------------------------------------------------------

def late(request, answered, plans):
    """Seconds: (after its timer was due, after renew_at); None where the plan was not seen."""
    known = [plan for plan in plans if plan.seen < request.at and answered - 15 < plan.renewed_at <= answered]
    if not known:
        return None  # it was renewed again before the watcher looked
    after = request.at - known[-1].renew_at
    return after - answered % 1, after


def lateness(found):
    """Two lists, of all renewals in the time."""
    answered, result = {}, []
    for request in sorted(found["requests"]):
        if request.route == "token:refresh_token" and request.user in answered and request.at >= found["since"]:
            result.append(late(request, answered[request.user], found["plans"][request.user]))
        answered[request.user] = request.at + request.took / 1000
    known = [pair for pair in result if pair]
    return sorted(timer for timer, _ in known), sorted(whole for _, whole in known)


def percentile(values, part):
    return values[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def measured(benchmark, peer):
    """A peer in the first figure of another benchmark that has it, or None."""
    path = f"{measure.OUT}/results.json"
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        found = [figure["peers"][peer] for figure in json.load(file)["figures"]
                 if figure["benchmark"] == benchmark and peer in figure["peers"]]
    return found[0] if found else None


def krenew():
    """GiB that so many of them take."""
    each = measured("idle", "krenew")
    return {f"{COUNT:,} krenew, extrapolated": each * COUNT / 1048576} if each else {}


def bare_curl(count, seconds):
    """Cores that so many renewals take in that time, where nothing but libcurl is started for each."""
    each = measured("renewal", "bare libcurl")
    return {"as many of the bare libcurl program": each / 1000 * count / seconds} if each else {}


def lateness_figures(found):
    timer, whole = lateness(found)

    def spread(values):
        return f"half of them {percentile(values, 0.5):.3f} s, the last {percentile(values, 1):.3f} s"
    return [
        measure.Figure("fleet", "renewals that are late, 99th percentile", percentile(timer, 0.99), "s", spread(timer),
                       goal="less than a second", limit=0.999, note=f"of {len(timer)}, against the helper's timer"),
        measure.Figure("fleet", "the same against renew_at, which is in whole seconds", percentile(whole, 0.99), "s",
                       spread(whole)),
    ]


def figures():
    check_limits()
    sessions.install()
    sessions.make_users(COUNT)
    with many.group() as group, sessions.fast_provider(ACCESS_TTL=LIFETIME) as provider:
        found = run_fleet(group, provider)
    seconds = found["until"] - found["since"]
    renewals = many.renewals(found["requests"], found["since"], found["until"])
    refused = sum(request.status != 200 for request in renewals)
    each = found["cpu"] / max(1, len(renewals)) * 1000
    point = {"helpers": found["helpers"], "kernel": sum(found["kernel"].values())}
    parts = {"helpers": found["helpers"], **found["kernel"]}
    if COUNT > 1000 and renewals:  # others are growth's
        many.save({COUNT: {**point, "renewal": each, "renewals": len(renewals)}})
    title = f"{COUNT:,} sessions for {MINUTES:g} minutes:"
    return [
        measure.Figure("fleet", f"{title} memory of helpers, kernel and keys", many.total(point) / 1048576, "GiB",
                       ", ".join(f"{part} {size / 1048576:.3f}" for part, size in parts.items()), krenew(),
                       f"at most {MEMORY_LIMIT:.3g} GiB", MEMORY_LIMIT),
        measure.Figure("fleet", f"{title} CPU of helpers and exchanges", found["cpu"] / seconds, "cores",
                       f"{each:.1f} ms for each of {len(renewals)} renewals",
                       {**bare_curl(len(renewals), seconds), "the provider": found["provider_cpu"] / seconds,
                        "the whole machine, of all that runs": found["machine_cpu"] / seconds},
                       f"at most {CPU_LIMIT:.3g} cores", CPU_LIMIT),
        measure.Figure("fleet", "tokens that expired", found["lost"], "sessions", goal="none", limit=0),
        measure.Figure("fleet", "logins, renewals and helpers that failed",
                       found["failed"] + max(refused, found["failures"]) + found["gone"], "", goal="none", limit=0),
        *lateness_figures(found),
        measure.Figure("fleet", "logins, three at a time", COUNT / found["logins"], "per second"),
    ]
