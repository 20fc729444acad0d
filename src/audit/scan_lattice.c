/*
 * The exact search: every group of one, two or three values that has enough people. People are counted set of attributes by set of
 * attributes into a dense table; what only depends on the number of people is computed once and serves every random file.
 */
#include <math.h>
#include <string.h>

#include "audit/scan_int.h"

/* Above this many additions for one search, or places in the tables, the search stops at two values (or at one). */
static const double work_max = 4e8, places_max = 1.2e7;

typedef struct {
    uint32_t place;           /* in the table of its set */
    double expected, trials;  /* of the matched binomial */
    double log_chance, log_rest, spread; /* spread: 1 / variance */
    double weight;            /* see scan_lattice_weight */
} lattice_entry;

typedef struct {
    uint8_t depth;
    uint8_t attributes[SCAN_DEPTH_MAX];
    uint32_t strides[SCAN_DEPTH_MAX];
    uint32_t places;
    uint32_t parents[SCAN_DEPTH_MAX]; /* indexes of the sets without one of the attributes */
    const uint32_t *rows;             /* by place; depth 1 and 2 only */
    const lattice_entry *entries;
    size_t entries_count;
    double bound;                     /* no part of any of its groups scores more; of the last scan_lattice_best */
} lattice_set;

struct scan_lattice {
    const scan_field *field;
    lattice_set *sets;                /* ascending depth */
    size_t sets_count, sets_of_depth[SCAN_DEPTH_MAX];
    uint32_t depth;
    uint64_t groups;
    double rows;
    double *table;                    /* places of the largest set */
};

/* ---- which sets ---------------------------------------------------------------------------------------------------------------- */

static uint32_t places_of(const scan_field *field, const uint8_t *attributes, uint32_t depth)
{
    uint32_t places = 1;
    for (uint32_t i = 0; i < depth; i++)
        places *= field->levels[attributes[i]];
    return places;
}

/* The next set of `depth` attributes in ascending order; false after the last. */
static bool set_next(uint8_t attributes[SCAN_DEPTH_MAX], uint32_t depth, size_t count)
{
    for (uint32_t i = SCAN_DEPTH_MAX; i-- > 0;) {
        if (i >= depth || attributes[i] + (depth - i) >= count)
            continue;
        attributes[i]++;
        for (uint32_t k = i + 1; k < SCAN_DEPTH_MAX; k++)
            attributes[k] = (uint8_t)(attributes[k - 1] + 1);
        return true;
    }
    return false;
}

static uint32_t depth_affordable(const scan_field *field, uint32_t wanted, size_t *sets_out)
{
    double work = 0, places = 0;
    size_t sets = 0;
    uint32_t depth = 0;
    for (uint32_t d = 1; d <= wanted && d <= field->attributes_count; d++) {
        uint8_t attributes[SCAN_DEPTH_MAX] = {0, 1, 2};
        size_t more = 0;
        do {
            more++;
            places += places_of(field, attributes, d);
        } while (set_next(attributes, d, field->attributes_count));
        work += (double)more * (double)field->cells_count;
        if (d > 1 && (work > work_max || places > places_max))
            break;
        depth = d;
        sets += more;
    }
    *sets_out = sets;
    return depth;
}

static uint32_t set_find(const scan_lattice *lattice, const uint8_t *attributes, uint32_t depth)
{
    for (uint32_t s = 0; s < lattice->sets_count; s++)
        if (lattice->sets[s].depth == depth && memcmp(lattice->sets[s].attributes, attributes, depth) == 0)
            return s;
    EH_ASSERT(false);
    return 0;
}

static void set_open(scan_lattice *lattice, const uint8_t *attributes, uint32_t depth)
{
    lattice_set set = {.depth = (uint8_t)depth};
    memcpy(set.attributes, attributes, depth);
    set.places = places_of(lattice->field, attributes, depth);
    for (uint32_t i = depth, stride = 1; i > 0; i--) {
        set.strides[i - 1] = stride;
        stride *= lattice->field->levels[attributes[i - 1]];
    }
    for (uint32_t i = 0; depth > 1 && i < depth; i++) {
        uint8_t fewer[SCAN_DEPTH_MAX];
        for (uint32_t k = 0, at = 0; k < depth; k++)
            if (k != i)
                fewer[at++] = attributes[k];
        set.parents[i] = set_find(lattice, fewer, depth - 1);
    }
    lattice->sets[lattice->sets_count++] = set;
}

