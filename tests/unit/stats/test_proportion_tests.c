/* Goal: score statistics and p-values agree with statsmodels, with direct search and with full enumeration, up to the last cell. */
#include "stats/stats.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

typedef struct {
    eh_scale scale;
    eh_proportion a, b;
    double null_value, z;
} score_row;

/*
 * Ratios and equality: statsmodels 0.15, test_proportions_2indep(count1, nobs1, count2, nobs2, value=null, compare=...,
 * method='score', correction=False). It gives NaN for 0 against 0; that row is in p_at_the_edges.
 */
static const score_row ratio_scores[] = {
    {EH_SCALE_RATIO, {7, 34}, {1, 34}, 0.8, 2.62125281315583},
    {EH_SCALE_RATIO, {7, 34}, {1, 34}, 1.25, 1.92618545108731},
    {EH_SCALE_DIFFERENCE, {7, 34}, {1, 34}, 0, 2.25831795812724},
    {EH_SCALE_RATIO, {56, 70}, {48, 80}, 0.8, 4.49341592339353},
    {EH_SCALE_RATIO, {56, 70}, {48, 80}, 1.25, 0.597516075685166},
    {EH_SCALE_DIFFERENCE, {56, 70}, {48, 80}, 0, 2.65017195125853},
    {EH_SCALE_RATIO, {9, 10}, {3, 10}, 0.8, 3.29233400388829},
    {EH_SCALE_RATIO, {9, 10}, {3, 10}, 1.25, 2.17179883932656},
    {EH_SCALE_DIFFERENCE, {9, 10}, {3, 10}, 0, 2.73861278752583},
    {EH_SCALE_RATIO, {0, 40}, {5, 60}, 0.8, -1.66984545606843},
    {EH_SCALE_RATIO, {0, 40}, {5, 60}, 1.25, -2.10148279707656},
    {EH_SCALE_DIFFERENCE, {0, 40}, {5, 60}, 0, -1.87317162316339},
    {EH_SCALE_RATIO, {15, 15}, {10, 17}, 0.8, 3.56453115471603},
    {EH_SCALE_RATIO, {15, 15}, {10, 17}, 1.25, 2.01640332100033},
    {EH_SCALE_DIFFERENCE, {15, 15}, {10, 17}, 0, 2.81174009341923},
    {EH_SCALE_RATIO, {120, 1000}, {90, 900}, 0.8, 3.10794425188639},
    {EH_SCALE_RATIO, {120, 1000}, {90, 900}, 1.25, -0.310006620132111},
    {EH_SCALE_DIFFERENCE, {120, 1000}, {90, 900}, 0, 1.38827355581132},
    {EH_SCALE_RATIO, {3, 5000}, {9, 4000}, 0.8, -1.73315613004698},
    {EH_SCALE_RATIO, {3, 5000}, {9, 4000}, 1.25, -2.55655248753165},
    {EH_SCALE_DIFFERENCE, {3, 5000}, {9, 4000}, 0, -2.13156235598131},
    {EH_SCALE_RATIO, {450000, 1000000}, {451000, 1000000}, 0.8, 141.163923583368},
    {EH_SCALE_RATIO, {450000, 1000000}, {451000, 1000000}, 1.25, -144.015508961268},
    {EH_SCALE_DIFFERENCE, {450000, 1000000}, {451000, 1000000}, 0, -1.42119527891133},
    {EH_SCALE_RATIO, {29, 30}, {29, 29}, 0.8, 2.28217732293819},
    {EH_SCALE_RATIO, {29, 30}, {29, 29}, 1.25, -2.89107823023407},
    {EH_SCALE_DIFFERENCE, {29, 30}, {29, 29}, 0, -0.991631652042902},
    {EH_SCALE_RATIO, {12, 12}, {8, 8}, 0.8, 1.73205080756888},
    {EH_SCALE_RATIO, {12, 12}, {8, 8}, 1.25, -1.4142135623731},
};

