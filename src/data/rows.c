/* Rows as they are written, for what is read once and row by row: what people have said, kept by other systems. */
#include <strings.h>

#include "data/data_int.h"

static bool column_is_there(const eh_engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->source.columns_count; i++)
        if (strcasecmp(engine->source.names[i], name) == 0)
            return true;
    return false;
}

static void cell_sql(eh_buffer *sql, const char *column)
{
    eh_buffer_text(sql, "CAST(");
    eh_sql_identifier(sql, eh_view_of(column));
    eh_buffer_text(sql, " AS VARCHAR)");
}

eh_code eh_engine_rows(eh_engine *engine, const char *const *columns, size_t columns_count, eh_row_visit visit, void *context,
                       eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_view cells[EH_ROW_COLUMNS_MAX];
    EH_ASSERT(engine->options.as_text && columns_count > 0 && columns_count <= EH_ROW_COLUMNS_MAX);
    eh_buffer_text(&sql, "SELECT ");
    for (size_t i = 0; i < columns_count; i++) {
        if (!column_is_there(engine, columns[i]))
            return eh_fail(error, EH_NOT_FOUND, "%s: there is no column %s", engine->files.files[0].given, columns[i]);
        if (i > 0)
            eh_buffer_text(&sql, ", ");
        cell_sql(&sql, columns[i]);
    }
    eh_buffer_text(&sql, " FROM " EH_ROWS_VIEW);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    for (uint64_t row = 1; eh_cursor_next(&cursor); row++) {
        for (size_t i = 0; i < columns_count; i++)
            if (!eh_cursor_text(&cursor, i, &cells[i]))
                cells[i] = (eh_view){0};
        EH_TRY(visit(context, row, cells, error));
    }
    return EH_OK;
}

eh_code eh_engine_rows_holding(eh_engine *engine, const char *const *texts, size_t texts_count, uint64_t *rows_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(*) FROM " EH_ROWS_VIEW " WHERE false");
    for (size_t i = 0; i < engine->source.columns_count; i++) {
        eh_buffer_text(&sql, " OR lower(trim(");
        cell_sql(&sql, engine->source.names[i]);
        eh_buffer_text(&sql, ", ' ''')) IN (");
        for (size_t k = 0; k < texts_count; k++) {
            eh_buffer_text(&sql, k > 0 ? ", lower(" : "lower(");
            eh_sql_literal(&sql, eh_view_of(texts[k]));
            eh_buffer_text(&sql, ")");
        }
        eh_buffer_text(&sql, ")");
    }
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    *rows_out = eh_cursor_next(&cursor) ? (uint64_t)eh_cursor_integer(&cursor, 0) : 0;
    return EH_OK;
}
