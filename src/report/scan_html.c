/* The report of a scan for a browser: one file, no script. */
#include <math.h>
#include <string.h>

#include "report/html_int.h"

typedef struct {
    const eh_report_scan_about *about;
    const eh_scan *scan;
    eh_buffer *out;
    eh_html html; /* counts the tables */
} scan_page;

/* ---- the picture of a rate ------------------------------------------------------------------------------------------------------ */

enum { PICTURE_WIDTH = 240, PICTURE_HEIGHT = 26 };

static double axis_end(const eh_scan *scan)
{
    double end = scan->expected;
    for (size_t i = 0; i < scan->groups_count; i++)
        end = fmax(end, fmax(scan->groups[i].confirmed.high, scan->groups[i].confirmed_expected));
    double unit = pow(10, floor(log10(fmax(end, 1e-9))));
    return fmin(ceil(end / unit) * unit, 1);
}

/* Where the interval lies, the rate in it, and what was expected: shapes, so that colour is not needed. */
static void write_picture(const scan_page *page, const eh_scan_group *group, double end)
{
    double scale = (PICTURE_WIDTH - 16) / end;
    double expected = 8 + group->confirmed_expected * scale, rate = 8 + group->confirmed.value * scale;
    double low = 8 + group->confirmed.low * scale, high = 8 + group->confirmed.high * scale;
    eh_buffer *out = page->out;
    eh_html_put(out, "<td class=\"word\"><svg width=\"240\" height=\"26\" viewBox=\"0 0 240 26\" role=\"img\" aria-label=\"expected $, $ $\">",
                eh_html_number(EH_NUMBER_PERCENT, group->confirmed_expected).text, eh_scan_chosen(page->about),
                eh_html_number(EH_NUMBER_PERCENT, group->confirmed.value).text);
    eh_buffer_format(out, "<path d=\"M8 13H%d\" style=\"stroke:var(--line);stroke-width:1\"/>", PICTURE_WIDTH - 8);
    eh_buffer_format(out, "<path d=\"M%.1f 3V23\" style=\"stroke:var(--ink);stroke-width:2;stroke-dasharray:3 2\"/>", expected);
    eh_buffer_format(out, "<path d=\"M%.1f 13H%.1fM%.1f 8V18M%.1f 8V18\" style=\"stroke:var(--violates);stroke-width:2;fill:none\"/>", low, high, low, high);
    eh_buffer_format(out, "<path d=\"M%.1f 6l7 7-7 7-7-7z\" style=\"fill:var(--violates)\"/></svg></td>", rate);
}

/* ---- the top --------------------------------------------------------------------------------------------------------------------------- */

static void write_head(const scan_page *page)
{
    eh_buffer *out = page->out;
    eh_buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                        "base-uri 'none'; form-action 'none'\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n");
    eh_html_put(out, "<title>Hidden groups: $</title>\n<style>", eh_scan_verdict_name(page->scan->verdict));
    eh_buffer_append(out, eh_asset_get(EH_ASSET_PICO));
    eh_buffer_text(out, "</style>\n<style>");
    eh_buffer_append(out, eh_asset_get(EH_ASSET_CSS));
    eh_buffer_text(out, "</style>\n</head>\n");
}

static void write_badge(const scan_page *page)
{
    static const char *const looks[][2] = {
        [EH_WITHIN_TOLERANCE] = {"within", "icon-within"}, [EH_NOT_ENOUGH_EVIDENCE] = {"unsure", "icon-unsure"}, [EH_VIOLATES] = {"violates", "icon-violates"}};
    eh_verdict verdict = page->scan->verdict;
    eh_html_put(page->out, "<p class=\"badge\"><span class=\"verdict $\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#$\"/></svg>$</span></p>\n",
                looks[verdict][0], looks[verdict][1], eh_scan_verdict_name(verdict));
}

