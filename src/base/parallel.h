/* Loops over several processors. The partition depends on the count and the number of threads
 * alone, so equal inputs give equal results. */
#ifndef DN_BASE_PARALLEL_H
#define DN_BASE_PARALLEL_H

#include <pthread.h>
#include <stddef.h>

typedef void dn_parallel_body(void *context, size_t begin, size_t end);

/* Within a task of dn_parallel_tasks that has other threads beside it, both functions do all the
 * work on the task's own thread: what is written for several threads also serves within a task. */

/* Calls body on disjoint ranges that cover [0, count), each of at least `grain` items where there
 * are enough, on at most `threads` threads; returns when all are done. */
void dn_parallel_for(int threads, size_t count, size_t grain, dn_parallel_body *body,
                     void *context);

/* One of several independent tasks; `worker` is below the number of threads and no two tasks run on
 * the same worker at once, so that it may index buffers. */
typedef void dn_parallel_task(void *context, int worker, size_t index);

/* Runs tasks 0 .. count-1 on at most `threads` threads, each on whichever is free; returns when all
 * are done. What a task computes must not depend on its worker. */
void dn_parallel_tasks(int threads, size_t count, dn_parallel_task *task, void *context);

/* The worker of the task that this thread runs; 0 outside of tasks. */
int dn_parallel_worker(void);

/* One call beside the caller's own work. */
typedef struct dn_background_task {
    pthread_t thread;
    void (*body)(void *context);
    void *context;
} dn_background_task;

/* Returns 0 when the system has no thread for it; then there is nothing to wait for. */
int dn_background_task_start(dn_background_task *task, void (*body)(void *context), void *context);
void dn_background_task_wait(dn_background_task *task);

/* Processors that this process may run on. */
int dn_processor_count(void);

#endif
