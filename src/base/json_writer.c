/* JSON, written: a stream into a buffer, in the order of the calls. */
#include "base/base_int.h"
#include "base/json.h"
#include "base/time.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

/* ---- texts ------------------------------------------------------------------------------------------------------- */

typedef struct {
    char byte;
    const char *escape;
} escape_row;

static const escape_row escapes[] = {
    {'"', "\\\""}, {'\\', "\\\\"}, {'\b', "\\b"}, {'\f', "\\f"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"},
};

static bool is_plain(char byte, bool html_safe)
{
    unsigned char value = (unsigned char)byte;
    if (value < 0x20 || value >= 0x80 || byte == '"' || byte == '\\')
        return false;
    return !(html_safe && (byte == '<' || byte == '>' || byte == '&'));
}

static void put_escaped_byte(eh_buffer *buffer, char byte)
{
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        if (escapes[i].byte == byte) {
            eh_buffer_text(buffer, escapes[i].escape);
            return;
        }
    }
    eh_buffer_format(buffer, "\\u%04x", (unsigned)(unsigned char)byte);
}

static void put_text(eh_json_writer *writer, eh_view rest)
{
    eh_buffer *buffer = writer->buffer;
    eh_buffer_byte(buffer, '"');
    while (rest.len > 0) {
        size_t plain = 0;
        while (plain < rest.len && is_plain(rest.ptr[plain], writer->html_safe))
            plain++;
        eh_buffer_append(buffer, (eh_view){rest.ptr, plain});
        rest.ptr += plain;
        rest.len -= plain;
        if (rest.len == 0)
            break;
        size_t bytes;
        uint32_t point = eh_utf8_decode(rest, &bytes);
        if (point == UINT32_MAX)
            eh_buffer_text(buffer, "\xEF\xBF\xBD");
        else if (point < 0x80)
            put_escaped_byte(buffer, rest.ptr[0]);
        else
            eh_buffer_append(buffer, (eh_view){rest.ptr, bytes});
        rest.ptr += bytes;
        rest.len -= bytes;
    }
    eh_buffer_byte(buffer, '"');
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* The fraction of a number, in units of 2^-shift, and half the distance to its neighbours: what lies nearer reads back the same. */
typedef struct {
    unsigned __int128 rest, reach;
    int shift;
    bool even; /* then the ends of the reach read back to it too */
} fraction_digits;

/* The next digit; false when it was the last (Steele and White 1990: stop as soon as the digits say which number is meant). */
static bool fraction_next(fraction_digits *digits, char *digit_out)
{
    const unsigned __int128 one = (unsigned __int128)1 << digits->shift;
    digits->rest *= 10;
    digits->reach *= 10;
    unsigned digit = (unsigned)(digits->rest >> digits->shift);
    digits->rest &= one - 1;
    bool below = digits->even ? digits->rest <= digits->reach : digits->rest < digits->reach;
    bool above = digits->even ? digits->rest + digits->reach >= one : digits->rest + digits->reach > one;
    unsigned __int128 up = one - digits->rest;
    if (above && (!below || digits->rest > up || (digits->rest == up && digit % 2 == 1)))
        digit++;
    *digit_out = (char)('0' + digit);
    return !below && !above;
}

/* Most numbers of a report: neither whole nor so small or large that they need an exponent. False for the others. */
static bool usual_number_text(double number, char out[32])
{
    double size = fabs(number);
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(size, &exponent), DBL_MANT_DIG);
    /* Below a power of two the neighbour is nearer than above it. */
    if (size < 1e-4 || size >= 1e15 || mantissa == (uint64_t)1 << (DBL_MANT_DIG - 1))
        return false;
    int shift = DBL_MANT_DIG - exponent + 1; /* one bit more, for the half */
    unsigned __int128 doubled = (unsigned __int128)mantissa << 1, one = (unsigned __int128)1 << shift;
    fraction_digits digits = {.rest = doubled & (one - 1), .reach = 1, .shift = shift, .even = mantissa % 2 == 0};
    int length = snprintf(out, 32, "%s%llu.", number < 0 ? "-" : "", (unsigned long long)(doubled >> shift));
    while (fraction_next(&digits, &out[length]))
        length++;
    out[length + 1] = '\0';
    return true;
}

