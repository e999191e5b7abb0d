# SPDX-License-Identifier: MIT
"""What the tests of renewals share that have to survive something: what was asked when, and with which token."""
import contextlib
import grp
import hashlib
import os
import shutil
import signal

import conftest
from conftest import exchanges, helpers, keys, wait_until
from scenes import wait_gone

RENEW = "token:refresh_token"


def digest(token):
    """As access.log and the provider's control name a token."""
    return hashlib.sha256(token).hexdigest()[:12]


# ---- the session's keys ---------------------------------------------------------------

def session_keys(pattern=r"^oidc"):
    """Those that belong to an open session.

    Not what is between authentication and session, which unit tests have as well that run on this machine meanwhile.
    """
    group = grp.getgrnam("oidc-session").gr_gid
    return [key for key in keys(pattern) if key.gid == group]


def the_key(name):
    found = session_keys(f"^{name}$")
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def status():
    return conftest.status(the_key("oidc:status"))


def has_tokens():
    return bool(session_keys("^oidc:(access|id|refresh)_token$"))


def keys_gone():
    return not session_keys()


# ---- the session's helper ----------------------------------------------------------

def the_helper():
    (pid,) = helpers()
    return pid


def alarm():
    os.kill(the_helper(), signal.SIGALRM)


def alarm_until(condition, what):
    """SIGALRM, and if it came too soon after the one before, again."""
    for _ in range(3):
        alarm()
        with contextlib.suppress(AssertionError):
            return wait_until(condition, what, 8)
    alarm()
    return wait_until(condition, what, 8)


def wait_status(seconds=15, **lines):
    """The status once these lines are so: name="text", or None for no such line."""
    seen = {}

    def is_so():
        seen.clear()
        seen.update(status())
        return all(seen.get(name) == value for name, value in lines.items())
    try:
        wait_until(is_so, f"a status with {lines}", seconds)
    except AssertionError as error:
        raise AssertionError(f"status: {seen}\n{error}") from error
    return dict(seen)


def wait_state(state, seconds=15):
    return wait_status(seconds, state=state)


def renew():
    """One successful renewal, as soon as the helper may."""
    count = str(int(status()["renewals"]) + 1)
    alarm_until(lambda: status()["renewals"] == count, "a renewal")
    return status()


def in_flight(provider, **fault):
    """A renewal of the one session that the provider has, and does not answer yet."""
    provider.faults(**{RENEW: {"times": 1, **fault}})
    alarm_until(lambda: provider.in_flight(RENEW) == 1, "a renewal at the provider")


def replace_program(pid):
    """Put another copy of the program that runs into its place, as the upgrade of a package does; where that is."""
    path = os.readlink(f"/proc/{pid}/exe")
    shutil.copy2(path, path + ".new")
    os.rename(path + ".new", path)
    assert os.stat(path).st_ino != os.stat(f"/proc/{pid}/exe").st_ino
    return path


def runs_file(pid, path):
    """Whether the process executes this very file, and not one that was there before."""
    there, here = os.stat(f"/proc/{pid}/exe"), os.stat(path)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


# ---- the end ---------------------------------------------------------------------------

def close(login):
    """The steps "close" and "end" of a pamapp that waits; nothing is left."""
    login.answer()
    login.line("close: PAM_SUCCESS")
    assert "end: PAM_SUCCESS" in login.finish()
    wait_gone()


def living(provider, grants):
    """Digests of the tokens issued in this test that the provider would still take."""
    return set(provider.control("alive")) & grants.issued()


def wait_no_process(seconds=12):
    wait_until(lambda: not helpers() and not exchanges(), "neither helper nor exchange", seconds)


def wait_ended(provider, grants, seconds=10):
    """The tokens are gone here and at the provider, and so are the processes."""
    assert grants.issued(), "there was something to end"
    wait_until(keys_gone, "the keys gone", seconds)
    wait_until(lambda: not living(provider, grants), "all tokens revoked", seconds)
    wait_no_process(seconds)


# ---- what the provider was asked ----------------------------------------------------------

def in_order(requests):
    """access.log is in the order of the answers; this is that of the requests."""
    return sorted(requests, key=lambda request: request["at"])


def ended(request):
    return request["at"] + request["ms"]


def gap(earlier, later):
    """Seconds from the end of one request to the beginning of the other."""
    return (later["at"] - ended(earlier)) / 1000


def answered(request):
    """Whether the client has seen the answer."""
    return "status" in request and not request.get("aborted")


def overlapping(requests):
    """Pairs of requests that were at the provider at the same time."""
    requests = in_order(requests)
    return [(one, other) for at, one in enumerate(requests) for other in requests[at + 1:] if other["at"] < ended(one)]


def repeated(requests):
    """Requests with a refresh token that was good for new tokens before.

    But not the one replay of an answer that was lost, nor another try after an answer without tokens.
    """
    found, used = [], {}
    for request in in_order(requests):
        before = used.setdefault(request["presented"], [])
        if any(answered(one) and one["status"] == 200 for one in before) or len(before) > 1:
            found.append(request)
        before.append(request)
    return found


def outdated(requests):
    """Renewals among these requests that do not present the newest refresh token that the client has seen."""
    found = []
    for request in in_order(requests):
        if request["route"] != RENEW:
            continue
        seen = [one for one in requests if one.get("issued", {}).get("refresh_token") and answered(one)
                and ended(one) <= request["at"]]
        newest = max(seen, key=ended)["issued"]["refresh_token"]
        if request["presented"] != newest:
            found.append(request)
    return found
