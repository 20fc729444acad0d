/* Checking the entries: the tree is computed anew from the bundles and compared with every tile; every opening with its leaf. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/verify_int.h"

enum { LEVEL_ENTRIES = -1, BUNDLE_BYTES_MAX = EH_TILE_WIDTH * (2 + EH_LEDGER_LEAF_BYTES_MAX) };

/* ---- tiles ------------------------------------------------------------------------------------------------------------------- */

/* *read_out is SIZE_MAX when the file is not there. */
static eh_code file_get(eh_verifying *state, const char *path, size_t bytes_max, eh_buffer *out, bool *there_out, eh_error *error)
{
    eh_buffer_clear(out);
    eh_code code = eh_get(state->folders.public, path, bytes_max, out, error);
    *there_out = code == EH_OK;
    if (code == EH_LIMIT) {
        eh_finding(state, "public/%s: is longer than it can be", path);
        eh_buffer_clear(out);
        return EH_OK;
    }
    return code == EH_NOT_FOUND ? EH_OK : code;
}

/* A tile of leaf hashes says nothing of its own: when one differs, its entry may have been changed as well as the hash. */
static void leaf_differs(eh_verifying *state, const char *path, size_t at, uint64_t number, uint32_t width)
{
    char bundle[EH_LEDGER_PATH_BYTES_MAX];
    eh_tile_path(LEVEL_ENTRIES, number, width, bundle);
    eh_finding(state, "public/%s: entry %ju is not the one whose hash is in public/%s", bundle,
               (uintmax_t)(number * EH_TILE_WIDTH + at / sizeof(eh_digest)), path);
}

static void content_compare(eh_verifying *state, const char *path, eh_view found, eh_view expected)
{
    if (eh_view_equal(found, expected))
        return;
    if (found.len != expected.len) {
        eh_finding(state, "public/%s: has %zu bytes, expected are %zu", path, found.len, expected.len);
        return;
    }
    size_t at = 0;
    while (found.ptr[at] == expected.ptr[at])
        at++;
    eh_finding(state, "public/%s: differs from byte %zu on from what its entries make", path, at);
}

/* Old partial forms that are still there must be beginnings of the tile. `ends` gives the bytes of each width. */
static eh_code partials_compare(eh_verifying *state, int level, uint64_t number, eh_view whole, const size_t *ends, eh_error *error)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {.bytes_max = BUNDLE_BYTES_MAX};
    eh_tile_path(level, number, 1, path);
    *strrchr(path, '/') = '\0';
    if (faccessat(state->folders.public, path, F_OK, 0) != 0)
        return EH_OK;
    for (uint32_t width = 1; width < EH_TILE_WIDTH && (ends[width] > 0 && ends[width] <= whole.len); width++) {
        bool there = false;
        eh_tile_path(level, number, width, path);
        EH_TRY(file_get(state, path, BUNDLE_BYTES_MAX, &bytes, &there, error));
        if (there)
            content_compare(state, path, eh_buffer_view(&bytes), (eh_view){whole.ptr, ends[width]});
    }
    return EH_OK;
}

static const size_t *hash_ends(void)
{
#define E4(n) 32 * (n), 32 * ((n) + 1), 32 * ((n) + 2), 32 * ((n) + 3)
#define E16(n) E4(n), E4((n) + 4), E4((n) + 8), E4((n) + 12)
#define E64(n) E16(n), E16((n) + 16), E16((n) + 32), E16((n) + 48)
    static const size_t ends[EH_TILE_WIDTH] = {E64(0), E64(64), E64(128), E64(192)};
    return ends;
}

static eh_code tile_compare(eh_verifying *state, int level, uint64_t number, uint32_t width, eh_error *error)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {.bytes_max = BUNDLE_BYTES_MAX};
    eh_view expected = {(const char *)state->hashes[level], width * sizeof(eh_digest)};
    bool there = false;
    eh_tile_path(level, number, width, path);
    EH_TRY(file_get(state, path, sizeof state->hashes[level], &bytes, &there, error));
    if (!there && width < EH_TILE_WIDTH) {
        /* it may have become full since the checkpoint was read */
        eh_tile_path(level, number, EH_TILE_WIDTH, path);
        EH_TRY(file_get(state, path, sizeof state->hashes[level], &bytes, &there, error));
        bytes.len = bytes.len > expected.len ? expected.len : bytes.len;
        if (!there)
            eh_tile_path(level, number, width, path);
    }
    eh_view found = eh_buffer_view(&bytes);
    size_t at = 0;
    while (at < found.len && at < expected.len && found.ptr[at] == expected.ptr[at])
        at++;
    if (!there)
        eh_finding(state, "public/%s: is missing", path);
    else if (level == 0 && found.len == expected.len && at < found.len)
        leaf_differs(state, path, at, number, width);
    else
        content_compare(state, path, found, expected);
    return partials_compare(state, level, number, expected, hash_ends(), error);
}

