/* `evenhand check`: reads the data and its population, checks, writes the reports. */
#include <string.h>
#include <sys/stat.h>

#include "cli/check_int.h"
#include "journey/people.h"

/* ---- reading ------------------------------------------------------------------------------------------------------------------ */

static eh_code before_read(check_run *run, eh_error *error)
{
    const char *path = run->before_path;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    if (path == NULL)
        return EH_OK;
    if (run->before == NULL && (eh_file_read(path, EH_JSON_BYTES_MAX, &text, error) != EH_OK || eh_json_parse(eh_buffer_view(&text), path, &run->before, error) != EH_OK))
        return eh_fail_within(error, "--before");
    if (eh_check_references(eh_json_root(run->before), path, run->arena, &run->references, &run->references_count, error) != EH_OK)
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
    for (size_t i = 0; i < run->request->populations_count; i++) {
        run->named[run->sources_count] = run->request->populations[i].path;
        run->sources[run->sources_count++] = run->request->populations[i];
    }
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

/* People who opted out of AI are a group of the file, where a workspace knows them. */
static eh_code opted_out_add(check_run *run, eh_error *error)
{
    const eh_opted_out_options options = {.folder = run->request->workspace, .key = run->request->key, .now = run->request->options.now};
    bool attached = false;
    if (run->proposing) /* a plan of repairs is for the columns of the file */
        return EH_OK;
    EH_TRY(eh_opted_out_attach(run->engine, &options, run->arena, &attached, error));
    if (!attached || run->spec.attributes_count == EH_ATTRIBUTES_MAX)
        return EH_OK;
    eh_cube_attribute *with = EH_TAKE(run->arena, run->spec.attributes_count + 1, eh_cube_attribute);
    if (with == NULL)
        return eh_fail_memory(error);
    if (run->spec.attributes_count > 0)
        memcpy(with, run->spec.attributes, run->spec.attributes_count * sizeof *with);
    EH_TRY(eh_opted_out_attribute(&with[run->spec.attributes_count++], run->arena, error));
    run->spec.attributes = with;
    return EH_OK;
}

static eh_code files_open(check_run *run, eh_error *error)
{
    const eh_audit_request *audit = &run->request->audit;
    run->engine_options = (eh_engine_options){.threads = audit->threads, .memory_bytes_max = audit->memory_bytes_max};
    run->key = run->request->key;
    run->as_is = run->as_is || run->request->as_is;
    run->options = run->request->options;
    run->options.chosen = EH_AI_GROUPS;
    if (run->progress.descriptor >= 0) {
        run->engine_options.progress = eh_progress_show;
        run->engine_options.progress_context = &run->progress;
    }
    if (audit->files_count == 0)
        return check_workspace_open(run, error);
    EH_TRY(eh_engine_open(&run->engine_options, &run->engine, error));
    EH_TRY(eh_engine_read(run->engine, audit->files, audit->files_count, error));
    run->spec = audit->spec;
    EH_TRY(opted_out_add(run, error));
    weight_settle(run);
    return check_repairs_of_file(run, error);
}

/* ---- reports ----------------------------------------------------------------------------------------------------------------------- */

/* A report must not take the place of what it is about. */
static eh_code outputs_check(const check_run *run, eh_error *error)
{
    for (size_t i = 0; i < run->about.inputs_count; i++)
        EH_TRY(eh_reports_guard(&run->reports, run->about.inputs[i].path, error));
    for (size_t i = 0; i < run->sources_count; i++)
        EH_TRY(eh_reports_guard(&run->reports, run->sources[i].path, error));
    return eh_reports_guard(&run->reports, NULL, error);
}

static eh_code check_make(check_run *run, eh_error *error)
{
    const char *repaired[EH_REPAIR_STEPS_MAX];
    for (size_t i = 0; i < run->repairs.view.replaced_count; i++)
        repaired[i] = run->repairs.view.replaced[i].column;
    eh_check_input input = {.profile = &run->profile, .spec = &run->held, .cube = run->held.attributes_count > 0 ? &run->cube : NULL,
                            .populations = run->populations, .populations_count = run->populations_count,
                            .before = run->before == NULL ? NULL : eh_json_root(run->before), .before_path = run->before_path,
                            .key = run->key, .twice = &run->twice, .repairs_sha256 = run->repairs.plan_sha256, .repaired = repaired, .repaired_count = run->repairs.view.replaced_count,
                            .as_of = run->as_of, .as_of_count = run->as_of_count};
    EH_TRY(eh_check_run(&input, &run->options, run->arena, &run->check, error));
    run->about = (eh_check_about){.engine_version = eh_engine_version(), .spec = &run->spec, .populations = run->sources,
                                  .populations_count = run->sources_count, .key = run->key, .arguments = run->request->arguments,
                                  .workspace = run->about_workspace, .plan_paths = run->named, .repairs = run->repairs};
    EH_TRY(eh_engine_inputs(run->engine, &run->about.inputs, &run->about.inputs_count, error));
    return outputs_check(run, error);
}

static void report_write(const void *subject, size_t format, const eh_report_text_options *options, eh_buffer *out)
{
    static void (*const writers[EH_FORMATS_COUNT])(const eh_check_about *, const eh_check *, eh_buffer *) = {
        [EH_FORMAT_JSON] = eh_check_json, [EH_FORMAT_HTML] = eh_check_html};
    const check_run *run = subject;
    if (format == EH_FORMAT_TEXT)
        eh_check_text(&run->about, run->check, options, out);
    else
        writers[format](&run->about, run->check, out);
}

/* In a workspace the last result is what this one is compared with, unless another one is named. */
static eh_code before_settle(check_run *run, eh_error *error)
{
    struct stat facts;
    if (run->before != NULL)
        return EH_OK; /* the source of a repair */
    run->before_path = run->request->audit.before_path;
    if (run->opened.workspace == NULL || run->before_path != NULL)
        return EH_OK;
    const char *last = check_workspace_report(run, ".json");
    if (last == NULL)
        return eh_fail_memory(error);
    if (stat(last, &facts) == 0)
        run->before_path = last;
    return EH_OK;
}

eh_code check_findings(check_run *run, eh_error *error)
{
    EH_TRY(files_open(run, error));
    EH_TRY(before_settle(run, error));
    EH_TRY(before_read(run, error));
    EH_TRY(rows_read(run, error));
    EH_TRY(check_twice(run, error));
    return check_make(run, error);
}

static eh_code check_do(check_run *run, eh_error *error)
{
    run->reports.formats = run->request->audit.formats;
    run->reports.prefix = run->request->audit.output_prefix;
    EH_TRY(eh_reports_open(&run->reports, run->arena, error));
    EH_TRY(check_findings(run, error));
    EH_TRY(eh_reports_make(&run->reports, &(eh_report_writer){run, report_write}, error));
    eh_progress_end(&run->progress);
    if (run->opened.workspace != NULL)
        EH_TRY(check_workspace_keep(run, error));
    return eh_reports_write(&run->reports, run->request->audit.quiet, error);
}

void check_run_dispose(check_run *run)
{
    eh_progress_end(&run->progress);
    eh_reports_dispose(&run->reports);
    eh_json_close(&run->before);
    eh_json_close(&run->manifest);
    eh_yaml_close(&run->plan_document);
    if (run->opened.people == NULL)
        eh_engine_close(&run->engine);
    eh_workspace_people_close(&run->opened);
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
    run->as_is = run->proposing = true; /* a plan is for the rows as they come */
    EH_TRY(check_findings(run, error));
    eh_check_plan(&run->about, run->check, &run->reports.shown);
    EH_TRY(eh_buffer_check(&run->reports.shown, error));
    eh_progress_end(&run->progress);
    return eh_stdout_write(eh_buffer_view(&run->reports.shown), error);
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
    check_run_dispose(&run);
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
        eh_check_help(&run.reports.shown);
        status = eh_stdout_show("check", &run.reports.shown);
    } else {
        run.progress = eh_progress_stderr(!run.request->audit.quiet);
        if (check_do(&run, &error) == EH_OK) {
            status = run.check->exit_status;
        } else {
            eh_progress_end(&run.progress);
            eh_error_show(NULL, &error);
        }
    }
    check_run_dispose(&run);
    return status;
}
