#!/bin/bash
# SPDX-License-Identifier: MIT
# verify.sh: check what README.md says of the provider, with curl.  TAP on standard output.
# shellcheck disable=SC2154 # OP_… come from start.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
OP_STATE=
trap '[[ ! $OP_STATE ]] || ./stop.sh "$OP_STATE"; rm -r "$work"' EXIT
count=0 failed=0
DEVICE=urn:ietf:params:oauth:grant-type:device_code
ALL='openid profile email groups offline_access'

# start [NAME=VALUE…]: start it, or start it again with these settings.
start() {
    local assignments
    assignments=$(env "$@" ./start.sh "$OP_STATE")
    eval "$assignments"
    echo "# ${*:-default settings}"
}

# post URL CURL-OPTION…: leaves the answer in $status, $work/head and $work/body.
post() {
    : >"$work/head"
    : >"$work/body"
    status=$(curl -s --cacert "$OP_CA" -D "$work/head" -o "$work/body" -w '%{http_code}' "$@") || status="curl $?"
}

# is NAME ACTUAL EXPECTED: the two must be equal.
is() {
    count=$((count + 1))
    if [[ $2 == "$3" ]]; then
        echo "ok $count - $1"
    else
        failed=$((failed + 1))
        echo "not ok $count - $1"
        printf '# got: %.300s\n# not: %s\n' "$2" "$3"
    fi
}
like() { if [[ $2 =~ $3 ]]; then is "$1" 1 1; else is "$1" "$2" "like $3"; fi; }

field() { jq -r ".$1 | values" "$work/body" 2>/dev/null || true; }
answer() { echo "$status $(field error)"; }
claims() { cut -d. -f2 <<<"$1" | basenc --base64url -di 2>/dev/null | jq -r "$2"; }
seen() { jq -rs "map(select(.route == \"$1\")) | last | $2" "$OP_STATE/access.log"; }
digest() { printf %s "$1" | sha256sum | cut -c1-12; }
now_ms() { date +%s%3N; }
# between NAME ACTUAL LEAST MOST
between() { if (($3 <= $2 && $2 <= $4)); then is "$1" 1 1; else is "$1" "$2" "from $3 to $4"; fi; }
# wait_for CONDITION…: wait at most 10 s for a command that succeeds.
wait_for() {
    local _
    for _ in {1..500}; do
        ! "$@" || return 0
        sleep 0.02
    done
    echo "# in vain: $*"
}
in_flight() { [[ $(./control.sh in-flight | jq "[.[]] | add + 0") == "$1" ]]; }
alive() { ./control.sh alive | jq -c --arg token "$(digest "$1")" 'index($token) != null'; }
# How many pairs of requests of a route, the last $2 of them, presented the same token at the same time.
overlaps() {
    jq -rs --arg route "$1" --argjson last "$2" '[map(select(.route == $route))[-$last:] | sort_by(.at)
        | [.[:-1], .[1:]] | transpose[] | select(.[0].presented == .[1].presented and .[1].at < .[0].at + .[0].ms)] | length' \
        "$OP_STATE/access.log"
}

device() {
    post "$OP_DEVICE_AUTHORIZATION_ENDPOINT" -d client_id=pam-public -d "scope=$ALL"
    device_code=$(field device_code) user_code=$(field user_code)
}
poll() { post "$OP_TOKEN_ENDPOINT" -d grant_type=$DEVICE -d "device_code=$device_code" -d client_id=pam-public "$@"; }
login() {
    post "$OP_TOKEN_ENDPOINT" -d grant_type=password -d username=alice -d password=CANARY-pw-alice -d "scope=${scope:-$ALL}" "$@"
    at=$(field access_token) rt=$(field refresh_token) id=$(field id_token)
}
public() { login -d client_id=pam-public; }
refresh() { post "$OP_TOKEN_ENDPOINT" -d grant_type=refresh_token -d "refresh_token=$rt" -d client_id=pam-public "$@"; }
revoke() { post "$OP_REVOCATION_ENDPOINT" -d client_id=pam-public -d "token=$1"; }
active() { ./introspect.sh <<<"$1"; }
faults() { ./control.sh faults "$1" >/dev/null; }

