/* What a table looks like: the numbers behind a proposal. */
#include <stdlib.h>
#include <string.h>

#include "data/data_int.h"
#include "data/facts.h"

enum { FACTS_COUNT = 8, BATCH_COLUMNS = EH_RESULT_COLUMNS_MAX / FACTS_COUNT, EXACT_BELOW = 1000, SAMPLE_ROWS = 100000, TENTHS_ABOVE = 12, GROUPS_MAX = 200 };
#define TABLE "\"evenhand described\""
#define SAMPLE "\"evenhand sample\""

static eh_facts_kind kind_of(const char *type)
{
    static const struct {
        const char *prefix;
        eh_facts_kind kind;
    } kinds[] = {
        {"VARCHAR", EH_FACTS_TEXT}, {"BOOLEAN", EH_FACTS_BOOLEAN}, {"DATE", EH_FACTS_DATE}, {"TIMESTAMP", EH_FACTS_DATE}, {"BIGINT", EH_FACTS_WHOLE},
        {"INTEGER", EH_FACTS_WHOLE}, {"SMALLINT", EH_FACTS_WHOLE}, {"TINYINT", EH_FACTS_WHOLE}, {"UBIGINT", EH_FACTS_WHOLE}, {"UINTEGER", EH_FACTS_WHOLE},
        {"USMALLINT", EH_FACTS_WHOLE}, {"UTINYINT", EH_FACTS_WHOLE}, {"HUGEINT", EH_FACTS_WHOLE}, {"DOUBLE", EH_FACTS_NUMBER}, {"FLOAT", EH_FACTS_NUMBER},
        {"DECIMAL", EH_FACTS_NUMBER}, {"ENUM", EH_FACTS_TEXT}, {"UUID", EH_FACTS_TEXT},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(type, kinds[i].prefix, strlen(kinds[i].prefix)) == 0 && strchr(type, '[') == NULL)
            return kinds[i].kind;
    return EH_FACTS_OTHER;
}

static eh_code load(eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_buffer_text(&sql, "CREATE OR REPLACE TEMP TABLE " TABLE " AS SELECT * FROM " EH_ROWS_VIEW);
    for (;;) {
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        engine->source.widened = false;
        eh_code code = eh_engine_query(engine, &sql, &cursor, error);
        if (code == EH_OK || !engine->source.widened)
            return code;
    }
}

static eh_code count_rows(eh_engine *engine, uint64_t *rows_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(*) FROM " TABLE);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    bool row = eh_cursor_next(&cursor);
    EH_ASSERT(row);
    *rows_out = (uint64_t)eh_cursor_integer(&cursor, 0);
    return EH_OK;
}

/* ---- facts of columns ---------------------------------------------------------------------------------------------------------- */

static void facts_sql(const eh_facts_column *column, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0};
    eh_sql_identifier(&name, eh_view_of(column->name));
    if (name.code != EH_OK) {
        sql->code = name.code;
        return;
    }
    bool text = column->kind == EH_FACTS_TEXT, other = column->kind == EH_FACTS_OTHER;
    eh_buffer_format(sql, "CAST(count(*) - count(%s) AS BIGINT), ", name.ptr);
    eh_buffer_format(sql, other ? "CAST(0 AS BIGINT), " : "CAST(approx_count_distinct(%s) AS BIGINT), ", name.ptr);
    eh_buffer_format(sql, other ? "NULL::VARCHAR, NULL::VARCHAR, " : "CAST(min(%s) AS VARCHAR), CAST(max(%s) AS VARCHAR), ", name.ptr, name.ptr);
    if (text)
        eh_buffer_format(sql, "CAST(count(*) FILTER (WHERE regexp_full_match(trim(%s), '[^@ ]+@[^@ ]+[.][^@ ]+')) AS BIGINT), "
                              "CAST(count(*) FILTER (WHERE regexp_full_match(trim(%s), '[+(]?[0-9][0-9 ()./-]{5,18}[0-9]')) AS BIGINT), "
                              "coalesce(CAST(avg(length(%s)) AS DOUBLE), 0e0), 0e0", name.ptr, name.ptr, name.ptr);
    else if (column->kind == EH_FACTS_WHOLE || column->kind == EH_FACTS_NUMBER)
        eh_buffer_format(sql, "CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(min(%s) AS DOUBLE), CAST(max(%s) AS DOUBLE)", name.ptr, name.ptr);
    else
        eh_buffer_text(sql, "CAST(0 AS BIGINT), CAST(0 AS BIGINT), 0e0, 0e0");
}

