/**
 * The vault: protected attributes, and nothing else. One SQLite file (.evenhand/vault.db) with its own key (.evenhand/keys/vault.key,
 * mode 0600). `audit/` and the commands that check and train may read it; models, rules, decisions and explanations have no way to it.
 *
 * What the AI Act asks in Article 4a is built in: a special category enters only with a note of why it is necessary; people stand
 * under pseudonyms (HMAC-SHA-256 of their key, truncated to 128 bits) and values are sealed one by one (XChaCha20-Poly1305), so the
 * file alone says nothing of anybody; a reading is for one of a few purposes, by a named role, with a reason, and is written down before
 * it happens; values that are older than they may be kept cannot be read and are deleted.
 *
 * A vault serves one thread at a time.
 */
#ifndef EH_VAULT_VAULT_H
#define EH_VAULT_VAULT_H

#include "base/time.h"
#include "data/workspace.h"

typedef struct eh_vault eh_vault;

/** What protected attributes may be used for. There is no other use. */
typedef enum {
    EH_VAULT_IMPORT,   /* putting them in */
    EH_VAULT_CHECK,    /* is anybody left out? */
    EH_VAULT_TRAINING, /* as a constraint of the fit, as anonymous group numbers */
    EH_VAULT_REQUEST,  /* the person's own request: to see, to erase */
    EH_VAULT_PURPOSES_COUNT,
} eh_vault_purpose;

const char *eh_vault_purpose_name(eh_vault_purpose purpose);

/**
 * Who reads, what for, and why now; all of it is written down, before anything is read. Each must be there: EH_DENIED for a missing purpose, role or reason, and
 * for the roles "marketer" and "viewer" (those of the team pages that have no business here).
 */
typedef struct {
    eh_vault_purpose purpose;
    const char *role;   /* "analyst", or the command: "evenhand check" */
    const char *reason; /* "monthly check of the data" */
    eh_instant at;
} eh_vault_access;

/** Makes the key of a workspace unless it is there; `state_folder` is its .evenhand. */
EH_MUST_USE eh_code eh_vault_key_make(const char *state_folder, eh_error *error);
/**
 * Opens the vault of a workspace; makes key and file where they are missing. errors: EH_DENIED when others can read the key; EH_CORRUPT when the file was filled
 * with another key (a lost one is not replaced in silence)
 */
EH_MUST_USE eh_code eh_vault_open(const char *state_folder, eh_vault **vault_out, eh_error *error);
void eh_vault_close(eh_vault **vault);

/**
 * Reads the protected attributes of a workspace from its sources and puts them in the place of what the vault held of them; attributes that
 * the workspace no longer names are deleted. All or nothing. rows_out: values kept; may be NULL
 * errors: EH_DENIED for another purpose than EH_VAULT_IMPORT, for a special category without a note of its necessity, for an attribute that would be kept for ever
 */
EH_MUST_USE eh_code eh_vault_import(eh_vault *vault, eh_workspace *workspace, const eh_people_options *options, const eh_vault_access *access,
                                    uint64_t *rows_out, eh_error *error);
/** One attribute for people by their keys. */
typedef struct {
    const char *attribute;
    const char *const *keys;
    size_t keys_count;
} eh_vault_query;

/**
 * The values that a query asks for: values_out[i] belongs to keys[i]; NULL: not known. Lives in `arena`.
 * errors: EH_NOT_FOUND (not imported), EH_DENIED (kept too long: import again; a purpose that reads nothing, or a request about more than one person), EH_CORRUPT (key and file do not belong together)
 */
EH_MUST_USE eh_code eh_vault_read(eh_vault *vault, const eh_vault_access *access, const eh_vault_query *query, eh_arena *arena,
                                  const char **values_out, eh_error *error);
/** Deletes all that is kept of a person; for EH_VAULT_REQUEST. rows_out: values that were deleted; may be NULL */
EH_MUST_USE eh_code eh_vault_forget(eh_vault *vault, const eh_vault_access *access, const char *key, uint64_t *rows_out, eh_error *error);
/** Deletes what has been kept too long. */
EH_MUST_USE eh_code eh_vault_purge(eh_vault *vault, eh_instant now, uint64_t *rows_out, eh_error *error);

typedef struct {
    const char *name;
    bool special;
    const char *necessity; /* NULL: none needed */
    uint64_t rows_count;
    eh_instant imported_at, expires_at;
} eh_vault_attribute;

/** What the vault holds, by name. */
EH_MUST_USE eh_code eh_vault_list(eh_vault *vault, eh_arena *arena, const eh_vault_attribute **attributes_out, size_t *count_out, eh_error *error);

typedef struct {
    uint64_t number; /* from 1 */
    eh_instant at;
    const char *purpose, *role, *reason, *attribute;
    uint64_t people_count;
} eh_vault_entry;

/** The accesses, newest first, at most `count_max`. */
EH_MUST_USE eh_code eh_vault_log(eh_vault *vault, size_t count_max, eh_arena *arena, const eh_vault_entry **entries_out, size_t *count_out, eh_error *error);

#endif
