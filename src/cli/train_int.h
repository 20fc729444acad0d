/** Private to cli/: one run of `evenhand train`. */
#ifndef EH_CLI_TRAIN_INT_H
#define EH_CLI_TRAIN_INT_H

#include "cli/model_cli_int.h"
#include "model/uplift.h"
#include "report/model_card.h"

/** Everything lives until the end of the run. */
typedef struct {
    eh_train_request *request;
    eh_arena *arena;
    eh_engine *engine;           /* of the files, or borrowed from the workspace's people */
    eh_progress progress;
    const char *path;            /* of the model */
    eh_feature_spec *features;
    size_t features_count;
    eh_dataset_spec spec;
    eh_dataset data;
    eh_fair_attribute *attributes; /* declared, and crossed when asked for */
    size_t attributes_count;
    eh_fit_options fit;
    eh_model *model;
    eh_fair_outcome fair;
    double *held_scores;         /* cross-validated logits; NULL: none */
    eh_fit_measures held;
    bool unmeasured;             /* too few rows for cross-validation */
    void *workspace;             /* of train_workspace.c */
} eh_train_run;

/** Opens the files, settles features; fills run->spec. (train_sources.c) */
EH_MUST_USE eh_code eh_train_sources(eh_train_run *run, eh_error *error);
/** Crossed attributes. */
EH_MUST_USE eh_code eh_train_groups_make(eh_train_run *run, eh_error *error);
/** Where a model came from, into the model. (train_command.c) */
EH_MUST_USE eh_code eh_train_papers(eh_train_run *run, eh_model *model, eh_error *error);
/** Learns, saves and tells effects of offers. (train_uplift.c) */
EH_MUST_USE eh_code eh_train_uplift(eh_train_run *run, eh_buffer *shown, eh_error *error);
/** What was learned, for a terminal. (train_text.c) */
void eh_train_text(const eh_train_run *run, eh_buffer *out);
/** Writes the card and the findings on groups to --report. (train_report.c) */
EH_MUST_USE eh_code eh_train_report(const eh_train_run *run, eh_error *error);
/** The same of an uplift model: a card for each offer, the findings by group. (train_report.c) */
EH_MUST_USE eh_code eh_train_uplift_report(const eh_train_run *run, const eh_uplift *uplift, const eh_card_benefit *benefits, size_t benefits_count, eh_error *error);
/** Opens the workspace, its people and its vault; settles features, outcome, groups and where the model goes. (train_workspace.c) */
EH_MUST_USE eh_code eh_train_workspace_open(eh_train_run *run, eh_error *error);
void eh_train_workspace_close(eh_train_run *run);

#endif
