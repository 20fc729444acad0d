/*
 * Goal: what logged lots say of a campaign is true: on worlds that we made, intervals hold the truth as often as they promise, adjustment makes them
 * narrower, chances add up to one and are those that the plan drew with, and groups that benefit alike are not called unfair more often than allowed.
 */
#include <math.h>

#include "decide/effects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { PEOPLE = 1500, ACTIONS = 3, COVARIATES = 3, WORLDS = 300 };

/* A world: one offer that helps those with a large first covariate, one that does nothing; chances that depend on the covariates. */
typedef struct {
    double covariates[PEOPLE * COVARIATES], chances[PEOPLE * ACTIONS], shares[PEOPLE * ACTIONS], outcome[PEOPLE], truth[PEOPLE];
    uint32_t action[PEOPLE];
    uint8_t fold[PEOPLE];
} world;

static void world_make(world *of, uint64_t seed, bool amounts)
{
    eh_random random;
    eh_random_init(&random, seed);
    for (size_t i = 0; i < PEOPLE; i++) {
        double *x = of->covariates + i * COVARIATES, *chance = of->chances + i * ACTIONS, *share = of->shares + i * ACTIONS;
        for (size_t c = 0; c < COVARIATES; c++)
            x[c] = eh_random_normal(&random);
        bool wanted = x[0] + 0.3 * x[1] > 0.4; /* the plan's choice */
        for (size_t a = 0; a < ACTIONS; a++) {
            share[a] = a == (wanted ? 1 : 0);
            chance[a] = (a == 0 ? 0.2 : 0) + 0.8 * (0.1 / ACTIONS + 0.9 * share[a]);
        }
        double draw = eh_random_unit(&random);
        of->action[i] = draw < chance[0] ? 0 : draw < chance[0] + chance[1] ? 1 : 2;
        of->truth[i] = x[0] > 0 ? 0.2 : 0.02;
        double expected = 0.25 + 0.1 * (x[1] > 0) + 0.08 * x[2] * (amounts ? 3 : 0) + (of->action[i] == 1 ? of->truth[i] : 0);
        of->outcome[i] = amounts ? expected + 0.1 * eh_random_normal(&random) : eh_random_unit(&random) < expected;
        of->fold[i] = (uint8_t)(eh_random_next(&random) % EH_EFFECT_FOLDS);
    }
}

static bool close_to(double a, double b, double tolerance) { return fabs(a - b) <= tolerance; }

static eh_effect_data data_of(const world *of, size_t covariates)
{
    return (eh_effect_data){.people = PEOPLE, .actions = ACTIONS, .action = of->action, .chances = of->chances, .outcome = of->outcome,
                            .covariates = of->covariates, .covariates_count = covariates, .fold = of->fold};
}

/* Effect among those whom the plan gives it, from one world; *truth_out what it is in this world. */
static eh_estimate effect_of(const world *of, eh_arena *arena, double *truth_out)
{
    const double *expected = NULL, *scores = NULL;
    eh_error error = {0};
    eh_effect_data data = data_of(of, COVARIATES);
    double *difference = EH_TAKE(arena, PEOPLE, double), *weights = EH_TAKE(arena, PEOPLE, double), sum = 0, n = 0;
    assert_int_equal(eh_effect_scores(&data, arena, &expected, &scores, &error), EH_OK);
    for (size_t i = 0; i < PEOPLE; i++) {
        difference[i] = scores[i * ACTIONS + 1] - scores[i * ACTIONS];
        weights[i] = of->shares[i * ACTIONS + 1];
        sum += weights[i] * of->truth[i];
        n += weights[i];
    }
    *truth_out = sum / n;
    return eh_effect_mean(difference, weights, PEOPLE, 0.95);
}

