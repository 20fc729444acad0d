/* The engine: opened, locked down, asked. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "data/data_int.h"

enum { MEMORY_MEBIBYTES_DEFAULT = 768, THREADS_MAX = 256, PROGRESS_INTERVAL_MS = 100, WAIT_NANOSECONDS = 200000 };

static void config_close(duckdb_config *config)
{
    duckdb_destroy_config(config);
}

static void message_free(char **message)
{
    duckdb_free(*message);
}

/* A thread that reads CSV wants a buffer of 32 MiB and room to work, so little memory means few threads. */
static uint32_t threads_allowed(uint32_t wanted, uint64_t mebibytes)
{
    enum { THREAD_MEBIBYTES = 64 };
    int64_t processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t most = mebibytes / THREAD_MEBIBYTES;
    uint64_t threads = wanted != 0 ? wanted : processors > 0 ? (uint64_t)processors : 1;
    threads = threads > most ? most : threads;
    threads = threads > THREADS_MAX ? THREADS_MAX : threads;
    return threads > 0 ? (uint32_t)threads : 1;
}

static eh_code configure(duckdb_config config, const eh_engine *engine, eh_error *error)
{
    uint64_t bytes = engine->options.memory_bytes_max;
    uint64_t mebibytes = bytes == 0 ? MEMORY_MEBIBYTES_DEFAULT : bytes >> 20 == 0 ? 1 : bytes >> 20;
    char memory[40], threads[16];
    snprintf(memory, sizeof memory, "%lluMiB", (unsigned long long)mebibytes);
    snprintf(threads, sizeof threads, "%u", threads_allowed(engine->options.threads, mebibytes));
    const struct {
        const char *name, *value;
    } settings[] = {
        {"memory_limit", memory},
        {"temp_directory", engine->folder},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"allow_persistent_secrets", "false"},
        {"preserve_insertion_order", engine->options.as_text || engine->options.ordered ? "true" : "false"},
        {"default_null_order", "nulls_last"},
        {"threads", threads},
    };
    size_t count = sizeof settings / sizeof settings[0];
    for (size_t i = 0; i < count; i++)
        if (duckdb_set_config(config, settings[i].name, settings[i].value) != DuckDBSuccess)
            return eh_fail(error, EH_INTERNAL, "the data engine does not take %s = %s", settings[i].name, settings[i].value);
    return EH_OK;
}

static eh_code folder_make(eh_engine *engine, eh_error *error)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] != '/')
        parent = "/tmp";
    char *folder = eh_arena_format(engine->arena, "%s/evenhand-XXXXXX", parent);
    if (folder == NULL)
        return eh_fail_memory(error);
    if (mkdtemp(folder) == NULL) /* mode 0700 */
        return eh_fail(error, EH_IO, "cannot make a temporary folder in %s: %s (set TMPDIR to a folder that can be written)", parent,
                       strerror(errno));
    engine->folder = folder;
    return EH_OK;
}

/* One level is enough: neither the engine nor we make folders in it. */
static void folder_remove(const char *folder)
{
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
    closedir(listing);
    (void)rmdir(folder);
}

static eh_code database_open(eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(config_close) duckdb_config config = NULL;
    if (duckdb_create_config(&config) != DuckDBSuccess)
        return eh_fail_memory(error);
    EH_TRY(configure(config, engine, error));
    EH_CLEANUP(message_free) char *message = NULL;
    if (duckdb_open_ext(NULL, &engine->database, config, &message) != DuckDBSuccess)
        return eh_fail(error, EH_UNAVAILABLE, "the data engine does not start: %s", message == NULL ? "no reason given" : message);
    if (duckdb_connect(engine->database, &engine->connection) != DuckDBSuccess)
        return eh_fail(error, EH_UNAVAILABLE, "the data engine does not start: no connection");
    /* Each of the small questions before the large one would read the file's footer again. */
    EH_TRY(eh_engine_execute(engine, "SET parquet_metadata_cache = true", error));
    EH_TRY(eh_engine_execute(engine, "SET enable_progress_bar = true", error));
    return eh_engine_execute(engine, "SET enable_progress_bar_print = false", error);
}

