/* What a person may change in a model, and the names that they use for it. */
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void eh_term_name(const eh_model *model, const eh_term *term, eh_buffer *out)
{
    eh_buffer_text(out, model->features[term->feature[0]].name);
    if (term->features_count == 2) {
        eh_buffer_text(out, " x ");
        eh_buffer_text(out, model->features[term->feature[1]].name);
    }
}

static eh_term *term_find(const eh_model *model, const char *name)
{
    for (size_t t = 0; t < model->terms_count; t++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer own = {0};
        eh_term_name(model, &model->terms[t], &own);
        if (own.ptr != NULL && strcmp(own.ptr, name) == 0)
            return &model->terms[t];
    }
    return NULL;
}

static double share_of(const eh_model *model, const eh_term *term, uint32_t cell)
{
    return model->features[term->feature[0]].weights[cell];
}

/* Neighbours, weighted by how many people they stand for; missing values and the order of categories are left alone. */
static void smooth(const eh_model *model, eh_term *term)
{
    const eh_feature *feature = &model->features[term->feature[0]];
    double before[EH_BINS], mean = 0, total = 0;
    for (uint32_t c = 0; c < term->cells_count; c++)
        before[c] = term->scores[c];
    for (uint32_t c = 1; c < term->cells_count; c++) {
        double sum = 0, weight = 0;
        for (int d = -2; d <= 2; d++) {
            int64_t n = (int64_t)c + d;
            if (n < 1 || n >= term->cells_count)
                continue;
            double w = (share_of(model, term, (uint32_t)n) + 1e-9) * (3 - abs(d));
            sum += w * before[n];
            weight += w;
        }
        term->scores[c] = (int32_t)lrint(sum / weight);
    }
    for (uint32_t c = 0; c < term->cells_count; c++) {
        mean += feature->weights[c] * term->scores[c];
        total += feature->weights[c];
    }
    for (uint32_t c = 0; c < term->cells_count && total > 0; c++)
        if (feature->weights[c] > 0 || c > 0)
            term->scores[c] -= (int32_t)lrint(mean / total);
}

eh_code eh_model_edit(eh_model *model, eh_edit_kind kind, const char *term_name, eh_error *error)
{
    eh_term *term = term_find(model, term_name);
    if (term == NULL) {
        const char *names[EH_MODEL_FEATURES_MAX];
        for (size_t f = 0; f < model->features_count; f++)
            names[f] = model->features[f].name;
        const char *nearest = eh_nearest_name(term_name, names, model->features_count);
        return eh_fail(error, EH_NOT_FOUND, "the model has no term '%.200s'%s%s%s; a pair is written \"age x hours\"", term_name,
                       nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    if (kind == EH_EDIT_FLATTEN) {
        memset(term->scores, 0, term->cells_count * sizeof *term->scores);
        memset(term->errors, 0, term->cells_count * sizeof *term->errors);
        term->importance = 0;
        return EH_OK;
    }
    if (term->features_count == 2)
        return eh_fail(error, EH_INPUT, "'%.200s' is a pair; only the curve of one number can be smoothed (a pair can be flattened)", term_name);
    if (model->features[term->feature[0]].kind == EH_FEATURE_CATEGORY)
        return eh_fail(error, EH_INPUT, "'%.200s' is a category: its values have no order in which they could be smoothed", term_name);
    smooth(model, term);
    term->importance = 0;
    for (uint32_t c = 0; c < term->cells_count; c++)
        term->importance += share_of(model, term, c) * fabs((double)term->scores[c]) / EH_MICRO;
    return EH_OK;
}
