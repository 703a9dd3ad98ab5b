/* What the product rests on: the embedded backbone's features tell the dummy data set's good parts
 * from its faulty ones. A distance to the nearest good image judges them; no flow has a part. */
#include "backbone/embedded.h"
#include "detect/features/extractor.h"
#include "metrics/metrics.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>

/* Every image is looked at TURNS times, as in a test with as many rotations. */
enum { TURNS = 4, DIMENSIONS = 768, MOST = 32 };

typedef struct looks {
    float rows[MOST * TURNS][DIMENSIONS]; /* of length 1 */
    int labels[MOST];
    size_t count;
} looks;

static void normalize(float *row) {
    double squares = 0;
    for (size_t i = 0; i < DIMENSIONS; i++)
        squares += (double)row[i] * (double)row[i];
    for (size_t i = 0; i < DIMENSIONS; i++)
        row[i] = (float)((double)row[i] / sqrt(squares));
}

static void look(dn_extractor *extractor, const dn_sample *sample, looks *all) {
    dn_error error = {0};
    dn_image image;
    dn_view views[TURNS] = {0};
    float(*rows)[DIMENSIONS] = all->rows + all->count * TURNS;
    assert_true(all->count < MOST);
    assert_ok(dn_extractor_read(extractor, sample->path, &image, &error));
    for (int t = 0; t < TURNS; t++)
        views[t] = (dn_view){.image = &image, .degrees = 360.0 * t / TURNS};
    assert_ok(dn_extractor_run(extractor, views, TURNS, rows[0], &error));
    for (int t = 0; t < TURNS; t++)
        normalize(rows[t]);
    all->labels[all->count++] = sample->label;
    dn_image_free(&image);
}

static double distance(const float *a, const float *b) {
    double cosine = 0;
    for (size_t i = 0; i < DIMENSIONS; i++)
        cosine += (double)a[i] * (double)b[i];
    return 1 - cosine;
}

/* Mean over an image's rotations of the cosine distance to the nearest look at a good image. */
static double score(const float rows[TURNS][DIMENSIONS], const looks *good) {
    double sum = 0;
    for (size_t t = 0; t < TURNS; t++) {
        double nearest = 2;
        for (size_t g = 0; g < good->count * TURNS; g++)
            nearest = fmin(nearest, distance(rows[t], good->rows[g]));
        sum += nearest / TURNS;
    }
    return sum;
}

static void look_at_all(const char *backbone, const dn_dataset *dataset, looks by_split[2]) {
    dn_error error = {0};
    dn_compute compute;
    dn_config *config;
    dn_backbone_weights weights;
    dn_extractor *extractor;
    assert_ok(dn_compute_open_in("auto", DN_PRECISION_F32, 2, &compute, &error));
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_backbone_weights_choose(backbone, &weights, &error));
    assert_ok(dn_extractor_create(&compute, config, &weights, NULL, &extractor, &error));
    assert_int_equal(dn_extractor_dimensions(extractor), DIMENSIONS);
    for (size_t i = 0; i < dataset->count; i++)
        look(extractor, &dataset->samples[i],
             &by_split[dataset->samples[i].split == DN_SPLIT_TEST]);
    dn_extractor_destroy(extractor);
    dn_backbone_weights_free(&weights);
    dn_config_destroy(config);
    dn_compute_close(&compute);
}

/* AUROC on the dummy data set's test images. */
static double auroc(const char *backbone) {
    dn_error error = {0};
    dn_dataset dataset;
    double scores[MOST];
    assert_ok(dn_dataset_open(DN_SOURCE "/dummy_dataset", "dummy_class",
                              1u << DN_SPLIT_TRAIN | 1u << DN_SPLIT_TEST, NULL, &dataset, &error));
    looks *splits = test_calloc(2, sizeof *splits), *test = &splits[1];
    look_at_all(backbone, &dataset, splits);
    dn_dataset_close(&dataset);
    for (size_t i = 0; i < test->count; i++)
        scores[i] = score(test->rows + i * TURNS, &splits[0]);
    dn_statistic value;
    assert_ok(dn_metric_auroc(scores, test->labels, test->count, &value, &error));
    test_free(splits);
    return value.value;
}

/* Random weights do not serve; if they did, the test would say nothing about the trained ones. */
static void test_embedded_beats_random(void **state) {
    (void)state;
    double random = auroc(DN_BACKBONE_RANDOM), embedded = auroc("");
    printf("AUROC of the nearest good image: random %.4f, embedded %.4f\n", random, embedded);
    assert_true(random < 0.8);
    assert_true(embedded == 1.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_embedded_beats_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
