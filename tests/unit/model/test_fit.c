/*
 * Goal: what a fit promises. It finds what is there and nothing where nothing is; the same data and seed give the same bytes for any
 * number of threads; monotone is monotone; a constraint holds and takes the copy of the protected attribute out; weights count;
 * bad data is an error that says what to do.
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

static eh_model *fit(const fixture *f, const eh_fit_options *options)
{
    eh_error error = {0};
    eh_model *model = NULL;
    eh_fair_outcome outcome = {0};
    if (eh_model_fit(&f->matrix, options, f->arena, &model, &outcome, &error) != EH_OK)
        fail_msg("%s", error.text);
    return model;
}

static double auc_of(const fixture *f, const eh_model *model)
{
    eh_fit_measures measures;
    eh_error error = {0};
    double *scores = EH_TAKE(f->arena, f->matrix.rows, double);
    eh_model_score_matrix(model, f->matrix.bins, f->matrix.rows, scores);
    assert_int_equal(eh_fit_measure(scores, &f->matrix, model->loss, 0.5, &measures, &error), EH_OK);
    return model->loss == EH_LOSS_LOGISTIC ? measures.auc : measures.r2;
}

static const eh_term *main_term(const eh_model *model, uint32_t feature)
{
    for (size_t t = 0; t < model->terms_count; t++)
        if (model->terms[t].features_count == 1 && model->terms[t].feature[0] == feature)
            return &model->terms[t];
    return NULL;
}

static void finds_what_is_there(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 4000, .seed = 3});
    fixture other = fixture_make(&(fixture_options){.rows = 4000, .seed = 4});
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_model *model = fit(&f, &options);
    assert_true(auc_of(&f, model) > 0.86);
    assert_true(main_term(model, 0)->importance > main_term(model, 3)->importance * 5);
    /* The pair that was put in is the pair that is found. */
    bool found = false;
    for (size_t t = 0; t < model->terms_count; t++)
        found = found || (model->terms[t].features_count == 2 && model->terms[t].feature[0] == 0 && model->terms[t].feature[1] == 4);
    assert_true(found);
    fixture_close(&other);
    fixture_close(&f);
}

static void shuffled_outcomes_teach_nothing(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 6000, .seed = 5, .shuffled = true});
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_error error = {0};
    eh_fit_measures measures;
    double *scores = EH_TAKE(f.arena, f.matrix.rows, double);
    assert_int_equal(eh_model_validate(&f.matrix, &options, &(eh_validation){.folds = 3}, scores, &error), EH_OK);
    assert_int_equal(eh_fit_measure(scores, &f.matrix, EH_LOSS_LOGISTIC, 0.5, &measures, &error), EH_OK);
    assert_true(fabs(measures.auc - 0.5) < 0.02);
    fixture_close(&f);
}

static void same_bytes_for_any_number_of_threads(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 1500, .seed = 7, .missing = true});
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer first = {0};
    eh_error error = {0};
    options.bags = 24;
    options.rounds_max = 40;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        options.threads = threads;
        eh_model *model = fit(&f, &options);
        memset(model->fingerprint, 'a', 64);
        assert_int_equal(eh_model_write(model, threads == 1 ? &first : &text, &error), EH_OK);
        if (threads > 1)
            assert_true(eh_view_equal(eh_buffer_view(&first), eh_buffer_view(&text)));
    }
    fixture_close(&f);
}

static void monotone_is_monotone(void **state)
{
    (void)state;
    for (int direction = -1; direction <= 1; direction += 2) {
        fixture f = fixture_make(&(fixture_options){.rows = 2500, .seed = 11, .monotone = direction, .missing = true});
        eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
        eh_model *model = fit(&f, &options);
        const eh_term *term = main_term(model, 0);
        for (uint32_t b = 2; b < term->cells_count; b++)
            assert_true(direction * (term->scores[b] - term->scores[b - 1]) >= 0);
        /* No table bends it. */
        for (size_t t = 0; t < model->terms_count; t++)
            assert_true(model->terms[t].features_count == 1 || (model->terms[t].feature[0] != 0 && model->terms[t].feature[1] != 0));
        fixture_close(&f);
    }
}

static void terms_are_centred_and_the_intercept_is_calibrated(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 2000, .seed = 13});
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_model *model = fit(&f, &options);
    double said = 0, came = 0;
    double *scores = EH_TAKE(f.arena, f.matrix.rows, double);
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        double mean = 0;
        for (uint32_t c = 0; term->features_count == 1 && c < term->cells_count; c++)
            mean += model->features[term->feature[0]].weights[c] * term->scores[c];
        assert_true(fabs(mean) < 1.0); /* micro-logits: rounding */
    }
    eh_model_score_matrix(model, f.matrix.bins, f.matrix.rows, scores);
    for (size_t i = 0; i < f.matrix.rows; i++) {
        said += 1 / (1 + exp(-scores[i]));
        came += (double)f.matrix.outcome[i];
    }
    assert_true(fabs(said - came) < 0.01);
    fixture_close(&f);
}

