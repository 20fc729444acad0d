/* The preflight report as one page: tables and words, no script, no request to anywhere. */
#include <string.h>

#include "base/html.h"
#include "report/assets.h"
#include "report/plan_int.h"

static const char style[] =
    "main{max-width:60rem}table{font-variant-numeric:tabular-nums}td.n,th.n{text-align:right;white-space:nowrap}"
    ".outcome{border-inline-start:.5rem solid;padding:.75rem 1rem;margin:1rem 0}.released,.repaired{border-color:#1a7f37}.stopped{border-color:#b42318}"
    ".ask{border-color:#9a6700}.bar{display:inline-block;height:.75rem;background:currentColor;opacity:.55;vertical-align:middle}"
    ".wide{overflow-x:auto}article p{margin-bottom:.25rem}";

static void count_cell(eh_buffer *out, uint64_t number)
{
    eh_buffer_text(out, "<td class=\"n\">");
    eh_plan_count(out, number);
    eh_buffer_text(out, "</td>");
}

static void who(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_plan_summary *sum = plan->summary;
    eh_buffer_text(out, "<h2>Who gets it</h2><div class=\"wide\" role=\"region\" aria-label=\"Offers\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Offer</th>"
                        "<th scope=\"col\">What it is</th><th scope=\"col\" class=\"n\">People</th></tr></thead><tbody>\n");
    for (size_t o = 0; o < plan->frame->offers_count; o++) {
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td>", plan->frame->offers[o].name, plan->frame->offers[o].says);
        count_cell(out, sum->offers[o]);
        eh_buffer_text(out, "</tr>\n");
    }
    eh_buffer_text(out, "</tbody></table></div>\n<h2>Where decisions ended</h2><div class=\"wide\" role=\"region\" aria-label=\"Where decisions ended\" tabindex=\"0\"><table>"
                        "<thead><tr><th scope=\"col\">What decided</th><th scope=\"col\" class=\"n\">People</th><th scope=\"col\" class=\"n\">Get something</th></tr></thead><tbody>\n");
    for (size_t s = 0; s < EH_STAGES_COUNT; s++) {
        if (sum->stages[s] == 0)
            continue;
        eh_html_put(out, "<tr><th scope=\"row\">$</th>", eh_plan_stage_says((eh_stage)s));
        count_cell(out, sum->stages[s]);
        count_cell(out, sum->stages_sent[s]);
        eh_buffer_text(out, "</tr>\n");
    }
    eh_buffer_text(out, "</tbody></table></div>\n");
}

static void why_not(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_plan_summary *sum = plan->summary;
    eh_buffer_text(out, "<h2>Who does not, and why</h2><div class=\"wide\" role=\"region\" aria-label=\"Reasons\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Reason</th>"
                        "<th scope=\"col\">In words</th><th scope=\"col\" class=\"n\">People</th></tr></thead><tbody>\n");
    for (size_t w = 0; w < EH_WHYS_COUNT; w++) {
        if (sum->consent_why[w] == 0)
            continue;
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td>", eh_why_name((eh_why)w), eh_why_sentence((eh_why)w));
        count_cell(out, sum->consent_why[w]);
        eh_buffer_text(out, "</tr>\n");
    }
    for (size_t r = 0; r < plan->frame->rules_count && r < 256; r++) {
        if (sum->rule_people[r][1] == 0)
            continue;
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td>", plan->frame->rules[r].id,
                    plan->frame->rules[r].explanation == NULL ? "" : plan->frame->rules[r].explanation);
        count_cell(out, sum->rule_people[r][1]);
        eh_buffer_text(out, "</tr>\n");
    }
    eh_buffer_text(out, "<tr><th scope=\"row\">not chosen</th><td>Others came first: by score, by lot, or within the limits</td>");
    uint64_t passed = 0;
    for (size_t s = EH_STAGE_HOLDOUT; s < EH_STAGES_COUNT; s++)
        passed += sum->stages[s] - sum->stages_sent[s];
    count_cell(out, passed);
    eh_buffer_text(out, "</tr>\n</tbody></table></div>\n");
}

static void fairness(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_audit *audit = plan->verdict->audit;
    eh_buffer_text(out, "<h2>Is it fair?</h2><p>How often each group gets something, of those who may be written to; and between which bounds it lies when chance is allowed for.</p>\n");
    for (size_t s = 0; audit != NULL && s < audit->attributes_count; s++) {
        const eh_audit_section *section = &audit->attributes[s];
        eh_html_put(out, "<h3>$: $</h3><div class=\"wide\" role=\"region\" aria-label=\"$\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Group</th>"
                         "<th scope=\"col\" class=\"n\">People</th><th scope=\"col\" class=\"n\">Get something</th><th scope=\"col\" class=\"n\">Between</th><th scope=\"col\">Share</th></tr></thead><tbody>\n",
                    section->name, eh_verdict_name(section->verdict), section->name);
        for (size_t g = 0; g < section->groups_count; g++) {
            const eh_estimate *rate = &section->groups[g].measures[EH_SELECTION_RATE];
            eh_html_put(out, "<tr><th scope=\"row\">$</th>", section->groups[g].name);
            count_cell(out, section->groups[g].rows);
            eh_buffer_format(out, "<td class=\"n\">%.1f %%</td><td class=\"n\">%.1f to %.1f %%</td><td><span class=\"bar\" style=\"width:%.1frem\"></span></td></tr>\n",
                             100 * rate->value, 100 * rate->low, 100 * rate->high, rate->value > 0 ? 8 * rate->value : 0);
        }
        eh_buffer_text(out, "</tbody></table></div>\n");
    }
    if (audit == NULL)
        eh_buffer_text(out, "<p>Nothing could be compared.</p>\n");
}

