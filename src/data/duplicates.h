/**
 * People who are in twice: found by their e-mail address, telephone number, name and address, shown with the reasons, and merged only when a
 * person has decided so. Decisions stand in duplicates.yaml beside evenhand.yaml; `repair` merges by them.
 */
#ifndef EH_DATA_DUPLICATES_H
#define EH_DATA_DUPLICATES_H

#include "data/workspace.h"

#define EH_DUPLICATES_FILE "duplicates.yaml"

/* ---- comparing ----------------------------------------------------------------------------------------------------------------- */

/** Lower case, no blanks, without what follows a + and, at Google, without dots: one text per mailbox. false: no address. `out` has 320 bytes. */
bool eh_email_normalise(const char *text, char out[320]);
/** E.164: "+4930123456". `country` (ISO 3166, may be NULL) is for numbers without a country code. false: no number. `out` has 20 bytes. */
bool eh_phone_normalise(const char *text, const char *country, char out[20]);
/** Lower case, without marks, titles and signs, words in alphabetical order. `out` has 256 bytes. */
void eh_name_normalise(const char *text, char out[256]);
/** The same for a postal address, with street, road and the like shortened and words in their order. */
void eh_address_normalise(const char *text, char out[256]);
/** Jaro-Winkler similarity (Winkler 1990; prefix weight 0.1, at most 4) of bytes, in [0, 1]. */
double eh_jaro_winkler(const char *a, const char *b);

/* ---- finding --------------------------------------------------------------------------------------------------------------------- */

enum {
    EH_SAME_EMAIL = 1,
    EH_SAME_PHONE = 2,
    EH_NEAR_NAME = 4,    /* similarity 0.90 and more */
    EH_NEAR_ADDRESS = 8, /* similarity 0.90 and more, house numbers equal */
    EH_SAME_POSTCODE = 16,
    EH_OTHER_NAME = 32,  /* same e-mail or telephone, but the names differ: a family? */
    EH_SAME_KEY = 64,    /* the key itself is in twice */
};

typedef enum { EH_PAIR_OPEN, EH_PAIR_SAME, EH_PAIR_DIFFERENT } eh_pair_decision;

typedef struct {
    const char *keys[2];      /* in bytewise order */
    uint32_t reasons;         /* EH_SAME_EMAIL | ... */
    bool exact;               /* same e-mail or telephone; else near */
    double name_similarity;   /* NaN: not compared */
    double address_similarity;
    eh_pair_decision decision;
} eh_duplicate_pair;

typedef struct {
    const eh_duplicate_pair *pairs; /* exact ones first, then by similarity, then by key */
    size_t pairs_count;
    size_t people_count;
    size_t merges;            /* decisions that two are one person, whether or not the search finds them */
    size_t blocks_skipped;    /* groups of more than EH_DUPLICATE_BLOCK_MAX people with the same beginning, not compared with each other */
} eh_duplicates;

/** Compares the people of a workspace by the columns that `duplicates:` names. errors: EH_INPUT when it names none, or the people's source is a query */
EH_MUST_USE eh_code eh_duplicates_find(eh_workspace *workspace, const eh_engine_options *options, eh_arena *arena, eh_duplicates *duplicates_out, eh_error *error);

/**
 * The same among the rows that an engine holds, by these columns of theirs. key: the column that names a person; NULL: the number of the row does,
 * from 1. country: of the shop, for telephone numbers; may be NULL. No decision is known.
 */
EH_MUST_USE eh_code eh_duplicates_find_rows(eh_engine *engine, const eh_duplicate_columns *columns, const char *key, const char *country, eh_arena *arena,
                                            eh_duplicates *duplicates_out, eh_error *error);
/** Why two look alike: "same e-mail address, names alike (0.97)". */
void eh_duplicate_why(const eh_duplicate_pair *pair, eh_buffer *out);

/* ---- deciding -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *keys[2];
    bool same;
    const char *keep;         /* one of the keys; NULL when not the same */
    const char *by, *on, *why;
} eh_duplicate_decision;

/** Reads duplicates.yaml; none there: none decided. errors: EH_INPUT with line and column, EH_CONFLICT when decisions contradict each other */
EH_MUST_USE eh_code eh_duplicate_decisions_read(eh_workspace *workspace, eh_arena *arena, const eh_duplicate_decision **decisions_out, size_t *count_out,
                                                eh_error *error);
/** The same from a file of that form, which must be there. */
EH_MUST_USE eh_code eh_duplicate_decisions_read_file(const char *path, eh_arena *arena, const eh_duplicate_decision **decisions_out, size_t *count_out,
                                                     eh_error *error);
/** Adds one to the file, which is replaced whole. */
EH_MUST_USE eh_code eh_duplicate_decide(eh_workspace *workspace, const eh_duplicate_decision *decision, eh_error *error);
/** The key that a person goes by after all merges: its own, or the one that is kept. */
const char *eh_duplicate_kept(const eh_duplicate_decision *decisions, size_t count, const char *key);

#endif
