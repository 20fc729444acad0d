/* Opening a workspace's rights: the key file, the tables, the counter that all processes share. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rights/records_int.h"

enum { CACHE_KIB = 131072 };

static eh_code path_make(const eh_rights *rights, const char *name, eh_buffer *path_out, eh_error *error)
{
    eh_buffer_format(path_out, "%s/%s", rights->state_folder, name);
    return eh_buffer_check(path_out, error);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------------------------- */

static eh_code folder_make(const char *path, eh_error *error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return eh_fail(error, EH_IO, "%s: the folder cannot be made: %s", path, strerror(errno));
    return EH_OK;
}

static void mac_key_derive(const eh_secret *secret, eh_view what, eh_hmac_key *key_out)
{
    EH_CLEANUP(eh_secret_wipe) eh_secret key;
    eh_hkdf_expand(secret, what, key.bytes, sizeof key.bytes);
    eh_hmac_key_make((eh_view){(const char *)key.bytes, sizeof key.bytes}, key_out);
}

static void keys_derive(const eh_secret *secret, eh_rights_keys *keys_out)
{
    mac_key_derive(secret, EH_VIEW("evenhand rights: seal"), &keys_out->seal);
    mac_key_derive(secret, EH_VIEW("evenhand rights: snapshot"), &keys_out->snapshot);
    eh_hkdf_expand(secret, EH_VIEW("evenhand rights: suppression"), keys_out->suppression.bytes, EH_SECRET_BYTES);
    eh_hkdf_expand(secret, EH_VIEW("evenhand rights: record"), keys_out->record.bytes, EH_SECRET_BYTES);
    eh_hkdf_expand(secret, EH_VIEW("evenhand rights: receipt"), keys_out->receipt.bytes, EH_SECRET_BYTES);
    eh_hkdf_expand(secret, EH_VIEW("evenhand rights: index"), keys_out->index, sizeof keys_out->index);
}

/* The key file is made with the first tables; a file that is gone later is not made anew, or the suppression list would lead nowhere. */
static eh_code keys_open(eh_rights *rights, bool is_new, const eh_entropy *entropy, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer folder = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_secret_wipe) eh_secret secret = {{0}};
    eh_error reason = {0};
    EH_TRY(path_make(rights, "keys", &folder, error));
    EH_TRY(path_make(rights, "keys/rights.key", &path, error));
    EH_TRY(folder_make(folder.ptr, error));
    if (is_new)
        EH_TRY(eh_key_file_make(path.ptr, entropy, error));
    eh_code code = eh_key_file_read(path.ptr, &secret, &reason);
    if (code == EH_NOT_FOUND)
        return eh_fail(error, EH_NOT_FOUND, "%s: is gone; without it nobody can tell who was erased or whether a record was changed. Restore it from a backup",
                       path.ptr);
    if (code != EH_OK)
        return eh_fail(error, code, "%s", reason.text);
    keys_derive(&secret, &rights->keys);
    return EH_OK;
}

/* ---- the counter ------------------------------------------------------------------------------------------------------------------------ */

static eh_code counter_open(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_TRY(path_make(rights, "rights.counter", &path, error));
    int file = open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return eh_fail(error, EH_IO, "%s: cannot be opened: %s", path.ptr, strerror(errno));
    void *mapped = MAP_FAILED;
    if (ftruncate(file, sizeof(uint64_t)) == 0)
        mapped = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    int reason = errno;
    (void)close(file);
    if (mapped == MAP_FAILED)
        return eh_fail(error, EH_IO, "%s: cannot be mapped: %s", path.ptr, strerror(reason));
    rights->shared = mapped;
    return EH_OK;
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------------- */

static eh_code store_open(eh_rights *rights, const eh_entropy *entropy, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    uint32_t version = 0;
    EH_TRY(folder_make(rights->state_folder, error));
    EH_TRY(path_make(rights, "evenhand.db", &path, error));
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_CREATE, .cache_kib = CACHE_KIB}, &rights->store, error));
    EH_TRY(eh_store_version(rights->store, "rights", &version, error));
    EH_TRY(keys_open(rights, version == 0, entropy, error));
    return eh_store_migrate(rights->store, "rights", eh_rights_tables, eh_rights_tables_count, error);
}

