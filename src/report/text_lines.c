#include <math.h>
#include <string.h>

#include "report/text_int.h"

/* ---- colours ----------------------------------------------------------------------------------------------------------------- */

void text_paint(const text_page *page, text_style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "\x1b[0m", [STYLE_BOLD] = "\x1b[1m",   [STYLE_DIM] = "\x1b[2m",
        [STYLE_RED] = "\x1b[31m",  [STYLE_GREEN] = "\x1b[32m", [STYLE_YELLOW] = "\x1b[33m",
    };
    if (page->colour)
        eh_buffer_text(page->out, codes[style]);
}

text_style text_verdict_style(eh_verdict verdict)
{
    static const text_style styles[] = {
        [EH_WITHIN_TOLERANCE] = STYLE_GREEN, [EH_NOT_ENOUGH_EVIDENCE] = STYLE_YELLOW, [EH_VIOLATES] = STYLE_RED};
    return styles[verdict];
}

static const char *const marks[] = {
    [EH_WITHIN_TOLERANCE] = "✓ within", [EH_NOT_ENOUGH_EVIDENCE] = "? cannot tell", [EH_VIOLATES] = "✗ violates"};

const char *text_verdict_mark(eh_verdict verdict)
{
    return marks[verdict];
}

/* ---- paragraphs ---------------------------------------------------------------------------------------------------------------- */

/** Bytes of the longest beginning of `word` that takes at most `columns`; at least one character. */
static size_t fitting_bytes(eh_view word, size_t columns)
{
    size_t bytes = 0;
    while (bytes < word.len) {
        size_t next = bytes + 1;
        while (next < word.len && ((unsigned char)word.ptr[next] & 0xc0) == 0x80)
            next++;
        if (bytes > 0 && eh_utf8_columns((eh_view){word.ptr, next}) > columns)
            break;
        bytes = next;
    }
    return bytes;
}

void text_wrap(const text_page *page, const char *words, size_t indent)
{
    size_t used = 0;
    bool fresh = true;
    for (const char *at = words + strspn(words, " "); *at; at += strspn(at, " ")) {
        eh_view word = {at, strcspn(at, " ")};
        while (at[word.len] == ' ' && at[word.len + 1] == '%') /* a number and its sign stay together */
            word.len += 1 + strcspn(at + word.len + 1, " ");
        size_t width = eh_utf8_columns(word);
        if (!fresh && used + 1 + width > page->columns) {
            eh_buffer_format(page->out, "\n%*s", (int)indent, "");
            used = indent;
            fresh = true;
        }
        if (!fresh)
            eh_buffer_byte(page->out, ' ');
        used += fresh ? 0 : 1;
        if (used + width > page->columns)
            word.len = fitting_bytes(word, page->columns - used);
        eh_buffer_append(page->out, word);
        used += eh_utf8_columns(word);
        fresh = false;
        at += word.len;
    }
    eh_buffer_byte(page->out, '\n');
}

/* ---- cells --------------------------------------------------------------------------------------------------------------------- */

void text_cell_end(text_table *table)
{
    eh_buffer_byte(&table->cells, '\n');
    table->cells_count++;
}

void text_cell_name(text_table *table, const char *name)
{
    eh_say_name(&table->cells, name, 0);
    text_cell_end(table);
}

void text_cell_text(text_table *table, const char *text)
{
    eh_buffer_text(&table->cells, text);
    text_cell_end(table);
}

void text_cell_count(text_table *table, uint64_t count)
{
    eh_say_count(&table->cells, count);
    text_cell_end(table);
}

void text_cell_percent(text_table *table, double share)
{
    eh_say_decimal(&table->cells, share * 100, 1);
    text_cell_end(table);
}

void text_cell_percents(text_table *table, double low, double high)
{
    if (!isnan(low) && !isnan(high)) {
        eh_say_decimal(&table->cells, low * 100, 1);
        eh_buffer_text(&table->cells, low < 0 ? " to " : "–");
        eh_say_decimal(&table->cells, high * 100, 1);
    }
    text_cell_end(table);
}

void text_cell_factor(text_table *table, double ratio)
{
    eh_say_decimal(&table->cells, ratio, ratio >= 99.95 ? 0 : 2);
    text_cell_end(table);
}

void text_cell_factors(text_table *table, double low, double high)
{
    if (!isnan(low) && !isnan(high)) {
        eh_say_decimal(&table->cells, low, low >= 99.95 ? 0 : 2);
        eh_buffer_text(&table->cells, low < 0 ? " to " : "–");
        eh_say_decimal(&table->cells, high, high >= 99.95 ? 0 : 2);
    }
    text_cell_end(table);
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t width[TEXT_COLUMNS_MAX];
    bool shown[TEXT_COLUMNS_MAX];
} layout;

