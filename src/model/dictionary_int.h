/** Private to src/model: texts and their numbers, in the order in which they were met. */
#ifndef EH_MODEL_DICTIONARY_INT_H
#define EH_MODEL_DICTIONARY_INT_H

#include "base/base.h"

typedef struct {
    eh_arena *arena;          /* of the texts */
    const char **names;
    uint64_t *counts;
    uint64_t *hashes;
    uint32_t *slots;          /* 1 + number; 0: empty */
    size_t count, capacity, slots_count;
} eh_dictionary;

/** The number of `text`, which is new or known; UINT32_MAX when there is no memory. Counts it. */
uint32_t eh_dictionary_code(eh_dictionary *dictionary, eh_view text);
void eh_dictionary_close(eh_dictionary *dictionary);

#endif
