/* A review of a policy: what people found and decided, the record, what becomes of it. */
#include <string.h>

#include "base/unicode.h"
#include "journey/reviews.h"

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
    for (size_t i = 0; i < of->signers_count; i++) {
        if (eh_unicode_blank(eh_view_of(of->signers[i])))
            return eh_fail(error, EH_INPUT, "signer %zu has no name", i + 1);
        for (size_t k = 0; k < i; k++)
            if (eh_unicode_same_name(eh_view_of(of->signers[i]), eh_view_of(of->signers[k])))
                return eh_fail(error, EH_INPUT, "'%s' signs twice; two different people sign", of->signers[i]);
    }
    return eh_review_check_unsigned(of, now, error);
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
    if (of->theme != NULL) {
        eh_json_object_open_flat(json, "theme");
        eh_json_text(json, "kind", eh_feedback_kind_name(of->theme->kind));
        eh_json_text(json, "subject", of->theme->subject);
        eh_json_text(json, "change", of->change == NULL ? "" : of->change);
        eh_json_object_close(json);
    }
    eh_json_array_open_flat(json, "signers");
    for (size_t i = 0; i < of->signers_count; i++)
        eh_json_text(json, NULL, of->signers[i]);
    eh_json_array_close(json);
    eh_json_text(json, "next_review_by", of->next);
}

eh_code eh_review_write(const eh_review_about *request, const eh_review_evidence *evidence, const eh_review *of, eh_buffer *out, eh_error *error)
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
    eh_review_evidence_write(request->policy, evidence, &json);
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

eh_code eh_review_theme_close(eh_store *store, const eh_review *review, const char *entry, int64_t now_s, uint64_t *told_out, eh_error *error)
{
    const eh_feedback_theme *theme = review->theme;
    uint64_t told = 0;
    *told_out = 0;
    if (theme == NULL)
        return EH_OK;
    EH_TRY(eh_feedback_theme_reviewed(store, theme, eh_view_of(entry), now_s, error));
    if (review->change != NULL && review->change[0] != '\0')
        EH_TRY(eh_feedback_theme_tell(store, theme->kind, eh_view_of(theme->subject), eh_view_of(review->change), &told, error));
    *told_out = told;
    return EH_OK;
}
