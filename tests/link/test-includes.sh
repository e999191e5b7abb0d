#!/bin/sh
# SPDX-License-Identifier: MIT
# What each folder may include and call: the rules that keep the login program
# and the resident helper small.
# shellcheck source=tests/link/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$top_srcdir" || exit 99

# Without comments, strings and character constants, each line with its file.
code() {
    for file in "$@"; do
        sed -e 's|"\([^"\\]\|\\.\)*"|""|g' -e 's|//.*||' "$file" |
            awk -v file="$file" '{
                text = $0
                while (1) {
                    if (inside) {
                        at = index(text, "*/")
                        if (!at) { text = kept; break }
                        text = kept substr(text, at + 2)
                        inside = 0
                    }
                    at = index(text, "/*")
                    if (!at) break
                    kept = substr(text, 1, at - 1)
                    text = substr(text, at + 2)
                    inside = 1
                }
                print file ":" NR ":" text
                kept = ""
            }'
    done
}

network_headers() {
    grep -nE '#include *[<"](curl/|cjson/|cJSON|openssl/|ini\.h|INIReader|qrencode|seccomp)' "$@"
}

headers_of_others() {
    grep -nE '#include *"(helper|pam)/' "$@"
}

parents() {
    grep -rnE '#include *"\.\./' --include='*.[ch]' common pam helper tests/unit \
        tests/lib
}

loggers() {
    grep -nE '#include *<(syslog|err|error)\.h>|security/pam' "$@"
    code "$@" | grep -E \
        '[^a-z_](v?syslog|openlog|pam_v?syslog|perror|v?warnx?|v?errx?|error|psignal|f?puts|putchar|v?printf|v?fprintf|v?dprintf) *\('
}

ends_the_process() {
    code "$@" | grep -E '[^a-z_](exit|abort|quick_exit|v?errx?|raise) *\('
}

# Between fork() and execve() there is only _exit(), in common/spawn.c.
changes_the_process() {
    code "$@" | grep -E \
        '[^a-z_](signal|umask|setlocale|setenv|unsetenv|putenv|clearenv|chdir|fchdir|setlogmask|openlog|closelog|setuid|seteuid|setreuid|setgid|setegid|setregid|initgroups|atexit|srand|srandom) *\('
}

unsafe() {
    code "$@" | grep -E \
        '[^a-z_](gets|strcpy|strcat|sprintf|vsprintf|realloc|alloca|system|popen|tmpnam|mktemp|strtok|atoi|atol|rand) *\('
}

without_spdx() {
    grep -L 'SPDX-License-Identifier: MIT' "$@"
}

# shellcheck disable=SC2046
set -- $(ls common/*.[ch] pam/*.[ch] helper/*.[ch])
ok 'common, pam and helper include no network, JSON, TLS or INI header' \
    nothing network_headers "$@"
ok 'common includes nothing of pam or helper' \
    nothing headers_of_others common/*.[ch]
ok 'the command includes no network, JSON, TLS or INI header' \
    nothing network_headers helper/cli/*.[ch]
ok 'nothing is included by "../"' nothing parents
ok 'common logs nothing' nothing loggers common/*.[ch]
ok 'common and pam never end the process' \
    nothing ends_the_process common/*.[ch] pam/*.[ch]
ok 'pam changes nothing of the process' nothing changes_the_process pam/*.[ch]
ok 'no unsafe function is called' \
    nothing unsafe "$@" helper/exchange/*.[ch] helper/cli/*.[ch]
ok 'every source has its licence' \
    nothing without_spdx "$@" helper/exchange/*.[ch] helper/cli/*.[ch] tests/unit/*.c \
    tests/lib/*.[ch] tests/link/*.sh
end