static eh_code hash_add(eh_verifying *state, const eh_digest *leaf, eh_error *error)
{
    eh_digest hash = *leaf;
    uint64_t size = state->edge.size;
    for (int level = 0; level < EH_TILE_LEVELS_MAX; level++) {
        state->hashes[level][state->widths[level]++] = hash;
        if (state->widths[level] < EH_TILE_WIDTH)
            return EH_OK;
        size >>= 8;
        EH_TRY(tile_compare(state, level, size - 1, EH_TILE_WIDTH, error));
        eh_tree_edge part = {0};
        for (uint32_t i = 0; i < EH_TILE_WIDTH; i++)
            eh_tree_edge_add(&part, &state->hashes[level][i]);
        hash = part.hashes[0];
        state->widths[level] = 0;
    }
    return EH_OK;
}

/* ---- entries ----------------------------------------------------------------------------------------------------------------- */

static eh_code keys_find(eh_verifying *state, uint64_t person, const eh_person_keys **keys_out, eh_error *error)
{
    eh_person_keys *slot = &state->keys[person % EH_VERIFY_KEYS_COUNT];
    if (slot->number != person || person == 0)
        EH_TRY(eh_persons_key(state->people, person, slot, error));
    *keys_out = slot;
    return EH_OK;
}

static bool opening_holds(const eh_leaf *leaf, const eh_opening *opening, const eh_person_keys *keys, char *payload)
{
    char id[EH_LEDGER_ID_BYTES] = "";
    memcpy(id, leaf->id.ptr, leaf->id.len);
    uint8_t unused[16];
    if (opening->sealed.len < EH_SEAL_EXTRA_BYTES || !eh_hex_read(leaf->id, sizeof unused, unused) ||
        !eh_opening_unseal(keys, id, opening->sealed, payload))
        return false;
    EH_CLEANUP(eh_secret_wipe) eh_secret salt;
    eh_salt_of(keys, id, &salt);
    eh_digest commitment = eh_commitment_of(&salt, (eh_view){payload, opening->sealed.len - EH_SEAL_EXTRA_BYTES});
    return eh_digest_equal(&commitment, &leaf->commitment);
}

/* The walk sees one moment. A person who is being erased, or was since, is found as they are now. */
static eh_code erased_since(eh_verifying *state, uint64_t index, bool *erased_out, eh_error *error)
{
    EH_CLEANUP(eh_openings_close) eh_openings *now = NULL;
    eh_opening opening;
    EH_TRY(eh_persons_erasing(state->people, state->opening.person, erased_out, error));
    if (*erased_out)
        return EH_OK;
    EH_TRY(eh_openings_open(&state->folders, EH_STORE_READ, &now, error));
    EH_TRY(eh_openings_get(now, index, &opening, error));
    *erased_out = opening.erased;
    return EH_OK;
}

static eh_code opening_open(eh_verifying *state, const eh_leaf *leaf, uint64_t index, eh_record_state *found_out, const char **why_out,
                            eh_error *error)
{
    const eh_person_keys *keys = NULL;
    EH_TRY(keys_find(state, state->opening.person, &keys, error));
    if (keys->number == 0) {
        bool erased = false;
        EH_TRY(erased_since(state, index, &erased, error));
        *found_out = erased ? EH_RECORD_ERASED : EH_RECORD_MISSING;
        *why_out = "the key of its person is gone, and no erasure says why";
        return EH_OK;
    }
    char *payload = malloc(state->opening.sealed.len + 1);
    if (payload == NULL)
        return eh_fail_memory(error);
    *found_out = opening_holds(leaf, &state->opening, keys, payload) ? EH_RECORD_OPENED : EH_RECORD_MISSING;
    *why_out = "its opening is not what the entry commits to";
    free(payload);
    return EH_OK;
}

