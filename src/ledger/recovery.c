/*
 * Taking up the ledger where it stood: the tiles say what was settled, the segments of the write-ahead log what came after. What the
 * log holds is published anew; a batch without its commit was never acknowledged and is cut off.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

/* ---- replaying ------------------------------------------------------------------------------------------------------------- */

/* Frames from one commit to the next, as a batch for the publisher. */
static eh_code batch_replay(eh_ledger *ledger, eh_view frames, const eh_log_state *state, eh_error *error)
{
    eh_batch *batch = calloc(1, sizeof *batch);
    char *bytes = malloc(frames.len);
    if (batch == NULL || bytes == NULL) {
        free(batch);
        free(bytes);
        return eh_fail_memory(error);
    }
    memcpy(bytes, frames.ptr, frames.len);
    *batch = (eh_batch){.bytes = bytes, .len = frames.len, .capacity = frames.len, .state = *state};
    /* the publisher does not run yet: no lock, no waiting */
    if (ledger->batches_last != NULL)
        ledger->batches_last->next = batch;
    else
        ledger->batches_first = batch;
    ledger->batches_last = batch;
    ledger->batches_bytes += batch->len;
    ledger->committed = *state;
    return EH_OK;
}

/* The checkpoint that was published must be one that this log has had. */
static eh_code published_compare(const eh_ledger *ledger, const eh_published *published, eh_error *error)
{
    eh_digest root = eh_tree_edge_root(&ledger->edge);
    if (published == NULL || published->checkpoint.size != ledger->edge.size || eh_digest_equal(&published->checkpoint.root, &root))
        return EH_OK;
    return eh_fail(error, EH_CORRUPT, "ledger: public/checkpoint: has another root than the first %ju entries of the log; restore a backup",
                   (uintmax_t)ledger->edge.size);
}

static eh_code segment_replay(eh_ledger *ledger, const eh_wal_segment *segment, const eh_published *published, eh_error *error)
{
    size_t at = EH_WAL_HEADER_BYTES, from = at;
    while (at < segment->committed_bytes) {
        eh_frame frame;
        at += eh_frame_take((eh_view){segment->bytes.ptr + at, segment->committed_bytes - at}, &frame);
        if (frame.type == EH_FRAME_ENTRY) {
            eh_digest leaf = eh_tree_leaf(frame.leaf);
            eh_tree_edge_add(&ledger->edge, &leaf);
            continue;
        }
        eh_digest root = eh_tree_edge_root(&ledger->edge);
        if (ledger->edge.size != frame.commit.size || !eh_digest_equal(&root, &frame.commit.root))
            return eh_fail(error, EH_CORRUPT, "ledger: wal/%s: the entries up to byte %zu do not make the root that was written; restore a backup",
                           segment->name, at);
        EH_TRY(published_compare(ledger, published, error));
        EH_TRY(batch_replay(ledger, (eh_view){segment->bytes.ptr + from, at - from}, &frame.commit, error));
        from = at;
    }
    ledger->seconds = segment->last.seconds;
    return EH_OK;
}

