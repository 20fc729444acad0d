/* A plan, step by step: rights, rules, caps, lots, scores, allocation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decide/plan_int.h"

enum { SETS_MAX = 1 << 20, FACTS_ON_STACK = 512 };

void eh_plan_facts(const eh_plan *plan, size_t person, eh_fact_value *facts_out)
{
    const eh_frame *frame = plan->input.frame;
    for (size_t f = 0; f < frame->facts_count; f++) {
        const eh_fact_column *column = &plan->input.facts[f];
        eh_fact_value *fact = &facts_out[f];
        *fact = (eh_fact_value){0};
        if (frame->facts[f].kind == EH_FACT_TEXT) {
            if (column->codes[person] < column->levels_count)
                *fact = (eh_fact_value){.type = EH_VALUE_TEXT, .text = eh_view_of(column->levels[column->codes[person]])};
        } else if (!isnan(column->numbers[person])) {
            *fact = (eh_fact_value){.type = frame->facts[f].kind == EH_FACT_TRUTH ? EH_VALUE_TRUTH : EH_VALUE_NUMBER, .number = column->numbers[person]};
        }
    }
}

/* ---- memory ------------------------------------------------------------------------------------------------------------------ */

static eh_code plan_open(eh_plan *plan, eh_error *error)
{
    size_t n = plan->people, places = n * plan->offers;
    eh_arena *arena = plan->arena;
    plan->stage = EH_TAKE(arena, n, int8_t);
    plan->choice = EH_TAKE(arena, n, int8_t);
    plan->policy = EH_TAKE(arena, n, int8_t);
    plan->by_price = EH_TAKE(arena, n, bool);
    plan->scored = EH_TAKE(arena, n, bool);
    plan->variant = EH_TAKE(arena, n, uint8_t);
    plan->allowed = EH_TAKE(arena, n, uint32_t);
    plan->rules_of = EH_TAKE(arena, n, uint32_t);
    plan->propensity = EH_TAKE(arena, n, double);
    plan->values = EH_TAKE(arena, places, int64_t);
    plan->costs = EH_TAKE(arena, places, int64_t);
    plan->marketing = EH_TAKE(arena, n, eh_trace_right);
    plan->ai = EH_TAKE(arena, n, eh_trace_right);
    plan->chosen = EH_TAKE(arena, n, uint32_t);
    plan->draws = EH_TAKE(arena, n, eh_draws);
    if (plan->stage == NULL || plan->choice == NULL || plan->policy == NULL || plan->by_price == NULL || plan->scored == NULL || plan->variant == NULL ||
        plan->allowed == NULL || plan->rules_of == NULL || plan->propensity == NULL || plan->values == NULL || plan->costs == NULL ||
        plan->marketing == NULL || plan->ai == NULL || plan->chosen == NULL || plan->draws == NULL)
        return eh_fail_memory(error);
    if (plan->input.campaign->choose == EH_CHOOSE_MODEL && (plan->scores = EH_TAKE(arena, places, int64_t)) == NULL)
        return eh_fail_memory(error);
    memset(plan->stage, STAGE_NONE, n);
    memset(plan->choice, EH_NO_OFFER, n);
    memset(plan->policy, EH_NO_OFFER, n);
    return EH_OK;
}

/* ---- the consent wall ----------------------------------------------------------------------------------------------------------- */

static eh_code ask(const eh_plan_input *input, size_t person, eh_purpose purpose, eh_trace_right *right_out, eh_error *error)
{
    eh_may_answer answer = {.may = false, .why = EH_WHY_NEVER_SAID};
    eh_may_question question = input->question;
    question.purpose = purpose;
    question.channel = purpose == EH_PURPOSE_MARKETING ? question.channel : EH_CHANNEL_ALL;
    if (input->rights.may != NULL)
        EH_TRY(input->rights.may(input->rights.context, eh_view_of(input->keys[person]), &question, &answer, error));
    *right_out = (eh_trace_right){.may = answer.may, .why = (uint8_t)answer.why, .record = answer.records_count > 0 ? answer.records[0] : 0};
    return EH_OK;
}

