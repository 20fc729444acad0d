/** A plan while it is made and after. Private to decide/. */
#ifndef EH_DECIDE_PLAN_INT_H
#define EH_DECIDE_PLAN_INT_H

#include "decide/decide.h"

enum { STAGE_NONE = -1 }; /* not in the audience */

/** An answer of the rules that many people share. */
typedef struct {
    uint32_t allowed;
    const eh_trace_rule *rules;
    size_t rules_count;
    uint64_t hash;
} rules_set;

struct eh_plan {
    eh_arena *arena;
    eh_plan_input input;
    eh_decider *decider;
    size_t people, offers, terms_max, features_max;
    int8_t *stage, *choice, *policy;
    bool *by_price, *scored;
    uint8_t *variant;
    uint32_t *allowed, *rules_of;
    double *propensity;
    eh_draws *draws;                  /* of those who are chosen, or not, by lot or by score */
    int64_t *scores, *values, *costs; /* [person * offers + offer]; scores NULL when nobody is scored */
    eh_trace_right *marketing, *ai;
    rules_set *sets;
    size_t sets_count, sets_capacity;
    uint32_t *sets_index;             /* open addressing: set + 1 */
    size_t index_count;
    eh_allocation allocation;         /* over `chosen` */
    uint32_t *chosen;                 /* people of the allocation, ascending */
    size_t chosen_count, without_count, explore_count;
};

/** The facts of a person as values; facts_out: frame->facts_count. */
void eh_plan_facts(const eh_plan *plan, size_t person, eh_fact_value *facts_out);
/** Per cap of the campaign, the messages that a person had within it; counted_out: EH_PERSON_CAPS_MAX. */
void eh_plan_counts(const eh_plan *plan, size_t person, int64_t *counted_out);
/** The last message of this campaign within its cool-down; 0: none. */
int64_t eh_plan_last(const eh_plan *plan, size_t person);
/** What anybody's choice says of its propensity, from frame, stage, the policy's choice and what is allowed. */
double eh_propensity_of(const eh_frame *frame, const eh_trace *trace);
/** The offer that an explorer gets: one of those allowed, or none, each as likely. */
int eh_explored_offer(uint32_t allowed, size_t offers_count, double pick);
/** What people get who have switched AI off: by lot, those below the frame's cut. */
int eh_offer_without_ai(const eh_frame *frame, uint32_t allowed, uint64_t tie);
/** The offer that reasons speak of: what was given, else what the prices say, else what came nearest. */
int eh_explained_offer(const eh_frame *frame, const eh_trace *trace, const int64_t *values, const int64_t *costs);
/** What an offer is worth and costs to whom nobody scored: alike for all, so that the lot decides. */
void eh_lot_value(const eh_frame_offer *offer, bool allowed, int64_t *value_out, int64_t *cost_out);
uint8_t eh_variant_of(const eh_campaign *campaign, int offer, double draw);

#endif
