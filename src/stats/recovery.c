/* How well a group can be recognised from other features: an additive logistic model, cross-fitted. */
#include "stats/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 24, BINS_MAX = 256 };
static const double learning_rate = 0.3, ridge = 5.0;

typedef struct {
    const eh_recovery_spec *spec;
    double *margin;   /* per row: log odds so far */
    double *residual; /* per row: member - probability */
    double *curvature;
    double *shape;    /* the step of one feature's bins */
    double *gains;
} fitting;

/* Rows of the fold teach nothing: with zeros they need not be told apart later, and the processor need not guess. */
static void probabilities(fitting *fit, uint8_t fold)
{
    const eh_recovery_spec *spec = fit->spec;
    for (size_t i = 0; i < spec->rows_count; i++) {
        double p = 1 / (1 + exp(-fit->margin[i])), teaches = spec->fold[i] == fold ? 0 : 1;
        fit->residual[i] = teaches * (spec->member[i] - p);
        fit->curvature[i] = teaches * fmax(p * (1 - p), 1e-6);
    }
}

typedef struct {
    double slope, weight;
} bin_sums;

/* One Newton step of one feature, learnt from all rows outside the fold and taken by all rows. */
static void feature_step(fitting *fit, size_t feature)
{
    const eh_recovery_spec *spec = fit->spec;
    const uint8_t *bins = spec->bins[feature];
    bin_sums sums[BINS_MAX] = {{0, 0}};
    double gain = 0;
    for (size_t i = 0; i < spec->rows_count; i++) {
        sums[bins[i]].slope += fit->residual[i];
        sums[bins[i]].weight += fit->curvature[i];
    }
    for (size_t b = 0; b < spec->bins_count[feature]; b++) {
        fit->shape[b] = learning_rate * sums[b].slope / (sums[b].weight + ridge);
        gain += fit->shape[b] * sums[b].slope;
    }
    fit->gains[feature] += gain;
    for (size_t i = 0; i < spec->rows_count; i++) {
        double step = fit->shape[bins[i]];
        fit->margin[i] += step;
        /* First-order update between two full ones: the residual moves by the step times the curvature. */
        fit->residual[i] -= step * fit->curvature[i];
    }
}

static void fold_fit(fitting *fit, uint8_t fold)
{
    const eh_recovery_spec *spec = fit->spec;
    double members = 0, rows = 0;
    for (size_t i = 0; i < spec->rows_count; i++) {
        if (spec->fold[i] == fold)
            continue;
        members += spec->member[i];
        rows++;
    }
    double start = log((members + 0.5) / (rows - members + 0.5));
    for (size_t i = 0; i < spec->rows_count; i++)
        fit->margin[i] = start;
    for (size_t round = 0; round < ROUNDS; round++) {
        probabilities(fit, fold);
        for (size_t f = 0; f < spec->features_count; f++)
            feature_step(fit, f);
    }
}

typedef struct {
    double score;
    uint8_t member;
} scored;

static int by_score(const void *left, const void *right)
{
    double a = ((const scored *)left)->score, b = ((const scored *)right)->score;
    return a < b ? -1 : a > b;
}

/* Equal scores become one bin; `rows` is sorted in place. */
static size_t bins_of(scored *rows, size_t rows_count, eh_score_bin *bins)
{
    size_t count = 0;
    qsort(rows, rows_count, sizeof *rows, by_score);
    for (size_t i = 0; i < rows_count; i++) {
        if (count == 0 || rows[i].score > bins[count - 1].score)
            bins[count++] = (eh_score_bin){.score = rows[i].score};
        bins[count - 1].positives += rows[i].member;
        bins[count - 1].negatives += 1 - rows[i].member;
    }
    return count;
}

eh_code eh_recovery_of(const eh_recovery_spec *spec, double confidence, eh_arena *arena, eh_recovery *recovery_out, eh_error *error)
{
    size_t rows = spec->rows_count;
    fitting fit = {.spec = spec,
                   .margin = EH_TAKE(arena, rows, double),
                   .residual = EH_TAKE(arena, rows, double),
                   .curvature = EH_TAKE(arena, rows, double),
                   .shape = EH_TAKE(arena, BINS_MAX, double),
                   .gains = EH_TAKE(arena, spec->features_count, double)};
    scored *out = EH_TAKE(arena, rows, scored);
    eh_score_bin *bins = EH_TAKE(arena, rows, eh_score_bin);
    if (fit.margin == NULL || fit.residual == NULL || fit.curvature == NULL || fit.shape == NULL || fit.gains == NULL || out == NULL ||
        bins == NULL)
        return eh_fail_memory(error);
    for (uint8_t fold = 0; fold < EH_RECOVERY_FOLDS; fold++) {
        fold_fit(&fit, fold);
        for (size_t i = 0; i < rows; i++)
            if (spec->fold[i] == fold)
                out[i] = (scored){fit.margin[i], spec->member[i]};
    }
    size_t count = bins_of(out, rows, bins);
    double total = 0;
    for (size_t f = 0; f < spec->features_count; f++)
        total += fit.gains[f];
    for (size_t f = 0; f < spec->features_count; f++)
        fit.gains[f] = total > 0 ? fit.gains[f] / total : 0;
    *recovery_out = (eh_recovery){.auc = eh_auc_delong(bins, count, 1, confidence), .gains = fit.gains};
    return EH_OK;
}
