/* The report of a campaign for a terminal. */
#include <math.h>
#include <string.h>

#include "report/campaign_int.h"

enum { COLUMNS_MIN = 60, COLUMNS_USUAL = 80 };

static void wrap(eh_buffer *out, const char *text, size_t indent, size_t columns)
{
    size_t at = indent;
    for (size_t i = 0; i < indent; i++)
        eh_buffer_byte(out, ' ');
    while (*text != '\0') {
        size_t len = strcspn(text, " "), shown = eh_utf8_columns((eh_view){text, len});
        if (at > indent && at + 1 + shown > columns) {
            eh_buffer_byte(out, '\n');
            for (size_t i = 0; i < indent; i++)
                eh_buffer_byte(out, ' ');
            at = indent;
        } else if (at > indent) {
            eh_buffer_byte(out, ' ');
            at++;
        }
        for (size_t i = 0; i < len; i++)
            eh_buffer_byte(out, (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? '?' : text[i]);
        at += shown;
        text += len + (text[len] == ' ');
    }
    eh_buffer_byte(out, '\n');
}

static void heading(eh_buffer *out, const char *text) { eh_buffer_format(out, "\n%s\n", text); }

static void name_put(eh_buffer *out, const char *name, size_t columns)
{
    size_t shown = eh_utf8_columns(eh_view_of(name));
    eh_buffer_text(out, "  ");
    for (const char *at = name; *at != '\0'; at++)
        eh_buffer_byte(out, (unsigned char)*at < 0x20 || *at == 0x7F ? '?' : *at);
    for (; shown < columns; shown++)
        eh_buffer_byte(out, ' ');
    eh_buffer_byte(out, ' ');
}

static void effect(const eh_report_campaign *campaign, const eh_campaign_effect *of, eh_buffer *out)
{
    eh_number_kind level = eh_campaign_level(campaign), change = eh_campaign_change(campaign);
    name_put(out, of->offer == NULL ? "all offers" : of->offer, 14);
    eh_buffer_format(out, "%s got it: %s; ", eh_html_number(EH_NUMBER_COUNT, (double)of->got).text, eh_html_number(level, of->got_mean).text);
    eh_buffer_format(out, "%s held out: %s\n", eh_html_number(EH_NUMBER_COUNT, (double)of->held).text, eh_html_number(level, of->held_mean).text);
    eh_buffer_text(out, "                 adjusted ");
    eh_campaign_estimate(out, change, &of->adjusted);
    eh_buffer_format(out, ": %s\n                 as it stands ", eh_effect_word_says(of->word));
    eh_campaign_estimate(out, change, &of->difference);
    eh_buffer_text(out, ", ratio ");
    eh_campaign_estimate(out, EH_NUMBER_RATIO, &of->ratio);
    if (of->word == EH_EFFECT_UNCLEAR && !isnan(of->detectable))
        eh_buffer_format(out, "\n                 %s would have been found", eh_html_number(change, of->detectable).text);
    eh_buffer_byte(out, '\n');
}

static void effects(const eh_report_campaign *campaign, eh_buffer *out)
{
    heading(out, campaign->yes_or_no ? "What it changed, in percentage points, per person who got something" : "What it changed, per person who got something");
    effect(campaign, &campaign->all, out);
    for (size_t o = 0; campaign->offers_count > 1 && o < campaign->offers_count; o++)
        effect(campaign, &campaign->offers[o], out);
    for (size_t i = 0; i < campaign->outcomes_count; i++) {
        const eh_campaign_outcome *of = &campaign->outcomes[i];
        if (campaign->outcome != NULL && strcmp(of->name, campaign->outcome) == 0)
            continue;
        name_put(out, of->name, 14);
        eh_campaign_estimate(out, EH_NUMBER_SIGNED, &of->adjusted);
        eh_buffer_format(out, ": %s (see --outcome %s)\n", eh_effect_word_says(of->word), of->name);
    }
}

static void pool(const eh_report_campaign *campaign, eh_buffer *out)
{
    const eh_campaign_pool *of = &campaign->pool;
    if (of->plans == 0)
        return;
    eh_buffer_format(out, "\nAll %zu plans of the campaign together, per person and message\n  adjusted ", of->plans);
    eh_campaign_estimate(out, eh_campaign_change(campaign), &of->adjusted);
    eh_buffer_format(out, ": %s\n", eh_effect_word_says(of->word));
    eh_buffer_format(out, "  %s people, %s decisions with something to get and a known outcome\n", eh_html_number(EH_NUMBER_COUNT, (double)of->people).text,
                     eh_html_number(EH_NUMBER_COUNT, (double)of->decisions).text);
}

static void policies(const eh_report_campaign *campaign, eh_buffer *out)
{
    eh_buffer_format(out, "\nOther ways to choose: %s per head of those in the lots\n", eh_campaign_outcome_name(campaign));
    for (size_t p = 0; p < campaign->policies_count; p++) {
        const eh_campaign_policy *of = &campaign->policies[p];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0};
        eh_campaign_policy_name(&name, of);
        name_put(out, name.ptr == NULL ? "" : name.ptr, 20);
        eh_buffer_format(out, "%8s get something  ", eh_html_number(EH_NUMBER_PERCENT, of->share).text);
        if (isnan(of->value.value)) {
            eh_buffer_format(out, "not known: the lots could have drawn it for %s of people only\n", eh_html_number(EH_NUMBER_PERCENT, of->supported).text);
            continue;
        }
        eh_campaign_estimate(out, eh_campaign_level(campaign), &of->value);
        if (p > 0) {
            eh_buffer_text(out, "; the plan ");
            eh_campaign_estimate(out, eh_campaign_change(campaign), &of->plan_gain);
        }
        eh_buffer_byte(out, '\n');
    }
}

