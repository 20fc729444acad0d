/** The commands that decide: plan, release, why, replay. Private to cli/. */
#ifndef EH_CLI_PLAN_INT_H
#define EH_CLI_PLAN_INT_H

#include "cli/cli_int.h"
#include "data/workspace.h"
#include "decide/decide.h"
#include "explain/explain.h"
#include "policy/policy.h"

/* ---- a plan on the disk (plan_files.c): .evenhand/plans/NAME/ ---------------------------------------------------------------------- */

typedef struct {
    eh_arena *arena;
    const char *folder;          /* of the plan */
    const char *name;
    eh_frame frame;
    eh_digest frame_digest;
    eh_view frame_text;
    const eh_model *models[EH_OFFERS_MAX];
    eh_decider *decider;
    eh_buffer traces;            /* one after the other, each with its length before it (4 bytes, little-endian) */
} eh_plan_file;

/** Keeps a version of something under its hash: .evenhand/archive/HASH.EXTENSION. */
EH_MUST_USE eh_code eh_archive_keep(const char *state_folder, const char *extension, eh_view bytes, eh_digest *digest_out, eh_error *error);
/** Reads it back and checks the hash. errors: EH_NOT_FOUND, EH_CORRUPT */
EH_MUST_USE eh_code eh_archive_read(const char *state_folder, const char *extension, const eh_digest *digest, eh_buffer *out, eh_error *error);

/** Writes frame and traces. `traces` as above. */
EH_MUST_USE eh_code eh_plan_file_write(const char *state_folder, const eh_frame *frame, eh_view traces, eh_error *error);
/** Opens a plan by its name or its folder, with its models. */
EH_MUST_USE eh_code eh_plan_file_open(const char *state_folder, const char *name, eh_plan_file *file_out, eh_error *error);
void eh_plan_file_close(eh_plan_file *file);
/** Frame and models of a decision of the ledger. */
EH_MUST_USE eh_code eh_frame_open(const char *state_folder, eh_view frame_text, eh_arena *arena, eh_plan_file *file_out, eh_error *error);
/** The next trace; false at the end. `at` starts at 0. errors: EH_CORRUPT */
EH_MUST_USE eh_code eh_plan_file_next(const eh_plan_file *file, size_t *at, eh_arena *arena, eh_trace *trace_out, bool *more_out, eh_error *error);
void eh_traces_append(eh_buffer *traces, const eh_trace *trace);

/* ---- the policy (plan_rules.c) ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *path;            /* policy.yaml */
    const char *zone;            /* of the shop */
    eh_frame *frame;             /* takes the rules' words and the policy's hash */
    const eh_campaign *campaign;
    eh_rights *rights;
    eh_may_question question;
    const char *const *keys;
} eh_plan_rules_input;

typedef struct {
    eh_policy *policy;
    eh_policy_asker *asker;
    const eh_frame *frame;
    eh_rights *rights;
    eh_may_question question;
    const char *const *keys;
    eh_civil local;              /* the shop's clock at the moment of the decision */
    size_t facts_count;
    eh_cel_value *row;
    size_t *feature;             /* of the frame; SIZE_MAX: none */
    uint8_t *tells;
} eh_plan_rules;

/** face_out is untouched when there is no policy file. `rules` must stay where it is. errors: a policy that may not run */
EH_MUST_USE eh_code eh_plan_rules_open(eh_plan_rules *rules, const eh_plan_rules_input *input, eh_arena *arena, eh_rules_face *face_out, eh_error *error);
void eh_plan_rules_close(eh_plan_rules *rules);

/* ---- from a workspace to a plan (plan_run.c) ------------------------------------------------------------------------------------------ */

typedef struct {
    const char *campaign, *workspace, *output_prefix, *only;
    unsigned formats;
    eh_instant now, as_of;
    bool dated, repair, quiet, help;
    uint64_t seed;
    bool seeded;
} eh_plan_request;

typedef struct {
    eh_plan_request request;
    eh_arena *arena;
    eh_workspace *workspace;
    const eh_workspace_model *model;
    eh_campaign_file *campaign_file;
    eh_people *people;
    const char *const *keys;
    size_t people_count;
    eh_fact_column *columns;
    const eh_model *models[EH_OFFERS_MAX];
    eh_digest model_digests[EH_OFFERS_MAX];
    eh_rights *rights;
    eh_plan_rules rules;
    bool *audience;
    eh_plan_groups *groups;
    size_t groups_count;
    eh_frame frame;
    eh_plan *plan;
    eh_plan_repair repair;
    eh_plan_verdict verdict;
    const char *outcome;         /* "released", "repaired", "stopped", "ask" */
} eh_plan_run;

EH_MUST_USE eh_code eh_plan_run_do(eh_plan_run *run, eh_error *error);
void eh_plan_run_close(eh_plan_run *run);

#endif
