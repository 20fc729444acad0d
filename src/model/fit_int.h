/** Private to src/model: one fit, from the bytes to the model. */
#ifndef EH_MODEL_FIT_INT_H
#define EH_MODEL_FIT_INT_H

#include "model/learner_int.h"

enum { EH_CONSTRAINTS_IN_FIT_MAX = 8, EH_LANES_MAX = EH_LANES * EH_GROUPS_OF_LANES_MAX };

typedef struct {
    const eh_matrix *matrix;
    eh_fit_options options;       /* defaults filled in */
    eh_arena *arena;
    uint32_t groups_count;        /* of lanes */
    eh_learner learners[EH_GROUPS_OF_LANES_MAX];
    eh_learner_data mains, pairs, everything;
    uint32_t *main_features;      /* term -> feature */
    eh_pair_candidate *pair_list; /* chosen */
    uint8_t *maps;                /* features * EH_BINS */
    uint8_t **pair_bins;          /* malloc'd */
    eh_lanes *kept[EH_GROUPS_OF_LANES_MAX]; /* shapes of all terms */
    float *gradient, *curvature, *pull;
    eh_learner_stop stop;
    double intercept;             /* NaN: the one at which the mean prediction is the mean outcome */
    double loss_of_mean;          /* of a model that says the mean outcome of everybody */
    uint32_t main_rounds, pair_rounds;
    bool stopped;
    const char *doing;
    double done_share, doing_share;
} eh_fit;

/** Mean over the bags of one cell of term t. */
double eh_fit_mean(const eh_fit *fit, size_t t, uint32_t cell);
/** Logits of all rows by the mean of the bags, straight from the learners' scores. */
void eh_fit_logits(const eh_fit *fit, double *logits_out);
/** The same, each row only by the bags that held it out; NaN where none did. */
void eh_fit_logits_held(const eh_fit *fit, double *logits_out);
/** From the kept shapes to a model: means, errors, pure pairs, centred terms, calibrated intercept. (assemble.c) */
EH_MUST_USE eh_code eh_fit_assemble(eh_fit *fit, eh_model **model_out, eh_error *error);
/** Dual ascent on the constraints. (fair.c) */
EH_MUST_USE eh_code eh_fit_fair(eh_fit *fit, eh_fair_outcome *outcome, eh_error *error);

#endif
