/*
 * From eight or more bags to one model: means, standard errors, pure pairs, centred terms, an intercept that is right on average.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/fit_int.h"

enum { PURIFY_ROUNDS = 40, CALIBRATE_ROUNDS = 30 };

typedef struct {
    double value[EH_CELLS_PER_TERM], error[EH_CELLS_PER_TERM], weight[EH_CELLS_PER_TERM];
} term_draft;

static double row_weight(const eh_matrix *matrix, size_t i)
{
    return matrix->weight == NULL ? 1 : (double)matrix->weight[i];
}

/*
 * Standard error by the delete-d jackknife (Shao and Wu 1989): bags that leave out d of n rows vary by (n - d) / d less than samples
 * of n rows would.
 */
static double bags_error(const eh_fit *fit, size_t t, uint32_t cell, double mean)
{
    const double held = 0.15;
    double sum = 0;
    uint32_t lanes = fit->groups_count * EH_LANES;
    for (uint32_t k = 0; k < fit->groups_count; k++)
        for (int l = 0; l < EH_LANES; l++) {
            double d = (double)fit->kept[k][t * EH_CELLS_PER_TERM + cell][l] - mean;
            sum += d * d;
        }
    return sqrt(sum / lanes * (1 - held) / held);
}

static void drafts_fill(const eh_fit *fit, term_draft *drafts)
{
    const eh_matrix *matrix = fit->matrix;
    size_t mains = fit->mains.terms_count, pairs = fit->pairs.terms_count;
    for (size_t t = 0; t < mains + pairs; t++) {
        const eh_learner_term *term = t < mains ? &fit->mains.terms[t] : &fit->pairs.terms[t - mains];
        for (uint32_t c = 0; c < term->cells_count; c++) {
            drafts[t].value[c] = eh_fit_mean(fit, t, c);
            drafts[t].error[c] = bags_error(fit, t, c, drafts[t].value[c]);
        }
        for (size_t i = 0; i < matrix->rows; i++)
            drafts[t].weight[term->bins[i]] += row_weight(matrix, i);
    }
}

static size_t main_term_of(const eh_fit *fit, uint32_t feature)
{
    size_t t = 0;
    while (fit->main_features[t] != feature)
        t++;
    return t;
}

/* What a row (or column) of a table says on average belongs to the feature alone: moved to its shape function (Lengerich et al. 2020). */
static double margin_move(const eh_fit *fit, term_draft *pair, term_draft *single, uint32_t feature, bool rows)
{
    double largest = 0, moved[EH_PAIR_BINS] = {0};
    for (int a = 0; a < EH_PAIR_BINS; a++) {
        double sum = 0, total = 0;
        for (int b = 0; b < EH_PAIR_BINS; b++) {
            int c = rows ? a * EH_PAIR_BINS + b : b * EH_PAIR_BINS + a;
            sum += pair->weight[c] * pair->value[c];
            total += pair->weight[c];
        }
        moved[a] = total > 0 ? sum / total : 0;
        for (int b = 0; b < EH_PAIR_BINS; b++)
            pair->value[rows ? a * EH_PAIR_BINS + b : b * EH_PAIR_BINS + a] -= moved[a];
        largest = fabs(moved[a]) > largest ? fabs(moved[a]) : largest;
    }
    for (uint32_t bin = 0; bin < fit->matrix->features[feature].bins_count; bin++)
        single->value[bin] += moved[fit->maps[feature * EH_BINS + bin]];
    return largest;
}

static void pairs_purify(const eh_fit *fit, term_draft *drafts)
{
    for (size_t p = 0; p < fit->pairs.terms_count; p++) {
        term_draft *pair = &drafts[fit->mains.terms_count + p];
        uint32_t a = fit->pair_list[p].a, b = fit->pair_list[p].b;
        for (int round = 0; round < PURIFY_ROUNDS; round++) {
            double moved = margin_move(fit, pair, &drafts[main_term_of(fit, a)], a, true);
            moved = fmax(moved, margin_move(fit, pair, &drafts[main_term_of(fit, b)], b, false));
            if (moved < 1e-7)
                break;
        }
    }
}

/* What nobody in the data has says nothing, but a table's empty cell may stand between others: it keeps what the bags learned. */
static eh_code term_finish(const eh_fit *fit, const term_draft *draft, const eh_learner_term *source, eh_term *term, eh_error *error)
{
    double sum = 0, total = 0;
    term->cells_count = source->cells_count;
    term->scores = EH_TAKE(fit->arena, term->cells_count, int32_t);
    term->errors = EH_TAKE(fit->arena, term->cells_count, int32_t);
    if (term->scores == NULL || term->errors == NULL)
        return eh_fail_memory(error);
    for (uint32_t c = 0; c < term->cells_count; c++) {
        sum += draft->weight[c] * draft->value[c];
        total += draft->weight[c];
    }
    double mean = sum / total;
    term->importance = 0;
    for (uint32_t c = 0; c < term->cells_count; c++) {
        double score = fmin(fmax(draft->value[c] - mean, -1000), 1000);
        bool nobody = draft->weight[c] <= 0 && (source->category || (source->has_missing && c == 0));
        term->scores[c] = nobody ? 0 : (int32_t)lrint(score * EH_MICRO);
        term->errors[c] = (int32_t)lrint(fmin(draft->error[c], 1000) * EH_MICRO);
        term->importance += draft->weight[c] / total * fabs((double)term->scores[c]) / EH_MICRO;
    }
    return EH_OK;
}

