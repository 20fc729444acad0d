/** Private to web/: the team pages. */
#ifndef EH_WEB_TEAM_INT_H
#define EH_WEB_TEAM_INT_H

#include "web/web_int.h"

/** For eh_server_options.before: session, rights and form token of a team route; false when it has answered itself. */
bool eh_team_admit(eh_exchange *exchange);

#endif
