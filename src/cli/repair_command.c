/* `evenhand repair`: proposes a plan, tries it, applies it, runs it again on other rows or on one record. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/repair_int.h"

/* ---- options -------------------------------------------------------------------------------------------------------------------- */

static eh_code read_switch(const eh_option_use *use, eh_error *error)
{
    repair_request *request = use->target;
    const struct {
        const char *name;
        bool *place;
    } switches[] = {{"--dry-run", &request->dry_run}, {"--fit", &request->fit}, {"--record", &request->record}, {"--quiet", &request->quiet}, {"--json", &request->json}};
    (void)error;
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (strcmp(use->option, switches[i].name) == 0)
            *switches[i].place = true;
    return EH_OK;
}

static eh_code read_path(const eh_option_use *use, eh_error *error)
{
    repair_request *request = use->target;
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of a file is empty", use->option);
    const struct {
        const char *name, **place;
    } places[] = {{"--output", &request->output}, {"--fitted", &request->fitted_path}, {"--workspace", &request->workspace}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(use->option, places[i].name) == 0)
            *places[i].place = use->value;
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    repair_request *request = use->target;
    if (eh_instant_parse_date(eh_view_of(use->value), &request->now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    return EH_OK;
}

static eh_code read_propose(const eh_option_use *use, eh_error *error)
{
    (void)use;
    return eh_fail(error, EH_INTERNAL, "--propose is taken before the other options are read");
}

static const eh_option table[] = {
    {"--propose", NULL, "The plan", "writes a plan for what evenhand check finds, with that command's files and options, to standard output; without FILE, for the workspace", false, read_propose},
    {"--dry-run", NULL, "The plan", "says what each step would do and cost; writes nothing", false, read_switch},
    {"--fit", NULL, "The plan", "fits again, though parameters of an earlier run are there", false, read_switch},
    {"--fitted", "FILE", "The plan", "the parameters of an earlier run; default: PLAN with .fitted for .yaml", false, read_path},
    {"--output", "FILE", "What comes out",
     "the repaired rows: .csv, .parquet or .jsonl; FILE.manifest.json tells what was done; default in a workspace: repaired/people.csv", false, read_path},
    {"--record", NULL, "What comes out", "repairs one record: JSON on standard input, JSON on standard output", false, read_switch},
    {"--json", NULL, "What comes out", "tells what was done as JSON", false, read_switch},
    {"--quiet", NULL, "What comes out", "tells nothing but errors", false, read_switch},
    {"--workspace", "DIR", "How it runs", "the folder with evenhand.yaml; default: here or the nearest above", false, read_path},
    {"--now", "DATE", "How it runs", "the moment to take for now; default: the clock", false, read_now},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

static bool is_yaml(const char *path)
{
    size_t len = strlen(path);
    return (len > 5 && strcmp(path + len - 5, ".yaml") == 0) || (len > 4 && strcmp(path + len - 4, ".yml") == 0);
}

static eh_code request_settle(repair_run *run, eh_error *error)
{
    repair_request *request = &run->request;
    bool workspace = request->files_count == 0 && !request->record;
    if (request->plan_path != NULL && !is_yaml(request->plan_path))
        return eh_fail(error, EH_INPUT, "'%.200s' is no plan: PLAN.yaml comes first, then the data, for example:\n"
                       "  evenhand repair --propose customers.csv --by gender > repairs.yaml\n  evenhand repair repairs.yaml customers.csv --dry-run", request->plan_path);
    if (request->record && (request->files_count > 0 || request->output != NULL || request->dry_run || request->fit))
        return eh_fail(error, EH_CONFLICT, "--record reads standard input and writes standard output; leave FILE, --output, --dry-run and --fit out");
    if (request->record && request->plan_path == NULL)
        return eh_fail(error, EH_INPUT, "missing: PLAN.yaml, for example: echo '{\"age\": 31}' | evenhand repair repairs.yaml --record");
    if (request->workspace != NULL && !workspace)
        return eh_fail(error, EH_CONFLICT, "--workspace repairs the people of a workspace; leave FILE and --record out");
    if (workspace && repair_workspace_settle(run, error) != EH_OK)
        return request->workspace != NULL || request->plan_path == NULL ? error->code
               : eh_fail(error, EH_INPUT, "missing: FILE (the data), for example: evenhand repair %s customers.csv --dry-run; without it a workspace is needed, and there is none here",
                         request->plan_path);
    if (!workspace && !request->record && !request->dry_run && request->output == NULL)
        return eh_fail(error, EH_INPUT, "missing: --output FILE for the repaired rows, or --dry-run to see what would be done");
    if (request->fitted_path == NULL)
        request->fitted_path = eh_repair_fitted_path(request->plan_path, run->arena);
    return request->fitted_path == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code request_parse(repair_run *run, int argc, char **argv, eh_error *error)
{
    eh_arguments arguments = {0};
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, argc, argv, run->arena, &arguments, error));
    run->request.help = arguments.help;
    if (arguments.help)
        return EH_OK;
    EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = run->arena, .target = &run->request}, error));
    if (run->request.now.seconds == 0)
        run->request.now = eh_instant_now();
    if (arguments.files_count > 0) {
        run->request.plan_path = arguments.files[0];
        run->request.files = arguments.files + 1;
        run->request.files_count = arguments.files_count - 1;
    }
    return request_settle(run, error);
}

