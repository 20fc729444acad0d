/* `evenhand audit`: reads the decisions, audits them, writes the reports. */
#include "base/json.h"
#include "cli/cli_int.h"
#include "journey/people.h"

/* One run of the command, from the options to the finished reports. Everything in it lives until the end of the run. */
typedef struct {
    const eh_audit_request *request;
    eh_arena *arena;
    eh_engine *engine;
    eh_progress progress;
    eh_json_document *before;
    eh_cube cube;
    eh_audit_soft *softs;
    const eh_audit *audit;
    eh_report_about about;
    eh_reports reports;
} audit_run;

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static eh_code before_read(audit_run *run, eh_error *error)
{
    const char *path = run->request->before_path;
    if (path == NULL)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    if (eh_file_read(path, EH_JSON_BYTES_MAX, &text, error) != EH_OK)
        return eh_fail_within(error, "--before");
    if (eh_json_parse(eh_buffer_view(&text), path, &run->before, error) != EH_OK)
        return eh_fail_within(error, "--before");
    return EH_OK;
}

/* A report must not take the place of the decisions that it is about. */
static eh_code outputs_check(const audit_run *run, eh_error *error)
{
    const eh_input *inputs = NULL;
    size_t inputs_count = 0;
    if (!eh_reports_to_files(&run->reports))
        return EH_OK;
    EH_TRY(eh_engine_inputs(run->engine, &inputs, &inputs_count, error));
    for (size_t i = 0; i < inputs_count; i++)
        EH_TRY(eh_reports_guard(&run->reports, inputs[i].path, error));
    return EH_OK;
}

static eh_code softs_read(audit_run *run, eh_error *error)
{
    const eh_audit_request *request = run->request;
    run->softs = EH_TAKE(run->arena, request->softs_count, eh_audit_soft);
    if (run->softs == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < request->softs_count; i++) {
        eh_soft_table *table = EH_TAKE(run->arena, 1, eh_soft_table);
        if (table == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_soft_read(run->engine, &request->spec, &request->softs[i], run->arena, table, error));
        run->softs[i] = (eh_audit_soft){.spec = &request->softs[i], .table = table};
    }
    return EH_OK;
}

/* People who opted out of AI are a group of their own: the switch must cost them nothing. */
static eh_code opted_out_add(audit_run *run, eh_error *error)
{
    bool attached = false;
    eh_cube_attribute attribute;
    EH_TRY(eh_opted_out_attach(run->engine, &run->request->people, run->arena, &attached, error));
    if (!attached)
        return EH_OK;
    EH_TRY(eh_opted_out_attribute(&attribute, run->arena, error));
    return eh_audit_request_with(run->request, &attribute, eh_ai_group_name(EH_AI_MAY), run->arena, &run->request, error);
}

static eh_code decisions_read(audit_run *run, eh_error *error)
{
    const eh_audit_request *request = run->request;
    eh_engine_options options = {.threads = request->threads, .memory_bytes_max = request->memory_bytes_max};
    if (run->progress.descriptor >= 0) {
        options.progress = eh_progress_show;
        options.progress_context = &run->progress;
    }
    EH_TRY(eh_engine_open(&options, &run->engine, error));
    EH_TRY(eh_engine_read(run->engine, request->files, request->files_count, error));
    EH_TRY(opted_out_add(run, error));
    request = run->request;
    EH_TRY(eh_cube_read(run->engine, &request->spec, run->arena, &run->cube, error));
    EH_TRY(softs_read(run, error));
    return outputs_check(run, error);
}

/* ---- the audit and its reports -------------------------------------------------------------------------------------------------- */

