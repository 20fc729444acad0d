/* What an offer changes: nuisance models by cross-fitting, doubly robust scores, one additive model of the effect per offer. */
#include "model/uplift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/dataset.h"
#include "model/learner_int.h"

enum { FOLDS_DEFAULT = 3, FOLDS_MAX = 20, NUISANCE_BAGS = 8, EFFECT_BAGS = 16, EFFECT_PAIRS = 0, ARMS_MAX = EH_MODEL_OFFERS_MAX + 1 };
static const double confidence = 0.95;
static const double chance_floor = 0.02;
static const double effect_rate = 0.05;

const char *const eh_uplift_learner_names[EH_LEARNERS_COUNT] = {"dr", "t", "x"};

/* One complete estimate on some rows. */
typedef struct {
    const eh_uplift_data *data;      /* of these rows */
    const eh_uplift_options *options;
    eh_arena *arena;
    uint32_t folds, threads;
    uint8_t *fold;                   /* per row */
    double *mean[ARMS_MAX];          /* predicted outcome in each arm, by models that have not seen the row */
    double *chance[ARMS_MAX];
    double **scores;                 /* per offer */
    eh_overlap overlap;
    eh_code *codes;
    eh_error *errors;
} estimate;

static double row_weight(const eh_matrix *matrix, size_t i)
{
    return matrix->weight == NULL ? 1 : (double)matrix->weight[i];
}

static size_t offer_arm(const eh_uplift_data *data, size_t offer)
{
    return offer < data->control ? offer : offer + 1;
}

static eh_fit_options nuisance_options(const estimate *e, eh_loss loss)
{
    return (eh_fit_options){.loss = loss, .bags = NUISANCE_BAGS, .pairs_max = 0, .seed = e->options->seed, .threads = 1};
}

/* A model of `outcome` (NULL: the matrix's own) on the rows where take is true. */
static eh_code part_fit(const eh_matrix *matrix, const float *outcome, const bool *take, const eh_fit_options *options, eh_arena *arena,
                        eh_model **model_out, eh_error *error)
{
    eh_matrix whole = *matrix, part;
    if (outcome != NULL)
        whole.outcome = outcome;
    EH_TRY(eh_matrix_select(&whole, take, arena, &part, error));
    return eh_model_fit(&part, options, arena, model_out, NULL, error);
}

static void rows_predict(const eh_model *model, const eh_matrix *matrix, const uint8_t *fold, uint32_t wanted, double *out)
{
    uint8_t bins[EH_MODEL_FEATURES_MAX];
    for (size_t i = 0; i < matrix->rows; i++) {
        if (fold != NULL && fold[i] != wanted)
            continue;
        for (size_t f = 0; f < matrix->features_count; f++)
            bins[f] = matrix->bins[f][i];
        int64_t score = eh_model_score(model, bins, NULL);
        out[i] = model->loss == EH_LOSS_LOGISTIC ? eh_probability_of(score) : (double)score / EH_MICRO;
    }
}

/* ---- outcomes in each arm -------------------------------------------------------------------------------------------------------------- */

/* Where an arm has one class only, or nothing to learn from, its mean is all that can be said. */
static void arm_mean_fill(const estimate *e, size_t arm, uint32_t fold)
{
    const eh_matrix *matrix = e->data->matrix;
    double sum = 0, total = 0;
    for (size_t i = 0; i < matrix->rows; i++)
        if (e->data->arm[i] == arm && e->fold[i] != fold) {
            sum += row_weight(matrix, i) * (double)matrix->outcome[i];
            total += row_weight(matrix, i);
        }
    for (size_t i = 0; i < matrix->rows; i++)
        if (e->fold[i] == fold)
            e->mean[arm][i] = total > 0 ? sum / total : 0;
}