static void a_constraint_takes_the_copy_out(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 4000, .seed = 17});
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_fair_constraint constraint = {.measure = EH_FAIR_SELECTION, .gap_max = 0.02, .ratio_min = EH_NAN};
    double picked[2], total[2], *scores = EH_TAKE(f.arena, f.matrix.rows, double);
    eh_model *free_model = fit(&f, &options);
    options.constraints = &constraint;
    options.constraints_count = 1;
    options.attributes = &f.attribute;
    options.attributes_count = 1;
    eh_model *fair = fit(&f, &options);
    eh_model_score_matrix(fair, f.matrix.bins, f.matrix.rows, scores);
    eh_group_rates(scores, &f.matrix, &f.attribute, EH_FAIR_SELECTION, 0.5, picked, total);
    assert_true(fabs(picked[0] / total[0] - picked[1] / total[1]) <= 0.02);
    const eh_term *before = main_term(free_model, 1), *after = main_term(fair, 1);
    assert_true(abs(before->scores[2] - before->scores[1]) > 800000);
    assert_true(abs(after->scores[2] - after->scores[1]) < 150000);
    fixture_close(&f);
}

static void a_constraint_out_of_reach_says_the_nearest(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 400, .seed = 19});
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_error error = {0};
    eh_model *model = NULL;
    eh_fair_outcome outcome = {0};
    /* True and false positive rates of many small groups, all equal to the last person, cannot be had. */
    uint16_t *group = EH_TAKE(f.arena, f.matrix.rows, uint16_t);
    for (size_t i = 0; i < f.matrix.rows; i++)
        group[i] = (uint16_t)(i % 7);
    const char *names[7] = {"a", "b", "c", "d", "e", "f", "g"};
    eh_fair_attribute attribute = {.group = group, .groups_count = 7, .group_names = names, .name = "seven"};
    eh_fair_constraint constraints[2] = {{.measure = EH_FAIR_TPR, .gap_max = 0, .ratio_min = EH_NAN}, {.measure = EH_FAIR_FPR, .gap_max = 0, .ratio_min = EH_NAN}};
    options.constraints = constraints;
    options.constraints_count = 2;
    options.attributes = &attribute;
    options.attributes_count = 1;
    options.rounds_max = 60;
    assert_int_equal(eh_model_fit(&f.matrix, &options, f.arena, &model, &outcome, &error), EH_CONFLICT);
    assert_non_null(strstr(error.text, "the nearest that can is about 0."));
    assert_null(model);
    fixture_close(&f);
}

static void weights_count(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 2000, .seed = 23});
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    float *weight = EH_TAKE(f.arena, f.matrix.rows, float);
    for (size_t i = 0; i < f.matrix.rows; i++)
        weight[i] = f.matrix.outcome[i] > 0.5f ? 3 : 1;
    f.matrix.weight = weight;
    eh_model *model = fit(&f, &options);
    double sum = 0, total = 0, *scores = EH_TAKE(f.arena, f.matrix.rows, double);
    eh_model_score_matrix(model, f.matrix.bins, f.matrix.rows, scores);
    for (size_t i = 0; i < f.matrix.rows; i++) {
        sum += (double)weight[i] / (1 + exp(-scores[i]));
        total += (double)weight[i];
    }
    assert_true(fabs(sum / total - model->base_rate) < 1e-5);
    assert_true(model->base_rate > 0.65);
    fixture_close(&f);
}

static void amounts_are_learned(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 3000, .seed = 29, .loss = EH_LOSS_SQUARED});
    eh_fit_options options = fixture_fit(EH_LOSS_SQUARED);
    eh_model *model = fit(&f, &options);
    assert_true(auc_of(&f, model) > 0.93); /* R squared */
    fixture_close(&f);
}

static void bad_data_is_an_error(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_model *model = NULL;
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    fixture f = fixture_make(&(fixture_options){.rows = 200, .seed = 31});
    float *ones = EH_TAKE(f.arena, f.matrix.rows, float);
    for (size_t i = 0; i < f.matrix.rows; i++)
        ones[i] = 1;
    eh_matrix matrix = f.matrix;
    matrix.rows = 49;
    assert_int_equal(eh_model_fit(&matrix, &options, f.arena, &model, NULL, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "too few"));
    matrix = f.matrix;
    matrix.outcome = ones;
    assert_int_equal(eh_model_fit(&matrix, &options, f.arena, &model, NULL, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "true in every row"));
    matrix = f.matrix;
    uint8_t *same = EH_TAKE(f.arena, matrix.rows, uint8_t);
    const uint8_t *bins[FIXTURE_FEATURES] = {same, same, same, same, same};
    matrix.bins = bins;
    assert_int_equal(eh_model_fit(&matrix, &options, f.arena, &model, NULL, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "same value in all rows"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there),
        cmocka_unit_test(shuffled_outcomes_teach_nothing),
        cmocka_unit_test(same_bytes_for_any_number_of_threads),
        cmocka_unit_test(monotone_is_monotone),
        cmocka_unit_test(terms_are_centred_and_the_intercept_is_calibrated),
        cmocka_unit_test(a_constraint_takes_the_copy_out),
        cmocka_unit_test(a_constraint_out_of_reach_says_the_nearest),
        cmocka_unit_test(weights_count),
        cmocka_unit_test(amounts_are_learned),
        cmocka_unit_test(bad_data_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
