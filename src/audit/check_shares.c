/* Groups against the population: shares, distances, verdicts; and what raking would do. */
#include <math.h>
#include <string.h>

#include "audit/check_int.h"

/* Sums of one section's levels. */
typedef struct {
    double *rows, *weight, *squares;
} sums;

static eh_estimate nothing(void)
{
    return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0};
}

static eh_check_group group_blank(const char *name)
{
    return (eh_check_group){.name = name, .share = nothing(), .population_share = EH_NAN, .difference = EH_NAN, .ratio = EH_NAN, .ratio_low = EH_NAN,
                            .ratio_high = EH_NAN, .standardised = EH_NAN, .standardised_after = EH_NAN, .p = EH_NAN, .p_adjusted = EH_NAN,
                            .p_violates = EH_NAN, .verdict = EH_NOT_ENOUGH_EVIDENCE, .base_rate = nothing(), .base_rate_p = EH_NAN,
                            .never_tried = nothing(), .never_tried_p = EH_NAN};
}

static eh_check_section section_blank(const char *name, uint32_t attributes)
{
    return (eh_check_section){.name = name, .attributes = attributes, .total_variation = EH_NAN, .jensen_shannon = EH_NAN, .stability_index = EH_NAN,
                              .kolmogorov = EH_NAN, .kolmogorov_p = EH_NAN, .standardised_mean = EH_NAN, .chi_square = {EH_NAN, EH_NAN, EH_NAN},
                              .verdict = EH_NOT_ENOUGH_EVIDENCE, .recovery = nothing(), .recovery_gains = {EH_NAN, EH_NAN, EH_NAN}};
}

/* ---- one group ------------------------------------------------------------------------------------------------------------------ */

/* One-sided p of "the share is at least (at most) `edge`": exact for people that were counted, the score test for weights. */
static double tail_p(double successes, double trials, double edge, bool below, bool weighted)
{
    if (edge <= 0 || edge >= 1)
        return 1;
    if (!weighted)
        return below ? eh_binomial_cdf(successes, trials, edge) : 1 - eh_binomial_cdf(successes - 1, trials, edge);
    double z = (successes / trials - edge) / sqrt(edge * (1 - edge) / trials);
    return eh_normal_cdf(below ? z : -z);
}

static void group_compare(const check_run *run, eh_check_group *group, double successes, double trials)
{
    double q = group->population_share, r = run->options.ratio_min;
    if (!(q > 0) || !(trials > 0))
        return;
    bool weighted = run->check->weighted;
    double p = group->share.value;
    group->difference = p - q;
    group->ratio = p / q;
    group->ratio_low = group->share.low / q;
    group->ratio_high = group->share.high / q;
    group->standardised = q < 1 ? (p - q) / sqrt(q * (1 - q)) : EH_NAN;
    group->p = fmin(1, 2 * fmin(tail_p(successes, trials, q, true, weighted), tail_p(successes, trials, q, false, weighted)));
    if (q >= 1)
        group->p = 1;
    double above = q / r < 1 ? tail_p(successes, trials, q / r, false, weighted) : 1;
    group->p_violates = fmin(1, 2 * fmin(tail_p(successes, trials, r * q, true, weighted), above));
}

static void group_judge(const check_run *run, eh_check_group *group)
{
    double r = run->options.ratio_min;
    if (!(group->population_share > 0) || isnan(group->p_violates))
        return;
    bool outside = group->ratio < r || group->ratio > 1 / r;
    if (outside && group->p_violates < check_alpha(run))
        group->verdict = EH_VIOLATES;
    else if (group->ratio_low >= r && group->ratio_high <= 1 / r)
        group->verdict = EH_WITHIN_TOLERANCE;
}

/* ---- one section -------------------------------------------------------------------------------------------------------------------- */

