/* What the shop's own files say of a person. */
#include <string.h>

#include "cli/person_int.h"

static void people_dispose(eh_people **people)
{
    eh_people_close(people);
}

/* ---- what -------------------------------------------------------------------------------------------------------------------------------- */

static bool key_find(const char *const *keys, size_t count, const char *key, size_t *row_out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], key) != 0)
            continue;
        *row_out = i;
        return true;
    }
    return false;
}

static void value_write(const eh_person_column *column, size_t row, eh_json_writer *json)
{
    if (column->kind == EH_PERSON_TEXT)
        eh_json_text(json, "value", column->codes[row] < column->levels_count ? column->levels[column->codes[row]] : NULL);
    else if (column->kind == EH_PERSON_BOOLEAN && column->numbers[row] >= 0)
        eh_json_boolean(json, "value", column->numbers[row] > 0.5);
    else
        eh_json_number(json, "value", column->numbers[row]);
}

static eh_code features_write(eh_person_run *run, const char *key, eh_json_writer *json, eh_error *error)
{
    EH_CLEANUP(people_dispose) eh_people *people = NULL;
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    const char *const *keys = NULL;
    size_t row = 0;
    EH_TRY(eh_people_open(run->workspace, &(eh_people_options){.now = run->request.now}, &people, error));
    EH_TRY(eh_people_keys(people, run->arena, &keys, error));
    if (!key_find(keys, eh_people_count(people), key, &row))
        return EH_OK;
    for (size_t i = 0; i < model->features_count; i++) {
        eh_person_column column;
        const eh_workspace_feature *feature = &model->features[i];
        EH_TRY(eh_people_column(people, feature->name, run->arena, &column, error));
        eh_json_object_open(json, NULL);
        eh_json_text(json, "name", feature->name);
        value_write(&column, row, json);
        eh_json_text(json, "says", feature->says);
        eh_json_text(json, "from_whom", feature->from_whom);
        eh_json_object_close(json);
    }
    return EH_OK;
}

static eh_code protected_write(eh_person_run *run, const char *key, eh_json_writer *json, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    eh_protected_column *columns = EH_TAKE(run->arena, model->attributes_count, eh_protected_column);
    if (columns == NULL)
        return eh_fail_memory(error);
    if (model->attributes_count == 0)
        return EH_OK;
    EH_TRY(eh_protected_read(run->workspace, &(eh_people_options){.now = run->request.now}, run->arena, columns, error));
    for (size_t i = 0; i < model->attributes_count; i++) {
        size_t row = 0;
        if (!key_find(columns[i].keys, columns[i].rows_count, key, &row))
            continue;
        eh_json_object_open(json, NULL);
        eh_json_text(json, "name", columns[i].attribute);
        eh_json_text(json, "value", columns[i].values[row]);
        eh_json_text(json, "from_whom", model->attributes[i].from_whom);
        eh_json_text(json, "used_for", "checking that nobody is treated unfairly; no model and no rule reads it");
        eh_json_object_close(json);
    }
    return EH_OK;
}

/* A part that cannot be read is named: an answer that leaves it out in silence would be wrong. What was begun is taken back. */
eh_code eh_person_data_json(eh_person_run *run, const char *key, eh_json_writer *json, eh_error *error)
{
    static const struct {
        const char *name;
        eh_code (*write)(eh_person_run *, const char *, eh_json_writer *, eh_error *);
    } parts[] = {{"features", features_write}, {"protected", protected_write}};
    char problems[2][512] = {"", ""};
    for (size_t i = 0; i < 2; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer trial_text = {0};
        eh_json_writer trial;
        eh_error problem = {0};
        eh_json_begin(&trial, &trial_text, false, false);
        eh_json_array_open(&trial, NULL);
        eh_code code = parts[i].write(run, key, &trial, &problem);
        if (code == EH_MEMORY)
            return eh_fail_memory(error);
        eh_json_array_open(json, parts[i].name);
        if (code == EH_OK)
            EH_TRY(parts[i].write(run, key, json, error));
        else
            snprintf(problems[i], sizeof problems[i], "%s: %.480s", parts[i].name, problem.text);
        eh_json_array_close(json);
    }
    eh_json_array_open(json, "not_included");
    for (size_t i = 0; i < 2; i++)
        if (problems[i][0] != '\0')
            eh_json_text(json, NULL, problems[i]);
    eh_json_array_close(json);
    return EH_OK;
}
