/* A plan that went out and what came back, as arrays. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "journey/release_int.h"
#include "journey/results_int.h"
#include "journey/outcomes.h"

enum { BATCH = 4096 };

void eh_results_note(eh_results_run *run, const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    const char *kept = run->report->notes_count < EH_CAMPAIGN_NOTES_MAX ? eh_arena_copy(run->arena, eh_view_of(text)) : NULL;
    if (kept != NULL)
        run->report->notes[run->report->notes_count++] = kept;
}

/* ---- the plan -------------------------------------------------------------------------------------------------------------------------- */

static eh_code plan_choose(eh_results_run *run, eh_error *error)
{
    const eh_campaign_plan *plans = NULL;
    eh_error absent = {0};
    size_t count = 0;
    const char *slash = strrchr(run->request->name, '/'), *name = slash != NULL && slash[1] != '\0' ? slash + 1 : run->request->name;
    eh_code code = eh_campaign_plan_find(run->store, name, run->arena, &run->plan, &absent);
    if (code == EH_OK)
        return EH_OK;
    if (code != EH_NOT_FOUND)
        return eh_fail(error, code, "%s", absent.text);
    EH_TRY(eh_campaign_plans(run->store, name, run->arena, &plans, &count, error));
    if (count == 0)
        return eh_fail(error, EH_NOT_FOUND, "no plan or campaign '%.100s' went out here; evenhand campaign list shows them", name);
    run->plan = plans[0];
    run->plans = plans;
    run->plans_count = count;
    if (count > 1)
        eh_results_note(run, "%zu plans of this campaign went out; this is the newest, and one figure is of all together. The others have reports of their own: evenhand campaign list", count);
    return EH_OK;
}

static bool covariate_facts(const eh_frame *frame, size_t *facts, size_t *count_out)
{
    size_t count = 0;
    for (size_t f = 0; f < frame->facts_count && count + frame->offers_count < EH_EFFECT_COVARIATES_MAX; f++)
        if (frame->facts[f].kind != EH_FACT_TEXT)
            facts[count++] = f;
    *count_out = count;
    return frame->choose == EH_CHOOSE_MODEL;
}

static int best_offer(const eh_frame *frame, const eh_trace *trace)
{
    int best = EH_NO_OFFER;
    for (size_t o = 0; o < frame->offers_count; o++)
        if ((trace->allowed >> o & 1) != 0 && (best == EH_NO_OFFER || trace->scores[o] > trace->scores[best]))
            best = (int)o;
    return best;
}

static void person_take(eh_results_run *run, size_t person, const eh_trace *trace, const size_t *facts, size_t facts_count)
{
    const eh_frame *frame = &run->file.frame;
    eh_result_person *one = &run->people[person];
    double *covariates = run->covariates + person * run->covariates_count;
    int chosen = trace->stage == EH_STAGE_CHOICE || trace->stage == EH_STAGE_LOT ? trace->choice : trace->policy_choice;
    *one = (eh_result_person){.stage = (uint8_t)trace->stage, .ai = trace->ai.may, .scored = trace->scores != NULL, .choice = (int8_t)trace->choice, .policy = (int8_t)chosen,
                              .allowed = trace->allowed, .score_offer = EH_NO_OFFER};
    if (one->scored) {
        one->score_offer = (int8_t)(chosen != EH_NO_OFFER ? chosen : best_offer(frame, trace));
        one->score = one->score_offer == EH_NO_OFFER ? 0 : trace->scores[one->score_offer];
    }
    for (size_t c = 0; c < run->covariates_count; c++)
        covariates[c] = EH_NAN;
    for (size_t c = 0; c < facts_count && trace->facts_count > 0; c++)
        if (trace->facts[facts[c]].type == EH_VALUE_NUMBER || trace->facts[facts[c]].type == EH_VALUE_TRUTH)
            covariates[c] = trace->facts[facts[c]].number;
    for (size_t o = 0; facts_count + o < run->covariates_count && one->scored; o++)
        if ((trace->allowed >> o & 1) != 0)
            covariates[facts_count + o] = (double)trace->scores[o];
    eh_action_chances(frame, trace, run->chances + person * run->actions, run->shares + person * run->actions);
}

