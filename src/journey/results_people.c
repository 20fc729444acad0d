/* For whom: groups from the vault, people who have switched AI off; and who was bothered. */
#include <math.h>
#include <string.h>

#include "feedback/feedback.h"
#include "journey/outcomes.h"
#include "journey/release_int.h"
#include "journey/results_int.h"

static const eh_estimate unknown = {EH_NAN, EH_NAN, EH_NAN, 0};

/* ---- groups ------------------------------------------------------------------------------------------------------------------------------- */

static void group_count(const eh_results_run *run, const eh_plan_groups *groups, size_t group, eh_campaign_group *out)
{
    double shares = 0;
    for (size_t i = 0; i < run->people_count; i++) {
        if (groups->group[i] != group || run->people[i].stage < EH_STAGE_HOLDOUT)
            continue;
        out->people++;
        shares += run->people[i].sent;
    }
    out->share_sent = out->people > 0 ? shares / (double)out->people : EH_NAN;
}

/* What the plan changed in a group: per head, and per head of those whom it gave something. */
static eh_code group_measure(const eh_results_run *run, const eh_plan_groups *groups, size_t group, eh_campaign_group *out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    size_t n = run->known_count;
    double *in = arena == NULL ? NULL : EH_TAKE(arena, n, double), *given = arena == NULL ? NULL : EH_TAKE(arena, n, double);
    double *base = arena == NULL ? NULL : EH_TAKE(arena, n, double), *each = arena == NULL ? NULL : EH_TAKE(arena, n, double);
    if (in == NULL || given == NULL || base == NULL || each == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < n; i++) {
        size_t person = run->row[i];
        double share = 1 - run->shares[person * run->actions];
        in[i] = groups->group[person] == group;
        given[i] = in[i] * share;
        base[i] = run->scores[i * run->actions];
        each[i] = share > 0 ? run->gain[i] / share : 0;
        out->known += in[i] > 0;
    }
    out->baseline = eh_effect_mean(base, in, n, run->report->confidence);
    out->benefit = eh_effect_mean(run->gain, in, n, run->report->confidence);
    out->effect = eh_effect_mean(each, given, n, run->report->confidence);
    return EH_OK;
}

/* Too small to show; one alone would follow from the sum, so the next smallest goes with it. */
static void groups_withhold(const eh_results_run *run, eh_campaign_group *groups, size_t count)
{
    size_t small = 0, next = SIZE_MAX;
    for (size_t g = 0; g < count; g++) {
        groups[g].withheld = groups[g].people < run->report->cell_min && groups[g].people > 0;
        small += groups[g].withheld;
    }
    if (small != 1)
        return;
    for (size_t g = 0; g < count; g++)
        if (!groups[g].withheld && groups[g].people > 0 && (next == SIZE_MAX || groups[g].people < groups[next].people))
            next = g;
    if (next != SIZE_MAX)
        groups[next].withheld = true;
}

static size_t reference_of(const eh_plan_groups *groups, const eh_campaign_group *list, size_t count)
{
    if (groups->reference >= 0 && (size_t)groups->reference < count && !list[groups->reference].withheld && list[groups->reference].people > 0)
        return (size_t)groups->reference;
    size_t largest = SIZE_MAX;
    for (size_t g = 0; g < count && g < groups->groups_count; g++) /* not those whose group is not known */
        if (!list[g].withheld && list[g].people > 0 && (largest == SIZE_MAX || list[g].people > list[largest].people))
            largest = g;
    return largest;
}

static eh_verdict worse(eh_verdict a, eh_verdict b) { return a > b ? a : b; }

