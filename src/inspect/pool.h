/* A bounded number of inspectors for the threads that share a model. A call takes one for as long
 * as it computes; calls past the bound wait and are served in the order in which they came. */
#ifndef DN_INSPECT_POOL_H
#define DN_INSPECT_POOL_H

#include "base/observer.h"
#include "inspect/inspector.h"

#include <pthread.h>

typedef struct dn_inspector_pool {
    const dn_detector *detector; /* the caller's, as the options */
    const dn_inspector_options *options;
    int limit;
    pthread_mutex_t lock;                /* guards what follows */
    int taken;                           /* inspectors in use or being made */
    dn_inspector *idle;                  /* made and not in use */
    struct dn_pool_waiter *first, *last; /* in the order in which they came */
} dn_inspector_pool;

/* `limit` >= 1: inspectors that may be in use at once. The first is made at once, so that options
 * that cannot be had fail here and not at the first picture. */
dn_status dn_inspector_pool_create(const dn_detector *detector, const dn_inspector_options *options,
                                   int limit, dn_inspector_pool *pool, dn_error *error);

/* No inspector may be in use; a pool of zeros is left as it is. */
void dn_inspector_pool_destroy(dn_inspector_pool *pool);

/* Waits for a turn and hands out an inspector until it is released; makes one where none is idle.
 * DN_CANCELLED when the caller asks to stop: it is asked every DN_POOL_POLL_MS while it waits, and
 * not where it need not wait. Thread-safe. */
#define DN_POOL_POLL_MS 10
dn_status dn_inspector_pool_acquire(dn_inspector_pool *pool, const dn_cancel *cancel,
                                    dn_inspector **inspector, dn_error *error);
void dn_inspector_pool_release(dn_inspector_pool *pool, dn_inspector *inspector);

/* Calls that wait for their turn now. Thread-safe. */
int dn_inspector_pool_waiting(dn_inspector_pool *pool);

#endif
