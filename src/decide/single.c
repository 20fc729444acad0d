/* One person decided at once, in the steps of a plan: audience, rights, rules, caps, lots, score, price. */
#include <string.h>

#include "decide/plan_int.h"

typedef struct {
    const eh_decider *decider;
    const eh_frame *frame;
    eh_draws draws;
    int64_t values[EH_OFFERS_MAX], costs[EH_OFFERS_MAX];
} single;

static eh_stage stage_of(const eh_frame *frame, const eh_case *about, uint32_t allowed, bool rests, const eh_draws *draws)
{
    if (about->outside)
        return EH_STAGE_AUDIENCE;
    if (!about->marketing.may)
        return EH_STAGE_CONSENT;
    if (allowed == 0)
        return EH_STAGE_RULES;
    if (rests)
        return EH_STAGE_CAPS;
    if (draws->holdout < frame->holdout)
        return EH_STAGE_HOLDOUT;
    if (frame->choose != EH_CHOOSE_MODEL)
        return EH_STAGE_LOT;
    if (!about->ai.may)
        return EH_STAGE_WITHOUT_AI;
    return draws->explore < frame->explore ? EH_STAGE_EXPLORE : EH_STAGE_CHOICE;
}

/* What caps and cool-down rest on goes into the trace. */
static bool caps_ask(const eh_campaign *campaign, const eh_case *about, eh_trace *trace)
{
    static const int64_t none[EH_PERSON_CAPS_MAX];
    trace->counted = about->counted == NULL ? none : about->counted;
    trace->counted_count = campaign->caps_count;
    trace->last_message_s = about->last_message_s;
    return eh_campaign_rests(campaign, trace->counted, trace->last_message_s, about->at_s, &trace->messages);
}

static bool is_scored(const eh_frame *frame, const eh_trace *trace)
{
    bool wanted = trace->stage == EH_STAGE_CHOICE || trace->stage == EH_STAGE_EXPLORE || trace->stage == EH_STAGE_HOLDOUT;
    return wanted && trace->ai.may && frame->choose == EH_CHOOSE_MODEL;
}

static eh_code offers_score(single *of, eh_trace *trace, eh_arena *arena, eh_error *error)
{
    int64_t *scores = EH_TAKE(arena, of->frame->offers_count, int64_t);
    if (scores == NULL)
        return eh_fail_memory(error);
    for (size_t o = 0; o < of->frame->offers_count; o++) {
        of->values[o] = EH_NOT_ALLOWED;
        if ((trace->allowed >> o & 1) == 0)
            continue;
        const eh_model *model = eh_decider_model(of->decider, o);
        if (model == NULL)
            return eh_fail(error, EH_INTERNAL, "the offer '%s' has no model", of->frame->offers[o].name);
        uint8_t *bins = EH_TAKE(arena, model->features_count, uint8_t);
        int32_t *contributions = EH_TAKE(arena, model->terms_count, int32_t);
        if (bins == NULL || contributions == NULL)
            return eh_fail_memory(error);
        eh_decider_bins(of->decider, o, trace->facts, bins);
        scores[o] = eh_decider_score(of->decider, o, bins, contributions);
        eh_offer_value(of->frame, o, scores[o], &of->values[o], &of->costs[o]);
    }
    trace->scores = scores;
    return EH_OK;
}

static eh_code contributions_keep(single *of, eh_trace *trace, eh_arena *arena, eh_error *error)
{
    trace->explained = eh_explained_offer(of->frame, trace, of->values, of->costs);
    if (trace->explained == EH_NO_OFFER)
        return EH_OK;
    const eh_model *model = eh_decider_model(of->decider, (size_t)trace->explained);
    uint8_t *bins = EH_TAKE(arena, model->features_count, uint8_t);
    int32_t *contributions = EH_TAKE(arena, model->terms_count, int32_t);
    if (bins == NULL || contributions == NULL)
        return eh_fail_memory(error);
    eh_decider_bins(of->decider, (size_t)trace->explained, trace->facts, bins);
    (void)eh_decider_score(of->decider, (size_t)trace->explained, bins, contributions);
    trace->contributions = contributions;
    trace->terms_count = model->terms_count;
    return EH_OK;
}

static void offer_choose(const single *of, eh_trace *trace)
{
    if (trace->scores != NULL || trace->stage == EH_STAGE_LOT)
        trace->policy_choice = eh_choice_by_price(of->values, of->costs, of->frame->offers_count, &of->frame->prices, of->draws.tie);
    if (trace->stage == EH_STAGE_CHOICE || trace->stage == EH_STAGE_LOT)
        trace->choice = trace->policy_choice;
    else if (trace->stage == EH_STAGE_EXPLORE)
        trace->choice = eh_explored_offer(trace->allowed, of->frame->offers_count, of->draws.pick);
    else if (trace->stage == EH_STAGE_WITHOUT_AI)
        trace->choice = eh_offer_without_ai(of->frame, trace->allowed, of->draws.tie);
}

eh_code eh_decide_case(const eh_decider *decider, const eh_campaign *campaign, const eh_case *about, eh_arena *arena, eh_trace *trace_out, eh_error *error)
{
    const eh_frame *frame = eh_decider_frame(decider);
    uint32_t all = (uint32_t)((UINT64_C(1) << frame->offers_count) - 1);
    bool asked = !about->outside && about->marketing.may;
    single of = {.decider = decider, .frame = frame, .draws = eh_draws_of(frame->seed, frame->campaign, about->key)};
    eh_trace trace = {.key = about->key, .at_s = about->at_s, .as_of_s = about->as_of_s, .marketing = about->marketing, .ai = about->ai,
                      .explained = EH_NO_OFFER, .choice = EH_NO_OFFER, .policy_choice = EH_NO_OFFER, .by_price = true, .messages = -1};
    if (asked)
        trace.allowed = (about->rules == NULL ? all : about->rules->allowed) & all;
    bool rests = trace.allowed != 0 && caps_ask(campaign, about, &trace);
    trace.stage = stage_of(frame, about, trace.allowed, rests, &of.draws);
    if (asked && about->rules != NULL) {
        eh_trace_rule *rules = EH_TAKE(arena, about->rules->rules_count, eh_trace_rule);
        if (rules == NULL)
            return eh_fail_memory(error);
        memcpy(rules, about->rules->rules, about->rules->rules_count * sizeof *rules);
        trace.rules = rules;
        trace.rules_count = about->rules->rules_count;
    }
    bool scored = is_scored(frame, &trace);
    if (scored || (asked && about->rules != NULL && about->ai.may)) {
        trace.facts = about->facts;
        trace.facts_count = about->facts == NULL ? 0 : frame->facts_count;
    }
    for (size_t o = 0; o < frame->offers_count; o++)
        eh_lot_value(&frame->offers[o], (trace.allowed >> o & 1) != 0, &of.values[o], &of.costs[o]);
    if (scored)
        EH_TRY(offers_score(&of, &trace, arena, error));
    offer_choose(&of, &trace);
    if (scored)
        EH_TRY(contributions_keep(&of, &trace, arena, error));
    trace.variant = eh_variant_of(campaign, trace.choice, of.draws.variant);
    trace.propensity = eh_propensity_of(frame, &trace);
    *trace_out = trace;
    return EH_OK;
}
