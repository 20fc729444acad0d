/* The profile: rows are held once, then counted; duplicates and keys. */
#include <string.h>

#include "data/profile_int.h"

/* ---- holding the rows ---------------------------------------------------------------------------------------------------- */

static eh_code where_check(eh_engine *engine, const char *where, eh_arena *arena, eh_error *error)
{
    eh_reading reading = {.engine = engine, .arena = arena, .error = error};
    eh_column column;
    EH_TRY(eh_column_check(&reading, "--where", (eh_expression){.sql = where, .name = where}, &column));
    if (column.type != EH_TYPE_BOOLEAN)
        return eh_fail(error, EH_INPUT, "--where must be a condition such as \"country = 'IE'\", but '%.200s' is of type %.60s", column.sql,
                       column.type_sql);
    return EH_OK;
}

static eh_code hold_once(eh_engine *engine, const char *where, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "CREATE OR REPLACE TEMP TABLE " EH_HELD_TABLE " AS SELECT * FROM " EH_ROWS_VIEW);
    if (where != NULL) {
        eh_buffer_text(&sql, " WHERE (");
        eh_buffer_text(&sql, where);
        eh_buffer_text(&sql, ")");
    }
    return eh_engine_query(engine, &sql, &cursor, error);
}

static eh_code rows_check(eh_engine *engine, const char *where, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT 1 FROM " EH_HELD_TABLE " LIMIT 1");
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    if (eh_cursor_next(&cursor))
        return EH_OK;
    return eh_fail(error, EH_INPUT, "no rows are left after --where \"%.300s\"", where == NULL ? "" : where);
}

eh_code eh_profile_hold(eh_engine *engine, const char *where, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (arena == NULL)
        return eh_fail_memory(error);
    if (where != NULL)
        EH_TRY(where_check(engine, where, arena, error));
    for (eh_code code = EH_INTERNAL; code != EH_OK;) {
        engine->source.widened = engine->unexplained = false;
        code = hold_once(engine, where, error);
        /* A type proved too narrow and has been corrected: once more. */
        if (code != EH_OK && !engine->source.widened)
            return engine->unexplained && where != NULL ? eh_fail_within(error, "--where") : code;
    }
    EH_TRY(eh_engine_execute(engine, "CREATE OR REPLACE TEMP VIEW " EH_ROWS_VIEW " AS SELECT * FROM " EH_HELD_TABLE, error));
    engine->source.reads = NULL; /* the types are final: nothing is read from the files again */
    return rows_check(engine, where, error);
}

/* ---- a sample of very many rows --------------------------------------------------------------------------------------------- */

static void all_columns_sql(const eh_profiling *p, bool with_keys, eh_buffer *sql)
{
    bool first = true;
    for (size_t i = 0; i < p->columns_count; i++) {
        const eh_profile_column *column = &p->columns[i];
        bool key = column->distinct_exact && column->distinct == p->profile->rows && (column->kind == EH_KIND_TEXT || column->whole);
        if (key && !with_keys)
            continue;
        eh_buffer_text(sql, first ? "" : ", ");
        eh_sql_identifier(sql, eh_view_of(column->name));
        first = false;
    }
    if (first)
        eh_buffer_text(sql, "0");
}

/* Rows are chosen by what they hold, so that neither their order nor the number of threads shows. */
static eh_code sample_take(eh_profiling *p)
{
    uint64_t most = EH_PROFILE_BINS_BYTES_MAX / (p->columns_count + EH_ATTRIBUTES_MAX + 8);
    most = most < EH_PROFILE_ROWS_MAX ? most : EH_PROFILE_ROWS_MAX;
    p->table = EH_HELD_TABLE;
    p->profile->rows_binned = (size_t)p->profile->rows;
    if (p->profile->rows <= most)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "CREATE OR REPLACE TEMP TABLE " EH_SAMPLE_TABLE " AS SELECT * FROM " EH_HELD_TABLE " WHERE hash(");
    all_columns_sql(p, true, &sql);
    eh_buffer_format(&sql, ") %% %llu = 0", (unsigned long long)(p->profile->rows / most + 1));
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    eh_cursor_close(&cursor);
    eh_buffer_clear(&sql);
    eh_buffer_text(&sql, "SELECT count(*) FROM " EH_SAMPLE_TABLE);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    p->table = EH_SAMPLE_TABLE;
    p->profile->rows_binned = eh_cursor_next(&cursor) ? (size_t)eh_cursor_integer(&cursor, 0) : 0;
    return EH_OK;
}

