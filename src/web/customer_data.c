/* The person's data: to see, to take along, to correct, to erase. */
#include <string.h>

#include "web/api_int.h"
#include "web/customer_int.h"

enum { LINKS_FOR_DATA = 1 << EH_LINK_DATA };

static eh_code person_of(eh_exchange *exchange, const eh_visit *visit, eh_person *person_out, eh_error *error)
{
    return eh_person_read(eh_web_of(exchange)->rights, visit->link.person, exchange->arena, person_out, error);
}

/* ---- seeing ------------------------------------------------------------------------------------------------------------------------- */

static const char *purpose_words(eh_exchange *exchange, const eh_visit *visit, const eh_act *act)
{
    char key[48];
    bool channel = act->channel != EH_CHANNEL_ALL && act->purpose == EH_PURPOSE_MARKETING;
    snprintf(key, sizeof key, channel ? "channel_%s" : "purpose_%s", channel ? eh_channel_name(act->channel) : eh_purpose_name(act->purpose));
    const char *words = eh_say_text(exchange, visit, key, NULL, 0);
    return words == NULL ? "" : words;
}

static void act_write(eh_exchange *exchange, const eh_visit *visit, const eh_act *act)
{
    char key[40];
    const eh_message_value what = {.name = "what", .text = purpose_words(exchange, visit, act)};
    snprintf(key, sizeof key, "act_%s", eh_act_kind_name(act->kind));
    eh_html_put(&exchange->out, "<tr><td>$</td><td>", eh_say_day(exchange, visit, act->at_s));
    eh_say_all(exchange, visit, key, &what, 1);
    if (act->by == EH_BY_IMPORT)
        eh_say(exchange, visit, "act_by_import");
    eh_html_put(&exchange->out, "</td><td>$</td></tr>\n", act->how == NULL ? "" : act->how);
}

static void heading(eh_exchange *exchange, const eh_visit *visit, const char *key)
{
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>");
    eh_say(exchange, visit, key);
    eh_buffer_text(&exchange->out, "</h2>\n");
}

