/** Private to the check command: one run, and what a workspace and a repair add. */
#ifndef EH_CLI_CHECK_INT_H
#define EH_CLI_CHECK_INT_H

#include "base/json.h"
#include "cli/cli_int.h"
#include "cli/people_cli_int.h"
#include "data/transform.h"
#include "repair/repair.h"

/* One run of the command. Everything in it lives until the end of the run. */
typedef struct {
    const eh_check_request *request;
    eh_arena *arena;
    eh_engine *engine;                     /* of files; borrowed from `opened.people` in a workspace */
    eh_engine_options engine_options;
    eh_workspace_people opened;            /* .workspace NULL: files */
    const char *key, *about_workspace;
    eh_progress progress;
    eh_json_document *before, *manifest;
    eh_yaml_document *plan_document;       /* of the repairs */
    const char **as_of;                    /* features that were made as of a moment */
    size_t as_of_count;
    const char *before_path;
    const eh_profile_reference *references;
    size_t references_count;
    eh_check_options options;              /* of the request, with what the workspace adds */
    bool as_is;                            /* repairs are not looked for */
    bool proposing;                        /* a plan of repairs comes out */
    eh_check_repairs repairs;              /* .plan NULL: the rows are as they were read */
    eh_cube_spec spec;                     /* as asked for; where is told, and was applied when the rows were held */
    eh_cube_spec held;                     /* the same without where */
    eh_cube cube;
    eh_profile profile;
    eh_check_twice twice;
    eh_population_table populations[EH_POPULATIONS_MAX];
    size_t populations_count;
    eh_population_source sources[EH_POPULATIONS_MAX];
    const char *named[EH_POPULATIONS_MAX]; /* their paths as a plan of repairs writes them: in a workspace, from its folder on */
    size_t sources_count;
    const eh_check *check;
    eh_check_about about;
    eh_reports reports;
} check_run;

/** Opens the workspace, makes the people's table, adds the protected attributes from the vault (check_workspace.c). */
EH_MUST_USE eh_code check_workspace_open(check_run *run, eh_error *error);
/** Where the newest result is kept. */
const char *check_workspace_report(check_run *run, const char *ending);
EH_MUST_USE eh_code check_workspace_keep(check_run *run, eh_error *error);

/** When the one file was written by a repair: looks at its repaired columns, and takes its source for what was before (check_repairs.c). */
EH_MUST_USE eh_code check_repairs_of_file(check_run *run, eh_error *error);
/** When a plan of repairs was applied in the workspace: applies it, with the parameters of then, to the people as they are now. */
EH_MUST_USE eh_code check_repairs_of_workspace(check_run *run, eh_error *error);
/** Looks for people who are in twice (check_twice.c); after the profile was read. */
EH_MUST_USE eh_code check_twice(check_run *run, eh_error *error);
/** From the options to the findings; the steps of check_command.c that a check of the source goes through as well. */
EH_MUST_USE eh_code check_findings(check_run *run, eh_error *error);
void check_run_dispose(check_run *run);

#endif
