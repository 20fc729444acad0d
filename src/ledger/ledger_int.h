/** What the files of this room share: the folders, the write-ahead log, tiles, openings, people, records. */
#ifndef EH_LEDGER_LEDGER_INT_H
#define EH_LEDGER_LEDGER_INT_H

#include <pthread.h>

#include "ledger/ledger.h"
#include "ledger/notes_int.h"
#include "ledger/tree_int.h"
#include "store/store.h"

/* ---- files (files.c) ------------------------------------------------------------------------------------------------------ */

enum { EH_LEDGER_PATH_BYTES_MAX = 96 }; /* of a path below a folder of the ledger */

/** Folders by descriptor, and their names for messages. */
typedef struct {
    char *state;      /* <folder>/.evenhand */
    int log;          /* <state>/ledger */
    int public;       /* <state>/ledger/public */
    int wal;          /* <state>/ledger/wal */
    int keys;         /* <state>/keys; -1 when it is not there */
} eh_folders;

EH_MUST_USE eh_code eh_folders_open(const char *folder, eh_folders *folders_out, eh_error *error);
void eh_folders_close(eh_folders *folders);
/** errno as one of our codes: "<state>/ledger/<part>/<path>: cannot <doing>: <reason>". */
eh_code eh_fail_file(eh_error *error, const char *path, const char *doing);
/** Writes a file beside and renames it into place; makes missing folders. Synced only when `durable`. */
EH_MUST_USE eh_code eh_put(int folder, const char *path, eh_view bytes, bool durable, eh_error *error);
/**
 * Like eh_put, not durable, for a file that nobody looks for before something else names it, such as a tile: where there is none yet it
 * is written in its place, which saves half the work on folders. Cut off, half of it may be there.
 */
EH_MUST_USE eh_code eh_put_unseen(int folder, const char *path, eh_view bytes, eh_error *error);
/** Like eh_put, durable, mode 0600. */
EH_MUST_USE eh_code eh_put_secret(int folder, const char *path, eh_view bytes, eh_error *error);
/** Appends the content of a file of at most bytes_max bytes. errors: EH_NOT_FOUND */
EH_MUST_USE eh_code eh_get(int folder, const char *path, size_t bytes_max, eh_buffer *out, eh_error *error);
/** Reads at most `count` bytes from the start of a file into memory; *read_out says how many there were. */
EH_MUST_USE eh_code eh_get_some(int folder, const char *path, void *bytes, size_t count, size_t *read_out, eh_error *error);
EH_MUST_USE eh_code eh_write_all(int descriptor, const char *path, eh_view bytes, eh_error *error);
EH_MUST_USE eh_code eh_write_at(int descriptor, const char *path, eh_view bytes, uint64_t offset, eh_error *error);
EH_MUST_USE eh_code eh_sync_folder_of(int folder, const char *path, eh_error *error);
/** "<state>/<rest>" as a text of its own; NULL: no memory. */
char *eh_state_path(const eh_folders *folders, const char *rest);
void eh_path_free(char **path);

/* ---- CRC-32C (crc32c.c) ----------------------------------------------------------------------------------------------------- */

/** Castagnoli, as in RFC 3720, B.4; `crc` is 0 or the result so far. Uses the processor's instruction where there is one. */
uint32_t eh_crc32c(uint32_t crc, const void *bytes, size_t count);

/* ---- records (records.c, json_check.c): leaves, ids, openings ------------------------------------------------------------------ */

/** NULL when `text` is one well-formed JSON object (UTF-8, at most EH_JSON_DEPTH_MAX deep), else what is wrong. cost: one pass */
const char *eh_json_object_fault(eh_view text);

/** Secrets of the ledger that are no signing keys. */
typedef struct {
    bool there;
    eh_secret ids;
    eh_hmac_key pseudonyms;
} eh_ledger_secrets;
void eh_ledger_secrets_derive(const eh_secret *master, eh_ledger_secrets *secrets_out);

