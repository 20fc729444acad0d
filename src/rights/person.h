/**
 * What a person can ask of the shop: to see, to take along, to correct, to erase; and the clock that runs while they wait.
 */
#ifndef EH_RIGHTS_PERSON_H
#define EH_RIGHTS_PERSON_H

#include "base/json.h"
#include "data/data.h"
#include "rights/rights.h"

/* ---- one person, whole ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_act act;               /* with its wording */
    char wording_sha256[65];  /* "" without a wording */
    int64_t recorded_s;
    const char *ledger;       /* id of its entry in the ledger; NULL: none yet */
} eh_person_act;

typedef struct {
    const char *kind, *value; /* "email", "phone" */
} eh_person_contact;

typedef struct {
    const char *field, *value;
    int64_t at_s;
} eh_person_correction;

typedef struct {
    const char *recipient, *what;
    int64_t at_s;
} eh_person_disclosure;

/** What other rooms keep about the person, one object of JSON each; what an export has brought from another workspace is kept, to be taken along again. */
typedef struct {
    const char *part; /* one of eh_person_parts */
    const char *json; /* on one line */
} eh_person_item;
enum { EH_PERSON_PARTS_COUNT = 4 };
/** "decisions", "messages", "outcomes", "feedback": lists of the export. */
extern const char *const eh_person_parts[EH_PERSON_PARTS_COUNT];

/** A notice to a recipient that waits, or was sent. */
typedef struct {
    int64_t notice;
    const char *recipient, *what, *detail;
    int64_t at_s, sent_s; /* sent_s 0: waits */
} eh_person_notice;

typedef enum {
    EH_REQUEST_ACCESS,
    EH_REQUEST_PORTABILITY,
    EH_REQUEST_CORRECTION,
    EH_REQUEST_ERASURE,
    EH_REQUEST_OBJECTION,
    EH_REQUEST_REVIEW,    /* of a decision, by a person */
    EH_REQUEST_COMPLAINT,
    EH_REQUESTS_COUNT
} eh_request_kind;

typedef struct {
    int64_t request;
    const char *key;          /* NULL: erased since */
    eh_request_kind kind;
    int64_t received_s, due_s, closed_s; /* closed_s 0: open */
    const char *outcome;      /* NULL: none yet */
} eh_request;

/** All that this room knows of a person. Lives in the arena; lists in the order of recording. */
typedef struct {
    bool found;               /* false: nothing was ever recorded; only key is filled */
    const char *key;
    int64_t since_s;
    const char *const *aliases;
    size_t aliases_count;
    const eh_person_contact *contacts;
    size_t contacts_count;
    const eh_person_act *acts;
    size_t acts_count;
    const eh_person_correction *corrections;
    size_t corrections_count;
    const eh_person_disclosure *disclosures;
    size_t disclosures_count;
    const eh_person_notice *notices;
    size_t notices_count;
    const eh_request *requests;
    size_t requests_count;
    const eh_person_item *items; /* read: those that were brought; before an export the caller adds what the rooms here keep */
    size_t items_count;
} eh_person;

/** By key or alias. */
EH_MUST_USE eh_code eh_person_read(eh_rights *rights, eh_view key, eh_arena *arena, eh_person *person_out, eh_error *error);
/** What was known under `from` belongs to `into` from now on: as an import does it, towards "no". `from` stays another name. `results_out`: one per act of
 *  `from`, in their order, with what became of it; in the arena. errors: EH_NOT_FOUND, EH_CONFLICT for the same person twice */
EH_MUST_USE eh_code eh_person_merge(eh_rights *rights, eh_view from, eh_view into, int64_t now_s, eh_arena *arena,
                                    const eh_said_result **results_out, size_t *count_out, eh_error *error);

/** A number that grows with every correction of anybody: what was read of people before it is older than those that come later. */
EH_MUST_USE eh_code eh_corrections_count(eh_rights *rights, int64_t *count_out, eh_error *error);
/** Keys (other names too) of people of whom something was put right since: after that number, or later than that moment. Sorted by bytes. */
EH_MUST_USE eh_code eh_corrected_since(eh_rights *rights, int64_t count, int64_t at_s, eh_arena *arena, const char *const **keys_out, size_t *keys_count_out,
                                       eh_error *error);

