/** Private to report/: the parts of the check's HTML report. */
#ifndef EH_REPORT_CHECK_HTML_INT_H
#define EH_REPORT_CHECK_HTML_INT_H

#include "report/check_report.h"
#include "report/html_int.h"

typedef struct {
    const eh_check_about *about;
    const eh_check *check;
    eh_html html; /* counts tables and figures; has no audit */
} check_html;

void check_html_shares(check_html *page);    /* check_html_shares.c */
bool check_html_has_missing(const check_html *page);
void check_html_missing(check_html *page);   /* check_html_columns.c, as all below */
void check_html_links(check_html *page);
void check_html_crossings(check_html *page);
bool check_html_has_twice(const check_html *page);
void check_html_twice(check_html *page);
void check_html_columns(check_html *page);
void check_html_method(check_html *page);

#endif
