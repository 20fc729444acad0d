/* Conversions between types, and numbers as text. */
#include "policy/cel_functions_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers as text ------------------------------------------------------------------------------------------------------------------ */

/* The shortest digits that read back to the number, and its decimal exponent (0.d1d2... x 10^exponent). */
static size_t shortest_digits(double number, char digits[32], int *exponent_out)
{
    char text[40];
    for (int precision = 0; precision < 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, number);
        if (strtod(text, NULL) == number)
            break;
    }
    size_t count = 0;
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            digits[count++] = *at;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    *exponent_out = (int)strtol(at + 1, NULL, 10) + 1;
    return count;
}

size_t cel_double_text(double number, char out[CEL_NUMBER_BYTES])
{
    if (isnan(number))
        return (size_t)snprintf(out, CEL_NUMBER_BYTES, "NaN");
    if (isinf(number))
        return (size_t)snprintf(out, CEL_NUMBER_BYTES, number > 0 ? "+Inf" : "-Inf");
    char digits[32];
    int exponent;
    size_t count = shortest_digits(fabs(number), digits, &exponent), at = 0;
    if (number == 0)
        exponent = 1;
    if (signbit(number))
        out[at++] = '-';
    /* As Go's 'g' with the shortest precision: an exponent below -4 or from 21 on. */
    if (exponent - 1 < -4 || exponent - 1 >= 21) {
        out[at++] = digits[0];
        if (count > 1) {
            out[at++] = '.';
            memcpy(out + at, digits + 1, count - 1);
            at += count - 1;
        }
        int power = exponent - 1;
        return at + (size_t)snprintf(out + at, CEL_NUMBER_BYTES - at, "e%c%02d", power < 0 ? '-' : '+', power < 0 ? -power : power);
    }
    if (exponent <= 0) {
        out[at++] = '0';
        out[at++] = '.';
        for (int i = exponent; i < 0; i++)
            out[at++] = '0';
    }
    for (size_t i = 0; i < count || (int)i < exponent; i++) {
        if (exponent > 0 && (int)i == exponent)
            out[at++] = '.';
        out[at++] = i < count ? digits[i] : '0';
    }
    out[at] = '\0';
    return at;
}

/* strtod wants a terminator, and takes what CEL does not: hexadecimal, "infinity" in parts, blanks. */
bool cel_double_parse(eh_view text, double *number_out)
{
    enum { COPY_BYTES = 512 };
    char copy[COPY_BYTES];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    const char *unsigned_part = copy + (copy[0] == '+' || copy[0] == '-');
    bool negative = copy[0] == '-';
    eh_view word = eh_view_of(unsigned_part);
    if (eh_view_equal_nocase(word, EH_VIEW("inf")) || eh_view_equal_nocase(word, EH_VIEW("infinity"))) {
        *number_out = negative ? -EH_INFINITY : EH_INFINITY;
        return true;
    }
    if (eh_view_equal_nocase(word, EH_VIEW("nan"))) {
        *number_out = EH_NAN;
        return true;
    }
    if (strspn(unsigned_part, "0123456789.eE+-") != word.len)
        return false;
    char *end = NULL;
    double number = strtod(copy, &end);
    if (end == copy || *end != '\0')
        return false;
    *number_out = number;
    return true;
}

/* ---- to int and uint --------------------------------------------------------------------------------------------------------------------- */

static const char RANGE[] = "range error: integer overflow";

static eh_cel_value same(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0];
}

static eh_cel_value int_of_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0].natural > INT64_MAX ? cel_error(RANGE) : eh_cel_int((int64_t)arguments[0].natural);
}

static eh_cel_value int_of_double(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    double number = arguments[0].real;
    return number > -0x1p63 && number < 0x1p63 ? eh_cel_int((int64_t)number) : cel_error(RANGE);
}

static bool digits_of(eh_view text, uint64_t *number_out)
{
    uint64_t number = 0;
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || __builtin_mul_overflow(number, UINT64_C(10), &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.ptr[i] - '0'), &number))
            return false;
    }
    *number_out = number;
    return true;
}

static eh_cel_value int_of_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    eh_view text = eh_cel_text(arguments[0]);
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (text.len > 0 && (negative || text.ptr[0] == '+'))
        text = (eh_view){text.ptr + 1, text.len - 1};
    uint64_t number = 0;
    if (!digits_of(text, &number) || number > (uint64_t)INT64_MAX + negative)
        return cel_error_format(machine, "cannot convert '%.*s' to int", arguments[0].len > 60 ? 60 : (int)arguments[0].len, arguments[0].text);
    return eh_cel_int(negative ? (int64_t)(0 - number) : (int64_t)number);
}

static eh_cel_value int_of_timestamp(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_int(arguments[0].seconds);
}

static eh_cel_value uint_of_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0].integer < 0 ? cel_error(RANGE) : eh_cel_uint((uint64_t)arguments[0].integer);
}

static eh_cel_value uint_of_double(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    double number = arguments[0].real;
    return number >= 0 && number < 0x1p64 ? eh_cel_uint((uint64_t)number) : cel_error(RANGE);
}

static eh_cel_value uint_of_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    uint64_t number = 0;
    if (!digits_of(eh_cel_text(arguments[0]), &number))
        return cel_error_format(machine, "cannot convert '%.*s' to uint", arguments[0].len > 60 ? 60 : (int)arguments[0].len, arguments[0].text);
    return eh_cel_uint(number);
}

/* ---- to double and bool -------------------------------------------------------------------------------------------------------------------- */

static eh_cel_value double_of_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double((double)arguments[0].integer);
}

static eh_cel_value double_of_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double((double)arguments[0].natural);
}

