/* The report of a campaign as one page: tables, and beside each number that has bounds a small picture of them. No script. */
#include <math.h>
#include <string.h>

#include "report/campaign_int.h"

enum { PICTURE_WIDTH = 180, PICTURE_HEIGHT = 18 };

/* The scale that all pictures of a table share; it holds 0. */
typedef struct {
    double low, high;
} scale;

static void scale_add(scale *of, const eh_estimate *estimate)
{
    const double ends[] = {estimate->low, estimate->high, estimate->value};
    for (size_t i = 0; i < 3; i++) {
        if (!isfinite(ends[i]))
            continue;
        of->low = fmin(of->low, ends[i]);
        of->high = fmax(of->high, ends[i]);
    }
}

static double place(const scale *of, double value)
{
    double share = of->high > of->low ? (value - of->low) / (of->high - of->low) : 0.5;
    return 4 + (PICTURE_WIDTH - 8) * fmin(1, fmax(0, share));
}

/* The numbers stand in the cell beside it, so that it is for the eye alone. */
static void picture(eh_buffer *out, const scale *of, const eh_estimate *estimate, const char *look)
{
    if (isnan(estimate->value) || isnan(estimate->low) || isnan(estimate->high)) {
        eh_buffer_text(out, "<td></td>");
        return;
    }
    double zero = place(of, 0), low = place(of, estimate->low), high = place(of, estimate->high), at = place(of, estimate->value);
    eh_html_put(out, "<td><svg class=\"$\" aria-hidden=\"true\" ", look);
    eh_buffer_format(out, "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"><line stroke=\"currentColor\" stroke-opacity=\".5\" stroke-dasharray=\"2 2\" x1=\"%.1f\" y1=\"0\" x2=\"%.1f\" y2=\"%d\"/>"
                          "<line x1=\"%.1f\" y1=\"9\" x2=\"%.1f\" y2=\"9\" stroke=\"currentColor\" stroke-width=\"2\"/><circle cx=\"%.1f\" cy=\"9\" r=\"4\" fill=\"currentColor\"/></svg></td>",
                     PICTURE_WIDTH, PICTURE_HEIGHT, PICTURE_WIDTH, PICTURE_HEIGHT, zero, zero, PICTURE_HEIGHT, low, high, at);
}

static const char *look_of(eh_effect_word word) { return word == EH_EFFECT_MORE ? "within" : word == EH_EFFECT_LESS ? "violates" : "unsure"; }

static void effect_word(eh_buffer *out, eh_effect_word word)
{
    static const char *const icons[EH_EFFECT_WORDS_COUNT] = {[EH_EFFECT_UNCLEAR] = "icon-unsure", [EH_EFFECT_MORE] = "icon-within", [EH_EFFECT_LESS] = "icon-violates"};
    eh_html_put(out, "<span class=\"verdict $\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#$\"/></svg>$</span>", look_of(word), icons[word], eh_effect_word_says(word));
}

static void count_cell(eh_buffer *out, uint64_t count, const char *below)
{
    eh_html_put(out, "<td>$", eh_html_number(EH_NUMBER_COUNT, (double)count).text);
    if (below != NULL)
        eh_html_put(out, "<small>$</small>", below);
    eh_buffer_text(out, "</td>");
}

static void number_cell(eh_buffer *out, eh_number_kind kind, double number) { eh_html_put(out, "<td>$</td>", eh_html_number(kind, number).text); }

/* ---- the top ---------------------------------------------------------------------------------------------------------------------------- */

static void fact(eh_buffer *out, const char *name, const char *value) { eh_html_put(out, "<div><dt>$</dt><dd><bdi>$</bdi></dd></div>", name, value); }