/* On to the opening of this entry, if there is one; others on the way belong to no entry. */
static eh_code opening_reach(eh_verifying *state, uint64_t index, eh_error *error)
{
    while (state->opening.there && state->opening_index < index) {
        if (state->opening_index != state->unread_index)
            eh_finding(state, "openings.db: there is an opening of entry %ju, which commits to none", (uintmax_t)state->opening_index);
        EH_TRY(eh_openings_walk(state->openings, &state->opening_index, &state->opening, error));
    }
    return EH_OK;
}

static eh_code opening_check(eh_verifying *state, const eh_leaf *leaf, uint64_t index, eh_error *error)
{
    eh_record_state found = EH_RECORD_MISSING;
    const char *why = "its opening is missing";
    EH_TRY(opening_reach(state, index, error));
    if (state->opening.there && state->opening_index == index) {
        if (state->opening.erased)
            found = EH_RECORD_ERASED;
        else if (state->people == NULL)
            found = EH_RECORD_SEALED;
        else
            EH_TRY(opening_open(state, leaf, index, &found, &why, error));
        EH_TRY(eh_openings_walk(state->openings, &state->opening_index, &state->opening, error));
    }
    if (found == EH_RECORD_MISSING)
        eh_finding(state, "openings.db: entry %ju (%.*s): %s", (uintmax_t)index, (int)leaf->id.len, leaf->id.ptr, why);
    state->out.states[found]++;
    return EH_OK;
}

static eh_code erasure_note(eh_verifying *state, const eh_leaf *leaf, uint64_t index, eh_error *error)
{
    static const char key[] = "\"entries\":";
    const char *at = memmem(leaf->payload.ptr, leaf->payload.len, key, sizeof key - 1);
    uint64_t declared = 0;
    size_t len = 0;
    if (at != NULL) {
        at += sizeof key - 1;
        while (at + len < leaf->payload.ptr + leaf->payload.len && at[len] >= '0' && at[len] <= '9')
            len++;
    }
    if (at == NULL || !eh_decimal_read((eh_view){at, len}, &declared))
        eh_finding(state, "entry %ju: an erasure that does not say of how many entries", (uintmax_t)index);
    if (state->erasures_count == state->erasures_capacity) {
        size_t capacity = state->erasures_capacity > 0 ? 2 * state->erasures_capacity : 64;
        eh_known_erasure *grown = EH_TAKE(state->arena, capacity, eh_known_erasure);
        if (grown == NULL)
            return eh_fail_memory(error);
        if (state->erasures_count > 0)
            memcpy(grown, state->erasures, state->erasures_count * sizeof *grown);
        state->erasures = grown;
        state->erasures_capacity = capacity;
    }
    state->erasures[state->erasures_count++] = (eh_known_erasure){.index = index, .declared = declared};
    return EH_OK;
}

static eh_code leaf_check(eh_verifying *state, eh_view entry, uint64_t index, eh_error *error)
{
    eh_leaf leaf;
    if (!eh_leaf_read(entry, &leaf)) {
        eh_finding(state, "entry %ju: is no record of this program", (uintmax_t)index);
        state->unread_index = index;
        return EH_OK;
    }
    if (memcmp(state->at_last, leaf.at.ptr, leaf.at.len) > 0 && !state->at_told) {
        eh_finding(state, "entry %ju: is dated %.*s, before the one before it (%s)", (uintmax_t)index, (int)leaf.at.len, leaf.at.ptr, state->at_last);
        state->at_told = true;
    }
    memcpy(state->at_last, leaf.at.ptr, leaf.at.len);
    if (leaf.kind.len == 7 && memcmp(leaf.kind.ptr, "erasure", 7) == 0) {
        state->out.erasures_count++;
        EH_TRY(erasure_note(state, &leaf, index, error));
    }
    if (leaf.committed && state->openings != NULL)
        return opening_check(state, &leaf, index, error);
    state->out.states[leaf.committed ? EH_RECORD_SEALED : EH_RECORD_CLEAR]++;
    return EH_OK;
}

