#include <math.h>

#include "report/html_int.h"

/* ---- the table of one gated measure ---------------------------------------------------------------------------------------- */

/** What a row needs beside the group itself. */
typedef struct {
    const eh_audit_section *section;
    eh_measure measure;
    eh_html_finder ratios, differences;
} rows;

static void cell_of(eh_buffer *out, eh_number_kind kind, const eh_comparison *comparison)
{
    eh_estimate estimate = {__builtin_nan(""), 0, 0, 0};
    if (comparison != NULL)
        estimate = (eh_estimate){comparison->value, comparison->low, comparison->high, 0};
    eh_html_cell(out, kind, &estimate);
}

static void write_p(eh_buffer *out, const eh_comparison *comparison)
{
    eh_html_put(out, "<td>$<small>alone $</small></td>", eh_html_p(comparison->p_adjusted).text, eh_html_p(comparison->p).text);
}

static void write_verdict(eh_buffer *out, eh_verdict verdict, double detectable)
{
    eh_buffer_text(out, "<td class=\"word\">");
    eh_html_verdict(out, verdict);
    if (isnan(detectable))
        eh_buffer_text(out, "<small>no ratio would show</small></td>");
    else
        eh_html_put(out, "<small>would show at $</small></td>", eh_html_number(EH_NUMBER_RATIO, detectable).text);
}

/** The graver of the two that count. */
static eh_verdict verdict_of(const eh_comparison *ratio, const eh_comparison *difference)
{
    if (difference != NULL && difference->gate && difference->verdict > ratio->verdict)
        return difference->verdict;
    return ratio->verdict;
}

static void write_comparisons(eh_buffer *out, rows *of, int32_t group)
{
    const eh_comparison *ratio = eh_html_find(&of->ratios, of->measure, EH_SCALE_RATIO, group);
    const eh_comparison *difference = eh_html_find(&of->differences, of->measure, EH_SCALE_DIFFERENCE, group);
    if (group == of->section->reference || ratio == NULL) {
        eh_html_put(out, "<td class=\"quiet\" colspan=\"5\">$</td>",
                    group == of->section->reference ? "what the others are compared with" : "not compared");
        return;
    }
    cell_of(out, EH_NUMBER_RATIO, ratio);
    eh_html_put(out, "<td>$</td>", eh_html_range(EH_NUMBER_RATIO, ratio->low_simultaneous, ratio->high_simultaneous).text);
    cell_of(out, eh_html_kind_of_difference(of->measure), difference);
    write_p(out, ratio);
    write_verdict(out, verdict_of(ratio, difference), ratio->detectable);
}

static void write_people(eh_html *html, const eh_audit_group *group)
{
    eh_html_put(html->out, "<td>$", eh_html_number(EH_NUMBER_COUNT, (double)group->rows).text);
    if (html->audit->weighted)
        eh_html_put(html->out, "<small>effective $</small></td>", eh_html_number(EH_NUMBER_COUNT, group->effective).text);
    else
        eh_html_put(html->out, "<small>$</small></td>", eh_html_number(EH_NUMBER_PERCENT, group->share_of_people).text);
}

static void write_row(eh_html *html, rows *of, int32_t group)
{
    const eh_audit_group *shown = &of->section->groups[group];
    eh_buffer_text(html->out, group == of->section->reference ? "<tr class=\"reference\">" : "<tr>");
    eh_html_group_cell(html, of->section, group);
    write_people(html, shown);
    eh_html_cell(html->out, eh_html_kind(of->measure), &shown->measures[of->measure]);
    if (of->section->bounds != NULL)
        eh_html_put(html->out, "<td>$</td>", eh_html_range(EH_NUMBER_PERCENT, of->section->bounds[group].low, of->section->bounds[group].high).text);
    write_comparisons(html->out, of, group);
    eh_buffer_text(html->out, "</tr>\n");
}