/* ---- taking along -------------------------------------------------------------------------------------------------------------- */

/** The members of the export that this room owns (docs/person.schema.json), into an object that is open. */
void eh_person_json(eh_rights *rights, const eh_person *person, int64_t now_s, eh_json_writer *json);
/** The same as a table: one row per thing, the first column says what it is. */
void eh_person_csv(const eh_person *person, eh_buffer *out);

/* ---- receipts --------------------------------------------------------------------------------------------------------------------- */

/** The shop, as the receipt names it; NULL: not told. */
typedef struct {
    const char *name, *address, *contact, *website, *country, *language;
} eh_receipt_shop;

/**
 * A consent receipt of the person: JSON-LD by the Data Privacy Vocabulary's schema for ISO/IEC TS 27560, a full copy of the record, signed with Ed25519
 * over its canonical form (RFC 8785) without the member "proof".
 */
EH_MUST_USE eh_code eh_receipt_write(eh_rights *rights, const eh_person *person, const eh_receipt_shop *shop, int64_t now_s, eh_buffer *out,
                                     eh_error *error);
/** The key that signs receipts here, as PEM. */
void eh_receipt_key(const eh_rights *rights, eh_buffer *pem_out);

typedef struct {
    const char *person, *shop, *created; /* as the receipt says; in the arena */
} eh_receipt_facts;
/**
 * Is this a receipt that the holder of `pem` signed? Needs no workspace. errors: EH_INPUT when it is no receipt or no key; EH_DENIED when it was changed, or
 * signed with another key
 */
EH_MUST_USE eh_code eh_receipt_check(eh_view text, const char *name, eh_view pem, eh_arena *arena, eh_receipt_facts *facts_out, eh_error *error);
/** RFC 8785 without numbers, which are refused; the member `without` of the root is left out (NULL: none). */
EH_MUST_USE eh_code eh_json_canonical(eh_json_value root, const char *without, eh_buffer *out, eh_error *error);

/* ---- importing ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *path;            /* CSV of another system, or an export of one person (JSON or CSV) */
    const char *key_column;      /* NULL: told by the columns */
    const char *wording, *version, *language; /* what people agreed to, where the file does not say; NULL: not known */
    const char *jurisdiction;    /* where the file does not say; NULL: not known */
    int64_t now_s;
    const eh_engine_options *engine; /* NULL: as usual; as_text is set by the import */
} eh_import_options;

/** A conflict, resolved towards "no". */
typedef struct {
    uint64_t row;                /* of the file, from 1, without the header */
    const char *key;
    eh_purpose purpose;
    eh_channel channel;
    eh_effect effect;            /* EH_EFFECT_KEPT_NO: the file's yes does not count; EH_EFFECT_TURNED_NO: the file's no ended a yes */
    uint64_t record;             /* of the act that was imported */
} eh_import_conflict;

typedef struct {
    uint64_t row;
    const char *what;
} eh_import_problem;

typedef struct {
    const char *system;          /* "Shopify", "Klaviyo", "Mailchimp", "table", "Evenhand" */
    uint64_t rows_count;
    uint64_t yes_count, no_count, unknown_count; /* things said in the file */
    uint64_t recorded_count, known_count;        /* acts written; acts that were on record already */
    uint64_t without_wording_count;              /* of the yes that were written */
    uint64_t suppressed_count;                   /* rows about people who were erased: nothing was recorded */
    bool no_is_vague;                            /* the system's "no" does not tell never from withdrawn */
    const eh_import_conflict *conflicts;         /* the first EH_IMPORT_LISTED_MAX */
    size_t conflicts_listed;
    uint64_t conflicts_count;
    const eh_import_problem *problems;           /* the first EH_IMPORT_LISTED_MAX */
    size_t problems_listed;
    uint64_t problems_count;
} eh_import_report;

