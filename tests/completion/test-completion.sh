#!/bin/bash
# SPDX-License-Identifier: MIT
# The completion of oidc-session: what bash offers; and that zsh and fish can
# read theirs.
# shellcheck source=tests/link/tap.sh
. "$(dirname "$0")/../link/tap.sh"

files=$top_srcdir/completion
PATH=$top_builddir:$PATH
# shellcheck source=completion/oidc-session.bash
. "$files/oidc-session.bash"

# offers EXPECTED WORD...: what is offered for the last word of the line.
offers() {
    expected=$1
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _oidc_session
    same "$expected" "${COMPREPLY[*]}"
}

# All commands that the help names are offered.
offers_commands() {
    COMP_WORDS=(oidc-session '')
    COMP_CWORD=1
    _oidc_session
    [[ ${#COMPREPLY[@]} -ge 4 ]] || return 1
    same "$(oidc-session --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" "${COMPREPLY[*]}"
}

is_registered() {
    [[ $(complete -p oidc-session) == *'-F _oidc_session '* ]]
}

ok 'bash: it is registered' is_registered
ok 'bash: all commands' offers_commands
ok 'bash: the beginning of a command' offers 'status' oidc-session st
ok 'bash: no such command' offers '' oidc-session x
ok 'bash: options of no command' offers '--help --version' oidc-session -
ok 'bash: options of a command' offers '--json --help' oidc-session status --
ok 'bash: the beginning of an option' offers '--min-lifetime' oidc-session token --m
ok 'bash: the values of an option' offers 'json' oidc-session token --format j
ok 'bash: the values behind =' offers 'raw header json kubectl git' oidc-session token --format =
ok 'bash: the beginning of a value behind =' offers 'kubectl' oidc-session token --format = k
ok 'bash: a number is the user'\''s to type' offers '' oidc-session renew --timeout ''
ok 'bash: what git asks' offers 'get store erase' oidc-session token --format = git --host = h ''
ok 'bash: nothing more' offers '' oidc-session status ''
# What is built is found there, and its programs.
ok 'bash: a command behind --' offers 'oidc-session oidc-session-exchange oidc-session-helper' \
    oidc-session run -- oidc-sessio
ok 'bash: the same without --' offers 'oidc-session oidc-session-exchange oidc-session-helper' \
    oidc-session run oidc-sessio
ok 'bash: what that command takes' offers "$files/_oidc-session" oidc-session run -- cat "$files/_"

for shell in zsh fish; do
    file=$files/oidc-session.fish
    [[ $shell == fish ]] || file=$files/_oidc-session
    if command -v "$shell" >/dev/null; then
        ok "$shell can read its completion" "$shell" -n "$file"
    else
        skip "$shell can read its completion" "$shell is not installed"
    fi
done
end