static void write_everybody(eh_html *html, const rows *of)
{
    const eh_audit_group *everybody = &html->audit->everybody;
    eh_buffer_text(html->out, "</tbody><tfoot><tr><th scope=\"row\">Everybody</th>");
    write_people(html, everybody);
    eh_html_cell(html->out, eh_html_kind(of->measure), &everybody->measures[of->measure]);
    eh_html_put(html->out, of->section->bounds != NULL ? "<td colspan=\"6\"></td></tr></tfoot></table></div>\n" : "<td colspan=\"5\"></td></tr></tfoot></table></div>\n");
}

void eh_html_measure_table(eh_html *html, const eh_audit_section *section, eh_measure measure)
{
    const eh_measure_info *info = eh_measure_get(measure);
    rows of = {section, measure, {section->comparisons, section->comparisons_count, 0}, {section->comparisons, section->comparisons_count, 0}};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer caption = {.whole = html->out};
    eh_buffer_text(&caption, info->title);
    eh_say_capital(&caption, 0);
    eh_buffer_text(&caption, " by");
    eh_html_table_open(html, caption.ptr != NULL ? caption.ptr : "", section->name);
    const char *headings[11] = {"Group", "People"};
    size_t n = 2;
    headings[n++] = info->title;
    if (section->bounds != NULL)
        headings[n++] = "possible range";
    headings[n++] = "ratio to reference";
    headings[n++] = "all groups at once";
    headings[n++] = eh_html_kind_of_difference(measure) == EH_NUMBER_POINTS ? "difference, points" : "difference";
    headings[n++] = "p, adjusted";
    headings[n++] = "<verdict, and what would show";
    eh_html_headings(html, headings);
    for (int32_t g = 0; g < (int32_t)section->groups_count; g++)
        write_row(html, &of, g);
    write_everybody(html, &of);
}

/* ---- attributes ----------------------------------------------------------------------------------------------------------------- */

static void write_measures(eh_html *html, const eh_audit_section *section)
{
    for (int m = 0; m < EH_MEASURES_COUNT; m++) {
        if (!(html->audit->options.gate & (1U << m)) || !eh_measure_told(html->audit, (eh_measure)m))
            continue;
        const eh_measure_info *info = eh_measure_get((eh_measure)m);
        EH_CLEANUP(eh_buffer_dispose) eh_buffer title = {.whole = html->out};
        eh_buffer_text(&title, info->title);
        eh_say_capital(&title, 0);
        eh_html_put(html->out, "<h4>$</h4><p class=\"says\">$</p>\n", title.ptr != NULL ? title.ptr : "", info->says);
        eh_html_chart_forest(html, section, (eh_measure)m);
        eh_html_measure_table(html, section, (eh_measure)m);
    }
}

void eh_html_section_head(eh_html *html, const eh_audit_section *section, const char *kind, size_t index)
{
    char id[40];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = html->out};
    snprintf(id, sizeof(id), "%s-%zu", kind, index + 1);
    eh_html_put(html->out, "<section class=\"part\" id=\"$\"><h3><bdi>$</bdi> ", id, section->name);
    eh_html_verdict(html->out, section->verdict);
    eh_say_section(html->about, html->audit, section, &says);
    eh_buffer_text(html->out, "</h3>\n<p class=\"lead\">");
    eh_html_text(html->out, eh_view_trim(eh_buffer_view(&says)));
    eh_buffer_text(html->out, "</p>\n");
}

static void write_attribute(eh_html *html, const eh_audit_section *section, size_t index)
{
    eh_html_section_head(html, section, "attribute", index);
    if (section->membership == EH_MEMBERSHIP_PROBABLE)
        eh_buffer_text(html->out, "<p>Who belongs to which group is known as probabilities only. People count in every group by their probability; the "
                                  "possible range is all that the data allows whatever the truth is.</p>\n");
    write_measures(html, section);
    eh_html_details(html, section);
    eh_buffer_text(html->out, "</section>\n");
}

void eh_html_attributes(eh_html *html)
{
    eh_buffer_text(html->out, "<section id=\"attributes\"><h2>By attribute</h2>\n");
    for (size_t i = 0; i < html->audit->attributes_count; i++)
        write_attribute(html, &html->audit->attributes[i], i);
    eh_buffer_text(html->out, "</section>\n");
}
