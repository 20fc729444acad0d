/* Decisions of the ledger as records for a policy: what its rules were told then, as JSON. */
#include <string.h>

#include "base/json.h"
#include "journey/journey.h"
#include "journey/reviews.h"

enum { TOGETHER = 64 };

typedef struct {
    const eh_workspace_model *model;
    eh_decision decision;
    eh_digest frame;
    bool framed;
    eh_campaign_file *campaign;
    eh_zone *zone;
    eh_policy_record_take each;
    void *context;
} reading;

static eh_code frame_enter(reading *of, eh_error *error)
{
    const eh_frame *frame = &of->decision.file.frame;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (of->framed && memcmp(&of->frame, &of->decision.file.frame_digest, sizeof of->frame) == 0)
        return EH_OK;
    eh_campaign_close(&of->campaign);
    eh_zone_close(&of->zone);
    EH_TRY(eh_archive_read(of->model->state_folder, "campaign.yaml", &frame->campaign_digest, &text, error));
    char name[256];
    snprintf(name, sizeof name, "%.200s.yaml", frame->campaign);
    EH_TRY(eh_campaign_parse(eh_buffer_view(&text), name, &of->campaign, error));
    EH_TRY(eh_zone_open(eh_view_of(frame->zone == NULL ? "UTC" : frame->zone), &of->zone, error));
    of->frame = of->decision.file.frame_digest;
    of->framed = true;
    return EH_OK;
}

static void features_say(const eh_frame *frame, const eh_trace *trace, eh_json_writer *out)
{
    for (size_t f = 0; f < trace->facts_count; f++) {
        const eh_fact_value *fact = &trace->facts[f];
        if (fact->type == EH_VALUE_TEXT)
            eh_json_view(out, frame->facts[f].name, fact->text);
        else if (fact->type == EH_VALUE_TRUTH)
            eh_json_boolean(out, frame->facts[f].name, fact->number != 0);
        else if (fact->type == EH_VALUE_NUMBER)
            eh_json_number(out, frame->facts[f].name, fact->number);
    }
}

/* The offer that it was about: what was given, else what would have been, else the first. */
static size_t offer_of(const eh_trace *trace)
{
    return trace->choice != EH_NO_OFFER ? (size_t)trace->choice : trace->policy_choice != EH_NO_OFFER ? (size_t)trace->policy_choice : 0;
}

static void campaign_says(const eh_campaign *campaign, eh_json_writer *out)
{
    for (size_t i = 0; i < campaign->says_count; i++) {
        const eh_campaign_saying *saying = &campaign->says[i];
        if (saying->is_truth)
            eh_json_boolean(out, saying->name, saying->truth);
        else if (saying->is_number)
            eh_json_number(out, saying->name, saying->number);
        else
            eh_json_text(out, saying->name, saying->text);
    }
}

static void facts_say(const reading *of, eh_json_writer *out)
{
    const eh_frame *frame = &of->decision.file.frame;
    const eh_trace *trace = &of->decision.trace;
    int64_t at_s = eh_trace_at(trace, frame);
    eh_civil local = eh_civil_of((eh_instant){.seconds = at_s}, of->zone);
    char now[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){.seconds = at_s}, EH_FRACTION_NONE, now);
    eh_json_object_open(out, "facts");
    features_say(frame, trace, out);
    campaign_says(eh_campaign_get(of->campaign), out);
    eh_json_text(out, "channel", frame->channel);
    eh_json_text(out, "category", frame->category);
    eh_json_text(out, "product_class", frame->category);
    eh_json_text(out, "offer", frame->offers[offer_of(trace)].name);
    eh_json_boolean(out, "price_personalised", frame->offers[offer_of(trace)].price_personalised);
    eh_json_boolean(out, "names_sender", frame->shop != NULL);
    eh_json_boolean(out, "has_opt_out", true);
    eh_json_boolean(out, "chosen_by_ai", frame->choose == EH_CHOOSE_MODEL && trace->ai.may);
    eh_json_boolean(out, "opted_out_ai", !trace->ai.may);
    eh_json_text(out, "lawful_basis", eh_lawful_basis_of(&trace->marketing));
    eh_json_boolean(out, "objected", trace->marketing.why == EH_WHY_OBJECTED);
    eh_json_boolean(out, "withdrawn", trace->marketing.why == EH_WHY_WITHDRAWN || trace->marketing.why == EH_WHY_IMPORTED_NO || trace->marketing.why == EH_WHY_MERGED_NO);
    eh_json_boolean(out, "known_minor", trace->marketing.why == EH_WHY_MINOR || trace->ai.why == EH_WHY_MINOR_PROFILING);
    eh_json_integer(out, "local_hour", local.hour);
    eh_json_integer(out, "weekday", local.weekday);
    eh_json_text(out, "now", now);
    eh_json_object_close(out);
}

static eh_code record_take(reading *of, const eh_ledger_record *record, eh_arena *arena, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_json_writer out;
    if (!eh_view_equal(record->kind, EH_VIEW("decision")) || record->state != EH_RECORD_OPENED)
        return EH_OK; /* what was erased can be asked of nothing */
    EH_TRY(eh_decision_of_record(of->model, record, arena, &of->decision, error));
    EH_TRY(frame_enter(of, error));
    if (of->decision.trace.stage == EH_STAGE_CONSENT || of->decision.trace.stage == EH_STAGE_AUDIENCE)
        return EH_OK; /* rules were not asked */
    eh_json_begin(&out, &text, false, false);
    eh_json_object_open(&out, NULL);
    facts_say(of, &out);
    eh_json_object_close(&out);
    EH_TRY(eh_buffer_check(&text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), record->id, &document, error));
    return of->each(of->context, &(eh_policy_record){.id = record->id, .facts = eh_json_member(eh_json_root(document), "facts")}, error);
}

static eh_code records_read(reading *of, uint64_t newest, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    eh_ledger_stats stats = {0};
    EH_TRY(eh_ledger_stats_read(of->model->folder, &stats, error));
    EH_TRY(eh_ledger_open(of->model->folder, &(eh_ledger_options){.reads_only = true}, &ledger, error));
    for (uint64_t from = newest == 0 || newest > stats.published_size ? 0 : stats.published_size - newest; from < stats.published_size; from += TOGETHER) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        uint64_t to = stats.published_size - from < TOGETHER ? stats.published_size : from + TOGETHER;
        if (arena == NULL)
            return eh_fail_memory(error);
        for (uint64_t i = from; i < to; i++) {
            eh_ledger_record record = {0};
            char which[24];
            snprintf(which, sizeof which, "%llu", (unsigned long long)i);
            EH_TRY(eh_ledger_read(ledger, eh_view_of(which), arena, &record, error));
            EH_TRY(record_take(of, &record, arena, error));
        }
    }
    return EH_OK;
}

eh_code eh_policy_records_of_ledger(const char *folder, uint64_t newest, eh_policy_record_take each, void *context, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_TRY(eh_workspace_open(folder, &workspace, error));
    reading of = {.model = eh_workspace_get(workspace), .each = each, .context = context};
    eh_code code = records_read(&of, newest, error);
    eh_decision_close(&of.decision);
    eh_campaign_close(&of.campaign);
    eh_zone_close(&of.zone);
    return code;
}
