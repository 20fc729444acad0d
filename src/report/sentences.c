#include <math.h>
#include <string.h>
#include <strings.h>

#include "report/report_int.h"

/* ---- who ------------------------------------------------------------------------------------------------------------------- */

/** How a group is said after "people": "aged 25 to 34", "with education = tertiary", "whose age is missing". */
typedef enum { SAID_AS_AGE, SAID_WITH, SAID_MISSING } saying;

typedef struct {
    const char *attribute, *group;
    bool others;
    saying how;
} trait;

static bool is_age(const char *attribute)
{
    static const char *const names[] = {"age", "age_band", "age_group", "age_range", "age_bracket", "ageband", "agegroup"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(attribute, names[i]) == 0)
            return true;
    return false;
}

static bool is_age_in_words(const char *group)
{
    return (group[0] >= '0' && group[0] <= '9') || strncmp(group, "under ", 6) == 0;
}

static trait trait_of(const eh_report_about *about, const eh_audit_section *section, const eh_audit_group *group, uint32_t at)
{
    trait found = {.attribute = section->name, .group = group->name, .how = SAID_WITH};
    if (section->attributes != 0) {
        const eh_cube_dimension *dimension = &about->cube->dimensions[section->attribute_index[at]];
        const eh_cube_group *named = &dimension->groups[group->values[at]];
        found.attribute = dimension->name;
        found.group = named->name;
        found.others = named->others;
        if (named->missing)
            found.how = SAID_MISSING;
    }
    if (found.how == SAID_WITH && !found.others && is_age(found.attribute) && is_age_in_words(found.group))
        found.how = SAID_AS_AGE;
    return found;
}

static void say_trait(const trait *said, bool first_of_kind, eh_buffer *out)
{
    switch (said->how) {
    case SAID_AS_AGE:
        eh_buffer_text(out, strncmp(said->group, "under ", 6) == 0 ? " " : " aged ");
        eh_say_name(out, said->group, EH_SAY_NAME_COLUMNS);
        return;
    case SAID_MISSING:
        eh_buffer_text(out, first_of_kind ? " whose " : " and whose ");
        eh_say_name(out, said->attribute, EH_SAY_NAME_COLUMNS);
        eh_buffer_text(out, " is missing");
        return;
    case SAID_WITH:
        eh_buffer_text(out, first_of_kind ? " with " : " and ");
        eh_buffer_text(out, said->others ? "any other " : "");
        eh_say_name(out, said->attribute, EH_SAY_NAME_COLUMNS);
        if (said->others)
            return;
        eh_buffer_text(out, " = ");
        eh_say_name(out, said->group, EH_SAY_NAME_COLUMNS);
    }
}

void eh_say_group(const eh_report_about *about, const eh_audit_section *section, int32_t group, eh_buffer *out)
{
    eh_buffer_text(out, "people");
    if (group == EH_OVERALL) {
        eh_buffer_text(out, " overall");
        return;
    }
    trait traits[EH_INTERSECTION_DEPTH_MAX];
    uint32_t count = section->attributes == 0 ? 1 : section->depth;
    for (uint32_t d = 0; d < count; d++)
        traits[d] = trait_of(about, section, &section->groups[group], d);
    for (saying how = SAID_AS_AGE; how <= SAID_MISSING; how++) {
        bool first = true;
        for (uint32_t d = 0; d < count; d++) {
            if (traits[d].how != how)
                continue;
            say_trait(&traits[d], first, out);
            first = false;
        }
    }
}

const char *eh_group_name(const eh_audit_section *section, int32_t group)
{
    return group == EH_OVERALL ? "(overall)" : section->groups[group].name;
}

/* ---- what of --------------------------------------------------------------------------------------------------------------- */

/** A rate as something that happens to people. Measures without a verb are said as "the F1 score of ... is 1.2 times that of ...". */
typedef struct {
    const char *of_whom, *verb, *verb_bare, *verb_never;
} phrase;

