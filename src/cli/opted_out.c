/*
 * People who opted out of AI are a group of every audit of a file, where a workspace knows them: the rows get a column that says so, by the key of the person. The
 * rows are held in memory (or in a temporary file) for that.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/people_cli_int.h"
#include "data/transform.h"
#include "journey/people.h"

typedef struct {
    const eh_opted_out_options *options;
    eh_engine *engine;
    eh_arena *arena;
    eh_workspace *workspace;
    const char *key;                 /* the column as the file has it */
    const char **groups[3];          /* keys by eh_ai_state */
    size_t counts[3];
} attaching;

static bool was_asked_for(const eh_opted_out_options *options)
{
    return options->folder != NULL;
}

static const char *column_find(eh_engine *engine, const char *name)
{
    const char *const *names = NULL;
    size_t count = 0;
    eh_engine_columns(engine, &names, &count);
    for (size_t i = 0; i < count; i++)
        if (eh_view_equal_nocase(eh_view_of(names[i]), eh_view_of(name)))
            return names[i];
    return NULL;
}

/* Without --workspace a folder that happens to be one counts only when the file has the column that names its people. */
static eh_code key_find(attaching *a, bool *found_out, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(a->workspace);
    const char *usual = model->sources_count > 0 ? model->sources[model->people].key : NULL;
    const char *name = a->options->key != NULL ? a->options->key : usual;
    a->key = name == NULL ? NULL : column_find(a->engine, name);
    *found_out = a->key != NULL;
    if (a->key != NULL || !was_asked_for(a->options))
        return EH_OK;
    return eh_fail(error, EH_INPUT, "--workspace: which column names the person? The file has no '%.63s'; say it with --key COLUMN", name == NULL ? "key" : name);
}

static eh_code keys_group(attaching *a, const eh_answer *keys, bool *known_out, eh_error *error)
{
    eh_ai_state *states = EH_TAKE(a->arena, keys->rows_count, eh_ai_state);
    if (states == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_ai_membership(eh_workspace_get(a->workspace), keys->values, keys->rows_count, a->options->now, states, known_out, error));
    if (!*known_out)
        return EH_OK;
    for (size_t g = 0; g < 3; g++) {
        a->groups[g] = EH_TAKE(a->arena, keys->rows_count, const char *);
        if (a->groups[g] == NULL)
            return eh_fail_memory(error);
    }
    for (size_t i = 0; i < keys->rows_count; i++)
        a->groups[states[i]][a->counts[states[i]]++] = keys->values[i];
    return EH_OK;
}

static void case_write(const attaching *a, eh_ai_state state, eh_buffer *sql)
{
    if (a->counts[state] == 0)
        return;
    eh_buffer_text(sql, " WHEN CAST(");
    eh_transform_name(sql, a->key);
    eh_buffer_text(sql, " AS VARCHAR) IN (");
    for (size_t i = 0; i < a->counts[state]; i++) {
        eh_buffer_text(sql, i == 0 ? "" : ", ");
        eh_transform_text(sql, a->groups[state][i]);
    }
    eh_buffer_text(sql, ") THEN ");
    eh_transform_text(sql, eh_ai_group_name(state));
}

static eh_code column_add(attaching *a, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_buffer_text(&sql, "SELECT *, CASE");
    case_write(a, EH_AI_OPTED_OUT, &sql);
    case_write(a, EH_AI_MUST_NOT, &sql);
    eh_buffer_text(&sql, " WHEN ");
    eh_transform_name(&sql, a->key);
    eh_buffer_text(&sql, " IS NOT NULL THEN ");
    eh_transform_text(&sql, eh_ai_group_name(EH_AI_MAY));
    eh_buffer_text(&sql, " END AS " EH_AI_GROUPS " FROM " EH_TRANSFORM_BEFORE);
    EH_TRY(eh_buffer_check(&sql, error));
    return eh_transform_step(a->engine, sql.ptr, EH_AI_GROUPS, error);
}

static eh_code attach(attaching *a, bool *attached_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_answer keys = {0};
    bool go_on = false;
    EH_TRY(eh_rights_exist(eh_workspace_get(a->workspace)->state_folder, &go_on, error));
    if (go_on)
        EH_TRY(key_find(a, &go_on, error));
    if (!go_on || column_find(a->engine, EH_AI_GROUPS) != NULL)
        return EH_OK;
    EH_TRY(eh_transform_begin(a->engine, error));
    eh_buffer_text(&sql, "SELECT DISTINCT CAST(");
    eh_transform_name(&sql, a->key);
    eh_buffer_text(&sql, " AS VARCHAR) AS k FROM evenhand_rows WHERE ");
    eh_transform_name(&sql, a->key);
    eh_buffer_text(&sql, " IS NOT NULL ORDER BY k");
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_transform_ask(a->engine, sql.ptr, EH_RIGHTS_PEOPLE_MAX, a->arena, &keys, error));
    EH_TRY(keys_group(a, &keys, &go_on, error));
    if (!go_on || a->counts[EH_AI_OPTED_OUT] == 0)
        return EH_OK;
    EH_TRY(column_add(a, error));
    *attached_out = true;
    return EH_OK;
}

eh_code eh_opted_out_attach(eh_engine *engine, const eh_opted_out_options *options, eh_arena *arena, bool *attached_out, eh_error *error)
{
    attaching a = {.options = options, .engine = engine, .arena = arena};
    eh_error reason = {0};
    *attached_out = false;
    eh_code code = eh_workspace_open(options->folder, &a.workspace, &reason);
    if (code != EH_OK && !was_asked_for(options))
        return EH_OK; /* no workspace around, or one that this audit has nothing to do with */
    if (code == EH_OK)
        code = attach(&a, attached_out, &reason);
    eh_workspace_close(&a.workspace);
    if (code != EH_OK && error != NULL)
        *error = reason;
    return code;
}

eh_code eh_opted_out_attribute(eh_cube_attribute *attribute_out, eh_arena *arena, eh_error *error)
{
    *attribute_out = (eh_cube_attribute){0};
    return eh_people_column_expression(arena, EH_AI_GROUPS, &attribute_out->expression, error);
}