static void fact(eh_buffer *out, const char *name, const char *value)
{
    eh_html_put(out, "<div><dt>$</dt><dd><bdi>$</bdi></dd></div>", name, value);
}

static void write_facts(const scan_page *page)
{
    const eh_scan *scan = page->scan;
    const eh_coded_table *table = page->about->table;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = page->out};
    eh_buffer_text(page->out, "<dl class=\"facts\">");
    fact(page->out, "People", eh_html_number(EH_NUMBER_COUNT, (double)scan->rows).text);
    fact(page->out, strcmp(eh_scan_chosen(page->about), "chosen") == 0 ? "Chosen" : "Observed", eh_html_number(EH_NUMBER_PERCENT, scan->observed).text);
    eh_html_put(page->out, "<div><dt>Decision</dt><dd><code>$</code></dd></div>", page->about->spec->decision.name);
    eh_say_scan_expectation(page->about, &text);
    fact(page->out, "Expected", text.ptr != NULL ? text.ptr : "");
    eh_buffer_text(page->out, "<div><dt>Grouped by</dt><dd>");
    for (size_t i = 0; i < table->dimensions_count; i++)
        eh_html_put(page->out, i == 0 ? "<bdi>$</bdi>" : ", <bdi>$</bdi>", table->dimensions[i].name);
    eh_buffer_text(page->out, "</dd></div>");
    fact(page->out, "Groups looked at", eh_html_number(EH_NUMBER_COUNT, (double)scan->groups_looked_at).text);
    eh_html_put(page->out, "<div><dt>Confidence</dt><dd>$\u202F%</dd></div></dl>\n", page->html.confidence.text);
}

static void write_notes(const scan_page *page)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer notes = {.whole = page->out};
    eh_say_scan_notes(page->about, page->scan, &notes);
    if (notes.len == 0)
        return;
    eh_buffer_text(page->out, "<ul class=\"notes\" aria-label=\"Notes\">");
    for (size_t at = 0; at < notes.len;) {
        const char *end = memchr(notes.ptr + at, '\n', notes.len - at);
        size_t length = end != NULL ? (size_t)(end - notes.ptr) - at : notes.len - at;
        eh_buffer_text(page->out, "<li>");
        eh_html_text(page->out, (eh_view){notes.ptr + at, length});
        eh_buffer_text(page->out, "</li>");
        at += length + 1;
    }
    eh_buffer_text(page->out, "</ul>\n");
}

static void write_header(const scan_page *page)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = page->out};
    eh_buffer_text(page->out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
    eh_buffer_text(page->out, eh_html_icons);
    eh_buffer_text(page->out, "<header class=\"page top\"><p class=\"brand\">Evenhand <span>hidden groups</span></p>\n");
    write_badge(page);
    eh_report_scan_headline(page->about, page->scan, &text);
    eh_buffer_text(page->out, "<h1>");
    eh_html_text(page->out, eh_buffer_view(&text));
    eh_buffer_text(page->out, "</h1>\n");
    write_facts(page);
    write_notes(page);
    eh_buffer_text(page->out, "</header>\n<nav class=\"contents\" aria-label=\"Contents\"><ul><li><a href=\"#groups\">Hidden groups</a></li>"
                              "<li><a href=\"#findable\">What would have been found</a></li><li><a href=\"#words\">What the words mean</a></li>"
                              "<li><a href=\"#method\">How it was computed</a></li></ul></nav>\n<main id=\"main\" class=\"page\">\n");
}

/* ---- groups ------------------------------------------------------------------------------------------------------------------------------ */

