/* The cube: groups, their names and order, sums, and the same bytes whatever the number of threads. */
#include "data_fixture.h"

#include <math.h>

static void groups_have_a_natural_order(void **state)
{
    static const struct {
        const char *by, *names;
        bool numeric;
    } cases[] = {
        {"t", "A|b|zz|é|😀", false},
        {"n", "-2|3|10|100", true},
        {"d", "0.5|1.5|10.0|(missing)", true},
        {"b", "false|true|(missing)", false},
        {"day", "2023-12-31|2024-01-02", false},
    };
    fixture *f = *state;
    const char *query = "SELECT * FROM (VALUES ('b', 10, 1.5::DOUBLE, true, DATE '2024-01-02'), ('A', 3, 10.0, false, DATE '2023-12-31'), "
                        "('zz', 100, 0.5, NULL, DATE '2024-01-02'), ('é', -2, NULL, true, DATE '2024-01-02'), ('😀', -2, NULL, true, "
                        "DATE '2023-12-31')) v(t, n, d, b, day)";
    fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        description d;
        eh_cube cube;
        describe(f, &d, "1", cases[i].by);
        cube_read(f, &d, &cube);
        assert_string_equal(group_names(f, &cube, 0), cases[i].names);
        assert_int_equal(cube.dimensions[0].numeric, cases[i].numeric);
        assert_string_equal(cube.dimensions[0].name, cases[i].by);
        const eh_cube_group *last = &cube.dimensions[0].groups[cube.dimensions[0].groups_count - 1];
        assert_int_equal(last->missing, strcmp(last->name, "(missing)") == 0);
    }
}

static void hostile_names_stay_as_they_are(void **state)
{
    static const char *const names[] = {"<script>alert(1)</script>", "=1+1", "a\nb", "it's \"x\"", "😀", "; DROP TABLE t", "\\", "%s%n"};
    fixture *f = *state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer csv = {0};
    eh_buffer_text(&csv, "\"we\"\"ird\nname\",from\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        eh_buffer_byte(&csv, '"');
        for (const char *at = names[i]; *at != '\0'; at++) {
            eh_buffer_byte(&csv, *at);
            if (*at == '"')
                eh_buffer_byte(&csv, '"');
        }
        eh_buffer_format(&csv, "\",%zu\n", i % 2);
    }
    fixture_read(f, fixture_write(f, "names.csv", csv.ptr), 1);
    description d;
    eh_cube cube;
    describe(f, &d, "\"from\"", "\"we\"\"ird\nname\"");
    assert_string_equal(d.attributes[0].expression.name, "we\"ird\nname");
    cube_read(f, &d, &cube);
    assert_int_equal(cube.dimensions[0].groups_count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(cell_at(&cube, names[i], NULL, EH_UNKNOWN, i % 2 == 1 ? EH_TRUE : EH_FALSE)->count, 1);
}

static void a_text_that_reads_like_missing_is_no_missing_value(void **state)
{
    fixture *f = *state;
    const char *query = "SELECT * FROM (VALUES ('(missing)'), (NULL), (''), ('(all others)'), ('\"(missing)\"')) v(g)";
    fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 1);
    description d;
    eh_cube cube;
    describe(f, &d, "1", "g");
    cube_read(f, &d, &cube);
    assert_string_equal(group_names(f, &cube, 0), "\"\"|\"(missing)\"|\"(all others)\"|\"\"(missing)\"\"|(missing)");
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(cube.dimensions[0].groups[i].missing, i == 4);
        assert_false(cube.dimensions[0].groups[i].others);
    }
}

static void labels_and_decisions_are_read_from_their_texts(void **state)
{
    static const struct {
        const char *yes, *no;
    } cases[] = {{"true", "false"}, {"1", "0"}, {"1.0", "0.0"}, {"'yes'", "'no'"}, {"'Y'", "'n'"}, {"'T'", "'F'"}, {"' Yes '", "'NO'"}, {"1.00", "0.00"}};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *query = eh_arena_format(f->arena, "SELECT i %% 2 AS g, CASE i %% 3 WHEN 0 THEN %s WHEN 1 THEN %s END AS sent FROM range(12) t(i)",
                                            cases[i].yes, cases[i].no);
        fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 1);
        description d;
        eh_cube cube;
        describe(f, &d, "sent", "g");
        d.spec.label = expression(f, "sent");
        cube_read(f, &d, &cube);
        assert_int_equal(cube.rows, 12);
        assert_int_equal(cell_at(&cube, "0", NULL, EH_TRUE, EH_TRUE)->count, 2);
        assert_int_equal(cell_at(&cube, "0", NULL, EH_FALSE, EH_FALSE)->count, 2);
        assert_int_equal(cell_at(&cube, "0", NULL, EH_UNKNOWN, EH_UNKNOWN)->count, 2);
        assert_int_equal(cube.cells_count, 6);
    }
}

