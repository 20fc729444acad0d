/* Campaigns: what is drafted, planned, asked about, out, and what came of it. */
#include <string.h>

#include "journey/campaigns.h"
#include "web/planner_int.h"
#include "web/team_int.h"

eh_code eh_team_campaigns_prepare(eh_web *web, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    return eh_campaigns_open(web->model->state_folder, &store, error);
}

eh_code eh_plan_standing_read(eh_exchange *exchange, eh_store *store, const eh_kept *plan, eh_plan_standing *standing_out, eh_error *error)
{
    eh_campaign_plan out = {0};
    eh_error absent = {0};
    const char *outcome = eh_kept_text(plan->root, "outcome");
    eh_plan_standing standing = {.state = strcmp(outcome, "released") == 0 || strcmp(outcome, "repaired") == 0 ? EH_PLAN_READY
                                          : strcmp(outcome, "ask") == 0                                       ? EH_PLAN_ASKS
                                                                                                              : EH_PLAN_STOPPED,
                                 .approved_by = ""};
    eh_code code = eh_campaign_plan_find(store, plan->name, exchange->arena, &out, &absent);
    if (code != EH_OK && code != EH_NOT_FOUND)
        return eh_fail(error, code, "%s", absent.text);
    if (code == EH_OK && out.released_s > 0) {
        standing.state = EH_PLAN_OUT;
        standing.released_s = out.released_s;
        standing.sent = out.sent;
        standing.left_out = out.left_out;
        standing.approved_by = out.approved_by;
    }
    *standing_out = standing;
    return EH_OK;
}

void eh_plan_state_badge(eh_exchange *exchange, eh_plan_state state)
{
    static const struct {
        eh_badge_look look;
        const char *says;
    } states[] = {[EH_PLAN_READY] = {EH_BADGE_GOOD, "may go out"}, [EH_PLAN_ASKS] = {EH_BADGE_UNSURE, "needs a person"}, [EH_PLAN_STOPPED] = {EH_BADGE_BAD, "stopped"},
                  [EH_PLAN_OUT] = {EH_BADGE_QUIET, "released"}};
    eh_team_badge(exchange, states[state].look, states[state].says);
}

eh_code eh_team_ledger_take(eh_web *web, eh_ledger **ledger_out, bool *owned_out, eh_error *error)
{
    *owned_out = web->ledger == NULL;
    *ledger_out = web->ledger;
    if (web->ledger != NULL)
        return EH_OK;
    if (!eh_ledger_exists(web->model->folder))
        return eh_fail(error, EH_CONFLICT, "this workspace has no ledger yet, and nothing is done unrecorded; make one with: evenhand keys make");
    return eh_ledger_open(web->model->folder, NULL, ledger_out, error);
}

/* ---- the list ---------------------------------------------------------------------------------------------------------------------- */

/* A campaign with the newest of its plans. */
typedef struct {
    const char *name, *title, *wrong;
    const eh_kept *plan;            /* NULL: none yet */
    eh_plan_standing standing;
    size_t plans_count;
    bool results;
} campaign_row;

typedef struct {
    campaign_row *rows;
    size_t count;
} campaign_rows;

static campaign_row *row_find(campaign_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->rows[i].name, name) == 0)
            return &rows->rows[i];
    return NULL;
}

