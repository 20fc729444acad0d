/*
 * Erasing a person. In this order, each step durable before the next: the key is destroyed; the log says that somebody was erased;
 * the openings are marked. Whatever cuts it off, it is finished at the next start.
 */
#include <string.h>

#include "ledger/ledger_int.h"

/* Was the entry written before we were cut off? */
static eh_code leaf_find(eh_ledger *ledger, const eh_erasure *erasure, const char *id_text, uint64_t *index_out, bool *found_out, eh_error *error)
{
    uint64_t size = ledger->committed.size; /* leading, and published */
    *found_out = false;
    for (uint64_t index = erasure->size_before; index < size && !*found_out; index++) {
        eh_arena *arena = eh_arena_open(1 << 20);
        eh_view entry;
        eh_leaf leaf;
        if (arena == NULL)
            return eh_fail_memory(error);
        eh_code code = eh_entry_get(ledger->folders.public, size, index, arena, &entry, error);
        if (code == EH_OK && eh_leaf_read(entry, &leaf) && eh_view_equal(leaf.kind, EH_VIEW("erasure")) &&
            memmem(leaf.payload.ptr, leaf.payload.len, id_text, strlen(id_text)) != NULL) {
            *index_out = index;
            *found_out = true;
        }
        eh_arena_close(&arena);
        EH_TRY(code);
    }
    return EH_OK;
}

static eh_code leaf_append(eh_ledger *ledger, const eh_erasure *erasure, const char *id_text, uint64_t count, eh_ledger_receipt *receipt_out,
                           eh_error *error)
{
    char payload[160];
    int len = snprintf(payload, sizeof payload, "{\"erasure\":\"%s\",\"reason\":\"%s\",\"entries\":%ju}", id_text, erasure->reason, (uintmax_t)count);
    eh_ledger_entry entry = {.kind = EH_VIEW("erasure"), .payload = {payload, (size_t)len}};
    return eh_append_leading(ledger, &entry, receipt_out, error);
}

static eh_code openings_mark(eh_openings *openings, uint64_t person, uint64_t index, eh_error *error)
{
    eh_store *store = eh_openings_store(openings);
    EH_TRY(eh_store_begin(store, error));
    eh_code code = eh_openings_erase(openings, person, index, error);
    if (code == EH_OK)
        return eh_store_commit(store, error);
    eh_store_rollback(store);
    return code;
}

static eh_code erasure_finish(eh_ledger *ledger, eh_openings *openings, const eh_erasure *erasure, uint64_t *count_out,
                              eh_ledger_receipt *receipt_out, eh_error *error)
{
    char id_text[2 * sizeof erasure->id + 1];
    eh_ledger_receipt receipt = {0};
    size_t count = 0;
    bool found = false;
    eh_hex(erasure->id, sizeof erasure->id, id_text);
    EH_TRY(eh_store_scrub(eh_persons_store(ledger->people), error));
    EH_TRY(eh_ledger_publish(ledger, error));
    EH_TRY(leaf_find(ledger, erasure, id_text, &receipt.index, &found, error));
    EH_TRY(eh_openings_person(openings, erasure->number, 0, NULL, &count, error));
    if (found)
        eh_id_of_index(&ledger->secrets, receipt.index, receipt.id);
    else
        EH_TRY(leaf_append(ledger, erasure, id_text, count, &receipt, error));
    EH_TRY(eh_ledger_publish(ledger, error));
    EH_TRY(openings_mark(openings, erasure->number, receipt.index, error));
    EH_TRY(eh_persons_erasure_done(ledger->people, erasure->number, error));
    *count_out = count;
    *receipt_out = receipt;
    return EH_OK;
}

eh_code eh_erasures_finish(eh_ledger *ledger, uint64_t *erased_out, eh_ledger_receipt *receipt_out, eh_error *error)
{
    eh_erasure erasure;
    EH_TRY(eh_persons_erasure_next(ledger->people, &erasure, error));
    if (!erasure.there)
        return EH_OK;
    EH_CLEANUP(eh_openings_close) eh_openings *openings = NULL;
    EH_TRY(eh_openings_open(&ledger->folders, EH_STORE_WRITE, &openings, error));
    while (erasure.there) {
        uint64_t count = 0;
        eh_ledger_receipt receipt;
        EH_TRY(erasure_finish(ledger, openings, &erasure, &count, &receipt, error));
        if (erased_out != NULL)
            *erased_out = count;
        if (receipt_out != NULL)
            *receipt_out = receipt;
        EH_TRY(eh_persons_erasure_next(ledger->people, &erasure, error));
    }
    return EH_OK;
}

