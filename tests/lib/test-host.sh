#!/bin/bash
# SPDX-License-Identifier: MIT
# The throwaway host: what works in it, and that nothing of it is left on the real one.  TAP on standard output.
# shellcheck disable=SC2317 # functions are called through ok
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
host=$here/host
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mark=canary-host-$$-$RANDOM
count=0 failed=0

# ok NAME COMMAND…: the command must succeed. is NAME ACTUAL EXPECTED: the two must be equal.
ok() {
    count=$((count + 1))
    if "${@:2}" >"$work/out" 2>&1; then
        echo "ok $count - $1"
    else
        failed=$((failed + 1))
        echo "not ok $count - $1"
        sed 's/^/# /' "$work/out"
    fi
}
is() { ok "$1" same "$2" "$3"; }
same() { [[ $1 == "$2" ]] || { echo "got:      $1"; echo "expected: $2"; return 1; }; }

# ---- inside: a second run of this script, as COMMAND of a host: --inside FILE-FOR-THE-COUNTS
if [[ ${1:-} == --inside ]]; then
    as_alice() { su alice -c "$1"; }
    denied_by_read_only_tree() { ! touch "$here/$mark" && [[ ! -e $here/$mark ]]; }
    password_login() {
        /usr/bin/python3 - "$@" <<'END'
import os, pty, select, sys, time
pid, tty = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, answered, end = b"", False, time.monotonic() + 20
while b"uid=61001" not in seen and time.monotonic() < end:
    if select.select([tty], [], [], 0.1)[0]:
        try:
            seen += os.read(tty, 4096)
        except OSError:
            break
    if not answered and b"assword:" in seen:
        answered = True
        os.write(tty, b"CANARY-pw-alice\n")
    elif answered == 1 and seen.rstrip().endswith(b"$"):
        answered = 2
        os.write(tty, b"id; exit\n")
print(seen.decode(errors="replace"))
sys.exit(b"uid=61001" not in seen)
END
    }
    orphan_is_reaped() {
        local pid
        pid=$(sh -c 'sleep 0.1 >/dev/null & echo $!')
        for _ in {1..100}; do
            [[ -e /proc/$pid ]] || return 0
            sleep 0.02
        done
        return 1
    }
    logged() { "$here/syslogd" --flush && grep -E "$1" /var/log/syslog-test; }

    is 'the host has a name of its own' "$(hostname)" host
    is 'localhost resolves' "$(getent hosts localhost)" '127.0.0.1       localhost host'
    is 'there is no other network' "$(ip -o link | wc -l)" 1
    ok 'the source tree cannot be written' denied_by_read_only_tree
    ok 'other directories can' touch "/etc/$mark" "/usr/$mark" "/var/log/$mark" "/opt/$mark" "/root/$mark" \
        "/home/$mark" "/tmp/$mark" "/run/$mark" "/dev/shm/$mark"
    ok 'settings of the kernel cannot be changed' eval '! echo 1 >/proc/sys/kernel/keys/maxkeys'
    is 'the users' "$(id -un 61001) $(id -un 61002) $(id -un 61003)" 'alice bob carol'
    is 'a user has a group and a home' "$(as_alice 'id -gn; cd; pwd; touch x && echo writable' | paste -sd' ')" \
        'alice /home/alice writable'
    is 'a session keyring of its own, without the user keyring' "$(keyctl show @s | tail -n +3)" ''
    # shellcheck disable=SC2016
    is 'keys work' "$(keyctl session - sh -c 'keyctl print $(keyctl add user k CANARY-key @s)' 2>/dev/null)" CANARY-key
    ok 'orphans are reaped' orphan_is_reaped
    ok 'pseudo terminals work' script -qec 'test -t 0' /dev/null
    logger -p authpriv.notice -t tester "$(printf 'one\ttwo')"
    ok 'syslog' logged '^authpriv\.notice tester one#011two$'
    ok 'sshd starts' "$here/sshd-start"
    ok 'ssh with a key' ssh -i /root/.ssh/id_test -o BatchMode=yes alice@localhost true
    is 'ssh with a password' "$(password_login ssh -tt -o PubkeyAuthentication=no alice@localhost | grep -o uid=61001)" uid=61001
    ok 'sshd logs' logged '^auth(priv)?\.info sshd Accepted publickey for alice '
    ok 'sshd starts again, with other settings' "$here/sshd-start" 'PasswordAuthentication no' 'DenyUsers bob'
    ok 'which hold' eval '! ssh -i /root/.ssh/id_test -o BatchMode=yes bob@localhost true'
    is 'su with a password' "$(password_login setpriv --reuid 61002 --clear-groups su -s /bin/bash alice | grep -o uid=61001)" uid=61001
    is 'login on a pseudo terminal' "$(password_login login alice | grep -o uid=61001)" uid=61001
    echo "$count $failed" >"$2"
    exit $((failed > 0))
