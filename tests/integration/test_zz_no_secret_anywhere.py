# SPDX-License-Identifier: MIT
"""Runs last: what all the other tests left in logs, files and processes."""
import subprocess

import conftest

PLACES = ("/etc", "/tmp", "/run", "/var", "/home", "/root", "/dev/shm")


def files_with_secrets():
    """Files written since the tests began, but for the tests' own: the provider's, and client secrets."""
    find = ["find", *PLACES, "-type", "f", "-cnewer", conftest.BEGIN, "-not", "-path", "/tmp/provider/*",
            "-not", "-name", "client-secret*", "-print0"]
    grep = ["xargs", "-0", "-r", "grep", "-laEs", conftest.CANARY.pattern.decode(), "--"]
    with subprocess.Popen(find, stdout=subprocess.PIPE) as files:
        found = subprocess.run(grep, stdin=files.stdout, stdout=subprocess.PIPE, text=True, check=False)
    return found.stdout.splitlines()


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
