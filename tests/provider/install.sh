#!/bin/bash
# SPDX-License-Identifier: MIT
# Install the packages of package-lock.json in node_modules, unless they are there.  Needs the network; start.sh calls
# it too, but a throwaway host has neither network nor a writable tree, so call this before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >&2
    cp package-lock.json node_modules/.installed
fi
