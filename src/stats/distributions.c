/* Distributions: normal, beta, gamma, chi-square, Student, binomial. */
#include "stats/stats_int.h"

#include <math.h>

enum { QUANTILE_STEPS_MAX = 400 };

/* ---- normal ------------------------------------------------------------------------------------------------------ */

double eh_normal_cdf(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

/* Coefficients of Wichura's PPND16, lowest power first; below the fraction line the constant 1 is written out. */
typedef struct {
    double above[8], below[8];
} rational;

static const rational central = {
    {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4, 4.5921953931549871457e+4,
     6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3, 2.1213794301586595867e+4,
     3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3}};
static const rational intermediate = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0, 1.27045825245236838258e0,
     2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}};
static const rational far_out = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1, 2.65321895265761230930e-2,
     1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}};

static double rational_at(const rational *coefficients, double x)
{
    double above = 0, below = 0;
    for (size_t i = 8; i-- > 0;) {
        above = above * x + coefficients->above[i];
        below = below * x + coefficients->below[i];
    }
    return above / below;
}

double eh_normal_quantile(double p)
{
    if (isnan(p) || p < 0 || p > 1)
        return EH_NAN;
    if (p == 0)
        return -EH_INFINITY;
    if (p == 1)
        return EH_INFINITY;
    double q = p - 0.5;
    if (fabs(q) <= 0.425)
        return q * rational_at(&central, 0.180625 - q * q);
    double r = sqrt(-log(q < 0 ? p : 1.0 - p));
    double z = r <= 5.0 ? rational_at(&intermediate, r - 1.6) : rational_at(&far_out, r - 5.0);
    return q < 0 ? -z : z;
}

double eh_normal_critical(double confidence)
{
    return -eh_normal_quantile((1.0 - confidence) / 2.0);
}

/* ---- beta -------------------------------------------------------------------------------------------------------- */

double eh_beta_cdf(double x, double a, double b)
{
    return eh_beta_tails(x, 1.0 - x, a, b).lower;
}

/* Newton on the logit of x, inside a bracket that only shrinks: beta distributions are well-behaved on that scale even when a or b
 * is far below 1. */
double eh_beta_quantile(double p, double a, double b)
{
    if (isnan(p) || p < 0 || p > 1 || !(a > 0) || !(b > 0))
        return EH_NAN;
    if (p == 0 || p == 1)
        return p;
    double low = -745.0, high = 745.0;
    double logit = log(a / b);
    logit = fmin(fmax(logit, low), high);
    double x = 0.5;
    for (int step = 0; step < QUANTILE_STEPS_MAX; step++) {
        double e = exp(-fabs(logit));
        double small = e / (1.0 + e), large = 1.0 / (1.0 + e);
        x = logit < 0 ? small : large;
        double y = logit < 0 ? large : small;
        eh_tails tails = eh_beta_tails(x, y, a, b);
        /* The smaller tail carries the digits. */
        double error = p <= 0.5 ? tails.lower - p : (1.0 - p) - tails.upper;
        if (error == 0)
            break;
        if (error > 0)
            high = logit;
        else
            low = logit;
        double slope = eh_binomial_raw(a, a + b, x, y) * (a * (b / (a + b)));
        double next = slope > 0 ? logit - error / slope : EH_NAN;
        if (!(next > low && next < high))
            next = low + (high - low) / 2;
        if (fabs(next - logit) <= 1e-15 * (1.0 + fabs(logit)) || high - low <= 1e-15 * (1.0 + fabs(logit)))
            break;
        logit = next;
    }
    return x;
}

/* ---- gamma, chi-square, Student ---------------------------------------------------------------------------------- */

double eh_gamma_cdf(double x, double shape)
{
    return eh_gamma_tails(x, shape).lower;
}

double eh_chi_square_survival(double x, double df)
{
    return eh_gamma_tails(x / 2.0, df / 2.0).upper;
}

double eh_student_cdf(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return EH_NAN;
    /* Above 1e10 degrees of freedom the difference from the normal is below 1e-10 of the tail at any t in use. */
    if (isinf(t) || df > 1e10)
        return eh_normal_cdf(t);
    double square = t * t;
    if (isinf(square))
        return t < 0 ? 0 : 1;
    double tail = 0.5 * eh_beta_tails(df / (df + square), square / (df + square), df / 2.0, 0.5).lower;
    return t < 0 ? tail : 1.0 - tail;
}

double eh_student_critical(double confidence, double df)
{
    if (!(df > 0))
        return EH_INFINITY;
    if (df > 1e10)
        return eh_normal_critical(confidence);
    /* share = df / (df + t^2); its complement is found on its own where share is close to 1 and would have lost the digits. */
    double share = eh_beta_quantile(1.0 - confidence, df / 2.0, 0.5);
    if (share <= 0)
        return EH_INFINITY;
    if (share < 0.5)
        return sqrt(df * (1.0 - share) / share);
    double rest = eh_beta_quantile(confidence, 0.5, df / 2.0);
    return sqrt(df * rest / (1.0 - rest));
}

/* ---- binomial ---------------------------------------------------------------------------------------------------- */

double eh_binomial_pmf(double successes, double trials, double p)
{
    if (isnan(successes) || isnan(trials) || !(p >= 0 && p <= 1) || trials < 0)
        return EH_NAN;
    if (successes < 0 || successes > trials || successes != floor(successes))
        return 0;
    return eh_binomial_raw(successes, trials, p, 1.0 - p);
}

eh_tails eh_binomial_tails(double successes, double trials, double p)
{
    if (isnan(successes) || isnan(trials) || !(p >= 0 && p <= 1) || trials < 0)
        return (eh_tails){EH_NAN, EH_NAN};
    double k = floor(successes);
    if (k < 0)
        return (eh_tails){0, 1};
    if (k >= trials)
        return (eh_tails){1, 0};
    eh_tails beta = eh_beta_tails(p, 1.0 - p, k + 1.0, trials - k);
    return (eh_tails){beta.upper, beta.lower};
}

double eh_binomial_cdf(double successes, double trials, double p)
{
    return eh_binomial_tails(successes, trials, p).lower;
}

bool eh_proportion_is_whole(eh_proportion observed)
{
    return observed.trials <= 9e15 && observed.trials == floor(observed.trials) && observed.successes == floor(observed.successes);
}