/* ---- duplicates and keys ------------------------------------------------------------------------------------------------------ */

static eh_code repeated_count(eh_profiling *p, bool with_keys, uint64_t *repeated_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(*) - count(DISTINCT hash(");
    all_columns_sql(p, with_keys, &sql);
    eh_buffer_text(&sql, ")) FROM " EH_HELD_TABLE);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    *repeated_out = eh_cursor_next(&cursor) ? (uint64_t)eh_cursor_integer(&cursor, 0) : 0;
    return EH_OK;
}

static const eh_profile_column *key_find(const eh_profiling *p)
{
    for (size_t i = 0; i < p->columns_count; i++) {
        const eh_profile_column *column = &p->columns[i];
        if (column->distinct_exact && column->distinct == p->profile->rows && p->profile->rows > 1 && (column->kind == EH_KIND_TEXT || column->whole))
            return column;
    }
    return NULL;
}

static eh_code key_given(eh_profiling *p, const eh_profile_column **column_out)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(1 << 20);
    const char **names = scratch == NULL ? NULL : EH_TAKE(scratch, p->columns_count, const char *);
    if (names == NULL)
        return eh_fail_memory(p->error);
    for (size_t i = 0; i < p->columns_count; i++) {
        names[i] = p->columns[i].name;
        if (!eh_view_equal_nocase(eh_view_of(names[i]), eh_view_of(p->spec->key)))
            continue;
        *column_out = &p->columns[i];
        return EH_OK;
    }
    const char *nearest = eh_nearest_name(p->spec->key, names, p->columns_count);
    return eh_fail(p->error, EH_NOT_FOUND, "--key: there is no column '%.200s'%s%s%s", p->spec->key, nearest == NULL ? "" : "; do you mean '",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static eh_code key_repeats(eh_profiling *p, const eh_profile_column *column)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0}, name = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_profile_text_sql(column, &name);
    EH_TRY(eh_buffer_check(&name, p->error));
    eh_buffer_format(&sql, "SELECT k, CAST(sum(n - 1) OVER () AS BIGINT) FROM (SELECT %s AS k, count(*) AS n FROM " EH_HELD_TABLE
                           " GROUP BY 1) WHERE trim(k) <> '' AND n > 1 ORDER BY n DESC, 1 LIMIT %d", name.ptr, EH_PROFILE_EXAMPLES_MAX);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    while (eh_cursor_next(&cursor)) {
        eh_view text = {0};
        bool known = eh_cursor_text(&cursor, 0, &text);
        EH_ASSERT(known && p->profile->key_examples_count < EH_PROFILE_EXAMPLES_MAX);
        const char *copy = eh_arena_copy(p->arena, text);
        if (copy == NULL)
            return eh_fail_memory(p->error);
        p->profile->key_repeated = (uint64_t)eh_cursor_integer(&cursor, 1);
        p->profile->key_examples[p->profile->key_examples_count++] = copy;
    }
    p->profile->key_missing = column->missing + column->blank;
    return EH_OK;
}

static eh_code duplicates_read(eh_profiling *p)
{
    const eh_profile_column *key = key_find(p);
    EH_TRY(repeated_count(p, true, &p->profile->repeated));
    if (key != NULL)
        EH_TRY(repeated_count(p, false, &p->profile->repeated_but_key));
    if (p->spec->key != NULL) {
        EH_TRY(key_given(p, &key));
        EH_TRY(key_repeats(p, key));
    }
    p->profile->key_column = key == NULL ? NULL : key->name;
    return EH_OK;
}

eh_code eh_profile_read(eh_engine *engine, const eh_profile_spec *spec, eh_arena *arena, eh_profile *profile_out, eh_error *error)
{
    eh_profile profile = {0};
    eh_profiling p = {.engine = engine, .spec = spec, .cube = spec->groups, .arena = arena, .error = error, .profile = &profile};
    p.now_days = ((double)spec->now.seconds + spec->now.nanoseconds * 1e-9) / 86400;
    EH_TRY(eh_profile_columns_count(&p));
    EH_TRY(sample_take(&p));
    EH_TRY(eh_profile_columns_bin(&p));
    EH_TRY(eh_profile_rows_read(&p));
    EH_TRY(duplicates_read(&p));
    profile.columns = p.columns;
    profile.columns_count = p.columns_count;
    *profile_out = profile;
    return EH_OK;
}
