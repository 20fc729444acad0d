/* Many tests at once: adjusted p-values, simultaneous critical values. */
#include "stats/stats_int.h"

#include <math.h>
#include <stdlib.h>

/* ---- adjusted p-values ------------------------------------------------------------------------------------------- */

static int by_p(const void *left, const void *right, void *context)
{
    const double *p = context;
    size_t i = *(const size_t *)left, j = *(const size_t *)right;
    if (p[i] != p[j])
        return p[i] < p[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* Indexes of the defined p-values from the smallest up; the others become NaN in the result. */
static size_t sort_defined(const double *p, size_t count, size_t *order, double *adjusted_out)
{
    size_t defined = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(p[i]))
            adjusted_out[i] = EH_NAN;
        else
            order[defined++] = i;
    }
    union {
        const double *read;
        void *passed;
    } context = {.read = p};
    if (defined > 1)
        qsort_r(order, defined, sizeof *order, by_p, context.passed);
    return defined;
}

void eh_adjust_holm(const double *p, size_t count, size_t *scratch, double *adjusted_out)
{
    size_t family = sort_defined(p, count, scratch, adjusted_out);
    double reached = 0;
    for (size_t rank = 0; rank < family; rank++) {
        reached = fmax(reached, fmin((double)(family - rank) * p[scratch[rank]], 1));
        adjusted_out[scratch[rank]] = reached;
    }
}

void eh_adjust_benjamini_hochberg(const double *p, size_t count, size_t *scratch, double *adjusted_out)
{
    size_t family = sort_defined(p, count, scratch, adjusted_out);
    double reached = 1;
    for (size_t rank = family; rank-- > 0;) {
        reached = fmin(reached, (double)family / (double)(rank + 1) * p[scratch[rank]]);
        adjusted_out[scratch[rank]] = reached;
    }
}

/* ---- simultaneous critical values -------------------------------------------------------------------------------- */

/* Gauss and Legendre, eight points on [-1, 1]: Abramowitz and Stegun, table 25.4. */
static const double gauss_nodes[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
static const double gauss_weights[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};

enum { PANELS = 16 };

/* The density at u times the chance that all statistics stay within c, given the reference's deviation u. */
static double within_given(const double *lambda, size_t count, double c, double u)
{
    double product = exp(-0.5 * u * u) * 0.398942280401432677939946059934;
    for (size_t i = 0; i < count && product > 0; i++) {
        double spread = sqrt((1 - lambda[i]) * (1 + lambda[i]));
        product *= eh_normal_cdf((c + lambda[i] * u) / spread) - eh_normal_cdf((-c + lambda[i] * u) / spread);
    }
    return product;
}

/* The integral from `near` to `far`, with points that crowd at `near`, where lambda close to 1 makes the integrand a step. */
static double integrate_from(const double *lambda, size_t count, double c, double near, double far)
{
    double sum = 0;
    for (int panel = 0; panel < PANELS; panel++) {
        for (int node = 0; node < 8; node++) {
            double x = node < 4 ? -gauss_nodes[node] : gauss_nodes[node - 4];
            double v = (panel + 0.5 + 0.5 * x) / PANELS;
            double weight = gauss_weights[node % 4] * 0.5 / PANELS;
            sum += weight * 3 * v * v * within_given(lambda, count, c, near + (far - near) * v * v * v);
        }
    }
    return sum * fabs(far - near);
}

/* The integrand is even in u, so half of it is twice integrated. */
static double within_all(const double *lambda, size_t count, double c)
{
    double end = fmax(c + 1, 9);
    return 2 * (integrate_from(lambda, count, c, c, 0) + integrate_from(lambda, count, c, c, end));
}

double eh_sidak_critical(size_t count, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    double tails = count > 1 ? -expm1(log(confidence) / (double)count) : 1 - confidence;
    return -eh_normal_quantile(tails / 2);
}

typedef struct {
    const double *lambda;
    size_t count;
    double confidence;
} many_to_one;

static double within_excess(const void *context, double c)
{
    const many_to_one *question = context;
    return within_all(question->lambda, question->count, c) - question->confidence;
}

double eh_dunnett_critical(const double *lambda, size_t count, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    for (size_t i = 0; i < count; i++)
        EH_ASSERT(lambda[i] >= 0 && lambda[i] < 1);
    /* One comparison bounds it from below, independent ones from above (Sidak's inequality). */
    double low = eh_normal_critical(confidence), high = eh_sidak_critical(count, confidence);
    if (count <= 1)
        return low;
    const many_to_one question = {lambda, count, confidence};
    double low_excess = within_excess(&question, low), high_excess = within_excess(&question, high);
    if (low_excess >= 0)
        return low;
    if (high_excess <= 0)
        return high;
    return eh_root((eh_curve){within_excess, &question}, (eh_bracket){low, high, low_excess, high_excess}, 1e-11);
}

double eh_confidence_of_critical(double critical)
{
    return erf(critical * M_SQRT1_2);
}
