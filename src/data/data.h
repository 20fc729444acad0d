/**
 * Sources, expressions and the cube. The only room that talks to the data engine (DuckDB).
 *
 * One audit: open an engine, name the files, describe the cube, read it. All rows are seen once, by one GROUP BY; what comes back
 * is small, sorted, and the same for the same input whatever the number of threads: sums of weights and values are taken in
 * 128-bit fixed point, so that the order of addition does not show.
 */
#ifndef EH_DATA_DATA_H
#define EH_DATA_DATA_H

#include "base/base.h"

/* ---- expressions (no engine needed) ---------------------------------------------------------------------------------- */

/** One SQL expression over the columns, and the name to show: after AS, or a bare column's own, or the expression itself. */
typedef struct {
    const char *sql;  /* without the AS part */
    const char *name;
} eh_expression;

/**
 * Splits "a, b > 3 AS big, f(x, y)" at its top-level commas. Knows quotes ('..', "..", with doubled quotes), dollar quotes, brackets and comments;
 * refuses what is no single scalar expression: empty, unbalanced, a semicolon, a comment, SELECT/FROM/COPY/... at any depth outside quotes,
 * more than EH_EXPRESSION_BYTES_MAX or EH_EXPRESSION_DEPTH_MAX. `option` (e.g. "--by") stands in errors with the column of the fault.
 * The list lives in `arena`. This check is for clear errors; the engine is locked down as well.
 */
EH_MUST_USE eh_code eh_expressions_parse(const char *option, eh_view text, eh_arena *arena, eh_expression **list_out, size_t *count_out,
                                         eh_error *error);
/** The same for exactly one expression. */
EH_MUST_USE eh_code eh_expression_parse(const char *option, eh_view text, eh_arena *arena, eh_expression *expression_out, eh_error *error);
/** True when the name `column` stands in the expression, in any case, with or without quotes, outside texts. */
bool eh_expression_reads(const char *sql, const char *column);

/* ---- engine and sources ------------------------------------------------------------------------------------------------ */

typedef struct eh_engine eh_engine;

typedef struct {
    uint32_t threads;           /* 0: as many as the machine has */
    bool ordered;               /* rows come in the order of the input, for those who read rows (data/columns.h) */
    uint64_t memory_bytes_max;  /* 0: 768 MiB; what does not fit is spilled to a private temporary folder */
    /** Called about ten times a second from the calling thread while the engine works; share in [0, 1], or < 0 when unknown. May be NULL. */
    void (*progress)(void *context, const char *what, double share);
    void *progress_context;
    bool as_text;               /* CSV has a header and every column is read as text, exactly as written; rows keep their order (eh_engine_rows) */
} eh_engine_options;

EH_MUST_USE eh_code eh_engine_open(const eh_engine_options *options, eh_engine **engine_out, eh_error *error);
/** Closes, and removes the temporary folder. */
void eh_engine_close(eh_engine **engine);

typedef struct {
    const char *path;  /* as it was given or as the glob named it; "-" for standard input */
    char sha256[65];
    uint64_t bytes;
} eh_input;

/**
 * Names the input: CSV (also .gz, .zst), Parquet, JSON lines or a JSON array (also .gz), globs, "-" (standard input, spooled to the temporary folder). The format
 * is told by the content first, then by the ending. Several files must have the same columns (by name). After this the engine can
 * read these files and nothing else: external access off, configuration locked.
 * Errors: no such file, no match, a directory, unreadable, empty, header only, ragged CSV line (file and line), invalid UTF-8 (file and line), not Parquet,
 * columns that differ between files, duplicate column names.
 */
EH_MUST_USE eh_code eh_engine_read(eh_engine *engine, const char *const *patterns, size_t patterns_count, eh_error *error);

/** The files with their hashes, sorted by path; borrowed until the engine closes. Hashed in the background from eh_engine_read on; waits. */
EH_MUST_USE eh_code eh_engine_inputs(eh_engine *engine, const eh_input **inputs_out, size_t *count_out, eh_error *error);
/** Column names, borrowed until the engine closes. */
void eh_engine_columns(const eh_engine *engine, const char *const **names_out, size_t *count_out);
/** One row: cells[i] is the i-th column asked for; ptr NULL: no value. Borrowed until it returns; what it returns but EH_OK ends the walk and is handed on. */
typedef eh_code (*eh_row_visit)(void *context, uint64_t row, const eh_view *cells, eh_error *error);
enum { EH_ROW_COLUMNS_MAX = 64 };
/**
 * Walks the rows of an engine that was opened `as_text`, in the order of the files, rows counted from 1. At most EH_ROW_COLUMNS_MAX columns, by name.
 * errors: EH_NOT_FOUND for a column that is not there; those of reading
 */
EH_MUST_USE eh_code eh_engine_rows(eh_engine *engine, const char *const *columns, size_t columns_count, eh_row_visit visit, void *context,
                                   eh_error *error);
/** How many rows hold one of `texts` as the whole content of any cell. cost: one scan */
EH_MUST_USE eh_code eh_engine_rows_holding(eh_engine *engine, const char *const *texts, size_t texts_count, uint64_t *rows_out, eh_error *error);

