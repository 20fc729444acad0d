/* The sources of a workspace: described, loaded into tables, checked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/people_int.h"

enum { FUTURE_SLACK_SECONDS = 86400 };

size_t eh_people_column_index(const eh_people_source *source, const char *name)
{
    size_t i = 0;
    while (i < source->columns_count && strcasecmp(source->names[i], name) != 0)
        i++;
    return i;
}

int64_t eh_instant_us(eh_instant instant)
{
    return instant.seconds * 1000000 + instant.nanoseconds / 1000;
}

static const char *folder_path(eh_people *people, const char *relative)
{
    return eh_workspace_path(people->workspace, relative);
}

/* ---- parsing ----------------------------------------------------------------------------------------------------------------- */

static eh_code texts_add(eh_people *people, const char *before, const char *sql, const char **text_out, eh_error *error)
{
    *text_out = eh_arena_format(people->arena, "%s%s%s", before, sql, before[0] == '\0' ? "" : ")");
    return *text_out == NULL ? eh_fail_memory(error) : EH_OK;
}

/* Values and attributes first, then SQL sources; their traces are dealt out in the same order. */
static eh_code parse_all(eh_people *people, eh_error *error)
{
    size_t count = people->values_count + people->attributes_count + people->model->sources_count, at = 0;
    const char **texts = EH_TAKE(people->arena, count, const char *);
    eh_trace *traces = EH_TAKE(people->arena, count, eh_trace);
    if (texts == NULL || traces == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < people->values_count; i++)
        EH_TRY(texts_add(people, "SELECT (", people->values[i].sql, &texts[at++], error));
    for (size_t i = 0; i < people->attributes_count; i++)
        EH_TRY(texts_add(people, "SELECT (", people->attributes[i].sql, &texts[at++], error));
    for (size_t i = 0; i < people->model->sources_count; i++)
        EH_TRY(texts_add(people, "", people->model->sources[i].sql == NULL ? "SELECT 1" : people->model->sources[i].sql, &texts[at++], error));
    EH_TRY(eh_traces_read(people->engine, texts, count, people->arena, traces, error));
    at = 0;
    for (size_t i = 0; i < people->values_count; i++)
        people->values[i].trace = traces[at++];
    for (size_t i = 0; i < people->attributes_count; i++)
        people->attributes[i].trace = traces[at++];
    for (size_t i = 0; i < people->model->sources_count; i++)
        people->sources[i].trace = traces[at++];
    return EH_OK;
}

static eh_code check_value_text(const eh_people_value *value, eh_error *error)
{
    if (value->trace.fault != NULL)
        return eh_yaml_fail(value->node, error, EH_INPUT, "%.300s", value->trace.fault);
    if (value->trace.star)
        return eh_yaml_fail(value->node, error, EH_INPUT, "'*' and COLUMNS(...) stand for several columns; name one");
    if (eh_words_have(&value->trace.functions, "count_star"))
        return eh_yaml_fail(value->node, error, EH_INPUT, "count(*) counts the rows of no source in particular; name a column that is never missing, as in "
                            "count(orders.order_id)");
    return eh_trace_refuse_volatile(&value->trace, value->node, error);
}

static eh_code check_source_text(eh_people *people, size_t index, eh_error *error)
{
    static const char *const allowed[] = {"range", "generate_series", "unnest"};
    const eh_people_source *mine = &people->sources[index];
    const eh_yaml_node *node = eh_yaml_member_value(mine->source->node, "sql");
    const eh_trace *trace = &mine->trace;
    if (trace->fault != NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "%.300s", strstr(trace->fault, "Only SELECT") != NULL ? "must be one SELECT, and nothing else" : trace->fault);
    if (trace->statements_count != 1)
        return eh_yaml_fail(node, error, EH_INPUT, "must be one SELECT, but holds %zu statements", trace->statements_count);
    for (size_t i = 0; i < trace->table_functions.count; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof allowed / sizeof allowed[0]; k++)
            known = known || strcasecmp(trace->table_functions.items[i], allowed[k]) == 0;
        if (!known)
            return eh_yaml_fail(node, error, EH_DENIED, "%.60s() reads from elsewhere; give the file a source of its own and name that source here",
                                trace->table_functions.items[i]);
    }
    for (size_t i = 0; i < trace->ctes.count; i++)
        if (strncasecmp(trace->ctes.items[i], "evenhand", 8) == 0)
            return eh_yaml_fail(node, error, EH_DENIED, "names that begin with 'evenhand' are ours; call '%.60s' something else", trace->ctes.items[i]);
    const char *names[EH_SOURCES_MAX];
    for (size_t i = 0; i < index; i++)
        names[i] = people->sources[i].source->name;
    for (size_t i = 0; i < trace->tables.count; i++) {
        const char *table = trace->tables.items[i];
        bool known = eh_words_have(&trace->ctes, table);
        for (size_t k = 0; k < index; k++)
            known = known || strcasecmp(names[k], table) == 0;
        if (known && !trace->qualified)
            continue;
        const char *nearest = eh_nearest_name(table, names, index);
        if (nearest != NULL && strcasecmp(nearest, table) != 0)
            return eh_yaml_fail(node, error, EH_INPUT, "there is no source '%.60s' above this one; did you mean '%s'?", table, nearest);
        return eh_yaml_fail(node, error, EH_INPUT, "'%.60s' is no source that stands above this one; a query reads sources, by their plain names", table);
    }
    return eh_trace_refuse_volatile(trace, node, error);
}

