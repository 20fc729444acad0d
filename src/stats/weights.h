/**
 * How well a sample stands for a population, and the weights that make it stand better. Pure functions over cells: a cell is a
 * group, or a crossing of groups, with the people (or the weight) in it; no function here sees a row.
 *
 * Formulas, sources and what is deliberately different: src/stats/README.md, "Samples and populations".
 */
#ifndef EH_STATS_WEIGHTS_H
#define EH_STATS_WEIGHTS_H

#include "stats/stats.h"

/* ---- two distributions over the same cells ------------------------------------------------------------------------------- */

/** Non-negative amounts of the same cells in the same order; each side is divided by its own sum. */
typedef struct {
    const double *sample, *population;
    size_t count;
} eh_two_shares;

/** Half the sum of absolute differences: the share of people who would have to change their cell. In [0, 1]; NaN for an empty side. */
double eh_total_variation(const eh_two_shares *shares);
/** Jensen-Shannon divergence in bits, in [0, 1] (Lin 1991). NaN for an empty side. */
double eh_jensen_shannon(const eh_two_shares *shares);
/** Population stability index: sum (p - q) ln(p / q). Shares below 1e-4 count as 1e-4, so that an empty cell is finite. */
double eh_stability_index(const eh_two_shares *shares);
/** Largest difference of the two cumulative shares, cells taken in their order; for ordered cells (bands, numbers). */
double eh_kolmogorov_distance(const eh_two_shares *shares);
/**
 * p-value of the Kolmogorov-Smirnov distance of samples of n and m people (m = infinity: against a known population), by the limit
 * distribution with Stephens' correction 1970. Conservative where values are tied, as in cells.
 */
double eh_kolmogorov_p(double distance, double n, double m);
/**
 * Absolute standardised difference of a share (a mean of zeros and ones): |p - q| / sd, where sd is the population's and the divisor
 * people - 1 when the population is counted (balance does so), sqrt(q (1 - q)) when population_people is infinite or 0.
 * NaN where the population does not vary.
 */
double eh_standardised_difference(double sample_share, double population_share, double population_people);

typedef struct {
    double statistic, df, p;
} eh_chi_square;
/**
 * Chi-square of a sample against known shares, first-order corrected for its design (Rao and Scott 1981): Pearson's statistic of the
 * weighted shares at the effective sample size. Cells without population share must be empty (else the statistic is infinite).
 */
eh_chi_square eh_chi_square_fit(const eh_two_shares *shares, double effective_people);
/** Pearson's chi-square of independence; `effective_share` multiplies the counts (1 for unweighted data). NaN with one row or column. */
eh_chi_square eh_chi_square_independence(const eh_contingency *table, double effective_share);
/** Mutual information divided by the mean of the two entropies, in [0, 1]; NaN when neither side varies. */
double eh_normalised_mutual_information(const eh_contingency *table);

/* ---- weights ---------------------------------------------------------------------------------------------------------------- */

/** `count` people who all have this weight. */
typedef struct {
    double weight, count;
} eh_weight_cell;

typedef struct {
    double people;            /* n */
    double sum;               /* of weights */
    double design_effect;     /* Kish 1965: n sum(w^2) / sum(w)^2; at least 1 */
    double effective_people;  /* n / design effect */
    double smallest, largest; /* weight over the mean weight; people of weight 0 are left out of `smallest` */
} eh_weights_cost;
eh_weights_cost eh_weights_cost_of(const eh_weight_cell *cells, size_t count);

/**
 * Caps weights at `mean_ratio` times their mean, then scales all so that the sum stays. In place. mean_ratio > 0; a cap below the mean makes
 * all weights equal in the end.
 */
void eh_weights_trim(eh_weight_cell *cells, size_t count, double mean_ratio);
/** Winsorises at quantiles: weights below that of share `low` or above that of 1 - `high` become it; each at least one weight's worth (as
 *  balance 0.23). The sum is not kept. In place; scratch has `count` elements. shares in [0, 1); 0 leaves that side alone. */
typedef struct {
    double low, high;
} eh_tails_share;
void eh_weights_winsorise(eh_weight_cell *cells, size_t count, eh_tails_share shares, eh_weight_cell *scratch);

/* ---- raking ------------------------------------------------------------------------------------------------------------------ */

/** The known shares of one margin, or of one joint distribution when its levels are crossings. */
typedef struct {
    const uint32_t *level_of_cell; /* cells_count entries; EH_LEVEL_NONE: people of this cell are not part of the margin */
    const double *shares;          /* levels_count; scaled to 1 inside */
    size_t levels_count;
} eh_margin;
enum { EH_LEVEL_NONE = -1 };

