/**
 * Additive models that a person can read: propensity (logistic) and amounts or effects (squared).
 *
 * A model is an intercept and terms: one shape function per feature and a few tables for pairs of features. The logit of a person is
 * the intercept plus what each term says of them, to the last digit: all numbers are whole micro-logits (1e-6), so sums are exact.
 * Fitting touches only bytes: every column is cut into at most 256 bins first. A protected attribute comes in as group numbers, in
 * fitting only, and leaves no trace in the model. Same bytes in, same seed: same model, whatever the number of threads.
 *
 * Theory, formulas, sources: src/model/README.md. Uplift: model/uplift.h.
 */
#ifndef EH_MODEL_MODEL_H
#define EH_MODEL_MODEL_H

#include "base/base.h"

enum { EH_BINS = 256, EH_PAIR_BINS = 16, EH_MICRO = 1000000 };

/* ---- features and their bins (bins.c) ------------------------------------------------------------------------------------ */

typedef enum { EH_FEATURE_NUMBER, EH_FEATURE_CATEGORY } eh_feature_kind;

/**
 * One feature and how its values become a byte. Bin 0: missing. A number x is in bin 1 + (how many edges are <= x). A category is in
 * bin 1 + (its index among the levels), in bin 1 + levels_count when it is none of them.
 */
typedef struct {
    const char *name, *sql;
    const char *says, *from_whom;      /* in words for the person; NULL: none */
    eh_feature_kind kind;
    int monotone;                      /* +1: the score may only rise with it; -1: only fall; 0: free */
    bool changeable;                   /* the person can change it */
    const double *edges;               /* ascending */
    const char *const *levels;         /* sorted by bytes */
    size_t edges_count, levels_count;
    uint32_t bins_count;               /* in use: 2 + edges_count, or 2 + levels_count */
    const double *weights;             /* bins_count shares of the training weight */
} eh_feature;

/** The bin of a number; NaN is missing. cost: at most 8 comparisons. */
uint8_t eh_bin_of_number(const eh_feature *feature, double value);
/** The bin of a text; ptr NULL is missing. cost: at most 8 comparisons of texts. */
uint8_t eh_bin_of_text(const eh_feature *feature, eh_view text);
/** What people call a bin: "35.5 to under 38.5", "Private", "(missing)", "(all others)". */
void eh_bin_name(const eh_feature *feature, uint32_t bin, eh_buffer *out);

/** Edges for the values of a number (reordered): each value its own bin while there are few, else quantiles. In `arena`. */
EH_MUST_USE eh_code eh_edges_choose(double *values, size_t count, uint32_t bins_max, eh_arena *arena, eh_feature *feature_out, eh_error *error);
/** Levels to keep: the most frequent ones that at least `count_min` rows have. names[i] occurs counts[i] times. In `arena`. */
EH_MUST_USE eh_code eh_levels_choose(const char *const *names, const uint64_t *counts, size_t count, uint64_t count_min, eh_arena *arena,
                                     eh_feature *feature_out, eh_error *error);

/* ---- what is learned from ------------------------------------------------------------------------------------------------ */

/** Rows as bytes, one array per feature. All borrowed. */
typedef struct {
    const eh_feature *features;
    size_t features_count;
    const uint8_t *const *bins;  /* bins[f][row] */
    size_t rows;
    const float *outcome;        /* 0 or 1 (logistic), any number (squared) */
    const float *weight;         /* NULL: all 1; else finite, >= 0, not all 0 */
} eh_matrix;

/* ---- constraints ------------------------------------------------------------------------------------------------------------ */

typedef enum { EH_FAIR_SELECTION, EH_FAIR_TPR, EH_FAIR_FPR, EH_FAIR_MEASURES_COUNT } eh_fair_measure;
extern const char *const eh_fair_measure_names[EH_FAIR_MEASURES_COUNT]; /* "selection_rate", "tpr", "fpr" */

/** For any two groups of any attribute: the rates differ by at most `gap_max`, or the lower is at least `ratio_min` of the higher. */
typedef struct {
    eh_fair_measure measure;
    double gap_max;              /* NaN when ratio_min counts */
    double ratio_min;            /* NaN when gap_max counts */
} eh_fair_constraint;

