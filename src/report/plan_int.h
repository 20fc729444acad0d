/** Private to report/: what the forms of a plan's report share. */
#ifndef EH_REPORT_PLAN_INT_H
#define EH_REPORT_PLAN_INT_H

#include "report/plan_report.h"

void eh_plan_count(eh_buffer *out, uint64_t number);
const char *eh_plan_stage_says(eh_stage stage);
const char *eh_plan_outcome_says(const char *outcome);
/** What the hidden group is, in the fewest words; with its rates; what the search found in all; what a guard of the policy asks. (plan_fair.c) */
void eh_plan_hidden_text(const eh_plan_hidden *hidden, const eh_scan_group *group, eh_buffer *out);
void eh_plan_hidden_sentence(const eh_plan_hidden *hidden, const eh_scan_group *group, eh_buffer *out);
void eh_plan_hidden_says(const eh_plan_hidden *hidden, eh_buffer *out);
void eh_plan_guard_says(const eh_plan_guarded *guard, eh_buffer *out);
/** Parts of the page. (plan_html_fair.c) */
void eh_plan_html_badge(eh_buffer *out, eh_verdict verdict);
void eh_plan_html_fairness(const eh_report_plan *plan, eh_buffer *out);
void eh_plan_estimate_text(eh_buffer *out, const eh_plan_estimate *estimate, const char *unit);

#endif
