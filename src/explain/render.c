/* The page as text, as HTML and as JSON. */
#include <string.h>

#include "base/html.h"
#include "explain/explain.h"

/* ---- text ------------------------------------------------------------------------------------------------------------------------- */

static void wrapped(eh_buffer *out, const char *text, size_t indent, const char *bullet, size_t columns)
{
    size_t at = 0;
    eh_buffer_format(out, "%*s%s", (int)indent, "", bullet);
    size_t from = indent + eh_utf8_columns(eh_view_of(bullet));
    at = from;
    for (const char *word = text; *word != '\0';) {
        size_t len = strcspn(word, " \n");
        size_t wide = eh_utf8_columns((eh_view){word, len});
        if (at > from && at + 1 + wide > columns) {
            eh_buffer_format(out, "\n%*s", (int)from, "");
            at = from;
        } else if (at > from) {
            eh_buffer_byte(out, ' ');
            at++;
        }
        eh_buffer_append(out, (eh_view){word, len});
        at += wide;
        word += len;
        word += strspn(word, " \n");
    }
    eh_buffer_byte(out, '\n');
}

void eh_page_text(const eh_page *page, size_t columns, eh_buffer *out)
{
    wrapped(out, page->title, 0, "", columns);
    for (size_t b = 0; b < page->blocks_count; b++) {
        const eh_page_block *block = &page->blocks[b];
        if (block->lines_count == 0)
            continue;
        eh_buffer_byte(out, '\n');
        if (block->heading != NULL)
            wrapped(out, block->heading, 0, "", columns);
        size_t indent = block->heading == NULL ? 0 : 2;
        for (size_t i = 0; i < block->lines_count; i++) {
            const eh_page_line *line = &block->lines[i];
            bool reason = line->kind == EH_LINE_REASON;
            const char *bullet = line->kind == EH_LINE_CONTROL ? "[ ] " : reason ? "- " : "";
            wrapped(out, line->text, indent + (line->kind == EH_LINE_DETAIL ? 2 : 0), bullet, columns);
        }
    }
}

/* ---- HTML -------------------------------------------------------------------------------------------------------------------------- */

static void html_line(eh_buffer *out, const eh_page *page, const eh_page_line *line)
{
    switch (line->kind) {
    case EH_LINE_CONTROL:
        eh_html_put(out, "<button name=\"act\" value=\"$\">$</button>\n", line->id, line->text);
        return;
    case EH_LINE_DETAIL:
        eh_html_put(out, "<p class=\"detail\"><small>$</small></p>\n", line->text);
        return;
    case EH_LINE_REASON:
        eh_html_put(out, "<p class=\"reason\">$</p>\n", line->text);
        return;
    case EH_LINE_NOTICE:
        eh_html_put(out, "<p class=\"notice\" data-notice=\"$\"><strong>$</strong></p>\n", line->id, line->text);
        return;
    case EH_LINE_TEXT:
        eh_html_put(out, "<p>$", line->text);
        if (line->id != NULL) /* a fact: its hidden text tells the buttons apart */
            eh_html_put(out, " <button class=\"beside\" name=\"act\" value=\"wrong:$\">$<span class=\"hidden\"> $</span></button>", line->id, page->wrong, line->text);
        eh_buffer_text(out, "</p>\n");
        return;
    }
}

void eh_page_html(const eh_page *page, eh_buffer *out)
{
    eh_html_put(out, "<h1>$</h1>\n", page->title);
    for (size_t b = 0; b < page->blocks_count; b++) {
        const eh_page_block *block = &page->blocks[b];
        if (block->lines_count == 0)
            continue;
        eh_html_put(out, "<section id=\"$\">\n", block->id);
        if (block->heading != NULL)
            eh_html_put(out, "<h2>$</h2>\n", block->heading);
        for (size_t i = 0; i < block->lines_count; i++)
            html_line(out, page, &block->lines[i]);
        eh_buffer_text(out, "</section>\n");
    }
}

