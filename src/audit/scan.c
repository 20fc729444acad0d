/* The scan: found on one half, confirmed on the other, told one after the other. */
#include "audit/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/scan_int.h"

enum { REPLICATES_PER_ERROR = 10, DEPTH_USUAL = 2 };
static const double penalty_usual = 2, confidence_usual = 0.95, power = 0.8;
static const double single_share = 0.4; /* of the penalty, where only single values are named: so that a true third value is not left off */
static const double beyond_doubt = 0.2; /* of the error: a bound on p_search below that needs no random files */

typedef struct {
    scan_candidate group;
    double p;           /* of the group alone on the half that confirmed it */
    int half;           /* that half */
    double penalized;   /* score in the whole file less the penalty of its words */
    double found;       /* what the search goes by: score plus weight, or score less the penalty of each value */
    double bound;       /* p_search is not larger */
    int family;
} confirmed_group;

typedef struct {
    const eh_scan_table *table;
    eh_scan_options options;
    eh_arena *arena;
    scan_field *whole, *halves[2];
    eh_random random;
    eh_scan *scan;
    eh_scan_group *groups;
    confirmed_group confirmed[2 * SCAN_CANDIDATES_MAX];
    size_t confirmed_count;
    scan_candidate candidates[SCAN_CANDIDATES_MAX];
    size_t candidates_count;
    scan_lattice *lattice; /* of the whole, of the first round: for its weights */
} scan_run;

/* ---- candidates of one half ------------------------------------------------------------------------------------------------- */

static bool same_group(const scan_run *run, const scan_candidate *a, const scan_candidate *b)
{
    return a->direction == b->direction && memcmp(a->values, b->values, run->whole->attributes_count * sizeof *a->values) == 0;
}

static bool is_everybody(const scan_run *run, const scan_candidate *group)
{
    for (size_t a = 0; a < run->whole->attributes_count; a++)
        if (group->values[a] != scan_whole(run->whole, a))
            return false;
    return true;
}

/* Keeps the list sorted, best first. The description is that of the whole file, in which who was chosen plays no part. */
static void candidate_add(scan_run *run, scan_candidate group)
{
    scan_canonical(run->whole, &group);
    if (is_everybody(run, &group) && !run->whole->given)
        return;
    for (size_t i = 0; i < run->candidates_count; i++)
        if (same_group(run, &run->candidates[i], &group))
            return;
    if (run->candidates_count == SCAN_CANDIDATES_MAX)
        return;
    size_t at = run->candidates_count++;
    for (; at > 0 && run->candidates[at - 1].score < group.score; at--)
        run->candidates[at] = run->candidates[at - 1];
    run->candidates[at] = group;
}

static eh_code subsets_add(scan_run *run, const scan_field *half, eh_arena *scratch, eh_error *error)
{
    void *room = eh_arena_take(scratch, 1, scan_subset_room(half));
    if (room == NULL)
        return eh_fail_memory(error);
    for (eh_scan_direction side = EH_SCAN_LOW; side <= EH_SCAN_HIGH; side++) {
        scan_candidate best;
        scan_subset_spec spec = {.restarts = SCAN_RESTARTS, .penalty = run->options.penalty, .direction = side};
        if (run->options.direction != EH_SCAN_BOTH && run->options.direction != side)
            continue;
        if (scan_subset_search(half, half->hits, &spec, &run->random, &best, room))
            candidate_add(run, best);
    }
    return EH_OK;
}

static eh_code candidates_find(scan_run *run, int half, eh_arena *scratch, eh_error *error)
{
    scan_lattice *lattice = NULL;
    scan_candidate *best = EH_TAKE(scratch, SCAN_CANDIDATES_MAX - 2, scan_candidate);
    if (best == NULL)
        return eh_fail_memory(error);
    run->candidates_count = 0;
    EH_TRY(scan_lattice_make(run->halves[half], run->options.depth, scratch, &lattice, error));
    size_t count = scan_lattice_best(lattice, run->halves[half]->hits, &run->options, best, SCAN_CANDIDATES_MAX - 2);
    EH_TRY(subsets_add(run, run->halves[half], scratch, error));
    for (size_t i = 0; i < count; i++)
        candidate_add(run, best[i]);
    return EH_OK;
}

/* ---- confirmation on the other --------------------------------------------------------------------------------------------------- */

