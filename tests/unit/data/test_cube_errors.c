/* What an audit refuses, with which words. */
#include "data_fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* The options of one attempt; NULL: not given. */
typedef struct {
    const char *decision, *by, *label, *weight, *value, *score, *within, *where;
    eh_code code;
    const char *parts;
} attempt;

static const char table[] = "sex,sent,arm,step,age,city,w,n,bad,one,nothing,\"x y\",select\n"
                            "F,yes,mailed,0,20,c1,1,1,nan,F,,1,1\n"
                            "M,no,skipped,1,30,c2,2,,1,F,,1,1\n"
                            "F,yes,mailed,2,40,c3,3,3,2,F,,0,1\n"
                            "M,no,held,2,50,c4,-1,4,3,F,,0,0\n";

static void attempts_are_refused(void **state)
{
    static const attempt attempts[] = {
        {.decision = "snt", .by = "sex", .code = EH_NOT_FOUND, .parts = "--decision: no column 'snt'; did you mean 'sent'?|sex, sent, arm"},
        {.decision = "sent", .by = "sx", .code = EH_NOT_FOUND, .parts = "--by: no column 'sx'|and 1 more"},
        {.decision = "sent = yes", .by = "sex", .code = EH_NOT_FOUND, .parts = "no column 'yes'|single quotes"},
        {.decision = "sent", .by = "sex", .label = "zzzzzzzz", .code = EH_NOT_FOUND, .parts = "--label: no column"},
        {.decision = "sent", .by = "sex", .where = "agee > 3", .code = EH_NOT_FOUND, .parts = "--where: no column 'agee'|'age'"},
        {.decision = "step", .by = "sex", .code = EH_INPUT, .parts = "--decision step|3 values|0, 1 and 2|--decision \"step = 2\""},
        {.decision = "sent", .by = "sex", .label = "arm", .code = EH_INPUT,
         .parts = "--label arm|3 values|'held', 'mailed' and 'skipped'|--label \"arm = 'skipped'\""},
        {.decision = "arm", .by = "sex", .where = "arm <> 'held'", .code = EH_INPUT, .parts = "2 values|'mailed' and 'skipped'"},
        {.decision = "nothing", .by = "sex", .code = EH_INPUT, .parts = "--decision nothing|all are NULL"},
        {.decision = "sent", .by = "nothing", .code = EH_INPUT, .parts = "--by nothing|all are NULL"},
        {.decision = "sent", .by = "one", .code = EH_INPUT, .parts = "--by one|all 4 rows are in one group, 'F'"},
        {.decision = "sent", .by = "sex, age % 2 AS sex", .code = EH_CONFLICT, .parts = "two attributes are called 'sex'"},
        {.decision = "sent", .by = "sex", .where = "age > 1000", .code = EH_INPUT, .parts = "no rows are left|age > 1000"},
        {.decision = "sent", .by = "sex", .where = "age", .code = EH_INPUT, .parts = "--where must be a condition"},
        {.decision = "sent", .by = "sex", .weight = "n", .code = EH_INPUT, .parts = "--weight n: no weight (NULL) in 1 row"},
        {.decision = "sent", .by = "sex", .weight = "w", .code = EH_INPUT, .parts = "--weight w: a negative weight in 1 row"},
        {.decision = "sent", .by = "sex", .weight = "CAST('inf' AS DOUBLE)", .code = EH_INPUT, .parts = "--weight|infinite|4 rows"},
        {.decision = "sent", .by = "sex", .weight = "bad", .code = EH_INPUT, .parts = "--weight bad: NaN (not a number) in 1 row"},
        {.decision = "sent", .by = "sex", .weight = "0 * age", .code = EH_INPUT, .parts = "every weight is 0"},
        {.decision = "sent", .by = "sex", .weight = "city", .code = EH_INPUT, .parts = "--weight city must be a number|VARCHAR|TRY_CAST"},
        {.decision = "sent", .by = "sex", .weight = "w + 1e70", .code = EH_LIMIT, .parts = "--weight|1e60"},
        {.decision = "sent", .by = "sex", .value = "bad", .code = EH_INPUT, .parts = "--value bad: NaN"},
        {.decision = "sent", .by = "sex", .label = "sent", .score = "bad", .code = EH_INPUT, .parts = "--score bad: NaN (not a number) in 1 row"},
        {.decision = "sent", .by = "sex", .label = "sent", .score = "CAST('-inf' AS DOUBLE)", .code = EH_INPUT, .parts = "--score|infinite"},
        {.decision = "sent", .by = "sex", .score = "w", .code = EH_INPUT, .parts = "--score needs --label"},
        {.decision = "sent", .by = "[sex]", .code = EH_INPUT, .parts = "--by|VARCHAR[] cannot be used here"},
        {.decision = "avg(age) > 3", .by = "sex", .code = EH_INPUT, .parts = "--decision|about one row"},
        {.decision = "row_number() OVER () > 2", .by = "sex", .code = EH_INPUT, .parts = "--decision|window functions"},
        {.decision = "sent", .by = "unnest([1, 2])", .code = EH_INPUT, .parts = "--by|one value for each row"},
        {.decision = "COLUMNS(*)", .by = "sex", .code = EH_INPUT, .parts = "--decision|stands for 13 columns"},
        {.decision = "*", .by = "sex", .code = EH_INPUT, .parts = "--decision|all columns"},
        {.decision = "sent", .by = "sex", .where = "age > $1", .code = EH_INPUT, .parts = "--where|parameter"},
        {.decision = "sent =", .by = "sex", .code = EH_INPUT, .parts = "--decision|not complete"},
        {.decision = "nosuch(sent)", .by = "sex", .code = EH_INPUT, .parts = "--decision|no function 'nosuch'"},
        {.decision = "sent", .by = "sex", .where = "CAST(city AS DATE) > DATE '2020-01-01'", .code = EH_INPUT, .parts = "--where|date"},
        {.decision = "CAST(city AS INTEGER)", .by = "sex", .code = EH_INPUT, .parts = "--decision|holds 'c|a number is needed"},
    };
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "table.csv", table), 1);
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        const attempt *a = &attempts[i];
        description d;
        describe(f, &d, a->decision, a->by);
        const struct {
            const char *text;
            eh_expression *to;
        } parts[] = {{a->label, &d.spec.label}, {a->weight, &d.spec.weight}, {a->value, &d.spec.value}, {a->score, &d.spec.score}, {a->within, &d.spec.within}};
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
            if (parts[k].text != NULL)
                *parts[k].to = expression(f, parts[k].text);
        d.spec.where = a->where;
        cube_refused(f, &d, a->code, a->parts);
    }
}

