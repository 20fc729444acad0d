/* Prepared statements: $1 to $16 bound, rows stepped through, columns read. */
#include <stdlib.h>
#include <string.h>

#include "store/store_int.h"

struct eh_statement {
    eh_store *store;
    sqlite3_stmt *compiled;
    int places[PARAMETERS_MAX]; /* SQLite's number of $1, $2, ...; 0: not in the statement */
    int failure;                /* the first failure of a bind, or SQLITE_OK */
};

/* SQLite numbers $n in the order of their first use, PostgreSQL by n. */
static eh_code places_find(eh_statement *statement, const char *sql, eh_error *error)
{
    int found = 0;
    for (int i = 0; i < PARAMETERS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "$%d", i + 1);
        statement->places[i] = sqlite3_bind_parameter_index(statement->compiled, name);
        found += statement->places[i] > 0;
    }
    if (found != sqlite3_bind_parameter_count(statement->compiled))
        return eh_fail(error, EH_INTERNAL, "a statement has parameters beside $1 to $%d: %s", PARAMETERS_MAX, sql);
    return EH_OK;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n;")] == '\0';
}

eh_code eh_store_prepare(eh_store *store, const char *sql, eh_statement **statement_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *statement = calloc(1, sizeof *statement);
    if (statement == NULL)
        return eh_fail_memory(error);
    statement->store = store;
    const char *rest = NULL;
    int answer = sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->compiled, &rest);
    if (answer != SQLITE_OK)
        return eh_store_fail(store, answer, "be asked", error);
    if (statement->compiled == NULL || !is_blank(rest))
        return eh_fail(error, EH_INTERNAL, "not exactly one statement: %s", sql);
    EH_TRY(places_find(statement, sql, error));
    *statement_out = statement;
    statement = NULL;
    return EH_OK;
}

void eh_statement_close(eh_statement **statement)
{
    if (*statement == NULL)
        return;
    sqlite3_finalize((*statement)->compiled);
    free(*statement);
    *statement = NULL;
}

static int place_of(const eh_statement *statement, int number)
{
    EH_ASSERT(number >= 1 && number <= PARAMETERS_MAX && statement->places[number - 1] > 0);
    return statement->places[number - 1];
}

static void bound(eh_statement *statement, int answer)
{
    if (statement->failure == SQLITE_OK)
        statement->failure = answer;
}

void eh_bind_integer(eh_statement *statement, int number, int64_t value)
{
    bound(statement, sqlite3_bind_int64(statement->compiled, place_of(statement, number), value));
}

void eh_bind_double(eh_statement *statement, int number, double value)
{
    bound(statement, sqlite3_bind_double(statement->compiled, place_of(statement, number), value));
}

void eh_bind_text(eh_statement *statement, int number, eh_view text)
{
    bound(statement, sqlite3_bind_text64(statement->compiled, place_of(statement, number), text.ptr != NULL ? text.ptr : "", text.len,
                                         SQLITE_STATIC, SQLITE_UTF8));
}

void eh_bind_bytes(eh_statement *statement, int number, eh_view bytes)
{
    bound(statement,
          sqlite3_bind_blob64(statement->compiled, place_of(statement, number), bytes.ptr != NULL ? bytes.ptr : "", bytes.len, SQLITE_STATIC));
}

void eh_bind_null(eh_statement *statement, int number)
{
    bound(statement, sqlite3_bind_null(statement->compiled, place_of(statement, number)));
}

eh_code eh_statement_step(eh_statement *statement, bool *row_out, eh_error *error)
{
    if (statement->failure != SQLITE_OK)
        return eh_store_fail(statement->store, statement->failure, "take a value", error);
    int answer = sqlite3_step(statement->compiled);
    if (answer != SQLITE_ROW && answer != SQLITE_DONE) {
        eh_code code = eh_store_fail(statement->store, answer, "be worked on", error);
        sqlite3_reset(statement->compiled);
        return code;
    }
    *row_out = answer == SQLITE_ROW;
    return EH_OK;
}

eh_code eh_statement_run(eh_statement *statement, eh_error *error)
{
    bool row = false;
    do
        EH_TRY(eh_statement_step(statement, &row, error));
    while (row);
    eh_statement_reset(statement);
    return EH_OK;
}

void eh_statement_reset(eh_statement *statement)
{
    sqlite3_reset(statement->compiled);
    statement->failure = SQLITE_OK;
}

bool eh_column_null(const eh_statement *statement, int column)
{
    return sqlite3_column_type(statement->compiled, column) == SQLITE_NULL;
}

int64_t eh_column_integer(const eh_statement *statement, int column)
{
    return sqlite3_column_int64(statement->compiled, column);
}

double eh_column_double(const eh_statement *statement, int column)
{
    return sqlite3_column_double(statement->compiled, column);
}

eh_view eh_column_text(const eh_statement *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement->compiled, column);
    return (eh_view){text, (size_t)sqlite3_column_bytes(statement->compiled, column)};
}

eh_view eh_column_bytes(const eh_statement *statement, int column)
{
    if (eh_column_null(statement, column))
        return (eh_view){NULL, 0};
    const char *bytes = sqlite3_column_blob(statement->compiled, column);
    return (eh_view){bytes != NULL ? bytes : "", (size_t)sqlite3_column_bytes(statement->compiled, column)};
}
