/** What the files of this room share. */
#ifndef EH_STORE_STORE_INT_H
#define EH_STORE_STORE_INT_H

#include <sqlite3.h>

#include "store/store.h"

enum { PARAMETERS_MAX = 16 };

struct eh_store {
    sqlite3 *database;
    char *path;
    uint32_t wait_ms, cache_kib, log_pages_max;
    bool writes;
};

/** What SQLite answered, as one of our codes, with the path, what was tried and SQLite's own words. */
eh_code eh_store_fail(const eh_store *store, int answer, const char *doing, eh_error *error);
/** Syncs the folder that holds `path`. */
EH_MUST_USE eh_code eh_store_sync_folder(const char *path, eh_error *error);

#endif
