/* One expression, prepared once and asked of one person at a time. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_int.h"
#include "data/workspace.h"

enum { CONDITION_BYTES_MAX = 64 << 20 };

struct eh_condition {
    eh_engine *engine;
    duckdb_prepared_statement statement;
    eh_person_kind *kinds;
    size_t count;
    pthread_mutex_t lock;
};

void eh_condition_close(eh_condition **condition)
{
    eh_condition *of = *condition;
    if (of == NULL)
        return;
    if (of->statement != NULL)
        duckdb_destroy_prepare(&of->statement);
    eh_engine_close(&of->engine);
    pthread_mutex_destroy(&of->lock);
    free(of->kinds);
    free(of);
    *condition = NULL;
}

static eh_code statement_prepare(eh_condition *of, const char *sql, const eh_condition_column *columns, eh_error *error)
{
    static const char *const types[] = {[EH_PERSON_NUMBER] = "DOUBLE", [EH_PERSON_BOOLEAN] = "BOOLEAN", [EH_PERSON_TEXT] = "VARCHAR"};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_format(&text, "SELECT coalesce((%s), false) FROM (SELECT CAST($1 AS VARCHAR) AS \"key\"", sql);
    for (size_t i = 0; i < of->count; i++) {
        eh_buffer_format(&text, ", CAST($%zu AS %s) AS ", i + 2, types[columns[i].kind]);
        eh_sql_identifier(&text, eh_view_of(columns[i].name));
        of->kinds[i] = columns[i].kind;
    }
    eh_buffer_text(&text, ")");
    EH_TRY(eh_buffer_check(&text, error));
    if (duckdb_prepare(of->engine->connection, text.ptr, &of->statement) != DuckDBSuccess) {
        const char *why = duckdb_prepare_error(of->statement);
        return eh_fail(error, EH_INPUT, "cannot be asked of one person: %.300s", why == NULL ? "no reason given" : why);
    }
    return EH_OK;
}

eh_code eh_condition_open(const char *sql, const eh_condition_column *columns, size_t count, eh_condition **condition_out, eh_error *error)
{
    EH_CLEANUP(eh_condition_close) eh_condition *of = calloc(1, sizeof *of);
    if (of == NULL)
        return eh_fail_memory(error);
    pthread_mutex_init(&of->lock, NULL);
    of->kinds = calloc(count + 1, sizeof *of->kinds);
    of->count = count;
    if (of->kinds == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_engine_open(&(eh_engine_options){.threads = 1, .memory_bytes_max = CONDITION_BYTES_MAX}, &of->engine, error));
    EH_TRY(eh_engine_execute(of->engine, "SET allowed_paths = []", error));
    EH_TRY(eh_engine_execute(of->engine, "SET enable_external_access = false", error));
    EH_TRY(eh_engine_execute(of->engine, "SET lock_configuration = true", error));
    EH_TRY(statement_prepare(of, sql, columns, error));
    *condition_out = of;
    of = NULL;
    return EH_OK;
}

static bool value_bind(eh_condition *of, size_t place, eh_person_kind kind, const eh_condition_value *value)
{
    if (value->missing)
        return duckdb_bind_null(of->statement, place) == DuckDBSuccess;
    if (kind == EH_PERSON_TEXT)
        return duckdb_bind_varchar_length(of->statement, place, value->text.ptr == NULL ? "" : value->text.ptr, value->text.len) == DuckDBSuccess;
    if (kind == EH_PERSON_BOOLEAN)
        return duckdb_bind_boolean(of->statement, place, value->number != 0) == DuckDBSuccess;
    return duckdb_bind_double(of->statement, place, value->number) == DuckDBSuccess;
}

static eh_code ask(eh_condition *of, const eh_condition_value *values, bool *true_out, eh_error *error)
{
    duckdb_result result;
    bool bound = value_bind(of, 1, EH_PERSON_TEXT, &values[0]);
    for (size_t i = 0; i < of->count; i++)
        bound = bound && value_bind(of, i + 2, of->kinds[i], &values[i + 1]);
    if (!bound)
        return eh_fail(error, EH_INTERNAL, "the data engine does not take the facts of a person");
    if (duckdb_execute_prepared(of->statement, &result) != DuckDBSuccess) {
        const char *why = duckdb_result_error(&result);
        eh_code code = eh_fail(error, EH_INPUT, "%.300s", why == NULL ? "no reason given" : why);
        duckdb_destroy_result(&result);
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    eh_code code = EH_OK;
    if (chunk == NULL || duckdb_data_chunk_get_size(chunk) != 1)
        code = eh_fail(error, EH_INTERNAL, "the data engine gave no answer about a person");
    else
        *true_out = ((const bool *)duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)))[0];
    if (chunk != NULL)
        duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return code;
}

eh_code eh_condition_ask(eh_condition *of, const eh_condition_value *values, bool *true_out, eh_error *error)
{
    pthread_mutex_lock(&of->lock);
    eh_code code = ask(of, values, true_out, error);
    pthread_mutex_unlock(&of->lock);
    return code;
}
