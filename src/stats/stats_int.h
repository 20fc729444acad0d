/** What the files of this room share and nobody else includes. */
#ifndef EH_STATS_STATS_INT_H
#define EH_STATS_STATS_INT_H

#include "stats/stats.h"

/** Both tails of a distribution, each with full relative accuracy; lower + upper = 1. */
typedef struct {
    double lower, upper;
} eh_tails;

/** Regularised incomplete beta I_x(a, b) and its complement; y = 1 - x is passed so that neither end loses digits. a, b > 0. */
eh_tails eh_beta_tails(double x, double y, double a, double b);
/** Regularised incomplete gamma P and Q. shape > 0, x >= 0. */
eh_tails eh_gamma_tails(double x, double shape);
/** P(X <= successes) and P(X > successes) of a binomial; 0 <= p <= 1. */
eh_tails eh_binomial_tails(double successes, double trials, double p);

/** log(Gamma(n + 1)) minus Stirling's approximation (n + 1/2) log n - n + log(2 pi) / 2 (Loader 2000). n > 0. */
double eh_stirling_error(double n);
/** x log(x / mean) + mean - x without cancellation (Loader 2000). x, mean > 0. */
double eh_binomial_deviance(double x, double mean);
/** Gamma(n + 1) / (Gamma(x + 1) Gamma(n - x + 1)) p^x q^(n - x) for real 0 <= x <= n. */
double eh_binomial_raw(double x, double n, double p, double q);
/** log(Gamma(x)), x > 0; thread-safe where lgamma is not. */
double eh_log_gamma(double x);

/** The t with P(|T| <= t) = confidence; df may be +infinity. */
double eh_student_critical(double confidence, double df);
/** The z with P(|Z| <= z) = confidence. */
double eh_normal_critical(double confidence);

/** A function of one number, with what else it needs. */
typedef struct {
    double (*at)(const void *context, double x);
    const void *context;
} eh_curve;

/** Two places between which a curve crosses zero, and its values there, one above 0 and one not. */
typedef struct {
    double low, high, at_low, at_high;
} eh_bracket;

/**
 * Where a monotone curve crosses zero, to within `width` (relative above 1): inverse quadratic interpolation, held by bisection
 * (Brent 1973). At most 200 evaluations, about eight as a rule.
 */
double eh_root(eh_curve curve, eh_bracket between, double width);

/** Counts of people: whole numbers small enough that every one of them is a double. */
bool eh_proportion_is_whole(eh_proportion observed);

#endif
