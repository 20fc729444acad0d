/*
 * Goal: for every route of the team and every role, exactly those pass who hold its rights; forms need the token of their session; nobody passes without one.
 * A customer's link opens nothing and does nothing from the second on in which it expires.
 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_client.h"
#include "rights/links.h"
#include "web/api_int.h"
#include "web/team.h"
#include "web/team_int.h"

static const char workspace[] = "shop: { name: Blue Finch }\nsources:\n  customers: { read: customers.csv, key: id }\nfeatures:\n"
                                "  orders: { value: customers.orders, says: \"{value} orders\", from_whom: \"your orders\" }\n";
static const char password[] = "correct horse battery";

typedef struct {
    char folder[64];
    eh_web *web;
    uint16_t port;
    char tokens[EH_ROLES_COUNT][EH_TOKEN_TEXT_BYTES];
    eh_session sessions[EH_ROLES_COUNT];
} shop;

static void file_make(const char *folder, const char *name, const char *text)
{
    char path[128];
    eh_error error = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(eh_file_replace(path, eh_view_of(text), &error), EH_OK);
}

static void role_sign_in(shop *of, eh_store *store, eh_role role, int64_t now_s)
{
    eh_error error = {0};
    eh_team_change change = {.folder = of->folder, .name = eh_role_name(role), .role = eh_role_name(role), .password = eh_view_of(password), .trained = true, .now_s = now_s};
    eh_sign_in given = {eh_view_of(eh_role_name(role)), eh_view_of(password), "127.0.0.1", now_s};
    if (eh_team_add(&change, &error) != EH_OK || eh_session_open(store, &given, of->tokens[role], &error) != EH_OK ||
        eh_session_find(store, eh_view_of(of->tokens[role]), now_s, &of->sessions[role], &error) != EH_OK)
        fail_msg("%s", error.text);
}

static int shop_open(void **state)
{
    shop *of = calloc(1, sizeof *of);
    eh_error error = {0};
    eh_store *store;
    assert_non_null(of);
    *state = of;
    snprintf(of->folder, sizeof of->folder, "/tmp/evenhand-team-XXXXXX");
    assert_non_null(mkdtemp(of->folder));
    file_make(of->folder, "evenhand.yaml", workspace);
    file_make(of->folder, "customers.csv", "id,orders\nc-1,2\n");
    if (eh_web_open(&(eh_web_options){.workspace = of->folder, .threads = 1}, &of->web, &error) != EH_OK)
        fail_msg("%s", error.text);
    of->port = (uint16_t)strtoul(strrchr(eh_web_origin(of->web), ':') + 1, NULL, 10);
    assert_int_equal(eh_web_store_take(of->web, &store, &error), EH_OK);
    for (eh_role r = 0; r < EH_ROLES_COUNT; r++)
        role_sign_in(of, store, r, eh_web_now_s(of->web));
    eh_web_store_give(of->web, store);
    return 0;
}

static int file_remove(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts, (void)kind, (void)place;
    return remove(path);
}

static int shop_close(void **state)
{
    shop *of = *state;
    eh_web_close(&of->web);
    int status = nftw(of->folder, file_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(of);
    return status;
}

/* A pattern with something in place of what it leaves open. */
static void path_make(const char *pattern, char out[200])
{
    size_t at = 0;
    while (*pattern != '\0' && at < 190) {
        if (*pattern != ':') {
            out[at++] = *pattern++;
            continue;
        }
        out[at++] = '7';
        pattern += strcspn(pattern, "/");
    }
    out[at] = '\0';
}

static const char *ask(const shop *of, const eh_route *route, const char *cookie, const char *form_token, char response[EH_RESPONSE_BYTES_MAX])
{
    char path[200], body[128], request[1024];
    path_make(route->pattern, path);
    snprintf(body, sizeof body, "form_token=%s", form_token);
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\n%s%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
             eh_http_method_name(route->method), path, cookie[0] == '\0' ? "X-None: 1" : "Cookie: evenhand_session=", cookie, route->method == EH_POST ? strlen(body) : 0,
             route->method == EH_POST ? body : "");
    return client_ask(of->port, request, response);
}

static unsigned status_of(const char *response)
{
    return strlen(response) < 12 ? 0 : (unsigned)strtoul(response + 9, NULL, 10);
}

static bool is_sign_out(const eh_route *route)
{
    return strcmp(route->pattern, "/team/sign-out") == 0;
}

