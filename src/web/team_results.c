/* What came of a campaign: the report of `evenhand campaign report` that is kept, as a part of its page. */
#include <math.h>
#include <string.h>

#include "web/team_int.h"

void eh_team_results(eh_exchange *exchange, const eh_kept_list *reports, const char *campaign)
{
    (void)exchange, (void)reports, (void)campaign;
}
