/* `evenhand why`: the page about one decision. `evenhand replay`: all decisions computed again. */
#include <string.h>

#include "base/json.h"
#include "cli/elsewhere_int.h"
#include "cli/plan_int.h"
#include "ledger/ledger.h"

typedef struct {
    const char *which, *workspace, *language, *person, *format;
    bool help;
} why_request;

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    why_request *request = use->target;
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the value is empty", use->option);
    const char **place = strcmp(use->option, "--workspace") == 0 ? &request->workspace
                         : strcmp(use->option, "--lang") == 0    ? &request->language
                         : strcmp(use->option, "--person") == 0  ? &request->person
                                                                 : &request->format;
    *place = use->value;
    return EH_OK;
}

static const eh_option options[] = {
    {"--workspace", "FOLDER", "Where", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_text},
    {"--person", "KEY", "Which", "DECISION is then a plan: the decision of this plan about that person", false, read_text},
    {"--lang", "TAG", "What comes out", "en, de, fr or es; default: en", false, read_text},
    {"--format", "NAME", "What comes out", "text, json, html or trace; default: text", false, read_text},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

void eh_why_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand why - says why somebody got something, or did not\n"
                   "\n"
                   "  evenhand why DECISION [options]\n"
                   "  evenhand why PLAN --person KEY [options]\n"
                   "\n"
                   "DECISION is its id in the ledger, as in the send list. All that is said comes from the\n"
                   "trace of the decision; what would have changed it has been tried out.\n");
    eh_options_help(options, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Examples:\n"
                   "  evenhand why 0f3a9c... --lang de\n"
                   "  evenhand why spring-boots-20261125-0a1b2c3d --person c-1001 --format json\n");
}

/* ---- finding the decision ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    why_request request;
    eh_arena *arena;
    eh_workspace *workspace;
    const eh_workspace_model *model;
    eh_plan_file file;
    eh_trace trace;
} why_run;

static eh_code from_plan(why_run *run, eh_error *error)
{
    size_t at = 0;
    bool more = true;
    EH_TRY(eh_plan_file_open(run->model->state_folder, run->request.which, &run->file, error));
    while (more) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        size_t before = at;
        if (arena == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_plan_file_next(&run->file, &at, arena, &run->trace, &more, error));
        if (more && eh_view_equal(run->trace.key, eh_view_of(run->request.person)))
            return eh_plan_file_next(&run->file, &before, run->file.arena, &run->trace, &more, error);
    }
    return eh_fail(error, EH_NOT_FOUND, "the plan '%s' has no decision about '%.80s': not in its audience, or left out since", run->file.name, run->request.person);
}

/* Trace and frame of a "decision" entry. */
static eh_code record_open(const char *state_folder, const eh_ledger_record *record, eh_arena *arena, eh_plan_file *file, eh_trace *trace_out, eh_error *error)
{
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
        EH_TRY(eh_archive_read(state_folder, "frame.json", &digest, &frame, error));
        eh_arena *own = eh_arena_open(EH_ARENA_BYTES_MAX);
        if (own == NULL)
            return eh_fail_memory(error);
        eh_plan_file_close(file);
        EH_TRY(eh_frame_open(state_folder, eh_buffer_view(&frame), own, file, error));
    }
    return eh_trace_read((eh_view){(const char *)bytes, count}, &file->frame, arena, trace_out, error);
}

static eh_code from_ledger(why_run *run, eh_error *error)
{
    eh_ledger *ledger = NULL;
    eh_ledger_record record = {0};
    EH_TRY(eh_ledger_open(run->model->folder, &(eh_ledger_options){.reads_only = true}, &ledger, error));
    eh_code code = eh_ledger_read(ledger, eh_view_of(run->request.which), run->arena, &record, error);
    if (code == EH_OK)
        code = record_open(run->model->state_folder, &record, run->arena, &run->file, &run->trace, error);
    eh_ledger_close(&ledger);
    return code;
}

