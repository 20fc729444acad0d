/* Types: a table of rows; those without parameters come first, each under the number of its kind. */
#include "policy/cel_int.h"

#include <string.h>

enum { NESTING_MAX = 40 };

/* In the order of type_kind up to TYPE_ANY: as text, as primitive or well-known type in JSON. */
typedef struct {
    const char *name, *json_key, *json_value;
} type_names;

static const type_names names_of[] = {
    [TYPE_DYN] = {"dyn", "dyn", NULL},
    [TYPE_NULL] = {"null_type", "null", "NULL_VALUE"},
    [TYPE_BOOL] = {"bool", "primitive", "BOOL"},
    [TYPE_INT] = {"int", "primitive", "INT64"},
    [TYPE_UINT] = {"uint", "primitive", "UINT64"},
    [TYPE_DOUBLE] = {"double", "primitive", "DOUBLE"},
    [TYPE_STRING] = {"string", "primitive", "STRING"},
    [TYPE_BYTES] = {"bytes", "primitive", "BYTES"},
    [TYPE_TIMESTAMP] = {"timestamp", "wellKnown", "TIMESTAMP"},
    [TYPE_DURATION] = {"duration", "wellKnown", "DURATION"},
    [TYPE_ANY] = {"any", "wellKnown", "ANY"},
};
enum { SIMPLE_COUNT = sizeof names_of / sizeof names_of[0] };

type_table *cel_types_open(eh_arena *arena)
{
    type_table *types = EH_TAKE(arena, 1, type_table);
    if (types == NULL)
        return NULL;
    *types = (type_table){.arena = arena};
    for (uint32_t kind = 0; kind < SIMPLE_COUNT; kind++)
        if (cel_type_add(types, (type_kind)kind, NODE_NONE, NODE_NONE) != kind)
            return NULL;
    return types;
}

uint32_t cel_type_add(type_table *types, type_kind kind, uint32_t first, uint32_t second)
{
    if (types->count == EH_CEL_TYPES_MAX)
        return NODE_NONE;
    if (types->count == types->capacity) {
        uint32_t capacity = types->capacity * 2 + 64;
        type_row *larger = EH_TAKE(types->arena, capacity, type_row);
        if (larger == NULL)
            return NODE_NONE;
        if (types->count > 0)
            memcpy(larger, types->rows, types->count * sizeof *larger);
        types->rows = larger;
        types->capacity = capacity;
    }
    types->rows[types->count] = (type_row){.kind = (uint8_t)kind, .first = first, .second = second};
    return types->count++;
}

uint32_t cel_type_resolve(const type_table *types, uint32_t index)
{
    while (index != NODE_NONE && types->rows[index].kind == TYPE_PARAM && types->rows[index].first != NODE_NONE)
        index = types->rows[index].first;
    return index;
}

type_mark cel_type_mark(const type_table *types)
{
    return (type_mark){types->count, types->trail_count};
}

void cel_type_undo(type_table *types, type_mark to)
{
    while (types->trail_count > to.trail_count)
        types->rows[types->trail[--types->trail_count]].first = NODE_NONE;
    types->count = to.count;
}

/* Binds a free parameter, and remembers that. False: no memory. */
static bool parameter_bind(type_table *types, uint32_t parameter, uint32_t to)
{
    if (types->trail_count == types->trail_capacity) {
        uint32_t capacity = types->trail_capacity * 2 + 64;
        uint32_t *larger = EH_TAKE(types->arena, capacity, uint32_t);
        if (larger == NULL)
            return false;
        if (types->trail_count > 0)
            memcpy(larger, types->trail, types->trail_count * sizeof *larger);
        types->trail = larger;
        types->trail_capacity = capacity;
    }
    types->trail[types->trail_count++] = parameter;
    types->rows[parameter].first = to;
    return true;
}

static uint32_t parameters_of(type_kind kind)
{
    return kind == TYPE_MAP ? 2 : kind == TYPE_LIST || kind == TYPE_OPTIONAL || kind == TYPE_TYPE || kind == TYPE_WRAPPER ? 1 : 0;
}

/* ---- from text: list(int), map(string, dyn), optional(T), type(T), wrapper(int) ------------------------------------------------------------ */

typedef struct {
    type_kind kind;
    uint32_t parameters[2], count;
} open_type;

