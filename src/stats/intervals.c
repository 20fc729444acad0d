/* Intervals of rates, of their differences and ratios, of means. */
#include "stats/stats_int.h"

#include <math.h>

enum { BRACKET_STEPS_MAX = 60 };

static bool is_observed(eh_proportion observed)
{
    return observed.trials > 0 && observed.successes >= 0 && isfinite(observed.trials);
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* The roots of (1 + z2/n) x^2 - (2 p + z2/n) x + p^2; the lower one comes from the product of both, which does not cancel. */
eh_interval eh_interval_wilson(eh_proportion observed, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    if (!is_observed(observed))
        return (eh_interval){0, 1};
    double n = observed.trials;
    double p = clamp(observed.successes / n, 0, 1);
    double q = clamp((n - observed.successes) / n, 0, 1);
    double z = eh_normal_critical(confidence);
    double share = z * z / n;
    double reach = p + share / 2 + z * sqrt(p * q / n + share / (4 * n));
    /* Rounding must never put the estimate outside its own interval. */
    return (eh_interval){.low = clamp(p * p / reach, 0, p), .high = clamp(reach / (1 + share), p, 1)};
}

eh_interval eh_interval_newcombe(eh_proportion a, eh_proportion b, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    if (!is_observed(a) || !is_observed(b))
        return (eh_interval){-1, 1};
    eh_interval wilson_a = eh_interval_wilson(a, confidence), wilson_b = eh_interval_wilson(b, confidence);
    double rate_a = a.successes / a.trials, rate_b = b.successes / b.trials;
    double difference = rate_a - rate_b;
    return (eh_interval){
        .low = clamp(difference - hypot(rate_a - wilson_a.low, wilson_b.high - rate_b), -1, 1),
        .high = clamp(difference + hypot(wilson_a.high - rate_a, rate_b - wilson_b.low), -1, 1),
    };
}

/* ---- score interval of a ratio ----------------------------------------------------------------------------------- */

static double ratio_excess(eh_proportion a, eh_proportion b, double log_ratio, double target)
{
    return eh_score_z(EH_SCALE_RATIO, a, b, exp(log_ratio)) - target;
}

typedef struct {
    eh_proportion a, b;
    double target;
} ratio_question;

static double ratio_excess_at(const void *context, double log_ratio)
{
    const ratio_question *question = context;
    return ratio_excess(question->a, question->b, log_ratio, question->target);
}

/* The log ratio at which the score statistic, which falls as the ratio grows, crosses `target`; +-infinity when it never does. */
static double ratio_root(eh_proportion a, eh_proportion b, double start, double target)
{
    /* A little more than the interval of the log ratio by the delta method; half a case where there is none. */
    double variance = 1 / fmax(a.successes, 0.5) - 1 / a.trials + 1 / fmax(b.successes, 0.5) - 1 / b.trials;
    double low = start, high = start, reach = 1.1 * fabs(target) * sqrt(fmax(variance, 1e-12));
    double low_excess = ratio_excess(a, b, low, target), high_excess = low_excess;
    for (int step = 0; step < BRACKET_STEPS_MAX && low_excess < 0 && low > -690; step++, reach *= 2) {
        high = low, high_excess = low_excess;
        low = clamp(low - reach, -690, 690);
        low_excess = ratio_excess(a, b, low, target);
    }
    for (int step = 0; step < BRACKET_STEPS_MAX && high_excess > 0 && high < 690; step++, reach *= 2) {
        low = high, low_excess = high_excess;
        high = clamp(high + reach, -690, 690);
        high_excess = ratio_excess(a, b, high, target);
    }
    if (low_excess < 0)
        return -EH_INFINITY;
    if (high_excess > 0)
        return EH_INFINITY;
    const ratio_question question = {a, b, target};
    return eh_root((eh_curve){ratio_excess_at, &question}, (eh_bracket){low, high, low_excess, high_excess}, 1e-14);
}

eh_interval eh_interval_ratio_score(eh_proportion a, eh_proportion b, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    eh_interval interval = {0, EH_INFINITY};
    if (!is_observed(a) || !is_observed(b) || (a.successes <= 0 && b.successes <= 0))
        return interval;
    double z = eh_normal_critical(confidence);
    /* A zero cell has no point estimate to start from; half a case gives one that is near. */
    double half_a = a.successes > 0 ? 0 : 0.5, half_b = b.successes > 0 ? 0 : 0.5;
    double start = log((a.successes + half_a) / a.trials) - log((b.successes + half_b) / b.trials);
    if (a.successes > 0)
        interval.low = exp(ratio_root(a, b, start, z));
    if (b.successes > 0)
        interval.high = exp(ratio_root(a, b, start, -z));
    return interval;
}

/* ---- MOVER ------------------------------------------------------------------------------------------------------- */

static bool is_known(eh_estimate estimate)
{
    return isfinite(estimate.value) && !isnan(estimate.low) && !isnan(estimate.high);
}

eh_interval eh_interval_difference_mover(eh_estimate a, eh_estimate b)
{
    if (!is_known(a) || !is_known(b))
        return (eh_interval){-EH_INFINITY, EH_INFINITY};
    double difference = a.value - b.value;
    return (eh_interval){
        .low = difference - hypot(a.value - a.low, b.high - b.value),
        .high = difference + hypot(a.high - a.value, b.value - b.low),
    };
}

/*
 * Donner and Zou's limits are (A -+ sqrt(A^2 - B C)) / C. The lower one is written as B / (A + sqrt(A^2 - B C)), which is the same
 * number and stays defined when C = u2 (2 v2 - u2) is zero or negative, as it is for wide intervals.
 */
eh_interval eh_interval_ratio_mover(eh_estimate a, eh_estimate b)
{
    eh_interval interval = {0, EH_INFINITY};
    if (!is_known(a) || !is_known(b) || a.value < 0 || b.value < 0)
        return interval;
    double low_a = fmax(a.low, 0), low_b = fmax(b.low, 0);
    double product = a.value * b.value;
    if (low_a > 0 && isfinite(b.high)) {
        double above = low_a * (2 * a.value - low_a);
        double below = b.high * (2 * b.value - b.high);
        double root = sqrt(fmax(product * product - above * below, 0));
        interval.low = product + root > 0 ? above / (product + root) : 0;
    }
    double below = low_b * (2 * b.value - low_b);
    if (below > 0 && isfinite(a.high)) {
        double above = a.high * (2 * a.value - a.high);
        interval.high = (product + sqrt(fmax(product * product - above * below, 0))) / below;
    }
    return interval;
}

eh_interval eh_interval_mean(double mean, double variance, double n_effective, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    if (isnan(mean) || !(variance >= 0) || !(n_effective >= 2))
        return (eh_interval){-EH_INFINITY, EH_INFINITY};
    double reach = eh_student_critical(confidence, n_effective - 1.0) * sqrt(variance / n_effective);
    return (eh_interval){mean - reach, mean + reach};
}
