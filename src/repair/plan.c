/* The plan: repairs.yaml, read strictly. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "repair/repair_int.h"

static const char *const step_names[EH_STEPS_COUNT + 1] = {"duplicates", "correct", "impute", "reweigh", "rake", "quantiles", "decorrelate", "drop", NULL};
static const char *const with_names[] = {"median", "mode", "value", NULL};

const char *eh_step_name(eh_step_kind kind)
{
    return step_names[kind];
}

/* ---- groups and populations -------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *value;
    const eh_yaml_node *bands;
} group_record;

static eh_code bands_read(const eh_yaml_node *node, eh_arena *arena, eh_cube_attribute *group, eh_error *error)
{
    double *edges = EH_TAKE(arena, node->count + 1, double);
    if (edges == NULL)
        return eh_fail_memory(error);
    if (node->count > EH_BANDS_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu edges, at most %d", node->count, EH_BANDS_MAX);
    for (size_t i = 0; i < node->count; i++) {
        const eh_yaml_node *item = node->items[i];
        if (item->type != EH_YAML_INTEGER && item->type != EH_YAML_NUMBER)
            return eh_yaml_fail(item, error, EH_INPUT, "an edge must be a number, as in bands: [18, 25, 35]");
        edges[i] = item->number;
        if (i > 0 && edges[i] <= edges[i - 1])
            return eh_yaml_fail(item, error, EH_INPUT, "the edges must ascend");
    }
    group->edges = edges;
    group->edges_count = node->count;
    return EH_OK;
}

static eh_code sql_check(const eh_yaml_node *node, const char *text, eh_arena *arena, const char **sql_out, eh_error *error)
{
    eh_expression expression = {0};
    if (eh_expression_parse("expression", eh_view_of(text), arena, &expression, error) != EH_OK)
        return eh_yaml_fail_within(node, error);
    *sql_out = expression.sql;
    return EH_OK;
}

static eh_code group_read(const eh_yaml_member *member, eh_arena *arena, eh_cube_attribute *group, eh_error *error)
{
    static const eh_yaml_field fields[] = {
        {.key = "value", .kind = EH_FIELD_SCALAR, .required = true, .offset = offsetof(group_record, value), .what = "a column or an SQL expression"},
        {.key = "bands", .kind = EH_FIELD_LIST, .offset = offsetof(group_record, bands)},
    };
    group_record record = {0};
    const eh_yaml_node *node = member->value;
    if (node->type == EH_YAML_MAPPING)
        EH_TRY(eh_yaml_read(node, fields, sizeof fields / sizeof fields[0], &record, error));
    else if (node->text == NULL || node->type == EH_YAML_NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "a group is a column, an SQL expression, or {value: age, bands: [25, 45]}");
    else
        record.value = node->text;
    group->expression.name = member->key->text;
    EH_TRY(sql_check(node, record.value, arena, &group->expression.sql, error));
    return record.bands == NULL ? EH_OK : bands_read(record.bands, arena, group, error);
}

static eh_code groups_read(const eh_yaml_node *node, eh_arena *arena, eh_repair_plan *plan, eh_error *error)
{
    if (node->count > EH_ATTRIBUTES_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu groups, at most %d", node->count, EH_ATTRIBUTES_MAX);
    for (size_t i = 0; i < node->count; i++)
        EH_TRY(group_read(&node->members[i], arena, &plan->groups[plan->groups_count++], error));
    return EH_OK;
}

typedef struct {
    const char *read, *weight, *where;
    const eh_yaml_node *by;
} population_record;

static eh_code population_read(const eh_yaml_node *node, eh_arena *arena, eh_population_source *source, eh_error *error)
{
    static const eh_yaml_field fields[] = {
        {.key = "read", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(population_record, read)},
        {.key = "weight", .kind = EH_FIELD_SCALAR, .offset = offsetof(population_record, weight)},
        {.key = "where", .kind = EH_FIELD_SCALAR, .offset = offsetof(population_record, where)},
        {.key = "by", .kind = EH_FIELD_MAPPING, .offset = offsetof(population_record, by)},
    };
    population_record record = {0};
    EH_TRY(eh_yaml_read(node, fields, sizeof fields / sizeof fields[0], &record, error));
    *source = (eh_population_source){.path = record.read};
    if (record.weight != NULL)
        EH_TRY(sql_check(node, record.weight, arena, &source->weight, error));
    if (record.where != NULL)
        EH_TRY(sql_check(node, record.where, arena, &source->where, error));
    if (record.by == NULL)
        return EH_OK;
    eh_expression *by = EH_TAKE(arena, record.by->count, eh_expression);
    if (by == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < record.by->count; i++) {
        const eh_yaml_member *member = &record.by->members[i];
        if (member->value->text == NULL)
            return eh_yaml_fail(member->value, error, EH_INPUT, "an SQL expression over the population's columns is needed");
        by[i].name = member->key->text;
        EH_TRY(sql_check(member->value, member->value->text, arena, &by[i].sql, error));
    }
    source->by = by;
    source->by_count = record.by->count;
    return EH_OK;
}

static eh_code populations_read(const eh_yaml_node *node, eh_arena *arena, eh_repair_plan *plan, eh_error *error)
{
    bool several = node->type == EH_YAML_LIST;
    if (several && node->count > EH_POPULATIONS_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu files, at most %d", node->count, EH_POPULATIONS_MAX);
    for (size_t i = 0; i < (several ? node->count : 1); i++)
        EH_TRY(population_read(several ? node->items[i] : node, arena, &plan->populations[plan->populations_count++], error));
    return EH_OK;
}

/* ---- steps ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    int32_t kind, with;
    const eh_yaml_node *by, *missing_when;
    eh_repair_step step;
} step_record;

static const eh_yaml_field step_fields[] = {
    {.key = "do", .kind = EH_FIELD_CHOICE, .required = true, .offset = offsetof(step_record, kind), .choices = step_names},
    {.key = "why", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(step_record, step.why)},
    {.key = "column", .kind = EH_FIELD_SCALAR, .offset = offsetof(step_record, step.column)},
    {.key = "into", .kind = EH_FIELD_SCALAR, .offset = offsetof(step_record, step.into)},
    {.key = "by", .kind = EH_FIELD_NODE, .offset = offsetof(step_record, by)},
    {.key = "outcome", .kind = EH_FIELD_SCALAR, .offset = offsetof(step_record, step.outcome)},
    {.key = "with", .kind = EH_FIELD_CHOICE, .offset = offsetof(step_record, with), .choices = with_names},
    {.key = "value", .kind = EH_FIELD_SCALAR, .offset = offsetof(step_record, step.value)},
    {.key = "missing_when", .kind = EH_FIELD_NODE, .offset = offsetof(step_record, missing_when)},
    {.key = "unit_when", .kind = EH_FIELD_SCALAR, .offset = offsetof(step_record, step.unit_when)},
    {.key = "multiply_by", .kind = EH_FIELD_NUMBER, .offset = offsetof(step_record, step.unit_factor)},
    {.key = "amount", .kind = EH_FIELD_NUMBER, .offset = offsetof(step_record, step.amount), .min = 0, .max = 1},
    {.key = "cap", .kind = EH_FIELD_NUMBER, .offset = offsetof(step_record, step.cap), .min = 1, .max = 1e6},
    {.key = "start", .kind = EH_FIELD_SCALAR, .offset = offsetof(step_record, step.start)},
    {.key = "key", .kind = EH_FIELD_SCALAR, .offset = offsetof(step_record, step.key)},
    {.key = "decisions", .kind = EH_FIELD_TEXT, .offset = offsetof(step_record, step.decisions)},
};

/* What each kind of step needs, as a bit for each of the keys named below. */
enum { NEEDS_COLUMN = 1, NEEDS_BY = 2, NEEDS_OUTCOME = 4, NEEDS_KEY = 8, NEEDS_DECISIONS = 16 };
static const unsigned step_needs[EH_STEPS_COUNT] = {
    [EH_STEP_DUPLICATES] = NEEDS_KEY | NEEDS_DECISIONS, [EH_STEP_CORRECT] = NEEDS_COLUMN,
    [EH_STEP_IMPUTE] = NEEDS_COLUMN,                    [EH_STEP_REWEIGH] = NEEDS_BY | NEEDS_OUTCOME,
    [EH_STEP_RAKE] = NEEDS_BY,                          [EH_STEP_QUANTILES] = NEEDS_COLUMN | NEEDS_BY,
    [EH_STEP_DECORRELATE] = NEEDS_COLUMN | NEEDS_BY,    [EH_STEP_DROP] = NEEDS_COLUMN,
};