static const phrase phrases[EH_MEASURES_COUNT] = {
    [EH_SELECTION_RATE] = {"", "were picked", "picked", "were never picked"},
    [EH_TPR] = {"of those whose label is true, ", "were picked", "picked", "were never picked"},
    [EH_FPR] = {"of those whose label is false, ", "were picked", "picked", "were never picked"},
    [EH_TNR] = {"of those whose label is false, ", "were passed over", "passed over", "were never passed over"},
    [EH_FNR] = {"of those whose label is true, ", "were passed over", "passed over", "were never passed over"},
    [EH_BASE_RATE] = {"", "had a true label", "had", "never had a true label"},
};

/** What a sentence about a comparison needs again and again. */
typedef struct {
    const eh_report_about *about;
    const eh_audit *audit;
    const eh_audit_section *section;
    const eh_comparison *comparison;
    const phrase *words; /* of the measure; verb is NULL when it has none */
    eh_buffer *out;
} told;

static double rate_of(const told *t, int32_t group)
{
    const eh_audit_group *of = group == EH_OVERALL ? &t->audit->everybody : &t->section->groups[group];
    return of->measures[t->comparison->measure].value;
}

static void say_group(const told *t, int32_t group)
{
    eh_say_group(t->about, t->section, group, t->out);
}

static void say_points(const told *t, double difference)
{
    bool share = !eh_measure_get(t->comparison->measure)->unbounded;
    eh_say_decimal(t->out, share ? difference * 100 : difference, share ? 1 : 2);
}

static const char *points(const told *t)
{
    return eh_measure_get(t->comparison->measure)->unbounded ? "" : " percentage points";
}

/** "people aged 60 and over were never picked, people aged 35 to 49 in 12.3 % of cases": where a ratio says nothing to the ear. */
static void say_never(const told *t, int32_t never, int32_t sometimes)
{
    eh_buffer_text(t->out, t->words->of_whom);
    say_group(t, never);
    eh_buffer_format(t->out, " %s, ", t->words->verb_never);
    say_group(t, sometimes);
    eh_buffer_text(t->out, " in ");
    eh_say_percent(t->out, rate_of(t, sometimes));
    eh_buffer_text(t->out, " of cases");
}

static void say_ratio_with_verb(const told *t, bool surely)
{
    const eh_comparison *c = t->comparison;
    eh_buffer_text(t->out, t->words->of_whom);
    say_group(t, c->group);
    eh_buffer_format(t->out, " %s ", t->words->verb);
    eh_buffer_text(t->out, surely && c->value < 1 ? "only " : "");
    eh_say_ratio(t->out, c->value);
    eh_buffer_text(t->out, " as ");
    say_group(t, c->reference);
}

static void say_ratio_of_measure(const told *t)
{
    const eh_comparison *c = t->comparison;
    eh_buffer_format(t->out, "the %s of ", eh_measure_get(c->measure)->title);
    say_group(t, c->group);
    eh_buffer_text(t->out, " is ");
    if (c->value < 1)
        eh_say_percent(t->out, c->value);
    else
        eh_say_factor(t->out, c->value);
    eh_buffer_text(t->out, c->value < 1 ? " of that of " : " times that of ");
    say_group(t, c->reference);
}

static void say_difference(const told *t)
{
    const eh_comparison *c = t->comparison;
    eh_buffer_text(t->out, t->words->verb ? t->words->of_whom : "");
    if (!t->words->verb)
        eh_buffer_format(t->out, "the %s of ", eh_measure_get(c->measure)->title);
    say_group(t, c->group);
    eh_buffer_format(t->out, " %s ", t->words->verb ? t->words->verb : "is");
    say_points(t, fabs(c->value));
    eh_buffer_text(t->out, points(t));
    const char *more = t->words->verb ? " more often than " : " above that of ";
    const char *less = t->words->verb ? " less often than " : " below that of ";
    eh_buffer_text(t->out, c->value < 0 ? less : more);
    say_group(t, c->reference);
}

