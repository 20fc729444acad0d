/* The door of the team pages: signing in and out, and who may pass. */
#include <string.h>

#include "web/team_int.h"

static const char cookie_name[] = "evenhand_session";

const eh_session *eh_exchange_session(const eh_exchange *exchange)
{
    const eh_team_visit *visit = exchange->visit;
    return visit == NULL ? NULL : &visit->session;
}

eh_fields eh_exchange_team_form(const eh_exchange *exchange)
{
    const eh_team_visit *visit = exchange->visit;
    return visit == NULL ? (eh_fields){0} : visit->form;
}

static bool is_secure(const eh_web *web)
{
    return strncmp(web->origin, "https://", 8) == 0;
}

bool eh_team_may(const eh_exchange *exchange, unsigned rights)
{
    return (eh_role_rights(eh_exchange_session(exchange)->account.role) & rights) == rights;
}

const char *eh_team_name(const eh_exchange *exchange)
{
    return eh_exchange_session(exchange)->account.name;
}

/* SameSite=Strict keeps other sites from using the session; the form token keeps everything else from it. */
static void cookie_set(eh_exchange *exchange, const char *token, int64_t seconds)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_format(&text, "%s=%s; Path=/team; Max-Age=%lld; HttpOnly; SameSite=Strict%s", cookie_name, token, (long long)seconds,
                     is_secure(eh_web_of(exchange)) ? "; Secure" : "");
    if (text.code == EH_OK)
        eh_exchange_header(exchange, "Set-Cookie", text.ptr);
    else
        exchange->status = 500;
}

static eh_code visit_open(eh_exchange *exchange, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    eh_team_visit *visit = EH_TAKE(exchange->arena, 1, eh_team_visit);
    if (visit == NULL)
        return eh_fail_memory(error);
    eh_view token = eh_fields_get(exchange->cookies, cookie_name);
    if (token.ptr == NULL)
        return eh_fail(error, EH_DENIED, "please sign in");
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_session_find(store, token, eh_web_now_s(web), &visit->session, error);
    eh_web_store_give(web, store);
    if (code == EH_OK)
        exchange->visit = visit;
    return code;
}

static eh_code form_check(eh_exchange *exchange, eh_error *error)
{
    eh_team_visit *visit = exchange->visit;
    EH_TRY(eh_exchange_form(exchange, &visit->form, error));
    eh_view given = eh_fields_get(visit->form, "form_token");
    size_t len = strlen(visit->session.form_token);
    if (given.len != len || !eh_same_bytes(given.ptr, visit->session.form_token, len))
        return eh_fail(error, EH_DENIED, "this form is not of your session; load the page again");
    return EH_OK;
}

bool eh_team_admit(eh_exchange *exchange)
{
    eh_error error = {0};
    unsigned flags = exchange->route->flags, wanted = flags & (EH_ROUTE_TEAM - 1U);
    if ((flags & EH_ROUTE_TEAM) == 0)
        return true;
    eh_code code = visit_open(exchange, &error);
    if (code == EH_DENIED) {
        eh_exchange_redirect(exchange, "/team/sign-in");
        return false;
    }
    if (code == EH_OK && (eh_role_rights(eh_exchange_session(exchange)->account.role) & wanted) != wanted)
        code = eh_fail(&error, EH_DENIED, "As %s you may not do this. The page on roles says who may; ask one of them, or an admin for another role.", eh_role_name(eh_exchange_session(exchange)->account.role));
    if (code == EH_OK && (flags & EH_ROUTE_FORM) != 0)
        code = form_check(exchange, &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return code == EH_OK;
}

static void sign_in_write(eh_exchange *exchange, const char *wrong)
{
    eh_team_page_begin(exchange, "", "Sign in");
    eh_html_put(&exchange->out, "<div class=\"card\"><p class=\"quiet\">$</p><h1>Sign in</h1>\n", eh_web_of(exchange)->model->shop.name);
    if (wrong != NULL)
        eh_html_put(&exchange->out, "<div class=\"note bad\" role=\"alert\"><p>$</p></div>\n", wrong);
    eh_buffer_text(&exchange->out, "<form method=\"post\" action=\"/team/sign-in\">\n"
                                   "<label for=\"name\">Name</label><input id=\"name\" name=\"name\" autocomplete=\"username\" required>\n"
                                   "<label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" "
                                   "autocomplete=\"current-password\" required>\n<button class=\"primary\">Sign in</button>\n</form></div>\n");
    eh_team_page_end(exchange);
}

eh_answer eh_team_sign_in_page(eh_exchange *exchange)
{
    sign_in_write(exchange, NULL);
    return EH_NOW;
}

/* Another site must not sign somebody in under its own name: browsers say where a form comes from. */
static bool comes_from_here(const eh_exchange *exchange)
{
    eh_view site = eh_fields_get(exchange->headers, "sec-fetch-site");
    return site.ptr == NULL || eh_view_equal(site, EH_VIEW("same-origin")) || eh_view_equal(site, EH_VIEW("none"));
}

eh_answer eh_team_sign_in(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_fields form;
    eh_store *store;
    char token[EH_TOKEN_TEXT_BYTES];
    if (!comes_from_here(exchange)) {
        (void)eh_fail(&error, EH_DENIED, "this form was not sent from this site");
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_code code = eh_exchange_form(exchange, &form, &error);
    if (code == EH_OK)
        code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        eh_sign_in given = {eh_fields_get(form, "name"), eh_fields_get(form, "password"), exchange->peer, eh_web_now_s(web)};
        code = eh_session_open(store, &given, token, &error);
        eh_web_store_give(web, store);
    }
    if (code == EH_OK) {
        eh_exchange_redirect(exchange, "/team");
        cookie_set(exchange, token, 12 * 3600);
    } else if (code == EH_DENIED || code == EH_UNAVAILABLE) {
        exchange->status = code == EH_DENIED ? 403 : 429;
        sign_in_write(exchange, error.text);
    } else {
        eh_page_of_error(exchange, &error);
    }
    eh_wipe(token, sizeof token);
    return EH_NOW;
}

eh_answer eh_team_sign_out(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_store *store;
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = eh_session_close(store, eh_fields_get(exchange->cookies, cookie_name), &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_exchange_redirect(exchange, "/team/sign-in");
    cookie_set(exchange, "", 0);
    return EH_NOW;
}
