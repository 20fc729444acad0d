/**
 * Rows out of the data engine, column by column and in their order, for those who must see rows: the models.
 */
#ifndef EH_DATA_COLUMNS_H
#define EH_DATA_COLUMNS_H

#include "data/data.h"

typedef enum {
    EH_VALUES_NUMBER, /* numbers as double; NULL is NaN */
    EH_VALUES_TRUTH,  /* true and false as 1 and 0; NULL is NaN */
    EH_VALUES_TEXT,   /* everything that can be shown as text */
} eh_values_kind;

typedef struct {
    const char *sql;
    const char *option;  /* what stands before an error, e.g. "--label" or "feature 'age'" */
    eh_values_kind kind; /* filled in by eh_columns_describe; TEXT may be asked for instead of the others */
} eh_column;

/** Tells the kind of each expression. Errors: no such column (with the option), dates, lists and other types that are neither numbers nor texts. */
EH_MUST_USE eh_code eh_columns_describe(eh_engine *engine, eh_column *columns, size_t count, eh_error *error);

/** Up to a few thousand rows. Borrowed for the time of the call. */
typedef struct {
    size_t rows;
    const double *const *numbers; /* per column; NULL for a text column */
    const eh_view *const *texts;  /* per column; NULL for the others; ptr NULL is missing */
} eh_columns_chunk;

/** Takes the next rows; chunk NULL: forget all so far, the reading starts again (a type was guessed too narrow). */
typedef eh_code (*eh_columns_take)(void *context, const eh_columns_chunk *chunk, eh_error *error);

typedef struct {
    const eh_column *columns;
    size_t count;
    const char *where;            /* NULL: all rows */
    eh_columns_take take;
    void *context;
} eh_columns_spec;

/** Reads all rows, in the order of the input when the engine was opened with `ordered`. cost: one scan; memory for one chunk. */
EH_MUST_USE eh_code eh_columns_read(eh_engine *engine, const eh_columns_spec *spec, eh_error *error);

#endif
