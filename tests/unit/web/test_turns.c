/* Goal: a person's turn is had by one at a time, whoever gives it back; while turns are paused nobody has any. */
#include "web/turns_int.h"

#include <pthread.h>
#include <stdatomic.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { THREADS = 8, ROUNDS = 3000, PEOPLE = 5 };

static void one_has_it(void **state)
{
    (void)state;
    EH_CLEANUP(eh_turns_close) eh_turns *turns = NULL;
    eh_error error = {0};
    assert_int_equal(eh_turns_open(&turns, &error), EH_OK);
    uint64_t ada = eh_turns_try(turns, EH_VIEW("ada")), ben = eh_turns_try(turns, EH_VIEW("ben"));
    assert_true(ada != 0 && ben != 0 && ada != ben);
    assert_true(eh_turns_try(turns, EH_VIEW("ada")) == 0);
    eh_turns_give(turns, ada);
    eh_turns_give(turns, 0);
    assert_true(eh_turns_take(turns, EH_VIEW("ada")) == ada);
    eh_turns_give(turns, ada);
    eh_turns_give(turns, ben);
    eh_turns_pause(turns);
    assert_true(eh_turns_try(turns, EH_VIEW("ada")) == 0);
    eh_turns_resume(turns);
    assert_true(eh_turns_try(turns, EH_VIEW("ada")) == ada);
    eh_turns_give(turns, ada);
}

/* Many at once, given back in another order than taken: each search still ends where it should. */
static void many_are_kept_apart(void **state)
{
    (void)state;
    enum { MANY = 32768 };
    static uint64_t had[MANY];
    EH_CLEANUP(eh_turns_close) eh_turns *turns = NULL;
    eh_error error = {0};
    char key[16];
    assert_int_equal(eh_turns_open(&turns, &error), EH_OK);
    for (int i = 0; i < MANY; i++)
        assert_true((had[i] = eh_turns_try(turns, (eh_view){key, (size_t)snprintf(key, sizeof key, "c%d", i)})) != 0);
    assert_true(eh_turns_try(turns, EH_VIEW("one too many")) == 0);
    for (int i = 0; i < MANY; i += 3)
        eh_turns_give(turns, had[i]);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(eh_turns_try(turns, (eh_view){key, (size_t)snprintf(key, sizeof key, "c%d", i)}) != 0, i % 3 == 0);
    for (int i = 0; i < MANY; i++)
        eh_turns_give(turns, had[i]);
    assert_true(eh_turns_try(turns, EH_VIEW("now there is room")) != 0);
}

typedef struct {
    eh_turns *turns;
    int inside[PEOPLE]; /* each under the turn of its person */
    atomic_bool wrong, releasing;
} crowd;

static void *ask(void *context)
{
    static const char *const people[PEOPLE] = {"ada", "ben", "cleo", "dora", "emil"};
    crowd *of = context;
    for (int i = 0; i < ROUNDS; i++) {
        int person = i * 7 % PEOPLE;
        uint64_t turn = i % 2 == 0 ? eh_turns_take(of->turns, eh_view_of(people[person])) : eh_turns_try(of->turns, eh_view_of(people[person]));
        if (turn == 0)
            continue;
        if (++of->inside[person] != 1 || of->releasing)
            of->wrong = true;
        of->inside[person]--;
        eh_turns_give(of->turns, turn);
    }
    return NULL;
}

static void threads_take_turns(void **state)
{
    (void)state;
    eh_error error = {0};
    pthread_t threads[THREADS];
    crowd of = {0};
    assert_int_equal(eh_turns_open(&of.turns, &error), EH_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &of), 0);
    for (int i = 0; i < 50; i++) {
        eh_turns_pause(of.turns);
        of.releasing = true;
        for (int person = 0; person < PEOPLE; person++)
            assert_int_equal(of.inside[person], 0);
        of.releasing = false;
        eh_turns_resume(of.turns);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(of.wrong);
    eh_turns_close(&of.turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_has_it), cmocka_unit_test(many_are_kept_apart), cmocka_unit_test(threads_take_turns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
