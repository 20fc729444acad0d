/* Open desks, and the thread that puts their decisions into the ledger. */
#include "web/desks_int.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { DESKS_MAX = 64, BATCH = 1024, WAITING_MAX = 16384, FRESH_NS = 1000000000, NAME_MAX_BYTES = 80 };

/* When something that a desk rests on was last written. */
typedef struct {
    struct timespec campaign, policy, plans;
} stamp;

struct eh_desk_place {
    eh_desk *desk;
    char name[NAME_MAX_BYTES];
    size_t users;             /* under the lock */
    bool retired;             /* out of the list: closed by its last user */
    _Atomic bool warm;
    stamp stamp;
    int64_t looked_ns;        /* when the stamp was last compared */
};

typedef struct commit commit;

/* A thread that counts the messages of a batch while the ledger is given its decisions: both wait for a disk. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    commit *batch;            /* NULL: there is nothing to count */
    size_t count;
    eh_code code;             /* of the last one */
    eh_error error;
    bool closing, started;
    pthread_t thread;
} counting;

struct eh_desks {
    eh_web *web;
    eh_turns *turns;
    eh_words words[EH_LANGUAGES_COUNT];
    size_t words_count;
    pthread_mutex_t lock;     /* places */
    eh_desk_place *places[DESKS_MAX];
    size_t places_count;
    pthread_mutex_t opening;  /* one desk is opened at a time */
    pthread_mutex_t queue;
    pthread_cond_t arrived;
    eh_desk_waiting *first, **last;
    size_t waiting_count;
    bool closing, started;
    pthread_t committer;
    counting counting;
};

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- freshness ---------------------------------------------------------------------------------------------------------------- */

static struct timespec written(const char *folder, const char *below, const char *name, const char *ending)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    struct stat facts;
    eh_buffer_format(&path, "%s/%s%s%s", folder, below, name, ending);
    return path.code == EH_OK && stat(path.ptr, &facts) == 0 ? facts.st_mtim : (struct timespec){0};
}

static stamp stamp_now(const eh_web *web, const char *campaign)
{
    return (stamp){.campaign = written(web->model->folder, "campaigns/", campaign, ".yaml"),
                   .policy = written(web->model->folder, "", "policy.yaml", ""),
                   .plans = written(web->model->state_folder, "", "plans", "")};
}

