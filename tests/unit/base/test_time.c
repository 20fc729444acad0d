/* Goal: instants, durations and wall clocks are right at the ends of their ranges, at leap days and where clocks change. */
#include "base/time.h"

#include <pthread.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

typedef struct {
    const char *text;
    bool valid;
    int64_t seconds;
    int32_t nanoseconds;
    const char *shortest, *threes;
} instant_row;

/* Seconds from `date -u -d TEXT +%s` (GNU coreutils 9.1). */
static const instant_row instants[] = {
    {"1970-01-01T00:00:00Z", true, 0, 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
    {"2009-02-13T23:31:30Z", true, 1234567890, 0, "2009-02-13T23:31:30Z", "2009-02-13T23:31:30Z"},
    {"2009-02-13T23:31:30.5Z", true, 1234567890, 500000000, "2009-02-13T23:31:30.5Z", "2009-02-13T23:31:30.500Z"},
    {"2009-02-14T01:01:30.000001+01:30", true, 1234567890, 1000, "2009-02-13T23:31:30.000001Z", "2009-02-13T23:31:30.000001Z"},
    {"1969-12-31T23:59:59.25Z", true, -1, 250000000, "1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.250Z"},
    {"0001-01-01T00:00:00Z", true, EH_INSTANT_SECONDS_MIN, 0, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
    {"9999-12-31T23:59:59.999999999Z", true, EH_INSTANT_SECONDS_MAX, 999999999, "9999-12-31T23:59:59.999999999Z",
     "9999-12-31T23:59:59.999999999Z"},
    {"2000-02-29T12:00:00-05:00", true, 951843600, 0, "2000-02-29T17:00:00Z", "2000-02-29T17:00:00Z"},
    {"1900-02-29T00:00:00Z", false, 0, 0, NULL, NULL},
    {"2026-02-30T00:00:00Z", false, 0, 0, NULL, NULL},
    {"0000-01-01T00:00:00Z", false, 0, 0, NULL, NULL},
    {"9999-12-31T23:59:59-00:01", false, 0, 0, NULL, NULL},
    {"2026-06-30T23:59:60Z", false, 0, 0, NULL, NULL},
    {"2026-06-30 23:59:00Z", false, 0, 0, NULL, NULL},
    {"2026-06-30T23:59:00", false, 0, 0, NULL, NULL},
    {"2026-06-30T23:59:00.Z", false, 0, 0, NULL, NULL},
    {"2026-06-30T23:59:00Zx", false, 0, 0, NULL, NULL},
    {"2026-06-30", false, 0, 0, NULL, NULL},
    {"", false, 0, 0, NULL, NULL},
};

static void reads_and_writes_rfc_3339(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        const instant_row *row = &instants[i];
        eh_instant instant = {7, 7};
        eh_error error = {0};
        char text[EH_INSTANT_TEXT_BYTES];
        assert_int_equal(eh_instant_parse(eh_view_of(row->text), &instant, &error), row->valid ? EH_OK : EH_INPUT);
        if (!row->valid) {
            assert_int_equal(instant.seconds, 7);
            continue;
        }
        assert_int_equal(instant.seconds, row->seconds);
        assert_int_equal(instant.nanoseconds, row->nanoseconds);
        eh_instant_text(instant, EH_FRACTION_SHORTEST, text);
        assert_string_equal(text, row->shortest);
        eh_instant_text(instant, EH_FRACTION_THREES, text);
        assert_string_equal(text, row->threes);
    }
    eh_instant instant = {0};
    assert_int_equal(eh_instant_parse_date(EH_VIEW("2026-11-23"), &instant, NULL), EH_OK);
    assert_int_equal(instant.seconds, 1795392000);
    assert_int_equal(eh_instant_parse_date(EH_VIEW("2026-11-23T00:00:01Z"), &instant, NULL), EH_OK);
    assert_int_equal(instant.seconds, 1795392001);
    assert_int_equal(eh_instant_parse_date(EH_VIEW("2026-11-31"), &instant, NULL), EH_INPUT);
}

typedef struct {
    const char *text, *written; /* NULL: no duration */
} duration_row;

static const duration_row durations[] = {
    {"0", "0s"},          {"90m", "5400s"},      {"1h30m", "5400s"},        {"-1.5s", "-1.5s"},    {"1ns", "0.000000001s"},
    {"3us", "0.000003s"}, {"3\xC2\xB5s", "0.000003s"}, {"1h0.5m", "3630s"}, {"+2ms", "0.002s"},    {".5s", "0.5s"},
    {"1.s", "1s"},        {"315576000000s", "315576000000s"},               {"315576000001s", NULL}, {"", NULL}, {"-", NULL},
    {"1", NULL},          {"s", NULL},           {"1d", NULL},              {"1h ", NULL},         {".s", NULL},
    {"99999999999999999999h", NULL},             {"-0.000000001s", "-0.000000001s"},
};

static void reads_and_writes_durations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        eh_duration duration = {0};
        char text[EH_DURATION_TEXT_BYTES];
        eh_code code = eh_duration_parse(eh_view_of(durations[i].text), &duration, NULL);
        assert_int_equal(code, durations[i].written == NULL ? EH_INPUT : EH_OK);
        if (code != EH_OK)
            continue;
        eh_duration_text(duration, EH_FRACTION_SHORTEST, text);
        assert_string_equal(text, durations[i].written);
    }
}

