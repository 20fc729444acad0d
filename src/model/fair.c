/*
 * Constraints inside the fit: gradient descent on the shape functions, ascent on one multiplier per ordered pair of groups.
 *
 * A multiplier grows while the rate of one group lies too far above that of another, counted as people are picked, at the threshold.
 * The shape functions see it as a pull on the people near the threshold: up in the group that lies behind, down in the one ahead.
 * The pull is by group in fitting only; what it leaves behind are shape functions of the features.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/fit_int.h"

enum { ROUNDS_MAX = 600, ROUNDS_GOOD = 60, ROUNDS_PER_STAGE = 40, STAGES = 10, CELL_ROWS_MIN = 30 };
static const double ascent_rate = 0.12;

/* One constraint on one attribute. */
typedef struct {
    const eh_fair_constraint *constraint;
    const eh_fair_attribute *attribute;
    double *multipliers;          /* groups * groups: of "row above column" */
    double *picked, *total;       /* per group, now */
    double aim;                   /* inside the tolerance, so that it holds for people not seen */
    double tolerance;             /* at which the ascent stands now */
    double widest;                /* the widest gap, or 1 - the lowest ratio, now */
    size_t index;                 /* of the constraint */
} fair_part;

typedef struct {
    eh_fit *fit;
    fair_part parts[EH_CONSTRAINTS_IN_FIT_MAX * EH_ATTRIBUTES_MAX];
    size_t parts_count;
    double *logits;
    double weight_total, cut;
    double accuracy_best;
    eh_lanes *kept[EH_GROUPS_OF_LANES_MAX]; /* the best that kept all constraints */
    double level[EH_GROUPS_OF_LANES_MAX][EH_LANES]; /* and the mean score of each bag there */
    double nearest;               /* the least excess over a tolerance, if none did */
    uint32_t nearest_part;
    uint32_t good;
} fair_run;

static double row_weight(const eh_matrix *matrix, size_t i)
{
    return matrix->weight == NULL ? 1 : (double)matrix->weight[i];
}

static bool by_ratio(const fair_part *part)
{
    return !isnan(part->constraint->ratio_min);
}

/* By how much `high` lies too far above `low`, in rates. */
static double excess(const fair_part *part, double high, double low)
{
    return by_ratio(part) ? (1 - part->tolerance) * high - low : high - low - part->tolerance;
}

static void part_rates(fair_run *run, fair_part *part)
{
    const eh_matrix *matrix = run->fit->matrix;
    eh_group_rates(run->logits, matrix, part->attribute, part->constraint->measure, run->fit->options.threshold, part->picked, part->total);
    double lowest = EH_INFINITY, highest = -EH_INFINITY;
    for (size_t g = 0; g < part->attribute->groups_count; g++) {
        if (part->total[g] <= 0)
            continue;
        double rate = part->picked[g] / part->total[g];
        lowest = fmin(lowest, rate);
        highest = fmax(highest, rate);
    }
    part->widest = !(highest > lowest) ? 0 : by_ratio(part) ? 1 - lowest / highest : highest - lowest;
}

/* One standard error of the widest gap, as sampling alone would make it: the aim lies that far inside, but not beyond equality. */
static void part_aim(fair_part *part)
{
    double worst = 0, mean = 0, total = 0;
    size_t groups = part->attribute->groups_count;
    for (size_t g = 0; g < groups; g++) {
        mean += part->picked[g];
        total += part->total[g];
    }
    mean = total > 0 ? mean / total : 0.5;
    mean = fmin(fmax(mean, 0.01), 0.99);
    for (size_t g = 0; g < groups; g++)
        for (size_t k = 0; k < g; k++)
            if (part->total[g] > 0 && part->total[k] > 0)
                worst = fmax(worst, sqrt(mean * (1 - mean) * (1 / part->total[g] + 1 / part->total[k])));
    double asked = by_ratio(part) ? 1 - part->constraint->ratio_min : part->constraint->gap_max;
    double margin = by_ratio(part) ? worst / mean : worst;
    part->aim = fmax(asked - margin, asked * 0.5);
}