static eh_code consent_ask(eh_plan *plan, eh_error *error)
{
    const eh_plan_input *input = &plan->input;
    for (size_t person = 0; person < plan->people; person++) {
        if (input->audience != NULL && !input->audience[person])
            continue;
        EH_TRY(ask(input, person, EH_PURPOSE_MARKETING, &plan->marketing[person], error));
        EH_TRY(ask(input, person, EH_PURPOSE_AI, &plan->ai[person], error));
        plan->stage[person] = plan->marketing[person].may ? (int8_t)EH_STAGE_CHOICE : (int8_t)EH_STAGE_CONSENT;
    }
    return EH_OK;
}

/* ---- rules ------------------------------------------------------------------------------------------------------------------------ */

static uint64_t answer_hash(const eh_rules_answer *answer)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ answer->allowed;
    for (size_t i = 0; i < answer->rules_count; i++) {
        const eh_trace_rule *rule = &answer->rules[i];
        hash = (hash ^ rule->rule) * UINT64_C(0x100000001B3);
        hash = (hash ^ rule->offers ^ (uint64_t)rule->outcome << 32) * UINT64_C(0x100000001B3);
    }
    return hash ^ hash >> 31;
}

static bool same_answer(const rules_set *set, const eh_rules_answer *answer)
{
    if (set->allowed != answer->allowed || set->rules_count != answer->rules_count)
        return false;
    for (size_t i = 0; i < set->rules_count; i++)
        if (set->rules[i].rule != answer->rules[i].rule || set->rules[i].offers != answer->rules[i].offers || set->rules[i].outcome != answer->rules[i].outcome)
            return false;
    return true;
}

static eh_code sets_grow(eh_plan *plan, eh_error *error)
{
    size_t capacity = plan->sets_capacity == 0 ? 64 : plan->sets_capacity * 4;
    if (capacity > SETS_MAX)
        return eh_fail(error, EH_LIMIT, "the rules have more than %d different answers", SETS_MAX);
    rules_set *sets = EH_TAKE(plan->arena, capacity, rules_set);
    uint32_t *index = EH_TAKE(plan->arena, capacity * 2, uint32_t);
    if (sets == NULL || index == NULL)
        return eh_fail_memory(error);
    if (plan->sets_count > 0)
        memcpy(sets, plan->sets, plan->sets_count * sizeof *sets);
    plan->sets = sets;
    plan->sets_capacity = capacity;
    plan->sets_index = index;
    plan->index_count = capacity * 2;
    for (size_t i = 0; i < plan->sets_count; i++) {
        size_t at = sets[i].hash % plan->index_count;
        while (index[at] != 0)
            at = (at + 1) % plan->index_count;
        index[at] = (uint32_t)i + 1;
    }
    return EH_OK;
}

static eh_code set_of(eh_plan *plan, const eh_rules_answer *answer, uint32_t *set_out, eh_error *error)
{
    if (plan->sets_count == plan->sets_capacity)
        EH_TRY(sets_grow(plan, error));
    uint64_t hash = answer_hash(answer);
    size_t at = hash % plan->index_count;
    for (; plan->sets_index[at] != 0; at = (at + 1) % plan->index_count)
        if (same_answer(&plan->sets[plan->sets_index[at] - 1], answer)) {
            *set_out = plan->sets_index[at] - 1;
            return EH_OK;
        }
    eh_trace_rule *rules = EH_TAKE(plan->arena, answer->rules_count, eh_trace_rule);
    if (rules == NULL)
        return eh_fail_memory(error);
    memcpy(rules, answer->rules, answer->rules_count * sizeof *rules);
    plan->sets[plan->sets_count] = (rules_set){.allowed = answer->allowed, .rules = rules, .rules_count = answer->rules_count, .hash = hash};
    *set_out = (uint32_t)plan->sets_count++;
    plan->sets_index[at] = *set_out + 1;
    return EH_OK;
}

