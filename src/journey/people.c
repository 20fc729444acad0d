/* What the rooms below keep about one person, joined: their marks, where the shop's files hold them, forgetting. */
#include "journey/people_int.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "feedback/feedback.h"
#include "journey/campaigns.h"
#include "vault/vault.h"

enum { SCRUB_TRIES = 40, SCRUB_PAUSE_MS = 50 };

eh_code eh_rights_into_ledger(void *ledger, const eh_rights_entry *entries, size_t count, char (*ids_out)[EH_RIGHTS_ENTRY_ID_BYTES], eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_ledger_entry *appended = arena == NULL ? NULL : EH_TAKE(arena, count, eh_ledger_entry);
    eh_ledger_receipt *receipts = arena == NULL ? NULL : EH_TAKE(arena, count, eh_ledger_receipt);
    if (ledger == NULL)
        return eh_fail(error, EH_UNAVAILABLE, "the ledger is not open here");
    if (appended == NULL || receipts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        appended[i] = (eh_ledger_entry){.kind = eh_view_of(entries[i].kind), .person = entries[i].person, .payload = entries[i].payload};
    EH_TRY(eh_ledger_append(ledger, appended, count, receipts, error));
    for (size_t i = 0; i < count; i++)
        memcpy(ids_out[i], receipts[i].id, sizeof receipts[i].id);
    return EH_OK;
}

/* ---- marks ------------------------------------------------------------------------------------------------------------------------------ */

static void text_add(const char **texts, size_t *count, const char *text)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(texts[i], text) == 0)
            return;
    if (text[0] != '\0')
        texts[(*count)++] = text;
}

eh_code eh_person_marks_read(eh_rights *rights, eh_view key, eh_arena *arena, eh_person_marks *marks_out, eh_error *error)
{
    eh_person person;
    EH_TRY(eh_person_read(rights, key, arena, &person, error));
    const char *asked = eh_arena_copy(arena, key);
    const char **keys = EH_TAKE(arena, 2 + person.aliases_count, const char *);
    const char **marks = EH_TAKE(arena, 2 + person.aliases_count + person.contacts_count, const char *);
    size_t keys_count = 0, marks_count = 0;
    if (asked == NULL || keys == NULL || marks == NULL)
        return eh_fail_memory(error);
    text_add(keys, &keys_count, asked);
    text_add(keys, &keys_count, person.key);
    for (size_t i = 0; i < person.aliases_count; i++)
        text_add(keys, &keys_count, person.aliases[i]);
    for (size_t i = 0; i < keys_count; i++)
        text_add(marks, &marks_count, keys[i]);
    for (size_t i = 0; i < person.contacts_count; i++)
        text_add(marks, &marks_count, person.contacts[i].value);
    *marks_out = (eh_person_marks){.keys = keys, .keys_count = keys_count, .marks = marks, .marks_count = marks_count};
    return EH_OK;
}

/* ---- places ------------------------------------------------------------------------------------------------------------------------------- */

static void engine_dispose(eh_engine **engine)
{
    eh_engine_close(engine);
}

static eh_code place_read(eh_workspace *workspace, const eh_workspace_source *source, const eh_person_marks *marks, eh_arena *arena, eh_person_place *place,
                          eh_error *error)
{
    EH_CLEANUP(engine_dispose) eh_engine *engine = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer files = {0};
    eh_error problem = {0};
    const char **paths = EH_TAKE(arena, source->reads_count, const char *);
    if (paths == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < source->reads_count; i++) {
        paths[i] = eh_workspace_path(workspace, source->reads[i]);
        eh_buffer_format(&files, "%s%s", i > 0 ? ", " : "", source->reads[i]);
        if (paths[i] == NULL)
            return eh_fail_memory(error);
    }
    place->source = source->name;
    place->files = eh_arena_copy(arena, eh_buffer_view(&files));
    if (place->files == NULL)
        return eh_fail_memory(error);
    eh_code code = eh_engine_open(&(eh_engine_options){.as_text = true}, &engine, &problem);
    if (code == EH_OK)
        code = eh_engine_read(engine, paths, source->reads_count, &problem);
    if (code == EH_OK)
        code = eh_engine_rows_holding(engine, marks->marks, marks->marks_count, &place->rows_count, &problem);
    if (code == EH_OK)
        return EH_OK;
    place->problem = eh_arena_copy(arena, eh_view_of(problem.text));
    return place->problem != NULL ? EH_OK : eh_fail_memory(error);
}

eh_code eh_person_places(eh_workspace *workspace, const eh_person_marks *marks, eh_arena *arena, const eh_person_place **places_out, size_t *count_out,
                         eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(workspace);
    eh_person_place *places = EH_TAKE(arena, model->sources_count, eh_person_place);
    size_t count = 0;
    if (places == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < model->sources_count; i++)
        if (model->sources[i].reads_count > 0)
            EH_TRY(place_read(workspace, &model->sources[i], marks, arena, &places[count++], error));
    *places_out = places;
    *count_out = count;
    return EH_OK;
}

/* ---- forgetting ----------------------------------------------------------------------------------------------------------------------------- */