/* ---- plan and parameters ---------------------------------------------------------------------------------------------------------- */

static eh_code plan_read(repair_run *run, eh_error *error)
{
    uint64_t bytes = 0;
    EH_TRY(eh_yaml_read_file(run->request.plan_path, &run->document, error));
    EH_TRY(eh_repair_plan_read(eh_yaml_root(run->document), run->request.plan_path, run->arena, &run->plan, error));
    return eh_file_sha256(run->request.plan_path, NULL, run->plan.sha256, &bytes, error);
}

static eh_code fitted_read(repair_run *run, eh_error *error)
{
    const char *path = run->request.fitted_path;
    struct stat facts;
    if (run->request.fit || stat(path, &facts) != 0) {
        if (run->request.record)
            return eh_fail(error, EH_NOT_FOUND, "%s is not there: fit the plan on data first (evenhand repair %s DATA --output FILE)", path, run->request.plan_path);
        return EH_OK;
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    EH_TRY(eh_file_read(path, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), path, &run->fitted, error));
    const char *sha = eh_json_as_text(eh_json_member(eh_json_root(run->fitted), "plan_sha256"));
    if (sha == NULL || strcmp(sha, run->plan.sha256) != 0)
        return eh_fail(error, EH_CONFLICT, "%s was fitted for another %s: the plan has changed since. Fit again with --fit", path, run->request.plan_path);
    return EH_OK;
}

/* ---- what was done ------------------------------------------------------------------------------------------------------------------- */

static void number(eh_buffer *out, double value)
{
    value = fabs(value) < 1e-9 ? 0 : value; /* what is left by rounding */
    eh_buffer_format(out, fabs(value) >= 1000 ? "%.0f" : "%.4g", value);
}

static void step_tell(const eh_repair_done *done, size_t index, eh_buffer *out)
{
    eh_buffer_format(out, "%zu  %s", index + 1, eh_step_name(done->step->kind));
    if (done->step->column != NULL)
        eh_buffer_format(out, " %s", done->step->column);
    for (size_t i = 0; i < done->step->by_count; i++)
        eh_buffer_format(out, "%s%s", i == 0 ? " by " : ", ", done->step->by[i]);
    eh_buffer_format(out, "\n   why: %s\n", done->step->why);
    if (done->into != NULL)
        eh_buffer_format(out, "   writes: %s%s%s (%llu row%s)\n", done->into, done->flag == NULL ? "" : ", ", done->flag == NULL ? "" : done->flag,
                         (unsigned long long)done->rows_changed, done->rows_changed == 1 ? "" : "s");
    else
        eh_buffer_format(out, "   leaves out: %s\n", done->step->column);
    if (done->measure != NULL && !isnan(done->before)) {
        eh_buffer_format(out, "   %s: ", done->measure);
        number(out, done->before);
        if (!isnan(done->after)) {
            eh_buffer_text(out, " -> ");
            number(out, done->after);
        }
        eh_buffer_byte(out, '\n');
    }
    if (fabs(done->effective_after - done->effective_before) < 0.5)
        eh_buffer_format(out, "   costs: none; %.0f rows stay worth %.0f\n", done->people, done->effective_after);
    else
        eh_buffer_format(out, "   costs: %.0f rows are worth %.0f, before %.0f (design effect %.2f)\n", done->people, done->effective_after, done->effective_before,
                         done->people / done->effective_after);
}

static void text_tell(const repair_run *run, eh_buffer *out)
{
    const repair_request *request = &run->request;
    eh_buffer_format(out, "%s: %zu step%s%s%s\n\n", request->plan_path, run->result.steps_count, run->result.steps_count == 1 ? "" : "s",
                     run->fitted != NULL ? ", with the parameters of an earlier run" : request->dry_run ? "" : ", fitted on these rows",
                     request->dry_run ? "; nothing is written (dry run)" : "");
    for (size_t i = 0; i < run->result.steps_count; i++)
        step_tell(&run->result.steps[i], i, out);
    if (request->dry_run)
        eh_buffer_text(out, "\nTo apply it: the same without --dry-run.\n");
    else if (run->opened.workspace != NULL)
        eh_buffer_format(out, "\nThe repaired people are in %s; evenhand check shows them now, before and after.\n", request->output);
    else
        eh_buffer_format(out, "\nTo see before and after: evenhand check %s, with the options of the check before\n", request->output);
}

