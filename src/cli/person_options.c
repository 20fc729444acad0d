/* Options of the commands about people's rights, and opening what they work on. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/person_int.h"
#include "journey/people.h"

/* ---- readers -------------------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *option;
    size_t offset; /* of the text in eh_person_request */
} places[] = {
    {"--workspace", offsetof(eh_person_request, workspace)}, {"--purpose", offsetof(eh_person_request, purpose)},
    {"--channel", offsetof(eh_person_request, channel)},     {"--control", offsetof(eh_person_request, control)},
    {"--how", offsetof(eh_person_request, how)},             {"--wording", offsetof(eh_person_request, wording)},
    {"--wording-file", offsetof(eh_person_request, wording_file)}, {"--wording-version", offsetof(eh_person_request, version)},
    {"--language", offsetof(eh_person_request, language)},   {"--jurisdiction", offsetof(eh_person_request, jurisdiction)},
    {"--product-group", offsetof(eh_person_request, product_group)}, {"--facts", offsetof(eh_person_request, facts)},
    {"--key", offsetof(eh_person_request, key_column)},      {"--format", offsetof(eh_person_request, format)},
    {"--output", offsetof(eh_person_request, output)},       {"--kind", offsetof(eh_person_request, kind)},
    {"--outcome", offsetof(eh_person_request, outcome)},     {"--to", offsetof(eh_person_request, recipient)},
    {"--what", offsetof(eh_person_request, what)},           {"--public-key", offsetof(eh_person_request, public_key)},
};

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the value is empty", use->option);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i].option, use->option) != 0)
            continue;
        *(const char **)(void *)((char *)use->target + places[i].offset) = use->value;
        return EH_OK;
    }
    return eh_fail(error, EH_INTERNAL, "%s: has no place in the request", use->option);
}

static eh_code read_instant(const eh_option_use *use, eh_instant *instant_out, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), instant_out, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    if (instant_out->seconds <= 0 || instant_out->seconds > UINT32_MAX)
        return eh_fail(error, EH_INPUT, "%s: '%s' lies outside 1970 to 2106", use->option, use->value);
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    return read_instant(use, &((eh_person_request *)use->target)->now, error);
}

static eh_code read_at(const eh_option_use *use, eh_error *error)
{
    eh_instant instant;
    EH_TRY(read_instant(use, &instant, error));
    ((eh_person_request *)use->target)->at_s = instant.seconds;
    return EH_OK;
}

static eh_code read_until(const eh_option_use *use, eh_error *error)
{
    eh_instant instant;
    EH_TRY(read_instant(use, &instant, error));
    ((eh_person_request *)use->target)->until_s = instant.seconds;
    return EH_OK;
}

static eh_code read_quiet(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_person_request *)use->target)->quiet = true;
    return EH_OK;
}

