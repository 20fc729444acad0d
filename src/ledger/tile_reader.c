/* Hashes and entries, read back out of tiles and bundles. */
#include <string.h>

#include "ledger/ledger_int.h"

enum { LEVEL_ENTRIES = -1, BUNDLE_BYTES_MAX = EH_TILE_WIDTH * (2 + EH_LEDGER_LEAF_BYTES_MAX) };

bool eh_bundle_next(eh_view *rest, eh_view *entry_out)
{
    if (rest->len < 2)
        return false;
    size_t len = (size_t)(unsigned char)rest->ptr[0] << 8 | (unsigned char)rest->ptr[1];
    if (len > rest->len - 2)
        return false;
    *entry_out = (eh_view){rest->ptr + 2, len};
    *rest = (eh_view){rest->ptr + 2 + len, rest->len - 2 - len};
    return true;
}

/* Width of tile `number` of a level in a log of this size. */
static uint32_t width_at(uint64_t size, uint32_t level, uint64_t number)
{
    uint64_t hashes = level >= EH_TILE_LEVELS_MAX ? 0 : size >> (8 * level);
    return number < hashes / EH_TILE_WIDTH ? (uint32_t)EH_TILE_WIDTH : (uint32_t)(hashes % EH_TILE_WIDTH);
}

/* A partial tile may have become full since the checkpoint was read: then its beginning is the same. */
static eh_code tile_read(int folder, int level, uint64_t number, uint32_t width, eh_digest hashes[EH_TILE_WIDTH], eh_error *error)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    size_t read = 0, wanted = width * sizeof *hashes;
    eh_tile_path(level, number, width, path);
    eh_code code = eh_get_some(folder, path, hashes, wanted, &read, error);
    if (code == EH_NOT_FOUND && width < EH_TILE_WIDTH) {
        eh_tile_path(level, number, EH_TILE_WIDTH, path);
        code = eh_get_some(folder, path, hashes, wanted, &read, error);
    }
    if (code == EH_NOT_FOUND)
        return eh_fail(error, EH_CORRUPT, "ledger: public/%s: is missing", path);
    EH_TRY(code);
    if (read != wanted)
        return eh_fail(error, EH_CORRUPT, "ledger: public/%s: is cut: %zu bytes of %zu", path, read, wanted);
    return EH_OK;
}

static eh_code tile_find(eh_tile_reader *reader, uint32_t level, uint64_t number, const eh_digest **hashes_out, eh_error *error)
{
    uint32_t width = width_at(reader->size, level, number);
    for (size_t i = 0; i < sizeof reader->kept / sizeof reader->kept[0]; i++)
        if (reader->kept[i].width == width && reader->kept[i].level == level && reader->kept[i].number == number) {
            *hashes_out = reader->kept[i].hashes;
            return EH_OK;
        }
    uint32_t place = reader->next;
    reader->kept[place].width = 0;
    EH_TRY(tile_read(reader->folder, (int)level, number, width, reader->kept[place].hashes, error));
    reader->kept[place].width = width;
    reader->kept[place].level = level;
    reader->kept[place].number = number;
    reader->next = (place + 1) % (sizeof reader->kept / sizeof reader->kept[0]);
    *hashes_out = reader->kept[place].hashes;
    return EH_OK;
}

eh_code eh_tile_reader_read(void *context, uint32_t level, uint64_t index, eh_digest *hash_out, eh_error *error)
{
    eh_tile_reader *reader = context;
    uint32_t inside = level % 8;
    uint64_t first = index << inside;
    const eh_digest *hashes = NULL;
    EH_TRY(tile_find(reader, level / 8, first / EH_TILE_WIDTH, &hashes, error));
    eh_tree_edge part = {0};
    uint64_t at = first % EH_TILE_WIDTH;
    EH_ASSERT(at + (UINT64_C(1) << inside) <= width_at(reader->size, level / 8, first / EH_TILE_WIDTH));
    for (uint64_t i = 0; i < UINT64_C(1) << inside; i++)
        eh_tree_edge_add(&part, &hashes[at + i]);
    *hash_out = part.hashes[0];
    return EH_OK;
}

eh_code eh_entry_get(int folder, uint64_t size, uint64_t index, eh_arena *arena, eh_view *entry_out, eh_error *error)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    uint64_t number = index / EH_TILE_WIDTH;
    uint32_t width = width_at(size, 0, number);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {.bytes_max = BUNDLE_BYTES_MAX};
    eh_tile_path(LEVEL_ENTRIES, number, width, path);
    eh_code code = eh_get(folder, path, BUNDLE_BYTES_MAX, &bytes, error);
    if (code == EH_NOT_FOUND && width < EH_TILE_WIDTH) {
        eh_tile_path(LEVEL_ENTRIES, number, EH_TILE_WIDTH, path);
        code = eh_get(folder, path, BUNDLE_BYTES_MAX, &bytes, error);
    }
    if (code == EH_NOT_FOUND)
        return eh_fail(error, EH_CORRUPT, "ledger: public/%s: is missing", path);
    EH_TRY(code);
    eh_view rest = eh_buffer_view(&bytes), entry = {0};
    for (uint64_t i = 0; i <= index % EH_TILE_WIDTH; i++)
        if (!eh_bundle_next(&rest, &entry))
            return eh_fail(error, EH_CORRUPT, "ledger: public/%s: entry %ju is cut", path, (uintmax_t)i);
    char *copy = eh_arena_copy(arena, entry);
    if (copy == NULL)
        return eh_fail_memory(error);
    *entry_out = (eh_view){copy, entry.len};
    return EH_OK;
}