start
device
like 'device: codes' "$device_code $user_code" '^CANARY-DC-.* [A-Z]{4}-[A-Z]{4}$'
poll; is 'device: pending' "$(answer)" '400 authorization_pending'
is 'device: approved through the pages' "$(./approve.sh "$user_code" alice)" approved
poll; at=$(field access_token) rt=$(field refresh_token) id=$(field id_token)
is 'device: tokens' "$status $(field token_type) $(field expires_in)" '200 Bearer 300'
like 'canaries' "$at $rt $id" '^CANARY-AT-[^ ]* CANARY-RT-[^ ]* .*ImtpZCI6InRlc3Qtand0LWtleS'
is 'the ID token tells the user' "$(claims "$id" .preferred_username)" alice
is 'access.log: the tokens issued' "$(seen token:device_code '[.user, .issued.access_token, .issued.refresh_token] | join(" ")')" \
    "alice $(digest "$at") $(digest "$rt")"
post "$OP_USERINFO_ENDPOINT" -H "Authorization: Bearer $at"; is userinfo "$(field preferred_username)" alice
old=$rt
refresh; is refresh "$status" 200
is 'access.log: the token presented' "$(seen token:refresh_token .presented)" "$(digest "$old")"
is 'access.log: two connections' "$(jq -rs '[.[-2, -1].connection] | .[1] - .[0]' "$OP_STATE/access.log")" 1
curl -s --cacert "$OP_CA" "$OP_DISCOVERY" "$OP_JWKS_URI" >/dev/null
is 'access.log: one connection' "$(jq -rs '[.[-2, -1].connection] | .[1] - .[0]' "$OP_STATE/access.log")" 0
at=$(field access_token) rt=$(field refresh_token)
is 'introspection' "$(active "$at") $(active "$rt")" 'true true'
start ACCESS_TTL=7
is 'tokens survive a restart' "$(active "$rt")" true
revoke "$at"; is 'revoking the access token leaves the refresh token' "$status $(active "$at") $(active "$rt")" '200 false true'
refresh; is 'ACCESS_TTL' "$(field expires_in)" 7
at=$(field access_token) rt=$(field refresh_token)
revoke "$rt"; is 'revoking the refresh token ends both' "$(active "$at") $(active "$rt")" 'false false'
is 'access.log: revocation' "$(seen revocation '"\(.client) \(.status)"')" 'pam-public 200'
rt=$old; refresh; is 'a used refresh token' "$(answer)" '400 invalid_grant'

device; is 'device: denied' "$(./approve.sh "$user_code" bob --deny)" denied
poll; is '… and the answer' "$(answer)" '400 access_denied'
login -u pam-basic:CANARY-secret-basic; is client_secret_basic "$status" 200
login -u "pam-odd:$(jq -rn '"CANARY-secret o d+d%:&=/\"~" | @uri')"; is 'client_secret_basic, odd characters' "$status" 200
login -d client_id=pam-post -d client_secret=CANARY-secret-post; is client_secret_post "$status" 200
login -u pam-basic:wrong; is 'a wrong secret' "$(answer)" '401 invalid_client'
login -d client_id=pam-public -d resource=https://api.example.test/jwt -d audience=a
like 'resource: a JWT access token' "$at" 'ImtpZCI6InRlc3Qtand0LWtleS'
is 'access.log: resource, audience' "$(seen token:password '"\(.resource) \(.audience)"')" 'https://api.example.test/jwt a'
public
is 'revoke at the provider' "$(./control.sh revoke '{"user": "alice", "kinds": ["RefreshToken"]}' >/dev/null; active "$at"; active "$rt")" \
    $'true\nfalse'
