/*
 * Goal: the searches find what trying everything finds, in any order of rows and columns; a group has one description, in few words;
 * what is planted is told, what is random is not; what cannot be scanned is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "audit/scan.h"
#include "audit/scan_int.h"

static void assert_near(double found, double expected, double within)
{
    if (!(fabs(found - expected) <= within))
        fail_msg("%.17g is not %.17g within %g", found, expected, within);
}

enum { ROWS_MAX = 20000, ATTRIBUTES_MAX = 5 };

typedef struct {
    eh_arena *arena;
    eh_cube_dimension attributes[ATTRIBUTES_MAX];
    uint8_t codes[ROWS_MAX * ATTRIBUTES_MAX];
    eh_scan_cell cells[ROWS_MAX];
    eh_scan_table table;
    eh_error error;
} sample;

static const eh_cube_group values[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}, {.name = "e"}, {.name = "f"}};
static const char *const names[ATTRIBUTES_MAX] = {"zip", "channel", "newbie", "region", "age"};

static int sample_open(void **state)
{
    sample *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    assert_non_null(s->arena);
    *state = s;
    return 0;
}

static int sample_close(void **state)
{
    sample *s = *state;
    eh_arena_close(&s->arena);
    free(s);
    return 0;
}

typedef struct {
    double rate, low; /* low: where the first two attributes are 0 */
} rates;

/* Rows of uniform codes. */
static void sample_fill(sample *s, size_t rows, size_t attributes, uint64_t seed, rates of)
{
    static const size_t levels[ATTRIBUTES_MAX] = {4, 5, 2, 3, 6};
    eh_random random;
    eh_random_init(&random, seed);
    for (size_t a = 0; a < attributes; a++)
        s->attributes[a] = (eh_cube_dimension){.name = names[a], .groups = values, .groups_count = levels[a], .numeric = a == 4};
    for (size_t r = 0; r < rows; r++) {
        for (size_t a = 0; a < attributes; a++)
            s->codes[r * attributes + a] = (uint8_t)(eh_random_unit(&random) * (double)levels[a]);
        bool planted = s->codes[r * attributes] == 0 && s->codes[r * attributes + 1] == 0;
        bool yes = eh_random_unit(&random) < (planted ? of.low : of.rate);
        s->cells[r] = (eh_scan_cell){.rows = 1, .yes = yes, .weight = 1, .expected = 0.1 + 0.2 * (double)(r % 4)};
    }
    s->table = (eh_scan_table){.attributes = s->attributes, .attributes_count = attributes, .codes = s->codes, .cells = s->cells, .cells_count = rows};
}

static const eh_scan *scan_of(sample *s, eh_scan_options options)
{
    const eh_scan *scan = NULL;
    options.penalty = options.penalty > 0 ? options.penalty : EH_NAN;
    if (eh_scan_run(&s->table, &options, s->arena, &scan, &s->error) != EH_OK)
        fail_msg("%s", s->error.text);
    return scan;
}

static void refused(sample *s, eh_code code, const char *part)
{
    const eh_scan *scan = NULL;
    assert_int_equal(eh_scan_run(&s->table, &(eh_scan_options){.penalty = EH_NAN}, s->arena, &scan, &s->error), code);
    assert_null(scan);
    assert_non_null(strstr(s->error.text, part));
}

/* ---- the score -------------------------------------------------------------------------------------------------------------------- */

static void test_score_of_one_expectation_is_the_likelihood_ratio(void **state)
{
    (void)state;
    double q = 0;
    eh_scan_expectation all = {100, 0.3};
    double expected = 12 * log(12 / 30.0) + 88 * log(88 / 70.0);
    assert_near(eh_scan_score(12, &all, 1, EH_SCAN_BOTH, &q), expected, 1e-10);
    assert_near(q, 12.0 / 88 / (0.3 / 0.7), 1e-9);
    assert_near(eh_scan_score(12, &all, 1, EH_SCAN_HIGH, &q), 0, 0);
    assert_near(q, 1, 0);
    assert_near(eh_scan_score_at(12, &all, 1, 0.5), 12 * log(0.5) - 100 * log(0.85), 1e-10);
    scan_sums sums = {.mass = 100, .hits = 12, .expected = 30, .squares = 9};
    assert_near(scan_score_matched(&sums, EH_SCAN_LOW), expected, 1e-10);
    assert_near(scan_score_matched(&sums, EH_SCAN_HIGH), 0, 0);
}

