/* Words that the forms of a plan's report share. */
#include <math.h>
#include <string.h>

#include "report/plan_int.h"

void eh_plan_count(eh_buffer *out, uint64_t number)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    for (int i = 0; i < len; i++) {
        eh_buffer_byte(out, digits[i]);
        if (i + 1 < len && (len - 1 - i) % 3 == 0)
            eh_buffer_byte(out, ',');
    }
}

const char *eh_plan_stage_says(eh_stage stage)
{
    static const char *const says[EH_STAGES_COUNT] = {
        [EH_STAGE_CONSENT] = "may not be written to", [EH_STAGE_RULES] = "no offer that the policy permits", [EH_STAGE_CAPS] = "had enough messages",
        [EH_STAGE_HOLDOUT] = "held out by lot, to measure the effect", [EH_STAGE_WITHOUT_AI] = "AI is off: by lot, without a score",
        [EH_STAGE_EXPLORE] = "by lot, to keep learning", [EH_STAGE_CHOICE] = "chosen by score", [EH_STAGE_LOT] = "chosen by lot",
        [EH_STAGE_AUDIENCE] = "the campaign is not meant for them"};
    return says[stage];
}

const char *eh_plan_outcome_says(const char *outcome)
{
    if (strcmp(outcome, "released") == 0)
        return "May go out";
    if (strcmp(outcome, "repaired") == 0)
        return "Repaired, may go out";
    return strcmp(outcome, "stopped") == 0 ? "Stopped" : "Ask a person: cannot tell";
}

void eh_report_plan_sentence(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_plan_summary *sum = plan->summary;
    eh_buffer_format(out, "%s. ", eh_plan_outcome_says(plan->outcome));
    eh_plan_count(out, sum->sent);
    eh_buffer_text(out, " of ");
    eh_plan_count(out, sum->audience);
    bool waits = strcmp(plan->outcome, "stopped") == 0 || strcmp(plan->outcome, "ask") == 0;
    eh_buffer_text(out, waits ? " people would get an offer; " : " people get an offer; ");
    eh_plan_count(out, sum->stages[EH_STAGE_CONSENT]);
    eh_buffer_text(out, " may not be written to. ");
    if (plan->verdict->audit == NULL || plan->verdict->nothing_compared)
        eh_buffer_text(out, "No protected attribute could be compared, so nobody can say that it is fair.");
    else if (plan->verdict->verdict == EH_WITHIN_TOLERANCE)
        eh_buffer_text(out, "Every group that was compared gets it about as often.");
    else if (plan->verdict->verdict == EH_VIOLATES)
        eh_buffer_text(out, "Some groups get it much less often than others.");
    else
        eh_buffer_text(out, "There are too few people to tell whether some groups get it less often.");
}

void eh_plan_estimate_text(eh_buffer *out, const eh_plan_estimate *estimate, const char *unit)
{
    if (isnan(estimate->value)) {
        eh_buffer_text(out, "not known");
        return;
    }
    eh_buffer_format(out, "%.1f%s (%.1f to %.1f)", estimate->value, unit, estimate->low, estimate->high);
}
