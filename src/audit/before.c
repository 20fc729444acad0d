#include <math.h>
#include <string.h>

#include "audit/audit_int.h"
#include "base/json.h"

static const eh_measure followed[] = {EH_SELECTION_RATE, EH_BASE_RATE, EH_TPR};
enum { FOLLOWED_COUNT = sizeof followed / sizeof *followed };

/** An item of a JSON array whose member `key` is `name`, or NULL. */
static eh_json_value item_named(eh_json_value array, const char *key, const char *name)
{
    for (size_t i = 0; i < eh_json_count(array); i++) {
        const char *text = eh_json_as_text(eh_json_member(eh_json_item(array, i), key));
        if (text && strcmp(text, name) == 0)
            return eh_json_item(array, i);
    }
    return NULL;
}

static eh_estimate estimate_read(eh_json_value value)
{
    return (eh_estimate){eh_json_as_number(eh_json_member(value, "value")), eh_json_as_number(eh_json_member(value, "low")),
                         eh_json_as_number(eh_json_member(value, "high")), eh_json_as_number(eh_json_member(value, "n"))};
}

static eh_proportion proportion_of(eh_estimate estimate)
{
    double trials = estimate.n > 0 ? estimate.n : 0;
    double successes = estimate.value * trials;
    /* value * n of unweighted counts is a whole number but for rounding. */
    if (fabs(successes - round(successes)) < 1e-6 && trials == round(trials))
        successes = round(successes);
    return (eh_proportion){fmin(fmax(successes, 0), trials), trials};
}

static void change_fill(double confidence, eh_estimate before, eh_estimate now, eh_change *change)
{
    change->before = before.value;
    change->now = now.value;
    change->difference = change->low = change->high = change->p = EH_NAN;
    if (isnan(before.value) || isnan(now.value) || !(before.n > 0) || before.value < 0 || before.value > 1)
        return;
    eh_proportion a = proportion_of(now), b = proportion_of(before);
    eh_interval interval = eh_interval_newcombe(a, b, confidence);
    change->difference = now.value - before.value;
    change->low = interval.low;
    change->high = interval.high;
    change->p = eh_equality_p(a, b);
}

typedef struct {
    const eh_audit *audit;
    eh_change *changes;
    size_t count;
} change_list;

static void changes_of_group(change_list *list, const char *attribute, const char *name, const eh_audit_group *now, eh_json_value before)
{
    for (size_t f = 0; f < FOLLOWED_COUNT; f++) {
        eh_measure measure = followed[f];
        if (!(measures_available(list->audit->has) >> measure & 1U))
            continue;
        eh_estimate undefined = {EH_NAN, EH_NAN, EH_NAN, 0};
        eh_estimate was = before ? estimate_read(eh_json_member(before, eh_measure_get(measure)->name)) : undefined;
        eh_change *change = &list->changes[list->count++];
        *change = (eh_change){.attribute = attribute, .group = name, .measure = measure};
        change->group_is_new = !before;
        change->group_is_gone = !now;
        change_fill(list->audit->options.confidence, was, now ? now->measures[measure] : undefined, change);
    }
}

static void changes_of_section(change_list *list, const eh_audit_section *section, eh_json_value before)
{
    eh_json_value groups = eh_json_member(before, "groups");
    for (size_t g = 0; g < section->groups_count; g++)
        changes_of_group(list, section->name, section->groups[g].name, &section->groups[g],
                         item_named(groups, "group", section->groups[g].name));
    for (size_t i = 0; i < eh_json_count(groups); i++) {
        const char *name = eh_json_as_text(eh_json_member(eh_json_item(groups, i), "group"));
        bool still_there = false;
        for (size_t g = 0; g < section->groups_count && name; g++)
            still_there |= strcmp(section->groups[g].name, name) == 0;
        if (name && !still_there)
            changes_of_group(list, section->name, name, NULL, eh_json_item(groups, i));
    }
}

static eh_code verdict_read(eh_json_value root, const char *name, eh_verdict *verdict_out, eh_error *error)
{
    const char *text = eh_json_as_text(eh_json_member(root, "verdict"));
    for (eh_verdict v = EH_WITHIN_TOLERANCE; text && v <= EH_VIOLATES; v++)
        if (strcmp(text, eh_verdict_name(v)) == 0) {
            *verdict_out = v;
            return EH_OK;
        }
    return eh_fail(error, EH_INPUT, "--before %s: this is no audit report: it has no verdict. Give the .json of an earlier evenhand audit.",
                   name);
}

eh_code eh_audit_compare(const eh_audit *audit, const void *report_root, const char *name, eh_arena *arena, const eh_audit **audit_out,
                         eh_error *error)
{
    eh_verdict verdict = EH_NOT_ENOUGH_EVIDENCE;
    EH_TRY(verdict_read(report_root, name, &verdict, error));
    eh_json_value sections = eh_json_member(report_root, "attributes");
    size_t room = 1, shared = 0;
    for (size_t i = 0; i < audit->attributes_count; i++) {
        eh_json_value before = item_named(sections, "name", audit->attributes[i].name);
        room += FOLLOWED_COUNT * (audit->attributes[i].groups_count + eh_json_count(eh_json_member(before, "groups")));
        shared += before != NULL;
    }
    if (shared == 0)
        return eh_fail(error, EH_INPUT, "--before %s: that report and this audit have no attribute in common, so there is nothing to compare.",
                       name);
    eh_audit *result = EH_TAKE(arena, 1, eh_audit);
    eh_before *before = EH_TAKE(arena, 1, eh_before);
    change_list list = {.audit = audit, .changes = EH_TAKE(arena, room, eh_change)};
    if (!result || !before || !list.changes)
        return eh_fail_memory(error);
    for (size_t i = 0; i < audit->attributes_count; i++) {
        eh_json_value section = item_named(sections, "name", audit->attributes[i].name);
        if (section)
            changes_of_section(&list, &audit->attributes[i], section);
    }
    *before = (eh_before){verdict, eh_json_as_number(eh_json_member(report_root, "rows")), list.changes, list.count};
    *result = *audit;
    result->before = before;
    *audit_out = result;
    return EH_OK;
}
