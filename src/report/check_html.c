/* The check for a browser: findings, shares with love plots, the map of missing values, what gives groups away. */
#include <math.h>
#include <string.h>

#include "report/check_html_int.h"

/* ---- the top -------------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *style, *icon, *word;
} looks[] = {
    [EH_SEVERITY_NOTE] = {"key", NULL, "note"},
    [EH_SEVERITY_LOW] = {"key", NULL, "light"},
    [EH_SEVERITY_MEDIUM] = {"unsure", "icon-unsure", "medium"},
    [EH_SEVERITY_HIGH] = {"violates", "icon-violates", "grave"},
};

static void severity_mark(eh_buffer *out, eh_severity severity, const char *word)
{
    if (looks[severity].icon == NULL)
        eh_html_put(out, "<span class=\"verdict\">$</span>", word);
    else
        eh_html_put(out, "<span class=\"verdict $\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#$\"/></svg>$</span>", looks[severity].style,
                    looks[severity].icon, word);
}

static void fact(eh_buffer *out, const char *name, const char *value)
{
    eh_html_put(out, "<div><dt>$</dt><dd><bdi>$</bdi></dd></div>", name, value);
}

static void write_facts(const check_html *page)
{
    eh_buffer *out = page->html.out;
    const eh_check *check = page->check;
    const eh_cube_spec *spec = page->about->spec;
    char now[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(check->options.now, EH_FRACTION_NONE, now);
    now[10] = '\0';
    eh_buffer_text(out, "<dl class=\"facts\">");
    if (page->about->workspace != NULL)
        fact(out, "Shop", page->about->workspace);
    fact(out, "Rows", eh_html_number(EH_NUMBER_COUNT, (double)check->profile->rows).text);
    fact(out, "Columns", eh_html_number(EH_NUMBER_COUNT, (double)check->columns_count).text);
    fact(out, "As of", now);
    if (spec->label.sql != NULL)
        eh_html_put(out, "<div><dt>Outcome</dt><dd><code>$</code></dd></div>", spec->label.name);
    if (check->decided)
        eh_html_put(out, "<div><dt>Tried</dt><dd><code>$</code></dd></div>", spec->decision.name);
    for (size_t i = 0; i < page->about->populations_count; i++)
        fact(out, "Population", basename(page->about->populations[i].path));
    if (check->weighted)
        fact(out, "Rows are worth", eh_html_number(EH_NUMBER_COUNT, check->effective).text);
    else if (check->weights.done)
        fact(out, "Worth, if weighted", eh_html_number(EH_NUMBER_COUNT, check->weights.cost.effective_people).text);
    if (page->about->inputs_count == 1)
        fact(out, "File", basename(page->about->inputs[0].path));
    else if (page->about->inputs_count > 1)
        fact(out, "Files", eh_html_number(EH_NUMBER_COUNT, (double)page->about->inputs_count).text);
    eh_buffer_text(out, "</dl>\n");
}

static void write_header(const check_html *page)
{
    eh_buffer *out = page->html.out;
    const eh_check *check = page->check;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    eh_severity worst = check->findings_count == 0 ? EH_SEVERITY_NOTE : check->findings[0].severity;
    static const char *const badges[] = {"nothing to worry about", "light findings", "needs attention", "grave findings"};
    eh_buffer_text(out, "<header class=\"page top\"><p class=\"brand\">Evenhand <span>check of data</span></p>\n<p class=\"badge\">");
    severity_mark(out, worst, check->exit_status == 3 ? "not enough evidence" : badges[worst]);
    eh_check_headline(page->about, check, &text);
    eh_buffer_text(out, "</p>\n<h1>");
    eh_html_text(out, eh_buffer_view(&text));
    eh_buffer_text(out, "</h1>\n");
    write_facts(page);
    bool sampled = check->profile->rows_binned < check->profile->rows;
    eh_buffer_clear(&text);
    eh_check_say_repairs(page->about, &text);
    eh_buffer_text(out, sampled || text.len > 0 ? "<ul class=\"notes\" aria-label=\"Notes\">" : "");
    if (sampled)
        eh_html_put(out, "<li>What looks at values together is of a sample of $ rows.</li>", eh_html_number(EH_NUMBER_COUNT, (double)check->profile->rows_binned).text);
    if (text.len > 0)
        eh_html_put(out, "<li>$</li>", text.ptr + 1);
    eh_buffer_text(out, sampled || text.len > 0 ? "</ul>\n</header>\n" : "</header>\n");
}

/* ---- findings --------------------------------------------------------------------------------------------------------------------- */