/* ---- description --------------------------------------------------------------------------------------------------------------- */

static void use_files(eh_people *people, const eh_input_files *files, size_t first, size_t count)
{
    eh_engine *engine = people->engine;
    engine->files = (eh_input_files){.files = files->files + first, .count = count, .capacity = count};
    engine->source = (eh_source){0};
    engine->reading = NULL;
}

static const char *type_word(const char *type)
{
    static const struct {
        const char *prefix, *word;
    } words[] = {
        {"VARCHAR", "a text"}, {"BOOLEAN", "true or false"}, {"DATE", "a date"}, {"TIMESTAMP", "a date"}, {"TIME", "a time of day"},
        {"BIGINT", "a number"}, {"HUGEINT", "a number"}, {"INTEGER", "a number"}, {"SMALLINT", "a number"}, {"TINYINT", "a number"},
        {"UBIGINT", "a number"}, {"UINTEGER", "a number"}, {"USMALLINT", "a number"}, {"UTINYINT", "a number"}, {"DOUBLE", "a number"},
        {"FLOAT", "a number"}, {"DECIMAL", "a number"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(type, words[i].prefix, strlen(words[i].prefix)) == 0)
            return words[i].word;
    return "something else";
}

/* The first value of a text column that is none of the other type, or false when all are (or all are missing). */
static bool unlike_value(eh_people *people, const char *column, const char *type, char shown_out[EH_SHOWN_BYTES])
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT min(c) FROM (SELECT CAST(");
    eh_sql_identifier(&sql, eh_view_of(column));
    eh_buffer_format(&sql, " AS VARCHAR) AS c FROM " EH_ROWS_VIEW ") WHERE c IS NOT NULL AND TRY_CAST(c AS %s) IS NULL",
                     strcmp(type_word(type), "a number") == 0 ? "DOUBLE" : type);
    eh_view text = {0};
    if (eh_engine_query(people->engine, &sql, &cursor, NULL) != EH_OK || !eh_cursor_next(&cursor) || !eh_cursor_text(&cursor, 0, &text))
        return false;
    eh_shown(text, shown_out);
    return true;
}

static eh_code fail_types(const eh_people_source *mine, size_t column, const char *const words[2], size_t file, const char *example,
                          eh_error *error)
{
    return eh_yaml_fail(mine->source->node, error, EH_CONFLICT, "column '%.60s' changes its type between files: %s in %s, but %s in %s%s%s%s; make the files agree, "
                        "or name them as two sources and join them in a third (sql:)", mine->names[column], words[0], mine->files.files[0].given, words[1],
                        mine->files.files[file].given, example[0] == '\0' ? "" : " (for example '", example, example[0] == '\0' ? "" : "')");
}

/* One file of several on its own: a column that is a number in one file and a text in the next is refused here. */
static eh_code compare_types(eh_people *people, eh_people_source *mine, size_t file, eh_error *error)
{
    const eh_source here = people->engine->source;
    for (size_t i = 0; i < here.columns_count; i++) {
        size_t at = eh_people_column_index(mine, here.names[i]);
        if (at == mine->columns_count)
            continue; /* eh_source_open of all files together says so */
        const char *const words[2] = {type_word(mine->types[at]), type_word(here.types[i])};
        char shown[EH_SHOWN_BYTES] = "";
        if (strcmp(words[0], words[1]) == 0)
            continue;
        if (strcmp(words[1], "a text") == 0 && !unlike_value(people, mine->names[at], mine->types[at], shown))
            continue; /* all missing, or numbers in quotes */
        if (strcmp(words[0], "a text") == 0) {
            use_files(people, &mine->files, 0, file);
            EH_TRY(eh_source_open(people->engine, error));
            if (!unlike_value(people, mine->names[at], here.types[i], shown)) {
                mine->types[at] = here.types[i];
                continue;
            }
        }
        return fail_types(mine, at, words, file, shown, error);
    }
    return EH_OK;
}

static eh_code keep_columns(eh_people *people, eh_people_source *mine, eh_error *error)
{
    const eh_source *source = &people->engine->source;
    mine->names = EH_TAKE(people->arena, source->columns_count + 1, const char *);
    mine->types = EH_TAKE(people->arena, source->columns_count + 1, const char *);
    mine->hidden = EH_TAKE(people->arena, source->columns_count + 1, bool);
    if (mine->names == NULL || mine->types == NULL || mine->hidden == NULL)
        return eh_fail_memory(error);
    mine->columns_count = source->columns_count;
    for (size_t i = 0; i < source->columns_count; i++) {
        mine->names[i] = source->names[i];
        mine->types[i] = source->types[i];
    }
    if (mine->source->key == NULL || strcmp(mine->source->key, EH_KEY_EACH_ROW) != 0 || eh_people_column_index(mine, EH_KEY_EACH_ROW) < mine->columns_count)
        return EH_OK;
    mine->keyed_by_row = true;
    mine->names[mine->columns_count] = EH_KEY_EACH_ROW;
    mine->types[mine->columns_count++] = "VARCHAR";
    return EH_OK;
}

/* All files of a source together, with the types that hold for all of them. */
static eh_code open_files(eh_people *people, const eh_people_source *mine, eh_error *error)
{
    eh_engine *engine = people->engine;
    use_files(people, &mine->files, 0, mine->files.count);
    EH_TRY(eh_source_open(engine, error));
    for (size_t i = 0; i < engine->source.columns_count && mine->files.count > 1 && engine->source.format != EH_FORMAT_PARQUET; i++) {
        size_t at = eh_people_column_index(mine, engine->source.names[i]);
        if (at < mine->columns_count && strcmp(engine->source.types[i], mine->types[at]) != 0 && strcmp(engine->source.types[i], "VARCHAR") == 0)
            EH_TRY(eh_source_retype(engine, i, mine->types[at], error));
    }
    return EH_OK;
}

static eh_code describe_source(eh_people *people, eh_people_source *mine, eh_error *error)
{
    for (size_t i = 0; i < mine->files.count && mine->files.count > 1; i++) {
        use_files(people, &mine->files, i, 1);
        EH_TRY(eh_source_open(people->engine, error));
        if (i == 0)
            EH_TRY(keep_columns(people, mine, error));
        else
            EH_TRY(compare_types(people, mine, i, error));
    }
    EH_TRY(open_files(people, mine, error));
    return keep_columns(people, mine, error);
}

static eh_code require_column(const eh_people_source *mine, const char *column, const char *key, eh_error *error)
{
    if (column == NULL || eh_people_column_index(mine, column) < mine->columns_count)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    char shown[EH_SHOWN_BYTES];
    for (size_t i = 0; i < mine->columns_count && i < EH_SHOWN_COLUMNS_MAX; i++)
        eh_buffer_format(&list, "%s%s", i == 0 ? "" : ", ", eh_shown(eh_view_of(mine->names[i]), shown));
    if (mine->columns_count > EH_SHOWN_COLUMNS_MAX)
        eh_buffer_format(&list, " and %zu more", mine->columns_count - EH_SHOWN_COLUMNS_MAX);
    EH_TRY(eh_buffer_check(&list, error));
    const char *nearest = eh_nearest_name(column, mine->names, mine->columns_count);
    const eh_yaml_node *node = eh_yaml_member_value(mine->source->node, key);
    return eh_yaml_fail(node == NULL ? mine->source->node : node, error, EH_NOT_FOUND, "no column '%.60s'%s%s%s The columns are: %s", column,
                        nearest == NULL ? "." : "; did you mean '", nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?", list.ptr);
}

static eh_code settle_columns(eh_people *people, size_t index, eh_error *error)
{
    eh_people_source *mine = &people->sources[index];
    const eh_workspace_source *people_source = &people->model->sources[people->model->people];
    EH_TRY(require_column(mine, mine->source->key, "key", error));
    EH_TRY(require_column(mine, mine->source->person, "person", error));
    EH_TRY(require_column(mine, mine->source->time, "time", error));
    mine->person = mine->source->person;
    if (index == people->model->people)
        mine->person = people_source->key;
    else if (mine->person == NULL && eh_people_column_index(mine, people_source->key) < mine->columns_count)
        mine->person = people_source->key;
    mine->single = index == people->model->people || (mine->person != NULL && mine->source->key != NULL && strcasecmp(mine->person, mine->source->key) == 0);
    return EH_OK;
}

static eh_code collect_files(eh_people *people, eh_people_source *mine, eh_error *error)
{
    const char **paths = EH_TAKE(people->arena, mine->source->reads_count, const char *);
    if (paths == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < mine->source->reads_count; i++) {
        paths[i] = folder_path(people, mine->source->reads[i]);
        if (paths[i] == NULL)
            return eh_fail_memory(error);
        if (strcmp(paths[i], "-") == 0)
            return eh_fail(error, EH_INPUT, "standard input is no source of a workspace; name a file");
    }
    EH_TRY(eh_input_files_collect(people->arena, people->engine->folder, paths, mine->source->reads_count, &mine->files, error));
    for (size_t i = 0; i < mine->files.count; i++)
        EH_TRY(eh_packed_check(&mine->files.files[i], people->arena, error));
    return EH_OK;
}

/* A lone name in a query that is no column may be an alias that stands for whole rows. */
static bool has_row_alias(const eh_people *people, const eh_trace *trace)
{
    for (size_t r = 0; r < trace->references_count; r++) {
        bool known = trace->references[r].parts_count > 1;
        for (size_t i = 0; i < people->model->sources_count && !known; i++)
            known = eh_people_column_index(&people->sources[i], trace->references[r].parts[0]) < people->sources[i].columns_count;
        if (!known)
            return true;
    }
    return false;
}

eh_code eh_people_describe(eh_people *people, eh_error *error)
{
    const eh_workspace_model *model = people->model;
    EH_TRY(parse_all(people, error));
    for (size_t i = 0; i < people->values_count; i++)
        EH_TRY(check_value_text(&people->values[i], error));
    for (size_t i = 0; i < people->attributes_count; i++)
        EH_TRY(check_value_text(&people->attributes[i], error));
    for (size_t i = 0; i < model->sources_count; i++) {
        eh_people_source *mine = &people->sources[i];
        if (mine->source->sql != NULL) {
            EH_TRY(check_source_text(people, i, error));
            people->everything = people->everything || mine->trace.star || has_row_alias(people, &mine->trace);
            continue;
        }
        const eh_yaml_node *read = eh_yaml_member_value(mine->source->node, "read");
        if (collect_files(people, mine, error) != EH_OK || describe_source(people, mine, error) != EH_OK)
            return strncmp(error == NULL ? "" : error->text, read->file, strlen(read->file)) == 0 ? error->code : eh_yaml_fail_within(read, error);
        EH_TRY(settle_columns(people, i, error));
    }
    return EH_OK;
}

/* ---- loading --------------------------------------------------------------------------------------------------------------------- */

static bool mentioned(const eh_trace *trace, const char *column)
{
    for (size_t i = 0; i < trace->references_count; i++)
        for (size_t k = 0; k < trace->references[i].parts_count; k++)
            if (strcasecmp(trace->references[i].parts[k], column) == 0)
                return true;
    return false;
}

/* A column is loaded when a text mentions its name: a wider choice than needed, never a narrower one. */
static bool is_wanted(const eh_people *people, const eh_people_source *mine, size_t column)
{
    const char *name = mine->names[column];
    const char *const roles[] = {mine->source->key, mine->person, mine->source->time};
    if (mine->hidden[column] && !people->raw)
        return false;
    if (people->everything)
        return true;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (roles[i] != NULL && strcasecmp(roles[i], name) == 0)
            return true;
    for (size_t i = 0; i < people->values_count; i++)
        if (mentioned(&people->values[i].trace, name))
            return true;
    for (size_t i = 0; i < people->model->sources_count; i++)
        if (people->sources[i].source->sql != NULL && mentioned(&people->sources[i].trace, name))
            return true;
    return false;
}

static eh_code load_source(eh_people *people, eh_people_source *mine, eh_error *error)
{
    eh_engine *engine = people->engine;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_TRY(open_files(people, mine, error));
    engine->reading = eh_arena_format(people->arena, "reading %s", mine->source->name);
    if (engine->reading == NULL)
        return eh_fail_memory(error);
    eh_buffer_text(&sql, "CREATE OR REPLACE TABLE \"" EH_DATA_PREFIX);
    eh_buffer_format(&sql, "%s\" AS SELECT ", mine->source->name);
    size_t wanted = 0;
    for (size_t i = 0; i < mine->columns_count; i++) {
        if (!is_wanted(people, mine, i))
            continue;
        eh_buffer_text(&sql, wanted++ == 0 ? "" : ", ");
        if (mine->keyed_by_row && i + 1 == mine->columns_count)
            eh_buffer_text(&sql, "\"evenhand row\" || CASE row_number() OVER (PARTITION BY \"evenhand row\") WHEN 1 THEN '' ELSE '-' || "
                                 "row_number() OVER (PARTITION BY \"evenhand row\") END AS ");
        eh_sql_identifier(&sql, eh_view_of(mine->names[i]));
    }
    /* A row's own content tells it apart, so its key does not hang on the order in which rows are read. */
    if (mine->keyed_by_row)
        eh_buffer_text(&sql, " FROM (SELECT *, md5(CAST(\"evenhand whole\" AS VARCHAR)) AS \"evenhand row\" FROM " EH_ROWS_VIEW " AS \"evenhand whole\")");
    else
        eh_buffer_format(&sql, "%s FROM " EH_ROWS_VIEW, wanted == 0 ? "1 AS \"evenhand nothing\"" : "");
    for (;;) {
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        engine->source.widened = false;
        eh_code code = eh_engine_query(engine, &sql, &cursor, error);
        if (code == EH_OK || !engine->source.widened)
            return code;
    }
}

static eh_code check_key(eh_people *people, const eh_people_source *mine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0}, sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_yaml_node *node = eh_yaml_member_value(mine->source->node, "key");
    eh_sql_identifier(&name, eh_view_of(mine->source->key));
    EH_TRY(eh_buffer_check(&name, error));
    eh_buffer_format(&sql, "WITH c AS MATERIALIZED (SELECT %s AS k, count(*) AS n FROM \"" EH_DATA_PREFIX "%s\" GROUP BY 1) SELECT "
                           "CAST(coalesce(sum(n) FILTER (WHERE k IS NULL), 0) AS BIGINT), CAST(count(*) FILTER (WHERE k IS NOT NULL AND n > 1) AS BIGINT), "
                           "CAST(min(k) FILTER (WHERE k IS NOT NULL AND n > 1) AS VARCHAR), CAST(max(n) AS BIGINT), "
                           "CAST(arg_min(n, k) FILTER (WHERE k IS NOT NULL AND n > 1) AS BIGINT) FROM c", name.ptr, mine->source->name);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    bool row = eh_cursor_next(&cursor);
    EH_ASSERT(row);
    int64_t missing = eh_cursor_integer(&cursor, 0), repeated = eh_cursor_integer(&cursor, 1), times = eh_cursor_integer(&cursor, 4);
    eh_view example = {0};
    char shown[EH_SHOWN_BYTES];
    if (missing > 0)
        return eh_yaml_fail(node, error, EH_INPUT, "the key %s is missing in %lld row%s; give every row one, or name another column", mine->source->key, (long long)missing,
                            missing == 1 ? "" : "s");
    if (repeated > 0 && eh_cursor_text(&cursor, 2, &example))
        return eh_yaml_fail(node, error, EH_CONFLICT, "the key %s is not unique: %lld value%s in several rows, for example '%s' in %lld; merge those rows, or name "
                            "another column%s", mine->source->key, (long long)repeated, repeated == 1 ? " stands" : "s stand", eh_shown(example, shown), (long long)times,
                            mine == &people->sources[people->model->people] ? " ('evenhand duplicates' shows people who are in twice)" : "");
    return EH_OK;
}

static eh_code check_time(eh_people *people, eh_people_source *mine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0}, sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_yaml_node *node = eh_yaml_member_value(mine->source->node, "time");
    const char *column = mine->source->time;
    eh_sql_identifier(&name, eh_view_of(column));
    EH_TRY(eh_buffer_check(&name, error));
    mine->time_type = mine->types[eh_people_column_index(mine, column)];
    int64_t limit = eh_instant_us(people->now) + (int64_t)FUTURE_SLACK_SECONDS * 1000000;
    eh_buffer_format(&sql, "SELECT typeof(any_value(%s)) FROM \"" EH_DATA_PREFIX "%s\"", name.ptr, mine->source->name);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    eh_view type = {0};
    if (eh_cursor_next(&cursor) && eh_cursor_text(&cursor, 0, &type))
        mine->time_type = eh_arena_copy(people->arena, type);
    if (mine->time_type == NULL)
        return eh_fail_memory(error);
    if (strncmp(mine->time_type, "TIMESTAMP", 9) != 0 && strcmp(mine->time_type, "DATE") != 0)
        return eh_yaml_fail(node, error, EH_INPUT, "the column %s is %s and no date; write dates as 2026-11-23 or 2026-11-23 14:05:00, or make one in an sql source, "
                            "as in  strptime(%s, '%%d.%%m.%%Y')", column, type_word(mine->time_type), column);
    eh_cursor_close(&cursor);
    cursor = (eh_cursor){0};
    eh_buffer_clear(&sql);
    eh_buffer_format(&sql, "SELECT coalesce(min(epoch_us(%s)), 0), coalesce(max(epoch_us(%s)), 0), CAST(count(*) FILTER (WHERE epoch_us(%s) > %lld) AS BIGINT), "
                           "CAST(max(%s) AS VARCHAR), CAST(count(%s) AS BIGINT) FROM \"" EH_DATA_PREFIX "%s\"", name.ptr, name.ptr, name.ptr, (long long)limit, name.ptr,
                     name.ptr, mine->source->name);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    bool row = eh_cursor_next(&cursor);
    EH_ASSERT(row);
    mine->first_us = eh_cursor_integer(&cursor, 0);
    mine->last_us = eh_cursor_integer(&cursor, 1);
    mine->timed = eh_cursor_integer(&cursor, 4) > 0;
    int64_t future = eh_cursor_integer(&cursor, 2);
    eh_view last = {0};
    char shown[EH_SHOWN_BYTES], now[EH_INSTANT_TEXT_BYTES];
    if (future == 0 || !eh_cursor_text(&cursor, 3, &last))
        return EH_OK;
    eh_instant_text(people->now, EH_FRACTION_NONE, now);
    return eh_yaml_fail(node, error, EH_INPUT, "%s lies in the future in %lld row%s, as late as %s (now is %s); correct those dates in the source", column,
                        (long long)future, future == 1 ? "" : "s", eh_shown(last, shown), now);
}

/* From here on no SQL of the workspace reaches a file: what it may see has been loaded. */
static eh_code lock_down(eh_people *people, eh_error *error)
{
    EH_TRY(eh_engine_execute(people->engine, "DROP VIEW IF EXISTS " EH_ROWS_VIEW, error));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_buffer_text(&sql, "SET allowed_paths = ");
    eh_sql_literal_list(&sql, &people->engine->output, people->engine->output != NULL ? 1 : 0);
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_engine_execute(people->engine, sql.ptr, error));
    EH_TRY(eh_engine_execute(people->engine, "SET enable_external_access = false", error));
    return eh_engine_execute(people->engine, "SET lock_configuration = true", error);
}

eh_code eh_people_load(eh_people *people, eh_error *error)
{
    for (size_t i = 0; i < people->model->sources_count; i++) {
        eh_people_source *mine = &people->sources[i];
        if (mine->source->sql != NULL)
            continue;
        const eh_yaml_node *read = eh_yaml_member_value(mine->source->node, "read");
        if (load_source(people, mine, error) != EH_OK)
            return eh_yaml_fail_within(read, error);
        if (mine->source->key != NULL)
            EH_TRY(check_key(people, mine, error));
        if (mine->source->time != NULL)
            EH_TRY(check_time(people, mine, error));
    }
    EH_TRY(lock_down(people, error));
    people->engine->source = (eh_source){0};
    return EH_OK;
}
