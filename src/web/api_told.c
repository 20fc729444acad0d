/* Outcomes about decisions that went out: passed on to where campaign reports look. */
#include <string.h>

#include "journey/outcomes.h"
#include "web/api_int.h"
#include "web/recall_int.h"

static bool is_id(const char *text)
{
    return strlen(text) == 2 * (size_t)EH_DECISION_ID_BYTES && text[strspn(text, "0123456789abcdef")] == '\0';
}

static eh_code about_take(const eh_web *web, const eh_outcome *outcome, const eh_decision *decision, eh_arena *arena, eh_outcome_about *out, eh_error *error)
{
    const eh_frame *frame = &decision->file.frame;
    const eh_workspace_model *model = web->model;
    if (!eh_view_equal(decision->trace.key, eh_view_of(outcome->person)))
        return eh_fail(error, EH_INPUT, "the decision is not about this person");
    if (outcome->at_s < frame->at_s)
        return eh_fail(error, EH_INPUT, "it lies before the decision");
    out->plan = (eh_campaign_plan){.plan = eh_arena_copy(arena, eh_view_of(frame->plan)), .campaign = eh_arena_copy(arena, eh_view_of(frame->campaign)),
                                   .channel = eh_arena_copy(arena, eh_view_of(frame->channel)), .decided_s = frame->at_s};
    out->until_s = INT64_MAX;
    for (size_t i = 0; i < model->outcomes_count; i++)
        if (strcmp(model->outcomes[i].name, outcome->name) == 0 && model->outcomes[i].within.seconds > 0)
            out->until_s = frame->at_s + model->outcomes[i].within.seconds;
    return out->plan.plan == NULL || out->plan.campaign == NULL || out->plan.channel == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_outcome_about_find(eh_exchange *exchange, const eh_outcome *outcome, eh_outcome_about *about_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_decision *decision = NULL;
    eh_error reason = {0};
    *about_out = (eh_outcome_about){0};
    if (!is_id(outcome->decision) || (web->ledger == NULL && !eh_ledger_exists(web->model->folder)))
        return EH_OK;
    if (web->ledger == NULL)
        return eh_fail(error, EH_UNAVAILABLE, "another process writes the ledger, and no outcome of a decision is kept unrecorded");
    eh_code code = eh_recall_decision(web->recall, eh_view_of(outcome->decision), exchange->arena, &decision, &reason);
    if (code == EH_NOT_FOUND || code == EH_INPUT)
        return EH_OK;
    if (code != EH_OK)
        return eh_fail(error, code, "%s", reason.text);
    code = about_take(web, outcome, decision, exchange->arena, about_out, error);
    eh_recall_give(web->recall, decision);
    return code;
}

/* Several rows of one request may be about one outcome of one decision: the first of them stands for all. */
static bool is_first(const eh_outcome *outcomes, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(outcomes[i].decision, outcomes[at].decision) == 0 && strcmp(outcomes[i].name, outcomes[at].name) == 0)
            return false;
    return true;
}

eh_code eh_outcomes_pass_on(eh_exchange *exchange, eh_store *store, const eh_outcome *outcomes, const eh_outcome_about *abouts, size_t count, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_outcome_told *told = EH_TAKE(exchange->arena, count, eh_outcome_told);
    size_t told_count = 0;
    if (told == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        eh_outcome_told one = {.plan = abouts[i].plan, .person = outcomes[i].person, .outcome = outcomes[i].name};
        eh_outcome_total total;
        if (one.plan.plan == NULL || !is_first(outcomes, i))
            continue;
        EH_TRY(eh_outcome_add_up(store, &outcomes[i], one.plan.decided_s, abouts[i].until_s, &total, error));
        if (!total.any) /* all of it came after the outcome's window */
            continue;
        one.value = total.value;
        one.before = total.before;
        one.at_s = total.at_s;
        told[told_count++] = one;
    }
    return eh_outcomes_tell(&(eh_outcomes_telling){.model = web->model, .store = store, .ledger = web->ledger, .from = "POST /v1/outcomes", .said = exchange->body, .told = told,
                                                   .told_count = told_count, .now = {.seconds = eh_web_now_s(web)}},
                            exchange->arena, error);
}
