/*
 * What can be seen of rules without a person: over the finite domains that the facts declare, every combination is tried (no solver is
 * needed for the few facts that one rule reads). A rule that reads a fact without a finite domain is left alone.
 */
#include "policy/policy_int.h"

#include <string.h>

enum { FACTS_OF_A_PAIR_MAX = 32 };

typedef struct {
    eh_policy *policy;
    eh_cel_machine *machine;
    eh_cel_value *row;
} analysis;

/* The facts of one or two rules, and how many combinations of their values there are; 0: too many, or not finite. */
typedef struct {
    uint32_t slots[FACTS_OF_A_PAIR_MAX];
    uint32_t count;
    uint64_t combinations;
} domain;

static void domain_add(const eh_policy *policy, const eh_rule *rule, domain *of)
{
    size_t count = 0;
    const uint32_t *slots = eh_cel_program_slots(rule->program, &count);
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < of->count; k++)
            known |= of->slots[k] == slots[i];
        if (known)
            continue;
        uint32_t values = policy->facts[slots[i]].values_count;
        of->combinations = of->count == FACTS_OF_A_PAIR_MAX || of->combinations * values > EH_POLICY_DOMAIN_MAX ? 0 : of->combinations * values;
        if (of->combinations == 0)
            return;
        of->slots[of->count++] = slots[i];
    }
}

/* Fills the row with combination number `which`. */
static void combination_set(const analysis *state, const domain *of, uint64_t which)
{
    for (uint32_t i = 0; i < of->count; i++) {
        const fact *each = &state->policy->facts[of->slots[i]];
        state->row[of->slots[i]] = each->values[which % each->values_count];
        which /= each->values_count;
    }
}

/* An error in a forbid acts as the rule does; in the others it does not. */
static bool acts(const analysis *state, const eh_rule *rule)
{
    eh_cel_value value = eh_cel_run(state->machine, rule->program, state->row);
    bool sure = value.kind == EH_CEL_BOOL;
    return sure ? value.boolean : rule->effect == EH_RULE_FORBID;
}

static void rule_analyse(const analysis *state, const eh_rule *rule)
{
    domain of = {.combinations = 1};
    domain_add(state->policy, rule, &of);
    uint64_t acting = 0;
    for (uint64_t i = 0; i < of.combinations; i++) {
        combination_set(state, &of, i);
        acting += acts(state, rule);
    }
    if (of.combinations > 0 && acting == 0)
        policy_warn(state->policy, NULL, rule->id, "the condition is never true: the rule is dead");
    /* A permit that always applies says that all is allowed that is not forbidden; other rules that always apply are likely slips. */
    if (of.count > 0 && of.combinations > 0 && acting == of.combinations)
        policy_warn(state->policy, NULL, rule->id, "the condition is always true, whatever the facts are");
}

/* Does `other` act whenever `rule` does? */
static bool implies(const analysis *state, const eh_rule *rule, const eh_rule *other)
{
    domain of = {.combinations = 1};
    domain_add(state->policy, rule, &of);
    uint64_t alone = of.combinations;
    domain_add(state->policy, other, &of);
    uint64_t acting = 0;
    if (alone == 0 || of.count == 0)
        return false;
    for (uint64_t i = 0; i < of.combinations; i++) {
        combination_set(state, &of, i);
        if (!acts(state, rule))
            continue;
        acting++;
        if (!acts(state, other))
            return false;
    }
    return acting > 0;
}

static bool shares_fact(const eh_rule *a, const eh_rule *b)
{
    size_t count_a = 0, count_b = 0;
    const uint32_t *slots_a = eh_cel_program_slots(a->program, &count_a), *slots_b = eh_cel_program_slots(b->program, &count_b);
    for (size_t i = 0; i < count_a; i++)
        for (size_t k = 0; k < count_b; k++)
            if (slots_a[i] == slots_b[k])
                return true;
    return false;
}

/* A permit that is forbidden whenever it applies, and a forbid that an earlier forbid always covers, change nothing. */
static void pair_analyse(const analysis *state, const eh_rule *rule, const eh_rule *other)
{
    bool earlier = other < rule && strcmp(other->pack, rule->pack) == 0; /* two laws may forbid the same, each for its own reason */
    bool shadows = other->effect == EH_RULE_FORBID && (rule->effect == EH_RULE_PERMIT || (rule->effect == EH_RULE_FORBID && earlier));
    bool repeats = other->effect == EH_RULE_PERMIT && rule->effect == EH_RULE_PERMIT && earlier;
    if ((shadows || repeats) && shares_fact(rule, other) && implies(state, rule, other))
        policy_warn(state->policy, NULL, rule->id, "whenever this rule applies, '%s' does too: it is shadowed", other->id);
}

/* What is no condition has its finding already. */
static bool is_condition(const eh_rule *rule)
{
    return rule->program != NULL && strcmp(eh_cel_program_type(rule->program), "bool") == 0;
}

eh_code policy_analyse(eh_policy *policy, eh_error *error)
{
    EH_CLEANUP(eh_cel_machine_close) eh_cel_machine *machine = NULL;
    analysis state = {.policy = policy};
    EH_TRY(eh_cel_machine_open(&(eh_cel_machine_options){.zones = policy->zones}, &machine, error));
    state.machine = machine;
    state.row = EH_TAKE(policy->arena, policy->facts_count + 1, eh_cel_value);
    if (state.row == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < policy->rules_count; i++) {
        if (!is_condition(&policy->rules[i]))
            continue;
        rule_analyse(&state, &policy->rules[i]);
        for (size_t k = 0; k < policy->rules_count; k++)
            if (k != i && is_condition(&policy->rules[k]))
                pair_analyse(&state, &policy->rules[i], &policy->rules[k]);
    }
    return EH_OK;
}
