/* Texts for HTML: made visible, then escaped. */
#include <stdarg.h>
#include <string.h>

#include "base/html.h"

/** One character: its code point and how many bytes it took; `valid` is false for a byte that begins no valid character. */
typedef struct {
    uint32_t code;
    size_t bytes;
    bool valid;
} character;

static character character_at(eh_view text)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text.ptr;
    if (at[0] < 0x80)
        return (character){at[0], 1, true};
    size_t bytes = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || bytes > text.len)
        return (character){0xFFFD, 1, false};
    uint32_t code = at[0] & (0x7FU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return (character){0xFFFD, 1, false};
        code = code << 6 | (at[i] & 0x3FU);
    }
    if (code < least[bytes] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return (character){0xFFFD, 1, false};
    return (character){code, bytes, true};
}

/** What cannot be shown as itself: from, to, and the first of the range that it is shown as (0: always U+FFFD). */
static const struct {
    uint32_t from, to, shown;
} unseen[] = {
    {0x00, 0x09, 0x2400}, {0x0A, 0x0A, 0x23CE},     {0x0B, 0x1F, 0x240B},     {0x7F, 0x7F, 0x2421},
    {0x80, 0x9F, 0},      {0x061C, 0x061C, 0},      {0x200B, 0x200B, 0},      {0x200E, 0x200F, 0},
    {0x2028, 0x202E, 0},  {0x2060, 0x206F, 0},      {0xFDD0, 0xFDEF, 0},      {0xFEFF, 0xFEFF, 0},
    {0xFFF0, 0xFFFB, 0},
};

static uint32_t shown_as(uint32_t code)
{
    if ((code >= 0x20 && code < 0x7F) || (code & 0xFFFE) == 0xFFFE)
        return code < 0x7F ? code : 0xFFFD;
    for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]) && code >= unseen[i].from; i++)
        if (code <= unseen[i].to)
            return unseen[i].shown == 0 ? 0xFFFD : unseen[i].shown + (code - unseen[i].from);
    return code;
}

static void append_code(eh_buffer *out, uint32_t code)
{
    char bytes[4];
    size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = count - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    bytes[0] = (char)(lead[count] | code);
    eh_buffer_append(out, (eh_view){bytes, count});
}

static const char *entity_of(uint32_t code)
{
    static const char *const entities[128] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    return code < 128 ? entities[code] : NULL;
}

/** Appends runs of characters that need no change in one piece. */
static void append_visible(eh_buffer *out, eh_view text, bool escape)
{
    size_t start = 0, at = 0;
    while (at < text.len) {
        character next = character_at((eh_view){text.ptr + at, text.len - at});
        uint32_t shown = shown_as(next.code);
        const char *entity = escape ? entity_of(shown) : NULL;
        if (next.valid && shown == next.code && entity == NULL) {
            at += next.bytes;
            continue;
        }
        eh_buffer_append(out, (eh_view){text.ptr + start, at - start});
        if (entity != NULL)
            eh_buffer_text(out, entity);
        else
            append_code(out, shown);
        at += next.bytes;
        start = at;
    }
    if (at > start)
        eh_buffer_append(out, (eh_view){text.ptr + start, at - start});
}

void eh_html_visible(eh_buffer *out, eh_view text)
{
    append_visible(out, text, false);
}

void eh_html_text(eh_buffer *out, eh_view text)
{
    append_visible(out, text, true);
}

void eh_html_put(eh_buffer *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (;;) {
        const char *mark = strchrnul(format, '$');
        eh_buffer_append(out, (eh_view){format, (size_t)(mark - format)});
        if (*mark == '\0')
            break;
        eh_html_text(out, eh_view_of(va_arg(arguments, const char *)));
        format = mark + 1;
    }
    va_end(arguments);
}