static void intervals_hold_the_truth_as_often_as_they_promise(void **state)
{
    (void)state;
    static world one;
    for (int amounts = 0; amounts < 2; amounts++) {
        int held = 0;
        for (uint64_t seed = 1; seed <= WORLDS; seed++) {
            EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 24);
            double truth = 0;
            world_make(&one, seed, amounts != 0);
            eh_estimate effect = effect_of(&one, arena, &truth);
            held += effect.low <= truth && truth <= effect.high;
        }
        /* 95 % of 300 are 285; fewer than 273 or more than 296 would be seen in one of 1,000 such tests */
        assert_in_range(held, 273, 297);
    }
}

static void values_of_policies_hold_the_truth(void **state)
{
    (void)state;
    static world one;
    static eh_logged logged[PEOPLE];
    int held = 0;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 24);
        const double *expected = NULL, *scores = NULL;
        eh_error error = {0};
        double truth = 0;
        world_make(&one, 1000 + seed, false);
        eh_effect_data data = data_of(&one, COVARIATES);
        assert_int_equal(eh_effect_scores(&data, arena, &expected, &scores, &error), EH_OK);
        for (size_t i = 0; i < PEOPLE; i++) {
            const double *x = one.covariates + i * COVARIATES;
            logged[i] = (eh_logged){.action = one.action[i], .propensity = one.chances[i * ACTIONS + one.action[i]], .outcome = one.outcome[i]};
            truth += (0.25 + 0.1 * (x[1] > 0) + one.shares[i * ACTIONS + 1] * one.truth[i]) / PEOPLE;
        }
        eh_plan_estimate value = eh_policy_value(logged, PEOPLE, &(eh_policy_question){.actions = ACTIONS, .chances = one.shares, .expected = expected, .confidence = 0.95});
        held += value.low <= truth && truth <= value.high;
    }
    assert_in_range(held, 273, 300); /* the truth of the people at hand: intervals for people to come are a little wider */
}

static void what_was_known_before_makes_intervals_narrow(void **state)
{
    (void)state;
    static world one;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 26);
    const double *expected = NULL, *with = NULL, *without = NULL;
    eh_error error = {0};
    world_make(&one, 5, true);
    eh_effect_data all = data_of(&one, COVARIATES), none = data_of(&one, 0);
    none.covariates_count = 0;
    assert_int_equal(eh_effect_scores(&all, arena, &expected, &with, &error), EH_OK);
    assert_int_equal(eh_effect_scores(&none, arena, &expected, &without, &error), EH_OK);
    double *a = EH_TAKE(arena, PEOPLE, double), *b = EH_TAKE(arena, PEOPLE, double), *w = EH_TAKE(arena, PEOPLE, double);
    for (size_t i = 0; i < PEOPLE; i++) {
        a[i] = with[i * ACTIONS + 1] - with[i * ACTIONS];
        b[i] = without[i * ACTIONS + 1] - without[i * ACTIONS];
        w[i] = one.shares[i * ACTIONS + 1];
    }
    eh_estimate narrow = eh_effect_mean(a, w, PEOPLE, 0.95), wide = eh_effect_mean(b, w, PEOPLE, 0.95);
    assert_true(eh_effect_error(&narrow, 0.95) < 0.7 * eh_effect_error(&wide, 0.95));
}

