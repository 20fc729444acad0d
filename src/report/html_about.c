#include <math.h>

#include "report/html_int.h"

/* ---- what the words mean ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *word, *says;
} words[] = {
    {"Reference", "The group that the others are compared with: the one that was asked for, else the largest."},
    {"Ratio to reference", "The rate of a group divided by the rate of the reference. 1 means the same; 0.5 means half as often."},
    {"Difference, points", "The rate of a group minus the rate of the reference, in percentage points."},
    {"Interval", "The values that this data is compatible with. The fewer people, the wider it is."},
    {"All groups at once", "A wider interval. It is right for all groups of the table together, not only for each one alone."},
    {"p, adjusted", "How often a gap this large would appear if there were none, after allowing for how many groups were looked at. \u201CAlone\u201D is without that."},
    {"What would show", "The mildest ratio outside the tolerance that this many people would have shown in four of five such audits."},
    {"Too few to show", "A group with fewer people than was asked for is listed, and its rates are withheld."},
};

static const struct {
    eh_verdict verdict;
    const char *says;
} verdicts[] = {
    {EH_WITHIN_TOLERANCE, "The whole interval lies inside the tolerance: a gap that matters is ruled out at this confidence."},
    {EH_VIOLATES, "The gap is outside the tolerance by more than chance explains, after allowing for all the groups that were looked at."},
    {EH_NOT_ENOUGH_EVIDENCE, "The data allows both. It is not a pass: more people, or larger groups, are needed to tell."},
};

static void write_measure(eh_html *html, eh_measure measure)
{
    const eh_measure_info *info = eh_measure_get(measure);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer title = {.whole = html->out};
    eh_buffer_text(&title, info->title);
    eh_say_capital(&title, 0);
    eh_html_put(html->out, "<div><dt>$</dt><dd>$ <code>$</code></dd></div>\n", title.ptr != NULL ? title.ptr : "", info->says, info->formula);
}

void eh_html_words(eh_html *html)
{
    eh_buffer *out = html->out;
    eh_buffer_text(out, "<section id=\"words\"><h2>What the words mean</h2>\n<h3>Verdicts</h3>\n<dl class=\"words\">");
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        eh_buffer_text(out, "<div><dt>");
        eh_html_verdict(out, verdicts[i].verdict);
        eh_html_put(out, "</dt><dd>$</dd></div>\n", verdicts[i].says);
    }
    eh_buffer_text(out, "</dl>\n<h3>In the tables</h3>\n<dl class=\"words\">");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        eh_html_put(out, "<div><dt>$</dt><dd>$</dd></div>\n", words[i].word, words[i].says);
    eh_buffer_text(out, "</dl>\n<h3>Measures</h3>\n<p>TP: picked and the label is true; FP: picked and it is false; FN: not picked and it is true; TN: not picked and it is "
                        "false; n: all with a known decision.</p>\n<dl class=\"words\">");
    for (int m = 0; m < EH_MEASURES_COUNT; m++)
        if (eh_measure_told(html->audit, (eh_measure)m))
            write_measure(html, (eh_measure)m);
    eh_buffer_text(out, "</dl></section>\n");
}

/* ---- how it was computed ---------------------------------------------------------------------------------------------------- */

static void setting(eh_buffer *out, const char *name, const char *value)
{
    if (value != NULL)
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td class=\"name\"><code>$</code></td></tr>\n", name, value);
}

static void write_attribute_settings(eh_html *html)
{
    const eh_cube_spec *spec = html->about->spec;
    for (size_t i = 0; i < spec->attributes_count; i++) {
        const eh_cube_attribute *attribute = &spec->attributes[i];
        eh_html_put(html->out, "<tr><th scope=\"row\">by <bdi>$</bdi></th><td class=\"name\"><code>$</code>", attribute->expression.name, attribute->expression.sql);
        for (size_t e = 0; e < attribute->edges_count; e++) {
            char number[32];
            eh_json_number_text(attribute->edges[e], number);
            eh_html_put(html->out, e == 0 ? " in bands that begin at $" : ", $", number);
        }
        if (attribute->top_count > 0)
            eh_html_put(html->out, ", the largest $ groups, the others joined", eh_html_number(EH_NUMBER_COUNT, attribute->top_count).text);
        eh_buffer_text(html->out, "</td></tr>\n");
    }
}