/* Of a group that was confirmed on both halves, the half that shows less is told. */
static void confirmed_add(scan_run *run, const scan_candidate *group, double p, int half)
{
    for (size_t i = 0; i < run->confirmed_count; i++) {
        confirmed_group *known = &run->confirmed[i];
        if (!same_group(run, &known->group, group))
            continue;
        scan_sums before = scan_sums_of(run->halves[known->half], group), now = scan_sums_of(run->halves[half], group);
        double sign = group->direction == EH_SCAN_LOW ? 1 : -1;
        if (sign * (now.hits / now.mass - before.hits / before.mass) <= 0)
            return;
        known->half = half;
        known->p = p;
        return;
    }
    run->confirmed[run->confirmed_count++] = (confirmed_group){.group = *group, .p = p, .half = half};
}

/* Each group alone: that there were many is what p_search accounts for. */
static eh_code candidates_confirm(scan_run *run, int half, eh_arena *scratch, eh_error *error)
{
    void *room = eh_arena_take(scratch, 1, scan_half_room(run->halves[half]));
    if (room == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < run->candidates_count; i++) {
        double p = scan_half_p(run->halves[half], &run->candidates[i], room);
        if (p <= 1 - run->options.confidence)
            confirmed_add(run, &run->candidates[i], p, half);
    }
    return EH_OK;
}

/* ---- how good the search finds it ---------------------------------------------------------------------------------------------------- */

/* A lattice group has single values, at most as many as the lattice is deep; all others are subsets. */
static uint32_t lattice_depth_of(const scan_run *run, const scan_candidate *group, double *named_out)
{
    uint32_t depth = 0;
    bool single = true;
    *named_out = 0;
    for (size_t a = 0; a < run->whole->attributes_count; a++) {
        if (group->values[a] == scan_whole(run->whole, a))
            continue;
        depth++;
        int values = __builtin_popcountll(group->values[a]);
        *named_out += values;
        single = single && values == 1;
    }
    return single && depth >= 1 && depth <= run->scan->depth ? depth : 0;
}

/*
 * The p-value of the group alone, in the whole file, divided by its share of the error: that of its family, and in it that of the
 * group. Subsets share alike.
 */
static void group_rate(const scan_run *run, confirmed_group *known, void *room)
{
    const scan_candidate *group = &known->group;
    double named = 0, rows = 0, share_log = 0, score = scan_score_exact(run->whole, group, NULL);
    scan_sums sums = scan_sums_of(run->whole, group);
    scan_filter filter = scan_filter_of(run->whole, group);
    for (size_t c = 0; c < run->whole->cells_count; c++)
        rows += scan_holds(&filter, c) ? run->whole->rows[c] : 0;
    uint32_t depth = lattice_depth_of(run, group, &named);
    if (rows < run->whole->rows_min)
        depth = 0;
    known->penalized = score - run->options.penalty * (depth > 0 ? single_share : 1) * scan_words(run->whole, group);
    if (depth > 0) {
        known->family = group->direction == EH_SCAN_LOW ? SCAN_LATTICE_LOW : SCAN_LATTICE_HIGH;
        share_log = scan_lattice_weight(run->lattice, depth, rows);
        known->found = scan_score_matched(&sums, group->direction) + share_log;
    } else {
        known->family = SCAN_SUBSETS;
        known->found = score - run->options.penalty * named;
        for (size_t a = 0; a < run->whole->attributes_count; a++)
            share_log -= run->whole->levels[a] * log(2);
        share_log -= run->options.direction == EH_SCAN_BOTH ? log(2) : 0;
    }
    double family = scan_family_share(&run->options, known->family);
    known->bound = exp(log(scan_half_p(run->whole, group, room)) - share_log - log(family));
}

static int by_penalized(const void *a, const void *b)
{
    const confirmed_group *x = a, *y = b;
    if (x->penalized != y->penalized)
        return x->penalized > y->penalized ? -1 : 1;
    return memcmp(x->group.values, y->group.values, sizeof x->group.values);
}

