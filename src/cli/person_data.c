/* `evenhand person`: to see, to take along, to correct, to erase, to have a receipt. */
#include <string.h>

#include "cli/person_int.h"
#include "web/api_keys.h"

/* Requests of a kind are answered by doing what they ask for. */
static eh_code requests_answer(eh_person_run *run, eh_request_kind kind, const char *outcome, eh_error *error)
{
    size_t closed = 0;
    return eh_requests_close(run->rights, eh_view_of(run->request.words[1]), kind, run->request.now.seconds, outcome, &closed, error);
}

static void visible_line(eh_buffer *out, const char *text)
{
    eh_visible_append(out, eh_view_of(text), false);
}

/* ---- show ------------------------------------------------------------------------------------------------------------------------------------- */

static void show_person(const eh_person *person, eh_buffer *out)
{
    visible_line(out, person->key);
    if (!person->found) {
        eh_buffer_text(out, ": nothing is on record\n");
        return;
    }
    eh_buffer_text(out, ": on record since ");
    eh_person_time(out, person->since_s);
    eh_buffer_byte(out, '\n');
    for (size_t i = 0; i < person->aliases_count; i++) {
        eh_buffer_text(out, "  also known as ");
        visible_line(out, person->aliases[i]);
        eh_buffer_byte(out, '\n');
    }
    for (size_t i = 0; i < person->contacts_count; i++) {
        eh_buffer_format(out, "  %s ", person->contacts[i].kind);
        visible_line(out, person->contacts[i].value);
        eh_buffer_byte(out, '\n');
    }
}

static eh_code show_answer(eh_person_run *run, const char *key, eh_may_question question, eh_error *error)
{
    eh_may_answer answer;
    char what[48];
    question.at_s = run->request.now.seconds;
    EH_TRY(eh_rights_may(run->rights, eh_view_of(key), &question, &answer, error));
    snprintf(what, sizeof what, "%s", question.purpose == EH_PURPOSE_AI ? "choose with AI" : question.purpose == EH_PURPOSE_SALE ? "sell or share data" : "market by ");
    if (question.purpose == EH_PURPOSE_MARKETING)
        snprintf(what, sizeof what, "market by %s", eh_channel_name(question.channel));
    eh_buffer_format(&run->out, "  %-20s %-4s %s", what, answer.may ? "yes" : "no", answer.sentence);
    for (size_t i = 0; i < answer.records_count; i++)
        eh_buffer_format(&run->out, " (record %016llx)", (unsigned long long)answer.records[i]);
    eh_buffer_byte(&run->out, '\n');
    return EH_OK;
}

static void show_acts(const eh_person *person, eh_buffer *out)
{
    if (person->acts_count > 0)
        eh_buffer_text(out, "\nWhat was said\n");
    for (size_t i = 0; i < person->acts_count; i++) {
        const eh_act *act = &person->acts[i].act;
        bool channelled = act->purpose == EH_PURPOSE_MARKETING && act->kind <= EH_ACT_WITHDRAW;
        eh_buffer_text(out, "  ");
        eh_person_time(out, act->at_s);
        eh_buffer_format(out, ": %s", eh_act_kind_name(act->kind));
        if (act->kind <= EH_ACT_WITHDRAW)
            eh_buffer_format(out, ", %s%s%s", eh_purpose_name(act->purpose), channelled ? " by " : "", channelled ? eh_channel_name(act->channel) : "");
        if (act->by != EH_BY_PERSON)
            eh_buffer_format(out, ", by %s", eh_act_by_name(act->by));
        if (act->how != NULL) {
            eh_buffer_text(out, ", ");
            visible_line(out, act->how);
        }
        eh_buffer_format(out, " (record %016llx)\n", (unsigned long long)act->record);
        if (act->wording != NULL) {
            eh_buffer_text(out, "      \"");
            visible_line(out, act->wording);
            eh_buffer_format(out, "\"%s%s\n", act->version != NULL ? ", version " : "", act->version != NULL ? act->version : "");
        }
    }
}

