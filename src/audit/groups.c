#include <math.h>
#include <string.h>

#include "audit/audit_int.h"

/* ---- folding the cube ---------------------------------------------------------------------------------------------------- */

uint32_t section_code(const audit_run *run, const eh_audit_section *section, const uint16_t *groups)
{
    uint32_t code = 0;
    for (uint8_t d = 0; d < section->depth; d++) {
        uint8_t attribute = section->attribute_index[d];
        code = code * (uint32_t)run->cube->dimensions[attribute].groups_count + groups[attribute];
    }
    return code;
}

static size_t section_codes_count(const audit_run *run, const eh_audit_section *section)
{
    size_t count = 1;
    for (uint8_t d = 0; d < section->depth; d++)
        count *= run->cube->dimensions[section->attribute_index[d]].groups_count;
    return count;
}

/** Names the group of a code and says which group of each attribute it is. */
static bool group_describe(audit_run *run, const eh_audit_section *section, uint32_t code, eh_audit_group *group)
{
    const char *names[EH_INTERSECTION_DEPTH_MAX] = {0};
    for (int d = section->depth - 1; d >= 0; d--) {
        const eh_cube_dimension *dimension = &run->cube->dimensions[section->attribute_index[d]];
        uint32_t value = code % (uint32_t)dimension->groups_count;
        code /= (uint32_t)dimension->groups_count;
        group->values[d] = (uint16_t)value;
        group->missing |= dimension->groups[value].missing;
        names[d] = dimension->groups[value].name;
    }
    if (section->depth == 1)
        group->name = names[0];
    else if (section->depth == 2)
        group->name = eh_arena_format(run->arena, "%s & %s", names[0], names[1]);
    else
        group->name = eh_arena_format(run->arena, "%s & %s & %s", names[0], names[1], names[2]);
    return group->name != NULL;
}

static eh_code section_allocate(audit_run *run, section_build *build, size_t groups_count, eh_error *error)
{
    eh_audit_section *section = build->section;
    build->groups = EH_TAKE(run->arena, groups_count, eh_audit_group);
    build->tallies = EH_TAKE(run->arena, groups_count, tally);
    if (!build->groups || !build->tallies)
        return eh_fail_memory(error);
    section->groups = build->groups;
    section->groups_count = groups_count;
    return EH_OK;
}

/** How much two attributes are the same thing under two names. */
static eh_code section_associate(audit_run *run, section_build *build, eh_error *error)
{
    eh_audit_section *section = build->section;
    section->association = EH_NAN;
    if (section->depth != 2)
        return EH_OK;
    double *counts = EH_TAKE(run->scratch, build->codes_count, double);
    if (!counts)
        return eh_fail_memory(error);
    for (size_t code = 0; code < build->codes_count; code++)
        if (build->group_of_code[code] != UINT32_MAX)
            counts[code] = build->groups[build->group_of_code[code]].weight;
    size_t columns_count = run->cube->dimensions[section->attribute_index[1]].groups_count;
    section->association = eh_cramers_v(&(eh_contingency){counts, build->codes_count / columns_count, columns_count});
    return EH_OK;
}

eh_code section_fold(audit_run *run, section_build *build, eh_error *error)
{
    eh_audit_section *section = build->section;
    const eh_cube *cube = run->cube;
    build->codes_count = section_codes_count(run, section);
    build->group_of_code = EH_TAKE(run->arena, build->codes_count, uint32_t);
    if (!build->group_of_code)
        return eh_fail_memory(error);
    for (size_t i = 0; i < cube->cells_count; i++)
        build->group_of_code[section_code(run, section, cube->cells[i].group)] = 1;
    size_t groups_count = 0;
    for (size_t code = 0; code < build->codes_count; code++)
        build->group_of_code[code] = build->group_of_code[code] ? (uint32_t)groups_count++ : UINT32_MAX;
    if (section->depth > 1 && groups_count > EH_INTERSECTION_GROUPS_MAX)
        return eh_fail(error, EH_LIMIT,
                       "--intersections: %s has %zu groups, at most %d. Use fewer or wider groups (--bands, --top), or "
                       "--intersections %u.",
                       section->name, groups_count, EH_INTERSECTION_GROUPS_MAX, section->depth - 1U);
    EH_TRY(section_allocate(run, build, groups_count, error));
    for (size_t code = 0; code < build->codes_count; code++) {
        uint32_t g = build->group_of_code[code];
        if (g != UINT32_MAX && !group_describe(run, section, (uint32_t)code, &build->groups[g]))
            return eh_fail_memory(error);
    }
    for (size_t i = 0; i < cube->cells_count; i++)
        tally_cell(&build->tallies[build->group_of_code[section_code(run, section, cube->cells[i].group)]], &cube->cells[i]);
    for (size_t g = 0; g < groups_count; g++)
        group_measure(run, &build->tallies[g], &build->groups[g]);
    EH_TRY(section_associate(run, build, error));
    return section_finish_groups(run, build, error);
}

/* ---- rates of one group ------------------------------------------------------------------------------------------------------ */