static const struct {
    const char *name;
    type_kind kind;
} compound_names[] = {{"list", TYPE_LIST}, {"map", TYPE_MAP}, {"optional", TYPE_OPTIONAL}, {"optional_type", TYPE_OPTIONAL}, {"type", TYPE_TYPE},
                      {"wrapper", TYPE_WRAPPER}};

static size_t word_len(eh_view text)
{
    size_t len = 0;
    while (len < text.len && (text.ptr[len] == '_' || text.ptr[len] == '.' || (text.ptr[len] >= '0' && text.ptr[len] <= '9') ||
                              ((text.ptr[len] | 0x20) >= 'a' && (text.ptr[len] | 0x20) <= 'z')))
        len++;
    return len;
}

static uint32_t simple_named(eh_view word)
{
    if (eh_view_equal(word, EH_VIEW("google.protobuf.Timestamp")))
        return TYPE_TIMESTAMP;
    if (eh_view_equal(word, EH_VIEW("google.protobuf.Duration")))
        return TYPE_DURATION;
    for (uint32_t kind = 0; kind < SIMPLE_COUNT; kind++)
        if (eh_view_equal(word, eh_view_of(names_of[kind].name)))
            return kind;
    return NODE_NONE;
}

static uint32_t compound_named(eh_view word)
{
    for (size_t i = 0; i < sizeof compound_names / sizeof compound_names[0]; i++)
        if (eh_view_equal(word, eh_view_of(compound_names[i].name)))
            return compound_names[i].kind;
    return NODE_NONE;
}

static eh_view step(eh_view text, size_t len)
{
    return eh_view_trim((eh_view){text.ptr + len, text.len - len});
}

uint32_t cel_type_parse(type_table *types, eh_view text)
{
    open_type open[NESTING_MAX];
    uint32_t depth = 0, done = NODE_NONE;
    text = eh_view_trim(text);
    for (;;) {
        size_t len = word_len(text);
        eh_view word = {text.ptr, len};
        uint32_t simple = simple_named(word), compound = compound_named(word);
        text = step(text, len);
        bool opens = text.len > 0 && text.ptr[0] == '(';
        if (compound != NODE_NONE && opens && depth < NESTING_MAX) {
            open[depth++] = (open_type){.kind = (type_kind)compound};
            text = step(text, 1);
            continue;
        }
        if (compound != NODE_NONE && !opens) /* "list" alone is a list of anything */
            done = cel_type_add(types, (type_kind)compound, TYPE_DYN, compound == TYPE_MAP ? TYPE_DYN : NODE_NONE);
        else
            done = simple;
        for (; done != NODE_NONE && depth > 0; depth--) {
            open_type *of = &open[depth - 1];
            if (of->count < 2)
                of->parameters[of->count] = done;
            of->count++;
            if (text.len > 0 && text.ptr[0] == ',')
                break;
            if (text.len == 0 || text.ptr[0] != ')' || of->count != parameters_of(of->kind))
                return NODE_NONE;
            text = step(text, 1);
            done = cel_type_add(types, of->kind, of->parameters[0], of->count > 1 ? of->parameters[1] : NODE_NONE);
        }
        if (done == NODE_NONE || depth == 0)
            return text.len == 0 ? done : NODE_NONE;
        text = step(text, 1);
    }
}

