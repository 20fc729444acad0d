#include <math.h>
#include <string.h>

#include "report/text_int.h"

/* A logarithmic axis: a group that is picked half as often lies as far from 1 as one that is picked twice as often. */

enum { PLOT_COLUMNS_MAX = 120, PLOT_COLUMNS_MIN = 30, PLOT_NAME_COLUMNS_MAX = 22, PLOT_GROUPS_MAX = 24 };
#define AXIS_RATIO_MAX 16.0 /* what lies farther from 1 is drawn as an arrow at the edge */

typedef struct {
    double low, high; /* logarithms at the first and the last column */
    size_t columns;
} axis;

/** One line of the plot, a glyph per column. */
typedef struct {
    const char *glyph[PLOT_COLUMNS_MAX];
} canvas;

static const eh_comparison *ratio_of(const eh_audit_section *section, eh_measure measure, size_t group)
{
    for (size_t i = 0; i < section->comparisons_count; i++) {
        const eh_comparison *c = &section->comparisons[i];
        if (c->measure == measure && c->scale == EH_SCALE_RATIO && (size_t)c->group == group && !isnan(c->value))
            return c;
    }
    return NULL;
}

static double clamped_log(double ratio)
{
    return log(fmin(fmax(ratio, 1 / AXIS_RATIO_MAX), AXIS_RATIO_MAX));
}

static axis axis_of(const text_page *page, const eh_audit_section *section, eh_measure measure, size_t columns)
{
    double edge = -log(page->audit->options.ratio_min) * 1.5;
    axis found = {-edge, edge, columns};
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_comparison *c = ratio_of(section, measure, g);
        if (!c)
            continue;
        found.low = fmin(found.low, clamped_log(c->low));
        found.high = fmax(found.high, clamped_log(c->high));
    }
    return found;
}

/** The column of a ratio; outside the axis it is the nearer end. */
static size_t column_of(const axis *a, double ratio)
{
    double share = (clamped_log(ratio) - a->low) / (a->high - a->low);
    double column = round(fmin(fmax(share, 0), 1) * (double)(a->columns - 1));
    return (size_t)column;
}

static void canvas_clear(const text_page *page, const axis *a, canvas *line)
{
    for (size_t c = 0; c < a->columns; c++)
        line->glyph[c] = " ";
    line->glyph[column_of(a, page->audit->options.ratio_min)] = "┊";
    line->glyph[column_of(a, 1 / page->audit->options.ratio_min)] = "┊";
    line->glyph[column_of(a, 1)] = "│";
}

static void draw_interval(const axis *a, const eh_comparison *c, canvas *line)
{
    size_t low = column_of(a, c->low), high = column_of(a, c->high);
    for (size_t i = low; i <= high; i++)
        line->glyph[i] = "─";
    line->glyph[low] = log(c->low) < a->low - 1e-9 ? "◂" : "├";
    line->glyph[high] = log(c->high) > a->high + 1e-9 ? "▸" : "┤";
    line->glyph[column_of(a, c->value)] = "●";
}

static void put_canvas(const text_page *page, const axis *a, const canvas *line)
{
    size_t last = a->columns;
    while (last > 0 && line->glyph[last - 1][0] == ' ')
        last--;
    for (size_t c = 0; c < last; c++)
        eh_buffer_text(page->out, line->glyph[c]);
}

/** The ticks that have room, those that matter most first. */
static void put_ticks(const text_page *page, const axis *a, size_t names)
{
    double ratio_min = page->audit->options.ratio_min;
    const double ticks[] = {1, ratio_min, 1 / ratio_min, 0.5, 2, 0.25, 4, 0.125, 8, 1.5, 3};
    char line[PLOT_COLUMNS_MAX + 16];
    memset(line, ' ', sizeof line);
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        if (log(ticks[i]) < a->low || log(ticks[i]) > a->high)
            continue;
        char text[16];
        size_t length = (size_t)snprintf(text, sizeof text, "%.3g", ticks[i]);
        size_t middle = column_of(a, ticks[i]);
        size_t start = middle >= length / 2 ? middle - length / 2 : 0;
        if (start + length > a->columns)
            start = a->columns - length;
        bool free = true;
        for (size_t c = start > 0 ? start - 1 : 0; c < start + length + 1; c++)
            free = free && line[c] == ' ';
        if (free)
            memcpy(line + start, text, length);
    }
    size_t used = a->columns;
    while (used > 0 && line[used - 1] == ' ')
        used--;
    text_paint(page, STYLE_DIM);
    eh_buffer_format(page->out, "%*s", (int)(names + TEXT_GAP), "");
    eh_buffer_append(page->out, (eh_view){line, used});
    text_paint(page, STYLE_PLAIN);
    eh_buffer_byte(page->out, '\n');
}

static size_t names_width(const eh_audit_section *section, eh_buffer *scratch)
{
    size_t width = 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        eh_buffer_clear(scratch);
        eh_say_name(scratch, section->groups[g].name, PLOT_NAME_COLUMNS_MAX);
        size_t columns = eh_utf8_columns(eh_buffer_view(scratch));
        width = columns > width ? columns : width;
    }
    return width;
}

static void put_line(const text_page *page, const axis *a, bool reference, const eh_comparison *c)
{
    canvas line;
    canvas_clear(page, a, &line);
    if (c) {
        draw_interval(a, c, &line);
        text_paint(page, text_verdict_style(c->verdict));
    } else if (reference) {
        line.glyph[column_of(a, 1)] = "◆";
    }
    put_canvas(page, a, &line);
    if (c)
        text_paint(page, STYLE_PLAIN);
    eh_buffer_byte(page->out, '\n');
}

void text_forest(const text_page *page, const eh_audit_section *section, eh_measure measure)
{
    if (section->groups_count > PLOT_GROUPS_MAX)
        return;
    eh_buffer name = {.whole = page->out};
    size_t names = names_width(section, &name);
    size_t columns = page->columns - names - TEXT_GAP;
    axis a = axis_of(page, section, measure, columns < PLOT_COLUMNS_MAX ? columns : PLOT_COLUMNS_MAX);
    if (a.columns >= PLOT_COLUMNS_MIN && page->out->code == EH_OK) {
        put_ticks(page, &a, names);
        for (size_t g = 0; g < section->groups_count; g++) {
            eh_buffer_clear(&name);
            eh_say_name(&name, section->groups[g].name, PLOT_NAME_COLUMNS_MAX);
            eh_buffer_append(page->out, eh_buffer_view(&name));
            size_t pad = names + TEXT_GAP - eh_utf8_columns(eh_buffer_view(&name));
            eh_buffer_format(page->out, "%*s", (int)pad, "");
            put_line(page, &a, (int32_t)g == section->reference, ratio_of(section, measure, g));
        }
    }
    eh_buffer_dispose(&name);
}
