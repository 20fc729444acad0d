/* Plans for machines: which there are, how each stands, and its preflight report. (api_planning.c makes them.) */
#include <string.h>

#include "journey/journey.h"
#include "web/api_int.h"
#include "web/planner_int.h"
#include "web/team_int.h"

enum { CURSOR_CHARACTERS_MAX = 1000 };

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

/* The place of a plan in the list, newest first: its moment, then its name. */
typedef struct {
    int64_t at_s;
    const char *plan;
} list_place;

static bool comes_after(const eh_kept *plan, const list_place *place)
{
    return plan->at_s != place->at_s ? plan->at_s < place->at_s : strcmp(plan->name, place->plan) < 0;
}

static eh_code place_read(eh_exchange *exchange, eh_view beside, list_place *place_out, eh_error *error)
{
    eh_view cursor = eh_fields_get(exchange->query, "cursor"), position;
    list_place place = {.at_s = INT64_MAX, .plan = ""};
    if (cursor.ptr != NULL) {
        EH_TRY(eh_api_cursor_read(exchange, cursor, beside, &position, error));
        if (position.len < sizeof place.at_s)
            return eh_fail(error, EH_INPUT, "cursor: this is not the \"next\" of an answer to the same question");
        memcpy(&place.at_s, position.ptr, sizeof place.at_s);
        place.plan = eh_arena_copy(exchange->arena, (eh_view){position.ptr + sizeof place.at_s, position.len - sizeof place.at_s});
        if (place.plan == NULL)
            return eh_fail_memory(error);
    }
    *place_out = place;
    return EH_OK;
}

static eh_code next_write(eh_exchange *exchange, eh_view beside, const eh_kept *last, eh_json_writer *json, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer cursor = {0}, position = {0};
    eh_buffer_append(&position, (eh_view){(const char *)&last->at_s, sizeof last->at_s});
    eh_buffer_append(&position, eh_view_of(last->name));
    EH_TRY(eh_buffer_check(&position, error));
    eh_api_cursor_append(eh_web_of(exchange), beside, eh_buffer_view(&position), &cursor);
    EH_TRY(eh_buffer_check(&cursor, error));
    eh_json_text(json, "next", cursor.ptr);
    return EH_OK;
}

static eh_code items_write(eh_exchange *exchange, eh_error *error)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list list = {0};
    eh_view campaign = eh_fields_get(exchange->query, "campaign");
    const char *beside = eh_arena_format(exchange->arena, "plans of %s", campaign.ptr == NULL ? "" : eh_arena_copy(exchange->arena, campaign));
    size_t limit = 0, written = 0;
    const eh_kept *last = NULL;
    list_place place = {0};
    eh_json_writer json;
    if (beside == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_query_limit(exchange, &limit, error));
    EH_TRY(place_read(exchange, eh_view_of(beside), &place, error));
    EH_TRY(eh_kept_plans(exchange, &list, error));
    eh_api_json_begin(exchange, 200, &json);
    eh_json_array_open(&json, "items");
    bool more = false;
    for (size_t i = list.count; i-- > 0 && !more;) {
        const eh_kept *plan = &list.items[i];
        if (!comes_after(plan, &place) || (campaign.ptr != NULL && !eh_view_equal(campaign, eh_view_of(eh_kept_text(plan->root, "campaign")))))
            continue;
        more = written == limit;
        if (more)
            break;
        item_write(eh_web_of(exchange), plan, &json);
        last = plan;
        written++;
    }
    eh_json_array_close(&json);
    if (more)
        EH_TRY(next_write(exchange, eh_view_of(beside), last, &json, error));
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

static void list_answer(eh_exchange *exchange)
{
    eh_error error = {0};
    if (items_write(exchange, &error) != EH_OK)
        eh_api_refuse(exchange, &error);
}

static eh_code list_check(eh_exchange *exchange, eh_error *error)
{
    eh_view campaign = eh_fields_get(exchange->query, "campaign"), cursor = eh_fields_get(exchange->query, "cursor");
    size_t limit;
    EH_TRY(eh_query_check(exchange, "campaign limit cursor", error));
    EH_TRY(eh_query_limit(exchange, &limit, error));
    if (cursor.ptr != NULL && (cursor.len == 0 || cursor.len > CURSOR_CHARACTERS_MAX))
        return eh_fail(error, EH_INPUT, "cursor: the \"next\" of an answer is expected");
    if (campaign.ptr != NULL && eh_text_length_check(campaign, EH_PLAN_CAMPAIGN_BYTES - 1, error) != EH_OK)
        return eh_fail_within(error, "campaign");
    return EH_OK;
}

eh_answer eh_api_plans_list(eh_exchange *exchange)
{
    eh_error error = {0};
    if (list_check(exchange, &error) == EH_OK)
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
