/* The people's table: one row per person, with features and outcomes. The steps are in people_int.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/people_int.h"
#include "data/transform.h"

/* ---- opening ------------------------------------------------------------------------------------------------------------------- */

static eh_code take_values(eh_people *people, bool features, bool outcomes, eh_error *error)
{
    const eh_workspace_model *model = people->model;
    const eh_people_options *options = people->options;
    people->values = EH_TAKE(people->arena, model->features_count + model->outcomes_count + model->attributes_count, eh_people_value);
    people->attributes = EH_TAKE(people->arena, model->attributes_count, eh_people_value);
    if (people->values == NULL || people->attributes == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < model->attributes_count; i++)
        people->attributes[people->attributes_count++] =
            (eh_people_value){.name = model->attributes[i].name, .sql = model->attributes[i].value, .node = model->attributes[i].value_node, .room = "protected"};
    for (size_t i = 0; i < model->features_count && features; i++) {
        const eh_workspace_feature *feature = &model->features[i];
        bool named = !options->features_only_named;
        for (size_t k = 0; k < options->features_count && !named; k++)
            named = strcmp(options->features[k], feature->name) == 0;
        if (named)
            people->values[people->values_count++] = (eh_people_value){.name = feature->name, .sql = feature->value, .node = feature->value_node, .room = "features"};
    }
    for (size_t i = 0; i < model->outcomes_count && outcomes; i++)
        people->values[people->values_count++] = (eh_people_value){.name = model->outcomes[i].name, .sql = model->outcomes[i].value,
                                                                   .node = model->outcomes[i].value_node, .room = "outcome", .within = model->outcomes[i].within};
    return EH_OK;
}

static void people_dispose(eh_people *people)
{
    eh_engine_close(&people->engine);
    eh_arena *arena = people->arena;
    eh_arena_close(&arena); /* people lies in it */
}

void eh_people_close(eh_people **people)
{
    if (people == NULL || *people == NULL)
        return;
    people_dispose(*people);
    *people = NULL;
}

static eh_code start(eh_workspace *workspace, const eh_people_options *options, eh_people **people_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_people *people = arena == NULL ? NULL : EH_TAKE(arena, 1, eh_people);
    if (people == NULL)
        return eh_fail_memory(error);
    *people = (eh_people){.workspace = workspace, .model = eh_workspace_get(workspace), .options = options, .arena = arena, .now = options->now,
                          .as_of = options->dated ? options->as_of : options->now};
    people->sources = EH_TAKE(arena, people->model->sources_count, eh_people_source);
    if (people->sources == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < people->model->sources_count; i++)
        people->sources[i].source = &people->model->sources[i];
    EH_TRY(eh_engine_open(&options->engine, &people->engine, error));
    arena = NULL;
    *people_out = people;
    if (options->output != NULL && eh_transform_output(people->engine, options->output, error) != EH_OK) {
        eh_people_close(people_out);
        return error->code;
    }
    return EH_OK;
}

/* Numbers join with numbers; where types differ, texts with texts. */
static void settle_key_type(eh_people *people)
{
    const eh_people_source *first = &people->sources[people->model->people];
    const char *type = first->types[eh_people_column_index(first, first->person)];
    for (size_t i = 0; i < people->model->sources_count; i++) {
        const eh_people_source *mine = &people->sources[i];
        if (mine->person != NULL && mine->names != NULL && strcmp(mine->types[eh_people_column_index(mine, mine->person)], type) != 0)
            type = "VARCHAR";
    }
    people->key_type = type;
}

/* ---- outcomes ------------------------------------------------------------------------------------------------------------------- */

static eh_code check_window(const eh_people *people, const eh_people_value *value, eh_error *error)
{
    eh_instant end;
    char shown[EH_INSTANT_TEXT_BYTES], now[EH_INSTANT_TEXT_BYTES];
    bool dated = false;
    for (size_t i = 0; i < people->model->sources_count; i++)
        dated = dated || ((value->sources >> i & 1) != 0 && i != people->model->people && people->sources[i].source->time != NULL);
    if (!dated || value->within.seconds == 0 || !eh_instant_add(people->as_of, value->within, &end) || eh_instant_compare(end, people->now) <= 0)
        return EH_OK;
    eh_instant_text(end, EH_FRACTION_NONE, shown);
    eh_instant_text(people->now, EH_FRACTION_NONE, now);
    return eh_yaml_fail(value->node, error, EH_INPUT, "the window of '%s' ends at %s, and now is %s: nobody knows the outcome yet. Choose an earlier moment (--as-of)",
                        value->name, shown, now);
}

