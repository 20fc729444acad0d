#include <math.h>
#include <string.h>

#include "report/html_int.h"

static void write_change(eh_buffer *out, const eh_change *change)
{
    eh_number_kind kind = eh_html_kind(change->measure);
    eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi>", change->group);
    if (change->group_is_new || change->group_is_gone)
        eh_html_put(out, " <span class=\"tag\">$</span>", change->group_is_new ? "new" : "gone");
    eh_html_put(out, "</th><td>$</td><td>$</td>", eh_html_number(kind, change->before).text, eh_html_number(kind, change->now).text);
    eh_html_cell(out, eh_html_kind_of_difference(change->measure), &(eh_estimate){change->difference, change->low, change->high, 0});
    eh_html_put(out, "<td>$</td></tr>\n", eh_html_p(change->p).text);
}

static bool same_table(const eh_change *a, const eh_change *b)
{
    return a->measure == b->measure && strcmp(a->attribute, b->attribute) == 0;
}

/** One attribute and measure: figure and table. */
static void write_changes(eh_html *html, const eh_change *changes, size_t count)
{
    static const char *const headings[] = {"group", "before", "now", "change", "p", NULL};
    const eh_measure_info *info = eh_measure_get(changes[0].measure);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer title = {.whole = html->out};
    eh_buffer_format(&title, "%s by", info->title);
    eh_say_capital(&title, 0);
    eh_html_put(html->out, "<h3>$ <bdi>$</bdi></h3>\n", title.ptr != NULL ? title.ptr : "", changes[0].attribute);
    if (eh_html_kind_of_difference(changes[0].measure) == EH_NUMBER_POINTS)
        eh_html_chart_changes(html, changes, count);
    eh_buffer_clear(&title);
    eh_buffer_format(&title, "Change of the %s by", info->title);
    eh_html_table_open(html, title.ptr != NULL ? title.ptr : "", changes[0].attribute);
    eh_html_headings(html, headings);
    for (size_t i = 0; i < count; i++)
        write_change(html->out, &changes[i]);
    eh_html_table_close(html);
}

static bool first_of_table(const eh_before *before, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_table(&before->changes[i], &before->changes[index]))
            return false;
    return true;
}

/** Gathers what belongs to the table of change `first`, in whatever order the changes stand. */
static void write_table_of(eh_html *html, const eh_before *before, size_t first)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer rows = {.whole = html->out};
    for (size_t i = first; i < before->changes_count; i++)
        if (same_table(&before->changes[i], &before->changes[first]))
            eh_buffer_append(&rows, (eh_view){(const char *)&before->changes[i], sizeof(eh_change)});
    if (rows.code == EH_OK)
        write_changes(html, (const eh_change *)(const void *)rows.ptr, rows.len / sizeof(eh_change));
    else
        html->out->code = rows.code;
}

/** The verdict then and now. */
static void write_verdicts(eh_html *html)
{
    const eh_before *before = html->audit->before;
    eh_html_put(html->out, "<section id=\"before\"><h2>Compared with before</h2>\n<p class=\"lead\">The earlier report is <bdi>$</bdi> ($ people). Its verdict was ",
                html->about->before_path != NULL ? html->about->before_path : "", eh_html_number(EH_NUMBER_COUNT, before->rows).text);
    eh_html_verdict(html->out, before->verdict);
    eh_buffer_text(html->out, "; now it is ");
    eh_html_verdict(html->out, html->audit->verdict);
    eh_buffer_text(html->out, ".</p>\n");
}

void eh_html_before(eh_html *html)
{
    const eh_before *before = html->audit->before;
    if (before == NULL)
        return;
    write_verdicts(html);
    for (size_t first = 0; first < before->changes_count; first++)
        if (first_of_table(before, first))
            write_table_of(html, before, first);
    eh_buffer_text(html->out, "</section>\n");
}
