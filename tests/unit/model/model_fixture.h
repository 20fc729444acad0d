/** People made up by a seed, cut into bins: what the tests of the model room learn from. */
#ifndef EH_TESTS_MODEL_FIXTURE_H
#define EH_TESTS_MODEL_FIXTURE_H

#include "model/dataset.h"
#include "model/model.h"

enum { FIXTURE_FEATURES = 5 };

/** Features: 0 "x" a number that counts, 1 "group_copy" the protected group itself, 2 "city" a category that counts, 3 "noise", 4 "y" with x. */
typedef struct {
    eh_arena *arena;
    eh_matrix matrix;
    uint16_t *group;
    eh_fair_attribute attribute;
} fixture;

typedef struct {
    size_t rows;
    uint64_t seed;
    bool shuffled;   /* outcomes have nothing to do with features */
    bool missing;    /* a tenth of x is missing */
    eh_loss loss;
    int monotone;    /* of x */
} fixture_options;

fixture fixture_make(const fixture_options *options);
void fixture_close(fixture *fixture);
eh_fit_options fixture_fit(eh_loss loss);

#endif
