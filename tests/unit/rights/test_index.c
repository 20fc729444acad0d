/* Goal: the table finds everybody at any size, by every name, from any thread; what was said before a question is asked is in its answer. */
#include "rights/rights_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static const eh_rights_house house;
static const uint8_t secret[16] = "a known secret..";

static eh_rights_index *open_people(void)
{
    eh_rights_index *people = NULL;
    eh_error error;
    assert_int_equal(eh_rights_index_open(&house, secret, &people, &error), EH_OK);
    return people;
}

static bool may_email(const eh_rights_index *people, const char *key)
{
    eh_may_answer answer;
    const eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .at_s = 2000000000};
    (void)eh_rights_index_may(people, eh_view_of(key), &question, &answer);
    return answer.may;
}

static eh_code say(eh_rights_index *people, const char *key, bool yes, int64_t at_s)
{
    const eh_act act = {.kind = yes ? EH_ACT_CONSENT : EH_ACT_WITHDRAW, .channel = EH_CHANNEL_EMAIL, .at_s = at_s, .record = 1};
    return eh_rights_index_apply(people, eh_view_of(key), &act, NULL, NULL);
}

/* https://github.com/veorq/SipHash, vectors.h: vectors_sip128; key 00 01 .. 0f, input 00 01 .. (length - 1). */
static void siphash_agrees_with_its_vectors(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint8_t out[16];
    } rows[] = {
        {0, {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93}},
        {1, {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45}},
    };
    uint8_t key[16];
    char input[64];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (char)i;
    memcpy(key, input, sizeof key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_hash128 hash = eh_siphash(key, (eh_view){input, rows[i].len});
        assert_memory_equal(&hash.low, rows[i].out, 8);
        assert_memory_equal(&hash.high, rows[i].out + 8, 8);
    }
}

static void calendar_counts_right(void **state)
{
    (void)state;
    assert_int_equal(eh_day_of(1970, 1, 1), 0);
    assert_int_equal(eh_day_of(2000, 3, 1), 11017);
    assert_int_equal(eh_day_of(1969, 12, 31), -1);
    static const struct {
        int32_t from[3], months, to[3];
    } rows[] = {
        {{2024, 1, 31}, 1, {2024, 2, 29}}, {{2025, 1, 31}, 1, {2025, 2, 28}}, {{2025, 11, 30}, 3, {2026, 2, 28}}, {{2024, 2, 29}, 12, {2025, 2, 28}},
        {{2024, 2, 29}, 48, {2028, 2, 29}}, {{2025, 12, 31}, 6, {2026, 6, 30}}, {{2025, 3, 31}, -1, {2025, 2, 28}}, {{1900, 1, 31}, 1, {1900, 2, 28}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t from = (int64_t)eh_day_of(rows[i].from[0], rows[i].from[1], rows[i].from[2]) * EH_DAY_SECONDS + 5;
        int64_t to = (int64_t)eh_day_of(rows[i].to[0], rows[i].to[1], rows[i].to[2]) * EH_DAY_SECONDS + 5;
        assert_int_equal(eh_months_after(from, rows[i].months), to);
    }
    int64_t midnight = (int64_t)eh_day_of(2026, 3, 1) * EH_DAY_SECONDS;
    assert_int_equal(eh_age_at(eh_day_of(2010, 3, 1), midnight), 16);
    assert_int_equal(eh_age_at(eh_day_of(2010, 3, 1), midnight - 1), 15);
    assert_int_equal(eh_age_at(eh_day_of(2008, 2, 29), midnight), 18);
    assert_int_equal(eh_age_at(eh_day_of(2008, 2, 29), midnight - 1), 17);
    /* Every day of 800 years, forth and back through the months. */
    for (int32_t day = eh_day_of(1700, 1, 1); day < eh_day_of(2500, 1, 1); day++)
        assert_true(eh_months_after((int64_t)day * EH_DAY_SECONDS, 0) == (int64_t)day * EH_DAY_SECONDS);
}

static void everybody_is_found(void **state)
{
    (void)state;
    enum { PEOPLE = 30000 };
    eh_rights_index *people = open_people();
    char key[32];
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(key, sizeof key, "customer-%d", i);
        assert_int_equal(say(people, key, i % 3 != 0, 1000), EH_OK);
    }
    assert_int_equal(eh_rights_index_count(people), PEOPLE);
    for (int i = 0; i < PEOPLE; i += 2) {
        snprintf(key, sizeof key, "customer-%d", i);
        if (i % 4 == 0)
            eh_rights_index_forget(people, eh_view_of(key));
    }
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(key, sizeof key, "customer-%d", i);
        assert_int_equal(may_email(people, key), i % 3 != 0 && i % 4 != 0);
    }
    assert_false(may_email(people, "customer-30001"));
    assert_false(may_email(people, ""));
    assert_int_equal(eh_rights_index_count(people), PEOPLE - PEOPLE / 4);
    eh_rights_index_close(&people);
    eh_rights_index_close(&people);
}

static void aliases_lead_to_the_person(void **state)
{
    (void)state;
    eh_rights_index *people = open_people();
    eh_error error;
    assert_int_equal(eh_rights_index_alias(people, EH_VIEW("b"), EH_VIEW("a"), &error), EH_NOT_FOUND);
    (void)say(people, "a", true, 1000);
    (void)say(people, "b", false, 1000);
    assert_int_equal(eh_rights_index_alias(people, EH_VIEW("b2"), EH_VIEW("b"), &error), EH_OK);
    assert_false(may_email(people, "b2"));
    assert_int_equal(eh_rights_index_alias(people, EH_VIEW("b"), EH_VIEW("a"), &error), EH_OK);
    assert_int_equal(eh_rights_index_alias(people, EH_VIEW("b"), EH_VIEW("a"), &error), EH_OK);
    assert_true(may_email(people, "b"));
    assert_true(may_email(people, "b2")); /* the alias of the alias came along */
    (void)say(people, "b2", false, 1000);
    assert_false(may_email(people, "a"));
    eh_rights_index_forget(people, EH_VIEW("b"));
    const char *names[] = {"a", "b", "b2"};
    for (size_t i = 0; i < 3; i++) {
        eh_may_answer answer;
        const eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .at_s = 5};
        assert_false(eh_rights_index_may(people, eh_view_of(names[i]), &question, &answer));
    }
    assert_int_equal(eh_rights_index_count(people), 0);
    eh_rights_index_close(&people);
}

