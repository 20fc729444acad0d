/* The preflight report for a terminal. */
#include <string.h>

#include "report/plan_int.h"

static void heading(eh_buffer *out, const char *text) { eh_buffer_format(out, "\n%s\n", text); }

static void row(eh_buffer *out, const char *name, uint64_t people, const char *note)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer number = {0};
    eh_plan_count(&number, people);
    eh_buffer_format(out, "  %10s  %s%s%s\n", number.ptr == NULL ? "" : number.ptr, name, note[0] == '\0' ? "" : ": ", note);
}

static void who(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_plan_summary *sum = plan->summary;
    heading(out, "Who gets it");
    for (size_t o = 0; o < plan->frame->offers_count; o++)
        row(out, plan->frame->offers[o].name, sum->offers[o], plan->frame->offers[o].says);
    heading(out, "Where decisions ended");
    for (size_t s = 0; s < EH_STAGES_COUNT; s++) {
        char note[64] = "";
        if (sum->stages[s] == 0)
            continue;
        if (s >= EH_STAGE_WITHOUT_AI)
            snprintf(note, sizeof note, "%llu of them get something", (unsigned long long)sum->stages_sent[s]);
        row(out, eh_plan_stage_says((eh_stage)s), sum->stages[s], note);
    }
    if (sum->stages[EH_STAGE_CONSENT] > 0) {
        heading(out, "Why people may not be written to");
        for (size_t w = 0; w < EH_WHYS_COUNT; w++)
            if (sum->consent_why[w] > 0)
                row(out, eh_why_name((eh_why)w), sum->consent_why[w], eh_why_sentence((eh_why)w));
    }
    if (plan->frame->rules_count > 0)
        heading(out, "Rules");
    for (size_t r = 0; r < plan->frame->rules_count && r < 256; r++) {
        char note[512];
        snprintf(note, sizeof note, "%s; stopped %llu; %s", plan->frame->rules[r].effect, (unsigned long long)sum->rule_people[r][1],
                 plan->frame->rules[r].explanation == NULL ? "" : plan->frame->rules[r].explanation);
        row(out, plan->frame->rules[r].id, sum->rule_people[r][0], note);
    }
}

static void fairness(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_audit *audit = plan->verdict->audit;
    heading(out, "Fairness: how often each group gets it, of those who may be written to");
    for (size_t s = 0; audit != NULL && s < audit->attributes_count; s++) {
        const eh_audit_section *section = &audit->attributes[s];
        eh_buffer_format(out, "  %s: %s\n", section->name, eh_verdict_name(section->verdict));
        for (size_t g = 0; g < section->groups_count; g++) {
            const eh_audit_group *group = &section->groups[g];
            const eh_estimate *rate = &group->measures[EH_SELECTION_RATE];
            EH_CLEANUP(eh_buffer_dispose) eh_buffer number = {0};
            eh_plan_count(&number, group->rows);
            eh_buffer_format(out, "  %10s  %-28s %5.1f %% (%.1f to %.1f)\n", number.ptr == NULL ? "" : number.ptr, group->name, 100 * rate->value, 100 * rate->low,
                             100 * rate->high);
        }
    }
    if (audit == NULL)
        eh_buffer_text(out, "  nothing could be compared\n");
}

static void fairness_more(const eh_report_plan *plan, eh_buffer *out)
{
    heading(out, "Hidden groups");
    eh_buffer_text(out, "  ");
    eh_plan_hidden_says(plan->hidden, out);
    eh_buffer_byte(out, '\n');
    for (size_t g = 0; plan->hidden->scan != NULL && g < plan->hidden->scan->groups_count; g++) {
        const eh_scan_group *group = &plan->hidden->scan->groups[g];
        eh_buffer_text(out, eh_plan_hidden_counts(plan->hidden, group) ? "  violates: " : "  of note: ");
        eh_plan_hidden_sentence(plan->hidden, group, out);
        eh_buffer_byte(out, '\n');
    }
    if (plan->guards_count > 0)
        heading(out, "Guards of the policy");
    for (size_t g = 0; g < plan->guards_count; g++) {
        eh_buffer_format(out, "  %s: %s\n      ", plan->guards[g].id, eh_verdict_name(plan->guards[g].verdict));
        eh_plan_guard_says(&plan->guards[g], out);
        eh_buffer_byte(out, '\n');
    }
}