static void repair(const eh_report_plan *plan, eh_buffer *out)
{
    if (plan->repair == NULL)
        return;
    eh_html_put(out, "<h2>$</h2>\n", strcmp(plan->outcome, "repaired") == 0 ? "How it was repaired" : "What would repair it");
    if (!plan->repair->found) {
        eh_buffer_text(out, "<p>No change of the scores mends it: the gap lies in consent, in the rules or in the audience.</p>\n");
        return;
    }
    eh_buffer_text(out, "<ul>\n");
    for (size_t i = 0; i < plan->repair->dampings_count; i++) {
        eh_html_put(out, "<li><strong>$</strong> counts ", plan->repair->dampings[i].name);
        eh_buffer_format(out, "%.1f %% of what it did", plan->repair->dampings[i].per_mille / 10.0);
        eh_html_put(out, " for the offer $, for everybody alike.</li>\n", plan->frame->offers[plan->repair->dampings[i].offer].name);
    }
    eh_buffer_text(out, "</ul>\n");
    if (plan->repair->value_before > 0)
        eh_buffer_format(out, "<p>It costs %.1f %% of the expected value.</p>\n",
                         100 * (1 - (double)plan->repair->value_after / (double)plan->repair->value_before));
}

static void expected(const eh_report_plan *plan, eh_buffer *out)
{
    eh_buffer_text(out, "<h2>What is expected</h2><dl><dt>");
    eh_buffer_text(out, plan->frame->effect ? "More outcomes than without it, among those scored" : "Outcomes among those scored");
    eh_buffer_text(out, "</dt><dd>");
    eh_plan_estimate_text(out, &plan->summary->outcomes, "");
    eh_buffer_text(out, "</dd><dt>Spend</dt><dd>");
    eh_plan_estimate_text(out, &plan->summary->spend_total, "");
    eh_html_put(out, " $</dd></dl>\n", plan->frame->currency == NULL ? "" : plan->frame->currency);
}

static void people(const eh_report_plan *plan, eh_buffer *out)
{
    eh_buffer_text(out, "<h2>Requirements</h2><div class=\"wide\" role=\"region\" aria-label=\"Requirements\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Id</th>"
                        "<th scope=\"col\">Met</th><th scope=\"col\">How</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < plan->requirements_count; i++)
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td><td>$</td></tr>\n", plan->requirements[i].id, plan->requirements[i].met ? "yes" : "no",
                    plan->requirements[i].says);
    eh_buffer_text(out, "</tbody></table></div>\n<h2>Ten people, and what they would read</h2>\n");
    for (size_t i = 0; i < plan->examples_count; i++) {
        eh_html_put(out, "<article><header><strong>$</strong>: $; $</header>\n", plan->examples[i].key, eh_plan_stage_says(plan->examples[i].stage),
                    plan->examples[i].offer == NULL ? "gets nothing" : plan->examples[i].offer);
        for (const char *at = plan->examples[i].text; *at != '\0';) {
            size_t len = strcspn(at, "\n");
            eh_buffer_text(out, "<p>");
            eh_html_text(out, (eh_view){at, len});
            eh_buffer_text(out, "</p>\n");
            at += len + (at[len] == '\n');
        }
        eh_buffer_text(out, "</article>\n");
    }
}

void eh_report_plan_html(const eh_report_plan *plan, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sentence = {0};
    eh_report_plan_sentence(plan, &sentence);
    eh_buffer_text(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n"
                        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    eh_html_put(out, "<title>Preflight: $</title>\n<style>", plan->frame->title);
    eh_buffer_append(out, eh_asset_get(EH_ASSET_PICO));
    eh_buffer_text(out, style);
    eh_html_put(out, "</style>\n</head>\n<body>\n<main class=\"container\">\n<h1>$</h1>\n<p>Plan $</p>\n<p class=\"outcome $\"><strong>$</strong></p>\n", plan->frame->title,
                plan->frame->plan, plan->outcome, sentence.ptr == NULL ? "" : sentence.ptr);
    who(plan, out);
    why_not(plan, out);
    fairness(plan, out);
    repair(plan, out);
    expected(plan, out);
    people(plan, out);
    eh_html_put(out, "</main>\n<footer class=\"container\"><small>evenhand $</small></footer>\n</body>\n</html>\n", plan->frame->version);
}