static void show_rest(const eh_person *person, eh_buffer *out)
{
    for (size_t i = 0; i < person->corrections_count; i++) {
        eh_buffer_text(out, i == 0 ? "\nCorrections\n  " : "  ");
        visible_line(out, person->corrections[i].field);
        eh_buffer_text(out, " is ");
        visible_line(out, person->corrections[i].value);
        eh_buffer_byte(out, '\n');
    }
    for (size_t i = 0; i < person->disclosures_count; i++) {
        eh_buffer_text(out, i == 0 ? "\nRecipients\n  " : "  ");
        visible_line(out, person->disclosures[i].recipient);
        eh_buffer_text(out, " got ");
        visible_line(out, person->disclosures[i].what);
        eh_buffer_byte(out, '\n');
    }
    for (size_t i = 0; i < person->requests_count; i++) {
        const eh_request *request = &person->requests[i];
        eh_buffer_format(out, "%s  %lld: %s, %s ", i == 0 ? "\nRequests\n" : "", (long long)request->request, eh_request_kind_name(request->kind),
                         request->closed_s != 0 ? "closed" : "due");
        eh_person_time(out, request->closed_s != 0 ? request->closed_s : request->due_s);
        eh_buffer_byte(out, '\n');
    }
}

eh_code eh_person_show_action(eh_person_run *run, eh_error *error)
{
    eh_person person;
    EH_TRY(eh_person_read(run->rights, eh_view_of(run->request.words[1]), run->arena, &person, error));
    if (run->request.format != NULL && strcmp(run->request.format, "json") == 0)
        return eh_person_export_action(run, error);
    if (run->request.format != NULL && strcmp(run->request.format, "text") != 0)
        return eh_fail(error, EH_INPUT, "--format: '%.60s' is none of text, json (csv: evenhand person export)", run->request.format);
    show_person(&person, &run->out);
    eh_buffer_text(&run->out, "\nMay we?\n");
    for (int channel = EH_CHANNEL_EMAIL; channel < EH_CHANNELS_COUNT; channel++)
        EH_TRY(show_answer(run, person.key, (eh_may_question){.channel = (eh_channel)channel}, error));
    EH_TRY(show_answer(run, person.key, (eh_may_question){.purpose = EH_PURPOSE_AI}, error));
    EH_TRY(show_answer(run, person.key, (eh_may_question){.purpose = EH_PURPOSE_SALE}, error));
    show_acts(&person, &run->out);
    show_rest(&person, &run->out);
    return EH_OK;
}

/* ---- export ----------------------------------------------------------------------------------------------------------------------------------------- */

static eh_code receipt_of(eh_person_run *run, const eh_person *person, eh_buffer *out, eh_error *error)
{
    const eh_shop *shop = &eh_workspace_get(run->workspace)->shop;
    const eh_receipt_shop told = {.name = shop->name, .address = shop->address, .contact = shop->contact, .website = shop->website,
                                  .country = shop->country, .language = shop->language};
    return eh_receipt_write(run->rights, person, &told, run->request.now.seconds, out, error);
}

static eh_code export_receipt(eh_person_run *run, const eh_person *person, eh_json_writer *json, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    if (person->acts_count > 0) {
        EH_TRY(receipt_of(run, person, &text, error));
        EH_TRY(eh_json_parse(eh_buffer_view(&text), "receipt", &document, error));
    }
    (void)eh_json_copy(json, "receipt", document != NULL ? eh_json_root(document) : NULL);
    return EH_OK;
}

static eh_code export_json(eh_person_run *run, const eh_person *person, eh_buffer *out, eh_error *error)
{
    char now[EH_INSTANT_TEXT_BYTES];
    eh_json_writer json;
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    eh_instant_text((eh_instant){.seconds = run->request.now.seconds}, EH_FRACTION_NONE, now);
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "schema_version", "1");
    eh_json_text(&json, "kind", "evenhand.person");
    eh_json_text(&json, "exported_at", now);
    eh_json_object_open_flat(&json, "shop");
    eh_json_text(&json, "name", model->shop.name);
    eh_json_text(&json, "contact", model->shop.contact);
    eh_json_object_close(&json);
    eh_person_json(run->rights, person, run->request.now.seconds, &json);
    EH_TRY(export_receipt(run, person, &json, error));
    EH_TRY(eh_person_data_json(run, person->key, &json, error));
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
    return EH_OK;
}

