/* Repairing a plan: the terms that carry the gap between groups count for less, for everybody alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decide/plan_int.h"

enum { DAMPINGS_MAX = 64, PLANS_MAX = 48 };

/* How much a term of an offer's model carries of the gaps that violate. */
typedef struct {
    uint32_t offer, term;
    double carries;
} carrier;

static int by_carries(const void *a, const void *b)
{
    const carrier *one = a, *other = b;
    if (one->carries != other->carries)
        return one->carries > other->carries ? -1 : 1;
    return one->offer != other->offer ? (one->offer < other->offer ? -1 : 1) : one->term < other->term ? -1 : one->term > other->term;
}

/* One attribute that violates: the group that gets least and the one that it is compared with. */
typedef struct {
    const eh_plan_groups *groups;
    uint16_t low, high;
} gap;

static size_t gaps_find(const eh_plan_verdict *verdict, const eh_plan_groups *groups, size_t groups_count, gap *gaps)
{
    size_t count = 0;
    for (size_t s = 0; s < verdict->audit->attributes_count; s++) {
        const eh_audit_section *section = &verdict->audit->attributes[s];
        const eh_plan_groups *of = NULL;
        for (size_t i = 0; i < groups_count; i++)
            if (strcmp(groups[i].name, section->name) == 0)
                of = &groups[i];
        if (of == NULL || section->verdict == EH_WITHIN_TOLERANCE)
            continue;
        size_t low = 0, high = 0;
        for (size_t g = 1; g < section->groups_count; g++) {
            double rate = section->groups[g].measures[EH_SELECTION_RATE].value;
            low = rate < section->groups[low].measures[EH_SELECTION_RATE].value ? g : low;
            high = rate > section->groups[high].measures[EH_SELECTION_RATE].value ? g : high;
        }
        gap each = {.groups = of, .low = (uint16_t)of->groups_count, .high = (uint16_t)of->groups_count};
        for (size_t g = 0; g < of->groups_count; g++) {
            each.low = strcmp(of->groups[g], section->groups[low].name) == 0 ? (uint16_t)g : each.low;
            each.high = strcmp(of->groups[g], section->groups[high].name) == 0 ? (uint16_t)g : each.high;
        }
        gaps[count++] = each;
    }
    return count;
}

typedef struct {
    const eh_plan *plan;
    const gap *gaps;
    size_t gaps_count;
    double *sums;   /* [gap][low, high][offer * terms_max + term] */
    double *people; /* [gap][low, high][offer] */
} measuring;

static void measure_person(measuring *state, size_t person, size_t offer, const int32_t *contributions, size_t terms)
{
    const eh_plan *plan = state->plan;
    for (size_t g = 0; g < state->gaps_count; g++) {
        uint16_t group = state->gaps[g].groups->group[person];
        if (group != state->gaps[g].low && group != state->gaps[g].high)
            continue;
        size_t side = g * 2 + (group == state->gaps[g].high);
        state->people[side * plan->offers + offer]++;
        double *sums = state->sums + (side * plan->offers + offer) * plan->terms_max;
        for (size_t t = 0; t < terms; t++)
            sums[t] += contributions[t];
    }
}

static size_t carriers_rank(const measuring *state, carrier *carriers)
{
    const eh_plan *plan = state->plan;
    size_t count = 0;
    for (size_t o = 0; o < plan->offers; o++) {
        const eh_model *model = eh_decider_model(plan->decider, o);
        for (size_t t = 0; model != NULL && t < model->terms_count; t++) {
            double carries = 0;
            for (size_t g = 0; g < state->gaps_count; g++) {
                size_t low = (g * 2) * plan->offers + o, high = (g * 2 + 1) * plan->offers + o;
                if (state->people[low] > 0 && state->people[high] > 0)
                    carries += state->sums[high * plan->terms_max + t] / state->people[high] - state->sums[low * plan->terms_max + t] / state->people[low];
            }
            if (carries > 0)
                carriers[count++] = (carrier){.offer = (uint32_t)o, .term = (uint32_t)t, .carries = carries};
        }
    }
    qsort(carriers, count, sizeof *carriers, by_carries);
    return count;
}

