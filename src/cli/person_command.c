/* `evenhand person`: what one person has said and may ask for. */
#include <string.h>

#include "cli/person_int.h"

typedef struct {
    const char *name, *words, *says;
    eh_code (*run)(eh_person_run *run, eh_error *error);
} person_action;

static const person_action actions[] = {
    {"show", "KEY", "what is on record, and what may be done", eh_person_show_action},
    {"may", "KEY", "may we, for --purpose and --channel? exit status 0 yes, 1 no", eh_person_may},
    {"export", "KEY", "all of it as JSON or CSV, for the person to take along", eh_person_export_action},
    {"correct", "KEY FIELD=VALUE...", "puts right what is wrong; recipients get a notice", eh_person_correct_action},
    {"erase", "KEY", "forgets; a keyed hash stays so that no import brings them back", eh_person_erase_action},
    {"receipt", "KEY", "a signed consent receipt (ISO/IEC TS 27560, JSON-LD)", eh_person_receipt_action},
    {"consent", "KEY", "says yes to --purpose and --channel", eh_person_say},
    {"ask", "KEY", "double opt-in: a yes that waits for its confirmation", eh_person_say},
    {"confirm", "KEY", "the confirmation", eh_person_say},
    {"withdraw", "KEY", "says no; without options to all marketing messages", eh_person_say},
    {"object", "KEY", "objects to direct marketing: no import can undo it", eh_person_say},
    {"opt-out-ai", "KEY", "switches AI-chosen marketing off", eh_person_say},
    {"opt-in-ai", "KEY", "switches it on", eh_person_say},
    {"gpc", "KEY", "the browser sent Sec-GPC: 1", eh_person_say},
    {"purchase", "KEY", "a sale, with the --facts of a soft opt-in", eh_person_say},
    {"inquiry", "KEY", "a question about buying (CASL)", eh_person_say},
    {"birth", "KEY DATE", "a date of birth", eh_person_say},
    {"parent", "KEY", "the holder of parental responsibility agrees", eh_person_say},
    {"merge", "KEY INTO", "two profiles of one person; towards no", eh_person_merge_action},
    {"disclosed", "KEY", "records who got data of the person (--to, --what)", eh_person_disclosed_action},
    {"request", "KEY", "a request of a --kind came in; its time runs", eh_person_request_action},
    {"requests", "", "all that wait, the most urgent first", eh_person_requests_action},
    {"close", "KEY", "the request was answered", eh_person_close_action},
};
enum { ACTIONS_COUNT = sizeof actions / sizeof actions[0] };

static const char *const options[] = {"--purpose",  "--channel", "--how",           "--wording", "--wording-file", "--wording-version", "--language", "--control",
                                      "--jurisdiction", "--at",  "--until",         "--product-group", "--facts",   "--kind",            "--outcome",  "--to",
                                      "--what",     "--format",  "--output",        "--quiet",   NULL};

void eh_person_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand person - what one person has said about their data, and may ask for\n"
                   "\n"
                   "  evenhand person ACTION KEY [option]...\n"
                   "\n"
                   "Actions:\n");
    for (size_t i = 0; i < ACTIONS_COUNT; i++)
        eh_buffer_format(out, "  %-10s %-18s %s\n", actions[i].name, actions[i].words, actions[i].says);
    eh_person_options_help(options, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 done (may: yes), 1 may: no, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand person show 4711\n"
                   "  evenhand person opt-out-ai 4711\n"
                   "  evenhand person consent 4711 --channel email --how \"form on /signup\" \\\n"
                   "      --wording \"Yes, send me news by e-mail.\" --wording-version n1\n"
                   "  evenhand person export 4711 --output 4711.json\n"
                   "  evenhand person erase 4711\n");
}

static eh_code action_find(const eh_person_request *request, const person_action **action_out, eh_error *error)
{
    const char *names[ACTIONS_COUNT];
    if (request->words_count == 0)
        return eh_fail(error, EH_INPUT, "an action is missing, as in: evenhand person show KEY\nevenhand person --help lists them");
    for (size_t i = 0; i < ACTIONS_COUNT; i++) {
        names[i] = actions[i].name;
        if (strcmp(actions[i].name, request->words[0]) != 0)
            continue;
        bool keyless = actions[i].words[0] == '\0';
        if (request->words_count < 2 && !keyless)
            return eh_fail(error, EH_INPUT, "the person's key is missing: evenhand person %s %s", actions[i].name, actions[i].words);
        size_t words_max = keyless ? 1 : strcmp(actions[i].name, "correct") == 0 ? SIZE_MAX : strchr(actions[i].words, ' ') != NULL ? 3 : 2;
        if (request->words_count > words_max)
            return eh_fail(error, EH_INPUT, "'%.60s' is one word too many: evenhand person %s %s", request->words[words_max], actions[i].name,
                           actions[i].words);
        if (!keyless)
            EH_TRY(eh_rights_key_check(eh_view_of(request->words[1]), error));
        if (strcmp(actions[i].name, "merge") == 0 && request->words_count > 2)
            EH_TRY(eh_rights_key_check(eh_view_of(request->words[2]), error));
        *action_out = &actions[i];
        return EH_OK;
    }
    const char *nearest = eh_nearest_name(request->words[0], names, ACTIONS_COUNT);
    return eh_fail(error, EH_INPUT, "'%.60s' is no action%s%s%s; evenhand person --help lists them", request->words[0],
                   nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static eh_code person_do(eh_person_run *run, eh_error *error)
{
    const person_action *action = NULL;
    EH_TRY(action_find(&run->request, &action, error));
    EH_TRY(eh_person_run_open(run, error));
    EH_TRY(action->run(run, error));
    return eh_buffer_check(&run->out, error);
}

int eh_person_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_person_run run = {.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    int status = EH_STATUS_ERROR;
    if (run.arena == NULL) {
        (void)eh_fail_memory(&error);
        eh_error_show("person", &error);
    } else if (eh_person_request_read(argc, argv, options, run.arena, &run.request, &error) != EH_OK) {
        eh_error_show("person", &error);
    } else if (run.request.help) {
        eh_person_help(&run.out);
        status = eh_stdout_show("person", &run.out);
    } else if (person_do(&run, &error) != EH_OK) {
        eh_error_show("person", &error);
    } else {
        status = eh_stdout_show("person", &run.out);
        status = status == 0 ? run.status : status;
    }
    eh_person_run_close(&run);
    return status;
}
