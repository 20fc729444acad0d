/**
 * One person, in all rooms: by what they are known, what is kept about them, and how it goes.
 */
#ifndef EH_JOURNEY_PEOPLE_H
#define EH_JOURNEY_PEOPLE_H

#include "data/workspace.h"
#include "ledger/ledger.h"
#include "rights/person.h"
#include "store/store.h"

/** For eh_rights_ledger, with an eh_ledger as the context: what is said goes into the ledger. NULL: another process writes it now, and what is said waits. */
EH_MUST_USE eh_code eh_rights_into_ledger(void *ledger, const eh_rights_entry *entries, size_t count, char (*ids_out)[EH_RIGHTS_ENTRY_ID_BYTES],
                                          eh_error *error);

/** By what a person is known; each once. Texts live in the arena. */
typedef struct {
    const char *const *keys;  /* the key that was asked for, the person's own, other names */
    size_t keys_count;
    const char *const *marks; /* the keys, e-mail addresses and telephone numbers */
    size_t marks_count;
} eh_person_marks;
EH_MUST_USE eh_code eh_person_marks_read(eh_rights *rights, eh_view key, eh_arena *arena, eh_person_marks *marks_out, eh_error *error);

/**
 * For audits: who has opted out of AI is a group of their own. states_out[i] is for keys[i]; *known_out is false, and states_out is left alone, where nobody has ever
 * said anything.
 */
EH_MUST_USE eh_code eh_ai_membership(const eh_workspace_model *model, const char *const *keys, size_t keys_count, eh_instant at, eh_ai_state *states_out,
                                     bool *known_out, eh_error *error);
/** The group's name in an audit: "opted out", "not opted out", "may not be scored"; and that of the attribute. */
const char *eh_ai_group_name(eh_ai_state state);
#define EH_AI_GROUPS "ai_opt_out"

/* ---- what is kept about them --------------------------------------------------------------------------------------------------------- */

typedef struct eh_person_items eh_person_items;
typedef struct {
    const eh_workspace_model *model;
    eh_ledger *ledger;   /* the writer's, or NULL: it is opened for reading when there is one */
    const eh_person_marks *marks;
    /** Tables of rooms above this one: eh_person_item_add for each row. NULL: none. */
    eh_code (*also)(eh_store *store, const eh_person_marks *marks, eh_person_items *list, eh_error *error);
} eh_person_items_spec;
EH_MUST_USE eh_code eh_person_item_add(eh_person_items *list, const char *part, const eh_buffer *json, eh_error *error);
/**
 * Adds to a person that was read, before an export: every decision about them with its reasons, facts, scores and contributions (also of plans that have not
 * gone out), messages, outcomes, feedback. A decision that cannot be read is named with the reason.
 */
EH_MUST_USE eh_code eh_person_items_read(const eh_person_items_spec *spec, eh_person *person, eh_arena *arena, eh_error *error);

/* ---- where the shop's own files hold them -------------------------------------------------------------------------------------------- */

typedef struct {
    const char *source, *files; /* the name in evenhand.yaml; its paths */
    uint64_t rows_count;        /* that hold one of the marks as the content of a cell */
    const char *problem;        /* why it could not be read; NULL: was read */
} eh_person_place;
/** One place per source that is read from files. cost: one read of each */
EH_MUST_USE eh_code eh_person_places(eh_workspace *workspace, const eh_person_marks *marks, eh_arena *arena, const eh_person_place **places_out,
                                     size_t *count_out, eh_error *error);

/** Other files below the workspace's folder that hold a mark: send lists, exports, reports put aside. Hidden folders are not looked into. */
EH_MUST_USE eh_code eh_person_files(const char *folder, const eh_person_marks *marks, eh_arena *arena, const char *const **files_out, size_t *count_out,
                                    eh_error *error);

/* ---- forgetting ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const eh_workspace_model *model;
    eh_rights *rights;
    eh_ledger *ledger;   /* NULL: there is none */
    eh_view key;
    eh_instant now;
    /** Tables of rooms above this one, within a transaction; *rows_out: how many rows were theirs. NULL: none. */
    eh_code (*also)(eh_store *store, const eh_person_marks *marks, uint64_t *rows_out, eh_error *error);
    /** Lets go of what reads the database: it is rebuilt without free pages when nobody does. NULL: nothing to let go. */
    void (*let_go)(void *context);
    void *context;
} eh_forget_spec;

typedef struct {
    eh_erased person;             /* what rights had, and who must be told */
    uint64_t entries;             /* of the ledger, unreadable from now on */
    uint64_t others;              /* rows that `also` told of */
    uint64_t feedback;            /* pieces without a person and words from now on */
    uint64_t decisions;           /* of plans: traces, messages, outcomes */
    uint64_t reports;             /* kept files in which they were named */
    eh_person_marks marks;        /* who it was, for looking through the shop's own files */
    const char *const *left;      /* files of the state that hold a mark still, which nobody expected: to be looked at */
    size_t left_count;
} eh_forgotten;

/**
 * Every room forgets a person: ledger, vault, feedback, decisions, kept reports, last of all rights, where a keyed hash stays. Erasing again does no harm, and
 * ends what was cut off. errors: EH_UNAVAILABLE while somebody reads the database for seconds
 */
EH_MUST_USE eh_code eh_person_forget(const eh_forget_spec *spec, eh_arena *arena, eh_forgotten *forgotten_out, eh_error *error);

/** Names of the plans that have not gone out and hold a decision about the person. */
EH_MUST_USE eh_code eh_person_plans_waiting(const eh_workspace_model *model, const eh_person_marks *marks, eh_arena *arena, const char *const **names_out,
                                            size_t *count_out, eh_error *error);

/** Who was erased is left out of the people's table: sets left_out. The list must live as long as the options are used. */
void eh_people_without_erased(eh_people_options *options, eh_erased_list *list);

#endif
