/**
 * The audit of decisions: from the cube to rates, comparisons, intervals, multiplicity control and three-valued verdicts.
 *
 * Works on the small table that data/ read and on nothing else; a pure function of cube and options (chance comes from the seed).
 * Formulas and sources of every measure: src/audit/README.md and docs/measures.md.
 */
#ifndef EH_AUDIT_AUDIT_H
#define EH_AUDIT_AUDIT_H

#include "base/base.h"
#include "data/data.h"
#include "stats/stats.h"

/* ---- measures ---------------------------------------------------------------------------------------------------------- */

typedef enum {
    EH_SELECTION_RATE,
    EH_BASE_RATE,
    EH_TPR,
    EH_FPR,
    EH_TNR,
    EH_FNR,
    EH_PPV,
    EH_NPV,
    EH_FDR,
    EH_FOR,
    EH_ACCURACY,
    EH_BALANCED_ACCURACY,
    EH_F1,
    EH_TREATMENT_EQUALITY, /* false negatives per false positive */
    EH_AUC,
    EH_BRIER,
    EH_LOG_LOSS,
    EH_CALIBRATION_ERROR,
    EH_VALUE_MEAN,
    EH_MEASURES_COUNT
} eh_measure;

/** What a measure needs of the cube. */
enum { EH_NEEDS_DECISION = 1, EH_NEEDS_LABEL = 2, EH_NEEDS_SCORE = 4, EH_NEEDS_VALUE = 8 };

typedef struct {
    const char *name;    /* in JSON and on the command line: "selection_rate" */
    const char *title;   /* for people: "selection rate" */
    const char *says;    /* one plain sentence: "of all people in the group, the share who were picked" */
    const char *formula; /* "(TP + FP) / n" */
    unsigned needs;
    bool proportion;     /* a count over a count, with Wilson, Newcombe and score methods; else its own interval and MOVER */
    bool unbounded;      /* not confined to [0, 1]: log loss, treatment equality, value */
} eh_measure_info;

const eh_measure_info *eh_measure_get(eh_measure measure);
/** EH_MEASURES_COUNT when there is none of that name. */
eh_measure eh_measure_find(eh_view name);

/* ---- verdicts ------------------------------------------------------------------------------------------------------------- */

/** The order is that of gravity for a table, not of the exit statuses. */
typedef enum { EH_WITHIN_TOLERANCE, EH_NOT_ENOUGH_EVIDENCE, EH_VIOLATES } eh_verdict;
/** "within tolerance", "violates", "not enough evidence". */
const char *eh_verdict_name(eh_verdict verdict);
/** 0, 1, 3. */
int eh_verdict_exit_status(eh_verdict verdict);

/* ---- options ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *attribute, *group;
} eh_reference;

typedef struct {
    double ratio_min;        /* tolerance: every ratio in [ratio_min, 1 / ratio_min], every difference in +-(1 - ratio_min); 0.8 */
    double confidence;       /* two-sided, 0.95 */
    uint64_t cell_rows_min;  /* groups with fewer rows are listed, their rates withheld; 0 shows all */
    uint32_t depth;          /* attributes that are crossed: 1 none, 2 pairs, 3 triples */
    uint32_t gate;           /* bit m: measure m decides the verdict; 0: selection rate, and TPR when there is a label */
    const eh_reference *references;
    size_t references_count;
    uint32_t replicates_count; /* of the bootstrap of composites; 0 for 1000 */
    uint64_t seed;
    uint32_t threads;          /* 0: as many as the machine has, at most 8; never changes the result */
} eh_audit_options;

/* ---- result -------------------------------------------------------------------------------------------------------------------- */

enum { EH_OVERALL = -1 };          /* reference of a comparison with everybody */
enum { EH_CALIBRATION_BINS = 10 }; /* equal bins of the score in [0, 1] */

typedef struct {
    double score_mean;      /* of the rows in the bin; NaN when empty */
    eh_estimate observed;   /* share with a positive label, Wilson */
} eh_calibration_point;

typedef struct {
    const char *name;                /* "Female", or "Female & 35 to 49" in an intersection */
    uint16_t values[EH_INTERSECTION_DEPTH_MAX]; /* group index in each attribute of the section */
    bool missing;                    /* the attribute is NULL (any of them, in an intersection) */
    bool withheld;                   /* fewer rows than cell_rows_min: rates are not shown */
    uint64_t rows;                   /* all rows, decision known or not */
    uint64_t decided;                /* rows with a known decision */
    double weight, effective;        /* of the decided rows; effective = Kish's sample size */
    double share_of_people;          /* of the decided weight */
    double share_of_picked;          /* of the picked weight; NaN when nobody was picked */
    double reweigh_picked, reweigh_passed;   /* weights that would make decision and group independent (Kamiran and Calders 2012) */
    double tp, fp, fn, tn;           /* weights; 0 without a label */
    double value_total;              /* weighted sum of --value; NaN without */
    eh_estimate measures[EH_MEASURES_COUNT]; /* value NaN when not defined or withheld; n: effective number of rows below the rate */
    eh_estimate selection_rate_shrunk;       /* empirical-Bayes (beta-binomial) estimate for small groups */
    const eh_calibration_point *calibration; /* EH_CALIBRATION_BINS of them, or NULL */
} eh_audit_group;

