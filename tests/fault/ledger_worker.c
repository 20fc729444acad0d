/*
 * Writes to a ledger until it is killed, or checks what is left of one. For ledger.py.
 *
 *   ledger_worker make FOLDER
 *   ledger_worker write FOLDER ROUND THREADS BATCHES     each batch that was acknowledged is one line on standard output
 *   ledger_worker dump FOLDER                            opens it to write (recovers), then prints every entry
 *
 * EVENHAND_WORKER_CLOCK=SECONDS  the clock; EVENHAND_WORKER_FILE_MAX=BYTES  no file may grow beyond (a full disk)
 * Exit status 0, 3 when the ledger answered with an error (the text is on standard error), 4 when another process writes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { BATCH_MAX = 12, THREADS_MAX = 8, STATUS_FAILED = 3, STATUS_BUSY = 4 };

typedef struct {
    eh_ledger *ledger;
    unsigned round, number, batches;
    eh_code code;
    eh_error error;
} writing;

static eh_instant clock_of(void *context)
{
    (void)context;
    const char *seconds = getenv("EVENHAND_WORKER_CLOCK");
    return seconds != NULL ? (eh_instant){.seconds = strtoll(seconds, NULL, 10)} : eh_instant_now();
}

static int told(const eh_error *error)
{
    fprintf(stderr, "%s\n", error->text);
    return error->code == EH_UNAVAILABLE ? STATUS_BUSY : STATUS_FAILED;
}

/* "ROUND THREAD FIRST COUNT INDEX\n": one write, so that a kill leaves a whole line or none that counts. */
static bool acknowledge(const writing *mine, unsigned first, unsigned count, uint64_t index)
{
    char line[96];
    int len = snprintf(line, sizeof line, "%u %u %u %u %ju\n", mine->round, mine->number, first, count, (uintmax_t)index);
    return write(STDOUT_FILENO, line, (size_t)len) == len;
}

static void *write_batches(void *argument)
{
    writing *mine = argument;
    unsigned next = 0;
    eh_random random;
    eh_random_init(&random, mine->round * 31u + mine->number);
    for (unsigned batch = 0; batch < mine->batches && mine->code == EH_OK; batch++) {
        char texts[BATCH_MAX][2][64];
        eh_ledger_entry entries[BATCH_MAX];
        eh_ledger_receipt receipts[BATCH_MAX];
        unsigned count = 1 + (unsigned)(eh_random_next(&random) % BATCH_MAX);
        for (unsigned i = 0; i < count; i++) {
            int person = snprintf(texts[i][0], sizeof texts[i][0], "p%u", (unsigned)(eh_random_next(&random) % 20));
            int payload = snprintf(texts[i][1], sizeof texts[i][1], "{\"from\":\"%u %u %u\"}", mine->round, mine->number, next + i);
            entries[i] = (eh_ledger_entry){.kind = EH_VIEW("decision"),
                                           .person = {texts[i][0], eh_random_next(&random) % 4 == 0 ? 0 : (size_t)person},
                                           .payload = {texts[i][1], (size_t)payload}};
        }
        mine->code = eh_ledger_append(mine->ledger, entries, count, receipts, &mine->error);
        if (mine->code == EH_OK && !acknowledge(mine, next, count, receipts[0].index))
            mine->code = eh_fail(&mine->error, EH_IO, "the acknowledgement could not be written");
        next += count;
        /* now and then somebody is erased, and a segment turns */
        uint64_t erased;
        eh_ledger_receipt receipt;
        if (mine->code == EH_OK && eh_random_next(&random) % 40 == 0) {
            int person = snprintf(texts[0][0], sizeof texts[0][0], "p%u", (unsigned)(eh_random_next(&random) % 20));
            mine->code = eh_ledger_person_erase(mine->ledger, (eh_view){texts[0][0], (size_t)person}, EH_VIEW("request"), &erased, &receipt,
                                                &mine->error);
        }
        if (mine->code == EH_OK && mine->number == 0 && eh_random_next(&random) % 15 == 0) {
            mine->code = eh_lead(mine->ledger, &mine->error);
            if (mine->code == EH_OK) {
                mine->code = eh_segment_turn(mine->ledger, &mine->error);
                eh_lead_end(mine->ledger);
            }
        }
    }
    return NULL;
}

static int write_many(const char *folder, unsigned round, unsigned threads_count, unsigned batches)
{
    eh_error error = {0};
    eh_ledger *ledger = NULL;
    pthread_t threads[THREADS_MAX];
    static writing all[THREADS_MAX];
    const char *file_max = getenv("EVENHAND_WORKER_FILE_MAX");
    if (file_max != NULL) {
        struct rlimit limit = {.rlim_cur = strtoull(file_max, NULL, 10), .rlim_max = RLIM_INFINITY};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (eh_ledger_open(folder, &(eh_ledger_options){.now = clock_of}, &ledger, &error) != EH_OK)
        return told(&error);
    int status = 0;
    for (unsigned i = 0; i < threads_count; i++) {
        all[i] = (writing){.ledger = ledger, .round = round, .number = i, .batches = batches};
        if (threads_count > 1 && pthread_create(&threads[i], NULL, write_batches, &all[i]) != 0)
            abort();
        if (threads_count == 1)
            write_batches(&all[i]);
    }
    for (unsigned i = 0; i < threads_count; i++) {
        if (threads_count > 1)
            pthread_join(threads[i], NULL);
        if (all[i].code != EH_OK)
            status = told(&all[i].error);
    }
    if (status == 0 && eh_ledger_publish(ledger, &error) != EH_OK)
        status = told(&error);
    eh_ledger_close(&ledger);
    return status;
}

static int dump(const char *folder)
{
    eh_error error = {0};
    eh_ledger *ledger = NULL;
    eh_published published = {0};
    if (eh_ledger_open(folder, &(eh_ledger_options){.now = clock_of}, &ledger, &error) != EH_OK ||
        eh_published_read(&ledger->folders, &published, &error) != EH_OK)
        return told(&error);
    for (uint64_t index = 0; index < published.checkpoint.size; index++) {
        char which[24];
        eh_ledger_record record;
        eh_arena *arena = eh_arena_open(1 << 22);
        int len = snprintf(which, sizeof which, "%ju", (uintmax_t)index);
        if (eh_ledger_read(ledger, (eh_view){which, (size_t)len}, arena, &record, &error) != EH_OK)
            return told(&error);
        printf("%ju %s %.*s %.*s\n", (uintmax_t)index, eh_record_state_name(record.state), (int)record.kind.len, record.kind.ptr,
               (int)record.payload.len, record.payload.len > 0 ? record.payload.ptr : "");
        eh_arena_close(&arena);
    }
    eh_published_dispose(&published);
    eh_ledger_close(&ledger);
    return 0;
}

int main(int argc, char **argv)
{
    eh_error error = {0};
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        mkdir(argv[2], 0777);
        return eh_ledger_init(argv[2], "shop.example/ledger", &error) == EH_OK ? 0 : told(&error);
    }
    if (argc == 3 && strcmp(argv[1], "dump") == 0)
        return dump(argv[2]);
    if (argc == 6 && strcmp(argv[1], "write") == 0)
        return write_many(argv[2], (unsigned)strtoul(argv[3], NULL, 10), (unsigned)strtoul(argv[4], NULL, 10), (unsigned)strtoul(argv[5], NULL, 10));
    return 2;
}