/** "people aged 60 and over were picked 2.1 times as often as people aged 35 to 49". */
static void say_finding(const told *t, bool surely)
{
    const eh_comparison *c = t->comparison;
    bool ratio = c->scale == EH_SCALE_RATIO;
    if (ratio && t->words->verb && c->value == 0)
        say_never(t, c->group, c->reference);
    else if (ratio && t->words->verb && isinf(c->value))
        say_never(t, c->reference, c->group);
    else if (ratio && t->words->verb)
        say_ratio_with_verb(t, surely);
    else if (ratio)
        say_ratio_of_measure(t);
    else
        say_difference(t);
}

/* The finding names both rates, not their ratio: one of them is 0. */
static bool told_by_rates(const eh_comparison *c)
{
    return c->scale == EH_SCALE_RATIO && (c->value == 0 || isinf(c->value));
}

/** "1.9 to 2.3", in the unit of the finding. */
static void say_ends(const told *t)
{
    const eh_comparison *c = t->comparison;
    if (c->scale == EH_SCALE_RATIO) {
        eh_say_ratio_interval(t->out, c->value == 0 ? 1 : c->value, c->low, c->high);
        return;
    }
    double sign = c->value < 0 ? -1 : 1;
    say_points(t, fmin(sign * c->low, sign * c->high));
    eh_buffer_text(t->out, " to ");
    say_points(t, fmax(sign * c->low, sign * c->high));
}

static void say_interval(const told *t)
{
    eh_buffer_text(t->out, told_by_rates(t->comparison) ? "of the ratio " : "");
    say_ends(t);
}

static void say_confidence(const told *t)
{
    double percent = t->audit->options.confidence * 100;
    eh_say_decimal(t->out, percent, fabs(percent - round(percent)) < 1e-9 ? 0 : 1);
    eh_buffer_text(t->out, " %");
}

/* ---- one sentence for each verdict ------------------------------------------------------------------------------------------- */

void eh_say_tolerance(const eh_audit *audit, eh_buffer *out)
{
    eh_buffer_format(out, "%.2f to %.2f", audit->options.ratio_min, 1 / audit->options.ratio_min);
}

static void say_rule(const told *t)
{
    const eh_comparison *c = t->comparison;
    double ratio_min = t->audit->options.ratio_min;
    if (c->scale == EH_SCALE_DIFFERENCE && !eh_measure_get(c->measure)->unbounded)
        eh_buffer_format(t->out, "the tolerance of %.0f percentage points", (1 - ratio_min) * 100);
    else if (c->measure == EH_SELECTION_RATE && fabs(ratio_min - 0.8) < 1e-12)
        eh_buffer_text(t->out, "the four-fifths rule");
    else
        eh_buffer_format(t->out, "the tolerance of %.2f", ratio_min);
}

static void say_violates(const told *t)
{
    say_finding(t, true);
    eh_buffer_text(t->out, "; we are sure (");
    say_confidence(t);
    eh_buffer_text(t->out, " interval ");
    say_interval(t);
    eh_buffer_text(t->out, "); ");
    say_rule(t);
    eh_buffer_text(t->out, " is violated.");
}

/** "only a ratio below 0.41 could have been seen". */
static void say_detectable(const told *t)
{
    const eh_comparison *c = t->comparison;
    if (isnan(c->detectable)) {
        eh_buffer_text(t->out, "no violation, however large, could have been seen");
        return;
    }
    if (c->scale == EH_SCALE_RATIO) {
        eh_buffer_format(t->out, "only a ratio %s ", c->detectable < 1 ? "below" : "above");
        eh_say_factor(t->out, c->detectable);
    } else {
        eh_buffer_text(t->out, "only a difference beyond ");
        say_points(t, c->detectable);
        eh_buffer_text(t->out, points(t));
    }
    eh_buffer_text(t->out, " could have been seen");
}