static eh_code people_take(eh_results_run *run, eh_error *error)
{
    size_t facts[EH_EFFECT_COVARIATES_MAX], facts_count = 0, at = 0;
    eh_plan_record record;
    for (; at < run->file.traces.len; run->people_count++)
        EH_TRY(eh_plan_file_step(&run->file, &at, &record, error));
    bool scores = covariate_facts(&run->file.frame, facts, &facts_count);
    run->actions = run->file.frame.offers_count + 1;
    run->covariates_count = facts_count + (scores ? run->file.frame.offers_count : 0);
    size_t n = run->people_count;
    run->keys = EH_TAKE(run->arena, n, const char *);
    run->people = EH_TAKE(run->arena, n, eh_result_person);
    run->covariates = EH_TAKE(run->arena, n * run->covariates_count, double);
    run->chances = EH_TAKE(run->arena, n * run->actions, double);
    run->shares = EH_TAKE(run->arena, n * run->actions, double);
    if (run->keys == NULL || run->people == NULL || run->covariates == NULL || run->chances == NULL || run->shares == NULL)
        return eh_fail_memory(error);
    at = 0;
    for (size_t person = 0; person < n;) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        if (arena == NULL)
            return eh_fail_memory(error);
        for (size_t in_batch = 0; in_batch < BATCH && person < n; in_batch++, person++) {
            eh_trace trace = {0};
            EH_TRY(eh_plan_file_step(&run->file, &at, &record, error));
            EH_TRY(eh_trace_read(record.trace, &run->file.frame, arena, &trace, error));
            if ((run->keys[person] = eh_arena_copy(run->arena, record.key)) == NULL)
                return eh_fail_memory(error);
            person_take(run, person, &trace, facts, facts_count);
            run->people[person].sent = record.sent;
        }
    }
    return EH_OK;
}

static void people_count(eh_results_run *run)
{
    eh_report_campaign *report = run->report;
    report->people = run->people_count;
    for (size_t i = 0; i < run->people_count; i++) {
        report->eligible += run->people[i].stage >= EH_STAGE_HOLDOUT;
        report->held += run->people[i].stage == EH_STAGE_HOLDOUT;
        report->sent += run->people[i].sent;
    }
    report->left_out = (uint64_t)run->plan.left_out;
    report->released_s = run->plan.released_s;
    report->approved_by = run->plan.approved_by;
}

eh_code eh_results_load(eh_results_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_workspace_open(run->request->workspace, &run->workspace, error));
    run->model = eh_workspace_get(run->workspace);
    EH_TRY(eh_campaigns_open(run->model->state_folder, &run->store, error));
    EH_TRY(plan_choose(run, error));
    EH_TRY(eh_plan_file_open(run->model->state_folder, run->plan.plan, &run->file, error));
    EH_TRY(eh_archive_read(run->model->state_folder, "campaign.yaml", &run->file.frame.campaign_digest, &text, error));
    char *name = eh_arena_format(run->arena, "%s.yaml", run->file.frame.campaign);
    if (name == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_campaign_parse(eh_buffer_view(&text), name, &run->campaign_file, error));
    run->campaign = eh_campaign_get(run->campaign_file);
    run->report->frame = &run->file.frame;
    run->report->confidence = run->campaign->confidence;
    run->report->ratio_min = run->campaign->ratio_min;
    run->report->cell_min = run->request->cell_min;
    EH_TRY(people_take(run, error));
    people_count(run);
    return EH_OK;
}

/* ---- what came back ---------------------------------------------------------------------------------------------------------------------- */

