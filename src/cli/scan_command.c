/* `evenhand scan`: reads the decisions, looks for hidden groups, writes the reports. */
#include "cli/cli_int.h"
#include "data/transform.h"
#include "journey/people.h"

/* One run of the command, from the options to the finished reports. Everything in it lives until the end of the run. */
typedef struct {
    const eh_scan_request *request;
    eh_arena *arena;
    eh_engine *engine;
    eh_progress progress;
    eh_coded_table table;
    const eh_scan *scan;
    eh_report_scan_about about;
    eh_reports reports;
} scan_run;

/* A report must not take the place of the decisions that it is about. */
static eh_code outputs_check(const scan_run *run, eh_error *error)
{
    for (size_t i = 0; i < run->about.inputs_count; i++)
        EH_TRY(eh_reports_guard(&run->reports, run->about.inputs[i].path, error));
    return EH_OK;
}

/* People who opted out of AI are one more column to look at; where the columns are named, it is added to them. */
static eh_code opted_out_add(scan_run *run, eh_error *error)
{
    const eh_scan_request *request = run->request;
    bool attached = false;
    EH_TRY(eh_opted_out_attach(run->engine, &request->people, run->arena, &attached, error));
    if (!attached || request->spec.attributes_count == 0)
        return attached ? eh_transform_named(run->engine, EH_AI_GROUPS, error) : EH_OK;
    eh_scan_request *with = EH_TAKE(run->arena, 1, eh_scan_request);
    if (with == NULL)
        return eh_fail_memory(error);
    if (request->spec.attributes_count == EH_SCAN_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "--over: more than %d columns, with people who opted out of AI; leave one out", EH_SCAN_ATTRIBUTES_MAX);
    *with = *request;
    with->spec.attributes = with->attributes;
    EH_TRY(eh_opted_out_attribute(&with->attributes[with->spec.attributes_count++], run->arena, error));
    run->request = with;
    return EH_OK;
}

static eh_code decisions_read(scan_run *run, eh_error *error)
{
    const eh_scan_request *request = run->request;
    eh_engine_options options = {.threads = request->threads, .memory_bytes_max = request->memory_bytes_max};
    if (run->progress.descriptor >= 0) {
        options.progress = eh_progress_show;
        options.progress_context = &run->progress;
    }
    EH_TRY(eh_engine_open(&options, &run->engine, error));
    EH_TRY(eh_engine_read(run->engine, request->files, request->files_count, error));
    EH_TRY(opted_out_add(run, error));
    EH_TRY(eh_coded_read(run->engine, &run->request->spec, run->arena, &run->table, error));
    EH_TRY(eh_engine_inputs(run->engine, &run->about.inputs, &run->about.inputs_count, error));
    return outputs_check(run, error);
}

static eh_code groups_find(scan_run *run, eh_error *error)
{
    const eh_coded_table *table = &run->table;
    eh_scan_cell *cells = EH_TAKE(run->arena, table->cells_count, eh_scan_cell);
    if (cells == NULL)
        return eh_fail_memory(error);
    for (size_t c = 0; c < table->cells_count; c++) {
        const eh_coded_cell *from = &table->cells[c];
        cells[c] = (eh_scan_cell){.rows = from->rows, .yes = from->yes, .weight = from->weight, .expected = from->expected, .stratum = from->stratum};
    }
    eh_scan_table scanned = {.attributes = table->dimensions, .attributes_count = table->dimensions_count, .codes = table->codes, .cells = cells,
                             .cells_count = table->cells_count, .given = table->given};
    EH_TRY(eh_scan_run(&scanned, &run->request->options, run->arena, &run->scan, error));
    run->about.engine_version = eh_engine_version();
    run->about.spec = &run->request->spec;
    run->about.table = table;
    return EH_OK;
}

static void report_write(const void *subject, size_t format, const eh_report_text_options *options, eh_buffer *out)
{
    static void (*const writers[EH_FORMATS_COUNT])(const eh_report_scan_about *, const eh_scan *, eh_buffer *) = {
        [EH_FORMAT_JSON] = eh_report_scan_json,
        [EH_FORMAT_HTML] = eh_report_scan_html,
        [EH_FORMAT_CSV] = eh_report_scan_csv,
    };
    const scan_run *run = subject;
    if (format == EH_FORMAT_TEXT)
        eh_report_scan_text(&run->about, run->scan, options, out);
    else
        writers[format](&run->about, run->scan, out);
}

static eh_code scan_do(scan_run *run, eh_error *error)
{
    run->reports.formats = run->request->formats;
    run->reports.prefix = run->request->output_prefix;
    EH_TRY(eh_reports_open(&run->reports, run->arena, error));
    EH_TRY(decisions_read(run, error));
    EH_TRY(groups_find(run, error));
    EH_TRY(eh_reports_make(&run->reports, &(eh_report_writer){run, report_write}, error));
    eh_progress_end(&run->progress);
    return eh_reports_write(&run->reports, run->request->quiet, error);
}

static void run_dispose(scan_run *run)
{
    eh_progress_end(&run->progress);
    eh_reports_dispose(&run->reports);
    eh_engine_close(&run->engine);
    eh_arena_close(&run->arena);
}

void eh_scan_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand scan - looks for hidden groups in a list of decisions or predictions\n"
                   "\n"
                   "  evenhand scan FILE... --decision EXPR [option]...\n"
                   "  evenhand scan FILE... --label EXPR --score EXPR [option]...\n"
                   "\n"
                   "FILE is CSV, Parquet or JSON lines (CSV and JSON also .gz), a glob in quotes, or\n"
                   "- for standard input. EXPR is a column or an SQL expression over the columns.\n");
    eh_scan_options_help(out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 nothing found, 1 found, 3 not enough evidence, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand scan sent.csv --decision sent\n"
                   "  evenhand scan sent.csv --decision sent --over zip,newbie,channel --direction low\n"
                   "  evenhand scan model.csv --label bought --score probability --output reports/scan\n");
}

int eh_scan_command(int argc, char **argv)
{
    eh_error error = {0};
    scan_run run = {.progress.descriptor = -1};
    int status = EH_STATUS_ERROR;
    run.arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (run.arena == NULL) {
        (void)eh_fail_memory(&error);
        eh_error_show(NULL, &error);
    } else if (eh_scan_request_parse(argc, argv, run.arena, &run.request, &error) != EH_OK) {
        eh_error_show("scan", &error);
    } else if (run.request->help) {
        eh_scan_help(&run.reports.shown);
        status = eh_stdout_show("scan", &run.reports.shown);
    } else {
        run.progress = eh_progress_stderr(!run.request->quiet);
        if (scan_do(&run, &error) == EH_OK) {
            status = eh_verdict_exit_status(run.scan->verdict);
        } else {
            eh_progress_end(&run.progress);
            eh_error_show(NULL, &error);
        }
    }
    run_dispose(&run);
    return status;
}
