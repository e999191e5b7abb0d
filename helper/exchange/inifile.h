/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_INIFILE_H
#define EXCHANGE_INIFILE_H

#include <stddef.h>

#include "common/attr.h"

/*
 * inih with line numbers, and strict: what inih would cut, join or skip in
 * silence is an error here.  That is a line longer than its buffer (198
 * characters, where it is built as usual), a line that starts with a space
 * (inih takes it as a continuation), text behind a section's name, a control
 * character.  A comment is a line that starts with ; or #, or what follows a
 * space and a ; in any line.
 */
struct inifile {
    /*
     * Called for each setting, and with a NULL name and value for each section.
     * Returns 0, or a negative errno, which ends the parsing.
     */
    int (*setting)(void *arg, unsigned line, const char *section,
                   const char *name, const char *value);
    void *arg;
    unsigned line;     /* out: where parsing ended */
    const char *wrong; /* out: what is wrong there, with -EBADMSG */
};

/*
 * Returns 0, -EBADMSG when *wrong says what is the matter, or what setting()
 * returned.
 */
int inifile_parse(struct inifile *file, const void *data,
                  size_t len) MUST_CHECK;

#endif
