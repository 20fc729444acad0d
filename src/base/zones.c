/*
 * Zones: the transitions of a zone are read from ICU once into a table; after that an offset is a binary search, without locks.
 *
 * The Gregorian calendar repeats every 400 years to the day of the week, and so do rules for summer time that never end. The table
 * reaches until LAST_YEAR; a later instant is asked about as the one 400 years (or a multiple) before it.
 */
#include "base/base_int.h"
#include "base/time.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

enum { LAST_YEAR = 2500, DAY_SECONDS = 86400, ZONE_NAME_BYTES_MAX = 64, TRANSITIONS_MAX = 4096 };

#define CYCLE_SECONDS (INT64_C(146097) * DAY_SECONDS) /* 400 years */

typedef struct {
    int64_t from_seconds;
    int32_t offset_seconds;
} transition;

struct eh_zone {
    size_t transitions_count; /* at least 1: the first holds from the beginning of time */
    int64_t end_seconds;      /* what lies after it is asked about a cycle earlier */
    transition transitions[];
};

/* ---- days (Hinnant, chrono-compatible low-level date algorithms) ----------------------------------------------------------- */

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t month_days(int32_t year, int32_t month)
{
    static const int32_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year));
}

static void civil_of_days(int64_t days, eh_civil *civil)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    civil->day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int32_t)(month < 10 ? month + 3 : month - 9);
    civil->year = (int32_t)(year_of_era + era * 400 + (civil->month <= 2));
    civil->weekday = (int32_t)(((days + 4) % 7 + 7) % 7);
    civil->yearday = (int32_t)(days - days_of(civil->year, 1, 1));
}

/* ---- offsets --------------------------------------------------------------------------------------------------------------- */

static int32_t offset_at(const eh_zone *zone, int64_t seconds)
{
    if (zone == NULL)
        return 0;
    if (seconds >= zone->end_seconds)
        seconds -= ((seconds - zone->end_seconds) / CYCLE_SECONDS + 1) * CYCLE_SECONDS;
    size_t low = 0, high = zone->transitions_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->transitions[middle].from_seconds <= seconds)
            low = middle;
        else
            high = middle;
    }
    return zone->transitions[low].offset_seconds;
}

int32_t eh_zone_offset(const eh_zone *zone, eh_instant instant)
{
    return offset_at(zone, instant.seconds);
}

eh_civil eh_civil_of(eh_instant instant, const eh_zone *zone)
{
    eh_civil civil = {.nanosecond = instant.nanoseconds, .offset_seconds = offset_at(zone, instant.seconds)};
    int64_t local = instant.seconds + civil.offset_seconds;
    int64_t days = local / DAY_SECONDS, rest = local % DAY_SECONDS;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    civil_of_days(days, &civil);
    civil.hour = (int32_t)(rest / 3600);
    civil.minute = (int32_t)(rest / 60 % 60);
    civil.second = (int32_t)(rest % 60);
    return civil;
}

bool eh_civil_instant(const eh_civil *civil, const eh_zone *zone, eh_instant *instant_out)
{
    if (civil->year < 1 || civil->year > 9999 || civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > month_days(civil->year, civil->month) || civil->hour < 0 || civil->hour > 23 || civil->minute < 0 ||
        civil->minute > 59 || civil->second < 0 || civil->second > 59 || civil->nanosecond < 0 || civil->nanosecond > 999999999)
        return false;
    int64_t local = days_of(civil->year, civil->month, civil->day) * DAY_SECONDS + civil->hour * 3600 + civil->minute * 60 + civil->second;
    /* The offset before any change nearby: right for a time that comes twice (the first) and for one that is skipped (moved on). */
    int64_t seconds = local - offset_at(zone, local - DAY_SECONDS);
    if (seconds + offset_at(zone, seconds) != local) {
        int64_t other = local - offset_at(zone, local + DAY_SECONDS);
        if (other + offset_at(zone, other) == local)
            seconds = other;
    }
    eh_instant instant = {seconds, civil->nanosecond};
    if (!eh_instant_valid(instant))
        return false;
    *instant_out = instant;
    return true;
}

