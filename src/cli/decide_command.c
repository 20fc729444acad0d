/* `evenhand decide`: requests on standard input, a decision for each on standard output. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/decide_int.h"
#include "journey/journey.h"

enum { BATCH = 256, CHUNK = 65536 };

typedef struct {
    const char *workspace, *language, *approved_by;
    eh_instant now;
    bool clocked;
} decide_options;

typedef struct {
    const decide_options *options;
    eh_arena *arena;
    eh_workspace *workspace;
    eh_rights *rights;
    eh_ledger *ledger;
    eh_words words[EH_LANGUAGES_COUNT];
    bool worded[EH_LANGUAGES_COUNT];
    eh_desk *desks[EH_DESKS_MAX];
    size_t desks_count;
    uint64_t refused;
} decide_run;

/* One request on its way: a decision that waits for the ledger, or an error. */
typedef struct {
    eh_arena *arena;
    eh_desk *desk;
    const eh_words *words;
    eh_trace trace;
    eh_error error;
    size_t entry; /* index into the batch's entries */
} waiting;

typedef struct {
    waiting items[BATCH];
    size_t count;
    eh_ledger_entry entries[BATCH];
    eh_ledger_receipt receipts[BATCH];
    size_t entries_count;
} batch;

/* ---- options ------------------------------------------------------------------------------------------------------------------------ */

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    decide_options *options = use->target;
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the value is empty", use->option);
    const char **place = strcmp(use->option, "--workspace") == 0 ? &options->workspace : strcmp(use->option, "--lang") == 0 ? &options->language : &options->approved_by;
    *place = use->value;
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    decide_options *options = use->target;
    if (eh_instant_parse_date(eh_view_of(use->value), &options->now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    if (options->now.seconds <= 0 || options->now.seconds > UINT32_MAX)
        return eh_fail(error, EH_INPUT, "%s: lies outside 1970 to 2106", use->option);
    options->clocked = true;
    return EH_OK;
}

static const eh_option options_table[] = {
    {"--workspace", "FOLDER", "Where", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_text},
    {"--now", "TIME", "When", "the moment of requests that name none, e.g. 2026-11-25T09:00:00Z; default: now", false, read_now},
    {"--approved-by", "NAME", "Fairness", "who answers for a plan of which the guards could not tell; goes into the ledger", false, read_text},
    {"--lang", "TAG", "What comes out", "en, de, fr or es for requests that name none; default: en", false, read_text},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options_table / sizeof options_table[0] };

void eh_decide_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand decide - answers requests for single decisions, with the reasons\n"
                   "\n"
                   "  evenhand decide [options] < REQUESTS\n"
                   "\n"
                   "A request is a JSON object; standard input holds one, or many, one a line:\n"
                   "  {\"campaign\": \"spring-boots\", \"person\": \"c-1001\"}\n"
                   "It may have \"facts\" (features that are known now, instead of the shop's data), \"at\" (the\n"
                   "moment, RFC 3339) and \"lang\". Each is answered by one line: a decision, which is in\n"
                   "the ledger before it is told, or {\"error\": ...}. Decisions are made as in the last plan\n"
                   "of the campaign: rights, rules, lots, score, prices. Without a plan one is made.\n");
    eh_options_help(options_table, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 all answered, 2 for some there was an error.\n"
                   "\n"
                   "Examples:\n"
                   "  echo '{\"campaign\": \"spring-boots\", \"person\": \"c-1001\"}' | evenhand decide\n"
                   "  evenhand decide --lang de < requests.jsonl > decisions.jsonl\n");
}

/* ---- what a run needs ------------------------------------------------------------------------------------------------------------------ */

static eh_code run_open(decide_run *run, eh_error *error)
{
    EH_TRY(eh_workspace_open(run->options->workspace, &run->workspace, error));
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    if (!eh_ledger_exists(model->folder))
        return eh_fail(error, EH_NOT_FOUND, "%s has no ledger yet, and nothing is decided unrecorded; make one with: evenhand keys make", model->folder);
    eh_rights_options rights = {.state_folder = model->state_folder};
    EH_TRY(eh_rights_house_read(model->rights, &rights.house, error));
    EH_TRY(eh_rights_open(&rights, &run->rights, error));
    return eh_ledger_open(model->folder, NULL, &run->ledger, error);
}

static void run_close(decide_run *run)
{
    for (size_t i = 0; i < run->desks_count; i++)
        eh_desk_close(&run->desks[i]);
    for (size_t i = 0; i < EH_LANGUAGES_COUNT; i++)
        if (run->worded[i])
            eh_words_close(&run->words[i]);
    eh_ledger_close(&run->ledger);
    eh_rights_close(&run->rights);
    eh_workspace_close(&run->workspace);
}

