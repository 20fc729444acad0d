/**
 * Private to web/: connections whose next request does not come to the end of its headers.
 *
 * A connection on which nothing happens is closed by the server itself; one that sends a byte now and then would stay for ever. Here each has so many
 * seconds from its beginning, or from its last answer, until the headers of a request are whole; then it is shut.
 */
#ifndef EH_WEB_DAWDLERS_INT_H
#define EH_WEB_DAWDLERS_INT_H

#include "base/base.h"

typedef struct eh_dawdlers eh_dawdlers;
typedef struct eh_dawdler eh_dawdler;

/** A thread of its own looks. errors: EH_UNAVAILABLE without threads */
EH_MUST_USE eh_code eh_dawdlers_open(uint32_t seconds_max, eh_dawdlers **dawdlers_out, eh_error *error);
/** When all have left. */
void eh_dawdlers_close(eh_dawdlers **dawdlers);

/** A connection begins; NULL when there is no memory. It must leave before its socket is closed. */
eh_dawdler *eh_dawdlers_enter(eh_dawdlers *dawdlers, int socket);
void eh_dawdlers_leave(eh_dawdlers *dawdlers, eh_dawdler *who);
/** The headers of its request are whole; its answer is sent, and it may ask again. Any thread; NULL is nobody. */
void eh_dawdler_asked(eh_dawdler *who);
void eh_dawdler_answered(eh_dawdler *who);

#endif
