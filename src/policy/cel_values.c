/* Values: equality, order, lists and maps. Nothing recurses: how deep values may nest is limited when they are made. */
#include "policy/cel_int.h"

#include <math.h>
#include <string.h>

enum { INDEX_FROM = 9 /* entries; smaller maps are looked through */ };

/* ---- numbers --------------------------------------------------------------------------------------------------------------------- */

bool cel_is_number(eh_cel_value value)
{
    return value.kind == EH_CEL_INT || value.kind == EH_CEL_UINT || value.kind == EH_CEL_DOUBLE;
}

static int order(bool less, bool greater)
{
    return less ? -1 : greater;
}

static int compare_int_uint(int64_t a, uint64_t b)
{
    return a < 0 ? -1 : order((uint64_t)a < b, (uint64_t)a > b);
}

/* As the specification's tests have it: outside the range of the whole numbers the double decides, inside both are compared as doubles. */
static int compare_int_double(int64_t a, double b)
{
    if (isnan(b))
        return 2;
    if (b > 0x1p63)
        return -1;
    if (b < -0x1p63)
        return 1;
    return order((double)a < b, (double)a > b);
}

static int compare_uint_double(uint64_t a, double b)
{
    if (isnan(b))
        return 2;
    if (b > 0x1p64)
        return -1;
    if (b < 0)
        return 1;
    return order((double)a < b, (double)a > b);
}

static int reversed(int comparison)
{
    return comparison == 2 ? 2 : -comparison;
}

static int compare_numbers(eh_cel_value a, eh_cel_value b)
{
    if (a.kind == b.kind) {
        if (a.kind == EH_CEL_INT)
            return order(a.integer < b.integer, a.integer > b.integer);
        if (a.kind == EH_CEL_UINT)
            return order(a.natural < b.natural, a.natural > b.natural);
        return isnan(a.real) || isnan(b.real) ? 2 : order(a.real < b.real, a.real > b.real);
    }
    if (a.kind == EH_CEL_INT)
        return b.kind == EH_CEL_UINT ? compare_int_uint(a.integer, b.natural) : compare_int_double(a.integer, b.real);
    if (a.kind == EH_CEL_UINT)
        return b.kind == EH_CEL_INT ? reversed(compare_int_uint(b.integer, a.natural)) : compare_uint_double(a.natural, b.real);
    return reversed(b.kind == EH_CEL_INT ? compare_int_double(b.integer, a.real) : compare_uint_double(b.natural, a.real));
}

static int compare_bytes(eh_cel_value a, eh_cel_value b)
{
    uint32_t common = a.len < b.len ? a.len : b.len;
    int found = common == 0 ? 0 : memcmp(a.text, b.text, common);
    return found != 0 ? order(found < 0, true) : order(a.len < b.len, a.len > b.len);
}

int cel_compare(eh_cel_value a, eh_cel_value b)
{
    if (cel_is_number(a) && cel_is_number(b))
        return compare_numbers(a, b);
    if (a.kind != b.kind)
        return 3;
    switch (a.kind) {
    case EH_CEL_BOOL:
        return order(!a.boolean && b.boolean, a.boolean && !b.boolean);
    case EH_CEL_STRING:
    case EH_CEL_BYTES:
        return compare_bytes(a, b);
    case EH_CEL_TIMESTAMP:
    case EH_CEL_DURATION:
        if (a.seconds != b.seconds)
            return order(a.seconds < b.seconds, true);
        return order(a.nanoseconds < b.nanoseconds, a.nanoseconds > b.nanoseconds);
    default:
        return 3;
    }
}

/* ---- equality ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_cel_value a, b; /* two lists or maps of one size, or two optionals */
    uint32_t at;
} comparison;

typedef enum { SAME, DIFFERENT, DEEPER } sameness;

static sameness shallow_equal(eh_cel_value a, eh_cel_value b)
{
    if (cel_is_number(a) && cel_is_number(b))
        return compare_numbers(a, b) == 0 ? SAME : DIFFERENT;
    if (a.kind != b.kind)
        return DIFFERENT;
    switch (a.kind) {
    case EH_CEL_NULL:
        return SAME;
    case EH_CEL_LIST:
        return a.list->count != b.list->count ? DIFFERENT : a.list->count == 0 ? SAME : DEEPER;
    case EH_CEL_MAP:
        return a.map->count != b.map->count ? DIFFERENT : a.map->count == 0 ? SAME : DEEPER;
    case EH_CEL_OPTIONAL:
        if (a.optional == NULL || b.optional == NULL)
            return a.optional == b.optional ? SAME : DIFFERENT;
        return DEEPER;
    case EH_CEL_TYPE:
        return compare_bytes(a, b) == 0 ? SAME : DIFFERENT;
    default:
        return cel_compare(a, b) == 0 ? SAME : DIFFERENT;
    }
}

