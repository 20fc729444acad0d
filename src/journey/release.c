/* Lets a plan go out: rights once more, every decision into the ledger, the send list. */
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "journey/journey.h"

enum { BATCH = 512 };

typedef struct {
    const eh_release_request *request;
    eh_arena *arena;
    const eh_workspace_model *model;
    eh_campaign_file *campaign;
    eh_rights *rights;
    eh_ledger *ledger;
    eh_plan_file file;
    eh_buffer list, sent, kept; /* the send list; who was sent to; traces without those who were left out */
    uint64_t sent_count, left_out, recorded;
    char frame_hex[65];
} release_run;

/* ---- may it go out? --------------------------------------------------------------------------------------------------------------- */

static eh_code outcome_check(release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    struct stat facts;
    eh_buffer_format(&path, "%s/plans/%s/sent", run->model->state_folder, run->file.name);
    EH_TRY(eh_buffer_check(&path, error));
    if (stat(path.ptr, &facts) == 0)
        return eh_fail(error, EH_CONFLICT, "the plan '%s' went out already; make a new one with: evenhand plan %s", run->file.name, run->file.frame.campaign);
    eh_buffer_clear(&path);
    eh_buffer_format(&path, "%s/plans/%s/report.json", run->model->state_folder, run->file.name);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_file_read(path.ptr, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), path.ptr, &document, error));
    const char *outcome = eh_json_as_text(eh_json_member(eh_json_root(document), "outcome"));
    if (outcome == NULL || strcmp(outcome, "stopped") == 0)
        return eh_fail(error, EH_DENIED, "the plan '%s' was stopped by its guards; repair it: evenhand plan %s --repair", run->file.name, run->file.frame.campaign);
    if (strcmp(outcome, "ask") == 0 && run->request->approved_by == NULL)
        return eh_fail(error, EH_DENIED, "the guards of '%s' cannot tell whether it is fair; a person decides: --approved-by NAME", run->file.name);
    return EH_OK;
}

/* ---- one decision -------------------------------------------------------------------------------------------------------------------- */

/* What rights say now. *keep_out: this decision stands; *send_out: and its message may go. */
static eh_code rights_again(release_run *run, const eh_trace *trace, bool *keep_out, bool *send_out, eh_error *error)
{
    eh_may_answer marketing, ai;
    eh_may_question question = {.purpose = EH_PURPOSE_MARKETING, .at_s = run->request->now.seconds, .opt_out_in_message = true,
                                .product_group = eh_campaign_get(run->campaign)->product_group};
    if (!eh_channel_find(eh_view_of(run->file.frame.channel), &question.channel))
        return eh_fail(error, EH_CORRUPT, "the plan's channel '%.40s' is none", run->file.frame.channel);
    EH_TRY(eh_rights_may(run->rights, trace->key, &question, &marketing, error));
    question.purpose = EH_PURPOSE_AI;
    question.channel = EH_CHANNEL_ALL;
    EH_TRY(eh_rights_may(run->rights, trace->key, &question, &ai, error));
    *keep_out = trace->scores == NULL || ai.may;
    *send_out = *keep_out && trace->choice != EH_NO_OFFER && marketing.may;
    return EH_OK;
}

static void csv_field(eh_buffer *out, const char *text)
{
    bool quote = strpbrk(text, ",\"\n\r") != NULL;
    bool formula = text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@';
    if (!quote && !formula) {
        eh_buffer_text(out, text);
        return;
    }
    eh_buffer_byte(out, '"');
    if (formula)
        eh_buffer_byte(out, '\''); /* a spreadsheet must not run it */
    for (; *text != '\0'; text++) {
        if (*text == '"')
            eh_buffer_byte(out, '"');
        eh_buffer_byte(out, *text);
    }
    eh_buffer_byte(out, '"');
}

