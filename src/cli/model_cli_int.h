/** Private to cli/: the commands that make, show and use models. */
#ifndef EH_CLI_MODEL_CLI_INT_H
#define EH_CLI_MODEL_CLI_INT_H

#include "cli/cli_int.h"
#include "model/dataset.h"
#include "model/model.h"

enum { EH_TRAIN_CONSTRAINTS_MAX = 8, EH_FEATURE_NOTES_MAX = 1000 };

/** What was said of one feature by --monotone, --changeable, --says. */
typedef struct {
    const char *name, *says, *from_whom;
    int monotone;
    bool changeable;
} eh_feature_note;

typedef enum { EH_UPLIFT_DR, EH_UPLIFT_T, EH_UPLIFT_X } eh_uplift_learner_name;

typedef struct {
    const char *model;                 /* where to write, or a name in the workspace */
    const char *const *files;
    size_t files_count;
    const char *workspace;             /* folder; NULL: look for one when there is no --data */
    const char *label_text;            /* as given: an expression, or an outcome of the workspace */
    eh_expression label, weight, treatment;
    const char *where, *name, *purpose, *control, *report_prefix, *as_of, *now;
    eh_expression *features;
    size_t features_count;
    eh_expression protected_[EH_ATTRIBUTES_MAX];
    size_t protected_count;
    eh_expression *propensities;
    size_t propensities_count;
    eh_fair_constraint constraints[EH_TRAIN_CONSTRAINTS_MAX];
    size_t constraints_count;
    eh_feature_note notes[EH_FEATURE_NOTES_MAX];
    size_t notes_count;
    bool amount, frontier, quiet, help, intersections;
    const char *learner;               /* "dr", "t", "x" */
    double budget;                     /* share of people who may get an offer; NaN: not said */
    double threshold;
    int64_t folds;                     /* -1: by the number of rows */
    eh_fit_options fit;
    uint64_t memory_bytes_max;
} eh_train_request;

EH_MUST_USE eh_code eh_train_request_parse(int argc, char **argv, eh_arena *arena, eh_train_request **request_out, eh_error *error);
void eh_train_options_help(eh_buffer *out);

int eh_train_command(int argc, char **argv);
void eh_train_help(eh_buffer *out);
int eh_model_command(int argc, char **argv);
void eh_model_help(eh_buffer *out);
int eh_score_command(int argc, char **argv);
void eh_score_help(eh_buffer *out);

/* ---- what train found, for text and reports (train_found.c) -------------------------------------------------------------------- */

/** The rates of one attribute's groups by the cross-validated scores, with intervals. */
typedef struct {
    const eh_fair_attribute *attribute;
    eh_estimate *rates[EH_FAIR_MEASURES_COUNT]; /* per group */
    double *auc;
} eh_train_groups;

#endif
