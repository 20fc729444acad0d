/** Private to repair/: a plan while it is applied. */
#ifndef EH_REPAIR_REPAIR_INT_H
#define EH_REPAIR_REPAIR_INT_H

#include "base/json.h"
#include "repair/repair.h"

enum { EH_REPAIR_CELLS_MAX = 4096 };

/* What the steps leave to those after them. */
typedef struct {
    double rows, effective;    /* how many rows there are, and how many they are worth so far */
    const char *merged;        /* the column that marks duplicates; such rows weigh nothing; NULL: none */
} repair_state;

typedef struct {
    eh_engine *engine;
    repair_state *state;
    const eh_repair_plan *plan;
    eh_arena *arena;
    eh_error *error;
    eh_json_value fitted;      /* of this step, or NULL: fit */
    eh_json_writer *writer;    /* where this step's parameters go */
    const eh_repair_step *step;
    eh_repair_done *done;
    const char *from;          /* what is fitted on: all rows but those that were merged into another */
    eh_buffer select;          /* of this step */
} repair_run;

/** The columns of the groups that the step names, as "evenhand g0", ... ; in the order of step->by. */
EH_MUST_USE eh_code repair_groups_sql(repair_run *run, eh_buffer *sql);
/** SQL text of one group's name for every row: bands are named, NULL is '(missing)'. */
EH_MUST_USE eh_code repair_group_sql(repair_run *run, const eh_cube_attribute *group, eh_buffer *sql);
const eh_cube_attribute *repair_group_find(const eh_repair_plan *plan, const char *name);
/** Number of a text, NaN for NULL or none. */
double repair_number(const char *text);
/** The name of the new column: step->into or "<column>_<ending>". */
const char *repair_into(repair_run *run, const char *ending);
/** One row of numbers, e.g. counts. */
EH_MUST_USE eh_code repair_ask_numbers(repair_run *run, const eh_buffer *select, size_t count, double *numbers_out);

/** Rows for which the condition is true. */
EH_MUST_USE eh_code repair_rows_counted(repair_run *run, const char *condition, uint64_t *rows_out);

EH_MUST_USE eh_code repair_duplicates(repair_run *run);
EH_MUST_USE eh_code repair_correct(repair_run *run);
EH_MUST_USE eh_code repair_impute(repair_run *run);
EH_MUST_USE eh_code repair_reweigh(repair_run *run);
EH_MUST_USE eh_code repair_rake(repair_run *run);
EH_MUST_USE eh_code repair_quantiles(repair_run *run);
EH_MUST_USE eh_code repair_decorrelate(repair_run *run);
EH_MUST_USE eh_code repair_drop(repair_run *run);

#endif