/**
 * Imports what other systems know of people's consent, in transactions of a few thousand rows (what was written stays when a later one fails). Towards
 * "no": see eh_person_merge. An export of ours brings a person back as they were when nothing is known of them here; else it is an import like any other.
 * The report lives in the arena.
 */
EH_MUST_USE eh_code eh_import_consent(eh_rights *rights, const eh_import_options *options, eh_arena *arena, eh_import_report *report_out,
                                      eh_error *error);

/* ---- correcting, telling others ---------------------------------------------------------------------------------------------------- */

/** Records that data of the person went to a recipient; the same twice is once. */
EH_MUST_USE eh_code eh_person_disclose(eh_rights *rights, eh_view key, const char *recipient, const char *what, int64_t now_s, eh_error *error);
/**
 * A correction: "email" and "phone" replace the contact, others stand beside the shop's data until its source is right. Every recipient that
 * data of the person went to gets a notice in the outbox. *notices_out: how many.
 */
EH_MUST_USE eh_code eh_person_correct(eh_rights *rights, eh_view key, const char *field, const char *value, int64_t now_s, size_t *notices_out,
                                      eh_error *error);
/** Notices that wait, oldest first. */
EH_MUST_USE eh_code eh_notices_waiting(eh_rights *rights, eh_arena *arena, const eh_person_notice **notices_out, size_t *count_out,
                                       eh_error *error);
EH_MUST_USE eh_code eh_notice_sent(eh_rights *rights, int64_t notice, int64_t now_s, eh_error *error);

/* ---- erasing --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    bool found;
    const char *const *identifiers; /* key, aliases, contacts: what else is to be looked for; in the arena, to be wiped by the caller */
    size_t identifiers_count;
    const char *const *recipients;  /* who must be told, and by whom: they are not on record any more */
    size_t recipients_count;
    size_t acts_count;
} eh_erased;

/**
 * Erases: acts, contacts, corrections, disclosures, notices; requests stay without the person. What is left is a keyed hash of each identifier on the
 * suppression list. The file is scrubbed, so that no free page holds what is gone. A key that is not known is put on the list all the same.
 * errors: EH_UNAVAILABLE while a reader holds an older view of the file (what was erased is erased; scrub again)
 */
EH_MUST_USE eh_code eh_person_erase(eh_rights *rights, eh_view key, int64_t now_s, eh_arena *arena, eh_erased *erased_out, eh_error *error);

/**
 * The people of these rights whose keys are on an older list of who was erased: those whom a restored backup has brought back. One key per person; in the
 * arena. cost: a keyed hash for everybody
 */
EH_MUST_USE eh_code eh_people_on_list(eh_rights *rights, eh_erased_list *list, eh_arena *arena, const char *const **keys_out, size_t *count_out,
                                      eh_error *error);

/* ---- requests and their time --------------------------------------------------------------------------------------------------------- */

const char *eh_request_kind_name(eh_request_kind kind);
bool eh_request_kind_find(eh_view name, eh_request_kind *kind_out);
/** One month by the calendar (GDPR 12(3)); 30 days for a complaint (UK DPA 164A). */
int64_t eh_request_due(eh_request_kind kind, int64_t received_s);
EH_MUST_USE eh_code eh_request_open(eh_rights *rights, eh_view key, eh_request_kind kind, int64_t received_s, eh_request *request_out,
                                    eh_error *error);
/** Closes the person's open requests of a kind, or one by number. errors: EH_NOT_FOUND for a number that is not open */
EH_MUST_USE eh_code eh_requests_close(eh_rights *rights, eh_view key, eh_request_kind kind, int64_t now_s, const char *outcome,
                                      size_t *closed_out, eh_error *error);
EH_MUST_USE eh_code eh_request_close(eh_rights *rights, int64_t request, int64_t now_s, const char *outcome, eh_error *error);
/** All that are open, the most urgent first. */
EH_MUST_USE eh_code eh_requests_waiting(eh_rights *rights, eh_arena *arena, const eh_request **requests_out, size_t *count_out, eh_error *error);

#endif
