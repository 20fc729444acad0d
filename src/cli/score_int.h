/** Private to cli/: the people of a workspace, scored. (score_workspace.c) */
#ifndef EH_CLI_SCORE_INT_H
#define EH_CLI_SCORE_INT_H

#include "cli/cli_int.h"

typedef struct {
    const char *folder, *now, *as_of; /* NULL: the nearest workspace; the clock; now */
    eh_engine_options engine;
} eh_score_where;

typedef struct eh_score_people eh_score_people;

/** errors: EH_DENIED while profiling is off; those of the workspace. The state lives in `arena` and is to be closed. */
EH_MUST_USE eh_code eh_score_people_open(const eh_score_where *where, eh_arena *arena, eh_score_people **people_out, eh_error *error);
void eh_score_people_close(eh_score_people **people);
/** One row per person, the key as "key"; borrowed. */
eh_engine *eh_score_people_engine(const eh_score_people *people);
/** Where a model of that name lies; a path is as it is. NULL: no memory. */
const char *eh_score_people_model(const eh_score_people *people, const char *name, eh_arena *arena);
/** May this person be scored? Asked before each score. An error is a no. */
EH_MUST_USE eh_code eh_score_people_may(eh_score_people *people, eh_view key, bool *may_out, eh_error *error);
/** How many were not; `again`: the counting begins anew. */
uint64_t eh_score_people_left_out(eh_score_people *people, bool again);

#endif
