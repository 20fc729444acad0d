#include <math.h>

#include "report/html_int.h"

static void write_cell(eh_buffer *out, const eh_calibration_point *point)
{
    if (point == NULL || isnan(point->score_mean)) {
        eh_buffer_text(out, "<td><span title=\"nobody\">\u2013</span></td>");
        return;
    }
    eh_html_put(out, "<td>$<small>$</small></td>", eh_html_number(EH_NUMBER_PERCENT, point->observed.value).text,
                eh_html_number(EH_NUMBER_PERCENT, point->score_mean).text);
}

static void write_curve(eh_buffer *out, const eh_calibration_point *points)
{
    for (size_t b = 0; b < EH_CALIBRATION_BINS; b++)
        write_cell(out, points != NULL ? &points[b] : NULL);
}

static void write_table(eh_html *html, const eh_audit_section *section)
{
    static const char *const headings[] = {"group", "calibration error", "0 to .1", ".1 to .2", ".2 to .3", ".3 to .4", ".4 to .5",
                                           ".5 to .6", ".6 to .7", ".7 to .8", ".8 to .9", ".9 to 1", NULL};
    eh_html_table_open(html, "Share whose label is true in each tenth of the score, and below it the mean score, by", section->name);
    eh_html_headings(html, headings);
    for (int32_t g = 0; g < (int32_t)section->groups_count; g++) {
        eh_buffer_text(html->out, "<tr>");
        eh_html_group_cell(html, section, g);
        eh_html_cell(html->out, EH_NUMBER_INDEX, &section->groups[g].measures[EH_CALIBRATION_ERROR]);
        write_curve(html->out, section->groups[g].calibration);
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_buffer_text(html->out, "</tbody><tfoot><tr><th scope=\"row\">Everybody</th>");
    eh_html_cell(html->out, EH_NUMBER_INDEX, &html->audit->everybody.measures[EH_CALIBRATION_ERROR]);
    write_curve(html->out, html->audit->everybody.calibration);
    eh_buffer_text(html->out, "</tr></tfoot></table></div>\n");
}

static bool section_calibrated(const eh_audit_section *section)
{
    for (size_t g = 0; g < section->groups_count; g++)
        if (section->groups[g].calibration != NULL)
            return true;
    return false;
}

bool eh_html_calibrated(const eh_html *html)
{
    for (size_t i = 0; i < html->audit->attributes_count; i++)
        if (section_calibrated(&html->audit->attributes[i]))
            return true;
    return false;
}

void eh_html_calibration(eh_html *html)
{
    if (!eh_html_calibrated(html))
        return;
    eh_buffer_text(html->out, "<section id=\"calibration\"><h2>Calibration by group</h2>\n<p class=\"lead\">Does a score mean the same for everyone? Of people "
                              "with a score near 30\u202F%, about 30\u202F% should have a true label, in every group.</p>\n");
    for (size_t i = 0; i < html->audit->attributes_count; i++) {
        const eh_audit_section *section = &html->audit->attributes[i];
        if (!section_calibrated(section))
            continue;
        eh_html_put(html->out, "<section class=\"part\"><h3>Calibration by <bdi>$</bdi></h3>\n", section->name);
        eh_html_chart_reliability(html, section);
        write_table(html, section);
        eh_buffer_text(html->out, "</section>\n");
    }
    eh_buffer_text(html->out, "</section>\n");
}
