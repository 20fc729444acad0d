/*
 * Goal: an effect that was put in is found, one that was not is not; all three learners; the file comes back as it went; measures of a
 * ranking are what their definitions give on a case small enough to reckon by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/uplift.h"
#include "model_fixture.h"

typedef struct {
    fixture f;
    uint16_t *arm;
    double *chance;
    const double *chances[1];
    eh_uplift_data data;
} experiment;

static const char *const arms[] = {"mail", "none"};

/* The mail adds .3 for those with x above 5 and nothing for the others; `effect` false: for nobody. `chosen`: by x, not by lot. */
static void experiment_make(experiment *e, size_t rows, bool effect, bool chosen)
{
    eh_random random;
    e->f = fixture_make(&(fixture_options){.rows = rows, .seed = 41});
    e->arm = EH_TAKE(e->f.arena, rows, uint16_t);
    e->chance = EH_TAKE(e->f.arena, rows, double);
    float *outcome = EH_TAKE(e->f.arena, rows, float);
    eh_random_init(&random, 43);
    for (size_t i = 0; i < rows; i++) {
        bool high = e->f.matrix.bins[0][i] > e->f.matrix.features[0].bins_count / 2;
        e->chance[i] = chosen ? (high ? 0.7 : 0.3) : 0.5;
        bool treated = eh_random_unit(&random) < e->chance[i];
        e->arm[i] = treated ? 0 : 1;
        double p = 0.2 + 0.2 * (e->f.matrix.bins[2][i] == 2) + (effect && treated && high ? 0.3 : 0);
        outcome[i] = eh_random_unit(&random) < p;
    }
    e->f.matrix.outcome = outcome;
    e->chances[0] = e->chance;
    e->data = (eh_uplift_data){.matrix = &e->f.matrix, .arm = e->arm, .names = arms, .arms_count = 2, .control = 1};
}

static eh_uplift *learn(const experiment *e, eh_uplift_learner learner, uint32_t outer_folds)
{
    eh_error error = {0};
    eh_uplift *uplift = NULL;
    eh_uplift_options options = {.learner = learner, .outer_folds = outer_folds, .seed = 1, .budget = 0.5, .folds = 2};
    if (eh_uplift_fit(&e->data, &options, e->f.arena, &uplift, &error) != EH_OK)
        fail_msg("%s", error.text);
    return uplift;
}

static void the_effect_is_found(void **state)
{
    (void)state;
    experiment e;
    experiment_make(&e, 4000, true, false);
    for (eh_uplift_learner l = EH_LEARNER_DR; l < EH_LEARNERS_COUNT; l++) {
        eh_uplift *uplift = learn(&e, l, l == EH_LEARNER_DR ? 2 : 0);
        const eh_offer *offer = &uplift->offers[0];
        assert_string_equal(offer->name, "mail");
        assert_true(offer->effect.low < 0.15 && offer->effect.high > 0.15);
        /* Low x: no effect; high x: .3. */
        double low = 0, high = 0;
        size_t lows = 0, highs = 0;
        for (size_t i = 0; i < e.f.matrix.rows; i++) {
            uint8_t bins[FIXTURE_FEATURES];
            for (size_t k = 0; k < FIXTURE_FEATURES; k++)
                bins[k] = e.f.matrix.bins[k][i];
            double effect = (double)eh_model_score(offer->model, bins, NULL) / EH_MICRO;
            bool above = bins[0] > e.f.matrix.features[0].bins_count / 2;
            low += above ? 0 : effect;
            high += above ? effect : 0;
            lows += above ? 0 : 1;
            highs += above ? 1 : 0;
        }
        assert_true(fabs(low / (double)lows) < 0.06);
        assert_true(fabs(high / (double)highs - 0.3) < 0.06);
        if (l != EH_LEARNER_DR)
            continue;
        assert_true(offer->autoc.low > 0 && offer->qini.low > 0);
        assert_true(offer->uplift_at_30.value > 0.2);
        assert_true(offer->auuc > offer->effect.value / 2);
        assert_true(uplift->overlap.randomised);
        assert_true(uplift->policy.gain.low > uplift->policy.gain_of_chance.value);
    }
    fixture_close(&e.f);
}

