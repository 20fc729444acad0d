/** Private to audit/: the check while it runs, and the steps that eh_check_run puts together. */
#ifndef EH_AUDIT_CHECK_INT_H
#define EH_AUDIT_CHECK_INT_H

#include "audit/check.h"

/** AUC, at its lower bound, from which a group can be told a little, well, nearly always. */
#define EH_RECOVERY_LIGHT 0.6
#define EH_RECOVERY_MEDIUM 0.7
#define EH_RECOVERY_GRAVE 0.85

enum { EH_CHECK_FINDINGS_MAX = 2000, EH_RECOVERY_ROWS_MAX = 10000 };

typedef struct {
    const eh_check_input *in;
    eh_arena *arena;
    eh_error *error;
    eh_check *check;             /* still writable */
    eh_check_options options;
    const eh_cube *cube;         /* NULL without attributes */
    eh_check_column *columns;
    eh_check_section *sections;  /* check->sections */
    eh_check_group **groups;     /* per section, still writable */
    eh_target targets[EH_POPULATIONS_MAX];
    size_t targets_count;
    eh_finding *findings;
    size_t findings_count;
} check_run;

/** Adds a finding with its numbers set to "none", and returns it to be filled; NULL when there are very many already. */
eh_finding *check_finding(check_run *run, eh_finding_kind kind, eh_severity severity, eh_certainty certainty);
/** 1 - confidence. */
double check_alpha(const check_run *run);
/** Wilson interval of a share; trials may be effective. NaN value without trials. */
eh_estimate check_share(double successes, double trials, double confidence);
/** Holm over `count` p-values in place (NaN ones stay). */
EH_MUST_USE eh_code check_holm(check_run *run, double *p, size_t count);
/** True when the column's name holds one of the words (ended by NULL), in any case, between letters of other kinds. */
bool check_name_says(const char *name, const char *const *words);

EH_MUST_USE eh_code check_shares(check_run *run);     /* check_shares.c: sections, population, raking */
EH_MUST_USE eh_code check_people(check_run *run);     /* check_people.c: base rates, never tried, crossings */
EH_MUST_USE eh_code check_columns(check_run *run);    /* check_columns.c: missing, impossible, stale, constant, duplicates */
EH_MUST_USE eh_code check_links(check_run *run);      /* check_links.c: proxies, recovery, leaks */
EH_MUST_USE eh_code check_drift(check_run *run);      /* check_drift.c */
EH_MUST_USE eh_code check_untold(check_run *run);     /* check_untold.c; after all findings */
EH_MUST_USE eh_code check_since(check_run *run);      /* check_drift.c: what is gone and what is new */
/** Two units in one column: their ratio, how many rows are in the larger unit, and where they part; false when there is one (check_units.c). */
bool check_units(const eh_profile_column *column, double *factor_out, uint64_t *rows_out, double *border_out);

#endif