typedef struct {
    const double *weights; /* of each cell at the start: people, or the sum of their design weights */
    size_t cells_count;
    const eh_margin *margins;
    size_t margins_count;
    uint32_t rounds_max;   /* 0: 1000 */
    double tolerance;      /* largest difference of a share that counts as reached; 0: 1e-10 */
} eh_rake_spec;

typedef struct {
    double *factors;       /* per cell: what a weight in it is multiplied with; the sum of weights stays */
    uint32_t rounds;
    bool converged;
    double largest_gap;    /* of a share to its target, at the end */
} eh_rake_result;

/**
 * Iterative proportional fitting (Deming and Stephan 1940) over cells. With one margin it is post-stratification and takes one round.
 * A cell that is not part of a margin keeps its weight there. Not reached after rounds_max: converged is false, the factors are the last.
 * errors: EH_CONFLICT with the margin's and level's number (from 0) in *margin_out, *level_out when a level has a share and no people, or
 *         people and no share; EH_MEMORY. cost: rounds x cells x margins.
 */
EH_MUST_USE eh_code eh_rake(const eh_rake_spec *spec, eh_arena *arena, eh_rake_result *result_out, eh_error *error);
/** True, with the place, for the first level that raking cannot reach: a share without people, or people without a share. */
bool eh_rake_unreachable(const eh_rake_spec *spec, size_t *margin_out, size_t *level_out, bool *people_missing_out, eh_arena *arena);

/**
 * Reweighing (Kamiran and Calders 2012) for any number of groups: the factor of cell (group g, outcome y) is P(g) P(y) / P(g, y), which makes
 * group and outcome independent. weights[g * outcomes_count + y]; factors_out likewise, NaN where nobody is.
 */
void eh_reweigh(const double *weights, size_t groups_count, size_t outcomes_count, double *factors_out);

/* ---- repair of numbers --------------------------------------------------------------------------------------------------------- */

enum { EH_REPAIR_KNOTS = 101 }; /* quantiles 0, .01 ... 1 */

/** The quantile function of one group at EH_REPAIR_KNOTS even places, and where they are sent. */
typedef struct {
    double from[EH_REPAIR_KNOTS], to[EH_REPAIR_KNOTS];
    double people;
} eh_quantile_map;

/** Quantiles (R type 7) of sorted values at the knots; count > 0. */
void eh_quantile_knots(const double *sorted, size_t count, double knots_out[EH_REPAIR_KNOTS]);
/**
 * Sets `to` of every group: the median over groups of their quantiles, knot by knot (Feldman et al. 2015), moved by `amount` in [0, 1]
 * (1: all groups get one distribution; 0: nothing changes).
 */
void eh_quantile_repair_fit(eh_quantile_map *groups, size_t groups_count, double amount);
/** Where a value of this group goes: piecewise linear between knots; a value on a flat part goes to the middle of its part; outside, the
 *  ends' own shift. NaN stays. */
double eh_quantile_repair_at(const eh_quantile_map *map, double value);

/**
 * Taking the difference between groups out of a number: shift_out[g] = amount (mean of g - mean of all), to be subtracted. For two groups this is
 * Fairlearn's CorrelationRemover. sums and people per group; a group of nobody has shift 0.
 */
void eh_decorrelate_fit(const double *sums, const double *people, size_t groups_count, double amount, double *shift_out);

/* ---- how well can an attribute be recovered -------------------------------------------------------------------------------------- */

/** Rows of features cut into bins, and who belongs to the group that is to be recognised. */
typedef struct {
    const uint8_t *const *bins;    /* features_count arrays of rows_count */
    const uint16_t *bins_count;    /* per feature, at most 256 */
    size_t features_count, rows_count;
    const uint8_t *member;         /* per row: 1 in the group, 0 not */
    const uint8_t *fold;           /* per row: below EH_RECOVERY_FOLDS; rows that are alike must share a fold */
} eh_recovery_spec;
enum { EH_RECOVERY_FOLDS = 5 };

typedef struct {
    eh_estimate auc;               /* of scores that each row got from a model which had not seen its fold; DeLong's interval */
    double *gains;                 /* per feature: its share of what the models learnt; they add up to 1 */
} eh_recovery;

/**
 * Fits an additive logistic model over the bins, fold by fold, by cyclic Newton boosting with shrinkage, and says how well group membership
 * can be told from all features together. A lower bound of what a stronger model could do; without a relation the AUC is about .5.
 * Deterministic. cost: folds x rounds x features x rows. errors: memory.
 */
EH_MUST_USE eh_code eh_recovery_of(const eh_recovery_spec *spec, double confidence, eh_arena *arena, eh_recovery *recovery_out, eh_error *error);

#endif