/** The id of an index: a pseudorandom permutation of 128 bits (four Feistel rounds of SHA-256), so no table of ids is needed. */
void eh_id_of_index(const eh_ledger_secrets *secrets, uint64_t index, char id_out[EH_LEDGER_ID_BYTES]);
/** false when no index has that id. */
EH_MUST_USE bool eh_index_of_id(const eh_ledger_secrets *secrets, eh_view id, uint64_t *index_out);
void eh_pseudonym_of(const eh_ledger_secrets *secrets, eh_view person, uint8_t pseudonym_out[16]);

/** A person's number and what their key makes. */
typedef struct {
    uint64_t number; /* from 1; 0: nobody */
    eh_hmac_key salts;
    eh_secret seal;
} eh_person_keys;
void eh_person_keys_derive(uint64_t number, const eh_secret *key, eh_person_keys *keys_out);
/** The salt of one entry. */
void eh_salt_of(const eh_person_keys *keys, const char id[EH_LEDGER_ID_BYTES], eh_secret *salt_out);
/** SHA-256("ra/decision/v1" || salt || payload) */
eh_digest eh_commitment_of(const eh_secret *salt, eh_view payload);
void eh_opening_seal(const eh_person_keys *keys, const char id[EH_LEDGER_ID_BYTES], eh_view payload, void *box_out);
EH_MUST_USE bool eh_opening_unseal(const eh_person_keys *keys, const char id[EH_LEDGER_ID_BYTES], eh_view box, void *payload_out);

EH_MUST_USE eh_code eh_entry_check(const eh_ledger_entry *entry, bool internal, eh_error *error);
/** Bytes that the leaf of an entry takes at most. */
size_t eh_leaf_bytes_bound(const eh_ledger_entry *entry);
/** Writes the leaf; at_text is the hour, RFC 3339; `commitment` NULL: in clear. returns its length */
size_t eh_leaf_write(const eh_ledger_entry *entry, const char id[EH_LEDGER_ID_BYTES], const char *at_text, const eh_digest *commitment, char *out);

/** What stands in a leaf: views into it. */
typedef struct {
    eh_view id, kind, at, payload, clear;
    bool committed;
    eh_digest commitment;
} eh_leaf;
/** A leaf as eh_leaf_write writes it; false for anything else. cost: a look at its two ends when committed */
EH_MUST_USE bool eh_leaf_read(eh_view bytes, eh_leaf *leaf_out);

/* ---- the write-ahead log (wal.c) ------------------------------------------------------------------------------------------------- */

enum { EH_WAL_HEADER_BYTES = 64, EH_FRAME_HEADER_BYTES = 12, EH_FRAME_ENTRY = 1, EH_FRAME_COMMIT = 2 };

/** The state of the log at one moment. */
typedef struct {
    uint64_t size;
    eh_digest root;
    int64_t seconds; /* the time of the last entry: the log's clock never goes back */
} eh_log_state;

/** One frame: an entry, or the commit that ends a batch. Views into the bytes that were read. */
typedef struct {
    uint8_t type;
    uint64_t index, person;
    eh_view leaf, sealed;
    eh_log_state commit;
} eh_frame;

/** Starts the segment "<base size>": written beside, synced, renamed, folder synced. */
EH_MUST_USE eh_code eh_wal_segment_make(int folder, const eh_log_state *base, eh_error *error);
/** The 64 bytes that a segment begins with. */
void eh_wal_header(const eh_log_state *base, char header_out[EH_WAL_HEADER_BYTES]);
/** Bytes that the frame of an entry takes. */
size_t eh_frame_entry_bytes(size_t leaf_bytes, size_t sealed_bytes);
/** Lays a frame out at `at`: returns where its leaf shall be written; the sealed part follows the leaf. End it with eh_frame_entry_end. */
char *eh_frame_entry_begin(char *at, uint64_t index, uint64_t person);
/** The leaf has `leaf_bytes`; `offset` is where the frame will stand in its segment. returns the bytes of the frame */
size_t eh_frame_entry_end(char *at, size_t leaf_bytes, size_t sealed_bytes, uint64_t offset);
enum { EH_FRAME_COMMIT_BYTES = EH_FRAME_HEADER_BYTES + 8 + 32 + 8 + 1 };
void eh_frame_commit(char *at, const eh_log_state *state, uint64_t offset);
/** Reads the frame at the start of bytes that a writer of this process made: a broken one is a broken promise. returns its length */
size_t eh_frame_take(eh_view bytes, eh_frame *frame_out);

