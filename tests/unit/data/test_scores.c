/* Cells of the score, exact and on the grid; memberships known as probabilities. */
#include "data_fixture.h"

#include <math.h>

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%.17g, expected %.17g", found, expected);
}

static void every_score_is_kept(void **state)
{
    static const uint32_t sets[] = {1, 2, 3, 0};
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "v.csv", "g,h,sent,bought,s,w\n"
                                              "a,x,1,1,0.25,2\na,x,1,yes,0.25,3\na,y,0,0,0.5,1\nb,x,1,0,1,1\nb,y,0,,0.5,1\nb,y,0,1,,1\n,x,0,0,-0.0,4\n"), 1);
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "g, h");
    d.spec.label = expression(f, "bought");
    d.spec.score = expression(f, "s");
    d.spec.weight = expression(f, "w");
    d.spec.score_sets = sets;
    d.spec.score_sets_count = 4;
    cube_read(f, &d, &cube);
    assert_true(cube.scores_exact && cube.score_min == 0 && cube.score_max == 1);
    assert_int_equal(cube.score_missing, 1);
    /* set {g}: a .25 yes, a .5 no, b 1 no, (missing) 0 no */
    const eh_score_cell *cell = &cube.score_cells[0];
    assert_int_equal(cell->set, 0);
    assert_int_equal(cell->group[0], 0);
    assert_int_equal(cell->label, EH_TRUE);
    assert_int_equal(cell->count, 2); /* 1 and yes are the same label */
    assert_true(cell->score == 0.25 && cell->weight == 5 && cell->weight_squares == 13 && cell->score_sum == 1.25);
    assert_near(cell->score_squares_sum, 5 * 0.0625);
    assert_near(cell->log_loss_sum, -5 * log(0.25));
    cell = &cube.score_cells[2]; /* b, score 1, label no: p is clipped to 1 - 1e-15 */
    assert_int_equal(cell->group[0], 1);
    assert_near(cell->log_loss_sum, -log(1e-15));
    cell = &cube.score_cells[3];
    assert_int_equal(cell->group[0], 2);
    assert_true(cell->score == 0 && !signbit(cell->score));
    uint64_t counts[4] = {0};
    for (size_t i = 0; i < cube.score_cells_count; i++) {
        const eh_score_cell *before = &cube.score_cells[i == 0 ? 0 : i - 1], *each = &cube.score_cells[i];
        counts[each->set] += each->count;
        assert_true(before->set <= each->set);
        if (i > 0 && before->set == each->set && before->group[0] == each->group[0] && before->group[1] == each->group[1])
            assert_true(before->score < each->score || (before->score == each->score && before->label < each->label));
        assert_true(each->set != 1 || each->group[0] == 0); /* only the set's attributes are filled */
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(counts[i], 5); /* rows with label and score */
}

static void scores_outside_0_to_1_have_no_log_loss(void **state)
{
    static const uint32_t sets[] = {1};
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "v.csv", "g,sent,s\na,1,2.5\nb,0,-1\n"), 1);
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "g");
    d.spec.label = expression(f, "sent");
    d.spec.score = expression(f, "s");
    d.spec.score_sets = sets;
    d.spec.score_sets_count = 1;
    cube_read(f, &d, &cube);
    assert_true(cube.score_min == -1 && cube.score_max == 2.5 && isnan(cube.score_cells[0].log_loss_sum));
}

/* The grid's sums are those of the same rows when every score is kept: the scores lie on bins of their own. */
static void the_grid_agrees_with_exact_scores(void **state)
{
    static const uint32_t sets[] = {1, 2, 3};
    static const double edges[] = {2};
    fixture *f = *state;
    static const char million[] = "SELECT i % 4 AS g, 'h' || hash(i) % 3 AS h, i % 2 AS sent, hash(i + 7) % 5 < 2 AS bought, "
                                  "1 + hash(i + 1) % 4 AS w, (hash(i + 3) % 129) / 128.0::DOUBLE AS s FROM range(1000000) t(i)";
    eh_cube cubes[2];
    for (size_t i = 0; i < 2; i++) {
        /* Twice the same million rows are too many for exact scores. */
        const char *query = i == 0 ? million : eh_arena_format(f->arena, "SELECT * FROM (SELECT unnest([0, 1])), (%s)", million);
        fixture_read(f, fixture_copy(f, "v.parquet", query, "FORMAT parquet"), 2);
        description d;
        describe(f, &d, "sent", "g, h");
        d.attributes[0].edges = edges;
        d.attributes[0].edges_count = 1;
        d.spec.label = expression(f, "bought");
        d.spec.score = expression(f, "s");
        d.spec.weight = expression(f, "w");
        d.spec.score_sets = sets;
        d.spec.score_sets_count = 3;
        cube_read(f, &d, &cubes[i]);
        assert_int_equal(cubes[i].scores_exact, i == 0);
        assert_string_equal(group_names(f, &cubes[i], 0), "under 2|2 and over");
    }
    /* 2 + 3 + 6 groups, 129 scores, 2 labels; hash() leaves no combination out at this number of rows. */
    assert_int_equal(cubes[0].score_cells_count, 11 * 129 * 2);
    assert_int_equal(cubes[1].score_cells_count, 11 * 129 * 2);
    for (size_t i = 0; i < cubes[0].score_cells_count; i++) {
        const eh_score_cell *exact = &cubes[0].score_cells[i], *grid = &cubes[1].score_cells[i];
        assert_int_equal(exact->set, grid->set);
        assert_memory_equal(exact->group, grid->group, sizeof exact->group);
        assert_int_equal(exact->label, grid->label);
        assert_int_equal(2 * exact->count, grid->count);
        assert_near(grid->score, exact->score);
        assert_near(grid->weight, 2 * exact->weight);
        assert_near(grid->weight_squares, 2 * exact->weight_squares);
        assert_near(grid->score_sum, 2 * exact->score_sum);
        assert_near(grid->score_squares_sum, 2 * exact->score_squares_sum);
        assert_near(grid->log_loss_sum, 2 * exact->log_loss_sum);
    }
}