static const eh_estimate undefined_estimate = {EH_NAN, EH_NAN, EH_NAN, 0};

static eh_estimate proportion_estimate(eh_proportion observed, double confidence)
{
    eh_interval interval = eh_interval_wilson(observed, confidence);
    double value = observed.trials > 0 ? observed.successes / observed.trials : EH_NAN;
    return (eh_estimate){value, interval.low, interval.high, observed.trials};
}

static double f1_of_jaccard(double share)
{
    return 2 * share / (1 + share);
}

static double odds_of_share(double share)
{
    return share < 1 ? share / (1 - share) : EH_INFINITY;
}

/** A measure that is a monotone function of a proportion takes the proportion's interval with it. */
static eh_estimate transformed_estimate(eh_proportion observed, double confidence, double (*function)(double))
{
    eh_estimate share = proportion_estimate(observed, confidence);
    double value = isnan(share.value) ? share.value : function(share.value);
    return (eh_estimate){isfinite(value) ? value : EH_NAN, function(share.low), function(share.high), share.n};
}

static eh_estimate balanced_accuracy_estimate(const eh_audit_group *group)
{
    const eh_estimate *tpr = &group->measures[EH_TPR], *tnr = &group->measures[EH_TNR];
    if (isnan(tpr->value) || isnan(tnr->value))
        return undefined_estimate;
    eh_estimate minus_tnr = {-tnr->value, -tnr->high, -tnr->low, tnr->n};
    eh_interval sum = eh_interval_difference_mover(*tpr, minus_tnr);
    return (eh_estimate){(tpr->value + tnr->value) / 2, fmax(sum.low / 2, 0), fmin(sum.high / 2, 1), tpr->n + tnr->n};
}

static eh_estimate value_estimate(const tally *counts, double confidence)
{
    if (counts->value_weight <= 0)
        return undefined_estimate;
    double mean = counts->value / counts->value_weight;
    double effective = counts->value_weight * counts->value_weight / counts->value_weight_squares;
    double spread = fmax(counts->value_squares / counts->value_weight - mean * mean, 0);
    double variance = effective > 1 ? spread * effective / (effective - 1) : spread;
    eh_interval interval = eh_interval_mean(mean, variance, effective, confidence);
    return (eh_estimate){mean, interval.low, interval.high, effective};
}

static void group_sizes(const tally *counts, eh_audit_group *group)
{
    tally_sum decided = tally_over(counts, TALLY_DECIDED);
    group->rows = (uint64_t)llround(counts->rows);
    group->decided = (uint64_t)llround(decided.count);
    group->weight = decided.weight;
    group->effective = decided.weight_squares > 0 ? decided.weight * decided.weight / decided.weight_squares : 0;
    group->tp = counts->weight[TALLY_AT(EH_TRUE, EH_TRUE)];
    group->fp = counts->weight[TALLY_AT(EH_FALSE, EH_TRUE)];
    group->fn = counts->weight[TALLY_AT(EH_TRUE, EH_FALSE)];
    group->tn = counts->weight[TALLY_AT(EH_FALSE, EH_FALSE)];
}

void group_measure(const audit_run *run, const tally *counts, eh_audit_group *group)
{
    double confidence = run->options->confidence;
    uint32_t available = measures_available(run->has);
    group_sizes(counts, group);
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++) {
        group->measures[m] = undefined_estimate;
        if ((available >> m & 1U) && eh_measure_get(m)->proportion)
            group->measures[m] = proportion_estimate(measure_proportion(m, counts), confidence);
    }
    group->value_total = EH_NAN;
    group->selection_rate_shrunk = undefined_estimate;
    if (run->has & EH_NEEDS_LABEL) {
        group->measures[EH_BALANCED_ACCURACY] = balanced_accuracy_estimate(group);
        group->measures[EH_F1] = transformed_estimate(measure_proportion(EH_F1, counts), confidence, f1_of_jaccard);
        group->measures[EH_TREATMENT_EQUALITY] =
            transformed_estimate(measure_proportion(EH_TREATMENT_EQUALITY, counts), confidence, odds_of_share);
    }
    if (run->has & EH_NEEDS_VALUE) {
        group->measures[EH_VALUE_MEAN] = value_estimate(counts, confidence);
        group->value_total = counts->value;
    }
}

/* ---- what needs all groups of the section --------------------------------------------------------------------------------------- */

static void group_withhold(eh_audit_group *group)
{
    group->withheld = true;
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        group->measures[m] = undefined_estimate;
    group->selection_rate_shrunk = undefined_estimate;
    group->share_of_picked = group->reweigh_picked = group->reweigh_passed = EH_NAN;
    group->tp = group->fp = group->fn = group->tn = group->value_total = EH_NAN;
}

