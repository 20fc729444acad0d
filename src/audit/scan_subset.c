/*
 * The subset scan: any set of values in any number of attributes. One attribute at a time, the best set of its values given the
 * others is found exactly in linear time (Neill 2012; with a penalty per value: Speakman, Somanchi, McFowland and Neill 2016); the
 * attributes take turns until nothing improves; random starts guard against local maxima (Zhang and Neill 2016).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/scan_int.h"

enum { SWEEPS_MAX = 40, ROOT_STEPS_MAX = 60, BEST_STEPS_MAX = 60, VALUES_MAX = EH_GROUPS_MAX };
static const double theta_most = 13.8155, improvement_min = 1e-9; /* ln 1e6 */

/* Mass by bin of expectation, and hits. */
typedef struct {
    double hits, people;
    double mass[SCAN_BINS_MAX];
} portion;

typedef struct {
    const scan_field *field;
    const double *hits;
    const scan_subset_spec *spec;
    uint8_t *outside;          /* by cell: how many attributes leave it out */
    portion values[VALUES_MAX]; /* of the attribute whose turn it is, within the others */
    portion all;
    scan_candidate group;
    double score;              /* penalized */
} scanning;

size_t scan_subset_room(const scan_field *field)
{
    return sizeof(scanning) + field->cells_count;
}

/* ---- the score as a function of theta = ln q: concave --------------------------------------------------------------------------- */

static double score_at(const scanning *scan, const portion *part, double theta)
{
    const scan_field *field = scan->field;
    double change = expm1(theta), score = part->hits * theta;
    for (size_t b = 0; b < field->bins_count; b++)
        if (part->mass[b] > 0)
            score -= part->mass[b] * log1p(change * field->bin_expected[b]);
    return score;
}

static double side_clip(const scanning *scan, double theta)
{
    double low = scan->spec->direction == EH_SCAN_HIGH ? 0 : -theta_most, high = scan->spec->direction == EH_SCAN_LOW ? 0 : theta_most;
    return theta < low ? low : theta > high ? high : theta;
}

/* The theta with the largest score: in closed form with one expectation, else by Newton's method, kept inside a bracket. */
static double theta_best(const scanning *scan, const portion *part)
{
    const scan_field *field = scan->field;
    if (field->bins_count == 1) {
        double p = field->bin_expected[0], misses = part->people - part->hits;
        if (!(part->hits > 0))
            return side_clip(scan, -theta_most);
        if (!(misses > 0) || !(p > 0) || !(p < 1))
            return side_clip(scan, p < 1 && p > 0 ? theta_most : 0);
        return side_clip(scan, log(part->hits / misses) - log(p / (1 - p)));
    }
    double low = -theta_most, high = theta_most, theta = 0;
    for (int step = 0; step < BEST_STEPS_MAX && high - low > 1e-9; step++) {
        double q = exp(theta), slope = part->hits, curve = 0;
        for (size_t b = 0; b < field->bins_count; b++) {
            double p = field->bin_expected[b], tilted = q * p / (1 - p + q * p);
            slope -= part->mass[b] * tilted;
            curve += part->mass[b] * tilted * (1 - tilted);
        }
        if (fabs(slope) < 1e-9 * (1 + part->hits))
            break;
        if (slope > 0)
            low = theta;
        else
            high = theta;
        double next = curve > 0 ? theta + slope / curve : (low + high) / 2;
        theta = next > low && next < high ? next : (low + high) / 2;
    }
    return side_clip(scan, theta);
}

/* Between `inside`, where the score is above `level`, and `outside`, where it is not: where it crosses. */
static double crossing(const scanning *scan, const portion *part, double level, double inside, double outside)
{
    for (int step = 0; step < ROOT_STEPS_MAX && fabs(outside - inside) > 1e-7; step++) {
        double middle = (inside + outside) / 2;
        if (score_at(scan, part, middle) > level)
            inside = middle;
        else
            outside = middle;
    }
    return (inside + outside) / 2;
}