static eh_code rules_ask(eh_plan *plan, eh_error *error)
{
    const eh_rules_face *face = &plan->input.rules;
    uint32_t all = (uint32_t)((UINT64_C(1) << plan->offers) - 1);
    eh_fact_value *facts = EH_TAKE(plan->arena, plan->input.frame->facts_count, eh_fact_value);
    eh_rules_answer *answer = EH_TAKE(plan->arena, 1, eh_rules_answer);
    if (facts == NULL || answer == NULL)
        return eh_fail_memory(error);
    for (size_t person = 0; person < plan->people; person++) {
        if (plan->stage[person] != EH_STAGE_CHOICE)
            continue;
        answer->allowed = all;
        answer->rules_count = 0;
        bool profiled = plan->ai[person].may;
        if (face->ask != NULL) {
            if (profiled)
                eh_plan_facts(plan, person, facts);
            /* who has switched AI off is judged without a profile */
            eh_rules_question question = {.facts = profiled ? facts : NULL, .marketing = plan->marketing[person], .ai = plan->ai[person], .at_s = plan->input.frame->at_s};
            EH_TRY(face->ask(face->context, &question, answer, error));
        }
        EH_TRY(set_of(plan, answer, &plan->rules_of[person], error));
        plan->allowed[person] = answer->allowed & all;
        if (plan->allowed[person] == 0)
            plan->stage[person] = EH_STAGE_RULES;
    }
    return EH_OK;
}

/* ---- caps and lots ------------------------------------------------------------------------------------------------------------------ */

void eh_plan_counts(const eh_plan *plan, size_t person, int64_t *counted_out)
{
    const int64_t *const *before = plan->input.messages_before;
    for (size_t c = 0; c < plan->input.campaign->caps_count; c++)
        counted_out[c] = before == NULL ? 0 : before[c][person];
}

int64_t eh_plan_last(const eh_plan *plan, size_t person)
{
    return plan->input.last_message_s == NULL || plan->input.campaign->cool_down.seconds == 0 ? 0 : plan->input.last_message_s[person];
}

static void caps_ask(eh_plan *plan)
{
    const eh_plan_input *input = &plan->input;
    const eh_campaign *campaign = input->campaign;
    int64_t counted[EH_PERSON_CAPS_MAX], messages = -1;
    if (campaign->caps_count == 0 && campaign->cool_down.seconds == 0)
        return;
    for (size_t person = 0; person < plan->people; person++) {
        if (plan->stage[person] != EH_STAGE_CHOICE)
            continue;
        eh_plan_counts(plan, person, counted);
        if (eh_campaign_rests(campaign, counted, eh_plan_last(plan, person), input->frame->at_s, &messages))
            plan->stage[person] = EH_STAGE_CAPS;
    }
}

int eh_explored_offer(uint32_t allowed, size_t offers_count, double pick)
{
    int actions = __builtin_popcount(allowed) + 1;
    int which = (int)(pick * actions);
    for (size_t o = 0; o < offers_count; o++)
        if ((allowed >> o & 1) != 0 && which-- == 0)
            return (int)o;
    return EH_NO_OFFER;
}

static void lots_draw(eh_plan *plan)
{
    const eh_frame *frame = plan->input.frame;
    bool by_model = frame->choose == EH_CHOOSE_MODEL;
    for (size_t person = 0; person < plan->people; person++) {
        if (plan->stage[person] != EH_STAGE_CHOICE)
            continue;
        eh_draws draws = plan->draws[person] = eh_draws_of(frame->seed, frame->campaign, eh_view_of(plan->input.keys[person]));
        if (draws.holdout < frame->holdout) {
            plan->stage[person] = EH_STAGE_HOLDOUT;
        } else if (!by_model) {
            plan->stage[person] = EH_STAGE_LOT;
        } else if (!plan->ai[person].may) {
            plan->stage[person] = EH_STAGE_WITHOUT_AI;
            plan->without_count++;
        } else if (draws.explore < frame->explore) {
            plan->stage[person] = EH_STAGE_EXPLORE;
            plan->choice[person] = (int8_t)eh_explored_offer(plan->allowed[person], plan->offers, draws.pick);
            plan->explore_count++;
        }
    }
}

/* ---- scores ----------------------------------------------------------------------------------------------------------------------------- */

