/* The evidence of a review: what the check and the tests say, what the rules did in decisions that were made, what people have said since the last review. */
#include <string.h>
#include <sys/stat.h>

#include "journey/reviews.h"
#include "rights/rights.h"

enum { ENTRY_ARENA_BYTES_MAX = 64 << 20 };

/* ---- decisions --------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_policy *policy;
    eh_policy_asker *asker;
    eh_cel_value *row;
    eh_review_evidence *of;
} counting;

static eh_code record_count(void *context, const eh_policy_record *record, eh_error *error)
{
    counting *state = context;
    eh_review_evidence *of = state->of;
    eh_error why = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_JSON_BYTES_MAX);
    if (arena == NULL)
        return eh_fail_memory(error);
    eh_code code = eh_policy_row(state->policy, record->facts, arena, state->row, &why);
    if (code == EH_INPUT && of->of_ledger) {
        of->not_asked++; /* a policy of today may want facts of another type than were recorded then */
        return EH_OK;
    }
    if (code != EH_OK)
        return eh_fail(error, code, "%.100s: %s", record->id, why.text);
    eh_policy_decision decision = eh_policy_ask(state->asker, state->row);
    of->decisions++;
    of->whys[decision.why]++;
    of->decided[decision.rule]++;
    return EH_OK;
}

static eh_code decisions_count(const eh_review_about *about, eh_arena *arena, eh_review_evidence *of, eh_error *error)
{
    counting state = {.policy = about->policy, .row = EH_TAKE(arena, eh_policy_facts_count(about->policy), eh_cel_value), .of = of};
    struct stat facts;
    uint64_t bytes = 0;
    of->decided = EH_TAKE(arena, eh_policy_about(about->policy)->rules_count + 1, uint64_t);
    if (state.row == NULL || of->decided == NULL)
        return eh_fail_memory(error);
    const char *place = about->replay != NULL ? about->replay : about->folder != NULL && eh_ledger_exists(about->folder) ? about->folder : NULL;
    if (place == NULL)
        return EH_OK;
    of->replayed = true;
    of->of_ledger = stat(place, &facts) == 0 && S_ISDIR(facts.st_mode);
    if (!of->of_ledger)
        EH_TRY(eh_file_sha256(place, NULL, of->file_sha256, &bytes, error));
    EH_TRY(eh_policy_asker_open(about->policy, &state.asker, error));
    eh_code code = of->of_ledger ? eh_policy_records_of_ledger(place, about->newest, record_count, &state, error)
                                 : eh_policy_records_read(place, record_count, &state, error);
    eh_policy_asker_close(&state.asker);
    return code;
}

/* ---- the last review ----------------------------------------------------------------------------------------------------------------------- */

/* Is it a review of this policy? Then when, and its id. */
static eh_code review_is(const eh_ledger_record *record, const char *policy, eh_arena *arena, eh_review_evidence *of, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_instant at = {0};
    eh_error ignored = {0};
    if (!eh_view_equal(record->kind, EH_VIEW("policy.review")) || record->state != EH_RECORD_CLEAR)
        return EH_OK;
    EH_TRY(eh_json_parse(record->payload, record->id, &document, error));
    const char *name = eh_json_as_text(eh_json_member(eh_json_root(document), "policy"));
    const char *when = eh_json_as_text(eh_json_member(eh_json_root(document), "reviewed_at"));
    if (name == NULL || when == NULL || strcmp(name, policy) != 0 || eh_instant_parse(eh_view_of(when), &at, &ignored) != EH_OK)
        return EH_OK;
    of->since_s = at.seconds;
    of->last_review = eh_arena_copy(arena, eh_view_of(record->id));
    return of->last_review == NULL ? eh_fail_memory(error) : EH_OK;
}

typedef struct {
    eh_ledger *ledger;
    const char *policy;
    uint64_t first; /* the oldest entry that is looked at */
    eh_arena *arena;
    eh_review_evidence *of;
} looking;

