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
/** "released", "repaired", "ask" or "stopped", as its preflight report says; *sent_out: it went out. */
EH_MUST_USE eh_code eh_plan_outcome(const char *state_folder, const char *name, char outcome_out[16], bool *sent_out, eh_error *error);
/** The next trace; false at the end. `at` starts at 0. errors: EH_CORRUPT */
EH_MUST_USE eh_code eh_plan_file_next(const eh_plan_file *file, size_t *at, eh_arena *arena, eh_trace *trace_out, bool *more_out, eh_error *error);
/** The next record, without reading its trace. Only while *at is less than file->traces.len. errors: EH_CORRUPT */
EH_MUST_USE eh_code eh_plan_file_step(const eh_plan_file *file, size_t *at, eh_plan_record *record_out, eh_error *error);
void eh_traces_append(eh_buffer *traces, const eh_trace *trace);
/** The same with its decision. */
void eh_decided_append(eh_buffer *traces, const eh_trace *trace, const uint8_t id[EH_DECISION_ID_BYTES], bool sent);

/* ---- the policy (plan_rules.c) ---------------------------------------------------------------------------------------------------------- */

/** Keeps a policy with its packs under its hash, and opens it again as it was. `now`: for its review dates. errors: EH_NOT_FOUND, EH_CORRUPT */
EH_MUST_USE eh_code eh_policy_archive_keep(const char *state_folder, const eh_policy *policy, eh_error *error);
EH_MUST_USE eh_code eh_policy_archive_open(const char *state_folder, const eh_digest *digest, eh_instant now, eh_policy **policy_out, eh_error *error);

typedef struct {
    eh_policy *policy;           /* taken, also when it fails; NULL: read from `path` */
    const char *path;            /* policy.yaml */
    const eh_frame *frame;       /* facts, offers, channel ...; borrowed for as long as the book */
    const eh_campaign *campaign; /* what it says of itself; only read here */
    eh_instant now;              /* for review dates */
} eh_rulebook_input;

/** The policy, its facts found among those of a frame. Read-only after it was opened. */
typedef struct eh_rulebook eh_rulebook;
/** book_out is untouched when there is no policy file: rights alone decide. errors: a policy that may not run */
EH_MUST_USE eh_code eh_rulebook_open(const eh_rulebook_input *input, eh_arena *arena, eh_rulebook **book_out, eh_error *error);
void eh_rulebook_close(eh_rulebook **book);
/** The rules' words and the policy's hash, into a frame. Texts are borrowed from the book. */
EH_MUST_USE eh_code eh_rulebook_describe(const eh_rulebook *book, eh_frame *frame, eh_arena *arena, eh_error *error);
EH_MUST_USE eh_code eh_rulebook_digest(const eh_rulebook *book, eh_digest *digest_out, eh_error *error);
const eh_policy *eh_rulebook_policy(const eh_rulebook *book);

/** "consent", "soft_opt_in", "implied_consent", "legitimate_interest"; "none". */
const char *eh_lawful_basis_of(const eh_trace_right *marketing);

/** One thread's place at the book: rules are asked from here. */
typedef struct eh_rules_seat eh_rules_seat;
EH_MUST_USE eh_code eh_rules_seat_open(const eh_rulebook *book, eh_rules_seat **seat_out, eh_error *error);
void eh_rules_seat_close(eh_rules_seat **seat);
/** An eh_rules_face.ask; `context` is the seat. cost: about 20 to 50 ns for a rule that is not decided by the campaign alone */
EH_MUST_USE eh_code eh_rules_seat_ask(void *context, const eh_rules_question *question, eh_rules_answer *answer, eh_error *error);

/* ---- people (crowd.c) ------------------------------------------------------------------------------------------------------------------- */

/** Opens a campaign by its name in campaigns/, or by its path. */
EH_MUST_USE eh_code eh_campaign_find(eh_workspace *workspace, const char *given, eh_campaign_file **file_out, eh_error *error);
/** The campaign's audience as SQL that is true or false. Only when it has one. */
EH_MUST_USE eh_code eh_audience_sql(const eh_campaign_file *file, eh_arena *arena, const char **sql_out, eh_error *error);

/** The text of an offer's model, from .evenhand/models/. errors: EH_NOT_FOUND with the place in the campaign */
EH_MUST_USE eh_code eh_campaign_model(eh_workspace *workspace, const eh_campaign_file *file, const eh_offer *offer, eh_buffer *text, eh_error *error);
/** EH_DENIED when the campaign chooses by a model and the shop has profiling off. */
EH_MUST_USE eh_code eh_campaign_profiles(const eh_workspace_model *model, const eh_campaign_file *file, eh_error *error);

