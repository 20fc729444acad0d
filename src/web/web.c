/* The web as a whole: what it stands on, its routes, its opening and closing. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "feedback/feedback.h"
#include "journey/campaigns.h"
#include "journey/people.h"
#include "web/api_int.h"
#include "web/customer_int.h"
#include "web/desks_int.h"
#include "web/planner_int.h"
#include "web/recall_int.h"
#include "web/team_int.h"

enum { LEDGER_WAIT_MS = 100, LEDGER_TRIES = 50 };

int64_t eh_web_now_s(const eh_web *web)
{
    return web->options.now != NULL ? web->options.now().seconds : eh_instant_now().seconds;
}

/* ---- handles of the database ---------------------------------------------------------------------------------------------------- */

eh_code eh_web_store_take(eh_web *web, eh_store **store_out, eh_error *error)
{
    eh_store *store = NULL;
    pthread_mutex_lock(&web->stores_lock);
    if (web->stores_count > 0)
        store = web->stores[--web->stores_count];
    pthread_mutex_unlock(&web->stores_lock);
    if (store == NULL)
        EH_TRY(eh_store_open(web->database, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, error));
    *store_out = store;
    return EH_OK;
}

void eh_web_store_give(eh_web *web, eh_store *store)
{
    eh_store_rollback(store);
    pthread_mutex_lock(&web->stores_lock);
    bool kept = web->stores_count < EH_STORES_KEPT;
    if (kept)
        web->stores[web->stores_count++] = store;
    pthread_mutex_unlock(&web->stores_lock);
    if (!kept)
        eh_store_close(&store);
}

void eh_web_stores_close(eh_web *web)
{
    pthread_mutex_lock(&web->stores_lock);
    for (size_t i = 0; i < web->stores_count; i++)
        eh_store_close(&web->stores[i]);
    web->stores_count = 0;
    pthread_mutex_unlock(&web->stores_lock);
}

/* ---- routes -------------------------------------------------------------------------------------------------------------------------- */

static eh_answer front(eh_exchange *exchange)
{
    eh_exchange_redirect(exchange, "/ai");
    return EH_NOW;
}

static const eh_route routes[] = {
    {EH_GET, "/", front, EH_ROUTE_QUICK},
    {EH_GET, "/assets/:name", eh_web_asset_serve, EH_ROUTE_QUICK},
    {EH_GET, "/look/:name", eh_look_serve, EH_ROUTE_QUICK},
    {EH_GET, "/.well-known/gpc.json", eh_public_gpc, EH_ROUTE_QUICK},
    {EH_GET, "/ai", eh_public_page, 0},
    {EH_GET, "/ai/campaigns", eh_register_page, 0},
    {EH_GET, "/why/:token", eh_why_page, EH_ROUTE_QUICK},
    {EH_POST, "/why/:token", eh_why_act, 0},
    {EH_GET, "/why/:token/proof", eh_why_proof, 0},
    {EH_GET, "/why/:token/wrong", eh_wrong_page, 0},
    {EH_POST, "/why/:token/wrong", eh_wrong_send, 0},
    {EH_GET, "/why/:token/ask/:what", eh_ask_page, 0},
    {EH_POST, "/why/:token/ask/:what", eh_ask_send, 0},
    {EH_GET, "/choices/:token", eh_choices_page, 0},
    {EH_POST, "/choices/:token", eh_choices_change, 0},
    {EH_GET, "/unsubscribe/:token", eh_unsubscribe_page, 0},
    {EH_POST, "/unsubscribe/:token", eh_unsubscribe, 0},
    {EH_GET, "/data/:token", eh_data_page, 0},
    {EH_GET, "/data/:token/person.json", eh_data_json, 0},
    {EH_GET, "/data/:token/person.csv", eh_data_csv, 0},
    {EH_GET, "/data/:token/receipt.jsonld", eh_data_receipt, 0},
    {EH_POST, "/data/:token/correct", eh_data_correct, 0},
    {EH_POST, "/data/:token/erase", eh_data_erase, 0},
    {EH_GET, "/feedback/:token", eh_feedback_page, 0},
    {EH_POST, "/feedback/:token", eh_feedback_send, 0},
    {EH_GET, "/ticket/:token", eh_ticket_page, 0},
};