/*
 * Differences: Miettinen and Nurminen 1985, the cubic for the second group's rate, solved with mpmath 1.3 at 40 digits. (statsmodels
 * 0.15 has another linear coefficient in that cubic, which does not maximise the likelihood.)
 */
static const score_row difference_scores[] = {
    {EH_SCALE_DIFFERENCE, {7, 34}, {1, 34}, -0.2, 4.04477313431999},
    {EH_SCALE_DIFFERENCE, {7, 34}, {1, 34}, -0.05, 2.73659799170114},
    {EH_SCALE_DIFFERENCE, {7, 34}, {1, 34}, 0.1, 1.0648702184775},
    {EH_SCALE_DIFFERENCE, {56, 70}, {48, 80}, -0.2, 5.24396002897845},
    {EH_SCALE_DIFFERENCE, {56, 70}, {48, 80}, -0.05, 3.29209079015136},
    {EH_SCALE_DIFFERENCE, {56, 70}, {48, 80}, 0.1, 1.34773871811342},
    {EH_SCALE_DIFFERENCE, {9, 10}, {3, 10}, -0.2, 3.6945207853986},
    {EH_SCALE_DIFFERENCE, {9, 10}, {3, 10}, -0.05, 2.96312706065706},
    {EH_SCALE_DIFFERENCE, {9, 10}, {3, 10}, 0.1, 2.30644073009065},
    {EH_SCALE_DIFFERENCE, {0, 10}, {0, 20}, -0.2, 2.23606797749979},
    {EH_SCALE_DIFFERENCE, {0, 10}, {0, 20}, -0.05, 1.02597835208515},
    {EH_SCALE_DIFFERENCE, {0, 10}, {0, 20}, 0.1, -1.05409255338946},
    {EH_SCALE_DIFFERENCE, {0, 40}, {5, 60}, -0.2, 2.25924028528766},
    {EH_SCALE_DIFFERENCE, {0, 40}, {5, 60}, -0.05, -1.15529073820564},
    {EH_SCALE_DIFFERENCE, {0, 40}, {5, 60}, 0.1, -2.93338699521288},
    {EH_SCALE_DIFFERENCE, {15, 15}, {10, 17}, -0.2, 3.87738911211904},
    {EH_SCALE_DIFFERENCE, {15, 15}, {10, 17}, -0.05, 3.06360450917167},
    {EH_SCALE_DIFFERENCE, {15, 15}, {10, 17}, 0.1, 2.32009444048994},
    {EH_SCALE_DIFFERENCE, {120, 1000}, {90, 900}, -0.2, 13.0614269694138},
    {EH_SCALE_DIFFERENCE, {120, 1000}, {90, 900}, -0.05, 4.71022697348008},
    {EH_SCALE_DIFFERENCE, {120, 1000}, {90, 900}, 0.1, -5.42478611573602},
    {EH_SCALE_DIFFERENCE, {3, 5000}, {9, 4000}, -0.2, 31.3205930354291},
    {EH_SCALE_DIFFERENCE, {3, 5000}, {9, 4000}, -0.05, 13.9479929433286},
    {EH_SCALE_DIFFERENCE, {3, 5000}, {9, 4000}, 0.1, -23.7056049852066},
    {EH_SCALE_DIFFERENCE, {450000, 1000000}, {451000, 1000000}, -0.2, 288.488574806769},
    {EH_SCALE_DIFFERENCE, {450000, 1000000}, {451000, 1000000}, -0.05, 69.7232387073891},
    {EH_SCALE_DIFFERENCE, {450000, 1000000}, {451000, 1000000}, 0.1, -144.242252790555},
    {EH_SCALE_DIFFERENCE, {29, 30}, {29, 29}, -0.2, 2.28217732293819},
    {EH_SCALE_DIFFERENCE, {29, 30}, {29, 29}, -0.05, 0.418853908291696},
    {EH_SCALE_DIFFERENCE, {29, 30}, {29, 29}, 0.1, -2.09149134137454},
    {EH_SCALE_DIFFERENCE, {12, 12}, {8, 8}, -0.2, 1.73205080756888},
    {EH_SCALE_DIFFERENCE, {12, 12}, {8, 8}, -0.05, 0.794719414239026},
    {EH_SCALE_DIFFERENCE, {12, 12}, {8, 8}, 0.1, -0.942809041582063},
};