/* ---- reading a zone ---------------------------------------------------------------------------------------------------------- */

static eh_zone *zone_fixed(int32_t offset_seconds)
{
    eh_zone *zone = calloc(1, sizeof *zone + sizeof(transition));
    if (zone == NULL)
        return NULL;
    zone->transitions_count = 1;
    zone->end_seconds = INT64_MAX;
    zone->transitions[0] = (transition){INT64_MIN, offset_seconds};
    return zone;
}

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* +h:mm, -hh:mm or hh:mm, below 24 hours. */
static bool fixed_parse(eh_view name, int32_t *offset_seconds_out)
{
    int32_t sign = 1;
    size_t at = 0;
    if (name.len > 0 && (name.ptr[0] == '+' || name.ptr[0] == '-')) {
        sign = name.ptr[0] == '-' ? -1 : 1;
        at = 1;
    }
    int32_t hours = 0;
    size_t from = at;
    for (; at < name.len && digit(name.ptr[at]) && at - from < 2; at++)
        hours = hours * 10 + (name.ptr[at] - '0');
    if (at == from || name.len - at != 3 || name.ptr[at] != ':' || !digit(name.ptr[at + 1]) || !digit(name.ptr[at + 2]))
        return false;
    int32_t minutes = (name.ptr[at + 1] - '0') * 10 + (name.ptr[at + 2] - '0');
    if (hours > 23 || minutes > 59)
        return false;
    *offset_seconds_out = sign * (hours * 3600 + minutes * 60);
    return true;
}

static int32_t offset_of(UCalendar *calendar, UErrorCode *status)
{
    return (ucal_get(calendar, UCAL_ZONE_OFFSET, status) + ucal_get(calendar, UCAL_DST_OFFSET, status)) / 1000;
}

/* Walks from transition to transition; equal neighbours are one. */
static eh_zone *zone_read(UCalendar *calendar, UErrorCode *status)
{
    eh_zone *zone = calloc(1, sizeof *zone + TRANSITIONS_MAX * sizeof(transition));
    if (zone == NULL)
        return NULL;
    double from_ms = (double)EH_INSTANT_SECONDS_MIN * 1000;
    zone->end_seconds = days_of(LAST_YEAR, 1, 1) * DAY_SECONDS;
    ucal_setMillis(calendar, from_ms, status);
    zone->transitions[0] = (transition){INT64_MIN, offset_of(calendar, status)};
    zone->transitions_count = 1;
    UDate next_ms;
    while (U_SUCCESS(*status) && ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, &next_ms, status) && U_SUCCESS(*status)) {
        int64_t seconds = (int64_t)(next_ms / 1000);
        if (seconds >= zone->end_seconds || zone->transitions_count == TRANSITIONS_MAX)
            break;
        ucal_setMillis(calendar, next_ms, status);
        int32_t offset = offset_of(calendar, status);
        if (offset != zone->transitions[zone->transitions_count - 1].offset_seconds)
            zone->transitions[zone->transitions_count++] = (transition){seconds, offset};
    }
    if (U_FAILURE(*status)) {
        free(zone);
        return NULL;
    }
    eh_zone *fitted = realloc(zone, sizeof *zone + zone->transitions_count * sizeof(transition));
    return fitted != NULL ? fitted : zone;
}

static eh_code zone_unknown(eh_view name, eh_error *error)
{
    int len = name.len > 60 ? 60 : (int)name.len;
    return eh_fail(error, EH_NOT_FOUND, "'%.*s' is no time zone: a name such as Europe/Berlin or UTC, or an offset such as +02:00", len,
                   name.ptr == NULL ? "" : name.ptr);
}