eh_code eh_person_export_action(eh_person_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    const char *format = run->request.format != NULL ? run->request.format : "json";
    eh_view key = eh_view_of(run->request.words[1]);
    eh_person_marks marks;
    eh_person person;
    EH_TRY(eh_person_marks_read(run->rights, key, run->arena, &marks, error));
    EH_TRY(eh_person_read(run->rights, key, run->arena, &person, error));
    const eh_person_items_spec spec = {.model = eh_workspace_get(run->workspace), .ledger = run->ledger, .marks = &marks, .also = eh_api_items};
    EH_TRY(eh_person_items_read(&spec, &person, run->arena, error));
    if (strcmp(format, "json") == 0)
        EH_TRY(export_json(run, &person, &text, error));
    else if (strcmp(format, "csv") == 0)
        eh_person_csv(&person, &text);
    else
        return eh_fail(error, EH_INPUT, "--format: '%.60s' is none of json, csv", format);
    EH_TRY(eh_person_out(run, &text, error));
    EH_TRY(requests_answer(run, EH_REQUEST_ACCESS, "exported", error));
    return requests_answer(run, EH_REQUEST_PORTABILITY, "exported", error);
}

static void place_tell(const eh_person_place *place, const char *what, eh_buffer *out)
{
    if (place->problem != NULL)
        eh_buffer_format(out, "look yourself in the source '%s' (%s): it could not be read\n", place->source, place->files);
    else if (place->rows_count > 0)
        eh_buffer_format(out, "%s the source '%s' (%s), which is yours to change: %llu row%s\n", what, place->source, place->files,
                         (unsigned long long)place->rows_count, place->rows_count == 1 ? "" : "s");
}

/* ---- correct -------------------------------------------------------------------------------------------------------------------------------------------- */

/* What was decided on what was wrong does not go out. */
static eh_code plans_tell(eh_person_run *run, const eh_person_marks *marks, eh_error *error)
{
    const char *const *plans = NULL;
    size_t count = 0;
    EH_TRY(eh_person_plans_waiting(eh_workspace_get(run->workspace), marks, run->arena, &plans, &count, error));
    for (size_t i = 0; i < count; i++)
        eh_buffer_format(&run->out, "the plan '%s' was made before: when it goes out, this person is left out of it; a new plan decides on what is right\n", plans[i]);
    return EH_OK;
}

eh_code eh_person_correct_action(eh_person_run *run, eh_error *error)
{
    const eh_person_request *asked = &run->request;
    if (asked->words_count < 3)
        return eh_fail(error, EH_INPUT, "what is right is missing, as in: evenhand person correct KEY city=Cork");
    for (size_t i = 2; i < asked->words_count; i++) {
        size_t notices = 0, len = strcspn(asked->words[i], "=");
        if (asked->words[i][len] != '=' || len == 0)
            return eh_fail(error, EH_INPUT, "'%.60s' has not the form FIELD=VALUE", asked->words[i]);
        const char *field = eh_arena_copy(run->arena, (eh_view){asked->words[i], len});
        if (field == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_person_correct(run->rights, eh_view_of(asked->words[1]), field, asked->words[i] + len + 1, asked->now.seconds, &notices, error));
        if (asked->quiet)
            continue;
        eh_buffer_text(&run->out, "corrected ");
        visible_line(&run->out, field);
        eh_buffer_format(&run->out, "; %zu recipient%s to be told\n", notices, notices == 1 ? " is" : "s are");
    }
    EH_TRY(requests_answer(run, EH_REQUEST_CORRECTION, "corrected", error));
    if (asked->quiet)
        return EH_OK;
    const eh_person_place *places = NULL;
    eh_person_marks marks;
    size_t count = 0;
    EH_TRY(eh_person_marks_read(run->rights, eh_view_of(asked->words[1]), run->arena, &marks, error));
    EH_TRY(eh_person_places(run->workspace, &marks, run->arena, &places, &count, error));
    for (size_t i = 0; i < count; i++)
        place_tell(&places[i], "correct it too in", &run->out);
    return plans_tell(run, &marks, error);
}

