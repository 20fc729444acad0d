/* The string extension: positions count code points. */
#include "policy/cel_functions_int.h"

#include <string.h>

/* ---- growing text ------------------------------------------------------------------------------------------------------------------------ */

bool cel_text_append(cel_text *text, eh_view added)
{
    if (added.len > text->capacity - text->len) {
        size_t capacity = text->capacity * 2 + added.len + 64;
        char *larger = cel_take(text->machine, capacity, 1);
        if (larger == NULL)
            return false;
        if (text->len > 0)
            memcpy(larger, text->ptr, text->len);
        text->ptr = larger;
        text->capacity = capacity;
    }
    if (added.len > 0)
        memcpy(text->ptr + text->len, added.ptr, added.len);
    text->len += added.len;
    return cel_spend(text->machine, added.len / 16);
}

eh_cel_value cel_text_value(const cel_text *text)
{
    return text->machine->stopped ? cel_error_cost(text->machine) : cel_view_value(EH_CEL_STRING, text->ptr, text->len);
}

/* ---- positions ---------------------------------------------------------------------------------------------------------------------------- */

/* The byte at which code point number `index` starts; false when there are fewer. Index = length gives the end. */
static bool byte_of(eh_view text, int64_t index, size_t *byte_out)
{
    size_t at = 0;
    if (index < 0)
        return false;
    for (; index > 0 && at < text.len; index--) {
        at++;
        while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0) == 0x80)
            at++;
    }
    *byte_out = at;
    return index == 0;
}

static eh_cel_value index_wrong(eh_cel_machine *machine, int64_t index)
{
    return cel_error_format(machine, "index out of range: %lld", (long long)index);
}

static eh_cel_value char_at(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    eh_view text = eh_cel_text(arguments[0]);
    size_t from, to;
    if (!cel_spend(machine, text.len / 16) || !byte_of(text, arguments[1].integer, &from))
        return index_wrong(machine, arguments[1].integer);
    if (!byte_of((eh_view){text.ptr + from, text.len - from}, 1, &to))
        to = 0;
    return cel_view_value(EH_CEL_STRING, text.ptr + from, to);
}

static eh_cel_value index_of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    eh_view text = eh_cel_text(arguments[0]), wanted = eh_cel_text(arguments[1]);
    int64_t start = count > 2 ? arguments[2].integer : 0;
    size_t from;
    if (!cel_spend(machine, text.len / 16))
        return cel_error_cost(machine);
    if (!byte_of(text, start, &from)) /* the empty text is found behind the end */
        return start < 0 || wanted.len > 0 || start > (int64_t)cel_codepoints(text) ? index_wrong(machine, start) : eh_cel_int(start);
    if (wanted.len == 0)
        return eh_cel_int(start);
    const char *found = text.len - from < wanted.len ? NULL : memmem(text.ptr + from, text.len - from, wanted.ptr, wanted.len);
    return eh_cel_int(found == NULL ? -1 : (int64_t)cel_codepoints((eh_view){text.ptr, (size_t)(found - text.ptr)}));
}

static eh_cel_value last_index_of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    eh_view text = eh_cel_text(arguments[0]), wanted = eh_cel_text(arguments[1]);
    int64_t codepoints = cel_codepoints(text);
    size_t last = text.len;
    if (!cel_spend(machine, (text.len + 1) * (wanted.len + 16) / 16))
        return cel_error_cost(machine);
    if (count > 2 && !byte_of(text, arguments[2].integer, &last))
        return index_wrong(machine, arguments[2].integer);
    if (wanted.len == 0)
        return eh_cel_int(count > 2 ? arguments[2].integer : codepoints);
    for (size_t at = last + 1; at-- > 0;)
        if (text.len - at >= wanted.len && memcmp(text.ptr + at, wanted.ptr, wanted.len) == 0)
            return eh_cel_int(cel_codepoints((eh_view){text.ptr, at}));
    return eh_cel_int(-1);
}

