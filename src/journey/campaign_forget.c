/* A person leaves what is kept of campaigns: messages, outcomes, traces, decisions, examples. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "journey/release_int.h"

enum { DEPTH_MAX = 64 };

/* ---- the report of a plan --------------------------------------------------------------------------------------------------------------- */

/* A walk over a document that writes it anew; one place per open object or array. */
typedef struct {
    eh_json_value value;
    eh_json_members members;
    size_t item;
    bool examples; /* the array of examples */
} place;

typedef struct {
    place places[DEPTH_MAX];
    size_t depth;
    eh_json_writer out;
    const char *const *people;
    size_t people_count;
} copying;

static bool is_about(const copying *state, eh_json_value example)
{
    const char *person = eh_json_as_text(eh_json_member(example, "person"));
    for (size_t i = 0; person != NULL && i < state->people_count; i++)
        if (strcmp(person, state->people[i]) == 0)
            return true;
    return false;
}

static void scalar_write(eh_json_writer *out, const char *key, eh_json_value value)
{
    int64_t whole;
    bool truth;
    if (eh_json_as_boolean(value, &truth))
        eh_json_boolean(out, key, truth);
    else if (eh_json_as_integer(value, &whole))
        eh_json_integer(out, key, whole);
    else if (eh_json_type_of(value) == EH_JSON_NUMBER)
        eh_json_number(out, key, eh_json_as_number(value));
    else
        eh_json_text(out, key, eh_json_as_text(value)); /* NULL for null */
}

/* One value; an object or array is opened and becomes the innermost place. False: too deep. */
static bool value_write(copying *state, const char *key, eh_json_value value)
{
    eh_json_type type = eh_json_type_of(value);
    if (type != EH_JSON_OBJECT && type != EH_JSON_ARRAY) {
        scalar_write(&state->out, key, value);
        return true;
    }
    if (state->depth == DEPTH_MAX)
        return false;
    if (type == EH_JSON_OBJECT)
        eh_json_object_open(&state->out, key);
    else
        eh_json_array_open(&state->out, key);
    bool examples = type == EH_JSON_ARRAY && state->depth == 1 && key != NULL && strcmp(key, "examples") == 0;
    state->places[state->depth++] = (place){.value = value, .examples = examples};
    return true;
}

/* The next value of the innermost place; false when it was closed. */
static bool place_next(copying *state, const char **key_out, eh_json_value *value_out)
{
    place *at = &state->places[state->depth - 1];
    if (eh_json_type_of(at->value) == EH_JSON_OBJECT) {
        if (!eh_json_next(at->value, &at->members)) {
            eh_json_object_close(&state->out);
            return false;
        }
        *key_out = at->members.key;
        *value_out = at->members.value;
        return true;
    }
    while (at->examples && at->item < eh_json_count(at->value) && is_about(state, eh_json_item(at->value, at->item)))
        at->item++;
    if (at->item == eh_json_count(at->value)) {
        eh_json_array_close(&state->out);
        return false;
    }
    *key_out = NULL;
    *value_out = eh_json_item(at->value, at->item++);
    return true;
}

eh_code eh_plan_report_forget(const char *state_folder, const char *plan, const char *const *people, size_t people_count, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0}, copy = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    copying state = {.people = people, .people_count = people_count};
    const char *key = NULL;
    eh_json_value value = NULL;
    bool any = false;
    eh_buffer_format(&path, "%s/plans/%s/report.json", state_folder, plan);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_file_read(path.ptr, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), path.ptr, &document, error));
    eh_json_value examples = eh_json_member(eh_json_root(document), "examples");
    for (size_t i = 0; i < eh_json_count(examples); i++)
        any = any || is_about(&state, eh_json_item(examples, i));
    if (!any)
        return EH_OK;
    eh_json_begin(&state.out, &copy, true, false);
    bool fits = value_write(&state, NULL, eh_json_root(document));
    while (fits && state.depth > 0) {
        if (place_next(&state, &key, &value))
            fits = value_write(&state, key, value);
        else
            state.depth--;
    }
    if (!fits)
        return eh_fail(error, EH_CORRUPT, "%s is no report of a plan: too deep", path.ptr);
    eh_buffer_byte(&copy, '\n');
    EH_TRY(eh_buffer_check(&copy, error));
    return eh_file_replace(path.ptr, eh_buffer_view(&copy), error);
}