static eh_code entry_look(const looking *at, uint64_t index, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *own = eh_arena_open(ENTRY_ARENA_BYTES_MAX);
    eh_ledger_record record = {0};
    eh_instant hour = {0};
    eh_error ignored = {0};
    char which[24];
    if (own == NULL)
        return eh_fail_memory(error);
    snprintf(which, sizeof which, "%llu", (unsigned long long)index);
    EH_TRY(eh_ledger_read(at->ledger, eh_view_of(which), own, &record, error));
    EH_TRY(review_is(&record, at->policy, at->arena, at->of, error));
    if (at->first > 0 && index == at->first && at->of->last_review == NULL && eh_instant_parse(record.at, &hour, &ignored) == EH_OK)
        at->of->since_s = hour.seconds;
    return EH_OK;
}

/* From the newest entry back. */
static eh_code last_review_find(const eh_review_about *about, eh_arena *arena, eh_review_evidence *of, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    eh_ledger_stats stats = {0};
    if (!eh_ledger_exists(about->folder))
        return EH_OK;
    EH_TRY(eh_ledger_stats_read(about->folder, &stats, error));
    EH_TRY(eh_ledger_open(about->folder, &(eh_ledger_options){.reads_only = true}, &ledger, error));
    uint64_t size = stats.published_size, newest = about->newest == 0 || about->newest > size ? size : about->newest;
    looking at = {.ledger = ledger, .policy = eh_policy_about(about->policy)->name, .first = size - newest, .arena = arena, .of = of};
    for (uint64_t index = size; index > at.first && of->last_review == NULL; index--)
        EH_TRY(entry_look(&at, index - 1, error));
    return EH_OK;
}

/* ---- what people have said ------------------------------------------------------------------------------------------------------------------ */

static eh_code no_count(void *context, eh_view key, bool marketing, eh_error *error)
{
    eh_review_evidence *of = context;
    (void)key;
    (void)error;
    *(marketing ? &of->marketing_noes : &of->ai_noes) += 1;
    return EH_OK;
}

static eh_code said_count(const eh_review_about *about, eh_arena *arena, eh_review_evidence *of, eh_error *error)
{
    eh_noes_question noes = {.channel = EH_CHANNEL_ALL, .after_s = of->since_s, .until_s = about->now.seconds};
    if (about->store == NULL)
        return EH_OK;
    EH_TRY(eh_rights_noes(about->store, &noes, no_count, of, error));
    EH_TRY(eh_feedback_counts(about->store, of->since_s, about->now.seconds, of->pieces, error));
    return eh_feedback_themes(about->store, &(eh_feedback_themes_spec){.now_s = about->now.seconds}, arena, &of->themes, &of->themes_count, error);
}

uint64_t eh_review_complaints(const eh_review_evidence *evidence)
{
    return evidence->pieces[EH_FEEDBACK_COMPLAINT] + evidence->pieces[EH_FEEDBACK_CREEPY] + evidence->pieces[EH_FEEDBACK_UNFAIR];
}

eh_code eh_review_collect(const eh_review_about *about, eh_arena *arena, eh_review_evidence *evidence_out, eh_error *error)
{
    eh_review_evidence of = {.of_workspace = about->folder != NULL};
    of.tested = eh_policy_runnable(about->policy, NULL) == EH_OK;
    if (of.tested)
        EH_TRY(eh_policy_test_all(about->policy, arena, &of.tests, error));
    EH_TRY(decisions_count(about, arena, &of, error));
    if (of.of_workspace) {
        EH_TRY(last_review_find(about, arena, &of, error));
        EH_TRY(said_count(about, arena, &of, error));
        EH_TRY(eh_review_verdicts(about->state_folder, arena, &of, error));
    }
    *evidence_out = of;
    return EH_OK;
}

/* ---- as JSON ---------------------------------------------------------------------------------------------------------------------------------- */

