/* Models bound to facts: bins, scores, what a score is worth. */
#include "decide/decide.h"

#include <math.h>
#include <string.h>

struct eh_decider {
    const eh_frame *frame;
    const eh_model *models[EH_OFFERS_MAX];
    uint32_t *facts[EH_OFFERS_MAX];       /* per feature of the model */
    int32_t *per_mille[EH_OFFERS_MAX];    /* per term; NULL: nothing is damped */
};

const eh_frame *eh_decider_frame(const eh_decider *decider) { return decider->frame; }
const eh_model *eh_decider_model(const eh_decider *decider, size_t offer) { return decider->models[offer]; }
size_t eh_decider_fact(const eh_decider *decider, size_t offer, size_t feature) { return decider->facts[offer][feature]; }

int32_t eh_decider_per_mille(const eh_decider *decider, size_t offer, size_t term)
{
    return decider->per_mille[offer] == NULL ? 1000 : decider->per_mille[offer][term];
}

/* A truth is a number to a model of numbers, and the words true and false to one of categories. */
static eh_code feature_bind(eh_decider *decider, size_t offer, size_t feature, eh_error *error)
{
    const eh_frame *frame = decider->frame;
    const eh_model *model = decider->models[offer];
    const eh_feature *wanted = &model->features[feature];
    for (size_t f = 0; f < frame->facts_count; f++) {
        if (strcmp(frame->facts[f].name, wanted->name) != 0)
            continue;
        if ((frame->facts[f].kind == EH_FACT_TEXT && wanted->kind == EH_FEATURE_NUMBER) || (frame->facts[f].kind == EH_FACT_NUMBER && wanted->kind == EH_FEATURE_CATEGORY))
            return eh_fail(error, EH_INPUT, "the model '%s' has learned '%s' as %s, and now it is %s; train it again", model->name, wanted->name,
                           wanted->kind == EH_FEATURE_NUMBER ? "a number" : "a text", frame->facts[f].kind == EH_FACT_TEXT ? "a text" : "a number");
        decider->facts[offer][feature] = (uint32_t)f;
        return EH_OK;
    }
    return eh_fail(error, EH_DENIED, "the model '%s' reads '%s', which is no feature of evenhand.yaml: a model reads declared data only", model->name, wanted->name);
}

static eh_code offer_bind(eh_decider *decider, size_t offer, eh_arena *arena, eh_error *error)
{
    const eh_model *model = decider->models[offer];
    const eh_frame *frame = decider->frame;
    if (model == NULL)
        return EH_OK;
    if (frame->effect != (model->loss == EH_LOSS_SQUARED))
        return eh_fail(error, EH_INPUT, "the model '%s' says %s, but the campaign chooses by %s; set choose.predicts, or train another model", model->name,
                       model->loss == EH_LOSS_SQUARED ? "what an offer changes (effect)" : "how likely the outcome is", frame->effect ? "effect" : "outcome");
    decider->facts[offer] = EH_TAKE(arena, model->features_count, uint32_t);
    if (decider->facts[offer] == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < model->features_count; f++)
        EH_TRY(feature_bind(decider, offer, f, error));
    for (size_t i = 0; i < frame->dampings_count; i++) {
        const eh_damping *damping = &frame->dampings[i];
        if (damping->offer != offer)
            continue;
        if (damping->term >= model->terms_count)
            return eh_fail(error, EH_CORRUPT, "the plan damps term %u of '%s', which has %zu", damping->term, model->name, model->terms_count);
        if (decider->per_mille[offer] == NULL) {
            decider->per_mille[offer] = EH_TAKE(arena, model->terms_count, int32_t);
            if (decider->per_mille[offer] == NULL)
                return eh_fail_memory(error);
            for (size_t t = 0; t < model->terms_count; t++)
                decider->per_mille[offer][t] = 1000;
        }
        decider->per_mille[offer][damping->term] = damping->per_mille;
    }
    return EH_OK;
}

eh_code eh_decider_open(const eh_frame *frame, const eh_model *const *models, eh_arena *arena, eh_decider **decider_out, eh_error *error)
{
    eh_decider *decider = EH_TAKE(arena, 1, eh_decider);
    if (decider == NULL)
        return eh_fail_memory(error);
    decider->frame = frame;
    for (size_t o = 0; o < frame->offers_count; o++) {
        decider->models[o] = models == NULL ? NULL : models[o];
        EH_TRY(offer_bind(decider, o, arena, error));
    }
    *decider_out = decider;
    return EH_OK;
}

static uint8_t bin_of(const eh_feature *feature, const eh_fact_value *fact)
{
    if (feature->kind == EH_FEATURE_NUMBER)
        return eh_bin_of_number(feature, fact->type == EH_VALUE_MISSING ? EH_NAN : fact->number);
    if (fact->type == EH_VALUE_TRUTH)
        return eh_bin_of_text(feature, fact->number != 0 ? EH_VIEW("true") : EH_VIEW("false"));
    return eh_bin_of_text(feature, fact->type == EH_VALUE_TEXT ? fact->text : (eh_view){0});
}

void eh_decider_bins(const eh_decider *decider, size_t offer, const eh_fact_value *facts, uint8_t *bins_out)
{
    const eh_model *model = decider->models[offer];
    for (size_t f = 0; f < model->features_count; f++)
        bins_out[f] = bin_of(&model->features[f], &facts[decider->facts[offer][f]]);
}

int64_t eh_decider_score(const eh_decider *decider, size_t offer, const uint8_t *bins, int32_t *contributions_out)
{
    const eh_model *model = decider->models[offer];
    const int32_t *per_mille = decider->per_mille[offer];
    if (per_mille == NULL)
        return eh_model_score(model, bins, contributions_out);
    int64_t score = model->intercept;
    (void)eh_model_score(model, bins, contributions_out);
    for (size_t t = 0; t < model->terms_count; t++) {
        contributions_out[t] = (int32_t)((int64_t)contributions_out[t] * per_mille[t] / 1000);
        score += contributions_out[t];
    }
    return score;
}

int64_t eh_expected_outcomes(const eh_frame *frame, int64_t score)
{
    return frame->effect ? score : llround(eh_probability_of(score) * EH_MICROS);
}

static int64_t share_of(int64_t amount, int64_t micros)
{
    return (int64_t)((__int128)amount * micros / EH_MICROS);
}

void eh_offer_value(const eh_frame *frame, size_t offer, int64_t score, int64_t *value_out, int64_t *cost_out)
{
    const eh_frame_offer *of = &frame->offers[offer];
    int64_t outcomes = eh_expected_outcomes(frame, score);
    int64_t taken = of->taken != EH_NO_LIMIT ? of->taken : outcomes > 0 ? outcomes : 0;
    taken = taken > EH_MICROS ? EH_MICROS : taken;
    int64_t cost = of->cost + share_of(of->cost_if_taken, taken);
    int64_t value = of->worth == EH_NO_LIMIT ? outcomes : share_of(of->worth, outcomes) - cost;
    *value_out = value > EH_ALLOCATION_VALUE_MAX ? EH_ALLOCATION_VALUE_MAX : value < -EH_ALLOCATION_VALUE_MAX ? -EH_ALLOCATION_VALUE_MAX : value;
    *cost_out = cost > EH_ALLOCATION_VALUE_MAX ? EH_ALLOCATION_VALUE_MAX : cost;
}