static void adds_within_the_range(void **state)
{
    (void)state;
    eh_instant last = {EH_INSTANT_SECONDS_MAX, 999999999}, sum = {1, 2};
    assert_false(eh_instant_add(last, (eh_duration){0, 1}, &sum));
    assert_false(eh_instant_add(last, (eh_duration){INT64_MAX, 0}, &sum));
    assert_int_equal(sum.seconds, 1);
    assert_true(eh_instant_add((eh_instant){0, 0}, (eh_duration){0, -1}, &sum));
    assert_int_equal(sum.seconds, -1);
    assert_int_equal(sum.nanoseconds, 999999999);
    eh_duration difference = eh_instant_difference((eh_instant){10, 1}, (eh_instant){11, 2});
    assert_int_equal(difference.seconds, -1);
    assert_int_equal(difference.nanoseconds, -1);
    difference = eh_instant_difference((eh_instant){10, 3}, (eh_instant){11, 2});
    assert_int_equal(difference.seconds, 0);
    assert_int_equal(difference.nanoseconds, -999999999);
    eh_duration total = {0};
    assert_true(eh_duration_add((eh_duration){1, 600000000}, (eh_duration){-3, 0}, &total));
    assert_int_equal(total.seconds, -1);
    assert_int_equal(total.nanoseconds, -400000000);
    assert_false(eh_duration_add((eh_duration){EH_DURATION_SECONDS_MAX, 0}, (eh_duration){1, 0}, &total));
    int64_t nanoseconds;
    assert_true(eh_duration_nanoseconds((eh_duration){-9223372036, -854775808}, &nanoseconds));
    assert_true(nanoseconds == INT64_MIN);
    assert_false(eh_duration_nanoseconds((eh_duration){-9223372036, -854775809}, &nanoseconds));
}

static eh_instant instant_of(const char *text)
{
    eh_instant instant = {0};
    assert_int_equal(eh_instant_parse(eh_view_of(text), &instant, NULL), EH_OK);
    return instant;
}

typedef struct {
    const char *zone, *instant, *wall; /* wall clock written as if it were UTC */
} wall_row;

/* From `TZ=ZONE date -d INSTANT` (tzdata 2024a and later agree on these). */
static const wall_row walls[] = {
    {"UTC", "2026-11-23T09:30:00Z", "2026-11-23T09:30:00Z"},
    {"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59Z"},
    {"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"},
    {"Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T02:59:59Z"},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
    {"America/New_York", "2026-07-04T12:00:00Z", "2026-07-04T08:00:00Z"},
    {"America/New_York", "1883-11-18T16:00:00Z", "1883-11-18T11:03:58Z"},
    {"Asia/Kolkata", "2026-01-01T00:00:00Z", "2026-01-01T05:30:00Z"},
    {"Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T05:45:00Z"},
    {"Australia/Lord_Howe", "2026-01-01T00:00:00Z", "2026-01-01T11:00:00Z"},
    {"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T23:59:59Z"},
    {"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T00:00:00Z"},
    {"America/Los_Angeles", "2499-07-01T00:00:00Z", "2499-06-30T17:00:00Z"},
    {"America/Los_Angeles", "2600-07-01T00:00:00Z", "2600-06-30T17:00:00Z"},
    {"America/Los_Angeles", "9998-01-01T00:00:00Z", "9997-12-31T16:00:00Z"},
    {"+02:00", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"},
    {"-2:30", "2026-01-01T00:00:00Z", "2025-12-31T21:30:00Z"},
    {"05:30", "2026-01-01T00:00:00Z", "2026-01-01T05:30:00Z"},
};

static void shows_wall_clocks(void **state)
{
    (void)state;
    eh_zones *zones = NULL;
    assert_int_equal(eh_zones_open(&zones, NULL), EH_OK);
    for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++) {
        const eh_zone *zone = NULL;
        assert_int_equal(eh_zones_find(zones, eh_view_of(walls[i].zone), &zone, NULL), EH_OK);
        eh_civil civil = eh_civil_of(instant_of(walls[i].instant), zone);
        eh_instant wall = {0};
        assert_true(eh_civil_instant(&civil, NULL, &wall));
        char text[EH_INSTANT_TEXT_BYTES];
        eh_instant_text(wall, EH_FRACTION_NONE, text);
        assert_string_equal(text, walls[i].wall);
    }
    static const char *const unknown[] = {"", "Europe/Berlim", "Etc/Unknown", "+25:00", "+02:60", "+2", "02:0", "GMT+99", "a b", "Europe/M\xC3\xBCnchen"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        const eh_zone *zone = NULL;
        eh_error error = {0};
        assert_int_equal(eh_zones_find(zones, eh_view_of(unknown[i]), &zone, &error), EH_NOT_FOUND);
        assert_non_null(strstr(error.text, "is no time zone"));
    }
    eh_zones_close(&zones);
}

