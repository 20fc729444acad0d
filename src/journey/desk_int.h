/** The desk's own state. Private to journey/. */
#ifndef EH_JOURNEY_DESK_INT_H
#define EH_JOURNEY_DESK_INT_H

#include <pthread.h>

#include "journey/campaigns.h"
#include "journey/journey.h"

enum { EH_DESK_SEATS_MAX = 64, EH_DESK_REASONS_MAX = 3 };

struct eh_desk {
    eh_desk_options options;
    eh_arena *arena;
    eh_workspace *workspace;
    const eh_workspace_model *model;
    eh_campaign_file *campaign_file;
    eh_plan_file file;               /* frame, models, decider of the plan; no traces are kept */
    char frame_hex[65];
    bool frame_is_new;               /* the archive did not have it */
    eh_rights *rights, *own_rights;
    eh_rulebook *book;               /* NULL: there is no policy */
    eh_condition *condition;         /* the audience for given facts; NULL: meant for all */
    eh_channel channel;
    eh_store *store;                 /* of messages; NULL: no cap and no cool-down asks for it */
    eh_zones *zones;
    const eh_zone *zone;             /* of the shop */
    size_t zone_fact;                /* SIZE_MAX: everybody has the shop's clock */
    pthread_mutex_t history;         /* of the store and the zones */
    pthread_mutex_t lock;            /* of what follows */
    eh_rules_seat *seats[EH_DESK_SEATS_MAX]; /* free ones */
    size_t seats_count;
    eh_crowd crowd;
    atomic_bool crowded;             /* the shop's data was read */
};

/** The name of the plan that the desk decides under; makes one when there is none. */
EH_MUST_USE eh_code eh_desk_plan(eh_desk *desk, const eh_digest *policy, const char **name_out, eh_error *error);

#endif
