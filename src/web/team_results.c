/* What came of a campaign: the report of `evenhand campaign report` that is kept (docs/campaign-report.schema.json), as a part of its page. */
#include <math.h>
#include <string.h>

#include "web/team_int.h"

/* Shares for outcomes that are yes or no, amounts else. */
typedef struct {
    eh_json_value root;
    bool shares;
} results;

static const eh_kept *newest_of(const eh_kept_list *reports, const char *campaign)
{
    for (size_t i = reports->count; i-- > 0;) {
        eh_json_value root = reports->items[i].root;
        if (eh_json_member(root, "benefit") != NULL && strcmp(eh_kept_text(root, "campaign"), campaign) == 0)
            return &reports->items[i];
    }
    return NULL;
}

static eh_team_text number_text(const results *of, double number)
{
    return of->shares ? eh_text_percent(number) : eh_text_decimals(number, 2);
}

static void estimate_cell(eh_exchange *exchange, const results *of, eh_json_value estimate)
{
    char range[2 * EH_TEAM_TEXT_BYTES + 8] = "";
    double low = eh_kept_number(estimate, "low"), high = eh_kept_number(estimate, "high");
    if (isfinite(low) && isfinite(high))
        snprintf(range, sizeof range, "%s to %s", number_text(of, low).text, number_text(of, high).text);
    eh_html_put(&exchange->out, "<td class=\"number\">$<span class=\"range\">$</span></td>", number_text(of, eh_kept_number(estimate, "value")).text, range);
}

static eh_badge_look effect_look(const char *verdict)
{
    return strcmp(verdict, "more than without it") == 0 ? EH_BADGE_GOOD : strcmp(verdict, "less than without it") == 0 ? EH_BADGE_BAD : EH_BADGE_UNSURE;
}

/* A forest of one estimate per row: what names a row, and where its estimate stands. */
static void estimates_chart(eh_exchange *exchange, const results *of, eh_json_value list, const char *name_key, const char *estimate_key)
{
    static const char *const keys[] = {"value", "low", "high"};
    static const char *const as[] = {"values", "low", "high"};
    eh_chart chart;
    eh_chart_begin(exchange, &chart, "forest", "An estimate with its interval for each row of the table below, which has the numbers.");
    eh_json_text(&chart.json, "format", of->shares ? "change" : "score");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < eh_json_count(list); i++)
        eh_json_text(&chart.json, NULL, eh_kept_text(eh_json_item(list, i), name_key));
    eh_json_array_close(&chart.json);
    for (size_t k = 0; k < 3; k++) {
        eh_json_array_open(&chart.json, as[k]);
        for (size_t i = 0; i < eh_json_count(list); i++)
            eh_json_number(&chart.json, NULL, eh_kept_number(eh_json_member(eh_json_item(list, i), estimate_key), keys[k]));
        eh_json_array_close(&chart.json);
    }
    eh_chart_end(&chart);
}

static void effect_write(eh_exchange *exchange, const results *of)
{
    static const char *const headings[] = {"Offer", "#Got it", "#Held out", "#Outcome with it", "#Outcome without it", "#What it changed", "Verdict", NULL};
    eh_json_value lists[] = {eh_json_member(of->root, "effect"), eh_json_member(of->root, "offers")};
    eh_buffer *out = &exchange->out;
    size_t count = 1 + (eh_json_count(lists[1]) > 1 ? eh_json_count(lists[1]) : 0);
    eh_team_table_begin(exchange, "What it changed", headings);
    for (size_t i = 0; i < count; i++) {
        eh_json_value effect = i == 0 ? lists[0] : eh_json_item(lists[1], i - 1);
        const char *offer = eh_kept_text(effect, "offer"), *verdict = eh_kept_text(effect, "verdict");
        eh_buffer_text(out, "<tr>");
        eh_team_cell_head(exchange, offer[0] != '\0' ? offer : "all together");
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(effect, "got")));
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(effect, "held_out")));
        eh_team_cell_number(exchange, number_text(of, eh_kept_number(effect, "got_mean")));
        eh_team_cell_number(exchange, number_text(of, eh_kept_number(effect, "held_out_mean")));
        estimate_cell(exchange, of, eh_json_member(effect, "adjusted"));
        eh_buffer_text(out, "<td>");
        eh_team_badge(exchange, effect_look(verdict), verdict);
        eh_buffer_text(out, "</td></tr>\n");
    }
    eh_team_table_end(exchange);
}

static void policies_write(eh_exchange *exchange, const results *of)
{
    static const char *const headings[] = {"Had it been", "#Share written to", "#Outcome per head", "#The plan brings more by", NULL};
    eh_json_value list = eh_json_member(of->root, "policies");
    if (eh_json_count(list) == 0)
        return;
    eh_buffer_text(&exchange->out, "<h3>Beside other ways to choose</h3>\n");
    estimates_chart(exchange, of, list, "says", "value");
    eh_team_table_begin(exchange, "Other ways to choose", headings);
    for (size_t i = 0; i < eh_json_count(list); i++) {
        eh_json_value each = eh_json_item(list, i);
        eh_buffer_text(&exchange->out, "<tr>");
        eh_team_cell_head(exchange, eh_kept_text(each, "says"));
        eh_team_cell_number(exchange, eh_text_percent(eh_kept_number(each, "share_sent")));
        estimate_cell(exchange, of, eh_json_member(each, "value"));
        estimate_cell(exchange, of, eh_json_member(each, "plan_gain"));
        eh_buffer_text(&exchange->out, "</tr>\n");
    }
    eh_team_table_end(exchange);
}