static void finds_the_instant_of_a_wall_clock(void **state)
{
    (void)state;
    eh_zone *berlin = NULL;
    assert_int_equal(eh_zone_open(EH_VIEW("Europe/Berlin"), &berlin, NULL), EH_OK);
    static const wall_row rows[] = {
        {"", "2026-11-23T08:30:00Z", "2026-11-23T09:30:00Z"},
        {"twice, the first", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"},
        {"skipped, moved on", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"},
        {"", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"},
        {"", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_civil civil = eh_civil_of(instant_of(rows[i].wall), NULL);
        eh_instant instant = {0};
        assert_true(eh_civil_instant(&civil, berlin, &instant));
        assert_int_equal(eh_instant_compare(instant, instant_of(rows[i].instant)), 0);
    }
    /* Every hour of ten years goes there and back. */
    for (int64_t seconds = 1700000000; seconds < 2000000000; seconds += 3600) {
        eh_civil civil = eh_civil_of((eh_instant){seconds, 5}, berlin);
        eh_instant back = {0};
        assert_true(eh_civil_instant(&civil, berlin, &back));
        assert_true(back.seconds == seconds || back.seconds == seconds - 3600);
    }
    eh_zone_close(&berlin);
    eh_civil civil = eh_civil_of(instant_of("2024-12-31T23:59:59.5Z"), NULL);
    assert_int_equal(civil.weekday, 2);
    assert_int_equal(civil.yearday, 365);
    assert_int_equal(civil.nanosecond, 500000000);
}

static void *find_zones(void *context)
{
    static const char *const names[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo", "+01:00"};
    for (size_t i = 0; i < 40; i++) {
        const eh_zone *zone = NULL;
        if (eh_zones_find(context, eh_view_of(names[i % 4]), &zone, NULL) != EH_OK || eh_zone_offset(zone, (eh_instant){0, 0}) == 0)
            return context;
    }
    return NULL;
}

static void serves_many_threads(void **state)
{
    (void)state;
    eh_zones *zones = NULL;
    assert_int_equal(eh_zones_open(&zones, NULL), EH_OK);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_zones, zones), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    eh_zones_close(&zones);
}

typedef struct {
    const char *language;
    eh_date_words style;
    const char *words;
} words_row;

static void writes_dates_in_words(void **state)
{
    (void)state;
    static const words_row rows[] = {
        {"en-GB", EH_DATE_DAY, "23 November 2026"},   {"en-US", EH_DATE_DAY, "November 23, 2026"},
        {"de", EH_DATE_DAY, "23. November 2026"},     {"fr", EH_DATE_DAY, "23 novembre 2026"},
        {"es", EH_DATE_DAY, "23 de noviembre de 2026"}, {"de", EH_DATE_MONTH, "November 2026"},
        {"de", EH_DATE_DAY_AND_TIME, "23. November 2026 um 00:30"},
    };
    eh_zone *zone = NULL;
    assert_int_equal(eh_zone_open(EH_VIEW("Europe/Berlin"), &zone, NULL), EH_OK);
    eh_instant instant = instant_of("2026-11-22T23:30:00Z");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {0};
        assert_int_equal(eh_date_in_words(instant, zone, rows[i].language, rows[i].style, &words, NULL), EH_OK);
        assert_string_equal(words.ptr, rows[i].words);
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {0};
    assert_int_equal(eh_date_in_words(instant, zone, "not a tag", EH_DATE_DAY, &words, NULL), EH_INPUT);
    assert_int_equal(eh_date_in_words(instant, zone, "", EH_DATE_DAY, &words, NULL), EH_INPUT);
    eh_zone_close(&zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_rfc_3339), cmocka_unit_test(reads_and_writes_durations),
        cmocka_unit_test(adds_within_the_range),     cmocka_unit_test(shows_wall_clocks),
        cmocka_unit_test(finds_the_instant_of_a_wall_clock), cmocka_unit_test(serves_many_threads),
        cmocka_unit_test(writes_dates_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