/* ---- one attribute's turn --------------------------------------------------------------------------------------------------------- */

/* With one expectation there is nothing to keep apart; adding nothing instead of skipping spares the processor the guess. */
static void portions_count_alike(scanning *scan, size_t attribute)
{
    const scan_field *field = scan->field;
    const uint8_t *codes = field->codes[attribute];
    uint64_t values = scan->group.values[attribute];
    double hits[VALUES_MAX] = {0}, people[VALUES_MAX] = {0};
    for (size_t c = 0; c < field->cells_count; c++) {
        double counts = scan->outside[c] == (~values >> codes[c] & 1) ? 1 : 0;
        hits[codes[c]] += counts * scan->hits[c];
        people[codes[c]] += counts * field->mass[c];
    }
    for (size_t v = 0; v < field->levels[attribute]; v++) {
        scan->values[v].hits = hits[v];
        scan->values[v].people = scan->values[v].mass[0] = people[v];
    }
}

static void portions_count_apart(scanning *scan, size_t attribute)
{
    const scan_field *field = scan->field;
    const uint8_t *codes = field->codes[attribute];
    uint64_t values = scan->group.values[attribute];
    memset(scan->values, 0, field->levels[attribute] * sizeof *scan->values);
    for (size_t c = 0; c < field->cells_count; c++) {
        if (scan->outside[c] != (~values >> codes[c] & 1))
            continue;
        portion *part = &scan->values[codes[c]];
        part->hits += scan->hits[c];
        part->people += field->mass[c];
        part->mass[field->bin[c]] += field->mass[c];
    }
}

static void portion_add(const scanning *scan, portion *sum, const portion *part)
{
    sum->hits += part->hits;
    sum->people += part->people;
    for (size_t b = 0; b < scan->field->bins_count; b++)
        sum->mass[b] += part->mass[b];
}

static void portions_count(scanning *scan, size_t attribute)
{
    if (scan->field->bins_count == 1)
        portions_count_alike(scan, attribute);
    else
        portions_count_apart(scan, attribute);
    memset(&scan->all, 0, sizeof scan->all);
    for (size_t v = 0; v < scan->field->levels[attribute]; v++)
        portion_add(scan, &scan->all, &scan->values[v]);
}

typedef struct {
    double from, to; /* of theta: where a value adds more than its penalty */
} span;

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static size_t spans_find(scanning *scan, size_t attribute, span spans[VALUES_MAX], double ends[2 * VALUES_MAX])
{
    size_t count = 0;
    double penalty = scan->spec->penalty;
    for (size_t v = 0; v < scan->field->levels[attribute]; v++) {
        const portion *part = &scan->values[v];
        spans[v] = (span){1, 0};
        if (!(part->people > 0))
            continue;
        double best = theta_best(scan, part);
        if (!(score_at(scan, part, best) > penalty))
            continue;
        double low = side_clip(scan, -theta_most), high = side_clip(scan, theta_most);
        spans[v].from = score_at(scan, part, low) > penalty ? low : crossing(scan, part, penalty, best, low);
        spans[v].to = score_at(scan, part, high) > penalty ? high : crossing(scan, part, penalty, best, high);
        ends[count++] = spans[v].from;
        ends[count++] = spans[v].to;
    }
    qsort(ends, count, sizeof *ends, by_number);
    return count;
}

