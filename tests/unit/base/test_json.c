/* Goal: what is written is valid, has the same bytes every time and reads back to the same values; bad input is refused with its place. */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void write_sample(eh_json_writer *writer)
{
    eh_json_object_open(writer, NULL);
    eh_json_text(writer, "name", "a \"quoted\" </script> & \x01 caf\xC3\xA9 \xFF");
    eh_json_array_open(writer, "groups");
    eh_json_object_open_flat(writer, NULL);
    eh_json_number(writer, "value", 0.5);
    eh_json_array_open(writer, "range");
    eh_json_integer(writer, NULL, 1);
    eh_json_null(writer, NULL);
    eh_json_array_close(writer);
    eh_json_object_close(writer);
    eh_json_boolean(writer, NULL, true);
    eh_json_array_close(writer);
    eh_json_object_open(writer, "empty");
    eh_json_object_close(writer);
    eh_json_text(writer, "none", NULL);
    eh_json_number(writer, "not_a_number", EH_NAN);
    eh_json_object_close(writer);
}

typedef struct {
    bool pretty, html_safe;
    const char *expected;
} layout_row;

static const layout_row layouts[] = {
    {false, false,
     "{\"name\":\"a \\\"quoted\\\" </script> & \\u0001 caf\xC3\xA9 \xEF\xBF\xBD\",\"groups\":[{\"value\":0.5,\"range\":[1,null]},true],"
     "\"empty\":{},\"none\":null,\"not_a_number\":null}"},
    {true, true,
     "{\n"
     "  \"name\": \"a \\\"quoted\\\" \\u003c/script\\u003e \\u0026 \\u0001 caf\xC3\xA9 \xEF\xBF\xBD\",\n"
     "  \"groups\": [\n"
     "    {\"value\": 0.5, \"range\": [1, null]},\n"
     "    true\n"
     "  ],\n"
     "  \"empty\": {},\n"
     "  \"none\": null,\n"
     "  \"not_a_number\": null\n"
     "}"},
};

static void writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer buffer = {0};
        eh_json_writer writer;
        eh_json_begin(&writer, &buffer, layouts[i].pretty, layouts[i].html_safe);
        write_sample(&writer);
        assert_int_equal(eh_buffer_check(&buffer, NULL), EH_OK);
        assert_string_equal(buffer.ptr, layouts[i].expected);
        EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
        eh_error error;
        assert_int_equal(eh_json_parse(eh_buffer_view(&buffer), "sample", &document, &error), EH_OK);
        eh_json_value groups = eh_json_member(eh_json_root(document), "groups");
        assert_int_equal(eh_json_count(groups), 2);
        assert_true(eh_json_as_number(eh_json_member(eh_json_item(groups, 0), "value")) == 0.5);
        assert_string_equal(eh_json_as_text(eh_json_member(eh_json_root(document), "name")),
                            "a \"quoted\" </script> & \x01 caf\xC3\xA9 \xEF\xBF\xBD");
    }
}

typedef struct {
    double number;
    const char *text;
} number_row;

static void writes_numbers_shortest(void **state)
{
    (void)state;
    static const number_row rows[] = {
        {0, "0"},          {-0.0, "0"},         {12, "12"},           {-3, "-3"},          {0.1, "0.1"},
        {1e15, "1000000000000000"}, {1e22, "1e+22"}, {0.1 + 0.2, "0.30000000000000004"}, {1.0 / 3, "0.3333333333333333"},
        {5e-324, "5e-324"}, {DBL_MAX, "1.7976931348623157e+308"}, {EH_INFINITY, "null"}, {EH_NAN, "null"},
    };
    char text[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_json_number_text(rows[i].number, text);
        assert_string_equal(text, rows[i].text);
    }
    eh_random random;
    eh_random_init(&random, 11);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = eh_random_next(&random);
        double number;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number))
            continue;
        eh_json_number_text(number, text);
        assert_true(strtod(text, NULL) == number);
    }
}

typedef struct {
    const char *text;
    eh_code code;
    const char *part; /* of the error */
} bad_row;

