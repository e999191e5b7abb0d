#!/bin/bash
# SPDX-License-Identifier: MIT
# start.sh [STATE-DIRECTORY]: start the provider, and print shell assignments:
#   eval "$(./start.sh)"; curl --cacert "$OP_CA" "$OP_DISCOVERY"; ./stop.sh "$OP_STATE"
# With the directory of a provider, running or stopped with --keep: start that one again with the settings given now;
# its port, certificates, keys and tokens stay.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
made=
if [[ ${1:-} ]]; then
    state=$1
    mkdir -p "$state"
    state=$(cd "$state" && pwd)
else
    state=$(mktemp -d "${TMPDIR:-/tmp}/op.XXXXXX")
    made=1
fi
chmod 700 "$state"

# new_key FILE [GENPKEY-OPTION…]: an EC P-256 key unless the options say otherwise.
new_key() {
    local options=("${@:2}")
    ((${#options[@]})) || options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)
    openssl genpkey -quiet "${options[@]}" -out "$1"
}

new_ca() {
    new_key "$state/$1.key"
    openssl req -x509 -key "$state/$1.key" -subj "/CN=test provider: $1" -days 30 \
        -addext keyUsage=critical,keyCertSign,cRLSign -out "$state/$1.crt"
}

# new_certificate NAME CA SUBJECT-ALT-NAMES
new_certificate() {
    new_key "$state/server-$1.key"
    openssl req -new -key "$state/server-$1.key" -subj "/CN=$1" |
        openssl x509 -req -CA "$state/$2.crt" -CAkey "$state/$2.key" -CAcreateserial -days 30 \
            -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$3") \
            -out "$state/server-$1.crt" 2>/dev/null
}

make_keys() {
    new_ca ca
    new_ca other-ca
    new_certificate good ca DNS:localhost,IP:127.0.0.1
    new_certificate untrusted other-ca DNS:localhost,IP:127.0.0.1
    new_certificate wrong-host ca DNS:other.example.test
    new_key "$state/sign-rsa.key" -algorithm RSA -pkeyopt rsa_keygen_bits:2048
    new_key "$state/sign-ec.key"
    new_key "$state/sign-ed.key" -algorithm ED25519
}

"$here/install.sh"
[[ ! -e $state/pid ]] || "$here/stop.sh" "$state" --keep
[[ -e $state/sign-ed.key ]] || make_keys
[[ ! -e $state/port ]] || OP_PORT=${OP_PORT:-$(<"$state/port")}

rm -f "$state/issuer"
OP_PORT=${OP_PORT:-} setsid "${OP_NODE:-node}" "$here/server.mjs" "$state" >"$state/op.log" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$state/pid"

for _ in {1..500}; do
    [[ ! -s $state/issuer ]] || break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.02
done
if [[ ! -s $state/issuer ]]; then
    kill "$pid" 2>/dev/null || true
    echo 'start.sh: the provider does not start:' >&2
    cat "$state/op.log" >&2
    rm "$state/pid"
    [[ ! $made ]] || rm -r "$state"
    exit 1
fi

issuer=$(<"$state/issuer")
discovery=${issuer%/}/.well-known/openid-configuration
origin=$(grep -o '^https*://[^/]*' <<<"$issuer")
# Whatever the certificate is: OP_CERT may ask for a bad one.
curl -sSfk "$discovery" -o "$state/endpoints.json"
printf 'export OP_%s=%q\n' STATE "$state" PID "$pid" CA "$state/ca.crt" ISSUER "$issuer" CONTROL "$origin/_test" \
    DISCOVERY "$discovery"
jq -r 'to_entries[] | select(.key | test("_(endpoint|uri)$")) | "export OP_\(.key | ascii_upcase)=\(.value)"' \
    "$state/endpoints.json"
