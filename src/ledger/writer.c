/*
 * Appending. Callers queue up; one of them leads: it takes the whole queue, lays the entries out as frames, writes them with one
 * write and one fdatasync, and wakes the others. What was written goes on to the publisher.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_int.h"
#include "ledger/person_cache_int.h"

enum { SECONDS_PER_HOUR = 3600, BATCH_BYTES_MAX = EH_LEDGER_APPEND_BYTES_MAX + (EH_LEDGER_APPEND_COUNT_MAX * 512) };

/* ---- who leads ------------------------------------------------------------------------------------------------------------- */

void eh_break(eh_ledger *ledger, const eh_error *error)
{
    if (ledger->broken == EH_OK) {
        ledger->broken = error->code;
        ledger->broken_error = *error;
    }
    pthread_cond_broadcast(&ledger->changed);
}

static eh_code broken_tell(const eh_ledger *ledger, eh_error *error)
{
    return eh_fail(error, ledger->broken, "the ledger has stopped: %s", ledger->broken_error.text);
}

eh_code eh_lead(eh_ledger *ledger, eh_error *error)
{
    pthread_mutex_lock(&ledger->lock);
    while (ledger->leads && ledger->broken == EH_OK)
        pthread_cond_wait(&ledger->changed, &ledger->lock);
    eh_code code = EH_OK;
    if (ledger->broken != EH_OK)
        code = broken_tell(ledger, error);
    else
        ledger->leads = true;
    pthread_mutex_unlock(&ledger->lock);
    return code;
}

void eh_lead_end(eh_ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->leads = false;
    pthread_cond_broadcast(&ledger->changed);
    pthread_mutex_unlock(&ledger->lock);
}

/* ---- one batch --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_ledger *ledger;
    eh_batch *batch;
    eh_tree_edge edge; /* as it will be */
    char hour[EH_INSTANT_TEXT_BYTES]; /* what the leaves of this batch are dated */
    eh_log_state state;
} batch_build;

static eh_code keys_find(eh_ledger *ledger, eh_view person, const eh_person_keys **keys_out, eh_error *error)
{
    uint8_t pseudonym[16];
    eh_pseudonym_of(&ledger->secrets, person, pseudonym);
    eh_person_slot *slot = eh_person_cache_slot(&ledger->cache, pseudonym);
    if (slot->keys.number == 0 || memcmp(slot->pseudonym, pseudonym, sizeof pseudonym) != 0) {
        slot->keys.number = 0;
        EH_TRY(eh_persons_find(ledger->people, pseudonym, &ledger->options.entropy, &slot->keys, error));
        memcpy(slot->pseudonym, pseudonym, sizeof pseudonym);
    }
    *keys_out = &slot->keys;
    return EH_OK;
}

static eh_code room_make(eh_batch *batch, size_t more, eh_error *error)
{
    if (batch->capacity - batch->len >= more)
        return EH_OK;
    size_t capacity = batch->capacity * 2 > batch->len + more ? batch->capacity * 2 : batch->len + more;
    char *grown = realloc(batch->bytes, capacity);
    if (grown == NULL)
        return eh_fail_memory(error);
    batch->bytes = grown;
    batch->capacity = capacity;
    return EH_OK;
}

static eh_code entry_lay(batch_build *build, const eh_ledger_entry *entry, eh_ledger_receipt *receipt, eh_error *error)
{
    eh_ledger *ledger = build->ledger;
    eh_batch *batch = build->batch;
    bool committed = entry->person.len > 0;
    const eh_person_keys *keys = NULL;
    if (committed)
        EH_TRY(keys_find(ledger, entry->person, &keys, error));
    size_t sealed_bytes = committed ? entry->payload.len + EH_SEAL_EXTRA_BYTES : 0;
    EH_TRY(room_make(batch, eh_frame_entry_bytes(eh_leaf_bytes_bound(entry), sealed_bytes), error));

    char id[EH_LEDGER_ID_BYTES];
    uint64_t index = build->edge.size;
    eh_id_of_index(&ledger->secrets, index, id);
    char *frame = batch->bytes + batch->len, *leaf = eh_frame_entry_begin(frame, index, committed ? keys->number : 0);
    eh_digest commitment;
    if (committed) {
        EH_CLEANUP(eh_secret_wipe) eh_secret salt;
        eh_salt_of(keys, id, &salt);
        commitment = eh_commitment_of(&salt, entry->payload);
    }
    size_t leaf_bytes = eh_leaf_write(entry, id, build->hour, committed ? &commitment : NULL, leaf);
    if (leaf_bytes > EH_LEDGER_LEAF_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "what would stand in clear makes an entry of %zu bytes, at most %d", leaf_bytes, EH_LEDGER_LEAF_BYTES_MAX);
    if (committed)
        eh_opening_seal(keys, id, entry->payload, leaf + leaf_bytes);
    batch->len += eh_frame_entry_end(frame, leaf_bytes, sealed_bytes, ledger->segment_bytes + batch->len);
    eh_digest hash = eh_tree_leaf((eh_view){leaf, leaf_bytes});
    eh_tree_edge_add(&build->edge, &hash);
    if (receipt != NULL) {
        receipt->index = index;
        memcpy(receipt->id, id, sizeof id);
    }
    return EH_OK;
}

