# SPDX-License-Identifier: MIT
"""What loading the module adds to the login program: time, and resident memory.

Each measurement is a new process that has libpam, as sshd is when it has begun with a connection.
"""
import os

import conftest
import measure
import peers
import sessions

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "200"))
OURS, EMPTY = "this module", "an empty module"


def modules():
    """name: the file."""
    directory = os.path.dirname(peers.module("pam_unix"))
    found = {OURS: f"{directory}/pam_oidc_session.so", EMPTY: f"{measure.PROGRAMS}/.libs/empty_module.so",
             "pam_unix": f"{directory}/pam_unix.so"}
    try:
        measure.install_peers("libpam-krb5")
        found["pam_krb5"] = f"{directory}/pam_krb5.so"
    except measure.Skip:
        pass
    return found


def once(path):
    """µs, KiB, KiB that no other process has."""
    return tuple(float(field) for field in measure.run(f"{measure.PROGRAMS}/load", path).split())


def figures():
    sessions.install()
    for service in ("load", "other"):  # libpam reads both, and loads what is in them
        conftest.stack(service, "auth required pam_permit.so\n")
    found = modules()
    every = measure.in_turn(ROUNDS, **{name: lambda path=path: once(path) for name, path in found.items()})
    result = []
    for column, what, unit, scale, goal, limit in (
            (0, "what loading the module adds: time", "ms", 1000, "at most 0.15 ms", 0.15),
            (1, "what loading the module adds: resident memory", "MiB", 1024, "at most 0.1 MiB", 0.1),
            (2, "of it, memory of this process alone", "MiB", 1024, "", None)):
        values = {name: [row[column] / scale for row in rows] for name, rows in every.items()}
        ours = values.pop(OURS)
        result.append(measure.Figure("load", what, measure.middle(ours), unit, measure.spread(ours),
                                     {name: measure.middle(rows) for name, rows in values.items()}, goal, limit))
    result.append(measure.Figure("load", "beside pam_oauth2_device", skipped="it is not in Debian"))
    return result
