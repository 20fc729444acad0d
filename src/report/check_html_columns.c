/* Columns: the map of missing values, what gives groups away, ranges; and how it was computed. */
#include <math.h>
#include <string.h>

#include "report/check_html_int.h"

enum { MAP_COLUMNS_MAX = 60, MAP_GROUPS_MAX = 40 };

/* ---- missing ------------------------------------------------------------------------------------------------------------------------ */

static bool is_missing(const eh_check_column *column)
{
    return column->missing.value > 0;
}

bool check_html_has_missing(const check_html *page)
{
    for (size_t i = 0; i < page->check->columns_count; i++)
        if (is_missing(&page->check->columns[i]))
            return true;
    return false;
}

/* Groups of several attributes stand beside each other: "25-34" alone may be an age or an income. */
static void named_group(eh_json_writer *json, const eh_cube_dimension *dimension, const char *group)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = json->buffer};
    eh_buffer_format(&name, "%s: %s", dimension->name, group);
    eh_html_json_text(json, NULL, name.ptr == NULL ? group : name.ptr);
}

static void map_axes(check_html *page)
{
    eh_json_writer *json = &page->html.charts;
    const eh_cube *cube = page->check->cube;
    size_t shown = 0;
    eh_json_text(json, "word", "missing");
    eh_json_object_open(json, "y");
    eh_json_text(json, "name", "column");
    eh_json_array_open(json, "groups");
    for (size_t i = 0; i < page->check->columns_count && shown < MAP_COLUMNS_MAX; i++)
        if (page->check->columns[i].missing_by != NULL) {
            eh_html_json_text(json, NULL, page->check->columns[i].column->name);
            shown++;
        }
    eh_json_array_close(json);
    eh_json_object_close(json);
    eh_json_object_open(json, "x");
    eh_json_text(json, "name", "group");
    eh_json_array_open(json, "groups");
    shown = 0;
    for (size_t a = 0; a < cube->dimensions_count; a++)
        for (size_t g = 0; g < cube->dimensions[a].groups_count && shown < MAP_GROUPS_MAX; g++, shown++)
            named_group(json, &cube->dimensions[a], cube->dimensions[a].groups[g].name);
    eh_json_array_close(json);
    eh_json_object_close(json);
}

static void missing_map(check_html *page)
{
    const eh_cube *cube = page->check->cube;
    eh_json_writer *json = &page->html.charts;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {.whole = page->html.out};
    eh_buffer_text(&says, "Map of missing values: for each column that has some, the share that is missing in every group. All numbers are in the tables that follow.");
    eh_html_figure_open(&page->html, "heat", &says);
    map_axes(page);
    eh_json_array_open(json, "cells");
    size_t row = 0;
    for (size_t i = 0; i < page->check->columns_count && row < MAP_COLUMNS_MAX; i++) {
        const eh_check_column *column = &page->check->columns[i];
        size_t at = 0;
        if (column->missing_by == NULL)
            continue;
        for (size_t a = 0; a < cube->dimensions_count; a++)
            for (size_t g = 0; g < cube->dimensions[a].groups_count; g++, at++)
                if (at < MAP_GROUPS_MAX)
                    eh_html_json_numbers(json, NULL, (const double[]){(double)at, (double)row, column->missing_by[at].value, 0, column->missing_by[at].n}, 5);
        row++;
    }
    eh_json_array_close(json);
    eh_buffer_text(page->html.out, "Share of missing values in percent, by column and group; the stronger the colour, the more is missing.");
    eh_html_figure_close(&page->html);
}

static void missing_table(check_html *page, size_t attribute, size_t at)
{
    const eh_cube_dimension *dimension = &page->check->cube->dimensions[attribute];
    const char *headings[EH_GROUPS_MAX + 4] = {"Column", "all"};
    size_t n = 2;
    for (size_t g = 0; g < dimension->groups_count; g++)
        headings[n++] = dimension->groups[g].name[0] == '<' ? "group" : dimension->groups[g].name;
    headings[n++] = "p, adjusted";
    eh_html_table_open(&page->html, "Missing values by", dimension->name);
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < page->check->columns_count; i++) {
        const eh_check_column *column = &page->check->columns[i];
        if (column->missing_by == NULL)
            continue;
        eh_html_put(page->html.out, "<tr><th scope=\"row\"><bdi>$</bdi></th>", column->column->name);
        eh_html_cell(page->html.out, EH_NUMBER_PERCENT, &column->missing);
        for (size_t g = 0; g < dimension->groups_count; g++)
            eh_html_cell(page->html.out, EH_NUMBER_PERCENT, &column->missing_by[at + g]);
        eh_html_put(page->html.out, "<td>$</td></tr>\n", eh_html_p(column->missing_p[attribute]).text);
    }
    eh_html_table_close(&page->html);
}

