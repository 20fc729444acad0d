/* The preflight of a plan as a page of the team: may it go, who gets it, who does not and why, is it fair, what people are told. */
#include <math.h>
#include <string.h>

#include "journey/campaigns.h"
#include "web/team_int.h"

/* ---- who ------------------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *stage, *says;
} stages[] = {
    {"consent", "may not be written to"},
    {"rules", "no offer that the policy permits"},
    {"caps", "had enough messages"},
    {"holdout", "held out by lot, to measure the effect"},
    {"without_ai", "AI is off: by lot, without a score"},
    {"explore", "by lot, to keep learning"},
    {"choice", "chosen by score"},
    {"lot", "chosen by lot"},
};

static const char *stage_says(const char *stage)
{
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (strcmp(stages[i].stage, stage) == 0)
            return stages[i].says;
    return stage;
}

static void offers_write(eh_exchange *exchange, eh_json_value root)
{
    static const char *const headings[] = {"Offer", "What it is", "#People", NULL};
    eh_json_value offers = eh_json_member(root, "offers");
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>Who gets it</h2>\n");
    eh_team_table_begin(exchange, "Offers", headings);
    for (size_t i = 0; i < eh_json_count(offers); i++) {
        eh_json_value offer = eh_json_item(offers, i);
        eh_html_put(&exchange->out, "<tr><th scope=\"row\">$</th><td>$</td>", eh_kept_text(offer, "offer"), eh_kept_text(offer, "says"));
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(offer, "people")));
        eh_buffer_text(&exchange->out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "</section>\n");
}

static void stages_chart(eh_exchange *exchange, eh_json_value list)
{
    eh_chart chart;
    eh_chart_begin(exchange, &chart, "bars", "How many people each step decided about, and how many of them get something; the table below has the numbers.");
    eh_json_text(&chart.json, "format", "count");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < eh_json_count(list); i++)
        if (eh_kept_number(eh_json_item(list, i), "people") > 0)
            eh_json_text(&chart.json, NULL, stage_says(eh_kept_text(eh_json_item(list, i), "stage")));
    eh_json_array_close(&chart.json);
    static const char *const keys[][2] = {{"sent", "get something"}, {"not", "get nothing"}};
    eh_json_array_open(&chart.json, "series");
    for (size_t k = 0; k < 2; k++) {
        eh_json_object_open(&chart.json, NULL);
        eh_json_text(&chart.json, "name", keys[k][1]);
        eh_json_array_open(&chart.json, "values");
        for (size_t i = 0; i < eh_json_count(list); i++) {
            double people = eh_kept_number(eh_json_item(list, i), "people"), sent = eh_kept_number(eh_json_item(list, i), "sent");
            if (people > 0)
                eh_json_number(&chart.json, NULL, k == 0 ? sent : people - sent);
        }
        eh_json_array_close(&chart.json);
        eh_json_object_close(&chart.json);
    }
    eh_json_array_close(&chart.json);
    eh_chart_end(&chart);
}

static void stages_write(eh_exchange *exchange, eh_json_value root)
{
    static const char *const headings[] = {"What decided", "#People", "#Get something", NULL};
    eh_json_value list = eh_json_member(root, "stages");
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>Where decisions ended</h2>\n");
    stages_chart(exchange, list);
    eh_team_table_begin(exchange, "Where decisions ended", headings);
    for (size_t i = 0; i < eh_json_count(list); i++) {
        eh_json_value stage = eh_json_item(list, i);
        if (!(eh_kept_number(stage, "people") > 0))
            continue;
        eh_buffer_text(&exchange->out, "<tr>");
        eh_team_cell_head(exchange, stage_says(eh_kept_text(stage, "stage")));
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(stage, "people")));
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(stage, "sent")));
        eh_buffer_text(&exchange->out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "</section>\n");
}

static void why_not_write(eh_exchange *exchange, eh_json_value root)
{
    static const char *const headings[] = {"Reason", "In words", "#People", NULL};
    static const struct {
        const char *list, *name, *words, *count;
    } parts[] = {{"not_allowed", "why", "sentence", "people"}, {"rules", "rule", "explanation", "stopped"}};
    eh_buffer *out = &exchange->out;
    size_t shown = 0;
    eh_buffer_text(out, "<section class=\"card\"><h2>Who does not, and why</h2>\n");
    eh_team_table_begin(exchange, "Reasons", headings);
    for (size_t p = 0; p < 2; p++) {
        eh_json_value list = eh_json_member(root, parts[p].list);
        for (size_t i = 0; i < eh_json_count(list); i++) {
            eh_json_value each = eh_json_item(list, i);
            if (!(eh_kept_number(each, parts[p].count) > 0))
                continue;
            const char *name = eh_kept_text(each, parts[p].name);
            if (p == 1)
                eh_html_put(out, "<tr><th scope=\"row\"><a href=\"/team/policy#rule-$\">$</a></th>", name, name);
            else
                eh_html_put(out, "<tr><th scope=\"row\">$</th>", eh_team_words(exchange, name));
            eh_team_cell(exchange, eh_kept_text(each, parts[p].words));
            eh_team_cell_number(exchange, eh_text_count(eh_kept_number(each, parts[p].count)));
            eh_buffer_text(out, "</tr>\n");
            shown++;
        }
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, shown == 0 ? "<p class=\"quiet\">Nobody was kept out by what they have said or by a rule.</p></section>\n" : "</section>\n");
}

/* ---- people ------------------------------------------------------------------------------------------------------------------------- */

