/**
 * A hand-made audit for the tests of the reports: nothing is read from a file and no other room but base and audit's table of
 * measures is needed. The counts are those of the UCI bank marketing data (S. Moro, P. Cortez, P. Rita 2014, CC BY 4.0): 45,211
 * people, picked is pdays <> -1, label is y. Intervals, tests and composites are rough ones of its own: they give the writers
 * something of the right shape to write, and are no yardstick for the statistics.
 */
#ifndef SAMPLE_AUDIT_H
#define SAMPLE_AUDIT_H

#include "report/report.h"

typedef struct {
    const char *hostile;  /* when not NULL: stands in the names of a group of each attribute, an attribute, a stratum, a file, an expression */
    uint32_t groups_count; /* 0: the bank data (5, 3 and 4 groups); else so many made-up groups in each of three attributes */
    uint32_t depth;       /* of the intersections; 0 for 3 */
    unsigned without;     /* EH_NEEDS_* bits that are left out: EH_NEEDS_LABEL, EH_NEEDS_SCORE, EH_NEEDS_VALUE */
    double cell_rows_min; /* groups with fewer rows are withheld */
    bool plain;           /* no --within, no --before, no --soft */
} sample_options;

/** Fills `about_out` and returns the audit; both live in `arena`. NULL options give everything. Aborts without memory. */
const eh_audit *sample_audit(const sample_options *options, eh_arena *arena, eh_report_about *about_out);

#endif
