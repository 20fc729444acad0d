/*
 * The segment of the write-ahead log that is being written. Zeros lie ahead of what is written, so that a sync of a batch changes no
 * metadata of the file system and does not wait for the tiles that others are making; a segment that is done becomes the next one.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { ZEROS_BYTES = 65536, ROOM_ROUND_BYTES = 4096, ROOM_STEP_BYTES_FIRST = 16384, ROOM_STEP_GROWTH = 3, ROOM_STEP_BYTES_MAX = 1 << 20, TURN_SLACK_BYTES = 1 << 20,
       SPARE_STEP_BYTES = 1 << 20 };
static const char spare_name[] = "spare";

/* Writes zeros up to `end` and says how far it came: less room only costs time. */
static uint64_t zeros_write(int descriptor, uint64_t at, uint64_t end)
{
    static const char zeros[ZEROS_BYTES];
    while (at < end) {
        ssize_t step = pwrite(descriptor, zeros, end - at < ZEROS_BYTES ? (size_t)(end - at) : ZEROS_BYTES, (off_t)at);
        if (step <= 0)
            break;
        at += (uint64_t)step;
    }
    return at;
}

/* Room after `end`: little for a ledger that is used little, and never so much that who waits for this sync notices the zeros. */
static void room_make(eh_ledger *ledger, uint64_t end)
{
    uint64_t step = ledger->room_step < ROOM_STEP_BYTES_FIRST ? ROOM_STEP_BYTES_FIRST : ledger->room_step;
    uint64_t last = EH_LEDGER_WAL_TURN_BYTES + TURN_SLACK_BYTES, wanted = end + step < last ? end + step : last;
    ledger->room_step = step * ROOM_STEP_GROWTH < ROOM_STEP_BYTES_MAX ? step * ROOM_STEP_GROWTH : ROOM_STEP_BYTES_MAX;
    wanted = (wanted + ROOM_ROUND_BYTES - 1) / ROOM_ROUND_BYTES * ROOM_ROUND_BYTES;
    ledger->segment_room = zeros_write(ledger->segment, end, wanted);
}

eh_code eh_segment_write(eh_ledger *ledger, eh_view bytes, eh_error *error)
{
    uint64_t end = ledger->segment_bytes + bytes.len;
    eh_code code = eh_write_at(ledger->segment, "wal", bytes, ledger->segment_bytes, error);
    if (code == EH_OK && end > ledger->segment_room)
        room_make(ledger, end);
    if (code == EH_OK && fdatasync(ledger->segment) != 0)
        code = eh_fail_file(error, "wal", "be saved");
    if (code == EH_OK)
        ledger->segment_bytes = end;
    /* nobody was told that these entries are there: take them back if that is still possible */
    else if (ftruncate(ledger->segment, (off_t)ledger->segment_bytes) == 0)
        (void)fdatasync(ledger->segment);
    return code;
}

/* ---- the next one ---------------------------------------------------------------------------------------------------------- */

/* A segment that is done, all zeros now, begins anew. */
static eh_code spare_begin(const eh_ledger *ledger, const eh_log_state *base, const char *name, int descriptor, eh_error *error)
{
    char header[EH_WAL_HEADER_BYTES];
    eh_wal_header(base, header);
    EH_TRY(eh_write_at(descriptor, "wal", (eh_view){header, sizeof header}, 0, error));
    if (fdatasync(descriptor) != 0 || renameat(ledger->folders.wal, spare_name, ledger->folders.wal, name) != 0)
        return eh_fail_file(error, "wal", "begin a segment");
    return eh_sync_folder_of(ledger->folders.wal, name, error);
}

