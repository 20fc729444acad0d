/* What the commands about a workspace's state share: options, finding the workspace, reading and writing files. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/state_int.h"

enum { TEXT_OPTIONS_COUNT = 11, OPTIONS_MAX = 24 };

static const struct { const char *option; size_t offset; } places[TEXT_OPTIONS_COUNT] = {
    {"--workspace", offsetof(eh_state_request, workspace)}, {"--since", offsetof(eh_state_request, since)},
    {"--output", offsetof(eh_state_request, output)},       {"--kind", offsetof(eh_state_request, kind)},
    {"--person", offsetof(eh_state_request, person)},       {"--clear", offsetof(eh_state_request, clear)},
    {"--vkey", offsetof(eh_state_request, vkey)},           {"--name", offsetof(eh_state_request, name)},
    {"--keys", offsetof(eh_state_request, keys)},           {"--reason", offsetof(eh_state_request, reason)},
    {"--format", offsetof(eh_state_request, format)},
};

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the value is empty", use->option);
    for (size_t i = 0; i < TEXT_OPTIONS_COUNT; i++)
        if (strcmp(places[i].option, use->option) == 0)
            *(const char **)(void *)((char *)use->target + places[i].offset) = use->value;
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error)
{
    eh_state_request *request = use->target;
    bool json = strcmp(use->value, "json") == 0;
    if (!json && strcmp(use->value, "text") != 0)
        return eh_fail(error, EH_INPUT, "--format: '%.40s' is none of text, json", use->value);
    request->json = json;
    return EH_OK;
}

static eh_code read_witness(const eh_option_use *use, eh_error *error)
{
    eh_state_request *request = use->target;
    if (strchr(use->value, '+') != NULL) {
        eh_buffer_text(&request->witnesses, use->value);
    } else if (eh_file_read(use->value, EH_LEDGER_NOTE_BYTES_MAX, &request->witnesses, error) != EH_OK) {
        return eh_fail_within(error, "--witness");
    }
    eh_buffer_byte(&request->witnesses, '\n');
    return eh_buffer_check(&request->witnesses, error);
}

static eh_code read_batch(const eh_option_use *use, eh_error *error)
{
    return eh_whole_read(use, 1, EH_LEDGER_APPEND_COUNT_MAX, &((eh_state_request *)use->target)->batch, error);
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    eh_state_request *request = use->target;
    if (eh_instant_parse(eh_view_of(use->value), &request->now, error) != EH_OK)
        return eh_fail_within(error, "--now");
    request->now_given = true;
    return EH_OK;
}

static eh_code read_finish(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_state_request *)use->target)->finish = true;
    return EH_OK;
}

static eh_code read_public(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_state_request *)use->target)->public_only = true;
    return EH_OK;
}

/* An option and the acts that take it; takes 0: all. */
static const struct { unsigned takes; eh_option option; } rows[] = {
    {EH_TAKES_APPEND, {"--kind", "KIND", "Options", "the kind of the entries: decision, consent, policy, ...", false, read_text}},
    {EH_TAKES_APPEND | EH_TAKES_PERSON, {"--person", "KEY", "Options", "whom the entries are about; what they say is then sealed", false, read_text}},
    {EH_TAKES_APPEND, {"--clear", "JSON", "Options", "what stands in each entry for all to read, beside what is sealed", false, read_text}},
    {EH_TAKES_APPEND, {"--batch", "N", "Options", "entries that share one sync of the disk (1024)", false, read_batch}},
    {EH_TAKES_REASON, {"--reason", "WORD", "Options", "why: request, retention, ...", false, read_text}},
    {EH_TAKES_SINCE, {"--since", "CHECKPOINT", "Options", "an older checkpoint (a file): the ledger must have grown from it", false, read_text}},
    {EH_TAKES_PUBLIC, {"--public", NULL, "Options", "look at the public folder alone, as an outsider does", false, read_public}},
    {EH_TAKES_VKEY, {"--vkey", "KEY", "Options", "the verifier key, or a file of such keys, to check with", false, read_text}},
    {EH_TAKES_WITNESS, {"--witness", "KEY", "Options", "a witness's verifier key, or a file of such keys; remembered", true, read_witness}},
    {EH_TAKES_NAME, {"--name", "NAME", "Options", "of a new ledger, e.g. shop.example/ledger", false, read_text}},
    {EH_TAKES_FINISH, {"--finish", NULL, "Options", "let the old key go", false, read_finish}},
    {EH_TAKES_KEYS, {"--keys", "FILE", "Options", "the keys, in a file of their own", false, read_text}},
    {EH_TAKES_OUTPUT, {"--output", "FILE", "Options", "write there instead of to standard output", false, read_text}},
    {EH_TAKES_FORMAT, {"--format", "FORMAT", "Options", "text or json (text)", false, read_format}},
    {EH_TAKES_NOW, {"--now", "TIME", "Options", "the time to write down instead of the clock's, RFC 3339", false, read_now}},
    {0, {"--workspace", "DIR", "Options", "the workspace (this folder or the nearest above it)", false, read_text}},
    {0, {"--help", NULL, "Options", "show this", false, NULL}},
};
enum { ROWS_COUNT = sizeof rows / sizeof rows[0] };

