/** Private to web/: what the files of the server share. */
#ifndef EH_WEB_SERVER_INT_H
#define EH_WEB_SERVER_INT_H

#include "web/http_int.h"

typedef struct eh_extra_header {
    const char *name, *value;
    struct eh_extra_header *next;
} eh_extra_header;

/** One line to standard error about an exchange: method, route (never the path, which may hold a token) and `text`. */
void eh_server_log(const eh_exchange *exchange, const char *text);

#endif
