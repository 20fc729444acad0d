/** Private to the check command: one run, and what a workspace adds. */
#ifndef EH_CLI_CHECK_INT_H
#define EH_CLI_CHECK_INT_H

#include "base/json.h"
#include "cli/cli_int.h"
#include "data/transform.h"
#include "data/workspace.h"

/* One run of the command. Everything in it lives until the end of the run. */
typedef struct {
    const eh_check_request *request;
    eh_arena *arena;
    eh_engine *engine;                     /* of files; borrowed from `people` in a workspace */
    eh_engine_options engine_options;
    eh_workspace *workspace;               /* NULL: files */
    eh_people *people;
    eh_people_options people_options;
    eh_cube_attribute attributes[EH_ATTRIBUTES_MAX];
    const char *key, *about_workspace;
    eh_progress progress;
    eh_json_document *before;
    const char *before_path;
    const eh_profile_reference *references;
    size_t references_count;
    eh_cube_spec spec;                     /* as asked for; where is told, and was applied when the rows were held */
    eh_cube_spec held;                     /* the same without where */
    eh_cube cube;
    eh_profile profile;
    eh_population_table populations[EH_POPULATIONS_MAX];
    size_t populations_count;
    eh_population_source sources[EH_POPULATIONS_MAX];
    size_t sources_count;
    const eh_check *check;
    eh_check_about about;
    eh_buffer reports[EH_FORMATS_COUNT];
    char *paths[EH_FORMATS_COUNT];
    eh_buffer shown;
} check_run;

/** Opens the workspace, makes the people's table, adds the protected attributes from the vault (check_workspace.c). */
EH_MUST_USE eh_code check_workspace_open(check_run *run, eh_error *error);
/** Where the newest result is kept. */
const char *check_workspace_report(check_run *run, const char *ending);
EH_MUST_USE eh_code check_workspace_keep(check_run *run, eh_error *error);

#endif
