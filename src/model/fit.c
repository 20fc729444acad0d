/* One fit: bags, shape functions, pairs, constraints, the model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/fit_int.h"

enum { ROUNDS_DEFAULT = 2000, PATIENCE = 32, BAGS_DEFAULT = 16, BAGS_LARGE = 8, ROWS_LARGE = 200000, LEAF_ROWS = 4, PAIRS_DEFAULT_MAX = 24 };
/* Rows that are added to every leaf of a table; a category with more levels than LEVELS_FEW is drawn level by level. */
enum { PAIR_RIDGE_ROWS = 80, LEVELS_FEW = 16 };
static const double held_share = 0.15;
static const double learning_rate_default = 0.15;
/* Where few people have the outcome (or few have it not), one of them weighs much in a leaf: smaller steps. */
static const double learning_rate_rare = 0.05, rare_share = 0.05;
enum { RARE_ROWS = 5000 };
/* Of one row with an outcome that half of all have: a leaf asks for as much curvature as LEAF_ROWS of them, whatever the outcome. */
static const double row_curvature = 0.25;
static const double tolerance_share = 5.5e-5; /* of the loss of the mean alone */

double eh_fit_mean(const eh_fit *fit, size_t t, uint32_t cell)
{
    double sum = 0;
    for (uint32_t k = 0; k < fit->groups_count; k++)
        for (int l = 0; l < EH_LANES; l++)
            sum += (double)fit->kept[k][t * EH_CELLS_PER_TERM + cell][l];
    return sum / (fit->groups_count * EH_LANES);
}

void eh_fit_logits(const eh_fit *fit, double *logits_out)
{
    for (size_t i = 0; i < fit->matrix->rows; i++) {
        double sum = 0;
        for (uint32_t k = 0; k < fit->groups_count; k++)
            for (int l = 0; l < EH_LANES; l++)
                sum += (double)fit->learners[k].scores[i][l];
        logits_out[i] = sum / (fit->groups_count * EH_LANES);
    }
}

void eh_fit_logits_held(const eh_fit *fit, double *logits_out)
{
    for (size_t i = 0; i < fit->matrix->rows; i++) {
        double sum = 0;
        int count = 0;
        for (uint32_t k = 0; k < fit->groups_count; k++)
            for (int l = 0; l < EH_LANES; l++)
                if (((fit->learners[k].held[i] >> l) & 1) != 0) {
                    sum += (double)fit->learners[k].scores[i][l];
                    count++;
                }
        logits_out[i] = count > 0 ? sum / count : EH_NAN;
    }
}

/* ---- what is fitted on -------------------------------------------------------------------------------------------------------------- */

static eh_code matrix_check(const eh_matrix *matrix, const eh_fit_options *options, eh_error *error)
{
    double weights[2] = {0, 0};
    if (matrix->rows < EH_FIT_ROWS_MIN)
        return eh_fail(error, EH_INPUT, "%zu rows with a known outcome are too few to learn from; at least %d", matrix->rows, EH_FIT_ROWS_MIN);
    double first = (double)matrix->outcome[0];
    bool differs = false;
    for (size_t i = 0; i < matrix->rows; i++) {
        double y = (double)matrix->outcome[i], w = matrix->weight == NULL ? 1 : (double)matrix->weight[i];
        differs = differs || y != first;
        if (options->loss == EH_LOSS_LOGISTIC)
            weights[y > 0.5 ? 1 : 0] += w;
    }
    if (options->loss == EH_LOSS_LOGISTIC && !(weights[0] > 0 && weights[1] > 0))
        return eh_fail(error, EH_INPUT, "the outcome is %s in every row; a model needs people with it and people without it",
                       weights[1] > 0 ? "true" : "false");
    if (options->loss == EH_LOSS_SQUARED && !differs)
        return eh_fail(error, EH_INPUT, "the outcome is the same number in every row; there is nothing to learn");
    return EH_OK;
}

