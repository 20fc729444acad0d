/** Private to cli/: the people of a workspace with their protected attributes, for commands that look at whole data. */
#ifndef EH_CLI_PEOPLE_CLI_INT_H
#define EH_CLI_PEOPLE_CLI_INT_H

#include "cli/cli_int.h"
#include "data/workspace.h"

typedef struct {
    const char *folder;              /* of evenhand.yaml; NULL: here or the nearest above */
    const char *role, *reason;       /* of the reading of the vault; written down there */
    const char *output;              /* the one file that may be written; NULL: none */
    bool opted_out;                  /* people who opted out of AI are an attribute too, where there are some */
    eh_instant now;
    eh_engine_options engine;
} eh_workspace_people_options;

/** Zero-initialise; close with eh_workspace_people_close. */
typedef struct {
    eh_workspace *workspace;
    eh_people *people;
    eh_people_options options;       /* as the people were opened: as of the last moment whose outcomes are all known, else now */
    eh_cube_attribute attributes[EH_ATTRIBUTES_MAX];
    const char *hidden[EH_ATTRIBUTES_MAX]; /* their names: columns that came from the vault and go nowhere else */
    size_t attributes_count;
} eh_workspace_people;

/** Opens the workspace, makes the people's table, attaches the protected attributes. The workspace is set even when the people cannot be made. */
EH_MUST_USE eh_code eh_workspace_people_open(const eh_workspace_people_options *options, eh_arena *arena, eh_workspace_people *opened, eh_error *error);
void eh_workspace_people_close(eh_workspace_people *opened);
/** A feature, attribute or outcome by its column in the people's table. */
EH_MUST_USE eh_code eh_people_column_expression(eh_arena *arena, const char *name, eh_expression *expression_out, eh_error *error);

#endif
