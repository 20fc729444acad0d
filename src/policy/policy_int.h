/** A loaded policy, for the files of this room. */
#ifndef EH_POLICY_POLICY_INT_H
#define EH_POLICY_POLICY_INT_H

#include <pthread.h>

#include "base/yaml.h"
#include "policy/policy.h"

/** A fact as declared. */
typedef struct {
    const char *name, *type;
    const eh_yaml_node *node;
    const eh_cel_value *values; /* its finite domain; NULL: none */
    uint32_t values_count;
    bool outside;               /* not in the policy's list of data */
} fact;

/** One file of a policy: itself, or a pack. */
typedef struct {
    const char *path, *name;
    eh_yaml_document *document;
} policy_file;

typedef struct {
    const eh_yaml_node *node, *facts; /* `facts`: a mapping */
    size_t rule;                      /* rules_count: a test of the whole policy */
    const char *name;
    bool applies;                     /* wanted of a rule */
    int32_t decision;                 /* wanted of the policy: 0 permit, 1 deny */
    const char *const *by;            /* rules that must apply */
    size_t by_count;
} policy_case;

struct eh_policy {
    eh_arena *arena;
    eh_policy_options options;
    policy_file files[EH_POLICY_PACKS_MAX + 1];
    eh_policy_text texts[EH_POLICY_PACKS_MAX + 1]; /* of the files */
    size_t files_count;
    eh_cel_env *env;
    eh_zones *zones;
    pthread_mutex_t *compiling; /* in the arena; held while a condition is compiled after loading */
    fact *facts;
    size_t facts_count, facts_capacity;
    eh_rule *rules;
    uint32_t *cap_slots; /* per rule */
    size_t rules_count;
    eh_guard *guards;
    size_t guards_count;
    policy_case *cases;
    size_t cases_count, cases_capacity;
    eh_policy_finding *findings;
    size_t findings_count;
    size_t errors_count;
    eh_policy_facts about;
    uint64_t cost_ceiling;
};

/** A finding at a node (NULL: where the rule stands, or the whole policy), cut at EH_ERROR_TEXT_BYTES_MAX; beyond EH_POLICY_FINDINGS_MAX only counted. */
void policy_error(eh_policy *policy, const eh_yaml_node *where, const char *rule, const char *format, ...) EH_PRINTF(4, 5);
void policy_warn(eh_policy *policy, const eh_yaml_node *where, const char *rule, const char *format, ...) EH_PRINTF(4, 5);
/** Facts, rules, guards and cases of a file. Files are read in their order: packs first. errors: EH_MEMORY, EH_LIMIT */
EH_MUST_USE eh_code policy_facts_read(eh_policy *policy, const policy_file *file, eh_error *error);
EH_MUST_USE eh_code policy_rules_read(eh_policy *policy, const policy_file *file, eh_error *error);
/** Texts by language: a mapping, or one text, which is English. Findings for what is wrong. */
EH_MUST_USE eh_code policy_texts_read(eh_policy *policy, const eh_yaml_node *node, eh_texts *texts_out, eh_error *error);
/** The text of a ready pack that is a part of the program; false when there is none of that name. */
bool policy_pack_embedded(const char *name, eh_view *text_out);
/** Dead, shadowed, always true: over the finite domains of the facts. */
EH_MUST_USE eh_code policy_analyse(eh_policy *policy, eh_error *error);
/** A row for a case: a mapping of facts; what is wrong is a finding. */
EH_MUST_USE eh_code policy_case_row(const eh_policy *policy, const eh_yaml_node *facts, eh_arena *arena, eh_cel_value *row_out, eh_error *error);

#endif
