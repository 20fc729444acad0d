/* The program: picks the command and sees to it that failing to write is an error and not a silent death. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_int.h"
#include "cli/model_cli_int.h"

static const eh_command commands[] = {
    {"audit", "audits a list of decisions: who was picked, who was left out, how sure", eh_audit_command, eh_audit_help},
    {"duplicates", "shows people who may be in twice, and takes down what you decide", eh_duplicates_command, eh_duplicates_help},
    {"init", "writes a first evenhand.yaml from your data", eh_init_command, eh_init_help},
    {"scan", "looks for hidden groups that are chosen less or more often than expected", eh_scan_command, eh_scan_help},
    {"link", "makes sealed links to people's own pages", eh_link_command, eh_link_help},
    {"serve", "serves customer pages, team pages and the interface for machines", eh_serve_command, eh_serve_help},
    {"team", "says who may sign in to the team pages", eh_team_command, eh_team_help},
    {"check", "checks data: whom it stands for, what is missing, wrong or given away", eh_check_command, eh_check_help},
    {"repair", "repairs data by a plan: weights, imputation, corrections, beside the source", eh_repair_command, eh_repair_help},
    {"ledger", "proves what was done: verify, prove, stats, append, erase", eh_ledger_command, eh_ledger_help},
    {"keys", "the keys that sign the ledger: show, make, rotate", eh_keys_command, eh_keys_help},
    {"status", "lists what is due or overdue in a workspace", eh_status_command, eh_status_help},
    {"vault", "shows and fills the vault of protected attributes", eh_vault_command, eh_vault_help},
    {"person", "what one person has said about their data; show, export, correct, erase, object", eh_person_command, eh_person_help},
    {"import", "takes in what other systems know of people's consent", eh_import_command, eh_import_help},
    {"receipt", "checks the consent receipts that people were given", eh_receipt_command, eh_receipt_help},
    {"backup", "copies the state of a workspace, while it is in use", eh_backup_command, eh_backup_help},
    {"restore", "puts a backup back, while the workspace is in use", eh_restore_command, eh_restore_help},
    {"store", "checks the databases of a workspace", eh_store_command, eh_store_help},
    {"cel", "evaluates an expression in CEL, the language of policy conditions", eh_cel_command, eh_cel_help},
    {"policy", "checks, tests, explains, compares and reviews a policy", eh_policy_command, eh_policy_help},
    {"train", "learns a model that a person can read, fair from inside; or whom an offer helps", eh_train_command, eh_train_help},
    {"score", "gives every row of a file its score, with the reasons", eh_score_command, eh_score_help},
    {"model", "shows, compares, edits and exports models; writes model cards", eh_model_command, eh_model_help},
    {"plan", "decides who gets what, and looks whether it is fair; sends nothing", eh_plan_command, eh_plan_help},
    {"decide", "answers requests for single decisions, with the reasons", eh_decide_command, eh_decide_help},
    {"release", "lets a plan go out: the send list, and every decision in the ledger", eh_release_command, eh_release_help},
    {"outcomes", "takes in what came back from a campaign", eh_outcomes_command, eh_outcomes_help},
    {"campaign", "reports what a campaign brought, for whom, at what price; lists what went out", eh_campaign_command, eh_campaign_help},
    {"why", "says why somebody got something, or did not", eh_why_command, eh_why_help},
    {"replay", "computes past decisions again, bit for bit", eh_replay_command, eh_replay_help},
    {"limits", "prints every maximum of the program", eh_limits_command, eh_limits_help},
};
enum { COMMANDS_COUNT = sizeof commands / sizeof commands[0] };

static const eh_command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int command_unknown(const char *name)
{
    eh_error error = {0};
    const char *names[COMMANDS_COUNT + 1];
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        names[i] = commands[i].name;
    names[COMMANDS_COUNT] = "help";
    const char *nearest = strlen(name) < 40 ? eh_nearest_name(name, names, COMMANDS_COUNT + 1) : NULL;
    if (nearest != NULL)
        (void)eh_fail(&error, EH_INPUT, "'%s' is no command; do you mean '%s'?", name, nearest);
    else
        (void)eh_fail(&error, EH_INPUT, "'%.100s' is no command; evenhand help lists them", name);
    return eh_error_show(NULL, &error);
}

static int help_show(int argc, char **argv)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    const eh_command *command = argc > 1 ? command_find(argv[1]) : NULL;
    if (argc > 1 && command == NULL && strcmp(argv[1], "help") != 0)
        return command_unknown(argv[1]);
    if (command != NULL)
        command->help(&text);
    else
        eh_general_help(commands, COMMANDS_COUNT, &text);
    return eh_stdout_show(NULL, &text);
}

static int version_show(void)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_format(&text, "evenhand %s (DuckDB %s)\n", EVENHAND_VERSION, eh_engine_version());
    return eh_stdout_show(NULL, &text);
}

/* A file opened later must not become standard output because the caller had closed that. What stands in for it cannot be written. */
static bool descriptors_fill(void)
{
    for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != descriptor)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    /* a closed pipe and a full quota are answers of write(), told as errors */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (!descriptors_fill())
        return EH_STATUS_ERROR;
    if (argc < 2) {
        eh_error error = {0};
        (void)eh_fail(&error, EH_INPUT, "a command is missing, as in: evenhand audit sent.csv --decision sent --by gender\n"
                      "evenhand help lists the commands");
        return eh_error_show(NULL, &error);
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help_show(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0)
        return version_show();
    const eh_command *command = command_find(name);
    return command != NULL ? command->run(argc - 1, argv + 1) : command_unknown(name);
}
