/**
 * Private to this room: the compact state of a person, the rule that moves it, and the table that finds it.
 */
#ifndef EH_RIGHTS_RIGHTS_INT_H
#define EH_RIGHTS_RIGHTS_INT_H

#include "rights/rights.h"

/* ---- days and months (calendar.c) ---------------------------------------------------------------------------------------------- */

enum { EH_DAY_SECONDS = 86400 };

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
int32_t eh_day_of(int32_t year, int32_t month, int32_t day);
/** The moment `months` later by the calendar, in UTC: the same day and time, or the last day of a shorter month. */
int64_t eh_months_after(int64_t at_s, int32_t months);
/** Completed years between the day of birth and the day of `at_s`. Who was born on 29 February is a year older on 1 March. */
int32_t eh_age_at(int32_t birth_day, int64_t at_s);

/* ---- keyed hash (siphash.c) ------------------------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t low, high;
} eh_hash128;

/** SipHash-2-4 with 128 bits of output (Aumasson and Bernstein 2012). */
eh_hash128 eh_siphash(const uint8_t key[16], eh_view text);

/* ---- the state of one person (fold.c) ---------------------------------------------------------------------------------------------- */

/* Marketing has a slot per channel, AI and sale have one each. */
enum { EH_SLOT_AI = EH_CHANNELS_COUNT - 1, EH_SLOT_SALE, EH_SLOTS_COUNT };

/** Why a slot says what it says; four bits. */
typedef enum {
    EH_CAUSE_NONE,
    EH_CAUSE_SAID,      /* yes, by the person */
    EH_CAUSE_CONFIRMED, /* yes, by double opt-in */
    EH_CAUSE_IMPORTED,  /* yes, by an import or a merge */
    EH_CAUSE_WITHDRAWN,
    EH_CAUSE_OBJECTED,
    EH_CAUSE_IMPORTED_NO,
    EH_CAUSE_MERGED_NO,
    EH_CAUSE_SIGNAL,
    EH_CAUSES_COUNT
} eh_cause;

typedef struct __attribute__((packed, aligned(2))) {
    uint64_t record;
    uint32_t at_s, until_s;
    uint8_t said;  /* eh_said */
    uint8_t cause; /* eh_cause */
} eh_slot; /* packed: a million people times ten slots */

/** All that a decision needs of a person. Times are UTC seconds since 1970 in 32 bits (until 2106); 0 is "none". */
typedef struct {
    eh_slot slots[EH_SLOTS_COUNT];
    eh_jurisdiction jurisdiction;
    bool birth_known, parent_agrees;
    int32_t birth_day;
    uint32_t purchase_s, inquiry_s;
    uint64_t purchase_record, inquiry_record, parent_record, birth_record;
    uint32_t notes; /* the newest note of the person; 0: none */
} eh_state;

/** An ask that waits, or the facts of a sale; never changed once it is there. */
typedef struct {
    uint64_t record, group; /* group: hash of the product group */
    uint32_t slots;         /* an ask: bit i is slot i; 0: a sale */
    uint32_t at_s, until_s, facts;
    uint32_t next;
} eh_note;

/** The slots that an act speaks of, one bit each. */
uint32_t eh_act_slots(const eh_act *act);
/**
 * The rule. `asked`: for a confirmation, the newest ask that covers its slots, or NULL. `note_out` is filled when the act leaves a note
 * (note_out->record != 0). The errors are those of eh_rights_index_apply.
 */
EH_MUST_USE eh_code eh_state_apply(eh_state *state, const eh_act *act, const eh_note *asked, bool signal_keeps_ai, eh_note *note_out,
                                   eh_effect *effect_out, eh_error *error);

/* ---- the answer (answer.c) -------------------------------------------------------------------------------------------------------- */

/** How the answer finds notes: the one behind `index`, or NULL for 0. */
typedef struct {
    const eh_note *(*note)(const void *context, uint32_t index);
    const void *context;
    uint64_t group; /* hash of the question's product group; 0: none */
} eh_notes;

/** `state` NULL: a stranger. */
void eh_answer(const eh_state *state, const eh_notes *notes, const eh_rights_house *house, const eh_may_question *question,
               eh_may_answer *answer_out);

/* ---- the index by number (index.c), for who keeps his own list of people ----------------------------------------------------------- */

/** The number of the person of that key, made when there is none. */
EH_MUST_USE eh_code eh_index_person_add(eh_rights_index *index, eh_view key, uint32_t *person_out, eh_error *error);
EH_MUST_USE eh_code eh_index_apply_to(eh_rights_index *index, uint32_t person, const eh_act *act, eh_effect *effect_out, eh_error *error);
EH_MUST_USE eh_code eh_index_alias_to(eh_rights_index *index, uint32_t person, eh_view alias, eh_error *error);
void eh_index_forget(eh_rights_index *index, uint32_t person);
/** Whether the acts, one after the other, would be accepted; nothing is done. */
EH_MUST_USE eh_code eh_index_try(eh_rights_index *index, eh_view key, const eh_act *acts, size_t acts_count, eh_error *error);
/** Both keys are known and lead to one person. */
bool eh_index_same(const eh_rights_index *index, eh_view a, eh_view b);
/** A copy of the state; false when nobody of that key is known. */
bool eh_index_state(const eh_rights_index *index, eh_view key, eh_state *state_out);

/** Zeroed memory of its own. */
typedef struct {
    char *bytes;
    size_t count;
} eh_region;
EH_MUST_USE eh_code eh_region_make(size_t count, eh_region *region_out, eh_error *error);
void eh_region_drop(eh_region *region);

/* A person as bytes, for the snapshot (index_image.c): hashes of names, notes, state. What was read is written again to the same bytes. */
void eh_index_person_write(const eh_rights_index *index, uint32_t person, eh_buffer *out);
/** Takes over the bytes that the people are in, and makes room for so many. The index is empty. */
EH_MUST_USE eh_code eh_index_read_begin(eh_rights_index *index, eh_region *bytes, size_t names_count, size_t people_count, eh_error *error);
/**
 * Reads the person at the beginning of *bytes, which lie in the image and then begin after them. Nobody is found before eh_index_read_end, and nobody else may
 * have the index until then. errors: EH_CORRUPT, EH_LIMIT, EH_MEMORY: throw the index away
 */
EH_MUST_USE eh_code eh_index_person_read(eh_rights_index *index, eh_view *bytes, uint32_t *person_out, eh_error *error);
EH_MUST_USE eh_code eh_index_read_end(eh_rights_index *index, eh_error *error);
/** Names that were ever used, those of people who are gone too. */
uint32_t eh_index_names_count(const eh_rights_index *index);

#endif
