/* `evenhand serve`: the pages and the interface, until somebody says stop. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli_int.h"
#include "cli/elsewhere_int.h"
#include "web/web.h"

enum { PORT_USUAL = 8080, PORT_MAX = 65535, THREADS_MAX = 16 };

typedef struct {
    eh_web_options options;
    const char *user;
} serve_request;

static eh_code read_workspace(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((serve_request *)use->target)->options.workspace = use->value;
    return EH_OK;
}

/* "8080", "0.0.0.0:8080", "[::1]:8080" */
static eh_code read_listen(const eh_option_use *use, eh_error *error)
{
    serve_request *request = use->target;
    const char *colon = strrchr(use->value, ':');
    const char *port = colon == NULL ? use->value : colon + 1;
    uint64_t number;
    EH_TRY(eh_whole_read(&(eh_option_use){.option = use->option, .value = port, .arena = use->arena}, 0, PORT_MAX, &number, error));
    request->options.port = (uint16_t)number;
    if (colon == NULL)
        return EH_OK;
    eh_view address = {use->value, (size_t)(colon - use->value)};
    if (address.len >= 2 && address.ptr[0] == '[' && address.ptr[address.len - 1] == ']')
        address = (eh_view){address.ptr + 1, address.len - 2};
    if (address.len == 0)
        return eh_fail(error, EH_INPUT, "--listen: an address is missing before the colon; for every address of the machine say 0.0.0.0:%s", port);
    request->options.address = eh_arena_copy(use->arena, address);
    return request->options.address == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code read_origin(const eh_option_use *use, eh_error *error)
{
    size_t len = strlen(use->value);
    bool good = (strncmp(use->value, "https://", 8) == 0 || strncmp(use->value, "http://", 7) == 0) && use->value[len - 1] != '/' &&
                strpbrk(use->value, " \"<>'?#") == NULL;
    if (!good)
        return eh_fail(error, EH_INPUT, "--origin: '%.100s' is not of the form https://mail.shop.example, without a slash at the end", use->value);
    ((serve_request *)use->target)->options.origin = use->value;
    return EH_OK;
}

static eh_code read_threads(const eh_option_use *use, eh_error *error)
{
    uint64_t number;
    EH_TRY(eh_whole_read(use, 1, THREADS_MAX, &number, error));
    ((serve_request *)use->target)->options.threads = (uint32_t)number;
    return EH_OK;
}

static eh_code read_user(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((serve_request *)use->target)->user = use->value;
    return EH_OK;
}

static const eh_option table[] = {
    {"--workspace", "DIR", "What is served", "the folder with evenhand.yaml; default: the present one or the nearest above it", false, read_workspace},
    {"--listen", "[ADDRESS:]PORT", "Where", "default 127.0.0.1:8080; port 0 takes one that is free", false, read_listen},
    {"--origin", "URL", "Where", "how the world sees this server, such as https://mail.shop.example; links and cookies use it", false, read_origin},
    {"--threads", "N", "How it runs", "default: as many as the machine has", false, read_threads},
    {"--user", "NAME", "How it runs", "when root starts it: becomes this user first, and stays it", false, read_user},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_serve_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand serve - serves customer pages, team pages and the interface for machines\n"
                   "\n"
                   "  evenhand serve [option]...\n"
                   "\n"
                   "Runs until Ctrl-C or SIGTERM. HTTPS belongs to a proxy in front; say with --origin\n"
                   "how the world sees it. Team accounts: evenhand team.\n");
    eh_options_help(table, TABLE_COUNT, out);
}

/* The signals are blocked before the server's threads begin, so that they come here and nowhere else. */
static void wait_for_stop(const sigset_t *signals)
{
    int which = 0;
    while (sigwait(signals, &which) != 0)
        continue;
}

static eh_code serve(const serve_request *request, eh_error *error)
{
    sigset_t signals;
    eh_web *web = NULL;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    EH_TRY(eh_web_open(&request->options, &web, error));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_format(&text, "serving at %s\nteam pages: %s/team   how AI is used: %s/ai\nCtrl-C stops it.\n", eh_web_origin(web), eh_web_origin(web),
                     eh_web_origin(web));
    eh_code code = eh_stdout_write(eh_buffer_view(&text), error);
    if (code == EH_OK)
        wait_for_stop(&signals);
    eh_web_close(&web);
    return code;
}

int eh_serve_command(int argc, char **argv)
{
    eh_error error = {0};
    serve_request request = {.options = {.port = PORT_USUAL}};
    eh_arguments arguments = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer help = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        eh_serve_help(&help);
        return eh_stdout_show("serve", &help);
    }
    if (code == EH_OK && arguments.files_count > 0)
        code = eh_fail(&error, EH_INPUT, "'%.100s' is no option; the folder is named with --workspace", arguments.files[0]);
    if (code == EH_OK)
        code = eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK && request.user != NULL)
        code = eh_serve_as(request.user, arena, &error);
    if (code != EH_OK)
        return eh_error_show("serve", &error);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* keys are in memory: no core files */
    return serve(&request, &error) == EH_OK ? 0 : eh_error_show(NULL, &error);
}
