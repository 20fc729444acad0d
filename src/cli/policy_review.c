/* `evenhand policy review`: evidence is collected, findings and decisions are given in a file or asked for, two people sign, the record is kept. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/yaml.h"
#include "cli/policy_command_int.h"

enum { ANSWER_BYTES_MAX = 4000 };

typedef struct {
    const eh_policy_request *request;
    eh_workspace *workspace; /* NULL: none */
    eh_store *store;         /* NULL: nobody has said anything */
    eh_policy *policy;
    const char *folder;      /* whose ledger takes the record; NULL: none */
    const char *theme;       /* KIND:SUBJECT, "none" or NULL */
    eh_feedback_theme answered;
    eh_review_evidence evidence;
    eh_review review;
} reviewing;

/* ---- what was found and decided ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_yaml_node *findings, *decisions, *signers;
    const char *next, *theme, *change;
} review_keys;

static const eh_yaml_field review_fields[] = {
    {"findings", EH_FIELD_LIST, true, offsetof(review_keys, findings), NULL, 0, 0, "a list of texts; [] when nothing was found"},
    {"decisions", EH_FIELD_LIST, true, offsetof(review_keys, decisions), NULL, 0, 0, "a list of {text, owner, due}; [] when nothing was decided"},
    {"signers", EH_FIELD_LIST, false, offsetof(review_keys, signers), NULL, 0, 0, "two names"},
    {"next_review_by", EH_FIELD_TEXT, false, offsetof(review_keys, next), NULL, 0, 0, "a date such as 2027-06-01"},
    {"theme", EH_FIELD_TEXT, false, offsetof(review_keys, theme), NULL, 0, 0, "KIND:SUBJECT of a theme of feedback, or none"},
    {"change", EH_FIELD_TEXT, false, offsetof(review_keys, change), NULL, 0, 0, "what it led to, for everybody who wrote on the theme"},
};
static const eh_yaml_field decision_fields[] = {
    {"text", EH_FIELD_TEXT, true, offsetof(eh_review_decision, text), NULL, 0, 0, NULL},
    {"owner", EH_FIELD_TEXT, true, offsetof(eh_review_decision, owner), NULL, 0, 0, NULL},
    {"due", EH_FIELD_TEXT, true, offsetof(eh_review_decision, due), NULL, 0, 0, NULL},
};

static eh_code file_take(const eh_yaml_document *document, reviewing *run, eh_error *error)
{
    eh_arena *arena = run->request->arena;
    eh_review *of = &run->review;
    review_keys keys = {0};
    EH_TRY(eh_yaml_read(eh_yaml_root(document), review_fields, sizeof review_fields / sizeof review_fields[0], &keys, error));
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
    if (run->theme == NULL)
        run->theme = keys.theme;
    if (of->change == NULL)
        of->change = keys.change;
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

static eh_code questions_ask(reviewing *run, eh_error *error)
{
    eh_arena *arena = run->request->arena;
    eh_review *of = &run->review;
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
    if (run->theme == NULL && run->evidence.themes_count > 0)
        run->theme = answer(arena, "The theme of feedback that it answers, as in unfair:town (none; empty: the one over its threshold)");
    if (of->change == NULL && run->evidence.themes_count > 0)
        of->change = answer(arena, "What it led to, for everybody who wrote on it (empty: nothing to tell)");
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

/* ---- the theme that called for it ---------------------------------------------------------------------------------------------------------- */

static eh_code theme_named(reviewing *run, eh_view name, eh_error *error)
{
    const char *colon = memchr(name.ptr, ':', name.len);
    eh_feedback_theme wanted = {0};
    if (colon == NULL || !eh_feedback_kind_find((eh_view){name.ptr, (size_t)(colon - name.ptr)}, &wanted.kind))
        return eh_fail(error, EH_INPUT, "the theme '%.100s' is none; a theme is KIND:SUBJECT, as in unfair:months_since_order, or none", run->theme);
    for (size_t i = 0; i < run->evidence.themes_count; i++) {
        const eh_feedback_theme *theme = &run->evidence.themes[i];
        if (theme->kind == wanted.kind && strcmp(theme->subject, colon + 1) == 0) {
            run->answered = *theme;
            run->review.theme = &run->answered;
            return EH_OK;
        }
    }
    return eh_fail(error, EH_NOT_FOUND, "nobody wrote on the theme '%.100s'; the evidence above has the themes", run->theme);
}

/* The one that was named; else the one over its threshold, when no other is. */
static eh_code theme_choose(reviewing *run, eh_error *error)
{
    size_t due = 0;
    if (run->theme != NULL)
        return strcmp(run->theme, "none") == 0 ? EH_OK : theme_named(run, eh_view_of(run->theme), error);
    for (size_t i = 0; i < run->evidence.themes_count; i++) {
        if (run->evidence.themes[i].review_due && due++ == 0)
            run->answered = run->evidence.themes[i];
    }
    if (due == 1)
        run->review.theme = &run->answered;
    else if (due > 1)
        eh_note_show("several themes of feedback are over their threshold", "--theme KIND:SUBJECT names the one that this review answers; all stay open without it");
    return EH_OK;
}

