/**
 * Goal: whatever people, imports, merges and erasures do in whatever order, the index answers as a model of ten lines does.
 *
 * The model keeps, per person and slot, what was said and how fresh the freshest word is. It knows nothing of hashing, notes, sequences
 * or aliases. Histories are random with a fixed seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rights/rights_int.h"

enum { PERSONS = 8, HISTORIES = 400, ACTS = 120, SPAN = 50 };

typedef struct {
    eh_said said[EH_SLOTS_COUNT];
    int64_t fresh[EH_SLOTS_COUNT];
} model_person;

/* ---- the model ------------------------------------------------------------------------------------------------------------------------------ */

static void model_say(model_person *p, uint32_t slots, bool yes, bool by_person, int64_t at)
{
    for (unsigned s = 0; s < EH_SLOTS_COUNT; s++) {
        if ((slots >> s & 1) == 0)
            continue;
        bool counts = !yes || (by_person ? at >= p->fresh[s] : p->said[s] == EH_SAID_UNKNOWN);
        if (counts)
            p->said[s] = yes ? EH_SAID_YES : EH_SAID_NO;
        if (counts && at > p->fresh[s])
            p->fresh[s] = at;
    }
}

/* ---- random histories ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    eh_rights_index *index;
    model_person model[PERSONS];
    int owner[PERSONS];       /* whose profile a key leads to now */
    eh_act acts[PERSONS][ACTS]; /* what was applied to a profile, in order, as a merge moves it */
    size_t acts_count[PERSONS];
    eh_random random;
} world;

static uint64_t below(world *w, uint64_t bound)
{
    return eh_random_next(&w->random) % bound;
}

static void key_of(int person, char key[16])
{
    snprintf(key, 16, "person-%d", person);
}

static void apply(world *w, int person, const eh_act *act)
{
    char key[16];
    key_of(person, key);
    eh_error error;
    if (eh_rights_index_apply(w->index, eh_view_of(key), act, NULL, &error) != EH_OK)
        fail_msg("%s", error.text);
    bool yes = act->kind == EH_ACT_CONSENT;
    uint32_t slots = eh_act_slots(act);
    if (act->kind == EH_ACT_SIGNAL && w->model[person].said[EH_SLOT_AI] != EH_SAID_UNKNOWN)
        slots &= ~(UINT32_C(1) << EH_SLOT_AI);
    model_say(&w->model[person], slots, yes, act->by == EH_BY_PERSON, act->at_s);
    if (w->acts_count[person] < ACTS)
        w->acts[person][w->acts_count[person]++] = *act;
}

static void random_act(world *w, int person)
{
    static const eh_act_kind kinds[] = {EH_ACT_CONSENT, EH_ACT_CONSENT, EH_ACT_CONSENT, EH_ACT_WITHDRAW, EH_ACT_WITHDRAW, EH_ACT_OBJECT, EH_ACT_SIGNAL};
    eh_act act = {.kind = kinds[below(w, sizeof kinds / sizeof kinds[0])], .purpose = (eh_purpose)below(w, EH_PURPOSES_COUNT),
                  .channel = (eh_channel)below(w, EH_CHANNELS_COUNT), .at_s = 1 + (int64_t)below(w, SPAN), .record = 1};
    if ((act.kind == EH_ACT_CONSENT || act.kind == EH_ACT_WITHDRAW) && below(w, 3) == 0)
        act.by = EH_BY_IMPORT;
    apply(w, person, &act);
}

/* The other profile's acts come after the person's own, as a merge; its key becomes a second name. */
static void merge(world *w, int from, int into)
{
    char from_key[16], into_key[16];
    key_of(from, from_key);
    key_of(into, into_key);
    for (size_t i = 0; i < w->acts_count[from]; i++) {
        eh_act act = w->acts[from][i];
        if (act.kind == EH_ACT_SIGNAL)
            act = (eh_act){.kind = EH_ACT_WITHDRAW, .purpose = EH_PURPOSE_SALE, .at_s = act.at_s, .record = 1};
        act.by = EH_BY_MERGE;
        apply(w, into, &act);
    }
    eh_error error;
    if (w->acts_count[into] > 0) {
        if (eh_rights_index_alias(w->index, eh_view_of(from_key), eh_view_of(into_key), &error) != EH_OK)
            fail_msg("%s", error.text);
        for (int i = 0; i < PERSONS; i++)
            if (w->owner[i] == from)
                w->owner[i] = into;
    }
    w->acts_count[from] = 0;
    memset(&w->model[from], 0, sizeof w->model[from]);
}