static eh_code rights_open(eh_rights *rights, const eh_rights_options *options, eh_error *error)
{
    EH_TRY(store_open(rights, options->entropy, error));
    EH_TRY(counter_open(rights, error));
    EH_TRY(eh_suppressed_open(&rights->suppressed, error));
    return eh_rights_load(rights, options, error);
}

/* A handle with nothing open yet, or NULL. */
static eh_rights *rights_make(const char *state_folder)
{
    eh_rights *rights = calloc(1, sizeof *rights);
    if (rights == NULL)
        return NULL;
    pthread_mutex_init(&rights->writing, NULL);
    pthread_mutex_init(&rights->queueing, NULL);
    pthread_cond_init(&rights->said, NULL);
    rights->last = &rights->first;
    rights->state_folder = strdup(state_folder);
    if (rights->state_folder == NULL)
        eh_rights_close(&rights);
    return rights;
}

eh_code eh_rights_open_as(const eh_rights_options *options, eh_opening opening, eh_rights **rights_out, eh_error *error)
{
    eh_rights *rights = rights_make(options->state_folder);
    if (rights == NULL)
        return eh_fail_memory(error);
    rights->ledger = options->ledger;
    rights->opening = opening;
    eh_code code = rights_open(rights, options, error);
    if (code != EH_OK) {
        eh_rights_close(&rights);
        return code;
    }
    *rights_out = rights;
    return EH_OK;
}

eh_code eh_rights_open(const eh_rights_options *options, eh_rights **rights_out, eh_error *error)
{
    eh_rights *rights = NULL;
    EH_TRY(eh_rights_open_as(options, EH_OPENING_USUAL, &rights, error));
    eh_snapshot_keep(rights); /* now too: not every process ends by closing */
    *rights_out = rights;
    return EH_OK;
}

/* ---- put back from a backup -------------------------------------------------------------------------------------------------------------------- */

static eh_code put_back(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_statement_close) eh_statement *put = NULL;
    uint32_t version = 0;
    int64_t number = 0;
    EH_TRY(path_make(rights, "evenhand.db", &path, error));
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_WRITE}, &rights->store, error));
    EH_TRY(eh_store_version(rights->store, "rights", &version, error));
    EH_TRY(eh_snapshot_drop(rights, error));
    if (version != 0) {
        eh_entropy_fill(NULL, &number, sizeof number);
        EH_TRY(eh_store_prepare(rights->store, "INSERT INTO rights_counter (name, value) VALUES ('restored', $1) ON CONFLICT (name) DO UPDATE SET value = $1",
                                &put, error));
        eh_bind_integer(put, 1, number & INT64_MAX);
        EH_TRY(eh_statement_run(put, error));
    }
    EH_TRY(counter_open(rights, error));
    atomic_fetch_add_explicit(rights->shared, 1, memory_order_acq_rel);
    return EH_OK;
}

eh_code eh_rights_put_back(const char *state_folder, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_buffer_format(&path, "%s/evenhand.db", state_folder);
    EH_TRY(eh_buffer_check(&path, error));
    if (access(path.ptr, F_OK) != 0)
        return EH_OK;
    eh_rights *rights = rights_make(state_folder);
    if (rights == NULL)
        return eh_fail_memory(error);
    eh_code code = put_back(rights, error);
    eh_rights_close(&rights);
    return code;
}

/* ---- who was erased, alone -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t hash[EH_HASH_BYTES];
    int64_t at_s;
} erased_row;

struct eh_erased_list {
    eh_rights *rights; /* with keys and suppressions only, no database; NULL: nobody was erased */
    erased_row *rows;
    size_t rows_count;
};

static eh_code rows_read(eh_erased_list *list, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    size_t count = eh_suppressed_count(list->rights->suppressed);
    list->rows = calloc(count + 1, sizeof *list->rows);
    if (list->rows == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(list->rights->store, "SELECT hash, at_s FROM rights_suppression ORDER BY suppression", &each, error));
    for (bool row = true; list->rows_count < count;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            break;
        memcpy(list->rows[list->rows_count].hash, eh_column_bytes(each, 0).ptr, EH_HASH_BYTES); /* as long as eh_rights_load_suppressed has seen it to be */
        list->rows[list->rows_count++].at_s = eh_column_integer(each, 1);
    }
    return EH_OK;
}