static void header(eh_html *html, const eh_report_campaign *campaign)
{
    eh_buffer *out = html->out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sentence = {.whole = out};
    char released[64];
    eh_civil at = eh_civil_of((eh_instant){.seconds = campaign->released_s}, NULL);
    snprintf(released, sizeof released, "%04d-%02d-%02d %02d:%02d UTC", at.year, at.month, at.day, at.hour, at.minute);
    eh_report_campaign_sentence(campaign, &sentence);
    eh_buffer_text(out, "<header class=\"page top\"><p class=\"brand\">Evenhand <span>campaign report</span></p>\n<p class=\"badge\">");
    effect_word(out, campaign->outcome == NULL ? EH_EFFECT_UNCLEAR : campaign->all.word);
    eh_buffer_text(out, "</p>\n<h1>");
    eh_html_text(out, eh_buffer_view(&sentence));
    eh_html_put(out, "</h1>\n<p class=\"also\">$, plan <bdi>$</bdi></p>\n<dl class=\"facts\">", campaign->frame->title, campaign->frame->plan);
    fact(out, "Went out", released);
    fact(out, "In the lots", eh_html_number(EH_NUMBER_COUNT, (double)campaign->eligible).text);
    fact(out, "Sent something", eh_html_number(EH_NUMBER_COUNT, (double)campaign->sent).text);
    fact(out, "Held out", eh_html_number(EH_NUMBER_COUNT, (double)campaign->held).text);
    fact(out, "Outcome", campaign->outcome == NULL ? "none yet" : campaign->outcome);
    fact(out, "Outcome known of", eh_html_number(EH_NUMBER_COUNT, (double)campaign->known).text);
    eh_html_put(out, "<div><dt>Confidence</dt><dd>$\u202F%</dd></div>", html->confidence.text);
    if (campaign->approved_by != NULL && campaign->approved_by[0] != '\0')
        fact(out, "Approved by", campaign->approved_by);
    eh_buffer_text(out, "</dl>\n");
    if (campaign->notes_count > 0)
        eh_buffer_text(out, "<ul class=\"notes\" aria-label=\"Notes\">");
    for (size_t i = 0; i < campaign->notes_count; i++)
        eh_html_put(out, "<li>$</li>", campaign->notes[i]);
    eh_buffer_text(out, campaign->notes_count > 0 ? "</ul>\n</header>\n" : "</header>\n");
}

static void navigation(eh_buffer *out, const eh_report_campaign *campaign)
{
    bool known = campaign->outcome != NULL;
    const struct {
        const char *link, *title;
        bool there;
    } parts[] = {{"#effect", "What it changed", known},       {"#policies", "Other ways to choose", known}, {"#groups", "Who benefits", known},
                 {"#scores", "Did the scores foretell it", known && campaign->calibration.what != NULL}, {"#bothered", "Who was bothered", true},
                 {"#cost", "What it cost", known},            {"#method", "How it was computed", true}};
    eh_buffer_text(out, "<nav class=\"contents\" aria-label=\"Contents\"><ul>");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].there)
            eh_html_put(out, "<li><a href=\"$\">$</a></li>", parts[i].link, parts[i].title);
    eh_buffer_text(out, "</ul></nav>\n<main id=\"main\" class=\"page\">\n");
}

/* ---- what it changed -------------------------------------------------------------------------------------------------------------------- */

static void effect_row(eh_html *html, const eh_report_campaign *campaign, const eh_campaign_effect *of, const scale *span)
{
    eh_buffer *out = html->out;
    eh_number_kind level = eh_campaign_level(campaign), change = eh_campaign_change(campaign);
    eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi></th>", of->offer == NULL ? "All offers" : of->offer);
    count_cell(out, of->got, eh_html_number(level, of->got_mean).text);
    count_cell(out, of->held, eh_html_number(level, of->held_mean).text);
    eh_html_cell(out, change, &of->adjusted);
    picture(out, span, &of->adjusted, look_of(of->word));
    eh_buffer_text(out, "<td class=\"word\">");
    effect_word(out, of->word);
    if (of->word == EH_EFFECT_UNCLEAR && !isnan(of->detectable))
        eh_html_put(out, "<small>$ would have been found</small>", eh_html_number(change, of->detectable).text);
    eh_buffer_text(out, "</td>");
    eh_html_cell(out, change, &of->difference);
    eh_html_cell(out, EH_NUMBER_RATIO, &of->ratio);
    eh_buffer_text(out, "</tr>\n");
}

