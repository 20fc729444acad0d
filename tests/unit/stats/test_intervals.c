/* Goal: intervals are the published ones, stay defined at zero cells and huge counts, and always hold their own estimate. */
#include "stats/stats.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void assert_interval(eh_interval actual, double low, double high, double width)
{
    if (!(fabs(actual.low - low) <= width) || !(fabs(actual.high - high) <= width))
        fail_msg("[%.9g, %.9g], expected [%.9g, %.9g]", actual.low, actual.high, low, high);
}

typedef struct {
    eh_proportion a, b;
    double low, high;
} interval_row;

/* Four digits as printed are right to half a unit of the last one. */
static const double printed = 0.5e-4 + 1e-12;

static void wilson(void **state)
{
    (void)state;
    /* Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3. */
    static const interval_row rows[] = {
        {{81, 263}, {0, 0}, 0.2553, 0.3662},
        {{15, 148}, {0, 0}, 0.0624, 0.1605},
        {{0, 20}, {0, 0}, 0, 0.1611},
        {{1, 29}, {0, 0}, 0.0061, 0.1718},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_interval(eh_interval_wilson(rows[i].a, 0.95), rows[i].low, rows[i].high, printed);
    assert_interval(eh_interval_wilson((eh_proportion){0, 0}, 0.95), 0, 1, 0);
    assert_true(eh_interval_wilson((eh_proportion){0, 20}, 0.95).low == 0);
    assert_true(eh_interval_wilson((eh_proportion){20, 20}, 0.95).high == 1);
    /* At 0 of n the upper limit is z^2 / (n + z^2), from the formula. */
    double z2 = 1.959963984540054 * 1.959963984540054;
    assert_interval(eh_interval_wilson((eh_proportion){0, 1e9}, 0.95), 0, z2 / (1e9 + z2), 1e-20);
}

static void newcombe(void **state)
{
    (void)state;
    /* Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10. */
    static const interval_row rows[] = {
        {{56, 70}, {48, 80}, 0.0524, 0.3339},
        {{9, 10}, {3, 10}, 0.1705, 0.8090},
        {{0, 10}, {0, 20}, -0.1611, 0.2775},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_interval(eh_interval_newcombe(rows[i].a, rows[i].b, 0.95), rows[i].low, rows[i].high, printed);
        assert_interval(eh_interval_newcombe(rows[i].b, rows[i].a, 0.95), -rows[i].high, -rows[i].low, printed);
    }
    assert_interval(eh_interval_newcombe((eh_proportion){0, 0}, (eh_proportion){3, 10}, 0.95), -1, 1, 0);
}

static void ratio_score(void **state)
{
    (void)state;
    /* The first is the example of Koopman 1984 (2.94, 7.15); all digits: statsmodels 0.15, confint_proportions_2indep(...,
     * compare='ratio', method='score', correction=False). */
    static const interval_row rows[] = {
        {{36, 40}, {16, 80}, 2.9395691922149965, 7.15222343486603},
        {{7, 34}, {1, 34}, 1.2208528535148115, 42.57571760976041},
        {{120, 1000}, {90, 900}, 0.9280944745055001, 1.5528385629052048},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_interval(eh_interval_ratio_score(rows[i].a, rows[i].b, 0.95), rows[i].low, rows[i].high, 1e-8 * rows[i].high);
    /* All succeed on both sides: the limits are n1 / (n1 + z^2) and (n2 + z^2) / n2 (Nam 1995). */
    double z2 = 1.959963984540054 * 1.959963984540054;
    assert_interval(eh_interval_ratio_score((eh_proportion){12, 12}, (eh_proportion){8, 8}, 0.95), 12 / (12 + z2), (8 + z2) / 8, 1e-9);
}

static void ratio_score_at_zero_cells(void **state)
{
    (void)state;
    eh_interval none = eh_interval_ratio_score((eh_proportion){0, 50}, (eh_proportion){0, 60}, 0.95);
    assert_true(none.low == 0 && isinf(none.high));
    eh_interval below = eh_interval_ratio_score((eh_proportion){0, 50}, (eh_proportion){20, 60}, 0.95);
    assert_true(below.low == 0 && below.high > 0 && below.high < 1);
    eh_interval above = eh_interval_ratio_score((eh_proportion){20, 60}, (eh_proportion){0, 50}, 0.95);
    assert_true(above.low > 1 && isinf(above.high));
    /* Exchanged groups give the reciprocal interval. */
    assert_true(fabs(above.low * below.high - 1) < 1e-9);
    eh_interval unknown = eh_interval_ratio_score((eh_proportion){0, 0}, (eh_proportion){1, 2}, 0.95);
    assert_true(unknown.low == 0 && isinf(unknown.high));
}

/* The limit is where the score test changes its mind. */
static void ratio_score_inverts_the_test(void **state)
{
    (void)state;
    static const interval_row rows[] = {
        {{3, 40}, {9, 35}, 0, 0}, {{1, 1000000000}, {1000000000, 1000000000}, 0, 0}, {{1e8, 1e9}, {1.001e8, 1e9}, 0, 0},
        {{0.3, 12.5}, {4.7, 9.1}, 0, 0}, {{5, 5}, {1, 400}, 0, 0}, {{29, 30}, {29, 29}, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_interval interval = eh_interval_ratio_score(rows[i].a, rows[i].b, 0.9);
        assert_true(fabs(eh_score_z(EH_SCALE_RATIO, rows[i].a, rows[i].b, interval.low) - 1.6448536269514722) < 1e-6);
        assert_true(fabs(eh_score_z(EH_SCALE_RATIO, rows[i].a, rows[i].b, interval.high) + 1.6448536269514722) < 1e-6);
    }
}

static void always_hold_the_estimate(void **state)
{
    (void)state;
    static const double trials[] = {1, 2, 7, 40, 1e3, 1e6, 1e9};
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < 7; j++) {
            for (int part = 0; part <= 4; part++) {
                for (int other = 0; other <= 4; other++) {
                    eh_proportion a = {floor(trials[i] * part / 4), trials[i]}, b = {floor(trials[j] * other / 4), trials[j]};
                    double rate_a = a.successes / a.trials, rate_b = b.successes / b.trials;
                    eh_interval one = eh_interval_wilson(a, 0.99);
                    assert_true(one.low >= 0 && one.low <= rate_a && rate_a <= one.high && one.high <= 1);
                    eh_interval two = eh_interval_newcombe(a, b, 0.99);
                    assert_true(two.low >= -1 && two.low <= rate_a - rate_b && rate_a - rate_b <= two.high && two.high <= 1);
                    eh_interval three = eh_interval_ratio_score(a, b, 0.99);
                    assert_false(isnan(three.low) || isnan(three.high));
                    assert_true(three.low <= three.high);
                    if (rate_b > 0)
                        assert_true(three.low <= rate_a / rate_b * (1 + 1e-9) && rate_a / rate_b * (1 - 1e-9) <= three.high);
                }
            }
        }
    }
}

static void mover(void **state)
{
    (void)state;
    /* Wilson limits put into MOVER are Newcombe's interval, by construction (Zou and Donner 2008, section 3). */
    eh_proportion a = {56, 70}, b = {48, 80};
    eh_interval wilson_a = eh_interval_wilson(a, 0.95), wilson_b = eh_interval_wilson(b, 0.95);
    eh_estimate of_a = {0.8, wilson_a.low, wilson_a.high, 70}, of_b = {0.6, wilson_b.low, wilson_b.high, 80};
    eh_interval newcombe_interval = eh_interval_newcombe(a, b, 0.95);
    assert_interval(eh_interval_difference_mover(of_a, of_b), newcombe_interval.low, newcombe_interval.high, 1e-14);
    /* The formula of Donner and Zou 2012, equation 9, written out where nothing is degenerate. */
    eh_interval ratio = eh_interval_ratio_mover(of_a, of_b);
    double product = 0.8 * 0.6;
    double c_low = wilson_b.high * (1.2 - wilson_b.high), c_high = wilson_b.low * (1.2 - wilson_b.low);
    double low = (product - sqrt(product * product - wilson_a.low * (1.6 - wilson_a.low) * c_low)) / c_low;
    double high = (product + sqrt(product * product - wilson_a.high * (1.6 - wilson_a.high) * c_high)) / c_high;
    assert_interval(ratio, low, high, 1e-12);
    /* A denominator whose interval reaches 0 leaves the ratio without an upper limit; a numerator at 0 has lower limit 0. */
    assert_true(isinf(eh_interval_ratio_mover((eh_estimate){1, 0.5, 2, 1}, (eh_estimate){1, 0, 3, 1}).high));
    assert_true(eh_interval_ratio_mover((eh_estimate){0, 0, 1, 1}, (eh_estimate){1, 0.5, 2, 1}).low == 0);
    eh_interval wide = eh_interval_ratio_mover((eh_estimate){1, 0.5, 2, 1}, (eh_estimate){1, 0.9, 5, 1});
    assert_true(wide.low > 0 && wide.low < 1 && wide.high > 1);
    eh_interval undefined = eh_interval_ratio_mover((eh_estimate){EH_NAN, 0, 1, 0}, (eh_estimate){1, 0.5, 2, 1});
    assert_true(undefined.low == 0 && isinf(undefined.high));
    undefined = eh_interval_difference_mover((eh_estimate){EH_NAN, 0, 1, 0}, (eh_estimate){1, 0.5, 2, 1});
    assert_true(isinf(undefined.low) && isinf(undefined.high));
    eh_interval zeros = eh_interval_ratio_mover((eh_estimate){0, 0, 0, 9}, (eh_estimate){0, 0, 0, 9});
    assert_true(zeros.low == 0 && isinf(zeros.high));
}

static void mean(void **state)
{
    (void)state;
    /* t(.975, 9) = 2.262157162798205 (mpmath 1.3, 30 digits), times sqrt(4 / 10). */
    assert_interval(eh_interval_mean(5, 4, 10, 0.95), 5 - 2.262157162798205 * sqrt(0.4), 5 + 2.262157162798205 * sqrt(0.4), 1e-9);
    assert_true(isinf(eh_interval_mean(5, 4, 1.9, 0.95).low));
    assert_true(isinf(eh_interval_mean(5, EH_NAN, 10, 0.95).high));
    eh_interval fractional = eh_interval_mean(0, 1, 2.5, 0.95);
    /* t(.975, 1.5) = 6.016663104427929 (scipy 1.17). */
    assert_interval(fractional, -6.016663104427929 / sqrt(2.5), 6.016663104427929 / sqrt(2.5), 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson),
        cmocka_unit_test(newcombe),
        cmocka_unit_test(ratio_score),
        cmocka_unit_test(ratio_score_at_zero_cells),
        cmocka_unit_test(ratio_score_inverts_the_test),
        cmocka_unit_test(always_hold_the_estimate),
        cmocka_unit_test(mover),
        cmocka_unit_test(mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
