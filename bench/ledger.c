/*
 * What the ledger costs: durable appends by batch size, one proof in a large log, checking a log.
 *
 *   ledger FOLDER SECONDS ENTRIES      FOLDER is made and left; SECONDS per batch size; ENTRIES of the large log
 *
 * Prints the time of one fdatasync of the same disk first: a batch cannot be faster than that.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { PEOPLE = 5000, BATCH_MAX = 1024, PAYLOAD_BYTES = 300 };

static double now_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* Processor time of this thread, and of all: what is left when others use the machine too. */
static double cpu_s(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void must(eh_code code, const eh_error *error)
{
    if (code == EH_OK)
        return;
    fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static uint64_t memory_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss;
}

/* The same write as a batch of one entry makes, and one sync of it. */
static double sync_cost(const char *folder)
{
    char path[512], bytes[800];
    enum { TIMES = 200 };
    snprintf(path, sizeof path, "%s/sync", folder);
    memset(bytes, 'x', sizeof bytes);
    int descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_TRUNC, 0600);
    double from = now_s();
    for (int i = 0; i < TIMES; i++)
        if (write(descriptor, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(descriptor) != 0)
            exit(1);
    double cost = (now_s() - from) / TIMES;
    close(descriptor);
    unlink(path);
    return cost;
}

/* Decisions of about 300 bytes, each about one of PEOPLE people: salted, committed, sealed. */
static void entries_make(eh_ledger_entry *entries, char (*people)[16], char (*payloads)[PAYLOAD_BYTES + 1], size_t count, uint64_t from)
{
    for (size_t i = 0; i < count; i++) {
        int person = snprintf(people[i], sizeof people[i], "c%06ju", (uintmax_t)((from + i) * 7919 % PEOPLE));
        int len = snprintf(payloads[i], sizeof payloads[i], "{\"decision\":\"%012ju\",\"campaign\":\"winter\",\"offer\":\"free_shipping\",\"why\":\"",
                           (uintmax_t)(from + i));
        memset(payloads[i] + len, 'r', PAYLOAD_BYTES - (size_t)len);
        memcpy(payloads[i] + PAYLOAD_BYTES - 2, "\"}", 3);
        entries[i] = (eh_ledger_entry){.kind = EH_VIEW("decision"), .person = {people[i], (size_t)person}, .payload = {payloads[i], PAYLOAD_BYTES}};
    }
}

static void appends(const char *folder, double seconds, size_t only)
{
    static eh_ledger_entry entries[BATCH_MAX];
    static char people[BATCH_MAX][16], payloads[BATCH_MAX][PAYLOAD_BYTES + 1];
    static const size_t sizes[] = {1, 64, 256, 1024};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        if (only != 0 && sizes[s] != only)
            continue;
        char path[512];
        eh_error error = {0};
        eh_ledger *ledger = NULL;
        snprintf(path, sizeof path, "%s/batch-%zu", folder, sizes[s]);
        mkdir(path, 0777);
        must(eh_ledger_init(path, "bench.example/ledger", &error), &error);
        must(eh_ledger_open(path, NULL, &ledger, &error), &error);
        /* the people are known before: their keys are made once */
        for (uint64_t at = 0; at < PEOPLE; at += BATCH_MAX) {
            entries_make(entries, people, payloads, BATCH_MAX, at);
            must(eh_ledger_append(ledger, entries, BATCH_MAX, NULL, &error), &error);
        }
        must(eh_ledger_publish(ledger, &error), &error);
        double sync = sync_cost(folder), from = now_s(), busy = 0, own = 0, all = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t count = 0, batches = 0;
        while (now_s() - from < seconds) {
            entries_make(entries, people, payloads, sizes[s], count);
            double begun = now_s(), begun_cpu = cpu_s(CLOCK_THREAD_CPUTIME_ID);
            must(eh_ledger_append(ledger, entries, sizes[s], NULL, &error), &error);
            busy += now_s() - begun;
            own += cpu_s(CLOCK_THREAD_CPUTIME_ID) - begun_cpu;
            count += sizes[s];
            batches++;
        }
        must(eh_ledger_publish(ledger, &error), &error);
        double whole = now_s() - from;
        all = cpu_s(CLOCK_PROCESS_CPUTIME_ID) - all;
        eh_ledger_close(&ledger);
        printf("append batch %4zu: %8.0f entries/s acknowledged, %8.0f/s with tiles, openings and checkpoint; a batch takes %.3f ms, one "
               "fdatasync %.3f ms; processor per entry: %.2f us appending, %.2f us with publishing; %ju MiB\n", sizes[s], (double)count / busy,
               (double)count / whole, busy / (double)batches * 1e3, sync * 1e3, own / (double)count * 1e6, all / (double)count * 1e6,
               (uintmax_t)memory_kib() / 1024);
        fflush(stdout);
    }
}

