/* Goal: what people write is read with its places; what is ambiguous or hostile is refused where it stands; tables give kind errors. */
#include "base/yaml.h"

#include <stddef.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static const char sample[] =
    "# a shop\n"
    "shop: { name: \"Blue Finch\", since: 1987 }\n"
    "features:\n"
    "  months:\n"
    "    value: \"date_diff('month', a, b)\"\n"
    "    says: |\n"
    "      two\n"
    "      lines\n"
    "bands: [18, 25.5, -3, 1e3]\n"
    "flags: [true, False, no, ~, '', 'true', 0x10, .inf, 007]\n";

static void reads_with_places(void **state)
{
    (void)state;
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    eh_error error = {0};
    assert_int_equal(eh_yaml_parse(eh_view_of(sample), "shop.yaml", &document, &error), EH_OK);
    const eh_yaml_node *root = eh_yaml_root(document);
    assert_int_equal(root->type, EH_YAML_MAPPING);
    assert_int_equal(root->count, 4);
    assert_string_equal(root->members[1].key->text, "features");
    const eh_yaml_node *shop = eh_yaml_member_value(root, "shop");
    assert_int_equal(shop->line, 2);
    assert_int_equal(shop->column, 7);
    const eh_yaml_node *since = eh_yaml_member_value(shop, "since");
    assert_int_equal(since->type, EH_YAML_INTEGER);
    assert_int_equal(since->integer, 1987);
    assert_true(since->number == 1987);
    assert_int_equal(since->column, 36);
    const eh_yaml_node *months = eh_yaml_member_value(eh_yaml_member_value(root, "features"), "months");
    assert_string_equal(eh_yaml_member_value(months, "value")->text, "date_diff('month', a, b)");
    assert_true(eh_yaml_member_value(months, "value")->quoted);
    assert_string_equal(eh_yaml_member_value(months, "says")->text, "two\nlines\n");
    assert_string_equal(months->key, "months");
    eh_yaml_fail(eh_yaml_member_value(months, "says"), &error, EH_INPUT, "is %s", "long");
    assert_string_equal(error.text, "shop.yaml: line 7, column 1: features.months.says: is long");
    eh_yaml_fail(eh_yaml_member_value(root, "bands")->items[1], &error, EH_INPUT, "no");
    assert_string_equal(error.text, "shop.yaml: line 9, column 13: bands[2]: no");
    assert_null(eh_yaml_member_value(root, "nothing"));
    assert_null(eh_yaml_member_value(NULL, "nothing"));
    assert_null(eh_yaml_member_value(since, "nothing"));
}

