#!/bin/bash
# SPDX-License-Identifier: MIT
# test-dist.sh TARBALL: what "make dist" made here of what is committed; another clone, at another time and place and with
# another umask, makes the same bytes.  TAP.
set -uo pipefail
tarball=$(realpath "${1:?usage: test-dist.sh TARBALL}")
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL SOURCE_DATE_EPOCH
name=$(basename "$tarball")
count=0 failed=0

# result STATUS DESCRIPTION [WHY]
result() {
    count=$((count + 1))
    if [[ $1 == 0 ]]; then
        echo "ok $count - $2"
    else
        failed=1
        echo "not ok $count - $2"
        [[ -z ${3:-} ]] || echo "# ${3//$'\n'/$'\n'# }"
    fi
}

# made_in DIRECTORY: in a clone whose files have other dates and modes.
made_in() (
    umask 077
    git clone -q --shared "$top" "$1" && cd "$1" || exit
    find . -path ./.git -prune -o -type f -exec touch -d 2020-02-02 '{}' +
    ./bootstrap && ./configure --quiet && TZ=Asia/Tokyo make dist-xz
)

if [[ ! -e $top/.git || -n $(git -C "$top" status --porcelain) ]]; then
    echo '1..1'
    echo 'ok 1 - a clone makes the same tarball # SKIP what is here is not what is committed'
    exit 0
fi
said=$(made_in "$tmp/deeper/down" 2>&1)
result $? 'a clone makes a tarball' "$(tail <<<"$said")"
why=$(cmp "$tarball" "$tmp/deeper/down/$name" 2>&1)
result $? 'it has the same bytes' "$why"

committed=$(TZ=UTC date -d "@$(git -C "$top" log -1 --format=%ct)" '+%F %T')
members=$(TZ=UTC tar --numeric-owner --full-time -tvf "$tarball")
foreign=$(grep -vE " 0/0 +[0-9]+ $committed ${name%.tar.xz}/" <<<"$members")
[[ -n $members && -z $foreign ]]
result $? "all that is in it is root's and of the time of the commit" "$foreign"

echo "1..$count"
exit $failed
