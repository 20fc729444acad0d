/* Recorded decisions for `policy diff` and `policy review`: JSON lines. And diff: which rules changed, and which past decisions would. */
#include <string.h>

#include "cli/policy_command_int.h"

enum { STATUS_FOUND = 1, RECORDS_BYTES_MAX = 1 << 28, SHOWN_MAX = 20 };

/* ---- reading ------------------------------------------------------------------------------------------------------------------------------ */

static eh_code record_read(const char *path, size_t line_number, eh_view line, eh_json_document **document_out, eh_policy_record *record_out, eh_error *error)
{
    char name[512];
    snprintf(name, sizeof name, "%.400s: record %zu", path, line_number);
    EH_TRY(eh_json_parse(line, name, document_out, error));
    eh_json_value root = eh_json_root(*document_out), payload = eh_json_member(root, "payload");
    eh_json_value facts = eh_json_member(payload != NULL ? payload : root, "facts");
    const char *id = eh_json_as_text(eh_json_member(root, "id"));
    if (eh_json_type_of(facts) != EH_JSON_OBJECT)
        return eh_fail(error, EH_INPUT, "%s: a record is an object with \"facts\", an object, and may have \"id\"", name);
    *record_out = (eh_policy_record){.id = id, .facts = facts};
    return EH_OK;
}

eh_code eh_policy_records_read(const char *path, eh_code (*each)(void *context, const eh_policy_record *record, eh_error *error), void *context,
                               eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_file_read(path, RECORDS_BYTES_MAX, &text, error));
    EH_TRY(eh_buffer_check(&text, error));
    size_t line_number = 0;
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t len = end == NULL ? text.len - at : (size_t)(end - text.ptr) - at;
        eh_view line = eh_view_trim((eh_view){text.ptr + at, len});
        at += len + 1;
        line_number++;
        if (line.len == 0)
            continue;
        EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
        eh_policy_record record = {0};
        char number[32];
        EH_TRY(record_read(path, line_number, line, &document, &record, error));
        snprintf(number, sizeof number, "record %zu", line_number);
        if (record.id == NULL)
            record.id = number;
        EH_TRY(each(context, &record, error));
    }
    return EH_OK;
}

/* ---- which rules changed --------------------------------------------------------------------------------------------------------------------- */

static const eh_rule *rule_find(const eh_policy_facts *about, const char *id)
{
    for (size_t i = 0; i < about->rules_count; i++)
        if (strcmp(about->rules[i].id, id) == 0)
            return &about->rules[i];
    return NULL;
}

static const char *difference(const eh_rule *old, const eh_rule *new)
{
    if (old->effect != new->effect)
        return "effect";
    if (strcmp(old->when, new->when) != 0)
        return "condition";
    if (old->effect == EH_RULE_CAP && (strcmp(old->cap_of, new->cap_of) != 0 || old->cap_at_most != new->cap_at_most))
        return "cap";
    bool words = old->explanation.count == new->explanation.count && old->disclosure.count == new->disclosure.count;
    for (size_t i = 0; words && i < old->explanation.count; i++)
        words = strcmp(old->explanation.texts[i], new->explanation.texts[i]) == 0;
    for (size_t i = 0; words && i < old->disclosure.count; i++)
        words = strcmp(old->disclosure.texts[i], new->disclosure.texts[i]) == 0;
    return words ? NULL : "words";
}

static size_t rules_compare(const eh_policy_facts *old, const eh_policy_facts *new, eh_json_writer *json, eh_buffer *out)
{
    size_t changes = 0;
    for (size_t i = 0; i < old->rules_count + new->rules_count; i++) {
        bool of_old = i < old->rules_count;
        const eh_rule *rule = of_old ? &old->rules[i] : &new->rules[i - old->rules_count], *other = rule_find(of_old ? new : old, rule->id);
        const char *what = NULL;
        if (other == NULL)
            what = of_old ? "removed" : "added";
        else if (of_old)
            what = difference(rule, other);
        if (what == NULL)
            continue;
        changes++;
        if (json != NULL) {
            eh_json_object_open_flat(json, NULL);
            eh_json_text(json, "id", rule->id);
            eh_json_text(json, "change", what);
            eh_json_object_close(json);
            continue;
        }
        eh_buffer_format(out, "%s %s (%s)\n", other == NULL ? what : "changed", rule->id, other == NULL ? eh_rule_effect_name(rule->effect) : what);
        if (other != NULL && strcmp(what, "condition") == 0)
            eh_buffer_format(out, "  - %s\n  + %s\n", rule->when, other->when);
    }
    return changes;
}

/* ---- which decisions would change --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_policy *policies[2];
    eh_policy_asker *askers[2];
    eh_cel_value *rows[2];
    size_t decisions, to_denied, to_permitted, other_rule, shown;
    uint32_t *by_rule; /* per rule of the new policy, and one for none: changes that it decides */
    eh_buffer *out;
    eh_json_writer *json;
} replaying;

static const char *rule_name(const eh_policy *policy, size_t rule)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    return rule < about->rules_count ? about->rules[rule].id : "no rule";
}