static void write_settings(eh_html *html)
{
    static const char *const headings[] = {"option", "<value", NULL};
    const eh_cube_spec *spec = html->about->spec;
    const eh_audit_options *options = &html->audit->options;
    eh_buffer *out = html->out;
    char number[32];
    eh_html_table_open(html, "What was asked for, by", "option");
    eh_html_headings(html, headings);
    setting(out, "decision", spec->decision.sql);
    setting(out, "label", spec->label.sql);
    setting(out, "score", spec->score.sql);
    setting(out, "weight", spec->weight.sql);
    setting(out, "value", spec->value.sql);
    setting(out, "within", spec->within.sql);
    setting(out, "where", spec->where);
    write_attribute_settings(html);
    for (size_t i = 0; i < options->references_count; i++)
        eh_html_put(out, "<tr><th scope=\"row\">reference of <bdi>$</bdi></th><td class=\"name\"><bdi>$</bdi></td></tr>\n", options->references[i].attribute,
                    options->references[i].group);
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"tolerance (lowest ratio)", options->ratio_min},      {"confidence", options->confidence},
                   {"smallest group shown", (double)options->cell_rows_min}, {"attributes crossed, at most", options->depth},
                   {"bootstrap replicates", options->replicates_count},   {"seed", (double)options->seed}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        eh_json_number_text(numbers[i].value, number);
        setting(out, numbers[i].name, number);
    }
    setting(out, "program", "evenhand " EVENHAND_VERSION);
    setting(out, "data engine (DuckDB)", html->about->engine_version);
    eh_html_table_close(html);
}

static void write_files(eh_html *html)
{
    static const char *const headings[] = {"file", "bytes", "<SHA-256", NULL};
    if (html->about->inputs_count == 0)
        return;
    eh_html_table_open(html, "What was read, by", "file");
    eh_html_headings(html, headings);
    for (size_t i = 0; i < html->about->inputs_count; i++) {
        const eh_input *input = &html->about->inputs[i];
        eh_html_put(html->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td><td class=\"name\"><code class=\"hash\">$</code></td></tr>\n", input->path,
                    eh_html_number(EH_NUMBER_COUNT, (double)input->bytes).text, input->sha256);
    }
    eh_html_table_close(html);
}

enum { NEEDS_WITHIN = 64, NEEDS_SOFT = 128, NEEDS_CROSSED = 256 };

static const struct {
    unsigned needs;
    const char *what, *source;
} methods[] = {
    {0, "Intervals of rates: score interval", "Wilson 1927; Newcombe 1998"},
    {0, "Intervals of differences: hybrid score", "Newcombe 1998, method 10"},
    {0, "Intervals of ratios: score test inverted, defined when nobody was picked", "Koopman 1984"},
    {0, "Tests against the edge of the tolerance: score tests, exact tail in small groups", "Farrington and Manning 1990; Storer and Kim 1990"},
    {0, "Within tolerance: the interval lies inside, a test of equivalence", "Schuirmann 1987"},
    {0, "Several groups: step-down adjustment", "Holm 1979"},
    {0, "Intervals for all groups at once: largest deviation from a common reference", "Dunnett 1955"},
    {0, "Composite numbers: bootstrap of the table of counts", "Efron and Tibshirani 1993"},
    {0, "Small groups: rates drawn towards the mean, beta-binomial", "Casella 1985"},
    {EH_NEEDS_SCORE, "Area under the ROC curve and its interval", "DeLong, DeLong and Clarke-Pearson 1988"},
    {NEEDS_CROSSED, "Many intersections: false discovery rate", "Benjamini and Hochberg 1995"},
    {NEEDS_WITHIN, "Equal strata: odds ratio and test", "Mantel and Haenszel 1959; Robins, Breslow and Greenland 1986"},
    {NEEDS_WITHIN, "Conditional demographic disparity", "Wachter, Mittelstadt and Russell 2021"},
    {NEEDS_SOFT, "Groups known as probabilities: weighting and bounds", "Kallus, Mao and Zhou 2022"},
};

static void write_methods(eh_html *html)
{
    unsigned has = html->audit->has | (html->about->spec->within.sql != NULL ? NEEDS_WITHIN : 0U) |
                   (html->about->soft_count > 0 ? NEEDS_SOFT : 0U) | (html->audit->intersections_count > 0 ? NEEDS_CROSSED : 0U);
    eh_buffer_text(html->out, "<h3>Methods</h3>\n<ul class=\"methods\">");
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if ((methods[i].needs & ~has) == 0)
            eh_html_put(html->out, "<li>$ <cite>$</cite></li>\n", methods[i].what, methods[i].source);
    eh_buffer_text(html->out, "</ul>\n");
}

void eh_html_method(eh_html *html)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer command = {.whole = html->out};
    eh_buffer_text(html->out, "<section id=\"method\"><h2>How it was computed</h2>\n<p class=\"lead\">The rows were counted once, by group, decision and label; every number here "
                              "follows from those counts. The same files and options give this same page, byte for byte.</p>\n");
    write_settings(html);
    write_files(html);
    write_methods(html);
    eh_html_command(html, &command);
    eh_buffer_text(html->out, "<h3>How to repeat it</h3>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"Command line\"><code>");
    for (size_t at = 0, end; at < command.len; at = end + 1) {
        for (end = at; end < command.len && command.ptr[end] != '\n';)
            end++;
        eh_html_text(html->out, (eh_view){command.ptr + at, end - at});
        eh_buffer_byte(html->out, '\n');
    }
    eh_buffer_text(html->out, "</code></pre></section>\n");
}
