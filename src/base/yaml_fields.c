/* YAML, checked: errors with their place, and mappings that are read by a table of their keys. */
#include "base/yaml.h"

#include <stdarg.h>
#include <string.h>

enum { SHOWN_KEY_BYTES_MAX = 80, SHOWN_TEXT_BYTES_MAX = 40, LISTED_KEYS_MAX = 24 };

/* ---- places ---------------------------------------------------------------------------------------------------------- */

/* "features.months.value" or "groups[2]", from the root down. */
static void write_way(const eh_yaml_node *node, eh_buffer *way)
{
    const eh_yaml_node *steps[EH_YAML_DEPTH_MAX + 1];
    size_t count = 0;
    for (; node->parent != NULL && count <= EH_YAML_DEPTH_MAX; node = node->parent)
        steps[count++] = node;
    while (count > 0) {
        const eh_yaml_node *step = steps[--count];
        if (step->key != NULL)
            eh_buffer_format(way, "%s%.*s", way->len == 0 ? "" : ".", SHOWN_KEY_BYTES_MAX, step->key);
        else if (step->parent->type == EH_YAML_LIST)
            eh_buffer_format(way, "[%zu]", step->index + 1);
    }
}

eh_code eh_yaml_fail_within(const eh_yaml_node *node, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer way = {0};
    write_way(node, &way);
    if (way.code != EH_OK || way.len == 0)
        return eh_fail_within(error, "%s: line %u, column %u", node->file, node->line, node->column);
    return eh_fail_within(error, "%s: line %u, column %u: %s", node->file, node->line, node->column, way.ptr);
}