/* ---- erase ----------------------------------------------------------------------------------------------------------------------------------------------- */

static void count_tell(eh_buffer *out, uint64_t count, const char *one, const char *many)
{
    if (count > 0)
        eh_buffer_format(out, "        %llu %s\n", (unsigned long long)count, count == 1 ? one : many);
}

static void erase_tell(const eh_forgotten *done, eh_buffer *out)
{
    eh_buffer_format(out, "erased: %zu record%s and all that belongs to them; a keyed hash on the suppression list is all that is left here\n",
                     done->person.acts_count, done->person.acts_count == 1 ? "" : "s");
    count_tell(out, done->entries, "entry of the ledger cannot be opened any more", "entries of the ledger cannot be opened any more");
    count_tell(out, done->decisions, "decision, message or outcome of a plan", "decisions, messages and outcomes of plans");
    count_tell(out, done->feedback, "piece of feedback, without its words", "pieces of feedback, without their words");
    count_tell(out, done->reports, "kept report or list, in which they were named", "kept reports and lists, in which they were named");
    for (size_t i = 0; i < done->person.recipients_count; i++) {
        eh_buffer_text(out, "tell ");
        visible_line(out, done->person.recipients[i]);
        eh_buffer_text(out, " to erase this person too (GDPR 19): who got data is not on record any more\n");
    }
    for (size_t i = 0; i < done->left_count; i++) {
        eh_buffer_text(out, "look yourself in .evenhand/");
        visible_line(out, done->left[i]);
        eh_buffer_text(out, ": it holds a key, an address or a number of this person still\n");
    }
}

/* A source names itself; what else holds them is listed: send lists, exports, letters. */
static bool is_source(const char *file, const eh_person_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(places[i].files, file);
        size_t len = strlen(file);
        if (at != NULL && (at == places[i].files || at[-1] == ' ' || at[-1] == '/') && (at[len] == '\0' || at[len] == ','))
            return true;
    }
    return false;
}

static void files_tell(const char *const *files, size_t files_count, const eh_person_place *places, size_t count, eh_buffer *out)
{
    for (size_t i = 0; i < files_count; i++) {
        if (is_source(files[i], places, count))
            continue;
        eh_buffer_text(out, "still in ");
        visible_line(out, files[i]);
        eh_buffer_text(out, ", which is yours to change or to delete\n");
    }
}

eh_code eh_person_erase_action(eh_person_run *run, eh_error *error)
{
    eh_forgotten done;
    const eh_person_place *places = NULL;
    const char *const *files = NULL;
    size_t count = 0, files_count = 0;
    const eh_forget_spec spec = {.model = eh_workspace_get(run->workspace), .rights = run->rights, .ledger = run->ledger,
                                 .key = eh_view_of(run->request.words[1]), .now = run->request.now, .also = eh_api_forget};
    if (run->ledger_busy)
        return eh_fail(error, EH_UNAVAILABLE, "another process (evenhand serve?) writes the ledger; stop it or erase there, so that nothing is left in it");
    EH_TRY(eh_person_forget(&spec, run->arena, &done, error));
    if (run->request.quiet)
        return EH_OK;
    EH_TRY(eh_person_places(run->workspace, &done.marks, run->arena, &places, &count, error));
    EH_TRY(eh_person_files(spec.model->folder, &done.marks, run->arena, &files, &files_count, error));
    erase_tell(&done, &run->out);
    for (size_t i = 0; i < count; i++)
        place_tell(&places[i], "still in", &run->out);
    files_tell(files, files_count, places, count, &run->out);
    eh_buffer_text(&run->out, "backups that were made before hold them still: let them go when their time is over; evenhand restore erases this person again\n");
    return EH_OK;
}

/* ---- receipt ------------------------------------------------------------------------------------------------------------------------------------------------ */

eh_code eh_person_receipt_action(eh_person_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_person person;
    EH_TRY(eh_person_read(run->rights, eh_view_of(run->request.words[1]), run->arena, &person, error));
    EH_TRY(receipt_of(run, &person, &text, error));
    return eh_person_out(run, &text, error);
}
