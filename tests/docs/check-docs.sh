#!/bin/bash
# SPDX-License-Identifier: MIT
# What the documents say and the sources know must be the same.  TAP.
set -uo pipefail
export LC_ALL=C
cd "${top_srcdir:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit 1

module=man/pam_oidc_session.8
conf=man/oidc-session.conf.5
helper=man/oidc-session-helper.8
command=man/oidc-session.1
example=man/oidc-session.conf.example
messages=docs/messages.md

count=0 failed=0

# result STATUS TITLE [WHY]
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

# same TITLE A B: two texts are equal, and not empty.
same() {
    local why
    if [[ -z $2 ]]; then
        result 1 "$1" 'nothing was found in the source'
    else
        why=$(diff <(echo "$2") <(echo "$3"))
        result $? "$1" "$why"
    fi
}

# none TITLE LIST: a list of what is wrong is empty.
none() {
    [[ -z $2 ]]
    result $? "$1" "$2"
}

# section FILE NAME: the lines of a section of a man page.
section() { awk -v want=".Sh $2" '/^\.Sh / {on = $0 == want; next} on' "$1"; }

# items MACRO: the first words of the items of a list, from standard input.
items() { sed -n "s/^\\.It $1 \\([^ ]*\\).*/\\1/p"; }

# ---- the module's arguments --------------------------------------------------

code=$(sed -nE 's/^ *(OPTION\([A-Z]+, |LIMITED\()([a-z_]+)[,)].*/\2/p' pam/options.c)
same 'the module sorts its arguments' "$code" "$(sort <<<"$code")"
same "$module, OPTIONS: the module's arguments" "$code" "$(section $module OPTIONS | items Cm)"
same "$module, SYNOPSIS: the module's arguments" "$code" \
    "$(section $module SYNOPSIS | sed -n 's/^\.Op Cm \([^ ]*\).*/\1/p')"
number=$(wc -l <<<"$code")
same "$module: every argument has a default and a version" "$number $number" \
    "$(section $module OPTIONS | grep -c '^Default:') $(section $module OPTIONS | grep -c '^Since [0-9.]*\.$')"

code=$(grep -E '^ *return ' pam/entry.c | sed 's/ == PAM_[A-Z_]* ?/ ?/' | grep -oE '\bPAM_[A-Z_]+' | sort -u)
same "$module, PAM RETURN VALUES: what the module returns" "$code" \
    "$(section $module 'PAM RETURN VALUES' | items Dv | sort -u)"

code=$(sed -nE 's/^#define KEY_[A-Z_]* +"(oidc:[a-z_]*)"$/\1/p' common/keyring.h | sort)
same "$module, KEYS: the keys" "$code" "$(section $module KEYS | items Li | sort)"

# ---- the configuration -------------------------------------------------------

# SECTION KEY NEED DEFAULT, in the order of the source.
code=$(tr -s ' \n' ' ' <helper/exchange/config.c |
    grep -oE 'OPTION\("[a-z]+", "[a-z_]+", [a-z]+, [a-z_.]+, (OPTIONAL|REQUIRED), (NULL|"[^"]*"),' |
    sed -E 's/^OPTION\("([a-z]+)", "([a-z_]+)", [a-z]+, [a-z_.]+, ([A-Z]+), "?([^"]*)"?,$/\1 \2 \3 \4/')
keys=$(cut -d' ' -f1,2 <<<"$code")

same "$conf: the keys" "$keys" "$(awk '/^\.Sh / {section = tolower($2)}
    /^\.It Cm/ {print section, $3}' $conf)"
same "$conf: what is required, and the defaults" "$code" \
    "$(awk '/^\.Sh / {section = tolower($2)}
        /^\.It Cm/ {key = $3}
        /^Required\.$/ {print section, key, "REQUIRED NULL"}
        /^Default: / {print section, key, "OPTIONAL NULL"}
        /^Default:$/ {getline; sub(/^\.Ql /, ""); sub(/ \.$/, ""); print section, key, "OPTIONAL", $0}' $conf)"
same "$example: the keys" "$keys" \
    "$(sed -nE 's/^\[([a-z]+)\]$/[\1/p; s/^#?([a-z_]+) =.*/\1/p' $example |
        awk '/^\[/ {section = substr($0, 2); next} {print section, $0}')"
same "$example: the defaults" "$(sed -nE 's/^[a-z]+ ([a-z_]+) OPTIONAL (.*)/#\1 = \2/p' <<<"$code" | grep -v ' NULL$')" \
    "$(grep -E "^#($(awk '$4 != "NULL" {print $2}' <<<"$code" | paste -sd'|')) =" $example)"
