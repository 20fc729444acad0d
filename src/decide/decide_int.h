/** Private to decide/. */
#ifndef EH_DECIDE_DECIDE_INT_H
#define EH_DECIDE_DECIDE_INT_H

#include "decide/allocation.h"
#include "decide/campaign.h"

#endif