static void other_outcomes(eh_html *html, const eh_report_campaign *campaign)
{
    static const char *const headings[] = {"outcome", "known of", "mean", "adjusted difference", "<verdict", NULL};
    if (campaign->outcomes_count < 2)
        return;
    eh_html_table_open(html, "Every outcome that came back, all offers", "");
    eh_html_headings(html, headings);
    for (size_t i = 0; i < campaign->outcomes_count; i++) {
        const eh_campaign_outcome *of = &campaign->outcomes[i];
        eh_html_put(html->out, "<tr><th scope=\"row\"><bdi>$</bdi></th>", of->name);
        count_cell(html->out, of->known, of->others_none ? "who is not named had none" : NULL);
        number_cell(html->out, EH_NUMBER_INDEX, of->mean);
        eh_html_cell(html->out, EH_NUMBER_SIGNED, &of->adjusted);
        eh_buffer_text(html->out, "<td class=\"word\">");
        effect_word(html->out, of->word);
        eh_buffer_text(html->out, "</td></tr>\n");
    }
    eh_html_table_close(html);
}

static void pooled(eh_html *html, const eh_report_campaign *campaign)
{
    const eh_campaign_pool *of = &campaign->pool;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer shown = {0};
    char plans[24];
    if (of->plans == 0)
        return;
    snprintf(plans, sizeof plans, "%zu", of->plans);
    eh_campaign_estimate(&shown, eh_campaign_change(campaign), &of->adjusted);
    if (shown.code != EH_OK)
        return;
    eh_html_put(html->out, "<p id=\"pooled\"><strong>All $ plans of the campaign together</strong>, per person and message: $, ", plans, shown.ptr);
    effect_word(html->out, of->word);
    eh_html_put(html->out, ". That is $ people in $ decisions with something to get and a known outcome; a person's decisions count as one for the interval.</p>\n",
                eh_html_number(EH_NUMBER_COUNT, (double)of->people).text, eh_html_number(EH_NUMBER_COUNT, (double)of->decisions).text);
}

static void effects(eh_html *html, const eh_report_campaign *campaign)
{
    static const char *const headings[] = {"offer", "got it", "held out by lot", "adjusted difference", "bounds", "<verdict", "as it stands", "ratio", NULL};
    scale span = {0, 0};
    scale_add(&span, &campaign->all.adjusted);
    for (size_t o = 0; o < campaign->offers_count; o++)
        scale_add(&span, &campaign->offers[o].adjusted);
    eh_html_put(html->out, "<section id=\"effect\"><h2>What it changed</h2>\n<p class=\"lead\">People whom the plan gave something, against people of the same kind whom the lot held out. "
                           "The adjusted difference uses what was known of everybody before; it is the one to go by. $</p>\n",
                campaign->yes_or_no ? "Differences are in percentage points." : "Differences are in the outcome's own unit.");
    eh_html_table_open(html, "What each offer changed:", eh_campaign_outcome_name(campaign));
    eh_html_headings(html, headings);
    effect_row(html, campaign, &campaign->all, &span);
    for (size_t o = 0; campaign->offers_count > 1 && o < campaign->offers_count; o++)
        effect_row(html, campaign, &campaign->offers[o], &span);
    eh_html_table_close(html);
    other_outcomes(html, campaign);
    pooled(html, campaign);
    eh_buffer_text(html->out, "</section>\n");
}

/* ---- other ways to choose ----------------------------------------------------------------------------------------------------------------- */

