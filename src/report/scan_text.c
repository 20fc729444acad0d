#include <math.h>
#include <string.h>

#include "report/text_int.h"

enum { COLUMNS_DEFAULT = 80, COLUMNS_MIN = 60, COLUMNS_MAX = 160 };

static void put_wrapped(const text_page *page, const eh_buffer *words)
{
    if (words->ptr != NULL)
        text_wrap(page, words->ptr, 0);
}

static void put_facts(const text_page *page, const eh_report_scan_about *about, const eh_scan *scan)
{
    eh_buffer words = {.whole = page->out};
    eh_buffer_byte(page->out, '\n');
    eh_say_count(&words, scan->rows);
    eh_buffer_text(&words, " rows");
    if (about->inputs_count > 0) {
        eh_buffer_text(&words, " of ");
        eh_say_name(&words, about->inputs->path, EH_SAY_NAME_COLUMNS);
    }
    if (about->inputs_count > 1)
        eh_buffer_format(&words, " and %zu more files", about->inputs_count - 1);
    if (about->spec->where != NULL) {
        eh_buffer_text(&words, " where ");
        eh_say_name(&words, about->spec->where, 2 * EH_SAY_NAME_COLUMNS);
    }
    eh_buffer_format(&words, "; %s: ", eh_scan_chosen(about));
    eh_say_name(&words, about->spec->decision.sql, 2 * EH_SAY_NAME_COLUMNS);
    eh_buffer_text(&words, " (");
    eh_say_percent(&words, scan->observed);
    eh_buffer_text(&words, "); expected: ");
    eh_say_scan_expectation(about, &words);
    eh_buffer_text(&words, "; grouped by ");
    for (size_t i = 0; i < about->table->dimensions_count; i++) {
        eh_buffer_text(&words, i == 0 ? "" : ", ");
        eh_say_name(&words, about->table->dimensions[i].name, EH_SAY_NAME_COLUMNS);
    }
    eh_buffer_byte(&words, '.');
    put_wrapped(page, &words);
    eh_buffer_dispose(&words);
}

static void put_notes(const text_page *page, const eh_report_scan_about *about, const eh_scan *scan)
{
    eh_buffer notes = {.whole = page->out};
    eh_say_scan_notes(about, scan, &notes);
    for (char *line = notes.ptr; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        eh_buffer_text(page->out, "- ");
        text_wrap(&(text_page){.out = page->out, .columns = page->columns - 2}, line, 2);
        line = end ? end + 1 : NULL;
    }
    eh_buffer_dispose(&notes);
}

static void put_groups(const text_page *page, const eh_report_scan_about *about, const eh_scan *scan)
{
    const text_column columns[] = {{"hidden group", false, 0}, {"people", true, 2}, {"expected %", true, 0},
                                   {strcmp(eh_scan_chosen(about), "chosen") == 0 ? "chosen %" : "observed %", true, 0}, {page->interval_title, true, 1}, {"p", true, 0}};
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    if (scan->groups_count == 0)
        return;
    for (size_t i = 0; i < scan->groups_count; i++) {
        const eh_scan_group *group = &scan->groups[i];
        eh_buffer_format(&table.cells, "%zu. ", i + 1);
        eh_report_scan_group(about, group, &table.cells);
        text_cell_end(&table);
        text_cell_count(&table, group->rows);
        text_cell_percent(&table, group->confirmed_expected);
        text_cell_percent(&table, group->confirmed.value);
        text_cell_percents(&table, group->confirmed.low, group->confirmed.high);
        eh_say_p(&table.cells, group->p);
        text_cell_end(&table);
    }
    eh_buffer_byte(page->out, '\n');
    text_table_print(page, &table);
    if (scan->groups_count < 2)
        return;
    eh_buffer_byte(page->out, '\n');
    text_wrap(page, "In full; each is beyond what those before it explain:", 0);
    for (size_t i = 0; i < scan->groups_count; i++) {
        eh_buffer words = {.whole = page->out};
        eh_buffer_format(&words, "%zu. ", i + 1);
        eh_say_scan_group(about, scan, &scan->groups[i], &words);
        if (words.ptr)
            text_wrap(page, words.ptr, 3);
        eh_buffer_dispose(&words);
    }
}

static void put_findable(const text_page *page, const eh_scan *scan)
{
    static const text_column columns[] = {{"what would have been found", false, 0}, {"people", true, 0}, {"at most %", true, 0}, {"at least %", true, 0}};
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < EH_SCAN_FINDABLE_COUNT; i++) {
        const eh_scan_findable *findable = &scan->findable[i];
        eh_buffer_format(&table.cells, "%.0f %% of the rows", findable->share * 100);
        text_cell_end(&table);
        text_cell_count(&table, (uint64_t)llround(findable->share * (double)scan->rows));
        text_cell_percent(&table, findable->low);
        text_cell_percent(&table, findable->high);
    }
    eh_buffer_byte(page->out, '\n');
    text_table_print(page, &table);
}

static void put_closing(const text_page *page, const eh_scan *scan)
{
    eh_buffer words = {.whole = page->out};
    eh_buffer_byte(page->out, '\n');
    eh_buffer_text(&words, "How sure: the exact search looked at ");
    eh_say_count(&words, scan->groups_looked_at);
    eh_buffer_format(&words, " groups of up to %u value%s, the subset scan at all others. A group is told when it was found on one half of the rows and "
                     "confirmed on the other, and when random files rarely (p at most %.3g) hold one as good anywhere.", scan->depth,
                     scan->depth == 1 ? "" : "s", 1 - scan->options.confidence);
    eh_buffer_text(&words, scan->groups_count > 0 ? " Rates are those of the confirming half." : "");
    put_wrapped(page, &words);
    eh_buffer_clear(&words);
    eh_buffer_format(&words, "Exit status %d (0 nothing found, 1 found, 3 not enough evidence). Every number: --format json, csv or html.",
                     eh_verdict_exit_status(scan->verdict));
    put_wrapped(page, &words);
    eh_buffer_dispose(&words);
}

void eh_report_scan_text(const eh_report_scan_about *about, const eh_scan *scan, const eh_report_text_options *options, eh_buffer *out)
{
    size_t columns = options->columns ? options->columns : COLUMNS_DEFAULT;
    columns = columns < COLUMNS_MIN ? COLUMNS_MIN : columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
    text_page page = {.out = out, .columns = columns, .colour = options->colour};
    eh_buffer words = {.whole = out};
    snprintf(page.interval_title, sizeof page.interval_title, "%.6g %% interval", scan->options.confidence * 100);
    eh_report_scan_headline(about, scan, &words);
    text_paint(&page, STYLE_BOLD);
    put_wrapped(&page, &words);
    text_paint(&page, STYLE_PLAIN);
    eh_buffer_dispose(&words);
    put_facts(&page, about, scan);
    put_notes(&page, about, scan);
    put_groups(&page, about, scan);
    put_findable(&page, scan);
    put_closing(&page, scan);
}