static eh_code groups_compare(const eh_results_run *run, const eh_plan_groups *groups, eh_campaign_group *list, size_t count, eh_campaign_attribute *out, eh_error *error)
{
    size_t reference = reference_of(groups, list, count), compared = 0;
    double *p = EH_TAKE(run->arena, count, double), *holm = EH_TAKE(run->arena, count, double);
    size_t *scratch = EH_TAKE(run->arena, count, size_t);
    if (p == NULL || holm == NULL || scratch == NULL)
        return eh_fail_memory(error);
    out->verdict = EH_WITHIN_TOLERANCE;
    for (size_t g = 0; g < count; g++) {
        p[g] = list[g].p = list[g].detectable = EH_NAN;
        if (reference == SIZE_MAX || g == reference || list[g].withheld || list[g].people == 0 || g == groups->groups_count)
            continue;
        eh_benefit_contrast contrast = eh_benefit_compare(&list[g].benefit, &list[reference].benefit, run->report->ratio_min, run->report->confidence);
        p[g] = contrast.p;
        list[g].detectable = contrast.detectable;
        list[g].verdict = contrast.within ? EH_WITHIN_TOLERANCE : EH_NOT_ENOUGH_EVIDENCE;
        compared++;
    }
    eh_adjust_holm(p, count, scratch, holm);
    for (size_t g = 0; g < count; g++) {
        bool is_compared = reference != SIZE_MAX && g != reference && !list[g].withheld && list[g].people > 0 && g != groups->groups_count;
        list[g].reference = g == reference;
        list[g].p = holm[g];
        if (is_compared && holm[g] < 1 - run->report->confidence)
            list[g].verdict = EH_VIOLATES;
        if (is_compared)
            out->verdict = worse(out->verdict, list[g].verdict);
        else if (list[g].withheld)
            out->verdict = worse(out->verdict, EH_NOT_ENOUGH_EVIDENCE);
    }
    if (compared == 0)
        out->verdict = EH_NOT_ENOUGH_EVIDENCE;
    return EH_OK;
}

static eh_code attribute_read(eh_results_run *run, const eh_plan_groups *groups, eh_campaign_attribute *out, eh_error *error)
{
    size_t count = groups->groups_count + 1, shown = 0;
    eh_campaign_group *list = EH_TAKE(run->arena, count, eh_campaign_group);
    if (list == NULL)
        return eh_fail_memory(error);
    for (size_t g = 0; g < count; g++) {
        list[g] = (eh_campaign_group){.name = g < groups->groups_count ? groups->groups[g] : "(missing)", .verdict = EH_NOT_ENOUGH_EVIDENCE, .baseline = unknown, .benefit = unknown,
                                      .effect = unknown, .p = EH_NAN, .detectable = EH_NAN};
        group_count(run, groups, g, &list[g]);
        if (run->report->outcome != NULL && list[g].people > 0)
            EH_TRY(group_measure(run, groups, g, &list[g], error));
    }
    groups_withhold(run, list, count);
    EH_TRY(groups_compare(run, groups, list, count, out, error));
    for (size_t g = 0; g < count; g++)
        if (list[g].people > 0)
            list[shown++] = list[g];
    if ((out->name = eh_arena_copy(run->arena, eh_view_of(groups->name))) == NULL)
        return eh_fail_memory(error);
    out->groups = list;
    out->groups_count = shown;
    return EH_OK;
}

static eh_code ai_groups(eh_results_run *run, eh_plan_groups *out, eh_error *error)
{
    static const char *const names[] = {"AI on", "AI off"};
    uint16_t *group = EH_TAKE(run->arena, run->people_count, uint16_t);
    if (group == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < run->people_count; i++)
        group[i] = run->people[i].ai ? 0 : 1;
    *out = (eh_plan_groups){.name = EH_PLAN_AI_ATTRIBUTE, .groups = names, .groups_count = 2, .group = group, .reference = 0};
    return EH_OK;
}

eh_code eh_results_groups(eh_results_run *run, eh_error *error)
{
    eh_plan_run reading = {.request = {.now = run->request->now}, .arena = run->arena, .workspace = run->workspace, .model = run->model,
                           .crowd = {.keys = run->keys, .count = run->people_count}, .vault_role = "evenhand campaign report", .vault_reason = "who benefits from a campaign"};
    eh_plan_groups ai = {0};
    EH_TRY(eh_plan_groups_read(&reading, error));
    eh_campaign_attribute *list = EH_TAKE(run->arena, reading.groups_count + 1, eh_campaign_attribute);
    if (list == NULL)
        return eh_fail_memory(error);
    run->report->parity = reading.groups_count > 0 ? EH_WITHIN_TOLERANCE : EH_NOT_ENOUGH_EVIDENCE;
    for (size_t a = 0; a < reading.groups_count; a++) {
        EH_TRY(attribute_read(run, &reading.groups[a], &list[a], error));
        list[a].decides = true;
        run->report->parity = worse(run->report->parity, list[a].verdict);
    }
    EH_TRY(ai_groups(run, &ai, error));
    EH_TRY(attribute_read(run, &ai, &list[reading.groups_count], error));
    run->report->attributes = list;
    run->report->attributes_count = reading.groups_count + 1;
    return EH_OK;
}

