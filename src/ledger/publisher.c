/*
 * Publishing: a thread that turns what is safe in the write-ahead log into openings, tiles, bundles and a signed checkpoint. All of
 * it can be made again from the log, so nothing is synced here but the openings, until a segment of the log shall go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { PUBLISH_EVERY_MS = 250, PUBLISHER_NICE = 5, BATCHES_BYTES_EAGER = 4 << 20, IDLE_BYTES_MAX = 8 << 20 };

eh_batch *eh_batch_open(eh_ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    eh_batch *batch = ledger->idle;
    if (batch != NULL) {
        ledger->idle = batch->next;
        ledger->idle_bytes -= batch->capacity;
    }
    pthread_mutex_unlock(&ledger->lock);
    if (batch == NULL)
        return calloc(1, sizeof *batch);
    *batch = (eh_batch){.bytes = batch->bytes, .capacity = batch->capacity};
    return batch;
}

void eh_batch_close(eh_batch *batch)
{
    if (batch != NULL)
        free(batch->bytes);
    free(batch);
}

void eh_publish_later(eh_ledger *ledger, eh_batch *batch)
{
    pthread_mutex_lock(&ledger->lock);
    while (ledger->batches_bytes > EH_LEDGER_PENDING_BYTES_MAX && ledger->broken == EH_OK)
        pthread_cond_wait(&ledger->changed, &ledger->lock);
    if (ledger->batches_last != NULL)
        ledger->batches_last->next = batch;
    else
        ledger->batches_first = batch;
    ledger->batches_last = batch;
    ledger->batches_bytes += batch->len;
    ledger->committed = batch->state;
    pthread_cond_broadcast(&ledger->changed);
    pthread_mutex_unlock(&ledger->lock);
}

/* ---- one round ------------------------------------------------------------------------------------------------------------- */

static eh_code openings_put(eh_ledger *ledger, const eh_batch *first, eh_error *error)
{
    bool begun = false;
    for (const eh_batch *batch = first; batch != NULL; batch = batch->next) {
        eh_view rest = {batch->bytes, batch->len};
        while (rest.len > 0) {
            eh_frame frame;
            size_t len = eh_frame_take(rest, &frame);
            rest = (eh_view){rest.ptr + len, rest.len - len};
            if (frame.type != EH_FRAME_ENTRY || frame.person == 0)
                continue;
            if (!begun)
                EH_TRY(eh_store_begin(eh_openings_store(ledger->openings), error));
            begun = true;
            EH_TRY(eh_openings_put(ledger->openings, frame.index, frame.person, frame.sealed, error));
        }
    }
    return begun ? eh_store_commit(eh_openings_store(ledger->openings), error) : EH_OK;
}

static eh_code tiles_add(eh_ledger *ledger, const eh_batch *batch, eh_error *error)
{
    eh_view rest = {batch->bytes, batch->len};
    while (rest.len > 0) {
        eh_frame frame;
        size_t len = eh_frame_take(rest, &frame);
        rest = (eh_view){rest.ptr + len, rest.len - len};
        if (frame.type != EH_FRAME_ENTRY)
            continue;
        eh_digest leaf = eh_tree_leaf(frame.leaf);
        EH_TRY(eh_tiles_add(ledger->tiles, frame.leaf, &leaf, error));
    }
    return EH_OK;
}

/* Hashed twice, by the writer and here: memory that lies is caught before anything is signed. */
static eh_code root_check(const eh_ledger *ledger, const eh_log_state *state, eh_error *error)
{
    eh_tree_edge edge;
    eh_tiles_edge(ledger->tiles, &edge);
    eh_digest root = eh_tree_edge_root(&edge);
    if (edge.size != state->size || !eh_digest_equal(&root, &state->root))
        return eh_fail(error, EH_INTERNAL, "the tiles of %ju entries do not make the root that was written", (uintmax_t)edge.size);
    return EH_OK;
}