static void test_score_at_the_ends(void **state)
{
    (void)state;
    eh_scan_expectation all = {50, 0.2}, sure = {50, 1};
    assert_near(eh_scan_score(0, &all, 1, EH_SCAN_LOW, NULL), -50 * log(0.8), 1e-4); /* q is at least 1e-6 */
    assert_near(eh_scan_score(50, &all, 1, EH_SCAN_HIGH, NULL), -50 * log(0.2), 1e-3);
    assert_near(eh_scan_score(50, &sure, 1, EH_SCAN_BOTH, NULL), 0, 1e-9);
    assert_near(eh_scan_score(0, NULL, 0, EH_SCAN_BOTH, NULL), 0, 0);
}

/* ---- the searches against trying everything ------------------------------------------------------------------------------------------ */

static scan_field *field_of(sample *s, const eh_scan_options *options)
{
    scan_field *field = NULL;
    if (scan_field_make(&s->table, options, s->arena, &field, &s->error) != EH_OK)
        fail_msg("%s", s->error.text);
    return field;
}

static void test_lattice_finds_the_best_of_all_groups(void **state)
{
    sample *s = *state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        sample_fill(s, 900, 4, seed, (rates){0.4, 0.25});
        s->table.given = seed % 2 == 0;
        eh_scan_options options = {.penalty = 0, .rows_min = 20};
        scan_field *field = field_of(s, &options);
        scan_lattice *lattice = NULL;
        assert_int_equal(scan_lattice_make(field, 3, s->arena, &lattice, &s->error), EH_OK);
        double maxima[2], best[2] = {(double)-EH_INFINITY, (double)-EH_INFINITY}, top = 0;
        const double sets[] = {4, 6, 4}; /* of one, two, three of four attributes */
        for (size_t code = 0; code < 5 * 6 * 3 * 4; code++) { /* 0: any value */
            size_t levels[4] = {field->levels[0] + 1U, field->levels[1] + 1U, field->levels[2] + 1U, field->levels[3] + 1U}, rest = code;
            scan_candidate group = {.direction = EH_SCAN_BOTH};
            int depth = 0, rows = 0;
            for (size_t a = 0; a < 4; a++) {
                size_t value = rest % levels[a];
                rest /= levels[a];
                group.values[a] = value == 0 ? scan_whole(field, a) : UINT64_C(1) << (value - 1);
                depth += value > 0;
            }
            scan_filter filter = scan_filter_of(field, &group);
            for (size_t c = 0; c < field->cells_count; c++)
                rows += scan_holds(&filter, c) ? (int)field->rows[c] : 0;
            scan_sums sums = scan_sums_of(field, &group);
            if (depth < 1 || depth > 3 || rows < 20)
                continue;
            double score = scan_score_matched(&sums, EH_SCAN_BOTH), weight = log(rows / 900.0) - log(3 * sets[depth - 1]);
            int side = sums.hits < sums.expected ? SCAN_LATTICE_LOW : SCAN_LATTICE_HIGH;
            best[side] = fmax(best[side], score + weight);
            top = fmax(top, score);
            assert_near(scan_lattice_weight(lattice, (uint32_t)depth, rows), weight, 1e-12);
        }
        scan_lattice_maxima(lattice, field->hits, EH_SCAN_BOTH, maxima);
        for (int side = 0; side < 2; side++)
            assert_near(maxima[side], best[side], 1e-9);
        scan_candidate first[SCAN_CANDIDATES_MAX];
        size_t count = scan_lattice_best(lattice, field->hits, &options, first, SCAN_CANDIDATES_MAX);
        double found = 0, ranked[2] = {(double)-EH_INFINITY, (double)-EH_INFINITY};
        for (size_t i = 0; i < count; i++) {
            scan_sums sums = scan_sums_of(field, &first[i]);
            scan_filter filter = scan_filter_of(field, &first[i]);
            double rows = 0;
            uint32_t depth = (uint32_t)filter.count;
            for (size_t c = 0; c < field->cells_count; c++)
                rows += scan_holds(&filter, c) ? field->rows[c] : 0;
            int side = first[i].direction == EH_SCAN_LOW ? SCAN_LATTICE_LOW : SCAN_LATTICE_HIGH;
            double score = scan_score_matched(&sums, first[i].direction);
            assert_near(first[i].score, score, 1e-9); /* without a penalty */
            ranked[side] = fmax(ranked[side], score + scan_lattice_weight(lattice, depth, rows));
            found = fmax(found, score);
        }
        assert_near(found, top, 1e-9);
        for (int side = 0; side < 2; side++)
            assert_near(ranked[side], best[side], 1e-9);
    }
}