static void erase(world *w, int person)
{
    char key[16];
    key_of(person, key);
    eh_rights_index_forget(w->index, eh_view_of(key));
    memset(&w->model[person], 0, sizeof w->model[person]);
    w->acts_count[person] = 0;
    for (int i = 0; i < PERSONS; i++)
        if (w->owner[i] == person)
            w->owner[i] = i;
}

/* ---- what must hold --------------------------------------------------------------------------------------------------------------------------- */

static void check(world *w)
{
    for (int i = 0; i < PERSONS; i++) {
        char key[16];
        key_of(i, key);
        const model_person *p = &w->model[w->owner[i]];
        for (unsigned s = 0; s < EH_SLOTS_COUNT; s++) {
            eh_may_question question = {.at_s = SPAN + 1};
            question.purpose = s == EH_SLOT_AI ? EH_PURPOSE_AI : s == EH_SLOT_SALE ? EH_PURPOSE_SALE : EH_PURPOSE_MARKETING;
            question.channel = question.purpose == EH_PURPOSE_MARKETING ? (eh_channel)(s + 1) : EH_CHANNEL_ALL;
            eh_may_answer answer;
            (void)eh_rights_index_may(w->index, eh_view_of(key), &question, &answer);
            if (answer.said != p->said[s])
                fail_msg("%s slot %u: the index says %s, the model %s", key, s, eh_said_name(answer.said), eh_said_name(p->said[s]));
            bool may = p->said[s] == EH_SAID_YES || (question.purpose == EH_PURPOSE_AI && p->said[s] == EH_SAID_UNKNOWN);
            assert_int_equal(answer.may, may);
            /* A "no" names its record, a "yes" by consent too. */
            assert_int_equal(answer.records_count, p->said[s] == EH_SAID_UNKNOWN ? 0 : 1);
        }
    }
}

static int live(world *w)
{
    return w->owner[below(w, PERSONS)];
}

/*
 * The index as bytes and back, as the snapshot does it: written again they are the same bytes, and life goes on with the one that was read, whose states lie
 * in the bytes until they change.
 */
static void through_the_snapshot(world *w)
{
    static const uint8_t secret[16] = {1, 2, 3};
    static const eh_rights_house house;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer again = {0};
    eh_rights_index *read = NULL;
    eh_region region = {0};
    eh_error error;
    size_t people = 0;
    for (int i = 0; i < PERSONS; i++) {
        char key[16];
        uint32_t number = 0;
        eh_state state;
        key_of(i, key);
        if (w->owner[i] != i || !eh_index_state(w->index, eh_view_of(key), &state))
            continue;
        assert_int_equal(eh_index_person_add(w->index, eh_view_of(key), &number, &error), EH_OK);
        eh_index_person_write(w->index, number, &bytes);
        people++;
    }
    if (people == 0)
        return;
    assert_int_equal(eh_region_make(bytes.len, &region, &error), EH_OK);
    memcpy(region.bytes, bytes.ptr, bytes.len);
    eh_view rest = {region.bytes, bytes.len};
    assert_int_equal(eh_rights_index_open(&house, secret, &read, &error), EH_OK);
    assert_int_equal(eh_index_read_begin(read, &region, eh_index_names_count(w->index), people, &error), EH_OK);
    for (size_t i = 0; i < people; i++) {
        uint32_t number = 0;
        assert_int_equal(eh_index_person_read(read, &rest, &number, &error), EH_OK);
        eh_index_person_write(read, number, &again);
    }
    assert_int_equal(rest.len, 0);
    assert_int_equal(eh_index_read_end(read, &error), EH_OK);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.ptr, bytes.ptr, bytes.len);
    assert_int_equal(eh_rights_index_count(read), people);
    eh_rights_index_close(&w->index);
    w->index = read;
}

static void index_agrees_with_the_model(void **state)
{
    (void)state;
    static world w;
    static const uint8_t secret[16] = {1, 2, 3};
    static const eh_rights_house house;
    for (uint64_t history = 0; history < HISTORIES; history++) {
        memset(&w, 0, sizeof w);
        eh_random_init(&w.random, history);
        eh_error error;
        assert_int_equal(eh_rights_index_open(&house, secret, &w.index, &error), EH_OK);
        for (int i = 0; i < PERSONS; i++)
            w.owner[i] = i;
        for (int step = 0; step < ACTS; step++) {
            uint64_t what = below(&w, 21);
            int person = live(&w), other = live(&w);
            if (what == 0)
                erase(&w, person);
            else if (what == 1 && other != person)
                merge(&w, other, person);
            else if (what == 20)
                through_the_snapshot(&w);
            else
                random_act(&w, person);
            if (step % 10 == 9)
                check(&w);
        }
        check(&w);
        eh_rights_index_close(&w.index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(index_agrees_with_the_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