static void paragraphs_write(eh_exchange *exchange, const char *text)
{
    for (eh_view rest = eh_view_of(text); rest.len > 0;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr);
        if (len > 0) {
            eh_buffer_text(&exchange->out, "<p>");
            eh_html_text(&exchange->out, (eh_view){rest.ptr, len});
            eh_buffer_text(&exchange->out, "</p>");
        }
        rest = len == rest.len ? (eh_view){0} : (eh_view){rest.ptr + len + 1, rest.len - len - 1};
    }
}

static void examples_write(eh_exchange *exchange, eh_json_value root)
{
    eh_json_value list = eh_json_member(root, "examples");
    eh_buffer *out = &exchange->out;
    bool named = eh_team_may(exchange, EH_MAY_SEE_PEOPLE) || eh_team_may(exchange, EH_MAY_PLAN);
    if (eh_json_count(list) == 0)
        return;
    eh_buffer_text(out, "<section><h2>What people would be told</h2><p class=\"quiet\">The first screen of the page that each of these people can open.</p>\n<div class=\"grid wide people\">\n");
    for (size_t i = 0; i < eh_json_count(list); i++) {
        eh_json_value each = eh_json_item(list, i);
        const char *offer = eh_kept_text(each, "offer");
        eh_html_put(out, "<article class=\"card\"><h3>$ ", named ? eh_kept_text(each, "person") : "a person");
        eh_team_badge(exchange, offer[0] != '\0' ? EH_BADGE_GOOD : EH_BADGE_QUIET, offer[0] != '\0' ? offer : "nothing");
        eh_html_put(out, "</h3><p class=\"quiet\">$</p>", stage_says(eh_kept_text(each, "stage")));
        paragraphs_write(exchange, eh_kept_text(each, "told"));
        eh_buffer_text(out, "</article>\n");
    }
    eh_buffer_text(out, "</div></section>\n");
}

static void requirements_write(eh_exchange *exchange, eh_json_value root)
{
    eh_json_value list = eh_json_member(root, "requirements");
    eh_buffer *out = &exchange->out;
    if (eh_json_count(list) == 0)
        return;
    eh_buffer_text(out, "<section class=\"card\"><h2>What the law asks of it</h2><ul class=\"todo\">\n");
    for (size_t i = 0; i < eh_json_count(list); i++) {
        bool met = false;
        (void)eh_json_as_boolean(eh_json_member(eh_json_item(list, i), "met"), &met);
        eh_buffer_text(out, "<li>");
        eh_team_badge(exchange, met ? EH_BADGE_GOOD : EH_BADGE_BAD, met ? "met" : "not met");
        eh_html_put(out, "<p><strong>$</strong> $</p></li>\n", eh_kept_text(eh_json_item(list, i), "id"), eh_kept_text(eh_json_item(list, i), "how"));
    }
    eh_buffer_text(out, "</ul></section>\n");
}

/* ---- the head: how it stands, and what can be done ------------------------------------------------------------------------------------ */

