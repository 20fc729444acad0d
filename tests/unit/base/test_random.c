/* Goal: the generator is the published one, bit for bit, and its uniform numbers stay in [0, 1). */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void is_xoshiro256(void **state)
{
    (void)state;
    /* First outputs from state {1, 2, 3, 4}: the test vector of the rand_xoshiro crate, made with the authors' C code. */
    eh_random random = {{1, 2, 3, 4}};
    static const uint64_t expected[] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(eh_random_next(&random), expected[i]);
}

static void is_seeded_by_splitmix64(void **state)
{
    (void)state;
    /* splitmix64 from seed 1234567: Rosetta Code, "Pseudo-random numbers/Splitmix64". */
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u};
    eh_random random;
    eh_random_init(&random, 1234567);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(random.state[i], expected[i]);
}

static void is_uniform(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 7);
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < 1000000; i++) {
        double unit = eh_random_unit(&random);
        sum += unit;
        least = unit < least ? unit : least;
        most = unit > most ? unit : most;
    }
    assert_true(least >= 0 && most < 1);
    /* Six standard errors of the mean of 1e6 uniforms: 6 * sqrt(1/12) / 1000. */
    assert_true(sum / 1e6 > 0.5 - 0.00174 && sum / 1e6 < 0.5 + 0.00174);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_xoshiro256),
        cmocka_unit_test(is_seeded_by_splitmix64),
        cmocka_unit_test(is_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
