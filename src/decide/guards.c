/* The guards of a plan: a small cube of anonymous groups, and the audit engine's verdicts on it. */
#include <stdlib.h>
#include <string.h>

#include "decide/plan_int.h"

enum { AUDIT_REPLICATES = 200 };

/* Cells by their keys: open addressing over an array that grows. */
typedef struct {
    eh_cell *cells;
    uint32_t *index;
    size_t count, capacity; /* of cells; the index has twice as many places */
} cell_table;

static uint64_t hash_of(const eh_cell *cell)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ cell->decision;
    for (size_t i = 0; i < EH_ATTRIBUTES_MAX; i++)
        hash = (hash ^ cell->group[i]) * UINT64_C(0x100000001B3);
    return hash ^ hash >> 29;
}

static bool same_keys(const eh_cell *a, const eh_cell *b)
{
    return a->decision == b->decision && memcmp(a->group, b->group, sizeof a->group) == 0;
}

static eh_code table_grow(cell_table *table, eh_error *error)
{
    size_t capacity = table->capacity == 0 ? 1024 : table->capacity * 2;
    if (capacity > EH_CELLS_MAX)
        return eh_fail(error, EH_LIMIT, "the groups make more than %d cells", EH_CELLS_MAX);
    eh_cell *cells = realloc(table->cells, capacity * sizeof *cells);
    if (cells == NULL)
        return eh_fail_memory(error);
    table->cells = cells;
    uint32_t *index = calloc(capacity * 2, sizeof *index);
    if (index == NULL)
        return eh_fail_memory(error);
    free(table->index);
    table->index = index;
    table->capacity = capacity;
    for (size_t i = 0; i < table->count; i++) {
        size_t at = hash_of(&cells[i]) % (capacity * 2);
        while (index[at] != 0)
            at = (at + 1) % (capacity * 2);
        index[at] = (uint32_t)i + 1;
    }
    return EH_OK;
}

static eh_code table_add(cell_table *table, const eh_cell *keys, eh_error *error)
{
    if (table->count == table->capacity)
        EH_TRY(table_grow(table, error));
    size_t at = hash_of(keys) % (table->capacity * 2);
    while (table->index[at] != 0 && !same_keys(&table->cells[table->index[at] - 1], keys))
        at = (at + 1) % (table->capacity * 2);
    if (table->index[at] == 0) {
        table->cells[table->count] = *keys;
        table->index[at] = (uint32_t)++table->count;
    }
    eh_cell *cell = &table->cells[table->index[at] - 1];
    cell->count++;
    cell->weight += 1;
    cell->weight_squares += 1;
    return EH_OK;
}

static int by_keys(const void *a, const void *b)
{
    const eh_cell *one = a, *other = b;
    for (size_t i = 0; i < EH_ATTRIBUTES_MAX; i++)
        if (one->group[i] != other->group[i])
            return one->group[i] < other->group[i] ? -1 : 1;
    return (int)one->decision - (int)other->decision;
}

static bool counts(const eh_plan *plan, size_t person)
{
    return plan->stage[person] != STAGE_NONE && plan->stage[person] != EH_STAGE_CONSENT;
}

/* One attribute: only groups that are there, in their order; what is missing is a group too. */
typedef struct {
    const char *name;
    const uint16_t *group; /* NULL: AI on or off */
    uint16_t *places;      /* group -> index in the cube; the last: missing */
    size_t groups_count;
} guarded;

static uint16_t group_of(const eh_plan *plan, const guarded *attribute, size_t person)
{
    if (attribute->group == NULL)
        return plan->ai[person].may ? 0 : 1;
    return attribute->group[person] < attribute->groups_count ? attribute->group[person] : (uint16_t)attribute->groups_count;
}

static const char *const ai_groups[] = {"AI on", "AI off"};

