/**
 * The ledger: what we did, provably. An append-only log whose every entry anybody can check with their own tools, and from which
 * a person can still be erased. src/ledger/README.md has the theory, the files and what is deliberately different.
 *
 * The log is an RFC 6962 Merkle tree in the C2SP formats, in the plain folder <workspace>/.evenhand/ledger/public/. An entry is a
 * leaf of JSON. What belongs to a person is not in it: the leaf holds a salted commitment, and the payload (the opening) lies sealed
 * under that person's key elsewhere, until that key is destroyed.
 *
 * What eh_ledger_append has answered with EH_OK is on the disk. One process writes at a time (a second one gets EH_UNAVAILABLE), its
 * threads share one handle; readers need no lock and no key.
 */
#ifndef EH_LEDGER_LEDGER_H
#define EH_LEDGER_LEDGER_H

#include "base/base.h"
#include "base/secrets.h"
#include "base/time.h"

/* ---- a ledger and its handle ------------------------------------------------------------------------------------------- */

typedef struct eh_ledger eh_ledger;

/**
 * Makes keys and an empty, signed log below <folder>/.evenhand/ (which is made when it is not there).
 *
 * name     the log's origin and the name of its key: a host and a path without a scheme, e.g. "bluefinch.example/evenhand"; no
 *          white space, no '+', at most EH_LEDGER_NAME_BYTES_MAX bytes
 * errors   EH_CONFLICT when there is a ledger already; EH_INPUT for a name that cannot be one
 */
EH_MUST_USE eh_code eh_ledger_init(const char *folder, const char *name, eh_error *error);
/** A name for the ledger of a shop: "Blue Finch Outdoor" gives "blue-finch-outdoor/ledger"; nothing usable gives "shop/ledger". */
void eh_ledger_name_of(const char *shop, char name_out[EH_LEDGER_NAME_BYTES_MAX + 1]);
/** True when <folder> holds a ledger. */
bool eh_ledger_exists(const char *folder);

typedef struct {
    bool reads_only;                        /* no lock, no appending; sees what has been published */
    eh_instant (*now)(void *context);       /* NULL: the clock of the machine */
    void *clock_context;
    const eh_entropy *entropy;              /* NULL: that of the system; else borrowed until the ledger is closed */
} eh_ledger_options;

/**
 * Opens the ledger of a workspace. A writer recovers first: what was acknowledged is there again, what was not is gone.
 *
 * options  NULL: all usual
 * errors   EH_NOT_FOUND (no ledger: eh_ledger_init), EH_UNAVAILABLE (another process writes), EH_CORRUPT with the file and the
 *          place of the damage
 */
EH_MUST_USE eh_code eh_ledger_open(const char *folder, const eh_ledger_options *options, eh_ledger **ledger_out, eh_error *error);
/** Publishes what was appended, then closes. Takes the address, for EH_CLEANUP. No other thread may be inside. */
void eh_ledger_close(eh_ledger **ledger);

/* ---- appending --------------------------------------------------------------------------------------------------------- */

enum { EH_LEDGER_ID_BYTES = 33 }; /* 32 hexadecimal digits and a zero */

typedef struct {
    eh_view kind;    /* "decision", "consent", "policy": a lower-case letter, then letters, digits, '_', '-' or '.'; at most 32 bytes */
    eh_view person;  /* the key of whom it is about, e.g. a customer number; empty: nobody, and the payload stands in the leaf, in clear */
    eh_view payload; /* one JSON object, kept byte for byte */
    eh_view clear;   /* only with a person: a JSON object for all to read, such as the hash of the policy; never anything personal; may be empty */
} eh_ledger_entry;

typedef struct {
    uint64_t index;              /* place in the log, from 0 */
    char id[EH_LEDGER_ID_BYTES]; /* for people and proofs */
} eh_ledger_receipt;

/**
 * Appends entries, all or none, in their order, and returns when they are on the disk. Threads that append at the same time share
 * one sync of the disk.
 *
 * receipts_out  `count` receipts, one per entry; NULL when nobody asks
 * errors        EH_INPUT for an entry that cannot be one (which, and why); EH_LIMIT for a leaf over EH_LEDGER_LEAF_BYTES_MAX or an
 *               opening over EH_LEDGER_OPENING_BYTES_MAX; EH_IO when the disk failed: then this handle has stopped and every later append
 *               says so. Open the ledger anew.
 */
EH_MUST_USE eh_code eh_ledger_append(eh_ledger *ledger, const eh_ledger_entry *entries, size_t count, eh_ledger_receipt *receipts_out,
                                     eh_error *error);
/** Returns when all that was appended is in the public folder, under a signed checkpoint. (It comes there by itself, a little later.) */
EH_MUST_USE eh_code eh_ledger_publish(eh_ledger *ledger, eh_error *error);

/* ---- reading and proving ----------------------------------------------------------------------------------------------- */

