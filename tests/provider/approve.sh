#!/bin/bash
# SPDX-License-Identifier: MIT
# approve.sh USER-CODE LOGIN [--deny]: what the user does at the verification page, through the real HTML forms.
# Wants OP_ISSUER from start.sh.
set -euo pipefail
code=${1:?usage: approve.sh USER-CODE LOGIN [--deny]}
login=${2:?usage: approve.sh USER-CODE LOGIN [--deny]}
answer=confirm
[[ ${3:-} != --deny ]] || answer=abort
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT

# The user's browser, unlike the client under test, takes any certificate.
browse() { curl -sk --fail-with-body -b "$jar" -c "$jar" -L "$@" || true; }

# The value of the attribute $2 in the first tag of the page $1 that matches the expression $3.
attribute() { sed -nE "\\|$3|{s|.*<[^>]* $2=\"([^\"]*)\".*|\1|p;q}" <<<"$1"; }

page=$(browse "${OP_ISSUER%/}/device")
xsrf=$(attribute "$page" value 'name="xsrf"')
page=$(browse -d "xsrf=$xsrf" --data-urlencode "user_code=$code" "${OP_ISSUER%/}/device")
[[ $page == *op.deviceConfirmForm* ]] || { echo "the provider does not accept the code $code" >&2; exit 1; }
page=$(browse -d "xsrf=$xsrf" --data-urlencode "user_code=$code" -d "$answer=yes" "${OP_ISSUER%/}/device")
if [[ $answer == abort ]]; then
    [[ $page == *interrupted* ]]
    echo denied
    exit
fi
for _ in {1..4}; do # forms: login, consent
    action=$(attribute "$page" action '<form .*/interaction/')
    case $page in
    *'name="prompt" value="login"'*)
        page=$(browse -d prompt=login --data-urlencode "login=$login" -d password=any "$action") ;;
    *'name="prompt" value="consent"'*)
        page=$(browse -d prompt=consent "$action") ;;
    *)
        break ;;
    esac
done
[[ $page == *'Sign-in Success'* ]] || { echo "the provider does not let $login approve $code" >&2; exit 1; }
echo approved
