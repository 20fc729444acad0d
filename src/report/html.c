#include <math.h>
#include <string.h>

#include "report/html_int.h"

/* ---- pieces that every part uses ------------------------------------------------------------------------------------------ */

static const struct {
    const char *icon, *style;
} verdict_looks[] = {
    [EH_WITHIN_TOLERANCE] = {"icon-within", "within"},
    [EH_NOT_ENOUGH_EVIDENCE] = {"icon-unsure", "unsure"},
    [EH_VIOLATES] = {"icon-violates", "violates"},
};

void eh_html_verdict(eh_buffer *out, eh_verdict verdict)
{
    eh_html_put(out, "<span class=\"verdict $\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#$\"/></svg>$</span>",
                verdict_looks[verdict].style, verdict_looks[verdict].icon, eh_verdict_name(verdict));
}

const eh_comparison *eh_html_find(eh_html_finder *finder, eh_measure measure, eh_scale scale, int32_t group)
{
    for (size_t tried = 0; tried < finder->count; tried++) {
        size_t at = (finder->at + tried) % finder->count;
        const eh_comparison *found = &finder->list[at];
        if (found->measure == measure && found->scale == scale && found->group == group) {
            finder->at = at;
            return found;
        }
    }
    return NULL;
}

void eh_html_group_cell(eh_html *html, const eh_audit_section *section, int32_t group)
{
    const eh_audit_group *shown = &section->groups[group];
    eh_html_put(html->out, "<th scope=\"row\"><bdi>$</bdi>", shown->name);
    if (group == section->reference)
        eh_buffer_text(html->out, " <span class=\"tag\">reference</span>");
    if (shown->withheld)
        eh_buffer_text(html->out, " <span class=\"tag\">too few to show</span>");
    eh_buffer_text(html->out, "</th>");
}

void eh_html_table_open(eh_html *html, const char *caption, const char *name)
{
    char number[24];
    snprintf(number, sizeof(number), "Table %u", ++html->tables);
    eh_html_put(html->out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"$: $ $\"><table><caption><b>$.</b> $ <bdi>$</bdi></caption>",
                number, caption, name, number, caption, name);
}

void eh_html_table_close(eh_html *html)
{
    eh_buffer_text(html->out, "</tbody></table></div>\n");
}

void eh_html_headings(eh_html *html, const char *const *headings)
{
    eh_buffer_text(html->out, "<thead><tr>");
    for (; *headings != NULL; headings++) {
        const char *heading = *headings;
        bool words = heading[0] == '<';
        EH_CLEANUP(eh_buffer_dispose) eh_buffer title = {.whole = html->out};
        eh_buffer_text(&title, words ? heading + 1 : heading);
        if (heading[0] != 'p' || (heading[1] != ',' && heading[1] != '\0'))
            eh_say_capital(&title, 0);
        eh_buffer_text(html->out, words ? "<th scope=\"col\" class=\"name\">" : "<th scope=\"col\">");
        eh_html_text(html->out, eh_buffer_view(&title));
        eh_buffer_text(html->out, "</th>");
    }
    eh_buffer_text(html->out, "</tr></thead><tbody>\n");
}

/* ---- the document ---------------------------------------------------------------------------------------------------------- */

/* Shape and word say the verdict; colour only repeats it. */
const char eh_html_icons[] =
    "<svg width=\"0\" height=\"0\" class=\"sprite\" aria-hidden=\"true\">"
    "<symbol id=\"icon-within\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"7\" fill=\"currentColor\"/>"
    "<path d=\"M4.6 8.3l2.3 2.3 4.5-4.9\" fill=\"none\" stroke=\"var(--paper)\" stroke-width=\"1.8\" stroke-linecap=\"round\" "
    "stroke-linejoin=\"round\"/></symbol>"
    "<symbol id=\"icon-violates\" viewBox=\"0 0 16 16\"><path d=\"M8 .4L15.6 8 8 15.6.4 8z\" fill=\"currentColor\"/>"
    "<path d=\"M8 4.2v4.6M8 11.4v.1\" fill=\"none\" stroke=\"var(--paper)\" stroke-width=\"1.9\" stroke-linecap=\"round\"/></symbol>"
    "<symbol id=\"icon-unsure\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"6.6\" fill=\"none\" stroke=\"currentColor\" "
    "stroke-width=\"1.6\" stroke-dasharray=\"2.6 1.55\"/><path d=\"M6.1 6.3a1.95 1.95 0 1 1 2.7 1.9c-.6.3-.8.6-.8 1.2M8 11.6v.1\" "
    "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-linecap=\"round\"/></symbol></svg>\n";

