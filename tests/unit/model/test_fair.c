/*
 * Goal: what a constraint promises. Several attributes, their intersection, true and false positive rates at once; monotone stays monotone under
 * it; what every term adds to a gap adds up; who lost and who gained is counted; the frontier runs from no constraint to the tolerance.
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

static const char *const regions[] = {"north", "south"};
static const char *const crossed[] = {"f & north", "f & south", "m & north", "m & south"};

typedef struct {
    fixture f;
    eh_fair_attribute attributes[3]; /* sex, region, both */
    double *scores;
} people;

/* Region goes with city, so that both attributes have gaps. */
static void people_make(people *p, size_t rows, uint64_t seed, int monotone)
{
    *p = (people){.f = fixture_make(&(fixture_options){.rows = rows, .seed = seed, .monotone = monotone})};
    uint16_t *region = EH_TAKE(p->f.arena, rows, uint16_t), *both = EH_TAKE(p->f.arena, rows, uint16_t);
    p->scores = EH_TAKE(p->f.arena, rows, double);
    eh_random random;
    eh_random_init(&random, seed + 1);
    for (size_t i = 0; i < rows; i++) {
        region[i] = eh_random_unit(&random) < (p->f.matrix.bins[2][i] == 3 ? 0.85 : 0.3);
        both[i] = (uint16_t)(p->f.group[i] * 2 + region[i]);
    }
    p->attributes[0] = p->f.attribute;
    p->attributes[1] = (eh_fair_attribute){.group = region, .groups_count = 2, .name = "region", .group_names = regions};
    p->attributes[2] = (eh_fair_attribute){.group = both, .groups_count = 4, .name = "sex & region", .group_names = crossed};
}

static double widest(people *p, const eh_model *model, const eh_fair_attribute *attribute, eh_fair_measure measure)
{
    double picked[4], total[4], low = 1, high = 0;
    eh_model_score_matrix(model, p->f.matrix.bins, p->f.matrix.rows, p->scores);
    eh_group_rates(p->scores, &p->f.matrix, attribute, measure, 0.5, picked, total);
    for (size_t g = 0; g < attribute->groups_count; g++) {
        low = fmin(low, picked[g] / total[g]);
        high = fmax(high, picked[g] / total[g]);
    }
    return high - low;
}

static eh_model *fit(people *p, const eh_fit_options *options, eh_fair_outcome *outcome)
{
    eh_error error = {0};
    eh_model *model = NULL;
    if (eh_model_fit(&p->f.matrix, options, p->f.arena, &model, outcome, &error) != EH_OK)
        fail_msg("%s", error.text);
    return model;
}

static void several_at_once(void **state)
{
    (void)state;
    people p;
    people_make(&p, 6000, 51, 0);
    const eh_fair_constraint constraints[2] = {{.measure = EH_FAIR_TPR, .gap_max = 0.06, .ratio_min = EH_NAN},
                                               {.measure = EH_FAIR_FPR, .gap_max = 0.06, .ratio_min = EH_NAN}};
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_fair_outcome outcome = {0};
    eh_model *before = fit(&p, &options, &outcome);
    assert_true(widest(&p, before, &p.attributes[2], EH_FAIR_FPR) > 0.1);
    assert_true(widest(&p, before, &p.attributes[2], EH_FAIR_TPR) > 0.1);
    options.constraints = constraints;
    options.constraints_count = 2;
    options.attributes = p.attributes;
    options.attributes_count = 3;
    eh_model *after = fit(&p, &options, &outcome);
    for (size_t a = 0; a < 3; a++) {
        assert_true(widest(&p, after, &p.attributes[a], EH_FAIR_TPR) <= 0.06);
        assert_true(widest(&p, after, &p.attributes[a], EH_FAIR_FPR) <= 0.06);
    }
    /* What is told of the fit is what the model does. */
    for (size_t c = 0; c < 2; c++) {
        double reached = 0;
        for (size_t a = 0; a < 3; a++)
            reached = fmax(reached, widest(&p, after, &p.attributes[a], constraints[c].measure));
        assert_true(outcome.before[c] > 0.1 && fabs(outcome.after[c] - reached) < 0.002);
    }
    fixture_close(&p.f);
}

static void a_ratio_is_kept(void **state)
{
    (void)state;
    people p;
    people_make(&p, 4000, 53, 0);
    const eh_fair_constraint constraint = {.measure = EH_FAIR_SELECTION, .gap_max = EH_NAN, .ratio_min = 0.9};
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_fair_outcome outcome = {0};
    double picked[2], total[2];
    options.constraints = &constraint;
    options.constraints_count = 1;
    options.attributes = p.attributes;
    options.attributes_count = 2;
    eh_model *model = fit(&p, &options, &outcome);
    eh_model_score_matrix(model, p.f.matrix.bins, p.f.matrix.rows, p.scores);
    for (size_t a = 0; a < 2; a++) {
        eh_group_rates(p.scores, &p.f.matrix, &p.attributes[a], EH_FAIR_SELECTION, 0.5, picked, total);
        double x = picked[0] / total[0], y = picked[1] / total[1];
        assert_true(fmin(x, y) / fmax(x, y) >= 0.9);
    }
    fixture_close(&p.f);
}