static eh_code words_find(decide_run *run, const char *language, const eh_words **words_out, eh_error *error)
{
    size_t len = strcspn(language, "-_"), i = 0;
    while (i + 1 < EH_LANGUAGES_COUNT && !eh_view_equal_nocase((eh_view){language, len}, eh_view_of(eh_languages[i])))
        i++;
    if (!run->worded[i] || !eh_view_equal_nocase((eh_view){language, len}, eh_view_of(eh_languages[i]))) {
        eh_words words = {0};
        EH_TRY(eh_words_open(language, &words, error));
        run->words[i] = words;
        run->worded[i] = true;
    }
    *words_out = &run->words[i];
    return EH_OK;
}

static eh_code desk_find(decide_run *run, const char *campaign, eh_instant now, eh_desk **desk_out, eh_error *error)
{
    eh_ledger_entry entries[EH_DESK_OPENING_MAX];
    size_t count = 0;
    for (size_t i = 0; i < run->desks_count; i++)
        if (strcmp(eh_desk_campaign(run->desks[i])->name, campaign) == 0) {
            *desk_out = run->desks[i];
            return EH_OK;
        }
    if (run->desks_count == EH_DESKS_MAX)
        return eh_fail(error, EH_LIMIT, "requests for more than %d campaigns in one run", EH_DESKS_MAX);
    EH_CLEANUP(eh_desk_close) eh_desk *desk = NULL;
    eh_desk_options options = {.workspace = eh_workspace_get(run->workspace)->folder, .campaign = campaign, .now = now, .approved_by = run->options->approved_by,
                               .rights = run->rights};
    EH_TRY(eh_desk_open(&options, &desk, error));
    EH_TRY(eh_desk_opening(desk, run->arena, entries, &count, error));
    if (count > 0)
        EH_TRY(eh_ledger_append(run->ledger, entries, count, NULL, error));
    *desk_out = run->desks[run->desks_count++] = desk;
    desk = NULL;
    return EH_OK;
}

/* ---- one request -------------------------------------------------------------------------------------------------------------------------- */

/* Somebody who waits in the batch already: what they are given there must count first. */
static bool waits(const batch *of, eh_view person)
{
    for (size_t i = 0; i + 1 < of->count; i++)
        if (of->items[i].error.code == EH_OK && eh_view_equal(of->items[i].trace.key, person))
            return true;
    return false;
}

static eh_code request_decide(decide_run *run, eh_view text, batch *of, bool *again_out, eh_error *error)
{
    waiting *item = &of->items[of->count - 1];
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_decide_request request = {0};
    item->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (item->arena == NULL)
        return eh_fail_memory(error);
    if (text.len >= EH_DECIDE_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "a request of more than %d bytes", EH_DECIDE_BYTES_MAX);
    EH_TRY(eh_json_parse_zeros(text, "the request", &document, error));
    EH_TRY(eh_decide_request_read(eh_json_root(document), &request, error));
    if ((*again_out = waits(of, request.person)))
        return EH_OK;
    eh_instant now = run->options->clocked ? run->options->now : eh_instant_now();
    EH_TRY(words_find(run, request.language != NULL ? request.language : run->options->language != NULL ? run->options->language : "en", &item->words, error));
    EH_TRY(desk_find(run, request.campaign, (eh_instant){.seconds = now.seconds}, &item->desk, error));
    eh_desk_request asked = {.person = request.person, .facts = request.facts, .at_s = request.dated ? request.at.seconds : now.seconds};
    EH_TRY(eh_desk_decide(item->desk, &asked, item->arena, &item->trace, error));
    return eh_desk_entry(item->desk, &item->trace, item->arena, &of->entries[of->entries_count], error);
}