static void each_route_and_role(void **state)
{
    const shop *of = *state;
    static char response[EH_RESPONSE_BYTES_MAX];
    size_t denied = 0, passed = 0;
    for (size_t i = 0; i < eh_team_routes_count; i++) {
        const eh_route *route = &eh_team_routes[i];
        unsigned wanted = route->flags & (EH_ROUTE_TEAM - 1U);
        if ((route->flags & EH_ROUTE_TEAM) == 0 || is_sign_out(route))
            continue;
        for (eh_role r = 0; r < EH_ROLES_COUNT; r++) {
            bool may = (eh_role_rights(r) & wanted) == wanted;
            ask(of, route, of->tokens[r], of->sessions[r].form_token, response);
            unsigned status = status_of(response);
            if (!may && (status != 403 || strstr(response, "you may not do this. The page on roles says who may") == NULL))
                fail_msg("%s %s as %s: %u instead of a kind 403\n%s", eh_http_method_name(route->method), route->pattern, eh_role_name(r), status, response);
            if (may && (status == 403 || status == 0 || status >= 500))
                fail_msg("%s %s as %s: %u\n%s", eh_http_method_name(route->method), route->pattern, eh_role_name(r), status, response);
            denied += !may;
            passed += may;
        }
    }
    assert_true(denied > 20 && passed > 80);
}

static void no_session_no_page(void **state)
{
    const shop *of = *state;
    static char response[EH_RESPONSE_BYTES_MAX];
    for (size_t i = 0; i < eh_team_routes_count; i++) {
        if ((eh_team_routes[i].flags & EH_ROUTE_TEAM) == 0)
            continue;
        ask(of, &eh_team_routes[i], "", "x", response);
        assert_int_equal(status_of(response), 303);
        assert_non_null(strstr(response, "Location: /team/sign-in"));
    }
}

static void every_form_has_its_token(void **state)
{
    const shop *of = *state;
    static char response[EH_RESPONSE_BYTES_MAX];
    for (size_t i = 0; i < eh_team_routes_count; i++) {
        const eh_route *route = &eh_team_routes[i];
        unsigned wanted = route->flags & (EH_ROUTE_TEAM - 1U);
        if (route->method != EH_POST || (route->flags & EH_ROUTE_TEAM) == 0)
            continue;
        assert_true((route->flags & EH_ROUTE_FORM) != 0);
        for (eh_role r = 0; r < EH_ROLES_COUNT; r++) {
            if ((eh_role_rights(r) & wanted) != wanted)
                continue;
            eh_role other = r == EH_ROLE_ADMIN ? EH_ROLE_VIEWER : EH_ROLE_ADMIN;
            ask(of, route, of->tokens[r], of->sessions[other].form_token, response);
            assert_int_equal(status_of(response), 403);
            assert_non_null(strstr(response, "this form is not of your session"));
        }
    }
}

/* The path of a page for customers with a link in it. */
static void link_path(const shop *of, const char *pattern, const eh_link *link, char out[900])
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer token = {0};
    eh_error error = {0};
    const char *place = strstr(pattern, ":token");
    assert_int_equal(eh_link_append(&of->web->link_key, link, NULL, &token, &error), EH_OK);
    const char *rest = place + strlen(":token");
    snprintf(out, 900, "%.*s%s%.*s%s", (int)(place - pattern), pattern, token.ptr, (int)strcspn(rest, ":"), rest, strchr(rest, ':') != NULL ? "human" : "");
}

static unsigned link_ask(const shop *of, const eh_route *route, const eh_link *link)
{
    static char response[EH_RESPONSE_BYTES_MAX];
    char path[900], request[1400];
    link_path(of, route->pattern, link, path);
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
             eh_http_method_name(route->method), path);
    return status_of(client_ask(of->port, request, response));
}

static void a_link_ends(void **state)
{
    const shop *of = *state;
    size_t pages = 0, opened = 0;
    for (const eh_route *route = of->web->routes + eh_api_routes_count; strncmp(route->pattern, "/team", 5) != 0; route++) {
        if (strstr(route->pattern, ":token") == NULL)
            continue;
        pages++;
        for (eh_link_purpose purpose = 0; purpose < EH_LINKS_COUNT; purpose++) {
            eh_link link = {.purpose = purpose, .expires_s = eh_web_now_s(of->web) - 1, .person = EH_VIEW("c-1"), .subject = EH_VIEW("email")};
            if (link_ask(of, route, &link) != 410)
                fail_msg("%s %s opens with a link of purpose %d that has expired", eh_http_method_name(route->method), route->pattern, (int)purpose);
            link.expires_s += 1000;
            opened += route->method == EH_GET && link_ask(of, route, &link) == 200;
        }
    }
    assert_true(pages > 15 && opened >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_route_and_role),
        cmocka_unit_test(no_session_no_page),
        cmocka_unit_test(every_form_has_its_token),
        cmocka_unit_test(a_link_ends),
    };
    return cmocka_run_group_tests(tests, shop_open, shop_close);
}
