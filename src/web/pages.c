/* The frames that pages stand in. */
#include <string.h>

#include "web/customer_int.h"
#include "web/team_int.h"

void eh_page_style(eh_exchange *exchange, eh_web_asset asset)
{
    eh_buffer_text(&exchange->out, "<link rel=\"stylesheet\" href=\"");
    eh_web_asset_path(asset, &exchange->out);
    eh_buffer_text(&exchange->out, "\">\n");
}

static void script_link(eh_exchange *exchange, eh_web_asset asset)
{
    eh_buffer_text(&exchange->out, "<script defer src=\"");
    eh_web_asset_path(asset, &exchange->out);
    eh_buffer_text(&exchange->out, "\"></script>\n");
}

void eh_page_head(eh_exchange *exchange, const eh_page_head_facts *page)
{
    eh_html_put(&exchange->out,
                "<!doctype html>\n<html lang=\"$\"$>\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n"
                "<title>$</title>\n<link rel=\"icon\" href=\"data:,\">\n",
                page->language, page->right_to_left ? " dir=rtl" : "", page->title);
    eh_page_style(exchange, EH_STYLE_BASE);
}

/* ---- the team ------------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *path, *name;
    unsigned right;
} rooms[] = {
    {"/team", "Today", EH_MAY_LOOK},
    {"/team/campaigns", "Campaigns", EH_MAY_LOOK},
    {"/team/fairness", "Fairness", EH_MAY_LOOK},
    {"/team/models", "Models", EH_MAY_LOOK},
    {"/team/data", "Data", EH_MAY_LOOK},
    {"/team/policy", "Policy", EH_MAY_LOOK},
    {"/team/feedback", "Feedback", EH_MAY_LOOK},
    {"/team/people", "People", EH_MAY_SEE_PEOPLE},
    {"/team/ledger", "Ledger", EH_MAY_LOOK},
};

static void side_write(eh_exchange *exchange, const eh_session *session, const char *active)
{
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<header class=\"side\">\n<a class=\"mark\" href=\"/team\">Evenhand <span>$</span></a>\n", eh_web_of(exchange)->model->shop.name);
    eh_buffer_text(out, "<form class=\"find\" role=\"search\" action=\"/team/find\"><label class=\"hidden\" for=\"q\">Find a campaign, plan, model, rule, ticket, decision or person</label>"
                        "<input id=\"q\" name=\"q\" type=\"search\" placeholder=\"Find ( / )\" autocomplete=\"off\"></form>\n<nav aria-label=\"Rooms\"><ul>\n");
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        if ((eh_role_rights(session->account.role) & rooms[i].right) != 0)
            eh_html_put(out, strcmp(rooms[i].path, active) == 0 ? "<li><a href=\"$\" aria-current=\"page\">$</a></li>\n" : "<li><a href=\"$\">$</a></li>\n",
                        rooms[i].path, rooms[i].name);
    eh_html_put(out, "</ul></nav>\n<div class=\"who\"><span><strong>$</strong><br><a href=\"/team/roles\">$</a></span>\n<form method=\"post\" action=\"/team/sign-out\">", session->account.name,
                eh_role_name(session->account.role));
    eh_team_form_token(exchange);
    eh_buffer_text(out, "<button>Sign out</button></form></div>\n</header>\n");
}

void eh_team_page_begin(eh_exchange *exchange, const char *active, const char *title)
{
    const eh_session *session = eh_exchange_session(exchange);
    eh_buffer *out = &exchange->out;
    eh_page_head(exchange, &(eh_page_head_facts){.title = title, .language = "en"});
    eh_page_style(exchange, EH_STYLE_TEAM);
    eh_buffer_text(out, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n");
    if (session == NULL) {
        eh_buffer_text(out, "<main id=\"main\" class=\"door\">\n");
        return;
    }
    eh_buffer_text(out, "<div class=\"frame\">\n");
    side_write(exchange, session, active);
    eh_buffer_text(out, "<main id=\"main\" class=\"team\">\n");
}

void eh_team_page_end(eh_exchange *exchange)
{
    const eh_team_visit *visit = exchange->visit;
    eh_buffer_text(&exchange->out, visit == NULL ? "</main>\n" : "</main>\n</div>\n");
    if (visit != NULL && visit->charts > 0) /* a megabyte that only pages with charts ask for */
        script_link(exchange, EH_SCRIPT_ECHARTS);
    script_link(exchange, EH_SCRIPT_TEAM);
    eh_buffer_text(&exchange->out, "</body>\n</html>\n");
}

void eh_team_form_token(eh_exchange *exchange)
{
    eh_html_put(&exchange->out, "<input type=\"hidden\" name=\"form_token\" value=\"$\">", eh_exchange_session(exchange)->form_token);
}

/* ---- what went wrong ---------------------------------------------------------------------------------------------------------------- */

void eh_page_of_error(eh_exchange *exchange, const eh_error *error)
{
    unsigned status = eh_http_status_of(error->code);
    const char *detail = status >= 500 ? "Something went wrong here. It has been noted; please try again in a moment." : error->text;
    bool team = exchange->path.len >= 5 && memcmp(exchange->path.ptr, "/team", 5) == 0;
    eh_error ignored;
    eh_visit *visit = NULL;
    if (status >= 500)
        eh_server_log(exchange, error->text);
    exchange->status = status;
    exchange->content_type = NULL;
    eh_buffer_clear(&exchange->out);
    if (!team && eh_visit_open(exchange, &visit, &ignored) != EH_OK)
        return;
    if (team)
        eh_team_page_begin(exchange, "", eh_http_reason(status));
    else
        eh_visit_page_begin(exchange, visit, "wrong_title");
    eh_html_put(&exchange->out, "<div class=\"card\"><h1>$</h1>\n<p>$</p>\n", eh_http_reason(status), detail);
    if (team && eh_exchange_session(exchange) != NULL) {
        eh_buffer_text(&exchange->out, "<div class=\"actions\"><a class=\"button\" href=\"/team\">Back to Today</a>");
        eh_buffer_text(&exchange->out, status == 403 ? "<a class=\"button\" href=\"/team/roles\">Who may do what</a></div>\n" : "</div>\n");
    }
    eh_buffer_text(&exchange->out, "</div>\n");
    if (team)
        eh_team_page_end(exchange);
    else
        eh_visit_page_end(exchange, visit);
}
