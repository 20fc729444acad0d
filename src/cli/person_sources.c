/* What the shop's own files say of a person. */
#include <string.h>

#include "cli/person_int.h"
#include "vault/vault.h"

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

static void protected_one(const eh_workspace_attribute *attribute, const char *value, bool in_vault, eh_json_writer *json)
{
    eh_json_object_open(json, NULL);
    eh_json_text(json, "name", attribute->name);
    eh_json_text(json, "value", value);
    eh_json_text(json, "held_in", in_vault ? "vault" : "source");
    eh_json_text(json, "from_whom", attribute->from_whom);
    eh_json_text(json, "used_for", "checking that nobody is treated unfairly; no model and no rule reads it");
    eh_json_object_close(json);
}

static void vault_dispose(eh_vault **vault)
{
    eh_vault_close(vault);
}

/* What the vault holds of the person; reading it is written down there. */
static eh_code vault_values(eh_person_run *run, const char *key, const char **values, eh_error *error)
{
    EH_CLEANUP(vault_dispose) eh_vault *vault = NULL;
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    const eh_vault_access access = {.purpose = EH_VAULT_REQUEST, .role = "evenhand person export", .reason = "the person's own request", .at = run->request.now};
    EH_TRY(eh_vault_open(model->state_folder, &vault, error));
    for (size_t i = 0; i < model->attributes_count; i++) {
        const eh_vault_query query = {.attribute = model->attributes[i].name, .keys = &key, .keys_count = 1};
        eh_error reason = {0};
        eh_code code = eh_vault_read(vault, &access, &query, run->arena, &values[i], &reason);
        if (code != EH_OK && code != EH_NOT_FOUND && code != EH_DENIED) /* not imported yet, or its time is over */
            return eh_fail(error, code, "%s", reason.text);
    }
    return EH_OK;
}

/* From the vault, and what it does not hold from the shop's own files, where it is as well. */
static eh_code protected_write(eh_person_run *run, const char *key, eh_json_writer *json, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    eh_protected_column *columns = EH_TAKE(run->arena, model->attributes_count, eh_protected_column);
    const char **values = EH_TAKE(run->arena, model->attributes_count, const char *);
    if (columns == NULL || values == NULL)
        return eh_fail_memory(error);
    if (model->attributes_count == 0)
        return EH_OK;
    EH_TRY(vault_values(run, key, values, error));
    EH_TRY(eh_protected_read(run->workspace, &(eh_people_options){.now = run->request.now}, run->arena, columns, error));
    for (size_t i = 0; i < model->attributes_count; i++) {
        size_t row = 0;
        if (values[i] != NULL)
            protected_one(&model->attributes[i], values[i], true, json);
        else if (key_find(columns[i].keys, columns[i].rows_count, key, &row))
            protected_one(&model->attributes[i], columns[i].values[row], false, json);
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
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
        eh_json_writer trial;
        eh_error problem = {0};
        eh_json_begin(&trial, &text, false, false);
        eh_json_array_open(&trial, NULL);
        eh_code code = parts[i].write(run, key, &trial, &problem);
        eh_json_array_close(&trial);
        if (code == EH_MEMORY)
            return eh_fail_memory(error);
        if (code == EH_OK) {
            EH_TRY(eh_buffer_check(&text, error));
            EH_TRY(eh_json_parse(eh_buffer_view(&text), parts[i].name, &document, error));
            (void)eh_json_copy(json, parts[i].name, eh_json_root(document));
            continue;
        }
        eh_json_array_open(json, parts[i].name);
        eh_json_array_close(json);
        snprintf(problems[i], sizeof problems[i], "%s: %.480s", parts[i].name, problem.text);
    }
    eh_json_array_open(json, "not_included");
    for (size_t i = 0; i < 2; i++)
        if (problems[i][0] != '\0')
            eh_json_text(json, NULL, problems[i]);
    eh_json_array_close(json);
    return EH_OK;
}