static void test_subset_scan_finds_the_best_of_all_sets(void **state)
{
    sample *s = *state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        sample_fill(s, 400, 2, seed, (rates){0.45, 0.2});
        s->table.given = seed % 2 == 0;
        const eh_scan_options options = {.penalty = 0.5, .direction = seed % 4 < 2 ? EH_SCAN_LOW : EH_SCAN_HIGH, .seed = seed};
        scan_field *field = field_of(s, &options);
        double best = 0;
        uint64_t first = scan_whole(field, 0), second = scan_whole(field, 1);
        for (uint64_t x = 1; x <= first; x++)
            for (uint64_t y = 1; y <= second; y++) {
                scan_candidate group = {.values = {x, y}, .direction = options.direction};
                double named = (x == first ? 0 : __builtin_popcountll(x)) + (y == second ? 0 : __builtin_popcountll(y));
                best = fmax(best, scan_score_exact(field, &group, NULL) - options.penalty * named);
            }
        eh_scan_subset found;
        assert_int_equal(eh_scan_subset_best(&s->table, &options, 60, s->arena, &found, &s->error), EH_OK);
        assert_near(found.score, best, 1e-6);
    }
}

/* ---- one group, one description ---------------------------------------------------------------------------------------------------------- */

static void test_description_leaves_out_what_does_not_matter(void **state)
{
    sample *s = *state;
    sample_fill(s, 4000, 4, 3, (rates){0.5, 0.5});
    for (size_t r = 0; r < 4000; r++) /* region 0 has newbie 0 only */
        if (s->codes[r * 4 + 3] == 0)
            s->codes[r * 4 + 2] = 0;
    scan_field *field = field_of(s, &(eh_scan_options){.penalty = 2});
    size_t region = 2, newbie = 1, zip = 3; /* by name: channel, newbie, region, zip */
    scan_candidate group = {.values = {scan_whole(field, 0), 1, 1, 0xF}};
    scan_canonical(field, &group);
    assert_int_equal(group.values[newbie], scan_whole(field, newbie)); /* follows from the region */
    assert_int_equal(group.values[region], 1);
    assert_int_equal(scan_words(field, &group), 1);
    group.values[zip] = 0xE; /* all but one */
    assert_int_equal(scan_words(field, &group), 2);
    group.values[region] = scan_whole(field, region);
    group.values[newbie] = 2; /* nobody of region 0 is there: it may be in or out */
    group.values[region] = 6;
    scan_canonical(field, &group);
    assert_int_equal(group.values[region], scan_whole(field, region));
}

static void test_ranges_of_an_ordered_attribute_are_one_word(void **state)
{
    sample *s = *state;
    sample_fill(s, 500, 5, 3, (rates){0.5, 0.5});
    scan_field *field = field_of(s, &(eh_scan_options){.penalty = 2});
    scan_candidate group = {.values = {0x7, scan_whole(field, 1), scan_whole(field, 2), scan_whole(field, 3), scan_whole(field, 4)}};
    assert_int_equal(scan_words(field, &group), 1); /* age a to c */
    group.values[0] = 0x15;
    assert_int_equal(scan_words(field, &group), 3);
}

/* ---- order ------------------------------------------------------------------------------------------------------------------------------ */

static void assert_same_scan(const eh_scan *a, const eh_scan *b, const size_t *place)
{
    assert_int_equal(a->groups_count, b->groups_count);
    for (size_t g = 0; g < a->groups_count; g++) {
        const eh_scan_group *x = &a->groups[g], *y = &b->groups[g];
        assert_int_equal(x->rows, y->rows);
        assert_int_equal(x->yes, y->yes);
        assert_true(x->p == y->p && x->score == y->score && x->confirmed.value == y->confirmed.value);
        assert_int_equal(x->conditions_count, y->conditions_count);
        for (size_t i = 0; i < x->conditions_count; i++) {
            bool found = false;
            for (size_t k = 0; k < y->conditions_count; k++)
                found = found || (y->conditions[k].attribute == place[x->conditions[i].attribute] && y->conditions[k].values == x->conditions[i].values);
            assert_true(found);
        }
    }
}

