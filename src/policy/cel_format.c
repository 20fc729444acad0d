/* format() of the string extension: %s %d %f %e %x %X %o %b %%, with a precision for %f and %e. */
#include "policy/cel_functions_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION_MAX = 1000, PRECISION_USUAL = 6 };

/* ---- %s --------------------------------------------------------------------------------------------------------------------------------- */

/* A scalar as %s shows it; an empty view of a NULL pointer for what cannot be shown. */
static eh_view scalar_text(eh_cel_value value, char room[CEL_NUMBER_BYTES + 8])
{
    enum { ROOM = CEL_NUMBER_BYTES + 8 };
    switch (value.kind) {
    case EH_CEL_NULL:
        return EH_VIEW("null");
    case EH_CEL_BOOL:
        return value.boolean ? EH_VIEW("true") : EH_VIEW("false");
    case EH_CEL_INT:
        return (eh_view){room, (size_t)snprintf(room, ROOM, "%lld", (long long)value.integer)};
    case EH_CEL_UINT:
        return (eh_view){room, (size_t)snprintf(room, ROOM, "%llu", (unsigned long long)value.natural)};
    case EH_CEL_DOUBLE:
        if (isinf(value.real))
            return value.real > 0 ? EH_VIEW("Infinity") : EH_VIEW("-Infinity");
        return (eh_view){room, cel_double_text(value.real, room)};
    case EH_CEL_TIMESTAMP:
        eh_instant_text((eh_instant){value.seconds, value.nanoseconds}, EH_FRACTION_SHORTEST, room);
        return eh_view_of(room);
    case EH_CEL_DURATION:
        eh_duration_text((eh_duration){value.seconds, value.nanoseconds}, EH_FRACTION_SHORTEST, room);
        return eh_view_of(room);
    case EH_CEL_BYTES: /* a text is always valid UTF-8 */
        if (!eh_utf8_valid(eh_cel_text(value)))
            return (eh_view){0};
        return value.len == 0 ? EH_VIEW("") : eh_cel_text(value);
    case EH_CEL_STRING:
    case EH_CEL_TYPE:
        return value.len == 0 ? EH_VIEW("") : eh_cel_text(value);
    default:
        return (eh_view){0};
    }
}

typedef struct {
    eh_view text;
    uint32_t entry;
} sorted_key;

static int keys_order(const void *a, const void *b)
{
    eh_view first = ((const sorted_key *)a)->text, second = ((const sorted_key *)b)->text;
    size_t common = first.len < second.len ? first.len : second.len;
    int found = common == 0 ? 0 : memcmp(first.ptr, second.ptr, common);
    return found != 0 ? found : (first.len > second.len) - (first.len < second.len);
}

/* Entries by the text of their keys. NULL: no memory. */
static const uint32_t *map_order(eh_cel_machine *machine, const eh_cel_map *map)
{
    sorted_key *keys = cel_take(machine, map->count, sizeof *keys);
    uint32_t *order = cel_take(machine, map->count, sizeof *order);
    if (keys == NULL || order == NULL || !cel_spend(machine, (uint64_t)map->count * 4))
        return NULL;
    for (uint32_t i = 0; i < map->count; i++) {
        char room[CEL_NUMBER_BYTES + 8];
        eh_view text = scalar_text(map->entries[i].key, room);
        char *kept = cel_take(machine, text.len, 1);
        if (kept == NULL)
            return NULL;
        memcpy(kept, text.ptr, text.len);
        keys[i] = (sorted_key){{kept, text.len}, i};
    }
    qsort(keys, map->count, sizeof *keys, keys_order);
    for (uint32_t i = 0; i < map->count; i++)
        order[i] = keys[i].entry;
    return order;
}

