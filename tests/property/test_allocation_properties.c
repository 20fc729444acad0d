/*
 * Goal: on small problems the allocation is the best one (against all that could be done), on large ones it keeps every limit and its
 * bound holds; the same problem has the same answer, and whom the numbers do not tell apart the lot decides.
 */
#include "decide/allocation.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { PEOPLE_MAX = 20000, OFFERS = 4 };

typedef struct {
    eh_allocation_problem problem;
    int64_t values[PEOPLE_MAX * OFFERS], costs[PEOPLE_MAX * OFFERS], offer_max[OFFERS];
    uint64_t ties[PEOPLE_MAX];
} fixture;

static fixture one; /* too large for a stack; every test fills it anew */

static uint64_t below(eh_random *random, uint64_t limit) { return eh_random_next(random) % limit; }

static void fill_random(eh_random *random, size_t people, size_t offers, uint64_t grain)
{
    one.problem = (eh_allocation_problem){.people_count = people, .offers_count = offers, .values = one.values, .costs = one.costs,
                                          .ties = one.ties, .budget = -1, .people_max = -1};
    int64_t total = 0;
    for (size_t i = 0; i < people; i++) {
        one.ties[i] = eh_random_next(random);
        for (size_t o = 0; o < offers; o++) {
            size_t at = i * offers + o;
            one.values[at] = below(random, 6) == 0 ? EH_NOT_ALLOWED : (int64_t)below(random, grain) - (int64_t)grain / 5;
            one.costs[at] = (int64_t)below(random, grain);
            total += one.costs[at];
        }
    }
    if (below(random, 4) != 0)
        one.problem.budget = total / (int64_t)offers * (int64_t)below(random, 100) / 130;
    if (below(random, 2) != 0)
        one.problem.people_max = (int64_t)below(random, people + 1);
    if (below(random, 2) != 0) {
        one.problem.offer_max = one.offer_max;
        for (size_t o = 0; o < offers; o++)
            one.offer_max[o] = below(random, 3) == 0 ? -1 : (int64_t)below(random, people);
    }
}

/* The value of a result, or INT64_MIN when it breaks a limit. */
static int64_t value_of(const int8_t *choice)
{
    int64_t value = 0, cost = 0, people = 0, offer[OFFERS] = {0};
    for (size_t i = 0; i < one.problem.people_count; i++) {
        if (choice[i] == EH_NO_OFFER)
            continue;
        size_t at = i * one.problem.offers_count + (size_t)choice[i];
        if (one.values[at] == EH_NOT_ALLOWED)
            return INT64_MIN;
        value += one.values[at];
        cost += one.costs[at];
        people++;
        offer[(size_t)choice[i]]++;
    }
    if ((one.problem.budget >= 0 && cost > one.problem.budget) || (one.problem.people_max >= 0 && people > one.problem.people_max))
        return INT64_MIN;
    for (size_t o = 0; o < one.problem.offers_count && one.problem.offer_max != NULL; o++)
        if (one.offer_max[o] >= 0 && offer[o] > one.offer_max[o])
            return INT64_MIN;
    return value;
}

static int64_t best_of_all(void)
{
    int8_t choice[8];
    size_t combinations = 1, actions = one.problem.offers_count + 1;
    for (size_t i = 0; i < one.problem.people_count; i++)
        combinations *= actions;
    int64_t best = INT64_MIN;
    for (size_t c = 0; c < combinations; c++) {
        size_t rest = c;
        for (size_t i = 0; i < one.problem.people_count; i++, rest /= actions)
            choice[i] = (int8_t)((int)(rest % actions) - 1);
        int64_t value = value_of(choice);
        best = value > best ? value : best;
    }
    return best;
}

static eh_allocation allocate(eh_arena *arena)
{
    eh_allocation out = {0};
    eh_error error = {0};
    if (eh_allocate(&one.problem, arena, &out, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(value_of(out.choice), out.value);
    assert_true(out.value <= out.value_bound);
    return out;
}

static void small_problems_are_solved_exactly(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 11);
    for (int run = 0; run < 3000; run++) {
        fill_random(&random, 1 + below(&random, run < 2800 ? 5 : 7), 1 + below(&random, 3), run % 3 == 0 ? 6 : 1000);
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
        eh_allocation out = allocate(arena);
        int64_t best = best_of_all();
        if (out.value != best || !out.proven)
            fail_msg("run %d: %lld, but %lld can be had (proven: %d)", run, (long long)out.value, (long long)best, out.proven);
    }
}

static void large_problems_keep_limits_and_come_close(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 12);
    for (int run = 0; run < 30; run++) {
        fill_random(&random, 500 + below(&random, run == 0 ? PEOPLE_MAX - 500 : 1500), 1 + below(&random, OFFERS), run % 2 == 0 ? 1000000 : 7);
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 26), *other = eh_arena_open(1 << 26);
        eh_allocation out = allocate(arena), again = allocate(other);
        assert_memory_equal(out.choice, again.choice, one.problem.people_count);
        double gap = (double)(out.value_bound - out.value) / ((double)out.value_bound + 1);
        if (gap > (run % 2 == 0 ? 0.01 : 0.03))
            fail_msg("run %d: %.4f from the bound", run, gap);
    }
}

/* 1,000 people who are the same, room for 500: 500 get it, by lot. */
static void the_lot_decides_between_equals(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 13);
    one.problem = (eh_allocation_problem){.people_count = 1000, .offers_count = 1, .values = one.values, .costs = one.costs, .ties = one.ties,
                                          .budget = 500 * 7, .people_max = -1};
    for (size_t i = 0; i < 1000; i++) {
        one.values[i] = 100;
        one.costs[i] = 7;
        one.ties[i] = eh_random_next(&random);
    }
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 24);
    eh_allocation out = allocate(arena);
    assert_int_equal(out.people, 500);
    assert_true(out.value_bound - out.value <= 16);
    size_t by_price = 0;
    for (size_t i = 0; i < 1000; i++)
        by_price += out.by_price[i];
    assert_true(by_price > 900);
}

/* Without limits everybody gets the best that is worth anything; nobody gets what is worth nothing. */
static void without_limits_everybody_gets_the_best(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 14);
    fill_random(&random, 300, 3, 50);
    one.problem.budget = one.problem.people_max = -1;
    one.problem.offer_max = NULL;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 24);
    eh_allocation out = allocate(arena);
    for (size_t i = 0; i < 300; i++) {
        int64_t best = 0;
        for (size_t o = 0; o < 3; o++)
            best = one.values[i * 3 + o] > best ? one.values[i * 3 + o] : best;
        assert_int_equal(out.choice[i] == EH_NO_OFFER ? 0 : one.values[i * 3 + (size_t)out.choice[i]], best);
        assert_true(out.by_price[i]);
    }
    assert_true(out.proven);
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 15);
    fill_random(&random, 3, 2, 50);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_allocation out = {0};
    eh_error error = {0};
    one.values[0] = 5;
    one.costs[0] = -1;
    assert_int_equal(eh_allocate(&one.problem, arena, &out, &error), EH_INPUT);
    one.costs[0] = 1;
    one.problem.offers_count = EH_OFFERS_MAX + 1;
    assert_int_equal(eh_allocate(&one.problem, arena, &out, &error), EH_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_problems_are_solved_exactly),
        cmocka_unit_test(large_problems_keep_limits_and_come_close),
        cmocka_unit_test(the_lot_decides_between_equals),
        cmocka_unit_test(without_limits_everybody_gets_the_best),
        cmocka_unit_test(what_is_no_number_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
