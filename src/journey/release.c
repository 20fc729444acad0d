/* Lets a plan go out: rights and caps once more, every decision into the ledger, the send list. */
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/unicode.h"
#include "journey/release_int.h"

enum { BATCH = 8192, NOTICES_MAX = 65 };

/* ---- may it go out? --------------------------------------------------------------------------------------------------------------- */

/* Plans that went out before this program kept them in the store left a file behind. */
static eh_code once_check(eh_release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_campaign_plan kept = {0};
    eh_error absent = {0};
    struct stat facts;
    eh_buffer_format(&path, "%s/plans/%s/sent", run->model->state_folder, run->file.name);
    EH_TRY(eh_buffer_check(&path, error));
    eh_code code = eh_campaign_plan_find(run->store, run->file.name, run->arena, &kept, &absent);
    if (code != EH_OK && code != EH_NOT_FOUND)
        return eh_fail(error, code, "%s", absent.text);
    if (kept.released_s > 0 || stat(path.ptr, &facts) == 0)
        return eh_fail(error, EH_CONFLICT, "the plan '%s' went out already; make a new one with: evenhand plan %s", run->file.name, run->file.frame.campaign);
    return EH_OK;
}

/* Nobody approves what they have asked for themselves. */
static eh_code approval_check(eh_release_run *run, const char *outcome, eh_error *error)
{
    const eh_release_request *request = run->request;
    bool two = request->approved_by != NULL && request->asked_by != NULL && request->reason != NULL;
    if (request->approved_by != NULL && request->asked_by != NULL && eh_unicode_same_name(eh_view_of(request->approved_by), eh_view_of(request->asked_by)))
        return eh_fail(error, EH_DENIED, "'%.80s' has asked for this approval and cannot give it as well; somebody else approves", request->asked_by);
    run->stopped = outcome == NULL || strcmp(outcome, "stopped") == 0;
    if (run->stopped && !(outcome != NULL && request->set_stop_aside && two))
        return eh_fail(error, EH_DENIED, "the plan '%s' was stopped by its guards; repair it: evenhand plan %s --repair", run->file.name, run->file.frame.campaign);
    if (outcome != NULL && strcmp(outcome, "ask") == 0 && request->approved_by == NULL)
        return eh_fail(error, EH_DENIED, "the guards of '%s' cannot tell whether it is fair; a person decides: --approved-by NAME", run->file.name);
    return EH_OK;
}

static eh_code outcome_check(eh_release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_buffer_format(&path, "%s/plans/%s/report.json", run->model->state_folder, run->file.name);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_file_read(path.ptr, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), path.ptr, &document, error));
    const char *outcome = eh_json_as_text(eh_json_member(eh_json_root(document), "outcome"));
    return approval_check(run, outcome, error);
}

/* ---- one decision -------------------------------------------------------------------------------------------------------------------- */

/* What rights say now. *keep_out: this decision stands; *send_out: and its message may go. */
static eh_code rights_again(eh_release_run *run, const eh_trace *trace, size_t person, bool *keep_out, bool *send_out, eh_error *error)
{
    eh_may_answer marketing = {0}, ai = {0};
    eh_may_question question = {.purpose = EH_PURPOSE_MARKETING, .channel = run->channel, .at_s = run->request->now.seconds, .opt_out_in_message = true,
                                .product_group = run->campaign->product_group};
    *send_out = *keep_out = false;
    if (run->stale[person])
        return EH_OK; /* decided on what was wrong */
    if (trace->choice != EH_NO_OFFER) {
        EH_TRY(eh_rights_may(run->rights, trace->key, &question, &marketing, error));
        *send_out = marketing.may && !eh_campaign_had_enough(run->campaign, &run->history, person, run->request->now.seconds);
    }
    *keep_out = true;
    if (trace->scores != NULL) {
        question.purpose = EH_PURPOSE_AI;
        question.channel = EH_CHANNEL_ALL;
        EH_TRY(eh_rights_may(run->rights, trace->key, &question, &ai, error));
        *keep_out = ai.may;
        *send_out = *send_out && ai.may;
    }
    return EH_OK;
}

