/* Keys of people in memory: a table of fixed size. */
#include "ledger/person_cache_int.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 4 }; /* places that a person's keys can be in */
_Static_assert(EH_LEDGER_PEOPLE_CACHED_MAX % WAYS == 0, "whole sets of places");

eh_code eh_person_cache_open(eh_person_cache *cache, eh_error *error)
{
    cache->slots = calloc(EH_LEDGER_PEOPLE_CACHED_MAX, sizeof *cache->slots);
    if (cache->slots == NULL)
        return eh_fail_memory(error);
    cache->slots_count = EH_LEDGER_PEOPLE_CACHED_MAX;
    return EH_OK;
}

void eh_person_cache_close(eh_person_cache *cache)
{
    if (cache->slots != NULL)
        eh_person_cache_clear(cache);
    free(cache->slots);
    *cache = (eh_person_cache){0};
}

eh_person_slot *eh_person_cache_slot(const eh_person_cache *cache, const uint8_t pseudonym[16])
{
    /* a pseudonym is a keyed hash: nobody outside can make them collide */
    uint32_t hash;
    memcpy(&hash, pseudonym, sizeof hash);
    eh_person_slot *slots = &cache->slots[hash % (cache->slots_count / WAYS) * WAYS];
    for (size_t i = 0; i < WAYS; i++)
        if (slots[i].keys.number == 0 || memcmp(slots[i].pseudonym, pseudonym, sizeof slots[i].pseudonym) == 0)
            return &slots[i];
    return &slots[pseudonym[sizeof hash] % WAYS];
}

void eh_person_cache_clear(eh_person_cache *cache)
{
    eh_wipe(cache->slots, cache->slots_count * sizeof *cache->slots);
}