static void missing_alone(check_html *page)
{
    static const char *const headings[] = {"column", "missing", "share", NULL};
    eh_html_table_open(&page->html, "Missing values by", "column");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < page->check->columns_count; i++) {
        const eh_check_column *column = &page->check->columns[i];
        if (!is_missing(column))
            continue;
        eh_html_put(page->html.out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td>", column->column->name,
                    eh_html_number(EH_NUMBER_COUNT, (double)(column->column->missing + column->column->blank)).text);
        eh_html_cell(page->html.out, EH_NUMBER_PERCENT, &column->missing);
        eh_buffer_text(page->html.out, "</tr>\n");
    }
    eh_html_table_close(&page->html);
}

void check_html_missing(check_html *page)
{
    bool by_group = false;
    if (!check_html_has_missing(page))
        return;
    for (size_t i = 0; i < page->check->columns_count; i++)
        by_group = by_group || page->check->columns[i].missing_by != NULL;
    eh_buffer_text(page->html.out, "<section id=\"missing\"><h2>Missing values</h2>\n");
    if (by_group)
        missing_map(page);
    missing_alone(page);
    for (size_t a = 0, at = 0; by_group && a < page->check->cube->dimensions_count; at += page->check->cube->dimensions[a++].groups_count)
        missing_table(page, a, at);
    eh_buffer_text(page->html.out, "</section>\n");
}

/* ---- what gives groups away ------------------------------------------------------------------------------------------------------------ */

static void recovery_table(check_html *page)
{
    static const char *const headings[] = {"attribute", "<group that is told best", "AUC", "features", "<told most by", NULL};
    eh_buffer *out = page->html.out;
    eh_html_table_open(&page->html, "How well all features together tell the group, by", "attribute");
    eh_html_headings(&page->html, headings);
    for (size_t s = 0; s < page->check->attributes_count; s++) {
        const eh_check_section *section = &page->check->sections[s];
        char features[24];
        snprintf(features, sizeof features, "%zu", section->recovery_features);
        eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td class=\"word\"><bdi>$</bdi></td>", section->name,
                    section->recovery_group == NULL ? "" : section->recovery_group);
        eh_html_cell(out, EH_NUMBER_INDEX, &section->recovery);
        eh_html_put(out, "<td>$</td><td class=\"name\">", features);
        for (size_t k = 0; k < 3 && section->recovery_columns[k] != NULL; k++)
            eh_html_put(out, k == 0 ? "<bdi>$</bdi> ($)" : ", <bdi>$</bdi> ($)", section->recovery_columns[k],
                        eh_html_number(EH_NUMBER_PERCENT, section->recovery_gains[k]).text);
        eh_buffer_text(out, "</td></tr>\n");
    }
    eh_html_table_close(&page->html);
}

static void association_table(check_html *page)
{
    const char *headings[EH_ATTRIBUTES_MAX + 3] = {"Column"};
    const eh_cube *cube = page->check->cube;
    size_t n = 1;
    for (size_t a = 0; a < cube->dimensions_count; a++)
        headings[n++] = cube->dimensions[a].name;
    if (page->check->labelled)
        headings[n++] = "outcome, AUC";
    eh_html_table_open(&page->html, "Cram\u00e9r's V with each attribute (below it the normalised mutual information), by", "column");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < page->check->columns_count; i++) {
        const eh_check_column *column = &page->check->columns[i];
        if (!column->feature || column->column->bins == NULL)
            continue;
        eh_html_put(page->html.out, "<tr><th scope=\"row\"><bdi>$</bdi></th>", column->column->name);
        for (size_t a = 0; a < cube->dimensions_count; a++)
            eh_html_put(page->html.out, "<td>$<small>$</small></td>", eh_html_number(EH_NUMBER_INDEX, column->cramers_v[a]).text,
                        eh_html_number(EH_NUMBER_INDEX, column->mutual_information[a]).text);
        if (page->check->labelled)
            eh_html_cell(page->html.out, EH_NUMBER_INDEX, &column->leak);
        eh_buffer_text(page->html.out, "</tr>\n");
    }
    eh_html_table_close(&page->html);
}