none "$example: nothing but comments, sections and what must be filled in" \
    "$(grep -vE '^(#.*|\[[a-z]+\]|(issuer|client_id) =|)$' $example)"
none "$conf: the example uses known keys only" \
    "$(section $conf EXAMPLES | sed -nE 's/^\[([a-z]+)\]$/[\1/p; s/^([a-z_]+) = .*/\1/p' |
        awk '/^\[/ {section = substr($0, 2); next} {print section, $0}' | grep -vxF "$keys")"

# ---- the provider guide ------------------------------------------------------

# Whether the parser takes them, and the provider, is for tests/integration/test_providers.py.
guide=docs/providers
pages=$(cd $guide && printf '%s\n' [a-z]*.md)
same "$guide: the index has every page" "$pages" "$(grep -oE '\]\([a-z0-9-]+\.md\)' $guide/README.md | grep -oE '[a-z0-9-]+\.md' | sort -u)"
none "$guide: every page has one file, and uses known keys only" "$(for page in $pages; do
    [[ $(grep -cx '```ini' "$guide/$page") == 1 ]] || echo "$page: not one file"
    awk '/^\140\140\140/ {on = /ini$/; next} on' "$guide/$page" | sed -nE 's/^\[([a-z]+)\]$/[\1/p; s/^([a-z_]+) = .*/\1/p' |
        awk '/^\[/ {section = substr($0, 2); next} {print section, $0}' | grep -vxF "$keys" | sed "s/^/$page: /"
done)"
none "$guide: every page names its sources, and says whether it was tried on the real service" \
    "$(for page in $pages; do
        grep -qx '## Sources' "$guide/$page" && grep -qE '\*\*(Not t|T)ried on the real service' "$guide/$page" || echo "$page"
    done)"
none "$guide: every page has a profile of the test provider" "$(for page in $pages; do
    grep -qE "^  '?${page%.md}'?: \{$" tests/provider/profiles.mjs || echo "$page"
done)"

# ---- the status --------------------------------------------------------------

same "$helper, STATES: the lines of the status" \
    "$(grep -oE '\bLINE\([A-Z]+, +[a-z_]+\)' common/status.c | sed -E 's/.*, +([a-z_]+)\)/\1/')" \
    "$(section $helper STATES | awk '/^\.Bl / {depth++} /^\.El/ {depth--} depth == 1 && /^\.It Cm/ {print $3}')"
same "$helper, STATES: the states" \
    "$(sed -nE 's/^ *\[STATE_[A-Z_]+\] = "([a-z_]+)",$/\1/p' common/status.c)" \
    "$(section $helper STATES | awk '/^\.Bl / {depth++} /^\.El/ {depth--} depth == 2 && /^\.It Cm/ {print $3}')"
same "$helper: the exchange's verbs" \
    "$(sed -nE 's/^ *\{"([a-z]+)", KIND_.*/\1/p' helper/exchange/exchange.c)" \
    "$(section $helper DESCRIPTION | items Cm)"

# ---- the command -------------------------------------------------------------

same "$command, SYNOPSIS: the commands" \
    "$(grep -oE ' command_[a-z]+}' helper/cli/main.c | sed -E 's/ command_([a-z]+)}/\1/' | sort)" \
    "$(section $command SYNOPSIS | awk '/^\.Cm / && nm {print $2} {nm = /^\.Nm/}' | sort -u)"
none "$command: every option of a command" \
    "$(sed -nE 's/^ *\{"([a-z-]+)", [a-z]+_argument,.*/\1/p' helper/cli/*.c | grep -vxE 'help|version' | sort -u |
        while read -r option; do grep -q "^\.It Fl Fl $option\b" $command || echo "$option"; done)"
none 'main.c: a command has the name of its function' \
    "$(tr -s ' \n' ' ' <helper/cli/main.c | grep -oE '\{"[a-z]+", "[^"]*", command_[a-z]+\}' |
        sed -E 's/^\{"([a-z]+)", "[^"]*", command_([a-z]+)\}$/\1 \2/' | awk '$1 != $2')"

# ---- what is logged ----------------------------------------------------------

