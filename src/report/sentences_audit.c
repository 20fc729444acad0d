#include <math.h>

#include "report/report_int.h"

/* ---- the comparison that speaks for a section ---------------------------------------------------------------------------------- */

static bool is_extreme(const eh_comparison *c)
{
    return c->value == 0 || isinf(c->value);
}

/** How far from equality, on the scale's own terms. */
static double distance_of(const eh_comparison *c)
{
    if (isnan(c->value))
        return -1;
    if (c->scale == EH_SCALE_DIFFERENCE)
        return fabs(c->value);
    return is_extreme(c) ? HUGE_VAL : fabs(log(c->value));
}

static uint64_t rows_of_smaller(const eh_audit_section *section, const eh_comparison *c)
{
    uint64_t rows = section->groups[c->group].decided;
    if (c->reference != EH_OVERALL && section->groups[c->reference].decided < rows)
        rows = section->groups[c->reference].decided;
    return rows;
}

/** True when `a` says more than `b`: ratios before differences, earlier measures first; then the smallest group where evidence lacks, else the largest gap. */
static bool says_more(const eh_audit_section *section, const eh_comparison *a, const eh_comparison *b)
{
    if (a->scale != b->scale)
        return a->scale == EH_SCALE_RATIO;
    if (a->measure != b->measure)
        return a->measure < b->measure;
    if (a->verdict == EH_NOT_ENOUGH_EVIDENCE)
        return rows_of_smaller(section, a) < rows_of_smaller(section, b);
    return distance_of(a) > distance_of(b);
}

static const eh_comparison *gravest(const eh_audit_section *section, const eh_comparison *list, size_t count)
{
    const eh_comparison *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (list[i].gate && list[i].verdict == section->verdict && (!found || says_more(section, &list[i], found)))
            found = &list[i];
    return found;
}

eh_told eh_told_of(const eh_audit *audit, const eh_audit_section *section)
{
    if (audit->headline && audit->headline_section == section && audit->headline->verdict == section->verdict)
        return (eh_told){section, audit->headline};
    const eh_comparison *found = gravest(section, section->comparisons, section->comparisons_count);
    if (!found)
        found = gravest(section, section->pairs, section->pairs_count);
    return (eh_told){section, found};
}

/* ---- all alike --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_report_about *about;
    const eh_audit *audit;
    const eh_audit_section *sections;
    size_t count;
    eh_buffer *out;
} alike;

static eh_interval range_of(const alike *a, eh_scale scale)
{
    eh_interval range = {EH_NAN, EH_NAN};
    for (size_t s = 0; s < a->count; s++)
        for (size_t i = 0; i < a->sections[s].comparisons_count; i++) {
            const eh_comparison *c = &a->sections[s].comparisons[i];
            if (!c->gate || c->scale != scale || isnan(c->value))
                continue;
            range.low = fmin(range.low, c->value);
            range.high = fmax(range.high, c->value);
        }
    return range;
}

/** "was picked at a similar rate", with the other measures of the gate behind it. */
static void say_similar(const alike *a)
{
    uint32_t gate = a->audit->options.gate ? a->audit->options.gate : 1U << EH_SELECTION_RATE;
    bool picked = gate >> EH_SELECTION_RATE & 1U;
    eh_buffer_text(a->out, picked ? " was picked at a similar rate" : " has a similar ");
    uint32_t rest = gate & ~(1U << EH_SELECTION_RATE);
    if (picked && rest)
        eh_buffer_text(a->out, rest == 1U << EH_TPR ? ", also of those whose label is true" : ", with a similar ");
    if (picked && rest == 1U << EH_TPR)
        return;
    size_t count = (size_t)__builtin_popcount(rest), index = 0;
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        if (rest >> m & 1U) {
            eh_buffer_text(a->out, eh_say_joint(index++, count));
            eh_buffer_text(a->out, eh_measure_get(m)->title);
        }
}

static void say_alike(const alike *a)
{
    eh_buffer_text(a->out, "Every group of ");
    for (size_t s = 0; s < a->count; s++) {
        eh_buffer_text(a->out, eh_say_joint(s, a->count));
        eh_say_name(a->out, a->sections[s].name, EH_SAY_NAME_COLUMNS);
    }
    say_similar(a);
    eh_interval ratios = range_of(a, EH_SCALE_RATIO), differences = range_of(a, EH_SCALE_DIFFERENCE);
    bool told = !isnan(ratios.low);
    eh_buffer_text(a->out, told ? ": all ratios to " : ": all differences from ");
    if (a->count == 1 && a->sections->reference != EH_OVERALL)
        eh_say_group(a->about, a->sections, a->sections->reference, a->out);
    else
        eh_buffer_text(a->out, "the reference groups");
    eh_buffer_text(a->out, " lie between ");
    eh_say_decimal(a->out, told ? ratios.low : differences.low * 100, told ? 2 : 1);
    eh_buffer_text(a->out, " and ");
    eh_say_decimal(a->out, told ? ratios.high : differences.high * 100, told ? 2 : 1);
    eh_buffer_text(a->out, told ? ", inside the tolerance of " : " percentage points, inside the tolerance of ±");
    if (told)
        eh_say_tolerance(a->audit, a->out);
    else
        eh_say_decimal(a->out, (1 - a->audit->options.ratio_min) * 100, 0);
    eh_buffer_text(a->out, "; we are sure at ");
    double percent = a->audit->options.confidence * 100;
    eh_say_decimal(a->out, percent, fabs(percent - round(percent)) < 1e-9 ? 0 : 1);
    eh_buffer_text(a->out, " %.");
}