/* ---- traces and decisions ------------------------------------------------------------------------------------------------------------------- */

static eh_code traces_forget(const char *folder, const char *plan, eh_view person, uint64_t *count, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, left = {0}, traces = {0};
    eh_plan_record record = {0};
    size_t at = 0, before = 0;
    bool found = false;
    eh_buffer_format(&path, "%s/plans/%s/traces", folder, plan);
    EH_TRY(eh_buffer_check(&path, error));
    eh_buffer_init(&traces, SIZE_MAX / 4);
    eh_buffer_init(&left, SIZE_MAX / 4);
    EH_TRY(eh_file_read(path.ptr, SIZE_MAX / 4, &traces, error));
    eh_plan_file file = {.name = plan, .traces = traces}; /* borrowed */
    while (!found && at < traces.len) {
        before = at;
        EH_TRY(eh_plan_file_step(&file, &at, &record, error));
        found = eh_view_equal(record.key, person);
    }
    if (!found)
        return EH_OK;
    eh_buffer_append(&left, (eh_view){traces.ptr, before});
    eh_buffer_append(&left, (eh_view){traces.ptr + at, traces.len - at});
    EH_TRY(eh_buffer_check(&left, error));
    EH_TRY(eh_file_replace(path.ptr, eh_buffer_view(&left), error));
    ++*count;
    return EH_OK;
}

static eh_code plan_forget(const char *state_folder, const char *plan, eh_view person, eh_arena *arena, uint64_t *count, eh_error *error)
{
    const char *key = eh_arena_copy(arena, person);
    eh_error reason = {0};
    if (key == NULL)
        return eh_fail_memory(error);
    eh_code code = traces_forget(state_folder, plan, person, count, &reason);
    if (code == EH_OK)
        code = eh_plan_report_forget(state_folder, plan, &key, 1, &reason);
    return code == EH_OK || code == EH_NOT_FOUND ? EH_OK : eh_fail(error, code, "%s", reason.text);
}

static eh_code plans_forget(const char *state_folder, eh_view person, eh_arena *arena, uint64_t *count, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_buffer_format(&path, "%s/plans", state_folder);
    EH_TRY(eh_buffer_check(&path, error));
    DIR *folder = opendir(path.ptr);
    if (folder == NULL)
        return errno == ENOENT ? EH_OK : eh_fail(error, EH_IO, "cannot read %s: %s", path.ptr, strerror(errno));
    eh_code code = EH_OK;
    for (struct dirent *entry = readdir(folder); entry != NULL && code == EH_OK; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            code = plan_forget(state_folder, entry->d_name, person, arena, count, error);
    closedir(folder);
    return code;
}

/* ---- the store --------------------------------------------------------------------------------------------------------------------------- */

static eh_code rows_forget(eh_store *store, const char *sql, eh_view person, uint64_t *count, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *forget = NULL;
    EH_TRY(eh_store_prepare(store, sql, &forget, error));
    eh_bind_text(forget, 1, person);
    EH_TRY(eh_statement_run(forget, error));
    *count += eh_store_changes(store);
    return EH_OK;
}

static eh_code store_forget(const char *state_folder, eh_view person, uint64_t *count, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_TRY(eh_campaigns_open(state_folder, &store, error));
    EH_TRY(eh_store_begin(store, error));
    eh_code code = rows_forget(store, "DELETE FROM campaign_message WHERE person = $1 AND plan IN (SELECT number FROM campaign_plan)", person, count, error);
    if (code == EH_OK)
        code = rows_forget(store, "DELETE FROM campaign_outcome WHERE person = $1 AND plan IN (SELECT number FROM campaign_plan)"
                                  " AND outcome IN (SELECT outcome FROM campaign_batch)", person, count, error);
    if (code == EH_OK)
        code = rows_forget(store, "DELETE FROM campaign_single WHERE person = $1", person, count, error);
    if (code == EH_OK)
        return eh_store_commit(store, error);
    eh_store_rollback(store);
    return code;
}

eh_code eh_campaigns_forget(const char *state_folder, eh_view person, uint64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    uint64_t count = 0;
    if (arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(store_forget(state_folder, person, &count, error));
    EH_TRY(plans_forget(state_folder, person, arena, &count, error));
    if (count_out != NULL)
        *count_out = count;
    return EH_OK;
}
