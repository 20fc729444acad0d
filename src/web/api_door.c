/* The door of the interface: which key, may it, and not too often. */
#include <string.h>
#include <time.h>

#include "web/api_inside_int.h"

enum {
    NANOSECONDS = 1000000000,
    BURST_SECONDS = 2,
    STRANGER_SECONDS = 60,
    STRANGER_FAILURES_MAX = 100,
    TOKEN_LEN = 46 /* eh_ and 43 characters */
};

int64_t eh_api_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

/* ---- keys in memory --------------------------------------------------------------------------------------------------------------- */

/* The keys as they are on the disk; a bucket that was there keeps its filling. */
static void buckets_take(eh_api *api, const eh_api_key *keys, size_t keys_count, int64_t now_ns)
{
    static const eh_api_bucket none;
    eh_api_bucket fresh[EH_API_KEYS_MAX];
    for (size_t k = 0; k < keys_count; k++) {
        fresh[k] = none;
        fresh[k].key = keys[k];
        fresh[k].allowance = (double)keys[k].rate * BURST_SECONDS;
        fresh[k].filled_ns = now_ns;
        for (size_t b = 0; b < api->buckets_count; b++) {
            if (api->buckets[b].key.id == keys[k].id && eh_same_bytes(api->buckets[b].key.hash, keys[k].hash, sizeof keys[k].hash)) {
                fresh[k].allowance = api->buckets[b].allowance;
                fresh[k].filled_ns = api->buckets[b].filled_ns;
            }
        }
    }
    memcpy(api->buckets, fresh, keys_count * sizeof fresh[0]);
    api->buckets_count = keys_count;
}

eh_code eh_api_keys_refresh(eh_api *api, eh_error *error)
{
    eh_api_key keys[EH_API_KEYS_MAX];
    eh_store *store;
    size_t count = 0;
    int64_t now_ns = eh_api_monotonic_ns();
    pthread_mutex_lock(&api->door);
    bool due = api->loaded_ns == 0 || now_ns - api->loaded_ns >= NANOSECONDS;
    if (due)
        api->loaded_ns = now_ns;
    pthread_mutex_unlock(&api->door);
    if (!due)
        return EH_OK;
    EH_TRY(eh_web_store_take(api->web, &store, error));
    eh_code code = eh_api_keys_load(store, keys, &count, error);
    eh_web_store_give(api->web, store);
    pthread_mutex_lock(&api->door);
    if (code == EH_OK)
        buckets_take(api, keys, count, now_ns);
    else
        api->loaded_ns = 0;
    pthread_mutex_unlock(&api->door);
    return code;
}

/* ---- who knocks --------------------------------------------------------------------------------------------------------------------- */

static eh_api_stranger *stranger_of(eh_api *api, const char *peer, int64_t now_s)
{
    eh_digest hash = eh_hmac_sha256((eh_view){(const char *)api->answers_key.bytes, EH_SECRET_BYTES}, eh_view_of(peer));
    uint64_t name;
    memcpy(&name, hash.bytes, sizeof name);
    eh_api_stranger *stranger = &api->strangers[name % EH_API_STRANGERS];
    if (stranger->peer != name || now_s - stranger->since_s >= STRANGER_SECONDS)
        *stranger = (eh_api_stranger){.peer = name, .since_s = now_s};
    return stranger;
}

/* False when no key was given; *whole_out is whether it looks like one of ours. */
static bool token_read(const eh_exchange *exchange, eh_view *token_out, bool *whole_out)
{
    static const char scheme[] = "Bearer ";
    eh_view given = eh_fields_get(exchange->headers, "authorization");
    size_t len = sizeof scheme - 1;
    *whole_out = false;
    if (given.ptr == NULL)
        return false;
    if (given.len < len || !eh_view_equal_nocase((eh_view){given.ptr, len}, EH_VIEW(scheme)))
        return true;
    *token_out = eh_view_trim((eh_view){given.ptr + len, given.len - len});
    *whole_out = token_out->len == TOKEN_LEN && memcmp(token_out->ptr, "eh_", 3) == 0;
    return true;
}

/* All keys are compared, and every byte of each: the time tells nothing. */
static eh_api_bucket *bucket_find(eh_api *api, const eh_digest *hash)
{
    eh_api_bucket *found = NULL;
    for (size_t b = 0; b < api->buckets_count; b++)
        if (eh_same_bytes(api->buckets[b].key.hash, hash->bytes, sizeof hash->bytes))
            found = &api->buckets[b];
    return found;
}

