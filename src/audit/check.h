/**
 * The check of data: does it stand for the people it is used on, is it sound, what does it give away? From the profile of columns and rows,
 * the cube of groups, a reference population and an earlier check to findings, each with how bad, how sure, and what to do.
 *
 * A pure function of its input; the moment ("as of") is passed in. Rules, thresholds and sources: src/audit/README.md and docs/measures.md.
 */
#ifndef EH_AUDIT_CHECK_H
#define EH_AUDIT_CHECK_H

#include "audit/audit.h"
#include "base/time.h"
#include "data/duplicates.h"
#include "data/profile.h"
#include "stats/weights.h"

/* ---- findings ------------------------------------------------------------------------------------------------------------ */

/** How bad. */
typedef enum { EH_SEVERITY_NOTE, EH_SEVERITY_LOW, EH_SEVERITY_MEDIUM, EH_SEVERITY_HIGH, EH_SEVERITIES_COUNT } eh_severity;
/** "note", "low", "medium", "high". */
const char *eh_severity_name(eh_severity severity);

/** How sure: counted; a test says so after adjustment (p below 1 - confidence); the estimate says so and the test does not. */
typedef enum { EH_CERTAINTY_UNSURE, EH_CERTAINTY_SURE, EH_CERTAINTY_COUNTED } eh_certainty;
/** "not enough evidence", "sure", "counted". */
const char *eh_certainty_name(eh_certainty certainty);

typedef enum {
    EH_FINDING_ABSENT,           /* a group of the population that nobody in the data belongs to */
    EH_FINDING_TOO_FEW,          /* a group has a smaller share than in the population */
    EH_FINDING_TOO_MANY,
    EH_FINDING_WEIGHTS_COST,     /* weights that would mend the shares cost much of the sample */
    EH_FINDING_UNCOVERED,        /* crossings of groups with nobody, or too few to look at */
    EH_FINDING_NEVER_TRIED,      /* people who have no outcome because nobody tried */
    EH_FINDING_BASE_RATE,        /* the outcome differs between groups */
    EH_FINDING_RECOVERABLE,      /* all features together tell the group */
    EH_FINDING_PROXY,            /* one column tells the group */
    EH_FINDING_LEAK,             /* a column that nearly determines the outcome */
    EH_FINDING_KEY_REPEATED,
    EH_FINDING_KEY_MISSING,
    EH_FINDING_TWICE,            /* people who look like one: the same e-mail address or telephone number, or names and addresses alike */
    EH_FINDING_DUPLICATES,       /* rows that are the same */
    EH_FINDING_DUPLICATES_BUT_KEY,
    EH_FINDING_EMPTY,            /* a column without any value */
    EH_FINDING_MISSING,
    EH_FINDING_MISSING_BY_GROUP, /* values are missing more often for one group */
    EH_FINDING_IMPOSSIBLE,       /* negative ages, ages beyond 120, NaN */
    EH_FINDING_FUTURE,           /* dates after the moment of the check */
    EH_FINDING_PLACEHOLDER,      /* 999, -1, 1900-01-01: a number that means "not known" */
    EH_FINDING_UNITS,            /* two units in one column */
    EH_FINDING_STALE,
    EH_FINDING_CONSTANT,
    EH_FINDING_DRIFT,
    EH_FINDINGS_COUNT
} eh_finding_kind;

typedef struct {
    const char *id;      /* "too_few" */
    const char *title;   /* "Too few of a group" */
    const char *todo;    /* what to do, one sentence */
    const char *command; /* which command does it; "%s" of it, if any, is the column or attribute */
} eh_finding_info;
const eh_finding_info *eh_finding_get(eh_finding_kind kind);

typedef struct {
    eh_finding_kind kind;
    eh_severity severity;
    eh_certainty certainty;
    const char *column;          /* NULL where it does not apply, as the next three */
    const char *attribute, *group;
    const char *detail;          /* a name or value that the sentence needs, such as the value of a placeholder */
    eh_estimate estimate;        /* share, AUC, V, index: what it is about; value NaN when there is none */
    double expected;             /* what it is compared with; NaN */
    double p, p_adjusted;        /* NaN where nothing was tested */
    uint64_t rows;               /* how many it is about; 0 when it is not about rows */
    double factor;               /* ratio to what is expected, or between units; NaN */
    bool is_new;                 /* with an earlier check: that one had it not */
} eh_finding;

