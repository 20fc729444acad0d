/*
 * Which pairs of features deserve a table: FAST (Lou, Caruana, Gehrke, Hooker 2013) on the residuals of the shape functions. Every
 * pair gets a histogram of at most 16 by 16; its gain is the best cut into four quarters.
 */
#include <stdlib.h>
#include <string.h>

#include "model/learner_int.h"

enum { CELLS = EH_PAIR_BINS * EH_PAIR_BINS };

/* ---- rows and columns of the tables ---------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t bin;
    double shape;
    uint64_t count;
} ranked_bin;

static int compare_ranked(const void *a, const void *b)
{
    const ranked_bin *x = a, *y = b;
    if (x->shape != y->shape)
        return x->shape < y->shape ? -1 : 1;
    return (x->bin > y->bin) - (x->bin < y->bin);
}

/* Numbers: quantiles in their order, missing alone in row 0. Categories: in the order of their shape function, by quantiles. */
static void map_make(const eh_matrix *matrix, size_t f, const double *shape, uint8_t *map)
{
    const eh_feature *feature = &matrix->features[f];
    ranked_bin bins[EH_BINS];
    uint64_t counts[EH_BINS] = {0}, total = 0;
    for (size_t i = 0; i < matrix->rows; i++)
        counts[matrix->bins[f][i]]++;
    bool category = feature->kind == EH_FEATURE_CATEGORY;
    uint32_t first = category ? 0 : 1, used = 0, row = 0, rows_max = EH_PAIR_BINS;
    memset(map, 0, EH_BINS);
    if (!category && counts[0] > 0) {
        row = 1;
        rows_max--;
    }
    for (uint32_t b = first; b < feature->bins_count; b++) {
        bins[used++] = (ranked_bin){b, category ? shape[b] : (double)b, counts[b]};
        total += counts[b];
    }
    if (category)
        qsort(bins, used, sizeof *bins, compare_ranked);
    uint64_t done = 0;
    uint32_t filled = 0;
    for (uint32_t i = 0; i < used; i++) {
        /* A new row when the last one holds its share. */
        if (i > 0 && filled + 1 < rows_max && done * rows_max >= (uint64_t)(filled + 1) * total && bins[i].count > 0)
            filled++;
        map[bins[i].bin] = (uint8_t)(row + filled);
        done += bins[i].count;
    }
}

void eh_pair_maps(const eh_matrix *matrix, const double *shapes, uint8_t *map_out)
{
    for (size_t f = 0; f < matrix->features_count; f++)
        map_make(matrix, f, shapes + f * EH_BINS, map_out + f * EH_BINS);
}

/* ---- the ranking ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double g, h;
} slope_sum;

typedef struct {
    const eh_pair_search *search;
    eh_pair_candidate *list;
    size_t count;
    uint8_t *rows; /* features * rows: row or column of each */
    size_t stride;
} ranking;

static double quarter_gain(slope_sum s)
{
    return s.h > 1 ? s.g * s.g / s.h : 0;
}

static double best_cut(const slope_sum *cells)
{
    slope_sum below[EH_PAIR_BINS + 1][EH_PAIR_BINS + 1];
    memset(below, 0, sizeof below);
    for (int a = 0; a < EH_PAIR_BINS; a++)
        for (int b = 0; b < EH_PAIR_BINS; b++) {
            const slope_sum *cell = &cells[a * EH_PAIR_BINS + b];
            below[a + 1][b + 1].g = cell->g + below[a][b + 1].g + below[a + 1][b].g - below[a][b].g;
            below[a + 1][b + 1].h = cell->h + below[a][b + 1].h + below[a + 1][b].h - below[a][b].h;
        }
    slope_sum all = below[EH_PAIR_BINS][EH_PAIR_BINS];
    double best = 0;
    for (int a = 1; a < EH_PAIR_BINS; a++)
        for (int b = 1; b < EH_PAIR_BINS; b++) {
            slope_sum top = below[a][EH_PAIR_BINS], left = below[EH_PAIR_BINS][b], q = below[a][b];
            double gain = quarter_gain(q) + quarter_gain((slope_sum){top.g - q.g, top.h - q.h}) +
                          quarter_gain((slope_sum){left.g - q.g, left.h - q.h}) +
                          quarter_gain((slope_sum){all.g - top.g - left.g + q.g, all.h - top.h - left.h + q.h});
            /* What one feature alone explains is no reason for a pair. */
            double alone = quarter_gain(top) + quarter_gain((slope_sum){all.g - top.g, all.h - top.h});
            double alone_b = quarter_gain(left) + quarter_gain((slope_sum){all.g - left.g, all.h - left.h});
            gain -= alone > alone_b ? alone : alone_b;
            best = gain > best ? gain : best;
        }
    return best;
}

static void pair_rate(void *context, size_t index)
{
    ranking *r = context;
    eh_pair_candidate *pair = &r->list[index];
    const uint8_t *a = r->rows + pair->a * r->stride, *b = r->rows + pair->b * r->stride;
    const float *gradient = r->search->gradient, *curvature = r->search->curvature;
    slope_sum cells[2][CELLS];
    memset(cells, 0, sizeof cells);
    for (size_t i = 0; i < r->stride; i++) {
        slope_sum *cell = &cells[i & 1][a[i] * EH_PAIR_BINS + b[i]];
        cell->g += (double)gradient[i];
        cell->h += (double)curvature[i];
    }
    for (int c = 0; c < CELLS; c++) {
        cells[0][c].g += cells[1][c].g;
        cells[0][c].h += cells[1][c].h;
    }
    pair->gain = best_cut(cells[0]);
}

static void rows_fill(void *context, size_t feature)
{
    ranking *r = context;
    const uint8_t *bins = r->search->matrix->bins[feature], *map = r->search->maps + feature * EH_BINS;
    uint8_t *rows = r->rows + feature * r->stride;
    for (size_t i = 0; i < r->stride; i++)
        rows[i] = map[bins[i]];
}

static int compare_pairs(const void *a, const void *b)
{
    const eh_pair_candidate *x = a, *y = b;
    if (x->gain != y->gain)
        return x->gain > y->gain ? -1 : 1;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

eh_code eh_pairs_rank(const eh_pair_search *search, eh_pair_candidate *list_out, size_t *count_out, eh_error *error)
{
    ranking r = {.search = search, .list = list_out, .stride = search->matrix->rows};
    size_t features = search->matrix->features_count;
    for (uint32_t a = 0; a < features; a++)
        for (uint32_t b = a + 1; b < features; b++)
            if (search->allowed[a] && search->allowed[b])
                list_out[r.count++] = (eh_pair_candidate){.a = a, .b = b};
    *count_out = r.count;
    if (r.count == 0)
        return EH_OK;
    r.rows = malloc(features * r.stride);
    if (r.rows == NULL)
        return eh_fail_memory(error);
    eh_work_parallel(search->threads, features, rows_fill, &r);
    eh_work_parallel(search->threads, r.count, pair_rate, &r);
    free(r.rows);
    qsort(list_out, r.count, sizeof *list_out, compare_pairs);
    return EH_OK;
}