static void step_json(eh_json_writer *w, const eh_repair_done *done)
{
    eh_json_object_open(w, NULL);
    eh_json_text(w, "do", eh_step_name(done->step->kind));
    eh_json_text(w, "why", done->step->why);
    eh_json_text(w, "column", done->step->column);
    eh_json_text(w, "writes", done->into);
    eh_json_text(w, "flag", done->flag);
    eh_json_integer(w, "rows_changed", (int64_t)done->rows_changed);
    eh_json_text(w, "measure", done->measure);
    eh_json_number(w, "before", done->before);
    eh_json_number(w, "after", done->after);
    eh_json_number(w, "rows", done->people);
    eh_json_number(w, "effective_before", done->effective_before);
    eh_json_number(w, "effective_after", done->effective_after);
    eh_json_object_close(w);
}

eh_code repair_manifest_make(repair_run *run, const char *plan, eh_buffer *out, eh_error *error)
{
    eh_json_writer w;
    const eh_input *inputs = NULL;
    size_t count = 0;
    EH_TRY(eh_engine_inputs(run->engine, &inputs, &count, error));
    eh_json_begin(&w, out, true, false);
    eh_json_object_open(&w, NULL);
    eh_json_text(&w, "kind", "repair");
    eh_json_text(&w, "version", EVENHAND_VERSION);
    eh_json_text(&w, "plan", plan);
    eh_json_text(&w, "plan_sha256", run->plan.sha256);
    eh_json_text(&w, "fitted", run->request.fitted_path);
    eh_json_boolean(&w, "fitted_before", run->fitted != NULL);
    eh_json_text(&w, "output", run->request.output);
    eh_json_array_open(&w, "inputs");
    for (size_t i = 0; i < count; i++) {
        eh_json_object_open_flat(&w, NULL);
        eh_json_text(&w, "path", inputs[i].path);
        eh_json_text(&w, "sha256", inputs[i].sha256);
        eh_json_integer(&w, "bytes", (int64_t)inputs[i].bytes);
        eh_json_object_close(&w);
    }
    eh_json_array_close(&w);
    eh_json_array_open(&w, "steps");
    for (size_t i = 0; i < run->result.steps_count; i++)
        step_json(&w, &run->result.steps[i]);
    eh_json_array_close(&w);
    eh_json_object_close(&w);
    eh_buffer_byte(out, '\n');
    return eh_buffer_check(out, error);
}

/* ---- doing it -------------------------------------------------------------------------------------------------------------------------- */

/* What is written must not take the place of what is read. */
static eh_code output_check(const repair_run *run, eh_error *error)
{
    const eh_input *inputs = NULL;
    size_t count = 0;
    struct stat output, input;
    if (run->request.output == NULL || stat(run->request.output, &output) != 0)
        return EH_OK;
    if (S_ISDIR(output.st_mode))
        return eh_fail(error, EH_CONFLICT, "--output: '%s' is a folder; add the name of a file", run->request.output);
    EH_TRY(eh_engine_inputs(run->engine, &inputs, &count, error));
    for (size_t i = 0; i < count; i++)
        if (stat(inputs[i].path, &input) == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino)
            return eh_fail(error, EH_CONFLICT, "--output: '%s' is the source; a repair writes beside it, never over it", run->request.output);
    if (stat(run->request.plan_path, &input) == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino)
        return eh_fail(error, EH_CONFLICT, "--output: '%s' is the plan and would be lost; choose another name", run->request.output);
    return EH_OK;
}

static eh_code rows_open(repair_run *run, eh_error *error)
{
    static const char *const standard_input[] = {"-"};
    if (run->request.output != NULL)
        EH_TRY(eh_parent_folders_make(run->request.output, error));
    if (run->opened.workspace != NULL) {
        EH_TRY(repair_workspace_open(run, error));
        EH_TRY(output_check(run, error));
        return eh_transform_begin(run->engine, error);
    }
    EH_TRY(eh_repair_plan_place(&run->plan, &(eh_repair_place){0}, run->arena, error));
    /* One thread: rows keep their order, and sums theirs. */
    EH_TRY(eh_engine_open(&(eh_engine_options){.threads = 1}, &run->engine, error));
    if (run->request.output != NULL)
        EH_TRY(eh_transform_output(run->engine, run->request.output, error));
    if (run->request.record)
        EH_TRY(eh_engine_read(run->engine, standard_input, 1, error));
    else
        EH_TRY(eh_engine_read(run->engine, run->request.files, run->request.files_count, error));
    EH_TRY(output_check(run, error));
    return eh_transform_begin(run->engine, error);
}

