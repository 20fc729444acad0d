/**
 * The trace of a decision: all that is needed to compute it again, bit for bit, and to say why.
 *
 * What is the same for everybody in a plan stands once, in its frame (offers, words of the facts, versions of model, policy, campaign
 * and workspace, prices, seed); what belongs to a person stands in the trace, which names its frame by hash. Both are complete:
 * reasons, pages, reports and the replay are computed from them and from nothing else.
 *
 * Binary form: a byte of version, then numbers as varints; about 15 bytes and 4 for each fact and term. JSON form: eh_trace_json.
 */
#ifndef EH_DECIDE_TRACE_H
#define EH_DECIDE_TRACE_H

#include "base/json.h"
#include "decide/allocation.h"
#include "decide/campaign.h"

/* ---- the frame --------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_FACT_NUMBER, EH_FACT_TRUTH, EH_FACT_TEXT } eh_fact_kind;

/** One fact that may be read of people: a feature of the workspace. */
typedef struct {
    const char *name;
    eh_fact_kind kind;
    const char *says;        /* "your last order was {value} months ago"; NULL: none, then the name is shown */
    const char *missing;     /* says when there is no value; NULL */
    const char *from_whom;   /* NULL: not told */
    bool changeable;
    bool scored;             /* a model reads it; else only rules or the audience do */
} eh_frame_fact;

typedef struct {
    const char *name, *says;
    const char *model;             /* its name; NULL: none */
    eh_digest model_digest;        /* of the model's file; zero: none */
    int64_t cost, cost_if_taken, worth;
    int64_t taken;                 /* share of receivers who take it, in millionths; EH_NO_LIMIT: the score says it */
    bool price_personalised;
    const char *price;
} eh_frame_offer;

/** A rule of the policy as it was: its place, its words. */
typedef struct {
    const char *id, *effect, *explanation, *law;
} eh_frame_rule;

/** The contribution of a term counts only this much: how a plan was repaired. */
typedef struct {
    uint32_t offer, term;
    int32_t per_mille;
    const char *name;        /* of the term */
} eh_damping;

/** The first bytes of the SHA-256 of a trace: commits to a choice that no one trace can compute. */
typedef struct {
    uint8_t bytes[16];
} eh_finish_mark;

typedef struct {
    const char *plan, *campaign, *title, *purpose, *channel, *currency, *on_behalf_of, *category;
    const char *shop, *shop_contact, *zone; /* zone: of the shop, IANA; NULL: UTC */
    int64_t at_s;            /* when it was decided, UTC */
    int64_t as_of_s;         /* the moment of the facts */
    uint64_t seed;
    double holdout, explore;
    eh_choose choose;
    bool effect;             /* scores are what the message changes; else the logit of the outcome */
    eh_without_ai without_ai;
    uint32_t without_ai_offer;
    double without_ai_share; /* of those who opted out of AI and may be written to */
    uint64_t without_ai_cut; /* they get the offer whose tie is below this; UINT64_MAX: all of them */
    double lot_share;        /* choose random: of those who may be written to */
    const char *outcome;
    eh_digest campaign_digest, policy_digest, workspace_digest;
    const eh_frame_fact *facts;
    size_t facts_count;
    const eh_frame_offer *offers;
    size_t offers_count;
    const eh_frame_rule *rules;
    size_t rules_count;
    const eh_damping *dampings;
    size_t dampings_count;
    eh_prices prices;
    const eh_finish_mark *finish; /* ascending: who was settled by the exact finish of the allocation and not by prices alone */
    size_t finish_count;
    const char *fairness;    /* the verdict of the guards: "within tolerance", ...; NULL: none was asked */
    const char *const *checked; /* what was checked for, in words: "age_band" */
    size_t checked_count;
    const char *not_used;    /* further data that is never used, in the shop's words; NULL */
    const char *version;     /* of this program */
} eh_frame;

/** The frame as one line of JSON: the same frame, the same bytes. Its hash is the SHA-256 of them. */
EH_MUST_USE eh_code eh_frame_write(const eh_frame *frame, eh_buffer *out, eh_error *error);
/** `name` stands in errors. Texts live in `arena`. errors: EH_CORRUPT */
EH_MUST_USE eh_code eh_frame_read(eh_view json, const char *name, eh_arena *arena, eh_frame *frame_out, eh_error *error);

/* ---- the trace ----------------------------------------------------------------------------------------------------------------- */

