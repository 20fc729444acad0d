/* Eight bags from the first round to the last: memory, rounds, early stopping. */
#include <stdlib.h>
#include <string.h>

#include "model/learner_int.h"

static void *aligned_zeroed(size_t count, size_t size)
{
    if (count == 0)
        count = 1;
    if (size != 0 && count > (SIZE_MAX - 63) / size)
        return NULL;
    size_t bytes = (count * size + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, bytes);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

/* ---- columns ----------------------------------------------------------------------------------------------------------------- */

eh_code eh_learner_term_open(eh_learner_term *term, const uint8_t *bins, size_t rows, eh_error *error)
{
    uint64_t counts[EH_CELLS_PER_TERM] = {0};
    for (size_t i = 0; i < rows; i++)
        counts[bins[i]]++;
    uint32_t common = 0;
    for (uint32_t b = 1; b < EH_CELLS_PER_TERM; b++)
        if (counts[b] > counts[common])
            common = b;
    term->bins = bins;
    term->common = (uint8_t)common;
    size_t others = rows - counts[common];
    term->sparse = rows <= UINT32_MAX && others * 2 < rows;
    if (!term->sparse)
        return EH_OK;
    size_t blocks = (rows + EH_BLOCK_ROWS - 1) / EH_BLOCK_ROWS;
    term->block_start = malloc((blocks + 1) * sizeof *term->block_start);
    term->place = malloc(others + 1);
    term->other = malloc(others + 1);
    if (term->block_start == NULL || term->place == NULL || term->other == NULL)
        return eh_fail_memory(error);
    uint32_t at = 0;
    for (size_t i = 0; i < rows; i++) {
        if (i % EH_BLOCK_ROWS == 0)
            term->block_start[i / EH_BLOCK_ROWS] = at;
        if (bins[i] == common)
            continue;
        term->place[at] = (uint8_t)(i % EH_BLOCK_ROWS);
        term->other[at++] = bins[i];
    }
    term->block_start[blocks] = at;
    return EH_OK;
}

void eh_learner_term_close(eh_learner_term *term)
{
    free(term->block_start);
    free(term->place);
    free(term->other);
    term->block_start = NULL;
    term->place = term->other = NULL;
}

/* ---- memory -------------------------------------------------------------------------------------------------------------------- */

static void terms_free(eh_learner *learner)
{
    free(learner->updates);
    free(learner->shapes);
    free(learner->best);
    free(learner->sums);
    free(learner->totals);
    learner->updates = learner->shapes = learner->best = NULL;
    learner->sums = NULL;
    learner->totals = NULL;
}

static eh_code terms_take(eh_learner *learner, eh_error *error)
{
    size_t cells = learner->data->terms_count * EH_CELLS_PER_TERM;
    learner->updates = aligned_zeroed(cells, sizeof(eh_lanes));
    learner->shapes = aligned_zeroed(cells, sizeof(eh_lanes));
    learner->best = aligned_zeroed(cells, sizeof(eh_lanes));
    learner->sums = aligned_zeroed(cells, sizeof(eh_cell_lanes));
    learner->totals = aligned_zeroed(cells * 16, sizeof(double));
    if (learner->updates == NULL || learner->shapes == NULL || learner->best == NULL || learner->sums == NULL || learner->totals == NULL)
        return eh_fail_memory(error);
    return EH_OK;
}

eh_code eh_learner_open(eh_learner *learner, const eh_learner_data *data, const uint8_t *train, const uint8_t *held, eh_error *error)
{
    learner->data = data;
    learner->train = aligned_zeroed(data->rows, 1);
    learner->held = aligned_zeroed(data->rows, 1);
    learner->scores = aligned_zeroed(data->rows, sizeof(eh_lanes));
    if (learner->train == NULL || learner->held == NULL || learner->scores == NULL)
        return eh_fail_memory(error);
    EH_TRY(terms_take(learner, error));
    memcpy(learner->train, train, data->rows);
    memcpy(learner->held, held, data->rows);
    memset(learner->held_weight, 0, sizeof learner->held_weight);
    for (size_t i = 0; i < data->rows; i++) {
        double weight = data->weight == NULL ? 1 : (double)data->weight[i];
        for (int l = 0; l < EH_LANES; l++) {
            learner->held_weight[l] += ((held[i] >> l) & 1) != 0 ? weight : 0;
            learner->scores[i][l] = learner->base[l];
        }
    }
    for (int l = 0; l < EH_LANES; l++)
        learner->loss_best[l] = EH_INFINITY;
    return EH_OK;
}

eh_code eh_learner_restart(eh_learner *learner, const eh_learner_data *data, eh_error *error)
{
    terms_free(learner);
    learner->data = data;
    memset(learner->since, 0, sizeof learner->since);
    memset(learner->done, 0, sizeof learner->done);
    memset(learner->rounds_best, 0, sizeof learner->rounds_best);
    learner->rounds = 0;
    learner->shift = (eh_lanes){0};
    learner->update_from = learner->update_to = 0;
    for (int l = 0; l < EH_LANES; l++)
        learner->loss_best[l] = EH_INFINITY;
    return terms_take(learner, error);
}

void eh_learner_close(eh_learner *learner)
{
    free(learner->train);
    free(learner->held);
    free(learner->scores);
    learner->train = learner->held = NULL;
    learner->scores = NULL;
    terms_free(learner);
}

/* ---- rounds ------------------------------------------------------------------------------------------------------------------------ */

static void best_take(eh_learner *learner, const int32_t lanes[EH_LANES])
{
    eh_lane_ints mask = {lanes[0], lanes[1], lanes[2], lanes[3], lanes[4], lanes[5], lanes[6], lanes[7]};
    for (size_t t = 0; t < learner->data->terms_count; t++) {
        size_t first = t * EH_CELLS_PER_TERM;
        for (size_t c = first; c < first + learner->data->terms[t].cells_count; c++)
            learner->best[c] = (eh_lanes)(((eh_lane_ints)learner->shapes[c] & mask) | ((eh_lane_ints)learner->best[c] & ~mask));
    }
}

/* The held-out loss that the pass has measured belongs to the shapes as they are now. */
static void losses_judge(eh_learner *learner, double tolerance)
{
    int32_t better[EH_LANES] = {0};
    bool any = false;
    for (int l = 0; l < EH_LANES; l++) {
        double loss = learner->held_weight[l] > 0 ? learner->loss_sum[l] / learner->held_weight[l] : 0;
        learner->loss[l] = loss;
        if (learner->done[l])
            continue;
        if (loss < learner->loss_best[l]) {
            better[l] = -1;
            any = true;
            learner->rounds_best[l] = learner->rounds;
            if (loss < learner->loss_best[l] - tolerance)
                learner->since[l] = 0;
            else
                learner->since[l] += EH_ROUNDS_PER_LOOK;
            learner->loss_best[l] = loss;
        } else {
            learner->since[l] += EH_ROUNDS_PER_LOOK;
        }
    }
    if (any)
        best_take(learner, better);
}

static void batch_step(eh_learner *learner, size_t from, size_t to)
{
    learner->gather_from = from;
    learner->gather_to = to;
    eh_lanes_pass(learner);
}

static void batch_finish(eh_learner *learner)
{
    eh_lanes_split(learner);
    learner->update_from = learner->gather_from;
    learner->update_to = learner->gather_to;
    for (size_t c = learner->update_from * EH_CELLS_PER_TERM; c < learner->update_to * EH_CELLS_PER_TERM; c++)
        learner->shapes[c] += learner->updates[c];
}

static void round_judged(eh_learner *learner, double tolerance)
{
    size_t terms = learner->data->terms_count;
    for (size_t from = 0; from < terms; from += EH_BATCH_TERMS) {
        size_t to = from + EH_BATCH_TERMS < terms ? from + EH_BATCH_TERMS : terms;
        learner->measured = from == 0 && learner->rounds % EH_ROUNDS_PER_LOOK == 0;
        batch_step(learner, from, to);
        if (learner->measured)
            losses_judge(learner, tolerance);
        batch_finish(learner);
    }
    learner->rounds++;
}

void eh_learner_round(eh_learner *learner)
{
    round_judged(learner, 0);
}

void eh_learner_run(eh_learner *learner, const eh_learner_stop *stop)
{
    while (learner->rounds < stop->rounds_max) {
        round_judged(learner, stop->tolerance);
        bool all_done = true;
        for (int l = 0; l < EH_LANES; l++) {
            learner->done[l] = learner->done[l] || learner->since[l] >= stop->patience;
            all_done = all_done && learner->done[l];
        }
        if (all_done)
            break;
        if (stop->tick != NULL && learner->rounds % 8 == 0 && !stop->tick(stop->tick_context, (double)learner->rounds / stop->rounds_max))
            break;
    }
    /* What the last round has added is measured too. */
    learner->measured = true;
    batch_step(learner, 0, 0);
    losses_judge(learner, stop->tolerance);
    learner->shift = (eh_lanes){0};
    learner->update_from = learner->update_to = 0;
}

void eh_learner_settle(eh_learner *learner)
{
    const eh_learner_data *data = learner->data;
    for (size_t t = 0; t < data->terms_count; t++)
        for (size_t c = t * EH_CELLS_PER_TERM; c < t * EH_CELLS_PER_TERM + data->terms[t].cells_count; c++) {
            learner->updates[c] = learner->best[c] - learner->shapes[c];
            learner->shapes[c] = learner->best[c];
        }
    for (size_t i = 0; i < data->rows; i++)
        for (size_t t = 0; t < data->terms_count; t++)
            learner->scores[i] += learner->updates[t * EH_CELLS_PER_TERM + data->terms[t].bins[i]];
}
