/** Goal: divergences, raking, weights' cost, number repair and recovery behave at their edges; figures of peers are in tests/reference. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/weights.h"

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance;
}

static void divergences_at_edges(void **state)
{
    (void)state;
    static const double none[] = {0, 0}, some[] = {3, 5}, left[] = {1, 0}, right[] = {0, 1};
    eh_two_shares empty = {none, some, 2}, apart = {left, right, 2}, alike = {some, some, 2};
    assert_true(isnan(eh_total_variation(&empty)) && isnan(eh_jensen_shannon(&empty)) && isnan(eh_stability_index(&empty)));
    assert_true(isnan(eh_kolmogorov_distance(&empty)));
    assert_true(eh_total_variation(&apart) == 1 && near(eh_jensen_shannon(&apart), 1, 1e-15) && eh_kolmogorov_distance(&apart) == 1);
    assert_true(isfinite(eh_stability_index(&apart)) && eh_stability_index(&apart) > 10);
    assert_true(eh_total_variation(&alike) == 0 && eh_jensen_shannon(&alike) == 0 && eh_stability_index(&alike) == 0);
    assert_true(isinf(eh_chi_square_fit(&apart, 10).statistic) && eh_chi_square_fit(&apart, 10).p == 0);
    assert_true(isnan(eh_standardised_difference(.5, 1, 0)));
    assert_true(near(eh_standardised_difference(.6, .5, 0), .2, 1e-15));
    assert_true(eh_kolmogorov_p(0, 100, EH_INFINITY) == 1 && eh_kolmogorov_p(1, 1000, 1000) < 1e-12);
}

/* With a design effect of 2 the statistic is half as large: Rao and Scott's first order. */
static void chi_square_is_corrected_for_the_design(void **state)
{
    (void)state;
    static const double sample[] = {60, 40}, population[] = {1, 1};
    eh_two_shares shares = {sample, population, 2};
    assert_true(near(eh_chi_square_fit(&shares, 100).statistic, 4, 1e-12));
    assert_true(near(eh_chi_square_fit(&shares, 50).statistic, 2, 1e-12));
}

static void raking_reaches_margins(void **state)
{
    (void)state;
    static const uint32_t a[] = {0, 0, 0, 1, 1, 1}, b[] = {0, 1, 2, 0, 1, (uint32_t)EH_LEVEL_NONE};
    static const double weights[] = {30, 20, 10, 5, 25, 60}, shares_a[] = {52, 48}, shares_b[] = {.2, .3, .5};
    eh_error error = {.code = EH_OK};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_margin margins[] = {{a, shares_a, 2}, {b, shares_b, 3}};
    eh_rake_spec spec = {.weights = weights, .cells_count = 6, .margins = margins, .margins_count = 2};
    eh_rake_result result;
    assert_int_equal(eh_rake(&spec, arena, &result, &error), EH_OK);
    assert_true(result.converged && result.rounds > 1 && result.largest_gap <= 1e-10);
    double of_a = 0, total = 0, of_b = 0, in_b = 0;
    for (size_t i = 0; i < 6; i++) {
        double raked = weights[i] * result.factors[i];
        total += raked;
        of_a += a[i] == 0 ? raked : 0;
        in_b += i < 5 ? raked : 0;
        of_b += b[i] == 2 ? raked : 0;
    }
    assert_true(near(total, 150, 1e-6) && near(of_a / total, .52, 1e-9) && near(of_b / in_b, .5, 1e-9));
    spec.rounds_max = 1;
    assert_int_equal(eh_rake(&spec, arena, &result, &error), EH_OK);
    assert_false(result.converged);
}

static void raking_refuses_what_no_weight_can_reach(void **state)
{
    (void)state;
    static const uint32_t a[] = {0, 2};
    static const double weights[] = {3, 4}, shares[] = {1, 1, 1}, zero[] = {1, 1, 0};
    eh_error error = {.code = EH_OK};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_margin margin = {a, shares, 3};
    eh_rake_spec spec = {.weights = weights, .cells_count = 2, .margins = &margin, .margins_count = 1};
    eh_rake_result result;
    size_t m = 9, level = 9;
    bool people_missing = false;
    assert_int_equal(eh_rake(&spec, arena, &result, &error), EH_CONFLICT);
    assert_true(eh_rake_unreachable(&spec, &m, &level, &people_missing, arena));
    assert_true(m == 0 && level == 1 && people_missing);
    margin.shares = zero;
    assert_true(eh_rake_unreachable(&spec, &m, &level, &people_missing, arena));
}