static void assert_scores(const score_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double z = eh_score_z(rows[i].scale, rows[i].a, rows[i].b, rows[i].null_value);
        if (!(fabs(z - rows[i].z) <= 1e-11 * (1 + fabs(rows[i].z))))
            fail_msg("row %zu: %.15g, expected %.15g", i, z, rows[i].z);
    }
}

static void agrees_with_statsmodels(void **state)
{
    (void)state;
    assert_scores(ratio_scores, sizeof ratio_scores / sizeof ratio_scores[0]);
}

static void agrees_with_miettinen_and_nurminen(void **state)
{
    (void)state;
    assert_scores(difference_scores, sizeof difference_scores / sizeof difference_scores[0]);
}

/* ---- the same by search ------------------------------------------------------------------------------------------ */

static double log_or_nothing(double count, double rate)
{
    return count > 0 ? count * log(fmax(rate, 1e-320)) : 0;
}

static double rate_a_at(eh_scale scale, double null_value, double rate_b)
{
    return scale == EH_SCALE_RATIO ? null_value * rate_b : rate_b + null_value;
}

static double likelihood(eh_scale scale, eh_proportion a, eh_proportion b, double null_value, double rate_b)
{
    double rate_a = rate_a_at(scale, null_value, rate_b);
    return log_or_nothing(a.successes, rate_a) + log_or_nothing(a.trials - a.successes, 1 - rate_a) +
           log_or_nothing(b.successes, rate_b) + log_or_nothing(b.trials - b.successes, 1 - rate_b);
}

/* The most likely rate of b under the null, by golden section over the whole range. */
static double search_rate_b(eh_scale scale, eh_proportion a, eh_proportion b, double null_value)
{
    double low = scale == EH_SCALE_RATIO ? 0 : fmax(0, -null_value);
    double high = scale == EH_SCALE_RATIO ? fmin(1, 1 / null_value) : fmin(1, 1 - null_value);
    for (int step = 0; step < 200; step++) {
        double left = high - 0.6180339887498949 * (high - low), right = low + 0.6180339887498949 * (high - low);
        if (likelihood(scale, a, b, null_value, left) > likelihood(scale, a, b, null_value, right))
            high = right;
        else
            low = left;
    }
    return (low + high) / 2;
}

static const score_row tables[] = {
    {EH_SCALE_DIFFERENCE, {0, 40}, {5, 60}, -0.05, 0},   {EH_SCALE_DIFFERENCE, {5, 60}, {0, 40}, 0.05, 0},
    {EH_SCALE_DIFFERENCE, {40, 40}, {55, 60}, 0.05, 0},  {EH_SCALE_DIFFERENCE, {0, 9}, {0, 7}, 0.3, 0},
    {EH_SCALE_DIFFERENCE, {9, 9}, {7, 7}, -0.3, 0},      {EH_SCALE_DIFFERENCE, {1, 1000}, {3, 2000}, 0.0001, 0},
    {EH_SCALE_DIFFERENCE, {1, 1}, {0, 1}, 0.5, 0},       {EH_SCALE_DIFFERENCE, {7.5, 12.25}, {0.1, 3.7}, -0.9, 0},
    {EH_SCALE_RATIO, {0, 40}, {5, 60}, 0.8, 0},          {EH_SCALE_RATIO, {40, 40}, {55, 60}, 1.25, 0},
    {EH_SCALE_RATIO, {3, 9}, {0, 7}, 0.8, 0},            {EH_SCALE_RATIO, {9, 9}, {7, 7}, 0.8, 0},
    {EH_SCALE_RATIO, {0.3, 2.2}, {900, 1000}, 0.8, 0},   {EH_SCALE_RATIO, {2, 3}, {1, 1000}, 30, 0},
};