eh_code eh_zone_open(eh_view name, eh_zone **zone_out, eh_error *error)
{
    int32_t offset_seconds;
    eh_zone *zone = NULL;
    if (fixed_parse(name, &offset_seconds)) {
        zone = zone_fixed(offset_seconds);
    } else {
        UChar id[ZONE_NAME_BYTES_MAX], canonical[ZONE_NAME_BYTES_MAX];
        UBool known = false;
        UErrorCode status = U_ZERO_ERROR;
        if (name.len == 0 || name.len >= ZONE_NAME_BYTES_MAX)
            return zone_unknown(name, error);
        for (size_t i = 0; i < name.len; i++) {
            if ((unsigned char)name.ptr[i] <= 0x20 || (unsigned char)name.ptr[i] >= 0x7F)
                return zone_unknown(name, error);
            id[i] = (UChar)name.ptr[i];
        }
        ucal_getCanonicalTimeZoneID(id, (int32_t)name.len, canonical, ZONE_NAME_BYTES_MAX, &known, &status);
        if (U_FAILURE(status) || !known || eh_view_equal(name, EH_VIEW("Etc/Unknown")))
            return zone_unknown(name, error);
        UCalendar *calendar = ucal_open(id, (int32_t)name.len, "en_US", UCAL_GREGORIAN, &status);
        if (U_SUCCESS(status))
            zone = zone_read(calendar, &status);
        ucal_close(calendar);
        if (U_FAILURE(status))
            return eh_fail(error, status == U_MEMORY_ALLOCATION_ERROR ? EH_MEMORY : EH_UNAVAILABLE, "time zone %.*s cannot be read: %s",
                           (int)name.len, name.ptr, u_errorName(status));
    }
    if (zone == NULL)
        return eh_fail_memory(error);
    *zone_out = zone;
    return EH_OK;
}

void eh_zone_close(eh_zone **zone)
{
    if (zone == NULL)
        return;
    free(*zone);
    *zone = NULL;
}

/* ---- zones by name ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    char name[ZONE_NAME_BYTES_MAX];
    eh_zone *zone;
} named_zone;

struct eh_zones {
    pthread_mutex_t lock;
    size_t zones_count;
    named_zone zones[EH_ZONES_MAX];
};

eh_code eh_zones_open(eh_zones **zones_out, eh_error *error)
{
    eh_zones *zones = calloc(1, sizeof *zones);
    if (zones == NULL)
        return eh_fail_memory(error);
    if (pthread_mutex_init(&zones->lock, NULL) != 0) {
        free(zones);
        return eh_fail_memory(error);
    }
    *zones_out = zones;
    return EH_OK;
}

void eh_zones_close(eh_zones **zones)
{
    if (zones == NULL || *zones == NULL)
        return;
    for (size_t i = 0; i < (*zones)->zones_count; i++)
        eh_zone_close(&(*zones)->zones[i].zone);
    pthread_mutex_destroy(&(*zones)->lock);
    free(*zones);
    *zones = NULL;
}

static eh_code zone_add(eh_zones *zones, eh_view name, const eh_zone **zone_out, eh_error *error)
{
    for (size_t i = 0; i < zones->zones_count; i++) {
        if (eh_view_equal(name, eh_view_of(zones->zones[i].name))) {
            *zone_out = zones->zones[i].zone;
            return EH_OK;
        }
    }
    if (zones->zones_count == EH_ZONES_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d different time zones", EH_ZONES_MAX);
    named_zone *added = &zones->zones[zones->zones_count];
    EH_TRY(eh_zone_open(name, &added->zone, error));
    EH_ASSERT(name.len < sizeof added->name);
    memcpy(added->name, name.ptr, name.len);
    added->name[name.len] = '\0';
    zones->zones_count++;
    *zone_out = added->zone;
    return EH_OK;
}

eh_code eh_zones_find(eh_zones *zones, eh_view name, const eh_zone **zone_out, eh_error *error)
{
    pthread_mutex_lock(&zones->lock);
    eh_code code = zone_add(zones, name, zone_out, error);
    pthread_mutex_unlock(&zones->lock);
    return code;
}
