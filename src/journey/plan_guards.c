/* Is the plan fair? The campaign's own guard, hidden groups, and what the policy says of whole plans; and the repair when it is not. */
#include <string.h>

#include "journey/journey.h"

enum { GUARD_DEPTH = 2 };

/* ---- guards of the policy ------------------------------------------------------------------------------------------------------------- */

static bool names(const eh_guard *guard, const char *what)
{
    for (size_t b = 0; b < guard->by_count; b++)
        if (strcmp(guard->by[b], what) == 0)
            return true;
    return false;
}

/* The groups that a guard speaks of; an attribute that the workspace does not have is an error of the policy, not a silent yes. */
static eh_code guard_groups(const eh_plan_run *run, const eh_guard *guard, eh_plan_groups *groups_out, size_t *count_out, eh_error *error)
{
    *count_out = 0;
    for (size_t g = 0; g < run->groups_count; g++)
        if (names(guard, "*") || names(guard, run->groups[g].name))
            groups_out[(*count_out)++] = run->groups[g];
    for (size_t b = 0; b < guard->by_count; b++) {
        bool known = strcmp(guard->by[b], "*") == 0 || strcmp(guard->by[b], "hidden") == 0 || strcmp(guard->by[b], "opted_out") == 0;
        for (size_t g = 0; g < run->groups_count; g++)
            known = known || strcmp(guard->by[b], run->groups[g].name) == 0;
        if (!known)
            return eh_fail(error, EH_INPUT, "policy.yaml: the guard '%s' looks at '%s', which is no protected attribute of evenhand.yaml", guard->id, guard->by[b]);
    }
    return EH_OK;
}

static eh_code guard_look(const eh_plan_run *run, const eh_guard *guard, const eh_plan_guard_options *options, eh_verdict *verdict_out, eh_error *error)
{
    eh_plan_groups *groups = EH_TAKE(run->arena, run->groups_count + 1, eh_plan_groups);
    size_t count = 0;
    eh_verdict worst = EH_WITHIN_TOLERANCE;
    if (groups == NULL)
        return eh_fail_memory(error);
    EH_TRY(guard_groups(run, guard, groups, &count, error));
    if (names(guard, "hidden")) {
        eh_plan_hidden hidden = {0};
        EH_TRY(eh_plan_scan(run->plan, run->groups, run->groups_count, options, run->arena, &hidden, error));
        worst = hidden.verdict;
    }
    if (names(guard, "opted_out") || count > 0 || names(guard, "*")) {
        eh_plan_verdict verdict = {0};
        eh_plan_guard_options own = *options;
        own.without_ai = !names(guard, "opted_out");
        EH_TRY(eh_plan_guard_by(run->plan, groups, count, &own, run->arena, &verdict, error));
        bool only_ai = count == 0 && !own.without_ai && verdict.audit != NULL && verdict.audit->attributes_count > 0;
        eh_verdict found = only_ai ? verdict.audit->attributes[0].verdict : verdict.verdict;
        bool nobody_off = count == 0 && !own.without_ai && verdict.audit == NULL; /* nobody has switched it off */
        worst = !nobody_off && found > worst ? found : worst;
    }
    *verdict_out = worst;
    return EH_OK;
}

