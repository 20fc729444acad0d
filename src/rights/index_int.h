/**
 * Private to this room: the table in memory, for the files that make it up (index.c, index_image.c).
 */
#ifndef EH_RIGHTS_INDEX_INT_H
#define EH_RIGHTS_INDEX_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "rights/rights_int.h"

enum {
    EH_CHUNK_BITS = 12,
    EH_CHUNK_COUNT = 1 << EH_CHUNK_BITS,
    EH_CHUNKS_MAX = EH_RIGHTS_PEOPLE_MAX / EH_CHUNK_COUNT,
    EH_NOTE_CHUNKS_MAX = EH_RIGHTS_NOTES_MAX / EH_CHUNK_COUNT,
    EH_OLD_TABLES_MAX = 32,
    EH_STATE_WORDS = (sizeof(eh_state) + 7) / 8
};
#define EH_NOBODY UINT32_MAX

typedef struct {
    uint64_t low, high;      /* written before the name is linked, never after */
    _Atomic uint32_t person; /* EH_NOBODY: forgotten */
    uint32_t next;           /* writer only: another name of the person, from 1; 0: none */
} eh_index_name;

/** Where the state of a person is. */
typedef struct {
    _Atomic uint64_t at; /* 0: nothing is known; odd: from byte at / 2 of the image on; else cell at / 2, from 1 */
    uint32_t names;      /* writer only: the newest name, from 1 */
    uint32_t notes;      /* the newest note of the person in the image; never changed */
} eh_index_place;

typedef struct {
    _Atomic uint64_t sequence;
    _Atomic uint64_t words[EH_STATE_WORDS];
} eh_index_cell;

typedef struct {
    size_t count; /* a power of two */
    _Atomic uint64_t slots[];
} eh_index_table;

struct eh_rights_index {
    uint8_t secret[16];
    eh_rights_house house;
    _Atomic(eh_index_table *) table;
    _Atomic(eh_index_name *) names[EH_CHUNKS_MAX];
    _Atomic(eh_index_place *) places[EH_CHUNKS_MAX];
    _Atomic(eh_index_cell *) cells[EH_CHUNKS_MAX];
    _Atomic(eh_note *) notes[EH_NOTE_CHUNKS_MAX];
    _Atomic size_t people_count;
    eh_region image; /* the snapshot: never changed once anybody is found */

    pthread_mutex_t writing; /* all below is the writer's */
    eh_index_table *old[EH_OLD_TABLES_MAX];
    size_t old_count;
    eh_region table_region, names_region, places_region; /* what was made at once for the snapshot; empty: nothing */
    uint32_t names_count, persons_count, cells_count, notes_count; /* used so far */
};

/* Any thread. */
static inline eh_index_name *eh_index_name_at(const eh_rights_index *index, uint32_t number)
{
    return atomic_load_explicit(&index->names[number >> EH_CHUNK_BITS], memory_order_acquire) + (number & (EH_CHUNK_COUNT - 1));
}

static inline eh_index_place *eh_index_place_at(const eh_rights_index *index, uint32_t person)
{
    return atomic_load_explicit(&index->places[person >> EH_CHUNK_BITS], memory_order_acquire) + (person & (EH_CHUNK_COUNT - 1));
}

/** `at` of a place that is neither 0 nor odd. */
static inline eh_index_cell *eh_index_cell_at(const eh_rights_index *index, uint64_t at)
{
    size_t number = (size_t)(at >> 1) - 1;
    return atomic_load_explicit(&index->cells[number >> EH_CHUNK_BITS], memory_order_acquire) + (number & (EH_CHUNK_COUNT - 1));
}

/** NULL for 0. */
static inline const eh_note *eh_index_note_at(const eh_rights_index *index, uint32_t number)
{
    if (number == 0)
        return NULL;
    return atomic_load_explicit(&index->notes[(number - 1) >> EH_CHUNK_BITS], memory_order_acquire) + ((number - 1) & (EH_CHUNK_COUNT - 1));
}

void eh_index_state_at(const eh_rights_index *index, uint32_t person, eh_state *state_out);
/** The state that begins at that byte of the image, but for its notes. */
void eh_index_image_state(const eh_rights_index *index, uint64_t at, eh_state *state_out);

/* The writer; the reserving ones come before the adding ones. */
EH_MUST_USE eh_code eh_index_names_reserve(eh_rights_index *index, eh_error *error);
EH_MUST_USE eh_code eh_index_places_reserve(eh_rights_index *index, eh_error *error);
EH_MUST_USE eh_code eh_index_notes_reserve(eh_rights_index *index, eh_error *error);
/** Another name of the person, which eh_index_slot_put makes findable. */
void eh_index_name_add(eh_rights_index *index, eh_hash128 hash, uint32_t person);
void eh_index_slot_put(eh_index_table *table, eh_hash128 hash, uint32_t name_number);
/** Returns its number, from 1. */
uint32_t eh_index_note_add(eh_rights_index *index, const eh_note *note);

#endif