/* ---- counting -------------------------------------------------------------------------------------------------------------------- */

static void table_fill(const scan_lattice *lattice, const lattice_set *set, const double *amounts)
{
    const scan_field *field = lattice->field;
    double *table = lattice->table;
    const uint8_t *a = field->codes[set->attributes[0]], *b = set->depth > 1 ? field->codes[set->attributes[1]] : NULL;
    const uint8_t *c = set->depth > 2 ? field->codes[set->attributes[2]] : NULL;
    memset(table, 0, set->places * sizeof *table);
    if (set->depth == 1) {
        for (size_t i = 0; i < field->cells_count; i++)
            table[a[i]] += amounts[i];
    } else if (set->depth == 2) {
        for (size_t i = 0; i < field->cells_count; i++)
            table[a[i] * set->strides[0] + b[i]] += amounts[i];
    } else {
        for (size_t i = 0; i < field->cells_count; i++)
            table[a[i] * set->strides[0] + b[i] * set->strides[1] + c[i]] += amounts[i];
    }
}

static uint32_t code_at(const scan_field *field, const lattice_set *set, uint32_t place, uint32_t i)
{
    return place / set->strides[i] % field->levels[set->attributes[i]];
}

/* The place, in the set without attribute `out`, of the group that this one is a part of. */
static uint32_t parent_place(const scan_lattice *lattice, const lattice_set *set, uint32_t place, uint32_t out)
{
    const lattice_set *parent = &lattice->sets[set->parents[out]];
    uint32_t found = 0;
    for (uint32_t i = 0, at = 0; i < set->depth; i++)
        if (i != out)
            found += code_at(lattice->field, set, place, i) * parent->strides[at++];
    return found;
}

/* A value that takes nobody away does not make another group. */
static bool says_more(const scan_lattice *lattice, const lattice_set *set, uint32_t place, uint32_t rows)
{
    for (uint32_t out = 0; set->depth > 1 && out < set->depth; out++)
        if (lattice->sets[set->parents[out]].rows[parent_place(lattice, set, place, out)] == rows)
            return false;
    return true;
}

/* Sums over the cells for one set: people, expected mass, its squares. */
typedef struct {
    double *amounts; /* by cell */
    double *rows, *expected;
} counting;

static eh_code set_entries(scan_lattice *lattice, lattice_set *set, const counting *room, eh_arena *arena, eh_error *error)
{
    const scan_field *field = lattice->field;
    size_t count = field->cells_count, places = set->places;
    for (size_t c = 0; c < count; c++)
        room->amounts[c] = field->rows[c];
    table_fill(lattice, set, room->amounts);
    memcpy(room->rows, lattice->table, places * sizeof(double));
    for (size_t c = 0; c < count; c++)
        room->amounts[c] = field->mass[c] * field->expected[c];
    table_fill(lattice, set, room->amounts);
    memcpy(room->expected, lattice->table, places * sizeof(double));
    for (size_t c = 0; c < count; c++)
        room->amounts[c] *= field->expected[c];
    table_fill(lattice, set, room->amounts);
    uint32_t *rows = EH_TAKE(arena, set->depth < SCAN_DEPTH_MAX ? places : 0, uint32_t);
    size_t kept = 0;
    for (size_t i = 0; i < places; i++)
        kept += room->rows[i] >= field->rows_min;
    lattice_entry *entries = EH_TAKE(arena, kept, lattice_entry);
    if (rows == NULL || entries == NULL)
        return eh_fail_memory(error);
    for (uint32_t i = 0; set->depth < SCAN_DEPTH_MAX && i < places; i++)
        rows[i] = (uint32_t)room->rows[i];
    set->rows = rows;
    for (uint32_t i = 0; i < places; i++) {
        double expected = room->expected[i], squares = lattice->table[i];
        if (room->rows[i] < field->rows_min || !(squares > 0) || !says_more(lattice, set, i, (uint32_t)room->rows[i]))
            continue;
        double chance = squares / expected;
        if (chance < 1)
            entries[set->entries_count++] = (lattice_entry){.place = i, .expected = expected, .trials = expected / chance,
                                                            .log_chance = log(chance), .log_rest = log1p(-chance),
                                                            .spread = 1 / (expected * (1 - chance)),
                                                            .weight = scan_lattice_weight(lattice, set->depth, room->rows[i])};
    }
    set->entries = entries;
    lattice->groups += set->entries_count;
    return EH_OK;
}

