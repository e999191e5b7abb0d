# SPDX-License-Identifier: MIT
# Completion of oidc-session(1) for fish.  What there is, its --help says.

function __oidc_session_commands
    oidc-session --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __oidc_session_options
    set -l words (commandline -opc)
    oidc-session $words[2] --help 2>/dev/null | sed -n 's/^  \(--[a-z][a-z-]*\)\( [A-Z:\[\]]*\)*  *\(.*\)/\1\t\3/p'
end

complete -c oidc-session -f
complete -c oidc-session -n __fish_use_subcommand -a '(__oidc_session_commands)'
complete -c oidc-session -n 'not __fish_use_subcommand' -a '(__oidc_session_options)'
complete -c oidc-session -n '__fish_seen_subcommand_from token' -l format -x -a 'raw header json kubectl git'
complete -c oidc-session -n '__fish_seen_subcommand_from run' -a '(__fish_complete_subcommand --fcs-skip=2)'
complete -c oidc-session -n '__fish_seen_subcommand_from check login' -l config -r -F