/* Randomised halves without covariates: the doubly robust difference is the difference of means, its error the usual one (Neyman 1923). */
static void without_covariates_it_is_the_plain_difference(void **state)
{
    (void)state;
    enum { N = 400 };
    static double chances[2 * N], outcome[N], difference[N];
    static uint32_t action[N];
    static uint8_t fold[N];
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 24);
    const double *expected = NULL, *scores = NULL;
    eh_error error = {0};
    double treated = 0, held = 0;
    for (size_t i = 0; i < N; i++) {
        chances[2 * i] = chances[2 * i + 1] = 0.5;
        action[i] = i % 2;
        outcome[i] = i % 2 == 1 ? i % 10 < 5 : i % 10 < 2;
        fold[i] = (uint8_t)(i / 10 % EH_EFFECT_FOLDS);
        treated += action[i] == 1 ? outcome[i] / (N / 2) : 0;
        held += action[i] == 0 ? outcome[i] / (N / 2) : 0;
    }
    eh_effect_data data = {.people = N, .actions = 2, .action = action, .chances = chances, .outcome = outcome, .fold = fold};
    assert_int_equal(eh_effect_scores(&data, arena, &expected, &scores, &error), EH_OK);
    for (size_t i = 0; i < N; i++)
        difference[i] = scores[2 * i + 1] - scores[2 * i];
    eh_estimate effect = eh_effect_mean(difference, NULL, N, 0.95);
    assert_true(close_to(effect.value, treated - held, 1e-9));
    double neyman = sqrt(treated * (1 - treated) / (N / 2 - 1.0) + held * (1 - held) / (N / 2 - 1.0));
    assert_true(fabs(eh_effect_error(&effect, 0.95) / neyman - 1) < 0.02);
    eh_estimate slope = eh_effect_slope(outcome, outcome, N, 0.95);
    assert_true(close_to(slope.value, 1, 1e-12));
}

static void chances_add_up_and_are_those_of_the_plan(void **state)
{
    (void)state;
    static const eh_frame_offer offers[2];
    eh_frame frame = {.offers = offers, .offers_count = 2, .holdout = 0.1, .explore = 0.2, .choose = EH_CHOOSE_MODEL, .without_ai_share = 0.3, .lot_share = 0.4};
    const eh_trace traces[] = {
        {.stage = EH_STAGE_CHOICE, .ai = {.may = true}, .allowed = 3, .choice = 1, .policy_choice = 1},
        {.stage = EH_STAGE_HOLDOUT, .ai = {.may = true}, .allowed = 3, .choice = EH_NO_OFFER, .policy_choice = 0},
        {.stage = EH_STAGE_EXPLORE, .ai = {.may = true}, .allowed = 1, .choice = 0, .policy_choice = EH_NO_OFFER},
        {.stage = EH_STAGE_WITHOUT_AI, .allowed = 3, .choice = 0, .policy_choice = EH_NO_OFFER},
        {.stage = EH_STAGE_CAPS, .ai = {.may = true}, .allowed = 3, .choice = EH_NO_OFFER, .policy_choice = EH_NO_OFFER},
    };
    const double expected[][3] = {
        {0.1 + 0.9 * 0.2 / 3, 0.9 * 0.2 / 3, 0.9 * (0.2 / 3 + 0.8)},
        {0.1 + 0.9 * 0.2 / 3, 0.9 * (0.2 / 3 + 0.8), 0.9 * 0.2 / 3},
        {0.1 + 0.9 * (0.2 / 2 + 0.8), 0.9 * 0.2 / 2, 0},
        {0.1 + 0.9 * 0.7, 0.9 * 0.3, 0},
        {1, 0, 0},
    };
    for (size_t t = 0; t < sizeof traces / sizeof traces[0]; t++) {
        double chances[3], plan[3], sum = 0, shares = 0;
        eh_action_chances(&frame, &traces[t], chances, plan);
        for (size_t a = 0; a < 3; a++) {
            assert_true(close_to(chances[a], expected[t][a], 1e-12));
            sum += chances[a];
            shares += plan[a];
        }
        assert_true(close_to(sum, 1, 1e-12));
        assert_true(close_to(shares, 1, 1e-12));
    }
    frame.choose = EH_CHOOSE_RANDOM;
    double chances[3];
    eh_action_chances(&frame, &(eh_trace){.stage = EH_STAGE_LOT, .allowed = 3}, chances, NULL);
    assert_true(close_to(chances[0], 0.1 + 0.9 * 0.6, 1e-12));
    assert_true(close_to(chances[1], 0.9 * 0.2, 1e-12));
}

static eh_estimate drawn(eh_random *random, double truth, double error)
{
    double value = truth + error * eh_random_normal(random), half = eh_normal_quantile(0.975) * error;
    return (eh_estimate){value, value - half, value + half, 1000};
}

