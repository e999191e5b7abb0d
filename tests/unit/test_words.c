/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "helper/exchange/words.h"
#include "tests/lib/test.h"

static void
a_word_is_found_byte_for_byte(void **state UNUSED)
{
    static const struct {
        const char *words;
        const char *word;
        bool found;
    } rows[] = {
        {"RS256", "RS256", true},
        {"RS256 ES256", "RS256", true},
        {"RS256 ES256", "ES256", true},
        {" RS256  ES256 ", "ES256", true},
        {"RS256 ES256", "RS25", false},
        {"RS256 ES256", "S256", false},
        {"RS256 ES256", "RS2567", false},
        {"RS256 ES256", "rs256", false},
        {"RS256 ES256", "RS256 ES256", false},
        {"RS256 ES256", " ", false},
        {"RS256 ES256", "", false},
        {" ", "", false},
        {"", "", false},
        {"", "RS256", false},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        if (words_have(rows[i].words, rows[i].word) != rows[i].found)
            fail_msg("'%s' in '%s'", rows[i].word, rows[i].words);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_found_byte_for_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