static eh_code page_write(why_run *run, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_words_close) eh_words words = {0};
    eh_why_reasons reasons = {0};
    eh_page page = {0};
    eh_json_writer json;
    const char *format = run->request.format == NULL ? "text" : run->request.format;
    if (strcmp(format, "trace") == 0) {
        eh_json_begin(&json, out, true, false);
        eh_trace_json(&run->trace, &run->file.frame, &json, NULL);
        eh_buffer_byte(out, '\n');
        return EH_OK;
    }
    EH_TRY(eh_words_open(run->request.language == NULL ? "en" : run->request.language, &words, error));
    EH_TRY(eh_reasons_find(run->file.decider, &run->trace, true, run->arena, &reasons, error));
    eh_page_input input = {.decider = run->file.decider, .trace = &run->trace, .reasons = &reasons, .words = &words};
    EH_TRY(eh_page_make(&input, run->arena, &page, error));
    if (strcmp(format, "json") == 0) {
        eh_json_begin(&json, out, true, false);
        eh_page_json(&page, &input, &json, NULL);
        eh_buffer_byte(out, '\n');
    } else if (strcmp(format, "html") == 0) {
        eh_page_html(&page, out);
    } else if (strcmp(format, "text") == 0) {
        eh_page_text(&page, 80, out);
    } else {
        return eh_fail(error, EH_INPUT, "--format: '%.40s' is no format; there are text, json, html and trace", format);
    }
    return EH_OK;
}

static eh_code why_do(why_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    EH_TRY(eh_workspace_open(run->request.workspace, &run->workspace, error));
    run->model = eh_workspace_get(run->workspace);
    EH_TRY(run->request.person != NULL ? from_plan(run, error) : from_ledger(run, error));
    EH_TRY(page_write(run, &out, error));
    EH_TRY(eh_buffer_check(&out, error));
    return eh_stdout_write(eh_buffer_view(&out), error);
}

int eh_why_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    why_run run = {.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    int status = EH_STATUS_ERROR;
    eh_code code = run.arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, run.arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_why_help(&text);
        status = eh_stdout_show("why", &text);
    } else {
        if (code == EH_OK)
            code = eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = run.arena, .target = &run.request}, &error);
        if (code == EH_OK && arguments.files_count != 1)
            code = eh_fail(&error, EH_INPUT, "name one decision by its id in the ledger, or a plan with --person KEY");
        if (code == EH_OK) {
            run.request.which = arguments.files[0];
            code = why_do(&run, &error);
        }
        status = code == EH_OK ? 0 : eh_error_show("why", &error);
    }
    eh_plan_file_close(&run.file);
    eh_workspace_close(&run.workspace);
    eh_arena_close(&run.arena);
    return status;
}

/* ---- the page of the person ------------------------------------------------------------------------------------------------------------------ */

