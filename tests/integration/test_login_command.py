# SPDX-License-Identifier: MIT
"""oidc-session login: tokens for a session that has none, or none any more, by the user alone."""
import os
import re
import signal

import pytest

from conftest import (CA, DEVICE_STACK, UIDS, configure, helpers, keys, leftovers, payload, run, stack, status, the_key,
                      wait_until)
from scenes import ROOT_KEY, Grants, process, quota, ssh_key_login

CODE = r"enter this code:\s+([A-Z0-9]{4}-?[A-Z0-9]{4})"
EXPORT = r"export OIDC_ACCESS_TOKEN_KEY=(\d+)"
NAMES = ["oidc:access_token", "oidc:expires_at", "oidc:id_token", "oidc:status"]
HIDDEN = ["oidc:refresh_token", "oidc:settings"]


@pytest.fixture(autouse=True)
def ready(provider, sshd):
    configure(provider)
    stack("sshd", DEVICE_STACK)


@pytest.fixture
def grants(provider):
    return Grants(provider)


def start(shell, provider, command="oidc-session login", user="alice", wait=False):
    """Begin, and approve (or deny) at the provider's page as a user."""
    shell.enter(command)
    shell.expect(CODE)
    code = shell.child.match.group(1)
    shell.expect("Waiting for approval")
    if not wait:
        provider.approve(code, user)
    return code


def login(shell, provider, command="oidc-session login"):
    """A whole login; the serial of its access token."""
    start(shell, provider, command)
    shell.expect(EXPORT)
    serial = int(shell.child.match.group(1))
    shell.expect(re.escape(shell.prompt))
    shell.run(f"export OIDC_ACCESS_TOKEN_KEY={serial}")
    return serial


def own(name):
    """Keys of alice's own."""
    return [key for key in keys(f"^{name}$") if key.uid == UIDS["alice"]]


def test_a_session_without_tokens_gets_some_and_loses_them_with_the_login(provider, grants, log):
    shell = ssh_key_login()
    assert not keys()
    serial = login(shell, provider)
    assert shell.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"').startswith("CANARY")
    shell.logout()
    grants.wait_revoked()
    wait_until(lambda: not leftovers(), "nothing is left")
