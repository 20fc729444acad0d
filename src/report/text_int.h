/** Private to the terminal report: a page of a given width, lines that are wrapped, tables that fit. */
#ifndef EH_REPORT_TEXT_INT_H
#define EH_REPORT_TEXT_INT_H

#include "report/report_int.h"

typedef struct {
    const eh_report_about *about;
    const eh_audit *audit;
    eh_buffer *out;
    size_t columns;
    bool colour;
    char interval_title[32]; /* "95 % interval" */
} text_page;

typedef enum { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW } text_style;

/** Turns a style on; STYLE_PLAIN turns all off. Nothing without colour. */
void text_paint(const text_page *page, text_style style);
/** The colour of a verdict, and its sign and word of at most 13 columns: "✗ violates", "✓ within", "? cannot tell". */
text_style text_verdict_style(eh_verdict verdict);
const char *text_verdict_mark(eh_verdict verdict);

/** A paragraph broken at blanks, later lines indented by `indent`; a word that is wider than the page is broken where the page ends. */
void text_wrap(const text_page *page, const char *words, size_t indent);

/* ---- tables ------------------------------------------------------------------------------------------------------------ */

enum { TEXT_COLUMNS_MAX = 10, TEXT_GAP = 2, TEXT_NAME_COLUMNS_MIN = 10 };

typedef struct {
    const char *title;
    bool right;         /* aligned right */
    uint8_t optional;   /* 0: always shown; else left out when the page is too narrow, the highest number first */
} text_column;

/** The first column holds names and is cut to fit; the others are as wide as their widest cell. */
typedef struct {
    const text_column *columns;
    size_t columns_count;
    eh_buffer cells;    /* each ended by a line feed, which no cell holds; dispose after printing */
    size_t cells_count;
} text_table;

/** The cell being written: append to table->cells, then end it. */
void text_cell_end(text_table *table);
void text_cell_name(text_table *table, const char *name);
void text_cell_count(text_table *table, uint64_t count);
/** "12.3", in percent without its sign. */
void text_cell_percent(text_table *table, double share);
/** "10.2–14.8" for shares in percent; empty when not defined. */
void text_cell_percents(text_table *table, double low, double high);
void text_cell_factor(text_table *table, double ratio);
void text_cell_factors(text_table *table, double low, double high);
void text_cell_text(text_table *table, const char *text);
/** Prints and disposes. A cell that starts with a verdict's sign is painted. */
void text_table_print(const text_page *page, text_table *table);

/** The forest plot of a section's ratios of one measure to the reference (text_forest.c); nothing when there is nothing to draw. */
void text_forest(const text_page *page, const eh_audit_section *section, eh_measure measure);

/** The parts of the report (text_sections.c, text_parts.c). */
void text_section(const text_page *page, const eh_audit_section *section);
void text_intersections(const text_page *page);
void text_before(const text_page *page);

#endif
