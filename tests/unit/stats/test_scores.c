/* Goal: the area and its variance are those of the pairwise definition; the interval stays defined at perfect and constant scores. */
#include "stats/stats.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* DeLong et al. 1988, equations 1 to 4, pair by pair; people are listed one by one. */
static double variance_by_pairs(const double *negatives, size_t m, const double *positives, size_t n, double *area_out)
{
    double area = 0, spread = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            area += (positives[i] > negatives[j] ? 1 : positives[i] == negatives[j] ? 0.5 : 0) / (double)(n * m);
    for (int side = 0; side < 2; side++) {
        size_t outer = side ? m : n, inner = side ? n : m;
        double sum = 0;
        for (size_t i = 0; i < outer; i++) {
            double component = 0;
            for (size_t j = 0; j < inner; j++) {
                double positive = positives[side ? j : i], negative = negatives[side ? i : j];
                component += (positive > negative ? 1 : positive == negative ? 0.5 : 0) / (double)inner;
            }
            sum += (component - area) * (component - area);
        }
        spread += sum / (double)(outer - 1) / (double)outer;
    }
    *area_out = area;
    return spread;
}

static void agrees_with_the_definition(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 5);
    for (int round = 0; round < 50; round++) {
        eh_score_bin bins[8] = {{0}};
        double negatives[40], positives[30];
        for (size_t i = 0; i < 8; i++)
            bins[i].score = (double)i / 10;
        for (size_t i = 0; i < 40; i++) {
            size_t bin = eh_random_next(&random) % 6;
            bins[bin].negatives++, negatives[i] = bins[bin].score;
        }
        for (size_t i = 0; i < 30; i++) {
            size_t bin = 2 + eh_random_next(&random) % 6;
            bins[bin].positives++, positives[i] = bins[bin].score;
        }
        double area, variance = variance_by_pairs(negatives, 40, positives, 30, &area);
        eh_estimate estimate = eh_auc_delong(bins, 8, 1, 0.95);
        assert_true(fabs(estimate.value - area) < 1e-12 && estimate.n == 70);
        double reach = 1.959963984540054 * sqrt(variance) / (area * (1 - area)), logit = log(area / (1 - area));
        assert_true(fabs(estimate.low - 1 / (1 + exp(reach - logit))) < 1e-10);
        assert_true(fabs(estimate.high - 1 / (1 + exp(-reach - logit))) < 1e-10);
        eh_estimate halved = eh_auc_delong(bins, 8, 0.5, 0.95);
        assert_true(halved.value == estimate.value && halved.low < estimate.low && halved.n == 35);
    }
}

static void edges(void **state)
{
    (void)state;
    const eh_score_bin perfect[] = {{0.1, 20, 0}, {0.9, 0, 30}}, reversed[] = {{0.1, 0, 30}, {0.9, 20, 0}};
    eh_interval wilson = eh_interval_wilson((eh_proportion){20, 20}, 0.95);
    eh_estimate estimate = eh_auc_delong(perfect, 2, 1, 0.95);
    assert_true(estimate.value == 1 && fabs(estimate.low - wilson.low) < 1e-15 && estimate.high == 1);
    estimate = eh_auc_delong(reversed, 2, 1, 0.95);
    assert_true(estimate.value == 0 && estimate.low == 0 && estimate.high > 0 && estimate.high < 0.5);
    const eh_score_bin constant[] = {{0.5, 333, 77}};
    estimate = eh_auc_delong(constant, 1, 1, 0.95);
    assert_true(estimate.value == 0.5 && estimate.low < 0.5 && estimate.high > 0.5);
    const eh_score_bin one_class[] = {{0.5, 10, 0}, {0.7, 4, 0}};
    estimate = eh_auc_delong(one_class, 2, 1, 0.95);
    assert_true(isnan(estimate.value) && estimate.low == 0 && estimate.high == 1);
    const eh_score_bin single[] = {{0.2, 1, 0}, {0.3, 0, 1}, {0.4, 3, 0}};
    estimate = eh_auc_delong(single, 3, 1, 0.95);
    assert_true(fabs(estimate.value - 0.25) < 1e-15 && estimate.low >= 0 && estimate.high <= 1 && estimate.low < estimate.high);
    assert_true(isnan(eh_auc_delong(NULL, 0, 1, 0.95).value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_the_definition), cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
