/* The preflight report as one page: tables and words, no script, no request to anywhere. */
#include <math.h>
#include <string.h>

#include "base/html.h"
#include "report/assets.h"
#include "report/plan_int.h"

static const char style[] =
    ":root{--good:#1a7f37;--bad:#b42318;--ask:#8a5a00;--faint:#d0d7de}"
    "@media (prefers-color-scheme:dark){:root{--good:#4ac26b;--bad:#ff8f85;--ask:#e3b341;--faint:#444c56}}"
    "main{max-width:64rem}h2{margin-top:2.5rem}table{font-variant-numeric:tabular-nums;margin-bottom:.5rem}td.n,th.n{text-align:right;white-space:nowrap}"
    ".outcome{border:1px solid;border-inline-start-width:.6rem;border-radius:.4rem;padding:1rem 1.25rem;margin:1.25rem 0}.outcome p{margin:0}.outcome .big{font-size:1.6rem;font-weight:700;line-height:1.2}"
    ".released,.repaired{border-color:var(--good)}.stopped{border-color:var(--bad)}.ask{border-color:var(--ask)}"
    ".badge{display:inline-block;font-size:.8rem;font-weight:600;line-height:1.4;padding:.05rem .6rem;border:1px solid;border-radius:1rem;vertical-align:middle;white-space:nowrap}"
    ".within{color:var(--good)}.violates{color:var(--bad)}.unsure{color:var(--ask)}"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1.25rem 0}"
    ".figures div{border:1px solid var(--faint);border-radius:.4rem;padding:.75rem 1rem}.figures dt{font-size:.9rem}.figures dd{margin:0;font-size:1.5rem;font-weight:650;font-variant-numeric:tabular-nums;line-height:1.3}.figures dd small{display:block;font-size:.85rem;font-weight:400}"
    ".bar{display:inline-block;height:.75rem;background:currentColor;opacity:.55;vertical-align:middle;border-radius:.15rem;min-width:1px}"
    ".picture{min-width:9rem}.range{position:relative;display:block;height:1rem;background:linear-gradient(var(--faint),var(--faint)) 0 50%/100% 1px no-repeat}"
    ".whisker{position:absolute;top:.4rem;height:.2rem;background:currentColor;opacity:.6}.dot{position:absolute;top:.2rem;width:.6rem;height:.6rem;margin-left:-.3rem;border-radius:50%;background:currentColor}"
    ".wide{overflow-x:auto}article{margin:.75rem 0;padding:1rem 1.25rem}article header{margin:-1rem -1.25rem .75rem;padding:.6rem 1.25rem}article p{margin-bottom:.25rem}"
    "@media print{.wide{overflow:visible}}";

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

static void figure(eh_buffer *out, const char *name, const char *value, const char *more)
{
    eh_html_put(out, "<div><dt>$</dt><dd>$<small>$</small></dd></div>\n", name, value, more);
}

static void estimate_figure(eh_buffer *out, const char *name, const eh_plan_estimate *estimate, const char *unit)
{
    char value[64], more[96];
    if (isnan(estimate->value)) {
        figure(out, name, "not known", "");
        return;
    }
    snprintf(value, sizeof value, "%.*f%s%.16s", estimate->value >= 1000 ? 0 : 1, estimate->value, unit[0] == '\0' ? "" : " ", unit);
    snprintf(more, sizeof more, "between %.1f and %.1f", estimate->low, estimate->high);
    figure(out, name, value, more);
}

/* What matters, at a glance. */
static void figures(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_plan_summary *sum = plan->summary;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sent = {0}, more = {0}, off = {0};
    eh_plan_count(&sent, sum->sent);
    eh_buffer_text(&more, "of ");
    eh_plan_count(&more, sum->audience);
    eh_buffer_text(&more, " in the audience");
    eh_plan_count(&off, sum->opted_out_of_ai);
    eh_buffer_text(out, "<dl class=\"figures\">\n");
    figure(out, "People who get it", sent.ptr, more.ptr);
    estimate_figure(out, plan->frame->effect ? "More outcomes than without" : "Outcomes expected", &sum->outcomes, "");
    estimate_figure(out, "Spend expected", &sum->spend_total, plan->frame->currency == NULL ? "" : plan->frame->currency);
    figure(out, "Have AI off, and have no score", off.ptr, "may be written to");
    eh_buffer_text(out, "</dl>\n");
    if (sum->proven)
        eh_buffer_text(out, "<p>Within the limits no other choice brings more.</p>\n");
    else if (sum->value_bound > 0)
        eh_buffer_format(out, "<p>This is within %.2f %% of the best that the limits allow.</p>\n", 100 * (1 - (double)sum->value / (double)sum->value_bound));
}

/* Who does what next. */
static void next_step(const eh_report_plan *plan, eh_buffer *out)
{
    if (strcmp(plan->outcome, "stopped") == 0)
        eh_html_put(out, "<p>Nothing goes out. To let it repair itself: <code>evenhand plan $ --repair</code></p>\n", plan->frame->campaign);
    else if (strcmp(plan->outcome, "ask") == 0)
        eh_html_put(out, "<p>A person decides and is named: <code>evenhand release $ --approved-by NAME</code></p>\n", plan->frame->plan);
    else
        eh_html_put(out, "<p>To send it: <code>evenhand release $</code></p>\n", plan->frame->plan);
}

static void told(const eh_report_plan *plan, eh_buffer *out)
{
    eh_buffer_text(out, "<h2>What customers will be told</h2>\n<ul>\n");
    for (const char *at = plan->told == NULL ? "" : plan->told; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        eh_buffer_text(out, "<li>");
        eh_html_text(out, (eh_view){at, len});
        eh_buffer_text(out, "</li>\n");
        at += len + (at[len] == '\n');
    }
    eh_buffer_text(out, "</ul>\n");
}

static void people(const eh_report_plan *plan, eh_buffer *out)
{
    eh_buffer_text(out, "<h2>Requirements</h2><div class=\"wide\" role=\"region\" aria-label=\"Requirements\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Id</th>"
                        "<th scope=\"col\">Met</th><th scope=\"col\">How</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < plan->requirements_count; i++)
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td><td>$</td></tr>\n", plan->requirements[i].id, plan->requirements[i].met ? "yes" : "NO",
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
    eh_html_put(out, "</style>\n</head>\n<body>\n<main class=\"container\">\n<h1>$</h1>\n<p>Preflight of the plan $, by $.</p>\n<div class=\"outcome $\"><p class=\"big\">$</p><p>$</p>\n", plan->frame->title,
                plan->frame->plan, plan->frame->channel, plan->outcome, eh_plan_outcome_says(plan->outcome),
                sentence.ptr == NULL ? "" : sentence.ptr + strlen(eh_plan_outcome_says(plan->outcome)) + 2);
    next_step(plan, out);
    eh_buffer_text(out, "</div>\n");
    figures(plan, out);
    who(plan, out);
    why_not(plan, out);
    eh_plan_html_fairness(plan, out);
    repair(plan, out);
    told(plan, out);
    people(plan, out);
    eh_html_put(out, "</main>\n<footer class=\"container\"><small>evenhand $</small></footer>\n</body>\n</html>\n", plan->frame->version);
}
