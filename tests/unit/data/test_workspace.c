/* Goal: evenhand.yaml is read as it was meant, and what is not known, of the wrong type, or twice is refused where it stands. */
#include "data/workspace.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* The sketch that the words were first written down in. */
static const char sketch[] =
    "shop: { name: Blue Finch Outdoor, contact: care@bluefinch.example, address: \"1 Quay, Cork\" }\n"
    "sources:\n"
    "  customers: { read: data/customers.csv, key: customer_id }        # CSV, Parquet, JSON; a glob; a SQL query\n"
    "  orders:    { read: data/orders-*.parquet, key: order_id }\n"
    "protected:                      # used to check fairness; no model or rule can read them\n"
    "  age_band: { value: customers.age, bands: [18, 25, 35, 50, 65], from_whom: \"the survey you answered\" }\n"
    "  gender:   { value: customers.gender }\n"
    "features:                       # all that a model may read, each in words for the customer\n"
    "  months_since_order:\n"
    "    value: \"date_diff('month', max(orders.placed_at), today)\"\n"
    "    says: \"your last order was {value} months ago\"\n"
    "    from_whom: \"your orders with us\"\n"
    "outcome: { visited: \"visit = 1\", within: 14 days }\n"
    "population: { read: reference/age_by_sex.csv, weight: people }   # who the data should stand for\n";

static eh_code parse(const char *text, eh_workspace **workspace_out, eh_error *error)
{
    return eh_workspace_parse(eh_view_of(text), "evenhand.yaml", "shop", workspace_out, error);
}

static void reads_the_sketch(void **state)
{
    (void)state;
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    eh_error error = {0};
    if (parse(sketch, &workspace, &error) != EH_OK)
        fail_msg("%s", error.text);
    const eh_workspace_model *model = eh_workspace_get(workspace);
    assert_string_equal(model->shop.name, "Blue Finch Outdoor");
    assert_string_equal(model->shop.language, "en");
    assert_false(model->profiling);
    assert_int_equal(model->sources_count, 2);
    assert_int_equal(model->people, 0);
    assert_string_equal(model->sources[1].reads[0], "data/orders-*.parquet");
    assert_string_equal(model->sources[1].key, "order_id");
    assert_int_equal(model->attributes_count, 2);
    assert_int_equal(model->attributes[0].bands_count, 5);
    assert_true(model->attributes[0].bands[4] == 65);
    assert_string_equal(model->features[0].value, "date_diff('month', max(orders.placed_at), today)");
    assert_string_equal(model->outcomes[0].name, "visited");
    assert_int_equal(model->outcomes_count, 1);
    assert_int_equal(model->outcomes[0].within.seconds, 14 * 86400);
    assert_string_equal(model->population.weight, "people");
    assert_string_equal(model->state_folder, "shop/.evenhand");
    assert_string_equal(eh_workspace_path(workspace, "data/x.csv"), "shop/data/x.csv");
    assert_string_equal(eh_workspace_path(workspace, "/data/x.csv"), "/data/x.csv");
}

