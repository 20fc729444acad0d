/**
 * Keys of the interface for machines: who may ask what, and how often.
 *
 * A key is shown once, when it is made; what is kept is its SHA-256 (a key is 32 random bytes, so that nothing slower is needed).
 */
#ifndef EH_WEB_API_KEYS_H
#define EH_WEB_API_KEYS_H

#include "base/base.h"
#include "journey/people.h"
#include "store/store.h"

enum { EH_API_TOKEN_BYTES = 48, EH_API_KEY_NAME_BYTES = 65, EH_API_RATE_USUAL = 1000, EH_API_RATE_MAX = 1000000 };

typedef enum {
    EH_SCOPE_DECISIONS, EH_SCOPE_EXPLANATIONS, EH_SCOPE_PLANS, EH_SCOPE_CONSENTS, EH_SCOPE_PREFERENCES, EH_SCOPE_PEOPLE,
    EH_SCOPE_FEEDBACK, EH_SCOPE_OUTCOMES, EH_SCOPE_PROOFS, EH_SCOPE_LINKS, EH_SCOPE_METRICS, EH_SCOPES_COUNT
} eh_scope;

const char *eh_scope_name(eh_scope scope);
/** Bit 2s: may read; bit 2s + 1: may write as well. "consents,feedback:read". errors: EH_INPUT with the nearest name */
EH_MUST_USE eh_code eh_scopes_read(eh_view text, uint32_t *scopes_out, eh_error *error);
void eh_scopes_append(uint32_t scopes, eh_buffer *out);

typedef struct {
    int64_t id;
    char name[EH_API_KEY_NAME_BYTES];
    uint8_t hash[32];
    uint32_t scopes, rate;   /* requests per second; twice as many at once */
    int64_t made_s;
} eh_api_key;

EH_MUST_USE eh_code eh_api_migrate(eh_store *store, eh_error *error);
/** Forgets what the interface keeps about a person: outcomes, and answers that name them. For eh_forget_spec.also. */
EH_MUST_USE eh_code eh_api_forget(eh_store *store, const eh_person_marks *marks, uint64_t *rows_out, eh_error *error);
/** Outcomes that the interface keeps about a person. For eh_person_items_spec.also. */
EH_MUST_USE eh_code eh_api_items(eh_store *store, const eh_person_marks *marks, eh_person_items *list, eh_error *error);
/** All keys, oldest first. keys_out: EH_API_KEYS_MAX of them. */
EH_MUST_USE eh_code eh_api_keys_load(eh_store *store, eh_api_key *keys_out, size_t *count_out, eh_error *error);

/** One thing done to the keys of a workspace, for the command line. */
typedef struct {
    const char *folder;      /* as in eh_web_options.workspace */
    const char *name, *scopes;
    uint32_t rate;           /* 0: EH_API_RATE_USUAL */
    int64_t now_s;
} eh_api_key_change;
/** errors: EH_CONFLICT for a name that is taken, EH_LIMIT */
EH_MUST_USE eh_code eh_api_key_add(const eh_api_key_change *change, char token_out[EH_API_TOKEN_BYTES], eh_error *error);
EH_MUST_USE eh_code eh_api_key_remove(const eh_api_key_change *change, eh_error *error);
EH_MUST_USE eh_code eh_api_keys_list(const char *folder, eh_buffer *out, eh_error *error);

#endif
