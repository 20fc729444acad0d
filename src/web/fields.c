/* Texts of the protocol: forms, cookies, paths. */
#include <string.h>

#include "web/http_int.h"

eh_view eh_fields_get(eh_fields fields, const char *name)
{
    eh_view wanted = eh_view_of(name);
    for (size_t i = 0; i < fields.count; i++)
        if (eh_view_equal(fields.fields[i].name, wanted))
            return fields.fields[i].value;
    return (eh_view){0};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decoded into the arena. False for a broken escape. */
static bool decode(eh_view text, bool plus_is_blank, char *out, size_t *len_out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        out[len++] = c;
    }
    *len_out = len;
    return true;
}

static eh_code decoded(eh_view text, eh_arena *arena, eh_view *out, eh_error *error)
{
    char *bytes = EH_TAKE(arena, text.len + 1, char);
    size_t len = 0;
    if (bytes == NULL)
        return eh_fail_memory(error);
    if (!decode(text, true, bytes, &len))
        return eh_fail(error, EH_INPUT, "a broken escape: %% is followed by two hexadecimal digits");
    if (!eh_utf8_valid((eh_view){bytes, len}))
        return eh_fail(error, EH_INPUT, "a form that is not valid UTF-8");
    *out = (eh_view){bytes, len};
    return EH_OK;
}

/* The part up to `mark`, taken from the front of `rest` with the mark. */
static eh_view part_take(eh_view *rest, char mark)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, mark, rest->len) : NULL;
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr), taken = end == NULL ? len : len + 1;
    eh_view part = {rest->ptr, len};
    *rest = (eh_view){rest->ptr + taken, rest->len - taken};
    return part;
}

static eh_code fields_room(eh_view text, char mark, eh_arena *arena, eh_field **fields_out, eh_error *error)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == mark;
    if (count > EH_FORM_FIELDS_MAX)
        return eh_fail(error, EH_LIMIT, "%zu fields, at most %d", count, EH_FORM_FIELDS_MAX);
    *fields_out = EH_TAKE(arena, count, eh_field);
    return *fields_out == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_fields_of_form(eh_view text, eh_arena *arena, eh_fields *fields_out, eh_error *error)
{
    eh_field *fields;
    size_t count = 0;
    EH_TRY(fields_room(text, '&', arena, &fields, error));
    while (text.len > 0) {
        eh_view pair = part_take(&text, '&');
        if (pair.len == 0)
            continue;
        eh_view name = part_take(&pair, '=');
        EH_TRY(decoded(name, arena, &fields[count].name, error));
        EH_TRY(decoded(pair, arena, &fields[count].value, error));
        count++;
    }
    *fields_out = (eh_fields){fields, count};
    return EH_OK;
}

eh_code eh_fields_of_cookies(eh_view text, eh_arena *arena, eh_fields *fields_out, eh_error *error)
{
    eh_field *fields;
    size_t count = 0;
    EH_TRY(fields_room(text, ';', arena, &fields, error));
    while (text.len > 0) {
        eh_view pair = eh_view_trim(part_take(&text, ';'));
        bool is_pair = pair.len > 0 && memchr(pair.ptr, '=', pair.len) != NULL;
        eh_view name = part_take(&pair, '=');
        if (is_pair && name.len > 0)
            fields[count++] = (eh_field){name, pair};
    }
    *fields_out = (eh_fields){fields, count};
    return EH_OK;
}

static bool segments_are_plain(eh_view path)
{
    eh_view rest = path;
    while (rest.len > 0) {
        eh_view segment = part_take(&rest, '/');
        if (eh_view_equal(segment, EH_VIEW(".")) || eh_view_equal(segment, EH_VIEW("..")))
            return false;
    }
    return true;
}

eh_code eh_path_decode(eh_view text, eh_arena *arena, eh_view *path_out, eh_error *error)
{
    char *bytes = EH_TAKE(arena, text.len + 1, char);
    size_t len = 0;
    if (bytes == NULL)
        return eh_fail_memory(error);
    if (text.len == 0 || text.ptr[0] != '/' || !decode(text, false, bytes, &len) || !eh_utf8_valid((eh_view){bytes, len}))
        return eh_fail(error, EH_INPUT, "a path that is no path");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7F || bytes[i] == '\\')
            return eh_fail(error, EH_INPUT, "a path with a control character or a backslash");
    if (!segments_are_plain((eh_view){bytes, len}))
        return eh_fail(error, EH_INPUT, "a path with . or .. in it");
    *path_out = (eh_view){bytes, len};
    return EH_OK;
}

void eh_url_append(eh_buffer *out, eh_view text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
        if (plain) {
            eh_buffer_byte(out, c);
        } else {
            eh_buffer_byte(out, '%');
            eh_buffer_byte(out, digits[(unsigned char)c >> 4]);
            eh_buffer_byte(out, digits[(unsigned char)c & 15]);
        }
    }
}
