/** Private to src/data: how a profile is read. */
#ifndef EH_DATA_PROFILE_INT_H
#define EH_DATA_PROFILE_INT_H

#include "data/cube_int.h"
#include "data/profile.h"

#define EH_HELD_TABLE "evenhand_held"
#define EH_SAMPLE_TABLE "evenhand_sample"

/** One profile while it is being read. */
typedef struct {
    eh_engine *engine;
    const eh_profile_spec *spec;
    const eh_cube *cube;
    eh_arena *arena;
    eh_error *error;
    eh_profile *profile;
    eh_profile_column *columns; /* profile->columns, still writable */
    size_t columns_count;
    const char *table;          /* whose rows are binned */
    const char *values_table;   /* whose values are sorted: all, unless there are very many */
    double now_days;            /* since 1970 */
} eh_profiling;

/** Appends the column as a DOUBLE: a number, or days since 1970. NULL where a date is infinite. */
void eh_profile_number_sql(const eh_profile_column *column, eh_buffer *sql);
/** Appends the column as text. */
void eh_profile_text_sql(const eh_profile_column *column, eh_buffer *sql);
/** True for one of eh_profile_blank_words. */
bool eh_profile_is_blank(eh_view text);
/** True when the column's values are cut by edges. */
bool eh_profile_is_number(const eh_profile_column *column);

/** Names, types, counts and ranges of all columns (profile_columns.c). */
EH_MUST_USE eh_code eh_profile_columns_count(eh_profiling *p);
/** Quantiles and bins of all columns; after the sample has been taken. */
EH_MUST_USE eh_code eh_profile_columns_bin(eh_profiling *p);
/** Every row's bins, groups, label, decision (profile_rows.c). */
EH_MUST_USE eh_code eh_profile_rows_read(eh_profiling *p);

#endif
