/* `evenhand import consent FILE`: what other systems know of people's consent. */
#include <string.h>

#include "cli/person_int.h"

static const char *const options[] = {"--key",      "--wording", "--wording-file", "--wording-version", "--language", "--jurisdiction",
                                      "--format",   "--output",  "--quiet",        NULL};
enum { CONFLICTS_SHOWN = 50, PROBLEMS_SHOWN = 20 };

void eh_import_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand import - takes in what other systems know\n"
                   "\n"
                   "  evenhand import consent FILE [option]...\n"
                   "\n"
                   "FILE is the customer export of Shopify, a profile or list export of Klaviyo, an\n"
                   "audience export of Mailchimp, a table of your own (columns key, purpose, channel,\n"
                   "said, at, how, wording, version), or an export of evenhand person (JSON or CSV).\n"
                   "Conflicts are resolved towards no and listed; no import undoes an objection.\n");
    eh_person_options_help(options, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 imported, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand import consent customers_export.csv --jurisdiction IE\n"
                   "  evenhand import consent profiles.csv --key \"External ID\" \\\n"
                   "      --wording-file signup.txt --wording-version n1\n");
}

static const char *conflict_words(const eh_import_conflict *conflict)
{
    return conflict->effect == EH_EFFECT_KEPT_NO ? "the file says yes, a no is on record: it stays no" : "the file says no, a yes was on record: it is no now";
}

static void text_write(const eh_import_report *report, eh_buffer *out)
{
    eh_buffer_format(out, "%s export: %llu rows; %llu yes, %llu no, %llu unknown\n", report->system, (unsigned long long)report->rows_count,
                     (unsigned long long)report->yes_count, (unsigned long long)report->no_count, (unsigned long long)report->unknown_count);
    eh_buffer_format(out, "recorded %llu, on record already %llu\n", (unsigned long long)report->recorded_count, (unsigned long long)report->known_count);
    if (report->no_is_vague && report->no_count > 0)
        eh_buffer_format(out, "note: \"no\" in this export can mean never asked or withdrawn; it is taken as no\n");
    if (report->without_wording_count > 0)
        eh_buffer_format(out, "note: %llu yes without the wording that was shown; say it with --wording or --wording-file, or you cannot prove them (GDPR 7(1))\n",
                         (unsigned long long)report->without_wording_count);
    if (report->suppressed_count > 0)
        eh_buffer_format(out, "left out: %llu row%s about people who were erased\n", (unsigned long long)report->suppressed_count,
                         report->suppressed_count == 1 ? "" : "s");
    if (report->conflicts_count > 0)
        eh_buffer_format(out, "\n%llu conflict%s, resolved towards no:\n", (unsigned long long)report->conflicts_count,
                         report->conflicts_count == 1 ? "" : "s");
    for (size_t i = 0; i < report->conflicts_listed && i < CONFLICTS_SHOWN; i++) {
        const eh_import_conflict *conflict = &report->conflicts[i];
        eh_buffer_format(out, "  row %llu, ", (unsigned long long)conflict->row);
        eh_visible_append(out, eh_view_of(conflict->key), false);
        eh_buffer_format(out, ", %s%s%s: %s\n", eh_purpose_name(conflict->purpose), conflict->purpose == EH_PURPOSE_MARKETING ? " by " : "",
                         conflict->purpose == EH_PURPOSE_MARKETING ? eh_channel_name(conflict->channel) : "", conflict_words(conflict));
    }
    if (report->conflicts_count > CONFLICTS_SHOWN)
        eh_buffer_format(out, "  and more; --format json lists them\n");
    if (report->problems_count > 0)
        eh_buffer_format(out, "\n%llu row%s not understood (a yes there does not count, a no does):\n", (unsigned long long)report->problems_count,
                         report->problems_count == 1 ? " was" : "s were");
    for (size_t i = 0; i < report->problems_listed && i < PROBLEMS_SHOWN; i++) {
        eh_buffer_format(out, "  row %llu: ", (unsigned long long)report->problems[i].row);
        eh_visible_append(out, eh_view_of(report->problems[i].what), false);
        eh_buffer_byte(out, '\n');
    }
    if (report->problems_count > PROBLEMS_SHOWN)
        eh_buffer_format(out, "  and more; --format json lists them\n");
}

