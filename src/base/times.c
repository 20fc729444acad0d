/* Instants and durations: arithmetic without overflow, RFC 3339, durations as CEL and Go write them. */
#include "base/base_int.h"
#include "base/time.h"

#include <string.h>
#include <time.h>

enum { NANOSECONDS = 1000000000, DAY_SECONDS = 86400 };

/* ---- arithmetic ------------------------------------------------------------------------------------------------------------ */

bool eh_instant_valid(eh_instant instant)
{
    return instant.seconds >= EH_INSTANT_SECONDS_MIN && instant.seconds <= EH_INSTANT_SECONDS_MAX && instant.nanoseconds >= 0 &&
           instant.nanoseconds < NANOSECONDS;
}

int eh_instant_compare(eh_instant a, eh_instant b)
{
    if (a.seconds != b.seconds)
        return a.seconds < b.seconds ? -1 : 1;
    return a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds;
}

bool eh_instant_add(eh_instant instant, eh_duration duration, eh_instant *sum_out)
{
    eh_instant sum = {0};
    if (__builtin_add_overflow(instant.seconds, duration.seconds, &sum.seconds))
        return false;
    int32_t nanoseconds = instant.nanoseconds + duration.nanoseconds;
    int32_t carried = nanoseconds >= NANOSECONDS ? 1 : nanoseconds < 0 ? -1 : 0;
    sum.nanoseconds = nanoseconds - carried * NANOSECONDS;
    if (__builtin_add_overflow(sum.seconds, carried, &sum.seconds) || !eh_instant_valid(sum))
        return false;
    *sum_out = sum;
    return true;
}

/* Seconds and nanoseconds with one sign. */
static eh_duration duration_of(int64_t seconds, int64_t nanoseconds)
{
    seconds += nanoseconds / NANOSECONDS;
    nanoseconds %= NANOSECONDS;
    if (seconds > 0 && nanoseconds < 0) {
        seconds--;
        nanoseconds += NANOSECONDS;
    } else if (seconds < 0 && nanoseconds > 0) {
        seconds++;
        nanoseconds -= NANOSECONDS;
    }
    return (eh_duration){seconds, (int32_t)nanoseconds};
}

eh_duration eh_instant_difference(eh_instant a, eh_instant b)
{
    return duration_of(a.seconds - b.seconds, (int64_t)a.nanoseconds - b.nanoseconds);
}

eh_instant eh_instant_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (eh_instant){now.tv_sec, (int32_t)now.tv_nsec};
}

bool eh_duration_valid(eh_duration duration)
{
    bool one_sign = duration.seconds == 0 || duration.nanoseconds == 0 || (duration.seconds > 0) == (duration.nanoseconds > 0);
    return one_sign && duration.seconds >= -EH_DURATION_SECONDS_MAX && duration.seconds <= EH_DURATION_SECONDS_MAX &&
           duration.nanoseconds > -NANOSECONDS && duration.nanoseconds < NANOSECONDS;
}

int eh_duration_compare(eh_duration a, eh_duration b)
{
    if (a.seconds != b.seconds)
        return a.seconds < b.seconds ? -1 : 1;
    return a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds;
}

bool eh_duration_add(eh_duration a, eh_duration b, eh_duration *sum_out)
{
    int64_t seconds;
    if (__builtin_add_overflow(a.seconds, b.seconds, &seconds))
        return false;
    eh_duration sum = duration_of(seconds, (int64_t)a.nanoseconds + b.nanoseconds);
    if (!eh_duration_valid(sum))
        return false;
    *sum_out = sum;
    return true;
}

bool eh_duration_nanoseconds(eh_duration duration, int64_t *nanoseconds_out)
{
    /* The seconds of the least 64-bit number of nanoseconds do not fit alone, with their nanoseconds they do. */
    __int128 all = (__int128)duration.seconds * NANOSECONDS + duration.nanoseconds;
    if (all < INT64_MIN || all > INT64_MAX)
        return false;
    *nanoseconds_out = (int64_t)all;
    return true;
}