static void write_policy(eh_buffer *out)
{
    eh_html_put(out,
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-$' 'sha256-$'; "
                "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n",
                eh_asset_sha256(EH_ASSET_ECHARTS), eh_asset_sha256(EH_ASSET_JS));
}

static void write_element(eh_buffer *out, const char *open, eh_asset asset, const char *close)
{
    eh_buffer_text(out, open);
    eh_buffer_append(out, eh_asset_get(asset));
    eh_buffer_text(out, close);
}

void eh_html_begin(eh_html *html, const char *title, const char *detail)
{
    eh_buffer *out = html->out;
    eh_buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    write_policy(out);
    eh_buffer_text(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n");
    eh_html_put(out, "<title>$: $</title>\n", title, detail);
    write_element(out, "<style>", EH_ASSET_PICO, "</style>\n");
    write_element(out, "<style>", EH_ASSET_CSS, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
    eh_buffer_text(out, eh_html_icons);
}

static void write_navigation(eh_html *html)
{
    const struct {
        const char *link, *title;
        bool there;
    } parts[] = {
        {"#glance", "At a glance", true},
        {"#attributes", "By attribute", true},
        {"#calibration", "Calibration", eh_html_calibrated(html)},
        {"#intersections", "Intersections", html->audit->intersections_count > 0},
        {"#before", "Compared with before", html->audit->before != NULL},
        {"#words", "What the words mean", true},
        {"#method", "How it was computed", true},
    };
    eh_buffer_text(html->out, "<nav class=\"contents\" aria-label=\"Contents\"><ul>");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].there)
            eh_html_put(html->out, "<li><a href=\"$\">$</a></li>", parts[i].link, parts[i].title);
    eh_buffer_text(html->out, "</ul></nav>\n");
}

static void write_body(eh_html *html)
{
    eh_buffer *out = html->out;
    eh_html_header(html);
    write_navigation(html);
    eh_buffer_text(out, "<main id=\"main\" class=\"page\">\n");
    eh_html_glance(html);
    eh_html_attributes(html);
    eh_html_calibration(html);
    eh_html_intersections(html);
    eh_html_before(html);
    eh_html_words(html);
    eh_html_method(html);
}

/** The data, then the library, then the script that draws one with the other. */
void eh_html_end(eh_html *html, const eh_buffer *charts)
{
    eh_html_put(html->out, "</main>\n<footer class=\"page\"><p>Made by Evenhand $. This page is one file: it loads nothing and sends nothing. It contains Apache "
                           "ECharts (Apache-2.0) and Pico CSS (MIT).</p></footer>\n", EVENHAND_VERSION);
    eh_buffer_text(html->out, "<script type=\"application/json\" id=\"figures\">");
    eh_buffer_append(html->out, eh_buffer_view(charts));
    eh_buffer_text(html->out, "</script>\n");
    write_element(html->out, "<script>", EH_ASSET_ECHARTS, "</script>\n");
    write_element(html->out, "<script>", EH_ASSET_JS, "</script>\n</body>\n</html>\n");
}

void eh_report_html(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer charts = {.whole = out};
    eh_html html = {.about = about, .audit = audit, .out = out, .confidence = eh_html_confidence(audit->options.confidence)};
    eh_json_begin(&html.charts, &charts, false, true);
    eh_json_array_open(&html.charts, NULL);
    eh_html_begin(&html, "Fairness audit", eh_verdict_name(audit->verdict));
    write_body(&html);
    eh_json_array_close(&html.charts);
    if (charts.code != EH_OK && out->code == EH_OK)
        out->code = charts.code;
    eh_html_end(&html, &charts);
}