static eh_code evaluate_outcomes(eh_people *people, size_t first, size_t *tables, eh_error *error)
{
    for (size_t i = first; i < people->values_count; i++) {
        eh_people_value *value = &people->values[i];
        EH_TRY(eh_people_views_drop(people, error));
        EH_TRY(eh_people_views(people, EH_PHASE_OUTCOMES, value->within, error));
        EH_TRY(eh_value_check(people, value, error));
        EH_TRY(check_window(people, value, error));
        if (value->kind == EH_PERSON_TEXT)
            return eh_yaml_fail(value->node, error, EH_INPUT, "is a text; an outcome is true or false or a number, as in  %.200s = 'yes'", value->sql);
        EH_TRY(eh_values_evaluate(people, value, 1, tables, error));
    }
    return EH_OK;
}

/* ---- the table --------------------------------------------------------------------------------------------------------------------- */

#define LEFT_OUT_TABLE "\"evenhand left out\""

static void key_sql(const eh_people *people, eh_buffer *sql)
{
    const eh_people_source *first = &people->sources[people->model->people];
    eh_buffer_text(sql, "CAST(");
    eh_sql_identifier(sql, eh_view_of(first->person));
    eh_buffer_format(sql, " AS %s)", people->key_type);
}

/* Who is left out is asked key by key: what is known of them may be a keyed hash only. */
static eh_code list_left_out(eh_people *people, bool *any_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0}, rows = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_people_options *options = people->options;
    eh_view key = {0};
    if (options->left_out == NULL)
        return EH_OK;
    eh_buffer_text(&sql, "SELECT DISTINCT CAST(");
    key_sql(people, &sql);
    eh_buffer_format(&sql, " AS VARCHAR) FROM \"%s\"", people->sources[people->model->people].source->name);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    while (eh_cursor_next(&cursor)) {
        if (!eh_cursor_text(&cursor, 0, &key) || !options->left_out(options->left_out_context, key))
            continue;
        eh_buffer_text(&rows, rows.len == 0 ? "CREATE TEMP TABLE " LEFT_OUT_TABLE " AS SELECT * FROM (VALUES (" : "), (");
        eh_sql_literal(&rows, key);
    }
    eh_cursor_close(&cursor);
    *any_out = rows.len > 0;
    if (!*any_out)
        return EH_OK;
    eh_buffer_text(&rows, ")) t(k)");
    EH_TRY(eh_buffer_check(&rows, error));
    return eh_engine_execute(people->engine, rows.ptr, error);
}

static eh_code join_tables(eh_people *people, size_t tables, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_people_source *first = &people->sources[people->model->people];
    bool some_left_out = false;
    EH_TRY(list_left_out(people, &some_left_out, error));
    eh_buffer_text(&sql, "CREATE TABLE " EH_PEOPLE_TABLE " AS SELECT row_number() OVER (ORDER BY \"key\") - 1 AS " EH_ROW_COLUMN ", * FROM (SELECT CAST(p.k AS VARCHAR) AS \"key\"");
    for (size_t i = 0; i < people->values_count; i++) {
        eh_buffer_text(&sql, ", ");
        eh_sql_identifier(&sql, eh_view_of(people->values[i].name));
    }
    eh_buffer_text(&sql, " FROM (SELECT ");
    key_sql(people, &sql);
    eh_buffer_format(&sql, " AS k FROM \"%s\") p", first->source->name);
    for (size_t i = 0; i < tables; i++)
        eh_buffer_format(&sql, " LEFT JOIN \"evenhand values %zu\" AS \"v%zu\" ON \"v%zu\".\"evenhand key\" = p.k", i, i, i);
    if (some_left_out)
        eh_buffer_text(&sql, " WHERE CAST(p.k AS VARCHAR) NOT IN (SELECT k FROM " LEFT_OUT_TABLE ")");
    eh_buffer_text(&sql, ") ORDER BY \"key\"");
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    for (size_t i = 0; i < tables; i++) {
        char drop[64];
        snprintf(drop, sizeof drop, "DROP TABLE \"evenhand values %zu\"", i);
        EH_TRY(eh_engine_execute(people->engine, drop, error));
    }
    return EH_OK;
}

