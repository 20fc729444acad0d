/* Who may see and do what: every route of the team, and the rights that it asks of a role (accounts_int.h). */
#include "web/team_int.h"

enum {
    SEES = EH_ROUTE_TEAM,                   /* a session with these rights */
    DOES = EH_ROUTE_TEAM | EH_ROUTE_FORM    /* and a form with its token */
};

const eh_route eh_team_routes[] = {
    {EH_GET, "/team/sign-in", eh_team_sign_in_page, 0},
    {EH_POST, "/team/sign-in", eh_team_sign_in, 0},
    {EH_POST, "/team/sign-out", eh_team_sign_out, DOES | EH_MAY_LOOK},
    {EH_GET, "/team", eh_team_today, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/campaigns", eh_team_campaigns, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/campaigns/:campaign", eh_team_campaign, SEES | EH_MAY_LOOK},
    {EH_POST, "/team/campaigns/:campaign/plan", eh_team_campaign_plan, DOES | EH_MAY_PLAN},
    {EH_GET, "/team/plans/:plan", eh_team_plan, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/plans/:plan/send.csv", eh_team_plan_list, SEES | EH_MAY_RELEASE},
    {EH_POST, "/team/plans/:plan/release", eh_team_plan_release, DOES | EH_MAY_RELEASE},
    {EH_POST, "/team/plans/:plan/ask", eh_team_plan_ask, DOES | EH_MAY_PLAN},
    {EH_POST, "/team/plans/:plan/answer", eh_team_plan_answer, DOES | EH_MAY_OVERRIDE},
    {EH_GET, "/team/fairness", eh_team_fairness, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/models", eh_team_models, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/models/:model", eh_team_model, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/models/:model/card", eh_team_model_card, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/data", eh_team_data, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/policy", eh_team_policy, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/policy/versions", eh_team_policy_versions, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/policy/review", eh_team_review_form, SEES | EH_MAY_REVIEW},
    {EH_POST, "/team/policy/review", eh_team_review_propose, DOES | EH_MAY_REVIEW},
    {EH_GET, "/team/policy/reviews/:number", eh_team_review_page, SEES | EH_MAY_LOOK},
    {EH_POST, "/team/policy/reviews/:number", eh_team_review_sign, DOES | EH_MAY_REVIEW},
    {EH_GET, "/team/feedback", eh_team_feedback, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/feedback/:ticket", eh_team_feedback_piece, SEES | EH_MAY_LOOK},
    {EH_POST, "/team/feedback/:ticket", eh_team_feedback_answer, DOES | EH_MAY_ANSWER},
    {EH_GET, "/team/people", eh_team_people, SEES | EH_MAY_SEE_PEOPLE},
    {EH_POST, "/team/people/requests/:number", eh_team_request_done, DOES | EH_MAY_SEE_PEOPLE},
    {EH_GET, "/team/ledger", eh_team_ledger, SEES | EH_MAY_LOOK},
    {EH_POST, "/team/ledger/verify", eh_team_ledger_verify, DOES | EH_MAY_LOOK},
    {EH_GET, "/team/ledger/:entry", eh_team_ledger_entry, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/find", eh_team_find, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/find.json", eh_team_find_json, SEES | EH_MAY_LOOK},
    {EH_GET, "/team/roles", eh_team_roles, SEES | EH_MAY_LOOK},
};
const size_t eh_team_routes_count = sizeof eh_team_routes / sizeof eh_team_routes[0];

/* ---- the same for people ------------------------------------------------------------------------------------------------------ */

static const struct {
    unsigned right;
    const char *says;
} rights[] = {
    {EH_MAY_LOOK, "see campaigns, fairness, models, data, policy, feedback, ledger"},
    {EH_MAY_PLAN, "plan a campaign; ask that it goes out although the guards do not say so"},
    {EH_MAY_RELEASE, "release a plan that its guards let go; take the send list"},
    {EH_MAY_OVERRIDE, "answer such a question, as the second of two (needs training on record)"},
    {EH_MAY_ANSWER, "answer feedback"},
    {EH_MAY_SEE_PEOPLE, "look up one person; close requests"},
    {EH_MAY_REVIEW, "write and sign reviews of the policy"},
    {EH_MAY_TRAIN, "train models, check and repair data (on the command line)"},
    {EH_MAY_ADMINISTER, "see the accounts; add and remove them (on the command line)"},
};

static void account_row(void *context, const eh_account *account)
{
    eh_exchange *exchange = context;
    eh_buffer_text(&exchange->out, "<tr>");
    eh_team_cell_head(exchange, account->name);
    eh_team_cell(exchange, eh_role_name(account->role));
    eh_team_cell(exchange, account->trained_s != 0 ? eh_team_day(exchange, account->trained_s) : "not on record");
    eh_buffer_text(&exchange->out, "</tr>\n");
}

static eh_code accounts_write(eh_exchange *exchange, eh_error *error)
{
    static const char *const headings[] = {"Name", "Role", "Trained for approving", NULL};
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>Accounts</h2>\n");
    eh_team_table_begin(exchange, "Accounts", headings);
    eh_code code = eh_accounts_list(store, account_row, exchange, error);
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "<p class=\"command\"><code>evenhand team add NAME --role ROLE --trained</code></p></section>\n");
    eh_web_store_give(web, store);
    return code;
}

eh_answer eh_team_roles(eh_exchange *exchange)
{
    const char *headings[EH_ROLES_COUNT + 2] = {"May"};
    eh_error error = {0};
    eh_code code = EH_OK;
    for (eh_role r = 0; r < EH_ROLES_COUNT; r++)
        headings[r + 1] = eh_role_name(r);
    eh_team_page_begin(exchange, "/team/roles", "Roles");
    eh_team_header(exchange, &(eh_team_heading){.title = "Roles", .says = "Who may see and do what"});
    eh_buffer_text(&exchange->out, "<section class=\"card\">\n");
    eh_team_table_begin(exchange, "Roles", headings);
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        eh_buffer_text(&exchange->out, "<tr>");
        eh_team_cell_head(exchange, rights[i].says);
        for (eh_role r = 0; r < EH_ROLES_COUNT; r++)
            eh_team_cell(exchange, (eh_role_rights(r) & rights[i].right) != 0 ? "yes" : "–");
        eh_buffer_text(&exchange->out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "</section>\n");
    if (eh_team_may(exchange, EH_MAY_ADMINISTER))
        code = accounts_write(exchange, &error);
    eh_team_page_end(exchange);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}
