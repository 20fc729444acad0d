/* The people's table, read: the engine, whole columns, columns from elsewhere. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/people_int.h"

eh_engine *eh_people_engine(const eh_people *people)
{
    return people->engine;
}

size_t eh_people_count(const eh_people *people)
{
    return people->rows_count;
}

eh_instant eh_people_as_of(const eh_people *people)
{
    return people->as_of;
}

bool eh_people_is_as_of(const eh_people *people, const char *name)
{
    for (size_t i = 0; i < people->values_count; i++) {
        const eh_people_value *value = &people->values[i];
        bool dated = value->named != 0;
        for (size_t k = 0; k < people->model->sources_count; k++)
            dated = dated && ((value->named >> k & 1) == 0 || people->model->sources[k].time != NULL);
        if (strcmp(value->name, name) == 0)
            return dated && strcmp(value->room, "features") == 0;
    }
    return false;
}

/* ---- whole columns --------------------------------------------------------------------------------------------------------------- */

static void ordered_sql(const char *item, eh_view name, eh_buffer *sql)
{
    eh_buffer_format(sql, "SELECT CAST(%s(", item);
    eh_sql_identifier(sql, name);
}

static eh_code read_numbers(eh_people *people, eh_view name, eh_arena *arena, eh_person_column *column, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    double *numbers = EH_TAKE(arena, people->rows_count, double);
    if (numbers == NULL)
        return eh_fail_memory(error);
    ordered_sql("", name, &sql);
    eh_buffer_text(&sql, ") AS DOUBLE) FROM \"evenhand all\" ORDER BY " EH_ROW_COLUMN);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    for (size_t i = 0; i < people->rows_count; i++) {
        bool row = eh_cursor_next(&cursor);
        EH_ASSERT(row);
        numbers[i] = eh_cursor_double(&cursor, 0);
    }
    column->numbers = numbers;
    return EH_OK;
}

static eh_code read_levels(eh_people *people, eh_view name, eh_arena *arena, eh_person_column *column, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT DISTINCT CAST(");
    eh_sql_identifier(&sql, name);
    eh_buffer_text(&sql, " AS VARCHAR) AS v FROM \"evenhand all\" WHERE ");
    eh_sql_identifier(&sql, name);
    eh_buffer_text(&sql, " IS NOT NULL ORDER BY v");
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    const char **levels = EH_TAKE(arena, people->rows_count, const char *);
    if (levels == NULL)
        return eh_fail_memory(error);
    while (eh_cursor_next(&cursor)) {
        eh_view text = {0};
        bool known = eh_cursor_text(&cursor, 0, &text);
        EH_ASSERT(known && column->levels_count < people->rows_count);
        if (memchr(text.ptr, '\0', text.len) != NULL)
            return eh_fail(error, EH_INPUT, "%.*s: a value holds a zero byte", (int)name.len, name.ptr);
        levels[column->levels_count] = eh_arena_copy(arena, text);
        if (levels[column->levels_count++] == NULL)
            return eh_fail_memory(error);
    }
    column->levels = levels;
    return EH_OK;
}

static int compare_level(const void *wanted, const void *level)
{
    return strcmp(wanted, *(const char *const *)level);
}

static eh_code read_texts(eh_people *people, eh_view name, eh_arena *arena, eh_person_column *column, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0}, text = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    uint32_t *codes = EH_TAKE(arena, people->rows_count, uint32_t);
    if (codes == NULL)
        return eh_fail_memory(error);
    EH_TRY(read_levels(people, name, arena, column, error));
    ordered_sql("", name, &sql);
    eh_buffer_text(&sql, ") AS VARCHAR) FROM \"evenhand all\" ORDER BY " EH_ROW_COLUMN);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    for (size_t i = 0; i < people->rows_count; i++) {
        eh_view value = {0};
        bool row = eh_cursor_next(&cursor);
        EH_ASSERT(row);
        codes[i] = (uint32_t)column->levels_count;
        if (!eh_cursor_text(&cursor, 0, &value))
            continue;
        eh_buffer_clear(&text);
        eh_buffer_append(&text, value);
        EH_TRY(eh_buffer_check(&text, error));
        const char *const *found = bsearch(text.ptr == NULL ? "" : text.ptr, column->levels, column->levels_count, sizeof *column->levels, compare_level);
        EH_ASSERT(found != NULL);
        codes[i] = (uint32_t)(found - column->levels);
    }
    column->codes = codes;
    return EH_OK;
}

/* One name for the table with and without what was attached. */
static eh_code all_view(eh_people *people, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_buffer_text(&sql, "CREATE OR REPLACE VIEW \"evenhand all\" AS SELECT * FROM " EH_PEOPLE_TABLE);
    for (size_t i = 0; i < people->attached_count; i++)
        eh_buffer_format(&sql, " JOIN \"evenhand attached %zu\" USING (" EH_ROW_COLUMN ")", i);
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_engine_execute(people->engine, sql.ptr, error));
    return eh_engine_execute(people->engine, "CREATE OR REPLACE VIEW " EH_ROWS_VIEW " AS SELECT * EXCLUDE (" EH_ROW_COLUMN ") FROM \"evenhand all\"", error);
}