static double pull_of(const fair_part *part, size_t g, double weight_total)
{
    size_t groups = part->attribute->groups_count;
    double up = 0;
    if (part->total[g] <= 0)
        return 0;
    for (size_t k = 0; k < groups; k++)
        up += part->multipliers[g * groups + k] * (by_ratio(part) ? 1 - part->tolerance : 1) - part->multipliers[k * groups + g];
    return up * weight_total / part->total[g];
}

static void multipliers_step(fair_part *part)
{
    size_t groups = part->attribute->groups_count;
    for (size_t g = 0; g < groups; g++)
        for (size_t k = 0; k < groups; k++) {
            double *m = &part->multipliers[g * groups + k];
            if (g == k || part->total[g] <= 0 || part->total[k] <= 0)
                continue;
            *m = fmax(0, *m + ascent_rate * excess(part, part->picked[g] / part->total[g], part->picked[k] / part->total[k]));
        }
}

static void pulls_write(fair_run *run)
{
    const eh_matrix *matrix = run->fit->matrix;
    float *pull = run->fit->pull;
    double of_group[EH_INTERSECTION_GROUPS_MAX];
    memset(pull, 0, matrix->rows * sizeof *pull);
    for (size_t p = 0; p < run->parts_count; p++) {
        const fair_part *part = &run->parts[p];
        eh_fair_measure measure = part->constraint->measure;
        for (size_t g = 0; g < part->attribute->groups_count; g++)
            of_group[g] = pull_of(part, g, run->weight_total);
        for (size_t i = 0; i < matrix->rows; i++) {
            bool positive = matrix->outcome[i] > 0.5f;
            uint16_t group = part->attribute->group[i];
            if (group == EH_GROUP_NONE || (measure == EH_FAIR_TPR && !positive) || (measure == EH_FAIR_FPR && positive))
                continue;
            pull[i] += (float)of_group[group];
        }
    }
}

static double accuracy_of(const fair_run *run, const double *logits)
{
    const eh_matrix *matrix = run->fit->matrix;
    double right = 0, total = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        if (isnan(logits[i]))
            continue;
        double w = row_weight(matrix, i);
        right += (logits[i] >= run->cut) == (matrix->outcome[i] > 0.5f) ? w : 0;
        total += w;
    }
    return right / total;
}

static void group_round(void *context, size_t group)
{
    eh_fit *fit = context;
    eh_learner *learner = &fit->learners[group];
    eh_learner_round(learner);
    /* The updates are taken in at once, so that rates are those of the shapes as they are. */
    learner->gather_from = learner->gather_to = 0;
    eh_lanes_pass(learner);
    learner->shift = (eh_lanes){0};
    learner->update_from = learner->update_to = 0;
}

static void rates_refresh(fair_run *run)
{
    eh_fit_logits(run->fit, run->logits);
    for (size_t p = 0; p < run->parts_count; p++)
        part_rates(run, &run->parts[p]);
}

static void levels_measure(const eh_learner *learner, double *level_out)
{
    memset(level_out, 0, EH_LANES * sizeof *level_out);
    for (size_t i = 0; i < learner->data->rows; i++)
        for (int l = 0; l < EH_LANES; l++)
            level_out[l] += (double)learner->scores[i][l] / (double)learner->data->rows;
}

static void keep_if_best(fair_run *run)
{
    double worst = -EH_INFINITY;
    for (size_t p = 0; p < run->parts_count; p++) {
        double over = run->parts[p].widest - run->parts[p].aim;
        if (over > worst) {
            worst = over;
            if (worst < run->nearest)
                run->nearest_part = (uint32_t)p;
        }
    }
    run->nearest = fmin(run->nearest, worst);
    if (worst > 0)
        return;
    run->good++;
    double accuracy = accuracy_of(run, run->logits);
    if (accuracy <= run->accuracy_best)
        return;
    run->accuracy_best = accuracy;
    const eh_fit *fit = run->fit;
    for (uint32_t k = 0; k < fit->groups_count; k++) {
        memcpy(run->kept[k], fit->learners[k].shapes, fit->everything.terms_count * EH_CELLS_PER_TERM * sizeof(eh_lanes));
        levels_measure(&fit->learners[k], run->level[k]);
    }
}

