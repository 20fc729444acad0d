#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_int.h"

enum { CALIBRATION_REPLICATES = 400 };
static const double probability_floor = 1e-15;

static const eh_estimate undefined_estimate = {EH_NAN, EH_NAN, EH_NAN, 0};

/** What the score cells of one group add up to. */
typedef struct {
    tally_sum all;
    double brier_sum, brier_squares;       /* of the squared errors */
    double log_loss_sum, log_loss_squares;
    bool probability;                      /* every score lies in [0, 1] */
} score_losses;

static void losses_add(score_losses *losses, const eh_score_cell *cell)
{
    double label = cell->label == EH_TRUE ? 1.0 : 0.0;
    double brier = cell->score_squares_sum - 2 * label * cell->score_sum + label * cell->weight;
    double error = cell->score - label;
    double of_label = cell->label == EH_TRUE ? cell->score : 1 - cell->score;
    double surprise = -log(fmin(fmax(of_label, probability_floor), 1 - probability_floor));
    losses->all.count += (double)cell->count;
    losses->all.weight += cell->weight;
    losses->all.weight_squares += cell->weight_squares;
    losses->brier_sum += brier;
    losses->brier_squares += cell->weight * error * error * error * error;
    losses->log_loss_sum += cell->log_loss_sum;
    losses->log_loss_squares += cell->weight * surprise * surprise;
}

static eh_estimate loss_estimate(double sum, double squares, const tally_sum *all, double confidence)
{
    if (all->weight <= 0 || isnan(sum))
        return undefined_estimate;
    double mean = sum / all->weight;
    double effective = all->weight * all->weight / all->weight_squares;
    double spread = fmax(squares / all->weight - mean * mean, 0);
    double variance = effective > 1 ? spread * effective / (effective - 1) : spread;
    eh_interval interval = eh_interval_mean(mean, variance, effective, confidence);
    return (eh_estimate){mean, fmax(interval.low, 0), interval.high, effective};
}

/** Merges negatives and positives with equal scores; cells are sorted by score. Returns the number of bins. */
static size_t score_bins(const eh_score_cell *cells, size_t count, eh_score_bin *bins)
{
    size_t bins_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (bins_count == 0 || cells[i].score > bins[bins_count - 1].score)
            bins[bins_count++] = (eh_score_bin){.score = cells[i].score};
        eh_score_bin *bin = &bins[bins_count - 1];
        if (cells[i].label == EH_TRUE)
            bin->positives += cells[i].weight;
        else
            bin->negatives += cells[i].weight;
    }
    return bins_count;
}

/* ---- calibration --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double weight, weight_squares, positives, score_sum;
} calibration_bin;

static void calibration_fold(const eh_score_cell *cells, size_t count, calibration_bin *bins)
{
    for (size_t i = 0; i < count; i++) {
        int at = (int)(cells[i].score * EH_CALIBRATION_BINS);
        calibration_bin *bin = &bins[at < EH_CALIBRATION_BINS ? at : EH_CALIBRATION_BINS - 1];
        bin->weight += cells[i].weight;
        bin->weight_squares += cells[i].weight_squares;
        bin->score_sum += cells[i].score_sum;
        if (cells[i].label == EH_TRUE)
            bin->positives += cells[i].weight;
    }
}

static double calibration_error(const calibration_bin *bins, double total)
{
    double error = 0;
    for (int b = 0; b < EH_CALIBRATION_BINS; b++)
        if (bins[b].weight > 0)
            error += fabs(bins[b].positives - bins[b].score_sum) / total;
    return error;
}

/** Each bin's observed share is drawn anew from its binomial; the middle of the replicates is the interval. */
static eh_estimate calibration_estimate(audit_run *run, const calibration_bin *bins, const tally_sum *all)
{
    double replicates[CALIBRATION_REPLICATES];
    for (size_t r = 0; r < CALIBRATION_REPLICATES; r++) {
        calibration_bin drawn[EH_CALIBRATION_BINS];
        memcpy(drawn, bins, sizeof drawn);
        for (int b = 0; b < EH_CALIBRATION_BINS; b++) {
            if (bins[b].weight <= 0)
                continue;
            double effective = fmax(round(bins[b].weight * bins[b].weight / bins[b].weight_squares), 1);
            double share = (double)eh_random_binomial(&run->random, (uint64_t)effective, bins[b].positives / bins[b].weight) / effective;
            drawn[b].positives = share * bins[b].weight;
        }
        replicates[r] = calibration_error(drawn, all->weight);
    }
    double tail = (1 - run->options->confidence) / 2;
    double value = calibration_error(bins, all->weight);
    double low = eh_quantile_inplace(replicates, CALIBRATION_REPLICATES, tail);
    double high = eh_quantile_inplace(replicates, CALIBRATION_REPLICATES, 1 - tail);
    return (eh_estimate){value, fmin(low, value), fmax(high, value), all->weight * all->weight / all->weight_squares};
}

