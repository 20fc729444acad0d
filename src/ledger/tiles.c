/* Tiles and entry bundles (c2sp.org/tlog-tiles), made out of entries in order. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { ENTRY_LENGTH_BYTES = 2, BUNDLE_BYTES_MAX = EH_TILE_WIDTH * (ENTRY_LENGTH_BYTES + EH_LEDGER_LEAF_BYTES_MAX), LEVEL_ENTRIES = -1 };

void eh_tile_path(int level, uint64_t number, uint32_t width, char out[EH_LEDGER_PATH_BYTES_MAX])
{
    /* 1234067 is x001/x234/067 */
    char groups[40];
    size_t at = sizeof groups - 1;
    groups[at] = '\0';
    for (bool last = true; last || number > 0; last = false, number /= 1000) {
        char group[8];
        int len = snprintf(group, sizeof group, last ? "%03u" : "x%03u/", (unsigned)(number % 1000));
        at -= (size_t)len;
        memcpy(groups + at, group, (size_t)len);
    }
    char folder[16];
    if (level == LEVEL_ENTRIES)
        snprintf(folder, sizeof folder, "entries");
    else
        snprintf(folder, sizeof folder, "%d", level);
    if (width == EH_TILE_WIDTH)
        snprintf(out, EH_LEDGER_PATH_BYTES_MAX, "tile/%s/%s", folder, groups + at);
    else
        snprintf(out, EH_LEDGER_PATH_BYTES_MAX, "tile/%s/%s.p/%u", folder, groups + at, width);
}

/* Levels of tiles of 256: the shift that leads from an index of entries to one of tiles. */
static uint64_t tile_number(uint64_t size, int level)
{
    int shift = 8 * (level + 1);
    return shift >= 64 ? 0 : size >> shift;
}

/* ---- taking up a log ------------------------------------------------------------------------------------------------------ */

/* A tile that is not full at this size may lie on the disk as such, wider, or full. */
static eh_code tile_load(const eh_tiles *tiles, int level, uint32_t width, eh_digest hashes_out[EH_TILE_WIDTH], eh_error *error)
{
    uint64_t number = tile_number(tiles->size, level);
    size_t wanted = width * sizeof *hashes_out;
    char path[EH_LEDGER_PATH_BYTES_MAX];
    for (uint32_t there = width; there <= EH_TILE_WIDTH; there++) {
        size_t read = 0;
        eh_tile_path(level, number, there, path);
        eh_code code = eh_get_some(tiles->folder, path, hashes_out, wanted, &read, error);
        if (code == EH_NOT_FOUND)
            continue;
        EH_TRY(code);
        if (read < wanted)
            return eh_fail(error, EH_CORRUPT, "ledger: public/%s: has %zu bytes, expected are %zu or more; restore a backup", path, read, wanted);
        return EH_OK;
    }
    eh_tile_path(level, number, width, path);
    return eh_fail(error, EH_CORRUPT, "ledger: public/%s: is missing; restore a backup", path);
}

static eh_code bundle_load(eh_tiles *tiles, uint32_t width, eh_error *error)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {.bytes_max = BUNDLE_BYTES_MAX};
    eh_code code = EH_NOT_FOUND;
    for (uint32_t there = width; there <= EH_TILE_WIDTH && code == EH_NOT_FOUND; there++) {
        eh_tile_path(LEVEL_ENTRIES, tile_number(tiles->size, 0), there, path);
        code = eh_get(tiles->folder, path, BUNDLE_BYTES_MAX, &bytes, error);
    }
    EH_TRY(code);
    eh_view rest = eh_buffer_view(&bytes), entry;
    for (uint32_t i = 0; i < width; i++)
        if (!eh_bundle_next(&rest, &entry))
            return eh_fail(error, EH_CORRUPT, "ledger: public/%s: entry %u of %u is cut; restore a backup", path, i, width);
    eh_buffer_append(&tiles->bundle, (eh_view){bytes.ptr, bytes.len - rest.len});
    return eh_buffer_check(&tiles->bundle, error);
}

