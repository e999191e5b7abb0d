# SPDX-License-Identifier: MIT
"""The installed Debian package in use; debian/tests/login-over-ssh runs this on a testbed of its own."""
from packaged import configure, helpers, leftovers, package, payload, renewed, the_key, wait_until  # noqa: F401
from conftest import provider, ssh_device_login, the_provider  # noqa: F401  pylint: disable=unused-import


def test_a_login_over_ssh_by_the_profile_is_renewed_and_revoked(package, provider):  # noqa: F811
    configure(provider)
    terminal = ssh_device_login(provider)
    serial = the_key("oidc:access_token").serial
    assert terminal.run('keyctl search @s user oidc:access_token').strip() == str(serial)
    first, refresh = payload(serial), payload(the_key("oidc:refresh_token"))
    assert provider.is_active(first) and provider.is_active(refresh)
    second = renewed(serial)
    assert len(helpers()) == 1
    refresh = payload(the_key("oidc:refresh_token"))
    terminal.logout()
    wait_until(lambda: not leftovers(), "no helper and no key is left")
    assert not provider.is_active(second) and not provider.is_active(refresh)