/* Distances between the shares of the groups that both sides know; absent groups count. */
static eh_code distances(check_run *run, eh_check_section *section, const eh_check_group *groups)
{
    double *sample = EH_TAKE(run->arena, section->groups_count, double), *population = EH_TAKE(run->arena, section->groups_count, double);
    size_t count = 0;
    double standardised = 0, told = 0;
    if (sample == NULL || population == NULL)
        return eh_fail_memory(run->error);
    for (size_t g = 0; g < section->groups_count; g++) {
        if (groups[g].missing || groups[g].unmatched)
            continue;
        sample[count] = groups[g].share.value;
        population[count++] = groups[g].population_share;
        if (!isnan(groups[g].standardised)) {
            standardised += fabs(groups[g].standardised);
            told++;
        }
    }
    eh_two_shares shares = {sample, population, count};
    section->total_variation = eh_total_variation(&shares);
    section->jensen_shannon = eh_jensen_shannon(&shares);
    section->stability_index = eh_stability_index(&shares);
    section->chi_square = eh_chi_square_fit(&shares, section->effective);
    section->standardised_mean = told > 0 ? standardised / told : EH_NAN;
    if (section->ordered) {
        section->kolmogorov = eh_kolmogorov_distance(&shares);
        section->kolmogorov_p = eh_kolmogorov_p(section->kolmogorov, section->effective, EH_INFINITY);
    }
    return EH_OK;
}

/* Fills shares of the groups that count, and compares them. */
static eh_code section_compare(check_run *run, eh_check_section *section, eh_check_group *groups, const sums *of)
{
    double weight = 0, squares = 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        groups[g].rows = (uint64_t)of->rows[g];
        groups[g].weight = of->weight[g];
        if (groups[g].missing || groups[g].unmatched)
            continue;
        weight += of->weight[g];
        squares += of->squares[g];
        section->rows_known += groups[g].rows;
    }
    section->effective = squares > 0 ? weight * weight / squares : 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        if (groups[g].missing || groups[g].unmatched || !(weight > 0))
            continue;
        double successes = groups[g].weight / weight * section->effective;
        if (!run->check->weighted)
            successes = (double)groups[g].rows;
        groups[g].share = check_share(successes, section->effective, run->options.confidence);
        group_compare(run, &groups[g], successes, section->effective);
    }
    return section->population == NULL ? EH_OK : distances(run, section, groups);
}

static eh_code sums_make(check_run *run, size_t count, sums *out)
{
    *out = (sums){EH_TAKE(run->arena, count, double), EH_TAKE(run->arena, count, double), EH_TAKE(run->arena, count, double)};
    return out->rows == NULL || out->weight == NULL || out->squares == NULL ? eh_fail_memory(run->error) : EH_OK;
}

/* ---- single attributes ------------------------------------------------------------------------------------------------------------------ */

static const eh_target *target_find(const check_run *run, size_t attribute, size_t *place_out)
{
    const eh_target *best = NULL;
    for (size_t t = 0; t < run->targets_count; t++)
        for (size_t d = 0; d < run->targets[t].attributes_count; d++)
            if (run->targets[t].attributes[d] == attribute && (best == NULL || run->targets[t].attributes_count < best->attributes_count)) {
                best = &run->targets[t];
                *place_out = d;
            }
    return best;
}

/* The margin of a table: a group's share is that of all levels that hold it. */
static void margin_fill(const check_run *run, const eh_target *target, size_t place, eh_check_group *groups, size_t groups_count)
{
    size_t below = 1;
    for (size_t d = place + 1; d < target->attributes_count; d++)
        below *= run->cube->dimensions[target->attributes[d]].groups_count;
    double total = 0;
    for (size_t g = 0; g < groups_count; g++)
        groups[g].population_share = 0;
    for (size_t level = 0; level < target->levels_count; level++) {
        size_t g = level / below % run->cube->dimensions[target->attributes[place]].groups_count;
        groups[g].population_share += target->shares[level];
    }
    for (size_t a = 0, g = run->cube->dimensions[target->attributes[place]].groups_count; a < target->absent_count; a++)
        if (target->absent[a].attribute == target->attributes[place] && g < groups_count)
            groups[g++].population_share = target->absent[a].share;
    for (size_t g = 0; g < groups_count; g++)
        total += groups[g].population_share;
    for (size_t g = 0; g < groups_count; g++) {
        groups[g].unmatched = !groups[g].missing && !(groups[g].population_share > 0);
        groups[g].population_share = groups[g].missing || groups[g].unmatched ? EH_NAN : groups[g].population_share / total;
    }
}