/** What an earlier check had found and this one has not. Borrowed from its report. */
typedef struct {
    const char *id, *severity, *says;
} eh_finding_gone;

/** What this much data cannot tell; neither found nor ruled out. */
typedef enum {
    EH_UNTOLD_FAULTS,            /* faults of columns: the rows are so few that common ones may be in none of them */
    EH_UNTOLD_SHARES,            /* whether every group of an attribute is there as it should be */
    EH_UNTOLD_RECOVERY,          /* whether the features tell the group */
    EH_UNTOLD_OUTCOME,           /* whether a column tells the outcome, and whether groups differ in it */
    EH_UNTOLD_DRIFT,             /* whether the data has changed */
    EH_UNTOLD_COUNT
} eh_untold_kind;
/** "faults", "shares", ... */
const char *eh_untold_id(eh_untold_kind kind);

typedef struct {
    eh_untold_kind kind;
    eh_severity severity_most;   /* of what may have been missed */
    const char *attribute;       /* NULL where it does not apply */
    uint64_t rows;               /* how many there are to tell it from; of an outcome, how many are true or false, whichever is rarer */
    uint64_t needed;             /* 0: not one number */
    double share;                /* faults: those that a smaller share of rows have may be missed; NaN */
    double low, high;            /* recovery: interval of the AUC; NaN */
} eh_untold;

/* ---- options -------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double ratio_min;            /* a share of at least this part of the population's (and at most its inverse) is tolerated; 0.8 */
    double confidence;           /* 0.95 */
    uint64_t cell_rows_min;      /* crossings with fewer rows cannot be audited; 30 */
    eh_instant now;
    uint32_t stale_days;         /* 365 */
    const char *const *ignored;  /* columns that are no features */
    size_t ignored_count;
    const char *chosen;          /* an attribute that people chose themselves, such as the AI switch: that columns tell it is no finding; NULL: none */
    bool skip_unmatched;         /* groups that the population does not know are left out of the comparison instead of refused */
    eh_severity fail_at;         /* findings of this severity make the check fail; EH_SEVERITY_HIGH */
} eh_check_options;

/* ---- result ----------------------------------------------------------------------------------------------------------------- */

/** One group of an attribute, or of a crossing that the population knows. */
typedef struct {
    const char *name;
    bool missing;                /* the attribute is NULL; in no share */
    bool unmatched;              /* the population does not know it; in no share */
    uint64_t rows;
    double weight;
    eh_estimate share;           /* of the rows whose group is known and matched; NaN for missing and unmatched */
    double population_share;     /* NaN without a population */
    double difference, ratio, ratio_low, ratio_high;
    double standardised;         /* (share - population) / sqrt(q (1 - q)), with its sign */
    double standardised_after;   /* the same after raking; NaN when there was none */
    double p, p_adjusted, p_violates;
    eh_verdict verdict;
    eh_estimate base_rate;       /* with a label; NaN without */
    double base_rate_p;          /* against everybody else, adjusted */
    eh_estimate never_tried;     /* share of the group that was never tried; NaN when it is not known */
    double never_tried_p;
} eh_check_group;

typedef struct {
    const char *name;            /* "age", or "age & sex" for a joint population */
    uint32_t attributes;         /* bit i: attribute i of the cube */
    const eh_check_group *groups;
    size_t groups_count;
    bool ordered;                /* bands or numbers */
    const char *population;      /* path; NULL: none knows this attribute */
    uint64_t rows_known;
    double effective;            /* Kish's, of the rows that are compared */
    double total_variation, jensen_shannon, stability_index, kolmogorov, kolmogorov_p, standardised_mean;
    eh_chi_square chi_square;
    eh_verdict verdict;
    /* The following are filled for single attributes only. */
    eh_estimate recovery;        /* AUC of the group that is told best; NaN when nothing was tried */
    const char *recovery_group;
    const char *recovery_columns[3]; /* the features that told most; NULL */
    double recovery_gains[3];
    size_t recovery_features;
} eh_check_section;

/** What raking the data to all that the population tells would do. */
typedef struct {
    bool done, converged;
    uint32_t rounds;
    double largest_gap;
    eh_weights_cost cost;
    size_t unreachable;          /* groups of the population that nobody is in */
} eh_check_weights;