static void missing(eh_exchange *exchange)
{
    eh_error error = {0};
    bool machine = eh_view_equal(exchange->path, EH_VIEW("/v1")) || (exchange->path.len >= 4 && memcmp(exchange->path.ptr, "/v1/", 4) == 0);
    if (exchange->status != 404 || machine)
        return;
    (void)eh_fail(&error, EH_NOT_FOUND, "There is no page at this address. If a link in a message led here, it may have been cut; copy the whole of it.");
    eh_page_of_error(exchange, &error);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------- */

/* The lock is the process's: it ends with it, however it ends. */
static eh_code lock_take(eh_web *web, eh_error *error)
{
    const char *path = eh_arena_format(web->arena, "%s/serve.lock", web->model->state_folder);
    char text[24] = {0};
    if (path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_parent_folders_make(path, error));
    web->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (web->lock < 0)
        return eh_fail(error, EH_IO, "%s: cannot be opened: %s", path, strerror(errno));
    if (flock(web->lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t len = pread(web->lock, text, sizeof text - 1, 0);
        return eh_fail(error, EH_UNAVAILABLE, "%s is served already, by process %s; stop that one first, one server serves all of a workspace", web->model->folder,
                       len > 0 ? text : "?");
    }
    int len = snprintf(text, sizeof text, "%lld", (long long)getpid());
    if (ftruncate(web->lock, 0) != 0 || pwrite(web->lock, text, (size_t)len, 0) != len)
        return eh_fail(error, EH_IO, "%s: cannot be written: %s", path, strerror(errno));
    return EH_OK;
}

static eh_code state_open(eh_web *web, eh_error *error)
{
    EH_TRY(eh_workspace_open(web->options.workspace, &web->workspace, error));
    web->model = eh_workspace_get(web->workspace);
    EH_TRY(lock_take(web, error));
    EH_TRY(eh_link_key_open(web->model->state_folder, &web->link_key, error));
    web->database = eh_arena_format(web->arena, "%s/evenhand.db", web->model->state_folder);
    if (web->database == NULL)
        return eh_fail_memory(error);
    eh_store *store = NULL;
    EH_TRY(eh_campaigns_open(web->model->state_folder, &store, error));
    eh_store_close(&store);
    EH_TRY(eh_store_open(web->database, &(eh_store_options){.mode = EH_STORE_CREATE}, &store, error));
    eh_code code = eh_accounts_migrate(store, error);
    if (code == EH_OK)
        code = eh_feedback_migrate(store, error);
    eh_web_store_give(web, store);
    return code == EH_OK ? eh_team_campaigns_prepare(web, error) : code;
}

/* A command that is just writing has ended soon; nothing can be decided before. */
static eh_code ledger_open(eh_web *web, eh_error *error)
{
    const struct timespec pause = {.tv_nsec = LEDGER_WAIT_MS * 1000000};
    if (!eh_ledger_exists(web->model->folder))
        return EH_OK;
    eh_code code = eh_ledger_open(web->model->folder, NULL, &web->ledger, error);
    for (int tries = 0; code == EH_UNAVAILABLE && tries < LEDGER_TRIES; tries++) {
        nanosleep(&pause, NULL);
        code = eh_ledger_open(web->model->folder, NULL, &web->ledger, error);
    }
    return code == EH_UNAVAILABLE ? EH_OK : code;
}

static eh_code people_open(eh_web *web, eh_error *error)
{
    EH_TRY(ledger_open(web, error));
    eh_rights_options options = {.state_folder = web->model->state_folder, .ledger = {.append = eh_rights_into_ledger, .context = web->ledger}};
    EH_TRY(eh_rights_house_read(web->model->rights, &options.house, error));
    EH_TRY(eh_rights_open(&options, &web->rights, error));
    EH_TRY(eh_look_read(web->model->folder, web->arena, &web->look, error));
    return eh_catalogues_open(web->model->folder, &web->languages, error);
}

static void page_run(eh_exchange *exchange)
{
    eh_answer answer = eh_team_admit(exchange) ? exchange->route->handle(exchange) : EH_NOW;
    EH_ASSERT(answer == EH_NOW); /* the page is there */
}

/* Pages read and write the disk, hash passwords, release plans: a thread that may wait makes them, but for those that are only bytes in memory. */
static eh_answer run(eh_exchange *exchange)
{
    eh_error error = {0};
    unsigned flags = exchange->route->flags;
    if ((flags & EH_ROUTE_API) != 0)
        return eh_api_admit(exchange) ? exchange->route->handle(exchange) : EH_NOW;
    if ((flags & EH_ROUTE_QUICK) != 0)
        return exchange->route->handle(exchange);
    if (eh_page_later(exchange, page_run))
        return EH_LATER;
    (void)eh_fail(&error, EH_UNAVAILABLE, "Too many people are here at this moment. Please try again in a few seconds.");
    eh_page_of_error(exchange, &error);
    eh_exchange_header(exchange, "Retry-After", "2");
    return EH_NOW;
}

static eh_code routes_join(eh_web *web, size_t *count_out, eh_error *error)
{
    size_t pages = sizeof routes / sizeof routes[0], count = pages + eh_api_routes_count + eh_team_routes_count;
    web->routes = EH_TAKE(web->arena, count, eh_route);
    if (web->routes == NULL)
        return eh_fail_memory(error);
    memcpy(web->routes, eh_api_routes, eh_api_routes_count * sizeof routes[0]);
    memcpy(web->routes + eh_api_routes_count, routes, sizeof routes);
    memcpy(web->routes + eh_api_routes_count + pages, eh_team_routes, eh_team_routes_count * sizeof routes[0]);
    *count_out = count;
    return EH_OK;
}

static eh_code listen(eh_web *web, eh_error *error)
{
    size_t routes_count = 0;
    EH_TRY(routes_join(web, &routes_count, error));
    const char *address = web->options.address == NULL ? "127.0.0.1" : web->options.address;
    eh_server_options options = {
        .address = address,
        .port = web->options.port,
        .threads = web->options.threads,
        .routes = web->routes,
        .routes_count = routes_count,
        .context = web,
        .run = run,
        .answered = eh_api_answered,
        .missing = missing,
    };
    EH_TRY(eh_server_open(&options, &web->server, error));
    bool brackets = strchr(address, ':') != NULL;
    web->origin = web->options.origin != NULL ? eh_arena_copy(web->arena, eh_view_of(web->options.origin))
                                              : eh_arena_format(web->arena, brackets ? "http://[%s]:%u" : "http://%s:%u", address, eh_server_port(web->server));
    return web->origin == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_web_open(const eh_web_options *options, eh_web **web_out, eh_error *error)
{
    EH_CLEANUP(eh_web_close) eh_web *web = calloc(1, sizeof *web);
    if (web == NULL)
        return eh_fail_memory(error);
    web->options = *options;
    web->origin = "";
    web->lock = -1;
    pthread_mutex_init(&web->stores_lock, NULL);
    pthread_mutex_init(&web->plan_lock, NULL);
    web->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (web->arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(state_open(web, error));
    EH_TRY(people_open(web, error));
    EH_TRY(eh_api_open(web, error));
    EH_TRY(eh_desks_open(web, &web->desks, error));
    EH_TRY(eh_recall_open(web, &web->recall, error));
    EH_TRY(eh_planner_open(web, &web->planner, error));
    EH_TRY(listen(web, error));
    *web_out = web;
    web = NULL;
    return EH_OK;
}

const char *eh_web_origin(const eh_web *web)
{
    return web->origin;
}

void eh_web_close(eh_web **web_address)
{
    eh_web *web = *web_address;
    if (web == NULL)
        return;
    eh_planner_stop(web->planner);
    eh_server_close(&web->server);
    eh_planner_close(&web->planner);
    eh_api_close(web);
    eh_desks_close(&web->desks);
    eh_recall_close(&web->recall);
    eh_rights_close(&web->rights);
    eh_ledger_close(&web->ledger);
    eh_catalogues_close(&web->languages);
    eh_web_stores_close(web);
    pthread_mutex_destroy(&web->stores_lock);
    pthread_mutex_destroy(&web->plan_lock);
    eh_secret_wipe(&web->link_key);
    eh_workspace_close(&web->workspace);
    if (web->lock >= 0)
        close(web->lock);
    eh_arena_close(&web->arena);
    free(web);
    *web_address = NULL;
}
