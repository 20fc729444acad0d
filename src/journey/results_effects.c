/* What a plan changed: per offer, beside other ways to choose, as its scores foretold, and at what price. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "journey/results_int.h"

enum { BINS = 5, BIN_PEOPLE_MIN = 20, ALL = EH_ALL_OFFERS };
#define POWER 0.8

static const eh_estimate unknown = {EH_NAN, EH_NAN, EH_NAN, 0};

/* ---- one offer, or all ------------------------------------------------------------------------------------------------------------------- */

static double share_of(const eh_results_run *run, size_t person, int offer)
{
    const double *share = run->shares + person * run->actions;
    return offer == ALL ? 1 - share[0] : share[1 + offer];
}

/* Count, mean and variance of one arm. */
typedef struct {
    double n, mean, squares;
} arm;

static void arm_add(arm *to, double value)
{
    double step = value - to->mean;
    to->n++;
    to->mean += step / to->n;
    to->squares += step * (value - to->mean);
}

static eh_estimate arm_estimate(const arm *of, double confidence)
{
    eh_interval between = eh_interval_mean(of->mean, of->n > 1 ? of->squares / (of->n - 1) : 0, of->n, confidence);
    return (eh_estimate){.value = of->mean, .low = between.low, .high = between.high, .n = of->n};
}

static void as_they_stand(const eh_results_run *run, const arm *got, const arm *held, eh_campaign_effect *out)
{
    double confidence = run->report->confidence;
    eh_interval difference, ratio;
    out->difference = out->ratio = unknown;
    if (got->n < 1 || held->n < 1)
        return;
    if (run->report->yes_or_no) {
        eh_proportion a = {round(got->mean * got->n), got->n}, b = {round(held->mean * held->n), held->n};
        difference = eh_interval_newcombe(a, b, confidence);
        ratio = eh_interval_ratio_score(a, b, confidence);
    } else {
        eh_estimate a = arm_estimate(got, confidence), b = arm_estimate(held, confidence);
        difference = eh_interval_difference_mover(a, b);
        ratio = a.low >= 0 && b.low > 0 ? eh_interval_ratio_mover(a, b) : (eh_interval){EH_NAN, EH_NAN};
    }
    out->difference = (eh_estimate){got->mean - held->mean, difference.low, difference.high, got->n + held->n};
    out->ratio = (eh_estimate){held->mean > 0 ? got->mean / held->mean : EH_NAN, ratio.low, ratio.high, got->n + held->n};
}

bool eh_results_contributions(const eh_results_run *run, int offer, eh_contributions *out)
{
    size_t actions = run->actions;
    for (size_t i = 0; i < run->known_count; i++) {
        const double *share = run->shares + (size_t)run->row[i] * actions, *score = run->scores + i * actions;
        out->weights[i] = share_of(run, run->row[i], offer);
        for (size_t a = 1; a < actions; a++)
            if (share[a] > 0 && (offer == EH_ALL_OFFERS || (int)a == 1 + offer))
                out->with[i] += share[a] / out->weights[i] * score[a];
        out->without[i] = score[0];
        out->difference[i] = out->with[i] - out->without[i];
        if (out->weights[i] > 0 && isnan(out->difference[i]))
            return false;
    }
    return true;
}

eh_code eh_contributions_take(eh_arena *arena, size_t people, eh_contributions *out, eh_error *error)
{
    *out = (eh_contributions){EH_TAKE(arena, people, double), EH_TAKE(arena, people, double), EH_TAKE(arena, people, double), EH_TAKE(arena, people, double)};
    return out->weights != NULL && out->with != NULL && out->without != NULL && out->difference != NULL ? EH_OK : eh_fail_memory(error);
}

/* The doubly robust difference and ratio over those whom the plan gives it, each as much as it does. */
static eh_code adjusted(const eh_results_run *run, int offer, eh_campaign_effect *out)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    eh_contributions of;
    size_t n = run->known_count;
    out->adjusted = out->adjusted_ratio = unknown;
    out->detectable = EH_NAN;
    if (arena == NULL)
        return EH_MEMORY;
    EH_TRY(eh_contributions_take(arena, n, &of, NULL));
    if (!eh_results_contributions(run, offer, &of))
        return EH_OK; /* nobody was held out: there is nothing to compare with */
    out->adjusted = eh_effect_mean(of.difference, of.weights, n, run->report->confidence);
    out->adjusted_ratio = eh_effect_ratio(of.with, of.without, of.weights, n, run->report->confidence);
    double z = eh_normal_quantile(0.5 + run->report->confidence / 2), error = eh_effect_error(&out->adjusted, run->report->confidence);
    out->detectable = (z + eh_normal_quantile(POWER)) * error;
    return EH_OK;
}

