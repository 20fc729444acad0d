/* `evenhand release`: lets a plan go out. */
#include <string.h>

#include "cli/cli_int.h"
#include "journey/journey.h"

typedef struct {
    const char *plan, *workspace, *output, *approved_by, *list_for, *origin;
    eh_instant now;
} release_request;

static eh_code read_workspace(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((release_request *)use->target)->workspace = use->value;
    return EH_OK;
}

static eh_code read_output(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((release_request *)use->target)->output = use->value;
    return EH_OK;
}

static eh_code read_approved(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: who is it?", use->option);
    ((release_request *)use->target)->approved_by = use->value;
    return EH_OK;
}

static eh_code read_for(const eh_option_use *use, eh_error *error)
{
    (void)error; /* the release says what there is */
    ((release_request *)use->target)->list_for = use->value;
    return EH_OK;
}

static eh_code read_origin(const eh_option_use *use, eh_error *error)
{
    size_t len = strlen(use->value);
    if ((strncmp(use->value, "https://", 8) != 0 && strncmp(use->value, "http://", 7) != 0) || use->value[len - 1] == '/')
        return eh_fail(error, EH_INPUT, "%s: must be an address such as https://mail.shop.example, without a slash at its end", use->option);
    ((release_request *)use->target)->origin = use->value;
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), &((release_request *)use->target)->now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    return EH_OK;
}

static const eh_option options[] = {
    {"--workspace", "FOLDER", "Where", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_workspace},
    {"--output", "FILE", "What comes out", "the send list: Parquet when it ends in .parquet, else CSV; default: CSV on standard output", false, read_output},
    {"--for", "TOOL", "What comes out", "plain, klaviyo or shopify: the columns of the send list; default: plain", false, read_for},
    {"--origin", "URL", "What comes out", "how the world sees evenhand's pages, for why_url and unsubscribe_url; default: shop.origin of evenhand.yaml, and without that no links", false, read_origin},
    {"--approved-by", "NAME", "Who", "who says that it may go out although the guards cannot tell; goes into the ledger", false, read_approved},
    {"--now", "TIME", "When", "the moment at which rights, caps and quiet hours are asked again; default: now", false, read_now},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

void eh_release_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand release - lets a plan go out: the send list, and every decision in the ledger\n"
                   "\n"
                   "  evenhand release PLAN [options]\n"
                   "\n"
                   "Rights and caps are asked once more for everybody. Who has said no since the plan was\n"
                   "made is not in the list; who has switched AI off since then is not, and the score is\n"
                   "deleted. A message that would come in the quiet hours of the person's clock waits for\n"
                   "their end (send_after).\n"
                   "A plan that was stopped does not go out. One that needs a person's answer needs\n"
                   "--approved-by.\n");
    eh_options_help(options, OPTIONS_COUNT, out);
}

static eh_code release_do(const release_request *request, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer note = {0};
    eh_release_result result = {0};
    EH_TRY(eh_workspace_open(request->workspace, &workspace, error));
    EH_TRY(eh_release(&(eh_release_request){.model = eh_workspace_get(workspace), .plan = request->plan, .approved_by = request->approved_by,
                                            .output = request->output, .list_for = request->list_for, .origin = request->origin, .now = request->now}, &result, error));
    eh_buffer_format(&note, "%llu people get something; %llu were left out because of what they have said or been sent since; %llu decisions are in the ledger\n",
                     (unsigned long long)result.sent, (unsigned long long)result.left_out, (unsigned long long)result.recorded);
    if (result.corrected > 0)
        eh_buffer_format(&note, "%llu %s left out because something about them was corrected after the plan was made; a new plan decides on what is right\n",
                         (unsigned long long)result.corrected, result.corrected == 1 ? "is" : "are");
    eh_code code = eh_stdout_write(eh_buffer_view(request->output == NULL ? &result.list : &note), error);
    eh_buffer_dispose(&result.list);
    return code;
}

int eh_release_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    release_request request = {.now = eh_instant_now()};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_release_help(&text);
        return eh_stdout_show("release", &text);
    }
    if (code == EH_OK)
        code = eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK && arguments.files_count != 1)
        code = eh_fail(&error, EH_INPUT, "name one plan, as in: evenhand release spring-boots-20261125-0a1b2c3d --output send.csv");
    if (code == EH_OK) {
        request.plan = arguments.files[0];
        code = release_do(&request, &error);
    }
    return code == EH_OK ? 0 : eh_error_show("release", &error);
}
