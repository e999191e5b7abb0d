#!/bin/bash
# SPDX-License-Identifier: MIT
# peers.sh DIRECTORY: fetch the packages that ./dev bench compares with, and what they need, into DIRECTORY.  They are
# not installed here: a throwaway host does that, because some of them change the PAM stacks of whoever installs them.
set -euo pipefail
into=${1:?usage: peers.sh DIRECTORY}
peers=(kstart oidc-agent-cli libpam-krb5 krb5-kdc krb5-admin-server krb5-user gnuplot-nox
    musl-tools)

mkdir -p "$into/partial"
[[ ! -e $into/complete || $(<"$into/complete") != "${peers[*]}" ]] || exit 0
apt-get update
apt-get install -y --no-install-recommends --download-only -o Dir::Cache::archives="$into" "${peers[@]}"
echo "${peers[*]}" >"$into/complete"
