/**
 * Who gets what: from a campaign, the people's facts, their rights, the policy and the models to a plan that can be checked, released,
 * explained and computed again.
 *
 * The order is the promise: nobody is scored before rights say that they may be; rules come before scores; who has switched AI off goes
 * the way without AI and leaves no score anywhere; protected attributes come in as anonymous groups after everything is decided, to
 * look at the result, never to make it. Theory and what is deliberately different: src/decide/README.md.
 */
#ifndef EH_DECIDE_DECIDE_H
#define EH_DECIDE_DECIDE_H

#include "audit/audit.h"
#include "audit/scan.h"
#include "decide/allocation.h"
#include "decide/campaign.h"
#include "decide/trace.h"
#include "model/model.h"
#include "rights/rights.h"

/* ---- one person's scores (decider.c) --------------------------------------------------------------------------------------------- */

/** Models bound to the facts of a frame. Read-only after it was opened, for any number of threads. */
typedef struct eh_decider eh_decider;

/**
 * models: one per offer, NULL for an offer without; borrowed, with the frame, for as long as the decider lives.
 * errors: EH_DENIED for a model that reads what is no fact of the frame (BASIS-2); EH_INPUT for a fact of another kind, or a loss that does
 *         not say what the campaign wants
 */
EH_MUST_USE eh_code eh_decider_open(const eh_frame *frame, const eh_model *const *models, eh_arena *arena, eh_decider **decider_out,
                                    eh_error *error);
const eh_frame *eh_decider_frame(const eh_decider *decider);
const eh_model *eh_decider_model(const eh_decider *decider, size_t offer);
/** How much of a term counts, in thousandths (repairs). */
int32_t eh_decider_per_mille(const eh_decider *decider, size_t offer, size_t term);
/** The fact that a feature of an offer's model reads. */
size_t eh_decider_fact(const eh_decider *decider, size_t offer, size_t feature);

/** The bins of an offer's model for a person's facts; bins_out: the model's features_count bytes. */
void eh_decider_bins(const eh_decider *decider, size_t offer, const eh_fact_value *facts, uint8_t *bins_out);
/** The score after damping; contributions_out: the model's terms_count. cost: a look-up per term, no allocation */
int64_t eh_decider_score(const eh_decider *decider, size_t offer, const uint8_t *bins, int32_t *contributions_out);
/** What a score is worth, and what giving the offer is expected to cost; micros. */
void eh_offer_value(const eh_frame *frame, size_t offer, int64_t score, int64_t *value_out, int64_t *cost_out);
/** The outcomes that an offer is expected to bring (effect) or that are expected with it; millionths. */
int64_t eh_expected_outcomes(const eh_frame *frame, int64_t score);

/* ---- what the plan is made of ------------------------------------------------------------------------------------------------------ */

/** One fact of all people. */
typedef struct {
    const double *numbers;         /* NUMBER, TRUTH; NaN: missing */
    const uint32_t *codes;         /* TEXT: index into levels; levels_count: missing */
    const char *const *levels;
    size_t levels_count;
} eh_fact_column;

/** Rules answered for a person: which offers may be given, and what applied. */
typedef struct {
    uint32_t allowed;              /* bit o */
    eh_trace_rule rules[EH_TRACE_RULES_MAX * 2]; /* one rule can come to two outcomes, for two offers */
    size_t rules_count;
} eh_rules_answer;

/** What rules are told of a person: nothing else. All of it stands in the trace, so that they can be asked again. */
typedef struct {
    const eh_fact_value *facts;    /* of the frame; NULL for who has switched AI off: judged without a profile */
    eh_trace_right marketing, ai;
    int64_t at_s;
} eh_rules_question;

/** Asks the policy. NULL face: every offer may be given. `answer` comes with every offer allowed. */
typedef struct {
    void *context;
    eh_code (*ask)(void *context, const eh_rules_question *question, eh_rules_answer *answer, eh_error *error);
} eh_rules_face;

/** Asks for a person's rights, e.g. eh_rights_may. An error stops the plan: who cannot tell does not write. */
typedef struct {
    void *context;
    eh_code (*may)(void *context, eh_view key, const eh_may_question *question, eh_may_answer *answer_out, eh_error *error);
} eh_rights_face;

typedef struct {
    const eh_campaign *campaign;
    eh_frame *frame;                       /* filled but for prices, shares, dampings and fairness, which the plan fills; lives as long as the plan */
    const eh_model *const *models;         /* one per offer */
    size_t people_count;
    const char *const *keys;               /* different */
    const bool *audience;                  /* NULL: all */
    const eh_fact_column *facts;           /* frame->facts_count of them */
    eh_rights_face rights;                 /* NULL face: nothing is known of anybody, which is never a yes */
    eh_may_question question;              /* channel, moment, product group; the purpose is set here */
    eh_rules_face rules;
    const int64_t *const *messages_before; /* per cap of the campaign: messages of each person within it; NULL: none were sent */
    const int64_t *last_message_s;         /* of this campaign, per person; 0: none; NULL: none */
} eh_plan_input;

