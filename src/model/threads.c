/* Independent pieces of work on a few threads. What a piece gives does not depend on who does it or when. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "model/learner_int.h"

enum { THREADS_MAX = 64 };

typedef struct {
    atomic_size_t next;
    size_t count;
    void (*work)(void *context, size_t index);
    void *context;
} shared_work;

static void *work_take(void *argument)
{
    shared_work *shared = argument;
    for (;;) {
        size_t index = atomic_fetch_add(&shared->next, 1);
        if (index >= shared->count)
            return NULL;
        shared->work(shared->context, index);
    }
}

uint32_t eh_threads_of(uint32_t wanted)
{
    int64_t processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t threads = wanted != 0 ? wanted : processors > 0 ? (uint32_t)processors : 1;
    return threads > THREADS_MAX ? THREADS_MAX : threads;
}

void eh_work_parallel(uint32_t threads, size_t count, void (*work)(void *context, size_t index), void *context)
{
    shared_work shared = {.count = count, .work = work, .context = context};
    pthread_t others[THREADS_MAX];
    size_t started = 0;
    atomic_init(&shared.next, 0);
    threads = eh_threads_of(threads);
    /* A thread that cannot be started is no reason to stop: this one does all that is left. */
    while (started + 1 < threads && started + 1 < count && pthread_create(&others[started], NULL, work_take, &shared) == 0)
        started++;
    work_take(&shared);
    for (size_t i = 0; i < started; i++)
        pthread_join(others[i], NULL);
}
