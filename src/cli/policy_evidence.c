/* The evidence of a review in words, for a person who is to sign it. */
#include "cli/policy_command_int.h"

static void line_append(eh_buffer *out, const char *before, const char *text, const char *after)
{
    eh_buffer_text(out, before);
    eh_visible_append(out, eh_view_of(text), false);
    eh_buffer_text(out, after);
}

static void workspace_text(const eh_review_evidence *of, eh_buffer *out)
{
    char since[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){of->since_s, 0}, EH_FRACTION_NONE, since);
    since[10] = '\0';
    eh_buffer_format(out, "  %s%s: %llu said no to messages, %llu to AI; %llu complained or called it creepy or unfair\n",
                     of->since_s > 0 ? of->last_review != NULL ? "since the last review, " : "since " : "since the beginning", of->since_s > 0 ? since : "",
                     (unsigned long long)of->marketing_noes, (unsigned long long)of->ai_noes, (unsigned long long)eh_review_complaints(of));
    for (size_t i = 0; i < of->themes_count; i++) {
        const eh_feedback_theme *theme = &of->themes[i];
        eh_buffer_format(out, "  feedback: %s", eh_feedback_kind_name(theme->kind));
        line_append(out, ", ", theme->subject[0] != '\0' ? theme->subject : "the message as a whole", "");
        eh_buffer_format(out, ": %llu in four weeks (%llu before)%s\n", (unsigned long long)theme->now_count, (unsigned long long)theme->before_count,
                         theme->review_due ? "; over its threshold" : "");
    }
    for (size_t i = 0; i < of->verdicts_count; i++) {
        const eh_review_verdict *verdict = &of->verdicts[i];
        eh_buffer_format(out, "  %s ", verdict->of);
        line_append(out, "", verdict->name, ": ");
        line_append(out, "", verdict->verdict != NULL ? verdict->verdict : verdict->sentence != NULL ? verdict->sentence : "says no verdict", "\n");
    }
}

void eh_policy_evidence_text(const eh_policy *policy, const eh_review_evidence *of, eh_buffer *out)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    size_t findings_count = 0;
    (void)eh_policy_findings(policy, &findings_count);
    eh_buffer_format(out, "The evidence:\n  %zu findings of the check", findings_count);
    if (of->tested)
        eh_buffer_format(out, "; %zu of %zu tests passed", of->tests.passed_count, of->tests.tests_count);
    eh_buffer_byte(out, '\n');
    if (of->replayed)
        eh_buffer_format(out, "  %llu decisions asked again, %llu permitted\n", (unsigned long long)of->decisions, (unsigned long long)of->whys[EH_POLICY_PERMITTED]);
    for (size_t i = 0; of->replayed && i < about->rules_count; i++) {
        if (of->decided[i] > 0) {
            line_append(out, "    ", about->rules[i].id, "");
            eh_buffer_format(out, " decided %llu\n", (unsigned long long)of->decided[i]);
        }
    }
    if (of->of_workspace)
        workspace_text(of, out);
}
