/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "helper/exchange/inifile.h"
#include "tests/lib/test.h"

#define BYTES(text) (text), sizeof(text) - 1

/* What was called, as text: "1:[a] 2:a.k=v " */
struct calls {
    char text[1024];
    int result; /* of the call for key "stop" */
};

static int
on_setting(void *arg, unsigned line, const char *section, const char *name,
           const char *value)
{
    struct calls *calls = arg;
    size_t len = strlen(calls->text);

    if (name == NULL)
        (void) snprintf(calls->text + len, sizeof(calls->text) - len,
                        "%u:[%s] ", line, section);
    else
        (void) snprintf(calls->text + len, sizeof(calls->text) - len,
                        "%u:%s.%s=%s ", line, section, name, value);
    return name != NULL && strcmp(name, "stop") == 0 ? calls->result : 0;
}

static void
settings_are_given_with_their_lines(void **state UNUSED)
{
    static const struct {
        const char *text;
        size_t len;
        const char *calls;
    } cases[] = {
        {BYTES(""), ""},
        {BYTES("\n\n"), ""},
        {BYTES("[a]\nk=v\n"), "1:[a] 2:a.k=v "},
        {BYTES("[a]\nk = v w \n"), "1:[a] 2:a.k=v w "},
        {BYTES("[a]\nk : v"), "1:[a] 2:a.k=v "},
        {BYTES("[a]\r\nk=v\r\n"), "1:[a] 2:a.k=v "},
        {BYTES("k=v"), "1:.k=v "},
        {BYTES("[a]\n[b]\nk=v"), "1:[a] 2:[b] 3:b.k=v "},
        {BYTES("[a] ; why\nk=v ; why\n"), "1:[a] 2:a.k=v "},
        {BYTES("[a]\nk=v;w\n"), "1:[a] 2:a.k=v;w "},
        {BYTES("[a]\nk=v # w\n"), "1:[a] 2:a.k=v # w "},
        {BYTES("; c\n# c\n  ; c\n\t# c\n  \n[a]\n\nk=v\n"), "6:[a] 8:a.k=v "},
        {BYTES("[a]\nk=\nl=v=w\n"), "1:[a] 2:a.k= 3:a.l=v=w "},
        {BYTES("\xef\xbb\xbf; c\n[a]\nk=\xc3\xa4"), "2:[a] 3:a.k=\xc3\xa4 "},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct calls calls = {0};
        struct inifile file = {.setting = on_setting, .arg = &calls};

        assert_int_equal(inifile_parse(&file, cases[i].text, cases[i].len), 0);
        assert_string_equal(calls.text, cases[i].calls);
        assert_null(file.wrong);
    }
}

static void
what_inih_would_pass_over_is_an_error(void **state UNUSED)
{
    static const struct {
        const char *text;
        size_t len;
        unsigned line;
        const char *wrong; /* part of it */
    } cases[] = {
        {BYTES("[a]\nnothing\n"), 2, "neither a [section] nor key"},
        {BYTES("[a]\nnothing\nk=v\n"), 2, "neither a [section] nor key"},
        {BYTES("[a]\nnothing\n more=1\n"), 2, "neither a [section] nor key"},
        {BYTES("[a\n"), 1, "no ]"},
        {BYTES("[a]\nk=v\n  more\n"), 3, "starts with a space"},
        {BYTES("[a]\n\tk=v\n"), 2, "starts with a space"},
        {BYTES("[a] k=v\n"), 1, "behind a section's name"},
        {BYTES("[a];\n"), 1, "behind a section's name"},
        {BYTES("[a]\nk=\0v\n"), 2, "control character"},
        {BYTES("[a]\n\0"), 2, "control character"},
        {BYTES("[a]\nk=\x1b[31m\n"), 2, "control character"},
        {BYTES("[a]\n; \x07\n"), 2, "control character"},
        {BYTES("[a]\nk=v\rw\n"), 2, "control character"},
        {BYTES("[a]\nk=v\x7f\n"), 2, "control character"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(cases); i++) {
        struct calls calls = {0};
        struct inifile file = {.setting = on_setting, .arg = &calls};

        assert_int_equal(inifile_parse(&file, cases[i].text, cases[i].len),
                         -EBADMSG);
        assert_int_equal(file.line, cases[i].line);
        if (strstr(file.wrong, cases[i].wrong) == NULL)
            fail_msg("%s: %s", cases[i].text, file.wrong);
    }
}

/* The size of inih's buffer for a line, as it was built. */
static char *
on_size(char *str UNUSED, int num, void *size)
{
    *(size_t *) size = (size_t) num;
    return NULL;
}

static int
on_nothing(void *arg UNUSED, const char *section UNUSED,
           const char *name UNUSED, const char *value UNUSED)
{
    return 1;
}

/* A line that fills the buffer would be continued by an inih that can grow. */
static void
a_line_is_whole_or_an_error_at_every_length(void **state UNUSED)
{
    char text[1024], expected[1024];
    size_t len, size = 0;

    assert_int_equal(ini_parse_stream(on_size, &size, on_nothing, NULL), 0);
    assert_in_range(size, 100, sizeof(text) - 100);
    for (len = 2; len < size + 50; len++) {
        struct calls calls = {0};
        struct inifile file = {.setting = on_setting, .arg = &calls};
        int r;

        memset(text, 'x', len);
        memcpy(text, "k=", 2);
        memcpy(text + len, "\nl=1\n", 5);
        (void) snprintf(expected, sizeof(expected), "1:.%.*s 2:.l=1 ",
                        (int) len, text);
        r = inifile_parse(&file, text, len + 5);
        assert_int_equal(r, len + 2 <= size ? 0 : -EBADMSG);
        assert_string_equal(calls.text, r == 0 ? expected : "");
        if (r < 0) {
            assert_int_equal(file.line, 1);
            assert_non_null(strstr(file.wrong, "longer"));
        }
    }
}

static void
a_failing_setting_ends_the_parsing(void **state UNUSED)
{
    static const char text[] = "[a]\nk=v\nstop=1\nl=w\nnothing\n";
    struct calls calls = {.result = -ENOMEM};
    struct inifile file = {.setting = on_setting, .arg = &calls};

    assert_int_equal(inifile_parse(&file, BYTES(text)), -ENOMEM);
    assert_int_equal(file.line, 3);
    assert_string_equal(calls.text, "1:[a] 2:a.k=v 3:a.stop=1 ");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_given_with_their_lines),
        cmocka_unit_test(what_inih_would_pass_over_is_an_error),
        cmocka_unit_test(a_line_is_whole_or_an_error_at_every_length),
        cmocka_unit_test(a_failing_setting_ends_the_parsing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
