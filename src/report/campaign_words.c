/* Words that the forms of a campaign's report share. */
#include <math.h>
#include <string.h>

#include "report/campaign_int.h"

const char *eh_effect_word_says(eh_effect_word word)
{
    static const char *const says[EH_EFFECT_WORDS_COUNT] = {[EH_EFFECT_UNCLEAR] = "not enough evidence", [EH_EFFECT_MORE] = "more than without it",
                                                            [EH_EFFECT_LESS] = "less than without it"};
    return says[word];
}

eh_number_kind eh_campaign_level(const eh_report_campaign *campaign) { return campaign->yes_or_no ? EH_NUMBER_PERCENT : EH_NUMBER_AMOUNT; }
eh_number_kind eh_campaign_change(const eh_report_campaign *campaign) { return campaign->yes_or_no ? EH_NUMBER_POINTS : EH_NUMBER_CHANGE; }

void eh_campaign_estimate(eh_buffer *out, eh_number_kind kind, const eh_estimate *estimate)
{
    if (isnan(estimate->value)) {
        eh_buffer_text(out, "not known");
        return;
    }
    eh_buffer_text(out, eh_html_number(kind, estimate->value).text);
    if (!isnan(estimate->low) && !isnan(estimate->high))
        eh_buffer_format(out, " (%s)", eh_html_range(kind, estimate->low, estimate->high).text);
}

const char *eh_campaign_outcome_name(const eh_report_campaign *campaign) { return campaign->outcome == NULL ? "the outcome" : campaign->outcome; }

void eh_campaign_policy_name(eh_buffer *out, const eh_campaign_policy *policy)
{
    eh_buffer_text(out, policy->name);
    if (policy->offer != NULL)
        eh_buffer_format(out, ": %s", policy->offer);
}

void eh_campaign_parity_says(const eh_report_campaign *campaign, eh_buffer *out)
{
    bool any = false;
    for (size_t a = 0; a < campaign->attributes_count; a++)
        any = any || campaign->attributes[a].decides;
    if (!any)
        eh_buffer_text(out, "No protected attribute is declared, so nobody can say who benefits.");
    else if (campaign->parity == EH_WITHIN_TOLERANCE)
        eh_buffer_text(out, "Every group that was compared benefits about as much.");
    else if (campaign->parity == EH_VIOLATES)
        eh_buffer_text(out, "Some groups benefit much less than others.");
    else
        eh_buffer_text(out, "It cannot be told whether every group benefits about as much.");
}

void eh_report_campaign_sentence(const eh_report_campaign *campaign, eh_buffer *out)
{
    const eh_campaign_effect *all = &campaign->all;
    if (campaign->outcome == NULL) {
        eh_buffer_format(out, "%s people were sent something; no outcome has come back yet.", eh_html_number(EH_NUMBER_COUNT, (double)campaign->sent).text);
        return;
    }
    if (isnan(all->adjusted.value)) {
        eh_buffer_format(out, "What the campaign changed in '%s' cannot be told: there is nobody to compare with. ", campaign->outcome);
    } else {
        bool more = all->adjusted.value >= 0;
        double size = fabs(all->adjusted.value);
        char number[48];
        snprintf(number, sizeof number, campaign->yes_or_no ? "%.1f" : "%.2f", campaign->yes_or_no ? 100 * size : size);
        eh_buffer_format(out, "%s '%s': %s%s %s per person who got something, %s. ",
                         all->word == EH_EFFECT_MORE ? "It brought more" : all->word == EH_EFFECT_LESS ? "It brought less" : "It cannot be told whether it brought more", campaign->outcome,
                         number, campaign->yes_or_no ? " percentage points" : "", more ? "more" : "less",
                         all->word == EH_EFFECT_UNCLEAR ? "which chance alone can do" : "beyond chance");
    }
    eh_campaign_parity_says(campaign, out);
}

int eh_report_campaign_status(const eh_report_campaign *campaign)
{
    if (campaign->outcome == NULL)
        return 3;
    return campaign->parity == EH_WITHIN_TOLERANCE ? 0 : campaign->parity == EH_VIOLATES ? 1 : 3;
}