eh_code eh_yaml_fail(const eh_yaml_node *node, eh_error *error, eh_code code, const char *format, ...)
{
    char text[EH_ERROR_TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    eh_error filled = {0};
    (void)eh_fail(&filled, code, "%s", wanted < 0 ? "" : text);
    (void)eh_yaml_fail_within(node, &filled);
    if (error != NULL)
        *error = filled;
    return code;
}

const char *eh_yaml_describe(const eh_yaml_node *node, char out[96])
{
    static const char *const words[] = {
        [EH_YAML_NULL] = "nothing", [EH_YAML_BOOLEAN] = "", [EH_YAML_INTEGER] = "the number ", [EH_YAML_NUMBER] = "the number ",
        [EH_YAML_TEXT] = "the text ", [EH_YAML_LIST] = "a list", [EH_YAML_MAPPING] = "a mapping",
    };
    bool text = node->type == EH_YAML_TEXT, value = node->type != EH_YAML_NULL && node->text != NULL;
    size_t len = value ? strlen(node->text) : 0;
    bool cut = len > SHOWN_TEXT_BYTES_MAX;
    while (cut && len > SHOWN_TEXT_BYTES_MAX)
        len--;
    while (cut && len > 0 && ((unsigned char)node->text[len] & 0xC0) == 0x80)
        len--;
    snprintf(out, 96, "%s%s%.*s%s%s", words[node->type], text ? "'" : "", (int)len, value ? node->text : "", cut ? "..." : "",
             text ? "'" : "");
    return out;
}

/* ---- tables ---------------------------------------------------------------------------------------------------------- */

static const eh_yaml_field *find_field(const eh_yaml_field *fields, size_t fields_count, const char *key)
{
    for (size_t i = 0; i < fields_count; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

static eh_code fail_unknown_key(const eh_yaml_node *key, const eh_yaml_field *fields, size_t fields_count, eh_error *error)
{
    const char *names[LISTED_KEYS_MAX];
    size_t count = fields_count < LISTED_KEYS_MAX ? fields_count : LISTED_KEYS_MAX;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer known = {0};
    for (size_t i = 0; i < count; i++) {
        names[i] = fields[i].key;
        eh_buffer_format(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    EH_TRY(eh_buffer_check(&known, error));
    const char *nearest = eh_nearest_name(key->text, names, count);
    if (nearest != NULL)
        return eh_yaml_fail(key, error, EH_INPUT, "unknown key '%.*s'; did you mean '%s'? Known here: %s", SHOWN_KEY_BYTES_MAX, key->text,
                            nearest, known.ptr);
    return eh_yaml_fail(key, error, EH_INPUT, "unknown key '%.*s'. Known here: %s", SHOWN_KEY_BYTES_MAX, key->text, known.ptr);
}

static const char *const kind_words[] = {
    [EH_FIELD_TEXT] = "a text", [EH_FIELD_SCALAR] = "a text or a number", [EH_FIELD_BOOLEAN] = "true or false",
    [EH_FIELD_INTEGER] = "a whole number", [EH_FIELD_NUMBER] = "a number", [EH_FIELD_CHOICE] = "a word",
    [EH_FIELD_LIST] = "a list, such as [a, b]", [EH_FIELD_MAPPING] = "a mapping, with lines 'key: value' below it",
    [EH_FIELD_NODE] = "a value",
};

static eh_code fail_type(const eh_yaml_node *node, const eh_yaml_field *field, eh_error *error)
{
    char found[96];
    eh_yaml_describe(node, found);
    const char *kind = kind_words[field->kind];
    if (field->kind == EH_FIELD_TEXT && node->text != NULL && node->type != EH_YAML_NULL && node->type != EH_YAML_TEXT)
        return eh_yaml_fail(node, error, EH_INPUT, "must be a text, but is %s; put it in quotes if it is one", found);
    if (field->kind == EH_FIELD_TEXT && node->type == EH_YAML_TEXT)
        return eh_yaml_fail(node, error, EH_INPUT, "is empty; must be %s", field->what == NULL ? kind : field->what);
    if (field->kind == EH_FIELD_BOOLEAN && node->type == EH_YAML_TEXT)
        return eh_yaml_fail(node, error, EH_INPUT, "must be true or false (in full, without quotes), but is %s", found);
    if (field->what != NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "must be %s (%s), but is %s", kind, field->what, found);
    return eh_yaml_fail(node, error, EH_INPUT, "must be %s, but is %s", kind, found);
}

static bool has_kind(const eh_yaml_node *node, eh_yaml_kind kind)
{
    bool number = node->type == EH_YAML_INTEGER || node->type == EH_YAML_NUMBER;
    switch (kind) {
    case EH_FIELD_TEXT:
        return node->type == EH_YAML_TEXT && node->text[0] != '\0';
    case EH_FIELD_SCALAR:
        return number || node->type == EH_YAML_BOOLEAN || (node->type == EH_YAML_TEXT && node->text[0] != '\0');
    case EH_FIELD_BOOLEAN:
        return node->type == EH_YAML_BOOLEAN;
    case EH_FIELD_INTEGER:
        return node->type == EH_YAML_INTEGER;
    case EH_FIELD_NUMBER:
        return number;
    case EH_FIELD_CHOICE:
        return node->text != NULL && node->type != EH_YAML_NULL;
    case EH_FIELD_LIST:
        return node->type == EH_YAML_LIST;
    case EH_FIELD_MAPPING:
        return node->type == EH_YAML_MAPPING;
    case EH_FIELD_NODE:
        return node->type != EH_YAML_NULL;
    }
    return false;
}

static int32_t choice_index(const eh_yaml_field *field, const char *text)
{
    for (int32_t i = 0; field->choices[i] != NULL; i++)
        if (strcmp(field->choices[i], text) == 0)
            return i;
    return -1;
}

static eh_code fail_choice(const eh_yaml_node *node, const eh_yaml_field *field, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    size_t count = 0;
    while (field->choices[count] != NULL)
        count++;
    for (size_t i = 0; i < count; i++)
        eh_buffer_format(&list, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", field->choices[i]);
    EH_TRY(eh_buffer_check(&list, error));
    char found[96];
    const char *nearest = eh_nearest_name(node->text, field->choices, count);
    if (nearest != NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "must be %s, but is %s; did you mean '%s'?", list.ptr, eh_yaml_describe(node, found), nearest);
    return eh_yaml_fail(node, error, EH_INPUT, "must be %s, but is %s", list.ptr, eh_yaml_describe(node, found));
}

static eh_code check_range(const eh_yaml_node *node, const eh_yaml_field *field, eh_error *error)
{
    if ((field->min == 0 && field->max == 0) || (node->number >= field->min && node->number <= field->max))
        return EH_OK;
    return eh_yaml_fail(node, error, EH_INPUT, "must be from %.15g to %.15g, but is %.40s", field->min, field->max, node->text);
}

static eh_code check_field(const eh_yaml_node *node, const eh_yaml_field *field, eh_error *error)
{
    if (!has_kind(node, field->kind))
        return fail_type(node, field, error);
    if (field->kind == EH_FIELD_CHOICE && choice_index(field, node->text) < 0)
        return fail_choice(node, field, error);
    if (field->kind == EH_FIELD_INTEGER || field->kind == EH_FIELD_NUMBER)
        return check_range(node, field, error);
    return EH_OK;
}

static void write_field(const eh_yaml_node *node, const eh_yaml_field *field, void *record)
{
    char *member = (char *)record + field->offset;
    const eh_yaml_node *borrowed = node;
    int32_t choice = field->kind == EH_FIELD_CHOICE ? choice_index(field, node->text) : 0;
    switch (field->kind) {
    case EH_FIELD_TEXT:
    case EH_FIELD_SCALAR:
        memcpy(member, &node->text, sizeof node->text);
        break;
    case EH_FIELD_BOOLEAN:
        memcpy(member, &node->boolean, sizeof node->boolean);
        break;
    case EH_FIELD_INTEGER:
        memcpy(member, &node->integer, sizeof node->integer);
        break;
    case EH_FIELD_NUMBER:
        memcpy(member, &node->number, sizeof node->number);
        break;
    case EH_FIELD_CHOICE:
        memcpy(member, &choice, sizeof choice);
        break;
    case EH_FIELD_LIST:
    case EH_FIELD_MAPPING:
    case EH_FIELD_NODE:
        memcpy(member, &borrowed, sizeof borrowed);
        break;
    }
}

static eh_code check_required(const eh_yaml_node *mapping, const eh_yaml_field *fields, size_t fields_count, eh_error *error)
{
    for (size_t i = 0; i < fields_count; i++) {
        if (!fields[i].required || eh_yaml_member_value(mapping, fields[i].key) != NULL)
            continue;
        const char *what = fields[i].what == NULL ? kind_words[fields[i].kind] : fields[i].what;
        return eh_yaml_fail(mapping, error, EH_INPUT, "'%s' is missing: %s", fields[i].key, what);
    }
    return EH_OK;
}

eh_code eh_yaml_read(const eh_yaml_node *node, const eh_yaml_field *fields, size_t fields_count, void *record_out, eh_error *error)
{
    if (node->type != EH_YAML_MAPPING) {
        char found[96];
        return eh_yaml_fail(node, error, EH_INPUT, "must be a mapping, with lines 'key: value' below it, but is %s", eh_yaml_describe(node, found));
    }
    for (size_t i = 0; i < node->count; i++) {
        const eh_yaml_field *field = find_field(fields, fields_count, node->members[i].key->text);
        if (field == NULL)
            return fail_unknown_key(node->members[i].key, fields, fields_count, error);
        EH_TRY(check_field(node->members[i].value, field, error));
    }
    EH_TRY(check_required(node, fields, fields_count, error));
    for (size_t i = 0; i < node->count; i++)
        write_field(node->members[i].value, find_field(fields, fields_count, node->members[i].key->text), record_out);
    return EH_OK;
}

eh_code eh_yaml_texts(const eh_yaml_node *node, size_t count_max, eh_arena *arena, const char *const **texts_out, size_t *count_out,
                      eh_error *error)
{
    static const eh_yaml_field one = {.kind = EH_FIELD_SCALAR};
    bool list = node->type == EH_YAML_LIST;
    size_t count = list ? node->count : 1;
    if (count > count_max)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu values, at most %zu", count, count_max);
    const char **texts = EH_TAKE(arena, count, const char *);
    if (texts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        const eh_yaml_node *item = list ? node->items[i] : node;
        EH_TRY(check_field(item, &one, error));
        texts[i] = item->text;
    }
    *texts_out = texts;
    *count_out = count;
    return EH_OK;
}