/** Version of the data engine, e.g. "v1.4.4". */
const char *eh_engine_version(void);

/* ---- the cube ------------------------------------------------------------------------------------------------------------ */

/** One attribute by which people are grouped. */
typedef struct {
    eh_expression expression;
    const double *edges; /* --bands: ascending lower edges of all bands but the first; NULL for none; the expression must be numeric */
    size_t edges_count;  /* groups "under 25", "25 to 34" (whole numbers) or "25 to under 35", "60 and over" */
    uint32_t top_count;  /* --top: keep this many largest groups, join the others as "(all others)"; 0 keeps all */
} eh_cube_attribute;

/** The names of the count + 1 bands between these edges: "under 25", "25 to 34" (whole numbers) or "25 to under 35", "60 and over". */
EH_MUST_USE eh_code eh_band_names(const double *edges, size_t count, bool whole_numbers, eh_arena *arena, const char **names_out, eh_error *error);

typedef struct {
    eh_expression decision;  /* true/false, 1/0, or two texts like yes/no; NULL allowed and counted */
    eh_expression label;     /* .sql NULL: none */
    eh_expression score;     /* .sql NULL: none; a probability in [0,1] for Brier, log loss, calibration; any number for AUC */
    eh_expression weight;    /* .sql NULL: every row counts 1 */
    eh_expression value;     /* .sql NULL: none; any finite number */
    eh_expression within;    /* .sql NULL: none; the stratum */
    const char *where;       /* NULL: all rows */
    const eh_cube_attribute *attributes;
    size_t attributes_count; /* 1 to EH_ATTRIBUTES_MAX */
    /** Sets of attributes (bit i: attribute i) for which scores are wanted: each attribute alone and each intersection. */
    const uint32_t *score_sets;
    size_t score_sets_count;
    bool one_group_will_do;  /* an attribute with a single group is no error: shares are asked for, not comparisons */
} eh_cube_spec;

enum { EH_FALSE = 0, EH_TRUE = 1, EH_UNKNOWN = 2 }; /* label and decision of a cell */

/** One cell: rows that agree in all keys. Unweighted: weight = weight_squares = count. */
typedef struct {
    uint16_t group[EH_ATTRIBUTES_MAX]; /* index into cube.attributes[i].groups */
    uint16_t stratum;                  /* index into cube.strata; 0 without --within */
    uint8_t label, decision;           /* EH_FALSE, EH_TRUE, EH_UNKNOWN; label is EH_UNKNOWN without --label */
    uint64_t count;
    double weight, weight_squares;     /* sum(w), sum(w*w) */
    double value_weight;               /* sum(w) over the rows whose value is not NULL */
    double value_weight_squares;
    double value, value_squares;       /* sum(w*v), sum(w*v*v) over the same rows */
} eh_cell;

/** Rows of one score set that agree in groups, label and score. */
typedef struct {
    uint16_t set;                        /* index into spec.score_sets */
    uint16_t group[EH_ATTRIBUTES_MAX];   /* only the set's attributes are filled, others 0 */
    uint8_t label;                       /* EH_FALSE or EH_TRUE; rows without label or score are left out */
    uint64_t count;
    double score;                        /* the score itself (exact), or the mean of its bin */
    double weight, weight_squares;
    double score_sum, score_squares_sum; /* sum(w*s), sum(w*s*s) */
    double log_loss_sum;                 /* sum(-w*ln(p of the label)), p clipped to [1e-15, 1-1e-15]; NaN when scores leave [0,1] */
} eh_score_cell;

typedef struct {
    const char *name; /* valid UTF-8; "(missing)" for NULL, "(all others)" for what --top joined */
    bool missing, others;
} eh_cube_group;

typedef struct {
    const char *name;
    const eh_cube_group *groups; /* natural order: bands and numbers ascending, texts by bytes, others, missing last */
    size_t groups_count;
    size_t others_joined;        /* how many groups --top joined */
    bool numeric;                /* the groups are bands or numbers */
    bool whole;                  /* the expression is of a whole-number type */
} eh_cube_dimension;

/** Everything an audit needs. Lives in the arena that was passed. Cells are sorted by groups, stratum, label, decision. */
typedef struct {
    eh_cube_dimension dimensions[EH_ATTRIBUTES_MAX];
    size_t dimensions_count;
    const char *const *strata; /* names; one "" without --within */
    size_t strata_count;
    const eh_cell *cells;
    size_t cells_count;
    const eh_score_cell *score_cells; /* sorted by set, groups, score, label; NULL without --score */
    size_t score_cells_count;
    bool scores_exact;         /* false: a grid of EH_SCORE_GRID_COUNT equal bins between score_min and score_max */
    double score_min, score_max;
    uint64_t rows;             /* rows after --where, whether or not decision and label are known */
    uint64_t score_missing;    /* rows whose score is NULL */
    uint64_t value_missing;
    bool weighted;
} eh_cube;

