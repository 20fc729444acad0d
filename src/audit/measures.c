#include <math.h>
#include <string.h>

#include "audit/audit_int.h"

#define PICKED_POSITIVE TALLY_BIT(EH_TRUE, EH_TRUE)
#define PICKED_NEGATIVE TALLY_BIT(EH_FALSE, EH_TRUE)
#define PASSED_POSITIVE TALLY_BIT(EH_TRUE, EH_FALSE)
#define PASSED_NEGATIVE TALLY_BIT(EH_FALSE, EH_FALSE)
#define POSITIVES (PICKED_POSITIVE | PASSED_POSITIVE)
#define NEGATIVES (PICKED_NEGATIVE | PASSED_NEGATIVE)
#define PICKED_LABELLED (PICKED_POSITIVE | PICKED_NEGATIVE)
#define PASSED_LABELLED (PASSED_POSITIVE | PASSED_NEGATIVE)

static const eh_measure_info measures[EH_MEASURES_COUNT] = {
    [EH_SELECTION_RATE] = {"selection_rate", "selection rate", "Of all people in the group, the share who were picked.",
                           "(TP + FP) / n", EH_NEEDS_DECISION, true, false},
    [EH_BASE_RATE] = {"base_rate", "base rate", "Of all people in the group, the share whose label is true.", "(TP + FN) / n",
                      EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_TPR] = {"tpr", "true positive rate", "Of those whose label is true, the share who were picked.", "TP / (TP + FN)",
                EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_FPR] = {"fpr", "false positive rate", "Of those whose label is false, the share who were picked all the same.",
                "FP / (FP + TN)", EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_TNR] = {"tnr", "true negative rate", "Of those whose label is false, the share who were not picked.", "TN / (FP + TN)",
                EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_FNR] = {"fnr", "false negative rate", "Of those whose label is true, the share who were passed over.", "FN / (TP + FN)",
                EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_PPV] = {"ppv", "precision", "Of those who were picked, the share whose label is true.", "TP / (TP + FP)",
                EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_NPV] = {"npv", "negative predictive value", "Of those who were not picked, the share whose label is false.",
                "TN / (TN + FN)", EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_FDR] = {"fdr", "false discovery rate", "Of those who were picked, the share whose label is false.", "FP / (TP + FP)",
                EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_FOR] = {"for", "false omission rate", "Of those who were not picked, the share whose label is true.", "FN / (TN + FN)",
                EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_ACCURACY] = {"accuracy", "accuracy", "The share of people for whom decision and label agree.",
                     "(TP + TN) / (TP + FP + FN + TN)", EH_NEEDS_DECISION | EH_NEEDS_LABEL, true, false},
    [EH_BALANCED_ACCURACY] = {"balanced_accuracy", "balanced accuracy",
                              "The mean of the true positive and the true negative rate.", "(TPR + TNR) / 2",
                              EH_NEEDS_DECISION | EH_NEEDS_LABEL, false, false},
    [EH_F1] = {"f1", "F1 score", "The harmonic mean of precision and true positive rate.", "2 TP / (2 TP + FP + FN)",
               EH_NEEDS_DECISION | EH_NEEDS_LABEL, false, false},
    [EH_TREATMENT_EQUALITY] = {"treatment_equality", "treatment equality",
                               "People who were wrongly passed over, for each one who was wrongly picked.", "FN / FP",
                               EH_NEEDS_DECISION | EH_NEEDS_LABEL, false, true},
    [EH_AUC] = {"auc", "area under the ROC curve",
                "How often a person whose label is true has a higher score than one whose label is false.",
                "P(score+ > score-) + P(equal) / 2", EH_NEEDS_SCORE | EH_NEEDS_LABEL, false, false},
    [EH_BRIER] = {"brier", "Brier score", "The mean squared distance of the score from what happened.", "mean((score - label)^2)",
                  EH_NEEDS_SCORE | EH_NEEDS_LABEL, false, false},
    [EH_LOG_LOSS] = {"log_loss", "log loss", "The mean surprise at what happened, given the score.",
                     "mean(-ln p(label))", EH_NEEDS_SCORE | EH_NEEDS_LABEL, false, true},
    [EH_CALIBRATION_ERROR] = {"calibration_error", "calibration error",
                              "How far scores are from the share that came true, on average over ten equal bins.",
                              "sum_b n_b / n |observed_b - mean score_b|", EH_NEEDS_SCORE | EH_NEEDS_LABEL, false, false},
    [EH_VALUE_MEAN] = {"value_mean", "mean value per head", "The value per person in the group.", "sum(value) / n",
                       EH_NEEDS_VALUE, false, true},
};

/** Which cells of the tally a proportion counts, and over which. */
typedef struct {
    unsigned numerator, denominator;
} measure_cells;

