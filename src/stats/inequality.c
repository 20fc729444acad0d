/* Inequality of what people get: generalised entropy, Atkinson, Gini. */
#include "stats/stats_int.h"

#include <math.h>
#include <stdlib.h>

static double mean_benefit(const eh_benefit *benefits, size_t count, double *weight_out)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++)
        sum += benefits[i].weight * benefits[i].benefit, weight += benefits[i].weight;
    *weight_out = weight;
    return weight > 0 ? sum / weight : EH_NAN;
}

/*
 * The mean of the result is the index. Terms that add up to 0 over all people (share - 1) are taken off first, so that alpha close
 * to 0 or 1 runs into the two limits without cancelling.
 */
static double entropy_term(double share, double alpha)
{
    if (alpha == 0)
        return -log(share);
    if (alpha == 1)
        return share > 0 ? share * log(share) : 0;
    if (share <= 0)
        return (pow(share, alpha) - 1) / (alpha * (alpha - 1));
    if (fabs(alpha - 1) < 0.5)
        return share * expm1((alpha - 1) * log(share)) / (alpha * (alpha - 1));
    return expm1(alpha * log(share)) / (alpha * (alpha - 1));
}

double eh_generalized_entropy(const eh_benefit *benefits, size_t count, double alpha)
{
    double weight, mean = mean_benefit(benefits, count, &weight);
    if (!(mean > 0))
        return EH_NAN;
    double sum = 0;
    /* Near alpha 1 a share of 0 has lost the -1 of its term together with everybody else's (see entropy_term). */
    bool is_near_one = alpha != 1 && fabs(alpha - 1) < 0.5;
    for (size_t i = 0; i < count; i++) {
        double share = benefits[i].benefit / mean;
        if (!(benefits[i].weight > 0) || (is_near_one && share == 0))
            continue;
        sum += benefits[i].weight * entropy_term(share, alpha);
    }
    return sum / weight;
}

double eh_atkinson(const eh_benefit *benefits, size_t count, double epsilon)
{
    double weight, mean = mean_benefit(benefits, count, &weight);
    if (!(mean > 0) || !(epsilon > 0))
        return EH_NAN;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(benefits[i].weight > 0))
            continue;
        double share = benefits[i].benefit / mean;
        sum += benefits[i].weight * (epsilon == 1 ? log(share) : pow(share, 1 - epsilon));
    }
    double level = epsilon == 1 ? exp(sum / weight) : pow(sum / weight, 1 / (1 - epsilon));
    return 1 - level;
}

static int by_benefit(const void *left, const void *right)
{
    double a = ((const eh_benefit *)left)->benefit, b = ((const eh_benefit *)right)->benefit;
    return a < b ? -1 : a > b;
}

double eh_gini(const eh_benefit *benefits, size_t count, eh_benefit *scratch)
{
    double weight, mean = mean_benefit(benefits, count, &weight);
    if (!(mean > 0))
        return EH_NAN;
    for (size_t i = 0; i < count; i++)
        scratch[i] = benefits[i];
    qsort(scratch, count, sizeof *scratch, by_benefit);
    double had = 0, twice_area = 0;
    for (size_t i = 0; i < count; i++) {
        double next = had + scratch[i].weight * scratch[i].benefit;
        twice_area += scratch[i].weight * (had + next);
        had = next;
    }
    return 1 - twice_area / (weight * weight * mean);
}
