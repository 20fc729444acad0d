/** Private to the files of the interface for machines: its state. */
#ifndef EH_WEB_API_INSIDE_INT_H
#define EH_WEB_API_INSIDE_INT_H

#include "web/api_int.h"

enum { EH_API_WORKERS = 64, EH_API_STRANGERS = 1024 };

/** What a key may still ask now. */
typedef struct {
    eh_api_key key;
    double allowance;      /* requests */
    int64_t filled_ns;     /* monotonic */
} eh_api_bucket;

/** Who has lately come with a key that is none: by a hash of the address, so that memory is bounded. */
typedef struct {
    uint64_t peer;
    uint32_t failures;
    int64_t since_s;
} eh_api_stranger;

typedef struct eh_api_job {
    eh_exchange *exchange;
    eh_api_work work;
    bool page;
    struct eh_api_job *next;
} eh_api_job;

struct eh_api {
    eh_web *web;
    pthread_mutex_t door;               /* buckets, strangers */
    eh_api_bucket buckets[EH_API_KEYS_MAX];
    size_t buckets_count;
    int64_t loaded_ns;                  /* when the keys were read last */
    eh_api_stranger strangers[EH_API_STRANGERS];
    eh_secret answers_key;              /* names and requests of kept answers are hashed with it */

    pthread_mutex_t waiting;            /* jobs */
    pthread_cond_t arrived;
    eh_api_job *first, **last;
    size_t jobs_count;
    bool closing;
    const uint8_t *under_way[EH_API_WORKERS]; /* names of the idempotent requests that are being worked on */
    pthread_t workers[EH_API_WORKERS];
    size_t workers_count;

    int64_t swept_s;                    /* kept answers that are too old were removed then */
    eh_api_counters counters;
};

/** What the door found; exchange->visit of an exchange of this interface. */
typedef struct {
    int64_t key_id;        /* 0: none was needed */
    bool once, remembered; /* an Idempotency-Key was given; its answer is kept */
    uint8_t name[32], request[32];
} eh_api_visit;

int64_t eh_api_monotonic_ns(void);
/** Once a second: a key that was made or removed by the command counts from then on. The first time before anybody may knock. */
EH_MUST_USE eh_code eh_api_keys_refresh(eh_api *api, eh_error *error);

#endif
