/**
 * Rows with new columns beside the old: what a repair writes. Steps are SELECTs over the rows that came before; nothing is ever written
 * over the input. Private SQL is built with the quoting functions here; user expressions go through eh_expression_parse first.
 */
#ifndef EH_DATA_TRANSFORM_H
#define EH_DATA_TRANSFORM_H

#include "data/data.h"

/** Appends "name", quoted. */
void eh_transform_name(eh_buffer *sql, const char *name);
/** Appends 'text', quoted. */
void eh_transform_text(eh_buffer *sql, const char *text);
/** Appends a DOUBLE literal that reads back to the same number; finite. */
void eh_transform_number(eh_buffer *sql, double number);

/** Says before eh_engine_read that this file will be written; the engine is locked to what it was told. At most one. */
EH_MUST_USE eh_code eh_transform_output(eh_engine *engine, const char *path, eh_error *error);
/** Holds the input as step 0. Call once, after eh_engine_read. */
EH_MUST_USE eh_code eh_transform_begin(eh_engine *engine, eh_error *error);
/**
 * The next step: the rows of the last one (`FROM evenhand_before`) as `select` says, e.g. "SELECT *, 1 AS w FROM evenhand_before". Later steps, the
 * cube and eh_transform_ask see its result. `what` stands before errors.
 */
EH_MUST_USE eh_code eh_transform_step(eh_engine *engine, const char *select, const char *what, eh_error *error);
#define EH_TRANSFORM_BEFORE "evenhand_before"
/** A column that the last step has added counts among those of the file from now on. */
EH_MUST_USE eh_code eh_transform_named(eh_engine *engine, const char *name, eh_error *error);

/** An answer: every value as text, NULL for none. */
typedef struct {
    const char *const *values; /* rows_count * columns_count */
    size_t rows_count, columns_count;
} eh_answer;
/** Asks over the rows as they are now (FROM evenhand_rows); every column of the answer must be cast to VARCHAR. At most rows_max rows. */
EH_MUST_USE eh_code eh_transform_ask(eh_engine *engine, const char *select, size_t rows_max, eh_arena *arena, eh_answer *answer_out, eh_error *error);
/** Columns as they are now: names and SQL types. */
EH_MUST_USE eh_code eh_transform_columns(eh_engine *engine, eh_arena *arena, eh_answer *names_and_types_out, eh_error *error);

/** Writes the rows to the file of eh_transform_output: Parquet when it ends in .parquet, JSON lines in .json or .jsonl, else CSV. The old file
 *  stays until the new one is whole. */
EH_MUST_USE eh_code eh_transform_write(eh_engine *engine, const char *path, eh_error *error);
/** Appends the rows as JSON, one object a line. For few rows. */
EH_MUST_USE eh_code eh_transform_json(eh_engine *engine, eh_buffer *out, eh_error *error);

#endif