static void write_group(scan_page *page, size_t index, double end)
{
    const eh_scan_group *group = &page->scan->groups[index];
    eh_buffer *out = page->out;
    eh_buffer_text(out, "<tr><th scope=\"row\">");
    for (size_t i = 0; i < group->conditions_count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
        eh_say_condition(page->about, &group->conditions[i], &text);
        eh_html_put(out, i == 0 ? "<bdi>$</bdi>" : ",<br><bdi>$</bdi>", text.ptr != NULL ? text.ptr : "");
    }
    eh_buffer_text(out, group->conditions_count == 0 ? "everybody</th>" : "</th>");
    eh_html_put(out, "<td>$<small>$</small></td>", eh_html_number(EH_NUMBER_COUNT, (double)group->rows).text,
                eh_html_number(EH_NUMBER_PERCENT, group->share).text);
    eh_html_put(out, "<td>$</td>", eh_html_number(EH_NUMBER_PERCENT, group->confirmed_expected).text);
    eh_html_cell(out, EH_NUMBER_PERCENT, &group->confirmed);
    write_picture(page, group, end);
    eh_html_put(out, "<td>$</td><td>$</td><td>$</td></tr>\n", eh_html_p(group->p).text, eh_html_number(EH_NUMBER_PERCENT, group->expected).text,
                eh_html_number(EH_NUMBER_PERCENT, group->observed).text);
}

static void write_groups(scan_page *page)
{
    eh_buffer_text(page->out, "<section id=\"groups\"><h2>Hidden groups</h2>\n");
    if (page->scan->groups_count == 0) {
        eh_buffer_text(page->out, "<p class=\"lead\">None was found.</p></section>\n");
        return;
    }
    eh_buffer_text(page->out, "<p class=\"lead\">Rates and intervals are those of the half of the rows that had no part in finding the group. Each group is beyond "
                              "what those above it explain. In the picture the dashed line is what was expected, the diamond what happened, the bar its interval.</p>\n");
    const char *const headings[] = {"group", "people", "expected", eh_scan_chosen(page->about), "<expected and happened", "p", "expected, all rows",
                                    "happened, all rows", NULL};
    eh_html_table_open(&page->html, "Hidden groups, by", "evidence");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < page->scan->groups_count; i++)
        write_group(page, i, axis_end(page->scan));
    eh_html_table_close(&page->html);
    eh_buffer_text(page->out, "</section>\n");
}

static void write_findable(scan_page *page)
{
    static const char *const headings[] = {"size of the group", "people", "at a rate of at most", "or of at least", NULL};
    eh_html_put(page->out, "<section id=\"findable\"><h2>What would have been found</h2>\n<p class=\"lead\">A group that is as far from what is expected as this is found in "
                           "about four of five such files; $ is expected overall. Smaller groups and smaller gaps stay hidden in this many rows.</p>\n",
                eh_html_number(EH_NUMBER_PERCENT, page->scan->expected).text);
    eh_html_table_open(&page->html, "What would have been found, by", "size of the group");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < EH_SCAN_FINDABLE_COUNT; i++) {
        const eh_scan_findable *findable = &page->scan->findable[i];
        char share[24];
        snprintf(share, sizeof share, "%.0f %% of the rows", findable->share * 100);
        eh_html_put(page->out, "<tr><th scope=\"row\">$</th><td>$</td><td>$</td><td>$</td></tr>\n", share,
                    eh_html_number(EH_NUMBER_COUNT, findable->share * (double)page->scan->rows).text,
                    eh_html_number(EH_NUMBER_PERCENT, findable->low).text, eh_html_number(EH_NUMBER_PERCENT, findable->high).text);
    }
    eh_html_table_close(&page->html);
    eh_buffer_text(page->out, "</section>\n");
}

/* ---- words and method ----------------------------------------------------------------------------------------------------------------------- */