eh_code eh_tiles_open(int folder, uint64_t size, eh_tiles **tiles_out, eh_error *error)
{
    EH_CLEANUP(eh_tiles_close) eh_tiles *tiles = calloc(1, sizeof *tiles);
    if (tiles == NULL)
        return eh_fail_memory(error);
    tiles->folder = folder;
    tiles->size = size;
    tiles->bundle.bytes_max = BUNDLE_BYTES_MAX;
    for (int level = 0; level < EH_TILE_LEVELS_MAX; level++) {
        uint32_t width = (uint32_t)(size >> (8 * level)) & (EH_TILE_WIDTH - 1);
        if (width == 0)
            continue;
        EH_TRY(tile_load(tiles, level, width, tiles->hashes[level], error));
        tiles->widths[level] = width;
    }
    if (tiles->widths[0] > 0)
        EH_TRY(bundle_load(tiles, tiles->widths[0], error));
    *tiles_out = tiles;
    tiles = NULL;
    return EH_OK;
}

void eh_tiles_close(eh_tiles **tiles)
{
    if (*tiles == NULL)
        return;
    eh_buffer_dispose(&(*tiles)->bundle);
    free(*tiles);
    *tiles = NULL;
}

void eh_tiles_edge(const eh_tiles *tiles, eh_tree_edge *edge_out)
{
    eh_tree_edge edge = {.size = tiles->size};
    for (int level = EH_TILE_LEVELS_MAX - 1; level >= 0; level--) {
        /* the hashes of one level make full subtrees by the bits of their number, the largest first */
        uint32_t at = 0;
        for (uint32_t bit = EH_TILE_WIDTH / 2; bit > 0; bit /= 2) {
            if ((tiles->widths[level] & bit) == 0)
                continue;
            eh_tree_edge part = {0};
            for (uint32_t i = 0; i < bit; i++)
                eh_tree_edge_add(&part, &tiles->hashes[level][at + i]);
            edge.hashes[edge.hashes_count++] = part.hashes[0];
            at += bit;
        }
    }
    *edge_out = edge;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

void eh_tiles_note(eh_tiles *tiles, const char *path)
{
    if (tiles->unsynced_count < EH_TILES_UNSYNCED_MAX)
        snprintf(tiles->unsynced[tiles->unsynced_count], EH_LEDGER_PATH_BYTES_MAX, "%s", path);
    tiles->unsynced_count++;
}

static eh_code tile_put(eh_tiles *tiles, int level, uint32_t width, eh_view bytes, eh_error *error)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    /* a full tile counts the leaves up to its end */
    uint64_t size = width == EH_TILE_WIDTH ? tiles->size - 1 : tiles->size;
    eh_tile_path(level, tile_number(size, level == LEVEL_ENTRIES ? 0 : level), width, path);
    /* a full one is made again whenever this is cut off; a partial one may never be */
    if (width == EH_TILE_WIDTH)
        EH_TRY(eh_put_unseen(tiles->folder, path, bytes, error));
    else
        EH_TRY(eh_put(tiles->folder, path, bytes, false, error));
    eh_tiles_note(tiles, path);
    return EH_OK;
}

/* The partial forms of a tile that is full now: clients take the full one. */
static void partials_remove(const eh_tiles *tiles, int level)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    uint64_t number = tile_number(tiles->size - 1, level == LEVEL_ENTRIES ? 0 : level);
    for (uint32_t width = 1; width < EH_TILE_WIDTH; width++) {
        eh_tile_path(level, number, width, path);
        if (unlinkat(tiles->folder, path, 0) != 0 && errno == ENOTDIR)
            return;
    }
    *strrchr(path, '/') = '\0';
    unlinkat(tiles->folder, path, AT_REMOVEDIR);
}

static bool has_partials(const eh_tiles *tiles, int level)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    eh_tile_path(level, tile_number(tiles->size - 1, level == LEVEL_ENTRIES ? 0 : level), 1, path);
    *strrchr(path, '/') = '\0';
    return faccessat(tiles->folder, path, F_OK, 0) == 0;
}

static eh_code tile_full(eh_tiles *tiles, int level, eh_view bytes, eh_error *error)
{
    EH_TRY(tile_put(tiles, level, EH_TILE_WIDTH, bytes, error));
    if (has_partials(tiles, level))
        partials_remove(tiles, level);
    return EH_OK;
}

