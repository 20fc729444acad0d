/* `evenhand keys api`: keys of the interface for machines. */
#include <string.h>
#include <time.h>

#include "base/secrets.h"
#include "cli/cli_int.h"
#include "web/api_keys.h"

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    eh_api_key_change *change = use->target;
    (void)error;
    if (strcmp(use->option, "--scope") == 0)
        change->scopes = use->value;
    else
        change->folder = use->value;
    return EH_OK;
}

static eh_code read_rate(const eh_option_use *use, eh_error *error)
{
    uint64_t number;
    EH_TRY(eh_whole_read(use, 1, EH_API_RATE_MAX, &number, error));
    ((eh_api_key_change *)use->target)->rate = (uint32_t)number;
    return EH_OK;
}

static const eh_option table[] = {
    {"--scope", "SCOPE,...", "What it may", "decisions, explanations, plans, consents, preferences, people, feedback, outcomes, proofs, links, metrics; NAME:read only reads",
     false, read_text},
    {"--rate", "N", "What it may", "requests per second; default 1000, and twice as many at once", false, read_rate},
    {"--workspace", "DIR", "Where", "the folder with evenhand.yaml; default: the present one or the nearest above it", false, read_text},
    {"--help", NULL, "Where", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

static void help_write(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand keys api - keys of the interface for machines\n"
                   "\n"
                   "  evenhand keys api list\n"
                   "  evenhand keys api add NAME --scope SCOPE,... [--rate N]\n"
                   "  evenhand keys api remove NAME\n"
                   "\n"
                   "A key is shown once, when it is made; what is kept of it is a hash. A server that\n"
                   "runs knows of a change within a second.\n");
    eh_options_help(table, TABLE_COUNT, out);
}

static eh_code add(const eh_api_key_change *change, eh_error *error)
{
    char token[EH_API_TOKEN_BYTES] = "";
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (change->scopes == NULL)
        return eh_fail(error, EH_INPUT, "what may it do? for example --scope consents,feedback:read");
    EH_TRY(eh_api_key_add(change, token, error));
    eh_buffer_format(&text, "%s\n", token);
    eh_wipe(token, sizeof token);
    eh_code code = eh_stdout_write(eh_buffer_view(&text), error);
    eh_wipe(text.ptr, text.len);
    if (code == EH_OK)
        fputs("This is the only time that it is shown: keep it where the program that uses it finds it, and nobody else.\n", stderr);
    return code;
}

static eh_code list(const eh_api_key_change *change, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_api_keys_list(change->folder, &text, error));
    return eh_stdout_write(eh_buffer_view(&text), error);
}

static const struct {
    const char *name;
    bool names;
    eh_code (*run)(const eh_api_key_change *change, eh_error *error);
} deeds[] = {{"list", false, list}, {"add", true, add}, {"remove", true, eh_api_key_remove}};

static eh_code keys_do(const eh_arguments *arguments, eh_api_key_change *change, eh_error *error)
{
    const char *deed = arguments->files_count > 0 ? arguments->files[0] : "";
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(deed, deeds[i].name) != 0)
            continue;
        if (arguments->files_count != (deeds[i].names ? 2U : 1U))
            return eh_fail(error, EH_INPUT, "%s takes %s", deed, deeds[i].names ? "one name, such as shop-system" : "no name");
        change->name = deeds[i].names ? arguments->files[1] : NULL;
        return deeds[i].run(change, error);
    }
    return eh_fail(error, EH_INPUT, "say what to do: list, add NAME --scope SCOPE,... or remove NAME");
}

int eh_keys_api_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_api_key_change change = {.now_s = time(NULL)};
    eh_arguments arguments = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer help = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        help_write(&help);
        return eh_stdout_show("keys api", &help);
    }
    if (code == EH_OK)
        code = eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &change}, &error);
    if (code == EH_OK)
        code = keys_do(&arguments, &change, &error);
    return code == EH_OK ? 0 : eh_error_show("keys api", &error);
}
