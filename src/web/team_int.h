/** Private to web/: the team pages. */
#ifndef EH_WEB_TEAM_INT_H
#define EH_WEB_TEAM_INT_H

#include "web/server_int.h"
#include "web/web_int.h"

/** For eh_server_options.before: session, rights and form token of a team route; false when it has answered itself. */
bool eh_team_admit(eh_exchange *exchange);
/** "3 days left", "2 days overdue", in the look that belongs to it. */
void eh_team_due_badge(eh_exchange *exchange, int64_t due_s);

eh_answer eh_team_sign_in_page(eh_exchange *exchange);
eh_answer eh_team_sign_in(eh_exchange *exchange);
eh_answer eh_team_sign_out(eh_exchange *exchange);
eh_answer eh_team_today(eh_exchange *exchange);
eh_answer eh_team_feedback(eh_exchange *exchange);
eh_answer eh_team_feedback_piece(eh_exchange *exchange);
eh_answer eh_team_feedback_answer(eh_exchange *exchange);
eh_answer eh_team_people(eh_exchange *exchange);
eh_answer eh_team_find(eh_exchange *exchange);
eh_answer eh_team_request_done(eh_exchange *exchange);
eh_answer eh_team_ledger(eh_exchange *exchange);
eh_answer eh_team_ledger_verify(eh_exchange *exchange);

#endif
