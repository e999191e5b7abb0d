#!/bin/bash
# SPDX-License-Identifier: MIT
# make-keys.sh STATE-DIRECTORY: the authority, the certificates and the signing keys of a provider, if they are not
# there yet.  tests/bench has a second provider that needs the same.
set -euo pipefail
state=${1:?usage: make-keys.sh STATE-DIRECTORY}
[[ ! -e $state/sign-ed.key ]] || exit 0

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

new_ca ca
new_ca other-ca
new_certificate good ca DNS:localhost,IP:127.0.0.1
new_certificate untrusted other-ca DNS:localhost,IP:127.0.0.1
new_certificate wrong-host ca DNS:other.example.test
new_key "$state/sign-rsa.key" -algorithm RSA -pkeyopt rsa_keygen_bits:2048
new_key "$state/sign-ec.key"
new_key "$state/sign-ed.key" -algorithm ED25519
