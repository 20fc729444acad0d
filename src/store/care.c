/* Checking, copying, putting back, and leaving no trace of what was deleted. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store_int.h"

enum { FINDINGS_MAX = 100 };

eh_code eh_store_check(eh_store *store, eh_store_found found, void *context, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *check = NULL;
    char sql[64];
    bool row = false;
    snprintf(sql, sizeof sql, "PRAGMA integrity_check(%d)", FINDINGS_MAX);
    EH_TRY(eh_store_prepare(store, sql, &check, error));
    for (;;) {
        eh_code code = eh_statement_step(check, &row, error);
        /* a file that is damaged so much that the check cannot go on has been found damaged */
        if (code == EH_CORRUPT) {
            found(context, error != NULL ? error->text : store->path);
            return EH_OK;
        }
        EH_TRY(code);
        if (!row)
            break;
        eh_view text = eh_column_text(check, 0);
        if (!eh_view_equal(text, EH_VIEW("ok")))
            found(context, text.ptr);
    }
    eh_statement_close(&check);
    EH_TRY(eh_store_prepare(store, "SELECT \"table\", rowid, \"parent\" FROM pragma_foreign_key_check", &check, error));
    for (;;) {
        EH_TRY(eh_statement_step(check, &row, error));
        if (!row)
            return EH_OK;
        char text[512];
        snprintf(text, sizeof text, "row %jd of %s names a row of %s that is not there", (intmax_t)eh_column_integer(check, 1),
                 eh_column_text(check, 0).ptr, eh_column_text(check, 2).ptr);
        found(context, text);
    }
}

/* ---- copies --------------------------------------------------------------------------------------------------------- */

static void close_database(sqlite3 **database)
{
    sqlite3_close(*database);
}

static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
    if (copy == NULL)
        return sqlite3_errcode(to);
    /* in one step: a view of one moment, while others write on */
    int stepped = sqlite3_backup_step(copy, -1);
    int answer = sqlite3_backup_finish(copy);
    return answer != SQLITE_OK ? answer : stepped == SQLITE_DONE ? SQLITE_OK : stepped;
}

static eh_code copy_to(const eh_store *store, const char *path, eh_error *error)
{
    EH_CLEANUP(close_database) sqlite3 *copy = NULL;
    int answer = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (answer == SQLITE_OK)
        answer = copy_pages(store->database, copy);
    /* one plain file: no WAL that somebody forgets to take along */
    if (answer == SQLITE_OK)
        answer = sqlite3_exec(copy, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (answer != SQLITE_OK)
        return eh_store_fail(store, answer, "be copied", error);
    return EH_OK;
}

static eh_code fail_at(const char *path, const char *doing, eh_error *error)
{
    int reason = errno;
    eh_code code = reason == EEXIST ? EH_CONFLICT : reason == ENOENT ? EH_NOT_FOUND : reason == EACCES ? EH_DENIED : EH_IO;
    return eh_fail(error, code, "%s: cannot %s: %s", path, doing, strerror(reason));
}

static eh_code sync_file(const char *path, eh_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fail_at(path, "be saved", error);
    int answer = fsync(descriptor);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return answer == 0 ? EH_OK : fail_at(path, "be saved", error);
}

eh_code eh_store_backup(eh_store *store, const char *path, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer partial = {0};
    eh_buffer_format(&partial, "%s.partial-%jd", path, (intmax_t)getpid());
    EH_TRY(eh_buffer_check(&partial, error));
    int descriptor = open(partial.ptr, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return fail_at(partial.ptr, "be made", error);
    close(descriptor);
    eh_code code = copy_to(store, partial.ptr, error);
    if (code == EH_OK)
        code = sync_file(partial.ptr, error);
    /* a link and not a rename: what is there already is never replaced */
    if (code == EH_OK && link(partial.ptr, path) != 0)
        code = fail_at(path, "be made", error);
    unlink(partial.ptr);
    return code == EH_OK ? eh_store_sync_folder(path, error) : code;
}

eh_code eh_store_restore(eh_store *store, const char *path, eh_error *error)
{
    EH_ASSERT(store->writes && !eh_store_in_transaction(store));
    EH_CLEANUP(eh_store_close) eh_store *source = NULL;
    EH_TRY(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_READ}, &source, error));
    int answer = copy_pages(source->database, store->database);
    return answer == SQLITE_OK ? EH_OK : eh_store_fail(store, answer, "be restored", error);
}

/* ---- no trace -------------------------------------------------------------------------------------------------------- */

