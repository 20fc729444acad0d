/**
 * Private to this room: the handle, its tables and what the files of this room share of them.
 */
#ifndef EH_RIGHTS_RECORDS_INT_H
#define EH_RIGHTS_RECORDS_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/secrets.h"
#include "rights/person.h"
#include "rights/rights_int.h"
#include "store/store.h"

enum { EH_SEAL_BYTES = 16, EH_HASH_BYTES = 32 };

/** The keys of this room, all from one file. */
typedef struct {
    eh_secret suppression; /* for the hashes of who was erased */
    eh_hmac_key seal;      /* for the chain of each person's acts */
    eh_secret record;      /* for the ids of acts */
    eh_secret receipt;     /* seed of the key that signs receipts */
    eh_hmac_key snapshot;  /* for the MACs of the snapshot */
    uint8_t index[16];     /* for the table in memory */
} eh_rights_keys;

typedef struct eh_suppressed eh_suppressed; /* the hashes in memory (suppression.c) */

/** What became of the snapshot. */
typedef enum {
    EH_SNAPSHOT_NONE,    /* there is no file */
    EH_SNAPSHOT_READ,
    EH_SNAPSHOT_OTHER,   /* of another state of the database, another version, another rule */
    EH_SNAPSHOT_DAMAGED, /* not as it was written */
} eh_snapshot_state;

typedef enum {
    EH_OPENING_USUAL,
    EH_OPENING_TO_LOOK,   /* the snapshot is read and never written */
    EH_OPENING_FROM_ACTS, /* as if there were none */
} eh_opening;

/** What is numbered, each from 1; a number is never used again. */
typedef enum {
    EH_COUNT_PERSON, EH_COUNT_ACT, EH_COUNT_ALIAS, EH_COUNT_MOVE, EH_COUNT_SUPPRESSION,
    EH_COUNT_REQUEST, EH_COUNT_DISCLOSURE, EH_COUNT_CONTACT, EH_COUNT_NOTICE, EH_COUNT_CORRECTION, EH_COUNT_ITEM, EH_COUNTERS_COUNT
} eh_rights_counting;

enum { EH_KEPT_STATEMENTS_MAX = 32 };

typedef struct eh_saying_group eh_saying_group; /* who waits to say something (say.c) */

struct eh_rights {
    eh_rights_index *index;
    eh_suppressed *suppressed;
    _Atomic uint64_t *shared;  /* the counter of all processes */
    _Atomic uint64_t seen;     /* its value when we last looked */
    _Atomic int broken;        /* what is in memory may not be what is on the disk: every answer is an error */

    pthread_mutex_t queueing;  /* who waits to say something, and whether somebody speaks for them */
    pthread_cond_t said;
    eh_saying_group *first, **last;
    bool leader;

    pthread_mutex_t writing;   /* all below */
    eh_store *store;
    eh_rights_keys keys;
    eh_rights_ledger ledger;
    char *state_folder;
    uint32_t *numbers;         /* of persons in the index, by person, plus 1; 0: gone */
    uint8_t (*heads)[EH_SEAL_BYTES]; /* by person: the seal of the last act that was read; zeros: none yet, or the snapshot knew it */
    size_t numbers_count;
    int64_t last_person, last_act, last_alias, last_move, last_suppression;
    int64_t covered_person;    /* the last person of the snapshot that was read; 0: none was */
    uint64_t fresh_count;      /* acts and people that were read since the snapshot */
    uint64_t snapshot_after;
    int64_t restored;          /* which history it is: a number that putting back a backup changes */
    eh_opening opening;
    eh_snapshot_state snapshot;
    bool signal_keeps_ai, loaded;
    struct {
        const char *sql;       /* compared by its address */
        eh_statement *statement;
    } kept[EH_KEPT_STATEMENTS_MAX];
    size_t kept_count;
    struct {
        int64_t value;
        bool loaded, changed;  /* since the transaction began */
    } counters[EH_COUNTERS_COUNT];
    uint8_t wording_kept[EH_HASH_BYTES]; /* of the wording that was on the disk when it was looked for last */
    bool wording_is_kept;
    eh_speech *told;           /* whose effects the next refresh fills in, in their order */
    size_t told_count, told_speech, told_act;
};

/* ---- opening, keys (open.c) ----------------------------------------------------------------------------------------------------------- */