static eh_code files_write(repair_run *run, eh_error *error)
{
    char *manifest = eh_arena_format(run->arena, "%s.manifest.json", run->request.output);
    if (manifest == NULL)
        return eh_fail_memory(error);
    EH_TRY(repair_manifest_make(run, run->request.plan_path, &run->manifest, error));
    EH_TRY(eh_transform_write(run->engine, run->request.output, error));
    EH_TRY(eh_file_replace(manifest, eh_buffer_view(&run->manifest), error));
    if (run->fitted == NULL)
        EH_TRY(eh_file_replace(run->request.fitted_path, eh_buffer_view(&run->fitted_text), error));
    return run->opened.workspace != NULL ? repair_workspace_keep(run, error) : EH_OK;
}

static eh_code repair_do(repair_run *run, eh_error *error)
{
    EH_TRY(plan_read(run, error));
    run->plan.absent_is_missing = run->request.record;
    EH_TRY(fitted_read(run, error));
    EH_TRY(rows_open(run, error));
    EH_TRY(eh_repair_apply(run->engine, &run->plan, run->fitted == NULL ? NULL : eh_json_root(run->fitted), run->arena, &run->fitted_text, &run->result, error));
    if (run->opened.workspace != NULL)
        EH_TRY(repair_workspace_hide(run, error));
    if (run->request.record) {
        EH_TRY(eh_transform_json(run->engine, &run->shown, error));
        return eh_stdout_write(eh_buffer_view(&run->shown), error);
    }
    if (!run->request.dry_run)
        EH_TRY(files_write(run, error));
    if (run->request.json)
        EH_TRY(repair_manifest_make(run, run->request.plan_path, &run->shown, error));
    else
        text_tell(run, &run->shown);
    EH_TRY(eh_buffer_check(&run->shown, error));
    return run->request.quiet ? EH_OK : eh_stdout_write(eh_buffer_view(&run->shown), error);
}

static void run_dispose(repair_run *run)
{
    eh_buffer_dispose(&run->fitted_text);
    eh_buffer_dispose(&run->shown);
    eh_buffer_dispose(&run->manifest);
    eh_json_close(&run->fitted);
    if (run->opened.people == NULL)
        eh_engine_close(&run->engine);
    eh_workspace_people_close(&run->opened);
    eh_yaml_close(&run->document);
    eh_arena_close(&run->arena);
}

/* ---- the command --------------------------------------------------------------------------------------------------------------------------- */

void eh_repair_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand repair - repairs data by a plan, beside the source\n"
                   "\n"
                   "  evenhand repair --propose FILE... [options of evenhand check]\n"
                   "  evenhand repair PLAN.yaml FILE... [--dry-run] [--output FILE]\n"
                   "  evenhand repair PLAN.yaml --record\n"
                   "  evenhand repair [PLAN.yaml] [--workspace DIR] [--dry-run] [--output FILE]\n"
                   "\n"
                   "Without FILE the people of the workspace are repaired; the plan is repairs.yaml\n"
                   "there, unless another is named. Protected attributes serve to fit and are not\n"
                   "written.\n"
                   "\n"
                   "The plan is fitted once; the same parameters then serve for other rows and for one\n"
                   "record. New columns, weights and flags stand beside the old ones.\n");
    eh_options_help(table, TABLE_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 done, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand repair --propose > repairs.yaml && evenhand repair --dry-run\n"
                   "  evenhand repair --propose may.csv --by gender --population census.csv > repairs.yaml\n"
                   "  evenhand repair repairs.yaml may.csv --dry-run\n"
                   "  evenhand repair repairs.yaml may.csv --output may-repaired.parquet\n"
                   "  evenhand repair repairs.yaml june.csv --output june-repaired.parquet\n"
                   "  echo '{\"gender\": \"f\", \"income\": null}' | evenhand repair repairs.yaml --record\n");
}

/* --propose is the check's business: the rest of the line is. */
static bool propose_take(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--propose") != 0)
            continue;
        memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof *argv);
        (*argc)--;
        return true;
    }
    return false;
}

int eh_repair_command(int argc, char **argv)
{
    eh_error error = {0};
    repair_run run = {0};
    int status = EH_STATUS_ERROR;
    if (propose_take(&argc, argv))
        return eh_check_propose(argc, argv);
    run.arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (run.arena == NULL) {
        (void)eh_fail_memory(&error);
        eh_error_show(NULL, &error);
    } else if (request_parse(&run, argc, argv, &error) != EH_OK) {
        eh_error_show("repair", &error);
    } else if (run.request.help) {
        eh_repair_help(&run.shown);
        status = eh_stdout_show("repair", &run.shown);
    } else if (repair_do(&run, &error) == EH_OK) {
        status = 0;
    } else {
        eh_error_show(NULL, &error);
    }
    run_dispose(&run);
    return status;
}
