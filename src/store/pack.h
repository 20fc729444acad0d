/**
 * Packs: many files in one, for backups. A pack is itself a database (a name, a SHA-256 and the bytes in pieces), so that it is whole or
 * not there, is checked when it is read, and can be looked into with any SQLite.
 */
#ifndef EH_STORE_PACK_H
#define EH_STORE_PACK_H

#include "store/store.h"

typedef struct eh_pack eh_pack;

/** Begins a pack that will stand at `path`, which must not be there yet. Nothing is there before eh_pack_finish. */
EH_MUST_USE eh_code eh_pack_make(const char *path, eh_pack **pack_out, eh_error *error);
EH_MUST_USE eh_code eh_pack_add(eh_pack *pack, const char *name, eh_view bytes, eh_error *error);
EH_MUST_USE eh_code eh_pack_add_file(eh_pack *pack, const char *name, const char *path, eh_error *error);
EH_MUST_USE eh_code eh_pack_finish(eh_pack *pack, eh_error *error);

/** Opens a pack to read. errors: EH_INPUT when it is none */
EH_MUST_USE eh_code eh_pack_open(const char *path, eh_pack **pack_out, eh_error *error);
/** The names, in order: the one after `name` ("" for the first); *name_out stays until the next call, NULL at the end. */
EH_MUST_USE eh_code eh_pack_next(eh_pack *pack, const char *name, const char **name_out, eh_error *error);
/** Writes the file `name` to `path` (mode 0600), synced, and checks its SHA-256. errors: EH_NOT_FOUND, EH_CORRUPT, EH_CONFLICT when it is there */
EH_MUST_USE eh_code eh_pack_extract(eh_pack *pack, const char *name, const char *path, eh_error *error);
/** Closes; a pack that was not finished leaves nothing. */
void eh_pack_close(eh_pack **pack);

#endif
