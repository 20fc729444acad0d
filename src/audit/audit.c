#include <math.h>
#include <string.h>

#include "audit/audit_int.h"

enum { REPLICATES_DEFAULT = 1000 };

/* ---- the whole ---------------------------------------------------------------------------------------------------------------- */

static unsigned cube_has(const eh_cube *cube)
{
    unsigned has = EH_NEEDS_DECISION;
    for (size_t i = 0; i < cube->cells_count; i++) {
        has |= cube->cells[i].label != EH_UNKNOWN ? EH_NEEDS_LABEL : 0;
        has |= cube->cells[i].value_weight > 0 ? EH_NEEDS_VALUE : 0;
    }
    return has | (cube->score_cells_count > 0 ? EH_NEEDS_SCORE : 0);
}

static eh_code measure_everybody(audit_run *run, eh_audit *audit, tally *everybody, eh_error *error)
{
    for (size_t i = 0; i < run->cube->cells_count; i++)
        tally_cell(everybody, &run->cube->cells[i]);
    tally_sum decided = tally_over(everybody, TALLY_DECIDED);
    if (!(decided.weight > 0))
        return eh_fail(error, EH_INPUT, decided.count > 0 ? "--weight: all weights are 0, so there is nobody to count."
                                                         : "--decision: it is NULL in every row, so there is nothing to audit.");
    audit->everybody.name = "everybody";
    group_measure(run, everybody, &audit->everybody);
    audit->everybody.share_of_people = audit->everybody.share_of_picked = 1;
    audit->everybody.reweigh_picked = audit->everybody.reweigh_passed = 1;
    run->everybody = &audit->everybody;
    audit->rows = run->cube->rows;
    audit->decision_missing = (uint64_t)llround(everybody->rows - decided.count);
    if (run->has & EH_NEEDS_LABEL)
        audit->label_missing = (uint64_t)llround(decided.count - tally_over(everybody, TALLY_LABELLED).count);
    audit->score_missing = run->cube->score_missing;
    audit->value_missing = run->cube->value_missing;
    audit->weighted = run->cube->weighted;
    return run->has & EH_NEEDS_SCORE ? everybody_scores(run, &audit->everybody, error) : EH_OK;
}

/* ---- the verdict and the headline -------------------------------------------------------------------------------------------------- */

static double gravity(const eh_comparison *c)
{
    double effect = isnan(c->value) ? 0 : c->value > 0 && isfinite(c->value) ? fabs(log(c->value)) : 50;
    return (double)c->verdict * 1000 + effect;
}

static void headline_consider(eh_audit *audit, const eh_audit_section *section, const eh_comparison *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].gate)
            continue;
        if (!audit->headline || gravity(&list[i]) > gravity(audit->headline)) {
            audit->headline = &list[i];
            audit->headline_section = section;
        }
    }
}

static void headline_of(eh_audit *audit, const eh_audit_section *sections, size_t count)
{
    for (size_t i = 0; i < count; i++)
        headline_consider(audit, &sections[i], sections[i].comparisons, sections[i].comparisons_count);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < sections[i].pairs_count; p++)
            if (sections[i].pairs[p].verdict == EH_VIOLATES && (!audit->headline || audit->headline->verdict != EH_VIOLATES))
                headline_consider(audit, &sections[i], &sections[i].pairs[p], 1);
}

/** Declared groups decide; an intersection can show a violation, but its small cells do not hold up what the groups have shown. */
static void audit_verdict(eh_audit *audit)
{
    audit->verdict = EH_WITHIN_TOLERANCE;
    for (size_t i = 0; i < audit->attributes_count; i++)
        if (audit->attributes[i].verdict > audit->verdict)
            audit->verdict = audit->attributes[i].verdict;
    headline_of(audit, audit->attributes, audit->attributes_count);
    bool hidden = false;
    for (size_t i = 0; i < audit->intersections_count; i++)
        hidden |= audit->intersections[i].verdict == EH_VIOLATES;
    if (!hidden || audit->verdict == EH_VIOLATES)
        return;
    audit->verdict = EH_VIOLATES;
    audit->headline = NULL;
    headline_of(audit, audit->intersections, audit->intersections_count);
}

static eh_audit_options with_defaults(const eh_audit_options *options, unsigned has)
{
    eh_audit_options filled = *options;
    filled.replicates_count = options->replicates_count ? options->replicates_count : REPLICATES_DEFAULT;
    if (filled.gate == 0)
        filled.gate = 1U << EH_SELECTION_RATE | (has & EH_NEEDS_LABEL ? 1U << EH_TPR : 0);
    return filled;
}

static eh_code check_gate(const eh_audit *audit, eh_error *error)
{
    uint32_t missing = audit->options.gate & ~measures_available(audit->has);
    if (!missing)
        return EH_OK;
    const eh_measure_info *info = eh_measure_get((eh_measure)__builtin_ctz(missing));
    return eh_fail(error, EH_INPUT, "--gate %s: this measure needs %s.", info->name,
                   info->needs & EH_NEEDS_SCORE ? "--score and --label" : info->needs & EH_NEEDS_VALUE ? "--value" : "--label");
}

static eh_code check_references(const eh_audit *audit, eh_error *error)
{
    const char *names[2 * EH_ATTRIBUTES_MAX];
    for (size_t i = 0; i < audit->attributes_count; i++)
        names[i] = audit->attributes[i].name;
    for (size_t r = 0; r < audit->options.references_count; r++) {
        const char *asked = audit->options.references[r].attribute;
        bool found = false;
        for (size_t i = 0; i < audit->attributes_count; i++)
            found |= strcmp(names[i], asked) == 0;
        const char *nearest = eh_nearest_name(asked, names, audit->attributes_count);
        if (!found)
            return eh_fail(error, EH_INPUT, "--reference %s=%s: '%s' is not one of the attributes of --by.%s%s%s", asked,
                           audit->options.references[r].group, asked, nearest ? " Did you mean '" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
    }
    return EH_OK;
}

static eh_code adjust(audit_run *run, section_builds *all, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (!scratch)
        return eh_fail_memory(error);
    run->scratch = scratch;
    EH_TRY(sections_adjust(run, all->attributes, all->attributes_count, false, error));
    return sections_adjust(run, all->intersections, all->intersections_count, true, error);
}

eh_code eh_audit_run(const eh_cube *cube, const eh_audit_soft *soft, size_t soft_count, const eh_audit_options *options,
                     eh_arena *arena, const eh_audit **audit_out, eh_error *error)
{
    EH_ASSERT(soft_count <= EH_ATTRIBUTES_MAX);
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_audit *audit = EH_TAKE(arena, 1, eh_audit);
    if (!audit || !scratch)
        return eh_fail_memory(error);
    tally everybody = {0};
    audit->has = cube_has(cube);
    audit->options = with_defaults(options, audit->has);
    EH_TRY(check_gate(audit, error));
    audit_run run = {.cube = cube, .options = &audit->options, .has = audit->has, .everybody_tally = &everybody, .arena = arena,
                     .scratch = scratch};
    eh_random_init(&run.random, options->seed);
    EH_TRY(measure_everybody(&run, audit, &everybody, error));
    section_builds all;
    EH_TRY(sections_run(&run, soft, soft_count, audit, &all, error));
    EH_TRY(check_references(audit, error));
    EH_TRY(adjust(&run, &all, error));
    audit_verdict(audit);
    *audit_out = audit;
    return EH_OK;
}
