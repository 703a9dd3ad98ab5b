/* A picture that is looked at tile by tile: its score is the largest of its tiles alone, the same
 * on any number of threads; a score and a gradient map stop at each of their questions. */
#include "inspect/model.h"
#include "small_model.h"

#include <math.h>
#include <string.h>

enum { SIDE = 64, STEP = 48, TILES = 4, WIDTH = SIDE + (TILES - 1) * STEP, NEVER = 1000000 };

/* Of a tile's gradient: before it, forward, the flow's gradient, back. */
enum { QUESTIONS_OF_A_TILE = 4 };

static dn_error error;

typedef struct scene {
    char *folder;
    char model_path[256];
    uint8_t pixels[SIDE * WIDTH * 3];
} scene;

static void write_tiled_model(const char *path) {
    const dn_provenance provenance = {.dataset_sha256 = "none"};
    dn_detector detector;
    create_small_detector(&detector);
    set_key(detector.config, "tiles", "64");
    set_key(detector.config, "transf_rotations", "false");
    set_key(detector.config, "train_rotations", "even:1");
    set_key(detector.config, "n_transforms_test", "1");
    assert_ok(dn_detector_save(&detector, path, &provenance, &error));
    dn_detector_close(&detector);
}

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    snprintf(self->model_path, sizeof self->model_path, "%s/model.safetensors", self->folder);
    write_tiled_model(self->model_path);
    for (int i = 0; i < SIDE * WIDTH * 3; i++)
        self->pixels[i] = (uint8_t)(i * (5 + i / 9000) >> (i / 3 % WIDTH / 50));
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

static dn_model *open_model(const scene *self, int threads) {
    const dn_model_options options = {.struct_size = sizeof options, .threads = threads};
    dn_model *model;
    assert_ok(dn_model_open(self->model_path, &options, &model, &error));
    return model;
}

static dn_image_source part_of(const scene *self, int left, int width) {
    return (dn_image_source){.struct_size = sizeof(dn_image_source),
                             .pixels = self->pixels + 3 * left,
                             .width = width,
                             .height = SIDE,
                             .stride = WIDTH * 3};
}

static void score(dn_model *model, const dn_image_source *source, dn_result *result, dn_map **map) {
    *result = (dn_result)DN_INIT(dn_result);
    assert_ok(dn_model_score(model, source, result, map, &error));
}

/* ---- scores ---- */

static void largest_of_its_tiles(void **state) {
    const scene *self = *state;
    dn_model *model = open_model(self, 2);
    const dn_image_source whole = part_of(self, 0, WIDTH);
    dn_result result, one;
    double largest = 0;
    score(model, &whole, &result, NULL);
    assert_int_equal(result.tiles, TILES);
    for (int i = 0; i < TILES; i++) {
        const dn_image_source tile = part_of(self, i * STEP, SIDE);
        score(model, &tile, &one, NULL);
        assert_int_equal(one.tiles, 1);
        largest = fmax(largest, one.raw_score);
    }
    assert_true(fabs(result.raw_score - largest) < 1e-5 * largest); /* products by other rows */
    dn_model_close(model);
}

static void same_on_any_threads(void **state) {
    const scene *self = *state;
    const dn_image_source whole = part_of(self, 0, WIDTH);
    dn_result results[2];
    dn_map *maps[2];
    const float *values[2];
    int width, height;
    for (int i = 0; i < 2; i++) {
        dn_model *model = open_model(self, i + 1);
        score(model, &whole, &results[i], &maps[i]);
        dn_model_close(model);
        values[i] = dn_map_values(maps[i], &width, &height);
    }
    assert_int_equal(width, WIDTH);
    assert_int_equal(height, SIDE);
    assert_true(results[0].raw_score == results[1].raw_score);
    assert_memory_equal(values[0], values[1], sizeof(float) * SIDE * WIDTH);
    dn_map_free(maps[0]);
    dn_map_free(maps[1]);
}

/* The next picture is read meanwhile, unless it is so large that memory would not keep its limit.
 */
static void next_picture_is_read_ahead(void **state) {
    static const char small[] = "P5 4000 4000 255\n", large[] = "P5 4000 4001 255\n";
    const scene *self = *state;
    dn_model *model = open_model(self, 2);
    dn_model_expect(model, put_file(self->folder, "large.pgm", large, sizeof large - 1));
    assert_null(model->ahead.expected[0]);
    dn_model_expect(model, put_file(self->folder, "small.pgm", small, sizeof small - 1));
    assert_non_null(model->ahead.expected[0]);
    dn_model_close(model);
}

/* ---- stopping ---- */

/* Asks to stop at its `limit`-th call. */
typedef struct stopper {
    int calls, limit;
} stopper;

static int should_stop(void *user) {
    stopper *self = user;
    return ++self->calls >= self->limit;
}

static dn_status score_until(dn_model *model, const scene *self, stopper *stop, dn_map **map) {
    const dn_image_source source = part_of(self, 0, WIDTH);
    const dn_score_options options = {sizeof options, should_stop, stop};
    dn_result result = DN_INIT(dn_result);
    return dn_model_score_with(model, &source, &options, &result, map, &error);
}

static void stop_everywhere(const scene *self, int wants_map, int questions) {
    const dn_image_source source = part_of(self, 0, WIDTH);
    dn_model *model = open_model(self, 1);
    dn_map *map = NULL;
    dn_result before, after;
    stopper stop = {0, NEVER};
    score(model, &source, &before, NULL);
    assert_ok(score_until(model, self, &stop, wants_map ? &map : NULL));
    dn_map_free(map);
    assert_int_equal(stop.calls, questions);
    for (int at = 1; at <= questions; at++) {
        stop = (stopper){0, at};
        assert_fails(score_until(model, self, &stop, wants_map ? &map : NULL), DN_CANCELLED,
                     "stopped on request");
        assert_int_equal(stop.calls, at);
        assert_true(!wants_map || !map);
    }
    score(model, &source, &after, NULL);
    assert_true(before.raw_score == after.raw_score);
    dn_model_close(model);
}

static void test_stop_a_score(void **state) {
    stop_everywhere(*state, 0, 2); /* all tiles through the backbone, through the flow */
}

static void test_stop_a_gradient_map(void **state) {
    stop_everywhere(*state, 1, TILES * QUESTIONS_OF_A_TILE + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(largest_of_its_tiles),       cmocka_unit_test(same_on_any_threads),
        cmocka_unit_test(next_picture_is_read_ahead), cmocka_unit_test(test_stop_a_score),
        cmocka_unit_test(test_stop_a_gradient_map),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