static void policies(eh_html *html, const eh_report_campaign *campaign)
{
    static const char *const headings[] = {"way to choose", "get something", "value per head", "the plan brings", "bounds", NULL};
    scale span = {0, 0};
    for (size_t p = 0; p < campaign->policies_count; p++)
        scale_add(&span, &campaign->policies[p].plan_gain);
    eh_html_put(html->out, "<section id=\"policies\"><h2>Other ways to choose</h2>\n<p class=\"lead\">What others would have brought for the same people, from the lots that were drawn: "
                           "mean of <bdi>$</bdi> per head of those in the lots.</p>\n", eh_campaign_outcome_name(campaign));
    eh_html_table_open(html, "The plan beside other ways to choose", "");
    eh_html_headings(html, headings);
    for (size_t p = 0; p < campaign->policies_count; p++) {
        const eh_campaign_policy *of = &campaign->policies[p];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = html->out};
        eh_campaign_policy_name(&name, of);
        eh_html_put(html->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td>", name.ptr == NULL ? "" : name.ptr, eh_html_number(EH_NUMBER_PERCENT, of->share).text);
        if (isnan(of->value.value)) {
            eh_html_put(html->out, "<td class=\"quiet\" colspan=\"3\">not known: the lots could have drawn it for $ of people only</td></tr>\n",
                        eh_html_number(EH_NUMBER_PERCENT, of->supported).text);
            continue;
        }
        eh_html_cell(html->out, eh_campaign_level(campaign), &of->value);
        if (p == 0)
            eh_buffer_text(html->out, "<td></td><td></td>");
        else {
            eh_html_cell(html->out, eh_campaign_change(campaign), &of->plan_gain);
            picture(html->out, &span, &of->plan_gain, of->plan_gain.low > 0 ? "within" : of->plan_gain.high < 0 ? "violates" : "unsure");
        }
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_html_table_close(html);
    eh_buffer_text(html->out, "<dl class=\"words\">");
    for (size_t p = 0; p < campaign->policies_count; p++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = html->out};
        eh_campaign_policy_name(&name, &campaign->policies[p]);
        eh_html_put(html->out, "<div><dt>$</dt><dd>$</dd></div>", name.ptr == NULL ? "" : name.ptr, campaign->policies[p].says);
    }
    eh_buffer_text(html->out, "</dl></section>\n");
}

/* ---- who benefits ---------------------------------------------------------------------------------------------------------------------------- */

static void group_row(eh_html *html, const eh_report_campaign *campaign, const eh_campaign_group *of, const scale *span)
{
    eh_buffer *out = html->out;
    eh_number_kind level = eh_campaign_level(campaign), change = eh_campaign_change(campaign);
    eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi>", of->name);
    if (of->reference)
        eh_buffer_text(out, " <span class=\"tag\">reference</span>");
    if (of->withheld) {
        eh_buffer_text(out, " <span class=\"tag\">too few to show</span></th><td class=\"quiet\" colspan=\"7\">withheld</td></tr>\n");
        return;
    }
    eh_buffer_text(out, "</th>");
    count_cell(out, of->people, NULL);
    number_cell(out, EH_NUMBER_PERCENT, of->share_sent);
    eh_html_cell(out, level, &of->baseline);
    eh_html_cell(out, change, &of->effect);
    eh_html_cell(out, change, &of->benefit);
    picture(out, span, &of->benefit, of->reference ? "within" : of->verdict == EH_VIOLATES ? "violates" : of->verdict == EH_WITHIN_TOLERANCE ? "within" : "unsure");
    eh_buffer_text(out, "<td class=\"word\">");
    if (!of->reference) {
        eh_html_verdict(out, of->verdict);
        if (of->verdict == EH_NOT_ENOUGH_EVIDENCE && !isnan(of->detectable))
            eh_html_put(out, "<small>from $ short on it would show</small>", eh_html_number(level, of->detectable).text);
    }
    eh_buffer_text(out, "</td></tr>\n");
}

