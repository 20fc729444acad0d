/* Plans for machines: which there are, how each stands, and its preflight report. */
#include <string.h>

#include "journey/journey.h"
#include "web/api_int.h"
#include "web/team_int.h"

static void sent_write(const eh_web *web, const char *plan, eh_json_writer *json)
{
    char outcome[16];
    bool sent = false;
    eh_error ignored = {0};
    if (eh_plan_outcome(web->model->state_folder, plan, outcome, &sent, &ignored) == EH_OK)
        eh_json_boolean(json, "released", sent);
}

static void item_write(const eh_web *web, const eh_kept *plan, eh_json_writer *json)
{
    static const char *const counts[] = {"people", "audience", "sent"};
    eh_json_object_open(json, NULL);
    eh_json_text(json, "plan", plan->name);
    eh_json_text(json, "campaign", eh_kept_text(plan->root, "campaign"));
    eh_json_text(json, "title", eh_kept_text(plan->root, "title"));
    eh_json_text(json, "outcome", eh_kept_text(plan->root, "outcome"));
    eh_json_time(json, "at", plan->at_s);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        eh_json_number(json, counts[i], eh_kept_number(plan->root, counts[i]));
    sent_write(web, plan->name, json);
    eh_json_object_close(json);
}

static eh_code items_write(eh_exchange *exchange, eh_error *error)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list list = {0};
    eh_view campaign = eh_fields_get(exchange->query, "campaign");
    size_t limit = 0, written = 0;
    eh_json_writer json;
    EH_TRY(eh_query_limit(exchange, &limit, error));
    EH_TRY(eh_kept_plans(exchange, &list, error));
    eh_api_json_begin(exchange, 200, &json);
    eh_json_array_open(&json, "items");
    for (size_t i = list.count; i-- > 0 && written < limit;) {
        if (campaign.ptr != NULL && !eh_view_equal(campaign, eh_view_of(eh_kept_text(list.items[i].root, "campaign"))))
            continue;
        item_write(eh_web_of(exchange), &list.items[i], &json);
        written++;
    }
    eh_json_array_close(&json);
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

static void list_answer(eh_exchange *exchange)
{
    eh_error error = {0};
    if (items_write(exchange, &error) != EH_OK)
        eh_exchange_fail(exchange, &error);
}

eh_answer eh_api_plans_list(eh_exchange *exchange)
{
    eh_error error = {0};
    size_t limit;
    eh_code code = eh_query_check(exchange, "campaign limit", &error);
    if (code == EH_OK)
        code = eh_query_limit(exchange, &limit, &error);
    if (code == EH_OK)
        return eh_api_later(exchange, list_answer);
    eh_exchange_fail(exchange, &error);
    return EH_NOW;
}

static eh_code report_write(eh_exchange *exchange, eh_error *error)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list list = {0};
    EH_TRY(eh_kept_plan(exchange, exchange->parameters[0], &list, error));
    exchange->content_type = "application/json";
    return eh_file_read(list.items[0].path, EH_JSON_BYTES_MAX, &exchange->out, error);
}

static void report_answer(eh_exchange *exchange)
{
    eh_error error = {0};
    if (report_write(exchange, &error) != EH_OK)
        eh_exchange_fail(exchange, &error);
}

eh_answer eh_api_plan_show(eh_exchange *exchange)
{
    eh_error error = {0};
    if (eh_query_check(exchange, "", &error) == EH_OK)
        return eh_api_later(exchange, report_answer);
    eh_exchange_fail(exchange, &error);
    return EH_NOW;
}
