/* What other rooms keep about a person, or have that falls due. */
#include "cli/elsewhere_int.h"

#include <string.h>
#include <unistd.h>

#include "feedback/feedback.h"
#include "rights/person.h"
#include "rights/rights.h"

/* NULL when the workspace has no such file yet: then there is nothing in it. */
static eh_code store_open(const eh_workspace_model *model, eh_store **store_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_store *store = NULL;
    eh_buffer_format(&path, "%s/evenhand.db", model->state_folder);
    EH_TRY(eh_buffer_check(&path, error));
    *store_out = NULL;
    if (access(path.ptr, F_OK) != 0)
        return EH_OK;
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, error));
    eh_code code = eh_feedback_migrate(store, error);
    if (code != EH_OK)
        eh_store_close(&store);
    *store_out = store;
    return code;
}

/* ---- what falls due ------------------------------------------------------------------------------------------------------------- */

eh_code eh_status_requests(eh_status *status, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(status->workspace);
    EH_CLEANUP(eh_rights_close) eh_rights *rights = NULL;
    eh_rights_options options = {.state_folder = model->state_folder};
    const eh_request *requests = NULL;
    size_t count = 0;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_buffer_format(&path, "%s/evenhand.db", model->state_folder);
    EH_TRY(eh_buffer_check(&path, error));
    if (access(path.ptr, F_OK) != 0)
        return EH_OK;
    EH_TRY(eh_rights_house_read(model->rights, &options.house, error));
    EH_TRY(eh_rights_open(&options, &rights, error));
    EH_TRY(eh_requests_waiting(rights, status->arena, &requests, &count, error));
    for (size_t i = 0; i < count; i++) {
        const char *key = requests[i].key == NULL ? "somebody erased since" : requests[i].key;
        eh_status_row row = {.what = eh_arena_format(status->arena, "answer to %s, who asks for %s", key, eh_request_kind_name(requests[i].kind)),
                             .due = {.seconds = requests[i].due_s},
                             .todo = eh_arena_format(status->arena, "evenhand person close %lld", (long long)requests[i].request)};
        if (row.what == NULL || row.todo == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_status_add(status, &row, error));
    }
    return EH_OK;
}

static eh_code theme_rows(eh_status *status, eh_store *store, eh_error *error)
{
    const eh_feedback_theme *themes = NULL;
    size_t count = 0;
    EH_TRY(eh_feedback_themes(store, &(eh_feedback_themes_spec){.now_s = status->now.seconds}, status->arena, &themes, &count, error));
    for (size_t i = 0; i < count && themes[i].review_due; i++) {
        eh_status_row row = {.what = eh_arena_format(status->arena, "review of the policy: %llu people call '%s' %s", (unsigned long long)themes[i].now_count,
                                                     themes[i].subject[0] != '\0' ? themes[i].subject : "a message", eh_feedback_kind_name(themes[i].kind)),
                             .due = status->now, .todo = "evenhand policy review"};
        if (row.what == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_status_add(status, &row, error));
    }
    return EH_OK;
}

eh_code eh_status_feedback(eh_status *status, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    const eh_feedback *pieces = NULL;
    size_t count = 0;
    EH_TRY(store_open(eh_workspace_get(status->workspace), &store, error));
    if (store == NULL)
        return EH_OK;
    EH_TRY(eh_feedback_list(store, &(eh_feedback_filter){.open_only = true}, status->arena, &pieces, &count, error));
    for (size_t i = 0; i < count; i++) {
        eh_status_row row = {.what = eh_arena_format(status->arena, "answer to feedback %s (%s)", pieces[i].ticket, eh_feedback_kind_name(pieces[i].kind)),
                             .due = {.seconds = pieces[i].due_s}, .todo = "answer it on the team pages (evenhand serve)"};
        if (row.what == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_status_add(status, &row, error));
    }
    return theme_rows(status, store, error);
}