static void groups(eh_html *html, const eh_report_campaign *campaign)
{
    static const char *const headings[] = {"group", "people", "sent something", "without it", "effect on those sent", "benefit per head", "bounds", "<verdict", NULL};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = html->out};
    eh_campaign_parity_says(campaign, &says);
    eh_buffer_text(html->out, "<section id=\"groups\"><h2>Who benefits</h2>\n<p class=\"lead\">");
    eh_html_text(html->out, eh_buffer_view(&says));
    eh_html_put(html->out, " Benefit is what the plan changed per head of a group, whether or not they got something. A group benefits about as much as another when its benefit is at least $ of the "
                           "other's.</p>\n", eh_html_number(EH_NUMBER_PERCENT, campaign->ratio_min).text);
    for (size_t a = 0; a < campaign->attributes_count; a++) {
        const eh_campaign_attribute *attribute = &campaign->attributes[a];
        scale span = {0, 0};
        for (size_t g = 0; g < attribute->groups_count; g++)
            if (!attribute->groups[g].withheld)
                scale_add(&span, &attribute->groups[g].benefit);
        eh_html_put(html->out, "<div class=\"part\"><h3><bdi>$</bdi> ", attribute->name);
        eh_html_verdict(html->out, attribute->verdict);
        eh_buffer_text(html->out, "</h3>\n");
        eh_html_table_open(html, "Who benefits, by", attribute->name);
        eh_html_headings(html, headings);
        for (size_t g = 0; g < attribute->groups_count; g++)
            group_row(html, campaign, &attribute->groups[g], &span);
        eh_html_table_close(html);
        eh_buffer_text(html->out, "</div>\n");
    }
    eh_buffer_text(html->out, "</section>\n");
}

/* ---- scores, bother, cost, method ------------------------------------------------------------------------------------------------------------- */

