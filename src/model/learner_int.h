/**
 * Private to src/model: the learner. Eight bags are fitted at once, one per lane of a vector: a row's bin is read once and serves all
 * eight, the histogram of a bin is one cache line, and no bag sees another.
 */
#ifndef EH_MODEL_LEARNER_INT_H
#define EH_MODEL_LEARNER_INT_H

#include "model/model.h"

/* Terms that take a step from the same gradient: with a rate of 0.15, twelve converge even if all are copies of each other. */
enum { EH_BATCH_TERMS = 12 };
/* The held-out loss is looked at every so many rounds. */
enum { EH_ROUNDS_PER_LOOK = 4 };
enum { EH_LANES = 8, EH_BLOCK_ROWS = 256, EH_CELLS_PER_TERM = 256, EH_GROUPS_OF_LANES_MAX = 8 };

typedef float eh_lanes __attribute__((vector_size(32)));
typedef int32_t eh_lane_ints __attribute__((vector_size(32)));
/** Gradients in the first eight places, curvatures in the last: one cache line. */
typedef float eh_cell_lanes __attribute__((vector_size(64)));

/** A column of bytes as the learner walks it: whole, or, when one bin is common, only the rows that are in another. */
typedef struct {
    const uint8_t *bins;
    uint32_t cells_count;
    int monotone;
    float shrink;                /* of a category with many levels: curvature that stands against a level; 0: trees */
    bool category;               /* the order of its bins means nothing */
    bool pair;                   /* a table of EH_PAIR_BINS by EH_PAIR_BINS */
    bool has_missing;            /* bin 0 stands aside (not in a pair) */
    bool sparse;
    uint8_t common;
    uint32_t *block_start;       /* blocks_count + 1 */
    uint8_t *place, *other;      /* row within its block, its bin */
} eh_learner_term;

/** What all bags share. */
typedef struct {
    size_t rows, terms_count;
    eh_learner_term *terms;
    const float *outcome, *weight;
    const float *pull;           /* per row: the constraints' coefficient times weight, or NULL */
    float pull_exp;              /* exp(threshold logit) */
    eh_loss loss;
    uint32_t leaves_max;
    float learning_rate, curvature_min;
    float ridge;                 /* curvature that is added to every leaf: draws leaves of few rows to the mean */
} eh_learner_data;

/** Eight bags. */
typedef struct {
    const eh_learner_data *data;
    uint8_t *train, *held;       /* per row: bit l: row is trained on, or held out, in lane l */
    eh_lanes *scores;            /* per row */
    eh_lanes *updates;           /* terms_count * EH_CELLS_PER_TERM: not yet in the scores */
    eh_lanes *shapes, *best;     /* the same: the shape functions now, and at the lowest held-out loss */
    eh_cell_lanes *sums;         /* the same: histograms */
    double *totals;              /* the same * 16: histograms beyond 65,536 rows */
    double loss[EH_LANES], loss_best[EH_LANES], held_weight[EH_LANES], loss_sum[EH_LANES];
    float base[EH_LANES];
    eh_lanes shift;              /* the intercept's own update */
    size_t update_from, update_to, gather_from, gather_to; /* terms: whose updates are due, whose histograms are wanted */
    uint32_t since[EH_LANES], rounds, rounds_best[EH_LANES];
    bool done[EH_LANES];
    bool measured;               /* the pass measures the held-out loss */
} eh_learner;

/** Prepares a column (sparse form). The arrays are malloc'd; eh_learner_term_close frees them. */
EH_MUST_USE eh_code eh_learner_term_open(eh_learner_term *term, const uint8_t *bins, size_t rows, eh_error *error);
void eh_learner_term_close(eh_learner_term *term);

/** Memory for eight bags over data->terms_count terms; train and held are given, scores begin at base. */
EH_MUST_USE eh_code eh_learner_open(eh_learner *learner, const eh_learner_data *data, const uint8_t *train, const uint8_t *held, eh_error *error);
/** A fresh set of terms over the same rows and scores (mains are done, pairs begin): shapes are zero, best losses stay. */
EH_MUST_USE eh_code eh_learner_restart(eh_learner *learner, const eh_learner_data *data, eh_error *error);
void eh_learner_close(eh_learner *learner);

/** One pass over the rows: applies the updates, measures the held-out loss, gathers the histograms. (lanes.c) */
void eh_lanes_pass(eh_learner *learner);
/** From the histograms to the next updates, one small tree per term and lane. (splits.c) */
void eh_lanes_split(eh_learner *learner);
/** A pass, the book-keeping of the best, and the next updates. */
void eh_learner_round(eh_learner *learner);
/** Rounds until every bag has stopped improving. `tick` may be NULL; false stops. */
typedef struct {
    uint32_t rounds_max, patience;
    double tolerance;
    bool (*tick)(void *context, double share);
    void *tick_context;
} eh_learner_stop;
void eh_learner_run(eh_learner *learner, const eh_learner_stop *stop);
/** Puts the scores back to what the best shapes say. */
void eh_learner_settle(eh_learner *learner);

/* ---- pairs (pairs.c) ------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t a, b;
    double gain;
} eh_pair_candidate;

/** How the bins of each feature fall into at most EH_PAIR_BINS rows or columns. map: features_count * EH_BINS. */
void eh_pair_maps(const eh_matrix *matrix, const double *shapes, uint8_t *map_out);

typedef struct {
    const eh_matrix *matrix;
    const uint8_t *maps;
    const float *gradient, *curvature; /* per row */
    const bool *allowed;               /* per feature */
    uint32_t threads;
} eh_pair_search;
/** All pairs of allowed features, the most useful first (FAST). list_out: features * (features - 1) / 2 places. */
EH_MUST_USE eh_code eh_pairs_rank(const eh_pair_search *search, eh_pair_candidate *list_out, size_t *count_out, eh_error *error);

/* ---- work on several threads (threads.c) -------------------------------------------------------------------------------------- */

/** Calls work(context, i) for i below count on up to `threads` threads; work must not depend on the order. */
void eh_work_parallel(uint32_t threads, size_t count, void (*work)(void *context, size_t index), void *context);
uint32_t eh_threads_of(uint32_t wanted);

#endif
