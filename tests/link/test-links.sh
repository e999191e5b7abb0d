#!/bin/sh
# SPDX-License-Identifier: MIT
# What the module and the programs link, export, and are hardened with.
# shellcheck source=tests/link/tap.sh
. "$(dirname "$0")/tap.sh"

module=$top_builddir/.libs/pam_oidc_session.so
helper=$top_builddir/oidc-session-helper
exchange=$top_builddir/oidc-session-exchange
command=$top_builddir/oidc-session

# "libc.so.6" is "libc"; the dynamic linker may be there.
needed() {
    readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*\]/\1/p' |
        grep -v '^ld-linux'
}

links() {
    same "$2" "$(needed "$1")"
}

exports() {
    same "$2" "$(nm -D --defined-only "$1" | awk '{print $3}')"
}

has_relro() {
    readelf -lW "$1" | grep -q GNU_RELRO
}

binds_now() {
    readelf -dW "$1" | grep -Eq '\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW'
}

is_pie() {
    readelf -hW "$1" | grep -Eq 'Type: +DYN' &&
        readelf -dW "$1" | grep -Eq '\(FLAGS_1\).*PIE'
}

stack_flags() {
    readelf -lW "$1" | awk '$1 == "GNU_STACK" {print $7}'
}

has_no_executable_stack() {
    [ "$(stack_flags "$1")" = RW ]
}

text_relocations() {
    readelf -dW "$1" | grep -E 'TEXTREL'
}

writable_and_executable() {
    readelf -lW "$1" | awk '$1 == "LOAD" && /RWE/'
}

undefined() {
    ldd -r "$1" 2>&1 | grep -E 'undefined symbol|not found'
}

run_path() {
    readelf -dW "$1" | grep -E 'RPATH|RUNPATH'
}

# Sections for variables that may change, of more than no octets.
variables() {
    for object in "$@"; do
        readelf -SW "$object" | sed 's/^ *\[ *[0-9]*\]//' |
            awk -v name="$object" '
                $1 ~ /^\.t?(data|bss)$/ && $5 !~ /^0+$/ {print name, $1, $5}'
    done
}

in_login_program() {
    variables "$top_builddir"/pam/.libs/pam_oidc_session_la-*.o \
        "$top_builddir"/common/.libs/libcommon_la-*.o
}

if [ -n "$SANITIZERS" ]; then
    skip 'what the programs link' 'the sanitizers link their own'
else
    qrencode=
    if grep -q '^#define HAVE_QRENCODE 1' "$top_builddir/config.h"; then
        qrencode=libqrencode
    fi
    ok 'the module links libpam and libc' \
        links "$module" 'libpam libc'
    helpers_libraries=libc
    if grep -Eq '^(HELPER_LINK = -static-pie|libexec_SCRIPTS = oidc-session-helper)' "$top_builddir/Makefile"; then
        helpers_libraries=
    fi
    ok 'the helper links libc, into itself where it can' \
        links "$helper" "$helpers_libraries"
    ok 'the command links libkeyutils and libc' \
        links "$command" 'libkeyutils libc'
    ok 'the exchange links libcrypto and libc, then curl, cJSON, inih and libqrencode, no keyring' \
        links "$exchange" "libcrypto libc libcurl libcjson libinih $qrencode"
    ok 'the module has no variables that change' nothing in_login_program
    for file in "$module" "$helper" "$exchange" "$command"; do
        ok "$(basename "$file") has no undefined symbol" \
            nothing undefined "$file"
    done
    for file in "$helper" "$exchange" "$command"; do
        ok "$(basename "$file") is position-independent" is_pie "$file"
    done
fi
ok 'the module exports the six functions of PAM and nothing else' \
    exports "$module" 'pam_sm_authenticate pam_sm_setcred pam_sm_acct_mgmt
        pam_sm_open_session pam_sm_close_session pam_sm_chauthtok'
for file in "$module" "$helper" "$exchange" "$command"; do
    name=$(basename "$file")
    ok "$name has relocations that are read-only" has_relro "$file"
    ok "$name binds all symbols at once" binds_now "$file"
    ok "$name has no executable stack" has_no_executable_stack "$file"
    ok "$name has no text relocations" nothing text_relocations "$file"
    ok "$name has nothing writable and executable" \
        nothing writable_and_executable "$file"
    ok "$name has no run path" nothing run_path "$file"
done
end
