/**
 * What a table looks like before anybody has said what it means: types, how many different values, which, how often missing; and how
 * two columns go together. `evenhand init` proposes a workspace from it.
 */
#ifndef EH_DATA_FACTS_H
#define EH_DATA_FACTS_H

#include "data/data.h"

typedef enum { EH_FACTS_TEXT, EH_FACTS_WHOLE, EH_FACTS_NUMBER, EH_FACTS_BOOLEAN, EH_FACTS_DATE, EH_FACTS_OTHER } eh_facts_kind;

typedef struct {
    const char *text;
    uint64_t count;
} eh_facts_value;

typedef struct {
    const char *name;
    eh_facts_kind kind;
    uint64_t missing;
    uint64_t distinct;       /* exact below 1,000 and where it is near the number of rows; else within a few percent */
    const char *min, *max;   /* as text; NULL when all are missing */
    double number_min, number_max; /* numbers only */
    uint64_t addresses;      /* texts that look like an e-mail address */
    uint64_t phones;         /* texts that look like a telephone number */
    double text_length_mean;
    const eh_facts_value *values; /* the most frequent first, at most EH_FACTS_VALUES_MAX; all when distinct is not more */
    size_t values_count;
} eh_facts_column;

typedef struct {
    const eh_facts_column *columns;
    size_t columns_count;
    uint64_t rows;
} eh_facts;

enum { EH_FACTS_VALUES_MAX = 64 };

/** Reads what eh_engine_read has named, once, into the engine's memory, and describes it. */
EH_MUST_USE eh_code eh_facts_read(eh_engine *engine, eh_arena *arena, eh_facts *profile_out, eh_error *error);
/**
 * How often the groups of two columns meet, over at most about 100,000 rows (chosen by their content: the same for the same file). Groups are
 * values, or tenths for numbers with many. Rows where one is missing are left out. counts_out: rows_out x columns_out, row by row.
 * Only after eh_facts_read.
 */
EH_MUST_USE eh_code eh_facts_cross(eh_engine *engine, const eh_facts_column *a, const eh_facts_column *b, eh_arena *arena, const double **counts_out,
                                     size_t *rows_out, size_t *columns_out, eh_error *error);

#endif
