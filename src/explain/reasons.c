/* What counted in a decision, and what would have changed it: found in the trace, verified by deciding again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

static const double enough = 0.8;

static uint64_t size_of(int64_t contribution) { return contribution < 0 ? (uint64_t)-contribution : (uint64_t)contribution; }

static int by_size(const void *a, const void *b)
{
    const eh_why_reason *one = a, *other = b;
    if (size_of(one->contribution) != size_of(other->contribution))
        return size_of(one->contribution) > size_of(other->contribution) ? -1 : 1;
    return one->fact < other->fact ? -1 : one->fact > other->fact;
}

static eh_code reasons_rank(const eh_decider *decider, const eh_trace *trace, eh_arena *arena, eh_why_reasons *out, eh_error *error)
{
    const eh_frame *frame = eh_decider_frame(decider);
    size_t offer = (size_t)trace->explained;
    const eh_model *model = eh_decider_model(decider, offer);
    if (model == NULL || trace->terms_count != model->terms_count || trace->facts_count != frame->facts_count)
        return eh_fail(error, EH_CORRUPT, "the trace does not go with the model of the offer '%s'", frame->offers[offer].name);
    eh_why_reason *all = EH_TAKE(arena, frame->facts_count, eh_why_reason);
    if (all == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < frame->facts_count; f++)
        all[f].fact = f;
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        int64_t whole = trace->contributions[t], half = term->features_count == 2 ? whole / 2 : 0;
        all[eh_decider_fact(decider, offer, term->feature[0])].contribution += whole - half;
        if (half != 0)
            all[eh_decider_fact(decider, offer, term->feature[1])].contribution += half;
    }
    qsort(all, frame->facts_count, sizeof *all, by_size);
    uint64_t total = 0, shown = 0;
    for (size_t f = 0; f < frame->facts_count; f++) {
        total += size_of(all[f].contribution);
        out->pros_count += all[f].contribution > 0;
    }
    while (out->reasons_count < EH_REASONS_MAX && out->reasons_count < frame->facts_count && all[out->reasons_count].contribution != 0 &&
           (double)shown < enough * (double)total) {
        shown += size_of(all[out->reasons_count].contribution);
        out->reasons[out->reasons_count] = all[out->reasons_count];
        out->reasons_count++;
    }
    out->completeness = total == 0 ? 1 : (double)shown / (double)total;
    return EH_OK;
}

/* ---- deciding again -------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_decider *decider;
    const eh_trace *trace;
    eh_draws draws;
    uint8_t *bins;
    int32_t *contributions;
    eh_fact_value *facts; /* as in the trace, but for what is tried */
} anew;

static eh_code anew_open(const eh_decider *decider, const eh_trace *trace, eh_arena *arena, anew *out, eh_error *error)
{
    const eh_frame *frame = eh_decider_frame(decider);
    size_t features = 0, terms = 0;
    for (size_t o = 0; o < frame->offers_count; o++) {
        const eh_model *model = eh_decider_model(decider, o);
        if (model == NULL && (trace->allowed >> o & 1) != 0)
            return eh_fail(error, EH_CORRUPT, "there is no model for the offer '%s'", frame->offers[o].name);
        features = model != NULL && model->features_count > features ? model->features_count : features;
        terms = model != NULL && model->terms_count > terms ? model->terms_count : terms;
    }
    *out = (anew){.decider = decider, .trace = trace, .draws = eh_draws_of(frame->seed, frame->campaign, trace->key),
                  .bins = EH_TAKE(arena, features, uint8_t), .contributions = EH_TAKE(arena, terms, int32_t),
                  .facts = EH_TAKE(arena, frame->facts_count, eh_fact_value)};
    if (out->bins == NULL || out->contributions == NULL || out->facts == NULL)
        return eh_fail_memory(error);
    if (trace->facts_count > 0)
        memcpy(out->facts, trace->facts, trace->facts_count * sizeof *out->facts);
    return EH_OK;
}

static int anew_offer(anew *state)
{
    const eh_frame *frame = eh_decider_frame(state->decider);
    int64_t values[EH_OFFERS_MAX], costs[EH_OFFERS_MAX];
    for (size_t o = 0; o < frame->offers_count; o++) {
        values[o] = EH_NOT_ALLOWED;
        costs[o] = 0;
        if ((state->trace->allowed >> o & 1) == 0)
            continue;
        eh_decider_bins(state->decider, o, state->facts, state->bins);
        eh_offer_value(frame, o, eh_decider_score(state->decider, o, state->bins, state->contributions), &values[o], &costs[o]);
    }
    return eh_choice_by_price(values, costs, frame->offers_count, &frame->prices, state->draws.tie);
}

