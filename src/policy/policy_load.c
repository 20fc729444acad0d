/* A policy file and the packs that it uses: read, checked, compiled. What is wrong inside is a finding, so that all of it can be shown at once. */
#include "base/secrets.h"
#include "policy/policy_int.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

enum { POLICY_ARENA_BYTES_MAX = 512 << 20, GRACE_DAYS_USUAL = 14, GRACE_DAYS_MAX = 366, DAY_SECONDS = 86400, PATH_BYTES_MAX = 4096 };

/* The keys of a policy file. */
typedef struct {
    const char *name, *version, *owner, *review_by, *says;
    int64_t grace_days, cost;
    const eh_yaml_node *uses, *data, *facts, *rules, *guards, *tests, *approvers;
} policy_keys;

static const eh_yaml_field policy_fields[] = {
    {"policy", EH_FIELD_TEXT, true, offsetof(policy_keys, name), NULL, 0, 0, "the policy's name, such as blue-finch"},
    {"version", EH_FIELD_SCALAR, true, offsetof(policy_keys, version), NULL, 0, 0, "a version, such as 1"},
    {"says", EH_FIELD_TEXT, false, offsetof(policy_keys, says), NULL, 0, 0, NULL},
    {"owner", EH_FIELD_TEXT, true, offsetof(policy_keys, owner), NULL, 0, 0, "who answers for the policy"},
    {"review_by", EH_FIELD_TEXT, true, offsetof(policy_keys, review_by), NULL, 0, 0, "the date of the next review, such as 2027-06-01"},
    {"grace_days", EH_FIELD_INTEGER, false, offsetof(policy_keys, grace_days), NULL, 0, GRACE_DAYS_MAX, NULL},
    {"approvers", EH_FIELD_LIST, false, offsetof(policy_keys, approvers), NULL, 0, 0, NULL},
    {"cost", EH_FIELD_INTEGER, false, offsetof(policy_keys, cost), NULL, 1, EH_POLICY_COST_MAX, NULL},
    {"uses", EH_FIELD_LIST, false, offsetof(policy_keys, uses), NULL, 0, 0, "a list of packs, such as [eu, house]"},
    {"data", EH_FIELD_LIST, false, offsetof(policy_keys, data), NULL, 0, 0, "the list of facts that this policy's purpose allows"},
    {"facts", EH_FIELD_MAPPING, false, offsetof(policy_keys, facts), NULL, 0, 0, NULL},
    {"rules", EH_FIELD_LIST, false, offsetof(policy_keys, rules), NULL, 0, 0, NULL},
    {"guards", EH_FIELD_LIST, false, offsetof(policy_keys, guards), NULL, 0, 0, NULL},
    {"tests", EH_FIELD_LIST, false, offsetof(policy_keys, tests), NULL, 0, 0, NULL},
};
enum { POLICY_FIELDS_COUNT = sizeof policy_fields / sizeof policy_fields[0] };

/* ---- findings ---------------------------------------------------------------------------------------------------------------------- */

/* Where a finding stands: at a node, or where its rule does. */
static eh_policy_finding finding_at(const eh_policy *policy, eh_policy_finding_kind kind, const eh_yaml_node *where, const char *rule)
{
    eh_policy_finding finding = {.kind = kind, .rule = rule, .file = policy->files[0].path};
    if (where != NULL) {
        finding.file = where->file;
        finding.line = where->line;
        finding.column = where->column;
    }
    for (size_t i = 0; where == NULL && rule != NULL && i < policy->rules_count; i++) {
        if (policy->rules[i].id == rule) {
            finding.file = policy->rules[i].file;
            finding.line = policy->rules[i].line;
        }
    }
    return finding;
}

static void finding_add(eh_policy *policy, eh_policy_finding finding, const char *text)
{
    policy->errors_count += finding.kind == EH_POLICY_ERROR;
    if (policy->findings_count == EH_POLICY_FINDINGS_MAX)
        return;
    finding.text = eh_arena_copy(policy->arena, eh_view_of(text));
    if (finding.text == NULL)
        finding.text = "no memory left to say what was found";
    policy->findings[policy->findings_count++] = finding;
}