/* Spellings of yes and no fall into the same cell. */
static void cells_that_agree_are_joined(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "v.csv", "g,sent,w\na,yes,1\na,Yes,2\na,no,3\na,NO,4\nb,Y,5\n"), 1);
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "g");
    d.spec.weight = expression(f, "w");
    cube_read(f, &d, &cube);
    assert_int_equal(cube.cells_count, 3);
    const eh_cell *yes = cell_at(&cube, "a", NULL, EH_UNKNOWN, EH_TRUE);
    assert_int_equal(yes->count, 2);
    assert_true(yes->weight == 3 && yes->weight_squares == 5);
}

static void bands_have_plain_names(void **state)
{
    static const double ages[] = {25, 35, 36, 60}, halves[] = {0.5, 10};
    static const struct {
        const char *column;
        const double *edges;
        size_t count;
        const char *names;
    } cases[] = {
        {"whole", ages, 4, "under 25|25 to 34|35|36 to 59|60 and over|(missing)"},
        {"decimal", ages, 4, "under 25|25 to under 35|35 to under 36|36 to under 60|60 and over|(missing)"},
        {"whole", halves, 2, "under 0.5|0.5 to under 10|10 and over|(missing)"},
        {"small", ages, 4, "under 25|25 to 34|35|36 to 59|60 and over|(missing)"},
    };
    fixture *f = *state;
    const char *query = "SELECT a AS whole, a::DOUBLE AS decimal, a::TINYINT AS small, a IS NULL OR a >= 35 AS sent "
                        "FROM (VALUES (0), (24), (25), (34), (35), (36), (59), (60), (99), (NULL), (5)) t(a)";
    fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        description d;
        eh_cube cube;
        describe(f, &d, "sent", cases[i].column);
        d.attributes[0].edges = cases[i].edges;
        d.attributes[0].edges_count = cases[i].count;
        cube_read(f, &d, &cube);
        assert_string_equal(group_names(f, &cube, 0), cases[i].names);
        assert_true(cube.dimensions[0].numeric);
        if (cases[i].count == 4) {
            assert_int_equal(cube.cells_count, 6);
            assert_int_equal(cube.cells[0].count, 3);  /* 0, 24, 5 */
            assert_int_equal(cube.cells[4].count, 2);  /* 60, 99 */
            assert_int_equal(cube.cells[5].count, 1);  /* NULL */
        }
    }
}

/* The first rows hold two numbers, the later ones many: bands must then be formed in the engine. */
static void bands_of_a_sorted_column_of_many_numbers(void **state)
{
    static const double edges[] = {1000};
    fixture *f = *state;
    const char *query = "SELECT CASE WHEN i < 150000 THEN i % 2 ELSE i END AS x, 1 AS sent FROM range(3000000) t(i) ORDER BY i";
    fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 2);
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "x");
    d.attributes[0].edges = edges;
    d.attributes[0].edges_count = 1;
    cube_read(f, &d, &cube);
    assert_int_equal(cell_at(&cube, "under 1000", NULL, EH_UNKNOWN, EH_TRUE)->count, 150000);
    assert_int_equal(cell_at(&cube, "1000 and over", NULL, EH_UNKNOWN, EH_TRUE)->count, 2850000);
}

static void top_joins_the_smaller_groups(void **state)
{
    fixture *f = *state;
    /* Group i has 100 - i rows. */
    const char *query = "SELECT 'g' || lpad(i::VARCHAR, 2, '0') AS g, j % 2 AS sent FROM range(90) a(i), range(100) b(j) "
                        "WHERE j < 100 - i UNION ALL SELECT NULL, 1 FROM range(5)";
    fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 2);
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "g");
    d.attributes[0].top_count = 3;
    cube_read(f, &d, &cube);
    assert_string_equal(group_names(f, &cube, 0), "g00|g01|g02|(all others)|(missing)");
    assert_int_equal(cube.dimensions[0].others_joined, 87);
    assert_true(cube.dimensions[0].groups[3].others && cube.dimensions[0].groups[4].missing);
    assert_int_equal(cell_at(&cube, "g00", NULL, EH_UNKNOWN, EH_TRUE)->count, 50);
    assert_int_equal(cell_at(&cube, "(missing)", NULL, EH_UNKNOWN, EH_TRUE)->count, 5);
    uint64_t others = 0;
    for (size_t i = 0; i < cube.cells_count; i++)
        others += cube.cells[i].group[0] == 3 ? cube.cells[i].count : 0;
    assert_int_equal(others, 97 * 98 / 2 - 10 * 11 / 2); /* 97 + 96 + ... + 11 */
    d.attributes[0].top_count = 50;
    d.attributes[0].expression = expression(f, "length(g) AS g");
    cube_read(f, &d, &cube);
    assert_string_equal(group_names(f, &cube, 0), "3|(missing)");
    assert_int_equal(cube.dimensions[0].others_joined, 0);
}

