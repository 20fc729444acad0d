/* The web as a whole: what it stands on, its routes, its opening and closing. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/team_int.h"

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

/* ---- routes -------------------------------------------------------------------------------------------------------------------------- */

static eh_answer health(eh_exchange *exchange)
{
    exchange->content_type = "application/json";
    eh_buffer_text(&exchange->out, "{\"status\":\"ok\",\"version\":\"" EVENHAND_VERSION "\"}\n");
    return EH_NOW;
}

static eh_answer front(eh_exchange *exchange)
{
    eh_exchange_redirect(exchange, "/ai");
    return EH_NOW;
}

static const eh_route routes[] = {
    {EH_GET, "/", front, 0},
    {EH_GET, "/v1/health", health, 0},
    {EH_GET, "/assets/:name", eh_web_asset_serve, 0},
    {EH_GET, "/team/sign-in", eh_team_sign_in_page, 0},
    {EH_POST, "/team/sign-in", eh_team_sign_in, 0},
    {EH_POST, "/team/sign-out", eh_team_sign_out, EH_ROUTE_TEAM | EH_ROUTE_FORM | EH_MAY_LOOK},
};

static void missing(eh_exchange *exchange)
{
    eh_error error = {0};
    bool machine = exchange->path.len >= 4 && memcmp(exchange->path.ptr, "/v1/", 4) == 0;
    if (exchange->status != 404 || machine)
        return;
    (void)eh_fail(&error, EH_NOT_FOUND, "There is no page at this address. If a link in a message led here, it may have been cut; copy the whole of it.");
    eh_page_of_error(exchange, &error);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------- */

static void descriptor_close(const int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

/* The key of the links: made once, readable by nobody else. */
static eh_code link_key_open(eh_web *web, eh_error *error)
{
    const char *folder = eh_arena_format(web->arena, "%s/keys", web->model->state_folder);
    const char *path = eh_arena_format(web->arena, "%s/keys/links.key", web->model->state_folder);
    if (folder == NULL || path == NULL)
        return eh_fail_memory(error);
    (void)mkdir(web->model->state_folder, 0700);
    (void)mkdir(folder, 0700);
    EH_CLEANUP(descriptor_close) int made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0) {
        eh_entropy_fill(NULL, web->link_key.bytes, EH_SECRET_BYTES);
        if (write(made, web->link_key.bytes, EH_SECRET_BYTES) != EH_SECRET_BYTES || fsync(made) != 0) {
            (void)unlink(path);
            return eh_fail(error, EH_IO, "%s: cannot write: %s", path, strerror(errno));
        }
        return EH_OK;
    }
    EH_CLEANUP(descriptor_close) int kept = open(path, O_RDONLY | O_CLOEXEC);
    if (kept < 0)
        return eh_fail(error, errno == EACCES ? EH_DENIED : EH_IO, "%s: cannot read: %s", path, strerror(errno));
    if (read(kept, web->link_key.bytes, EH_SECRET_BYTES) != EH_SECRET_BYTES)
        return eh_fail(error, EH_CORRUPT, "%s is not the key that it was; restore it from a backup, or remove it (links that were sent will then not open)", path);
    return EH_OK;
}

static eh_code state_open(eh_web *web, eh_error *error)
{
    EH_TRY(eh_workspace_open(web->options.workspace, &web->workspace, error));
    web->model = eh_workspace_get(web->workspace);
    EH_TRY(link_key_open(web, error));
    web->database = eh_arena_format(web->arena, "%s/evenhand.db", web->model->state_folder);
    if (web->database == NULL)
        return eh_fail_memory(error);
    eh_store *store = NULL;
    EH_TRY(eh_store_open(web->database, &(eh_store_options){.mode = EH_STORE_CREATE}, &store, error));
    eh_code code = eh_accounts_migrate(store, error);
    eh_web_store_give(web, store);
    return code;
}

static eh_code listen(eh_web *web, eh_error *error)
{
    const char *address = web->options.address == NULL ? "127.0.0.1" : web->options.address;
    eh_server_options options = {
        .address = address,
        .port = web->options.port,
        .threads = web->options.threads,
        .routes = routes,
        .routes_count = sizeof routes / sizeof routes[0],
        .context = web,
        .before = eh_team_admit,
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
    pthread_mutex_init(&web->stores_lock, NULL);
    web->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (web->arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(state_open(web, error));
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
    eh_server_close(&web->server);
    for (size_t i = 0; i < web->stores_count; i++)
        eh_store_close(&web->stores[i]);
    pthread_mutex_destroy(&web->stores_lock);
    eh_secret_wipe(&web->link_key);
    eh_workspace_close(&web->workspace);
    eh_arena_close(&web->arena);
    free(web);
    *web_address = NULL;
}