static eh_code web_page_make(why_run *run, const eh_web_why *asked, eh_arena *arena, eh_web_why_page *page_out, eh_error *error)
{
    EH_CLEANUP(eh_words_close) eh_words words = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer html = {0};
    eh_why_reasons reasons = {0};
    eh_page page = {0};
    EH_TRY(from_ledger(run, error));
    if (!eh_view_equal(run->trace.key, asked->person))
        return eh_fail(error, EH_NOT_FOUND, "there is no such decision about you");
    EH_TRY(eh_words_open(asked->language, &words, error));
    EH_TRY(eh_reasons_find(run->file.decider, &run->trace, true, run->arena, &reasons, error));
    eh_page_input input = {.decider = run->file.decider, .trace = &run->trace, .reasons = &reasons, .words = &words};
    EH_TRY(eh_page_make(&input, run->arena, &page, error));
    eh_page_html(&page, &html);
    EH_TRY(eh_buffer_check(&html, error));
    *page_out = (eh_web_why_page){.title = eh_arena_copy(arena, eh_view_of(page.title)),
                                  .channel = eh_arena_copy(arena, eh_view_of(run->file.frame.channel)),
                                  .html = eh_arena_copy(arena, eh_buffer_view(&html))};
    return page_out->title == NULL || page_out->channel == NULL || page_out->html == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_why_for_web(const eh_workspace_model *model, const eh_web_why *asked, eh_arena *arena, eh_web_why_page *page_out, eh_error *error)
{
    why_run run = {.arena = eh_arena_open(EH_ARENA_BYTES_MAX), .model = model, .request.which = eh_arena_copy(arena, asked->decision)};
    eh_code code = run.arena == NULL || run.request.which == NULL ? eh_fail_memory(error) : web_page_make(&run, asked, arena, page_out, error);
    eh_plan_file_close(&run.file);
    eh_arena_close(&run.arena);
    return code;
}

/* ---- replay --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *workspace, *since;
    eh_instant from;
} replay_request;

static eh_code replay_text(const eh_option_use *use, eh_error *error)
{
    replay_request *request = use->target;
    if (strcmp(use->option, "--workspace") == 0) {
        request->workspace = use->value;
        return EH_OK;
    }
    if (eh_instant_parse_date(eh_view_of(use->value), &request->from, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    request->since = use->value;
    return EH_OK;
}

static const eh_option replay_options[] = {
    {"--since", "TIME", "Which", "decisions at or after this moment; default: all", false, replay_text},
    {"--workspace", "FOLDER", "Where", "the folder with evenhand.yaml; default: this one or the nearest above", false, replay_text},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { REPLAY_OPTIONS_COUNT = sizeof replay_options / sizeof replay_options[0] };

void eh_replay_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand replay - computes the decisions of the ledger again, bit for bit\n"
                   "\n"
                   "  evenhand replay [--since TIME] [options]\n"
                   "\n"
                   "From each trace: bins, scores, contributions, lots, propensity and the choice. A trace\n"
                   "that gives anything else is named. Erased decisions are counted.\n");
    eh_options_help(replay_options, REPLAY_OPTIONS_COUNT, out);
    eh_buffer_text(out, "\nExit status: 0 all equal, 1 something differs, 2 error.\n");
}

typedef struct {
    uint64_t equal, finish, erased, differs;
    eh_buffer findings;
} replay_counts;

static eh_code replay_one(const eh_workspace_model *model, const replay_request *request, const eh_ledger_record *record, eh_arena *arena, eh_plan_file *file,
                          replay_counts *counts_out, eh_error *error)
{
    replay_counts *counts = counts_out;
    eh_trace trace = {0};
    bool finish = false;
    if (!eh_view_equal(record->kind, EH_VIEW("decision")))
        return EH_OK;
    if (record->state != EH_RECORD_OPENED) {
        counts->erased++;
        return EH_OK;
    }
    EH_TRY(record_open(model->state_folder, record, arena, file, &trace, error));
    if (request->since != NULL && file->frame.at_s < request->from.seconds)
        return EH_OK;
    const char *differs = eh_trace_replay(file->decider, &trace, arena, &finish);
    if (differs == NULL) {
        counts->equal++;
        counts->finish += finish;
        return EH_OK;
    }
    counts->differs++;
    if (counts->differs <= 20)
        eh_buffer_format(&counts->findings, "  decision %s: %s differs\n", record->id, differs);
    return EH_OK;
}

static eh_code replay_do(const replay_request *request, replay_counts *counts, eh_error *error)
{
    eh_workspace *workspace = NULL;
    eh_ledger *ledger = NULL;
    eh_plan_file file = {0};
    eh_ledger_stats stats = {0};
    eh_code code = eh_workspace_open(request->workspace, &workspace, error);
    if (code == EH_OK)
        code = eh_ledger_stats_read(eh_workspace_get(workspace)->folder, &stats, error);
    if (code == EH_OK)
        code = eh_ledger_open(eh_workspace_get(workspace)->folder, &(eh_ledger_options){.reads_only = true}, &ledger, error);
    for (uint64_t i = 0; code == EH_OK && i < stats.published_size; i++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        eh_ledger_record record = {0};
        char which[24];
        snprintf(which, sizeof which, "%llu", (unsigned long long)i);
        code = arena == NULL ? eh_fail_memory(error) : eh_ledger_read(ledger, eh_view_of(which), arena, &record, error);
        if (code == EH_OK)
            code = replay_one(eh_workspace_get(workspace), request, &record, arena, &file, counts, error);
    }
    eh_plan_file_close(&file);
    eh_ledger_close(&ledger);
    eh_workspace_close(&workspace);
    return code;
}

int eh_replay_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    replay_request request = {0};
    replay_counts counts = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    int status = EH_STATUS_ERROR;
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(replay_options, REPLAY_OPTIONS_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        eh_replay_help(&out);
        return eh_stdout_show("replay", &out);
    }
    if (code == EH_OK)
        code = eh_arguments_read(replay_options, REPLAY_OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK && arguments.files_count > 0)
        code = eh_fail(&error, EH_INPUT, "takes no file, but '%.100s' was given", arguments.files[0]);
    if (code == EH_OK)
        code = replay_do(&request, &counts, &error);
    if (code != EH_OK) {
        status = eh_error_show("replay", &error);
    } else {
        eh_buffer_format(&out, "%llu decisions computed again, %llu equal, %llu differ, %llu erased or sealed\n",
                         (unsigned long long)(counts.equal + counts.differs), (unsigned long long)counts.equal, (unsigned long long)counts.differs,
                         (unsigned long long)counts.erased);
        if (counts.finish > 0)
            eh_buffer_format(&out, "%llu of them were settled by the exact finish of the plan: their scores and lots are equal\n", (unsigned long long)counts.finish);
        eh_buffer_append(&out, eh_buffer_view(&counts.findings));
        status = eh_stdout_show("replay", &out);
        if (status == 0 && counts.differs > 0)
            status = 1;
    }
    eh_buffer_dispose(&counts.findings);
    return status;
}