void eh_json_number_text(double number, char out[32])
{
    if (!isfinite(number)) {
        memcpy(out, "null", 5);
        return;
    }
    if (fabs(number) < 9007199254740992.0 && number == trunc(number)) {
        snprintf(out, 32, "%lld", (long long)number);
        return;
    }
    if (usual_number_text(number, out))
        return;
    /* Fifteen digits are always right when they read back; below the normal range fewer than that may do. */
    int precision = fabs(number) < DBL_MIN ? 1 : 15;
    for (; precision <= 17; precision++) {
        snprintf(out, 32, "%.*g", precision, number);
        if (strtod(out, NULL) == number)
            break;
    }
    for (char *at = out; *at != '\0'; at++) {
        /* A decimal comma, should anybody set a locale. */
        if (*at == ',')
            *at = '.';
    }
}

/* ---- structure --------------------------------------------------------------------------------------------------- */

static bool is_flat(const eh_json_writer *writer)
{
    return writer->depth > 0 && ((writer->flat_bits >> (writer->depth - 1)) & 1) != 0;
}

static void new_line(eh_json_writer *writer)
{
    eh_buffer_byte(writer->buffer, '\n');
    for (uint32_t level = 0; level < writer->depth; level++)
        eh_buffer_text(writer->buffer, "  ");
}

/* What stands before a value: the comma, the line, the key. */
static void lead_in(eh_json_writer *writer, const char *key)
{
    if (writer->depth > 0) {
        bool flat = is_flat(writer);
        if (!writer->first)
            eh_buffer_text(writer->buffer, writer->pretty && flat ? ", " : ",");
        if (writer->pretty && !flat)
            new_line(writer);
    }
    if (key != NULL) {
        put_text(writer, eh_view_of(key));
        eh_buffer_text(writer->buffer, writer->pretty ? ": " : ":");
    }
    writer->first = false;
}

static void open_level(eh_json_writer *writer, const char *key, char bracket, bool flat)
{
    lead_in(writer, key);
    EH_ASSERT(writer->depth < DEPTH_MAX);
    eh_buffer_byte(writer->buffer, bracket);
    uint64_t bit = (uint64_t)1 << writer->depth;
    if (flat || is_flat(writer))
        writer->flat_bits |= bit;
    else
        writer->flat_bits &= ~bit;
    writer->depth++;
    writer->first = true;
}

static void close_level(eh_json_writer *writer, char bracket)
{
    EH_ASSERT(writer->depth > 0);
    bool own_line = writer->pretty && !is_flat(writer) && !writer->first;
    writer->depth--;
    if (own_line)
        new_line(writer);
    eh_buffer_byte(writer->buffer, bracket);
    writer->first = false;
}

void eh_json_begin(eh_json_writer *writer, eh_buffer *buffer, bool pretty, bool html_safe)
{
    *writer = (eh_json_writer){.buffer = buffer, .first = true, .pretty = pretty, .html_safe = html_safe};
}

void eh_json_object_open(eh_json_writer *writer, const char *key)
{
    open_level(writer, key, '{', false);
}

void eh_json_object_open_flat(eh_json_writer *writer, const char *key)
{
    open_level(writer, key, '{', true);
}

void eh_json_object_close(eh_json_writer *writer)
{
    close_level(writer, '}');
}

void eh_json_array_open(eh_json_writer *writer, const char *key)
{
    open_level(writer, key, '[', false);
}

void eh_json_array_open_flat(eh_json_writer *writer, const char *key)
{
    open_level(writer, key, '[', true);
}