void check_html_links(check_html *page)
{
    if (page->check->attributes_count == 0)
        return;
    eh_buffer_text(page->html.out, "<section id=\"links\"><h2>What gives groups away</h2>\n<p class=\"lead\">A model that may not read an attribute can still learn it from what goes "
                                   "with it. An AUC of .5 is chance, 1 is always; a V of 0 is no relation, 1 is the same thing under two names.</p>\n");
    recovery_table(page);
    association_table(page);
    eh_buffer_text(page->html.out, "</section>\n");
}

void check_html_crossings(check_html *page)
{
    static const char *const headings[] = {"crossing", "<attributes", "rows", "expected share", NULL};
    const eh_check *check = page->check;
    if (check->crossings_count == 0)
        return;
    eh_html_put(page->html.out, "<section id=\"crossings\"><h2>Crossings that nobody looks at</h2>\n<p class=\"lead\">Of $ crossings of two or three attributes $ hold nobody and $ "
                                "fewer than $ rows, too few to audit.</p>\n", eh_html_number(EH_NUMBER_COUNT, (double)check->crossings_possible).text,
                eh_html_number(EH_NUMBER_COUNT, (double)check->crossings_empty).text, eh_html_number(EH_NUMBER_COUNT, (double)check->crossings_few).text,
                eh_html_number(EH_NUMBER_COUNT, (double)check->options.cell_rows_min).text);
    eh_html_table_open(&page->html, "The most expected of them, by", "crossing");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < check->crossings_count && i < 40; i++)
        eh_html_put(page->html.out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td class=\"word\"><bdi>$</bdi></td><td>$</td><td>$</td></tr>\n", check->crossings[i].name,
                    check->crossings[i].attributes, eh_html_number(EH_NUMBER_COUNT, (double)check->crossings[i].rows).text,
                    eh_html_number(EH_NUMBER_PERCENT, check->crossings[i].expected_share).text);
    eh_html_table_close(&page->html);
    eh_buffer_text(page->html.out, "</section>\n");
}

/* ---- people who are in twice ---------------------------------------------------------------------------------------------------- */

enum { PAIRS_SHOWN_MAX = 50 };

bool check_html_has_twice(const check_html *page)
{
    return page->check->twice != NULL && page->check->twice->found.pairs_count > 0;
}

void check_html_twice(check_html *page)
{
    static const char *const headings[] = {"<pair", "<how sure", "<why", "<decided", NULL};
    static const char *const decisions[] = {[EH_PAIR_OPEN] = "not yet", [EH_PAIR_SAME] = "one person", [EH_PAIR_DIFFERENT] = "two people"};
    eh_buffer *out = page->html.out;
    if (!check_html_has_twice(page))
        return;
    const eh_duplicates *found = &page->check->twice->found;
    eh_html_put(out, "<section id=\"twice\"><h2>People who may be in twice</h2>\n<p class=\"lead\">$ pairs among $ people. Nothing is merged before somebody has decided.</p>\n",
                eh_html_number(EH_NUMBER_COUNT, (double)found->pairs_count).text, eh_html_number(EH_NUMBER_COUNT, (double)found->people_count).text);
    eh_html_table_open(&page->html, "People who look alike, by", "pair");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < found->pairs_count && i < PAIRS_SHOWN_MAX; i++) {
        const eh_duplicate_pair *pair = &found->pairs[i];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer why = {.whole = out};
        eh_duplicate_why(pair, &why);
        eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi> and <bdi>$</bdi></th><td class=\"word\">$</td><td class=\"word\">$</td><td class=\"word\">$</td></tr>\n", pair->keys[0],
                    pair->keys[1], pair->exact ? "exact" : "near", why.ptr == NULL ? "" : why.ptr, decisions[pair->decision]);
    }
    eh_html_table_close(&page->html);
    if (found->pairs_count > PAIRS_SHOWN_MAX)
        eh_html_put(out, "<p class=\"lead\">Shown are the $ surest; the JSON report has more.</p>\n", eh_html_number(EH_NUMBER_COUNT, PAIRS_SHOWN_MAX).text);
    eh_buffer_text(out, "</section>\n");
}