static eh_code by_words(const eh_guard *guard, eh_arena *arena, const char **text_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (size_t b = 0; b < guard->by_count; b++)
        eh_buffer_format(&text, "%s%s", b == 0 ? "" : ", ", strcmp(guard->by[b], "*") == 0 ? "all protected attributes" : strcmp(guard->by[b], "hidden") == 0 ? "hidden groups"
                         : strcmp(guard->by[b], "opted_out") == 0 ? "people who switched AI off" : guard->by[b]);
    *text_out = eh_arena_copy(arena, eh_buffer_view(&text));
    return *text_out == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code policy_guards(eh_plan_run *run, eh_error *error)
{
    const eh_policy_facts *about = run->book == NULL ? NULL : eh_policy_about(eh_rulebook_policy(run->book));
    size_t count = about == NULL ? 0 : about->guards_count;
    run->guarded = EH_TAKE(run->arena, count, eh_plan_guarded);
    if (run->guarded == NULL)
        return eh_fail_memory(error);
    for (run->guarded_count = 0; run->guarded_count < count; run->guarded_count++) {
        const eh_guard *guard = &about->guards[run->guarded_count];
        bool difference = strcmp(guard->measure, "selection_rate_difference") == 0, ratio = strcmp(guard->measure, "selection_rate_ratio") == 0;
        eh_plan_guarded *made = &run->guarded[run->guarded_count];
        *made = (eh_plan_guarded){.id = guard->id, .measure = guard->measure, .says = eh_texts_find(&guard->explanation, "en"), .tolerance = guard->tolerance,
                                  .confidence = guard->confidence, .stops = guard->cannot_tell == EH_CANNOT_TELL_STOP, .later = !difference && !ratio,
                                  .verdict = EH_NOT_ENOUGH_EVIDENCE};
        EH_TRY(by_words(guard, run->arena, &made->by, error));
        eh_plan_guard_options options = {.ratio_min = difference ? 1 - guard->tolerance : guard->tolerance, .confidence = guard->confidence, .depth = GUARD_DEPTH,
                                         .difference = difference};
        if (options.ratio_min <= 0 || options.ratio_min > 1)
            return eh_fail(error, EH_INPUT, "policy.yaml: the guard '%s' has a tolerance of %g, which nothing can keep", guard->id, guard->tolerance);
        if (!made->later)
            EH_TRY(guard_look(run, guard, &options, &made->verdict, error));
    }
    return EH_OK;
}

/* ---- the verdict ------------------------------------------------------------------------------------------------------------------------- */

/* Everything that looks, once. Hidden groups can stop a plan; that they could not be told apart is a matter of the policy's own guard. */
static eh_code look(eh_plan_run *run, bool *stop_out, eh_error *error)
{
    const eh_campaign *campaign = eh_plan_input_of(run->plan)->campaign;
    eh_plan_guard_options options = {.ratio_min = campaign->ratio_min, .confidence = campaign->confidence, .depth = GUARD_DEPTH};
    eh_verdict worst = run->verdict.verdict;
    *stop_out = false;
    EH_TRY(eh_plan_scan(run->plan, run->groups, run->groups_count, &options, run->arena, &run->hidden, error));
    worst = run->hidden.verdict == EH_VIOLATES ? EH_VIOLATES : worst;
    EH_TRY(policy_guards(run, error));
    for (size_t g = 0; g < run->guarded_count; g++) {
        worst = run->guarded[g].verdict > worst ? run->guarded[g].verdict : worst;
        *stop_out = *stop_out || (run->guarded[g].stops && run->guarded[g].verdict == EH_NOT_ENOUGH_EVIDENCE);
    }
    run->verdict.verdict = worst;
    return EH_OK;
}

static const char *outcome_of(eh_verdict verdict, bool stop, const char *well)
{
    return verdict == EH_VIOLATES || stop ? "stopped" : verdict == EH_WITHIN_TOLERANCE ? well : "ask";
}

/* Takes the repaired plan, looks again, and goes back when that is no better. */
static eh_code repair_take(eh_plan_run *run, eh_error *error)
{
    eh_plan_verdict verdict = run->verdict;
    eh_plan_hidden hidden = run->hidden;
    eh_plan *before = run->plan;
    eh_frame frame = run->frame;
    bool stop = false;
    run->verdict = run->repair.verdict;
    run->plan = run->repair.plan;
    run->repair.plan = before;
    run->frame = *eh_plan_input_of(run->plan)->frame;
    EH_TRY(look(run, &stop, error));
    if (run->verdict.verdict != EH_VIOLATES && !stop) {
        run->outcome = outcome_of(run->verdict.verdict, stop, "repaired");
        return EH_OK;
    }
    run->repair.plan = run->plan;
    run->plan = before;
    run->frame = frame;
    run->verdict = verdict;
    run->hidden = hidden;
    return policy_guards(run, error);
}

eh_code eh_plan_run_guard(eh_plan_run *run, eh_error *error)
{
    bool wanted = run->request.repair || eh_campaign_get(run->campaign_file)->repair, stop = false;
    EH_TRY(eh_plan_guard(run->plan, run->groups, run->groups_count, GUARD_DEPTH, run->arena, &run->verdict, error));
    EH_TRY(look(run, &stop, error));
    run->outcome = outcome_of(run->verdict.verdict, stop, "released");
    if (run->verdict.verdict != EH_VIOLATES)
        return EH_OK;
    EH_TRY(eh_plan_repair_find(run->plan, run->groups, run->groups_count, GUARD_DEPTH, run->arena, &run->repair, error));
    if (!wanted || !run->repair.found || run->repair.verdict.verdict == EH_VIOLATES)
        return EH_OK;
    return repair_take(run, error);
}
