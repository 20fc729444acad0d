/* From a file to acts: rows in batches, one transaction each; what did not fit together is listed. */
#include <string.h>

#include "rights/import_int.h"
#include "rights/records_int.h"
#include "rights/restore_int.h"

enum { BATCH_ROWS = 10000, BATCH_ARENA_BYTES = 256 << 20 };

typedef struct {
    eh_rights *rights;
    const eh_import_options *options;
    const eh_import_map *map;
    eh_import_context context;
    eh_arena *arena;       /* of the report */
    eh_arena *batch_arena; /* of one transaction */
    eh_speech *speeches;
    uint64_t *rows;        /* of each speech */
    size_t speeches_count;
    bool by_address;       /* the batch holds people who are known by an address alone */
    eh_import_report *report;
    eh_import_conflict *conflicts;
    eh_import_problem *problems;
} importing;

/* ---- the report ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code problem_list(importing *im, uint64_t row, const char *what, eh_error *error)
{
    im->report->problems_count++;
    if (im->report->problems_listed == EH_IMPORT_LISTED_MAX)
        return EH_OK;
    eh_import_problem *problem = &im->problems[im->report->problems_listed++];
    *problem = (eh_import_problem){.row = row, .what = eh_arena_copy(im->arena, eh_view_of(what))};
    return problem->what != NULL ? EH_OK : eh_fail_memory(error);
}

static eh_code conflict_list(importing *im, uint64_t row, const eh_speech *speech, size_t act, eh_error *error)
{
    im->report->conflicts_count++;
    if (im->report->conflicts_listed == EH_IMPORT_LISTED_MAX)
        return EH_OK;
    eh_import_conflict *conflict = &im->conflicts[im->report->conflicts_listed++];
    *conflict = (eh_import_conflict){.row = row, .key = eh_arena_copy(im->arena, speech->key), .purpose = speech->acts[act].purpose,
                                     .channel = speech->acts[act].channel, .effect = speech->results[act].effect,
                                     .record = speech->results[act].record};
    return conflict->key != NULL ? EH_OK : eh_fail_memory(error);
}

static eh_code speech_count(importing *im, size_t i, eh_error *error)
{
    const eh_speech *speech = &im->speeches[i];
    if (speech->refused == EH_DENIED) {
        im->report->suppressed_count++;
        return EH_OK;
    }
    if (speech->refused != EH_OK)
        return problem_list(im, im->rows[i], "could not be recorded: the version has another wording on record, or a text is too long", error);
    for (size_t k = 0; k < speech->acts_count; k++) {
        const eh_said_result *result = &speech->results[k];
        im->report->known_count += result->known ? 1 : 0;
        im->report->recorded_count += result->known ? 0 : 1;
        im->report->without_wording_count += !result->known && speech->acts[k].kind == EH_ACT_CONSENT && speech->acts[k].wording == NULL ? 1 : 0;
        if (result->effect == EH_EFFECT_KEPT_NO || result->effect == EH_EFFECT_TURNED_NO)
            EH_TRY(conflict_list(im, im->rows[i], speech, k, error));
    }
    return EH_OK;
}

/* ---- batches --------------------------------------------------------------------------------------------------------------------------------- */

static eh_code batch_begin(importing *im, eh_error *error)
{
    eh_arena_close(&im->batch_arena);
    im->batch_arena = eh_arena_open(BATCH_ARENA_BYTES);
    im->speeches_count = 0;
    im->by_address = false;
    if (im->batch_arena == NULL)
        return eh_fail_memory(error);
    im->speeches = EH_TAKE(im->batch_arena, BATCH_ROWS, eh_speech);
    im->rows = EH_TAKE(im->batch_arena, BATCH_ROWS, uint64_t);
    return im->speeches != NULL && im->rows != NULL ? EH_OK : eh_fail_memory(error);
}

static eh_code batch_end(importing *im, eh_error *error)
{
    if (im->speeches_count == 0)
        return EH_OK;
    EH_TRY(eh_rights_say_many(im->rights, im->speeches, im->speeches_count, true, im->options->now_s, error));
    for (size_t i = 0; i < im->speeches_count; i++)
        EH_TRY(speech_count(im, i, error));
    return batch_begin(im, error);
}

