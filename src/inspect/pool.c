#include "inspect/pool.h"

#include <time.h>

/* A call in the queue; lies on its stack. */
typedef struct dn_pool_waiter {
    pthread_cond_t served; /* signalled once `has_turn` is set */
    int has_turn;
    struct dn_pool_waiter *next;
} dn_pool_waiter;

dn_status dn_inspector_pool_create(const dn_detector *detector, const dn_inspector_options *options,
                                   int limit, dn_inspector_pool *pool, dn_error *error) {
    dn_inspector *first;
    *pool = (dn_inspector_pool){0};
    DN_TRY(dn_inspector_open(detector, options, &first, error));
    *pool = (dn_inspector_pool){
        .detector = detector, .options = options, .limit = limit, .idle = first};
    if (pthread_mutex_init(&pool->lock, NULL) == 0)
        return DN_OK;
    dn_inspector_destroy(first);
    *pool = (dn_inspector_pool){0};
    return dn_fail(error, DN_ERROR_MEMORY, "cannot create a lock");
}

void dn_inspector_pool_destroy(dn_inspector_pool *pool) {
    if (!pool->detector)
        return;
    while (pool->idle) {
        dn_inspector *inspector = pool->idle;
        pool->idle = inspector->next;
        dn_inspector_destroy(inspector);
    }
    pthread_mutex_destroy(&pool->lock);
    *pool = (dn_inspector_pool){0};
}

/* ---- the queue; the caller holds the lock ---- */

static void enqueue(dn_inspector_pool *pool, dn_pool_waiter *waiter) {
    if (pool->last)
        pool->last->next = waiter;
    else
        pool->first = waiter;
    pool->last = waiter;
}

static void dequeue(dn_inspector_pool *pool, const dn_pool_waiter *waiter) {
    dn_pool_waiter *before = NULL;
    for (dn_pool_waiter *at = pool->first; at != waiter; at = at->next)
        before = at;
    if (before)
        before->next = waiter->next;
    else
        pool->first = waiter->next;
    if (pool->last == waiter)
        pool->last = before;
}

/* Passes a place on to the call that has waited longest. */
static void give_up_place(dn_inspector_pool *pool) {
    dn_pool_waiter *next = pool->first;
    if (!next) {
        pool->taken--;
        return;
    }
    dequeue(pool, next);
    next->has_turn = 1;
    pthread_cond_signal(&next->served);
}

static void sleep_until_served(dn_inspector_pool *pool, dn_pool_waiter *waiter, int polls) {
    struct timespec until;
    if (!polls) {
        pthread_cond_wait(&waiter->served, &pool->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += DN_POOL_POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&waiter->served, &pool->lock, &until);
}

/* Calls the caller's hook without the lock: it may be slow, and other calls end meanwhile. */
static dn_status ask(dn_inspector_pool *pool, const dn_cancel *cancel, dn_error *error) {
    pthread_mutex_unlock(&pool->lock);
    dn_status status = dn_check_cancel(cancel, error);
    pthread_mutex_lock(&pool->lock);
    return status;
}

static dn_status wait_for_turn(dn_inspector_pool *pool, dn_pool_waiter *waiter,
                               const dn_cancel *cancel, dn_error *error) {
    int polls = cancel && cancel->requested;
    dn_status status = DN_OK;
    enqueue(pool, waiter);
    while (!waiter->has_turn && status == DN_OK) {
        sleep_until_served(pool, waiter, polls);
        if (!waiter->has_turn && polls)
            status = ask(pool, cancel, error);
    }
    if (status == DN_OK)
        return DN_OK;
    if (waiter->has_turn)
        give_up_place(pool);
    else
        dequeue(pool, waiter);
    return status;
}

/* Timed waits use the monotonic clock, which nobody can set. */
static int create_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return 0;
    int created = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                  pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return created;
}

static dn_status take_place(dn_inspector_pool *pool, const dn_cancel *cancel, dn_error *error) {
    dn_pool_waiter waiter = {.has_turn = 0};
    if (pool->taken < pool->limit) {
        pool->taken++;
        return DN_OK;
    }
    if (!create_condition(&waiter.served))
        return dn_fail(error, DN_ERROR_MEMORY, "cannot create a condition to wait for");
    dn_status status = wait_for_turn(pool, &waiter, cancel, error);
    pthread_cond_destroy(&waiter.served);
    return status;
}

/* ---- inspectors ---- */

dn_status dn_inspector_pool_acquire(dn_inspector_pool *pool, const dn_cancel *cancel,
                                    dn_inspector **inspector, dn_error *error) {
    *inspector = NULL;
    pthread_mutex_lock(&pool->lock);
    dn_status status = take_place(pool, cancel, error);
    if (status == DN_OK && pool->idle) {
        *inspector = pool->idle;
        pool->idle = (*inspector)->next;
    }
    pthread_mutex_unlock(&pool->lock);
    if (status != DN_OK || *inspector)
        return status;
    status = dn_inspector_open(pool->detector, pool->options, inspector, error);
    if (status == DN_OK)
        return DN_OK;
    pthread_mutex_lock(&pool->lock);
    give_up_place(pool);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

void dn_inspector_pool_release(dn_inspector_pool *pool, dn_inspector *inspector) {
    pthread_mutex_lock(&pool->lock);
    inspector->next = pool->idle;
    pool->idle = inspector;
    give_up_place(pool);
    pthread_mutex_unlock(&pool->lock);
}

int dn_inspector_pool_waiting(dn_inspector_pool *pool) {
    int waiting = 0;
    pthread_mutex_lock(&pool->lock);
    for (const dn_pool_waiter *at = pool->first; at; at = at->next)
        waiting++;
    pthread_mutex_unlock(&pool->lock);
    return waiting;
}
