# SPDX-License-Identifier: MIT
"""Runs last: what all the other tests left in logs, files and processes."""
import subprocess

import conftest

# Files of the tests themselves: the provider's state, and client secrets that a test wrote.
OWN = ("--exclude-dir=provider", "--exclude=client-secret*")
PLACES = ("/etc", "/tmp", "/run", "/var", "/home", "/root", "/dev/shm")


def files_with_secrets():
    done = subprocess.run(["grep", "-rlaEs", *OWN, conftest.CANARY.pattern.decode(), *PLACES],
                          stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.splitlines()


def test_the_search_finds_a_secret_where_there_is_one():
    with open("/tmp/with-a-secret", "w", encoding="ascii") as file:
        file.write("x CANARY-AT-x")
    try:
        assert "/tmp/with-a-secret" in files_with_secrets()
    finally:
        subprocess.run(["rm", "/tmp/with-a-secret"], check=True)


def test_no_token_code_password_or_client_secret_is_in_syslog_or_any_file():
    conftest.syslog_text()
    assert not files_with_secrets()


def test_no_secret_was_ever_in_an_argument_or_environment_of_our_programs(watch):
    assert watch.seen > 0
    assert not watch.found
