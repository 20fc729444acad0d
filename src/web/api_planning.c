/*
 * Plans that programs ask for. A plan of many people takes longer than a connection should wait, so each request for one is a thing of its own, with a
 * row that says how it stands: who asks waits ten seconds, or as long as `Prefer: wait=N` says, and asks for the row from then on.
 */
#include <string.h>

#include "web/api_inside_int.h"
#include "web/planner_int.h"
#include "web/team_int.h"

enum { WAIT_SECONDS_USUAL = 10, WAIT_SECONDS_MAX = 60, KEPT_SECONDS = 30 * 86400, REQUEST_LEN = EH_PLAN_REQUEST_BYTES - 1, SEED_USUAL = 1 };

typedef enum { REQUEST_MAKING, REQUEST_MADE, REQUEST_FAILED, REQUEST_STATES } request_state;
static const char *const state_names[REQUEST_STATES] = {"making", "made", "failed"};

/* A row of api_plan_request. */
typedef struct {
    const char *request, *campaign, *plan, *outcome, *detail;
    request_state state;
    int64_t asked_s, finished_s;
    unsigned status;          /* of a problem, when it failed */
} request_row;

/* ---- rows --------------------------------------------------------------------------------------------------------------------------- */

static eh_code row_insert(eh_store *store, const eh_plan_order *order, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *sweep = NULL, *keep = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM api_plan_request WHERE asked_s < $1", &sweep, error));
    eh_bind_integer(sweep, 1, order->now_s - KEPT_SECONDS);
    EH_TRY(eh_statement_run(sweep, error));
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO api_plan_request (request, campaign, state, asked_s, finished_s, plan, outcome, status, detail) "
                            "VALUES ($1, $2, 0, $3, 0, '', '', 0, '')",
                            &keep, error));
    eh_bind_text(keep, 1, eh_view_of(order->request));
    eh_bind_text(keep, 2, eh_view_of(order->campaign));
    eh_bind_integer(keep, 3, order->now_s);
    return eh_statement_run(keep, error);
}

/* What went wrong inside is not for strangers. */
static void failure_of(const eh_plan_order *order, unsigned *status_out, const char **detail_out)
{
    unsigned status = order->code == EH_INPUT ? 422 : eh_http_status_of(order->code);
    *status_out = status;
    *detail_out = status < 500 ? order->error.text : "something went wrong here; it has been noted";
}

static eh_code row_finish(eh_web *web, eh_store *store, const eh_plan_order *order, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *change = NULL;
    unsigned status = 0;
    const char *detail = "";
    if (order->code != EH_OK)
        failure_of(order, &status, &detail);
    EH_TRY(eh_store_prepare(store, "UPDATE api_plan_request SET state = $2, finished_s = $3, plan = $4, outcome = $5, status = $6, detail = $7 WHERE request = $1", &change, error));
    eh_bind_text(change, 1, eh_view_of(order->request));
    eh_bind_integer(change, 2, order->code == EH_OK ? REQUEST_MADE : REQUEST_FAILED);
    eh_bind_integer(change, 3, eh_web_now_s(web));
    eh_bind_text(change, 4, eh_view_of(order->plan));
    eh_bind_text(change, 5, eh_view_of(order->outcome));
    eh_bind_integer(change, 6, status);
    eh_bind_text(change, 7, eh_view_of(detail));
    return eh_statement_run(change, error);
}

void eh_plan_request_finish(eh_web *web, const eh_plan_order *order)
{
    eh_error error = {0};
    eh_store *store;
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = row_finish(web, store, order, &error);
        eh_web_store_give(web, store);
    }
    if (order->code != EH_OK && eh_http_status_of(order->code) >= 500)
        fprintf(stderr, "evenhand serve: a plan of %s: %s\n", order->campaign, order->error.text);
    if (code != EH_OK)
        fprintf(stderr, "evenhand serve: how the plan of %s stands could not be kept: %s\n", order->campaign, error.text);
}

eh_code eh_plan_requests_settle(eh_web *web, eh_error *error)
{
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_store_run(store, "UPDATE api_plan_request SET state = 2, finished_s = asked_s, status = 503, "
                                       "detail = 'the server stopped before this plan was made; ask for it again' WHERE state = 0", error);
    eh_web_store_give(web, store);
    return code;
}