static void refuses(void **state)
{
    (void)state;
    static const bad_row rows[] = {
        {"{\"a\": 1,\n \"a\": 2}", EH_INPUT, "line 2"},
        {"", EH_INPUT, "file.json"},
        {"{\"a\": 1} x", EH_INPUT, "file.json: line 1"},
        {"[\"\xC0\xAF\"]", EH_INPUT, "0xc0"},
        {"[NaN]", EH_INPUT, "line 1"},
        {"[1e999]", EH_INPUT, "line 1"},
        {"\"\\u0000\"", EH_INPUT, "line 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_json_document *document = NULL;
        eh_error error;
        assert_int_equal(eh_json_parse(eh_view_of(rows[i].text), "file.json", &document, &error), rows[i].code);
        assert_null(document);
        assert_non_null(strstr(error.text, rows[i].part));
    }
}

static void keeps_the_depth_limit(void **state)
{
    (void)state;
    char text[2 * (EH_JSON_DEPTH_MAX + 1) + 8];
    for (size_t depth = EH_JSON_DEPTH_MAX; depth <= EH_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
        eh_error error;
        eh_code code = eh_json_parse((eh_view){text, 2 * depth}, "deep", &document, &error);
        assert_int_equal(code, depth <= EH_JSON_DEPTH_MAX ? EH_OK : EH_LIMIT);
    }
    /* Brackets inside a text are not levels. */
    char quoted[200] = "[\"\\\"";
    memset(quoted + 4, '[', 100);
    memcpy(quoted + 104, "\"]", 3);
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    assert_int_equal(eh_json_parse(eh_view_of(quoted), "quoted", &document, NULL), EH_OK);
}

static void reads_what_is_not_there(void **state)
{
    (void)state;
    assert_null(eh_json_root(NULL));
    assert_null(eh_json_member(NULL, "a"));
    assert_null(eh_json_item(NULL, 0));
    assert_int_equal(eh_json_count(NULL), 0);
    assert_null(eh_json_as_text(NULL));
    assert_true(isnan(eh_json_as_number(NULL)));
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    assert_int_equal(eh_json_parse(EH_VIEW("{\"n\": 123456789012345678901234567890}"), "big", &document, NULL), EH_OK);
    assert_true(eh_json_as_number(eh_json_member(eh_json_root(document), "n")) == 123456789012345678901234567890.0);
    assert_true(isnan(eh_json_as_number(eh_json_root(document))));
    assert_null(eh_json_as_text(eh_json_root(document)));
}

static void walks(void **state)
{
    (void)state;
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    const char *text = "{\"z\": 9223372036854775807, \"a\": true, \"m\": [1, 2], \"n\": null, \"r\": 1e3, \"f\": 0.5}";
    assert_int_equal(eh_json_parse(eh_view_of(text), "walk", &document, NULL), EH_OK);
    static const char *const keys[] = {"z", "a", "m", "n", "r", "f"};
    static const eh_json_type types[] = {EH_JSON_NUMBER, EH_JSON_BOOLEAN, EH_JSON_ARRAY, EH_JSON_NULL, EH_JSON_NUMBER, EH_JSON_NUMBER};
    eh_json_value root = eh_json_root(document);
    size_t count = 0;
    for (eh_json_members at = {0}; eh_json_next(root, &at); count++) {
        assert_string_equal(at.key, keys[count]);
        assert_int_equal(eh_json_type_of(at.value), types[count]);
    }
    assert_int_equal(count, 6);
    assert_int_equal(eh_json_count(root), 6);
    int64_t integer = 0;
    bool boolean = false;
    assert_true(eh_json_as_integer(eh_json_member(root, "z"), &integer));
    assert_true(integer == INT64_MAX);
    assert_true(eh_json_as_integer(eh_json_member(root, "r"), &integer));
    assert_int_equal(integer, 1000);
    assert_false(eh_json_as_integer(eh_json_member(root, "f"), &integer));
    assert_false(eh_json_as_integer(eh_json_member(root, "a"), &integer));
    assert_true(eh_json_as_boolean(eh_json_member(root, "a"), &boolean));
    assert_true(boolean);
    assert_false(eh_json_as_boolean(eh_json_member(root, "z"), &boolean));
    assert_false(eh_json_as_boolean(NULL, &boolean));
    assert_false(eh_json_as_integer(NULL, &integer));
    assert_int_equal(eh_json_type_of(NULL), EH_JSON_NONE);
    eh_json_members nothing = {0};
    assert_false(eh_json_next(eh_json_member(root, "m"), &nothing));
    assert_false(eh_json_next(NULL, &nothing));
}

static void what_was_read_is_written_again(void **state)
{
    static const char text[] = "{\"b\":[1,-2.5,true,null,\"\\n\\\"\"],\"a\":{\"deep\":[[[{}]],[]]},\"last\":9007199254740993}";
    eh_json_document *document = NULL;
    eh_error error = {0};
    (void)state;
    assert_int_equal(eh_json_parse(eh_view_of(text), "t", &document, &error), EH_OK);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_json_writer json;
    eh_json_begin(&json, &out, false, false);
    assert_true(eh_json_copy(&json, NULL, eh_json_root(document)));
    assert_string_equal(out.ptr, text);
    eh_buffer_clear(&out);
    eh_json_begin(&json, &out, false, false);
    eh_json_object_open(&json, NULL);
    assert_true(eh_json_copy(&json, "none", NULL));
    assert_true(eh_json_copy(&json, "one", eh_json_member(eh_json_root(document), "last")));
    eh_json_time(&json, "at", 1795521600);
    eh_json_time(&json, "never", 0);
    eh_json_id(&json, "id", UINT64_C(0xAB));
    eh_json_object_close(&json);
    assert_string_equal(out.ptr, "{\"none\":null,\"one\":9007199254740993,\"at\":\"2026-11-24T12:00:00Z\",\"never\":null,\"id\":\"00000000000000ab\"}");
    eh_json_close(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_written_again),
        cmocka_unit_test(writes),
        cmocka_unit_test(writes_numbers_shortest),
        cmocka_unit_test(refuses),
        cmocka_unit_test(keeps_the_depth_limit),
        cmocka_unit_test(reads_what_is_not_there),
        cmocka_unit_test(walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
