/* The person's choices: channels, the AI switch, everything; and the one click of RFC 8058. */
#include <string.h>

#include "web/customer_int.h"

enum { LINKS_FOR_CHOICES = 1 << EH_LINK_PREFERENCES | 1 << EH_LINK_WHY | 1 << EH_LINK_DATA, WORDING_VERSION_BYTES = 24 };

/* What a shop that mails with an ordinary tool can use; a channel that somebody has said something about is always shown. */
static const eh_channel shown_channels[] = {EH_CHANNEL_EMAIL, EH_CHANNEL_SMS, EH_CHANNEL_PUSH, EH_CHANNEL_WHATSAPP, EH_CHANNEL_POST, EH_CHANNEL_PHONE};
enum { SHOWN_COUNT = sizeof shown_channels / sizeof shown_channels[0] };

static const char *channel_words(eh_exchange *exchange, const eh_visit *visit, eh_channel channel)
{
    char key[40];
    snprintf(key, sizeof key, "channel_%s", eh_channel_name(channel));
    const char *words = eh_say_text(exchange, visit, key, NULL, 0);
    return words == NULL ? eh_channel_name(channel) : words;
}

static eh_code ask(eh_exchange *exchange, const eh_visit *visit, eh_purpose purpose, eh_channel channel, eh_may_answer *answer_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_may_question question = {.purpose = purpose, .channel = channel, .at_s = eh_web_now_s(web), .opt_out_in_message = true};
    return eh_rights_may(web->rights, visit->link.person, &question, answer_out, error);
}

static void channel_switch(eh_exchange *exchange, const eh_visit *visit, eh_channel channel, const eh_may_answer *answer)
{
    eh_buffer *out = &exchange->out;
    const char *words = channel_words(exchange, visit, channel);
    const char *state = answer->said == EH_SAID_YES ? "state_yes" : answer->said == EH_SAID_NO ? "state_no" : answer->may ? "state_may" : "state_unknown";
    eh_html_put(out, "<li class=\"switch\"><div><strong>$</strong><br><small>", words);
    eh_say(exchange, visit, state);
    eh_buffer_text(out, "</small></div>");
    eh_visit_form_begin(exchange, visit, "/choices/", "");
    eh_html_put(out, "<input type=\"hidden\" name=\"channel\" value=\"$\"><input type=\"hidden\" name=\"said\" value=\"$\"><button>", eh_channel_name(channel),
                answer->may ? "no" : "yes");
    eh_say(exchange, visit, answer->may ? "button_stop" : "button_allow");
    eh_html_put(out, "<span class=\"hidden\"> $</span></button></form></li>\n", words);
}

static eh_code channels_write(eh_exchange *exchange, const eh_visit *visit, eh_error *error)
{
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>");
    eh_say(exchange, visit, "choices_channels");
    eh_buffer_text(out, "</h2>\n<p class=\"quiet\">");
    eh_say(exchange, visit, "choices_channels_hint");
    eh_buffer_text(out, "</p>\n<ul class=\"plain\">\n");
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        eh_may_answer answer;
        EH_TRY(ask(exchange, visit, EH_PURPOSE_MARKETING, shown_channels[i], &answer, error));
        channel_switch(exchange, visit, shown_channels[i], &answer);
    }
    eh_buffer_text(out, "</ul></section>\n");
    return EH_OK;
}

static void button_form(eh_exchange *exchange, const eh_visit *visit, const char *name, const char *button)
{
    eh_buffer_text(&exchange->out, "<div class=\"actions\">");
    eh_visit_form_begin(exchange, visit, "/choices/", "");
    eh_html_put(&exchange->out, "<input type=\"hidden\" name=\"do\" value=\"$\"><button>", name);
    eh_say(exchange, visit, button);
    eh_buffer_text(&exchange->out, "</button></form></div></section>\n");
}

static eh_code ai_write(eh_exchange *exchange, const eh_visit *visit, eh_error *error)
{
    eh_buffer *out = &exchange->out;
    eh_may_answer answer;
    EH_TRY(ask(exchange, visit, EH_PURPOSE_AI, EH_CHANNEL_ALL, &answer, error));
    bool on = answer.may && eh_web_of(exchange)->model->profiling;
    eh_buffer_text(out, "<section class=\"card\"><h2>");
    eh_say(exchange, visit, "ai_title");
    eh_buffer_text(out, "</h2>\n<p>");
    eh_say(exchange, visit, on ? "ai_on" : "ai_off");
    eh_buffer_text(out, "</p><p class=\"quiet\">");
    eh_say(exchange, visit, "ai_costs_nothing");
    eh_buffer_text(out, "</p>");
    button_form(exchange, visit, answer.may ? "ai_off" : "ai_on", answer.may ? "button_ai_off" : "button_ai_on");
    return EH_OK;
}

