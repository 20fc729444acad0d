/* What the person says back, and what became of it. */
#include "feedback/feedback.h"

#include <string.h>

#include "web/customer_int.h"

enum { LINKS_FOR_FEEDBACK = 1 << EH_LINK_WHY | 1 << EH_LINK_PREFERENCES | 1 << EH_LINK_DATA, TICKET_DAYS = 365, DAY_SECONDS = 86400 };

static void kinds_write(eh_exchange *exchange, const eh_visit *visit)
{
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<fieldset><legend>");
    eh_say(exchange, visit, "feedback_kind");
    eh_buffer_text(out, "</legend>\n");
    for (eh_feedback_kind k = 0; k < EH_FEEDBACKS_COUNT; k++) {
        char key[40];
        snprintf(key, sizeof key, "kind_%s", eh_feedback_kind_name(k));
        eh_html_put(out, "<label class=\"choice\"><input type=\"radio\" name=\"kind\" value=\"$\" required> ", eh_feedback_kind_name(k));
        eh_say(exchange, visit, key);
        eh_buffer_text(out, "</label>\n");
    }
    eh_buffer_text(out, "</fieldset>\n");
}

eh_answer eh_feedback_page(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_buffer *out = &exchange->out;
    if (!eh_visit_by_link(exchange, LINKS_FOR_FEEDBACK, &visit))
        return EH_NOW;
    eh_visit_page_begin(exchange, visit, "feedback_title");
    eh_buffer_text(out, "<div class=\"card\"><h1>");
    eh_say(exchange, visit, "feedback_title");
    eh_buffer_text(out, "</h1>\n<p class=\"lead\">");
    eh_say(exchange, visit, "feedback_lead");
    eh_buffer_text(out, "</p>\n");
    eh_visit_form_begin(exchange, visit, "/feedback/", "");
    eh_html_put(out, "<input type=\"hidden\" name=\"subject\" value=\"$\">", eh_fields_get(exchange->query, "about").len > 0 && eh_fields_get(exchange->query, "about").len < 200
                                                                                 ? eh_arena_copy(exchange->arena, eh_fields_get(exchange->query, "about")) : "");
    kinds_write(exchange, visit);
    eh_buffer_text(out, "<label for=\"words\">");
    eh_say(exchange, visit, "feedback_words");
    eh_buffer_format(out, "</label><textarea id=\"words\" name=\"words\" maxlength=\"%d\"></textarea>\n<button class=\"primary\">", EH_FEEDBACK_WORDS_BYTES_MAX / 4);
    eh_say(exchange, visit, "button_feedback");
    eh_buffer_text(out, "</button></form>\n<p class=\"quiet\">");
    eh_say(exchange, visit, "complaint_authority");
    eh_buffer_text(out, "</p></div>\n");
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}

static eh_code ticket_give(eh_exchange *exchange, const eh_visit *visit, eh_feedback *piece_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_fields form;
    eh_store *store;
    char ticket[EH_TICKET_BYTES];
    EH_TRY(eh_exchange_form(exchange, &form, error));
    eh_feedback_wish wish = {
        .person = visit->link.person,
        .decision = visit->link.purpose == EH_LINK_WHY ? visit->link.subject : (eh_view){0},
        .subject = eh_fields_get(form, "subject"),
        .words = eh_view_trim(eh_fields_get(form, "words")),
        .language = eh_view_of(eh_messages_language(visit->words)),
    };
    if (!eh_feedback_kind_find(eh_fields_get(form, "kind"), &wish.kind))
        return eh_fail(error, EH_INPUT, "this form is not complete; load the page again");
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_feedback_give(store, &wish, eh_web_now_s(web), ticket, error);
    if (code == EH_OK)
        code = eh_feedback_read(store, eh_view_of(ticket), exchange->arena, piece_out, error);
    eh_web_store_give(web, store);
    return code;
}

/* A complaint is a request too: its clock runs with the others. */
static eh_code complaint_open(eh_exchange *exchange, const eh_visit *visit, const eh_feedback *piece, eh_error *error)
{
    eh_request request;
    if (piece->kind != EH_FEEDBACK_COMPLAINT)
        return EH_OK;
    return eh_request_open(eh_web_of(exchange)->rights, visit->link.person, EH_REQUEST_COMPLAINT, piece->given_s, &request, error);
}

static eh_code ticket_link(eh_exchange *exchange, const eh_visit *visit, const char *ticket, eh_buffer *out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_link link = {.purpose = EH_LINK_TICKET, .expires_s = eh_web_now_s(web) + TICKET_DAYS * DAY_SECONDS, .person = visit->link.person, .subject = eh_view_of(ticket)};
    eh_buffer_text(out, "/ticket/");
    return eh_link_append(&web->link_key, &link, NULL, out, error);
}

eh_answer eh_feedback_send(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_feedback piece;
    eh_error error = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_FEEDBACK, &visit))
        return EH_NOW;
    eh_code code = ticket_give(exchange, visit, &piece, &error);
    if (code == EH_OK)
        code = complaint_open(exchange, visit, &piece, &error);
    if (code == EH_OK)
        code = ticket_link(exchange, visit, piece.ticket, &path, &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        eh_exchange_redirect(exchange, path.ptr);
    return EH_NOW;
}

/* What it led to, be it by an answer or by a review of what many have said. */
static void change_write(eh_exchange *exchange, const eh_visit *visit, const eh_feedback *piece)
{
    if (piece->change[0] == '\0')
        return;
    eh_buffer_text(&exchange->out, "<h2>");
    eh_say(exchange, visit, "ticket_change");
    eh_html_put(&exchange->out, "</h2><p>$</p>\n", piece->change);
}

static void ticket_write(eh_exchange *exchange, const eh_visit *visit, const eh_feedback *piece)
{
    eh_buffer *out = &exchange->out;
    const eh_message_value values[] = {{.name = "ticket", .text = piece->ticket}, {.name = "date", .text = eh_say_day(exchange, visit, piece->due_s)}};
    const eh_message_value answered = {.name = "date", .text = eh_say_day(exchange, visit, piece->answered_s)};
    eh_visit_page_begin(exchange, visit, "feedback_done_title");
    eh_buffer_text(out, "<div class=\"card\"><h1>");
    eh_say_all(exchange, visit, "ticket_title", values, 2);
    eh_buffer_text(out, "</h1>\n");
    if (piece->words[0] != '\0')
        eh_html_put(out, "<blockquote><p>$</p></blockquote>\n", piece->words);
    if (piece->answered_s == 0) {
        eh_buffer_text(out, "<p class=\"lead\">");
        eh_say_all(exchange, visit, "ticket_open", values, 2);
        eh_buffer_text(out, "</p><p>");
        eh_say(exchange, visit, "feedback_keep");
        eh_buffer_text(out, "</p>");
        change_write(exchange, visit, piece);
        eh_buffer_text(out, "</div>\n");
        return;
    }
    eh_buffer_text(out, "<p class=\"quiet\">");
    eh_say_all(exchange, visit, "ticket_answered", &answered, 1);
    eh_html_put(out, "</p><p class=\"lead\">$</p>\n", piece->answer);
    change_write(exchange, visit, piece);
    eh_buffer_text(out, "</div>\n");
}

eh_answer eh_ticket_page(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_visit *visit;
    eh_feedback piece;
    eh_store *store;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, 1 << EH_LINK_TICKET, &visit))
        return EH_NOW;
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = eh_feedback_read(store, visit->link.subject, exchange->arena, &piece, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    ticket_write(exchange, visit, &piece);
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}
