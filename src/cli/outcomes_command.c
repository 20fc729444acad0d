/* `evenhand outcomes`: what came back from a campaign. */
#include <string.h>

#include "base/json.h"
#include "cli/cli_int.h"
#include "journey/outcomes.h"

typedef struct {
    eh_outcomes_request outcomes;
    const char *workspace, *problems;
    bool json;
} outcomes_request;

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    outcomes_request *request = use->target;
    const struct {
        const char *option;
        const char **place;
    } places[] = {{"--workspace", &request->workspace}, {"--plan", &request->outcomes.plan}, {"--campaign", &request->outcomes.campaign},
                  {"--person", &request->outcomes.person_column}, {"--problems", &request->problems}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].option, use->option) == 0) {
            *places[i].place = use->value;
            return EH_OK;
        }
    return eh_fail(error, EH_INTERNAL, "%s has no place", use->option);
}

static eh_code read_switch(const eh_option_use *use, eh_error *error)
{
    outcomes_request *request = use->target;
    const struct {
        const char *option;
        bool *place;
    } places[] = {{"--others-none", &request->outcomes.others_none}, {"--named-only", &request->outcomes.named_only}, {"--known-only", &request->outcomes.known_only},
                  {"--sum", &request->outcomes.sum}, {"--replace", &request->outcomes.replace}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].option, use->option) == 0) {
            *places[i].place = true;
            return EH_OK;
        }
    return eh_fail(error, EH_INTERNAL, "%s has no place", use->option);
}

static eh_code read_outcomes(const eh_option_use *use, eh_error *error)
{
    outcomes_request *request = use->target;
    size_t count = 1;
    for (const char *at = use->value; *at != '\0'; at++)
        count += *at == ',';
    const char **names = EH_TAKE(use->arena, count, const char *);
    if (names == NULL)
        return eh_fail_memory(error);
    const char *at = use->value;
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(at, ",");
        if ((names[i] = eh_arena_copy(use->arena, eh_view_trim((eh_view){at, len}))) == NULL)
            return eh_fail_memory(error);
        at += len + (at[len] == ',');
    }
    request->outcomes.outcomes = names;
    request->outcomes.outcomes_count = count;
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error)
{
    bool json = strcmp(use->value, "json") == 0;
    if (!json && strcmp(use->value, "text") != 0)
        return eh_fail(error, EH_INPUT, "%s: '%.40s' is no format; there are text and json", use->option, use->value);
    ((outcomes_request *)use->target)->json = json;
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), &((outcomes_request *)use->target)->outcomes.now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    return EH_OK;
}

static const eh_option options[] = {
    {"--plan", "PLAN", "Whose they are", "the people of this plan; a file with decisions needs no plan", false, read_text},
    {"--campaign", "NAME", "Whose they are", "the people of the newest plan of this campaign that went out", false, read_text},
    {"--person", "COLUMN", "Whose they are", "the column with the person's key; default: the key of evenhand.yaml, or person, customer_id, id and the like", false, read_text},
    {"--known-only", NULL, "Whose they are", "leave out rows about nobody of the plan", false, read_switch},
    {"--outcome", "NAME[,NAME]", "What came back", "columns that are outcomes, or one name for the column 'value'; default: the outcomes that evenhand.yaml names, opt_out and complaint", false, read_outcomes},
    {"--others-none", NULL, "What came back", "who is not in the file had none of it", false, read_switch},
    {"--named-only", NULL, "What came back", "of who is not in the file it is not known", false, read_switch},
    {"--sum", NULL, "What came back", "add up the rows of one person, such as orders", false, read_switch},
    {"--replace", NULL, "What came back", "put right what is kept with another value", false, read_switch},
    {"--workspace", "FOLDER", "Where and when", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_text},
    {"--now", "TIME", "Where and when", "the moment to take for now; default: the clock", false, read_now},
    {"--problems", "FILE", "What comes out", "all rows that are not fine, as CSV", false, read_text},
    {"--format", "FORMAT", "What comes out", "text or json; default: text", false, read_format},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

void eh_outcomes_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand outcomes - takes in what came back from a campaign\n"
                   "\n"
                   "  evenhand outcomes FILE [options]\n"
                   "\n"
                   "FILE is CSV, Parquet or JSON. A column 'decision' (as in the send list) or 'person'\n"
                   "says whose outcome it is. Either each outcome is a column of its own (visited, spend),\n"
                   "or a row is one outcome: columns outcome, value and, if known, time.\n"
                   "\n"
                   "Every row is looked at before one is kept: unknown decisions, an outcome twice or\n"
                   "before its decision, a value that is none. Then all are kept or none. The same file\n"
                   "again changes nothing. An entry in the ledger commits to the file.\n"
                   "\n"
                   "A file that names buyers only says nothing of the others, unless you say so.\n");
    eh_options_help(options, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 taken in, 2 error, and then nothing was.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand outcomes visits.csv --campaign spring-boots\n"
                   "  evenhand outcomes orders.csv --plan spring-boots-20261125-0a1b2c3d --outcome spend \\\n"
                   "      --known-only --sum --others-none\n");
}

