/* A decision computed again from its trace alone, to the last bit. */
#include <string.h>

#include "decide/plan_int.h"

static const char *replay_scores(const eh_decider *decider, const eh_trace *trace, eh_arena *arena, int64_t *values, int64_t *costs)
{
    const eh_frame *frame = eh_decider_frame(decider);
    for (size_t o = 0; o < frame->offers_count; o++) {
        values[o] = EH_NOT_ALLOWED;
        costs[o] = 0;
        if ((trace->allowed >> o & 1) == 0)
            continue;
        const eh_model *model = eh_decider_model(decider, o);
        if (model == NULL)
            return "the model of an offer";
        uint8_t *bins = EH_TAKE(arena, model->features_count, uint8_t);
        int32_t *contributions = EH_TAKE(arena, model->terms_count, int32_t);
        if (bins == NULL || contributions == NULL)
            return "no memory left to compute it";
        eh_decider_bins(decider, o, trace->facts, bins);
        int64_t score = eh_decider_score(decider, o, bins, contributions);
        if (score != trace->scores[o])
            return "the score";
        if ((int)o == trace->explained &&
            (trace->terms_count != model->terms_count || memcmp(contributions, trace->contributions, model->terms_count * sizeof *contributions) != 0))
            return "the contributions";
        eh_offer_value(frame, o, score, &values[o], &costs[o]);
    }
    return NULL;
}

/* Where the lots send this person, given the rights: the stage must be that, unless rules or caps ended it before. */
static const char *replay_stage(const eh_frame *frame, const eh_trace *trace, const eh_draws *draws)
{
    bool by_model = frame->choose == EH_CHOOSE_MODEL;
    eh_stage expected = draws->holdout < frame->holdout ? EH_STAGE_HOLDOUT
                        : !by_model                     ? EH_STAGE_LOT
                        : !trace->ai.may                ? EH_STAGE_WITHOUT_AI
                        : draws->explore < frame->explore ? EH_STAGE_EXPLORE
                                                          : EH_STAGE_CHOICE;
    if (trace->stage == EH_STAGE_AUDIENCE)
        return trace->choice == EH_NO_OFFER && trace->scores == NULL && trace->allowed == 0 ? NULL : "an offer or a score after the decision had ended";
    if ((trace->stage == EH_STAGE_CONSENT) != !trace->marketing.may)
        return "the consent wall";
    if (trace->stage == EH_STAGE_CONSENT || trace->stage == EH_STAGE_CAPS)
        return trace->choice == EH_NO_OFFER && trace->scores == NULL ? NULL : "an offer or a score after the decision had ended";
    if ((trace->stage == EH_STAGE_RULES) != (trace->allowed == 0))
        return "the rules";
    if (trace->stage == EH_STAGE_RULES)
        return trace->choice == EH_NO_OFFER && trace->scores == NULL ? NULL : "an offer or a score after the decision had ended";
    if (trace->stage != expected)
        return "the lots";
    if ((trace->scores != NULL) != (by_model && trace->ai.may))
        return "who is scored";
    return NULL;
}

static const char *replay_choice(const eh_frame *frame, const eh_trace *trace, const eh_draws *draws, const int64_t *values, const int64_t *costs)
{
    size_t offers = frame->offers_count;
    bool priced = trace->scores != NULL || trace->stage == EH_STAGE_LOT;
    int policy = priced ? eh_choice_by_price(values, costs, offers, &frame->prices, draws->tie) : EH_NO_OFFER;
    if (trace->choice != EH_NO_OFFER && (trace->allowed >> trace->choice & 1) == 0)
        return "an offer that was not allowed";
    if (policy != trace->policy_choice)
        return "the choice at the prices";
    if (trace->stage == EH_STAGE_HOLDOUT && trace->choice != EH_NO_OFFER)
        return "an offer in the holdout";
    if (trace->stage == EH_STAGE_EXPLORE && trace->choice != eh_explored_offer(trace->allowed, offers, draws->pick))
        return "the offer by lot";
    if (trace->stage == EH_STAGE_WITHOUT_AI && trace->choice != eh_offer_without_ai(frame, trace->allowed, draws->tie))
        return "the offer without AI";
    if ((trace->stage == EH_STAGE_CHOICE || trace->stage == EH_STAGE_LOT) && trace->by_price != (trace->choice == policy))
        return "the choice";
    return NULL;
}

