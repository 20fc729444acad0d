/** Private to report/: the parts that the HTML report is put together from. */
#ifndef EH_REPORT_HTML_INT_H
#define EH_REPORT_HTML_INT_H

#include "base/html.h"
#include "base/json.h"
#include "report/assets.h"
#include "report/report_int.h"

/* ---- numbers (html_numbers.c) -------------------------------------------------------------------------------------------- */

enum { EH_NUMBER_TEXT_BYTES = 64 };
/** A number as people read it, returned by value so that it can stand in a call. */
typedef struct {
    char text[EH_NUMBER_TEXT_BYTES];
} eh_number_text;

/** How the numbers of a measure are written. */
typedef enum {
    EH_NUMBER_PERCENT, /* 0.1234 as "12.3 %" */
    EH_NUMBER_POINTS,  /* a difference of two shares: 0.1234 as "+12.3" percentage points */
    EH_NUMBER_RATIO,   /* three significant digits: "0.357", "2.10", "12.3" */
    EH_NUMBER_INDEX,   /* three decimals: "0.827" */
    EH_NUMBER_SIGNED,  /* three decimals and a sign */
    EH_NUMBER_AMOUNT,  /* two decimals, thousands apart */
    EH_NUMBER_CHANGE,  /* the same with a sign */
    EH_NUMBER_COUNT    /* whole, thousands apart */
} eh_number_kind;

/** NaN gives "–"; infinities "no upper limit" and "no lower limit". */
eh_number_text eh_html_number(eh_number_kind kind, double number);
/** "34.1 to 38.3 %", "1.20 to no upper limit"; "–" when an end is NaN. */
eh_number_text eh_html_range(eh_number_kind kind, double low, double high);
/** "< .001", ".012", ".24", "1". */
eh_number_text eh_html_p(double p);
/** 95 for 0.95, 99.9 for 0.999: without the percent sign. */
eh_number_text eh_html_confidence(double confidence);
eh_number_kind eh_html_kind(eh_measure measure);
eh_number_kind eh_html_kind_of_difference(eh_measure measure);
/** `out` gets a table cell with the number and, when the range is defined, the range below it. */
void eh_html_cell(eh_buffer *out, eh_number_kind kind, const eh_estimate *estimate);

/* ---- the document ----------------------------------------------------------------------------------------------------------- */

/** One report while it is being written. */
typedef struct {
    const eh_report_about *about;
    const eh_audit *audit;
    eh_buffer *out;
    eh_json_writer charts;      /* what the script draws, collected while the sections are written */
    unsigned tables, figures;   /* numbered through the document */
    eh_number_text confidence;  /* "95" */
} eh_html;

/** The head, with what the page needs to draw, and the beginning of the body; "<title>: <detail>". */
void eh_html_begin(eh_html *html, const char *title, const char *detail);
/** The end: footer, what was collected in html->charts, the library, the script. */
void eh_html_end(eh_html *html, const eh_buffer *charts);

/** Where the next comparison is looked for first; comparisons asked for in their own order are found at once. */
typedef struct {
    const eh_comparison *list;
    size_t count, at;
} eh_html_finder;
/** The comparison of `group` on this measure and scale, or NULL. */
const eh_comparison *eh_html_find(eh_html_finder *finder, eh_measure measure, eh_scale scale, int32_t group);

/** Icon and words of a verdict. */
void eh_html_verdict(eh_buffer *out, eh_verdict verdict);
/** First cell of a group's row: its name, and what is special about it. */
void eh_html_group_cell(eh_html *html, const eh_audit_section *section, int32_t group);

/** A numbered table in a region of its own that scrolls; `caption` and `name` are texts: "Table 3. Selection rate by age". */
void eh_html_table_open(eh_html *html, const char *caption, const char *name);
void eh_html_table_close(eh_html *html);
/** A row of column headings, the first of the row names; the list ends with NULL. "<verdict" heads a column of words, set to the left. */
void eh_html_headings(eh_html *html, const char *const *headings);

/* ---- the parts, in the order of the report ---------------------------------------------------------------------------------- */

void eh_html_header(eh_html *html);                 /* html_header.c: verdict, sentence, facts, notes */
void eh_html_glance(eh_html *html);                 /* html_header.c: one line per attribute and intersection */
void eh_html_attributes(eh_html *html);             /* html_section.c: sentence, figures, table; then the details */
void eh_html_details(eh_html *html, const eh_audit_section *section); /* html_details.c: all other measures, collapsed */
void eh_html_calibration(eh_html *html);            /* html_calibration.c */
bool eh_html_calibrated(const eh_html *html);       /* whether there is anything to show there */
void eh_html_intersections(eh_html *html);          /* html_crossed.c */
void eh_html_before(eh_html *html);                 /* html_before.c */
void eh_html_words(eh_html *html);                  /* html_about.c */
void eh_html_method(eh_html *html);                 /* html_about.c: options, files, methods, how to repeat it */
/** The shapes of the verdicts, once per page (html.c). */
extern const char eh_html_icons[];
/** A word of a POSIX shell (html_command.c). */
void eh_html_shell_word(eh_buffer *out, eh_view text);
/** The command that makes this report again, quoted for a POSIX shell (html_command.c). */
void eh_html_command(const eh_html *html, eh_buffer *out);

/* ---- shared by attributes and intersections (html_section.c) ------------------------------------------------------------------ */

/** The table of one gated measure: every group, its rate, comparisons with the reference, verdict. */
void eh_html_measure_table(eh_html *html, const eh_audit_section *section, eh_measure measure);
/** The beginning of one attribute or intersection: its name, verdict and sentence; kind-N is its id. */
void eh_html_section_head(eh_html *html, const eh_audit_section *section, const char *kind, size_t index);

/* ---- figures (html_charts.c) ----------------------------------------------------------------------------------------------------- */

/*
 * Each writes a numbered figure, hidden until the script draws it, with its text for who cannot see it and its legend; and its data
 * to html->charts. What a figure shows stands in a table beside it.
 */

/** Opens a figure of this kind in the page and its object in the data; `says` is escaped here. Its caption is then written to html->out. */
void eh_html_figure_open(eh_html *html, const char *kind, const eh_buffer *says);
void eh_html_figure_close(eh_html *html);
void eh_html_json_text(eh_json_writer *json, const char *key, const char *name);
void eh_html_json_numbers(eh_json_writer *json, const char *key, const double *numbers, size_t count);

void eh_html_chart_forest(eh_html *html, const eh_audit_section *section, eh_measure measure);
void eh_html_chart_reliability(eh_html *html, const eh_audit_section *section);
void eh_html_chart_heat(eh_html *html, const eh_audit_section *section);
void eh_html_chart_changes(eh_html *html, const eh_change *changes, size_t count);

#endif