static void columns_with_odd_names_are_reached_in_quotes(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "table.csv", table), 1);
    description d;
    eh_cube cube;
    describe(f, &d, "\"select\"", "\"x y\", SEX");
    cube_read(f, &d, &cube);
    assert_string_equal(cube.dimensions[0].name, "x y");
    assert_string_equal(group_names(f, &cube, 1), "F|M");
}

static void too_many_groups_are_refused_with_a_way_out(void **state)
{
    fixture *f = *state;
    /* 200 numbers, twice each; the quintiles of 0 .. 199 are 39, 79, 119, 159. */
    const char *query = "SELECT i // 2 AS n, 'c' || i // 2 AS t, i % 2 AS sent, i AS id FROM range(400) t(i)";
    fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 2);
    description d;
    describe(f, &d, "sent", "n");
    cube_refused(f, &d, EH_LIMIT, "--by n: at least 200 groups, at most 64|--bands n=39,79,119,159|--top n=10");
    describe(f, &d, "sent", "t");
    cube_refused(f, &d, EH_LIMIT, "--by t: at least 200 groups, at most 64|--top t=10");
    describe(f, &d, "id", "sent AS g");
    cube_refused(f, &d, EH_INPUT, "--decision id has more than 16 values");
    describe(f, &d, "sent", "n AS g");
    d.attributes[0].top_count = 63;
    cube_refused(f, &d, EH_LIMIT, "--top g=63: at most 62");

    /* Beyond the first 100,000 rows. */
    query = "SELECT CASE WHEN i < 150000 THEN i % 3 ELSE i END AS n, i % 2 AS sent FROM range(250000) t(i) ORDER BY i";
    fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 2);
    describe(f, &d, "sent", "n");
    cube_refused(f, &d, EH_LIMIT, "--by n: at least|at most 64|--bands n=");
    describe(f, &d, "sent", "n % 65 AS m");
    cube_refused(f, &d, EH_LIMIT, "--by m: 65 groups, at most 64");
    describe(f, &d, "sent", "sent AS g");
    d.spec.within = expression(f, "n");
    cube_refused(f, &d, EH_LIMIT, "--within n: at least|at most 4096");
}

static void bands_that_cannot_be(void **state)
{
    static const double falling[] = {3, 2}, one[] = {2};
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "table.csv", table), 1);
    description d;
    describe(f, &d, "sent", "age");
    d.attributes[0].edges = falling;
    d.attributes[0].edges_count = 2;
    cube_refused(f, &d, EH_INPUT, "--bands age|ascending");
    describe(f, &d, "sent", "city");
    d.attributes[0].edges = one;
    d.attributes[0].edges_count = 1;
    cube_refused(f, &d, EH_INPUT, "--bands city: only numbers can be banded|VARCHAR");
    describe(f, &d, "sent", "bad");
    d.attributes[0].edges = one;
    d.attributes[0].edges_count = 1;
    cube_refused(f, &d, EH_INPUT, "--by bad: NaN|NOT isnan(bad)");
}