static void tells_types(void **state)
{
    (void)state;
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    assert_int_equal(eh_yaml_parse(eh_view_of(sample), "shop.yaml", &document, NULL), EH_OK);
    const eh_yaml_node *bands = eh_yaml_member_value(eh_yaml_root(document), "bands");
    static const double numbers[] = {18, 25.5, -3, 1000};
    assert_int_equal(bands->count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(bands->items[i]->number == numbers[i]);
    assert_int_equal(bands->items[3]->type, EH_YAML_NUMBER);
    static const eh_yaml_type types[] = {EH_YAML_BOOLEAN, EH_YAML_BOOLEAN, EH_YAML_TEXT, EH_YAML_NULL, EH_YAML_TEXT,
                                         EH_YAML_TEXT, EH_YAML_TEXT, EH_YAML_TEXT, EH_YAML_INTEGER};
    const eh_yaml_node *flags = eh_yaml_member_value(eh_yaml_root(document), "flags");
    assert_int_equal(flags->count, 9);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(flags->items[i]->type, types[i]);
    assert_true(flags->items[0]->boolean);
    assert_false(flags->items[1]->boolean);
    assert_string_equal(flags->items[8]->text, "007");
}

typedef struct {
    const char *text;
    eh_code code;
    const char *part; /* of the error */
} bad_row;

static const bad_row bad_rows[] = {
    {"a: 1\nb: 2\na: 3\n", EH_INPUT, "x.yaml: line 3, column 1: 'a' is already there in line 1"},
    {"a:\n  b: {c: 1, 'c': 2}\n", EH_INPUT, "x.yaml: line 2, column 13: 'c' is already there in line 2"},
    {"a: &x 1\nb: 2\n", EH_INPUT, "line 1, column 4: an anchor"},
    {"a: *x\n", EH_INPUT, "line 1, column 4: an alias"},
    {"a: !!str 1\n", EH_INPUT, "line 1, column 4: a tag"},
    {"a: !mine {b: 1}\n", EH_INPUT, "a tag"},
    {"&r\na: 1\n", EH_INPUT, "an anchor"},
    {"<<: *base\n", EH_INPUT, "an alias"},
    {"a: 1\n---\nb: 2\n", EH_INPUT, "second document"},
    {"%TAG ! x:\n---\na: 1\n", EH_INPUT, "directive"},
    {"[a, b]: 1\n", EH_INPUT, "as a key"},
    {": 1\n", EH_INPUT, "a key without a name"},
    {"a: [1, 2\n", EH_INPUT, "not valid YAML"},
    {"a: 'open\n", EH_INPUT, "not valid YAML"},
    {"a: 1\n b: 2\n", EH_INPUT, "x.yaml: line "},
    {"a:\n\t- b\n", EH_INPUT, "x.yaml: line 2"},
    {"a: b: c\n", EH_INPUT, "column 5: not valid YAML: invalid nested block mapping on the same line; a text with ': ' in it must stand in quotes"},
    {"a: \"\\0\"\n", EH_INPUT, "zero byte"},
    {"a: 1\nb: caf\xE9\n", EH_INPUT, "line 2: not valid UTF-8"},
    {"a: \x01\n", EH_INPUT, "line 1, column 4: a control character (0x01)"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
        eh_yaml_document *document = NULL;
        eh_error error = {0};
        eh_code code = eh_yaml_parse(eh_view_of(bad_rows[i].text), "x.yaml", &document, &error);
        if (code != bad_rows[i].code || strstr(error.text, bad_rows[i].part) == NULL)
            fail_msg("%s gave %d: %s", bad_rows[i].text, code, error.text);
        assert_null(document);
    }
}

static void keeps_limits(void **state)
{
    (void)state;
    char deep[2 * (EH_YAML_DEPTH_MAX + 1) + 1];
    for (size_t depth = EH_YAML_DEPTH_MAX; depth <= EH_YAML_DEPTH_MAX + 1; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
        assert_int_equal(eh_yaml_parse((eh_view){deep, 2 * depth}, "deep", &document, NULL), depth <= EH_YAML_DEPTH_MAX ? EH_OK : EH_LIMIT);
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer large = {0};
    eh_buffer_text(&large, "a: '");
    while (large.len < EH_YAML_BYTES_MAX)
        eh_buffer_text(&large, "0123456789abcdef");
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    assert_int_equal(eh_yaml_parse(eh_buffer_view(&large), "large", &document, NULL), EH_LIMIT);
    large.ptr[EH_YAML_BYTES_MAX - 1] = '\'';
    assert_int_equal(eh_yaml_parse((eh_view){large.ptr, EH_YAML_BYTES_MAX}, "large", &document, NULL), EH_OK);
    /* Many keys are compared in n log n. */
    EH_CLEANUP(eh_buffer_dispose) eh_buffer keys = {0};
    for (int i = 0; i < 60000; i++)
        eh_buffer_format(&keys, "key%d: %d\n", i, i);
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *many = NULL;
    assert_int_equal(eh_yaml_parse(eh_buffer_view(&keys), "many", &many, NULL), EH_OK);
    assert_int_equal(eh_yaml_root(many)->count, 60000);
}

static void takes_nothing_and_marks(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF# with a mark\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
        eh_error error = {0};
        assert_int_equal(eh_yaml_parse(eh_view_of(texts[i]), "empty", &document, &error), EH_OK);
        assert_int_equal(eh_yaml_root(document)->type, EH_YAML_NULL);
    }
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    assert_int_equal(eh_yaml_parse(EH_VIEW("\xEF\xBB\xBF" "a: 1\r\nb: 2\r\n"), "windows", &document, NULL), EH_OK);
    assert_int_equal(eh_yaml_member_value(eh_yaml_root(document), "b")->integer, 2);
    assert_null(eh_yaml_root(NULL));
}

/* ---- tables ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name, *value;
    bool changeable;
    int64_t within;
    double share;
    int32_t profiling;
    const eh_yaml_node *bands, *shop, *any;
} record;

static const char *const switch_words[] = {"off", "on", NULL};
static const eh_yaml_field fields[] = {
    {.key = "name", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(record, name), .what = "what the shop is called"},
    {.key = "value", .kind = EH_FIELD_SCALAR, .offset = offsetof(record, value)},
    {.key = "changeable", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(record, changeable)},
    {.key = "within", .kind = EH_FIELD_INTEGER, .offset = offsetof(record, within), .min = 1, .max = 365},
    {.key = "share", .kind = EH_FIELD_NUMBER, .offset = offsetof(record, share)},
    {.key = "profiling", .kind = EH_FIELD_CHOICE, .offset = offsetof(record, profiling), .choices = switch_words},
    {.key = "bands", .kind = EH_FIELD_LIST, .offset = offsetof(record, bands)},
    {.key = "shop", .kind = EH_FIELD_MAPPING, .offset = offsetof(record, shop)},
    {.key = "any", .kind = EH_FIELD_NODE, .offset = offsetof(record, any)},
};

static eh_code read_record(const char *text, record *record_out, eh_yaml_document **document_out, eh_error *error)
{
    assert_int_equal(eh_yaml_parse(eh_view_of(text), "t.yaml", document_out, error), EH_OK);
    return eh_yaml_read(eh_yaml_root(*document_out), fields, sizeof fields / sizeof fields[0], record_out, error);
}

static void reads_by_table(void **state)
{
    (void)state;
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    record read = {.within = 14, .share = 0.5};
    eh_error error = {0};
    eh_code code = read_record("name: Finch\nvalue: 1\nchangeable: true\nshare: 2\nprofiling: on\nbands: [1]\nshop: {}\nany: x\n", &read, &document,
                               &error);
    assert_int_equal(code, EH_OK);
    assert_string_equal(read.name, "Finch");
    assert_string_equal(read.value, "1");
    assert_true(read.changeable);
    assert_int_equal(read.within, 14);
    assert_true(read.share == 2);
    assert_int_equal(read.profiling, 1);
    assert_int_equal(read.bands->count, 1);
    assert_int_equal(read.shop->count, 0);
    assert_string_equal(read.any->text, "x");
}

static void tables_refuse(void **state)
{
    (void)state;
    static const bad_row rows[] = {
        {"name: a\nprofilng: on\n", EH_INPUT, "t.yaml: line 2, column 1: unknown key 'profilng'; did you mean 'profiling'? Known here: name, value,"},
        {"name: a\nzzzzzz: on\n", EH_INPUT, "unknown key 'zzzzzz'. Known here"},
        {"value: 1\n", EH_INPUT, "t.yaml: line 1, column 1: 'name' is missing: what the shop is called"},
        {"name: 12\n", EH_INPUT, "line 1, column 7: name: must be a text, but is the number 12; put it in quotes"},
        {"name: ''\n", EH_INPUT, "name: is empty"},
        {"name:\n", EH_INPUT, "name: must be a text (what the shop is called), but is nothing"},
        {"name: a\nchangeable: yes\n", EH_INPUT, "changeable: must be true or false (in full, without quotes), but is the text 'yes'"},
        {"name: a\nwithin: 1.5\n", EH_INPUT, "within: must be a whole number, but is the number 1.5"},
        {"name: a\nwithin: 366\n", EH_INPUT, "within: must be from 1 to 365, but is 366"},
        {"name: a\nprofiling: of\n", EH_INPUT, "profiling: must be off or on, but is the text 'of'; did you mean 'off'?"},
        {"name: a\nprofiling: true\n", EH_INPUT, "profiling: must be off or on, but is true"},
        {"name: a\nbands: 1\n", EH_INPUT, "bands: must be a list"},
        {"name: a\nshop: [1]\n", EH_INPUT, "shop: must be a mapping"},
        {"name: a\nany: ~\n", EH_INPUT, "any: must be a value, but is nothing"},
        {"[a]\n", EH_INPUT, "must be a mapping, with lines 'key: value' below it, but is a list"},
        {"", EH_INPUT, "t.yaml: line 1, column 1: must be a mapping"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
        record read = {.within = 14};
        eh_error error = {0};
        eh_code code = read_record(rows[i].text, &read, &document, &error);
        if (code != rows[i].code || strstr(error.text, rows[i].part) == NULL)
            fail_msg("%s gave %d: %s", rows[i].text, code, error.text);
        assert_null(read.name);
        assert_int_equal(read.within, 14);
    }
}

static void reads_one_or_many(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    assert_int_equal(eh_yaml_parse(EH_VIEW("one: a.csv\nmany: [a, 2, true]\nbad: [a, [b]]\n"), "t.yaml", &document, NULL), EH_OK);
    const char *const *texts = NULL;
    size_t count = 0;
    eh_error error = {0};
    assert_int_equal(eh_yaml_texts(eh_yaml_member_value(eh_yaml_root(document), "one"), 3, arena, &texts, &count, &error), EH_OK);
    assert_int_equal(count, 1);
    assert_string_equal(texts[0], "a.csv");
    assert_int_equal(eh_yaml_texts(eh_yaml_member_value(eh_yaml_root(document), "many"), 3, arena, &texts, &count, &error), EH_OK);
    assert_int_equal(count, 3);
    assert_string_equal(texts[2], "true");
    assert_int_equal(eh_yaml_texts(eh_yaml_member_value(eh_yaml_root(document), "many"), 2, arena, &texts, &count, &error), EH_LIMIT);
    assert_int_equal(eh_yaml_texts(eh_yaml_member_value(eh_yaml_root(document), "bad"), 3, arena, &texts, &count, &error), EH_INPUT);
    assert_string_equal(error.text, "t.yaml: line 3, column 10: bad[2]: must be a text or a number, but is a list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_with_places),
        cmocka_unit_test(tells_types),
        cmocka_unit_test(refuses),
        cmocka_unit_test(keeps_limits),
        cmocka_unit_test(takes_nothing_and_marks),
        cmocka_unit_test(reads_by_table),
        cmocka_unit_test(tables_refuse),
        cmocka_unit_test(reads_one_or_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
