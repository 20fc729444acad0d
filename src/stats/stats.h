/**
 * Pure statistics: distributions, intervals, tests, multiplicity, composites, resampling. No memory is kept, no file is read,
 * nothing is global; every function is thread-safe. Formulas, sources and what is deliberately different: src/stats/README.md.
 *
 * Counts are doubles, so that weighted data can pass effective counts; integer counts get the small-sample methods.
 * "Not defined" (a rate of no trials, a ratio 0/0) is NaN, never a made-up number.
 */
#ifndef EH_STATS_STATS_H
#define EH_STATS_STATS_H

#include "base/base.h"

/* ---- distributions ----------------------------------------------------------------------------------------------------- */

double eh_normal_cdf(double z);      /* accurate in both tails (erfc) */
double eh_normal_quantile(double p); /* Wichura 1988, AS241 PPND16; p in (0,1), else -inf/inf/NaN */
double eh_beta_cdf(double x, double a, double b);      /* regularised incomplete beta, relative accuracy 1e-12 */
double eh_beta_quantile(double p, double a, double b);
double eh_gamma_cdf(double x, double shape);           /* regularised lower incomplete gamma */
double eh_chi_square_survival(double x, double df);
double eh_student_cdf(double t, double df);
double eh_binomial_cdf(double successes, double trials, double p); /* P(X <= successes) */
double eh_binomial_pmf(double successes, double trials, double p); /* Loader's saddle point, no cancellation */

/* ---- intervals ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    double low, high;
} eh_interval;

/** An estimate with its interval and the (effective) number of observations below it. value is NaN when not defined. */
typedef struct {
    double value, low, high, n;
} eh_estimate;

/** A proportion: successes of trials, 0 <= successes <= trials, trials may be 0. */
typedef struct {
    double successes, trials;
} eh_proportion;

/**
 * Wilson score interval of a proportion (Wilson 1927; Newcombe 1998, method 3).
 * confidence two-sided in (0,1); trials = 0 gives [0, 1]; constant cost.
 */
eh_interval eh_interval_wilson(eh_proportion observed, double confidence);

/** Newcombe's hybrid score interval of a.rate - b.rate (Newcombe 1998, method 10); a side without trials gives [-1, 1]. */
eh_interval eh_interval_newcombe(eh_proportion a, eh_proportion b, double confidence);

/**
 * Score interval of the ratio a.rate / b.rate (Koopman 1984), by inversion of the score test below; defined at zero cells: a = 0
 * gives low 0; b = 0 gives high +infinity; both 0 give [0, +infinity].
 */
eh_interval eh_interval_ratio_score(eh_proportion a, eh_proportion b, double confidence);

/** MOVER (Zou and Donner 2008): interval of a.value - b.value of independent estimates from their own intervals. */
eh_interval eh_interval_difference_mover(eh_estimate a, eh_estimate b);
/** MOVER-R (Donner and Zou 2012): interval of a.value / b.value of independent non-negative estimates; high may be +infinity. */
eh_interval eh_interval_ratio_mover(eh_estimate a, eh_estimate b);
/** Interval of a mean by Student's t; n_effective may be fractional; below 2 gives [-inf, inf]. variance is of one observation. */
eh_interval eh_interval_mean(double mean, double variance, double n_effective, double confidence);

/* ---- tests of two proportions ---------------------------------------------------------------------------------------------- */

typedef enum { EH_SCALE_DIFFERENCE, EH_SCALE_RATIO } eh_scale;

/**
 * The signed score statistic z for H0: a.rate - b.rate = null_value (difference) or a.rate / b.rate = null_value (ratio), with the
 * variance under H0 (Mee 1984; Farrington and Manning 1990; Koopman 1984; no N/(N-1) factor). Positive when a is above. At the
 * null of equality it is the pooled two-proportion z. NaN when it is not defined (no trials); 0 when both variances vanish at equality.
 */
double eh_score_z(eh_scale scale, eh_proportion a, eh_proportion b, double null_value);

/**
 * One-sided p-value of H0: effect >= null_value against "less" (direction < 0) or H0: effect <= null_value against "greater"
 * (direction > 0). With integer counts and a small cell (the smaller group or expected counts are small) it is the exact tail of
 * the score statistic at the constrained estimate of the nuisance rate (estimated p-value, "E"; Storer and Kim 1990, Lloyd 2008);
 * else the normal tail. Cost: constant; for small cells at most about 200,000 operations. NaN without trials.
 */
double eh_score_p(eh_scale scale, eh_proportion a, eh_proportion b, double null_value, int direction);

/** Two-sided p-value of equality: 2 * min of the two one-sided, at most 1. With large counts exactly the pooled z test. */
double eh_equality_p(eh_proportion a, eh_proportion b);

/**
 * The rate of a (of `trials_a`) nearest to b's at which the score test of "effect < null_value" (direction < 0) or "> null_value"
 * (direction > 0) at two-sided level alpha is rejected with probability `power` (normal approximation on the score statistic).
 * NaN when even 0 (or 1) would not be found. b_rate is taken as the truth for b.
 */
typedef struct {
    eh_scale scale;
    double trials_a, trials_b, rate_b;
    double null_value; /* the tolerance's edge */
    int direction;
    double alpha, power;
} eh_detectable_spec;
double eh_detectable_rate(const eh_detectable_spec *spec);

/* ---- many tests at once ------------------------------------------------------------------------------------------------------ */