static eh_code carriers_find(const eh_plan *plan, const gap *gaps, size_t gaps_count, eh_arena *arena, carrier **carriers_out, size_t *count_out, eh_error *error)
{
    measuring state = {.plan = plan, .gaps = gaps, .gaps_count = gaps_count};
    size_t sides = gaps_count * 2 * plan->offers;
    state.sums = EH_TAKE(arena, sides * plan->terms_max, double);
    state.people = EH_TAKE(arena, sides, double);
    carrier *carriers = EH_TAKE(arena, plan->offers * plan->terms_max, carrier);
    eh_fact_value *facts = EH_TAKE(arena, plan->input.frame->facts_count, eh_fact_value);
    uint8_t *bins = EH_TAKE(arena, plan->features_max, uint8_t);
    int32_t *contributions = EH_TAKE(arena, plan->terms_max, int32_t);
    if (state.sums == NULL || state.people == NULL || carriers == NULL || facts == NULL || bins == NULL || contributions == NULL)
        return eh_fail_memory(error);
    for (size_t person = 0; person < plan->people; person++) {
        if (!plan->scored[person])
            continue;
        eh_plan_facts(plan, person, facts);
        for (size_t o = 0; o < plan->offers; o++) {
            if ((plan->allowed[person] >> o & 1) == 0)
                continue;
            eh_decider_bins(plan->decider, o, facts, bins);
            (void)eh_decider_score(plan->decider, o, bins, contributions);
            measure_person(&state, person, o, contributions, eh_decider_model(plan->decider, o)->terms_count);
        }
    }
    *count_out = carriers_rank(&state, carriers);
    *carriers_out = carriers;
    return EH_OK;
}

/* ---- trying ------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_plan *plan;
    const eh_plan_groups *groups;
    size_t groups_count;
    uint32_t depth;
    eh_arena *arena;
    size_t plans_count;
} trying;

static eh_code term_name(const eh_plan *plan, const carrier *of, eh_arena *arena, const char **name_out, eh_error *error)
{
    const eh_model *model = eh_decider_model(plan->decider, of->offer);
    const eh_term *term = &model->terms[of->term];
    const char *first = model->features[term->feature[0]].name;
    *name_out = term->features_count == 1 ? eh_arena_copy(arena, eh_view_of(first)) : eh_arena_format(arena, "%s x %s", first, model->features[term->feature[1]].name);
    return *name_out == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code plan_again(trying *state, const eh_damping *dampings, size_t count, eh_plan **plan_out, eh_plan_verdict *verdict_out, eh_error *error)
{
    eh_frame *frame = EH_TAKE(state->arena, 1, eh_frame);
    eh_damping *copy = EH_TAKE(state->arena, count, eh_damping);
    if (frame == NULL || copy == NULL)
        return eh_fail_memory(error);
    memcpy(copy, dampings, count * sizeof *copy);
    *frame = *state->plan->input.frame;
    frame->dampings = copy;
    frame->dampings_count = count;
    eh_plan_input input = state->plan->input;
    input.frame = frame;
    EH_CLEANUP(eh_plan_close) eh_plan *again = NULL;
    EH_TRY(eh_plan_make(&input, &again, error));
    EH_TRY(eh_plan_guard(again, state->groups, state->groups_count, state->depth, state->arena, verdict_out, error));
    state->plans_count++;
    *plan_out = again;
    again = NULL;
    return EH_OK;
}

static int64_t value_before_repair(const eh_plan *before, const eh_plan *after)
{
    int64_t value = 0;
    for (size_t person = 0; person < before->people; person++)
        if (before->stage[person] == EH_STAGE_CHOICE && after->choice[person] != EH_NO_OFFER && before->scored[person])
            value += before->values[person * before->offers + (size_t)after->choice[person]];
    return value;
}

/* Takes a damping back as far as it goes: first what carried least. */
static eh_code relent(trying *state, eh_damping *dampings, size_t count, eh_verdict needed, eh_plan_repair *out, eh_error *error)
{
    for (size_t i = count; i-- > 0 && state->plans_count < PLANS_MAX;) {
        int32_t low = dampings[i].per_mille, high = 1000;
        for (int halving = 0; halving < 3; halving++) {
            EH_CLEANUP(eh_plan_close) eh_plan *again = NULL;
            eh_plan_verdict verdict = {0};
            int32_t kept = dampings[i].per_mille;
            dampings[i].per_mille = (low + high) / 2;
            EH_TRY(plan_again(state, dampings, count, &again, &verdict, error));
            if (verdict.verdict > needed) {
                high = dampings[i].per_mille;
                dampings[i].per_mille = kept;
                continue;
            }
            low = dampings[i].per_mille;
            eh_plan_close(&out->plan);
            out->plan = again;
            out->verdict = verdict;
            again = NULL;
        }
    }
    return EH_OK;
}

