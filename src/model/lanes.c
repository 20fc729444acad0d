/*
 * The pass: for each block of rows, the scores of eight bags take in the last updates, give gradients and curvatures, and these are
 * added up by bin for every term. Written with vector types of the compiler; the same source is compiled for the wider registers that
 * the processor may have. No operation is contracted or reordered, so every processor gives the same bytes.
 */
#include <math.h>
#include <string.h>

#include "model/learner_int.h"

enum { FLUSH_BLOCKS = 256 };

#define INLINE static inline __attribute__((always_inline))

/*
 * With its check for uses after return, the address sanitizer puts local variables on a heap of its own that is aligned to less than the
 * widest registers want (gcc bug 110027). Then the plain form is used, which checks the same source.
 */
#if defined(__SANITIZE_ADDRESS__)
#define WIDE_REGISTERS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WIDE_REGISTERS 0
#endif
#endif
#if !defined(WIDE_REGISTERS) && defined(__x86_64__)
#define WIDE_REGISTERS 1
#elif !defined(WIDE_REGISTERS)
#define WIDE_REGISTERS 0
#endif

typedef struct {
    size_t block, first; /* which, and its first row */
    uint32_t count;
    eh_lanes scores[EH_BLOCK_ROWS];
    eh_cell_lanes slopes[EH_BLOCK_ROWS];
} block_state;

INLINE eh_lanes lanes_all(float value)
{
    return (eh_lanes){value, value, value, value, value, value, value, value};
}

/* `value` in the lanes whose bit is set, else 0. */
INLINE eh_lanes lanes_where(uint8_t bits, eh_lanes value)
{
    const eh_lane_ints each = {1, 2, 4, 8, 16, 32, 64, 128};
    eh_lane_ints mask = ((each & (int32_t)bits) == each);
    return (eh_lanes)((eh_lane_ints)value & mask);
}

INLINE eh_lanes lanes_min(eh_lanes a, eh_lanes b)
{
    eh_lane_ints mask = a < b;
    return (eh_lanes)(((eh_lane_ints)a & mask) | ((eh_lane_ints)b & ~mask));
}

INLINE eh_lanes lanes_max(eh_lanes a, eh_lanes b)
{
    eh_lane_ints mask = a > b;
    return (eh_lanes)(((eh_lane_ints)a & mask) | ((eh_lane_ints)b & ~mask));
}

/* exp(x) for |x| <= 40; relative error below 3e-7. 2^k by the exponent, the rest by Cephes' polynomial. */
INLINE eh_lanes lanes_exp(eh_lanes x)
{
    const eh_lanes magic = lanes_all(12582912.0f);
    eh_lanes k = x * 1.44269504f + magic;
    eh_lane_ints exponent = (eh_lane_ints)k << 23;
    k = k - magic;
    eh_lanes f = x - k * 0.693359375f;
    f = f + k * 2.12194440e-4f;
    eh_lanes p = lanes_all(1.9875691500e-4f);
    p = p * f + 1.3981999507e-3f;
    p = p * f + 8.3334519073e-3f;
    p = p * f + 4.1665795894e-2f;
    p = p * f + 1.6666665459e-1f;
    p = p * f + 5.0000001201e-1f;
    p = p * f * f + f + 1.0f;
    return (eh_lanes)((eh_lane_ints)p + exponent);
}

/* log(x) for normal x >= 1; Cephes' polynomial. */
INLINE eh_lanes lanes_log(eh_lanes x)
{
    eh_lane_ints bits = (eh_lane_ints)x;
    eh_lane_ints exponent = (bits >> 23) - 126;
    eh_lanes m = (eh_lanes)((bits & 0x007FFFFF) | 0x3F000000);
    eh_lane_ints low = m < 0.707106781f;
    exponent = exponent + low;
    eh_lanes f = m - 1.0f + (eh_lanes)((eh_lane_ints)m & low);
    eh_lanes e = __builtin_convertvector(exponent, eh_lanes);
    eh_lanes z = f * f;
    eh_lanes p = lanes_all(7.0376836292e-2f);
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    p = p * f * z;
    p = p - e * 2.12194440e-4f;
    p = p - z * 0.5f;
    return f + p + e * 0.693359375f;
}