static void json_write(const eh_import_report *report, eh_buffer *out)
{
    eh_json_writer json;
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "system", report->system);
    eh_json_integer(&json, "rows", (int64_t)report->rows_count);
    eh_json_integer(&json, "yes", (int64_t)report->yes_count);
    eh_json_integer(&json, "no", (int64_t)report->no_count);
    eh_json_integer(&json, "unknown", (int64_t)report->unknown_count);
    eh_json_integer(&json, "recorded", (int64_t)report->recorded_count);
    eh_json_integer(&json, "known", (int64_t)report->known_count);
    eh_json_integer(&json, "without_wording", (int64_t)report->without_wording_count);
    eh_json_integer(&json, "suppressed", (int64_t)report->suppressed_count);
    eh_json_integer(&json, "conflicts_count", (int64_t)report->conflicts_count);
    eh_json_array_open(&json, "conflicts");
    for (size_t i = 0; i < report->conflicts_listed; i++) {
        const eh_import_conflict *conflict = &report->conflicts[i];
        eh_json_object_open_flat(&json, NULL);
        eh_json_integer(&json, "row", (int64_t)conflict->row);
        eh_json_text(&json, "key", conflict->key);
        eh_json_text(&json, "purpose", eh_purpose_name(conflict->purpose));
        eh_json_text(&json, "channel", eh_channel_name(conflict->channel));
        eh_json_text(&json, "file_says", conflict->effect == EH_EFFECT_KEPT_NO ? "yes" : "no");
        eh_json_text(&json, "resolved", "no");
        eh_json_id(&json, "record", conflict->record);
        eh_json_object_close(&json);
    }
    eh_json_array_close(&json);
    eh_json_integer(&json, "problems_count", (int64_t)report->problems_count);
    eh_json_array_open(&json, "problems");
    for (size_t i = 0; i < report->problems_listed; i++) {
        eh_json_object_open_flat(&json, NULL);
        eh_json_integer(&json, "row", (int64_t)report->problems[i].row);
        eh_json_text(&json, "what", report->problems[i].what);
        eh_json_object_close(&json);
    }
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
}

static eh_code wording_read(eh_person_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_person_request *request = &run->request;
    if (request->wording_file == NULL)
        return EH_OK;
    if (request->wording != NULL)
        return eh_fail(error, EH_CONFLICT, "--wording and --wording-file say the same; give one");
    if (eh_file_read(request->wording_file, EH_RIGHTS_WORDING_BYTES_MAX, &text, error) != EH_OK)
        return eh_fail_within(error, "--wording-file");
    request->wording = eh_arena_copy(run->arena, eh_view_trim(eh_buffer_view(&text)));
    return request->wording != NULL ? EH_OK : eh_fail_memory(error);
}

static eh_code import_do(eh_person_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_person_request *request = &run->request;
    eh_import_report report;
    bool json = request->format != NULL && strcmp(request->format, "json") == 0;
    if (request->words_count == 0 || strcmp(request->words[0], "consent") != 0)
        return eh_fail(error, EH_INPUT, "what to import is missing, as in: evenhand import consent FILE");
    if (request->words_count != 2)
        return eh_fail(error, EH_INPUT, request->words_count < 2 ? "the file is missing: evenhand import consent FILE" : "one file at a time: evenhand import consent FILE");
    if (!json && request->format != NULL && strcmp(request->format, "text") != 0)
        return eh_fail(error, EH_INPUT, "--format: '%.60s' is none of text, json", request->format);
    EH_TRY(wording_read(run, error));
    EH_TRY(eh_person_run_open(run, error));
    const eh_import_options imported = {.path = request->words[1], .key_column = request->key_column, .wording = request->wording,
                                        .version = request->version, .language = request->language, .jurisdiction = request->jurisdiction,
                                        .now_s = request->now.seconds};
    EH_TRY(eh_import_consent(run->rights, &imported, run->arena, &report, error));
    if (json)
        json_write(&report, &text);
    else if (!request->quiet || report.conflicts_count + report.problems_count > 0)
        text_write(&report, &text);
    return eh_person_out(run, &text, error);
}

int eh_import_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_person_run run = {.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    int status = EH_STATUS_ERROR;
    if (run.arena == NULL) {
        (void)eh_fail_memory(&error);
        eh_error_show("import", &error);
    } else if (eh_person_request_read(argc, argv, options, run.arena, &run.request, &error) != EH_OK) {
        eh_error_show("import", &error);
    } else if (run.request.help) {
        eh_import_help(&run.out);
        status = eh_stdout_show("import", &run.out);
    } else if (import_do(&run, &error) != EH_OK) {
        eh_error_show("import", &error);
    } else {
        status = eh_stdout_show("import", &run.out);
    }
    eh_person_run_close(&run);
    return status;
}
