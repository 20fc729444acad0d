/* Applying a plan: step after step, fitted or with the parameters of an earlier run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "repair/repair_int.h"

/* ---- what all steps use --------------------------------------------------------------------------------------------------- */

double repair_number(const char *text)
{
    return text == NULL ? EH_NAN : strtod(text, NULL);
}

const eh_cube_attribute *repair_group_find(const eh_repair_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->groups_count; i++)
        if (strcmp(plan->groups[i].expression.name, name) == 0)
            return &plan->groups[i];
    return NULL;
}

const char *repair_into(repair_run *run, const char *ending)
{
    return run->step->into != NULL ? run->step->into : eh_arena_format(run->arena, "%s_%s", run->step->column, ending);
}

eh_code repair_ask_numbers(repair_run *run, const eh_buffer *select, size_t count, double *numbers_out)
{
    eh_answer answer;
    EH_TRY(eh_buffer_check(select, run->error));
    EH_TRY(eh_transform_ask(run->engine, select->ptr, 1, run->arena, &answer, run->error));
    EH_ASSERT(answer.rows_count == 1 && answer.columns_count == count);
    for (size_t i = 0; i < count; i++)
        numbers_out[i] = repair_number(answer.values[i]);
    return EH_OK;
}

static eh_code is_whole(repair_run *run, const eh_cube_attribute *group, bool *whole_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_answer answer;
    eh_buffer_format(&sql, "SELECT column_type FROM (DESCRIBE SELECT (%s) AS x FROM evenhand_rows)", group->expression.sql);
    EH_TRY(eh_buffer_check(&sql, run->error));
    EH_TRY(eh_transform_ask(run->engine, sql.ptr, 1, run->arena, &answer, run->error));
    const char *type = answer.rows_count == 1 && answer.values[0] != NULL ? answer.values[0] : "";
    *whole_out = strstr(type, "INT") != NULL && strcmp(type, "INTERVAL") != 0;
    return EH_OK;
}

eh_code repair_group_sql(repair_run *run, const eh_cube_attribute *group, eh_buffer *sql)
{
    const char *names[EH_BANDS_MAX + 1];
    bool whole = false;
    if (group->edges_count == 0) {
        /* As the cube calls them: a value that is called like one of its own names stands in quotes. */
        eh_buffer_format(sql, "CASE WHEN (%s) IS NULL THEN '(missing)' WHEN CAST((%s) AS VARCHAR) IN ('(missing)', '(all others)') THEN '\"' || (%s) || '\"' ELSE CAST((%s) AS VARCHAR) END",
                         group->expression.sql, group->expression.sql, group->expression.sql, group->expression.sql);
        return EH_OK;
    }
    EH_TRY(is_whole(run, group, &whole));
    EH_TRY(eh_band_names(group->edges, group->edges_count, whole, run->arena, names, run->error));
    eh_buffer_format(sql, "CASE WHEN (%s) IS NULL THEN '(missing)'", group->expression.sql);
    for (size_t i = 0; i < group->edges_count; i++) {
        eh_buffer_format(sql, " WHEN (%s) < ", group->expression.sql);
        eh_transform_number(sql, group->edges[i]);
        eh_buffer_text(sql, " THEN ");
        eh_transform_text(sql, names[i]);
    }
    eh_buffer_text(sql, " ELSE ");
    eh_transform_text(sql, names[group->edges_count]);
    eh_buffer_text(sql, " END");
    return EH_OK;
}

eh_code repair_groups_sql(repair_run *run, eh_buffer *sql)
{
    for (size_t i = 0; i < run->step->by_count; i++) {
        eh_buffer_text(sql, i == 0 ? "" : ", ");
        EH_TRY(repair_group_sql(run, repair_group_find(run->plan, run->step->by[i]), sql));
        eh_buffer_format(sql, " AS \"evenhand g%zu\"", i);
    }
    return EH_OK;
}

/* ---- the plan --------------------------------------------------------------------------------------------------------------- */

static eh_code (*const steps[EH_STEPS_COUNT])(repair_run *run) = {
    [EH_STEP_DUPLICATES] = repair_duplicates, [EH_STEP_CORRECT] = repair_correct,     [EH_STEP_IMPUTE] = repair_impute,
    [EH_STEP_REWEIGH] = repair_reweigh,       [EH_STEP_RAKE] = repair_rake,           [EH_STEP_QUANTILES] = repair_quantiles,
    [EH_STEP_DECORRELATE] = repair_decorrelate, [EH_STEP_DROP] = repair_drop,
};