static void monotone_under_a_constraint(void **state)
{
    (void)state;
    people p;
    people_make(&p, 3000, 55, 1);
    const eh_fair_constraint constraint = {.measure = EH_FAIR_SELECTION, .gap_max = 0.03, .ratio_min = EH_NAN};
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_fair_outcome outcome = {0};
    options.constraints = &constraint;
    options.constraints_count = 1;
    options.attributes = p.attributes;
    options.attributes_count = 1;
    eh_model *model = fit(&p, &options, &outcome);
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        assert_true(term->features_count == 1 || (term->feature[0] != 0 && term->feature[1] != 0));
        for (uint32_t b = 2; term->feature[0] == 0 && b < term->cells_count; b++)
            assert_true(term->scores[b] >= term->scores[b - 1]);
    }
    fixture_close(&p.f);
}

static void attribution_adds_up(void **state)
{
    (void)state;
    people p;
    people_make(&p, 2500, 57, 0);
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_model *model = fit(&p, &options, NULL);
    float *weight = EH_TAKE(p.f.arena, p.f.matrix.rows, float);
    for (size_t i = 0; i < p.f.matrix.rows; i++)
        weight[i] = (float)(1 + i % 3);
    p.f.matrix.weight = weight;
    const eh_fair_attribute *attribute = &p.attributes[2];
    double *mean = EH_TAKE(p.f.arena, model->terms_count * 4, double), logit[4] = {0}, total[4] = {0};
    eh_gap_attribution(model, &p.f.matrix, attribute, mean);
    eh_model_score_matrix(model, p.f.matrix.bins, p.f.matrix.rows, p.scores);
    for (size_t i = 0; i < p.f.matrix.rows; i++) {
        logit[attribute->group[i]] += (double)weight[i] * p.scores[i];
        total[attribute->group[i]] += (double)weight[i];
    }
    for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < a; b++) {
            double sum = 0;
            for (size_t t = 0; t < model->terms_count; t++)
                sum += mean[t * 4 + a] - mean[t * 4 + b];
            assert_true(fabs(sum - (logit[a] / total[a] - logit[b] / total[b])) < 1e-9);
        }
    fixture_close(&p.f);
}

static void who_lost_is_counted(void **state)
{
    (void)state;
    people p;
    people_make(&p, 3000, 59, 0);
    const eh_fair_constraint constraint = {.measure = EH_FAIR_SELECTION, .gap_max = 0.02, .ratio_min = EH_NAN};
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    eh_fair_outcome outcome = {0};
    eh_levelling levelling[2];
    double before[2], after[2], total[2];
    options.constraints = &constraint;
    options.constraints_count = 1;
    options.attributes = p.attributes;
    options.attributes_count = 1;
    options.frontier = true;
    eh_model *model = fit(&p, &options, &outcome);
    eh_levelling_measure(outcome.unconstrained, model, &p.f.matrix, &p.attributes[0], levelling);
    eh_model_score_matrix(outcome.unconstrained, p.f.matrix.bins, p.f.matrix.rows, p.scores);
    eh_group_rates(p.scores, &p.f.matrix, &p.attributes[0], EH_FAIR_SELECTION, 0.5, before, total);
    eh_model_score_matrix(model, p.f.matrix.bins, p.f.matrix.rows, p.scores);
    eh_group_rates(p.scores, &p.f.matrix, &p.attributes[0], EH_FAIR_SELECTION, 0.5, after, total);
    for (size_t g = 0; g < 2; g++) {
        assert_true(levelling[g].total == total[g]);
        assert_true(after[g] - before[g] == levelling[g].gained - levelling[g].lost);
    }
    assert_true(levelling[0].gained > 0 && levelling[1].lost > 0);
    /* From the model without a constraint down to the tolerance; accuracy is what it costs. */
    const eh_frontier_point *first = &outcome.frontier[0], *last = &outcome.frontier[outcome.frontier_count - 1];
    assert_true(outcome.frontier_count >= 5);
    assert_true(first->gap[0] > last->gap[0] + 0.1 && last->gap[0] < 0.06);
    assert_true(first->accuracy > last->accuracy && first->auc > last->auc);
    fixture_close(&p.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_at_once),     cmocka_unit_test(a_ratio_is_kept),     cmocka_unit_test(monotone_under_a_constraint),
        cmocka_unit_test(attribution_adds_up), cmocka_unit_test(who_lost_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