static void effect_of(eh_results_run *run, int offer, eh_campaign_effect *out)
{
    arm got = {0}, held = {0};
    *out = (eh_campaign_effect){.offer = offer == ALL ? NULL : run->file.frame.offers[offer].name};
    for (size_t i = 0; i < run->people_count; i++)
        out->planned += run->people[i].stage >= EH_STAGE_HOLDOUT && share_of(run, i, offer) > 0;
    for (size_t i = 0; i < run->known_count; i++) {
        uint32_t action = run->action[i];
        if (share_of(run, run->row[i], offer) <= 0)
            continue;
        if (action == 0)
            arm_add(&held, run->outcome[i]);
        else if (offer == ALL ? share_of(run, run->row[i], (int)action - 1) > 0 : (int)action == 1 + offer)
            arm_add(&got, run->outcome[i]);
    }
    out->got = (uint64_t)got.n;
    out->held = (uint64_t)held.n;
    out->got_mean = got.n > 0 ? got.mean : EH_NAN;
    out->held_mean = held.n > 0 ? held.mean : EH_NAN;
    as_they_stand(run, &got, &held, out);
    if (adjusted(run, offer, out) != EH_OK || got.n < 2 || held.n < 2)
        out->adjusted = out->adjusted_ratio = unknown;
    out->word = out->adjusted.low > 0 ? EH_EFFECT_MORE : out->adjusted.high < 0 ? EH_EFFECT_LESS : EH_EFFECT_UNCLEAR;
}

void eh_results_effect_of_all(eh_results_run *run, eh_campaign_effect *out) { effect_of(run, ALL, out); }

/* ---- other ways to choose ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_results_run *run;
    double *wants;           /* [known * actions + a] */
    eh_logged *logged;
} choosing;

static void policy_value(const choosing *state, eh_campaign_policy *out)
{
    const eh_results_run *run = state->run;
    size_t n = run->known_count, actions = run->actions;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    double *gains = arena == NULL ? NULL : EH_TAKE(arena, n, double), given = 0, supported = 0;
    out->value = out->plan_gain = unknown;
    for (size_t i = 0; i < n && gains != NULL; i++) {
        const double *wants = state->wants + i * actions, *share = run->shares + (size_t)run->row[i] * actions, *score = run->scores + i * actions;
        bool fine = true;
        for (size_t a = 0; a < actions; a++) {
            fine = fine && (wants[a] <= 0 || run->known_chances[i * actions + a] > 0);
            double more = share[a] - wants[a];
            gains[i] += more != 0 ? more * score[a] : 0;
        }
        given += 1 - wants[0];
        supported += fine;
    }
    out->share = n > 0 ? given / (double)n : EH_NAN;
    out->supported = n > 0 ? supported / (double)n : EH_NAN;
    if (gains == NULL || supported < (double)n || n < 2)
        return;
    eh_policy_question question = {.actions = actions, .chances = state->wants, .expected = run->expected, .confidence = run->report->confidence};
    eh_plan_estimate value = eh_policy_value(state->logged, n, &question);
    out->value = (eh_estimate){value.value, value.low, value.high, (double)n};
    out->plan_gain = eh_effect_mean(gains, NULL, n, run->report->confidence);
}

static void wants_nothing(choosing *state)
{
    memset(state->wants, 0, state->run->known_count * state->run->actions * sizeof(double));
    for (size_t i = 0; i < state->run->known_count; i++)
        state->wants[i * state->run->actions] = 1;
}

static void wants_offer(choosing *state, size_t known, size_t offer, double chance)
{
    double *wants = state->wants + known * state->run->actions;
    const eh_frame *frame = &state->run->file.frame;
    const eh_result_person *person = &state->run->people[state->run->row[known]];
    if (frame->choose == EH_CHOOSE_MODEL && !person->ai)
        offer = frame->without_ai_offer; /* who has switched AI off goes their own way, whatever others get */
    if ((person->allowed >> offer & 1) == 0)
        return;
    wants[1 + offer] += chance;
    wants[0] -= chance;
}

static void choose_plan(choosing *state)
{
    for (size_t i = 0; i < state->run->known_count; i++)
        memcpy(state->wants + i * state->run->actions, state->run->shares + (size_t)state->run->row[i] * state->run->actions, state->run->actions * sizeof(double));
}