fi

# ---- outside
if "$host" true 2>"$work/out"; then :; elif (($? == 77)); then
    echo "1..0 # SKIP $(<"$work/out")"
    exit 77
fi

sum() { cat /etc/passwd /etc/group /etc/shadow /etc/hosts /etc/hostname | sha256sum; }
mounts() { cut -d' ' -f2,5- /proc/self/mountinfo; }

# state: what a host could have changed on the real machine.
state() {
    sum
    mounts
    hostname
    ls /dev/log /run/sshd 2>&1
    keyctl show @s
    find / -xdev -path /proc -prune -o -name "$mark" -print
    find /dev/shm /run /tmp -name "$mark" -print
}
state >"$work/before"

# The processes of a host are those in its PID namespace; its mounts live as long as they do.
processes_of() { find /proc/[0-9]*/ns/pid -lname "$1" 2>/dev/null; }
nothing_left() {
    [[ $1 == pid:* && $1 != "$(readlink /proc/self/ns/pid)" ]] || { echo "no namespace: $1"; return 1; }
    for _ in {1..200}; do
        [[ $(processes_of "$1") ]] || break
        sleep 0.01
    done
    [[ ! $(processes_of "$1") ]] || { echo 'processes left:'; processes_of "$1"; return 1; }
    state >"$work/after"
    diff "$work/before" "$work/after"
}

"$host" -w "$work" "$here/test-host.sh" --inside "$work/counts"
status=$?
read -r count failed <"$work/counts" || failed=1
is 'success is the status of the command, and -w makes a directory writable' $status 0
state >"$work/after"
ok 'nothing is left on the real machine after that' diff "$work/before" "$work/after"

# A daemon, which the end of the host must end.
# shellcheck disable=SC2016
busy='setsid sleep 1000 & readlink /proc/self/ns/pid; touch /etc/'$mark
namespace=$("$host" bash -c "$busy; exit 42")
is 'failure is the status of the command' $? 42
ok '… and nothing is left' nothing_left "$namespace"
is 'a command that does not exist' "$("$host" /no/such/command 2>/dev/null; echo $?)" 127
is 'a command killed by a signal' "$("$host" bash -c 'kill -KILL $$' 2>/dev/null; echo $?)" 137
is 'standard input' "$(echo text | "$host" cat)" text

# Job control, so that each host is a process group, as in a terminal; it also leaves it its SIGINT.
for way in 'INT script' 'INT group' 'TERM script' 'HUP script' 'KILL script'; do
    rm -f "$work/namespace"
    mkfifo "$work/namespace"
    set -m
    "$host" bash -c "$busy; exec >/dev/null; sleep 1000" >"$work/namespace" 2>/dev/null &
    pid=$!
    set +m
    read -r namespace <"$work/namespace"
    signal=${way% *}
    case $way in
    *script) kill "-$signal" "$pid" ;;
    *group) kill "-$signal" -- "-$pid" ;; # what Ctrl-C does
    esac
    wait "$pid" 2>/dev/null
    status=$?
    is "$signal to the ${way#* }: the status" $status $((128 + $(kill -l "$signal")))
    ok '… and nothing is left' nothing_left "$namespace"
done

not_root() { [[ $(setpriv --reuid 65534 --clear-groups "$host" true 2>&1; echo $?) == *'needs root'*77 ]]; }
ok 'without root, a message and 77' not_root
echo "1..$count"
((failed == 0))