/* ---- JSON --------------------------------------------------------------------------------------------------------------------------- */

static void json_value(eh_json_writer *out, const char *key, const eh_fact_value *value)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (value->type == EH_VALUE_MISSING)
        eh_json_null(out, key);
    else if (value->type == EH_VALUE_TRUTH)
        eh_json_boolean(out, key, value->number != 0);
    else if (value->type == EH_VALUE_NUMBER)
        eh_json_number(out, key, value->number);
    else {
        eh_buffer_append(&text, value->text);
        eh_json_text(out, key, text.ptr == NULL ? "" : text.ptr);
    }
}

static void json_reasons(const eh_page_input *input, eh_json_writer *out)
{
    const eh_frame *frame = eh_decider_frame(input->decider);
    const eh_why_reasons *reasons = input->reasons;
    char as_of[EH_INSTANT_TEXT_BYTES], at[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){.seconds = eh_trace_as_of(input->trace, frame)}, EH_FRACTION_NONE, as_of);
    eh_instant_text((eh_instant){.seconds = eh_trace_at(input->trace, frame)}, EH_FRACTION_NONE, at);
    eh_json_array_open(out, "reasons");
    for (size_t i = 0; i < reasons->reasons_count; i++) {
        const eh_why_reason *reason = &reasons->reasons[i];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "fact", frame->facts[reason->fact].name);
        json_value(out, "value", &input->trace->facts[reason->fact]);
        eh_json_text(out, "from_whom", frame->facts[reason->fact].from_whom);
        eh_json_text(out, "as_of", input->trace->facts[reason->fact].given ? at : as_of);
        eh_json_text(out, "direction", reason->contribution > 0 ? "for" : "against");
        eh_json_number(out, "contribution", (double)reason->contribution / EH_MICROS);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_number(out, "completeness", reasons->completeness);
    eh_json_array_open(out, "change");
    for (size_t i = 0; i < reasons->changes_count; i++) {
        const eh_why_change *change = &reasons->changes[i];
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "fact", frame->facts[change->fact].name);
        json_value(out, "from", &input->trace->facts[change->fact]);
        json_value(out, "to", &change->to);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void json_blocks(const eh_page *page, eh_json_writer *out)
{
    static const char *const kinds[] = {"text", "reason", "detail", "control", "notice"};
    eh_json_array_open(out, "blocks");
    for (size_t b = 0; b < page->blocks_count; b++) {
        const eh_page_block *block = &page->blocks[b];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "id", block->id);
        eh_json_text(out, "heading", block->heading);
        eh_json_boolean(out, "first_screen", block->first_screen);
        eh_json_array_open(out, "lines");
        for (size_t i = 0; i < block->lines_count; i++) {
            eh_json_object_open_flat(out, NULL);
            eh_json_text(out, "kind", kinds[block->lines[i].kind]);
            if (block->lines[i].id != NULL)
                eh_json_text(out, "id", block->lines[i].id);
            eh_json_text(out, "text", block->lines[i].text);
            eh_json_object_close(out);
        }
        eh_json_array_close(out);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

void eh_page_json(const eh_page *page, const eh_page_input *input, eh_json_writer *out, const char *key)
{
    const eh_frame *frame = eh_decider_frame(input->decider);
    eh_json_object_open(out, key);
    eh_json_text(out, "language", page->language);
    eh_json_text(out, "title", page->title);
    eh_json_text(out, "plan", frame->plan);
    eh_json_text(out, "campaign", frame->campaign);
    eh_json_boolean(out, "sent", input->reasons->sent);
    eh_json_text(out, "offer", input->trace->choice == EH_NO_OFFER ? NULL : frame->offers[input->trace->choice].name);
    eh_json_text(out, "stage", eh_stage_name(input->trace->stage));
    eh_json_boolean(out, "ai", input->trace->scores != NULL);
    json_reasons(input, out);
    eh_json_integer(out, "first_screen_words", (int64_t)page->first_screen_words);
    json_blocks(page, out);
    eh_json_object_close(out);
}
