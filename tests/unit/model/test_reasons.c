/*
 * Goal: reasons are the score: intercept and contributions add up exactly, the strongest come first, what says the same is one reason,
 * completeness is the share that is shown, and a change that is said to turn the decision does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_fixture.h"

static eh_model *fit(const fixture *f)
{
    eh_error error = {0};
    eh_model *model = NULL;
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    assert_int_equal(eh_model_fit(&f->matrix, &options, f->arena, &model, NULL, &error), EH_OK);
    return model;
}

static void row_of(const fixture *f, size_t i, uint8_t bins[FIXTURE_FEATURES])
{
    for (size_t k = 0; k < FIXTURE_FEATURES; k++)
        bins[k] = f->matrix.bins[k][i];
}

static void contributions_add_up(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 1500, .seed = 3, .missing = true});
    eh_model *model = fit(&f);
    int32_t contributions[16];
    uint8_t bins[FIXTURE_FEATURES];
    double *scores = EH_TAKE(f.arena, f.matrix.rows, double);
    eh_model_score_matrix(model, f.matrix.bins, f.matrix.rows, scores);
    for (size_t i = 0; i < f.matrix.rows; i++) {
        row_of(&f, i, bins);
        double sum = (double)model->intercept / EH_MICRO;
        int64_t score = eh_model_score(model, bins, contributions);
        for (size_t t = 0; t < model->terms_count; t++)
            sum += (double)contributions[t] / EH_MICRO;
        assert_true(fabs(sum - (double)score / EH_MICRO) < 1e-12);
        assert_true(scores[i] == (double)score / EH_MICRO);
    }
    fixture_close(&f);
}

static void reasons_are_sorted_grouped_and_complete(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 1500, .seed = 5});
    eh_model *model = fit(&f);
    model->features[0].says = "your past orders";
    model->features[4].says = "your past orders";
    uint32_t groups[FIXTURE_FEATURES];
    int32_t scratch[FIXTURE_FEATURES], contributions[16];
    size_t count = eh_reason_groups(model, groups);
    assert_int_equal(count, 4);
    assert_int_equal(groups[0], groups[4]);
    eh_reasoner reasoner = {.model = model, .groups = groups, .groups_count = count, .scratch = scratch};
    for (size_t i = 0; i < 200; i++) {
        uint8_t bins[FIXTURE_FEATURES];
        eh_reason reasons[FIXTURE_FEATURES];
        double part = 0, whole = 0;
        row_of(&f, i, bins);
        int64_t score = eh_model_score(model, bins, contributions), sum = model->intercept;
        size_t all = eh_reasons(&reasoner, bins, contributions, FIXTURE_FEATURES, reasons, &whole);
        for (size_t r = 0; r < all; r++) {
            sum += reasons[r].contribution;
            assert_true(r == 0 || abs(reasons[r - 1].contribution) >= abs(reasons[r].contribution));
        }
        assert_int_equal(sum, score);
        assert_true(fabs(whole - 1) < 1e-12);
        assert_int_equal(eh_reasons(&reasoner, bins, contributions, 2, reasons, &part), 2);
        assert_true(part > 0 && part <= 1);
    }
    fixture_close(&f);
}

static void a_change_that_flips_does(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 2000, .seed = 7});
    eh_model *model = fit(&f);
    size_t flipped = 0;
    for (size_t i = 0; i < 300; i++) {
        uint8_t bins[FIXTURE_FEATURES];
        eh_flip flip;
        row_of(&f, i, bins);
        bool before = eh_model_score(model, bins, NULL) >= 0;
        eh_model_flip(model, bins, 0, &flip);
        for (size_t s = 0; s < flip.steps_count; s++) {
            assert_true(model->features[flip.steps[s].feature].changeable);
            assert_int_equal(bins[flip.steps[s].feature], flip.steps[s].from);
            bins[flip.steps[s].feature] = flip.steps[s].to;
        }
        assert_int_equal(eh_model_score(model, bins, NULL), flip.score);
        if (flip.steps_count == 0)
            continue;
        flipped++;
        assert_true((flip.score >= 0) != before);
        /* No nearer bin does it: x is the only feature that can be changed. */
        assert_int_equal(flip.steps_count, 1);
        int from = flip.steps[0].from, to = flip.steps[0].to, step = to > from ? 1 : -1;
        for (int b = from + step; b != to; b += step) {
            bins[0] = (uint8_t)b;
            assert_true((eh_model_score(model, bins, NULL) >= 0) == before);
        }
    }
    assert_true(flipped > 200);
    fixture_close(&f);
}

static void bins_hold_what_they_say(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 60, .seed = 9});
    const double edges[] = {1.5, 2.5};
    const char *const levels[] = {"a", "ab", "b"};
    eh_feature number = {.kind = EH_FEATURE_NUMBER, .edges = edges, .edges_count = 2, .bins_count = 4};
    eh_feature category = {.kind = EH_FEATURE_CATEGORY, .levels = levels, .levels_count = 3, .bins_count = 5};
    assert_int_equal(eh_bin_of_number(&number, EH_NAN), 0);
    assert_int_equal(eh_bin_of_number(&number, -EH_INFINITY), 1);
    assert_int_equal(eh_bin_of_number(&number, 1.5), 2);
    assert_int_equal(eh_bin_of_number(&number, 2.4), 2);
    assert_int_equal(eh_bin_of_number(&number, EH_INFINITY), 3);
    assert_int_equal(eh_bin_of_text(&category, (eh_view){0}), 0);
    assert_int_equal(eh_bin_of_text(&category, EH_VIEW("ab")), 2);
    assert_int_equal(eh_bin_of_text(&category, EH_VIEW("b")), 3);
    assert_int_equal(eh_bin_of_text(&category, EH_VIEW("")), 4);
    assert_int_equal(eh_bin_of_text(&category, EH_VIEW("abc")), 4);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contributions_add_up),
        cmocka_unit_test(reasons_are_sorted_grouped_and_complete),
        cmocka_unit_test(a_change_that_flips_does),
        cmocka_unit_test(bins_hold_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