/** A segment in memory, its last frames up to the last commit checked. */
typedef struct {
    char name[24];
    eh_buffer bytes;
    eh_log_state base, last;
    size_t committed_bytes; /* up to the end of the last commit */
    bool zeros_follow;      /* and nothing else, or nothing at all */
    uint64_t uncommitted;   /* entries after it, whole or cut: never acknowledged */
} eh_wal_segment;
/** Reads and checks one. errors: EH_CORRUPT with the file and the place */
EH_MUST_USE eh_code eh_wal_segment_read(int folder, const char *name, eh_wal_segment *segment_out, eh_error *error);
void eh_wal_segment_dispose(eh_wal_segment *segment);
/** Names of the segments, by their base. Removes what a cut-off start of a segment left when `clean`. */
EH_MUST_USE eh_code eh_wal_segments(int folder, bool clean, uint64_t bases_out[16], size_t *count_out, eh_error *error);
void eh_wal_segment_name(uint64_t base, char name_out[24]);

/* ---- tiles (tiles.c, tile_reader.c) ------------------------------------------------------------------------------------------------ */

enum { EH_TILE_WIDTH = 256, EH_TILE_LEVELS_MAX = 8, EH_TILES_UNSYNCED_MAX = 64 };

/** "tile/<L>/<N>" or "tile/<L>/<N>.p/<W>"; level -1: "tile/entries/...". width 256: full. */
void eh_tile_path(int level, uint64_t number, uint32_t width, char out[EH_LEDGER_PATH_BYTES_MAX]);

/** Makes tiles and bundles out of entries, in order. */
typedef struct {
    int folder;
    uint64_t size;
    uint32_t widths[EH_TILE_LEVELS_MAX];   /* hashes in the tile that is being filled */
    uint32_t written[EH_TILE_LEVELS_MAX];  /* width of it that is on the disk */
    uint32_t bundle_written;
    eh_digest hashes[EH_TILE_LEVELS_MAX][EH_TILE_WIDTH];
    eh_buffer bundle;                      /* entries of the bundle that is being filled */
    char unsynced[EH_TILES_UNSYNCED_MAX][EH_LEDGER_PATH_BYTES_MAX];
    size_t unsynced_count;                 /* beyond the maximum: the file system is synced as a whole */
} eh_tiles;

/** Takes up a log of `size` entries whose tiles are in `folder`. errors: EH_CORRUPT */
EH_MUST_USE eh_code eh_tiles_open(int folder, uint64_t size, eh_tiles **tiles_out, eh_error *error);
void eh_tiles_close(eh_tiles **tiles);
void eh_tiles_edge(const eh_tiles *tiles, eh_tree_edge *edge_out);
EH_MUST_USE eh_code eh_tiles_add(eh_tiles *tiles, eh_view entry, const eh_digest *leaf, eh_error *error);
/** Writes the tiles and the bundle that are not full, as of now. */
EH_MUST_USE eh_code eh_tiles_write_partial(eh_tiles *tiles, eh_error *error);
/** Makes all that was written durable. */
EH_MUST_USE eh_code eh_tiles_sync(eh_tiles *tiles, eh_error *error);
/** Notes a file that was written beside the tiles, for eh_tiles_sync. */
void eh_tiles_note(eh_tiles *tiles, const char *path);

/** Takes the first entry off a bundle; false at its end or when it is cut. */
EH_MUST_USE bool eh_bundle_next(eh_view *rest, eh_view *entry_out);

