/** Private to the repair command: one run, over files, one record, or the people of a workspace. */
#ifndef EH_CLI_REPAIR_INT_H
#define EH_CLI_REPAIR_INT_H

#include "base/json.h"
#include "cli/cli_int.h"
#include "cli/people_cli_int.h"
#include "repair/repair.h"

typedef struct {
    const char *plan_path, *output, *fitted_path, *workspace;
    const char *const *files;
    size_t files_count;
    eh_instant now;
    bool dry_run, fit, record, quiet, json, help;
} repair_request;

typedef struct {
    repair_request request;
    eh_arena *arena;
    eh_engine *engine;               /* of files; borrowed from `opened.people` in a workspace */
    eh_workspace_people opened;      /* .workspace NULL: files or a record */
    eh_yaml_document *document;
    eh_json_document *fitted;
    eh_repair_plan plan;
    eh_repair_result result;
    eh_buffer fitted_text, shown, manifest;
} repair_run;

/** Without FILE and --record: the workspace; its plan and output unless others are named. */
EH_MUST_USE eh_code repair_workspace_settle(repair_run *run, eh_error *error);
/** The people with their protected attributes; after repair_workspace_settle and the plan. */
EH_MUST_USE eh_code repair_workspace_open(repair_run *run, eh_error *error);
/** Takes the protected attributes away again, before anything is written. */
EH_MUST_USE eh_code repair_workspace_hide(repair_run *run, eh_error *error);
/** Remembers what was done, so that `evenhand check` looks at the repaired people. */
EH_MUST_USE eh_code repair_workspace_keep(repair_run *run, eh_error *error);
/** What was done, as JSON. `plan` as the reader is to find it. */
EH_MUST_USE eh_code repair_manifest_make(repair_run *run, const char *plan, eh_buffer *out, eh_error *error);

#endif
