/* Decisions read back, from a plan or from the ledger, and the words of their pages. */
#include <string.h>

#include "base/json.h"
#include "journey/journey.h"

void eh_decision_close(eh_decision *decision) { eh_plan_file_close(&decision->file); }

eh_code eh_decision_of_plan(const eh_workspace_model *model, const char *plan, const char *person, eh_decision *decision_out, eh_error *error)
{
    eh_plan_file *file = &decision_out->file;
    eh_trace *trace = &decision_out->trace;
    size_t at = 0;
    bool more = true;
    EH_TRY(eh_plan_file_open(model->state_folder, plan, file, error));
    while (more) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        size_t before = at;
        if (arena == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_plan_file_next(file, &at, arena, trace, &more, error));
        if (more && eh_view_equal(trace->key, eh_view_of(person)))
            return eh_plan_file_next(file, &before, file->arena, trace, &more, error);
    }
    return eh_fail(error, EH_NOT_FOUND, "the plan '%s' has no decision about '%.80s': not in its audience, or left out since", plan, person);
}

eh_code eh_decision_of_record(const eh_workspace_model *model, const eh_ledger_record *record, eh_arena *arena, eh_decision *decision_out, eh_error *error)
{
    eh_plan_file *file = &decision_out->file;
    EH_CLEANUP(eh_json_close) eh_json_document *payload = NULL, *clear = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer frame = {0};
    eh_digest digest;
    if (!eh_view_equal(record->kind, EH_VIEW("decision")))
        return eh_fail(error, EH_INPUT, "the entry %s is of kind '%.*s' and no decision", record->id, (int)record->kind.len, record->kind.ptr);
    if (record->state != EH_RECORD_OPENED)
        return eh_fail(error, EH_NOT_FOUND, "the decision %s cannot be opened: %s", record->id, eh_record_state_name(record->state));
    EH_TRY(eh_json_parse(record->payload, "the decision", &payload, error));
    EH_TRY(eh_json_parse(record->clear, "the decision", &clear, error));
    const char *hash = eh_json_as_text(eh_json_member(eh_json_root(clear), "frame")), *text = eh_json_as_text(eh_json_member(eh_json_root(payload), "trace"));
    if (hash == NULL || text == NULL || !eh_hex_read(eh_view_of(hash), sizeof digest.bytes, digest.bytes))
        return eh_fail(error, EH_CORRUPT, "the decision %s names no frame", record->id);
    uint8_t *bytes = EH_TAKE(arena, EH_TRACE_BYTES_MAX, uint8_t);
    size_t count = 0;
    if (bytes == NULL)
        return eh_fail_memory(error);
    if (!eh_base64_read(eh_view_of(text), EH_TRACE_BYTES_MAX, bytes, &count))
        return eh_fail(error, EH_CORRUPT, "the trace of the decision %s is no base64", record->id);
    if (file->decider == NULL || memcmp(&file->frame_digest, &digest, sizeof digest) != 0) { /* most decisions in a row have one frame */
        EH_TRY(eh_archive_read(model->state_folder, "frame.json", &digest, &frame, error));
        eh_arena *own = eh_arena_open(EH_ARENA_BYTES_MAX);
        if (own == NULL)
            return eh_fail_memory(error);
        eh_plan_file_close(file);
        EH_TRY(eh_frame_open(model->state_folder, eh_buffer_view(&frame), own, file, error));
    }
    return eh_trace_read((eh_view){(const char *)bytes, count}, &file->frame, arena, &decision_out->trace, error);
}

eh_code eh_decision_entry(const eh_frame *frame, const char *frame_hex, const eh_trace *trace, eh_arena *arena, eh_ledger_entry *entry_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0}, payload = {0};
    eh_trace_write(trace, &bytes);
    eh_buffer_format(&payload, "{\"plan\":\"%s\",\"campaign\":\"%s\",\"stage\":\"%s\",\"offer\":", frame->plan, frame->campaign, eh_stage_name(trace->stage));
    if (trace->choice == EH_NO_OFFER)
        eh_buffer_text(&payload, "null");
    else
        eh_buffer_format(&payload, "\"%s\"", frame->offers[trace->choice].name);
    eh_buffer_text(&payload, ",\"trace\":\"");
    eh_base64_append(&payload, eh_buffer_view(&bytes));
    eh_buffer_text(&payload, "\"}");
    EH_TRY(eh_buffer_check(&payload, error));
    char *kept = eh_arena_copy(arena, eh_buffer_view(&payload)), *open = eh_arena_format(arena, "{\"frame\":\"%s\"}", frame_hex);
    if (kept == NULL || open == NULL)
        return eh_fail_memory(error);
    *entry_out = (eh_ledger_entry){.kind = EH_VIEW("decision"), .person = trace->key, .payload = {kept, payload.len}, .clear = eh_view_of(open)};
    return EH_OK;
}

eh_code eh_decision_of_ledger(const eh_workspace_model *model, eh_view id, eh_arena *arena, eh_decision *decision_out, eh_error *error)
{
    eh_ledger *ledger = NULL;
    eh_ledger_record record = {0};
    EH_TRY(eh_ledger_open(model->folder, &(eh_ledger_options){.reads_only = true}, &ledger, error));
    eh_code code = eh_ledger_read(ledger, id, arena, &record, error);
    if (code == EH_OK)
        code = eh_decision_of_record(model, &record, arena, decision_out, error);
    eh_ledger_close(&ledger);
    return code;
}

eh_code eh_decision_page(const eh_decision *decision, const eh_words *words, eh_arena *arena, eh_page *page_out, eh_page_input *input_out, eh_error *error)
{
    eh_why_reasons *reasons = EH_TAKE(arena, 1, eh_why_reasons);
    if (reasons == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_reasons_find(decision->file.decider, &decision->trace, true, arena, reasons, error));
    *input_out = (eh_page_input){.decider = decision->file.decider, .trace = &decision->trace, .reasons = reasons, .words = words};
    return eh_page_make(input_out, arena, page_out, error);
}