static eh_code erased_read(eh_erased_list *list, eh_error *error)
{
    eh_rights *rights = list->rights;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    uint32_t version = 0;
    EH_TRY(path_make(rights, "evenhand.db", &path, error));
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_WRITE}, &rights->store, error));
    EH_TRY(eh_store_version(rights->store, "rights", &version, error));
    EH_TRY(eh_suppressed_open(&rights->suppressed, error));
    if (version == 0)
        return EH_OK;
    EH_TRY(keys_open(rights, false, NULL, error));
    EH_TRY(eh_rights_load_suppressed(rights, error));
    EH_TRY(rows_read(list, error));
    eh_rights_statements_close(rights);
    eh_store_close(&rights->store); /* somebody may put another database in its place */
    return EH_OK;
}

eh_code eh_erased_list_open(const char *state_folder, eh_erased_list **list_out, eh_error *error)
{
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *list = calloc(1, sizeof *list);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_buffer_format(&path, "%s/evenhand.db", state_folder);
    if (list == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_buffer_check(&path, error));
    if (access(path.ptr, F_OK) == 0) {
        list->rights = rights_make(state_folder);
        if (list->rights == NULL)
            return eh_fail_memory(error);
        EH_TRY(erased_read(list, error));
    }
    *list_out = list;
    list = NULL;
    return EH_OK;
}

void eh_erased_list_close(eh_erased_list **list)
{
    if (*list == NULL)
        return;
    eh_rights_close(&(*list)->rights);
    free((*list)->rows);
    free(*list);
    *list = NULL;
}

size_t eh_erased_list_count(const eh_erased_list *list)
{
    return list->rights == NULL ? 0 : eh_suppressed_count(list->rights->suppressed);
}

static eh_code rows_write(eh_rights *rights, const eh_erased_list *list, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    EH_TRY(eh_rights_refresh(rights, error));
    EH_TRY(eh_store_prepare(rights->store, "INSERT INTO rights_suppression (suppression, hash, at_s) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", &insert, error));
    for (size_t i = 0; i < list->rows_count; i++) {
        int64_t number = 0;
        EH_TRY(eh_rights_next(rights, EH_COUNT_SUPPRESSION, &number, error));
        eh_bind_integer(insert, 1, number);
        eh_bind_bytes(insert, 2, (eh_view){(const char *)list->rows[i].hash, EH_HASH_BYTES});
        eh_bind_integer(insert, 3, list->rows[i].at_s);
        EH_TRY(eh_statement_run(insert, error));
    }
    return EH_OK;
}

eh_code eh_erased_list_keep(eh_rights *rights, const eh_erased_list *list, eh_error *error)
{
    if (list->rows_count == 0)
        return EH_OK;
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_rights_begin(rights, error);
    if (code == EH_OK) {
        code = rows_write(rights, list, error);
        if (code == EH_OK)
            code = eh_rights_commit(rights, NULL, 0, error);
        else
            eh_store_rollback(rights->store);
    }
    pthread_mutex_unlock(&rights->writing);
    return code;
}

bool eh_erased_list_has(void *list, eh_view key)
{
    const eh_rights *rights = ((eh_erased_list *)list)->rights;
    uint8_t hash[EH_HASH_BYTES];
    if (rights == NULL || key.len > EH_RIGHTS_KEY_BYTES_MAX || eh_suppressed_count(rights->suppressed) == 0)
        return false;
    eh_suppression_hash(&rights->keys, "key", key, hash);
    return eh_suppressed_has(rights->suppressed, hash);
}

void eh_rights_close(eh_rights **rights)
{
    eh_rights *closed = *rights;
    if (closed == NULL)
        return;
    eh_snapshot_keep(closed);
    eh_rights_index_close(&closed->index);
    eh_suppressed_close(&closed->suppressed);
    eh_rights_statements_close(closed);
    eh_store_close(&closed->store);
    if (closed->shared != NULL)
        (void)munmap((void *)(uintptr_t)closed->shared, sizeof *closed->shared);
    eh_wipe(&closed->keys, sizeof closed->keys);
    free(closed->numbers);
    free(closed->heads);
    free(closed->state_folder);
    pthread_mutex_destroy(&closed->writing);
    pthread_mutex_destroy(&closed->queueing);
    pthread_cond_destroy(&closed->said);
    free(closed);
    *rights = NULL;
}
