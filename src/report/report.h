/**
 * Reports: the audit for a terminal, for programs (JSON, CSV) and for a browser (one HTML file). Pure writers into buffers: the
 * same audit gives the same bytes; escaping is by context (terminal, JSON, CSV, HTML).
 */
#ifndef EH_REPORT_REPORT_H
#define EH_REPORT_REPORT_H

#include "audit/audit.h"
#include "audit/scan.h"
#include "base/base.h"
#include "data/data.h"

/** What the report says of itself: where the numbers came from and how they were asked for. All borrowed. */
typedef struct {
    const eh_input *inputs;
    size_t inputs_count;
    const char *engine_version;
    const char *const *columns;         /* of the input */
    size_t columns_count;
    const eh_cube_spec *spec;           /* the expressions as they were given */
    const eh_cube *cube;
    const eh_audit_soft *soft;          /* with --soft, else NULL */
    size_t soft_count;
    const char *before_path;            /* of --before, or NULL */
} eh_report_about;

typedef struct {
    bool colour;                        /* ANSI colours */
    size_t columns;                     /* width of the terminal; 0 for 80 */
} eh_report_text_options;

/** The one sentence that says it all, plain text without markup: "People over 60 were picked 2.1 times as often as ...". */
void eh_report_headline(const eh_report_about *about, const eh_audit *audit, eh_buffer *out);
/** For a terminal: sentence first, then tables; no line wider than `columns` (never less than 60). Control characters in names are shown as \xNN. */
void eh_report_text(const eh_report_about *about, const eh_audit *audit, const eh_report_text_options *options, eh_buffer *out);
/** One JSON document after docs/audit.schema.json. */
void eh_report_json(const eh_report_about *about, const eh_audit *audit, eh_buffer *out);
/** One CSV table, a line per number; names that a spreadsheet would take for a formula get a leading apostrophe. */
void eh_report_csv(const eh_report_about *about, const eh_audit *audit, eh_buffer *out);
/** One self-contained HTML document: no request to anywhere, works without JavaScript, dark mode, print, phones. */
void eh_report_html(const eh_report_about *about, const eh_audit *audit, eh_buffer *out);

/* ---- hidden groups --------------------------------------------------------------------------------------------------------- */

/** What the report of a scan says of itself. All borrowed. */
typedef struct {
    const eh_input *inputs;
    size_t inputs_count;
    const char *engine_version;
    const eh_coded_spec *spec;
    const eh_coded_table *table;        /* the scan's attributes are its dimensions */
} eh_report_scan_about;

/** The description of a group in the fewest words: "zip = Suburban, newbie = 1, channel other than Web". */
void eh_report_scan_group(const eh_report_scan_about *about, const eh_scan_group *group, eh_buffer *out);
/** The one sentence that says it all. */
void eh_report_scan_headline(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out);
void eh_report_scan_text(const eh_report_scan_about *about, const eh_scan *scan, const eh_report_text_options *options, eh_buffer *out);
/** One JSON document after docs/scan.schema.json. */
void eh_report_scan_json(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out);
/** One CSV table, a line per group. */
void eh_report_scan_csv(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out);
/** One self-contained HTML document without any script. */
void eh_report_scan_html(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out);

#endif
