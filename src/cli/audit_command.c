/* `evenhand audit`: reads the decisions, audits them, writes the reports. */
#include <sys/stat.h>

#include "base/json.h"
#include "cli/cli_int.h"

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
    eh_buffer reports[EH_FORMATS_COUNT]; /* for files */
    char *paths[EH_FORMATS_COUNT];       /* NULL: not asked for as a file */
    eh_buffer shown;                     /* for standard output */
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
    bool files = false;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++)
        files = files || run->paths[f] != NULL;
    if (!files)
        return EH_OK;
    EH_TRY(eh_engine_inputs(run->engine, &inputs, &inputs_count, error));
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        struct stat output, input;
        if (run->paths[f] == NULL || stat(run->paths[f], &output) != 0)
            continue;
        if (S_ISDIR(output.st_mode))
            return eh_fail(error, EH_CONFLICT, "--output: '%s' is a folder; choose another name", run->paths[f]);
        for (size_t i = 0; i < inputs_count; i++)
            if (stat(inputs[i].path, &input) == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino)
                return eh_fail(error, EH_CONFLICT, "--output: '%s' is an input file and would be lost; choose another name", run->paths[f]);
    }
    return EH_OK;
}

static eh_code paths_settle(audit_run *run, eh_error *error)
{
    const eh_audit_request *request = run->request;
    if (request->output_prefix == NULL)
        return EH_OK;
    bool only = (request->formats & (request->formats - 1)) == 0;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if ((request->formats >> f & 1) == 0)
            continue;
        run->paths[f] = eh_output_path(run->arena, request->output_prefix, f, only);
        if (run->paths[f] == NULL)
            return eh_fail_memory(error);
    }
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

static void text_write(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    eh_report_text(about, audit, &(eh_report_text_options){.colour = false, .columns = 80}, out);
}

/* All reports are made before any is written, so that a failure leaves what was there. */
static eh_code reports_make(audit_run *run, eh_error *error)
{
    static void (*const writers[EH_FORMATS_COUNT])(const eh_report_about *, const eh_audit *, eh_buffer *) = {
        [EH_FORMAT_TEXT] = text_write,
        [EH_FORMAT_JSON] = eh_report_json,
        [EH_FORMAT_HTML] = eh_report_html,
        [EH_FORMAT_CSV] = eh_report_csv,
    };
    unsigned formats = run->request->formats;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if (run->paths[f] == NULL)
            continue;
        writers[f](&run->about, run->audit, &run->reports[f]);
        EH_TRY(eh_buffer_check(&run->reports[f], error));
    }
    if ((formats >> EH_FORMAT_TEXT & 1) != 0) {
        eh_report_text_options options = {.colour = eh_stdout_colour(), .columns = eh_stdout_columns()};
        eh_report_text(&run->about, run->audit, &options, &run->shown);
    } else if (run->request->output_prefix == NULL) {
        writers[__builtin_ctz(formats)](&run->about, run->audit, &run->shown);
    }
    return eh_buffer_check(&run->shown, error);
}

static eh_code reports_write(const audit_run *run, eh_error *error)
{
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if (run->paths[f] == NULL)
            continue;
        EH_TRY(eh_parent_folders_make(run->paths[f], error));
        EH_TRY(eh_file_replace(run->paths[f], eh_buffer_view(&run->reports[f]), error));
    }
    EH_TRY(eh_stdout_write(eh_buffer_view(&run->shown), error));
    for (size_t f = 0; f < EH_FORMATS_COUNT && !run->request->quiet; f++)
        if (run->paths[f] != NULL)
            eh_note_show("wrote", run->paths[f]);
    return EH_OK;
}

static eh_code audit_do(audit_run *run, eh_error *error)
{
    EH_TRY(paths_settle(run, error));
    EH_TRY(before_read(run, error));
    EH_TRY(decisions_read(run, error));
    EH_TRY(audit_make(run, error));
    EH_TRY(reports_make(run, error));
    eh_progress_end(&run->progress);
    return reports_write(run, error);
}

static void run_dispose(audit_run *run)
{
    eh_progress_end(&run->progress);
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++)
        eh_buffer_dispose(&run->reports[f]);
    eh_buffer_dispose(&run->shown);
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
        eh_audit_help(&run.shown);
        status = eh_stdout_show("audit", &run.shown);
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