/* Back to the best round: its shapes, and its level, at which people were counted. Terms are centred, so the mean score is the intercept. */
static void best_restore(fair_run *run)
{
    eh_fit *fit = run->fit;
    double sum = 0, total = 0;
    for (uint32_t k = 0; k < fit->groups_count; k++) {
        eh_learner *learner = &fit->learners[k];
        double level[EH_LANES];
        memcpy(learner->best, run->kept[k], fit->everything.terms_count * EH_CELLS_PER_TERM * sizeof(eh_lanes));
        for (size_t c = 0; c < fit->everything.terms_count * EH_CELLS_PER_TERM; c++)
            fit->kept[k][c] += run->kept[k][c];
        eh_learner_settle(learner);
        levels_measure(learner, level);
        for (size_t i = 0; i < fit->matrix->rows; i++)
            for (int l = 0; l < EH_LANES; l++)
                learner->scores[i][l] += (float)(run->level[k][l] - level[l]);
    }
    rates_refresh(run);
    for (size_t i = 0; i < fit->matrix->rows; i++) {
        sum += row_weight(fit->matrix, i) * run->logits[i];
        total += row_weight(fit->matrix, i);
    }
    fit->intercept = sum / total;
}

static eh_code rounds_run(fair_run *run, uint32_t rounds, bool final, eh_error *error)
{
    eh_fit *fit = run->fit;
    for (uint32_t round = 0; round < rounds && !(final && run->good >= ROUNDS_GOOD); round++) {
        for (size_t p = 0; p < run->parts_count; p++)
            multipliers_step(&run->parts[p]);
        pulls_write(run);
        eh_work_parallel(fit->options.threads, fit->groups_count, group_round, fit);
        rates_refresh(run);
        if (final)
            keep_if_best(run);
        if (fit->options.progress != NULL && round % 8 == 0 &&
            !fit->options.progress(fit->options.progress_context, "making it fair", 0.75 + 0.24 * round / rounds))
            return eh_fail(error, EH_UNAVAILABLE, "stopped; nothing was written");
    }
    return EH_OK;
}

/* ---- the frontier ------------------------------------------------------------------------------------------------------------------- */

static eh_code point_take(fair_run *run, eh_fair_outcome *outcome, eh_error *error)
{
    eh_fit_measures measures;
    const eh_fit *fit = run->fit;
    eh_frontier_point *point = &outcome->frontier[outcome->frontier_count];
    eh_fit_logits_held(fit, run->logits);
    EH_TRY(eh_fit_measure(run->logits, fit->matrix, EH_LOSS_LOGISTIC, fit->options.threshold, &measures, error));
    *point = (eh_frontier_point){.accuracy = measures.accuracy, .auc = measures.auc, .log_loss = measures.log_loss};
    for (size_t p = 0; p < run->parts_count; p++) {
        fair_part *part = &run->parts[p];
        part_rates(run, part);
        point->gap[part->index] = fmax(point->gap[part->index], part->widest);
    }
    outcome->frontier_count++;
    rates_refresh(run);
    return EH_OK;
}

