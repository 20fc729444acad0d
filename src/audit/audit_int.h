/** Private to audit/: the tally of a group, and the steps that eh_audit_run puts together. */
#ifndef EH_AUDIT_AUDIT_INT_H
#define EH_AUDIT_AUDIT_INT_H

#include "audit/audit.h"

/* ---- tallies --------------------------------------------------------------------------------------------------------- */

enum { LABELS_COUNT = 3, DECISIONS_COUNT = 3, TALLY_CELLS = LABELS_COUNT * DECISIONS_COUNT };
/** Position of (label, decision) in a tally; both may be EH_UNKNOWN. */
#define TALLY_AT(label, decision) ((unsigned)(label) * DECISIONS_COUNT + (unsigned)(decision))
#define TALLY_BIT(label, decision) (1U << TALLY_AT(label, decision))
/** Any label, decision known: the rows that every rate starts from. */
#define TALLY_DECIDED                                                                                               \
    (TALLY_BIT(EH_FALSE, EH_FALSE) | TALLY_BIT(EH_FALSE, EH_TRUE) | TALLY_BIT(EH_TRUE, EH_FALSE) |                  \
     TALLY_BIT(EH_TRUE, EH_TRUE) | TALLY_BIT(EH_UNKNOWN, EH_FALSE) | TALLY_BIT(EH_UNKNOWN, EH_TRUE))
#define TALLY_PICKED (TALLY_BIT(EH_FALSE, EH_TRUE) | TALLY_BIT(EH_TRUE, EH_TRUE) | TALLY_BIT(EH_UNKNOWN, EH_TRUE))
#define TALLY_LABELLED                                                                                              \
    (TALLY_BIT(EH_FALSE, EH_FALSE) | TALLY_BIT(EH_FALSE, EH_TRUE) | TALLY_BIT(EH_TRUE, EH_FALSE) |                  \
     TALLY_BIT(EH_TRUE, EH_TRUE))

typedef struct {
    double count[TALLY_CELLS]; /* rows; expected rows when membership is probable */
    double weight[TALLY_CELLS];
    double weight_squares[TALLY_CELLS];
    double value_weight, value_weight_squares, value, value_squares; /* of the decided rows */
    double rows;                                                     /* all rows, decided or not */
} tally;

typedef struct {
    double count, weight, weight_squares;
} tally_sum;

tally_sum tally_over(const tally *counts, unsigned cells_mask);
void tally_cell(tally *into, const eh_cell *cell);
void tally_add(tally *into, const tally *more);
/** The proportion a measure is of this tally, with effective counts when weighted; measure->proportion must hold. */
eh_proportion measure_proportion(eh_measure measure, const tally *counts);
/** The weight of the people that the proportion is of. */
double measure_weight(eh_measure measure, const tally *counts);

/* ---- a section while it is being built -------------------------------------------------------------------------------- */

typedef struct {
    const eh_cube *cube;         /* NULL-free; of the whole audit */
    const eh_audit_options *options;
    unsigned has;                /* EH_NEEDS_* */
    const eh_audit_group *everybody;
    const tally *everybody_tally;
    eh_arena *arena;             /* the result's */
    eh_arena *scratch;           /* gone when the section is done */
    eh_random random;
} audit_run;

typedef struct {
    eh_audit_section *section;
    eh_audit_group *groups;      /* section->groups, still writable */
    tally *tallies;              /* one per group */
    uint32_t *group_of_code;     /* mixed radix code of the attributes' groups -> group index, UINT32_MAX when empty */
    size_t codes_count;
    size_t score_set;            /* index of this set in the cube's score cells; SIZE_MAX for none */
    eh_comparison *comparisons;  /* section->comparisons, still writable */
    eh_comparison *overall;
    eh_comparison *pairs;
} section_build;

/** All sections of an audit: declared attributes (soft ones last), then intersections. */
typedef struct {
    section_build *attributes, *intersections;
    size_t attributes_count, intersections_count;
} section_builds;

/** Names, folds, measures and compares every section, on several threads; the result does not depend on how many. */
EH_MUST_USE eh_code sections_run(audit_run *run, const eh_audit_soft *soft, size_t soft_count, eh_audit *audit, section_builds *all,
                                 eh_error *error);

/** The measures that `has` allows, as a mask. */
uint32_t measures_available(unsigned has);

/** Folds the cube over the section's attributes: tallies, names, sizes. */
EH_MUST_USE eh_code section_fold(audit_run *run, section_build *build, eh_error *error);
/** Position of a cell's groups in group_of_code. */
uint32_t section_code(const audit_run *run, const eh_audit_section *section, const uint16_t *groups);
/** Rates, effective sizes and value means from a tally; score measures are filled by section_scores. */
void group_measure(const audit_run *run, const tally *counts, eh_audit_group *group);
/** Shares of people and picked, shrunken rates, withheld groups. */
EH_MUST_USE eh_code section_finish_groups(audit_run *run, section_build *build, eh_error *error);
EH_MUST_USE eh_code section_reference(audit_run *run, section_build *build, eh_error *error);
EH_MUST_USE eh_code section_scores(audit_run *run, section_build *build, eh_error *error);
/** The score measures of everybody, from the first score set. */
EH_MUST_USE eh_code everybody_scores(audit_run *run, eh_audit_group *everybody, eh_error *error);
EH_MUST_USE eh_code section_compare(audit_run *run, section_build *build, eh_error *error);
EH_MUST_USE eh_code section_summarise(audit_run *run, section_build *build, eh_error *error);
EH_MUST_USE eh_code section_within(audit_run *run, section_build *build, eh_error *error);
EH_MUST_USE eh_code section_soft(audit_run *run, section_build *build, const eh_audit_soft *soft, eh_error *error);

/** Multiplicity over all sections of one kind (Holm for attributes, else Benjamini-Hochberg), then every verdict of theirs. */
EH_MUST_USE eh_code sections_adjust(audit_run *run, section_build *builds, size_t builds_count, bool discovered, eh_error *error);
/** The verdict of one comparison from its adjusted p-value and its interval. */
eh_verdict comparison_verdict(const eh_audit_options *options, const eh_comparison *comparison, double reference_value);

#endif
