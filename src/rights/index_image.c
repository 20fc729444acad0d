/*
 * People as bytes, for the snapshot. What was read stays as it is: a state is taken out of the bytes when somebody asks for it, until an act after the snapshot
 * gives the person a cell. So opening makes names, places and notes, and touches no state.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rights/index_int.h"

/* Little-endian: slots that were spoken of (2 bytes), what else is there (1), 0 (1), names (4), notes (4); then those parts in this order. */
enum {
    IMAGE_PLACE = 1,
    IMAGE_BIRTH = 2,
    IMAGE_PARENT = 4,
    IMAGE_PURCHASE = 8,
    IMAGE_INQUIRY = 16,
    IMAGE_HEAD_BYTES = 12,
    IMAGE_NAME_BYTES = 16,
    IMAGE_SLOT_BYTES = 17,
    IMAGE_NOTE_BYTES = 32,
    IMAGE_FIXED_BYTES_MAX = IMAGE_HEAD_BYTES + EH_SLOTS_COUNT * IMAGE_SLOT_BYTES + 8 + 12 + 8 + 12 + 12
};

typedef struct {
    uint8_t bytes[IMAGE_FIXED_BYTES_MAX];
    size_t len;
} image;

static void put(image *to, uint64_t value, size_t count)
{
    uint64_t little = htole64(value);
    memcpy(to->bytes + to->len, &little, count);
    to->len += count;
}

static uint64_t take(eh_view *from, size_t count)
{
    uint64_t little = 0;
    memcpy(&little, from->ptr, count);
    from->ptr += count;
    from->len -= count;
    return le64toh(little);
}

static void image_flush(image *from, eh_buffer *out)
{
    eh_buffer_append(out, (eh_view){(const char *)from->bytes, from->len});
    from->len = 0;
}

static uint8_t parts_of(const eh_state *state)
{
    return (uint8_t)((state->jurisdiction.text[0] != '\0' ? IMAGE_PLACE : 0) | (state->birth_known ? IMAGE_BIRTH : 0) |
                     (state->parent_agrees ? IMAGE_PARENT : 0) | (state->purchase_s != 0 ? IMAGE_PURCHASE : 0) |
                     (state->inquiry_s != 0 ? IMAGE_INQUIRY : 0));
}

static void state_put(const eh_state *state, uint16_t slots, uint8_t parts, image *to)
{
    for (unsigned i = 0; i < EH_SLOTS_COUNT; i++) {
        const eh_slot *slot = &state->slots[i];
        if ((slots >> i & 1) == 0)
            continue;
        put(to, slot->record, 8);
        put(to, slot->at_s, 4);
        put(to, slot->until_s, 4);
        put(to, (uint64_t)slot->said | (uint64_t)slot->cause << 4, 1);
    }
    if ((parts & IMAGE_PLACE) != 0) {
        memcpy(to->bytes + to->len, state->jurisdiction.text, sizeof state->jurisdiction.text);
        to->len += sizeof state->jurisdiction.text;
    }
    if ((parts & IMAGE_BIRTH) != 0) {
        put(to, (uint32_t)state->birth_day, 4);
        put(to, state->birth_record, 8);
    }
    if ((parts & IMAGE_PARENT) != 0)
        put(to, state->parent_record, 8);
    if ((parts & IMAGE_PURCHASE) != 0) {
        put(to, state->purchase_s, 4);
        put(to, state->purchase_record, 8);
    }
    if ((parts & IMAGE_INQUIRY) != 0) {
        put(to, state->inquiry_s, 4);
        put(to, state->inquiry_record, 8);
    }
}

void eh_index_person_write(const eh_rights_index *index, uint32_t person, eh_buffer *out)
{
    image own = {.len = 0};
    eh_state state;
    uint32_t names = 0, notes = 0;
    uint16_t slots = 0;
    eh_index_state_at(index, person, &state);
    for (uint32_t number = eh_index_place_at(index, person)->names; number != 0; number = eh_index_name_at(index, number - 1)->next)
        names++;
    for (const eh_note *note = eh_index_note_at(index, state.notes); note != NULL; note = eh_index_note_at(index, note->next))
        notes++;
    for (unsigned i = 0; i < EH_SLOTS_COUNT; i++)
        slots |= (uint16_t)((state.slots[i].said != EH_SAID_UNKNOWN ? 1u : 0u) << i);
    put(&own, slots, 2);
    put(&own, parts_of(&state), 2);
    put(&own, names, 4);
    put(&own, notes, 4);
    state_put(&state, slots, parts_of(&state), &own);
    image_flush(&own, out);
    for (uint32_t number = eh_index_place_at(index, person)->names; number != 0; number = eh_index_name_at(index, number - 1)->next) {
        put(&own, eh_index_name_at(index, number - 1)->low, 8);
        put(&own, eh_index_name_at(index, number - 1)->high, 8);
        image_flush(&own, out);
    }
    for (const eh_note *note = eh_index_note_at(index, state.notes); note != NULL; note = eh_index_note_at(index, note->next)) {
        put(&own, note->record, 8);
        put(&own, note->group, 8);
        put(&own, note->slots, 4);
        put(&own, note->at_s, 4);
        put(&own, note->until_s, 4);
        put(&own, note->facts, 4);
        image_flush(&own, out);
    }
}

