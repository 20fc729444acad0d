/**
 * Reviews of a policy, and what differs between two versions: for the command line and the team pages.
 *
 * A review has evidence, which is collected here, findings and decisions, which people give, and two signers. Its record is one entry of
 * the ledger.
 */
#ifndef EH_JOURNEY_REVIEWS_H
#define EH_JOURNEY_REVIEWS_H

#include "base/json.h"
#include "feedback/feedback.h"
#include "ledger/ledger.h"
#include "policy/policy.h"

/* ---- decisions that were recorded (policy_records.c) ------------------------------------------------------------------------------ */

/** One recorded decision: its id, and facts as JSON. */
typedef struct {
    const char *id;
    eh_json_value facts;
} eh_policy_record;
typedef eh_code (*eh_policy_record_take)(void *context, const eh_policy_record *record, eh_error *error);
/** The decisions of a workspace's ledger at which rules were asked, with what they were told; `newest`: only among so many entries, 0: all. */
EH_MUST_USE eh_code eh_policy_records_of_ledger(const char *folder, uint64_t newest, eh_policy_record_take each, void *context, eh_error *error);
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
    const eh_feedback_theme *theme; /* of feedback, which called for the review; NULL: none */
    const char *change;             /* what it led to, for everybody who wrote on the theme; NULL or "": nothing to tell */
} eh_review;

/** errors: EH_INPUT for a date that is none, a next review in the past, fewer than two signers or one who signs twice. */
EH_MUST_USE eh_code eh_review_check(const eh_review *review, eh_instant now, eh_error *error);
/** The same without the signers: a review that nobody has signed yet. */
EH_MUST_USE eh_code eh_review_check_unsigned(const eh_review *review, eh_instant now, eh_error *error);

/* ---- its evidence (review_evidence.c) ------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_policy *policy;
    const char *replay;             /* a file of recorded decisions, or the folder of a workspace; NULL: the ledger of `folder` */
    const char *folder;             /* of the workspace; NULL: there is none, nor what follows */
    const char *state_folder;
    eh_store *store;                /* its evenhand.db; NULL: nobody has said anything yet */
    uint64_t newest;                /* looks only at so many entries of the ledger; 0: at all */
    eh_instant now;
} eh_review_about;

/** What a plan, an audit, a check or a campaign report of the workspace came to. */
typedef struct {
    const char *of;                 /* "plan" or "report" */
    const char *name;
    int64_t at_s;
    const char *verdict, *sentence; /* NULL: it says none */
} eh_review_verdict;

enum { EH_REVIEW_VERDICTS_MAX = 10 };

/** What was looked at. Lives in the arena. */
typedef struct {
    eh_policy_tests tests;
    bool tested;                    /* false: the policy may not run */
    bool replayed, of_ledger;       /* decisions were counted; they are of a ledger */
    char file_sha256[65];           /* of the file that they came from */
    uint64_t decisions, not_asked, whys[EH_POLICY_CAPPED + 1];
    uint64_t *decided;              /* per rule of the policy */
    bool of_workspace;              /* all below was looked at */
    int64_t since_s;                /* of the last review, or of the oldest entry that was looked at; 0: since the beginning */
    const char *last_review;        /* its entry in the ledger; NULL: none was found */
    uint64_t marketing_noes, ai_noes, pieces[EH_FEEDBACKS_COUNT];
    const eh_feedback_theme *themes;
    size_t themes_count;
    eh_review_verdict *verdicts;    /* the newest first; plans, then reports */
    size_t verdicts_count;
} eh_review_evidence;
/** errors: EH_INPUT for a file of decisions that is none; those of the ledger and the store */
EH_MUST_USE eh_code eh_review_collect(const eh_review_about *about, eh_arena *arena, eh_review_evidence *evidence_out, eh_error *error);
/** Its part for the verdicts (review_verdicts.c): the newest plans and reports of .evenhand. */
EH_MUST_USE eh_code eh_review_verdicts(const char *state_folder, eh_arena *arena, eh_review_evidence *evidence, eh_error *error);
/** Complaints, and what was called creepy or unfair: what a campaign's report counts as complaints. */
uint64_t eh_review_complaints(const eh_review_evidence *evidence);
/** As the member "evidence" of a record. */
void eh_review_evidence_write(const eh_policy *policy, const eh_review_evidence *evidence, eh_json_writer *json);

/* ---- its record (policy_reviews.c) ---------------------------------------------------------------------------------------------------- */

/** Appends the record as JSON: the policy, evidence, findings, decisions, the theme, signers, the next date. */
EH_MUST_USE eh_code eh_review_write(const eh_review_about *about, const eh_review_evidence *evidence, const eh_review *review, eh_buffer *out, eh_error *error);
/** The theme that called for it is dealt with, and everybody who wrote on it is told the change. *told_out: how many. */
EH_MUST_USE eh_code eh_review_theme_close(eh_store *store, const eh_review *review, const char *entry, int64_t now_s, uint64_t *told_out, eh_error *error);
/** Into the ledger as an entry "policy.review", under a signed checkpoint. */
EH_MUST_USE eh_code eh_review_keep(eh_ledger *ledger, eh_view record, char id_out[EH_LEDGER_ID_BYTES], eh_error *error);

#endif