/* Exactly `wanted` of the rows of one class are held out in lane l, chosen one after another (Knuth's algorithm S). */
typedef struct {
    const eh_matrix *matrix;
    int stratum, lane;   /* stratum -1: all rows */
    uint8_t *train, *held;
} bag_draw;

static void held_draw(const bag_draw *draw, eh_random *random)
{
    const eh_matrix *matrix = draw->matrix;
    int stratum = draw->stratum, lane = draw->lane;
    uint8_t *train = draw->train, *held = draw->held;
    size_t left = 0;
    for (size_t i = 0; i < matrix->rows; i++)
        left += stratum < 0 || (matrix->outcome[i] > 0.5f) == (stratum == 1) ? 1 : 0;
    double wanted = floor((double)left * held_share + 0.5);
    for (size_t i = 0; i < matrix->rows; i++) {
        if (stratum >= 0 && (matrix->outcome[i] > 0.5f) != (stratum == 1))
            continue;
        bool taken = eh_random_unit(random) * (double)left < wanted;
        wanted -= taken ? 1 : 0;
        left--;
        if (taken)
            held[i] = (uint8_t)(held[i] | (1u << lane));
        else
            train[i] = (uint8_t)(train[i] | (1u << lane));
    }
}

static void base_set(eh_fit *fit, eh_learner *learner, const uint8_t *train)
{
    const eh_matrix *matrix = fit->matrix;
    for (int l = 0; l < EH_LANES; l++) {
        double sum = 0, total = 0;
        for (size_t i = 0; i < matrix->rows; i++) {
            if (((train[i] >> l) & 1) == 0)
                continue;
            double w = matrix->weight == NULL ? 1 : (double)matrix->weight[i];
            sum += w * (double)matrix->outcome[i];
            total += w;
        }
        double mean = total > 0 ? sum / total : 0;
        if (fit->options.loss == EH_LOSS_LOGISTIC) {
            mean = (sum + 0.5) / (total + 1);
            mean = log(mean / (1 - mean));
        }
        learner->base[l] = (float)mean;
    }
}

static eh_code bags_open(eh_fit *fit, eh_error *error)
{
    size_t rows = fit->matrix->rows;
    uint8_t *train = malloc(rows), *held = malloc(rows);
    eh_code code = train == NULL || held == NULL ? eh_fail_memory(error) : EH_OK;
    for (uint32_t k = 0; k < fit->groups_count && code == EH_OK; k++) {
        memset(train, 0, rows);
        memset(held, 0, rows);
        for (int l = 0; l < EH_LANES; l++) {
            eh_random random;
            eh_random_init(&random, fit->options.seed * 1000003 + k * EH_LANES + (uint64_t)l + 1);
            bag_draw draw = {.matrix = fit->matrix, .lane = l, .train = train, .held = held};
            bool classes = fit->options.loss == EH_LOSS_LOGISTIC;
            for (draw.stratum = classes ? 0 : -1; draw.stratum < (classes ? 2 : 0); draw.stratum++)
                held_draw(&draw, &random);
        }
        base_set(fit, &fit->learners[k], train);
        code = eh_learner_open(&fit->learners[k], &fit->mains, train, held, error);
    }
    free(train);
    free(held);
    return code;
}

/* ---- progress ------------------------------------------------------------------------------------------------------------------------- */

static bool tick(void *context, double share)
{
    eh_fit *fit = context;
    /* Early stopping ends most fits long before the last round: what is left is not known, so the bar slows down as it nears the end. */
    double eased = 1 - exp(-6 * share);
    if (fit->options.progress != NULL && !fit->options.progress(fit->options.progress_context, fit->doing, fit->done_share + fit->doing_share * eased))
        fit->stopped = true;
    return !fit->stopped;
}

static void group_run(void *context, size_t group)
{
    eh_fit *fit = context;
    eh_learner_stop stop = fit->stop;
    if (group == 0) {
        stop.tick = tick;
        stop.tick_context = fit;
    }
    eh_learner_run(&fit->learners[group], &stop);
    eh_learner_settle(&fit->learners[group]);
}

