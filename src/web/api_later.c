/*
 * What may wait: threads of the interface, the answers that are kept for a day, cursors.
 *
 * A request with an Idempotency-Key is carried out once. Its answer is kept for 24 hours under a keyed hash of the API key and the
 * Idempotency-Key. What it does is either in the same transaction as the kept answer (feedback, outcomes), or the same when done
 * twice (an act with its time, an erasure), so that a crash between the two changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "web/api_inside_int.h"
#include "web/server_int.h"

enum { CURSOR_BYTES_MAX = 512, NAME_BYTES = 32, KEY_CHARACTERS_MAX = 128, SWEEP_SECONDS = 600 };

void eh_api_key_for(const eh_web *web, const char *use, eh_secret *key_out)
{
    eh_hkdf_expand(&web->link_key, eh_view_of(use), key_out->bytes, EH_SECRET_BYTES);
}

/* ---- answers that are kept ----------------------------------------------------------------------------------------------------- */

static void digest_field(eh_buffer *out, eh_view field)
{
    eh_buffer_format(out, "%zu:", field.len);
    eh_buffer_append(out, field);
}

static eh_code hash_of(const eh_api *api, const eh_view *fields, size_t count, uint8_t hash_out[NAME_BYTES], eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (size_t i = 0; i < count; i++)
        digest_field(&text, fields[i]);
    EH_TRY(eh_buffer_check(&text, error));
    eh_digest digest = eh_hmac_sha256((eh_view){(const char *)api->answers_key.bytes, EH_SECRET_BYTES}, eh_buffer_view(&text));
    memcpy(hash_out, digest.bytes, NAME_BYTES);
    return EH_OK;
}

static eh_code idempotency_read(eh_exchange *exchange, const eh_api *api, eh_error *error)
{
    eh_view key = eh_fields_get(exchange->headers, "idempotency-key");
    eh_api_visit *visit = exchange->visit;
    visit->once = key.ptr != NULL && (exchange->route->flags & EH_API_WRITES) != 0;
    if (!visit->once)
        return EH_OK;
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] < 0x21 || key.ptr[i] > 0x7E)
            return eh_fail(error, EH_INPUT, "Idempotency-Key: letters, digits and signs without blanks are expected");
    if (key.len == 0 || key.len > KEY_CHARACTERS_MAX)
        return eh_fail(error, EH_INPUT, "Idempotency-Key: 1 to %d characters are expected", KEY_CHARACTERS_MAX);
    const eh_view name[] = {EH_VIEW("name"), {(const char *)&visit->key_id, sizeof visit->key_id}, key};
    const eh_view request[] = {EH_VIEW("request"), eh_view_of(eh_http_method_name(exchange->method)), exchange->path, exchange->body};
    EH_TRY(hash_of(api, name, 3, visit->name, error));
    return hash_of(api, request, 4, visit->request, error);
}

static eh_code answer_replay(eh_exchange *exchange, bool *found_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    const eh_api_visit *visit = exchange->visit;
    eh_kept_answer kept = {0};
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_answer_find(store, visit->name, eh_web_now_s(web), exchange->arena, &kept, found_out, error);
    eh_web_store_give(web, store);
    EH_TRY(code);
    if (!*found_out)
        return EH_OK;
    if (!eh_same_bytes(kept.request, visit->request, NAME_BYTES))
        return eh_fail(error, EH_CONFLICT, "this Idempotency-Key was used for another request within 24 hours; use a fresh one for each request");
    exchange->status = kept.status;
    exchange->content_type = kept.content_type;
    eh_buffer_clear(&exchange->out);
    eh_buffer_append(&exchange->out, kept.body);
    if (kept.location[0] != '\0')
        eh_exchange_header(exchange, "Location", kept.location);
    eh_exchange_header(exchange, "Idempotency-Replayed", "true");
    atomic_fetch_add(&web->api->counters.replays, 1);
    return EH_OK;
}

/* Two at the same time with one Idempotency-Key: the second is told to ask again. */
static bool under_way_enter(eh_api *api, size_t worker, const uint8_t name[NAME_BYTES])
{
    bool free_to_go = true;
    pthread_mutex_lock(&api->waiting);
    for (size_t w = 0; w < EH_API_WORKERS; w++)
        if (api->under_way[w] != NULL && memcmp(api->under_way[w], name, NAME_BYTES) == 0)
            free_to_go = false;
    if (free_to_go)
        api->under_way[worker] = name;
    pthread_mutex_unlock(&api->waiting);
    return free_to_go;
}

