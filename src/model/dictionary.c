#include "model/dictionary_int.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(eh_view text)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211u;
    return hash ^ (hash >> 29);
}

static bool grow(eh_dictionary *dictionary)
{
    size_t capacity = dictionary->capacity == 0 ? 64 : dictionary->capacity * 2, slots_count = capacity * 2;
    const char **names = realloc(dictionary->names, capacity * sizeof *names);
    if (names == NULL)
        return false;
    dictionary->names = names;
    uint64_t *counts = realloc(dictionary->counts, capacity * sizeof *counts);
    if (counts == NULL)
        return false;
    dictionary->counts = counts;
    uint64_t *hashes = realloc(dictionary->hashes, capacity * sizeof *hashes);
    if (hashes == NULL)
        return false;
    dictionary->hashes = hashes;
    uint32_t *slots = calloc(slots_count, sizeof *slots);
    if (slots == NULL)
        return false;
    free(dictionary->slots);
    dictionary->slots = slots;
    for (size_t i = 0; i < dictionary->count; i++) {
        size_t at = dictionary->hashes[i] & (slots_count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (slots_count - 1);
        slots[at] = (uint32_t)i + 1;
    }
    dictionary->capacity = capacity;
    dictionary->slots_count = slots_count;
    return true;
}

uint32_t eh_dictionary_code(eh_dictionary *dictionary, eh_view text)
{
    if (dictionary->count == dictionary->capacity && (dictionary->count >= UINT32_MAX / 4 || !grow(dictionary)))
        return UINT32_MAX;
    const char *nul = memchr(text.ptr, '\0', text.len);
    text.len = nul == NULL ? text.len : (size_t)(nul - text.ptr); /* a name ends where C says so */
    uint64_t hash = hash_of(text);
    size_t at = hash & (dictionary->slots_count - 1);
    for (; dictionary->slots[at] != 0; at = (at + 1) & (dictionary->slots_count - 1)) {
        uint32_t code = dictionary->slots[at] - 1;
        if (dictionary->hashes[code] == hash && strlen(dictionary->names[code]) == text.len &&
            memcmp(dictionary->names[code], text.ptr, text.len) == 0) {
            dictionary->counts[code]++;
            return code;
        }
    }
    char *name = eh_arena_copy(dictionary->arena, text);
    if (name == NULL)
        return UINT32_MAX;
    uint32_t code = (uint32_t)dictionary->count++;
    dictionary->slots[at] = code + 1;
    dictionary->names[code] = name;
    dictionary->counts[code] = 1;
    dictionary->hashes[code] = hash;
    return code;
}

void eh_dictionary_close(eh_dictionary *dictionary)
{
    free(dictionary->names);
    free(dictionary->counts);
    free(dictionary->hashes);
    free(dictionary->slots);
    *dictionary = (eh_dictionary){.arena = dictionary->arena};
}