EH_MUST_USE eh_code eh_rights_open_as(const eh_rights_options *options, eh_opening opening, eh_rights **rights_out, eh_error *error);
/** Reads all that other processes have written since; the writer's lock is held. errors: EH_CORRUPT for an act that was changed by other means */
EH_MUST_USE eh_code eh_rights_refresh(eh_rights *rights, eh_error *error);
/** As eh_store_begin; before anything that takes a number. */
EH_MUST_USE eh_code eh_rights_begin(eh_rights *rights, eh_error *error);
/** Commits what was written, brings it into memory, tells the other processes; fills their effects. The writer's lock is held. */
EH_MUST_USE eh_code eh_rights_commit(eh_rights *rights, eh_speech *speeches, size_t speeches_count, eh_error *error);
/** Gives every act that has none its entry in the ledger, if there is one and it can be written now. The writer's lock is not held. */
EH_MUST_USE eh_code eh_rights_log(eh_rights *rights, eh_error *error);

/* ---- the way into memory (load.c) ------------------------------------------------------------------------------------------------------ */

/** Everything, from the snapshot or from the beginning; once. */
EH_MUST_USE eh_code eh_rights_load(eh_rights *rights, const eh_rights_options *options, eh_error *error);
/** Room in `numbers` and `heads` for that person. */
EH_MUST_USE eh_code eh_rights_numbers_reserve(eh_rights *rights, int64_t person, eh_error *error);
/** The suppressions that are not in memory yet. */
EH_MUST_USE eh_code eh_rights_load_suppressed(eh_rights *rights, eh_error *error);

/* ---- the snapshot (snapshot.c) ---------------------------------------------------------------------------------------------------------- */

/** Fills an empty index, in a view of the database that is open. When it was not read, index and numbers hold anything: begin again. */
EH_MUST_USE eh_code eh_snapshot_read(eh_rights *rights, eh_snapshot_state *state_out, eh_error *error);
/** Writes it when enough has changed. Nothing is lost when it cannot be written. The writer's lock is held, no transaction is open. */
void eh_snapshot_keep(eh_rights *rights);
/** Writes it, inside a transaction that is committed next. */
EH_MUST_USE eh_code eh_snapshot_write(eh_rights *rights, eh_error *error);
/** Takes it off the disk, in the transaction that removes somebody. */
EH_MUST_USE eh_code eh_snapshot_drop(eh_rights *rights, eh_error *error);

/* ---- statements, counters (statements.c) ------------------------------------------------------------------------------------------------ */

/**
 * A statement that stays prepared until the rights are closed. `sql` is a literal. Put it to rest (EH_CLEANUP) before it is asked for again, and bind every
 * parameter: values stay from the last time.
 */
EH_MUST_USE eh_code eh_rights_prepare(eh_rights *rights, const char *sql, eh_statement **statement_out, eh_error *error);
void eh_statement_rest(eh_statement **statement);
void eh_rights_statements_close(eh_rights *rights);
/** A number never used before. Inside a transaction that eh_rights_begin began and eh_rights_commit ends. */
EH_MUST_USE eh_code eh_rights_next(eh_rights *rights, eh_rights_counting which, int64_t *number_out, eh_error *error);
EH_MUST_USE eh_code eh_rights_counters_save(eh_rights *rights, eh_error *error);

/* ---- acts on the disk (acts.c) ----------------------------------------------------------------------------------------------------------- */

extern const char *const eh_rights_tables[];
extern const size_t eh_rights_tables_count;

/** The columns of an act, for SELECTs that eh_act_read understands. */
#define EH_ACT_COLUMNS                                                                                                                       \
    "a.act, a.person, a.record, a.kind, a.said_by, a.purpose, a.channel, a.control, a.at_s, a.until_s, a.birth_day, a.soft_facts, "          \
    "a.jurisdiction, a.product_group, a.how, a.wording, a.recorded_s, a.seal"
enum { EH_ACT_COLUMNS_COUNT = 18 };

/** One row; texts are borrowed from the statement until its next step. */
typedef struct {
    int64_t act_number, person, recorded_s;
    eh_act act;        /* wording, version, language NULL: see wording_hash */
    eh_view wording_hash, seal;
    char how[1025], product_group[129];
} eh_act_row;