/* Each half is stored by itself: a whole line written from two halves would be read back before it is there. */
INLINE void slopes_store(eh_cell_lanes *to, eh_lanes gradient, eh_lanes curvature)
{
    memcpy(to, &gradient, 32);
    memcpy((char *)to + 32, &curvature, 32);
}

/* The scores of the block take in the updates of every term. */
INLINE void block_update(const eh_learner *learner, block_state *state)
{
    size_t block = state->block, first = state->first;
    uint32_t count = state->count;
    const eh_learner_data *data = learner->data;
    eh_lanes shift = learner->shift;
    for (size_t t = learner->update_from; t < learner->update_to; t++)
        if (data->terms[t].sparse)
            shift += learner->updates[t * EH_CELLS_PER_TERM + data->terms[t].common];
    for (uint32_t r = 0; r < count; r++)
        state->scores[r] = learner->scores[first + r] + shift;
    for (size_t t = learner->update_from; t < learner->update_to; t++) {
        const eh_learner_term *term = &data->terms[t];
        const eh_lanes *updates = learner->updates + t * EH_CELLS_PER_TERM;
        if (!term->sparse) {
            const uint8_t *bins = term->bins + first;
            for (uint32_t r = 0; r < count; r++)
                state->scores[r] += updates[bins[r]];
            continue;
        }
        eh_lanes common = updates[term->common];
        for (uint32_t i = term->block_start[block]; i < term->block_start[block + 1]; i++)
            state->scores[term->place[i]] += updates[term->other[i]] - common;
    }
    memcpy(learner->scores + first, state->scores, count * sizeof(eh_lanes));
}

INLINE eh_lanes block_logistic(const eh_learner *learner, bool measured, block_state *state)
{
    size_t first = state->first;
    uint32_t count = state->count;
    const eh_learner_data *data = learner->data;
    eh_lanes loss = lanes_all(0);
    for (uint32_t r = 0; r < count; r++) {
        size_t row = first + r;
        float weight = data->weight == NULL ? 1.0f : data->weight[row], y = data->outcome[row];
        eh_lanes s = lanes_min(lanes_max(state->scores[r], lanes_all(-30)), lanes_all(30));
        eh_lanes e = lanes_exp(-s);
        eh_lanes p = 1.0f / (1.0f + e);
        eh_lanes train = lanes_where(learner->train[row], lanes_all(weight));
        eh_lanes g = p - y, h = p * (1.0f - p);
        if (data->pull != NULL) {
            eh_lanes near = 1.0f / (1.0f + e * data->pull_exp);
            eh_lanes slope = near * (1.0f - near) * data->pull[row];
            eh_lanes bend = slope * (1.0f - 2.0f * near);
            g += slope;
            h += lanes_max(bend, -bend);
        }
        slopes_store(&state->slopes[r], g * train, h * train);
        if (measured)
            loss += lanes_where(learner->held[row], (lanes_log(1.0f + e) + (1.0f - y) * s) * weight);
    }
    return loss;
}

INLINE eh_lanes block_squared(const eh_learner *learner, block_state *state)
{
    size_t first = state->first;
    uint32_t count = state->count;
    const eh_learner_data *data = learner->data;
    eh_lanes loss = lanes_all(0);
    for (uint32_t r = 0; r < count; r++) {
        size_t row = first + r;
        float weight = data->weight == NULL ? 1.0f : data->weight[row];
        eh_lanes train = lanes_where(learner->train[row], lanes_all(weight));
        eh_lanes g = state->scores[r] - data->outcome[row];
        slopes_store(&state->slopes[r], g * train, train);
        loss += lanes_where(learner->held[row], g * g * weight);
    }
    return loss;
}

