/* Fairness over time: for each protected attribute how often its groups were chosen, in plans and audits that are kept. */
#include <math.h>
#include <string.h>

#include "web/team_int.h"

enum { SHOWN_ATTRIBUTES_MAX = 32, SHOWN_GROUPS_MAX = 24, SHOWN_CHARTS_MAX = 8 };

/* One measurement of one attribute: a section of a plan's report or of an audit. */
typedef struct {
    const eh_kept *kept;
    eh_json_value section;
    bool plan;
} measurement;

typedef struct {
    const char *name;
    measurement *list;            /* the oldest first */
    size_t count;
    const char *groups[SHOWN_GROUPS_MAX];
    size_t groups_count;
} attribute;

typedef struct {
    attribute *list;
    size_t count;
} attributes;

static attribute *attribute_of(attributes *all, const char *name)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->list[i].name, name) == 0)
            return &all->list[i];
    if (all->count == SHOWN_ATTRIBUTES_MAX)
        return NULL;
    all->list[all->count].name = name;
    return &all->list[all->count++];
}

static void groups_add(attribute *of, eh_json_value section)
{
    eh_json_value groups = eh_json_member(section, "groups");
    for (size_t i = 0; i < eh_json_count(groups); i++) {
        const char *name = eh_json_as_text(eh_json_member(eh_json_item(groups, i), "group"));
        bool known = name == NULL;
        for (size_t g = 0; g < of->groups_count && !known; g++)
            known = strcmp(of->groups[g], name) == 0;
        if (!known && of->groups_count < SHOWN_GROUPS_MAX)
            of->groups[of->groups_count++] = name;
    }
}

static eh_code sections_add(eh_exchange *exchange, attributes *all, const eh_kept_list *list, bool plans, eh_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const eh_kept *kept = &list->items[i];
        eh_json_value from = plans ? eh_json_member(kept->root, "fairness") : kept->root, sections = eh_json_member(from, "attributes");
        bool audit = plans || eh_json_member(eh_json_member(kept->root, "options"), "gate") != NULL; /* other reports have attributes too */
        for (size_t s = 0; audit && s < eh_json_count(sections); s++) {
            attribute *of = attribute_of(all, eh_kept_text(eh_json_item(sections, s), "name"));
            if (of == NULL)
                continue;
            if (of->list == NULL && (of->list = EH_TAKE(exchange->arena, 2 * EH_TEAM_KEPT_MAX, measurement)) == NULL)
                return eh_fail_memory(error);
            of->list[of->count++] = (measurement){.kept = kept, .section = eh_json_item(sections, s), .plan = plans};
            groups_add(of, eh_json_item(sections, s));
        }
    }
    return EH_OK;
}

/* Plans and audits, each in order, put into one order. */
static void in_order(attributes *all)
{
    for (size_t a = 0; a < all->count; a++) {
        attribute *of = &all->list[a];
        for (size_t i = 1; i < of->count; i++) {
            measurement moved = of->list[i];
            size_t at = i;
            for (; at > 0 && of->list[at - 1].kept->at_s > moved.kept->at_s; at--)
                of->list[at] = of->list[at - 1];
            of->list[at] = moved;
        }
    }
}

/* ---- writing ----------------------------------------------------------------------------------------------------------------------- */

/* Plans write a group's rate at once, audits among its measures. */
static eh_json_value rate_of(const measurement *of, const char *group)
{
    eh_json_value groups = eh_json_member(of->section, "groups");
    for (size_t i = 0; i < eh_json_count(groups); i++) {
        eh_json_value each = eh_json_item(groups, i);
        if (strcmp(eh_kept_text(each, "group"), group) != 0)
            continue;
        eh_json_value rate = eh_json_member(each, "selection_rate");
        return rate != NULL ? rate : eh_json_member(eh_json_member(each, "measures"), "selection_rate");
    }
    return NULL;
}

/* "audit-earlier-calls-2026-08-15" is an audit of its own, whatever day its name ends with. */
static const char *audit_name(const char *name)
{
    return strncmp(name, "audit-", 6) == 0 ? name + 6 : name;
}

static const char *title_of(const measurement *of)
{
    const char *title = eh_kept_text(of->kept->root, "title");
    return of->plan && title[0] != '\0' ? title : audit_name(of->kept->name);
}

/* The measurements of one campaign, or of one audit, are a line; another campaign is another line in a picture of its own. */
static size_t points_of(const attribute *of, const char *title, size_t *places)
{
    size_t count = 0;
    for (size_t i = 0; i < of->count; i++)
        if (strcmp(title_of(&of->list[i]), title) == 0)
            places[count++] = i;
    return count;
}

static bool group_is_measured(const attribute *of, const char *group, const size_t *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(eh_kept_number(rate_of(&of->list[places[i]], group), "value")))
            return true;
    return false;
}