static eh_code search(trying *state, const carrier *carriers, size_t carriers_count, eh_plan_repair *out, eh_error *error)
{
    eh_damping dampings[DAMPINGS_MAX];
    size_t count = 0, kept = 0;
    bool done = false;
    for (size_t i = 0; i < carriers_count && count < DAMPINGS_MAX && !done && state->plans_count < PLANS_MAX / 2; i++) {
        EH_CLEANUP(eh_plan_close) eh_plan *again = NULL;
        eh_plan_verdict verdict = {0};
        dampings[count] = (eh_damping){.offer = carriers[i].offer, .term = carriers[i].term, .per_mille = 0};
        EH_TRY(term_name(state->plan, &carriers[i], state->arena, &dampings[count].name, error));
        count++;
        EH_TRY(plan_again(state, dampings, count, &again, &verdict, error));
        bool better = out->plan == NULL ? verdict.verdict != EH_VIOLATES : verdict.verdict < out->verdict.verdict;
        done = verdict.verdict == EH_WITHIN_TOLERANCE;
        if (!better)
            continue;
        eh_plan_close(&out->plan);
        out->plan = again;
        out->verdict = verdict;
        again = NULL;
        kept = count;
    }
    return out->plan == NULL ? EH_OK : relent(state, dampings, kept, out->verdict.verdict, out, error);
}

eh_code eh_plan_repair_find(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, uint32_t depth, eh_arena *arena,
                            eh_plan_repair *repair_out, eh_error *error)
{
    eh_plan_verdict before = {0};
    eh_plan_repair out = {0};
    gap gaps[EH_ATTRIBUTES_MAX];
    carrier *carriers = NULL;
    size_t carriers_count = 0;
    EH_TRY(eh_plan_guard(plan, groups, groups_count, depth, arena, &before, error));
    size_t gaps_count = before.audit == NULL || plan->scores == NULL ? 0 : gaps_find(&before, groups, groups_count, gaps);
    if (gaps_count > 0)
        EH_TRY(carriers_find(plan, gaps, gaps_count, arena, &carriers, &carriers_count, error));
    trying state = {.plan = plan, .groups = groups, .groups_count = groups_count, .depth = depth, .arena = arena};
    eh_code code = search(&state, carriers, carriers_count, &out, error);
    if (code != EH_OK) {
        eh_plan_close(&out.plan);
        return code;
    }
    out.found = out.plan != NULL;
    out.value_before = plan->allocation.value;
    if (out.found) {
        out.value_after = value_before_repair(plan, out.plan);
        out.dampings = out.plan->input.frame->dampings;
        out.dampings_count = out.plan->input.frame->dampings_count;
    }
    *repair_out = out;
    return EH_OK;
}
