/* The calendar in UTC: days of dates, months later, completed years. After Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include "rights/rights_int.h"

typedef struct {
    int32_t year, month, day;
} date;

static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

int32_t eh_day_of(int32_t year, int32_t month, int32_t day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = floor_divide(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

static date date_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = floor_divide(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    date result = {.day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1), .month = (int32_t)(month < 10 ? month + 3 : month - 9)};
    result.year = (int32_t)(year_of_era + era * 400 + (result.month <= 2 ? 1 : 0));
    return result;
}

static bool leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t eh_months_after(int64_t at_s, int32_t months)
{
    int64_t days = floor_divide(at_s, EH_DAY_SECONDS);
    date from = date_of(days);
    int64_t month = (int64_t)from.year * 12 + from.month - 1 + months;
    date to = {.year = (int32_t)floor_divide(month, 12), .day = from.day};
    to.month = (int32_t)(month - (int64_t)to.year * 12 + 1);
    int32_t last = month_days[to.month - 1] + (to.month == 2 && leap(to.year) ? 1 : 0);
    if (to.day > last)
        to.day = last;
    return (int64_t)eh_day_of(to.year, to.month, to.day) * EH_DAY_SECONDS + (at_s - days * EH_DAY_SECONDS);
}

int32_t eh_age_at(int32_t birth_day, int64_t at_s)
{
    date birth = date_of(birth_day), today = date_of(floor_divide(at_s, EH_DAY_SECONDS));
    bool still_to_come = today.month < birth.month || (today.month == birth.month && today.day < birth.day);
    return today.year - birth.year - (still_to_come ? 1 : 0);
}
