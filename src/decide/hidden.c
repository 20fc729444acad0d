/* Hidden groups in a plan: the subset scan over protected attributes and over what the shop knows and no model reads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decide/plan_int.h"

enum { PEOPLE_LOOKED_AT_MAX = 40000, ATTRIBUTES_LOOKED_AT_MAX = 8, LEVELS_MAX = 12, BANDS = 4 };

/* One attribute of the scan. */
typedef struct {
    const eh_plan_groups *groups;  /* protected; else NULL */
    const eh_fact_column *column;
    eh_fact_kind kind;
    double edges[BANDS - 1];
    uint8_t places[EH_GROUPS_MAX + 1]; /* group -> index among those that are there */
} looked_at;

typedef struct {
    const eh_plan *plan;
    uint32_t *people;              /* that are looked at */
    size_t people_count;
    looked_at attributes[ATTRIBUTES_LOOKED_AT_MAX];
    eh_cube_dimension dimensions[ATTRIBUTES_LOOKED_AT_MAX];
    size_t attributes_count;
} looking;

static bool may_get(const eh_plan *plan, size_t person) { return plan->stage[person] != STAGE_NONE && plan->stage[person] != EH_STAGE_CONSENT; }

/* Everybody, or so many at equal steps. */
static eh_code people_pick(looking *of, eh_arena *arena, eh_error *error)
{
    size_t all = 0, seen = 0;
    for (size_t person = 0; person < of->plan->people; person++)
        all += may_get(of->plan, person);
    size_t wanted = all < PEOPLE_LOOKED_AT_MAX ? all : PEOPLE_LOOKED_AT_MAX;
    of->people = EH_TAKE(arena, wanted, uint32_t);
    if (of->people == NULL)
        return eh_fail_memory(error);
    for (size_t person = 0; person < of->plan->people; person++)
        if (may_get(of->plan, person) && ++seen * wanted / all > of->people_count)
            of->people[of->people_count++] = (uint32_t)person;
    return EH_OK;
}

static size_t group_of(const looked_at *attribute, size_t person)
{
    if (attribute->groups != NULL)
        return attribute->groups->group[person] < attribute->groups->groups_count ? attribute->groups->group[person] : attribute->groups->groups_count;
    if (attribute->kind == EH_FACT_TEXT)
        return attribute->column->codes[person] < attribute->column->levels_count ? attribute->column->codes[person] : attribute->column->levels_count;
    double number = attribute->column->numbers[person];
    if (attribute->kind == EH_FACT_TRUTH)
        return isnan(number) ? 2 : number != 0;
    size_t band = 0;
    while (band < BANDS - 1 && number >= attribute->edges[band])
        band++;
    return isnan(number) ? BANDS : band;
}

static int by_number(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return one < other ? -1 : one > other;
}

/* Quarters of the people; false when they do not differ. */
static eh_code bands_find(const looking *of, looked_at *attribute, bool *differ_out, eh_error *error)
{
    double *numbers = calloc(of->people_count + 1, sizeof *numbers);
    size_t count = 0;
    if (numbers == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < of->people_count; i++)
        if (!isnan(attribute->column->numbers[of->people[i]]))
            numbers[count++] = attribute->column->numbers[of->people[i]];
    qsort(numbers, count, sizeof *numbers, by_number);
    *differ_out = count > 0 && numbers[0] < numbers[count - 1];
    for (size_t b = 0; b < BANDS - 1 && count > 0; b++)
        attribute->edges[b] = numbers[count * (b + 1) / BANDS];
    free(numbers);
    return EH_OK;
}

static const char *fact_group_name(const looked_at *attribute, size_t group, eh_arena *arena)
{
    if (attribute->kind == EH_FACT_TEXT)
        return group < attribute->column->levels_count ? attribute->column->levels[group] : "(missing)";
    if (attribute->kind == EH_FACT_TRUTH)
        return group == 2 ? "(missing)" : group == 1 ? "yes" : "no";
    if (group == BANDS)
        return "(missing)";
    if (group == 0)
        return eh_arena_format(arena, "below %g", attribute->edges[0]);
    if (group == BANDS - 1)
        return eh_arena_format(arena, "%g and above", attribute->edges[BANDS - 2]);
    return eh_arena_format(arena, "%g to below %g", attribute->edges[group - 1], attribute->edges[group]);
}

/* Keeps the attribute when at least two of its groups are there. */
static eh_code attribute_add(looking *of, looked_at attribute, const char *name, size_t groups_count, eh_arena *arena, eh_error *error)
{
    size_t people[EH_GROUPS_MAX + 1] = {0}, count = 0;
    if (groups_count > EH_GROUPS_MAX - 1)
        return EH_OK;
    for (size_t i = 0; i < of->people_count; i++)
        people[group_of(&attribute, of->people[i])]++;
    eh_cube_group *list = EH_TAKE(arena, groups_count + 1, eh_cube_group);
    if (list == NULL)
        return eh_fail_memory(error);
    for (size_t g = 0; g <= groups_count; g++) {
        if (people[g] == 0)
            continue;
        bool missing = g == groups_count;
        const char *text = attribute.groups == NULL ? fact_group_name(&attribute, g, arena) : missing ? "(missing)" : attribute.groups->groups[g];
        if (text == NULL)
            return eh_fail_memory(error);
        attribute.places[g] = (uint8_t)count;
        list[count++] = (eh_cube_group){.name = text, .missing = missing};
    }
    if (count < 2)
        return EH_OK;
    of->dimensions[of->attributes_count] = (eh_cube_dimension){.name = name, .groups = list, .groups_count = count};
    of->attributes[of->attributes_count++] = attribute;
    return EH_OK;
}

