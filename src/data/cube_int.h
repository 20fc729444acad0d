/**
 * Private to src/data: how one cube is read.
 *
 * A query has four layers, so that what is slow happens to few rows:
 *   1 raw     SELECT (expr) AS "evenhand k0", ... FROM evenhand_rows WHERE (where)     the expressions as they were written
 *   2 keyed   bands, --top and numbers in fixed point                                  one value per row, no text
 *   3 counted GROUP BY keys                                                            the one pass
 *   4 told    keys as text                                                             the small result
 */
#ifndef EH_DATA_CUBE_INT_H
#define EH_DATA_CUBE_INT_H

#include "data/data_int.h"

enum {
    EH_KEYS_MAX = EH_ATTRIBUTES_MAX + 1, /* attributes and the stratum */
    EH_RAW_BANDS_MAX = 256,              /* different numbers up to which bands are formed after the GROUP BY */
    EH_MAGNITUDE_EXPONENT_MAX = 200,     /* weights, values and scores are below 2^200, about 1.6e60 */
    EH_FIXED_POINT_BITS = 62,            /* the largest number of a column becomes just less than 2^62 */
    EH_LOSS_BITS = 6,                    /* -ln(1e-15) = 34.54 is below 2^6 */
};

typedef enum { EH_TYPE_TEXT, EH_TYPE_WHOLE, EH_TYPE_DECIMAL, EH_TYPE_BOOLEAN, EH_TYPE_NESTED } eh_type;

/** An expression of the audit that the engine has accepted. */
typedef struct {
    const char *option; /* as it stands in errors */
    const char *sql;    /* NULL: not asked for */
    const char *name;
    const char *type_sql;
    eh_type type;
} eh_column;

/** One group's (or stratum's) name while groups are being found. */
typedef struct {
    const char *name;
    double order;       /* numbers and bands are sorted by it */
    uint8_t rank;       /* 0 ordinary, 1 others, 2 missing */
} eh_group_name;

typedef enum { EH_KEY_PLAIN, EH_KEY_BANDS, EH_KEY_BANDS_RAW, EH_KEY_TOP } eh_key_mode;

/** A key: an attribute or the stratum. */
typedef struct {
    eh_column column;
    eh_key_mode mode;
    const eh_cube_attribute *attribute; /* NULL for the stratum */
    const char **band_names;            /* edges_count + 1 */
    const char **top_names;             /* largest first */
    size_t top_count;
    size_t others_joined;
    size_t names_max;                   /* EH_GROUPS_MAX or EH_STRATA_MAX */
    eh_group_name *names;               /* names_max + 1 */
    size_t names_count;
    uint32_t *slots;                    /* hash table of indices into names, plus 1; 0 is free */
    size_t slots_count;                 /* a power of two */
    uint16_t *positions;                /* names[i] is group positions[i] in the sorted order */
} eh_key;

/** The raw values of a label or decision and what they mean. */
typedef struct {
    eh_column column;
    const char *texts[EH_OUTCOME_VALUES_MAX];
    uint8_t meanings[EH_OUTCOME_VALUES_MAX];
    size_t count;
    bool unrecognised; /* at least one text is neither yes nor no */
    bool too_many;     /* more than EH_OUTCOME_VALUES_MAX texts */
} eh_outcome;

/** A column of numbers with what the first scan learnt about it. */
typedef struct {
    eh_column column;
    int exponent;      /* |x| < 2^exponent for all x */
    double min, max;
    uint64_t missing;
} eh_magnitude;

typedef struct {
    eh_engine *engine;
    const eh_cube_spec *spec;
    eh_arena *arena;
    eh_error *error;
    eh_key keys[EH_KEYS_MAX];
    size_t keys_count;
    size_t stratum;    /* index of the stratum's key, or keys_count */
    eh_outcome label, decision;
    eh_magnitude weight, value, score;
    uint64_t rows;
    uint64_t scored_rows; /* with score and label */
    bool raw_bands;       /* bands may be formed after the GROUP BY, where that is faster */
    bool checked;         /* all expressions were accepted; what fails now fails on a row */
    bool overflowed;      /* more than EH_CELLS_MAX combinations */
} eh_reading;

/* ---- checks before the large query (cube_check.c) ---------------------------------------------------------------------- */

/** Describes all expressions of the spec; errors name the option. `keys` false: only label, decision, weight and where (for --soft). */
EH_MUST_USE eh_code eh_reading_open(eh_reading *reading, eh_engine *engine, const eh_cube_spec *spec, bool keys, eh_arena *arena,
                                    eh_error *error);