static eh_code erase_leading(eh_ledger *ledger, eh_view person, eh_view reason, uint64_t *erased_out, eh_ledger_receipt *receipt_out,
                             eh_error *error)
{
    eh_erasure erasure = {.size_before = ledger->edge.size};
    eh_person_keys keys = {0};
    uint8_t pseudonym[16];
    uint64_t erased = 0;
    eh_pseudonym_of(&ledger->secrets, person, pseudonym);
    EH_TRY(eh_persons_find(ledger->people, pseudonym, NULL, &keys, error));
    erasure.number = keys.number;
    eh_wipe(&keys, sizeof keys);
    /* one that was cut off before comes first */
    EH_TRY(eh_erasures_finish(ledger, NULL, NULL, error));
    if (erasure.number > 0) {
        memcpy(erasure.reason, reason.ptr, reason.len);
        eh_entropy_fill(ledger->options.entropy, erasure.id, sizeof erasure.id);
        eh_person_forget_all(ledger);
        EH_TRY(eh_persons_erase(ledger->people, pseudonym, &erasure, error));
        EH_TRY(eh_erasures_finish(ledger, &erased, receipt_out, error));
    }
    *erased_out = erased;
    return EH_OK;
}

eh_code eh_ledger_person_erase(eh_ledger *ledger, eh_view person, eh_view reason, uint64_t *erased_out, eh_ledger_receipt *receipt_out,
                               eh_error *error)
{
    if (ledger->options.reads_only)
        return eh_fail(error, EH_DENIED, "the ledger was opened for reading only");
    eh_ledger_entry word = {.kind = reason, .payload = EH_VIEW("{}")};
    if (eh_entry_check(&word, true, NULL) != EH_OK)
        return eh_fail(error, EH_INPUT, "the reason of an erasure is one word in lower case, at most 32 bytes, as in: request");
    EH_TRY(eh_lead(ledger, error));
    eh_code code = erase_leading(ledger, person, reason, erased_out, receipt_out, error);
    eh_lead_end(ledger);
    return code;
}

/* ---- after a restore ------------------------------------------------------------------------------------------------------ */

/* A number that these keys have never given is of newer keys: nobody was erased, and it must not be given to somebody else. */
static eh_code keyless_note(eh_persons *people, eh_openings *openings, uint64_t size, eh_ledger_restoration *found, eh_error *error)
{
    uint64_t last = 0, highest = 0;
    EH_TRY(eh_persons_last(people, &last, error));
    for (;;) {
        eh_erasure erasure = {.size_before = size, .reason = "restore"};
        eh_person_keys keys = {0};
        bool erasing = false;
        EH_TRY(eh_openings_next_person(openings, &erasure.number, error));
        if (erasure.number == 0)
            break;
        EH_TRY(eh_persons_key(people, erasure.number, &keys, error));
        bool keyless = keys.number == 0;
        eh_wipe(&keys, sizeof keys);
        if (keyless)
            EH_TRY(eh_persons_erasing(people, erasure.number, &erasing, error));
        if (keyless && erasure.number > last) {
            found->newer_count++;
            highest = erasure.number > highest ? erasure.number : highest;
        }
        if (!keyless || erasing || erasure.number > last)
            continue;
        eh_entropy_fill(NULL, erasure.id, sizeof erasure.id);
        EH_TRY(eh_persons_erasing_note(people, &erasure, error));
        found->erased_count++;
    }
    return eh_persons_raise(people, highest, error);
}

static eh_code restored(const eh_folders *folders, eh_ledger_restoration *found, eh_error *error)
{
    EH_CLEANUP(eh_openings_close) eh_openings *openings = NULL;
    EH_CLEANUP(eh_persons_close) eh_persons *people = NULL;
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    eh_code code = eh_persons_open(folders, EH_STORE_WRITE, &people, error);
    if (code == EH_NOT_FOUND)
        return EH_OK;
    EH_TRY(code);
    EH_TRY(eh_published_read(folders, &published, error));
    EH_TRY(eh_openings_open(folders, EH_STORE_READ, &openings, error));
    EH_TRY(eh_store_begin(eh_persons_store(people), error));
    code = keyless_note(people, openings, published.checkpoint.size, found, error);
    if (code == EH_OK)
        return eh_persons_save(people, error);
    eh_store_rollback(eh_persons_store(people));
    return code;
}

eh_code eh_ledger_restored(const char *folder, eh_ledger_restoration *found_out, eh_error *error)
{
    eh_folders folders;
    eh_ledger_restoration found = {0};
    EH_TRY(eh_folders_open(folder, &folders, error));
    eh_code code = restored(&folders, &found, error);
    eh_folders_close(&folders);
    if (code == EH_OK)
        *found_out = found;
    return code;
}
