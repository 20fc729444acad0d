/* Recorded decisions as JSON lines; which rules differ between two policies. */
#include <string.h>
#include <sys/stat.h>

#include "journey/reviews.h"

enum { RECORDS_BYTES_MAX = 1 << 28 };

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
    struct stat facts;
    if (stat(path, &facts) == 0 && S_ISDIR(facts.st_mode))
        return eh_policy_records_of_ledger(path, 0, each, context, error);
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

eh_code eh_policy_changes(const eh_policy *old_policy, const eh_policy *new_policy, eh_arena *arena, const eh_rule_change **changes_out, size_t *count_out,
                          eh_error *error)
{
    const eh_policy_facts *old = eh_policy_about(old_policy), *new = eh_policy_about(new_policy);
    eh_rule_change *changes = EH_TAKE(arena, old->rules_count + new->rules_count, eh_rule_change);
    size_t count = 0;
    if (changes == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < old->rules_count; i++) {
        const eh_rule *other = rule_find(new, old->rules[i].id);
        const char *what = other == NULL ? "removed" : difference(&old->rules[i], other);
        if (what != NULL)
            changes[count++] = (eh_rule_change){&old->rules[i], other, what};
    }
    for (size_t i = 0; i < new->rules_count; i++)
        if (rule_find(old, new->rules[i].id) == NULL)
            changes[count++] = (eh_rule_change){NULL, &new->rules[i], "added"};
    *changes_out = changes;
    *count_out = count;
    return EH_OK;
}
