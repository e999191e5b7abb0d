#!/bin/bash
# SPDX-License-Identifier: MIT
# stop.sh STATE-DIRECTORY [--keep]: stop the provider which start.sh started there, and remove the directory.
set -euo pipefail
state=$(cd "${1:?usage: stop.sh STATE-DIRECTORY [--keep]}" && pwd)
pid=
[[ ! -e $state/pid ]] || pid=$(<"$state/pid")

is_ours() { grep -zqxFe "$state" "/proc/$pid/cmdline" 2>/dev/null; }

if is_ours; then
    kill "$pid"
    for _ in {1..250}; do
        is_ours || break
        sleep 0.02
    done
fi
rm -f "$state/pid"
[[ ${2:-} == --keep ]] || rm -r "$state"