/* The next pair inside; false when there is none left. A key that b does not have makes the pair (value, unknown): different. */
static bool pair_next(comparison *inside, eh_cel_value *a_out, eh_cel_value *b_out)
{
    uint32_t at = inside->at++;
    if (inside->a.kind == EH_CEL_LIST) {
        if (at == inside->a.list->count)
            return false;
        *a_out = inside->a.list->items[at];
        *b_out = inside->b.list->items[at];
    } else if (inside->a.kind == EH_CEL_MAP) {
        if (at == inside->a.map->count)
            return false;
        const eh_cel_entry *entry = &inside->a.map->entries[at], *other = cel_map_find(inside->b.map, entry->key);
        *a_out = entry->value;
        *b_out = other != NULL ? other->value : eh_cel_unknown();
    } else {
        if (at == 1)
            return false;
        *a_out = *inside->a.optional;
        *b_out = *inside->b.optional;
    }
    return true;
}

bool eh_cel_equal(eh_cel_value a, eh_cel_value b)
{
    comparison open[EH_CEL_VALUE_DEPTH_MAX + 1];
    size_t depth = 0;
    for (;;) {
        sameness found = shallow_equal(a, b);
        if (found == DIFFERENT)
            return false;
        if (found == DEEPER) {
            EH_ASSERT(depth <= EH_CEL_VALUE_DEPTH_MAX);
            open[depth++] = (comparison){a, b, 0};
        }
        while (depth > 0 && !pair_next(&open[depth - 1], &a, &b))
            depth--;
        if (depth == 0)
            return true;
    }
}

/* ---- lists and maps ------------------------------------------------------------------------------------------------------------------ */

void *cel_source_take(cel_source from, size_t count, size_t size)
{
    return from.machine != NULL ? cel_take(from.machine, count, size) : eh_arena_take(from.arena, count, size);
}

uint32_t cel_depth(eh_cel_value value)
{
    uint32_t depth = 0;
    for (; value.kind == EH_CEL_OPTIONAL && value.optional != NULL; value = *value.optional)
        depth++;
    return depth + (value.kind == EH_CEL_LIST ? value.list->depth : value.kind == EH_CEL_MAP ? value.map->depth : 0);
}

uint32_t cel_weight(eh_cel_value value)
{
    uint32_t weight = 0;
    for (; value.kind == EH_CEL_OPTIONAL && value.optional != NULL; value = *value.optional)
        weight++;
    return weight + (value.kind == EH_CEL_LIST ? value.list->weight : value.kind == EH_CEL_MAP ? value.map->weight : 1);
}

static const char TOO_DEEP[] = "lists and maps are nested too deep", TOO_MANY[] = "too many items", NO_MEMORY[] = "no memory left";

/* Depth and weight of what holds `value` too. */
static bool measure(eh_cel_value value, uint32_t *depth, uint64_t *weight)
{
    uint32_t of_value = cel_depth(value) + 1;
    if (of_value > *depth)
        *depth = of_value;
    *weight += cel_weight(value);
    return *depth <= EH_CEL_VALUE_DEPTH_MAX && *weight <= EH_CEL_VALUE_ITEMS_MAX;
}

eh_cel_value cel_list_make(cel_source from, const eh_cel_value *items, uint32_t count)
{
    uint32_t depth = 1;
    uint64_t weight = 1;
    for (uint32_t i = 0; i < count; i++) {
        if (cel_bad(items[i]))
            return items[i];
        if (!measure(items[i], &depth, &weight))
            return cel_error(depth > EH_CEL_VALUE_DEPTH_MAX ? TOO_DEEP : TOO_MANY);
    }
    eh_cel_list *list = cel_source_take(from, 1, sizeof *list);
    if (list == NULL)
        return cel_error(NO_MEMORY);
    *list = (eh_cel_list){.count = count, .depth = depth, .weight = (uint32_t)weight, .items = items};
    return (eh_cel_value){.kind = EH_CEL_LIST, .list = list};
}

eh_cel_value eh_cel_list_of(eh_arena *arena, const eh_cel_value *items, size_t count)
{
    if (count > EH_CEL_VALUE_ITEMS_MAX)
        return cel_error(TOO_MANY);
    return cel_list_make((cel_source){.arena = arena}, items, (uint32_t)count);
}

