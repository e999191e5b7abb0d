# SPDX-License-Identifier: MIT
"""How often the helper of an idle session runs between renewals, in a minute, beside others in the same minute."""
import contextlib
import os
import time

import measure
import residents
import sessions

COUNT = 10
SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))
OTHERS = ("krenew", "ssh-agent", "oidc-agent")


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().strip()


def switches(pids):
    """name: how often processes of that name have run, together."""
    found = {}
    for pid in pids:
        name = name_of(pid)
        found[name] = found.get(name, 0) + measure.context_switches(pid)
    return found


def figures():
    with contextlib.ExitStack() as stack:
        sessions.install()
        provider = stack.enter_context(sessions.test_provider())
        sessions.configure(provider, logout_revoke="no", renewal_before_expiry="10")
        known = residents.known(provider, stack, COUNT)
        groups = [known[name](COUNT) for name in ("helper", *OTHERS) if name in known]
        for group in groups:
            stack.callback(group.end)
        time.sleep(3)  # until all have begun to be idle
        pids = measure.processes_of(*{user for group in groups for user in group.users})
        before = switches(pids)
        time.sleep(SECONDS)
        after = switches(pids)
    ran = {name: (after[name] - before[name]) / COUNT * 60 / SECONDS for name in before}
    ours = ran.pop("oidc-session-he")
    missing = [name for name in OTHERS if name not in ran]
    note = f"not installed: {' '.join(missing)}" if missing else ""
    return [measure.Figure("wakeups", "context switches of an idle helper in a minute", ours, "", "", ran, "none", 0,
                           note)]
