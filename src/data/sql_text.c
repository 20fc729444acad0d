/* Every place where text becomes part of SQL goes through here. */
#include <math.h>
#include <string.h>

#include "data/data_int.h"

static void quoted(eh_buffer *sql, eh_view text, char quote)
{
    eh_buffer_byte(sql, quote);
    for (size_t start = 0; start < text.len;) {
        const char *found = memchr(text.ptr + start, quote, text.len - start);
        size_t end = found == NULL ? text.len : (size_t)(found - text.ptr) + 1;
        eh_buffer_append(sql, (eh_view){text.ptr + start, end - start});
        if (found != NULL)
            eh_buffer_byte(sql, quote);
        start = end;
    }
    eh_buffer_byte(sql, quote);
}

void eh_sql_literal(eh_buffer *sql, eh_view text)
{
    quoted(sql, text, '\'');
}

void eh_sql_identifier(eh_buffer *sql, eh_view name)
{
    quoted(sql, name, '"');
}

void eh_sql_double(eh_buffer *sql, double number)
{
    char text[40];
    EH_ASSERT(isfinite(number));
    snprintf(text, sizeof text, "%.17g", number);
    eh_buffer_text(sql, text);
    if (strchr(text, 'e') == NULL)
        eh_buffer_text(sql, "e0"); /* without an exponent the engine would read a DECIMAL */
}

void eh_sql_literal_list(eh_buffer *sql, const char *const *texts, size_t count)
{
    eh_buffer_byte(sql, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            eh_buffer_text(sql, ", ");
        eh_sql_literal(sql, eh_view_of(texts[i]));
    }
    eh_buffer_byte(sql, ']');
}

const char *eh_shown(eh_view text, char out[EH_SHOWN_BYTES])
{
    size_t len = text.len;
    bool cut = len > EH_SHOWN_BYTES - 1;
    if (cut) {
        len = EH_SHOWN_BYTES - 4;
        while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
            len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        out[i] = byte < 0x20 || byte == 0x7F ? ' ' : (char)byte;
    }
    memcpy(out + len, cut ? "..." : "", cut ? 4 : 1);
    return out;
}