bool cel_key_allowed(eh_cel_value key)
{
    return key.kind == EH_CEL_BOOL || key.kind == EH_CEL_INT || key.kind == EH_CEL_UINT || key.kind == EH_CEL_STRING;
}

/* Equal keys have equal hashes, whatever their numeric type. */
static uint32_t key_hash(eh_cel_value key)
{
    uint64_t hash = UINT64_C(0x9E3779B97F4A7C15);
    if (key.kind == EH_CEL_STRING) {
        for (uint32_t i = 0; i < key.len; i++)
            hash = (hash ^ (unsigned char)key.text[i]) * UINT64_C(0x100000001B3);
    } else {
        hash ^= key.kind == EH_CEL_BOOL ? key.boolean : key.natural;
    }
    hash *= UINT64_C(0xD6E8FEB86659FD93);
    return (uint32_t)(hash ^ hash >> 32);
}

static bool keys_equal(eh_cel_value a, eh_cel_value b)
{
    return shallow_equal(a, b) == SAME;
}

const eh_cel_entry *cel_map_find(const eh_cel_map *map, eh_cel_value key)
{
    if (key.kind == EH_CEL_DOUBLE) { /* the whole number that it is, or nothing: a key is not looked up by a rounded number */
        bool whole = key.real >= -0x1p63 && key.real < 0x1p64 && trunc(key.real) == key.real;
        if (!whole)
            return NULL;
        key = key.real < 0x1p63 ? eh_cel_int((int64_t)key.real) : eh_cel_uint((uint64_t)key.real);
    }
    if (map->mask == 0) {
        for (uint32_t i = 0; i < map->count; i++)
            if (keys_equal(map->entries[i].key, key))
                return &map->entries[i];
        return NULL;
    }
    for (uint32_t at = key_hash(key) & map->mask; map->index[at] != 0; at = (at + 1) & map->mask)
        if (keys_equal(map->entries[map->index[at] - 1].key, key))
            return &map->entries[map->index[at] - 1];
    return NULL;
}

static bool index_fill(cel_source from, eh_cel_map *map, const eh_cel_entry **repeated)
{
    uint32_t places = 32;
    while (places < map->count * 2)
        places *= 2;
    uint32_t *index = cel_source_take(from, places, sizeof *index);
    if (index == NULL)
        return false;
    map->mask = places - 1;
    map->index = index;
    for (uint32_t i = 0; i < map->count && *repeated == NULL; i++) {
        uint32_t at = key_hash(map->entries[i].key) & map->mask;
        for (; index[at] != 0; at = (at + 1) & map->mask)
            if (keys_equal(map->entries[index[at] - 1].key, map->entries[i].key))
                *repeated = &map->entries[i];
        index[at] = i + 1;
    }
    return true;
}

eh_cel_value cel_map_make(cel_source from, const eh_cel_entry *entries, uint32_t count)
{
    uint32_t depth = 1;
    uint64_t weight = 1;
    for (uint32_t i = 0; i < count; i++) {
        if (cel_bad(entries[i].key))
            return entries[i].key;
        if (cel_bad(entries[i].value))
            return entries[i].value;
        if (!cel_key_allowed(entries[i].key))
            return cel_error("unsupported key type");
        if (!measure(entries[i].value, &depth, &weight) || ++weight > EH_CEL_VALUE_ITEMS_MAX)
            return cel_error(depth > EH_CEL_VALUE_DEPTH_MAX ? TOO_DEEP : TOO_MANY);
    }
    eh_cel_map *map = cel_source_take(from, 1, sizeof *map);
    if (map == NULL)
        return cel_error(NO_MEMORY);
    *map = (eh_cel_map){.count = count, .depth = depth, .weight = (uint32_t)weight, .entries = entries};
    const eh_cel_entry *repeated = NULL;
    if (count >= INDEX_FROM && !index_fill(from, map, &repeated))
        return cel_error(NO_MEMORY);
    for (uint32_t i = 1; count < INDEX_FROM && i < count && repeated == NULL; i++)
        for (uint32_t k = 0; k < i; k++)
            if (keys_equal(entries[i].key, entries[k].key))
                repeated = &entries[i];
    if (repeated != NULL)
        return cel_error("Failed with repeated key");
    return (eh_cel_value){.kind = EH_CEL_MAP, .map = map};
}

