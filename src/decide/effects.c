/* Doubly robust scores from logged lots, and what follows from them. */
#include "decide/effects.h"

#include <math.h>
#include <string.h>

enum { TERMS_MAX = EH_EFFECT_COVARIATES_MAX + 1, PACKED_MAX = TERMS_MAX * (TERMS_MAX + 1) / 2, PEOPLE_PER_TERM = 5 };
#define RIDGE 1e-3
#define POWER 0.8

/* ---- chances ------------------------------------------------------------------------------------------------------------------------- */

static void lot_chances(const eh_frame *frame, const eh_trace *trace, double *plan)
{
    int allowed = __builtin_popcount(trace->allowed);
    for (size_t o = 0; o < frame->offers_count; o++)
        if ((trace->allowed >> o & 1) != 0)
            plan[1 + o] = frame->lot_share / allowed;
    plan[0] = 1 - frame->lot_share;
}

void eh_action_chances(const eh_frame *frame, const eh_trace *trace, double *chances_out, double *plan_out)
{
    double plan[EH_OFFERS_MAX + 1] = {0};
    size_t actions = frame->offers_count + 1;
    bool lots = trace->stage >= EH_STAGE_HOLDOUT, by_model = frame->choose == EH_CHOOSE_MODEL && trace->ai.may;
    double held = lots ? frame->holdout : 0, explored = lots && by_model ? frame->explore / (__builtin_popcount(trace->allowed) + 1) : 0;
    if (!lots) {
        plan[0] = 1;
    } else if (frame->choose != EH_CHOOSE_MODEL) {
        lot_chances(frame, trace, plan);
    } else if (!by_model) {
        bool may = (trace->allowed >> frame->without_ai_offer & 1) != 0;
        plan[1 + frame->without_ai_offer] = may ? frame->without_ai_share : 0;
        plan[0] = 1 - plan[1 + frame->without_ai_offer];
    } else {
        int chosen = trace->stage == EH_STAGE_CHOICE ? trace->choice : trace->policy_choice;
        plan[chosen == EH_NO_OFFER ? 0 : 1 + chosen] = 1;
    }
    for (size_t a = 0; a < actions; a++) {
        bool may = a == 0 || (trace->allowed >> (a - 1) & 1) != 0;
        chances_out[a] = (a == 0 ? held : 0) + (1 - held) * ((may ? explored : 0) + (lots && by_model ? 1 - frame->explore : 1) * plan[a]);
    }
    if (plan_out != NULL)
        memcpy(plan_out, plan, actions * sizeof *plan);
}

/* ---- what was to be expected -------------------------------------------------------------------------------------------------------------- */

/* Sums of one action in one fold: X'X packed by rows of its lower half, X'y. */
typedef struct {
    double count, outcome;
    double square[PACKED_MAX], cross[TERMS_MAX];
} sums;

/* Covariates as they enter: standardised, missing at the mean. */
typedef struct {
    const eh_effect_data *data;
    double mean[EH_EFFECT_COVARIATES_MAX], scale[EH_EFFECT_COVARIATES_MAX]; /* scale 0: constant, left out by itself */
    size_t terms;
} design;

static void design_open(design *of, const eh_effect_data *data)
{
    *of = (design){.data = data, .terms = data->covariates_count + 1};
    for (size_t c = 0; c < data->covariates_count; c++) {
        double mean = 0, squares = 0, n = 0;
        for (size_t i = 0; i < data->people; i++) {
            double value = data->covariates[i * data->covariates_count + c];
            if (isnan(value))
                continue;
            double step = value - mean;
            mean += step / ++n;
            squares += step * (value - mean);
        }
        of->mean[c] = mean;
        of->scale[c] = n > 1 && squares > 0 ? 1 / sqrt(squares / (n - 1)) : 0;
    }
}

static void design_row(const design *of, size_t person, double *row)
{
    row[0] = 1;
    for (size_t c = 0; c + 1 < of->terms; c++) {
        double value = of->data->covariates[person * of->data->covariates_count + c];
        row[1 + c] = isnan(value) ? 0 : (value - of->mean[c]) * of->scale[c];
    }
}

static void sums_add(sums *to, const double *row, size_t terms, double outcome)
{
    size_t at = 0;
    to->count++;
    to->outcome += outcome;
    for (size_t i = 0; i < terms; i++) {
        to->cross[i] += row[i] * outcome;
        for (size_t k = 0; k <= i; k++)
            to->square[at++] += row[i] * row[k];
    }
}

