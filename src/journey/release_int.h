/** Private to journey/: a release while it is made, and what it looks up for every person. */
#ifndef EH_JOURNEY_RELEASE_INT_H
#define EH_JOURNEY_RELEASE_INT_H

#include "journey/send_list_int.h"

typedef struct {
    const eh_release_request *request;
    eh_arena *arena;
    eh_workspace *workspace;
    const eh_workspace_model *model;
    eh_campaign_file *campaign_file;
    const eh_campaign *campaign;
    eh_rights *rights;
    eh_channel channel;
    eh_ledger *ledger;
    eh_store *store;
    eh_plan_file file;

    const char *const *keys;         /* of the people of the plan, ascending by bytes */
    size_t people_count;
    eh_campaign_history history;     /* as of the moment of the release */
    const char **notices;            /* per rule of the frame: the words that it requires; NULL: none */
    const char **emails, **phones;   /* per person; NULL: no such column */
    const eh_zone **zones;           /* per person; NULL: the shop's for all */
    eh_zones *zones_open;
    const eh_zone *shop_zone;

    eh_send_list list;
    eh_buffer kept;                  /* traces with their decisions, without those who were left out */
    eh_campaign_message *messages;
    size_t messages_count;
    const char **dropped;            /* people whose decision was left out */
    size_t dropped_count;
    bool *stale;                     /* per person: something about them was put right after the plan was made */
    uint64_t corrected;              /* how many */
    uint64_t sent, left_out, recorded;
    bool stopped;                    /* by the guards, and set aside by two people */
    char frame_hex[65];
} eh_release_run;

/** Fills what is looked up: keys, history, notices, contacts, zones. After plan, campaign and store were opened. */
EH_MUST_USE eh_code eh_release_facts_read(eh_release_run *run, eh_error *error);
/** The place of a key among keys that ascend by bytes; SIZE_MAX: not there. */
size_t eh_key_place(const char *const *keys, size_t count, eh_view key);
/** Takes the examples about these people out of the plan's report. */
EH_MUST_USE eh_code eh_plan_report_forget(const char *state_folder, const char *plan, const char *const *people, size_t people_count, eh_error *error);

#endif