# All string literals of the sources, those that span lines in one piece.
logged=$(sed 's/\\$//' common/*.h pam/*.c helper/*.c helper/exchange/*.c | tr '\n' ' ' | sed -E 's/" *"//g' |
    grep -oE '"([^"\]|\\.)*"')

# unknown: those lines of standard input of which a part between … is nowhere.
unknown() {
    local line part parts
    while read -r line; do
        IFS='|' read -ra parts <<<"${line//…/|}"
        for part in "${parts[@]}"; do
            part=${part## }
            part=${part%% }
            [[ $logged == *"$part"* ]] || echo "$line ($part)"
        done
    done
}

events=$(sed -nE 's/^ *\[LOGGED_[A-Z_]+\] = "([a-z_]+)",$/\1/p' common/logline.c)
same "$module, DIAGNOSTICS: the events" "$events" "$(section $module DIAGNOSTICS | items Cm)"
same "$messages: the events" "$events" \
    "$(awk -F'\140' '/^## / {on = /^## Events/} on && NF > 2 {print $2}' $messages)"

headings=$(awk -F'\140' '/^## / && NF == 3 {print $2}' docs/troubleshooting.md)
[[ -n $headings ]]
result $? 'docs/troubleshooting.md has log lines as headings'
none 'docs/troubleshooting.md: every log line is in a source' "$(unknown <<<"$headings")"
none "$helper, DIAGNOSTICS: every log line is in a source" \
    "$(section $helper DIAGNOSTICS | sed -n 's/^\.It //p' | sed 's/\.\.\./…/g; s/ 10 s / … s /' | unknown)"

if command -v python3 >/dev/null; then
    none "$messages: all messages, and nothing else" "$(tests/docs/check-messages | grep -vE '^(ok |1\.\.)')"

    # That check finds a message that nobody has listed, and one that is no more.
    copy=$(mktemp -d)
    cp -r --no-preserve=mode common pam helper docs man README.md "$copy"
    sed -i 's/"no such user"/"no such %s at all"/' "$copy/pam/entry.c"
    found=$(top_srcdir=$copy tests/docs/check-messages | grep '^#')
    same "$messages: what is not listed is found" "$found" $'# pam/entry.c: no such … at all\n# no such user'
    sed -i 's/"no such %s at all"/"no such user"/; s/LOGGED_UNKNOWN_USER/LOGGED_LOGIN/' "$copy/pam/entry.c"
    found=$(top_srcdir=$copy tests/docs/check-messages | grep '^# no such user')
    same "$messages: another event is found" "$found" '# no such user: is logged as login at notice'
    rm -r "$copy"

    none 'docs/pictures: what README.md shows, and what the demo prints' \
        "$(tests/docs/check-pictures | grep -vE '^(ok |1\.\.)')"

    # That check finds another word of the demo, and a script.
    copy=$(mktemp -d)
    cp -r --parents README.md docs/pictures tests/demo "$copy"
    sed -i 's/"Alice logs out"/"Alice goes away"/' "$copy/tests/demo/demo.py"
    sed -i 's/^<desc>/<script\/>&/' "$copy/docs/pictures/architecture.svg"
    found=$(top_srcdir=$copy tests/docs/check-pictures | grep '^#')
    same 'docs/pictures: what differs is found' "$found" "# docs/pictures/architecture.svg: script
# == Alice\\ goes\\ away: make it anew: docs/pictures/make
# == Alice logs out: make it anew: docs/pictures/make"
    rm -r "$copy"
else
    count=$((count + 1))
    echo "ok $count - $messages: all messages, and nothing else # SKIP python3 is not installed"
fi

# ---- the threat model --------------------------------------------------------

# In the table of promises: | promise | test, test |
tests=$(awk '/^## / {on = /^## What is promised/} on && /^\|/' SECURITY.md | awk -F'|' '{print $3}' | grep -oE '[a-zA-Z_0-9]{12,}' | sort -u)
[[ $(wc -l <<<"$tests") -gt 30 ]]
result $? 'SECURITY.md names the tests of its promises'
none 'SECURITY.md: every one of these tests exists' "$(for name in $tests; do
    grep -rqE "^(def )?(test_)?$name\(" tests/unit tests/integration || [[ -e tests/integration/$name.py ]] || echo "$name"
done)"

# ---- the PAM recipes ---------------------------------------------------------

# not_in FILE: the first line of standard input that is not in that recipe there; "\&..." leaves lines out.
not_in() {
    awk -v name="$1" 'NR == FNR {if (!/^(#|$)/) file[++n] = $0; next}
        $0 == "\\&..." {gap = 1; next}
        {do at++; while (gap && at < n && file[at] != $0); gap = 0}
        file[at] != $0 {print name ": " $0; wrong = 1; exit}
        END {if (!wrong && !gap && at < n) print name ": " file[at + 1] " is missing"}' "$1" -
}

recipes=$(sed -n 's|^\.\\" \(docs/pam/.*\)|\1|p' $module)
[[ $(wc -l <<<"$recipes") -ge 7 ]]
result $? "$module, EXAMPLES: there are recipes"
none "$module, EXAMPLES: every recipe is the file" "$(for file in $recipes; do
    awk -v want=".\\\\\" $file" '$0 == want {on = 1; next} on && /^\.Ed/ {exit} on && !/^\.Bd/' $module | not_in "$file"
done)"
none 'docs/pam/README.md: every recipe is in its table' "$(for file in docs/pam/*; do
    [[ $file == */README.md ]] || grep -qF "](${file##*/})" docs/pam/README.md || echo "$file"