/* The first, best by penalized score, that is beyond what the search finds by chance. */
static eh_code best_choose(scan_run *run, eh_arena *scratch, const confirmed_group **best_out, double *p_out, eh_error *error)
{
    const double level = 1 - run->options.confidence;
    void *room = eh_arena_take(scratch, 1, scan_half_room(run->whole));
    *best_out = NULL;
    if (room == NULL)
        return eh_fail_memory(error);
    scan_replicates asked = {.options = &run->options, .count = (size_t)ceil(REPLICATES_PER_ERROR / level) - 1};
    for (int f = 0; f < SCAN_FAMILIES; f++)
        asked.best[f] = (double)-EH_INFINITY;
    for (size_t i = 0; i < run->confirmed_count; i++) {
        confirmed_group *known = &run->confirmed[i];
        group_rate(run, known, room);
        asked.best[known->family] = fmax(asked.best[known->family], known->found);
    }
    if (run->confirmed_count == 0)
        return EH_OK;
    qsort(run->confirmed, run->confirmed_count, sizeof *run->confirmed, by_penalized);
    if (run->confirmed[0].bound <= beyond_doubt * level) {
        *best_out = &run->confirmed[0];
        *p_out = run->confirmed[0].bound;
        return EH_OK;
    }
    scan_searched searched;
    EH_TRY(scan_lattice_make(run->whole, run->options.depth, scratch, &asked.lattice, error));
    run->scan->replicates_count = (uint32_t)asked.count;
    EH_TRY(scan_search_random(run->whole, &asked, &run->random, scratch, &searched, error));
    for (size_t i = 0; i < run->confirmed_count && *best_out == NULL; i++) {
        double p = scan_search_p(&searched, &run->options, run->confirmed[i].family, run->confirmed[i].found);
        *p_out = run->confirmed[i].bound <= beyond_doubt * level ? run->confirmed[i].bound : p;
        if (*p_out <= level)
            *best_out = &run->confirmed[i];
    }
    return EH_OK;
}

/* ---- one round: find, confirm, choose ------------------------------------------------------------------------------------------------ */

static eh_code conditions_tell(scan_run *run, const scan_candidate *group, eh_scan_group *told, eh_error *error)
{
    eh_scan_condition *conditions = EH_TAKE(run->arena, run->whole->attributes_count, eh_scan_condition);
    if (conditions == NULL)
        return eh_fail_memory(error);
    for (uint32_t t = 0; t < run->table->attributes_count; t++) {
        size_t a = 0;
        while (run->whole->attributes[a] != &run->table->attributes[t])
            a++;
        uint64_t whole = scan_whole(run->whole, a);
        if (group->values[a] == whole)
            continue;
        scan_candidate only = *group, rest;
        for (size_t i = 0; i < run->whole->attributes_count; i++)
            only.values[i] = scan_whole(run->whole, i);
        rest = only;
        only.values[a] = group->values[a];
        rest.values[a] = whole & ~group->values[a];
        uint32_t named = (uint32_t)__builtin_popcountll(group->values[a]), left_out = (uint32_t)__builtin_popcountll(rest.values[a]);
        bool in_ranges = run->whole->attributes[a]->numeric && scan_words(run->whole, &only) < left_out;
        conditions[told->conditions_count++] = (eh_scan_condition){t, group->values[a], left_out < named && !in_ranges};
    }
    told->conditions = conditions;
    return EH_OK;
}

/* Rates by weight: mass over mass. */
static void numbers_tell(const scan_run *run, const confirmed_group *found, eh_scan_group *told)
{
    const scan_field *whole = run->whole, *half = run->halves[found->half];
    scan_filter filter = scan_filter_of(whole, &found->group);
    double total = 0;
    for (size_t c = 0; c < whole->cells_count; c++) {
        total += whole->mass[c];
        if (!scan_holds(&filter, c))
            continue;
        told->rows += whole->rows[c];
        told->yes += whole->yes[c];
        told->confirmed_rows += half->rows[c];
    }
    scan_sums sums = scan_sums_of(whole, &found->group), confirmed = scan_sums_of(half, &found->group);
    told->direction = found->group.direction;
    told->share = sums.mass / total;
    told->observed = sums.hits / sums.mass;
    told->expected = sums.expected / sums.mass;
    told->ratio = sums.expected > 0 ? sums.hits / sums.expected : EH_NAN;
    double squares = 0;
    for (size_t c = 0; c < half->cells_count; c++)
        if (scan_holds(&filter, c))
            squares += half->mass[c] * half->unit[c];
    double trials = squares > 0 ? confirmed.mass * confirmed.mass / squares : 0;
    told->confirmed.value = confirmed.mass > 0 ? confirmed.hits / confirmed.mass : EH_NAN;
    eh_interval interval = eh_interval_wilson((eh_proportion){trials * fmin(told->confirmed.value, 1), trials}, run->options.confidence);
    told->confirmed.low = interval.low;
    told->confirmed.high = interval.high;
    told->confirmed.n = trials;
    told->confirmed_expected = confirmed.mass > 0 ? confirmed.expected / confirmed.mass : EH_NAN;
}

