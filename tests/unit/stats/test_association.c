/** Goal: Cramer's V as published and at its edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "stats/stats.h"

static double v_of(const double *counts, size_t rows_count, size_t columns_count)
{
    return eh_cramers_v(&(eh_contingency){counts, rows_count, columns_count});
}

/* R 4.3, HairEyeColor summed over sex (Snee 1974): chi-square 138.29 of 592 people, 4 x 4, V = sqrt(138.29 / (592 * 3)) = .2790446. */
static void hair_and_eye_colour(void **state)
{
    (void)state;
    static const double counts[] = {68, 20, 15, 5, 119, 84, 54, 29, 26, 17, 14, 14, 7, 94, 10, 16};
    assert_true(fabs(v_of(counts, 4, 4) - .2790446) < 5e-8);
}

static void edges(void **state)
{
    (void)state;
    static const double same[] = {7, 0, 0, 3}, independent[] = {2, 4, 3, 6}, one_row[] = {5, 6, 0, 0};
    assert_true(fabs(v_of(same, 2, 2) - 1) < 1e-15);
    assert_true(v_of(independent, 2, 2) < 1e-7);
    assert_true(isnan(v_of(one_row, 2, 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hair_and_eye_colour), cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
