/* Whose outcomes they can be: the people of plans that went out, and decisions by their ids. */
#include <stdlib.h>
#include <string.h>

#include "journey/outcomes_int.h"
#include "journey/release_int.h"

static eh_code plan_room(eh_outcomes_run *run, eh_error *error)
{
    if (run->plans_count < run->plans_capacity)
        return EH_OK;
    size_t capacity = run->plans_capacity == 0 ? 16 : run->plans_capacity * 2;
    eh_outcome_plan *plans = EH_TAKE(run->arena, capacity, eh_outcome_plan);
    if (plans == NULL)
        return eh_fail_memory(error);
    if (run->plans_count > 0)
        memcpy(plans, run->plans, run->plans_count * sizeof *plans);
    run->plans = plans;
    run->plans_capacity = capacity;
    return EH_OK;
}

static eh_code plan_people(eh_outcomes_run *run, const eh_plan_file *file, eh_outcome_plan *plan, eh_error *error)
{
    eh_plan_record record;
    size_t count = 0, at = 0;
    for (; at < file->traces.len; count++)
        EH_TRY(eh_plan_file_step(file, &at, &record, error));
    const char **keys = EH_TAKE(run->arena, count, const char *);
    eh_outcome_decision *decisions = EH_TAKE(run->arena, run->decisions_count + count, eh_outcome_decision);
    if (keys == NULL || decisions == NULL)
        return eh_fail_memory(error);
    if (run->decisions_count > 0)
        memcpy(decisions, run->decisions, run->decisions_count * sizeof *decisions);
    run->decisions = decisions;
    at = 0;
    for (size_t i = 0; i < count; i++) {
        EH_TRY(eh_plan_file_step(file, &at, &record, error));
        if ((keys[i] = eh_arena_copy(run->arena, record.key)) == NULL)
            return eh_fail_memory(error);
        if (record.id == NULL)
            continue;
        eh_outcome_decision *decision = &run->decisions[run->decisions_count++];
        *decision = (eh_outcome_decision){.plan = (uint32_t)run->plans_count, .person = keys[i]};
        memcpy(decision->id, record.id, sizeof decision->id);
    }
    plan->keys = keys;
    plan->people_count = count;
    return EH_OK;
}

static eh_code plan_add(eh_outcomes_run *run, const eh_campaign_plan *plan, eh_error *error)
{
    eh_plan_file file = {0};
    eh_outcome_plan added = {.plan = *plan};
    EH_TRY(plan_room(run, error));
    EH_TRY(eh_plan_file_open(run->request->model->state_folder, plan->plan, &file, error));
    eh_code code = plan_people(run, &file, &added, error);
    eh_plan_file_close(&file);
    if (code == EH_OK)
        run->plans[run->plans_count++] = added;
    return code;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const eh_outcome_decision *)a)->id, ((const eh_outcome_decision *)b)->id, EH_DECISION_ID_BYTES);
}

eh_code eh_outcome_plans_read(eh_outcomes_run *run, eh_error *error)
{
    const eh_outcomes_request *request = run->request;
    const eh_campaign_plan *plans = NULL;
    eh_campaign_plan one = {0};
    size_t count = 0;
    if (request->plan != NULL) {
        const char *slash = strrchr(request->plan, '/');
        EH_TRY(eh_campaign_plan_find(run->store, slash != NULL && slash[1] != '\0' ? slash + 1 : request->plan, run->arena, &one, error));
        plans = &one;
        count = 1;
    } else {
        EH_TRY(eh_campaign_plans(run->store, request->campaign, run->arena, &plans, &count, error));
        if (count == 0)
            return request->campaign != NULL ? eh_fail(error, EH_NOT_FOUND, "no plan of the campaign '%.100s' went out here", request->campaign)
                                             : eh_fail(error, EH_NOT_FOUND, "no plan went out here yet, so nothing can come back; see: evenhand release");
        count = request->campaign != NULL && run->columns.decision == NULL ? 1 : count; /* by people: the newest */
    }
    for (size_t i = 0; i < count; i++)
        EH_TRY(plan_add(run, &plans[i], error));
    qsort(run->decisions, run->decisions_count, sizeof *run->decisions, by_id);
    return EH_OK;
}

/* A decision that was made alone stands in the ledger only. */
static eh_code ledger_find(eh_outcomes_run *run, const char *hex, eh_outcome_decision *out, bool *found_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_ledger_record record = {0};
    eh_decision decision = {0};
    eh_error reason = {0};
    *found_out = false;
    if (arena == NULL)
        return eh_fail_memory(error);
    if (run->ledger == NULL)
        EH_TRY(eh_ledger_open(run->request->model->folder, &(eh_ledger_options){.reads_only = true}, &run->ledger, error));
    eh_code code = eh_ledger_read(run->ledger, eh_view_of(hex), arena, &record, &reason);
    if (code == EH_OK)
        code = eh_decision_of_record(run->request->model, &record, arena, &decision, &reason);
    if (code == EH_OK) {
        const eh_frame *frame = &decision.file.frame;
        eh_outcome_plan added = {.plan = {.plan = eh_arena_copy(run->arena, eh_view_of(frame->plan)), .campaign = eh_arena_copy(run->arena, eh_view_of(frame->campaign)),
                                          .channel = eh_arena_copy(run->arena, eh_view_of(frame->channel)), .decided_s = frame->at_s}};
        size_t p = 0;
        while (p < run->plans_count && strcmp(run->plans[p].plan.plan, frame->plan) != 0)
            p++;
        out->plan = (uint32_t)p;
        out->person = eh_arena_copy(run->arena, decision.trace.key);
        code = added.plan.plan == NULL || added.plan.campaign == NULL || added.plan.channel == NULL || out->person == NULL ? eh_fail_memory(&reason) : EH_OK;
        if (code == EH_OK && p == run->plans_count && (code = plan_room(run, &reason)) == EH_OK)
            run->plans[run->plans_count++] = added;
        *found_out = code == EH_OK;
    }
    eh_decision_close(&decision);
    return code == EH_OK || code == EH_NOT_FOUND || code == EH_INPUT ? EH_OK : eh_fail(error, code, "%s", reason.text);
}

eh_code eh_outcome_decision_find(eh_outcomes_run *run, const uint8_t id[EH_DECISION_ID_BYTES], const eh_outcome_decision **found_out, eh_error *error)
{
    eh_outcome_decision wanted = {0};
    char hex[2 * EH_DECISION_ID_BYTES + 1];
    bool found = false;
    memcpy(wanted.id, id, sizeof wanted.id);
    *found_out = run->decisions_count == 0 ? NULL : bsearch(&wanted, run->decisions, run->decisions_count, sizeof *run->decisions, by_id);
    if (*found_out != NULL || run->request->plan != NULL)
        return EH_OK;
    eh_hex(id, EH_DECISION_ID_BYTES, hex);
    eh_outcome_decision *alone = EH_TAKE(run->arena, 1, eh_outcome_decision);
    if (alone == NULL)
        return eh_fail_memory(error);
    *alone = wanted;
    EH_TRY(ledger_find(run, hex, alone, &found, error));
    bool ours = found && (run->request->campaign == NULL || strcmp(run->plans[alone->plan].plan.campaign, run->request->campaign) == 0);
    *found_out = ours ? alone : NULL;
    return EH_OK;
}
