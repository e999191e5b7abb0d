/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <dirent.h>
#include <string.h>

#include "helper/exchange/trust.h"

#define HASH_LEN 8U

/* Eight hexadecimal digits, a dot, a number. */
static bool
is_hash(const char *name)
{
    return strspn(name, "0123456789abcdef") == HASH_LEN && name[HASH_LEN] == '.'
           && name[HASH_LEN + 1] != '\0'
           && name[HASH_LEN + 1 + strspn(name + HASH_LEN + 1, "0123456789")]
                  == '\0';
}

bool
trust_is_hashed(const char *directory)
{
    DIR *dir = directory != NULL ? opendir(directory) : NULL;
    const struct dirent *entry;
    bool found = false;

    if (dir == NULL)
        return false;
    while (!found && (entry = readdir(dir)) != NULL)
        found = is_hash(entry->d_name);
    (void) closedir(dir);
    return found;
}
