/* What a plan says: traces of people, counts and expectations. */
#include <math.h>
#include <string.h>

#include "decide/plan_int.h"
#include "stats/stats.h"

size_t eh_plan_people(const eh_plan *plan) { return plan->people; }
const eh_plan_input *eh_plan_input_of(const eh_plan *plan) { return &plan->input; }
int eh_plan_stage(const eh_plan *plan, size_t person) { return plan->stage[person]; }
int eh_plan_choice(const eh_plan *plan, size_t person) { return plan->choice[person]; }
bool eh_plan_scored(const eh_plan *plan, size_t person) { return plan->scored[person]; }

eh_trace_right eh_plan_right(const eh_plan *plan, size_t person, eh_purpose purpose)
{
    return purpose == EH_PURPOSE_AI ? plan->ai[person] : plan->marketing[person];
}

/* ---- traces ------------------------------------------------------------------------------------------------------------------ */

int eh_explained_offer(const eh_frame *frame, const eh_trace *trace, const int64_t *values, const int64_t *costs)
{
    if (trace->choice != EH_NO_OFFER)
        return trace->choice;
    if (trace->policy_choice != EH_NO_OFFER)
        return trace->policy_choice;
    int best = EH_NO_OFFER;
    int64_t most = INT64_MIN;
    for (size_t o = 0; o < frame->offers_count; o++) {
        if ((trace->allowed >> o & 1) == 0)
            continue;
        int64_t left = eh_value_less_prices(&frame->prices, o, values[o], costs[o], 0);
        if (best == EH_NO_OFFER || left > most) {
            most = left;
            best = (int)o;
        }
    }
    return best;
}

static eh_code trace_scores(const eh_plan *plan, size_t person, eh_arena *arena, eh_trace *trace, eh_error *error)
{
    trace->scores = plan->scores + person * plan->offers;
    trace->explained = eh_explained_offer(plan->input.frame, trace, plan->values + person * plan->offers, plan->costs + person * plan->offers);
    if (trace->explained == EH_NO_OFFER)
        return EH_OK;
    const eh_model *model = eh_decider_model(plan->decider, (size_t)trace->explained);
    uint8_t *bins = EH_TAKE(arena, model->features_count, uint8_t);
    int32_t *contributions = EH_TAKE(arena, model->terms_count, int32_t);
    if (bins == NULL || contributions == NULL)
        return eh_fail_memory(error);
    eh_decider_bins(plan->decider, (size_t)trace->explained, trace->facts, bins);
    (void)eh_decider_score(plan->decider, (size_t)trace->explained, bins, contributions);
    trace->contributions = contributions;
    trace->terms_count = model->terms_count;
    return EH_OK;
}

static eh_code trace_counts(const eh_plan *plan, size_t person, eh_arena *arena, eh_trace *trace, eh_error *error)
{
    const eh_campaign *campaign = plan->input.campaign;
    int64_t *counted = EH_TAKE(arena, campaign->caps_count, int64_t);
    if (counted == NULL)
        return eh_fail_memory(error);
    eh_plan_counts(plan, person, counted);
    trace->counted = counted;
    trace->counted_count = campaign->caps_count;
    trace->last_message_s = eh_plan_last(plan, person);
    (void)eh_campaign_rests(campaign, counted, trace->last_message_s, plan->input.frame->at_s, &trace->messages);
    return EH_OK;
}