/* The intercept at which the mean prediction is the mean outcome; under constraints that at which they were seen to hold. */
static eh_code intercept_set(const eh_fit *fit, eh_model *model, eh_error *error)
{
    const eh_matrix *matrix = fit->matrix;
    double *logits = malloc(matrix->rows * sizeof *logits), intercept = 0, outcome = 0, total = 0;
    if (logits == NULL)
        return eh_fail_memory(error);
    model->intercept = 0;
    eh_model_score_matrix(model, matrix->bins, matrix->rows, logits);
    for (size_t i = 0; i < matrix->rows; i++) {
        outcome += row_weight(matrix, i) * (double)matrix->outcome[i];
        total += row_weight(matrix, i);
    }
    model->weight_total = total;
    model->base_rate = outcome / total;
    if (model->loss == EH_LOSS_LOGISTIC)
        intercept = log(model->base_rate / (1 - model->base_rate));
    for (int round = 0; round < CALIBRATE_ROUNDS && isnan(fit->intercept); round++) {
        double gap = 0, slope = 0;
        for (size_t i = 0; i < matrix->rows; i++) {
            double w = row_weight(matrix, i), s = logits[i] + intercept;
            double p = model->loss == EH_LOSS_LOGISTIC ? 1 / (1 + exp(-s)) : s;
            gap += w * (p - (double)matrix->outcome[i]);
            slope += model->loss == EH_LOSS_LOGISTIC ? w * p * (1 - p) : w;
        }
        double step = slope > 0 ? gap / slope : 0;
        intercept -= fmin(fmax(step, -2), 2);
        if (fabs(step) < 1e-9)
            break;
    }
    free(logits);
    model->intercept = llrint((isnan(fit->intercept) ? intercept : fit->intercept) * EH_MICRO);
    return EH_OK;
}

static eh_code features_copy(const eh_fit *fit, eh_model *model, eh_error *error)
{
    const eh_matrix *matrix = fit->matrix;
    model->features = EH_TAKE(fit->arena, matrix->features_count, eh_feature);
    if (model->features == NULL)
        return eh_fail_memory(error);
    model->features_count = matrix->features_count;
    for (size_t f = 0; f < matrix->features_count; f++) {
        double *weights = EH_TAKE(fit->arena, matrix->features[f].bins_count, double), total = 0;
        if (weights == NULL)
            return eh_fail_memory(error);
        for (size_t i = 0; i < matrix->rows; i++) {
            weights[matrix->bins[f][i]] += row_weight(matrix, i);
            total += row_weight(matrix, i);
        }
        for (uint32_t b = 0; b < matrix->features[f].bins_count; b++)
            weights[b] /= total;
        model->features[f] = matrix->features[f];
        model->features[f].weights = weights;
    }
    return EH_OK;
}

eh_code eh_fit_assemble(eh_fit *fit, eh_model **model_out, eh_error *error)
{
    size_t mains = fit->mains.terms_count, count = mains + fit->pairs.terms_count;
    eh_model *model = EH_TAKE(fit->arena, 1, eh_model);
    term_draft *drafts = calloc(count, sizeof *drafts);
    eh_code code = model == NULL || drafts == NULL ? eh_fail_memory(error) : EH_OK;
    if (code == EH_OK) {
        drafts_fill(fit, drafts);
        pairs_purify(fit, drafts);
        model->loss = fit->options.loss;
        model->threshold = fit->options.threshold;
        model->seed = fit->options.seed;
        model->rounds = fit->main_rounds;
        model->pair_rounds = fit->pair_rounds;
        model->bags = fit->groups_count * EH_LANES;
        model->learning_rate = fit->options.learning_rate;
        model->rows = fit->matrix->rows;
        model->terms = EH_TAKE(fit->arena, count, eh_term);
        model->terms_count = count;
        code = model->terms == NULL ? eh_fail_memory(error) : features_copy(fit, model, error);
    }
    for (size_t t = 0; t < count && code == EH_OK; t++) {
        eh_term *term = &model->terms[t];
        if (t < mains) {
            *term = (eh_term){.features_count = 1, .feature = {fit->main_features[t], 0}};
        } else {
            uint32_t a = fit->pair_list[t - mains].a, b = fit->pair_list[t - mains].b;
            *term = (eh_term){.features_count = 2, .feature = {a, b}, .map = {fit->maps + a * EH_BINS, fit->maps + b * EH_BINS}};
        }
        code = term_finish(fit, &drafts[t], t < mains ? &fit->mains.terms[t] : &fit->pairs.terms[t - mains], term, error);
    }
    free(drafts);
    if (code == EH_OK)
        code = intercept_set(fit, model, error);
    if (code == EH_OK)
        *model_out = model;
    return code;
}