static eh_code calibration_fill(audit_run *run, const eh_score_cell *cells, size_t count, const tally_sum *all, eh_audit_group *group,
                                eh_error *error)
{
    calibration_bin bins[EH_CALIBRATION_BINS] = {0};
    calibration_fold(cells, count, bins);
    group->measures[EH_CALIBRATION_ERROR] = calibration_estimate(run, bins, all);
    eh_calibration_point *points = EH_TAKE(run->arena, EH_CALIBRATION_BINS, eh_calibration_point);
    if (!points)
        return eh_fail_memory(error);
    for (int b = 0; b < EH_CALIBRATION_BINS; b++) {
        const calibration_bin *bin = &bins[b];
        double effective = bin->weight_squares > 0 ? bin->weight * bin->weight / bin->weight_squares : 0;
        double share = bin->weight > 0 ? bin->positives / bin->weight : 0;
        eh_interval interval = eh_interval_wilson((eh_proportion){share * effective, effective}, run->options->confidence);
        points[b].score_mean = bin->weight > 0 ? bin->score_sum / bin->weight : EH_NAN;
        points[b].observed = (eh_estimate){bin->weight > 0 ? share : EH_NAN, interval.low, interval.high, effective};
    }
    group->calibration = points;
    return EH_OK;
}

/* ---- all score measures of one group ------------------------------------------------------------------------------------------- */

/** `cells` belong to the group and are sorted by score. */
static eh_code group_scores(audit_run *run, const eh_score_cell *cells, size_t count, eh_audit_group *group, eh_error *error)
{
    eh_score_bin *bins = EH_TAKE(run->scratch, count, eh_score_bin);
    if (!bins)
        return eh_fail_memory(error);
    score_losses losses = {.probability = run->cube->score_min >= 0 && run->cube->score_max <= 1};
    for (size_t i = 0; i < count; i++)
        losses_add(&losses, &cells[i]);
    if (losses.all.weight <= 0)
        return EH_OK;
    double effective = losses.all.weight * losses.all.weight / losses.all.weight_squares;
    size_t bins_count = score_bins(cells, count, bins);
    group->measures[EH_AUC] = eh_auc_delong(bins, bins_count, effective / losses.all.weight, run->options->confidence);
    if (!losses.probability)
        return EH_OK;
    double confidence = run->options->confidence;
    group->measures[EH_BRIER] = loss_estimate(losses.brier_sum, losses.brier_squares, &losses.all, confidence);
    group->measures[EH_LOG_LOSS] = loss_estimate(losses.log_loss_sum, losses.log_loss_squares, &losses.all, confidence);
    return calibration_fill(run, cells, count, &losses.all, group, error);
}

eh_code section_scores(audit_run *run, section_build *build, eh_error *error)
{
    const eh_cube *cube = run->cube;
    size_t first = 0;
    while (first < cube->score_cells_count && cube->score_cells[first].set < build->score_set)
        first++;
    while (first < cube->score_cells_count && cube->score_cells[first].set == build->score_set) {
        uint32_t code = section_code(run, build->section, cube->score_cells[first].group);
        size_t end = first + 1;
        while (end < cube->score_cells_count && cube->score_cells[end].set == build->score_set &&
               section_code(run, build->section, cube->score_cells[end].group) == code)
            end++;
        EH_ASSERT(build->group_of_code[code] != UINT32_MAX);
        eh_audit_group *group = &build->groups[build->group_of_code[code]];
        if (!group->withheld)
            EH_TRY(group_scores(run, cube->score_cells + first, end - first, group, error));
        first = end;
    }
    return EH_OK;
}

static int compare_by_score(const void *a, const void *b)
{
    const eh_score_cell *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

eh_code everybody_scores(audit_run *run, eh_audit_group *everybody, eh_error *error)
{
    const eh_cube *cube = run->cube;
    size_t count = 0;
    while (count < cube->score_cells_count && cube->score_cells[count].set == 0)
        count++;
    eh_score_cell *sorted = EH_TAKE(run->scratch, count, eh_score_cell);
    if (!sorted)
        return eh_fail_memory(error);
    if (count > 0)
        memcpy(sorted, cube->score_cells, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_by_score);
    return group_scores(run, sorted, count, everybody, error);
}