static void group_row(eh_exchange *exchange, const results *of, eh_json_value group)
{
    const char *verdict = eh_kept_text(group, "verdict");
    bool withheld = false;
    (void)eh_json_as_boolean(eh_json_member(group, "withheld"), &withheld);
    eh_buffer_text(&exchange->out, "<tr>");
    eh_team_cell_head(exchange, eh_kept_text(group, "group"));
    eh_team_cell_number(exchange, eh_text_count(eh_kept_number(group, "people")));
    eh_team_cell_number(exchange, eh_text_percent(eh_kept_number(group, "share_sent")));
    estimate_cell(exchange, of, eh_json_member(group, "without_it"));
    estimate_cell(exchange, of, eh_json_member(group, "benefit"));
    eh_buffer_text(&exchange->out, "<td>");
    if (verdict[0] != '\0')
        eh_team_badge(exchange, eh_badge_of_verdict(verdict), verdict);
    else
        eh_html_put(&exchange->out, "<span class=\"quiet\">$</span>", withheld ? "too few to show" : "reference");
    eh_buffer_text(&exchange->out, "</td></tr>\n");
}

static void benefit_write(eh_exchange *exchange, const results *of)
{
    static const char *const headings[] = {"Group", "#People", "#Written to", "#Outcome without it", "#What it changed per head", "Verdict", NULL};
    eh_json_value list = eh_json_member(eh_json_member(of->root, "benefit"), "attributes");
    for (size_t a = 0; a < eh_json_count(list); a++) {
        eh_json_value attribute = eh_json_item(list, a), groups = eh_json_member(attribute, "groups");
        const char *name = eh_team_words(exchange, eh_kept_text(attribute, "attribute")), *verdict = eh_kept_text(attribute, "verdict");
        eh_html_put(&exchange->out, "<h3 class=\"verdict\">Who benefits, by $ ", name);
        eh_team_badge(exchange, eh_badge_of_verdict(verdict), verdict);
        eh_buffer_text(&exchange->out, "</h3>\n");
        estimates_chart(exchange, of, groups, "group", "benefit");
        eh_team_table_begin(exchange, name, headings);
        for (size_t i = 0; i < eh_json_count(groups); i++)
            group_row(exchange, of, eh_json_item(groups, i));
        eh_team_table_end(exchange);
    }
}

static void bothered_write(eh_exchange *exchange, const results *of)
{
    static const char *const headings[] = {"What", "#Of those written to", "#Of those held out", "#More by", NULL};
    eh_json_value list = eh_json_member(of->root, "bothered");
    results shares = {.root = of->root, .shares = true};
    if (eh_json_count(list) == 0)
        return;
    eh_buffer_text(&exchange->out, "<h3>Whom it bothered</h3>\n");
    eh_team_table_begin(exchange, "Whom it bothered", headings);
    for (size_t i = 0; i < eh_json_count(list); i++) {
        eh_json_value each = eh_json_item(list, i);
        eh_buffer_text(&exchange->out, "<tr>");
        eh_team_cell_head(exchange, eh_kept_text(each, "says"));
        estimate_cell(exchange, &shares, eh_json_member(each, "rate"));
        estimate_cell(exchange, &shares, eh_json_member(each, "held_out_rate"));
        estimate_cell(exchange, &shares, eh_json_member(each, "difference"));
        eh_buffer_text(&exchange->out, "</tr>\n");
    }
    eh_team_table_end(exchange);
}

static void notes_write(eh_exchange *exchange, const results *of)
{
    eh_json_value notes = eh_json_member(of->root, "notes");
    if (eh_json_count(notes) == 0)
        return;
    eh_buffer_text(&exchange->out, "<ul class=\"quiet\">\n");
    for (size_t i = 0; i < eh_json_count(notes); i++) {
        const char *note = eh_json_as_text(eh_json_item(notes, i));
        eh_html_put(&exchange->out, "<li>$</li>\n", note == NULL ? "" : note);
    }
    eh_buffer_text(&exchange->out, "</ul>\n");
}

bool eh_team_has_results(const eh_kept_list *reports, const char *campaign)
{
    return newest_of(reports, campaign) != NULL;
}

void eh_team_results(eh_exchange *exchange, const eh_kept_list *reports, const char *campaign)
{
    const eh_kept *report = newest_of(reports, campaign);
    if (report == NULL)
        return;
    results of = {.root = report->root, .shares = strcmp(eh_kept_text(report->root, "kind"), "yes or no") == 0};
    eh_html_put(&exchange->out, "<section class=\"card\" id=\"results\"><h2>What came of it</h2><p class=\"lead\">$</p><p class=\"quiet\">Outcome: $. Intervals of $.</p>\n",
                eh_kept_text(report->root, "sentence"), eh_team_words(exchange, eh_kept_text(report->root, "outcome")),
                eh_text_percent(eh_kept_number(report->root, "confidence")).text);
    effect_write(exchange, &of);
    policies_write(exchange, &of);
    benefit_write(exchange, &of);
    bothered_write(exchange, &of);
    notes_write(exchange, &of);
    eh_buffer_text(&exchange->out, "</section>\n");
}
