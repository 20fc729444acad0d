/*
 * Bytes as a group's name, written into a page: libgumbo must find one text node with the visible form of the name, and one
 * attribute value with the same. The visible form is built here a second time, the slow way, from what html_int.h promises.
 */
#include <gumbo.h>
#include <stdlib.h>
#include <string.h>

#include "report/html_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool unseen(uint32_t code)
{
    return (code >= 0x80 && code <= 0x9F) || code == 0x061C || code == 0x200B || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || (code >= 0xFDD0 && code <= 0xFDEF) ||
           code == 0xFEFF || (code >= 0xFFF0 && code <= 0xFFFB) || (code & 0xFFFE) == 0xFFFE;
}

static void append_three(eh_buffer *out, uint32_t code)
{
    eh_buffer_byte(out, (char)(0xE0 | code >> 12));
    eh_buffer_byte(out, (char)(0x80 | (code >> 6 & 0x3F)));
    eh_buffer_byte(out, (char)(0x80 | (code & 0x3F)));
}

/** Length of the valid character at `at`, or 0. */
static size_t valid_length(const char *at, size_t rest)
{
    for (size_t length = 1; length <= 4 && length <= rest; length++)
        if (eh_utf8_valid((eh_view){at, length}))
            return length;
    return 0;
}

static uint32_t code_of(const char *at, size_t length)
{
    static const uint8_t bits[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (uint8_t)at[0] & bits[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((uint8_t)at[i] & 0x3F);
    return code;
}

static void expect_visible(eh_buffer *out, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t length = valid_length(text + at, size - at);
        uint32_t code = length == 0 ? 0xFFFE : code_of(text + at, length);
        if (code == '\n')
            append_three(out, 0x23CE);
        else if (code < 0x20)
            append_three(out, 0x2400 + code);
        else if (code == 0x7F)
            append_three(out, 0x2421);
        else if (unseen(code))
            append_three(out, 0xFFFD);
        else
            eh_buffer_append(out, (eh_view){text + at, length});
        at += length == 0 ? 1 : length;
    }
}

/** The only child of the only element <b> of the body. */
static void check(const GumboOutput *parsed, const char *expected)
{
    const GumboNode *body = parsed->root->v.element.children.data[1];
    EH_ASSERT(body->v.element.tag == GUMBO_TAG_BODY && body->v.element.children.length == 1);
    const GumboNode *bold = body->v.element.children.data[0];
    EH_ASSERT(bold->type == GUMBO_NODE_ELEMENT && bold->v.element.tag == GUMBO_TAG_B && bold->v.element.attributes.length == 1);
    const GumboAttribute *title = bold->v.element.attributes.data[0];
    EH_ASSERT(strcmp(title->value, expected) == 0);
    EH_ASSERT(bold->v.element.children.length == (expected[0] == '\0' ? 0U : 1U));
    if (expected[0] == '\0')
        return;
    const GumboNode *text = bold->v.element.children.data[0];
    EH_ASSERT(text->type == GUMBO_NODE_TEXT || text->type == GUMBO_NODE_WHITESPACE);
    EH_ASSERT(strcmp(text->v.text.text, expected) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer page = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer expected = {0};
    eh_view name = {(const char *)data, size};
    eh_buffer_text(&page, "<!DOCTYPE html><html><head><title>t</title></head><body><b title=\"");
    eh_html_text(&page, name);
    eh_buffer_text(&page, "\">");
    eh_html_text(&page, name);
    eh_buffer_text(&page, "</b></body></html>");
    eh_buffer_text(&expected, "");
    expect_visible(&expected, name.ptr, name.len);
    eh_buffer_byte(&expected, '\0');
    GumboOutput *parsed = gumbo_parse_with_options(&kGumboDefaultOptions, page.ptr, page.len);
    check(parsed, expected.ptr);
    gumbo_destroy_output(&kGumboDefaultOptions, parsed);
    return 0;
}
