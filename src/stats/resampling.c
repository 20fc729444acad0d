/* Random draws and the quantiles of what they give. */
#include "stats/stats_int.h"

#include <math.h>
#include <stdlib.h>

/* A rejection loop accepts at least every second try; so many misses in a row do not happen, but a loop has an end. */
enum { TRIES_MAX = 10000, SELECT_STEPS_MAX = 128 };

/* ---- normal and gamma -------------------------------------------------------------------------------------------- */

double eh_random_normal(eh_random *random)
{
    /* Marsaglia's polar method; the second value is dropped, because a generator has no place to keep it. */
    for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
        double x = 2 * eh_random_unit(random) - 1, y = 2 * eh_random_unit(random) - 1;
        double square = x * x + y * y;
        if (square > 0 && square < 1)
            return x * sqrt(-2 * log(square) / square);
    }
    return 0;
}

double eh_random_gamma(eh_random *random, double shape)
{
    EH_ASSERT(shape > 0);
    double boost = 1;
    if (shape < 1) {
        boost = pow(1 - eh_random_unit(random), 1 / shape);
        shape += 1;
    }
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
        double x = eh_random_normal(random);
        double root = 1 + c * x;
        if (root <= 0)
            continue;
        double v = root * root * root, u = 1 - eh_random_unit(random), square = x * x;
        if (u < 1 - 0.0331 * square * square || log(u) < 0.5 * square + d * (1 - v + log(v)))
            return boost * d * v;
    }
    return boost * d;
}

/* ---- binomial ---------------------------------------------------------------------------------------------------- */

/* Inversion by going up from 0; n p < 10, so the walk is short. */
static uint64_t binomial_by_inversion(eh_random *random, uint64_t trials, double p)
{
    double n = (double)trials, odds = p / (1 - p);
    double mass_at_zero = exp(n * log1p(-p));
    for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
        double left = eh_random_unit(random), mass = mass_at_zero;
        for (uint64_t k = 0; k <= trials && k < 200; k++) {
            if (left < mass)
                return k;
            left -= mass;
            mass *= odds * ((n - (double)k) / ((double)k + 1));
        }
    }
    return (uint64_t)(n * p);
}

/* Hormann 1993, algorithm BTRS; n p >= 10 and p <= 1/2. Names as in the paper. */
static uint64_t binomial_by_rejection(eh_random *random, uint64_t trials, double p)
{
    double n = (double)trials, r = p / (1 - p), spq = sqrt(n * p * (1 - p));
    double b = 1.15 + 2.53 * spq, a = -0.0873 + 0.0248 * b + 0.01 * p, c = n * p + 0.5, vr = 0.92 - 4.2 / b;
    double alpha = (2.83 + 5.1 / b) * spq, mode = floor((n + 1) * p);
    double at_mode = EH_NAN;
    for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
        double v = 1 - eh_random_unit(random), u = eh_random_unit(random) - 0.5;
        double us = 0.5 - fabs(u);
        double k = floor((2 * a / us + b) * u + c);
        if (us >= 0.07 && v <= vr)
            return (uint64_t)k;
        if (!(k >= 0 && k <= n))
            continue;
        if (isnan(at_mode))
            at_mode = (mode + 0.5) * log((mode + 1) / (r * (n - mode + 1))) + eh_stirling_error(mode + 1) +
                      eh_stirling_error(n - mode + 1);
        double log_ratio = at_mode + (n + 1) * log((n - mode + 1) / (n - k + 1)) + (k + 0.5) * log(r * (n - k + 1) / (k + 1)) -
                           eh_stirling_error(k + 1) - eh_stirling_error(n - k + 1);
        if (log(v * alpha / (a / (us * us) + b)) <= log_ratio)
            return (uint64_t)k;
    }
    return (uint64_t)mode;
}

uint64_t eh_random_binomial(eh_random *random, uint64_t trials, double p)
{
    EH_ASSERT(p >= 0 && p <= 1);
    if (trials == 0 || p == 0)
        return 0;
    if (p == 1)
        return trials;
    double rare = p <= 0.5 ? p : 1 - p;
    bool is_short = (double)trials * rare < 10;
    uint64_t drawn = is_short ? binomial_by_inversion(random, trials, rare) : binomial_by_rejection(random, trials, rare);
    return p <= 0.5 ? drawn : trials - drawn;
}

void eh_random_multinomial(eh_random *random, uint64_t total, const double *weights, size_t count, double *draws_out)
{
    double weight_left = 0;
    size_t last = 0;
    for (size_t i = 0; i < count; i++) {
        weight_left += weights[i];
        if (weights[i] > 0)
            last = i;
    }
    EH_ASSERT(count > 0 && weight_left > 0 && isfinite(weight_left));
    uint64_t left = total;
    for (size_t i = 0; i < count; i++) {
        double weight = weights[i];
        uint64_t drawn = 0;
        if (weight > 0 && left > 0) {
            /* What rounding has left over must not be lost: the last cell that can have people takes all that remain. */
            double share = i == last || weight >= weight_left ? 1 : weight / weight_left;
            drawn = eh_random_binomial(random, left, share);
        }
        draws_out[i] = (double)drawn;
        left -= drawn;
        weight_left -= weight;
    }
}

/* ---- quantile ---------------------------------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static void swap_values(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

static double median_of_three(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* Puts the value of rank `wanted` at its place, smaller ones before it and larger ones behind it. */
static void select_rank(double *values, size_t count, size_t wanted)
{
    size_t low = 0, high = count;
    for (int step = 0; high - low > 1; step++) {
        if (step == SELECT_STEPS_MAX) {
            /* Splits this bad are not chance; a sort has a bound. */
            qsort(values + low, high - low, sizeof *values, by_value);
            return;
        }
        double pivot = median_of_three(values[low], values[low + (high - low) / 2], values[high - 1]);
        size_t below = low, at = low, above = high;
        while (at < above) {
            if (values[at] < pivot)
                swap_values(&values[at++], &values[below++]);
            else if (values[at] > pivot)
                swap_values(&values[at], &values[--above]);
            else
                at++;
        }
        if (wanted < below)
            high = below;
        else if (wanted >= above)
            low = above;
        else
            return;
    }
}

double eh_quantile_inplace(double *values, size_t count, double probability)
{
    EH_ASSERT(probability >= 0 && probability <= 1);
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            swap_values(&values[known++], &values[i]);
    if (known == 0)
        return EH_NAN;
    double position = (double)(known - 1) * probability;
    size_t rank = (size_t)position;
    double share = position - (double)rank;
    select_rank(values, known, rank);
    double lower = values[rank];
    if (share <= 0 || rank + 1 >= known)
        return lower;
    double upper = values[rank + 1];
    for (size_t i = rank + 2; i < known; i++)
        upper = fmin(upper, values[i]);
    /* Two equal infinities have no distance, yet a value. */
    return lower == upper ? lower : lower + share * (upper - lower);
}