static void outcome_job(void *context, size_t index)
{
    estimate *e = context;
    const eh_matrix *matrix = e->data->matrix;
    size_t arm = index / e->folds;
    uint32_t fold = (uint32_t)(index % e->folds);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    bool *take = arena == NULL ? NULL : EH_TAKE(arena, matrix->rows, bool);
    eh_model *model = NULL;
    if (take == NULL) {
        e->codes[index] = eh_fail_memory(&e->errors[index]);
        return;
    }
    for (size_t i = 0; i < matrix->rows; i++)
        take[i] = e->data->arm[i] == arm && e->fold[i] != fold;
    eh_fit_options options = nuisance_options(e, e->options->loss);
    eh_code code = part_fit(matrix, NULL, take, &options, arena, &model, &e->errors[index]);
    if (code == EH_OK)
        rows_predict(model, matrix, e->fold, fold, e->mean[arm]);
    else if (code == EH_INPUT)
        arm_mean_fill(e, arm, fold);
    e->codes[index] = code == EH_INPUT ? EH_OK : code;
}

/* ---- chances ------------------------------------------------------------------------------------------------------------------------------ */

static void shares_fill(estimate *e)
{
    const eh_matrix *matrix = e->data->matrix;
    double sum[ARMS_MAX] = {0}, total = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        sum[e->data->arm[i]] += row_weight(matrix, i);
        total += row_weight(matrix, i);
    }
    for (size_t a = 0; a < e->data->arms_count; a++)
        for (size_t i = 0; i < matrix->rows; i++)
            e->chance[a][i] = sum[a] / total;
}

/* The chance of one arm against all others, by models that have not seen the row. */
static void chance_job(void *context, size_t index)
{
    estimate *e = context;
    const eh_matrix *matrix = e->data->matrix;
    size_t arm = index / e->folds;
    uint32_t fold = (uint32_t)(index % e->folds);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    bool *take = arena == NULL ? NULL : EH_TAKE(arena, matrix->rows, bool);
    float *got = arena == NULL ? NULL : EH_TAKE(arena, matrix->rows, float);
    eh_model *model = NULL;
    if (take == NULL || got == NULL) {
        e->codes[index] = eh_fail_memory(&e->errors[index]);
        return;
    }
    for (size_t i = 0; i < matrix->rows; i++) {
        take[i] = e->fold[i] != fold;
        got[i] = e->data->arm[i] == arm ? 1 : 0;
    }
    eh_fit_options options = nuisance_options(e, EH_LOSS_LOGISTIC);
    e->codes[index] = part_fit(matrix, got, take, &options, arena, &model, &e->errors[index]);
    if (e->codes[index] == EH_OK)
        rows_predict(model, matrix, e->fold, fold, e->chance[arm]);
}

static eh_code jobs_run(estimate *e, void (*job)(void *context, size_t index), eh_error *error)
{
    size_t count = e->data->arms_count * e->folds;
    memset(e->codes, 0, count * sizeof *e->codes);
    eh_work_parallel(e->threads, count, job, e);
    for (size_t j = 0; j < count; j++)
        if (e->codes[j] != EH_OK) {
            if (error != NULL)
                *error = e->errors[j];
            return e->codes[j];
        }
    return EH_OK;
}

/* How well the features tell who got an offer at all: an AUC of .5 is what chance alone gives. */
static eh_code assignment_measure(estimate *e, eh_error *error)
{
    const eh_matrix *matrix = e->data->matrix;
    eh_matrix got = *matrix;
    eh_fit_measures measures;
    float *offered = EH_TAKE(e->arena, matrix->rows, float);
    double *logits = EH_TAKE(e->arena, matrix->rows, double);
    if (offered == NULL || logits == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < matrix->rows; i++) {
        double p = fmin(fmax(1 - e->chance[e->data->control][i], 1e-6), 1 - 1e-6);
        offered[i] = e->data->arm[i] != e->data->control ? 1 : 0;
        logits[i] = log(p / (1 - p));
    }
    got.outcome = offered;
    EH_TRY(eh_fit_measure(logits, &got, EH_LOSS_LOGISTIC, 0.5, &measures, error));
    e->overlap.auc = measures.auc;
    e->overlap.auc_low = measures.auc_low;
    e->overlap.auc_high = measures.auc_high;
    e->overlap.randomised = measures.auc_low <= 0.5 || measures.auc < 0.515;
    return EH_OK;
}