eh_code eh_plan_trace(const eh_plan *plan, size_t person, eh_arena *arena, eh_trace *trace_out, eh_error *error)
{
    EH_ASSERT(person < plan->people && plan->stage[person] != STAGE_NONE);
    eh_stage stage = (eh_stage)plan->stage[person];
    eh_trace trace = {.key = eh_view_of(plan->input.keys[person]), .stage = stage, .marketing = plan->marketing[person], .ai = plan->ai[person],
                      .allowed = plan->allowed[person], .explained = EH_NO_OFFER, .choice = plan->choice[person],
                      .policy_choice = plan->policy[person], .by_price = plan->by_price[person], .variant = plan->variant[person],
                      .propensity = plan->propensity[person], .messages = -1};
    if (stage != EH_STAGE_CONSENT) {
        const rules_set *set = &plan->sets[plan->rules_of[person]];
        trace.rules = set->rules;
        trace.rules_count = set->rules_count;
    }
    if (stage != EH_STAGE_CONSENT && stage != EH_STAGE_RULES)
        EH_TRY(trace_counts(plan, person, arena, &trace, error));
    bool read = plan->scored[person] || (stage != EH_STAGE_CONSENT && plan->input.rules.ask != NULL && plan->ai[person].may);
    if (read) {
        eh_fact_value *facts = EH_TAKE(arena, plan->input.frame->facts_count, eh_fact_value);
        if (facts == NULL)
            return eh_fail_memory(error);
        eh_plan_facts(plan, person, facts);
        trace.facts = facts;
        trace.facts_count = plan->input.frame->facts_count;
    }
    if (plan->scored[person])
        EH_TRY(trace_scores(plan, person, arena, &trace, error));
    *trace_out = trace;
    return EH_OK;
}

/* ---- counts ---------------------------------------------------------------------------------------------------------------------- */

static void count_rules(const eh_plan *plan, size_t person, eh_plan_summary *out)
{
    const rules_set *set = &plan->sets[plan->rules_of[person]];
    for (size_t i = 0; i < set->rules_count; i++) {
        const eh_trace_rule *rule = &set->rules[i];
        if (rule->rule >= sizeof out->rule_people / sizeof out->rule_people[0])
            continue;
        out->rule_people[rule->rule][0]++;
        bool against = rule->outcome == EH_RULE_FORBIDS || rule->outcome == EH_RULE_FAILS || rule->outcome == EH_RULE_CAPS;
        out->rule_people[rule->rule][1] += against && plan->stage[person] == EH_STAGE_RULES;
    }
}

static void count_people(const eh_plan *plan, eh_plan_summary *out)
{
    for (size_t person = 0; person < plan->people; person++) {
        int stage = plan->stage[person], choice = plan->choice[person];
        if (stage == STAGE_NONE)
            continue;
        out->audience++;
        out->stages[stage]++;
        out->scored += plan->scored[person];
        if (stage == EH_STAGE_CONSENT) {
            out->consent_why[plan->marketing[person].why]++;
            continue;
        }
        out->opted_out_of_ai += !plan->ai[person].may;
        count_rules(plan, person, out);
        if (choice == EH_NO_OFFER)
            continue;
        out->sent++;
        out->stages_sent[stage]++;
        out->offers[choice]++;
        out->spend += plan->costs[person * plan->offers + (size_t)choice];
    }
}

/* ---- expectations --------------------------------------------------------------------------------------------------------------------- */

/*
 * The sum of what is expected, with an interval: how sure the model is of each cell of each term (delta method, cells taken as
 * independent), and chance itself. A person's weight is the slope of the outcome in the score.
 */
typedef struct {
    double sum, chance;
    double **weights; /* [offer][offset of term + cell] */
    size_t *offsets[EH_OFFERS_MAX];
} expectation;

static bool expectation_open(const eh_plan *plan, eh_arena *arena, expectation *out)
{
    out->weights = EH_TAKE(arena, plan->offers, double *);
    for (size_t o = 0; o < plan->offers && out->weights != NULL; o++) {
        const eh_model *model = eh_decider_model(plan->decider, o);
        if (model == NULL)
            continue;
        size_t cells = 0;
        out->offsets[o] = EH_TAKE(arena, model->terms_count, size_t);
        for (size_t t = 0; t < model->terms_count && out->offsets[o] != NULL; t++) {
            out->offsets[o][t] = cells;
            cells += model->terms[t].cells_count;
        }
        out->weights[o] = EH_TAKE(arena, cells, double);
        if (out->offsets[o] == NULL || out->weights[o] == NULL)
            return false;
    }
    return out->weights != NULL;
}

