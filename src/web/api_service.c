/* The routes of the interface, its document, its health and its counters. */
#include <string.h>

#include "base/embed.h"
#include "web/api_inside_int.h"
#include "web/assets/api_document.h"

EH_EMBED(eh_api_bytes_document, EH_API_DOCUMENT_PATH);

#define API(scope) (EH_ROUTE_API | (unsigned)(scope))
#define WRITES(scope) (EH_ROUTE_API | EH_API_WRITES | (unsigned)(scope))

const eh_route eh_api_routes[] = {
    {EH_GET, "/v1/health", eh_api_health, EH_ROUTE_API | EH_API_OPEN},
    {EH_GET, "/v1/openapi.json", eh_api_document, EH_ROUTE_API | EH_API_OPEN},
    {EH_GET, "/v1/metrics", eh_api_metrics, API(EH_SCOPE_METRICS)},
    {EH_POST, "/v1/decisions", eh_api_decide, WRITES(EH_SCOPE_DECISIONS)},
    {EH_GET, "/v1/decisions/:id", eh_api_decision_show, API(EH_SCOPE_DECISIONS)},
    {EH_GET, "/v1/plans", eh_api_plans_list, API(EH_SCOPE_PLANS)},
    {EH_POST, "/v1/plans", eh_api_plan_make, WRITES(EH_SCOPE_PLANS)},
    {EH_GET, "/v1/plans/:plan", eh_api_plan_show, API(EH_SCOPE_PLANS)},
    {EH_GET, "/v1/plan-requests/:request", eh_api_plan_request_show, API(EH_SCOPE_PLANS)},
    {EH_GET, "/v1/explanations/:id", eh_api_explanation, API(EH_SCOPE_EXPLANATIONS)},
    {EH_POST, "/v1/consents", eh_api_consents_say, WRITES(EH_SCOPE_CONSENTS)},
    {EH_GET, "/v1/consents/:person", eh_api_consents_show, API(EH_SCOPE_CONSENTS)},
    {EH_GET, "/v1/preferences/:person", eh_api_preferences_show, API(EH_SCOPE_PREFERENCES)},
    {EH_PUT, "/v1/preferences/:person", eh_api_preferences_set, WRITES(EH_SCOPE_PREFERENCES)},
    {EH_GET, "/v1/people/:person", eh_api_person_export, API(EH_SCOPE_PEOPLE)},
    {EH_DELETE, "/v1/people/:person", eh_api_person_erase, WRITES(EH_SCOPE_PEOPLE)},
    {EH_POST, "/v1/feedback", eh_api_feedback_give, WRITES(EH_SCOPE_FEEDBACK)},
    {EH_GET, "/v1/feedback", eh_api_feedback_list, API(EH_SCOPE_FEEDBACK)},
    {EH_GET, "/v1/feedback/:ticket", eh_api_feedback_show, API(EH_SCOPE_FEEDBACK)},
    {EH_POST, "/v1/outcomes", eh_api_outcomes_record, WRITES(EH_SCOPE_OUTCOMES)},
    {EH_GET, "/v1/outcomes", eh_api_outcomes_list, API(EH_SCOPE_OUTCOMES)},
    {EH_GET, "/v1/proofs/:id", eh_api_proof, API(EH_SCOPE_PROOFS)},
    {EH_POST, "/v1/links", eh_api_link, WRITES(EH_SCOPE_LINKS)},
};
const size_t eh_api_routes_count = sizeof eh_api_routes / sizeof eh_api_routes[0];
_Static_assert(sizeof eh_api_routes / sizeof eh_api_routes[0] <= EH_API_ROUTES_MAX, "every route has its counters");

/* ---- counters ------------------------------------------------------------------------------------------------------------------------ */

/* Upper ends in milliseconds. */
static const double bucket_ends[EH_API_BUCKETS] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 500, 2500};

eh_api_counters *eh_api_counters_of(const eh_web *web)
{
    return &web->api->counters;
}

