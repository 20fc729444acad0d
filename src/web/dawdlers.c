/* Who takes for ever to say what they want. */
#include "web/dawdlers_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { LOOK_SECONDS = 5 };

struct eh_dawdler {
    int socket;
    _Atomic int64_t since_s;  /* 0: it is being served */
    eh_dawdler *before, *after;
};

struct eh_dawdlers {
    uint32_t seconds_max;
    pthread_mutex_t lock;
    pthread_cond_t closes;
    eh_dawdler *first;
    bool closing, started;
    pthread_t thread;
};

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1; /* never 0 */
}

eh_dawdler *eh_dawdlers_enter(eh_dawdlers *dawdlers, int socket)
{
    eh_dawdler *who = calloc(1, sizeof *who);
    if (who == NULL)
        return NULL;
    who->socket = socket;
    eh_dawdler_answered(who);
    pthread_mutex_lock(&dawdlers->lock);
    who->after = dawdlers->first;
    if (who->after != NULL)
        who->after->before = who;
    dawdlers->first = who;
    pthread_mutex_unlock(&dawdlers->lock);
    return who;
}

void eh_dawdlers_leave(eh_dawdlers *dawdlers, eh_dawdler *who)
{
    if (who == NULL)
        return;
    pthread_mutex_lock(&dawdlers->lock);
    if (who->before != NULL)
        who->before->after = who->after;
    else
        dawdlers->first = who->after;
    if (who->after != NULL)
        who->after->before = who->before;
    pthread_mutex_unlock(&dawdlers->lock);
    free(who);
}

void eh_dawdler_asked(eh_dawdler *who)
{
    if (who != NULL)
        atomic_store_explicit(&who->since_s, 0, memory_order_relaxed);
}

void eh_dawdler_answered(eh_dawdler *who)
{
    if (who != NULL)
        atomic_store_explicit(&who->since_s, now_s(), memory_order_relaxed);
}

/* A socket that is in the list is open: who leaves waits for the lock. Its own server sees the end and closes it. */
static void look(eh_dawdlers *dawdlers)
{
    int64_t until_s = now_s() - dawdlers->seconds_max;
    for (eh_dawdler *who = dawdlers->first; who != NULL; who = who->after) {
        int64_t since_s = atomic_load_explicit(&who->since_s, memory_order_relaxed);
        if (since_s != 0 && since_s <= until_s)
            (void)shutdown(who->socket, SHUT_RDWR);
    }
}

static void *dawdlers_run(void *context)
{
    eh_dawdlers *dawdlers = context;
    uint32_t every_s = dawdlers->seconds_max < LOOK_SECONDS ? 1 : LOOK_SECONDS;
    pthread_setname_np(pthread_self(), "dawdlers");
    pthread_mutex_lock(&dawdlers->lock);
    while (!dawdlers->closing) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += every_s;
        (void)pthread_cond_timedwait(&dawdlers->closes, &dawdlers->lock, &until);
        look(dawdlers);
    }
    pthread_mutex_unlock(&dawdlers->lock);
    return NULL;
}

eh_code eh_dawdlers_open(uint32_t seconds_max, eh_dawdlers **dawdlers_out, eh_error *error)
{
    EH_CLEANUP(eh_dawdlers_close) eh_dawdlers *dawdlers = calloc(1, sizeof *dawdlers);
    pthread_condattr_t monotonic;
    if (dawdlers == NULL)
        return eh_fail_memory(error);
    dawdlers->seconds_max = seconds_max;
    pthread_mutex_init(&dawdlers->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&dawdlers->closes, &monotonic);
    pthread_condattr_destroy(&monotonic);
    dawdlers->started = pthread_create(&dawdlers->thread, NULL, dawdlers_run, dawdlers) == 0;
    if (!dawdlers->started)
        return eh_fail(error, EH_UNAVAILABLE, "the system gives no more threads");
    *dawdlers_out = dawdlers;
    dawdlers = NULL;
    return EH_OK;
}

void eh_dawdlers_close(eh_dawdlers **dawdlers_address)
{
    eh_dawdlers *dawdlers = *dawdlers_address;
    if (dawdlers == NULL)
        return;
    pthread_mutex_lock(&dawdlers->lock);
    dawdlers->closing = true;
    pthread_cond_broadcast(&dawdlers->closes);
    pthread_mutex_unlock(&dawdlers->lock);
    if (dawdlers->started)
        pthread_join(dawdlers->thread, NULL);
    EH_ASSERT(dawdlers->first == NULL);
    pthread_cond_destroy(&dawdlers->closes);
    pthread_mutex_destroy(&dawdlers->lock);
    free(dawdlers);
    *dawdlers_address = NULL;
}
