/* `evenhand team`: who may sign in to the team pages. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/secrets.h"
#include "cli/cli_int.h"
#include "web/team.h"

enum { PASSWORD_BYTES = 1026 };

static eh_code read_workspace(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_team_change *)use->target)->folder = use->value;
    return EH_OK;
}

static eh_code read_role(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_team_change *)use->target)->role = use->value;
    return EH_OK;
}

static eh_code read_trained(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_team_change *)use->target)->trained = true;
    return EH_OK;
}

static const eh_option table[] = {
    {"--role", "ROLE", "Who it is", "viewer, marketer, analyst, \"ethics owner\" or admin; needed by add", false, read_role},
    {"--trained", NULL, "Who it is", "has been trained for approving campaigns; without it their approval is refused", false, read_trained},
    {"--workspace", "DIR", "Where", "the folder with evenhand.yaml; default: the present one or the nearest above it", false, read_workspace},
    {"--help", NULL, "Where", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_team_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand team - says who may sign in to the team pages\n"
                   "\n"
                   "  evenhand team list\n"
                   "  evenhand team add NAME --role ROLE [--trained]\n"
                   "  evenhand team password NAME\n"
                   "  evenhand team remove NAME\n"
                   "\n"
                   "The password is asked for on a terminal, or read as one line from standard\n"
                   "input. It is kept as an Argon2id hash.\n");
    eh_options_help(table, TABLE_COUNT, out);
}

/* ---- the password ------------------------------------------------------------------------------------------------------------ */

static void echo_set(bool on)
{
    struct termios settings;
    if (tcgetattr(STDIN_FILENO, &settings) != 0)
        return;
    settings.c_lflag = on ? settings.c_lflag | ECHO : settings.c_lflag & ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings);
}

/* One line of standard input without its end; on a terminal it is asked for and not shown. */
static eh_code line_read(const char *question, char line_out[PASSWORD_BYTES], eh_error *error)
{
    bool terminal = isatty(STDIN_FILENO) == 1;
    if (terminal) {
        fputs(question, stderr);
        echo_set(false);
    }
    bool got = fgets(line_out, PASSWORD_BYTES, stdin) != NULL;
    if (terminal) {
        echo_set(true);
        fputc('\n', stderr);
    }
    if (!got)
        return eh_fail(error, EH_INPUT, "a password is needed: on a terminal, or as one line of standard input");
    line_out[strcspn(line_out, "\r\n")] = '\0';
    return EH_OK;
}

static eh_code password_read(char password_out[PASSWORD_BYTES], eh_error *error)
{
    char again[PASSWORD_BYTES] = {0};
    EH_TRY(line_read("Password: ", password_out, error));
    if (isatty(STDIN_FILENO) != 1)
        return EH_OK;
    eh_code code = line_read("Once more: ", again, error);
    if (code == EH_OK && strcmp(password_out, again) != 0)
        code = eh_fail(error, EH_INPUT, "the two are not the same");
    eh_wipe(again, sizeof again);
    return code;
}

/* ---- what can be done ---------------------------------------------------------------------------------------------------------- */

static eh_code list(const eh_team_change *change, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_team_list(change->folder, &text, error));
    return eh_stdout_write(eh_buffer_view(&text), error);
}

static const struct {
    const char *name;
    eh_code (*run)(const eh_team_change *change, eh_error *error);
    bool names, password, role;
} deeds[] = {
    {"list", list, false, false, false},
    {"add", eh_team_add, true, true, true},
    {"password", eh_team_set_password, true, true, false},
    {"remove", eh_team_remove, true, false, false},
};

static eh_code team_do(const eh_arguments *arguments, eh_team_change *change, eh_error *error)
{
    const char *deed = arguments->files_count > 0 ? arguments->files[0] : "";
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(deed, deeds[i].name) != 0)
            continue;
        if (arguments->files_count != (deeds[i].names ? 2U : 1U))
            return eh_fail(error, EH_INPUT, "%s takes %s", deed, deeds[i].names ? "one name" : "no name");
        if (deeds[i].role && change->role == NULL)
            return eh_fail(error, EH_INPUT, "add needs --role: viewer, marketer, analyst, \"ethics owner\" or admin");
        change->name = deeds[i].names ? arguments->files[1] : NULL;
        char password[PASSWORD_BYTES] = {0};
        eh_code code = deeds[i].password ? password_read(password, error) : EH_OK;
        change->password = eh_view_of(password);
        if (code == EH_OK)
            code = deeds[i].run(change, error);
        eh_wipe(password, sizeof password);
        return code;
    }
    return eh_fail(error, EH_INPUT, "say what to do: list, add NAME, password NAME or remove NAME");
}

int eh_team_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_team_change change = {.now_s = time(NULL)};
    eh_arguments arguments = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer help = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, &error);
    if (code == EH_OK && arguments.help) {
        eh_team_help(&help);
        return eh_stdout_show("team", &help);
    }
    if (code == EH_OK)
        code = eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &change}, &error);
    if (code == EH_OK)
        code = team_do(&arguments, &change, &error);
    return code == EH_OK ? 0 : eh_error_show("team", &error);
}
