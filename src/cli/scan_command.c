/* `evenhand scan`: reads the decisions, looks for hidden groups, writes the reports. */
#include <sys/stat.h>

#include "cli/cli_int.h"

/* One run of the command, from the options to the finished reports. Everything in it lives until the end of the run. */
typedef struct {
    const eh_scan_request *request;
    eh_arena *arena;
    eh_engine *engine;
    eh_progress progress;
    eh_coded_table table;
    const eh_scan *scan;
    eh_report_scan_about about;
    eh_buffer reports[EH_FORMATS_COUNT]; /* for files */
    char *paths[EH_FORMATS_COUNT];       /* NULL: not asked for as a file */
    eh_buffer shown;                     /* for standard output */
} scan_run;

/* A report must not take the place of the decisions that it is about. */
static eh_code outputs_check(const scan_run *run, eh_error *error)
{
    const eh_input *inputs = run->about.inputs;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        struct stat output, input;
        if (run->paths[f] == NULL || stat(run->paths[f], &output) != 0)
            continue;
        if (S_ISDIR(output.st_mode))
            return eh_fail(error, EH_CONFLICT, "--output: '%s' is a folder; choose another name", run->paths[f]);
        for (size_t i = 0; i < run->about.inputs_count; i++)
            if (stat(inputs[i].path, &input) == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino)
                return eh_fail(error, EH_CONFLICT, "--output: '%s' is an input file and would be lost; choose another name", run->paths[f]);
    }
    return EH_OK;
}

static eh_code paths_settle(scan_run *run, eh_error *error)
{
    const eh_scan_request *request = run->request;
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
    EH_TRY(eh_coded_read(run->engine, &request->spec, run->arena, &run->table, error));
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

static void text_write(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out)
{
    eh_report_scan_text(about, scan, &(eh_report_text_options){.colour = false, .columns = 80}, out);
}

/* All reports are made before any is written, so that a failure leaves what was there. */
static eh_code reports_make(scan_run *run, eh_error *error)
{
    static void (*const writers[EH_FORMATS_COUNT])(const eh_report_scan_about *, const eh_scan *, eh_buffer *) = {
        [EH_FORMAT_TEXT] = text_write,
        [EH_FORMAT_JSON] = eh_report_scan_json,
        [EH_FORMAT_HTML] = eh_report_scan_html,
        [EH_FORMAT_CSV] = eh_report_scan_csv,
    };
    unsigned formats = run->request->formats;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if (run->paths[f] == NULL)
            continue;
        writers[f](&run->about, run->scan, &run->reports[f]);
        EH_TRY(eh_buffer_check(&run->reports[f], error));
    }
    if ((formats >> EH_FORMAT_TEXT & 1) != 0) {
        eh_report_text_options options = {.colour = eh_stdout_colour(), .columns = eh_stdout_columns()};
        eh_report_scan_text(&run->about, run->scan, &options, &run->shown);
    } else if (run->request->output_prefix == NULL) {
        writers[__builtin_ctz(formats)](&run->about, run->scan, &run->shown);
    }
    return eh_buffer_check(&run->shown, error);
}

static eh_code reports_write(const scan_run *run, eh_error *error)
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

static eh_code scan_do(scan_run *run, eh_error *error)
{
    EH_TRY(paths_settle(run, error));
    EH_TRY(decisions_read(run, error));
    EH_TRY(groups_find(run, error));
    EH_TRY(reports_make(run, error));
    eh_progress_end(&run->progress);
    return reports_write(run, error);
}

static void run_dispose(scan_run *run)
{
    eh_progress_end(&run->progress);
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++)
        eh_buffer_dispose(&run->reports[f]);
    eh_buffer_dispose(&run->shown);
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
        eh_scan_help(&run.shown);
        status = eh_stdout_show("scan", &run.shown);
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
