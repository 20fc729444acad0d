/* `evenhand plan`: decides for everybody, looks whether it is fair, writes the plan and its report. Nothing is sent. */
#include <string.h>

#include "cli/cli_int.h"
#include "journey/journey.h"

typedef struct {
    eh_plan_request plan;
    eh_reports reports;
    bool quiet, help;
} plan_request;

/* ---- options -------------------------------------------------------------------------------------------------------------------- */

static eh_code read_workspace(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((plan_request *)use->target)->plan.workspace = use->value;
    return EH_OK;
}

static eh_code read_moment(const eh_option_use *use, eh_instant *instant_out, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), instant_out, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    if (instant_out->seconds <= 0 || instant_out->seconds > UINT32_MAX)
        return eh_fail(error, EH_INPUT, "%s: lies outside 1970 to 2106", use->option);
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error) { return read_moment(use, &((plan_request *)use->target)->plan.now, error); }

static eh_code read_as_of(const eh_option_use *use, eh_error *error)
{
    eh_plan_request *request = &((plan_request *)use->target)->plan;
    request->dated = true;
    return read_moment(use, &request->as_of, error);
}

static eh_code read_seed(const eh_option_use *use, eh_error *error)
{
    return eh_whole_read(use, 0, INT64_MAX, &((plan_request *)use->target)->plan.seed, error);
}

static eh_code read_repair(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((plan_request *)use->target)->plan.repair = true;
    return EH_OK;
}

static eh_code read_output(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((plan_request *)use->target)->reports.prefix = use->value;
    return EH_OK;
}

static eh_code read_quiet(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((plan_request *)use->target)->quiet = true;
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error) { return eh_formats_read(use, &((plan_request *)use->target)->reports.formats, error); }

static const eh_option options[] = {
    {"--workspace", "FOLDER", "Where", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_workspace},
    {"--now", "TIME", "When", "the moment of the decision, e.g. 2026-11-25T09:00:00Z; default: now", false, read_now},
    {"--as-of", "TIME", "When", "facts as they were then; default: now", false, read_as_of},
    {"--seed", "N", "Lots", "the lots of holdout, exploration and ties; default: 1", false, read_seed},
    {"--repair", NULL, "Fairness", "when a guard is violated, let the plan repair itself", false, read_repair},
    {"--format", "LIST", "What comes out", "text, json, html, or several with commas between; default: text", false, read_format},
    {"--output", "PREFIX", "What comes out", "writes the report to PREFIX.txt, PREFIX.json, PREFIX.html", false, read_output},
    {"--quiet", NULL, "What comes out", "says nothing of what was written", false, read_quiet},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

void eh_plan_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand plan - decides who gets what, and looks whether it is fair; sends nothing\n"
                   "\n"
                   "  evenhand plan CAMPAIGN [options]\n"
                   "\n"
                   "CAMPAIGN is the name of a file in campaigns/, or a path. The order: what people have\n"
                   "said, the rules, the lots, the scores, the budget; then the guards look at the result.\n");
    eh_options_help(options, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 may go out (also when it was repaired), 1 stopped, 3 cannot tell: ask a\n"
                   "person, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand plan spring-boots\n"
                   "  evenhand plan spring-boots --repair --format html --output preflight\n");
}

static eh_code request_parse(int argc, char **argv, eh_arena *arena, plan_request *request, eh_error *error)
{
    eh_arguments arguments;
    EH_TRY(eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, error));
    request->help = arguments.help;
    if (arguments.help)
        return EH_OK;
    *request = (plan_request){.reports.formats = 1u << EH_FORMAT_TEXT, .plan = {.seed = 1, .now = eh_instant_now()}};
    request->plan.now.nanoseconds = 0;
    EH_TRY(eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = request}, error));
    if (arguments.files_count != 1)
        return eh_fail(error, EH_INPUT, "%s, as in: evenhand plan spring-boots", arguments.files_count == 0 ? "name a campaign" : "one campaign at a time");
    request->plan.campaign = arguments.files[0];
    EH_TRY(eh_formats_check(&request->reports, error));
    return eh_reports_open(&request->reports, arena, error);
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------------------- */

static void report_form(const void *subject, size_t format, const eh_report_text_options *text, eh_buffer *out)
{
    const eh_report_plan *report = subject;
    if (format == EH_FORMAT_TEXT)
        eh_report_plan_text(report, text->columns, out);
    else if (format == EH_FORMAT_JSON)
        eh_report_plan_json(report, out);
    else
        eh_report_plan_html(report, out);
}

static eh_code report_write(plan_request *request, const eh_report_plan *report, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {0};
    eh_report_plan_sentence(report, &said);
    eh_buffer_format(&said, "\nPlan %s\n", report->frame->plan);
    EH_TRY(eh_buffer_check(&said, error));
    return eh_reports_give(&request->reports, &(eh_report_writer){.subject = report, .write = report_form}, &said, request->quiet, error);
}

static eh_code plan_do(eh_plan_run *run, plan_request *request, int *status_out, eh_error *error)
{
    eh_preflight *preflight = EH_TAKE(run->arena, 1, eh_preflight);
    if (preflight == NULL)
        return eh_fail_memory(error);
    run->request = request->plan;
    EH_TRY(eh_plan_run_do(run, error));
    EH_TRY(eh_preflight_make(run, preflight, error));
    EH_TRY(eh_preflight_write(run, preflight, error));
    EH_TRY(report_write(request, &preflight->report, error));
    *status_out = strcmp(run->outcome, "stopped") == 0 ? 1 : strcmp(run->outcome, "ask") == 0 ? 3 : 0;
    return EH_OK;
}

int eh_plan_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_plan_run run = {.arena = eh_arena_open(SIZE_MAX / 4)};
    plan_request request = {0};
    int status = EH_STATUS_ERROR;
    if (run.arena == NULL)
        (void)eh_fail_memory(&error);
    else if (request_parse(argc, argv, run.arena, &request, &error) == EH_OK && request.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_plan_help(&text);
        status = eh_stdout_show("plan", &text);
    } else if (error.code != EH_OK || plan_do(&run, &request, &status, &error) != EH_OK) {
        status = eh_error_show("plan", &error);
    }
    eh_reports_dispose(&request.reports);
    eh_plan_run_close(&run);
    return status;
}
