#!/bin/sh
# SPDX-License-Identifier: MIT
# configure collects what is missing and says it once, with the packages.  TAP.
set -u
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

echo 1..4
n=0
# result STATUS DESCRIPTION
result() {
    n=$((n + 1))
    if [ "$1" = 0 ]; then
        echo "ok $n - $2"
    else
        echo "not ok $n - $2"
        sed 's/^/# /' "$work/out"
    fi
}

# Packages are built in the source directory, which configure then refuses to be run from elsewhere.
mkdir "$work/src" && ln -s "$src"/* "$work/src/" && rm -f "$work/src/config.status" && cd "$work" || exit 1
! PKG_CONFIG_LIBDIR=/nonexistent PKG_CONFIG_PATH='' src/configure >/dev/null 2>"$work/out"
result $? 'configure fails when libraries are missing'
grep -q 'libcurl >= 7.85   (Debian: libcurl4-openssl-dev, Fedora: libcurl-devel)' "$work/out"
result $? 'it names the library, its version, and the Debian and Fedora packages'
missing=0
for package in libkeyutils-dev libcjson-dev libssl-dev libinih-dev \
    libqrencode-dev libseccomp-dev; do
    grep -q "$package" "$work/out" || missing=1
done
result $missing 'it names all that are missing'
[ "$(grep -c 'configure: error' "$work/out")" = 1 ]
result $? 'it does so in one message'