static void list_add(release_run *run, const eh_trace *trace, const char *id)
{
    const eh_campaign *campaign = eh_campaign_get(run->campaign);
    const eh_offer *offer = &campaign->offers[trace->choice];
    const eh_variant *variant = &offer->variants[trace->variant < offer->variants_count ? trace->variant : 0];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer key = {0};
    eh_buffer_append(&key, trace->key);
    const char *fields[] = {key.ptr == NULL ? "" : key.ptr, offer->name, variant->name, campaign->channel, variant->subject == NULL ? "" : variant->subject,
                            variant->message == NULL ? "" : variant->message, offer->price_personalised ? "The price or discount was set for you by a program." : "", id};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (i > 0)
            eh_buffer_byte(&run->list, ',');
        csv_field(&run->list, fields[i]);
    }
    eh_buffer_byte(&run->list, '\n');
    eh_buffer_format(&run->sent, "%s\n", fields[0]);
    run->sent_count++;
}

/* ---- all of them -------------------------------------------------------------------------------------------------------------------------- */

/* Decisions that go into the ledger together. */
typedef struct {
    eh_arena *arena;
    eh_trace traces[BATCH];
    bool send[BATCH];
    eh_ledger_entry entries[BATCH];
    size_t count;
} batch;

static eh_code entry_make(release_run *run, batch *of, const eh_trace *trace, eh_ledger_entry *entry, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0}, payload = {0}, clear = {0};
    const eh_frame *frame = &run->file.frame;
    eh_trace_write(trace, &bytes);
    eh_buffer_format(&payload, "{\"plan\":\"%s\",\"campaign\":\"%s\",\"stage\":\"%s\",\"offer\":", frame->plan, frame->campaign, eh_stage_name(trace->stage));
    if (trace->choice == EH_NO_OFFER)
        eh_buffer_text(&payload, "null");
    else
        eh_buffer_format(&payload, "\"%s\"", frame->offers[trace->choice].name);
    eh_buffer_text(&payload, ",\"trace\":\"");
    eh_base64_append(&payload, eh_buffer_view(&bytes));
    eh_buffer_text(&payload, "\"}");
    eh_buffer_format(&clear, "{\"frame\":\"%s\"}", run->frame_hex);
    EH_TRY(eh_buffer_check(&payload, error));
    char *kept = eh_arena_copy(of->arena, eh_buffer_view(&payload)), *open = eh_arena_copy(of->arena, eh_buffer_view(&clear));
    if (kept == NULL || open == NULL)
        return eh_fail_memory(error);
    *entry = (eh_ledger_entry){.kind = EH_VIEW("decision"), .person = trace->key, .payload = {kept, payload.len}, .clear = {open, clear.len}};
    return EH_OK;
}

static eh_code batch_end(release_run *run, batch *of, eh_error *error)
{
    eh_ledger_receipt receipts[BATCH];
    if (of->count > 0) {
        EH_TRY(eh_ledger_append(run->ledger, of->entries, of->count, receipts, error));
        for (size_t i = 0; i < of->count; i++)
            if (of->send[i])
                list_add(run, &of->traces[i], receipts[i].id);
        run->recorded += of->count;
    }
    of->count = 0;
    eh_arena_close(&of->arena);
    of->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    return of->arena == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code decisions_record(release_run *run, batch *of, eh_error *error)
{
    size_t at = 0;
    bool more = true;
    EH_TRY(batch_end(run, of, error));
    for (;;) {
        eh_trace *trace = &of->traces[of->count];
        bool keep = false, send = false;
        EH_TRY(eh_plan_file_next(&run->file, &at, of->arena, trace, &more, error));
        if (!more)
            return batch_end(run, of, error);
        EH_TRY(rights_again(run, trace, &keep, &send, error));
        run->left_out += trace->choice != EH_NO_OFFER && !send;
        if (!keep)
            continue; /* the score goes nowhere, and out of the plan */
        eh_traces_append(&run->kept, trace);
        of->send[of->count] = send;
        EH_TRY(entry_make(run, of, trace, &of->entries[of->count], error));
        if (++of->count == BATCH)
            EH_TRY(batch_end(run, of, error));
    }
}

static eh_code frame_record(release_run *run, eh_error *error)
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
    eh_json_text(&out, "question", "the guards cannot tell whether it is fair");
    eh_json_object_close(&out);
    EH_TRY(eh_buffer_check(&said, error));
    return eh_ledger_append(run->ledger, &(eh_ledger_entry){.kind = EH_VIEW("approval"), .payload = eh_buffer_view(&said)}, 1, NULL, error);
}

