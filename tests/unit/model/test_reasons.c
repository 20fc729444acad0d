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

/* ---- the smallest change, beside all changes there are ------------------------------------------------------------------------- */

enum { TRIED_FEATURES = 4, TRIED_BINS = 7, TRIED_TERMS = TRIED_FEATURES + 2 };

typedef struct {
    eh_model model;
    eh_feature features[TRIED_FEATURES];
    eh_term terms[TRIED_TERMS];
    double weights[TRIED_FEATURES][TRIED_BINS];
    int32_t scores[TRIED_TERMS][EH_PAIR_BINS * EH_PAIR_BINS];
    uint8_t map[TRIED_BINS];
} tried;

static int32_t drawn_score(eh_random *random, uint64_t most)
{
    return (int32_t)(eh_random_next(random) % (2 * most + 1)) - (int32_t)most;
}

/* Three numbers and a category with seven bins each, some of them empty; tables of the features 0 and 1, and of 2 and 1. */
static void tried_draw(tried *t, eh_random *random, uint64_t table_most)
{
    static const uint32_t pairs[2][2] = {{0, 1}, {2, 1}};
    *t = (tried){.model = {.features = t->features, .features_count = TRIED_FEATURES, .terms = t->terms, .terms_count = TRIED_TERMS}};
    for (uint8_t bin = 0; bin < TRIED_BINS; bin++)
        t->map[bin] = bin / 2;
    for (uint32_t f = 0; f < TRIED_FEATURES; f++) {
        t->features[f] = (eh_feature){.kind = f == 3 ? EH_FEATURE_CATEGORY : EH_FEATURE_NUMBER, .changeable = true, .bins_count = TRIED_BINS,
                                      .levels_count = f == 3 ? TRIED_BINS - 2 : 0, .edges_count = f == 3 ? 0 : TRIED_BINS - 2, .weights = t->weights[f]};
        for (size_t bin = 0; bin < TRIED_BINS; bin++)
            t->weights[f][bin] = eh_random_next(random) % 8 == 0 ? 0 : 1;
        t->terms[f] = (eh_term){.features_count = 1, .feature = {f}, .cells_count = TRIED_BINS};
    }
    for (size_t p = 0; p < 2; p++)
        t->terms[TRIED_FEATURES + p] = (eh_term){.features_count = 2, .feature = {pairs[p][0], pairs[p][1]}, .map = {t->map, t->map}, .cells_count = EH_PAIR_BINS * EH_PAIR_BINS};
    for (size_t i = 0; i < TRIED_TERMS; i++) {
        t->terms[i].scores = t->scores[i];
        for (size_t c = 0; c < t->terms[i].cells_count; c++)
            t->scores[i][c] = drawn_score(random, i < TRIED_FEATURES ? 1000 : table_most);
    }
}

/* One number for how large a change is: steps before bins. 0: one of them goes where nobody is. */
static uint32_t size_of(const tried *t, const uint8_t *from, const uint8_t *to)
{
    uint32_t size = 0;
    for (size_t f = 0; f < TRIED_FEATURES; f++) {
        if (from[f] == to[f])
            continue;
        bool category = t->features[f].kind == EH_FEATURE_CATEGORY;
        if (to[f] == 0 || t->weights[f][to[f]] <= 0 || (category && to[f] > t->features[f].levels_count))
            return 0;
        size += 1000 + (category || from[f] == 0 ? 64 : (uint32_t)abs(to[f] - from[f]));
    }
    return size;
}

static uint32_t smallest_of_all(const tried *t, const uint8_t *from, int64_t threshold)
{
    bool now = eh_model_score(&t->model, from, NULL) >= threshold;
    uint32_t best = 0;
    for (uint32_t all = 0; all < TRIED_BINS * TRIED_BINS * TRIED_BINS * TRIED_BINS; all++) {
        uint8_t to[TRIED_FEATURES];
        uint32_t rest = all;
        for (size_t f = 0; f < TRIED_FEATURES; f++, rest /= TRIED_BINS)
            to[f] = (uint8_t)(rest % TRIED_BINS);
        uint32_t size = size_of(t, from, to);
        if (size > 0 && size < 4000 && (best == 0 || size < best) && (eh_model_score(&t->model, to, NULL) >= threshold) != now)
            best = size;
    }
    return best;
}

static void no_smaller_change_flips(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 11);
    size_t with_steps[EH_FLIP_STEPS_MAX + 1] = {0};
    for (size_t i = 0; i < 600; i++) {
        tried t;
        eh_flip flip;
        uint8_t from[TRIED_FEATURES], to[TRIED_FEATURES];
        tried_draw(&t, &random, i % 3 == 0 ? 0 : 1000);
        for (size_t f = 0; f < TRIED_FEATURES; f++)
            to[f] = from[f] = (uint8_t)(eh_random_next(&random) % TRIED_BINS);
        int64_t threshold = eh_model_score(&t.model, from, NULL) + drawn_score(&random, 6000);
        eh_model_flip(&t.model, from, threshold, &flip);
        for (size_t s = 0; s < flip.steps_count; s++) {
            assert_int_equal(from[flip.steps[s].feature], flip.steps[s].from);
            to[flip.steps[s].feature] = flip.steps[s].to;
        }
        assert_int_equal(size_of(&t, from, to), smallest_of_all(&t, from, threshold));
        assert_int_equal(eh_model_score(&t.model, to, NULL), flip.score);
        assert_true(flip.steps_count == 0 || (flip.score >= threshold) != (eh_model_score(&t.model, from, NULL) >= threshold));
        with_steps[flip.steps_count]++;
    }
    for (size_t s = 0; s <= EH_FLIP_STEPS_MAX; s++)
        assert_true(with_steps[s] >= 20);
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
        cmocka_unit_test(no_smaller_change_flips),
        cmocka_unit_test(bins_hold_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
