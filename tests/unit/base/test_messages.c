/* Goal: a message says in each language what it should, and a broken one is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/messages.h"

static eh_messages *open_text(const char *yaml, const char *language, const eh_messages *fallback)
{
    eh_messages *messages = NULL;
    eh_error error = {0};
    if (eh_messages_open(eh_view_of(yaml), "test.yaml", language, fallback, &messages, &error) != EH_OK)
        fail_msg("%s", error.text);
    return messages;
}

static void expect(const eh_messages *messages, const char *key, eh_message_value value, const char *expected)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_message_append(messages, key, &value, 1, &out);
    assert_string_equal(out.ptr == NULL ? "" : out.ptr, expected);
}

static void messages_are_filled(void **state)
{
    (void)state;
    eh_messages *en = open_text("hello: \"Hello {name}, it''s '{'you'}'\"\n"
                                "ago: \"{n, plural, =0 {today} one {# month ago} other {# months ago}}\"\n"
                                "said: \"{said, select, yes {You agreed.} no {You said no.} other {We do not know.}}\"\n"
                                "deep: \"{said, select, yes {{n, plural, one {one} other {many #}}!} other {none}}.\"\n"
                                "share: \"{n, number, percent} of {n, number}\"\n",
                                "en", NULL);
    expect(en, "hello", (eh_message_value){.name = "name", .text = "Ada <b>"}, "Hello Ada <b>, it's {you}");
    expect(en, "ago", (eh_message_value){.name = "n", .number = 0}, "today");
    expect(en, "ago", (eh_message_value){.name = "n", .number = 1}, "1 month ago");
    expect(en, "ago", (eh_message_value){.name = "n", .number = 1234}, "1,234 months ago");
    expect(en, "said", (eh_message_value){.name = "said", .text = "no"}, "You said no.");
    expect(en, "said", (eh_message_value){.name = "said", .text = "perhaps"}, "We do not know.");
    expect(en, "share", (eh_message_value){.name = "n", .number = 0.25}, "25% of 0.25");
    eh_message_value two[] = {{.name = "said", .text = "yes"}, {.name = "n", .number = 3}};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_message_append(en, "deep", two, 2, &out);
    assert_string_equal(out.ptr, "many 3!.");
    expect(en, "deep", (eh_message_value){.name = "said", .text = "no"}, "none.");
    eh_messages_close(&en);
}

static void languages_have_their_own_plurals_and_numbers(void **state)
{
    (void)state;
    eh_messages *pl = open_text("m: \"{n, plural, one {# miesiąc} few {# miesiące} many {# miesięcy} other {# miesiąca}}\"", "pl", NULL);
    eh_messages *de = open_text("m: \"{n}\"", "de-AT", NULL);
    eh_messages *ar = open_text("m: \"x\"", "ar", NULL);
    expect(pl, "m", (eh_message_value){.name = "n", .number = 1}, "1 miesiąc");
    expect(pl, "m", (eh_message_value){.name = "n", .number = 3}, "3 miesiące");
    expect(pl, "m", (eh_message_value){.name = "n", .number = 5}, "5 miesięcy");
    expect(de, "m", (eh_message_value){.name = "n", .number = 0.5}, "0,5");
    assert_true(eh_messages_right_to_left(ar));
    assert_false(eh_messages_right_to_left(de));
    eh_messages_close(&pl);
    eh_messages_close(&de);
    eh_messages_close(&ar);
}

static void what_is_missing_is_looked_up_then_shown(void **state)
{
    (void)state;
    eh_messages *en = open_text("a: English\nb: \"Also {x}\"", "en", NULL);
    eh_messages *fr = open_text("a: Fran\xC3\xA7\x61is", "fr", en);
    expect(fr, "a", (eh_message_value){.name = "x"}, "Fran\xC3\xA7\x61is");
    expect(fr, "b", (eh_message_value){.name = "x", .text = "y"}, "Also y");
    expect(fr, "b", (eh_message_value){.name = "z", .text = "y"}, "Also \xC2\xABx\xC2\xBB");
    expect(fr, "c", (eh_message_value){.name = "x"}, "\xC2\xAB" "c\xC2\xBB");
    const char *const *names;
    size_t count;
    eh_messages_arguments(en, "b", &names, &count);
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "x");
    eh_messages_close(&fr);
    eh_messages_close(&en);
}

static void broken_messages_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *says;
    } rows[] = {
        {"a: \"{\"", "a name is missing"},          {"a: \"{x\"", "comes } or a comma"},
        {"a: \"x}\"", "without an opening"},        {"a: \"{x, plural, one {1}}\"", "'other {...}' is missing"},
        {"a: \"{x, dance}\"", "number, plural or select"}, {"a: \"{x, select, yes text other {}}\"", "a case looks like"},
        {"a: \"{x, number, currency}\"", "percent"}, {"a: [1]", "a message is a text"},
        {"- a", "a mapping of keys"},               {"a: \"{x, select, other {b}\"", "a case looks like"},
        {"a: \"{x, select, a {{x, select, a {{x, select, a {{x, select, a {{x, select, a {{x, select, a {{x, select, other {}}} other {}}} other {}}} other {}}} other {}}} other {}}} other {}}\"", "too deep"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_messages *messages = NULL;
        eh_error error = {0};
        assert_int_equal(eh_messages_open(eh_view_of(rows[i].yaml), "test.yaml", "en", NULL, &messages, &error), EH_INPUT);
        if (strstr(error.text, rows[i].says) == NULL || strstr(error.text, "test.yaml") == NULL)
            fail_msg("%s -> %s", rows[i].yaml, error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_filled), cmocka_unit_test(languages_have_their_own_plurals_and_numbers),
        cmocka_unit_test(what_is_missing_is_looked_up_then_shown), cmocka_unit_test(broken_messages_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
