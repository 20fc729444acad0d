/* Scores of groups, and what a group is called. */
#include <math.h>
#include <stdlib.h>

#include "audit/scan_int.h"

enum { NEWTON_STEPS_MAX = 100 };
static const double theta_max = 13.8155; /* ln 1e6: odds are not changed by more */

/* ---- the Bernoulli score, as others compute it ----------------------------------------------------------------------------- */

double eh_scan_score_at(double observed, const eh_scan_expectation *expectations, size_t count, double q)
{
    EH_ASSERT(q > 0);
    double score = observed > 0 ? observed * log(q) : 0;
    for (size_t i = 0; i < count; i++)
        score -= expectations[i].people * log1p((q - 1) * expectations[i].expected);
    return score;
}

/* The derivative by ln q: observed minus expected under q; falls as q grows. */
static double slope_at(double observed, const eh_scan_expectation *expectations, size_t count, double q)
{
    double expected = 0;
    for (size_t i = 0; i < count; i++) {
        double odds = q * expectations[i].expected;
        expected += expectations[i].people * (odds / (1 - expectations[i].expected + odds));
    }
    return observed - expected;
}

double eh_scan_score(double observed, const eh_scan_expectation *expectations, size_t count, eh_scan_direction direction, double *q_out)
{
    double low = direction == EH_SCAN_HIGH ? 0 : -theta_max, high = direction == EH_SCAN_LOW ? 0 : theta_max;
    for (int step = 0; step < NEWTON_STEPS_MAX && high - low > 1e-13; step++) {
        double middle = (low + high) / 2;
        if (slope_at(observed, expectations, count, exp(middle)) > 0)
            low = middle;
        else
            high = middle;
    }
    double q = exp((low + high) / 2);
    double score = eh_scan_score_at(observed, expectations, count, q);
    if (!(score > 0)) {
        score = 0;
        q = 1;
    }
    if (q_out != NULL)
        *q_out = q;
    return score;
}

/* ---- the matched binomial ------------------------------------------------------------------------------------------------------ */

static double entropy_part(double count, double expected)
{
    return count > 0 ? count * log(count / expected) : 0;
}

bool scan_side(const scan_sums *sums, eh_scan_direction wanted, eh_scan_direction *side_out)
{
    *side_out = sums->hits < sums->expected ? EH_SCAN_LOW : EH_SCAN_HIGH;
    return wanted == EH_SCAN_BOTH || wanted == *side_out;
}

double scan_score_matched(const scan_sums *sums, eh_scan_direction direction)
{
    eh_scan_direction side;
    if (!(sums->squares > 0) || !scan_side(sums, direction, &side))
        return 0;
    double chance = sums->squares / sums->expected, trials = sums->expected / chance;
    double hits = sums->hits < trials ? sums->hits : trials;
    if (!(chance < 1))
        return 0;
    return entropy_part(hits, sums->expected) + entropy_part(trials - hits, trials * (1 - chance));
}

/* ---- groups --------------------------------------------------------------------------------------------------------------------- */

uint64_t scan_whole(const scan_field *field, size_t attribute)
{
    return field->levels[attribute] >= 64 ? UINT64_MAX : (UINT64_C(1) << field->levels[attribute]) - 1;
}

scan_filter scan_filter_of(const scan_field *field, const scan_candidate *group)
{
    scan_filter filter = {.count = 0};
    for (size_t a = 0; a < field->attributes_count; a++) {
        if (group->values[a] == scan_whole(field, a))
            continue;
        filter.codes[filter.count] = field->codes[a];
        filter.values[filter.count++] = group->values[a];
    }
    return filter;
}

scan_sums scan_sums_of(const scan_field *field, const scan_candidate *group)
{
    scan_sums sums = {0};
    scan_filter filter = scan_filter_of(field, group);
    for (size_t c = 0; c < field->cells_count; c++) {
        if (!scan_holds(&filter, c))
            continue;
        double expected = field->mass[c] * field->expected[c];
        sums.mass += field->mass[c];
        sums.hits += field->hits[c];
        sums.expected += expected;
        sums.squares += expected * field->expected[c];
    }
    return sums;
}

double scan_score_exact(const scan_field *field, const scan_candidate *group, double *q_out)
{
    eh_scan_expectation bins[SCAN_BINS_MAX] = {{0, 0}};
    double hits = 0;
    scan_filter filter = scan_filter_of(field, group);
    for (size_t b = 0; b < field->bins_count; b++)
        bins[b].expected = field->bin_expected[b];
    for (size_t c = 0; c < field->cells_count; c++) {
        if (!scan_holds(&filter, c))
            continue;
        bins[field->bin[c]].people += field->mass[c];
        hits += field->hits[c];
    }
    return eh_scan_score(hits, bins, field->bins_count, group->direction, q_out);
}

