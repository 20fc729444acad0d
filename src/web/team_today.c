/* Today: what needs a person, the most urgent first; and where things stand. */
#include "feedback/feedback.h"

#include "rights/person.h"
#include "web/team_int.h"

enum { DAY_SECONDS = 86400, SOON_DAYS = 7 };

typedef struct {
    const eh_feedback *pieces;
    size_t pieces_count;
    const eh_feedback_theme *themes;
    size_t themes_count;
    const eh_request *requests;
    size_t requests_count;
} today;

static eh_code today_read(eh_exchange *exchange, today *out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_requests_waiting(web->rights, exchange->arena, &out->requests, &out->requests_count, error));
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_feedback_themes_spec spec = {.now_s = eh_web_now_s(web)};
    eh_code code = eh_feedback_list(store, &(eh_feedback_filter){.open_only = true}, exchange->arena, &out->pieces, &out->pieces_count, error);
    if (code == EH_OK)
        code = eh_feedback_themes(store, &spec, exchange->arena, &out->themes, &out->themes_count, error);
    eh_web_store_give(web, store);
    return code;
}

static void figure(eh_exchange *exchange, size_t number, const char *one, const char *many, const char *path)
{
    eh_html_put(&exchange->out, "<a class=\"card tile\" href=\"$\"><span class=\"figure\">", path);
    eh_buffer_format(&exchange->out, "%zu", number);
    eh_html_put(&exchange->out, "</span> <span class=\"quiet\">$</span></a>\n", number == 1 ? one : many);
}

static void themes_write(eh_exchange *exchange, const today *t)
{
    for (size_t i = 0; i < t->themes_count && t->themes[i].review_due; i++) {
        const eh_feedback_theme *theme = &t->themes[i];
        eh_buffer_text(&exchange->out, "<li><span class=\"badge bad\">review</span><p>");
        eh_buffer_format(&exchange->out, "<strong>%llu</strong> ", (unsigned long long)theme->now_count);
        eh_html_put(&exchange->out, "people call <strong>$</strong> $ in four weeks: the policy is to be reviewed", theme->subject[0] != '\0' ? theme->subject : "a message",
                    eh_feedback_kind_name(theme->kind));
        eh_buffer_text(&exchange->out, "</p><a class=\"button\" href=\"/team/feedback\">Look</a></li>\n");
    }
}

static void requests_write(eh_exchange *exchange, const today *t)
{
    for (size_t i = 0; i < t->requests_count; i++) {
        const eh_request *request = &t->requests[i];
        eh_buffer_text(&exchange->out, "<li>");
        eh_team_due_badge(exchange, request->due_s);
        eh_html_put(&exchange->out, "<p>A person asks for <strong>$</strong></p><a class=\"button\" href=\"/team/people\">Look</a></li>\n", eh_request_kind_name(request->kind));
    }
}

static void pieces_write(eh_exchange *exchange, const today *t)
{
    for (size_t i = 0; i < t->pieces_count && i < 5; i++) {
        const eh_feedback *piece = &t->pieces[i];
        eh_buffer_text(&exchange->out, "<li>");
        eh_team_due_badge(exchange, piece->due_s);
        eh_html_put(&exchange->out, "<p><strong>$</strong> $</p><a class=\"button\" href=\"/team/feedback/$\">Answer</a></li>\n", eh_feedback_kind_name(piece->kind),
                    piece->words, piece->ticket);
    }
}

eh_answer eh_team_today(eh_exchange *exchange)
{
    eh_error error = {0};
    today t = {0};
    if (today_read(exchange, &t, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    size_t reviews = 0;
    for (size_t i = 0; i < t.themes_count; i++)
        reviews += t.themes[i].review_due;
    eh_team_page_begin(exchange, "/team", "Today");
    eh_html_put(&exchange->out, "<header><h1>Today</h1><p class=\"quiet\">$</p></header>\n<div class=\"grid\">\n", eh_web_of(exchange)->model->shop.name);
    figure(exchange, t.pieces_count, "piece of feedback waits", "pieces of feedback wait", "/team/feedback");
    figure(exchange, t.requests_count, "request of a person waits", "requests of people wait", "/team/people");
    figure(exchange, reviews, "review is due", "reviews are due", "/team/feedback");
    eh_buffer_text(&exchange->out, "</div>\n<section class=\"card\"><h2>What needs a person</h2>\n");
    if (t.pieces_count + t.requests_count + reviews == 0) {
        eh_buffer_text(&exchange->out, "<p>Nothing waits. Well done.</p>\n");
    } else {
        eh_buffer_text(&exchange->out, "<ul class=\"todo\">\n");
        themes_write(exchange, &t);
        requests_write(exchange, &t);
        pieces_write(exchange, &t);
        eh_buffer_text(&exchange->out, "</ul>\n");
    }
    eh_buffer_text(&exchange->out, "</section>\n");
    eh_team_page_end(exchange);
    return EH_NOW;
}