/** Holm 1979 step-down adjusted p-values. NaN entries are left out of the family and stay NaN. scratch: count indexes. O(n log n). */
void eh_adjust_holm(const double *p, size_t count, size_t *scratch, double *adjusted_out);
/** Benjamini and Hochberg 1995 adjusted p-values; same conventions. */
void eh_adjust_benjamini_hochberg(const double *p, size_t count, size_t *scratch, double *adjusted_out);
/**
 * Critical value c of max-T for comparisons of `count` groups with one reference (Dunnett 1955): P(max |T_i| <= c) = confidence with
 * corr(T_i, T_j) = lambda_i lambda_j, by Gauss-Hermite or fine trapezoid integration. lambda in [0,1). count 0 gives the normal quantile.
 */
double eh_dunnett_critical(const double *lambda, size_t count, double confidence);
/** Critical value of max |Z_i| over `count` independent estimates (Sidak 1967). */
double eh_sidak_critical(size_t count, double confidence);
/** The two-sided confidence whose normal critical value is c: 2 Phi(c) - 1. */
double eh_confidence_of_critical(double critical);

/* ---- strata ---------------------------------------------------------------------------------------------------------------------- */

/** One 2x2 table of a stratum: picked and not picked of the group (a, b) and of the reference (c, d). */
typedef struct {
    double a, b, c, d;
} eh_stratum;

typedef struct {
    eh_estimate odds_ratio; /* Mantel and Haenszel 1959; interval by Robins, Breslow and Greenland 1986; n = total count */
    double statistic;       /* Cochran-Mantel-Haenszel chi-square, 1 df, no continuity correction */
    double statistic_corrected; /* with the correction of .5 */
    double p;               /* of `statistic` */
    double risk_difference; /* Mantel-Haenszel weighted difference of rates */
} eh_mantel_haenszel;
eh_mantel_haenszel eh_mantel_haenszel_of(const eh_stratum *strata, size_t strata_count, double confidence);

/**
 * Generalised Cochran-Mantel-Haenszel test of K groups x 2 outcomes over strata (Landis, Heyman and Koch 1978): picked[s*groups+g] and
 * total[s*groups+g]. df_out is the rank (groups with data minus one). Groups <= EH_GROUPS_MAX. arena: groups^2 doubles.
 * Degenerate (no variance) gives statistic NaN. Equals eh_mantel_haenszel's statistic for two groups.
 */
typedef struct {
    const double *picked, *total;
    size_t strata_count, groups_count;
} eh_strata_table;
EH_MUST_USE eh_code eh_cochran_mantel_haenszel(const eh_strata_table *table, eh_arena *arena, double *statistic_out, double *df_out,
                                               double *p_out, eh_error *error);

/* ---- scores ------------------------------------------------------------------------------------------------------------------------ */

/** A distinct score (or bin) and the weight (or count) of negatives and positives that have it. */
typedef struct {
    double score;
    double negatives, positives;
} eh_score_bin;

/**
 * Area under the ROC curve with ties counted half, and DeLong's interval on the logit scale (DeLong et al. 1988; one group, binned data).
 * bins sorted by score ascending. effective_share scales the counts for the variance (1 for unweighted). NaN without both classes.
 * At AUC 0 or 1 (no variance) the interval is widened by a Wilson interval on min(m, n) trials.
 */
eh_estimate eh_auc_delong(const eh_score_bin *bins, size_t bins_count, double effective_share, double confidence);

/* ---- inequality ---------------------------------------------------------------------------------------------------------------------- */

/** A benefit and how many people (or how much weight) have it. */
typedef struct {
    double benefit, weight;
} eh_benefit;
/** Generalised entropy index (Speicher et al. 2018); alpha 0 and 1 are the limits (mean log deviation, Theil). NaN without mean > 0. */
double eh_generalized_entropy(const eh_benefit *benefits, size_t count, double alpha);
/** Atkinson 1970, epsilon > 0, epsilon 1 is the limit. */
double eh_atkinson(const eh_benefit *benefits, size_t count, double epsilon);
/** Gini coefficient of the benefits by Lorenz curve. benefits are sorted inside: scratch has `count` elements. */
double eh_gini(const eh_benefit *benefits, size_t count, eh_benefit *scratch);

/* ---- association ------------------------------------------------------------------------------------------------------------------------ */

/** counts[r * columns_count + c]: people, or weight, in row r and column c. Empty rows and columns are left out. */
typedef struct {
    const double *counts;
    size_t rows_count, columns_count;
} eh_contingency;

/** Cramer's V (Cramer 1946), without bias correction, in [0, 1]; NaN with fewer than two rows or columns in use. O(r^2 c). */
double eh_cramers_v(const eh_contingency *table);

/* ---- shrinkage and resampling ------------------------------------------------------------------------------------------------------------ */

/**
 * Beta-binomial (Dirichlet-multinomial with two outcomes) shrinkage of the rates of many groups: prior mean and strength by maximum
 * marginal likelihood over the groups, posterior mean and equal-tailed interval for each. For small groups. groups may have 0 trials.
 */
void eh_shrink_rates(const eh_proportion *groups, size_t count, double confidence, eh_estimate *shrunk_out);

double eh_random_normal(eh_random *random);
double eh_random_gamma(eh_random *random, double shape); /* Marsaglia and Tsang 2000; shape > 0 */
/** Binomial draw: inversion for small n p, BTRS (Hormann 1993) for large; about 50 ns. */
uint64_t eh_random_binomial(eh_random *random, uint64_t trials, double p);
/** One multinomial draw of `total` over `count` cells with the given non-negative weights (not all 0), by conditional binomials. */
void eh_random_multinomial(eh_random *random, uint64_t total, const double *weights, size_t count, double *draws_out);
/** The quantile (R type 7) of `values`, which are reordered. NaN entries are left out; NaN if none is left. O(n) expected. */
double eh_quantile_inplace(double *values, size_t count, double probability);

#endif