static void under_way_leave(eh_api *api, size_t worker)
{
    pthread_mutex_lock(&api->waiting);
    api->under_way[worker] = NULL;
    pthread_mutex_unlock(&api->waiting);
}

eh_code eh_api_remember(eh_exchange *exchange, eh_store *store, eh_error *error)
{
    eh_api_visit *visit = exchange->visit;
    eh_kept_answer kept = {.status = exchange->status, .content_type = exchange->content_type, .location = eh_exchange_header_get(exchange, "Location"),
                           .body = eh_buffer_view(&exchange->out)};
    if (!visit->once || visit->remembered)
        return EH_OK;
    memcpy(kept.request, visit->request, sizeof kept.request);
    EH_TRY(eh_answer_keep(store, visit->name, &kept, eh_web_now_s(eh_web_of(exchange)), error));
    visit->remembered = true;
    return EH_OK;
}

void eh_api_keep_again(eh_exchange *exchange)
{
    eh_api_visit *visit = exchange->visit;
    visit->remembered = false;
}

void eh_api_keep_not(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_api_visit *visit = exchange->visit;
    eh_error error = {0};
    eh_store *store;
    if (!visit->remembered)
        return;
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = eh_answer_drop(store, visit->name, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK)
        eh_server_log(exchange, error.text);
}

static eh_code remember_alone(eh_exchange *exchange, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_api_remember(exchange, store, error);
    eh_web_store_give(web, store);
    return code;
}

static eh_code run_once(eh_exchange *exchange, eh_api_work work, size_t worker, eh_error *error)
{
    eh_api *api = eh_web_of(exchange)->api;
    eh_api_visit *visit = exchange->visit;
    bool found = false;
    EH_TRY(idempotency_read(exchange, api, error));
    if (!visit->once) {
        work(exchange);
        return EH_OK;
    }
    if (!under_way_enter(api, worker, visit->name))
        return eh_fail(error, EH_CONFLICT, "a request with this Idempotency-Key is being carried out now; ask again in a second");
    eh_code code = answer_replay(exchange, &found, error);
    if (code == EH_OK && !found) {
        work(exchange);
        if (exchange->status < 300)
            code = remember_alone(exchange, error);
    }
    under_way_leave(api, worker);
    return code;
}

/* ---- threads ------------------------------------------------------------------------------------------------------------------------ */

static bool job_put(eh_exchange *exchange, eh_api_work work, bool page)
{
    eh_api *api = eh_web_of(exchange)->api;
    eh_api_job *job = EH_TAKE(exchange->arena, 1, eh_api_job);
    pthread_mutex_lock(&api->waiting);
    bool room = job != NULL && api->jobs_count < EH_API_WAITING_MAX;
    if (room) {
        *job = (eh_api_job){.exchange = exchange, .work = work, .page = page};
        *api->last = job;
        api->last = &job->next;
        api->jobs_count++;
        pthread_cond_signal(&api->arrived);
    }
    pthread_mutex_unlock(&api->waiting);
    return room;
}

bool eh_page_later(eh_exchange *exchange, eh_api_work work) { return job_put(exchange, work, true); }

eh_answer eh_api_later(eh_exchange *exchange, eh_api_work work)
{
    if (job_put(exchange, work, false))
        return EH_LATER;
    eh_exchange_problem(exchange, 503, "too many requests wait for the disk; ask again in a second");
    eh_exchange_header(exchange, "Retry-After", "1");
    return EH_NOW;
}

static eh_api_job *job_take(eh_api *api)
{
    pthread_mutex_lock(&api->waiting);
    while (api->first == NULL && !api->closing)
        pthread_cond_wait(&api->arrived, &api->waiting);
    eh_api_job *job = api->first;
    if (job != NULL) {
        api->first = job->next;
        if (api->first == NULL)
            api->last = &api->first;
        api->jobs_count--;
    }
    pthread_mutex_unlock(&api->waiting);
    return job;
}

typedef struct {
    eh_api *api;
    size_t number;
} worker_place;

