/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/file.h"
#include "tests/lib/test.h"

INJECT(ssize_t, read, (int fd, void *data, size_t len), (fd, data, len))
INJECT(int, close, (int fd), (fd))

/* The flags of the last open(); an errno instead of it. */
static int open_flags, open_error;
int __real_open(const char *path, int flags, ...);

int
__wrap_open(const char *path, int flags, ...)
{
    open_flags = flags;
    if (open_error != 0) {
        errno = open_error;
        return -1;
    }
    return __real_open(path, flags);
}

/* The files are ours; they look like this user's. */
static uid_t owner;
static int fstat_error;
int __real_fstat(int fd, struct stat *st);

int
__wrap_fstat(int fd, struct stat *st)
{
    int r = __real_fstat(fd, st);

    st->st_uid = owner;
    if (fstat_error == 0)
        return r;
    errno = fstat_error;
    return -1;
}

static char directory[] = "/tmp/test_file.XXXXXX";
static char path[64], other[64];
static struct secret out;
static const char *why;

static int
group_setup(void **state UNUSED)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    (void) snprintf(path, sizeof(path), "%s/file", directory);
    (void) snprintf(other, sizeof(other), "%s/other", directory);
    return 0;
}

static int
group_teardown(void **state UNUSED)
{
    return rmdir(directory);
}

static int
setup(void **state UNUSED)
{
    owner = 0;
    open_error = fstat_error = 0;
    why = NULL;
    return 0;
}

static int
teardown(void **state UNUSED)
{
    WORK(read);
    open_error = 0;
    (void) unlink(path);
    (void) rmdir(path);
    (void) unlink(other);
    secret_clear(&out);
    return 0;
}

static void
make(const char *name, size_t len, mode_t mode)
{
    FILE *file = fopen(name, "we");

    assert_non_null(file);
    while (len-- > 0)
        fputc('x', file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, mode), 0);
}

static void
assert_refused(int r, const char *part)
{
    why = NULL;
    WORK(close);
    assert_int_equal(file_read(path, FILE_SECRET, &out, &why), r);
    assert_non_null(why);
    if (strstr(why, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why, part);
    assert_int_equal(out.len, 0);
}

static void
reads_a_file_of_roots(void **state UNUSED)
{
    static const mode_t modes[] = {0600, 0400, 0640, 0644, 0444, 0755};
    size_t i;

    for (i = 0; i < ARRAY_LEN(modes); i++) {
        make(path, 5, modes[i]);
        assert_int_equal(file_read(path, FILE_CONFIG, &out, &why), 0);
        assert_null(why);
        assert_string_equal(secret_text(&out), "xxxxx");
        secret_clear(&out);
        assert_int_equal(unlink(path), 0);
    }
}

static void
reads_a_private_file_that_only_root_may_read(void **state UNUSED)
{
    static const mode_t modes[] = {0600, 0400, 0700};
    size_t i;

    for (i = 0; i < ARRAY_LEN(modes); i++) {
        make(path, 5, modes[i]);
        assert_int_equal(file_read(path, FILE_SECRET, &out, &why), 0);
        assert_null(why);
        secret_clear(&out);
        assert_int_equal(unlink(path), 0);
    }
}

static void
refuses_a_private_file_that_others_may_read(void **state UNUSED)
{
    static const mode_t modes[] = {0640, 0604, 0610, 0601};
    size_t i;

    for (i = 0; i < ARRAY_LEN(modes); i++) {
        make(path, 5, modes[i]);
        assert_refused(-EPERM, "read by others than root; chmod 0600");
        assert_int_equal(unlink(path), 0);
    }
}

static void
refuses_a_file_that_others_may_write(void **state UNUSED)
{
    static const mode_t modes[] = {0620, 0602, 0666, 0660};
    size_t i;

    for (i = 0; i < ARRAY_LEN(modes); i++) {
        make(path, 5, modes[i]);
        assert_refused(-EPERM, "written by others than root; chmod go-w");
        assert_int_equal(file_read(path, FILE_CONFIG, &out, &why), -EPERM);
        assert_int_equal(unlink(path), 0);
    }
}

static void
refuses_a_file_of_somebody_else(void **state UNUSED)
{
    make(path, 5, 0600);
    owner = 61001;
    assert_refused(-EPERM, "does not belong to root; chown");
    assert_int_equal(file_read(path, FILE_CONFIG, &out, &why), -EPERM);
}

static void
refuses_a_symbolic_link(void **state UNUSED)
{
    make(other, 5, 0600);
    assert_int_equal(symlink(other, path), 0);
    assert_refused(-ELOOP, "symbolic link");
}

static void
refuses_a_directory(void **state UNUSED)
{
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(-EPERM, "not a regular file");
}

/* And does not wait for somebody who writes to it. */
static void
refuses_a_fifo_at_once(void **state UNUSED)
{
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(10);
    assert_refused(-EPERM, "not a regular file");
    alarm(0);
}

static void
refuses_a_socket(void **state UNUSED)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, path);
    assert_int_equal(
        bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
    assert_refused(-ENXIO, "not a regular file");
    close(fd);
}

