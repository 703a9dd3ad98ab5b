/* Threads that take turns with a model's inspectors: never more than the bound, first come first
 * served, and nobody has to wait to the end. */
#include "inspect/pool.h"
#include "small_model.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { WAITING = 5, THREADS = 6, TURNS = 20 };

typedef struct scene {
    dn_detector detector;
    dn_inspector_options options;
    dn_inspector_pool pool;
    int order[WAITING], served; /* written by whoever has the only inspector */
} scene;

static void open_pool(scene *self, int limit) {
    dn_error error = {0};
    create_small_detector(&self->detector);
    self->options = (dn_inspector_options){"auto", DN_PRECISION_F32, 1, 2};
    assert_ok(
        dn_inspector_pool_create(&self->detector, &self->options, limit, &self->pool, &error));
}

static void close_pool(scene *self) {
    dn_inspector_pool_destroy(&self->pool);
    dn_detector_close(&self->detector);
}

/* A call that comes, waits, is served (or gives up), and goes. */
typedef struct call {
    scene *scene;
    int number;
    atomic_int gives_up;
    dn_status status;
    dn_error error;
    pthread_t thread;
} call;

static int gives_up(void *user) {
    return ((call *)user)->gives_up;
}

static void *take_turn(void *argument) {
    call *self = argument;
    scene *all = self->scene;
    dn_inspector *inspector;
    const dn_cancel cancel = {gives_up, self};
    self->status = dn_inspector_pool_acquire(&all->pool, &cancel, &inspector, &self->error);
    if (self->status != DN_OK)
        return NULL;
    all->order[all->served++] = self->number;
    dn_inspector_pool_release(&all->pool, inspector);
    return NULL;
}

/* Starts a call and returns once it waits, the `waiting`-th of those that do. */
static void start_waiting(scene *self, call *started, int number, int waiting) {
    *started = (call){.scene = self, .number = number};
    assert_int_equal(pthread_create(&started->thread, NULL, take_turn, started), 0);
    while (dn_inspector_pool_waiting(&self->pool) < waiting)
        sched_yield();
}

static void test_first_come_first_served(void **state) {
    (void)state;
    dn_error error = {0};
    scene self = {0};
    call calls[WAITING];
    dn_inspector *held;
    open_pool(&self, 1);
    assert_ok(dn_inspector_pool_acquire(&self.pool, NULL, &held, &error));
    for (int i = 0; i < WAITING; i++)
        start_waiting(&self, &calls[i], i, i + 1);
    assert_int_equal(self.served, 0);
    dn_inspector_pool_release(&self.pool, held);
    for (int i = 0; i < WAITING; i++) {
        pthread_join(calls[i].thread, NULL);
        assert_int_equal(calls[i].status, DN_OK);
    }
    for (int i = 0; i < WAITING; i++)
        assert_int_equal(self.order[i], i);
    assert_int_equal(self.pool.taken, 0);
    close_pool(&self);
}

/* Whoever gives up leaves the queue, from its middle or its end; the others keep their places. */
static void test_giving_up(void **state) {
    (void)state;
    dn_error error = {0};
    scene self = {0};
    call calls[4];
    dn_inspector *held;
    open_pool(&self, 1);
    assert_ok(dn_inspector_pool_acquire(&self.pool, NULL, &held, &error));
    for (int i = 0; i < 3; i++)
        start_waiting(&self, &calls[i], i, i + 1);
    for (int i = 1; i < 3; i++) {
        calls[i].gives_up = 1;
        pthread_join(calls[i].thread, NULL);
        assert_int_equal(calls[i].status, DN_CANCELLED);
        assert_non_null(strstr(calls[i].error.message, "stopped on request"));
    }
    assert_int_equal(dn_inspector_pool_waiting(&self.pool), 1);
    start_waiting(&self, &calls[3], 3, 2);
    dn_inspector_pool_release(&self.pool, held);
    pthread_join(calls[0].thread, NULL);
    pthread_join(calls[3].thread, NULL);
    assert_int_equal(self.served, 2);
    assert_int_equal(self.order[0], 0);
    assert_int_equal(self.order[1], 3);
    assert_int_equal(self.pool.taken, 0);
    close_pool(&self);
}

typedef struct crowd {
    dn_inspector_pool *pool;
    atomic_int inside, most, failed;
} crowd;

static void *take_turns(void *argument) {
    crowd *self = argument;
    for (int i = 0; i < TURNS; i++) {
        dn_inspector *inspector;
        if (dn_inspector_pool_acquire(self->pool, NULL, &inspector, NULL) != DN_OK) {
            self->failed++;
            return NULL;
        }
        int inside = ++self->inside, most = self->most;
        while (inside > most && !atomic_compare_exchange_weak(&self->most, &most, inside))
            ;
        sched_yield();
        self->inside--;
        dn_inspector_pool_release(self->pool, inspector);
    }
    return NULL;
}

static int idle_count(const dn_inspector_pool *pool) {
    int count = 0;
    for (const dn_inspector *at = pool->idle; at; at = at->next)
        count++;
    return count;
}

static void test_never_more_than_the_bound(void **state) {
    (void)state;
    scene self = {0};
    pthread_t threads[THREADS];
    open_pool(&self, 2);
    crowd all = {.pool = &self.pool};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &all), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(all.failed, 0);
    assert_in_range(all.most, 1, 2);
    assert_in_range(idle_count(&self.pool), 1, 2);
    assert_int_equal(self.pool.taken, 0);
    close_pool(&self);
}

/* As many as the bound are lent at once, each another; one that cannot be made leaves its place. */
static void test_places(void **state) {
    (void)state;
    dn_error error = {0};
    scene self = {0};
    dn_inspector *first, *second;
    open_pool(&self, 2);
    assert_ok(dn_inspector_pool_acquire(&self.pool, NULL, &first, &error));
    strcpy(self.options.compute, "abacus");
    assert_fails(dn_inspector_pool_acquire(&self.pool, NULL, &second, &error), DN_ERROR_UNSUPPORTED,
                 "abacus");
    assert_null(second);
    assert_int_equal(self.pool.taken, 1);
    strcpy(self.options.compute, "auto");
    assert_ok(dn_inspector_pool_acquire(&self.pool, NULL, &second, &error));
    assert_ptr_not_equal(first, second);
    dn_inspector_pool_release(&self.pool, first);
    dn_inspector_pool_release(&self.pool, second);
    assert_int_equal(idle_count(&self.pool), 2);
    close_pool(&self);
}

/* Wrong options are refused at once, not at the first picture. */
static void test_wrong_options(void **state) {
    (void)state;
    dn_error error = {0};
    scene self = {.options = {"abacus", DN_PRECISION_F32, 1, 2}};
    create_small_detector(&self.detector);
    assert_fails(dn_inspector_pool_create(&self.detector, &self.options, 1, &self.pool, &error),
                 DN_ERROR_UNSUPPORTED, "abacus");
    close_pool(&self);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_giving_up),
        cmocka_unit_test(test_never_more_than_the_bound),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_wrong_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
