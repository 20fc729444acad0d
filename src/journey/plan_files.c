/* Plans on the disk, and the archive of what they name by hash. */
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "journey/journey.h"

enum { ARCHIVED_BYTES_MAX = 64 << 20, LENGTH_BYTES = 4, SHORT_NAME_MAX = 200, DECISION_BYTES = EH_DECISION_ID_BYTES + 1 };

/* The highest bit of a length: after the trace stand the id of its decision and a byte that is 1 when its message went out. */
static const uint32_t decided_bit = UINT32_C(1) << 31;

/* ---- the archive -------------------------------------------------------------------------------------------------------------- */

static eh_code archive_path(const char *state_folder, const char *extension, const eh_digest *digest, eh_buffer *path, eh_error *error)
{
    char hex[65];
    eh_hex(digest->bytes, sizeof digest->bytes, hex);
    eh_buffer_format(path, "%s/archive/%s.%s", state_folder, hex, extension);
    return eh_buffer_check(path, error);
}

eh_code eh_archive_keep(const char *state_folder, const char *extension, eh_view bytes, eh_digest *digest_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_digest digest = eh_sha256_of(bytes);
    EH_TRY(archive_path(state_folder, extension, &digest, &path, error));
    EH_TRY(eh_parent_folders_make(path.ptr, error));
    EH_TRY(eh_file_replace(path.ptr, bytes, error));
    *digest_out = digest;
    return EH_OK;
}

eh_code eh_archive_read(const char *state_folder, const char *extension, const eh_digest *digest, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_TRY(archive_path(state_folder, extension, digest, &path, error));
    EH_TRY(eh_file_read(path.ptr, ARCHIVED_BYTES_MAX, out, error));
    eh_digest found = eh_sha256_of(eh_buffer_view(out));
    if (memcmp(&found, digest, sizeof found) != 0)
        return eh_fail(error, EH_CORRUPT, "%s: is not what was kept under this hash", path.ptr);
    return EH_OK;
}

/* ---- plans ------------------------------------------------------------------------------------------------------------------------- */

static void record_append(eh_buffer *traces, const eh_trace *trace, uint32_t bit)
{
    static const char room[LENGTH_BYTES];
    size_t at = traces->len;
    eh_buffer_append(traces, (eh_view){room, LENGTH_BYTES});
    eh_trace_write(trace, traces);
    uint32_t len = (uint32_t)(traces->len - at - LENGTH_BYTES) | bit;
    for (size_t i = 0; i < LENGTH_BYTES && traces->code == EH_OK; i++)
        traces->ptr[at + i] = (char)(len >> (8 * i));
}

void eh_traces_append(eh_buffer *traces, const eh_trace *trace) { record_append(traces, trace, 0); }

void eh_decided_append(eh_buffer *traces, const eh_trace *trace, const uint8_t id[EH_DECISION_ID_BYTES], bool sent)
{
    record_append(traces, trace, decided_bit);
    eh_buffer_append(traces, (eh_view){(const char *)id, EH_DECISION_ID_BYTES});
    eh_buffer_byte(traces, sent);
}

eh_code eh_plan_file_write(const char *state_folder, const eh_frame *frame, eh_view traces, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    EH_TRY(eh_frame_write(frame, &text, error));
    eh_buffer_format(&path, "%s/plans/%s/frame.json", state_folder, frame->plan);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_parent_folders_make(path.ptr, error));
    EH_TRY(eh_file_replace(path.ptr, eh_buffer_view(&text), error));
    eh_buffer_clear(&path);
    eh_buffer_format(&path, "%s/plans/%s/traces", state_folder, frame->plan);
    EH_TRY(eh_buffer_check(&path, error));
    return eh_file_replace(path.ptr, traces, error);
}

eh_code eh_plan_outcome(const char *state_folder, const char *name, char outcome_out[16], bool *sent_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    struct stat facts;
    eh_buffer_format(&path, "%s/plans/%s/report.json", state_folder, name);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_file_read(path.ptr, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), path.ptr, &document, error));
    const char *outcome = eh_json_as_text(eh_json_member(eh_json_root(document), "outcome"));
    if (outcome == NULL || strlen(outcome) > 15)
        return eh_fail(error, EH_CORRUPT, "%s: says no outcome", path.ptr);
    snprintf(outcome_out, 16, "%s", outcome);
    eh_buffer_clear(&path);
    eh_buffer_format(&path, "%s/plans/%s/sent", state_folder, name);
    EH_TRY(eh_buffer_check(&path, error));
    *sent_out = stat(path.ptr, &facts) == 0;
    return EH_OK;
}