/** Reads hashes out of the tiles of a log of `size` entries; keeps the last few tiles. */
typedef struct {
    int folder;
    uint64_t size;
    struct {
        uint32_t width;
        uint32_t level;
        uint64_t number;
        eh_digest hashes[EH_TILE_WIDTH];
    } kept[8];
    uint32_t next;
} eh_tile_reader;
eh_code eh_tile_reader_read(void *context, uint32_t level, uint64_t index, eh_digest *hash_out, eh_error *error);
/** The bytes of one entry, out of its bundle. */
EH_MUST_USE eh_code eh_entry_get(int folder, uint64_t size, uint64_t index, eh_arena *arena, eh_view *entry_out, eh_error *error);

/* ---- people and openings (people.c, openings.c) ------------------------------------------------------------------------------------- */

typedef struct eh_persons eh_persons;
EH_MUST_USE eh_code eh_persons_open(const eh_folders *folders, eh_store_mode mode, eh_persons **people_out, eh_error *error);
void eh_persons_close(eh_persons **people);
/** Finds the person, or makes them a key when `entropy_make` is not NULL. number 0: not there. Made keys are durable after eh_persons_save. */
EH_MUST_USE eh_code eh_persons_find(eh_persons *people, const uint8_t pseudonym[16], const eh_entropy *const *entropy_make,
                                   eh_person_keys *keys_out, eh_error *error);
EH_MUST_USE eh_code eh_persons_save(eh_persons *people, eh_error *error);
EH_MUST_USE eh_code eh_persons_key(eh_persons *people, uint64_t number, eh_person_keys *keys_out, eh_error *error);
typedef struct {
    bool there;
    uint64_t number, size_before; /* of the person; of the log when it began */
    uint8_t id[16];               /* random */
    char reason[33];
} eh_erasure;
/** Destroys the key and notes the erasure as not done yet, in one durable step. */
EH_MUST_USE eh_code eh_persons_erase(eh_persons *people, const uint8_t pseudonym[16], const eh_erasure *erasure, eh_error *error);
/** Notes an erasure of a number without a key as not done yet. */
EH_MUST_USE eh_code eh_persons_erasing_note(eh_persons *people, const eh_erasure *erasure, eh_error *error);
EH_MUST_USE eh_code eh_persons_erasure_next(eh_persons *people, eh_erasure *erasure_out, eh_error *error);
/** Is this number's key destroyed, and its erasure not done yet? */
EH_MUST_USE eh_code eh_persons_erasing(eh_persons *people, uint64_t number, bool *erasing_out, eh_error *error);
EH_MUST_USE eh_code eh_persons_erasure_done(eh_persons *people, uint64_t number, eh_error *error);
EH_MUST_USE eh_code eh_persons_erased(eh_persons *people, const uint8_t pseudonym[16], bool *erased_out, eh_error *error);
/** The last number that was given, and: numbers up to this one are never given again. */
EH_MUST_USE eh_code eh_persons_last(eh_persons *people, uint64_t *number_out, eh_error *error);
EH_MUST_USE eh_code eh_persons_raise(eh_persons *people, uint64_t number, eh_error *error);
EH_MUST_USE eh_code eh_persons_counts(eh_persons *people, uint64_t *people_out, uint64_t *erased_out, eh_error *error);
eh_store *eh_persons_store(eh_persons *people);

typedef struct eh_openings eh_openings;
EH_MUST_USE eh_code eh_openings_open(const eh_folders *folders, eh_store_mode mode, eh_openings **openings_out, eh_error *error);
void eh_openings_close(eh_openings **openings);
eh_store *eh_openings_store(eh_openings *openings);
/** Inside a transaction; one that is there already stays as it is. */
EH_MUST_USE eh_code eh_openings_put(eh_openings *openings, uint64_t index, uint64_t person, eh_view sealed, eh_error *error);
typedef struct {
    bool there, erased;
    uint64_t person;
    uint64_t erasure; /* index of the entry that says so */
    eh_view sealed;   /* borrowed until the next call */
} eh_opening;
EH_MUST_USE eh_code eh_openings_get(eh_openings *openings, uint64_t index, eh_opening *opening_out, eh_error *error);
/** Walks all openings from `index` on, in order: the next one, or there = false. */
EH_MUST_USE eh_code eh_openings_walk(eh_openings *openings, uint64_t *index_out, eh_opening *opening_out, eh_error *error);
EH_MUST_USE eh_code eh_openings_person(eh_openings *openings, uint64_t person, size_t count_max, uint64_t *indexes_out, size_t *count_out,
                                       eh_error *error);