/* Without a time a file says again and again what it said before: that is no news. */
static bool is_news(const importing *im, eh_view key, const eh_import_row *row, size_t act)
{
    eh_state state;
    uint32_t slots = eh_act_slots(&row->acts[act]);
    if (row->time_known[act] || row->acts[act].kind == EH_ACT_BIRTH || !eh_index_state(im->rights->index, key, &state))
        return true;
    eh_said said = row->acts[act].kind == EH_ACT_CONSENT ? EH_SAID_YES : EH_SAID_NO;
    for (unsigned s = 0; s < EH_SLOTS_COUNT; s++)
        if ((slots >> s & 1) != 0 && state.slots[s].said != said)
            return true;
    return false;
}

static eh_code speech_add(importing *im, eh_view key, const eh_import_row *row, uint64_t number, eh_error *error)
{
    eh_act *acts = EH_TAKE(im->batch_arena, row->acts_count, eh_act);
    eh_said_result *results = EH_TAKE(im->batch_arena, row->acts_count, eh_said_result);
    const char *texts[] = {eh_arena_copy(im->batch_arena, key), eh_arena_copy(im->batch_arena, row->email), eh_arena_copy(im->batch_arena, row->phone)};
    size_t count = 0;
    if (acts == NULL || results == NULL || texts[0] == NULL || texts[1] == NULL || texts[2] == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < row->acts_count; i++) {
        if (is_news(im, key, row, i))
            acts[count++] = row->acts[i];
        else
            im->report->known_count++;
    }
    if (count == 0 && (row->key.len == 0 || row->email.len + row->phone.len == 0))
        return EH_OK; /* nothing new, and no address under which another file may know them */
    im->rows[im->speeches_count] = number;
    im->speeches[im->speeches_count++] = (eh_speech){.key = eh_view_of(texts[0]), .email = eh_view_of(texts[1]), .phone = eh_view_of(texts[2]), .acts = acts,
                                                     .acts_count = count, .results = results};
    return im->speeches_count == BATCH_ROWS ? batch_end(im, error) : EH_OK;
}

/*
 * An earlier file knew this person by their address alone, so the address was the key. Now that the key is told, both are one person: what was said under
 * the address must not be missed when the key is asked about.
 */
static eh_code address_join(importing *im, const eh_import_row *row, eh_error *error)
{
    eh_state state;
    const eh_said_result *results = NULL;
    const eh_view addresses[] = {row->email, row->phone};
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        if (addresses[i].len == 0 || eh_view_equal(addresses[i], row->key) || !eh_index_state(im->rights->index, addresses[i], &state) ||
            eh_index_same(im->rights->index, addresses[i], row->key))
            continue;
        const char *address = eh_arena_copy(im->arena, addresses[i]), *key = eh_arena_copy(im->arena, row->key);
        if (address == NULL || key == NULL)
            return eh_fail_memory(error);
        eh_speech speech = {.key = eh_view_of(key)};
        EH_TRY(eh_rights_say_many(im->rights, &speech, 1, true, im->options->now_s, error));
        if (speech.refused == EH_OK)
            EH_TRY(eh_person_merge(im->rights, eh_view_of(address), speech.key, im->options->now_s, im->arena, &results, &count, error));
    }
    return EH_OK;
}

/* A row that names nobody by key is about everybody who is known by that address; else the address is the key. */
static eh_code speech_address(importing *im, const eh_import_row *row, uint64_t number, eh_error *error)
{
    const char *const *keys = NULL;
    size_t count = 0;
    if (row->key.len > 0) {
        EH_TRY(address_join(im, row, error));
        return speech_add(im, row->key, row, number, error);
    }
    if (row->email.len > 0)
        EH_TRY(eh_contact_keys(im->rights, "email", row->email, im->batch_arena, &keys, &count, error));
    if (count == 0 && row->phone.len > 0)
        EH_TRY(eh_contact_keys(im->rights, "phone", row->phone, im->batch_arena, &keys, &count, error));
    for (size_t i = 0; i < count; i++)
        EH_TRY(speech_add(im, eh_view_of(keys[i]), row, number, error));
    im->by_address = im->by_address || count == 0;
    return count > 0 ? EH_OK : speech_add(im, row->email.len > 0 ? row->email : row->phone, row, number, error);
}

static bool has_key(const eh_import_map *map, const eh_view *cells)
{
    for (size_t i = 0; i < map->columns_count; i++)
        if (map->columns[i].role == EH_ROLE_KEY && eh_view_trim(cells[i]).len > 0)
            return true;
    return false;
}