static void tiles_write(eh_exchange *exchange, eh_json_value root)
{
    char text[192];
    eh_json_value spend = eh_json_member(root, "spend"), outcomes = eh_json_member(root, "expected_outcomes");
    eh_json_value effect = eh_json_member(root, "expected_effect");
    eh_buffer_text(&exchange->out, "<div class=\"grid tiles\">\n");
    snprintf(text, sizeof text, "of %s people in the audience get something", eh_text_count(eh_kept_number(root, "audience")).text);
    eh_team_tile(exchange, eh_text_count(eh_kept_number(root, "sent")).text, text);
    eh_json_value expected = effect != NULL ? effect : outcomes;
    snprintf(text, sizeof text, "%s expected (%s to %s)", effect != NULL ? "more outcomes than without" : "outcomes", eh_text_count(eh_kept_number(expected, "low")).text,
             eh_text_count(eh_kept_number(expected, "high")).text);
    if (isfinite(eh_kept_number(expected, "value"))) /* nothing is expected of those who are chosen by lot */
        eh_team_tile(exchange, eh_text_count(eh_kept_number(expected, "value")).text, text);
    snprintf(text, sizeof text, "%s spent (%s to %s)", eh_kept_text(root, "currency"), eh_text_count(eh_kept_number(spend, "low")).text, eh_text_count(eh_kept_number(spend, "high")).text);
    if (eh_kept_number(spend, "value") > 0)
        eh_team_tile(exchange, eh_text_count(eh_kept_number(spend, "value")).text, text);
    eh_team_tile(exchange, eh_text_count(eh_kept_number(root, "opted_out_of_ai")).text, "have switched AI off; nobody scored them");
    eh_buffer_text(&exchange->out, "</div>\n");
}

static void approval_form(eh_exchange *exchange, const eh_kept *plan, const eh_approval *asked)
{
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<p><strong>$</strong> asks, $:</p><blockquote><p>$</p></blockquote>\n", asked->asked_by, eh_team_moment(exchange, asked->asked_s), asked->reason);
    if (strcmp(asked->asked_by, eh_team_name(exchange)) == 0) {
        eh_buffer_text(out, "<p>Somebody else answers this: an ethics owner or an admin.</p>\n");
        return;
    }
    if (!eh_team_may(exchange, EH_MAY_OVERRIDE)) {
        eh_buffer_text(out, "<p>An ethics owner or an admin answers this.</p>\n");
        return;
    }
    if (eh_exchange_session(exchange)->account.trained_s == 0) {
        eh_buffer_text(out, "<p>Your training for approving is not on record, so you cannot answer this: <code>evenhand team add NAME --trained</code>.</p>\n");
        return;
    }
    eh_html_put(out, "<form method=\"post\" action=\"/team/plans/$/answer\">", plan->name);
    eh_team_form_token(exchange);
    eh_buffer_text(out, "<label for=\"note\">Why you decide so <span class=\"hint\">goes into the ledger with both names</span></label>"
                        "<textarea id=\"note\" name=\"note\" maxlength=\"1000\" required></textarea>\n<div class=\"actions\">"
                        "<button class=\"primary\" name=\"answer\" value=\"approve\">Approve and release</button><button name=\"answer\" value=\"refuse\">Refuse</button></div></form>\n");
}

static void ask_form(eh_exchange *exchange, const eh_kept *plan)
{
    if (!eh_team_may(exchange, EH_MAY_PLAN)) {
        eh_buffer_text(&exchange->out, "<p class=\"quiet\">A marketer or an analyst can ask for it to go out all the same; an ethics owner then answers.</p>\n");
        return;
    }
    eh_html_put(&exchange->out, "<form method=\"post\" action=\"/team/plans/$/ask\">", plan->name);
    eh_team_form_token(exchange);
    eh_buffer_text(&exchange->out, "<label for=\"reason\">Why it should go out all the same <span class=\"hint\">a second person reads this and decides</span></label>"
                                   "<textarea id=\"reason\" name=\"reason\" maxlength=\"1000\" required></textarea>\n<button class=\"primary\">Ask for approval</button></form>\n");
}

static void release_form(eh_exchange *exchange, const eh_kept *plan)
{
    if (!eh_team_may(exchange, EH_MAY_RELEASE)) {
        eh_buffer_text(&exchange->out, "<p class=\"quiet\">A marketer releases it.</p>\n");
        return;
    }
    eh_html_put(&exchange->out, "<form method=\"post\" action=\"/team/plans/$/release\">", plan->name);
    eh_team_form_token(exchange);
    eh_buffer_text(&exchange->out, "<p>Rights and limits are asked once more for everybody; whoever said no meanwhile is left out. Every decision goes into the ledger.</p>"
                                   "<button class=\"primary\">Release it</button></form>\n");
}

