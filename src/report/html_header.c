#include <math.h>
#include <string.h>

#include "report/html_int.h"

/* ---- the top of the page -------------------------------------------------------------------------------------------------- */

static void fact(eh_buffer *out, const char *name, const char *value)
{
    eh_html_put(out, "<div><dt>$</dt><dd><bdi>$</bdi></dd></div>", name, value);
}

static void fact_code(eh_buffer *out, const char *name, const eh_expression *expression)
{
    if (expression->sql == NULL)
        return;
    eh_html_put(out, "<div><dt>$</dt><dd><code>$</code></dd></div>", name, expression->name);
}

static void write_by(eh_html *html)
{
    eh_buffer_text(html->out, "<div><dt>Grouped by</dt><dd>");
    for (size_t i = 0; i < html->audit->attributes_count; i++)
        eh_html_put(html->out, i == 0 ? "<bdi>$</bdi>" : ", <bdi>$</bdi>", html->audit->attributes[i].name);
    eh_buffer_text(html->out, "</dd></div>");
}

static void write_facts(eh_html *html)
{
    eh_buffer *out = html->out;
    const eh_audit *audit = html->audit;
    const eh_cube_spec *spec = html->about->spec;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = html->out};
    eh_buffer_text(out, "<dl class=\"facts\">");
    fact(out, "People", eh_html_number(EH_NUMBER_COUNT, (double)audit->rows).text);
    fact(out, "Picked", eh_html_number(EH_NUMBER_PERCENT, audit->everybody.measures[EH_SELECTION_RATE].value).text);
    fact_code(out, "Decision", &spec->decision);
    fact_code(out, "Label", &spec->label);
    fact_code(out, "Score", &spec->score);
    fact_code(out, "Weight", &spec->weight);
    fact_code(out, "Value", &spec->value);
    fact_code(out, "Within", &spec->within);
    write_by(html);
    eh_say_tolerance(audit, &text);
    eh_html_put(out, "<div><dt>Tolerance</dt><dd>ratios of $</dd></div>", text.ptr != NULL ? text.ptr : "");
    eh_html_put(out, "<div><dt>Confidence</dt><dd>$\u202F%</dd></div>", html->confidence.text);
    if (html->about->inputs_count == 1)
        fact(out, "File", basename(html->about->inputs[0].path));
    else if (html->about->inputs_count > 1)
        fact(out, "Files", eh_html_number(EH_NUMBER_COUNT, (double)html->about->inputs_count).text);
    eh_buffer_text(out, "</dl>\n");
}

/** One list item per line of the notes. */
static void write_notes(eh_html *html)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer notes = {.whole = html->out};
    eh_say_notes(html->about, html->audit, &notes);
    if (notes.len == 0)
        return;
    eh_buffer_text(html->out, "<ul class=\"notes\" aria-label=\"Notes\">");
    for (size_t at = 0; at < notes.len;) {
        const char *end = memchr(notes.ptr + at, '\n', notes.len - at);
        size_t length = end != NULL ? (size_t)(end - notes.ptr) - at : notes.len - at;
        eh_buffer_text(html->out, "<li>");
        eh_html_text(html->out, (eh_view){notes.ptr + at, length});
        eh_buffer_text(html->out, "</li>");
        at += length + 1;
    }
    eh_buffer_text(html->out, "</ul>\n");
}

void eh_html_header(eh_html *html)
{
    eh_buffer *out = html->out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = html->out};
    eh_buffer_text(out, "<header class=\"page top\"><p class=\"brand\">Evenhand <span>fairness audit</span></p>\n<p class=\"badge\">");
    eh_html_verdict(out, html->audit->verdict);
    eh_report_headline(html->about, html->audit, &text);
    eh_buffer_text(out, "</p>\n<h1>");
    eh_html_text(out, eh_buffer_view(&text));
    eh_buffer_text(out, "</h1>\n");
    eh_buffer_clear(&text);
    eh_say_also(html->about, html->audit, &text);
    if (text.len > 0) {
        eh_buffer_text(out, "<p class=\"also\">");
        eh_html_text(out, eh_view_trim(eh_buffer_view(&text)));
        eh_buffer_text(out, "</p>\n");
    }
    write_facts(html);
    write_notes(html);
    eh_buffer_text(out, "</header>\n");
}

/* ---- at a glance: one line per attribute and intersection ------------------------------------------------------------------- */

typedef struct {
    int32_t lowest, highest; /* -1: no group has a rate */
} extremes;

static extremes extremes_of(const eh_audit_section *section, eh_measure measure)
{
    extremes found = {-1, -1};
    for (int32_t g = 0; g < (int32_t)section->groups_count; g++) {
        double value = section->groups[g].measures[measure].value;
        if (isnan(value))
            continue;
        if (found.lowest < 0 || value < section->groups[found.lowest].measures[measure].value)
            found.lowest = g;
        if (found.highest < 0 || value > section->groups[found.highest].measures[measure].value)
            found.highest = g;
    }
    return found;
}

static void write_extreme(eh_buffer *out, const eh_audit_section *section, int32_t group)
{
    if (group < 0) {
        eh_buffer_text(out, "<td><span title=\"not defined\">\u2013</span></td>");
        return;
    }
    eh_html_put(out, "<td>$<small><bdi>$</bdi></small></td>",
                eh_html_number(EH_NUMBER_PERCENT, section->groups[group].measures[EH_SELECTION_RATE].value).text, section->groups[group].name);
}

static void write_line(eh_html *html, const eh_audit_section *section, const char *kind, size_t index)
{
    eh_buffer *out = html->out;
    extremes found = extremes_of(section, EH_SELECTION_RATE);
    char link[48];
    snprintf(link, sizeof(link), "#%s-%zu", kind, index + 1);
    eh_html_put(out, "<tr><th scope=\"row\"><a href=\"$\"><bdi>$</bdi></a></th><td class=\"word\">", link, section->name);
    eh_html_verdict(out, section->verdict);
    eh_html_put(out, "</td><td>$</td>", eh_html_number(EH_NUMBER_COUNT, (double)section->groups_count).text);
    write_extreme(out, section, found.lowest);
    write_extreme(out, section, found.highest);
    double ratio = __builtin_nan("");
    if (found.lowest >= 0 && section->groups[found.highest].measures[EH_SELECTION_RATE].value > 0)
        ratio = section->groups[found.lowest].measures[EH_SELECTION_RATE].value / section->groups[found.highest].measures[EH_SELECTION_RATE].value;
    eh_html_put(out, "<td>$</td></tr>\n", eh_html_number(EH_NUMBER_RATIO, ratio).text);
}

void eh_html_glance(eh_html *html)
{
    static const char *const headings[] = {"attribute", "<verdict", "groups", "lowest rate", "highest rate", "lowest by highest", NULL};
    eh_buffer_text(html->out, "<section id=\"glance\"><h2>At a glance</h2>\n");
    eh_html_table_open(html, "Selection rates by", "attribute and intersection");
    eh_html_headings(html, headings);
    for (size_t i = 0; i < html->audit->attributes_count; i++)
        write_line(html, &html->audit->attributes[i], "attribute", i);
    for (size_t i = 0; i < html->audit->intersections_count; i++)
        write_line(html, &html->audit->intersections[i], "intersection", i);
    eh_html_table_close(html);
    eh_buffer_text(html->out, "</section>\n");
}