static void change_show(replaying *state, const char *id, const eh_policy_decision decisions[2])
{
    const char *old_rule = rule_name(state->policies[0], decisions[0].rule), *new_rule = rule_name(state->policies[1], decisions[1].rule);
    if (state->json != NULL) {
        eh_json_object_open_flat(state->json, NULL);
        eh_json_text(state->json, "id", id);
        eh_json_text(state->json, "was", decisions[0].permitted ? "permitted" : "denied");
        eh_json_text(state->json, "was_by", old_rule);
        eh_json_text(state->json, "becomes", decisions[1].permitted ? "permitted" : "denied");
        eh_json_text(state->json, "by", new_rule);
        eh_json_object_close(state->json);
    } else if (state->shown++ < SHOWN_MAX) {
        eh_buffer_text(state->out, "  ");
        eh_visible_append(state->out, eh_view_of(id), false);
        eh_buffer_format(state->out, ": was %s (%s), becomes %s (%s)\n", decisions[0].permitted ? "permitted" : "denied", old_rule,
                         decisions[1].permitted ? "permitted" : "denied", new_rule);
    }
}

static eh_code record_replay(void *context, const eh_policy_record *record, eh_error *error)
{
    replaying *state = context;
    eh_policy_decision decisions[2];
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_JSON_BYTES_MAX);
    if (arena == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < 2; i++) {
        eh_error why = {0};
        eh_code code = eh_policy_row(state->policies[i], record->facts, arena, state->rows[i], &why);
        if (code != EH_OK)
            return eh_fail(error, code, "%.100s: %s", record->id, why.text);
        decisions[i] = eh_policy_ask(state->askers[i], state->rows[i]);
    }
    state->decisions++;
    if (decisions[0].permitted != decisions[1].permitted) {
        state->to_denied += decisions[0].permitted;
        state->to_permitted += decisions[1].permitted;
        state->by_rule[decisions[1].rule]++;
        change_show(state, record->id, decisions);
    } else {
        state->other_rule += strcmp(rule_name(state->policies[0], decisions[0].rule), rule_name(state->policies[1], decisions[1].rule)) != 0;
    }
    return EH_OK;
}

static void replay_text(const replaying *state, eh_buffer *out)
{
    size_t changed = state->to_denied + state->to_permitted;
    if (changed > SHOWN_MAX)
        eh_buffer_format(out, "  and %zu more\n", changed - SHOWN_MAX);
    const eh_policy_facts *about = eh_policy_about(state->policies[1]);
    for (size_t i = 0; i <= about->rules_count; i++)
        if (state->by_rule[i] > 0)
            eh_buffer_format(out, "decided by %s: %u\n", i < about->rules_count ? about->rules[i].id : "no rule", state->by_rule[i]);
    eh_buffer_format(out, "%zu of %zu decisions change: %zu would be denied, %zu would be permitted; %zu more have another reason\n", changed, state->decisions,
                     state->to_denied, state->to_permitted, state->other_rule);
}

static eh_code replay(const eh_policy_request *request, replaying *state, eh_error *error)
{
    state->by_rule = EH_TAKE(request->arena, eh_policy_about(state->policies[1])->rules_count + 1, uint32_t);
    for (size_t i = 0; i < 2; i++) {
        EH_TRY(eh_policy_runnable(state->policies[i], error));
        EH_TRY(eh_policy_asker_open(state->policies[i], &state->askers[i], error));
        state->rows[i] = EH_TAKE(request->arena, eh_policy_facts_count(state->policies[i]), eh_cel_value);
        if (state->rows[i] == NULL || state->by_rule == NULL)
            return eh_fail_memory(error);
    }
    return eh_policy_records_read(request->replay, record_replay, state, error);
}

eh_code eh_policy_run_diff(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *old = NULL;
    EH_CLEANUP(eh_policy_close) eh_policy *new = NULL;
    EH_TRY(eh_policy_request_open(request, 0, &old, error));
    EH_TRY(eh_policy_request_open(request, 1, &new, error));
    eh_json_writer writer, *json = request->json ? &writer : NULL;
    if (json != NULL) {
        eh_json_begin(json, out, true, false);
        eh_json_object_open(json, NULL);
        eh_json_array_open(json, "rules");
    }
    size_t changes = rules_compare(eh_policy_about(old), eh_policy_about(new), json, out);
    *status_out = changes > 0 ? STATUS_FOUND : 0;
    if (json != NULL)
        eh_json_array_close(json);
    else if (changes == 0)
        eh_buffer_text(out, "no rule differs\n");
    if (request->replay != NULL) {
        replaying state = {.policies = {old, new}, .out = out, .json = json};
        if (json != NULL)
            eh_json_array_open(json, "changed");
        eh_code code = replay(request, &state, error);
        eh_policy_asker_close(&state.askers[0]);
        eh_policy_asker_close(&state.askers[1]);
        EH_TRY(code);
        *status_out = state.to_denied + state.to_permitted > 0 ? STATUS_FOUND : 0;
        if (json == NULL) {
            replay_text(&state, out);
        } else {
            eh_json_array_close(json);
            eh_json_integer(json, "decisions", (int64_t)state.decisions);
            eh_json_integer(json, "to_denied", (int64_t)state.to_denied);
            eh_json_integer(json, "to_permitted", (int64_t)state.to_permitted);
            eh_json_integer(json, "other_reason", (int64_t)state.other_rule);
        }
    }
    if (json != NULL) {
        eh_json_object_close(json);
        eh_buffer_byte(out, '\n');
    }
    return EH_OK;
}