/* The receipts are the caller's: filled only once the batch is on the disk. */
static eh_code append_lay(batch_build *build, eh_append *append, eh_error *error)
{
    for (size_t i = 0; i < append->count; i++)
        if (entry_lay(build, &append->entries[i], append->receipts != NULL ? &append->receipts[i] : NULL, error) != EH_OK)
            return append->count > 1 ? eh_fail_within(error, "entry %zu of %zu", i + 1, append->count) : error != NULL ? error->code : EH_INTERNAL;
    return EH_OK;
}

/* Writes what was laid out, and hands the batch on. After a failure of the disk the ledger has stopped. */
static eh_code batch_commit(batch_build *build, eh_error *error)
{
    eh_ledger *ledger = build->ledger;
    eh_batch *batch = build->batch;
    EH_TRY(room_make(batch, EH_FRAME_COMMIT_BYTES, error));
    build->state.size = build->edge.size;
    build->state.root = eh_tree_edge_root(&build->edge);
    eh_frame_commit(batch->bytes + batch->len, &build->state, ledger->segment_bytes + batch->len);
    batch->len += EH_FRAME_COMMIT_BYTES;
    eh_error reason = {0};
    eh_code code = eh_persons_save(ledger->people, &reason);
    if (code == EH_OK)
        code = eh_segment_write(ledger, (eh_view){batch->bytes, batch->len}, &reason);
    if (code != EH_OK) {
        pthread_mutex_lock(&ledger->lock);
        eh_break(ledger, &reason);
        code = broken_tell(ledger, error);
        pthread_mutex_unlock(&ledger->lock);
        return code;
    }
    ledger->edge = build->edge;
    ledger->seconds = build->state.seconds;
    batch->state = build->state;
    build->batch = NULL;
    eh_publish_later(ledger, batch);
    return EH_OK;
}

static void build_begin(batch_build *build, eh_ledger *ledger)
{
    /* the log's clock never goes back, whatever that of the machine does */
    int64_t now = eh_ledger_now(ledger).seconds;
    if (now < ledger->seconds)
        now = ledger->seconds;
    *build = (batch_build){.ledger = ledger, .edge = ledger->edge, .state = {.seconds = now}};
    int64_t hour = now - (now % SECONDS_PER_HOUR + SECONDS_PER_HOUR) % SECONDS_PER_HOUR;
    eh_instant_text((eh_instant){.seconds = hour}, EH_FRACTION_NONE, build->hour);
}

void eh_person_forget_all(eh_ledger *ledger)
{
    eh_store_rollback(eh_persons_store(ledger->people));
    eh_person_cache_clear(&ledger->cache);
}

/* After a failure of the disk nothing is tried again. */
static eh_code broken_check(eh_ledger *ledger, eh_error *error)
{
    pthread_mutex_lock(&ledger->lock);
    eh_code code = ledger->broken == EH_OK ? EH_OK : broken_tell(ledger, error);
    pthread_mutex_unlock(&ledger->lock);
    return code;
}

static eh_code batch_write(eh_ledger *ledger, eh_append *first, eh_error *error)
{
    batch_build build;
    EH_TRY(broken_check(ledger, error));
    build_begin(&build, ledger);
    build.batch = eh_batch_open(ledger);
    eh_code code = build.batch == NULL ? eh_fail_memory(error) : EH_OK;
    for (eh_append *append = first; append != NULL && code == EH_OK; append = append->next)
        code = append_lay(&build, append, error);
    if (code == EH_OK)
        code = batch_commit(&build, error);
    eh_batch_close(build.batch);
    if (code != EH_OK)
        eh_person_forget_all(ledger);
    else if (ledger->segment_bytes > EH_LEDGER_WAL_TURN_BYTES) {
        eh_error reason = {0};
        /* the batch is safe; what fails now is told to the next caller */
        if (eh_segment_turn(ledger, &reason) != EH_OK) {
            pthread_mutex_lock(&ledger->lock);
            eh_break(ledger, &reason);
            pthread_mutex_unlock(&ledger->lock);
        }
    }
    return code;
}

