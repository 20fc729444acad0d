/* The tests that rules carry, and what they cover: every boolean part of every condition, true and false. */
#include "policy/policy_int.h"

#include <string.h>

/* A value of YAML as the fact's type wants it. */
static eh_code value_of(const eh_yaml_node *node, const char *type, eh_cel_value *value_out, eh_error *error)
{
    bool text = node->type == EH_YAML_TEXT;
    if (text && strcmp(type, "timestamp") == 0) {
        eh_instant instant = {0};
        EH_TRY(eh_instant_parse_date(eh_view_of(node->text), &instant, error));
        *value_out = eh_cel_timestamp(instant);
    } else if (text && strcmp(type, "duration") == 0) {
        eh_duration duration = {0};
        EH_TRY(eh_duration_parse(eh_view_of(node->text), &duration, error));
        *value_out = eh_cel_duration(duration);
    } else if (node->type == EH_YAML_INTEGER && strcmp(type, "double") == 0) {
        *value_out = eh_cel_double((double)node->integer);
    } else if (node->type == EH_YAML_INTEGER && strcmp(type, "uint") == 0 && node->integer >= 0) {
        *value_out = eh_cel_uint((uint64_t)node->integer);
    } else if (node->type == EH_YAML_BOOLEAN) {
        *value_out = eh_cel_bool(node->boolean);
    } else if (node->type == EH_YAML_INTEGER) {
        *value_out = eh_cel_int(node->integer);
    } else if (node->type == EH_YAML_NUMBER) {
        *value_out = eh_cel_double(node->number);
    } else if (node->text != NULL && !text) {
        *value_out = eh_cel_null();
    } else if (text) {
        *value_out = eh_cel_string(eh_view_of(node->text));
    } else {
        return eh_fail(error, EH_INPUT, "a value or a list of values is wanted");
    }
    return EH_OK;
}

static eh_code list_of(const eh_yaml_node *node, const char *type, eh_arena *arena, eh_cel_value *value_out, eh_error *error)
{
    char inner[64] = "dyn";
    size_t len = strlen(type);
    if (strncmp(type, "list(", 5) == 0 && len - 6 < sizeof inner) {
        memcpy(inner, type + 5, len - 6);
        inner[len - 6] = '\0';
    }
    eh_cel_value *items = EH_TAKE(arena, node->count, eh_cel_value);
    if (items == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < node->count; i++)
        EH_TRY(value_of(node->items[i], inner, &items[i], error));
    *value_out = eh_cel_list_of(arena, items, node->count);
    return EH_OK;
}

eh_code policy_case_row(const eh_policy *policy, const eh_yaml_node *facts, eh_arena *arena, eh_cel_value *row_out, eh_error *error)
{
    for (size_t i = 0; i < policy->facts_count; i++)
        row_out[i] = eh_cel_unknown();
    for (size_t i = 0; i < facts->count; i++) {
        const eh_yaml_node *key = facts->members[i].key, *value = facts->members[i].value;
        size_t index = eh_policy_fact_find(policy, key->text);
        if (index == SIZE_MAX || value->type == EH_YAML_NULL)
            continue; /* null: not known; a wrong name is a finding already */
        const char *type = policy->facts[index].type;
        eh_error why = {0};
        eh_code code = value->type == EH_YAML_LIST ? list_of(value, type, arena, &row_out[index], &why) : value_of(value, type, &row_out[index], &why);
        if (code != EH_OK)
            return eh_yaml_fail(value, error, code, "%s", why.text);
    }
    return EH_OK;
}

