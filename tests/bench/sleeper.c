/* SPDX-License-Identifier: MIT */
/* The least that a resident process can be: it does nothing, for ever. */
#include <unistd.h>

int
main(void)
{
    return pause();
}
