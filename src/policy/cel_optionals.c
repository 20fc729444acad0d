/* Optional values, and base64. */
#include "policy/cel_functions_int.h"

#include <string.h>

static eh_cel_value none(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)arguments, (void)count;
    return cel_optional_none();
}

static eh_cel_value of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    return cel_optional(machine, arguments[0]);
}

static eh_cel_value of_non_zero(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    return cel_is_zero(arguments[0]) ? cel_optional_none() : cel_optional(machine, arguments[0]);
}

static eh_cel_value has_value(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_bool(arguments[0].optional != NULL);
}

static eh_cel_value value_of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0].optional != NULL ? *arguments[0].optional : cel_error("optional.none() dereference");
}

static eh_cel_value or_value(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0].optional != NULL ? *arguments[0].optional : arguments[1];
}

static eh_cel_value or_optional(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0].optional != NULL ? arguments[0] : arguments[1];
}

/* Lists in lists made into one: only one level. */
static eh_cel_value unwrap(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    const eh_cel_list *list = arguments[0].list;
    eh_cel_value *items = cel_take(machine, list->count, sizeof *items);
    if (items == NULL || !cel_spend(machine, list->count))
        return cel_error_memory(machine);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].kind != EH_CEL_OPTIONAL)
            return cel_error(CEL_NO_OVERLOAD);
        if (list->items[i].optional != NULL)
            items[kept++] = *list->items[i].optional;
    }
    return cel_list_make((cel_source){.machine = machine}, items, kept);
}

const overload cel_optional_rows[CEL_OPTIONAL_ROWS] = {
    {"optional.none", ":OA", none}, {"optional.of", "A:OA", of}, {"optional.ofNonZeroValue", "A:OA", of_non_zero},
    {"hasValue", ".OA:b", has_value}, {"value", ".OA:A", value_of}, {"orValue", ".OAA:A", or_value}, {"or", ".OAOA:OA", or_optional},
    {"optional.unwrap", "LOA:LA", unwrap}, {"unwrapOpt", ".LOA:LA", unwrap},
};

/* ---- base64 (RFC 4648) -------------------------------------------------------------------------------------------------------------------- */

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t cel_base64_encode(eh_view bytes, char *out)
{
    size_t len = 0;
    for (size_t at = 0; at < bytes.len; at += 3) {
        uint32_t group = 0;
        size_t left = bytes.len - at < 3 ? bytes.len - at : 3;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < left ? (unsigned char)bytes.ptr[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            out[len++] = i <= left ? BASE64[group >> (18 - 6 * i) & 63] : '=';
    }
    return len;
}

bool cel_base64_decode(eh_view text, char *out, size_t *len_out)
{
    size_t len = 0, digits = 0, padding = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i] == '-' ? '+' : text.ptr[i] == '_' ? '/' : text.ptr[i];
        if (byte == '=') {
            padding++;
            continue;
        }
        const char *found = byte == '\0' ? NULL : strchr(BASE64, byte);
        if (found == NULL || padding > 0)
            return false;
        group = group << 6 | (uint32_t)(found - BASE64);
        if (++digits % 4 != 0)
            continue;
        for (int shift = 16; shift >= 0; shift -= 8)
            out[len++] = (char)(unsigned char)(group >> shift);
        group = 0;
    }
    size_t rest = digits % 4;
    if (rest == 1 || padding > 2 || (padding > 0 && (digits + padding) % 4 != 0))
        return false;
    if (rest >= 2)
        out[len++] = (char)(unsigned char)(group >> (rest == 2 ? 4 : 10));
    if (rest == 3)
        out[len++] = (char)(unsigned char)(group >> 2);
    *len_out = len;
    return true;
}

static eh_cel_value encode(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    char *text = cel_take(machine, (size_t)arguments[0].len / 3 * 4 + 4, 1);
    if (text == NULL || !cel_spend(machine, arguments[0].len / 16))
        return cel_error_memory(machine);
    return cel_view_value(EH_CEL_STRING, text, cel_base64_encode(eh_cel_text(arguments[0]), text));
}

static eh_cel_value decode(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    char *bytes = cel_take(machine, (size_t)arguments[0].len + 4, 1);
    size_t len = 0;
    if (bytes == NULL || !cel_spend(machine, arguments[0].len / 16))
        return cel_error_memory(machine);
    if (!cel_base64_decode(eh_cel_text(arguments[0]), bytes, &len))
        return cel_error("illegal base64 data");
    return cel_view_value(EH_CEL_BYTES, bytes, len);
}

const overload cel_encoder_rows[CEL_ENCODER_ROWS] = {{"base64.encode", "y:s", encode}, {"base64.decode", "s:y", decode}};