static void groups(const eh_report_campaign *campaign, eh_buffer *out)
{
    heading(out, "Who benefits: what the plan changed per head of each group");
    for (size_t a = 0; a < campaign->attributes_count; a++) {
        const eh_campaign_attribute *attribute = &campaign->attributes[a];
        name_put(out, attribute->name, 0);
        eh_buffer_format(out, "- %s\n", eh_verdict_name(attribute->verdict));
        for (size_t g = 0; g < attribute->groups_count; g++) {
            const eh_campaign_group *of = &attribute->groups[g];
            eh_buffer_text(out, "  ");
            name_put(out, of->name, 18);
            if (of->withheld) {
                eh_buffer_format(out, "withheld: fewer than %llu people, or could be told from such a group\n", (unsigned long long)campaign->cell_min);
                continue;
            }
            eh_buffer_format(out, "%8s people, %s sent, benefit ", eh_html_number(EH_NUMBER_COUNT, (double)of->people).text, eh_html_number(EH_NUMBER_PERCENT, of->share_sent).text);
            eh_campaign_estimate(out, eh_campaign_change(campaign), &of->benefit);
            eh_buffer_format(out, "%s%s\n", of->reference ? ", reference" : ", ", of->reference ? "" : eh_verdict_name(of->verdict));
        }
    }
}

static void calibration(const eh_report_campaign *campaign, eh_buffer *out)
{
    const eh_campaign_calibration *of = &campaign->calibration;
    eh_number_kind kind = of->what != NULL && campaign->frame->effect ? EH_NUMBER_SIGNED : EH_NUMBER_INDEX;
    if (of->what == NULL)
        return;
    eh_buffer_format(out, "\nDid the scores foretell %s?\n", of->what);
    for (size_t b = 0; b < of->bins_count; b++) {
        eh_buffer_format(out, "  %8s people: foretold %s, seen ", eh_html_number(EH_NUMBER_COUNT, (double)of->bins[b].people).text, eh_html_number(kind, of->bins[b].predicted).text);
        eh_campaign_estimate(out, kind, &of->bins[b].observed);
        eh_buffer_byte(out, '\n');
    }
    eh_buffer_text(out, "  slope (1 is right) ");
    eh_campaign_estimate(out, EH_NUMBER_RATIO, &of->slope);
    eh_buffer_byte(out, '\n');
}

