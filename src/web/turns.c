/* Turns of people: a set of hashes in open addressing, under one lock. */
#include "web/turns_int.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/secrets.h"

/* Twice as many as decisions may wait, and a power of two. */
enum { PLACES = 65536, TAKEN_MAX = PLACES / 2 };

struct eh_turns {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t taken;
    bool paused;
    uint64_t places[PLACES]; /* 0: free */
};

eh_code eh_turns_open(eh_turns **turns_out, eh_error *error)
{
    eh_turns *turns = calloc(1, sizeof *turns);
    if (turns == NULL)
        return eh_fail_memory(error);
    pthread_mutex_init(&turns->lock, NULL);
    pthread_cond_init(&turns->changed, NULL);
    *turns_out = turns;
    return EH_OK;
}

void eh_turns_close(eh_turns **turns)
{
    if (*turns == NULL)
        return;
    pthread_cond_destroy(&(*turns)->changed);
    pthread_mutex_destroy(&(*turns)->lock);
    free(*turns);
    *turns = NULL;
}

/* Two people of one hash wait for each other, which does no harm. */
static uint64_t turn_of(eh_view person)
{
    eh_digest digest = eh_sha256_of(person);
    uint64_t turn = 0;
    for (size_t i = 0; i < sizeof turn; i++)
        turn = turn << 8 | digest.bytes[i];
    return turn == 0 ? 1 : turn;
}

/* Where it is, or where it would go. */
static size_t place_of(const eh_turns *turns, uint64_t turn)
{
    size_t at = (size_t)turn & (PLACES - 1);
    while (turns->places[at] != 0 && turns->places[at] != turn)
        at = (at + 1) & (PLACES - 1);
    return at;
}

/* Under the lock. */
static bool turn_put(eh_turns *turns, uint64_t turn)
{
    size_t at = place_of(turns, turn);
    if (turns->paused || turns->taken == TAKEN_MAX || turns->places[at] == turn)
        return false;
    turns->places[at] = turn;
    turns->taken++;
    return true;
}

uint64_t eh_turns_try(eh_turns *turns, eh_view person)
{
    uint64_t turn = turn_of(person);
    pthread_mutex_lock(&turns->lock);
    bool put = turn_put(turns, turn);
    pthread_mutex_unlock(&turns->lock);
    return put ? turn : 0;
}

uint64_t eh_turns_take(eh_turns *turns, eh_view person)
{
    uint64_t turn = turn_of(person);
    pthread_mutex_lock(&turns->lock);
    while (!turn_put(turns, turn))
        pthread_cond_wait(&turns->changed, &turns->lock);
    pthread_mutex_unlock(&turns->lock);
    return turn;
}

/* What follows in the same run moves up, so that no search ends too early. */
static void turn_remove(eh_turns *turns, uint64_t turn)
{
    size_t hole = place_of(turns, turn);
    EH_ASSERT(turns->places[hole] == turn);
    for (size_t at = (hole + 1) & (PLACES - 1); turns->places[at] != 0; at = (at + 1) & (PLACES - 1)) {
        size_t home = (size_t)turns->places[at] & (PLACES - 1);
        if (((at - home) & (PLACES - 1)) >= ((at - hole) & (PLACES - 1))) {
            turns->places[hole] = turns->places[at];
            hole = at;
        }
    }
    turns->places[hole] = 0;
    turns->taken--;
}

void eh_turns_give(eh_turns *turns, uint64_t turn)
{
    if (turn == 0)
        return;
    pthread_mutex_lock(&turns->lock);
    turn_remove(turns, turn);
    pthread_cond_broadcast(&turns->changed);
    pthread_mutex_unlock(&turns->lock);
}

void eh_turns_pause(eh_turns *turns)
{
    pthread_mutex_lock(&turns->lock);
    EH_ASSERT(!turns->paused);
    turns->paused = true;
    while (turns->taken > 0)
        pthread_cond_wait(&turns->changed, &turns->lock);
    pthread_mutex_unlock(&turns->lock);
}

void eh_turns_resume(eh_turns *turns)
{
    pthread_mutex_lock(&turns->lock);
    turns->paused = false;
    pthread_cond_broadcast(&turns->changed);
    pthread_mutex_unlock(&turns->lock);
}
