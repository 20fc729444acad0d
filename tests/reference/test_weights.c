/**
 * Goal: the functions of stats/weights.h agree with balance, AIF360, Fairlearn, scipy and scikit-learn on their documented examples.
 *
 * expected/weights.json was made by peers/weights_figures.py. A function of the file that is not known here fails the test, and the
 * other way round. Agreement: 1e-9, but 1e-6 for raking, where the peer stops on its own terms.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/json.h"
#include "stats/weights.h"

enum { NUMBERS_MAX = 128, CELLS_MAX = 16 };

typedef struct {
    double values[NUMBERS_MAX];
    size_t count;
} numbers;

static void give(numbers *out, double value)
{
    assert_true(out->count < NUMBERS_MAX);
    out->values[out->count++] = value;
}

static eh_two_shares halves(const double *a, size_t count)
{
    return (eh_two_shares){a, a + count / 2, count / 2};
}

static void run_total_variation(const double *a, size_t count, numbers *out)
{
    eh_two_shares shares = halves(a, count);
    give(out, eh_total_variation(&shares));
}

static void run_jensen_shannon(const double *a, size_t count, numbers *out)
{
    eh_two_shares shares = halves(a, count);
    give(out, eh_jensen_shannon(&shares));
}

static void run_stability(const double *a, size_t count, numbers *out)
{
    eh_two_shares shares = halves(a, count);
    give(out, eh_stability_index(&shares));
}

static void run_kolmogorov(const double *a, size_t count, numbers *out)
{
    eh_two_shares shares = halves(a, count);
    give(out, eh_kolmogorov_distance(&shares));
}

static void run_kolmogorov_p(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 2);
    give(out, eh_kolmogorov_p(a[0], a[1], (double)INFINITY));
}

static void give_chi_square(numbers *out, eh_chi_square found)
{
    give(out, found.statistic);
    give(out, found.df);
    give(out, found.p);
}

static void run_fit(const double *a, size_t count, numbers *out)
{
    eh_two_shares shares = halves(a + 1, count - 1);
    give_chi_square(out, eh_chi_square_fit(&shares, a[0]));
}

static eh_contingency table_of(const double *a)
{
    return (eh_contingency){a + 2, (size_t)a[0], (size_t)a[1]};
}

static void run_independence(const double *a, size_t count, numbers *out)
{
    (void)count;
    eh_contingency table = table_of(a);
    give_chi_square(out, eh_chi_square_independence(&table, 1));
}

static void run_information(const double *a, size_t count, numbers *out)
{
    (void)count;
    eh_contingency table = table_of(a);
    give(out, eh_normalised_mutual_information(&table));
}

static void cells_fill(const double *weights, size_t count, eh_weight_cell *cells)
{
    for (size_t i = 0; i < count; i++)
        cells[i] = (eh_weight_cell){weights[i], 1};
}

static void give_weights(numbers *out, const eh_weight_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        give(out, cells[i].weight);
}

static void run_design_effect(const double *a, size_t count, numbers *out)
{
    eh_weight_cell cells[NUMBERS_MAX];
    cells_fill(a, count, cells);
    eh_weights_cost cost = eh_weights_cost_of(cells, count);
    give(out, cost.design_effect);
    give(out, cost.effective_people);
}

static void run_trim(const double *a, size_t count, numbers *out)
{
    eh_weight_cell cells[NUMBERS_MAX];
    cells_fill(a + 1, count - 1, cells);
    eh_weights_trim(cells, count - 1, a[0]);
    give_weights(out, cells, count - 1);
}

static void run_winsorise(const double *a, size_t count, numbers *out)
{
    eh_weight_cell cells[NUMBERS_MAX], scratch[NUMBERS_MAX];
    cells_fill(a + 2, count - 2, cells);
    eh_weights_winsorise(cells, count - 2, (eh_tails_share){a[0], a[1]}, scratch);
    give_weights(out, cells, count - 2);
}

static void run_standardised(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 3);
    give(out, eh_standardised_difference(a[0], a[1], a[2]));
}

/* The weight of a person in each cell, in units of the mean weight; cells that nobody is in are not asked for. */
static void give_raked(numbers *out, const eh_rake_spec *spec)
{
    eh_error error = {.code = EH_OK};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_rake_result result = {0};
    assert_int_equal(eh_rake(spec, arena, &result, &error), EH_OK);
    assert_true(result.converged && result.largest_gap <= 1e-10);
    for (size_t i = 0; i < spec->cells_count; i++)
        give(out, result.factors[i]);
}

static void run_rake(const double *a, size_t count, numbers *out)
{
    size_t cells = (size_t)a[0], sizes[2] = {(size_t)a[1], (size_t)a[2]};
    uint32_t levels[2][CELLS_MAX];
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < cells; i++)
            levels[m][i] = (uint32_t)a[3 + m * cells + i];
    const double *weights = a + 3 + 2 * cells, *shares = weights + cells;
    assert_int_equal(count, 3 + 3 * cells + sizes[0] + sizes[1]);
    eh_margin margins[2] = {{levels[0], shares, sizes[0]}, {levels[1], shares + sizes[0], sizes[1]}};
    give_raked(out, &(eh_rake_spec){.weights = weights, .cells_count = cells, .margins = margins, .margins_count = 2});
}

static void run_poststratify(const double *a, size_t count, numbers *out)
{
    static const uint32_t each[CELLS_MAX] = {0, 1, 2, 3, 4, 5, 6, 7};
    size_t cells = (size_t)a[0];
    assert_int_equal(count, 1 + 2 * cells);
    eh_margin margin = {each, a + 1 + cells, cells};
    give_raked(out, &(eh_rake_spec){.weights = a + 1, .cells_count = cells, .margins = &margin, .margins_count = 1});
}