/* ---- to text and JSON ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    uint32_t index, phase;
} visit;

void cel_type_text(const type_table *types, uint32_t index, eh_buffer *out)
{
    static const char *const opens[] = {[TYPE_LIST] = "list(", [TYPE_MAP] = "map(", [TYPE_TYPE] = "type(", [TYPE_OPTIONAL] = "optional(",
                                        [TYPE_WRAPPER] = "wrapper("};
    visit open[NESTING_MAX];
    uint32_t depth = 0;
    open[depth++] = (visit){cel_type_resolve(types, index), 0};
    while (depth > 0) {
        visit *at = &open[depth - 1];
        const type_row *row = at->index == NODE_NONE ? &types->rows[TYPE_DYN] : &types->rows[at->index];
        uint32_t parameters = parameters_of((type_kind)row->kind);
        if (parameters == 0 || depth == NESTING_MAX) {
            if (row->kind == TYPE_PARAM || row->kind == TYPE_ABSTRACT)
                eh_buffer_append(out, row->name.len > 0 ? row->name : EH_VIEW("dyn"));
            else
                eh_buffer_text(out, row->kind < SIMPLE_COUNT ? names_of[row->kind].name : "dyn");
            depth--;
            continue;
        }
        if (at->phase == parameters) {
            eh_buffer_byte(out, ')');
            depth--;
            continue;
        }
        eh_buffer_text(out, at->phase == 0 ? opens[row->kind] : ", ");
        uint32_t parameter = at->phase++ == 0 ? row->first : row->second;
        open[depth++] = (visit){cel_type_resolve(types, parameter), 0};
    }
}

static void simple_json(const type_row *row, eh_json_writer *out, const char *key)
{
    eh_json_object_open_flat(out, key);
    if (row->kind == TYPE_PARAM && row->name.len > 0) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", row->name.len > 60 ? 60 : (int)row->name.len, row->name.ptr);
        eh_json_text(out, "typeParam", name);
    } else if (row->kind == TYPE_ABSTRACT) {
        char name[128];
        snprintf(name, sizeof name, "%.*s", row->name.len > 120 ? 120 : (int)row->name.len, row->name.ptr);
        eh_json_text(out, "messageType", name);
    } else {
        uint32_t kind = row->kind < SIMPLE_COUNT ? row->kind : TYPE_DYN;
        if (names_of[kind].json_value != NULL && kind != TYPE_NULL) {
            eh_json_text(out, names_of[kind].json_key, names_of[kind].json_value);
        } else if (kind == TYPE_NULL) {
            eh_json_null(out, names_of[kind].json_key);
        } else {
            eh_json_object_open_flat(out, names_of[kind].json_key);
            eh_json_object_close(out);
        }
    }
    eh_json_object_close(out);
}

void cel_type_json(const type_table *types, uint32_t index, eh_json_writer *out, const char *key)
{
    static const char *const first_keys[] = {[TYPE_LIST] = "elemType", [TYPE_MAP] = "keyType", [TYPE_OPTIONAL] = NULL, [TYPE_TYPE] = "type"};
    visit open[NESTING_MAX];
    const char *keys[NESTING_MAX];
    uint32_t depth = 0;
    keys[depth] = key;
    open[depth++] = (visit){cel_type_resolve(types, index), 0};
    while (depth > 0) {
        visit *at = &open[depth - 1];
        const type_row *row = at->index == NODE_NONE ? &types->rows[TYPE_DYN] : &types->rows[at->index];
        uint32_t parameters = parameters_of((type_kind)row->kind);
        if (row->kind == TYPE_WRAPPER) {
            eh_json_object_open_flat(out, keys[depth - 1]);
            eh_json_text(out, "wrapper", names_of[row->first].json_value);
            eh_json_object_close(out);
            depth--;
            continue;
        }
        if (parameters == 0 || depth == NESTING_MAX) {
            simple_json(row, out, keys[depth - 1]);
            depth--;
            continue;
        }
        if (at->phase == parameters) {
            if (row->kind == TYPE_OPTIONAL)
                eh_json_array_close(out);
            if (row->kind != TYPE_TYPE)
                eh_json_object_close(out);
            eh_json_object_close(out);
            depth--;
            continue;
        }
        if (at->phase == 0) {
            eh_json_object_open_flat(out, keys[depth - 1]);
            if (row->kind != TYPE_TYPE)
                eh_json_object_open_flat(out, row->kind == TYPE_LIST ? "listType" : row->kind == TYPE_MAP ? "mapType" : "abstractType");
            if (row->kind == TYPE_OPTIONAL) {
                eh_json_text(out, "name", "optional_type");
                eh_json_array_open_flat(out, "parameterTypes");
            }
        }
        keys[depth] = at->phase == 0 ? first_keys[row->kind] : "valueType";
        uint32_t parameter = at->phase++ == 0 ? row->first : row->second;
        open[depth++] = (visit){cel_type_resolve(types, parameter), 0};
    }
}

/* ---- assigning --------------------------------------------------------------------------------------------------------------------------------- */

/* Does the type hold the free parameter? Binding it then would make a type without end. */
static bool occurs(const type_table *types, uint32_t parameter, uint32_t inside)
{
    uint32_t open[2 * NESTING_MAX];
    uint32_t count = 0;
    open[count++] = inside;
    while (count > 0) {
        uint32_t index = cel_type_resolve(types, open[--count]);
        if (index == parameter)
            return true;
        if (index == NODE_NONE || count + 2 > sizeof open / sizeof open[0])
            continue;
        uint32_t parameters = parameters_of((type_kind)types->rows[index].kind);
        if (parameters > 0)
            open[count++] = types->rows[index].first;
        if (parameters > 1)
            open[count++] = types->rows[index].second;
    }
    return false;
}