static void agrees_with_a_search(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        eh_proportion a = tables[i].a, b = tables[i].b;
        double null_value = tables[i].null_value, rate_b = search_rate_b(tables[i].scale, a, b, null_value);
        double rate_a = rate_a_at(tables[i].scale, null_value, rate_b);
        double factor = tables[i].scale == EH_SCALE_RATIO ? null_value : 1;
        double variance = rate_a * (1 - rate_a) / a.trials + factor * factor * rate_b * (1 - rate_b) / b.trials;
        double excess = a.successes / a.trials - factor * b.successes / b.trials - (tables[i].scale == EH_SCALE_RATIO ? 0 : null_value);
        double z = eh_score_z(tables[i].scale, a, b, null_value);
        if (!(fabs(z - excess / sqrt(variance)) <= 1e-5 * (1 + fabs(z))))
            fail_msg("table %zu: %.12g, by search %.12g", i, z, excess / sqrt(variance));
    }
}

typedef struct {
    eh_scale scale;
    double null_value;
} null_row;

static const null_row nulls[] = {
    {EH_SCALE_RATIO, 0.8},      {EH_SCALE_RATIO, 1},           {EH_SCALE_RATIO, 1.25},        {EH_SCALE_RATIO, 0.05},
    {EH_SCALE_DIFFERENCE, 0},   {EH_SCALE_DIFFERENCE, 0.1},    {EH_SCALE_DIFFERENCE, -0.1},   {EH_SCALE_DIFFERENCE, 0.001},
    {EH_SCALE_DIFFERENCE, -0.9},
};
enum { NULLS_COUNT = sizeof nulls / sizeof nulls[0] };

/* The exact tail is found by bisection, which needs the statistic to rise with a and to fall with b. */
static void is_monotone(void **state)
{
    (void)state;
    static const double trials[][2] = {{1, 1}, {7, 9}, {12, 5}, {10, 40}, {60, 8}, {200, 3}};
    for (size_t k = 0; k < NULLS_COUNT; k++) {
        for (size_t t = 0; t < 6; t++) {
            for (double x = 0; x <= trials[t][0]; x++) {
                for (double y = 0; y <= trials[t][1]; y++) {
                    eh_proportion a = {x, trials[t][0]}, b = {y, trials[t][1]};
                    double z = eh_score_z(nulls[k].scale, a, b, nulls[k].null_value);
                    assert_true(z == z);
                    if (x < a.trials)
                        assert_true(eh_score_z(nulls[k].scale, (eh_proportion){x + 1, a.trials}, b, nulls[k].null_value) >= z - 1e-9);
                    if (y < b.trials)
                        assert_true(eh_score_z(nulls[k].scale, a, (eh_proportion){y + 1, b.trials}, nulls[k].null_value) <= z + 1e-9);
                }
            }
        }
    }
}

/* Every outcome that is as extreme, one by one, at the nuisance rate found by search. */
static double tail_by_enumeration(null_row null, eh_proportion a, eh_proportion b, int direction)
{
    double observed = eh_score_z(null.scale, a, b, null.null_value);
    double rate_b = search_rate_b(null.scale, a, b, null.null_value), rate_a = rate_a_at(null.scale, null.null_value, rate_b);
    rate_a = fmin(fmax(rate_a, 0), 1);
    double sum = 0;
    for (double x = 0; x <= a.trials; x++) {
        for (double y = 0; y <= b.trials; y++) {
            double z = eh_score_z(null.scale, (eh_proportion){x, a.trials}, (eh_proportion){y, b.trials}, null.null_value);
            double tie = 1e-9 * fmax(1, fabs(observed));
            if (direction < 0 ? z <= observed + tie : z >= observed - tie)
                sum += eh_binomial_pmf(x, a.trials, rate_a) * eh_binomial_pmf(y, b.trials, rate_b);
        }
    }
    return sum;
}

