/*
 * From histograms to the next steps: for each term a tree of two or three leaves (four for a pair), eight bags at once.
 *
 * A step says how much better a leaf's people should be scored than the average person: the mean of all is the intercept's own matter.
 */
#include <string.h>

#include "model/learner_int.h"

typedef struct {
    eh_lanes g[EH_CELLS_PER_TERM], h[EH_CELLS_PER_TERM];
    uint8_t bin[EH_CELLS_PER_TERM]; /* in the order in which they are cut */
    uint32_t count;
} ordered;

typedef struct {
    eh_lanes gain, g, h; /* left of the cut, inside its part */
    eh_lane_ints at;     /* the last place left of the cut; -1: none */
} cut;

static inline __attribute__((always_inline)) eh_lanes pick(eh_lane_ints mask, eh_lanes yes, eh_lanes no)
{
    return (eh_lanes)(((eh_lane_ints)yes & mask) | ((eh_lane_ints)no & ~mask));
}

static inline __attribute__((always_inline)) eh_lane_ints pick_int(eh_lane_ints mask, eh_lane_ints yes, eh_lane_ints no)
{
    return (yes & mask) | (no & ~mask);
}

static inline __attribute__((always_inline)) eh_lanes all(float value)
{
    return (eh_lanes){value, value, value, value, value, value, value, value};
}

static inline __attribute__((always_inline)) eh_lanes at_least(eh_lanes value, float least)
{
    return pick(value > least, value, all(least));
}

static inline __attribute__((always_inline)) void cut_better(cut *best, const cut *candidate, eh_lane_ints allowed)
{
    eh_lane_ints mask = (candidate->gain > best->gain) & allowed;
    best->gain = pick(mask, candidate->gain, best->gain);
    best->g = pick(mask, candidate->g, best->g);
    best->h = pick(mask, candidate->h, best->h);
    best->at = pick_int(mask, candidate->at, best->at);
}

static void cells_load(const eh_learner *learner, size_t t, uint32_t bin, eh_lanes *g, eh_lanes *h)
{
    const double *totals = learner->totals + (t * EH_CELLS_PER_TERM + bin) * 16;
    for (int l = 0; l < EH_LANES; l++) {
        (*g)[l] = (float)totals[l];
        (*h)[l] = (float)totals[l + EH_LANES];
    }
}

static float lanes_sum(eh_lanes v)
{
    float sum = 0;
    for (int l = 0; l < EH_LANES; l++)
        sum += v[l];
    return sum;
}

/* Bins of a category in the order of their mean gradient over the eight bags, drawn to the mean where there are few rows. */
static void category_sort(ordered *cells, float curvature_typical)
{
    float keys[EH_CELLS_PER_TERM];
    uint8_t from[EH_CELLS_PER_TERM];
    ordered sorted;
    for (uint32_t i = 0; i < cells->count; i++) {
        float key = lanes_sum(cells->g[i]) / (lanes_sum(cells->h[i]) + curvature_typical);
        uint32_t place = i;
        for (; place > 0 && keys[place - 1] > key; place--) {
            keys[place] = keys[place - 1];
            from[place] = from[place - 1];
        }
        keys[place] = key;
        from[place] = (uint8_t)i;
    }
    sorted.count = cells->count;
    for (uint32_t i = 0; i < cells->count; i++) {
        sorted.g[i] = cells->g[from[i]];
        sorted.h[i] = cells->h[from[i]];
        sorted.bin[i] = cells->bin[from[i]];
    }
    memcpy(cells, &sorted, sizeof sorted);
}