static eh_code row_find(eh_exchange *exchange, eh_store *store, const char *request, request_row *row_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool there = false;
    EH_TRY(eh_store_prepare(store, "SELECT campaign, state, asked_s, finished_s, plan, outcome, status, detail FROM api_plan_request WHERE request = $1", &find, error));
    eh_bind_text(find, 1, eh_view_of(request));
    EH_TRY(eh_statement_step(find, &there, error));
    if (!there)
        return eh_fail(error, EH_NOT_FOUND, "no plan was asked for under this name; requests are kept for 30 days");
    eh_arena *arena = exchange->arena;
    int64_t state = eh_column_integer(find, 1);
    request_row row = {.request = request, .campaign = eh_arena_copy(arena, eh_column_text(find, 0)), .plan = eh_arena_copy(arena, eh_column_text(find, 4)),
                       .outcome = eh_arena_copy(arena, eh_column_text(find, 5)), .detail = eh_arena_copy(arena, eh_column_text(find, 7)),
                       .asked_s = eh_column_integer(find, 2), .finished_s = eh_column_integer(find, 3), .status = (unsigned)eh_column_integer(find, 6)};
    if (row.campaign == NULL || row.plan == NULL || row.outcome == NULL || row.detail == NULL)
        return eh_fail_memory(error);
    if (state < 0 || state >= REQUEST_STATES)
        return eh_fail(error, EH_CORRUPT, "a request for a plan cannot be read");
    row.state = (request_state)state;
    *row_out = row;
    return EH_OK;
}

/* ---- answers --------------------------------------------------------------------------------------------------------------------------- */

static void problem_write(eh_json_writer *json, const request_row *row)
{
    eh_json_object_open(json, "problem");
    eh_json_text(json, "type", "about:blank");
    eh_json_text(json, "title", eh_http_reason(row->status));
    eh_json_integer(json, "status", row->status);
    eh_json_text(json, "detail", row->detail);
    eh_json_object_close(json);
}

/* {"request", "state", "campaign", "asked", "finished", "plan", "outcome", "problem"}; the last four when there is such a thing. */
static void row_write(eh_exchange *exchange, unsigned status, const request_row *row)
{
    eh_json_writer json;
    eh_api_json_begin(exchange, status, &json);
    eh_json_text(&json, "request", row->request);
    eh_json_text(&json, "state", state_names[row->state]);
    eh_json_text(&json, "campaign", row->campaign);
    eh_json_time(&json, "asked", row->asked_s);
    if (row->state != REQUEST_MAKING)
        eh_json_time(&json, "finished", row->finished_s);
    if (row->state == REQUEST_MADE) {
        eh_json_text(&json, "plan", row->plan);
        eh_json_text(&json, "outcome", row->outcome);
    }
    if (row->state == REQUEST_FAILED)
        problem_write(&json, row);
    eh_api_json_end(exchange, &json);
}

/* ---- asking for one ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *campaign;
    int64_t as_of, seed;
    eh_body_truth repair;
} plan_body;

static const eh_body_member plan_members[] = {
    {"campaign", EH_BODY_TEXT, true, offsetof(plan_body, campaign), EH_PLAN_CAMPAIGN_BYTES - 1, NULL},
    {"as_of", EH_BODY_TIME, false, offsetof(plan_body, as_of), 0, NULL},
    {"repair", EH_BODY_TRUTH, false, offsetof(plan_body, repair), 0, NULL},
    {"seed", EH_BODY_INTEGER, false, offsetof(plan_body, seed), (size_t)1 << 53, NULL},
};

static eh_code order_read(eh_exchange *exchange, eh_plan_order *order, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    plan_body body = {0};
    EH_TRY(eh_body_parse(exchange, &document, error));
    EH_TRY(eh_body_read(eh_json_root(document), "", plan_members, sizeof plan_members / sizeof plan_members[0], &body, error));
    snprintf(order->campaign, sizeof order->campaign, "%s", body.campaign);
    order->now_s = eh_web_now_s(eh_web_of(exchange));
    order->as_of_s = body.as_of;
    order->repair = body.repair == EH_BODY_TRUE;
    order->seed = body.seed == 0 ? SEED_USUAL : (uint64_t)body.seed;
    return EH_OK;
}

/* What can be said at once: such a campaign is there and can be read, and the moment lies in the past. */
static eh_code order_check(eh_exchange *exchange, const eh_plan_order *order, eh_error *error)
{
    EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = NULL;
    const char *path = eh_arena_format(exchange->arena, "%s/campaigns/%s.yaml", eh_web_of(exchange)->model->folder, order->campaign);
    if (path == NULL)
        return eh_fail_memory(error);
    if (!eh_name_is_plain(eh_view_of(order->campaign)))
        return eh_fail(error, EH_NOT_FOUND, "there is no campaign '%s' here", order->campaign);
    if (order->as_of_s < 0 || order->as_of_s > order->now_s)
        return eh_fail(error, EH_INPUT, "as_of: facts are known from 1970 until now");
    eh_code code = eh_campaign_open(path, &file, error);
    return code == EH_NOT_FOUND ? eh_fail(error, EH_NOT_FOUND, "there is no campaign '%s' here", order->campaign) : code;
}

