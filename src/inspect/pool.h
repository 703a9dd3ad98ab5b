/* A bounded number of inspectors for the threads that share a model. A call takes one for as long
 * as it computes. Calls beyond the bound wait in a queue, first come first served. */
#ifndef DN_INSPECT_POOL_H
#define DN_INSPECT_POOL_H

#include "base/observer.h"
#include "inspect/inspector.h"

#include <pthread.h>

typedef struct dn_inspector_pool {
    const dn_detector *detector; /* the caller's, as the options */
    const dn_inspector_options *options;
    int limit;
    pthread_mutex_t lock;                /* guards the members below */
    int taken;                           /* inspectors in use or being made */
    dn_inspector *idle;                  /* not in use */
    struct dn_pool_waiter *first, *last; /* the queue of waiting calls */
} dn_inspector_pool;

/* `limit` >= 1: inspectors that may be in use at the same time. Creates the first, so that options
 * that cannot be met fail here and not at the first picture. */
dn_status dn_inspector_pool_create(const dn_detector *detector, const dn_inspector_options *options,
                                   int limit, dn_inspector_pool *pool, dn_error *error);

/* No inspector may be in use. Does nothing to a pool of zeros. */
void dn_inspector_pool_destroy(dn_inspector_pool *pool);

/* Waits for the call's turn and lends an inspector until it is released; creates one if none is
 * idle. While it waits it asks `cancel` (NULL: never) every DN_POOL_POLL_MS: DN_CANCELLED. Where a
 * place is free it does not ask. Thread-safe. */
#define DN_POOL_POLL_MS 10
dn_status dn_inspector_pool_acquire(dn_inspector_pool *pool, const dn_cancel *cancel,
                                    dn_inspector **inspector, dn_error *error);
void dn_inspector_pool_release(dn_inspector_pool *pool, dn_inspector *inspector);

/* Length of the queue. Thread-safe. */
int dn_inspector_pool_waiting(dn_inspector_pool *pool);

#endif
