#include <math.h>
#include <string.h>

#include "report/html_int.h"

/* ---- the figure in the page ------------------------------------------------------------------------------------------------ */

static const char legend_verdicts[] =
    "<span class=\"key within\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#icon-within\"/></svg>within tolerance</span> "
    "<span class=\"key violates\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#icon-violates\"/></svg>violates</span> "
    "<span class=\"key unsure\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#icon-unsure\"/></svg>not enough evidence</span> ";

/** Opens the figure in the page and its object in the data. `says` is escaped here. */
void eh_html_figure_open(eh_html *html, const char *kind, const eh_buffer *says)
{
    char id[24];
    snprintf(id, sizeof(id), "figure-%u", ++html->figures);
    eh_html_put(html->out, "<figure class=\"plot $\" id=\"$\" hidden><div class=\"scroll plain\"><div class=\"chart\" role=\"img\" aria-label=\"", kind, id);
    eh_html_text(html->out, eh_buffer_view(says));
    eh_html_put(html->out, "\"></div></div><figcaption><b>Figure $.</b> ", id + strlen("figure-"));
    eh_json_object_open(&html->charts, NULL);
    eh_json_text(&html->charts, "id", id);
    eh_json_text(&html->charts, "kind", kind);
}

void eh_html_figure_close(eh_html *html)
{
    eh_buffer_text(html->out, "</figcaption></figure>\n");
    eh_json_object_close(&html->charts);
}

/* ---- pieces of data -------------------------------------------------------------------------------------------------------- */

void eh_html_json_text(eh_json_writer *json, const char *key, const char *name)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer shown = {.whole = json->buffer};
    eh_html_visible(&shown, eh_view_of(name));
    eh_json_text(json, key, shown.ptr != NULL ? shown.ptr : "");
}

void eh_html_json_numbers(eh_json_writer *json, const char *key, const double *numbers, size_t count)
{
    eh_json_array_open_flat(json, key);
    for (size_t i = 0; i < count; i++)
        eh_json_number(json, NULL, numbers[i]);
    eh_json_array_close(json);
}

static void json_estimate(eh_json_writer *json, const eh_estimate *estimate)
{
    eh_html_json_numbers(json, NULL, (const double[]){estimate->value, estimate->low, estimate->high}, 3);
}

static void json_group_names(eh_json_writer *json, const eh_audit_section *section)
{
    eh_json_array_open(json, "names");
    for (size_t g = 0; g < section->groups_count; g++)
        eh_html_json_text(json, NULL, section->groups[g].name);
    eh_json_array_close(json);
}

/* ---- forest plot ------------------------------------------------------------------------------------------------------------- */

static void say_extremes(eh_buffer *says, const eh_audit_section *section, eh_measure measure)
{
    const eh_audit_group *lowest = NULL, *highest = NULL;
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_audit_group *group = &section->groups[g];
        double value = group->measures[measure].value;
        if (isnan(value))
            continue;
        lowest = lowest == NULL || value < lowest->measures[measure].value ? group : lowest;
        highest = highest == NULL || value > highest->measures[measure].value ? group : highest;
    }
    if (lowest == NULL)
        return;
    eh_number_kind kind = eh_html_kind(measure);
    eh_buffer_format(says, " Lowest: %s, %s. Highest: %s, %s.", lowest->name, eh_html_number(kind, lowest->measures[measure].value).text,
                     highest->name, eh_html_number(kind, highest->measures[measure].value).text);
}

static void json_ratios(eh_html *html, const eh_audit_section *section, eh_measure measure)
{
    eh_json_writer *json = &html->charts;
    eh_html_finder finder = {section->comparisons, section->comparisons_count, 0};
    eh_json_array_open(json, "ratios");
    for (int32_t g = 0; g < (int32_t)section->groups_count; g++) {
        const eh_comparison *found = eh_html_find(&finder, measure, EH_SCALE_RATIO, g);
        if (found == NULL || isnan(found->value)) {
            eh_json_null(json, NULL);
            continue;
        }
        eh_html_json_numbers(json, NULL, (const double[]){found->value, found->low, found->high, found->low_simultaneous, found->high_simultaneous,
                                                  (double)found->verdict}, 6);
    }
    eh_json_array_close(json);
}

