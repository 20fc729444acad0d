/* What all pages for customers share: languages, links, words, the frame. */
#include "web/customer_int.h"
#include "web/desks_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/time.h"
#include "web/assets/web_assets.h"

EH_EMBED(eh_web_bytes_en, EH_WEB_EN_PATH);
EH_EMBED(eh_web_bytes_de, EH_WEB_DE_PATH);
EH_EMBED(eh_web_bytes_fr, EH_WEB_FR_PATH);
EH_EMBED(eh_web_bytes_es, EH_WEB_ES_PATH);

static const struct {
    const char *language, *name, *ptr;
    const uint64_t *bytes;
} catalogues[] = {
    {"en", "en.yaml", eh_web_bytes_en, &eh_web_bytes_en_bytes},
    {"de", "de.yaml", eh_web_bytes_de, &eh_web_bytes_de_bytes},
    {"fr", "fr.yaml", eh_web_bytes_fr, &eh_web_bytes_fr_bytes},
    {"es", "es.yaml", eh_web_bytes_es, &eh_web_bytes_es_bytes},
};
enum { LANGUAGES_COUNT = sizeof catalogues / sizeof catalogues[0] };

struct eh_catalogues {
    eh_messages *usual[LANGUAGES_COUNT];
    eh_messages *own[LANGUAGES_COUNT];      /* the shop's; NULL: none */
};

static const eh_messages *words_of(const eh_catalogues *languages, size_t i) { return languages->own[i] != NULL ? languages->own[i] : languages->usual[i]; }

eh_code eh_catalogues_open(const char *folder, eh_catalogues **languages_out, eh_error *error)
{
    EH_CLEANUP(eh_catalogues_close) eh_catalogues *languages = calloc(1, sizeof *languages);
    if (languages == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < LANGUAGES_COUNT; i++) {
        EH_TRY(eh_messages_open((eh_view){catalogues[i].ptr, (size_t)*catalogues[i].bytes}, catalogues[i].name, catalogues[i].language,
                                languages->usual[0], &languages->usual[i], error));
        EH_TRY(eh_look_words(folder, languages->usual[i], &languages->own[i], error));
    }
    *languages_out = languages;
    languages = NULL;
    return EH_OK;
}

void eh_catalogues_close(eh_catalogues **languages_address)
{
    eh_catalogues *languages = *languages_address;
    if (languages == NULL)
        return;
    for (size_t i = LANGUAGES_COUNT; i-- > 0;) {
        eh_messages_close(&languages->own[i]);
        eh_messages_close(&languages->usual[i]);
    }
    free(languages);
    *languages_address = NULL;
}

/* "de-AT" and "de" are the same here. */
static const eh_messages *language_find(const eh_catalogues *languages, eh_view tag)
{
    for (size_t i = 0; i < LANGUAGES_COUNT; i++) {
        size_t len = strlen(catalogues[i].language);
        if (tag.len >= len && eh_view_equal_nocase((eh_view){tag.ptr, len}, eh_view_of(catalogues[i].language)) && (tag.len == len || tag.ptr[len] == '-'))
            return words_of(languages, i);
    }
    return NULL;
}

const eh_messages *eh_catalogues_choose(const eh_catalogues *languages, eh_view accepted, const char *shop_language)
{
    /* Browsers list languages with the best first; weights are left as they are. */
    while (accepted.len > 0) {
        const char *comma = memchr(accepted.ptr, ',', accepted.len);
        size_t len = comma == NULL ? accepted.len : (size_t)(comma - accepted.ptr), taken = comma == NULL ? len : len + 1;
        const char *weight = memchr(accepted.ptr, ';', len);
        eh_view tag = eh_view_trim((eh_view){accepted.ptr, weight == NULL ? len : (size_t)(weight - accepted.ptr)});
        const eh_messages *found = language_find(languages, tag);
        if (found != NULL)
            return found;
        accepted = (eh_view){accepted.ptr + taken, accepted.len - taken};
    }
    const eh_messages *own = shop_language == NULL ? NULL : language_find(languages, eh_view_of(shop_language));
    return own != NULL ? own : words_of(languages, 0);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------------ */

enum { VALUES_MAX = 8 };

static void say_into(eh_exchange *exchange, const eh_visit *visit, const char *key, const eh_message_value *values, size_t values_count, eh_buffer *text_out)
{
    eh_message_value all[VALUES_MAX] = {{.name = "shop", .text = eh_web_of(exchange)->model->shop.name}};
    EH_ASSERT(values_count < VALUES_MAX);
    for (size_t i = 0; i < values_count; i++)
        all[1 + i] = values[i];
    eh_message_append(visit->words, key, all, 1 + values_count, text_out);
}

const char *eh_say_text(eh_exchange *exchange, const eh_visit *visit, const char *key, const eh_message_value *values, size_t values_count)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    say_into(exchange, visit, key, values, values_count, &text);
    return text.code != EH_OK ? NULL : eh_arena_copy(exchange->arena, eh_buffer_view(&text));
}