/* ---- the workspace ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code store_open(reviewing *run, const eh_workspace_model *model, eh_error *error)
{
    const char *path = eh_arena_format(run->request->arena, "%s/evenhand.db", model->state_folder);
    if (path == NULL)
        return eh_fail_memory(error);
    if (access(path, F_OK) != 0)
        return EH_OK;
    EH_TRY(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &run->store, error));
    return eh_feedback_migrate(run->store, error);
}

/* The workspace that is named, or that we are in; a folder with a ledger alone will do for the record. */
static eh_code workspace_open(reviewing *run, eh_error *error)
{
    const eh_policy_request *request = run->request;
    eh_error absent = {0};
    eh_code code = eh_workspace_open(request->workspace, &run->workspace, &absent);
    const char *place = request->workspace != NULL ? request->workspace : ".";
    if (code == EH_OK) {
        const eh_workspace_model *model = eh_workspace_get(run->workspace);
        run->folder = request->workspace != NULL || eh_ledger_exists(model->folder) ? model->folder : NULL;
        return store_open(run, model, error);
    }
    if (code != EH_NOT_FOUND || (request->workspace != NULL && !eh_ledger_exists(place)))
        return eh_fail(error, code, "%s", absent.text);
    run->folder = eh_ledger_exists(place) ? place : NULL;
    return EH_OK;
}

static eh_code policy_open(reviewing *run, eh_error *error)
{
    const eh_policy_request *request = run->request;
    if (request->files_count > 0 || run->workspace == NULL || access("policy.yaml", F_OK) == 0)
        return eh_policy_request_open(request, 0, &run->policy, error);
    const char *path = eh_arena_format(request->arena, "%s/policy.yaml", eh_workspace_get(run->workspace)->folder);
    return path == NULL ? eh_fail_memory(error) : eh_policy_open(path, &request->options, &run->policy, error);
}

static void evidence_show(const reviewing *run)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_policy_evidence_text(run->policy, &run->evidence, &text);
    if (eh_buffer_check(&text, NULL) == EH_OK)
        fputs(text.ptr, stderr);
}

/* ---- the review ------------------------------------------------------------------------------------------------------------------------------- */

static eh_code record_keep(const reviewing *run, eh_view record, eh_error *error)
{
    char id[EH_LEDGER_ID_BYTES], says[64];
    uint64_t told = 0;
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    if (run->folder == NULL) {
        eh_note_show("no ledger here, so the record is only what is printed; --workspace names one; then set review_by to", run->review.next);
        return EH_OK;
    }
    EH_TRY(eh_ledger_open(run->folder, NULL, &ledger, error));
    EH_TRY(eh_review_keep(ledger, record, id, error));
    eh_note_show("kept in the ledger as", id);
    if (run->store != NULL && run->review.theme != NULL) {
        EH_TRY(eh_review_theme_close(run->store, &run->review, id, run->request->options.now.seconds, &told, error));
        snprintf(says, sizeof says, "%s: %llu people are told", eh_feedback_kind_name(run->review.theme->kind), (unsigned long long)told);
        eh_note_show("dealt with the theme of feedback that called for it:", says);
    }
    eh_note_show("set review_by in the policy to", run->review.next);
    return EH_OK;
}

static eh_code review_run(reviewing *run, eh_buffer *out, eh_error *error)
{
    const eh_policy_request *request = run->request;
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    EH_TRY(workspace_open(run, error));
    EH_TRY(policy_open(run, error));
    const eh_workspace_model *model = run->workspace == NULL ? NULL : eh_workspace_get(run->workspace);
    eh_review_about about = {.policy = run->policy, .replay = request->replay, .folder = model == NULL ? NULL : model->folder,
                             .state_folder = model == NULL ? NULL : model->state_folder, .store = run->store, .now = request->options.now};
    EH_TRY(eh_review_collect(&about, request->arena, &run->evidence, error));
    if (model != NULL || request->findings == NULL)
        evidence_show(run);
    if (request->findings != NULL) {
        EH_TRY(eh_yaml_read_file(request->findings, &document, error));
        EH_TRY(file_take(document, run, error));
    } else {
        EH_TRY(questions_ask(run, error));
    }
    EH_TRY(theme_choose(run, error));
    EH_TRY(eh_review_check(&run->review, request->options.now, error));
    EH_TRY(eh_review_write(&about, &run->evidence, &run->review, out, error));
    if (request->output != NULL)
        EH_TRY(eh_file_replace(request->output, eh_buffer_view(out), error));
    return record_keep(run, eh_buffer_view(out), error);
}

eh_code eh_policy_run_review(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error)
{
    reviewing run = {.request = request, .theme = request->theme,
                     .review = {.next = request->next, .change = request->change, .signers = request->signers, .signers_count = request->signers_count}};
    *status_out = 0;
    eh_code code = review_run(&run, out, error);
    eh_policy_close(&run.policy);
    eh_store_close(&run.store);
    eh_workspace_close(&run.workspace);
    return code;
}