static void roots_compare(eh_verifying *state, size_t *next)
{
    while (*next < state->roots_count && state->roots[*next].size <= state->edge.size) {
        eh_known_root *known = &state->roots[(*next)++];
        eh_digest root = eh_tree_edge_root(&state->edge);
        known->met = known->size == state->edge.size && eh_digest_equal(&known->root, &root);
        if (!known->met)
            eh_finding(state, "%s: its root of %ju entries is not the one that the entries make", known->says, (uintmax_t)known->size);
    }
}

/* ---- bundles ----------------------------------------------------------------------------------------------------------------- */

static eh_code bundle_get(eh_verifying *state, uint64_t number, uint32_t width, eh_buffer *bytes, bool *whole_out, char *path, eh_error *error)
{
    bool there = false;
    eh_tile_path(LEVEL_ENTRIES, number, width, path);
    EH_TRY(file_get(state, path, BUNDLE_BYTES_MAX, bytes, &there, error));
    *whole_out = true;
    if (!there && width < EH_TILE_WIDTH) {
        eh_tile_path(LEVEL_ENTRIES, number, EH_TILE_WIDTH, path);
        EH_TRY(file_get(state, path, BUNDLE_BYTES_MAX, bytes, &there, error));
        *whole_out = false;
    }
    if (!there)
        eh_finding(state, "public/%s: is missing", path);
    return EH_OK;
}

/* false: the entries cannot be read on. */
static eh_code bundle_check(eh_verifying *state, uint64_t number, uint32_t width, size_t *root_next, bool *on_out, eh_error *error)
{
    char path[EH_LEDGER_PATH_BYTES_MAX];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {.bytes_max = BUNDLE_BYTES_MAX};
    size_t ends[EH_TILE_WIDTH + 1] = {0};
    bool exact = true;
    EH_TRY(bundle_get(state, number, width, &bytes, &exact, path, error));
    eh_view rest = eh_buffer_view(&bytes), entry;
    *on_out = false;
    for (uint32_t i = 0; i < width; i++) {
        if (!eh_bundle_next(&rest, &entry)) {
            eh_finding(state, "public/%s: holds %u entries, expected are %u", path, i, width);
            return EH_OK;
        }
        ends[i + 1] = bytes.len - rest.len;
        eh_digest leaf = eh_tree_leaf(entry);
        uint64_t index = state->edge.size;
        eh_tree_edge_add(&state->edge, &leaf);
        EH_TRY(hash_add(state, &leaf, error));
        if (!state->options->public_only)
            EH_TRY(leaf_check(state, entry, index, error));
        if (*root_next < state->roots_count && state->roots[*root_next].size <= state->edge.size)
            roots_compare(state, root_next);
    }
    if (exact && rest.len > 0)
        eh_finding(state, "public/%s: has %zu bytes after its last entry", path, rest.len);
    *on_out = true;
    return partials_compare(state, LEVEL_ENTRIES, number, (eh_view){bytes.ptr, ends[width]}, ends, error);
}

eh_code eh_verify_tree(eh_verifying *state, eh_error *error)
{
    uint64_t size = state->published.checkpoint.size, bundles = size / EH_TILE_WIDTH + (size % EH_TILE_WIDTH > 0);
    size_t root_next = 0;
    bool on = true;
    roots_compare(state, &root_next);
    if (state->openings != NULL) {
        state->opening_index = 0;
        EH_TRY(eh_openings_walk(state->openings, &state->opening_index, &state->opening, error));
    }
    for (uint64_t number = 0; number < bundles && on; number++) {
        uint32_t width = number < size / EH_TILE_WIDTH ? (uint32_t)EH_TILE_WIDTH : (uint32_t)(size % EH_TILE_WIDTH);
        EH_TRY(bundle_check(state, number, width, &root_next, &on, error));
        if (state->options->progress != NULL && number % 64 == 0)
            state->options->progress(state->options->progress_context, "checking the ledger", (double)number / (double)bundles);
    }
    if (!on)
        return EH_OK;
    for (int level = 0; level < EH_TILE_LEVELS_MAX; level++)
        if (state->widths[level] > 0)
            EH_TRY(tile_compare(state, level, size >> (8 * level) >> 8, state->widths[level], error));
    eh_digest root = eh_tree_edge_root(&state->edge);
    if (!eh_digest_equal(&root, &state->published.checkpoint.root))
        eh_finding(state, "public/checkpoint: its root is not the one that the %ju entries make", (uintmax_t)size);
    return EH_OK;
}
