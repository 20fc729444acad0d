/* Timestamps and durations: sums, and the fields of a calendar in a zone. */
#include "policy/cel_functions_int.h"

#include <string.h>

static eh_instant instant_of(eh_cel_value value)
{
    return (eh_instant){value.seconds, value.nanoseconds};
}

static eh_duration duration_of(eh_cel_value value)
{
    return (eh_duration){value.seconds, value.nanoseconds};
}

static eh_duration negated(eh_cel_value value)
{
    return (eh_duration){-value.seconds, -value.nanoseconds};
}

static eh_cel_value moved(eh_cel_value from, eh_duration by)
{
    eh_instant sum = {0};
    return eh_instant_add(instant_of(from), by, &sum) ? eh_cel_timestamp(sum) : cel_error("timestamp overflow: out of range");
}

static eh_cel_value lengthened(eh_cel_value from, eh_duration by)
{
    eh_duration sum = {0};
    return eh_duration_add(duration_of(from), by, &sum) ? eh_cel_duration(sum) : cel_error("duration overflow: out of range");
}

eh_cel_value cel_time_add(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    if (arguments[0].kind == EH_CEL_TIMESTAMP)
        return moved(arguments[0], duration_of(arguments[1]));
    if (arguments[1].kind == EH_CEL_TIMESTAMP)
        return moved(arguments[1], duration_of(arguments[0]));
    return lengthened(arguments[0], duration_of(arguments[1]));
}

eh_cel_value cel_time_subtract(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    if (arguments[0].kind == EH_CEL_DURATION)
        return lengthened(arguments[0], negated(arguments[1]));
    if (arguments[1].kind == EH_CEL_DURATION)
        return moved(arguments[0], negated(arguments[1]));
    eh_duration difference = eh_instant_difference(instant_of(arguments[0]), instant_of(arguments[1]));
    int64_t nanoseconds;
    /* The specification's range error: what is more than 292 years apart has no difference. */
    return eh_duration_nanoseconds(difference, &nanoseconds) ? eh_cel_duration(difference) : cel_error("duration overflow: out of range");
}

/* ---- fields ---------------------------------------------------------------------------------------------------------------------------- */

/* The wall clock of a timestamp in the zone of the second argument; UTC without one. */
static bool civil_of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count, eh_civil *civil_out, eh_cel_value *wrong_out)
{
    const eh_zone *zone = NULL;
    eh_error error = {0};
    if (count > 1 && eh_zones_find(machine->zones, eh_cel_text(arguments[1]), &zone, &error) != EH_OK) {
        *wrong_out = cel_error_format(machine, "%s", error.text);
        return false;
    }
    *civil_out = eh_civil_of(instant_of(arguments[0]), zone);
    return true;
}

#define CIVIL_FIELD(function, expression)                                                                       \
    static eh_cel_value function(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)        \
    {                                                                                                           \
        eh_civil civil = {0};                                                                                   \
        eh_cel_value wrong = {0};                                                                               \
        return civil_of(machine, arguments, count, &civil, &wrong) ? eh_cel_int(expression) : wrong;            \
    }

CIVIL_FIELD(full_year, civil.year)
CIVIL_FIELD(month, civil.month - 1)
CIVIL_FIELD(day_of_year, civil.yearday)
CIVIL_FIELD(day_of_month, civil.day - 1)
CIVIL_FIELD(date, civil.day)
CIVIL_FIELD(day_of_week, civil.weekday)
CIVIL_FIELD(hours, civil.hour)
CIVIL_FIELD(minutes, civil.minute)
CIVIL_FIELD(seconds, civil.second)
CIVIL_FIELD(milliseconds, civil.nanosecond / 1000000)

#define DURATION_FIELD(function, expression)                                                                    \
    static eh_cel_value function(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)        \
    {                                                                                                           \
        (void)machine, (void)count;                                                                             \
        return eh_cel_int(expression);                                                                          \
    }

DURATION_FIELD(duration_hours, arguments[0].seconds / 3600)
DURATION_FIELD(duration_minutes, arguments[0].seconds / 60)
DURATION_FIELD(duration_seconds, arguments[0].seconds)
DURATION_FIELD(duration_milliseconds, arguments[0].nanoseconds / 1000000)

const overload cel_time_rows[CEL_TIME_ROWS] = {
    {"getFullYear", ".t:i", full_year}, {"getFullYear", ".ts:i", full_year}, {"getMonth", ".t:i", month}, {"getMonth", ".ts:i", month},
    {"getDayOfYear", ".t:i", day_of_year}, {"getDayOfYear", ".ts:i", day_of_year}, {"getDayOfMonth", ".t:i", day_of_month},
    {"getDayOfMonth", ".ts:i", day_of_month}, {"getDate", ".t:i", date}, {"getDate", ".ts:i", date}, {"getDayOfWeek", ".t:i", day_of_week},
    {"getDayOfWeek", ".ts:i", day_of_week}, {"getHours", ".t:i", hours}, {"getHours", ".ts:i", hours}, {"getHours", ".g:i", duration_hours},
    {"getMinutes", ".t:i", minutes}, {"getMinutes", ".ts:i", minutes}, {"getMinutes", ".g:i", duration_minutes}, {"getSeconds", ".t:i", seconds},
    {"getSeconds", ".ts:i", seconds}, {"getSeconds", ".g:i", duration_seconds}, {"getMilliseconds", ".t:i", milliseconds},
    {"getMilliseconds", ".ts:i", milliseconds}, {"getMilliseconds", ".g:i", duration_milliseconds},
};
