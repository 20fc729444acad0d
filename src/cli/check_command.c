/* `evenhand check`: reads the data and its population, checks, writes the reports. */
#include <string.h>
#include <sys/stat.h>

#include "cli/check_int.h"

/* ---- reading ------------------------------------------------------------------------------------------------------------------ */

static eh_code before_read(check_run *run, eh_error *error)
{
    const char *path = run->before_path;
    if (path == NULL)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    if (eh_file_read(path, EH_JSON_BYTES_MAX, &text, error) != EH_OK || eh_json_parse(eh_buffer_view(&text), path, &run->before, error) != EH_OK ||
        eh_check_references(eh_json_root(run->before), path, run->arena, &run->references, &run->references_count, error) != EH_OK)
        return eh_fail_within(error, "--before");
    return EH_OK;
}

static bool is_column(const check_run *run, const char *name)
{
    const char *const *names = NULL;
    size_t count = 0;
    eh_engine_columns(run->engine, &names, &count);
    for (size_t i = 0; i < count; i++)
        if (eh_view_equal_nocase(eh_view_of(names[i]), eh_view_of(name)))
            return true;
    return false;
}

/* A --weight that the data has not counts the population; one that both have counts both. */
static void weight_settle(check_run *run)
{
    bool bare = run->spec.weight.sql != NULL && run->spec.weight.sql[strcspn(run->spec.weight.sql, " ()+-*/<>=|'[]{}!,.")] == '\0';
    for (size_t i = 0; i < run->request->populations_count; i++)
        run->sources[run->sources_count++] = run->request->populations[i];
    if (!bare || run->request->populations_count == 0 || is_column(run, run->spec.weight.sql))
        return;
    for (size_t i = 0; i < run->request->populations_count; i++)
        if (run->sources[i].weight == NULL)
            run->sources[i].weight = run->spec.weight.sql;
    run->spec.weight = (eh_expression){NULL, NULL};
}

static eh_code populations_read(check_run *run, eh_error *error)
{
    for (size_t i = 0; i < run->sources_count; i++) {
        eh_population_table found[EH_POPULATIONS_MAX];
        size_t count = 0;
        EH_TRY(eh_population_tables_read(&run->sources[i], &run->held, &run->cube, run->arena, found, &count, error));
        if (run->populations_count + count > EH_POPULATIONS_MAX)
            return eh_fail(error, EH_LIMIT, "--population: more than %d tables", EH_POPULATIONS_MAX);
        memcpy(run->populations + run->populations_count, found, count * sizeof *found);
        run->populations_count += count;
    }
    return EH_OK;
}

static eh_code rows_read(check_run *run, eh_error *error)
{
    EH_TRY(eh_profile_hold(run->engine, run->spec.where, error));
    run->held = run->spec;
    run->held.where = NULL;
    if (run->held.decision.sql == NULL)
        run->held.decision = (eh_expression){EH_EVERY_ROW, EH_EVERY_ROW};
    if (run->held.attributes_count > 0)
        EH_TRY(eh_cube_read(run->engine, &run->held, run->arena, &run->cube, error));
    EH_TRY(populations_read(run, error));
    eh_profile_spec spec = {.cube = &run->held, .groups = run->held.attributes_count > 0 ? &run->cube : NULL, .references = run->references,
                            .references_count = run->references_count, .now = run->request->options.now, .key = run->key};
    return eh_profile_read(run->engine, &spec, run->arena, &run->profile, error);
}

static eh_code files_open(check_run *run, eh_error *error)
{
    const eh_audit_request *audit = &run->request->audit;
    run->engine_options = (eh_engine_options){.threads = audit->threads, .memory_bytes_max = audit->memory_bytes_max};
    run->key = run->request->key;
    if (run->progress.descriptor >= 0) {
        run->engine_options.progress = eh_progress_show;
        run->engine_options.progress_context = &run->progress;
    }
    if (audit->files_count == 0)
        return check_workspace_open(run, error);
    EH_TRY(eh_engine_open(&run->engine_options, &run->engine, error));
    EH_TRY(eh_engine_read(run->engine, audit->files, audit->files_count, error));
    run->spec = audit->spec;
    weight_settle(run);
    return EH_OK;
}

/* ---- reports ----------------------------------------------------------------------------------------------------------------------- */