static void columns(eh_exchange *exchange, const eh_visit *visit, const char *const keys[3])
{
    eh_buffer_text(&exchange->out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    eh_say(exchange, visit, keys[1]);
    eh_buffer_text(&exchange->out, "\"><table><thead><tr>");
    for (int i = 0; i < 3 && keys[i] != NULL; i++) {
        eh_buffer_text(&exchange->out, "<th scope=\"col\">");
        eh_say(exchange, visit, keys[i]);
        eh_buffer_text(&exchange->out, "</th>");
    }
    eh_buffer_text(&exchange->out, "</tr></thead><tbody>\n");
}

static void contacts_write(eh_exchange *exchange, const eh_visit *visit, const eh_person *person)
{
    eh_buffer *out = &exchange->out;
    heading(exchange, visit, "data_contacts");
    eh_buffer_text(out, "<dl class=\"facts\"><dt>");
    eh_say(exchange, visit, "data_since");
    eh_html_put(out, "</dt><dd>$</dd>\n", eh_say_day(exchange, visit, person->since_s));
    for (size_t i = 0; i < person->contacts_count; i++) {
        char key[40];
        snprintf(key, sizeof key, "channel_%s", strcmp(person->contacts[i].kind, "phone") == 0 ? "phone" : "email");
        eh_buffer_text(out, "<dt>");
        eh_say(exchange, visit, key);
        eh_html_put(out, "</dt><dd>$</dd>\n", person->contacts[i].value);
    }
    eh_buffer_text(out, "</dl></section>\n");
}

static void lists_write(eh_exchange *exchange, const eh_visit *visit, const eh_person *person)
{
    eh_buffer *out = &exchange->out;
    if (person->acts_count > 0) {
        heading(exchange, visit, "data_acts");
        columns(exchange, visit, (const char *const[3]){"data_when", "data_what", "data_how"});
        for (size_t i = person->acts_count; i-- > 0;)
            act_write(exchange, visit, &person->acts[i].act);
        eh_buffer_text(out, "</tbody></table></div></section>\n");
    }
    if (person->disclosures_count > 0) {
        heading(exchange, visit, "data_recipients");
        eh_buffer_text(out, "<ul>");
        for (size_t i = 0; i < person->disclosures_count; i++)
            eh_html_put(out, "<li>$: $ ($)</li>", person->disclosures[i].recipient, person->disclosures[i].what,
                        eh_say_day(exchange, visit, person->disclosures[i].at_s));
        eh_buffer_text(out, "</ul></section>\n");
    }
}

static void take_write(eh_exchange *exchange, const eh_visit *visit)
{
    eh_buffer *out = &exchange->out;
    heading(exchange, visit, "data_take");
    eh_buffer_text(out, "<p>");
    eh_say(exchange, visit, "data_take_says");
    eh_buffer_text(out, "</p><div class=\"actions\"><a class=\"button\" download href=\"");
    eh_visit_path(exchange, visit, "/data/", "/person.json");
    eh_buffer_text(out, "\">");
    eh_say(exchange, visit, "button_json");
    eh_buffer_text(out, "</a><a class=\"button\" download href=\"");
    eh_visit_path(exchange, visit, "/data/", "/person.csv");
    eh_buffer_text(out, "\">");
    eh_say(exchange, visit, "button_csv");
    eh_buffer_text(out, "</a></div><p><a download href=\"");
    eh_visit_path(exchange, visit, "/data/", "/receipt.jsonld");
    eh_buffer_text(out, "\">");
    eh_say(exchange, visit, "data_receipt");
    eh_buffer_text(out, "</a></p></section>\n");
}

static void field(eh_exchange *exchange, const eh_visit *visit, const char *name, const char *label)
{
    eh_html_put(&exchange->out, "<label for=\"$\">", name);
    eh_say(exchange, visit, label);
    eh_html_put(&exchange->out, "</label><input id=\"$\" name=\"$\" maxlength=\"300\" required>\n", name, name);
}

static void change_write(eh_exchange *exchange, const eh_visit *visit)
{
    eh_buffer *out = &exchange->out;
    heading(exchange, visit, "data_correct");
    eh_visit_form_begin(exchange, visit, "/data/", "/correct");
    field(exchange, visit, "field", "data_correct_field");
    field(exchange, visit, "value", "data_correct_value");
    eh_buffer_text(out, "<button>");
    eh_say(exchange, visit, "button_correct");
    eh_buffer_text(out, "</button></form></section>\n");
    heading(exchange, visit, "data_erase");
    eh_buffer_text(out, "<p>");
    eh_say(exchange, visit, "data_erase_says");
    eh_buffer_text(out, "</p>");
    eh_visit_form_begin(exchange, visit, "/data/", "/erase");
    eh_buffer_text(out, "<label class=\"choice\"><input type=\"checkbox\" name=\"sure\" value=\"yes\"> ");
    eh_say(exchange, visit, "data_erase_sure");
    eh_buffer_text(out, "</label><button>");
    eh_say(exchange, visit, "button_erase");
    eh_buffer_text(out, "</button></form></section>\n");
}

eh_answer eh_data_page(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_person person;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_DATA, &visit))
        return EH_NOW;
    if (person_of(exchange, visit, &person, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_visit_page_begin(exchange, visit, "data_title");
    eh_buffer_text(&exchange->out, "<h1>");
    eh_say(exchange, visit, "data_title");
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say(exchange, visit, person.found ? "data_lead" : "data_none");
    eh_buffer_text(&exchange->out, "</p>\n");
    if (person.found) {
        contacts_write(exchange, visit, &person);
        lists_write(exchange, visit, &person);
    }
    take_write(exchange, visit);
    change_write(exchange, visit);
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}

/* ---- taking along ---------------------------------------------------------------------------------------------------------------------- */

static eh_answer take(eh_exchange *exchange, bool json)
{
    eh_web *web = eh_web_of(exchange);
    eh_visit *visit;
    eh_person person;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_DATA, &visit))
        return EH_NOW;
    if (eh_web_person_read(exchange, visit->link.person, &person, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    exchange->content_type = json ? "application/json" : "text/csv; charset=utf-8";
    eh_exchange_header(exchange, "Content-Disposition", json ? "attachment; filename=\"person.json\"" : "attachment; filename=\"person.csv\"");
    if (!json) {
        eh_person_csv(&person, &exchange->out);
        return EH_NOW;
    }
    eh_json_writer writer;
    eh_json_begin(&writer, &exchange->out, true, false);
    eh_json_object_open(&writer, NULL);
    eh_person_json(web->rights, &person, eh_web_now_s(web), &writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(&exchange->out, '\n');
    return EH_NOW;
}

eh_answer eh_data_json(eh_exchange *exchange)
{
    return take(exchange, true);
}

eh_answer eh_data_csv(eh_exchange *exchange)
{
    return take(exchange, false);
}

eh_answer eh_data_receipt(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    const eh_shop *shop = &web->model->shop;
    eh_visit *visit;
    eh_person person;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_DATA, &visit))
        return EH_NOW;
    eh_code code = person_of(exchange, visit, &person, &error);
    if (code == EH_OK && !person.found)
        code = eh_fail(&error, EH_NOT_FOUND, "we have nothing on record that you have said, so there is nothing to give a receipt for");
    if (code == EH_OK)
        code = eh_receipt_write(web->rights, &person, &(eh_receipt_shop){.name = shop->name, .address = shop->address, .contact = shop->contact}, eh_web_now_s(web), &exchange->out,
                                &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    exchange->content_type = "application/ld+json";
    eh_exchange_header(exchange, "Content-Disposition", "attachment; filename=\"receipt.jsonld\"");
    return EH_NOW;
}

/* ---- correcting and erasing -------------------------------------------------------------------------------------------------------------- */

static void done_write(eh_exchange *exchange, const eh_visit *visit, const char *title, const char *says, const eh_message_value *value)
{
    eh_visit_page_begin(exchange, visit, title);
    eh_buffer_text(&exchange->out, "<div class=\"card\"><h1>");
    eh_say(exchange, visit, title);
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say_all(exchange, visit, says, value, value == NULL ? 0 : 1);
    eh_buffer_text(&exchange->out, "</p></div>\n");
    eh_visit_page_end(exchange, visit);
}

static const char *form_text(eh_exchange *exchange, eh_fields form, const char *name)
{
    eh_view value = eh_view_trim(eh_fields_get(form, name));
    return value.len == 0 ? NULL : eh_arena_copy(exchange->arena, value);
}

eh_answer eh_data_correct(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_visit *visit;
    eh_fields form;
    eh_error error = {0};
    size_t notices = 0;
    if (!eh_visit_by_link(exchange, LINKS_FOR_DATA, &visit))
        return EH_NOW;
    eh_code code = eh_exchange_form(exchange, &form, &error);
    const char *what = code == EH_OK ? form_text(exchange, form, "field") : NULL, *right = code == EH_OK ? form_text(exchange, form, "value") : NULL;
    if (code == EH_OK && (what == NULL || right == NULL))
        code = eh_fail(&error, EH_INPUT, "please fill in both fields");
    if (code == EH_OK)
        code = eh_person_correct(web->rights, visit->link.person, what, right, eh_web_now_s(web), &notices, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    const eh_message_value count = {.name = "count", .number = (double)notices};
    done_write(exchange, visit, "done_title", "done_correct", &count);
    return EH_NOW;
}

static eh_code erase(eh_exchange *exchange, const eh_visit *visit, eh_error *error)
{
    eh_forgotten done = {0};
    return eh_web_forget(exchange, visit->link.person, &done, error);
}

eh_answer eh_data_erase(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_fields form;
    eh_error error = {0};
    if (!eh_visit_by_link(exchange, LINKS_FOR_DATA, &visit))
        return EH_NOW;
    eh_code code = eh_exchange_form(exchange, &form, &error);
    if (code == EH_OK && !eh_view_equal(eh_fields_get(form, "sure"), EH_VIEW("yes"))) {
        exchange->status = 400;
        done_write(exchange, visit, "data_erase", "erase_not_sure", NULL);
        return EH_NOW;
    }
    if (code == EH_OK)
        code = erase(exchange, visit, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    done_write(exchange, visit, "done_erase_title", "done_erase", NULL);
    return EH_NOW;
}