typedef enum {
    EH_RECORD_CLEAR,   /* about nobody: the payload is in the leaf */
    EH_RECORD_OPENED,  /* the opening is there and is what the leaf commits to */
    EH_RECORD_ERASED,  /* the person's key was destroyed, and an entry says so */
    EH_RECORD_SEALED,  /* the opening is there, but not the keys of the people (as on a restored copy) */
    EH_RECORD_MISSING, /* the opening is gone or is not what was committed to, and no erasure accounts for it */
    EH_RECORD_STATES_COUNT
} eh_record_state;
/** "clear", "opened", ... */
const char *eh_record_state_name(eh_record_state state);

/** One entry. Texts live in the arena that it was read into. */
typedef struct {
    uint64_t index;
    char id[EH_LEDGER_ID_BYTES];
    eh_record_state state;
    eh_view leaf;              /* the bytes that are in the log */
    eh_view kind, at, clear;   /* from the leaf; `at` is the hour, RFC 3339; `clear` may be empty */
    eh_view payload;           /* when CLEAR or OPENED */
    eh_secret salt;            /* when OPENED */
} eh_ledger_record;

/** `which` is an id or an index in decimal. Sees what has been published. errors: EH_NOT_FOUND, EH_CORRUPT */
EH_MUST_USE eh_code eh_ledger_read(eh_ledger *ledger, eh_view which, eh_arena *arena, eh_ledger_record *record_out, eh_error *error);
/** The indexes of a person's entries, oldest first, at most `count_max`; *count_out is how many there are. */
EH_MUST_USE eh_code eh_ledger_person_entries(eh_ledger *ledger, eh_view person, size_t count_max, uint64_t *indexes_out, size_t *count_out,
                                             eh_error *error);
/**
 * Appends the proof of an entry to `out`: a c2sp.org/tlog-proof@v1 file that anybody can check offline with the key in public/vkey.
 * When the entry can be opened, the proof holds its payload: give it to that person and to whom they allow it.
 * cost: reads about three tiles per 24 levels; below a millisecond
 */
EH_MUST_USE eh_code eh_ledger_prove(eh_ledger *ledger, const eh_ledger_record *record, eh_buffer *out, eh_error *error);
/**
 * Appends to `out` the proof that the log has only grown since it had `old_size` entries, as the body of a witness's add-checkpoint
 * request (c2sp.org/tlog-witness): "old <size>", the hashes, an empty line, the checkpoint.
 */
EH_MUST_USE eh_code eh_ledger_prove_growth(eh_ledger *ledger, uint64_t old_size, eh_buffer *out, eh_error *error);

/* ---- people ------------------------------------------------------------------------------------------------------------ */

/**
 * Destroys the person's key: nobody opens their entries again, here or in any backup. Appends the entry "erasure" with `reason`, a
 * random number and how many entries it was, and no word of whom. Erasing who is not there, or was erased, is fine: *erased_out is
 * how many entries became unreadable, and receipt_out is untouched when that is 0.
 *
 * reason  a word: "request", "retention", ... as an entry's kind
 */
EH_MUST_USE eh_code eh_ledger_person_erase(eh_ledger *ledger, eh_view person, eh_view reason, uint64_t *erased_out,
                                           eh_ledger_receipt *receipt_out, eh_error *error);
/** True when that person was erased here before: after restoring a backup, erase them again everywhere. */
EH_MUST_USE eh_code eh_ledger_person_erased(eh_ledger *ledger, eh_view person, bool *erased_out, eh_error *error);
/** A keyed hash of a person's key that no two workspaces share and that survives erasure: for suppression lists. */
EH_MUST_USE eh_code eh_ledger_pseudonym(eh_ledger *ledger, eh_view person, uint8_t pseudonym_out[16], eh_error *error);

/* ---- checking ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *since_path;             /* an older checkpoint: the log must be a continuation of it; NULL: none */
    bool public_only;                   /* look at the public folder alone, as an outsider does */
    void (*progress)(void *context, const char *what, double share);
    void *progress_context;
} eh_ledger_verify_options;

enum { EH_LEDGER_FINDINGS_MAX = 100 };

typedef struct {
    uint64_t size;                             /* entries that the checkpoint speaks of */
    eh_digest root;
    uint64_t states[EH_RECORD_STATES_COUNT];   /* entries by state; all 0 when public_only */
    uint64_t erasures_count;                   /* entries of kind "erasure" */
    uint64_t signatures_count;                 /* of the log's own keys, that hold */
    uint64_t cosignatures_count;               /* of known witnesses, that hold */
    bool since_checked;
    uint64_t since_size;
    uint64_t waiting_count;                    /* entries that are safe on the disk but not published yet (a writer was cut off) */
    uint64_t findings_count;                   /* what is wrong; 0: all is well */
    const char *findings[EH_LEDGER_FINDINGS_MAX]; /* each names the file and the place; in the arena; no more than fit */
} eh_ledger_verification;