/* ---- few words ------------------------------------------------------------------------------------------------------------------- */

static uint32_t ranges_of(uint64_t values, uint32_t levels)
{
    uint32_t ranges = 0;
    bool inside = false;
    for (uint32_t v = 0; v < levels; v++) {
        bool belongs = (values >> v & 1) != 0;
        ranges += belongs && !inside;
        inside = belongs;
    }
    return ranges;
}

uint32_t scan_words(const scan_field *field, const scan_candidate *group)
{
    uint32_t words = 0;
    for (size_t a = 0; a < field->attributes_count; a++) {
        uint64_t whole = scan_whole(field, a), values = group->values[a];
        if (values == whole)
            continue;
        uint32_t named = (uint32_t)__builtin_popcountll(values), left_out = (uint32_t)__builtin_popcountll(whole & ~values);
        if (field->attributes[a]->numeric)
            named = ranges_of(values, field->levels[a]);
        words += named <= left_out ? named : left_out;
    }
    return words;
}

/* Values of `attribute` that people have who satisfy all other conditions. */
static uint64_t values_met(const scan_field *field, const scan_candidate *group, size_t attribute)
{
    scan_candidate others = *group;
    uint64_t met = 0;
    others.values[attribute] = scan_whole(field, attribute);
    scan_filter filter = scan_filter_of(field, &others);
    for (size_t c = 0; c < field->cells_count; c++)
        if (scan_holds(&filter, c))
            met |= UINT64_C(1) << field->codes[attribute][c];
    return met;
}

/*
 * The last attributes first, so that among equal descriptions the one with the first names stays. Values that nobody has who meets
 * the other conditions may be in or out: the side that is said in fewer words counts.
 */
void scan_canonical(const scan_field *field, scan_candidate *group)
{
    for (size_t i = field->attributes_count; i > 0; i--) {
        size_t a = i - 1;
        uint64_t whole = scan_whole(field, a);
        if (group->values[a] == whole)
            continue;
        uint64_t met = values_met(field, group, a);
        scan_candidate fewest = *group, most = *group;
        fewest.values[a] = group->values[a] & met;
        most.values[a] = (group->values[a] | ~met) & whole;
        if ((met & ~group->values[a]) == 0)
            group->values[a] = whole;
        else
            *group = scan_words(field, &most) < scan_words(field, &fewest) ? most : fewest;
    }
}

/* ---- bins of the expectation ------------------------------------------------------------------------------------------------------- */

typedef struct {
    double expected, mass;
    size_t cell;
} expectation_place;

static int by_expectation(const void *a, const void *b)
{
    const expectation_place *x = a, *y = b;
    if (x->expected != y->expected)
        return x->expected < y->expected ? -1 : 1;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

static size_t distinct_count(const expectation_place *places, size_t count)
{
    size_t distinct = 1;
    for (size_t i = 1; i < count; i++)
        distinct += places[i].expected != places[i - 1].expected;
    return distinct;
}

void scan_bins_make(scan_field *field, eh_arena *scratch)
{
    size_t count = field->cells_count;
    expectation_place *places = EH_TAKE(scratch, count, expectation_place);
    EH_ASSERT(places != NULL);
    double total = 0;
    for (size_t c = 0; c < count; c++) {
        places[c] = (expectation_place){field->expected[c], field->mass[c], c};
        total += field->mass[c];
    }
    qsort(places, count, sizeof *places, by_expectation);
    bool apart = distinct_count(places, count) <= SCAN_BINS_MAX;
    size_t bin = 0;
    double before = 0, bin_mass = 0, bin_sum = 0;
    for (size_t i = 0; i < count; i++) {
        bool differs = i > 0 && places[i].expected != places[i - 1].expected;
        bool full = before >= total * (double)(bin + 1) / SCAN_BINS_MAX;
        if (differs && (apart || (full && bin + 1 < SCAN_BINS_MAX))) {
            bin++;
            bin_mass = bin_sum = 0;
        }
        field->bin[places[i].cell] = (uint8_t)bin;
        before += places[i].mass;
        bin_mass += places[i].mass;
        bin_sum += places[i].mass * places[i].expected;
        field->bin_expected[bin] = apart || !(bin_mass > 0) ? places[i].expected : bin_sum / bin_mass;
    }
    field->bins_count = bin + 1;
}