static eh_code drafts_read(eh_exchange *exchange, campaign_rows *rows, eh_error *error)
{
    const char *folder = eh_arena_format(exchange->arena, "%s/campaigns", eh_web_of(exchange)->model->folder);
    const char *const *names = NULL;
    size_t count = 0;
    if (folder == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_files_list(exchange->arena, folder, ".yaml", &names, &count, error));
    rows->rows = EH_TAKE(exchange->arena, count + EH_TEAM_KEPT_MAX, campaign_row);
    if (rows->rows == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = NULL;
        eh_error wrong = {0};
        const char *path = eh_arena_format(exchange->arena, "%s/%s.yaml", folder, names[i]);
        if (path == NULL)
            return eh_fail_memory(error);
        campaign_row *row = &rows->rows[rows->count++];
        *row = (campaign_row){.name = names[i], .title = names[i]};
        if (eh_campaign_open(path, &file, &wrong) != EH_OK)
            row->wrong = eh_arena_copy(exchange->arena, eh_view_of(wrong.text));
        else
            row->title = eh_arena_copy(exchange->arena, eh_view_of(eh_campaign_get(file)->title));
        if (row->title == NULL)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

/* Plans are the oldest first, so that the newest of a campaign is the last one seen. */
static eh_code plans_join(eh_exchange *exchange, eh_store *store, const eh_kept_list *plans, campaign_rows *rows, eh_error *error)
{
    for (size_t i = 0; i < plans->count; i++) {
        const eh_kept *plan = &plans->items[i];
        campaign_row *row = row_find(rows, eh_kept_text(plan->root, "campaign"));
        if (row == NULL) {
            row = &rows->rows[rows->count++];
            *row = (campaign_row){.name = eh_kept_text(plan->root, "campaign"), .title = eh_kept_text(plan->root, "title")};
        }
        row->plan = plan;
        row->plans_count++;
    }
    for (size_t i = 0; i < rows->count; i++)
        if (rows->rows[i].plan != NULL)
            EH_TRY(eh_plan_standing_read(exchange, store, rows->rows[i].plan, &rows->rows[i].standing, error));
    return EH_OK;
}

static void results_join(const eh_kept_list *reports, campaign_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        rows->rows[i].results = eh_team_has_results(reports, rows->rows[i].name);
}

static void rows_write(eh_exchange *exchange, const campaign_rows *rows)
{
    static const char *const headings[] = {"Campaign", "Stands", "#In the audience", "#Get something", "Last plan", NULL};
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\">\n");
    eh_team_table_begin(exchange, "Campaigns", headings);
    for (size_t i = 0; i < rows->count; i++) {
        const campaign_row *row = &rows->rows[i];
        eh_html_put(out, "<tr><th scope=\"row\"><a href=\"/team/campaigns/$\">$</a></th><td>", row->name, row->title);
        if (row->plan != NULL)
            eh_plan_state_badge(exchange, row->standing.state);
        else
            eh_team_badge(exchange, row->wrong != NULL ? EH_BADGE_BAD : EH_BADGE_QUIET, row->wrong != NULL ? "cannot be read" : "draft");
        if (row->results)
            eh_team_badge(exchange, EH_BADGE_QUIET, "results");
        eh_buffer_text(out, "</td>");
        eh_team_cell_number(exchange, eh_text_count(row->plan == NULL ? EH_NAN : eh_kept_number(row->plan->root, "audience")));
        eh_team_cell_number(exchange, eh_text_count(row->plan == NULL ? EH_NAN : eh_kept_number(row->plan->root, "sent")));
        if (row->plan != NULL)
            eh_html_put(out, "<td><a href=\"/team/plans/$\">$</a></td></tr>\n", row->plan->name, eh_team_moment(exchange, row->plan->at_s));
        else
            eh_buffer_text(out, "<td>–</td></tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, "</section>\n");
}

static eh_code rows_read(eh_exchange *exchange, const eh_kept_list *plans, const eh_kept_list *reports, campaign_rows *rows, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(drafts_read(exchange, rows, error));
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = plans_join(exchange, store, plans, rows, error);
    eh_web_store_give(web, store);
    if (code == EH_OK)
        results_join(reports, rows);
    return code;
}

eh_answer eh_team_campaigns(eh_exchange *exchange)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0}, reports = {0};
    campaign_rows rows = {0};
    eh_error error = {0};
    eh_code code = eh_kept_plans(exchange, &plans, &error);
    if (code == EH_OK)
        code = eh_kept_read(exchange, "reports", &reports, &error);
    if (code == EH_OK)
        code = rows_read(exchange, &plans, &reports, &rows, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_team_page_begin(exchange, "/team/campaigns", "Campaigns");
    eh_team_header(exchange, &(eh_team_heading){.title = "Campaigns", .says = "Who is written to, by which choice, and whether it may go out"});
    if (rows.count == 0)
        eh_team_empty(exchange, "No campaign yet", "A campaign is one file in campaigns/: its audience, its offers, how is chosen. Nothing goes out before it was planned and looked at.",
                      "evenhand plan NAME");
    else
        rows_write(exchange, &rows);
    eh_team_page_end(exchange);
    return EH_NOW;
}

/* ---- one campaign -------------------------------------------------------------------------------------------------------------------- */

static const char *campaign_path(eh_exchange *exchange, eh_view name, eh_error *error)
{
    const char *text = eh_arena_copy(exchange->arena, name);
    const char *path = text == NULL ? NULL : eh_arena_format(exchange->arena, "%s/campaigns/%s.yaml", eh_web_of(exchange)->model->folder, text);
    if (path == NULL)
        (void)eh_fail_memory(error);
    else if (!eh_name_is_plain(name))
        (void)eh_fail(error, EH_NOT_FOUND, "there is no campaign '%.100s'", text);
    else
        return path;
    return NULL;
}

static void plan_form(eh_exchange *exchange, const char *name)
{
    eh_buffer *out = &exchange->out;
    if (!eh_team_may(exchange, EH_MAY_PLAN))
        return;
    eh_html_put(out, "<section class=\"card\"><h2>Plan it now</h2><p>Decides for everybody in the audience as of this moment, looks whether it is fair, and sends nothing.</p>\n"
                     "<form method=\"post\" action=\"/team/campaigns/$/plan\">", name);
    eh_team_form_token(exchange);
    eh_buffer_text(out, "<label class=\"choice\"><input type=\"checkbox\" name=\"repair\" value=\"yes\"> Let it mend itself when a group would be left out</label>"
                        "<button class=\"primary\">Plan</button></form></section>\n");
}

static void facts_write(eh_exchange *exchange, const eh_campaign *campaign)
{
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<section class=\"card\"><h2>What it says</h2><dl class=\"facts\"><dt>Channel</dt><dd>$</dd><dt>Chosen by</dt><dd>$</dd>", campaign->channel,
                eh_choose_name(campaign->choose));
    if (campaign->purpose != NULL)
        eh_html_put(out, "<dt>Purpose</dt><dd>$</dd>", campaign->purpose);
    eh_html_put(out, "<dt>Audience</dt><dd><code>$</code></dd><dt>Held out</dt><dd>$, to measure the effect</dd>", campaign->audience == NULL ? "everybody" : campaign->audience,
                eh_text_percent(campaign->holdout).text);
    if (campaign->people_max != EH_NO_LIMIT)
        eh_html_put(out, "<dt>At most</dt><dd>$ people</dd>", eh_text_count((double)campaign->people_max).text);
    if (campaign->budget != EH_NO_LIMIT)
        eh_html_put(out, "<dt>Budget</dt><dd>$ $</dd>", eh_text_decimals((double)campaign->budget / EH_MICROS, 2).text, campaign->currency == NULL ? "" : campaign->currency);
    eh_html_put(out, "<dt>Without AI</dt><dd>$</dd></dl>\n", eh_without_ai_name(campaign->without_ai));
    static const char *const headings[] = {"Offer", "What it is", "Model", NULL};
    eh_team_table_begin(exchange, "Offers", headings);
    for (size_t i = 0; i < campaign->offers_count; i++) {
        const eh_offer *offer = &campaign->offers[i];
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td><td>", offer->name, offer->says == NULL ? "" : offer->says);
        if (offer->model != NULL)
            eh_html_put(out, "<a href=\"/team/models/$\">$</a>", offer->model, offer->model);
        eh_buffer_text(out, "</td></tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, "</section>\n");
}

static eh_code plans_write(eh_exchange *exchange, const eh_kept_list *plans, const char *name, eh_error *error)
{
    static const char *const headings[] = {"Plan", "Stands", "#In the audience", "#Get something", "Made", NULL};
    eh_web *web = eh_web_of(exchange);
    eh_buffer *out = &exchange->out;
    eh_store *store;
    eh_code code = EH_OK;
    size_t shown = 0;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_buffer_text(out, "<section class=\"card\"><h2>Plans</h2>\n");
    eh_team_table_begin(exchange, "Plans", headings);
    for (size_t i = plans->count; i-- > 0 && code == EH_OK;) {
        const eh_kept *plan = &plans->items[i];
        eh_plan_standing standing;
        if (strcmp(eh_kept_text(plan->root, "campaign"), name) != 0)
            continue;
        code = eh_plan_standing_read(exchange, store, plan, &standing, error);
        if (code != EH_OK)
            break;
        eh_html_put(out, "<tr><th scope=\"row\"><a href=\"/team/plans/$\">$</a></th><td>", plan->name, plan->name);
        eh_plan_state_badge(exchange, standing.state);
        eh_buffer_text(out, "</td>");
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(plan->root, "audience")));
        eh_team_cell_number(exchange, eh_text_count(eh_kept_number(plan->root, "sent")));
        eh_html_put(out, "<td>$</td></tr>\n", eh_team_moment(exchange, plan->at_s));
        shown++;
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, shown == 0 ? "<p class=\"quiet\">Not planned yet.</p></section>\n" : "</section>\n");
    eh_web_store_give(web, store);
    return code;
}

eh_answer eh_team_campaign(eh_exchange *exchange)
{
    EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = NULL;
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0}, reports = {0};
    eh_error error = {0};
    const char *name = eh_arena_copy(exchange->arena, exchange->parameters[0]), *path = campaign_path(exchange, exchange->parameters[0], &error);
    eh_code code = path == NULL || name == NULL ? error.code : eh_campaign_open(path, &file, &error);
    if (code == EH_OK)
        code = eh_kept_plans(exchange, &plans, &error);
    if (code == EH_OK)
        code = eh_kept_read(exchange, "reports", &reports, &error);
    if (code == EH_OK) {
        const eh_campaign *campaign = eh_campaign_get(file);
        eh_team_page_begin(exchange, "/team/campaigns", campaign->title);
        eh_team_header(exchange, &(eh_team_heading){.title = campaign->title, .says = campaign->name, .back = "/team/campaigns", .back_says = "Campaigns"});
        eh_team_done(exchange);
        plan_form(exchange, campaign->name);
        code = plans_write(exchange, &plans, campaign->name, &error);
        eh_team_results(exchange, &reports, campaign->name);
        facts_write(exchange, campaign);
        eh_team_page_end(exchange);
    }
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}

