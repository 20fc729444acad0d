/* `evenhand why`: the page about one decision. */
#include <string.h>

#include "base/json.h"
#include "cli/cli_int.h"
#include "journey/journey.h"

typedef struct {
    const char *which, *workspace, *language, *person, *format;
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

static eh_code page_write(const why_request *request, const eh_decision *decision, eh_arena *arena, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_words_close) eh_words words = {0};
    eh_page page = {0};
    eh_page_input input = {0};
    eh_json_writer json;
    const char *format = request->format == NULL ? "text" : request->format;
    if (strcmp(format, "trace") == 0) {
        eh_json_begin(&json, out, true, false);
        eh_trace_json(&decision->trace, &decision->file.frame, &json, NULL);
        eh_buffer_byte(out, '\n');
        return EH_OK;
    }
    EH_TRY(eh_words_open(request->language == NULL ? "en" : request->language, &words, error));
    EH_TRY(eh_decision_page(decision, &words, arena, &page, &input, error));
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

static eh_code why_do(const why_request *request, eh_arena *arena, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_decision_close) eh_decision decision = {0};
    EH_TRY(eh_workspace_open(request->workspace, &workspace, error));
    const eh_workspace_model *model = eh_workspace_get(workspace);
    EH_TRY(request->person != NULL ? eh_decision_of_plan(model, request->which, request->person, &decision, error)
                                   : eh_decision_of_ledger(model, eh_view_of(request->which), arena, &decision, error));
    EH_TRY(page_write(request, &decision, arena, &out, error));
    EH_TRY(eh_buffer_check(&out, error));
    return eh_stdout_write(eh_buffer_view(&out), error);
}

int eh_why_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    why_request request = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_why_help(&text);
        return eh_stdout_show("why", &text);
    }
    if (code == EH_OK)
        code = eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK && arguments.files_count != 1)
        code = eh_fail(&error, EH_INPUT, "name one decision by its id in the ledger, or a plan with --person KEY");
    if (code == EH_OK) {
        request.which = arguments.files[0];
        code = why_do(&request, arena, &error);
    }
    return code == EH_OK ? 0 : eh_error_show("why", &error);
}
