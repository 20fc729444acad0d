/* Rows in their order, a chunk at a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/columns.h"
#include "data/data_int.h"

typedef struct {
    duckdb_prepared_statement statement;
    duckdb_pending_result pending;
    duckdb_result result;
    bool has_result;
} stream;

static void stream_close(stream *s)
{
    if (s->has_result)
        duckdb_destroy_result(&s->result);
    duckdb_destroy_pending(&s->pending);
    duckdb_destroy_prepare(&s->statement);
}

static eh_code explain(eh_engine *engine, const char *message, eh_error *error)
{
    eh_code code = eh_engine_fail(engine, message == NULL ? "no reason given" : message, error);
    if (message != NULL)
        eh_source_widen(engine, message);
    return code;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------------------------ */

static eh_code kind_of_type(eh_column *column, duckdb_type type, eh_error *error)
{
    static const duckdb_type numbers[] = {DUCKDB_TYPE_TINYINT, DUCKDB_TYPE_SMALLINT, DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT,
                                          DUCKDB_TYPE_UTINYINT, DUCKDB_TYPE_USMALLINT, DUCKDB_TYPE_UINTEGER, DUCKDB_TYPE_UBIGINT,
                                          DUCKDB_TYPE_FLOAT, DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_HUGEINT, DUCKDB_TYPE_UHUGEINT, DUCKDB_TYPE_DECIMAL};
    static const duckdb_type texts[] = {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_ENUM, DUCKDB_TYPE_UUID, DUCKDB_TYPE_SQLNULL};
    static const duckdb_type dates[] = {DUCKDB_TYPE_DATE, DUCKDB_TYPE_TIMESTAMP, DUCKDB_TYPE_TIMESTAMP_S, DUCKDB_TYPE_TIMESTAMP_MS,
                                        DUCKDB_TYPE_TIMESTAMP_NS, DUCKDB_TYPE_TIMESTAMP_TZ, DUCKDB_TYPE_TIME, DUCKDB_TYPE_INTERVAL};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (type == numbers[i]) {
            column->kind = EH_VALUES_NUMBER;
            return EH_OK;
        }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (type == texts[i]) {
            column->kind = EH_VALUES_TEXT;
            return EH_OK;
        }
    if (type == DUCKDB_TYPE_BOOLEAN) {
        column->kind = EH_VALUES_TRUTH;
        return EH_OK;
    }
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        if (type == dates[i])
            return eh_fail(error, EH_INPUT, "%s: %.200s is a date or time; say what about it counts, e.g. date_diff('day', %.200s, DATE '2026-01-01')",
                           column->option, column->sql, column->sql);
    return eh_fail(error, EH_INPUT, "%s: %.200s is neither a number nor a text; write an expression that is, e.g. len(%.200s)", column->option,
                   column->sql, column->sql);
}

static eh_code describe_some(eh_engine *engine, eh_column *columns, size_t count, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(stream_close) stream s = {0};
    eh_buffer_text(&sql, "SELECT ");
    for (size_t i = 0; i < count; i++)
        eh_buffer_format(&sql, "%s(%s)", i == 0 ? "" : ", ", columns[i].sql);
    eh_buffer_text(&sql, " FROM " EH_ROWS_VIEW " LIMIT 0");
    EH_TRY(eh_buffer_check(&sql, error));
    if (duckdb_prepare(engine->connection, sql.ptr, &s.statement) != DuckDBSuccess)
        return explain(engine, duckdb_prepare_error(s.statement), error);
    if (duckdb_nparams(s.statement) > 0)
        return eh_fail(error, EH_INPUT, "an expression holds a parameter such as ? or $1; write the value itself");
    if (duckdb_execute_prepared(s.statement, &s.result) != DuckDBSuccess) {
        s.has_result = true;
        return explain(engine, duckdb_result_error(&s.result), error);
    }
    s.has_result = true;
    for (size_t i = 0; i < count; i++)
        EH_TRY(kind_of_type(&columns[i], duckdb_column_type(&s.result, i), error));
    return EH_OK;
}

eh_code eh_columns_describe(eh_engine *engine, eh_column *columns, size_t count, eh_error *error)
{
    if (describe_some(engine, columns, count, NULL) == EH_OK)
        return EH_OK;
    /* Which one is it? */
    for (size_t i = 0; i < count; i++) {
        if (describe_some(engine, &columns[i], 1, error) == EH_OK)
            continue;
        if (error != NULL && strncmp(error->text, columns[i].option, strlen(columns[i].option)) != 0)
            return eh_fail_within(error, "%s", columns[i].option);
        return error == NULL ? EH_INPUT : error->code;
    }
    return describe_some(engine, columns, count, error);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double *numbers;  /* count * vector size: for columns with missing values */
    eh_view *texts;
    const double **number_list;
    const eh_view **text_list;
    size_t capacity;  /* rows of a chunk */
} chunk_space;