eh_code eh_people_column(eh_people *people, const char *name, eh_arena *arena, eh_person_column *column_out, eh_error *error)
{
    size_t at = 0;
    while (at < people->columns_count && strcmp(people->column_names[at], name) != 0)
        at++;
    if (at == people->columns_count) {
        const char *nearest = eh_nearest_name(name, people->column_names, people->columns_count);
        return eh_fail(error, EH_NOT_FOUND, "no column '%.60s' among the people's%s%s%s", name, nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                       nearest == NULL ? "" : "'?");
    }
    eh_person_column column = {.name = people->column_names[at], .kind = people->column_kinds[at], .rows_count = people->rows_count};
    EH_TRY(all_view(people, error));
    if (column.kind == EH_PERSON_TEXT)
        EH_TRY(read_texts(people, eh_view_of(name), arena, &column, error));
    else
        EH_TRY(read_numbers(people, eh_view_of(name), arena, &column, error));
    *column_out = column;
    return EH_OK;
}

/* ---- columns from elsewhere --------------------------------------------------------------------------------------------------------- */

static void appender_close(duckdb_appender *appender)
{
    if (*appender != NULL)
        duckdb_appender_destroy(appender);
}

static eh_code append_rows(eh_people *people, const char *table, const eh_attached_column *columns, size_t columns_count, eh_error *error)
{
    EH_CLEANUP(appender_close) duckdb_appender appender = NULL;
    if (duckdb_appender_create(people->engine->connection, NULL, table, &appender) != DuckDBSuccess)
        return eh_fail(error, EH_INTERNAL, "the data engine takes no rows for %s", table);
    bool taken = true;
    for (size_t i = 0; i < people->rows_count && taken; i++) {
        taken = duckdb_append_int64(appender, (int64_t)i) == DuckDBSuccess;
        for (size_t k = 0; k < columns_count && taken; k++)
            taken = (columns[k].values[i] == NULL ? duckdb_append_null(appender) : duckdb_append_varchar(appender, columns[k].values[i])) == DuckDBSuccess;
        taken = taken && duckdb_appender_end_row(appender) == DuckDBSuccess;
    }
    if (!taken || duckdb_appender_close(appender) != DuckDBSuccess)
        return eh_engine_fail(people->engine, duckdb_appender_error(appender) == NULL ? "rows were not taken" : duckdb_appender_error(appender), error);
    return EH_OK;
}

/* Whole numbers stay whole, so that bands are called "25 to 34" as they are elsewhere. */
static bool all_whole(const eh_attached_column *column, size_t rows_count)
{
    for (size_t i = 0; i < rows_count; i++) {
        const char *text = column->values[i];
        size_t digits = text == NULL ? 1 : strspn(text + (text[0] == '-'), "0123456789");
        if (text != NULL && (digits == 0 || digits > 15 || text[(text[0] == '-') + digits] != '\0'))
            return false;
    }
    return true;
}

static eh_code attached_table(eh_people *people, const eh_attached_column *columns, size_t columns_count, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    char raw[64];
    snprintf(raw, sizeof raw, "evenhand appended %zu", people->attached_count);
    eh_buffer_format(&sql, "CREATE TABLE \"%s\" (" EH_ROW_COLUMN " BIGINT", raw);
    for (size_t i = 0; i < columns_count; i++)
        eh_buffer_format(&sql, ", c%zu VARCHAR", i);
    eh_buffer_text(&sql, ")");
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_engine_execute(people->engine, sql.ptr, error));
    EH_TRY(append_rows(people, raw, columns, columns_count, error));
    eh_buffer_clear(&sql);
    eh_buffer_format(&sql, "CREATE TABLE \"evenhand attached %zu\" AS SELECT " EH_ROW_COLUMN, people->attached_count);
    for (size_t i = 0; i < columns_count; i++) {
        if (columns[i].numbers)
            eh_buffer_format(&sql, ", TRY_CAST(c%zu AS %s) AS ", i, all_whole(&columns[i], people->rows_count) ? "BIGINT" : "DOUBLE");
        else
            eh_buffer_format(&sql, ", c%zu AS ", i);
        eh_sql_identifier(&sql, eh_view_of(columns[i].name));
    }
    eh_buffer_format(&sql, " FROM \"%s\"", raw);
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_engine_execute(people->engine, sql.ptr, error));
    snprintf(raw, sizeof raw, "DROP TABLE \"evenhand appended %zu\"", people->attached_count);
    return eh_engine_execute(people->engine, raw, error);
}

eh_code eh_people_attach(eh_people *people, const eh_attached_column *columns, size_t columns_count, eh_error *error)
{
    const char **names = EH_TAKE(people->arena, people->columns_count + columns_count, const char *);
    eh_person_kind *kinds = EH_TAKE(people->arena, people->columns_count + columns_count, eh_person_kind);
    if (names == NULL || kinds == NULL)
        return eh_fail_memory(error);
    memcpy(names, people->column_names, people->columns_count * sizeof *names);
    memcpy(kinds, people->column_kinds, people->columns_count * sizeof *kinds);
    for (size_t i = 0; i < columns_count; i++) {
        for (size_t k = 0; k < people->columns_count + i; k++)
            if (strcasecmp(names[k], columns[i].name) == 0)
                return eh_fail(error, EH_CONFLICT, "the people have a column '%.60s' already; choose another name", columns[i].name);
        names[people->columns_count + i] = eh_arena_copy(people->arena, eh_view_of(columns[i].name));
        kinds[people->columns_count + i] = columns[i].numbers ? EH_PERSON_NUMBER : EH_PERSON_TEXT;
        if (names[people->columns_count + i] == NULL)
            return eh_fail_memory(error);
    }
    if (columns_count == 0)
        return EH_OK;
    EH_TRY(attached_table(people, columns, columns_count, error));
    people->attached_count++;
    people->column_names = names;
    people->column_kinds = kinds;
    people->columns_count += columns_count;
    people->engine->source.names = names;
    people->engine->source.columns_count = people->columns_count;
    return all_view(people, error);
}
