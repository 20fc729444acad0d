/* The vault's key: made once, kept from others, and what is derived from it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/vault_int.h"

enum { PATH_BYTES_MAX = 4096 };

static eh_code folder_make(const char *path, eh_error *error)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return EH_OK;
    return eh_fail(error, EH_IO, "cannot make the folder %s: %s", path, strerror(errno));
}

static eh_code key_path(const char *state_folder, char path_out[PATH_BYTES_MAX], eh_error *error)
{
    int wanted = snprintf(path_out, PATH_BYTES_MAX, "%s/keys/vault.key", state_folder);
    if (wanted < 0 || wanted >= PATH_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "the path of the workspace is longer than %d bytes", PATH_BYTES_MAX);
    return EH_OK;
}

eh_code eh_vault_key_make(const char *state_folder, eh_error *error)
{
    char path[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
    EH_TRY(key_path(state_folder, path, error));
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    EH_TRY(folder_make(state_folder, error));
    EH_TRY(folder_make(folder, error));
    return eh_key_file_make(path, NULL, error);
}

static eh_code key_read(const char *path, eh_secret *key_out, eh_error *error)
{
    eh_error reason = {0};
    eh_code code = eh_key_file_read(path, key_out, &reason);
    if (code == EH_CORRUPT)
        return eh_fail(error, EH_CORRUPT, "%s. Without the right key the vault cannot be read; put it back, or remove key and vault.db and import again", reason.text);
    return code == EH_OK ? EH_OK : eh_fail(error, code, "%s", reason.text);
}

/* Written down for PostgreSQL; store/ translates. */
static const char *const steps[] = {
    "CREATE TABLE attribute (name TEXT PRIMARY KEY, special BOOLEAN NOT NULL, necessity TEXT, imported_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, "
    "rows_count BIGINT NOT NULL);"
    "CREATE TABLE held (attribute TEXT NOT NULL REFERENCES attribute (name) ON DELETE CASCADE, person BYTEA NOT NULL, value BYTEA NOT NULL, "
    "PRIMARY KEY (attribute, person));"
    "CREATE INDEX held_person ON held (person);"
    "CREATE TABLE access (number BIGINT PRIMARY KEY, at BIGINT NOT NULL, purpose TEXT NOT NULL, role TEXT NOT NULL, reason TEXT NOT NULL, attribute TEXT NOT NULL, "
    "people_count BIGINT NOT NULL);",
    /* which key the pseudonyms and boxes are of */
    "CREATE TABLE key_mark (mark BYTEA NOT NULL);",
};

/* Another key would not be noticed else: its pseudonyms match nobody, and nobody would seem to have any attribute. */
static eh_code mark_check(eh_vault *vault, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *statement = NULL;
    eh_pseudonym mark = eh_vault_pseudonym(vault, ""); /* no person's key is empty */
    bool row = false;
    EH_TRY(eh_store_prepare(vault->store, "SELECT mark FROM key_mark", &statement, error));
    EH_TRY(eh_statement_step(statement, &row, error));
    eh_view kept = row ? eh_column_bytes(statement, 0) : (eh_view){0};
    if (row && kept.len == sizeof mark.bytes && eh_same_bytes(kept.ptr, mark.bytes, sizeof mark.bytes))
        return EH_OK;
    if (row)
        return eh_fail(error, EH_CORRUPT, "%s was filled with another key than keys/vault.key. Put the right key back from a backup, or remove vault.db and run "
                       "'evenhand vault import' again", eh_store_path(vault->store));
    eh_statement_close(&statement);
    EH_TRY(eh_store_prepare(vault->store, "INSERT INTO key_mark (mark) VALUES ($1)", &statement, error));
    eh_bind_bytes(statement, 1, (eh_view){(const char *)mark.bytes, sizeof mark.bytes});
    return eh_statement_run(statement, error);
}

eh_code eh_vault_open(const char *state_folder, eh_vault **vault_out, eh_error *error)
{
    char path[PATH_BYTES_MAX], database[PATH_BYTES_MAX];
    EH_TRY(eh_vault_key_make(state_folder, error));
    EH_TRY(key_path(state_folder, path, error));
    EH_CLEANUP(eh_secret_wipe) eh_secret key;
    EH_TRY(key_read(path, &key, error));
    EH_CLEANUP(eh_vault_close) eh_vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL)
        return eh_fail_memory(error);
    vault->entropy = eh_entropy_system();
    eh_hkdf_expand(&key, EH_VIEW("evenhand vault persons 1"), vault->persons.bytes, sizeof vault->persons.bytes);
    eh_hkdf_expand(&key, EH_VIEW("evenhand vault values 1"), vault->values.bytes, sizeof vault->values.bytes);
    int wanted = snprintf(database, sizeof database, "%s/vault.db", state_folder);
    EH_ASSERT(wanted > 0 && (size_t)wanted < sizeof database); /* shorter than the key's path */
    EH_TRY(eh_store_open(database, &(eh_store_options){.mode = EH_STORE_CREATE}, &vault->store, error));
    EH_TRY(eh_store_migrate(vault->store, "vault", steps, sizeof steps / sizeof steps[0], error));
    EH_TRY(mark_check(vault, error));
    *vault_out = vault;
    vault = NULL;
    return EH_OK;
}

