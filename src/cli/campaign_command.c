/* `evenhand campaign`: what went out, and what it brought. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli_int.h"
#include "journey/results.h"

typedef struct {
    eh_results_request results;
    eh_reports reports;
    bool quiet;
} campaign_request;

/* ---- options -------------------------------------------------------------------------------------------------------------------------- */

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    campaign_request *request = use->target;
    const struct {
        const char *option;
        const char **place;
    } places[] = {{"--workspace", &request->results.workspace}, {"--outcome", &request->results.outcome}, {"--history", &request->results.history}, {"--output", &request->reports.prefix}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].option, use->option) == 0) {
            *places[i].place = use->value;
            return EH_OK;
        }
    return eh_fail(error, EH_INTERNAL, "%s has no place", use->option);
}

static eh_code read_cell(const eh_option_use *use, eh_error *error)
{
    return eh_whole_read(use, 0, 1000000, &((campaign_request *)use->target)->results.cell_min, error);
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), &((campaign_request *)use->target)->results.now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    return EH_OK;
}

static eh_code read_quiet(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((campaign_request *)use->target)->quiet = true;
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error) { return eh_formats_read(use, &((campaign_request *)use->target)->reports.formats, error); }

static const eh_option options[] = {
    {"--outcome", "NAME", "What is looked at", "the outcome; default: the campaign's own, else the first that came back", false, read_text},
    {"--history", "FACT", "What is looked at", "'by history' writes to those with the most of this fact, with '-' before it the least; default: a fact such as history, spend or recency", false, read_text},
    {"--min-cell", "N", "What is looked at", "groups with fewer people are not shown; default 10", false, read_cell},
    {"--workspace", "FOLDER", "Where and when", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_text},
    {"--now", "TIME", "Where and when", "opt-outs and complaints until then; default: now", false, read_now},
    {"--format", "LIST", "What comes out", "text, json, html, or several with commas between; list: text or json; default: text", false, read_format},
    {"--output", "PREFIX", "What comes out", "writes the report to PREFIX.txt, PREFIX.json, PREFIX.html", false, read_text},
    {"--quiet", NULL, "What comes out", "says nothing of what was written", false, read_quiet},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

void eh_campaign_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand campaign - what went out, and what it brought\n"
                   "\n"
                   "  evenhand campaign report CAMPAIGN|PLAN [options]\n"
                   "  evenhand campaign list [options]\n"
                   "\n"
                   "The report compares those who got something with those who were held out by lot: per\n"
                   "offer and per group, with intervals; what other ways to choose would have brought;\n"
                   "whether the scores foretold it; who benefits; who opted out or complained; what it cost.\n"
                   "It is kept in .evenhand/reports/. Protected attributes are read from the vault, which\n"
                   "writes it down.\n");
    eh_options_help(options, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status of report: 0 every group benefits about as much, 1 some much less, 3 it\n"
                   "cannot be told, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand campaign list\n"
                   "  evenhand campaign report spring-boots\n"
                   "  evenhand campaign report spring-boots --outcome spend --format html --output spring\n");
}

/* ---- report --------------------------------------------------------------------------------------------------------------------------------- */

static void report_form(const void *subject, size_t format, const eh_report_text_options *text, eh_buffer *out)
{
    const eh_report_campaign *report = subject;
    if (format == EH_FORMAT_TEXT)
        eh_report_campaign_text(report, text->columns, out);
    else if (format == EH_FORMAT_JSON)
        eh_report_campaign_json(report, out);
    else
        eh_report_campaign_html(report, out);
}

/* Kept for the pages and for the next reader, whatever else comes out. */
static eh_code report_keep(const char *state_folder, const eh_report_campaign *report, eh_error *error)
{
    static const size_t kept[] = {EH_FORMAT_JSON, EH_FORMAT_HTML};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, form = {0};
        report_form(report, kept[i], NULL, &form);
        eh_buffer_format(&path, "%s/reports/campaign-%s%s", state_folder, report->frame->plan, eh_formats[kept[i]].extension);
        EH_TRY(eh_buffer_check(&path, error));
        EH_TRY(eh_buffer_check(&form, error));
        EH_TRY(eh_parent_folders_make(path.ptr, error));
        EH_TRY(eh_file_replace(path.ptr, eh_buffer_view(&form), error));
    }
    return EH_OK;
}

static eh_code report_write(campaign_request *request, const eh_report_campaign *report, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {0};
    eh_report_campaign_sentence(report, &said);
    eh_buffer_byte(&said, '\n');
    EH_TRY(eh_buffer_check(&said, error));
    return eh_reports_give(&request->reports, &(eh_report_writer){.subject = report, .write = report_form}, &said, request->quiet, error);
}

static eh_code report_do(campaign_request *request, const char *state_folder, eh_arena *arena, int *status_out, eh_error *error)
{
    eh_report_campaign *report = EH_TAKE(arena, 1, eh_report_campaign);
    if (report == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_formats_check(&request->reports, error));
    EH_TRY(eh_reports_open(&request->reports, arena, error));
    EH_TRY(eh_results_read(&request->results, arena, report, error));
    EH_TRY(report_keep(state_folder, report, error));
    EH_TRY(report_write(request, report, error));
    *status_out = eh_report_campaign_status(report);
    return EH_OK;
}

/* ---- list --------------------------------------------------------------------------------------------------------------------------------- */

/* Plans that went out, and those that wait. */
typedef struct {
    const eh_campaign_plan *sent;
    size_t sent_count;
    const char **waiting;
    size_t waiting_count;
} plan_list;

