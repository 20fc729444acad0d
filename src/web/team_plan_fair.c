/* Is a plan fair? Each group beside its reference, hidden groups, the guards of the policy over whole plans, and what would repair it. */
#include <math.h>
#include <string.h>

#include "web/team_int.h"

static void rates_chart(eh_exchange *exchange, eh_json_value groups, const char *name)
{
    static const char *const keys[] = {"value", "low", "high"};
    static const char *const as[] = {"values", "low", "high"};
    eh_chart chart;
    const char *says = eh_arena_format(exchange->arena, "How often each group of %s gets something, with 95 %% intervals; the table below has the numbers.", eh_team_words(exchange, name));
    eh_chart_begin(exchange, &chart, "forest", says == NULL ? "" : says);
    eh_json_text(&chart.json, "format", "percent");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < eh_json_count(groups); i++)
        eh_json_text(&chart.json, NULL, eh_kept_text(eh_json_item(groups, i), "group"));
    eh_json_array_close(&chart.json);
    for (size_t k = 0; k < 3; k++) {
        eh_json_array_open(&chart.json, as[k]);
        for (size_t i = 0; i < eh_json_count(groups); i++)
            eh_json_number(&chart.json, NULL, eh_kept_number(eh_json_member(eh_json_item(groups, i), "selection_rate"), keys[k]));
        eh_json_array_close(&chart.json);
    }
    eh_chart_end(&chart);
}

static eh_json_value comparison_of(eh_json_value section, const char *group)
{
    eh_json_value list = eh_json_member(section, "comparisons");
    for (size_t i = 0; i < eh_json_count(list); i++)
        if (strcmp(eh_kept_text(eh_json_item(list, i), "group"), group) == 0)
            return eh_json_item(list, i);
    return NULL;
}

static void group_row(eh_exchange *exchange, eh_json_value section, eh_json_value group)
{
    eh_json_value rate = eh_json_member(group, "selection_rate"), compared = comparison_of(section, eh_kept_text(group, "group"));
    eh_buffer_text(&exchange->out, "<tr>");
    eh_team_cell_head(exchange, eh_kept_text(group, "group"));
    eh_team_cell_number(exchange, eh_text_count(eh_kept_number(group, "n")));
    eh_team_cell_estimate(exchange, eh_text_percent(eh_kept_number(rate, "value")), eh_text_range(eh_kept_number(rate, "low"), eh_kept_number(rate, "high")));
    if (compared == NULL) {
        eh_buffer_text(&exchange->out, "<td class=\"number\">–</td><td><span class=\"quiet\">reference</span></td></tr>\n");
        return;
    }
    char between[64];
    double low = eh_kept_number(compared, "low"), high = eh_kept_number(compared, "high");
    snprintf(between, sizeof between, isfinite(low) && isfinite(high) ? "%.2f to %.2f" : "–", low, high);
    eh_html_put(&exchange->out, "<td class=\"number\">$<span class=\"range\">$</span></td><td>", eh_text_decimals(eh_kept_number(compared, "ratio"), 2).text, between);
    eh_team_badge(exchange, eh_badge_of_verdict(eh_kept_text(compared, "verdict")), eh_kept_text(compared, "verdict"));
    eh_buffer_text(&exchange->out, "</td></tr>\n");
}

static void section_write(eh_exchange *exchange, eh_json_value section, bool chart)
{
    static const char *const headings[] = {"Group", "#People", "#Get something", "#Ratio to the reference", "Verdict", NULL};
    const char *name = eh_kept_text(section, "name");
    eh_json_value groups = eh_json_member(section, "groups");
    eh_html_put(&exchange->out, "<h3 class=\"verdict\">$ ", eh_team_words(exchange, name));
    eh_team_badge(exchange, eh_badge_of_verdict(eh_kept_text(section, "verdict")), eh_kept_text(section, "verdict"));
    eh_buffer_text(&exchange->out, "</h3>\n");
    if (chart)
        rates_chart(exchange, groups, name);
    eh_team_table_begin(exchange, eh_team_words(exchange, name), headings);
    for (size_t i = 0; i < eh_json_count(groups); i++)
        group_row(exchange, section, eh_json_item(groups, i));
    eh_team_table_end(exchange);
}

