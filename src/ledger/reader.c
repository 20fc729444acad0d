/* Reading entries and proving them, from the public folder and the openings. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "ledger/ledger_int.h"

eh_code eh_readers_open(eh_ledger *ledger, eh_error *error)
{
    if (ledger->openings_reader == NULL)
        EH_TRY(eh_openings_open(&ledger->folders, EH_STORE_READ, &ledger->openings_reader, error));
    if (ledger->people_reader == NULL && ledger->secrets.there) {
        eh_code code = eh_persons_open(&ledger->folders, EH_STORE_READ, &ledger->people_reader, error);
        return code == EH_NOT_FOUND ? EH_OK : code;
    }
    return EH_OK;
}

/* ---- which entry ------------------------------------------------------------------------------------------------------------ */

/* Without the secret that ids are made of, every leaf is looked at. */
static eh_code id_search(const eh_ledger *ledger, uint64_t size, eh_view id, uint64_t *index_out, eh_error *error)
{
    eh_code code = EH_NOT_FOUND;
    for (uint64_t index = 0; index < size && code == EH_NOT_FOUND; index++) {
        eh_arena *arena = eh_arena_open(1 << 20);
        eh_view entry;
        eh_leaf leaf;
        if (arena == NULL)
            return eh_fail_memory(error);
        eh_code read = eh_entry_get(ledger->folders.public, size, index, arena, &entry, error);
        if (read != EH_OK)
            code = read;
        else if (eh_leaf_read(entry, &leaf) && eh_view_equal(leaf.id, id)) {
            *index_out = index;
            code = EH_OK;
        }
        eh_arena_close(&arena);
    }
    return code == EH_NOT_FOUND ? eh_fail(error, EH_NOT_FOUND, "no entry has the id %.*s", (int)id.len, id.ptr) : code;
}

static eh_code index_find(const eh_ledger *ledger, uint64_t size, eh_view which, uint64_t *index_out, eh_error *error)
{
    uint64_t index = 0;
    if (which.len == EH_LEDGER_ID_BYTES - 1) {
        if (!ledger->secrets.there)
            return id_search(ledger, size, which, index_out, error);
        if (!eh_index_of_id(&ledger->secrets, which, &index) || index >= size)
            return eh_fail(error, EH_NOT_FOUND, "no entry has the id %.*s", (int)which.len, which.ptr);
    } else if (!eh_decimal_read(which, &index)) {
        return eh_fail(error, EH_INPUT, "'%.*s' is neither an id (32 hexadecimal digits) nor an index", (int)(which.len < 60 ? which.len : 60),
                       which.ptr != NULL ? which.ptr : "");
    } else if (index >= size) {
        return eh_fail(error, EH_NOT_FOUND, "there is no entry %ju: the ledger has %ju, counted from 0", (uintmax_t)index, (uintmax_t)size);
    }
    *index_out = index;
    return EH_OK;
}

/* ---- its opening ------------------------------------------------------------------------------------------------------------ */

static eh_code opening_open(const eh_leaf *leaf, const eh_opening *opening, const eh_person_keys *keys, eh_arena *arena,
                            eh_ledger_record *record, eh_error *error)
{
    record->state = EH_RECORD_MISSING;
    if (opening->sealed.len < EH_SEAL_EXTRA_BYTES)
        return EH_OK;
    size_t len = opening->sealed.len - EH_SEAL_EXTRA_BYTES;
    char *payload = eh_arena_take(arena, len + 1, 1);
    if (payload == NULL)
        return eh_fail_memory(error);
    if (!eh_opening_unseal(keys, record->id, opening->sealed, payload))
        return EH_OK;
    eh_salt_of(keys, record->id, &record->salt);
    eh_digest commitment = eh_commitment_of(&record->salt, (eh_view){payload, len});
    if (!eh_digest_equal(&commitment, &leaf->commitment))
        return EH_OK;
    record->payload = (eh_view){payload, len};
    record->state = EH_RECORD_OPENED;
    return EH_OK;
}

