/**
 * Reviews of a policy, and what differs between two versions: for the command line and the team pages.
 *
 * A review has evidence, which is collected here, findings and decisions, which people give, and two signers. Its record is one entry of
 * the ledger.
 */
#ifndef EH_JOURNEY_REVIEWS_H
#define EH_JOURNEY_REVIEWS_H

#include "base/json.h"
#include "ledger/ledger.h"
#include "policy/policy.h"

/* ---- decisions that were recorded (policy_records.c) ------------------------------------------------------------------------------ */

/** One recorded decision: its id, and facts as JSON. */
typedef struct {
    const char *id;
    eh_json_value facts;
} eh_policy_record;
/** The decisions of a workspace's ledger at which rules were asked, with what they were told. `each` as below. */
typedef eh_code (*eh_policy_record_take)(void *context, const eh_policy_record *record, eh_error *error);
EH_MUST_USE eh_code eh_policy_records_of_ledger(const char *folder, eh_policy_record_take each, void *context, eh_error *error);
/** Calls `each` for every decision of the ledger when `path` is the folder of a workspace; else for every line of a file of JSON lines ({"id": ..., "facts": {...}}, or an opening of the ledger with these in "payload"). */
EH_MUST_USE eh_code eh_policy_records_read(const char *path, eh_code (*each)(void *context, const eh_policy_record *record, eh_error *error),
                                           void *context, eh_error *error);

/* ---- two versions (policy_records.c) ------------------------------------------------------------------------------------------------ */

/** A rule that differs. */
typedef struct {
    const eh_rule *old, *new; /* NULL: it is not there */
    const char *what;         /* "removed", "added", or what changed: "effect", "condition", "cap", "words" */
} eh_rule_change;
/** The changes from one policy to another: first the rules of the old one in their order, then those that are new. */
EH_MUST_USE eh_code eh_policy_changes(const eh_policy *old, const eh_policy *new, eh_arena *arena, const eh_rule_change **changes_out, size_t *count_out,
                                      eh_error *error);

/* ---- a review (policy_reviews.c) ------------------------------------------------------------------------------------------------------ */

enum { EH_REVIEW_SIGNERS = 2, EH_REVIEW_ANSWERS_MAX = 100 };

typedef struct {
    const char *text, *owner, *due; /* due: "2027-01-31" */
} eh_review_decision;

/** What people say. All borrowed. */
typedef struct {
    const char *next;               /* the day by which the next review is due */
    const char *const *findings;
    size_t findings_count;
    eh_review_decision *decisions;
    size_t decisions_count;
    const char *const *signers;
    size_t signers_count;
} eh_review;

/** errors: EH_INPUT for a date that is none, a next review in the past, fewer than two signers or one who signs twice. */
EH_MUST_USE eh_code eh_review_check(const eh_review *review, eh_instant now, eh_error *error);
/** The same without the signers: a review that nobody has signed yet. */
EH_MUST_USE eh_code eh_review_check_unsigned(const eh_review *review, eh_instant now, eh_error *error);

typedef struct {
    const eh_policy *policy;
    const char *replay;             /* a file of recorded decisions as evidence; NULL: none */
    eh_instant now;
} eh_review_about;
/** Appends the record as JSON: the policy, evidence, findings, decisions, signers, the next date. */
EH_MUST_USE eh_code eh_review_write(const eh_review_about *about, const eh_review *review, eh_arena *arena, eh_buffer *out, eh_error *error);
/** Into the ledger as an entry "policy.review", under a signed checkpoint. */
EH_MUST_USE eh_code eh_review_keep(eh_ledger *ledger, eh_view record, char id_out[EH_LEDGER_ID_BYTES], eh_error *error);

#endif