static void write_words(const scan_page *page)
{
    static const char *const words[][2] = {
        {"Hidden group", "People who share certain values and were chosen less or more often than expected, by more than chance and the search itself explain."},
        {"Expected", "What would have happened if the group made no difference."},
        {"Found and confirmed", "The rows are divided into two halves by lot. What the search finds in one half is put to the test in the other, and the other way round."},
        {"p", "How often chance alone would give as much. The larger of two: one of this group on the confirming half; one that accounts for all that was looked at, from random files "
              "that were searched in the same way."},
        {"Not enough evidence", "Nothing was found, but a group of 5 % of the rows that is chosen half as often would have been missed more than once in five times."},
    };
    eh_buffer_text(page->out, "<section id=\"words\"><h2>What the words mean</h2>\n<dl class=\"words\">");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        eh_html_put(page->out, "<div><dt>$</dt><dd>$</dd></div>\n", words[i][0], words[i][1]);
    eh_buffer_text(page->out, "</dl></section>\n");
}

static void write_attributes(scan_page *page)
{
    static const char *const headings[] = {"column", "<values", NULL};
    const eh_coded_table *table = page->about->table;
    eh_html_table_open(&page->html, "Values, by", "column");
    eh_html_headings(&page->html, headings);
    for (size_t a = 0; a < table->dimensions_count; a++) {
        eh_html_put(page->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td class=\"name\">", table->dimensions[a].name);
        for (size_t v = 0; v < table->dimensions[a].groups_count; v++)
            eh_html_put(page->out, v == 0 ? "<bdi>$</bdi>" : ", <bdi>$</bdi>", table->dimensions[a].groups[v].name);
        eh_buffer_text(page->out, "</td></tr>\n");
    }
    eh_html_table_close(&page->html);
}

static void write_files(scan_page *page)
{
    static const char *const headings[] = {"file", "bytes", "<SHA-256", NULL};
    if (page->about->inputs_count == 0)
        return;
    eh_html_table_open(&page->html, "What was read, by", "file");
    eh_html_headings(&page->html, headings);
    for (size_t i = 0; i < page->about->inputs_count; i++) {
        const eh_input *input = &page->about->inputs[i];
        eh_html_put(page->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td><td class=\"name\"><code class=\"hash\">$</code></td></tr>\n", input->path,
                    eh_html_number(EH_NUMBER_COUNT, (double)input->bytes).text, input->sha256);
    }
    eh_html_table_close(&page->html);
}

static void option_text(eh_buffer *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    eh_buffer_format(out, " \\\n  %s ", name);
    eh_html_shell_word(out, eh_view_of(value));
}

static void option_number(eh_buffer *out, const char *name, double value)
{
    char text[32];
    eh_json_number_text(value, text);
    option_text(out, name, text);
}

static void expression_text(eh_buffer *out, const eh_expression *expression)
{
    eh_buffer_text(out, expression->sql);
    if (strcmp(expression->sql, expression->name) == 0)
        return;
    eh_buffer_text(out, " AS \"");
    for (const char *at = expression->name; *at != '\0'; at++) {
        if (*at == '"')
            eh_buffer_byte(out, '"');
        eh_buffer_byte(out, *at);
    }
    eh_buffer_byte(out, '"');
}

static void bands_option(const eh_cube_attribute *attribute, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bands = {.whole = out};
    if (attribute->edges_count == 0)
        return;
    eh_buffer_format(&bands, "%s=", attribute->expression.name);
    for (size_t e = 0; e < attribute->edges_count; e++) {
        char number[32];
        eh_json_number_text(attribute->edges[e], number);
        eh_buffer_format(&bands, e == 0 ? "%s" : ",%s", number);
    }
    option_text(out, "--bands", bands.ptr);
}

static void attributes_options(const eh_coded_spec *spec, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    for (size_t i = 0; i < spec->attributes_count; i++) {
        eh_buffer_text(&text, i == 0 ? "" : ", ");
        expression_text(&text, &spec->attributes[i].expression);
    }
    if (spec->attributes_count > 0)
        option_text(out, "--over", text.ptr);
    for (size_t i = 0; i < spec->attributes_count; i++)
        bands_option(&spec->attributes[i], out);
    for (size_t i = 0; i < spec->banded_count; i++)
        bands_option(&spec->banded[i], out);
}

