/* Goal: draws have the moments and the shape of their distributions, add up, repeat with the seed; quantiles are of type 7. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { DRAWS = 200000 };

static void normal_moments(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 3);
    double sum = 0, squares = 0, beyond = 0;
    for (int i = 0; i < DRAWS; i++) {
        double z = eh_random_normal(&random);
        sum += z, squares += z * z, beyond += fabs(z) > 1.959963984540054;
    }
    /* Six standard errors: 1 / sqrt(n), sqrt(2 / n), sqrt(.05 * .95 / n). */
    assert_true(fabs(sum / DRAWS) < 6 / sqrt(DRAWS));
    assert_true(fabs(squares / DRAWS - 1) < 6 * sqrt(2.0 / DRAWS));
    assert_true(fabs(beyond / DRAWS - 0.05) < 6 * sqrt(0.05 * 0.95 / DRAWS));
}

static void gamma_moments(void **state)
{
    (void)state;
    static const double shapes[] = {0.05, 0.5, 1, 3.7, 1000};
    eh_random random;
    eh_random_init(&random, 4);
    for (size_t s = 0; s < 5; s++) {
        double sum = 0, below = 0;
        for (int i = 0; i < DRAWS; i++) {
            double drawn = eh_random_gamma(&random, shapes[s]);
            assert_true(drawn >= 0 && isfinite(drawn));
            sum += drawn, below += drawn < shapes[s];
        }
        assert_true(fabs(sum / DRAWS - shapes[s]) < 6 * sqrt(shapes[s] / DRAWS));
        double share = eh_gamma_cdf(shapes[s], shapes[s]);
        assert_true(fabs(below / DRAWS - share) < 6 * sqrt(share * (1 - share) / DRAWS));
    }
}

/* Chi-square of the drawn counts against the masses; cells with an expectation below 10 are put together. */
static void assert_binomial_shape(eh_random *random, uint64_t trials, double p)
{
    size_t cells = (size_t)trials + 1;
    double *seen = calloc(cells, sizeof *seen);
    assert_non_null(seen);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = eh_random_binomial(random, trials, p);
        assert_true(drawn <= trials);
        seen[drawn]++;
    }
    double statistic = 0, rest_expected = 0, rest_seen = 0, df = 0;
    for (size_t k = 0; k < cells; k++) {
        double expected = DRAWS * eh_binomial_pmf((double)k, (double)trials, p);
        if (expected < 10) {
            rest_expected += expected, rest_seen += seen[k];
            continue;
        }
        statistic += (seen[k] - expected) * (seen[k] - expected) / expected;
        df++;
    }
    if (rest_expected > 1)
        statistic += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
    free(seen);
    /* The seed is fixed: this is one draw for ever, and a p-value this small would mean a wrong shape. */
    assert_true(df <= 1 || eh_chi_square_survival(statistic, df) > 1e-6);
}

static void binomial_shape(void **state)
{
    (void)state;
    static const uint64_t trials[] = {1, 5, 20, 40, 200, 5000};
    static const double rates[] = {0.001, 0.03, 0.26, 0.5, 0.9};
    eh_random random;
    eh_random_init(&random, 5);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 5; j++)
            assert_binomial_shape(&random, trials[i], rates[j]);
}

static void binomial_edges(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 6);
    assert_int_equal(eh_random_binomial(&random, 0, 0.5), 0);
    assert_int_equal(eh_random_binomial(&random, 1000, 0), 0);
    assert_int_equal(eh_random_binomial(&random, 1000, 1), 1000);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double deviation = (double)eh_random_binomial(&random, 1000000000, 0.2) - 2e8;
        sum += deviation, squares += deviation * deviation;
    }
    double variance = 1e9 * 0.2 * 0.8;
    assert_true(fabs(sum / DRAWS) < 6 * sqrt(variance / DRAWS));
    assert_true(fabs(squares / DRAWS / variance - 1) < 6 * sqrt(2.0 / DRAWS));
}

