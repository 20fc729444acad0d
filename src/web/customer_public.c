/* What everybody may see: how this shop uses AI, and that it honours Global Privacy Control. */
#include <string.h>

#include "web/customer_int.h"

static void heading(eh_exchange *exchange, const eh_visit *visit, const char *key)
{
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>");
    eh_say(exchange, visit, key);
    eh_buffer_text(&exchange->out, "</h2>\n");
}

static void paragraph(eh_exchange *exchange, const eh_visit *visit, const char *key)
{
    eh_buffer_text(&exchange->out, "<p>");
    eh_say(exchange, visit, key);
    eh_buffer_text(&exchange->out, "</p>\n");
}

/* "months_since_order" as people write it. */
static void name_write(eh_exchange *exchange, const char *name)
{
    char *words = eh_arena_copy(exchange->arena, eh_view_of(name));
    for (char *at = words; at != NULL && *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    eh_html_put(&exchange->out, "<li>$", words == NULL ? name : words);
}

/* From the list that the loader enforces: a model that reads anything else does not load. */
static void used_write(eh_exchange *exchange, const eh_visit *visit, const eh_workspace_model *model)
{
    heading(exchange, visit, "public_used");
    eh_buffer_text(&exchange->out, "<ul>\n");
    for (size_t i = 0; i < model->features_count; i++) {
        const eh_workspace_feature *feature = &model->features[i];
        name_write(exchange, feature->name);
        if (feature->from_whom != NULL) {
            const eh_message_value source = {.name = "source", .text = feature->from_whom};
            eh_buffer_text(&exchange->out, "<br><small>");
            eh_say_all(exchange, visit, "public_used_from", &source, 1);
            eh_buffer_text(&exchange->out, "</small>");
        }
        eh_buffer_text(&exchange->out, "</li>\n");
    }
    eh_buffer_text(&exchange->out, "</ul></section>\n");
}

static void not_used_write(eh_exchange *exchange, const eh_visit *visit, const eh_workspace_model *model)
{
    heading(exchange, visit, "public_not_used");
    if (model->attributes_count > 0) {
        eh_buffer_text(&exchange->out, "<ul>\n");
        for (size_t i = 0; i < model->attributes_count; i++) {
            name_write(exchange, model->attributes[i].name);
            eh_buffer_text(&exchange->out, "</li>\n");
        }
        eh_buffer_text(&exchange->out, "</ul>\n");
        paragraph(exchange, visit, "public_not_used_says");
    }
    eh_buffer_text(&exchange->out, "</section>\n");
}

static void ledger_write(eh_exchange *exchange, const eh_visit *visit)
{
    const eh_web *web = eh_web_of(exchange);
    eh_ledger_stats stats;
    eh_error error = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, key = {0};
    heading(exchange, visit, "public_ledger");
    eh_buffer_format(&path, "%s/ledger/public/vkey", web->model->state_folder);
    if (path.code != EH_OK || eh_ledger_stats_read(web->model->folder, &stats, &error) != EH_OK ||
        eh_file_read(path.ptr, 1 << 16, &key, &error) != EH_OK) {
        paragraph(exchange, visit, "public_ledger_none");
        eh_buffer_text(&exchange->out, "</section>\n");
        return;
    }
    const eh_message_value count = {.name = "count", .number = (double)stats.published_size};
    eh_buffer_text(&exchange->out, "<p>");
    eh_say_all(exchange, visit, "public_ledger_says", &count, 1);
    eh_buffer_text(&exchange->out, "</p>\n<p><code>");
    eh_html_text(&exchange->out, eh_view_trim(eh_buffer_view(&key)));
    eh_buffer_text(&exchange->out, "</code></p></section>\n");
}

static void person_write(eh_exchange *exchange, const eh_visit *visit, const eh_shop *shop)
{
    heading(exchange, visit, "public_person");
    eh_html_put(&exchange->out, "<p>$", shop->name);
    if (shop->address != NULL)
        eh_html_put(&exchange->out, "<br>$", shop->address);
    if (shop->contact != NULL) {
        const eh_message_value contact = {.name = "contact", .text = shop->contact};
        eh_buffer_text(&exchange->out, "<br>");
        eh_say_all(exchange, visit, "contact", &contact, 1);
    }
    eh_buffer_text(&exchange->out, "</p></section>\n");
}

eh_answer eh_public_page(eh_exchange *exchange)
{
    const eh_workspace_model *model = eh_web_of(exchange)->model;
    eh_visit *visit;
    eh_error error = {0};
    if (eh_visit_open(exchange, &visit, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    visit->signal = false; /* nobody is known here; the signal is honoured where a person is */
    eh_visit_page_begin(exchange, visit, "public_title");
    eh_buffer_text(&exchange->out, "<h1>");
    eh_say(exchange, visit, "public_title");
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say(exchange, visit, "public_lead");
    eh_buffer_text(&exchange->out, "</p>\n<div class=\"note\"><p><strong>");
    eh_say(exchange, visit, model->profiling ? "public_on" : "public_off");
    eh_buffer_text(&exchange->out, "</strong></p></div>\n");
    if (model->features_count > 0)
        used_write(exchange, visit, model);
    not_used_write(exchange, visit, model);
    heading(exchange, visit, "public_choice");
    paragraph(exchange, visit, "public_choice_says");
    eh_buffer_text(&exchange->out, "</section>\n");
    heading(exchange, visit, "public_checks");
    eh_register_last(exchange, visit);
    eh_buffer_text(&exchange->out, "</section>\n");
    heading(exchange, visit, "public_rules");
    eh_register_rules(exchange, visit);
    eh_buffer_text(&exchange->out, "</section>\n");
    ledger_write(exchange, visit);
    person_write(exchange, visit, &model->shop);
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}

/* The day on which the program that answers was made to honour the signal. */
eh_answer eh_public_gpc(eh_exchange *exchange)
{
    exchange->content_type = "application/json";
    exchange->cache = "public, max-age=86400";
    eh_buffer_text(&exchange->out, "{\"gpc\": true, \"lastUpdate\": \"2026-11-24T00:00:00Z\"}\n");
    return EH_NOW;
}