/** Group numbers of one attribute or intersection. Names are for messages and never reach the model. */
typedef struct {
    const uint16_t *group;       /* per row; EH_GROUP_NONE: not known, or too few: not constrained */
    size_t groups_count;
    const char *name;
    const char *const *group_names;
} eh_fair_attribute;
enum { EH_GROUP_NONE = 65535 };

/* ---- the model ----------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_LOSS_LOGISTIC, EH_LOSS_SQUARED } eh_loss;

/** One term: a shape function (one feature) or a table (two). */
typedef struct {
    uint32_t features_count;               /* 1 or 2 */
    uint32_t feature[2];
    const uint8_t *map[2];                 /* of a pair: bin of the feature -> row or column of the table, below EH_PAIR_BINS */
    uint32_t cells_count;                  /* bins_count, or EH_PAIR_BINS * EH_PAIR_BINS (cell = row * EH_PAIR_BINS + column) */
    int32_t *scores;                       /* micro-logits */
    int32_t *errors;                       /* standard errors, micro-logits */
    double importance;                     /* mean |score| over the training rows, in logits */
} eh_term;

typedef struct {
    const char *who, *why, *what, *when;   /* "flattened age", ...; when: RFC 3339 */
    double auc_before, auc_after, change_mean; /* NaN: not measured */
} eh_edit;

typedef struct {
    const char *path;
    char sha256[65];
    uint64_t bytes;
} eh_model_input;

/** A measure with its interval; value NaN: not defined. */
typedef struct {
    const char *name;
    double value, low, high;
} eh_model_measure;

typedef struct {
    eh_fair_measure measure;
    double gap_max, ratio_min;             /* NaN: not asked */
    double reached, before;                /* widest gap, or lowest ratio: of the model, and of the one without constraints */
    uint32_t attributes;                   /* how many attributes and intersections it held for; no names */
} eh_model_constraint;

/** A model. Everything in it lives in the arena that it was read or made in; treat as read-only. */
typedef struct eh_model {
    const char *name, *purpose, *outcome, *offer; /* offer: of an uplift model's effect; else NULL */
    eh_loss loss;
    eh_feature *features;
    size_t features_count;
    eh_term *terms;
    size_t terms_count;
    int64_t intercept;                     /* micro-logits */
    double threshold;                      /* probability from which a person is picked */
    uint64_t rows;
    double weight_total, base_rate;        /* weighted mean of the outcome */
    char fingerprint[65];                  /* SHA-256 over the bytes that were learned from */
    eh_model_input *inputs;
    size_t inputs_count;
    eh_model_measure *measures;
    size_t measures_count;
    const char *measured;                  /* how: "5-fold cross-validation" */
    eh_model_constraint *constraints;
    size_t constraints_count;
    eh_edit *edits;
    size_t edits_count;
    uint64_t seed;
    uint32_t bags, rounds, pair_rounds;
    double learning_rate;
} eh_model;

/* ---- fitting (fit.c) --------------------------------------------------------------------------------------------------------- */

/** Called now and then from the calling thread; false stops the fit with EH_UNAVAILABLE. */
typedef bool (*eh_fit_progress)(void *context, const char *what, double share);

typedef struct {
    eh_loss loss;
    uint32_t bags;               /* 0: 16, or 8 above 200,000 rows; rounded up to a multiple of 8 */
    uint32_t rounds_max;         /* 0: 2,000 */
    uint32_t pairs_max;          /* UINT32_MAX: by the number of features */
    uint32_t leaves_max;         /* 0: 3 */
    uint32_t leaf_rows;          /* 0: 4; a leaf stands for at least about so many rows; for more where the outcome is rare */
    double learning_rate;        /* 0: 0.15; where fewer than a twentieth have the outcome, or have it not, 0.05 */
    uint64_t seed;
    uint32_t threads;            /* 0: as many as there are; the model is the same for any number */
    const eh_fair_constraint *constraints;
    size_t constraints_count;
    const eh_fair_attribute *attributes;
    size_t attributes_count;
    double threshold;            /* 0: 0.5; the probability at which rates of constraints are counted */
    bool frontier;
    eh_fit_progress progress;    /* NULL: none */
    void *progress_context;
} eh_fit_options;

/** A point of the frontier between accuracy and fairness. */
typedef struct {
    double gap[8];               /* of each constraint: the widest gap, or 1 - the lowest ratio */
    double accuracy, auc, log_loss;
} eh_frontier_point;