static void chunk_space_close(chunk_space *space)
{
    free(space->numbers);
    free(space->texts);
    free(space->number_list);
    free(space->text_list);
}

static eh_code chunk_space_open(chunk_space *space, size_t count, eh_error *error)
{
    space->capacity = duckdb_vector_size();
    space->numbers = malloc(count * space->capacity * sizeof(double));
    space->texts = malloc(count * space->capacity * sizeof(eh_view));
    space->number_list = calloc(count, sizeof *space->number_list);
    space->text_list = calloc(count, sizeof *space->text_list);
    if (space->numbers == NULL || space->texts == NULL || space->number_list == NULL || space->text_list == NULL)
        return eh_fail_memory(error);
    return EH_OK;
}

static void rows_sql(const eh_columns_spec *spec, eh_buffer *sql)
{
    eh_buffer_text(sql, "SELECT ");
    for (size_t i = 0; i < spec->count; i++)
        eh_buffer_format(sql, "%sCAST((%s) AS %s)", i == 0 ? "" : ", ", spec->columns[i].sql,
                         spec->columns[i].kind == EH_VALUES_TEXT ? "VARCHAR" : "DOUBLE");
    eh_buffer_text(sql, " FROM " EH_ROWS_VIEW);
    if (spec->where != NULL)
        eh_buffer_format(sql, " WHERE (%s)", spec->where);
}

static void column_fill(const eh_columns_spec *spec, size_t column, duckdb_vector vector, size_t rows, chunk_space *space)
{
    const uint64_t *valid = duckdb_vector_get_validity(vector);
    void *data = duckdb_vector_get_data(vector);
    space->number_list[column] = NULL;
    space->text_list[column] = NULL;
    if (spec->columns[column].kind != EH_VALUES_TEXT) {
        double *numbers = space->numbers + column * space->capacity;
        const double *from = data;
        space->number_list[column] = valid == NULL ? from : numbers;
        for (size_t i = 0; valid != NULL && i < rows; i++)
            numbers[i] = ((valid[i / 64] >> (i % 64)) & 1) != 0 ? from[i] : EH_NAN;
        return;
    }
    eh_view *texts = space->texts + column * space->capacity;
    duckdb_string_t *from = data;
    space->text_list[column] = texts;
    for (size_t i = 0; i < rows; i++) {
        bool known = valid == NULL || ((valid[i / 64] >> (i % 64)) & 1) != 0;
        texts[i] = known ? (eh_view){duckdb_string_t_data(&from[i]), duckdb_string_t_length(from[i])} : (eh_view){0};
    }
}

static eh_code rows_read(eh_engine *engine, const eh_columns_spec *spec, chunk_space *space, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(stream_close) stream s = {0};
    rows_sql(spec, &sql);
    EH_TRY(eh_buffer_check(&sql, error));
    if (duckdb_prepare(engine->connection, sql.ptr, &s.statement) != DuckDBSuccess)
        return explain(engine, duckdb_prepare_error(s.statement), error);
    if (duckdb_pending_prepared_streaming(s.statement, &s.pending) != DuckDBSuccess)
        return explain(engine, duckdb_pending_error(s.pending), error);
    s.has_result = true;
    if (duckdb_execute_pending(s.pending, &s.result) != DuckDBSuccess)
        return explain(engine, duckdb_result_error(&s.result), error);
    for (;;) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(s.result);
        if (chunk == NULL)
            break;
        size_t rows = duckdb_data_chunk_get_size(chunk);
        eh_code code = EH_OK;
        if (rows > 0) {
            for (size_t i = 0; i < spec->count; i++)
                column_fill(spec, i, duckdb_data_chunk_get_vector(chunk, i), rows, space);
            eh_columns_chunk taken = {.rows = rows, .numbers = space->number_list, .texts = space->text_list};
            code = spec->take(spec->context, &taken, error);
        }
        duckdb_destroy_data_chunk(&chunk);
        EH_TRY(code);
    }
    const char *message = duckdb_result_error(&s.result);
    if (message != NULL && message[0] != '\0')
        return explain(engine, message, error);
    return EH_OK;
}

eh_code eh_columns_read(eh_engine *engine, const eh_columns_spec *spec, eh_error *error)
{
    EH_CLEANUP(chunk_space_close) chunk_space space = {0};
    EH_TRY(chunk_space_open(&space, spec->count, error));
    for (;;) {
        engine->source.widened = false;
        eh_code code = rows_read(engine, spec, &space, error);
        if (code == EH_OK || !engine->source.widened)
            return code;
        EH_TRY(spec->take(spec->context, NULL, error));
    }
}