static eh_code people_score(eh_plan *plan, eh_error *error)
{
    const eh_frame *frame = plan->input.frame;
    eh_fact_value *facts = EH_TAKE(plan->arena, frame->facts_count, eh_fact_value);
    uint8_t *bins = EH_TAKE(plan->arena, plan->features_max, uint8_t);
    int32_t *contributions = EH_TAKE(plan->arena, plan->terms_max, int32_t);
    if (facts == NULL || bins == NULL || contributions == NULL)
        return eh_fail_memory(error);
    for (size_t person = 0; person < plan->people; person++) {
        int stage = plan->stage[person];
        bool wanted = stage == EH_STAGE_CHOICE || stage == EH_STAGE_EXPLORE || stage == EH_STAGE_HOLDOUT;
        if (!wanted || !plan->ai[person].may || plan->scores == NULL)
            continue;
        eh_plan_facts(plan, person, facts);
        for (size_t o = 0; o < plan->offers; o++) {
            size_t at = person * plan->offers + o;
            if ((plan->allowed[person] >> o & 1) == 0) {
                plan->values[at] = EH_NOT_ALLOWED;
                continue;
            }
            eh_decider_bins(plan->decider, o, facts, bins);
            plan->scores[at] = eh_decider_score(plan->decider, o, bins, contributions);
            eh_offer_value(frame, o, plan->scores[at], &plan->values[at], &plan->costs[at]);
        }
        plan->scored[person] = true;
    }
    return EH_OK;
}

void eh_lot_value(const eh_frame_offer *offer, bool allowed, int64_t *value_out, int64_t *cost_out)
{
    *value_out = allowed ? 1 : EH_NOT_ALLOWED;
    *cost_out = offer->cost + (int64_t)((__int128)offer->cost_if_taken * (offer->taken == EH_NO_LIMIT ? 0 : offer->taken) / EH_MICROS);
}

/* Those who are not scored: every offer is worth the same, so that the lot decides. */
static void people_lot(eh_plan *plan)
{
    const eh_frame *frame = plan->input.frame;
    for (size_t person = 0; person < plan->people; person++) {
        if (plan->stage[person] != EH_STAGE_LOT && plan->stage[person] != EH_STAGE_WITHOUT_AI)
            continue;
        for (size_t o = 0; o < plan->offers; o++) {
            size_t at = person * plan->offers + o;
            eh_lot_value(&frame->offers[o], (plan->allowed[person] >> o & 1) != 0, &plan->values[at], &plan->costs[at]);
        }
    }
}

/* ---- allocation ------------------------------------------------------------------------------------------------------------------------- */

/* What is left of the campaign's limits. EH_NO_LIMIT stays what it is. */
typedef struct {
    int64_t budget, people, offers[EH_OFFERS_MAX];
} limits;

static void spend(limits *left, int offer, int64_t cost)
{
    if (offer == EH_NO_OFFER)
        return;
    left->budget = left->budget == EH_NO_LIMIT ? EH_NO_LIMIT : left->budget > cost ? left->budget - cost : 0;
    left->people = left->people == EH_NO_LIMIT ? EH_NO_LIMIT : left->people > 0 ? left->people - 1 : 0;
    left->offers[offer] = left->offers[offer] == EH_NO_LIMIT ? EH_NO_LIMIT : left->offers[offer] > 0 ? left->offers[offer] - 1 : 0;
}

static bool affords(const limits *left, int offer, int64_t cost)
{
    return (left->budget == EH_NO_LIMIT || left->budget >= cost) && (left->people == EH_NO_LIMIT || left->people > 0) &&
           (left->offers[offer] == EH_NO_LIMIT || left->offers[offer] > 0);
}

static int64_t part_of(int64_t limit, size_t part, size_t whole)
{
    return limit == EH_NO_LIMIT || whole == 0 ? limit : (int64_t)((__int128)limit * (int64_t)part / (int64_t)whole);
}

typedef struct {
    uint32_t person;
    uint64_t tie;
} ticket;

static int by_ticket(const void *a, const void *b)
{
    const ticket *one = a, *other = b;
    return one->tie != other->tie ? (one->tie < other->tie ? -1 : 1) : one->person < other->person ? -1 : one->person > other->person;
}