/* ---- RFC 3339 -------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_view rest;
} scanner;

static bool digits_take(scanner *in, size_t count, int32_t *number_out)
{
    if (in->rest.len < count)
        return false;
    int32_t number = 0;
    for (size_t i = 0; i < count; i++) {
        char byte = in->rest.ptr[i];
        if (byte < '0' || byte > '9')
            return false;
        number = number * 10 + (byte - '0');
    }
    in->rest.ptr += count;
    in->rest.len -= count;
    *number_out = number;
    return true;
}

static bool byte_take(scanner *in, char wanted)
{
    if (in->rest.len == 0 || in->rest.ptr[0] != wanted)
        return false;
    in->rest.ptr++;
    in->rest.len--;
    return true;
}

/* .5, .123456789012: digits after the ninth are dropped. */
static bool fraction_take(scanner *in, int32_t *nanoseconds_out)
{
    int32_t nanoseconds = 0, digit;
    size_t count = 0;
    for (; digits_take(in, 1, &digit); count++)
        if (count < 9)
            nanoseconds = nanoseconds * 10 + digit;
    for (size_t i = count; i < 9; i++)
        nanoseconds *= 10;
    *nanoseconds_out = nanoseconds;
    return count > 0;
}

static bool offset_take(scanner *in, int32_t *offset_seconds_out)
{
    int32_t sign = 0, hours = 0, minutes = 0;
    if (byte_take(in, 'Z')) {
        *offset_seconds_out = 0;
        return true;
    }
    sign = byte_take(in, '+') ? 1 : byte_take(in, '-') ? -1 : 0;
    if (sign == 0 || !digits_take(in, 2, &hours) || !byte_take(in, ':') || !digits_take(in, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_seconds_out = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool date_take(scanner *in, eh_civil *civil)
{
    return digits_take(in, 4, &civil->year) && byte_take(in, '-') && digits_take(in, 2, &civil->month) && byte_take(in, '-') &&
           digits_take(in, 2, &civil->day);
}

static eh_code not_a_time(eh_view text, const char *why, eh_error *error)
{
    int len = text.len > 60 ? 60 : (int)text.len;
    return eh_fail(error, EH_INPUT, "'%.*s' is no time as RFC 3339 writes it, such as 2026-11-23T09:30:00Z: %s", len,
                   text.ptr == NULL ? "" : text.ptr, why);
}

static eh_code instant_parse(eh_view text, bool date_alone, eh_instant *instant_out, eh_error *error)
{
    scanner in = {text};
    eh_civil civil = {0};
    int32_t offset = 0;
    if (!date_take(&in, &civil))
        return not_a_time(text, "the date is not YYYY-MM-DD", error);
    if (!(date_alone && in.rest.len == 0)) {
        if (!byte_take(&in, 'T') || !digits_take(&in, 2, &civil.hour) || !byte_take(&in, ':') || !digits_take(&in, 2, &civil.minute) ||
            !byte_take(&in, ':') || !digits_take(&in, 2, &civil.second))
            return not_a_time(text, "after the date comes T and the time hh:mm:ss", error);
        if (byte_take(&in, '.') && !fraction_take(&in, &civil.nanosecond))
            return not_a_time(text, "a point needs digits after it", error);
        if (!offset_take(&in, &offset))
            return not_a_time(text, "it ends in Z or an offset such as +01:00", error);
        if (in.rest.len > 0)
            return not_a_time(text, "something stands after its end", error);
    }
    eh_instant instant;
    if (!eh_civil_instant(&civil, NULL, &instant))
        return not_a_time(text, "there is no such day or hour", error);
    instant.seconds -= offset;
    if (!eh_instant_valid(instant))
        return not_a_time(text, "in UTC it is outside the years 1 to 9999", error);
    *instant_out = instant;
    return EH_OK;
}

eh_code eh_instant_parse(eh_view text, eh_instant *instant_out, eh_error *error)
{
    return instant_parse(text, false, instant_out, error);
}

eh_code eh_instant_parse_date(eh_view text, eh_instant *instant_out, eh_error *error)
{
    return instant_parse(text, true, instant_out, error);
}

/* Appends .digits as `fraction` says; out has room for ten bytes. */
static size_t fraction_text(int32_t nanoseconds, eh_fraction fraction, char *out)
{
    if (fraction == EH_FRACTION_NONE || nanoseconds == 0)
        return 0;
    size_t digits = 9;
    size_t step = fraction == EH_FRACTION_THREES ? 3 : 1;
    int32_t divisor = fraction == EH_FRACTION_THREES ? 1000 : 10;
    while (digits > step && nanoseconds % divisor == 0) {
        nanoseconds /= divisor;
        digits -= step;
    }
    out[0] = '.';
    for (size_t i = digits; i > 0; i--) {
        out[i] = (char)('0' + nanoseconds % 10);
        nanoseconds /= 10;
    }
    return digits + 1;
}

void eh_instant_text(eh_instant instant, eh_fraction fraction, char out[EH_INSTANT_TEXT_BYTES])
{
    eh_civil civil = eh_civil_of(instant, NULL);
    int len = snprintf(out, EH_INSTANT_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", civil.year % 10000, civil.month, civil.day, civil.hour,
                       civil.minute, civil.second);
    size_t at = len < 0 ? 0 : (size_t)len;
    at += fraction_text(civil.nanosecond, fraction, out + at);
    out[at] = 'Z';
    out[at + 1] = '\0';
}

/* ---- durations ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    int64_t nanoseconds;
} unit;

/* Longer names before those that they begin with. */
static const unit units[] = {
    {"ns", 1},         {"us", 1000}, {"\xC2\xB5s", 1000}, {"\xCE\xBCs", 1000},          {"ms", 1000000},
    {"s", NANOSECONDS}, {"m", INT64_C(60) * NANOSECONDS}, {"h", INT64_C(3600) * NANOSECONDS},
};

static const unit *unit_take(scanner *in)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i].name);
        if (in->rest.len >= len && memcmp(in->rest.ptr, units[i].name, len) == 0) {
            in->rest.ptr += len;
            in->rest.len -= len;
            return &units[i];
        }
    }
    return NULL;
}