static eh_code chances_known(estimate *e, eh_error *error)
{
    const eh_uplift_data *data = e->data;
    for (size_t i = 0; i < data->matrix->rows; i++) {
        double rest = 1;
        for (size_t k = 0; k + 1 < data->arms_count; k++) {
            double p = data->propensities[k][i];
            if (!(p > 0 && p < 1))
                return eh_fail(error, EH_INPUT, "--propensity: row %zu: the chance of '%.100s' is %g, must lie between 0 and 1", i + 1,
                               data->names[offer_arm(data, k)], p);
            e->chance[offer_arm(data, k)][i] = p;
            rest -= p;
        }
        if (!(rest > 0))
            return eh_fail(error, EH_INPUT, "--propensity: row %zu: the chances add up to %g, which leaves none for '%.100s'", i + 1, 1 - rest,
                           data->names[data->control]);
        e->chance[data->control][i] = rest;
    }
    e->overlap.known = true;
    return EH_OK;
}

static void chances_settle(estimate *e)
{
    const eh_uplift_data *data = e->data;
    size_t outside = 0;
    e->overlap.lowest = 1;
    e->overlap.highest = 0;
    for (size_t i = 0; i < data->matrix->rows; i++) {
        double sum = 0;
        bool low = false;
        for (size_t a = 0; a < data->arms_count; a++)
            sum += e->chance[a][i];
        for (size_t a = 0; a < data->arms_count; a++) {
            double p = e->chance[a][i] / (e->overlap.known ? 1 : sum);
            e->overlap.lowest = fmin(e->overlap.lowest, p);
            e->overlap.highest = fmax(e->overlap.highest, p);
            low = low || p < chance_floor;
            e->chance[a][i] = fmax(p, chance_floor);
        }
        outside += low ? 1 : 0;
    }
    e->overlap.outside_share = (double)outside / (double)data->matrix->rows;
}

static eh_code chances_make(estimate *e, bool measured, eh_error *error)
{
    if (e->data->propensities != NULL) {
        EH_TRY(chances_known(e, error));
    } else if (measured) {
        EH_TRY(jobs_run(e, chance_job, error));
        EH_TRY(assignment_measure(e, error));
    }
    if (e->data->propensities == NULL && e->overlap.randomised)
        shares_fill(e);
    chances_settle(e);
    return EH_OK;
}

/* ---- scores -------------------------------------------------------------------------------------------------------------------------------- */

static void scores_make(estimate *e)
{
    const eh_uplift_data *data = e->data;
    size_t c = data->control;
    for (size_t k = 0; k + 1 < data->arms_count; k++) {
        size_t a = offer_arm(data, k);
        for (size_t i = 0; i < data->matrix->rows; i++) {
            double y = (double)data->matrix->outcome[i], score = e->mean[a][i] - e->mean[c][i];
            if (data->arm[i] == a)
                score += (y - e->mean[a][i]) / e->chance[a][i];
            if (data->arm[i] == c)
                score -= (y - e->mean[c][i]) / e->chance[c][i];
            e->scores[k][i] = score;
        }
    }
}

/* What the additive model of the effect is fitted to, and with which weight. */
static void target_make(const estimate *e, size_t offer, float *target, float *weight)
{
    const eh_uplift_data *data = e->data;
    size_t a = offer_arm(data, offer), c = data->control;
    for (size_t i = 0; i < data->matrix->rows; i++) {
        double y = (double)data->matrix->outcome[i], t = e->scores[offer][i], w = row_weight(data->matrix, i);
        double share = e->chance[a][i] / (e->chance[a][i] + e->chance[c][i]);
        if (e->options->learner == EH_LEARNER_T)
            t = e->mean[a][i] - e->mean[c][i];
        if (e->options->learner == EH_LEARNER_X) {
            t = data->arm[i] == a ? y - e->mean[c][i] : e->mean[a][i] - y;
            w *= data->arm[i] == a ? 1 - share : data->arm[i] == c ? share : 0;
        }
        target[i] = (float)t;
        weight[i] = (float)w;
    }
}

