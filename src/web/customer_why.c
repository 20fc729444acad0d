/* Why did I get this? The page about one decision, reached by one link; its controls act here. */
#include <string.h>

#include "rights/rights.h"
#include "web/customer_int.h"
#include "web/desks_int.h"
#include "web/recall_int.h"

enum { LINKS_FOR_WHY = 1 << EH_LINK_WHY, LINK_DAYS = 30, DAY_SECONDS = 86400 };

static const eh_words *words_of(const eh_web *web, const eh_visit *visit)
{
    const eh_words *words = eh_desks_words(web->desks, eh_messages_language(visit->words));
    return words != NULL ? words : eh_desks_words(web->desks, "en");
}

/* The person's own decision; another's is not there. */
static eh_code decision_read(eh_exchange *exchange, const eh_visit *visit, eh_decision **decision_out, eh_error *error)
{
    const eh_web *web = eh_web_of(exchange);
    eh_decision *decision = NULL;
    EH_TRY(eh_recall_decision(web->recall, visit->link.subject, exchange->arena, &decision, error));
    if (eh_view_equal(decision->trace.key, visit->link.person)) {
        *decision_out = decision;
        return EH_OK;
    }
    eh_recall_give(web->recall, decision);
    return eh_fail(error, EH_NOT_FOUND, "there is no such decision about you");
}

static eh_code page_make(eh_exchange *exchange, const eh_visit *visit, eh_page *page_out, eh_error *error)
{
    const eh_web *web = eh_web_of(exchange);
    eh_decision *decision = NULL;
    eh_page_input input = {0};
    EH_TRY(decision_read(exchange, visit, &decision, error));
    eh_code code = eh_decision_page(decision, words_of(web, visit), exchange->arena, page_out, &input, error);
    if (code == EH_OK) {
        eh_visit_page_begin_titled(exchange, visit, page_out->title);
        eh_visit_form_begin(exchange, visit, "/why/", "");
        eh_page_html(page_out, &exchange->out);
    }
    eh_recall_give(web->recall, decision); /* the page borrows from its frame */
    return code;
}

eh_answer eh_why_page(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_page page = {0};
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_WHY, &visit))
        return EH_NOW;
    if (page_make(exchange, visit, &page, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_buffer_text(&exchange->out, "</form>\n<p class=\"quiet\">");
    eh_say(exchange, visit, "why_proof_says");
    eh_buffer_text(&exchange->out, " <a href=\"");
    eh_visit_path(exchange, visit, "/why/", "/proof");
    eh_buffer_text(&exchange->out, "\" download>");
    eh_say(exchange, visit, "why_proof");
    eh_buffer_text(&exchange->out, "</a></p>\n");
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}

/* ---- the controls ---------------------------------------------------------------------------------------------------------------- */

static eh_code withdraw(eh_exchange *exchange, const eh_visit *visit, eh_purpose purpose, eh_channel channel, eh_error *error)
{
    const eh_act act = {.kind = EH_ACT_WITHDRAW, .purpose = purpose, .channel = channel, .control = EH_CONTROL_BUTTON, .how = "button on the page about a decision"};
    return eh_visit_act(exchange, visit, &act, error);
}

static eh_code stop_channel(eh_exchange *exchange, const eh_visit *visit, eh_error *error)
{
    eh_decision *decision = NULL;
    eh_channel channel = EH_CHANNEL_EMAIL;
    EH_TRY(decision_read(exchange, visit, &decision, error));
    (void)eh_channel_find(eh_view_of(decision->file.frame.channel), &channel);
    eh_recall_give(eh_web_of(exchange)->recall, decision);
    return withdraw(exchange, visit, EH_PURPOSE_MARKETING, channel == EH_CHANNEL_ALL ? EH_CHANNEL_EMAIL : channel, error);
}

static eh_code stop_ai(eh_exchange *exchange, const eh_visit *visit, eh_error *error)
{
    return withdraw(exchange, visit, EH_PURPOSE_AI, EH_CHANNEL_ALL, error);
}

/* A page of the person that this link does not open itself gets a link of its own, for a month. */
static eh_code go(eh_exchange *exchange, const eh_visit *visit, const char *path, eh_link_purpose purpose, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer address = {0};
    eh_link link = {.purpose = purpose, .expires_s = eh_web_now_s(web) + LINK_DAYS * DAY_SECONDS, .person = visit->link.person, .subject = visit->link.subject};
    eh_buffer_text(&address, path);
    EH_TRY(eh_link_append(&web->link_key, &link, NULL, &address, error));
    eh_exchange_redirect(exchange, address.ptr);
    return EH_OK;
}

/* To a page below this one. */
static eh_code go_on(eh_exchange *exchange, const eh_visit *visit, const char *below, eh_view about, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer address = {0};
    eh_buffer_text(&address, "/why/");
    eh_url_append(&address, visit->token);
    eh_buffer_text(&address, below);
    eh_url_append(&address, about);
    EH_TRY(eh_buffer_check(&address, error));
    eh_exchange_redirect(exchange, address.ptr);
    return EH_OK;
}

static eh_code act(eh_exchange *exchange, const eh_visit *visit, eh_view name, eh_error *error)
{
    static const char wrong[] = "wrong:";
    enum { WRONG_LEN = sizeof wrong - 1 };
    if (name.len > WRONG_LEN && memcmp(name.ptr, wrong, WRONG_LEN) == 0)
        return go_on(exchange, visit, "/wrong?fact=", (eh_view){name.ptr + WRONG_LEN, name.len - WRONG_LEN}, error);
    if (eh_view_equal(name, EH_VIEW("review")) || eh_view_equal(name, EH_VIEW("data")))
        return go_on(exchange, visit, "/ask/", name, error);
    if (eh_view_equal(name, EH_VIEW("feedback")))
        return go(exchange, visit, "/feedback/", EH_LINK_WHY, error);
    if (eh_view_equal(name, EH_VIEW("stop_topic")))
        return go(exchange, visit, "/choices/", EH_LINK_WHY, error);
    if (eh_view_equal(name, EH_VIEW("ai_off")))
        EH_TRY(stop_ai(exchange, visit, error));
    else if (eh_view_equal(name, EH_VIEW("stop_channel")))
        EH_TRY(stop_channel(exchange, visit, error));
    else
        return eh_fail(error, EH_INPUT, "this form is not complete; load the page again");
    return go(exchange, visit, "/choices/", EH_LINK_WHY, error);
}

eh_answer eh_why_act(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_fields form;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_WHY, &visit))
        return EH_NOW;
    eh_code code = eh_exchange_form(exchange, &form, &error);
    if (code == EH_OK)
        code = act(exchange, visit, eh_fields_get(form, "act"), &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}
