#include <math.h>
#include <string.h>

#include "audit/audit_int.h"

/**
 * Membership that is known only as probabilities is weighted, never thresholded (Chen et al. 2019): each row counts for every group
 * with its probability. The bounds beside it (Frechet; Kallus, Mao and Zhou 2022) say what the rates could be at most and at least
 * if nothing were assumed about who in a cell of equal probabilities belongs to which group.
 */
static void tally_soft(const eh_soft_table *table, tally *tallies, size_t groups_count)
{
    for (size_t i = 0; i < table->cells_count; i++) {
        const eh_soft_cell *cell = &table->cells[i];
        unsigned at = TALLY_AT(cell->label, cell->decision);
        for (size_t g = 0; g < groups_count; g++) {
            double probability = cell->probabilities[g];
            tallies[g].count[at] += probability * (double)cell->count;
            tallies[g].rows += probability * (double)cell->count;
            tallies[g].weight[at] += probability * cell->weight;
            tallies[g].weight_squares[at] += probability * probability * cell->weight_squares;
        }
    }
}

static bool same_probabilities(const eh_soft_cell *a, const eh_soft_cell *b, size_t groups_count)
{
    return memcmp(a->probabilities, b->probabilities, groups_count * sizeof *a->probabilities) == 0;
}

/** Frechet bounds of P(picked | group), added up over the cells of equal probabilities; cells are sorted by them. */
static void selection_bounds(const eh_soft_table *table, size_t groups_count, eh_bounds *bounds, double *mass)
{
    for (size_t first = 0; first < table->cells_count;) {
        double people = 0, picked = 0;
        size_t end = first;
        for (; end < table->cells_count && same_probabilities(&table->cells[first], &table->cells[end], groups_count); end++) {
            if (table->cells[end].decision == EH_UNKNOWN)
                continue;
            people += table->cells[end].weight;
            picked += table->cells[end].decision == EH_TRUE ? table->cells[end].weight : 0;
        }
        double rate = people > 0 ? picked / people : 0;
        for (size_t g = 0; g < groups_count; g++) {
            double probability = table->cells[first].probabilities[g];
            bounds[g].low += people * fmax(0, probability + rate - 1);
            bounds[g].high += people * fmin(probability, rate);
            mass[g] += people * probability;
        }
        first = end;
    }
    for (size_t g = 0; g < groups_count; g++) {
        bounds[g].low = mass[g] > 0 ? fmax(bounds[g].low / mass[g], 0) : 0;
        bounds[g].high = mass[g] > 0 ? fmin(bounds[g].high / mass[g], 1) : 1;
    }
}

eh_code section_soft(audit_run *run, section_build *build, const eh_audit_soft *soft, eh_error *error)
{
    eh_audit_section *section = build->section;
    size_t count = soft->spec->groups_count;
    section->name = soft->spec->name;
    section->membership = EH_MEMBERSHIP_PROBABLE;
    section->association = EH_NAN;
    build->groups = EH_TAKE(run->arena, count, eh_audit_group);
    build->tallies = EH_TAKE(run->arena, count, tally);
    eh_bounds *bounds = EH_TAKE(run->arena, count, eh_bounds);
    double *mass = EH_TAKE(run->scratch, count, double);
    if (!build->groups || !build->tallies || !bounds || !mass)
        return eh_fail_memory(error);
    section->groups = build->groups;
    section->groups_count = count;
    tally_soft(soft->table, build->tallies, count);
    for (size_t g = 0; g < count; g++) {
        build->groups[g].name = soft->spec->group_names[g];
        group_measure(run, &build->tallies[g], &build->groups[g]);
    }
    selection_bounds(soft->table, count, bounds, mass);
    section->bounds = bounds;
    return section_finish_groups(run, build, error);
}
