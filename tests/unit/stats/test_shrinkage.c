/* Goal: shrunk rates are the posterior under the prior of greatest marginal likelihood, and stay sensible when there is little to learn. */
#include "stats/stats.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

typedef struct {
    eh_proportion group;
    double value, low, high;
} shrunk_row;

static void agrees_with_scipy(void **state)
{
    (void)state;
    /* scipy 1.17: betabinom log likelihood maximised (a = 1.26656, b = 2.80944), then stats.beta.ppf of the posterior. */
    static const shrunk_row rows[] = {
        {{0, 4}, 0.15683, 0.00891, 0.45664},   {{1, 15}, 0.11882, 0.01878, 0.29256},  {{3, 10}, 0.30311, 0.10233, 0.55661},
        {{5, 10}, 0.44519, 0.20607, 0.69906},  {{8, 20}, 0.38489, 0.20546, 0.58243},  {{12, 30}, 0.38932, 0.23526, 0.55570},
        {{2, 40}, 0.07411, 0.01742, 0.16671},  {{9, 12}, 0.63863, 0.39820, 0.84644},
    };
    eh_proportion groups[8];
    eh_estimate shrunk[8];
    for (size_t i = 0; i < 8; i++)
        groups[i] = rows[i].group;
    eh_shrink_rates(groups, 8, 0.95, shrunk);
    for (size_t i = 0; i < 8; i++) {
        /* The likelihood is flat at its top: the prior is found to about a thousandth. */
        assert_true(fabs(shrunk[i].value - rows[i].value) < 3e-4);
        assert_true(fabs(shrunk[i].low - rows[i].low) < 5e-4);
        assert_true(fabs(shrunk[i].high - rows[i].high) < 5e-4);
        assert_true(shrunk[i].n == rows[i].group.trials);
    }
}

static void equal_groups_are_pooled(void **state)
{
    (void)state;
    static const eh_proportion groups[] = {{20, 100}, {10, 50}, {2, 10}, {0, 0}};
    eh_estimate shrunk[4];
    eh_shrink_rates(groups, 4, 0.95, shrunk);
    eh_interval alone = eh_interval_wilson(groups[2], 0.95);
    for (size_t i = 0; i < 4; i++) {
        assert_true(fabs(shrunk[i].value - 0.2) < 0.01);
        assert_true(shrunk[i].low < 0.2 && shrunk[i].high > 0.2);
    }
    assert_true(shrunk[2].high - shrunk[2].low < (alone.high - alone.low) / 2);
}

static void little_to_learn(void **state)
{
    (void)state;
    eh_estimate shrunk[3];
    static const eh_proportion nobody[] = {{0, 0}, {0, 0}};
    eh_shrink_rates(nobody, 2, 0.95, shrunk);
    assert_true(isnan(shrunk[0].value) && shrunk[0].low == 0 && shrunk[0].high == 1);
    static const eh_proportion none_picked[] = {{0, 5}, {0, 5000}, {0, 0}};
    eh_shrink_rates(none_picked, 3, 0.95, shrunk);
    /* Jeffreys' prior: (0 + 1/2) / (5 + 1). */
    assert_true(fabs(shrunk[0].value - 0.5 / 6) < 1e-15);
    for (size_t i = 0; i < 3; i++)
        assert_true(shrunk[i].low >= 0 && shrunk[i].low < shrunk[i].value && shrunk[i].value < shrunk[i].high && shrunk[i].high <= 1);
    static const eh_proportion alone[] = {{7, 9}};
    eh_shrink_rates(alone, 1, 0.95, shrunk);
    assert_true(fabs(shrunk[0].value - 7.5 / 10) < 1e-15);
    static const eh_proportion huge[] = {{1e8, 1e9}, {2e8, 1e9}, {1, 1e9}};
    eh_shrink_rates(huge, 3, 0.95, shrunk);
    assert_true(fabs(shrunk[0].value - 0.1) < 1e-6 && fabs(shrunk[1].value - 0.2) < 1e-6 && shrunk[2].value < 1e-8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_scipy), cmocka_unit_test(equal_groups_are_pooled), cmocka_unit_test(little_to_learn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
