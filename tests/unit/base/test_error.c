/* Goal: an error says all it was given, stays valid UTF-8 when it is cut, and can be prefixed by every caller on the way up. */
#include "base/base.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void fills_and_returns(void **state)
{
    (void)state;
    eh_error error = {0};
    assert_int_equal(eh_fail(&error, EH_LIMIT, "%s: %d bands", "age", 70), EH_LIMIT);
    assert_int_equal(error.code, EH_LIMIT);
    assert_string_equal(error.text, "age: 70 bands");
    assert_int_equal(eh_fail(NULL, EH_IO, "nobody listens"), EH_IO);
}

static void prefixes(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_fail(&error, EH_IO, "disk full");
    assert_int_equal(eh_fail_within(&error, "report %s", "a.html"), EH_IO);
    assert_string_equal(error.text, "report a.html: disk full");
    /* An error may quote itself. */
    eh_fail(&error, EH_IO, "again: %s", error.text);
    assert_string_equal(error.text, "again: report a.html: disk full");
}

static void cuts_on_a_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < 4; i++) {
        for (size_t shift = 0; shift < 5; shift++) {
            char text[EH_ERROR_TEXT_BYTES_MAX * 2] = "";
            memset(text, '-', shift);
            for (size_t at = shift; at + 4 < sizeof text - 1; at += strlen(characters[i]))
                memcpy(text + at, characters[i], strlen(characters[i]));
            eh_error error = {0};
            eh_fail(&error, EH_INPUT, "%s", text);
            assert_true(eh_utf8_valid(eh_view_of(error.text)));
            assert_true(strlen(error.text) > EH_ERROR_TEXT_BYTES_MAX - 5);
            eh_fail_within(&error, "prefix");
            assert_true(eh_utf8_valid(eh_view_of(error.text)));
        }
    }
}

static void names_every_code(void **state)
{
    (void)state;
    for (int code = EH_OK; code < EH_CODES_COUNT; code++)
        assert_true(strlen(eh_code_name((eh_code)code)) > 0);
    assert_string_equal(eh_code_name(EH_NOT_FOUND), "not found");
    assert_string_equal(eh_code_name((eh_code)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_and_returns),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(cuts_on_a_character),
        cmocka_unit_test(names_every_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
