/* The report of a campaign for programs: docs/campaign-report.schema.json. */
#include <math.h>

#include "base/json.h"
#include "report/campaign_int.h"

static void estimate(eh_json_writer *out, const char *key, const eh_estimate *of)
{
    eh_json_object_open_flat(out, key);
    eh_json_number(out, "value", of->value);
    eh_json_number(out, "low", of->low);
    eh_json_number(out, "high", of->high);
    eh_json_object_close(out);
}

static void effect(const eh_campaign_effect *of, eh_json_writer *out, const char *key)
{
    eh_json_object_open(out, key);
    eh_json_text(out, "offer", of->offer);
    eh_json_integer(out, "planned", (int64_t)of->planned);
    eh_json_integer(out, "got", (int64_t)of->got);
    eh_json_integer(out, "held_out", (int64_t)of->held);
    eh_json_number(out, "got_mean", of->got_mean);
    eh_json_number(out, "held_out_mean", of->held_mean);
    estimate(out, "difference", &of->difference);
    estimate(out, "ratio", &of->ratio);
    estimate(out, "adjusted", &of->adjusted);
    estimate(out, "adjusted_ratio", &of->adjusted_ratio);
    eh_json_number(out, "detectable", of->detectable);
    eh_json_text(out, "verdict", eh_effect_word_says(of->word));
    eh_json_object_close(out);
}

