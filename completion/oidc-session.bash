# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of oidc-session(1) for bash.  What there is, its --help says.

_oidc_session_commands() {
    oidc-session --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p'
}

_oidc_session_options() {
    oidc-session "$@" --help 2>/dev/null | grep -oE -e '--[a-z][a-z-]*' | sort -u
}

# What an option takes; fails when it takes nothing.
_oidc_session_values() {
    case $1 in
    --format) compgen -W $'raw\nheader\njson\nkubectl\ngit' -- "$2" ;;
    --config) compgen -f -- "$2" ;;
    --host) compgen -A hostname -- "$2" ;;
    --timeout | --min-lifetime) ;;
    *) return 1 ;;
    esac
    return 0 # also when nothing begins like that
}

_oidc_session() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' values i
    local IFS=$'\n'
    COMPREPLY=()
    # "--format=json" is three words.
    if [[ $cur == '=' ]]; then
        cur=
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ $command == run && ${COMP_WORDS[i]} != -* ]]; then
            # What a command takes.
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
        fi
        if [[ -z $command && ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; fi
    done
    if [[ $command == run && $cur != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
        return
    fi
    if values=$(_oidc_session_values "$prev" "$cur"); then
        [[ -z $values ]] || mapfile -t COMPREPLY <<<"$values"
        return
    fi
    if [[ -z $command && $cur != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_oidc_session_commands)" -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_oidc_session_options ${command:+"$command"})" -- "$cur")
    elif [[ $command == token && " ${COMP_WORDS[*]} " == *git* ]]; then
        mapfile -t COMPREPLY < <(compgen -W $'get\nstore\nerase' -- "$cur")
    fi
}

complete -F _oidc_session oidc-session