static void test_order_of_rows_and_columns_does_not_matter(void **state)
{
    sample *s = *state;
    enum { ROWS = 5000, COLUMNS = 4 };
    static uint8_t turned[ROWS * COLUMNS];
    static eh_scan_cell cells[ROWS];
    eh_cube_dimension attributes[COLUMNS];
    const size_t place[COLUMNS] = {2, 0, 3, 1}, same[COLUMNS] = {0, 1, 2, 3};
    sample_fill(s, ROWS, COLUMNS, 11, (rates){0.5, 0.2});
    const eh_scan *first = scan_of(s, (eh_scan_options){.seed = 5});
    assert_true(first->groups_count >= 1);
    for (size_t a = 0; a < COLUMNS; a++)
        attributes[place[a]] = s->attributes[a];
    for (size_t r = 0; r < ROWS; r++) {
        cells[r] = s->cells[ROWS - 1 - r];
        for (size_t a = 0; a < COLUMNS; a++)
            turned[r * COLUMNS + place[a]] = s->codes[(ROWS - 1 - r) * COLUMNS + a];
    }
    eh_scan_table before = s->table;
    s->table = (eh_scan_table){.attributes = attributes, .attributes_count = COLUMNS, .codes = turned, .cells = cells, .cells_count = ROWS};
    assert_same_scan(first, scan_of(s, (eh_scan_options){.seed = 5}), place);
    s->table = before;
    assert_same_scan(first, scan_of(s, (eh_scan_options){.seed = 5}), same); /* and again: the same */
}