/* Signatures of others under the same checkpoint stay. */
static void cosignatures_keep(const eh_ledger *ledger, eh_view text, eh_buffer *note)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    eh_note before;
    if (eh_get(ledger->folders.public, "checkpoint", EH_LEDGER_NOTE_BYTES_MAX, &bytes, NULL) != EH_OK ||
        eh_note_parse(eh_buffer_view(&bytes), &before, NULL) != EH_OK || !eh_view_equal(before.text, text))
        return;
    for (size_t i = 0; i < before.signatures_count; i++)
        if (!eh_view_equal(before.signatures[i].name, eh_view_of(ledger->name)))
            eh_buffer_format(note, "\xE2\x80\x94 %.*s %.*s\n", (int)before.signatures[i].name.len, before.signatures[i].name.ptr,
                             (int)before.signatures[i].base64.len, before.signatures[i].base64.ptr);
}

eh_code eh_checkpoint_write(eh_ledger *ledger, const eh_log_state *state, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0}, note = {0};
    eh_checkpoint_append(eh_view_of(ledger->name), state->size, &state->root, &text);
    eh_buffer_append(&note, eh_buffer_view(&text));
    eh_buffer_byte(&note, '\n');
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < ledger->signers.count; i++)
        eh_note_sign(eh_buffer_view(&text), &ledger->signers.signers[i], &note);
    pthread_mutex_unlock(&ledger->lock);
    EH_TRY(eh_buffer_check(&text, error));
    cosignatures_keep(ledger, eh_buffer_view(&text), &note);
    EH_TRY(eh_buffer_check(&note, error));
    return eh_put(ledger->folders.public, "checkpoint", eh_buffer_view(&note), false, error);
}

/* All that the segments before `base` say is on the disk now in another form. */
static eh_code segments_remove(eh_ledger *ledger, uint64_t base, eh_error *error)
{
    eh_tiles_note(ledger->tiles, "checkpoint");
    EH_TRY(eh_tiles_sync(ledger->tiles, error));
    return eh_segments_remove(ledger, base, error);
}

static eh_code round_publish(eh_ledger *ledger, const eh_batch *first, eh_error *error)
{
    const eh_batch *last = first;
    EH_TRY(openings_put(ledger, first, error));
    for (const eh_batch *batch = first; batch != NULL; batch = batch->next) {
        EH_TRY(tiles_add(ledger, batch, error));
        last = batch;
        /* a log whose segment begins here is taken up from the tiles of this size */
        if (batch->settles)
            EH_TRY(eh_tiles_write_partial(ledger->tiles, error));
    }
    EH_TRY(root_check(ledger, &last->state, error));
    EH_TRY(eh_tiles_write_partial(ledger->tiles, error));
    EH_TRY(eh_checkpoint_write(ledger, &last->state, error));
    uint64_t settled = 0;
    bool settles = false;
    for (const eh_batch *batch = first; batch != NULL; batch = batch->next)
        if (batch->settles) {
            settled = batch->state.size;
            settles = true;
        }
    return settles ? segments_remove(ledger, settled, error) : EH_OK;
}

static void batches_free(eh_batch *first)
{
    for (eh_batch *next; first != NULL; first = next) {
        next = first->next;
        eh_batch_close(first);
    }
}

/* Memory of what is published serves again, up to a bound. Under `lock`. */
static void batches_rest(eh_ledger *ledger, eh_batch *first)
{
    for (eh_batch *next; first != NULL; first = next) {
        next = first->next;
        if (first->bytes == NULL || ledger->idle_bytes + first->capacity > IDLE_BYTES_MAX) {
            eh_batch_close(first);
            continue;
        }
        first->next = ledger->idle;
        ledger->idle = first;
        ledger->idle_bytes += first->capacity;
    }
}

/* ---- the thread -------------------------------------------------------------------------------------------------------------- */

