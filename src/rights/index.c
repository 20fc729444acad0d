/*
 * The state of all people in memory. One writer at a time (a mutex), any number of readers without a lock.
 *
 *   slots   open addressing, linear probing; a slot holds 32 bits of the name's hash and the name's number
 *   names   the full hash and whose name it is; an alias is a second name. Names are never used again, so a reader cannot be misled
 *   places  where a person's state is: in the bytes of the snapshot (index_image.c), which never change, or in a cell
 *   cells   one sequence lock each: the writer makes the sequence odd, writes the words, makes it even; a reader that saw it change reads again
 *   notes   asks and sales, linked from the newest to the oldest, never changed once they are linked
 *
 * Names, places, cells and notes live in chunks that never move. When the slots grow, readers that still hold the old ones find what was there
 * before; the old ones are kept until the end (together less than the new ones).
 *
 * All that readers and the writer share is read and written by atomic operations: release by the writer, acquire by readers. Within one state this
 * orders the odd sequence before the words and the words before the second look at the sequence.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rights/index_int.h"

enum { SLOTS_FIRST = 1024 };

/* ---- reading: no lock ---------------------------------------------------------------------------------------------------------------- */

static const eh_note *note_at(const void *context, uint32_t number)
{
    return eh_index_note_at(context, number);
}

static uint32_t tag_of(eh_hash128 hash)
{
    return (uint32_t)(hash.high >> 32);
}

/* The name of that hash that leads to a person, or NULL. */
static eh_index_name *name_find(const eh_rights_index *index, eh_hash128 hash)
{
    const eh_index_table *table = atomic_load_explicit(&index->table, memory_order_acquire);
    size_t mask = table->count - 1;
    for (size_t i = (size_t)hash.low & mask;; i = (i + 1) & mask) {
        uint64_t slot = atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (slot == 0)
            return NULL;
        if ((uint32_t)(slot >> 32) != tag_of(hash))
            continue;
        eh_index_name *name = eh_index_name_at(index, (uint32_t)slot - 1);
        if (name->low == hash.low && name->high == hash.high && atomic_load_explicit(&name->person, memory_order_acquire) != EH_NOBODY)
            return name;
    }
}

/* The person of that hash, or EH_NOBODY. */
static uint32_t person_find(const eh_rights_index *index, eh_hash128 hash)
{
    const eh_index_name *name = name_find(index, hash);
    return name != NULL ? atomic_load_explicit(&name->person, memory_order_acquire) : EH_NOBODY;
}

void eh_index_state_at(const eh_rights_index *index, uint32_t person, eh_state *state_out)
{
    const eh_index_place *place = eh_index_place_at(index, person);
    uint64_t at = atomic_load_explicit(&place->at, memory_order_acquire), words[EH_STATE_WORDS];
    if (at == 0) {
        *state_out = (eh_state){0};
        return;
    }
    if ((at & 1) != 0) {
        eh_index_image_state(index, at >> 1, state_out);
        state_out->notes = place->notes;
        return;
    }
    const eh_index_cell *cell = eh_index_cell_at(index, at);
    for (;;) {
        uint64_t before = atomic_load_explicit(&cell->sequence, memory_order_acquire);
        for (size_t i = 0; i < EH_STATE_WORDS; i++)
            words[i] = atomic_load_explicit(&cell->words[i], memory_order_acquire);
        if ((before & 1) == 0 && atomic_load_explicit(&cell->sequence, memory_order_acquire) == before)
            break;
    }
    memcpy(state_out, words, sizeof *state_out);
}

static uint64_t group_of(const eh_rights_index *index, const char *product_group)
{
    if (product_group == NULL || product_group[0] == '\0')
        return 0;
    return eh_siphash(index->secret, eh_view_of(product_group)).low | 1; /* 0 is "none" */
}

