/* Goal: borrowed bytes are compared and trimmed as they are, UTF-8 is checked to the letter of RFC 3629, slips find the right name. */
#include "base/base.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void compares(void **state)
{
    (void)state;
    assert_true(eh_view_equal(EH_VIEW("Age"), eh_view_of("Age")));
    assert_false(eh_view_equal(EH_VIEW("Age"), EH_VIEW("age")));
    assert_true(eh_view_equal_nocase(EH_VIEW("Age_Band"), EH_VIEW("aGE_bAND")));
    /* '@' and the grave accent differ in the same bit as letters do, and are not letters. */
    assert_false(eh_view_equal_nocase(EH_VIEW("@"), EH_VIEW("`")));
    assert_true(eh_view_equal((eh_view){NULL, 0}, EH_VIEW("")));
    assert_int_equal(eh_view_of(NULL).len, 0);
}

static void trims(void **state)
{
    (void)state;
    assert_true(eh_view_equal(eh_view_trim(EH_VIEW(" \t\r\n a b \v\f")), EH_VIEW("a b")));
    assert_int_equal(eh_view_trim(EH_VIEW(" \t ")).len, 0);
    assert_int_equal(eh_view_trim((eh_view){NULL, 0}).len, 0);
}

typedef struct {
    const char *text;
    bool valid;
    size_t columns;
} text_row;

/* Byte sequences from RFC 3629 and from Unicode 14.0, table 3-7; columns as Unicode Standard Annex 11 says. */
static const text_row texts[] = {
    {"plain", true, 5},
    {"caf\xC3\xA9", true, 4},
    {"cafe\xCC\x81", true, 4},                     /* e and a combining acute */
    {"\xE6\x9D\xB1\xE4\xBA\xAC", true, 4},         /* two Han letters */
    {"\xF0\x9F\x98\x80", true, 2},                 /* grinning face */
    {"\xE2\x80\x8D", true, 0},                     /* zero width joiner */
    {"\xED\x95\x9C", true, 2},                     /* a Hangul syllable */
    {"\xEF\xBC\xA1", true, 2},                     /* full-width A */
    {"\xF4\x8F\xBF\xBF", true, 1},                 /* U+10FFFF */
    {"\xC0\xAF", false, 2},                        /* overlong */
    {"\xE0\x80\xAF", false, 3},                    /* overlong */
    {"\xED\xA0\x80", false, 3},                    /* surrogate */
    {"\xF4\x90\x80\x80", false, 4},                /* above U+10FFFF */
    {"\xE2\x82", false, 2},                        /* cut */
    {"a\xFFz", false, 3},
};

static void checks_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(eh_utf8_valid(eh_view_of(texts[i].text)), texts[i].valid);
        assert_int_equal(eh_utf8_columns(eh_view_of(texts[i].text)), texts[i].columns);
    }
}

typedef struct {
    const char *typed, *nearest;
} slip_row;

static void finds_the_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"age", "age_band", "marital", "education", "pdays", "y"};
    static const slip_row slips[] = {
        {"agee", "age"},       {"Marital", "marital"}, {"eductaion", "education"}, {"ageband", "age_band"},
        {"income", NULL},      {"", NULL},             {"x", NULL},                {"pday", "pdays"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        const char *nearest = eh_nearest_name(slips[i].typed, names, sizeof names / sizeof names[0]);
        if (slips[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, slips[i].nearest);
    }
    char huge[1000];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    const char *const huge_names[] = {huge};
    assert_null(eh_nearest_name(huge, huge_names, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(trims),
        cmocka_unit_test(checks_utf8),
        cmocka_unit_test(finds_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
