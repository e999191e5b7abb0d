#!/bin/sh
# SPDX-License-Identifier: MIT
# make install DESTDIR=: what goes where, with which mode; and that nobody's
# configuration is lost.
# shellcheck source=tests/link/tap.sh
. "$(dirname "$0")/tap.sh"

make=${MAKE:-make}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root
# The one that runs this test must not be joined in its jobs and variables.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR TESTS

# shellcheck disable=SC2016
echo 'print-%:; @echo $($*)' >"$tmp/print.mk"

variable() {
    "$make" -s -C "$top_builddir" -f Makefile -f "$tmp/print.mk" "print-$1"
}

run_make() {
    "$make" -C "$top_builddir" DESTDIR="$root" "$@"
}

mode_is() {
    mode=$(stat -c %a "$2")
    [ "$mode" = "$1" ] && return
    echo "$2 has mode $mode"
    return 1
}

files() {
    (cd "$root" && find . ! -type d | sed 's/^\.//')
}

libexecdir=$(variable libexecdir)
bindir=$(variable bindir)
pamdir=$(variable pamdir)
securitydir=$(variable securitydir)
mandir=$(variable mandir)
sysusersdir=$(variable sysusersdir)
tmpfilesdir=$(variable tmpfilesdir)
bashcompletiondir=$(variable bashcompletiondir)
zshcompletiondir=$(variable zshcompletiondir)
fishcompletiondir=$(variable fishcompletiondir)
cachedir=$(variable cachedir)
user=$(variable oidc_user)
config=$root$securitydir/oidc-session.conf
example=$top_srcdir/man/oidc-session.conf.example
manuals=$(variable dist_man_MANS | tr ' ' '\n' |
    sed -n "s|^.*/\(.*\)\.\([0-9]\)\$|$mandir/man\2/\1.\2|p")

ok 'it installs' run_make install
ok 'it installs these files and no others' same "
    $pamdir/pam_oidc_session.so
    $bindir/oidc-session
    $libexecdir/oidc-session-helper
    $libexecdir/oidc-session-exchange
    $securitydir/oidc-session.conf
    $sysusersdir/oidc-session.conf
    $tmpfilesdir/oidc-session.conf
    $bashcompletiondir/oidc-session
    $zshcompletiondir/_oidc-session
    $fishcompletiondir/oidc-session.fish
    $manuals" "$(files)"
ok 'the helper may be executed, not read' \
    mode_is 711 "$root$libexecdir/oidc-session-helper"
ok 'the exchange may be executed, not read' \
    mode_is 711 "$root$libexecdir/oidc-session-exchange"
ok 'the command may be executed by all' mode_is 755 "$root$bindir/oidc-session"
ok 'nobody but root may write the module' \
    nothing find "$root$pamdir/pam_oidc_session.so" -perm /022
ok 'nothing is setuid or setgid' nothing find "$root" -type f -perm /6000
ok 'no libtool file is left' nothing find "$root" -name '*.la'
ok 'the configuration is the example' cmp "$example" "$config"
ok 'the configuration may be read by all' mode_is 644 "$config"
ok 'the system user is named as configured' \
    grep -q "^u $user " "$root$sysusersdir/oidc-session.conf"
ok 'the cache is a directory of that user, which others only read' \
    grep -qx "d $cachedir 0755 $user $user -" \
    "$root$tmpfilesdir/oidc-session.conf"
ok 'every line of the example is a comment, a section, or a setting' \
    nothing grep -vE '^([#;]|\[[a-z]+\]$|[a-z_]+ *=|$)' "$example"

echo '# ours' >"$config"
chmod 0600 "$config"
ok 'it installs over what is installed' run_make install
ok 'a configuration that was changed stays' grep -qx '# ours' "$config"
ok 'and keeps its mode' mode_is 600 "$config"
ok 'it uninstalls' run_make uninstall
ok 'only the configuration that was changed is left' \
    same "$securitydir/oidc-session.conf" "$(files)"

rm -f "$config"
ok 'it installs again' run_make install
ok 'it uninstalls again' run_make uninstall
ok 'nothing is left' nothing files
end