void eh_json_array_close(eh_json_writer *writer)
{
    close_level(writer, ']');
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

void eh_json_text(eh_json_writer *writer, const char *key, const char *terminated)
{
    lead_in(writer, key);
    if (terminated == NULL)
        eh_buffer_text(writer->buffer, "null");
    else
        put_text(writer, eh_view_of(terminated));
}

void eh_json_token(eh_json_writer *writer, const char *key, const char *token)
{
    lead_in(writer, key);
    eh_buffer_text(writer->buffer, token);
}

void eh_json_view(eh_json_writer *writer, const char *key, eh_view text)
{
    lead_in(writer, key);
    put_text(writer, text);
}

void eh_json_number(eh_json_writer *writer, const char *key, double number)
{
    char text[32];
    eh_json_number_text(number, text);
    lead_in(writer, key);
    eh_buffer_text(writer->buffer, text);
}

void eh_json_integer(eh_json_writer *writer, const char *key, int64_t number)
{
    lead_in(writer, key);
    eh_buffer_format(writer->buffer, "%jd", (intmax_t)number);
}

void eh_json_boolean(eh_json_writer *writer, const char *key, bool value)
{
    lead_in(writer, key);
    eh_buffer_text(writer->buffer, value ? "true" : "false");
}

void eh_json_null(eh_json_writer *writer, const char *key)
{
    lead_in(writer, key);
    eh_buffer_text(writer->buffer, "null");
}

void eh_json_time(eh_json_writer *writer, const char *key, int64_t seconds)
{
    char text[EH_INSTANT_TEXT_BYTES];
    if (seconds != 0)
        eh_instant_text((eh_instant){.seconds = seconds}, EH_FRACTION_NONE, text);
    eh_json_text(writer, key, seconds != 0 ? text : NULL);
}

void eh_json_id(eh_json_writer *writer, const char *key, uint64_t id)
{
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)id);
    eh_json_text(writer, key, text);
}

/* ---- what was read, written ------------------------------------------------------------------------------------------ */

/* One place per open object or array of the value. */
typedef struct {
    eh_json_value value;
    eh_json_members members;
    size_t item;
} copy_place;

static void scalar_copy(eh_json_writer *writer, const char *key, eh_json_value value)
{
    int64_t whole;
    bool truth;
    if (eh_json_as_boolean(value, &truth))
        eh_json_boolean(writer, key, truth);
    else if (eh_json_as_integer(value, &whole))
        eh_json_integer(writer, key, whole);
    else if (eh_json_type_of(value) == EH_JSON_NUMBER)
        eh_json_number(writer, key, eh_json_as_number(value));
    else if (eh_json_type_of(value) == EH_JSON_TEXT)
        eh_json_view(writer, key, eh_json_as_view(value));
    else
        eh_json_null(writer, key);
}

/* The next value of a place; false at its end. */
static bool copy_next(copy_place *at, const char **key_out, eh_json_value *value_out)
{
    if (eh_json_type_of(at->value) == EH_JSON_OBJECT) {
        bool more = eh_json_next(at->value, &at->members);
        *key_out = at->members.key;
        *value_out = at->members.value;
        return more;
    }
    *key_out = NULL;
    *value_out = eh_json_item(at->value, at->item);
    return at->item++ < eh_json_count(at->value);
}

bool eh_json_copy(eh_json_writer *writer, const char *key, eh_json_value value)
{
    copy_place places[DEPTH_MAX];
    size_t depth = 0;
    for (;;) {
        eh_json_type type = eh_json_type_of(value);
        if (type != EH_JSON_OBJECT && type != EH_JSON_ARRAY) {
            scalar_copy(writer, key, value);
        } else {
            if (depth == DEPTH_MAX || writer->depth == DEPTH_MAX)
                return false;
            if (type == EH_JSON_OBJECT)
                eh_json_object_open(writer, key);
            else
                eh_json_array_open(writer, key);
            places[depth++] = (copy_place){.value = value};
        }
        while (depth > 0 && !copy_next(&places[depth - 1], &key, &value)) {
            if (eh_json_type_of(places[--depth].value) == EH_JSON_OBJECT)
                eh_json_object_close(writer);
            else
                eh_json_array_close(writer);
        }
        if (depth == 0)
            return true;
    }
}
