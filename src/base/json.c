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

static eh_code parse(eh_view text, const char *name, size_t more_flags, eh_json_document **document_out, eh_error *error)
{
    if (text.len > EH_JSON_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu bytes of JSON, at most %d", name, text.len, EH_JSON_BYTES_MAX);
    depth_check check = check_depth(text);
    if (check.too_deep)
        return eh_fail(error, EH_LIMIT, "%s: line %zu, column %zu: JSON nested deeper than %d levels", name, check.line, check.column,
                       EH_JSON_DEPTH_MAX);
    json_error_t reason;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | more_flags;
    const char *bytes = text.len == 0 ? "" : text.ptr;
    json_t *root = json_loadb(bytes, text.len, flags, &reason);
    /* A whole number beyond 64 bits is a value, if no exact one. */
    if (root == NULL && json_error_code(&reason) == json_error_numeric_overflow)
        root = json_loadb(bytes, text.len, flags | JSON_DECODE_INT_AS_REAL, &reason);
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

eh_code eh_json_parse(eh_view text, const char *name, eh_json_document **document_out, eh_error *error)
{
    return parse(text, name, 0, document_out, error);
}

eh_code eh_json_parse_zeros(eh_view text, const char *name, eh_json_document **document_out, eh_error *error)
{
    return parse(text, name, JSON_ALLOW_NUL, document_out, error);
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
    const json_t *counted = array;
    return counted == NULL ? 0 : json_is_object(counted) ? json_object_size(counted) : json_array_size(counted);
}

eh_json_value eh_json_item(eh_json_value array, size_t index)
{
    return array == NULL ? NULL : json_array_get((const json_t *)array, index);
}

const char *eh_json_as_text(eh_json_value value)
{
    return value == NULL ? NULL : json_string_value((const json_t *)value);
}

eh_view eh_json_as_view(eh_json_value value)
{
    const char *text = eh_json_as_text(value);
    return (eh_view){text, text == NULL ? 0 : json_string_length((const json_t *)value)};
}

double eh_json_as_number(eh_json_value value)
{
    const json_t *number = value;
    return number != NULL && json_is_number(number) ? json_number_value(number) : EH_NAN;
}

bool eh_json_is_real(eh_json_value value) { return value != NULL && json_is_real((const json_t *)value); }

bool eh_json_as_integer(eh_json_value value, int64_t *integer_out)
{
    const json_t *number = value;
    if (number != NULL && json_is_integer(number)) {
        *integer_out = json_integer_value(number);
        return true;
    }
    /* 1e3, or any number of a document that holds one beyond 64 bits: exact as a double up to 2^53. */
    double real = number != NULL && json_is_real(number) ? json_real_value(number) : EH_NAN;
    if (!(fabs(real) <= 0x1p53) || real != trunc(real))
        return false;
    *integer_out = (int64_t)real;
    return true;
}

bool eh_json_as_boolean(eh_json_value value, bool *boolean_out)
{
    const json_t *boolean = value;
    if (boolean == NULL || !json_is_boolean(boolean))
        return false;
    *boolean_out = json_is_true(boolean);
    return true;
}

eh_json_type eh_json_type_of(eh_json_value value)
{
    static const eh_json_type types[] = {
        [JSON_OBJECT] = EH_JSON_OBJECT, [JSON_ARRAY] = EH_JSON_ARRAY, [JSON_STRING] = EH_JSON_TEXT, [JSON_INTEGER] = EH_JSON_NUMBER,
        [JSON_REAL] = EH_JSON_NUMBER, [JSON_TRUE] = EH_JSON_BOOLEAN, [JSON_FALSE] = EH_JSON_BOOLEAN, [JSON_NULL] = EH_JSON_NULL,
    };
    return value == NULL ? EH_JSON_NONE : types[json_typeof((const json_t *)value)];
}

bool eh_json_next(eh_json_value object, eh_json_members *at)
{
    if (eh_json_type_of(object) != EH_JSON_OBJECT)
        return false;
    json_t *walked = (json_t *)(uintptr_t)object; /* jansson's iterators take no const, although they change nothing */
    at->place = at->started ? json_object_iter_next(walked, at->place) : json_object_iter(walked);
    at->started = true;
    if (at->place == NULL)
        return false;
    at->key = json_object_iter_key(at->place);
    at->value = json_object_iter_value(at->place);
    return true;
}