static void run_reweigh(const double *a, size_t count, numbers *out)
{
    double factors[CELLS_MAX];
    size_t groups = (size_t)a[0], outcomes = (size_t)a[1];
    assert_int_equal(count, 2 + groups * outcomes);
    eh_reweigh(a + 2, groups, outcomes, factors);
    for (size_t i = 0; i < groups * outcomes; i++)
        give(out, factors[i]);
}

static void run_decorrelate(const double *a, size_t count, numbers *out)
{
    double sums[2] = {0, 0}, people[2] = {0, 0}, shift[2];
    size_t rows = (size_t)a[1];
    const double *group = a + 2, *value = group + rows;
    assert_int_equal(count, 2 + 2 * rows);
    for (size_t i = 0; i < rows; i++) {
        sums[(size_t)group[i]] += value[i];
        people[(size_t)group[i]]++;
    }
    eh_decorrelate_fit(sums, people, 2, a[0], shift);
    for (size_t i = 0; i < rows; i++)
        give(out, value[i] - shift[(size_t)group[i]]);
}

/* 26 numbers of each group lie on every fourth of the 101 knots, so that the map is exact there. */
static void run_quantiles(const double *a, size_t count, numbers *out)
{
    enum { GROUPS_MAX = 3 };
    static eh_quantile_map maps[GROUPS_MAX];
    size_t people = (size_t)a[1], groups = (count - 2) / people;
    assert_true(groups <= GROUPS_MAX && count == 2 + groups * people);
    for (size_t g = 0; g < groups; g++) {
        maps[g].people = (double)people;
        eh_quantile_knots(a + 2 + g * people, people, maps[g].from);
    }
    eh_quantile_repair_fit(maps, groups, a[0]);
    for (size_t i = 0; i < groups * people; i++)
        give(out, eh_quantile_repair_at(&maps[i / people], a[2 + i]));
}

static const struct {
    const char *name;
    void (*run)(const double *a, size_t count, numbers *out);
    double tolerance;
} functions[] = {
    {"total_variation", run_total_variation, 1e-9},
    {"jensen_shannon", run_jensen_shannon, 1e-9},
    {"stability_index", run_stability, 1e-9},
    {"kolmogorov_distance", run_kolmogorov, 1e-9},
    {"kolmogorov_p", run_kolmogorov_p, 1e-9},
    {"chi_square_fit", run_fit, 1e-9},
    {"chi_square_independence", run_independence, 1e-9},
    {"normalised_mutual_information", run_information, 1e-9},
    {"design_effect", run_design_effect, 1e-9},
    {"trim", run_trim, 1e-9},
    {"winsorise", run_winsorise, 1e-9},
    {"standardised_difference", run_standardised, 1e-9},
    {"rake", run_rake, 1e-6},
    {"poststratify", run_poststratify, 1e-9},
    {"reweigh", run_reweigh, 1e-9},
    {"decorrelate", run_decorrelate, 1e-9},
    {"quantile_repair", run_quantiles, 1e-9},
};
enum { FUNCTIONS_COUNT = sizeof functions / sizeof functions[0] };

static void read_numbers(eh_json_value array, numbers *out)
{
    out->count = 0;
    for (size_t i = 0; i < eh_json_count(array); i++)
        give(out, eh_json_as_number(eh_json_item(array, i)));
}

static size_t function_find(const char *name)
{
    size_t i = 0;
    while (i < FUNCTIONS_COUNT && strcmp(functions[i].name, name) != 0)
        i++;
    return i;
}

/* Runs one case; returns how many of its numbers differ, each of which is printed. */
static int run_case(size_t f, eh_json_value item)
{
    numbers arguments, expected, found = {.count = 0};
    int wrong = 0;
    read_numbers(eh_json_member(item, "arguments"), &arguments);
    read_numbers(eh_json_member(item, "result"), &expected);
    functions[f].run(arguments.values, arguments.count, &found);
    assert_int_equal(found.count, expected.count);
    for (size_t i = 0; i < expected.count; i++) {
        double allowed = functions[f].tolerance * fmax(fabs(expected.values[i]), 1e-6) + 1e-13;
        if (fabs(expected.values[i] - found.values[i]) <= allowed)
            continue;
        wrong++;
        print_error("%s, argument 0 %.17g: [%zu] expected %.17g, found %.17g\n", functions[f].name, arguments.values[0], i, expected.values[i],
                    found.values[i]);
    }
    return wrong;
}

static void test_peers(void **state)
{
    (void)state;
    const char *source = getenv("EVENHAND_SOURCE");
    eh_error error = {.code = EH_OK};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_buffer_format(&path, "%s/tests/reference/expected/weights.json", source ? source : ".");
    assert_int_equal(eh_file_read(path.ptr, EH_JSON_BYTES_MAX, &text, &error), EH_OK);
    assert_int_equal(eh_json_parse(eh_buffer_view(&text), path.ptr, &document, &error), EH_OK);
    bool seen[FUNCTIONS_COUNT] = {false};
    int wrong = 0;
    eh_json_value tables = eh_json_member(eh_json_root(document), "tables");
    for (size_t t = 0; t < eh_json_count(tables); t++) {
        const char *name = eh_json_as_text(eh_json_member(eh_json_item(tables, t), "function"));
        eh_json_value cases = eh_json_member(eh_json_item(tables, t), "cases");
        assert_non_null(name);
        size_t f = function_find(name);
        assert_true(f < FUNCTIONS_COUNT);
        seen[f] = true;
        for (size_t i = 0; i < eh_json_count(cases); i++)
            wrong += run_case(f, eh_json_item(cases, i));
    }
    for (size_t f = 0; f < FUNCTIONS_COUNT; f++)
        assert_true(seen[f]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_peers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