typedef struct {
    estimate *e;
    eh_model **models;
    eh_arena **arenas;
} effects_work;

static void effect_job(void *context, size_t offer)
{
    effects_work *work = context;
    estimate *e = work->e;
    eh_matrix matrix = *e->data->matrix;
    eh_arena *arena = work->arenas[offer];
    float *target = EH_TAKE(arena, matrix.rows, float), *weight = EH_TAKE(arena, matrix.rows, float);
    if (target == NULL || weight == NULL) {
        e->codes[offer] = eh_fail_memory(&e->errors[offer]);
        return;
    }
    target_make(e, offer, target, weight);
    matrix.outcome = target;
    matrix.weight = weight;
    /* Effects are small against the noise: larger leaves, smaller steps. */
    eh_fit_options options = {.loss = EH_LOSS_SQUARED, .bags = EFFECT_BAGS, .pairs_max = EFFECT_PAIRS, .seed = e->options->seed, .threads = 1,
                              .learning_rate = effect_rate, .leaf_rows = (uint32_t)(matrix.rows / 40 + 10)};
    e->codes[offer] = eh_model_fit(&matrix, &options, arena, &work->models[offer], NULL, &e->errors[offer]);
}

static eh_code effects_fit(estimate *e, eh_model **models, eh_error *error)
{
    size_t offers = e->data->arms_count - 1;
    eh_arena *arenas[EH_MODEL_OFFERS_MAX] = {NULL};
    effects_work work = {.e = e, .models = models, .arenas = arenas};
    eh_code code = EH_OK;
    for (size_t k = 0; k < offers; k++) {
        arenas[k] = eh_arena_open(EH_ARENA_BYTES_MAX);
        if (arenas[k] == NULL)
            code = eh_fail_memory(error);
    }
    memset(e->codes, 0, offers * sizeof *e->codes);
    if (code == EH_OK)
        eh_work_parallel(e->threads, offers, effect_job, &work);
    for (size_t k = 0; k < offers; k++) {
        if (arenas[k] != NULL)
            eh_arena_adopt(e->arena, &arenas[k]);
        if (code == EH_OK && e->codes[k] != EH_OK) {
            code = e->codes[k];
            if (error != NULL)
                *error = e->errors[k];
        }
    }
    return code;
}

static eh_code estimate_open(estimate *e, eh_error *error)
{
    const eh_uplift_data *data = e->data;
    size_t rows = data->matrix->rows, jobs = data->arms_count * FOLDS_MAX;
    eh_random random;
    uint32_t next[ARMS_MAX] = {0};
    e->folds = e->options->folds == 0 ? FOLDS_DEFAULT : e->options->folds;
    e->threads = eh_threads_of(e->options->threads);
    e->fold = EH_TAKE(e->arena, rows, uint8_t);
    e->codes = EH_TAKE(e->arena, jobs, eh_code);
    e->errors = EH_TAKE(e->arena, jobs, eh_error);
    e->scores = EH_TAKE(e->arena, data->arms_count, double *);
    if (e->fold == NULL || e->codes == NULL || e->errors == NULL || e->scores == NULL)
        return eh_fail_memory(error);
    for (size_t a = 0; a < data->arms_count; a++) {
        e->mean[a] = EH_TAKE(e->arena, rows, double);
        e->chance[a] = EH_TAKE(e->arena, rows, double);
        e->scores[a] = EH_TAKE(e->arena, rows, double);
        if (e->mean[a] == NULL || e->chance[a] == NULL || e->scores[a] == NULL)
            return eh_fail_memory(error);
    }
    /* Folds of equal size in each arm. */
    eh_random_init(&random, e->options->seed * 65537 + 3);
    for (size_t a = 0; a < data->arms_count; a++)
        next[a] = (uint32_t)(eh_random_next(&random) % e->folds);
    for (size_t i = 0; i < rows; i++) {
        e->fold[i] = (uint8_t)(next[data->arm[i]]++ % e->folds);
        if (eh_random_unit(&random) < 0.5)
            next[data->arm[i]]++;
    }
    return EH_OK;
}