EH_MUST_USE eh_code eh_openings_erase(eh_openings *openings, uint64_t person, uint64_t erasure, eh_error *error);
/** One after the other, every person that there are openings of; 0 after the last one. */
EH_MUST_USE eh_code eh_openings_next_person(eh_openings *openings, uint64_t *person_out, eh_error *error);
/** Ends what eh_openings_get and eh_openings_walk hold open: an older view of the file. */
void eh_openings_release(eh_openings *openings);
EH_MUST_USE eh_code eh_openings_count(eh_openings *openings, uint64_t *count_out, eh_error *error);

/* ---- keys (keys.c) --------------------------------------------------------------------------------------------------------------------- */

enum { EH_SIGNERS_MAX = 4, EH_SETTLING_MAX = 4 };

typedef struct {
    eh_signer signers[EH_SIGNERS_MAX]; /* the newest first */
    size_t count;
} eh_signers;
EH_MUST_USE eh_code eh_signers_load(const eh_folders *folders, eh_signers *signers_out, eh_error *error);
EH_MUST_USE eh_code eh_signers_save(const eh_folders *folders, const eh_signers *signers, eh_error *error);
void eh_signers_wipe(eh_signers *signers);
EH_MUST_USE eh_code eh_secrets_load(const eh_folders *folders, eh_ledger_secrets *secrets_out, eh_error *error);
EH_MUST_USE eh_code eh_secrets_make(const eh_folders *folders, const eh_entropy *entropy, eh_error *error);
/** public/vkey: the newest key of the log, one line; public/vkeys: every key that signs or has signed. */
EH_MUST_USE eh_code eh_vkeys_write(const eh_folders *folders, const eh_signers *signers, eh_error *error);
EH_MUST_USE eh_code eh_vkeys_read(const eh_folders *folders, eh_verifiers *verifiers, eh_error *error);
EH_MUST_USE eh_code eh_witnesses_read(const eh_folders *folders, eh_verifiers *verifiers, eh_error *error);

/** The published checkpoint: its bytes, and what it says, signed by a key of public/vkeys. */
typedef struct {
    eh_buffer bytes;
    eh_note note;
    eh_checkpoint checkpoint;
    eh_note_trust trust;
} eh_published;
EH_MUST_USE eh_code eh_published_read(const eh_folders *folders, eh_published *published_out, eh_error *error);
void eh_published_dispose(eh_published *published);

/* ---- the writer (ledger.c, writer.c, segment.c, publisher.c, recovery.c) ----------------------------------------------------------------------------- */

/** A caller's entries on their way to the disk. Lives on the caller's stack. */
typedef struct eh_append {
    struct eh_append *next;
    const eh_ledger_entry *entries;
    size_t count;
    size_t bytes;
    eh_ledger_receipt *receipts;
    bool done;
    eh_code code;
    eh_error error;
} eh_append;

/** What one sync made durable, on its way to the public folder. */
typedef struct eh_batch {
    struct eh_batch *next;
    char *bytes; /* frames, ended by the commit */
    size_t len, capacity;
    eh_log_state state;
    bool settles; /* a new segment begins after it: the older ones can go when it is published */
} eh_batch;

typedef struct {
    uint32_t slots_count;
    struct eh_person_slot *slots;
} eh_person_cache;

struct eh_ledger {
    eh_ledger_options options;
    eh_folders folders;
    eh_ledger_secrets secrets;
    eh_signers signers; /* under `lock` */
    eh_view origin;     /* in signers or in name */
    char name[EH_KEY_NAME_BYTES_MAX + 1];
    int lock_descriptor;