eh_code eh_decide_anew(const eh_decider *decider, const eh_trace *trace, const eh_fact_value *facts, eh_arena *arena, int *offer_out, eh_error *error)
{
    anew state;
    EH_TRY(anew_open(decider, trace, arena, &state, error));
    memcpy(state.facts, facts, eh_decider_frame(decider)->facts_count * sizeof *facts);
    *offer_out = anew_offer(&state);
    return EH_OK;
}

/* ---- what would have changed it ------------------------------------------------------------------------------------------------------ */

/* A number that people would say, in the bin; from the side where the person stands. */
static bool number_in_bin(const eh_feature *feature, uint32_t bin, double from, double *number_out)
{
    double low = bin >= 2 ? feature->edges[bin - 2] : -EH_INFINITY, high = bin - 1 < feature->edges_count ? feature->edges[bin - 1] : EH_INFINITY;
    double tries[4] = {low, ceil(low), ceil(high) - 1, isfinite(low) && isfinite(high) ? low + (high - low) / 2 : isfinite(high) ? high - 1 : low + 1};
    if (from > low) { /* coming from above: near the upper end */
        tries[0] = ceil(high) - 1;
        tries[1] = floor(high * 1000 - 1) / 1000;
        tries[2] = low;
    }
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        double number = round(tries[i] * 1000) / 1000;
        if (isfinite(number) && fabs(number) < 1e15 && (number >= 0 || from < 0) && eh_bin_of_number(feature, number) == bin) {
            *number_out = number;
            return true;
        }
    }
    return false;
}

static bool value_in_bin(const eh_feature *feature, const eh_frame_fact *fact, uint32_t bin, const eh_fact_value *now, eh_fact_value *value_out)
{
    if (feature->kind == EH_FEATURE_CATEGORY) {
        if (bin == 0 || bin > feature->levels_count)
            return false;
        const char *level = feature->levels[bin - 1];
        if (fact->kind == EH_FACT_TRUTH) {
            *value_out = (eh_fact_value){.type = EH_VALUE_TRUTH, .number = strcmp(level, "true") == 0};
            return strcmp(level, "true") == 0 || strcmp(level, "false") == 0;
        }
        *value_out = (eh_fact_value){.type = EH_VALUE_TEXT, .text = eh_view_of(level)};
        return true;
    }
    double number = 0;
    if (fact->kind == EH_FACT_TRUTH) {
        number = now->type == EH_VALUE_TRUTH && now->number != 0 ? 0 : 1;
        *value_out = (eh_fact_value){.type = EH_VALUE_TRUTH, .number = number};
        return eh_bin_of_number(feature, number) == bin;
    }
    if (!number_in_bin(feature, bin, now->type == EH_VALUE_NUMBER ? now->number : 0, &number))
        return false;
    *value_out = (eh_fact_value){.type = EH_VALUE_NUMBER, .number = number};
    return true;
}

/* One thing that could be otherwise, and how far it would move the score in the way that is wanted. */
typedef struct {
    size_t fact;
    eh_fact_value to;
    int64_t moves;
    uint32_t distance;
} option;

enum { OPTIONS_MAX = 512, PAIR_OPTIONS_MAX = 12 };

static int by_distance(const void *a, const void *b)
{
    const option *one = a, *other = b;
    if (one->distance != other->distance)
        return one->distance < other->distance ? -1 : 1;
    if (one->moves != other->moves)
        return one->moves > other->moves ? -1 : 1;
    return one->fact < other->fact ? -1 : one->fact > other->fact;
}

static int by_moves(const void *a, const void *b)
{
    const option *one = a, *other = b;
    if (one->moves != other->moves)
        return one->moves > other->moves ? -1 : 1;
    return one->fact < other->fact ? -1 : one->fact > other->fact;
}

static int64_t score_now(anew *state, size_t offer)
{
    eh_decider_bins(state->decider, offer, state->facts, state->bins);
    return eh_decider_score(state->decider, offer, state->bins, state->contributions);
}

