/* The workspace as a folder: found, opened, closed; its paths. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/workspace_int.h"

static bool has_workspace(const char *folder)
{
    char path[4096];
    struct stat status;
    int wanted = snprintf(path, sizeof path, "%s/" EH_WORKSPACE_FILE, folder);
    return wanted > 0 && (size_t)wanted < sizeof path && stat(path, &status) == 0;
}

/* "." or "../.." and so on: what the user sees in errors stays short. */
static eh_code find_above(char folder_out[4096], eh_error *error)
{
    char folder[4096] = ".";
    for (size_t depth = 0; depth < EH_WORKSPACE_DEPTH_MAX; depth++) {
        if (has_workspace(folder)) {
            memcpy(folder_out, folder, sizeof folder);
            return EH_OK;
        }
        struct stat here, above;
        char next[4096];
        int wanted = depth == 0 ? snprintf(next, sizeof next, "..") : snprintf(next, sizeof next, "%.4000s/..", folder);
        if (wanted < 0 || stat(folder, &here) != 0 || stat(next, &above) != 0 || (here.st_dev == above.st_dev && here.st_ino == above.st_ino))
            break;
        memcpy(folder, next, sizeof folder);
    }
    return eh_fail(error, EH_NOT_FOUND, "no " EH_WORKSPACE_FILE " here or in a folder above; 'evenhand init --from FILE...' makes one, "
                   "--workspace DIR names another folder");
}

static eh_code start(const char *folder, eh_workspace **workspace_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_workspace *workspace = arena == NULL ? NULL : EH_TAKE(arena, 1, eh_workspace);
    if (workspace == NULL)
        return eh_fail_memory(error);
    workspace->arena = arena;
    workspace->model.folder = eh_arena_copy(arena, eh_view_of(folder));
    if (workspace->model.folder == NULL)
        return eh_fail_memory(error);
    workspace->model.state_folder = eh_workspace_path(workspace, EH_WORKSPACE_STATE_FOLDER);
    if (workspace->model.state_folder == NULL)
        return eh_fail_memory(error);
    arena = NULL;
    *workspace_out = workspace;
    return EH_OK;
}

eh_code eh_workspace_open(const char *folder, eh_workspace **workspace_out, eh_error *error)
{
    char found[4096];
    struct stat status;
    if (folder == NULL) {
        EH_TRY(find_above(found, error));
        folder = found;
    } else if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return eh_fail(error, EH_NOT_FOUND, "no such folder: %s", folder);
    } else if (!has_workspace(folder)) {
        return eh_fail(error, EH_NOT_FOUND, "no " EH_WORKSPACE_FILE " in %s; 'evenhand init %s --from FILE...' makes one", folder, folder);
    }
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_TRY(start(folder, &workspace, error));
    const char *path = eh_workspace_path(workspace, EH_WORKSPACE_FILE);
    if (path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_yaml_read_file(path, &workspace->document, error));
    EH_TRY(eh_workspace_read(workspace, error));
    *workspace_out = workspace;
    workspace = NULL;
    return EH_OK;
}

eh_code eh_workspace_parse(eh_view text, const char *name, const char *folder, eh_workspace **workspace_out, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_TRY(start(folder, &workspace, error));
    EH_TRY(eh_yaml_parse(text, name, &workspace->document, error));
    EH_TRY(eh_workspace_read(workspace, error));
    *workspace_out = workspace;
    workspace = NULL;
    return EH_OK;
}

void eh_workspace_close(eh_workspace **workspace)
{
    if (workspace == NULL || *workspace == NULL)
        return;
    eh_yaml_close(&(*workspace)->document);
    eh_arena *arena = (*workspace)->arena; /* the workspace lies in it */
    *workspace = NULL;
    eh_arena_close(&arena);
}

const eh_workspace_model *eh_workspace_get(const eh_workspace *workspace)
{
    return &workspace->model;
}

const char *eh_workspace_path(eh_workspace *workspace, const char *relative)
{
    const char *folder = workspace->model.folder;
    if (relative[0] == '/' || strcmp(folder, ".") == 0)
        return eh_arena_copy(workspace->arena, eh_view_of(relative));
    size_t len = strlen(folder);
    return eh_arena_format(workspace->arena, "%s%s%s", folder, len > 0 && folder[len - 1] == '/' ? "" : "/", relative);
}
