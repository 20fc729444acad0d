#include <math.h>

#include "audit/audit_int.h"

static bool inside_tolerance(const eh_audit_options *options, const eh_comparison *c, double reference_value)
{
    double slack = 1 - options->ratio_min;
    if (c->scale == EH_SCALE_RATIO)
        return c->low >= options->ratio_min && c->high <= 1 / options->ratio_min;
    if (!eh_measure_get(c->measure)->unbounded)
        return c->low >= -slack && c->high <= slack;
    return c->low >= -slack * reference_value && c->high <= (1 / options->ratio_min - 1) * reference_value;
}

eh_verdict comparison_verdict(const eh_audit_options *options, const eh_comparison *c, double reference_value)
{
    if (isnan(c->value) || isnan(c->low) || isnan(c->high))
        return EH_NOT_ENOUGH_EVIDENCE;
    if (c->p_violates <= 1 - options->confidence)
        return EH_VIOLATES;
    return inside_tolerance(options, c, reference_value) ? EH_WITHIN_TOLERANCE : EH_NOT_ENOUGH_EVIDENCE;
}

/* ---- families ---------------------------------------------------------------------------------------------------------------- */

/** One family of hypotheses: pointers into the comparisons, their p-values, room for the adjustment. */
typedef struct {
    eh_comparison **members;
    double *p, *adjusted;
    size_t *scratch;
    size_t count;
} family;

typedef void (*adjustment)(const double *p, size_t count, size_t *scratch, double *adjusted_out);

static eh_code family_allocate(audit_run *run, size_t size, family *f, eh_error *error)
{
    f->members = EH_TAKE(run->scratch, size, eh_comparison *);
    f->p = EH_TAKE(run->scratch, size, double);
    f->adjusted = EH_TAKE(run->scratch, size, double);
    f->scratch = EH_TAKE(run->scratch, size, size_t);
    return f->members && f->p && f->adjusted && f->scratch ? EH_OK : eh_fail_memory(error);
}

/** Comparisons of one measure and scale over all sections, or (measure EH_MEASURES_COUNT) all that gate. */
static void family_collect(section_build *builds, size_t builds_count, eh_measure measure, eh_scale scale, family *f)
{
    f->count = 0;
    for (size_t b = 0; b < builds_count; b++)
        for (size_t i = 0; i < builds[b].section->comparisons_count; i++) {
            eh_comparison *c = &builds[b].comparisons[i];
            if (measure == EH_MEASURES_COUNT ? c->gate : c->measure == measure && c->scale == scale)
                f->members[f->count++] = c;
        }
}

static void adjust_equality(family *f, adjustment adjust)
{
    for (size_t i = 0; i < f->count; i++)
        f->p[i] = f->members[i]->p;
    adjust(f->p, f->count, f->scratch, f->adjusted);
    for (size_t i = 0; i < f->count; i++)
        f->members[i]->p_adjusted = f->adjusted[i];
}

static void adjust_violation(family *f, adjustment adjust)
{
    for (size_t i = 0; i < f->count; i++)
        f->p[i] = f->members[i]->p_violates;
    adjust(f->p, f->count, f->scratch, f->adjusted);
    for (size_t i = 0; i < f->count; i++)
        f->members[i]->p_violates = f->adjusted[i];
}

/** What does not gate is adjusted within its measure and scale; what gates, as one family, so that the verdict is sure as a whole. */
static void adjust_all(section_build *builds, size_t builds_count, adjustment adjust, family *f)
{
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        for (eh_scale scale = EH_SCALE_DIFFERENCE; scale <= EH_SCALE_RATIO; scale++) {
            family_collect(builds, builds_count, m, scale, f);
            adjust_equality(f, adjust);
            if (f->count > 0 && !f->members[0]->gate)
                adjust_violation(f, adjust);
        }
    family_collect(builds, builds_count, EH_MEASURES_COUNT, EH_SCALE_RATIO, f);
    adjust_violation(f, adjust);
}

/* ---- verdicts of sections ------------------------------------------------------------------------------------------------------- */

static eh_verdict graver(eh_verdict a, eh_verdict b)
{
    return a > b ? a : b;
}

static void section_verdict(const audit_run *run, section_build *build)
{
    eh_audit_section *section = build->section;
    section->verdict = section->comparisons_count > 0 ? EH_WITHIN_TOLERANCE : EH_NOT_ENOUGH_EVIDENCE;
    for (size_t i = 0; i < section->comparisons_count; i++) {
        eh_comparison *c = &build->comparisons[i];
        c->verdict = comparison_verdict(run->options, c, section->groups[c->reference].measures[c->measure].value);
        if (c->gate)
            section->verdict = graver(section->verdict, c->verdict);
    }
    /* The worst pair is chosen by looking, so it can show a violation but not the lack of one. */
    for (size_t i = 0; i < section->pairs_count; i++)
        if (build->pairs[i].gate && build->pairs[i].verdict == EH_VIOLATES)
            section->verdict = EH_VIOLATES;
    for (size_t i = 0; i < section->overall_count; i++) {
        eh_comparison *c = &build->overall[i];
        c->verdict = comparison_verdict(run->options, c, run->everybody->measures[c->measure].value);
    }
}

static void adjust_overall(section_build *build, adjustment adjust, family *f)
{
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        for (eh_scale scale = EH_SCALE_DIFFERENCE; scale <= EH_SCALE_RATIO; scale++) {
            f->count = 0;
            for (size_t i = 0; i < build->section->overall_count; i++)
                if (build->overall[i].measure == m && build->overall[i].scale == scale)
                    f->members[f->count++] = &build->overall[i];
            adjust_equality(f, adjust);
            adjust_violation(f, adjust);
        }
}

eh_code sections_adjust(audit_run *run, section_build *builds, size_t builds_count, bool discovered, eh_error *error)
{
    size_t size = 1;
    for (size_t b = 0; b < builds_count; b++)
        size += builds[b].section->comparisons_count + builds[b].section->overall_count;
    family f = {0};
    EH_TRY(family_allocate(run, size, &f, error));
    adjustment adjust = discovered ? eh_adjust_benjamini_hochberg : eh_adjust_holm;
    adjust_all(builds, builds_count, adjust, &f);
    for (size_t b = 0; b < builds_count; b++) {
        adjust_overall(&builds[b], adjust, &f);
        section_verdict(run, &builds[b]);
    }
    return EH_OK;
}
