/*
 * The write-ahead log: what is in it is in the log. Segments named by the size of the log at their start; in each a header and frames.
 *
 * header  64 bytes: "EVHWAL1\n", base size u64, root 32, seconds i64, reserved u32, CRC-32C of the 60 bytes before
 * frame   length u32, CRC-32C of (offset u64, length) u32, CRC-32C of the body u32, body; the last byte of the body is its type
 * entry   index u64, person u64, leaf length u32, leaf, sealed opening, type 1
 * commit  size u64, root 32, seconds i64, type 2
 * Numbers are little-endian. A frame never ends with a zero, so zeros at the end of a file are no frames. Zeros lie ahead of what is
 * written, and a power cut can leave some sectors of the batch that was being written as they were. Texts hold no zero bytes and
 * boxes hold 512 of them about never, so a whole sector of zeros before the end tells such a batch from damage.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { ENTRY_HEAD_BYTES = 8 + 8 + 4, SEGMENTS_MAX = 16, FRAME_BODY_BYTES_MAX = EH_LEDGER_LEAF_BYTES_MAX + EH_LEDGER_OPENING_BYTES_MAX + 64,
       SECTOR_BYTES = 512, SECTOR_REST_BYTES_MIN = 8 };
static const char magic[8] = "EVHWAL1\n";

static void put_u32(char *at, uint32_t number)
{
    memcpy(at, &number, sizeof number);
}

static void put_u64(char *at, uint64_t number)
{
    memcpy(at, &number, sizeof number);
}

static uint32_t get_u32(const char *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static uint64_t get_u64(const char *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the write-ahead log is little-endian");

static void state_put(char *at, const eh_log_state *state)
{
    put_u64(at, state->size);
    memcpy(at + 8, state->root.bytes, 32);
    put_u64(at + 40, (uint64_t)state->seconds);
}

static eh_log_state state_get(const char *at)
{
    eh_log_state state = {.size = get_u64(at), .seconds = (int64_t)get_u64(at + 40)};
    memcpy(state.root.bytes, at + 8, 32);
    return state;
}

/* ---- writing frames ----------------------------------------------------------------------------------------------------- */

static void frame_seal(char *at, size_t body_bytes, uint64_t offset)
{
    put_u32(at, (uint32_t)body_bytes);
    put_u32(at + 4, eh_crc32c(eh_crc32c(0, &offset, sizeof offset), at, 4));
    put_u32(at + 8, eh_crc32c(0, at + EH_FRAME_HEADER_BYTES, body_bytes));
}

size_t eh_frame_entry_bytes(size_t leaf_bytes, size_t sealed_bytes)
{
    return EH_FRAME_HEADER_BYTES + ENTRY_HEAD_BYTES + leaf_bytes + sealed_bytes + 1;
}

char *eh_frame_entry_begin(char *at, uint64_t index, uint64_t person)
{
    put_u64(at + EH_FRAME_HEADER_BYTES, index);
    put_u64(at + EH_FRAME_HEADER_BYTES + 8, person);
    return at + EH_FRAME_HEADER_BYTES + ENTRY_HEAD_BYTES;
}

size_t eh_frame_entry_end(char *at, size_t leaf_bytes, size_t sealed_bytes, uint64_t offset)
{
    put_u32(at + EH_FRAME_HEADER_BYTES + 16, (uint32_t)leaf_bytes);
    size_t body = ENTRY_HEAD_BYTES + leaf_bytes + sealed_bytes + 1;
    at[EH_FRAME_HEADER_BYTES + body - 1] = EH_FRAME_ENTRY;
    frame_seal(at, body, offset);
    return EH_FRAME_HEADER_BYTES + body;
}

void eh_frame_commit(char *at, const eh_log_state *state, uint64_t offset)
{
    state_put(at + EH_FRAME_HEADER_BYTES, state);
    at[EH_FRAME_COMMIT_BYTES - 1] = EH_FRAME_COMMIT;
    frame_seal(at, EH_FRAME_COMMIT_BYTES - EH_FRAME_HEADER_BYTES, offset);
}

/* ---- reading frames ----------------------------------------------------------------------------------------------------- */