/* Adds the next group, if there is one; expectations are then those that know of it. */
static eh_code round_do(scan_run *run, bool *found_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (scratch == NULL)
        return eh_fail_memory(error);
    *found_out = false;
    run->confirmed_count = 0;
    for (int half = 0; half < 2; half++) {
        EH_TRY(candidates_find(run, half, scratch, error));
        EH_TRY(candidates_confirm(run, 1 - half, scratch, error));
    }
    const confirmed_group *best = NULL;
    double p_search = 1;
    EH_TRY(best_choose(run, scratch, &best, &p_search, error));
    if (best == NULL)
        return EH_OK;
    eh_scan_group *told = &run->groups[run->scan->groups_count];
    *told = (eh_scan_group){.p_confirmed = best->p, .p_search = p_search, .p = fmax(p_search, best->p), .score_penalized = best->penalized};
    told->score = scan_score_exact(run->whole, &best->group, &told->odds_factor);
    EH_TRY(conditions_tell(run, &best->group, told, error));
    numbers_tell(run, best, told);
    EH_TRY(scan_field_remove(run->whole, &best->group, told->odds_factor, scratch, error));
    for (int half = 0; half < 2; half++)
        EH_TRY(scan_field_remove(run->halves[half], &best->group, told->odds_factor, scratch, error));
    run->scan->groups_count++;
    *found_out = true;
    return EH_OK;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------------------------------- */

static void everybody_tell(scan_run *run)
{
    eh_scan *scan = run->scan;
    double mass = 0, hits = 0, expected = 0;
    for (size_t c = 0; c < run->whole->cells_count; c++) {
        scan->rows += run->whole->rows[c];
        scan->yes += run->whole->yes[c];
        mass += run->whole->mass[c];
        hits += run->whole->hits[c];
        expected += run->whole->mass[c] * run->whole->expected[c];
    }
    scan->effective = run->whole->weighted ? mass : (double)scan->rows;
    scan->observed = hits / mass;
    scan->expected = expected / mass;
    scan->cells_count = run->whole->cells_count;
}

/*
 * What a group of two values would have to show in the whole file to be beyond what the search finds by chance. That groups overlap
 * makes up for the level being two fifths of the error.
 */
static void findable_tell(scan_run *run)
{
    static const double shares[EH_SCAN_FINDABLE_COUNT] = {0.01, 0.02, 0.05, 0.1, 0.2};
    eh_scan *scan = run->scan;
    uint32_t depth = scan->depth < DEPTH_USUAL ? scan->depth : DEPTH_USUAL;
    for (size_t i = 0; i < EH_SCAN_FINDABLE_COUNT; i++) {
        double weight = exp(scan_lattice_weight(run->lattice, depth, shares[i] * (double)scan->rows));
        eh_detectable_spec spec = {.scale = EH_SCALE_DIFFERENCE, .trials_a = shares[i] * scan->effective, .trials_b = (1 - shares[i]) * scan->effective,
                                   .rate_b = scan->expected, .null_value = 0, .direction = -1, .power = power,
                                   .alpha = (1 - run->options.confidence) * weight};
        bool large = shares[i] * (double)scan->rows >= run->whole->rows_min;
        scan->findable[i] = (eh_scan_findable){shares[i], EH_NAN, EH_NAN};
        spec.alpha *= scan_family_share(&run->options, run->options.direction == EH_SCAN_HIGH ? SCAN_LATTICE_HIGH : SCAN_LATTICE_LOW);
        if (large && run->options.direction != EH_SCAN_HIGH)
            scan->findable[i].low = eh_detectable_rate(&spec);
        spec.direction = 1;
        if (large && run->options.direction != EH_SCAN_LOW)
            scan->findable[i].high = eh_detectable_rate(&spec);
    }
    const eh_scan_findable *usual = &scan->findable[EH_SCAN_FINDABLE_USUAL];
    bool seen = run->options.direction == EH_SCAN_HIGH ? usual->high <= fmin(2 * scan->expected, 1) : usual->low >= scan->expected / 2;
    scan->verdict = scan->groups_count > 0 ? EH_VIOLATES : seen ? EH_WITHIN_TOLERANCE : EH_NOT_ENOUGH_EVIDENCE;
}

static eh_scan_options options_filled(const eh_scan_options *given)
{
    eh_scan_options options = *given;
    if (!(options.penalty >= 0))
        options.penalty = penalty_usual;
    if (!(options.confidence > 0))
        options.confidence = confidence_usual;
    if (options.groups_max == 0 || options.groups_max > EH_SCAN_GROUPS_MAX)
        options.groups_max = EH_SCAN_GROUPS_MAX;
    if (options.depth == 0 || options.depth > SCAN_DEPTH_MAX)
        options.depth = SCAN_DEPTH_MAX;
    return options;
}

/* A lattice of the whole file; it does not depend on who was chosen but for what is expected. */
static eh_code lattice_tell(scan_run *run, eh_arena *scratch, eh_error *error)
{
    EH_TRY(scan_lattice_make(run->whole, run->options.depth, scratch, &run->lattice, error));
    run->scan->depth = scan_lattice_depth(run->lattice);
    run->scan->groups_looked_at = scan_lattice_groups(run->lattice);
    return EH_OK;
}

static eh_code one_kind_check(const scan_run *run, eh_error *error)
{
    if (run->table->given || (run->scan->yes > 0 && run->scan->yes < run->scan->rows))
        return EH_OK;
    return eh_fail(error, EH_INPUT, "%s %llu rows with a decision have the same one, %s: no group can differ from the others",
                   run->scan->rows == 1 ? "the" : "all", (unsigned long long)run->scan->rows, run->scan->yes > 0 ? "yes" : "no");
}

eh_code eh_scan_run(const eh_scan_table *table, const eh_scan_options *options, eh_arena *arena, const eh_scan **scan_out,
                    eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    scan_run *run = scratch == NULL ? NULL : EH_TAKE(scratch, 1, scan_run);
    eh_scan *scan = EH_TAKE(arena, 1, eh_scan);
    eh_scan_group *groups = EH_TAKE(arena, EH_SCAN_GROUPS_MAX, eh_scan_group);
    if (run == NULL || scan == NULL || groups == NULL)
        return eh_fail_memory(error);
    run->table = table;
    run->options = options_filled(options);
    run->arena = arena;
    run->scan = scan;
    run->groups = groups;
    eh_random_init(&run->random, run->options.seed);
    EH_TRY(scan_field_make(table, &run->options, scratch, &run->whole, error));
    run->options.rows_min = (uint64_t)run->whole->rows_min;
    everybody_tell(run);
    EH_TRY(one_kind_check(run, error));
    EH_TRY(lattice_tell(run, scratch, error));
    EH_TRY(scan_field_split(run->whole, &run->random, scratch, run->halves, error));
    for (bool found = true; found && scan->groups_count < run->options.groups_max;)
        EH_TRY(round_do(run, &found, error));
    scan->more = scan->groups_count == run->options.groups_max;
    scan->groups = groups;
    scan->options = run->options;
    findable_tell(run);
    *scan_out = scan;
    return EH_OK;
}

eh_code eh_scan_subset_best(const eh_scan_table *table, const eh_scan_options *options, uint32_t restarts, eh_arena *arena,
                            eh_scan_subset *subset_out, eh_error *error)
{
    scan_field *field = NULL;
    eh_scan_options filled = options_filled(options);
    eh_random random;
    EH_TRY(scan_field_make(table, &filled, arena, &field, error));
    void *room = eh_arena_take(arena, 1, scan_subset_room(field));
    if (room == NULL)
        return eh_fail_memory(error);
    eh_random_init(&random, filled.seed);
    eh_scan_subset subset = {.score = 0};
    for (size_t a = 0; a < table->attributes_count; a++)
        subset.values[a] = UINT64_MAX;
    for (eh_scan_direction side = EH_SCAN_LOW; side <= EH_SCAN_HIGH; side++) {
        scan_candidate best;
        scan_subset_spec spec = {.restarts = restarts, .penalty = filled.penalty, .direction = side};
        if (filled.direction != EH_SCAN_BOTH && filled.direction != side)
            continue;
        if (!scan_subset_search(field, field->hits, &spec, &random, &best, room) || best.score <= subset.score)
            continue;
        subset.score = best.score;
        for (size_t a = 0; a < table->attributes_count; a++)
            subset.values[field->attributes[a] - table->attributes] = best.values[a];
    }
    *subset_out = subset;
    return EH_OK;
}