static void count(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static size_t route_number(const eh_route *route)
{
    for (size_t r = 0; r < eh_api_routes_count; r++)
        if (eh_api_routes[r].handle == route->handle)
            return r;
    return EH_API_ROUTES_MAX;
}

void eh_api_answered(const eh_exchange *exchange, double seconds)
{
    eh_web *web = eh_web_of(exchange);
    if (exchange->route == NULL || (exchange->route->flags & EH_ROUTE_API) == 0 || web->api == NULL)
        return;
    eh_api_counters *counters = &web->api->counters;
    size_t route = route_number(exchange->route), bucket = 0;
    if (route == EH_API_ROUTES_MAX)
        return;
    while (bucket < EH_API_BUCKETS && seconds * 1000 > bucket_ends[bucket])
        bucket++;
    count(&counters->answers[route][exchange->status / 100 % EH_API_STATUSES], 1);
    count(&counters->seconds[bucket], 1);
    count(&counters->nanoseconds_sum, (uint64_t)(seconds * 1e9));
}

static void answers_write(const eh_api_counters *counters, eh_buffer *out)
{
    eh_buffer_text(out, "# TYPE evenhand_http_requests counter\n# HELP evenhand_http_requests Requests answered, by route and class of status.\n");
    for (size_t r = 0; r < eh_api_routes_count; r++)
        for (unsigned s = 0; s < EH_API_STATUSES; s++)
            if (counted(&counters->answers[r][s]) > 0)
                eh_buffer_format(out, "evenhand_http_requests_total{method=\"%s\",route=\"%s\",status=\"%uxx\"} %llu\n",
                                 eh_http_method_name(eh_api_routes[r].method), eh_api_routes[r].pattern, s, (unsigned long long)counted(&counters->answers[r][s]));
}

static void seconds_write(const eh_api_counters *counters, eh_buffer *out)
{
    uint64_t sum = 0;
    char end[32];
    eh_buffer_text(out, "# TYPE evenhand_http_request_seconds histogram\n# UNIT evenhand_http_request_seconds seconds\n"
                        "# HELP evenhand_http_request_seconds From the whole request to the answer.\n");
    for (size_t b = 0; b < EH_API_BUCKETS; b++) {
        sum += counted(&counters->seconds[b]);
        eh_json_number_text(bucket_ends[b] / 1000, end);
        eh_buffer_format(out, "evenhand_http_request_seconds_bucket{le=\"%s\"} %llu\n", end, (unsigned long long)sum);
    }
    sum += counted(&counters->seconds[EH_API_BUCKETS]);
    eh_buffer_format(out, "evenhand_http_request_seconds_bucket{le=\"+Inf\"} %llu\n", (unsigned long long)sum);
    eh_json_number_text((double)counted(&counters->nanoseconds_sum) / 1e9, end);
    eh_buffer_format(out, "evenhand_http_request_seconds_sum %s\nevenhand_http_request_seconds_count %llu\n", end, (unsigned long long)sum);
}

static void single_write(eh_buffer *out, const char *name, const char *type, const char *help, uint64_t value)
{
    eh_buffer_format(out, "# TYPE %s %s\n# HELP %s %s\n%s%s %llu\n", name, type, name, help, name, strcmp(type, "counter") == 0 ? "_total" : "",
                     (unsigned long long)value);
}

eh_answer eh_api_metrics(eh_exchange *exchange)
{
    eh_api *api = eh_web_of(exchange)->api;
    eh_buffer *out = &exchange->out;
    eh_error error = {0};
    if (eh_query_check(exchange, "", &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return EH_NOW;
    }
    exchange->content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    answers_write(&api->counters, out);
    seconds_write(&api->counters, out);
    single_write(out, "evenhand_api_throttled", "counter", "Requests refused because they came too often.", counted(&api->counters.throttled));
    single_write(out, "evenhand_api_unknown_keys", "counter", "Requests refused for want of a key.", counted(&api->counters.unknown_keys));
    single_write(out, "evenhand_api_replays", "counter", "Answers given again for the same Idempotency-Key.", counted(&api->counters.replays));
    pthread_mutex_lock(&api->waiting);
    size_t waiting = api->jobs_count;
    pthread_mutex_unlock(&api->waiting);
    single_write(out, "evenhand_api_waiting", "gauge", "Requests that wait for the disk now.", waiting);
    eh_buffer_text(out, "# EOF\n");
    return EH_NOW;
}

/* ---- health, the document --------------------------------------------------------------------------------------------------------------- */

eh_answer eh_api_health(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_json_writer json;
    if (eh_query_check(exchange, "", &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return EH_NOW;
    }
    /* What people have said must be readable, or nothing may be decided. */
    eh_may_question question = {.purpose = EH_PURPOSE_AI, .at_s = eh_web_now_s(web)};
    eh_may_answer answer;
    bool well = eh_rights_may(web->rights, EH_VIEW("-"), &question, &answer, &error) == EH_OK;
    bool has_ledger = eh_ledger_exists(web->model->folder);
    eh_api_json_begin(exchange, well ? 200 : 503, &json);
    eh_json_text(&json, "status", well ? "ok" : "failing");
    eh_json_text(&json, "version", EVENHAND_VERSION);
    eh_json_text(&json, "rights", well ? "ok" : "failing");
    eh_json_text(&json, "ledger", web->ledger != NULL ? "ok" : has_ledger ? "elsewhere" : "none");
    eh_api_json_end(exchange, &json);
    return EH_NOW;
}

eh_answer eh_api_document(eh_exchange *exchange)
{
    eh_error error = {0};
    if (eh_query_check(exchange, "", &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return EH_NOW;
    }
    exchange->content_type = "application/json";
    exchange->cache = "public, max-age=300";
    eh_buffer_append(&exchange->out, (eh_view){eh_api_bytes_document, (size_t)eh_api_bytes_document_bytes});
    return EH_NOW;
}
