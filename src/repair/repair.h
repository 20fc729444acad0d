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
    const char *key, *decisions;      /* duplicates: column, path of the file with the columns keep, merge */
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
    eh_repair_step steps[EH_REPAIR_STEPS_MAX];
    size_t steps_count;
} eh_repair_plan;

/** errors: EH_INPUT with line and column: unknown keys and steps (the nearest is named), what a step needs and has not. */
EH_MUST_USE eh_code eh_repair_plan_read(const eh_yaml_node *root, const char *path, eh_arena *arena, eh_repair_plan *plan_out, eh_error *error);

/** What one step did. */
typedef struct {
    const eh_repair_step *step;
    const char *into, *flag;          /* columns written; NULL */
    uint64_t rows_changed;
    double people, effective_before, effective_after; /* rows, and what they are worth before and after; NaN when it makes no weights */
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

#endif
