/* What was put right about a person after a plan was made: its decision about them is stale, and does not go out. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journey/campaigns.h"
#include "journey/people.h"
#include "journey/release_int.h"

enum { NUMBER_BYTES_MAX = 32, WAITING_MAX = 1000 };

static eh_code path_of(const char *state_folder, const char *plan, eh_buffer *path, eh_error *error)
{
    eh_buffer_format(path, "%s/plans/%s/corrections", state_folder, plan);
    return eh_buffer_check(path, error);
}

eh_code eh_plan_corrections_keep(const eh_plan_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    EH_TRY(path_of(run->model->state_folder, run->frame.plan, &path, error));
    eh_buffer_format(&text, "%lld\n", (long long)run->corrections);
    EH_TRY(eh_buffer_check(&text, error));
    return eh_file_replace(path.ptr, eh_buffer_view(&text), error);
}

/* A plan without this file is from before it was kept: then the moments alone tell. */
static eh_code kept_read(const char *state_folder, const char *plan, int64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    double number = 0;
    eh_error reason = {0};
    EH_TRY(path_of(state_folder, plan, &path, error));
    eh_code code = eh_file_read(path.ptr, NUMBER_BYTES_MAX, &text, &reason);
    if (code == EH_NOT_FOUND) {
        *count_out = INT64_MAX;
        return EH_OK;
    }
    if (code != EH_OK)
        return eh_fail(error, code, "%s", reason.text);
    if (!eh_number_read(eh_view_trim(eh_buffer_view(&text)), &number) || number < 0 || number > 9007199254740992.0)
        return eh_fail(error, EH_CORRUPT, "%s: is no number", path.ptr);
    *count_out = (int64_t)number;
    return EH_OK;
}

eh_code eh_plan_stale_read(const eh_stale_spec *spec, bool *stale_out, uint64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    const eh_frame *frame = &spec->plan->frame;
    const char *const *corrected = NULL;
    size_t corrected_count = 0;
    int64_t kept = 0;
    uint64_t count = 0;
    if (arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(kept_read(spec->state_folder, frame->plan, &kept, error));
    EH_TRY(eh_corrected_since(spec->rights, kept, frame->at_s, arena, &corrected, &corrected_count, error));
    for (size_t i = 0; i < corrected_count; i++) {
        size_t place = eh_key_place(spec->keys, spec->keys_count, eh_view_of(corrected[i]));
        if (place == SIZE_MAX || stale_out[place])
            continue;
        stale_out[place] = true;
        count++;
    }
    *count_out = count;
    return EH_OK;
}

/* ---- plans that wait --------------------------------------------------------------------------------------------------------------------- */

static bool holds_person(const eh_workspace_model *model, const char *plan, const eh_person_marks *marks)
{
    for (size_t k = 0; k < marks->keys_count; k++) {
        EH_CLEANUP(eh_decision_close) eh_decision decision = {0};
        eh_error reason = {0};
        if (eh_decision_of_plan(model, plan, marks->keys[k], &decision, &reason) == EH_OK)
            return true;
    }
    return false;
}

typedef struct {
    const eh_workspace_model *model;
    const eh_person_marks *marks;
    eh_arena *arena;
    eh_store *store;
    const char **names;
    size_t count;
} waiting;

static eh_code waiting_add(waiting *w, const char *name, eh_error *error)
{
    eh_campaign_plan row = {0};
    eh_error reason = {0};
    bool out = name[0] == '.' || (eh_campaign_plan_find(w->store, name, w->arena, &row, &reason) == EH_OK && row.released_s != 0);
    if (out || w->count == WAITING_MAX || !holds_person(w->model, name, w->marks))
        return EH_OK;
    w->names[w->count] = eh_arena_copy(w->arena, eh_view_of(name));
    return w->names[w->count++] == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code waiting_find(waiting *w, const char *folder, eh_error *error)
{
    struct dirent **found = NULL;
    int count = scandir(folder, &found, NULL, alphasort);
    if (count < 0)
        return errno == ENOENT ? EH_OK : eh_fail(error, EH_IO, "%s: cannot be listed: %s", folder, strerror(errno));
    eh_code code = EH_OK;
    for (int i = 0; i < count; i++) {
        code = code == EH_OK ? waiting_add(w, found[i]->d_name, error) : code;
        free(found[i]);
    }
    free(found);
    return code;
}

eh_code eh_person_plans_waiting(const eh_workspace_model *model, const eh_person_marks *marks, eh_arena *arena, const char *const **names_out,
                                size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer folder = {0};
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    waiting w = {.model = model, .marks = marks, .arena = arena, .names = EH_TAKE(arena, WAITING_MAX, const char *)};
    eh_buffer_format(&folder, "%s/plans", model->state_folder);
    if (w.names == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_buffer_check(&folder, error));
    EH_TRY(eh_campaigns_open(model->state_folder, &store, error));
    w.store = store;
    EH_TRY(waiting_find(&w, folder.ptr, error));
    *names_out = w.names;
    *count_out = w.count;
    return EH_OK;
}