/* Seconds to wait: what Prefer (RFC 7240) says, as far as it says something of it. */
static unsigned wait_seconds(eh_exchange *exchange)
{
    static const eh_view wait = {"wait=", 5}, async = {"respond-async", 13};
    unsigned seconds = WAIT_SECONDS_USUAL;
    bool said = false, at_once = false;
    for (eh_view rest = eh_fields_get(exchange->headers, "prefer"); rest.len > 0;) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma == NULL ? rest.len : (size_t)(comma - rest.ptr);
        eh_view each = eh_view_trim((eh_view){rest.ptr, len});
        at_once = at_once || eh_view_equal_nocase(each, async);
        if (each.len > wait.len && each.len <= wait.len + 4 && eh_view_equal_nocase((eh_view){each.ptr, wait.len}, wait)) {
            unsigned number = 0;
            for (size_t i = wait.len; i < each.len && each.ptr[i] >= '0' && each.ptr[i] <= '9'; i++)
                number = number * 10 + (unsigned)(each.ptr[i] - '0');
            seconds = number > WAIT_SECONDS_MAX ? WAIT_SECONDS_MAX : number;
            said = true;
        }
        rest = comma == NULL ? (eh_view){0} : (eh_view){comma + 1, rest.len - len - 1};
    }
    return at_once && !said ? 0 : seconds;
}

static void location_say(eh_exchange *exchange, const char *folder, const char *name)
{
    const char *path = eh_arena_format(exchange->arena, "/v1/%s/%s", folder, name);
    if (path != NULL)
        eh_exchange_header(exchange, "Location", path);
}

/* The row, the answer for who comes again with the same Idempotency-Key, and the place in the line: all or nothing. */
static eh_code order_put(eh_exchange *exchange, eh_store *store, const eh_plan_order *asked, eh_plan_order **order_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_plan_order *order = NULL;
    EH_TRY(eh_store_begin(store, error));
    EH_TRY(row_insert(store, asked, error));
    row_write(exchange, 202, &(request_row){.request = asked->request, .campaign = asked->campaign, .asked_s = asked->now_s});
    location_say(exchange, "plan-requests", asked->request);
    EH_TRY(eh_api_remember(exchange, store, error));
    EH_TRY(eh_planner_order(web->planner, asked, &order, error));
    eh_code code = eh_store_commit(store, error);
    if (code == EH_OK)
        *order_out = order;
    else
        eh_planner_give(web->planner, order);
    return code;
}

static void order_answer(eh_exchange *exchange, const eh_plan_order *order)
{
    if (order->code != EH_OK) {
        unsigned status;
        const char *detail;
        failure_of(order, &status, &detail);
        eh_exchange_problem(exchange, status, detail);
        eh_exchange_header(exchange, "Location", NULL);
        eh_api_keep_not(exchange);
        return;
    }
    eh_api_keep_again(exchange);
    row_write(exchange, 201, &(request_row){.request = order->request, .state = REQUEST_MADE, .campaign = order->campaign, .asked_s = order->now_s,
                                            .finished_s = eh_web_now_s(eh_web_of(exchange)), .plan = order->plan, .outcome = order->outcome});
    location_say(exchange, "plans", order->plan);
}

static void plan_later(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_store *store;
    eh_plan_order asked = {0}, *order = NULL;
    uint8_t name[REQUEST_LEN / 2];
    if (order_read(exchange, &asked, &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return;
    }
    eh_code code = order_check(exchange, &asked, &error);
    eh_entropy_fill(NULL, name, sizeof name);
    eh_hex(name, sizeof name, asked.request);
    if (code == EH_OK)
        code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = order_put(exchange, store, &asked, &order, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK) {
        eh_api_refuse(exchange, &error);
        if (code == EH_UNAVAILABLE)
            eh_exchange_header(exchange, "Retry-After", "10");
        return;
    }
    if (eh_planner_wait(web->planner, order, (int64_t)wait_seconds(exchange) * 1000))
        order_answer(exchange, order);
    eh_planner_give(web->planner, order);
}

eh_answer eh_api_plan_make(eh_exchange *exchange)
{
    eh_error error = {0};
    if (eh_query_check(exchange, "", &error) == EH_OK)
        return eh_api_later(exchange, plan_later);
    eh_exchange_fail(exchange, &error);
    return EH_NOW;
}

/* ---- how it stands ------------------------------------------------------------------------------------------------------------------------ */

static void request_show(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_store *store;
    request_row row = {0};
    const char *request = eh_arena_copy(exchange->arena, exchange->parameters[0]);
    eh_code code = request == NULL ? eh_fail_memory(&error) : eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = row_find(exchange, store, request, &row, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return;
    }
    row_write(exchange, 200, &row);
    if (row.state == REQUEST_MAKING)
        eh_exchange_header(exchange, "Retry-After", "1");
}

eh_answer eh_api_plan_request_show(eh_exchange *exchange)
{
    eh_error error = {0};
    if (!eh_api_id_is_one(exchange->parameters[0]))
        (void)eh_fail(&error, EH_INPUT, "a request is named by %d hexadecimal digits in lower case", REQUEST_LEN);
    else if (eh_query_check(exchange, "", &error) == EH_OK)
        return eh_api_later(exchange, request_show);
    eh_exchange_fail(exchange, &error);
    return EH_NOW;
}
