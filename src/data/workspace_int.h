/**
 * Private to src/data: the workspace's model while it is read, and the people's table while it is made.
 */
#ifndef EH_DATA_WORKSPACE_INT_H
#define EH_DATA_WORKSPACE_INT_H

#include "data/data_int.h"
#include "data/workspace.h"

struct eh_workspace {
    eh_arena *arena;
    eh_yaml_document *document;
    eh_workspace_model model;
};

/* ---- evenhand.yaml (workspace_read.c, workspace_entries.c) --------------------------------------------------------------------- */

/** Fills workspace->model from workspace->document; model.folder and state_folder are set before. */
EH_MUST_USE eh_code eh_workspace_read(eh_workspace *workspace, eh_error *error);

/** Sources, protected attributes, features, outcomes, population: one reader each; `node` NULL leaves the model as it is. */
EH_MUST_USE eh_code eh_sources_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error);
EH_MUST_USE eh_code eh_attributes_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error);
EH_MUST_USE eh_code eh_features_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error);
EH_MUST_USE eh_code eh_outcomes_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error);
EH_MUST_USE eh_code eh_population_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error);

/** "14 days", "2 weeks", "24 months", "1 year", "36 hours": months count 30 days and years 365. */
EH_MUST_USE eh_code eh_period_read(const eh_yaml_node *node, eh_duration *duration_out, eh_error *error);

#endif
