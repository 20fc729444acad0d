/* Goal: adjusted p-values reject what the published examples reject; critical values are Dunnett's and Sidak's. */
#include "stats/stats.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* Benjamini and Hochberg 1995, section 3.2: thrombolysis, fifteen p-values. At .05 BH rejects 4, Holm 3. */
static const double published[15] = {.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1};

static size_t rejected(const double *adjusted, size_t count, double level)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += adjusted[i] <= level;
    return found;
}

static void published_example(void **state)
{
    (void)state;
    size_t scratch[15];
    double adjusted[15];
    eh_adjust_holm(published, 15, scratch, adjusted);
    assert_int_equal(rejected(adjusted, 15, 0.05), 3);
    /* Holm 1979: 15 p(1), 14 p(2), 13 p(3). */
    assert_true(fabs(adjusted[0] - 0.0015) < 1e-15 && fabs(adjusted[1] - 0.0056) < 1e-15 && fabs(adjusted[2] - 0.0247) < 1e-15);
    eh_adjust_benjamini_hochberg(published, 15, scratch, adjusted);
    assert_int_equal(rejected(adjusted, 15, 0.05), 4);
    /* 15 / 4 times p(4). */
    assert_true(fabs(adjusted[3] - 0.035625) < 1e-15);
    assert_true(adjusted[14] == 1);
}

static void order_ties_and_gaps(void **state)
{
    (void)state;
    double p[] = {0.04, EH_NAN, 0.01, 0.04, EH_NAN, 0.02};
    size_t scratch[6];
    double adjusted[6];
    eh_adjust_holm(p, 6, scratch, adjusted);
    static const double holm[] = {0.08, 0, 0.04, 0.08, 0, 0.06};
    for (size_t i = 0; i < 6; i++)
        assert_true(isnan(p[i]) ? isnan(adjusted[i]) : fabs(adjusted[i] - holm[i]) < 1e-15);
    eh_adjust_benjamini_hochberg(p, 6, scratch, adjusted);
    static const double bh[] = {0.04, 0, 0.04, 0.04, 0, 0.04};
    for (size_t i = 0; i < 6; i++)
        assert_true(isnan(p[i]) ? isnan(adjusted[i]) : fabs(adjusted[i] - bh[i]) < 1e-15);
    eh_adjust_holm(NULL, 0, NULL, NULL);
    double all_unknown[] = {EH_NAN};
    eh_adjust_benjamini_hochberg(all_unknown, 1, scratch, adjusted);
    assert_true(isnan(adjusted[0]));
}

static void dunnett_equal_groups(void **state)
{
    (void)state;
    /* Two-sided .95, infinite degrees of freedom, correlation .5. To two digits: Dunnett 1964, Biometrics 20:482-491, table II;
     * all digits: mpmath 1.3, quadrature at 25 digits. */
    static const double critical[] = {0,           1.95996398454005, 2.21212774657862, 2.34897059033927,
                                      2.44177077319762, 2.51146305347126, 2.56699667993846};
    double lambda[6];
    for (size_t i = 0; i < 6; i++)
        lambda[i] = sqrt(0.5);
    for (size_t count = 1; count <= 6; count++)
        assert_true(fabs(eh_dunnett_critical(lambda, count, 0.95) - critical[count]) < 1e-8);
}

static void dunnett_unequal_groups(void **state)
{
    (void)state;
    /* mpmath 1.3, quadrature at 25 digits. */
    static const double mixed[] = {0.1, 0.5, 0.9}, close[] = {0.99, 0.99, 0.99, 0.99}, one_close[] = {0.3, 0.3, 0.999};
    assert_true(fabs(eh_dunnett_critical(mixed, 3, 0.95) - 2.37678613980123) < 1e-8);
    assert_true(fabs(eh_dunnett_critical(close, 4, 0.99) - 2.70822944717057) < 1e-8);
    assert_true(fabs(eh_dunnett_critical(one_close, 3, 0.95) - 2.37887109091294) < 1e-8);
    /* A tiny reference group makes all comparisons one and the same. */
    static const double same[] = {0.9999999999, 0.9999999999, 0.9999999999};
    assert_true(fabs(eh_dunnett_critical(same, 3, 0.95) - eh_normal_quantile(0.975)) < 1e-3);
    /* A huge reference group makes them independent. */
    static const double independent[64] = {0};
    assert_true(fabs(eh_dunnett_critical(independent, 64, 0.95) - eh_sidak_critical(64, 0.95)) < 1e-9);
    assert_true(fabs(eh_dunnett_critical(NULL, 0, 0.95) - eh_normal_quantile(0.975)) < 1e-14);
}

static void sidak_and_back(void **state)
{
    (void)state;
    for (size_t count = 1; count < 3000; count = count * 3 + 1) {
        double critical = eh_sidak_critical(count, 0.95);
        assert_true(fabs(pow(eh_confidence_of_critical(critical), (double)count) - 0.95) < 1e-11);
    }
    assert_true(fabs(eh_confidence_of_critical(1.959963984540054) - 0.95) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_example),      cmocka_unit_test(order_ties_and_gaps), cmocka_unit_test(dunnett_equal_groups),
        cmocka_unit_test(dunnett_unequal_groups), cmocka_unit_test(sidak_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
