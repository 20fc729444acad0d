/* Weights: what they cost, trimming, raking, reweighing. */
#include "stats/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what weights cost --------------------------------------------------------------------------------------------------- */

eh_weights_cost eh_weights_cost_of(const eh_weight_cell *cells, size_t count)
{
    eh_weights_cost cost = {.design_effect = EH_NAN, .effective_people = EH_NAN, .smallest = EH_NAN, .largest = EH_NAN};
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        cost.people += cells[i].count;
        cost.sum += cells[i].count * cells[i].weight;
        squares += cells[i].count * cells[i].weight * cells[i].weight;
    }
    if (!(cost.people > 0 && cost.sum > 0))
        return cost;
    double mean = cost.sum / cost.people;
    for (size_t i = 0; i < count; i++) {
        double relative = cells[i].weight / mean;
        if (!(cells[i].count > 0))
            continue;
        if (relative > 0 && !(relative >= cost.smallest))
            cost.smallest = relative;
        if (!(relative <= cost.largest))
            cost.largest = relative;
    }
    cost.design_effect = fmax(cost.people * squares / (cost.sum * cost.sum), 1);
    cost.effective_people = cost.people / cost.design_effect;
    return cost;
}

void eh_weights_trim(eh_weight_cell *cells, size_t count, double mean_ratio)
{
    EH_ASSERT(mean_ratio > 0);
    eh_weights_cost before = eh_weights_cost_of(cells, count);
    if (!(before.sum > 0))
        return;
    double most = mean_ratio * before.sum / before.people, sum = 0;
    for (size_t i = 0; i < count; i++) {
        cells[i].weight = fmin(cells[i].weight, most);
        sum += cells[i].weight * cells[i].count;
    }
    for (size_t i = 0; i < count; i++)
        cells[i].weight *= before.sum / sum;
}

static int by_weight(const void *left, const void *right)
{
    double a = ((const eh_weight_cell *)left)->weight, b = ((const eh_weight_cell *)right)->weight;
    return a < b ? -1 : a > b;
}

/* The weight at position `index` (from 0) of all people, sorted. */
static double weight_at(const eh_weight_cell *sorted, size_t count, double index)
{
    double passed = 0;
    for (size_t i = 0; i < count; i++) {
        passed += sorted[i].count;
        if (index < passed - 0.5)
            return sorted[i].weight;
    }
    return sorted[count - 1].weight;
}

void eh_weights_winsorise(eh_weight_cell *cells, size_t count, eh_tails_share shares, eh_weight_cell *scratch)
{
    double people = 0;
    memcpy(scratch, cells, count * sizeof *cells);
    qsort(scratch, count, sizeof *scratch, by_weight);
    for (size_t i = 0; i < count; i++)
        people += cells[i].count;
    if (!(people > 1))
        return;
    /* So that a share of less than one person still reaches one. */
    double low = shares.low > 0 ? fmin(shares.low + fmin(2 / people, shares.low / 10), 1) : 0;
    double high = shares.high > 0 ? fmin(shares.high + fmin(2 / people, shares.high / 10), 1) : 0;
    double least = low > 0 ? weight_at(scratch, count, ceil(low * (people - 1))) : -EH_INFINITY;
    double most = high > 0 ? weight_at(scratch, count, floor((1 - high) * (people - 1))) : EH_INFINITY;
    for (size_t i = 0; i < count; i++)
        cells[i].weight = fmin(fmax(cells[i].weight, least), most);
}

/* ---- raking ---------------------------------------------------------------------------------------------------------------- */

static void margin_sums(const eh_rake_spec *spec, const eh_margin *margin, const double *weights, double *sums_out)
{
    memset(sums_out, 0, margin->levels_count * sizeof *sums_out);
    for (size_t i = 0; i < spec->cells_count; i++)
        if (margin->level_of_cell[i] != (uint32_t)EH_LEVEL_NONE)
            sums_out[margin->level_of_cell[i]] += weights[i];
}

static double sum_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static size_t levels_most(const eh_rake_spec *spec)
{
    size_t most = 1;
    for (size_t m = 0; m < spec->margins_count; m++)
        most = spec->margins[m].levels_count > most ? spec->margins[m].levels_count : most;
    return most;
}

bool eh_rake_unreachable(const eh_rake_spec *spec, size_t *margin_out, size_t *level_out, bool *people_missing_out, eh_arena *arena)
{
    double *sums = EH_TAKE(arena, levels_most(spec), double);
    for (size_t m = 0; sums != NULL && m < spec->margins_count; m++) {
        const eh_margin *margin = &spec->margins[m];
        margin_sums(spec, margin, spec->weights, sums);
        for (size_t level = 0; level < margin->levels_count; level++) {
            if ((margin->shares[level] > 0) == (sums[level] > 0))
                continue;
            *margin_out = m;
            *level_out = level;
            *people_missing_out = margin->shares[level] > 0;
            return true;
        }
    }
    return false;
}

/* One margin's turn: every level gets the weight that its share of the margin's people is. */
static void margin_fit(const eh_rake_spec *spec, const eh_margin *margin, double *weights, double *sums)
{
    margin_sums(spec, margin, weights, sums);
    double total = sum_of(sums, margin->levels_count), shares = sum_of(margin->shares, margin->levels_count);
    for (size_t level = 0; level < margin->levels_count; level++)
        sums[level] = sums[level] > 0 ? margin->shares[level] / shares * total / sums[level] : 1;
    for (size_t i = 0; i < spec->cells_count; i++)
        if (margin->level_of_cell[i] != (uint32_t)EH_LEVEL_NONE)
            weights[i] *= sums[margin->level_of_cell[i]];
}