/* ---- who was bothered ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    eh_results_run *run;
    bool *did;
} marking;

static void mark(const marking *state, eh_view key)
{
    size_t place = eh_key_place(state->run->keys, state->run->people_count, key);
    if (place != SIZE_MAX)
        state->did[place] = true;
}

static eh_code no_take(void *context, eh_view key, bool marketing, eh_error *error)
{
    (void)marketing;
    (void)error;
    mark(context, key);
    return EH_OK;
}

static eh_code complaint_take(void *context, eh_view person, eh_view decision, eh_error *error)
{
    (void)decision;
    (void)error;
    mark(context, person);
    return EH_OK;
}

static eh_code bother_count(eh_results_run *run, const bool *did, eh_campaign_bother *out, eh_error *error)
{
    double *values = EH_TAKE(run->arena, run->people_count, double);
    bool others_none = false;
    if (values == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_results_values(run, out->name, &others_none, values, error));
    for (size_t i = 0; i < run->people_count; i++) {
        bool bothered = did[i] || values[i] > 0;
        out->sent += run->people[i].sent;
        out->sent_count += run->people[i].sent && bothered;
        bool held = run->people[i].stage == EH_STAGE_HOLDOUT;
        out->held += held;
        out->held_count += held && bothered;
    }
    double confidence = run->report->confidence;
    eh_proportion sent = {(double)out->sent_count, (double)out->sent}, held = {(double)out->held_count, (double)out->held};
    eh_interval rate = eh_interval_wilson(sent, confidence), held_rate = eh_interval_wilson(held, confidence), difference = eh_interval_newcombe(sent, held, confidence);
    out->rate = (eh_estimate){out->sent > 0 ? sent.successes / sent.trials : EH_NAN, rate.low, rate.high, sent.trials};
    out->held_rate = (eh_estimate){out->held > 0 ? held.successes / held.trials : EH_NAN, held_rate.low, held_rate.high, held.trials};
    out->difference = (eh_estimate){out->rate.value - out->held_rate.value, difference.low, difference.high, sent.trials + held.trials};
    return EH_OK;
}

eh_code eh_results_bothers(eh_results_run *run, eh_error *error)
{
    static const eh_campaign_bother usual[] = {{.name = EH_OUTCOME_OPT_OUT, .says = "said no to messages or to AI since"}, {.name = EH_OUTCOME_COMPLAINT, .says = "complained, or called it creepy or unfair"}};
    eh_campaign_bother *list = EH_TAKE(run->arena, 2, eh_campaign_bother);
    eh_noes_question noes = {.after_s = run->plan.released_s, .until_s = run->request->now.seconds};
    eh_complaints_question complaints = {.campaign = eh_view_of(run->plan.campaign), .after_s = run->plan.released_s, .until_s = run->request->now.seconds};
    if (list == NULL)
        return eh_fail_memory(error);
    if (!eh_channel_find(eh_view_of(run->plan.channel), &noes.channel))
        return eh_fail(error, EH_CORRUPT, "the plan's channel '%.40s' is none", run->plan.channel);
    for (size_t b = 0; b < 2; b++) {
        marking state = {.run = run, .did = EH_TAKE(run->arena, run->people_count, bool)};
        list[b] = usual[b];
        if (state.did == NULL)
            return eh_fail_memory(error);
        EH_TRY(b == 0 ? eh_rights_noes(run->store, &noes, no_take, &state, error) : eh_feedback_complaints(run->store, &complaints, complaint_take, &state, error));
        EH_TRY(bother_count(run, state.did, &list[b], error));
    }
    run->report->bothers = list;
    run->report->bothers_count = 2;
    return EH_OK;
}