    /* the write side: one thread at a time, the one that `leads` */
    eh_persons *people;
    eh_person_cache cache;
    eh_tree_edge edge;
    int segment; /* descriptor */
    uint64_t segment_bytes, segment_room; /* what is written of it, and up to where there are zeros */
    uint64_t room_step;
    int64_t seconds;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    bool leads;
    eh_append *waiting_first, *waiting_last;
    eh_batch *batches_first, *batches_last;
    size_t batches_bytes;
    eh_batch *idle; /* published, their memory free for the next ones */
    size_t idle_bytes;
    eh_log_state committed, published;
    bool publish_wanted, closing;
    uint32_t settling; /* segments that can go once the publisher has come that far */
    uint64_t spare_bytes; /* of the file wal/spare, all zeros and ready to be the next segment; 0: there is none */
    eh_code broken;
    eh_error broken_error;

    /* the publishing thread */
    pthread_t publisher;
    bool publisher_runs;
    eh_tiles *tiles;
    eh_openings *openings;

    pthread_mutex_t reading; /* the two below */
    eh_persons *people_reader;
    eh_openings *openings_reader;
};

/** Becomes the one thread that writes. errors: what broke the ledger */
EH_MUST_USE eh_code eh_lead(eh_ledger *ledger, eh_error *error);
void eh_lead_end(eh_ledger *ledger);
/** Stops the ledger for good; the first reason stays. Under `lock`. */
void eh_break(eh_ledger *ledger, const eh_error *error);
/** Appends as leader, internal kinds too. */
EH_MUST_USE eh_code eh_append_leading(eh_ledger *ledger, const eh_ledger_entry *entry, eh_ledger_receipt *receipt_out, eh_error *error);
/** Forgets the keys of people that are in memory, as leader. */
void eh_person_forget_all(eh_ledger *ledger);
/** Writes at the end of the segment and syncs it, as leader. After a failure the ledger must stop. */
EH_MUST_USE eh_code eh_segment_write(eh_ledger *ledger, eh_view bytes, eh_error *error);
/** Lets the segments before `base` go, as publisher: all that they say is on the disk in another form. Keeps a full one as wal/spare. */
EH_MUST_USE eh_code eh_segments_remove(eh_ledger *ledger, uint64_t base, eh_error *error);
void eh_segment_close(eh_ledger *ledger);
/** Begins a new segment of the WAL, as leader. Waits when EH_SETTLING_MAX older ones could not be let go yet. */
EH_MUST_USE eh_code eh_segment_turn(eh_ledger *ledger, eh_error *error);
/** Returns when at most `left` segments wait to be let go. */
EH_MUST_USE eh_code eh_settled_wait(eh_ledger *ledger, uint32_t left, eh_error *error);
/** An empty batch, with the memory of an earlier one if there is any. NULL: no memory */
eh_batch *eh_batch_open(eh_ledger *ledger);
/** Frees it. */
void eh_batch_close(eh_batch *batch);
/** Hands a batch to the publisher; waits while too much is on the way. Takes `batch`. */
void eh_publish_later(eh_ledger *ledger, eh_batch *batch);
EH_MUST_USE eh_code eh_publisher_start(eh_ledger *ledger, eh_error *error);
void eh_publisher_stop(eh_ledger *ledger);
/** Forgets what waits for the publisher, which does not run. */
void eh_batches_drop(eh_ledger *ledger);
EH_MUST_USE eh_code eh_checkpoint_write(eh_ledger *ledger, const eh_log_state *state, eh_error *error);
EH_MUST_USE eh_code eh_recover(eh_ledger *ledger, eh_error *error);
EH_MUST_USE eh_code eh_erasures_finish(eh_ledger *ledger, uint64_t *erased_out, eh_ledger_receipt *receipt_out, eh_error *error);
/** The handles for reading, opened at the first use. Under `reading`. people_reader stays NULL when there are no keys. */
EH_MUST_USE eh_code eh_readers_open(eh_ledger *ledger, eh_error *error);
eh_instant eh_ledger_now(const eh_ledger *ledger);

#endif
