/* Loops over several threads. The partition depends only on the count and the number of threads, so
 * equal inputs give equal results. */
#ifndef DN_BASE_PARALLEL_H
#define DN_BASE_PARALLEL_H

#include <pthread.h>
#include <stddef.h>

typedef void dn_parallel_body(void *context, size_t begin, size_t end);

/* Inside a task of dn_parallel_tasks that runs beside others, both functions do all the work on the
 * task's own thread. */

/* Calls body on disjoint ranges that cover [0, count), on at most `threads` threads; returns when
 * all are done. A range has at least `grain` items if there are enough. */
void dn_parallel_for(int threads, size_t count, size_t grain, dn_parallel_body *body,
                     void *context);

/* One of several independent tasks. `worker` is below the number of threads, and no two tasks with
 * the same worker run at the same time: it may index buffers. */
typedef void dn_parallel_task(void *context, int worker, size_t index);

/* Runs tasks 0 .. count-1 on at most `threads` threads, each on the first that is free; returns
 * when all are done. A task's result must not depend on its worker. */
void dn_parallel_tasks(int threads, size_t count, dn_parallel_task *task, void *context);

/* The worker of the task that this thread runs; 0 outside of tasks. */
int dn_parallel_worker(void);

/* A function that runs on a thread of its own. */
typedef struct dn_background_task {
    pthread_t thread;
    void (*body)(void *context);
    void *context;
} dn_background_task;

/* Returns 0 if the thread cannot be started; then there is nothing to wait for. */
int dn_background_task_start(dn_background_task *task, void (*body)(void *context), void *context);
void dn_background_task_wait(dn_background_task *task);

/* Processors that this process may run on. */
int dn_processor_count(void);

#endif
