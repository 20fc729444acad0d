/**
 * What came back: outcomes of the people of a plan, from the shop's own files.
 *
 * A file is taken as a whole or not at all; the same file twice changes nothing. Kept in evenhand.db under the person's key (an erasure
 * reaches it), with an entry in the ledger that commits to the file.
 */
#ifndef EH_JOURNEY_OUTCOMES_H
#define EH_JOURNEY_OUTCOMES_H

#include "journey/campaigns.h"

/** Outcomes that every campaign may have, whatever evenhand.yaml names. */
#define EH_OUTCOME_OPT_OUT "opt_out"
#define EH_OUTCOME_COMPLAINT "complaint"

typedef struct {
    const eh_workspace_model *model;
    const char *file;              /* CSV, Parquet, JSON */
    const char *plan, *campaign;   /* whose people they are: a plan, or the newest plan of a campaign that went out; NULL: the file's decisions tell */
    const char *const *outcomes;   /* names; columns of the file, or one name for its column `value`; none: those that evenhand.yaml names */
    size_t outcomes_count;
    const char *person_column;     /* NULL: by its usual names */
    bool others_none;              /* the file speaks for everybody of the plan: who is not in it had none */
    bool named_only;               /* it does not, although all that it names had one */
    bool known_only;               /* rows about nobody of the plan are left out */
    bool sum;                      /* several rows of one person are added up */
    bool replace;                  /* a value that is kept already is put right */
    eh_ledger *ledger;             /* of a process that writes it already, such as a server; NULL: it is opened */
    eh_instant now;
} eh_outcomes_request;

/** What a row is refused for. */
typedef struct {
    uint64_t row;                  /* of the file, from 1, without the header */
    const char *what;
} eh_outcome_problem;

/** One outcome of one plan. */
typedef struct {
    const char *plan, *outcome;
    uint64_t rows, new_rows, changed_rows;
} eh_outcome_batch;

typedef struct {
    const eh_outcome_problem *problems; /* at most EH_IMPORT_LISTED_MAX; in the arena */
    size_t problems_count;
    uint64_t problems_all;
    const eh_outcome_batch *batches;
    size_t batches_count;
    uint64_t rows, left_out, late;      /* left_out: about nobody of the plan, with known_only; late: after the outcome's window */
    char sha256[65];
} eh_outcomes_result;

/**
 * Reads, checks, keeps. *result_out lives in `arena` and is filled also when problems are the error (EH_INPUT, then nothing was kept).
 * errors: EH_INPUT with the first problems; EH_CONFLICT for values that are kept otherwise; EH_NOT_FOUND for a plan that never went out
 */
EH_MUST_USE eh_code eh_outcomes_import(const eh_outcomes_request *request, eh_arena *arena, eh_outcomes_result *result_out, eh_error *error);

/* ---- what a program tells (outcomes_told.c) ------------------------------------------------------------------------------------------- */

/** What was told by now of one outcome of one decision that went out: yes or no (1 or 0), or an amount. */
typedef struct {
    eh_campaign_plan plan;         /* plan, campaign, channel, decided_s: of the decision's frame */
    const char *person, *outcome;
    double value;                  /* everything that was told of it, together */
    double before;                 /* what was told of it before; 0: nothing */
    int64_t at_s;                  /* of the latest */
} eh_outcome_told;

typedef struct {
    const eh_workspace_model *model;
    eh_store *store;               /* prepared (eh_campaigns_prepare), in a transaction of the caller, who commits */
    eh_ledger *ledger;
    const char *from;              /* what it came by, kept where a file's name stands */
    eh_view said;                  /* its bytes: the ledger commits to their hash */
    const eh_outcome_told *told;   /* one of each decision and outcome */
    size_t told_count;
    eh_instant now;
} eh_outcomes_telling;

/**
 * Keeps them where eh_outcomes_import does: a yes stays one, amounts are added to what is kept. What adds nothing leaves no trace.
 * On an error the caller rolls back.
 */
EH_MUST_USE eh_code eh_outcomes_tell(const eh_outcomes_telling *telling, eh_arena *arena, eh_error *error);

#endif
