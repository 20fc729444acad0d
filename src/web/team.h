/** The team of a workspace, for the command line. */
#ifndef EH_WEB_TEAM_H
#define EH_WEB_TEAM_H

#include "base/base.h"

/**
 * One thing done to the team's accounts. `folder` as in eh_web_options.workspace.
 * errors: EH_INPUT (a bad name, role or password), EH_CONFLICT, EH_NOT_FOUND, and those of the workspace
 */
typedef struct {
    const char *folder;
    const char *name, *role;  /* role: viewer, marketer, analyst, "ethics owner", admin */
    eh_view password;
    bool trained;             /* has been trained for approving (AI Act, Article 4) */
    int64_t now_s;
} eh_team_change;
EH_MUST_USE eh_code eh_team_add(const eh_team_change *change, eh_error *error);
EH_MUST_USE eh_code eh_team_set_password(const eh_team_change *change, eh_error *error);
EH_MUST_USE eh_code eh_team_remove(const eh_team_change *change, eh_error *error);
/** Appends a table of the accounts, or a sentence when there are none. */
EH_MUST_USE eh_code eh_team_list(const char *folder, eh_buffer *out, eh_error *error);

#endif