double scan_lattice_weight(const scan_lattice *lattice, uint32_t depth, double rows)
{
    return log(rows / lattice->rows) - log((double)lattice->sets_of_depth[depth - 1] * lattice->depth);
}

eh_code scan_lattice_make(const scan_field *field, uint32_t depth, eh_arena *arena, scan_lattice **lattice_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    scan_lattice *lattice = EH_TAKE(arena, 1, scan_lattice);
    if (lattice == NULL || scratch == NULL)
        return eh_fail_memory(error);
    lattice->field = field;
    size_t sets = 0, places = 0;
    lattice->depth = depth_affordable(field, depth, &sets);
    lattice->sets = EH_TAKE(arena, sets, lattice_set);
    if (lattice->sets == NULL)
        return eh_fail_memory(error);
    for (uint32_t d = 1; d <= lattice->depth; d++) {
        uint8_t attributes[SCAN_DEPTH_MAX] = {0, 1, 2};
        do
            set_open(lattice, attributes, d);
        while (set_next(attributes, d, field->attributes_count));
    }
    for (size_t s = 0; s < lattice->sets_count; s++) {
        places = lattice->sets[s].places > places ? lattice->sets[s].places : places;
        lattice->sets_of_depth[lattice->sets[s].depth - 1]++;
    }
    for (size_t c = 0; c < field->cells_count; c++)
        lattice->rows += field->rows[c];
    lattice->table = EH_TAKE(arena, places, double);
    counting room = {EH_TAKE(scratch, field->cells_count, double), EH_TAKE(scratch, places, double), EH_TAKE(scratch, places, double)};
    if (lattice->table == NULL || room.amounts == NULL || room.rows == NULL || room.expected == NULL)
        return eh_fail_memory(error);
    for (size_t s = 0; s < lattice->sets_count; s++)
        EH_TRY(set_entries(lattice, &lattice->sets[s], &room, arena, error));
    *lattice_out = lattice;
    return EH_OK;
}

uint64_t scan_lattice_groups(const scan_lattice *lattice)
{
    return lattice->groups;
}

uint32_t scan_lattice_depth(const scan_lattice *lattice)
{
    return lattice->depth;
}

/* ---- scores ------------------------------------------------------------------------------------------------------------------------ */

static double entry_score(const lattice_entry *entry, double hits, eh_scan_direction direction)
{
    bool low = hits < entry->expected;
    if ((direction == EH_SCAN_LOW && !low) || (direction == EH_SCAN_HIGH && low))
        return 0;
    hits = hits < entry->trials ? hits : entry->trials;
    double misses = entry->trials - hits, score = 0;
    if (hits > 0)
        score += hits * (log(hits / entry->trials) - entry->log_chance);
    if (misses > 0)
        score += misses * (log(misses / entry->trials) - entry->log_rest);
    return score;
}

/*
 * No part of this group can score more: at best it holds only those who were not chosen (or only those who were). In the manner of
 * SliceLine (Sagadeeva and Boehm 2021). Holds with one expectation for all, and is used only then.
 */
static double entry_bound(const lattice_entry *entry, double hits, eh_scan_direction direction)
{
    double low = direction == EH_SCAN_HIGH ? 0 : (entry->trials - hits) * -entry->log_rest;
    double high = direction == EH_SCAN_LOW ? 0 : hits * -entry->log_chance;
    return low > high ? low : high;
}

static double parents_bound(const scan_lattice *lattice, const lattice_set *set)
{
    double bound = EH_INFINITY;
    for (uint32_t i = 0; set->depth > 1 && i < set->depth; i++)
        bound = fmin(bound, lattice->sets[set->parents[i]].bound);
    return bound;
}