/* Where the line lies: at the last who got it, else where the share says. */
static void without_ai_cut(eh_frame *frame, double share, uint64_t last)
{
    frame->without_ai_share = share;
    frame->without_ai_cut = share >= 1 ? UINT64_MAX : share <= 0 ? 0 : last != 0 ? last : (uint64_t)(share * 0x1p64);
}

int eh_offer_without_ai(const eh_frame *frame, uint32_t allowed, uint64_t tie)
{
    bool may = (allowed >> frame->without_ai_offer & 1) != 0;
    return may && frame->without_ai_cut != 0 && tie <= frame->without_ai_cut ? (int)frame->without_ai_offer : EH_NO_OFFER;
}

/* Gives the offer without AI to `wanted` people, by lot, as far as the limits go. */
static eh_code without_ai_give(eh_plan *plan, limits *left, size_t wanted, eh_error *error)
{
    eh_frame *frame = plan->input.frame;
    int offer = (int)frame->without_ai_offer;
    ticket *tickets = EH_TAKE(plan->arena, plan->without_count, ticket);
    size_t count = 0, given = 0;
    if (tickets == NULL)
        return eh_fail_memory(error);
    for (size_t person = 0; person < plan->people; person++)
        if (plan->stage[person] == EH_STAGE_WITHOUT_AI && (plan->allowed[person] >> offer & 1) != 0)
            tickets[count++] = (ticket){(uint32_t)person, plan->draws[person].tie};
    qsort(tickets, count, sizeof *tickets, by_ticket);
    while (given < count && given < wanted) { /* it costs the same for all, so what one cannot have nobody after can */
        size_t person = tickets[given].person;
        int64_t cost = plan->costs[person * plan->offers + (size_t)offer];
        if (!affords(left, offer, cost))
            break;
        plan->choice[person] = (int8_t)offer;
        spend(left, offer, cost);
        given++;
    }
    double share = count > 0 ? (double)given / (double)count : plan->without_count > 0 ? (double)wanted / (double)plan->without_count : 0;
    without_ai_cut(frame, share, given > 0 && given < count ? tickets[given - 1].tie : 0);
    return EH_OK;
}

static eh_code chosen_allocate(eh_plan *plan, const limits *left, eh_error *error)
{
    eh_frame *frame = plan->input.frame;
    int64_t offer_max[EH_OFFERS_MAX];
    eh_stage wanted = frame->choose == EH_CHOOSE_MODEL ? EH_STAGE_CHOICE : EH_STAGE_LOT;
    for (size_t person = 0; person < plan->people; person++)
        if (plan->stage[person] == (int)wanted)
            plan->chosen[plan->chosen_count++] = (uint32_t)person;
    size_t n = plan->chosen_count, offers = plan->offers;
    int64_t *values = EH_TAKE(plan->arena, n * offers, int64_t), *costs = EH_TAKE(plan->arena, n * offers, int64_t);
    uint64_t *ties = EH_TAKE(plan->arena, n, uint64_t);
    if (values == NULL || costs == NULL || ties == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < n; i++) {
        size_t person = plan->chosen[i];
        memcpy(values + i * offers, plan->values + person * offers, offers * sizeof *values);
        memcpy(costs + i * offers, plan->costs + person * offers, offers * sizeof *costs);
        ties[i] = plan->draws[person].tie;
    }
    memcpy(offer_max, left->offers, sizeof offer_max);
    eh_allocation_problem problem = {.people_count = n, .offers_count = offers, .values = values, .costs = costs, .ties = ties,
                                     .budget = left->budget, .people_max = left->people, .offer_max = offer_max};
    EH_TRY(eh_allocate(&problem, plan->arena, &plan->allocation, error));
    frame->prices = plan->allocation.prices;
    double lot_share = n > 0 ? (double)plan->allocation.people / (double)n : 1; /* nobody is there yet: who comes later finds room */
    frame->lot_share = frame->choose != EH_CHOOSE_MODEL ? lot_share : 0;
    for (size_t i = 0; i < n; i++) {
        plan->choice[plan->chosen[i]] = plan->allocation.choice[i];
        plan->by_price[plan->chosen[i]] = plan->allocation.by_price[i];
    }
    return EH_OK;
}

