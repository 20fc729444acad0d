/* `evenhand policy diff`: which rules changed, and which past decisions would. */
#include <string.h>

#include "cli/policy_command_int.h"

enum { STATUS_FOUND = 1, SHOWN_MAX = 20 };

/* ---- which rules changed ----------------------------------------------------------------------------------------------------------------- */

static void changes_write(const eh_rule_change *changes, size_t count, eh_json_writer *json, eh_buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        const eh_rule_change *change = &changes[i];
        const eh_rule *rule = change->old != NULL ? change->old : change->new;
        bool both = change->old != NULL && change->new != NULL;
        if (json != NULL) {
            eh_json_object_open_flat(json, NULL);
            eh_json_text(json, "id", rule->id);
            eh_json_text(json, "change", change->what);
            eh_json_object_close(json);
            continue;
        }
        eh_buffer_format(out, "%s %s (%s)\n", both ? "changed" : change->what, rule->id, both ? change->what : eh_rule_effect_name(rule->effect));
        if (both && strcmp(change->what, "condition") == 0)
            eh_buffer_format(out, "  - %s\n  + %s\n", change->old->when, change->new->when);
    }
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
    const eh_rule_change *changes = NULL;
    size_t changes_count = 0;
    EH_TRY(eh_policy_changes(old, new, request->arena, &changes, &changes_count, error));
    changes_write(changes, changes_count, json, out);
    *status_out = changes_count > 0 ? STATUS_FOUND : 0;
    if (json != NULL)
        eh_json_array_close(json);
    else if (changes_count == 0)
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
