/*
 * The smallest change that flips a decision: one step, else two, else three, among what the person can change; of those with as few
 * steps the one that moves over the fewest bins. A step may go to any bin that people in the data are in. What is found has been run.
 */
#include <string.h>

#include "model/model.h"

enum { STEPS_MAX = 3, CANDIDATES_MAX = 24 };

typedef struct {
    const eh_model *model;
    uint8_t bins[EH_MODEL_FEATURES_MAX];
    int64_t threshold;
    bool above;       /* the decision now */
    eh_flip best;
    uint32_t distance_best;
} search;

static uint32_t distance_of(const eh_feature *feature, uint8_t from, uint8_t to)
{
    if (feature->kind == EH_FEATURE_CATEGORY || from == 0)
        return 64; /* another category is a step as far as a quarter of all bins of a number */
    return from > to ? (uint32_t)(from - to) : (uint32_t)(to - from);
}

static bool usable(const eh_feature *feature, uint32_t bin)
{
    return bin != 0 && feature->weights[bin] > 0 && !(feature->kind == EH_FEATURE_CATEGORY && bin > feature->levels_count);
}

static bool flipped(const search *s, int64_t *score)
{
    *score = eh_model_score(s->model, s->bins, NULL);
    return (*score >= s->threshold) != s->above;
}

static void found(search *s, const eh_change_step *steps, size_t count, uint32_t distance, int64_t score)
{
    if (s->best.steps_count > 0 && distance >= s->distance_best)
        return;
    memcpy(s->best.steps, steps, count * sizeof *steps);
    s->best.steps_count = count;
    s->best.score = score;
    s->distance_best = distance;
}

/* Tries every bin of `feature` as the last step of `steps`; leaves in it the bin that moves the score furthest. */
static void last_step_try(search *s, eh_change_step *steps, size_t count, uint32_t distance)
{
    eh_change_step *last = &steps[count - 1];
    const eh_feature *feature = &s->model->features[last->feature];
    uint8_t from = s->bins[last->feature], furthest = from;
    int64_t score = 0, far = 0;
    bool any = false;
    last->from = from;
    for (uint32_t bin = 1; bin < feature->bins_count; bin++) {
        if (bin == from || !usable(feature, bin))
            continue;
        s->bins[last->feature] = (uint8_t)bin;
        last->to = (uint8_t)bin;
        if (flipped(s, &score))
            found(s, steps, count, distance + distance_of(feature, from, (uint8_t)bin), score);
        if (!any || (s->above ? score < far : score > far)) {
            far = score;
            furthest = (uint8_t)bin;
            any = true;
        }
    }
    s->bins[last->feature] = from;
    last->to = furthest;
}

/* Each first step goes as far as its feature can: then the others have least to do. */
static void steps_try(search *s, const uint32_t *features, size_t features_count, size_t wanted)
{
    eh_change_step steps[STEPS_MAX];
    for (size_t a = 0; a < features_count; a++) {
        steps[0].feature = features[a];
        last_step_try(s, steps, 1, 0);
        if (wanted == 1 || steps[0].to == steps[0].from)
            continue;
        eh_change_step first = steps[0];
        s->bins[features[a]] = first.to;
        uint32_t distance = distance_of(&s->model->features[features[a]], first.from, first.to);
        for (size_t b = 0; b < features_count; b++) {
            if (b == a)
                continue;
            steps[0] = first;
            steps[1].feature = features[b];
            last_step_try(s, steps, 2, distance);
            if (wanted == 2 || steps[1].to == steps[1].from || b < a)
                continue;
            eh_change_step second = steps[1];
            s->bins[features[b]] = second.to;
            uint32_t both = distance + distance_of(&s->model->features[features[b]], second.from, second.to);
            for (size_t c = 0; c < features_count; c++) {
                if (c == a || c == b)
                    continue;
                steps[0] = first;
                steps[1] = second;
                steps[2].feature = features[c];
                last_step_try(s, steps, 3, both);
            }
            s->bins[features[b]] = second.from;
        }
        s->bins[features[a]] = first.from;
    }
}

void eh_model_flip(const eh_model *model, const uint8_t *bins, int64_t threshold, eh_flip *flip_out)
{
    search s = {.model = model, .threshold = threshold};
    uint32_t features[CANDIDATES_MAX];
    size_t count = 0;
    memcpy(s.bins, bins, model->features_count);
    s.above = eh_model_score(model, bins, NULL) >= threshold;
    for (uint32_t f = 0; f < model->features_count && count < CANDIDATES_MAX; f++)
        if (model->features[f].changeable)
            features[count++] = f;
    for (size_t wanted = 1; wanted <= STEPS_MAX && s.best.steps_count == 0 && count >= wanted; wanted++)
        steps_try(&s, features, count, wanted);
    *flip_out = s.best;
    if (s.best.steps_count == 0)
        flip_out->score = eh_model_score(model, bins, NULL);
}
