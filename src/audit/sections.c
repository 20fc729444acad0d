#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/audit_int.h"

enum { THREADS_MAX = 8 };

/* ---- which sections there are ---------------------------------------------------------------------------------------------- */

/** The next larger number with as many bits set (Gosper). */
static uint32_t next_same_popcount(uint32_t bits)
{
    uint32_t lowest = bits & (~bits + 1), ripple = bits + lowest;
    return ripple | (((bits ^ ripple) / lowest) >> 2);
}

size_t eh_audit_sets(size_t attributes_count, uint32_t depth, uint32_t *sets_out, size_t sets_max)
{
    EH_ASSERT(attributes_count <= EH_ATTRIBUTES_MAX);
    size_t count = 0;
    for (size_t a = 0; a < attributes_count && count < sets_max; a++)
        sets_out[count++] = 1U << a;
    for (uint32_t d = 2; d <= depth && d <= attributes_count; d++)
        for (uint32_t bits = (1U << d) - 1; bits < 1U << attributes_count && count < sets_max; bits = next_same_popcount(bits))
            sets_out[count++] = bits;
    return count;
}

static eh_code section_name(audit_run *run, eh_audit_section *section, uint32_t bits, eh_error *error)
{
    section->attributes = bits;
    for (uint8_t a = 0; a < EH_ATTRIBUTES_MAX; a++)
        if (bits >> a & 1U)
            section->attribute_index[section->depth++] = a;
    const eh_cube_dimension *d = run->cube->dimensions;
    const uint8_t *i = section->attribute_index;
    if (section->depth == 1)
        section->name = d[i[0]].name;
    else if (section->depth == 2)
        section->name = eh_arena_format(run->arena, "%s & %s", d[i[0]].name, d[i[1]].name);
    else
        section->name = eh_arena_format(run->arena, "%s & %s & %s", d[i[0]].name, d[i[1]].name, d[i[2]].name);
    return section->name ? EH_OK : eh_fail_memory(error);
}

/* ---- one section ------------------------------------------------------------------------------------------------------------- */

static eh_code check_groups(const eh_audit_section *section, eh_error *error)
{
    size_t decided = 0;
    const char *only = "";
    for (size_t g = 0; g < section->groups_count; g++)
        if (section->groups[g].decided > 0) {
            decided++;
            only = section->groups[g].name;
        }
    if (decided >= 2)
        return EH_OK;
    return eh_fail(error, EH_INPUT,
                   "--by %s: all rows with a known decision are in one group ('%s'), so there is nobody to compare with. Leave "
                   "this attribute out, or look at --where and --bands.",
                   section->name, only);
}

/** Everything about one section that needs no other section. */
static eh_code section_run(audit_run *run, section_build *build, const eh_audit_soft *soft, eh_error *error)
{
    if (soft)
        EH_TRY(section_soft(run, build, soft, error));
    else
        EH_TRY(section_fold(run, build, error));
    if (build->section->depth <= 1)
        EH_TRY(check_groups(build->section, error));
    EH_TRY(section_reference(run, build, error));
    if ((run->has & EH_NEEDS_SCORE) && !soft)
        EH_TRY(section_scores(run, build, error));
    EH_TRY(section_compare(run, build, error));
    EH_TRY(section_summarise(run, build, error));
    if (run->cube->strata_count > 1 && !soft)
        EH_TRY(section_within(run, build, error));
    return EH_OK;
}

/* ---- all sections, side by side -------------------------------------------------------------------------------------------- */

/** What the threads share: they take section after section; each writes only its own builds[i]. */
typedef struct {
    const audit_run *run;
    const eh_audit_soft *soft;
    section_build *builds;
    const uint32_t *sets;
    size_t attributes_count, soft_count, count;
    atomic_size_t next;
} section_work;

typedef struct {
    section_work *work;
    eh_arena *arena;  /* adopted by the result's when the thread is done */
    eh_error error;   /* of the first of its sections that failed */
    size_t failed_at; /* SIZE_MAX: none */
} section_worker;

/** A section's random numbers depend on its place alone, so the number of threads does not show. */
static eh_code work_one(section_worker *worker, size_t i, eh_error *error)
{
    section_work *work = worker->work;
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (!scratch)
        return eh_fail_memory(error);
    audit_run run = *work->run;
    run.arena = worker->arena;
    run.scratch = scratch;
    eh_random_init(&run.random, run.options->seed + i);
    bool is_soft = i >= work->attributes_count && i < work->attributes_count + work->soft_count;
    if (is_soft)
        return section_run(&run, &work->builds[i], &work->soft[i - work->attributes_count], error);
    size_t set = work->builds[i].score_set;
    EH_TRY(section_name(&run, work->builds[i].section, work->sets[set], error));
    return section_run(&run, &work->builds[i], NULL, error);
}

