/*
 * What the ledger costs. One measurement per process, so that its peak of memory is its own; bench/ledger runs them all.
 *
 *   bench_ledger append FOLDER SECONDS BATCH     durable appends with commitments, in a new ledger FOLDER
 *   bench_ledger write FOLDER ENTRIES            a large log in clear, in a new ledger FOLDER
 *   bench_ledger prove FOLDER COUNT              reading and proving one entry of it, COUNT times
 *   bench_ledger verify FOLDER public|all        checking it
 *
 * Each prints one line of JSON.
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

static eh_ledger *ledger_begin(const char *folder)
{
    eh_error error = {0};
    eh_ledger *ledger = NULL;
    mkdir(folder, 0777);
    must(eh_ledger_init(folder, "bench.example/ledger", &error), &error);
    must(eh_ledger_open(folder, NULL, &ledger, &error), &error);
    return ledger;
}

static int append(const char *folder, const char *seconds_text, const char *batch_text)
{
    static eh_ledger_entry entries[BATCH_MAX];
    static char people[BATCH_MAX][16], payloads[BATCH_MAX][PAYLOAD_BYTES + 1];
    double seconds = strtod(seconds_text, NULL);
    size_t batch = strtoull(batch_text, NULL, 10);
    eh_error error = {0};
    if (batch < 1 || batch > BATCH_MAX)
        return 2;
    eh_ledger *ledger = ledger_begin(folder);
    /* the people are known before: their keys are made once; and some segments are filled, as in a ledger that is used much */
    for (uint64_t at = 0; at < PEOPLE; at += BATCH_MAX) {
        entries_make(entries, people, payloads, BATCH_MAX, at);
        must(eh_ledger_append(ledger, entries, BATCH_MAX, NULL, &error), &error);
    }
    must(eh_ledger_publish(ledger, &error), &error);
    double sync = sync_cost(folder), from = now_s(), busy = 0, own = 0, all = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t count = 0, batches = 0;
    while (now_s() - from < seconds) {
        entries_make(entries, people, payloads, batch, count);
        double begun = now_s(), begun_cpu = cpu_s(CLOCK_THREAD_CPUTIME_ID);
        must(eh_ledger_append(ledger, entries, batch, NULL, &error), &error);
        busy += now_s() - begun;
        own += cpu_s(CLOCK_THREAD_CPUTIME_ID) - begun_cpu;
        count += batch;
        batches++;
    }
    must(eh_ledger_publish(ledger, &error), &error);
    double whole = now_s() - from;
    all = cpu_s(CLOCK_PROCESS_CPUTIME_ID) - all;
    sync = (sync + sync_cost(folder)) / 2;
    eh_ledger_close(&ledger);
    printf("{\"batch\":%zu,\"entries\":%ju,\"batches\":%ju,\"acknowledged_seconds\":%.6f,\"published_seconds\":%.6f,\"fdatasync_seconds\":%.9f,"
           "\"appending_processor_seconds\":%.6f,\"processor_seconds\":%.6f,\"peak_kib\":%ju}\n", batch, (uintmax_t)count, (uintmax_t)batches,
           busy, whole, sync, own, all, (uintmax_t)memory_kib());
    return 0;
}

/* ---- a large log ------------------------------------------------------------------------------------------------------------- */