/* The column must be there, under its own name; a new one must not be. */
static eh_code columns_check(repair_run *run)
{
    eh_answer columns;
    const eh_repair_step *step = run->step;
    const char *const needed[] = {step->column, step->start, step->key};
    EH_TRY(eh_transform_columns(run->engine, run->arena, &columns, run->error));
    const char **names = EH_TAKE(run->arena, columns.rows_count + 1, const char *);
    if (names == NULL)
        return eh_fail_memory(run->error);
    for (size_t c = 0; c < columns.rows_count; c++)
        names[c] = columns.values[2 * c];
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        bool there = needed[i] == NULL;
        for (size_t c = 0; c < columns.rows_count && !there; c++)
            there = strcmp(names[c], needed[i]) == 0;
        if (there)
            continue;
        const char *nearest = eh_nearest_name(needed[i], names, columns.rows_count);
        return eh_yaml_fail(step->node, run->error, EH_NOT_FOUND, "there is no column '%.100s'%s%s%s", needed[i], nearest == NULL ? "" : "; do you mean '",
                            nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    }
    for (size_t c = 0; c < columns.rows_count && step->into != NULL; c++)
        if (eh_view_equal_nocase(eh_view_of(names[c]), eh_view_of(step->into)))
            return eh_yaml_fail(step->node, run->error, EH_CONFLICT, "'into: %.100s' is a column already; a repair writes beside, never over", step->into);
    return EH_OK;
}

/* People who are in twice are counted once. */
static eh_code fitted_on(repair_run *run)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    run->from = "evenhand_rows";
    if (run->state->merged == NULL)
        return EH_OK;
    eh_buffer_text(&sql, "(SELECT * FROM evenhand_rows WHERE ");
    eh_transform_name(&sql, run->state->merged);
    eh_buffer_text(&sql, " IS NULL)");
    EH_TRY(eh_buffer_check(&sql, run->error));
    run->from = eh_arena_copy(run->arena, eh_buffer_view(&sql));
    return run->from == NULL ? eh_fail_memory(run->error) : EH_OK;
}

static eh_code step_apply(repair_run *run)
{
    EH_TRY(columns_check(run));
    EH_TRY(fitted_on(run));
    EH_TRY(steps[run->step->kind](run));
    EH_TRY(eh_buffer_check(&run->select, run->error));
    if (run->select.len == 0)
        return EH_OK;
    return eh_transform_step(run->engine, run->select.ptr, run->step->column == NULL ? "rows" : run->step->column, run->error);
}

static eh_code rows_of(eh_engine *engine, eh_arena *arena, repair_state *state, eh_error *error)
{
    eh_answer answer;
    EH_TRY(eh_transform_ask(engine, "SELECT CAST(count(*) AS VARCHAR) FROM evenhand_rows", 1, arena, &answer, error));
    state->rows = state->effective = repair_number(answer.values[0]);
    return EH_OK;
}

/* ---- types ------------------------------------------------------------------------------------------------------------------ */

static void columns_write(const eh_answer *columns, eh_json_writer *writer)
{
    eh_json_array_open(writer, "columns");
    for (size_t c = 0; c < columns->rows_count; c++) {
        eh_json_object_open_flat(writer, NULL);
        eh_json_text(writer, "name", columns->values[2 * c]);
        eh_json_text(writer, "type", columns->values[2 * c + 1]);
        eh_json_object_close(writer);
    }
    eh_json_array_close(writer);
}

static const char *fitted_type(eh_json_value columns, const char *name)
{
    for (size_t i = 0; i < eh_json_count(columns); i++) {
        const char *found = eh_json_as_text(eh_json_member(eh_json_item(columns, i), "name"));
        if (found != NULL && strcmp(found, name) == 0)
            return eh_json_as_text(eh_json_member(eh_json_item(columns, i), "type"));
    }
    return NULL;
}