static void error_say(const eh_error *error, eh_buffer *out)
{
    eh_json_writer json;
    eh_json_begin(&json, out, false, false);
    eh_json_object_open(&json, NULL);
    eh_json_object_open(&json, "error");
    eh_json_text(&json, "code", eh_code_name(error->code));
    eh_json_text(&json, "text", error->text);
    eh_json_object_close(&json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
}

static void answer_say(const waiting *item, const char *id, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer line = {0};
    eh_json_writer json;
    eh_json_begin(&json, &line, false, false);
    if (eh_desk_answer_json(item->desk, &item->trace, &(eh_desk_said){.id = id, .words = item->words}, item->arena, &json, error) != EH_OK)
        return;
    eh_buffer_append(out, eh_buffer_view(&line));
    eh_buffer_byte(out, '\n');
}

/* What goes counts for the caps: desk by desk. */
static eh_code messages_keep(const batch *of, eh_error *error)
{
    const eh_trace *traces[BATCH];
    bool done[BATCH] = {false};
    for (size_t i = 0; i < of->count; i++) {
        size_t count = 0;
        if (done[i] || of->items[i].error.code != EH_OK)
            continue;
        for (size_t k = i; k < of->count; k++)
            if (of->items[k].error.code == EH_OK && of->items[k].desk == of->items[i].desk) {
                traces[count++] = &of->items[k].trace;
                done[k] = true;
            }
        EH_TRY(eh_desk_sent(of->items[i].desk, traces, count, error));
    }
    return EH_OK;
}

/* The ledger first, then the answers: what was not recorded was not decided. */
static eh_code batch_end(decide_run *run, batch *of, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_error failed = {0};
    if (of->entries_count > 0)
        failed.code = eh_ledger_append(run->ledger, of->entries, of->entries_count, of->receipts, &failed);
    if (failed.code == EH_OK)
        failed.code = messages_keep(of, &failed);
    for (size_t i = 0; i < of->count; i++) {
        waiting *item = &of->items[i];
        if (item->error.code == EH_OK && failed.code != EH_OK)
            item->error = failed;
        if (item->error.code == EH_OK)
            answer_say(item, of->receipts[item->entry].id, &out, &item->error);
        if (item->error.code != EH_OK)
            error_say(&item->error, &out);
        run->refused += item->error.code != EH_OK;
        eh_arena_close(&item->arena);
    }
    of->count = of->entries_count = 0;
    EH_TRY(eh_buffer_check(&out, error));
    return out.len == 0 ? EH_OK : eh_stdout_write(eh_buffer_view(&out), error);
}

static eh_code request_take(decide_run *run, eh_view text, batch *of, eh_error *error)
{
    for (bool again = true; again;) {
        again = false;
        waiting *item = &of->items[of->count++];
        *item = (waiting){.entry = of->entries_count};
        eh_code code = request_decide(run, text, of, &again, &item->error);
        if (again && code == EH_OK) {
            eh_arena_close(&item->arena);
            of->count--;
            EH_TRY(batch_end(run, of, error));
            continue;
        }
        of->entries_count += code == EH_OK;
    }
    return EH_OK;
}

/* All that has come is answered before more is waited for, so that a program may ask and wait, line by line. */
static eh_code stream_answer(decide_run *run, eh_requests *requests, batch *of, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    char bytes[CHUNK];
    while (!requests->ended) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return eh_fail(error, EH_IO, "standard input cannot be read: %s", strerror(errno));
        requests->ended = got == 0;
        eh_requests_add(requests, (eh_view){bytes, (size_t)(got > 0 ? got : 0)});
        EH_TRY(eh_buffer_check(&requests->kept, error));
        while (eh_requests_next(requests, &text)) {
            EH_TRY(eh_buffer_check(&text, error));
            EH_TRY(request_take(run, eh_buffer_view(&text), of, error));
            if (of->count == BATCH)
                EH_TRY(batch_end(run, of, error));
        }
        EH_TRY(batch_end(run, of, error));
    }
    return EH_OK;
}

static eh_code decide_do(const decide_options *options, eh_arena *arena, uint64_t *refused_out, eh_error *error)
{
    decide_run *run = EH_TAKE(arena, 1, decide_run);
    batch *of = EH_TAKE(arena, 1, batch);
    EH_CLEANUP(eh_requests_dispose) eh_requests requests;
    eh_requests_init(&requests);
    if (run == NULL || of == NULL)
        return eh_fail_memory(error);
    *run = (decide_run){.options = options, .arena = arena};
    eh_code code = run_open(run, error);
    if (code == EH_OK)
        code = stream_answer(run, &requests, of, error);
    for (size_t i = 0; i < of->count; i++)
        eh_arena_close(&of->items[i].arena);
    *refused_out = run->refused;
    run_close(run);
    return code;
}

int eh_decide_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_arguments arguments = {0};
    decide_options options = {0};
    uint64_t refused = 0;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(options_table, OPTIONS_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_decide_help(&text);
        return eh_stdout_show("decide", &text);
    }
    if (code == EH_OK)
        code = eh_arguments_read(options_table, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &options}, &error);
    if (code == EH_OK && arguments.files_count > 0)
        code = eh_fail(&error, EH_INPUT, "takes no file, but '%.100s' was given; requests come on standard input: evenhand decide < requests.jsonl", arguments.files[0]);
    if (code == EH_OK)
        code = decide_do(&options, arena, &refused, &error);
    if (code != EH_OK)
        return eh_error_show("decide", &error);
    return refused > 0 ? EH_STATUS_ERROR : 0;
}
