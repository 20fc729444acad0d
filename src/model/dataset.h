/**
 * From files to bytes: one pass of the data engine over the features, the outcome, the weight and the groups of people.
 */
#ifndef EH_MODEL_DATASET_H
#define EH_MODEL_DATASET_H

#include "data/columns.h"
#include "model/model.h"

typedef struct {
    const char *name, *sql;     /* name: unique */
    const char *says, *from_whom;
    int monotone;
    bool changeable;
} eh_feature_spec;

typedef struct {
    const eh_feature_spec *features;
    size_t features_count;
    const char *outcome;        /* SQL; NULL: none (when only scoring) */
    const char *outcome_option; /* "--label" */
    bool outcome_number;        /* any number, not true or false */
    const char *weight;         /* SQL; NULL */
    const eh_expression *groups; /* protected attributes, read as texts */
    size_t groups_count;
    const char *offer;          /* SQL: which offer each person got, as text; NULL: none */
    const eh_expression *extras; /* further numbers, e.g. known chances of offers */
    size_t extras_count;
    const char *where;
    const eh_model *model;      /* NULL: bins are chosen; else bins of this model's features are used */
} eh_dataset_spec;

typedef struct {
    eh_matrix matrix;           /* rows whose outcome is known */
    eh_fair_attribute *attributes; /* groups_count */
    uint16_t *offer;            /* per row: index into offer_names; EH_GROUP_NONE: missing */
    const char *const *offer_names; /* sorted by bytes */
    size_t offers_count;
    const double *const *extras;
    uint64_t rows_read, outcome_missing;
    char fingerprint[65];
} eh_dataset;

/**
 * Reads. Everything lives in the arena. Errors: an outcome that is not true or false, negative or missing weights, no features, too many rows,
 * a protected attribute with more than EH_GROUPS_MAX values, an edge case at a time with its option.
 */
EH_MUST_USE eh_code eh_dataset_read(eh_engine *engine, const eh_dataset_spec *spec, eh_arena *arena, eh_dataset *dataset_out, eh_error *error);

/* ---- rows to score (rows.c) -------------------------------------------------------------------------------------------------- */

/** Up to a few thousand rows as bytes, row after row. Borrowed for the time of the call. */
typedef struct {
    size_t rows;
    const uint8_t *bins;        /* rows * features_count */
    const eh_view *keys;        /* NULL without a key */
} eh_binned_rows;

typedef struct {
    const eh_model *model;
    const char *key;            /* SQL of what names a row, as text; NULL: none */
    const char *where;          /* NULL: all rows */
    eh_code (*take)(void *context, const eh_binned_rows *rows, eh_error *error); /* rows NULL: start again */
    void *context;
} eh_rows_spec;

/** Reads all rows in the order of the input (the engine must be `ordered`) as the bins of the model's features. cost: memory for one chunk. */
EH_MUST_USE eh_code eh_rows_read(eh_engine *engine, const eh_rows_spec *spec, eh_arena *arena, eh_error *error);

/** The rows for which take[row] is true, as a matrix of its own in `arena`. */
EH_MUST_USE eh_code eh_matrix_select(const eh_matrix *matrix, const bool *take, eh_arena *arena, eh_matrix *matrix_out, eh_error *error);

#endif
