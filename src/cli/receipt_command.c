/* `evenhand receipt`: is this receipt the shop's own, and which key says so. */
#include <string.h>

#include "cli/person_int.h"

static const char *const options[] = {"--public-key", "--output", "--quiet", NULL};

void eh_receipt_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand receipt - checks the receipts that people were given\n"
                   "\n"
                   "  evenhand receipt verify FILE [option]...\n"
                   "  evenhand receipt key [option]...\n"
                   "\n"
                   "verify says whether FILE was signed with the shop's key and is unchanged; with\n"
                   "--public-key it needs no workspace. key prints the public key, for publishing.\n");
    eh_person_options_help(options, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 genuine, 1 not genuine, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand person receipt 4711 --output receipt.jsonld\n"
                   "  evenhand receipt verify receipt.jsonld\n"
                   "  evenhand receipt key --output receipts.pem\n");
}

static eh_code key_do(eh_person_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer pem = {0};
    EH_TRY(eh_person_run_open(run, error));
    eh_receipt_key(run->rights, &pem);
    return eh_person_out(run, &pem, error);
}

static eh_code verify_do(eh_person_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer pem = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_receipt_facts facts;
    eh_error verdict = {0};
    const char *path = run->request.words[1];
    if (run->request.public_key != NULL) {
        if (eh_file_read(run->request.public_key, 4096, &pem, error) != EH_OK)
            return eh_fail_within(error, "--public-key");
    } else {
        EH_TRY(eh_person_run_open(run, error));
        eh_receipt_key(run->rights, &pem);
    }
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    EH_TRY(eh_file_read(path, EH_JSON_BYTES_MAX, &text, error));
    eh_code code = eh_receipt_check(eh_buffer_view(&text), path, eh_buffer_view(&pem), run->arena, &facts, &verdict);
    if (code == EH_DENIED) {
        run->status = 1;
        eh_visible_append(&run->out, eh_view_of(verdict.text), false);
        eh_buffer_text(&run->out, "\n");
        return EH_OK;
    }
    if (code != EH_OK) {
        *error = verdict;
        return code;
    }
    if (run->request.quiet)
        return EH_OK;
    eh_buffer_text(&run->out, "genuine: given by ");
    eh_visible_append(&run->out, eh_view_of(facts.shop), false);
    eh_buffer_text(&run->out, " to ");
    eh_visible_append(&run->out, eh_view_of(facts.person), false);
    eh_buffer_format(&run->out, " at %s\n", facts.created);
    return EH_OK;
}

static eh_code receipt_do(eh_person_run *run, eh_error *error)
{
    const eh_person_request *request = &run->request;
    if (request->words_count == 1 && strcmp(request->words[0], "key") == 0)
        return key_do(run, error);
    if (request->words_count == 2 && strcmp(request->words[0], "verify") == 0)
        return verify_do(run, error);
    return eh_fail(error, EH_INPUT, "write  evenhand receipt verify FILE  or  evenhand receipt key");
}

int eh_receipt_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_person_run run = {.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    int status = EH_STATUS_ERROR;
    if (run.arena == NULL) {
        (void)eh_fail_memory(&error);
        eh_error_show("receipt", &error);
    } else if (eh_person_request_read(argc, argv, options, run.arena, &run.request, &error) != EH_OK) {
        eh_error_show("receipt", &error);
    } else if (run.request.help) {
        eh_receipt_help(&run.out);
        status = eh_stdout_show("receipt", &run.out);
    } else if (receipt_do(&run, &error) != EH_OK || eh_buffer_check(&run.out, &error) != EH_OK) {
        eh_error_show("receipt", &error);
    } else {
        status = eh_stdout_show("receipt", &run.out);
        status = status == 0 ? run.status : status;
    }
    eh_person_run_close(&run);
    return status;
}