/* The state behind a hash. A name that was moved or forgotten while its person was read is looked up again: what was read may be wiped. */
static bool state_find(const eh_rights_index *index, eh_hash128 hash, eh_state *state_out)
{
    for (;;) {
        const eh_index_name *name = name_find(index, hash);
        uint32_t person = name != NULL ? atomic_load_explicit(&name->person, memory_order_acquire) : EH_NOBODY;
        if (name == NULL)
            return false;
        if (person == EH_NOBODY)
            continue;
        eh_index_state_at(index, person, state_out);
        if (atomic_load_explicit(&name->person, memory_order_acquire) == person)
            return true;
    }
}

bool eh_rights_index_may(const eh_rights_index *index, eh_view key, const eh_may_question *question, eh_may_answer *answer_out)
{
    eh_notes notes = {.note = note_at, .context = index, .group = group_of(index, question->product_group)};
    eh_state state;
    bool known = state_find(index, eh_siphash(index->secret, key), &state);
    eh_answer(known ? &state : NULL, &notes, &index->house, question, answer_out);
    return known;
}

size_t eh_rights_index_count(const eh_rights_index *index)
{
    return atomic_load_explicit(&index->people_count, memory_order_acquire);
}

/* ---- writing: under the mutex --------------------------------------------------------------------------------------------------------- */

static eh_index_table *table_make(size_t count)
{
    eh_index_table *table = calloc(1, sizeof *table + count * sizeof table->slots[0]);
    if (table != NULL)
        table->count = count;
    return table;
}

void eh_index_slot_put(eh_index_table *table, eh_hash128 hash, uint32_t name_number)
{
    size_t mask = table->count - 1, i = (size_t)hash.low & mask;
    while (atomic_load_explicit(&table->slots[i], memory_order_relaxed) != 0)
        i = (i + 1) & mask;
    atomic_store_explicit(&table->slots[i], (uint64_t)tag_of(hash) << 32 | (name_number + 1), memory_order_release);
}

/* Room for one more name at a load of at most a half; forgotten names are left behind. */
static eh_code table_reserve(eh_rights_index *index, eh_error *error)
{
    eh_index_table *table = atomic_load_explicit(&index->table, memory_order_relaxed);
    if (((size_t)index->names_count + 1) * 2 <= table->count)
        return EH_OK;
    if (index->old_count == EH_OLD_TABLES_MAX)
        return eh_fail(error, EH_LIMIT, "more people than the index can hold");
    eh_index_table *larger = table_make(table->count * 2);
    if (larger == NULL)
        return eh_fail_memory(error);
    for (uint32_t number = 0; number < index->names_count; number++) {
        const eh_index_name *name = eh_index_name_at(index, number);
        if (atomic_load_explicit(&name->person, memory_order_relaxed) != EH_NOBODY)
            eh_index_slot_put(larger, (eh_hash128){name->low, name->high}, number);
    }
    index->old[index->old_count++] = table;
    atomic_store_explicit(&index->table, larger, memory_order_release);
    return EH_OK;
}

