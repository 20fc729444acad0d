/* Fairness beyond the declared groups: what the guards of the policy found, and hidden groups. Sentences that all forms share. */
#include <math.h>
#include <string.h>

#include "report/plan_int.h"

void eh_plan_hidden_text(const eh_plan_hidden *hidden, const eh_scan_group *group, eh_buffer *out)
{
    eh_coded_spec spec = {0};
    eh_coded_table table = {.dimensions = hidden->attributes, .dimensions_count = hidden->attributes_count};
    eh_report_scan_group(&(eh_report_scan_about){.spec = &spec, .table = &table}, group, out);
}

/* "gender = F, town = Galway: 12.0 % get something, 31.5 % would be expected (812 people)" */
void eh_plan_hidden_sentence(const eh_plan_hidden *hidden, const eh_scan_group *group, eh_buffer *out)
{
    eh_plan_hidden_text(hidden, group, out);
    eh_buffer_format(out, ": %.1f %% get something (%.1f to %.1f), and %.1f %% would be expected; ", 100 * group->confirmed.value, 100 * group->confirmed.low,
                     100 * group->confirmed.high, 100 * group->confirmed_expected);
    eh_plan_count(out, group->rows);
    eh_buffer_text(out, " people");
}

void eh_plan_hidden_says(const eh_plan_hidden *hidden, eh_buffer *out)
{
    size_t counting = 0;
    for (size_t g = 0; hidden->scan != NULL && g < hidden->scan->groups_count; g++)
        counting += eh_plan_hidden_counts(hidden, &hidden->scan->groups[g]);
    if (hidden->protected_count == 0)
        eh_buffer_text(out, "There is no protected attribute with two groups, so nothing could be looked for.");
    else if (hidden->scan == NULL)
        eh_buffer_text(out, "Everybody who may get it gets it, or nobody does: no group is left out.");
    else if (counting > 0)
        eh_buffer_format(out, "%zu hidden group%s %s it much less or more often than others.", counting, counting == 1 ? "" : "s", counting == 1 ? "gets" : "get");
    else if (hidden->verdict == EH_NOT_ENOUGH_EVIDENCE)
        eh_buffer_text(out, "None was found, but with so few people a group of usual size would have been missed.");
    else
        eh_buffer_text(out, "None was found.");
    if (hidden->scan != NULL) {
        eh_buffer_text(out, " Looked at: ");
        for (size_t a = 0; a < hidden->attributes_count; a++)
            eh_buffer_format(out, "%s%s", a == 0 ? "" : ", ", hidden->attributes[a].name);
        eh_buffer_text(out, ".");
    }
}

void eh_plan_guard_says(const eh_plan_guarded *guard, eh_buffer *out)
{
    bool ratio = strstr(guard->measure, "ratio") != NULL;
    eh_buffer_format(out, "%s by %s: %s %g, confidence %g. ", guard->measure, guard->by, ratio ? "at least" : "at most", guard->tolerance, guard->confidence);
    if (guard->later)
        eh_buffer_text(out, "It can be told only when outcomes are in: evenhand campaign report. ");
    if (guard->verdict == EH_NOT_ENOUGH_EVIDENCE)
        eh_buffer_text(out, guard->stops ? "When it cannot be told, the plan stops." : "When it cannot be told, a person is asked.");
}
