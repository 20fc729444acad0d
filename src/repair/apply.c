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
        eh_buffer_format(sql, "coalesce(CAST((%s) AS VARCHAR), '(missing)')", group->expression.sql);
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

static eh_code step_apply(repair_run *run)
{
    EH_TRY(columns_check(run));
    EH_TRY(steps[run->step->kind](run));
    EH_TRY(eh_buffer_check(&run->select, run->error));
    if (run->select.len == 0)
        return EH_OK;
    return eh_transform_step(run->engine, run->select.ptr, run->step->column == NULL ? "rows" : run->step->column, run->error);
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
    eh_json_begin(&writer, fitted_out, true, false);
    eh_json_object_open(&writer, NULL);
    eh_json_text(&writer, "kind", "fitted");
    eh_json_text(&writer, "version", EVENHAND_VERSION);
    eh_json_text(&writer, "plan_sha256", plan->sha256);
    eh_json_array_open(&writer, "steps");
    for (size_t i = 0; i < plan->steps_count; i++) {
        EH_CLEANUP(run_dispose) repair_run run = {.engine = engine, .plan = plan, .arena = arena, .error = error, .writer = &writer,
                                                  .step = &plan->steps[i], .done = &result->steps[i],
                                                  .fitted = fitted == NULL ? NULL : eh_json_item(steps_fitted, i)};
        *run.done = (eh_repair_done){.step = run.step, .people = EH_NAN, .effective_before = EH_NAN, .effective_after = EH_NAN, .before = EH_NAN, .after = EH_NAN};
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
    }
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(fitted_out, '\n');
    EH_TRY(eh_buffer_check(fitted_out, error));
    *result_out = *result;
    return EH_OK;
}