static void no_effect_is_no_effect(void **state)
{
    (void)state;
    experiment e;
    experiment_make(&e, 4000, false, false);
    eh_uplift *uplift = learn(&e, EH_LEARNER_DR, 2);
    assert_true(uplift->offers[0].effect.low < 0 && uplift->offers[0].effect.high > 0);
    assert_true(uplift->offers[0].autoc.low < 0.01);
    fixture_close(&e.f);
}

static void chances_that_differ_are_seen_and_allowed_for(void **state)
{
    (void)state;
    experiment e;
    experiment_make(&e, 4000, true, true);
    eh_uplift *estimated = learn(&e, EH_LEARNER_DR, 0);
    assert_false(estimated->overlap.randomised);
    assert_true(estimated->overlap.auc > 0.6);
    assert_true(estimated->offers[0].effect.low < 0.15 && estimated->offers[0].effect.high > 0.15);
    e.data.propensities = e.chances;
    eh_uplift *known = learn(&e, EH_LEARNER_DR, 0);
    assert_true(known->overlap.known);
    assert_true(known->offers[0].effect.low < 0.15 && known->offers[0].effect.high > 0.15);
    fixture_close(&e.f);
}

static void the_file_comes_back(void **state)
{
    (void)state;
    experiment e;
    experiment_make(&e, 600, true, false);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer again = {0};
    eh_error error = {0};
    eh_uplift *uplift = learn(&e, EH_LEARNER_T, 0), *read = NULL;
    memset(uplift->offers[0].model->fingerprint, 'b', 64);
    assert_int_equal(eh_uplift_write(uplift, &text, &error), EH_OK);
    if (eh_uplift_read(eh_buffer_view(&text), "u.json", e.f.arena, &read, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(eh_uplift_write(read, &again, &error), EH_OK);
    assert_true(eh_view_equal(eh_buffer_view(&text), eh_buffer_view(&again)));
    eh_model *model = NULL;
    assert_int_equal(eh_model_read(eh_buffer_view(&text), "u.json", e.f.arena, &model, &error), EH_CONFLICT);
    fixture_close(&e.f);
}

static void measures_by_hand(void **state)
{
    (void)state;
    /* Four pairs, best first: effects 1, 1, 0, 0. */
    const double effect[8] = {9, 8, 7, 6, 5, 4, 3, 2}, outcome[8] = {1, 0, 1, 0, 1, 1, 0, 0};
    const bool treated[8] = {true, false, true, false, true, false, true, false};
    eh_uplift_ranking ranking = {.effect = effect, .outcome = outcome, .treated = treated, .count = 8};
    assert_true(fabs(eh_uplift_at(&ranking, 0.5).value - 1) < 1e-12);
    assert_true(fabs(eh_uplift_at(&ranking, 1).value - 0.5) < 1e-12);
    /* Gain curve at 2..8 of 8: difference of means times share. */
    double area = (1.0 * 2 + 1.0 * 3 + 1.0 * 4 + 1.0 * 5 + (2.0 / 3) * 6 + (3.0 / 4 - 1.0 / 3) * 7 + 0.5 * 8) / 8 / 8;
    assert_true(fabs(eh_uplift_auuc(&ranking) - area) < 1e-12);
    /* Scores 4, 2, 0, -2, mean 1: top means 4, 3, 2, 1; AUTOC = (3 + 2 + 1 + 0) / 4, QINI weights by the share. */
    const double predicted[4] = {4, 3, 2, 1}, scores[4] = {4, 2, 0, -2};
    assert_true(fabs(eh_uplift_rate(predicted, scores, 4, true, 1).value - 1.5) < 1e-12);
    assert_true(fabs(eh_uplift_rate(predicted, scores, 4, false, 1).value - (3 * 0.25 + 2 * 0.5 + 1 * 0.75) / 4) < 1e-12);
}

static void too_little_is_said(void **state)
{
    (void)state;
    experiment e;
    experiment_make(&e, 150, true, false);
    eh_error error = {0};
    eh_uplift *uplift = NULL;
    eh_uplift_options options = {.seed = 1, .budget = EH_NAN};
    assert_int_equal(eh_uplift_fit(&e.data, &options, e.f.arena, &uplift, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "an effect needs at least 100"));
    fixture_close(&e.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_effect_is_found),  cmocka_unit_test(no_effect_is_no_effect),
        cmocka_unit_test(chances_that_differ_are_seen_and_allowed_for), cmocka_unit_test(the_file_comes_back),
        cmocka_unit_test(measures_by_hand),     cmocka_unit_test(too_little_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