static eh_code groups_run(eh_fit *fit, const char *doing, double share, eh_error *error)
{
    fit->doing = doing;
    fit->doing_share = share;
    eh_work_parallel(fit->options.threads, fit->groups_count, group_run, fit);
    fit->done_share += share;
    if (fit->stopped)
        return eh_fail(error, EH_UNAVAILABLE, "stopped; nothing was written");
    return EH_OK;
}

static void shapes_keep(eh_fit *fit, size_t first_term, size_t terms_count)
{
    for (uint32_t k = 0; k < fit->groups_count; k++)
        memcpy(fit->kept[k] + first_term * EH_CELLS_PER_TERM, fit->learners[k].shapes, terms_count * EH_CELLS_PER_TERM * sizeof(eh_lanes));
}

/* Rounds that were of use: of the bag that went on longest. */
static uint32_t rounds_of(const eh_fit *fit)
{
    uint32_t most = 0;
    for (uint32_t k = 0; k < fit->groups_count; k++)
        for (int l = 0; l < EH_LANES; l++)
            most = fit->learners[k].rounds_best[l] > most ? fit->learners[k].rounds_best[l] : most;
    return most;
}

/* ---- shape functions -------------------------------------------------------------------------------------------------------------------- */

static bool varies(const eh_matrix *matrix, size_t f)
{
    for (size_t i = 1; i < matrix->rows; i++)
        if (matrix->bins[f][i] != matrix->bins[f][0])
            return true;
    return false;
}

/* How much the levels of a category differ, by moments (DerSimonian and Laird 1986): the curvature that one level's own effect is worth. */
static float shrink_of(const eh_matrix *matrix, size_t f, double mean, double curvature)
{
    double g[EH_BINS] = {0}, h[EH_BINS] = {0}, noise = 0, all = 0, squares = 0, spread = 0;
    uint32_t used = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        double w = matrix->weight == NULL ? 1 : (double)matrix->weight[i], r = (double)matrix->outcome[i] - mean;
        g[matrix->bins[f][i]] += w * r;
        h[matrix->bins[f][i]] += w * curvature;
        noise += w * w * r * r;
        all += w * curvature;
    }
    for (uint32_t b = 0; b < EH_BINS; b++) {
        if (h[b] <= 0)
            continue;
        spread += g[b] * g[b] / h[b];
        squares += h[b] * h[b];
        used++;
    }
    double dispersion = noise / all, variance = (spread - dispersion * (used - 1)) / (all - squares / all);
    variance = variance > 1e-6 ? variance : 1e-6;
    return (float)(dispersion / variance);
}

/* What the mean alone loses, and what follows from how often the outcome comes. */
typedef struct {
    double mean, total, curvature, loss, rarer_rows; /* rarer_rows: of the rarer class */
} mean_facts;

static mean_facts mean_facts_of(const eh_matrix *matrix, eh_loss loss)
{
    mean_facts m = {0};
    double squares = 0, events = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        double w = matrix->weight == NULL ? 1 : (double)matrix->weight[i], y = (double)matrix->outcome[i];
        m.mean += w * y;
        m.total += w;
        squares += w * y * y;
        events += y;
    }
    m.mean /= m.total;
    if (loss == EH_LOSS_SQUARED) {
        m.curvature = 1;
        m.loss = fmax(squares / m.total - m.mean * m.mean, 0);
        m.rarer_rows = (double)matrix->rows;
        return m;
    }
    m.curvature = m.mean * (1 - m.mean);
    m.loss = -m.mean * log(m.mean) - (1 - m.mean) * log1p(-m.mean);
    m.rarer_rows = fmin(events, (double)matrix->rows - events);
    return m;
}

