/* People: what they have asked for and when it is due; one person, looked up by key. Each look is for a reason and leaves a line in the log. */
#include "rights/person.h"

#include "web/team_int.h"

static void requests_write(eh_exchange *exchange, const eh_request *requests, size_t count)
{
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>Requests</h2>\n");
    if (count == 0) {
        eh_buffer_text(out, "<p>No request waits.</p></section>\n");
        return;
    }
    eh_buffer_text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Requests\"><table><thead><tr><th scope=\"col\">Due</th><th scope=\"col\">Asks for</th>"
                        "<th scope=\"col\">Person</th><th scope=\"col\">Close</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(out, "<tr><td>");
        eh_team_due_badge(exchange, requests[i].due_s);
        eh_html_put(out, "</td><td>$</td><td>$</td><td>", eh_request_kind_name(requests[i].kind), requests[i].key == NULL ? "erased since" : requests[i].key);
        eh_buffer_format(out, "<form method=\"post\" action=\"/team/people/requests/%lld\">", (long long)requests[i].request);
        eh_team_form_token(exchange);
        eh_buffer_text(out, "<button>It is done</button></form></td></tr>\n");
    }
    eh_buffer_text(out, "</tbody></table></div></section>\n");
}

static void person_write(eh_exchange *exchange, const eh_person *person)
{
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<section class=\"card\"><h2>$</h2>\n", person->key);
    if (!person->found) {
        eh_buffer_text(out, "<p>Nothing is on record about this person.</p></section>\n");
        return;
    }
    eh_buffer_text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"What the person has said\"><table><thead><tr><th scope=\"col\">When</th>"
                        "<th scope=\"col\">Act</th><th scope=\"col\">Purpose</th><th scope=\"col\">Channel</th><th scope=\"col\">How</th></tr></thead><tbody>\n");
    for (size_t i = person->acts_count; i-- > 0;) {
        const eh_act *act = &person->acts[i].act;
        eh_html_put(out, "<tr><td>$</td><td>$</td><td>$</td><td>$</td><td>$</td></tr>\n", eh_team_moment(exchange, act->at_s), eh_act_kind_name(act->kind), eh_purpose_name(act->purpose),
                    eh_channel_name(act->channel), act->how == NULL ? "" : act->how);
    }
    eh_buffer_text(out, "</tbody></table></div></section>\n");
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
    requests_write(exchange, requests, count);
    eh_team_page_end(exchange);
    return EH_NOW;
}

eh_answer eh_team_request_done(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    int64_t number = 0;
    bool good = exchange->parameters[0].len > 0 && exchange->parameters[0].len < 18;
    for (size_t i = 0; good && i < exchange->parameters[0].len; i++) {
        char digit = exchange->parameters[0].ptr[i];
        good = digit >= '0' && digit <= '9';
        number = number * 10 + (digit - '0');
    }
    eh_code code = good ? eh_request_close(web->rights, number, eh_web_now_s(web), "done by the team", &error) : eh_fail(&error, EH_NOT_FOUND, "there is no such request");
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        eh_team_redirect_done(exchange, "/team/people", "closed");
    return EH_NOW;
}