static void note_write(eh_exchange *exchange, const eh_visit *visit, const char *done, const eh_message_value *value)
{
    if (done == NULL)
        return;
    eh_buffer_text(&exchange->out, "<div class=\"note good\" role=\"status\"><p>");
    eh_say_all(exchange, visit, done, value, value == NULL ? 0 : 1);
    eh_buffer_text(&exchange->out, "</p></div>\n");
}

static void choices_write(eh_exchange *exchange, const eh_visit *visit, const char *done, const eh_message_value *value)
{
    eh_error error = {0};
    eh_visit_page_begin(exchange, visit, "choices_title");
    note_write(exchange, visit, done, value);
    eh_buffer_text(&exchange->out, "<h1>");
    eh_say(exchange, visit, "choices_title");
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say(exchange, visit, "choices_lead");
    eh_buffer_text(&exchange->out, "</p>\n");
    eh_code code = channels_write(exchange, visit, &error);
    if (code == EH_OK)
        code = ai_write(exchange, visit, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return;
    }
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>");
    eh_say(exchange, visit, "all_title");
    eh_buffer_text(&exchange->out, "</h2>\n<p>");
    eh_say(exchange, visit, "all_says");
    eh_buffer_text(&exchange->out, "</p>");
    button_form(exchange, visit, "all", "button_all");
    eh_visit_page_end(exchange, visit);
}

eh_answer eh_choices_page(eh_exchange *exchange)
{
    eh_visit *visit;
    if (eh_visit_by_link(exchange, LINKS_FOR_CHOICES, &visit))
        choices_write(exchange, visit, NULL, NULL);
    return EH_NOW;
}

/* ---- changing --------------------------------------------------------------------------------------------------------------------------- */

/* The version of a wording is its hash: another wording is another version by itself. */
static void version_of(const char *wording, char version_out[WORDING_VERSION_BYTES])
{
    char hex[65];
    eh_digest digest = eh_sha256_of(eh_view_of(wording));
    eh_hex(digest.bytes, 32, hex);
    snprintf(version_out, WORDING_VERSION_BYTES, "page-%.16s", hex);
}

static eh_code consent(eh_exchange *exchange, const eh_visit *visit, eh_purpose purpose, eh_channel channel, eh_error *error)
{
    const eh_message_value value = {.name = "channel", .text = channel == EH_CHANNEL_ALL ? "" : channel_words(exchange, visit, channel)};
    const char *wording = eh_say_text(exchange, visit, purpose == EH_PURPOSE_AI ? "wording_ai" : "wording_allow", &value, 1);
    char version[WORDING_VERSION_BYTES];
    if (wording == NULL)
        return eh_fail_memory(error);
    version_of(wording, version);
    eh_act act = {.kind = EH_ACT_CONSENT, .purpose = purpose, .channel = channel, .control = EH_CONTROL_BUTTON, .how = "button on the page of choices",
                  .wording = wording, .version = version};
    return eh_visit_act(exchange, visit, &act, error);
}

static eh_code withdraw(eh_exchange *exchange, const eh_visit *visit, eh_purpose purpose, eh_channel channel, eh_error *error)
{
    eh_act act = {.kind = EH_ACT_WITHDRAW, .purpose = purpose, .channel = channel, .control = EH_CONTROL_BUTTON, .how = "button on the page of choices"};
    return eh_visit_act(exchange, visit, &act, error);
}

static eh_code channel_change(eh_exchange *exchange, const eh_visit *visit, eh_fields form, const char **done_out, eh_error *error)
{
    eh_channel channel;
    bool yes = eh_view_equal(eh_fields_get(form, "said"), EH_VIEW("yes"));
    if (!eh_channel_find(eh_fields_get(form, "channel"), &channel) || channel == EH_CHANNEL_ALL || (!yes && !eh_view_equal(eh_fields_get(form, "said"), EH_VIEW("no"))))
        return eh_fail(error, EH_INPUT, "this form is not complete; load the page again");
    *done_out = yes ? "done_allow" : "done_stop";
    return yes ? consent(exchange, visit, EH_PURPOSE_MARKETING, channel, error) : withdraw(exchange, visit, EH_PURPOSE_MARKETING, channel, error);
}