/* Opens the new segment as the one to write to. */
static eh_code segment_begin(eh_ledger *ledger, const eh_log_state *base, const char *name, eh_error *error)
{
    pthread_mutex_lock(&ledger->lock);
    uint64_t spare = ledger->spare_bytes;
    ledger->spare_bytes = 0;
    pthread_mutex_unlock(&ledger->lock);
    if (spare == 0)
        EH_TRY(eh_wal_segment_make(ledger->folders.wal, base, error));
    int descriptor = openat(ledger->folders.wal, spare > 0 ? spare_name : name, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return eh_fail_file(error, "wal", "be opened");
    eh_code code = spare > 0 ? spare_begin(ledger, base, name, descriptor, error) : EH_OK;
    if (code != EH_OK) {
        close(descriptor);
        return code;
    }
    if (ledger->segment >= 0)
        close(ledger->segment);
    ledger->segment = descriptor;
    ledger->segment_bytes = EH_WAL_HEADER_BYTES;
    ledger->segment_room = spare > 0 ? spare : EH_WAL_HEADER_BYTES;
    return EH_OK;
}

eh_code eh_segment_turn(eh_ledger *ledger, eh_error *error)
{
    eh_log_state base = {.size = ledger->edge.size, .root = eh_tree_edge_root(&ledger->edge), .seconds = ledger->seconds};
    char name[24];
    struct stat facts;
    EH_TRY(eh_settled_wait(ledger, EH_SETTLING_MAX - 1, error));
    eh_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return eh_fail_memory(error);
    eh_wal_segment_name(base.size, name);
    /* when nothing was appended since the last turn, that segment is the new one already */
    eh_code code = fstatat(ledger->folders.wal, name, &facts, 0) == 0 ? EH_OK : segment_begin(ledger, &base, name, error);
    if (code != EH_OK) {
        free(batch);
        return code;
    }
    batch->state = base;
    batch->settles = true;
    pthread_mutex_lock(&ledger->lock);
    ledger->settling++;
    pthread_mutex_unlock(&ledger->lock);
    eh_publish_later(ledger, batch);
    return EH_OK;
}

/* ---- the old ones ---------------------------------------------------------------------------------------------------------- */

/* One that was filled is kept when the writer has none yet. */
static bool segment_spare(eh_ledger *ledger, const char *name, uint64_t *bytes_out)
{
    struct stat facts;
    pthread_mutex_lock(&ledger->lock);
    bool wanted = ledger->spare_bytes == 0 && !ledger->closing;
    pthread_mutex_unlock(&ledger->lock);
    if (!wanted || fstatat(ledger->folders.wal, name, &facts, 0) != 0 || facts.st_size < EH_LEDGER_WAL_TURN_BYTES ||
        renameat(ledger->folders.wal, name, ledger->folders.wal, spare_name) != 0)
        return false;
    *bytes_out = (uint64_t)facts.st_size;
    return true;
}

/* What was in it must not come back: it is a spare one when its zeros are on the disk. In steps, so that the disk has time for those who append meanwhile. */
static void spare_ready(eh_ledger *ledger, uint64_t bytes)
{
    int descriptor = openat(ledger->folders.wal, spare_name, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    bool ready = true;
    for (uint64_t at = 0; ready && at < bytes;) {
        uint64_t end = at + SPARE_STEP_BYTES < bytes ? at + SPARE_STEP_BYTES : bytes;
        ready = zeros_write(descriptor, at, end) == end && fdatasync(descriptor) == 0;
        at = end;
    }
    close(descriptor);
    if (!ready) {
        unlinkat(ledger->folders.wal, spare_name, 0);
        return;
    }
    pthread_mutex_lock(&ledger->lock);
    ledger->spare_bytes = bytes;
    pthread_mutex_unlock(&ledger->lock);
}

eh_code eh_segments_remove(eh_ledger *ledger, uint64_t base, eh_error *error)
{
    uint64_t bases[16], spare = 0;
    size_t count = 0;
    EH_TRY(eh_wal_segments(ledger->folders.wal, false, bases, &count, error));
    for (size_t i = 0; i < count && bases[i] < base; i++) {
        char name[24];
        eh_wal_segment_name(bases[i], name);
        bool kept = spare == 0 && segment_spare(ledger, name, &spare);
        if (!kept && unlinkat(ledger->folders.wal, name, 0) != 0)
            return eh_fail_file(error, "wal", "lose a segment that is done");
    }
    /* its old name must be gone for good before its bytes are */
    EH_TRY(eh_sync_folder_of(ledger->folders.wal, ".", error));
    if (spare > 0)
        spare_ready(ledger, spare);
    return EH_OK;
}

void eh_segment_close(eh_ledger *ledger)
{
    if (ledger->segment < 0)
        return;
    if (ledger->spare_bytes > 0)
        unlinkat(ledger->folders.wal, spare_name, 0);
    /* the room is given back; where that fails, it is zeros */
    if (ledger->segment_room > ledger->segment_bytes && ftruncate(ledger->segment, (off_t)ledger->segment_bytes) == 0)
        ledger->segment_room = ledger->segment_bytes;
    close(ledger->segment);
    ledger->segment = -1;
}