static void scores(eh_html *html, const eh_report_campaign *campaign)
{
    static const char *const headings[] = {"scores", "people", "foretold", "seen", "bounds", NULL};
    const eh_campaign_calibration *of = &campaign->calibration;
    scale span = {0, 0};
    eh_number_kind kind = campaign->frame->effect ? EH_NUMBER_SIGNED : EH_NUMBER_INDEX;
    if (of->what == NULL)
        return;
    for (size_t b = 0; b < of->bins_count; b++)
        scale_add(&span, &of->bins[b].observed);
    eh_html_put(html->out, "<section id=\"scores\"><h2>Did the scores foretell it?</h2>\n<p class=\"lead\">The scores say $. On average they foretold $; $ was seen. ", of->what,
                eh_html_number(kind, of->predicted).text, eh_html_number(kind, of->observed.value).text);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer slope = {.whole = html->out};
    eh_campaign_estimate(&slope, EH_NUMBER_RATIO, &of->slope);
    eh_html_put(html->out, "The slope of what was seen on what was foretold is $; 1 is right, 0 says nothing.</p>\n", slope.ptr == NULL ? "" : slope.ptr);
    eh_html_table_open(html, "What was foretold and what was seen, by score", "");
    eh_html_headings(html, headings);
    for (size_t b = 0; b < of->bins_count; b++) {
        eh_html_put(html->out, "<tr><th scope=\"row\">$</th>", eh_html_range(kind, of->bins[b].low, of->bins[b].high).text);
        count_cell(html->out, of->bins[b].people, NULL);
        number_cell(html->out, kind, of->bins[b].predicted);
        eh_html_cell(html->out, kind, &of->bins[b].observed);
        bool holds = of->bins[b].observed.low <= of->bins[b].predicted && of->bins[b].predicted <= of->bins[b].observed.high;
        picture(html->out, &span, &of->bins[b].observed, holds ? "within" : "violates");
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_html_table_close(html);
    eh_buffer_text(html->out, "</section>\n");
}

static void bothers(eh_html *html, const eh_report_campaign *campaign)
{
    static const char *const headings[] = {"what they did", "of those sent something", "of those held out", "difference, points", NULL};
    eh_buffer_text(html->out, "<section id=\"bothered\"><h2>Who was bothered</h2>\n");
    eh_html_table_open(html, "Opt-outs and complaints since it went out", "");
    eh_html_headings(html, headings);
    for (size_t b = 0; b < campaign->bothers_count; b++) {
        const eh_campaign_bother *of = &campaign->bothers[b];
        char sent[64], held[64];
        snprintf(sent, sizeof sent, "%llu of %llu", (unsigned long long)of->sent_count, (unsigned long long)of->sent);
        snprintf(held, sizeof held, "%llu of %llu", (unsigned long long)of->held_count, (unsigned long long)of->held);
        eh_html_put(html->out, "<tr><th scope=\"row\">$</th><td>$<small>$</small></td>", of->says, eh_html_number(EH_NUMBER_PERCENT, of->rate.value).text, sent);
        eh_html_put(html->out, "<td>$<small>$</small></td>", eh_html_number(EH_NUMBER_PERCENT, of->held_rate.value).text, held);
        eh_html_cell(html->out, EH_NUMBER_POINTS, &of->difference);
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_html_table_close(html);
    eh_buffer_text(html->out, "</section>\n");
}

static void amount_fact(eh_buffer *out, const char *name, const char *currency, eh_number_kind kind, const eh_estimate *estimate)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    if (isnan(estimate->value))
        return;
    if (currency != NULL)
        eh_buffer_format(&text, "%s ", currency);
    eh_campaign_estimate(&text, kind, estimate);
    fact(out, name, text.ptr == NULL ? "" : text.ptr);
}

static void cost(eh_html *html, const eh_report_campaign *campaign)
{
    const eh_campaign_spend *of = &campaign->spend;
    eh_estimate total = {of->total, EH_NAN, EH_NAN, 0};
    eh_buffer_text(html->out, "<section id=\"cost\"><h2>What it cost</h2>\n<dl class=\"facts\">");
    if (of->currency != NULL)
        amount_fact(html->out, "Spent", of->currency, EH_NUMBER_AMOUNT, &total);
    amount_fact(html->out, "Additional outcomes", NULL, EH_NUMBER_AMOUNT, &of->additional);
    amount_fact(html->out, "Cost of each", of->currency, EH_NUMBER_AMOUNT, &of->each);
    amount_fact(html->out, "Worth less cost", of->currency, EH_NUMBER_CHANGE, &of->net);
    eh_buffer_text(html->out, "</dl></section>\n");
}

static void method(eh_html *html)
{
    eh_buffer_text(html->out,
                   "<section id=\"method\"><h2>How it was computed</h2>\n<ul class=\"methods\">\n"
                   "<li>Each decision was made with lots whose chances are logged: the holdout, the exploration, the lot of people without AI. <cite>docs/campaigns.md</cite></li>\n"
                   "<li>Adjusted differences, values of other ways to choose and benefits are doubly robust: what was to be expected, fitted on other people, corrected by what "
                   "happened, each person weighted by the chance of what they got. <cite>Robins, Rotnitzky and Zhao 1994; Dud\u00edk, Langford and Li 2011</cite></li>\n"
                   "<li>Differences as they stand: Newcombe's interval for shares, Welch's for amounts; ratios: Koopman's score interval, MOVER-R.</li>\n"
                   "<li>A group benefits much less when a test says that its benefit is below the tolerated share of the reference's, adjusted by Holm for the number of groups; about as much "
                   "when the whole interval says so; else there is not enough evidence.</li>\n"
                   "<li>Protected attributes were read from the vault, which wrote it down. Groups that are too small are not shown.</li>\n</ul></section>\n");
}

void eh_report_campaign_html(const eh_report_campaign *campaign, eh_buffer *out)
{
    eh_html html = {.out = out, .confidence = eh_html_confidence(campaign->confidence)};
    eh_html_begin(&html, "Campaign report", campaign->frame->title);
    header(&html, campaign);
    navigation(out, campaign);
    if (campaign->outcome != NULL) {
        effects(&html, campaign);
        policies(&html, campaign);
        groups(&html, campaign);
        scores(&html, campaign);
    }
    bothers(&html, campaign);
    if (campaign->outcome != NULL)
        cost(&html, campaign);
    method(&html);
    eh_html_put(out, "</main>\n<footer class=\"page\"><p>Made by Evenhand $. This page is one file: it loads nothing and sends nothing. It contains Pico CSS (MIT).</p></footer>\n</body>\n</html>\n",
                EVENHAND_VERSION);
}