/** Everybody in the workspace, facts in columns. The first six are given. */
typedef struct {
    eh_workspace *workspace;
    const eh_campaign_file *campaign_file;
    eh_arena *arena;
    eh_instant now, as_of;       /* as_of: only when dated */
    bool dated;
    eh_people *people;
    const char *const *keys;     /* sorted by bytes */
    size_t count;
    int64_t as_of_s;
    eh_frame_fact *facts;
    size_t facts_count;
    eh_fact_column *columns;     /* facts_count of them */
    bool *audience;              /* NULL: the campaign is meant for all */
} eh_crowd;
EH_MUST_USE eh_code eh_crowd_read(eh_crowd *crowd, eh_error *error);
void eh_crowd_close(eh_crowd *crowd);
/** cost: a binary search */
bool eh_crowd_find(const eh_crowd *crowd, eh_view key, size_t *person_out);

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
    eh_crowd crowd;
    const eh_model *models[EH_OFFERS_MAX];
    eh_digest model_digests[EH_OFFERS_MAX];
    eh_rights *rights;
    int64_t corrections;         /* eh_corrections_count when rights were opened */
    eh_rulebook *book;           /* NULL: there is no policy */
    eh_rules_seat *seat;
    eh_plan_groups *groups;
    size_t groups_count;
    eh_frame frame;
    eh_plan *plan;
    eh_plan_repair repair;
    eh_plan_verdict verdict;
    eh_plan_hidden hidden;
    eh_plan_guarded *guarded;    /* what the guards of the policy found */
    size_t guarded_count;
    const char *outcome;         /* "released", "repaired", "stopped", "ask" */
    const char *vault_role, *vault_reason; /* who reads the groups, and why; NULL: a plan, for its guards */
} eh_plan_run;

/** `run` holds the request and an arena; the rest is filled. Writes nothing but the archive. errors: of workspace, campaign, models, policy, rights, vault */
EH_MUST_USE eh_code eh_plan_run_do(eh_plan_run *run, eh_error *error);
/** Fills groups from the vault: needs request.now, arena, workspace, model, keys and count of the crowd. The reading is written down there. */
EH_MUST_USE eh_code eh_plan_groups_read(eh_plan_run *run, eh_error *error);
void eh_plan_run_close(eh_plan_run *run);
/** Looks at the plan: the campaign's guard, hidden groups, the guards of the policy; fills verdict, hidden, guarded and outcome. (plan_guards.c) */
EH_MUST_USE eh_code eh_plan_run_guard(eh_plan_run *run, eh_error *error);

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

/* ---- decisions computed again (replaying.c) ------------------------------------------------------------------------------------------- */

typedef struct eh_replayer eh_replayer;
EH_MUST_USE eh_code eh_replayer_open(const eh_workspace_model *model, eh_replayer **replayer_out, eh_error *error);
void eh_replayer_close(eh_replayer **replayer);
typedef struct {
    const char *differs;         /* NULL: all is equal, bit for bit */
    bool finish;                 /* settled by the exact finish: the frame commits to it */
    int64_t at_s;
} eh_replayed;
/**
 * Computes a "decision" entry of the ledger again: lots, rules under the policy as it was, scores, contributions, choice, variant, propensity.
 * Frame, campaign, policy and models are kept from one to the next. errors: as eh_decision_of_record; EH_NOT_FOUND when an archive is gone
 */
EH_MUST_USE eh_code eh_replayer_check(eh_replayer *replayer, const eh_ledger_record *record, eh_arena *arena, eh_replayed *replayed_out, eh_error *error);

/* ---- what was put right after a plan was made (corrections.c) -------------------------------------------------------------------------- */

/** Keeps beside the plan up to which correction its facts are right. */
EH_MUST_USE eh_code eh_plan_corrections_keep(const eh_plan_run *run, eh_error *error);
/** A plan that is to go out; keys ascend by bytes. */
typedef struct {
    const char *state_folder;
    const eh_plan_file *plan;
    eh_rights *rights;
    const char *const *keys;
    size_t keys_count;
} eh_stale_spec;
/** Whose decision in the plan is stale: something about them was put right since. stale_out[i] is for keys[i], false before; *count_out: how many. */
EH_MUST_USE eh_code eh_plan_stale_read(const eh_stale_spec *spec, bool *stale_out, uint64_t *count_out, eh_error *error);

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
    uint64_t corrected;          /* of those who were left out: something about them was put right after the plan was made */
} eh_release_result;

/**
 * Lets a plan go out: asks rights and caps once more for everybody, puts every decision into the ledger, keeps who was sent what
 * (journey/campaigns.h), writes the send list. Who has switched AI off since the plan loses the score everywhere.
 * What was approved, by whom and why is an entry "approval" beside the plan; nobody approves what they asked for themselves (EH_DENIED).
 * errors: EH_DENIED when it was stopped, needs an approval, or the policy has changed since; EH_CONFLICT when it went out already; EH_NOT_FOUND
 */
EH_MUST_USE eh_code eh_release(const eh_release_request *request, eh_release_result *result_out, eh_error *error);

/* ---- the desk: one decision at a time, at once (desk.c) ---------------------------------------------------------------------------------- */