static eh_code models_open(const char *state_folder, eh_plan_file *file, eh_error *error)
{
    static const eh_digest none;
    for (size_t o = 0; o < file->frame.offers_count; o++) {
        const eh_digest *digest = &file->frame.offers[o].model_digest;
        if (memcmp(digest, &none, sizeof none) == 0)
            continue;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_model *model = NULL;
        if (eh_archive_read(state_folder, "model.json", digest, &text, error) != EH_OK)
            return eh_fail_within(error, "the model of the offer '%s'", file->frame.offers[o].name);
        char *kept = eh_arena_copy(file->arena, eh_buffer_view(&text));
        if (kept == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_offer_model_read((eh_view){kept, text.len}, file->frame.offers[o].model, file->frame.offers[o].name, file->arena, &model, error));
        file->models[o] = model;
    }
    return eh_decider_open(&file->frame, file->models, file->arena, &file->decider, error);
}

eh_code eh_frame_open(const char *state_folder, eh_view frame_text, eh_arena *arena, eh_plan_file *file_out, eh_error *error)
{
    eh_plan_file *file = file_out;
    *file = (eh_plan_file){.arena = arena};
    char *kept = eh_arena_copy(arena, frame_text);
    if (kept == NULL)
        return eh_fail_memory(error);
    file->frame_text = (eh_view){kept, frame_text.len};
    file->frame_digest = eh_sha256_of(frame_text);
    EH_TRY(eh_frame_read(frame_text, "frame.json", arena, &file->frame, error));
    file->name = file->frame.plan;
    return models_open(state_folder, file, error);
}

eh_code eh_plan_file_open(const char *state_folder, const char *name, eh_plan_file *file_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    const char *slash = strrchr(name, '/');
    const char *short_name = slash != NULL && slash[1] != '\0' ? slash + 1 : name;
    if (strlen(short_name) > SHORT_NAME_MAX || strstr(short_name, "..") != NULL)
        return eh_fail(error, EH_INPUT, "'%.80s' is no name of a plan", name);
    eh_buffer_format(&path, "%s/plans/%s/frame.json", state_folder, short_name);
    EH_TRY(eh_buffer_check(&path, error));
    if (eh_file_read(path.ptr, ARCHIVED_BYTES_MAX, &text, error) != EH_OK)
        return eh_fail(error, EH_NOT_FOUND, "there is no plan '%s' in %s/plans; make one with: evenhand plan CAMPAIGN", short_name, state_folder);
    eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (arena == NULL)
        return eh_fail_memory(error);
    eh_code code = eh_frame_open(state_folder, eh_buffer_view(&text), arena, file_out, error);
    eh_buffer_clear(&path);
    eh_buffer_format(&path, "%s/plans/%s/traces", state_folder, short_name);
    eh_buffer_init(&file_out->traces, SIZE_MAX / 4);
    if (code == EH_OK)
        code = eh_file_read(path.ptr, SIZE_MAX / 4, &file_out->traces, error);
    if (code != EH_OK)
        eh_plan_file_close(file_out);
    return code;
}

void eh_plan_file_close(eh_plan_file *file)
{
    eh_buffer_dispose(&file->traces);
    eh_arena_close(&file->arena);
}

eh_code eh_plan_file_step(const eh_plan_file *file, size_t *at, eh_plan_record *record_out, eh_error *error)
{
    size_t left = file->traces.len - *at;
    uint32_t head = 0;
    for (size_t i = 0; i < LENGTH_BYTES && left >= LENGTH_BYTES; i++)
        head |= (uint32_t)(uint8_t)file->traces.ptr[*at + i] << (8 * i);
    bool decided = (head & decided_bit) != 0;
    size_t len = head & ~decided_bit, more = decided ? DECISION_BYTES : 0;
    if (left < LENGTH_BYTES || len + more > left - LENGTH_BYTES)
        return eh_fail(error, EH_CORRUPT, "the traces of the plan '%s' are cut", file->name);
    const char *bytes = file->traces.ptr + *at + LENGTH_BYTES;
    eh_plan_record record = {.trace = {bytes, len}, .id = decided ? (const uint8_t *)bytes + len : NULL, .sent = decided && bytes[len + EH_DECISION_ID_BYTES] == 1};
    EH_TRY(eh_trace_key(record.trace, &record.key, error));
    *record_out = record;
    *at += LENGTH_BYTES + len + more;
    return EH_OK;
}

eh_code eh_plan_file_next(const eh_plan_file *file, size_t *at, eh_arena *arena, eh_trace *trace_out, bool *more_out, eh_error *error)
{
    eh_plan_record record;
    *more_out = file->traces.len > *at;
    if (!*more_out)
        return EH_OK;
    size_t next = *at;
    EH_TRY(eh_plan_file_step(file, &next, &record, error));
    EH_TRY(eh_trace_read(record.trace, &file->frame, arena, trace_out, error));
    *at = next;
    return EH_OK;
}