/** What a fit with constraints found. */
typedef struct {
    double *before, *after;      /* per constraint: widest gap or lowest ratio on the training rows */
    double accuracy_before, accuracy_after, auc_before, auc_after;
    eh_frontier_point *frontier; /* from no constraint to the tolerance; measured out of bag */
    size_t frontier_count;
    eh_model *unconstrained;     /* the model before, for what the constraint cost whom */
} eh_fair_outcome;

/**
 * Fits a model. Errors: no rows, fewer than EH_FIT_ROWS_MIN, one class only, no feature with two bins, a constraint that cannot be met
 * (says the nearest that can). fair_out may be NULL without constraints.
 */
EH_MUST_USE eh_code eh_model_fit(const eh_matrix *matrix, const eh_fit_options *options, eh_arena *arena, eh_model **model_out,
                                 eh_fair_outcome *fair_out, eh_error *error);

/* ---- validating (validate.c) --------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t folds;      /* 2 to 64 */
    bool first_only;     /* one fold is held out, the others are not fitted again: for many rows */
} eh_validation;

/**
 * Cross-validation of the whole procedure, constraints and all, with eight bags per fold. scores_out: rows logits of models that have
 * not seen the row; NaN where there is none (first_only).
 */
EH_MUST_USE eh_code eh_model_validate(const eh_matrix *matrix, const eh_fit_options *options, const eh_validation *validation, double *scores_out,
                                      eh_error *error);

/* ---- scoring (score.c) --------------------------------------------------------------------------------------------------------- */

/**
 * The score of one row in micro-logits (logistic) or micro-units (squared).
 *
 * bins               features_count bytes
 * contributions_out  NULL, or terms_count micro-logits; intercept + their sum is the score, exactly
 * cost               terms_count look-ups; no allocation; thread-safe
 */
int64_t eh_model_score(const eh_model *model, const uint8_t *bins, int32_t *contributions_out);
/** 1 / (1 + exp(-micro / 1e6)). */
double eh_probability_of(int64_t micro_logits);
/** Scores of all rows of a matrix; rows doubles in logits. */
void eh_model_score_matrix(const eh_model *model, const uint8_t *const *bins, size_t rows, double *logits_out);

/** What speaks for or against a person, in the terms that they understand: terms whose features say the same are one reason. */
typedef struct {
    uint32_t feature;            /* the first feature of the group, in the model's order */
    int32_t contribution;        /* micro-logits; of all terms of the group; half of a pair's goes to each of its features */
} eh_reason;

/** Which reason each feature belongs to: features with the same `says` share one. group_out: features_count; returns the number of groups. */
size_t eh_reason_groups(const eh_model *model, uint32_t *group_out);

/**
 * The `reasons_max` strongest reasons by |contribution|, strongest first. completeness_out: their share of the sum of |contribution|.
 * groups from eh_reason_groups; scratch: features_count int32. Returns how many there are.
 */
typedef struct {
    const eh_model *model;
    const uint32_t *groups;
    size_t groups_count;
    int32_t *scratch;
} eh_reasoner;
size_t eh_reasons(const eh_reasoner *reasoner, const uint8_t *bins, const int32_t *contributions, size_t reasons_max, eh_reason *reasons_out,
                  double *completeness_out);

/* ---- the smallest change (change.c) --------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t feature;
    uint8_t from, to;            /* bins */
} eh_change_step;

enum { EH_FLIP_STEPS_MAX = 3, EH_FLIP_FEATURES_MAX = 24 };

typedef struct {
    eh_change_step steps[EH_FLIP_STEPS_MAX];
    size_t steps_count;          /* 0: the decision cannot be flipped by what the person can change (in so many steps) */
    int64_t score;               /* after, by running the model again */
} eh_flip;

/**
 * The fewest changes of changeable features, then the nearest bins, that move the score across `threshold` (micro-logits): no smaller change does, of at
 * most EH_FLIP_STEPS_MAX features, among the EH_FLIP_FEATURES_MAX changeable ones that can move the score most. cost: a score for every bin of those
 * features, and what more than one step takes
 */
void eh_model_flip(const eh_model *model, const uint8_t *bins, int64_t threshold, eh_flip *flip_out);