static bool body_read(eh_view body, eh_frame *frame)
{
    frame->type = body.len > 0 ? (uint8_t)body.ptr[body.len - 1] : 0;
    if (frame->type == EH_FRAME_COMMIT && body.len == EH_FRAME_COMMIT_BYTES - EH_FRAME_HEADER_BYTES) {
        frame->commit = state_get(body.ptr);
        return true;
    }
    if (frame->type != EH_FRAME_ENTRY || body.len < ENTRY_HEAD_BYTES + 1)
        return false;
    size_t leaf_bytes = get_u32(body.ptr + 16), rest = body.len - ENTRY_HEAD_BYTES - 1;
    if (leaf_bytes > rest)
        return false;
    frame->index = get_u64(body.ptr);
    frame->person = get_u64(body.ptr + 8);
    frame->leaf = (eh_view){body.ptr + ENTRY_HEAD_BYTES, leaf_bytes};
    frame->sealed = (eh_view){body.ptr + ENTRY_HEAD_BYTES + leaf_bytes, rest - leaf_bytes};
    return true;
}

size_t eh_frame_take(eh_view bytes, eh_frame *frame_out)
{
    EH_ASSERT(bytes.len > EH_FRAME_HEADER_BYTES);
    size_t body = get_u32(bytes.ptr);
    *frame_out = (eh_frame){0};
    EH_ASSERT(body <= bytes.len - EH_FRAME_HEADER_BYTES && body_read((eh_view){bytes.ptr + EH_FRAME_HEADER_BYTES, body}, frame_out));
    return EH_FRAME_HEADER_BYTES + body;
}

typedef enum { FRAME_WHOLE, FRAME_CUT, FRAME_DAMAGED } frame_state;

/* A frame at an offset of a file that somebody else may have cut or changed. */
static frame_state frame_look(eh_view bytes, size_t offset, eh_frame *frame, size_t *len_out)
{
    eh_view rest = {bytes.ptr + offset, bytes.len - offset};
    uint64_t position = offset;
    *frame = (eh_frame){0};
    if (rest.len < EH_FRAME_HEADER_BYTES)
        return FRAME_CUT;
    size_t body = get_u32(rest.ptr);
    if (get_u32(rest.ptr + 4) != eh_crc32c(eh_crc32c(0, &position, sizeof position), rest.ptr, 4) || body > FRAME_BODY_BYTES_MAX)
        return FRAME_DAMAGED;
    if (body > rest.len - EH_FRAME_HEADER_BYTES)
        return FRAME_CUT;
    eh_view body_view = {rest.ptr + EH_FRAME_HEADER_BYTES, body};
    if (get_u32(rest.ptr + 8) != eh_crc32c(0, body_view.ptr, body_view.len) || !body_read(body_view, frame))
        return FRAME_DAMAGED;
    *len_out = EH_FRAME_HEADER_BYTES + body;
    return FRAME_WHOLE;
}

/* ---- segments ------------------------------------------------------------------------------------------------------------ */

void eh_wal_segment_name(uint64_t base, char name_out[24])
{
    snprintf(name_out, 24, "%020ju", (uintmax_t)base);
}

void eh_wal_header(const eh_log_state *base, char header_out[EH_WAL_HEADER_BYTES])
{
    memset(header_out, 0, EH_WAL_HEADER_BYTES);
    memcpy(header_out, magic, sizeof magic);
    state_put(header_out + 8, base);
    put_u32(header_out + 60, eh_crc32c(0, header_out, 60));
}

eh_code eh_wal_segment_make(int folder, const eh_log_state *base, eh_error *error)
{
    char header[EH_WAL_HEADER_BYTES], name[24];
    eh_wal_header(base, header);
    eh_wal_segment_name(base->size, name);
    return eh_put_secret(folder, name, (eh_view){header, sizeof header}, error);
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

eh_code eh_wal_segments(int folder, bool clean, uint64_t bases_out[SEGMENTS_MAX], size_t *count_out, eh_error *error)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again >= 0 ? fdopendir(again) : NULL;
    if (listing == NULL) {
        eh_code code = eh_fail_file(error, "wal", "be listed");
        if (again >= 0)
            close(again);
        return code;
    }
    size_t count = 0;
    struct dirent *found;
    while ((found = readdir(listing)) != NULL) {
        const char *name = found->d_name;
        uint64_t base = 0;
        size_t len = strlen(name), zeros = strspn(name, "0");
        if (len == 20 && (eh_decimal_read((eh_view){name + zeros, len - zeros}, &base) || zeros == 20)) {
            if (count < SEGMENTS_MAX)
                bases_out[count] = base;
            count++;
        } else if (clean && ((len == 24 && strcmp(name + 20, ".new") == 0) || strcmp(name, "spare") == 0)) {
            unlinkat(folder, name, 0);
        }
    }
    closedir(listing);
    if (count == 0 || count > SEGMENTS_MAX)
        return eh_fail(error, EH_CORRUPT, "ledger: wal: holds %zu segments, expected are 1 to %d; restore a backup", count, SEGMENTS_MAX);
    qsort(bases_out, count, sizeof *bases_out, by_number);
    *count_out = count;
    return EH_OK;
}