static eh_digest tile_root(const eh_digest hashes[EH_TILE_WIDTH])
{
    eh_digest nodes[EH_TILE_WIDTH / 2];
    for (uint32_t i = 0; i < EH_TILE_WIDTH / 2; i++)
        nodes[i] = eh_tree_node(&hashes[2 * i], &hashes[2 * i + 1]);
    for (uint32_t count = EH_TILE_WIDTH / 4; count > 0; count /= 2)
        for (uint32_t i = 0; i < count; i++)
            nodes[i] = eh_tree_node(&nodes[2 * i], &nodes[2 * i + 1]);
    return nodes[0];
}

static eh_code hash_add(eh_tiles *tiles, const eh_digest *leaf, eh_error *error)
{
    eh_digest hash = *leaf;
    for (int level = 0; level < EH_TILE_LEVELS_MAX; level++) {
        tiles->hashes[level][tiles->widths[level]++] = hash;
        if (tiles->widths[level] < EH_TILE_WIDTH)
            return EH_OK;
        EH_TRY(tile_full(tiles, level, (eh_view){(const char *)tiles->hashes[level], sizeof tiles->hashes[level]}, error));
        hash = tile_root(tiles->hashes[level]);
        tiles->widths[level] = tiles->written[level] = 0;
    }
    return eh_fail(error, EH_LIMIT, "the ledger is full");
}

eh_code eh_tiles_add(eh_tiles *tiles, eh_view entry, const eh_digest *leaf, eh_error *error)
{
    EH_ASSERT(entry.len <= EH_LEDGER_LEAF_BYTES_MAX);
    char length[ENTRY_LENGTH_BYTES] = {(char)(entry.len >> 8), (char)entry.len};
    eh_buffer_append(&tiles->bundle, (eh_view){length, sizeof length});
    eh_buffer_append(&tiles->bundle, entry);
    EH_TRY(eh_buffer_check(&tiles->bundle, error));
    tiles->size++;
    if (tiles->size % EH_TILE_WIDTH == 0) {
        EH_TRY(tile_full(tiles, LEVEL_ENTRIES, eh_buffer_view(&tiles->bundle), error));
        eh_buffer_clear(&tiles->bundle);
        tiles->bundle_written = 0;
    }
    return hash_add(tiles, leaf, error);
}

eh_code eh_tiles_write_partial(eh_tiles *tiles, eh_error *error)
{
    uint32_t width = tiles->widths[0];
    if (width > 0 && tiles->bundle_written != width) {
        EH_TRY(tile_put(tiles, LEVEL_ENTRIES, width, eh_buffer_view(&tiles->bundle), error));
        tiles->bundle_written = width;
    }
    for (int level = 0; level < EH_TILE_LEVELS_MAX; level++) {
        width = tiles->widths[level];
        if (width == 0 || tiles->written[level] == width)
            continue;
        EH_TRY(tile_put(tiles, level, width, (eh_view){(const char *)tiles->hashes[level], width * sizeof(eh_digest)}, error));
        tiles->written[level] = width;
    }
    return EH_OK;
}

/* ---- making it durable ------------------------------------------------------------------------------------------------------ */

static eh_code path_sync(int folder, const char *path, eh_error *error)
{
    int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT)
        return EH_OK; /* a partial tile that has become a full one since */
    if (descriptor < 0)
        return eh_fail_file(error, path, "be saved");
    int answer = fsync(descriptor), reason = errno;
    close(descriptor);
    errno = reason;
    return answer == 0 ? EH_OK : eh_fail_file(error, path, "be saved");
}

eh_code eh_tiles_sync(eh_tiles *tiles, eh_error *error)
{
    if (tiles->unsynced_count > EH_TILES_UNSYNCED_MAX) {
        if (syncfs(tiles->folder) != 0)
            return eh_fail_file(error, "public", "be saved");
        tiles->unsynced_count = 0;
        return EH_OK;
    }
    for (size_t i = 0; i < tiles->unsynced_count; i++) {
        char *path = tiles->unsynced[i];
        EH_TRY(path_sync(tiles->folder, path, error));
        /* and the folders above, up to the public one: a new file is a new line in its folder */
        for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
            *slash = '\0';
            EH_TRY(path_sync(tiles->folder, path, error));
        }
    }
    EH_TRY(path_sync(tiles->folder, ".", error));
    tiles->unsynced_count = 0;
    return EH_OK;
}
