/* Goal: stratified measures agree with R, with each other and with plain tests where there is one stratum only. */
#include "stats/stats.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* UCBAdmissions (R datasets; Bickel et al. 1975): departments A to F; men admitted, men rejected, women admitted, women rejected. */
static const eh_stratum berkeley[6] = {
    {512, 313, 89, 19}, {353, 207, 17, 8}, {120, 205, 202, 391}, {138, 279, 131, 244}, {53, 138, 94, 299}, {22, 351, 24, 317},
};

static void berkeley_as_in_r(void **state)
{
    (void)state;
    eh_mantel_haenszel result = eh_mantel_haenszel_of(berkeley, 6, 0.95);
    /* R, example(mantelhaen.test) on UCBAdmissions: 0.9046968 (0.7719074, 1.0603298); 1.5246 without correction, 1.4269 with. */
    assert_true(fabs(result.odds_ratio.value - 0.9046968) < 0.5e-7);
    assert_true(fabs(result.odds_ratio.low - 0.7719074) < 0.5e-7);
    assert_true(fabs(result.odds_ratio.high - 1.0603298) < 0.5e-7);
    assert_true(result.odds_ratio.n == 4526);
    assert_true(fabs(result.statistic - 1.5246) < 0.5e-4);
    assert_true(fabs(result.statistic_corrected - 1.4269) < 0.5e-4);
    assert_true(fabs(result.p - eh_chi_square_survival(result.statistic, 1)) < 1e-15);
}

static void generalised_equals_plain(void **state)
{
    (void)state;
    double picked[12], total[12];
    for (size_t s = 0; s < 6; s++) {
        picked[2 * s] = berkeley[s].a, total[2 * s] = berkeley[s].a + berkeley[s].b;
        picked[2 * s + 1] = berkeley[s].c, total[2 * s + 1] = berkeley[s].c + berkeley[s].d;
    }
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    double statistic, df, p;
    eh_strata_table table = {picked, total, 6, 2};
    assert_int_equal(eh_cochran_mantel_haenszel(&table, arena, &statistic, &df, &p, NULL), EH_OK);
    eh_mantel_haenszel plain = eh_mantel_haenszel_of(berkeley, 6, 0.95);
    assert_true(fabs(statistic - plain.statistic) < 1e-10 && df == 1 && fabs(p - plain.p) < 1e-12);
}

static void one_stratum_is_pearson(void **state)
{
    (void)state;
    static const double picked[4] = {12, 30, 7, 55}, total[4] = {40, 60, 30, 100};
    double n = 0, m = 0, pearson = 0;
    for (size_t g = 0; g < 4; g++)
        n += total[g], m += picked[g];
    for (size_t g = 0; g < 4; g++) {
        double expected = total[g] * m / n, deviation = picked[g] - expected;
        pearson += deviation * deviation / expected + deviation * deviation / (total[g] - expected);
    }
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    double statistic, df, p;
    eh_strata_table table = {picked, total, 1, 4};
    assert_int_equal(eh_cochran_mantel_haenszel(&table, arena, &statistic, &df, &p, NULL), EH_OK);
    /* Landis, Heyman and Koch 1978: with one stratum it is Pearson's statistic times (n - 1) / n. */
    assert_true(fabs(statistic - pearson * (n - 1) / n) < 1e-10 && df == 3);
}

static void groups_that_never_meet(void **state)
{
    (void)state;
    /* Groups 0 and 1 in one stratum, 2 and 3 in the other, 4 nowhere: two independent tests, two degrees of freedom. */
    static const double picked[10] = {5, 9, 0, 0, 0, 0, 0, 20, 4, 0}, total[10] = {20, 15, 0, 0, 0, 0, 0, 30, 33, 0};
    const eh_stratum first = {5, 15, 9, 6}, second = {20, 10, 4, 29};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    double statistic, df, p;
    eh_strata_table table = {picked, total, 2, 5};
    assert_int_equal(eh_cochran_mantel_haenszel(&table, arena, &statistic, &df, &p, NULL), EH_OK);
    double expected = eh_mantel_haenszel_of(&first, 1, 0.95).statistic + eh_mantel_haenszel_of(&second, 1, 0.95).statistic;
    assert_true(df == 2 && fabs(statistic - expected) < 1e-10);
}

static void degenerate_tables(void **state)
{
    (void)state;
    eh_mantel_haenszel empty = eh_mantel_haenszel_of(NULL, 0, 0.95);
    assert_true(isnan(empty.odds_ratio.value) && isnan(empty.statistic) && isnan(empty.p) && isnan(empty.risk_difference));
    const eh_stratum nobody_picked[] = {{0, 5, 0, 9}, {0, 0, 0, 0}, {0, 1, 0, 0}};
    eh_mantel_haenszel none = eh_mantel_haenszel_of(nobody_picked, 3, 0.95);
    assert_true(isnan(none.odds_ratio.value) && isnan(none.statistic) && none.risk_difference == 0);
    const eh_stratum zero_cell[] = {{0, 5, 3, 9}}, infinite[] = {{4, 0, 3, 9}};
    eh_mantel_haenszel low = eh_mantel_haenszel_of(zero_cell, 1, 0.95), high = eh_mantel_haenszel_of(infinite, 1, 0.95);
    assert_true(low.odds_ratio.value == 0 && low.odds_ratio.low == 0 && isinf(low.odds_ratio.high));
    assert_true(isinf(high.odds_ratio.value) && high.statistic > 0);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    static const double picked[2] = {0, 0}, total[2] = {4, 4};
    double statistic, df, p;
    eh_strata_table table = {picked, total, 1, 2};
    assert_int_equal(eh_cochran_mantel_haenszel(&table, arena, &statistic, &df, &p, NULL), EH_OK);
    assert_true(isnan(statistic) && isnan(p) && df == 0);
    table.groups_count = EH_GROUPS_MAX + 1;
    assert_int_equal(eh_cochran_mantel_haenszel(&table, arena, &statistic, &df, &p, NULL), EH_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(berkeley_as_in_r),       cmocka_unit_test(generalised_equals_plain), cmocka_unit_test(one_stratum_is_pearson),
        cmocka_unit_test(groups_that_never_meet), cmocka_unit_test(degenerate_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