static eh_code opening_find(eh_ledger *ledger, const eh_leaf *leaf, eh_arena *arena, eh_ledger_record *record, eh_error *error)
{
    eh_opening opening;
    eh_person_keys keys = {0};
    EH_TRY(eh_readers_open(ledger, error));
    EH_TRY(eh_openings_get(ledger->openings_reader, record->index, &opening, error));
    record->state = opening.erased ? EH_RECORD_ERASED : EH_RECORD_MISSING;
    if (!opening.there || opening.erased)
        return EH_OK;
    if (ledger->people_reader == NULL) {
        record->state = EH_RECORD_SEALED;
        return EH_OK;
    }
    EH_TRY(eh_persons_key(ledger->people_reader, opening.person, &keys, error));
    if (keys.number != 0)
        return opening_open(leaf, &opening, &keys, arena, record, error);
    return EH_OK;
}

static eh_code record_fill(eh_ledger *ledger, eh_arena *arena, eh_ledger_record *record, eh_error *error)
{
    eh_leaf leaf;
    if (!eh_leaf_read(record->leaf, &leaf))
        return eh_fail(error, EH_CORRUPT, "ledger: entry %ju: is no record of this program", (uintmax_t)record->index);
    memcpy(record->id, leaf.id.ptr, leaf.id.len);
    record->kind = leaf.kind;
    record->at = leaf.at;
    record->clear = leaf.clear;
    record->payload = leaf.payload;
    record->state = EH_RECORD_CLEAR;
    if (!leaf.committed)
        return EH_OK;
    pthread_mutex_lock(&ledger->reading);
    eh_code code = opening_find(ledger, &leaf, arena, record, error);
    if (ledger->openings_reader != NULL)
        eh_openings_release(ledger->openings_reader);
    pthread_mutex_unlock(&ledger->reading);
    return code;
}

eh_code eh_ledger_read(eh_ledger *ledger, eh_view which, eh_arena *arena, eh_ledger_record *record_out, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    eh_ledger_record record = {0};
    EH_TRY(eh_published_read(&ledger->folders, &published, error));
    EH_TRY(index_find(ledger, published.checkpoint.size, which, &record.index, error));
    EH_TRY(eh_entry_get(ledger->folders.public, published.checkpoint.size, record.index, arena, &record.leaf, error));
    EH_TRY(record_fill(ledger, arena, &record, error));
    *record_out = record;
    return EH_OK;
}

/* ---- people ------------------------------------------------------------------------------------------------------------------- */

static eh_code secrets_check(const eh_ledger *ledger, eh_error *error)
{
    if (!ledger->secrets.there)
        return eh_fail(error, EH_NOT_FOUND, "%s/keys/ledger.secret: is missing; restore it", ledger->folders.state);
    return EH_OK;
}

eh_code eh_ledger_pseudonym(eh_ledger *ledger, eh_view person, uint8_t pseudonym_out[16], eh_error *error)
{
    EH_TRY(secrets_check(ledger, error));
    eh_pseudonym_of(&ledger->secrets, person, pseudonym_out);
    return EH_OK;
}

eh_code eh_ledger_person_entries(eh_ledger *ledger, eh_view person, size_t count_max, uint64_t *indexes_out, size_t *count_out, eh_error *error)
{
    uint8_t pseudonym[16];
    eh_person_keys keys = {0};
    EH_TRY(eh_ledger_pseudonym(ledger, person, pseudonym, error));
    pthread_mutex_lock(&ledger->reading);
    eh_code code = eh_readers_open(ledger, error);
    if (code == EH_OK && ledger->people_reader != NULL)
        code = eh_persons_find(ledger->people_reader, pseudonym, NULL, &keys, error);
    if (code == EH_OK && keys.number == 0)
        *count_out = 0;
    else if (code == EH_OK)
        code = eh_openings_person(ledger->openings_reader, keys.number, count_max, indexes_out, count_out, error);
    pthread_mutex_unlock(&ledger->reading);
    eh_wipe(&keys, sizeof keys);
    return code;
}

eh_code eh_ledger_person_erased(eh_ledger *ledger, eh_view person, bool *erased_out, eh_error *error)
{
    uint8_t pseudonym[16];
    EH_TRY(eh_ledger_pseudonym(ledger, person, pseudonym, error));
    pthread_mutex_lock(&ledger->reading);
    eh_code code = eh_readers_open(ledger, error);
    bool erased = false;
    if (code == EH_OK && ledger->people_reader != NULL)
        code = eh_persons_erased(ledger->people_reader, pseudonym, &erased, error);
    pthread_mutex_unlock(&ledger->reading);
    if (code == EH_OK)
        *erased_out = erased;
    return code;
}

/* ---- proofs -------------------------------------------------------------------------------------------------------------------- */

