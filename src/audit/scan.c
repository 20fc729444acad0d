/* The scan: found on one half, confirmed on the other, told one after the other. */
#include "audit/scan.h"

#include <math.h>
#include <string.h>

#include "audit/scan_int.h"

enum { REPLICATES_PER_ERROR = 10, RANK_USUAL = 3 };
static const double penalty_usual = 2, confidence_usual = 0.95, power = 0.8;

typedef struct {
    scan_candidate group;
    double p;           /* adjusted, of both directions of the split */
    int half;           /* the half that confirmed it */
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
        if (sign * (now.hits / now.mass - before.hits / before.mass) > 0)
            known->half = half;
        known->p = fmin(known->p, p);
        return;
    }
    run->confirmed[run->confirmed_count++] = (confirmed_group){*group, p, half};
}

/*
 * Weighted Bonferroni: the i-th best of the finding half gets the share 1/i of the error, because there the truth is likely to
 * stand (Genovese, Roeder and Wasserman 2006; the weights know nothing of the confirming half). Twice, for both ways round.
 */
static eh_code candidates_confirm(scan_run *run, int half, eh_arena *scratch, eh_error *error)
{
    void *room = eh_arena_take(scratch, 1, scan_half_room(run->halves[half]));
    if (room == NULL)
        return eh_fail_memory(error);
    double harmonic = 0;
    for (size_t i = 0; i < run->candidates_count; i++)
        harmonic += 1 / (double)(i + 1);
    for (size_t i = 0; i < run->candidates_count; i++) {
        double p = 2 * harmonic * (double)(i + 1) * scan_half_p(run->halves[half], &run->candidates[i], room);
        if (p <= 1 - run->options.confidence)
            confirmed_add(run, &run->candidates[i], p, half);
    }
    return EH_OK;
}

/* ---- one round: find, confirm, choose ------------------------------------------------------------------------------------------------ */

static const confirmed_group *confirmed_best(scan_run *run)
{
    const confirmed_group *best = NULL;
    double best_score = (double)-EH_INFINITY;
    for (size_t i = 0; i < run->confirmed_count; i++) {
        scan_candidate *group = &run->confirmed[i].group;
        double score = scan_score_exact(run->whole, group, NULL) - run->options.penalty * scan_words(run->whole, group);
        if (score <= best_score)
            continue;
        best_score = score;
        best = &run->confirmed[i];
    }
    return best;
}

/* The kind of group whose maximum in random files it is held against: its number of values if they are single ones, else subsets. */
static int family_of(const scan_run *run, const scan_candidate *group, double *named_out)
{
    int depth = 0;
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
    return single && depth >= 1 && depth <= (int)run->scan->depth ? depth - 1 : SCAN_SUBSETS;
}

/* The p-value of the group alone, in the whole file, times the number of groups that the search could have found instead. */
static double search_p_bound(const scan_run *run, const scan_candidate *group, int family, void *room)
{
    double groups_log = 0;
    for (size_t a = 0; family == SCAN_SUBSETS && a < run->whole->attributes_count; a++)
        groups_log += run->whole->levels[a] * log(2);
    if (family != SCAN_SUBSETS)
        groups_log = log((double)run->scan->groups_looked_at);
    double families_log = log(2 * (run->options.direction == EH_SCAN_BOTH ? 2 : 1)); /* lattice and subsets; sides */
    return exp(groups_log + families_log + log(scan_half_p(run->whole, group, room)));
}

static eh_code search_p(scan_run *run, const scan_candidate *group, double score, eh_arena *scratch, double *p_out, eh_error *error)
{
    scan_lattice *lattice = NULL;
    double named = 0;
    int family = family_of(run, group, &named);
    void *room = eh_arena_take(scratch, 1, scan_half_room(run->whole));
    if (room == NULL)
        return eh_fail_memory(error);
    *p_out = search_p_bound(run, group, family, room);
    if (*p_out <= 1 - run->options.confidence) /* beyond doubt without random files */
        return EH_OK;
    EH_TRY(scan_lattice_make(run->whole, run->options.depth, scratch, &lattice, error));
    if (family == SCAN_SUBSETS) {
        score -= run->options.penalty * named;
    } else {
        scan_sums sums = scan_sums_of(run->whole, group);
        score = scan_score_matched(&sums, group->direction);
    }
    double files = ceil(REPLICATES_PER_ERROR / (1 - run->options.confidence)) - 1;
    scan_replicates asked = {.lattice = lattice, .options = &run->options, .family = family, .score = score, .count = (size_t)files};
    run->scan->replicates_count = (uint32_t)asked.count;
    return scan_search_p(run->whole, &asked, &run->random, p_out, error);
}

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
    const confirmed_group *best = confirmed_best(run);
    if (best == NULL)
        return EH_OK;
    eh_scan_group *told = &run->groups[run->scan->groups_count];
    *told = (eh_scan_group){.p_confirmed = fmin(best->p, 1)};
    told->score = scan_score_exact(run->whole, &best->group, &told->odds_factor);
    told->score_penalized = told->score - run->options.penalty * scan_words(run->whole, &best->group);
    EH_TRY(search_p(run, &best->group, told->score, scratch, &told->p_search, error));
    told->p = fmax(told->p_search, told->p_confirmed);
    if (told->p > 1 - run->options.confidence)
        return EH_OK;
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

/* What a group would have to show on the half that confirms it, when it stands among the first of the half that finds it. */
static void findable_tell(scan_run *run)
{
    static const double shares[EH_SCAN_FINDABLE_COUNT] = {0.01, 0.02, 0.05, 0.1, 0.2};
    eh_scan *scan = run->scan;
    double harmonic = 0;
    for (size_t i = 0; i < run->candidates_count; i++)
        harmonic += 1 / (double)(i + 1);
    harmonic = harmonic < 1 ? 1 : harmonic;
    for (size_t i = 0; i < EH_SCAN_FINDABLE_COUNT; i++) {
        double half = scan->effective / 2;
        eh_detectable_spec spec = {.scale = EH_SCALE_DIFFERENCE, .trials_a = shares[i] * half, .trials_b = (1 - shares[i]) * half,
                                   .rate_b = scan->expected, .null_value = 0, .direction = -1, .power = power,
                                   .alpha = (1 - run->options.confidence) / (harmonic * RANK_USUAL)};
        bool large = shares[i] * (double)scan->rows >= run->whole->rows_min;
        scan->findable[i] = (eh_scan_findable){shares[i], EH_NAN, EH_NAN};
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

static eh_code lattice_tell(scan_run *run, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    scan_lattice *lattice = NULL;
    if (scratch == NULL)
        return eh_fail_memory(error);
    EH_TRY(scan_lattice_make(run->whole, run->options.depth, scratch, &lattice, error));
    run->scan->depth = scan_lattice_depth(lattice);
    run->scan->groups_looked_at = scan_lattice_groups(lattice);
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
    EH_TRY(lattice_tell(run, error));
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
