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

"$here/install.sh"
[[ ! -e $state/pid ]] || "$here/stop.sh" "$state" --keep
"$here/make-keys.sh" "$state"
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
