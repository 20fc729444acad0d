/* How good a model is: AUC, accuracy, log loss, Brier score, calibration, with intervals; rates by group; who adds to a gap. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "stats/stats.h"

enum { CALIBRATION_BINS = 10 };
static const double confidence = 0.95;

typedef struct {
    double score, outcome, weight;
} scored;

static int compare_scored(const void *a, const void *b)
{
    double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

typedef struct {
    double sum, squares, weight, weight_squares;
} moments;

static void moments_add(moments *m, double value, double weight)
{
    m->sum += weight * value;
    m->squares += weight * value * value;
    m->weight += weight;
    m->weight_squares += weight * weight;
}

static double moments_mean(const moments *m, double *low, double *high)
{
    double mean = m->sum / m->weight, n = m->weight * m->weight / m->weight_squares;
    double variance = fmax(m->squares / m->weight - mean * mean, 0) * n / fmax(n - 1, 1);
    double half = eh_normal_quantile(0.5 + confidence / 2) * sqrt(variance / n);
    *low = mean - half;
    *high = mean + half;
    return mean;
}

static void auc_measure(scored *rows, size_t count, double share, eh_fit_measures *out, eh_score_bin *bins)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (used == 0 || bins[used - 1].score != rows[i].score)
            bins[used++] = (eh_score_bin){.score = rows[i].score};
        if (rows[i].outcome > 0.5)
            bins[used - 1].positives += rows[i].weight;
        else
            bins[used - 1].negatives += rows[i].weight;
    }
    eh_estimate auc = eh_auc_delong(bins, used, share, confidence);
    out->auc = auc.value;
    out->auc_low = auc.low;
    out->auc_high = auc.high;
}

/* Mean distance between what was said and what came, over ten bins with the same number of people. Rows are sorted. */
static double calibration_measure(const scored *rows, size_t count, double total)
{
    double error = 0, said = 0, came = 0, weight = 0, done = 0;
    int bin = 1;
    for (size_t i = 0; i < count; i++) {
        said += rows[i].weight / (1 + exp(-rows[i].score));
        came += rows[i].weight * rows[i].outcome;
        weight += rows[i].weight;
        done += rows[i].weight;
        bool last = i + 1 == count;
        if (last || (done >= total * bin / CALIBRATION_BINS && rows[i + 1].score != rows[i].score)) {
            error += fabs(said - came);
            said = came = weight = 0;
            while (done >= total * bin / CALIBRATION_BINS && bin < CALIBRATION_BINS)
                bin++;
        }
    }
    return error / total;
}

static void squared_measure(const scored *rows, size_t count, eh_fit_measures *out)
{
    double sum = 0, total = 0, error = 0, spread = 0;
    for (size_t i = 0; i < count; i++) {
        sum += rows[i].weight * rows[i].outcome;
        total += rows[i].weight;
    }
    for (size_t i = 0; i < count; i++) {
        double e = rows[i].outcome - rows[i].score, d = rows[i].outcome - sum / total;
        error += rows[i].weight * e * e;
        spread += rows[i].weight * d * d;
    }
    out->rmse = sqrt(error / total);
    out->r2 = spread > 0 ? 1 - error / spread : EH_NAN;
}

static void logistic_measure(scored *rows, size_t count, double threshold, eh_score_bin *bins, eh_fit_measures *out)
{
    moments right = {0}, loss = {0}, brier = {0}, said = {0}, came = {0};
    double cut = log(threshold / (1 - threshold)), ignored[2];
    for (size_t i = 0; i < count; i++) {
        const scored *row = &rows[i];
        double p = 1 / (1 + exp(-row->score)), y = row->outcome;
        double clipped = fmin(fmax(p, 1e-15), 1 - 1e-15);
        moments_add(&right, (row->score >= cut) == (y > 0.5) ? 1 : 0, row->weight);
        moments_add(&loss, y > 0.5 ? -log(clipped) : -log1p(-clipped), row->weight);
        moments_add(&brier, (p - y) * (p - y), row->weight);
        moments_add(&said, p, row->weight);
        moments_add(&came, y, row->weight);
    }
    out->accuracy = moments_mean(&right, &out->accuracy_low, &out->accuracy_high);
    out->log_loss = moments_mean(&loss, &out->log_loss_low, &out->log_loss_high);
    out->brier = moments_mean(&brier, &out->brier_low, &out->brier_high);
    out->mean_score = moments_mean(&said, &ignored[0], &ignored[1]);
    out->mean_outcome = moments_mean(&came, &ignored[0], &ignored[1]);
    qsort(rows, count, sizeof *rows, compare_scored);
    auc_measure(rows, count, right.weight / right.weight_squares, out, bins);
    out->calibration_error = calibration_measure(rows, count, right.weight);
}

