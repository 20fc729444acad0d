/**
 * `evenhand serve`: customer pages, team pages and the interface for machines, from one process.
 *
 * eh_web_open reads the workspace, listens, and serves on threads of its own until eh_web_close.
 */
#ifndef EH_WEB_WEB_H
#define EH_WEB_WEB_H

#include "base/base.h"
#include "base/time.h"
#include "data/workspace.h"

typedef struct {
    const char *workspace;      /* folder; NULL: the present one or the nearest above it */
    const char *address;        /* NULL: 127.0.0.1 */
    uint16_t port;              /* 0: any that is free */
    uint32_t threads;           /* 0: as many as the machine has */
    const char *origin;         /* how the world sees this server, "https://mail.shop.example"; NULL: http://address:port */
    eh_instant (*now)(void);    /* NULL: the machine's clock */
} eh_web_options;

typedef struct eh_web eh_web;

/** errors: those of the workspace; EH_UNAVAILABLE when it cannot listen. */
EH_MUST_USE eh_code eh_web_open(const eh_web_options *options, eh_web **web_out, eh_error *error);
/** "http://127.0.0.1:8080" */
const char *eh_web_origin(const eh_web *web);
void eh_web_close(eh_web **web);

#endif
