/** Private to report/: what the forms of a campaign's report share. */
#ifndef EH_REPORT_CAMPAIGN_INT_H
#define EH_REPORT_CAMPAIGN_INT_H

#include "report/campaign_report.h"
#include "report/html_int.h"

/** A level: a share in percent, or an amount. A difference of levels has a sign. */
eh_number_kind eh_campaign_level(const eh_report_campaign *campaign);
eh_number_kind eh_campaign_change(const eh_report_campaign *campaign);
/** "+4.5 (+3.1 to +5.9)", or "not known". */
void eh_campaign_estimate(eh_buffer *out, eh_number_kind kind, const eh_estimate *estimate);
/** "visited" of the campaign, "the outcome" without one. */
const char *eh_campaign_outcome_name(const eh_report_campaign *campaign);
/** "12.3 percentage points more" in words for the sentence. */
void eh_campaign_parity_says(const eh_report_campaign *campaign, eh_buffer *out);
/** The name of a policy with its offer. */
void eh_campaign_policy_name(eh_buffer *out, const eh_campaign_policy *policy);

#endif
