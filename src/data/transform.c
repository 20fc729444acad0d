/* Steps of a repair in the engine: views over views, asked and written. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/data_int.h"
#include "data/profile.h"
#include "data/transform.h"

void eh_transform_name(eh_buffer *sql, const char *name)
{
    eh_sql_identifier(sql, eh_view_of(name));
}

void eh_transform_text(eh_buffer *sql, const char *text)
{
    eh_sql_literal(sql, eh_view_of(text));
}

void eh_transform_number(eh_buffer *sql, double number)
{
    eh_sql_double(sql, number);
}

static const char *absolute(eh_engine *engine, const char *path)
{
    if (path[0] == '/')
        return path;
    char *here = getcwd(NULL, 0);
    const char *whole = here == NULL ? NULL : eh_arena_format(engine->arena, "%s/%s", here, path);
    free(here);
    return whole;
}

eh_code eh_transform_output(eh_engine *engine, const char *path, eh_error *error)
{
    const char *whole = absolute(engine, path);
    engine->output = whole == NULL ? NULL : eh_arena_format(engine->arena, "%s.partial-%d", whole, (int)getpid());
    return engine->output == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_transform_begin(eh_engine *engine, eh_error *error)
{
    engine->steps = 0;
    return eh_profile_hold(engine, NULL, error);
}

eh_code eh_transform_step(eh_engine *engine, const char *select, const char *what, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    /* A table for each step: a view over a view would be worked out again for every question. */
    eh_buffer_text(&sql, "CREATE OR REPLACE TEMP VIEW " EH_TRANSFORM_BEFORE " AS SELECT * FROM ");
    if (engine->steps == 0)
        eh_buffer_text(&sql, "evenhand_held");
    else
        eh_buffer_format(&sql, "evenhand_step_%u", engine->steps);
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_engine_execute(engine, sql.ptr, error));
    eh_buffer_clear(&sql);
    eh_buffer_format(&sql, "CREATE OR REPLACE TEMP TABLE evenhand_step_%u AS ", engine->steps + 1);
    eh_buffer_text(&sql, select);
    if (eh_engine_query(engine, &sql, &cursor, error) != EH_OK)
        return eh_fail_within(error, "%s", what);
    engine->steps++;
    char view[120], old[64];
    snprintf(view, sizeof view, "CREATE OR REPLACE TEMP VIEW " EH_ROWS_VIEW " AS SELECT * FROM evenhand_step_%u", engine->steps);
    EH_TRY(eh_engine_execute(engine, view, error));
    if (engine->steps < 2)
        return EH_OK;
    snprintf(old, sizeof old, "DROP TABLE evenhand_step_%u", engine->steps - 1);
    EH_TRY(eh_engine_execute(engine, "DROP VIEW " EH_TRANSFORM_BEFORE, error));
    return eh_engine_execute(engine, old, error);
}

eh_code eh_transform_named(eh_engine *engine, const char *name, eh_error *error)
{
    size_t count = engine->source.columns_count;
    const char **names = EH_TAKE(engine->arena, count + 1, const char *);
    char *own = eh_arena_copy(engine->arena, eh_view_of(name));
    if (names == NULL || own == NULL)
        return eh_fail_memory(error);
    memcpy(names, engine->source.names, count * sizeof *names);
    names[count] = own;
    engine->source.names = names;
    engine->source.columns_count = count + 1;
    return EH_OK;
}

eh_code eh_transform_ask(eh_engine *engine, const char *select, size_t rows_max, eh_arena *arena, eh_answer *answer_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, select);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    size_t columns = cursor.columns_count, count = 0, capacity = 64;
    const char **values = EH_TAKE(arena, capacity * columns, const char *);
    while (values != NULL && eh_cursor_next(&cursor)) {
        if (count == rows_max)
            return eh_fail(error, EH_LIMIT, "more than %zu groups; use fewer attributes or coarser bands", rows_max);
        if (count == capacity) {
            const char **more = EH_TAKE(arena, 2 * capacity * columns, const char *);
            if (more == NULL)
                return eh_fail_memory(error);
            memcpy(more, values, capacity * columns * sizeof *more);
            values = more;
            capacity *= 2;
        }
        for (size_t c = 0; c < columns; c++) {
            eh_view text;
            const char **value = &values[count * columns + c];
            if (!eh_cursor_text(&cursor, c, &text))
                continue;
            *value = eh_arena_copy(arena, text);
            if (*value == NULL)
                return eh_fail_memory(error);
        }
        count++;
    }
    if (values == NULL)
        return eh_fail_memory(error);
    *answer_out = (eh_answer){values, count, columns};
    return EH_OK;
}

eh_code eh_transform_columns(eh_engine *engine, eh_arena *arena, eh_answer *names_and_types_out, eh_error *error)
{
    return eh_transform_ask(engine, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " EH_ROWS_VIEW ")", EH_COLUMNS_MAX, arena, names_and_types_out,
                            error);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text), ending_len = strlen(ending);
    return len >= ending_len && strcmp(text + len - ending_len, ending) == 0;
}

static eh_code settle(const char *partial, const char *path, eh_error *error)
{
    int descriptor = open(partial, O_RDONLY | O_CLOEXEC);
    bool fine = descriptor >= 0 && fsync(descriptor) == 0 && rename(partial, path) == 0;
    int reason = errno;
    if (descriptor >= 0)
        close(descriptor);
    if (fine)
        return EH_OK;
    (void)unlink(partial);
    return eh_fail(error, EH_IO, "cannot write %s: %s", path, strerror(reason));
}

eh_code eh_transform_write(eh_engine *engine, const char *path, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    EH_ASSERT(engine->output != NULL);
    const char *format = ends_with(path, ".parquet") ? "(FORMAT parquet)" : ends_with(path, ".json") || ends_with(path, ".jsonl") ? "(FORMAT json)" : "(FORMAT csv, HEADER)";
    eh_buffer_text(&sql, "COPY (SELECT * FROM " EH_ROWS_VIEW ") TO ");
    eh_sql_literal(&sql, eh_view_of(engine->output));
    eh_buffer_format(&sql, " %s", format);
    if (eh_engine_query(engine, &sql, &cursor, error) != EH_OK) {
        (void)unlink(engine->output);
        return eh_fail_within(error, "cannot write %s", path);
    }
    return settle(engine->output, path, error);
}

eh_code eh_transform_json(eh_engine *engine, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_view text;
    eh_buffer_text(&sql, "SELECT CAST(to_json(r) AS VARCHAR) FROM " EH_ROWS_VIEW " AS r");
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    while (eh_cursor_next(&cursor)) {
        if (!eh_cursor_text(&cursor, 0, &text))
            continue;
        eh_buffer_append(out, text);
        eh_buffer_byte(out, '\n');
    }
    return eh_buffer_check(out, error);
}