static size_t table_make(unsigned takes, eh_option table[OPTIONS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < ROWS_COUNT; i++)
        if (rows[i].takes == 0 || (rows[i].takes & takes) != 0)
            table[count++] = rows[i].option;
    return count;
}

void eh_state_help(const eh_state_command *command, eh_buffer *out)
{
    unsigned takes = 0;
    eh_option table[OPTIONS_MAX];
    eh_buffer_format(out, "evenhand %s - %s\n\n", command->name, command->says);
    for (size_t i = 0; i < command->acts_count; i++) {
        const eh_state_act *act = &command->acts[i];
        takes |= act->takes;
        eh_buffer_format(out, "  evenhand %s", command->name);
        if (act->name != NULL)
            eh_buffer_format(out, " %s", act->name);
        if (act->usage[0] != '\0')
            eh_buffer_format(out, " %s", act->usage);
        eh_buffer_format(out, "\n      %s\n", act->says);
    }
    size_t count = table_make(takes, table);
    eh_options_help(table, count, out);
}

/* ---- the workspace -------------------------------------------------------------------------------------------------------------------- */

static bool is_workspace(const char *folder)
{
    char path[PATH_MAX];
    struct stat facts;
    static const char *const marks[] = {"evenhand.yaml", ".evenhand/ledger"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, marks[i]) < (int)sizeof path && stat(path, &facts) == 0)
            return true;
    return false;
}

static eh_code workspace_find(eh_state_request *request, bool must_be, eh_error *error)
{
    char folder[PATH_MAX];
    if (request->workspace != NULL) {
        struct stat facts;
        if (stat(request->workspace, &facts) != 0 || !S_ISDIR(facts.st_mode))
            return eh_fail(error, EH_NOT_FOUND, "--workspace: there is no folder '%s'", request->workspace);
        request->folder = eh_arena_copy(request->arena, eh_view_of(request->workspace));
        return request->folder != NULL ? EH_OK : eh_fail_memory(error);
    }
    if (getcwd(folder, sizeof folder) == NULL)
        return eh_fail(error, EH_IO, "the current folder cannot be named: %s", strerror(errno));
    request->folder = eh_arena_copy(request->arena, EH_VIEW("."));
    for (char *slash = folder + strlen(folder); slash != NULL && folder[0] != '\0'; slash = strrchr(folder, '/')) {
        *slash = '\0';
        if (folder[0] != '\0' && is_workspace(folder)) {
            request->folder = eh_arena_copy(request->arena, eh_view_of(folder));
            must_be = false;
            break;
        }
    }
    if (must_be)
        return eh_fail(error, EH_NOT_FOUND, "this folder is no workspace, nor is one above it: evenhand init makes one, --workspace DIR names one");
    return request->folder != NULL ? EH_OK : eh_fail_memory(error);
}

static eh_instant fixed_now(void *context)
{
    return ((const eh_state_request *)context)->now;
}

eh_code eh_state_ledger(const eh_state_request *request, bool reads_only, eh_ledger **ledger_out, eh_error *error)
{
    eh_state_request *context = eh_arena_take(request->arena, 1, sizeof *context);
    if (context == NULL)
        return eh_fail_memory(error);
    context->now = request->now;
    eh_ledger_options options = {.reads_only = reads_only, .now = request->now_given ? fixed_now : NULL, .clock_context = context};
    return eh_ledger_open(request->folder, &options, ledger_out, error);
}