eh_code section_finish_groups(audit_run *run, section_build *build, eh_error *error)
{
    size_t count = build->section->groups_count;
    eh_proportion *rates = EH_TAKE(run->scratch, count, eh_proportion);
    eh_estimate *shrunk = EH_TAKE(run->scratch, count, eh_estimate);
    if (!rates || !shrunk)
        return eh_fail_memory(error);
    tally_sum people = {0}, picked = {0};
    for (size_t g = 0; g < count; g++) {
        people.weight += tally_over(&build->tallies[g], TALLY_DECIDED).weight;
        picked.weight += tally_over(&build->tallies[g], TALLY_PICKED).weight;
        rates[g] = measure_proportion(EH_SELECTION_RATE, &build->tallies[g]);
    }
    eh_shrink_rates(rates, count, run->options->confidence, shrunk);
    for (size_t g = 0; g < count; g++) {
        eh_audit_group *group = &build->groups[g];
        double picked_weight = tally_over(&build->tallies[g], TALLY_PICKED).weight;
        group->share_of_people = people.weight > 0 ? group->weight / people.weight : EH_NAN;
        group->share_of_picked = picked.weight > 0 ? picked_weight / picked.weight : EH_NAN;
        double passed_weight = group->weight - picked_weight, share_of_passed = passed_weight / (people.weight - picked.weight);
        group->reweigh_picked = picked_weight > 0 ? group->share_of_people / group->share_of_picked : EH_NAN;
        group->reweigh_passed = passed_weight > 0 ? group->share_of_people / share_of_passed : EH_NAN;
        group->selection_rate_shrunk = shrunk[g];
        if (group->decided < run->options->cell_rows_min)
            group_withhold(group);
    }
    return EH_OK;
}

/* ---- the reference group ---------------------------------------------------------------------------------------------------------- */

static const char *reference_asked(const audit_run *run, const char *attribute)
{
    for (size_t i = 0; i < run->options->references_count; i++)
        if (strcmp(run->options->references[i].attribute, attribute) == 0)
            return run->options->references[i].group;
    return NULL;
}

static eh_code reference_unknown(const audit_run *run, const section_build *build, const char *asked, eh_error *error)
{
    const eh_audit_section *section = build->section;
    const char **names = EH_TAKE(run->scratch, section->groups_count, const char *);
    if (!names)
        return eh_fail_memory(error);
    for (size_t g = 0; g < section->groups_count; g++)
        names[g] = section->groups[g].name;
    const char *nearest = eh_nearest_name(asked, names, section->groups_count);
    char listed[EH_ERROR_TEXT_BYTES_MAX / 2] = "";
    for (size_t g = 0, used = 0; g < section->groups_count && used + 1 < sizeof listed; g++) {
        int added = snprintf(listed + used, sizeof listed - used, "%s%s", g ? ", " : "", names[g]);
        used += added > 0 ? (size_t)added : 0;
    }
    return eh_fail(error, EH_INPUT, "--reference %s=%s: no such group.%s%s%s The groups of %s are: %s.", section->name, asked,
                   nearest ? " Did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "", section->name, listed);
}

/** True when the group is the named one in every attribute that has a --reference. */
static bool group_is_asked(const audit_run *run, const eh_audit_section *section, const eh_audit_group *group, size_t *asked_out)
{
    *asked_out = 0;
    if (section->membership == EH_MEMBERSHIP_PROBABLE) {
        const char *asked = reference_asked(run, section->name);
        *asked_out = asked ? 1 : 0;
        return asked && strcmp(group->name, asked) == 0;
    }
    for (uint8_t d = 0; d < section->depth; d++) {
        const eh_cube_dimension *dimension = &run->cube->dimensions[section->attribute_index[d]];
        const char *asked = reference_asked(run, dimension->name);
        if (!asked)
            continue;
        (*asked_out)++;
        if (strcmp(dimension->groups[group->values[d]].name, asked) != 0)
            return false;
    }
    return true;
}

/** A group that can stand as reference by itself: decided rows, shown, and neither "missing" nor a remainder. */
static int reference_rank(const audit_run *run, const eh_audit_section *section, const eh_audit_group *group)
{
    if (group->decided == 0)
        return 0;
    bool remainder = group->missing;
    for (uint8_t d = 0; d < section->depth && !remainder; d++)
        remainder = run->cube->dimensions[section->attribute_index[d]].groups[group->values[d]].others;
    return group->withheld ? 1 : remainder ? 2 : 3;
}

eh_code section_reference(audit_run *run, section_build *build, eh_error *error)
{
    eh_audit_section *section = build->section;
    int32_t best = EH_OVERALL;
    int best_rank = 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        size_t asked;
        const eh_audit_group *group = &section->groups[g];
        bool is_asked = group_is_asked(run, section, group, &asked);
        /* In an intersection the asked-for combination may not exist; then the largest group stands in. */
        bool named = is_asked && asked > 0 && asked >= section->depth && group->decided > 0;
        int rank = reference_rank(run, section, group) + (named ? 4 : 0);
        if (rank > best_rank || (rank == best_rank && rank > 0 && group->weight > section->groups[best].weight)) {
            best = (int32_t)g;
            best_rank = rank;
        }
    }
    if (section->depth <= 1 && best_rank < 4) {
        const char *asked = reference_asked(run, section->name);
        if (asked)
            return reference_unknown(run, build, asked, error);
    }
    section->reference = best;
    return EH_OK;
}
