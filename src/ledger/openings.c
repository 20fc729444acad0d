/* Openings: what the commitments in the leaves stand for, each sealed under its person's key. In ledger/openings.db. */
#include <stdlib.h>

#include "ledger/ledger_int.h"

static const char *const steps[] = {
    /* sealed is empty and person 0 once the person was erased; `erasure` is then the entry that says so */
    "CREATE TABLE opening (entry BIGINT PRIMARY KEY, person BIGINT NOT NULL, erasure BIGINT, sealed BYTEA NOT NULL);"
    "CREATE INDEX opening_person ON opening (person, entry) WHERE person > 0",
    /* by runs of entries, so that adding one never touches more pages than a run has, however many people there are */
    "DROP INDEX opening_person;"
    "CREATE INDEX opening_run ON opening ((entry / 16384), person) WHERE person > 0",
};
enum { RUN_ENTRIES = 16384, LOG_PAGES_MAX = 4096 };

enum { PUT, GET, WALK, LAST, OF_PERSON, ERASE, COUNT, PEOPLE, STATEMENTS_COUNT };

static const char *const statements[STATEMENTS_COUNT] = {
    [PUT] = "INSERT INTO opening (entry, person, sealed) VALUES ($1, $2, $3) ON CONFLICT (entry) DO NOTHING",
    [GET] = "SELECT entry, person, erasure, sealed FROM opening WHERE entry = $1",
    [WALK] = "SELECT entry, person, erasure, sealed FROM opening WHERE entry >= $1 ORDER BY entry",
    [LAST] = "SELECT coalesce(max(entry), -1) FROM opening",
    [OF_PERSON] = "SELECT entry FROM opening WHERE entry / 16384 = $2 AND person = $1 AND person > 0 ORDER BY entry",
    [ERASE] = "UPDATE opening SET person = 0, erasure = $2, sealed = $3 WHERE entry / 16384 = $4 AND person = $1 AND person > 0",
    [COUNT] = "SELECT count(*) FROM opening WHERE person > 0",
    [PEOPLE] = "SELECT DISTINCT person FROM opening WHERE person > 0",
};

struct eh_openings {
    eh_store *store;
    eh_statement *statements[STATEMENTS_COUNT];
    bool walks;
};

eh_code eh_openings_open(const eh_folders *folders, eh_store_mode mode, eh_openings **openings_out, eh_error *error)
{
    EH_CLEANUP(eh_path_free) char *path = eh_state_path(folders, "ledger/openings.db");
    EH_CLEANUP(eh_openings_close) eh_openings *openings = calloc(1, sizeof *openings);
    if (openings == NULL || path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_open(path, &(eh_store_options){.mode = mode, .log_pages_max = LOG_PAGES_MAX}, &openings->store, error));
    if (mode != EH_STORE_READ)
        EH_TRY(eh_store_migrate(openings->store, "openings", steps, sizeof steps / sizeof steps[0], error));
    for (size_t i = 0; i < STATEMENTS_COUNT; i++)
        EH_TRY(eh_store_prepare(openings->store, statements[i], &openings->statements[i], error));
    *openings_out = openings;
    openings = NULL;
    return EH_OK;
}

void eh_openings_close(eh_openings **openings)
{
    if (*openings == NULL)
        return;
    for (size_t i = 0; i < STATEMENTS_COUNT; i++)
        eh_statement_close(&(*openings)->statements[i]);
    eh_store_close(&(*openings)->store);
    free(*openings);
    *openings = NULL;
}

eh_store *eh_openings_store(eh_openings *openings)
{
    return openings->store;
}

eh_code eh_openings_put(eh_openings *openings, uint64_t index, uint64_t person, eh_view sealed, eh_error *error)
{
    eh_statement *put = openings->statements[PUT];
    eh_bind_integer(put, 1, (int64_t)index);
    eh_bind_integer(put, 2, (int64_t)person);
    eh_bind_bytes(put, 3, sealed);
    return eh_statement_run(put, error);
}

static void row_read(const eh_statement *query, uint64_t *index_out, eh_opening *opening_out)
{
    *index_out = (uint64_t)eh_column_integer(query, 0);
    *opening_out = (eh_opening){.there = true,
                                .person = (uint64_t)eh_column_integer(query, 1),
                                .erased = !eh_column_null(query, 2),
                                .erasure = (uint64_t)eh_column_integer(query, 2),
                                .sealed = eh_column_bytes(query, 3)};
}

