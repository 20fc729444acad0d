/** Private to journey/: outcomes while they are read. */
#ifndef EH_JOURNEY_OUTCOMES_INT_H
#define EH_JOURNEY_OUTCOMES_INT_H

#include "journey/outcomes.h"

enum { EH_OUTCOME_NAMES_MAX = 32 };

/** A plan whose people may have outcomes. */
typedef struct {
    eh_campaign_plan plan;
    const char *const *keys;       /* ascending */
    size_t people_count;
} eh_outcome_plan;

/** Who a decision is about. */
typedef struct {
    uint8_t id[EH_DECISION_ID_BYTES];
    uint32_t plan;
    const char *person;
} eh_outcome_decision;

typedef struct {
    uint64_t row;
    uint32_t plan, outcome;
    const char *person;
    double value;
    int64_t at_s;                  /* 0: not told */
    double before;                 /* the part of `value` that a program told earlier */
} eh_outcome_row;

typedef struct {
    const eh_outcomes_request *request;
    eh_arena *arena;
    eh_outcomes_result *result;
    eh_store *store;
    eh_ledger *ledger;             /* to look decisions up that belong to no plan; NULL: not opened yet */
    eh_outcome_plan *plans;
    size_t plans_count, plans_capacity;
    eh_outcome_decision *decisions; /* ascending by id */
    size_t decisions_count;
    const char *names[EH_OUTCOME_NAMES_MAX]; /* of outcomes */
    int64_t within_s[EH_OUTCOME_NAMES_MAX];  /* 0: without end */
    size_t names_count;
    bool told;                     /* by a program, not by a file */
    eh_outcome_row *rows;
    size_t rows_count, rows_capacity;
    eh_outcome_problem *problems;
    struct {
        const char *decision, *person, *plan, *outcome, *value, *at;
        const char *wide[EH_OUTCOME_NAMES_MAX]; /* columns that are outcomes themselves */
        uint32_t wide_outcome[EH_OUTCOME_NAMES_MAX];
        size_t wide_count;
    } columns;
} eh_outcomes_run;

/** Takes a problem down. */
void eh_outcome_problem_add(eh_outcomes_run *run, uint64_t row, const char *format, ...) EH_PRINTF(3, 4);
/** Plans and their people, by the request (outcome_plans.c). */
EH_MUST_USE eh_code eh_outcome_plans_read(eh_outcomes_run *run, eh_error *error);
/** Whom an id is about; NULL: nobody here knows. */
EH_MUST_USE eh_code eh_outcome_decision_find(eh_outcomes_run *run, const uint8_t id[EH_DECISION_ID_BYTES], const eh_outcome_decision **found_out, eh_error *error);
/** By plan, outcome, person, row. */
void eh_outcome_rows_sort(eh_outcomes_run *run);
/** The rows into run->store within the transaction of the caller, an entry for each batch into the ledger; rows that are kept otherwise are problems. */
EH_MUST_USE eh_code eh_outcome_batches_keep(eh_outcomes_run *run, eh_ledger *ledger, eh_error *error);
/** The rows into the store and an entry into the ledger (outcomes_keep.c). Rows are sorted by plan, outcome, person. */
EH_MUST_USE eh_code eh_outcomes_keep(eh_outcomes_run *run, eh_error *error);

#endif
