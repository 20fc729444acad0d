/**
 * Private to web/: turns of people, where messages are counted.
 *
 * A cap holds only when nobody is counted twice at the same time. Who decides about a person under a campaign with caps or a cool-down takes that person's
 * turn before counting and gives it back when the message is kept; a release, which counts everybody, waits until no turn is taken and lets nobody take one.
 * Thread-safe. A turn may be given back by another thread than took it.
 */
#ifndef EH_WEB_TURNS_INT_H
#define EH_WEB_TURNS_INT_H

#include "base/base.h"

typedef struct eh_turns eh_turns;

EH_MUST_USE eh_code eh_turns_open(eh_turns **turns_out, eh_error *error);
void eh_turns_close(eh_turns **turns);
/** Takes the turn of a person if it is free now; 0: it is not. Else what eh_turns_give wants. */
uint64_t eh_turns_try(eh_turns *turns, eh_view person);
/** The same; waits until it is free. Who has a turn takes no other. */
uint64_t eh_turns_take(eh_turns *turns, eh_view person);
/** 0 gives nothing back. */
void eh_turns_give(eh_turns *turns, uint64_t turn);
/** Waits until no turn is taken, and no further one is free until eh_turns_resume. One caller at a time. */
void eh_turns_pause(eh_turns *turns);
void eh_turns_resume(eh_turns *turns);

#endif
