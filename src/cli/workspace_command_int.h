/** What is due in a workspace. A room that has something that falls due adds a function to status_sources in workspace_command.c. */
#ifndef EH_CLI_WORKSPACE_COMMAND_INT_H
#define EH_CLI_WORKSPACE_COMMAND_INT_H

#include "base/time.h"
#include "data/workspace.h"

enum { EH_STATUS_ROWS_MAX = 512 };

typedef struct {
    const char *what;    /* "check of the data" */
    bool done;           /* it has been done before */
    eh_instant done_at;
    eh_instant due;      /* at or before `now`: due */
    const char *todo;    /* the command that does it */
} eh_status_row;

typedef struct {
    eh_workspace *workspace;
    eh_arena *arena;     /* for texts of rows */
    eh_instant now;
    eh_status_row rows[EH_STATUS_ROWS_MAX];
    size_t count;
} eh_status;

EH_MUST_USE eh_code eh_status_add(eh_status *status, const eh_status_row *row, eh_error *error);

#endif
