/* SPDX-License-Identifier: MIT */
/* The least that a resident process can be: it does nothing, for ever.  With an
 * argument it ends at once. */
#include <unistd.h>

int
main(int argc, char **argv)
{
    (void) argv;
    return argc > 1 ? 0 : pause();
}
