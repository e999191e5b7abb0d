# SPDX-License-Identifier: MIT
"""sshd, the way people log in: keyboard-interactive, password, public key."""
import pytest

from conftest import (DEVICE_STACK, Terminal, configure, helpers, keys, payload, ssh, ssh_device_login, stack, status,
                      the_key, wait_until)


@pytest.fixture(autouse=True)
def ready(sshd, provider):
    configure(provider)
    stack("sshd")


def test_keyboard_interactive_with_the_device_grant_gives_tokens_until_logout(provider, log):
    session = ssh_device_login(provider)
    assert session.run("whoami") == "alice"
    token = payload(the_key("oidc:access_token"))
    assert session.run('keyctl pipe "$OIDC_ACCESS_TOKEN_KEY"') == token.decode()
    refresh = payload(the_key("oidc:refresh_token"))
    assert provider.is_active(token) and provider.is_active(refresh)
    assert status()["state"] == "active"
    session.logout()
    wait_until(lambda: not helpers() and not keys(), "helper and keys gone")
    assert not provider.is_active(token) and not provider.is_active(refresh)
    log.one("session opened")
    log.one("session closed, tokens removed")
    log.one("tokens removed and revoked")
