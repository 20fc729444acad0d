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

typedef struct {
    double maxima[SCAN_FAMILIES];
} replicate;

/* How many of `count` files, the real one among them, have in this family something as good. */
static double rank_p(const replicate *all, size_t count, int family, double score)
{
    size_t above = 0;
    for (size_t r = 0; r < count; r++)
        above += all[r].maxima[family] >= score;
    return (double)above / (double)count;
}

/*
 * The families are looked at together (Westfall and Young 1993, min-P): how often is the smallest of a file's own p-values as small
 * as this one? all[0] is the real file.
 */
static double families_p(const replicate *all, size_t count, double p)
{
    size_t above = 1;
    for (size_t r = 1; r < count; r++) {
        double smallest = 1;
        for (int f = 0; f < SCAN_FAMILIES; f++)
            smallest = fmin(smallest, all[r].maxima[f] > 0 ? rank_p(all, count, f, all[r].maxima[f]) : 1);
        above += smallest <= p;
    }
    return (double)above / (double)count;
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

static void maxima_find(const searching *by, const double *hits, replicate *found)
{
    scan_lattice_maxima(by->asked->lattice, hits, by->asked->options->direction, found->maxima);
    found->maxima[SCAN_SUBSETS] = subset_maximum(by, hits);
}

eh_code scan_search_p(const scan_field *field, const scan_replicates *asked, eh_random *random, double *p_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    size_t room_bytes = scan_subset_room(field);
    double *hits = scratch == NULL ? NULL : EH_TAKE(scratch, field->cells_count, double);
    urn *urns = scratch == NULL ? NULL : EH_TAKE(scratch, field->levels_total, urn);
    replicate *all = scratch == NULL ? NULL : EH_TAKE(scratch, asked->count + 1, replicate);
    searching by = {field, asked, random, scratch == NULL ? NULL : eh_arena_take(scratch, 1, room_bytes)};
    if (hits == NULL || urns == NULL || all == NULL || by.room == NULL)
        return eh_fail_memory(error);
    maxima_find(&by, field->hits, &all[0]);
    all[0].maxima[asked->family] = fmax(all[0].maxima[asked->family], asked->score);
    size_t above = 1, files = 1;
    double above_max = (1 - asked->options->confidence) * (double)(asked->count + 1);
    for (; files <= asked->count && (double)above <= above_max; files++) {
        draw(field, random, urns, hits);
        maxima_find(&by, hits, &all[files]);
        above += all[files].maxima[asked->family] >= asked->score;
    }
    double own = rank_p(all, files, asked->family, asked->score);
    *p_out = files <= asked->count ? own : families_p(all, files, own);
    return EH_OK;
}
