/* Groups against the population: a love plot and a table for each attribute. */
#include <math.h>

#include "report/check_html_int.h"

static void love_data(check_html *page, const eh_check_section *section)
{
    eh_json_writer *json = &page->html.charts;
    eh_json_array_open(json, "names");
    for (size_t g = 0; g < section->groups_count; g++)
        if (section->groups[g].population_share > 0)
            eh_html_json_text(json, NULL, section->groups[g].name);
    eh_json_array_close(json);
    eh_json_array_open(json, "points");
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_check_group *group = &section->groups[g];
        if (group->population_share > 0)
            eh_html_json_numbers(json, NULL, (const double[]){group->standardised, group->standardised_after, group->share.value, group->population_share}, 4);
    }
    eh_json_array_close(json);
}

static void love_plot(check_html *page, const eh_check_section *section)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = page->html.out};
    eh_buffer_format(&says, "Love plot of %s: the standardised difference between the data and the population for each group, as it is and with weights. "
                            "All numbers are in the table that follows.", section->name);
    eh_html_figure_open(&page->html, "love", &says);
    love_data(page, section);
    eh_buffer_text(page->html.out,
                   "Standardised differences between data and population. Shaded: up to .1, which counts as small. Left of the line there are too few, right of it too many."
                   "<span class=\"keys\"><span class=\"key violates\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#icon-violates\"/></svg>large</span> "
                   "<span class=\"key within\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#icon-within\"/></svg>small</span> "
                   "<span class=\"key\">\u25CB with weights that match the population</span></span>");
    eh_html_figure_close(&page->html);
}

static void group_row(check_html *page, const eh_check_section *section, const eh_check_group *group)
{
    eh_buffer *out = page->html.out;
    eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi>", group->name);
    if (group->unmatched)
        eh_buffer_text(out, " <span class=\"tag\">not in the population</span>");
    eh_html_put(out, "</th><td>$</td>", eh_html_number(EH_NUMBER_COUNT, (double)group->rows).text);
    eh_html_cell(out, EH_NUMBER_PERCENT, &group->share);
    if (section->population != NULL) {
        eh_html_put(out, "<td>$</td>", eh_html_number(EH_NUMBER_PERCENT, group->population_share).text);
        eh_estimate ratio = {group->ratio, group->ratio_low, group->ratio_high, 0};
        eh_html_cell(out, EH_NUMBER_RATIO, &ratio);
        eh_html_put(out, "<td>$", eh_html_number(EH_NUMBER_SIGNED, group->standardised).text);
        if (!isnan(group->standardised_after))
            eh_html_put(out, "<small>weighted $</small>", eh_html_number(EH_NUMBER_SIGNED, group->standardised_after).text);
        eh_html_put(out, "</td><td>$</td><td class=\"word\">", eh_html_p(group->p_violates).text);
        if (group->population_share > 0)
            eh_html_verdict(out, group->verdict);
        eh_buffer_text(out, "</td>");
    }
    if (page->check->labelled && section->groups != NULL && (section->attributes & (section->attributes - 1)) == 0)
        eh_html_cell(out, EH_NUMBER_PERCENT, &group->base_rate);
    if (!isnan(page->check->never_tried.value) && (section->attributes & (section->attributes - 1)) == 0)
        eh_html_cell(out, EH_NUMBER_PERCENT, &group->never_tried);
    eh_buffer_text(out, "</tr>\n");
}

static void shares_table(check_html *page, const eh_check_section *section)
{
    const char *headings[12] = {"Group", "Rows", "Share of the data"};
    size_t n = 3;
    bool single = (section->attributes & (section->attributes - 1)) == 0;
    if (section->population != NULL) {
        headings[n++] = "share of the population";
        headings[n++] = "ratio";
        headings[n++] = "standardised difference";
        headings[n++] = "p, adjusted";
        headings[n++] = "<verdict";
    }
    if (page->check->labelled && single)
        headings[n++] = "outcome true";
    if (!isnan(page->check->never_tried.value) && single)
        headings[n++] = page->check->decided ? "never tried" : "no outcome";
    eh_html_table_open(&page->html, "Shares by", section->name);
    eh_html_headings(&page->html, headings);
    for (size_t g = 0; g < section->groups_count; g++)
        group_row(page, section, &section->groups[g]);
    eh_html_table_close(&page->html);
}

static void distances(check_html *page, const eh_check_section *section)
{
    eh_buffer *out = page->html.out;
    eh_html_put(out, "<p class=\"says\">$ of people would have to be in another group (total variation). Stability index $, Jensen-Shannon divergence $ bits, ",
                eh_html_number(EH_NUMBER_PERCENT, section->total_variation).text, eh_html_number(EH_NUMBER_INDEX, section->stability_index).text,
                eh_html_number(EH_NUMBER_INDEX, section->jensen_shannon).text);
    if (!isnan(section->kolmogorov))
        eh_html_put(out, "Kolmogorov-Smirnov distance $ (p $), ", eh_html_number(EH_NUMBER_INDEX, section->kolmogorov).text, eh_html_p(section->kolmogorov_p).text);
    eh_html_put(out, "chi-square $ with $ degrees of freedom (p $); mean standardised difference $.</p>\n", eh_html_number(EH_NUMBER_AMOUNT, section->chi_square.statistic).text,
                eh_html_number(EH_NUMBER_COUNT, section->chi_square.df).text, eh_html_p(section->chi_square.p).text,
                eh_html_number(EH_NUMBER_INDEX, section->standardised_mean).text);
}

static void write_section(check_html *page, const eh_check_section *section, size_t index)
{
    char id[40];
    snprintf(id, sizeof id, "shares-%zu", index + 1);
    eh_html_put(page->html.out, "<section class=\"part\" id=\"$\"><h3><bdi>$</bdi> ", id, section->name);
    if (section->population != NULL)
        eh_html_verdict(page->html.out, section->verdict);
    eh_buffer_text(page->html.out, "</h3>\n");
    if (section->population != NULL) {
        distances(page, section);
        love_plot(page, section);
    }
    shares_table(page, section);
    eh_buffer_text(page->html.out, "</section>\n");
}

static void weights_note(check_html *page)
{
    const eh_check_weights *weights = &page->check->weights;
    char rounds[24];
    if (!weights->done)
        return;
    snprintf(rounds, sizeof rounds, weights->rounds == 1 ? "%u round" : "%u rounds", weights->rounds);
    eh_html_put(page->html.out, "<p class=\"lead\">Weights that match the population (raking, $ after $) have a design effect of $: $ rows are then worth $. The "
                                "weights go from $ to $ times the mean.</p>\n", weights->converged ? "reached" : "not reached", rounds,
                eh_html_number(EH_NUMBER_AMOUNT, weights->cost.design_effect).text, eh_html_number(EH_NUMBER_COUNT, weights->cost.people).text,
                eh_html_number(EH_NUMBER_COUNT, weights->cost.effective_people).text, eh_html_number(EH_NUMBER_RATIO, weights->cost.smallest).text,
                eh_html_number(EH_NUMBER_RATIO, weights->cost.largest).text);
}

void check_html_shares(check_html *page)
{
    if (page->check->sections_count == 0)
        return;
    eh_buffer_text(page->html.out, "<section id=\"shares\"><h2>Who is in the data</h2>\n");
    weights_note(page);
    for (size_t s = 0; s < page->check->sections_count; s++)
        write_section(page, &page->check->sections[s], s);
    eh_buffer_text(page->html.out, "</section>\n");
}
