/* Rows that a repair has written, or that a plan of the workspace repairs: what is checked, and what was before. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/check_int.h"

/* ---- what a repair has left ------------------------------------------------------------------------------------------------ */

static bool is_there(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0;
}

static eh_code manifest_read(const char *path, eh_json_document **document_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    EH_TRY(eh_file_read(path, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), path, document_out, error));
    const char *kind = eh_json_as_text(eh_json_member(eh_json_root(*document_out), "kind"));
    return kind != NULL && strcmp(kind, "repair") == 0 ? EH_OK : eh_fail(error, EH_INPUT, "%s does not tell of a repair", path);
}

static bool kind_read(const char *name, eh_step_kind *kind_out)
{
    for (size_t k = 0; k < EH_STEPS_COUNT; k++)
        if (name != NULL && strcmp(name, eh_step_name((eh_step_kind)k)) == 0) {
            *kind_out = (eh_step_kind)k;
            return true;
        }
    return false;
}

/* The columns that the steps of a manifest have written. */
static size_t written_read(eh_json_value manifest, eh_repair_written written[EH_REPAIR_STEPS_MAX])
{
    eh_json_value steps = eh_json_member(manifest, "steps");
    size_t count = 0;
    for (size_t i = 0; i < eh_json_count(steps) && count < EH_REPAIR_STEPS_MAX; i++) {
        eh_json_value step = eh_json_item(steps, i);
        eh_repair_written *one = &written[count];
        *one = (eh_repair_written){.column = eh_json_as_text(eh_json_member(step, "column")), .into = eh_json_as_text(eh_json_member(step, "writes")),
                                   .flag = eh_json_as_text(eh_json_member(step, "flag"))};
        count += kind_read(eh_json_as_text(eh_json_member(step, "do")), &one->kind) ? 1 : 0;
    }
    return count;
}

/* ---- a file that a repair has written ----------------------------------------------------------------------------------------- */

static bool is_column(const check_run *run, const char *name)
{
    const char *const *names = NULL;
    size_t count = 0;
    eh_engine_columns(run->engine, &names, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool reads(const char *sql, const char *column)
{
    return sql != NULL && column != NULL && eh_expression_reads(sql, column);
}

/* Somebody who names a column that a repair has written wants it under its own name. */
static bool is_named(const check_run *run, const char *column)
{
    const eh_cube_spec *spec = &run->spec;
    const char *const texts[] = {spec->label.sql, spec->decision.sql, spec->where, run->request->key};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (reads(texts[i], column))
            return true;
    for (size_t a = 0; a < spec->attributes_count; a++)
        if (reads(spec->attributes[a].expression.sql, column))
            return true;
    for (size_t i = 0; i < run->request->options.ignored_count; i++)
        if (column != NULL && strcmp(run->request->options.ignored[i], column) == 0)
            return true;
    return false;
}

/* All that was written must be there still: the manifest may be of an older file. */
static bool is_of_this_file(const check_run *run, const eh_repair_written *written, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool dropped = written[i].into == NULL;
        for (size_t k = i; k < count && !dropped; k++)
            dropped = written[k].kind == EH_STEP_DROP && strcmp(written[k].column, written[i].into) == 0;
        if (!dropped && !is_column(run, written[i].into))
            return false;
        bool weight = written[i].kind == EH_STEP_REWEIGH || written[i].kind == EH_STEP_RAKE;
        if (!weight && (is_named(run, written[i].into) || is_named(run, written[i].flag)))
            return false;
    }
    return count > 0;
}

static eh_code view_take(check_run *run, const eh_repair_written *written, size_t count, eh_error *error)
{
    EH_TRY(eh_repair_look(run->engine, written, count, run->arena, &run->repairs.view, error));
    if (run->spec.weight.sql == NULL && run->repairs.view.weight != NULL)
        EH_TRY(eh_people_column_expression(run->arena, run->repairs.view.weight, &run->spec.weight, error));
    return EH_OK;
}

/* The source, if it is still what it was: its report is what was before. */
static bool source_is_there(check_run *run, const char ***files_out, size_t *count_out)
{
    eh_json_value inputs = eh_json_member(eh_json_root(run->manifest), "inputs");
    size_t count = eh_json_count(inputs);
    const char **files = EH_TAKE(run->arena, count, const char *);
    for (size_t i = 0; files != NULL && i < count; i++) {
        const char *then = eh_json_as_text(eh_json_member(eh_json_item(inputs, i), "sha256"));
        char now[65];
        uint64_t bytes = 0;
        files[i] = eh_json_as_text(eh_json_member(eh_json_item(inputs, i), "path"));
        if (files[i] == NULL || then == NULL || !is_there(files[i]) || eh_file_sha256(files[i], NULL, now, &bytes, NULL) != EH_OK || strcmp(now, then) != 0)
            return false;
    }
    *files_out = files;
    *count_out = count;
    return files != NULL && count > 0;
}

static void run_close(check_run *run)
{
    run->arena = NULL; /* it is the outer run's */
    check_run_dispose(run);
}

static eh_code source_check(check_run *run, eh_error *error)
{
    EH_CLEANUP(run_close) check_run source = {.arena = run->arena, .as_is = true, .progress.descriptor = -1};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer json = {0};
    const char **files = NULL;
    size_t count = 0;
    if (run->request->audit.before_path != NULL || !source_is_there(run, &files, &count))
        return EH_OK;
    eh_check_request *request = EH_TAKE(run->arena, 1, eh_check_request);
    if (request == NULL)
        return eh_fail_memory(error);
    *request = *run->request;
    request->audit.files = files;
    request->audit.files_count = count;
    if (reads(request->audit.spec.weight.sql, run->repairs.view.weight))
        request->audit.spec.weight = (eh_expression){NULL, NULL};
    source.request = request;
    EH_TRY(check_findings(&source, error));
    eh_check_json(&source.about, source.check, &json);
    EH_TRY(eh_buffer_check(&json, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&json), files[0], &run->before, error));
    run->before_path = eh_arena_copy(run->arena, eh_view_of(files[0]));
    return run->before_path == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code check_repairs_of_file(check_run *run, eh_error *error)
{
    eh_repair_written written[EH_REPAIR_STEPS_MAX];
    const char *path = run->request->audit.files_count == 1 ? eh_arena_format(run->arena, "%s.manifest.json", run->request->audit.files[0]) : NULL;
    if (run->as_is || path == NULL || !is_there(path) || manifest_read(path, &run->manifest, NULL) != EH_OK)
        return EH_OK;
    eh_json_value root = eh_json_root(run->manifest);
    size_t count = written_read(root, written);
    if (!is_of_this_file(run, written, count))
        return EH_OK;
    run->repairs.plan = eh_json_as_text(eh_json_member(root, "plan"));
    run->repairs.plan_sha256 = eh_json_as_text(eh_json_member(root, "plan_sha256"));
    EH_TRY(eh_transform_begin(run->engine, error));
    EH_TRY(view_take(run, written, count, error));
    return source_check(run, error);
}

/* ---- a plan that was applied in the workspace ------------------------------------------------------------------------------------ */

/* The plan where it was, or beside evenhand.yaml when the workspace has moved. */
static const char *plan_find(check_run *run, const char *plan)
{
    const char *name = plan == NULL ? NULL : strrchr(plan, '/');
    if (plan == NULL || is_there(plan))
        return plan;
    const char *beside = eh_workspace_path(run->opened.workspace, name == NULL ? plan : name + 1);
    return beside != NULL && is_there(beside) ? beside : NULL;
}

static void left_out(const check_run *run, const char *why)
{
    if (!run->request->audit.quiet)
        eh_note_show("checked without the repairs that were applied:", why);
}

/* What a step has made of a feature of the past is one as well, and so is its flag. */
static void as_of_inherit(check_run *run, const eh_repair_written *written, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool past = false;
        for (size_t k = 0; k < run->as_of_count && written[i].column != NULL; k++)
            past = past || strcmp(run->as_of[k], written[i].column) == 0;
        if (past && written[i].into != NULL)
            run->as_of[run->as_of_count++] = written[i].into;
        if (past && written[i].flag != NULL)
            run->as_of[run->as_of_count++] = written[i].flag;
    }
}

