/* Any bytes as a policy: loaded, its findings are texts with a place, and what runs answers, the same with partial evaluation and without. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POLICY_BYTES_MAX = 16384, ARENA_BYTES_MAX = 64 << 20 };

static void ask(const eh_policy *policy, eh_arena *arena)
{
    eh_policy_asker *asker = NULL;
    size_t facts = eh_policy_facts_count(policy);
    eh_cel_value *row = EH_TAKE(arena, facts, eh_cel_value);
    if (row == NULL || eh_policy_asker_open(policy, &asker, NULL) != EH_OK)
        abort();
    for (size_t i = 0; i < facts; i++)
        row[i] = strcmp(eh_policy_fact_type(policy, i), "bool") == 0 ? eh_cel_bool(i % 2 == 0) : strcmp(eh_policy_fact_type(policy, i), "int") == 0 ? eh_cel_int((int64_t)i)
                                                                                                                             : eh_cel_unknown();
    eh_policy_decision before = eh_policy_ask(asker, row);
    EH_ASSERT(!before.permitted || eh_policy_runnable(policy, NULL) == EH_OK);
    if (eh_policy_asker_specialise(asker, row, NULL) == EH_OK) {
        eh_policy_decision after = eh_policy_ask(asker, row);
        EH_ASSERT(before.permitted == after.permitted && before.why == after.why && before.rule == after.rule);
    }
    eh_policy_asker_close(&asker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > POLICY_BYTES_MAX)
        return 0;
    eh_arena *arena = eh_arena_open(ARENA_BYTES_MAX);
    char *text = arena == NULL ? NULL : eh_arena_copy(arena, (eh_view){(const char *)data, size});
    eh_policy *policy = NULL;
    eh_error error = {0};
    const eh_policy_options options = {.packs_folder = "/nonexistent", .now = {1796083200, 0}};
    if (text == NULL)
        abort();
    if (eh_policy_parse((eh_view){text, size}, "fuzz/policy.yaml", &options, &policy, &error) == EH_OK) {
        size_t count = 0;
        eh_policy_tests tests = {0};
        const eh_policy_finding *findings = eh_policy_findings(policy, &count);
        for (size_t i = 0; i < count; i++)
            EH_ASSERT(findings[i].text != NULL && findings[i].file != NULL);
        ask(policy, arena);
        eh_code tested = eh_policy_test_all(policy, arena, &tests, &error);
        EH_ASSERT(tested != EH_OK || eh_policy_runnable(policy, NULL) == EH_OK);
    } else {
        EH_ASSERT(error.text[0] != '\0');
    }
    eh_policy_close(&policy);
    eh_arena_close(&arena);
    return 0;
}