static void bothers(const eh_report_campaign *campaign, eh_buffer *out)
{
    heading(out, "Who was bothered");
    for (size_t b = 0; b < campaign->bothers_count; b++) {
        const eh_campaign_bother *of = &campaign->bothers[b];
        eh_buffer_format(out, "  %s: %llu of %s who were sent something", of->says, (unsigned long long)of->sent_count, eh_html_number(EH_NUMBER_COUNT, (double)of->sent).text);
        eh_buffer_format(out, ", %llu of %s held out; difference ", (unsigned long long)of->held_count, eh_html_number(EH_NUMBER_COUNT, (double)of->held).text);
        eh_campaign_estimate(out, EH_NUMBER_POINTS, &of->difference);
        eh_buffer_text(out, " points\n");
    }
}

static void spend(const eh_report_campaign *campaign, eh_buffer *out)
{
    const eh_campaign_spend *of = &campaign->spend;
    heading(out, "What it cost");
    if (of->currency != NULL)
        eh_buffer_format(out, "  %s %s\n", of->currency, eh_html_number(EH_NUMBER_AMOUNT, of->total).text);
    eh_buffer_format(out, "  additional %s: ", eh_campaign_outcome_name(campaign));
    eh_campaign_estimate(out, EH_NUMBER_AMOUNT, &of->additional);
    if (!isnan(of->each.value)) {
        eh_buffer_format(out, "\n  %s for each: ", of->currency == NULL ? "cost" : of->currency);
        eh_campaign_estimate(out, EH_NUMBER_AMOUNT, &of->each);
    }
    if (!isnan(of->net.value)) {
        eh_buffer_format(out, "\n  worth less cost: %s ", of->currency == NULL ? "" : of->currency);
        eh_campaign_estimate(out, EH_NUMBER_CHANGE, &of->net);
    }
    eh_buffer_byte(out, '\n');
}

void eh_report_campaign_text(const eh_report_campaign *campaign, size_t columns, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sentence = {0};
    char released[EH_INSTANT_TEXT_BYTES];
    size_t width = columns == 0 ? COLUMNS_USUAL : columns < COLUMNS_MIN ? COLUMNS_MIN : columns;
    eh_instant_text((eh_instant){.seconds = campaign->released_s}, EH_FRACTION_NONE, released);
    eh_report_campaign_sentence(campaign, &sentence);
    eh_buffer_format(out, "Plan %s (%s), went out %s\n", campaign->frame->plan, campaign->frame->title, released);
    wrap(out, sentence.ptr == NULL ? "" : sentence.ptr, 0, width);
    eh_buffer_format(out, "\n%s people in the lots, ", eh_html_number(EH_NUMBER_COUNT, (double)campaign->eligible).text);
    eh_buffer_format(out, "%s sent something, ", eh_html_number(EH_NUMBER_COUNT, (double)campaign->sent).text);
    eh_buffer_format(out, "%s held out; ", eh_html_number(EH_NUMBER_COUNT, (double)campaign->held).text);
    eh_buffer_format(out, "outcome known of %s\n", eh_html_number(EH_NUMBER_COUNT, (double)campaign->known).text);
    for (size_t i = 0; i < campaign->notes_count; i++) {
        eh_buffer_byte(out, '\n');
        wrap(out, campaign->notes[i], 2, width);
    }
    if (campaign->outcome != NULL) {
        effects(campaign, out);
        pool(campaign, out);
        policies(campaign, out);
        groups(campaign, out);
        calibration(campaign, out);
    }
    bothers(campaign, out);
    if (campaign->outcome != NULL)
        spend(campaign, out);
}