/* The words that must stand in this message: what the policy requires, and that a price was personal. */
static void notices_append(const eh_release_run *run, const eh_trace *trace, eh_buffer *out)
{
    const char *said[NOTICES_MAX];
    size_t count = 0;
    if (run->campaign->offers[trace->choice].price_personalised)
        said[count++] = "The price or discount was set for you by a program.";
    for (size_t i = 0; i < trace->rules_count && count < NOTICES_MAX; i++) {
        const eh_trace_rule *rule = &trace->rules[i];
        const char *words = rule->outcome == EH_RULE_REQUIRES && (rule->offers >> trace->choice & 1) != 0 ? run->notices[rule->rule] : NULL;
        bool known = words == NULL;
        for (size_t k = 0; k < count && !known; k++)
            known = strcmp(said[k], words) == 0;
        if (!known)
            said[count++] = words;
    }
    for (size_t i = 0; i < count; i++)
        eh_buffer_format(out, "%s%s", i > 0 ? " " : "", said[i]);
}

static eh_code message_add(eh_release_run *run, const eh_trace *trace, size_t person, const char *id, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer notices = {0};
    const eh_offer *offer = &run->campaign->offers[trace->choice];
    const eh_variant *variant = &offer->variants[trace->variant < offer->variants_count ? trace->variant : 0];
    const eh_zone *zone = run->zones == NULL || run->zones[person] == NULL ? run->shop_zone : run->zones[person];
    notices_append(run, trace, &notices);
    EH_TRY(eh_buffer_check(&notices, error));
    eh_send_row row = {.person = run->keys[person], .email = run->emails == NULL ? NULL : run->emails[person], .phone = run->phones == NULL ? NULL : run->phones[person],
                       .offer = offer->name, .variant = variant->name, .channel = run->campaign->channel, .subject = variant->subject, .message = variant->message,
                       .notices = notices.ptr, .decision = id, .plan = run->file.name, .send_after_s = eh_send_after(run->campaign, zone, run->request->now.seconds)};
    EH_TRY(eh_send_list_add(&run->list, &row, error));
    run->messages[run->messages_count++] = (eh_campaign_message){.person = eh_view_of(run->keys[person]), .offer = (uint32_t)trace->choice, .at_s = row.send_after_s};
    run->sent++;
    return EH_OK;
}

/* ---- all of them -------------------------------------------------------------------------------------------------------------------------- */

/* Decisions that go into the ledger together. */
typedef struct {
    eh_arena *arena;
    eh_trace *traces;
    size_t *people;
    bool *send;
    eh_ledger_entry *entries;
    eh_ledger_receipt *receipts;
    size_t count;
} batch;

static eh_code batch_open(eh_release_run *run, batch *of, eh_error *error)
{
    of->traces = EH_TAKE(run->arena, BATCH, eh_trace);
    of->people = EH_TAKE(run->arena, BATCH, size_t);
    of->send = EH_TAKE(run->arena, BATCH, bool);
    of->entries = EH_TAKE(run->arena, BATCH, eh_ledger_entry);
    of->receipts = EH_TAKE(run->arena, BATCH, eh_ledger_receipt);
    of->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    bool whole = of->traces != NULL && of->people != NULL && of->send != NULL && of->entries != NULL && of->receipts != NULL && of->arena != NULL;
    return whole ? EH_OK : eh_fail_memory(error);
}

