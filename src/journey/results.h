/** What a campaign has brought: from the plan's traces and the outcomes that came back to the report of report/campaign_report.h. */
#ifndef EH_JOURNEY_RESULTS_H
#define EH_JOURNEY_RESULTS_H

#include "journey/campaigns.h"
#include "report/campaign_report.h"

enum { EH_CELL_MIN_USUAL = 10 };

typedef struct {
    const char *workspace;       /* folder; NULL: the present one or the nearest above it */
    const char *name;            /* a plan, or a campaign: its newest plan that went out */
    const char *outcome;         /* NULL: the campaign's own, else the first that has come back */
    const char *history;         /* the fact by which "by history" chooses, with a leading '-' the smallest first; NULL: by its usual names */
    uint64_t cell_min;           /* groups with fewer people are not shown */
    eh_instant now;
} eh_results_request;

/** The report and what it points to. Lives in `arena`. Groups are read from the vault, which writes it down. errors: EH_NOT_FOUND for what never went out */
EH_MUST_USE eh_code eh_results_read(const eh_results_request *request, eh_arena *arena, eh_report_campaign *report_out, eh_error *error);

#endif