static size_t absent_count(const eh_target *target, size_t attribute)
{
    size_t count = 0;
    for (size_t a = 0; target != NULL && a < target->absent_count; a++)
        count += target->absent[a].attribute == attribute;
    return count;
}

static eh_code attribute_section(check_run *run, size_t attribute)
{
    const eh_cube_dimension *dimension = &run->cube->dimensions[attribute];
    size_t place = 0;
    const eh_target *target = target_find(run, attribute, &place);
    eh_check_section *section = &run->sections[attribute];
    *section = section_blank(dimension->name, UINT32_C(1) << attribute);
    section->ordered = dimension->numeric;
    section->groups_count = dimension->groups_count + absent_count(target, attribute);
    section->population = target == NULL ? NULL : target->path;
    eh_check_group *groups = EH_TAKE(run->arena, section->groups_count, eh_check_group);
    sums of;
    EH_TRY(sums_make(run, section->groups_count, &of));
    if (groups == NULL)
        return eh_fail_memory(run->error);
    for (size_t g = 0; g < dimension->groups_count; g++) {
        groups[g] = group_blank(dimension->groups[g].name);
        groups[g].missing = dimension->groups[g].missing;
    }
    for (size_t a = 0, g = dimension->groups_count; target != NULL && a < target->absent_count; a++)
        if (target->absent[a].attribute == attribute)
            groups[g++] = group_blank(target->absent[a].name);
    for (size_t c = 0; c < run->cube->cells_count; c++) {
        const eh_cell *cell = &run->cube->cells[c];
        of.rows[cell->group[attribute]] += (double)cell->count;
        of.weight[cell->group[attribute]] += cell->weight;
        of.squares[cell->group[attribute]] += cell->weight_squares;
    }
    if (target != NULL)
        margin_fill(run, target, place, groups, section->groups_count);
    /* Absent groups stand behind the others, so the order of bands is broken then. */
    section->ordered = section->ordered && section->groups_count == dimension->groups_count;
    section->groups = run->groups[attribute] = groups;
    return section_compare(run, section, groups, &of);
}

/* ---- crossings that the population knows ---------------------------------------------------------------------------------------------------- */

static const char *level_name(const check_run *run, const eh_target *target, size_t level)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0};
    size_t below = target->levels_count;
    for (size_t d = 0; d < target->attributes_count; d++) {
        const eh_cube_dimension *dimension = &run->cube->dimensions[target->attributes[d]];
        below /= dimension->groups_count;
        eh_buffer_format(&name, "%s%s", d == 0 ? "" : " & ", dimension->groups[level / below % dimension->groups_count].name);
    }
    return name.code == EH_OK ? eh_arena_copy(run->arena, eh_buffer_view(&name)) : NULL;
}

static const char *target_name(const check_run *run, const eh_target *target, uint32_t *attributes_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0};
    for (size_t d = 0; d < target->attributes_count; d++) {
        eh_buffer_format(&name, "%s%s", d == 0 ? "" : " & ", run->cube->dimensions[target->attributes[d]].name);
        *attributes_out |= UINT32_C(1) << target->attributes[d];
    }
    return name.code == EH_OK ? eh_arena_copy(run->arena, eh_buffer_view(&name)) : NULL;
}

static eh_code joint_section(check_run *run, const eh_target *target, size_t index)
{
    eh_check_section *section = &run->sections[index];
    uint32_t attributes = 0;
    const char *name = target_name(run, target, &attributes);
    *section = section_blank(name, attributes);
    section->population = target->path;
    size_t *place = EH_TAKE(run->arena, target->levels_count, size_t);
    eh_check_group *groups = EH_TAKE(run->arena, target->levels_count, eh_check_group);
    if (name == NULL || place == NULL || groups == NULL)
        return eh_fail_memory(run->error);
    double total = 0;
    for (size_t level = 0; level < target->levels_count; level++) {
        if (!target->known[level])
            continue;
        place[level] = section->groups_count;
        groups[section->groups_count] = group_blank(level_name(run, target, level));
        if (groups[section->groups_count].name == NULL)
            return eh_fail_memory(run->error);
        groups[section->groups_count++].population_share = target->shares[level];
        total += target->shares[level];
    }
    for (size_t g = 0; g < section->groups_count; g++)
        groups[g].population_share /= total;
    sums of;
    EH_TRY(sums_make(run, section->groups_count, &of));
    for (size_t c = 0; c < run->cube->cells_count; c++) {
        const eh_cell *cell = &run->cube->cells[c];
        size_t level = eh_target_level(target, run->cube, cell->group);
        if (!target->known[level])
            continue;
        of.rows[place[level]] += (double)cell->count;
        of.weight[place[level]] += cell->weight;
        of.squares[place[level]] += cell->weight_squares;
    }
    section->groups = run->groups[index] = groups;
    return section_compare(run, section, groups, &of);
}

