/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "common/io.h"
#include "helper/cli/tokenfile.h"
#include "tests/lib/test.h"

static char directory[] = "/dev/shm/test_tokenfile.XXXXXX";
static struct tokenfile file = TOKENFILE_NONE;
static struct secret token;

static int
setup(void **state UNUSED)
{
    struct statfs fs;

    if (statfs("/dev/shm", &fs) == -1 || fs.f_type != TMPFS_MAGIC)
        return 0; /* NEED_MEMORY says so */
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
teardown(void **state UNUSED)
{
    tokenfile_close(&file);
    secret_clear(&token);
    (void) rmdir(directory);
    return 0;
}

#define NEED_MEMORY()                                                          \
    do {                                                                       \
        if (access(directory, W_OK) == -1)                                     \
            SKIP("/dev/shm is no tmpfs here");                                 \
    } while (0)

static int
open_in(const char *first, const char *second)
{
    const char *const parents[] = {first, second, NULL};

    return tokenfile_open(parents, getuid(), &file);
}

static void
put(const char *text)
{
    secret_clear(&token);
    assert_int_equal(secret_append_text(&token, text, 100), 0);
    assert_int_equal(tokenfile_write(&file, &token), 0);
}

static const char *
contents(void)
{
    static char text[100];
    struct secret bytes = {0};
    int fd = open(file.path, O_RDONLY | O_CLOEXEC);

    if (fd == -1)
        return NULL;
    assert_int_equal(read_all(fd, sizeof(text) - 1, &bytes), 0);
    close(fd);
    strcpy(text, secret_text(&bytes));
    secret_clear(&bytes);
    return text;
}

static unsigned
entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n - 2; /* "." and ".." */
}

static void
only_a_directory_in_memory_that_nobody_else_changes_will_do(void **state UNUSED)
{
    static const struct {
        mode_t mode;
        uid_t uid;
        long type;
        bool good;
    } cases[] = {
        {S_IFDIR | 0700, 1000, TMPFS_MAGIC, true},
        {S_IFDIR | 0700, 1000, RAMFS_MAGIC, true},
        {S_IFDIR | 01777, 0, TMPFS_MAGIC, true},
        {S_IFDIR | 0700, 1000, EXT4_SUPER_MAGIC, false},
        {S_IFDIR | 01777, 0, EXT4_SUPER_MAGIC, false},
        {S_IFDIR | 0750, 1000, TMPFS_MAGIC, false},
        {S_IFDIR | 0700, 1001, TMPFS_MAGIC, false},
        {S_IFDIR | 0777, 0, TMPFS_MAGIC, false},
        {S_IFDIR | 01777, 1001, TMPFS_MAGIC, false},
        {S_IFREG | 0700, 1000, TMPFS_MAGIC, false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        const struct stat st = {.st_mode = cases[i].mode,
                                .st_uid = cases[i].uid};

        if (tokenfile_may_be_in(&st, cases[i].type, 1000) != cases[i].good)
            fail_msg("case %zu", i);
    }
}

static void
takes_the_first_place_that_will_do(void **state UNUSED)
{
    NEED_MEMORY();
    assert_int_equal(open_in("", directory), 0);
    assert_int_equal(strncmp(file.path, directory, strlen(directory)), 0);
    tokenfile_close(&file);
    assert_int_equal(open_in("/proc", directory), 0);
    tokenfile_close(&file);
    assert_int_equal(open_in("relative", "/nonexistent"), -ENOTDIR);
    assert_int_equal(file.dir, -1);
}

/* As a quota would have it. */
static bool is_full;

int __real_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);

int
__wrap_mkdirat(int dir, const char *path, mode_t mode)
{
    if (is_full) {
        is_full = false;
        errno = ENOSPC;
        return -1;
    }
    return __real_mkdirat(dir, path, mode);
}

static void
goes_on_to_the_next_place_when_one_is_full(void **state UNUSED)
{
    NEED_MEMORY();
    is_full = true;
    assert_int_equal(open_in(directory, directory), 0);
    assert_false(is_full);
    tokenfile_close(&file);
}

static void
follows_no_link_to_a_place(void **state UNUSED)
{
    char link[64];

    NEED_MEMORY();
    (void) snprintf(link, sizeof(link), "%s/link", directory);
    assert_int_equal(symlink(directory, link), 0);
    assert_int_equal(open_in(link, NULL), -ENOTDIR);
    assert_int_equal(unlink(link), 0);
}

static void
the_file_is_the_users_alone_and_has_the_token(void **state UNUSED)
{
    struct stat st;

    NEED_MEMORY();
    assert_int_equal(open_in(directory, NULL), 0);
    assert_null(contents());
    put("first");
    assert_string_equal(contents(), "first");
    assert_int_equal(stat(file.path, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(fstat(file.dir, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
}

static void
a_new_one_takes_the_place_of_the_old_one(void **state UNUSED)
{
    char old[16] = "";
    int fd;

    NEED_MEMORY();
    assert_int_equal(open_in(directory, NULL), 0);
    put("first");
    fd = open(file.path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    put("second");
    assert_string_equal(contents(), "second");
    /* Who had it open reads the old one, whole. */
    assert_int_equal(read(fd, old, sizeof(old) - 1), 5);
    assert_string_equal(old, "first");
    close(fd);
}

static void
what_lies_in_the_way_is_not_followed(void **state UNUSED)
{
    char victim[64];

    NEED_MEMORY();
    assert_int_equal(open_in(directory, NULL), 0);
    (void) snprintf(victim, sizeof(victim), "%s/victim", directory);
    assert_int_equal(symlinkat(victim, file.dir, "token.new"), 0);
    put("second");
    assert_int_equal(access(victim, F_OK), -1);
    assert_string_equal(contents(), "second");
}

static void
nothing_is_left_of_it(void **state UNUSED)
{
    NEED_MEMORY();
    assert_int_equal(open_in(directory, NULL), 0);
    put("first");
    tokenfile_remove(&file);
    assert_null(contents());
    put("second");
    assert_int_equal(entries(directory), 1);
    tokenfile_close(&file);
    assert_int_equal(entries(directory), 0);
    tokenfile_close(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(only_a_directory_in_memory_that_nobody_else_changes_will_do),
        TEST(takes_the_first_place_that_will_do),
        TEST(goes_on_to_the_next_place_when_one_is_full),
        TEST(follows_no_link_to_a_place),
        TEST(the_file_is_the_users_alone_and_has_the_token),
        TEST(a_new_one_takes_the_place_of_the_old_one),
        TEST(what_lies_in_the_way_is_not_followed),
        TEST(nothing_is_left_of_it),
    };

    return cmocka_run_group_tests_name("cli_tokenfile", tests, NULL, NULL);
}
