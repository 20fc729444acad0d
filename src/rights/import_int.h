/**
 * Private to this room: how the columns of other systems' exports are understood. Pure: no file, no clock, no disk.
 */
#ifndef EH_RIGHTS_IMPORT_INT_H
#define EH_RIGHTS_IMPORT_INT_H

#include "rights/person.h"
#include "rights/rights_int.h"

/** What a column of the file is for. */
typedef enum {
    EH_ROLE_KEY,
    EH_ROLE_EMAIL,
    EH_ROLE_PHONE,
    EH_ROLE_COUNTRY,
    EH_ROLE_REGION,
    EH_ROLE_SAID,     /* yes, no or unknown for a purpose and channel */
    EH_ROLE_SAID_NOT, /* the same upside down: an opt-out column */
    EH_ROLE_NO_IF_ANY,/* any content is a no: suppressions, the time of an unsubscription */
    EH_ROLE_YES_AT,   /* the time of a yes, which says yes by being there */
    EH_ROLE_AT,       /* when it was said */
    EH_ROLE_PURPOSE,  /* of a file with one thing said per row */
    EH_ROLE_CHANNEL,
    EH_ROLE_HOW,
    EH_ROLE_WORDING,
    EH_ROLE_VERSION,
    EH_ROLE_LANGUAGE,
    EH_ROLE_UNTIL,
    EH_ROLE_BIRTH,
    EH_ROLES_COUNT
} eh_role;

enum { EH_IMPORT_COLUMNS_MAX = 32, EH_IMPORT_ACTS_MAX = 24 };

typedef struct {
    const char *name;    /* of the column, as the file has it */
    eh_role role;
    eh_purpose purpose;  /* EH_ROLE_SAID and the like; EH_ROLE_AT: of which */
    eh_channel channel;
} eh_import_column;

/** How a file is read. */
typedef struct {
    const char *system;  /* "Shopify", "Klaviyo", "Mailchimp", "table" */
    eh_import_column columns[EH_IMPORT_COLUMNS_MAX];
    size_t columns_count;
    bool no_is_vague;    /* its "no" does not tell never from withdrawn */
} eh_import_map;

/** `key_column`: NULL or what the user names. errors: EH_INPUT when no column says anything, or nobody could be told by any; EH_NOT_FOUND */
EH_MUST_USE eh_code eh_import_map_make(const char *const *names, size_t names_count, const char *key_column, eh_import_map *map_out,
                                       eh_error *error);

/** What one row says. Texts are borrowed from the row, or are in `arena`. */
typedef struct {
    eh_view key, email, phone;  /* key empty: to be found by e-mail or phone */
    eh_act acts[EH_IMPORT_ACTS_MAX];
    bool time_known[EH_IMPORT_ACTS_MAX];
    size_t acts_count;
    uint32_t unknown_count;     /* cells that say "unknown" */
    const char *problem;        /* a cell that was not understood: what and why; NULL: none */
} eh_import_row;

typedef struct {
    const char *path;           /* for "how" */
    int64_t now_s;
    const char *wording, *version, *language; /* for a yes that does not bring its own; NULL: none */
    eh_jurisdiction jurisdiction;             /* where the row does not say */
} eh_import_context;

/** errors: EH_MEMORY. What is wrong with a row is in row_out->problem; no yes of such a row counts, a no does. */
EH_MUST_USE eh_code eh_import_row_read(const eh_import_map *map, const eh_import_context *context, uint64_t number, const eh_view *cells,
                                       eh_arena *arena, eh_import_row *row_out, eh_error *error);

/** Dates as exports write them: RFC 3339, "2026-05-01 10:00:00 +0200", "2026-05-01 10:00:00" and "2026-05-01" in UTC. */
bool eh_import_time_read(eh_view text, int64_t *at_out);

#endif