typedef enum { DOOR_OPEN, DOOR_UNKNOWN, DOOR_STRANGER, DOOR_SCOPE, DOOR_RATE } door_answer;

static bool allowance_take(eh_api_bucket *bucket, int64_t now_ns)
{
    double most = (double)bucket->key.rate * BURST_SECONDS;
    bucket->allowance += (double)(now_ns - bucket->filled_ns) / NANOSECONDS * (double)bucket->key.rate;
    bucket->filled_ns = now_ns;
    if (bucket->allowance > most)
        bucket->allowance = most;
    if (bucket->allowance < 1)
        return false;
    bucket->allowance -= 1;
    return true;
}

static door_answer knock(eh_exchange *exchange, eh_api *api, int64_t *key_id_out)
{
    eh_view token = {0};
    eh_digest hash = {0};
    unsigned flags = exchange->route->flags, scope = flags & 0xFFU;
    uint32_t wanted = ((flags & EH_API_WRITES) != 0 ? 2U : 1U) << 2 * scope;
    bool whole = false, given = token_read(exchange, &token, &whole);
    if (!given)
        return DOOR_UNKNOWN;
    int64_t now_ns = eh_api_monotonic_ns();
    if (whole)
        hash = eh_sha256_of(token);
    pthread_mutex_lock(&api->door);
    door_answer answer = DOOR_OPEN;
    eh_api_bucket *bucket = whole ? bucket_find(api, &hash) : NULL;
    if (bucket == NULL) {
        eh_api_stranger *stranger = stranger_of(api, exchange->peer, now_ns / NANOSECONDS);
        answer = ++stranger->failures > STRANGER_FAILURES_MAX ? DOOR_STRANGER : DOOR_UNKNOWN;
    } else if ((bucket->key.scopes & wanted) == 0) {
        answer = DOOR_SCOPE;
    } else if (!allowance_take(bucket, now_ns)) {
        answer = DOOR_RATE;
    } else {
        *key_id_out = bucket->key.id;
    }
    pthread_mutex_unlock(&api->door);
    return answer;
}

static void turn_away(eh_exchange *exchange, door_answer answer)
{
    eh_api_counters *counters = eh_api_counters_of(eh_web_of(exchange));
    unsigned flags = exchange->route->flags;
    char text[200];
    if (answer == DOOR_UNKNOWN) {
        atomic_fetch_add(&counters->unknown_keys, 1);
        eh_exchange_problem(exchange, 401, "a key of this shop is needed, as in: Authorization: Bearer eh_...; evenhand keys api add makes one");
        eh_exchange_header(exchange, "WWW-Authenticate", "Bearer realm=\"evenhand\"");
    } else if (answer == DOOR_SCOPE) {
        snprintf(text, sizeof text, "this key may not do that; the scope that is needed is %s%s", eh_scope_name((eh_scope)(flags & 0xFFU)),
                 (flags & EH_API_WRITES) != 0 ? "" : ":read");
        eh_exchange_problem(exchange, 403, text);
    } else {
        atomic_fetch_add(&counters->throttled, 1);
        eh_exchange_problem(exchange, 429, answer == DOOR_RATE ? "this key has asked more often than its rate allows; ask again in a second"
                                                               : "too many keys from this address that are none; wait a minute");
        eh_exchange_header(exchange, "Retry-After", answer == DOOR_RATE ? "1" : "60");
    }
}

/* A body of another kind is not looked into. */
static bool body_is_json(eh_exchange *exchange)
{
    eh_http_method method = exchange->method;
    if ((method != EH_POST && method != EH_PUT) || eh_exchange_body_is(exchange, "application/json"))
        return true;
    eh_exchange_problem(exchange, 415, "the body must be JSON, with the header Content-Type: application/json");
    eh_exchange_header(exchange, method == EH_POST ? "Accept-Post" : "Accept", "application/json");
    return false;
}

bool eh_api_admit(eh_exchange *exchange)
{
    eh_api *api = eh_web_of(exchange)->api;
    eh_error error = {0};
    eh_api_visit *visit = EH_TAKE(exchange->arena, 1, eh_api_visit);
    if (visit == NULL) {
        eh_exchange_problem(exchange, 503, "no memory left; ask again in a moment");
        return false;
    }
    exchange->visit = visit;
    if ((exchange->route->flags & EH_API_OPEN) != 0)
        return true;
    if (eh_api_keys_refresh(api, &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return false;
    }
    door_answer answer = knock(exchange, api, &visit->key_id);
    if (answer != DOOR_OPEN)
        turn_away(exchange, answer);
    return answer == DOOR_OPEN && body_is_json(exchange);
}
