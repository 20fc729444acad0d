/** The keys of people who were written about lately, in memory: one slot per hash, the newest stays. Used by the one thread that leads. */
#ifndef EH_LEDGER_PERSON_CACHE_INT_H
#define EH_LEDGER_PERSON_CACHE_INT_H

#include "ledger/ledger_int.h"

typedef struct eh_person_slot {
    uint8_t pseudonym[16];
    eh_person_keys keys; /* number 0: empty */
} eh_person_slot;

EH_MUST_USE eh_code eh_person_cache_open(eh_person_cache *cache, eh_error *error);
void eh_person_cache_close(eh_person_cache *cache);
/** The slot of a pseudonym; the caller looks whether it is theirs. */
eh_person_slot *eh_person_cache_slot(const eh_person_cache *cache, const uint8_t pseudonym[16]);
/** Forgets all: after a key was destroyed, or made and not saved. */
void eh_person_cache_clear(eh_person_cache *cache);

#endif
