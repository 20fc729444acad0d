/**
 * Uplift: what an offer changes, person by person, as an additive model that can be read like any other.
 *
 * T-, X- and DR-learner on the same base: outcomes with and without the offer are predicted by models that have not seen the person
 * (cross-fitting); what is left of the effect is fitted by one additive model per offer, on the scale of the outcome. Theory and
 * sources: src/model/README.md.
 */
#ifndef EH_MODEL_UPLIFT_H
#define EH_MODEL_UPLIFT_H

#include "model/model.h"
#include "stats/stats.h"

typedef enum { EH_LEARNER_DR, EH_LEARNER_T, EH_LEARNER_X, EH_LEARNERS_COUNT } eh_uplift_learner;
extern const char *const eh_uplift_learner_names[EH_LEARNERS_COUNT]; /* "dr", "t", "x" */

/** Who got what. Borrowed. */
typedef struct {
    const eh_matrix *matrix;
    const uint16_t *arm;             /* per row: index into names; EH_GROUP_NONE: not known, left out */
    const char *const *names;
    size_t arms_count;               /* 2 to EH_MODEL_OFFERS_MAX + 1 */
    size_t control;                  /* the arm without an offer */
    const double *const *propensities; /* known chances: one array per arm but the control, in their order; NULL: from the data */
} eh_uplift_data;

typedef struct {
    eh_uplift_learner learner;
    eh_loss loss;                    /* of the outcome; effects are on its scale */
    uint32_t folds;                  /* of cross-fitting; 0: 3 */
    uint32_t outer_folds;            /* of the measures; 0: none */
    double budget;                   /* share of people who may get an offer; NaN: 0.3 */
    uint64_t seed;
    uint32_t threads;
    eh_fit_progress progress;
    void *progress_context;
} eh_uplift_options;

typedef struct {
    const char *name;
    eh_model *model;                 /* the effect; loss is squared; micro-units of the outcome */
    double share;                    /* of the people who got it */
    eh_estimate effect;              /* mean effect, doubly robust */
    /* By effects that were predicted without the person; NaN without outer folds. */
    eh_estimate uplift_at_30, autoc, qini; /* autoc: RATE with the logarithmic weight; qini: RATE with the linear weight */
    double auuc;
} eh_offer;

/** Does the data let effects be told at all? */
typedef struct {
    bool known, randomised;          /* chances were given; chances do not depend on the features */
    double auc, auc_low, auc_high;   /* of who got an offer at all, by the features */
    double lowest, highest;          /* chance of any arm for anybody */
    double outside_share;            /* of people with a chance below .02 for some arm */
} eh_overlap;

/** A rule: the best offer to those with the largest predicted effect, within the budget. */
typedef struct {
    double budget, offered_share;
    eh_estimate gain;                /* outcome per person above no offer to anybody, doubly robust */
    eh_estimate gain_of_all;         /* the best single offer to everybody */
    eh_estimate gain_of_chance;      /* offers by lot, within the same budget */
} eh_policy_value;

/** One group under the policy. */
typedef struct {
    const char *attribute, *group;
    double people, offered_share;
    eh_estimate effect[EH_MODEL_OFFERS_MAX]; /* mean effect of each offer in the group */
    eh_estimate gain;                /* of the policy, per person of the group */
} eh_uplift_group;

typedef struct {
    eh_uplift_learner learner;
    const char *control;
    eh_offer *offers;
    size_t offers_count;
    eh_overlap overlap;
    eh_policy_value policy;
    /* Per row of the data; not in the file. */
    double **effects;                /* per offer: predicted without the person; NULL without outer folds */
    double **scores;                 /* per offer: doubly robust scores, whose mean is the effect */
} eh_uplift;

/** Errors: an arm with fewer than EH_FIT_ROWS_MIN people or with one class only; chances outside (0, 1); as eh_model_fit. */
EH_MUST_USE eh_code eh_uplift_fit(const eh_uplift_data *data, const eh_uplift_options *options, eh_arena *arena, eh_uplift **uplift_out,
                                  eh_error *error);
/** Effects and gain in each group of an attribute. groups_out: attribute->groups_count. */
void eh_uplift_by_group(const eh_uplift *uplift, const eh_uplift_data *data, const eh_fair_attribute *attribute, eh_uplift_group *groups_out);

/** One JSON document, kind "uplift". */
EH_MUST_USE eh_code eh_uplift_write(const eh_uplift *uplift, eh_buffer *out, eh_error *error);
EH_MUST_USE eh_code eh_uplift_read(eh_view text, const char *name, eh_arena *arena, eh_uplift **uplift_out, eh_error *error);
EH_MUST_USE eh_code eh_uplift_load(const char *path, eh_arena *arena, eh_uplift **uplift_out, eh_error *error);

/** A file with a model of either kind: of an outcome, or of what offers change. */
typedef struct {
    eh_uplift *uplift;               /* NULL: a model of one outcome */
    size_t offer;                    /* of the uplift model: the one that was asked for */
    eh_model *model;                 /* of the outcome, or of that offer's effect */
} eh_model_file;

/**
 * Reads a model of either kind. offer: of an uplift model, whose effect; NULL: the only one. Errors also: `offer` given for a model of an
 * outcome, no such offer, several and none named (lists them).
 */
EH_MUST_USE eh_code eh_model_file_load(const char *path, const char *offer, eh_arena *arena, eh_model_file *file_out, eh_error *error);
/** The whole document again, with what was changed in `model`. */
EH_MUST_USE eh_code eh_model_file_write(const eh_model_file *file, eh_buffer *out, eh_error *error);

/* ---- measures of any ranking by effect (uplift_measures.c) ------------------------------------------------------------------------ */

/** Outcomes of two arms and a predicted effect. */
typedef struct {
    const double *effect, *outcome;
    const bool *treated;
    const double *weight;            /* NULL: 1 */
    size_t count;
} eh_uplift_ranking;

/** Mean outcome of the treated less that of the others among the `share` of people with the largest predicted effect. */
eh_estimate eh_uplift_at(const eh_uplift_ranking *ranking, double share);
/** Area under the curve of gain per person; the curve runs from 0 to the mean effect. */
double eh_uplift_auuc(const eh_uplift_ranking *ranking);
/**
 * Rank-weighted average treatment effect (Yadlowsky, Fleming, Shah, Brunskill, Wager 2021) from doubly robust scores, with a bootstrap
 * interval. `logarithmic`: AUTOC, else QINI.
 */
eh_estimate eh_uplift_rate(const double *effect, const double *score, size_t count, bool logarithmic, uint64_t seed);

#endif