static eh_code estimate_run(estimate *e, bool measure_chances, eh_model **models, eh_error *error)
{
    EH_TRY(estimate_open(e, error));
    EH_TRY(jobs_run(e, outcome_job, error));
    EH_TRY(chances_make(e, measure_chances, error));
    scores_make(e);
    return effects_fit(e, models, error);
}

/* ---- effects predicted without the person ----------------------------------------------------------------------------------------------------- */

/* The rows of `data` where take is true. */
static eh_code data_select(const eh_uplift_data *data, const bool *take, eh_arena *arena, eh_uplift_data *part_out, eh_error *error)
{
    eh_matrix *matrix = EH_TAKE(arena, 1, eh_matrix);
    uint16_t *arm = EH_TAKE(arena, data->matrix->rows, uint16_t);
    double **propensities = data->propensities == NULL ? NULL : EH_TAKE(arena, data->arms_count, double *);
    size_t at = 0;
    if (matrix == NULL || arm == NULL || (data->propensities != NULL && propensities == NULL))
        return eh_fail_memory(error);
    EH_TRY(eh_matrix_select(data->matrix, take, arena, matrix, error));
    for (size_t i = 0; i < data->matrix->rows; i++)
        if (take[i])
            arm[at++] = data->arm[i];
    for (size_t k = 0; propensities != NULL && k + 1 < data->arms_count; k++) {
        propensities[k] = EH_TAKE(arena, matrix->rows, double);
        if (propensities[k] == NULL)
            return eh_fail_memory(error);
        at = 0;
        for (size_t i = 0; i < data->matrix->rows; i++)
            if (take[i])
                propensities[k][at++] = data->propensities[k][i];
    }
    *part_out = *data;
    part_out->matrix = matrix;
    part_out->arm = arm;
    part_out->propensities = (const double *const *)propensities;
    return EH_OK;
}

static eh_code outer_fold(const eh_uplift_data *data, const eh_uplift_options *options, const estimate *whole, uint32_t fold, double **effects,
                          eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open((size_t)EH_FIT_MEBIBYTES_MAX << 20);
    bool *take = arena == NULL ? NULL : EH_TAKE(arena, data->matrix->rows, bool);
    uint8_t *held = arena == NULL ? NULL : EH_TAKE(arena, data->matrix->rows, uint8_t);
    eh_model *models[EH_MODEL_OFFERS_MAX] = {NULL};
    eh_uplift_data part;
    if (take == NULL || held == NULL)
        return eh_fail_memory(error);
    eh_random random;
    eh_random_init(&random, options->seed * 31 + 7);
    for (size_t i = 0; i < data->matrix->rows; i++) {
        held[i] = (uint8_t)(eh_random_next(&random) % options->outer_folds);
        take[i] = held[i] != fold;
    }
    EH_TRY(data_select(data, take, arena, &part, error));
    estimate *e = EH_TAKE(arena, 1, estimate);
    if (e == NULL)
        return eh_fail_memory(error);
    *e = (estimate){.data = &part, .options = options, .arena = arena};
    e->overlap.randomised = whole->overlap.randomised;
    EH_TRY(estimate_run(e, !whole->overlap.randomised, models, error));
    for (size_t k = 0; k + 1 < data->arms_count; k++)
        rows_predict(models[k], data->matrix, held, fold, effects[k]);
    return EH_OK;
}

/* ---- what it is worth ---------------------------------------------------------------------------------------------------------------------------- */