/* ---- what is said --------------------------------------------------------------------------------------------------------------------------- */

static void result_json(const eh_outcomes_result *result, eh_buffer *out)
{
    eh_json_writer json;
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_integer(&json, "rows", (int64_t)result->rows);
    eh_json_integer(&json, "left_out", (int64_t)result->left_out);
    eh_json_integer(&json, "late", (int64_t)result->late);
    eh_json_text(&json, "file_sha256", result->sha256);
    eh_json_array_open(&json, "outcomes");
    for (size_t i = 0; i < result->batches_count; i++) {
        const eh_outcome_batch *batch = &result->batches[i];
        eh_json_object_open(&json, NULL);
        eh_json_text(&json, "plan", batch->plan);
        eh_json_text(&json, "outcome", batch->outcome);
        eh_json_integer(&json, "people", (int64_t)batch->rows);
        eh_json_integer(&json, "new", (int64_t)batch->new_rows);
        eh_json_integer(&json, "changed", (int64_t)batch->changed_rows);
        eh_json_integer(&json, "known", (int64_t)(batch->rows - batch->new_rows - batch->changed_rows));
        eh_json_object_close(&json);
    }
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
}

static void result_text(const eh_outcomes_result *result, eh_buffer *out)
{
    for (size_t i = 0; i < result->batches_count; i++) {
        const eh_outcome_batch *batch = &result->batches[i];
        eh_buffer_format(out, "%s of %s: %llu people, %llu new, %llu changed, %llu known already\n", batch->outcome, batch->plan, (unsigned long long)batch->rows,
                         (unsigned long long)batch->new_rows, (unsigned long long)batch->changed_rows,
                         (unsigned long long)(batch->rows - batch->new_rows - batch->changed_rows));
    }
    if (result->batches_count == 0)
        eh_buffer_text(out, "there was no outcome in it\n");
    if (result->left_out > 0)
        eh_buffer_format(out, "%llu rows were about nobody of the plan and left out\n", (unsigned long long)result->left_out);
    if (result->late > 0)
        eh_buffer_format(out, "%llu outcomes came after their time was over and do not count\n", (unsigned long long)result->late);
    if (result->batches_count > 0)
        eh_buffer_format(out, "see what it brought: evenhand campaign report %s\n", result->batches[0].plan);
}

static eh_code problems_write(const outcomes_request *request, const eh_outcomes_result *result, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    if (request->problems == NULL)
        return EH_OK;
    eh_buffer_text(&out, "row,problem\n");
    for (size_t i = 0; i < result->problems_count; i++) {
        eh_buffer_format(&out, "%llu,\"", (unsigned long long)result->problems[i].row);
        for (const char *at = result->problems[i].what; *at != '\0'; at++)
            eh_buffer_text(&out, *at == '"' ? "\"\"" : (char[2]){*at, '\0'});
        eh_buffer_text(&out, "\"\n");
    }
    EH_TRY(eh_buffer_check(&out, error));
    EH_TRY(eh_parent_folders_make(request->problems, error));
    return eh_file_replace(request->problems, eh_buffer_view(&out), error);
}

static eh_code outcomes_do(outcomes_request *request, eh_arena *arena, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_outcomes_result result = {0};
    eh_error other = {0};
    EH_TRY(eh_workspace_open(request->workspace, &workspace, error));
    request->outcomes.model = eh_workspace_get(workspace);
    eh_code code = eh_outcomes_import(&request->outcomes, arena, &result, error);
    if (problems_write(request, &result, &other) != EH_OK && code == EH_OK)
        return eh_fail(error, other.code, "%s", other.text);
    if (code != EH_OK)
        return code;
    if (request->json)
        result_json(&result, &out);
    else
        result_text(&result, &out);
    EH_TRY(eh_buffer_check(&out, error));
    return eh_stdout_write(eh_buffer_view(&out), error);
}

int eh_outcomes_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    outcomes_request request = {.outcomes = {.now = eh_instant_now()}};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_outcomes_help(&text);
        return eh_stdout_show("outcomes", &text);
    }
    if (code == EH_OK)
        code = eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK && arguments.files_count != 1)
        code = eh_fail(&error, EH_INPUT, "name one file, as in: evenhand outcomes visits.csv --campaign spring-boots");
    if (code == EH_OK && request.outcomes.others_none && request.outcomes.named_only)
        code = eh_fail(&error, EH_CONFLICT, "--others-none and --named-only contradict each other");
    if (code == EH_OK && request.outcomes.plan != NULL && request.outcomes.campaign != NULL)
        code = eh_fail(&error, EH_CONFLICT, "--plan and --campaign: one of them is enough");
    if (code == EH_OK) {
        request.outcomes.file = arguments.files[0];
        code = outcomes_do(&request, arena, &error);
    }
    return code == EH_OK ? 0 : eh_error_show("outcomes", &error);
}
