/* Goal: a policy decides as its README says: default deny, forbid wins, error and unknown deny; partial evaluation changes nothing; all packs run. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#define HEAD "policy: p\nversion: 1\nowner: o\nreview_by: 2027-01-01\n"
#define FACTS "facts: { age: { type: int, from: 0, to: 120 }, ok: bool, region: { type: string, values: [eu, us] }, sent: int, tags: list(string) }\n"
#define RULE(id, effect, when, more) "  - { id: " id ", effect: " effect ", when: \"" when "\", explanation: Words., " more "tests: [{ facts: {}, applies: true }] }\n"

static const char TEXT[] = HEAD FACTS "rules:\n"
    RULE("agreed", "permit", "ok", "")
    RULE("staff", "permit", "'staff' in tags", "")
    RULE("minors", "forbid", "age < 18", "")
    RULE("division", "forbid", "100 / age > 50", "")
    RULE("told", "require", "region == 'eu'", "disclosure: { en: Why., de: Warum. }, ")
    RULE("often", "cap", "region == 'eu'", "cap: { of: sent, at_most: 3 }, ");

/* 2026-12-01 */
static const eh_policy_options options = {.now = {1796083200, 0}, .packs_folder = "."};

static eh_policy *parsed(const char *text)
{
    eh_policy *policy = NULL;
    eh_error error = {0};
    if (eh_policy_parse(eh_view_of(text), "policy.yaml", &options, &policy, &error) != EH_OK)
        fail_msg("%s", error.text);
    return policy;
}

typedef struct {
    const char *facts;
    bool permitted;
    eh_policy_why why;
    const char *rule; /* NULL: none */
    size_t requires;
} decision_row;

static const decision_row decisions[] = {
    {"{\"age\": 30, \"ok\": true, \"region\": \"us\"}", true, EH_POLICY_PERMITTED, "agreed", 0},
    {"{\"age\": 30, \"ok\": false, \"region\": \"us\", \"tags\": [\"staff\"]}", true, EH_POLICY_PERMITTED, "staff", 0},
    {"{\"age\": 30, \"ok\": false, \"region\": \"us\", \"tags\": []}", false, EH_POLICY_NO_PERMIT, NULL, 0},
    {"{\"age\": 17, \"ok\": true, \"region\": \"us\"}", false, EH_POLICY_FORBIDDEN, "minors", 0},
    {"{\"ok\": true, \"region\": \"us\"}", false, EH_POLICY_UNSURE, "minors", 0},            /* an unknown fact in a forbid denies */
    {"{\"age\": 0, \"ok\": true, \"region\": \"us\"}", false, EH_POLICY_FORBIDDEN, "minors", 0}, /* and a forbid that applies is the better reason */
    {"{\"age\": 30, \"region\": \"us\"}", false, EH_POLICY_NO_PERMIT, NULL, 0},              /* an unknown permit is no permit */
    {"{\"age\": 30, \"ok\": true, \"region\": \"eu\", \"sent\": 2}", true, EH_POLICY_PERMITTED, "agreed", 1},
    {"{\"age\": 30, \"ok\": true, \"region\": \"eu\", \"sent\": 3}", false, EH_POLICY_CAPPED, "often", 1},
    {"{\"age\": 30, \"ok\": true, \"region\": \"eu\"}", false, EH_POLICY_CAPPED, "often", 1}, /* what a cap counts is not known */
    {"{\"age\": 30, \"ok\": true, \"sent\": 0}", true, EH_POLICY_PERMITTED, "agreed", 1},     /* a disclosure that may be due is due */
    {"{}", false, EH_POLICY_UNSURE, "minors", 1},
};

static void assert_decision(const eh_policy *policy, const eh_policy_decision *decision, const decision_row *row)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    assert_int_equal(decision->why, row->why);
    assert_int_equal(decision->permitted, row->permitted);
    assert_int_equal(decision->requires_count, row->requires);
    if (row->rule == NULL)
        assert_int_equal(decision->rule, about->rules_count);
    else
        assert_string_equal(about->rules[decision->rule].id, row->rule);
}