/* ---- many groups --------------------------------------------------------------------------------------------------------------------------------- */

/* One family: all groups of all single attributes; another one for the crossings. */
static eh_code family_adjust(check_run *run, size_t first, size_t end)
{
    size_t count = 0, at = 0;
    for (size_t s = first; s < end; s++)
        count += run->sections[s].groups_count;
    double *p = EH_TAKE(run->arena, count, double), *violates = EH_TAKE(run->arena, count, double);
    if (p == NULL || violates == NULL)
        return eh_fail_memory(run->error);
    for (size_t s = first; s < end; s++)
        for (size_t g = 0; g < run->sections[s].groups_count; g++, at++) {
            p[at] = run->groups[s][g].p;
            violates[at] = run->groups[s][g].p_violates;
        }
    EH_TRY(check_holm(run, p, count));
    EH_TRY(check_holm(run, violates, count));
    at = 0;
    for (size_t s = first; s < end; s++)
        for (size_t g = 0; g < run->sections[s].groups_count; g++, at++) {
            run->groups[s][g].p_adjusted = p[at];
            run->groups[s][g].p_violates = violates[at];
            group_judge(run, &run->groups[s][g]);
        }
    return EH_OK;
}

static void section_judge(check_run *run, size_t index)
{
    eh_check_section *section = &run->sections[index];
    section->verdict = section->population == NULL ? EH_NOT_ENOUGH_EVIDENCE : EH_WITHIN_TOLERANCE;
    for (size_t g = 0; g < section->groups_count; g++)
        if (section->groups[g].population_share > 0 && section->groups[g].verdict > section->verdict)
            section->verdict = section->groups[g].verdict;
}

/* ---- what raking would do ------------------------------------------------------------------------------------------------------------------------- */

/* The people of the cube, by groups alone. */
typedef struct {
    const eh_cell **first; /* one cell of each crossing */
    double *weights;
    size_t count;
} crossings;

static eh_code crossings_make(check_run *run, crossings *out)
{
    *out = (crossings){EH_TAKE(run->arena, run->cube->cells_count, const eh_cell *), EH_TAKE(run->arena, run->cube->cells_count, double), 0};
    if (out->first == NULL || out->weights == NULL)
        return eh_fail_memory(run->error);
    for (size_t c = 0; c < run->cube->cells_count; c++) {
        const eh_cell *cell = &run->cube->cells[c];
        /* Cells are sorted by groups first. */
        if (out->count == 0 || memcmp(out->first[out->count - 1]->group, cell->group, sizeof cell->group) != 0)
            out->first[out->count++] = cell;
        out->weights[out->count - 1] += cell->weight;
    }
    return EH_OK;
}

/* A table as a margin: only levels that people are in keep their share. */
static eh_code target_margin(check_run *run, const eh_target *target, const crossings *people, eh_margin *margin)
{
    uint32_t *level_of_cell = EH_TAKE(run->arena, people->count, uint32_t);
    double *shares = EH_TAKE(run->arena, target->levels_count, double);
    bool *there = EH_TAKE(run->arena, target->levels_count, bool);
    if (level_of_cell == NULL || shares == NULL || there == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < people->count; i++) {
        size_t level = eh_target_level(target, run->cube, people->first[i]->group);
        level_of_cell[i] = target->known[level] ? (uint32_t)level : (uint32_t)EH_LEVEL_NONE;
        there[level] = there[level] || people->weights[i] > 0;
    }
    for (size_t level = 0; level < target->levels_count; level++) {
        shares[level] = target->known[level] && there[level] ? target->shares[level] : 0;
        run->check->weights.unreachable += target->known[level] && !there[level];
    }
    run->check->weights.unreachable += target->absent_count;
    *margin = (eh_margin){level_of_cell, shares, target->levels_count};
    return EH_OK;
}

