#include "base/parallel.h"

#include <sched.h>

#ifdef DN_USE_OPENMP
#include <omp.h>
#else
#include <stdatomic.h>
#endif

enum { MAX_THREADS = 256 };

/* The worker of the task that this thread runs beside others, or -1. */
static _Thread_local int current_worker = -1;

static size_t range_count(int threads, size_t count, size_t grain) {
    size_t ranges = grain > 1 ? count / grain : count;
    size_t limit = threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : (size_t)threads;
    return ranges > limit ? limit : ranges < 1 ? 1 : ranges;
}

static size_t range_begin(size_t count, size_t ranges, size_t index) {
    return count / ranges * index + (index < count % ranges ? index : count % ranges);
}

static void run_task(dn_parallel_task *task, void *context, int worker, size_t index) {
    current_worker = worker;
    task(context, worker, index);
    current_worker = -1;
}

/* OpenMP shares its threads with oneDNN. Builds for ThreadSanitizer, which cannot see into libgomp,
 * use plain threads. */
#ifdef DN_USE_OPENMP
static void run_ranges(int threads, size_t ranges, size_t count, dn_parallel_body *body,
                       void *context) {
    /* Always the whole team: when a team shrinks, libgomp ends threads, which then start anew. */
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (size_t i = 0; i < ranges; i++)
        body(context, range_begin(count, ranges, i), range_begin(count, ranges, i + 1));
}

static void run_tasks(int threads, size_t count, dn_parallel_task *task, void *context) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (size_t i = 0; i < count; i++)
        run_task(task, context, omp_get_thread_num(), i);
}
#else
typedef struct worker {
    pthread_t thread;
    dn_parallel_body *body;
    void *context;
    size_t begin, end;
} worker;

static void *work(void *argument) {
    worker *self = argument;
    self->body(self->context, self->begin, self->end);
    return NULL;
}

static void run_ranges(int threads, size_t ranges, size_t count, dn_parallel_body *body,
                       void *context) {
    (void)threads;
    worker workers[MAX_THREADS];
    int started[MAX_THREADS] = {0};
    for (size_t i = 1; i < ranges; i++) {
        workers[i] = (worker){.body = body,
                              .context = context,
                              .begin = range_begin(count, ranges, i),
                              .end = range_begin(count, ranges, i + 1)};
        started[i] = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
    }
    body(context, 0, range_begin(count, ranges, 1));
    for (size_t i = 1; i < ranges; i++) {
        if (started[i])
            pthread_join(workers[i].thread, NULL);
        else
            work(&workers[i]);
    }
}

typedef struct task_list {
    dn_parallel_task *task;
    void *context;
    size_t count;
    atomic_size_t next;
} task_list;

/* Each range is one worker, which takes tasks until none is left. */
static void take_tasks(void *context, size_t begin, size_t end) {
    task_list *list = context;
    for (size_t number = begin; number < end; number++)
        for (size_t i; (i = atomic_fetch_add(&list->next, 1)) < list->count;)
            run_task(list->task, list->context, (int)number, i);
}

static void run_tasks(int threads, size_t count, dn_parallel_task *task, void *context) {
    task_list list = {task, context, count, 0};
    size_t workers = range_count(threads, count, 1);
    run_ranges(threads, workers, workers, take_tasks, &list);
}
#endif

void dn_parallel_for(int threads, size_t count, size_t grain, dn_parallel_body *body,
                     void *context) {
    size_t ranges = range_count(threads, count, grain);
    if (count == 0)
        return;
    if (ranges == 1 || current_worker >= 0)
        body(context, 0, count);
    else
        run_ranges(threads, ranges, count, body, context);
}

void dn_parallel_tasks(int threads, size_t count, dn_parallel_task *task, void *context) {
    if (threads > 1 && count > 1 && current_worker < 0)
        run_tasks(threads < MAX_THREADS ? threads : MAX_THREADS, count, task, context);
    else
        for (size_t i = 0; i < count; i++)
            task(context, dn_parallel_worker(), i);
}

int dn_parallel_worker(void) {
    return current_worker < 0 ? 0 : current_worker;
}

static void *run_background_task(void *argument) {
    const dn_background_task *task = argument;
    task->body(task->context);
    return NULL;
}

int dn_background_task_start(dn_background_task *task, void (*body)(void *context), void *context) {
    task->body = body;
    task->context = context;
    return pthread_create(&task->thread, NULL, run_background_task, task) == 0;
}

void dn_background_task_wait(dn_background_task *task) {
    pthread_join(task->thread, NULL);
}

int dn_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}