static void row_read(const eh_policy *policy, const char *facts, eh_arena *arena, eh_cel_value *row)
{
    eh_json_document *document = NULL;
    assert_int_equal(eh_json_parse(eh_view_of(facts), "facts", &document, NULL), EH_OK);
    assert_int_equal(eh_policy_row(policy, eh_json_root(document), arena, row, NULL), EH_OK);
    /* Texts are borrowed from the document: keep it as long as the test runs. */
    static const char *const words[] = {"eu", "us", "staff"};
    for (size_t i = 0; i < eh_policy_facts_count(policy); i++)
        for (size_t k = 0; k < 3; k++)
            if (row[i].kind == EH_CEL_STRING && eh_view_equal(eh_cel_text(row[i]), eh_view_of(words[k])))
                row[i] = eh_cel_string(eh_view_of(words[k]));
    if (strstr(facts, "staff") != NULL) {
        static const eh_cel_value staff[1] = {{.kind = EH_CEL_STRING, .len = 5, .text = "staff"}};
        row[eh_policy_fact_find(policy, "tags")] = eh_cel_list_of(arena, staff, 1);
    }
    eh_json_close(&document);
}

static void decides(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    EH_CLEANUP(eh_policy_close) eh_policy *policy = parsed(TEXT);
    EH_CLEANUP(eh_policy_asker_close) eh_policy_asker *asker = NULL;
    eh_cel_value row[8];
    assert_int_equal(eh_policy_runnable(policy, NULL), EH_OK);
    assert_int_equal(eh_policy_asker_open(policy, &asker, NULL), EH_OK);
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        row_read(policy, decisions[i].facts, arena, row);
        eh_policy_decision decision = eh_policy_ask(asker, row);
        assert_decision(policy, &decision, &decisions[i]);
        assert_true(decision.cost > 0);
    }
}

/* Whatever subset of a row is known before, the answers are the same. */
static void partial_evaluation_changes_nothing(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    EH_CLEANUP(eh_policy_close) eh_policy *policy = parsed(TEXT);
    EH_CLEANUP(eh_policy_asker_close) eh_policy_asker *asker = NULL;
    size_t facts = eh_policy_facts_count(policy);
    assert_int_equal(eh_policy_asker_open(policy, &asker, NULL), EH_OK);
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        for (uint32_t subset = 0; subset < 1u << facts; subset++) {
            eh_cel_value row[8], known[8];
            row_read(policy, decisions[i].facts, arena, row);
            for (size_t k = 0; k < facts; k++)
                known[k] = subset >> k & 1 ? row[k] : eh_cel_unknown();
            assert_int_equal(eh_policy_asker_specialise(asker, known, NULL), EH_OK);
            eh_policy_decision decision = eh_policy_ask(asker, row);
            assert_decision(policy, &decision, &decisions[i]);
        }
    }
    eh_cel_value known[8];
    row_read(policy, "{\"region\": \"us\", \"age\": 30}", arena, known);
    assert_int_equal(eh_policy_asker_specialise(asker, known, NULL), EH_OK);
    assert_string_equal(eh_policy_asker_residual(asker, 0), "ok");
    assert_string_equal(eh_policy_asker_residual(asker, 2), "false");
    assert_string_equal(eh_policy_asker_residual(asker, 4), "false");
}

static void a_policy_with_errors_denies(void **state)
{
    (void)state;
    static const char *const texts[] = {
        HEAD FACTS "rules:\n" RULE("agreed", "permit", "ok", "") RULE("typo", "forbid", "aeg < 18", ""),
        "policy: p\nversion: 1\nowner: o\nreview_by: 2026-11-16\n" FACTS "rules:\n" RULE("agreed", "permit", "ok", ""), /* grace ended on the 30th */
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
        EH_CLEANUP(eh_policy_close) eh_policy *policy = parsed(texts[i]);
        EH_CLEANUP(eh_policy_asker_close) eh_policy_asker *asker = NULL;
        eh_cel_value row[8];
        eh_error error = {0};
        assert_int_equal(eh_policy_runnable(policy, &error), EH_DENIED);
        assert_int_equal(eh_policy_asker_open(policy, &asker, NULL), EH_OK);
        row_read(policy, "{\"age\": 30, \"ok\": true}", arena, row);
        eh_policy_decision decision = eh_policy_ask(asker, row);
        assert_false(decision.permitted);
        assert_int_equal(decision.why, EH_POLICY_UNSURE);
    }
    /* Overdue, but within the grace: a warning. */
    EH_CLEANUP(eh_policy_close) eh_policy *policy = parsed("policy: p\nversion: 1\nowner: o\nreview_by: 2026-11-20\n" FACTS "rules:\n" RULE("agreed", "permit", "ok", ""));
    size_t count = 0;
    const eh_policy_finding *findings = eh_policy_findings(policy, &count);
    assert_int_equal(eh_policy_runnable(policy, NULL), EH_OK);
    assert_int_equal(count, 1);
    assert_int_equal(findings[0].kind, EH_POLICY_WARNING);
    assert_non_null(strstr(findings[0].text, "after 2026-12-04 the policy refuses to run"));
}

