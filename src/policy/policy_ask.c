/* Asking a policy: every rule over one row of facts, the combining of their outcomes, and what is left of rules when part of the row is known. */
#include "policy/policy_int.h"

#include <pthread.h>
#include <string.h>

enum { RULE_OPEN = 255, SPECIAL_ARENA_BYTES_MAX = 256 << 20 };

struct eh_policy_asker {
    const eh_policy *policy;
    eh_cel_machine *machine;
    uint8_t outcomes[EH_POLICY_RULES_MAX];
    uint32_t requires[EH_POLICY_RULES_MAX];
    uint8_t fixed[EH_POLICY_RULES_MAX];               /* eh_policy_outcome, or RULE_OPEN */
    const eh_cel_program *programs[EH_POLICY_RULES_MAX];
    const char *residuals[EH_POLICY_RULES_MAX];       /* NULL: the rule's own condition */
    eh_arena *special;                                /* what eh_policy_asker_specialise made */
};

static const char *const outcome_names[] = {"no", "applies", "error", "unknown"};
static const char *const why_names[] = {"permitted", "no_permit", "forbidden", "unsure", "capped"};

const char *eh_policy_outcome_name(eh_policy_outcome outcome)
{
    return outcome_names[outcome];
}

const char *eh_policy_why_name(eh_policy_why why)
{
    return why_names[why];
}

eh_code eh_policy_asker_open(const eh_policy *policy, eh_policy_asker **asker_out, eh_error *error)
{
    eh_arena *arena = eh_arena_open(SPECIAL_ARENA_BYTES_MAX);
    eh_policy_asker *asker = arena == NULL ? NULL : EH_TAKE(arena, 1, eh_policy_asker);
    if (asker == NULL) {
        eh_arena_close(&arena);
        return eh_fail_memory(error);
    }
    asker->policy = policy;
    asker->special = arena;
    memset(asker->fixed, RULE_OPEN, sizeof asker->fixed);
    for (size_t i = 0; i < policy->rules_count; i++)
        asker->programs[i] = policy->rules[i].program;
    eh_code code = eh_cel_machine_open(&(eh_cel_machine_options){.zones = policy->zones}, &asker->machine, error);
    if (code != EH_OK) {
        eh_arena_close(&arena);
        return code;
    }
    *asker_out = asker;
    return EH_OK;
}

void eh_policy_asker_close(eh_policy_asker **asker)
{
    if (asker == NULL || *asker == NULL)
        return;
    eh_cel_machine_close(&(*asker)->machine);
    eh_arena *arena = (*asker)->special; /* the asker itself lies in it */
    *asker = NULL;
    eh_arena_close(&arena);
}

/* ---- one rule ---------------------------------------------------------------------------------------------------------------------------- */

static eh_policy_outcome outcome_of(eh_cel_value value)
{
    if (value.kind == EH_CEL_BOOL)
        return value.boolean ? EH_RULE_APPLIES : EH_RULE_DOES_NOT;
    return value.kind == EH_CEL_UNKNOWN ? EH_RULE_UNKNOWN : EH_RULE_ERROR;
}

/* A cap that applies bites when its count has reached the most, or is not known. */
static bool cap_bites(const eh_policy *policy, size_t rule, const eh_cel_value *row)
{
    uint32_t slot = policy->cap_slots[rule];
    return slot == UINT32_MAX || row[slot].kind != EH_CEL_INT || row[slot].integer >= policy->rules[rule].cap_at_most;
}

static eh_policy_outcome rule_ask(eh_policy_asker *asker, size_t rule, const eh_cel_value *row, uint8_t *parts, uint64_t *cost)
{
    if (asker->fixed[rule] != RULE_OPEN && parts == NULL)
        return (eh_policy_outcome)asker->fixed[rule];
    if (asker->programs[rule] == NULL)
        return EH_RULE_ERROR;
    eh_cel_value value = parts == NULL ? eh_cel_run(asker->machine, asker->programs[rule], row)
                                       : eh_cel_run_parts(asker->machine, asker->policy->rules[rule].program, row, parts);
    *cost += eh_cel_machine_cost(asker->machine);
    return outcome_of(value);
}

/* ---- combining ------------------------------------------------------------------------------------------------------------------------------ */

/* The first rule of each kind of reason, in the order of the file; SIZE_MAX: none. */
typedef struct {
    size_t forbids, unsure, caps, permits;
} reasons;

static void first(size_t *place, size_t rule)
{
    if (*place == SIZE_MAX)
        *place = rule;
}

static void combine(eh_policy_asker *asker, size_t rule, eh_policy_outcome outcome, const eh_cel_value *row, reasons *found)
{
    eh_rule_effect effect = asker->policy->rules[rule].effect;
    bool may_apply = outcome != EH_RULE_DOES_NOT;
    if (effect == EH_RULE_PERMIT && outcome == EH_RULE_APPLIES)
        first(&found->permits, rule);
    else if (effect == EH_RULE_FORBID && may_apply)
        first(outcome == EH_RULE_APPLIES ? &found->forbids : &found->unsure, rule);
    else if (effect == EH_RULE_CAP && may_apply && cap_bites(asker->policy, rule, row))
        first(&found->caps, rule);
}