static void write_finding(const check_html *page, const eh_finding *finding)
{
    eh_buffer *out = page->html.out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    eh_buffer_text(out, "<li><div>");
    severity_mark(out, finding->severity, looks[finding->severity].word);
    eh_check_say_certainty(finding, &text);
    eh_buffer_text(out, "<small>");
    eh_html_text(out, eh_buffer_view(&text));
    eh_buffer_clear(&text);
    eh_check_say(page->check, finding, &text);
    eh_buffer_text(out, finding->is_new && page->check->before != NULL ? ", new" : "");
    eh_html_put(out, "</small></div><div><strong>$</strong>", eh_finding_get(finding->kind)->title);
    eh_html_text(out, eh_buffer_view(&text));
    eh_html_put(out, "</div><div>$", eh_finding_get(finding->kind)->todo);
    const char *command = eh_finding_get(finding->kind)->command;
    if (finding->kind == EH_FINDING_TWICE && page->about->workspace == NULL)
        command = "evenhand repair --propose";
    if (command != NULL)
        eh_html_put(out, "<small><code>$</code></small>", command);
    eh_buffer_text(out, "</div></li>\n");
}

static void before_table(check_html *page)
{
    static const char *const headings[] = {"<when", "grave", "medium", "light", "notes", "rows are worth", NULL};
    const eh_check *check = page->check;
    eh_html_table_open(&page->html, "Findings before and now, by", "weight");
    eh_html_headings(&page->html, headings);
    for (size_t after = 0; after < 2; after++) {
        eh_html_put(page->html.out, "<tr><th scope=\"row\">$</th>", after == 0 ? "before" : "now");
        for (int s = EH_SEVERITY_HIGH; s >= EH_SEVERITY_NOTE; s--)
            eh_html_put(page->html.out, "<td>$</td>", eh_html_number(EH_NUMBER_COUNT, (double)(after == 0 ? check->counts_before[s] : check->counts[s])).text);
        eh_html_put(page->html.out, "<td>$</td></tr>\n", eh_html_number(EH_NUMBER_COUNT, after == 0 ? check->effective_before : check->effective).text);
    }
    eh_html_table_close(&page->html);
}

static void write_since(check_html *page)
{
    const eh_check *check = page->check;
    if (check->before == NULL)
        return;
    char counts[64];
    snprintf(counts, sizeof counts, "%zu gone, %zu new", check->gone_count, check->new_count);
    eh_html_put(page->html.out, "<h3>Since <bdi>$</bdi>: $</h3>\n", basename(check->before), counts);
    before_table(page);
    eh_buffer_text(page->html.out, check->gone_count > 0 ? "<ul class=\"methods\">" : "");
    for (size_t i = 0; i < check->gone_count; i++)
        eh_html_put(page->html.out, "<li>Gone: $</li>\n", check->gone[i].says);
    eh_buffer_text(page->html.out, check->gone_count > 0 ? "</ul>\n" : "");
}