/* The copies that migrations made hold what was deleted since. */
static eh_code copies_remove(const eh_store *store, eh_error *error)
{
    const char *slash = strrchr(store->path, '/');
    const char *name = slash != NULL ? slash + 1 : store->path;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer folder = {0}, prefix = {0};
    eh_buffer_append(&folder, (eh_view){store->path, (size_t)(name - store->path)});
    if (folder.len == 0)
        eh_buffer_text(&folder, "./");
    eh_buffer_format(&prefix, "%s.before-", name);
    EH_TRY(eh_buffer_check(&folder, error));
    EH_TRY(eh_buffer_check(&prefix, error));
    DIR *listing = opendir(folder.ptr);
    if (listing == NULL)
        return fail_at(folder.ptr, "be listed", error);
    eh_code code = EH_OK;
    struct dirent *entry;
    while (code == EH_OK && (entry = readdir(listing)) != NULL)
        if (strncmp(entry->d_name, prefix.ptr, prefix.len) == 0 && unlinkat(dirfd(listing), entry->d_name, 0) != 0)
            code = fail_at(entry->d_name, "be removed", error);
    closedir(listing);
    return code == EH_OK ? eh_store_sync_folder(store->path, error) : code;
}

static eh_code wal_empty(eh_store *store, eh_error *error)
{
    int answer = sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return answer == SQLITE_OK ? EH_OK : eh_store_fail(store, answer, "be cleaned of deleted values", error);
}

eh_code eh_store_scrub(eh_store *store, eh_error *error)
{
    EH_ASSERT(store->writes && !eh_store_in_transaction(store));
    EH_TRY(wal_empty(store, error));
    EH_TRY(eh_store_run(store, "VACUUM", error));
    EH_TRY(wal_empty(store, error));
    return copies_remove(store, error);
}

/* ---- looking through ---------------------------------------------------------------------------------------------------------- */

enum { LOOK_BYTES = 1 << 20 };

static bool any_in(const char *bytes, size_t len, const char *const *marks, size_t marks_count)
{
    for (size_t m = 0; m < marks_count; m++)
        if (memmem(bytes, len, marks[m], strlen(marks[m])) != NULL)
            return true;
    return false;
}

/* A file as SQLite has it open; pieces overlap by the longest mark. */
static eh_code file_look(eh_store *store, int which, const char *const *marks, size_t marks_count, bool *holds_out, eh_error *error)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 bytes = 0;
    size_t overlap = 0;
    for (size_t m = 0; m < marks_count; m++)
        overlap = strlen(marks[m]) > overlap ? strlen(marks[m]) : overlap;
    int answer = sqlite3_file_control(store->database, "main", which, &file);
    if (answer == SQLITE_OK && (file == NULL || file->pMethods == NULL))
        return EH_OK; /* there is none now */
    char *room = malloc(LOOK_BYTES + overlap);
    if (room == NULL)
        return eh_fail_memory(error);
    if (answer == SQLITE_OK)
        answer = file->pMethods->xFileSize(file, &bytes);
    for (sqlite3_int64 at = 0; answer == SQLITE_OK && at < bytes && !*holds_out; at += LOOK_BYTES) {
        sqlite3_int64 len = bytes - at < (sqlite3_int64)(LOOK_BYTES + overlap) ? bytes - at : (sqlite3_int64)(LOOK_BYTES + overlap);
        answer = file->pMethods->xRead(file, room, (int)len, at);
        if (answer == SQLITE_IOERR_SHORT_READ) /* cut in the meantime; the rest of the room is zero */
            answer = SQLITE_OK;
        *holds_out = answer == SQLITE_OK && any_in(room, (size_t)len, marks, marks_count);
    }
    free(room);
    return answer == SQLITE_OK ? EH_OK : eh_store_fail(store, answer, "be looked through", error);
}

eh_code eh_store_holds(const char *path, const char *const *marks, size_t marks_count, bool *holds_out, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    bool row = false, holds = false;
    EH_TRY(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_READ}, &store, error));
    EH_CLEANUP(eh_statement_close) eh_statement *touch = NULL;
    EH_TRY(eh_store_prepare(store, "SELECT count(*) FROM sqlite_master", &touch, error)); /* opens the log beside the file */
    EH_TRY(eh_statement_step(touch, &row, error));
    EH_TRY(file_look(store, SQLITE_FCNTL_FILE_POINTER, marks, marks_count, &holds, error));
    EH_TRY(file_look(store, SQLITE_FCNTL_JOURNAL_POINTER, marks, marks_count, &holds, error));
    *holds_out = holds;
    return EH_OK;
}
