/* From values to bytes: edges of numbers, levels of categories. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

uint8_t eh_bin_of_number(const eh_feature *feature, double value)
{
    if (isnan(value))
        return 0;
    size_t low = 0, count = feature->edges_count;
    while (count > 0) {
        size_t half = count / 2;
        bool above = feature->edges[low + half] <= value;
        low = above ? low + half + 1 : low;
        count = above ? count - half - 1 : half;
    }
    return (uint8_t)(low + 1);
}

uint8_t eh_bin_of_text(const eh_feature *feature, eh_view text)
{
    if (text.ptr == NULL)
        return 0;
    size_t low = 0, high = feature->levels_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t len = strlen(feature->levels[middle]);
        int order = memcmp(feature->levels[middle], text.ptr, len < text.len ? len : text.len);
        if (order == 0 && len == text.len)
            return (uint8_t)(middle + 1);
        if (order < 0 || (order == 0 && len < text.len))
            low = middle + 1;
        else
            high = middle;
    }
    return (uint8_t)(feature->levels_count + 1);
}

static void number_append(eh_buffer *out, double number)
{
    eh_buffer_format(out, "%.15g", number);
}

void eh_bin_name(const eh_feature *feature, uint32_t bin, eh_buffer *out)
{
    if (bin == 0) {
        eh_buffer_text(out, "(missing)");
    } else if (feature->kind == EH_FEATURE_CATEGORY) {
        eh_buffer_text(out, bin <= feature->levels_count ? feature->levels[bin - 1] : "(all others)");
    } else if (feature->edges_count == 0) {
        eh_buffer_text(out, "any");
    } else if (bin == 1) {
        eh_buffer_text(out, "under ");
        number_append(out, feature->edges[0]);
    } else if (bin > feature->edges_count) {
        number_append(out, feature->edges[feature->edges_count - 1]);
        eh_buffer_text(out, " and over");
    } else {
        number_append(out, feature->edges[bin - 2]);
        eh_buffer_text(out, " to under ");
        number_append(out, feature->edges[bin - 1]);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The shortest decimal number e with low < e <= high, near the middle: what a person would write. */
static double edge_between(double low, double high)
{
    double middle = low + (high - low) / 2;
    for (int digits = 1; digits <= 17; digits++) {
        char text[40];
        snprintf(text, sizeof text, "%.*g", digits, middle);
        double edge = strtod(text, NULL);
        if (edge > low && edge <= high)
            return edge;
    }
    return high;
}

eh_code eh_edges_choose(double *values, size_t count, uint32_t bins_max, eh_arena *arena, eh_feature *feature_out, eh_error *error)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[known++] = values[i];
    qsort(values, known, sizeof *values, compare_numbers);
    size_t most = bins_max < 3 ? 1 : bins_max - 2; /* one bin is for what is missing */
    double *edges = EH_TAKE(arena, most, double);
    if (edges == NULL)
        return eh_fail_memory(error);
    size_t distinct = known > 0 ? 1 : 0;
    for (size_t i = 1; i < known; i++)
        distinct += values[i] != values[i - 1] ? 1 : 0;
    size_t edges_count = 0;
    double per_bin = (double)known / (double)(most + 1);
    size_t start = 0; /* of the bin that is being filled */
    for (size_t i = 1; i < known && edges_count < most; i++) {
        if (values[i] == values[i - 1])
            continue;
        /* Cut here when the bin is full, or would be too full with all that share the next value. */
        size_t run = i;
        while (distinct > most + 1 && run < known && values[run] == values[i] && run - start < 4 * (size_t)per_bin + 4)
            run++;
        bool cut = distinct <= most + 1 || (double)(i - start) >= per_bin || ((double)(run - start) > 1.5 * per_bin && (double)(i - start) >= 0.3 * per_bin);
        if (!cut)
            continue;
        edges[edges_count++] = edge_between(values[i - 1], values[i]);
        start = i;
    }
    feature_out->edges = edges;
    feature_out->edges_count = edges_count;
    feature_out->bins_count = (uint32_t)edges_count + 2;
    return EH_OK;
}

typedef struct {
    const char *name;
    uint64_t count;
} level;

static int compare_levels_by_count(const void *a, const void *b)
{
    const level *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int compare_levels_by_name(const void *a, const void *b)
{
    return strcmp(((const level *)a)->name, ((const level *)b)->name);
}

eh_code eh_levels_choose(const char *const *names, const uint64_t *counts, size_t count, uint64_t count_min, eh_arena *arena,
                         eh_feature *feature_out, eh_error *error)
{
    level *levels = EH_TAKE(arena, count, level);
    if (levels == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        levels[i] = (level){names[i], counts[i]};
    qsort(levels, count, sizeof *levels, compare_levels_by_count);
    size_t kept = count < EH_BINS - 2 ? count : EH_BINS - 2;
    while (kept > 0 && levels[kept - 1].count < count_min)
        kept--;
    qsort(levels, kept, sizeof *levels, compare_levels_by_name);
    const char **texts = EH_TAKE(arena, kept, const char *);
    if (texts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < kept; i++)
        texts[i] = levels[i].name;
    feature_out->levels = texts;
    feature_out->levels_count = kept;
    feature_out->bins_count = (uint32_t)kept + 2;
    return EH_OK;
}