static eh_cel_value substring(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    eh_view text = eh_cel_text(arguments[0]);
    size_t from, to = text.len;
    if (!cel_spend(machine, text.len / 16))
        return cel_error_cost(machine);
    if (!byte_of(text, arguments[1].integer, &from))
        return index_wrong(machine, arguments[1].integer);
    if (count > 2 && !byte_of(text, arguments[2].integer, &to))
        return index_wrong(machine, arguments[2].integer);
    if (from > to)
        return cel_error_format(machine, "invalid substring range: start %lld, end %lld", (long long)arguments[1].integer, (long long)arguments[2].integer);
    return cel_view_value(EH_CEL_STRING, text.ptr + from, to - from);
}

/* ---- changes -------------------------------------------------------------------------------------------------------------------------------- */

static eh_cel_value cased(eh_cel_machine *machine, eh_cel_value of, char low, char high)
{
    char *changed = cel_take(machine, of.len, 1);
    if (changed == NULL || !cel_spend(machine, of.len / 16))
        return cel_error_memory(machine);
    for (uint32_t i = 0; i < of.len; i++)
        changed[i] = of.text[i] >= low && of.text[i] <= high ? (char)(of.text[i] ^ 0x20) : of.text[i];
    return cel_view_value(EH_CEL_STRING, changed, of.len);
}

static eh_cel_value lower_ascii(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    return cased(machine, arguments[0], 'A', 'Z');
}

static eh_cel_value upper_ascii(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    return cased(machine, arguments[0], 'a', 'z');
}

static eh_cel_value reverse(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    eh_view text = eh_cel_text(arguments[0]);
    char *reversed = cel_take(machine, text.len, 1);
    if (reversed == NULL || !cel_spend(machine, text.len / 16))
        return cel_error_memory(machine);
    for (size_t at = 0, bytes; at < text.len; at += bytes) {
        (void)cel_codepoint((eh_view){text.ptr + at, text.len - at}, &bytes);
        memcpy(reversed + text.len - at - bytes, text.ptr + at, bytes);
    }
    return cel_view_value(EH_CEL_STRING, reversed, text.len);
}

/* Unicode White_Space. */
static bool is_space(uint32_t codepoint)
{
    return (codepoint >= 0x09 && codepoint <= 0x0D) || codepoint == 0x20 || codepoint == 0x85 || codepoint == 0xA0 || codepoint == 0x1680 ||
           (codepoint >= 0x2000 && codepoint <= 0x200A) || codepoint == 0x2028 || codepoint == 0x2029 || codepoint == 0x202F || codepoint == 0x205F ||
           codepoint == 0x3000;
}

static eh_cel_value trim(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    eh_view text = eh_cel_text(arguments[0]);
    size_t from = text.len, to = 0;
    if (!cel_spend(machine, text.len / 16))
        return cel_error_cost(machine);
    for (size_t at = 0, bytes; at < text.len; at += bytes) {
        bool space = is_space(cel_codepoint((eh_view){text.ptr + at, text.len - at}, &bytes));
        if (!space && from == text.len)
            from = at;
        if (!space)
            to = at + bytes;
    }
    return cel_view_value(EH_CEL_STRING, text.ptr + from, to > from ? to - from : 0);
}

static size_t first_codepoint_bytes(eh_view text)
{
    size_t bytes = 0;
    if (text.len > 0)
        (void)cel_codepoint(text, &bytes);
    return bytes;
}

static eh_cel_value replace(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    eh_view rest = eh_cel_text(arguments[0]), old = eh_cel_text(arguments[1]), new = eh_cel_text(arguments[2]);
    int64_t left = count > 3 ? arguments[3].integer : -1;
    cel_text made = {.machine = machine};
    bool good = true;
    while (good && left != 0) {
        /* an empty text stands before every character and at the end */
        const char *found = old.len == 0 ? rest.ptr : rest.len < old.len ? NULL : memmem(rest.ptr, rest.len, old.ptr, old.len);
        if (found == NULL && !(old.len == 0 && rest.len == 0))
            break;
        size_t before = found == NULL ? 0 : (size_t)(found - rest.ptr);
        size_t kept = old.len == 0 ? first_codepoint_bytes(rest) : 0;
        good = cel_text_append(&made, (eh_view){rest.ptr, before}) && cel_text_append(&made, new) && cel_text_append(&made, (eh_view){rest.ptr, kept}) &&
               cel_spend(machine, 1);
        bool ended = old.len == 0 && rest.len == 0;
        size_t taken = before + old.len + kept;
        rest = (eh_view){rest.ptr == NULL ? NULL : rest.ptr + taken, rest.len - taken};
        left -= left > 0;
        if (ended)
            return cel_text_value(&made);
    }
    (void)cel_text_append(&made, rest);
    return cel_text_value(&made);
}

