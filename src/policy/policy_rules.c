/* Facts, rules, guards and tests of one file. */
#include "policy/policy_int.h"

#include <stddef.h>
#include <string.h>

enum { DOMAIN_MAX = 256 };

/* ---- facts ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *type, *says;
    const eh_yaml_node *values;
    int64_t from, to;
} fact_keys;

static const eh_yaml_field fact_fields[] = {
    {"type", EH_FIELD_TEXT, true, offsetof(fact_keys, type), NULL, 0, 0, "a type such as bool, int, string, list(string) or timestamp"},
    {"says", EH_FIELD_TEXT, false, offsetof(fact_keys, says), NULL, 0, 0, NULL},
    {"values", EH_FIELD_LIST, false, offsetof(fact_keys, values), NULL, 0, 0, "all values that it can have"},
    {"from", EH_FIELD_INTEGER, false, offsetof(fact_keys, from), NULL, 0, 0, NULL},
    {"to", EH_FIELD_INTEGER, false, offsetof(fact_keys, to), NULL, 0, 0, NULL},
};

static eh_cel_value scalar_of(const eh_yaml_node *node)
{
    switch (node->type) {
    case EH_YAML_BOOLEAN:
        return eh_cel_bool(node->boolean);
    case EH_YAML_INTEGER:
        return eh_cel_int(node->integer);
    case EH_YAML_NUMBER:
        return eh_cel_double(node->number);
    case EH_YAML_TEXT:
        return eh_cel_string(eh_view_of(node->text));
    default:
        return eh_cel_null();
    }
}

/* The finite domain: truth values, listed values, whole numbers of a short range. */
static eh_code domain_read(eh_policy *policy, fact *of, const fact_keys *keys, eh_error *error)
{
    bool truth = strcmp(of->type, "bool") == 0, range = strcmp(of->type, "int") == 0 && keys->from < keys->to && keys->to - keys->from < DOMAIN_MAX;
    size_t count = truth ? 2 : keys->values != NULL ? keys->values->count : range ? (size_t)(keys->to - keys->from) + 1 : 0;
    if (count == 0 || count > DOMAIN_MAX)
        return EH_OK;
    eh_cel_value *values = EH_TAKE(policy->arena, count, eh_cel_value);
    if (values == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        values[i] = truth ? eh_cel_bool(i == 1) : keys->values != NULL ? scalar_of(keys->values->items[i]) : eh_cel_int(keys->from + (int64_t)i);
    of->values = values;
    of->values_count = (uint32_t)count;
    return EH_OK;
}

static eh_code fact_add(eh_policy *policy, const eh_yaml_member *member, eh_error *error)
{
    fact_keys keys = {0};
    const char *name = member->key->text;
    if (member->value->type == EH_YAML_TEXT)
        keys.type = member->value->text;
    else
        EH_TRY(eh_yaml_read(member->value, fact_fields, sizeof fact_fields / sizeof fact_fields[0], &keys, error));
    size_t known = eh_policy_fact_find(policy, name);
    if (known != SIZE_MAX) {
        if (strcmp(policy->facts[known].type, keys.type) != 0)
            policy_error(policy, member->key, NULL, "%s: is %s here and %s in %s", name, keys.type, policy->facts[known].type,
                        policy->facts[known].node->file);
        return EH_OK;
    }
    if (policy->facts_count == policy->facts_capacity) {
        size_t capacity = policy->facts_capacity * 2 + 32;
        fact *larger = EH_TAKE(policy->arena, capacity, fact);
        if (larger == NULL)
            return eh_fail_memory(error);
        if (policy->facts_count > 0)
            memcpy(larger, policy->facts, policy->facts_count * sizeof *larger);
        policy->facts = larger;
        policy->facts_capacity = capacity;
    }
    fact *added = &policy->facts[policy->facts_count++];
    *added = (fact){.name = name, .type = keys.type, .node = member->key};
    return domain_read(policy, added, &keys, error);
}

eh_code policy_facts_read(eh_policy *policy, const policy_file *file, eh_error *error)
{
    const eh_yaml_node *facts = eh_yaml_member_value(eh_yaml_root(file->document), "facts");
    for (size_t i = 0; facts != NULL && i < facts->count; i++)
        EH_TRY(fact_add(policy, &facts->members[i], error));
    return EH_OK;
}

size_t eh_policy_facts_count(const eh_policy *policy)
{
    return policy->facts_count;
}

const char *eh_policy_fact_name(const eh_policy *policy, size_t index)
{
    EH_ASSERT(index < policy->facts_count);
    return policy->facts[index].name;
}

const char *eh_policy_fact_type(const eh_policy *policy, size_t index)
{
    EH_ASSERT(index < policy->facts_count);
    return policy->facts[index].type;
}

size_t eh_policy_fact_find(const eh_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->facts_count; i++)
        if (strcmp(policy->facts[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

/* ---- texts ------------------------------------------------------------------------------------------------------------------------------- */

eh_code policy_texts_read(eh_policy *policy, const eh_yaml_node *node, eh_texts *texts_out, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    bool one = node->type == EH_YAML_TEXT;
    if (!one && (node->type != EH_YAML_MAPPING || node->count == 0)) {
        policy_error(policy, node, NULL, "is a text, or texts by language, such as {en: ..., de: ...}");
        return EH_OK;
    }
    size_t count = one ? 1 : node->count;
    const char **languages = EH_TAKE(policy->arena, count, const char *), **texts = EH_TAKE(policy->arena, count, const char *);
    if (languages == NULL || texts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        languages[i] = one ? "en" : node->members[i].key->text;
        texts[i] = one ? node->text : node->members[i].value->text;
        if (texts[i] == NULL || texts[i][0] == '\0') {
            policy_error(policy, one ? node : node->members[i].key, NULL, "the text is missing");
            texts[i] = "";
        }
    }
    *texts_out = (eh_texts){.count = count, .languages = languages, .texts = texts};
    return EH_OK;
}

const char *eh_texts_find(const eh_texts *texts, const char *language)
{
    size_t primary = strcspn(language, "-_");
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->languages[i], language) == 0)
            return texts->texts[i];
    for (size_t i = 0; i < texts->count; i++)
        if (strncmp(texts->languages[i], language, primary) == 0 && texts->languages[i][primary] == '\0')
            return texts->texts[i];
    return texts->count > 0 ? texts->texts[0] : NULL;
}

/* ---- rules ------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *id, *when, *owner, *review_by;
    int32_t effect;
    const eh_yaml_node *law, *explanation, *disclosure, *cap, *tests;
} rule_keys;

typedef struct {
    const char *of;
    int64_t at_most;
} cap_keys;

static const char *const effect_names[] = {"permit", "forbid", "require", "cap", NULL};
_Static_assert(sizeof effect_names / sizeof effect_names[0] == EH_RULE_EFFECTS_COUNT + 1, "a name for every effect");

static const eh_yaml_field rule_fields[] = {
    {"id", EH_FIELD_TEXT, true, offsetof(rule_keys, id), NULL, 0, 0, "the rule's name, such as no-minors"},
    {"effect", EH_FIELD_CHOICE, true, offsetof(rule_keys, effect), effect_names, 0, 0, NULL},
    {"when", EH_FIELD_SCALAR, true, offsetof(rule_keys, when), NULL, 0, 0, "a condition, such as age >= 18"},
    {"law", EH_FIELD_NODE, false, offsetof(rule_keys, law), NULL, 0, 0, NULL},
    {"explanation", EH_FIELD_NODE, false, offsetof(rule_keys, explanation), NULL, 0, 0, NULL},
    {"disclosure", EH_FIELD_NODE, false, offsetof(rule_keys, disclosure), NULL, 0, 0, NULL},
    {"cap", EH_FIELD_MAPPING, false, offsetof(rule_keys, cap), NULL, 0, 0, NULL},
    {"owner", EH_FIELD_TEXT, false, offsetof(rule_keys, owner), NULL, 0, 0, NULL},
    {"review_by", EH_FIELD_TEXT, false, offsetof(rule_keys, review_by), NULL, 0, 0, NULL},
    {"tests", EH_FIELD_LIST, false, offsetof(rule_keys, tests), NULL, 0, 0, NULL},
};
static const eh_yaml_field cap_fields[] = {
    {"of", EH_FIELD_TEXT, true, offsetof(cap_keys, of), NULL, 0, 0, "the fact that counts, such as sent_7_days"},
    {"at_most", EH_FIELD_INTEGER, true, offsetof(cap_keys, at_most), NULL, 0, 1e9, NULL},
};

const char *eh_rule_effect_name(eh_rule_effect effect)
{
    return effect_names[effect];
}

/* A file's owner and review date hold for rules that have none. */
static void inherit(eh_policy *policy, eh_rule *rule, const rule_keys *keys, const eh_yaml_node *node, const eh_yaml_node *root)
{
    eh_error why = {0};
    const eh_yaml_node *owner = eh_yaml_member_value(root, "owner"), *review = eh_yaml_member_value(root, "review_by");
    rule->owner = keys->owner != NULL ? keys->owner : owner->text;
    const char *date = keys->review_by != NULL ? keys->review_by : review->text;
    if (eh_instant_parse_date(eh_view_of(date), &rule->review_by, &why) != EH_OK) {
        if (keys->review_by != NULL)
            policy_error(policy, node, rule->id, "review_by: %s", why.text);
    } else if (keys->review_by != NULL && eh_instant_compare(policy->options.now, rule->review_by) >= 0) {
        policy_warn(policy, node, rule->id, "the review of this rule was due by %s", date);
    }
}

static void program_check(eh_policy *policy, const eh_rule *rule, const eh_yaml_node *where)
{
    size_t count = 0;
    const uint32_t *slots = eh_cel_program_slots(rule->program, &count);
    const char *type = eh_cel_program_type(rule->program);
    if (strcmp(type, "bool") != 0 && strcmp(type, "dyn") != 0)
        policy_error(policy, where, rule->id, "when: gives %s, and a condition gives bool", type);
    for (size_t i = 0; i < count; i++)
        if (policy->facts[slots[i]].outside)
            policy_error(policy, where, rule->id, "when: reads '%s', which is not in the policy's list of data (BASIS-2)",
                        policy->facts[slots[i]].name);
    uint64_t cost = eh_cel_program_cost_max(rule->program);
    if (cost > policy->cost_ceiling)
        policy_error(policy, where, rule->id, "when: may cost %llu steps, at most %llu", (unsigned long long)cost,
                    (unsigned long long)policy->cost_ceiling);
}

static eh_code effect_check(eh_policy *policy, eh_rule *rule, const rule_keys *keys, const eh_yaml_node *node, eh_error *error)
{
    size_t index = policy->rules_count;
    policy->cap_slots[index] = UINT32_MAX;
    if ((rule->effect == EH_RULE_REQUIRE) != (keys->disclosure != NULL))
        policy_error(policy, node, rule->id, "a rule that requires has a disclosure, the words that must stand in the message, and no other has");
    if ((rule->effect == EH_RULE_CAP) != (keys->cap != NULL))
        policy_error(policy, node, rule->id, "a cap has cap: {of: FACT, at_most: NUMBER}, and no other rule has");
    EH_TRY(policy_texts_read(policy, keys->disclosure, &rule->disclosure, error));
    if (keys->cap == NULL)
        return EH_OK;
    cap_keys cap = {0};
    EH_TRY(eh_yaml_read(keys->cap, cap_fields, 2, &cap, error));
    size_t counted = eh_policy_fact_find(policy, cap.of);
    if (counted == SIZE_MAX || strcmp(policy->facts[counted].type, "int") != 0)
        policy_error(policy, keys->cap, rule->id, "cap: '%s' is not among the facts, or is no int", cap.of);
    else if (policy->facts[counted].outside)
        policy_error(policy, keys->cap, rule->id, "cap: reads '%s', which is not in the policy's list of data (BASIS-2)", cap.of);
    else
        policy->cap_slots[index] = (uint32_t)counted;
    rule->cap_of = cap.of;
    rule->cap_at_most = cap.at_most;
    return EH_OK;
}

static eh_code law_read(eh_policy *policy, const eh_yaml_node *law, const char *const **texts_out, size_t *count_out, eh_error *error)
{
    if (law == NULL)
        return EH_OK;
    return eh_yaml_texts(law, 64, policy->arena, texts_out, count_out, error);
}

/* ---- tests ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const eh_yaml_node *facts, *by;
    bool applies;
    int32_t expect;
} case_keys;

static const char *const decisions[] = {"permit", "deny", NULL};
static const eh_yaml_field rule_case_fields[] = {
    {"name", EH_FIELD_TEXT, false, offsetof(case_keys, name), NULL, 0, 0, NULL},
    {"facts", EH_FIELD_MAPPING, true, offsetof(case_keys, facts), NULL, 0, 0, "what is known, such as {age: 17}"},
    {"applies", EH_FIELD_BOOLEAN, true, offsetof(case_keys, applies), NULL, 0, 0, "true when the rule should apply"},
};
static const eh_yaml_field policy_case_fields[] = {
    {"name", EH_FIELD_TEXT, true, offsetof(case_keys, name), NULL, 0, 0, NULL},
    {"facts", EH_FIELD_MAPPING, true, offsetof(case_keys, facts), NULL, 0, 0, "what is known, such as {age: 17}"},
    {"expect", EH_FIELD_CHOICE, true, offsetof(case_keys, expect), decisions, 0, 0, NULL},
    {"by", EH_FIELD_LIST, false, offsetof(case_keys, by), NULL, 0, 0, "the rules that must apply"},
};

static eh_code case_add(eh_policy *policy, const eh_yaml_node *node, size_t rule, eh_error *error)
{
    case_keys keys = {0};
    if (rule == SIZE_MAX)
        EH_TRY(eh_yaml_read(node, policy_case_fields, 4, &keys, error));
    else
        EH_TRY(eh_yaml_read(node, rule_case_fields, 3, &keys, error));
    if (policy->cases_count == EH_POLICY_TESTS_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "more than %d tests", EH_POLICY_TESTS_MAX);
    if (policy->cases_count == policy->cases_capacity) {
        size_t capacity = policy->cases_capacity * 2 + 64;
        policy_case *larger = EH_TAKE(policy->arena, capacity, policy_case);
        if (larger == NULL)
            return eh_fail_memory(error);
        if (policy->cases_count > 0)
            memcpy(larger, policy->cases, policy->cases_count * sizeof *larger);
        policy->cases = larger;
        policy->cases_capacity = capacity;
    }
    policy_case *added = &policy->cases[policy->cases_count++];
    *added = (policy_case){.node = node, .facts = keys.facts, .rule = rule, .name = keys.name, .applies = keys.applies, .decision = keys.expect};
    for (size_t i = 0; i < keys.facts->count; i++)
        if (eh_policy_fact_find(policy, keys.facts->members[i].key->text) == SIZE_MAX)
            policy_error(policy, keys.facts->members[i].key, NULL, "a test names '%s', which is not among the facts",
                        keys.facts->members[i].key->text);
    if (keys.by != NULL)
        return eh_yaml_texts(keys.by, EH_POLICY_RULES_MAX, policy->arena, &added->by, &added->by_count, error);
    return EH_OK;
}

static eh_code rule_add(eh_policy *policy, const policy_file *file, const eh_yaml_node *node, eh_error *error)
{
    rule_keys keys = {0};
    eh_error why = {0};
    EH_TRY(eh_yaml_read(node, rule_fields, sizeof rule_fields / sizeof rule_fields[0], &keys, error));
    if (policy->rules_count == EH_POLICY_RULES_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "more than %d rules", EH_POLICY_RULES_MAX);
    for (size_t i = 0; i < policy->rules_count; i++)
        if (strcmp(policy->rules[i].id, keys.id) == 0)
            policy_error(policy, node, keys.id, "there is a rule of that id already, in %s", policy->rules[i].file);
    size_t index = policy->rules_count;
    eh_rule *rule = &policy->rules[index];
    *rule = (eh_rule){.id = keys.id, .effect = (eh_rule_effect)keys.effect, .pack = file->name, .file = file->path, .line = node->line, .when = keys.when};
    inherit(policy, rule, &keys, node, eh_yaml_root(file->document));
    EH_TRY(law_read(policy, keys.law, &rule->law, &rule->law_count, error));
    EH_TRY(policy_texts_read(policy, keys.explanation, &rule->explanation, error));
    EH_TRY(effect_check(policy, rule, &keys, node, error));
    const eh_yaml_node *when = eh_yaml_member_value(node, "when");
    eh_code code = eh_cel_compile(policy->env, eh_view_of(keys.when), policy->arena, &rule->program, &why);
    if (code == EH_MEMORY)
        return eh_fail_memory(error);
    if (code != EH_OK)
        policy_error(policy, when, rule->id, "when: %s", why.text);
    else
        program_check(policy, rule, when);
    if (rule->explanation.count == 0)
        policy_error(policy, node, rule->id, "the explanation is missing: words for the customer, by language");
    if (keys.tests == NULL || keys.tests->count == 0)
        policy_error(policy, node, rule->id, "a test is missing: tests: [{facts: {...}, applies: true}]");
    policy->rules_count++;
    for (size_t i = 0; keys.tests != NULL && i < keys.tests->count; i++)
        EH_TRY(case_add(policy, keys.tests->items[i], index, error));
    return EH_OK;
}

/* ---- guards ------------------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *id, *measure;
    const eh_yaml_node *by, *law, *explanation;
    double tolerance, confidence;
    int32_t cannot_tell;
} guard_keys;

static const char *const cannot_tell_names[] = {"ask", "stop", NULL};
static const char *const measures[] = {"selection_rate_ratio", "selection_rate_difference", "true_positive_rate_ratio", "true_positive_rate_difference",
                                       "false_positive_rate_difference", "value_ratio", "benefit_ratio", "calibration_difference"};
static const eh_yaml_field guard_fields[] = {
    {"id", EH_FIELD_TEXT, true, offsetof(guard_keys, id), NULL, 0, 0, NULL},
    {"measure", EH_FIELD_TEXT, true, offsetof(guard_keys, measure), NULL, 0, 0, "a measure such as selection_rate_ratio"},
    {"by", EH_FIELD_NODE, true, offsetof(guard_keys, by), NULL, 0, 0, "protected attributes, or '*' for all of them"},
    {"tolerance", EH_FIELD_NUMBER, true, offsetof(guard_keys, tolerance), NULL, 0, 1, NULL},
    {"confidence", EH_FIELD_NUMBER, false, offsetof(guard_keys, confidence), NULL, 0.5, 0.9999, NULL},
    {"cannot_tell", EH_FIELD_CHOICE, false, offsetof(guard_keys, cannot_tell), cannot_tell_names, 0, 0, NULL},
    {"law", EH_FIELD_NODE, false, offsetof(guard_keys, law), NULL, 0, 0, NULL},
    {"explanation", EH_FIELD_NODE, true, offsetof(guard_keys, explanation), NULL, 0, 0, NULL},
};

static eh_code guard_add(eh_policy *policy, const eh_yaml_node *node, eh_error *error)
{
    guard_keys keys = {.confidence = 0.95};
    EH_TRY(eh_yaml_read(node, guard_fields, sizeof guard_fields / sizeof guard_fields[0], &keys, error));
    if (policy->guards_count == EH_POLICY_GUARDS_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "more than %d guards", EH_POLICY_GUARDS_MAX);
    bool known = false;
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++)
        known |= strcmp(measures[i], keys.measure) == 0;
    const char *nearest = eh_nearest_name(keys.measure, measures, sizeof measures / sizeof measures[0]);
    if (!known)
        policy_error(policy, node, keys.id, "measure: '%s' is none%s%s%s", keys.measure, nearest == NULL ? "" : "; do you mean ",
                    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
    for (size_t i = 0; i < policy->guards_count; i++)
        if (strcmp(policy->guards[i].id, keys.id) == 0)
            policy_error(policy, node, keys.id, "there is a guard of that id already");
    eh_guard *guard = &policy->guards[policy->guards_count];
    *guard = (eh_guard){.id = keys.id, .measure = keys.measure, .tolerance = keys.tolerance, .confidence = keys.confidence,
                        .cannot_tell = (eh_cannot_tell)keys.cannot_tell};
    EH_TRY(eh_yaml_texts(keys.by, EH_ATTRIBUTES_MAX, policy->arena, &guard->by, &guard->by_count, error));
    EH_TRY(law_read(policy, keys.law, &guard->law, &guard->law_count, error));
    policy->guards_count++;
    return policy_texts_read(policy, keys.explanation, &guard->explanation, error);
}

eh_code policy_rules_read(eh_policy *policy, const policy_file *file, eh_error *error)
{
    const eh_yaml_node *root = eh_yaml_root(file->document), *rules = eh_yaml_member_value(root, "rules");
    const eh_yaml_node *guards = eh_yaml_member_value(root, "guards"), *tests = eh_yaml_member_value(root, "tests");
    for (size_t i = 0; rules != NULL && i < rules->count; i++)
        EH_TRY(rule_add(policy, file, rules->items[i], error));
    for (size_t i = 0; guards != NULL && i < guards->count; i++)
        EH_TRY(guard_add(policy, guards->items[i], error));
    /* What a pack expects of the whole holds for the pack alone: other rules beside it may decide otherwise. */
    for (size_t i = 0; file == &policy->files[0] && tests != NULL && i < tests->count; i++)
        EH_TRY(case_add(policy, tests->items[i], SIZE_MAX, error));
    return EH_OK;
}
