/**
 * What data/ tells the check about every column and every row: counts, ranges, quantiles, and each row's bin in each column, so that
 * everything else (associations, missingness by group, leaks, drift, recovery) is arithmetic on small numbers.
 *
 * The rows are held in the engine first, so that a text file is read once. Nothing depends on the order of rows or the number of
 * threads: bins come from sorted values, folds and samples from a hash of the row's content.
 */
#ifndef EH_DATA_PROFILE_H
#define EH_DATA_PROFILE_H

#include "base/time.h"
#include "data/data.h"

enum {
    EH_PROFILE_BINS_MAX = 64,       /* of one column: bin 0 holds what is missing, the last one all rarer texts */
    EH_PROFILE_QUANTILES = 65,      /* smallest, 1/64, ... largest */
    EH_PROFILE_MAGNITUDES = 2240,   /* bins of |x| from 2^-30 on, 32 for each doubling */
    EH_PROFILE_MAGNITUDE_FIRST = -30,
    EH_PROFILE_EXAMPLES_MAX = 5,
};

typedef enum { EH_KIND_NUMBER, EH_KIND_BOOLEAN, EH_KIND_DATE, EH_KIND_TEXT, EH_KIND_NESTED } eh_column_kind;

typedef struct {
    const char *name, *type;       /* type as SQL */
    eh_column_kind kind;
    bool whole;                    /* numbers: an integer type */
    uint64_t missing;              /* NULL */
    uint64_t blank;                /* texts that say nothing: see eh_profile_blank_words */
    uint64_t distinct;             /* different values; exact when distinct_exact, else within about 2 % */
    bool distinct_exact;
    double quantiles[EH_PROFILE_QUANTILES]; /* numbers; dates as days since 1970; NaN when there is none */
    uint64_t negative, zero, not_finite, at_least, at_most; /* numbers: how many equal the smallest, the largest */
    double second_least, second_most;                       /* the next different values; NaN when there is none */
    const char *first, *last;      /* dates, as text; NULL when there is none */
    uint64_t after_now, before_1900;
    bool singles;                  /* numbers: every different value has a bin */
    const double *edges;           /* numbers and dates in bins: bin 1 is below edges[0], bin i + 1 from edges[i - 1] on */
    size_t edges_count;
    const char *const *bin_names;  /* bins_count of them: "(missing)", texts, "10 to under 20", "(all others)" */
    size_t bins_count;             /* 1 when the column is not binned: nested, or nearly all texts differ */
    bool others;                   /* the last bin joins rarer texts */
    const uint64_t *bin_counts;
    const uint8_t *bins;           /* one per binned row; NULL when not binned */
    const uint32_t *magnitudes;    /* numbers: EH_PROFILE_MAGNITUDES counts of positive values; else NULL */
    const uint64_t *reference_counts; /* with a reference of that name: binned rows in its bins; else NULL */
} eh_profile_column;

/** Bins of an earlier check, in which this one's rows are counted as well. */
typedef struct {
    const char *name;
    bool singles;                  /* numbers: every different value has a bin */
    const double *edges;           /* numbers and dates; else NULL */
    size_t edges_count;
    const char *const *bin_names;  /* texts: as eh_profile_column.bin_names */
    size_t bins_count;
} eh_profile_reference;

/** The decision of a cube that is about everybody; its rows have no decision in the profile. */
#define EH_EVERY_ROW "true"

typedef struct {
    const eh_cube_spec *cube;      /* attributes, label, decision; where is NULL: eh_profile_hold has taken it */
    const eh_cube *groups;         /* what eh_cube_read gave for it: the names of groups; NULL without attributes */
    const eh_profile_reference *references;
    size_t references_count;
    eh_instant now;
    const char *key;               /* column that names a person; NULL: none is known */
} eh_profile_spec;

typedef struct {
    uint64_t rows;
    const eh_profile_column *columns;
    size_t columns_count;
    size_t rows_binned;            /* all rows, or a sample of at most EH_PROFILE_ROWS_MAX */
    const uint8_t *groups[EH_ATTRIBUTES_MAX]; /* per binned row: index of its group in the cube's dimension */
    const uint8_t *label;          /* EH_FALSE, EH_TRUE, EH_UNKNOWN per binned row; NULL without label */
    const uint8_t *decision;       /* likewise; NULL without decision */
    const uint32_t *hash;          /* of the row's content */
    uint64_t repeated;             /* rows that are the same in all columns as an earlier one */
    uint64_t repeated_but_key;     /* the same in all columns but those that differ in (nearly) every row; 0 when there is no such column */
    const char *key_column;        /* spec.key, or the first column whose values all differ, or NULL */
    uint64_t key_missing, key_repeated; /* of spec.key */
    const char *key_examples[EH_PROFILE_EXAMPLES_MAX]; /* values of spec.key that occur more than once */
    size_t key_examples_count;
} eh_profile;