static void costs_of_weights(void **state)
{
    (void)state;
    const eh_weight_cell cells[] = {{1, 90}, {11, 10}, {0, 5}};
    eh_weights_cost cost = eh_weights_cost_of(cells, 3);
    assert_true(cost.people == 105 && cost.sum == 200);
    assert_true(near(cost.design_effect, 105.0 * 1300 / 40000, 1e-12) && near(cost.effective_people, 40000.0 / 1300, 1e-12));
    assert_true(near(cost.smallest, 105.0 / 200, 1e-12) && near(cost.largest, 11 * 105.0 / 200, 1e-12));
    assert_true(isnan(eh_weights_cost_of(cells, 0).design_effect));
}

static void numbers_are_sent_to_one_distribution(void **state)
{
    (void)state;
    enum { N = 1001 };
    static double low[N], high[N];
    static eh_quantile_map maps[2];
    for (size_t i = 0; i < N; i++) {
        low[i] = (double)i / 10;
        high[i] = 50 + (double)i / 5;
    }
    eh_quantile_knots(low, N, maps[0].from);
    eh_quantile_knots(high, N, maps[1].from);
    eh_quantile_repair_fit(maps, 2, 1);
    for (size_t i = 0; i < N; i += 50)
        assert_true(near(eh_quantile_repair_at(&maps[0], low[i]), eh_quantile_repair_at(&maps[1], high[i]), 1e-9));
    assert_true(near(eh_quantile_repair_at(&maps[0], -1), -1 + 25, 1e-9)); /* outside: the end's own shift */
    assert_true(isnan(eh_quantile_repair_at(&maps[0], EH_NAN)));
    eh_quantile_repair_fit(maps, 2, 0);
    assert_true(near(eh_quantile_repair_at(&maps[1], 99.9), 99.9, 1e-9));
    /* A flat part: most people have 0; all of them go to one place. */
    static const double flat[] = {0, 0, 0, 0, 0, 0, 0, 0, 8, 9};
    eh_quantile_knots(flat, 10, maps[0].from);
    eh_quantile_repair_fit(maps, 1, 1);
    assert_true(near(eh_quantile_repair_at(&maps[0], 0), 0, 1e-12) && near(eh_quantile_repair_at(&maps[0], 9), 9, 1e-12));
}

enum { ROWS = 4000 };

static eh_recovery recover(const uint8_t *const *bins, size_t features, const uint8_t *member, eh_arena *arena)
{
    static const uint16_t bins_count[] = {4, 4, 4};
    static uint8_t fold[ROWS];
    eh_error error = {.code = EH_OK};
    eh_recovery found;
    for (size_t i = 0; i < ROWS; i++)
        fold[i] = (uint8_t)(i % EH_RECOVERY_FOLDS);
    eh_recovery_spec spec = {bins, bins_count, features, ROWS, member, fold};
    assert_int_equal(eh_recovery_of(&spec, .95, arena, &found, &error), EH_OK);
    return found;
}

static void recovery_finds_what_is_there_and_nothing_else(void **state)
{
    (void)state;
    static uint8_t a[ROWS], b[ROWS], c[ROWS], member[ROWS], chance[ROWS];
    const uint8_t *const bins[] = {a, b, c};
    eh_random random;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(64 << 20);
    eh_random_init(&random, 5);
    for (size_t i = 0; i < ROWS; i++) {
        a[i] = (uint8_t)(eh_random_next(&random) % 4);
        b[i] = (uint8_t)(eh_random_next(&random) % 4);
        c[i] = (uint8_t)(eh_random_next(&random) % 4);
        member[i] = eh_random_unit(&random) < (a[i] == 0 ? .9 : .1) + (b[i] == 1 ? .1 : 0);
        chance[i] = eh_random_unit(&random) < .3;
    }
    eh_recovery found = recover(bins, 3, member, arena), nothing = recover(bins, 3, chance, arena);
    assert_true(found.auc.value > .85 && found.auc.low > .83 && found.gains[0] > .8 && found.gains[2] < .05);
    assert_true(nothing.auc.low < .5 && nothing.auc.high > .48 && fabs(nothing.auc.value - .5) < .03);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divergences_at_edges),
        cmocka_unit_test(chi_square_is_corrected_for_the_design),
        cmocka_unit_test(raking_reaches_margins),
        cmocka_unit_test(raking_refuses_what_no_weight_can_reach),
        cmocka_unit_test(costs_of_weights),
        cmocka_unit_test(numbers_are_sent_to_one_distribution),
        cmocka_unit_test(recovery_finds_what_is_there_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
