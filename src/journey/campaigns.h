/**
 * What became of a campaign: the plans that went out, who was written to and when, what came back.
 *
 * Kept in the part "campaigns" of evenhand.db. A person stands there by their key, so an erasure reaches every row (eh_campaigns_forget).
 */
#ifndef EH_JOURNEY_CAMPAIGNS_H
#define EH_JOURNEY_CAMPAIGNS_H

#include "journey/journey.h"
#include "store/store.h"

/* ---- the store (campaign_store.c) ------------------------------------------------------------------------------------------------------ */

/** Opens evenhand.db of the workspace with the tables of this room; made when it is not there. */
EH_MUST_USE eh_code eh_campaigns_open(const char *state_folder, eh_store **store_out, eh_error *error);

/** The tables of this room in a store of the caller; not within a transaction. */
EH_MUST_USE eh_code eh_campaigns_prepare(eh_store *store, eh_error *error);

/** A plan that went out, or decisions that were made one by one under a frame of that name. */
typedef struct {
    int64_t number;              /* of the row; 0: not kept yet */
    const char *plan, *campaign, *channel;
    int64_t decided_s;           /* when it was planned */
    int64_t released_s;          /* 0: never went out as a plan */
    int64_t people, sent, left_out;
    const char *approved_by;     /* ""; who said that it may go out although the guards could not tell */
} eh_campaign_plan;

/** One message that went out. Views are borrowed. */
typedef struct {
    eh_view person;
    uint32_t offer;
    int64_t at_s;                /* when it may be sent at the earliest */
} eh_campaign_message;

/** Keeps a plan that goes out and its messages, all or nothing. errors: EH_CONFLICT when it went out already */
EH_MUST_USE eh_code eh_campaign_plan_keep(eh_store *store, const eh_campaign_plan *plan, const eh_campaign_message *messages, size_t messages_count,
                                          eh_error *error);
/** The number of a plan's row; the row is made when there is none. Within a transaction of the caller. */
EH_MUST_USE eh_code eh_campaign_plan_number(eh_store *store, const eh_campaign_plan *plan, int64_t *number_out, eh_error *error);
/** The plan of that name. errors: EH_NOT_FOUND */
EH_MUST_USE eh_code eh_campaign_plan_find(eh_store *store, const char *plan, eh_arena *arena, eh_campaign_plan *plan_out, eh_error *error);
/** Those that went out, the newest first; `campaign` NULL: of all campaigns. */
EH_MUST_USE eh_code eh_campaign_plans(eh_store *store, const char *campaign, eh_arena *arena, const eh_campaign_plan **plans_out, size_t *count_out,
                                      eh_error *error);

/** A message that a single decision of the desk let go. */
typedef struct {
    eh_view person;
    const char *channel, *campaign;
    int64_t at_s;
} eh_single_message;
/** Keeps them, all or nothing: they count for caps and cool-downs as those of plans do. */
EH_MUST_USE eh_code eh_single_messages_keep(eh_store *store, const eh_single_message *messages, size_t count, eh_error *error);

/** What people were sent before: for caps and the cool-down. */
typedef struct {
    const int64_t *const *messages_before; /* per cap of the campaign: messages of each person within it, over all campaigns of the channel */
    const int64_t *last_message_s;         /* of this campaign; 0: none */
} eh_campaign_history;

typedef struct {
    const eh_campaign *campaign;
    const char *const *keys;               /* of the people, ascending by bytes */
    size_t people_count;
    int64_t at_s;                          /* the moment of the decision */
    const char *but_plan;                  /* messages of this plan do not count; NULL: all do */
} eh_history_question;
/** Everything is in `arena`. cost: one pass over the messages of the longest cap and one over those of the cool-down */
EH_MUST_USE eh_code eh_campaign_history_read(eh_store *store, const eh_history_question *question, eh_arena *arena, eh_campaign_history *history_out,
                                             eh_error *error);
/** The same for one person at once: before_out has caps_count numbers. cost: a look-up per plan of the channel within the longest cap */
EH_MUST_USE eh_code eh_campaign_history_of(eh_store *store, const eh_campaign *campaign, eh_view person, int64_t at_s, int64_t *before_out, int64_t *last_out,
                                           eh_error *error);
/** True when a person with this history may have no further message of the campaign at `at_s`. */
bool eh_campaign_had_enough(const eh_campaign *campaign, const eh_campaign_history *history, size_t person, int64_t at_s);

/**
 * Forgets a person in everything that this room keeps: messages, outcomes, traces and examples of plans.
 * *count_out: rows and decisions that are gone; may be NULL.
 */
EH_MUST_USE eh_code eh_campaigns_forget(const char *state_folder, eh_view person, uint64_t *count_out, eh_error *error);

/* ---- the send list (send_list.c) ----------------------------------------------------------------------------------------------------------- */

typedef enum { EH_LIST_PLAIN, EH_LIST_KLAVIYO, EH_LIST_SHOPIFY, EH_LIST_FORS_COUNT } eh_list_for;
extern const char *const eh_list_for_names[EH_LIST_FORS_COUNT];

/** The moment at which a message may go at the earliest: `at_s`, or the end of the quiet hours of that clock. */
int64_t eh_send_after(const eh_campaign *campaign, const eh_zone *zone, int64_t at_s);

#endif