static const measure_cells proportions[EH_MEASURES_COUNT] = {
    [EH_SELECTION_RATE] = {TALLY_PICKED, TALLY_DECIDED},
    [EH_BASE_RATE] = {POSITIVES, TALLY_LABELLED},
    [EH_TPR] = {PICKED_POSITIVE, POSITIVES},
    [EH_FPR] = {PICKED_NEGATIVE, NEGATIVES},
    [EH_TNR] = {PASSED_NEGATIVE, NEGATIVES},
    [EH_FNR] = {PASSED_POSITIVE, POSITIVES},
    [EH_PPV] = {PICKED_POSITIVE, PICKED_LABELLED},
    [EH_NPV] = {PASSED_NEGATIVE, PASSED_LABELLED},
    [EH_FDR] = {PICKED_NEGATIVE, PICKED_LABELLED},
    [EH_FOR] = {PASSED_POSITIVE, PASSED_LABELLED},
    [EH_ACCURACY] = {PICKED_POSITIVE | PASSED_NEGATIVE, TALLY_LABELLED},
    /* F1 and treatment equality are one-to-one functions of these proportions, and so are their intervals. */
    [EH_F1] = {PICKED_POSITIVE, PICKED_POSITIVE | PICKED_NEGATIVE | PASSED_POSITIVE},
    [EH_TREATMENT_EQUALITY] = {PASSED_POSITIVE, PASSED_POSITIVE | PICKED_NEGATIVE},
};

const eh_measure_info *eh_measure_get(eh_measure measure)
{
    EH_ASSERT(measure < EH_MEASURES_COUNT);
    return &measures[measure];
}

eh_measure eh_measure_find(eh_view name)
{
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        if (eh_view_equal(name, eh_view_of(measures[m].name)))
            return m;
    return EH_MEASURES_COUNT;
}

uint32_t measures_available(unsigned has)
{
    uint32_t available = 0;
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        if ((measures[m].needs & has) == measures[m].needs)
            available |= 1U << m;
    return available;
}

const char *eh_verdict_name(eh_verdict verdict)
{
    static const char *const names[] = {
        [EH_WITHIN_TOLERANCE] = "within tolerance",
        [EH_NOT_ENOUGH_EVIDENCE] = "not enough evidence",
        [EH_VIOLATES] = "violates",
    };
    EH_ASSERT(verdict <= EH_VIOLATES);
    return names[verdict];
}

int eh_verdict_exit_status(eh_verdict verdict)
{
    static const int statuses[] = {[EH_WITHIN_TOLERANCE] = 0, [EH_NOT_ENOUGH_EVIDENCE] = 3, [EH_VIOLATES] = 1};
    EH_ASSERT(verdict <= EH_VIOLATES);
    return statuses[verdict];
}

tally_sum tally_over(const tally *counts, unsigned cells_mask)
{
    tally_sum sum = {0};
    for (unsigned cell = 0; cell < TALLY_CELLS; cell++) {
        if (!(cells_mask >> cell & 1U))
            continue;
        sum.count += counts->count[cell];
        sum.weight += counts->weight[cell];
        sum.weight_squares += counts->weight_squares[cell];
    }
    return sum;
}

void tally_add(tally *into, const tally *more)
{
    for (unsigned cell = 0; cell < TALLY_CELLS; cell++) {
        into->count[cell] += more->count[cell];
        into->weight[cell] += more->weight[cell];
        into->weight_squares[cell] += more->weight_squares[cell];
    }
    into->value_weight += more->value_weight;
    into->value_weight_squares += more->value_weight_squares;
    into->value += more->value;
    into->value_squares += more->value_squares;
    into->rows += more->rows;
}

void tally_cell(tally *into, const eh_cell *cell)
{
    unsigned at = TALLY_AT(cell->label, cell->decision);
    into->count[at] += (double)cell->count;
    into->weight[at] += cell->weight;
    into->weight_squares[at] += cell->weight_squares;
    into->rows += (double)cell->count;
    if (cell->decision == EH_UNKNOWN)
        return;
    into->value_weight += cell->value_weight;
    into->value_weight_squares += cell->value_weight_squares;
    into->value += cell->value;
    into->value_squares += cell->value_squares;
}

eh_proportion measure_proportion(eh_measure measure, const tally *counts)
{
    const measure_cells *cells = &proportions[measure];
    EH_ASSERT(cells->denominator != 0);
    tally_sum below = tally_over(counts, cells->denominator);
    tally_sum above = tally_over(counts, cells->numerator);
    if (below.weight <= 0 || below.weight_squares <= 0)
        return (eh_proportion){0, 0};
    double effective = below.weight * below.weight / below.weight_squares;
    double successes = effective * (above.weight / below.weight);
    /* Unweighted counts must come out as the whole numbers they are. */
    if (below.weight_squares == below.weight) {
        effective = below.weight;
        successes = above.weight;
    }
    return (eh_proportion){fmin(successes, effective), effective};
}

double measure_weight(eh_measure measure, const tally *counts)
{
    return tally_over(counts, proportions[measure].denominator).weight;
}
