/**
 * Hidden groups: which combination of values was treated otherwise than expected, in any list of decisions or predictions?
 *
 * Works on a small table in memory: cells of people who agree in all attributes, with how many they are and how many were chosen.
 * A pure function of table and options; chance (split, restarts, random files) comes from the seed. The order of cells and of
 * attributes does not matter. Method, formulas and sources: src/audit/README.md; what the numbers mean: docs/measures.md.
 */
#ifndef EH_AUDIT_SCAN_H
#define EH_AUDIT_SCAN_H

#include "audit/audit.h"
#include "base/base.h"
#include "data/data.h"

/* ---- the table --------------------------------------------------------------------------------------------------------- */

/** People who agree in all attributes, in stratum, weight and expectation. A single row is a cell too. */
typedef struct {
    uint64_t rows, yes; /* people, and those of them that were chosen */
    double weight;      /* of each of them; 1 without weights; > 0 */
    double expected;    /* probability to be chosen, in [0, 1]; read only when the table says `given` */
    uint32_t stratum;   /* people are compared with those of the same stratum; any numbers; 0 without strata */
} eh_scan_cell;

/** Everything borrowed. */
typedef struct {
    const eh_cube_dimension *attributes; /* 1 to EH_SCAN_ATTRIBUTES_MAX, different names, at most EH_GROUPS_MAX groups each */
    size_t attributes_count;
    const uint8_t *codes;                /* cells_count rows of attributes_count group indexes */
    const eh_scan_cell *cells;
    size_t cells_count;                  /* 1 to EH_SCAN_CELLS_MAX */
    bool given;                          /* expectations are given; else the rate of each stratum is expected of its people */
} eh_scan_table;

/* ---- options ------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_SCAN_BOTH, EH_SCAN_LOW, EH_SCAN_HIGH } eh_scan_direction;

/** Zeros stand for the defaults, but for penalty: NaN. */
typedef struct {
    eh_scan_direction direction; /* chosen less often than expected, more often, both */
    double penalty;              /* of each value that a description names, in units of the score; 2; of single values two fifths */
    double confidence;           /* a group is told when both its p-values are at most 1 - confidence; 0.95 */
    uint64_t seed;
    uint64_t rows_min;           /* smallest group looked at; default 0.5 % of the rows, at least 20, at most 500 */
    uint32_t groups_max;         /* at most EH_SCAN_GROUPS_MAX */
    uint32_t depth;              /* attributes of the exact search: 1 to 3; default 3, less when that would take too long */
} eh_scan_options;

/* ---- result ---------------------------------------------------------------------------------------------------------------- */

/** One attribute of a description: the groups whose bits are set, said as they are or as all but the others. */
typedef struct {
    uint32_t attribute;     /* index into the table's attributes */
    uint64_t values;        /* bit g: group g belongs */
    bool except;            /* shorter said by what does not belong */
} eh_scan_condition;

typedef struct {
    const eh_scan_condition *conditions; /* in the order of the table's attributes */
    size_t conditions_count;
    eh_scan_direction direction;         /* EH_SCAN_LOW or EH_SCAN_HIGH */
    uint64_t rows, yes;                  /* in the whole file */
    double share;                        /* of all people, by weight */
    double observed, expected;           /* rates in the whole file, by weight; expected after the groups told before it */
    double ratio;                        /* observed / expected; NaN when nothing was expected */
    eh_estimate confirmed;               /* rate in the half that confirmed it, which had no part in finding it; Wilson */
    double confirmed_expected;
    uint64_t confirmed_rows;
    double score, score_penalized;       /* log likelihood ratio in the whole file; less the penalty */
    double odds_factor;                  /* q of the score: the odds of everybody in the group times this fit best */
    double p_search;                     /* that the whole search finds as much in a file without hidden groups: the upper end of what is known */
    double p_confirmed;                  /* of this group alone, on the half that did not find it */
    double p;                            /* the larger of the two */
} eh_scan_group;

/** What a group of this size would have had to show to be found in four of five such files; NaN: nothing would have done. */
typedef struct {
    double share, low, high;
} eh_scan_findable;

enum { EH_SCAN_FINDABLE_COUNT = 5 }; /* 1, 2, 5, 10, 20 % of the rows */
enum { EH_SCAN_FINDABLE_USUAL = 2 }; /* 5 % */

typedef struct {
    eh_scan_options options;     /* with the defaults filled in */
    uint64_t rows, yes;
    double effective;            /* Kish's sample size; rows without weights */
    double observed, expected;   /* rates of everybody, by weight */
    size_t cells_count;          /* different combinations of values */
    uint32_t depth;              /* of the exact search as it was done */
    uint64_t groups_looked_at;   /* by the exact search, large enough */
    uint32_t replicates_count;   /* random files for p_search; 0 when all groups were beyond doubt, or none came that far */
    const eh_scan_group *groups; /* as they were found: each beyond those before it */
    size_t groups_count;
    bool more;                   /* stopped at groups_max; there may be more */
    eh_scan_findable findable[EH_SCAN_FINDABLE_COUNT];
    /** EH_VIOLATES: found. EH_NOT_ENOUGH_EVIDENCE: nothing found, and half the rate in 5 % of the rows would have been missed (double, when only high is asked for). */
    eh_verdict verdict;
} eh_scan;

/**
 * Looks for hidden groups. Errors: no attributes or too many, no cells or too many, all or none chosen without expectations
 * (nothing to compare), an expectation outside [0, 1], a weight that is not positive and finite, memory.
 * The result lives in `arena` and borrows from nothing.
 * cost: cells x sets of attributes for each search; two searches for each group that is told, and 199 random files unless it is beyond doubt.
 */
EH_MUST_USE eh_code eh_scan_run(const eh_scan_table *table, const eh_scan_options *options, eh_arena *arena, const eh_scan **scan_out,
                                eh_error *error);

/* ---- the score, for others to check ---------------------------------------------------------------------------------------------- */

/** People with one expectation. */
typedef struct {
    double people, expected;
} eh_scan_expectation;

/** Bernoulli scan score at a given q: observed ln q - sum people ln(1 - p + q p) (Zhang and Neill 2016), without penalty. q > 0. */
double eh_scan_score_at(double observed, const eh_scan_expectation *expectations, size_t count, double q);
/** The same at the best q on the side of `direction` (EH_SCAN_BOTH: either); q_out may be NULL. 0 and q = 1 when that side has none. */
double eh_scan_score(double observed, const eh_scan_expectation *expectations, size_t count, eh_scan_direction direction, double *q_out);

/** The best group by subset scan alone (random restarts, coordinate ascent), unconfirmed: for comparison with other programs. */
typedef struct {
    double score;                                   /* penalized by penalty x values of every attribute that is not whole */
    uint64_t values[EH_SCAN_ATTRIBUTES_MAX];        /* bit g of values[a]: group g of attribute a belongs */
} eh_scan_subset;
EH_MUST_USE eh_code eh_scan_subset_best(const eh_scan_table *table, const eh_scan_options *options, uint32_t restarts, eh_arena *arena,
                                        eh_scan_subset *subset_out, eh_error *error);

#endif
