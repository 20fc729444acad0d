/* `evenhand policy review`: evidence is collected, findings and decisions are given in a file or asked for, two people sign, the record is kept. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/yaml.h"
#include "cli/policy_command_int.h"

enum { ANSWER_BYTES_MAX = 4000 };

/* ---- what was found and decided ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_yaml_node *findings, *decisions, *signers;
    const char *next;
} review_keys;

static const eh_yaml_field review_fields[] = {
    {"findings", EH_FIELD_LIST, true, offsetof(review_keys, findings), NULL, 0, 0, "a list of texts; [] when nothing was found"},
    {"decisions", EH_FIELD_LIST, true, offsetof(review_keys, decisions), NULL, 0, 0, "a list of {text, owner, due}; [] when nothing was decided"},
    {"signers", EH_FIELD_LIST, false, offsetof(review_keys, signers), NULL, 0, 0, "two names"},
    {"next_review_by", EH_FIELD_TEXT, false, offsetof(review_keys, next), NULL, 0, 0, "a date such as 2027-06-01"},
};
static const eh_yaml_field decision_fields[] = {
    {"text", EH_FIELD_TEXT, true, offsetof(eh_review_decision, text), NULL, 0, 0, NULL},
    {"owner", EH_FIELD_TEXT, true, offsetof(eh_review_decision, owner), NULL, 0, 0, NULL},
    {"due", EH_FIELD_TEXT, true, offsetof(eh_review_decision, due), NULL, 0, 0, NULL},
};

static eh_code file_take(const eh_yaml_document *document, eh_arena *arena, eh_review *of, eh_error *error)
{
    review_keys keys = {0};
    EH_TRY(eh_yaml_read(eh_yaml_root(document), review_fields, 4, &keys, error));
    if (keys.findings->count > 0)
        EH_TRY(eh_yaml_texts(keys.findings, EH_REVIEW_ANSWERS_MAX, arena, &of->findings, &of->findings_count, error));
    of->decisions = EH_TAKE(arena, keys.decisions->count, eh_review_decision);
    if (of->decisions == NULL)
        return eh_fail_memory(error);
    for (; of->decisions_count < keys.decisions->count; of->decisions_count++)
        EH_TRY(eh_yaml_read(keys.decisions->items[of->decisions_count], decision_fields, 3, &of->decisions[of->decisions_count], error));
    if (of->signers_count == 0 && keys.signers != NULL)
        EH_TRY(eh_yaml_texts(keys.signers, EH_SIGNERS_MAX, arena, &of->signers, &of->signers_count, error));
    if (of->next == NULL)
        of->next = keys.next;
    return EH_OK;
}

/* One line from a person; NULL at the end or for an empty line. */
static const char *answer(eh_arena *arena, const char *question)
{
    char line[ANSWER_BYTES_MAX];
    fprintf(stderr, "%s: ", question);
    if (fgets(line, sizeof line, stdin) == NULL)
        return NULL;
    eh_view text = eh_view_trim(eh_view_of(line));
    return text.len == 0 || !eh_utf8_valid(text) ? NULL : eh_arena_copy(arena, text);
}

static eh_code questions_ask(eh_arena *arena, eh_review *of, eh_error *error)
{
    const char **findings = EH_TAKE(arena, EH_REVIEW_ANSWERS_MAX, const char *), **signers = EH_TAKE(arena, EH_SIGNERS_MAX, const char *);
    of->decisions = EH_TAKE(arena, EH_REVIEW_ANSWERS_MAX, eh_review_decision);
    if (findings == NULL || signers == NULL || of->decisions == NULL)
        return eh_fail_memory(error);
    of->findings = findings;
    while (of->findings_count < EH_REVIEW_ANSWERS_MAX && (findings[of->findings_count] = answer(arena, "A finding (empty line: no more)")) != NULL)
        of->findings_count++;
    while (of->decisions_count < EH_REVIEW_ANSWERS_MAX) {
        eh_review_decision *made = &of->decisions[of->decisions_count];
        if ((made->text = answer(arena, "A decision (empty line: no more)")) == NULL)
            break;
        made->owner = answer(arena, "  who sees to it");
        made->due = answer(arena, "  until when (2027-01-31)");
        if (made->owner == NULL || made->due == NULL)
            return eh_fail(error, EH_INPUT, "a decision has an owner and a date");
        of->decisions_count++;
    }
    if (of->next == NULL)
        of->next = answer(arena, "The next review is due by (2027-06-01)");
    if (of->signers_count == 0) {
        of->signers = signers;
        for (; of->signers_count < EH_REVIEW_SIGNERS; of->signers_count++)
            if ((signers[of->signers_count] = answer(arena, of->signers_count == 0 ? "Who signs" : "Who signs, second")) == NULL)
                break;
    }
    return EH_OK;
}

eh_code eh_policy_run_review(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    eh_review of = {.next = request->next, .signers = request->signers, .signers_count = request->signers_count};
    *status_out = 0;
    EH_TRY(eh_policy_request_open(request, 0, &policy, error));
    if (request->findings != NULL) {
        EH_TRY(eh_yaml_read_file(request->findings, &document, error));
        EH_TRY(file_take(document, request->arena, &of, error));
    } else {
        EH_TRY(questions_ask(request->arena, &of, error));
    }
    EH_TRY(eh_review_check(&of, request->options.now, error));
    EH_TRY(eh_review_write(&(eh_review_about){.policy = policy, .replay = request->replay, .now = request->options.now}, &of, request->arena, out, error));
    if (request->output != NULL)
        EH_TRY(eh_file_replace(request->output, eh_buffer_view(out), error));
    const char *workspace = request->workspace != NULL ? request->workspace : ".";
    if (request->workspace == NULL && !eh_ledger_exists(workspace)) {
        eh_note_show("no ledger here, so the record is only what is printed; --workspace names one; then set review_by to", of.next);
        return EH_OK;
    }
    char id[EH_LEDGER_ID_BYTES];
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_TRY(eh_ledger_open(workspace, NULL, &ledger, error));
    EH_TRY(eh_review_keep(ledger, eh_buffer_view(out), id, error));
    eh_note_show("kept in the ledger as", id);
    eh_note_show("set review_by in the policy to", of.next);
    return EH_OK;
}
