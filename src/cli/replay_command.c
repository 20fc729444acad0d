/* `evenhand replay`: all decisions of the ledger computed again. */
#include <string.h>

#include "cli/cli_int.h"
#include "journey/journey.h"

enum { TOGETHER = 64 };

typedef struct {
    const char *workspace, *since;
    eh_instant from;
} replay_request;

static eh_code replay_text(const eh_option_use *use, eh_error *error)
{
    replay_request *request = use->target;
    if (strcmp(use->option, "--workspace") == 0) {
        request->workspace = use->value;
        return EH_OK;
    }
    if (eh_instant_parse_date(eh_view_of(use->value), &request->from, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    request->since = use->value;
    return EH_OK;
}

static const eh_option replay_options[] = {
    {"--since", "TIME", "Which", "decisions at or after this moment; default: all", false, replay_text},
    {"--workspace", "FOLDER", "Where", "the folder with evenhand.yaml; default: this one or the nearest above", false, replay_text},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { REPLAY_OPTIONS_COUNT = sizeof replay_options / sizeof replay_options[0] };

void eh_replay_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand replay - computes the decisions of the ledger again, bit for bit\n"
                   "\n"
                   "  evenhand replay [--since TIME] [options]\n"
                   "\n"
                   "From each trace, under campaign, policy and models as they were: lots, rules, scores,\n"
                   "contributions, the choice, the variant, the propensity. A trace that gives anything else\n"
                   "is named. Erased decisions are counted.\n");
    eh_options_help(replay_options, REPLAY_OPTIONS_COUNT, out);
    eh_buffer_text(out, "\nExit status: 0 all equal, 1 something differs, 2 error.\n");
}

typedef struct {
    uint64_t equal, finish, erased, differs;
    eh_buffer findings;
} replay_counts;

static eh_code replay_one(eh_replayer *replayer, const replay_request *request, const eh_ledger_record *record, eh_arena *arena, replay_counts *counts, eh_error *error)
{
    eh_replayed replayed = {0};
    if (!eh_view_equal(record->kind, EH_VIEW("decision")))
        return EH_OK;
    if (record->state != EH_RECORD_OPENED) {
        counts->erased++;
        return EH_OK;
    }
    EH_TRY(eh_replayer_check(replayer, record, arena, &replayed, error));
    if (request->since != NULL && replayed.at_s < request->from.seconds)
        return EH_OK;
    if (replayed.differs == NULL) {
        counts->equal++;
        counts->finish += replayed.finish;
        return EH_OK;
    }
    counts->differs++;
    if (counts->differs <= 20)
        eh_buffer_format(&counts->findings, "  decision %s: %s differs\n", record->id, replayed.differs);
    return EH_OK;
}

static eh_code replay_do(const replay_request *request, replay_counts *counts, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_CLEANUP(eh_replayer_close) eh_replayer *replayer = NULL;
    eh_ledger_stats stats = {0};
    EH_TRY(eh_workspace_open(request->workspace, &workspace, error));
    const eh_workspace_model *model = eh_workspace_get(workspace);
    EH_TRY(eh_ledger_stats_read(model->folder, &stats, error));
    EH_TRY(eh_ledger_open(model->folder, &(eh_ledger_options){.reads_only = true}, &ledger, error));
    EH_TRY(eh_replayer_open(model, &replayer, error));
    for (uint64_t from = 0; from < stats.published_size; from += TOGETHER) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        uint64_t to = stats.published_size - from < TOGETHER ? stats.published_size : from + TOGETHER;
        if (arena == NULL)
            return eh_fail_memory(error);
        for (uint64_t i = from; i < to; i++) {
            eh_ledger_record record = {0};
            char which[24];
            snprintf(which, sizeof which, "%llu", (unsigned long long)i);
            EH_TRY(eh_ledger_read(ledger, eh_view_of(which), arena, &record, error));
            EH_TRY(replay_one(replayer, request, &record, arena, counts, error));
        }
    }
    return EH_OK;
}

int eh_replay_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    replay_request request = {0};
    replay_counts counts = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    int status = EH_STATUS_ERROR;
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(replay_options, REPLAY_OPTIONS_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        eh_replay_help(&out);
        return eh_stdout_show("replay", &out);
    }
    if (code == EH_OK)
        code = eh_arguments_read(replay_options, REPLAY_OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK && arguments.files_count > 0)
        code = eh_fail(&error, EH_INPUT, "takes no file, but '%.100s' was given", arguments.files[0]);
    if (code == EH_OK)
        code = replay_do(&request, &counts, &error);
    if (code != EH_OK) {
        status = eh_error_show("replay", &error);
    } else {
        eh_buffer_format(&out, "%llu decisions computed again, %llu equal, %llu differ, %llu erased or sealed\n",
                         (unsigned long long)(counts.equal + counts.differs), (unsigned long long)counts.equal, (unsigned long long)counts.differs,
                         (unsigned long long)counts.erased);
        if (counts.finish > 0)
            eh_buffer_format(&out, "%llu of them were settled by the exact finish of their plan, which commits to each of them\n", (unsigned long long)counts.finish);
        eh_buffer_append(&out, eh_buffer_view(&counts.findings));
        status = eh_stdout_show("replay", &out);
        if (status == 0 && counts.differs > 0)
            status = 1;
    }
    eh_buffer_dispose(&counts.findings);
    return status;
}