/* Solves (X'X + ridge) b = X'y by Cholesky; the intercept is not shrunk. False when it is no proper system. */
static bool ridge_solve(const sums *of, size_t terms, double *b_out)
{
    double half[PACKED_MAX], right[TERMS_MAX];
    memcpy(half, of->square, sizeof half);
    memcpy(right, of->cross, sizeof right);
    for (size_t i = 1; i < terms; i++)
        half[i * (i + 1) / 2 + i] += RIDGE * of->count + 1e-9;
    for (size_t i = 0; i < terms; i++) {
        double *row = half + i * (i + 1) / 2;
        for (size_t k = 0; k <= i; k++) {
            const double *other = half + k * (k + 1) / 2;
            double sum = row[k];
            for (size_t m = 0; m < k; m++)
                sum -= row[m] * other[m];
            if (k < i)
                row[k] = sum / other[k];
            else if (sum <= 0)
                return false;
            else
                row[i] = sqrt(sum);
        }
    }
    for (size_t i = 0; i < terms; i++) {
        for (size_t m = 0; m < i; m++)
            right[i] -= half[i * (i + 1) / 2 + m] * right[m];
        right[i] /= half[i * (i + 1) / 2 + i];
    }
    for (size_t i = terms; i-- > 0;) {
        for (size_t m = i + 1; m < terms; m++)
            right[i] -= half[m * (m + 1) / 2 + i] * right[m];
        right[i] /= half[i * (i + 1) / 2 + i];
    }
    memcpy(b_out, right, terms * sizeof *b_out);
    return true;
}

/* The regression of one action without one fold; only a mean when too few people had it. */
static void action_fit(const sums *folds, size_t fold, size_t terms, double *b_out)
{
    sums others = {0};
    for (size_t f = 0; f < EH_EFFECT_FOLDS; f++) {
        if (f == fold)
            continue;
        others.count += folds[f].count;
        others.outcome += folds[f].outcome;
        for (size_t i = 0; i < PACKED_MAX; i++)
            others.square[i] += folds[f].square[i];
        for (size_t i = 0; i < TERMS_MAX; i++)
            others.cross[i] += folds[f].cross[i];
    }
    memset(b_out, 0, TERMS_MAX * sizeof *b_out);
    if (others.count >= (double)(PEOPLE_PER_TERM * (terms + 1)) && ridge_solve(&others, terms, b_out))
        return;
    memset(b_out, 0, TERMS_MAX * sizeof *b_out);
    b_out[0] = others.count > 0 ? others.outcome / others.count : 0;
}

eh_code eh_effect_scores(const eh_effect_data *data, eh_arena *arena, const double **expected_out, const double **scores_out, eh_error *error)
{
    size_t actions = data->actions, places = data->people * actions;
    EH_ASSERT(data->covariates_count <= EH_EFFECT_COVARIATES_MAX);
    sums *all = EH_TAKE(arena, actions * EH_EFFECT_FOLDS, sums);
    double *fits = EH_TAKE(arena, actions * EH_EFFECT_FOLDS * TERMS_MAX, double), *expected = EH_TAKE(arena, places, double), *scores = EH_TAKE(arena, places, double);
    if (all == NULL || fits == NULL || expected == NULL || scores == NULL)
        return eh_fail_memory(error);
    design of;
    double row[TERMS_MAX];
    design_open(&of, data);
    for (size_t i = 0; i < data->people; i++) {
        design_row(&of, i, row);
        sums_add(&all[data->action[i] * EH_EFFECT_FOLDS + data->fold[i]], row, of.terms, data->outcome[i]);
    }
    for (size_t a = 0; a < actions; a++)
        for (size_t f = 0; f < EH_EFFECT_FOLDS; f++)
            action_fit(&all[a * EH_EFFECT_FOLDS], f, of.terms, &fits[(a * EH_EFFECT_FOLDS + f) * TERMS_MAX]);
    for (size_t i = 0; i < data->people; i++) {
        design_row(&of, i, row);
        for (size_t a = 0; a < actions; a++) {
            const double *b = &fits[(a * EH_EFFECT_FOLDS + data->fold[i]) * TERMS_MAX];
            double guess = 0, chance = data->chances[i * actions + a];
            for (size_t t = 0; t < of.terms; t++)
                guess += b[t] * row[t];
            expected[i * actions + a] = guess;
            scores[i * actions + a] = chance <= 0 ? EH_NAN : guess + (data->action[i] == a ? (data->outcome[i] - guess) / chance : 0);
        }
    }
    *expected_out = expected;
    *scores_out = scores;
    return EH_OK;
}

/* ---- means, ratios, slopes ------------------------------------------------------------------------------------------------------------------- */

static eh_estimate normal(double value, double error, double n, double confidence)
{
    double half = eh_normal_quantile(0.5 + confidence / 2) * error;
    return (eh_estimate){.value = value, .low = value - half, .high = value + half, .n = n};
}

static double weight_of(const double *weights, size_t person) { return weights == NULL ? 1 : weights[person]; }