/** What the engine's name of a type stands for. */
eh_type eh_type_of(eh_view type);
/** Checks one expression and tells its type. */
EH_MUST_USE eh_code eh_column_check(eh_reading *reading, const char *option, eh_expression expression, eh_column *column_out);
/** The same for an expression that must be a number. */
EH_MUST_USE eh_code eh_number_check(eh_reading *reading, const char *option, eh_expression expression, eh_column *column_out);
/** Refuses keys with too many values by a look at the first rows; decides how bands are formed. */
EH_MUST_USE eh_code eh_reading_guard(eh_reading *reading);
/** Ranges of weight, value and score; refuses NaN and the like. */
EH_MUST_USE eh_code eh_reading_measure(eh_reading *reading);
/** Finds the largest groups of the attributes with --top. */
EH_MUST_USE eh_code eh_reading_tops(eh_reading *reading);
/** The error for a key with too many groups, with edges or --top that would do. `count` groups were seen, perhaps `at_least`. */
EH_MUST_USE eh_code eh_fail_too_many_groups(eh_reading *reading, const eh_key *key, uint64_t count, bool at_least);

/** Puts the option before an error that came while rows were read, by trying the expressions one by one; returns `code`. */
eh_code eh_reading_blame(eh_reading *reading, eh_code code);

/* ---- SQL (cube_sql.c) ---------------------------------------------------------------------------------------------------- */

/** The sums of a cell, in the order of the columns of the cube's query. */
enum { EH_SUM_WEIGHT, EH_SUM_WEIGHT_SQUARES, EH_SUM_VALUE_WEIGHT, EH_SUM_VALUE_WEIGHT_SQUARES, EH_SUM_VALUE, EH_SUM_VALUE_SQUARES, EH_SUMS_COUNT };

/**
 * Layer 1 in brackets. limit 0: all rows. What was asked for is named "evenhand k0".., "evenhand l", d, w, v, s (numbers as DOUBLE).
 * extra: more items, each after a comma, or NULL.
 */
void eh_raw_sql(const eh_reading *reading, uint64_t limit, const char *extra, eh_buffer *sql);
/** One item of layer 2: key `index`. raw_bands false forms bands in the engine in any case. */
void eh_key_sql(const eh_key *key, size_t index, bool raw_bands, eh_buffer *sql);
/** The sum of a product over rows, in fixed point, so that it does not depend on the order of the rows; |product| < 2^exponent. */
void eh_fixed_sum_sql(const char *product, int exponent, eh_buffer *sql);
/** What eh_fixed_sum_sql summed. */
double eh_fixed_sum(eh_int128 sum, int exponent);
/** The whole query: keys, label and decision (if asked for) as text, count, then those sums that are present. */
void eh_cube_sql(const eh_reading *reading, eh_buffer *sql, int exponents_out[EH_SUMS_COUNT], bool present_out[EH_SUMS_COUNT]);

/* ---- names (cube_names.c) ------------------------------------------------------------------------------------------------ */

/** Makes the hash table and the band names. */
EH_MUST_USE eh_code eh_key_open(eh_reading *reading, eh_key *key);
/** Index into key->names of a raw value; `known` false: NULL. Adds it when it is new; too many: EH_OK and *index_out = names_max + 1. */
EH_MUST_USE eh_code eh_key_index(eh_reading *reading, eh_key *key, bool known, eh_view text, uint32_t *index_out);
/** Sorts the names and fills positions. */
EH_MUST_USE eh_code eh_key_sort(eh_reading *reading, eh_key *key);
/** The dimension's groups in their final order. */
EH_MUST_USE eh_code eh_key_groups(eh_reading *reading, const eh_key *key, eh_cube_dimension *dimension_out);
/** EH_TRUE, EH_FALSE or EH_UNKNOWN for a raw value, which is noted for eh_outcome_check. `known` false: NULL. */
EH_MUST_USE eh_code eh_outcome_read(eh_reading *reading, eh_outcome *outcome, bool known, eh_view text, uint8_t *meaning_out);
/** Fails when the values seen are not yes/no. */
EH_MUST_USE eh_code eh_outcome_check(eh_reading *reading, const eh_outcome *outcome);

/* ---- scores (scores.c) --------------------------------------------------------------------------------------------------- */

EH_MUST_USE eh_code eh_scores_read(eh_reading *reading, eh_cube *cube);

#endif