static const eh_option table[] = {
    {"--purpose", "PURPOSE", "What was said", "marketing, ai or sale; default marketing", false, read_text},
    {"--channel", "CHANNEL", "What was said", "all, email, sms, push, whatsapp, post, phone, onsite or ads; default all", false, read_text},
    {"--how", "TEXT", "What was said", "where and how, such as \"newsletter form on /signup\"; a yes needs it", false, read_text},
    {"--wording", "TEXT", "What was said", "exactly what was shown; a yes needs it", false, read_text},
    {"--wording-file", "FILE", "What was said", "the same from a file", false, read_text},
    {"--wording-version", "NAME", "What was said", "of the wording; a changed wording needs a new one", false, read_text},
    {"--language", "TAG", "What was said", "of the wording, such as en", false, read_text},
    {"--control", "CONTROL", "What was said", "tick, button, signature, spoken, reply; pre-ticked and bundled are refused; default tick", false, read_text},
    {"--jurisdiction", "PLACE", "What was said", "where the person lives, such as DE or CA-QC", false, read_text},
    {"--at", "TIME", "What was said", "when it was said; default now", false, read_at},
    {"--until", "TIME", "What was said", "how long a yes holds, or a confirmation is waited for", false, read_until},
    {"--product-group", "NAME", "What was said", "of a purchase, or of the message that is asked about", false, read_text},
    {"--facts", "LIST", "What was said", "of a purchase: same_entity, address_from_sale, offered_at_collection; of a message: in_message", false, read_text},

    {"--key", "COLUMN", "The file", "the column that holds the person's key; default told by the columns", false, read_text},

    {"--kind", "KIND", "Requests", "access, portability, correction, erasure, objection, review or complaint", false, read_text},
    {"--outcome", "TEXT", "Requests", "what became of it", false, read_text},
    {"--to", "NAME", "Recipients", "who got the data", false, read_text},
    {"--what", "TEXT", "Recipients", "which data", false, read_text},

    {"--public-key", "FILE", "Receipts", "the shop's key in PEM; default that of the workspace", false, read_text},

    {"--format", "FORMAT", "What comes out", "text, json or csv", false, read_text},
    {"--output", "FILE", "What comes out", "writes to FILE instead of standard output", false, read_text},
    {"--quiet", NULL, "What comes out", "says nothing when all went well", false, read_quiet},

    {"--workspace", "DIR", "More", "the folder of evenhand.yaml; default this one or the nearest above", false, read_text},
    {"--now", "TIME", "More", "the moment to work at, such as 2026-11-24T12:00:00Z; default the clock", false, read_now},
    {"--help", NULL, "More", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

/* The rows of the table that a command takes; --workspace, --now and --help always. */
static size_t table_of(const char *const *options, eh_option out[TABLE_COUNT])
{
    size_t count = 0;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        bool wanted = strcmp(table[i].heading, "More") == 0;
        for (size_t k = 0; options[k] != NULL && !wanted; k++)
            wanted = strcmp(table[i].name, options[k]) == 0;
        if (wanted)
            out[count++] = table[i];
    }
    return count;
}

eh_code eh_person_request_read(int argc, char **argv, const char *const *options, eh_arena *arena, eh_person_request *request_out,
                               eh_error *error)
{
    eh_option own[TABLE_COUNT];
    size_t own_count = table_of(options, own);
    eh_arguments arguments;
    eh_person_request request = {0};
    EH_TRY(eh_arguments_parse(own, own_count, argc, argv, arena, &arguments, error));
    const eh_option_use model = {.arena = arena, .target = &request};
    request.help = arguments.help;
    if (!request.help)
        EH_TRY(eh_arguments_read(own, own_count, &arguments, &model, error));
    request.words = arguments.files;
    request.words_count = arguments.files_count;
    if (request.now.seconds == 0)
        request.now = eh_instant_now();
    *request_out = request;
    return EH_OK;
}

void eh_person_options_help(const char *const *options, eh_buffer *out)
{
    eh_option own[TABLE_COUNT];
    size_t own_count = table_of(options, own);
    eh_options_help(own, own_count, out);
}

/* ---- the workspace ----------------------------------------------------------------------------------------------------------------------- */

/* While a server runs it holds the ledger; what is said meanwhile gets its entries when the ledger is free. */
static eh_code ledger_open(eh_person_run *run, const char *folder, eh_error *error)
{
    if (!eh_ledger_exists(folder))
        return EH_OK;
    eh_code code = eh_ledger_open(folder, NULL, &run->ledger, error);
    run->ledger_busy = code == EH_UNAVAILABLE;
    return run->ledger_busy ? EH_OK : code;
}

eh_code eh_person_run_open(eh_person_run *run, eh_error *error)
{
    EH_TRY(eh_workspace_open(run->request.workspace, &run->workspace, error));
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    eh_rights_options options = {.state_folder = model->state_folder};
    EH_TRY(eh_rights_house_read(model->rights, &options.house, error));
    EH_TRY(ledger_open(run, model->folder, error));
    if (run->ledger != NULL)
        options.ledger = (eh_rights_ledger){.append = eh_rights_into_ledger, .context = run->ledger};
    return eh_rights_open(&options, &run->rights, error);
}

void eh_person_run_close(eh_person_run *run)
{
    eh_rights_close(&run->rights);
    eh_ledger_close(&run->ledger);
    eh_workspace_close(&run->workspace);
    eh_buffer_dispose(&run->out);
    eh_arena_close(&run->arena);
}

eh_code eh_person_out(eh_person_run *run, const eh_buffer *text, eh_error *error)
{
    EH_TRY(eh_buffer_check(text, error));
    if (run->request.output == NULL) {
        eh_buffer_append(&run->out, eh_buffer_view(text));
        return EH_OK;
    }
    EH_TRY(eh_parent_folders_make(run->request.output, error));
    EH_TRY(eh_file_replace(run->request.output, eh_buffer_view(text), error));
    if (!run->request.quiet)
        eh_note_show("wrote", run->request.output);
    return EH_OK;
}

void eh_person_time(eh_buffer *out, int64_t at_s)
{
    eh_civil civil = eh_civil_of((eh_instant){.seconds = at_s}, NULL);
    if (eh_date_in_words((eh_instant){.seconds = at_s}, NULL, "en-GB", EH_DATE_DAY, out, NULL) != EH_OK)
        eh_buffer_format(out, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
    if (civil.hour != 0 || civil.minute != 0)
        eh_buffer_format(out, " %02d:%02d UTC", civil.hour, civil.minute);
}
