#include <math.h>

#include "report/html_int.h"

/** Longer tables start closed; paper and a click open them. */
enum { ROWS_OPEN_MAX = 24 };

static void write_tables(eh_html *html, const eh_audit_section *section)
{
    for (int m = 0; m < EH_MEASURES_COUNT; m++)
        if ((html->audit->options.gate & (1U << m)) && eh_measure_told(html->audit, (eh_measure)m))
            eh_html_measure_table(html, section, (eh_measure)m);
}

static void write_intersection(eh_html *html, const eh_audit_section *section, size_t index)
{
    eh_html_section_head(html, section, "intersection", index);
    if (section->depth == 2)
        eh_html_chart_heat(html, section);
    eh_html_put(html->out, section->groups_count <= ROWS_OPEN_MAX ? "<details open><summary>All $ groups</summary>\n" : "<details><summary>All $ groups</summary>\n",
                eh_html_number(EH_NUMBER_COUNT, (double)section->groups_count).text);
    write_tables(html, section);
    eh_buffer_text(html->out, "</details>\n</section>\n");
}

void eh_html_intersections(eh_html *html)
{
    if (html->audit->intersections_count == 0)
        return;
    eh_buffer_text(html->out, "<section id=\"intersections\"><h2>Intersections</h2>\n<p class=\"lead\">A group may be treated well on each attribute and badly where two "
                              "meet. Every other measure of these groups is in the JSON and CSV reports of the same audit.</p>\n");
    for (size_t i = 0; i < html->audit->intersections_count; i++)
        write_intersection(html, &html->audit->intersections[i], i);
    eh_buffer_text(html->out, "</section>\n");
}