/* ---- sections and the headline ---------------------------------------------------------------------------------------------------- */

static void say_nothing_compared(const eh_audit_section *section, eh_buffer *out)
{
    if (section) {
        eh_buffer_text(out, "For ");
        eh_say_name(out, section->name, EH_SAY_NAME_COLUMNS);
        eh_buffer_text(out, " nothing could be compared: no two groups have a rate.");
        return;
    }
    eh_buffer_text(out, "This data cannot tell: no two groups have a rate that could be compared.");
}

void eh_say_section(const eh_report_about *about, const eh_audit *audit, const eh_audit_section *section, eh_buffer *out)
{
    eh_told told = eh_told_of(audit, section);
    if (!told.comparison)
        say_nothing_compared(section, out);
    else if (section->verdict == EH_WITHIN_TOLERANCE)
        say_alike(&(alike){about, audit, section, 1, out});
    else
        eh_say_comparison(about, audit, &told, out);
}

/** The first attribute that has the verdict of the audit, when the headline's comparison has another (an attribute without comparisons). */
static const eh_audit_section *speaker(const eh_audit *audit)
{
    for (size_t i = 0; i < audit->attributes_count; i++)
        if (audit->attributes[i].verdict == audit->verdict)
            return &audit->attributes[i];
    return audit->headline_section;
}

void eh_report_headline(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    if (!audit->headline || !audit->headline_section)
        say_nothing_compared(NULL, out);
    else if (audit->verdict == EH_WITHIN_TOLERANCE)
        say_alike(&(alike){about, audit, audit->attributes, audit->attributes_count, out});
    else if (audit->headline->verdict != audit->verdict)
        eh_say_section(about, audit, speaker(audit), out);
    else
        eh_say_comparison(about, audit, &(eh_told){audit->headline_section, audit->headline}, out);
}

/* ---- what else ---------------------------------------------------------------------------------------------------------------- */

static size_t count_of(const eh_audit *audit, const eh_audit_section *list, size_t count, eh_verdict verdict)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += &list[i] != audit->headline_section && list[i].verdict == verdict;
    return found;
}

static void say_names(const eh_audit *audit, eh_verdict verdict, size_t count, eh_buffer *out)
{
    size_t index = 0;
    for (size_t i = 0; i < audit->attributes_count; i++) {
        const eh_audit_section *section = &audit->attributes[i];
        if (section == audit->headline_section || section->verdict != verdict)
            continue;
        eh_buffer_text(out, eh_say_joint(index++, count));
        eh_say_name(out, section->name, EH_SAY_NAME_COLUMNS);
    }
}

void eh_say_also(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    (void)about;
    eh_verdict verdict = audit->verdict == EH_WITHIN_TOLERANCE ? EH_NOT_ENOUGH_EVIDENCE : audit->verdict;
    size_t attributes = count_of(audit, audit->attributes, audit->attributes_count, verdict);
    size_t crossed = count_of(audit, audit->intersections, audit->intersections_count, verdict);
    if (attributes + crossed == 0)
        return;
    bool violates = verdict == EH_VIOLATES;
    eh_buffer_text(out, violates ? "Also: the tolerance is violated " : "Also: the data cannot tell for ");
    eh_buffer_text(out, violates && attributes ? "by " : "");
    say_names(audit, verdict, attributes, out);
    if (crossed == 0) {
        eh_buffer_byte(out, '.');
        return;
    }
    eh_buffer_text(out, attributes ? violates ? ", and in " : ", nor for " : violates ? "in " : "");
    if (audit->intersections_count == 1) {
        eh_buffer_text(out, "the intersection ");
        eh_say_name(out, audit->intersections->name, 2 * EH_SAY_NAME_COLUMNS);
        eh_buffer_byte(out, '.');
        return;
    }
    eh_buffer_format(out, "%zu of %zu intersections.", crossed, audit->intersections_count);
}

bool eh_measure_told(const eh_audit *audit, eh_measure measure)
{
    unsigned needs = eh_measure_get(measure)->needs;
    return (needs & audit->has) == needs;
}