static void repair(const eh_report_plan *plan, eh_buffer *out)
{
    if (plan->repair == NULL)
        return;
    heading(out, strcmp(plan->outcome, "repaired") == 0 ? "How it was repaired" : "What would repair it (--repair)");
    if (!plan->repair->found) {
        eh_buffer_text(out, "  No change of the scores mends it: the gap lies in consent, in the rules or in the audience.\n");
        return;
    }
    for (size_t i = 0; i < plan->repair->dampings_count; i++)
        eh_buffer_format(out, "  '%s' counts %.1f %% of what it did for the offer '%s', for everybody\n", plan->repair->dampings[i].name,
                         plan->repair->dampings[i].per_mille / 10.0, plan->frame->offers[plan->repair->dampings[i].offer].name);
    if (plan->repair->value_before > 0)
        eh_buffer_format(out, "  cost: %.1f %% of the expected value\n",
                         100 * (1 - (double)plan->repair->value_after / (double)plan->repair->value_before));
}

static void expected(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_plan_summary *sum = plan->summary;
    heading(out, "What is expected");
    eh_buffer_format(out, "  %s among those scored: ", plan->frame->effect ? "more outcomes than without it" : "outcomes");
    eh_plan_estimate_text(out, &sum->outcomes, "");
    eh_buffer_text(out, "\n  spend: ");
    char unit[32];
    snprintf(unit, sizeof unit, "%s%.24s", plan->frame->currency == NULL ? "" : " ", plan->frame->currency == NULL ? "" : plan->frame->currency);
    eh_plan_estimate_text(out, &sum->spend_total, unit);
    eh_buffer_byte(out, '\n');
    if (sum->proven)
        eh_buffer_text(out, "  within the limits no other choice brings more\n");
    else if (sum->value_bound > 0)
        eh_buffer_format(out, "  within %.2f %% of the best that the limits allow\n", 100 * (1 - (double)sum->value / (double)sum->value_bound));
}

static void indented(eh_buffer *out, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        eh_buffer_format(out, "      %.*s\n", (int)len, at);
        at += len + (at[len] == '\n');
    }
}

void eh_report_plan_text(const eh_report_plan *plan, size_t columns, eh_buffer *out)
{
    (void)columns;
    eh_buffer_format(out, "Plan %s (%s)\n", plan->frame->plan, plan->frame->title);
    eh_report_plan_sentence(plan, out);
    eh_buffer_byte(out, '\n');
    who(plan, out);
    fairness(plan, out);
    fairness_more(plan, out);
    repair(plan, out);
    expected(plan, out);
    heading(out, "Requirements");
    for (size_t i = 0; i < plan->requirements_count; i++)
        eh_buffer_format(out, "  %-7s %-10s %s\n", plan->requirements[i].met ? "met" : "NOT MET", plan->requirements[i].id, plan->requirements[i].says);
    if (plan->told != NULL) {
        heading(out, "What customers will be told");
        for (const char *at = plan->told; *at != '\0';) {
            size_t len = strcspn(at, "\n");
            eh_buffer_format(out, "  %.*s\n", (int)len, at);
            at += len + (at[len] == '\n');
        }
    }
    heading(out, "Ten people, and what they would read");
    for (size_t i = 0; i < plan->examples_count; i++) {
        eh_buffer_format(out, "  %s: %s; %s\n", plan->examples[i].key, eh_plan_stage_says(plan->examples[i].stage),
                         plan->examples[i].offer == NULL ? "gets nothing" : plan->examples[i].offer);
        indented(out, plan->examples[i].text);
    }
}