static void chart_write(eh_exchange *exchange, const attribute *of, const size_t *places, size_t count)
{
    static const char *const keys[] = {"value", "low", "high"};
    static const char *const as[] = {"values", "low", "high"};
    const char *title = title_of(&of->list[places[0]]);
    eh_chart chart;
    const char *says = eh_arena_format(exchange->arena, "%s: how often each group of %s was chosen, over time, with intervals; the table below has the numbers.", title,
                                       eh_team_words(exchange, of->name));
    eh_html_put(&exchange->out, "<div><h3>$</h3>\n", title);
    eh_chart_begin(exchange, &chart, count > 1 ? "bands" : "points", says == NULL ? "" : says);
    eh_json_text(&chart.json, "format", "percent");
    eh_json_array_open(&chart.json, "days");
    for (size_t i = 0; i < count; i++)
        eh_json_text(&chart.json, NULL, eh_team_day(exchange, of->list[places[i]].kept->at_s));
    eh_json_array_close(&chart.json);
    eh_json_array_open(&chart.json, "series");
    for (size_t g = 0; g < of->groups_count; g++) {
        if (!group_is_measured(of, of->groups[g], places, count))
            continue;
        eh_json_object_open(&chart.json, NULL);
        eh_json_text(&chart.json, "name", of->groups[g]);
        for (size_t k = 0; k < 3; k++) {
            eh_json_array_open(&chart.json, as[k]);
            for (size_t i = 0; i < count; i++)
                eh_json_number(&chart.json, NULL, eh_kept_number(rate_of(&of->list[places[i]], of->groups[g]), keys[k]));
            eh_json_array_close(&chart.json);
        }
        eh_json_object_close(&chart.json);
    }
    eh_json_array_close(&chart.json);
    eh_chart_end(&chart);
    eh_buffer_text(&exchange->out, "</div>\n");
}

static eh_code charts_write(eh_exchange *exchange, const attribute *of, eh_error *error)
{
    size_t *places = EH_TAKE(exchange->arena, of->count + 1, size_t), shown = 0;
    if (places == NULL)
        return eh_fail_memory(error);
    eh_buffer_text(&exchange->out, "<div class=\"grid wide\">\n");
    for (size_t i = of->count; i-- > 0 && shown < SHOWN_CHARTS_MAX;) {
        size_t count = points_of(of, title_of(&of->list[i]), places);
        if (places[count - 1] != i) /* drawn with a later one */
            continue;
        chart_write(exchange, of, places, count);
        shown++;
    }
    eh_buffer_text(&exchange->out, "</div>\n");
    return EH_OK;
}

static void table_write(eh_exchange *exchange, const attribute *of)
{
    const char *headings[SHOWN_GROUPS_MAX + 3] = {"What", "Verdict"};
    eh_buffer *out = &exchange->out;
    for (size_t g = 0; g < of->groups_count; g++)
        headings[2 + g] = eh_arena_format(exchange->arena, "#%s", of->groups[g]);
    eh_team_table_begin(exchange, eh_team_words(exchange, of->name), headings);
    for (size_t i = of->count; i-- > 0;) {
        const measurement *each = &of->list[i];
        const char *verdict = eh_kept_text(each->section, "verdict");
        if (each->plan)
            eh_html_put(out, "<tr><th scope=\"row\" class=\"name\"><a href=\"/team/plans/$#fairness\">$</a>", each->kept->name, title_of(each));
        else
            eh_html_put(out, "<tr><th scope=\"row\" class=\"name\">audit: $", title_of(each));
        eh_html_put(out, "<span class=\"range\">$</span></th><td>", eh_team_day(exchange, each->kept->at_s));
        eh_team_badge(exchange, eh_badge_of_verdict(verdict), verdict);
        eh_buffer_text(out, "</td>");
        for (size_t g = 0; g < of->groups_count; g++) {
            eh_json_value rate = rate_of(each, of->groups[g]);
            eh_team_cell_estimate(exchange, eh_text_percent(eh_kept_number(rate, "value")), eh_text_range(eh_kept_number(rate, "low"), eh_kept_number(rate, "high")));
        }
        eh_buffer_text(out, "</tr>\n");
    }
    eh_team_table_end(exchange);
}

static eh_code attributes_write(eh_exchange *exchange, const attributes *all, eh_error *error)
{
    for (size_t a = 0; a < all->count; a++) {
        const attribute *of = &all->list[a];
        const measurement *last = &of->list[of->count - 1];
        const char *verdict = eh_kept_text(last->section, "verdict"), *sentence = eh_kept_text(last->section, "sentence");
        eh_html_put(&exchange->out, "<section class=\"card\"><h2 class=\"verdict\">$ ", eh_team_words(exchange, of->name));
        eh_team_badge(exchange, eh_badge_of_verdict(verdict), verdict);
        eh_html_put(&exchange->out, "</h2>\n<p class=\"quiet\">$</p>\n", sentence[0] != '\0' ? sentence : "How often each group gets something, of those who may be written to");
        EH_TRY(charts_write(exchange, of, error));
        table_write(exchange, of);
        eh_buffer_text(&exchange->out, "</section>\n");
    }
    return EH_OK;
}

eh_answer eh_team_fairness(eh_exchange *exchange)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0}, reports = {0};
    eh_error error = {0};
    attributes all = {.list = EH_TAKE(exchange->arena, SHOWN_ATTRIBUTES_MAX, attribute)};
    eh_code code = all.list == NULL ? eh_fail_memory(&error) : eh_kept_plans(exchange, &plans, &error);
    if (code == EH_OK)
        code = eh_kept_read(exchange, "reports", &reports, &error);
    if (code == EH_OK)
        code = sections_add(exchange, &all, &plans, true, &error);
    if (code == EH_OK)
        code = sections_add(exchange, &all, &reports, false, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    in_order(&all);
    eh_team_page_begin(exchange, "/team/fairness", "Fairness");
    eh_team_header(exchange, &(eh_team_heading){.title = "Fairness", .says = "How often each group was chosen, over time"});
    if (all.count == 0)
        eh_team_empty(exchange, "Nothing measured yet", "Each plan is measured before it goes out. Audits of decisions that other tools made are shown too when their report is kept here.",
                      "evenhand audit sent.csv --decision sent --by gender --format json --output .evenhand/reports/audit-2026-11");
    else
        code = attributes_write(exchange, &all, &error);
    eh_team_page_end(exchange);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}