static void decisions_write(const eh_policy *policy, const eh_review_evidence *of, eh_json_writer *json)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    eh_json_object_open(json, "decisions");
    eh_json_text(json, of->of_ledger ? "from" : "file_sha256", of->of_ledger ? "the ledger of the workspace" : of->file_sha256);
    eh_json_integer(json, "count", (int64_t)of->decisions);
    for (size_t why = 0; why <= EH_POLICY_CAPPED; why++)
        eh_json_integer(json, eh_policy_why_name((eh_policy_why)why), (int64_t)of->whys[why]);
    if (of->not_asked > 0)
        eh_json_integer(json, "not_asked", (int64_t)of->not_asked);
    eh_json_object_open(json, "decided_by");
    for (size_t i = 0; i < about->rules_count; i++)
        if (of->decided[i] > 0)
            eh_json_integer(json, about->rules[i].id, (int64_t)of->decided[i]);
    eh_json_object_close(json);
    eh_json_object_close(json);
}

static void themes_write(const eh_review_evidence *of, eh_json_writer *json)
{
    eh_json_array_open(json, "themes");
    for (size_t i = 0; i < of->themes_count; i++) {
        const eh_feedback_theme *theme = &of->themes[i];
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "kind", eh_feedback_kind_name(theme->kind));
        eh_json_text(json, "subject", theme->subject);
        eh_json_text(json, "campaign", theme->campaign);
        eh_json_integer(json, "now", (int64_t)theme->now_count);
        eh_json_integer(json, "before", (int64_t)theme->before_count);
        eh_json_integer(json, "all", (int64_t)theme->all_count);
        eh_json_boolean(json, "over_threshold", theme->review_due);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

static void workspace_write(const eh_review_evidence *of, eh_json_writer *json)
{
    eh_json_text(json, "last_review", of->last_review);
    if (of->since_s > 0)
        eh_json_time(json, "since", of->since_s);
    else
        eh_json_null(json, "since");
    eh_json_object_open_flat(json, "opt_outs");
    eh_json_integer(json, "marketing", (int64_t)of->marketing_noes);
    eh_json_integer(json, "ai", (int64_t)of->ai_noes);
    eh_json_object_close(json);
    eh_json_integer(json, "complaints", (int64_t)eh_review_complaints(of));
    eh_json_object_open_flat(json, "feedback");
    for (size_t kind = 0; kind < EH_FEEDBACKS_COUNT; kind++)
        eh_json_integer(json, eh_feedback_kind_name((eh_feedback_kind)kind), (int64_t)of->pieces[kind]);
    eh_json_object_close(json);
    themes_write(of, json);
    eh_json_array_open(json, "verdicts");
    for (size_t i = 0; i < of->verdicts_count; i++) {
        eh_json_object_open(json, NULL);
        eh_json_text(json, "of", of->verdicts[i].of);
        eh_json_text(json, "name", of->verdicts[i].name);
        eh_json_time(json, "at", of->verdicts[i].at_s);
        eh_json_text(json, "verdict", of->verdicts[i].verdict);
        eh_json_text(json, "sentence", of->verdicts[i].sentence);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

void eh_review_evidence_write(const eh_policy *policy, const eh_review_evidence *of, eh_json_writer *json)
{
    size_t findings_count = 0;
    const eh_policy_finding *findings = eh_policy_findings(policy, &findings_count);
    eh_json_object_open(json, "evidence");
    eh_json_array_open(json, "check");
    for (size_t i = 0; i < findings_count; i++)
        eh_json_text(json, NULL, findings[i].text);
    eh_json_array_close(json);
    if (of->tested) {
        eh_json_object_open_flat(json, "tests");
        eh_json_integer(json, "run", (int64_t)of->tests.tests_count);
        eh_json_integer(json, "passed", (int64_t)of->tests.passed_count);
        eh_json_integer(json, "parts", (int64_t)of->tests.parts_count * 2);
        eh_json_integer(json, "covered", (int64_t)of->tests.covered_count);
        eh_json_object_close(json);
    }
    if (of->replayed)
        decisions_write(policy, of, json);
    if (of->of_workspace)
        workspace_write(of, json);
    eh_json_object_close(json);
}