eh_code eh_engine_open(const eh_engine_options *options, eh_engine **engine_out, eh_error *error)
{
    if (options->threads > THREADS_MAX)
        return eh_fail(error, EH_LIMIT, "%u threads, at most %d", options->threads, THREADS_MAX);
    EH_CLEANUP(eh_engine_close) eh_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return eh_fail_memory(error);
    engine->options = *options;
    engine->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (engine->arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(folder_make(engine, error));
    EH_TRY(database_open(engine, error));
    *engine_out = engine;
    engine = NULL;
    return EH_OK;
}

void eh_engine_close(eh_engine **engine_address)
{
    eh_engine *engine = *engine_address;
    if (engine == NULL)
        return;
    eh_hashing_stop(&engine->hashing);
    if (engine->connection != NULL)
        duckdb_disconnect(&engine->connection);
    if (engine->database != NULL)
        duckdb_close(&engine->database);
    if (engine->folder != NULL)
        folder_remove(engine->folder);
    eh_arena_close(&engine->arena);
    free(engine);
    *engine_address = NULL;
}

const char *eh_engine_version(void)
{
    return duckdb_library_version();
}

/* From here on the engine reaches the input files and its own spill files and nothing else. */
static eh_code lock_down(eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    const char **paths = EH_TAKE(engine->arena, engine->files.count + 1, const char *);
    if (paths == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < engine->files.count; i++)
        paths[i] = engine->files.files[i].engine_path;
    paths[engine->files.count] = engine->output;
    eh_buffer_text(&sql, "SET allowed_paths = ");
    eh_sql_literal_list(&sql, paths, engine->files.count + (engine->output != NULL ? 1 : 0));
    EH_TRY(eh_buffer_check(&sql, error));
    EH_TRY(eh_engine_execute(engine, sql.ptr, error));
    EH_TRY(eh_engine_execute(engine, "SET enable_external_access = false", error));
    return eh_engine_execute(engine, "SET lock_configuration = true", error);
}

static eh_code packed_check(eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (arena == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < engine->files.count; i++)
        EH_TRY(eh_packed_check(&engine->files.files[i], arena, error));
    return EH_OK;
}

eh_code eh_engine_read(eh_engine *engine, const char *const *patterns, size_t patterns_count, eh_error *error)
{
    EH_ASSERT(engine->files.count == 0);
    EH_TRY(eh_input_files_collect(engine->arena, engine->folder, patterns, patterns_count, &engine->files, error));
    const char *first = engine->files.files[0].given;
    const char *slash = strrchr(first, '/');
    engine->reading = engine->files.count > 1    ? eh_arena_format(engine->arena, "reading %zu files", engine->files.count)
                      : strcmp(first, "-") == 0 ? eh_arena_format(engine->arena, "reading standard input")
                                                : eh_arena_format(engine->arena, "reading %s", slash == NULL ? first : slash + 1);
    if (engine->reading == NULL)
        return eh_fail_memory(error);
    EH_TRY(packed_check(engine, error));
    EH_TRY(lock_down(engine, error));
    EH_TRY(eh_hashing_start(&engine->hashing, &engine->files, engine->arena, error));
    return eh_source_open(engine, error);
}

eh_code eh_engine_inputs(eh_engine *engine, const eh_input **inputs_out, size_t *count_out, eh_error *error)
{
    EH_TRY(eh_hashing_wait(&engine->hashing, error));
    *inputs_out = engine->hashing.inputs;
    *count_out = engine->files.count;
    return EH_OK;
}

void eh_engine_columns(const eh_engine *engine, const char *const **names_out, size_t *count_out)
{
    *names_out = engine->source.names;
    *count_out = engine->source.columns_count;
}

/* ---- asking ------------------------------------------------------------------------------------------------------------ */

static void statement_close(duckdb_prepared_statement *statement)
{
    duckdb_destroy_prepare(statement);
}

static void pending_close(duckdb_pending_result *pending)
{
    duckdb_destroy_pending(pending);
}

static eh_code failed(eh_engine *engine, const char *message, eh_error *error)
{
    eh_code code = eh_engine_fail(engine, message == NULL ? "no reason given" : message, error);
    if (message != NULL)
        eh_source_widen(engine, message);
    return code;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Works along in this thread and tells the caller how far things are. */
static duckdb_pending_state work(eh_engine *engine, duckdb_pending_result pending)
{
    int64_t told = now_ms();
    for (;;) {
        duckdb_pending_state state = duckdb_pending_execute_task(pending);
        if (state == DUCKDB_PENDING_ERROR || duckdb_pending_execution_is_finished(state))
            return state;
        if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE)
            nanosleep(&(struct timespec){.tv_nsec = WAIT_NANOSECONDS}, NULL);
        int64_t now = now_ms();
        if (engine->options.progress != NULL && now - told >= PROGRESS_INTERVAL_MS) {
            double percentage = duckdb_query_progress(engine->connection).percentage;
            engine->options.progress(engine->options.progress_context, engine->reading == NULL ? "" : engine->reading,
                                     percentage < 0 ? -1 : fmin(percentage / 100, 1));
            told = now;
        }
    }
}

eh_code eh_engine_query(eh_engine *engine, const eh_buffer *sql, eh_cursor *cursor_out, eh_error *error)
{
    EH_TRY(eh_buffer_check(sql, error));
    EH_CLEANUP(statement_close) duckdb_prepared_statement statement = NULL;
    if (duckdb_prepare(engine->connection, sql->ptr, &statement) != DuckDBSuccess)
        return failed(engine, duckdb_prepare_error(statement), error);
    if (duckdb_nparams(statement) > 0)
        return eh_fail(error, EH_INPUT, "an expression holds a parameter such as ? or $1; write the value itself");
    EH_CLEANUP(pending_close) duckdb_pending_result pending = NULL;
    if (duckdb_pending_prepared(statement, &pending) != DuckDBSuccess)
        return failed(engine, duckdb_pending_error(pending), error);
    if (work(engine, pending) == DUCKDB_PENDING_ERROR)
        return failed(engine, duckdb_pending_error(pending), error);
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {.open = true};
    if (duckdb_execute_pending(pending, &cursor.result) != DuckDBSuccess)
        return failed(engine, duckdb_result_error(&cursor.result), error);
    cursor.columns_count = duckdb_column_count(&cursor.result);
    EH_ASSERT(cursor.columns_count <= EH_RESULT_COLUMNS_MAX);
    *cursor_out = cursor;
    cursor.open = false;
    return EH_OK;
}

eh_code eh_engine_execute(eh_engine *engine, const char *sql, eh_error *error)
{
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {.open = true};
    if (duckdb_query(engine->connection, sql, &cursor.result) != DuckDBSuccess)
        return eh_engine_fail(engine, duckdb_result_error(&cursor.result), error);
    return EH_OK;
}

void eh_cursor_close(eh_cursor *cursor)
{
    if (!cursor->open)
        return;
    if (cursor->chunk != NULL)
        duckdb_destroy_data_chunk(&cursor->chunk);
    duckdb_destroy_result(&cursor->result);
    cursor->open = false;
}

bool eh_cursor_next(eh_cursor *cursor)
{
    while (cursor->row >= cursor->rows) {
        if (cursor->chunk != NULL)
            duckdb_destroy_data_chunk(&cursor->chunk);
        cursor->chunk = duckdb_fetch_chunk(cursor->result);
        if (cursor->chunk == NULL)
            return false;
        cursor->row = 0;
        cursor->rows = duckdb_data_chunk_get_size(cursor->chunk);
        for (size_t i = 0; i < cursor->columns_count; i++) {
            duckdb_vector vector = duckdb_data_chunk_get_vector(cursor->chunk, i);
            cursor->data[i] = duckdb_vector_get_data(vector);
            cursor->valid[i] = duckdb_vector_get_validity(vector);
        }
        if (cursor->rows == 0)
            return false;
    }
    cursor->row++;
    return true;
}

static bool is_valid(const eh_cursor *cursor, size_t column)
{
    EH_ASSERT(column < cursor->columns_count && cursor->row > 0);
    const uint64_t *valid = cursor->valid[column];
    uint64_t row = cursor->row - 1;
    return valid == NULL || ((valid[row / 64] >> (row % 64)) & 1) != 0;
}

bool eh_cursor_text(eh_cursor *cursor, size_t column, eh_view *text_out)
{
    if (!is_valid(cursor, column))
        return false;
    duckdb_string_t *text = (duckdb_string_t *)cursor->data[column] + (cursor->row - 1);
    *text_out = (eh_view){duckdb_string_t_data(text), duckdb_string_t_length(*text)};
    return true;
}

int64_t eh_cursor_integer(const eh_cursor *cursor, size_t column)
{
    return is_valid(cursor, column) ? ((const int64_t *)cursor->data[column])[cursor->row - 1] : 0;
}

double eh_cursor_double(const eh_cursor *cursor, size_t column)
{
    return is_valid(cursor, column) ? ((const double *)cursor->data[column])[cursor->row - 1] : EH_NAN;
}

eh_int128 eh_cursor_int128(const eh_cursor *cursor, size_t column)
{
    if (!is_valid(cursor, column))
        return 0;
    duckdb_hugeint value = ((const duckdb_hugeint *)cursor->data[column])[cursor->row - 1];
    return (eh_int128)value.upper * ((eh_int128)1 << 64) + (eh_int128)value.lower;
}
