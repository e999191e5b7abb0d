/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <malloc.h>
#include <string.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(address, len) ((void) 0)
#endif

#include "tests/lib/assert_wiped.h"
#include "tests/lib/test.h"

static const char *looked_for;
static unsigned blocks, leaks;

void __real_free(void *block);

/* Blocks are not written completely: to look at the rest is no mistake here. */
void
__wrap_free(void *block)
{
    size_t size;

    if (looked_for != NULL && block != NULL) {
        size = malloc_usable_size(block);
        VALGRIND_MAKE_MEM_DEFINED(block, size);
        blocks++;
        if (memmem(block, size, looked_for, strlen(looked_for)) != NULL)
            leaks++;
    }
    __real_free(block);
}

void
wiped_begin(const char *canary)
{
    looked_for = canary;
    blocks = leaks = 0;
}

bool
wiped_all(void)
{
    looked_for = NULL;
    if (blocks == 0)
        print_error("nothing was freed\n");
    if (leaks > 0)
        print_error("%u of %u blocks were freed with the canary in them\n",
                    leaks, blocks);
    return blocks > 0 && leaks == 0;
}

void
wiped_end(const char *file, int line)
{
    if (!wiped_all())
        _fail(file, line);
}
