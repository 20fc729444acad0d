/* `evenhand keys`: the keys that sign the ledger. */
#include <string.h>

#include "cli/state_int.h"

static int keys_print(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (eh_ledger_keys_show(request->folder, &text, error) != EH_OK || eh_state_write(request, eh_buffer_view(&text), error) != EH_OK)
        return EH_STATUS_ERROR;
    return 0;
}

static int make_run(eh_state_request *request, eh_error *error)
{
    eh_code code;
    if (eh_ledger_exists(request->folder))
        code = eh_ledger_key_make(request->folder, error);
    else if (request->name == NULL)
        code = eh_fail(error, EH_INPUT, "there is no ledger yet: name the new one, as in --name shop.example/ledger");
    else
        code = eh_ledger_init(request->folder, request->name, error);
    return code == EH_OK ? keys_print(request, error) : EH_STATUS_ERROR;
}

static int rotate_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    if (eh_state_ledger(request, false, &ledger, error) != EH_OK || eh_ledger_key_rotate(ledger, request->finish, error) != EH_OK)
        return EH_STATUS_ERROR;
    return keys_print(request, error);
}

static const eh_state_act acts[] = {
    {"show", "", "prints the verifier keys of the keys that sign now, the newest first", EH_TAKES_OUTPUT, false, 0, 0, keys_print},
    {"make", "[--name NAME]", "makes the keys of a workspace that has none; with a name, the ledger too", EH_TAKES_NAME, true, 0, 0, make_run},
    {"rotate", "[--finish]", "lets a new key sign beside the old one; with --finish, the new one alone", EH_TAKES_FINISH | EH_TAKES_NOW, false, 0, 0,
     rotate_run},
};
static const eh_state_command command = {"keys", "the keys that sign the ledger", acts, sizeof acts / sizeof acts[0]};

int eh_keys_command(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "api") == 0)
        return eh_keys_api_command(argc - 1, argv + 1);
    return eh_state_run(&command, argc, argv);
}

void eh_keys_help(eh_buffer *out)
{
    eh_state_help(&command, out);
    eh_buffer_text(out, "\nKeys of the interface for machines: evenhand keys api --help\n");
}
