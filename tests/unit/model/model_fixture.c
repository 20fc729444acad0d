#include "model_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const cities[] = {"Aix", "Bonn", "Cork", "Delft"};
static const char *const groups[] = {"f", "m"};

static void number_feature(fixture *f, eh_feature *feature, const double *values, uint8_t *bins)
{
    eh_error error = {0};
    double *copy = malloc(f->matrix.rows * sizeof *copy);
    memcpy(copy, values, f->matrix.rows * sizeof *copy);
    feature->kind = EH_FEATURE_NUMBER;
    EH_ASSERT(eh_edges_choose(copy, f->matrix.rows, 64, f->arena, feature, &error) == EH_OK);
    free(copy);
    for (size_t i = 0; i < f->matrix.rows; i++)
        bins[i] = eh_bin_of_number(feature, values[i]);
}

fixture fixture_make(const fixture_options *options)
{
    fixture f = {.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    eh_random random;
    size_t rows = options->rows;
    eh_feature *features = EH_TAKE(f.arena, FIXTURE_FEATURES, eh_feature);
    uint8_t **bins = EH_TAKE(f.arena, FIXTURE_FEATURES, uint8_t *);
    float *outcome = EH_TAKE(f.arena, rows, float);
    double *x = EH_TAKE(f.arena, rows, double), *noise = EH_TAKE(f.arena, rows, double), *y = EH_TAKE(f.arena, rows, double);
    f.group = EH_TAKE(f.arena, rows, uint16_t);
    f.matrix.rows = rows;
    for (size_t k = 0; k < FIXTURE_FEATURES; k++)
        bins[k] = EH_TAKE(f.arena, rows, uint8_t);
    eh_random_init(&random, options->seed);
    for (size_t i = 0; i < rows; i++) {
        size_t city = eh_random_next(&random) % 4;
        x[i] = eh_random_unit(&random) * 10;
        noise[i] = eh_random_unit(&random);
        y[i] = eh_random_unit(&random) * 2 - 1;
        f.group[i] = (uint16_t)(eh_random_unit(&random) < 0.5);
        double signal = 0.6 * (x[i] - 5) + 0.8 * (city == 2) + 1.2 * (f.group[i] - 0.5) + (x[i] > 5 ? 1 : -1) * y[i];
        if (options->shuffled)
            signal = 0;
        double u = eh_random_unit(&random);
        outcome[i] = options->loss == EH_LOSS_SQUARED ? (float)(signal + u - 0.5) : (float)(u < 1 / (1 + exp(-signal)));
        bins[1][i] = (uint8_t)(f.group[i] + 1);
        bins[2][i] = (uint8_t)(city + 1);
        if (options->missing && eh_random_unit(&random) < 0.1)
            x[i] = EH_NAN;
    }
    features[0] = (eh_feature){.name = "x", .sql = "x", .monotone = options->monotone, .changeable = true};
    features[1] = (eh_feature){.name = "group_copy", .sql = "group_copy", .kind = EH_FEATURE_CATEGORY, .levels = groups, .levels_count = 2, .bins_count = 4};
    features[2] = (eh_feature){.name = "city", .sql = "city", .kind = EH_FEATURE_CATEGORY, .levels = cities, .levels_count = 4, .bins_count = 6};
    features[3] = (eh_feature){.name = "noise", .sql = "noise"};
    features[4] = (eh_feature){.name = "y", .sql = "y"};
    number_feature(&f, &features[0], x, bins[0]);
    number_feature(&f, &features[3], noise, bins[3]);
    number_feature(&f, &features[4], y, bins[4]);
    f.matrix.features = features;
    f.matrix.features_count = FIXTURE_FEATURES;
    f.matrix.bins = (const uint8_t *const *)bins;
    f.matrix.outcome = outcome;
    f.attribute = (eh_fair_attribute){.group = f.group, .groups_count = 2, .name = "sex", .group_names = groups};
    return f;
}

void fixture_close(fixture *f)
{
    eh_arena_close(&f->arena);
}

eh_fit_options fixture_fit(eh_loss loss)
{
    return (eh_fit_options){.loss = loss, .bags = 8, .rounds_max = 300, .pairs_max = 2, .seed = 1, .threads = 2};
}
