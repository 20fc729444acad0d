/* `evenhand policy review`: evidence is collected, findings and decisions are given in a file or asked for, two people sign, the record is kept. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/yaml.h"
#include "cli/policy_command_int.h"
#include "ledger/ledger.h"

enum { ANSWERS_MAX = 100, ANSWER_BYTES_MAX = 4000, SIGNERS_WANTED = 2 };

typedef struct {
    const char *text, *owner, *due;
} review_decision;

typedef struct {
    const char *next;
    const char *const *findings;
    size_t findings_count;
    review_decision *decisions;
    size_t decisions_count;
    const char *const *signers;
    size_t signers_count;
} review;

typedef struct {
    const eh_policy *policy;
    eh_policy_asker *asker;
    eh_cel_value *row;
    size_t decisions, permitted, whys[EH_POLICY_CAPPED + 1];
    uint32_t *decided; /* per rule */
} evidence;

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
    {"text", EH_FIELD_TEXT, true, offsetof(review_decision, text), NULL, 0, 0, NULL},
    {"owner", EH_FIELD_TEXT, true, offsetof(review_decision, owner), NULL, 0, 0, NULL},
    {"due", EH_FIELD_TEXT, true, offsetof(review_decision, due), NULL, 0, 0, NULL},
};

static eh_code file_take(const eh_yaml_document *document, eh_arena *arena, review *of, eh_error *error)
{
    review_keys keys = {0};
    EH_TRY(eh_yaml_read(eh_yaml_root(document), review_fields, 4, &keys, error));
    if (keys.findings->count > 0)
        EH_TRY(eh_yaml_texts(keys.findings, ANSWERS_MAX, arena, &of->findings, &of->findings_count, error));
    of->decisions = EH_TAKE(arena, keys.decisions->count, review_decision);
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

static eh_code questions_ask(eh_arena *arena, review *of, eh_error *error)
{
    const char **findings = EH_TAKE(arena, ANSWERS_MAX, const char *), **signers = EH_TAKE(arena, EH_SIGNERS_MAX, const char *);
    of->decisions = EH_TAKE(arena, ANSWERS_MAX, review_decision);
    if (findings == NULL || signers == NULL || of->decisions == NULL)
        return eh_fail_memory(error);
    of->findings = findings;
    while (of->findings_count < ANSWERS_MAX && (findings[of->findings_count] = answer(arena, "A finding (empty line: no more)")) != NULL)
        of->findings_count++;
    while (of->decisions_count < ANSWERS_MAX) {
        review_decision *made = &of->decisions[of->decisions_count];
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
        for (; of->signers_count < SIGNERS_WANTED; of->signers_count++)
            if ((signers[of->signers_count] = answer(arena, of->signers_count == 0 ? "Who signs" : "Who signs, second")) == NULL)
                break;
    }
    return EH_OK;
}

static eh_code review_check(const review *of, const eh_policy_request *request, eh_error *error)
{
    eh_instant next = {0};
    eh_error why = {0};
    for (size_t i = 0; i < of->decisions_count; i++) {
        eh_instant due = {0};
        if (eh_instant_parse_date(eh_view_of(of->decisions[i].due), &due, &why) != EH_OK)
            return eh_fail(error, EH_INPUT, "decision %zu: due: %s", i + 1, why.text);
    }
    if (of->signers_count < SIGNERS_WANTED)
        return eh_fail(error, EH_INPUT, "a review is signed by two people: --signer NAME twice, or signers: in the file (%zu given)", of->signers_count);
    for (size_t i = 0; i < of->signers_count; i++)
        for (size_t k = 0; k < i; k++)
            if (eh_view_equal_nocase(eh_view_trim(eh_view_of(of->signers[i])), eh_view_trim(eh_view_of(of->signers[k]))))
                return eh_fail(error, EH_INPUT, "'%s' signs twice; two different people sign", of->signers[i]);
    if (of->next == NULL)
        return eh_fail(error, EH_INPUT, "the date of the next review is missing: --next DATE, or next_review_by: in the file");
    if (eh_instant_parse_date(eh_view_of(of->next), &next, &why) != EH_OK)
        return eh_fail(error, EH_INPUT, "the next review: %s", why.text);
    if (eh_instant_compare(next, request->options.now) <= 0)
        return eh_fail(error, EH_INPUT, "the next review (%s) must lie in the future", of->next);
    return EH_OK;
}

/* ---- evidence ---------------------------------------------------------------------------------------------------------------------------------- */

static eh_code record_count(void *context, const eh_policy_record *record, eh_error *error)
{
    evidence *of = context;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_JSON_BYTES_MAX);
    if (arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_policy_row(of->policy, record->facts, arena, of->row, error));
    eh_policy_decision decision = eh_policy_ask(of->asker, of->row);
    of->decisions++;
    of->permitted += decision.permitted;
    of->whys[decision.why]++;
    of->decided[decision.rule]++;
    return EH_OK;
}

static eh_code decisions_count(const eh_policy_request *request, evidence *of, eh_error *error)
{
    of->row = EH_TAKE(request->arena, eh_policy_facts_count(of->policy), eh_cel_value);
    of->decided = EH_TAKE(request->arena, eh_policy_about(of->policy)->rules_count + 1, uint32_t);
    if (of->row == NULL || of->decided == NULL)
        return eh_fail_memory(error);
    if (request->replay == NULL)
        return EH_OK;
    EH_TRY(eh_policy_asker_open(of->policy, &of->asker, error));
    eh_code code = eh_policy_records_read(request->replay, record_count, of, error);
    eh_policy_asker_close(&of->asker);
    return code;
}