refresh; is '… and refresh' "$(answer)" '400 invalid_grant'
public
./control.sh revoke '{"user": "alice"}' >/dev/null; is '… all of them' "$(active "$at")" false
post "${OP_ISSUER}/.well-known/oauth-authorization-server"; is 'RFC 8414' "$(field token_endpoint)" "$OP_TOKEN_ENDPOINT"

# ---- faults
public
faults '{"token:refresh_token": [{"times": 1, "answer": {"status": 500}}, {"times": 1, "answer": {"body": {"error": "slow_down"}}},
    {"times": 1, "answer": {"body": "<p>", "type": "text/html"}}, {"times": 2, "answer": {"status": 403}}]}'
refresh; is 'fault: 500' "$(answer)" '500 '
refresh; is 'fault: JSON' "$(answer)" '200 slow_down'
refresh; is 'fault: HTML' "$status $(<"$work/body") $(grep -ic '^content-type: text/html' "$work/head")" '200 <p> 1'
refresh; is 'fault: an empty answer' "$status$(<"$work/body")" 403
is '… without a content type' "$(grep -ic '^content-type' "$work/head" || true)" 0
is 'faults left' "$(./control.sh faults | jq -c .)" '{"token:refresh_token":[{"times":1,"answer":{"status":403}}]}'
faults '{"token:refresh_token": {"drop": "before"}}'; refresh; is 'fault: no answer' "$status" 'curl 52'
is '… so far without effect' "$(active "$rt")" true
faults '{"token:refresh_token": {"times": 1, "drop": "after"}}'; refresh; is 'fault: answer lost' "$status" 'curl 52'
is '… after the rotation, which the log shows' "$(seen token:refresh_token '.issued.refresh_token | length')" 12
public
faults '{"token:refresh_token": {"times": 1, "handled": true, "answer": {"status": 502}}}'; refresh
is 'fault: 502 after handling' "$status $(active "$at") $(seen token:refresh_token '.issued | has("access_token")')" '502 true true'
faults '{"token:password": {"remove": ["id_token", "expires_in", "refresh_token"], "set": {"token_type": "bearer"}}}'
public; is 'fault: members' "$(jq -cr 'del(.access_token, .scope)' "$work/body")" '{"token_type":"bearer"}'
faults '{"token:password": {"set": {"expires_in": "300"},
    "id_token": {"remove": ["name"], "set": {"preferred_username": "bob", "aud": "x", "exp": 1}}}}'
public; is 'fault: ID token' "$(claims "$id" '[.name, .preferred_username, .aud, .exp] | @json')" '[null,"bob","x",1]'
is 'fault: a number as a string' "$(jq -c .expires_in "$work/body")" '"300"'
faults '{"discovery": {"set": {"issuer": "https://other.test"}}, "device_authorization": {"answer": {"status": 503, "headers": {"Retry-After": "3"}}},
    "revocation": {"delay_before": 300}, "token:password": {"delay_after": 300}}'
post "$OP_DISCOVERY"; is 'fault: discovery' "$(field issuer)" https://other.test
device; is 'fault: device authorization' "$status $(grep -ic '^retry-after: 3' "$work/head")" '503 1'
before=$(now_ms); public; like 'fault: delay after' $(($(now_ms) - before)) '^[3-9]..$'
revoke "$rt" & sleep 0.15
is 'in flight' "$(./control.sh in-flight | jq -c .) $(active "$rt")" '{"revocation":1} true'
wait
is 'fault: delay before' "$(seen revocation '.ms >= 300') $(active "$rt")" 'true false'
faults '{"token:refresh_token": {"delay_before": 400}}'
public
refresh -m 0.2; is 'a delay does not care whether the client is there' "$status" 'curl 28'
wait_for in_flight 0
is '… and the request is handled' "$(seen token:refresh_token '[.aborted, (.issued | has("access_token"))] | @json')" '[true,true]'
faults '{"token:refresh_token": {"times": 1, "hang": "before"}}'
public
refresh -m 0.2; is 'fault: hang' "$status" 'curl 28'
wait_for in_flight 0
is '… a client that goes away ends it' "$(seen token:refresh_token '[.aborted, .status, .issued] | @json') $(active "$rt")" \
    '[true,null,null] true'
