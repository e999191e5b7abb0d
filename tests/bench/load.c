/* SPDX-License-Identifier: MIT */
/*
 * What loading a PAM module adds to a process that has libpam:
 *
 *   load MODULE
 *
 * prints microseconds, and KiB of resident memory: all of it, and that which is
 * this process's alone.  It is loaded as libpam does, and its functions are
 * looked up.
 */
#include <dlfcn.h>
#include <security/pam_appl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct memory {
    long all, own;
};

static int64_t
now_ns(void)
{
    struct timespec ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static long
kib(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at != NULL ? atol(at + strlen(name)) : 0;
}

static struct memory
memory(void)
{
    static char text[4096];
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    size_t n;

    if (file == NULL)
        exit(1);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    (void) fclose(file);
    return (struct memory){
        .all = kib(text, "Rss:"),
        .own = kib(text, "Private_Clean:") + kib(text, "Private_Dirty:"),
    };
}

static void
load(const char *path)
{
    static const char *const names[] = {
        "pam_sm_acct_mgmt",     "pam_sm_authenticate", "pam_sm_chauthtok",
        "pam_sm_close_session", "pam_sm_open_session", "pam_sm_setcred"};
    void *module = dlopen(path, RTLD_NOW);
    size_t i;

    if (module == NULL) {
        fprintf(stderr, "load: %s\n", dlerror());
        exit(1);
    }
    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        (void) dlsym(module, names[i]);
}

int
main(int argc, char **argv)
{
    static const struct pam_conv conv;
    struct memory before, after;
    pam_handle_t *pamh;
    int64_t start, took;

    if (argc != 2 || pam_start("load", NULL, &conv, &pamh) != PAM_SUCCESS)
        return 64;
    (void) memory(); /* what it needs itself is there, then */
    before = memory();
    start = now_ns();
    load(argv[1]);
    took = now_ns() - start;
    after = memory();
    printf("%.1f %ld %ld\n", (double) took / 1000, after.all - before.all,
           after.own - before.own);
    return 0;
}