static eh_code facts_read(eh_engine *engine, eh_arena *arena, eh_facts_column *columns, size_t count, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT ");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(&sql, i == 0 ? "" : ", ");
        facts_sql(&columns[i], &sql);
    }
    eh_buffer_text(&sql, " FROM " TABLE);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    bool row = eh_cursor_next(&cursor);
    EH_ASSERT(row);
    for (size_t i = 0; i < count; i++) {
        eh_view min = {0}, max = {0};
        size_t at = i * FACTS_COUNT;
        columns[i].missing = (uint64_t)eh_cursor_integer(&cursor, at);
        columns[i].distinct = (uint64_t)eh_cursor_integer(&cursor, at + 1);
        if (eh_cursor_text(&cursor, at + 2, &min) && eh_cursor_text(&cursor, at + 3, &max)) {
            columns[i].min = eh_arena_copy(arena, min);
            columns[i].max = eh_arena_copy(arena, max);
            if (columns[i].min == NULL || columns[i].max == NULL)
                return eh_fail_memory(error);
        }
        columns[i].addresses = (uint64_t)eh_cursor_integer(&cursor, at + 4);
        columns[i].phones = (uint64_t)eh_cursor_integer(&cursor, at + 5);
        columns[i].text_length_mean = columns[i].kind == EH_FACTS_TEXT ? eh_cursor_double(&cursor, at + 6) : 0;
        columns[i].number_min = eh_cursor_double(&cursor, at + 6);
        columns[i].number_max = eh_cursor_double(&cursor, at + 7);
    }
    return EH_OK;
}

static eh_code distinct_exactly(eh_engine *engine, eh_facts_column *columns, size_t count, uint64_t rows, eh_error *error)
{
    for (size_t i = 0; i < count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        bool near = columns[i].distinct * 2 >= rows - columns[i].missing; /* the estimate may be off by a third */
        if (columns[i].kind == EH_FACTS_OTHER || (columns[i].distinct >= EXACT_BELOW && !near))
            continue;
        eh_buffer_text(&sql, "SELECT count(DISTINCT ");
        eh_sql_identifier(&sql, eh_view_of(columns[i].name));
        eh_buffer_text(&sql, ") FROM " TABLE);
        EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
        if (eh_cursor_next(&cursor))
            columns[i].distinct = (uint64_t)eh_cursor_integer(&cursor, 0);
    }
    return EH_OK;
}

static eh_code values_read(eh_engine *engine, eh_arena *arena, eh_facts_column *column, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    if (column->kind == EH_FACTS_OTHER || column->distinct >= EXACT_BELOW)
        return EH_OK;
    eh_facts_value *values = EH_TAKE(arena, EH_FACTS_VALUES_MAX, eh_facts_value);
    if (values == NULL)
        return eh_fail_memory(error);
    eh_buffer_text(&sql, "SELECT CAST(v AS VARCHAR), n FROM (SELECT ");
    eh_sql_identifier(&sql, eh_view_of(column->name));
    eh_buffer_text(&sql, " AS v, count(*) AS n FROM " TABLE " GROUP BY 1) WHERE v IS NOT NULL");
    eh_buffer_format(&sql, " ORDER BY 2 DESC, 1 LIMIT %d", EH_FACTS_VALUES_MAX);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    while (eh_cursor_next(&cursor)) {
        eh_view text = {0};
        (void)eh_cursor_text(&cursor, 0, &text);
        eh_facts_value *value = &values[column->values_count++];
        value->text = eh_arena_copy(arena, text);
        value->count = (uint64_t)eh_cursor_integer(&cursor, 1);
        if (value->text == NULL)
            return eh_fail_memory(error);
    }
    column->values = values;
    return EH_OK;
}

static eh_code sample_make(eh_engine *engine, uint64_t rows, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    uint64_t every = rows / SAMPLE_ROWS + 1;
    eh_buffer_format(&sql, "CREATE OR REPLACE TEMP TABLE " SAMPLE " AS SELECT * FROM " TABLE " AS t WHERE hash(t) %% %llu = 0", (unsigned long long)every);
    return eh_engine_query(engine, &sql, &cursor, error);
}

