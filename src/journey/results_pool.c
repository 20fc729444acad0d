/* All plans of a campaign together: the mean over everything that they gave, a person's share in it taken as one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "journey/results_int.h"

enum { PLANS_MAX = 64 };

/* One person in one plan. */
typedef struct {
    const char *key;
    double weight, difference;
    bool held;
} share;

typedef struct {
    share *items;
    size_t count, capacity;
} shares;

static int by_key(const void *a, const void *b) { return strcmp(((const share *)a)->key, ((const share *)b)->key); }

static eh_code shares_grow(shares *of, size_t more, eh_error *error)
{
    size_t wanted = of->count + more;
    if (wanted <= of->capacity)
        return EH_OK;
    share *grown = realloc(of->items, wanted * 2 * sizeof *grown);
    if (grown == NULL)
        return eh_fail_memory(error);
    of->items = grown;
    of->capacity = wanted * 2;
    return EH_OK;
}

/* Two of each at the least, as for a plan alone. */
static bool can_compare(const eh_results_run *one)
{
    return one->report->all.got >= 2 && one->report->all.held >= 2;
}

static eh_code shares_add(const eh_results_run *one, eh_arena *arena, shares *of, bool *added_out, eh_error *error)
{
    eh_contributions found;
    *added_out = false;
    eh_results_effect_of_all((eh_results_run *)(uintptr_t)one, &one->report->all);
    if (!can_compare(one))
        return EH_OK;
    EH_TRY(eh_contributions_take(one->arena, one->known_count, &found, error));
    if (!eh_results_contributions(one, EH_ALL_OFFERS, &found))
        return EH_OK;
    EH_TRY(shares_grow(of, one->known_count, error));
    for (size_t i = 0; i < one->known_count; i++) {
        const char *key = eh_arena_copy(arena, eh_view_of(one->keys[one->row[i]]));
        if (key == NULL)
            return eh_fail_memory(error);
        of->items[of->count++] = (share){.key = key, .weight = found.weights[i], .difference = found.difference[i], .held = one->people[one->row[i]].stage == EH_STAGE_HOLDOUT};
    }
    *added_out = true;
    return EH_OK;
}

static eh_code plan_add(const eh_results_run *run, const char *plan, shares *of, bool *added_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    eh_report_campaign report = {0};
    eh_results_request request = *run->request;
    eh_error absent = {0};
    request.name = plan;
    request.outcome = run->report->outcome;
    *added_out = false;
    if (arena == NULL)
        return eh_fail_memory(error);
    eh_results_run one = {.request = &request, .arena = arena, .report = &report};
    eh_code code = eh_results_load(&one, error);
    if (code == EH_OK && eh_results_outcomes(&one, &absent) == EH_OK)
        code = shares_add(&one, run->arena, of, added_out, error);
    else if (code == EH_OK && absent.code != EH_NOT_FOUND)
        code = eh_fail(error, absent.code, "%s", absent.text);
    eh_campaign_close(&one.campaign_file);
    eh_plan_file_close(&one.file);
    eh_store_close(&one.store);
    eh_workspace_close(&one.workspace);
    return code;
}

static eh_code pool_count(const eh_results_run *run, shares *of, eh_error *error)
{
    eh_campaign_pool *pool = &run->report->pool;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    double *values = arena == NULL ? NULL : EH_TAKE(arena, of->count, double), *weights = arena == NULL ? NULL : EH_TAKE(arena, of->count, double);
    uint32_t *person = arena == NULL ? NULL : EH_TAKE(arena, of->count, uint32_t), number = 0;
    if (values == NULL || weights == NULL || person == NULL)
        return eh_fail_memory(error);
    if (of->count > 0)
        qsort(of->items, of->count, sizeof *of->items, by_key);
    for (size_t i = 0; i < of->count; number++) {
        bool held = false, open = false, gets = false;
        for (const char *key = of->items[i].key; i < of->count && strcmp(of->items[i].key, key) == 0; i++) {
            values[i] = of->items[i].weight > 0 ? of->items[i].difference : 0;
            weights[i] = of->items[i].weight;
            person[i] = number;
            held = held || of->items[i].held;
            open = open || !of->items[i].held;
            gets = gets || weights[i] > 0;
            pool->decisions += weights[i] > 0;
        }
        pool->mixed += held && open;
        pool->people += gets;
    }
    pool->adjusted = eh_effect_mean_by(values, weights, person, of->count, run->report->confidence);
    pool->word = pool->adjusted.low > 0 ? EH_EFFECT_MORE : pool->adjusted.high < 0 ? EH_EFFECT_LESS : EH_EFFECT_UNCLEAR;
    return EH_OK;
}

eh_code eh_results_pool(eh_results_run *run, eh_error *error)
{
    shares of = {0};
    eh_campaign_pool *pool = &run->report->pool;
    eh_code code = EH_OK;
    if (run->plans_count < 2 || run->report->outcome == NULL)
        return EH_OK;
    for (size_t p = 0; p < run->plans_count && code == EH_OK; p++) {
        bool added = false;
        if (p < PLANS_MAX)
            code = plan_add(run, run->plans[p].plan, &of, &added, error);
        pool->plans += added;
        pool->silent += !added;
    }
    if (code == EH_OK && pool->plans > 0)
        code = pool_count(run, &of, error);
    free(of.items);
    return code;
}