static eh_code frontier_walk(fair_run *run, eh_fair_outcome *outcome, eh_error *error)
{
    double from[EH_CONSTRAINTS_IN_FIT_MAX * EH_ATTRIBUTES_MAX];
    outcome->frontier = EH_TAKE(run->fit->arena, STAGES + 2, eh_frontier_point);
    if (outcome->frontier == NULL)
        return eh_fail_memory(error);
    EH_TRY(point_take(run, outcome, error));
    for (size_t p = 0; p < run->parts_count; p++)
        from[p] = run->parts[p].widest;
    for (int stage = 1; stage < STAGES && run->fit->options.frontier; stage++) {
        for (size_t p = 0; p < run->parts_count; p++) {
            fair_part *part = &run->parts[p];
            part->tolerance = from[p] > part->aim ? from[p] + (part->aim - from[p]) * stage / STAGES : from[p];
        }
        EH_TRY(rounds_run(run, ROUNDS_PER_STAGE, false, error));
        EH_TRY(point_take(run, outcome, error));
    }
    return EH_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------ */

static eh_code parts_open(fair_run *run, eh_error *error)
{
    eh_fit *fit = run->fit;
    const eh_fit_options *options = &fit->options;
    if (options->constraints_count > EH_CONSTRAINTS_IN_FIT_MAX)
        return eh_fail(error, EH_LIMIT, "%zu constraints, at most %d", options->constraints_count, EH_CONSTRAINTS_IN_FIT_MAX);
    if (options->attributes_count == 0)
        return eh_fail(error, EH_INPUT, "a constraint needs groups of people; name the protected attributes");
    for (size_t c = 0; c < options->constraints_count; c++)
        for (size_t a = 0; a < options->attributes_count; a++) {
            fair_part *part = &run->parts[run->parts_count++];
            size_t groups = options->attributes[a].groups_count;
            EH_ASSERT(groups <= EH_INTERSECTION_GROUPS_MAX);
            *part = (fair_part){.constraint = &options->constraints[c], .attribute = &options->attributes[a], .index = c};
            part->multipliers = EH_TAKE(fit->arena, groups * groups, double);
            part->picked = EH_TAKE(fit->arena, groups, double);
            part->total = EH_TAKE(fit->arena, groups, double);
            if (part->multipliers == NULL || part->picked == NULL || part->total == NULL)
                return eh_fail_memory(error);
        }
    return EH_OK;
}

static eh_code everything_open(fair_run *run, eh_error *error)
{
    eh_fit *fit = run->fit;
    size_t mains = fit->mains.terms_count, pairs = fit->pairs.terms_count;
    fit->everything = fit->mains;
    fit->everything.terms_count = mains + pairs;
    fit->everything.terms = EH_TAKE(fit->arena, mains + pairs, eh_learner_term);
    fit->pull = calloc(fit->matrix->rows, sizeof *fit->pull);
    run->logits = malloc(fit->matrix->rows * sizeof *run->logits);
    if (fit->everything.terms == NULL || fit->pull == NULL || run->logits == NULL)
        return eh_fail_memory(error);
    memcpy(fit->everything.terms, fit->mains.terms, mains * sizeof *fit->mains.terms);
    if (pairs > 0)
        memcpy(fit->everything.terms + mains, fit->pairs.terms, pairs * sizeof *fit->pairs.terms);
    /* What draws levels together would hold on to where the shapes began; trees move freely. */
    for (size_t t = 0; t < mains; t++)
        fit->everything.terms[t].shrink = 0;
    fit->everything.pull = fit->pull;
    fit->everything.pull_exp = (float)exp(run->cut);
    for (uint32_t k = 0; k < fit->groups_count; k++) {
        EH_TRY(eh_learner_restart(&fit->learners[k], &fit->everything, error));
        run->kept[k] = aligned_alloc(64, (mains + pairs) * EH_CELLS_PER_TERM * sizeof(eh_lanes));
        if (run->kept[k] == NULL)
            return eh_fail_memory(error);
    }
    for (size_t i = 0; i < fit->matrix->rows; i++)
        run->weight_total += row_weight(fit->matrix, i);
    return EH_OK;
}

static eh_code cannot(const fair_run *run, eh_error *error)
{
    const fair_part *part = &run->parts[run->nearest_part];
    double nearest = part->aim + run->nearest;
    if (by_ratio(part))
        return eh_fail(error, EH_CONFLICT, "a %s ratio of %.3g between the groups of '%s' cannot be reached; the nearest that can is about %.3f",
                       eh_fair_measure_names[part->constraint->measure], part->constraint->ratio_min, part->attribute->name, 1 - nearest);
    return eh_fail(error, EH_CONFLICT, "a %s gap of at most %.3g between the groups of '%s' cannot be reached; the nearest that can is about %.3f",
                   eh_fair_measure_names[part->constraint->measure], part->constraint->gap_max, part->attribute->name, nearest);
}

static double shown(const fair_part *part)
{
    return by_ratio(part) ? 1 - part->widest : part->widest;
}

static void outcome_note(const fair_run *run, double *of_constraint)
{
    for (size_t p = 0; p < run->parts_count; p++) {
        const fair_part *part = &run->parts[p];
        double value = shown(part), *at = &of_constraint[part->index];
        *at = isnan(*at) ? value : by_ratio(part) ? fmin(*at, value) : fmax(*at, value);
    }
}

/* A constraint that the model keeps already costs nothing. */
static bool kept_already(const fair_run *run)
{
    for (size_t p = 0; p < run->parts_count; p++)
        if (run->parts[p].widest > run->parts[p].aim)
            return false;
    return true;
}

static eh_code fair_do(fair_run *run, eh_fair_outcome *outcome, eh_error *error)
{
    eh_fit *fit = run->fit;
    eh_fit_measures measures;
    size_t constraints = fit->options.constraints_count;
    run->cut = log(fit->options.threshold / (1 - fit->options.threshold));
    EH_TRY(parts_open(run, error));
    EH_TRY(everything_open(run, error));
    outcome->before = EH_TAKE(fit->arena, constraints, double);
    outcome->after = EH_TAKE(fit->arena, constraints, double);
    if (outcome->before == NULL || outcome->after == NULL)
        return eh_fail_memory(error);
    for (size_t c = 0; c < constraints; c++)
        outcome->before[c] = outcome->after[c] = EH_NAN;
    rates_refresh(run);
    for (size_t p = 0; p < run->parts_count; p++) {
        /* A rate of fewer than thirty people says nothing that a fit could keep to. */
        for (size_t g = 0; g < run->parts[p].attribute->groups_count; g++)
            if (run->parts[p].total[g] < CELL_ROWS_MIN)
                run->parts[p].total[g] = 0;
        part_aim(&run->parts[p]);
    }
    outcome_note(run, outcome->before);
    outcome->accuracy_before = accuracy_of(run, run->logits);
    EH_TRY(eh_fit_measure(run->logits, fit->matrix, EH_LOSS_LOGISTIC, fit->options.threshold, &measures, error));
    outcome->auc_before = measures.auc;
    EH_TRY(frontier_walk(run, outcome, error));
    run->nearest = EH_INFINITY;
    run->accuracy_best = -1;
    for (size_t p = 0; p < run->parts_count; p++)
        run->parts[p].tolerance = run->parts[p].aim * 0.9;
    if (kept_already(run))
        keep_if_best(run);
    else
        EH_TRY(rounds_run(run, ROUNDS_MAX, true, error));
    if (run->accuracy_best < 0)
        return cannot(run, error);
    best_restore(run);
    outcome_note(run, outcome->after);
    outcome->accuracy_after = accuracy_of(run, run->logits);
    EH_TRY(point_take(run, outcome, error));
    EH_TRY(eh_fit_measure(run->logits, fit->matrix, EH_LOSS_LOGISTIC, fit->options.threshold, &measures, error));
    outcome->auc_after = measures.auc;
    return EH_OK;
}

eh_code eh_fit_fair(eh_fit *fit, eh_fair_outcome *outcome, eh_error *error)
{
    fair_run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return eh_fail_memory(error);
    run->fit = fit;
    eh_code code = fair_do(run, outcome, error);
    for (uint32_t k = 0; k < EH_GROUPS_OF_LANES_MAX; k++)
        free(run->kept[k]);
    free(run->logits);
    free(run);
    return code;
}
