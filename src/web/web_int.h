/** Private to web/: what all handlers share. */
#ifndef EH_WEB_WEB_INT_H
#define EH_WEB_WEB_INT_H

#include <pthread.h>

#include "base/html.h"
#include "data/workspace.h"
#include "ledger/ledger.h"
#include "rights/rights.h"
#include "web/accounts_int.h"
#include "web/assets_int.h"
#include "web/http_int.h"
#include "web/look_int.h"
#include "web/web.h"

enum { EH_STORES_KEPT = 32 };

struct eh_web {
    eh_web_options options;
    eh_arena *arena;
    eh_workspace *workspace;
    const eh_workspace_model *model;
    const char *database;          /* path of evenhand.db */
    const char *origin;
    int lock;                      /* .evenhand/serve.lock: one server for a workspace */
    eh_secret link_key;
    eh_rights *rights;
    eh_ledger *ledger;             /* NULL: the workspace has none, or another process writes it */
    struct eh_catalogues *languages;
    eh_look look;                  /* the shop's own, on pages for customers */
    struct eh_api *api;
    struct eh_recall *recall;      /* decisions read back */
    struct eh_desks *desks;        /* campaigns that are open for decisions */
    struct eh_planner *planner;    /* makes plans that were asked for here */
    eh_route *routes;              /* of the pages and of the interface */
    pthread_mutex_t plan_lock;     /* one plan or release is made at a time */
    pthread_mutex_t stores_lock;
    eh_store *stores[EH_STORES_KEPT]; /* handles that nobody uses now */
    size_t stores_count;
    eh_server *server;
};

/** The eh_web that an exchange belongs to. */
static inline eh_web *eh_web_of(const eh_exchange *exchange)
{
    return exchange->context;
}

int64_t eh_web_now_s(const eh_web *web);

/** A handle of evenhand.db for as long as the caller needs it; give it back. */
EH_MUST_USE eh_code eh_web_store_take(eh_web *web, eh_store **store_out, eh_error *error);
void eh_web_store_give(eh_web *web, eh_store *store);
/** Closes the handles that nobody uses now. */
void eh_web_stores_close(eh_web *web);

/** Appends the proof of an entry of the ledger to the answer: a file that anybody can check offline. errors: EH_NOT_FOUND; EH_UNAVAILABLE */
EH_MUST_USE eh_code eh_proof_append(eh_exchange *exchange, eh_view id, eh_error *error);

/* ---- what a route needs: bits of eh_route.flags ---------------------------------------------------------------------------- */

enum {
    EH_ROUTE_TEAM = 1 << 16, /* a session; the low bits are the EH_MAY_... that it must have */
    EH_ROUTE_API = 1 << 18,  /* of the interface for machines; the low bits are api_int.h's */
    EH_ROUTE_QUICK = 1 << 19, /* of a page that waits for nothing */
    EH_ROUTE_FORM = 1 << 17, /* a POST of a form of the session: its form_token must be right */
};

/** The session of a team exchange, set before its handler is called. */
const eh_session *eh_exchange_session(const eh_exchange *exchange);
/** The form of a team POST, read when its token was checked. */
eh_fields eh_exchange_team_form(const eh_exchange *exchange);

/* ---- pages ------------------------------------------------------------------------------------------------------------------- */

/** The frame of a team page: `active` is the path of its room ("/team/campaigns"), which the navigation marks. */
void eh_team_page_begin(eh_exchange *exchange, const char *active, const char *title);
void eh_team_page_end(eh_exchange *exchange);
/** A hidden field with the session's form token; every form of a team page has it. */
void eh_team_form_token(eh_exchange *exchange);
/** A page that says what went wrong, with the status of the error, in the frame that the exchange belongs to. */
void eh_page_of_error(eh_exchange *exchange, const eh_error *error);

typedef struct {
    const char *title;
    const char *language;    /* BCP 47 */
    bool right_to_left;
} eh_page_head_facts;
/** From the doctype to the first style; </head> is the caller's. */
void eh_page_head(eh_exchange *exchange, const eh_page_head_facts *page);
void eh_page_style(eh_exchange *exchange, eh_web_asset asset);

#endif