static void benefits_are_compared_within_the_tolerance(void **state)
{
    (void)state;
    static const struct {
        double group, reference, error;
        int violates_low, violates_high, within_low;
    } cases[] = {
        {0.10, 0.10, 0.004, 0, 1, 95},  /* alike, and sure: within */
        {0.10, 0.10, 0.04, 0, 8, 0},    /* alike, and unsure: not called unfair more often than allowed */
        {0.08, 0.10, 0.01, 0, 8, 0},    /* at the edge: a violation at most as often as the level says */
        {0.04, 0.10, 0.008, 95, 100, 0}, /* much less */
        {0.10, 0.04, 0.008, 95, 100, 0}, /* the other way round */
        {-0.05, -0.05, 0.01, 0, 1, 0},  /* nobody benefits: nobody benefits less */
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        eh_random random;
        int violates = 0, within = 0;
        eh_random_init(&random, 17 + c);
        for (int i = 0; i < 100; i++) {
            eh_estimate group = drawn(&random, cases[c].group, cases[c].error), reference = drawn(&random, cases[c].reference, cases[c].error);
            eh_benefit_contrast contrast = eh_benefit_compare(&group, &reference, 0.8, 0.95);
            violates += contrast.p < 0.05;
            within += contrast.within;
            assert_false(contrast.within && contrast.p < 0.05);
        }
        assert_in_range(violates, cases[c].violates_low, cases[c].violates_high);
        assert_true(within >= cases[c].within_low);
    }
    eh_estimate unknown = {EH_NAN, EH_NAN, EH_NAN, 0}, known = {0.1, 0.05, 0.15, 100};
    assert_true(isnan(eh_benefit_compare(&unknown, &known, 0.8, 0.95).p) && !eh_benefit_compare(&unknown, &known, 0.8, 0.95).within);
}

/* The formula by hand, in Python: the mean 2.444..., the error from the sum of each person; rows of one person that say the same twice add nothing. */
static void rows_of_a_person_count_as_one(void **state)
{
    (void)state;
    static const double values[] = {1, 3, 2, 6, 77}, weights[] = {1, 1, 2, 0.5, 0}, twice[] = {1, 1, 2, 2, 6, 6}, alone[] = {1, 2, 6}, ones[] = {1, 1, 1, 1, 1, 1};
    static const uint32_t person[] = {0, 0, 1, 2, 3}, pairs[] = {0, 0, 1, 1, 2, 2}, different[] = {0, 1, 2};
    eh_estimate found = eh_effect_mean_by(values, weights, person, 5, 0.95);
    assert_true(fabs(found.value - 2.4444444444444446) < 1e-12 && found.n == 3);
    assert_true(fabs(found.low - 1.2829843054577459) < 1e-9);
    eh_estimate plain = eh_effect_mean(alone, NULL, 3, 0.95), each = eh_effect_mean_by(alone, ones, different, 3, 0.95), doubled = eh_effect_mean_by(twice, ones, pairs, 6, 0.95);
    assert_true(plain.value == each.value && plain.low == each.low && plain.high == each.high);
    assert_true(fabs(plain.low - doubled.low) < 1e-12 && fabs(plain.high - doubled.high) < 1e-12 && doubled.n == 3);
    assert_true(isnan(eh_effect_mean_by(twice, ones, pairs, 2, 0.95).value));
    assert_true(isnan(eh_effect_mean_by(twice, ones, pairs, 0, 0.95).value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_promise),
        cmocka_unit_test(values_of_policies_hold_the_truth),
        cmocka_unit_test(what_was_known_before_makes_intervals_narrow),
        cmocka_unit_test(without_covariates_it_is_the_plain_difference),
        cmocka_unit_test(chances_add_up_and_are_those_of_the_plan),
        cmocka_unit_test(rows_of_a_person_count_as_one),
        cmocka_unit_test(benefits_are_compared_within_the_tolerance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