static eh_cel_value split(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    eh_view rest = eh_cel_text(arguments[0]), separator = eh_cel_text(arguments[1]);
    int64_t most = count > 2 ? arguments[2].integer : -1;
    size_t capacity = 1;
    if (!cel_spend(machine, rest.len / 4 + 1))
        return cel_error_cost(machine);
    for (size_t i = 0; i + separator.len <= rest.len; i++)
        capacity += separator.len == 0 || rest.ptr[i] == separator.ptr[0];
    eh_cel_value *items = cel_take(machine, capacity, sizeof *items);
    if (items == NULL)
        return cel_error_memory(machine);
    uint32_t found = 0;
    while (most < 0 || (int64_t)found + 1 < most) {
        size_t before;
        if (separator.len == 0) {
            before = first_codepoint_bytes(rest);
            if (before == 0 || before == rest.len)
                break;
        } else {
            const char *at = rest.len < separator.len ? NULL : memmem(rest.ptr, rest.len, separator.ptr, separator.len);
            if (at == NULL)
                break;
            before = (size_t)(at - rest.ptr);
        }
        items[found++] = cel_view_value(EH_CEL_STRING, rest.ptr, before);
        rest = (eh_view){rest.ptr + before + separator.len, rest.len - before - separator.len};
    }
    if (most != 0 && !(separator.len == 0 && rest.len == 0))
        items[found++] = eh_cel_string(rest);
    return cel_list_make((cel_source){.machine = machine}, items, found);
}

static eh_cel_value join(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    const eh_cel_list *list = arguments[0].list;
    eh_view separator = count > 1 ? eh_cel_text(arguments[1]) : EH_VIEW("");
    cel_text made = {.machine = machine};
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].kind != EH_CEL_STRING)
            return cel_error(CEL_NO_OVERLOAD);
        if ((i > 0 && !cel_text_append(&made, separator)) || !cel_text_append(&made, eh_cel_text(list->items[i])) || !cel_spend(machine, 1))
            break;
    }
    return cel_text_value(&made);
}

static eh_cel_value quote(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
    eh_view text = eh_cel_text(arguments[0]);
    cel_text made = {.machine = machine};
    bool good = cel_text_append(&made, EH_VIEW("\""));
    for (size_t at = 0, bytes; at < text.len && good; at += bytes) {
        char character[4];
        uint32_t codepoint = cel_codepoint((eh_view){text.ptr + at, text.len - at}, &bytes);
        const char *escaped = codepoint > 0 && codepoint < 0x80 ? strchr(from, (int)codepoint) : NULL;
        if (escaped != NULL)
            good = cel_text_append(&made, (eh_view){(const char[]){'\\', to[escaped - from]}, 2});
        else
            good = cel_text_append(&made, (eh_view){character, cel_codepoint_write(codepoint, character)});
    }
    (void)cel_text_append(&made, EH_VIEW("\""));
    return cel_text_value(&made);
}

const overload cel_string_rows[CEL_STRING_ROWS] = {
    {"charAt", ".si:s", char_at}, {"indexOf", ".ss:i", index_of}, {"indexOf", ".ssi:i", index_of}, {"lastIndexOf", ".ss:i", last_index_of},
    {"lastIndexOf", ".ssi:i", last_index_of}, {"substring", ".si:s", substring}, {"substring", ".sii:s", substring},
    {"lowerAscii", ".s:s", lower_ascii}, {"upperAscii", ".s:s", upper_ascii}, {"reverse", ".s:s", reverse}, {"trim", ".s:s", trim},
    {"replace", ".sss:s", replace}, {"replace", ".sssi:s", replace}, {"split", ".ss:Ls", split}, {"split", ".ssi:Ls", split},
    {"join", ".Ls:s", join}, {"join", ".Lss:s", join}, {"strings.quote", "s:s", quote}, {"format", ".sLD:s", cel_format},
};