typedef struct {
    eh_measure measure;
    eh_scale scale;                  /* difference: group - reference; ratio: group / reference */
    int32_t group, reference;        /* indexes into the section's groups; EH_OVERALL */
    double value, low, high;         /* low/high at the confidence asked for; high may be infinite; NaN when not defined */
    double low_simultaneous, high_simultaneous; /* hold for all groups of the section at once (max-T) */
    double p, p_adjusted;            /* of equality, two-sided; adjusted by Holm (attributes) or Benjamini-Hochberg (intersections) */
    double p_violates;               /* that the tolerance is kept, two-sided, adjusted the same way; what the verdict rests on */
    eh_verdict verdict;
    double detectable;               /* nearest difference or ratio that this much data shows to violate with 80 % power; NaN: none could be shown */
    bool gate;                       /* counts for the verdict of the audit */
} eh_comparison;

/** A composite over all groups of a section, with its bootstrap interval (NaN when it has none). */
typedef struct {
    const char *name;  /* "demographic_parity_difference" */
    const char *says;
    double value, low, high;
} eh_summary;

typedef struct {
    int32_t group;                   /* against the section's reference */
    eh_mantel_haenszel table;
    double conditional_demographic_disparity; /* Wachter, Mittelstadt and Russell 2021 */
} eh_within_group;

typedef struct {
    double cmh_statistic, cmh_df, cmh_p; /* generalised, over all groups */
    double cmh_statistic_corrected;      /* two groups only, else NaN */
    int32_t group;                   /* the group whose odds are farthest from the reference's; the headline numbers are its */
    double mantel_haenszel_odds_ratio, conditional_demographic_disparity;
    const eh_within_group *groups;
    size_t groups_count;
} eh_within;

/** How the members of the groups are known. */
typedef enum { EH_MEMBERSHIP_KNOWN, EH_MEMBERSHIP_PROBABLE } eh_membership;

/** Bounds on a selection rate when membership is only known as probabilities (Frechet; Kallus, Mao and Zhou 2022). */
typedef struct {
    double low, high;
} eh_bounds;

/** One attribute or one intersection. */
typedef struct {
    const char *name;                /* "age", "age & marital" */
    uint32_t attributes;             /* bit i: attribute i of the cube; 0 for a soft attribute */
    uint8_t depth;                   /* how many */
    uint8_t attribute_index[EH_INTERSECTION_DEPTH_MAX];
    eh_membership membership;
    const eh_audit_group *groups;
    size_t groups_count;
    int32_t reference;
    const eh_comparison *comparisons; /* every other group with the reference, measure by measure: difference, ratio */
    size_t comparisons_count;
    const eh_comparison *overall;    /* every group with everybody */
    size_t overall_count;
    const eh_comparison *pairs;      /* worst pair of each measure and scale: the lowest group against the highest */
    size_t pairs_count;
    const eh_summary *summary;
    size_t summary_count;
    const eh_within *within;         /* NULL without --within */
    double association;              /* of an intersection of two: Cramer's V of the attributes; else NaN */
    const eh_bounds *bounds;         /* one per group for a soft attribute, else NULL */
    eh_verdict verdict;
} eh_audit_section;

typedef struct {
    const char *attribute, *group;   /* borrowed */
    eh_measure measure;
    double before, now;
    double difference, low, high, p; /* now - before; Newcombe for proportions */
    bool group_is_new, group_is_gone;
} eh_change;

/** What differs from an earlier report. */
typedef struct {
    eh_verdict verdict;              /* of the earlier report */
    double rows;                     /* of the earlier report */
    const eh_change *changes;        /* selection rate, and base rate and TPR with labels, of every group of every attribute in both */
    size_t changes_count;
} eh_before;

typedef struct {
    eh_audit_options options;        /* with the defaults filled in */
    unsigned has;                    /* EH_NEEDS_* that the cube satisfies */
    uint64_t rows, decision_missing, label_missing, score_missing, value_missing; /* label_missing: of the decided rows; 0 without label */
    bool weighted;
    eh_audit_group everybody;
    const eh_audit_section *attributes; /* in the order asked for, soft ones last */
    size_t attributes_count;
    const eh_audit_section *intersections;
    size_t intersections_count;
    const eh_before *before;         /* NULL without --before */
    eh_verdict verdict;
    /** The comparison that the first sentence is about: the gravest of the gate; NULL when there is none. */
    const eh_comparison *headline;
    const eh_audit_section *headline_section;
} eh_audit;

/** The sets of attributes that an audit of this depth looks at, for eh_cube_spec.score_sets: each alone, then the intersections. */
size_t eh_audit_sets(size_t attributes_count, uint32_t depth, uint32_t *sets_out, size_t sets_max);

typedef struct {
    const eh_soft_spec *spec;
    const eh_soft_table *table;
} eh_audit_soft;

/**
 * Runs the audit. Errors: an attribute with one group only, a --reference that names no attribute or group (nearest named), an
 * intersection with more than EH_INTERSECTION_GROUPS_MAX groups, no row with a known decision, memory.
 * The result borrows from the cube and lives in `arena`.
 * cost: cells x sections for the counts, groups x measures for the comparisons, replicates x cells for the composites.
 */
EH_MUST_USE eh_code eh_audit_run(const eh_cube *cube, const eh_audit_soft *soft, size_t soft_count, const eh_audit_options *options,
                                 eh_arena *arena, const eh_audit **audit_out, eh_error *error);

/** Reads an earlier JSON report and adds what differs. The document must stay open as long as the audit. `name` stands in errors. */
EH_MUST_USE eh_code eh_audit_compare(const eh_audit *audit, const void *report_root, const char *name, eh_arena *arena,
                                     const eh_audit **audit_out, eh_error *error);

#endif
