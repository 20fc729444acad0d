/* Goal: bodies are read strictly and say what is wrong; scopes read back as they were written; a key is kept as a hash and shown once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/api_int.h"

typedef struct {
    const char *person, *kind, *words;
    int64_t days, at_s;
    double value;
    eh_body_truth ai;
    eh_body_day birth;
    eh_json_value items;
} body;

static const eh_body_member members[] = {
    {"person", EH_BODY_PERSON, true, offsetof(body, person), 0, NULL},   {"kind", EH_BODY_WORD, false, offsetof(body, kind), 0, "useful creepy"},
    {"words", EH_BODY_TEXT, false, offsetof(body, words), 5, NULL},      {"days", EH_BODY_INTEGER, false, offsetof(body, days), 30, NULL},
    {"at", EH_BODY_TIME, false, offsetof(body, at_s), 0, NULL},          {"value", EH_BODY_VALUE, false, offsetof(body, value), 0, NULL},
    {"ai", EH_BODY_TRUTH, false, offsetof(body, ai), 0, NULL},           {"birth", EH_BODY_DAY, false, offsetof(body, birth), 0, NULL},
    {"items", EH_BODY_ITEMS, false, offsetof(body, items), 2, NULL},
};

static eh_code read_text(const char *text, body *out, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    EH_TRY(eh_json_parse(eh_view_of(text), "body", &document, error));
    eh_code code = eh_body_read(eh_json_root(document), "", members, sizeof members / sizeof members[0], out, error);
    out->person = out->kind = out->words = NULL;
    out->items = NULL;
    return code;
}

static void bodies(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        eh_code code;
        const char *says;
    } rows[] = {
        {"{\"person\":\"c1\",\"kind\":\"creepy\",\"words\":\"h\xC3\xA9\",\"days\":30,\"at\":\"2026-01-01T00:00:00Z\",\"value\":true,\"ai\":false,\"birth\":\"2012-05-31\",\"items\":[1]}", EH_OK, ""},
        {"{\"person\":\"c1\",\"days\":3.0}", EH_OK, ""},
        {"{}", EH_INPUT, "'person' is missing"},
        {"{\"preson\":\"c1\"}", EH_INPUT, "did you mean 'person'?"},
        {"{\"person\":7}", EH_INPUT, "person: a text"},
        {"{\"person\":null}", EH_INPUT, "null"},
        {"{\"person\":\"a/b\"}", EH_INPUT, "slashes"},
        {"{\"person\":\"..\"}", EH_INPUT, "not . or .."},
        {"{\"person\":\"\"}", EH_INPUT, "1 to 200"},
        {"{\"person\":\"c1\",\"kind\":\"CREEPY\"}", EH_INPUT, "not one of: useful creepy"},
        {"{\"person\":\"c1\",\"kind\":\"useful creepy\"}", EH_INPUT, "not one of"},
        {"{\"person\":\"c1\",\"words\":\"123456\"}", EH_INPUT, "1 to 5 characters"},
        {"{\"person\":\"c1\",\"words\":\"\xC3\xA9\xC3\xA9\xC3\xA9\"}", EH_LIMIT, "6 bytes"},
        {"{\"person\":\"c1\",\"days\":31}", EH_INPUT, "from 1 to 30"},
        {"{\"person\":\"c1\",\"days\":1.5}", EH_INPUT, "from 1 to 30"},
        {"{\"person\":\"c1\",\"days\":\"3\"}", EH_INPUT, "from 1 to 30"},
        {"{\"person\":\"c1\",\"at\":\"2026-02-30T00:00:00Z\"}", EH_INPUT, "at: "},
        {"{\"person\":\"c1\",\"birth\":\"2012-05-31T00:00:00Z\"}", EH_INPUT, "a date"},
        {"{\"person\":\"c1\",\"ai\":0}", EH_INPUT, "true or false"},
        {"{\"person\":\"c1\",\"value\":\"1\"}", EH_INPUT, "a number"},
        {"{\"person\":\"c1\",\"items\":[]}", EH_INPUT, "1 to 2"},
        {"{\"person\":\"c1\",\"items\":[1,2,3]}", EH_INPUT, "1 to 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        body out = {0};
        eh_error error = {0};
        if (read_text(rows[i].text, &out, &error) != rows[i].code || strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s\n-> %d %s", rows[i].text, error.code, error.text);
    }
    body out = {0};
    assert_int_equal(read_text(rows[0].text, &out, NULL), EH_OK);
    assert_int_equal(out.days, 30);
    assert_int_equal(out.at_s, 1767225600);
    assert_true(out.value == 1 && out.ai == EH_BODY_FALSE && out.birth.given);
    assert_int_equal(out.birth.day, 15491);
}

static void numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"9007199254740992", "-9007199254740992", "{\"a\":[1,2.5e300,0]}", "\"99999999999999999999\"", "1e300", "99999999999999999999.5",
                                       "{\"9\\\"99999999999999999999\":1}", ""};
    static const char *const bad[] = {"9007199254740993", "-9007199254740993", "[1, 18446744073709551616]", "{\"a\":99999999999999999999}"};
    eh_error error = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(eh_body_numbers_check(eh_view_of(good[i]), &error), EH_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(eh_body_numbers_check(eh_view_of(bad[i]), &error), EH_INPUT);
    assert_int_equal(eh_body_numbers_check(EH_VIEW("{\n \"a\": 9007199254740993}"), &error), EH_INPUT);
    assert_non_null(strstr(error.text, "line 2, column 7"));
}

static void scopes(void **state)
{
    (void)state;
    static const char *const same[] = {"consents", "consents:read", "decisions,consents,feedback:read", "metrics"};
    eh_error error = {0};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        uint32_t read = 0;
        assert_int_equal(eh_scopes_read(eh_view_of(same[i]), &read, &error), EH_OK);
        eh_scopes_append(read, &text);
        assert_string_equal(text.ptr, same[i]);
    }
    uint32_t read = 77;
    static const char *const wrong[] = {"", "consent", "consents:write", "consents,,feedback", "all"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(eh_scopes_read(eh_view_of(wrong[i]), &read, &error), EH_INPUT);
    assert_int_equal(read, 77);
    assert_int_equal(eh_scopes_read(EH_VIEW("consent"), &read, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "did you mean consents?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bodies), cmocka_unit_test(numbers), cmocka_unit_test(scopes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