static eh_code paths_settle(check_run *run, eh_error *error)
{
    const eh_audit_request *audit = &run->request->audit;
    if (audit->output_prefix == NULL)
        return EH_OK;
    bool only = (audit->formats & (audit->formats - 1)) == 0;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if ((audit->formats >> f & 1) == 0)
            continue;
        run->paths[f] = eh_output_path(run->arena, audit->output_prefix, f, only);
        if (run->paths[f] == NULL)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

/* A report must not take the place of what it is about. */
static eh_code outputs_check(const check_run *run, eh_error *error)
{
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        struct stat output, input;
        if (run->paths[f] == NULL || stat(run->paths[f], &output) != 0)
            continue;
        if (S_ISDIR(output.st_mode))
            return eh_fail(error, EH_CONFLICT, "--output: '%s' is a folder; choose another name", run->paths[f]);
        for (size_t i = 0; i < run->about.inputs_count + run->sources_count; i++) {
            const char *path = i < run->about.inputs_count ? run->about.inputs[i].path : run->sources[i - run->about.inputs_count].path;
            if (stat(path, &input) == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino)
                return eh_fail(error, EH_CONFLICT, "--output: '%s' is an input file and would be lost; choose another name", run->paths[f]);
        }
    }
    return EH_OK;
}

static eh_code check_make(check_run *run, eh_error *error)
{
    eh_check_input input = {.profile = &run->profile, .spec = &run->held, .cube = run->held.attributes_count > 0 ? &run->cube : NULL,
                            .populations = run->populations, .populations_count = run->populations_count,
                            .before = run->before == NULL ? NULL : eh_json_root(run->before), .before_path = run->before_path,
                            .key = run->key};
    EH_TRY(eh_check_run(&input, &run->request->options, run->arena, &run->check, error));
    run->about = (eh_check_about){.engine_version = eh_engine_version(), .spec = &run->spec, .populations = run->sources,
                                  .populations_count = run->sources_count, .key = run->key, .arguments = run->request->arguments,
                                  .workspace = run->about_workspace};
    if (run->workspace == NULL)
        EH_TRY(eh_engine_inputs(run->engine, &run->about.inputs, &run->about.inputs_count, error));
    return outputs_check(run, error);
}

static void text_write(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    eh_check_text(about, check, &(eh_report_text_options){.colour = false, .columns = 80}, out);
}

static eh_code reports_make(check_run *run, eh_error *error)
{
    static void (*const writers[EH_FORMATS_COUNT])(const eh_check_about *, const eh_check *, eh_buffer *) = {
        [EH_FORMAT_TEXT] = text_write, [EH_FORMAT_JSON] = eh_check_json, [EH_FORMAT_HTML] = eh_check_html};
    unsigned formats = run->request->audit.formats;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if (run->paths[f] == NULL)
            continue;
        writers[f](&run->about, run->check, &run->reports[f]);
        EH_TRY(eh_buffer_check(&run->reports[f], error));
    }
    if ((formats >> EH_FORMAT_TEXT & 1) != 0)
        eh_check_text(&run->about, run->check, &(eh_report_text_options){.colour = eh_stdout_colour(), .columns = eh_stdout_columns()}, &run->shown);
    else if (run->request->audit.output_prefix == NULL)
        writers[__builtin_ctz(formats)](&run->about, run->check, &run->shown);
    return eh_buffer_check(&run->shown, error);
}

static eh_code reports_write(const check_run *run, eh_error *error)
{
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if (run->paths[f] == NULL)
            continue;
        EH_TRY(eh_parent_folders_make(run->paths[f], error));
        EH_TRY(eh_file_replace(run->paths[f], eh_buffer_view(&run->reports[f]), error));
    }
    EH_TRY(eh_stdout_write(eh_buffer_view(&run->shown), error));
    for (size_t f = 0; f < EH_FORMATS_COUNT && !run->request->audit.quiet; f++)
        if (run->paths[f] != NULL)
            eh_note_show("wrote", run->paths[f]);
    return EH_OK;
}

/* In a workspace the last result is what this one is compared with, unless another one is named. */
static eh_code before_settle(check_run *run, eh_error *error)
{
    struct stat facts;
    run->before_path = run->request->audit.before_path;
    if (run->workspace == NULL || run->before_path != NULL)
        return EH_OK;
    const char *last = check_workspace_report(run, ".json");
    if (last == NULL)
        return eh_fail_memory(error);
    if (stat(last, &facts) == 0)
        run->before_path = last;
    return EH_OK;
}

