/** Private to report/: what the forms of a plan's report share. */
#ifndef EH_REPORT_PLAN_INT_H
#define EH_REPORT_PLAN_INT_H

#include "report/plan_report.h"

void eh_plan_count(eh_buffer *out, uint64_t number);
const char *eh_plan_stage_says(eh_stage stage);
const char *eh_plan_outcome_says(const char *outcome);
void eh_plan_estimate_text(eh_buffer *out, const eh_plan_estimate *estimate, const char *unit);

#endif