eh_code eh_state_read(const char *path, size_t bytes_max, eh_buffer *out, eh_error *error)
{
    if (strcmp(path, "-") != 0)
        return eh_file_read(path, bytes_max, out, error);
    char chunk[65536];
    for (;;) {
        ssize_t step = read(STDIN_FILENO, chunk, sizeof chunk);
        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0)
            return eh_fail(error, EH_IO, "standard input: cannot be read: %s", strerror(errno));
        if (step == 0)
            return eh_buffer_check(out, error);
        if ((size_t)step > bytes_max - out->len)
            return eh_fail(error, EH_LIMIT, "standard input: is longer than %zu bytes", bytes_max);
        eh_buffer_append(out, (eh_view){chunk, (size_t)step});
    }
}

eh_code eh_state_write(const eh_state_request *request, eh_view bytes, eh_error *error)
{
    return request->output != NULL ? eh_file_replace(request->output, bytes, error) : eh_stdout_write(bytes, error);
}

/* ---- running one act ------------------------------------------------------------------------------------------------------------------ */

static eh_code act_find(const eh_state_act *acts, size_t acts_count, int argc, char **argv, const eh_state_act **act_out, eh_error *error)
{
    const char *names[16];
    EH_ASSERT(acts_count <= sizeof names / sizeof names[0]);
    if (acts[0].name == NULL) {
        *act_out = &acts[0];
        return EH_OK;
    }
    for (size_t i = 0; i < acts_count; i++) {
        names[i] = acts[i].name;
        if (argc > 1 && strcmp(argv[1], acts[i].name) == 0) {
            *act_out = &acts[i];
            return EH_OK;
        }
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    for (size_t i = 0; i < acts_count; i++)
        eh_buffer_format(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    EH_TRY(eh_buffer_check(&list, error));
    if (argc < 2)
        return eh_fail(error, EH_INPUT, "say what: %s", list.ptr);
    const char *nearest = eh_nearest_name(argv[1], names, acts_count);
    if (nearest != NULL)
        return eh_fail(error, EH_INPUT, "'%.60s' is none of %s; do you mean '%s'?", argv[1], list.ptr, nearest);
    return eh_fail(error, EH_INPUT, "'%.60s' is none of %s", argv[1], list.ptr);
}

static eh_code request_read(const eh_state_act *act, int argc, char **argv, eh_state_request *request, eh_error *error)
{
    eh_option *table = EH_TAKE(request->arena, OPTIONS_MAX, eh_option);
    eh_arguments arguments = {0};
    if (table == NULL)
        return eh_fail_memory(error);
    size_t count = table_make(act->takes, table);
    EH_TRY(eh_arguments_parse(table, count, argc, argv, request->arena, &arguments, error));
    request->help = arguments.help;
    if (request->help)
        return EH_OK;
    eh_option_use model = {.arena = request->arena, .target = request};
    EH_TRY(eh_arguments_read(table, count, &arguments, &model, error));
    request->files = arguments.files;
    request->files_count = arguments.files_count;
    if (request->files_count < act->files_min)
        return eh_fail(error, EH_INPUT, "something is missing: evenhand %s %s", request->command, act->usage);
    if (request->files_count > act->files_max)
        return eh_fail(error, EH_INPUT, "'%.100s' is too much: evenhand %s %s", request->files[act->files_max], request->command, act->usage);
    return workspace_find(request, !act->outside, error);
}

int eh_state_run(const eh_state_command *command, int argc, char **argv)
{
    eh_error error = {0};
    eh_state_request request = {.batch = 1024, .arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    const eh_state_act *act = NULL;
    char name[64];
    snprintf(name, sizeof name, "%s", command->name);
    int status = EH_STATUS_ERROR;
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (request.arena == NULL) {
        (void)eh_fail_memory(&error);
    } else if (!help && act_find(command->acts, command->acts_count, argc, argv, &act, &error) == EH_OK) {
        int skipped = act->name != NULL ? 1 : 0;
        if (act->name != NULL)
            snprintf(name, sizeof name, "%s %s", command->name, act->name);
        request.command = name;
        if (request_read(act, argc - skipped, argv + skipped, &request, &error) == EH_OK) {
            help = request.help;
            if (!help)
                status = act->run(&request, &error);
        }
    }
    if (help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_state_help(command, &text);
        status = eh_stdout_show(command->name, &text);
    } else if (status == EH_STATUS_ERROR) {
        (void)eh_error_show(name, &error);
    }
    eh_buffer_dispose(&request.witnesses);
    eh_arena_close(&request.arena);
    return status;
}
