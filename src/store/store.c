/* Opening, closing, transactions, and what SQLite's answers mean. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_int.h"

enum { WAIT_MS_USUAL = 10000, CACHE_KIB = 16384, LOG_PAGES_USUAL = 1000 };

typedef struct {
    int answer;
    eh_code code;
    const char *hint;
} answer_row;

static const answer_row answers[] = {
    {SQLITE_BUSY, EH_UNAVAILABLE, "; another program is using it: try again"},
    {SQLITE_LOCKED, EH_UNAVAILABLE, "; another part is using it: try again"},
    {SQLITE_INTERRUPT, EH_UNAVAILABLE, ""},
    {SQLITE_CONSTRAINT, EH_CONFLICT, ""},
    {SQLITE_MISMATCH, EH_CONFLICT, ""},
    {SQLITE_NOMEM, EH_MEMORY, ""},
    {SQLITE_TOOBIG, EH_LIMIT, ""},
    {SQLITE_FULL, EH_IO, "; free some space"},
    {SQLITE_IOERR, EH_IO, ""},
    {SQLITE_CORRUPT, EH_CORRUPT, "; restore a backup"},
    {SQLITE_NOTADB, EH_CORRUPT, ""},
    {SQLITE_READONLY, EH_DENIED, ""},
    {SQLITE_CANTOPEN, EH_DENIED, ""},
    {SQLITE_PERM, EH_DENIED, ""},
    {SQLITE_AUTH, EH_DENIED, ""},
};

eh_code eh_store_fail(const eh_store *store, int answer, const char *doing, eh_error *error)
{
    answer_row row = {answer, EH_INTERNAL, ""};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].answer == (answer & 0xff))
            row = answers[i];
    const char *words = store->database != NULL && sqlite3_extended_errcode(store->database) == answer ? sqlite3_errmsg(store->database)
                                                                                                       : sqlite3_errstr(answer);
    return eh_fail(error, row.code, "%s: cannot %s: %s%s", store->path, doing, words, row.hint);
}

eh_code eh_store_sync_folder(const char *path, eh_error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    if (folder == NULL)
        return eh_fail_memory(error);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int answer = descriptor < 0 ? -1 : fsync(descriptor);
    int reason = errno;
    if (descriptor >= 0)
        close(descriptor);
    free(folder);
    if (answer != 0 && reason != EINVAL)
        return eh_fail(error, EH_IO, "%s: cannot save the folder: %s", path, strerror(reason));
    return EH_OK;
}

/* The file is made by us and not by SQLite, so that nobody else can read it at any moment. */
static eh_code file_make(const eh_store *store, eh_error *error)
{
    int descriptor = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0 && errno == EEXIST)
        return EH_OK;
    if (descriptor < 0)
        return eh_fail(error, errno == ENOENT || errno == ENOTDIR ? EH_NOT_FOUND : errno == EACCES || errno == EROFS ? EH_DENIED : EH_IO,
                       "%s: cannot be made: %s", store->path, strerror(errno));
    close(descriptor);
    return eh_store_sync_folder(store->path, error);
}

static eh_code file_check(const eh_store *store, eh_error *error)
{
    struct stat facts;
    if (stat(store->path, &facts) != 0)
        return eh_fail(error, errno == ENOENT || errno == ENOTDIR ? EH_NOT_FOUND : EH_DENIED, "%s: cannot be opened: %s", store->path,
                       strerror(errno));
    if (!S_ISREG(facts.st_mode))
        return eh_fail(error, EH_INPUT, "%s: is no file", store->path);
    return EH_OK;
}

static eh_code settle(eh_store *store, eh_error *error)
{
    sqlite3 *database = store->database;
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, (int)store->wait_ms);
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, EH_STORE_VALUE_BYTES_MAX);
    sqlite3_limit(database, SQLITE_LIMIT_VARIABLE_NUMBER, PARAMETERS_MAX);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    char pragmas[256];
    snprintf(pragmas, sizeof pragmas,
             "%sPRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY; "
             "PRAGMA wal_autocheckpoint=%u;",
             store->writes ? "PRAGMA journal_mode=WAL; " : "", (int)store->cache_kib, store->log_pages_max);
    int answer = sqlite3_exec(database, pragmas, NULL, NULL, NULL);
    /* the first look at the file: a file that is no database shows here */
    if (answer == SQLITE_OK)
        answer = sqlite3_exec(database, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    return answer == SQLITE_OK ? EH_OK : eh_store_fail(store, answer, "open", error);
}

eh_code eh_store_open(const char *path, const eh_store_options *options, eh_store **store_out, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = calloc(1, sizeof *store);
    if (store == NULL || (store->path = strdup(path)) == NULL)
        return eh_fail_memory(error);
    store->writes = options->mode != EH_STORE_READ;
    store->cache_kib = options->cache_kib != 0 ? options->cache_kib : CACHE_KIB;
    store->wait_ms = options->wait_ms != 0 ? options->wait_ms : WAIT_MS_USUAL;
    store->log_pages_max = options->log_pages_max != 0 ? options->log_pages_max : LOG_PAGES_USUAL;
    if (options->mode == EH_STORE_CREATE)
        EH_TRY(file_make(store, error));
    EH_TRY(file_check(store, error));
    int flags = store->writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int answer = sqlite3_open_v2(path, &store->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (answer != SQLITE_OK)
        return eh_store_fail(store, answer, "open", error);
    EH_TRY(settle(store, error));
    *store_out = store;
    store = NULL;
    return EH_OK;
}

void eh_store_close(eh_store **store)
{
    eh_store *open = *store;
    if (open == NULL)
        return;
    eh_store_rollback(open);
    /* statements that are still open keep SQLite's handle alive: that is a broken promise of the caller's */
    EH_ASSERT(open->database == NULL || sqlite3_close(open->database) == SQLITE_OK);
    free(open->path);
    free(open);
    *store = NULL;
}

const char *eh_store_path(const eh_store *store)
{
    return store->path;
}

eh_code eh_store_run(eh_store *store, const char *sql, eh_error *error)
{
    int answer = sqlite3_exec(store->database, sql, NULL, NULL, NULL);
    return answer == SQLITE_OK ? EH_OK : eh_store_fail(store, answer, "be worked on", error);
}

eh_code eh_store_begin(eh_store *store, eh_error *error)
{
    EH_ASSERT(store->writes);
    int answer = sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    return answer == SQLITE_OK ? EH_OK : eh_store_fail(store, answer, "be written to", error);
}

eh_code eh_store_begin_reading(eh_store *store, eh_error *error)
{
    /* the view is fixed by the first read and not by BEGIN */
    int answer = sqlite3_exec(store->database, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (answer == SQLITE_OK)
        return EH_OK;
    eh_code code = eh_store_fail(store, answer, "be read", error);
    eh_store_rollback(store);
    return code;
}

eh_code eh_store_commit(eh_store *store, eh_error *error)
{
    int answer = sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL);
    if (answer == SQLITE_OK)
        return EH_OK;
    eh_code code = eh_store_fail(store, answer, "be saved", error);
    eh_store_rollback(store);
    return code;
}

bool eh_store_in_transaction(const eh_store *store)
{
    return store->database != NULL && sqlite3_get_autocommit(store->database) == 0;
}

void eh_store_rollback(eh_store *store)
{
    if (eh_store_in_transaction(store))
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
}

uint64_t eh_store_changes(const eh_store *store)
{
    return (uint64_t)sqlite3_changes64(store->database);
}

const char *eh_store_engine_version(void)
{
    return sqlite3_libversion();
}