static void hashes_append(const eh_digest *hashes, size_t count, eh_buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        eh_base64_append(out, (eh_view){(const char *)hashes[i].bytes, sizeof hashes[i].bytes});
        eh_buffer_byte(out, '\n');
    }
}

static void base64_member(eh_json_writer *writer, const char *key, eh_view bytes, eh_buffer *scratch)
{
    eh_buffer_clear(scratch);
    eh_base64_append(scratch, bytes);
    eh_json_text(writer, key, scratch->ptr != NULL ? scratch->ptr : "");
}

/* {"leaf": base64, "salt": base64, "payload": base64}: what the proof is about, for a reader to check and not to trust. */
static void extra_append(const eh_ledger_record *record, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer json = {.whole = out}, scratch = {.whole = out};
    eh_json_writer writer;
    eh_json_begin(&writer, &json, false, false);
    eh_json_object_open(&writer, NULL);
    base64_member(&writer, "leaf", record->leaf, &scratch);
    if (record->state == EH_RECORD_OPENED) {
        base64_member(&writer, "salt", (eh_view){(const char *)record->salt.bytes, sizeof record->salt.bytes}, &scratch);
        base64_member(&writer, "payload", record->payload, &scratch);
    }
    eh_json_object_close(&writer);
    eh_buffer_text(out, "extra ");
    eh_base64_append(out, eh_buffer_view(&json));
    eh_buffer_byte(out, '\n');
}

static eh_code reader_open(const eh_ledger *ledger, uint64_t size, eh_tile_reader **reader_out, eh_error *error)
{
    eh_tile_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return eh_fail_memory(error);
    reader->folder = ledger->folders.public;
    reader->size = size;
    *reader_out = reader;
    return EH_OK;
}

static void reader_close(eh_tile_reader **reader)
{
    free(*reader);
}

eh_code eh_ledger_prove(eh_ledger *ledger, const eh_ledger_record *record, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    EH_CLEANUP(reader_close) eh_tile_reader *reader = NULL;
    eh_digest proof[EH_TREE_LEVELS_MAX];
    size_t count = 0;
    EH_TRY(eh_published_read(&ledger->folders, &published, error));
    uint64_t size = published.checkpoint.size;
    if (record->index >= size)
        return eh_fail(error, EH_NOT_FOUND, "entry %ju has not been published yet", (uintmax_t)record->index);
    EH_TRY(reader_open(ledger, size, &reader, error));
    eh_tree_source source = {.read = eh_tile_reader_read, .context = reader};
    EH_TRY(eh_tree_inclusion(&source, record->index, size, proof, &count, error));
    eh_digest leaf = eh_tree_leaf(record->leaf);
    if (!eh_tree_included(&leaf, record->index, size, &published.checkpoint.root, (eh_tree_proof){proof, count}))
        return eh_fail(error, EH_CORRUPT, "ledger: entry %ju: its proof does not lead to the root: a tile or a bundle was changed; evenhand ledger "
                       "verify says which", (uintmax_t)record->index);
    eh_buffer_text(out, "c2sp.org/tlog-proof@v1\n");
    extra_append(record, out);
    eh_buffer_format(out, "index %ju\n", (uintmax_t)record->index);
    hashes_append(proof, count, out);
    eh_buffer_byte(out, '\n');
    eh_buffer_append(out, eh_buffer_view(&published.bytes));
    return eh_buffer_check(out, error);
}

eh_code eh_ledger_prove_growth(eh_ledger *ledger, uint64_t old_size, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    EH_CLEANUP(reader_close) eh_tile_reader *reader = NULL;
    eh_digest proof[EH_TREE_LEVELS_MAX];
    size_t count = 0;
    EH_TRY(eh_published_read(&ledger->folders, &published, error));
    uint64_t size = published.checkpoint.size;
    if (old_size > size)
        return eh_fail(error, EH_INPUT, "the ledger has %ju entries, fewer than %ju", (uintmax_t)size, (uintmax_t)old_size);
    EH_TRY(reader_open(ledger, size, &reader, error));
    eh_tree_source source = {.read = eh_tile_reader_read, .context = reader};
    if (old_size > 0)
        EH_TRY(eh_tree_consistency(&source, old_size, size, proof, &count, error));
    eh_buffer_format(out, "old %ju\n", (uintmax_t)old_size);
    hashes_append(proof, count, out);
    eh_buffer_byte(out, '\n');
    eh_buffer_append(out, eh_buffer_view(&published.bytes));
    return eh_buffer_check(out, error);
}