static void choose_random(choosing *state, double share)
{
    wants_nothing(state);
    for (size_t i = 0; i < state->run->known_count; i++) {
        int allowed = __builtin_popcount(state->run->people[state->run->row[i]].allowed);
        for (size_t o = 0; o + 1 < state->run->actions && allowed > 0; o++)
            if ((state->run->people[state->run->row[i]].allowed >> o & 1) != 0)
                wants_offer(state, i, o, share / allowed);
    }
}

/* ---- by history ------------------------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    bool smallest_first;
} usual_history[] = {{"history", false}, {"spend", false}, {"spent", false}, {"revenue", false}, {"value", false}, {"orders", false}, {"frequency", false},
                     {"recency", true},  {"months_since", true}, {"days_since", true}, {"months", true}};

/* The place among the covariates; SIZE_MAX: none. */
static size_t history_covariate(const eh_results_run *run, const char *name, bool exact)
{
    const eh_frame *frame = &run->file.frame;
    size_t c = 0;
    for (size_t f = 0; f < frame->facts_count && c < run->covariates_count; f++) {
        if (frame->facts[f].kind == EH_FACT_TEXT)
            continue;
        if (exact ? strcmp(frame->facts[f].name, name) == 0 : frame->facts[f].kind == EH_FACT_NUMBER && strcasestr(frame->facts[f].name, name) != NULL)
            return c;
        c++;
    }
    return SIZE_MAX;
}

static eh_code history_find(const eh_results_run *run, size_t *covariate_out, bool *smallest_out, eh_error *error)
{
    const char *wanted = run->request->history;
    if (wanted != NULL) {
        *smallest_out = wanted[0] == '-';
        *covariate_out = history_covariate(run, wanted + *smallest_out, true);
        return *covariate_out != SIZE_MAX ? EH_OK : eh_fail(error, EH_NOT_FOUND, "--history: '%.60s' is no number that the decisions of %s read", wanted + *smallest_out, run->plan.plan);
    }
    *covariate_out = SIZE_MAX;
    for (size_t i = 0; *covariate_out == SIZE_MAX && i < sizeof usual_history / sizeof usual_history[0]; i++) {
        *covariate_out = history_covariate(run, usual_history[i].word, false);
        *smallest_out = usual_history[i].smallest_first;
    }
    return EH_OK;
}

static const char *covariate_name(const eh_results_run *run, size_t covariate)
{
    size_t c = 0;
    for (size_t f = 0; f < run->file.frame.facts_count; f++)
        if (run->file.frame.facts[f].kind != EH_FACT_TEXT && c++ == covariate)
            return run->file.frame.facts[f].name;
    return "";
}

typedef struct {
    double value;
    uint64_t tie;
    uint32_t known;
} ranked;

static int by_rank(const void *a, const void *b)
{
    const ranked *one = a, *other = b;
    if (one->value != other->value)
        return one->value > other->value ? -1 : 1;
    return one->tie < other->tie ? -1 : one->tie > other->tie;
}

/* As many people as the plan, those with the most (or least) of a fact first; who has switched AI off is not looked at and gets what the plan gives. */
static eh_code choose_history(choosing *state, size_t covariate, bool smallest_first, size_t offer, eh_error *error)
{
    eh_results_run *run = state->run;
    ranked *list = EH_TAKE(run->arena, run->known_count, ranked);
    size_t count = 0;
    double given = 0;
    if (list == NULL)
        return eh_fail_memory(error);
    choose_plan(state);
    for (size_t i = 0; i < run->known_count; i++) {
        size_t person = run->row[i];
        double value = run->covariates[person * run->covariates_count + covariate];
        if (!run->people[person].ai || run->people[person].allowed == 0)
            continue;
        given += share_of(run, person, ALL);
        eh_draws draws = eh_draws_of(run->file.frame.seed ^ UINT64_C(0x9E3779B97F4A7C15), run->file.frame.campaign, eh_view_of(run->keys[person]));
        list[count++] = (ranked){.value = isnan(value) ? -HUGE_VAL : smallest_first ? -value : value, .tie = draws.tie, .known = (uint32_t)i};
    }
    qsort(list, count, sizeof *list, by_rank);
    for (size_t r = 0; r < count; r++) {
        double *wants = state->wants + (size_t)list[r].known * run->actions;
        memset(wants, 0, run->actions * sizeof *wants);
        wants[0] = 1;
        uint32_t allowed = run->people[run->row[list[r].known]].allowed;
        double left = fmin(1, fmax(0, given - (double)r));
        wants_offer(state, list[r].known, (allowed >> offer & 1) != 0 ? offer : (size_t)__builtin_ctz(allowed), left);
    }
    return EH_OK;
}