static void reads_the_rest(void **state)
{
    (void)state;
    static const char text[] =
        "shop: { name: A, language: pt-BR, country: BR, zone: America/Sao_Paulo }\n"
        "profiling: on\n"
        "people: buyers\n"
        "sources:\n"
        "  orders: { read: [a.csv, b.csv], key: id, person: buyer, time: at, not_protected: gender }\n"
        "  buyers: { read: buyers.csv, key: buyer }\n"
        "  large: { sql: \"SELECT * FROM orders WHERE amount > 100\", person: buyer, time: at }\n"
        "protected:\n"
        "  gender: buyers.gender\n"
        "  race: { value: race, special: true, necessity: we must know, keep: 1 year, top: 5, reference: White }\n"
        "features:\n"
        "  spent: { value: sum(orders.amount), says: \"you spent {value}\", from_whom: your orders, monotone: increasing, changeable: true, missing: you ordered nothing, proxy: accepted }\n"
        "outcome:\n"
        "  bought: { value: count(orders.id) > 0, within: 2 weeks, says: you bought }\n"
        "  paid: { value: sum(orders.amount) }\n"
        "population: { read: p.csv, columns: { gender: sex, race: \"upper(r)\" }, where: \"year = 2020\" }\n"
        "duplicates: { email: mail, name: full_name }\n"
        "check: { every: 3 months }\n"
        "vault: { keep: 12 months }\n";
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    eh_error error = {0};
    if (parse(text, &workspace, &error) != EH_OK)
        fail_msg("%s", error.text);
    const eh_workspace_model *model = eh_workspace_get(workspace);
    assert_true(model->profiling);
    assert_int_equal(model->people, 1);
    assert_int_equal(model->sources[0].reads_count, 2);
    assert_string_equal(model->sources[0].not_protected[0], "gender");
    assert_null(model->sources[2].reads);
    assert_string_equal(model->attributes[0].value, "buyers.gender");
    assert_int_equal(model->attributes[0].keep.seconds, 12 * 30 * 86400);
    assert_int_equal(model->attributes[1].keep.seconds, 365 * 86400);
    assert_int_equal(model->attributes[1].top, 5);
    assert_int_equal(model->features[0].monotone, EH_MONOTONE_INCREASING);
    assert_true(model->features[0].changeable);
    assert_true(model->features[0].proxy_accepted);
    assert_int_equal(model->outcomes[0].within.seconds, 14 * 86400);
    assert_int_equal(model->outcomes[1].within.seconds, 0);
    assert_string_equal(model->population.columns[1].value, "upper(r)");
    assert_int_equal(model->duplicates.names_count, 1);
    assert_string_equal(model->duplicates.names[0], "full_name");
    assert_int_equal(model->check_every.seconds, 90 * 86400);
}

typedef struct {
    const char *text; /* after SHOP and SOURCES, unless it begins with them */
    eh_code code;
    const char *part;
} bad_row;

#define SHOP "shop: { name: A }\n"
#define START SHOP "sources:\n  people: { read: a.csv, key: id }\n"

