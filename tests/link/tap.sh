# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For the link tests: TAP, and where the build is.
: "${top_builddir:=$PWD}"
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
tests=0

# ok DESCRIPTION COMMAND...: passes when the command does; shows what it said.
ok() {
    description=$1
    shift
    tests=$((tests + 1))
    if said=$("$@" 2>&1); then
        echo "ok $tests - $description"
    else
        echo "not ok $tests - $description"
        echo "$said" | sed 's/^/# /'
    fi
}

skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

end() {
    echo "1..$tests"
}

# same EXPECTED IS: two lists of words, in any order.
same() {
    expected=$(echo "$1" | tr ' ' '\n' | grep . | sort -u)
    is=$(echo "$2" | tr ' ' '\n' | grep . | sort -u)
    [ "$expected" = "$is" ] && return
    printf 'expected:\n%s\nis:\n%s\n' "$expected" "$is"
    return 1
}

# nothing COMMAND...: it prints nothing.
nothing() {
    printed=$("$@")
    [ -z "$printed" ] && return
    echo "$printed"
    return 1
}