static eh_view next_cell(const char **at)
{
    const char *start = *at;
    const char *end = strchr(start, '\n');
    *at = end + 1;
    return (eh_view){start, (size_t)(end - start)};
}

static layout widths_of(const text_table *table)
{
    layout found = {0};
    for (size_t c = 0; c < table->columns_count; c++) {
        found.width[c] = eh_utf8_columns(eh_view_of(table->columns[c].title));
        found.shown[c] = true;
    }
    const char *at = table->cells.ptr;
    for (size_t i = 0; i < table->cells_count; i++) {
        size_t width = eh_utf8_columns(next_cell(&at));
        size_t c = i % table->columns_count;
        if (width > found.width[c])
            found.width[c] = width;
    }
    return found;
}

static size_t width_beside_names(const text_table *table, const layout *l)
{
    size_t width = 0;
    for (size_t c = 1; c < table->columns_count; c++)
        if (l->shown[c])
            width += l->width[c] + TEXT_GAP;
    return width;
}

/** Leaves out optional columns, then cuts the names, until the page holds the table. */
static void layout_fit(const text_page *page, const text_table *table, layout *l)
{
    size_t names = l->width[0] < 20 ? l->width[0] : 20;
    for (uint8_t rank = UINT8_MAX; rank > 0 && width_beside_names(table, l) + names > page->columns; rank--)
        for (size_t c = 1; c < table->columns_count; c++)
            if (table->columns[c].optional == rank)
                l->shown[c] = false;
    size_t beside = width_beside_names(table, l);
    size_t room = page->columns > beside + TEXT_NAME_COLUMNS_MIN ? page->columns - beside : TEXT_NAME_COLUMNS_MIN;
    if (l->width[0] > room)
        l->width[0] = room;
}

static void put_cell(const text_page *page, eh_view cell, const text_column *column, size_t width)
{
    size_t columns = eh_utf8_columns(cell);
    int pad = columns < width ? (int)(width - columns) : 0;
    if (column->right)
        eh_buffer_format(page->out, "%*s", pad, "");
    text_style style = STYLE_PLAIN;
    for (eh_verdict v = EH_WITHIN_TOLERANCE; v <= EH_VIOLATES; v++)
        if (eh_view_equal(cell, eh_view_of(marks[v])))
            style = text_verdict_style(v);
    if (style != STYLE_PLAIN)
        text_paint(page, style);
    eh_buffer_append(page->out, cell);
    if (style != STYLE_PLAIN)
        text_paint(page, STYLE_PLAIN);
    if (!column->right)
        eh_buffer_format(page->out, "%*s", pad, "");
}

/** The name, already escaped, cut to the width of its column. */
static void put_name(const text_page *page, eh_view cell, size_t width)
{
    if (eh_utf8_columns(cell) <= width) {
        put_cell(page, cell, &(text_column){0}, width);
        return;
    }
    eh_view kept = {cell.ptr, fitting_bytes(cell, width - 1)};
    eh_buffer_append(page->out, kept);
    eh_buffer_format(page->out, "…%*s", (int)(width - 1 - eh_utf8_columns(kept)), "");
}

static void trim_line(eh_buffer *out)
{
    if (out->code != EH_OK)
        return;
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        out->ptr[--out->len] = '\0';
}

static void print_row(const text_page *page, const text_table *table, const layout *l, const char **at)
{
    for (size_t c = 0; c < table->columns_count; c++) {
        eh_view cell = at ? next_cell(at) : eh_view_of(table->columns[c].title);
        if (!l->shown[c])
            continue;
        eh_buffer_format(page->out, "%*s", c ? TEXT_GAP : 0, "");
        if (c == 0)
            put_name(page, cell, l->width[0]);
        else
            put_cell(page, cell, &table->columns[c], l->width[c]);
    }
    trim_line(page->out);
}

void text_table_print(const text_page *page, text_table *table)
{
    if (table->cells.code != EH_OK)
        page->out->code = table->cells.code;
    if (page->out->code == EH_OK && table->cells_count > 0) {
        layout l = widths_of(table);
        layout_fit(page, table, &l);
        text_paint(page, STYLE_DIM);
        print_row(page, table, &l, NULL);
        text_paint(page, STYLE_PLAIN);
        eh_buffer_byte(page->out, '\n');
        const char *at = table->cells.ptr;
        for (size_t i = 0; i < table->cells_count; i += table->columns_count) {
            print_row(page, table, &l, &at);
            eh_buffer_byte(page->out, '\n');
        }
    }
    eh_buffer_dispose(&table->cells);
    table->cells_count = 0;
}