/* ---- soft --------------------------------------------------------------------------------------------------------------------- */

static void soft_read(fixture *f, const char *const *probabilities, eh_soft_table *table, eh_code code, const char *parts)
{
    static const char *const names[] = {"women", "men"};
    eh_soft_spec soft = {.name = "sex", .group_names = names, .probabilities = probabilities, .groups_count = 2};
    eh_cube_spec spec = {.decision = expression(f, "sent"), .label = expression(f, "bought"), .weight = expression(f, "w")};
    f->error = (eh_error){0};
    eh_code found = eh_soft_read(f->engine, &spec, &soft, f->arena, table, &f->error);
    if (found != code)
        fail_msg("%s: %s", eh_code_name(found), f->error.text);
    assert_parts(f->error.text, parts);
}

static void memberships_are_kept_as_probabilities(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_write(f, "v.csv", "p,sent,bought,w,odd\n0.25,1,1,2,0.5\n0.25,yes,1,3,0.5\n1,0,0,1,\n0.25,0,,1,2\n0.9,1,1,1,0.1\n"), 1);
    eh_soft_table table;
    soft_read(f, (const char *const[]){"p", "1 - p"}, &table, EH_OK, "");
    assert_int_equal(table.cells_count, 4);
    assert_false(table.rounded);
    const eh_soft_cell *cell = &table.cells[0]; /* .25, label yes, decision yes: two rows */
    assert_true(cell->probabilities[0] == 0.25 && cell->probabilities[1] == 0.75);
    assert_int_equal(cell->label, EH_TRUE);
    assert_int_equal(cell->decision, EH_TRUE);
    assert_int_equal(cell->count, 2);
    assert_true(cell->weight == 5 && cell->weight_squares == 13);
    assert_int_equal(table.cells[1].label, EH_UNKNOWN);
    assert_true(table.cells[3].probabilities[0] == 1);
    soft_read(f, (const char *const[]){"p", "p"}, &table, EH_INPUT, "--soft sex: 5 rows whose probabilities do not add up to 1");
    soft_read(f, (const char *const[]){"odd", "1 - odd"}, &table, EH_INPUT, "--soft sex: 2 rows with a probability that is NULL, NaN or not between 0 and 1");
    soft_read(f, (const char *const[]){"nosuch", "1 - p"}, &table, EH_NOT_FOUND, "--soft: no column 'nosuch'");
    soft_read(f, (const char *const[]){"CAST(p AS VARCHAR)", "1 - p"}, &table, EH_INPUT, "--soft women must be a number");
}

static void many_memberships_are_rounded(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT i / 300000.0 AS p, i % 2 AS sent, i % 3 = 0 AS bought, 1 AS w FROM range(300001) t(i)",
                                 "FORMAT parquet"), 2);
    eh_soft_table table;
    soft_read(f, (const char *const[]){"p", "1 - p"}, &table, EH_OK, "");
    assert_true(table.rounded);
    /* p and 1 - p are rounded each for itself: half a step may go up in both. */
    assert_true(table.cells_count >= 1001 * 4 && table.cells_count <= 2001 * 4);
    uint64_t rows = 0;
    for (size_t i = 0; i < table.cells_count; i++) {
        rows += table.cells[i].count;
        assert_near(table.cells[i].probabilities[0] + table.cells[i].probabilities[1], 1);
    }
    assert_int_equal(rows, 300001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_score_is_kept, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(scores_outside_0_to_1_have_no_log_loss, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(the_grid_agrees_with_exact_scores, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(memberships_are_kept_as_probabilities, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(many_memberships_are_rounded, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