static void expectation_add(const eh_plan *plan, size_t person, const uint8_t *bins, expectation *out)
{
    size_t offer = (size_t)plan->choice[person];
    const eh_frame *frame = plan->input.frame;
    const eh_model *model = eh_decider_model(plan->decider, offer);
    int64_t score = plan->scores[person * plan->offers + offer];
    double expected = (double)eh_expected_outcomes(frame, score) / EH_MICROS;
    double rate = frame->effect ? model->base_rate : expected, slope = frame->effect ? 1 : expected * (1 - expected);
    rate = rate > 0 && rate < 1 ? rate : 0.5;
    out->sum += expected;
    out->chance += rate * (1 - rate);
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        size_t cell = bins[term->feature[0]];
        if (term->features_count == 2)
            cell = (size_t)term->map[0][cell] * EH_PAIR_BINS + term->map[1][bins[term->feature[1]]];
        out->weights[offer][out->offsets[offer][t] + cell] += slope * eh_decider_per_mille(plan->decider, offer, t) / 1000;
    }
}

static eh_plan_estimate expectation_end(const eh_plan *plan, const expectation *all)
{
    double variance = all->chance;
    for (size_t o = 0; o < plan->offers; o++) {
        const eh_model *model = eh_decider_model(plan->decider, o);
        for (size_t t = 0; model != NULL && t < model->terms_count; t++)
            for (size_t c = 0; c < model->terms[t].cells_count; c++) {
                double error = all->weights[o][all->offsets[o][t] + c] * model->terms[t].errors[c] / EH_MICROS;
                variance += error * error;
            }
    }
    double half = eh_normal_quantile(0.5 + plan->input.campaign->confidence / 2) * sqrt(variance);
    return (eh_plan_estimate){.value = all->sum, .low = all->sum - half, .high = all->sum + half};
}

static void expect(const eh_plan *plan, eh_plan_summary *out)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    expectation all = {0};
    out->outcomes = (eh_plan_estimate){EH_NAN, EH_NAN, EH_NAN};
    if (arena == NULL || plan->scores == NULL || !expectation_open(plan, arena, &all))
        return;
    eh_fact_value *facts = EH_TAKE(arena, plan->input.frame->facts_count, eh_fact_value);
    uint8_t *bins = EH_TAKE(arena, plan->features_max, uint8_t);
    if (facts == NULL || bins == NULL)
        return;
    for (size_t person = 0; person < plan->people; person++) {
        if (!plan->scored[person] || plan->choice[person] == EH_NO_OFFER)
            continue;
        eh_plan_facts(plan, person, facts);
        eh_decider_bins(plan->decider, (size_t)plan->choice[person], facts, bins);
        expectation_add(plan, person, bins, &all);
    }
    out->outcomes = expectation_end(plan, &all);
}

/* Messages cost what they cost; only what is paid when an offer is taken can turn out otherwise. */
static void spend_estimate(const eh_plan *plan, eh_plan_summary *out)
{
    int64_t fixed = 0;
    for (size_t o = 0; o < plan->offers; o++)
        fixed += (int64_t)out->offers[o] * plan->input.frame->offers[o].cost;
    double variable = (double)(out->spend - fixed) / EH_MICROS, base = (double)fixed / EH_MICROS;
    double low = 1, high = 1;
    if (out->outcomes.value > 0) {
        low = out->outcomes.low > 0 ? out->outcomes.low / out->outcomes.value : 0;
        high = out->outcomes.high / out->outcomes.value;
    }
    out->spend_total = (eh_plan_estimate){.value = base + variable, .low = base + variable * low, .high = base + variable * high};
}

void eh_plan_summary_of(const eh_plan *plan, eh_plan_summary *summary_out)
{
    *summary_out = (eh_plan_summary){.people = plan->people, .value = plan->allocation.value, .value_bound = plan->allocation.value_bound,
                                     .proven = plan->allocation.proven};
    for (size_t i = 0; i < plan->chosen_count; i++)
        summary_out->by_finish += !plan->allocation.by_price[i];
    count_people(plan, summary_out);
    expect(plan, summary_out);
    spend_estimate(plan, summary_out);
}