static eh_cel_value double_of_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    double number = 0;
    if (!cel_double_parse(eh_cel_text(arguments[0]), &number))
        return cel_error_format(machine, "cannot convert '%.*s' to double", arguments[0].len > 60 ? 60 : (int)arguments[0].len, arguments[0].text);
    return eh_cel_double(number);
}

static eh_cel_value bool_of_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    static const char *const words[2][5] = {{"0", "f", "false", "FALSE", "False"}, {"1", "t", "true", "TRUE", "True"}};
    for (size_t value = 0; value < 2; value++)
        for (size_t i = 0; i < 5; i++)
            if (eh_view_equal(eh_cel_text(arguments[0]), eh_view_of(words[value][i])))
                return eh_cel_bool(value == 1);
    return cel_error_format(machine, "type conversion error: '%.*s' is no bool", arguments[0].len > 60 ? 60 : (int)arguments[0].len, arguments[0].text);
}

/* ---- to string and bytes ---------------------------------------------------------------------------------------------------------------------- */

static eh_cel_value text_kept(eh_cel_machine *machine, const char *text, size_t len)
{
    char *copy = cel_take(machine, len, 1);
    if (copy == NULL)
        return cel_error_memory(machine);
    memcpy(copy, text, len);
    return cel_view_value(EH_CEL_STRING, copy, len);
}

static eh_cel_value string_of_number(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    char text[CEL_NUMBER_BYTES];
    size_t len;
    if (arguments[0].kind == EH_CEL_DOUBLE)
        len = cel_double_text(arguments[0].real, text);
    else if (arguments[0].kind == EH_CEL_INT)
        len = (size_t)snprintf(text, sizeof text, "%lld", (long long)arguments[0].integer);
    else
        len = (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)arguments[0].natural);
    return text_kept(machine, text, len);
}

static eh_cel_value string_of_bool(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_string(arguments[0].boolean ? EH_VIEW("true") : EH_VIEW("false"));
}

static eh_cel_value string_of_bytes(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    if (!cel_spend(machine, arguments[0].len / 16))
        return cel_error_cost(machine);
    if (!eh_utf8_valid(eh_cel_text(arguments[0])))
        return cel_error("invalid UTF-8 in bytes, cannot convert to string");
    return eh_cel_string(eh_cel_text(arguments[0]));
}

static eh_cel_value string_of_timestamp(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    char text[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){arguments[0].seconds, arguments[0].nanoseconds}, EH_FRACTION_SHORTEST, text);
    return text_kept(machine, text, strlen(text));
}

static eh_cel_value string_of_duration(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    char text[EH_DURATION_TEXT_BYTES];
    eh_duration_text((eh_duration){arguments[0].seconds, arguments[0].nanoseconds}, EH_FRACTION_SHORTEST, text);
    return text_kept(machine, text, strlen(text));
}

static eh_cel_value bytes_of_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return cel_view_value(EH_CEL_BYTES, arguments[0].text, arguments[0].len);
}

/* ---- to timestamp and duration ------------------------------------------------------------------------------------------------------------------ */

static eh_cel_value timestamp_of_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    eh_instant instant = {0};
    eh_error error = {0};
    if (eh_instant_parse(eh_cel_text(arguments[0]), &instant, &error) != EH_OK)
        return cel_error_format(machine, "timestamp out of range or malformed: %s", error.text);
    return eh_cel_timestamp(instant);
}

static eh_cel_value timestamp_of_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    eh_instant instant = {arguments[0].integer, 0};
    return eh_instant_valid(instant) ? eh_cel_timestamp(instant) : cel_error("timestamp out of range");
}

static eh_cel_value duration_of_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    eh_duration duration = {0};
    eh_error error = {0};
    if (eh_duration_parse(eh_cel_text(arguments[0]), &duration, &error) != EH_OK)
        return cel_error_format(machine, "duration out of range or malformed: %s", error.text);
    return eh_cel_duration(duration);
}

static eh_cel_value duration_of_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    eh_duration duration = {arguments[0].integer, 0};
    return eh_duration_valid(duration) ? eh_cel_duration(duration) : cel_error("duration out of range");
}

static eh_cel_value int_of_duration(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_int(arguments[0].seconds);
}

const overload cel_conversion_rows[CEL_CONVERSION_ROWS] = {
    {"int", "i:i", same}, {"int", "u:i", int_of_uint}, {"int", "d:i", int_of_double}, {"int", "s:i", int_of_string},
    {"int", "t:i", int_of_timestamp}, {"int", "g:i", int_of_duration},
    {"uint", "u:u", same}, {"uint", "i:u", uint_of_int}, {"uint", "d:u", uint_of_double}, {"uint", "s:u", uint_of_string},
    {"double", "d:d", same}, {"double", "i:d", double_of_int}, {"double", "u:d", double_of_uint}, {"double", "s:d", double_of_string},
    {"bool", "b:b", same}, {"bool", "s:b", bool_of_string},
    {"string", "s:s", same}, {"string", "i:s", string_of_number}, {"string", "u:s", string_of_number}, {"string", "d:s", string_of_number},
    {"string", "b:s", string_of_bool}, {"string", "y:s", string_of_bytes}, {"string", "t:s", string_of_timestamp},
    {"string", "g:s", string_of_duration},
    {"bytes", "y:y", same}, {"bytes", "s:y", bytes_of_string},
    {"timestamp", "t:t", same}, {"timestamp", "s:t", timestamp_of_string}, {"timestamp", "i:t", timestamp_of_int},
    {"duration", "g:g", same}, {"duration", "s:g", duration_of_string}, {"duration", "i:g", duration_of_int},
    {"google.protobuf.Timestamp", "s:t", timestamp_of_string}, {"google.protobuf.Duration", "s:g", duration_of_string},
    {"null_type", "n:n", same},
};