static eh_policy_decision decide(const eh_policy_asker *asker, const reasons *found)
{
    eh_policy_decision decision = {.outcomes = asker->outcomes, .requires = asker->requires};
    if (found->forbids != SIZE_MAX) {
        decision.why = EH_POLICY_FORBIDDEN;
        decision.rule = found->forbids;
    } else if (found->unsure != SIZE_MAX || asker->policy->errors_count > 0) {
        decision.why = EH_POLICY_UNSURE;
        decision.rule = found->unsure != SIZE_MAX ? found->unsure : asker->policy->rules_count;
    } else if (found->caps != SIZE_MAX) {
        decision.why = EH_POLICY_CAPPED;
        decision.rule = found->caps;
    } else if (found->permits == SIZE_MAX) {
        decision.why = EH_POLICY_NO_PERMIT;
        decision.rule = asker->policy->rules_count;
    } else {
        decision.why = EH_POLICY_PERMITTED;
        decision.rule = found->permits;
        decision.permitted = true;
    }
    return decision;
}

eh_policy_decision eh_policy_ask_parts(eh_policy_asker *asker, const eh_cel_value *row, uint8_t *const *parts_out)
{
    reasons found = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
    size_t requires_count = 0;
    uint64_t cost = 0;
    for (size_t i = 0; i < asker->policy->rules_count; i++) {
        eh_policy_outcome outcome = rule_ask(asker, i, row, parts_out == NULL ? NULL : parts_out[i], &cost);
        asker->outcomes[i] = (uint8_t)outcome;
        if (asker->policy->rules[i].effect == EH_RULE_REQUIRE && outcome != EH_RULE_DOES_NOT)
            asker->requires[requires_count++] = (uint32_t)i;
        combine(asker, i, outcome, row, &found);
    }
    eh_policy_decision decision = decide(asker, &found);
    decision.requires_count = requires_count;
    decision.cost = cost;
    return decision;
}

eh_policy_decision eh_policy_ask(eh_policy_asker *asker, const eh_cel_value *row)
{
    return eh_policy_ask_parts(asker, row, NULL);
}

/* ---- partial evaluation ----------------------------------------------------------------------------------------------------------------------- */

static eh_code rule_specialise(eh_policy_asker *asker, size_t rule, const eh_cel_value *known, eh_error *error)
{
    const eh_rule *of = &asker->policy->rules[rule];
    if (of->program == NULL)
        return EH_OK;
    eh_cel_value value = eh_cel_run(asker->machine, of->program, known);
    if (value.kind != EH_CEL_UNKNOWN) {
        asker->fixed[rule] = (uint8_t)outcome_of(value);
        asker->residuals[rule] = value.kind != EH_CEL_BOOL ? of->when : value.boolean ? "true" : "false";
        return EH_OK;
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_cel_residual(asker->machine, of->program, known, &text, error));
    char *kept = eh_arena_copy(asker->special, eh_buffer_view(&text));
    if (kept == NULL)
        return eh_fail_memory(error);
    const eh_cel_program *program = NULL;
    EH_TRY(eh_cel_compile(asker->policy->env, eh_view_of(kept), asker->special, &program, error));
    asker->residuals[rule] = kept;
    asker->programs[rule] = program;
    return EH_OK;
}

static eh_code rules_specialise(eh_policy_asker *asker, const eh_cel_value *known, eh_error *error)
{
    for (size_t i = 0; i < asker->policy->rules_count; i++) {
        eh_error why = {0};
        asker->fixed[i] = RULE_OPEN;
        asker->programs[i] = asker->policy->rules[i].program;
        asker->residuals[i] = NULL;
        /* A residual that cannot be made (too long, a type that only the whole has) leaves the rule as it is: slower, not different. */
        eh_code code = rule_specialise(asker, i, known, &why);
        if (code == EH_MEMORY)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

eh_code eh_policy_asker_specialise(eh_policy_asker *asker, const eh_cel_value *known, eh_error *error)
{
    /* Compiling uses the tables of the policy's environment, which askers share. */
    pthread_mutex_lock(asker->policy->compiling);
    eh_code code = rules_specialise(asker, known, error);
    pthread_mutex_unlock(asker->policy->compiling);
    return code;
}

const char *eh_policy_asker_residual(const eh_policy_asker *asker, size_t rule)
{
    EH_ASSERT(rule < asker->policy->rules_count);
    return asker->residuals[rule] != NULL ? asker->residuals[rule] : asker->policy->rules[rule].when;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_policy_row(const eh_policy *policy, eh_json_value facts, eh_arena *arena, eh_cel_value *row_out, eh_error *error)
{
    for (size_t i = 0; i < policy->facts_count; i++)
        row_out[i] = eh_cel_unknown();
    for (eh_json_members at = {0}; eh_json_next(facts, &at);) {
        size_t index = eh_policy_fact_find(policy, at.key);
        if (index == SIZE_MAX || eh_json_type_of(at.value) == EH_JSON_NULL)
            continue;
        eh_error why = {0};
        eh_code code = eh_cel_value_of_type(at.value, policy->facts[index].type, arena, &row_out[index], &why);
        if (code != EH_OK)
            return eh_fail(error, code, "fact '%.100s': %s", at.key, why.text);
    }
    return EH_OK;
}
