/** Private to audit/: the field that a scan works on, and its steps. */
#ifndef EH_AUDIT_SCAN_INT_H
#define EH_AUDIT_SCAN_INT_H

#include "audit/scan.h"

enum {
    SCAN_BINS_MAX = 32,      /* different expectations that the subset scan keeps apart; more are joined by their mean */
    SCAN_DEPTH_MAX = 3,      /* attributes of the exact search */
    SCAN_LATTICE_LOW = 0,    /* families: kinds of group with a maximum of their own */
    SCAN_LATTICE_HIGH = 1,
    SCAN_SUBSETS = 2,
    SCAN_FAMILIES = 3,
    SCAN_CANDIDATES_MAX = 160,
    SCAN_RESTARTS = 4,       /* of a subset scan, for each direction */
};

/**
 * Cells in their canonical order, attributes sorted by name. Mass is people times weight, scaled so that all together have Kish's
 * sample size: scores of weighted files are those of that many people.
 */
typedef struct {
    size_t attributes_count, cells_count;
    const eh_cube_dimension **attributes; /* sorted by name */
    uint8_t levels[EH_SCAN_ATTRIBUTES_MAX];
    const uint8_t *codes[EH_SCAN_ATTRIBUTES_MAX]; /* one column per attribute */
    uint32_t *rows, *yes;   /* people of each cell */
    double *unit;           /* mass of one person */
    double *mass, *hits;    /* unit * rows, unit * yes */
    double *expected;       /* probability */
    uint32_t *level;        /* people of one level are compared with each other; not used when given */
    size_t levels_total;    /* levels in use: 0 .. levels_total - 1 */
    bool given;
    bool weighted;
    double rows_min;
    uint8_t *bin;           /* of the expectation */
    double bin_expected[SCAN_BINS_MAX];
    size_t bins_count;
} scan_field;

/** A set of values of each attribute, in the field's order; all bits of an attribute set: it does not matter. */
typedef struct {
    uint64_t values[EH_SCAN_ATTRIBUTES_MAX];
    eh_scan_direction direction;
    double score;           /* penalized, where it was found */
} scan_candidate;

/** Mass, expected mass and its squares: enough to score any group approximately, and exactly with one expectation. */
typedef struct {
    double mass, hits, expected, squares; /* squares: sum mass p^2 */
} scan_sums;

/* ---- score (scan_score.c) -------------------------------------------------------------------------------------------------- */

/** Score of a group by the binomial that has the mean and variance of its expectation. */
double scan_score_matched(const scan_sums *sums, eh_scan_direction direction);
/** The side on which it lies, and whether `wanted` allows it. */
bool scan_side(const scan_sums *sums, eh_scan_direction wanted, eh_scan_direction *side_out);
/** All values of an attribute. */
uint64_t scan_whole(const scan_field *field, size_t attribute);
/** The conditions of a group, without the attributes that do not matter: what a loop over cells asks. */
typedef struct {
    size_t count;
    const uint8_t *codes[EH_SCAN_ATTRIBUTES_MAX];
    uint64_t values[EH_SCAN_ATTRIBUTES_MAX];
} scan_filter;
scan_filter scan_filter_of(const scan_field *field, const scan_candidate *group);
static inline bool scan_holds(const scan_filter *filter, size_t cell)
{
    for (size_t i = 0; i < filter->count; i++)
        if ((filter->values[i] >> filter->codes[i][cell] & 1) == 0)
            return false;
    return true;
}
scan_sums scan_sums_of(const scan_field *field, const scan_candidate *group);
/** The exact score, and q, of a group. */
double scan_score_exact(const scan_field *field, const scan_candidate *group, double *q_out);
/** Values named by the description: the cheapest of naming, leaving out, and ranges of an ordered attribute. */
uint32_t scan_words(const scan_field *field, const scan_candidate *group);
/** Leaves out values without people and attributes that do not matter, so that one group has one description. */
void scan_canonical(const scan_field *field, scan_candidate *group);
void scan_bins_make(scan_field *field, eh_arena *scratch);

