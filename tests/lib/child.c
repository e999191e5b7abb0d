/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyutils.h>

#include "tests/lib/child.h"
#include "tests/lib/test.h"

int
child_failed(const char *file, int line, const char *condition, long long is,
             long long must)
{
    fprintf(stderr, "# %s:%d: not true: %s (%lld, %lld)\n", file, line,
            condition, is, must);
    return 1;
}

bool
keys_work(void)
{
    return keyctl_get_keyring_ID(KEY_SPEC_PROCESS_KEYRING, 1) != -1;
}

bool
pidfds_work(void)
{
    int fd = pidfd_open(getpid(), 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0 || errno != ENOSYS;
}

void
keys_join(void)
{
    assert_true(keyctl_join_session_keyring(NULL) != -1);
}

int
put_text(key_serial_t where, const char *name, const char *text)
{
    return add_key("user", name, text, strlen(text), where) == -1 ? -errno : 0;
}

int
become(unsigned uid, unsigned gid)
{
    return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0
                   && setresuid(uid, uid, uid) == 0
               ? 0
               : -1;
}

void
in_child(int (*function)(void))
{
    int status = -1;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        if (keyctl_join_session_keyring(NULL) == -1)
            _exit(CHILD_SKIP);
        _exit(function());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP)
        SKIP("not possible here");
    assert_int_equal(status, 0);
}