static void state_take(eh_view *from, uint16_t slots, uint8_t parts, eh_state *state)
{
    for (unsigned i = 0; i < EH_SLOTS_COUNT; i++) {
        if ((slots >> i & 1) == 0)
            continue;
        eh_slot *slot = &state->slots[i];
        slot->record = take(from, 8);
        slot->at_s = (uint32_t)take(from, 4);
        slot->until_s = (uint32_t)take(from, 4);
        uint8_t both = (uint8_t)take(from, 1);
        slot->said = both & 15;
        slot->cause = both >> 4;
    }
    if ((parts & IMAGE_PLACE) != 0) {
        memcpy(state->jurisdiction.text, from->ptr, sizeof state->jurisdiction.text);
        (void)take(from, 8);
    }
    if ((parts & IMAGE_BIRTH) != 0) {
        state->birth_known = true;
        state->birth_day = (int32_t)(uint32_t)take(from, 4);
        state->birth_record = take(from, 8);
    }
    if ((parts & IMAGE_PARENT) != 0) {
        state->parent_agrees = true;
        state->parent_record = take(from, 8);
    }
    if ((parts & IMAGE_PURCHASE) != 0) {
        state->purchase_s = (uint32_t)take(from, 4);
        state->purchase_record = take(from, 8);
    }
    if ((parts & IMAGE_INQUIRY) != 0) {
        state->inquiry_s = (uint32_t)take(from, 4);
        state->inquiry_record = take(from, 8);
    }
}

static size_t state_bytes(uint16_t slots, uint8_t parts)
{
    return (size_t)__builtin_popcount(slots) * IMAGE_SLOT_BYTES + ((parts & IMAGE_PLACE) != 0 ? 8u : 0u) + ((parts & IMAGE_BIRTH) != 0 ? 12u : 0u) +
           ((parts & IMAGE_PARENT) != 0 ? 8u : 0u) + ((parts & IMAGE_PURCHASE) != 0 ? 12u : 0u) + ((parts & IMAGE_INQUIRY) != 0 ? 12u : 0u);
}

/* From the oldest, which stands last, so that the lists come out as they were. */
static eh_code names_take(eh_rights_index *index, eh_view names, uint32_t person, eh_error *error)
{
    for (size_t left = names.len / IMAGE_NAME_BYTES; left > 0; left--) {
        eh_view at = {names.ptr + (left - 1) * IMAGE_NAME_BYTES, IMAGE_NAME_BYTES};
        eh_hash128 hash = {.low = take(&at, 8)};
        hash.high = take(&at, 8);
        EH_TRY(eh_index_names_reserve(index, error));
        eh_index_name_add(index, hash, person);
    }
    return EH_OK;
}

static eh_code notes_take(eh_rights_index *index, eh_view notes, uint32_t *newest_out, eh_error *error)
{
    uint32_t newest = 0;
    for (size_t left = notes.len / IMAGE_NOTE_BYTES; left > 0; left--) {
        eh_view at = {notes.ptr + (left - 1) * IMAGE_NOTE_BYTES, IMAGE_NOTE_BYTES};
        eh_note note = {.next = newest};
        note.record = take(&at, 8);
        note.group = take(&at, 8);
        note.slots = (uint32_t)take(&at, 4);
        note.at_s = (uint32_t)take(&at, 4);
        note.until_s = (uint32_t)take(&at, 4);
        note.facts = (uint32_t)take(&at, 4);
        EH_TRY(eh_index_notes_reserve(index, error));
        newest = eh_index_note_add(index, &note);
    }
    *newest_out = newest;
    return EH_OK;
}

void eh_index_image_state(const eh_rights_index *index, uint64_t at, eh_state *state_out)
{
    eh_view from = {index->image.bytes + at, IMAGE_FIXED_BYTES_MAX};
    eh_state state = {0};
    uint16_t slots = (uint16_t)take(&from, 2);
    uint8_t parts = (uint8_t)take(&from, 2);
    from.ptr += 8; /* how many names and notes */
    state_take(&from, slots, parts, &state);
    *state_out = state;
}