static void fairness_write(eh_exchange *exchange, eh_json_value root)
{
    eh_json_value fairness = eh_json_member(root, "fairness"), attributes = eh_json_member(fairness, "attributes"), crossed = eh_json_member(fairness, "intersections");
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\" id=\"fairness\"><h2>Is it fair?</h2><p class=\"quiet\">How often each group gets something, of those who may be written to, and between which "
                        "bounds that lies when chance is allowed for. A ratio below 0.80 is a group left behind.</p>\n");
    for (size_t i = 0; i < eh_json_count(attributes); i++)
        section_write(exchange, eh_json_item(attributes, i), true);
    if (eh_json_count(attributes) == 0)
        eh_buffer_text(out, "<p>No protected attribute could be compared, so nobody can say that it is fair.</p>\n");
    if (eh_json_count(crossed) > 0) {
        eh_buffer_text(out, "<details><summary>Where two attributes meet</summary>\n");
        for (size_t i = 0; i < eh_json_count(crossed); i++)
            section_write(exchange, eh_json_item(crossed, i), false);
        eh_buffer_text(out, "</details>\n");
    }
    eh_buffer_text(out, "</section>\n");
}

static void repair_write(eh_exchange *exchange, eh_json_value root)
{
    eh_json_value repair = eh_json_member(root, "repair"), dampings = eh_json_member(repair, "dampings");
    eh_buffer *out = &exchange->out;
    bool found = false;
    if (eh_json_type_of(repair) != EH_JSON_OBJECT)
        return;
    (void)eh_json_as_boolean(eh_json_member(repair, "found"), &found);
    eh_html_put(out, "<section class=\"card\"><h2>$</h2>\n", strcmp(eh_kept_text(root, "outcome"), "repaired") == 0 ? "How it was repaired" : "What would repair it");
    eh_buffer_text(out, found ? "<ul>\n" : "<p>No change of the scores mends it: the gap lies in consent, in the rules or in the audience.</p>\n");
    for (size_t i = 0; found && i < eh_json_count(dampings); i++) {
        eh_json_value each = eh_json_item(dampings, i);
        double counts = eh_kept_number(each, "counts");
        eh_html_put(out, "<li><strong>$</strong> ", eh_team_words(exchange, eh_kept_text(each, "term")));
        if (counts > 0)
            eh_html_put(out, "counts $ of what it did for the offer $, for everybody alike.</li>\n", eh_text_percent(counts).text, eh_kept_text(each, "offer"));
        else
            eh_html_put(out, "no longer counts for the offer $, for anybody.</li>\n", eh_kept_text(each, "offer"));
    }
    double before = eh_kept_number(repair, "value_before"), after = eh_kept_number(repair, "value_after");
    if (found && before > 0)
        eh_html_put(out, "</ul><p>It costs $ of the expected value.</p>\n", eh_text_percent(1 - after / before).text);
    else if (found)
        eh_buffer_text(out, "</ul>\n");
    eh_buffer_text(out, "</section>\n");
}

/* ---- beyond the declared groups ------------------------------------------------------------------------------------------------------- */

static void hidden_row(eh_exchange *exchange, eh_json_value group)
{
    bool violates = false;
    double ratio = eh_kept_number(group, "ratio");
    (void)eh_json_as_boolean(eh_json_member(group, "violates"), &violates);
    eh_buffer_text(&exchange->out, "<tr>");
    eh_team_cell_head(exchange, eh_team_words(exchange, eh_kept_text(group, "description")));
    eh_team_cell_number(exchange, eh_text_count(eh_kept_number(group, "n")));
    eh_team_cell_number(exchange, eh_text_percent(eh_kept_number(group, "observed")));
    eh_team_cell_number(exchange, eh_text_percent(eh_kept_number(group, "expected")));
    eh_team_cell_number(exchange, eh_text_decimals(ratio, 2));
    eh_buffer_text(&exchange->out, "<td>");
    eh_team_badge(exchange, violates ? EH_BADGE_BAD : EH_BADGE_QUIET, violates ? "violates" : ratio > 1 ? "more than expected" : "less than expected");
    eh_buffer_text(&exchange->out, "</td></tr>\n");
}