static size_t usual_offer(const eh_results_run *run)
{
    size_t best = 0;
    double most = -1;
    for (size_t o = 0; o + 1 < run->actions; o++) {
        double sum = 0;
        for (size_t i = 0; i < run->known_count; i++)
            sum += share_of(run, run->row[i], (int)o);
        if (sum > most) {
            most = sum;
            best = o;
        }
    }
    return best;
}

static eh_code policies_fill(choosing *state, eh_campaign_policy *list, size_t *count, eh_error *error)
{
    eh_results_run *run = state->run;
    size_t covariate = SIZE_MAX;
    bool smallest = false;
    choose_plan(state);
    list[*count] = (eh_campaign_policy){.name = "plan", .says = "as it was planned, without holdout and exploration"};
    policy_value(state, &list[(*count)++]);
    double share = list[0].share;
    wants_nothing(state);
    list[*count] = (eh_campaign_policy){.name = "no one", .says = "nobody gets anything"};
    policy_value(state, &list[(*count)++]);
    for (size_t o = 0; o + 1 < run->actions; o++) {
        wants_nothing(state);
        for (size_t i = 0; i < run->known_count; i++)
            wants_offer(state, i, o, 1);
        const char *offer = run->file.frame.offers[o].name, *says = eh_arena_format(run->arena, "everyone who may have it gets %s", offer);
        list[*count] = (eh_campaign_policy){.name = "everyone", .offer = offer, .says = says == NULL ? "" : says};
        policy_value(state, &list[(*count)++]);
    }
    choose_random(state, share);
    list[*count] = (eh_campaign_policy){.name = "random", .says = "by lot, as many people as the plan"};
    policy_value(state, &list[(*count)++]);
    EH_TRY(history_find(run, &covariate, &smallest, error));
    if (covariate == SIZE_MAX)
        return EH_OK;
    size_t offer = usual_offer(run);
    EH_TRY(choose_history(state, covariate, smallest, offer, error));
    const char *says = eh_arena_format(run->arena, "as many people as the plan, the %s %s first", smallest ? "smallest" : "largest", covariate_name(run, covariate));
    list[*count] = (eh_campaign_policy){.name = "history", .offer = run->file.frame.offers[offer].name, .says = says == NULL ? "" : says};
    policy_value(state, &list[(*count)++]);
    return EH_OK;
}

static eh_code policies_read(eh_results_run *run, eh_error *error)
{
    size_t count = 0;
    choosing state = {.run = run, .wants = EH_TAKE(run->arena, run->known_count * run->actions, double), .logged = EH_TAKE(run->arena, run->known_count, eh_logged)};
    eh_campaign_policy *list = EH_TAKE(run->arena, run->actions + 4, eh_campaign_policy);
    if (state.wants == NULL || state.logged == NULL || list == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < run->known_count; i++)
        state.logged[i] = (eh_logged){.action = run->action[i], .propensity = run->known_chances[i * run->actions + run->action[i]], .outcome = run->outcome[i]};
    EH_TRY(policies_fill(&state, list, &count, error));
    run->report->policies = list;
    run->report->policies_count = count;
    return EH_OK;
}

/* ---- did the scores foretell it? ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double score, observed;
} foretold;

static int by_score(const void *a, const void *b)
{
    double one = ((const foretold *)a)->score, other = ((const foretold *)b)->score;
    return one < other ? -1 : one > other;
}

/* An effect is seen as the doubly robust difference, an outcome among those who got the offer as it is. */
static bool foretold_of(const eh_results_run *run, size_t known, foretold *out)
{
    const eh_result_person *person = &run->people[run->row[known]];
    if (!person->scored || person->score_offer == EH_NO_OFFER)
        return false;
    uint32_t action = 1 + (uint32_t)person->score_offer;
    if (!run->file.frame.effect) {
        *out = (foretold){1 / (1 + exp(-(double)person->score / EH_MICROS)), run->outcome[known]};
        return run->action[known] == action;
    }
    const double *score = run->scores + known * run->actions;
    *out = (foretold){(double)person->score / EH_MICROS, score[action] - score[0]};
    return !isnan(out->observed);
}