static eh_code needs_check(const eh_yaml_node *node, const eh_repair_step *step, eh_error *error)
{
    const struct {
        unsigned need;
        bool has;
        const char *key;
    } keys[] = {{NEEDS_COLUMN, step->column != NULL, "column"}, {NEEDS_BY, step->by_count > 0, "by"}, {NEEDS_OUTCOME, step->outcome != NULL, "outcome"},
                {NEEDS_KEY, step->key != NULL, "key"}, {NEEDS_DECISIONS, step->decisions != NULL, "decisions"}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if ((step_needs[step->kind] & keys[i].need) != 0 && !keys[i].has)
            return eh_yaml_fail(node, error, EH_INPUT, "the step '%s' needs '%s:'", step_names[step->kind], keys[i].key);
    if (step->kind == EH_STEP_CORRECT && step->missing_when_count == 0 && step->unit_when == NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "the step 'correct' needs 'missing_when:' (conditions) or 'unit_when:' and 'multiply_by:'");
    if ((step->unit_when != NULL) != (step->unit_factor != 0))
        return eh_yaml_fail(node, error, EH_INPUT, "'unit_when:' and 'multiply_by:' go together");
    if (step->kind == EH_STEP_IMPUTE && strcmp(step->with, "value") == 0 && step->value == NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "'with: value' needs 'value:'");
    return EH_OK;
}

static eh_code conditions_check(const eh_yaml_node *node, eh_repair_step *step, eh_arena *arena, eh_error *error)
{
    const char *sql = NULL;
    for (size_t i = 0; i < step->missing_when_count; i++)
        EH_TRY(sql_check(node, step->missing_when[i], arena, &sql, error));
    if (step->unit_when != NULL)
        EH_TRY(sql_check(node, step->unit_when, arena, &step->unit_when, error));
    return step->outcome == NULL ? EH_OK : sql_check(node, step->outcome, arena, &step->outcome, error);
}

static eh_code step_read(const eh_yaml_node *node, eh_arena *arena, const eh_repair_plan *plan, eh_repair_step *step, eh_error *error)
{
    step_record record = {.step = {.amount = 1}};
    EH_TRY(eh_yaml_read(node, step_fields, sizeof step_fields / sizeof step_fields[0], &record, error));
    *step = record.step;
    step->kind = (eh_step_kind)record.kind;
    step->node = node;
    step->with = with_names[record.with];
    if (record.by != NULL)
        EH_TRY(eh_yaml_texts(record.by, EH_ATTRIBUTES_MAX, arena, &step->by, &step->by_count, error));
    if (record.missing_when != NULL)
        EH_TRY(eh_yaml_texts(record.missing_when, EH_REPAIR_CONDITIONS_MAX, arena, &step->missing_when, &step->missing_when_count, error));
    EH_TRY(needs_check(node, step, error));
    EH_TRY(conditions_check(node, step, arena, error));
    const char *names[EH_ATTRIBUTES_MAX];
    for (size_t i = 0; i < plan->groups_count; i++)
        names[i] = plan->groups[i].expression.name;
    for (size_t i = 0; i < step->by_count; i++) {
        if (repair_group_find(plan, step->by[i]) != NULL)
            continue;
        const char *nearest = eh_nearest_name(step->by[i], names, plan->groups_count);
        return eh_yaml_fail(record.by, error, EH_NOT_FOUND, "'%.100s' is not among 'groups:' of the plan%s%s%s", step->by[i], nearest == NULL ? "" : "; do you mean '",
                            nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    }
    return EH_OK;
}

typedef struct {
    const eh_yaml_node *groups, *population, *steps;
    bool skip_unmatched;
} plan_record;

eh_code eh_repair_plan_read(const eh_yaml_node *root, const char *path, eh_arena *arena, eh_repair_plan *plan_out, eh_error *error)
{
    static const eh_yaml_field fields[] = {
        {.key = "groups", .kind = EH_FIELD_MAPPING, .offset = offsetof(plan_record, groups)},
        {.key = "population", .kind = EH_FIELD_NODE, .offset = offsetof(plan_record, population)},
        {.key = "skip_unmatched", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(plan_record, skip_unmatched)},
        {.key = "steps", .kind = EH_FIELD_NODE, .offset = offsetof(plan_record, steps)},
    };
    plan_record record = {0};
    EH_TRY(eh_yaml_read(root, fields, sizeof fields / sizeof fields[0], &record, error));
    eh_repair_plan *plan = EH_TAKE(arena, 1, eh_repair_plan);
    if (plan == NULL)
        return eh_fail_memory(error);
    plan->path = path;
    plan->skip_unmatched = record.skip_unmatched;
    if (record.groups != NULL)
        EH_TRY(groups_read(record.groups, arena, plan, error));
    if (record.population != NULL)
        EH_TRY(populations_read(record.population, arena, plan, error));
    record.steps = eh_yaml_member_value(root, "steps");
    if (record.steps == NULL)
        return eh_yaml_fail(root, error, EH_INPUT, "'steps:' is missing: what to do, one step after the other, as in  steps: [ { do: drop, why: it is empty, column: note } ]");
    bool none = record.steps->type == EH_YAML_NULL; /* all steps are comments still */
    if (!none && record.steps->type != EH_YAML_LIST)
        return eh_yaml_fail(record.steps, error, EH_INPUT, "'steps:' must be a list of steps, as in  - { do: drop, why: it is empty, column: note }");
    if (record.steps->count > EH_REPAIR_STEPS_MAX)
        return eh_yaml_fail(record.steps, error, EH_LIMIT, "%zu steps, at most %d", record.steps->count, EH_REPAIR_STEPS_MAX);
    for (size_t i = 0; i < (none ? 0 : record.steps->count); i++)
        EH_TRY(step_read(record.steps->items[i], arena, plan, &plan->steps[plan->steps_count++], error));
    for (size_t i = 0; i < plan->steps_count; i++)
        if (plan->steps[i].kind == EH_STEP_RAKE && plan->populations_count == 0)
            return eh_yaml_fail(plan->steps[i].node, error, EH_INPUT, "the step 'rake' needs 'population:' in the plan, as in population: {read: census.csv, weight: people}");
    *plan_out = *plan;
    return EH_OK;
}

const char *eh_repair_fitted_path(const char *plan_path, eh_arena *arena)
{
    const char *dot = strrchr(plan_path, '.'), *slash = strrchr(plan_path, '/');
    bool ending = dot != NULL && (slash == NULL || dot > slash);
    return eh_arena_format(arena, "%.*s.fitted", (int)(ending ? (size_t)(dot - plan_path) : strlen(plan_path)), plan_path);
}

/* ---- where it runs ------------------------------------------------------------------------------------------------------------------ */

static eh_code path_place(const char **path, const eh_repair_plan *plan, const char *folder, eh_arena *arena, eh_error *error)
{
    const char *slash = strrchr(plan->path, '/');
    if (*path == NULL || (*path)[0] == '/' || (folder != NULL && strcmp(folder, ".") == 0) || (folder == NULL && (slash == NULL || access(*path, F_OK) == 0)))
        return EH_OK;
    char *placed = folder != NULL ? eh_arena_format(arena, "%s/%s", folder, *path) : eh_arena_format(arena, "%.*s/%s", (int)(slash - plan->path), plan->path, *path);
    if (placed == NULL)
        return eh_fail_memory(error);
    if (folder != NULL || access(placed, F_OK) == 0)
        *path = placed;
    return EH_OK;
}

/* Names under which a condition could get at whole rows, and with them at every column. */
static const char *const row_names[] = {"COLUMNS", "evenhand_rows", "evenhand_before", "evenhand_held", "row"};

static eh_code sql_guard(const eh_repair_step *step, const char *sql, const eh_repair_place *place, eh_error *error)
{
    for (size_t h = 0; h < place->hidden_count; h++)
        if (eh_expression_reads(sql, place->hidden[h]))
            return eh_yaml_fail(step->node, error, EH_DENIED, "'%.200s' reads the protected attribute '%.100s'; a repair may only use it in 'groups:'", sql, place->hidden[h]);
    for (size_t i = 0; i < sizeof row_names / sizeof row_names[0]; i++)
        if (eh_expression_reads(sql, row_names[i]))
            return eh_yaml_fail(step->node, error, EH_DENIED, "'%.200s' could read whole rows, and with them protected attributes; name the columns", sql);
    return EH_OK;
}

static eh_code step_guard(const eh_repair_step *step, const eh_repair_place *place, eh_error *error)
{
    const char *const columns[] = {step->column, step->start, step->key, step->into};
    for (size_t h = 0; h < place->hidden_count; h++)
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
            if (columns[i] != NULL && eh_view_equal_nocase(eh_view_of(columns[i]), eh_view_of(place->hidden[h])))
                return eh_yaml_fail(step->node, error, EH_DENIED, "'%.100s' is a protected attribute: it stays in the vault, and a repair may only use it in 'groups:'", columns[i]);
    for (size_t i = 0; i < step->missing_when_count; i++)
        EH_TRY(sql_guard(step, step->missing_when[i], place, error));
    if (step->unit_when != NULL)
        EH_TRY(sql_guard(step, step->unit_when, place, error));
    return step->outcome == NULL ? EH_OK : sql_guard(step, step->outcome, place, error);
}

eh_code eh_repair_plan_place(eh_repair_plan *plan, const eh_repair_place *place, eh_arena *arena, eh_error *error)
{
    for (size_t i = 0; i < plan->populations_count; i++)
        EH_TRY(path_place(&plan->populations[i].path, plan, place->folder, arena, error));
    for (size_t i = 0; i < plan->steps_count; i++) {
        EH_TRY(path_place(&plan->steps[i].decisions, plan, place->folder, arena, error));
        if (place->hidden_count > 0)
            EH_TRY(step_guard(&plan->steps[i], place, error));
    }
    return EH_OK;
}