static void *worker_run(void *context)
{
    worker_place place = *(worker_place *)context;
    free(context);
    pthread_setname_np(pthread_self(), "worker");
    for (;;) {
        eh_error error = {0};
        eh_api_job *job = job_take(place.api);
        if (job == NULL)
            return NULL;
        eh_exchange *exchange = job->exchange;
        if (job->page)
            job->work(exchange);
        else if (run_once(exchange, job->work, place.number, &error) != EH_OK)
            eh_exchange_fail(exchange, &error);
        eh_exchange_finish(exchange);
    }
}

static eh_code workers_start(eh_api *api, eh_error *error)
{
    for (size_t w = 0; w < EH_API_WORKERS; w++) {
        worker_place *place = malloc(sizeof *place);
        if (place == NULL)
            return eh_fail_memory(error);
        *place = (worker_place){api, w};
        if (pthread_create(&api->workers[w], NULL, worker_run, place) != 0) {
            free(place);
            return eh_fail(error, EH_UNAVAILABLE, "the system gives no more threads");
        }
        api->workers_count++;
    }
    return EH_OK;
}

eh_code eh_api_open(eh_web *web, eh_error *error)
{
    eh_store *store;
    eh_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return eh_fail_memory(error);
    web->api = api;
    api->web = web;
    api->last = &api->first;
    pthread_mutex_init(&api->door, NULL);
    pthread_mutex_init(&api->waiting, NULL);
    pthread_cond_init(&api->arrived, NULL);
    eh_api_key_for(web, "evenhand api answers", &api->answers_key);
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_api_migrate(store, error);
    eh_web_store_give(web, store);
    EH_TRY(code);
    EH_TRY(eh_api_keys_refresh(api, error));
    return workers_start(api, error);
}

void eh_api_close(eh_web *web)
{
    eh_api *api = web->api;
    if (api == NULL)
        return;
    pthread_mutex_lock(&api->waiting);
    api->closing = true;
    pthread_cond_broadcast(&api->arrived);
    pthread_mutex_unlock(&api->waiting);
    for (size_t w = 0; w < api->workers_count; w++)
        pthread_join(api->workers[w], NULL);
    pthread_mutex_destroy(&api->door);
    pthread_mutex_destroy(&api->waiting);
    pthread_cond_destroy(&api->arrived);
    eh_secret_wipe(&api->answers_key);
    free(api);
    web->api = NULL;
}

/* ---- cursors ------------------------------------------------------------------------------------------------------------------------------- */

void eh_api_cursor_append(const eh_web *web, eh_view beside, eh_view position, eh_buffer *out)
{
    EH_CLEANUP(eh_secret_wipe) eh_secret key = {0};
    char box[EH_NONCE_BYTES + CURSOR_BYTES_MAX + EH_SEAL_EXTRA_BYTES];
    uint8_t nonce[EH_NONCE_BYTES];
    EH_ASSERT(position.len <= CURSOR_BYTES_MAX);
    eh_api_key_for(web, "evenhand api cursors", &key);
    eh_entropy_fill(NULL, nonce, sizeof nonce);
    memcpy(box, nonce, sizeof nonce);
    eh_seal(&key, nonce, beside, position, box + sizeof nonce);
    eh_base64url_append(out, (eh_view){box, sizeof nonce + position.len + EH_SEAL_EXTRA_BYTES});
}

eh_code eh_api_cursor_read(eh_exchange *exchange, eh_view cursor, eh_view beside, eh_view *position_out, eh_error *error)
{
    EH_CLEANUP(eh_secret_wipe) eh_secret key = {0};
    char box[EH_NONCE_BYTES + CURSOR_BYTES_MAX + EH_SEAL_EXTRA_BYTES];
    size_t len = 0;
    char *position = eh_arena_take(exchange->arena, CURSOR_BYTES_MAX, 1);
    if (position == NULL)
        return eh_fail_memory(error);
    eh_api_key_for(eh_web_of(exchange), "evenhand api cursors", &key);
    bool good = eh_base64url_read(cursor, sizeof box, box, &len) && len >= EH_NONCE_BYTES + EH_SEAL_EXTRA_BYTES &&
                eh_unseal(&key, (const uint8_t *)box, beside, (eh_view){box + EH_NONCE_BYTES, len - EH_NONCE_BYTES}, position);
    if (!good)
        return eh_fail(error, EH_INPUT, "cursor: this is not the \"next\" of an answer to the same question");
    *position_out = (eh_view){position, len - EH_NONCE_BYTES - EH_SEAL_EXTRA_BYTES};
    return EH_OK;
}