/**
 * A campaign that is open for single decisions: the campaign, its last plan with prices, shares and repairs, the models, the policy, people's rights.
 * What a plan does, the desk does: the same order, the same lots, the same rules; and it opens only for a plan that may go out.
 *
 *     eh_desk_open -> eh_desk_opening, append to the ledger -> many times, in any thread: eh_desk_decide -> eh_desk_entry, append (batch them)
 *                                                                                            -> eh_desk_answer_json, only after the append
 */
typedef struct eh_desk eh_desk;

typedef struct {
    const char *workspace;       /* folder; NULL: the present one or the nearest above it */
    const char *campaign;        /* its name, in campaigns/ */
    eh_instant now;              /* which plan is the last; the moment of facts from the shop's data */
    const char *approved_by;     /* who answers for a plan of which the guards could not tell; NULL: nobody, or it went out already */
    eh_rights *rights;           /* borrowed while the desk is open; NULL: it opens its own */
} eh_desk_options;

/**
 * Uses the newest plan of exactly this campaign, policy and models that is not older than `check_every` of the workspace; when there is none, makes and
 * keeps one, with its preflight report. errors: as eh_plan_run_do; EH_DENIED when the guards stop it, or cannot tell and nobody answers for it
 */
EH_MUST_USE eh_code eh_desk_open(const eh_desk_options *options, eh_desk **desk_out, eh_error *error);
void eh_desk_close(eh_desk **desk);
const eh_frame *eh_desk_frame(const eh_desk *desk);
const eh_campaign *eh_desk_campaign(const eh_desk *desk);

enum { EH_DESK_OPENING_MAX = 2 };
/** What the ledger is to be told before the first decision: the frame when it is new, who answers for the plan. entries_out: EH_DESK_OPENING_MAX */
EH_MUST_USE eh_code eh_desk_opening(eh_desk *desk, eh_arena *arena, eh_ledger_entry *entries_out, size_t *count_out, eh_error *error);

typedef struct {
    eh_view person;              /* key */
    eh_json_value facts;         /* an object {feature: value, ...}: known now; the others come from the shop's data. NULL: all do */
    int64_t at_s;                /* the moment of the decision; rights and rules are asked as of it */
} eh_desk_request;

/**
 * Decides. Any number of threads, each with its own arena, which the trace borrows from. cost: a few microseconds; the first request that needs the shop's data
 * reads it, and an audience asked of given facts costs about half a millisecond
 * errors: EH_INPUT for facts that are none (which), EH_DENIED for a protected one, EH_NOT_FOUND for somebody who may be written to and of whom nothing is known,
 *         of rights, of a policy that is past its date
 */
EH_MUST_USE eh_code eh_desk_decide(eh_desk *desk, const eh_desk_request *request, eh_arena *arena, eh_trace *trace_out, eh_error *error);
/** The ledger's entry for a decision of the desk; lives in `arena`. */
EH_MUST_USE eh_code eh_desk_entry(const eh_desk *desk, const eh_trace *trace, eh_arena *arena, eh_ledger_entry *entry_out, eh_error *error);

/** True when its decisions rest on messages that went before: two about one person at the same time must wait for each other until eh_desk_sent. */
bool eh_desk_counts(const eh_desk *desk);
/** Tells that the messages of these decisions go: they count for caps and cool-downs from now on. Once the ledger has them or is being given them, before they are told. */
EH_MUST_USE eh_code eh_desk_sent(eh_desk *desk, const eh_trace *const *traces, size_t count, eh_error *error);
/** When the message may go at the earliest: at once, or when the quiet hours of the person's clock are over; UTC seconds. */
int64_t eh_desk_send_after(eh_desk *desk, const eh_trace *trace);

typedef struct {
    const char *id;              /* of the ledger */
    const eh_words *words;
    const char *key;             /* of the object; NULL: at the top or in a list */
} eh_desk_said;
/**
 * The answer as an object: {"decision", "campaign", "plan", "person", "at", "offer", "says", "price", "variant", "subject", "message", "send_after", "stage", "ai",
 * "reasons": [sentence, ...], "propensity", "disclosures": [sentence, ...], "fairness", "language"}. `offer` is null when there is none. Re-entrant.
 */
EH_MUST_USE eh_code eh_desk_answer_json(eh_desk *desk, const eh_trace *trace, const eh_desk_said *said, eh_arena *arena, eh_json_writer *out, eh_error *error);

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
/** The ledger's entry for a decision; `frame_hex` is the hash of its frame. Lives in `arena`. */
EH_MUST_USE eh_code eh_decision_entry(const eh_frame *frame, const char *frame_hex, const eh_trace *trace, eh_arena *arena, eh_ledger_entry *entry_out, eh_error *error);
/** The decision with this id. */
EH_MUST_USE eh_code eh_decision_of_ledger(const eh_workspace_model *model, eh_view id, eh_arena *arena, eh_decision *decision_out, eh_error *error);

/** The words of its page. `words` must live as long as the page is used. */
EH_MUST_USE eh_code eh_decision_page(const eh_decision *decision, const eh_words *words, eh_arena *arena, eh_page *page_out, eh_page_input *input_out, eh_error *error);

#endif
