/* Values to and from JSON: the form of cel.expr.Value, and plain JSON. Nothing recurses. */
#include "policy/cel_functions_int.h"

#include <math.h>
#include <string.h>

#define TIMESTAMP_URL "type.googleapis.com/google.protobuf.Timestamp"
#define DURATION_URL "type.googleapis.com/google.protobuf.Duration"

/* ---- out ------------------------------------------------------------------------------------------------------------------------------------ */

static void double_json(double number, eh_json_writer *out)
{
    if (isnan(number) || isinf(number))
        eh_json_text(out, "doubleValue", isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    else if (number == 0 && signbit(number))
        eh_json_token(out, "doubleValue", "-0.0");
    else
        eh_json_number(out, "doubleValue", number);
}

static void bytes_json(eh_view bytes, eh_json_writer *out)
{
    enum { STEP = 3 * 256 };
    char text[STEP / 3 * 4];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer whole = {0};
    for (size_t at = 0; at < bytes.len; at += STEP) {
        eh_view step = {bytes.ptr + at, bytes.len - at < STEP ? bytes.len - at : STEP};
        eh_buffer_append(&whole, (eh_view){text, cel_base64_encode(step, text)});
    }
    eh_json_view(out, "bytesValue", eh_buffer_view(&whole));
}

static void time_json(eh_cel_value value, eh_json_writer *out)
{
    char text[EH_INSTANT_TEXT_BYTES];
    bool instant = value.kind == EH_CEL_TIMESTAMP;
    if (instant)
        eh_instant_text((eh_instant){value.seconds, value.nanoseconds}, EH_FRACTION_THREES, text);
    else
        eh_duration_text((eh_duration){value.seconds, value.nanoseconds}, EH_FRACTION_THREES, text);
    eh_json_object_open_flat(out, "objectValue");
    eh_json_text(out, "@type", instant ? TIMESTAMP_URL : DURATION_URL);
    eh_json_text(out, "value", text);
    eh_json_object_close(out);
}

static void scalar_json(eh_cel_value value, eh_json_writer *out)
{
    char text[32];
    switch (value.kind) {
    case EH_CEL_NULL:
        eh_json_null(out, "nullValue");
        return;
    case EH_CEL_BOOL:
        eh_json_boolean(out, "boolValue", value.boolean);
        return;
    case EH_CEL_INT:
        snprintf(text, sizeof text, "%lld", (long long)value.integer);
        eh_json_text(out, "int64Value", text);
        return;
    case EH_CEL_UINT:
        snprintf(text, sizeof text, "%llu", (unsigned long long)value.natural);
        eh_json_text(out, "uint64Value", text);
        return;
    case EH_CEL_DOUBLE:
        double_json(value.real, out);
        return;
    case EH_CEL_STRING:
        eh_json_view(out, "stringValue", eh_cel_text(value));
        return;
    case EH_CEL_BYTES:
        bytes_json(eh_cel_text(value), out);
        return;
    case EH_CEL_TIMESTAMP:
    case EH_CEL_DURATION:
        time_json(value, out);
        return;
    case EH_CEL_TYPE:
        eh_json_view(out, "typeValue", eh_cel_text(value));
        return;
    case EH_CEL_OPTIONAL: /* of nothing */
        eh_json_object_open_flat(out, "optionalValue");
        eh_json_object_close(out);
        return;
    default:
        eh_json_view(out, "error", eh_cel_text(value));
        return;
    }
}

static void open_json(eh_cel_value value, eh_json_writer *out)
{
    static const char *const names[] = {[EH_CEL_LIST] = "listValue", [EH_CEL_MAP] = "mapValue", [EH_CEL_OPTIONAL] = "optionalValue"};
    eh_json_object_open_flat(out, names[value.kind]);
    if (value.kind == EH_CEL_LIST && value.list->count > 0)
        eh_json_array_open_flat(out, "values");
    if (value.kind == EH_CEL_MAP && value.map->count > 0)
        eh_json_array_open_flat(out, "entries");
}

void eh_cel_value_json(eh_cel_value value, eh_json_writer *out, const char *key)
{
    cel_walk walk = {0};
    for (walk_event event; out->buffer->code == EH_OK && (event = cel_walk_next(&walk, value)) != WALK_END;) {
        uint32_t above = event == WALK_OPEN ? walk.depth - 1 : walk.depth;
        bool in_map = above > 0 && walk.open[above - 1].of.kind == EH_CEL_MAP, in_optional = above > 0 && walk.open[above - 1].of.kind == EH_CEL_OPTIONAL;
        if (event == WALK_CLOSE) {
            bool inside = (walk.value.kind == EH_CEL_LIST && walk.value.list->count > 0) || (walk.value.kind == EH_CEL_MAP && walk.value.map->count > 0);
            if (inside)
                eh_json_array_close(out);
            eh_json_object_close(out); /* listValue */
            eh_json_object_close(out); /* the value */
            if (in_map)
                eh_json_object_close(out); /* the entry */
            continue;
        }
        if (event == WALK_KEY) {
            eh_json_object_open_flat(out, NULL);
            eh_json_object_open_flat(out, "key");
            scalar_json(walk.value, out);
            eh_json_object_close(out);
            continue;
        }
        eh_json_object_open_flat(out, in_map || in_optional ? "value" : above == 0 ? key : NULL);
        if (event == WALK_OPEN) {
            open_json(walk.value, out);
            continue;
        }
        scalar_json(walk.value, out);
        eh_json_object_close(out);
        if (in_map)
            eh_json_object_close(out);
    }
}

/* ---- as a literal ------------------------------------------------------------------------------------------------------------------------------ */

static void quoted_append(eh_cel_value value, eh_buffer *out)
{
    bool bytes = value.kind == EH_CEL_BYTES;
    eh_buffer_text(out, bytes ? "b\"" : "\"");
    for (uint32_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.text[i];
        if (byte == '"' || byte == '\\')
            eh_buffer_format(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7F || (bytes && byte >= 0x80))
            eh_buffer_format(out, "\\x%02x", byte);
        else
            eh_buffer_byte(out, (char)byte);
    }
    eh_buffer_byte(out, '"');
}

static void double_literal(double number, eh_buffer *out)
{
    char text[CEL_NUMBER_BYTES];
    if (isnan(number) || isinf(number)) {
        eh_buffer_format(out, "double(\"%s\")", isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
        return;
    }
    size_t len = cel_double_text(number, text);
    eh_buffer_append(out, (eh_view){text, len});
    if (memchr(text, '.', len) == NULL && memchr(text, 'e', len) == NULL)
        eh_buffer_text(out, ".0");
}

static void scalar_literal(eh_cel_value value, eh_buffer *out)
{
    char text[EH_INSTANT_TEXT_BYTES];
    switch (value.kind) {
    case EH_CEL_NULL:
        eh_buffer_text(out, "null");
        return;
    case EH_CEL_BOOL:
        eh_buffer_text(out, value.boolean ? "true" : "false");
        return;
    case EH_CEL_INT:
        eh_buffer_format(out, "%lld", (long long)value.integer);
        return;
    case EH_CEL_UINT:
        eh_buffer_format(out, "%lluu", (unsigned long long)value.natural);
        return;
    case EH_CEL_DOUBLE:
        double_literal(value.real, out);
        return;
    case EH_CEL_STRING:
    case EH_CEL_BYTES:
        quoted_append(value, out);
        return;
    case EH_CEL_TIMESTAMP:
        eh_instant_text((eh_instant){value.seconds, value.nanoseconds}, EH_FRACTION_SHORTEST, text);
        eh_buffer_format(out, "timestamp(\"%s\")", text);
        return;
    case EH_CEL_DURATION:
        eh_duration_text((eh_duration){value.seconds, value.nanoseconds}, EH_FRACTION_SHORTEST, text);
        eh_buffer_format(out, "duration(\"%s\")", text);
        return;
    case EH_CEL_OPTIONAL:
        eh_buffer_text(out, "optional.none()");
        return;
    case EH_CEL_TYPE:
        eh_buffer_append(out, eh_cel_text(value));
        return;
    default:
        eh_buffer_text(out, value.kind == EH_CEL_UNKNOWN ? "unknown" : "error: ");
        if (value.kind == EH_CEL_ERROR)
            eh_buffer_append(out, eh_cel_text(value));
        return;
    }
}

void eh_cel_value_literal(eh_cel_value value, eh_buffer *out)
{
    cel_walk walk = {0};
    for (walk_event event; out->code == EH_OK && (event = cel_walk_next(&walk, value)) != WALK_END;) {
        uint32_t above = event == WALK_OPEN ? walk.depth - 1 : walk.depth;
        bool map_value = above > 0 && walk.open[above - 1].of.kind == EH_CEL_MAP && event != WALK_KEY && event != WALK_CLOSE;
        if (event != WALK_CLOSE && walk.index > 0 && !map_value)
            eh_buffer_text(out, ", ");
        if (event == WALK_OPEN)
            eh_buffer_text(out, walk.value.kind == EH_CEL_LIST ? "[" : walk.value.kind == EH_CEL_MAP ? "{" : "optional.of(");
        else if (event == WALK_CLOSE)
            eh_buffer_text(out, walk.value.kind == EH_CEL_LIST ? "]" : walk.value.kind == EH_CEL_MAP ? "}" : ")");
        else
            scalar_literal(walk.value, out);
        if (event == WALK_KEY)
            eh_buffer_text(out, ": ");
    }
}

/* ---- in ------------------------------------------------------------------------------------------------------------------------------------------ */

typedef enum { FORM_SCALAR, FORM_LIST, FORM_MAP, FORM_PLAIN_LIST, FORM_PLAIN_MAP } json_form;

/* The only member of an object, or none. */
static bool only_member(eh_json_value json, eh_json_members *member_out)
{
    eh_json_members at = {0};
    if (eh_json_type_of(json) != EH_JSON_OBJECT || eh_json_count(json) != 1 || !eh_json_next(json, &at))
        return false;
    *member_out = at;
    return true;
}

static const char *const value_keys[] = {"nullValue", "boolValue", "int64Value", "uint64Value", "doubleValue", "stringValue", "bytesValue",
                                         "objectValue", "listValue", "mapValue", "typeValue", "enumValue", "optionalValue"};

static bool is_value_key(const char *key)
{
    for (size_t i = 0; i < sizeof value_keys / sizeof value_keys[0]; i++)
        if (strcmp(key, value_keys[i]) == 0)
            return true;
    return false;
}

/* {"value": {"int64Value": ...}} is {"int64Value": ...}. */
static eh_json_value unwrapped(eh_json_value json)
{
    eh_json_members outer, inner;
    if (only_member(json, &outer) && strcmp(outer.key, "value") == 0 && only_member(outer.value, &inner) && is_value_key(inner.key))
        return outer.value;
    return json;
}

static eh_code wrong(const char *key, const char *wanted, eh_error *error)
{
    return eh_fail(error, EH_INPUT, "%s: %s", key, wanted);
}

/* Numbers may be texts, as the JSON of protobuf has them, or numbers. */
static eh_code number_read(const char *key, eh_json_value json, eh_cel_value *value_out, eh_error *error)
{
    const char *text = eh_json_as_text(json);
    eh_cel_value as_text = text == NULL ? eh_cel_null() : eh_cel_string(eh_view_of(text)), found = {0};
    int64_t whole = 0;
    bool is_whole = eh_json_as_integer(json, &whole);
    double number = eh_json_as_number(json);
    size_t row = 0;
    static const struct {
        const char *key, *function, *wanted;
    } rows[] = {{"int64Value", "int", "an int64 such as \"5\""}, {"uint64Value", "uint", "a uint64 such as \"5\""},
                {"doubleValue", "double", "a number, \"NaN\", \"Infinity\" or \"-Infinity\""}};
    while (strcmp(rows[row].key, key) != 0)
        row++;
    if (text != NULL) {
        const overload *functions[OVERLOADS_MAX];
        size_t count = cel_overloads_find(eh_view_of(rows[row].function), functions, OVERLOADS_MAX);
        eh_cel_machine *machine = NULL;
        EH_TRY(eh_cel_machine_open(NULL, &machine, error));
        for (size_t i = 0; i < count; i++)
            if (functions[i]->signature[0] == 's')
                found = functions[i]->run(machine, &as_text, 1);
        eh_cel_machine_close(&machine);
        if (found.kind != (row == 0 ? EH_CEL_INT : row == 1 ? EH_CEL_UINT : EH_CEL_DOUBLE))
            return wrong(key, rows[row].wanted, error);
    } else if (row == 2 && !isnan(number)) {
        found = eh_cel_double(number);
    } else if (is_whole && (row == 0 || (row == 1 && whole >= 0))) {
        found = row == 0 ? eh_cel_int(whole) : eh_cel_uint((uint64_t)whole);
    } else {
        return wrong(key, rows[row].wanted, error);
    }
    *value_out = found;
    return EH_OK;
}

static eh_code bytes_read(eh_view text, eh_arena *arena, eh_cel_value *value_out, eh_error *error)
{
    char *bytes = EH_TAKE(arena, text.len + 4, char);
    size_t len = 0;
    if (bytes == NULL)
        return eh_fail_memory(error);
    if (!cel_base64_decode(text, bytes, &len))
        return wrong("bytesValue", "is base64", error);
    *value_out = cel_view_value(EH_CEL_BYTES, bytes, len);
    return EH_OK;
}

static eh_code object_read(eh_json_value json, eh_cel_value *value_out, eh_error *error)
{
    const char *type = eh_json_as_text(eh_json_member(json, "@type")), *text = eh_json_as_text(eh_json_member(json, "value"));
    if (type != NULL && text != NULL && strcmp(type, TIMESTAMP_URL) == 0) {
        eh_instant instant = {0};
        EH_TRY(eh_instant_parse(eh_view_of(text), &instant, error));
        *value_out = eh_cel_timestamp(instant);
        return EH_OK;
    }
    if (type != NULL && text != NULL && strcmp(type, DURATION_URL) == 0) {
        eh_duration duration = {0};
        EH_TRY(eh_duration_parse(eh_view_of(text), &duration, error));
        *value_out = eh_cel_duration(duration);
        return EH_OK;
    }
    return wrong("objectValue", "of the messages of protobuf only Timestamp and Duration are supported", error);
}

static eh_code typed_read(eh_json_members member, eh_arena *arena, eh_cel_value *value_out, eh_error *error)
{
    const char *text = eh_json_as_text(member.value), *key = member.key;
    bool truth = false;
    if (strcmp(key, "nullValue") == 0) {
        *value_out = eh_cel_null();
    } else if (strcmp(key, "boolValue") == 0) {
        if (!eh_json_as_boolean(member.value, &truth))
            return wrong(key, "is true or false", error);
        *value_out = eh_cel_bool(truth);
    } else if (strcmp(key, "objectValue") == 0) {
        return object_read(member.value, value_out, error);
    } else if (strcmp(key, "enumValue") == 0) {
        return wrong(key, "enums of protobuf are not supported", error);
    } else if (strcmp(key, "int64Value") == 0 || strcmp(key, "uint64Value") == 0 || strcmp(key, "doubleValue") == 0) {
        return number_read(key, member.value, value_out, error);
    } else if (text == NULL) {
        return wrong(key, "is a text", error);
    } else if (strcmp(key, "stringValue") == 0) {
        *value_out = eh_cel_string(eh_json_as_view(member.value));
    } else if (strcmp(key, "bytesValue") == 0) {
        return bytes_read(eh_view_of(text), arena, value_out, error);
    } else {
        eh_cel_value type = cel_type_named(eh_view_of(text));
        if (type.kind != EH_CEL_TYPE)
            return wrong(key, "is the name of a type", error);
        *value_out = type;
    }
    return EH_OK;
}

/* What stands here; a scalar is read at once. */
static eh_code form_read(eh_json_value *json, eh_arena *arena, json_form *form_out, eh_cel_value *value_out, eh_error *error)
{
    eh_json_members member;
    bool truth = false;
    int64_t whole = 0;
    *json = unwrapped(*json);
    *form_out = FORM_SCALAR;
    if (only_member(*json, &member) && is_value_key(member.key)) {
        bool list = strcmp(member.key, "listValue") == 0, map = strcmp(member.key, "mapValue") == 0;
        if (!list && !map)
            return typed_read(member, arena, value_out, error);
        *form_out = list ? FORM_LIST : FORM_MAP;
        *json = eh_json_member(member.value, list ? "values" : "entries");
        return EH_OK;
    }
    switch (eh_json_type_of(*json)) {
    case EH_JSON_OBJECT:
        *form_out = FORM_PLAIN_MAP;
        return EH_OK;
    case EH_JSON_ARRAY:
        *form_out = FORM_PLAIN_LIST;
        return EH_OK;
    case EH_JSON_TEXT:
        *value_out = eh_cel_string(eh_json_as_view(*json));
        return EH_OK;
    case EH_JSON_BOOLEAN:
        (void)eh_json_as_boolean(*json, &truth);
        *value_out = eh_cel_bool(truth);
        return EH_OK;
    case EH_JSON_NUMBER:
        *value_out = !eh_json_is_real(*json) && eh_json_as_integer(*json, &whole) ? eh_cel_int(whole) : eh_cel_double(eh_json_as_number(*json));
        return EH_OK;
    default:
        *value_out = eh_cel_null();
        return EH_OK;
    }
}

typedef struct {
    json_form form;
    eh_json_value json;
    eh_json_members at; /* FORM_PLAIN_MAP */
    size_t count, done;
    eh_cel_value *items;
    eh_cel_entry *entries;
} open_json_value;

/* The next thing to read inside; false at the end. Keys of entries are read here. */
static eh_code inner_next(open_json_value *of, eh_arena *arena, eh_json_value *next_out, bool *more_out, eh_error *error)
{
    *more_out = of->done < of->count;
    if (!*more_out)
        return EH_OK;
    if (of->form == FORM_PLAIN_MAP) {
        (void)eh_json_next(of->json, &of->at);
        of->entries[of->done].key = eh_cel_string(eh_view_of(of->at.key));
        *next_out = of->at.value;
        return EH_OK;
    }
    eh_json_value item = eh_json_item(of->json, of->done);
    if (of->form == FORM_MAP) {
        json_form form;
        eh_json_value key = eh_json_member(item, "key");
        EH_TRY(form_read(&key, arena, &form, &of->entries[of->done].key, error));
        if (form != FORM_SCALAR)
            return wrong("mapValue", "a key is a bool, int, uint or string", error);
        item = eh_json_member(item, "value");
    }
    *next_out = item;
    return EH_OK;
}

static eh_code collection_open(open_json_value *of, eh_arena *arena, eh_error *error)
{
    bool map = of->form == FORM_MAP || of->form == FORM_PLAIN_MAP;
    of->count = eh_json_count(of->json);
    if (map)
        of->entries = EH_TAKE(arena, of->count, eh_cel_entry);
    else
        of->items = EH_TAKE(arena, of->count, eh_cel_value);
    return of->entries == NULL && of->items == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code collection_close(const open_json_value *of, eh_arena *arena, eh_cel_value *value_out, eh_error *error)
{
    cel_source from = {.arena = arena};
    if (of->count > EH_CEL_VALUE_ITEMS_MAX)
        return eh_fail(error, EH_LIMIT, "a list of %zu items, at most %d", of->count, EH_CEL_VALUE_ITEMS_MAX);
    eh_cel_value made = of->entries != NULL ? cel_map_make(from, of->entries, (uint32_t)of->count) : cel_list_make(from, of->items, (uint32_t)of->count);
    if (made.kind == EH_CEL_ERROR)
        return eh_fail(error, EH_INPUT, "%.*s", (int)made.len, made.text);
    *value_out = made;
    return EH_OK;
}

eh_code eh_cel_value_from_json(eh_json_value json, eh_arena *arena, eh_cel_value *value_out, eh_error *error)
{
    open_json_value open[EH_JSON_DEPTH_MAX + 2];
    size_t depth = 0;
    for (;;) {
        eh_cel_value value = {0};
        json_form form;
        EH_TRY(form_read(&json, arena, &form, &value, error));
        bool more = true;
        if (form != FORM_SCALAR) {
            EH_ASSERT(depth < EH_JSON_DEPTH_MAX + 2);
            open[depth] = (open_json_value){.form = form, .json = json};
            EH_TRY(collection_open(&open[depth++], arena, error));
            EH_TRY(inner_next(&open[depth - 1], arena, &json, &more, error));
            if (more)
                continue;
        }
        /* `value` is whole, or the newest collection is. */
        bool whole = form == FORM_SCALAR;
        for (;;) {
            if (!whole)
                EH_TRY(collection_close(&open[--depth], arena, &value, error));
            if (depth == 0) {
                *value_out = value;
                return EH_OK;
            }
            open_json_value *of = &open[depth - 1];
            if (of->entries != NULL)
                of->entries[of->done++].value = value;
            else
                of->items[of->done++] = value;
            EH_TRY(inner_next(of, arena, &json, &more, error));
            if (more)
                break;
            whole = false;
        }
    }
}

/* ---- by a declared type ---------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_cel_value_of_type(eh_json_value json, const char *type, eh_arena *arena, eh_cel_value *value_out, eh_error *error)
{
    const char *text = eh_json_as_text(json);
    eh_json_type found = eh_json_type_of(json);
    if (found == EH_JSON_TEXT && strcmp(type, "timestamp") == 0) {
        eh_instant instant = {0};
        EH_TRY(eh_instant_parse_date(eh_view_of(text), &instant, error));
        *value_out = eh_cel_timestamp(instant);
        return EH_OK;
    }
    if (found == EH_JSON_TEXT && strcmp(type, "duration") == 0) {
        eh_duration duration = {0};
        EH_TRY(eh_duration_parse(eh_view_of(text), &duration, error));
        *value_out = eh_cel_duration(duration);
        return EH_OK;
    }
    if (found == EH_JSON_TEXT && strcmp(type, "bytes") == 0)
        return bytes_read(eh_view_of(text), arena, value_out, error);
    if (found == EH_JSON_NUMBER && strcmp(type, "uint") == 0)
        return number_read("uint64Value", json, value_out, error);
    if (found == EH_JSON_NUMBER && strcmp(type, "double") == 0)
        return number_read("doubleValue", json, value_out, error);
    return eh_cel_value_from_json(json, arena, value_out, error);
}
