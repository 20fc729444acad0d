/*
 * Goal: a test at level alpha says "violates" wrongly about alpha of the time, also in small groups and at the small alpha that many
 * comparisons need. The size is computed, not simulated: every outcome that has any weight, times its chance on the null's edge.
 */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static const double rates[] = {0.01, 0.05, 0.2, 0.5};
static const double levels[] = {0.05, 0.025, 0.0025};
enum { RATES_COUNT = 4, LEVELS_COUNT = 3 };
/* No more than a quarter above the level; an exact conditional test would stay below it and find far less. */
static const double excess_allowed = 1.25;
static const double mass_least = 1e-9;

typedef struct {
    eh_scale scale;
    double null_value;
    double trials_a, trials_b;
    int direction;
} design;

/* masses[r * (trials + 1) + x]: the chance of x successes at `factor` times rate r. */
static double *masses_of(double trials, double factor)
{
    size_t cells = (size_t)trials + 1;
    double *masses = calloc(RATES_COUNT * cells, sizeof *masses);
    assert_non_null(masses);
    for (size_t r = 0; r < RATES_COUNT; r++)
        for (size_t x = 0; x < cells; x++)
            masses[r * cells + x] = eh_binomial_pmf((double)x, trials, factor * rates[r]);
    return masses;
}

static void add_outcome(double p, const double chance[RATES_COUNT], double size[RATES_COUNT][LEVELS_COUNT])
{
    assert_true(p >= 0 && p <= 1);
    for (size_t r = 0; r < RATES_COUNT; r++)
        for (size_t l = 0; l < LEVELS_COUNT; l++)
            if (p <= levels[l])
                size[r][l] += chance[r];
}

static void assert_size(const design *d)
{
    size_t cells_a = (size_t)d->trials_a + 1, cells_b = (size_t)d->trials_b + 1;
    double *of_a = masses_of(d->trials_a, d->scale == EH_SCALE_RATIO ? d->null_value : 1), *of_b = masses_of(d->trials_b, 1);
    double size[RATES_COUNT][LEVELS_COUNT] = {{0}};
    for (size_t x = 0; x < cells_a; x++) {
        for (size_t y = 0; y < cells_b; y++) {
            double chance[RATES_COUNT], most = 0;
            for (size_t r = 0; r < RATES_COUNT; r++) {
                chance[r] = of_a[r * cells_a + x] * of_b[r * cells_b + y];
                most = fmax(most, chance[r]);
            }
            if (most < mass_least)
                continue;
            eh_proportion a = {(double)x, d->trials_a}, b = {(double)y, d->trials_b};
            add_outcome(eh_score_p(d->scale, a, b, d->null_value, d->direction), chance, size);
        }
    }
    free(of_a);
    free(of_b);
    for (size_t r = 0; r < RATES_COUNT; r++)
        for (size_t l = 0; l < LEVELS_COUNT; l++)
            if (size[r][l] > excess_allowed * levels[l])
                fail_msg("null %g, %g against %g people, rate %g: size %g at level %g", d->null_value, d->trials_a, d->trials_b, rates[r],
                         size[r][l], levels[l]);
}

static void sizes_at(eh_scale scale, double null_value)
{
    static const double trials[] = {20, 50, 200};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            for (int direction = -1; direction <= 1; direction += 2)
                assert_size(&(design){scale, null_value, trials[i], trials[j], direction});
}

static void at_four_fifths(void **state)
{
    (void)state;
    sizes_at(EH_SCALE_RATIO, 0.8);
}

static void at_equality(void **state)
{
    (void)state;
    sizes_at(EH_SCALE_DIFFERENCE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(at_four_fifths), cmocka_unit_test(at_equality)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
