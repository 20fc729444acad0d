/**
 * From an open workspace to a decision that is on record: the plan of a campaign, its preflight report, its release, a decision read back.
 *
 * The rooms below know nothing of each other; here the people's facts (data/), what they have said (rights/), the rules (policy/), the
 * models (model/), the groups for the guards (vault/) and the ledger are joined around decide/. Commands and pages call this.
 */
#ifndef EH_JOURNEY_JOURNEY_H
#define EH_JOURNEY_JOURNEY_H

#include "data/workspace.h"
#include "decide/decide.h"
#include "explain/explain.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "report/plan_report.h"

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
    eh_buffer traces;            /* one after the other, ascending by key, each with its length before it (4 bytes, little-endian) and, once it went out, its decision behind it */
} eh_plan_file;

enum { EH_DECISION_ID_BYTES = 16 };

/** One person of a plan. Borrowed from the file. */
typedef struct {
    eh_view key, trace;
    const uint8_t *id;           /* of the decision in the ledger, EH_DECISION_ID_BYTES; NULL: the plan has not gone out */
    bool sent;                   /* its message went out */
} eh_plan_record;

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
/** The next record, without reading its trace. Only while *at is less than file->traces.len. errors: EH_CORRUPT */
EH_MUST_USE eh_code eh_plan_file_step(const eh_plan_file *file, size_t *at, eh_plan_record *record_out, eh_error *error);
void eh_traces_append(eh_buffer *traces, const eh_trace *trace);
/** The same with its decision. */
void eh_decided_append(eh_buffer *traces, const eh_trace *trace, const uint8_t id[EH_DECISION_ID_BYTES], bool sent);

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
    const char *campaign;        /* the name of a file in campaigns/, or a path */
    const char *workspace;       /* folder; NULL: the present one or the nearest above it */
    eh_instant now, as_of;       /* as_of: only when dated */
    bool dated;
    bool repair;                 /* may mend itself, whatever the campaign says */
    uint64_t seed;
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

/** `run` holds the request and an arena; the rest is filled. Writes nothing but the archive. errors: of workspace, campaign, models, policy, rights, vault */
EH_MUST_USE eh_code eh_plan_run_do(eh_plan_run *run, eh_error *error);
void eh_plan_run_close(eh_plan_run *run);

/* ---- the preflight report (preflight.c) --------------------------------------------------------------------------------------------- */

enum { EH_PREFLIGHT_EXAMPLES = 10, EH_PREFLIGHT_REQUIREMENTS_MAX = 16 };

typedef struct {
    eh_plan_summary summary;
    eh_plan_example examples[EH_PREFLIGHT_EXAMPLES];
    eh_plan_requirement requirements[EH_PREFLIGHT_REQUIREMENTS_MAX];
    eh_report_plan report;       /* points to the above */
} eh_preflight;

/** After eh_plan_run_do. A requirement that is not met turns "released" into "ask". */
EH_MUST_USE eh_code eh_preflight_make(eh_plan_run *run, eh_preflight *preflight_out, eh_error *error);
/** Writes .evenhand/plans/NAME/: frame.json, traces, report.json. */
EH_MUST_USE eh_code eh_preflight_write(const eh_plan_run *run, const eh_preflight *preflight, eh_error *error);

/* ---- release (release.c) ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const eh_workspace_model *model;
    const char *plan;            /* its name or its folder */
    const char *approved_by;     /* NULL: nobody; needed when the guards could not tell */
    const char *asked_by;        /* who asked for that approval, somebody else; NULL: nobody */
    const char *reason;          /* why it may go out all the same, in their words; NULL */
    bool set_stop_aside;         /* also a plan that was stopped may go, when both are named and a reason is given */
    eh_ledger *ledger;           /* borrowed, of a process that writes it already; NULL: it is opened and closed here */
    const char *output;          /* the send list as a file, Parquet when it ends in .parquet, else CSV; NULL: only in the result */
    const char *list_for;        /* "plain", "klaviyo", "shopify": the columns of the send list; NULL: plain */
    const char *origin;          /* how the world sees the pages, for the links; NULL: shop.origin of evenhand.yaml, and without that no links */
    eh_instant now;              /* the moment at which rights, caps and quiet hours are asked again */
} eh_release_request;

typedef struct {
    eh_buffer list;              /* the send list, CSV; the caller disposes of it */
    uint64_t sent, left_out, recorded;
} eh_release_result;

/**
 * Lets a plan go out: asks rights and caps once more for everybody, puts every decision into the ledger, keeps who was sent what
 * (journey/campaigns.h), writes the send list. Who has switched AI off since the plan loses the score everywhere.
 * What was approved, by whom and why is an entry "approval" beside the plan; nobody approves what they asked for themselves (EH_DENIED).
 * errors: EH_DENIED when it was stopped, needs an approval, or the policy has changed since; EH_CONFLICT when it went out already; EH_NOT_FOUND
 */
EH_MUST_USE eh_code eh_release(const eh_release_request *request, eh_release_result *result_out, eh_error *error);

/* ---- decisions read back (decisions.c) ---------------------------------------------------------------------------------------------------- */

/** A decision with the frame, the models and the decider that it was made with. */
typedef struct {
    eh_plan_file file;           /* kept from one decision to the next while the frame is the same */
    eh_trace trace;
} eh_decision;
void eh_decision_close(eh_decision *decision);

/** The decision of a plan about a person. errors: EH_NOT_FOUND */
EH_MUST_USE eh_code eh_decision_of_plan(const eh_workspace_model *model, const char *plan, const char *person, eh_decision *decision_out, eh_error *error);
/** Trace and frame of a "decision" entry of the ledger. The trace lives in `arena`. errors: EH_INPUT for another kind; EH_NOT_FOUND when it was erased */
EH_MUST_USE eh_code eh_decision_of_record(const eh_workspace_model *model, const eh_ledger_record *record, eh_arena *arena, eh_decision *decision_out, eh_error *error);
/** The decision with this id. */
EH_MUST_USE eh_code eh_decision_of_ledger(const eh_workspace_model *model, eh_view id, eh_arena *arena, eh_decision *decision_out, eh_error *error);

/** The words of its page. `words` must live as long as the page is used. */
EH_MUST_USE eh_code eh_decision_page(const eh_decision *decision, const eh_words *words, eh_arena *arena, eh_page *page_out, eh_page_input *input_out, eh_error *error);

#endif