static eh_code offers_allocate(eh_plan *plan, eh_error *error)
{
    const eh_campaign *campaign = plan->input.campaign;
    const eh_frame *frame = plan->input.frame;
    limits left = {.budget = campaign->budget, .people = campaign->people_max};
    for (size_t o = 0; o < plan->offers; o++)
        left.offers[o] = campaign->offers[o].people_max;
    for (size_t person = 0; person < plan->people; person++)
        if (plan->stage[person] == EH_STAGE_EXPLORE && plan->choice[person] != EH_NO_OFFER) {
            int64_t cost = plan->costs[person * plan->offers + (size_t)plan->choice[person]];
            spend(&left, plan->choice[person], cost);
        }
    size_t scored = 0, without = plan->without_count;
    for (size_t person = 0; person < plan->people; person++)
        scored += plan->stage[person] == EH_STAGE_CHOICE;
    limits of_without = left, of_chosen = left;
    if (frame->without_ai == EH_WITHOUT_AI_EVERYONE) {
        without_ai_cut(plan->input.frame, 1, 0);
        if (without > 0)
            EH_TRY(without_ai_give(plan, &of_chosen, without, error));
        return chosen_allocate(plan, &of_chosen, error);
    }
    if (frame->without_ai == EH_WITHOUT_AI_LIKE_OTHERS && without > 0) {
        of_chosen.budget = part_of(left.budget, scored, scored + without);
        of_chosen.people = part_of(left.people, scored, scored + without);
        for (size_t o = 0; o < plan->offers; o++)
            of_chosen.offers[o] = o == frame->without_ai_offer ? part_of(left.offers[o], scored, scored + without) : left.offers[o];
    }
    EH_TRY(chosen_allocate(plan, &of_chosen, error));
    double rate = scored == 0 ? 1 : (double)plan->allocation.people / (double)scored;
    without_ai_cut(plan->input.frame, frame->without_ai == EH_WITHOUT_AI_NOBODY ? 0 : rate, 0);
    if (frame->without_ai != EH_WITHOUT_AI_LIKE_OTHERS || without == 0)
        return EH_OK;
    for (size_t i = 0; i < plan->chosen_count; i++)
        if (plan->allocation.choice[i] != EH_NO_OFFER)
            spend(&of_without, plan->allocation.choice[i], plan->costs[plan->chosen[i] * plan->offers + (size_t)plan->allocation.choice[i]]);
    return without_ai_give(plan, &of_without, (size_t)llround(rate * (double)without), error);
}

/* ---- after the choice --------------------------------------------------------------------------------------------------------------------- */

uint8_t eh_variant_of(const eh_campaign *campaign, int offer, double draw)
{
    if (offer == EH_NO_OFFER)
        return 0;
    const eh_offer *of = &campaign->offers[offer];
    size_t v = 0;
    for (double up_to = of->variants[0].share; v + 1 < of->variants_count && draw >= up_to; up_to += of->variants[++v].share)
        ;
    return (uint8_t)v;
}

double eh_propensity_of(const eh_frame *frame, const eh_trace *trace)
{
    bool none = trace->choice == EH_NO_OFFER;
    double held = frame->holdout, open = 1 - held, share;
    switch (trace->stage) {
    case EH_STAGE_CONSENT:
    case EH_STAGE_RULES:
    case EH_STAGE_CAPS:
    case EH_STAGE_AUDIENCE:
        return 1;
    default:
        break;
    }
    if (frame->choose != EH_CHOOSE_MODEL) {
        share = frame->lot_share / __builtin_popcount(trace->allowed); /* each offer as likely; exact where there is one */
        return none ? held + open * (1 - frame->lot_share) : open * share;
    }
    if (!trace->ai.may) {
        share = (trace->allowed >> frame->without_ai_offer & 1) != 0 ? frame->without_ai_share : 0;
        return none ? held + open * (1 - share) : open * share;
    }
    double explored = frame->explore / (__builtin_popcount(trace->allowed) + 1);
    double chosen = trace->choice == (trace->stage == EH_STAGE_CHOICE ? trace->choice : trace->policy_choice) ? 1 - frame->explore : 0;
    return (none ? held : 0) + open * (explored + chosen);
}