static void refuses(void **state)
{
    (void)state;
    static const bad_row rows[] = {
        {"", EH_INPUT, "must be a mapping"},
        {"sources: {}\n", EH_INPUT, "'shop' is missing"},
        {SHOP, EH_INPUT, "'sources' is missing"},
        {SHOP "sources: {}\n", EH_INPUT, "no source"},
        {SHOP "sourcs: {}\n", EH_INPUT, "evenhand.yaml: line 2, column 1: unknown key 'sourcs'; did you mean 'sources'?"},
        {SHOP "sources:\n  people: { read: a.csv }\n", EH_INPUT, "line 3, column 11: sources.people: 'key' is missing"},
        {SHOP "sources:\n  people: { key: id }\n", EH_INPUT, "'read' is missing"},
        {SHOP "sources:\n  people: { read: a.csv, sql: SELECT 1, key: id }\n", EH_INPUT, "exclude each other"},
        {SHOP "sources:\n  order: { read: a.csv, key: id }\n", EH_INPUT, "such as 'orders'"},
        {SHOP "sources:\n  a b: { read: a.csv, key: id }\n", EH_INPUT, "is no name for a source"},
        {SHOP "sources:\n  a: { read: a.csv, key: id }\n  A: { read: b.csv }\n", EH_CONFLICT, "letter case only"},
        {SHOP "sources:\n  a: { read: a.csv, key: id }\n  a: { read: b.csv }\n", EH_INPUT, "line 4, column 3: 'a' is already there in line 3"},
        {SHOP "sources:\n  a: &x { read: a.csv, key: id }\n  b: *x\n", EH_INPUT, "line 3, column 6: an anchor"},
        {"shop: { name: A, language: english language }\nsources:\n  a: { read: a.csv, key: id }\n", EH_INPUT, "shop.language: must be a language"},
        {"shop: { name: A, zone: Mars/Olympus }\nsources:\n  a: { read: a.csv, key: id }\n", EH_NOT_FOUND, "shop.zone: "},
        {"shop: { name: A, country: ie }\nsources:\n  a: { read: a.csv, key: id }\n", EH_INPUT, "two capital letters"},
        {"shop: { name: A, contact: nobody }\nsources:\n  a: { read: a.csv, key: id }\n", EH_INPUT, "an e-mail address"},
        {START "profiling: yes\n", EH_INPUT, "line 4, column 12: profiling: must be off or on, but is the text 'yes'"},
        {START "people: peple\n", EH_INPUT, "there is no source 'peple'; did you mean 'people'?"},
        {START "features:\n  f: { value: a }\n", EH_INPUT, "line 5, column 6: features.f: 'says' is missing"},
        {START "features:\n  f: { value: a, says: b }\n", EH_INPUT, "'from_whom' is missing"},
        {START "features:\n  f: { value: a, says: b, from_whom: c, monotne: increasing }\n", EH_INPUT, "did you mean 'monotone'"},
        {START "features:\n  f: { value: a, says: b, from_whom: c, monotone: up }\n", EH_INPUT, "must be no, increasing or decreasing"},
        {START "features:\n  f: { value: (SELECT gender FROM people), says: b, from_whom: c }\n", EH_INPUT, "features.f.value: SQL: column 2: 'SELECT' belongs to a query"},
        {START "features:\n  f: { value: 'a; DROP TABLE b', says: b, from_whom: c }\n", EH_INPUT, "a semicolon"},
        {START "protected:\n  gender: people.g\nfeatures:\n  Gender: { value: a, says: b, from_whom: c }\n", EH_DENIED, "is a protected attribute; no model may read it"},
        {START "protected:\n  age: { value: age, bands: [30, 20] }\n", EH_INPUT, "line 5, column 34: protected.age.bands[2]: the edges must ascend"},
        {START "protected:\n  age: { value: age, bands: [a] }\n", EH_INPUT, "must be a number"},
        {START "protected:\n  race: { value: race, special: true }\n", EH_INPUT, "'necessity' is missing"},
        {START "protected:\n  race: { value: race, keep: forever }\n", EH_INPUT, "must be a length of time"},
        {START "protected:\n  race: { value: race, top: 0 }\n", EH_INPUT, "must be from 1 to 64"},
        {START "outcome: {}\n", EH_INPUT, "names no outcome"},
        {START "outcome: { a: 'x = 1', within: 0 days }\n", EH_INPUT, "longer than nothing"},
        {START "outcome: { a: [1] }\n", EH_INPUT, "must be an SQL expression"},
        {START "population: { weight: a }\n", EH_INPUT, "'read' is missing"},
        {START "protected: { sex: s }\npopulation: { read: a.csv, columns: { sx: a } }\n", EH_INPUT, "'sx' is no protected attribute"},
        {START "duplicates: { mail: a }\n", EH_INPUT, "unknown key 'mail'; did you mean 'email'?"},
        {START "check: { evry: 3 months }\n", EH_INPUT, "did you mean 'every'"},
        {START "features:\n  key: { value: a, says: b, from_whom: c }\n", EH_INPUT, "means something else"},
        {START "features:\n  evenhand_x: { value: a, says: b, from_whom: c }\n", EH_INPUT, "are ours"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_workspace *workspace = NULL;
        eh_error error = {0};
        eh_code code = parse(rows[i].text, &workspace, &error);
        if (code != rows[i].code || strstr(error.text, rows[i].part) == NULL)
            fail_msg("%s gave %d: %s", rows[i].text, code, error.text);
        assert_null(workspace);
        assert_non_null(strstr(error.text, "evenhand.yaml: line "));
    }
}

static void finds_nothing(void **state)
{
    (void)state;
    eh_workspace *workspace = NULL;
    eh_error error = {0};
    assert_int_equal(eh_workspace_open("/nowhere/at/all", &workspace, &error), EH_NOT_FOUND);
    assert_non_null(strstr(error.text, "no such folder"));
    assert_int_equal(eh_workspace_open("/", &workspace, &error), EH_NOT_FOUND);
    assert_non_null(strstr(error.text, "evenhand init"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_sketch),
        cmocka_unit_test(reads_the_rest),
        cmocka_unit_test(refuses),
        cmocka_unit_test(finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