/* ---- files (model_json.c, model_read.c) ------------------------------------------------------------------------------------------------ */

enum { EH_MODEL_SCHEMA = 1 };

/** One JSON document (docs/model.schema.json); its "hash" is the SHA-256 of the document with that hash empty. */
EH_MUST_USE eh_code eh_model_write(const eh_model *model, eh_buffer *out, eh_error *error);
/** Errors: cut, altered (hash), a newer schema version, anything that is not as the schema says. `name` stands in errors. */
EH_MUST_USE eh_code eh_model_read(eh_view text, const char *name, eh_arena *arena, eh_model **model_out, eh_error *error);
EH_MUST_USE eh_code eh_model_load(const char *path, eh_arena *arena, eh_model **model_out, eh_error *error);

/* ---- exports (export_c.c, export_sql.c, export_card.c) ------------------------------------------------------------------------------------ */

/** Standalone C: double NAME(const NAME_row *row), the logit; and NAME_probability. */
EH_MUST_USE eh_code eh_model_export_c(const eh_model *model, eh_buffer *out, eh_error *error);
/** One SQL expression over the columns: the logit. */
EH_MUST_USE eh_code eh_model_export_sql(const eh_model *model, eh_buffer *out, eh_error *error);
/** CycloneDX 1.6 with a modelCard. */
EH_MUST_USE eh_code eh_model_export_cyclonedx(const eh_model *model, eh_buffer *out, eh_error *error);

/* ---- edits (edit.c) ----------------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_EDIT_FLATTEN, EH_EDIT_SMOOTH } eh_edit_kind;

/** Flattens (all 0) or smooths (weighted moving average of neighbours) a term, in place; term "age" or "age x hours". */
EH_MUST_USE eh_code eh_model_edit(eh_model *model, eh_edit_kind kind, const char *term_name, eh_error *error);
/** The name of a term: "age", "age x hours". */
void eh_term_name(const eh_model *model, const eh_term *term, eh_buffer *out);

/* ---- measures (measures.c) -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double auc, auc_low, auc_high;
    double accuracy, log_loss, brier, calibration_error, mean_score, mean_outcome;
    double accuracy_low, accuracy_high, log_loss_low, log_loss_high, brier_low, brier_high;
    double r2, rmse;             /* squared loss */
} eh_fit_measures;

/** Measures of logits (or values) against outcomes; weight may be NULL. */
EH_MUST_USE eh_code eh_fit_measure(const double *scores, const eh_matrix *matrix, eh_loss loss, double threshold, eh_fit_measures *measures_out,
                                   eh_error *error);
/** The rate of `measure` per group: picked_out and total_out have groups_count places. */
void eh_group_rates(const double *logits, const eh_matrix *matrix, const eh_fair_attribute *attribute, eh_fair_measure measure, double threshold,
                    double *picked_out, double *total_out);

/** What a constraint did to a group: weight of all, of those who are picked no more, and of those who are picked now and were not. */
typedef struct {
    double total, lost, gained;
} eh_levelling;
/** Levelling down, group by group: decisions of `before` against those of `after`, at the threshold of `after`. levelling_out: groups_count. */
void eh_levelling_measure(const eh_model *before, const eh_model *after, const eh_matrix *matrix, const eh_fair_attribute *attribute,
                          eh_levelling *levelling_out);

/** Mean contribution of each term per group: out[term * groups + group]. Differences add up to the difference in mean logit, exactly. */
void eh_gap_attribution(const eh_model *model, const eh_matrix *matrix, const eh_fair_attribute *attribute, double *mean_out);

/* ---- the model that a campaign names for an offer (offer_model.c) -------------------------------------------------------------------- */

/** The name of the file in `model` of a campaign: "hillstrom" of "hillstrom:Mens E-Mail". Borrowed. */
eh_view eh_offer_model_file(const char *model);
/**
 * Reads it: a model of one outcome, or of an uplift model the effect of one offer: the one after the colon, else the only one, else the one that is
 * called as the campaign's offer. errors: EH_NOT_FOUND with the offers that it knows; as eh_model_read
 */
EH_MUST_USE eh_code eh_offer_model_read(eh_view text, const char *model, const char *offer, eh_arena *arena, eh_model **model_out, eh_error *error);

#endif