/* Cuts off what was never acknowledged, and takes the segment as the one to write to. */
static eh_code segment_take(eh_ledger *ledger, const eh_wal_segment *segment, eh_error *error)
{
    int descriptor = openat(ledger->folders.wal, segment->name, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return eh_fail_file(error, "wal", "be opened");
    ledger->segment = descriptor;
    ledger->segment_bytes = segment->committed_bytes;
    ledger->segment_room = segment->zeros_follow ? segment->bytes.len : segment->committed_bytes;
    if (!segment->zeros_follow &&
        (ftruncate(descriptor, (off_t)segment->committed_bytes) != 0 || fdatasync(descriptor) != 0))
        return eh_fail_file(error, "wal", "be cut after its last commit");
    return EH_OK;
}

static eh_code segments_replay(eh_ledger *ledger, const uint64_t *bases, size_t count, const eh_published *published, eh_error *error)
{
    for (size_t i = 0; i < count; i++) {
        EH_CLEANUP(eh_wal_segment_dispose) eh_wal_segment segment = {0};
        char name[24];
        eh_wal_segment_name(bases[i], name);
        EH_TRY(eh_wal_segment_read(ledger->folders.wal, name, &segment, error));
        eh_digest root = eh_tree_edge_root(&ledger->edge);
        if (segment.base.size != ledger->edge.size || !eh_digest_equal(&segment.base.root, &root))
            return eh_fail(error, EH_CORRUPT, "ledger: wal/%s: does not go on from the %ju entries before it; restore a backup", name,
                           (uintmax_t)ledger->edge.size);
        if (i == 0)
            ledger->committed = ledger->published = segment.base;
        ledger->seconds = segment.base.seconds;
        EH_TRY(published_compare(ledger, published, error));
        EH_TRY(segment_replay(ledger, &segment, published, error));
        if (i + 1 == count)
            EH_TRY(segment_take(ledger, &segment, error));
    }
    return EH_OK;
}

/* ---- a log that is shorter than what was published -------------------------------------------------------------------------- */

static eh_code tail_read(eh_ledger *ledger, uint64_t size, eh_error *error)
{
    eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(error) : EH_OK;
    while (code == EH_OK && ledger->edge.size < size) {
        eh_view entry;
        code = eh_entry_get(ledger->folders.public, size, ledger->edge.size, arena, &entry, error);
        if (code != EH_OK)
            break;
        eh_digest leaf = eh_tree_leaf(entry);
        eh_tree_edge_add(&ledger->edge, &leaf);
    }
    eh_arena_close(&arena);
    return code;
}

/*
 * The end of the write-ahead log was lost, but its entries had been published, with their openings. They are taken from there, if they
 * make the root that was signed: what was acknowledged and published is not lost with one file.
 */
static eh_code published_take(eh_ledger *ledger, const eh_published *published, eh_error *error)
{
    uint64_t size = ledger->edge.size;
    eh_code code = tail_read(ledger, published->checkpoint.size, error);
    eh_digest root = eh_tree_edge_root(&ledger->edge);
    if (code == EH_OK && !eh_digest_equal(&root, &published->checkpoint.root))
        code = eh_fail(error, EH_CORRUPT, "the entries there do not make the root that was signed");
    eh_tiles_close(&ledger->tiles);
    if (code == EH_OK)
        code = eh_tiles_open(ledger->folders.public, published->checkpoint.size, &ledger->tiles, error);
    if (code != EH_OK) {
        char reason[EH_ERROR_TEXT_BYTES_MAX];
        snprintf(reason, sizeof reason, "%s", error != NULL ? error->text : "");
        return eh_fail(error, EH_CORRUPT, "ledger: wal: holds %ju entries, but %ju were published, and the rest cannot be taken from public/: %s; "
                       "restore a backup", (uintmax_t)size, (uintmax_t)published->checkpoint.size, reason);
    }
    eh_batches_drop(ledger); /* all of it is published */
    ledger->published = ledger->committed = (eh_log_state){.size = ledger->edge.size, .root = root, .seconds = ledger->seconds};
    /* nothing of it is in the write-ahead log: it must be safe before a segment begins after it */
    return syncfs(ledger->folders.public) == 0 ? EH_OK : eh_fail_file(error, "public", "be saved");
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------- */

/* *there_out is false when there is none, or an empty file as a power cut can leave it. */
static eh_code published_find(eh_ledger *ledger, eh_published *published_out, bool *there_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    eh_code code = eh_get(ledger->folders.public, "checkpoint", EH_LEDGER_NOTE_BYTES_MAX, &bytes, error);
    *there_out = code == EH_OK && bytes.len > 0;
    if (code == EH_NOT_FOUND || (code == EH_OK && bytes.len == 0))
        return EH_OK;
    EH_TRY(code);
    if (eh_published_read(&ledger->folders, published_out, error) != EH_OK)
        return eh_fail_within(error, "remove the file, and it is made anew");
    return EH_OK;
}

static bool checkpoint_is_current(const eh_ledger *ledger, const eh_published *published)
{
    return published->checkpoint.size == ledger->edge.size && published->trust.signed_count >= ledger->signers.count;
}

eh_code eh_recover(eh_ledger *ledger, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    uint64_t bases[16];
    size_t count = 0;
    bool there = false;
    EH_TRY(published_find(ledger, &published, &there, error));
    EH_TRY(eh_wal_segments(ledger->folders.wal, true, bases, &count, error));
    EH_TRY(eh_tiles_open(ledger->folders.public, bases[0], &ledger->tiles, error));
    eh_tiles_edge(ledger->tiles, &ledger->edge);
    EH_TRY(segments_replay(ledger, bases, count, there ? &published : NULL, error));

    bool longer = there && published.checkpoint.size > ledger->edge.size;
    if (longer)
        EH_TRY(published_take(ledger, &published, error));
    EH_TRY(eh_publisher_start(ledger, error));
    if (longer)
        EH_TRY(eh_segment_turn(ledger, error));
    EH_TRY(eh_ledger_publish(ledger, error));
    /* a writer that was cut off again and again leaves segments behind */
    if (count > EH_SETTLING_MAX) {
        EH_TRY(eh_segment_turn(ledger, error));
        EH_TRY(eh_settled_wait(ledger, 0, error));
    }
    if (there && checkpoint_is_current(ledger, &published))
        return EH_OK;
    return eh_checkpoint_write(ledger, &ledger->committed, error);
}