static size_t options_find(anew *state, bool to_get, option *options)
{
    const eh_frame *frame = eh_decider_frame(state->decider);
    size_t offer = (size_t)state->trace->explained, count = 0;
    const eh_model *model = eh_decider_model(state->decider, offer);
    int64_t before = score_now(state, offer);
    for (size_t f = 0; f < model->features_count; f++) {
        size_t fact = eh_decider_fact(state->decider, offer, f);
        eh_fact_value now = state->facts[fact];
        if (!frame->facts[fact].changeable)
            continue;
        eh_decider_bins(state->decider, offer, state->facts, state->bins);
        uint8_t bin_now = state->bins[f];
        for (uint32_t bin = 1; bin < model->features[f].bins_count && count < OPTIONS_MAX; bin++) {
            option each = {.fact = fact};
            if (bin == bin_now || model->features[f].weights[bin] <= 0 || !value_in_bin(&model->features[f], &frame->facts[fact], bin, &now, &each.to))
                continue;
            state->facts[fact] = each.to;
            each.moves = (score_now(state, offer) - before) * (to_get ? 1 : -1);
            each.distance = bin > bin_now ? bin - bin_now : bin_now - bin;
            if (each.moves > 0)
                options[count++] = each;
        }
        state->facts[fact] = now;
    }
    return count;
}

static bool flips(anew *state, const option *options, size_t count, bool to_get)
{
    eh_fact_value kept[EH_CHANGES_MAX];
    for (size_t i = 0; i < count; i++) {
        kept[i] = state->facts[options[i].fact];
        state->facts[options[i].fact] = options[i].to;
    }
    bool gets = anew_offer(state) != EH_NO_OFFER;
    for (size_t i = count; i-- > 0;)
        state->facts[options[i].fact] = kept[i];
    return gets == to_get;
}

static void changes_keep(const option *options, size_t count, eh_why_reasons *out)
{
    for (size_t i = 0; i < count; i++)
        out->changes[i] = (eh_why_change){.fact = options[i].fact, .to = options[i].to};
    out->changes_count = count;
}

static eh_code changes_find(const eh_decider *decider, const eh_trace *trace, eh_arena *arena, eh_why_reasons *out, eh_error *error)
{
    anew state;
    bool to_get = trace->choice == EH_NO_OFFER;
    option *options = EH_TAKE(arena, OPTIONS_MAX, option);
    EH_TRY(anew_open(decider, trace, arena, &state, error));
    if (options == NULL)
        return eh_fail_memory(error);
    size_t count = options_find(&state, to_get, options);
    qsort(options, count, sizeof *options, by_distance);
    for (size_t i = 0; i < count; i++)
        if (flips(&state, &options[i], 1, to_get)) {
            changes_keep(&options[i], 1, out);
            return EH_OK;
        }
    qsort(options, count, sizeof *options, by_moves); /* two at once: the strongest of each fact */
    option strongest[PAIR_OPTIONS_MAX];
    size_t strongest_count = 0;
    for (size_t i = 0; i < count && strongest_count < PAIR_OPTIONS_MAX; i++) {
        bool known = false;
        for (size_t k = 0; k < strongest_count; k++)
            known = known || strongest[k].fact == options[i].fact;
        if (!known)
            strongest[strongest_count++] = options[i];
    }
    for (size_t i = 0; i < strongest_count; i++)
        for (size_t k = i + 1; k < strongest_count; k++) {
            option pair[EH_CHANGES_MAX] = {strongest[i], strongest[k]};
            if (flips(&state, pair, 2, to_get)) {
                changes_keep(pair, 2, out);
                return EH_OK;
            }
        }
    return EH_OK;
}

eh_code eh_reasons_find(const eh_decider *decider, const eh_trace *trace, bool changes, eh_arena *arena, eh_why_reasons *reasons_out, eh_error *error)
{
    eh_why_reasons out = {.sent = trace->choice != EH_NO_OFFER, .completeness = 1};
    out.scored = trace->scores != NULL && trace->explained != EH_NO_OFFER && trace->stage == EH_STAGE_CHOICE;
    if (out.scored) {
        EH_TRY(reasons_rank(decider, trace, arena, &out, error));
        if (changes)
            EH_TRY(changes_find(decider, trace, arena, &out, error));
    }
    *reasons_out = out;
    return EH_OK;
}