/* ---- columns ------------------------------------------------------------------------------------------------------------------------------ */

static void range_cells(eh_buffer *out, const eh_profile_column *column)
{
    static const size_t places[] = {0, 32, 64};
    if (column->kind == EH_KIND_DATE) {
        eh_html_put(out, "<td>$</td><td></td><td>$</td>", column->first == NULL ? "" : column->first, column->last == NULL ? "" : column->last);
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        char text[32] = "";
        if (column->kind == EH_KIND_NUMBER && !isnan(column->quantiles[places[i]]))
            eh_json_number_text(column->quantiles[places[i]], text);
        eh_html_put(out, "<td>$</td>", text);
    }
}

void check_html_columns(check_html *page)
{
    const char *headings[] = {"column", "<type", "different values", "missing", "smallest", "median", "largest", page->check->before == NULL ? NULL : "changed, index", NULL};
    eh_buffer *out = page->html.out;
    eh_buffer_text(out, "<section id=\"columns\"><h2>Columns</h2>\n");
    eh_html_table_open(&page->html, "What is in every", "column");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < page->check->columns_count; i++) {
        const eh_profile_column *column = page->check->columns[i].column;
        eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi>", column->name);
        if (!page->check->columns[i].feature)
            eh_buffer_text(out, " <span class=\"tag\">no feature</span>");
        eh_html_put(out, "</th><td class=\"word\"><code>$</code></td><td>$</td><td>$</td>", column->type, eh_html_number(EH_NUMBER_COUNT, (double)column->distinct).text,
                    eh_html_number(EH_NUMBER_PERCENT, page->check->columns[i].missing.value).text);
        range_cells(out, column);
        if (page->check->before != NULL)
            eh_html_put(out, "<td>$</td>", eh_html_number(EH_NUMBER_INDEX, page->check->columns[i].stability_index).text);
        eh_buffer_text(out, "</tr>\n");
    }
    eh_html_table_close(&page->html);
    eh_buffer_text(out, "</section>\n");
}

/* ---- how it was computed --------------------------------------------------------------------------------------------------------------------- */

static const char *const methods[][2] = {
    {"Intervals of shares: score interval", "Wilson 1927"},
    {"Shares against the population: exact binomial tail, with weights the score test; step-down adjustment", "Holm 1979"},
    {"Design effect of weights, effective number of people", "Kish 1965"},
    {"Chi-square with the design effect, first order", "Rao and Scott 1981"},
    {"Weights that match margins: iterative proportional fitting", "Deming and Stephan 1940"},
    {"Distance of distributions: total variation, Jensen-Shannon divergence, stability index", "Lin 1991"},
    {"Association: Cram\u00e9r's V without correction, normalised mutual information", "Cram\u00e9r 1946"},
    {"Recovery: an additive logistic model, fitted five times without a fifth of the rows; interval of the AUC", "DeLong, DeLong and Clarke-Pearson 1988"},
    {"Leaks: the AUC of a column's values, ranked on one half of the rows and counted on the other", "DeLong, DeLong and Clarke-Pearson 1988"},
    {"Outcomes between groups: score test, each group against everybody else", "Mee 1984; Holm 1979"},
};

void check_html_method(check_html *page)
{
    static const char *const headings[] = {"file", "bytes", "<SHA-256", NULL};
    eh_buffer *out = page->html.out;
    eh_buffer_text(out, "<section id=\"method\"><h2>How it was computed</h2>\n<p class=\"lead\">The same files, options and moment give this same page, byte for byte.</p>\n");
    eh_html_table_open(&page->html, "What was read, by", "file");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < page->about->inputs_count; i++) {
        const eh_input *input = &page->about->inputs[i];
        eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td><td class=\"name\"><code class=\"hash\">$</code></td></tr>\n", input->path,
                    eh_html_number(EH_NUMBER_COUNT, (double)input->bytes).text, input->sha256);
    }
    eh_html_table_close(&page->html);
    eh_buffer_text(out, "<h3>Methods</h3>\n<ul class=\"methods\">");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        eh_html_put(out, "<li>$ <cite>$</cite></li>\n", methods[i][0], methods[i][1]);
    eh_html_put(out, "</ul>\n<h3>How to repeat it</h3>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"Command line\"><code>evenhand check $</code></pre></section>\n",
                page->about->arguments);
}
