/* `evenhand repair` in a workspace: its people, as `evenhand check` sees them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/repair_int.h"
#include "data/transform.h"

static const char plan_usual[] = "repairs.yaml", output_usual[] = "repaired/people.csv";

eh_code repair_workspace_settle(repair_run *run, eh_error *error)
{
    repair_request *request = &run->request;
    EH_TRY(eh_workspace_open(request->workspace, &run->opened.workspace, error));
    if (request->plan_path == NULL) {
        request->plan_path = eh_workspace_path(run->opened.workspace, plan_usual);
        if (request->plan_path == NULL)
            return eh_fail_memory(error);
        if (access(request->plan_path, F_OK) != 0)
            return eh_fail(error, EH_NOT_FOUND, "%s is not there: propose a plan first, read and edit it:\n  evenhand repair --propose > %s", request->plan_path, request->plan_path);
    }
    if (request->output == NULL && !request->dry_run)
        request->output = eh_workspace_path(run->opened.workspace, output_usual);
    return request->output == NULL && !request->dry_run ? eh_fail_memory(error) : EH_OK;
}

eh_code repair_workspace_open(repair_run *run, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(run->opened.workspace);
    /* One thread: rows keep their order, and sums theirs. */
    eh_workspace_people_options options = {.role = "evenhand repair", .reason = "groups of a plan of repairs", .output = run->request.output, .now = run->request.now,
                                           .engine = {.threads = 1}};
    EH_TRY(eh_workspace_people_open(&options, run->arena, &run->opened, error));
    run->engine = eh_people_engine(run->opened.people);
    return eh_repair_plan_place(&run->plan, &(eh_repair_place){model->folder, run->opened.hidden, run->opened.attributes_count}, run->arena, error);
}

eh_code repair_workspace_hide(repair_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    if (run->opened.attributes_count == 0)
        return EH_OK;
    for (size_t i = 0; i < run->opened.attributes_count; i++) {
        eh_buffer_text(&sql, i == 0 ? "SELECT * EXCLUDE (" : ", ");
        eh_transform_name(&sql, run->opened.hidden[i]);
    }
    eh_buffer_text(&sql, ") FROM " EH_TRANSFORM_BEFORE);
    EH_TRY(eh_buffer_check(&sql, error));
    return eh_transform_step(run->engine, sql.ptr, "the people", error);
}

eh_code repair_workspace_keep(repair_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    char *whole = realpath(run->request.plan_path, NULL);
    char *path = eh_arena_format(run->arena, "%s/%s", eh_workspace_get(run->opened.workspace)->state_folder, EH_REPAIRED_FILE);
    eh_code code = path == NULL ? eh_fail_memory(error) : repair_manifest_make(run, whole == NULL ? run->request.plan_path : whole, &text, error);
    free(whole);
    EH_TRY(code);
    EH_TRY(eh_parent_folders_make(path, error));
    return eh_file_replace(path, eh_buffer_view(&text), error);
}