static eh_code audit_make(audit_run *run, eh_error *error)
{
    const eh_audit_request *request = run->request;
    EH_TRY(eh_audit_run(&run->cube, run->softs, request->softs_count, &request->options, run->arena, &run->audit, error));
    if (run->before != NULL)
        EH_TRY(eh_audit_compare(run->audit, eh_json_root(run->before), request->before_path, run->arena, &run->audit, error));
    run->about = (eh_report_about){
        .engine_version = eh_engine_version(),
        .spec = &request->spec,
        .cube = &run->cube,
        .soft = request->softs_count > 0 ? run->softs : NULL,
        .soft_count = request->softs_count,
        .before_path = request->before_path,
    };
    eh_engine_columns(run->engine, &run->about.columns, &run->about.columns_count);
    return eh_engine_inputs(run->engine, &run->about.inputs, &run->about.inputs_count, error);
}

static void report_write(const void *subject, size_t format, const eh_report_text_options *options, eh_buffer *out)
{
    static void (*const writers[EH_FORMATS_COUNT])(const eh_report_about *, const eh_audit *, eh_buffer *) = {
        [EH_FORMAT_JSON] = eh_report_json,
        [EH_FORMAT_HTML] = eh_report_html,
        [EH_FORMAT_CSV] = eh_report_csv,
    };
    const audit_run *run = subject;
    if (format == EH_FORMAT_TEXT)
        eh_report_text(&run->about, run->audit, options, out);
    else
        writers[format](&run->about, run->audit, out);
}

static eh_code audit_do(audit_run *run, eh_error *error)
{
    run->reports.formats = run->request->formats;
    run->reports.prefix = run->request->output_prefix;
    EH_TRY(eh_reports_open(&run->reports, run->arena, error));
    EH_TRY(before_read(run, error));
    EH_TRY(decisions_read(run, error));
    EH_TRY(audit_make(run, error));
    EH_TRY(eh_reports_make(&run->reports, &(eh_report_writer){run, report_write}, error));
    eh_progress_end(&run->progress);
    return eh_reports_write(&run->reports, run->request->quiet, error);
}

static void run_dispose(audit_run *run)
{
    eh_progress_end(&run->progress);
    eh_reports_dispose(&run->reports);
    eh_json_close(&run->before);
    eh_engine_close(&run->engine);
    eh_arena_close(&run->arena);
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------- */

void eh_audit_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand audit - audits a list of decisions for fairness between groups\n"
                   "\n"
                   "  evenhand audit FILE... --decision EXPR --by EXPR[,EXPR...] [option]...\n"
                   "\n"
                   "FILE is CSV, Parquet or JSON lines (CSV and JSON also .gz), a glob in quotes, or\n"
                   "- for standard input. EXPR is a column or an SQL expression over the columns.\n");
    eh_audit_options_help(out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 within tolerance, 1 violates, 3 not enough evidence, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand audit sent.csv --decision sent --by gender\n"
                   "  evenhand audit 'sent-*.parquet' --decision \"score > 0.5\" --label bought \\\n"
                   "      --by age,gender --bands age=18,25,35,50,65 --output reports/sent\n"
                   "  zcat sent.csv.gz | evenhand audit - --decision sent --by gender --format json\n");
}

int eh_audit_command(int argc, char **argv)
{
    eh_error error = {0};
    audit_run run = {.progress.descriptor = -1};
    int status = EH_STATUS_ERROR;
    run.arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (run.arena == NULL) {
        (void)eh_fail_memory(&error);
        eh_error_show(NULL, &error);
    } else if (eh_audit_request_parse(argc, argv, run.arena, &run.request, &error) != EH_OK) {
        eh_error_show("audit", &error);
    } else if (run.request->help) {
        eh_audit_help(&run.reports.shown);
        status = eh_stdout_show("audit", &run.reports.shown);
    } else {
        run.progress = eh_progress_stderr(!run.request->quiet);
        if (audit_do(&run, &error) == EH_OK) {
            status = eh_verdict_exit_status(run.audit->verdict);
        } else {
            eh_progress_end(&run.progress);
            eh_error_show(NULL, &error);
        }
    }
    run_dispose(&run);
    return status;
}
