#!/bin/sh
# SPDX-License-Identifier: MIT
# How many instructions it takes an exchange to parse what it is given, by callgrind: the same on every machine, so a
# limit can be near: what was measured, and a tenth.  TAP.
# shellcheck source=tests/link/tap.sh
. "$(dirname "$0")/../link/tap.sh"

parse=$top_builddir/tests/bench/parse

# Six kilobytes, as from a provider that puts groups into its tokens.
make_inputs() {
    part=$(head -c 2700 /dev/zero | tr '\0' A)
    claims=$(printf '{"iss":"https://login.example.org","aud":"c","sub":"%s","exp":1,"iat":1}' "$part" |
        base64 -w 0 | tr '+/' '-_' | tr -d =)
    header=$(printf '{"alg":"RS256","kid":"a"}' | base64 -w 0 | tr '+/' '-_' | tr -d =)
    token=$header.$claims.$(head -c 342 /dev/zero | tr '\0' B)
    printf '%s' "$token" >"$work/id_token"
    printf '{"access_token":"%s","token_type":"Bearer","expires_in":3600,"refresh_token":"%s","id_token":"%s"}' \
        "$part$part" "$part" "$token" >"$work/tokens"
    cp "$work/id_token" "$work/frame"
    sed 's|^issuer =.*|issuer = https://login.example.org|; s|^client_id =.*|client_id = c|' \
        "$top_srcdir/man/oidc-session.conf.example" >"$work/config"
    cp "$top_srcdir/tests/bench/metadata.json" "$work/metadata"
}

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=measured \
        "$parse" "$1" "$work/$1" 2>&1 | tee "$work/out" | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# within LIMIT WHAT: thousands of instructions
within() {
    n=$(instructions "$2")
    if [ "${n:-0}" = 0 ]; then
        cat "$work/out"
        return 1
    fi
    echo "$2: $n instructions, limit ${1}000"
    [ "$n" -le "${1}000" ]
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
if ! command -v valgrind >/dev/null || [ ! -x "$parse" ] || ! grep -qx 'CFLAGS = -g -O2' "$top_builddir/Makefile" ||
    [ -n "$SANITIZERS" ]; then
    skip 'what parsing takes' 'no valgrind, no cmocka, or flags of another build than that which was measured'
else
    make_inputs
    while read -r limit what name; do
        ok "$name: at most $limit,000 instructions" within "$limit" "$what"
    done <<'END'
118 config the configuration is parsed
190 metadata the metadata of a provider is read
515 tokens an answer with three tokens is parsed
392 id_token an ID token is taken apart
24 frame a message is encoded and decoded
END
fi
end