static void choices_finish(eh_plan *plan)
{
    const eh_frame *frame = plan->input.frame;
    for (size_t person = 0; person < plan->people; person++) {
        int stage = plan->stage[person];
        if (stage == STAGE_NONE)
            continue;
        eh_draws draws = plan->draws[person];
        if (plan->scored[person] || stage == EH_STAGE_LOT)
            plan->policy[person] = (int8_t)eh_choice_by_price(plan->values + person * plan->offers, plan->costs + person * plan->offers, plan->offers,
                                                              &frame->prices, draws.tie);
        if (stage != EH_STAGE_CHOICE && stage != EH_STAGE_LOT)
            plan->by_price[person] = true;
        plan->variant[person] = eh_variant_of(plan->input.campaign, plan->choice[person], draws.variant);
        eh_trace trace = {.stage = (eh_stage)stage, .allowed = plan->allowed[person], .ai = plan->ai[person], .choice = plan->choice[person],
                          .policy_choice = plan->policy[person]};
        plan->propensity[person] = eh_propensity_of(frame, &trace);
    }
}

static int by_mark(const void *a, const void *b) { return memcmp(a, b, sizeof(eh_finish_mark)); }

/* Who was settled by the exact finish: no one trace can compute that, so the frame commits to these traces. */
static eh_code finish_mark(eh_plan *plan, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < plan->chosen_count; i++)
        count += !plan->by_price[plan->chosen[i]];
    eh_finish_mark *marks = EH_TAKE(plan->arena, count, eh_finish_mark);
    if (arena == NULL || marks == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < plan->chosen_count; i++) {
        eh_trace trace = {0};
        if (plan->by_price[plan->chosen[i]])
            continue;
        EH_TRY(eh_plan_trace(plan, plan->chosen[i], arena, &trace, error));
        EH_TRY(eh_finish_mark_of(&trace, &marks[at++], error));
    }
    qsort(marks, count, sizeof *marks, by_mark);
    plan->input.frame->finish = marks;
    plan->input.frame->finish_count = count;
    return EH_OK;
}

static eh_code input_check(const eh_plan_input *input, eh_error *error)
{
    if (input->people_count == 0)
        return eh_fail(error, EH_INPUT, "there are no people to plan for");
    if (input->people_count > EH_PLAN_PEOPLE_MAX)
        return eh_fail(error, EH_LIMIT, "%zu people, at most %d", input->people_count, EH_PLAN_PEOPLE_MAX);
    return EH_OK;
}

eh_code eh_plan_make(const eh_plan_input *input, eh_plan **plan_out, eh_error *error)
{
    EH_TRY(input_check(input, error));
    EH_CLEANUP(eh_plan_close) eh_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL || (plan->arena = eh_arena_open(SIZE_MAX / 2)) == NULL)
        return eh_fail_memory(error);
    plan->input = *input;
    plan->people = input->people_count;
    plan->offers = input->frame->offers_count;
    EH_TRY(eh_decider_open(input->frame, input->models, plan->arena, &plan->decider, error));
    for (size_t o = 0; o < plan->offers && input->models != NULL; o++) {
        const eh_model *model = input->models[o];
        plan->terms_max = model != NULL && model->terms_count > plan->terms_max ? model->terms_count : plan->terms_max;
        plan->features_max = model != NULL && model->features_count > plan->features_max ? model->features_count : plan->features_max;
    }
    EH_TRY(plan_open(plan, error));
    EH_TRY(consent_ask(plan, error));
    EH_TRY(rules_ask(plan, error));
    caps_ask(plan);
    lots_draw(plan);
    EH_TRY(people_score(plan, error));
    people_lot(plan);
    EH_TRY(offers_allocate(plan, error));
    choices_finish(plan);
    EH_TRY(finish_mark(plan, error));
    *plan_out = plan;
    plan = NULL;
    return EH_OK;
}

void eh_plan_close(eh_plan **plan)
{
    if (plan == NULL || *plan == NULL)
        return;
    eh_arena_close(&(*plan)->arena);
    free(*plan);
    *plan = NULL;
}
