/* How well a ranking by effect finds those whom an offer helps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/uplift.h"

enum { BOOTSTRAPS = 200 };
static const double confidence = 0.95;

typedef struct {
    double effect;
    size_t row;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->effect != y->effect)
        return x->effect > y->effect ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Rows from the largest effect down; NULL: no memory. */
static ranked *rank(const double *effect, size_t count)
{
    ranked *order = malloc((count + 1) * sizeof *order);
    for (size_t i = 0; order != NULL && i < count; i++)
        order[i] = (ranked){effect[i], i};
    if (order != NULL)
        qsort(order, count, sizeof *order, compare_ranked);
    return order;
}

typedef struct {
    double sum[2], squares[2], weight[2], weight_squares[2];
} arm_sums;

static void arm_add(arm_sums *s, const eh_uplift_ranking *r, size_t i)
{
    double w = r->weight == NULL ? 1 : r->weight[i];
    int arm = r->treated[i] ? 1 : 0;
    s->sum[arm] += w * r->outcome[i];
    s->squares[arm] += w * r->outcome[i] * r->outcome[i];
    s->weight[arm] += w;
    s->weight_squares[arm] += w * w;
}

static eh_estimate difference_of(const arm_sums *s)
{
    double mean[2], variance = 0, n = 0;
    for (int arm = 0; arm < 2; arm++) {
        if (s->weight[arm] <= 0)
            return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0};
        double effective = s->weight[arm] * s->weight[arm] / s->weight_squares[arm];
        mean[arm] = s->sum[arm] / s->weight[arm];
        variance += fmax(s->squares[arm] / s->weight[arm] - mean[arm] * mean[arm], 0) / fmax(effective - 1, 1);
        n += effective;
    }
    double half = eh_normal_quantile(0.5 + confidence / 2) * sqrt(variance), value = mean[1] - mean[0];
    return (eh_estimate){value, value - half, value + half, n};
}

eh_estimate eh_uplift_at(const eh_uplift_ranking *ranking, double share)
{
    ranked *order = rank(ranking->effect, ranking->count);
    arm_sums sums = {{0}, {0}, {0}, {0}};
    size_t top = (size_t)(share * (double)ranking->count);
    for (size_t i = 0; order != NULL && i < top; i++)
        arm_add(&sums, ranking, order[i].row);
    free(order);
    return difference_of(&sums);
}

double eh_uplift_auuc(const eh_uplift_ranking *ranking)
{
    ranked *order = rank(ranking->effect, ranking->count);
    arm_sums sums = {{0}, {0}, {0}, {0}};
    double area = 0;
    for (size_t i = 0; order != NULL && i < ranking->count; i++) {
        arm_add(&sums, ranking, order[i].row);
        if (sums.weight[0] > 0 && sums.weight[1] > 0)
            area += (sums.sum[1] / sums.weight[1] - sums.sum[0] / sums.weight[0]) * (double)(i + 1) / (double)ranking->count;
    }
    free(order);
    return ranking->count > 0 ? area / (double)ranking->count : EH_NAN;
}

/* sum over ranks of (mean of the top j - mean of all), weighted; people count `weight` times. */
static double rate_of(const ranked *order, const double *score, const uint8_t *weight, size_t count, bool logarithmic)
{
    double total = 0, n = 0, top = 0, seen = 0, area = 0;
    for (size_t i = 0; i < count; i++) {
        double w = weight == NULL ? 1 : weight[i];
        total += w * score[order[i].row];
        n += w;
    }
    for (size_t i = 0; i < count; i++) {
        double w = weight == NULL ? 1 : weight[i];
        if (w <= 0)
            continue;
        top += w * score[order[i].row];
        seen += w;
        double toc = top / seen - total / n;
        area += w * (logarithmic ? toc : toc * seen / n);
    }
    return area / n;
}

eh_estimate eh_uplift_rate(const double *effect, const double *score, size_t count, bool logarithmic, uint64_t seed)
{
    static const uint16_t poisson[] = {24109, 48218, 60272, 64290, 65295, 65496, 65529, 65535}; /* P(X <= k) * 65536, mean 1 */
    eh_estimate estimate = {EH_NAN, EH_NAN, EH_NAN, (double)count};
    ranked *order = rank(effect, count);
    uint8_t *weight = malloc(count + 1);
    eh_random random;
    if (order != NULL && weight != NULL && count > 1) {
        double sum = 0, squares = 0;
        eh_random_init(&random, seed);
        estimate.value = rate_of(order, score, NULL, count, logarithmic);
        for (int b = 0; b < BOOTSTRAPS; b++) {
            uint64_t bits = 0;
            for (size_t i = 0; i < count; i++) {
                bits = i % 4 == 0 ? eh_random_next(&random) : bits >> 16;
                uint16_t draw = (uint16_t)bits;
                uint8_t k = 0;
                while (k < 7 && draw >= poisson[k])
                    k++;
                weight[i] = k;
            }
            double value = rate_of(order, score, weight, count, logarithmic);
            sum += value;
            squares += value * value;
        }
        double mean = sum / BOOTSTRAPS, deviation = sqrt(fmax(squares / BOOTSTRAPS - mean * mean, 0) * BOOTSTRAPS / (BOOTSTRAPS - 1.0));
        double half = eh_normal_quantile(0.5 + confidence / 2) * deviation;
        estimate.low = estimate.value - half;
        estimate.high = estimate.value + half;
    }
    free(order);
    free(weight);
    return estimate;
}
