/* From the page about a decision: this is wrong about me, let a person look at it, send me my data, the proof. */
#include <string.h>

#include "data/workspace.h"
#include "web/customer_int.h"

enum { LINKS_FOR_DISPUTE = 1 << EH_LINK_WHY };

static void card_begin(eh_exchange *exchange, const eh_visit *visit, const char *title)
{
    eh_visit_page_begin(exchange, visit, title);
    eh_buffer_text(&exchange->out, "<div class=\"card\"><h1>");
    eh_say(exchange, visit, title);
    eh_buffer_text(&exchange->out, "</h1>\n");
}

static void lead(eh_exchange *exchange, const eh_visit *visit, const char *key, const eh_message_value *value)
{
    eh_buffer_text(&exchange->out, "<p class=\"lead\">");
    eh_say_all(exchange, visit, key, value, value == NULL ? 0 : 1);
    eh_buffer_text(&exchange->out, "</p>\n");
}

static void card_end(eh_exchange *exchange, const eh_visit *visit)
{
    eh_buffer_text(&exchange->out, "</div>\n");
    eh_visit_page_end(exchange, visit);
}

static const eh_workspace_feature *feature_named(const eh_exchange *exchange, eh_view name)
{
    const eh_workspace_model *model = eh_web_of(exchange)->model;
    for (size_t i = 0; i < model->features_count; i++)
        if (eh_view_equal(name, eh_view_of(model->features[i].name)))
            return &model->features[i];
    return NULL;
}

/* "months_since_order" as people write it; the words of evenhand.yaml have a value in them and are no name. */
static const char *feature_words(eh_exchange *exchange, const eh_workspace_feature *feature)
{
    char *words = eh_arena_copy(exchange->arena, eh_view_of(feature->name));
    for (char *at = words; at != NULL && *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    return words == NULL ? feature->name : words;
}

/* ---- this is wrong about me ------------------------------------------------------------------------------------------------------- */

eh_answer eh_wrong_page(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_DISPUTE, &visit))
        return EH_NOW;
    const eh_workspace_feature *feature = feature_named(exchange, eh_fields_get(exchange->query, "fact"));
    if (feature == NULL) {
        (void)eh_fail(&error, EH_NOT_FOUND, "we do not use such a fact; go back and choose one");
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    const eh_message_value fact = {.name = "fact", .text = feature_words(exchange, feature)};
    card_begin(exchange, visit, "wrong_fact_title");
    lead(exchange, visit, "wrong_fact_says", &fact);
    eh_visit_form_begin(exchange, visit, "/why/", "/wrong");
    eh_html_put(&exchange->out, "<input type=\"hidden\" name=\"fact\" value=\"$\"><label for=\"value\">", feature->name);
    eh_say(exchange, visit, "data_correct_value");
    eh_buffer_text(&exchange->out, "</label><input id=\"value\" name=\"value\" maxlength=\"300\" required>\n<button class=\"primary\">");
    eh_say(exchange, visit, "button_correct");
    eh_buffer_text(&exchange->out, "</button></form>\n");
    card_end(exchange, visit);
    return EH_NOW;
}

static eh_code wrong_note(eh_exchange *exchange, const eh_visit *visit, eh_request *request_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_fields form;
    size_t notices = 0;
    EH_TRY(eh_exchange_form(exchange, &form, error));
    const eh_workspace_feature *feature = feature_named(exchange, eh_fields_get(form, "fact"));
    eh_view value = eh_view_trim(eh_fields_get(form, "value"));
    if (feature == NULL || value.len == 0)
        return eh_fail(error, EH_INPUT, "please say what is right");
    const char *right = eh_arena_copy(exchange->arena, value);
    if (right == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_person_correct(web->rights, visit->link.person, feature->name, right, eh_web_now_s(web), &notices, error));
    /* The source is the shop's: a person there puts it right, and the time for it runs. */
    return eh_request_open(web->rights, visit->link.person, EH_REQUEST_CORRECTION, eh_web_now_s(web), request_out, error);
}

static void request_done(eh_exchange *exchange, const eh_visit *visit, const char *says, const eh_request *request)
{
    const eh_message_value date = {.name = "date", .text = eh_say_day(exchange, visit, request->due_s)};
    card_begin(exchange, visit, "done_title");
    lead(exchange, visit, says, &date);
    card_end(exchange, visit);
}

eh_answer eh_wrong_send(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_error error = {0};
    eh_request request = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_DISPUTE, &visit))
        return EH_NOW;
    if (wrong_note(exchange, visit, &request, &error) != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        request_done(exchange, visit, "done_wrong", &request);
    return EH_NOW;
}

/* ---- requests ----------------------------------------------------------------------------------------------------------------------- */

/* What can be asked for here; a link in a message is enough to ask, and not to see raw data. */
static const struct {
    const char *name, *title, *says, *button, *done;
    eh_request_kind kind;
} requests[] = {
    {"review", "review_title", "review_says", "button_review", "done_review", EH_REQUEST_REVIEW},
    {"data", "data_ask_title", "data_ask_says", "button_data_ask", "done_data_ask", EH_REQUEST_ACCESS},
};
enum { REQUESTS_COUNT = sizeof requests / sizeof requests[0] };

static size_t request_named(eh_view name)
{
    size_t r = 0;
    while (r < REQUESTS_COUNT && !eh_view_equal(name, eh_view_of(requests[r].name)))
        r++;
    return r;
}

static void request_missing(eh_exchange *exchange)
{
    eh_error error = {0};
    (void)eh_fail(&error, EH_NOT_FOUND, "there is no such page; go back and choose one");
    eh_page_of_error(exchange, &error);
}

eh_answer eh_ask_page(eh_exchange *exchange)
{
    eh_visit *visit;
    size_t r = request_named(exchange->parameters[1]);
    if (!eh_visit_by_link(exchange, LINKS_FOR_DISPUTE, &visit))
        return EH_NOW;
    if (r == REQUESTS_COUNT) {
        request_missing(exchange);
        return EH_NOW;
    }
    card_begin(exchange, visit, requests[r].title);
    lead(exchange, visit, requests[r].says, NULL);
    eh_buffer_text(&exchange->out, "<div class=\"actions\">");
    eh_visit_form_begin(exchange, visit, "/why/", r == 0 ? "/ask/review" : "/ask/data");
    eh_buffer_text(&exchange->out, "<button class=\"primary\">");
    eh_say(exchange, visit, requests[r].button);
    eh_buffer_text(&exchange->out, "</button></form></div>\n");
    card_end(exchange, visit);
    return EH_NOW;
}

eh_answer eh_ask_send(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_visit *visit;
    eh_error error = {0};
    eh_request request = {0};
    size_t r = request_named(exchange->parameters[1]);
    if (!eh_visit_by_link(exchange, LINKS_FOR_DISPUTE, &visit))
        return EH_NOW;
    if (r == REQUESTS_COUNT)
        request_missing(exchange);
    else if (eh_request_open(web->rights, visit->link.person, requests[r].kind, eh_web_now_s(web), &request, &error) != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        request_done(exchange, visit, requests[r].done, &request);
    return EH_NOW;
}

/* ---- the proof ---------------------------------------------------------------------------------------------------------------------- */

eh_answer eh_why_proof(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_DISPUTE, &visit))
        return EH_NOW;
    if (eh_proof_append(exchange, visit->link.subject, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    exchange->content_type = "text/plain; charset=utf-8";
    eh_exchange_header(exchange, "Content-Disposition", "attachment; filename=\"proof.txt\"");
    return EH_NOW;
}
