/**
 * Goal: the functions of stats/stats.h agree with statsmodels, scipy and published numbers to 1e-9.
 *
 * expected/statistics.json holds tables of {function, peer, cases[{arguments, result}]}; it was made by peers/make_expected.py, which
 * names the source of every table. A function of the file that is not known here fails the test, and the other way round.
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
#include "stats/stats.h"

enum { ARGUMENTS_MAX = 64 };

typedef struct {
    double values[ARGUMENTS_MAX];
    size_t count;
} numbers;

typedef void (*function_run)(const double *a, size_t count, numbers *out);

static void give(numbers *out, double value)
{
    assert_true(out->count < ARGUMENTS_MAX);
    out->values[out->count++] = value;
}

static void give_interval(numbers *out, eh_interval interval)
{
    give(out, interval.low);
    give(out, interval.high);
}

static eh_proportion proportion(const double *a)
{
    return (eh_proportion){.successes = a[0], .trials = a[1]};
}

static void run_wilson(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 3);
    give_interval(out, eh_interval_wilson(proportion(a), a[2]));
}

static void run_newcombe(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 5);
    give_interval(out, eh_interval_newcombe(proportion(a), proportion(a + 2), a[4]));
}

static void run_ratio_score(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 5);
    give_interval(out, eh_interval_ratio_score(proportion(a), proportion(a + 2), a[4]));
}

static void run_mean(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 4);
    give_interval(out, eh_interval_mean(a[0], a[1], a[2], a[3]));
}

static void run_z_difference(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 5);
    give(out, eh_score_z(EH_SCALE_DIFFERENCE, proportion(a), proportion(a + 2), a[4]));
}

static void run_z_ratio(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 5);
    give(out, eh_score_z(EH_SCALE_RATIO, proportion(a), proportion(a + 2), a[4]));
}

/** Miettinen and Nurminen 1985 enlarge the variance by N / (N - 1); ours does not, so the statistics differ by its root. */
static double miettinen_nurminen(const double *a)
{
    double everyone = a[1] + a[3];
    return sqrt((everyone - 1.0) / everyone);
}

static void run_z_ratio_corrected(const double *a, size_t count, numbers *out)
{
    run_z_ratio(a, count, out);
    out->values[0] *= miettinen_nurminen(a);
}

static void run_p_difference(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 6);
    give(out, eh_score_p(EH_SCALE_DIFFERENCE, proportion(a), proportion(a + 2), a[4], a[5] < 0 ? -1 : 1));
}

static void run_p_ratio(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 6);
    give(out, eh_score_p(EH_SCALE_RATIO, proportion(a), proportion(a + 2), a[4], a[5] < 0 ? -1 : 1));
}

static void run_equality(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 4);
    give(out, eh_equality_p(proportion(a), proportion(a + 2)));
}

static void run_holm(const double *a, size_t count, numbers *out)
{
    size_t scratch[ARGUMENTS_MAX];
    eh_adjust_holm(a, count, scratch, out->values);
    out->count = count;
}

static void run_benjamini_hochberg(const double *a, size_t count, numbers *out)
{
    size_t scratch[ARGUMENTS_MAX];
    eh_adjust_benjamini_hochberg(a, count, scratch, out->values);
    out->count = count;
}

static void run_mantel_haenszel(const double *a, size_t count, numbers *out)
{
    eh_stratum strata[ARGUMENTS_MAX / 4];
    assert_int_equal(count % 4, 0);
    for (size_t i = 0; i < count / 4; i++)
        strata[i] = (eh_stratum){.a = a[4 * i], .b = a[4 * i + 1], .c = a[4 * i + 2], .d = a[4 * i + 3]};
    eh_mantel_haenszel table = eh_mantel_haenszel_of(strata, count / 4, 0.95);
    give(out, table.odds_ratio.value);
    give(out, table.odds_ratio.low);
    give(out, table.odds_ratio.high);
    give(out, table.statistic);
    give(out, table.statistic_corrected);
    give(out, table.p);
}

/** Strata of three groups: picked and total of each. */
static void run_cochran_mantel_haenszel(const double *a, size_t count, numbers *out)
{
    enum { GROUPS = 3 };
    double picked[ARGUMENTS_MAX], total[ARGUMENTS_MAX], statistic = 0, df = 0, p = 0;
    assert_int_equal(count % (2 * GROUPS), 0);
    for (size_t i = 0; i < count / 2; i++) {
        picked[i] = a[2 * i];
        total[i] = a[2 * i + 1];
    }
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_strata_table table = {.picked = picked, .total = total, .strata_count = count / (2 * GROUPS), .groups_count = GROUPS};
    eh_error error = {.code = EH_OK};
    assert_int_equal(eh_cochran_mantel_haenszel(&table, arena, &statistic, &df, &p, &error), EH_OK);
    give(out, statistic);
    give(out, df);
    give(out, p);
}

