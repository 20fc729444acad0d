/* Goal: every distribution is right to twelve digits or more, in both tails, at the edges and at a thousand million trials. */
#include "stats/stats_int.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* Every expected value below: mpmath 1.3, 30 digits or more, from the very double that stands in the row. */
typedef struct {
    double x, a, b, expected;
} value_row;

static void assert_near(double actual, double expected, double relative)
{
    if (!(fabs(actual - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", actual, expected);
}

static void normal(void **state)
{
    (void)state;
    static const value_row cdf[] = {
        {-37.5, 0, 0, 4.6053530095819548438e-308}, {-8.0, 0, 0, 6.2209605742717841235e-16}, {-1.96, 0, 0, 2.4997895148220436213e-2},
        {-0.5, 0, 0, 3.0853753872598689636e-1},    {0, 0, 0, 0.5},                          {1.0, 0, 0, 8.4134474606854294859e-1},
        {3.0, 0, 0, 9.9865010196836990547e-1},
    };
    for (size_t i = 0; i < sizeof cdf / sizeof cdf[0]; i++)
        assert_near(eh_normal_cdf(cdf[i].x), cdf[i].expected, 1e-13);
    static const value_row quantile[] = {
        {1e-300, 0, 0, -37.047096299361199237}, {1e-20, 0, 0, -9.2623400897984075796},   {0.00125, 0, 0, -3.023341439739147358},
        {0.025, 0, 0, -1.9599639845400542118},  {0.3, 0, 0, -5.2440051270804081597e-1},  {0.975, 0, 0, 1.9599639845400538556},
        {0.9999, 0, 0, 3.7190164854557083867},
    };
    for (size_t i = 0; i < sizeof quantile / sizeof quantile[0]; i++)
        assert_near(eh_normal_quantile(quantile[i].x), quantile[i].expected, 1e-14);
    assert_true(eh_normal_quantile(0.5) == 0);
    assert_true(isinf(eh_normal_quantile(0)) && eh_normal_quantile(0) < 0);
    assert_true(isinf(eh_normal_quantile(1)) && eh_normal_quantile(1) > 0);
    assert_true(isnan(eh_normal_quantile(-0.1)) && isnan(eh_normal_quantile(1.1)) && isnan(eh_normal_quantile(EH_NAN)));
}

static void beta(void **state)
{
    (void)state;
    static const value_row cdf[] = {
        {0.5, 0.5, 0.5, 0.5},
        {0.1, 2, 3, 5.2300000000000005396e-2},
        {0.9, 2, 3, 9.963000000000000024e-1},
        {0.01, 0.01, 5, 9.7464468088235798687e-1},
        {1e-6, 10, 1e7, 5.4207147407352253213e-1},
        {0.3, 300, 700, 5.0367118286076760796e-1},
        {0.25, 300, 700, 1.7989197772738935208e-4},
        {0.999, 5, 0.2, 6.2889007902661301768e-1},
        {1e-10, 1e-3, 2, 9.7821445817666876924e-1},
    };
    for (size_t i = 0; i < sizeof cdf / sizeof cdf[0]; i++)
        assert_near(eh_beta_cdf(cdf[i].x, cdf[i].a, cdf[i].b), cdf[i].expected, 1e-12);
    assert_true(eh_beta_cdf(0, 2, 3) == 0 && eh_beta_cdf(1, 2, 3) == 1 && eh_beta_cdf(-1, 2, 3) == 0);
    assert_true(isnan(eh_beta_cdf(0.5, 0, 1)) && isnan(eh_beta_cdf(EH_NAN, 1, 1)));
    static const value_row quantile[] = {
        {0.025, 1.5, 10.5, 9.9914600106946689989e-3}, {0.975, 1.5, 10.5, 3.529757976292187604e-1},
        {0.025, 0.01, 3, 1.3971959345402161355e-161}, {0.5, 1000, 2000, 3.3329629172475111779e-1},
    };
    for (size_t i = 0; i < sizeof quantile / sizeof quantile[0]; i++)
        assert_near(eh_beta_quantile(quantile[i].x, quantile[i].a, quantile[i].b), quantile[i].expected, 1e-11);
    assert_true(eh_beta_quantile(0, 2, 3) == 0 && eh_beta_quantile(1, 2, 3) == 1);
}

static void beta_quantile_inverts(void **state)
{
    (void)state;
    static const double shapes[] = {1e-3, 0.3, 0.5, 1, 2.5, 40, 1e4, 1e9};
    static const double levels[] = {1e-10, 0.005, 0.025, 0.5, 0.9, 0.995};
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            for (size_t k = 0; k < 6; k++) {
                double x = eh_beta_quantile(levels[k], shapes[i], shapes[j]);
                assert_true(x >= 0 && x <= 1);
                /* Where the quantile is below the smallest double or next to 1 a double cannot hold it. */
                if (x > 1e-300 && x < 1 - 1e-9)
                    assert_near(eh_beta_cdf(x, shapes[i], shapes[j]), levels[k], 1e-6);
            }
}

static void gamma_and_chi_square(void **state)
{
    (void)state;
    static const value_row cdf[] = {
        {0.5, 0.5, 0, 6.8268949213708589717e-1}, {1.0, 3.0, 0, 8.0301397071394196011e-2},    {10.0, 3.0, 0, 9.9723060428448842406e-1},
        {100.0, 110.0, 0, 1.7055989790810472719e-1}, {1e-5, 0.1, 0, 3.323984050405032954e-1},
    };
    for (size_t i = 0; i < sizeof cdf / sizeof cdf[0]; i++)
        assert_near(eh_gamma_cdf(cdf[i].x, cdf[i].a), cdf[i].expected, 1e-13);
    static const value_row survival[] = {
        {3.841458820694124, 1, 0, 5.0000000000000057435e-2}, {1.5246, 1, 0, 2.1692470114258115608e-1},
        {100.0, 1, 0, 1.5239706048321052132e-23},            {50.0, 30, 0, 1.2402060718900579954e-2},
        {1000.0, 5, 0, 6.0100776879208042662e-214},
    };
    for (size_t i = 0; i < sizeof survival / sizeof survival[0]; i++)
        assert_near(eh_chi_square_survival(survival[i].x, survival[i].a), survival[i].expected, 1e-12);
    assert_true(eh_chi_square_survival(0, 1) == 1 && eh_chi_square_survival(-1, 1) == 1);
    assert_true(eh_chi_square_survival(EH_INFINITY, 2) == 0);
    assert_true(isnan(eh_chi_square_survival(1, 0)));
}

static void student(void **state)
{
    (void)state;
    static const value_row cdf[] = {
        {-2.0, 1, 0, 1.4758361765043327418e-1}, {1.0, 2.5, 0, 7.9796948636086326682e-1}, {-10.0, 30, 0, 2.2876257041148065963e-11},
        {2.0, 1e6, 0, 9.7724973307434039579e-1}, {0.001, 5, 0, 5.003796066139011747e-1},
    };
    for (size_t i = 0; i < sizeof cdf / sizeof cdf[0]; i++)
        assert_near(eh_student_cdf(cdf[i].x, cdf[i].a), cdf[i].expected, 1e-12);
    assert_near(eh_student_cdf(-3, EH_INFINITY), eh_normal_cdf(-3), 1e-15);
    assert_true(eh_student_cdf(EH_INFINITY, 3) == 1 && eh_student_cdf(-1e200, 3) == 0);
    /* Critical values: scipy 1.17, stats.t.ppf; the first is 1 / tan(pi / 40) in closed form. */
    static const value_row critical[] = {
        {0.95, 1, 0, 12.706204736174694}, {0.95, 1.5, 0, 6.016663104427929}, {0.95, 10, 0, 2.228138851986274},
        {0.99, 100, 0, 2.6258905214380173}, {0.95, 1e5, 0, 1.9599877075346095},
    };
    for (size_t i = 0; i < sizeof critical / sizeof critical[0]; i++)
        assert_near(eh_student_critical(critical[i].x, critical[i].a), critical[i].expected, 1e-10);
}

typedef struct {
    double successes, trials, p, mass, cdf;
} binomial_row;

static void binomial(void **state)
{
    (void)state;
    static const binomial_row rows[] = {
        {0, 10, 0.1, 3.4867844009999997849e-1, 3.4867844009999997849e-1},
        {3, 10, 0.3, 2.66827932e-1, 6.4961071840000002962e-1},
        {10, 10, 0.9, 3.4867844010000008602e-1, 1.0},
        {5, 1000, 0.01, 3.7453111608247241758e-2, 6.6139511607251966222e-2},
        {450, 1000, 0.5, 1.6939724527711569296e-4, 8.6526804248815880412e-4},
        {0, 1e9, 1e-9, 3.6787944098750257802e-1, 3.6787944098750257802e-1},
        {500030000, 1e9, 0.5, 4.1707100092168354137e-6, 9.7111229975775495149e-1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_near(eh_binomial_pmf(rows[i].successes, rows[i].trials, rows[i].p), rows[i].mass, 1e-12);
        assert_near(eh_binomial_cdf(rows[i].successes, rows[i].trials, rows[i].p), rows[i].cdf, 1e-12);
    }
    assert_near(eh_binomial_tails(500030000, 1e9, 0.5).upper, 2.888770024224504851e-2, 1e-11);
    assert_true(eh_binomial_cdf(-1, 5, 0.5) == 0 && eh_binomial_cdf(5, 5, 0.5) == 1 && eh_binomial_cdf(2, 5, 0) == 1);
    assert_true(eh_binomial_cdf(4, 5, 1) == 0 && eh_binomial_pmf(5, 5, 1) == 1 && eh_binomial_pmf(0, 0, 0.3) == 1);
    assert_true(eh_binomial_pmf(1.5, 5, 0.5) == 0 && eh_binomial_pmf(6, 5, 0.5) == 0);
    assert_true(isnan(eh_binomial_cdf(1, 5, EH_NAN)) && isnan(eh_binomial_pmf(1, 5, 2)));
}

static void masses_add_up(void **state)
{
    (void)state;
    for (int trials = 0; trials <= 60; trials += 7) {
        for (double p = 0; p <= 1; p += 0.125) {
            double sum = 0;
            for (int k = 0; k <= trials; k++) {
                sum += eh_binomial_pmf(k, trials, p);
                assert_true(fabs(sum - eh_binomial_cdf(k, trials, p)) < 1e-13);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal),   cmocka_unit_test(beta),     cmocka_unit_test(beta_quantile_inverts),
        cmocka_unit_test(gamma_and_chi_square), cmocka_unit_test(student), cmocka_unit_test(binomial),
        cmocka_unit_test(masses_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