done)"

# ---- files, packages, versions -----------------------------------------------

documents=(README.md docs/troubleshooting.md NEWS.md CONTRIBUTING.md SECURITY.md COPYING)
none 'every document is there' "$(for file in "${documents[@]}"; do [[ -f $file ]] || echo "$file"; done)"
tree=$(awk '/^## / {on = /^## Source/} on && /^    [^ ]/ {print $1}' README.md)
[[ -n $tree ]]
result $? 'README.md: there is a list of what is where'
none 'README.md: every file of that list exists' "$(for file in $tree; do [[ -e $file ]] || echo "$file"; done)"
none 'README.md: every block says whether a test runs it, see tests/integration/test_readme.py' "$(awk '
    /^```[a-z]/ && !open && before !~ /^<!-- (run|skip): .* -->$/ {print "line " NR ": no <!-- run: … --> or <!-- skip: … --> above"}
    /^```/ {open = !open}
    {before = $0}' README.md)"
none 'every link to a file of ours leads to one' "$(for page in *.md docs/*.md docs/*/*.md; do
    [[ ! -f $page ]] || grep -ohE '\]\([^)]+\)' -- "$page" | sed -E 's/^\]\((.*)\)$/\1/; s/#.*//' | grep -v '://' |
        while read -r file; do [[ -z $file || -e $(dirname "$page")/$file ]] || echo "$page: $file"; done
done)"

packages=$(sed -nE 's/^OIDC_NEED\(.*, \[([^]]+)\], \[([^]]+)\]\)$/\1 \2/p' configure.ac | tr ' ' '\n')
[[ -n $packages ]]
result $? 'configure.ac names packages'
none 'README.md names every package that configure asks for' \
    "$(for package in $packages; do grep -qwF -- "$package" README.md || echo "$package"; done)"

version=$(sed -nE 's/^AC_INIT\(\[[^]]*\], \[([^]]*)\].*/\1/p' configure.ac)
same 'NEWS.md begins with this version' "$version" "$(sed -nE 's/^## ([0-9][0-9.]*).*/\1/p' NEWS.md | head -n 1)"
same 'debian/changelog begins with this version' "$version" \
    "$(sed -nE '1s/^[a-z-]+ \(([0-9.]+)-[0-9]+\) .*/\1/p' debian/changelog)"
same 'the spec has this version' "$version" "$(sed -nE 's/^Version: +//p' packaging/pam_oidc_session.spec)"
# libcmocka is for the tests; pam.pc and the like are found by pkg-config.
none 'debian/control and the spec ask for every package that configure asks for' \
    "$(sed -nE 's/^OIDC_NEED\(.*, \[([^]]+)\], \[([^]]+)\]\)$/\1 \2/p' configure.ac | while read -r deb rpm; do
        grep -qE "^ $deb( |,)" debian/control || echo "debian/control: $deb"
        grep -qE "^BuildRequires: +$rpm( |$)" packaging/pam_oidc_session.spec || echo "packaging/pam_oidc_session.spec: $rpm"
    done)"

# ---- the man pages -----------------------------------------------------------

if command -v mandoc >/dev/null; then
    # Which other man pages are installed here is not what is asked.
    none 'mandoc finds nothing to complain about' "$(mandoc -T lint -W style $module $conf $helper $command 2>&1 |
        grep -vE 'referenced manual not found|outdated mandoc\.db')"
else
    count=$((count + 1))
    echo "ok $count - mandoc finds nothing to complain about # SKIP mandoc is not installed"
fi

echo "1..$count"
exit $failed