/* ---- a large log ------------------------------------------------------------------------------------------------------------- */

static void large(const char *folder, uint64_t count)
{
    char path[512];
    eh_error error = {0};
    eh_ledger *ledger = NULL;
    snprintf(path, sizeof path, "%s/large", folder);
    mkdir(path, 0777);
    must(eh_ledger_init(path, "bench.example/large", &error), &error);
    must(eh_ledger_open(path, NULL, &ledger, &error), &error);
    static eh_ledger_entry entries[4096];
    static char payloads[4096][48];
    double from = now_s();
    for (uint64_t at = 0; at < count; at += 4096) {
        size_t batch = count - at < 4096 ? (size_t)(count - at) : 4096;
        for (size_t i = 0; i < batch; i++) {
            int len = snprintf(payloads[i], sizeof payloads[i], "{\"n\":%ju}", (uintmax_t)(at + i));
            entries[i] = (eh_ledger_entry){.kind = EH_VIEW("aggregate"), .payload = {payloads[i], (size_t)len}};
        }
        must(eh_ledger_append(ledger, entries, batch, NULL, &error), &error);
    }
    must(eh_ledger_publish(ledger, &error), &error);
    printf("a log of %ju entries: %.1f s to write; %ju MiB of memory\n", (uintmax_t)count, now_s() - from, (uintmax_t)memory_kib() / 1024);

    enum { PROOFS = 2000 };
    eh_random random;
    eh_random_init(&random, 1);
    double sum = 0, most = 0;
    for (int i = 0; i < PROOFS; i++) {
        char which[24];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer proof = {0};
        eh_arena *arena = eh_arena_open(1 << 20);
        eh_ledger_record record;
        int len = snprintf(which, sizeof which, "%ju", (uintmax_t)(eh_random_next(&random) % count));
        double begun = now_s();
        must(eh_ledger_read(ledger, (eh_view){which, (size_t)len}, arena, &record, &error), &error);
        must(eh_ledger_prove(ledger, &record, &proof, &error), &error);
        double took = now_s() - begun;
        sum += took;
        most = took > most ? took : most;
        eh_arena_close(&arena);
    }
    printf("reading and proving one entry of them: %.3f ms on average, %.3f ms at most of %d\n", sum / PROOFS * 1e3, most * 1e3, (int)PROOFS);
    eh_ledger_close(&ledger);
    for (int public_only = 1; public_only >= 0; public_only--) {
        eh_arena *arena = eh_arena_open(1 << 24);
        eh_ledger_verification found;
        eh_ledger_verify_options options = {.public_only = public_only == 1};
        struct rusage before, after;
        getrusage(RUSAGE_SELF, &before);
        must(eh_ledger_verify(path, &options, arena, &found, &error), &error);
        getrusage(RUSAGE_SELF, &after);
        double cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
                     (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) * 1e-6;
        printf("verify%s: %.2f million entries per second of one core, %ju findings; %ju MiB of memory\n", public_only == 1 ? " --public" : "",
               (double)count / cpu * 1e-6, (uintmax_t)found.findings_count, (uintmax_t)memory_kib() / 1024);
        eh_arena_close(&arena);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: ledger FOLDER SECONDS ENTRIES\n");
        return 2;
    }
    mkdir(argv[1], 0777);
    if (strtod(argv[2], NULL) > 0)
        appends(argv[1], strtod(argv[2], NULL), argc > 4 ? strtoull(argv[4], NULL, 10) : 0);
    if (strtoull(argv[3], NULL, 10) > 0)
        large(argv[1], strtoull(argv[3], NULL, 10));
    return 0;
}