static void legend_forest(eh_html *html, const eh_audit_section *section, eh_measure measure)
{
    eh_buffer *out = html->out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer range = {.whole = html->out};
    eh_html_put(out, "Bars show the $\u202F% interval of each number, the thin lines on the right one that holds for all groups at once. ",
                html->confidence.text);
    eh_say_tolerance(html->audit, &range);
    eh_html_put(out, "Dashed on the left: everybody, $. Shaded on the right: the tolerance, $, ",
                eh_html_number(eh_html_kind(measure), html->audit->everybody.measures[measure].value).text, range.ptr != NULL ? range.ptr : "");
    eh_html_put(out, "around <bdi>$</bdi>.<span class=\"keys\">", eh_group_name(section, section->reference));
    eh_buffer_text(out, legend_verdicts);
    eh_buffer_text(out, "</span>");
}

void eh_html_chart_forest(eh_html *html, const eh_audit_section *section, eh_measure measure)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = html->out};
    const eh_measure_info *info = eh_measure_get(measure);
    eh_json_writer *json = &html->charts;
    double tolerance = html->audit->options.ratio_min;
    eh_buffer_format(&says, "Forest plot of the %s by %s with intervals, and of its ratio to %s.", info->title, section->name,
                     eh_group_name(section, section->reference));
    say_extremes(&says, section, measure);
    eh_buffer_text(&says, " All numbers are in the table that follows.");
    eh_html_figure_open(html, "forest", &says);
    eh_json_text(json, "title", info->title);
    eh_json_boolean(json, "percent", eh_html_kind(measure) == EH_NUMBER_PERCENT);
    eh_html_json_numbers(json, "tolerance", (const double[]){tolerance, 1 / tolerance}, 2);
    eh_json_number(json, "everybody", html->audit->everybody.measures[measure].value);
    eh_json_integer(json, "reference", section->reference);
    eh_html_json_text(json, "referenceName", eh_group_name(section, section->reference));
    json_group_names(json, section);
    eh_json_array_open(json, "rates");
    for (size_t g = 0; g < section->groups_count; g++)
        json_estimate(json, &section->groups[g].measures[measure]);
    eh_json_array_close(json);
    json_ratios(html, section, measure);
    legend_forest(html, section, measure);
    eh_html_figure_close(html);
}

/* ---- reliability ---------------------------------------------------------------------------------------------------------------- */

static void json_curve(eh_json_writer *json, const char *key, const eh_calibration_point *points)
{
    eh_json_array_open(json, key);
    for (size_t b = 0; points != NULL && b < EH_CALIBRATION_BINS; b++)
        if (!isnan(points[b].score_mean))
            eh_html_json_numbers(json, NULL, (const double[]){points[b].score_mean, points[b].observed.value, points[b].observed.low, points[b].observed.high}, 4);
    eh_json_array_close(json);
}

void eh_html_chart_reliability(eh_html *html, const eh_audit_section *section)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = html->out};
    eh_json_writer *json = &html->charts;
    eh_buffer_format(&says, "Reliability curves by %s: the share whose label is true against the mean score, one panel for each of %zu groups. "
                            "All numbers are in the table that follows.", section->name, section->groups_count);
    eh_html_figure_open(html, "reliability", &says);
    json_group_names(json, section);
    json_curve(json, "everybody", html->audit->everybody.calibration);
    eh_json_array_open(json, "curves");
    for (size_t g = 0; g < section->groups_count; g++)
        json_curve(json, NULL, section->groups[g].calibration);
    eh_json_array_close(json);
    eh_html_put(html->out, "Each panel is one group: across, the mean score of a tenth of the scale; up, the share whose label is true, with its $\u202F% interval. "
                           "On the dashed line scores come true as they say; the grey line is everybody.", html->confidence.text);
    eh_html_figure_close(html);
}