void eh_say_all(eh_exchange *exchange, const eh_visit *visit, const char *key, const eh_message_value *values, size_t values_count)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    say_into(exchange, visit, key, values, values_count, &text);
    eh_html_text(&exchange->out, eh_buffer_view(&text));
}

void eh_say(eh_exchange *exchange, const eh_visit *visit, const char *key)
{
    eh_say_all(exchange, visit, key, NULL, 0);
}

const char *eh_say_day(eh_exchange *exchange, const eh_visit *visit, int64_t at_s)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_error error = {0};
    const char *day = NULL;
    if (eh_date_format_append(eh_desks_words(eh_web_of(exchange)->desks, eh_messages_language(visit->words))->days, (eh_instant){.seconds = at_s}, NULL, &text, &error) == EH_OK)
        day = eh_arena_copy(exchange->arena, eh_buffer_view(&text));
    return day == NULL ? "" : day;
}

/* ---- visits ------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_visit_open(eh_exchange *exchange, eh_visit **visit_out, eh_error *error)
{
    const eh_web *web = eh_web_of(exchange);
    eh_visit *visit = EH_TAKE(exchange->arena, 1, eh_visit);
    if (visit == NULL)
        return eh_fail_memory(error);
    visit->words = eh_catalogues_choose(web->languages, eh_fields_get(exchange->headers, "accept-language"), web->model->shop.language);
    visit->signal = eh_view_equal(eh_fields_get(exchange->headers, "sec-gpc"), EH_VIEW("1"));
    *visit_out = visit;
    return EH_OK;
}

eh_code eh_visit_act(eh_exchange *exchange, const eh_visit *visit, const eh_act *act, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_act whole = *act;
    eh_said_result result;
    whole.by = EH_BY_PERSON;
    whole.at_s = eh_web_now_s(web);
    whole.language = eh_messages_language(visit->words);
    return eh_rights_say(web->rights, visit->link.person, &whole, whole.at_s, &result, error);
}

/* The signal is recorded once; the same signal on every page adds nothing. */
static eh_code signal_record(eh_exchange *exchange, const eh_visit *visit, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_may_answer answer;
    eh_may_question question = {.purpose = EH_PURPOSE_SALE, .at_s = eh_web_now_s(web)};
    EH_TRY(eh_rights_may(web->rights, visit->link.person, &question, &answer, error));
    if (answer.why == EH_WHY_SIGNAL)
        return EH_OK;
    return eh_visit_act(exchange, visit, &(eh_act){.kind = EH_ACT_SIGNAL, .purpose = EH_PURPOSE_SALE, .how = "Sec-GPC: 1 on a page of the person"}, error);
}

bool eh_visit_by_link(eh_exchange *exchange, unsigned purposes, eh_visit **visit_out)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_visit *visit = NULL;
    eh_code code = eh_visit_open(exchange, &visit, &error);
    if (code == EH_OK) {
        visit->token = exchange->parameters[0];
        code = eh_link_read(&web->link_key, visit->token, eh_web_now_s(web), exchange->arena, &visit->link, &error);
    }
    if (code == EH_OK && (purposes >> visit->link.purpose & 1) == 0)
        code = eh_fail(&error, EH_DENIED, "this link is for something else");
    if (code == EH_DENIED || code == EH_NOT_FOUND) {
        exchange->status = code == EH_DENIED ? 404 : 410;
        eh_visit_page_note(exchange, visit, code == EH_DENIED ? "link_wrong_title" : "link_expired_title", code == EH_DENIED ? "link_wrong" : "link_expired");
        return false;
    }
    if (code == EH_OK && visit->signal)
        code = signal_record(exchange, visit, &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    *visit_out = visit;
    return code == EH_OK;
}

