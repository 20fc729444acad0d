/*
 * How long a decision waits for an answer, how long a workspace of many people takes to open, how fast people are recorded. bench/rights runs it.
 *
 *   rights PEOPLE FOLDER     FOLDER must not be there; it is left behind
 *
 * Prints one line per figure: name, value, unit. Every time is of this run; the base line of the answers is a keyed hash and one read of memory.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "rights/rights.h"

enum { BATCH = 1000, ROUNDS = 2000, THREADS = 2, SPEECHES = 10000 };
static const int64_t now_s = 1795521600;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void die(const eh_error *error)
{
    fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static void record(eh_rights *rights, size_t people)
{
    static eh_speech speeches[SPEECHES];
    static eh_act acts[SPEECHES];
    static eh_said_result results[SPEECHES];
    static char keys[SPEECHES][48];
    eh_error error;
    double start = seconds();
    for (size_t done = 0; done < people; done += SPEECHES) {
        size_t count = people - done < SPEECHES ? people - done : SPEECHES;
        for (size_t i = 0; i < count; i++) {
            snprintf(keys[i], sizeof keys[i], "customer-%zu", done + i);
            acts[i] = (eh_act){.kind = (done + i) % 5 == 0 ? EH_ACT_WITHDRAW : EH_ACT_CONSENT, .by = EH_BY_IMPORT, .channel = EH_CHANNEL_EMAIL,
                               .control = EH_CONTROL_UNTOLD, .at_s = now_s - 86400, .how = "export of the shop", .jurisdiction = {"IE"}};
            speeches[i] = (eh_speech){.key = eh_view_of(keys[i]), .acts = &acts[i], .acts_count = 1, .results = &results[i]};
        }
        if (eh_rights_say_many(rights, speeches, count, true, now_s, &error) != EH_OK)
            die(&error);
    }
    printf("recorded_per_second %.0f people\n", (double)people / (seconds() - start));
}

typedef struct {
    eh_rights *rights;
    size_t people;
    uint64_t seed;
    bool strangers;
    double times[ROUNDS]; /* seconds per answer, mean of a batch */
    uint64_t yes;
} asker;

static void *ask(void *argument)
{
    asker *own = argument;
    static _Thread_local char keys[BATCH][48];
    eh_random random;
    eh_random_init(&random, own->seed);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BATCH; i++)
            snprintf(keys[i], sizeof keys[i], "%s-%zu", own->strangers ? "stranger" : "customer", (size_t)(eh_random_next(&random) % own->people));
        double start = seconds();
        for (size_t i = 0; i < BATCH; i++) {
            eh_may_answer answer;
            eh_error error;
            const eh_may_question question = {.purpose = i % 2 == 0 ? EH_PURPOSE_MARKETING : EH_PURPOSE_AI, .channel = EH_CHANNEL_EMAIL, .at_s = now_s};
            if (eh_rights_may(own->rights, eh_view_of(keys[i]), &question, &answer, &error) != EH_OK)
                die(&error);
            own->yes += answer.may;
        }
        own->times[round] = (seconds() - start) / BATCH;
    }
    qsort(own->times, ROUNDS, sizeof own->times[0], compare);
    return NULL;
}

static void answers(eh_rights *rights, size_t people, const char *name, size_t threads_count, bool strangers)
{
    static asker askers[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < threads_count; i++) {
        askers[i] = (asker){.rights = rights, .people = people, .seed = i + 1, .strangers = strangers};
        if (pthread_create(&threads[i], NULL, ask, &askers[i]) != 0)
            exit(1);
    }
    for (size_t i = 0; i < threads_count; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%s_median %.3f microseconds\n", name, askers[0].times[ROUNDS / 2] * 1e6);
    printf("%s_p99 %.3f microseconds\n", name, askers[0].times[ROUNDS * 99 / 100] * 1e6);
}

/* Opens and closes; seconds, of which the closing is none. */
static double open_once(const char *folder, uint64_t snapshot_after)
{
    eh_rights *rights = NULL;
    eh_error error;
    double start = seconds();
    if (eh_rights_open(&(eh_rights_options){.state_folder = folder, .snapshot_after = snapshot_after}, &rights, &error) != EH_OK)
        die(&error);
    double taken = seconds() - start;
    eh_rights_close(&rights);
    return taken;
}

/* By turns: from the snapshot, and from all acts, as if there were none. */
static void opening(const char *folder)
{
    enum { TURNS = 5 };
    double from_snapshot[TURNS], from_acts[TURNS];
    char path[4096], aside[4096];
    snprintf(path, sizeof path, "%s/rights.snapshot", folder);
    snprintf(aside, sizeof aside, "%s/aside", folder);
    for (size_t i = 0; i < TURNS; i++) {
        from_snapshot[i] = open_once(folder, 0);
        if (rename(path, aside) != 0)
            exit(1);
        from_acts[i] = open_once(folder, UINT64_MAX);
        if (rename(aside, path) != 0)
            exit(1);
    }
    qsort(from_snapshot, TURNS, sizeof from_snapshot[0], compare);
    qsort(from_acts, TURNS, sizeof from_acts[0], compare);
    printf("open_from_snapshot %.3f seconds\nopen_from_acts %.3f seconds\nopen_ratio %.1f times\n", from_snapshot[TURNS / 2], from_acts[TURNS / 2],
           from_acts[TURNS / 2] / from_snapshot[TURNS / 2]);
}

int main(int argc, char **argv)
{
    eh_rights *rights = NULL;
    eh_error error;
    struct rusage usage;
    size_t people = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (people == 0)
        return fprintf(stderr, "usage: %s PEOPLE FOLDER\n", argv[0]), 2;
    const eh_rights_options options = {.state_folder = argv[2]};
    if (eh_rights_open(&options, &rights, &error) != EH_OK)
        die(&error);
    record(rights, people);
    eh_rights_close(&rights);
    opening(argv[2]);
    if (eh_rights_open(&options, &rights, &error) != EH_OK)
        die(&error);
    answers(rights, people, "known_1_thread", 1, false);
    answers(rights, people, "known_2_threads", THREADS, false);
    answers(rights, people, "stranger_1_thread", 1, true);
    getrusage(RUSAGE_SELF, &usage);
    printf("memory_peak %.0f MiB\n", (double)usage.ru_maxrss / 1024);
    eh_rights_close(&rights);
    return 0;
}
