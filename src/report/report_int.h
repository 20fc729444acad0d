/**
 * Private to report/: names, numbers and sentences in plain English. Every writer of this room (terminal, JSON, CSV, HTML) takes
 * its words from here, so that they say the same.
 *
 * All of it appends plain text without markup to a buffer whose sticky code carries the failures. Names in sentences are safe: control
 * characters and characters that turn the direction of writing stand as \xNN, and long names are cut with "…".
 */
#ifndef EH_REPORT_REPORT_INT_H
#define EH_REPORT_REPORT_INT_H

#include "report/report.h"

/* ---- names and numbers (format.c) ------------------------------------------------------------------------------------ */

enum { EH_SAY_NAME_COLUMNS = 48 }; /* names in sentences are cut at this width */

/** A name, escaped, of at most `columns_max` columns on a terminal; a longer one ends in "…". 0: as long as it is. */
void eh_say_name(eh_buffer *out, const char *name, size_t columns_max);
/** "45,211". */
void eh_say_count(eh_buffer *out, uint64_t count);
/** A share in words: "12.3 %", "0.042 %"; "–" when not defined. */
void eh_say_percent(eh_buffer *out, double share);
/** "2.1 times as often", "38 % as often", "∞ times as often" (sentences say that in words of their own). */
void eh_say_ratio(eh_buffer *out, double ratio);
/** The bounds in the unit in which eh_say_ratio says `value`: "1.9 to 2.3", "35 % to 41 %", "1.9 and more". */
void eh_say_ratio_interval(eh_buffer *out, double value, double low, double high);
/** A ratio as a bare number of two or three digits: "0.38", "2.1", "14", "∞"; "–" when not defined. */
void eh_say_factor(eh_buffer *out, double ratio);
/** A p-value without its "p": "< .001", ".032"; "–" when not defined. */
void eh_say_p(eh_buffer *out, double p);
/** A number with `decimals`; "–" when not defined, "∞" or "−∞" when infinite; never "-0.0". */
void eh_say_decimal(eh_buffer *out, double number, int decimals);
/** Makes the ASCII letter at `start` a capital. */
void eh_say_capital(eh_buffer *out, size_t start);
/** "", ", " or " and " before item `index` of `count` in a list in words. */
const char *eh_say_joint(size_t index, size_t count);

/* ---- sentences (sentences*.c) ---------------------------------------------------------------------------------------- */

/** "people aged 60 and over", "people with education = tertiary", "people whose age is missing"; `group` may be EH_OVERALL. */
void eh_say_group(const eh_report_about *about, const eh_audit_section *section, int32_t group, eh_buffer *out);

/** A comparison and where it comes from. */
typedef struct {
    const eh_audit_section *section;
    const eh_comparison *comparison;
} eh_told;

/** One whole sentence with the verdict, as in the headline. */
void eh_say_comparison(const eh_report_about *about, const eh_audit *audit, const eh_told *told, eh_buffer *out);
/** The comparison that speaks for the section: the gravest of the gate. comparison is NULL when nothing of the gate could be compared. */
eh_told eh_told_of(const eh_audit *audit, const eh_audit_section *section);
/** One sentence for a section: its gravest comparison, or that all groups are alike. */
void eh_say_section(const eh_report_about *about, const eh_audit *audit, const eh_audit_section *section, eh_buffer *out);
/** What else the headline left out, at most one sentence ("Also: ..."); nothing when there is nothing. */
void eh_say_also(const eh_report_about *about, const eh_audit *audit, eh_buffer *out);
/** "0.80 to 1.25". */
void eh_say_tolerance(const eh_audit *audit, eh_buffer *out);
/** What was left out, joined, weighted or estimated: one sentence per line, each ended by a newline; nothing when there is nothing. */
void eh_say_notes(const eh_report_about *about, const eh_audit *audit, eh_buffer *out);

/** The name of a group of the section; "(overall)" for EH_OVERALL. */
const char *eh_group_name(const eh_audit_section *section, int32_t group);
/** True when the input allows the measure. */
bool eh_measure_told(const eh_audit *audit, eh_measure measure);

/* ---- CSV (csv.c) ------------------------------------------------------------------------------------------------------- */

/** A field: what a spreadsheet would run gets an apostrophe before it; quotes are doubled (RFC 4180). NULL: nothing. */
void eh_csv_text(eh_buffer *out, const char *text);
/** A comma and the number; nothing after it when it is not defined. */
void eh_csv_number(eh_buffer *out, double number);

/* ---- hidden groups (scan_sentences.c) -------------------------------------------------------------------------------------- */

/** What a row is said to have been: "chosen", or "yes" of a label that is held against its predictions. */
const char *eh_scan_chosen(const eh_report_scan_about *about);
/** "found", "nothing found", "not enough evidence" (scan_json.c). */
const char *eh_scan_verdict_name(eh_verdict verdict);
/** One condition: "age 25 to 44", "channel other than Web", "zip = Rural or Urban". */
void eh_say_condition(const eh_report_scan_about *about, const eh_scan_condition *condition, eh_buffer *out);
/** One whole sentence about a group, with its numbers from the half that confirmed it. */
void eh_say_scan_group(const eh_report_scan_about *about, const eh_scan *scan, const eh_scan_group *group, eh_buffer *out);
/** What would have been found: one sentence. */
void eh_say_findable(const eh_report_scan_about *about, const eh_scan *scan, const eh_scan_findable *findable, eh_buffer *out);
/** What was left out, joined, cut or assumed: one sentence per line. */
void eh_say_scan_notes(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out);
/** What is expected of a row: "the rate of all rows", "the given probability", "the rate of rows with the same ...". */
void eh_say_scan_expectation(const eh_report_scan_about *about, eh_buffer *out);

#endif