/* ---- the frame ------------------------------------------------------------------------------------------------------------------------ */

void eh_visit_page_begin(eh_exchange *exchange, const eh_visit *visit, const char *title)
{
    const char *text = eh_say_text(exchange, visit, title, NULL, 0);
    eh_visit_page_begin_titled(exchange, visit, text == NULL ? "" : text);
}

void eh_visit_page_begin_titled(eh_exchange *exchange, const eh_visit *visit, const char *title)
{
    eh_page_head(exchange, &(eh_page_head_facts){.title = title,
                                                 .language = eh_messages_language(visit->words),
                                                 .right_to_left = eh_messages_right_to_left(visit->words)});
    const eh_look *look = &eh_web_of(exchange)->look;
    const char *shop = eh_web_of(exchange)->model->shop.name;
    eh_page_style(exchange, EH_STYLE_CUSTOMER);
    if (look->style_path != NULL)
        eh_html_put(&exchange->out, "<link rel=\"stylesheet\" href=\"$\">\n", look->style_path);
    eh_buffer_text(&exchange->out, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">");
    eh_say(exchange, visit, "to_content");
    eh_buffer_text(&exchange->out, "</a>\n<header class=\"shop\">");
    if (look->logo_path != NULL)
        eh_html_put(&exchange->out, "<img src=\"$\" alt=\"$\">", look->logo_path, look->logo_says != NULL ? look->logo_says : shop);
    else
        eh_html_put(&exchange->out, "$", shop);
    eh_buffer_text(&exchange->out, "</header>\n<main id=\"main\">\n");
    if (visit->signal) {
        eh_buffer_text(&exchange->out, "<div class=\"note good\" role=\"status\"><p><strong>");
        eh_say(exchange, visit, "gpc_honored");
        eh_buffer_text(&exchange->out, "</strong><br>");
        eh_say(exchange, visit, "gpc_says");
        eh_buffer_text(&exchange->out, "</p></div>\n");
    }
}

void eh_visit_page_end(eh_exchange *exchange, const eh_visit *visit)
{
    const eh_shop *shop = &eh_web_of(exchange)->model->shop;
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "</main>\n<footer class=\"foot\">\n<p><a href=\"/ai\">");
    eh_say(exchange, visit, "foot_ai");
    eh_html_put(out, "</a></p>\n<p>$", shop->name);
    if (shop->address != NULL)
        eh_html_put(out, ", $", shop->address);
    if (shop->contact != NULL)
        eh_html_put(out, " · <a href=\"mailto:$\">$</a>", shop->contact, shop->contact);
    eh_buffer_text(out, "</p>\n</footer>\n</body>\n</html>\n");
}

void eh_visit_page_note(eh_exchange *exchange, const eh_visit *visit, const char *title, const char *paragraph)
{
    eh_buffer_clear(&exchange->out);
    eh_visit_page_begin(exchange, visit, title);
    eh_buffer_text(&exchange->out, "<div class=\"card\"><h1>");
    eh_say(exchange, visit, title);
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say(exchange, visit, paragraph);
    eh_buffer_text(&exchange->out, "</p></div>\n");
    eh_visit_page_end(exchange, visit);
}

void eh_visit_path(eh_exchange *exchange, const eh_visit *visit, const char *before, const char *after)
{
    eh_buffer_text(&exchange->out, before);
    eh_url_append(&exchange->out, visit->token);
    eh_buffer_text(&exchange->out, after);
}

void eh_visit_form_begin(eh_exchange *exchange, const eh_visit *visit, const char *before, const char *after)
{
    eh_buffer_text(&exchange->out, "<form method=\"post\" action=\"");
    eh_visit_path(exchange, visit, before, after);
    eh_buffer_text(&exchange->out, "\">");
}