static void p_agrees_with_enumeration(void **state)
{
    (void)state;
    static const double trials[][2] = {{1, 1}, {7, 9}, {12, 5}, {4, 30}};
    for (size_t k = 0; k < NULLS_COUNT; k++) {
        for (size_t t = 0; t < 4; t++) {
            for (double x = 0; x <= trials[t][0]; x++) {
                for (double y = 0; y <= trials[t][1]; y++) {
                    eh_proportion a = {x, trials[t][0]}, b = {y, trials[t][1]};
                    for (int direction = -1; direction <= 1; direction += 2) {
                        double p = eh_score_p(nulls[k].scale, a, b, nulls[k].null_value, direction);
                        double expected = tail_by_enumeration(nulls[k], a, b, direction);
                        /* The search finds the nuisance rate to about 1e-8 only. */
                        if (!(fabs(p - expected) <= 1e-5 * expected + 1e-12))
                            fail_msg("%g/%g against %g/%g, null %g: %.12g, expected %.12g", x, a.trials, y, b.trials, nulls[k].null_value, p,
                                     expected);
                    }
                }
            }
        }
    }
}

static void p_at_the_edges(void **state)
{
    (void)state;
    eh_proportion none = {0, 0}, some = {3, 10}, zero_a = {0, 30}, zero_b = {0, 50};
    assert_true(isnan(eh_score_z(EH_SCALE_RATIO, none, some, 0.8)) && isnan(eh_score_p(EH_SCALE_RATIO, some, none, 0.8, -1)));
    assert_true(isnan(eh_equality_p(none, some)) && isnan(eh_score_z(EH_SCALE_RATIO, some, some, 0)));
    assert_true(eh_score_z(EH_SCALE_DIFFERENCE, zero_a, zero_b, 0) == 0 && eh_score_z(EH_SCALE_RATIO, zero_a, zero_b, 0.8) == 0);
    assert_true(eh_equality_p(zero_a, zero_b) == 1 && eh_score_p(EH_SCALE_RATIO, zero_a, zero_b, 0.8, -1) == 1);
    /* Extremes of size: nothing may hang, nothing may be NaN. */
    static const double counts[] = {0, 1, 10, 1e6, 1e9 - 1, 1e9};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            eh_proportion a = {counts[i], 1e9}, b = {fmin(counts[j], 1e7), 1e7}, small = {fmin(counts[j], 20), 20};
            for (size_t k = 0; k < NULLS_COUNT; k++) {
                double p = eh_score_p(nulls[k].scale, a, b, nulls[k].null_value, -1);
                double q = eh_score_p(nulls[k].scale, a, small, nulls[k].null_value, 1);
                assert_true(p >= 0 && p <= 1 && q >= 0 && q <= 1);
            }
        }
    }
}

static void large_counts_give_the_pooled_z(void **state)
{
    (void)state;
    eh_proportion a = {3894, 21307}, b = {2262, 21306};
    double pooled = (3894.0 + 2262.0) / (21307.0 + 21306.0);
    double z = (3894.0 / 21307 - 2262.0 / 21306) / sqrt(pooled * (1 - pooled) * (1 / 21307.0 + 1 / 21306.0));
    assert_true(fabs(eh_score_z(EH_SCALE_DIFFERENCE, a, b, 0) - z) < 1e-12);
    assert_true(fabs(eh_score_z(EH_SCALE_RATIO, a, b, 1) - z) < 1e-12);
    assert_true(fabs(eh_equality_p(a, b) - 2 * eh_normal_cdf(-z)) < 1e-12 * eh_equality_p(a, b));
}