static eh_code calibration_read(eh_results_run *run, eh_error *error)
{
    eh_campaign_calibration *out = &run->report->calibration;
    double confidence = run->report->confidence;
    foretold *list = EH_TAKE(run->arena, run->known_count, foretold);
    double *scores = EH_TAKE(run->arena, run->known_count, double), *observed = EH_TAKE(run->arena, run->known_count, double);
    eh_campaign_bin *bins = EH_TAKE(run->arena, BINS, eh_campaign_bin);
    size_t count = 0, at = 0;
    if (list == NULL || scores == NULL || observed == NULL || bins == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < run->known_count; i++)
        count += foretold_of(run, i, &list[count]);
    if (count < (size_t)BINS * BIN_PEOPLE_MIN)
        return EH_OK;
    qsort(list, count, sizeof *list, by_score);
    for (size_t i = 0; i < count; i++) {
        scores[i] = list[i].score;
        observed[i] = list[i].observed;
        out->predicted += list[i].score / (double)count;
    }
    for (size_t b = 0; b < BINS && at < count; b++) {
        size_t to = count * (b + 1) / BINS;
        while (to < count && to > at && list[to].score == list[to - 1].score)
            to++; /* equal scores stay together */
        if (to <= at)
            continue;
        eh_campaign_bin *bin = &bins[out->bins_count++];
        *bin = (eh_campaign_bin){.low = scores[at], .high = scores[to - 1], .people = to - at, .observed = eh_effect_mean(observed + at, NULL, to - at, confidence)};
        for (size_t i = at; i < to; i++)
            bin->predicted += scores[i] / (double)(to - at);
        out->error += fabs(bin->predicted - bin->observed.value) * (double)(to - at) / (double)count;
        at = to;
    }
    out->what = run->file.frame.effect ? "what the message changes" : "how likely the outcome is";
    out->bins = bins;
    out->slope = eh_effect_slope(scores, observed, count, confidence);
    out->observed = eh_effect_mean(observed, NULL, count, confidence);
    return EH_OK;
}

/* ---- spend --------------------------------------------------------------------------------------------------------------------------------------- */

static eh_estimate times(eh_estimate estimate, double factor)
{
    eh_estimate out = {estimate.value * factor, estimate.low * factor, estimate.high * factor, estimate.n};
    if (factor < 0) {
        out.low = estimate.high * factor;
        out.high = estimate.low * factor;
    }
    return out;
}

static void spend_read(eh_results_run *run)
{
    eh_campaign_spend *out = &run->report->spend;
    const eh_frame *frame = &run->file.frame;
    double known[EH_OFFERS_MAX] = {0}, taken[EH_OFFERS_MAX] = {0}, sent[EH_OFFERS_MAX] = {0}, worth = 0;
    bool worth_known = true;
    *out = (eh_campaign_spend){.currency = frame->currency, .each = unknown, .net = unknown};
    for (size_t i = 0; i < run->people_count; i++)
        if (run->people[i].sent && run->people[i].choice != EH_NO_OFFER)
            sent[run->people[i].choice]++;
    for (size_t i = 0; i < run->known_count; i++) {
        const eh_result_person *person = &run->people[run->row[i]];
        if (!person->sent || person->choice == EH_NO_OFFER)
            continue;
        known[person->choice]++;
        taken[person->choice] += run->report->yes_or_no ? run->outcome[i] : run->outcome[i] > 0;
    }
    double all = 0;
    for (size_t o = 0; o < frame->offers_count; o++) {
        out->messages += sent[o] * (double)frame->offers[o].cost / EH_MICROS;
        if (known[o] > 0)
            out->taken += sent[o] * taken[o] / known[o] * (double)frame->offers[o].cost_if_taken / EH_MICROS;
        worth_known = worth_known && frame->offers[o].worth != EH_NO_LIMIT;
        worth += worth_known ? sent[o] * (double)frame->offers[o].worth / EH_MICROS : 0;
        all += sent[o];
    }
    out->total = out->messages + out->taken;
    out->additional = times(run->report->all.adjusted, all);
    if (out->additional.low > 0 && out->total > 0)
        out->each = (eh_estimate){out->total / out->additional.value, out->total / out->additional.high, out->total / out->additional.low, out->additional.n};
    if (worth_known && all > 0) {
        eh_estimate gained = times(out->additional, worth / all);
        out->net = (eh_estimate){gained.value - out->total, gained.low - out->total, gained.high - out->total, gained.n};
    }
}

eh_code eh_results_effects(eh_results_run *run, eh_error *error)
{
    eh_campaign_effect *offers = EH_TAKE(run->arena, run->file.frame.offers_count, eh_campaign_effect);
    if (offers == NULL)
        return eh_fail_memory(error);
    effect_of(run, ALL, &run->report->all);
    for (size_t o = 0; o < run->file.frame.offers_count; o++)
        effect_of(run, (int)o, &offers[o]);
    run->report->offers = offers;
    run->report->offers_count = run->file.frame.offers_count;
    EH_TRY(policies_read(run, error));
    EH_TRY(calibration_read(run, error));
    spend_read(run);
    return EH_OK;
}