static eh_code mains_open(eh_fit *fit, eh_error *error)
{
    const eh_matrix *matrix = fit->matrix;
    const mean_facts m = mean_facts_of(matrix, fit->options.loss);
    double weight = m.total / (double)matrix->rows;
    if (fit->options.learning_rate <= 0)
        fit->options.learning_rate = m.rarer_rows < RARE_ROWS && m.rarer_rows < rare_share * (double)matrix->rows ? learning_rate_rare : learning_rate_default;
    fit->loss_of_mean = m.loss;
    fit->mains = (eh_learner_data){
        .rows = matrix->rows,
        .outcome = matrix->outcome,
        .weight = matrix->weight,
        .loss = fit->options.loss,
        .leaves_max = fit->options.leaves_max,
        .learning_rate = (float)fit->options.learning_rate,
        .curvature_min = (float)(fit->options.leaf_rows * weight * (fit->options.loss == EH_LOSS_LOGISTIC ? row_curvature : 1)),
        .ridge = (float)fmax(1e-6 * m.curvature * weight, 1e-30),
    };
    fit->mains.terms = EH_TAKE(fit->arena, matrix->features_count, eh_learner_term);
    fit->main_features = EH_TAKE(fit->arena, matrix->features_count, uint32_t);
    if (fit->mains.terms == NULL || fit->main_features == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < matrix->features_count; f++) {
        const eh_feature *feature = &matrix->features[f];
        if (!varies(matrix, f))
            continue;
        eh_learner_term *term = &fit->mains.terms[fit->mains.terms_count];
        *term = (eh_learner_term){.cells_count = feature->bins_count,
                                  .monotone = feature->monotone,
                                  .category = feature->kind == EH_FEATURE_CATEGORY,
                                  .has_missing = true};
        if (term->category && feature->levels_count > LEVELS_FEW)
            term->shrink = shrink_of(matrix, f, m.mean, m.curvature);
        fit->main_features[fit->mains.terms_count++] = (uint32_t)f;
        EH_TRY(eh_learner_term_open(term, matrix->bins[f], matrix->rows, error));
    }
    if (fit->mains.terms_count == 0)
        return eh_fail(error, EH_INPUT, "every feature has the same value in all rows; there is nothing to learn from (of a category, values in fewer than 5 rows are joined)");
    return EH_OK;
}

/* ---- pairs ----------------------------------------------------------------------------------------------------------------------------------- */

static void slopes_at_mean(eh_fit *fit)
{
    const eh_matrix *matrix = fit->matrix;
    for (size_t i = 0; i < matrix->rows; i++) {
        float sum = 0;
        for (uint32_t k = 0; k < fit->groups_count; k++)
            for (int l = 0; l < EH_LANES; l++)
                sum += fit->learners[k].scores[i][l];
        float mean = sum / (float)(fit->groups_count * EH_LANES), w = matrix->weight == NULL ? 1 : matrix->weight[i];
        if (fit->options.loss == EH_LOSS_LOGISTIC) {
            float p = 1 / (1 + expf(-mean));
            fit->gradient[i] = (p - matrix->outcome[i]) * w;
            fit->curvature[i] = p * (1 - p) * w;
        } else {
            fit->gradient[i] = (mean - matrix->outcome[i]) * w;
            fit->curvature[i] = w;
        }
    }
}

static size_t pairs_wanted(const eh_fit *fit)
{
    if (fit->options.pairs_max != UINT32_MAX)
        return fit->options.pairs_max;
    size_t wanted = fit->mains.terms_count;
    return wanted < PAIRS_DEFAULT_MAX ? wanted : PAIRS_DEFAULT_MAX;
}