eh_code eh_fit_measure(const double *scores, const eh_matrix *matrix, eh_loss loss, double threshold, eh_fit_measures *measures_out, eh_error *error)
{
    scored *rows = malloc((matrix->rows + 1) * sizeof *rows);
    eh_score_bin *bins = malloc((matrix->rows + 1) * sizeof *bins);
    if (rows == NULL || bins == NULL) {
        free(rows);
        free(bins);
        return eh_fail_memory(error);
    }
    size_t count = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        double weight = matrix->weight == NULL ? 1 : (double)matrix->weight[i];
        if (!isnan(scores[i]) && weight > 0)
            rows[count++] = (scored){scores[i], (double)matrix->outcome[i], weight};
    }
    eh_fit_measures measures = {.auc = EH_NAN, .r2 = EH_NAN, .rmse = EH_NAN};
    if (loss == EH_LOSS_SQUARED)
        squared_measure(rows, count, &measures);
    else if (count > 0)
        logistic_measure(rows, count, threshold, bins, &measures);
    free(rows);
    free(bins);
    *measures_out = measures;
    return EH_OK;
}

/* ---- groups ---------------------------------------------------------------------------------------------------------------------------- */

const char *const eh_fair_measure_names[EH_FAIR_MEASURES_COUNT] = {"selection_rate", "tpr", "fpr"};

void eh_group_rates(const double *logits, const eh_matrix *matrix, const eh_fair_attribute *attribute, eh_fair_measure measure, double threshold,
                    double *picked_out, double *total_out)
{
    double cut = log(threshold / (1 - threshold));
    memset(picked_out, 0, attribute->groups_count * sizeof *picked_out);
    memset(total_out, 0, attribute->groups_count * sizeof *total_out);
    for (size_t i = 0; i < matrix->rows; i++) {
        uint16_t group = attribute->group[i];
        bool positive = matrix->outcome[i] > 0.5f;
        if (group == EH_GROUP_NONE || isnan(logits[i]) || (measure == EH_FAIR_TPR && !positive) || (measure == EH_FAIR_FPR && positive))
            continue;
        double weight = matrix->weight == NULL ? 1 : (double)matrix->weight[i];
        total_out[group] += weight;
        picked_out[group] += logits[i] >= cut ? weight : 0;
    }
}

void eh_levelling_measure(const eh_model *before, const eh_model *after, const eh_matrix *matrix, const eh_fair_attribute *attribute,
                          eh_levelling *levelling_out)
{
    uint8_t row[EH_MODEL_FEATURES_MAX];
    double cut = log(after->threshold / (1 - after->threshold)) * EH_MICRO;
    memset(levelling_out, 0, attribute->groups_count * sizeof *levelling_out);
    for (size_t i = 0; i < matrix->rows; i++) {
        if (attribute->group[i] == EH_GROUP_NONE)
            continue;
        eh_levelling *group = &levelling_out[attribute->group[i]];
        for (size_t f = 0; f < matrix->features_count; f++)
            row[f] = matrix->bins[f][i];
        bool was = (double)eh_model_score(before, row, NULL) >= cut, is = (double)eh_model_score(after, row, NULL) >= cut;
        double weight = matrix->weight == NULL ? 1 : (double)matrix->weight[i];
        group->total += weight;
        group->lost += was && !is ? weight : 0;
        group->gained += is && !was ? weight : 0;
    }
}

void eh_gap_attribution(const eh_model *model, const eh_matrix *matrix, const eh_fair_attribute *attribute, double *mean_out)
{
    double totals[EH_INTERSECTION_GROUPS_MAX] = {0};
    size_t groups = attribute->groups_count;
    memset(mean_out, 0, model->terms_count * groups * sizeof *mean_out);
    for (size_t i = 0; i < matrix->rows; i++)
        if (attribute->group[i] != EH_GROUP_NONE)
            totals[attribute->group[i]] += matrix->weight == NULL ? 1 : (double)matrix->weight[i];
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        const uint8_t *a = matrix->bins[term->feature[0]], *b = matrix->bins[term->feature[1]];
        for (size_t i = 0; i < matrix->rows; i++) {
            if (attribute->group[i] == EH_GROUP_NONE)
                continue;
            uint32_t cell = term->features_count == 1 ? a[i] : (uint32_t)term->map[0][a[i]] * EH_PAIR_BINS + term->map[1][b[i]];
            mean_out[t * groups + attribute->group[i]] += (matrix->weight == NULL ? 1 : (double)matrix->weight[i]) * (double)term->scores[cell];
        }
        for (size_t g = 0; g < groups; g++)
            mean_out[t * groups + g] /= totals[g] > 0 ? totals[g] * EH_MICRO : 1;
    }
}