void policy_error(eh_policy *policy, const eh_yaml_node *where, const char *rule, const char *format, ...)
{
    char text[EH_ERROR_TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    finding_add(policy, finding_at(policy, EH_POLICY_ERROR, where, rule), text);
}

void policy_warn(eh_policy *policy, const eh_yaml_node *where, const char *rule, const char *format, ...)
{
    char text[EH_ERROR_TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    finding_add(policy, finding_at(policy, EH_POLICY_WARNING, where, rule), text);
}

const eh_policy_finding *eh_policy_findings(const eh_policy *policy, size_t *count_out)
{
    *count_out = policy->findings_count;
    return policy->findings;
}

eh_code eh_policy_runnable(const eh_policy *policy, eh_error *error)
{
    if (policy->errors_count == 0)
        return EH_OK;
    size_t first = 0;
    while (first < policy->findings_count && policy->findings[first].kind != EH_POLICY_ERROR)
        first++;
    if (first == policy->findings_count)
        return eh_fail(error, EH_DENIED, "%s: the policy has %zu errors and does not run", policy->files[0].path, policy->errors_count);
    const eh_policy_finding *finding = &policy->findings[first];
    return eh_fail(error, EH_DENIED, "%s: line %u: %s%s%s\nthe policy does not run while it has errors (%zu); evenhand policy check shows them all",
                   finding->file, finding->line, finding->rule == NULL ? "" : finding->rule, finding->rule == NULL ? "" : ": ", finding->text,
                   policy->errors_count);
}

/* ---- files -------------------------------------------------------------------------------------------------------------------------- */

static bool file_there(const char *path)
{
    FILE *there = fopen(path, "re");
    if (there != NULL)
        fclose(there);
    return there != NULL;
}

/* The file of a pack: policies/NAME.yaml and NAME.yaml beside the policy, then in the folder of packs. A name with a slash or an ending is a path from
   the policy's folder. False: it is none of these. */
static bool pack_path(const eh_policy *policy, const char *name, char path[PATH_BYTES_MAX])
{
    const char *own = policy->files[0].path, *slash = strrchr(own, '/'), *folder = slash == NULL ? "." : own;
    int folder_len = slash == NULL ? 1 : (int)(slash - own);
    bool is_path = strchr(name, '/') != NULL || strstr(name, ".yaml") != NULL;
    snprintf(path, PATH_BYTES_MAX, "%.*s/%s", folder_len, folder, name);
    if (is_path)
        return true;
    snprintf(path, PATH_BYTES_MAX, "%.*s/policies/%s.yaml", folder_len, folder, name);
    if (file_there(path))
        return true;
    snprintf(path, PATH_BYTES_MAX, "%.*s/%s.yaml", folder_len, folder, name);
    if (strcmp(path + (slash == NULL ? 2 : 0), own) != 0 && file_there(path))
        return true;
    if (policy->options.packs_folder == NULL)
        return false;
    snprintf(path, PATH_BYTES_MAX, "%s/%s.yaml", policy->options.packs_folder, name);
    return file_there(path);
}

static eh_code file_add(eh_policy *policy, const char *path, const eh_policy_text *of, eh_error *error)
{
    policy_file *file = &policy->files[policy->files_count];
    char *kept = eh_arena_copy(policy->arena, of->text);
    file->path = eh_arena_copy(policy->arena, eh_view_of(path));
    if (file->path == NULL || kept == NULL)
        return eh_fail_memory(error);
    policy->texts[policy->files_count] = (eh_policy_text){.name = of->name, .text = {kept, of->text.len}};
    EH_TRY(eh_yaml_parse(of->text, file->path, &file->document, error));
    policy->files_count++;
    return EH_OK;
}

static bool text_given(const eh_policy *policy, const char *name, eh_view *text_out)
{
    for (size_t i = 0; i < policy->options.texts_count; i++)
        if (strcmp(policy->options.texts[i].name, name) == 0) {
            *text_out = policy->options.texts[i].text;
            return true;
        }
    return false;
}

const eh_policy_text *eh_policy_texts(const eh_policy *policy, size_t *count_out)
{
    *count_out = policy->files_count;
    return policy->texts;
}

static eh_code file_read(const char *path, eh_buffer *text, eh_error *error)
{
    EH_TRY(eh_file_read(path, EH_YAML_BYTES_MAX, text, error));
    return eh_buffer_check(text, error);
}

/* Packs may not use packs: what a policy consists of can be read in one place. */
static eh_code packs_add(eh_policy *policy, const eh_yaml_node *uses, eh_buffer *all, eh_error *error)
{
    const char *const *names = NULL;
    size_t count = 0;
    if (uses == NULL)
        return EH_OK;
    EH_TRY(eh_yaml_texts(uses, EH_POLICY_PACKS_MAX, policy->arena, &names, &count, error));
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES_MAX];
        eh_error why = {0};
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_view bytes = {0};
        eh_code code = EH_OK;
        if (text_given(policy, names[i], &bytes)) {
            snprintf(path, sizeof path, "%.4000s.yaml", names[i]);
        } else if (pack_path(policy, names[i], path)) {
            code = file_read(path, &text, &why);
            bytes = eh_buffer_view(&text);
        } else if (policy_pack_embedded(names[i], &bytes)) {
            snprintf(path, sizeof path, "pack %s", names[i]);
        } else {
            code = eh_fail(&why, EH_NOT_FOUND, "there is no pack '%s': it is none of the program's own (ca, eu, house, uk, us), and there is no policies/%s.yaml "
                           "or %s.yaml beside the policy", names[i], names[i], names[i]);
        }
        if (code != EH_OK)
            return eh_yaml_fail(uses->items[i], error, code, "%s", why.text);
        EH_TRY(file_add(policy, path, &(eh_policy_text){names[i], bytes}, error));
        eh_buffer_append(all, bytes);
    }
    return EH_OK;
}