static bool same_time(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

static bool is_fresh(const eh_desks *desks, eh_desk_place *place)
{
    int64_t now_ns = monotonic_ns();
    if (now_ns - place->looked_ns < FRESH_NS)
        return true;
    stamp now = stamp_now(desks->web, place->name);
    bool fresh = same_time(now.campaign, place->stamp.campaign) && same_time(now.policy, place->stamp.policy) && same_time(now.plans, place->stamp.plans);
    place->looked_ns = fresh ? now_ns : 0;
    return fresh;
}

/* ---- places ------------------------------------------------------------------------------------------------------------------- */

static void place_free(eh_desk_place *place)
{
    eh_desk_close(&place->desk);
    free(place);
}

static eh_desk_place *place_find(eh_desks *desks, eh_view campaign)
{
    for (size_t i = 0; i < desks->places_count; i++)
        if (eh_view_equal(campaign, eh_view_of(desks->places[i]->name)))
            return desks->places[i];
    return NULL;
}

/* Under the lock. */
static eh_desk_place *place_retire(eh_desks *desks, eh_desk_place *place)
{
    for (size_t i = 0; i < desks->places_count; i++)
        if (desks->places[i] == place)
            desks->places[i] = desks->places[--desks->places_count];
    place->retired = true;
    return place->users == 0 ? place : NULL;
}

static eh_desk_place *place_take(eh_desks *desks, eh_view campaign, bool warm_only)
{
    pthread_mutex_lock(&desks->lock);
    eh_desk_place *place = place_find(desks, campaign), *stale = NULL;
    if (place != NULL && !is_fresh(desks, place)) {
        stale = place_retire(desks, place);
        place = NULL;
    }
    if (place != NULL && warm_only && !atomic_load(&place->warm))
        place = NULL;
    if (place != NULL)
        place->users++;
    pthread_mutex_unlock(&desks->lock);
    if (stale != NULL)
        place_free(stale);
    return place;
}

eh_desk_place *eh_desks_take(eh_desks *desks, eh_view campaign) { return place_take(desks, campaign, true); }

void eh_desks_give(eh_desks *desks, eh_desk_place *place)
{
    pthread_mutex_lock(&desks->lock);
    bool last = --place->users == 0 && place->retired;
    pthread_mutex_unlock(&desks->lock);
    if (last)
        place_free(place);
}

eh_desk *eh_desk_of(const eh_desk_place *place) { return place->desk; }
eh_turns *eh_desks_turns(const eh_desks *desks) { return desks->turns; }
void eh_desk_is_warm(eh_desk_place *place) { atomic_store(&place->warm, true); }

static eh_code place_open(eh_desks *desks, const char *campaign, eh_desk_place **place_out, eh_error *error)
{
    eh_web *web = desks->web;
    eh_ledger_entry entries[EH_DESK_OPENING_MAX];
    size_t count = 0;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_desk_place *place = calloc(1, sizeof *place);
    if (arena == NULL || place == NULL) {
        free(place);
        return eh_fail_memory(error);
    }
    snprintf(place->name, sizeof place->name, "%s", campaign);
    eh_desk_options options = {.workspace = web->model->folder, .campaign = campaign, .now = {.seconds = eh_web_now_s(web)}, .rights = web->rights};
    eh_code code = eh_desk_open(&options, &place->desk, error);
    if (code == EH_OK)
        code = eh_desk_opening(place->desk, arena, entries, &count, error);
    if (code == EH_OK && count > 0)
        code = eh_ledger_append(web->ledger, entries, count, NULL, error);
    if (code != EH_OK) {
        struct timespec none = {0};
        place_free(place);
        if (code == EH_NOT_FOUND && same_time(written(web->model->folder, "campaigns/", campaign, ".yaml"), none))
            return eh_fail(error, EH_NOT_FOUND, "there is no campaign '%s' here", campaign);
        return code;
    }
    place->stamp = stamp_now(web, campaign); /* after the opening, which may make a plan */
    place->looked_ns = monotonic_ns();
    place->users = 1;
    *place_out = place;
    return EH_OK;
}

eh_code eh_desks_fetch(eh_desks *desks, eh_view campaign, eh_desk_place **place_out, eh_error *error)
{
    eh_web *web = desks->web;
    char name[NAME_MAX_BYTES];
    if (campaign.len >= sizeof name)
        return eh_fail(error, EH_NOT_FOUND, "there is no campaign of so long a name");
    memcpy(name, campaign.ptr, campaign.len);
    name[campaign.len] = '\0';
    if (web->ledger == NULL)
        return eh_ledger_exists(web->model->folder) ? eh_fail(error, EH_UNAVAILABLE, "another process writes the ledger, and nothing is decided unrecorded")
                                                    : eh_fail(error, EH_UNAVAILABLE, "this shop has no ledger yet, and nothing is decided unrecorded; make one with: evenhand keys make");
    pthread_mutex_lock(&desks->opening);
    eh_desk_place *place = place_take(desks, campaign, false);
    eh_code code = EH_OK;
    if (place == NULL) {
        code = place_open(desks, name, &place, error);
        pthread_mutex_lock(&desks->lock);
        if (code == EH_OK && desks->places_count < DESKS_MAX)
            desks->places[desks->places_count++] = place;
        else if (code == EH_OK)
            place->retired = true; /* no room to keep it: its last user closes it */
        pthread_mutex_unlock(&desks->lock);
    }
    pthread_mutex_unlock(&desks->opening);
    if (code == EH_OK)
        *place_out = place;
    return code;
}

const eh_words *eh_desks_words(const eh_desks *desks, const char *language)
{
    size_t len = strcspn(language, "-_");
    for (size_t i = 0; i < desks->words_count; i++)
        if (eh_view_equal_nocase((eh_view){language, len}, eh_view_of(eh_languages[i])))
            return &desks->words[i];
    return NULL;
}

/* ---- into the ledger ------------------------------------------------------------------------------------------------------------ */

bool eh_desks_wait(eh_desks *desks, eh_desk_waiting *waiting)
{
    waiting->next = NULL;
    pthread_mutex_lock(&desks->queue);
    bool room = desks->waiting_count < WAITING_MAX;
    if (room) {
        *desks->last = waiting;
        desks->last = &waiting->next;
        if (desks->waiting_count++ == 0)
            pthread_cond_signal(&desks->arrived);
    }
    pthread_mutex_unlock(&desks->queue);
    return room;
}

static size_t batch_take(eh_desks *desks, eh_desk_waiting **batch)
{
    size_t count = 0;
    pthread_mutex_lock(&desks->queue);
    while (desks->first == NULL && !desks->closing)
        pthread_cond_wait(&desks->arrived, &desks->queue);
    for (; count < BATCH && desks->first != NULL; count++) {
        batch[count] = desks->first;
        desks->first = desks->first->next;
    }
    if (desks->first == NULL)
        desks->last = &desks->first;
    desks->waiting_count -= count;
    pthread_mutex_unlock(&desks->queue);
    return count;
}

struct commit {
    eh_desk_waiting *batch[BATCH];
    eh_ledger_entry entries[BATCH];
    eh_ledger_receipt receipts[BATCH];
    const eh_trace *traces[BATCH];
    bool counted[BATCH];
};

/* Their messages count for caps and cool-downs: desk by desk. */
static eh_code batch_count(commit *of, size_t count, eh_error *error)
{
    memset(of->counted, 0, sizeof of->counted);
    for (size_t i = 0; i < count; i++) {
        size_t traces_count = 0;
        if (of->counted[i])
            continue;
        for (size_t k = i; k < count; k++)
            if (of->batch[k]->place == of->batch[i]->place) {
                of->traces[traces_count++] = of->batch[k]->trace;
                of->counted[k] = true;
            }
        EH_TRY(eh_desk_sent(of->batch[i]->place->desk, of->traces, traces_count, error));
    }
    return EH_OK;
}

static void *counter_run(void *context)
{
    counting *counter = context;
    pthread_setname_np(pthread_self(), "counter");
    pthread_mutex_lock(&counter->lock);
    for (;;) {
        while (counter->batch == NULL && !counter->closing)
            pthread_cond_wait(&counter->changed, &counter->lock);
        if (counter->batch == NULL)
            break;
        eh_error error = {0};
        pthread_mutex_unlock(&counter->lock);
        eh_code code = batch_count(counter->batch, counter->count, &error);
        pthread_mutex_lock(&counter->lock);
        counter->code = code;
        counter->error = error;
        counter->batch = NULL;
        pthread_cond_broadcast(&counter->changed);
    }
    pthread_mutex_unlock(&counter->lock);
    return NULL;
}

static void count_begin(counting *counter, commit *of, size_t count)
{
    pthread_mutex_lock(&counter->lock);
    counter->batch = of;
    counter->count = count;
    pthread_cond_broadcast(&counter->changed);
    pthread_mutex_unlock(&counter->lock);
}

static eh_code count_end(counting *counter, eh_error *error)
{
    pthread_mutex_lock(&counter->lock);
    while (counter->batch != NULL)
        pthread_cond_wait(&counter->changed, &counter->lock);
    eh_code code = counter->code == EH_OK ? EH_OK : eh_fail(error, counter->code, "%s", counter->error.text);
    pthread_mutex_unlock(&counter->lock);
    return code;
}

/* What the ledger then refuses was counted all the same: somebody gets a message less, never one more. */
static void batch_commit(eh_desks *desks, commit *of, size_t count)
{
    eh_error error = {0}, uncounted = {0};
    for (size_t i = 0; i < count; i++)
        of->entries[i] = of->batch[i]->entry;
    count_begin(&desks->counting, of, count);
    eh_code code = eh_ledger_append(desks->web->ledger, of->entries, count, of->receipts, &error), counted = count_end(&desks->counting, &uncounted);
    if (code == EH_OK && counted != EH_OK) {
        code = counted;
        error = uncounted;
    }
    for (size_t i = 0; i < count; i++) {
        eh_exchange *exchange = of->batch[i]->exchange;
        eh_turns_give(desks->turns, of->batch[i]->turn);
        eh_desks_give(desks, of->batch[i]->place);
        if (code != EH_OK)
            eh_exchange_fail(exchange, &error);
        else
            memcpy(exchange->out.ptr + of->batch[i]->id_at, of->receipts[i].id, EH_LEDGER_ID_BYTES - 1);
        eh_exchange_finish(exchange); /* and its arena, with batch[i] in it, is gone */
    }
}

eh_code eh_desks_record(eh_desks *desks, eh_desk_waiting *waiting, eh_error *error)
{
    eh_ledger_receipt receipt;
    EH_TRY(eh_ledger_append(desks->web->ledger, &waiting->entry, 1, &receipt, error));
    EH_TRY(eh_desk_sent(waiting->place->desk, &waiting->trace, 1, error));
    memcpy(waiting->exchange->out.ptr + waiting->id_at, receipt.id, EH_LEDGER_ID_BYTES - 1);
    return EH_OK;
}

static void *committer_run(void *context)
{
    eh_desks *desks = context;
    pthread_setname_np(pthread_self(), "decisions");
    commit *of = malloc(sizeof *of);
    EH_ASSERT(of != NULL);
    for (size_t count; (count = batch_take(desks, of->batch)) > 0;)
        batch_commit(desks, of, count);
    free(of);
    return NULL;
}

/* ---- opening and closing ------------------------------------------------------------------------------------------------------------ */

eh_code eh_desks_open(eh_web *web, eh_desks **desks_out, eh_error *error)
{
    EH_CLEANUP(eh_desks_close) eh_desks *desks = calloc(1, sizeof *desks);
    if (desks == NULL)
        return eh_fail_memory(error);
    desks->web = web;
    desks->last = &desks->first;
    pthread_mutex_init(&desks->lock, NULL);
    pthread_mutex_init(&desks->opening, NULL);
    pthread_mutex_init(&desks->queue, NULL);
    pthread_cond_init(&desks->arrived, NULL);
    for (; desks->words_count < EH_LANGUAGES_COUNT; desks->words_count++)
        EH_TRY(eh_words_open(eh_languages[desks->words_count], &desks->words[desks->words_count], error));
    EH_TRY(eh_turns_open(&desks->turns, error));
    pthread_mutex_init(&desks->counting.lock, NULL);
    pthread_cond_init(&desks->counting.changed, NULL);
    desks->counting.started = pthread_create(&desks->counting.thread, NULL, counter_run, &desks->counting) == 0;
    if (!desks->counting.started || pthread_create(&desks->committer, NULL, committer_run, desks) != 0)
        return eh_fail(error, EH_UNAVAILABLE, "the system gives no more threads");
    desks->started = true;
    *desks_out = desks;
    desks = NULL;
    return EH_OK;
}

/* After the committer. */
static void counter_close(counting *counter)
{
    if (!counter->started)
        return;
    pthread_mutex_lock(&counter->lock);
    counter->closing = true;
    pthread_cond_broadcast(&counter->changed);
    pthread_mutex_unlock(&counter->lock);
    pthread_join(counter->thread, NULL);
    pthread_cond_destroy(&counter->changed);
    pthread_mutex_destroy(&counter->lock);
}

void eh_desks_close(eh_desks **desks_address)
{
    eh_desks *desks = *desks_address;
    if (desks == NULL)
        return;
    pthread_mutex_lock(&desks->queue);
    desks->closing = true;
    pthread_cond_broadcast(&desks->arrived);
    pthread_mutex_unlock(&desks->queue);
    if (desks->started)
        pthread_join(desks->committer, NULL);
    counter_close(&desks->counting);
    for (size_t i = 0; i < desks->places_count; i++)
        place_free(desks->places[i]);
    for (size_t i = 0; i < desks->words_count; i++)
        eh_words_close(&desks->words[i]);
    eh_turns_close(&desks->turns);
    pthread_mutex_destroy(&desks->lock);
    pthread_mutex_destroy(&desks->opening);
    pthread_mutex_destroy(&desks->queue);
    pthread_cond_destroy(&desks->arrived);
    free(desks);
    *desks_address = NULL;
}