/* One number with its unit, added to *sum in nanoseconds. */
static bool piece_take(scanner *in, __int128 *sum)
{
    __int128 whole = 0, part = 0, scale = 1;
    int32_t digit;
    size_t digits = 0;
    for (; digits_take(in, 1, &digit); digits++) {
        whole = whole * 10 + digit;
        if (whole > INT64_MAX)
            return false;
    }
    if (byte_take(in, '.')) {
        for (; digits_take(in, 1, &digit); digits++) {
            if (scale < INT64_C(1000000000000000)) {
                part = part * 10 + digit;
                scale *= 10;
            }
        }
    }
    const unit *of = digits > 0 ? unit_take(in) : NULL;
    if (of == NULL)
        return false;
    *sum += whole * of->nanoseconds + part * of->nanoseconds / scale;
    return *sum <= (__int128)(EH_DURATION_SECONDS_MAX + 1) * NANOSECONDS;
}

eh_code eh_duration_parse(eh_view text, eh_duration *duration_out, eh_error *error)
{
    scanner in = {text};
    bool negative = byte_take(&in, '-');
    if (!negative)
        (void)byte_take(&in, '+');
    __int128 sum = 0;
    bool good = in.rest.len > 0;
    if (in.rest.len == 1 && in.rest.ptr[0] == '0')
        in.rest.len = 0;
    while (good && in.rest.len > 0)
        good = piece_take(&in, &sum);
    if (negative)
        sum = -sum;
    eh_duration duration = {0};
    if (good) {
        duration = (eh_duration){(int64_t)(sum / NANOSECONDS), (int32_t)(sum % NANOSECONDS)};
        good = eh_duration_valid(duration);
    }
    if (!good) {
        int len = text.len > 60 ? 60 : (int)text.len;
        return eh_fail(error, EH_INPUT, "'%.*s' is no duration such as 90m, 1h30m, 1.5s (units h, m, s, ms, us, ns), at most 10,000 years", len,
                       text.ptr == NULL ? "" : text.ptr);
    }
    *duration_out = duration;
    return EH_OK;
}

void eh_duration_text(eh_duration duration, eh_fraction fraction, char out[EH_DURATION_TEXT_BYTES])
{
    bool negative = duration.seconds < 0 || duration.nanoseconds < 0;
    uint64_t seconds = duration.seconds < 0 ? -(uint64_t)duration.seconds : (uint64_t)duration.seconds;
    int32_t nanoseconds = duration.nanoseconds < 0 ? -duration.nanoseconds : duration.nanoseconds;
    int len = snprintf(out, EH_DURATION_TEXT_BYTES, "%s%llu", negative ? "-" : "", (unsigned long long)seconds);
    size_t at = len < 0 ? 0 : (size_t)len;
    at += fraction_text(nanoseconds, fraction, out + at);
    out[at] = 's';
    out[at + 1] = '\0';
}