void scan_lattice_maxima(scan_lattice *lattice, const double *hits, eh_scan_direction direction, double maxima_out[2])
{
    double largest[2] = {(double)-EH_INFINITY, (double)-EH_INFINITY};
    for (size_t s = 0; s < lattice->sets_count; s++) {
        const lattice_set *set = &lattice->sets[s];
        table_fill(lattice, set, hits);
        for (size_t i = 0; i < set->entries_count; i++) {
            const lattice_entry *entry = &set->entries[i];
            double found = lattice->table[entry->place], away = found - entry->expected;
            int side = away < 0 ? SCAN_LATTICE_LOW : SCAN_LATTICE_HIGH;
            if (away * away * entry->spread + entry->weight <= largest[side]) /* n KL is at most chi-squared */
                continue;
            double score = entry_score(entry, found, direction);
            if (score > 0 && score + entry->weight > largest[side])
                largest[side] = score + entry->weight;
        }
    }
    maxima_out[SCAN_LATTICE_LOW] = largest[SCAN_LATTICE_LOW];
    maxima_out[SCAN_LATTICE_HIGH] = largest[SCAN_LATTICE_HIGH];
}

/* ---- the best ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    double rank;  /* score plus weight */
    double score; /* penalized */
    uint32_t set, place;
    bool low;
} ranked;

/* How many groups of each depth are kept. */
static const size_t kept_max[SCAN_DEPTH_MAX] = {24, 48, 72};
enum { KEPT_MOST = 72 };

/* A list that stays sorted, best first. Equal scores keep the order in which they came. */
typedef struct {
    ranked best[KEPT_MOST];
    size_t count, max;
} ranking;

static void ranking_add(ranking *list, ranked one)
{
    size_t at = list->count;
    while (at > 0 && list->best[at - 1].rank < one.rank)
        at--;
    if (at == list->max)
        return;
    size_t kept = list->count < list->max ? list->count : list->max - 1;
    memmove(&list->best[at + 1], &list->best[at], (kept - at) * sizeof one);
    list->best[at] = one;
    list->count = kept + 1;
}

static void set_rank(scan_lattice *lattice, uint32_t index, const double *hits, const eh_scan_options *options, ranking *list)
{
    lattice_set *set = &lattice->sets[index];
    bool bounded = lattice->field->bins_count == 1;
    double penalty = options->penalty * set->depth;
    set->bound = bounded ? parents_bound(lattice, set) : EH_INFINITY;
    if (list->count == list->max && set->bound - log((double)lattice->sets_of_depth[set->depth - 1] * lattice->depth) <= list->best[list->count - 1].rank)
        return;
    table_fill(lattice, set, hits);
    double bound = 0;
    for (size_t i = 0; i < set->entries_count; i++) {
        const lattice_entry *entry = &set->entries[i];
        double found = lattice->table[entry->place], score = entry_score(entry, found, options->direction);
        double rank = score + entry->weight;
        bound = fmax(bound, bounded ? entry_bound(entry, found, options->direction) : EH_INFINITY);
        if (score > penalty && (list->count < list->max || rank > list->best[list->count - 1].rank))
            ranking_add(list, (ranked){rank, score - penalty, index, entry->place, found < entry->expected});
    }
    set->bound = fmin(set->bound, bound);
}

static scan_candidate candidate_of(const scan_lattice *lattice, const ranked *one)
{
    const lattice_set *set = &lattice->sets[one->set];
    scan_candidate group = {.direction = one->low ? EH_SCAN_LOW : EH_SCAN_HIGH, .score = one->score};
    for (size_t a = 0; a < lattice->field->attributes_count; a++)
        group.values[a] = scan_whole(lattice->field, a);
    for (uint32_t i = 0; i < set->depth; i++)
        group.values[set->attributes[i]] = UINT64_C(1) << code_at(lattice->field, set, one->place, i);
    return group;
}

size_t scan_lattice_best(scan_lattice *lattice, const double *hits, const eh_scan_options *options, scan_candidate *best_out, size_t max)
{
    ranking lists[SCAN_DEPTH_MAX] = {{.max = 0}};
    for (int d = 0; d < SCAN_DEPTH_MAX; d++)
        lists[d].max = kept_max[d];
    for (uint32_t s = 0; s < lattice->sets_count; s++)
        set_rank(lattice, s, hits, options, &lists[lattice->sets[s].depth - 1]);
    size_t at[SCAN_DEPTH_MAX] = {0}, count = 0;
    while (count < max) {
        int next = -1;
        for (int d = 0; d < SCAN_DEPTH_MAX; d++)
            if (at[d] < lists[d].count && (next < 0 || lists[d].best[at[d]].score > lists[next].best[at[next]].score))
                next = d;
        if (next < 0)
            break;
        best_out[count++] = candidate_of(lattice, &lists[next].best[at[next]++]);
    }
    return count;
}