static double margins_gap(const eh_rake_spec *spec, const double *weights, double *sums)
{
    double largest = 0;
    for (size_t m = 0; m < spec->margins_count; m++) {
        const eh_margin *margin = &spec->margins[m];
        margin_sums(spec, margin, weights, sums);
        double total = sum_of(sums, margin->levels_count), shares = sum_of(margin->shares, margin->levels_count);
        for (size_t level = 0; level < margin->levels_count; level++)
            largest = fmax(largest, fabs(sums[level] / total - margin->shares[level] / shares));
    }
    return largest;
}

static eh_code rake_check(const eh_rake_spec *spec, eh_arena *arena, eh_error *error)
{
    size_t margin = 0, level = 0;
    bool people_missing = false;
    if (eh_rake_unreachable(spec, &margin, &level, &people_missing, arena))
        return eh_fail(error, EH_CONFLICT, "margin %zu, level %zu: %s, so no weight can reach its share", margin, level,
                       people_missing ? "nobody in the sample" : "people in the sample and none in the population");
    return EH_OK;
}

eh_code eh_rake(const eh_rake_spec *spec, eh_arena *arena, eh_rake_result *result_out, eh_error *error)
{
    uint32_t rounds_max = spec->rounds_max == 0 ? 1000 : spec->rounds_max;
    double tolerance = spec->tolerance > 0 ? spec->tolerance : 1e-10;
    double *weights = EH_TAKE(arena, spec->cells_count, double), *sums = EH_TAKE(arena, levels_most(spec), double);
    if (weights == NULL || sums == NULL)
        return eh_fail_memory(error);
    EH_TRY(rake_check(spec, arena, error));
    memcpy(weights, spec->weights, spec->cells_count * sizeof *weights);
    eh_rake_result result = {.factors = weights, .largest_gap = margins_gap(spec, weights, sums)};
    while (result.largest_gap > tolerance && result.rounds < rounds_max) {
        for (size_t m = 0; m < spec->margins_count; m++)
            margin_fit(spec, &spec->margins[m], weights, sums);
        result.rounds++;
        result.largest_gap = margins_gap(spec, weights, sums);
    }
    result.converged = result.largest_gap <= tolerance;
    for (size_t i = 0; i < spec->cells_count; i++)
        weights[i] = spec->weights[i] > 0 ? weights[i] / spec->weights[i] : 1;
    *result_out = result;
    return EH_OK;
}

void eh_reweigh(const double *weights, size_t groups_count, size_t outcomes_count, double *factors_out)
{
    double total = sum_of(weights, groups_count * outcomes_count);
    for (size_t g = 0; g < groups_count; g++) {
        double group = sum_of(weights + g * outcomes_count, outcomes_count);
        for (size_t y = 0; y < outcomes_count; y++) {
            double outcome = 0, cell = weights[g * outcomes_count + y];
            for (size_t other = 0; other < groups_count; other++)
                outcome += weights[other * outcomes_count + y];
            factors_out[g * outcomes_count + y] = cell > 0 ? group * outcome / (total * cell) : EH_NAN;
        }
    }
}

/* ---- repair of numbers ------------------------------------------------------------------------------------------------------ */

void eh_quantile_knots(const double *sorted, size_t count, double knots_out[EH_REPAIR_KNOTS])
{
    EH_ASSERT(count > 0);
    for (size_t k = 0; k < EH_REPAIR_KNOTS; k++) {
        double position = (double)(count - 1) * (double)k / (EH_REPAIR_KNOTS - 1);
        size_t below = (size_t)position;
        double rest = position - (double)below;
        size_t above = below + 1 < count ? below + 1 : below;
        knots_out[k] = sorted[below] + rest * (sorted[above] - sorted[below]);
    }
}

static int by_number(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_number);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void eh_quantile_repair_fit(eh_quantile_map *groups, size_t groups_count, double amount)
{
    double values[EH_GROUPS_MAX];
    EH_ASSERT(groups_count > 0 && groups_count <= EH_GROUPS_MAX && amount >= 0 && amount <= 1);
    for (size_t k = 0; k < EH_REPAIR_KNOTS; k++) {
        for (size_t g = 0; g < groups_count; g++)
            values[g] = groups[g].from[k];
        double target = median_of(values, groups_count);
        for (size_t g = 0; g < groups_count; g++)
            groups[g].to[k] = groups[g].from[k] + amount * (target - groups[g].from[k]);
    }
}

double eh_quantile_repair_at(const eh_quantile_map *map, double value)
{
    const double *from = map->from, *to = map->to;
    size_t last = EH_REPAIR_KNOTS - 1;
    if (isnan(value))
        return value;
    if (value < from[0])
        return value + (to[0] - from[0]);
    if (value > from[last])
        return value + (to[last] - from[last]);
    size_t first = 0, end = last; /* first knot >= value, last knot <= value */
    while (from[first] < value)
        first++;
    while (from[end] > value)
        end--;
    if (first <= end)
        return (to[first] + to[end]) / 2; /* on a knot, or on a flat part */
    double share = (value - from[end]) / (from[first] - from[end]);
    return to[end] + share * (to[first] - to[end]);
}

void eh_decorrelate_fit(const double *sums, const double *people, size_t groups_count, double amount, double *shift_out)
{
    double total = sum_of(sums, groups_count), everybody = sum_of(people, groups_count);
    for (size_t g = 0; g < groups_count; g++)
        shift_out[g] = people[g] > 0 ? amount * (sums[g] / people[g] - total / everybody) : 0;
}
