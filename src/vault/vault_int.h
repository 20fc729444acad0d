/** Private to src/vault: the open vault. */
#ifndef EH_VAULT_VAULT_INT_H
#define EH_VAULT_VAULT_INT_H

#include "base/secrets.h"
#include "store/store.h"
#include "vault/vault.h"

enum { EH_NONCES_TOGETHER = 128, EH_PSEUDONYM_BYTES = 16, EH_VAULT_PAD_BYTES = 16, EH_VAULT_VALUE_BYTES_MAX = 4096 };

struct eh_vault {
    eh_store *store;
    eh_secret persons; /* derived: pseudonyms */
    eh_secret values;  /* derived: sealed values */
    eh_entropy entropy;
    uint8_t nonces[EH_NONCES_TOGETHER][EH_NONCE_BYTES]; /* drawn together; each is used once */
    size_t nonces_left;
};

typedef struct {
    uint8_t bytes[EH_PSEUDONYM_BYTES];
} eh_pseudonym;

eh_pseudonym eh_vault_pseudonym(const eh_vault *vault, const char *key);
/** Writes the access down, in a transaction of its own or the one that is open. */
EH_MUST_USE eh_code eh_vault_note(eh_vault *vault, const eh_vault_access *access, const char *attribute, uint64_t people_count, eh_error *error);
/** nonce and box in `out`. The text is padded, so that lengths say little. */
EH_MUST_USE eh_code eh_vault_seal(eh_vault *vault, const eh_pseudonym *person, const char *attribute, const char *text, eh_buffer *out, eh_error *error);
EH_MUST_USE eh_code eh_vault_unseal(eh_vault *vault, eh_view person, const char *attribute, eh_view sealed, eh_arena *arena, const char **text_out, eh_error *error);

#endif
