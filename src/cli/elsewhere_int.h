/** What other rooms keep about a person, or have that falls due: joined here, since only this floor sees them all. */
#ifndef EH_CLI_ELSEWHERE_INT_H
#define EH_CLI_ELSEWHERE_INT_H

#include "cli/workspace_command_int.h"
#include "data/workspace.h"
#include "web/web.h"

/** For eh_web_options.explain: the page about a decision of the ledger (why_command.c). */
EH_MUST_USE eh_code eh_why_for_web(const eh_workspace_model *model, const eh_web_why *asked, eh_arena *arena, eh_web_why_page *page_out, eh_error *error);

/** Requests of people, by the day that the law gives. */
EH_MUST_USE eh_code eh_status_requests(eh_status *status, eh_error *error);
/** Feedback that waits for an answer, and themes that call for a review of the policy. */
EH_MUST_USE eh_code eh_status_feedback(eh_status *status, eh_error *error);

#endif