static eh_estimate weighted_mean(const double *values, const eh_matrix *matrix)
{
    double sum = 0, squares = 0, total = 0, total_squares = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        double w = row_weight(matrix, i);
        if (isnan(values[i]))
            continue;
        sum += w * values[i];
        squares += w * values[i] * values[i];
        total += w;
        total_squares += w * w;
    }
    if (!(total > 0))
        return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0};
    double mean = sum / total, n = total * total / total_squares;
    double half = eh_normal_quantile(0.5 + confidence / 2) * sqrt(fmax(squares / total - mean * mean, 0) / fmax(n - 1, 1));
    return (eh_estimate){mean, mean - half, mean + half, n};
}

static eh_code offer_measure(eh_uplift *uplift, const eh_uplift_data *data, size_t k, uint64_t seed, eh_error *error)
{
    eh_offer *offer = &uplift->offers[k];
    const eh_matrix *matrix = data->matrix;
    size_t a = offer_arm(data, k), count = 0;
    double *effect = malloc(matrix->rows * sizeof *effect), *outcome = malloc(matrix->rows * sizeof *outcome), *weight = malloc(matrix->rows * sizeof *weight);
    bool *treated = malloc(matrix->rows);
    eh_code code = effect == NULL || outcome == NULL || weight == NULL || treated == NULL ? eh_fail_memory(error) : EH_OK;
    for (size_t i = 0; code == EH_OK && i < matrix->rows; i++) {
        if (data->arm[i] != a && data->arm[i] != data->control)
            continue;
        effect[count] = uplift->effects[k][i];
        outcome[count] = (double)matrix->outcome[i];
        weight[count] = row_weight(matrix, i);
        treated[count++] = data->arm[i] == a;
    }
    if (code == EH_OK) {
        eh_uplift_ranking ranking = {.effect = effect, .outcome = outcome, .treated = treated, .weight = weight, .count = count};
        offer->uplift_at_30 = eh_uplift_at(&ranking, 0.3);
        offer->auuc = eh_uplift_auuc(&ranking);
        offer->autoc = eh_uplift_rate(uplift->effects[k], uplift->scores[k], matrix->rows, true, seed);
        offer->qini = eh_uplift_rate(uplift->effects[k], uplift->scores[k], matrix->rows, false, seed);
    }
    free(effect);
    free(outcome);
    free(weight);
    free(treated);
    return code;
}

/* The best offer of each person; -1 for nobody or when it would not help. */
static void best_offers(const eh_uplift *uplift, size_t rows, double *best, int *offer)
{
    for (size_t i = 0; i < rows; i++) {
        best[i] = 0;
        offer[i] = -1;
        for (size_t k = 0; k < uplift->offers_count; k++)
            if (uplift->effects[k][i] > best[i]) {
                best[i] = uplift->effects[k][i];
                offer[i] = (int)k;
            }
    }
}