static void write_untold(const check_html *page)
{
    eh_buffer *out = page->html.out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    if (page->check->untold_count == 0)
        return;
    eh_buffer_text(out, "<h3>What this data cannot tell</h3>\n<ul class=\"methods\">");
    for (size_t i = 0; i < page->check->untold_count; i++) {
        eh_buffer_clear(&text);
        eh_check_say_untold(page->check, &page->check->untold[i], &text);
        eh_buffer_text(out, "<li>");
        eh_html_text(out, eh_buffer_view(&text));
        eh_buffer_text(out, "</li>\n");
    }
    eh_buffer_text(out, "</ul>\n");
}

static void write_findings(check_html *page)
{
    eh_buffer *out = page->html.out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer command = {.whole = out};
    eh_buffer_text(out, "<section id=\"findings\"><h2>Findings</h2>\n");
    if (page->check->findings_count == 0) {
        eh_buffer_text(out, "<p class=\"lead\">Nothing was found that needs attention.</p>\n");
        write_untold(page);
        write_since(page);
        eh_buffer_text(out, "</section>\n");
        return;
    }
    eh_buffer_text(out, "<p class=\"lead\">How bad and how sure each is, what was found, what to do about it.</p>\n<ol class=\"findings\">\n");
    for (size_t i = 0; i < page->check->findings_count; i++) {
        const eh_finding *finding = &page->check->findings[i];
        write_finding(page, finding);
        if (command.len == 0 && eh_finding_get(finding->kind)->command != NULL && strstr(eh_finding_get(finding->kind)->command, "repair") != NULL)
            eh_check_say_command(page->about, finding, &command);
    }
    eh_buffer_text(out, "</ol>\n");
    write_untold(page);
    write_since(page);
    if (command.len > 0) {
        eh_buffer_text(out, "<p class=\"lead\">A plan of repairs, to be read and edited before it is applied:</p>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"Command "
                            "that writes a plan of repairs\"><code>");
        eh_html_text(out, eh_buffer_view(&command));
        eh_buffer_text(out, "</code></pre>\n");
    }
    eh_buffer_text(out, "</section>\n");
}

/* ---- the document ------------------------------------------------------------------------------------------------------------------ */

static void write_navigation(const check_html *page)
{
    const struct {
        const char *link, *title;
        bool there;
    } parts[] = {
        {"#findings", "Findings", true},
        {"#shares", "Who is in the data", page->check->sections_count > 0},
        {"#missing", "Missing values", check_html_has_missing(page)},
        {"#links", "What gives groups away", page->check->attributes_count > 0},
        {"#crossings", "Crossings", page->check->crossings_count > 0},
        {"#twice", "People in twice", check_html_has_twice(page)},
        {"#columns", "Columns", true},
        {"#method", "How it was computed", true},
    };
    eh_buffer_text(page->html.out, "<nav class=\"contents\" aria-label=\"Contents\"><ul>");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].there)
            eh_html_put(page->html.out, "<li><a href=\"$\">$</a></li>", parts[i].link, parts[i].title);
    eh_buffer_text(page->html.out, "</ul></nav>\n");
}

void eh_check_html(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer charts = {.whole = out};
    check_html page = {.about = about, .check = check, .html = {.out = out, .confidence = eh_html_confidence(check->options.confidence)}};
    static const char *const details[] = {"nothing to worry about", "light findings", "needs attention", "grave findings"};
    eh_json_begin(&page.html.charts, &charts, false, true);
    eh_json_array_open(&page.html.charts, NULL);
    eh_html_begin(&page.html, "Check of data", details[check->findings_count == 0 ? EH_SEVERITY_NOTE : check->findings[0].severity]);
    write_header(&page);
    write_navigation(&page);
    eh_buffer_text(out, "<main id=\"main\" class=\"page\">\n");
    write_findings(&page);
    check_html_shares(&page);
    check_html_missing(&page);
    check_html_links(&page);
    check_html_crossings(&page);
    check_html_twice(&page);
    check_html_columns(&page);
    check_html_method(&page);
    eh_json_array_close(&page.html.charts);
    if (charts.code != EH_OK && out->code == EH_OK)
        out->code = charts.code;
    eh_html_end(&page.html, &charts);
}