/* The best values of the attribute given the others, and the score with the penalty of this attribute only. */
static uint64_t values_best(scanning *scan, size_t attribute, double *score_out)
{
    span spans[VALUES_MAX];
    double ends[2 * VALUES_MAX];
    portions_count(scan, attribute);
    size_t count = spans_find(scan, attribute, spans, ends);
    uint64_t best = scan_whole(scan->field, attribute), before = 0;
    double best_score = score_at(scan, &scan->all, theta_best(scan, &scan->all));
    for (size_t e = 0; e + 1 < count; e++) {
        double middle = (ends[e] + ends[e + 1]) / 2;
        uint64_t chosen = 0;
        portion sum = {.hits = 0};
        for (size_t v = 0; v < scan->field->levels[attribute]; v++)
            if (spans[v].from < middle && middle < spans[v].to)
                chosen |= UINT64_C(1) << v;
        if (chosen == 0 || chosen == before)
            continue;
        before = chosen;
        for (size_t v = 0; v < scan->field->levels[attribute]; v++)
            if ((chosen >> v & 1) != 0)
                portion_add(scan, &sum, &scan->values[v]);
        double score = score_at(scan, &sum, theta_best(scan, &sum)) - scan->spec->penalty * __builtin_popcountll(chosen);
        if (score > best_score) {
            best_score = score;
            best = chosen;
        }
    }
    *score_out = best_score;
    return best;
}

static double penalty_of(const scanning *scan, size_t without)
{
    uint32_t named = 0;
    for (size_t a = 0; a < scan->field->attributes_count; a++)
        if (a != without && scan->group.values[a] != scan_whole(scan->field, a))
            named += (uint32_t)__builtin_popcountll(scan->group.values[a]);
    return scan->spec->penalty * named;
}

static void values_set(scanning *scan, size_t attribute, uint64_t values)
{
    uint64_t before = scan->group.values[attribute];
    const uint8_t *codes = scan->field->codes[attribute];
    if (values == before)
        return;
    for (size_t c = 0; c < scan->field->cells_count; c++)
        scan->outside[c] = (uint8_t)(scan->outside[c] + (before >> codes[c] & 1) - (values >> codes[c] & 1));
    scan->group.values[attribute] = values;
}

/* ---- rounds ------------------------------------------------------------------------------------------------------------------------- */

static void climb(scanning *scan, eh_random *random)
{
    size_t count = scan->field->attributes_count;
    uint8_t order[EH_SCAN_ATTRIBUTES_MAX];
    scan->score = (double)-EH_INFINITY;
    for (int sweep = 0; sweep < SWEEPS_MAX; sweep++) {
        double before = scan->score;
        for (size_t i = 0; i < count; i++) {
            size_t k = (size_t)(eh_random_unit(random) * (double)(i + 1));
            order[i] = order[k];
            order[k] = (uint8_t)i;
        }
        for (size_t i = 0; i < count; i++) {
            double own = 0;
            uint64_t values = values_best(scan, order[i], &own);
            double score = own - penalty_of(scan, order[i]);
            if (score <= scan->score + improvement_min)
                continue;
            values_set(scan, order[i], values);
            scan->score = score;
        }
        if (!(scan->score > before + improvement_min))
            return;
    }
}

static void start(scanning *scan, uint32_t round, eh_random *random)
{
    const scan_field *field = scan->field;
    memset(scan->outside, 0, field->cells_count);
    double share = eh_random_unit(random);
    for (size_t a = 0; a < field->attributes_count; a++)
        scan->group.values[a] = scan_whole(field, a);
    for (size_t a = 0; round > 0 && a < field->attributes_count; a++) {
        uint64_t values = 0;
        if (eh_random_unit(random) < 0.5)
            continue;
        for (size_t v = 0; v < field->levels[a]; v++)
            if (eh_random_unit(random) < share)
                values |= UINT64_C(1) << v;
        if (values != 0)
            values_set(scan, a, values);
    }
}

bool scan_subset_search(const scan_field *field, const double *hits, const scan_subset_spec *spec, eh_random *random, scan_candidate *best_out,
                        void *room)
{
    scanning *scan = room;
    double best = 0;
    scan->field = field;
    scan->hits = hits;
    scan->spec = spec;
    scan->outside = (uint8_t *)room + sizeof *scan;
    for (uint32_t round = 0; round < spec->restarts; round++) {
        memset(&scan->group, 0, sizeof scan->group);
        scan->group.direction = spec->direction;
        start(scan, round, random);
        climb(scan, random);
        if (!(scan->score > best))
            continue;
        best = scan->score;
        *best_out = scan->group;
        best_out->score = best;
    }
    return best > 0;
}