static eh_code pairs_choose(eh_fit *fit, size_t *count_out, eh_error *error)
{
    const eh_matrix *matrix = fit->matrix;
    size_t features = matrix->features_count, count = 0;
    double *shapes = EH_TAKE(fit->arena, features * EH_BINS, double);
    fit->maps = EH_TAKE(fit->arena, features * EH_BINS, uint8_t);
    fit->pair_list = EH_TAKE(fit->arena, features * features / 2 + 1, eh_pair_candidate);
    bool *allowed = EH_TAKE(fit->arena, features, bool);
    if (shapes == NULL || fit->maps == NULL || fit->pair_list == NULL || allowed == NULL)
        return eh_fail_memory(error);
    for (size_t t = 0; t < fit->mains.terms_count; t++) {
        uint32_t f = fit->main_features[t];
        /* A table over a monotone feature could bend it. */
        allowed[f] = matrix->features[f].monotone == 0;
        for (uint32_t b = 0; b < fit->mains.terms[t].cells_count; b++)
            shapes[f * EH_BINS + b] = eh_fit_mean(fit, t, b);
    }
    eh_pair_maps(matrix, shapes, fit->maps);
    slopes_at_mean(fit);
    eh_pair_search search = {.matrix = matrix,
                             .maps = fit->maps,
                             .gradient = fit->gradient,
                             .curvature = fit->curvature,
                             .allowed = allowed,
                             .threads = fit->options.threads};
    EH_TRY(eh_pairs_rank(&search, fit->pair_list, &count, error));
    size_t wanted = pairs_wanted(fit);
    count = count < wanted ? count : wanted;
    while (count > 0 && !(fit->pair_list[count - 1].gain > 0))
        count--;
    *count_out = count;
    return EH_OK;
}

static eh_code pairs_open(eh_fit *fit, size_t count, eh_error *error)
{
    const eh_matrix *matrix = fit->matrix;
    fit->pairs = fit->mains;
    fit->pairs.ridge = fit->mains.curvature_min / (float)fit->options.leaf_rows * PAIR_RIDGE_ROWS;
    fit->pairs.terms_count = 0;
    fit->pairs.terms = EH_TAKE(fit->arena, count, eh_learner_term);
    fit->pair_bins = EH_TAKE(fit->arena, count, uint8_t *);
    if (fit->pairs.terms == NULL || fit->pair_bins == NULL)
        return eh_fail_memory(error);
    for (size_t p = 0; p < count; p++) {
        uint32_t a = fit->pair_list[p].a, b = fit->pair_list[p].b;
        uint8_t *bins = malloc(matrix->rows);
        if (bins == NULL)
            return eh_fail_memory(error);
        fit->pair_bins[p] = bins;
        for (size_t i = 0; i < matrix->rows; i++)
            bins[i] = (uint8_t)(fit->maps[a * EH_BINS + matrix->bins[a][i]] * EH_PAIR_BINS + fit->maps[b * EH_BINS + matrix->bins[b][i]]);
        fit->pairs.terms[p] = (eh_learner_term){.cells_count = EH_CELLS_PER_TERM, .pair = true};
        fit->pairs.terms_count = p + 1;
        EH_TRY(eh_learner_term_open(&fit->pairs.terms[p], bins, matrix->rows, error));
    }
    return EH_OK;
}

