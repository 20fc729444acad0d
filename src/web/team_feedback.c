/* The inbox: what people say, by theme and by the day it is due; answering, and saying what changed. */
#include "feedback/feedback.h"

#include "web/team_int.h"

enum { SHOWN_THEMES_MAX = 20 };

static const char *subject_of(const char *subject)
{
    return subject[0] != '\0' ? subject : "the message as a whole";
}

/* A theme over its threshold calls for a review, which can be begun here and closes it. */
static void review_cell(eh_exchange *exchange, const eh_feedback_theme *theme)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    if (theme->review_due)
        eh_team_badge(exchange, EH_BADGE_BAD, "review due");
    if (!eh_team_may(exchange, EH_MAY_REVIEW))
        return;
    eh_buffer_format(&path, "/team/policy/review?kind=%s&subject=", eh_feedback_kind_name(theme->kind));
    eh_url_append(&path, eh_view_of(theme->subject));
    if (path.code == EH_OK)
        eh_html_put(&exchange->out, " <a href=\"$\">Review<span class=\"hidden\"> $</span></a>", path.ptr, subject_of(theme->subject));
}

static void themes_chart(eh_exchange *exchange, const eh_feedback_theme *themes, size_t count)
{
    static const char *const says[] = {"four weeks before", "last four weeks"};
    eh_chart chart;
    eh_chart_begin(exchange, &chart, "pairs", "How many people wrote on each theme in the last four weeks and in the four before; the table below has the numbers.");
    eh_json_text(&chart.json, "format", "count");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < count && i < SHOWN_THEMES_MAX; i++) {
        const char *name = eh_arena_format(exchange->arena, "%s: %s", subject_of(themes[i].subject), eh_feedback_kind_name(themes[i].kind));
        eh_json_text(&chart.json, NULL, name == NULL ? "" : name);
    }
    eh_json_array_close(&chart.json);
    eh_json_array_open(&chart.json, "series");
    for (size_t k = 0; k < 2; k++) {
        eh_json_object_open(&chart.json, NULL);
        eh_json_text(&chart.json, "name", says[k]);
        eh_json_array_open(&chart.json, "values");
        for (size_t i = 0; i < count && i < SHOWN_THEMES_MAX; i++)
            eh_json_integer(&chart.json, NULL, (int64_t)(k == 0 ? themes[i].before_count : themes[i].now_count));
        eh_json_array_close(&chart.json);
        eh_json_object_close(&chart.json);
    }
    eh_json_array_close(&chart.json);
    eh_chart_end(&chart);
}

static void themes_write(eh_exchange *exchange, const eh_feedback_theme *themes, size_t count)
{
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>Themes of four weeks</h2>\n");
    themes_chart(exchange, themes, count);
    eh_buffer_text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Themes\"><table>"
                        "<thead><tr><th scope=\"col\">About</th><th scope=\"col\">It was</th><th scope=\"col\" class=\"number\">Now</th>"
                        "<th scope=\"col\" class=\"number\">Before</th><th scope=\"col\">Trend</th><th scope=\"col\">Campaign</th><th scope=\"col\">Review</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count && i < SHOWN_THEMES_MAX; i++) {
        const eh_feedback_theme *theme = &themes[i];
        const char *trend = theme->now_count > theme->before_count ? "↑ more" : theme->now_count < theme->before_count ? "↓ less" : "→ the same";
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td>", subject_of(theme->subject), eh_feedback_kind_name(theme->kind));
        eh_buffer_format(out, "<td class=\"number\">%llu</td><td class=\"number\">%llu</td>", (unsigned long long)theme->now_count, (unsigned long long)theme->before_count);
        eh_html_put(out, "<td>$</td><td>$</td><td>", trend, theme->campaign);
        review_cell(exchange, theme);
        eh_buffer_text(out, "</td></tr>\n");
    }
    eh_buffer_text(out, "</tbody></table></div></section>\n");
}

static void pieces_write(eh_exchange *exchange, const eh_feedback *pieces, size_t count)
{
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>Every piece</h2>\n<ul class=\"todo\">\n");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(out, "<li>");
        if (pieces[i].answered_s == 0)
            eh_team_due_badge(exchange, pieces[i].due_s);
        else
            eh_buffer_text(out, "<span class=\"badge good\">answered</span>");
        eh_html_put(out, "<p><strong>$</strong> · $<br>$</p><a class=\"button\" href=\"/team/feedback/$\">$</a></li>\n", eh_feedback_kind_name(pieces[i].kind),
                    subject_of(pieces[i].subject), pieces[i].words, pieces[i].ticket, pieces[i].answered_s == 0 ? "Answer" : "Read");
    }
    eh_buffer_text(out, "</ul></section>\n");
}

/* The circle closed: what was changed because somebody wrote. */
static void changes_write(eh_exchange *exchange, const eh_feedback *pieces, size_t count)
{
    eh_buffer *out = &exchange->out;
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].change[0] == '\0')
            continue;
        if (shown++ == 0)
            eh_buffer_text(out, "<section class=\"card\"><h2>This led to</h2><ul class=\"hits\">\n");
        eh_html_put(out, "<li>$ <span class=\"quiet\">$, <a href=\"/team/feedback/$\">$</a></span></li>\n", pieces[i].change, subject_of(pieces[i].subject), pieces[i].ticket, pieces[i].ticket);
    }
    eh_buffer_text(out, shown > 0 ? "</ul></section>\n" : "");
}