/** errors: EH_CORRUPT for values that no writer of ours writes. */
EH_MUST_USE eh_code eh_act_row_read(const eh_statement *statement, eh_act_row *row_out, eh_error *error);
/** The next link of the person's chain of seals. */
void eh_act_seal(const eh_rights_keys *keys, const uint8_t before[EH_SEAL_BYTES], const eh_act_row *row, uint8_t seal_out[EH_SEAL_BYTES]);
/** The id of an act of the person of that key: the same act has the same id. Never 0. */
uint64_t eh_act_record(const eh_rights_keys *keys, eh_view key, const eh_act *act, uint32_t attempt);

/** A person as the disk knows them. */
typedef struct {
    int64_t person;
    uint8_t head[EH_SEAL_BYTES]; /* the seal of their last act */
    int64_t acts_count;
} eh_person_row;

/** The error for an act, or a person's acts, that somebody has changed. */
eh_code eh_act_changed(const eh_act_row *row, eh_error *error);
eh_code eh_person_changed(eh_view key, eh_error *error);
/** Is all that the person has said as it was recorded, wordings too? errors: EH_CORRUPT, which record */
EH_MUST_USE eh_code eh_person_chain_check(eh_rights *rights, const eh_person_row *person, eh_view key, eh_error *error);

/** Finds by key or alias. */
EH_MUST_USE eh_code eh_person_find(eh_rights *rights, eh_view key, eh_person_row *person_out, bool *found_out, eh_error *error);
/** As eh_person_read; the writer's lock is held. */
EH_MUST_USE eh_code eh_person_read_locked(eh_rights *rights, eh_view key, eh_arena *arena, eh_person *person_out, eh_error *error);
/** The keys of all people who are known by that address; in the arena. Takes the writer's lock. */
EH_MUST_USE eh_code eh_contact_keys(eh_rights *rights, const char *kind, eh_view value, eh_arena *arena, const char *const **keys_out, size_t *count_out,
                                    eh_error *error);
/** Makes one; inside a transaction. */
EH_MUST_USE eh_code eh_person_make(eh_rights *rights, eh_view key, int64_t now_s, eh_person_row *person_out, eh_error *error);
/** Writes one act at the end of the person's chain, whose end is then in *person; eh_person_save comes after the last one. Inside a transaction. */
EH_MUST_USE eh_code eh_act_insert(eh_rights *rights, eh_person_row *person, eh_act_row *row, eh_error *error);
/** Writes the end of the person's chain. */
EH_MUST_USE eh_code eh_person_save(eh_rights *rights, const eh_person_row *person, eh_error *error);
/** Checks the texts and times of an act, and what a consent must bring. */
EH_MUST_USE eh_code eh_act_check(const eh_act *act, int64_t now_s, eh_error *error);

/* Rows of one table each; inside a transaction. */
EH_MUST_USE eh_code eh_alias_write(eh_rights *rights, eh_view key, int64_t person, eh_error *error);
EH_MUST_USE eh_code eh_contact_write(eh_rights *rights, int64_t person, const char *kind, const char *value, eh_error *error);
EH_MUST_USE eh_code eh_correction_write(eh_rights *rights, int64_t person, const eh_person_correction *correction, eh_error *error);
EH_MUST_USE eh_code eh_disclosure_write(eh_rights *rights, int64_t person, const eh_person_disclosure *disclosure, eh_error *error);
EH_MUST_USE eh_code eh_item_write(eh_rights *rights, int64_t person, const eh_person_item *item, eh_error *error);
/** Numbers the request. */
EH_MUST_USE eh_code eh_request_write(eh_rights *rights, int64_t person, const eh_request *request, eh_error *error);
/** A fact of the soft opt-in by its name; 0: none. */
uint32_t eh_soft_fact_find(eh_view name);

/* ---- who was erased (suppression.c) -------------------------------------------------------------------------------------------------------- */

EH_MUST_USE eh_code eh_suppressed_open(eh_suppressed **suppressed_out, eh_error *error);
void eh_suppressed_close(eh_suppressed **suppressed);
/** Adds or removes; the writer's lock is held. */
EH_MUST_USE eh_code eh_suppressed_set(eh_suppressed *suppressed, const uint8_t hash[16], bool on, eh_error *error);
/** Any thread. */
size_t eh_suppressed_count(const eh_suppressed *suppressed);
bool eh_suppressed_has(const eh_suppressed *suppressed, const uint8_t hash[16]);
/** The keyed hash of an identifier; `kind` is "key", "email" or "phone". What is e-mail is compared without regard to letter case. */
void eh_suppression_hash(const eh_rights_keys *keys, const char *kind, eh_view value, uint8_t hash_out[EH_HASH_BYTES]);

#endif
