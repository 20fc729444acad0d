/**
 * Private to web/: plans that somebody asked for over HTTP, on a page or by a program.
 *
 * A plan takes a second or a minute and much of the machine, so a thread of its own makes one after the other; who asked may wait for theirs. Only
 * EH_PLANS_WAITING_MAX may be asked for at once.
 */
#ifndef EH_WEB_PLANNER_INT_H
#define EH_WEB_PLANNER_INT_H

#include "journey/journey.h"
#include "web/web_int.h"

enum { EH_PLAN_CAMPAIGN_BYTES = 80, EH_PLAN_REQUEST_BYTES = 33, EH_PLAN_NAME_BYTES = 208, EH_PLAN_OUTCOME_BYTES = 16 };

typedef struct eh_planner eh_planner;

/** What is asked for, and what came of it. Those after `finished` are for reading once eh_planner_wait has said so. */
typedef struct eh_plan_order {
    char campaign[EH_PLAN_CAMPAIGN_BYTES];
    char request[EH_PLAN_REQUEST_BYTES];   /* its row in evenhand.db; "": it has none */
    int64_t now_s, as_of_s;                /* as_of_s 0: facts as they are now */
    bool repair;
    uint64_t seed;
    bool finished;
    eh_code code;
    eh_error error;
    char plan[EH_PLAN_NAME_BYTES], outcome[EH_PLAN_OUTCOME_BYTES];
    size_t users;                          /* the planner's */
    struct eh_plan_order *next;
} eh_plan_order;

EH_MUST_USE eh_code eh_planner_open(eh_web *web, eh_planner **planner_out, eh_error *error);
/** Wakes who waits: their plans are not finished. Before the server closes, which lets all answers out. */
void eh_planner_stop(eh_planner *planner);
void eh_planner_close(eh_planner **planner);

/** Copies `asked` and puts it at the end. Give the order back. errors: EH_UNAVAILABLE when too many wait */
EH_MUST_USE eh_code eh_planner_order(eh_planner *planner, const eh_plan_order *asked, eh_plan_order **order_out, eh_error *error);
/** True when it is finished; false after that time, or when the server stops. wait_ms < 0: no limit of time */
bool eh_planner_wait(eh_planner *planner, eh_plan_order *order, int64_t wait_ms);
void eh_planner_give(eh_planner *planner, eh_plan_order *order);

/* ---- their rows (api_planning.c) ----------------------------------------------------------------------------------------------------- */

/** What came of an order, into its row. A failure goes to the log: the plan is there all the same. */
void eh_plan_request_finish(eh_web *web, const eh_plan_order *order);
/** Those that a server before this one left unfinished have failed. */
EH_MUST_USE eh_code eh_plan_requests_settle(eh_web *web, eh_error *error);

#endif