static struct timespec deadline_after(uint32_t delay_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (int64_t)delay_ms * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* Waits for work, and a little longer so that it is worth a round: every checkpoint that is published costs partial tiles. */
static eh_batch *batches_wait(eh_ledger *ledger, const struct timespec *not_before, size_t *bytes_out)
{
    while (ledger->batches_first == NULL && !ledger->closing)
        pthread_cond_wait(&ledger->changed, &ledger->lock);
    while (!ledger->closing && !ledger->publish_wanted && ledger->batches_bytes < BATCHES_BYTES_EAGER)
        if (pthread_cond_timedwait(&ledger->changed, &ledger->lock, not_before) == ETIMEDOUT)
            break;
    eh_batch *first = ledger->batches_first;
    *bytes_out = 0;
    for (const eh_batch *batch = first; batch != NULL; batch = batch->next)
        *bytes_out += batch->len;
    ledger->batches_first = ledger->batches_last = NULL;
    ledger->publish_wanted = false;
    return first;
}

static void *publisher_run(void *argument)
{
    eh_ledger *ledger = argument;
    pthread_setname_np(pthread_self(), "publisher");
    /* who waits for an answer goes first; this catches up, and is waited for only when far behind */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, (id_t)gettid()) + PUBLISHER_NICE);
    struct timespec not_before = deadline_after(0);
    pthread_mutex_lock(&ledger->lock);
    for (;;) {
        size_t bytes = 0;
        eh_batch *first = batches_wait(ledger, &not_before, &bytes);
        bool ends = ledger->broken != EH_OK || (first == NULL && ledger->closing);
        eh_log_state state = ledger->published;
        uint32_t settles = 0;
        for (const eh_batch *batch = first; batch != NULL; batch = batch->next) {
            state = batch->state;
            settles += batch->settles;
        }
        if (ends) {
            batches_free(first);
            break;
        }
        pthread_mutex_unlock(&ledger->lock);
        eh_error error = {0};
        eh_code code = first != NULL ? round_publish(ledger, first, &error) : EH_OK;
        if (code != EH_OK)
            eh_store_rollback(eh_openings_store(ledger->openings));
        not_before = deadline_after(PUBLISH_EVERY_MS);
        pthread_mutex_lock(&ledger->lock);
        batches_rest(ledger, first);
        ledger->batches_bytes -= bytes;
        ledger->settling -= settles;
        if (code == EH_OK)
            ledger->published = state;
        else
            eh_break(ledger, &error);
        pthread_cond_broadcast(&ledger->changed);
    }
    pthread_mutex_unlock(&ledger->lock);
    return NULL;
}

eh_code eh_publisher_start(eh_ledger *ledger, eh_error *error)
{
    int answer = pthread_create(&ledger->publisher, NULL, publisher_run, ledger);
    if (answer != 0)
        return eh_fail(error, EH_UNAVAILABLE, "the ledger's publisher cannot be started: %s", strerror(answer));
    ledger->publisher_runs = true;
    return EH_OK;
}

void eh_publisher_stop(eh_ledger *ledger)
{
    if (ledger->publisher_runs) {
        pthread_mutex_lock(&ledger->lock);
        ledger->closing = true;
        pthread_cond_broadcast(&ledger->changed);
        pthread_mutex_unlock(&ledger->lock);
        pthread_join(ledger->publisher, NULL);
        ledger->publisher_runs = false;
    }
    eh_batches_drop(ledger);
}

void eh_batches_drop(eh_ledger *ledger)
{
    batches_free(ledger->batches_first);
    batches_free(ledger->idle);
    ledger->batches_first = ledger->batches_last = ledger->idle = NULL;
    ledger->batches_bytes = ledger->idle_bytes = 0;
}

eh_code eh_settled_wait(eh_ledger *ledger, uint32_t left, eh_error *error)
{
    eh_code code = EH_OK;
    pthread_mutex_lock(&ledger->lock);
    while (ledger->settling > left && ledger->broken == EH_OK) {
        ledger->publish_wanted = true;
        pthread_cond_broadcast(&ledger->changed);
        pthread_cond_wait(&ledger->changed, &ledger->lock);
    }
    if (ledger->broken != EH_OK)
        code = eh_fail(error, ledger->broken, "the ledger has stopped: %s", ledger->broken_error.text);
    pthread_mutex_unlock(&ledger->lock);
    return code;
}

eh_code eh_ledger_publish(eh_ledger *ledger, eh_error *error)
{
    if (ledger->options.reads_only)
        return EH_OK;
    eh_code code = EH_OK;
    pthread_mutex_lock(&ledger->lock);
    uint64_t size = ledger->committed.size;
    while (ledger->published.size < size && ledger->broken == EH_OK) {
        ledger->publish_wanted = true;
        pthread_cond_broadcast(&ledger->changed);
        pthread_cond_wait(&ledger->changed, &ledger->lock);
    }
    if (ledger->published.size < size)
        code = eh_fail(error, ledger->broken, "the ledger has stopped: %s", ledger->broken_error.text);
    pthread_mutex_unlock(&ledger->lock);
    return code;
}
