/* `evenhand link`: a sealed link to a person's own pages, for the tool that sends the messages. */
#include <string.h>
#include <time.h>

#include "cli/cli_int.h"
#include "data/workspace.h"
#include "rights/links.h"

enum { DAYS_USUAL = 180, DAYS_MAX = 1825, DAY_SECONDS = 86400 };

typedef struct {
    const char *workspace, *purpose, *about, *origin;
    uint64_t days;
} link_request;

static const struct {
    const char *name, *path;
    eh_link_purpose purpose;
} kinds[] = {
    {"why", "/why/", EH_LINK_WHY},
    {"choices", "/choices/", EH_LINK_PREFERENCES},
    {"unsubscribe", "/unsubscribe/", EH_LINK_UNSUBSCRIBE},
    {"data", "/data/", EH_LINK_DATA},
};
enum { KINDS_COUNT = sizeof kinds / sizeof kinds[0] };

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    link_request *request = use->target;
    const struct {
        const char *option;
        const char **place;
    } places[] = {{"--workspace", &request->workspace}, {"--for", &request->purpose}, {"--about", &request->about}, {"--origin", &request->origin}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i].option, use->option) == 0) {
            *places[i].place = use->value;
            return EH_OK;
        }
    }
    return eh_fail(error, EH_INTERNAL, "%s has no place", use->option);
}

static eh_code read_days(const eh_option_use *use, eh_error *error)
{
    return eh_whole_read(use, 1, DAYS_MAX, &((link_request *)use->target)->days, error);
}

static const eh_option table[] = {
    {"--for", "PAGE", "What it opens", "why, choices, unsubscribe or data; default choices", false, read_text},
    {"--about", "WHAT", "What it opens", "for why: the decision; for unsubscribe: the channel, such as email", false, read_text},
    {"--days", "N", "What it opens", "how long it opens; default 180", false, read_days},
    {"--origin", "URL", "What it opens", "how the world sees the server; default http://127.0.0.1:8080", false, read_text},
    {"--workspace", "DIR", "Where", "the folder with evenhand.yaml; default: the present one or the nearest above it", false, read_text},
    {"--help", NULL, "Where", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_link_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand link - makes sealed links to people's own pages\n"
                   "\n"
                   "  evenhand link KEY... [option]...\n"
                   "\n"
                   "Writes a link for each person, in the order given. Whoever has a link has what\n"
                   "it opens: send it to that person and to nobody else.\n");
    eh_options_help(table, TABLE_COUNT, out);
}

static eh_code kind_find(const char *name, size_t *kind_out, eh_error *error)
{
    for (size_t i = 0; i < KINDS_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *kind_out = i;
            return EH_OK;
        }
    }
    return eh_fail(error, EH_INPUT, "--for: '%.40s' is no page; the pages are why, choices, unsubscribe and data", name);
}

static eh_code links_write(const link_request *request, const eh_arguments *arguments, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_secret_wipe) eh_secret key = {0};
    size_t kind = 0;
    EH_TRY(kind_find(request->purpose, &kind, error));
    EH_TRY(eh_workspace_open(request->workspace, &workspace, error));
    EH_TRY(eh_link_key_open(eh_workspace_get(workspace)->state_folder, &key, error));
    eh_link link = {.purpose = kinds[kind].purpose,
                    .expires_s = (int64_t)time(NULL) + (int64_t)request->days * DAY_SECONDS,
                    .subject = request->about == NULL ? (eh_view){0} : eh_view_of(request->about)};
    for (size_t i = 0; i < arguments->files_count; i++) {
        link.person = eh_view_of(arguments->files[i]);
        eh_buffer_format(out, "%s%s", request->origin, kinds[kind].path);
        EH_TRY(eh_link_append(&key, &link, NULL, out, error));
        eh_buffer_byte(out, '\n');
    }
    return eh_buffer_check(out, error);
}

int eh_link_command(int argc, char **argv)
{
    eh_error error = {0};
    link_request request = {.purpose = "choices", .origin = "http://127.0.0.1:8080", .days = DAYS_USUAL};
    eh_arguments arguments = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        eh_link_help(&text);
        return eh_stdout_show("link", &text);
    }
    if (code == EH_OK)
        code = eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, &error);
    if (code == EH_OK && arguments.files_count == 0)
        code = eh_fail(&error, EH_INPUT, "whose link? for example: evenhand link c-1042 --for choices");
    if (code == EH_OK)
        code = links_write(&request, &arguments, &text, &error);
    return code == EH_OK ? eh_stdout_show("link", &text) : eh_error_show("link", &error);
}