/** How many people the rate of a group stands on: those whose label is true, for a true positive rate. */
static uint64_t people_below(const told *t, int32_t group)
{
    const eh_audit_group *of = &t->section->groups[group];
    double n = of->measures[t->comparison->measure].n;
    return of->withheld || !(n > 0) || t->audit->weighted ? of->decided : (uint64_t)llround(n);
}

static void say_rows(const told *t, int32_t group)
{
    uint64_t rows = people_below(t, group);
    eh_say_count(t->out, rows);
    eh_buffer_text(t->out, rows == 1 ? " row" : " rows");
}

static void say_group_with_rows(const told *t, int32_t group)
{
    say_group(t, group);
    eh_buffer_text(t->out, " (");
    say_rows(t, group);
    eh_buffer_byte(t->out, ')');
}

/** The group of the pair that holds the finding back: the one with fewer rows. */
static int32_t smaller_group(const told *t)
{
    const eh_comparison *c = t->comparison;
    if (c->reference == EH_OVERALL || people_below(t, c->group) <= people_below(t, c->reference))
        return c->group;
    return c->reference;
}

static void say_undefined(const told *t)
{
    int32_t group = t->comparison->group, reference = t->comparison->reference;
    const char *title = eh_measure_get(t->comparison->measure)->title;
    if (rate_of(t, group) == 0 && rate_of(t, reference) == 0) {
        eh_buffer_format(t->out, "this data cannot tell: the %s of ", title);
        say_group_with_rows(t, group);
        eh_buffer_text(t->out, " and that of ");
        say_group(t, reference);
        eh_buffer_text(t->out, " are both 0, so there is no ratio.");
        return;
    }
    eh_buffer_text(t->out, "this data cannot tell: for ");
    if (t->section->groups[smaller_group(t)].withheld)
        group = smaller_group(t);
    say_group_with_rows(t, group);
    if (t->section->groups[group].withheld)
        eh_buffer_format(t->out, " the %s is withheld, because they are fewer than %llu.", title,
                         (unsigned long long)t->audit->options.cell_rows_min);
    else
        eh_buffer_format(t->out, " the %s cannot be compared, because it is not defined for them or for their reference.", title);
}

static void say_not_enough(const told *t)
{
    const eh_comparison *c = t->comparison;
    if (isnan(c->value) || isnan(c->low) || isnan(c->high)) {
        say_undefined(t);
        return;
    }
    eh_buffer_text(t->out, "this data cannot tell: ");
    say_finding(t, false);
    eh_buffer_text(t->out, told_by_rates(c) ? ", but any ratio from " : ", but anything from ");
    say_ends(t);
    eh_buffer_text(t->out, c->scale == EH_SCALE_DIFFERENCE && c->value < 0 ? " less fits the data; " : " fits the data; ");
    if (smaller_group(t) == c->group) {
        eh_buffer_text(t->out, "with ");
        say_rows(t, c->group);
    } else {
        eh_buffer_text(t->out, "for ");
        say_group_with_rows(t, c->reference);
    }
    eh_buffer_byte(t->out, ' ');
    say_detectable(t);
    eh_buffer_byte(t->out, '.');
}

static void say_within(const told *t)
{
    say_finding(t, false);
    eh_buffer_text(t->out, ", inside the tolerance; we are sure (");
    say_confidence(t);
    eh_buffer_text(t->out, " interval ");
    say_interval(t);
    eh_buffer_text(t->out, ").");
}

void eh_say_comparison(const eh_report_about *about, const eh_audit *audit, const eh_told *what, eh_buffer *out)
{
    static void (*const say[])(const told *) = {
        [EH_WITHIN_TOLERANCE] = say_within, [EH_NOT_ENOUGH_EVIDENCE] = say_not_enough, [EH_VIOLATES] = say_violates};
    told t = {about, audit, what->section, what->comparison, &phrases[what->comparison->measure], out};
    size_t start = out->len;
    say[what->comparison->verdict](&t);
    eh_say_capital(out, start);
}