static eh_code batch_end(eh_release_run *run, batch *of, eh_error *error)
{
    if (of->count > 0)
        EH_TRY(eh_ledger_append(run->ledger, of->entries, of->count, of->receipts, error));
    for (size_t i = 0; i < of->count; i++) {
        uint8_t id[EH_DECISION_ID_BYTES];
        if (!eh_hex_read(eh_view_of(of->receipts[i].id), sizeof id, id))
            return eh_fail(error, EH_INTERNAL, "the ledger gave the id '%s'", of->receipts[i].id);
        eh_decided_append(&run->kept, &of->traces[i], id, of->send[i]);
        if (of->send[i])
            EH_TRY(message_add(run, &of->traces[i], of->people[i], of->receipts[i].id, error));
    }
    run->recorded += of->count;
    of->count = 0;
    eh_arena_close(&of->arena);
    of->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    return of->arena == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code decisions_record(eh_release_run *run, batch *of, eh_error *error)
{
    size_t at = 0;
    bool more = true;
    for (size_t person = 0;; person++) {
        eh_trace *trace = &of->traces[of->count];
        bool keep = false, send = false;
        EH_TRY(eh_plan_file_next(&run->file, &at, of->arena, trace, &more, error));
        if (!more)
            return batch_end(run, of, error);
        EH_TRY(rights_again(run, trace, person, &keep, &send, error));
        run->left_out += trace->choice != EH_NO_OFFER && !send;
        if (!keep) {
            run->dropped[run->dropped_count++] = run->keys[person];
            continue; /* the score goes nowhere, and out of the plan */
        }
        of->send[of->count] = send;
        of->people[of->count] = person;
        EH_TRY(eh_decision_entry(&run->file.frame, run->frame_hex, trace, of->arena, &of->entries[of->count], error));
        if (++of->count == BATCH)
            EH_TRY(batch_end(run, of, error));
    }
}

static eh_code frame_record(eh_release_run *run, eh_error *error)
{
    eh_ledger_entry entry = {.kind = EH_VIEW("plan"), .payload = run->file.frame_text};
    EH_TRY(eh_ledger_append(run->ledger, &entry, 1, NULL, error));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {0};
    eh_json_writer out;
    if (run->request->approved_by == NULL)
        return EH_OK;
    eh_json_begin(&out, &said, false, false);
    eh_json_object_open(&out, NULL);
    eh_json_text(&out, "plan", run->file.frame.plan);
    eh_json_text(&out, "approved_by", run->request->approved_by);
    if (run->request->asked_by != NULL)
        eh_json_text(&out, "asked_by", run->request->asked_by);
    eh_json_text(&out, "question", run->stopped ? "the guards stopped it" : "the guards cannot tell whether it is fair");
    if (run->request->reason != NULL)
        eh_json_text(&out, "reason", run->request->reason);
    eh_json_object_close(&out);
    EH_TRY(eh_buffer_check(&said, error));
    return eh_ledger_append(run->ledger, &(eh_ledger_entry){.kind = EH_VIEW("approval"), .payload = eh_buffer_view(&said)}, 1, NULL, error);
}

static eh_code list_open(eh_release_run *run, eh_error *error)
{
    const char *wanted = run->request->list_for;
    size_t kind = 0;
    while (wanted != NULL && kind < EH_LIST_FORS_COUNT && strcmp(eh_list_for_names[kind], wanted) != 0)
        kind++;
    if (kind == EH_LIST_FORS_COUNT)
        return eh_fail(error, EH_INPUT, "there is no send list for '%.40s'; there are plain, klaviyo and shopify", wanted);
    run->list.options = (eh_send_list_options){.for_whom = (eh_list_for)kind, .emails = run->emails != NULL, .phones = run->phones != NULL,
                                               .origin = run->request->origin != NULL ? run->request->origin : run->model->shop.origin};
    if (run->list.options.origin != NULL)
        EH_TRY(eh_link_key_open(run->model->state_folder, &run->list.options.link_key, error));
    eh_send_list_begin(&run->list);
    return EH_OK;
}

static eh_code plan_open(eh_release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_workspace_open(run->request->model->folder, &run->workspace, error));
    run->model = eh_workspace_get(run->workspace);
    EH_TRY(eh_plan_file_open(run->model->state_folder, run->request->plan, &run->file, error));
    EH_TRY(eh_campaigns_open(run->model->state_folder, &run->store, error));
    EH_TRY(outcome_check(run, error));
    EH_TRY(eh_archive_read(run->model->state_folder, "campaign.yaml", &run->file.frame.campaign_digest, &text, error));
    char *name = eh_arena_format(run->arena, "%s.yaml", run->file.frame.campaign);
    if (name == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_campaign_parse(eh_buffer_view(&text), name, &run->campaign_file, error));
    run->campaign = eh_campaign_get(run->campaign_file);
    if (!eh_channel_find(eh_view_of(run->file.frame.channel), &run->channel))
        return eh_fail(error, EH_CORRUPT, "the plan's channel '%.40s' is none", run->file.frame.channel);
    return EH_OK;
}

/* Who writes the ledger is alone with the messages: nothing goes out from another process between the counting and the keeping. */
static eh_code ledger_take(eh_release_run *run, eh_error *error)
{
    if (!eh_ledger_exists(run->model->folder))
        return eh_fail(error, EH_NOT_FOUND, "%s has no ledger yet, and nothing goes out unrecorded; make one with: evenhand keys make", run->model->folder);
    run->ledger = run->request->ledger;
    return run->ledger != NULL ? EH_OK : eh_ledger_open(run->model->folder, NULL, &run->ledger, error);
}