eh_code eh_facts_read(eh_engine *engine, eh_arena *arena, eh_facts *profile_out, eh_error *error)
{
    eh_facts profile = {0};
    EH_TRY(load(engine, error));
    EH_TRY(count_rows(engine, &profile.rows, error));
    const eh_source *source = &engine->source;
    eh_facts_column *columns = EH_TAKE(arena, source->columns_count, eh_facts_column);
    if (columns == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < source->columns_count; i++) {
        columns[i].name = eh_arena_copy(arena, eh_view_of(source->names[i]));
        columns[i].kind = kind_of(source->types[i]);
        if (columns[i].name == NULL)
            return eh_fail_memory(error);
    }
    for (size_t i = 0; i < source->columns_count; i += BATCH_COLUMNS) {
        size_t count = source->columns_count - i < BATCH_COLUMNS ? source->columns_count - i : BATCH_COLUMNS;
        EH_TRY(facts_read(engine, arena, columns + i, count, error));
    }
    EH_TRY(distinct_exactly(engine, columns, source->columns_count, profile.rows, error));
    for (size_t i = 0; i < source->columns_count; i++)
        EH_TRY(values_read(engine, arena, &columns[i], error));
    EH_TRY(sample_make(engine, profile.rows, error));
    profile.columns = columns;
    profile.columns_count = source->columns_count;
    *profile_out = profile;
    return EH_OK;
}

/* ---- two columns ------------------------------------------------------------------------------------------------------------------ */

static void group_sql(const eh_facts_column *column, eh_buffer *sql)
{
    bool number = column->kind == EH_FACTS_WHOLE || column->kind == EH_FACTS_NUMBER;
    if ((number || column->kind == EH_FACTS_DATE) && column->distinct > TENTHS_ABOVE) {
        /* rank, not ntile: equal values stay together, whatever the order of the rows */
        eh_buffer_text(sql, "CAST(10 * percent_rank() OVER (ORDER BY ");
        eh_sql_identifier(sql, eh_view_of(column->name));
        eh_buffer_text(sql, ") AS BIGINT)");
        return;
    }
    eh_sql_identifier(sql, eh_view_of(column->name));
}

eh_code eh_facts_cross(eh_engine *engine, const eh_facts_column *a, const eh_facts_column *b, eh_arena *arena, const double **counts_out, size_t *rows_out,
                         size_t *columns_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "WITH s AS (SELECT * FROM " SAMPLE " WHERE ");
    eh_sql_identifier(&sql, eh_view_of(a->name));
    eh_buffer_text(&sql, " IS NOT NULL AND ");
    eh_sql_identifier(&sql, eh_view_of(b->name));
    eh_buffer_text(&sql, " IS NOT NULL), g AS (SELECT ");
    group_sql(a, &sql);
    eh_buffer_text(&sql, " AS x, ");
    group_sql(b, &sql);
    eh_buffer_text(&sql, " AS y FROM s), c AS (SELECT x, y, count(*) AS n FROM g GROUP BY x, y) "
                         "SELECT dense_rank() OVER (ORDER BY x) - 1, dense_rank() OVER (ORDER BY y) - 1, n FROM c ORDER BY 1, 2");
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    double *counts = EH_TAKE(arena, (size_t)GROUPS_MAX * GROUPS_MAX, double);
    size_t rows = 0, columns = 0;
    if (counts == NULL)
        return eh_fail_memory(error);
    double *dense = counts;
    while (eh_cursor_next(&cursor)) {
        size_t x = (size_t)eh_cursor_integer(&cursor, 0), y = (size_t)eh_cursor_integer(&cursor, 1);
        if (x >= GROUPS_MAX || y >= GROUPS_MAX)
            continue;
        dense[x * GROUPS_MAX + y] = (double)eh_cursor_integer(&cursor, 2);
        rows = x + 1 > rows ? x + 1 : rows;
        columns = y + 1 > columns ? y + 1 : columns;
    }
    for (size_t x = 0; x < rows; x++)
        memmove(counts + x * columns, counts + x * GROUPS_MAX, columns * sizeof *counts);
    *counts_out = counts;
    *rows_out = rows;
    *columns_out = columns;
    return EH_OK;
}