static int compare_down(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Who gets what under the policy: the people with the largest predicted effects, as many as the budget allows. */
static eh_code policy_assign(const eh_uplift *uplift, size_t rows, double budget, int *offer, eh_error *error)
{
    double *best = malloc(rows * sizeof *best), *sorted = malloc(rows * sizeof *sorted);
    if (best == NULL || sorted == NULL) {
        free(best);
        free(sorted);
        return eh_fail_memory(error);
    }
    best_offers(uplift, rows, best, offer);
    memcpy(sorted, best, rows * sizeof *best);
    qsort(sorted, rows, sizeof *sorted, compare_down);
    size_t allowed = (size_t)(budget * (double)rows), given = 0;
    double cut = allowed == 0 ? EH_INFINITY : allowed < rows ? sorted[allowed - 1] : 0;
    for (int pass = 0; pass < 2; pass++) /* those above the cut, then, of those at it, the first */
        for (size_t i = 0; i < rows; i++)
            if (offer[i] >= 0 && (pass == 0 ? best[i] > cut : best[i] == cut) && given < allowed) {
                given++;
                best[i] = EH_INFINITY;
            }
    for (size_t i = 0; i < rows; i++)
        if (best[i] != EH_INFINITY)
            offer[i] = -1;
    free(best);
    free(sorted);
    return EH_OK;
}

static eh_code policy_measure(eh_uplift *uplift, const eh_uplift_data *data, double budget, eh_error *error)
{
    size_t rows = data->matrix->rows, given = 0, best = 0;
    int *offer = malloc(rows * sizeof *offer);
    double *gain = malloc(rows * sizeof *gain);
    eh_code code = offer == NULL || gain == NULL ? eh_fail_memory(error) : policy_assign(uplift, rows, budget, offer, error);
    if (code == EH_OK) {
        for (size_t i = 0; i < rows; i++) {
            gain[i] = offer[i] < 0 ? 0 : uplift->scores[offer[i]][i];
            given += offer[i] >= 0 ? 1 : 0;
        }
        for (size_t k = 1; k < uplift->offers_count; k++)
            best = uplift->offers[k].effect.value > uplift->offers[best].effect.value ? k : best;
        uplift->policy = (eh_policy_value){.budget = budget, .offered_share = (double)given / (double)rows, .gain = weighted_mean(gain, data->matrix),
                                           .gain_of_all = uplift->offers[best].effect};
        for (size_t i = 0; i < rows; i++)
            gain[i] = uplift->scores[best][i] * uplift->policy.offered_share;
        uplift->policy.gain_of_chance = weighted_mean(gain, data->matrix);
    }
    free(offer);
    free(gain);
    return code;
}

void eh_uplift_by_group(const eh_uplift *uplift, const eh_uplift_data *data, const eh_fair_attribute *attribute, eh_uplift_group *groups_out)
{
    size_t rows = data->matrix->rows;
    int *offer = malloc(rows * sizeof *offer);
    double *values = malloc(rows * sizeof *values);
    bool policy = offer != NULL && uplift->effects != NULL && policy_assign(uplift, rows, uplift->policy.budget, offer, NULL) == EH_OK;
    for (size_t g = 0; g < attribute->groups_count; g++) {
        eh_uplift_group *group = &groups_out[g];
        double people = 0, offered = 0;
        *group = (eh_uplift_group){.attribute = attribute->name, .group = attribute->group_names[g]};
        group->gain = (eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0};
        for (size_t i = 0; values != NULL && i < rows; i++) {
            if (attribute->group[i] != g)
                continue;
            people += row_weight(data->matrix, i);
            offered += policy && offer[i] >= 0 ? row_weight(data->matrix, i) : 0;
        }
        group->people = people;
        group->offered_share = policy && people > 0 ? offered / people : EH_NAN;
        for (size_t k = 0; values != NULL && k < uplift->offers_count; k++) {
            for (size_t i = 0; i < rows; i++)
                values[i] = attribute->group[i] == g ? uplift->scores[k][i] : EH_NAN;
            group->effect[k] = weighted_mean(values, data->matrix);
        }
        for (size_t i = 0; policy && i < rows; i++)
            values[i] = attribute->group[i] != g ? EH_NAN : offer[i] < 0 ? 0 : uplift->scores[offer[i]][i];
        if (policy)
            group->gain = weighted_mean(values, data->matrix);
    }
    free(offer);
    free(values);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------------ */

static eh_code arms_check(const eh_uplift_data *data, const eh_uplift_options *options, eh_error *error)
{
    uint64_t counts[ARMS_MAX] = {0}, positives[ARMS_MAX] = {0};
    EH_ASSERT(data->arms_count >= 2 && data->arms_count <= ARMS_MAX);
    for (size_t i = 0; i < data->matrix->rows; i++) {
        counts[data->arm[i]]++;
        positives[data->arm[i]] += data->matrix->outcome[i] > 0.5f ? 1 : 0;
    }
    for (size_t a = 0; a < data->arms_count; a++) {
        if (counts[a] < 2 * EH_FIT_ROWS_MIN)
            return eh_fail(error, EH_INPUT, "'%.100s' was given to %llu people; an effect needs at least %d", data->names[a], (unsigned long long)counts[a],
                           2 * EH_FIT_ROWS_MIN);
        if (options->loss == EH_LOSS_LOGISTIC && (positives[a] == 0 || positives[a] == counts[a]))
            return eh_fail(error, EH_INPUT, "the outcome is %s for everybody with '%.100s'; an effect cannot be learned", positives[a] == 0 ? "false" : "true",
                           data->names[a]);
    }
    return EH_OK;
}

static bool told(const eh_uplift_options *options, const char *what, double share)
{
    return options->progress == NULL || options->progress(options->progress_context, what, share);
}

static eh_code uplift_run(const eh_uplift_data *data, const eh_uplift_options *options, estimate *e, eh_uplift *uplift, eh_error *error)
{
    eh_model *models[EH_MODEL_OFFERS_MAX] = {NULL};
    size_t rows = data->matrix->rows;
    EH_TRY(estimate_run(e, true, models, error));
    uplift->scores = e->scores;
    uplift->overlap = e->overlap;
    for (size_t k = 0; k < uplift->offers_count; k++) {
        eh_offer *offer = &uplift->offers[k];
        double got = 0, total = 0;
        for (size_t i = 0; i < rows; i++) {
            got += data->arm[i] == offer_arm(data, k) ? row_weight(data->matrix, i) : 0;
            total += row_weight(data->matrix, i);
        }
        *offer = (eh_offer){.name = data->names[offer_arm(data, k)], .model = models[k], .share = got / total, .effect = weighted_mean(e->scores[k], data->matrix)};
        offer->uplift_at_30 = offer->autoc = offer->qini = (eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0};
        offer->auuc = EH_NAN;
        offer->model->offer = offer->name;
    }
    uplift->policy.gain = uplift->policy.gain_of_all = uplift->policy.gain_of_chance = (eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0};
    if (options->outer_folds < 2)
        return EH_OK;
    uplift->effects = EH_TAKE(e->arena, uplift->offers_count, double *);
    if (uplift->effects == NULL)
        return eh_fail_memory(error);
    for (size_t k = 0; k < uplift->offers_count; k++)
        if ((uplift->effects[k] = EH_TAKE(e->arena, rows, double)) == NULL)
            return eh_fail_memory(error);
    for (uint32_t fold = 0; fold < options->outer_folds; fold++) {
        if (!told(options, "measuring the effects", 0.3 + 0.7 * fold / options->outer_folds))
            return eh_fail(error, EH_UNAVAILABLE, "stopped; nothing was written");
        EH_TRY(outer_fold(data, options, e, fold, uplift->effects, error));
    }
    for (size_t k = 0; k < uplift->offers_count; k++)
        EH_TRY(offer_measure(uplift, data, k, options->seed, error));
    return policy_measure(uplift, data, isnan(options->budget) ? 0.3 : options->budget, error);
}

eh_code eh_uplift_fit(const eh_uplift_data *data, const eh_uplift_options *options, eh_arena *arena, eh_uplift **uplift_out, eh_error *error)
{
    EH_TRY(arms_check(data, options, error));
    eh_uplift *uplift = EH_TAKE(arena, 1, eh_uplift);
    estimate *e = EH_TAKE(arena, 1, estimate);
    if (uplift == NULL || e == NULL)
        return eh_fail_memory(error);
    *e = (estimate){.data = data, .options = options, .arena = arena};
    uplift->learner = options->learner;
    uplift->control = data->names[data->control];
    uplift->offers_count = data->arms_count - 1;
    uplift->offers = EH_TAKE(arena, uplift->offers_count, eh_offer);
    if (uplift->offers == NULL)
        return eh_fail_memory(error);
    if (!told(options, "learning the effects", 0.05))
        return eh_fail(error, EH_UNAVAILABLE, "stopped; nothing was written");
    EH_TRY(uplift_run(data, options, e, uplift, error));
    *uplift_out = uplift;
    return EH_OK;
}