static eh_code plan_apply(check_run *run, const eh_repair_plan *plan, const char *fitted_path, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *fitted = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0}, again = {0};
    eh_repair_result *result = EH_TAKE(run->arena, 1, eh_repair_result);
    eh_repair_written written[EH_REPAIR_STEPS_MAX];
    if (result == NULL)
        return eh_fail_memory(error);
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    EH_TRY(eh_file_read(fitted_path, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), fitted_path, &fitted, error));
    EH_TRY(eh_transform_begin(run->engine, error));
    EH_TRY(eh_repair_apply(run->engine, plan, eh_json_root(fitted), run->arena, &again, result, error));
    for (size_t i = 0; i < result->steps_count; i++)
        written[i] = (eh_repair_written){result->steps[i].step->kind, result->steps[i].step->column, result->steps[i].into, result->steps[i].flag};
    as_of_inherit(run, written, result->steps_count);
    return view_take(run, written, result->steps_count, error);
}

eh_code check_repairs_of_workspace(check_run *run, eh_error *error)
{
    const char *state = eh_arena_format(run->arena, "%s/%s", eh_workspace_get(run->opened.workspace)->state_folder, EH_REPAIRED_FILE);
    eh_repair_plan *plan = EH_TAKE(run->arena, 1, eh_repair_plan);
    uint64_t bytes = 0;
    if (state == NULL || plan == NULL)
        return eh_fail_memory(error);
    if (run->as_is || !is_there(state))
        return EH_OK;
    EH_TRY(manifest_read(state, &run->manifest, error));
    eh_json_value root = eh_json_root(run->manifest);
    const char *sha = eh_json_as_text(eh_json_member(root, "plan_sha256")), *path = plan_find(run, eh_json_as_text(eh_json_member(root, "plan")));
    const char *fitted = path == NULL ? NULL : eh_repair_fitted_path(path, run->arena);
    if (path == NULL || sha == NULL || fitted == NULL || !is_there(fitted)) {
        left_out(run, path == NULL ? "the plan is no longer there" : "its parameters are no longer there; evenhand repair fits them again");
        return EH_OK;
    }
    EH_TRY(eh_file_sha256(path, NULL, plan->sha256, &bytes, error));
    if (strcmp(plan->sha256, sha) != 0) {
        left_out(run, "the plan has changed since; evenhand repair applies it again");
        return EH_OK;
    }
    EH_TRY(eh_yaml_read_file(path, &run->plan_document, error));
    char *digest = eh_arena_format(run->arena, "%s", plan->sha256);
    EH_TRY(eh_repair_plan_read(eh_yaml_root(run->plan_document), path, run->arena, plan, error));
    EH_TRY(eh_repair_plan_place(plan, &(eh_repair_place){eh_workspace_get(run->opened.workspace)->folder, run->opened.hidden, run->opened.attributes_count}, run->arena, error));
    run->repairs.plan = path;
    run->repairs.plan_sha256 = digest;
    if (digest == NULL)
        return eh_fail_memory(error);
    if (plan_apply(run, plan, fitted, error) != EH_OK)
        return eh_fail_within(error, "the repairs that were applied do not fit the data any more (apply them again, or check without them: --as-is)");
    return EH_OK;
}
