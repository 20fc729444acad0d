/* A review of a policy: evidence, what people found and decided, the record. */
#include <string.h>
#include <sys/stat.h>

#include "journey/reviews.h"

typedef struct {
    const eh_policy *policy;
    eh_policy_asker *asker;
    eh_cel_value *row;
    size_t decisions, permitted, whys[EH_POLICY_CAPPED + 1];
    uint32_t *decided; /* per rule */
} evidence;

eh_code eh_review_check_unsigned(const eh_review *of, eh_instant now, eh_error *error)
{
    eh_instant next = {0};
    eh_error why = {0};
    for (size_t i = 0; i < of->decisions_count; i++) {
        eh_instant due = {0};
        if (eh_instant_parse_date(eh_view_of(of->decisions[i].due), &due, &why) != EH_OK)
            return eh_fail(error, EH_INPUT, "decision %zu: due: %s", i + 1, why.text);
    }
    if (of->next == NULL)
        return eh_fail(error, EH_INPUT, "the date of the next review is missing: --next DATE, or next_review_by: in the file");
    if (eh_instant_parse_date(eh_view_of(of->next), &next, &why) != EH_OK)
        return eh_fail(error, EH_INPUT, "the next review: %s", why.text);
    if (eh_instant_compare(next, now) <= 0)
        return eh_fail(error, EH_INPUT, "the next review (%s) must lie in the future", of->next);
    return EH_OK;
}

eh_code eh_review_check(const eh_review *of, eh_instant now, eh_error *error)
{
    if (of->signers_count < EH_REVIEW_SIGNERS)
        return eh_fail(error, EH_INPUT, "a review is signed by two people: --signer NAME twice, or signers: in the file (%zu given)", of->signers_count);
    for (size_t i = 0; i < of->signers_count; i++)
        for (size_t k = 0; k < i; k++)
            if (eh_view_equal_nocase(eh_view_trim(eh_view_of(of->signers[i])), eh_view_trim(eh_view_of(of->signers[k]))))
                return eh_fail(error, EH_INPUT, "'%s' signs twice; two different people sign", of->signers[i]);
    return eh_review_check_unsigned(of, now, error);
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

static eh_code decisions_count(const eh_review_about *request, evidence *of, eh_arena *arena, eh_error *error)
{
    of->row = EH_TAKE(arena, eh_policy_facts_count(of->policy), eh_cel_value);
    of->decided = EH_TAKE(arena, eh_policy_about(of->policy)->rules_count + 1, uint32_t);
    if (of->row == NULL || of->decided == NULL)
        return eh_fail_memory(error);
    if (request->replay == NULL)
        return EH_OK;
    EH_TRY(eh_policy_asker_open(of->policy, &of->asker, error));
    eh_code code = eh_policy_records_read(request->replay, record_count, of, error);
    eh_policy_asker_close(&of->asker);
    return code;
}

static eh_code evidence_write(const eh_review_about *request, eh_arena *arena, eh_json_writer *json, eh_error *error)
{
    const eh_policy *policy = request->policy;
    evidence of = {.policy = policy};
    const eh_policy_facts *about = eh_policy_about(policy);
    eh_policy_tests tests = {0};
    size_t findings_count = 0;
    const eh_policy_finding *findings = eh_policy_findings(policy, &findings_count);
    EH_TRY(decisions_count(request, &of, arena, error));
    eh_json_object_open(json, "evidence");
    eh_json_array_open(json, "check");
    for (size_t i = 0; i < findings_count; i++)
        eh_json_text(json, NULL, findings[i].text);
    eh_json_array_close(json);
    if (eh_policy_runnable(policy, NULL) == EH_OK) {
        EH_TRY(eh_policy_test_all(policy, arena, &tests, error));
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
        struct stat facts;
        bool ledger = stat(request->replay, &facts) == 0 && S_ISDIR(facts.st_mode);
        if (!ledger)
            EH_TRY(eh_file_sha256(request->replay, NULL, sha256, &bytes, error));
        eh_json_object_open(json, "decisions");
        eh_json_text(json, ledger ? "from" : "file_sha256", ledger ? "the ledger of the workspace" : sha256);
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

static void answers_write(const eh_review *of, eh_json_writer *json)
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

eh_code eh_review_write(const eh_review_about *request, const eh_review *of, eh_arena *arena, eh_buffer *out, eh_error *error)
{
    const eh_policy_facts *about = eh_policy_about(request->policy);
    char at[EH_INSTANT_TEXT_BYTES], due[EH_INSTANT_TEXT_BYTES];
    eh_json_writer json;
    eh_instant_text((eh_instant){request->now.seconds, 0}, EH_FRACTION_NONE, at);
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
    EH_TRY(evidence_write(request, arena, &json, error));
    answers_write(of, &json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
    return eh_buffer_check(out, error);
}

eh_code eh_review_keep(eh_ledger *ledger, eh_view record, char id_out[EH_LEDGER_ID_BYTES], eh_error *error)
{
    eh_ledger_receipt receipt;
    eh_ledger_entry entry = {.kind = EH_VIEW("policy.review"), .payload = eh_view_trim(record)};
    EH_TRY(eh_ledger_append(ledger, &entry, 1, &receipt, error));
    EH_TRY(eh_ledger_publish(ledger, error));
    memcpy(id_out, receipt.id, EH_LEDGER_ID_BYTES);
    return EH_OK;
}
