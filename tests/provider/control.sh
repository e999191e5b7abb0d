#!/bin/bash
# SPDX-License-Identifier: MIT
# control.sh NAME [JSON]: ask the running provider for something a test needs; see README.md.  Wants OP_CONTROL.
#   control.sh faults '{"token:refresh_token": {"times": 2, "answer": {"status": 500}}}'
#   control.sh revoke '{"user": "alice"}'
set -euo pipefail
name=${1:?usage: control.sh alive|faults|in-flight|release|revoke [JSON]}
curl -sk --fail-with-body "$OP_CONTROL/$name" ${2:+--data-binary "$2"}
