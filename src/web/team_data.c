/* The data: how its checks came out over time, what was found and what to do about it, what is due. */
#include <string.h>

#include "web/team_int.h"

static const struct {
    const char *severity, *says;
    eh_badge_look look;
} severities[] = {{"high", "serious", EH_BADGE_BAD}, {"medium", "worth a look", EH_BADGE_UNSURE}, {"low", "small", EH_BADGE_QUIET}, {"note", "to know", EH_BADGE_QUIET}};
enum { SEVERITIES_COUNT = sizeof severities / sizeof severities[0], DAY_SECONDS = 86400 };

/* The daily reports of `evenhand check`; check.json itself is the newest of them once more. */
static size_t checks_keep(const eh_kept_list *reports, const eh_kept **checks)
{
    size_t count = 0;
    for (size_t i = 0; i < reports->count; i++) {
        const eh_kept *each = &reports->items[i];
        if (strcmp(eh_kept_text(each->root, "kind"), "check") != 0)
            continue;
        if (count > 0 && checks[count - 1]->at_s == each->at_s)
            count--;
        checks[count++] = each;
    }
    return count;
}

static double findings_count(const eh_kept *check, const char *severity)
{
    eh_json_value findings = eh_json_member(check->root, "findings");
    double count = 0;
    for (size_t i = 0; i < eh_json_count(findings); i++)
        count += strcmp(eh_kept_text(eh_json_item(findings, i), "severity"), severity) == 0;
    return count;
}

static void chart_write(eh_exchange *exchange, const eh_kept *const *checks, size_t count)
{
    eh_chart chart;
    eh_chart_begin(exchange, &chart, "stacks", "How many findings each check had, by how serious they are; the table below has the numbers.");
    eh_json_text(&chart.json, "format", "count");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < count; i++)
        eh_json_text(&chart.json, NULL, eh_team_day(exchange, checks[i]->at_s));
    eh_json_array_close(&chart.json);
    eh_json_array_open(&chart.json, "series");
    for (size_t s = 0; s < SEVERITIES_COUNT; s++) {
        eh_json_object_open(&chart.json, NULL);
        eh_json_text(&chart.json, "name", severities[s].says);
        eh_json_array_open(&chart.json, "values");
        for (size_t i = 0; i < count; i++)
            eh_json_number(&chart.json, NULL, findings_count(checks[i], severities[s].severity));
        eh_json_array_close(&chart.json);
        eh_json_object_close(&chart.json);
    }
    eh_json_array_close(&chart.json);
    eh_chart_end(&chart);
}

static void history_write(eh_exchange *exchange, const eh_kept *const *checks, size_t count)
{
    static const char *const headings[] = {"Checked", "Result", "#Rows", "#Serious", "#Worth a look", "#Small", "#To know", NULL};
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>Over time</h2>\n");
    chart_write(exchange, checks, count);
    eh_team_table_begin(exchange, "Checks over time", headings);
    for (size_t i = count; i-- > 0;) {
        double status = eh_kept_number(checks[i]->root, "exit_status");
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>", eh_team_moment(exchange, checks[i]->at_s));
        eh_team_badge(exchange, status == 0 ? EH_BADGE_GOOD : status == 1 ? EH_BADGE_BAD : EH_BADGE_UNSURE, status == 0 ? "nothing serious" : status == 1 ? "found something" : "cannot tell");
        eh_buffer_text(out, "</td>");
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(checks[i]->root, "rows")));
        for (size_t s = 0; s < SEVERITIES_COUNT; s++)
            eh_team_cell_number(exchange, eh_text_count(findings_count(checks[i], severities[s].severity)));
        eh_buffer_text(out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, "</section>\n");
}

static void findings_write(eh_exchange *exchange, const eh_kept *check)
{
    eh_json_value findings = eh_json_member(check->root, "findings");
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>What was found, and what to do</h2>\n<ul class=\"todo findings\">\n");
    for (size_t i = 0; i < eh_json_count(findings); i++) {
        eh_json_value each = eh_json_item(findings, i);
        const char *command = eh_kept_text(each, "command");
        eh_buffer_text(out, "<li>");
        for (size_t s = 0; s < SEVERITIES_COUNT; s++)
            if (strcmp(severities[s].severity, eh_kept_text(each, "severity")) == 0)
                eh_team_badge(exchange, severities[s].look, severities[s].says);
        eh_html_put(out, "<div><p><strong>$</strong></p><p>$</p><p class=\"quiet\">$</p>", eh_kept_text(each, "title"), eh_kept_text(each, "says"), eh_kept_text(each, "what_to_do"));
        if (command[0] != '\0')
            eh_html_put(out, "<p class=\"command\"><code>$</code></p>", command);
        eh_buffer_text(out, "</div></li>\n");
    }
    eh_buffer_text(out, eh_json_count(findings) == 0 ? "</ul><p>Nothing was found.</p></section>\n" : "</ul></section>\n");
}