static eh_code evidence_write(const eh_policy_request *request, const eh_policy *policy, eh_json_writer *json, eh_error *error)
{
    evidence of = {.policy = policy};
    const eh_policy_facts *about = eh_policy_about(policy);
    eh_policy_tests tests = {0};
    size_t findings_count = 0;
    const eh_policy_finding *findings = eh_policy_findings(policy, &findings_count);
    EH_TRY(decisions_count(request, &of, error));
    eh_json_object_open(json, "evidence");
    eh_json_array_open(json, "check");
    for (size_t i = 0; i < findings_count; i++)
        eh_json_text(json, NULL, findings[i].text);
    eh_json_array_close(json);
    if (eh_policy_runnable(policy, NULL) == EH_OK) {
        EH_TRY(eh_policy_test_all(policy, request->arena, &tests, error));
        eh_json_object_open_flat(json, "tests");
        eh_json_integer(json, "run", (int64_t)tests.tests_count);
        eh_json_integer(json, "passed", (int64_t)tests.passed_count);
        eh_json_integer(json, "parts", (int64_t)tests.parts_count * 2);
        eh_json_integer(json, "covered", (int64_t)tests.covered_count);
        eh_json_object_close(json);
    }
    if (request->replay != NULL) {
        char sha256[65];
        uint64_t bytes = 0;
        EH_TRY(eh_file_sha256(request->replay, NULL, sha256, &bytes, error));
        eh_json_object_open(json, "decisions");
        eh_json_text(json, "file_sha256", sha256);
        eh_json_integer(json, "count", (int64_t)of.decisions);
        for (size_t why = 0; why <= EH_POLICY_CAPPED; why++)
            eh_json_integer(json, eh_policy_why_name((eh_policy_why)why), (int64_t)of.whys[why]);
        eh_json_object_open(json, "decided_by");
        for (size_t i = 0; i < about->rules_count; i++)
            if (of.decided[i] > 0)
                eh_json_integer(json, about->rules[i].id, of.decided[i]);
        eh_json_object_close(json);
        eh_json_object_close(json);
    }
    eh_json_object_close(json);
    return EH_OK;
}

/* ---- the record ---------------------------------------------------------------------------------------------------------------------------------- */

static void answers_write(const review *of, eh_json_writer *json)
{
    eh_json_array_open(json, "findings");
    for (size_t i = 0; i < of->findings_count; i++)
        eh_json_text(json, NULL, of->findings[i]);
    eh_json_array_close(json);
    eh_json_array_open(json, "decisions");
    for (size_t i = 0; i < of->decisions_count; i++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "text", of->decisions[i].text);
        eh_json_text(json, "owner", of->decisions[i].owner);
        eh_json_text(json, "due", of->decisions[i].due);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open_flat(json, "signers");
    for (size_t i = 0; i < of->signers_count; i++)
        eh_json_text(json, NULL, of->signers[i]);
    eh_json_array_close(json);
    eh_json_text(json, "next_review_by", of->next);
}

static eh_code record_write(const eh_policy_request *request, const eh_policy *policy, const review *of, eh_buffer *out, eh_error *error)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    char at[EH_INSTANT_TEXT_BYTES], due[EH_INSTANT_TEXT_BYTES];
    eh_json_writer json;
    eh_instant_text((eh_instant){request->options.now.seconds, 0}, EH_FRACTION_NONE, at);
    eh_instant_text(about->review_by, EH_FRACTION_NONE, due);
    due[10] = '\0';
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "record", "policy review");
    eh_json_text(&json, "policy", about->name);
    eh_json_text(&json, "version", about->version);
    eh_json_text(&json, "sha256", about->sha256);
    eh_json_text(&json, "was_due_by", due);
    eh_json_text(&json, "reviewed_at", at);
    EH_TRY(evidence_write(request, policy, &json, error));
    answers_write(of, &json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
    return eh_buffer_check(out, error);
}

/* Into the ledger of the workspace: one appended entry, under the log's signed checkpoint. */
static eh_code record_keep(const char *workspace, eh_view record, char id_out[EH_LEDGER_ID_BYTES], eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    eh_ledger_receipt receipt;
    EH_TRY(eh_ledger_open(workspace, NULL, &ledger, error));
    eh_ledger_entry entry = {.kind = EH_VIEW("policy.review"), .payload = eh_view_trim(record)};
    EH_TRY(eh_ledger_append(ledger, &entry, 1, &receipt, error));
    EH_TRY(eh_ledger_publish(ledger, error));
    memcpy(id_out, receipt.id, EH_LEDGER_ID_BYTES);
    return EH_OK;
}

eh_code eh_policy_run_review(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    review of = {.next = request->next, .signers = request->signers, .signers_count = request->signers_count};
    *status_out = 0;
    EH_TRY(eh_policy_request_open(request, 0, &policy, error));
    if (request->findings != NULL) {
        EH_TRY(eh_yaml_read_file(request->findings, &document, error));
        EH_TRY(file_take(document, request->arena, &of, error));
    } else {
        EH_TRY(questions_ask(request->arena, &of, error));
    }
    EH_TRY(review_check(&of, request, error));
    EH_TRY(record_write(request, policy, &of, out, error));
    if (request->output != NULL)
        EH_TRY(eh_file_replace(request->output, eh_buffer_view(out), error));
    const char *workspace = request->workspace != NULL ? request->workspace : ".";
    if (request->workspace == NULL && !eh_ledger_exists(workspace)) {
        eh_note_show("no ledger here, so the record is only what is printed; --workspace names one; then set review_by to", of.next);
        return EH_OK;
    }
    char id[EH_LEDGER_ID_BYTES];
    EH_TRY(record_keep(workspace, eh_buffer_view(out), id, error));
    eh_note_show("kept in the ledger as", id);
    eh_note_show("set review_by in the policy to", of.next);
    return EH_OK;
}