/* ---- field (scan_field.c) ---------------------------------------------------------------------------------------------------- */

eh_code scan_field_make(const eh_scan_table *table, const eh_scan_options *options, eh_arena *arena, scan_field **field_out,
                        eh_error *error);
/** Two fields with the same cells and half of the people each. */
eh_code scan_field_split(const scan_field *field, eh_random *random, eh_arena *arena, scan_field *halves[2], eh_error *error);
/** Expectations of the levels anew, from the field's own people. */
eh_code scan_field_expect(scan_field *field, eh_arena *scratch, eh_error *error);
/** From now on the group's own rate is expected of it. `q` is its odds factor. Levels are divided; call for the whole, then for the halves. */
eh_code scan_field_remove(scan_field *field, const scan_candidate *group, double q, eh_arena *scratch, eh_error *error);

/* ---- searches ------------------------------------------------------------------------------------------------------------------ */

typedef struct scan_lattice scan_lattice;
/** All groups of up to `depth` values with enough people. hits are not looked at, so that one lattice serves many random files. */
eh_code scan_lattice_make(const scan_field *field, uint32_t depth, eh_arena *arena, scan_lattice **lattice_out, eh_error *error);
uint64_t scan_lattice_groups(const scan_lattice *lattice);
uint32_t scan_lattice_depth(const scan_lattice *lattice);
/**
 * Logarithm of the share of the error that a group of `rows` people and `depth` values has, those of its side together having 1: each
 * number of values the same, of these each set of attributes the same, and of these each group as it is large (in every set the shares
 * of the groups add up to at most one). It knows nothing of who was chosen, and stands up for small groups, of which there are many.
 */
double scan_lattice_weight(const scan_lattice *lattice, uint32_t depth, double rows);
/** The best groups of each number of values by score plus weight; at most `max`. The score that is told is penalized. */
size_t scan_lattice_best(scan_lattice *lattice, const double *hits, const eh_scan_options *options, scan_candidate *best_out, size_t max);
/** The largest score plus weight on each side; a side that is not asked for or has none keeps minus infinity. */
void scan_lattice_maxima(scan_lattice *lattice, const double *hits, eh_scan_direction direction, double maxima_out[2]);

typedef struct {
    uint32_t restarts;
    double penalty;
    eh_scan_direction direction; /* not both */
} scan_subset_spec;
/** Subset scan; the group's score is penalized by value. False when nothing scores above 0. */
bool scan_subset_search(const scan_field *field, const double *hits, const scan_subset_spec *spec, eh_random *random, scan_candidate *best_out,
                        void *room);
/** Bytes that `room` must have. */
size_t scan_subset_room(const scan_field *field);

/* ---- confirmation (scan_confirm.c) --------------------------------------------------------------------------------------------- */

/** One-sided p-value of a group on a half that had no part in finding it. `room`: scan_half_room bytes. */
double scan_half_p(const scan_field *half, const scan_candidate *group, void *room);
size_t scan_half_room(const scan_field *half);

typedef struct {
    scan_lattice *lattice;     /* of the field */
    const eh_scan_options *options;
    double best[SCAN_FAMILIES]; /* of the groups that may be told: score plus weight, or penalized score of a subset; -infinity: none */
    size_t count;              /* random files at most; fewer when no group can be told any more */
} scan_replicates;
typedef struct {
    double maxima[SCAN_FAMILIES];
} scan_replicate;
/** What the search finds in the file and in random files. */
typedef struct {
    const scan_replicate *all; /* the first is the file itself */
    size_t count;
} scan_searched;
/** Shares of the error that the families have; together 1. */
double scan_family_share(const eh_scan_options *options, int family);
eh_code scan_search_random(const scan_field *field, const scan_replicates *asked, eh_random *random, eh_arena *arena, scan_searched *searched_out,
                           eh_error *error);
/**
 * How often the whole search finds, in a random file, something as good as a group with this score in this family: the upper end of
 * the interval that so many random files leave (Clopper and Pearson).
 */
double scan_search_p(const scan_searched *searched, const eh_scan_options *options, int family, double score);

#endif