/* Caps and cool-down asked again of what the trace keeps. */
static const char *replay_caps(const eh_frame *frame, const eh_campaign *campaign, const eh_trace *trace)
{
    int64_t messages = -1;
    bool asked = trace->stage != EH_STAGE_CONSENT && trace->stage != EH_STAGE_RULES && trace->stage != EH_STAGE_AUDIENCE;
    if (trace->counted_count != (asked ? campaign->caps_count : 0))
        return "the messages that were counted";
    bool rests = asked && eh_campaign_rests(campaign, trace->counted, trace->last_message_s, eh_trace_at(trace, frame), &messages);
    if (trace->last_message_s != 0 && !(asked && campaign->cool_down.seconds > 0))
        return "the last message";
    if (trace->messages != messages)
        return "the messages that were counted";
    return rests == (trace->stage == EH_STAGE_CAPS) ? NULL : "the caps";
}

/* A trace of before counts were kept says only how many there were within the tightest cap. */
static const char *replay_uncounted(const eh_campaign *campaign, const eh_trace *trace)
{
    bool reached = false;
    if (trace->stage == EH_STAGE_CONSENT || trace->stage == EH_STAGE_RULES || trace->stage == EH_STAGE_AUDIENCE)
        return NULL;
    for (size_t c = 0; c < campaign->caps_count; c++)
        reached = reached || trace->messages >= campaign->caps[c].messages;
    if (trace->stage == EH_STAGE_CAPS)
        return reached || campaign->cool_down.seconds > 0 ? NULL : "the caps";
    return campaign->caps_count > 0 && trace->messages >= campaign->caps[0].messages ? "the caps" : NULL;
}

const char *eh_trace_replay_campaign(const eh_frame *frame, const eh_campaign *campaign, const eh_trace *trace)
{
    eh_draws draws = eh_draws_of(frame->seed, frame->campaign, trace->key);
    if (trace->variant != eh_variant_of(campaign, trace->choice, draws.variant))
        return "the variant";
    return trace->uncounted ? replay_uncounted(campaign, trace) : replay_caps(frame, campaign, trace);
}

const char *eh_trace_replay_rules(const eh_trace *trace, const eh_rules_answer *answer)
{
    bool asked = trace->stage != EH_STAGE_CONSENT && trace->stage != EH_STAGE_AUDIENCE;
    if (!asked)
        return trace->rules_count == 0 && trace->allowed == 0 ? NULL : "rules that were not to be asked";
    if (trace->allowed != answer->allowed)
        return "what the rules allow";
    if (trace->rules_count != answer->rules_count)
        return "the rules";
    for (size_t i = 0; i < trace->rules_count; i++)
        if (trace->rules[i].rule != answer->rules[i].rule || trace->rules[i].offers != answer->rules[i].offers || trace->rules[i].outcome != answer->rules[i].outcome)
            return "the rules";
    return NULL;
}

const char *eh_trace_replay(const eh_decider *decider, const eh_trace *trace, eh_arena *arena, bool *finish_out)
{
    const eh_frame *frame = eh_decider_frame(decider);
    int64_t values[EH_OFFERS_MAX], costs[EH_OFFERS_MAX];
    eh_draws draws = eh_draws_of(frame->seed, frame->campaign, trace->key);
    *finish_out = (trace->stage == EH_STAGE_CHOICE || trace->stage == EH_STAGE_LOT) && !trace->by_price;
    const char *fault = replay_stage(frame, trace, &draws);
    if (fault != NULL)
        return fault;
    for (size_t o = 0; o < frame->offers_count; o++)
        eh_lot_value(&frame->offers[o], (trace->allowed >> o & 1) != 0, &values[o], &costs[o]);
    if (trace->scores != NULL && trace->facts_count == 0 && frame->facts_count > 0)
        return "the facts";
    if (trace->scores != NULL)
        fault = replay_scores(decider, trace, arena, values, costs);
    if (fault == NULL)
        fault = replay_choice(frame, trace, &draws, values, costs);
    if (fault == NULL && *finish_out) {
        eh_finish_mark mark;
        if (eh_finish_mark_of(trace, &mark, NULL) != EH_OK || !eh_frame_has_mark(frame, &mark))
            fault = "the exact finish";
    }
    if (fault == NULL && eh_propensity_of(frame, trace) != trace->propensity)
        fault = "the propensity";
    return fault;
}
