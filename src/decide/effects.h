/**
 * What a campaign has brought, from the lots that were logged with each decision. Pure functions over arrays.
 *
 * Every person had a known chance of each action (0: no offer, 1 + o: offer o). With m(a, x) what was to be expected of action a for a person
 * with facts x, fitted on other people, the doubly robust score of person i is
 *
 *     G_i(a) = m(a, x_i) + [A_i = a] / P_i(a) (Y_i - m(a, x_i))
 *
 * Its mean is the mean outcome if everybody got a, whatever m is, since P is known (Robins, Rotnitzky and Zhao 1994); a good m makes the
 * interval narrow, as the covariates of CUPED do (Deng, Xu, Kohavi and Walker 2013). Differences of means are taken person by person.
 */
#ifndef EH_DECIDE_EFFECTS_H
#define EH_DECIDE_EFFECTS_H

#include "decide/decide.h"
#include "stats/stats.h"

enum { EH_EFFECT_FOLDS = 5, EH_EFFECT_COVARIATES_MAX = 32 };

/**
 * The chance of each action when the lots of this person were drawn (chances_out), and the share that the plan itself would give it, without
 * holdout and exploration (plan_out; may be NULL). Both have frame->offers_count + 1 places. Who was out before the lots (consent, rules, caps) gets
 * nothing with certainty. Of a choice by the exact finish the finish's choice is taken as the plan's.
 */
void eh_action_chances(const eh_frame *frame, const eh_trace *trace, double *chances_out, double *plan_out);

/** People whose outcome is known. Borrowed. */
typedef struct {
    size_t people, actions;
    const uint32_t *action;
    const double *chances;        /* [person * actions + action] */
    const double *outcome;
    const double *covariates;     /* [person * covariates_count + c], known before the decision; NaN: missing */
    size_t covariates_count;      /* at most EH_EFFECT_COVARIATES_MAX */
    const uint8_t *fold;          /* below EH_EFFECT_FOLDS; m for a person is fitted on the other folds */
} eh_effect_data;

/**
 * m and G for each person and action, [person * actions + action], in `arena`. m is a ridge regression on the covariates for each action, or the mean where
 * too few people had it. G is NaN where the chance was 0: nothing can be said of that.
 * cost: people times covariates squared
 */
EH_MUST_USE eh_code eh_effect_scores(const eh_effect_data *data, eh_arena *arena, const double **expected_out, const double **scores_out, eh_error *error);

/** Mean of `values` under `weights` (NULL: 1) with a normal interval; people of weight 0 do not count. n: how many did. */
eh_estimate eh_effect_mean(const double *values, const double *weights, size_t people, double confidence);
/**
 * The same where a person may have several rows, which stand beside each other and have one number in `person`: the interval takes a person's rows as one
 * (the cluster-robust variance of Liang and Zeger 1986, times n / (n - 1)). n: people.
 */
eh_estimate eh_effect_mean_by(const double *values, const double *weights, const uint32_t *person, size_t rows, double confidence);
/** Ratio of two weighted means over the same people, interval on the logarithmic scale (delta method); NaN unless both are above 0. */
eh_estimate eh_effect_ratio(const double *above, const double *below, const double *weights, size_t people, double confidence);
/** Slope of `values` on `score` by least squares, with a heteroskedasticity-robust interval. */
eh_estimate eh_effect_slope(const double *score, const double *values, size_t people, double confidence);
/** The standard error behind a normal interval. */
double eh_effect_error(const eh_estimate *estimate, double confidence);

/** Does one group benefit less than another? */
typedef struct {
    double p;                     /* of "both benefit alike, within the tolerance" against "one of them less"; NaN: cannot be told */
    bool within;                  /* the whole interval of both contrasts lies within the tolerance */
    double detectable;            /* the smallest shortfall from ratio * the other's benefit that would have been found (power 0.8) */
} eh_benefit_contrast;
/**
 * Tests b_g >= r b_ref and b_ref >= r b_g by their linear contrasts, which are defined whatever the sign of a benefit. A group whose own benefit is not
 * shown to be above 0 can fall short of the other, but the other cannot fall short of it.
 */
eh_benefit_contrast eh_benefit_compare(const eh_estimate *group, const eh_estimate *reference, double ratio_min, double confidence);

#endif