static int write_large(const char *folder, const char *count_text)
{
    enum { BATCH = 4096 };
    static eh_ledger_entry entries[BATCH];
    static char payloads[BATCH][48];
    uint64_t count = strtoull(count_text, NULL, 10);
    eh_error error = {0};
    eh_ledger *ledger = ledger_begin(folder);
    double from = now_s();
    for (uint64_t at = 0; at < count; at += BATCH) {
        size_t batch = count - at < BATCH ? (size_t)(count - at) : BATCH;
        for (size_t i = 0; i < batch; i++) {
            int len = snprintf(payloads[i], sizeof payloads[i], "{\"n\":%ju}", (uintmax_t)(at + i));
            entries[i] = (eh_ledger_entry){.kind = EH_VIEW("aggregate"), .payload = {payloads[i], (size_t)len}};
        }
        must(eh_ledger_append(ledger, entries, batch, NULL, &error), &error);
    }
    must(eh_ledger_publish(ledger, &error), &error);
    printf("{\"entries\":%ju,\"seconds\":%.3f,\"processor_seconds\":%.3f,\"peak_kib\":%ju}\n", (uintmax_t)count, now_s() - from,
           cpu_s(CLOCK_PROCESS_CPUTIME_ID), (uintmax_t)memory_kib());
    eh_ledger_close(&ledger);
    return 0;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static int prove(const char *folder, const char *count_text)
{
    enum { PROOFS_MAX = 100000, WARM = 20 };
    static double took[PROOFS_MAX];
    size_t count = strtoull(count_text, NULL, 10);
    eh_error error = {0};
    eh_ledger *ledger = NULL;
    eh_ledger_stats facts;
    if (count < 1 || count > PROOFS_MAX)
        return 2;
    must(eh_ledger_stats_read(folder, &facts, &error), &error);
    must(eh_ledger_open(folder, &(eh_ledger_options){.reads_only = true}, &ledger, &error), &error);
    eh_random random;
    eh_random_init(&random, 1);
    double cpu = 0;
    for (size_t i = 0; i < WARM + count; i++) {
        char which[24];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer proof = {0};
        eh_arena *arena = eh_arena_open(1 << 20);
        eh_ledger_record record;
        int len = snprintf(which, sizeof which, "%ju", (uintmax_t)(eh_random_next(&random) % facts.size));
        double begun = now_s(), begun_cpu = cpu_s(CLOCK_THREAD_CPUTIME_ID);
        must(eh_ledger_read(ledger, (eh_view){which, (size_t)len}, arena, &record, &error), &error);
        must(eh_ledger_prove(ledger, &record, &proof, &error), &error);
        if (i >= WARM) {
            took[i - WARM] = now_s() - begun;
            cpu += cpu_s(CLOCK_THREAD_CPUTIME_ID) - begun_cpu;
        }
        eh_arena_close(&arena);
    }
    eh_ledger_close(&ledger);
    qsort(took, count, sizeof *took, by_size);
    printf("{\"entries\":%ju,\"proofs\":%zu,\"median_seconds\":%.9f,\"p99_seconds\":%.9f,\"processor_seconds\":%.9f,\"peak_kib\":%ju}\n",
           (uintmax_t)facts.size, count, took[count / 2], took[count * 99 / 100], cpu / (double)count, (uintmax_t)memory_kib());
    return 0;
}

static int verify(const char *folder, const char *what)
{
    eh_error error = {0};
    eh_arena *arena = eh_arena_open(1 << 24);
    eh_ledger_verification found;
    eh_ledger_verify_options options = {.public_only = strcmp(what, "public") == 0};
    double from = now_s(), cpu = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
    must(eh_ledger_verify(folder, &options, arena, &found, &error), &error);
    printf("{\"entries\":%ju,\"seconds\":%.3f,\"processor_seconds\":%.3f,\"findings\":%zu,\"peak_kib\":%ju}\n", (uintmax_t)found.size,
           now_s() - from, cpu_s(CLOCK_PROCESS_CPUTIME_ID) - cpu, (size_t)found.findings_count, (uintmax_t)memory_kib());
    eh_arena_close(&arena);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 2;
    if (argc == 5 && strcmp(argv[1], "append") == 0)
        status = append(argv[2], argv[3], argv[4]);
    else if (argc == 4 && strcmp(argv[1], "write") == 0)
        status = write_large(argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "prove") == 0)
        status = prove(argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "verify") == 0)
        status = verify(argv[2], argv[3]);
    if (status == 2)
        fprintf(stderr, "usage: bench_ledger append FOLDER SECONDS BATCH | write FOLDER ENTRIES | prove FOLDER COUNT | verify FOLDER public|all\n");
    return status;
}
