#!/bin/bash
# SPDX-License-Identifier: MIT
# test-rpm.sh PACKAGES: the spec, on a machine that need not be Fedora: it is parsed, and packs what "./dev package" has
# built in the directory PACKAGES.  The packages are for the tests only, in PACKAGES/rpm.  TAP.
set -uo pipefail
packages=$(cd "${1:?usage: test-rpm.sh PACKAGES}" && pwd -P)
spec=$packages/pam_oidc_session.spec
tree=$(echo "$packages"/pam_oidc_session-*/)
out=$packages/rpm
name=$(basename "$tree")
rm -rf "$out"
mkdir -p "$out"
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

# pack DIST: build it without configuring and compiling anything; rpmbuild removes the tree that it was given.
pack() {
    rm -rf "$out/BUILD"
    mkdir "$out/BUILD"
    cp -a "$tree" "$out/BUILD/" &&
        rpmbuild -bb --nodeps --noprep --without check --define "_topdir $out" --define "dist $1" \
            --define 'configure true' --define '__make make' "$spec"
}

said=$(rpmspec --parse "$spec" 2>&1 >/dev/null)
status=$?
[[ $status == 0 && -z $said ]]
result $? 'the spec is parsed without a word' "$said"
said=$(rpmbuild -ts --define "_topdir $out" --define "_srcrpmdir $out" "$packages/$name.tar.xz" 2>&1)
result $? 'rpmbuild finds it in the tarball' "$said"
for dist in .1 .2; do
    said=$(pack "$dist" 2>&1)
    result $? "it packs, as release 1$dist" "$(tail <<<"$said")"
done
((failed == 0)) || {
    echo "1..$count"
    exit 1
}
rpm=$(echo "$out"/RPMS/*/*-1.1.*.rpm)

make -s -C "$tree" install DESTDIR="$out/root" >/dev/null 2>&1
should=$(cd "$out/root" && find . ! -type d | sed 's/^\.//' | sort)
is=$(rpm -qlp "$rpm" | grep -vE '^/usr/share/(doc|licenses)/|/.build-id(/|$)|^/var/cache/oidc-session$' | sed 's/\.gz$//' | sort)
why=$(diff <(echo "$should") <(echo "$is"))
result $? 'it has what "make install" installs' "$why"
modes=$(rpm -qp --qf '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]' "$rpm" | grep -E '/libexec/|/cache/')
why=$(diff - <(echo "$modes") <<'END'
-rwx--x--x root /usr/libexec/oidc-session-exchange
-rwx--x--x root /usr/libexec/oidc-session-helper
drwxr-xr-x oidc-session /var/cache/oidc-session
END
)
result $? 'nobody but root reads the helper and the exchange; the cache is the system user'\''s' "$why"
[[ $(rpm -qp --configfiles "$rpm") == /etc/security/oidc-session.conf ]]
result $? 'the configuration is one' "$(rpm -qp --configfiles "$rpm")"
rm -rf "$out/BUILD" "$out/BUILDROOT" "$out/root"
[[ $name == "pam_oidc_session-$(rpm -qp --qf '%{VERSION}' "$rpm")" ]]
result $? 'it has the version of the source' "$name"

echo "1..$count"
exit $failed