/* Weighted data pass effective counts; the tail is then the normal one and moves with them smoothly. */
static void fractional_counts(void **state)
{
    (void)state;
    eh_proportion a = {3.5, 20.25}, b = {9.75, 30.5};
    double z = eh_score_z(EH_SCALE_RATIO, a, b, 0.8);
    assert_true(fabs(eh_score_p(EH_SCALE_RATIO, a, b, 0.8, -1) - eh_normal_cdf(z)) < 1e-15);
    assert_true(fabs(eh_score_p(EH_SCALE_RATIO, a, b, 0.8, 1) - eh_normal_cdf(-z)) < 1e-12);
}

/* ---- what could have been found ---------------------------------------------------------------------------------- */

/* The power of the normal score test of "rate of a below the edge", by adding up outcomes. */
static double power_by_enumeration(const eh_detectable_spec *spec, double rate_a)
{
    double critical = eh_normal_quantile(1 - spec->alpha / 2), sum = 0;
    for (double x = 0; x <= spec->trials_a; x++) {
        double mass = eh_binomial_pmf(x, spec->trials_a, rate_a);
        if (mass < 1e-9)
            continue;
        for (double y = 0; y <= spec->trials_b; y++) {
            double z = eh_score_z(spec->scale, (eh_proportion){x, spec->trials_a}, (eh_proportion){y, spec->trials_b}, spec->null_value);
            if (spec->direction < 0 ? z <= -critical : z >= critical)
                sum += mass * eh_binomial_pmf(y, spec->trials_b, spec->rate_b);
        }
    }
    return sum;
}

static void detectable_rate_has_the_power(void **state)
{
    (void)state;
    static const eh_detectable_spec specs[] = {
        {EH_SCALE_RATIO, 300, 400, 0.4, 0.8, -1, 0.05, 0.8},
        {EH_SCALE_RATIO, 300, 400, 0.4, 1.25, 1, 0.05, 0.8},
        {EH_SCALE_DIFFERENCE, 200, 600, 0.3, -0.05, -1, 0.05, 0.9},
        {EH_SCALE_DIFFERENCE, 200, 600, 0.3, 0, 1, 0.01, 0.8},
    };
    for (size_t i = 0; i < 4; i++) {
        double rate = eh_detectable_rate(&specs[i]);
        double edge = specs[i].scale == EH_SCALE_RATIO ? specs[i].rate_b * specs[i].null_value : specs[i].rate_b + specs[i].null_value;
        assert_true(specs[i].direction < 0 ? rate < edge : rate > edge);
        /* A normal approximation: the power that it promises is there to within three points. */
        assert_true(fabs(power_by_enumeration(&specs[i], rate) - specs[i].power) < 0.03);
    }
    eh_detectable_spec hopeless = {EH_SCALE_RATIO, 5, 400, 0.1, 0.8, -1, 0.05, 0.8};
    assert_true(isnan(eh_detectable_rate(&hopeless)));
    hopeless.rate_b = 0;
    assert_true(isnan(eh_detectable_rate(&hopeless)));
    hopeless.trials_a = 0;
    assert_true(isnan(eh_detectable_rate(&hopeless)));
    /* More data find smaller gaps. */
    eh_detectable_spec growing = {EH_SCALE_RATIO, 100, 100, 0.5, 0.8, -1, 0.05, 0.8};
    double before = 0;
    for (; growing.trials_a < 1e9; growing.trials_a *= 10, growing.trials_b *= 10) {
        double rate = eh_detectable_rate(&growing);
        assert_true(rate > before && rate < 0.4);
        before = rate;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_statsmodels),
        cmocka_unit_test(agrees_with_miettinen_and_nurminen),
        cmocka_unit_test(agrees_with_a_search),
        cmocka_unit_test(is_monotone),
        cmocka_unit_test(p_agrees_with_enumeration),
        cmocka_unit_test(p_at_the_edges),
        cmocka_unit_test(large_counts_give_the_pooled_z),
        cmocka_unit_test(fractional_counts),
        cmocka_unit_test(detectable_rate_has_the_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