enum { WAITING_MAX = 4096 };

/* The plans in .evenhand/plans that have not gone out. */
static eh_code waiting_read(const char *state_folder, eh_arena *arena, plan_list *list, eh_error *error)
{
    char *path = eh_arena_format(arena, "%s/plans", state_folder);
    list->waiting = EH_TAKE(arena, WAITING_MAX, const char *);
    if (path == NULL || list->waiting == NULL)
        return eh_fail_memory(error);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return EH_OK;
    for (struct dirent *entry = readdir(folder); entry != NULL && list->waiting_count < WAITING_MAX; entry = readdir(folder)) {
        bool out = entry->d_name[0] == '.';
        for (size_t i = 0; i < list->sent_count && !out; i++)
            out = strcmp(list->sent[i].plan, entry->d_name) == 0;
        if (!out && (list->waiting[list->waiting_count] = eh_arena_copy(arena, eh_view_of(entry->d_name))) != NULL)
            list->waiting_count++;
    }
    closedir(folder);
    return EH_OK;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void list_json(const plan_list *list, eh_buffer *out)
{
    const eh_campaign_plan *plans = list->sent;
    eh_json_writer json;
    char at[EH_INSTANT_TEXT_BYTES];
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_array_open(&json, "plans");
    for (size_t i = 0; i < list->sent_count; i++) {
        eh_json_object_open(&json, NULL);
        eh_json_text(&json, "plan", plans[i].plan);
        eh_json_text(&json, "campaign", plans[i].campaign);
        eh_json_text(&json, "channel", plans[i].channel);
        eh_json_text(&json, "state", "went out");
        eh_instant_text((eh_instant){.seconds = plans[i].released_s}, EH_FRACTION_NONE, at);
        eh_json_text(&json, "released", at);
        eh_json_integer(&json, "decisions", plans[i].people);
        eh_json_integer(&json, "sent", plans[i].sent);
        eh_json_object_close(&json);
    }
    for (size_t i = 0; i < list->waiting_count; i++) {
        eh_json_object_open(&json, NULL);
        eh_json_text(&json, "plan", list->waiting[i]);
        eh_json_text(&json, "state", "planned");
        eh_json_object_close(&json);
    }
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
}

static void list_text(const plan_list *list, eh_buffer *out)
{
    const eh_campaign_plan *plans = list->sent;
    char at[EH_INSTANT_TEXT_BYTES];
    for (size_t i = 0; i < list->waiting_count; i++)
        eh_buffer_format(out, "%-44s planned; let it go out: evenhand release %s\n", list->waiting[i], list->waiting[i]);
    for (size_t i = 0; i < list->sent_count; i++) {
        eh_instant_text((eh_instant){.seconds = plans[i].released_s}, EH_FRACTION_NONE, at);
        eh_buffer_format(out, "%-44s went out %s: %lld of %lld people were sent something\n", plans[i].plan, at, (long long)plans[i].sent, (long long)plans[i].people);
    }
    if (list->sent_count + list->waiting_count == 0)
        eh_buffer_text(out, "no plan was made here yet; make one with: evenhand plan CAMPAIGN\n");
}

static eh_code list_do(const campaign_request *request, const char *state_folder, eh_arena *arena, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    plan_list list = {0};
    EH_TRY(eh_campaigns_open(state_folder, &store, error));
    EH_TRY(eh_campaign_plans(store, NULL, arena, &list.sent, &list.sent_count, error));
    EH_TRY(waiting_read(state_folder, arena, &list, error));
    qsort(list.waiting, list.waiting_count, sizeof *list.waiting, by_text);
    if (request->reports.formats == 1u << EH_FORMAT_JSON)
        list_json(&list, &out);
    else
        list_text(&list, &out);
    EH_TRY(eh_buffer_check(&out, error));
    return eh_stdout_write(eh_buffer_view(&out), error);
}

/* ---- the command ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code campaign_do(campaign_request *request, const eh_arguments *arguments, eh_arena *arena, int *status_out, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    const char *action = arguments->files_count > 0 ? arguments->files[0] : "";
    bool report = strcmp(action, "report") == 0;
    if (!report && strcmp(action, "list") != 0)
        return eh_fail(error, EH_INPUT, "%s%.40s%s there are report and list, as in: evenhand campaign report spring-boots", action[0] == '\0' ? "say what is wanted;" : "'", action,
                       action[0] == '\0' ? "" : "' is nothing that it does;");
    if (arguments->files_count != (report ? 2u : 1u))
        return eh_fail(error, EH_INPUT, "%s", report ? "name one campaign or plan, as in: evenhand campaign report spring-boots" : "list takes no name");
    EH_TRY(eh_workspace_open(request->results.workspace, &workspace, error));
    const char *state_folder = eh_workspace_get(workspace)->state_folder;
    *status_out = 0;
    if (!report)
        return list_do(request, state_folder, arena, error);
    request->results.name = arguments->files[1];
    return report_do(request, state_folder, arena, status_out, error);
}

int eh_campaign_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    campaign_request request = {.reports.formats = 1u << EH_FORMAT_TEXT, .results = {.cell_min = EH_CELL_MIN_USUAL, .now = eh_instant_now()}};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    int status = EH_STATUS_ERROR;
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_campaign_help(&text);
        return eh_stdout_show("campaign", &text);
    }
    if (code == EH_OK)
        code = eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK)
        code = campaign_do(&request, &arguments, arena, &status, &error);
    eh_reports_dispose(&request.reports);
    return code == EH_OK ? status : eh_error_show("campaign", &error);
}
