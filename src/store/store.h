/**
 * Durable state: SQLite behind a narrow face, which no other room includes.
 *
 * Every file is in WAL mode with synchronous=FULL (what was committed survives a power cut), foreign keys on, secure_delete on
 * (deleted bytes are overwritten), STRICT tables and a size limit on everything. One writer at a time, any number of readers beside
 * it: readers see the last commit and never wait. A handle serves one thread at a time; open one per thread.
 *
 * SQL is written so that PostgreSQL takes it too: parameters are $1, $2, ...; types are BIGINT, TEXT, BYTEA, DOUBLE PRECISION and
 * BOOLEAN; INSERT ... ON CONFLICT, RETURNING. What SQLite calls otherwise is translated in migrations (see eh_store_migrate).
 */
#ifndef EH_STORE_STORE_H
#define EH_STORE_STORE_H

#include "base/base.h"

typedef struct eh_store eh_store;
typedef struct eh_statement eh_statement;

typedef enum {
    EH_STORE_READ,   /* the file must be there */
    EH_STORE_WRITE,  /* the file must be there */
    EH_STORE_CREATE, /* made, with mode 0600, when it is not there */
} eh_store_mode;

typedef struct {
    eh_store_mode mode;
    uint32_t wait_ms; /* how long a writer waits for another one; 0: 10 seconds */
    uint32_t cache_kib; /* pages of the file that are kept in memory; 0: 16 MiB */
    uint32_t log_pages_max; /* pages of 4 KiB in the WAL after which it is merged into the file; 0: 1,000 */
} eh_store_options;

/** errors: EH_NOT_FOUND, EH_DENIED, EH_CORRUPT (no database, or a damaged one), EH_IO; the path stands in the text */
EH_MUST_USE eh_code eh_store_open(const char *path, const eh_store_options *options, eh_store **store_out, eh_error *error);
/** Rolls back what is open. All statements must have been closed. Takes the address, for EH_CLEANUP. */
void eh_store_close(eh_store **store);
const char *eh_store_path(const eh_store *store);

/* ---- migrations -------------------------------------------------------------------------------------------------------- */

/**
 * Brings the tables of one `part` (a room's name) to version `steps_count`: steps[i] leads from version i to i + 1 and may hold several
 * statements. All in one transaction: after a failure the file is as before. A file that holds data of that part is copied first,
 * to "<path>.before-<part>-<version>", with mode 0600 (eh_store_scrub removes such copies).
 *
 * Steps are written for PostgreSQL; for SQLite BIGINT becomes INTEGER, BYTEA BLOB, DOUBLE PRECISION REAL, BOOLEAN INTEGER, outside of
 * quotes and comments, and CREATE TABLE (...) becomes STRICT.
 *
 * errors: EH_CONFLICT when the file is of a newer version than this program knows; else what the step ran into
 */
EH_MUST_USE eh_code eh_store_migrate(eh_store *store, const char *part, const char *const *steps, size_t steps_count, eh_error *error);
/** The version of a part, 0 when it has no tables yet. */
EH_MUST_USE eh_code eh_store_version(eh_store *store, const char *part, uint32_t *version_out, eh_error *error);
/** One migration step in the words of SQLite; for tests. */
void eh_store_translate(const char *step, eh_buffer *out);

/* ---- transactions ------------------------------------------------------------------------------------------------------ */

/**
 * Starts writing: takes the file's one write lock at once, waiting for another writer up to wait_ms (then EH_UNAVAILABLE). Not nested.
 * What eh_store_commit has answered with EH_OK is on the disk.
 */
EH_MUST_USE eh_code eh_store_begin(eh_store *store, eh_error *error);
/** Starts a view of the file that stays the same until eh_store_commit, whatever others write. */
EH_MUST_USE eh_code eh_store_begin_reading(eh_store *store, eh_error *error);
EH_MUST_USE eh_code eh_store_commit(eh_store *store, eh_error *error);
/** Undoes; does nothing when nothing was begun. */
void eh_store_rollback(eh_store *store);
bool eh_store_in_transaction(const eh_store *store);