static void hidden_write(eh_exchange *exchange, eh_json_value hidden)
{
    static const char *const headings[] = {"Group", "#People", "#Get something", "#Would be expected", "#Ratio", "Verdict", NULL};
    eh_json_value groups = eh_json_member(hidden, "groups");
    const char *verdict = eh_kept_text(hidden, "verdict");
    if (eh_json_type_of(hidden) != EH_JSON_OBJECT)
        return; /* a report of a version before hidden groups were looked for */
    eh_buffer_text(&exchange->out, "<section class=\"card\" id=\"hidden\"><h2 class=\"verdict\">Hidden groups ");
    eh_team_badge(exchange, eh_badge_of_verdict(verdict), verdict);
    eh_html_put(&exchange->out, "</h2>\n<p class=\"quiet\">Groups that nobody declared, found by searching all combinations. $</p>\n", eh_kept_text(hidden, "sentence"));
    if (eh_json_count(groups) > 0) {
        eh_team_table_begin(exchange, "Hidden groups", headings);
        for (size_t i = 0; i < eh_json_count(groups); i++)
            hidden_row(exchange, eh_json_item(groups, i));
        eh_team_table_end(exchange);
    }
    eh_buffer_text(&exchange->out, "</section>\n");
}

/* "at least 0.80, with 95 % confidence": a ratio may not fall below it, a difference not rise above. */
static void limit_cell(eh_exchange *exchange, eh_json_value guard)
{
    bool ratio = strstr(eh_kept_text(guard, "measure"), "ratio") != NULL;
    eh_html_put(&exchange->out, "<td>$ $<span class=\"range\">$ confidence</span></td>", ratio ? "at least" : "at most",
                eh_text_decimals(eh_kept_number(guard, "tolerance"), 2).text, eh_text_percent(eh_kept_number(guard, "confidence")).text);
}

static void guard_row(eh_exchange *exchange, eh_json_value guard)
{
    bool later = false;
    const char *id = eh_kept_text(guard, "id"), *says = eh_kept_text(guard, "explanation"), *verdict = eh_kept_text(guard, "verdict");
    (void)eh_json_as_boolean(eh_json_member(guard, "needs_outcomes"), &later);
    eh_html_put(&exchange->out, "<tr><th scope=\"row\" class=\"rule\"><a href=\"/team/policy#guard-$\">$</a>", id, id);
    eh_html_put(&exchange->out, "<span class=\"range\">$</span></th><td>$<span class=\"range\">$</span></td>", says, eh_team_words(exchange, eh_kept_text(guard, "measure")),
                eh_kept_text(guard, "by"));
    limit_cell(exchange, guard);
    eh_buffer_text(&exchange->out, "<td>");
    if (later)
        eh_team_badge(exchange, EH_BADGE_QUIET, "after outcomes");
    else
        eh_team_badge(exchange, eh_badge_of_verdict(verdict), verdict);
    if (!later && strcmp(verdict, "not enough evidence") == 0)
        eh_html_put(&exchange->out, "<span class=\"range\">$</span>", strcmp(eh_kept_text(guard, "cannot_tell"), "ask") == 0 ? "so a person decides" : "so it stops");
    eh_buffer_text(&exchange->out, "</td></tr>\n");
}

static void guards_write(eh_exchange *exchange, eh_json_value guards)
{
    static const char *const headings[] = {"Guard", "Measures", "Asks for", "Verdict", NULL};
    if (eh_json_count(guards) == 0)
        return;
    eh_buffer_text(&exchange->out, "<section class=\"card\" id=\"guards\"><h2>What the policy asks of the whole plan</h2>\n");
    eh_team_table_begin(exchange, "Guards of the policy", headings);
    for (size_t i = 0; i < eh_json_count(guards); i++)
        guard_row(exchange, eh_json_item(guards, i));
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "</section>\n");
}

void eh_team_plan_fairness(eh_exchange *exchange, eh_json_value root)
{
    eh_json_value fairness = eh_json_member(root, "fairness");
    fairness_write(exchange, root);
    hidden_write(exchange, eh_json_member(fairness, "hidden_groups"));
    guards_write(exchange, eh_json_member(fairness, "guards"));
    repair_write(exchange, root);
}
