/* Scores and reasons: whole micro-logits, so that a sum is the sum. */
#include <math.h>
#include <string.h>

#include "model/model.h"

static inline uint32_t cell_of(const eh_term *term, const uint8_t *bins)
{
    uint8_t bin = bins[term->feature[0]];
    if (term->features_count == 1)
        return bin;
    return (uint32_t)term->map[0][bin] * EH_PAIR_BINS + term->map[1][bins[term->feature[1]]];
}

int64_t eh_model_score(const eh_model *model, const uint8_t *bins, int32_t *contributions_out)
{
    int64_t score = model->intercept;
    for (size_t t = 0; t < model->terms_count; t++) {
        int32_t contribution = model->terms[t].scores[cell_of(&model->terms[t], bins)];
        score += contribution;
        if (contributions_out != NULL)
            contributions_out[t] = contribution;
    }
    return score;
}

double eh_probability_of(int64_t micro_logits)
{
    return 1 / (1 + exp(-(double)micro_logits / EH_MICRO));
}

void eh_model_score_matrix(const eh_model *model, const uint8_t *const *bins, size_t rows, double *logits_out)
{
    enum { BLOCK = 1024 };
    int64_t scores[BLOCK];
    for (size_t first = 0; first < rows; first += BLOCK) {
        size_t count = rows - first < BLOCK ? rows - first : BLOCK;
        for (size_t i = 0; i < count; i++)
            scores[i] = model->intercept;
        for (size_t t = 0; t < model->terms_count; t++) {
            const eh_term *term = &model->terms[t];
            const uint8_t *a = bins[term->feature[0]] + first, *b = bins[term->feature[1]] + first;
            if (term->features_count == 1)
                for (size_t i = 0; i < count; i++)
                    scores[i] += term->scores[a[i]];
            else
                for (size_t i = 0; i < count; i++)
                    scores[i] += term->scores[(uint32_t)term->map[0][a[i]] * EH_PAIR_BINS + term->map[1][b[i]]];
        }
        for (size_t i = 0; i < count; i++)
            logits_out[first + i] = (double)scores[i] / EH_MICRO;
    }
}

/* ---- reasons --------------------------------------------------------------------------------------------------------------------- */

size_t eh_reason_groups(const eh_model *model, uint32_t *group_out)
{
    size_t count = 0;
    for (size_t f = 0; f < model->features_count; f++) {
        const char *says = model->features[f].says;
        size_t same = f;
        for (size_t k = 0; k < f && same == f && says != NULL; k++)
            if (model->features[k].says != NULL && strcmp(model->features[k].says, says) == 0)
                same = k;
        group_out[f] = same < f ? group_out[same] : (uint32_t)count++;
    }
    return count;
}

static uint32_t magnitude(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

size_t eh_reasons(const eh_reasoner *reasoner, const uint8_t *bins, const int32_t *contributions, size_t reasons_max, eh_reason *reasons_out,
                  double *completeness_out)
{
    const eh_model *model = reasoner->model;
    int32_t *sums = reasoner->scratch;
    (void)bins;
    memset(sums, 0, reasoner->groups_count * sizeof *sums);
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        if (term->features_count == 1) {
            sums[reasoner->groups[term->feature[0]]] += contributions[t];
        } else {
            int32_t half = contributions[t] / 2;
            sums[reasoner->groups[term->feature[0]]] += half;
            sums[reasoner->groups[term->feature[1]]] += contributions[t] - half;
        }
    }
    size_t count = 0;
    uint64_t total = 0, shown = 0;
    for (uint32_t g = 0; g < reasoner->groups_count; g++) {
        uint32_t size = magnitude(sums[g]);
        total += size;
        if (size == 0 || (count == reasons_max && (count == 0 || size <= magnitude(reasons_out[count - 1].contribution))))
            continue;
        size_t place = count < reasons_max ? count++ : count - 1;
        for (; place > 0 && magnitude(reasons_out[place - 1].contribution) < size; place--)
            reasons_out[place] = reasons_out[place - 1];
        reasons_out[place] = (eh_reason){.feature = g, .contribution = sums[g]};
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t feature = 0;
        shown += magnitude(reasons_out[i].contribution);
        while (reasoner->groups[feature] != reasons_out[i].feature)
            feature++;
        reasons_out[i].feature = feature;
    }
    *completeness_out = total > 0 ? (double)shown / (double)total : 1;
    return count;
}