eh_code eh_results_values(eh_results_run *run, const char *outcome, bool *others_none_out, double *values_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *none = NULL, *find = NULL;
    bool row = false;
    EH_TRY(eh_store_prepare(run->store, "SELECT max(others_none) FROM campaign_batch WHERE plan = $1 AND outcome = $2", &none, error));
    eh_bind_integer(none, 1, run->plan.number);
    eh_bind_text(none, 2, eh_view_of(outcome));
    EH_TRY(eh_statement_step(none, &row, error));
    *others_none_out = row && !eh_column_null(none, 0) && eh_column_integer(none, 0) != 0;
    for (size_t i = 0; i < run->people_count; i++)
        values_out[i] = *others_none_out ? 0 : EH_NAN;
    EH_TRY(eh_store_prepare(run->store, "SELECT person, value FROM campaign_outcome WHERE plan = $1 AND outcome = $2", &find, error));
    eh_bind_integer(find, 1, run->plan.number);
    eh_bind_text(find, 2, eh_view_of(outcome));
    for (;;) {
        EH_TRY(eh_statement_step(find, &row, error));
        if (!row)
            return EH_OK;
        size_t place = eh_key_place(run->keys, run->people_count, eh_column_text(find, 0));
        if (place != SIZE_MAX)
            values_out[place] = eh_column_double(find, 1);
    }
}

static eh_code names_read(eh_results_run *run, const char **names, size_t names_max, uint64_t *named, uint64_t *batches, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row = true;
    EH_TRY(eh_store_prepare(run->store, "SELECT b.outcome, count(*), (SELECT count(*) FROM campaign_outcome o WHERE o.plan = b.plan AND o.outcome = b.outcome)"
                                        " FROM campaign_batch b WHERE b.plan = $1 GROUP BY b.plan, b.outcome ORDER BY min(b.batch), b.outcome", &find, error));
    eh_bind_integer(find, 1, run->plan.number);
    for (*count_out = 0; *count_out < names_max; ++*count_out) {
        EH_TRY(eh_statement_step(find, &row, error));
        if (!row)
            return EH_OK;
        if ((names[*count_out] = eh_arena_copy(run->arena, eh_column_text(find, 0))) == NULL)
            return eh_fail_memory(error);
        batches[*count_out] = (uint64_t)eh_column_integer(find, 1);
        named[*count_out] = (uint64_t)eh_column_integer(find, 2);
    }
    return EH_OK;
}

static bool is_bother(const char *name) { return strcmp(name, EH_OUTCOME_OPT_OUT) == 0 || strcmp(name, EH_OUTCOME_COMPLAINT) == 0; }

/* The one that was asked for, that the campaign is about, or that came first. */
static eh_code outcome_choose(eh_results_run *run, const char *const *names, size_t count, eh_error *error)
{
    const char *wanted = run->request->outcome != NULL ? run->request->outcome : run->campaign->outcome;
    for (size_t i = 0; wanted != NULL && i < count; i++)
        if (strcmp(names[i], wanted) == 0)
            run->report->outcome = names[i];
    if (run->report->outcome == NULL && run->request->outcome != NULL)
        return eh_fail(error, EH_NOT_FOUND, "no outcome '%.60s' has come back for %s; bring it: evenhand outcomes FILE --plan %s", wanted, run->plan.plan, run->plan.plan);
    for (size_t i = 0; run->report->outcome == NULL && i < count; i++)
        if (!is_bother(names[i]))
            run->report->outcome = names[i];
    return EH_OK;
}

static void array_fold(eh_results_run *run, size_t person, uint8_t *fold_out)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *at = run->keys[person]; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    *fold_out = (uint8_t)((hash ^ hash >> 32) % EH_EFFECT_FOLDS);
}