eh_estimate eh_effect_mean(const double *values, const double *weights, size_t people, double confidence)
{
    double total = 0, sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < people; i++) {
        double w = weight_of(weights, i);
        if (w <= 0)
            continue;
        total += w;
        sum += w * values[i];
        n++;
    }
    if (n < 2)
        return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, n};
    double mean = sum / total;
    for (size_t i = 0; i < people; i++) {
        double w = weight_of(weights, i), step = w <= 0 ? 0 : w * (values[i] - mean);
        squares += step * step;
    }
    return normal(mean, sqrt(squares * n / (n - 1)) / total, n, confidence);
}

eh_estimate eh_effect_mean_by(const double *values, const double *weights, const uint32_t *person, size_t rows, double confidence)
{
    double total = 0, sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < rows; i++)
        if (weights[i] > 0) {
            total += weights[i];
            sum += weights[i] * values[i];
        }
    for (size_t i = 0; i < rows;) {
        double step = 0;
        bool counts = false;
        for (uint32_t whose = person[i]; i < rows && person[i] == whose; i++)
            if (weights[i] > 0) {
                step += weights[i] * (values[i] - sum / total);
                counts = true;
            }
        squares += step * step;
        n += counts;
    }
    if (n < 2)
        return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, n};
    return normal(sum / total, sqrt(squares * n / (n - 1)) / total, n, confidence);
}

eh_estimate eh_effect_ratio(const double *above, const double *below, const double *weights, size_t people, double confidence)
{
    eh_estimate a = eh_effect_mean(above, weights, people, confidence), b = eh_effect_mean(below, weights, people, confidence);
    double total = 0, squares = 0;
    if (!(a.value > 0) || !(b.value > 0))
        return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, a.n};
    for (size_t i = 0; i < people; i++) {
        double w = weight_of(weights, i);
        if (w <= 0)
            continue;
        double step = w * (above[i] / a.value - below[i] / b.value);
        total += w;
        squares += step * step;
    }
    double half = eh_normal_quantile(0.5 + confidence / 2) * sqrt(squares * a.n / (a.n - 1)) / total, ratio = a.value / b.value;
    return (eh_estimate){.value = ratio, .low = ratio * exp(-half), .high = ratio * exp(half), .n = a.n};
}

eh_estimate eh_effect_slope(const double *score, const double *values, size_t people, double confidence)
{
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0, meat = 0;
    for (size_t i = 0; i < people; i++) {
        mean_x += (score[i] - mean_x) / (double)(i + 1);
        mean_y += (values[i] - mean_y) / (double)(i + 1);
    }
    for (size_t i = 0; i < people; i++) {
        xx += (score[i] - mean_x) * (score[i] - mean_x);
        xy += (score[i] - mean_x) * (values[i] - mean_y);
    }
    if (people < 3 || xx <= 0)
        return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, (double)people};
    double slope = xy / xx;
    for (size_t i = 0; i < people; i++) {
        double step = (score[i] - mean_x) * (values[i] - mean_y - slope * (score[i] - mean_x));
        meat += step * step;
    }
    return normal(slope, sqrt(meat * (double)people / (double)(people - 2)) / xx, (double)people, confidence);
}

double eh_effect_error(const eh_estimate *estimate, double confidence)
{
    return (estimate->high - estimate->low) / 2 / eh_normal_quantile(0.5 + confidence / 2);
}

/* ---- who benefits ------------------------------------------------------------------------------------------------------------------------ */

eh_benefit_contrast eh_benefit_compare(const eh_estimate *group, const eh_estimate *reference, double ratio_min, double confidence)
{
    double g = eh_effect_error(group, confidence), r = eh_effect_error(reference, confidence), z = eh_normal_quantile(0.5 + confidence / 2);
    if (isnan(g) || isnan(r))
        return (eh_benefit_contrast){.p = EH_NAN, .detectable = EH_NAN};
    double down = group->value - ratio_min * reference->value, up = reference->value - ratio_min * group->value;
    double down_error = sqrt(g * g + ratio_min * ratio_min * r * r), up_error = sqrt(r * r + ratio_min * ratio_min * g * g);
    double p = 1;
    if (reference->low > 0 && down_error > 0)
        p = fmin(p, 2 * eh_normal_cdf(down / down_error));
    if (group->low > 0 && up_error > 0)
        p = fmin(p, 2 * eh_normal_cdf(up / up_error));
    return (eh_benefit_contrast){.p = reference->low > 0 || group->low > 0 ? p : EH_NAN,
                                 .within = reference->low > 0 && group->low > 0 && down - z * down_error >= 0 && up - z * up_error >= 0,
                                 .detectable = (z + eh_normal_quantile(POWER)) * down_error};
}