/** Anonymous groups of the people, for the guards. */
typedef struct {
    const char *name;
    const char *const *groups;
    size_t groups_count;
    const uint16_t *group;                 /* per person; groups_count: missing */
    int32_t reference;                     /* -1: the largest */
} eh_plan_groups;

typedef struct eh_plan eh_plan;

/** Decides for everybody. Deterministic. cost: one pass over the people for each step; about 60 bytes per person and 24 per offer */
EH_MUST_USE eh_code eh_plan_make(const eh_plan_input *input, eh_plan **plan_out, eh_error *error);
void eh_plan_close(eh_plan **plan);

size_t eh_plan_people(const eh_plan *plan);
const eh_plan_input *eh_plan_input_of(const eh_plan *plan);
/** The trace of one person of the audience, in `arena`. */
EH_MUST_USE eh_code eh_plan_trace(const eh_plan *plan, size_t person, eh_arena *arena, eh_trace *trace_out, eh_error *error);
/** -1: not in the audience. */
int eh_plan_stage(const eh_plan *plan, size_t person);
int eh_plan_choice(const eh_plan *plan, size_t person);
/** What the gate said of one person of the audience, and whether there is a score. */
eh_trace_right eh_plan_right(const eh_plan *plan, size_t person, eh_purpose purpose);
bool eh_plan_scored(const eh_plan *plan, size_t person);

typedef struct {
    double value, low, high;
} eh_plan_estimate;

/** Counts and sums of a plan. */
typedef struct {
    uint64_t people, audience, sent;           /* sent: who gets an offer */
    uint64_t stages[EH_STAGES_COUNT];          /* people whose decision ended there */
    uint64_t stages_sent[EH_STAGES_COUNT];     /* of them: who get something */
    uint64_t consent_why[EH_WHYS_COUNT];       /* reasons of marketing answers that were no */
    uint64_t scored, opted_out_of_ai;          /* people with a score; people who may be written to and have AI off */
    uint64_t offers[EH_OFFERS_MAX];            /* messages per offer */
    int64_t spend;                             /* micros, expected */
    eh_plan_estimate spend_total;              /* in units of currency */
    eh_plan_estimate outcomes;                 /* expected among those sent, chosen by score; effect or outcomes */
    int64_t value, value_bound;                /* of the allocation */
    bool proven;
    uint64_t by_finish;                        /* settled by the exact finish and not by the prices alone */
    uint64_t rule_people[256][2];              /* per rule: people for whom it applied; of them, for how many it decided that there was no offer */
} eh_plan_summary;
void eh_plan_summary_of(const eh_plan *plan, eh_plan_summary *summary_out);

/* ---- one person at once (single.c) --------------------------------------------------------------------------------------------------- */

/** All that a decision about one person rests on, beside the frame. */
typedef struct {
    eh_view key;
    int64_t at_s, as_of_s;
    bool outside;                  /* the campaign is not meant for this person */
    eh_trace_right marketing, ai;
    const eh_fact_value *facts;    /* of the frame; NULL: none may be read */
    const eh_rules_answer *rules;  /* NULL: no policy, every offer may be given */
    const int64_t *counted;        /* per cap of the campaign: messages within it; NULL: none */
    int64_t last_message_s;        /* of this campaign, within its cool-down; 0: none */
} eh_case;

/**
 * Decides as a plan does, at the prices, shares and lots of the frame: the same person with the same facts gets what the plan gave, but for those whom the plan
 * settled by its exact finish. Texts of the trace are borrowed from the case and the frame. Re-entrant. cost: a few microseconds, no allocation but from `arena`
 */
EH_MUST_USE eh_code eh_decide_case(const eh_decider *decider, const eh_campaign *campaign, const eh_case *about, eh_arena *arena, eh_trace *trace_out,
                                   eh_error *error);

/* ---- guards (guards.c) ---------------------------------------------------------------------------------------------------------------- */

/** The name of the attribute that every plan is looked at by: AI on, AI off. */
#define EH_PLAN_AI_ATTRIBUTE "AI choice"

typedef struct {
    eh_verdict verdict;            /* of the plan */
    bool nothing_compared;         /* no declared attribute has two groups: the verdict is "not enough evidence" */
    const eh_audit *audit;         /* NULL when there was nothing to look at */
    const eh_cube *cube;           /* what the audit was made of */
} eh_plan_verdict;