static void run_auc(const double *a, size_t count, numbers *out)
{
    eh_score_bin bins[ARGUMENTS_MAX / 3];
    assert_int_equal(count % 3, 0);
    for (size_t i = 0; i < count / 3; i++)
        bins[i] = (eh_score_bin){.score = a[3 * i], .negatives = a[3 * i + 1], .positives = a[3 * i + 2]};
    eh_estimate area = eh_auc_delong(bins, count / 3, 1.0, 0.95);
    give(out, area.value);
    give(out, area.low);
    give(out, area.high);
}

static void run_beta_cdf(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 3);
    give(out, eh_beta_cdf(a[0], a[1], a[2]));
}

static void run_beta_quantile(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 3);
    give(out, eh_beta_quantile(a[0], a[1], a[2]));
}

static void run_chi_square(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 2);
    give(out, eh_chi_square_survival(a[0], a[1]));
}

static void run_student(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 2);
    give(out, eh_student_cdf(a[0], a[1]));
}

static void run_binomial(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 3);
    give(out, eh_binomial_cdf(a[0], a[1], a[2]));
}

static void run_normal_cdf(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 1);
    give(out, eh_normal_cdf(a[0]));
}

static void run_normal_quantile(const double *a, size_t count, numbers *out)
{
    assert_int_equal(count, 1);
    give(out, eh_normal_quantile(a[0]));
}

static const struct {
    const char *name;
    function_run run;
} functions[] = {
    {"interval_wilson", run_wilson},
    {"interval_newcombe", run_newcombe},
    {"interval_ratio_score", run_ratio_score},
    {"interval_mean", run_mean},
    {"score_z_difference", run_z_difference},
    {"score_z_ratio", run_z_ratio},
    {"score_z_ratio_miettinen_nurminen", run_z_ratio_corrected},
    {"score_p_difference", run_p_difference},
    {"score_p_ratio", run_p_ratio},
    {"equality_p", run_equality},
    {"adjust_holm", run_holm},
    {"adjust_benjamini_hochberg", run_benjamini_hochberg},
    {"mantel_haenszel", run_mantel_haenszel},
    {"cochran_mantel_haenszel", run_cochran_mantel_haenszel},
    {"auc_delong", run_auc},
    {"beta_cdf", run_beta_cdf},
    {"beta_quantile", run_beta_quantile},
    {"chi_square_survival", run_chi_square},
    {"student_cdf", run_student},
    {"binomial_cdf", run_binomial},
    {"normal_cdf", run_normal_cdf},
    {"normal_quantile", run_normal_quantile},
};
enum { FUNCTIONS_COUNT = sizeof functions / sizeof functions[0] };

static void read_numbers(eh_json_value array, numbers *out)
{
    out->count = 0;
    for (size_t i = 0; i < eh_json_count(array); i++) {
        eh_json_value item = eh_json_item(array, i);
        const char *text = eh_json_as_text(item);
        give(out, text && strcmp(text, "inf") == 0 ? (double)INFINITY : eh_json_as_number(item));
    }
}

/** 1e-9 relative; absolute only far below, so that small tails are compared too. */
static bool agrees(double expected, double found)
{
    if (isinf(expected) || isinf(found))
        return isinf(expected) && isinf(found) && signbit(expected) == signbit(found);
    return fabs(expected - found) <= 1e-9 * fabs(expected) + 1e-15;
}

/** Runs one case; returns how many of its numbers differ, each of which is printed. */
static int run_case(function_run run, const char *name, eh_json_value item)
{
    numbers arguments, expected, found = {.count = 0};
    int wrong = 0;
    read_numbers(eh_json_member(item, "arguments"), &arguments);
    read_numbers(eh_json_member(item, "result"), &expected);
    run(arguments.values, arguments.count, &found);
    assert_int_equal(found.count, expected.count);
    for (size_t i = 0; i < expected.count; i++) {
        if (agrees(expected.values[i], found.values[i]))
            continue;
        wrong++;
        print_error("%s(", name);
        for (size_t j = 0; j < arguments.count; j++)
            print_error(j ? ", %.17g" : "%.17g", arguments.values[j]);
        print_error(")[%zu]: expected %.17g, found %.17g\n", i, expected.values[i], found.values[i]);
    }
    return wrong;
}

static size_t function_find(const char *name)
{
    size_t i = 0;
    while (i < FUNCTIONS_COUNT && strcmp(functions[i].name, name) != 0)
        i++;
    return i;
}

static void test_peers(void **state)
{
    (void)state;
    const char *source = getenv("EVENHAND_SOURCE");
    eh_error error = {.code = EH_OK};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_buffer_format(&path, "%s/tests/reference/expected/statistics.json", source ? source : ".");
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
            wrong += run_case(functions[f].run, name, eh_json_item(cases, i));
    }
    for (size_t f = 0; f < FUNCTIONS_COUNT; f++)
        assert_true(seen[f]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