/* ---- threads ------------------------------------------------------------------------------------------------------------------------------ */

/*
 * Each writer owns people. It says yes or no, then publishes by a plain release store what it has said; whoever reads that word and asks
 * afterwards must get an answer at least as new. In between, others join, so that the table grows under the readers.
 */
enum { WRITERS = 2, READERS = 3, PEOPLE_EACH = 16, ROUNDS = 3000 };

typedef struct {
    eh_rights_index *people;
    _Atomic int64_t said[WRITERS][PEOPLE_EACH]; /* the time of the last acknowledged act; even: yes, odd: no */
    _Atomic int running;
    _Atomic int wrong;
} stage;

typedef struct {
    stage *stage;
    int number;
} part;

static void *writer(void *argument)
{
    part *own = argument;
    char key[32];
    for (int64_t round = 1; round <= ROUNDS; round++) {
        for (int i = 0; i < PEOPLE_EACH; i++) {
            snprintf(key, sizeof key, "w%d-%d", own->number, i);
            (void)say(own->stage->people, key, round % 2 == 0, round);
            atomic_store_explicit(&own->stage->said[own->number][i], round, memory_order_release);
        }
        snprintf(key, sizeof key, "crowd-%d-%lld", own->number, (long long)round);
        (void)say(own->stage->people, key, true, 1);
    }
    atomic_fetch_sub(&own->stage->running, 1);
    return NULL;
}

static void *reader(void *argument)
{
    part *own = argument;
    char key[32];
    eh_random random;
    eh_random_init(&random, (uint64_t)own->number);
    do {
        int w = (int)(eh_random_next(&random) % WRITERS), i = (int)(eh_random_next(&random) % PEOPLE_EACH);
        int64_t before = atomic_load_explicit(&own->stage->said[w][i], memory_order_acquire);
        snprintf(key, sizeof key, "w%d-%d", w, i);
        eh_may_answer answer;
        const eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .at_s = 2000000000};
        (void)eh_rights_index_may(own->stage->people, eh_view_of(key), &question, &answer);
        int64_t after = atomic_load_explicit(&own->stage->said[w][i], memory_order_acquire);
        /* Nothing was said in between and nothing is under way that began after: the answer is the last word or its successor under way. */
        bool last_word_is_yes = before % 2 == 0 && before > 0;
        if (before == after && answer.may != last_word_is_yes) {
            /* The successor may have been applied and not yet published; then it is published soon, and the next look must show it. */
            while (atomic_load_explicit(&own->stage->said[w][i], memory_order_acquire) == before && atomic_load(&own->stage->running) > 0)
                continue;
            if (atomic_load_explicit(&own->stage->said[w][i], memory_order_acquire) == before)
                atomic_fetch_add(&own->stage->wrong, 1);
        }
    } while (atomic_load(&own->stage->running) > 0);
    return NULL;
}

static void next_decision_sees_it(void **state)
{
    (void)state;
    static stage shared;
    memset(&shared, 0, sizeof shared);
    shared.people = open_people();
    atomic_store(&shared.running, WRITERS);
    pthread_t threads[WRITERS + READERS];
    part parts[WRITERS + READERS];
    for (int i = 0; i < WRITERS + READERS; i++) {
        parts[i] = (part){&shared, i};
        assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? writer : reader, &parts[i]), 0);
    }
    for (int i = 0; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared.wrong), 0);
    assert_int_equal(eh_rights_index_count(shared.people), WRITERS * (PEOPLE_EACH + ROUNDS));
    eh_rights_index_close(&shared.people);
}

/* A withdrawal by any thread, handed over by an acquire, is in the very next answer: no exception in any round. */
static void *withdrawer(void *argument)
{
    stage *shared = argument;
    for (int64_t round = 1; round <= ROUNDS; round++) {
        while (atomic_load_explicit(&shared->said[0][0], memory_order_acquire) != 2 * round - 1)
            continue;
        (void)say(shared->people, "hand-over", false, round);
        atomic_store_explicit(&shared->said[0][0], 2 * round, memory_order_release);
    }
    return NULL;
}

static void withdrawal_by_another_thread(void **state)
{
    (void)state;
    static stage shared;
    memset(&shared, 0, sizeof shared);
    shared.people = open_people();
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, withdrawer, &shared), 0);
    for (int64_t round = 1; round <= ROUNDS; round++) {
        (void)say(shared.people, "hand-over", true, round);
        assert_true(may_email(shared.people, "hand-over"));
        atomic_store_explicit(&shared.said[0][0], 2 * round - 1, memory_order_release);
        while (atomic_load_explicit(&shared.said[0][0], memory_order_acquire) != 2 * round)
            continue;
        assert_false(may_email(shared.people, "hand-over"));
    }
    pthread_join(other, NULL);
    eh_rights_index_close(&shared.people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_agrees_with_its_vectors), cmocka_unit_test(calendar_counts_right), cmocka_unit_test(everybody_is_found),
        cmocka_unit_test(aliases_lead_to_the_person),      cmocka_unit_test(next_decision_sees_it), cmocka_unit_test(withdrawal_by_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
