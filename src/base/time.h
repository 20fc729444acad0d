/**
 * Time: instants, durations, zones, RFC 3339, civil fields, dates in words. ICU stands behind it and is seen nowhere else.
 *
 * An instant is UTC since 1970 without leap seconds. All that is asked of a zone after it was opened is arithmetic on its own copy
 * of the transitions, so a zone may be used by many threads at once and an answer costs a binary search and no allocation.
 * The clock is passed in; only a command line may ask eh_instant_now.
 */
#ifndef EH_BASE_TIME_H
#define EH_BASE_TIME_H

#include "base/base.h"

/** seconds since 1970-01-01T00:00:00Z, and nanoseconds in [0, 999,999,999] after them (also before 1970). */
typedef struct {
    int64_t seconds;
    int32_t nanoseconds;
} eh_instant;

/** A signed length of time; nanoseconds has the sign of seconds (or any when seconds is 0), magnitude below 1e9. */
typedef struct {
    int64_t seconds;
    int32_t nanoseconds;
} eh_duration;

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what RFC 3339 can write. */
#define EH_INSTANT_SECONDS_MIN INT64_C(-62135596800)
#define EH_INSTANT_SECONDS_MAX INT64_C(253402300799)
/** The longest duration, 10,000 years, as protobuf has it. */
#define EH_DURATION_SECONDS_MAX INT64_C(315576000000)

/** The fields of a calendar and a clock on a wall (proleptic Gregorian). */
typedef struct {
    int32_t year;           /* 1 to 9999 (a zone may bring 0 or 10000 at the ends) */
    int32_t month, day;     /* from 1 */
    int32_t hour, minute, second;
    int32_t nanosecond;
    int32_t weekday;        /* 0 Sunday to 6 Saturday */
    int32_t yearday;        /* 0 to 365 */
    int32_t offset_seconds; /* of the wall clock from UTC at that instant; east is positive */
} eh_civil;

bool eh_instant_valid(eh_instant instant);
int eh_instant_compare(eh_instant a, eh_instant b);
/** instant + duration. returns false, and leaves *sum_out alone, when the result is out of range. */
bool eh_instant_add(eh_instant instant, eh_duration duration, eh_instant *sum_out);
/** a - b; always in range for valid instants. */
eh_duration eh_instant_difference(eh_instant a, eh_instant b);
/** The clock of the machine. Only for commands, as the value of --now when none was given. */
eh_instant eh_instant_now(void);

bool eh_duration_valid(eh_duration duration);
int eh_duration_compare(eh_duration a, eh_duration b);
/** The sum; false when it is out of range. For a difference negate: both fields. */
bool eh_duration_add(eh_duration a, eh_duration b, eh_duration *sum_out);
/** Nanoseconds as one number; false when they do not fit into 64 bits (292 years). */
bool eh_duration_nanoseconds(eh_duration duration, int64_t *nanoseconds_out);

/* ---- texts --------------------------------------------------------------------------------------------------------------- */

enum { EH_INSTANT_TEXT_BYTES = 40, EH_DURATION_TEXT_BYTES = 40 };

/**
 * RFC 3339: 2026-11-23T09:30:00.123456789Z or with an offset such as +01:00. Up to nine digits of a second's fraction count, more
 * are read and dropped. errors: EH_INPUT with what is wrong (a day that does not exist, a leap second, year 0).
 */
EH_MUST_USE eh_code eh_instant_parse(eh_view text, eh_instant *instant_out, eh_error *error);
/** As above, and a date alone: 2026-11-23 is its first moment in UTC. For files that people write. */
EH_MUST_USE eh_code eh_instant_parse_date(eh_view text, eh_instant *instant_out, eh_error *error);
typedef enum {
    EH_FRACTION_SHORTEST, /* as many digits as needed: .5, .123456789 */
    EH_FRACTION_THREES,   /* none, three, six or nine digits, as the JSON of protobuf writes */
    EH_FRACTION_NONE
} eh_fraction;
/** In UTC with a Z. */
void eh_instant_text(eh_instant instant, eh_fraction fraction, char out[EH_INSTANT_TEXT_BYTES]);

/**
 * A duration as CEL and Go write it: a sign, then numbers with units h, m, s, ms, us (also with the two micro signs), ns: 1h30m, -1.5s, 0.
 * errors: EH_INPUT; out of range.
 */
EH_MUST_USE eh_code eh_duration_parse(eh_view text, eh_duration *duration_out, eh_error *error);
/** In seconds: 5400s, -1.5s, 0.000000001s. */
void eh_duration_text(eh_duration duration, eh_fraction fraction, char out[EH_DURATION_TEXT_BYTES]);

/* ---- zones --------------------------------------------------------------------------------------------------------------- */

typedef struct eh_zone eh_zone;

/**
 * An IANA zone (Europe/Berlin, UTC) or a fixed offset (+02:00, -8:00, 05:30), below 24 hours. The transitions are read once.
 * cost: about a millisecond. errors: EH_NOT_FOUND for an unknown name.
 */
EH_MUST_USE eh_code eh_zone_open(eh_view name, eh_zone **zone_out, eh_error *error);
void eh_zone_close(eh_zone **zone);
/** Seconds that the wall clock of the zone is ahead of UTC. NULL is UTC. cost: a binary search; thread-safe. */
int32_t eh_zone_offset(const eh_zone *zone, eh_instant instant);
/** NULL is UTC. cost: as eh_zone_offset, then arithmetic. */
eh_civil eh_civil_of(eh_instant instant, const eh_zone *zone);
/**
 * The instant at which the zone's clock shows year to nanosecond of `civil` (its other fields are not read). A time that comes
 * twice is the first of the two; a time that is skipped is moved on by what was skipped, as RFC 5545 does.
 * returns false when a field is out of range or the day does not exist.
 */
bool eh_civil_instant(const eh_civil *civil, const eh_zone *zone, eh_instant *instant_out);

/** Zones that have been opened, by name; may be used by many threads. */
typedef struct eh_zones eh_zones;
EH_MUST_USE eh_code eh_zones_open(eh_zones **zones_out, eh_error *error);
void eh_zones_close(eh_zones **zones);
/** The zone of that name, opened at its first use; lives as long as `zones`. At most EH_ZONES_MAX. */
EH_MUST_USE eh_code eh_zones_find(eh_zones *zones, eh_view name, const eh_zone **zone_out, eh_error *error);

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_DATE_DAY, EH_DATE_DAY_AND_TIME, EH_DATE_MONTH } eh_date_words;
/**
 * A date as people of a language write it: 23 November 2026 (en-GB), 23. November 2026 (de), 23 novembre 2026 (fr).
 * language is BCP 47. errors: EH_INPUT for a language that is no tag; EH_UNAVAILABLE.
 */
EH_MUST_USE eh_code eh_date_in_words(eh_instant instant, const eh_zone *zone, const char *language, eh_date_words style,
                                     eh_buffer *words_out, eh_error *error);
/** The same for many dates: opening is what costs. Any number of threads may append. */
typedef struct eh_date_format eh_date_format;
EH_MUST_USE eh_code eh_date_format_open(const char *language, eh_date_words style, eh_date_format **format_out, eh_error *error);
void eh_date_format_close(eh_date_format **format);
EH_MUST_USE eh_code eh_date_format_append(eh_date_format *format, eh_instant instant, const eh_zone *zone, eh_buffer *words_out, eh_error *error);

#endif