static eh_code run_open(release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    run->model = run->request->model;
    EH_TRY(eh_plan_file_open(run->model->state_folder, run->request->plan, &run->file, error));
    EH_TRY(outcome_check(run, error));
    EH_TRY(eh_archive_read(run->model->state_folder, "campaign.yaml", &run->file.frame.campaign_digest, &text, error));
    char *name = eh_arena_format(run->arena, "%s.yaml", run->file.frame.campaign);
    if (name == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_campaign_parse(eh_buffer_view(&text), name, &run->campaign, error));
    eh_rights_options rights = {.state_folder = run->model->state_folder};
    EH_TRY(eh_rights_house_read(run->model->rights, &rights.house, error));
    EH_TRY(eh_rights_open(&rights, &run->rights, error));
    if (!eh_ledger_exists(run->model->folder))
        return eh_fail(error, EH_NOT_FOUND, "%s has no ledger yet, and nothing goes out unrecorded; make one with: evenhand keys make", run->model->folder);
    EH_TRY(eh_ledger_open(run->model->folder, NULL, &run->ledger, error));
    eh_hex(run->file.frame_digest.bytes, sizeof run->file.frame_digest.bytes, run->frame_hex);
    eh_digest kept;
    return eh_archive_keep(run->model->state_folder, "frame.json", run->file.frame_text, &kept, error);
}

static eh_code results_write(release_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_TRY(eh_buffer_check(&run->list, error));
    EH_TRY(eh_buffer_check(&run->sent, error));
    EH_TRY(eh_buffer_check(&run->kept, error));
    EH_TRY(eh_ledger_publish(run->ledger, error));
    EH_TRY(eh_plan_file_write(run->model->state_folder, &run->file.frame, eh_buffer_view(&run->kept), error));
    if (run->request->output != NULL) {
        EH_TRY(eh_parent_folders_make(run->request->output, error));
        EH_TRY(eh_file_replace(run->request->output, eh_buffer_view(&run->list), error));
    }
    eh_buffer_format(&path, "%s/plans/%s/sent", run->model->state_folder, run->file.name);
    EH_TRY(eh_buffer_check(&path, error));
    return eh_file_replace(path.ptr, eh_buffer_view(&run->sent), error);
}

static eh_code release_do(release_run *run, eh_error *error)
{
    EH_TRY(run_open(run, error));
    batch *of = EH_TAKE(run->arena, 1, batch);
    if (of == NULL)
        return eh_fail_memory(error);
    eh_buffer_init(&run->list, SIZE_MAX / 4);
    eh_buffer_init(&run->kept, SIZE_MAX / 4);
    eh_buffer_init(&run->sent, SIZE_MAX / 4);
    eh_buffer_text(&run->list, "person,offer,variant,channel,subject,message,notice,decision\n");
    eh_code code = frame_record(run, error);
    if (code == EH_OK)
        code = decisions_record(run, of, error);
    eh_arena_close(&of->arena);
    return code == EH_OK ? results_write(run, error) : code;
}

eh_code eh_release(const eh_release_request *request, eh_release_result *result_out, eh_error *error)
{
    release_run run = {.request = request, .arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    eh_code code = run.arena == NULL ? eh_fail_memory(error) : release_do(&run, error);
    if (code == EH_OK) {
        *result_out = (eh_release_result){.list = run.list, .sent = run.sent_count, .left_out = run.left_out, .recorded = run.recorded};
        run.list = (eh_buffer){0};
    }
    eh_buffer_dispose(&run.list);
    eh_buffer_dispose(&run.sent);
    eh_buffer_dispose(&run.kept);
    eh_ledger_close(&run.ledger);
    eh_rights_close(&run.rights);
    eh_campaign_close(&run.campaign);
    eh_plan_file_close(&run.file);
    eh_arena_close(&run.arena);
    return code;
}
