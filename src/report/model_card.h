/** The model card: one HTML document about one model, for those who decide whether it may be used. */
#ifndef EH_REPORT_MODEL_CARD_H
#define EH_REPORT_MODEL_CARD_H

#include "model/model.h"
#include "model/uplift.h"
#include "stats/stats.h"

/** One group of people, on the data that the card was made with. */
typedef struct {
    const char *name;
    double people;
    double base_rate;                            /* NaN without an outcome of true and false */
    eh_estimate rates[EH_FAIR_MEASURES_COUNT];   /* n 0: nobody to count */
    double auc, auc_low, auc_high;
} eh_card_group;

typedef struct {
    const char *name;
    const eh_card_group *groups;
    size_t groups_count;
    /** What each term adds to the distance between the mean scores of the two groups that lie furthest apart; NULL: not known. */
    const double *attribution;
    size_t low, high;
} eh_card_attribute;

/** Whom the offers help, by the groups of one attribute. */
typedef struct {
    const char *name;
    const eh_uplift_group *groups;
    size_t groups_count;
} eh_card_benefit;

/** All borrowed. */
typedef struct {
    const eh_model *model;
    const eh_uplift *uplift;                     /* the file that the model is an offer's effect of; NULL: a model of an outcome */
    size_t offer;
    const eh_card_benefit *benefits;
    size_t benefits_count;
    const eh_fit_measures *measures;             /* on the data of the card; NULL: none */
    uint64_t measured_rows;
    const char *measured_on;                     /* "adult_test.csv", "5-fold cross-validation" */
    const eh_card_attribute *attributes;
    size_t attributes_count;
    const eh_frontier_point *frontier;
    size_t frontier_count;
} eh_model_card;

/** One self-contained page: no script, nothing loaded; light and dark, phones, print. Pure: the same card, the same bytes. */
void eh_model_card_html(const eh_model_card *card, eh_buffer *out);

#endif
