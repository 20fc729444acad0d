/* The thread that makes plans, one after the other. */
#include "web/planner_int.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct eh_planner {
    eh_web *web;
    pthread_mutex_t lock;
    pthread_cond_t arrived, finished;
    eh_plan_order *first, **last;
    size_t count;              /* ordered and not finished */
    bool stopping, closing, started;
    pthread_t thread;
};

/* ---- one plan --------------------------------------------------------------------------------------------------------------------- */

static eh_code plan_make(eh_web *web, eh_plan_order *order, eh_plan_run *run, eh_error *error)
{
    eh_preflight *preflight = run->arena == NULL ? NULL : EH_TAKE(run->arena, 1, eh_preflight);
    const char *campaign = preflight == NULL ? NULL : eh_arena_format(run->arena, "%s/campaigns/%s.yaml", web->model->folder, order->campaign);
    if (campaign == NULL)
        return eh_fail_memory(error);
    run->request = (eh_plan_request){.campaign = campaign, .workspace = web->model->folder, .now = {.seconds = order->now_s}, .as_of = {.seconds = order->as_of_s},
                                     .dated = order->as_of_s != 0, .repair = order->repair, .seed = order->seed};
    EH_TRY(eh_plan_run_do(run, error));
    EH_TRY(eh_preflight_make(run, preflight, error));
    EH_TRY(eh_preflight_write(run, preflight, error));
    snprintf(order->plan, sizeof order->plan, "%s", run->frame.plan);
    snprintf(order->outcome, sizeof order->outcome, "%s", run->outcome);
    return EH_OK;
}

static void order_carry_out(eh_web *web, eh_plan_order *order)
{
    eh_plan_run run = {.arena = eh_arena_open(SIZE_MAX / 4)};
    pthread_mutex_lock(&web->plan_lock); /* nor while a release is made */
    order->code = plan_make(web, order, &run, &order->error);
    pthread_mutex_unlock(&web->plan_lock);
    eh_plan_run_close(&run);
    if (order->request[0] != '\0')
        eh_plan_request_finish(web, order);
}

/* ---- the line ----------------------------------------------------------------------------------------------------------------------- */

eh_code eh_planner_order(eh_planner *planner, const eh_plan_order *asked, eh_plan_order **order_out, eh_error *error)
{
    eh_plan_order *order = malloc(sizeof *order);
    if (order == NULL)
        return eh_fail_memory(error);
    *order = *asked;
    order->users = 2; /* who asked, and the planner */
    order->next = NULL;
    pthread_mutex_lock(&planner->lock);
    bool room = planner->count < EH_PLANS_WAITING_MAX && !planner->stopping;
    if (room) {
        *planner->last = order;
        planner->last = &order->next;
        planner->count++;
        pthread_cond_signal(&planner->arrived);
    }
    pthread_mutex_unlock(&planner->lock);
    if (room) {
        *order_out = order;
        return EH_OK;
    }
    free(order);
    return eh_fail(error, EH_UNAVAILABLE, "%d plans are being made or wait for it; ask again when one is finished", EH_PLANS_WAITING_MAX);
}

bool eh_planner_wait(eh_planner *planner, eh_plan_order *order, int64_t wait_ms)
{
    struct timespec until;
    int expired = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&planner->lock);
    while (!order->finished && !planner->stopping && expired == 0)
        expired = wait_ms < 0 ? pthread_cond_wait(&planner->finished, &planner->lock) : pthread_cond_timedwait(&planner->finished, &planner->lock, &until);
    bool finished = order->finished;
    pthread_mutex_unlock(&planner->lock);
    return finished;
}

void eh_planner_give(eh_planner *planner, eh_plan_order *order)
{
    pthread_mutex_lock(&planner->lock);
    bool last = --order->users == 0;
    pthread_mutex_unlock(&planner->lock);
    if (last)
        free(order);
}

/* What is in the line when the server stops is not begun; its row says so at the next start. */
static eh_plan_order *order_take(eh_planner *planner)
{
    pthread_mutex_lock(&planner->lock);
    while (planner->first == NULL && !planner->closing)
        pthread_cond_wait(&planner->arrived, &planner->lock);
    eh_plan_order *order = planner->closing ? NULL : planner->first;
    if (order != NULL) {
        planner->first = order->next;
        if (planner->first == NULL)
            planner->last = &planner->first;
    }
    pthread_mutex_unlock(&planner->lock);
    return order;
}

static void *planner_run(void *context)
{
    eh_planner *planner = context;
    pthread_setname_np(pthread_self(), "planner");
    for (eh_plan_order *order; (order = order_take(planner)) != NULL;) {
        order_carry_out(planner->web, order);
        pthread_mutex_lock(&planner->lock);
        order->finished = true;
        planner->count--;
        pthread_cond_broadcast(&planner->finished);
        pthread_mutex_unlock(&planner->lock);
        eh_planner_give(planner, order);
    }
    return NULL;
}

/* ---- opening and closing -------------------------------------------------------------------------------------------------------------- */

eh_code eh_planner_open(eh_web *web, eh_planner **planner_out, eh_error *error)
{
    EH_CLEANUP(eh_planner_close) eh_planner *planner = calloc(1, sizeof *planner);
    pthread_condattr_t monotonic;
    if (planner == NULL)
        return eh_fail_memory(error);
    planner->web = web;
    planner->last = &planner->first;
    pthread_mutex_init(&planner->lock, NULL);
    pthread_cond_init(&planner->arrived, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&planner->finished, &monotonic);
    pthread_condattr_destroy(&monotonic);
    EH_TRY(eh_plan_requests_settle(web, error));
    if (pthread_create(&planner->thread, NULL, planner_run, planner) != 0)
        return eh_fail(error, EH_UNAVAILABLE, "the system gives no more threads");
    planner->started = true;
    *planner_out = planner;
    planner = NULL;
    return EH_OK;
}

void eh_planner_stop(eh_planner *planner)
{
    if (planner == NULL)
        return;
    pthread_mutex_lock(&planner->lock);
    planner->stopping = true;
    pthread_cond_broadcast(&planner->finished);
    pthread_mutex_unlock(&planner->lock);
}

void eh_planner_close(eh_planner **planner_address)
{
    eh_planner *planner = *planner_address;
    if (planner == NULL)
        return;
    pthread_mutex_lock(&planner->lock);
    planner->closing = true;
    pthread_cond_broadcast(&planner->arrived);
    pthread_mutex_unlock(&planner->lock);
    if (planner->started)
        pthread_join(planner->thread, NULL);
    for (eh_plan_order *order; (order = planner->first) != NULL;) {
        planner->first = order->next;
        eh_planner_give(planner, order);
    }
    pthread_cond_destroy(&planner->finished);
    pthread_cond_destroy(&planner->arrived);
    pthread_mutex_destroy(&planner->lock);
    free(planner);
    *planner_address = NULL;
}