static void test_names_of_values_do_not_matter_to_the_searches(void **state)
{
    sample *s = *state;
    sample_fill(s, 2000, 4, 21, (rates){0.5, 0.25});
    const eh_scan_options options = {.penalty = 1, .direction = EH_SCAN_LOW, .rows_min = 20};
    eh_scan_subset before, after;
    double maxima[2][2];
    for (int turn = 0; turn < 2; turn++) {
        scan_field *field = field_of(s, &options);
        scan_lattice *lattice = NULL;
        assert_int_equal(scan_lattice_make(field, 3, s->arena, &lattice, &s->error), EH_OK);
        scan_lattice_maxima(lattice, field->hits, EH_SCAN_LOW, maxima[turn]);
        assert_int_equal(eh_scan_subset_best(&s->table, &options, 50, s->arena, turn == 0 ? &before : &after, &s->error), EH_OK);
        for (size_t i = 0; i < 2000 * 4; i++) /* the last value becomes the first, and so on */
            s->codes[i] = (uint8_t)(s->attributes[i % 4].groups_count - 1 - s->codes[i]);
    }
    assert_near(before.score, after.score, 1e-6);
    assert_near(maxima[0][SCAN_LATTICE_LOW], maxima[1][SCAN_LATTICE_LOW], 1e-9);
    assert_true(isinf(maxima[0][SCAN_LATTICE_HIGH]) && isinf(maxima[1][SCAN_LATTICE_HIGH])); /* not asked for */
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------ */

static void test_planted_group_is_told(void **state)
{
    sample *s = *state;
    sample_fill(s, 12000, 5, 2, (rates){0.4, 0.2});
    const eh_scan *scan = scan_of(s, (eh_scan_options){.seed = 3});
    assert_int_equal(scan->verdict, EH_VIOLATES);
    assert_int_equal(scan->groups_count, 1);
    const eh_scan_group *group = &scan->groups[0];
    assert_int_equal(group->conditions_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(group->conditions[i].attribute, i);
        assert_int_equal(group->conditions[i].values, 1);
        assert_false(group->conditions[i].except);
    }
    assert_int_equal(group->direction, EH_SCAN_LOW);
    assert_true(group->confirmed.low < 0.2 && group->confirmed.high > 0.2);
    assert_true(group->p <= 0.05 && group->p == fmax(group->p_search, group->p_confirmed));
    assert_near(group->share, (double)group->rows / 12000, 1e-12);
    assert_int_equal(scan_of(s, (eh_scan_options){.seed = 3, .direction = EH_SCAN_HIGH})->groups_count, 0);
}

static void test_equal_weights_are_no_weights(void **state)
{
    sample *s = *state;
    sample_fill(s, 6000, 4, 2, (rates){0.5, 0.2});
    const eh_scan *plain = scan_of(s, (eh_scan_options){.seed = 3});
    for (size_t r = 0; r < 6000; r++)
        s->cells[r].weight = 2.5;
    const size_t same[] = {0, 1, 2, 3};
    assert_same_scan(plain, scan_of(s, (eh_scan_options){.seed = 3}), same);
    for (size_t r = 0; r < 6000; r++)
        s->cells[r].weight = r % 2 == 0 ? 1 : 3;
    const eh_scan *weighted = scan_of(s, (eh_scan_options){.seed = 3});
    assert_near(weighted->effective, 6000 * 4.0 / 5, 1e-6); /* (1 + 3)^2 / (2 (1 + 9)) */
    assert_true(weighted->groups_count >= 1);
    assert_int_equal(weighted->groups[0].conditions_count, 2);
}

static void test_strata_explain_what_they_make(void **state)
{
    sample *s = *state;
    sample_fill(s, 8000, 4, 2, (rates){0.5, 0.15});
    for (size_t r = 0; r < 8000; r++)
        s->cells[r].stratum = s->codes[r * 4] == 0 && s->codes[r * 4 + 1] == 0 ? 70 : 7;
    assert_int_equal(scan_of(s, (eh_scan_options){.seed = 3})->groups_count, 0);
}

static void test_given_expectations_that_are_too_high_are_told(void **state)
{
    sample *s = *state;
    sample_fill(s, 6000, 3, 9, (rates){0.3, 0.3});
    s->table.given = true;
    for (size_t r = 0; r < 6000; r++)
        s->cells[r].expected = s->codes[r * 3 + 2] == 1 ? 0.45 : 0.3;
    const eh_scan *scan = scan_of(s, (eh_scan_options){.seed = 3});
    assert_int_equal(scan->groups_count, 1);
    assert_int_equal(scan->groups[0].conditions_count, 1);
    assert_int_equal(scan->groups[0].conditions[0].attribute, 2);
    assert_near(scan->groups[0].expected, 0.45, 1e-9);
}

static void test_few_rows_are_not_enough_evidence(void **state)
{
    sample *s = *state;
    sample_fill(s, 200, 3, 2, (rates){0.2, 0.2});
    const eh_scan *scan = scan_of(s, (eh_scan_options){.seed = 1});
    assert_int_equal(scan->verdict, EH_NOT_ENOUGH_EVIDENCE);
    assert_true(isnan(scan->findable[0].low));
    sample_fill(s, 20000, 3, 4, (rates){0.4, 0.4});
    scan = scan_of(s, (eh_scan_options){.seed = 1});
    assert_int_equal(scan->verdict, EH_WITHIN_TOLERANCE);
    for (size_t i = 1; i < EH_SCAN_FINDABLE_COUNT; i++) /* larger groups need smaller gaps */
        assert_true(scan->findable[i].low > scan->findable[i - 1].low && scan->findable[i].high < scan->findable[i - 1].high);
}

static void test_what_cannot_be_scanned_is_refused(void **state)
{
    sample *s = *state;
    sample_fill(s, 100, 3, 2, (rates){0.5, 0.5});
    s->cells[7].weight = 0;
    refused(s, EH_INPUT, "weight");
    s->cells[7].weight = 1;
    s->cells[7].expected = 1.5;
    s->table.given = true;
    refused(s, EH_INPUT, "between 0 and 1");
    s->table.given = false;
    for (size_t r = 0; r < 100; r++)
        s->cells[r].yes = 1;
    refused(s, EH_INPUT, "the same one, yes");
    s->table.cells_count = 0;
    refused(s, EH_INPUT, "no rows");
    s->table.cells_count = 100;
    s->table.attributes_count = 0;
    refused(s, EH_LIMIT, "attributes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score_of_one_expectation_is_the_likelihood_ratio),
        cmocka_unit_test(test_score_at_the_ends),
        cmocka_unit_test_setup_teardown(test_lattice_finds_the_best_of_all_groups, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_subset_scan_finds_the_best_of_all_sets, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_description_leaves_out_what_does_not_matter, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_ranges_of_an_ordered_attribute_are_one_word, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_order_of_rows_and_columns_does_not_matter, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_names_of_values_do_not_matter_to_the_searches, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_planted_group_is_told, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_equal_weights_are_no_weights, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_strata_explain_what_they_make, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_given_expectations_that_are_too_high_are_told, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_few_rows_are_not_enough_evidence, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_scanned_is_refused, sample_open, sample_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