static bool file_is_there(const char *folder, const char *name)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_buffer_format(&path, "%s/%s", folder, name);
    return path.ptr != NULL && access(path.ptr, F_OK) == 0;
}

static eh_code vault_forget(const eh_forget_spec *spec, const eh_person_marks *marks, eh_error *error)
{
    EH_CLEANUP(eh_vault_close) eh_vault *vault = NULL;
    const eh_vault_access access = {.purpose = EH_VAULT_REQUEST, .role = "evenhand", .reason = "the person asked to be erased", .at = spec->now};
    if (!file_is_there(spec->model->state_folder, "vault.db"))
        return EH_OK;
    EH_TRY(eh_vault_open(spec->model->state_folder, &vault, error));
    for (size_t i = 0; i < marks->keys_count; i++)
        EH_TRY(eh_vault_forget(vault, &access, marks->keys[i], NULL, error));
    return EH_OK;
}

static eh_code ledger_forget(const eh_forget_spec *spec, eh_forgotten *forgotten, eh_error *error)
{
    eh_ledger_receipt receipt;
    for (size_t i = 0; spec->ledger != NULL && i < forgotten->marks.keys_count; i++) {
        uint64_t entries = 0;
        EH_TRY(eh_ledger_person_erase(spec->ledger, eh_view_of(forgotten->marks.keys[i]), EH_VIEW("request"), &entries, &receipt, error));
        forgotten->entries += entries;
    }
    return EH_OK;
}

static eh_code tables_write(const eh_forget_spec *spec, eh_store *store, eh_forgotten *forgotten, eh_error *error)
{
    for (size_t i = 0; i < forgotten->marks.keys_count; i++) {
        uint64_t pieces = 0;
        EH_TRY(eh_feedback_forget(store, eh_view_of(forgotten->marks.keys[i]), &pieces, error));
        forgotten->feedback += pieces;
    }
    return spec->also == NULL ? EH_OK : spec->also(store, &forgotten->marks, &forgotten->others, error);
}

static eh_code tables_forget(const eh_forget_spec *spec, eh_forgotten *forgotten, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_buffer_format(&path, "%s/evenhand.db", spec->model->state_folder);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, error));
    EH_TRY(eh_feedback_migrate(store, error));
    EH_TRY(eh_store_begin(store, error));
    EH_TRY(tables_write(spec, store, forgotten, error)); /* closing rolls back */
    return eh_store_commit(store, error);
}

static eh_code campaigns_forget(const eh_forget_spec *spec, eh_forgotten *forgotten, eh_error *error)
{
    for (size_t i = 0; i < forgotten->marks.keys_count; i++) {
        uint64_t count = 0;
        EH_TRY(eh_campaigns_forget(spec->model->state_folder, eh_view_of(forgotten->marks.keys[i]), &count, error));
        forgotten->decisions += count;
    }
    return EH_OK;
}

/* The database is rebuilt without free pages, which needs a moment without readers: it is tried again, for two seconds. */
static eh_code rights_forget(const eh_forget_spec *spec, eh_arena *arena, eh_forgotten *forgotten, eh_error *error)
{
    const struct timespec pause = {.tv_nsec = SCRUB_PAUSE_MS * 1000000};
    for (unsigned attempt = 0;; attempt++) {
        eh_erased erased = {0};
        if (spec->let_go != NULL)
            spec->let_go(spec->context);
        eh_code code = eh_person_erase(spec->rights, spec->key, spec->now.seconds, arena, &erased, error);
        if (erased.found || (code == EH_OK && !forgotten->person.found))
            forgotten->person = erased;
        if (code != EH_UNAVAILABLE || attempt == SCRUB_TRIES)
            return code;
        (void)nanosleep(&pause, NULL);
    }
}

eh_code eh_person_forget(const eh_forget_spec *spec, eh_arena *arena, eh_forgotten *forgotten_out, eh_error *error)
{
    eh_forgotten forgotten = {0};
    if (spec->key.len == 0 || spec->key.len > EH_RIGHTS_KEY_BYTES_MAX || !eh_utf8_valid(spec->key))
        return eh_fail(error, EH_INPUT, "a person's key has 1 to %d bytes of UTF-8", EH_RIGHTS_KEY_BYTES_MAX);
    EH_TRY(eh_person_marks_read(spec->rights, spec->key, arena, &forgotten.marks, error));
    EH_TRY(ledger_forget(spec, &forgotten, error));
    EH_TRY(vault_forget(spec, &forgotten.marks, error));
    EH_TRY(tables_forget(spec, &forgotten, error));
    EH_TRY(campaigns_forget(spec, &forgotten, error));
    EH_TRY(eh_state_files_forget(spec->model->state_folder, &forgotten.marks, &forgotten, error));
    EH_TRY(rights_forget(spec, arena, &forgotten, error));
    EH_TRY(eh_state_files_holding(spec->model->state_folder, &forgotten.marks, arena, &forgotten.left, &forgotten.left_count, error));
    *forgotten_out = forgotten;
    return EH_OK;
}

void eh_people_without_erased(eh_people_options *options, eh_erased_list *list)
{
    if (eh_erased_list_count(list) == 0)
        return;
    options->left_out = eh_erased_list_has;
    options->left_out_context = list;
}
