/* The canonical form of a JSON document (RFC 8785), for signatures. Numbers are refused: a receipt has none, and they are where forms differ. */
#include <stdlib.h>
#include <string.h>

#include "rights/person.h"

enum { MEMBERS_MAX = 4096 };

typedef struct {
    eh_json_value value;
    const char **keys; /* of an object, sorted; NULL: an array */
    size_t count, at;
} level;

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_text(const char *text, eh_buffer *out)
{
    static const char *const shorts[] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    eh_buffer_byte(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            eh_buffer_format(out, "\\%c", byte);
        else if (byte < sizeof shorts / sizeof shorts[0] && shorts[byte] != NULL)
            eh_buffer_text(out, shorts[byte]);
        else if (byte < 0x20)
            eh_buffer_format(out, "\\u%04x", byte);
        else
            eh_buffer_byte(out, *at);
    }
    eh_buffer_byte(out, '"');
}

/* Keys are compared as bytes, which for the keys of receipts (ASCII) is the order of UTF-16 units that RFC 8785 asks for. */
static eh_code level_open(level *l, eh_json_value value, const char *without, eh_error *error)
{
    *l = (level){.value = value};
    if (eh_json_type_of(value) == EH_JSON_ARRAY) {
        l->count = eh_json_count(value);
        return EH_OK;
    }
    l->keys = calloc(MEMBERS_MAX, sizeof *l->keys);
    if (l->keys == NULL)
        return eh_fail_memory(error);
    for (eh_json_members at = {0}; eh_json_next(value, &at);) {
        if (without != NULL && strcmp(at.key, without) == 0)
            continue;
        for (const char *c = at.key; *c != '\0'; c++)
            if ((unsigned char)*c >= 0x80)
                return eh_fail(error, EH_INPUT, "a name of a member that is not ASCII");
        if (l->count == MEMBERS_MAX)
            return eh_fail(error, EH_LIMIT, "an object of more than %d members", MEMBERS_MAX);
        l->keys[l->count++] = at.key;
    }
    qsort(l->keys, l->count, sizeof *l->keys, compare_keys);
    return EH_OK;
}

static eh_code write_plain(eh_json_value value, eh_buffer *out, eh_error *error)
{
    bool truth = false;
    switch (eh_json_type_of(value)) {
    case EH_JSON_TEXT:
        write_text(eh_json_as_text(value), out);
        return EH_OK;
    case EH_JSON_BOOLEAN:
        (void)eh_json_as_boolean(value, &truth);
        eh_buffer_text(out, truth ? "true" : "false");
        return EH_OK;
    case EH_JSON_NULL:
        eh_buffer_text(out, "null");
        return EH_OK;
    default:
        return eh_fail(error, EH_INPUT, "a number; a receipt has none");
    }
}

static eh_code walk(level *levels, eh_json_value root, const char *without, eh_buffer *out, eh_error *error)
{
    size_t depth = 1;
    EH_TRY(level_open(&levels[0], root, without, error));
    eh_buffer_byte(out, levels[0].keys != NULL ? '{' : '[');
    while (depth > 0) {
        level *l = &levels[depth - 1];
        if (l->at == l->count) {
            eh_buffer_byte(out, l->keys != NULL ? '}' : ']');
            free(l->keys);
            l->keys = NULL;
            depth--;
            continue;
        }
        if (l->at > 0)
            eh_buffer_byte(out, ',');
        if (l->keys != NULL) {
            write_text(l->keys[l->at], out);
            eh_buffer_byte(out, ':');
        }
        eh_json_value value = l->keys != NULL ? eh_json_member(l->value, l->keys[l->at]) : eh_json_item(l->value, l->at);
        l->at++;
        if (eh_json_type_of(value) != EH_JSON_OBJECT && eh_json_type_of(value) != EH_JSON_ARRAY) {
            EH_TRY(write_plain(value, out, error));
            continue;
        }
        EH_ASSERT(depth < EH_JSON_DEPTH_MAX + 1);
        EH_TRY(level_open(&levels[depth], value, NULL, error));
        eh_buffer_byte(out, levels[depth].keys != NULL ? '{' : '[');
        depth++;
    }
    return eh_buffer_check(out, error);
}

eh_code eh_json_canonical(eh_json_value root, const char *without, eh_buffer *out, eh_error *error)
{
    level levels[EH_JSON_DEPTH_MAX + 2] = {{0}};
    if (eh_json_type_of(root) != EH_JSON_OBJECT && eh_json_type_of(root) != EH_JSON_ARRAY)
        return write_plain(root, out, error);
    eh_code code = walk(levels, root, without, out, error);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        free(levels[i].keys);
    return code;
}