/* false: one group only, there is nothing to compare. */
static eh_code dimension_make(const eh_plan *plan, const eh_plan_groups *groups, guarded *attribute, eh_arena *arena, eh_cube_dimension *out, bool *kept_out,
                              eh_error *error)
{
    size_t all = groups == NULL ? 2 : groups->groups_count;
    const char *const *names = groups == NULL ? ai_groups : groups->groups;
    *attribute = (guarded){.name = groups == NULL ? EH_PLAN_AI_ATTRIBUTE : groups->name, .group = groups == NULL ? NULL : groups->group, .groups_count = all};
    if (all > EH_GROUPS_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu groups, at most %d", attribute->name, all, EH_GROUPS_MAX);
    attribute->places = EH_TAKE(arena, all + 1, uint16_t);
    uint64_t *people = EH_TAKE(arena, all + 1, uint64_t);
    eh_cube_group *list = EH_TAKE(arena, all + 1, eh_cube_group);
    if (attribute->places == NULL || people == NULL || list == NULL)
        return eh_fail_memory(error);
    for (size_t person = 0; person < plan->people; person++)
        if (counts(plan, person))
            people[group_of(plan, attribute, person)]++;
    size_t count = 0, known = 0;
    for (size_t g = 0; g <= all; g++) {
        if (people[g] == 0)
            continue;
        attribute->places[g] = (uint16_t)count;
        list[count++] = (eh_cube_group){.name = g == all ? "(missing)" : names[g], .missing = g == all};
        known += g < all;
    }
    *out = (eh_cube_dimension){.name = attribute->name, .groups = list, .groups_count = count};
    *kept_out = known >= 2;
    return EH_OK;
}

typedef struct {
    eh_cube cube;
    guarded attributes[EH_ATTRIBUTES_MAX];
    eh_reference references[EH_ATTRIBUTES_MAX];
    size_t references_count;
    bool without_ai;
} guard_cube;

static eh_code cube_cells(const eh_plan *plan, guard_cube *guard, eh_arena *arena, eh_error *error)
{
    cell_table table = {0};
    eh_code code = EH_OK;
    for (size_t person = 0; person < plan->people && code == EH_OK; person++) {
        if (!counts(plan, person))
            continue;
        eh_cell keys = {.label = EH_UNKNOWN, .decision = plan->choice[person] != EH_NO_OFFER ? EH_TRUE : EH_FALSE};
        for (size_t a = 0; a < guard->cube.dimensions_count; a++)
            keys.group[a] = guard->attributes[a].places[group_of(plan, &guard->attributes[a], person)];
        code = table_add(&table, &keys, error);
        guard->cube.rows++;
    }
    eh_cell *cells = code == EH_OK ? EH_TAKE(arena, table.count, eh_cell) : NULL;
    if (code == EH_OK && cells == NULL)
        code = eh_fail_memory(error);
    if (code == EH_OK && table.count > 0) {
        qsort(table.cells, table.count, sizeof *table.cells, by_keys);
        memcpy(cells, table.cells, table.count * sizeof *cells);
    }
    guard->cube.cells = cells;
    guard->cube.cells_count = table.count;
    free(table.cells);
    free(table.index);
    return code;
}

static eh_code cube_make(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, eh_arena *arena, guard_cube *guard, eh_error *error)
{
    static const char *const strata[] = {""};
    bool by_model = plan->input.campaign->choose == EH_CHOOSE_MODEL && !guard->without_ai;
    for (size_t i = 0; i < groups_count + by_model; i++) {
        const eh_plan_groups *each = i < groups_count ? &groups[i] : NULL;
        size_t at = guard->cube.dimensions_count;
        bool kept = false;
        if (at == EH_ATTRIBUTES_MAX)
            return eh_fail(error, EH_LIMIT, "more than %d attributes to guard", EH_ATTRIBUTES_MAX);
        EH_TRY(dimension_make(plan, each, &guard->attributes[at], arena, &guard->cube.dimensions[at], &kept, error));
        if (!kept)
            continue;
        if (each == NULL)
            guard->references[guard->references_count++] = (eh_reference){EH_PLAN_AI_ATTRIBUTE, ai_groups[0]};
        else if (each->reference >= 0 && (size_t)each->reference < each->groups_count)
            guard->references[guard->references_count++] = (eh_reference){each->name, each->groups[each->reference]};
        guard->cube.dimensions_count++;
    }
    guard->cube.strata = strata;
    guard->cube.strata_count = 1;
    return cube_cells(plan, guard, arena, error);
}

/* By differences: every comparison of selection rates on that scale. */
static eh_verdict section_by_difference(const eh_audit_section *section)
{
    eh_verdict worst = EH_WITHIN_TOLERANCE;
    for (size_t c = 0; c < section->comparisons_count; c++) {
        const eh_comparison *each = &section->comparisons[c];
        if (each->measure == EH_SELECTION_RATE && each->scale == EH_SCALE_DIFFERENCE)
            worst = each->verdict > worst ? each->verdict : worst;
    }
    return worst;
}

/* Opted-out people are a group like any other. Where they get the same share by lot, a handful of them is no reason to ask. */
static eh_verdict verdict_of(const eh_plan *plan, const eh_audit *audit, bool difference, bool *declared_out)
{
    eh_verdict worst = EH_WITHIN_TOLERANCE;
    *declared_out = false;
    for (size_t i = 0; i < audit->attributes_count; i++) {
        const eh_audit_section *section = &audit->attributes[i];
        bool ai = strcmp(section->name, EH_PLAN_AI_ATTRIBUTE) == 0;
        bool alike = plan->input.frame->without_ai == EH_WITHOUT_AI_LIKE_OTHERS;
        eh_verdict verdict = difference ? section_by_difference(section) : section->verdict;
        *declared_out = *declared_out || !ai;
        if (verdict > worst && !(ai && alike && verdict == EH_NOT_ENOUGH_EVIDENCE))
            worst = verdict;
    }
    for (size_t i = 0; i < audit->intersections_count; i++)
        if ((difference ? section_by_difference(&audit->intersections[i]) : audit->intersections[i].verdict) == EH_VIOLATES)
            worst = EH_VIOLATES;
    return worst;
}

eh_code eh_plan_guard(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, uint32_t depth, eh_arena *arena, eh_plan_verdict *verdict_out,
                      eh_error *error)
{
    const eh_campaign *campaign = plan->input.campaign;
    eh_plan_guard_options options = {.ratio_min = campaign->ratio_min, .confidence = campaign->confidence, .depth = depth};
    return eh_plan_guard_by(plan, groups, groups_count, &options, arena, verdict_out, error);
}

eh_code eh_plan_guard_by(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, const eh_plan_guard_options *wanted, eh_arena *arena,
                         eh_plan_verdict *verdict_out, eh_error *error)
{
    guard_cube *guard = EH_TAKE(arena, 1, guard_cube);
    eh_plan_verdict out = {.verdict = EH_NOT_ENOUGH_EVIDENCE, .nothing_compared = true};
    if (guard == NULL)
        return eh_fail_memory(error);
    guard->without_ai = wanted->without_ai;
    EH_TRY(cube_make(plan, groups, groups_count, arena, guard, error));
    if (guard->cube.dimensions_count == 0 || guard->cube.rows == 0) {
        *verdict_out = out; /* who cannot look does not say yes */
        return EH_OK;
    }
    eh_audit_options options = {.ratio_min = wanted->ratio_min, .confidence = wanted->confidence, .depth = wanted->depth,
                                .references = guard->references, .references_count = guard->references_count,
                                .replicates_count = AUDIT_REPLICATES, .seed = plan->input.frame->seed, .threads = 1};
    if (options.depth > guard->cube.dimensions_count)
        options.depth = (uint32_t)guard->cube.dimensions_count;
    EH_TRY(eh_audit_run(&guard->cube, NULL, 0, &options, arena, &out.audit, error));
    bool declared = false;
    out.verdict = verdict_of(plan, out.audit, wanted->difference, &declared);
    out.nothing_compared = !declared;
    if (!declared && out.verdict == EH_WITHIN_TOLERANCE)
        out.verdict = EH_NOT_ENOUGH_EVIDENCE;
    out.cube = &guard->cube;
    *verdict_out = out;
    return EH_OK;
}