INLINE void block_gather(const eh_learner *learner, const block_state *state, eh_cell_lanes *all)
{
    size_t block = state->block, first = state->first;
    uint32_t count = state->count;
    const eh_learner_data *data = learner->data;
    eh_cell_lanes sum = *all;
    for (uint32_t r = 0; r < count; r++)
        sum += state->slopes[r];
    *all = sum;
    for (size_t t = learner->gather_from; t < learner->gather_to; t++) {
        const eh_learner_term *term = &data->terms[t];
        eh_cell_lanes *sums = learner->sums + t * EH_CELLS_PER_TERM;
        if (!term->sparse) {
            const uint8_t *bins = term->bins + first;
            for (uint32_t r = 0; r < count; r++)
                sums[bins[r]] += state->slopes[r];
            continue;
        }
        for (uint32_t i = term->block_start[block]; i < term->block_start[block + 1]; i++)
            sums[term->other[i]] += state->slopes[term->place[i]];
    }
}

/* From single to double precision before rounding could show. */
INLINE void sums_flush(eh_learner *learner, eh_cell_lanes *all)
{
    const eh_learner_data *data = learner->data;
    for (size_t t = learner->gather_from; t < learner->gather_to; t++) {
        const eh_learner_term *term = &data->terms[t];
        eh_cell_lanes *sums = learner->sums + t * EH_CELLS_PER_TERM;
        double *totals = learner->totals + t * EH_CELLS_PER_TERM * 16;
        if (term->sparse) {
            eh_cell_lanes rest = *all;
            for (uint32_t b = 0; b < term->cells_count; b++)
                if (b != term->common)
                    rest -= sums[b];
            sums[term->common] = rest;
        }
        for (uint32_t b = 0; b < term->cells_count; b++)
            for (int i = 0; i < 16; i++)
                totals[b * 16 + (uint32_t)i] += (double)sums[b][i];
        memset(sums, 0, term->cells_count * sizeof *sums);
    }
    *all = (eh_cell_lanes){0};
}

INLINE void pass(eh_learner *learner)
{
    const eh_learner_data *data = learner->data;
    block_state state;
    eh_cell_lanes all = {0};
    size_t block = 0;
    size_t terms = learner->gather_to - learner->gather_from;
    if (terms > 0)
        memset(learner->totals + learner->gather_from * EH_CELLS_PER_TERM * 16, 0, terms * EH_CELLS_PER_TERM * 16 * sizeof(double));
    memset(learner->loss_sum, 0, sizeof learner->loss_sum);
    for (size_t first = 0; first < data->rows; first += EH_BLOCK_ROWS, block++) {
        state.block = block;
        state.first = first;
        state.count = data->rows - first < EH_BLOCK_ROWS ? (uint32_t)(data->rows - first) : EH_BLOCK_ROWS;
        block_update(learner, &state);
        eh_lanes loss = data->loss == EH_LOSS_SQUARED ? block_squared(learner, &state)
                        : learner->measured           ? block_logistic(learner, true, &state)
                                                      : block_logistic(learner, false, &state);
        for (int l = 0; l < EH_LANES; l++)
            learner->loss_sum[l] += (double)loss[l];
        block_gather(learner, &state, &all);
        if ((block + 1) % FLUSH_BLOCKS == 0)
            sums_flush(learner, &all);
    }
    sums_flush(learner, &all);
}

#if WIDE_REGISTERS
__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))) static void pass_avx512(eh_learner *learner)
{
    pass(learner);
}

__attribute__((target("avx2"))) static void pass_avx2(eh_learner *learner)
{
    pass(learner);
}
#endif

static void pass_plain(eh_learner *learner)
{
    pass(learner);
}

void eh_lanes_pass(eh_learner *learner)
{
#if WIDE_REGISTERS
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw")) {
        pass_avx512(learner);
        return;
    }
    if (__builtin_cpu_supports("avx2")) {
        pass_avx2(learner);
        return;
    }
#endif
    pass_plain(learner);
}
