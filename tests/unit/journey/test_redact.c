/* Goal: a person goes out of a text in every form in which they can be written, and nothing else goes. */
#include "journey/people_int.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static const char *const marks[] = {"c-1042", "42", "Zaphod@Heart.example", "+999 42", "a<b & \"c\"", "caf\u00e9-1"};
static const eh_person_marks person = {.keys = marks, .keys_count = 2, .marks = marks, .marks_count = sizeof marks / sizeof marks[0]};

typedef struct {
    eh_text_form form;
    const char *text, *wanted;
    uint64_t count;
} redact_case;

static const redact_case cases[] = {
    {EH_TEXT_PLAIN, "c-1042 and c-10421, xc-1042, c-1042-b; c-1042.", "erased and c-10421, xc-1042, c-1042-b; erased.", 2},
    {EH_TEXT_PLAIN, "42 people, 4,242 rows", "42 people, 4,242 rows", 0}, /* a short key cannot be told from a number */
    {EH_TEXT_PLAIN, "mail to ZAPHOD@heart.EXAMPLE!", "mail to erased!", 1},
    {EH_TEXT_PLAIN, "<td>a&lt;b &amp; &quot;c&quot;</td>", "<td>erased</td>", 1},
    {EH_TEXT_PLAIN, "call +999 42, not +999 421", "call erased, not +999 421", 1},
    {EH_TEXT_PLAIN, "caf\u00e9-1 caf\u00e9-12", "erased caf\u00e9-12", 1},
    {EH_TEXT_PLAIN, "", "", 0},
    {EH_TEXT_JSON, "{\"person\": \"42\", \"n\": 42, \"group\": \"42\"}", "{\"person\": \"erased\", \"n\": 42, \"group\": \"42\"}", 1},
    {EH_TEXT_JSON, "{\"key_examples\": [\"41\", \"42\", \"c-1042\"], \"bins\": [\"42\"]}", "{\"key_examples\": [\"41\", \"erased\", \"erased\"], \"bins\": [\"42\"]}", 2},
    {EH_TEXT_JSON, "{\"text\": \"of a<b & \\\"c\\\" there\"}", "{\"text\": \"of erased there\"}", 1},
    {EH_TEXT_JSON, "{\"a\\\"b\" : \"c-1042\"", "{\"a\\\"b\" : \"erased\"", 1},
    {EH_TEXT_JSON, "[\"c-1042", "[\"erased", 1}, /* cut */
    {EH_TEXT_JSON, "[\"c-1042\\", "[\"erased\\", 1},
    {EH_TEXT_LINES, "c-1\nc-1042\n42\nc-10421\n+999 42", "c-1\nc-10421\n", 3},
    {EH_TEXT_LINES, "\n\n", "\n\n", 0},
};

static void every_form_goes_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
        eh_error error = {0};
        uint64_t count = 99;
        assert_int_equal(eh_redact(eh_view_of(cases[i].text), &person, cases[i].form, &out, &count, &error), EH_OK);
        if (strcmp(out.ptr != NULL ? out.ptr : "", cases[i].wanted) != 0 || count != cases[i].count)
            fail_msg("case %zu: '%s' (%d)", i, out.ptr, (int)count);
    }
}

static void short_marks_are_told_from_long_ones(void **state)
{
    (void)state;
    static const struct {
        const char *mark;
        bool distinct;
    } table[] = {{"42", false}, {"12345", false}, {"123456", true}, {"c-1", false}, {"c-12", true}, {"", false}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(eh_mark_is_distinct(table[i].mark), table[i].distinct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_form_goes_and_nothing_else), cmocka_unit_test(short_marks_are_told_from_long_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