static eh_code count_people(eh_people *people, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(*) FROM " EH_PEOPLE_TABLE);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    bool row = eh_cursor_next(&cursor);
    EH_ASSERT(row);
    people->rows_count = (size_t)eh_cursor_integer(&cursor, 0);
    if (people->rows_count > 0)
        return EH_OK;
    char shown[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(people->as_of, EH_FRACTION_NONE, shown);
    return eh_yaml_fail(people->sources[people->model->people].source->node, error, EH_INPUT, "nobody is there as of %s; choose a later moment", shown);
}

/* Errors of the cube speak of these columns; progress speaks of people. */
static eh_code settle_engine(eh_people *people, eh_error *error)
{
    eh_engine *engine = people->engine;
    EH_TRY(count_people(people, error));
    people->columns_count = people->values_count + 1;
    people->column_names = EH_TAKE(people->arena, people->columns_count, const char *);
    people->column_kinds = EH_TAKE(people->arena, people->columns_count, eh_person_kind);
    if (people->column_names == NULL || people->column_kinds == NULL)
        return eh_fail_memory(error);
    people->column_names[0] = "key";
    people->column_kinds[0] = EH_PERSON_TEXT;
    for (size_t i = 0; i < people->values_count; i++) {
        people->column_names[i + 1] = people->values[i].name;
        people->column_kinds[i + 1] = people->values[i].kind;
    }
    engine->files = people->all_files;
    engine->source = (eh_source){.names = people->column_names, .columns_count = people->columns_count};
    engine->reading = eh_arena_format(people->arena, "looking at people");
    return eh_engine_execute(engine, "CREATE OR REPLACE VIEW " EH_ROWS_VIEW " AS SELECT * EXCLUDE (" EH_ROW_COLUMN ") FROM " EH_PEOPLE_TABLE, error);
}

static eh_code gather_files(eh_people *people, eh_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < people->model->sources_count; i++)
        count += people->sources[i].files.count;
    eh_input_file *files = EH_TAKE(people->arena, count, eh_input_file);
    if (files == NULL)
        return eh_fail_memory(error);
    count = 0;
    for (size_t i = 0; i < people->model->sources_count; i++)
        for (size_t k = 0; k < people->sources[i].files.count; k++)
            files[count++] = people->sources[i].files.files[k];
    people->all_files = (eh_input_files){.files = files, .count = count, .capacity = count};
    return eh_hashing_start(&people->engine->hashing, &people->all_files, people->arena, error);
}

static eh_code make(eh_people *people, eh_error *error)
{
    EH_TRY(eh_people_describe(people, error));
    EH_TRY(gather_files(people, error));
    EH_TRY(eh_people_protect(people, error));
    EH_TRY(eh_people_load(people, error));
    EH_TRY(eh_people_views(people, EH_PHASE_FEATURES, (eh_duration){0}, error));
    settle_key_type(people);
    size_t features = 0, tables = 0;
    while (features < people->values_count && strcmp(people->values[features].room, "outcome") != 0)
        EH_TRY(eh_value_check(people, &people->values[features++], error));
    EH_TRY(eh_values_evaluate(people, people->values, features, &tables, error));
    EH_TRY(evaluate_outcomes(people, features, &tables, error));
    if (features < people->values_count) {
        EH_TRY(eh_people_views_drop(people, error));
        EH_TRY(eh_people_views(people, EH_PHASE_FEATURES, (eh_duration){0}, error));
    }
    EH_TRY(join_tables(people, tables, error));
    EH_TRY(eh_people_views_drop(people, error));
    return settle_engine(people, error);
}

eh_code eh_people_open(eh_workspace *workspace, const eh_people_options *options, eh_people **people_out, eh_error *error)
{
    EH_CLEANUP(eh_people_close) eh_people *people = NULL;
    eh_error scratch = {0};
    error = error == NULL ? &scratch : error; /* who made an error is told by its text */
    EH_TRY(start(workspace, options, &people, error));
    EH_TRY(take_values(people, true, options->outcomes, error));
    EH_TRY(make(people, error));
    people->options = NULL;
    *people_out = people;
    people = NULL;
    return EH_OK;
}