/**
 * Computes the whole log anew from its entries and compares: every tile, the checkpoint, the signatures; every opening with what its
 * leaf commits to; every database. Needs no lock; a writer may go on.
 * returns EH_OK also when something was found; an error only when it could not be looked at
 */
EH_MUST_USE eh_code eh_ledger_verify(const char *folder, const eh_ledger_verify_options *options, eh_arena *arena,
                                     eh_ledger_verification *verification_out, eh_error *error);

/**
 * Hands over all files of the ledger as of its published checkpoint, for a backup, while a writer may go on: `put` is called with a
 * path below .evenhand/ledger/ and the bytes. Not among them: openings.db (of which a backup keeps the rows below *size_out) and keys.
 */
typedef eh_code (*eh_ledger_put)(void *context, const char *path, eh_view bytes, eh_error *error);
EH_MUST_USE eh_code eh_ledger_backup(const char *folder, eh_ledger_put put, void *context, uint64_t *size_out, eh_error *error);
/** People whom a ledger that was put back has openings of, but no key. */
typedef struct {
    uint64_t erased_count; /* erased between the two copies, or since */
    uint64_t newer_count;  /* first written about after the keys were copied: newer keys are needed, until then verify calls them missing */
} eh_ledger_restoration;
/**
 * After a ledger or its keys were put back. The erasures that are not in this ledger are noted, and the next writer appends an entry
 * "erasure" with the reason "restore" for each. Without keys, nothing is done.
 */
EH_MUST_USE eh_code eh_ledger_restored(const char *folder, eh_ledger_restoration *found_out, eh_error *error);
/** Does the ledger in `folder` go on from this signed checkpoint? errors: EH_CONFLICT when not; EH_NOT_FOUND when there is no ledger */
EH_MUST_USE eh_code eh_ledger_continues(const char *folder, eh_view checkpoint, eh_error *error);

typedef struct {
    uint64_t size, published_size;
    uint64_t tiles_bytes, entries_bytes, wal_bytes, openings_bytes; /* on the disk */
    uint64_t people_count, erased_people_count, openings_count;
    char name[256];
    char key_ids[4][9];                                             /* of the keys that sign now */
    size_t keys_count;
} eh_ledger_stats;
EH_MUST_USE eh_code eh_ledger_stats_read(const char *folder, eh_ledger_stats *stats_out, eh_error *error);

/** What a proof file proves. Texts live in the arena. */
typedef struct {
    uint64_t index, size;
    char origin[256];
    eh_view leaf;          /* from the file's extra line: checked to be the entry */
    eh_view payload;       /* from the extra line: checked to be what the leaf commits to; empty when it was not given */
    uint32_t cosignatures_count; /* of the given keys that are witnesses */
} eh_ledger_proof;

/**
 * Checks a proof file without any ledger. `vkeys` holds verifier keys, one a line: one of them at least must be a log's key and have
 * signed; a known key whose signature is wrong refuses the whole.
 * errors: EH_INPUT when the file or the keys cannot be read as such; EH_DENIED when it is no proof, with the reason
 */
EH_MUST_USE eh_code eh_ledger_proof_check(eh_view proof, eh_view vkeys, eh_arena *arena, eh_ledger_proof *proof_out, eh_error *error);

/* ---- keys and witnesses ------------------------------------------------------------------------------------------------ */

/**
 * Starts a rotation: a new key signs beside the old one, both are named in every checkpoint, and an entry "key" says so. The second call
 * (finish) lets the old one go. errors: EH_CONFLICT when a rotation runs already, or none does
 */
EH_MUST_USE eh_code eh_ledger_key_rotate(eh_ledger *ledger, bool finish, eh_error *error);
/** Makes a key for a ledger that has none (a restored copy without keys). errors: EH_CONFLICT when there is one */
EH_MUST_USE eh_code eh_ledger_key_make(const char *folder, eh_error *error);
/** The verifier keys of all keys that sign now, one a line, the newest first. */
EH_MUST_USE eh_code eh_ledger_keys_show(const char *folder, eh_buffer *out, eh_error *error);

/**
 * Takes a witness's cosignatures of the published checkpoint: lines of the form "— name base64", or a whole signed checkpoint. They
 * are put under public/checkpoint and kept until the next checkpoint takes its place (and below ledger/cosigned/).
 *
 * vkeys         verifier keys of witnesses, one a line; remembered. May be empty: the remembered ones are used
 * accepted_out  how many cosignatures hold
 * errors        EH_DENIED when a known witness's signature is wrong or none is of a known one; EH_CONFLICT when it is of another checkpoint
 */
EH_MUST_USE eh_code eh_ledger_cosign(eh_ledger *ledger, eh_view cosignatures, eh_view vkeys, uint32_t *accepted_out, eh_error *error);

#endif
