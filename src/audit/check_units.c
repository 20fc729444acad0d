/* Two units in one column: metres among centimetres, cents among euros. */
#include <math.h>

#include "audit/check_int.h"

/* What units of one thing are apart by: months in a year, centimetres in an inch, cents, thousands, seconds in an hour. */
static const double factors[] = {2.54, 12, 60, 100, 1000, 3600};
enum { FACTORS_COUNT = sizeof factors / sizeof factors[0], PARTS = 32 };

/* The lower end of a bin of magnitudes. */
static double bin_start(size_t bin)
{
    return ldexp(1 + (double)(bin % PARTS) / PARTS, (int)(bin / PARTS) + EH_PROFILE_MAGNITUDE_FIRST);
}

typedef struct {
    double people, mean, spread; /* of log2 */
} cluster;

static cluster cluster_of(const uint32_t *counts, size_t first, size_t end)
{
    cluster found = {0, 0, 0};
    for (size_t b = first; b < end; b++) {
        double at = log2(bin_start(b)) + 0.5 / PARTS;
        found.people += counts[b];
        found.mean += counts[b] * at;
        found.spread += counts[b] * at * at;
    }
    if (found.people > 0) {
        found.mean /= found.people;
        found.spread = sqrt(fmax(found.spread / found.people - found.mean * found.mean, 0));
    }
    return found;
}

/* The widest empty stretch between values; `first` and `end` of it. */
static bool widest_gap(const uint32_t *counts, size_t *first_out, size_t *end_out)
{
    size_t last = EH_PROFILE_MAGNITUDES, widest = 0;
    for (size_t b = 0; b < EH_PROFILE_MAGNITUDES; b++) {
        if (counts[b] == 0)
            continue;
        if (last < EH_PROFILE_MAGNITUDES && b - last - 1 > widest) {
            widest = b - last - 1;
            *first_out = last + 1;
            *end_out = b;
        }
        last = b;
    }
    return widest >= PARTS / 4; /* a fifth of the value wide, at least */
}

/*
 * Two heaps with nothing between them, as wide as each other on a logarithmic scale, whose middles are apart by what units are apart by.
 * A heap of a handful, or one far wider than the other, is no unit.
 */
bool check_units(const eh_profile_column *column, double *factor_out, uint64_t *rows_out, double *border_out)
{
    size_t first = 0, end = 0;
    if (column->magnitudes == NULL || column->negative > 0 || !widest_gap(column->magnitudes, &first, &end))
        return false;
    cluster low = cluster_of(column->magnitudes, 0, first), high = cluster_of(column->magnitudes, end, EH_PROFILE_MAGNITUDES);
    double people = low.people + high.people, few = fmin(low.people, high.people);
    double wider = fmax(low.spread, high.spread), narrower = fmin(low.spread, high.spread), gap = (double)(end - first) / PARTS;
    bool alike = wider > 0 && (few < 30 || narrower > 0.4 * wider) && gap > 0.5 * wider;
    if (few < 3 || few < people * 0.0005 || !alike)
        return false;
    double apart = high.mean - low.mean, error = fmax(0.12, 3 * wider / sqrt(few));
    for (size_t i = 0; i < FACTORS_COUNT; i++) {
        if (fabs(apart - log2(factors[i])) > fmin(error, 0.35))
            continue;
        *factor_out = factors[i];
        *rows_out = (uint64_t)few;
        *border_out = sqrt(bin_start(first) * bin_start(end));
        return true;
    }
    return false;
}