/* The types are written by us; a file that somebody has changed must not smuggle SQL in. */
static bool is_type(const char *type)
{
    return strspn(type, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_ (),0123456789") == strlen(type);
}

/*
 * A column in which nothing is known, as in one record or a file of few rows, has no type of its own, or is taken for text: it gets the one that it
 * had when the plan was fitted. Numbers are left as they are, so that none is rounded.
 */
static bool is_retyped(const char *now, const char *then)
{
    bool untyped = strcmp(now, "JSON") == 0 || strcmp(now, "\"NULL\"") == 0;
    return then != NULL && is_type(then) && strcmp(now, then) != 0 && (untyped || strcmp(now, "VARCHAR") == 0 || strcmp(then, "VARCHAR") == 0);
}

/* Fields that a record has not, as missing values; their names go to added_out, as texts. */
static eh_code absent_add(eh_engine *engine, eh_json_value fitted, eh_arena *arena, eh_buffer *added_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_json_value columns = eh_json_member(fitted, "columns");
    eh_answer now;
    EH_TRY(eh_transform_columns(engine, arena, &now, error));
    for (size_t i = 0; i < eh_json_count(columns); i++) {
        const char *name = eh_json_as_text(eh_json_member(eh_json_item(columns, i), "name")), *type = name == NULL ? NULL : fitted_type(columns, name);
        bool there = type == NULL || !is_type(type);
        for (size_t c = 0; c < now.rows_count && !there; c++)
            there = eh_view_equal_nocase(eh_view_of(now.values[2 * c]), eh_view_of(name));
        if (there)
            continue;
        eh_buffer_format(&sql, "%sCAST(NULL AS %s) AS ", sql.len == 0 ? "SELECT *, " : ", ", type);
        eh_transform_name(&sql, name);
        eh_buffer_text(added_out, added_out->len == 0 ? "" : ", ");
        eh_transform_text(added_out, name);
    }
    if (sql.len == 0)
        return EH_OK;
    eh_buffer_text(&sql, " FROM " EH_TRANSFORM_BEFORE);
    EH_TRY(eh_buffer_check(added_out, error));
    EH_TRY(eh_buffer_check(&sql, error));
    return eh_transform_step(engine, sql.ptr, "the record", error);
}

/* A field that was not there is not there afterwards, unless a step has left it out itself. */
static eh_code absent_drop(eh_engine *engine, const eh_buffer *added, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    if (added->len == 0)
        return EH_OK;
    eh_buffer_format(&sql, "SELECT COLUMNS(c -> c NOT IN (%s)) FROM " EH_TRANSFORM_BEFORE, added->ptr);
    EH_TRY(eh_buffer_check(&sql, error));
    return eh_transform_step(engine, sql.ptr, "the record", error);
}

static eh_code types_settle(eh_engine *engine, eh_json_value fitted, eh_arena *arena, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0}, names = {0};
    eh_json_value columns = eh_json_member(fitted, "columns");
    eh_answer now;
    EH_TRY(eh_transform_columns(engine, arena, &now, error));
    for (size_t c = 0; c < now.rows_count; c++) {
        const char *name = now.values[2 * c], *type = now.values[2 * c + 1], *then = fitted_type(columns, name);
        if (!is_retyped(type, then))
            continue;
        eh_buffer_text(&sql, sql.len == 0 ? "SELECT * REPLACE (CAST(" : ", CAST(");
        eh_transform_name(&sql, name);
        eh_buffer_format(&sql, " AS %s) AS ", then);
        eh_transform_name(&sql, name);
        eh_buffer_format(&names, "%s'%.60s' was %.40s", names.len == 0 ? "" : ", ", name, then);
    }
    if (sql.len == 0)
        return EH_OK;
    eh_buffer_text(&sql, ") FROM " EH_TRANSFORM_BEFORE);
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_buffer_check(&names, error));
    if (eh_transform_step(engine, sql.ptr, "a column has another type than when the plan was fitted", error) != EH_OK)
        return eh_fail_within(error, "%s", names.ptr);
    return EH_OK;
}

static void run_dispose(repair_run *run)
{
    eh_buffer_dispose(&run->select);
}

eh_code eh_repair_apply(eh_engine *engine, const eh_repair_plan *plan, const void *fitted, eh_arena *arena, eh_buffer *fitted_out,
                        eh_repair_result *result_out, eh_error *error)
{
    eh_json_writer writer;
    eh_json_value steps_fitted = eh_json_member(fitted, "steps");
    eh_repair_result *result = EH_TAKE(arena, 1, eh_repair_result);
    if (result == NULL)
        return eh_fail_memory(error);
    if (fitted != NULL && eh_json_count(steps_fitted) != plan->steps_count)
        return eh_fail(error, EH_CONFLICT, "the fitted parameters have %zu steps and the plan has %zu; fit again with --fit", eh_json_count(steps_fitted), plan->steps_count);
    repair_state state = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer added = {0};
    eh_answer columns;
    if (fitted != NULL)
        EH_TRY(types_settle(engine, fitted, arena, error));
    if (fitted != NULL && plan->absent_is_missing)
        EH_TRY(absent_add(engine, fitted, arena, &added, error));
    EH_TRY(rows_of(engine, arena, &state, error));
    EH_TRY(eh_transform_columns(engine, arena, &columns, error));
    eh_json_begin(&writer, fitted_out, true, false);
    eh_json_object_open(&writer, NULL);
    eh_json_text(&writer, "kind", "fitted");
    eh_json_text(&writer, "version", EVENHAND_VERSION);
    eh_json_text(&writer, "plan_sha256", plan->sha256);
    columns_write(&columns, &writer);
    eh_json_array_open(&writer, "steps");
    for (size_t i = 0; i < plan->steps_count; i++) {
        EH_CLEANUP(run_dispose) repair_run run = {.engine = engine, .plan = plan, .arena = arena, .error = error, .writer = &writer, .state = &state,
                                                  .step = &plan->steps[i], .done = &result->steps[i],
                                                  .fitted = fitted == NULL ? NULL : eh_json_item(steps_fitted, i)};
        *run.done = (eh_repair_done){.step = run.step, .people = state.rows, .effective_before = state.effective, .effective_after = state.effective,
                                     .before = EH_NAN, .after = EH_NAN};
        result->steps_count++;
        eh_json_object_open(&writer, NULL);
        eh_json_text(&writer, "do", eh_step_name(run.step->kind));
        if (step_apply(&run) != EH_OK) {
            if (strstr(error->text, plan->path) != NULL)
                return error->code;
            (void)eh_fail_within(error, "step '%s'", eh_step_name(run.step->kind));
            return eh_yaml_fail_within(run.step->node, error);
        }
        eh_json_object_close(&writer);
        state.effective = run.done->effective_after;
    }
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(fitted_out, '\n');
    EH_TRY(eh_buffer_check(fitted_out, error));
    EH_TRY(absent_drop(engine, &added, error));
    *result_out = *result;
    return EH_OK;
}