static void
refuses_a_device(void **state UNUSED)
{
    assert_int_equal(file_read("/dev/null", FILE_CONFIG, &out, &why), -EPERM);
    assert_non_null(strstr(why, "not a regular file"));
}

static void
says_what_is_missing(void **state UNUSED)
{
    assert_refused(-ENOENT, "does not exist");
    make(path, 1, 0600);
    assert_int_equal(file_read("/etc/passwd/x", FILE_CONFIG, &out, &why),
                     -ENOTDIR);
    assert_non_null(strstr(why, "does not exist"));
}

static void
every_errno_of_open_has_its_words(void **state UNUSED)
{
    static const struct {
        int error;
        const char *why;
    } cases[] = {
        {EACCES, "permission denied"}, {EPERM, "permission denied"},
        {EMFILE, "cannot be opened"},  {EIO, "cannot be opened"},
        {ENOENT, "does not exist"},    {ELOOP, "symbolic link"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        open_error = cases[i].error;
        assert_refused(-cases[i].error, cases[i].why);
    }
}

static void
is_examined_on_the_descriptor(void **state UNUSED)
{
    make(path, 5, 0600);
    fstat_error = EIO;
    assert_refused(-EPERM, "cannot be examined");
}

static void
is_opened_so_that_nothing_else_happens(void **state UNUSED)
{
    make(path, 5, 0600);
    assert_int_equal(file_read(path, FILE_SECRET, &out, &why), 0);
    assert_int_equal(open_flags,
                     O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

static void
reads_up_to_64_kib(void **state UNUSED)
{
    make(path, (16U * 1024), 0600);
    assert_int_equal(file_read(path, FILE_SECRET, &out, &why), 0);
    assert_int_equal(out.len, (16U * 1024));
    secret_clear(&out);
    make(path, (16U * 1024) + 1, 0600);
    assert_int_equal(file_read(path, FILE_SECRET, &out, &why), -EMSGSIZE);
    assert_non_null(strstr(why, "larger than 16 KiB"));
}

static void
reads_an_empty_file(void **state UNUSED)
{
    make(path, 0, 0600);
    assert_int_equal(file_read(path, FILE_SECRET, &out, &why), 0);
    assert_int_equal(out.len, 0);
    assert_string_equal(secret_text(&out), "");
}

static void
says_that_it_cannot_be_read(void **state UNUSED)
{
    make(path, 5, 0600);
    FAIL(read, EIO, 0);
    assert_refused(-EIO, "cannot be read");
}

static void
closes_the_descriptor_in_every_case(void **state UNUSED)
{
    make(path, 5, 0600);
    WORK(close);
    assert_int_equal(file_read(path, FILE_SECRET, &out, &why), 0);
    assert_int_equal(close_calls, 1);
    owner = 1;
    WORK(close);
    secret_clear(&out);
    assert_int_equal(file_read(path, FILE_SECRET, &out, &why), -EPERM);
    assert_int_equal(close_calls, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(reads_a_file_of_roots),
        TEST(reads_a_private_file_that_only_root_may_read),
        TEST(refuses_a_private_file_that_others_may_read),
        TEST(refuses_a_file_that_others_may_write),
        TEST(refuses_a_file_of_somebody_else),
        TEST(refuses_a_symbolic_link),
        TEST(refuses_a_directory),
        TEST(refuses_a_fifo_at_once),
        TEST(refuses_a_socket),
        TEST(refuses_a_device),
        TEST(says_what_is_missing),
        TEST(every_errno_of_open_has_its_words),
        TEST(is_examined_on_the_descriptor),
        TEST(is_opened_so_that_nothing_else_happens),
        TEST(reads_up_to_64_kib),
        TEST(reads_an_empty_file),
        TEST(says_that_it_cannot_be_read),
        TEST(closes_the_descriptor_in_every_case),
    };

    return cmocka_run_group_tests_name("file", tests, group_setup,
                                       group_teardown);
}