/* False: the value, or one in it, has no text. */
static bool value_append(cel_text *out, eh_cel_value value)
{
    cel_walk *walk = cel_take(out->machine, 1, sizeof *walk);
    bool good = walk != NULL;
    for (walk_event event; good && (event = cel_walk_next(walk, value)) != WALK_END;) {
        bool in_map = event == WALK_SCALAR && walk->depth > 0 && walk->open[walk->depth - 1].of.kind == EH_CEL_MAP;
        bool opened_in_map = event == WALK_OPEN && walk->depth > 1 && walk->open[walk->depth - 2].of.kind == EH_CEL_MAP;
        bool list = walk->value.kind == EH_CEL_LIST;
        if (event != WALK_CLOSE && walk->index > 0 && !in_map && !opened_in_map)
            good = cel_text_append(out, EH_VIEW(", "));
        if (event == WALK_CLOSE) {
            good = cel_text_append(out, list ? EH_VIEW("]") : EH_VIEW("}"));
        } else if (event == WALK_OPEN) {
            if (walk->value.kind == EH_CEL_OPTIONAL)
                return false;
            if (!list)
                walk->open[walk->depth - 1].order = map_order(out->machine, walk->value.map);
            good = cel_text_append(out, list ? EH_VIEW("[") : EH_VIEW("{"));
        } else {
            char room[CEL_NUMBER_BYTES + 8];
            eh_view text = scalar_text(walk->value, room);
            if (text.ptr == NULL)
                return false;
            good = cel_text_append(out, text) && (event != WALK_KEY || cel_text_append(out, EH_VIEW(": ")));
        }
    }
    return true;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------------------------ */

static bool whole_append(cel_text *out, eh_cel_value value, unsigned base, bool upper)
{
    char room[72];
    bool negative = value.kind == EH_CEL_INT && value.integer < 0;
    uint64_t rest = value.kind == EH_CEL_BOOL ? value.boolean : negative ? 0 - value.natural : value.natural;
    size_t at = sizeof room;
    do {
        room[--at] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[rest % base];
        rest /= base;
    } while (rest > 0);
    if (negative)
        room[--at] = '-';
    return cel_text_append(out, (eh_view){room + at, sizeof room - at});
}

static bool bytes_append(cel_text *out, eh_cel_value value, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (uint32_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.text[i];
        char pair[2] = {digits[byte >> 4], digits[byte & 15]};
        if (!cel_text_append(out, (eh_view){pair, 2}))
            return false;
    }
    return true;
}

static bool real_append(cel_text *out, eh_cel_value value, char clause, int precision)
{
    double number = value.kind == EH_CEL_DOUBLE ? value.real : value.kind == EH_CEL_INT ? (double)value.integer : (double)value.natural;
    char room[PRECISION_MAX + 400];
    if (isnan(number) || isinf(number))
        return cel_text_append(out, isnan(number) ? EH_VIEW("NaN") : number > 0 ? EH_VIEW("Infinity") : EH_VIEW("-Infinity"));
    int len = clause == 'f' ? snprintf(room, sizeof room, "%.*f", precision, number) : snprintf(room, sizeof room, "%.*e", precision, number);
    return cel_text_append(out, (eh_view){room, (size_t)len});
}

/* ---- clauses ------------------------------------------------------------------------------------------------------------------------------ */

/* Does the clause take the value? */
static bool clause_takes(char clause, eh_cel_value value)
{
    bool whole = value.kind == EH_CEL_INT || value.kind == EH_CEL_UINT;
    switch (clause) {
    case 'd':
        return whole || (value.kind == EH_CEL_DOUBLE && !isfinite(value.real));
    case 'f':
    case 'e':
        return cel_is_number(value);
    case 'b':
        return whole || value.kind == EH_CEL_BOOL;
    case 'x':
    case 'X':
        return whole || value.kind == EH_CEL_STRING || value.kind == EH_CEL_BYTES;
    case 'o':
        return whole;
    default:
        return true;
    }
}

/* Appends one argument; false when the clause does not take it. */
static bool clause_append(cel_text *out, char clause, int precision, eh_cel_value value)
{
    if (!clause_takes(clause, value))
        return false;
    if (clause == 's')
        return value_append(out, value);
    if (clause == 'f' || clause == 'e' || value.kind == EH_CEL_DOUBLE)
        (void)real_append(out, value, clause == 'e' ? 'e' : 'f', precision);
    else if (value.kind == EH_CEL_STRING || value.kind == EH_CEL_BYTES)
        (void)bytes_append(out, value, clause == 'X');
    else
        (void)whole_append(out, value, clause == 'd' ? 10 : clause == 'b' ? 2 : clause == 'o' ? 8 : 16, clause == 'X');
    return true;
}

/* .NNN before the letter. False when it is none or too long. */
static bool precision_take(eh_view text, size_t *at, int *precision_out)
{
    *precision_out = PRECISION_USUAL;
    if (*at >= text.len || text.ptr[*at] != '.')
        return true;
    int precision = 0;
    size_t digits = 0;
    for ((*at)++; *at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9'; (*at)++, digits++) {
        precision = precision * 10 + (text.ptr[*at] - '0');
        if (precision > PRECISION_MAX)
            return false;
    }
    *precision_out = precision;
    return digits > 0;
}

eh_cel_value cel_format(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    eh_view text = eh_cel_text(arguments[0]);
    const eh_cel_list *list = arguments[1].list;
    cel_text out = {.machine = machine};
    uint32_t used = 0;
    for (size_t at = 0; at < text.len && !machine->stopped;) {
        const char *percent = memchr(text.ptr + at, '%', text.len - at);
        size_t plain = percent == NULL ? text.len - at : (size_t)(percent - text.ptr) - at;
        (void)cel_text_append(&out, (eh_view){text.ptr + at, plain});
        at += plain + 1;
        if (percent == NULL)
            break;
        if (at < text.len && text.ptr[at] == '%') {
            (void)cel_text_append(&out, EH_VIEW("%"));
            at++;
            continue;
        }
        int precision;
        bool good = precision_take(text, &at, &precision) && at < text.len && strchr("sdfexXob", text.ptr[at]) != NULL;
        if (!good)
            return cel_error_format(machine, "could not parse formatting clause: unrecognized formatting clause \"%.*s\"", at < text.len, text.ptr + at);
        if (used == list->count)
            return cel_error_format(machine, "index %u out of range", used);
        eh_cel_value value = list->items[used++];
        if (!clause_append(&out, text.ptr[at], precision, value) && !machine->stopped) {
            eh_view type = eh_cel_type_name(value);
            return cel_error_format(machine, "error during formatting: %%%c does not take %.*s", text.ptr[at], (int)type.len, type.ptr);
        }
        at++;
    }
    return cel_text_value(&out);
}
