/* People: what they have asked for and when it is due; one person, looked up by key. Each look is for a reason and leaves a line in the log. */
#include <string.h>

#include "journey/people.h"
#include "rights/person.h"

#include "web/planner_int.h"
#include "web/team_int.h"

/* ---- requests ----------------------------------------------------------------------------------------------------------------------- */

/* Plans that have not gone out and hold a decision about the person. */
static eh_code plans_of(eh_exchange *exchange, const char *key, const char *const **names_out, size_t *count_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_person_marks marks = {0};
    EH_TRY(eh_person_marks_read(web->rights, eh_view_of(key), exchange->arena, &marks, error));
    return eh_person_plans_waiting(web->model, &marks, exchange->arena, names_out, count_out, error);
}

/* What is to be put right, and what was decided on what was wrong. */
static eh_code correction_write(eh_exchange *exchange, const eh_request *request, eh_error *error)
{
    eh_person person = {0};
    const char *const *plans = NULL;
    size_t count = 0;
    eh_buffer *out = &exchange->out;
    EH_TRY(eh_person_read(eh_web_of(exchange)->rights, eh_view_of(request->key), exchange->arena, &person, error));
    EH_TRY(plans_of(exchange, request->key, &plans, &count, error));
    for (size_t i = 0; i < person.corrections_count; i++)
        if (person.corrections[i].at_s >= request->received_s - 1)
            eh_html_put(out, "<span class=\"range\">$ is $</span>", eh_team_words(exchange, person.corrections[i].field), person.corrections[i].value);
    if (count > 0)
        eh_html_put(out, count == 1 ? "<span class=\"range\">$ plan that waits decided on what is wrong</span>" : "<span class=\"range\">$ plans that wait decided on what is wrong</span>",
                    eh_text_count((double)count).text);
    return EH_OK;
}

static eh_code request_row(eh_exchange *exchange, const eh_request *request, eh_error *error)
{
    eh_buffer *out = &exchange->out;
    bool correction = request->kind == EH_REQUEST_CORRECTION && request->key != NULL;
    const char *kind = eh_request_kind_name(request->kind);
    eh_buffer_text(out, "<tr><td>");
    eh_team_due_badge(exchange, request->due_s);
    eh_html_put(out, "</td><td>$</td><th scope=\"row\">$", eh_team_day(exchange, request->received_s), kind);
    if (correction)
        EH_TRY(correction_write(exchange, request, error));
    eh_buffer_text(out, "</th><td>");
    if (request->key == NULL)
        eh_buffer_text(out, "<span class=\"quiet\">erased since</span>");
    else
        eh_html_put(out, "$", request->key);
    eh_buffer_format(out, "</td><td><form method=\"post\" action=\"/team/people/requests/%lld\">", (long long)request->request);
    eh_team_form_token(exchange);
    eh_html_put(out, "<button>$<span class=\"hidden\">: $</span></button></form></td></tr>\n", correction ? "It is right at its source" : "It is done", kind);
    return EH_OK;
}

static eh_code requests_write(eh_exchange *exchange, const eh_request *requests, size_t count, eh_error *error)
{
    static const char *const headings[] = {"Due", "Asked on", "Asks for", "Person", "Close", NULL};
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>Requests</h2>\n");
    if (count == 0) {
        eh_buffer_text(out, "<p class=\"quiet\">No request waits.</p></section>\n");
        return EH_OK;
    }
    eh_team_table_begin(exchange, "Requests", headings);
    for (size_t i = 0; i < count; i++)
        EH_TRY(request_row(exchange, &requests[i], error));
    eh_team_table_end(exchange);
    eh_buffer_text(out, "</section>\n");
    return EH_OK;
}

/* ---- one person --------------------------------------------------------------------------------------------------------------------- */

static void corrections_write(eh_exchange *exchange, const eh_person *person)
{
    static const char *const headings[] = {"Put right on", "What", "Is", NULL};
    if (person->corrections_count == 0)
        return;
    eh_buffer_text(&exchange->out, "<h3>What they have put right</h3>\n");
    eh_team_table_begin(exchange, "What they have put right", headings);
    for (size_t i = person->corrections_count; i-- > 0;)
        eh_html_put(&exchange->out, "<tr><td>$</td><th scope=\"row\">$</th><td>$</td></tr>\n", eh_team_day(exchange, person->corrections[i].at_s),
                    eh_team_words(exchange, person->corrections[i].field), person->corrections[i].value);
    eh_team_table_end(exchange);
}