static void ordered_make(const eh_learner *learner, size_t t, eh_lanes mean, ordered *cells)
{
    const eh_learner_term *term = &learner->data->terms[t];
    cells->count = 0;
    for (uint32_t bin = term->has_missing && !term->category ? 1 : 0; bin < term->cells_count; bin++) {
        uint32_t i = cells->count;
        cells_load(learner, t, bin, &cells->g[i], &cells->h[i]);
        cells->g[i] -= mean * cells->h[i];
        if (lanes_sum(cells->h[i]) <= 0)
            continue; /* an empty bin takes the step of its neighbour, see leaves_write */
        cells->bin[i] = (uint8_t)bin;
        cells->count++;
    }
    if (term->category)
        category_sort(cells, learner->data->curvature_min * EH_LANES * 2);
}

/* What holds for every cut of one column. */
typedef struct {
    eh_lanes g_all, h_all;
    float curvature_min, ridge;
    int monotone;
} cut_rules;

/* Cuts the whole in two. */
static void cut_first(const ordered *cells, const cut_rules *rules, cut *best)
{
    eh_lanes g_all = rules->g_all, h_all = rules->h_all;
    float curvature_min = rules->curvature_min, ridge = rules->ridge;
    int monotone = rules->monotone;
    eh_lanes g = all(0), h = all(0), parent = g_all * g_all / (h_all + ridge);
    for (uint32_t k = 0; k + 1 < cells->count; k++) {
        g += cells->g[k];
        h += cells->h[k];
        eh_lanes rest_g = g_all - g, rest_h = h_all - h;
        eh_lane_ints allowed = (h >= curvature_min) & (rest_h >= curvature_min);
        eh_lanes a = g / (h + ridge), b = rest_g / (rest_h + ridge);
        if (monotone > 0)
            allowed &= a >= b; /* a step is -g/h */
        if (monotone < 0)
            allowed &= a <= b;
        cut candidate = {.gain = g * a + rest_g * b - parent, .g = g, .h = h, .at = (eh_lane_ints){0} + (int32_t)k};
        cut_better(best, &candidate, allowed);
    }
}

/* Cuts one of the two parts again, in each bag where it gains most. */
static void cut_second(const ordered *cells, const cut_rules *rules, const cut *first, cut *best)
{
    float curvature_min = rules->curvature_min, ridge = rules->ridge;
    int monotone = rules->monotone;
    eh_lanes g = all(0), h = all(0), right_g = rules->g_all - first->g, right_h = rules->h_all - first->h;
    eh_lanes left_mean = first->g / (first->h + ridge), right_mean = right_g / (right_h + ridge);
    for (uint32_t k = 0; k + 1 < cells->count; k++) {
        g += cells->g[k];
        h += cells->h[k];
        eh_lane_ints place = (eh_lane_ints){0} + (int32_t)k, left = place < first->at;
        eh_lanes part_g = pick(left, first->g, right_g), part_h = pick(left, first->h, right_h);
        eh_lanes a_g = pick(left, g, g - first->g), a_h = pick(left, h, h - first->h);
        eh_lanes b_g = part_g - a_g, b_h = part_h - a_h;
        eh_lane_ints allowed = (a_h >= curvature_min) & (b_h >= curvature_min) & (place != first->at) & (first->at >= 0);
        eh_lanes a = a_g / (a_h + ridge), b = b_g / (b_h + ridge);
        if (monotone > 0)
            allowed &= (a >= b) & ((left & (b >= right_mean)) | (~left & (a <= left_mean)));
        if (monotone < 0)
            allowed &= (a <= b) & ((left & (b <= right_mean)) | (~left & (a >= left_mean)));
        eh_lanes gain = a_g * a + b_g * b - part_g * part_g / (part_h + ridge);
        cut candidate = {.gain = gain, .g = g, .h = h, .at = place}; /* g, h: from the very left */
        cut_better(best, &candidate, allowed);
    }
}