/**
 * Reads the cube. Errors name the option: unknown column (with the nearest name and the column list), a type that cannot be grouped, a decision or label
 * with other than two values (lists the values found, shows how to write the expression), text values that are not yes/no-like (same), NULL,
 * NaN, infinite or negative weights, NaN or infinite scores or values (with how many rows), more than EH_GROUPS_MAX groups (offers --bands with edges at
 * the quintiles of a numeric column, or --top), one group only, no rows at all, no rows left after --where, more than EH_STRATA_MAX strata, more than EH_CELLS_MAX cells.
 * cost: one scan; one more narrow scan for each of: --score/--weight/--value (their range), --top, --score (the score cells).
 */
EH_MUST_USE eh_code eh_cube_read(eh_engine *engine, const eh_cube_spec *spec, eh_arena *arena, eh_cube *cube_out, eh_error *error);

/* ---- membership known only as probabilities ---------------------------------------------------------------------------------- */

typedef struct {
    const char *name;                 /* of the attribute */
    const char *const *group_names;
    const char *const *probabilities; /* SQL expressions, one per group; each row's must add up to 1 (+-1e-6) */
    size_t groups_count;              /* 2 to EH_GROUPS_MAX */
} eh_soft_spec;

/** Rows that agree in all probabilities, label and decision. */
typedef struct {
    const double *probabilities; /* groups_count of them */
    uint8_t label, decision;
    uint64_t count;
    double weight, weight_squares;
} eh_soft_cell;

typedef struct {
    const eh_soft_cell *cells; /* sorted */
    size_t cells_count;
    bool rounded;              /* probabilities were rounded to 1/1000 because there were more than EH_SOFT_CELLS_MAX */
} eh_soft_table;

/** Uses decision, label, weight and where of `spec`. */
EH_MUST_USE eh_code eh_soft_read(eh_engine *engine, const eh_cube_spec *spec, const eh_soft_spec *soft, eh_arena *arena, eh_soft_table *table_out,
                                 eh_error *error);

/* ---- rows as codes: every column that can be grouped --------------------------------------------------------------------------- */

typedef struct {
    eh_expression decision;    /* what happened, yes or no; needed; NULL allowed and counted */
    const char *decision_option; /* as it stands in errors: "--decision" or "--label" */
    eh_expression expected;    /* .sql NULL: none; a probability in [0, 1] for each row */
    const char *expected_option; /* "--expected" or "--score" */
    eh_expression label;       /* .sql NULL: none; divides the rows into strata: yes, no, missing */
    eh_expression score;       /* .sql NULL: none; divides the rows into strata: EH_CODED_SCORE_BANDS bands with equally many rows */
    eh_expression within;      /* .sql NULL: none; divides the rows into strata, one per value */
    eh_expression weight;      /* .sql NULL: every row counts 1; rows of weight 0 are left out */
    const char *where;         /* NULL: all rows */
    const eh_cube_attribute *attributes; /* with their bands; the others are cut and joined by themselves */
    size_t attributes_count;   /* 0: all columns that can be grouped and do not stand in an expression above */
    const eh_cube_attribute *banded; /* then: columns, by name, with their bands */
    size_t banded_count;
} eh_coded_spec;

enum {
    EH_CODED_SCORE_BANDS = 20,  /* of a score that makes strata */
    EH_CODED_BANDS = 10,        /* of a number with many values */
    EH_CODED_NUMBERS_MAX = 12,  /* different numbers up to which each is a group */
    EH_CODED_TEXTS_MAX = 24,    /* different texts up to which each is a group; of more the largest are kept and the others joined */
    EH_CODED_TEXTS_NAMED_MAX = 62, /* the same for a column that was named */
};

/** Rows that agree in everything. */
typedef struct {
    uint64_t rows, yes;
    double weight;
    double expected;           /* mean; NaN without */
    uint32_t stratum;
} eh_coded_cell;

/** A column that is not grouped, and why, in words: "each value occurs once, as in a number that names a customer". */
typedef struct {
    const char *name, *why;
} eh_coded_left_out;

typedef struct {
    const eh_cube_dimension *dimensions; /* with at least two groups each */
    size_t dimensions_count;
    const eh_coded_cell *cells;
    size_t cells_count;
    const uint8_t *codes;                /* cells_count rows of dimensions_count */
    const eh_coded_left_out *left_out;
    size_t left_out_count;
    const char *const *banded;           /* names of dimensions that were cut at quantiles */
    size_t banded_count;
    uint64_t rows;                       /* after --where */
    uint64_t decision_missing;           /* of them; not in any cell */
    size_t strata_count;
    bool weighted, given, expected_rounded; /* rounded: expectations were joined in 1,024 steps of their log odds, by their mean */
} eh_coded_table;

/**
 * Reads rows as codes. The rows are taken out of the files once and kept by the engine. Errors: as eh_cube_read for expressions, decision, weights;
 * an expectation that is missing or no probability; a named attribute whose values occur once each; no attribute left; more than
 * EH_SCAN_ATTRIBUTES_MAX attributes named, more than EH_SCAN_CELLS_MAX cells.
 */
EH_MUST_USE eh_code eh_coded_read(eh_engine *engine, const eh_coded_spec *spec, eh_arena *arena, eh_coded_table *table_out, eh_error *error);

#endif