eh_cel_value cel_optional(eh_cel_machine *machine, eh_cel_value value)
{
    if (cel_bad(value))
        return value;
    if (cel_depth(value) >= EH_CEL_VALUE_DEPTH_MAX)
        return cel_error(TOO_DEEP);
    eh_cel_value *held = cel_take(machine, 1, sizeof *held);
    if (held == NULL)
        return cel_error_memory(machine);
    *held = value;
    return (eh_cel_value){.kind = EH_CEL_OPTIONAL, .optional = held};
}

bool cel_is_zero(eh_cel_value value)
{
    switch (value.kind) {
    case EH_CEL_NULL:
        return true;
    case EH_CEL_BOOL:
        return !value.boolean;
    case EH_CEL_INT:
    case EH_CEL_UINT:
        return value.natural == 0;
    case EH_CEL_DOUBLE:
        return value.real == 0;
    case EH_CEL_STRING:
    case EH_CEL_BYTES:
        return value.len == 0;
    case EH_CEL_LIST:
        return value.list->count == 0;
    case EH_CEL_MAP:
        return value.map->count == 0;
    case EH_CEL_OPTIONAL:
        return value.optional == NULL;
    case EH_CEL_TIMESTAMP:
    case EH_CEL_DURATION:
        return value.seconds == 0 && value.nanoseconds == 0;
    default:
        return false;
    }
}

/* ---- walking ---------------------------------------------------------------------------------------------------------------------------- */

static walk_event walk_into(cel_walk *walk, eh_cel_value value)
{
    walk->value = value;
    bool holds = value.kind == EH_CEL_LIST || value.kind == EH_CEL_MAP || (value.kind == EH_CEL_OPTIONAL && value.optional != NULL);
    if (!holds)
        return WALK_SCALAR;
    EH_ASSERT(walk->depth <= EH_CEL_VALUE_DEPTH_MAX);
    walk->open[walk->depth].of = value;
    walk->open[walk->depth].at = 0;
    walk->open[walk->depth++].order = NULL;
    return WALK_OPEN;
}

walk_event cel_walk_next(cel_walk *walk, eh_cel_value root)
{
    if (!walk->started) {
        walk->started = true;
        walk->depth = walk->index = 0;
        return walk_into(walk, root);
    }
    if (walk->depth == 0)
        return WALK_END;
    uint32_t top = walk->depth - 1, at = walk->open[top].at;
    eh_cel_value of = walk->open[top].of;
    uint32_t count = of.kind == EH_CEL_LIST ? of.list->count : of.kind == EH_CEL_MAP ? 2 * of.map->count : 1;
    if (at == count) {
        walk->depth--;
        walk->value = of;
        walk->index = 0;
        return WALK_CLOSE;
    }
    walk->open[top].at++;
    if (of.kind != EH_CEL_MAP) {
        walk->index = at;
        return walk_into(walk, of.kind == EH_CEL_LIST ? of.list->items[at] : *of.optional);
    }
    const uint32_t *order_of = walk->open[top].order;
    const eh_cel_entry *entry = &of.map->entries[order_of != NULL ? order_of[at / 2] : at / 2];
    walk->index = at / 2;
    if (at % 2 == 1)
        return walk_into(walk, entry->value);
    walk->value = entry->key;
    return WALK_KEY;
}

/* ---- errors and types ------------------------------------------------------------------------------------------------------------------ */

eh_cel_value cel_error(const char *text)
{
    return cel_view_value(EH_CEL_ERROR, text, strlen(text));
}

static const char *const type_names[EH_CEL_KINDS_COUNT] = {
    [EH_CEL_NULL] = "null_type", [EH_CEL_BOOL] = "bool", [EH_CEL_INT] = "int", [EH_CEL_UINT] = "uint", [EH_CEL_DOUBLE] = "double",
    [EH_CEL_STRING] = "string", [EH_CEL_BYTES] = "bytes", [EH_CEL_TIMESTAMP] = "google.protobuf.Timestamp",
    [EH_CEL_DURATION] = "google.protobuf.Duration", [EH_CEL_LIST] = "list", [EH_CEL_MAP] = "map", [EH_CEL_TYPE] = "type",
    [EH_CEL_OPTIONAL] = "optional_type", [EH_CEL_ERROR] = "error", [EH_CEL_UNKNOWN] = "unknown",
};

eh_view eh_cel_type_name(eh_cel_value value)
{
    return eh_view_of(type_names[value.kind]);
}

eh_cel_value cel_type_named(eh_view name)
{
    for (size_t i = 0; i <= EH_CEL_OPTIONAL; i++)
        if (eh_view_equal(name, eh_view_of(type_names[i])))
            return cel_view_value(EH_CEL_TYPE, type_names[i], strlen(type_names[i]));
    return eh_cel_null();
}