void eh_vault_close(eh_vault **vault)
{
    if (vault == NULL || *vault == NULL)
        return;
    eh_store_close(&(*vault)->store);
    eh_wipe(*vault, sizeof **vault);
    free(*vault);
    *vault = NULL;
}

/* ---- pseudonyms and boxes ------------------------------------------------------------------------------------------------------ */

eh_pseudonym eh_vault_pseudonym(const eh_vault *vault, const char *key)
{
    eh_pseudonym pseudonym;
    eh_digest digest = eh_hmac_sha256((eh_view){(const char *)vault->persons.bytes, sizeof vault->persons.bytes}, eh_view_of(key));
    memcpy(pseudonym.bytes, digest.bytes, sizeof pseudonym.bytes);
    return pseudonym;
}

static void beside_write(eh_view person, const char *attribute, eh_buffer *out)
{
    eh_buffer_append(out, person);
    eh_buffer_text(out, attribute);
}

/* The system is asked once for many. */
static const uint8_t *nonce_take(eh_vault *vault)
{
    if (vault->nonces_left == 0) {
        eh_entropy_fill(&vault->entropy, vault->nonces, sizeof vault->nonces);
        vault->nonces_left = EH_NONCES_TOGETHER;
    }
    return vault->nonces[--vault->nonces_left];
}

eh_code eh_vault_seal(eh_vault *vault, const eh_pseudonym *person, const char *attribute, const char *text, eh_buffer *out, eh_error *error)
{
    size_t len = strlen(text), padded = (len / EH_VAULT_PAD_BYTES + 1) * EH_VAULT_PAD_BYTES;
    uint8_t box[EH_VAULT_VALUE_BYTES_MAX + EH_VAULT_PAD_BYTES + EH_SEAL_EXTRA_BYTES];
    char plain[EH_VAULT_VALUE_BYTES_MAX + EH_VAULT_PAD_BYTES] = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer beside = {0};
    if (len > EH_VAULT_VALUE_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "protected.%s: a value of %zu bytes, at most %d", attribute, len, EH_VAULT_VALUE_BYTES_MAX);
    memcpy(plain, text, len);
    beside_write((eh_view){(const char *)person->bytes, sizeof person->bytes}, attribute, &beside);
    EH_TRY(eh_buffer_check(&beside, error));
    const uint8_t *nonce = nonce_take(vault);
    eh_seal(&vault->values, nonce, eh_buffer_view(&beside), (eh_view){plain, padded}, box);
    eh_buffer_append(out, (eh_view){(const char *)nonce, EH_NONCE_BYTES});
    eh_buffer_append(out, (eh_view){(const char *)box, padded + EH_SEAL_EXTRA_BYTES});
    return eh_buffer_check(out, error);
}

eh_code eh_vault_unseal(eh_vault *vault, eh_view person, const char *attribute, eh_view sealed, eh_arena *arena, const char **text_out, eh_error *error)
{
    char plain[EH_VAULT_VALUE_BYTES_MAX + EH_VAULT_PAD_BYTES + 1];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer beside = {0};
    beside_write(person, attribute, &beside);
    EH_TRY(eh_buffer_check(&beside, error));
    size_t extra = EH_NONCE_BYTES + EH_SEAL_EXTRA_BYTES;
    bool fits = sealed.len > extra && sealed.len - extra < sizeof plain;
    if (!fits || !eh_unseal(&vault->values, (const uint8_t *)sealed.ptr, eh_buffer_view(&beside), (eh_view){sealed.ptr + EH_NONCE_BYTES, sealed.len - EH_NONCE_BYTES}, plain))
        return eh_fail(error, EH_CORRUPT, "%s: a value of '%s' cannot be opened: file and key do not belong together, or the file was changed. Put the right "
                       "keys/vault.key back, or remove vault.db and import again", eh_store_path(vault->store), attribute);
    plain[sealed.len - extra] = '\0';
    *text_out = eh_arena_copy(arena, eh_view_of(plain));
    eh_wipe(plain, sizeof plain);
    return *text_out == NULL ? eh_fail_memory(error) : EH_OK;
}