static eh_code pairs_fit(eh_fit *fit, eh_error *error)
{
    size_t count = 0;
    fit->gradient = malloc(fit->matrix->rows * sizeof(float));
    fit->curvature = malloc(fit->matrix->rows * sizeof(float));
    if (fit->gradient == NULL || fit->curvature == NULL)
        return eh_fail_memory(error);
    if (pairs_wanted(fit) == 0)
        return EH_OK;
    EH_TRY(pairs_choose(fit, &count, error));
    if (count == 0)
        return EH_OK;
    EH_TRY(pairs_open(fit, count, error));
    for (uint32_t k = 0; k < fit->groups_count; k++)
        EH_TRY(eh_learner_restart(&fit->learners[k], &fit->pairs, error));
    EH_TRY(groups_run(fit, "learning pairs", 0.35, error));
    shapes_keep(fit, fit->mains.terms_count, count);
    fit->pair_rounds = rounds_of(fit);
    return EH_OK;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------------------------------------- */

static void fit_close(eh_fit *fit)
{
    for (uint32_t k = 0; k < EH_GROUPS_OF_LANES_MAX; k++) {
        eh_learner_close(&fit->learners[k]);
        free(fit->kept[k]);
    }
    for (size_t t = 0; t < fit->mains.terms_count; t++)
        eh_learner_term_close(&fit->mains.terms[t]);
    for (size_t t = 0; fit->pairs.terms != NULL && t < fit->pairs.terms_count; t++) {
        eh_learner_term_close(&fit->pairs.terms[t]);
        free(fit->pair_bins[t]);
    }
    free(fit->gradient);
    free(fit->curvature);
    free(fit->pull);
}

static void options_fill(eh_fit_options *options, size_t rows)
{
    options->bags = options->bags == 0 ? (rows > ROWS_LARGE ? BAGS_LARGE : BAGS_DEFAULT) : options->bags;
    options->rounds_max = options->rounds_max == 0 ? ROUNDS_DEFAULT : options->rounds_max;
    options->leaves_max = options->leaves_max == 0 ? 3 : options->leaves_max;
    options->leaf_rows = options->leaf_rows == 0 ? LEAF_ROWS : options->leaf_rows;
    options->threshold = options->threshold <= 0 ? 0.5 : options->threshold;
    options->threads = eh_threads_of(options->threads);
}

static eh_code fit_run(eh_fit *fit, eh_model **model_out, eh_fair_outcome *fair_out, eh_error *error)
{
    EH_TRY(mains_open(fit, error));
    EH_TRY(bags_open(fit, error));
    size_t terms_most = fit->mains.terms_count + pairs_wanted(fit);
    for (uint32_t k = 0; k < fit->groups_count; k++) {
        fit->kept[k] = aligned_alloc(64, terms_most * EH_CELLS_PER_TERM * sizeof(eh_lanes));
        if (fit->kept[k] == NULL)
            return eh_fail_memory(error);
    }
    bool fair = fit->options.constraints_count > 0;
    fit->stop = (eh_learner_stop){.rounds_max = fit->options.rounds_max, .patience = PATIENCE, .tolerance = tolerance_share * fit->loss_of_mean};
    EH_TRY(groups_run(fit, "learning shapes", fair ? 0.4 : 0.6, error));
    shapes_keep(fit, 0, fit->mains.terms_count);
    fit->main_rounds = rounds_of(fit);
    EH_TRY(pairs_fit(fit, error));
    if (fair) {
        EH_ASSERT(fair_out != NULL);
        EH_TRY(eh_fit_assemble(fit, &fair_out->unconstrained, error));
        EH_TRY(eh_fit_fair(fit, fair_out, error));
    }
    return eh_fit_assemble(fit, model_out, error);
}

eh_code eh_model_fit(const eh_matrix *matrix, const eh_fit_options *options, eh_arena *arena, eh_model **model_out, eh_fair_outcome *fair_out,
                     eh_error *error)
{
    EH_TRY(matrix_check(matrix, options, error));
    /* Its vectors want to lie on the borders of cache lines. */
    eh_fit *fit = aligned_alloc(64, (sizeof *fit + 63) & ~(size_t)63);
    if (fit == NULL)
        return eh_fail_memory(error);
    memset(fit, 0, sizeof *fit);
    fit->matrix = matrix;
    fit->options = *options;
    fit->arena = arena;
    fit->intercept = EH_NAN;
    options_fill(&fit->options, matrix->rows);
    fit->groups_count = (fit->options.bags + EH_LANES - 1) / EH_LANES;
    eh_code code = fit->groups_count > EH_GROUPS_OF_LANES_MAX ? eh_fail(error, EH_LIMIT, "%u bags, at most %d", fit->options.bags, EH_LANES_MAX)
                                                              : fit_run(fit, model_out, fair_out, error);
    fit_close(fit);
    free(fit);
    return code;
}