typedef struct {
    const eh_profile_column *column;
    bool as_of;                  /* made as of a moment from dated rows */
    bool feature;                /* not an attribute, label, decision, weight, key; not ignored */
    eh_estimate missing;         /* share of rows */
    eh_estimate *missing_by;     /* per group of all single attributes, in their order; NULL when nothing is missing */
    double *missing_p;           /* per attribute: of "missing does not depend on it", adjusted; NULL likewise */
    double *cramers_v, *mutual_information; /* per attribute; NaN when not looked at */
    eh_estimate leak;            /* cross-fitted AUC for the label; NaN without label */
    double stability_index, kolmogorov, kolmogorov_p; /* since the earlier check; NaN without */
} eh_check_column;

typedef struct {
    const char *name;            /* "Female & 65 and over" */
    const char *attributes;      /* "sex & age" */
    uint64_t rows;
    double expected_share;       /* of the population when it is known, else the product of the shares in the data */
    bool from_population;
} eh_check_crossing;

/** Pairs of people who look like one. */
typedef struct {
    bool looked;                 /* there are columns to tell it by */
    eh_duplicates found;
    size_t exact, near;          /* open pairs: by the same e-mail address, telephone number or key; by names and addresses alike */
    size_t unmerged;             /* decided to be one person and not merged yet */
} eh_check_twice;

typedef struct {
    eh_check_options options;
    const eh_check_twice *twice;
    const eh_profile *profile;
    const eh_cube *cube;         /* NULL without attributes */
    bool labelled, decided, weighted;
    const eh_check_column *columns;
    size_t columns_count;
    const eh_check_section *sections; /* single attributes in their order, then the joint tables of the population */
    size_t sections_count, attributes_count;
    eh_check_weights weights;
    const eh_check_crossing *crossings; /* those below cell_rows_min, the most expected first */
    size_t crossings_count, crossings_possible, crossings_empty, crossings_few;
    eh_estimate base_rate, never_tried; /* of everybody */
    const char *before;          /* path of the earlier check, or NULL */
    const eh_finding_gone *gone;
    size_t gone_count, new_count;
    uint64_t counts_before[EH_SEVERITIES_COUNT]; /* of the earlier check */
    double effective_before;     /* what the earlier check's rows were worth; NaN when it does not tell */
    double effective;            /* what the rows are worth with their weights (Kish) */
    const eh_finding *findings;  /* the gravest first */
    size_t findings_count;
    size_t counts[EH_SEVERITIES_COUNT];
    const eh_untold *untold;
    size_t untold_count;
    uint64_t before_rows;        /* of the earlier check; 0: none */
    int exit_status;             /* 0 nothing at fail_at or above, 1 something, 3 nothing, but the data is too little to tell (untold) */
} eh_check;

typedef struct {
    const eh_profile *profile;
    const eh_cube_spec *spec;
    const eh_cube *cube;                 /* NULL without attributes */
    const eh_population_table *populations;
    size_t populations_count;
    const void *before;                  /* root of an earlier check's JSON report, or NULL; open as long as the result */
    const char *before_path;
    const char *key;                     /* column that names a person, or NULL */
    const eh_check_twice *twice;         /* NULL: not looked for */
    const char *repairs_sha256;          /* of the plan of repairs through which the rows are seen; NULL: none */
    const char *const *repaired;         /* columns that it repairs: with another plan than before they are not asked for drift */
    size_t repaired_count;
    const char *const *as_of;            /* columns that were made as of a moment from dated rows: they cannot know what came after it */
    size_t as_of_count;
} eh_check_input;

/**
 * Runs the check. errors: groups of the data that the population does not know, or that it gives a share of 0 (both sides are listed beside
 * each other), memory. cost: binned rows x columns x attributes, and the fits of the recovery on about 10,000 rows.
 */
EH_MUST_USE eh_code eh_check_run(const eh_check_input *input, const eh_check_options *options, eh_arena *arena, const eh_check **check_out,
                                 eh_error *error);

/** The references of an earlier check's JSON report (its bins), for eh_profile_spec. errors: not a check's report. */
EH_MUST_USE eh_code eh_check_references(const void *report_root, const char *path, eh_arena *arena, const eh_profile_reference **references_out,
                                        size_t *count_out, eh_error *error);

#endif