static void outcomes(const eh_report_campaign *campaign, eh_json_writer *out)
{
    eh_json_array_open(out, "outcomes");
    for (size_t i = 0; i < campaign->outcomes_count; i++) {
        const eh_campaign_outcome *of = &campaign->outcomes[i];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "outcome", of->name);
        eh_json_integer(out, "imports", (int64_t)of->batches);
        eh_json_integer(out, "named", (int64_t)of->named);
        eh_json_boolean(out, "others_none", of->others_none);
        eh_json_integer(out, "known", (int64_t)of->known);
        eh_json_number(out, "mean", of->mean);
        estimate(out, "adjusted", &of->adjusted);
        eh_json_text(out, "verdict", eh_effect_word_says(of->word));
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void policies(const eh_report_campaign *campaign, eh_json_writer *out)
{
    eh_json_array_open(out, "policies");
    for (size_t i = 0; i < campaign->policies_count; i++) {
        const eh_campaign_policy *of = &campaign->policies[i];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "policy", of->name);
        eh_json_text(out, "offer", of->offer);
        eh_json_text(out, "says", of->says);
        eh_json_number(out, "share_sent", of->share);
        eh_json_number(out, "supported", of->supported);
        estimate(out, "value", &of->value);
        estimate(out, "plan_gain", &of->plan_gain);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void group(const eh_campaign_group *of, eh_json_writer *out)
{
    static const eh_estimate none = {EH_NAN, EH_NAN, EH_NAN, 0};
    bool shown = !of->withheld;
    eh_json_object_open(out, NULL);
    eh_json_text(out, "group", of->name);
    eh_json_boolean(out, "withheld", of->withheld);
    if (shown)
        eh_json_integer(out, "people", (int64_t)of->people);
    else
        eh_json_null(out, "people");
    if (shown)
        eh_json_integer(out, "known", (int64_t)of->known);
    else
        eh_json_null(out, "known");
    eh_json_number(out, "share_sent", shown ? of->share_sent : EH_NAN);
    estimate(out, "without_it", shown ? &of->baseline : &none);
    estimate(out, "benefit", shown ? &of->benefit : &none);
    estimate(out, "effect", shown ? &of->effect : &none);
    eh_json_boolean(out, "reference", of->reference);
    eh_json_number(out, "p", of->p);
    eh_json_number(out, "detectable", of->detectable);
    eh_json_text(out, "verdict", of->reference ? NULL : eh_verdict_name(of->verdict));
    eh_json_object_close(out);
}

static void parity(const eh_report_campaign *campaign, eh_json_writer *out)
{
    eh_json_object_open(out, "benefit");
    eh_json_text(out, "verdict", eh_verdict_name(campaign->parity));
    eh_json_number(out, "ratio_min", campaign->ratio_min);
    eh_json_integer(out, "min_cell", (int64_t)campaign->cell_min);
    eh_json_array_open(out, "attributes");
    for (size_t a = 0; a < campaign->attributes_count; a++) {
        const eh_campaign_attribute *of = &campaign->attributes[a];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "attribute", of->name);
        eh_json_boolean(out, "decides", of->decides);
        eh_json_text(out, "verdict", eh_verdict_name(of->verdict));
        eh_json_array_open(out, "groups");
        for (size_t g = 0; g < of->groups_count; g++)
            group(&of->groups[g], out);
        eh_json_array_close(out);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_object_close(out);
}

static void pooled(const eh_campaign_pool *of, eh_json_writer *out)
{
    if (of->plans == 0) {
        eh_json_null(out, "pooled");
        return;
    }
    eh_json_object_open(out, "pooled");
    eh_json_integer(out, "plans", (int64_t)of->plans);
    eh_json_integer(out, "plans_without", (int64_t)of->silent);
    eh_json_integer(out, "people", (int64_t)of->people);
    eh_json_integer(out, "decisions", (int64_t)of->decisions);
    eh_json_integer(out, "mixed", (int64_t)of->mixed);
    estimate(out, "adjusted", &of->adjusted);
    eh_json_text(out, "verdict", eh_effect_word_says(of->word));
    eh_json_object_close(out);
}

static void calibration(const eh_campaign_calibration *of, eh_json_writer *out)
{
    if (of->what == NULL) {
        eh_json_null(out, "calibration");
        return;
    }
    eh_json_object_open(out, "calibration");
    eh_json_text(out, "of", of->what);
    eh_json_number(out, "predicted", of->predicted);
    estimate(out, "observed", &of->observed);
    estimate(out, "slope", &of->slope);
    eh_json_number(out, "error", of->error);
    eh_json_array_open(out, "bins");
    for (size_t b = 0; b < of->bins_count; b++) {
        eh_json_object_open(out, NULL);
        eh_json_number(out, "from", of->bins[b].low);
        eh_json_number(out, "to", of->bins[b].high);
        eh_json_integer(out, "people", (int64_t)of->bins[b].people);
        eh_json_number(out, "predicted", of->bins[b].predicted);
        estimate(out, "observed", &of->bins[b].observed);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_object_close(out);
}

static void bothers(const eh_report_campaign *campaign, eh_json_writer *out)
{
    eh_json_array_open(out, "bothered");
    for (size_t b = 0; b < campaign->bothers_count; b++) {
        const eh_campaign_bother *of = &campaign->bothers[b];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "outcome", of->name);
        eh_json_text(out, "says", of->says);
        eh_json_integer(out, "sent", (int64_t)of->sent);
        eh_json_integer(out, "sent_count", (int64_t)of->sent_count);
        eh_json_integer(out, "held_out", (int64_t)of->held);
        eh_json_integer(out, "held_out_count", (int64_t)of->held_count);
        estimate(out, "rate", &of->rate);
        estimate(out, "held_out_rate", &of->held_rate);
        estimate(out, "difference", &of->difference);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void spend(const eh_campaign_spend *of, eh_json_writer *out)
{
    eh_json_object_open(out, "spend");
    eh_json_text(out, "currency", of->currency);
    eh_json_number(out, "messages", of->messages);
    eh_json_number(out, "taken", of->taken);
    eh_json_number(out, "total", of->total);
    estimate(out, "additional", &of->additional);
    estimate(out, "each", &of->each);
    estimate(out, "net", &of->net);
    eh_json_object_close(out);
}

static void about(const eh_report_campaign *campaign, eh_json_writer *out)
{
    char decided[EH_INSTANT_TEXT_BYTES], released[EH_INSTANT_TEXT_BYTES];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sentence = {0};
    eh_instant_text((eh_instant){.seconds = campaign->frame->at_s}, EH_FRACTION_NONE, decided);
    eh_instant_text((eh_instant){.seconds = campaign->released_s}, EH_FRACTION_NONE, released);
    eh_report_campaign_sentence(campaign, &sentence);
    eh_json_text(out, "plan", campaign->frame->plan);
    eh_json_text(out, "campaign", campaign->frame->campaign);
    eh_json_text(out, "title", campaign->frame->title);
    eh_json_text(out, "decided", decided);
    eh_json_text(out, "released", released);
    eh_json_text(out, "approved_by", campaign->approved_by == NULL || campaign->approved_by[0] == '\0' ? NULL : campaign->approved_by);
    eh_json_text(out, "outcome", campaign->outcome);
    eh_json_text(out, "kind", campaign->yes_or_no ? "yes or no" : "amount");
    eh_json_text(out, "sentence", sentence.ptr);
    eh_json_number(out, "confidence", campaign->confidence);
    eh_json_object_open(out, "people");
    eh_json_integer(out, "decisions", (int64_t)campaign->people);
    eh_json_integer(out, "in_the_lots", (int64_t)campaign->eligible);
    eh_json_integer(out, "known", (int64_t)campaign->known);
    eh_json_integer(out, "sent", (int64_t)campaign->sent);
    eh_json_integer(out, "held_out", (int64_t)campaign->held);
    eh_json_integer(out, "left_out", (int64_t)campaign->left_out);
    eh_json_object_close(out);
}

void eh_report_campaign_json(const eh_report_campaign *campaign, eh_buffer *buffer)
{
    eh_json_writer out;
    eh_json_begin(&out, buffer, true, false);
    eh_json_object_open(&out, NULL);
    eh_json_text(&out, "version", EVENHAND_VERSION);
    about(campaign, &out);
    eh_json_integer(&out, "exit_status", eh_report_campaign_status(campaign));
    outcomes(campaign, &out);
    effect(&campaign->all, &out, "effect");
    eh_json_array_open(&out, "offers");
    for (size_t o = 0; o < campaign->offers_count; o++)
        effect(&campaign->offers[o], &out, NULL);
    eh_json_array_close(&out);
    pooled(&campaign->pool, &out);
    policies(campaign, &out);
    parity(campaign, &out);
    calibration(&campaign->calibration, &out);
    bothers(campaign, &out);
    spend(&campaign->spend, &out);
    eh_json_array_open(&out, "notes");
    for (size_t i = 0; i < campaign->notes_count; i++)
        eh_json_text(&out, NULL, campaign->notes[i]);
    eh_json_array_close(&out);
    eh_json_object_close(&out);
    eh_buffer_byte(buffer, '\n');
}