static eh_code check_do(check_run *run, eh_error *error)
{
    EH_TRY(paths_settle(run, error));
    EH_TRY(files_open(run, error));
    EH_TRY(before_settle(run, error));
    EH_TRY(before_read(run, error));
    EH_TRY(rows_read(run, error));
    EH_TRY(check_make(run, error));
    EH_TRY(reports_make(run, error));
    eh_progress_end(&run->progress);
    if (run->workspace != NULL)
        EH_TRY(check_workspace_keep(run, error));
    return reports_write(run, error);
}

static void run_dispose(check_run *run)
{
    eh_progress_end(&run->progress);
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++)
        eh_buffer_dispose(&run->reports[f]);
    eh_buffer_dispose(&run->shown);
    eh_json_close(&run->before);
    if (run->people == NULL)
        eh_engine_close(&run->engine);
    eh_people_close(&run->people);
    eh_workspace_close(&run->workspace);
    eh_arena_close(&run->arena);
}

/* ---- the command ---------------------------------------------------------------------------------------------------------------------- */

void eh_check_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand check - checks data: whom it stands for, what is missing, wrong or\n"
                   "given away\n"
                   "\n"
                   "  evenhand check FILE... [--by EXPR[,EXPR...]] [--population FILE] [option]...\n"
                   "  evenhand check [--workspace DIR] [option]...\n"
                   "\n"
                   "Without FILE the workspace is checked: its features, outcome and population, with\n"
                   "the protected attributes from the vault; the result is kept in .evenhand/reports.\n"
                   "\n"
                   "FILE is CSV, Parquet or JSON lines (CSV and JSON also .gz), a glob in quotes, or\n"
                   "- for standard input. EXPR is a column or an SQL expression over the columns.\n");
    eh_check_options_help(out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 nothing of the weight of --fail-on, 1 found, 3 too little data to\n"
                   "tell whether every group is there as it should be, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand check customers.csv --by gender,age --bands age=18,25,35,50,65 \\\n"
                   "      --population census.csv --label bought --output reports/check\n"
                   "  evenhand check survey.csv --by race --population race.csv --weight people\n"
                   "  evenhand check 'may-*.csv' --before reports/april.json\n");
}

/* The check without its reports: a plan of repairs. */
static eh_code propose_do(check_run *run, eh_error *error)
{
    if (run->request->audit.files_count == 0)
        return eh_fail(error, EH_INPUT, "missing: FILE (the data), for example: evenhand repair --propose customers.csv --by gender > repairs.yaml");
    EH_TRY(files_open(run, error));
    EH_TRY(rows_read(run, error));
    EH_TRY(check_make(run, error));
    eh_check_plan(&run->about, run->check, &run->shown);
    EH_TRY(eh_buffer_check(&run->shown, error));
    eh_progress_end(&run->progress);
    return eh_stdout_write(eh_buffer_view(&run->shown), error);
}

int eh_check_propose(int argc, char **argv)
{
    eh_error error = {0};
    check_run run = {.progress.descriptor = -1};
    int status = EH_STATUS_ERROR;
    run.arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    bool parsed = run.arena != NULL && eh_check_request_parse(argc, argv, run.arena, &run.request, &error) == EH_OK;
    if (run.arena == NULL)
        (void)eh_fail_memory(&error);
    if (parsed)
        run.progress = eh_progress_stderr(!run.request->audit.quiet);
    if (parsed && propose_do(&run, &error) == EH_OK) {
        status = 0;
    } else {
        eh_progress_end(&run.progress);
        eh_error_show(parsed ? NULL : "repair", &error);
    }
    run_dispose(&run);
    return status;
}

int eh_check_command(int argc, char **argv)
{
    eh_error error = {0};
    check_run run = {.progress.descriptor = -1};
    int status = EH_STATUS_ERROR;
    run.arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (run.arena == NULL) {
        (void)eh_fail_memory(&error);
        eh_error_show(NULL, &error);
    } else if (eh_check_request_parse(argc, argv, run.arena, &run.request, &error) != EH_OK) {
        eh_error_show("check", &error);
    } else if (run.request->audit.help) {
        eh_check_help(&run.shown);
        status = eh_stdout_show("check", &run.shown);
    } else {
        run.progress = eh_progress_stderr(!run.request->audit.quiet);
        if (check_do(&run, &error) == EH_OK) {
            status = run.check->exit_status;
        } else {
            eh_progress_end(&run.progress);
            eh_error_show(NULL, &error);
        }
    }
    run_dispose(&run);
    return status;
}
