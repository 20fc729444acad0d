/* What was found on one half is put to the test on the other; and how good a search's best group is in files without hidden groups. */
#include <math.h>
#include <string.h>

#include "audit/scan_int.h"

/* ---- one group on one half -------------------------------------------------------------------------------------------------------- */

/* Mass, hits and mass of squared units by level; of everybody and of the group. */
typedef struct {
    double mass, hits, inside, units; /* units: of the group, sum of squared person masses */
} level_sums;

typedef struct {
    double hits, expected, variance;
} test_sums;

static test_sums sums_given(const scan_field *half, const scan_candidate *group)
{
    test_sums sums = {0};
    scan_filter filter = scan_filter_of(half, group);
    for (size_t c = 0; c < half->cells_count; c++) {
        if (!scan_holds(&filter, c))
            continue;
        double p = half->expected[c];
        sums.hits += half->hits[c];
        sums.expected += half->mass[c] * p;
        sums.variance += half->mass[c] * half->unit[c] * p * (1 - p);
    }
    return sums;
}

/* Given how many there are and were chosen in each level: hypergeometric, as in the Cochran-Mantel-Haenszel test. */
static test_sums sums_by_level(const scan_field *half, const scan_candidate *group, level_sums *levels)
{
    test_sums sums = {0};
    scan_filter filter = scan_filter_of(half, group);
    memset(levels, 0, half->levels_total * sizeof *levels);
    for (size_t c = 0; c < half->cells_count; c++) {
        level_sums *level = &levels[half->level[c]];
        level->mass += half->mass[c];
        level->hits += half->hits[c];
        if (!scan_holds(&filter, c))
            continue;
        level->inside += half->mass[c];
        level->units += half->mass[c] * half->unit[c];
        sums.hits += half->hits[c];
    }
    for (size_t l = 0; l < half->levels_total; l++) {
        const level_sums *level = &levels[l];
        if (!(level->inside > 0) || !(level->mass > 1))
            continue;
        double rate = level->hits / level->mass;
        sums.expected += level->inside * rate;
        sums.variance += level->units * rate * (1 - rate) * (level->mass - level->inside) / (level->mass - 1);
    }
    return sums;
}

/* Tail of the binomial with the same mean and variance. */
static double tail_of(const test_sums *sums, eh_scan_direction direction)
{
    if (!(sums->variance > 0))
        return 1;
    double chance = 1 - sums->variance / sums->expected;
    bool low = direction == EH_SCAN_LOW;
    if (!(chance > 1e-9)) { /* as spread as a normal variable with weights */
        double z = (sums->hits - sums->expected) / sqrt(sums->variance);
        return eh_normal_cdf(low ? z : -z);
    }
    double trials = sums->expected / chance, hits = sums->hits;
    if (low)
        return hits >= trials ? 1 : eh_beta_cdf(1 - chance, trials - hits, hits + 1);
    if (!(hits > 0))
        return 1;
    double misses = trials - hits + 1;
    return misses > 1e-9 ? eh_beta_cdf(chance, hits, misses) : pow(chance, trials);
}

double scan_half_p(const scan_field *half, const scan_candidate *group, void *room)
{
    test_sums sums = half->given ? sums_given(half, group) : sums_by_level(half, group, room);
    return tail_of(&sums, group->direction);
}

size_t scan_half_room(const scan_field *half)
{
    return half->levels_total * sizeof(level_sums);
}

/* ---- random files -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t rows, yes;
} urn;

/* Draws who is chosen anew: by lot within each level, so that as many are chosen as were; or by the given probabilities. */
static void draw(const scan_field *field, eh_random *random, urn *urns, double *hits_out)
{
    if (!field->given) {
        memset(urns, 0, field->levels_total * sizeof *urns);
        for (size_t c = 0; c < field->cells_count; c++) {
            urns[field->level[c]].rows += field->rows[c];
            urns[field->level[c]].yes += field->yes[c];
        }
    }
    for (size_t c = 0; c < field->cells_count; c++) {
        uint64_t yes = 0;
        if (field->given) {
            yes = eh_random_binomial(random, field->rows[c], field->expected[c]);
        } else {
            urn *from = &urns[field->level[c]];
            for (uint32_t i = 0; i < field->rows[c]; i++) {
                bool chosen = eh_random_unit(random) * (double)from->rows < (double)from->yes;
                from->rows--;
                from->yes -= chosen;
                yes += chosen;
            }
        }
        hits_out[c] = field->unit[c] * (double)yes;
    }
}