static eh_code row_visit(void *context, uint64_t number, const eh_view *cells, eh_error *error)
{
    importing *im = context;
    eh_import_row row;
    if (im->by_address && has_key(im->map, cells)) /* a key may belong to an address that waits in the batch */
        EH_TRY(batch_end(im, error));
    EH_TRY(eh_import_row_read(im->map, &im->context, number, cells, im->batch_arena, &row, error));
    im->report->rows_count++;
    im->report->unknown_count += row.unknown_count;
    if (row.problem != NULL)
        EH_TRY(problem_list(im, number, row.problem, error));
    for (size_t i = 0; i < row.acts_count; i++) {
        im->report->yes_count += row.acts[i].kind == EH_ACT_CONSENT ? 1 : 0;
        im->report->no_count += row.acts[i].kind == EH_ACT_WITHDRAW ? 1 : 0;
    }
    return row.acts_count > 0 || (row.key.len > 0 && row.problem == NULL) ? speech_address(im, &row, number, error) : EH_OK;
}

/* ---- the file --------------------------------------------------------------------------------------------------------------------------------- */

static void engine_dispose(eh_engine **engine)
{
    eh_engine_close(engine);
}

static eh_code table_import(importing *im, eh_engine *engine, eh_error *error)
{
    const char *const *names = NULL;
    const char *columns[EH_IMPORT_COLUMNS_MAX];
    size_t names_count = 0;
    eh_import_map map;
    eh_engine_columns(engine, &names, &names_count);
    if (eh_import_map_make(names, names_count, im->options->key_column, &map, error) != EH_OK)
        return eh_fail_within(error, "%s", im->options->path);
    for (size_t i = 0; i < map.columns_count; i++)
        columns[i] = map.columns[i].name;
    im->map = &map;
    im->report->system = map.system;
    im->report->no_is_vague = map.no_is_vague;
    EH_TRY(batch_begin(im, error));
    EH_TRY(eh_engine_rows(engine, columns, map.columns_count, row_visit, im, error));
    EH_TRY(batch_end(im, error));
    im->map = NULL;
    return EH_OK;
}

static eh_code csv_import(importing *im, eh_error *error)
{
    EH_CLEANUP(engine_dispose) eh_engine *engine = NULL;
    eh_engine_options options = im->options->engine != NULL ? *im->options->engine : (eh_engine_options){0};
    const char *const *names = NULL;
    size_t names_count = 0;
    options.as_text = true;
    EH_TRY(eh_engine_open(&options, &engine, error));
    EH_TRY(eh_engine_read(engine, &im->options->path, 1, error));
    eh_engine_columns(engine, &names, &names_count);
    if (eh_restore_is_table(names, names_count))
        return eh_restore_table(im->rights, engine, im->options, im->arena, im->report, error);
    return table_import(im, engine, error);
}

static eh_code import_all(importing *im, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    bool is_json = false;
    if (strcmp(im->options->path, "-") != 0) {
        eh_buffer_init(&text, EH_JSON_BYTES_MAX);
        eh_code code = eh_restore_peek(im->options->path, &is_json, error);
        if (code != EH_OK)
            return code;
        if (is_json) {
            EH_TRY(eh_file_read(im->options->path, EH_JSON_BYTES_MAX, &text, error));
            return eh_restore_json(im->rights, eh_buffer_view(&text), im->options, im->arena, im->report, error);
        }
    }
    return csv_import(im, error);
}

eh_code eh_import_consent(eh_rights *rights, const eh_import_options *options, eh_arena *arena, eh_import_report *report_out, eh_error *error)
{
    eh_import_report report = {0};
    importing im = {.rights = rights, .options = options, .arena = arena, .report = &report};
    im.conflicts = EH_TAKE(arena, EH_IMPORT_LISTED_MAX, eh_import_conflict);
    im.problems = EH_TAKE(arena, EH_IMPORT_LISTED_MAX, eh_import_problem);
    if (im.conflicts == NULL || im.problems == NULL)
        return eh_fail_memory(error);
    im.context = (eh_import_context){.path = options->path, .now_s = options->now_s, .wording = options->wording, .version = options->version,
                                     .language = options->language};
    if (options->jurisdiction != NULL)
        EH_TRY(eh_jurisdiction_read(eh_view_of(options->jurisdiction), &im.context.jurisdiction, error));
    report.conflicts = im.conflicts;
    report.problems = im.problems;
    eh_code code = import_all(&im, error);
    eh_arena_close(&im.batch_arena);
    if (code == EH_OK)
        *report_out = report;
    return code;
}