static eh_code run_open(eh_release_run *run, eh_error *error)
{
    EH_TRY(plan_open(run, error));
    EH_TRY(ledger_take(run, error));
    EH_TRY(once_check(run, error));
    eh_rights_options rights = {.state_folder = run->model->state_folder};
    EH_TRY(eh_rights_house_read(run->model->rights, &rights.house, error));
    EH_TRY(eh_rights_open(&rights, &run->rights, error));
    EH_TRY(eh_release_facts_read(run, error));
    EH_TRY(list_open(run, error));
    eh_hex(run->file.frame_digest.bytes, sizeof run->file.frame_digest.bytes, run->frame_hex);
    eh_digest kept;
    return eh_archive_keep(run->model->state_folder, "frame.json", run->file.frame_text, &kept, error);
}

/* ---- what is left of it ------------------------------------------------------------------------------------------------------------------ */

static eh_code state_write(eh_release_run *run, const char *name, eh_view bytes, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_buffer_format(&path, "%s/plans/%s/%s", run->model->state_folder, run->file.name, name);
    EH_TRY(eh_buffer_check(&path, error));
    return eh_file_replace(path.ptr, bytes, error);
}

static eh_code list_write(eh_release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer scratch = {0};
    if (run->request->output == NULL)
        return EH_OK;
    eh_buffer_format(&scratch, "%s/plans/%s/list.csv", run->model->state_folder, run->file.name);
    EH_TRY(eh_buffer_check(&scratch, error));
    return eh_send_list_write(&run->list, run->request->output, scratch.ptr, error);
}

/* The list before the word that it went out: who finds no list may release again, but nobody gets two. */
static eh_code results_write(eh_release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sent = {0};
    const eh_frame *frame = &run->file.frame;
    EH_TRY(eh_buffer_check(&run->list.csv, error));
    EH_TRY(eh_buffer_check(&run->kept, error));
    EH_TRY(eh_ledger_publish(run->ledger, error));
    EH_TRY(eh_plan_file_write(run->model->state_folder, frame, eh_buffer_view(&run->kept), error));
    EH_TRY(eh_plan_report_forget(run->model->state_folder, run->file.name, run->dropped, run->dropped_count, error));
    EH_TRY(list_write(run, error));
    eh_campaign_plan plan = {.plan = run->file.name, .campaign = frame->campaign, .channel = frame->channel, .decided_s = frame->at_s, .released_s = run->request->now.seconds,
                             .people = (int64_t)run->recorded, .sent = (int64_t)run->sent, .left_out = (int64_t)run->left_out, .approved_by = run->request->approved_by};
    EH_TRY(eh_campaign_plan_keep(run->store, &plan, run->messages, run->messages_count, error));
    eh_buffer_format(&sent, "{\"released_s\":%lld,\"sent\":%llu}\n", (long long)plan.released_s, (unsigned long long)run->sent);
    EH_TRY(eh_buffer_check(&sent, error));
    return state_write(run, "sent", eh_buffer_view(&sent), error);
}

static eh_code release_do(eh_release_run *run, eh_error *error)
{
    batch of = {0};
    EH_TRY(run_open(run, error));
    eh_buffer_init(&run->kept, SIZE_MAX / 4);
    EH_TRY(batch_open(run, &of, error));
    eh_code code = frame_record(run, error);
    if (code == EH_OK)
        code = decisions_record(run, &of, error);
    eh_arena_close(&of.arena);
    return code == EH_OK ? results_write(run, error) : code;
}

eh_code eh_release(const eh_release_request *request, eh_release_result *result_out, eh_error *error)
{
    eh_release_run run = {.request = request, .arena = eh_arena_open(SIZE_MAX / 4)};
    eh_code code = run.arena == NULL ? eh_fail_memory(error) : release_do(&run, error);
    if (code == EH_OK) {
        *result_out = (eh_release_result){.list = run.list.csv, .sent = run.sent, .left_out = run.left_out, .recorded = run.recorded, .corrected = run.corrected};
        run.list.csv = (eh_buffer){0};
    }
    eh_buffer_dispose(&run.list.csv);
    eh_secret_wipe(&run.list.options.link_key);
    eh_buffer_dispose(&run.kept);
    if (run.ledger != request->ledger)
        eh_ledger_close(&run.ledger);
    eh_rights_close(&run.rights);
    eh_store_close(&run.store);
    eh_zones_close(&run.zones_open);
    eh_campaign_close(&run.campaign_file);
    eh_plan_file_close(&run.file);
    eh_workspace_close(&run.workspace);
    eh_arena_close(&run.arena);
    return code;
}
