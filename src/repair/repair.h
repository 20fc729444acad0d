/**
 * Repairs of data, by a plan that people can read: fitted once, then the same on tomorrow's rows and on one record. New columns, weights and
 * flags stand beside the old ones; no source is written over, no row is left out.
 *
 * What a plan may hold: docs/repairs.md. Theory: src/repair/README.md.
 */
#ifndef EH_REPAIR_REPAIR_H
#define EH_REPAIR_REPAIR_H

#include "base/base.h"
#include "base/yaml.h"
#include "data/profile.h"
#include "data/transform.h"
#include "stats/weights.h"

enum { EH_REPAIR_STEPS_MAX = 100, EH_REPAIR_CONDITIONS_MAX = 32 };

typedef enum {
    EH_STEP_DUPLICATES,  /* marks rows that a decisions file merges into another */
    EH_STEP_CORRECT,     /* impossible values and codes become missing, other units are brought to one */
    EH_STEP_IMPUTE,      /* fills what is missing, with a flag */
    EH_STEP_REWEIGH,     /* weights that make group and outcome independent */
    EH_STEP_RAKE,        /* weights that match the population */
    EH_STEP_QUANTILES,   /* sends a number's distribution in every group to one */
    EH_STEP_DECORRELATE, /* takes the difference between groups out of a number */
    EH_STEP_DROP,        /* leaves a column out of what is written */
    EH_STEPS_COUNT
} eh_step_kind;
/** "duplicates", "correct", ...: the word after `do:`. */
const char *eh_step_name(eh_step_kind kind);

typedef struct {
    eh_step_kind kind;
    const char *why;
    const char *column;               /* all but weights and duplicates */
    const char *into;                 /* the new column; by default told by step and column */
    const char *const *by;            /* names of groups of the plan */
    size_t by_count;
    const char *outcome;              /* reweigh: SQL */
    const char *with;                 /* impute: median, mode, value */
    const char *value;                /* impute with a value: as text */
    const char *const *missing_when;  /* correct: SQL conditions */
    size_t missing_when_count;
    const char *unit_when;            /* correct: SQL condition, with unit_factor */
    double unit_factor;
    double amount;                    /* quantiles, decorrelate: 0 to 1 */
    double cap;                       /* weights: at most so many times their mean; 0: no cap */
    const char *start;                /* weights: column to start from; NULL: 1 */
    const char *key, *decisions;      /* duplicates: column, path of duplicates.yaml or of a table with the columns keep, merge */
    const eh_yaml_node *node;
} eh_repair_step;

/** A plan as it was read. Lives as long as its document and arena. */
typedef struct {
    const char *path;
    char sha256[65];                  /* of the file; set by whoever read it */
    eh_cube_attribute groups[EH_ATTRIBUTES_MAX];
    size_t groups_count;
    eh_population_source populations[EH_POPULATIONS_MAX];
    size_t populations_count;
    bool skip_unmatched;
    bool absent_is_missing;           /* set by who applies it to one record: a field that the record has not is missing; not part of what is written */
    eh_repair_step steps[EH_REPAIR_STEPS_MAX];
    size_t steps_count;
} eh_repair_plan;

/** What the last repair of a workspace has done, in its state folder: a manifest, as beside the repaired rows. */
#define EH_REPAIRED_FILE "repaired.json"
/** Where the parameters of a plan are kept: "repairs.fitted" for "repairs.yaml". NULL: no memory. */
const char *eh_repair_fitted_path(const char *plan_path, eh_arena *arena);

/** errors: EH_INPUT with line and column: unknown keys and steps (the nearest is named), what a step needs and has not. */
EH_MUST_USE eh_code eh_repair_plan_read(const eh_yaml_node *root, const char *path, eh_arena *arena, eh_repair_plan *plan_out, eh_error *error);

/** Where a plan runs. */
typedef struct {
    const char *folder;               /* relative paths of the plan are of there; NULL: of the current folder, or else of the plan's own */
    const char *const *hidden;        /* protected columns: groups may be made of them, nothing else may read or write them */
    size_t hidden_count;
} eh_repair_place;
/** errors: EH_DENIED with line and column for a step that reads a hidden column. */
EH_MUST_USE eh_code eh_repair_plan_place(eh_repair_plan *plan, const eh_repair_place *place, eh_arena *arena, eh_error *error);

/** What one step did. */
typedef struct {
    const eh_repair_step *step;
    const char *into, *flag;          /* columns written; NULL */
    uint64_t rows_changed;
    double people, effective_before, effective_after; /* rows, and how many rows they are worth (Kish) before and after the step */
    double before, after;             /* what it mends: largest gap of a share, gap of the outcome, distance of groups, share missing; NaN */
    const char *measure;              /* what before and after are, in words */
} eh_repair_done;

typedef struct {
    eh_repair_done steps[EH_REPAIR_STEPS_MAX];
    size_t steps_count;
} eh_repair_result;

/**
 * Applies the plan to the engine's rows (after eh_transform_begin). fitted: a JSON object of an earlier run, or NULL to fit on these rows.
 * fitted_out gets the parameters as JSON (also when they were given). With one record, pass fitted. errors: a step that does not fit the columns;
 * a population that the data does not match; a level that raking cannot reach (both sides are listed).
 */
EH_MUST_USE eh_code eh_repair_apply(eh_engine *engine, const eh_repair_plan *plan, const void *fitted, eh_arena *arena, eh_buffer *fitted_out,
                                    eh_repair_result *result_out, eh_error *error);

/* ---- the repaired rows as a check looks at them --------------------------------------------------------------------------------------- */

/** One column that a step has written, and the one that it stands for. */
typedef struct {
    eh_step_kind kind;
    const char *column, *into, *flag; /* NULL where there is none */
} eh_repair_written;

/** What takes whose place. */
typedef struct {
    const char *column;               /* of the source */
    const char *repaired;             /* whose values are seen under that name */
} eh_repair_replaced;

typedef struct {
    eh_repair_replaced replaced[EH_REPAIR_STEPS_MAX];
    size_t replaced_count;
    const char *weight;               /* the last weights; NULL: none */
    const char *merged;               /* the column that marks rows which are another one's duplicates; they are left out of the view; NULL */
} eh_repair_view;

/**
 * One more step of the engine (after eh_transform_begin and the steps of a plan, or over rows that a repair has written): each repaired column stands
 * under the name of the one that it was made from, merged rows are left out, flags of corrections and all weights but the last are not there.
 */
EH_MUST_USE eh_code eh_repair_look(eh_engine *engine, const eh_repair_written *written, size_t count, eh_arena *arena, eh_repair_view *view_out, eh_error *error);

#endif