/* The steps of the leaves, bin by bin; an empty bin of an ordered column takes that of its left neighbour. */
static void leaves_write(const ordered *cells, const eh_learner_term *term, const cut cuts[2], const eh_lanes values[3], eh_lanes *updates)
{
    eh_lane_ints second = cuts[1].at >= 0;
    eh_lane_ints low = pick_int(second & (cuts[1].at < cuts[0].at), cuts[1].at, cuts[0].at);
    eh_lane_ints high = pick_int(second & (cuts[1].at > cuts[0].at), cuts[1].at, pick_int(second, cuts[0].at, (eh_lane_ints){0} + INT32_MAX));
    uint32_t filled = term->has_missing && !term->category ? 1 : 0;
    for (uint32_t k = 0; k < cells->count; k++) {
        eh_lane_ints place = (eh_lane_ints){0} + (int32_t)k;
        eh_lanes value = pick(place <= low, values[0], pick(place <= high, values[1], values[2]));
        value = pick(cuts[0].at >= 0, value, all(0));
        if (term->category) {
            updates[cells->bin[k]] = value;
            continue;
        }
        for (; filled <= cells->bin[k]; filled++)
            updates[filled] = value;
    }
    eh_lanes last = !term->category && cells->count > 0 ? updates[cells->bin[cells->count - 1]] : all(0);
    for (; !term->category && filled < term->cells_count; filled++)
        updates[filled] = last;
}

/* Each level by itself, drawn to the mean of all as far as its people are few. */
static void levels_step(eh_learner *learner, size_t t, eh_lanes mean)
{
    const eh_learner_term *term = &learner->data->terms[t];
    eh_lanes *updates = learner->updates + t * EH_CELLS_PER_TERM;
    const eh_lanes *shapes = learner->shapes + t * EH_CELLS_PER_TERM;
    float shrink = term->shrink, rate = learner->data->learning_rate;
    for (uint32_t bin = 0; bin < term->cells_count; bin++) {
        eh_lanes g, h;
        cells_load(learner, t, bin, &g, &h);
        updates[bin] = pick(h > 0, (mean * h - g - shapes[bin] * shrink) / (h + shrink) * rate, all(0));
    }
}

static void term_split(eh_learner *learner, size_t t, eh_lanes mean)
{
    if (learner->data->terms[t].shrink > 0) {
        levels_step(learner, t, mean);
        return;
    }
    const eh_learner_data *data = learner->data;
    const eh_learner_term *term = &data->terms[t];
    eh_lanes *updates = learner->updates + t * EH_CELLS_PER_TERM;
    float rate = data->learning_rate;
    ordered cells;
    ordered_make(learner, t, mean, &cells);
    memset(updates, 0, term->cells_count * sizeof *updates);
    eh_lanes g_all = all(0), h_all = all(0);
    for (uint32_t k = 0; k < cells.count; k++) {
        g_all += cells.g[k];
        h_all += cells.h[k];
    }
    cut cuts[2] = {{.at = (eh_lane_ints){0} - 1}, {.at = (eh_lane_ints){0} - 1}};
    cut_rules rules = {.g_all = g_all, .h_all = h_all, .curvature_min = data->curvature_min, .ridge = data->ridge, .monotone = term->monotone};
    cut_first(&cells, &rules, &cuts[0]);
    if (data->leaves_max > 2)
        cut_second(&cells, &rules, &cuts[0], &cuts[1]);
    /* Sums left of the lower and of the higher cut. */
    eh_lane_ints swap = (cuts[1].at >= 0) & (cuts[1].at < cuts[0].at), second = cuts[1].at >= 0;
    eh_lanes low_g = pick(swap, cuts[1].g, cuts[0].g), low_h = pick(swap, cuts[1].h, cuts[0].h);
    eh_lanes high_g = pick(second, pick(swap, cuts[0].g, cuts[1].g), g_all), high_h = pick(second, pick(swap, cuts[0].h, cuts[1].h), h_all);
    float ridge = data->ridge;
    eh_lanes values[3] = {low_g / (low_h + ridge) * -rate, (high_g - low_g) / (high_h - low_h + ridge) * -rate,
                          (g_all - high_g) / (h_all - high_h + ridge) * -rate};
    leaves_write(&cells, term, cuts, values, updates);
    if (term->has_missing && !term->category) {
        eh_lanes g, h;
        cells_load(learner, t, 0, &g, &h);
        updates[0] = pick(h >= data->curvature_min, (mean * h - g) / (h + ridge) * rate, all(0));
    }
}