/* ---- statements -------------------------------------------------------------------------------------------------------- */

/** One statement without results or parameters. Outside of a transaction it is one of its own. */
EH_MUST_USE eh_code eh_store_run(eh_store *store, const char *sql, eh_error *error);
/** Exactly one statement; parameters are $1 to $16. Close before the store. */
EH_MUST_USE eh_code eh_store_prepare(eh_store *store, const char *sql, eh_statement **statement_out, eh_error *error);
void eh_statement_close(eh_statement **statement);

/**
 * Values for $number. Views are borrowed until the statement is reset or bound anew. A failure sticks and eh_statement_step tells it.
 * What was not bound is NULL. Text must be UTF-8.
 */
void eh_bind_integer(eh_statement *statement, int number, int64_t value);
void eh_bind_double(eh_statement *statement, int number, double value);
void eh_bind_text(eh_statement *statement, int number, eh_view text);
void eh_bind_bytes(eh_statement *statement, int number, eh_view bytes);
void eh_bind_null(eh_statement *statement, int number);

/** The next row: *row_out is false when there is no more. errors: EH_CONFLICT for a broken constraint, with its name */
EH_MUST_USE eh_code eh_statement_step(eh_statement *statement, bool *row_out, eh_error *error);
/** Steps a statement that has no rows to its end and resets it. */
EH_MUST_USE eh_code eh_statement_run(eh_statement *statement, eh_error *error);
/** Ready to be bound and stepped again; values stay bound. */
void eh_statement_reset(eh_statement *statement);

/** Columns of the present row, from 0. Views are borrowed until the next step or reset; that of NULL has ptr NULL. */
bool eh_column_null(const eh_statement *statement, int column);
int64_t eh_column_integer(const eh_statement *statement, int column);
double eh_column_double(const eh_statement *statement, int column);
eh_view eh_column_text(const eh_statement *statement, int column);
eh_view eh_column_bytes(const eh_statement *statement, int column);
/** Rows that the last INSERT, UPDATE or DELETE touched. */
uint64_t eh_store_changes(const eh_store *store);

/* ---- care -------------------------------------------------------------------------------------------------------------- */

/**
 * Looks at every page, index, constraint and foreign key. Each thing that is wrong is one call of `found`.
 * returns EH_OK also when something was found; an error when looking itself failed
 */
typedef void (*eh_store_found)(void *context, const char *what);
EH_MUST_USE eh_code eh_store_check(eh_store *store, eh_store_found found, void *context, eh_error *error);

/**
 * Copies the file as of now to `path`, which must not be there yet, while others read and write; the copy is one plain file (no WAL
 * beside it), synced, mode 0600.
 */
EH_MUST_USE eh_code eh_store_backup(eh_store *store, const char *path, eh_error *error);
/** Puts the content of the database in `path` in place of this one's, in one transaction, while others read and write. */
EH_MUST_USE eh_code eh_store_restore(eh_store *store, const char *path, eh_error *error);

/**
 * Sees to it that deleted values are nowhere in the files: merges the WAL into the file and empties it, rebuilds the file without
 * free pages, and removes the copies that migrations made. Call it after deleting what must be gone, outside of a transaction.
 * errors: EH_UNAVAILABLE while a reader holds an older view
 */
EH_MUST_USE eh_code eh_store_scrub(eh_store *store, eh_error *error);

/**
 * Does any byte of the file at `path`, or of the log beside it, belong to one of these texts? Free pages count too. Reads through SQLite's own handles: a
 * file of SQLite must never be opened and closed by others in a process that uses it, since POSIX then drops the locks of the whole process,
 * and another process takes the log for its own. errors: those of eh_store_open
 */
EH_MUST_USE eh_code eh_store_holds(const char *path, const char *const *marks, size_t marks_count, bool *holds_out, eh_error *error);

/** SQLite's version, e.g. "3.40.1". */
const char *eh_store_engine_version(void);

#endif