static eh_code attributes_add(looking *of, const eh_plan_groups *groups, size_t groups_count, size_t *protected_out, eh_arena *arena, eh_error *error)
{
    const eh_plan_input *input = &of->plan->input;
    for (size_t i = 0; i < groups_count && of->attributes_count < ATTRIBUTES_LOOKED_AT_MAX; i++)
        EH_TRY(attribute_add(of, (looked_at){.groups = &groups[i]}, groups[i].name, groups[i].groups_count, arena, error));
    *protected_out = of->attributes_count;
    for (size_t f = 0; f < input->frame->facts_count && *protected_out > 0 && of->attributes_count < ATTRIBUTES_LOOKED_AT_MAX; f++) {
        const eh_frame_fact *fact = &input->frame->facts[f];
        looked_at attribute = {.column = &input->facts[f], .kind = fact->kind};
        bool differ = true;
        if (fact->scored || (fact->kind == EH_FACT_TEXT && attribute.column->levels_count > LEVELS_MAX))
            continue; /* what a model reads makes differences: that is what it is for */
        if (fact->kind == EH_FACT_NUMBER)
            EH_TRY(bands_find(of, &attribute, &differ, error));
        size_t count = fact->kind == EH_FACT_TEXT ? attribute.column->levels_count : fact->kind == EH_FACT_TRUTH ? 2 : BANDS;
        if (differ)
            EH_TRY(attribute_add(of, attribute, fact->name, count, arena, error));
    }
    return EH_OK;
}

static eh_code table_make(const looking *of, eh_scan_table *table, eh_arena *arena, eh_error *error)
{
    uint8_t *codes = EH_TAKE(arena, of->people_count * of->attributes_count, uint8_t);
    eh_scan_cell *cells = EH_TAKE(arena, of->people_count, eh_scan_cell);
    if (codes == NULL || cells == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < of->people_count; i++) {
        size_t person = of->people[i];
        cells[i] = (eh_scan_cell){.rows = 1, .yes = of->plan->choice[person] != EH_NO_OFFER, .weight = 1};
        for (size_t a = 0; a < of->attributes_count; a++)
            codes[i * of->attributes_count + a] = of->attributes[a].places[group_of(&of->attributes[a], person)];
    }
    *table = (eh_scan_table){.attributes = of->dimensions, .attributes_count = of->attributes_count, .codes = codes, .cells = cells, .cells_count = of->people_count};
    return EH_OK;
}

bool eh_plan_hidden_counts(const eh_plan_hidden *hidden, const eh_scan_group *group)
{
    bool named = false;
    for (size_t c = 0; c < group->conditions_count; c++)
        named = named || group->conditions[c].attribute < hidden->protected_count;
    return named && (group->ratio < hidden->ratio_min || group->ratio > 1 / hidden->ratio_min);
}

eh_code eh_plan_scan(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, const eh_plan_guard_options *options, eh_arena *arena,
                     eh_plan_hidden *hidden_out, eh_error *error)
{
    looking *of = EH_TAKE(arena, 1, looking);
    eh_scan_table table;
    size_t yes = 0;
    eh_plan_hidden out = {.verdict = EH_NOT_ENOUGH_EVIDENCE, .ratio_min = options->ratio_min};
    if (of == NULL)
        return eh_fail_memory(error);
    of->plan = plan;
    EH_TRY(people_pick(of, arena, error));
    EH_TRY(attributes_add(of, groups, groups_count, &out.protected_count, arena, error));
    for (size_t i = 0; i < of->people_count; i++)
        yes += plan->choice[of->people[i]] != EH_NO_OFFER;
    if (out.protected_count == 0 || yes == 0 || yes == of->people_count) {
        out.verdict = out.protected_count > 0 && of->people_count > 0 ? EH_WITHIN_TOLERANCE : EH_NOT_ENOUGH_EVIDENCE; /* all alike: nobody is left out */
        *hidden_out = out;
        return EH_OK;
    }
    EH_TRY(table_make(of, &table, arena, error));
    eh_scan_options scan = {.direction = EH_SCAN_BOTH, .penalty = EH_NAN, .confidence = options->confidence, .seed = plan->input.frame->seed, .depth = 2};
    EH_TRY(eh_scan_run(&table, &scan, arena, &out.scan, error));
    out.attributes = of->dimensions;
    out.attributes_count = of->attributes_count;
    out.verdict = out.scan->verdict == EH_VIOLATES ? EH_WITHIN_TOLERANCE : out.scan->verdict;
    for (size_t g = 0; g < out.scan->groups_count; g++)
        if (eh_plan_hidden_counts(&out, &out.scan->groups[g]))
            out.verdict = EH_VIOLATES;
    *hidden_out = out;
    return EH_OK;
}