/* ---- planning -------------------------------------------------------------------------------------------------------------------------- */

/* The thread that makes plans makes it; this one, which may wait, waits. */
static eh_code plan_order(eh_exchange *exchange, eh_view campaign, const char **plan_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_plan_order asked = {.now_s = eh_web_now_s(web), .seed = 1, .repair = eh_view_equal(eh_fields_get(eh_exchange_team_form(exchange), "repair"), EH_VIEW("yes"))};
    eh_plan_order *order = NULL;
    if (campaign.len >= sizeof asked.campaign)
        return eh_fail(error, EH_NOT_FOUND, "there is no campaign of so long a name");
    memcpy(asked.campaign, campaign.ptr, campaign.len);
    EH_TRY(eh_planner_order(web->planner, &asked, &order, error));
    eh_code code = EH_OK;
    if (!eh_planner_wait(web->planner, order, -1))
        code = eh_fail(error, EH_UNAVAILABLE, "the server stops; ask for the plan again when it is back");
    else if (order->code != EH_OK)
        code = eh_fail(error, order->code, "%s", order->error.text);
    else
        *plan_out = eh_arena_copy(exchange->arena, eh_view_of(order->plan));
    eh_planner_give(web->planner, order);
    return code;
}

eh_answer eh_team_campaign_plan(eh_exchange *exchange)
{
    eh_error error = {0};
    const char *plan = NULL, *there = NULL;
    eh_code code = campaign_path(exchange, exchange->parameters[0], &error) == NULL ? error.code : plan_order(exchange, exchange->parameters[0], &plan, &error);
    if (code == EH_OK)
        there = eh_arena_format(exchange->arena, "/team/plans/%s", plan == NULL ? "" : plan);
    if (code == EH_OK && there != NULL)
        eh_team_redirect_done(exchange, there, "planned");
    else
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}
