/* Cross-validation: the whole procedure again on the other folds, scores for the people that it has not seen. */
#include <stdlib.h>
#include <string.h>

#include "model/dataset.h"
#include "model/learner_int.h"

enum { FOLD_BAGS = 8 };

/* Folds of equal size within each class, drawn by the seed. */
static void folds_draw(const eh_matrix *matrix, eh_loss loss, uint32_t folds, uint64_t seed, uint8_t *fold_out)
{
    eh_random random;
    uint32_t left[2][64];
    size_t counts[2] = {0, 0};
    eh_random_init(&random, seed * 7919 + 17);
    for (size_t i = 0; i < matrix->rows; i++)
        counts[loss == EH_LOSS_LOGISTIC && matrix->outcome[i] > 0.5f ? 1 : 0]++;
    for (int c = 0; c < 2; c++)
        for (uint32_t k = 0; k < folds; k++)
            left[c][k] = (uint32_t)(counts[c] / folds + (k < counts[c] % folds ? 1 : 0));
    for (size_t i = 0; i < matrix->rows; i++) {
        int c = loss == EH_LOSS_LOGISTIC && matrix->outcome[i] > 0.5f ? 1 : 0;
        uint64_t draw = (uint64_t)(eh_random_unit(&random) * (double)counts[c]);
        uint32_t k = 0;
        while (k + 1 < folds && draw >= left[c][k])
            draw -= left[c][k++];
        left[c][k]--;
        counts[c]--;
        fold_out[i] = (uint8_t)k;
    }
}

static eh_code attributes_select(const eh_fit_options *options, const bool *take, size_t rows, eh_arena *arena, eh_fair_attribute **attributes_out,
                                 eh_error *error)
{
    eh_fair_attribute *attributes = EH_TAKE(arena, options->attributes_count, eh_fair_attribute);
    if (attributes == NULL)
        return eh_fail_memory(error);
    for (size_t a = 0; a < options->attributes_count; a++) {
        uint16_t *group = EH_TAKE(arena, rows, uint16_t);
        size_t at = 0;
        if (group == NULL)
            return eh_fail_memory(error);
        for (size_t i = 0; i < rows; i++)
            if (take[i])
                group[at++] = options->attributes[a].group[i];
        attributes[a] = options->attributes[a];
        attributes[a].group = group;
    }
    *attributes_out = attributes;
    return EH_OK;
}

typedef struct {
    const eh_matrix *matrix;
    const eh_fit_options *options;
    const uint8_t *fold;
    uint8_t held;
} fold_work;

static eh_code fold_score(const fold_work *work, eh_arena *arena, double *scores_out, eh_error *error)
{
    const eh_matrix *matrix = work->matrix;
    bool *take = EH_TAKE(arena, matrix->rows, bool);
    eh_matrix part;
    eh_fit_options options = *work->options;
    eh_fair_attribute *attributes = NULL;
    eh_fair_outcome outcome = {0};
    eh_model *model = NULL;
    if (take == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < matrix->rows; i++)
        take[i] = work->fold[i] != work->held;
    EH_TRY(eh_matrix_select(matrix, take, arena, &part, error));
    EH_TRY(attributes_select(work->options, take, matrix->rows, arena, &attributes, error));
    options.attributes = attributes;
    options.bags = FOLD_BAGS;
    options.frontier = false;
    EH_TRY(eh_model_fit(&part, &options, arena, &model, &outcome, error));
    uint8_t *row = EH_TAKE(arena, matrix->features_count, uint8_t);
    if (row == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < matrix->rows; i++) {
        if (take[i])
            continue;
        for (size_t f = 0; f < matrix->features_count; f++)
            row[f] = matrix->bins[f][i];
        scores_out[i] = (double)eh_model_score(model, row, NULL) / EH_MICRO;
    }
    return EH_OK;
}

typedef struct {
    const eh_matrix *matrix;
    const eh_fit_options *options;
    const uint8_t *fold;
    double *scores;
    eh_code codes[64];
    eh_error errors[64];
} folds_work;

static void fold_do(void *context, size_t index)
{
    folds_work *folds = context;
    fold_work work = {.matrix = folds->matrix, .options = folds->options, .fold = folds->fold, .held = (uint8_t)index};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open((size_t)EH_ARENA_BYTES_MAX);
    if (arena == NULL)
        folds->codes[index] = eh_fail_memory(&folds->errors[index]);
    else
        folds->codes[index] = fold_score(&work, arena, folds->scores, &folds->errors[index]);
}



eh_code eh_model_validate(const eh_matrix *matrix, const eh_fit_options *options, const eh_validation *validation, double *scores_out, eh_error *error)
{
    EH_ASSERT(validation->folds >= 2 && validation->folds <= 64);
    folds_work *work = calloc(1, sizeof *work);
    uint8_t *fold = malloc(matrix->rows);
    eh_code code = work == NULL || fold == NULL ? eh_fail_memory(error) : EH_OK;
    if (code == EH_OK) {
        eh_fit_options inner = *options;
        inner.threads = 1;
        inner.progress = NULL;
        folds_draw(matrix, options->loss, validation->folds, options->seed, fold);
        for (size_t i = 0; i < matrix->rows; i++)
            scores_out[i] = EH_NAN;
        *work = (folds_work){.matrix = matrix, .options = &inner, .fold = fold, .scores = scores_out};
        eh_work_parallel(options->threads, validation->first_only ? 1 : validation->folds, fold_do, work);
        for (uint32_t k = 0; k < validation->folds && code == EH_OK; k++) {
            code = work->codes[k];
            if (code != EH_OK && error != NULL)
                *error = work->errors[k];
        }
    }
    free(work);
    free(fold);
    return code;
}