eh_code eh_append_leading(eh_ledger *ledger, const eh_ledger_entry *entry, eh_ledger_receipt *receipt_out, eh_error *error)
{
    eh_ledger_receipt receipt = {0};
    EH_TRY(eh_entry_check(entry, true, error));
    eh_append append = {.entries = entry, .count = 1, .receipts = &receipt};
    EH_TRY(batch_write(ledger, &append, error));
    if (receipt_out != NULL)
        *receipt_out = receipt;
    return EH_OK;
}

/* ---- many callers ------------------------------------------------------------------------------------------------------------- */

/* Takes from the queue what makes one batch. Under `lock`. */
static eh_append *queue_take(eh_ledger *ledger)
{
    eh_append *first = ledger->waiting_first, *last = first;
    size_t bytes = first->bytes;
    while (last->next != NULL && bytes + last->next->bytes <= EH_LEDGER_APPEND_BYTES_MAX) {
        last = last->next;
        bytes += last->bytes;
    }
    ledger->waiting_first = last->next;
    if (last->next == NULL)
        ledger->waiting_last = NULL;
    last->next = NULL;
    return first;
}

/* A batch that fails as a whole may fail for one caller's sake (too long a leaf): then each is tried alone. */
static void queue_write(eh_ledger *ledger, eh_append *first)
{
    eh_error error = {0};
    eh_code code = batch_write(ledger, first, &error);
    if (code == EH_OK || first->next == NULL) {
        for (eh_append *append = first; append != NULL; append = append->next) {
            append->code = code;
            append->error = error;
        }
        return;
    }
    for (eh_append *append = first; append != NULL; append = append->next) {
        eh_append alone = *append;
        alone.next = NULL;
        append->code = batch_write(ledger, &alone, &append->error);
    }
}

static void append_wait(eh_ledger *ledger, eh_append *append)
{
    pthread_mutex_lock(&ledger->lock);
    if (ledger->waiting_last != NULL)
        ledger->waiting_last->next = append;
    else
        ledger->waiting_first = append;
    ledger->waiting_last = append;
    while (!append->done) {
        if (ledger->leads) {
            pthread_cond_wait(&ledger->changed, &ledger->lock);
            continue;
        }
        eh_append *first = queue_take(ledger);
        ledger->leads = true;
        eh_code broken = ledger->broken;
        pthread_mutex_unlock(&ledger->lock);
        if (broken == EH_OK)
            queue_write(ledger, first);
        pthread_mutex_lock(&ledger->lock);
        for (eh_append *next; first != NULL; first = next) {
            next = first->next;
            if (broken != EH_OK)
                first->code = broken_tell(ledger, &first->error);
            first->done = true; /* its owner may go as soon as the lock is free */
        }
        ledger->leads = false;
        pthread_cond_broadcast(&ledger->changed);
    }
    pthread_mutex_unlock(&ledger->lock);
}

eh_code eh_ledger_append(eh_ledger *ledger, const eh_ledger_entry *entries, size_t count, eh_ledger_receipt *receipts_out, eh_error *error)
{
    if (ledger->options.reads_only)
        return eh_fail(error, EH_DENIED, "the ledger was opened for reading only");
    if (count > EH_LEDGER_APPEND_COUNT_MAX)
        return eh_fail(error, EH_LIMIT, "%zu entries at once, at most %d", count, EH_LEDGER_APPEND_COUNT_MAX);
    eh_append append = {.entries = entries, .count = count};
    for (size_t i = 0; i < count; i++) {
        if (eh_entry_check(&entries[i], false, error) != EH_OK)
            return count > 1 ? eh_fail_within(error, "entry %zu of %zu", i + 1, count) : error != NULL ? error->code : EH_INPUT;
        append.bytes += entries[i].payload.len + entries[i].clear.len;
        if (append.bytes > EH_LEDGER_APPEND_BYTES_MAX)
            return eh_fail(error, EH_LIMIT, "the entries have more than %d bytes together: append them in parts", EH_LEDGER_APPEND_BYTES_MAX);
    }
    if (count == 0)
        return EH_OK;
    eh_ledger_receipt one;
    eh_ledger_receipt *receipts = count == 1 ? &one : calloc(count, sizeof *receipts);
    if (receipts == NULL)
        return eh_fail_memory(error);
    append.receipts = receipts;
    append_wait(ledger, &append);
    if (append.code != EH_OK && error != NULL)
        *error = append.error;
    if (append.code == EH_OK && receipts_out != NULL)
        memcpy(receipts_out, receipts, count * sizeof *receipts);
    if (receipts != &one)
        free(receipts);
    return append.code;
}
