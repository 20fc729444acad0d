/*
 * Goal: features are what they say as of the moment and see nothing of the future; outcomes see the window behind it and nothing else;
 * what is wrong with the data is told with its place; nothing reaches a protected column.
 */
#include "data_fixture.h"

#include <math.h>

#include "data/workspace.h"

static const char customers[] =
    "customer_id,age,gender,city,joined\n"
    "c1,30,F,Cork,2020-01-01 00:00:00\n"
    "c2,40,M,Dublin,2020-02-01 00:00:00\n"
    "c3,50,F,,2020-03-01 00:00:00\n"
    "c4,60,M,Cork,2021-01-01 00:00:00\n";

static const char orders[] =
    "order_id,customer_id,amount,placed_at\n"
    "o1,c1,10,2020-05-01 10:00:00\n"
    "o2,c1,30,2020-06-01 00:00:00\n"
    "o3,c1,70,2020-06-01 00:00:01\n"
    "o4,c2,5,2020-06-10 12:00:00\n"
    "o5,c2,9,2020-06-20 12:00:00\n";

static const char visits[] =
    "customer_id,page,seen_on\n"
    "c1,home,2020-05-30\n"
    "c1,shop,2020-05-31\n"
    "c2,home,2020-06-01\n"
    "c3,home,2020-04-01\n";

#define SHOP "shop: { name: A }\n"
#define SOURCES \
    "sources:\n" \
    "  customers: { read: customers.csv, key: customer_id, time: joined }\n" \
    "  orders: { read: orders.csv, key: order_id, time: placed_at }\n" \
    "  visits: { read: visits.csv, time: seen_on }\n"
#define PROTECTED "protected: { gender: customers.gender, age_band: { value: customers.age, bands: [40] } }\n"
#define FEATURE(name, value) "  " name ": { value: \"" value "\", says: x, from_whom: y }\n"

static eh_instant moment(const char *text)
{
    eh_instant instant = {0};
    assert_int_equal(eh_instant_parse_date(eh_view_of(text), &instant, NULL), EH_OK);
    return instant;
}

typedef struct {
    eh_workspace *workspace;
    eh_people *people;
} opened;

static void close_opened(opened *o)
{
    eh_people_close(&o->people);
    eh_workspace_close(&o->workspace);
}

static void write_files(fixture *f)
{
    fixture_write(f, "customers.csv", customers);
    fixture_write(f, "orders.csv", orders);
    fixture_write(f, "visits.csv", visits);
}

static eh_code try_open(fixture *f, const char *yaml, bool outcomes, opened *o)
{
    eh_people_options options = {.dated = true, .as_of = moment("2020-06-01"), .now = moment("2026-01-01"), .outcomes = outcomes, .engine = {.threads = 1}};
    eh_code code = eh_workspace_parse(eh_view_of(yaml), "evenhand.yaml", f->folder, &o->workspace, &f->error);
    return code != EH_OK ? code : eh_people_open(o->workspace, &options, &o->people, &f->error);
}

static void open_or_fail(fixture *f, const char *yaml, bool outcomes, opened *o)
{
    if (try_open(f, yaml, outcomes, o) != EH_OK)
        fail_msg("%s", f->error.text);
}

static void refused(fixture *f, const char *yaml, eh_code code, const char *part)
{
    EH_CLEANUP(close_opened) opened o = {0};
    eh_code found = try_open(f, yaml, true, &o);
    if (found != code || strstr(f->error.text, part) == NULL)
        fail_msg("%s\ngave %s: %s\nwanted %s", yaml, eh_code_name(found), f->error.text, part);
}