typedef struct {
    uint32_t to, from;
} pair;

/* One pair: 1 it fits, 0 it does not, 2 its parameters must fit too. */
static int pair_fits(type_table *types, uint32_t to, uint32_t from)
{
    if (to == from)
        return 1;
    type_row *wanted = &types->rows[to], *given = &types->rows[from];
    if (wanted->kind == TYPE_PARAM || given->kind == TYPE_PARAM) {
        uint32_t free = wanted->kind == TYPE_PARAM ? to : from, other = free == to ? from : to;
        return !occurs(types, free, other) && parameter_bind(types, free, other);
    }
    if (wanted->kind == TYPE_DYN || given->kind == TYPE_DYN || wanted->kind == TYPE_ERROR || given->kind == TYPE_ERROR || wanted->kind == TYPE_ANY ||
        given->kind == TYPE_ANY)
        return 1;
    if (wanted->kind == TYPE_WRAPPER && given->kind != TYPE_WRAPPER)
        return given->kind == TYPE_NULL || from == wanted->first;
    if (given->kind == TYPE_WRAPPER && wanted->kind != TYPE_WRAPPER)
        return to == given->first;
    bool nullable = wanted->kind == TYPE_TIMESTAMP || wanted->kind == TYPE_DURATION || wanted->kind == TYPE_ABSTRACT || wanted->kind == TYPE_OPTIONAL;
    if (given->kind == TYPE_NULL && nullable)
        return 1;
    if (wanted->kind != given->kind)
        return 0;
    if (wanted->kind == TYPE_ABSTRACT)
        return eh_view_equal(wanted->name, given->name);
    return parameters_of((type_kind)wanted->kind) > 0 && wanted->kind != TYPE_TYPE ? 2 : 1;
}

bool cel_type_assign(type_table *types, uint32_t to, uint32_t from)
{
    pair open[2 * NESTING_MAX];
    uint32_t count = 0;
    open[count++] = (pair){to, from};
    while (count > 0) {
        pair now = open[--count];
        uint32_t wanted = cel_type_resolve(types, now.to), given = cel_type_resolve(types, now.from);
        int fits = pair_fits(types, wanted, given);
        if (fits == 0)
            return false;
        if (fits == 1)
            continue;
        if (count + 2 > sizeof open / sizeof open[0])
            return false;
        open[count++] = (pair){types->rows[wanted].first, types->rows[given].first};
        if (types->rows[wanted].kind == TYPE_MAP)
            open[count++] = (pair){types->rows[wanted].second, types->rows[given].second};
    }
    return true;
}

uint32_t cel_signature_type(type_table *types, const char **at, uint32_t parameters[3])
{
    static const char letters[] = "Dnbiudsytg";
    open_type open[8];
    uint32_t depth = 0;
    for (;;) {
        char letter = *(*at)++;
        const char *simple = letter == '\0' ? NULL : strchr(letters, letter);
        uint32_t done;
        if (simple != NULL) {
            done = (uint32_t)(simple - letters);
        } else if (letter >= 'A' && letter <= 'C') {
            uint32_t *parameter = &parameters[letter - 'A'];
            if (*parameter == NODE_NONE)
                *parameter = cel_type_add(types, TYPE_PARAM, NODE_NONE, NODE_NONE);
            done = *parameter;
        } else {
            EH_ASSERT(depth < 8 && (letter == 'L' || letter == 'M' || letter == 'O' || letter == 'T'));
            open[depth++] = (open_type){.kind = letter == 'L' ? TYPE_LIST : letter == 'M' ? TYPE_MAP : letter == 'O' ? TYPE_OPTIONAL : TYPE_TYPE};
            continue;
        }
        while (done != NODE_NONE && depth > 0) {
            open_type *of = &open[depth - 1];
            of->parameters[of->count++] = done;
            if (of->count < parameters_of(of->kind))
                break;
            done = cel_type_add(types, of->kind, of->parameters[0], of->count > 1 ? of->parameters[1] : NODE_NONE);
            depth--;
        }
        if (done == NODE_NONE || depth == 0)
            return done;
    }
}