/* Shares after raking, for the plot that shows what weights would mend. */
static void after_fill(check_run *run, const crossings *people, const double *factors)
{
    for (size_t s = 0; s < run->check->attributes_count; s++) {
        eh_check_group *groups = run->groups[s];
        double raked[EH_GROUPS_MAX] = {0}, total = 0;
        for (size_t i = 0; i < people->count; i++) {
            size_t g = people->first[i]->group[s];
            if (groups[g].missing || groups[g].unmatched)
                continue;
            raked[g] += people->weights[i] * factors[i];
            total += people->weights[i] * factors[i];
        }
        for (size_t g = 0; g < run->cube->dimensions[s].groups_count; g++) {
            double q = groups[g].population_share;
            if (q > 0 && q < 1)
                groups[g].standardised_after = (raked[g] / total - q) / sqrt(q * (1 - q));
        }
    }
}

/* Rows of a cell share its factor; with design weights their spread inside a cell is kept as it is. */
static void cost_fill(check_run *run, const crossings *people, const double *factors)
{
    double rows = 0, sum = 0, squares = 0, least = EH_INFINITY, most = 0;
    size_t i = 0;
    for (size_t c = 0; c < run->cube->cells_count; c++) {
        const eh_cell *cell = &run->cube->cells[c];
        while (memcmp(people->first[i]->group, cell->group, sizeof cell->group) != 0)
            i++;
        rows += (double)cell->count;
        sum += cell->weight * factors[i];
        squares += cell->weight_squares * factors[i] * factors[i];
        double mean = cell->weight / (double)cell->count * factors[i];
        least = mean > 0 ? fmin(least, mean) : least;
        most = fmax(most, mean);
    }
    double effect = fmax(rows * squares / (sum * sum), 1);
    run->check->weights.cost = (eh_weights_cost){rows, sum, effect, rows / effect, least * rows / sum, most * rows / sum};
}

static eh_code raking(check_run *run)
{
    crossings people;
    eh_margin margins[EH_POPULATIONS_MAX];
    eh_rake_result result = {0};
    if (run->targets_count == 0)
        return EH_OK;
    EH_TRY(crossings_make(run, &people));
    for (size_t t = 0; t < run->targets_count; t++)
        EH_TRY(target_margin(run, &run->targets[t], &people, &margins[t]));
    eh_rake_spec spec = {people.weights, people.count, margins, run->targets_count, 0, 1e-9};
    if (eh_rake(&spec, run->arena, &result, NULL) != EH_OK)
        return EH_OK; /* nobody in any level of a table: there is nothing to weight */
    run->check->weights.done = true;
    run->check->weights.converged = result.converged;
    run->check->weights.rounds = result.rounds;
    run->check->weights.largest_gap = result.largest_gap;
    after_fill(run, &people, result.factors);
    cost_fill(run, &people, result.factors);
    return EH_OK;
}

/* ---- findings -------------------------------------------------------------------------------------------------------------------------------------- */

static eh_severity severity_of(const eh_check_group *group)
{
    double gap = fabs(group->difference);
    if (group->ratio < 1)
        return group->ratio < 0.5 && gap >= 0.01 ? EH_SEVERITY_HIGH : gap >= 0.1 ? EH_SEVERITY_HIGH : EH_SEVERITY_MEDIUM;
    return gap >= 0.1 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW;
}