eh_code eh_results_known(eh_results_run *run, const double *values, eh_error *error)
{
    size_t n = 0, k = run->covariates_count, actions = run->actions;
    for (size_t i = 0; i < run->people_count; i++)
        n += run->people[i].stage >= EH_STAGE_HOLDOUT && !isnan(values[i]);
    run->known_count = n;
    run->row = EH_TAKE(run->arena, n, uint32_t);
    run->outcome = EH_TAKE(run->arena, n, double);
    run->action = EH_TAKE(run->arena, n, uint32_t);
    run->known_chances = EH_TAKE(run->arena, n * actions, double);
    run->gain = EH_TAKE(run->arena, n, double);
    double *covariates = EH_TAKE(run->arena, n * k, double);
    uint8_t *fold = EH_TAKE(run->arena, n, uint8_t);
    if (run->row == NULL || run->outcome == NULL || run->action == NULL || run->known_chances == NULL || run->gain == NULL || covariates == NULL || fold == NULL)
        return eh_fail_memory(error);
    n = 0;
    for (size_t i = 0; i < run->people_count; i++) {
        if (run->people[i].stage < EH_STAGE_HOLDOUT || isnan(values[i]))
            continue;
        run->row[n] = (uint32_t)i;
        run->outcome[n] = values[i];
        run->action[n] = run->people[i].choice == EH_NO_OFFER ? 0 : 1 + (uint32_t)run->people[i].choice;
        memcpy(run->known_chances + n * actions, run->chances + i * actions, actions * sizeof(double));
        memcpy(covariates + n * k, run->covariates + i * k, k * sizeof(double));
        array_fold(run, i, &fold[n++]);
    }
    eh_effect_data data = {.people = n, .actions = actions, .action = run->action, .chances = run->known_chances, .outcome = run->outcome, .covariates = covariates,
                           .covariates_count = k, .fold = fold};
    EH_TRY(eh_effect_scores(&data, run->arena, &run->expected, &run->scores, error));
    for (size_t i = 0; i < n; i++) {
        const double *share = run->shares + (size_t)run->row[i] * actions, *score = run->scores + i * actions;
        for (size_t a = 1; a < actions; a++)
            run->gain[i] += share[a] > 0 ? share[a] * (score[a] - score[0]) : 0;
    }
    return EH_OK;
}

static eh_code outcome_sum_up(eh_results_run *run, const double *values, eh_campaign_outcome *out, eh_error *error)
{
    eh_campaign_effect effect = {0};
    double sum = 0;
    EH_TRY(eh_results_known(run, values, error));
    for (size_t i = 0; i < run->known_count; i++)
        sum += run->outcome[i];
    eh_results_effect_of_all(run, &effect);
    out->known = run->known_count;
    out->mean = run->known_count == 0 ? EH_NAN : sum / (double)run->known_count;
    out->adjusted = effect.adjusted;
    out->word = effect.word;
    return EH_OK;
}

eh_code eh_results_outcomes(eh_results_run *run, eh_error *error)
{
    enum { NAMES_MAX = 32 };
    const char *names[NAMES_MAX];
    uint64_t named[NAMES_MAX], batches[NAMES_MAX];
    size_t count = 0, at = 0;
    EH_TRY(names_read(run, names, NAMES_MAX, named, batches, &count, error));
    EH_TRY(outcome_choose(run, names, count, error));
    eh_campaign_outcome *outcomes = EH_TAKE(run->arena, count, eh_campaign_outcome);
    double *values = EH_TAKE(run->arena, run->people_count, double);
    if (outcomes == NULL || values == NULL)
        return eh_fail_memory(error);
    for (size_t pass = 0; pass < 2; pass++) /* the one that the report is about comes last: its arrays stay */
        for (size_t i = 0; i < count; i++) {
            bool chosen = names[i] == run->report->outcome;
            if (is_bother(names[i]) || chosen != (pass == 1))
                continue;
            eh_campaign_outcome *out = &outcomes[at++];
            *out = (eh_campaign_outcome){.name = names[i], .named = named[i], .batches = batches[i]};
            EH_TRY(eh_results_values(run, names[i], &out->others_none, values, error));
            EH_TRY(outcome_sum_up(run, values, out, error));
        }
    run->report->outcomes = outcomes;
    run->report->outcomes_count = at;
    run->report->known = run->report->outcome == NULL ? 0 : run->known_count;
    run->report->yes_or_no = true;
    for (size_t i = 0; i < run->known_count; i++)
        run->report->yes_or_no = run->report->yes_or_no && (run->outcome[i] == 0 || run->outcome[i] == 1);
    return EH_OK;
}