static void write_command(const scan_page *page)
{
    const eh_coded_spec *spec = page->about->spec;
    const eh_scan_options *options = &page->scan->options;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer command = {.whole = page->out};
    eh_buffer_text(&command, "evenhand scan");
    for (size_t i = 0; i < page->about->inputs_count; i++) {
        eh_buffer_byte(&command, ' ');
        eh_html_shell_word(&command, eh_view_of(page->about->inputs[i].path));
    }
    option_text(&command, spec->decision_option, spec->decision.sql);
    option_text(&command, spec->expected_option, spec->expected.sql);
    option_text(&command, "--label", spec->label.sql);
    option_text(&command, "--score", spec->score.sql);
    option_text(&command, "--within", spec->within.sql);
    option_text(&command, "--weight", spec->weight.sql);
    option_text(&command, "--where", spec->where);
    attributes_options(spec, &command);
    if (options->direction != EH_SCAN_BOTH)
        option_text(&command, "--direction", options->direction == EH_SCAN_LOW ? "low" : "high");
    option_number(&command, "--penalty", options->penalty);
    option_number(&command, "--confidence", options->confidence);
    option_number(&command, "--seed", (double)options->seed);
    eh_buffer_text(&command, " \\\n  --format html --output report\n");
    eh_buffer_text(page->out, "<h3>How to repeat it</h3>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"Command line\"><code>");
    for (size_t at = 0, end; at < command.len; at = end + 1) {
        for (end = at; end < command.len && command.ptr[end] != '\n';)
            end++;
        eh_html_text(page->out, (eh_view){command.ptr + at, end - at});
        eh_buffer_byte(page->out, '\n');
    }
    eh_buffer_text(page->out, "</code></pre>");
}

static void write_method(scan_page *page)
{
    static const char *const methods[][2] = {
        {"Score of a group: Bernoulli likelihood ratio", "Zhang and Neill 2016"},
        {"Any set of values: subset scan, exact in each attribute, random starts, a penalty per value", "Neill 2012; Speakman et al. 2016"},
        {"Up to three values: exact search of all groups with bounds", "Sagadeeva and Boehm 2021"},
        {"Confirmation on the other half: Cochran-Mantel-Haenszel, binomial tail", "Mantel and Haenszel 1959"},
        {"Shares of the error by the size of a group, ranks of several kinds of group together", "Genovese, Roeder and Wasserman 2006; Westfall and Young 1993"},
        {"Random files: largest score of the whole search", "Westfall and Young 1993"},
        {"Intervals of rates: score interval", "Wilson 1927"},
    };
    eh_buffer_text(page->out, "<section id=\"method\"><h2>How it was computed</h2>\n<p class=\"lead\">The rows were counted once, by all columns together; every number here follows from "
                              "those counts and the seed. The same files and options give this same page, byte for byte.</p>\n");
    write_attributes(page);
    write_files(page);
    eh_buffer_text(page->out, "<h3>Methods</h3>\n<ul class=\"methods\">");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        eh_html_put(page->out, "<li>$ <cite>$</cite></li>\n", methods[i][0], methods[i][1]);
    eh_buffer_text(page->out, "</ul>\n");
    write_command(page);
    eh_buffer_text(page->out, "</section>\n");
}

void eh_report_scan_html(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out)
{
    scan_page page = {.about = about, .scan = scan, .out = out};
    page.html = (eh_html){.out = out, .confidence = eh_html_confidence(scan->options.confidence)};
    write_head(&page);
    write_header(&page);
    write_groups(&page);
    write_findable(&page);
    write_words(&page);
    write_method(&page);
    eh_html_put(out, "</main>\n<footer class=\"page\"><p>Made by Evenhand $. This page is one file: it loads nothing and sends nothing. It contains Pico CSS (MIT).</p></footer>\n"
                     "</body>\n</html>\n", EVENHAND_VERSION);
}