/* What the groups' own shares explain of a crossing is told once, of the groups. */
static bool explained(const check_run *run, const eh_check_section *section, const eh_check_group *group)
{
    double ratio = 1;
    const char *name = group->name;
    for (size_t a = 0; a < run->check->attributes_count; a++) {
        if ((section->attributes >> a & 1) == 0)
            continue;
        for (size_t g = 0; g < run->sections[a].groups_count; g++) {
            const char *part = run->groups[a][g].name;
            size_t len = strlen(part);
            if (strncmp(name, part, len) != 0 || !(name[len] == '\0' || strncmp(name + len, " & ", 3) == 0))
                continue;
            ratio *= run->groups[a][g].ratio;
            name += name[len] == '\0' ? len : len + 3;
            break;
        }
    }
    double rest = group->ratio / ratio, r = run->options.ratio_min;
    return rest >= r && rest <= 1 / r;
}

static void group_tell(check_run *run, const eh_check_section *section, const eh_check_group *group, bool joint)
{
    if (!(group->population_share > 0) || (joint && explained(run, section, group)))
        return;
    eh_finding *finding = NULL;
    if (group->rows == 0) {
        double expected = group->population_share * section->effective;
        bool told = expected >= 5;
        eh_severity severity = joint || !told ? EH_SEVERITY_LOW : group->population_share >= 0.01 ? EH_SEVERITY_HIGH : EH_SEVERITY_MEDIUM;
        finding = check_finding(run, EH_FINDING_ABSENT, severity, told ? EH_CERTAINTY_COUNTED : EH_CERTAINTY_UNSURE);
    } else if (group->verdict == EH_VIOLATES) {
        eh_severity severity = severity_of(group);
        severity = joint && severity > EH_SEVERITY_LOW ? severity - 1 : severity;
        finding = check_finding(run, group->ratio < 1 ? EH_FINDING_TOO_FEW : EH_FINDING_TOO_MANY, severity, EH_CERTAINTY_SURE);
    }
    if (finding == NULL)
        return;
    finding->attribute = section->name;
    finding->group = group->name;
    finding->estimate = group->share;
    finding->expected = group->population_share;
    finding->p = group->p;
    finding->p_adjusted = group->p_violates;
    finding->rows = group->rows;
    finding->factor = group->ratio;
}

static void weights_tell(check_run *run)
{
    const eh_check_weights *weights = &run->check->weights;
    if (!weights->done || !(weights->cost.design_effect >= 1.25))
        return;
    eh_severity severity = weights->cost.design_effect >= 3 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW;
    eh_finding *finding = check_finding(run, EH_FINDING_WEIGHTS_COST, severity, EH_CERTAINTY_COUNTED);
    if (finding == NULL)
        return;
    finding->estimate = (eh_estimate){weights->cost.design_effect, EH_NAN, EH_NAN, weights->cost.effective_people};
    finding->expected = weights->cost.people;
    finding->factor = weights->cost.largest;
}

eh_code check_shares(check_run *run)
{
    size_t attributes = run->cube == NULL ? 0 : run->cube->dimensions_count, joint = 0;
    run->check->attributes_count = attributes;
    for (size_t t = 0; t < run->in->populations_count; t++) {
        EH_TRY(eh_target_of(&run->in->populations[t], run->cube, run->options.skip_unmatched, run->arena, &run->targets[t], run->error));
        run->targets_count++;
        joint += run->targets[t].attributes_count > 1;
    }
    run->sections = EH_TAKE(run->arena, attributes + joint, eh_check_section);
    run->groups = EH_TAKE(run->arena, attributes + joint, eh_check_group *);
    if (run->sections == NULL || run->groups == NULL)
        return eh_fail_memory(run->error);
    for (size_t a = 0; a < attributes; a++)
        EH_TRY(attribute_section(run, a));
    size_t count = attributes;
    for (size_t t = 0; t < run->targets_count; t++)
        if (run->targets[t].attributes_count > 1)
            EH_TRY(joint_section(run, &run->targets[t], count++));
    EH_TRY(family_adjust(run, 0, attributes));
    EH_TRY(family_adjust(run, attributes, count));
    if (attributes > 0)
        EH_TRY(raking(run));
    for (size_t s = 0; s < count; s++) {
        section_judge(run, s);
        for (size_t g = 0; g < run->sections[s].groups_count; g++)
            group_tell(run, &run->sections[s], &run->sections[s].groups[g], s >= attributes);
    }
    weights_tell(run);
    run->check->sections = run->sections;
    run->check->sections_count = count;
    return EH_OK;
}