/* ---- the latest moment ------------------------------------------------------------------------------------------------------------- */

eh_code eh_people_latest_moment(eh_workspace *workspace, const eh_people_options *options, eh_instant *moment_out, eh_error *error)
{
    EH_CLEANUP(eh_people_close) eh_people *people = NULL;
    eh_error scratch = {0};
    error = error == NULL ? &scratch : error;
    EH_TRY(start(workspace, options, &people, error));
    EH_TRY(take_values(people, false, true, error));
    EH_TRY(eh_people_describe(people, error));
    EH_TRY(eh_people_protect(people, error));
    EH_TRY(eh_people_load(people, error));
    EH_TRY(eh_people_views(people, EH_PHASE_FEATURES, (eh_duration){0}, error));
    settle_key_type(people);
    int64_t latest = INT64_MAX;
    for (size_t i = 0; i < people->values_count; i++) {
        EH_TRY(eh_value_check(people, &people->values[i], error));
        for (size_t k = 0; k < people->model->sources_count; k++) {
            const eh_people_source *mine = &people->sources[k];
            int64_t last = mine->last_us - people->values[i].within.seconds * 1000000;
            if ((people->values[i].sources >> k & 1) != 0 && k != people->model->people && mine->timed && last < latest)
                latest = last;
        }
    }
    if (latest == INT64_MAX)
        return eh_fail(error, EH_INPUT, "no source of the outcome is dated (time: COLUMN), so every moment is as good as another; choose one with --as-of");
    int64_t seconds = latest / 1000000 - (latest % 1000000 < 0);
    *moment_out = (eh_instant){.seconds = seconds, .nanoseconds = (int32_t)((latest - seconds * 1000000) * 1000)};
    return EH_OK;
}

/* ---- protected attributes, raw -------------------------------------------------------------------------------------------------------- */

static eh_code copy_column(eh_people *people, const char *name, eh_arena *arena, const char *const **texts_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const char **texts = EH_TAKE(arena, people->rows_count, const char *);
    if (texts == NULL)
        return eh_fail_memory(error);
    eh_buffer_text(&sql, "SELECT CAST(");
    eh_sql_identifier(&sql, eh_view_of(name));
    eh_buffer_text(&sql, " AS VARCHAR) FROM " EH_PEOPLE_TABLE " ORDER BY " EH_ROW_COLUMN);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    for (size_t i = 0; i < people->rows_count; i++) {
        eh_view text = {0};
        bool row = eh_cursor_next(&cursor);
        EH_ASSERT(row);
        if (!eh_cursor_text(&cursor, 0, &text))
            continue;
        if (memchr(text.ptr, '\0', text.len) != NULL)
            return eh_fail(error, EH_INPUT, "%s: a value holds a zero byte", name);
        texts[i] = eh_arena_copy(arena, text);
        if (texts[i] == NULL)
            return eh_fail_memory(error);
    }
    *texts_out = texts;
    return EH_OK;
}

eh_code eh_people_keys(eh_people *people, eh_arena *arena, const char *const **keys_out, eh_error *error)
{
    return copy_column(people, "key", arena, keys_out, error);
}

eh_code eh_protected_read(eh_workspace *workspace, const eh_people_options *options, eh_arena *arena, eh_protected_column *columns_out, eh_error *error)
{
    EH_CLEANUP(eh_people_close) eh_people *people = NULL;
    eh_error scratch = {0};
    error = error == NULL ? &scratch : error;
    EH_TRY(start(workspace, options, &people, error));
    people->raw = true;
    EH_TRY(take_values(people, false, false, error));
    for (size_t i = 0; i < people->attributes_count; i++)
        people->values[people->values_count++] = people->attributes[i];
    EH_TRY(make(people, error));
    const char *const *keys = NULL;
    EH_TRY(copy_column(people, "key", arena, &keys, error));
    for (size_t i = 0; i < people->attributes_count; i++) {
        columns_out[i] = (eh_protected_column){.attribute = people->model->attributes[i].name, .rows_count = people->rows_count, .keys = keys};
        EH_TRY(copy_column(people, people->attributes[i].name, arena, &columns_out[i].values, error));
    }
    return EH_OK;
}
