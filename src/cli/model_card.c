/* The model card: measures by group on the data that is named, then the page. */
#include <math.h>
#include <string.h>

#include "cli/model_command_int.h"
#include "report/model_card.h"

/* AUC of one group. */
static eh_code group_auc(const eh_card_data *data, const eh_fair_attribute *attribute, size_t group, double *scratch, eh_card_group *out, eh_error *error)
{
    eh_fit_measures measures;
    for (size_t i = 0; i < data->matrix->rows; i++)
        scratch[i] = attribute->group[i] == group ? data->scores[i] : EH_NAN;
    EH_TRY(eh_fit_measure(scratch, data->matrix, EH_LOSS_LOGISTIC, 0.5, &measures, error));
    out->auc = measures.auc;
    out->auc_low = measures.auc_low;
    out->auc_high = measures.auc_high;
    out->base_rate = measures.mean_outcome;
    return EH_OK;
}

eh_code eh_card_attribute_make(const eh_card_data *data, const eh_fair_attribute *attribute, eh_arena *arena, eh_card_attribute *card_out, eh_error *error)
{
    size_t count = attribute->groups_count, terms = data->model->terms_count;
    eh_card_group *groups = EH_TAKE(arena, count, eh_card_group);
    double *mean = EH_TAKE(arena, terms * count, double), *distance = EH_TAKE(arena, terms, double), *scratch = EH_TAKE(arena, data->matrix->rows, double);
    double picked[EH_INTERSECTION_GROUPS_MAX], total[EH_INTERSECTION_GROUPS_MAX];
    if (groups == NULL || mean == NULL || distance == NULL || scratch == NULL)
        return eh_fail_memory(error);
    for (eh_fair_measure m = EH_FAIR_SELECTION; m < EH_FAIR_MEASURES_COUNT; m++) {
        eh_group_rates(data->scores, data->matrix, attribute, m, data->model->threshold, picked, total);
        for (size_t g = 0; g < count; g++) {
            eh_interval interval = eh_interval_wilson((eh_proportion){picked[g], total[g]}, 0.95);
            groups[g].rates[m] = (eh_estimate){.value = total[g] > 0 ? picked[g] / total[g] : EH_NAN, .low = interval.low, .high = interval.high, .n = total[g]};
            if (m == EH_FAIR_SELECTION)
                groups[g].people = total[g];
        }
    }
    eh_gap_attribution(data->model, data->matrix, attribute, mean);
    size_t low = 0, high = 0;
    double sums[EH_INTERSECTION_GROUPS_MAX] = {0};
    for (size_t g = 0; g < count; g++) {
        groups[g].name = attribute->group_names[g];
        EH_TRY(group_auc(data, attribute, g, scratch, &groups[g], error));
        for (size_t t = 0; t < terms; t++)
            sums[g] += mean[t * count + g];
        low = groups[g].people > 0 && sums[g] < sums[low] ? g : low;
        high = groups[g].people > 0 && sums[g] > sums[high] ? g : high;
    }
    for (size_t t = 0; t < terms; t++)
        distance[t] = mean[t * count + high] - mean[t * count + low];
    *card_out = (eh_card_attribute){.name = attribute->name, .groups = groups, .groups_count = count, .attribution = distance, .low = low, .high = high};
    return EH_OK;
}

eh_code eh_model_card_make(eh_model_request *request, const eh_model_file *file, eh_buffer *out, eh_error *error)
{
    const eh_model *model = file->model;
    eh_model_card card = {.model = model, .uplift = file->uplift, .offer = file->offer};
    eh_fit_measures measures;
    eh_dataset data = {0};
    if (request->groups_count > 0 && request->files_count == 0)
        return eh_fail(error, EH_INPUT, "--protected: needs --data and --label to measure groups on");
    if (request->files_count > 0 && file->uplift != NULL)
        return eh_fail(error, EH_INPUT, "--data: the effect of an offer is measured where it is learned: evenhand train ... --protected EXPR --report PREFIX makes a card "
                       "with groups");
    if (request->files_count > 0) {
        const char *slash = strrchr(request->files[0], '/');
        EH_TRY(eh_model_data_read(request, model, &data, error));
        double *scores = EH_TAKE(request->arena, data.matrix.rows, double);
        eh_card_attribute *attributes = EH_TAKE(request->arena, request->groups_count, eh_card_attribute);
        if (scores == NULL || attributes == NULL)
            return eh_fail_memory(error);
        eh_model_score_matrix(model, data.matrix.bins, data.matrix.rows, scores);
        EH_TRY(eh_fit_measure(scores, &data.matrix, model->loss, model->threshold, &measures, error));
        eh_card_data known = {.model = model, .matrix = &data.matrix, .scores = scores};
        for (size_t a = 0; a < request->groups_count; a++)
            EH_TRY(eh_card_attribute_make(&known, &data.attributes[a], request->arena, &attributes[a], error));
        card.measures = &measures;
        card.measured_rows = data.matrix.rows;
        card.measured_on = slash == NULL ? request->files[0] : slash + 1;
        card.attributes = attributes;
        card.attributes_count = request->groups_count;
    }
    eh_model_card_html(&card, out);
    return eh_buffer_check(out, error);
}