static void out_write(eh_exchange *exchange, const eh_kept *plan, const eh_plan_standing *standing)
{
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<p>Released $. <strong>$</strong> people get something; $ were left out because of what they have said since.", eh_team_moment(exchange, standing->released_s),
                eh_text_count((double)standing->sent).text, eh_text_count((double)standing->left_out).text);
    if (standing->approved_by[0] != '\0')
        eh_html_put(out, " Approved by <strong>$</strong>.", standing->approved_by);
    eh_buffer_text(out, "</p>\n");
    if (eh_team_may(exchange, EH_MAY_RELEASE))
        eh_html_put(out, "<p><a class=\"button\" href=\"/team/plans/$/send.csv\">Download the send list</a></p>\n", plan->name);
}

static void standing_write(eh_exchange *exchange, const eh_kept *plan, const eh_plan_standing *standing, const eh_approval *asked)
{
    static const char *const looks[] = {[EH_PLAN_READY] = "good", [EH_PLAN_ASKS] = "unsure", [EH_PLAN_STOPPED] = "bad", [EH_PLAN_OUT] = "plain"};
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<section class=\"card gate $\"><h2>", looks[standing->state]);
    eh_plan_state_badge(exchange, standing->state);
    eh_html_put(out, "</h2><p class=\"lead\">$</p>\n", eh_kept_text(plan->root, "sentence"));
    bool waits = asked->number != 0 && asked->answered_s == 0;
    if (standing->state == EH_PLAN_OUT)
        out_write(exchange, plan, standing);
    else if (standing->state == EH_PLAN_READY)
        release_form(exchange, plan);
    else if (waits)
        approval_form(exchange, plan, asked);
    else
        ask_form(exchange, plan);
    if (asked->number != 0 && asked->answered_s != 0)
        eh_html_put(out, "<p class=\"quiet\">$ asked: “$” $ $: “$”</p>\n", asked->asked_by, asked->reason, asked->answered_by, asked->approved ? "approved" : "refused", asked->note);
    eh_buffer_text(out, "</section>\n");
}

static eh_code standing_find(eh_exchange *exchange, const eh_kept *plan, eh_plan_standing *standing, eh_approval *asked, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_plan_standing_read(exchange, store, plan, standing, error);
    if (code == EH_OK)
        code = eh_approval_find(store, eh_view_of(plan->name), exchange->arena, asked, error);
    eh_web_store_give(web, store);
    return code;
}

eh_answer eh_team_plan(eh_exchange *exchange)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0}, reports = {0};
    eh_plan_standing standing = {0};
    eh_approval asked = {0};
    eh_error error = {0};
    eh_code code = eh_kept_plan(exchange, exchange->parameters[0], &plans, &error);
    if (code == EH_OK)
        code = eh_kept_read(exchange, "reports", &reports, &error);
    if (code == EH_OK)
        code = standing_find(exchange, &plans.items[0], &standing, &asked, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    const eh_kept *plan = &plans.items[0];
    eh_json_value root = plan->root;
    const char *back = eh_arena_format(exchange->arena, "/team/campaigns/%s", eh_kept_text(root, "campaign"));
    const char *says = eh_arena_format(exchange->arena, "Plan %s, %s", plan->name, eh_team_moment(exchange, plan->at_s));
    eh_team_page_begin(exchange, "/team/campaigns", eh_kept_text(root, "title"));
    eh_team_header(exchange, &(eh_team_heading){.title = eh_kept_text(root, "title"), .says = says == NULL ? "" : says, .back = back, .back_says = "The campaign and its plans"});
    eh_team_done(exchange);
    standing_write(exchange, plan, &standing, &asked);
    tiles_write(exchange, root);
    if (standing.state == EH_PLAN_OUT)
        eh_team_results(exchange, &reports, eh_kept_text(root, "campaign"));
    eh_team_plan_fairness(exchange, root);
    offers_write(exchange, root);
    stages_write(exchange, root);
    why_not_write(exchange, root);
    examples_write(exchange, root);
    requirements_write(exchange, root);
    eh_team_page_end(exchange);
    return EH_NOW;
}
