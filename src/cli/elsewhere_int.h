/** What other rooms keep about a person, or have that falls due: joined here, since only this floor sees them all. */
#ifndef EH_CLI_ELSEWHERE_INT_H
#define EH_CLI_ELSEWHERE_INT_H

#include "cli/workspace_command_int.h"
#include "data/workspace.h"
#include "web/web.h"

/** Requests of people, by the day that the law gives. */
EH_MUST_USE eh_code eh_status_requests(eh_status *status, eh_error *error);
/** Feedback that waits for an answer, and themes that call for a review of the policy. */
EH_MUST_USE eh_code eh_status_feedback(eh_status *status, eh_error *error);

#endif
