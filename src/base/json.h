/**
 * JSON, read strictly and written in a fixed order. A thin face over jansson, which no other room includes.
 *
 * Reading refuses duplicate keys, invalid UTF-8, documents over EH_JSON_BYTES_MAX or deeper than EH_JSON_DEPTH_MAX.
 * Writing streams into an eh_buffer: keys keep the order of the calls, numbers are the shortest text that reads back to the same
 * double (so the same report has the same bytes), NaN and infinities become null, invalid UTF-8 becomes U+FFFD.
 */
#ifndef EH_BASE_JSON_H
#define EH_BASE_JSON_H

#include "base/base.h"

/* ---- writing --------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_buffer *buffer;  /* borrowed; its sticky code carries every failure */
    uint32_t depth;     /* open objects and arrays */
    bool first;         /* nothing written yet in the innermost one */
    bool pretty;        /* two blanks per level, a line per member */
    bool html_safe;     /* writes < > & as \u003c \u003e \u0026, for a <script type="application/json"> */
    uint64_t flat_bits; /* which open levels are written on one line */
} eh_json_writer;

void eh_json_begin(eh_json_writer *writer, eh_buffer *buffer, bool pretty, bool html_safe);
/** `key` is NULL inside an array and at the top. */
void eh_json_object_open(eh_json_writer *writer, const char *key);
/** An object whose members stand on one line, e.g. {"value": 0.5, "low": 0.4}. */
void eh_json_object_open_flat(eh_json_writer *writer, const char *key);
void eh_json_object_close(eh_json_writer *writer);
void eh_json_array_open(eh_json_writer *writer, const char *key);
void eh_json_array_open_flat(eh_json_writer *writer, const char *key);
void eh_json_array_close(eh_json_writer *writer);
void eh_json_text(eh_json_writer *writer, const char *key, const char *terminated); /* NULL writes null */
void eh_json_view(eh_json_writer *writer, const char *key, eh_view text); /* may hold zero bytes */
void eh_json_token(eh_json_writer *writer, const char *key, const char *token); /* written as it is: a number in a form of its own */
void eh_json_number(eh_json_writer *writer, const char *key, double number);
void eh_json_integer(eh_json_writer *writer, const char *key, int64_t number);
void eh_json_boolean(eh_json_writer *writer, const char *key, bool value);
void eh_json_null(eh_json_writer *writer, const char *key);
/** RFC 3339 in UTC, whole seconds; null for 0. */
void eh_json_time(eh_json_writer *writer, const char *key, int64_t seconds);
/** An id of 64 bits as 16 hexadecimal digits. */
void eh_json_id(eh_json_writer *writer, const char *key, uint64_t id);

/** The shortest decimal text that strtod reads back to `number`; "null" for NaN and infinities. `out` has 32 bytes. */
void eh_json_number_text(double number, char out[32]);

/* ---- reading --------------------------------------------------------------------------------------------------------- */

typedef struct eh_json_document eh_json_document;
typedef const void *eh_json_value; /* borrowed from its document; NULL means "not there" and is accepted everywhere */

/** Parses `text`; `name` stands in errors with line and column. Close with eh_json_close. */
EH_MUST_USE eh_code eh_json_parse(eh_view text, const char *name, eh_json_document **document_out, eh_error *error);
/** The same for texts that may hold zero bytes (\u0000), which eh_json_as_text would cut: read them with eh_json_as_view. */
EH_MUST_USE eh_code eh_json_parse_zeros(eh_view text, const char *name, eh_json_document **document_out, eh_error *error);
void eh_json_close(eh_json_document **document);
eh_json_value eh_json_root(const eh_json_document *document);
eh_json_value eh_json_member(eh_json_value object, const char *key);
/** Items of an array or members of an object; 0 for anything else. */
size_t eh_json_count(eh_json_value array);
eh_json_value eh_json_item(eh_json_value array, size_t index);
/** The text, borrowed, or NULL when the value is no string. */
const char *eh_json_as_text(eh_json_value value);
/** The same with its length: a text may hold zero bytes when eh_json_parse_zeros read it. NULL pointer when the value is no string. */
eh_view eh_json_as_view(eh_json_value value);
/** The number, or NaN when the value is no number. */
double eh_json_as_number(eh_json_value value);
/** True, and the number, when the value is a whole number within int64_t; exact. */
bool eh_json_as_integer(eh_json_value value, int64_t *integer_out);
/** True for a number that was written with a point or an exponent: 5.0, 1e3. (Also for every number of a document that holds one beyond 64 bits.) */
bool eh_json_is_real(eh_json_value value);
/** True, and the truth value, when the value is true or false. */
bool eh_json_as_boolean(eh_json_value value, bool *boolean_out);

typedef enum { EH_JSON_NONE, EH_JSON_NULL, EH_JSON_BOOLEAN, EH_JSON_NUMBER, EH_JSON_TEXT, EH_JSON_ARRAY, EH_JSON_OBJECT } eh_json_type;
/** EH_JSON_NONE for a value that is not there. */
eh_json_type eh_json_type_of(eh_json_value value);

/** A walk over the members of an object, in the order of the text: `for (eh_json_members at = {0}; eh_json_next(object, &at);) use(at.key, at.value);` */
typedef struct {
    const char *key; /* borrowed from the document */
    eh_json_value value;
    void *place;
    bool started;
} eh_json_members;

/** Moves to the next member; false at the end, or when `object` is no object. */
bool eh_json_next(eh_json_value object, eh_json_members *at);

/** Writes a value that was read: members in their order, numbers and texts as they were meant. False when it is deeper than a document may be. */
bool eh_json_copy(eh_json_writer *writer, const char *key, eh_json_value value);

#endif
