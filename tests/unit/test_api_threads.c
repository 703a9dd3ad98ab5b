/* One model, many threads: the same scores as from one; and a cancel from another thread. */
#include "inspect/model.h"
#include "small_model.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 8, IMAGES = 2, SIDE = 80 };

typedef struct work {
    dn_model *model;
    double scores[IMAGES];
    dn_status status;
} work;

static void *score_all(void *argument) {
    work *self = argument;
    uint8_t pixels[SIDE * SIDE * 3];
    for (int i = 0; i < IMAGES && self->status == DN_OK; i++) {
        dn_result result = DN_INIT(dn_result);
        const dn_image_source source = {.struct_size = sizeof source,
                                        .pixels = pixels,
                                        .width = SIDE,
                                        .height = SIDE,
                                        .stride = SIDE * 3};
        draw_pixels(pixels, SIDE, i);
        self->status = dn_model_score(self->model, &source, &result, NULL, NULL);
        self->scores[i] = result.raw_score;
    }
    return NULL;
}

typedef struct reading {
    dn_model *model;
    char (*paths)[512];
    double scores[2 * IMAGES];
} reading;

/* Each file is expected while the one before it is scored. */
static void *score_files(void *argument) {
    reading *self = argument;
    for (int i = 0; i < 2 * IMAGES; i++) {
        dn_result result = DN_INIT(dn_result);
        if (i + 1 < 2 * IMAGES)
            dn_model_expect(self->model, self->paths[(i + 1) % IMAGES]);
        if (dn_model_score_file(self->model, self->paths[i % IMAGES], &result, NULL) == DN_OK)
            self->scores[i] = result.raw_score;
    }
    return NULL;
}

static void put_images(const char *folder, const char *directory) {
    char name[256];
    for (int i = 0; i < IMAGES; i++) {
        snprintf(name, sizeof name, "part/%s/good/%d.ppm", directory, i);
        put_pixels(folder, name, SIDE, i);
    }
}

static void test_threads_expect_files(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[256], paths[IMAGES][512];
    const dn_model_options options = {.struct_size = sizeof options, .threads = 2};
    reading readings[THREADS] = {0};
    pthread_t threads[THREADS];
    dn_model *model;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    write_small_model(path);
    put_images(folder, "test");
    for (int i = 0; i < IMAGES; i++)
        snprintf(paths[i], sizeof paths[i], "%s/part/test/good/%d.ppm", folder, i);
    assert_ok(dn_model_open(path, &options, &model, &error));
    for (int i = 0; i < THREADS; i++) {
        readings[i] = (reading){.model = model, .paths = paths};
        assert_int_equal(pthread_create(&threads[i], NULL, score_files, &readings[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < 2 * IMAGES; k++) {
            assert_true(readings[i].scores[k] > 0);
            assert_true(readings[i].scores[k] == readings[0].scores[k % IMAGES]);
        }
    dn_model_close(model);
    temporary_remove(folder);
}

static void test_threads_share_a_model(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[256];
    dn_model_options options = {.struct_size = sizeof options, .threads = 2, .concurrency = 2};
    work alone = {0}, shared[THREADS] = {0};
    pthread_t threads[THREADS];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    write_small_model(path);
    assert_ok(dn_model_open(path, &options, &alone.model, &error));
    score_all(&alone);
    assert_int_equal(alone.status, DN_OK);
    for (int i = 0; i < THREADS; i++) {
        shared[i].model = alone.model;
        assert_int_equal(pthread_create(&threads[i], NULL, score_all, &shared[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(shared[i].status, DN_OK);
        assert_memory_equal(shared[i].scores, alone.scores, sizeof alone.scores);
    }
    size_t inspectors = 0;
    for (const dn_inspector *at = alone.model->pool.idle; at; at = at->next)
        inspectors++;
    assert_in_range(inspectors, 1, 2); /* eight threads, two at once */
    dn_model_close(alone.model);
    temporary_remove(folder);
}

typedef struct training {
    dn_config *config;
    atomic_int stop, reports, reports_after_stop;
    dn_status status;
} training;

static int on_progress(void *user, const dn_progress *progress) {
    training *self = user;
    (void)progress;
    int stop = self->stop;
    self->reports++;
    self->reports_after_stop += stop;
    return stop;
}

static void *train(void *argument) {
    training *self = argument;
    dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_progress = on_progress};
    self->status = dn_train(self->config, &observer, NULL, NULL, NULL);
    return NULL;
}

static void test_cancel_from_another_thread(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[256];
    training self = {0};
    pthread_t thread;
    put_images(folder, "train");
    put_images(folder, "test");
    assert_ok(dn_config_create(&self.config, &error));
    configure_small(self.config);
    set_key(self.config, "meta_epochs", "100000");
    set_key(self.config, "dataset_path", folder);
    snprintf(path, sizeof path, "%s/results", folder);
    set_key(self.config, "output", path);
    assert_int_equal(pthread_create(&thread, NULL, train, &self), 0);
    while (self.reports < 5)
        sched_yield();
    self.stop = 1;
    pthread_join(thread, NULL);
    assert_int_equal(self.status, DN_CANCELLED);
    assert_int_equal(self.reports_after_stop, 1);
    dn_config_destroy(self.config);
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_a_model),
        cmocka_unit_test(test_threads_expect_files),
        cmocka_unit_test(test_cancel_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