/* ---- pairs: one cut of the rows (or columns), then one cut of each side the other way ------------------------------------------- */

typedef struct {
    cut sides[2];
    eh_lanes gain;
    eh_lanes g[2], h[2]; /* of each side as a whole */
    eh_lane_ints at, turned;
} table_cut;

/* cells[i * EH_PAIR_BINS + k], or turned. */
static inline __attribute__((always_inline)) uint32_t cell_at(bool turned, uint32_t i, uint32_t k)
{
    return turned ? k * EH_PAIR_BINS + i : i * EH_PAIR_BINS + k;
}

/* What holds for every cut of one table; sums by cell. */
typedef struct {
    const eh_lanes *g, *h;
    float curvature_min, ridge;
} table_rules;

static void table_try(const table_rules *rules, bool turned, table_cut *best)
{
    const eh_lanes *g = rules->g, *h = rules->h;
    float curvature_min = rules->curvature_min, ridge = rules->ridge;
    eh_lanes line_g[2][EH_PAIR_BINS], line_h[2][EH_PAIR_BINS]; /* above and below the cut, by column */
    for (uint32_t k = 0; k < EH_PAIR_BINS; k++) {
        line_g[0][k] = line_h[0][k] = line_g[1][k] = line_h[1][k] = all(0);
        for (uint32_t i = 0; i < EH_PAIR_BINS; i++) {
            line_g[1][k] += g[cell_at(turned, i, k)];
            line_h[1][k] += h[cell_at(turned, i, k)];
        }
    }
    for (uint32_t i = 0; i + 1 < EH_PAIR_BINS; i++) {
        table_cut candidate = {.gain = all(0), .at = (eh_lane_ints){0} + (int32_t)i, .turned = (eh_lane_ints){0} - (turned ? 1 : 0)};
        for (int side = 0; side < 2; side++) {
            candidate.sides[side] = (cut){.gain = all(0), .at = (eh_lane_ints){0} - 1};
            candidate.g[side] = candidate.h[side] = all(0);
        }
        for (uint32_t k = 0; k < EH_PAIR_BINS; k++) {
            eh_lanes moved_g = g[cell_at(turned, i, k)], moved_h = h[cell_at(turned, i, k)];
            line_g[0][k] += moved_g;
            line_h[0][k] += moved_h;
            line_g[1][k] -= moved_g;
            line_h[1][k] -= moved_h;
            for (int side = 0; side < 2; side++) {
                candidate.g[side] += line_g[side][k];
                candidate.h[side] += line_h[side][k];
            }
        }
        for (int side = 0; side < 2; side++) {
            eh_lanes cg = all(0), ch = all(0), whole_g = candidate.g[side], whole_h = candidate.h[side];
            eh_lanes parent = whole_g * whole_g / (whole_h + ridge);
            for (uint32_t k = 0; k + 1 < EH_PAIR_BINS; k++) {
                cg += line_g[side][k];
                ch += line_h[side][k];
                eh_lanes rest_g = whole_g - cg, rest_h = whole_h - ch;
                eh_lane_ints allowed = (ch >= curvature_min) & (rest_h >= curvature_min);
                cut c = {.gain = cg * cg / (ch + ridge) + rest_g * rest_g / (rest_h + ridge) - parent,
                         .g = cg, .h = ch, .at = (eh_lane_ints){0} + (int32_t)k};
                cut_better(&candidate.sides[side], &c, allowed);
            }
            candidate.gain += candidate.sides[side].gain + parent;
        }
        eh_lane_ints mask = (candidate.gain > best->gain) & (candidate.h[0] >= curvature_min) & (candidate.h[1] >= curvature_min);
        best->gain = pick(mask, candidate.gain, best->gain);
        best->at = pick_int(mask, candidate.at, best->at);
        best->turned = pick_int(mask, candidate.turned, best->turned);
        for (int side = 0; side < 2; side++) {
            cut *to = &best->sides[side];
            const cut *from = &candidate.sides[side];
            best->g[side] = pick(mask, candidate.g[side], best->g[side]);
            best->h[side] = pick(mask, candidate.h[side], best->h[side]);
            to->g = pick(mask, from->g, to->g);
            to->h = pick(mask, from->h, to->h);
            to->at = pick_int(mask, from->at, to->at);
        }
    }
}

