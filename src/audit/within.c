#include <math.h>
#include <string.h>

#include "audit/audit_int.h"

/** Weights by stratum and group: picked[s * groups + g], people[s * groups + g] (decided). */
typedef struct {
    double *picked, *people;
    size_t strata_count, groups_count;
} strata_fold;

static eh_code fold_strata(audit_run *run, const section_build *build, strata_fold *fold, eh_error *error)
{
    const eh_cube *cube = run->cube;
    *fold = (strata_fold){.strata_count = cube->strata_count, .groups_count = build->section->groups_count};
    size_t size = fold->strata_count * fold->groups_count;
    fold->picked = EH_TAKE(run->scratch, size, double);
    fold->people = EH_TAKE(run->scratch, size, double);
    if (!fold->picked || !fold->people)
        return eh_fail_memory(error);
    for (size_t i = 0; i < cube->cells_count; i++) {
        const eh_cell *cell = &cube->cells[i];
        if (cell->decision == EH_UNKNOWN)
            continue;
        uint32_t group = build->group_of_code[section_code(run, build->section, cell->group)];
        size_t at = cell->stratum * fold->groups_count + group;
        fold->people[at] += cell->weight;
        if (cell->decision == EH_TRUE)
            fold->picked[at] += cell->weight;
    }
    return EH_OK;
}

/**
 * Conditional demographic disparity (Wachter, Mittelstadt and Russell 2021): in each stratum the group's share of those passed over
 * minus its share of those picked, averaged by the size of the stratum. A share of nobody counts as 0.
 */
static double conditional_disparity(const strata_fold *fold, size_t group)
{
    double weighted = 0, total = 0;
    for (size_t s = 0; s < fold->strata_count; s++) {
        double people = 0, picked = 0;
        for (size_t g = 0; g < fold->groups_count; g++) {
            people += fold->people[s * fold->groups_count + g];
            picked += fold->picked[s * fold->groups_count + g];
        }
        double own_people = fold->people[s * fold->groups_count + group];
        double own_picked = fold->picked[s * fold->groups_count + group];
        double of_picked = picked > 0 ? own_picked / picked : 0;
        double of_passed = people - picked > 0 ? (own_people - own_picked) / (people - picked) : 0;
        weighted += people * (of_passed - of_picked);
        total += people;
    }
    return total > 0 ? weighted / total : EH_NAN;
}

static void compare_group(double confidence, const strata_fold *fold, size_t reference, eh_stratum *strata, eh_within_group *out)
{
    size_t group = (size_t)out->group;
    for (size_t s = 0; s < fold->strata_count; s++) {
        const double *picked = fold->picked + s * fold->groups_count, *people = fold->people + s * fold->groups_count;
        strata[s] = (eh_stratum){picked[group], people[group] - picked[group], picked[reference], people[reference] - picked[reference]};
    }
    out->table = eh_mantel_haenszel_of(strata, fold->strata_count, confidence);
    out->conditional_demographic_disparity = conditional_disparity(fold, group);
}

/** The headline of a section with many groups is the one whose odds are farthest from the reference's. */
static void choose_headline(eh_within *within)
{
    double farthest = -1;
    for (size_t i = 0; i < within->groups_count; i++) {
        double odds_ratio = within->groups[i].table.odds_ratio.value;
        double distance = odds_ratio > 0 ? fabs(log(odds_ratio)) : isnan(odds_ratio) ? -1 : EH_INFINITY;
        if (distance <= farthest)
            continue;
        farthest = distance;
        within->group = within->groups[i].group;
        within->mantel_haenszel_odds_ratio = odds_ratio;
        within->conditional_demographic_disparity = within->groups[i].conditional_demographic_disparity;
    }
}

eh_code section_within(audit_run *run, section_build *build, eh_error *error)
{
    eh_audit_section *section = build->section;
    strata_fold fold;
    EH_TRY(fold_strata(run, build, &fold, error));
    eh_within *within = EH_TAKE(run->arena, 1, eh_within);
    eh_within_group *groups = EH_TAKE(run->arena, section->groups_count, eh_within_group);
    eh_stratum *strata = EH_TAKE(run->scratch, fold.strata_count, eh_stratum);
    if (!within || !groups || !strata)
        return eh_fail_memory(error);
    *within = (eh_within){.groups = groups, .group = EH_OVERALL, .cmh_statistic_corrected = EH_NAN};
    within->mantel_haenszel_odds_ratio = within->conditional_demographic_disparity = EH_NAN;
    for (size_t g = 0; g < section->groups_count && section->reference >= 0; g++) {
        if ((int32_t)g == section->reference || section->groups[g].decided == 0 || section->groups[g].withheld)
            continue;
        eh_within_group *group = &groups[within->groups_count++];
        group->group = (int32_t)g;
        compare_group(run->options->confidence, &fold, (size_t)section->reference, strata, group);
    }
    choose_headline(within);
    eh_strata_table table = {fold.picked, fold.people, fold.strata_count, fold.groups_count};
    if (section->groups_count <= EH_GROUPS_MAX)
        EH_TRY(eh_cochran_mantel_haenszel(&table, run->scratch, &within->cmh_statistic, &within->cmh_df, &within->cmh_p, error));
    else
        within->cmh_statistic = within->cmh_df = within->cmh_p = EH_NAN;
    if (within->groups_count == 1)
        within->cmh_statistic_corrected = groups[0].table.statistic_corrected;
    section->within = within;
    return EH_OK;
}