static void groups_chart(eh_exchange *exchange, eh_json_value section, bool compared)
{
    static const char *const keys[] = {"data_share", "population_share"};
    static const char *const says[] = {"in the data", "in the population"};
    eh_json_value groups = eh_json_member(section, "groups");
    eh_chart chart;
    eh_chart_begin(exchange, &chart, "pairs", compared ? "Share of each group in the data and in the population it should stand for; the table below has the numbers."
                                                       : "Share of each group in the data; the table below has the numbers.");
    eh_json_text(&chart.json, "format", "percent");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < eh_json_count(groups); i++)
        eh_json_text(&chart.json, NULL, eh_kept_text(eh_json_item(groups, i), "group"));
    eh_json_array_close(&chart.json);
    eh_json_array_open(&chart.json, "series");
    for (size_t k = 0; k < (compared ? 2 : 1); k++) {
        eh_json_object_open(&chart.json, NULL);
        eh_json_text(&chart.json, "name", says[k]);
        eh_json_array_open(&chart.json, "values");
        for (size_t i = 0; i < eh_json_count(groups); i++) {
            eh_json_value group = eh_json_item(groups, i);
            eh_json_number(&chart.json, NULL, k == 0 ? eh_kept_number(eh_json_member(group, "share"), "value") : eh_kept_number(group, keys[k]));
        }
        eh_json_array_close(&chart.json);
        eh_json_object_close(&chart.json);
    }
    eh_json_array_close(&chart.json);
    eh_chart_end(&chart);
}

static void share_row(eh_exchange *exchange, eh_json_value group, bool compared)
{
    eh_json_value share = eh_json_member(group, "share");
    const char *verdict = eh_kept_text(group, "verdict");
    eh_buffer_text(&exchange->out, "<tr>");
    eh_team_cell_head(exchange, eh_kept_text(group, "group"));
    eh_team_cell_number(exchange, eh_text_count(eh_kept_number(group, "rows")));
    eh_team_cell_estimate(exchange, eh_text_percent(eh_kept_number(share, "value")), eh_text_range(eh_kept_number(share, "low"), eh_kept_number(share, "high")));
    if (compared) {
        eh_team_cell_number(exchange, eh_text_percent(eh_kept_number(group, "population_share")));
        eh_buffer_text(&exchange->out, "<td>");
        if (verdict[0] != '\0')
            eh_team_badge(exchange, eh_badge_of_verdict(verdict), verdict);
        eh_buffer_text(&exchange->out, "</td>");
    }
    eh_buffer_text(&exchange->out, "</tr>\n");
}

static void shares_write(eh_exchange *exchange, const eh_kept *check)
{
    static const char *const alone[] = {"Group", "#People", "#Share of the data", NULL};
    static const char *const beside[] = {"Group", "#People", "#Share of the data", "#Share of the population", "Verdict", NULL};
    eh_json_value sections = eh_json_member(check->root, "representation");
    eh_buffer *out = &exchange->out;
    for (size_t s = 0; s < eh_json_count(sections); s++) {
        eh_json_value section = eh_json_item(sections, s), groups = eh_json_member(section, "groups");
        const char *name = eh_team_words(exchange, eh_kept_text(section, "attribute"));
        bool compared = eh_json_as_text(eh_json_member(section, "population")) != NULL;
        eh_html_put(out, "<section class=\"card\"><h2 class=\"verdict\">Whom the data stands for: $ ", name);
        if (compared)
            eh_team_badge(exchange, eh_badge_of_verdict(eh_kept_text(section, "verdict")), eh_kept_text(section, "verdict"));
        eh_buffer_text(out, "</h2>\n");
        groups_chart(exchange, section, compared);
        eh_team_table_begin(exchange, name, compared ? beside : alone);
        for (size_t i = 0; i < eh_json_count(groups); i++)
            share_row(exchange, eh_json_item(groups, i), compared);
        eh_team_table_end(exchange);
        eh_buffer_text(out, compared ? "</section>\n" : "<p class=\"quiet\">No population is named in evenhand.yaml, so nobody can say whom it should stand for.</p></section>\n");
    }
}

static void due_write(eh_exchange *exchange, const eh_kept *last)
{
    const eh_web *web = eh_web_of(exchange);
    const eh_duration every = web->model->check_every;
    int64_t due_s = last->at_s + (every.seconds > 0 ? every.seconds : INT64_C(30) * DAY_SECONDS);
    eh_buffer_text(&exchange->out, "<section class=\"card gate plain\"><h2>The next check ");
    eh_team_due_badge(exchange, due_s);
    eh_html_put(&exchange->out, "</h2><p class=\"lead\">$</p><p class=\"quiet\">Last checked $; due by $.</p><p class=\"command\"><code>evenhand check</code></p></section>\n",
                eh_kept_text(last->root, "headline"), eh_team_moment(exchange, last->at_s), eh_team_day(exchange, due_s));
}

eh_answer eh_team_data(eh_exchange *exchange)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list reports = {0};
    eh_error error = {0};
    eh_code code = eh_kept_read(exchange, "reports", &reports, &error);
    const eh_kept **checks = code == EH_OK ? EH_TAKE(exchange->arena, reports.count + 1, const eh_kept *) : NULL;
    if (code == EH_OK && checks == NULL)
        code = eh_fail_memory(&error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    size_t count = checks_keep(&reports, checks);
    eh_team_page_begin(exchange, "/team/data", "Data");
    eh_team_header(exchange, &(eh_team_heading){.title = "Data", .says = "Whom it stands for, what is wrong with it, what to do"});
    if (count == 0) {
        eh_team_empty(exchange, "Not checked yet", "A check looks for who is missing, what is stale, doubled or impossible, and what gives a protected attribute away.", "evenhand check");
    } else {
        due_write(exchange, checks[count - 1]);
        findings_write(exchange, checks[count - 1]);
        shares_write(exchange, checks[count - 1]);
        history_write(exchange, checks, count);
    }
    eh_team_page_end(exchange);
    return EH_NOW;
}