static void multinomial_moments(void **state)
{
    (void)state;
    static const double weights[] = {0, 3, 0.5, 0, 6, 0.25, 0.25, 0};
    enum { CELLS = 8, ROUNDS = 20000, TOTAL = 500 };
    eh_random random;
    eh_random_init(&random, 8);
    double sums[CELLS] = {0}, product = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double draws[CELLS], total = 0;
        eh_random_multinomial(&random, TOTAL, weights, CELLS, draws);
        for (size_t i = 0; i < CELLS; i++)
            total += draws[i], sums[i] += draws[i];
        assert_true(total == TOTAL);
        product += (draws[1] - TOTAL * 0.3) * (draws[4] - TOTAL * 0.6);
    }
    for (size_t i = 0; i < CELLS; i++) {
        double p = weights[i] / 10;
        assert_true(fabs(sums[i] / ROUNDS - TOTAL * p) <= 6 * sqrt(TOTAL * p * (1 - p) / ROUNDS));
    }
    /* Covariance -n p q; its standard error is at most sqrt(2) times the product of the two deviations. */
    double deviation = sqrt(TOTAL * 0.3 * 0.7 * TOTAL * 0.6 * 0.4);
    assert_true(fabs(product / ROUNDS + TOTAL * 0.3 * 0.6) < 6 * sqrt(2) * deviation / sqrt(ROUNDS));
}

static void same_seed_same_draws(void **state)
{
    (void)state;
    static const double weights[] = {1, 2, 3, 4};
    double first[4], second[4];
    for (uint64_t seed = 0; seed < 100; seed++) {
        eh_random one, two;
        eh_random_init(&one, seed);
        eh_random_init(&two, seed);
        eh_random_multinomial(&one, 1000000, weights, 4, first);
        eh_random_multinomial(&two, 1000000, weights, 4, second);
        assert_memory_equal(first, second, sizeof first);
    }
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static void quantiles(void **state)
{
    (void)state;
    /* Hyndman and Fan 1996, type 7 (the default of R), of 1 to 10: 1 + 9 p. */
    static const double probabilities[] = {0, 0.33, 0.5, 1}, expected[] = {1, 3.97, 5.5, 10};
    for (size_t i = 0; i < 4; i++) {
        double values[] = {7, 1, 10, EH_NAN, 4, 3, 9, EH_NAN, 2, 8, 5, 6};
        assert_true(fabs(eh_quantile_inplace(values, 12, probabilities[i]) - expected[i]) < 1e-12);
    }
    eh_random random;
    eh_random_init(&random, 9);
    static double values[1000], sorted[1000];
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + eh_random_next(&random) % 1000, different = 1 + eh_random_next(&random) % 500;
        for (size_t i = 0; i < count; i++)
            values[i] = (double)(eh_random_next(&random) % different);
        memcpy(sorted, values, count * sizeof *values);
        qsort(sorted, count, sizeof *sorted, by_value);
        double probability = eh_random_unit(&random), position = (double)(count - 1) * probability;
        size_t rank = (size_t)position;
        double next = rank + 1 < count ? sorted[rank + 1] : sorted[rank];
        double wanted = sorted[rank] + (position - (double)rank) * (next - sorted[rank]);
        assert_true(fabs(eh_quantile_inplace(values, count, probability) - wanted) < 1e-9);
    }
    double unknown[] = {EH_NAN, EH_NAN};
    assert_true(isnan(eh_quantile_inplace(unknown, 2, 0.5)) && isnan(eh_quantile_inplace(NULL, 0, 0.5)));
    double infinite[] = {EH_INFINITY, 1, EH_INFINITY};
    assert_true(isinf(eh_quantile_inplace(infinite, 3, 0.9)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_moments),      cmocka_unit_test(gamma_moments),        cmocka_unit_test(binomial_shape),
        cmocka_unit_test(binomial_edges),      cmocka_unit_test(multinomial_moments),  cmocka_unit_test(same_seed_same_draws),
        cmocka_unit_test(quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
