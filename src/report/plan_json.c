/* The preflight report for programs: docs/plan.schema.json. */
#include <string.h>

#include "base/json.h"
#include "report/plan_int.h"

static void estimate(eh_json_writer *out, const char *key, const eh_plan_estimate *of)
{
    eh_json_object_open_flat(out, key);
    eh_json_number(out, "value", of->value);
    eh_json_number(out, "low", of->low);
    eh_json_number(out, "high", of->high);
    eh_json_object_close(out);
}

static void who(const eh_report_plan *plan, eh_json_writer *out)
{
    const eh_plan_summary *sum = plan->summary;
    eh_json_array_open(out, "stages");
    for (size_t s = 0; s < EH_STAGE_AUDIENCE; s++) {
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "stage", eh_stage_name((eh_stage)s));
        eh_json_integer(out, "people", (int64_t)sum->stages[s]);
        eh_json_integer(out, "sent", (int64_t)sum->stages_sent[s]);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_array_open(out, "not_allowed");
    for (size_t w = 0; w < EH_WHYS_COUNT; w++) {
        if (sum->consent_why[w] == 0)
            continue;
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "why", eh_why_name((eh_why)w));
        eh_json_integer(out, "people", (int64_t)sum->consent_why[w]);
        eh_json_text(out, "sentence", eh_why_sentence((eh_why)w));
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_array_open(out, "rules");
    for (size_t r = 0; r < plan->frame->rules_count && r < 256; r++) {
        eh_json_object_open(out, NULL);
        eh_json_text(out, "rule", plan->frame->rules[r].id);
        eh_json_text(out, "effect", plan->frame->rules[r].effect);
        eh_json_integer(out, "people", (int64_t)sum->rule_people[r][0]);
        eh_json_integer(out, "stopped", (int64_t)sum->rule_people[r][1]);
        eh_json_text(out, "explanation", plan->frame->rules[r].explanation);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_array_open(out, "offers");
    for (size_t o = 0; o < plan->frame->offers_count; o++) {
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "offer", plan->frame->offers[o].name);
        eh_json_text(out, "says", plan->frame->offers[o].says);
        eh_json_integer(out, "people", (int64_t)sum->offers[o]);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void fairness_section(const eh_audit_section *section, eh_json_writer *out)
{
    eh_json_object_open(out, NULL);
    eh_json_text(out, "name", section->name);
    eh_json_text(out, "verdict", eh_verdict_name(section->verdict));
    eh_json_array_open(out, "groups");
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_estimate *rate = &section->groups[g].measures[EH_SELECTION_RATE];
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "group", section->groups[g].name);
        eh_json_integer(out, "n", (int64_t)section->groups[g].rows);
        eh_json_object_open_flat(out, "selection_rate");
        eh_json_number(out, "value", rate->value);
        eh_json_number(out, "low", rate->low);
        eh_json_number(out, "high", rate->high);
        eh_json_object_close(out);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_array_open(out, "comparisons");
    for (size_t c = 0; c < section->comparisons_count; c++) {
        const eh_comparison *each = &section->comparisons[c];
        if (!each->gate)
            continue;
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "group", section->groups[each->group].name);
        eh_json_text(out, "reference", section->groups[each->reference].name);
        eh_json_number(out, "ratio", each->value);
        eh_json_number(out, "low", each->low);
        eh_json_number(out, "high", each->high);
        eh_json_text(out, "verdict", eh_verdict_name(each->verdict));
        eh_json_number(out, "detectable", each->detectable);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_object_close(out);
}

static void hidden(const eh_report_plan *plan, eh_json_writer *out)
{
    const eh_plan_hidden *of = plan->hidden;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_json_object_open(out, "hidden_groups");
    eh_json_text(out, "verdict", eh_verdict_name(of->verdict));
    eh_plan_hidden_says(of, &text);
    eh_json_text(out, "sentence", text.ptr);
    eh_json_array_open_flat(out, "looked_at");
    for (size_t a = 0; a < of->attributes_count; a++)
        eh_json_text(out, NULL, of->attributes[a].name);
    eh_json_array_close(out);
    eh_json_array_open(out, "groups");
    for (size_t g = 0; of->scan != NULL && g < of->scan->groups_count; g++) {
        const eh_scan_group *group = &of->scan->groups[g];
        eh_buffer_clear(&text);
        eh_plan_hidden_text(of, group, &text);
        eh_json_object_open(out, NULL);
        eh_json_text(out, "description", text.ptr);
        eh_json_integer(out, "n", (int64_t)group->rows);
        eh_json_number(out, "observed", group->observed);
        eh_json_number(out, "expected", group->expected);
        eh_json_number(out, "ratio", group->ratio);
        eh_json_number(out, "p", group->p);
        eh_json_boolean(out, "violates", eh_plan_hidden_counts(of, group));
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_object_close(out);
}

static void guards(const eh_report_plan *plan, eh_json_writer *out)
{
    eh_json_array_open(out, "guards");
    for (size_t g = 0; g < plan->guards_count; g++) {
        const eh_plan_guarded *guard = &plan->guards[g];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "id", guard->id);
        eh_json_text(out, "measure", guard->measure);
        eh_json_text(out, "by", guard->by);
        eh_json_number(out, "tolerance", guard->tolerance);
        eh_json_number(out, "confidence", guard->confidence);
        eh_json_text(out, "cannot_tell", guard->stops ? "stop" : "ask");
        eh_json_boolean(out, "needs_outcomes", guard->later);
        eh_json_text(out, "verdict", eh_verdict_name(guard->verdict));
        eh_json_text(out, "explanation", guard->says);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void told(const eh_report_plan *plan, eh_json_writer *out)
{
    eh_json_array_open(out, "told");
    for (const char *at = plan->told == NULL ? "" : plan->told; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        eh_json_view(out, NULL, (eh_view){at, len});
        at += len + (at[len] == '\n');
    }
    eh_json_array_close(out);
}

static void fairness(const eh_report_plan *plan, eh_json_writer *out)
{
    const eh_audit *audit = plan->verdict->audit;
    eh_json_object_open(out, "fairness");
    eh_json_text(out, "verdict", eh_verdict_name(plan->verdict->verdict));
    eh_json_boolean(out, "nothing_compared", plan->verdict->nothing_compared);
    eh_json_array_open(out, "attributes");
    for (size_t s = 0; audit != NULL && s < audit->attributes_count; s++)
        fairness_section(&audit->attributes[s], out);
    eh_json_array_close(out);
    eh_json_array_open(out, "intersections");
    for (size_t s = 0; audit != NULL && s < audit->intersections_count; s++)
        fairness_section(&audit->intersections[s], out);
    eh_json_array_close(out);
    hidden(plan, out);
    guards(plan, out);
    eh_json_object_close(out);
}

static void repair(const eh_report_plan *plan, eh_json_writer *out)
{
    if (plan->repair == NULL) {
        eh_json_null(out, "repair");
        return;
    }
    eh_json_object_open(out, "repair");
    eh_json_boolean(out, "found", plan->repair->found);
    eh_json_number(out, "value_before", (double)plan->repair->value_before / EH_MICROS);
    eh_json_number(out, "value_after", (double)plan->repair->value_after / EH_MICROS);
    eh_json_array_open(out, "dampings");
    for (size_t i = 0; i < plan->repair->dampings_count; i++) {
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "offer", plan->frame->offers[plan->repair->dampings[i].offer].name);
        eh_json_text(out, "term", plan->repair->dampings[i].name);
        eh_json_number(out, "counts", plan->repair->dampings[i].per_mille / 1000.0);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_object_close(out);
}

static void people(const eh_report_plan *plan, eh_json_writer *out)
{
    told(plan, out);
    eh_json_array_open(out, "requirements");
    for (size_t i = 0; i < plan->requirements_count; i++) {
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "id", plan->requirements[i].id);
        eh_json_boolean(out, "met", plan->requirements[i].met);
        eh_json_text(out, "how", plan->requirements[i].says);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_array_open(out, "examples");
    for (size_t i = 0; i < plan->examples_count; i++) {
        eh_json_object_open(out, NULL);
        eh_json_text(out, "person", plan->examples[i].key);
        eh_json_text(out, "stage", eh_stage_name(plan->examples[i].stage));
        eh_json_text(out, "offer", plan->examples[i].offer);
        eh_json_text(out, "told", plan->examples[i].text);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

void eh_report_plan_json(const eh_report_plan *plan, eh_buffer *buffer)
{
    const eh_plan_summary *sum = plan->summary;
    char at[EH_INSTANT_TEXT_BYTES];
    eh_json_writer out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sentence = {0};
    eh_report_plan_sentence(plan, &sentence);
    eh_instant_text((eh_instant){.seconds = plan->frame->at_s}, EH_FRACTION_NONE, at);
    eh_json_begin(&out, buffer, true, false);
    eh_json_object_open(&out, NULL);
    eh_json_integer(&out, "schema", 1);
    eh_json_text(&out, "plan", plan->frame->plan);
    eh_json_text(&out, "campaign", plan->frame->campaign);
    eh_json_text(&out, "title", plan->frame->title);
    eh_json_text(&out, "outcome", plan->outcome);
    eh_json_text(&out, "sentence", sentence.ptr);
    eh_json_text(&out, "at", at);
    eh_json_integer(&out, "people", (int64_t)sum->people);
    eh_json_integer(&out, "audience", (int64_t)sum->audience);
    eh_json_integer(&out, "sent", (int64_t)sum->sent);
    eh_json_integer(&out, "scored", (int64_t)sum->scored);
    eh_json_integer(&out, "opted_out_of_ai", (int64_t)sum->opted_out_of_ai);
    eh_json_text(&out, "currency", plan->frame->currency);
    estimate(&out, "spend", &sum->spend_total);
    estimate(&out, plan->frame->effect ? "expected_effect" : "expected_outcomes", &sum->outcomes);
    eh_json_object_open_flat(&out, "allocation");
    eh_json_number(&out, "value", (double)sum->value / EH_MICROS);
    eh_json_number(&out, "bound", (double)sum->value_bound / EH_MICROS);
    eh_json_boolean(&out, "proven", sum->proven);
    eh_json_object_close(&out);
    who(plan, &out);
    fairness(plan, &out);
    repair(plan, &out);
    people(plan, &out);
    eh_json_object_close(&out);
    eh_buffer_byte(buffer, '\n');
}