/* ---- heat map -------------------------------------------------------------------------------------------------------------------- */

/** How a cell is marked; the verdicts come first and keep their numbers. */
enum { CELL_REFERENCE = 3, CELL_WITHHELD = 4, CELL_UNCOMPARED = 5 };

static int64_t state_of(const eh_audit_section *section, int32_t group, eh_html_finder *finder)
{
    if (section->groups[group].withheld)
        return CELL_WITHHELD;
    if (group == section->reference)
        return CELL_REFERENCE;
    const eh_comparison *found = eh_html_find(finder, EH_SELECTION_RATE, EH_SCALE_RATIO, group);
    return found != NULL ? (int64_t)found->verdict : CELL_UNCOMPARED;
}

static void json_axis(eh_html *html, const char *key, uint8_t attribute)
{
    const eh_cube_dimension *dimension = &html->about->cube->dimensions[attribute];
    eh_json_object_open(&html->charts, key);
    eh_html_json_text(&html->charts, "name", dimension->name);
    eh_json_array_open(&html->charts, "groups");
    for (size_t g = 0; g < dimension->groups_count; g++)
        eh_html_json_text(&html->charts, NULL, dimension->groups[g].name);
    eh_json_array_close(&html->charts);
    eh_json_object_close(&html->charts);
}

void eh_html_chart_heat(eh_html *html, const eh_audit_section *section)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = html->out};
    eh_json_writer *json = &html->charts;
    eh_html_finder finder = {section->comparisons, section->comparisons_count, 0};
    eh_buffer_format(&says, "Heat map of the selection rate by %s.", section->name);
    say_extremes(&says, section, EH_SELECTION_RATE);
    eh_buffer_text(&says, " All numbers are in the table that follows.");
    eh_html_figure_open(html, "heat", &says);
    json_axis(html, "y", section->attribute_index[0]);
    json_axis(html, "x", section->attribute_index[1]);
    eh_json_array_open(json, "cells");
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_audit_group *group = &section->groups[g];
        eh_html_json_numbers(json, NULL, (const double[]){group->values[1], group->values[0], group->measures[EH_SELECTION_RATE].value,
                                                  (double)state_of(section, (int32_t)g, &finder), (double)group->rows}, 5);
    }
    eh_json_array_close(json);
    eh_html_put(html->out, "Selection rate in percent; the stronger the colour, the higher. Compared with <bdi>$</bdi> (boxed): a diamond marks what violates the tolerance, "
                           "hatching what there is not enough evidence for. Crossed out: too few people to show. Blank: nobody.",
                eh_group_name(section, section->reference));
    eh_html_figure_close(html);
}

/* ---- before and now ---------------------------------------------------------------------------------------------------------------- */

void eh_html_chart_changes(eh_html *html, const eh_change *changes, size_t count)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = html->out};
    eh_json_writer *json = &html->charts;
    eh_buffer_format(&says, "Change of the %s by %s since the earlier report, with intervals. All numbers are in the table that follows.",
                     eh_measure_get(changes[0].measure)->title, changes[0].attribute);
    eh_html_figure_open(html, "changes", &says);
    eh_json_array_open(json, "names");
    for (size_t i = 0; i < count; i++)
        eh_html_json_text(json, NULL, changes[i].group);
    eh_json_array_close(json);
    eh_json_array_open(json, "changes");
    for (size_t i = 0; i < count; i++)
        eh_html_json_numbers(json, NULL, (const double[]){changes[i].difference, changes[i].low, changes[i].high}, 3);
    eh_json_array_close(json);
    eh_html_put(html->out, "Change in percentage points since the earlier report, with its $\u202F% interval.", html->confidence.text);
    eh_html_figure_close(html);
}
