/* The team's accounts as the command line changes them. */
#include "web/team.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "data/workspace.h"
#include "web/accounts_int.h"

/* Opens evenhand.db of the workspace with the team's tables in it. */
static eh_code team_open(const char *folder, eh_store **store_out, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_TRY(eh_workspace_open(folder, &workspace, error));
    const char *folder_path = eh_workspace_get(workspace)->state_folder;
    if (mkdir(folder_path, 0700) != 0 && errno != EEXIST)
        return eh_fail(error, EH_IO, "%s: cannot be made: %s", folder_path, strerror(errno));
    eh_buffer_format(&path, "%s/evenhand.db", folder_path);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_CREATE}, &store, error));
    EH_TRY(eh_accounts_migrate(store, error));
    *store_out = store;
    store = NULL;
    return EH_OK;
}

static eh_code wish_of(const eh_team_change *change, eh_account_wish *wish_out, eh_error *error)
{
    eh_account_wish wish = {.name = eh_view_of(change->name), .password = change->password, .trained = change->trained, .now_s = change->now_s};
    if (change->role != NULL && !eh_role_find(eh_view_of(change->role), &wish.role))
        return eh_fail(error, EH_INPUT, "'%.100s' is no role; the roles are viewer, marketer, analyst, ethics owner and admin", change->role);
    *wish_out = wish;
    return EH_OK;
}

eh_code eh_team_add(const eh_team_change *change, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    eh_account_wish wish;
    EH_TRY(wish_of(change, &wish, error));
    EH_TRY(team_open(change->folder, &store, error));
    return eh_account_add(store, &wish, error);
}

eh_code eh_team_set_password(const eh_team_change *change, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    eh_account_wish wish;
    EH_TRY(wish_of(change, &wish, error));
    EH_TRY(team_open(change->folder, &store, error));
    return eh_account_set_password(store, &wish, error);
}

eh_code eh_team_remove(const eh_team_change *change, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_TRY(team_open(change->folder, &store, error));
    return eh_account_remove(store, eh_view_of(change->name), error);
}

static void list_row(void *context, const eh_account *account)
{
    eh_buffer_format(context, "%-32s  %-12s  %s\n", account->name, eh_role_name(account->role), account->trained_s != 0 ? "trained" : "-");
}

eh_code eh_team_list(const char *folder, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer rows = {0};
    EH_TRY(team_open(folder, &store, error));
    EH_TRY(eh_accounts_list(store, list_row, &rows, error));
    if (rows.len == 0)
        eh_buffer_text(out, "nobody yet; add the first with: evenhand team add NAME --role admin\n");
    else
        eh_buffer_format(out, "%-32s  %-12s  %s\n%s", "name", "role", "approving", rows.ptr);
    return eh_buffer_check(&rows, error);
}