static void sums_are_those_of_the_rows(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "v.csv", "g,z,sent,w,v\na,x,1,0.5,10\na,x,1,2,-4\na,x,1,1,\na,y,1,4,1\nb,x,0,1,2\nb,,0,0,3\n"), 1);
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "g");
    d.spec.weight = expression(f, "w");
    d.spec.value = expression(f, "v");
    d.spec.within = expression(f, "z");
    cube_read(f, &d, &cube);
    assert_true(cube.weighted);
    assert_int_equal(cube.value_missing, 1);
    assert_int_equal(cube.strata_count, 3);
    assert_string_equal(cube.strata[0], "x");
    assert_string_equal(cube.strata[2], "(missing)");
    assert_int_equal(cube.cells_count, 4);
    const eh_cell *cell = &cube.cells[0]; /* a, x: weights .5 2 1, values 10 -4 NULL */
    assert_int_equal(cell->stratum, 0);
    assert_int_equal(cell->count, 3);
    assert_true(cell->weight == 3.5 && cell->weight_squares == 5.25);
    assert_true(cell->value_weight == 2.5 && cell->value_weight_squares == 4.25);
    assert_true(cell->value == -3 && cell->value_squares == 82);
    d.spec.weight = (eh_expression){0};
    d.spec.where = "z = 'x'";
    cube_read(f, &d, &cube);
    assert_false(cube.weighted);
    assert_int_equal(cube.rows, 4);
    cell = &cube.cells[0];
    assert_true(cell->weight == 3 && cell->weight_squares == 3 && cell->value_weight == 2 && cell->value_weight_squares == 2);
    assert_true(cell->value == 6 && cell->value_squares == 116);
}

/* Every field, but not the unspecified bytes between fields. */
static bool same_bytes(const eh_cube *a, const eh_cube *b)
{
    bool same = a->cells_count == b->cells_count && a->score_cells_count == b->score_cells_count;
    for (size_t i = 0; i < a->cells_count && same; i++) {
        const eh_cell *x = &a->cells[i], *y = &b->cells[i];
        same = memcmp(x, y, offsetof(eh_cell, decision) + 1) == 0 &&
               memcmp(&x->count, &y->count, sizeof *x - offsetof(eh_cell, count)) == 0;
    }
    for (size_t i = 0; i < a->score_cells_count && same; i++) {
        const eh_score_cell *x = &a->score_cells[i], *y = &b->score_cells[i];
        same = memcmp(x, y, offsetof(eh_score_cell, label) + 1) == 0 &&
               memcmp(&x->count, &y->count, sizeof *x - offsetof(eh_score_cell, count)) == 0;
    }
    return same;
}

static void the_number_of_threads_does_not_show(void **state)
{
    static const uint32_t sets[] = {1, 2, 3};
    fixture *f = *state;
    const char *query = "SELECT hash(i * 3) % 5 AS g, 'h' || hash(i * 5) % 4 AS h, hash(i * 7) % 2 AS sent, hash(i * 11) % 2 AS bought, "
                        "(hash(i * 13) % 1000003) / 1000003.0 AS w, (hash(i * 17) % 1000003) / 997.0 - 500 AS v, "
                        "(hash(i * 19) % 1009) / 1009.0 AS s FROM range(1300000) t(i)";
    const char *path = fixture_copy(f, "v.parquet", query, "FORMAT parquet, ROW_GROUP_SIZE 20000");
    eh_cube cubes[3];
    description d;
    describe(f, &d, "sent", "g, h");
    d.spec.label = expression(f, "bought");
    d.spec.weight = expression(f, "w");
    d.spec.value = expression(f, "v");
    d.spec.score = expression(f, "s");
    d.spec.score_sets = sets;
    d.spec.score_sets_count = 3;
    for (uint32_t i = 0; i < 3; i++) {
        fixture_read(f, path, i == 0 ? 1 : 4);
        cube_read(f, &d, &cubes[i]);
        assert_int_equal(cubes[i].rows, 1300000);
        assert_false(cubes[i].scores_exact); /* more than EH_SCORE_ROWS_EXACT_MAX rows */
    }
    assert_true(same_bytes(&cubes[0], &cubes[1]));
    assert_true(same_bytes(&cubes[0], &cubes[2]));
}

static void too_many_threads_are_refused(void **state)
{
    fixture *f = *state;
    eh_engine_options options = {.threads = 100000};
    assert_int_equal(eh_engine_open(&options, &f->engine, &f->error), EH_LIMIT);
    assert_null(f->engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(groups_have_a_natural_order, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(hostile_names_stay_as_they_are, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_text_that_reads_like_missing_is_no_missing_value, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(labels_and_decisions_are_read_from_their_texts, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(cells_that_agree_are_joined, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(bands_have_plain_names, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(bands_of_a_sorted_column_of_many_numbers, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(top_joins_the_smaller_groups, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(sums_are_those_of_the_rows, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(the_number_of_threads_does_not_show, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(too_many_threads_are_refused, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
