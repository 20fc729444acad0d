/* Goal: indexes of inequality have their textbook values, run smoothly into their limits and do not care how people are grouped. */
#include "stats/stats.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static const eh_benefit two[] = {{1, 1}, {3, 1}};
static const eh_benefit with_zero[] = {{1, 4}, {0, 1}, {2, 1}};
static const eh_benefit five[] = {{4, 1}, {1, 1}, {10, 1}, {3, 1}, {2, 1}};

typedef struct {
    const eh_benefit *benefits;
    size_t count;
    double parameter, expected;
} index_row;

static void generalized_entropy(void **state)
{
    (void)state;
    /* mpmath 1.3, 30 digits, from Speicher et al. 2018, equation 2. */
    static const index_row rows[] = {
        {two, 2, 0, 0.1438410362258905},        {two, 2, 0.3, 0.139049209968831},       {two, 2, 0.5, 0.1362966948437269},
        {two, 2, 0.999, 0.1308211441789967},    {two, 2, 1, 0.130812035941137},         {two, 2, 1.3, 0.1283930786710268},
        {two, 2, 2, 0.125},                     {two, 2, 3, 0.125},                     {with_zero, 3, 0.3, 0.6102028465516537},
        {with_zero, 3, 0.5, 0.39052429175127},  {with_zero, 3, 0.999, 0.2312002033858786}, {with_zero, 3, 1, 0.2310490601866484},
        {with_zero, 3, 1.3, 0.1975593276452276}, {with_zero, 3, 2, 0.1666666666666667},  {with_zero, 3, 3, 0.1666666666666667},
        {five, 5, 0, 0.2901665764514924},       {five, 5, 1, 0.2763636189573213},       {five, 5, 2, 0.3125},
        {five, 5, 3, 0.40625},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double index = eh_generalized_entropy(rows[i].benefits, rows[i].count, rows[i].parameter);
        assert_true(fabs(index - rows[i].expected) < 1e-14);
    }
    assert_true(fabs(eh_generalized_entropy(five, 5, 1e-9) - eh_generalized_entropy(five, 5, 0)) < 1e-8);
    assert_true(fabs(eh_generalized_entropy(five, 5, 1 - 1e-9) - eh_generalized_entropy(five, 5, 1)) < 1e-8);
    assert_true(isinf(eh_generalized_entropy(with_zero, 3, 0)));
}

static void atkinson(void **state)
{
    (void)state;
    /* mpmath 1.3, 30 digits; for {1, 3} and epsilon 1: 1 - sqrt(3) / 2. */
    assert_true(fabs(eh_atkinson(two, 2, 1) - (1 - sqrt(3) / 2)) < 1e-15);
    assert_true(fabs(eh_atkinson(five, 5, 0.5) - 0.1335104527366905) < 1e-14);
    assert_true(fabs(eh_atkinson(five, 5, 1) - 0.2518610651305776) < 1e-14);
    assert_true(fabs(eh_atkinson(five, 5, 2) - 0.4274809160305344) < 1e-14);
    assert_true(eh_atkinson(with_zero, 3, 1) == 1 && eh_atkinson(with_zero, 3, 2) == 1);
}

static void gini(void **state)
{
    (void)state;
    eh_benefit scratch[5];
    /* Closed form: sum over pairs |x - y| / (2 n^2 mean). {1, 3}: 4 / (2 * 4 * 2); {4, 1, 10, 3, 2}: 80 / (2 * 25 * 4). */
    assert_true(fabs(eh_gini(two, 2, scratch) - 0.25) < 1e-15);
    assert_true(fabs(eh_gini(five, 5, scratch) - 0.4) < 1e-15);
}

static void weights_are_people(void **state)
{
    (void)state;
    static const eh_benefit grouped[] = {{0, 1}, {1, 2.5}, {2, 1}, {1, 1.5}, {7, 0}};
    eh_benefit scratch[5];
    assert_true(fabs(eh_generalized_entropy(grouped, 5, 2) - eh_generalized_entropy(with_zero, 3, 2)) < 1e-15);
    assert_true(fabs(eh_atkinson(grouped, 5, 0.5) - eh_atkinson(with_zero, 3, 0.5)) < 1e-15);
    assert_true(fabs(eh_gini(grouped, 5, scratch) - eh_gini(with_zero, 3, scratch)) < 1e-15);
}

static void equal_and_undefined(void **state)
{
    (void)state;
    static const eh_benefit equal[] = {{2, 3}, {2, 5}}, none[] = {{0, 3}, {0, 5}};
    eh_benefit scratch[2];
    for (double parameter = 0; parameter <= 3; parameter += 0.25) {
        assert_true(fabs(eh_generalized_entropy(equal, 2, parameter)) < 1e-15);
        assert_true(isnan(eh_generalized_entropy(none, 2, parameter)));
    }
    assert_true(fabs(eh_gini(equal, 2, scratch)) < 1e-15 && isnan(eh_gini(none, 2, scratch)));
    assert_true(fabs(eh_atkinson(equal, 2, 1)) < 1e-15 && isnan(eh_atkinson(none, 2, 1)) && isnan(eh_atkinson(equal, 2, 0)));
    assert_true(isnan(eh_generalized_entropy(NULL, 0, 2)) && isnan(eh_gini(NULL, 0, NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generalized_entropy), cmocka_unit_test(atkinson),            cmocka_unit_test(gini),
        cmocka_unit_test(weights_are_people),  cmocka_unit_test(equal_and_undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