eh_code eh_openings_get(eh_openings *openings, uint64_t index, eh_opening *opening_out, eh_error *error)
{
    eh_statement *get = openings->statements[GET];
    uint64_t found = 0;
    bool row = false;
    eh_statement_reset(get);
    eh_bind_integer(get, 1, (int64_t)index);
    EH_TRY(eh_statement_step(get, &row, error));
    *opening_out = (eh_opening){0};
    if (row)
        row_read(get, &found, opening_out);
    return EH_OK;
}

eh_code eh_openings_walk(eh_openings *openings, uint64_t *index_out, eh_opening *opening_out, eh_error *error)
{
    eh_statement *walk = openings->statements[WALK];
    bool row = false;
    if (!openings->walks)
        eh_bind_integer(walk, 1, (int64_t)*index_out);
    openings->walks = true;
    EH_TRY(eh_statement_step(walk, &row, error));
    *opening_out = (eh_opening){0};
    if (row)
        row_read(walk, index_out, opening_out);
    else
        openings->walks = false;
    if (!row)
        eh_statement_reset(walk);
    return EH_OK;
}

static eh_code count_run(eh_statement *query, uint64_t *count_out, eh_error *error)
{
    bool row = false;
    EH_TRY(eh_statement_step(query, &row, error));
    *count_out = row ? (uint64_t)eh_column_integer(query, 0) : 0;
    eh_statement_reset(query);
    return EH_OK;
}

/* How many runs there are: what is asked of a person is asked of each. */
static eh_code runs_count(eh_openings *openings, int64_t *runs_out, eh_error *error)
{
    eh_statement *last = openings->statements[LAST];
    bool row = false;
    EH_TRY(eh_statement_step(last, &row, error));
    int64_t entry = row ? eh_column_integer(last, 0) : -1;
    eh_statement_reset(last);
    *runs_out = entry < 0 ? 0 : entry / RUN_ENTRIES + 1;
    return EH_OK;
}

eh_code eh_openings_person(eh_openings *openings, uint64_t person, size_t count_max, uint64_t *indexes_out, size_t *count_out, eh_error *error)
{
    eh_statement *list = openings->statements[OF_PERSON];
    int64_t runs = 0;
    size_t count = 0;
    EH_TRY(runs_count(openings, &runs, error));
    for (int64_t run = 0; run < runs; run++) {
        bool row = false;
        eh_bind_integer(list, 1, (int64_t)person);
        eh_bind_integer(list, 2, run);
        EH_TRY(eh_statement_step(list, &row, error));
        while (row) {
            if (count < count_max)
                indexes_out[count] = (uint64_t)eh_column_integer(list, 0);
            count++;
            EH_TRY(eh_statement_step(list, &row, error));
        }
        eh_statement_reset(list);
    }
    *count_out = count;
    return EH_OK;
}

eh_code eh_openings_erase(eh_openings *openings, uint64_t person, uint64_t erasure, eh_error *error)
{
    eh_statement *erase = openings->statements[ERASE];
    int64_t runs = 0;
    EH_TRY(runs_count(openings, &runs, error));
    for (int64_t run = 0; run < runs; run++) {
        eh_bind_integer(erase, 1, (int64_t)person);
        eh_bind_integer(erase, 2, (int64_t)erasure);
        eh_bind_bytes(erase, 3, (eh_view){"", 0});
        eh_bind_integer(erase, 4, run);
        EH_TRY(eh_statement_run(erase, error));
    }
    return EH_OK;
}

eh_code eh_openings_next_person(eh_openings *openings, uint64_t *person_out, eh_error *error)
{
    eh_statement *people = openings->statements[PEOPLE];
    bool row = false;
    EH_TRY(eh_statement_step(people, &row, error));
    *person_out = row ? (uint64_t)eh_column_integer(people, 0) : 0;
    if (!row)
        eh_statement_reset(people);
    return EH_OK;
}

void eh_openings_release(eh_openings *openings)
{
    eh_statement_reset(openings->statements[GET]);
    eh_statement_reset(openings->statements[WALK]);
    eh_statement_reset(openings->statements[PEOPLE]);
    openings->walks = false;
}

eh_code eh_openings_count(eh_openings *openings, uint64_t *count_out, eh_error *error)
{
    return count_run(openings->statements[COUNT], count_out, error);
}