static void person_write(eh_exchange *exchange, const eh_person *person)
{
    static const char *const headings[] = {"When", "Act", "Purpose", "Channel", "How", NULL};
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<section class=\"card\"><h2>$</h2>\n", person->key);
    if (!person->found) {
        eh_buffer_text(out, "<p>Nothing is on record about this person.</p></section>\n");
        return;
    }
    if (person->acts_count == 0)
        eh_buffer_text(out, "<p class=\"quiet\">They have said neither yes nor no to anything.</p>\n");
    else
        eh_team_table_begin(exchange, "What the person has said", headings);
    for (size_t i = person->acts_count; i-- > 0;) {
        const eh_act *act = &person->acts[i].act;
        eh_html_put(out, "<tr><td>$</td><th scope=\"row\">$</th><td>$</td><td>$</td><td>$</td></tr>\n", eh_team_moment(exchange, act->at_s), eh_act_kind_name(act->kind),
                    eh_purpose_name(act->purpose), eh_channel_name(act->channel), act->how == NULL ? "" : act->how);
    }
    if (person->acts_count > 0)
        eh_team_table_end(exchange);
    corrections_write(exchange, person);
    eh_buffer_text(out, "</section>\n");
}

eh_answer eh_team_people(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    const eh_request *requests = NULL;
    size_t count = 0;
    eh_person person = {0};
    eh_view key = eh_view_trim(eh_fields_get(exchange->query, "key"));
    eh_code code = eh_requests_waiting(web->rights, exchange->arena, &requests, &count, &error);
    if (code == EH_OK && key.len > 0)
        code = eh_person_read(web->rights, key, exchange->arena, &person, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_team_page_begin(exchange, "/team/people", "People");
    eh_team_header(exchange, &(eh_team_heading){.title = "People", .says = "What they have said and asked for"});
    eh_team_done(exchange);
    eh_buffer_text(&exchange->out, "<section class=\"card\"><form action=\"/team/people\" class=\"row\"><div class=\"wide\"><label for=\"key\">Look up one person by key</label>"
                                   "<input id=\"key\" name=\"key\" autocomplete=\"off\" required></div><button>Look up</button></form></section>\n");
    if (key.len > 0) {
        eh_server_log(exchange, eh_exchange_session(exchange)->account.name);
        person_write(exchange, &person);
    }
    code = requests_write(exchange, requests, count, &error);
    eh_team_page_end(exchange);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}

/* ---- closing a request ------------------------------------------------------------------------------------------------------------------ */

static bool number_read(eh_view text, int64_t *number_out)
{
    int64_t number = 0;
    bool good = text.len > 0 && text.len < 18;
    for (size_t i = 0; good && i < text.len; i++) {
        good = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        number = number * 10 + (text.ptr[i] - '0');
    }
    *number_out = number;
    return good;
}

/* Whose data is right at its source from now on; NULL: the request is about something else. */
static eh_code corrected_key(eh_exchange *exchange, int64_t number, const char **key_out, eh_error *error)
{
    const eh_request *requests = NULL;
    size_t count = 0;
    EH_TRY(eh_requests_waiting(eh_web_of(exchange)->rights, exchange->arena, &requests, &count, error));
    for (size_t i = 0; i < count; i++)
        if (requests[i].request == number && requests[i].kind == EH_REQUEST_CORRECTION)
            *key_out = requests[i].key;
    return EH_OK;
}

static bool is_ordered(const eh_plan_order *orders, size_t count, const char *campaign)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(orders[i].campaign, campaign) == 0)
            return true;
    return false;
}

/* Plans that wait decided on what was wrong: each of their campaigns is planned anew, and nobody waits for it here. */
static eh_code replay(eh_exchange *exchange, const char *key, size_t *ordered_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    const char *const *plans = NULL;
    size_t count = 0, ordered = 0;
    EH_TRY(plans_of(exchange, key, &plans, &count, error));
    eh_plan_order *asked = EH_TAKE(exchange->arena, count + 1, eh_plan_order);
    if (asked == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        EH_CLEANUP(eh_kept_close) eh_kept_list plan = {0};
        eh_plan_order *order = NULL;
        EH_TRY(eh_kept_plan(exchange, eh_view_of(plans[i]), &plan, error));
        const char *campaign = eh_kept_text(plan.items[0].root, "campaign");
        if (strlen(campaign) >= sizeof asked->campaign || is_ordered(asked, ordered, campaign))
            continue;
        asked[ordered] = (eh_plan_order){.now_s = eh_web_now_s(web)};
        memcpy(asked[ordered].campaign, campaign, strlen(campaign));
        EH_TRY(eh_planner_order(web->planner, &asked[ordered], &order, error));
        eh_planner_give(web->planner, order);
        ordered++;
    }
    *ordered_out = ordered;
    return EH_OK;
}

eh_answer eh_team_request_done(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    int64_t number = 0;
    size_t ordered = 0;
    const char *key = NULL;
    eh_code code = number_read(exchange->parameters[0], &number) ? corrected_key(exchange, number, &key, &error) : eh_fail(&error, EH_NOT_FOUND, "there is no such request");
    if (code == EH_OK)
        code = eh_request_close(web->rights, number, eh_web_now_s(web), key != NULL ? "put right at its source" : "done by the team", &error);
    if (code == EH_OK && key != NULL)
        code = replay(exchange, key, &ordered, &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        eh_team_redirect_done(exchange, "/team/people", ordered > 0 ? "replayed" : "closed");
    return EH_NOW;
}