static eh_code damaged(const eh_wal_segment *segment, size_t offset, const char *what, eh_error *error)
{
    return eh_fail(error, EH_CORRUPT, "ledger: wal/%s: %s at byte %zu, after entry %jd: the disk has changed what was written; restore a backup",
                   segment->name, what, offset, (intmax_t)segment->last.size - 1);
}

static eh_code header_read(eh_wal_segment *segment, eh_error *error)
{
    const char *bytes = segment->bytes.ptr;
    if (segment->bytes.len < EH_WAL_HEADER_BYTES || memcmp(bytes, magic, sizeof magic) != 0 || get_u32(bytes + 60) != eh_crc32c(0, bytes, 60))
        return damaged(segment, 0, "a damaged header", error);
    segment->base = segment->last = state_get(bytes + 8);
    segment->committed_bytes = EH_WAL_HEADER_BYTES;
    char name[24];
    eh_wal_segment_name(segment->base.size, name);
    return strcmp(name, segment->name) == 0 ? EH_OK : damaged(segment, 8, "a size that is not its name's", error);
}

static bool is_zeros(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Is there a sector after `from` that was never written, or the rest of the one that `from` lies in? */
static bool has_unwritten_sector(eh_view bytes, size_t from)
{
    for (size_t begin = from, end; begin < bytes.len; begin = end) {
        end = (begin / SECTOR_BYTES + 1) * SECTOR_BYTES;
        if (end <= bytes.len && end - begin >= SECTOR_REST_BYTES_MIN && is_zeros(bytes.ptr + begin, end - begin))
            return true;
    }
    return false;
}

/* What was being written when the writer was cut off ends early, in zeros, or lacks sectors. All else that is no frame is damage. */
static eh_code frames_read(eh_wal_segment *segment, eh_error *error)
{
    eh_view bytes = eh_buffer_view(&segment->bytes);
    while (bytes.len > segment->committed_bytes && bytes.ptr[bytes.len - 1] == 0)
        bytes.len--;
    size_t offset = segment->committed_bytes, len = 0;
    uint64_t next = segment->base.size;
    while (offset < bytes.len) {
        eh_frame frame;
        frame_state state = frame_look(bytes, offset, &frame, &len);
        if (state == FRAME_DAMAGED && has_unwritten_sector(bytes, segment->committed_bytes))
            state = FRAME_CUT;
        if (state == FRAME_DAMAGED)
            return damaged(segment, offset, next == segment->last.size ? "a damaged record" : "a damaged record of the last batch", error);
        if (state == FRAME_CUT) {
            segment->uncommitted++;
            break;
        }
        offset += len;
        if (frame.type == EH_FRAME_ENTRY) {
            if (frame.index != next++)
                return damaged(segment, offset - len, "an entry out of order", error);
            segment->uncommitted++;
            continue;
        }
        if (frame.commit.size != next)
            return damaged(segment, offset - len, "a commit of another size", error);
        segment->last = frame.commit;
        segment->committed_bytes = offset;
        segment->uncommitted = 0;
    }
    segment->zeros_follow = segment->committed_bytes == bytes.len;
    return EH_OK;
}

eh_code eh_wal_segment_read(int folder, const char *name, eh_wal_segment *segment_out, eh_error *error)
{
    EH_CLEANUP(eh_wal_segment_dispose) eh_wal_segment segment = {.bytes = {.bytes_max = EH_LEDGER_WAL_BYTES_MAX}};
    snprintf(segment.name, sizeof segment.name, "%s", name);
    if (eh_get(folder, name, EH_LEDGER_WAL_BYTES_MAX, &segment.bytes, error) != EH_OK)
        return eh_fail_within(error, "wal");
    EH_TRY(header_read(&segment, error));
    EH_TRY(frames_read(&segment, error));
    *segment_out = segment;
    segment.bytes = (eh_buffer){0};
    return EH_OK;
}

void eh_wal_segment_dispose(eh_wal_segment *segment)
{
    eh_buffer_dispose(&segment->bytes);
}