/**
 * Reads all rows (for which `where` is true, unless it is NULL) into the engine, once; later queries see these. `where` is checked as the
 * --where of an audit. cost: one read; about 8 bytes a value, spilled to disk beyond the engine's memory.
 */
EH_MUST_USE eh_code eh_profile_hold(eh_engine *engine, const char *where, eh_error *error);
/** After eh_profile_hold. errors: as eh_cube_read; memory; a key that is no column (the nearest is named). cost: a few scans of the held rows. */
EH_MUST_USE eh_code eh_profile_read(eh_engine *engine, const eh_profile_spec *spec, eh_arena *arena, eh_profile *profile_out, eh_error *error);

/** Texts that count as missing, without letter case and outer blanks; ends with NULL. */
extern const char *const eh_profile_blank_words[];

/* ---- populations --------------------------------------------------------------------------------------------------------------- */

/** How the file of a population is to be read. */
typedef struct {
    const char *path;              /* a file or pattern */
    const char *weight;            /* SQL: how many people a row stands for; NULL: found by name, else every row is one */
    const char *where;             /* NULL: all rows */
    const eh_expression *by;       /* expressions over its columns, named as the attributes; may be empty */
    size_t by_count;
} eh_population_source;

/** One table of a population: how many people are in each crossing of the groups of some attributes. */
typedef struct {
    const char *path;
    uint32_t attributes;                          /* bit i: attribute i of the data */
    size_t attribute_index[EH_ATTRIBUTES_MAX];    /* of each dimension of `cube` */
    const eh_cube *cube;                          /* weights are people */
    const char *weight;                           /* the column that counts people, or NULL */
} eh_population_table;

/**
 * Reads one file, in an engine of its own. An attribute is found in it by an expression of `by` with its name, else by a column with its name,
 * else by the attribute's own SQL. A file with the columns attribute, group (or level, value) and a count is a list of margins and gives one
 * table each. `data` tells which attributes are whole numbers, so that bands get the same names.
 * errors: no attribute found (lists both sides' names), no people, a negative or missing weight, as eh_cube_read.
 */
EH_MUST_USE eh_code eh_population_tables_read(const eh_population_source *source, const eh_cube_spec *spec, const eh_cube *data, eh_arena *arena,
                                       eh_population_table *populations_out, size_t *count_out, eh_error *error);

/* ---- populations as targets (also for the repair) ----------------------------------------------------------------------------------- */

/** A group of the population that nobody in the data belongs to. */
typedef struct {
    size_t attribute;            /* index into the cube's dimensions */
    const char *name;
    double share;                /* of the population */
} eh_target_absent;

/** One table of a population in the groups of the data. */
typedef struct {
    const char *path;
    size_t attributes[EH_ATTRIBUTES_MAX], attributes_count; /* indexes into the cube's dimensions */
    size_t levels_count;         /* product of the groups of those dimensions, mixed radix in their order, the first slowest */
    double *shares;              /* of the whole population; 0 for crossings that hold a missing or unmatched group */
    bool *known;                 /* per level: no part of it is missing or unmatched */
    double people;               /* what the population's weights add up to */
    const eh_target_absent *absent; /* their shares are in no level */
    size_t absent_count;
} eh_target;

/**
 * Matches a population's groups with the data's: the same name, or the same but for case, blanks and the ways to write a range ("25 - 34
 * years", "25-34", "25 to 34"). errors: groups that do not match, listed
 * beside each other; crossings without a share; EH_LIMIT.
 */
EH_MUST_USE eh_code eh_target_of(const eh_population_table *population, const eh_cube *cube, bool skip_unmatched, eh_arena *arena, eh_target *target_out,
                                 eh_error *error);
/** The level of a cell with these groups. */
size_t eh_target_level(const eh_target *target, const eh_cube *cube, const uint16_t *groups);

#endif