faults '{"token:refresh_token": {"hang": "after"}}'
refresh &
wait_for in_flight 1
is '… until it is released' "$(active "$rt") $(./control.sh release | jq -c .)" 'false {"released":1}'
wait
like '… and answered then' "$(<"$work/body")" 'CANARY-RT-'
faults '{}'
public
refresh; rt=$(field refresh_token) refresh
is 'one request after the other' "$(overlaps token:refresh_token 2)" 0
faults '{"token:refresh_token": {"delay_before": 300}}'
public
refresh &
wait_for in_flight 1
refresh
wait
is 'two at the same time can be told from the log' "$(overlaps token:refresh_token 2)" 1
is 'a fault that does not exist' "$(./control.sh faults '{"revocation": {"delay": 1}}' 2>&1 | cut -c1-21 | head -1)" 'no such fault: delay;'
faults '{}'

# ---- settings
start DEVICE_TTL=2 DEVICE_INTERVAL=1 ROTATE=never REFRESH_TOKENS=always CLAIMS_IN_ID_TOKEN=0 OP_PATH=/realms/test REFRESH_TTL=2 ID_TTL=9
device; is 'DEVICE_INTERVAL, DEVICE_TTL' "$(field interval) $(field expires_in)" '1 2'
poll; poll; is 'a poll too soon' "$(answer)" '400 slow_down'
like OP_PATH "$OP_ISSUER" '/realms/test$'
is 'approval below OP_PATH' "$(./approve.sh "$user_code" carol)" approved
post "${OP_ISSUER%/realms/test}/.well-known/oauth-authorization-server/realms/test"
is 'RFC 8414 below OP_PATH' "$(field token_endpoint)" "$OP_TOKEN_ENDPOINT"
scope='openid profile' public
is 'ID_TTL, CLAIMS_IN_ID_TOKEN' "$(claims "$id" '"\(.exp - .iat) \(.preferred_username)"')" '9 null'
refresh; is 'ROTATE=never, REFRESH_TOKENS=always' "$(field refresh_token)" "$rt"
sleep 2.1
poll; is 'device: expired' "$(answer)" '400 expired_token'
refresh; is 'REFRESH_TTL' "$(answer)" '400 invalid_grant'
for size in 6000 20000; do
    start TOKEN_SIZE=$size REFRESH_TOKENS=offline
    public; is "TOKEN_SIZE=$size" "${#at} ${#rt}" "$size $size"
    refresh; at=$(field access_token) rt=$(field refresh_token); is '… refresh' "$status ${#at} ${#rt}" "200 $size $size"
    post "$OP_USERINFO_ENDPOINT" -H "Authorization: Bearer $at"; is '… userinfo' "$status" 200
    revoke "$rt"; is '… revocation' "$status $(active "$at")" '200 false'
done
start ROTATE_GRACE=2 REFRESH_TTL=100 REFRESH_EXPIRES_IN=1
public; is 'REFRESH_EXPIRES_IN' "$(field refresh_expires_in)" 100
old=$rt
refresh; first=$(field refresh_token)
refresh; second=$(field refresh_token)
like 'ROTATE_GRACE: a rotated token is taken again' "$first $second" '^CANARY-RT-.* CANARY-RT-'
is '… each time for a new pair' "$([[ $first != "$second" ]] && alive "$old" && alive "$first" && alive "$second")" $'true\ntrue\ntrue'
sleep 2.1
is '… until the time is over' "$(active "$old") $(alive "$old") $(active "$first") $(active "$second")" 'false false true true'
rt=$first refresh; is 'rotation gives the new token the whole time again' "$(field refresh_expires_in)" 100
rt=$old refresh; is '… reuse after that' "$(answer)" '400 invalid_grant'
is '… revokes the grant' "$(active "$second") $(alive "$second")" 'false false'
public
start ROTATE=never REFRESH_TTL=100 REFRESH_EXPIRES_IN=1
sleep 1.1
refresh; between 'without rotation the time runs' "$(field refresh_expires_in)" 90 99
start GRANT_TTL=3
public
sleep 1.6
refresh; rt=$(field refresh_token) at=$(field access_token)
is 'GRANT_TTL: until then a refresh' "$status $(alive "$rt") $(alive "$at")" '200 true true'
sleep 1.6
is '… but it does not begin again' "$(alive "$rt") $(alive "$at")" 'false false'
refresh; is '… and none afterwards' "$(answer)" '400 invalid_grant'

