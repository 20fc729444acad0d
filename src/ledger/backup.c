/* The files of a ledger as of its published checkpoint. */
#include <stdlib.h>

#include "ledger/ledger_int.h"

enum { LEVEL_ENTRIES = -1, BUNDLE_BYTES_MAX = EH_TILE_WIDTH * (2 + EH_LEDGER_LEAF_BYTES_MAX) };

typedef struct {
    const eh_folders *folders;
    eh_ledger_put put;
    void *context;
    uint64_t size;
} handing;

static eh_code file_hand(const handing *state, int folder, const char *below, const char *path, bool must_be, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    char name[EH_LEDGER_PATH_BYTES_MAX + 8];
    eh_code code = eh_get(folder, path, EH_LEDGER_NOTE_BYTES_MAX, &bytes, error);
    if (code == EH_NOT_FOUND && !must_be)
        return EH_OK;
    EH_TRY(code);
    snprintf(name, sizeof name, "%s%s", below, path);
    return state->put(state->context, name, eh_buffer_view(&bytes), error);
}

/* Of a tile that has become full since, the beginning. */
static eh_code tile_hand(const handing *state, int level, uint64_t number, uint32_t width, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {.bytes_max = BUNDLE_BYTES_MAX};
    char path[EH_LEDGER_PATH_BYTES_MAX], full[EH_LEDGER_PATH_BYTES_MAX], name[EH_LEDGER_PATH_BYTES_MAX + 8];
    eh_tile_path(level, number, width, path);
    eh_code code = eh_get(state->folders->public, path, BUNDLE_BYTES_MAX, &bytes, error);
    if (code == EH_NOT_FOUND && width < EH_TILE_WIDTH) {
        eh_tile_path(level, number, EH_TILE_WIDTH, full);
        code = eh_get(state->folders->public, full, BUNDLE_BYTES_MAX, &bytes, error);
    }
    if (code == EH_NOT_FOUND)
        return eh_fail(error, EH_CORRUPT, "ledger: public/%s: is missing", path);
    EH_TRY(code);
    eh_view rest = eh_buffer_view(&bytes), entry;
    if (level == LEVEL_ENTRIES) {
        for (uint32_t i = 0; i < width; i++)
            if (!eh_bundle_next(&rest, &entry))
                return eh_fail(error, EH_CORRUPT, "ledger: public/%s: is cut", path);
        rest = (eh_view){bytes.ptr, bytes.len - rest.len};
    } else {
        rest.len = width * sizeof(eh_digest) < rest.len ? width * sizeof(eh_digest) : rest.len;
    }
    snprintf(name, sizeof name, "public/%s", path);
    return state->put(state->context, name, rest, error);
}

static eh_code level_hand(const handing *state, int level, uint64_t hashes, eh_error *error)
{
    for (uint64_t number = 0; number < hashes / EH_TILE_WIDTH; number++)
        EH_TRY(tile_hand(state, level, number, EH_TILE_WIDTH, error));
    if (hashes % EH_TILE_WIDTH > 0)
        EH_TRY(tile_hand(state, level, hashes / EH_TILE_WIDTH, (uint32_t)(hashes % EH_TILE_WIDTH), error));
    return EH_OK;
}

/* A segment of the log that begins, empty, at the checkpoint; its clock is that of the last entry. */
static eh_code segment_hand(const handing *state, const eh_checkpoint *checkpoint, eh_error *error)
{
    eh_log_state base = {.size = checkpoint->size, .root = checkpoint->root};
    char header[EH_WAL_HEADER_BYTES], name[24], path[40];
    if (checkpoint->size > 0) {
        eh_view entry;
        eh_leaf leaf;
        eh_instant at = {0};
        eh_arena *arena = eh_arena_open(1 << 20);
        eh_code code = arena == NULL ? eh_fail_memory(error) : eh_entry_get(state->folders->public, checkpoint->size, checkpoint->size - 1, arena,
                                                                            &entry, error);
        if (code == EH_OK && eh_leaf_read(entry, &leaf))
            code = eh_instant_parse(leaf.at, &at, error);
        eh_arena_close(&arena);
        EH_TRY(code);
        base.seconds = at.seconds;
    }
    eh_wal_header(&base, header);
    eh_wal_segment_name(base.size, name);
    snprintf(path, sizeof path, "wal/%s", name);
    return state->put(state->context, path, (eh_view){header, sizeof header}, error);
}

static eh_code files_hand(const handing *state, const eh_published *published, eh_error *error)
{
    const eh_folders *folders = state->folders;
    EH_TRY(state->put(state->context, "public/checkpoint", eh_buffer_view(&published->bytes), error));
    EH_TRY(file_hand(state, folders->public, "public/", "vkey", true, error));
    EH_TRY(file_hand(state, folders->public, "public/", "vkeys", true, error));
    EH_TRY(file_hand(state, folders->log, "", "witnesses", false, error));
    EH_TRY(level_hand(state, LEVEL_ENTRIES, state->size, error));
    for (int level = 0; level < EH_TILE_LEVELS_MAX; level++)
        EH_TRY(level_hand(state, level, state->size >> (8 * level), error));
    return segment_hand(state, &published->checkpoint, error);
}

eh_code eh_ledger_backup(const char *folder, eh_ledger_put put, void *context, uint64_t *size_out, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    eh_folders folders;
    EH_TRY(eh_folders_open(folder, &folders, error));
    eh_code code = eh_published_read(&folders, &published, error);
    handing state = {.folders = &folders, .put = put, .context = context, .size = published.checkpoint.size};
    if (code == EH_OK)
        code = files_hand(&state, &published, error);
    eh_folders_close(&folders);
    if (code == EH_OK)
        *size_out = state.size;
    return code;
}

static eh_code continues(const eh_folders *folders, eh_view bytes, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    static const char *const what = "is not of this ledger, or this ledger has been cut since: it cannot take its place";
    eh_note note;
    eh_checkpoint old;
    EH_TRY(eh_published_read(folders, &published, error));
    EH_TRY(eh_note_parse(bytes, &note, error));
    EH_TRY(eh_checkpoint_parse(note.text, &old, error));
    if (!eh_view_equal(old.origin, published.checkpoint.origin) || old.size > published.checkpoint.size)
        return eh_fail(error, EH_CONFLICT, "the checkpoint of %.*s (%ju entries) %s", (int)old.origin.len, old.origin.ptr, (uintmax_t)old.size, what);
    eh_digest root = eh_tree_empty();
    if (old.size > 0) {
        eh_tile_reader *reader = calloc(1, sizeof *reader);
        if (reader == NULL)
            return eh_fail_memory(error);
        reader->folder = folders->public;
        reader->size = published.checkpoint.size;
        eh_code code = eh_tree_range(&(eh_tree_source){.read = eh_tile_reader_read, .context = reader}, 0, old.size, &root, error);
        free(reader);
        EH_TRY(code);
    }
    if (!eh_digest_equal(&root, &old.root))
        return eh_fail(error, EH_CONFLICT, "the checkpoint of %.*s (%ju entries) %s", (int)old.origin.len, old.origin.ptr, (uintmax_t)old.size, what);
    return EH_OK;
}

eh_code eh_ledger_continues(const char *folder, eh_view checkpoint, eh_error *error)
{
    eh_folders folders;
    EH_TRY(eh_folders_open(folder, &folders, error));
    eh_code code = continues(&folders, checkpoint, error);
    eh_folders_close(&folders);
    return code;
}
