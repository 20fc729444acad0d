/*
 * The two incomplete functions that all distributions rest on. Prefactors by Loader's saddle point (2000), so that a = 1e9 keeps
 * its digits; continued fractions by Lentz's method as modified by Thompson and Barnett (1986), bounded in steps.
 */
#include "stats/stats_int.h"

#include <float.h>
#include <math.h>

static const double log_sqrt_two_pi = 0.918938533204672741780329736406;
static const double two_pi = 6.283185307179586476925286766559;
static const double lentz_tiny = 1e-300;

enum { STEPS_BASE = 1000, STEPS_MAX = 4000000 };

double eh_log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

double eh_stirling_error(double n)
{
    if (n <= 15.0)
        return eh_log_gamma(n + 1.0) - (n + 0.5) * log(n) + n - log_sqrt_two_pi;
    double square = n * n;
    double sum = 1.0 / 1188 - 691.0 / 360360 / square;
    sum = 1.0 / 1680 - sum / square;
    sum = 1.0 / 1260 - sum / square;
    sum = 1.0 / 360 - sum / square;
    return (1.0 / 12 - sum / square) / n;
}

double eh_binomial_deviance(double x, double mean)
{
    if (fabs(x - mean) >= 0.1 * (x + mean))
        return x * log(x / mean) + mean - x;
    double v = (x - mean) / (x + mean);
    double sum = (x - mean) * v;
    double term = 2.0 * x * v;
    double square = v * v;
    for (int j = 1; j < 1000; j++) {
        term *= square;
        double next = sum + term / (2 * j + 1);
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

double eh_binomial_raw(double x, double n, double p, double q)
{
    if (p <= 0)
        return x <= 0 ? 1.0 : 0.0;
    if (q <= 0)
        return x >= n ? 1.0 : 0.0;
    if (n <= 0)
        return 1.0;
    double rest = n - x;
    if (x <= 0)
        return exp(p < 0.1 ? n * log1p(-p) : n * log(q));
    if (rest <= 0)
        return exp(q < 0.1 ? n * log1p(-q) : n * log(p));
    double exponent = eh_stirling_error(n) - eh_stirling_error(x) - eh_stirling_error(rest) - eh_binomial_deviance(x, n * p) -
                      eh_binomial_deviance(rest, n * q);
    return exp(exponent) * sqrt(n / (two_pi * x * rest));
}

static int steps_max_for(double size)
{
    double steps = STEPS_BASE + 20.0 * sqrt(size);
    return steps < STEPS_MAX ? (int)steps : STEPS_MAX;
}

static double away_from_zero(double value)
{
    return fabs(value) < lentz_tiny ? lentz_tiny : value;
}

/* The continued fraction of I_x(a, b) for x below about the mean (Abramowitz and Stegun 26.5.8). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1.0;
    double d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    double fraction = d;
    int steps_max = steps_max_for(a > b ? a : b);
    for (int m = 1; m <= steps_max; m++) {
        double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        double change = d * c;
        fraction *= change;
        if (fabs(change - 1.0) < 4 * DBL_EPSILON)
            break;
    }
    return fraction;
}

eh_tails eh_beta_tails(double x, double y, double a, double b)
{
    if (isnan(x) || isnan(y) || !(a > 0) || !(b > 0))
        return (eh_tails){EH_NAN, EH_NAN};
    if (x <= 0)
        return (eh_tails){0, 1};
    if (y <= 0)
        return (eh_tails){1, 0};
    /* x^a y^b / B(a, b) = raw * a b / (a + b), where raw is the binomial mass carried over to real numbers. */
    double front = eh_binomial_raw(a, a + b, x, y);
    if (x < (a + 1.0) / (a + b + 2.0)) {
        double lower = front * (b / (a + b)) * beta_fraction(x, a, b);
        lower = fmin(lower, 1.0);
        return (eh_tails){lower, 1.0 - lower};
    }
    double upper = front * (a / (a + b)) * beta_fraction(y, b, a);
    upper = fmin(upper, 1.0);
    return (eh_tails){1.0 - upper, upper};
}

static double gamma_series(double x, double shape)
{
    double term = 1.0, sum = 1.0;
    int steps_max = steps_max_for(shape);
    for (int k = 1; k <= steps_max; k++) {
        term *= x / (shape + k);
        sum += term;
        if (term < sum * DBL_EPSILON)
            break;
    }
    return sum;
}

static double gamma_fraction(double x, double shape)
{
    double b = x + 1.0 - shape;
    double c = 1.0 / lentz_tiny;
    double d = 1.0 / away_from_zero(b);
    double fraction = d;
    int steps_max = steps_max_for(shape);
    for (int k = 1; k <= steps_max; k++) {
        double an = -k * (k - shape);
        b += 2.0;
        d = 1.0 / away_from_zero(an * d + b);
        c = away_from_zero(b + an / c);
        double change = d * c;
        fraction *= change;
        if (fabs(change - 1.0) < 4 * DBL_EPSILON)
            break;
    }
    return fraction;
}

eh_tails eh_gamma_tails(double x, double shape)
{
    if (isnan(x) || !(shape > 0) || isinf(shape))
        return (eh_tails){EH_NAN, EH_NAN};
    if (x <= 0)
        return (eh_tails){0, 1};
    if (isinf(x))
        return (eh_tails){1, 0};
    /* x^shape e^-x / Gamma(shape + 1): the Poisson mass at a real number. */
    double front = exp(-eh_stirling_error(shape) - eh_binomial_deviance(shape, x)) / sqrt(two_pi * shape);
    if (x < shape + 1.0) {
        double lower = fmin(front * gamma_series(x, shape), 1.0);
        return (eh_tails){lower, 1.0 - lower};
    }
    double upper = fmin(front * shape * gamma_fraction(x, shape), 1.0);
    return (eh_tails){1.0 - upper, upper};
}