static void *work_on(void *context)
{
    section_worker *worker = context;
    section_work *work = worker->work;
    for (;;) {
        size_t taken = atomic_fetch_add(&work->next, 1);
        if (taken >= work->count)
            return NULL;
        /* From the back: intersections are the largest. */
        size_t i = work->count - 1 - taken;
        eh_error error = {0};
        if (work_one(worker, i, &error) != EH_OK && i < worker->failed_at) {
            worker->failed_at = i;
            worker->error = error;
        }
    }
}

static size_t threads_wanted(const audit_run *run, size_t sections_count)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = run->options->threads ? run->options->threads : processors > 0 ? (size_t)processors : 1;
    wanted = wanted < THREADS_MAX ? wanted : THREADS_MAX;
    return wanted < sections_count ? wanted : sections_count;
}

/** Runs every worker to its end and reports the failure that comes first in the order of sections, whoever met it. */
static eh_code work_all(section_worker *workers, size_t workers_count, const audit_run *run, eh_error *error)
{
    pthread_t threads[THREADS_MAX];
    bool started[THREADS_MAX] = {false};
    /* A thread that does not start is no error: the others do its work. */
    for (size_t w = 1; w < workers_count; w++)
        started[w] = pthread_create(&threads[w], NULL, work_on, &workers[w]) == 0;
    work_on(&workers[0]);
    const section_worker *failed = &workers[0];
    for (size_t w = 0; w < workers_count; w++) {
        if (started[w])
            pthread_join(threads[w], NULL);
        eh_arena_adopt(run->arena, &workers[w].arena);
        if (workers[w].failed_at < failed->failed_at)
            failed = &workers[w];
    }
    return failed->failed_at == SIZE_MAX ? EH_OK : eh_fail(error, failed->error.code, "%s", failed->error.text);
}

static eh_code workers_open(section_worker *workers, size_t count, section_work *work, eh_error *error)
{
    bool complete = true;
    for (size_t w = 0; w < count; w++) {
        workers[w] = (section_worker){.work = work, .arena = eh_arena_open(EH_ARENA_BYTES_MAX), .failed_at = SIZE_MAX};
        complete = complete && workers[w].arena;
    }
    for (size_t w = 0; w < count && !complete; w++)
        eh_arena_close(&workers[w].arena);
    return complete ? EH_OK : eh_fail_memory(error);
}

eh_code sections_run(audit_run *run, const eh_audit_soft *soft, size_t soft_count, eh_audit *audit, section_builds *all,
                     eh_error *error)
{
    enum { SETS_MAX = 1024 };
    uint32_t sets[SETS_MAX];
    size_t hard = run->cube->dimensions_count;
    size_t sets_count = eh_audit_sets(hard, run->options->depth, sets, SETS_MAX), count = sets_count + soft_count;
    eh_audit_section *sections = EH_TAKE(run->arena, count, eh_audit_section);
    section_build *builds = EH_TAKE(run->arena, count, section_build);
    section_worker *workers = EH_TAKE(run->arena, THREADS_MAX, section_worker);
    if (!sections || !builds || !workers)
        return eh_fail_memory(error);
    /* Attributes first, soft ones among them; intersections behind. */
    for (size_t i = 0; i < count; i++) {
        bool is_soft = i >= hard && i < hard + soft_count;
        builds[i] = (section_build){.section = &sections[i], .score_set = is_soft ? SIZE_MAX : i < hard ? i : i - soft_count};
    }
    section_work work = {.run = run, .soft = soft, .builds = builds, .sets = sets, .attributes_count = hard, .soft_count = soft_count,
                         .count = count};
    size_t workers_count = threads_wanted(run, count);
    EH_TRY(workers_open(workers, workers_count, &work, error));
    EH_TRY(work_all(workers, workers_count, run, error));
    audit->attributes = sections;
    audit->attributes_count = hard + soft_count;
    audit->intersections = sections + audit->attributes_count;
    audit->intersections_count = count - audit->attributes_count;
    *all = (section_builds){builds, builds + audit->attributes_count, audit->attributes_count, audit->intersections_count};
    return EH_OK;
}