/**
 * Audits the plan: everybody who may be written to, decision = gets something, by the given groups and by "AI choice" (on, off).
 * Declared attributes decide; people with AI off count when they are disfavoured, or when too few to tell and not treated alike by lot.
 * Lives in `arena`. errors: as eh_audit_run
 */
EH_MUST_USE eh_code eh_plan_guard(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, uint32_t depth, eh_arena *arena,
                                  eh_plan_verdict *verdict_out, eh_error *error);

/** How a guard looks at a plan. */
typedef struct {
    double ratio_min, confidence;
    uint32_t depth;                /* attributes that are crossed */
    bool difference;               /* looks at differences of rates, of at most 1 - ratio_min, in place of ratios */
    bool without_ai;               /* do not look at people with AI on and off */
} eh_plan_guard_options;
/** The same with options of its own. */
EH_MUST_USE eh_code eh_plan_guard_by(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, const eh_plan_guard_options *options, eh_arena *arena,
                                     eh_plan_verdict *verdict_out, eh_error *error);

/** Hidden groups (hidden.c). */
typedef struct {
    const eh_scan *scan;           /* NULL: nothing to look at, or everybody got it, or nobody */
    const eh_cube_dimension *attributes;
    size_t attributes_count, protected_count; /* the protected ones come first */
    double ratio_min;
    eh_verdict verdict;            /* "not enough evidence": a group of usual size would have been missed */
} eh_plan_hidden;

/**
 * Looks for hidden groups among those who may be written to: any combination of values of the protected attributes and of features that no model reads. A group
 * that was found and confirmed violates when its description names a protected attribute and its rate is off by more than the tolerance.
 * Looks at no more than 40,000 people, at equal steps. errors: as eh_scan_run
 */
EH_MUST_USE eh_code eh_plan_scan(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, const eh_plan_guard_options *options, eh_arena *arena,
                                 eh_plan_hidden *hidden_out, eh_error *error);
/** Does this group count for the verdict? */
bool eh_plan_hidden_counts(const eh_plan_hidden *hidden, const eh_scan_group *group);

/** What a repair did. */
typedef struct {
    bool found;                    /* false: damping the scores cannot mend it (it lies in consent, rules or the audience) */
    const eh_damping *dampings;
    size_t dampings_count;
    int64_t value_before, value_after; /* of the allocation, both in the values of the unrepaired scores */
    eh_plan *plan;                 /* the repaired plan; the caller closes it */
    eh_plan_verdict verdict;
} eh_plan_repair;

/**
 * Looks for the least change of the scores that brings every guard within tolerance: the terms that carry the gap between the groups
 * count for less, for everybody alike. Groups are read here, to find how much; the repaired plan is decided without them.
 */
EH_MUST_USE eh_code eh_plan_repair_find(const eh_plan *plan, const eh_plan_groups *groups, size_t groups_count, uint32_t depth, eh_arena *arena,
                                        eh_plan_repair *repair_out, eh_error *error);

/* ---- computing again (replay.c) -------------------------------------------------------------------------------------------------------- */

/**
 * Computes a decision again from its trace: bins, scores, contributions, values, draws, propensity, and the choice at the prices. NULL when all
 * is equal, bit for bit, else what differs (static). A choice of the exact finish cannot be computed from one trace: *finish_out says so, and the trace must be
 * one of those that the frame commits to.
 */
const char *eh_trace_replay(const eh_decider *decider, const eh_trace *trace, eh_arena *arena, bool *finish_out);

/** The same for what the campaign says: variant, caps. NULL when all is equal. */
const char *eh_trace_replay_campaign(const eh_frame *frame, const eh_campaign *campaign, const eh_trace *trace);
/** And for the rules, asked again of what the trace keeps: `answer` without a policy has every offer allowed and no rule. */
const char *eh_trace_replay_rules(const eh_trace *trace, const eh_rules_answer *answer);

/* ---- values of policies (values.c) ---------------------------------------------------------------------------------------------------------- */

/** What happened to one person, and what was expected of each action (0: no offer, 1 + o: offer o). */
typedef struct {
    uint32_t action;
    double propensity;             /* of that action when it was drawn; above 0 */
    double outcome;
} eh_logged;

typedef struct {
    size_t actions;
    const double *chances;         /* of each action per person: [person * actions + action] */
    const double *expected;        /* the model's outcome for each action, the same shape; NULL: 0, which is inverse propensity weighting */
    double confidence;
} eh_policy_question;

/** Doubly robust value of a policy per head (Dudik, Langford and Li 2011), with a normal interval; NaN for fewer than two people. */
eh_plan_estimate eh_policy_value(const eh_logged *logged, size_t people, const eh_policy_question *policy);

#endif
