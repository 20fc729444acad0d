#include <math.h>
#include <string.h>

#include "report/report_int.h"

/* ---- names --------------------------------------------------------------------------------------------------------------- */

/** One character of a text: its bytes, and whether it must not reach a terminal as it is. */
typedef struct {
    eh_view bytes;
    bool unsafe;
    size_t columns;
} character;

static size_t sequence_length(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

static uint32_t code_point(const unsigned char *bytes, size_t length)
{
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = bytes[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (bytes[i] & 0x3fU);
    return code;
}

/** Controls of C0 and C1, line and paragraph separators, and what turns the direction of writing (it can make a text read as another one). */
static bool code_point_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } unsafe[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        if (code >= unsafe[i].first && code <= unsafe[i].last)
            return true;
    return false;
}

static character character_at(const char *text, size_t rest)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = sequence_length(bytes[0]);
    bool valid = length <= rest && eh_utf8_valid((eh_view){text, length});
    if (!valid)
        length = 1;
    character found = {.bytes = {text, length}, .unsafe = !valid || code_point_unsafe(code_point(bytes, length))};
    found.columns = found.unsafe ? 4 * length : eh_utf8_columns(found.bytes);
    return found;
}

static void append_character(eh_buffer *out, const character *c)
{
    if (!c->unsafe) {
        eh_buffer_append(out, c->bytes);
        return;
    }
    for (size_t i = 0; i < c->bytes.len; i++)
        eh_buffer_format(out, "\\x%02x", (unsigned)(unsigned char)c->bytes.ptr[i]);
}

void eh_say_name(eh_buffer *out, const char *name, size_t columns_max)
{
    size_t length = strlen(name), columns = 0;
    for (size_t at = 0; at < length;) {
        character c = character_at(name + at, length - at);
        columns += c.columns;
        at += c.bytes.len;
    }
    bool cut = columns_max > 0 && columns > columns_max;
    size_t room = cut ? columns_max - 1 : columns;
    for (size_t at = 0; at < length;) {
        character c = character_at(name + at, length - at);
        if (c.columns > room)
            break;
        room -= c.columns;
        append_character(out, &c);
        at += c.bytes.len;
    }
    if (cut)
        eh_buffer_text(out, "…");
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------- */

void eh_say_count(eh_buffer *out, uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            eh_buffer_byte(out, ',');
        eh_buffer_byte(out, digits[i]);
    }
}

void eh_say_decimal(eh_buffer *out, double number, int decimals)
{
    if (isnan(number)) {
        eh_buffer_text(out, "–");
        return;
    }
    if (isinf(number)) {
        eh_buffer_text(out, number > 0 ? "∞" : "−∞");
        return;
    }
    double half_unit = 0.5 * pow(10, -decimals);
    eh_buffer_format(out, "%.*f", decimals, fabs(number) < half_unit ? 0.0 : number);
}

/** Shares under a thousandth keep two digits, so that "0.0 %" is said of nothing but nothing. */
static int percent_decimals(double share)
{
    double percent = fabs(share) * 100;
    if (percent == 0 || percent >= 0.1 || !isfinite(percent))
        return 1;
    double decimals = 1 - floor(log10(percent));
    return decimals > 8 ? 8 : (int)decimals;
}

void eh_say_percent(eh_buffer *out, double share)
{
    eh_say_decimal(out, share * 100, percent_decimals(share));
    if (!isnan(share))
        eh_buffer_text(out, " %");
}

static int factor_decimals(double ratio)
{
    return ratio >= 9.95 ? 0 : ratio >= 1.995 ? 1 : 2;
}

/** Between 60 % and 100 % lie the tolerances that matter; there a decimal is wanted. */
static int ratio_percent_decimals(double ratio)
{
    return ratio >= 0.1 && ratio < 0.6 ? 0 : 1;
}

/** What would be rounded to 100 % is as many "times" as what is just above it. */
static bool said_in_percent(double ratio)
{
    return ratio < 0.9995;
}

void eh_say_factor(eh_buffer *out, double ratio)
{
    eh_say_decimal(out, ratio, ratio < 0.0995 && ratio > 0 ? 3 : factor_decimals(ratio));
}

void eh_say_ratio(eh_buffer *out, double ratio)
{
    if (said_in_percent(ratio)) {
        eh_say_decimal(out, ratio * 100, ratio_percent_decimals(ratio));
        eh_buffer_text(out, " % as often");
        return;
    }
    eh_say_decimal(out, ratio, factor_decimals(ratio));
    eh_buffer_text(out, " times as often");
}

void eh_say_ratio_interval(eh_buffer *out, double value, double low, double high)
{
    bool percent = said_in_percent(value);
    double unit = percent ? 100 : 1;
    int decimals = percent ? ratio_percent_decimals(value) : factor_decimals(isinf(value) ? low : value);
    eh_say_decimal(out, low * unit, decimals);
    if (isinf(high)) {
        eh_buffer_text(out, percent ? " % and more" : " and more");
        return;
    }
    eh_buffer_text(out, percent ? " % to " : " to ");
    eh_say_decimal(out, high * unit, decimals);
    if (percent)
        eh_buffer_text(out, " %");
}

void eh_say_p(eh_buffer *out, double p)
{
    if (isnan(p)) {
        eh_buffer_text(out, "–");
        return;
    }
    if (p < 0.001) {
        eh_buffer_text(out, "< .001");
        return;
    }
    char digits[16];
    snprintf(digits, sizeof digits, "%.3f", p);
    eh_buffer_text(out, digits[0] == '0' ? digits + 1 : digits);
}

void eh_say_capital(eh_buffer *out, size_t start)
{
    if (out->code == EH_OK && start < out->len && out->ptr[start] >= 'a' && out->ptr[start] <= 'z')
        out->ptr[start] = (char)(out->ptr[start] - 'a' + 'A');
}

const char *eh_say_joint(size_t index, size_t count)
{
    return index == 0 ? "" : index + 1 == count ? " and " : ", ";
}