static void refuses_what_is_no_policy(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "policy.yaml"},
        {"policy: p\n", "version"},
        {HEAD "rules: 3\n", "rules"},
        {HEAD "rulez: []\n", "rulez"},
        {HEAD "uses: [nowhere]\n", "there is no pack 'nowhere'"},
        {HEAD FACTS "rules:\n  - { id: a, effect: allow, when: ok }\n", "effect"},
        {HEAD FACTS "rules:\n  - { id: a, effect: permit }\n", "when"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_policy *policy = NULL;
        eh_error error = {0};
        assert_true(eh_policy_parse(eh_view_of(rows[i].text), "policy.yaml", &options, &policy, &error) != EH_OK);
        assert_null(policy);
        if (strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s", error.text);
    }
}

static void all_packs_pass_and_are_covered(void **state)
{
    (void)state;
    static const char *const packs[] = {"eu", "uk", "us", "ca", "house"};
    const char *source = getenv("EVENHAND_SOURCE");
    assert_non_null(source);
    for (size_t i = 0; i < sizeof packs / sizeof packs[0]; i++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(64 << 20);
        EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
        eh_policy_tests tests = {0};
        eh_error error = {0};
        size_t findings_count = 0;
        char *path = eh_arena_format(arena, "%s/policies/%s.yaml", source, packs[i]);
        if (eh_policy_open(path, &options, &policy, &error) != EH_OK || eh_policy_test_all(policy, arena, &tests, &error) != EH_OK)
            fail_msg("%s", error.text);
        const eh_policy_finding *findings = eh_policy_findings(policy, &findings_count);
        if (findings_count > 0)
            fail_msg("%s: %s: %s", packs[i], findings[0].rule, findings[0].text);
        for (size_t k = 0; k < tests.tests_count; k++)
            if (!tests.tests[k].passed)
                fail_msg("%s:%u: %s", packs[i], tests.tests[k].line, tests.tests[k].text);
        assert_true(tests.tests_count > 20);
        assert_int_equal(tests.covered_count, 2 * tests.parts_count);
        const eh_policy_facts *about = eh_policy_about(policy);
        for (size_t k = 0; k < about->rules_count; k++) {
            assert_non_null(eh_texts_find(&about->rules[k].explanation, "de-AT"));
            assert_true(about->rules[k].law_count > 0);
        }
    }
}

static void finds_a_text_by_language(void **state)
{
    (void)state;
    static const char *const languages[] = {"en", "de"}, *const words[] = {"Why.", "Warum."};
    const eh_texts texts = {2, languages, words}, none = {0};
    assert_string_equal(eh_texts_find(&texts, "de"), "Warum.");
    assert_string_equal(eh_texts_find(&texts, "de-AT"), "Warum.");
    assert_string_equal(eh_texts_find(&texts, "ja"), "Why.");
    assert_string_equal(eh_texts_find(&texts, ""), "Why.");
    assert_null(eh_texts_find(&none, "en"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides), cmocka_unit_test(partial_evaluation_changes_nothing), cmocka_unit_test(a_policy_with_errors_denies),
        cmocka_unit_test(refuses_what_is_no_policy), cmocka_unit_test(all_packs_pass_and_are_covered), cmocka_unit_test(finds_a_text_by_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