/** Where the decision about a person came to its end. */
typedef enum {
    EH_STAGE_CONSENT,    /* may not be written to */
    EH_STAGE_RULES,      /* no offer that the policy permits */
    EH_STAGE_CAPS,       /* had enough messages */
    EH_STAGE_HOLDOUT,    /* by lot: gets nothing, so that the effect can be measured */
    EH_STAGE_WITHOUT_AI, /* AI is off for this person: by lot, without a score */
    EH_STAGE_EXPLORE,    /* by lot, to keep learning */
    EH_STAGE_CHOICE,     /* by the score */
    EH_STAGE_LOT,        /* the campaign chooses by lot, or takes everybody */
    EH_STAGE_AUDIENCE,   /* asked about somebody for whom the campaign is not meant; a plan leaves such people out */
    EH_STAGES_COUNT
} eh_stage;
/** "consent", "rules", ... */
const char *eh_stage_name(eh_stage stage);

typedef enum { EH_VALUE_MISSING, EH_VALUE_NUMBER, EH_VALUE_TRUTH, EH_VALUE_TEXT } eh_fact_type;
typedef struct {
    eh_fact_type type;
    bool given;              /* came with the request; else from the shop's data as of the trace's as_of_s */
    double number;           /* also 0 and 1 */
    eh_view text;
} eh_fact_value;

/** What rights said: may, why and the records it rests on. */
typedef struct {
    bool may;
    uint8_t why;             /* eh_why of rights/ */
    uint64_t record;         /* 0: none */
} eh_trace_right;

typedef enum { EH_RULE_PERMITS, EH_RULE_FORBIDS, EH_RULE_REQUIRES, EH_RULE_CAPS, EH_RULE_FAILS } eh_rule_outcome;
typedef struct {
    uint32_t rule;           /* index into the frame's rules */
    uint32_t offers;         /* bit o: for offer o */
    eh_rule_outcome outcome;
} eh_trace_rule;

/** Values and costs are those of allocation.h. Borrowed from the bytes or from the arena. */
typedef struct {
    eh_view key;
    int64_t at_s, as_of_s;        /* of the decision and of the facts that were not given with it; 0: those of the frame */
    eh_stage stage;
    eh_trace_right marketing, ai;
    const eh_trace_rule *rules;   /* those that applied */
    size_t rules_count;
    uint32_t allowed;             /* bit o: offer o may be given */
    const eh_fact_value *facts;   /* frame.facts_count of them, or none: nothing was read */
    size_t facts_count;
    const int64_t *scores;        /* frame.offers_count of them when scored, else NULL: micro-logits, or micro-units of effect */
    int explained;                /* the offer whose contributions follow; EH_NO_OFFER: none */
    const int32_t *contributions; /* per term of that offer's model, after damping */
    size_t terms_count;
    int choice;                   /* EH_NO_OFFER: gets nothing */
    int policy_choice;            /* what the prices say: differs by lot, exact finish, holdout */
    bool by_price;                /* choice follows from the prices (or the lot) alone */
    uint8_t variant;
    double propensity;            /* the probability of this choice, whatever it was */
    int64_t messages;             /* that the person had within the tightest cap; -1: no cap was asked */
    const int64_t *counted;       /* per cap of the campaign: messages within it */
    size_t counted_count;         /* 0: no cap was asked */
    int64_t last_message_s;       /* of this campaign, within its cool-down; 0: none, or there is no cool-down */
    bool uncounted;               /* written before counts were kept: only `messages` tells */
} eh_trace;

/** Appends the binary form. */
void eh_trace_write(const eh_trace *trace, eh_buffer *out);
/** errors: EH_CORRUPT for bytes that are no trace of this frame. cost: linear; no allocation but from `arena` */
EH_MUST_USE eh_code eh_trace_read(eh_view bytes, const eh_frame *frame, eh_arena *arena, eh_trace *trace_out, eh_error *error);
/** Whose trace it is, without reading the rest. errors: EH_CORRUPT */
EH_MUST_USE eh_code eh_trace_key(eh_view bytes, eh_view *key_out, eh_error *error);
/** The mark of a trace, and whether the frame has it. */
EH_MUST_USE eh_code eh_finish_mark_of(const eh_trace *trace, eh_finish_mark *mark_out, eh_error *error);
bool eh_frame_has_mark(const eh_frame *frame, const eh_finish_mark *mark);
/** When it was decided, UTC, and the moment of the facts. */
int64_t eh_trace_at(const eh_trace *trace, const eh_frame *frame);
int64_t eh_trace_as_of(const eh_trace *trace, const eh_frame *frame);
/** An object under `key` with names in place of numbers. */
void eh_trace_json(const eh_trace *trace, const eh_frame *frame, eh_json_writer *out, const char *key);

/** Draws that belong to a person in a campaign: uniform, the same for the same seed, nobody can choose them. */
typedef struct {
    double holdout, explore; /* in [0, 1) */
    double pick, variant;
    uint64_t tie;
} eh_draws;
eh_draws eh_draws_of(uint64_t seed, const char *campaign, eh_view key);

#endif
