/* Scores: the area under the ROC curve and its interval. */
#include "stats/stats_int.h"

#include <math.h>

typedef struct {
    double negatives, positives;
    double area;
    double spread_positives; /* sum over positives of (share of negatives below - area)^2 */
    double spread_negatives;
} roc_sums;

static roc_sums add_up(const eh_score_bin *bins, size_t bins_count)
{
    roc_sums sums = {0};
    for (size_t i = 0; i < bins_count; i++)
        sums.negatives += bins[i].negatives, sums.positives += bins[i].positives;
    if (!(sums.negatives > 0 && sums.positives > 0))
        return sums;
    double below = 0, pairs = 0;
    for (size_t i = 0; i < bins_count; i++) {
        pairs += bins[i].positives * (below + bins[i].negatives / 2);
        below += bins[i].negatives;
    }
    sums.area = pairs / sums.negatives / sums.positives;
    double above = sums.positives;
    below = 0;
    for (size_t i = 0; i < bins_count; i++) {
        above -= bins[i].positives;
        double of_positive = (below + bins[i].negatives / 2) / sums.negatives - sums.area;
        double of_negative = (above + bins[i].positives / 2) / sums.positives - sums.area;
        sums.spread_positives += bins[i].positives * of_positive * of_positive;
        sums.spread_negatives += bins[i].negatives * of_negative * of_negative;
        below += bins[i].negatives;
    }
    return sums;
}

/* The population spread over its count, with DeLong's divisor of count - 1; NaN below two. */
static double variance_part(double spread, double count, double effective)
{
    return effective > 1 ? spread / count / (effective - 1) : EH_NAN;
}

eh_estimate eh_auc_delong(const eh_score_bin *bins, size_t bins_count, double effective_share, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    roc_sums sums = add_up(bins, bins_count);
    double negatives = sums.negatives * effective_share, positives = sums.positives * effective_share;
    eh_estimate result = {.value = EH_NAN, .low = 0, .high = 1, .n = negatives + positives};
    if (!(negatives > 0 && positives > 0))
        return result;
    double area = fmin(fmax(sums.area, 0), 1);
    result.value = area;
    double variance = variance_part(sums.spread_positives, sums.positives, positives) +
                      variance_part(sums.spread_negatives, sums.negatives, negatives);
    /* The area of ties alone comes out as 0.5 give or take rounding; its variance is rounding too. */
    if (area > 0 && area < 1 && variance > 1e-20) {
        double logit = log(area) - log1p(-area);
        double reach = eh_normal_critical(confidence) * sqrt(variance) / (area * (1 - area));
        result.low = 1 / (1 + exp(reach - logit));
        result.high = 1 / (1 + exp(-reach - logit));
        return result;
    }
    double trials = fmin(negatives, positives);
    eh_interval wide = eh_interval_wilson((eh_proportion){area * trials, trials}, confidence);
    result.low = wide.low;
    result.high = wide.high;
    return result;
}
