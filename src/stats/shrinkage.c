/* Shrinkage of many rates towards their common one: the beta-binomial model, its prior fitted to the groups. */
#include "stats/stats_int.h"

#include <math.h>

enum { SEARCH_STEPS = 40 };

/* The likelihood is flat at its top, so the strength can be sought with a coarse mean. */
static const double coarse = 1e-2, fine = 1e-7;
static const double golden = 0.618033988749894848;

typedef struct {
    double mean, strength; /* a Beta(mean * strength, (1 - mean) * strength) prior */
} beta_prior;

typedef struct {
    const eh_proportion *groups;
    size_t count;
    double successes, trials; /* of all groups together */
    size_t groups_with_data;
} rate_family;

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* log of Gamma(start + count) / Gamma(start), without the difference of two huge numbers where start is large. */
static double log_rising(double start, double count)
{
    if (count <= 0)
        return 0;
    if (start < 1000)
        return eh_log_gamma(start + count) - eh_log_gamma(start);
    double end = start + count;
    return (start - 0.5) * log1p(count / start) + count * (log(end) - 1) + 1 / (12 * end) - 1 / (12 * start);
}

static double log_likelihood(const rate_family *family, beta_prior prior)
{
    double a = prior.mean * prior.strength, b = (1 - prior.mean) * prior.strength;
    double sum = 0;
    for (size_t i = 0; i < family->count; i++) {
        eh_proportion group = family->groups[i];
        if (group.trials > 0)
            sum += log_rising(a, group.successes) + log_rising(b, group.trials - group.successes) -
                   log_rising(prior.strength, group.trials);
    }
    return sum;
}

static double logistic(double logit)
{
    return 1 / (1 + exp(-logit));
}

/* The best mean for one strength to within `width` logits, by golden section; its likelihood in *best_out. */
static double fit_mean(const rate_family *family, double strength, double width, double *best_out)
{
    /* The best mean lies between the pooled rate and the mean of the rates, but for noise; six logits around hold both. */
    double pooled = family->successes / family->trials;
    double centre = log(pooled) - log1p(-pooled), low = centre - 6, high = centre + 6;
    double left = high - golden * (high - low), right = low + golden * (high - low);
    double at_left = log_likelihood(family, (beta_prior){logistic(left), strength});
    double at_right = log_likelihood(family, (beta_prior){logistic(right), strength});
    for (int step = 0; step < SEARCH_STEPS && high - low > width; step++) {
        if (at_left > at_right) {
            high = right, right = left, at_right = at_left;
            left = high - golden * (high - low);
            at_left = log_likelihood(family, (beta_prior){logistic(left), strength});
        } else {
            low = left, left = right, at_left = at_right;
            right = low + golden * (high - low);
            at_right = log_likelihood(family, (beta_prior){logistic(right), strength});
        }
    }
    *best_out = fmax(at_left, at_right);
    return logistic(at_left > at_right ? left : right);
}

static beta_prior fit_prior(const rate_family *family)
{
    /* The groups together cannot have taught the prior more than all the people in them. */
    double low = log(0.1), high = log(fmax(family->trials, 1));
    double left = high - golden * (high - low), right = low + golden * (high - low);
    double at_left, at_right;
    fit_mean(family, exp(left), coarse, &at_left);
    fit_mean(family, exp(right), coarse, &at_right);
    for (int step = 0; step < SEARCH_STEPS && high - low > 1e-3; step++) {
        if (at_left > at_right) {
            high = right, right = left, at_right = at_left;
            left = high - golden * (high - low);
            fit_mean(family, exp(left), coarse, &at_left);
        } else {
            low = left, left = right, at_left = at_right;
            right = low + golden * (high - low);
            fit_mean(family, exp(right), coarse, &at_right);
        }
    }
    double strength = exp(low + (high - low) / 2), best;
    return (beta_prior){fit_mean(family, strength, fine, &best), strength};
}

static rate_family survey(const eh_proportion *groups, size_t count)
{
    rate_family family = {.groups = groups, .count = count};
    for (size_t i = 0; i < count; i++) {
        if (groups[i].trials > 0) {
            family.successes += groups[i].successes;
            family.trials += groups[i].trials;
            family.groups_with_data++;
        }
    }
    return family;
}

void eh_shrink_rates(const eh_proportion *groups, size_t count, double confidence, eh_estimate *shrunk_out)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    rate_family family = survey(groups, count);
    /* One group, or groups without any difference to learn from: Jeffreys' prior, which knows nothing. */
    beta_prior prior = {0.5, 1};
    if (family.groups_with_data >= 2 && family.successes > 0 && family.successes < family.trials)
        prior = fit_prior(&family);
    double tail = (1 - confidence) / 2;
    for (size_t i = 0; i < count; i++) {
        double trials = groups[i].trials > 0 ? groups[i].trials : 0;
        double successes = trials > 0 ? clamp(groups[i].successes, 0, trials) : 0;
        if (family.groups_with_data == 0) {
            shrunk_out[i] = (eh_estimate){.value = EH_NAN, .low = 0, .high = 1, .n = 0};
            continue;
        }
        double a = prior.mean * prior.strength + successes, b = (1 - prior.mean) * prior.strength + trials - successes;
        shrunk_out[i] = (eh_estimate){.value = a / (a + b),
                                      .low = eh_beta_quantile(tail, a, b),
                                      .high = eh_beta_quantile(1 - tail, a, b),
                                      .n = trials};
    }
}