static void table_write(const table_cut *best, float ridge, float rate, eh_lanes *updates)
{
    eh_lanes values[2][2];
    for (int side = 0; side < 2; side++) {
        eh_lane_ints split = best->sides[side].at >= 0;
        eh_lanes whole = best->g[side] / (best->h[side] + ridge);
        eh_lanes left = best->sides[side].g / (best->sides[side].h + ridge);
        eh_lanes right = (best->g[side] - best->sides[side].g) / (best->h[side] - best->sides[side].h + ridge);
        values[side][0] = pick(split, left, whole) * -rate;
        values[side][1] = pick(split, right, whole) * -rate;
    }
    for (int32_t a = 0; a < EH_PAIR_BINS; a++) {
        for (int32_t b = 0; b < EH_PAIR_BINS; b++) {
            eh_lane_ints first = pick_int(best->turned, (eh_lane_ints){0} + b, (eh_lane_ints){0} + a);
            eh_lane_ints second = pick_int(best->turned, (eh_lane_ints){0} + a, (eh_lane_ints){0} + b);
            eh_lane_ints above = first <= best->at;
            eh_lanes top = pick(second <= best->sides[0].at, values[0][0], values[0][1]);
            eh_lanes bottom = pick(second <= best->sides[1].at, values[1][0], values[1][1]);
            updates[a * EH_PAIR_BINS + b] = pick(best->at >= 0, pick(above, top, bottom), all(0));
        }
    }
}

static void pair_split(eh_learner *learner, size_t t, eh_lanes mean)
{
    const eh_learner_data *data = learner->data;
    eh_lanes g[EH_CELLS_PER_TERM], h[EH_CELLS_PER_TERM], g_all = all(0), h_all = all(0);
    for (uint32_t b = 0; b < EH_CELLS_PER_TERM; b++) {
        cells_load(learner, t, b, &g[b], &h[b]);
        g[b] -= mean * h[b];
        g_all += g[b];
        h_all += h[b];
    }
    table_cut best = {.gain = g_all * g_all / (h_all + data->ridge), .at = (eh_lane_ints){0} - 1};
    for (int side = 0; side < 2; side++)
        best.sides[side].at = (eh_lane_ints){0} - 1;
    table_rules rules = {.g = g, .h = h, .curvature_min = data->curvature_min, .ridge = data->ridge};
    table_try(&rules, false, &best);
    table_try(&rules, true, &best);
    table_write(&best, data->ridge, data->learning_rate, learner->updates + t * EH_CELLS_PER_TERM);
}

void eh_lanes_split(eh_learner *learner)
{
    const eh_learner_data *data = learner->data;
    if (learner->gather_from == learner->gather_to)
        return;
    eh_lanes g_all = all(0), h_all = all(0);
    for (uint32_t b = 0; b < data->terms[learner->gather_from].cells_count; b++) {
        eh_lanes g, h;
        cells_load(learner, learner->gather_from, b, &g, &h);
        g_all += g;
        h_all += h;
    }
    eh_lanes mean = g_all / at_least(h_all, 1e-12f);
    for (size_t t = learner->gather_from; t < learner->gather_to; t++) {
        if (data->terms[t].pair)
            pair_split(learner, t, mean);
        else
            term_split(learner, t, mean);
    }
    /* The intercept follows the mean as the terms follow theirs. */
    learner->shift = -mean * 0.5f;
}
