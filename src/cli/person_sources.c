/* What the shop's own files say of a person, and where they still stand in them. */
#include <string.h>

#include "cli/person_int.h"

static void engine_dispose(eh_engine **engine)
{
    eh_engine_close(engine);
}

static void people_dispose(eh_people **people)
{
    eh_people_close(people);
}

/* ---- where ------------------------------------------------------------------------------------------------------------------------------- */

static eh_code place_read(eh_person_run *run, const eh_workspace_source *source, const char *const *identifiers, size_t count, eh_person_place *place,
                          eh_error *error)
{
    EH_CLEANUP(engine_dispose) eh_engine *engine = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer files = {0};
    eh_error problem = {0};
    const char **paths = EH_TAKE(run->arena, source->reads_count, const char *);
    if (paths == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < source->reads_count; i++) {
        paths[i] = eh_workspace_path(run->workspace, source->reads[i]);
        eh_buffer_format(&files, "%s%s", i > 0 ? ", " : "", source->reads[i]);
        if (paths[i] == NULL)
            return eh_fail_memory(error);
    }
    place->source = source->name;
    place->files = eh_arena_copy(run->arena, eh_buffer_view(&files));
    if (place->files == NULL)
        return eh_fail_memory(error);
    eh_code code = eh_engine_open(&(eh_engine_options){.as_text = true}, &engine, &problem);
    if (code == EH_OK)
        code = eh_engine_read(engine, paths, source->reads_count, &problem);
    if (code == EH_OK)
        code = eh_engine_rows_holding(engine, identifiers, count, &place->rows_count, &problem);
    if (code == EH_OK)
        return EH_OK;
    place->problem = eh_arena_copy(run->arena, eh_view_of(problem.text));
    return place->problem != NULL ? EH_OK : eh_fail_memory(error);
}

eh_code eh_person_places(eh_person_run *run, const char *const *identifiers, size_t count, eh_person_place **places_out,
                         size_t *places_count_out, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    eh_person_place *places = EH_TAKE(run->arena, model->sources_count, eh_person_place);
    size_t places_count = 0;
    if (places == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < model->sources_count; i++)
        if (model->sources[i].reads_count > 0)
            EH_TRY(place_read(run, &model->sources[i], identifiers, count, &places[places_count++], error));
    *places_out = places;
    *places_count_out = places_count;
    return EH_OK;
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