/* ---- dates -------------------------------------------------------------------------------------------------------------------------- */

static void dates_check(eh_policy *policy, const eh_yaml_node *root, const policy_keys *keys)
{
    eh_error why = {0};
    const eh_yaml_node *where = eh_yaml_member_value(root, "review_by");
    eh_instant review_by = {0};
    if (eh_instant_parse_date(eh_view_of(keys->review_by), &review_by, &why) != EH_OK) {
        policy_error(policy, where, NULL, "review_by: %s", why.text);
        return;
    }
    policy->about.review_by = review_by;
    policy->about.runs_until = (eh_instant){review_by.seconds + keys->grace_days * DAY_SECONDS, 0};
    char until[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(policy->about.runs_until, EH_FRACTION_NONE, until);
    until[10] = '\0';
    if (eh_instant_compare(policy->options.now, policy->about.runs_until) >= 0)
        policy_error(policy, where, NULL, "the review was due by %s and the grace ended on %s: the policy does not run until it is reviewed", keys->review_by, until);
    else if (eh_instant_compare(policy->options.now, review_by) >= 0)
        policy_warn(policy, where, NULL, "the review was due by %s; after %s the policy refuses to run", keys->review_by, until);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------ */

static eh_code keys_read(eh_policy *policy, size_t file, policy_keys *keys, eh_error *error)
{
    *keys = (policy_keys){.grace_days = GRACE_DAYS_USUAL, .cost = EH_POLICY_COST_MAX};
    const eh_yaml_node *root = eh_yaml_root(policy->files[file].document);
    EH_TRY(eh_yaml_read(root, policy_fields, POLICY_FIELDS_COUNT, keys, error));
    policy->files[file].name = keys->name;
    return EH_OK;
}

/* With `data`, facts that are not in the list may be declared by packs but not read by rules. */
static eh_code data_restrict(eh_policy *policy, const eh_yaml_node *data, eh_error *error)
{
    const char *const *names = NULL;
    size_t count = 0;
    if (data == NULL)
        return EH_OK;
    EH_TRY(eh_yaml_texts(data, EH_CEL_VARIABLES_MAX, policy->arena, &names, &count, error));
    for (size_t i = 0; i < policy->facts_count; i++)
        policy->facts[i].outside = true;
    for (size_t i = 0; i < count; i++) {
        size_t found = eh_policy_fact_find(policy, names[i]);
        if (found == SIZE_MAX)
            policy_error(policy, data->type == EH_YAML_LIST ? data->items[i] : data, NULL, "data: '%s' is not among the facts", names[i]);
        else
            policy->facts[found].outside = false;
    }
    return EH_OK;
}

static eh_code facts_declare(eh_policy *policy, eh_error *error)
{
    policy->env = eh_cel_env_open(policy->arena, &(eh_cel_env_options){.check = true});
    if (policy->env == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < policy->facts_count; i++) {
        eh_error why = {0};
        const fact *of = &policy->facts[i];
        eh_code code = eh_cel_env_declare(policy->env, eh_view_of(of->name), of->type, &why);
        if (code == EH_INPUT) { /* a wrong type is a finding, and the fact anything */
            policy_error(policy, of->node, NULL, "%s", why.text);
            code = eh_cel_env_declare(policy->env, eh_view_of(of->name), "dyn", &why);
        }
        if (code != EH_OK)
            return eh_fail(error, code, "%s", why.text);
    }
    return EH_OK;
}

static eh_code load(eh_policy *policy, eh_view text, eh_error *error)
{
    policy_keys keys, pack_keys;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer all = {.bytes_max = (size_t)EH_YAML_BYTES_MAX * (EH_POLICY_PACKS_MAX + 1)};
    EH_TRY(keys_read(policy, 0, &keys, error));
    eh_buffer_append(&all, text);
    EH_TRY(packs_add(policy, keys.uses, &all, error));
    EH_TRY(eh_buffer_check(&all, error));
    for (size_t i = 1; i < policy->files_count; i++) {
        EH_TRY(keys_read(policy, i, &pack_keys, error));
        if (pack_keys.uses != NULL)
            return eh_yaml_fail(pack_keys.uses, error, EH_CONFLICT, "a pack does not use other packs; the policy names them all");
    }
    policy->cost_ceiling = (uint64_t)keys.cost;
    policy->about = (eh_policy_facts){.name = keys.name, .version = keys.version, .owner = keys.owner, .file = policy->files[0].path};
    eh_digest digest = eh_sha256_of(eh_buffer_view(&all));
    eh_hex(digest.bytes, sizeof digest.bytes, policy->about.sha256);
    for (size_t i = 1; i <= policy->files_count; i++) /* packs first, in their order, then the policy's own */
        EH_TRY(policy_facts_read(policy, &policy->files[i == policy->files_count ? 0 : i], error));
    EH_TRY(facts_declare(policy, error));
    EH_TRY(data_restrict(policy, keys.data, error));
    for (size_t i = 1; i <= policy->files_count; i++)
        EH_TRY(policy_rules_read(policy, &policy->files[i == policy->files_count ? 0 : i], error));
    dates_check(policy, eh_yaml_root(policy->files[0].document), &keys);
    if (policy->rules_count == 0)
        policy_error(policy, eh_yaml_root(policy->files[0].document), NULL, "there are no rules: nothing would ever be permitted");
    policy->about.rules = policy->rules;
    policy->about.rules_count = policy->rules_count;
    policy->about.guards = policy->guards;
    policy->about.guards_count = policy->guards_count;
    return policy_analyse(policy, error);
}

static eh_policy *policy_make(const eh_policy_options *options)
{
    eh_arena *arena = eh_arena_open(POLICY_ARENA_BYTES_MAX);
    eh_policy *policy = arena == NULL ? NULL : EH_TAKE(arena, 1, eh_policy);
    if (policy == NULL) {
        eh_arena_close(&arena);
        return NULL;
    }
    policy->arena = arena;
    policy->options = *options;
    policy->findings = EH_TAKE(arena, EH_POLICY_FINDINGS_MAX, eh_policy_finding);
    policy->rules = EH_TAKE(arena, EH_POLICY_RULES_MAX, eh_rule);
    policy->cap_slots = EH_TAKE(arena, EH_POLICY_RULES_MAX, uint32_t);
    policy->guards = EH_TAKE(arena, EH_POLICY_GUARDS_MAX, eh_guard);
    policy->compiling = EH_TAKE(arena, 1, pthread_mutex_t);
    if (policy->findings == NULL || policy->rules == NULL || policy->cap_slots == NULL || policy->guards == NULL || policy->compiling == NULL ||
        pthread_mutex_init(policy->compiling, NULL) != 0)
        eh_policy_close(&policy);
    return policy;
}

eh_code eh_policy_parse(eh_view text, const char *name, const eh_policy_options *options, eh_policy **policy_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = policy_make(options);
    if (policy == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_zones_open(&policy->zones, error));
    EH_TRY(file_add(policy, name, &(eh_policy_text){"policy", text}, error));
    EH_TRY(load(policy, text, error));
    *policy_out = policy;
    policy = NULL;
    return EH_OK;
}

eh_code eh_policy_open(const char *path, const eh_policy_options *options, eh_policy **policy_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(file_read(path, &text, error));
    return eh_policy_parse(eh_buffer_view(&text), path, options, policy_out, error);
}

void eh_policy_close(eh_policy **policy)
{
    if (policy == NULL || *policy == NULL)
        return;
    for (size_t i = 0; i <= EH_POLICY_PACKS_MAX; i++)
        eh_yaml_close(&(*policy)->files[i].document);
    eh_zones_close(&(*policy)->zones);
    if ((*policy)->compiling != NULL)
        pthread_mutex_destroy((*policy)->compiling);
    eh_arena *arena = (*policy)->arena;
    *policy = NULL;
    eh_arena_close(&arena);
}

const eh_policy_facts *eh_policy_about(const eh_policy *policy)
{
    return &policy->about;
}