start CLOCK_OFFSET=-7200 ACCESS_TTL=60 REFRESH_TTL=60
login -d client_id=pam-public -d resource=https://api.example.test/jwt
for token in "$id" "$at"; do
    between 'CLOCK_OFFSET' $(($(claims "$token" .iat) + 7200 - $(date +%s))) -3 0
done
is '… exp goes with it' "$(claims "$at" '.exp - .iat') $(field expires_in)" '60 60'
between '… and Date' $(($(date -d "$(sed -nE 's/^date: ([^\r]*)\r$/\1/Ip' "$work/head")" +%s) + 7200 - $(date +%s))) -3 0
between '… but not access.log' $(($(now_ms) - $(seen token:password .at))) 0 3000
public; is '… tokens live' "$(active "$at") $(active "$rt")" 'true true'
device
is '… the pages work' "$(./approve.sh "$user_code" alice)" approved
poll; is '… no auth_time from the device flow' "$(claims "$(field id_token)" '"\(.sub) \(.auth_time)"')" 'alice null'
start CLOCK_OFFSET=7200 ACCESS_TTL=1
is '… and go on living when the clock is set' "$(active "$at") $(active "$rt")" 'true true'
refresh; at=$(field access_token)
between '… CLOCK_OFFSET ahead' $(($(claims "$(field id_token)" .iat) - 7200 - $(date +%s))) -3 0
sleep 1.1; is '… tokens end in time' "$(active "$at") $(active "$(field refresh_token)")" 'false true'

for size in untrusted:60 wrong-host:60; do
    start "OP_CERT=${size%:*}" REFRESH_TOKENS=never
    post "$OP_DISCOVERY"; is "OP_CERT=${size%:*}" "$status" "curl ${size#*:}"
done
start OP_CERT=none REFRESH_TOKENS=never
like 'OP_CERT=none' "$OP_ISSUER" '^http://localhost:'
public; is 'REFRESH_TOKENS=never' "$status $rt" '200 '
port=${OP_ISSUER##*:}
start; is 'the port stays' "${OP_ISSUER##*:}" "$port"
start PROFILE=google
device; is 'PROFILE=google: no offline_access' "$(answer)" '400 invalid_scope'
start PROFILE=auth0
like 'PROFILE=auth0: the issuer ends with a slash' "$OP_ISSUER" '/$'
device; poll; is '… pending' "$(answer)" '403 authorization_pending'
start PROFILE=gitlab
post "$OP_DISCOVERY"; is 'PROFILE=gitlab: what the metadata hides' "$(field device_authorization_endpoint)" ''
start PROFILE=github REFRESH_TOKENS=never
device; poll; like 'PROFILE=github: a form, unless JSON is asked for' "$status $(<"$work/body")" '^200 error=authorization_pending&'
poll -H 'Accept: application/json'; is '… JSON' "$(answer)" '200 authorization_pending'
revoke x; is '… no revocation' "$status" 404
is '… access.log' "$(seen revocation .status)" 404
is 'a profile that does not exist' "$(PROFILE=x ./start.sh 2>&1 | grep -c 'no such profile: x')" 1

is 'access.log holds no secret' "$(grep -c CANARY- "$OP_STATE/access.log" "$OP_STATE/op.log" || true)" \
    "$OP_STATE/access.log:0"$'\n'"$OP_STATE/op.log:0"
echo "1..$count"
((failed == 0))