static void assert_numbers(fixture *f, const opened *o, const char *name, const double *wanted)
{
    eh_person_column column = {0};
    if (eh_people_column(o->people, name, f->arena, &column, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    for (size_t i = 0; i < eh_people_count(o->people); i++)
        if (!(column.numbers[i] == wanted[i] || (isnan(column.numbers[i]) && isnan(wanted[i]))))
            fail_msg("%s[%zu] is %g, not %g", name, i, column.numbers[i], wanted[i]);
}

static void sees_no_future(void **state)
{
    fixture *f = *state;
    write_files(f);
    EH_CLEANUP(close_opened) opened o = {0};
    open_or_fail(f,
                 SHOP SOURCES "features:\n"
                 FEATURE("spent", "sum(orders.amount)")
                 FEATURE("months", "date_diff('month', max(orders.placed_at), today)")
                 FEATURE("orders_count", "count(order_id)")
                 FEATURE("per_visit", "sum(orders.amount) / count(visits.page)")
                 FEATURE("age_times", "customers.age * count(orders.order_id)")
                 FEATURE("city", "upper(city)")
                 FEATURE("days_known", "date_diff('day', joined, now)")
                 FEATURE("shop_seen", "count(visits.page) FILTER (WHERE page = 'shop') > 0")
                 "outcome: { bought: { value: count(orders.order_id) > 0, within: 14 days }, paid: { value: sum(orders.amount), within: 30 days } }\n",
                 true, &o);
    /* c4 joins later and is not there; the order of 00:00:01 is after the moment; a visit of that very day is not over. */
    assert_int_equal(eh_people_count(o.people), 3);
    const char *const *keys = NULL;
    assert_int_equal(eh_people_keys(o.people, f->arena, &keys, &f->error), EH_OK);
    assert_string_equal(keys[2], "c3");
    assert_numbers(f, &o, "spent", (const double[]){40, EH_NAN, EH_NAN});
    assert_numbers(f, &o, "months", (const double[]){0, EH_NAN, EH_NAN});
    assert_numbers(f, &o, "orders_count", (const double[]){2, 0, 0});
    assert_numbers(f, &o, "per_visit", (const double[]){20, EH_NAN, EH_NAN});
    assert_numbers(f, &o, "age_times", (const double[]){60, 0, 0});
    assert_numbers(f, &o, "days_known", (const double[]){152, 121, 92});
    assert_numbers(f, &o, "shop_seen", (const double[]){1, 0, 0});
    assert_numbers(f, &o, "bought", (const double[]){1, 1, 0});
    assert_numbers(f, &o, "paid", (const double[]){70, 14, EH_NAN});
    eh_person_column city = {0};
    assert_int_equal(eh_people_column(o.people, "city", f->arena, &city, &f->error), EH_OK);
    assert_int_equal(city.levels_count, 2);
    assert_string_equal(city.levels[city.codes[0]], "CORK");
    assert_int_equal(city.codes[2], 2);
}

static void joins_queries_and_single_sources(void **state)
{
    fixture *f = *state;
    write_files(f);
    fixture_write(f, "profile.csv", "customer,score\nc1,5\nc3,7\n");
    EH_CLEANUP(close_opened) opened o = {0};
    open_or_fail(f,
                 SHOP SOURCES "  profile: { read: profile.csv, key: customer, person: customer }\n"
                 "  large: { sql: \"WITH o AS (SELECT * FROM orders WHERE amount > 20) SELECT customer_id, amount, placed_at FROM o\", time: placed_at }\n"
                 "  best: { sql: \"SELECT customer_id, max(amount) AS most FROM large GROUP BY 1\", key: customer_id }\n"
                 "features:\n"
                 FEATURE("score", "profile.score") FEATURE("large_count", "count(large.amount)") FEATURE("most", "best.most")
                 FEATURE("three", "profile.score + count(large.amount) + count(visits.page)")
                 "outcome: { any: count(large.amount) > 0 }\n",
                 true, &o);
    assert_numbers(f, &o, "score", (const double[]){5, EH_NAN, 7});
    assert_numbers(f, &o, "large_count", (const double[]){1, 0, 0});
    assert_numbers(f, &o, "most", (const double[]){30, EH_NAN, EH_NAN});
    assert_numbers(f, &o, "three", (const double[]){8, EH_NAN, 8});
    assert_numbers(f, &o, "any", (const double[]){1, 0, 0});
}

static void counts_with_the_cube(void **state)
{
    fixture *f = *state;
    write_files(f);
    EH_CLEANUP(close_opened) opened o = {0};
    open_or_fail(f, SHOP SOURCES PROTECTED "features:\n" FEATURE("many", "count(orders.order_id) > 1"), false, &o);
    const eh_attached_column attached[] = {{"gender", (const char *const[]){"F", "M", NULL}, false}, {"age_band", (const char *const[]){"30", "40", "x"}, true}};
    assert_int_equal(eh_people_attach(o.people, attached, 2, &f->error), EH_OK);
    assert_int_equal(eh_people_attach(o.people, attached, 1, &f->error), EH_CONFLICT);
    static const double edges[] = {40};
    const eh_cube_attribute attributes[] = {{.expression = {"gender", "gender"}}, {.expression = {"age_band", "age_band"}, .edges = edges, .edges_count = 1}};
    const eh_cube_spec spec = {.decision = {"many", "many"}, .attributes = attributes, .attributes_count = 2};
    eh_cube cube = {0};
    if (eh_cube_read(eh_people_engine(o.people), &spec, f->arena, &cube, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    assert_int_equal(cube.cells_count, 3);
    eh_person_column column = {0};
    assert_int_equal(eh_people_column(o.people, "age_band", f->arena, &column, &f->error), EH_OK);
    assert_true(column.numbers[1] == 40 && isnan(column.numbers[2]));
    const eh_input *inputs = NULL;
    size_t inputs_count = 0;
    assert_int_equal(eh_engine_inputs(eh_people_engine(o.people), &inputs, &inputs_count, &f->error), EH_OK);
    assert_int_equal(inputs_count, 3);
    assert_int_equal(strlen(inputs[0].sha256), 64);
}

static void reads_protected_apart(void **state)
{
    fixture *f = *state;
    write_files(f);
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    assert_int_equal(eh_workspace_parse(EH_VIEW(SHOP SOURCES PROTECTED), "evenhand.yaml", f->folder, &workspace, &f->error), EH_OK);
    eh_people_options options = {.now = moment("2026-01-01")};
    eh_protected_column columns[2] = {0};
    if (eh_protected_read(workspace, &options, f->arena, columns, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    assert_string_equal(columns[0].attribute, "gender");
    assert_int_equal(columns[0].rows_count, 4);
    assert_string_equal(columns[0].keys[3], "c4");
    assert_string_equal(columns[0].values[1], "M");
    assert_string_equal(columns[1].values[3], "60");
}

static void finds_the_latest_moment(void **state)
{
    fixture *f = *state;
    write_files(f);
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    assert_int_equal(eh_workspace_parse(EH_VIEW(SHOP SOURCES "outcome: { bought: { value: count(orders.order_id) > 0, within: 14 days } }\n"), "evenhand.yaml", f->folder,
                                        &workspace, &f->error), EH_OK);
    eh_people_options options = {.now = moment("2026-01-01")};
    eh_instant latest = {0};
    if (eh_people_latest_moment(workspace, &options, &latest, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    assert_int_equal(latest.seconds, moment("2020-06-06").seconds + 12 * 3600);
}

static void keys_rows_by_their_content(void **state)
{
    fixture *f = *state;
    fixture_write(f, "rows.csv", "a,g\n1,F\n2,M\n1,F\n");
    for (int threads = 1; threads <= 2; threads++) {
        EH_CLEANUP(close_opened) opened o = {0};
        open_or_fail(f, SHOP "sources: { rows: { read: rows.csv, key: each_row } }\nprotected: { g: rows.g }\nfeatures:\n" FEATURE("a", "rows.a"), false, &o);
        const char *const *keys = NULL;
        assert_int_equal(eh_people_keys(o.people, f->arena, &keys, &f->error), EH_OK);
        assert_int_equal(eh_people_count(o.people), 3);
        eh_people_options options = {.now = moment("2026-01-01")};
        eh_protected_column column = {0};
        assert_int_equal(eh_protected_read(o.workspace, &options, f->arena, &column, &f->error), EH_OK);
        assert_int_equal(column.rows_count, 3);
        eh_person_column a = {0};
        assert_int_equal(eh_people_column(o.people, "a", f->arena, &a, &f->error), EH_OK);
        for (size_t i = 0; i < 3; i++) {
            assert_string_equal(column.keys[i], keys[i]);
            assert_string_equal(column.values[i], a.numbers[i] == 1 ? "F" : "M");
        }
    }
}

typedef struct {
    const char *yaml;
    eh_code code;
    const char *part;
} bad_row;

/* What tries to sneak past the wall. */
static void keeps_the_fairness_wall(void **state)
{
    fixture *f = *state;
    write_files(f);
    fixture_write(f, "orders_with_gender.csv", "order_id,customer_id,gender,amount\no1,c1,F,1\n");
#define WALL SHOP SOURCES PROTECTED
#define SNEAK(value) WALL "features:\n" FEATURE("x", value)
#define QUERY(sql) SHOP SOURCES "  q: { sql: \"" sql "\" }\n" PROTECTED
    static const bad_row rows[] = {
        {SNEAK("customers.gender"), EH_DENIED, "features.x.value: reads customers.gender, and that is protected (protected.gender)"},
        {SNEAK("gender = 'F'"), EH_DENIED, "reads gender, and that is protected"},
        {SNEAK("CUSTOMERS.Gender"), EH_DENIED, "protected.gender"},
        {SNEAK("\\\"Gender\\\""), EH_DENIED, "protected"},
        {SNEAK("customers.\\\"gender\\\""), EH_DENIED, "protected"},
        {SNEAK("age + 1"), EH_DENIED, "(protected.age_band)"},
        {SNEAK("max(customers.age) FILTER (WHERE orders.amount > 1)"), EH_DENIED, "protected.age_band"},
        {SNEAK("CASE WHEN city = 'Cork' THEN gender ELSE 'x' END"), EH_DENIED, "protected.gender"},
        {SNEAK("list_transform([1], i -> age)[1]"), EH_DENIED, "protected"},
        {SNEAK("COLUMNS('gender')"), EH_INPUT, "COLUMNS"},
        {SNEAK("COLUMNS(*)"), EH_INPUT, "COLUMNS"},
        {SNEAK("hash(*COLUMNS(*))"), EH_INPUT, "COLUMNS"},
        {SNEAK("customers.*"), EH_INPUT, "'*'"},
        {SNEAK("to_json(customers)"), EH_INPUT, "'customers' stands for whole rows"},
        {SNEAK("customers::VARCHAR"), EH_INPUT, "whole rows"},
        {SNEAK("customers['gender']"), EH_INPUT, "whole rows"},
        {SNEAK("struct_extract(customers, 'gender')"), EH_INPUT, "whole rows"},
        {SNEAK("(SELECT gender FROM customers LIMIT 1)"), EH_INPUT, "belongs to a query"},
        {SNEAK("(FROM customers)"), EH_INPUT, "belongs to a query"},
        {SNEAK("gender") "", EH_DENIED, "protected"},
        {QUERY("SELECT customer_id, gender FROM customers"), EH_DENIED, "sources.q.sql: reads gender, and that is protected"},
        {QUERY("SELECT customer_id, c.gender AS g FROM customers c"), EH_DENIED, "reads gender, and that is protected"},
        {QUERY("SELECT customer_id, x FROM (SELECT customer_id, gender AS x FROM customers)"), EH_DENIED, "protected.gender"},
        {QUERY("WITH v AS (SELECT customer_id, age AS a FROM customers) SELECT * FROM v"), EH_DENIED, "protected.age_band"},
        {QUERY("SELECT customer_id FROM customers WHERE gender = 'F'"), EH_DENIED, "protected.gender"},
        {QUERY("SELECT customer_id FROM customers ORDER BY age"), EH_DENIED, "protected.age_band"},
        {QUERY("SELECT o.customer_id FROM orders o JOIN customers USING (gender)"), EH_INPUT, "gender"},
        {QUERY("SELECT * FROM read_csv('customers.csv')"), EH_DENIED, "read_csv() reads from elsewhere"},
        {QUERY("SELECT * FROM 'customers.csv'"), EH_INPUT, "is no source"},
        {QUERY("SELECT * FROM query('SELECT 1')"), EH_DENIED, "query() reads from elsewhere"},
        {QUERY("SELECT * FROM query_table('customers')"), EH_DENIED, "reads from elsewhere"},
        {QUERY("SELECT * FROM duckdb_columns()"), EH_DENIED, "reads from elsewhere"},
        {QUERY("SELECT * FROM information_schema.columns"), EH_INPUT, "is no source"},
        {QUERY("SELECT * FROM \\\"evenhand data customers\\\""), EH_INPUT, "is no source"},
        {QUERY("WITH \\\"evenhand data customers\\\" AS (SELECT * FROM \\\"evenhand data customers\\\") SELECT 1 AS a"), EH_DENIED, "are ours"},
        {QUERY("SELECT 1; SELECT 2"), EH_INPUT, "2 statements"},
        {QUERY("DROP TABLE customers"), EH_INPUT, "one SELECT"},
        {SHOP SOURCES "  q: { sql: \"SELECT * FROM customers\" }\n" PROTECTED "features:\n" FEATURE("x", "max(q.gender)"), EH_DENIED, "reads q.gender, and that is protected"},
        {SHOP SOURCES "  q: { sql: \"SELECT * FROM customers\" }\n  r: { sql: \"SELECT * FROM q\" }\n" PROTECTED "features:\n" FEATURE("x", "max(r.age)"), EH_DENIED, "protected.age_band"},
        {SHOP SOURCES "  q: { sql: \"SELECT customer_id, COLUMNS('gen.*') FROM customers\" }\n" PROTECTED, EH_INPUT, "sources.q.sql"},
        {SHOP SOURCES "  again: { read: customers.csv, key: customer_id }\n" PROTECTED "features:\n" FEATURE("x", "again.gender"), EH_DENIED, "protected"},
        {SHOP SOURCES "  again: { read: customers.csv, key: customer_id, not_protected: [gender] }\n" PROTECTED, EH_DENIED, "comes from the same file as customers.gender"},
        {SHOP SOURCES "  g: { read: orders_with_gender.csv, key: order_id }\n" PROTECTED "features:\n" FEATURE("x", "max(g.gender)"), EH_DENIED, "reads g.gender"},
        {WALL "features:\n" FEATURE("x", "city") "outcome: { y: gender = 'F' }\n", EH_DENIED, "outcome.y: reads gender"},
        {SHOP "sources:\n  customers: { read: customers.csv, key: customer_id, not_protected: age }\n" PROTECTED, EH_DENIED, "is read by the protected attribute 'age_band'"},
        {SHOP SOURCES "  seg: { sql: \"SELECT customer_id, gender AS g FROM customers\", key: customer_id }\nprotected: { sex: seg.g }\nfeatures:\n" FEATURE("x", "seg.g"), EH_DENIED, "which the protected attribute 'sex' is made from"},
        {SHOP SOURCES "  seg: { sql: \"SELECT customer_id, gender AS g FROM customers\", key: customer_id }\nprotected: { sex: seg.g }\nfeatures:\n" FEATURE("x", "gender"), EH_DENIED, "protected"},
        {SHOP SOURCES "protected: { who: customers.customer_id }\n", EH_INPUT, "reads no column besides"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(f, rows[i].yaml, rows[i].code, rows[i].part);
    /* What is left is of use: a star gives the other columns, a column of the same name that is about something else can be opened. */
    EH_CLEANUP(close_opened) opened o = {0};
    open_or_fail(f, SHOP SOURCES "  q: { sql: \"SELECT * FROM customers\", key: customer_id }\n"
                    "  g: { read: orders_with_gender.csv, key: order_id, not_protected: [gender] }\n" PROTECTED
                    "features:\n" FEATURE("x", "q.city") FEATURE("y", "count(g.gender)"), false, &o);
    assert_numbers(f, &o, "y", (const double[]){1, 0, 0});
}

static void tells_what_is_wrong(void **state)
{
    fixture *f = *state;
    write_files(f);
    fixture_write(f, "twice.csv", "id,a\n1,x\n2,y\n1,z\n");
    fixture_write(f, "gap.csv", "id,a\n1,x\n,y\n,z\n");
    fixture_write(f, "part-1.csv", "id,amount\n1,10\n2,20\n");
    fixture_write(f, "part-2.csv", "id,amount\n3,n/a\n4,30\n");
    fixture_write(f, "other-1.csv", "id,amount\n1,ten\n");
    fixture_write(f, "other-2.csv", "id,amount\n2,20\n");
    fixture_write(f, "empty-1.csv", "id,amount\n1,\n");
    fixture_write(f, "empty-2.csv", "id,amount\n2,20\n");
    fixture_write(f, "future.csv", "id,at\n1,2020-01-01\n2,2062-01-01\n");
    fixture_write(f, "words.csv", "id,at\n1,yesterday\n");
#define ONE(file) SHOP "sources: { p: { read: " file ", key: id } }\n"
#define BAD(value) SHOP SOURCES "features:\n" FEATURE("x", value)
    static const bad_row rows[] = {
        {ONE("twice.csv"), EH_CONFLICT, "sources.p.key: the key id is not unique: 1 value stands in several rows, for example '1' in 2"},
        {ONE("gap.csv"), EH_INPUT, "the key id is missing in 2 rows"},
        {ONE("nowhere.csv"), EH_NOT_FOUND, "evenhand.yaml: line 2, column 23: sources.p.read: no such file: "},
        {ONE("'nothing-*.csv'"), EH_NOT_FOUND, "no file matches"},
        {SHOP "sources: { p: { read: twice.csv, key: idd } }\n", EH_NOT_FOUND, "sources.p.key: no column 'idd'; did you mean 'id'?"},
        {SHOP "sources: { p: { read: part-1.csv, key: id, time: when } }\n", EH_NOT_FOUND, "sources.p.time: no column 'when'"},
        {ONE("'part-*.csv'"), EH_CONFLICT, "column 'amount' changes its type between files: a number in "},
        {ONE("'part-*.csv'"), EH_CONFLICT, "(for example 'n/a')"},
        {ONE("'other-*.csv'"), EH_CONFLICT, "(for example 'ten')"},
        {SHOP "sources: { p: { read: future.csv, key: id, time: at } }\n", EH_INPUT, "sources.p.time: at lies in the future in 1 row, as late as 2062-01-01"},
        {SHOP "sources: { p: { read: words.csv, key: id, time: at } }\n", EH_INPUT, "the column at is a text and no date"},
        {BAD("amout"), EH_NOT_FOUND, "features.x.value: no column 'amout'; did you mean 'amount'?"},
        {BAD("ordrs.amount"), EH_NOT_FOUND, "there is no source 'ordrs'; did you mean 'orders'?"},
        {BAD("orders.amuont"), EH_NOT_FOUND, "no column 'amuont' in orders; did you mean 'amount'?"},
        {BAD("orders.amount"), EH_INPUT, "orders has several rows for one person, so say which of them: max(orders.x)"},
        {BAD("count(*)"), EH_INPUT, "count(*) counts the rows of no source in particular"},
        {BAD("max(orders.placed_at)"), EH_INPUT, "is a date; a number says more, as in  date_diff('day', max(orders.placed_at), today)"},
        {BAD("[1, 2]"), EH_INPUT, "is of type INTEGER[]"},
        {BAD("date_diff('day', joined, current_date)"), EH_INPUT, "current_date is the clock of this machine"},
        {BAD("date_diff('day', joined, now())"), EH_INPUT, "now() gives another answer each time"},
        {BAD("random()"), EH_INPUT, "random()"},
        {BAD("sum(age)"), EH_INPUT, "an expression says something about one row"},
        {BAD("city + 1"), EH_INPUT, "features.x.value: "},
        {BAD("upper(city"), EH_INPUT, "is not closed"},
        {BAD("CAST(city AS INTEGER)"), EH_INPUT, "features.x.value: the column 'city' holds 'Cork', where a number is needed"},
        {SHOP SOURCES "outcome: { x: upper(city) }\n", EH_INPUT, "is a text; an outcome is true or false or a number"},
        {SHOP SOURCES "  q: { sql: \"SELECT customer_id FROM nothing\" }\n", EH_INPUT, "'nothing' is no source that stands above this one"},
        {SHOP SOURCES "  q: { sql: \"SELECT customer_id FROM ordrs\" }\n", EH_INPUT, "did you mean 'orders'?"},
        {SHOP SOURCES "  q: { sql: \"SELECT city FROM customers\" }\nfeatures:\n" FEATURE("x", "max(q.city)"), EH_INPUT, "nothing says whose its rows are"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(f, rows[i].yaml, rows[i].code, rows[i].part);
    EH_CLEANUP(close_opened) opened o = {0};
    open_or_fail(f, ONE("'empty-*.csv'") "features:\n" FEATURE("x", "amount"), false, &o);
    assert_numbers(f, &o, "x", (const double[]){EH_NAN, 20});
    eh_people_options early = {.dated = true, .as_of = moment("2025-12-25"), .now = moment("2026-01-01"), .outcomes = true};
    EH_CLEANUP(close_opened) opened late = {0};
    assert_int_equal(eh_workspace_parse(EH_VIEW(SHOP SOURCES "outcome: { b: { value: count(orders.order_id) > 0, within: 14 days } }\n"), "evenhand.yaml", f->folder,
                                        &late.workspace, &f->error), EH_OK);
    assert_int_equal(eh_people_open(late.workspace, &early, &late.people, &f->error), EH_INPUT);
    assert_parts(f->error.text, "nobody knows the outcome yet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sees_no_future, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(joins_queries_and_single_sources, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(counts_with_the_cube, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(reads_protected_apart, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(keys_rows_by_their_content, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(finds_the_latest_moment, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(keeps_the_fairness_wall, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(tells_what_is_wrong, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