/* ---- running ------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_policy *policy;
    eh_arena *arena;
    eh_policy_asker *asker;
    eh_cel_value *row;
    uint8_t **parts;
} testing;

static size_t rule_find(const eh_policy *policy, const char *id)
{
    size_t i = 0;
    while (i < policy->rules_count && strcmp(policy->rules[i].id, id) != 0)
        i++;
    return i;
}

static const char *rule_verdict(const testing *state, const policy_case *of, const eh_policy_decision *decision, bool *passed_out)
{
    eh_policy_outcome outcome = (eh_policy_outcome)decision->outcomes[of->rule];
    bool forbid = state->policy->rules[of->rule].effect == EH_RULE_FORBID;
    bool unsure = outcome == EH_RULE_ERROR || outcome == EH_RULE_UNKNOWN;
    bool applies = outcome == EH_RULE_APPLIES || (unsure && forbid);
    *passed_out = applies == of->applies;
    return *passed_out ? NULL : eh_arena_format(state->arena, "should %s, but the condition is %s", of->applies ? "apply" : "not apply",
                                                outcome == EH_RULE_APPLIES ? "true" : outcome == EH_RULE_DOES_NOT ? "false" : eh_policy_outcome_name(outcome));
}

static const char *policy_verdict(const testing *state, const policy_case *of, const eh_policy_decision *decision, bool *passed_out)
{
    bool wanted = of->decision == 0;
    *passed_out = decision->permitted == wanted;
    if (!*passed_out)
        return eh_arena_format(state->arena, "should be %s, but it is %s (%s)", wanted ? "permitted" : "denied", eh_policy_why_name(decision->why),
                               decision->rule < state->policy->rules_count ? state->policy->rules[decision->rule].id : "no rule");
    for (size_t i = 0; i < of->by_count; i++) {
        size_t rule = rule_find(state->policy, of->by[i]);
        if (rule < state->policy->rules_count && decision->outcomes[rule] != EH_RULE_DOES_NOT)
            continue;
        *passed_out = false;
        return rule == state->policy->rules_count ? eh_arena_format(state->arena, "by: there is no rule '%s'", of->by[i])
                                                  : eh_arena_format(state->arena, "'%s' should apply and does not", of->by[i]);
    }
    return NULL;
}

static eh_code parts_make(testing *state, size_t *parts_count_out, eh_error *error)
{
    size_t all = 0;
    state->parts = EH_TAKE(state->arena, state->policy->rules_count, uint8_t *);
    if (state->parts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < state->policy->rules_count; i++) {
        size_t count = 0;
        (void)eh_cel_program_parts(state->policy->rules[i].program, &count);
        state->parts[i] = EH_TAKE(state->arena, count, uint8_t);
        if (state->parts[i] == NULL)
            return eh_fail_memory(error);
        all += count;
    }
    *parts_count_out = all;
    return EH_OK;
}

static eh_code coverage_read(const testing *state, size_t parts_count, eh_policy_tests *tests, eh_error *error)
{
    eh_policy_part *parts = EH_TAKE(state->arena, parts_count, eh_policy_part);
    if (parts == NULL)
        return eh_fail_memory(error);
    size_t at = 0;
    for (size_t i = 0; i < state->policy->rules_count; i++) {
        size_t count = 0;
        const eh_cel_part *of = eh_cel_program_parts(state->policy->rules[i].program, &count);
        for (size_t k = 0; k < count; k++, at++) {
            parts[at] = (eh_policy_part){.rule = state->policy->rules[i].id, .part = of[k].text, .was_true = state->parts[i][k] & EH_CEL_PART_TRUE,
                                         .was_false = state->parts[i][k] & EH_CEL_PART_FALSE};
            tests->covered_count += (size_t)parts[at].was_true + parts[at].was_false;
        }
    }
    tests->parts = parts;
    tests->parts_count = parts_count;
    return EH_OK;
}

eh_code eh_policy_test_all(const eh_policy *policy, eh_arena *arena, eh_policy_tests *tests_out, eh_error *error)
{
    EH_TRY(eh_policy_runnable(policy, error));
    EH_CLEANUP(eh_policy_asker_close) eh_policy_asker *asker = NULL;
    EH_TRY(eh_policy_asker_open(policy, &asker, error));
    testing state = {.policy = policy, .arena = arena, .asker = asker, .row = EH_TAKE(arena, policy->facts_count, eh_cel_value)};
    eh_policy_test *done = EH_TAKE(arena, policy->cases_count, eh_policy_test);
    size_t parts_count = 0;
    if (state.row == NULL || done == NULL)
        return eh_fail_memory(error);
    EH_TRY(parts_make(&state, &parts_count, error));
    eh_policy_tests tests = {.tests = done, .tests_count = policy->cases_count};
    for (size_t i = 0; i < policy->cases_count; i++) {
        const policy_case *of = &policy->cases[i];
        EH_TRY(policy_case_row(policy, of->facts, arena, state.row, error));
        eh_policy_decision decision = eh_policy_ask_parts(asker, state.row, state.parts);
        bool of_rule = of->rule != SIZE_MAX;
        done[i] = (eh_policy_test){.rule = of_rule ? policy->rules[of->rule].id : NULL, .name = of->name, .file = of->node->file, .line = of->node->line};
        done[i].text = of_rule ? rule_verdict(&state, of, &decision, &done[i].passed) : policy_verdict(&state, of, &decision, &done[i].passed);
        tests.passed_count += done[i].passed;
    }
    EH_TRY(coverage_read(&state, parts_count, &tests, error));
    *tests_out = tests;
    return EH_OK;
}
