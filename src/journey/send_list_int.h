/** Private to journey/: the rows of a send list. */
#ifndef EH_JOURNEY_SEND_LIST_INT_H
#define EH_JOURNEY_SEND_LIST_INT_H

#include "journey/campaigns.h"
#include "rights/links.h"

typedef struct {
    eh_list_for for_whom;
    bool emails, phones;      /* columns that the people's source has */
    const char *origin;       /* of the pages, without a slash at its end; NULL: no links */
    eh_secret link_key;       /* with origin */
} eh_send_list_options;

/** Texts are borrowed; NULL: empty. */
typedef struct {
    const char *person, *email, *phone, *offer, *variant, *channel, *subject, *message, *notices, *decision, *plan;
    int64_t send_after_s;
} eh_send_row;

typedef struct {
    eh_send_list_options options;
    eh_buffer csv;
} eh_send_list;

/** The header, by the options. */
void eh_send_list_begin(eh_send_list *list);
EH_MUST_USE eh_code eh_send_list_add(eh_send_list *list, const eh_send_row *row, eh_error *error);
/** CSV, or Parquet when `path` ends so; then `scratch` is a file of the state folder that is written and removed. */
EH_MUST_USE eh_code eh_send_list_write(const eh_send_list *list, const char *path, const char *scratch, eh_error *error);

#endif