/* The upper end of what `above` of `count` random files leave possible, at 97.5 %. */
static double upper_end(size_t above, size_t count)
{
    return above >= count ? 1 : eh_beta_quantile(0.975, (double)above + 1, (double)(count - above));
}

/* How many of the files, the real one among them, have in this family something as good. */
static double rank_p(const scan_searched *searched, int family, double score)
{
    size_t above = 0;
    for (size_t r = 0; r < searched->count; r++)
        above += searched->all[r].maxima[family] >= score;
    return (double)above / (double)searched->count;
}

/*
 * The families are looked at together (Westfall and Young 1993, min-P; with shares of the error): how often is the smallest of a
 * random file's own p-values as small as this one?
 */
double scan_search_p(const scan_searched *searched, const eh_scan_options *options, int family, double score)
{
    double p = rank_p(searched, family, score) / scan_family_share(options, family);
    size_t above = 0;
    for (size_t r = 1; r < searched->count; r++) {
        double smallest = EH_INFINITY;
        for (int f = 0; f < SCAN_FAMILIES; f++) {
            double share = scan_family_share(options, f);
            if (share > 0)
                smallest = fmin(smallest, rank_p(searched, f, searched->all[r].maxima[f]) / share);
        }
        above += smallest <= p;
    }
    return upper_end(above, searched->count - 1);
}

double scan_family_share(const eh_scan_options *options, int family)
{
    static const double shares[3][SCAN_FAMILIES] = {[EH_SCAN_BOTH] = {0.4, 0.4, 0.2}, [EH_SCAN_LOW] = {0.8, 0, 0.2}, [EH_SCAN_HIGH] = {0, 0.8, 0.2}};
    return shares[options->direction][family];
}

/* What every file is searched with. */
typedef struct {
    const scan_field *field;
    const scan_replicates *asked;
    eh_random *random;
    void *room;
} searching;

static double subset_maximum(const searching *by, const double *hits)
{
    double largest = 0;
    for (eh_scan_direction side = EH_SCAN_LOW; side <= EH_SCAN_HIGH; side++) {
        scan_candidate best;
        scan_subset_spec spec = {.restarts = SCAN_RESTARTS, .penalty = by->asked->options->penalty, .direction = side};
        if (by->asked->options->direction != EH_SCAN_BOTH && by->asked->options->direction != side)
            continue;
        if (scan_subset_search(by->field, hits, &spec, by->random, &best, by->room))
            largest = fmax(largest, best.score);
    }
    return largest;
}

static void maxima_find(const searching *by, const double *hits, scan_replicate *found)
{
    scan_lattice_maxima(by->asked->lattice, hits, by->asked->options->direction, found->maxima);
    found->maxima[SCAN_SUBSETS] = subset_maximum(by, hits);
}

eh_code scan_search_random(const scan_field *field, const scan_replicates *asked, eh_random *random, eh_arena *arena, scan_searched *searched_out,
                           eh_error *error)
{
    size_t room_bytes = scan_subset_room(field);
    double *hits = EH_TAKE(arena, field->cells_count, double);
    urn *urns = EH_TAKE(arena, field->levels_total, urn);
    scan_replicate *all = EH_TAKE(arena, asked->count + 1, scan_replicate);
    searching by = {field, asked, random, eh_arena_take(arena, 1, room_bytes)};
    if (hits == NULL || urns == NULL || all == NULL || by.room == NULL)
        return eh_fail_memory(error);
    maxima_find(&by, field->hits, &all[0]);
    for (int f = 0; f < SCAN_FAMILIES; f++)
        all[0].maxima[f] = fmax(all[0].maxima[f], asked->best[f]);
    size_t above[SCAN_FAMILIES] = {0}, files = 1;
    for (bool open = true; open && files <= asked->count; files++) {
        draw(field, random, urns, hits);
        maxima_find(&by, hits, &all[files]);
        open = false;
        for (int f = 0; f < SCAN_FAMILIES; f++) {
            above[f] += all[files].maxima[f] >= asked->best[f];
            open = open || (asked->best[f] > (double)-EH_INFINITY && upper_end(above[f], asked->count) <= 1 - asked->options->confidence);
        }
    }
    *searched_out = (scan_searched){all, files};
    return EH_OK;
}