static void names_that_are_too_long_or_hold_zero_bytes(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT repeat('x', 1000 + 100 * i::INT) AS g, 'a' || chr(0) || i AS z, i % 2 AS sent FROM range(2) t(i)",
                                 "FORMAT parquet"), 1);
    description d;
    describe(f, &d, "sent", "g");
    cube_refused(f, &d, EH_LIMIT, "--by g: a group's name is 1100 bytes long, at most 1024");
    describe(f, &d, "sent", "z");
    cube_refused(f, &d, EH_INPUT, "--by z: a group's name holds a zero byte");
}

/* The scanner of expressions is for clear words; these go past it to the engine, which must refuse them by itself. */
static void the_engine_reaches_nothing_but_the_input(void **state)
{
    static const char *const expressions[] = {
        "(SELECT count(*) FROM read_text('/etc/passwd')) > 0",
        "(SELECT count(*) FROM read_blob('/etc/hostname')) > 0",
        "(SELECT count(*) FROM glob('/etc/*')) > 0",
        "(SELECT count(*) FROM '/etc/passwd') > 0",
        "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0",
        "(SELECT count(*) FROM sniff_csv('/etc/passwd')) > 0",
        "(SELECT count(*) FROM read_csv('https://example.org/x.csv')) > 0",
        "(SELECT count(*) FROM sqlite_scan('x.db', 't')) > 0",
        "getenv('HOME') = 'x'",
        "1; COPY (SELECT 1) TO '/tmp/evenhand-test-escape'",
        "1) FROM evenhand_rows; ATTACH '/tmp/evenhand-test-escape' AS a; SELECT (1",
    };
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "table.csv", table), 1);
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        description d;
        eh_cube cube;
        describe(f, &d, "sent", "sex");
        d.spec.decision = (eh_expression){expressions[i], "x"};
        if (eh_cube_read(f->engine, &d.spec, f->arena, &cube, &f->error) == EH_OK)
            fail_msg("reached: %s", expressions[i]);
        assert_int_not_equal(access("/tmp/evenhand-test-escape", F_OK), 0);
    }
    description d;
    describe(f, &d, "sent", "sex");
    d.spec.decision = (eh_expression){"(SELECT count(*) FROM read_text('/etc/passwd')) > 0", "x"};
    cube_refused(f, &d, EH_DENIED, "--decision|columns of the input and nothing else");
}

static size_t folders_left(void)
{
    size_t count = 0;
    DIR *listing = opendir(getenv("TMPDIR"));
    assert_non_null(listing);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += strncmp(entry->d_name, "evenhand-", 9) == 0 ? 1 : 0;
    closedir(listing);
    return count;
}

/* 130 MB of CSV pass through 64 MiB; the private folder is there while the engine lives, and gone afterwards. */
static void a_file_larger_than_memory_is_read(void **state)
{
    fixture *f = *state;
    struct stat status;
    const char *path = fixture_copy(f, "v.csv", "SELECT i % 3 AS g, i % 2 AS sent, repeat('x', 120) AS padding, i AS id FROM range(1000000) t(i)",
                                    "FORMAT csv, HEADER");
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_size > 130000000);
    char *folder = eh_arena_format(f->arena, "%s/private", f->folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(setenv("TMPDIR", folder, 1), 0);
    eh_engine_options options = {.threads = 1, .memory_bytes_max = 64 << 20};
    assert_int_equal(eh_engine_open(&options, &f->engine, &f->error), EH_OK);
    assert_int_equal(folders_left(), 1);
    assert_int_equal(eh_engine_read(f->engine, &path, 1, &f->error), EH_OK);
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "g");
    cube_read(f, &d, &cube);
    assert_int_equal(cube.rows, 1000000);
    describe(f, &d, "sent", "padding || id AS t");
    d.attributes[0].top_count = 2;
    cube_refused(f, &d, EH_MEMORY, "not enough memory|--memory");
    eh_engine_close(&f->engine);
    assert_null(f->engine);
    assert_int_equal(folders_left(), 0);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attempts_are_refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(columns_with_odd_names_are_reached_in_quotes, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(too_many_groups_are_refused_with_a_way_out, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(bands_that_cannot_be, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(names_that_are_too_long_or_hold_zero_bytes, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(the_engine_reaches_nothing_but_the_input, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_file_larger_than_memory_is_read, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
