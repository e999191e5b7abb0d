#!/bin/bash
# SPDX-License-Identifier: MIT
# introspect.sh [TOKEN]: print true when the provider takes the token, false when not.  Without TOKEN it is read from
# standard input, and is on no command line.  Wants OP_INTROSPECTION_ENDPOINT.
set -euo pipefail
if (($#)); then printf %s "$1"; else tr -d '\n'; fi |
    curl -skS --fail-with-body -K <(echo 'user = "pam-basic:CANARY-secret-basic"') --data-urlencode token@- \
        "$OP_INTROSPECTION_ENDPOINT" | jq .active
