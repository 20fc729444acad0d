/* JSON, read: jansson behind the limits of base/limits.h. */
#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

struct eh_json_document {
    json_t *root;
};

typedef struct {
    size_t line, column; /* of the bracket that goes too deep */
    bool too_deep;
} depth_check;

/* jansson recurses over what it reads, up to 2048 levels; this pass keeps the stack and the limit ours. */
static depth_check check_depth(eh_view text)
{
    depth_check check = {.line = 1, .column = 0};
    size_t depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        check.column++;
        if (byte == '\n') {
            check.line++;
            check.column = 0;
        } else if (in_text && byte == '\\') {
            i++;
            check.column++;
        } else if (byte == '"') {
            in_text = !in_text;
        } else if (!in_text && (byte == '{' || byte == '[')) {
            if (++depth > EH_JSON_DEPTH_MAX) {
                check.too_deep = true;
                return check;
            }
        } else if (!in_text && (byte == '}' || byte == ']') && depth > 0) {
            depth--;
        }
    }
    return check;
}

eh_code eh_json_parse(eh_view text, const char *name, eh_json_document **document_out, eh_error *error)
{
    if (text.len > EH_JSON_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu bytes of JSON, at most %d", name, text.len, EH_JSON_BYTES_MAX);
    depth_check check = check_depth(text);
    if (check.too_deep)
        return eh_fail(error, EH_LIMIT, "%s: line %zu, column %zu: JSON nested deeper than %d levels", name, check.line, check.column,
                       EH_JSON_DEPTH_MAX);
    json_error_t reason;
    json_t *root = json_loadb(text.len == 0 ? "" : text.ptr, text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &reason);
    if (root == NULL && json_error_code(&reason) == json_error_out_of_memory)
        return eh_fail_memory(error);
    if (root == NULL)
        return eh_fail(error, EH_INPUT, "%s: line %d, column %d: not valid JSON: %s", name, reason.line, reason.column, reason.text);
    eh_json_document *document = malloc(sizeof *document);
    if (document == NULL) {
        json_decref(root);
        return eh_fail_memory(error);
    }
    document->root = root;
    *document_out = document;
    return EH_OK;
}

void eh_json_close(eh_json_document **document)
{
    if (document == NULL || *document == NULL)
        return;
    json_decref((*document)->root);
    free(*document);
    *document = NULL;
}

eh_json_value eh_json_root(const eh_json_document *document)
{
    return document == NULL ? NULL : document->root;
}

eh_json_value eh_json_member(eh_json_value object, const char *key)
{
    return object == NULL ? NULL : json_object_get((const json_t *)object, key);
}

size_t eh_json_count(eh_json_value array)
{
    return array == NULL ? 0 : json_array_size((const json_t *)array);
}

eh_json_value eh_json_item(eh_json_value array, size_t index)
{
    return array == NULL ? NULL : json_array_get((const json_t *)array, index);
}

const char *eh_json_as_text(eh_json_value value)
{
    return value == NULL ? NULL : json_string_value((const json_t *)value);
}

double eh_json_as_number(eh_json_value value)
{
    const json_t *number = value;
    return number != NULL && json_is_number(number) ? json_number_value(number) : EH_NAN;
}