eh_code eh_index_person_read(eh_rights_index *index, eh_view *bytes, uint32_t *person_out, eh_error *error)
{
    eh_view from = *bytes;
    EH_ASSERT(from.ptr >= index->image.bytes && from.ptr + from.len <= index->image.bytes + index->image.count);
    if (from.len < IMAGE_HEAD_BYTES)
        return eh_fail(error, EH_CORRUPT, "a person of %zu bytes", from.len);
    uint16_t slots = (uint16_t)take(&from, 2), parts = (uint16_t)take(&from, 2);
    size_t names = (size_t)take(&from, 4) * IMAGE_NAME_BYTES, notes = (size_t)take(&from, 4) * IMAGE_NOTE_BYTES, fixed = state_bytes(slots, (uint8_t)parts);
    if (slots >> EH_SLOTS_COUNT != 0 || parts >= 2 * IMAGE_INQUIRY || names == 0 || from.len < fixed + names + notes)
        return eh_fail(error, EH_CORRUPT, "a person whose parts do not fit");
    EH_TRY(eh_index_places_reserve(index, error));
    eh_index_place *place = eh_index_place_at(index, index->persons_count);
    EH_TRY(names_take(index, (eh_view){from.ptr + fixed, names}, index->persons_count, error));
    EH_TRY(notes_take(index, (eh_view){from.ptr + fixed + names, notes}, &place->notes, error));
    atomic_store_explicit(&place->at, (uint64_t)(bytes->ptr - index->image.bytes) << 1 | 1, memory_order_release);
    *bytes = (eh_view){from.ptr + fixed + names + notes, from.len - fixed - names - notes};
    *person_out = index->persons_count++;
    return EH_OK;
}

/* ---- memory for all of them at once -------------------------------------------------------------------------------------------------- */

eh_code eh_region_make(size_t count, eh_region *region_out, eh_error *error)
{
    void *bytes = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return eh_fail_memory(error);
#ifdef MADV_POPULATE_WRITE
    (void)madvise(bytes, count, MADV_POPULATE_WRITE); /* cheaper than page by page; an older kernel does without */
#endif
    *region_out = (eh_region){.bytes = bytes, .count = count};
    return EH_OK;
}

void eh_region_drop(eh_region *region)
{
    if (region->bytes != NULL)
        (void)munmap(region->bytes, region->count);
    *region = (eh_region){0};
}

eh_code eh_index_read_begin(eh_rights_index *index, eh_region *bytes, size_t names_count, size_t people_count, eh_error *error)
{
    size_t count = 1024, names = (names_count >> EH_CHUNK_BITS) + 1, places = (people_count >> EH_CHUNK_BITS) + 1;
    EH_ASSERT(index->names_count == 0);
    index->image = *bytes;
    *bytes = (eh_region){0};
    while (count < 2 * names_count)
        count *= 2;
    if (names > EH_CHUNKS_MAX || places > EH_CHUNKS_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d people", EH_RIGHTS_PEOPLE_MAX);
    EH_TRY(eh_region_make(sizeof(eh_index_table) + count * sizeof(uint64_t), &index->table_region, error));
    EH_TRY(eh_region_make((names << EH_CHUNK_BITS) * sizeof(eh_index_name), &index->names_region, error));
    EH_TRY(eh_region_make((places << EH_CHUNK_BITS) * sizeof(eh_index_place), &index->places_region, error));
    for (size_t i = 0; i < names; i++)
        atomic_store_explicit(&index->names[i], (eh_index_name *)index->names_region.bytes + (i << EH_CHUNK_BITS), memory_order_release);
    for (size_t i = 0; i < places; i++)
        atomic_store_explicit(&index->places[i], (eh_index_place *)index->places_region.bytes + (i << EH_CHUNK_BITS), memory_order_release);
    eh_index_table *table = (eh_index_table *)index->table_region.bytes;
    table->count = count;
    free(atomic_load_explicit(&index->table, memory_order_relaxed)); /* nobody reads an index that nobody is in */
    atomic_store_explicit(&index->table, table, memory_order_release);
    return EH_OK;
}

/* The slots are all over memory: each is called for some names before it is needed. */
eh_code eh_index_read_end(eh_rights_index *index, eh_error *error)
{
    enum { AHEAD = 16 };
    eh_index_table *table = atomic_load_explicit(&index->table, memory_order_relaxed);
    size_t mask = table->count - 1;
    if ((size_t)index->names_count * 2 > table->count)
        return eh_fail(error, EH_CORRUPT, "more names than were said");
    for (uint32_t number = 0; number < index->names_count; number++) {
        const eh_index_name *name = eh_index_name_at(index, number);
        if (number + AHEAD < index->names_count)
            __builtin_prefetch(&table->slots[(size_t)eh_index_name_at(index, number + AHEAD)->low & mask], 1);
        eh_index_slot_put(table, (eh_hash128){name->low, name->high}, number);
    }
    atomic_store_explicit(&index->people_count, index->persons_count, memory_order_release);
    return EH_OK;
}

uint32_t eh_index_names_count(const eh_rights_index *index)
{
    return index->names_count;
}