eh_answer eh_team_feedback(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_store *store;
    const eh_feedback *pieces = NULL;
    const eh_feedback_theme *themes = NULL;
    size_t pieces_count = 0, themes_count = 0;
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        eh_feedback_themes_spec spec = {.now_s = eh_web_now_s(web)};
        code = eh_feedback_list(store, &(eh_feedback_filter){0}, exchange->arena, &pieces, &pieces_count, &error);
        if (code == EH_OK)
            code = eh_feedback_themes(store, &spec, exchange->arena, &themes, &themes_count, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_team_page_begin(exchange, "/team/feedback", "Feedback");
    eh_team_header(exchange, &(eh_team_heading){.title = "Feedback", .says = "What people say, what we answer, what it changes"});
    eh_team_done(exchange);
    if (pieces_count == 0) {
        eh_team_empty(exchange, "Nobody has written yet", "Every page that a customer opens has a way to say: useful, creepy, wrong, unfair, or own words.", NULL);
    } else {
        pieces_write(exchange, pieces, pieces_count);
        themes_write(exchange, themes, themes_count);
        changes_write(exchange, pieces, pieces_count);
    }
    eh_team_page_end(exchange);
    return EH_NOW;
}

/* ---- one piece ------------------------------------------------------------------------------------------------------------------- */

static eh_code piece_read(eh_exchange *exchange, eh_feedback *piece_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_feedback_read(store, exchange->parameters[0], exchange->arena, piece_out, error);
    eh_web_store_give(web, store);
    return code;
}

static void fact(eh_exchange *exchange, const char *name, const char *value)
{
    if (value[0] != '\0')
        eh_html_put(&exchange->out, "<dt>$</dt><dd>$</dd>\n", name, value);
}

static void answer_form(eh_exchange *exchange, const eh_feedback *piece)
{
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<section class=\"card\"><h2>Answer</h2>\n<form method=\"post\" action=\"/team/feedback/$\">", piece->ticket);
    eh_team_form_token(exchange);
    eh_buffer_format(out, "<label for=\"answer\">What you say to the person</label><textarea id=\"answer\" name=\"answer\" maxlength=\"%d\" required></textarea>\n"
                          "<label for=\"change\">This led to <span class=\"hint\">the person reads it too; may stay empty</span></label><input id=\"change\" name=\"change\" maxlength=\"300\">\n"
                          "<div class=\"actions\"><button class=\"primary\">Send the answer</button></div></form></section>\n", EH_FEEDBACK_WORDS_BYTES_MAX / 4);
}

eh_answer eh_team_feedback_piece(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_feedback piece;
    eh_buffer *out = &exchange->out;
    if (piece_read(exchange, &piece, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_team_page_begin(exchange, "/team/feedback", piece.ticket);
    eh_team_header(exchange, &(eh_team_heading){.title = piece.ticket, .says = eh_team_moment(exchange, piece.given_s), .back = "/team/feedback", .back_says = "Feedback"});
    eh_buffer_text(out, "<section class=\"card\">");
    if (piece.words[0] != '\0')
        eh_html_put(out, "<blockquote class=\"lead\"><p>$</p></blockquote>\n", piece.words);
    eh_buffer_text(out, "<dl class=\"facts\">\n");
    if (piece.answered_s == 0) {
        eh_buffer_text(out, "<dt>Answer due</dt><dd>");
        eh_team_due_badge(exchange, piece.due_s);
        eh_html_put(out, " <span class=\"quiet\">$</span></dd>\n", eh_team_day(exchange, piece.due_s));
    }
    fact(exchange, "It was", eh_feedback_kind_name(piece.kind));
    fact(exchange, "About", subject_of(piece.subject));
    if (piece.campaign[0] != '\0')
        eh_html_put(out, eh_name_is_plain(eh_view_of(piece.campaign)) ? "<dt>Campaign</dt><dd><a href=\"/team/campaigns/$\">$</a></dd>\n" : "<dt>Campaign</dt><dd>$</dd>\n",
                    piece.campaign, piece.campaign);
    if (piece.decision[0] != '\0')
        eh_html_put(out, eh_name_is_plain(eh_view_of(piece.decision)) ? "<dt>Decision</dt><dd><a href=\"/team/ledger/$\">$</a></dd>\n" : "<dt>Decision</dt><dd>$</dd>\n",
                    piece.decision, piece.decision);
    fact(exchange, "Rule", piece.rule);
    fact(exchange, "Language", piece.language);
    eh_buffer_text(out, "</dl></section>\n");
    if (piece.answered_s == 0 && (eh_role_rights(eh_exchange_session(exchange)->account.role) & EH_MAY_ANSWER) != 0) {
        answer_form(exchange, &piece);
    } else if (piece.answered_s != 0) {
        eh_html_put(out, "<section class=\"card\"><h2>Answered by $</h2><p>$</p>", piece.answered_by, piece.answer);
        eh_buffer_text(out, "</section>\n");
    }
    if (piece.change[0] != '\0')
        eh_html_put(out, "<section class=\"card\"><h2>This led to</h2><p>$</p></section>\n", piece.change);
    eh_team_page_end(exchange);
    return EH_NOW;
}

eh_answer eh_team_feedback_answer(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_store *store;
    eh_fields form = eh_exchange_team_form(exchange);
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        eh_feedback_reply reply = {.ticket = exchange->parameters[0], .answer = eh_view_trim(eh_fields_get(form, "answer")),
                                   .change = eh_view_trim(eh_fields_get(form, "change")), .by = eh_view_of(eh_exchange_session(exchange)->account.name),
                                   .now_s = eh_web_now_s(web)};
        code = eh_feedback_answer(store, &reply, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        eh_team_redirect_done(exchange, "/team/feedback", "answered");
    return EH_NOW;
}