static eh_code change(eh_exchange *exchange, const eh_visit *visit, eh_fields form, const char **done_out, eh_error *error)
{
    eh_view deed = eh_fields_get(form, "do");
    if (eh_view_equal(deed, EH_VIEW("ai_off"))) {
        *done_out = "done_ai_off";
        return withdraw(exchange, visit, EH_PURPOSE_AI, EH_CHANNEL_ALL, error);
    }
    if (eh_view_equal(deed, EH_VIEW("ai_on"))) {
        *done_out = "done_ai_on";
        return consent(exchange, visit, EH_PURPOSE_AI, EH_CHANNEL_ALL, error);
    }
    if (eh_view_equal(deed, EH_VIEW("all"))) {
        *done_out = "done_all";
        return eh_visit_act(exchange, visit, &(eh_act){.kind = EH_ACT_OBJECT, .purpose = EH_PURPOSE_MARKETING, .control = EH_CONTROL_BUTTON, .how = "button on the page of choices"}, error);
    }
    return channel_change(exchange, visit, form, done_out, error);
}

eh_answer eh_choices_change(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_fields form;
    eh_error error = {0};
    const char *done = NULL;
    if (!eh_visit_by_link(exchange, LINKS_FOR_CHOICES, &visit))
        return EH_NOW;
    eh_code code = eh_exchange_form(exchange, &form, &error);
    if (code == EH_OK)
        code = change(exchange, visit, form, &done, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_channel channel = EH_CHANNEL_ALL;
    bool about_channel = eh_channel_find(eh_fields_get(form, "channel"), &channel) && channel != EH_CHANNEL_ALL;
    eh_message_value value = {.name = "channel", .text = about_channel ? channel_words(exchange, visit, channel) : ""};
    choices_write(exchange, visit, done, &value);
    return EH_NOW;
}

/* ---- one click ------------------------------------------------------------------------------------------------------------------------------ */

static eh_channel channel_of_link(const eh_visit *visit)
{
    eh_channel channel;
    return eh_channel_find(visit->link.subject, &channel) && channel != EH_CHANNEL_ALL ? channel : EH_CHANNEL_EMAIL;
}

/* A GET changes nothing: programs that look whether links are safe open them too. */
eh_answer eh_unsubscribe_page(eh_exchange *exchange)
{
    eh_visit *visit;
    if (!eh_visit_by_link(exchange, 1 << EH_LINK_UNSUBSCRIBE, &visit))
        return EH_NOW;
    const eh_message_value value = {.name = "channel", .text = channel_words(exchange, visit, channel_of_link(visit))};
    eh_visit_page_begin(exchange, visit, "unsubscribe_title");
    eh_buffer_text(&exchange->out, "<div class=\"card\"><h1>");
    eh_say(exchange, visit, "unsubscribe_title");
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say_all(exchange, visit, "unsubscribe_says", &value, 1);
    eh_buffer_text(&exchange->out, "</p>\n<div class=\"actions\">");
    eh_visit_form_begin(exchange, visit, "/unsubscribe/", "");
    eh_buffer_text(&exchange->out, "<input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\"><button class=\"primary\">");
    eh_say(exchange, visit, "button_unsubscribe");
    eh_buffer_text(&exchange->out, "</button></form></div></div>\n");
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}

/* RFC 8058: the body says List-Unsubscribe=One-Click; no cookie, no log-in, no redirect. Mail programs may send it as multipart too. */
static bool is_one_click(const eh_exchange *exchange)
{
    static const char click[] = "List-Unsubscribe";
    return exchange->body.len > 0 && memmem(exchange->body.ptr, exchange->body.len, click, sizeof click - 1) != NULL &&
           memmem(exchange->body.ptr, exchange->body.len, "One-Click", 9) != NULL;
}

eh_answer eh_unsubscribe(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, 1 << EH_LINK_UNSUBSCRIBE, &visit))
        return EH_NOW;
    eh_channel channel = channel_of_link(visit);
    eh_act act = {.kind = EH_ACT_WITHDRAW, .purpose = EH_PURPOSE_MARKETING, .channel = channel, .control = EH_CONTROL_BUTTON, .how = "one-click unsubscribe (RFC 8058)"};
    eh_code code = is_one_click(exchange) ? eh_visit_act(exchange, visit, &act, &error)
                                          : eh_fail(&error, EH_INPUT, "the body of a one-click unsubscribe is List-Unsubscribe=One-Click");
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    const eh_message_value value = {.name = "channel", .text = channel_words(exchange, visit, channel)};
    eh_visit_page_begin(exchange, visit, "done_title");
    eh_buffer_text(&exchange->out, "<div class=\"card\"><h1>");
    eh_say(exchange, visit, "done_title");
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say_all(exchange, visit, "done_stop", &value, 1);
    eh_buffer_text(&exchange->out, "</p></div>\n");
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}
