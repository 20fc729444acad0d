/** The state of checking a ledger, shared by verify.c and verify_tree.c. */
#ifndef EH_LEDGER_VERIFY_INT_H
#define EH_LEDGER_VERIFY_INT_H

#include "ledger/ledger_int.h"

enum { EH_ROOTS_MAX = 4096, EH_VERIFY_KEYS_COUNT = 8192 };

/** A root that the log must have had at a size, and who says so. */
typedef struct {
    uint64_t size;
    eh_digest root;
    const char *says;
    bool met;
} eh_known_root;

/** An entry of kind "erasure": how many entries it says became unreadable, and how many did. */
typedef struct {
    uint64_t index, declared;
} eh_known_erasure;

typedef struct {
    const eh_ledger_verify_options *options;
    eh_folders folders;
    eh_arena *arena;
    eh_ledger_verification out;
    eh_published published;

    eh_known_root *roots; /* by size */
    size_t roots_count;
    eh_known_erasure *erasures; /* by index */
    size_t erasures_count, erasures_capacity;

    eh_ledger_secrets secrets;
    eh_persons *people;     /* NULL: no keys */
    eh_openings *openings; /* NULL: public_only, or not there */
    uint64_t opening_index; /* the next one of the walk */
    eh_opening opening;
    uint64_t unread_index;  /* the last entry that is no record: its opening belongs to nobody either */
    eh_person_keys *keys;  /* EH_VERIFY_KEYS_COUNT slots */

    eh_tree_edge edge;
    eh_digest hashes[EH_TILE_LEVELS_MAX][EH_TILE_WIDTH];
    uint32_t widths[EH_TILE_LEVELS_MAX];
    char at_last[24];
    bool at_told;
} eh_verifying;

/** Notes what is wrong; beyond EH_LEDGER_FINDINGS_MAX only the number grows. */
void eh_finding(eh_verifying *state, const char *format, ...) EH_PRINTF(2, 3);
/** Goes through all entries: tiles, roots, leaves, openings. */
EH_MUST_USE eh_code eh_verify_tree(eh_verifying *state, eh_error *error);

#endif