eh_code eh_index_names_reserve(eh_rights_index *index, eh_error *error)
{
    if (index->names_count == EH_RIGHTS_PEOPLE_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d people", EH_RIGHTS_PEOPLE_MAX);
    if ((index->names_count & (EH_CHUNK_COUNT - 1)) != 0 || index->names[index->names_count >> EH_CHUNK_BITS] != NULL)
        return EH_OK;
    eh_index_name *chunk = calloc(EH_CHUNK_COUNT, sizeof *chunk);
    if (chunk == NULL)
        return eh_fail_memory(error);
    atomic_store_explicit(&index->names[index->names_count >> EH_CHUNK_BITS], chunk, memory_order_release);
    return EH_OK;
}

eh_code eh_index_places_reserve(eh_rights_index *index, eh_error *error)
{
    if (index->persons_count == EH_RIGHTS_PEOPLE_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d people", EH_RIGHTS_PEOPLE_MAX);
    if ((index->persons_count & (EH_CHUNK_COUNT - 1)) != 0 || index->places[index->persons_count >> EH_CHUNK_BITS] != NULL)
        return EH_OK;
    eh_index_place *chunk = calloc(EH_CHUNK_COUNT, sizeof *chunk);
    if (chunk == NULL)
        return eh_fail_memory(error);
    atomic_store_explicit(&index->places[index->persons_count >> EH_CHUNK_BITS], chunk, memory_order_release);
    return EH_OK;
}

/* Room for the state of one more person; a person who was in the snapshot gets a cell with the first act after it. */
static eh_code cells_reserve(eh_rights_index *index, eh_error *error)
{
    if (index->cells_count == EH_RIGHTS_PEOPLE_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d people", EH_RIGHTS_PEOPLE_MAX);
    if ((index->cells_count & (EH_CHUNK_COUNT - 1)) != 0 || index->cells[index->cells_count >> EH_CHUNK_BITS] != NULL)
        return EH_OK;
    eh_index_cell *chunk = calloc(EH_CHUNK_COUNT, sizeof *chunk);
    if (chunk == NULL)
        return eh_fail_memory(error);
    atomic_store_explicit(&index->cells[index->cells_count >> EH_CHUNK_BITS], chunk, memory_order_release);
    return EH_OK;
}

eh_code eh_index_notes_reserve(eh_rights_index *index, eh_error *error)
{
    if (index->notes_count == EH_RIGHTS_NOTES_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d sales and open double opt-ins", EH_RIGHTS_NOTES_MAX);
    if ((index->notes_count & (EH_CHUNK_COUNT - 1)) != 0 || index->notes[index->notes_count >> EH_CHUNK_BITS] != NULL)
        return EH_OK;
    eh_note *chunk = calloc(EH_CHUNK_COUNT, sizeof *chunk);
    if (chunk == NULL)
        return eh_fail_memory(error);
    atomic_store_explicit(&index->notes[index->notes_count >> EH_CHUNK_BITS], chunk, memory_order_release);
    return EH_OK;
}

static void cell_write(eh_index_cell *cell, const eh_state *state)
{
    uint64_t words[EH_STATE_WORDS] = {0};
    memcpy(words, state, sizeof *state);
    uint64_t sequence = atomic_load_explicit(&cell->sequence, memory_order_relaxed);
    atomic_store_explicit(&cell->sequence, sequence + 1, memory_order_relaxed);
    for (size_t i = 0; i < EH_STATE_WORDS; i++)
        atomic_store_explicit(&cell->words[i], words[i], memory_order_release);
    atomic_store_explicit(&cell->sequence, sequence + 2, memory_order_release);
}

/* Room for a cell is there. */
static void state_write(eh_rights_index *index, uint32_t person, const eh_state *state)
{
    eh_index_place *place = eh_index_place_at(index, person);
    uint64_t at = atomic_load_explicit(&place->at, memory_order_relaxed);
    bool has_cell = at != 0 && (at & 1) == 0;
    if (!has_cell)
        at = (uint64_t)++index->cells_count << 1;
    cell_write(eh_index_cell_at(index, at), state);
    if (!has_cell)
        atomic_store_explicit(&place->at, at, memory_order_release);
}

/* Nothing is known any more. */
static void state_wipe(eh_rights_index *index, uint32_t person)
{
    static const eh_state nothing;
    eh_index_place *place = eh_index_place_at(index, person);
    uint64_t at = atomic_load_explicit(&place->at, memory_order_relaxed);
    atomic_store_explicit(&place->at, 0, memory_order_release);
    if (at != 0 && (at & 1) == 0)
        cell_write(eh_index_cell_at(index, at), &nothing);
}

void eh_index_name_add(eh_rights_index *index, eh_hash128 hash, uint32_t person)
{
    uint32_t number = index->names_count++;
    eh_index_place *place = eh_index_place_at(index, person);
    eh_index_name *name = eh_index_name_at(index, number);
    name->low = hash.low;
    name->high = hash.high;
    name->next = place->names;
    atomic_store_explicit(&name->person, person, memory_order_release);
    place->names = number + 1;
}

static void name_link(eh_rights_index *index, eh_hash128 hash, uint32_t person)
{
    eh_index_name_add(index, hash, person);
    eh_index_slot_put(atomic_load_explicit(&index->table, memory_order_relaxed), hash, index->names_count - 1);
}

/* The newest ask among the notes that covers the slots of a confirmation. */
static const eh_note *ask_find(const eh_rights_index *index, const eh_state *state, uint32_t slots)
{
    const eh_note *note = eh_index_note_at(index, state->notes);
    while (note != NULL && (note->slots & slots) != slots)
        note = eh_index_note_at(index, note->next);
    return note;
}

/* What the act would do to the state of `person`; nothing is published. */
static eh_code act_try(const eh_rights_index *index, const eh_act *act, eh_state *state, eh_note *note_out, eh_effect *effect_out, eh_error *error)
{
    const eh_note *asked = act->kind == EH_ACT_CONFIRM ? ask_find(index, state, eh_act_slots(act)) : NULL;
    return eh_state_apply(state, act, asked, index->house.signal_keeps_ai, note_out, effect_out, error);
}

static eh_code person_make(eh_rights_index *index, eh_hash128 hash, uint32_t *person_out, eh_error *error)
{
    EH_TRY(eh_index_names_reserve(index, error));
    EH_TRY(eh_index_places_reserve(index, error));
    EH_TRY(table_reserve(index, error));
    uint32_t person = index->persons_count++;
    name_link(index, hash, person);
    atomic_fetch_add_explicit(&index->people_count, 1, memory_order_release);
    *person_out = person;
    return EH_OK;
}

/* Room for it is there. Returns its number, from 1. */
uint32_t eh_index_note_add(eh_rights_index *index, const eh_note *note)
{
    uint32_t number = index->notes_count++;
    atomic_load_explicit(&index->notes[number >> EH_CHUNK_BITS], memory_order_relaxed)[number & (EH_CHUNK_COUNT - 1)] = *note;
    return number + 1;
}

static eh_code act_apply(eh_rights_index *index, uint32_t person, const eh_act *act, eh_effect *effect_out, eh_error *error)
{
    eh_state state;
    eh_note note = {0};
    eh_index_state_at(index, person, &state);
    EH_TRY(eh_index_notes_reserve(index, error));
    EH_TRY(cells_reserve(index, error));
    EH_TRY(act_try(index, act, &state, &note, effect_out, error));
    if (note.record != 0) {
        note.group = group_of(index, act->product_group);
        note.next = state.notes;
        state.notes = eh_index_note_add(index, &note);
    }
    state_write(index, person, &state);
    return EH_OK;
}

static eh_code key_apply(eh_rights_index *index, eh_view key, const eh_act *act, eh_effect *effect_out, eh_error *error)
{
    eh_hash128 hash = eh_siphash(index->secret, key);
    uint32_t person = person_find(index, hash);
    if (person == EH_NOBODY) {
        eh_state nothing = {0};
        eh_note note;
        EH_TRY(act_try(index, act, &nothing, &note, effect_out, error)); /* what is refused makes nobody known */
        EH_TRY(person_make(index, hash, &person, error));
    }
    return act_apply(index, person, act, effect_out, error);
}

eh_code eh_rights_index_apply(eh_rights_index *index, eh_view key, const eh_act *act, eh_effect *effect_out, eh_error *error)
{
    eh_effect effect = EH_EFFECT_NONE;
    pthread_mutex_lock(&index->writing);
    eh_code code = key_apply(index, key, act, &effect, error);
    pthread_mutex_unlock(&index->writing);
    if (code == EH_OK && effect_out != NULL)
        *effect_out = effect;
    return code;
}

eh_code eh_index_person_add(eh_rights_index *index, eh_view key, uint32_t *person_out, eh_error *error)
{
    pthread_mutex_lock(&index->writing);
    eh_hash128 hash = eh_siphash(index->secret, key);
    uint32_t person = person_find(index, hash);
    eh_code code = person != EH_NOBODY ? EH_OK : person_make(index, hash, &person, error);
    pthread_mutex_unlock(&index->writing);
    if (code == EH_OK)
        *person_out = person;
    return code;
}

eh_code eh_index_apply_to(eh_rights_index *index, uint32_t person, const eh_act *act, eh_effect *effect_out, eh_error *error)
{
    pthread_mutex_lock(&index->writing);
    eh_code code = act_apply(index, person, act, effect_out, error);
    pthread_mutex_unlock(&index->writing);
    return code;
}

eh_code eh_index_try(eh_rights_index *index, eh_view key, const eh_act *acts, size_t acts_count, eh_error *error)
{
    eh_state state = {0};
    eh_note *own = calloc(acts_count + 1, sizeof *own); /* what the acts leave among themselves */
    size_t own_count = 0;
    if (own == NULL)
        return eh_fail_memory(error);
    (void)state_find(index, eh_siphash(index->secret, key), &state);
    eh_code code = EH_OK;
    for (size_t i = 0; code == EH_OK && i < acts_count; i++) {
        eh_effect effect;
        uint32_t slots = eh_act_slots(&acts[i]);
        const eh_note *asked = NULL;
        for (size_t k = own_count; k > 0 && asked == NULL; k--)
            asked = (own[k - 1].slots & slots) == slots ? &own[k - 1] : NULL;
        if (asked == NULL)
            asked = ask_find(index, &state, slots);
        eh_act act = acts[i];
        act.record = 1; /* any: whether it leaves a note */
        code = eh_state_apply(&state, &act, act.kind == EH_ACT_CONFIRM ? asked : NULL, index->house.signal_keeps_ai, &own[own_count], &effect, error);
        own_count += code == EH_OK && own[own_count].record != 0 ? 1 : 0;
    }
    free(own);
    return code;
}

bool eh_index_same(const eh_rights_index *index, eh_view a, eh_view b)
{
    uint32_t person = person_find(index, eh_siphash(index->secret, a));
    return person != EH_NOBODY && person == person_find(index, eh_siphash(index->secret, b));
}

bool eh_index_state(const eh_rights_index *index, eh_view key, eh_state *state_out)
{
    return state_find(index, eh_siphash(index->secret, key), state_out);
}

/* Every name of the person leads nowhere from now on; the state is wiped. */
static void person_forget(eh_rights_index *index, uint32_t person)
{
    eh_index_place *place = eh_index_place_at(index, person);
    if (place->names == 0) /* gone already, or taken into another person */
        return;
    for (uint32_t number = place->names; number != 0;) {
        eh_index_name *name = eh_index_name_at(index, number - 1);
        atomic_store_explicit(&name->person, EH_NOBODY, memory_order_release);
        number = name->next;
    }
    place->names = 0;
    state_wipe(index, person);
    atomic_fetch_sub_explicit(&index->people_count, 1, memory_order_release);
}

void eh_rights_index_forget(eh_rights_index *index, eh_view key)
{
    pthread_mutex_lock(&index->writing);
    uint32_t person = person_find(index, eh_siphash(index->secret, key));
    if (person != EH_NOBODY)
        person_forget(index, person);
    pthread_mutex_unlock(&index->writing);
}

void eh_index_forget(eh_rights_index *index, uint32_t person)
{
    pthread_mutex_lock(&index->writing);
    person_forget(index, person);
    pthread_mutex_unlock(&index->writing);
}

static eh_code alias_link(eh_rights_index *index, eh_view alias, uint32_t person, eh_error *error)
{
    eh_hash128 alias_hash = eh_siphash(index->secret, alias);
    uint32_t other = person_find(index, alias_hash);
    if (other == person)
        return EH_OK;
    if (other == EH_NOBODY) {
        EH_TRY(eh_index_names_reserve(index, error));
        EH_TRY(table_reserve(index, error));
        name_link(index, alias_hash, person);
        return EH_OK;
    }
    eh_index_place *place = eh_index_place_at(index, person), *left = eh_index_place_at(index, other);
    while (left->names != 0) {
        uint32_t number = left->names;
        eh_index_name *name = eh_index_name_at(index, number - 1);
        left->names = name->next;
        name->next = place->names;
        place->names = number;
        atomic_store_explicit(&name->person, person, memory_order_release);
    }
    state_wipe(index, other);
    atomic_fetch_sub_explicit(&index->people_count, 1, memory_order_release);
    return EH_OK;
}

eh_code eh_rights_index_alias(eh_rights_index *index, eh_view alias, eh_view key, eh_error *error)
{
    pthread_mutex_lock(&index->writing);
    uint32_t person = person_find(index, eh_siphash(index->secret, key));
    eh_code code = person == EH_NOBODY ? eh_fail(error, EH_NOT_FOUND, "nobody of that key is known") : alias_link(index, alias, person, error);
    pthread_mutex_unlock(&index->writing);
    return code;
}

eh_code eh_index_alias_to(eh_rights_index *index, uint32_t person, eh_view alias, eh_error *error)
{
    pthread_mutex_lock(&index->writing);
    eh_code code = alias_link(index, alias, person, error);
    pthread_mutex_unlock(&index->writing);
    return code;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------------ */

static char *text_copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

eh_code eh_rights_index_open(const eh_rights_house *house, const uint8_t secret[16], eh_rights_index **index_out, eh_error *error)
{
    eh_rights_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return eh_fail_memory(error);
    if (pthread_mutex_init(&index->writing, NULL) != 0) {
        free(index);
        return eh_fail(error, EH_UNAVAILABLE, "no mutex to be had");
    }
    memcpy(index->secret, secret, sizeof index->secret);
    index->house = *house;
    index->house.interest_id = text_copy(house->interest_id);
    index->house.ai_basis_id = text_copy(house->ai_basis_id != NULL ? house->ai_basis_id : "the shop's notice");
    eh_index_table *table = table_make(SLOTS_FIRST);
    atomic_store_explicit(&index->table, table, memory_order_release);
    if (table == NULL || index->house.ai_basis_id == NULL || (house->interest_id != NULL && index->house.interest_id == NULL)) {
        eh_rights_index_close(&index);
        return eh_fail_memory(error);
    }
    *index_out = index;
    return EH_OK;
}

/* A chunk that is part of what was read at once goes with it. */
static void chunk_free(const eh_region *but_of, void *chunk)
{
    uintptr_t at = (uintptr_t)chunk, begin = (uintptr_t)but_of->bytes;
    if (at - begin >= but_of->count)
        free(chunk);
}

void eh_rights_index_close(eh_rights_index **index)
{
    eh_rights_index *closed = *index;
    if (closed == NULL)
        return;
    for (size_t i = 0; i < EH_CHUNKS_MAX; i++) {
        chunk_free(&closed->names_region, closed->names[i]);
        chunk_free(&closed->places_region, closed->places[i]);
        free(closed->cells[i]);
    }
    for (size_t i = 0; i < EH_NOTE_CHUNKS_MAX; i++)
        free(closed->notes[i]);
    for (size_t i = 0; i < closed->old_count; i++)
        chunk_free(&closed->table_region, closed->old[i]);
    chunk_free(&closed->table_region, closed->table);
    eh_region *regions[] = {&closed->table_region, &closed->names_region, &closed->places_region, &closed->image};
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++)
        eh_region_drop(regions[i]);
    free((char *)(uintptr_t)closed->house.interest_id);
    free((char *)(uintptr_t)closed->house.ai_basis_id);
    pthread_mutex_destroy(&closed->writing);
    memset(closed, 0, sizeof *closed);
    free(closed);
    *index = NULL;
}
