/* The public API end to end: scores of a saved model against Pillow + PyTorch
 * (tests/reference/score.py). */
#include "base/memory.h"
#include "inspect/model.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 300, HEIGHT = 217, ROTATIONS = 8 };

/* The picture of score.py as PPM; also its bare pixels. */
static size_t draw_picture(uint8_t *ppm, uint8_t **pixels) {
    int header = sprintf((char *)ppm, "P6\n%d %d\n255\n", WIDTH, HEIGHT);
    uint8_t *next = *pixels = ppm + header;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            *next++ = (uint8_t)(x * 3 + y);
            *next++ = (uint8_t)(x * y / 7);
            *next++ = (uint8_t)(x * x / 50 + y * 2);
        }
    }
    return (size_t)(next - ppm);
}

static void fill_backbone(dn_backbone_weights *weights) {
    char name[64];
    for (size_t i = 0; i < dn_backbone_tensor_count(&dn_alexnet); i++) {
        dn_tensor tensor;
        dn_backbone_tensor_at(weights, i, "", name, &tensor);
        size_t elements = dn_tensor_elements(&tensor), layer = i / 2;
        float *values = weights->block + ((const float *)tensor.data - weights->block);
        double fan_in = (double)elements / (double)tensor.shape[0];
        pseudo_floats(values, elements, (uint32_t)((i % 2 ? 2000 : 1000) + layer),
                      i % 2 ? 0.1 : sqrt(6.0 / fan_in));
    }
}

/* The network of score.py: 96 wide subnets, formula weights. */
static void write_model(const char *path) {
    dn_error error = {0};
    dn_detector detector = {0};
    dn_provenance provenance = {.dataset_sha256 = "none"};
    assert_ok(dn_config_create(&detector.config, &error));
    assert_ok(dn_config_set(detector.config, "fc_internal", "96", &error));
    assert_ok(dn_config_set(detector.config, "n_transforms_test", "8", &error));
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &detector.backbone, &error));
    fill_backbone(&detector.backbone);
    detector.flow = dn_flow_shape_of(detector.config, &dn_alexnet);
    assert_ok(dn_allocate_floats(&detector.owned, dn_flow_parameter_count(&detector.flow), &error));
    double scale = 1.0;
    for (size_t i = 0; i < dn_flow_tensor_count(&detector.flow); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&detector.flow, i, &tensor);
        if (tensor.rank == 2)
            scale = 1.0 / sqrt((double)tensor.shape[1]);
        pseudo_floats(detector.owned + tensor.offset, tensor.count, (uint32_t)i, scale);
    }
    detector.parameters = detector.owned;
    assert_ok(dn_detector_save(&detector, path, &provenance, &error));
    dn_detector_close(&detector);
}

typedef struct scene {
    char *folder, model_path[256], image_path[256];
    uint8_t ppm[WIDTH * HEIGHT * 3 + 64], *pixels;
    size_t ppm_size;
} scene;

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    self->ppm_size = draw_picture(self->ppm, &self->pixels);
    snprintf(self->image_path, sizeof self->image_path, "%s",
             put_file(self->folder, "picture.ppm", self->ppm, self->ppm_size));
    snprintf(self->model_path, sizeof self->model_path, "%s/model.safetensors", self->folder);
    write_model(self->model_path);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

/* score.py computes in float64; ours rounds every layer to f32. */
static void assert_score(const dn_result *result) {
    fixture *file = fixture_open("score.safetensors");
    const float *expected = fixture_floats(file, "score", NULL);
    float actual[2] = {(float)result->raw_score, (float)result->score_std};
    assert_close("raw score", &actual[0], &expected[0], 1, 0, 1e-5);
    assert_close("spread", &actual[1], &expected[1], 1, 1e-6, 1e-4);
    fixture_close(file);
}

static void assert_upright(const dn_result *result) {
    fixture *file = fixture_open("score.safetensors");
    float actual = (float)result->raw_score;
    assert_close("upright", &actual, fixture_floats(file, "per_rotation", NULL), 1, 0, 1e-5);
    assert_true(result->score_std == 0.0);
    fixture_close(file);
}

static dn_image_source pixels_of(const scene *self) {
    return (dn_image_source){.struct_size = sizeof(dn_image_source),
                             .pixels = self->pixels,
                             .format = DN_PIXELS_RGB,
                             .width = WIDTH,
                             .height = HEIGHT,
                             .stride = WIDTH * 3};
}

static void test_file_bytes_and_pixels_agree(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_result file = DN_INIT(dn_result), bytes = DN_INIT(dn_result), pixels = DN_INIT(dn_result);
    for (size_t i = 0; dn_backend_at(i); i++) {
        /* The reference is slow, above all under sanitizers: one rotation must do. */
        int all = strcmp(dn_backend_at(i)->name, "reference") != 0;
        dn_model_options options = {.struct_size = sizeof options,
                                    .compute = dn_backend_at(i)->name,
                                    .threads = 2,
                                    .rotations = all ? 0 : 1};
        dn_model *model;
        assert_ok(dn_model_open(self->model_path, &options, &model, &error));
        assert_ok(dn_model_score_file(model, self->image_path, &file, &error));
        if (all)
            assert_score(&file);
        else
            assert_upright(&file);
        const dn_image_source held = {
            .struct_size = sizeof held, .bytes = self->ppm, .size = self->ppm_size};
        const dn_image_source drawn = pixels_of(self);
        assert_ok(dn_model_score(model, &held, &bytes, NULL, &error));
        assert_ok(dn_model_score(model, &drawn, &pixels, NULL, &error));
        assert_true(bytes.raw_score == file.raw_score && pixels.raw_score == file.raw_score);
        assert_true(file.elapsed_ms > 0);
        assert_int_equal(file.rotations, all ? ROTATIONS : 1);
        assert_int_equal(file.verdict, DN_VERDICT_NONE);
        assert_int_equal(strlen(dn_model_id(model)), 16);
        dn_model_close(model);
    }
}

/* Read meanwhile or not: the same score of a file, the same failure. */
static void test_expected_files(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_result plain = DN_INIT(dn_result), expected = DN_INIT(dn_result);
    dn_model *model;
    const dn_model_options options = {.struct_size = sizeof options, .threads = 2};
    assert_ok(dn_model_open(self->model_path, &options, &model, &error));
    assert_ok(dn_model_score_file(model, self->image_path, &plain, &error));
    dn_model_expect(model, self->model_path);
    dn_model_expect(model, self->image_path);
    dn_model_expect(model, self->image_path); /* once too often */
    assert_ok(dn_model_score_file(model, self->image_path, &expected, &error));
    assert_true(expected.raw_score == plain.raw_score);
    assert_fails(dn_model_score_file(model, self->model_path, &expected, &error), DN_ERROR_FORMAT,
                 "model.safetensors");
    dn_model_close(model);
}

static void test_features_of_every_rotation(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    dn_inspector *inspector;
    dn_score score;
    dn_image image = {.width = WIDTH, .height = HEIGHT, .pixels = self->pixels};
    fixture *file = fixture_open("score.safetensors");
    assert_ok(dn_model_open(self->model_path, NULL, &model, &error));
    assert_ok(dn_model_acquire(model, NULL, &inspector, &error));
    assert_ok(dn_inspector_score(inspector, &image, &score, &error));
    /* Features average 3.3; PyTorch's own f32 is up to 8e-6 from its float64 on them. */
    assert_close("features", inspector->features, fixture_floats(file, "features", NULL),
                 ROTATIONS * 768, 1e-5, 1e-5);
    float loss = (float)score.loss;
    assert_close("loss", &loss, fixture_floats(file, "score", NULL) + 2, 1, 0, 1e-5);
    dn_model_release(model, inspector);
    dn_model_close(model);
    fixture_close(file);
}

static void test_other_rotations(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    dn_result one = DN_INIT(dn_result);
    dn_model_options options = {.struct_size = sizeof options, .rotations = 1};
    assert_ok(dn_model_open(self->model_path, &options, &model, &error));
    assert_ok(dn_model_score_file(model, self->image_path, &one, &error));
    dn_model_close(model);
    assert_upright(&one);
}

static void test_errors_name_the_file(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    dn_result result = DN_INIT(dn_result);
    dn_model_options cuda = {.struct_size = sizeof cuda, .device = "cuda"};
    char path[512];
    assert_fails(dn_model_open("/nowhere", NULL, &model, &error), DN_ERROR_IO, "/nowhere");
    assert_fails(dn_model_open(self->image_path, NULL, &model, &error), DN_ERROR_FORMAT,
                 "picture.ppm");
    assert_fails(dn_model_open(self->model_path, &cuda, &model, &error), DN_ERROR_UNSUPPORTED,
                 "cuda");
    assert_ok(dn_model_open(self->model_path, NULL, &model, &error));
    assert_fails(dn_model_score_file(model, self->model_path, &result, &error), DN_ERROR_FORMAT,
                 "model.safetensors");
    dn_image_source source = pixels_of(self);
    source.width = 0;
    assert_fails(dn_model_score(model, &source, &result, NULL, &error), DN_ERROR_ARGUMENT, "0 x");
    source.path = "two.png";
    assert_fails(dn_model_score(model, &source, &result, NULL, &error), DN_ERROR_ARGUMENT,
                 "2 are given");
    dn_model_close(model);
    /* A weights file is not a model. */
    dn_backbone_weights weights;
    dn_tensor tensor;
    char name[64];
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &weights, &error));
    dn_backbone_tensor_at(&weights, 0, "", name, &tensor);
    snprintf(path, sizeof path, "%s/weights.safetensors", self->folder);
    assert_ok(dn_safetensors_write(path, &tensor, 1, NULL, 0, &error));
    assert_fails(dn_model_open(path, NULL, &model, &error), DN_ERROR_FORMAT,
                 "is not a model of differnet");
    dn_backbone_weights_free(&weights);
}

/* A model cut short anywhere is refused before anything is computed. */
static void test_truncated_model(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    char *bytes = get_file(self->model_path, NULL);
    for (size_t cut = 0; cut < 1 << 16; cut += 997) {
        const char *path = put_file(self->folder, "cut.safetensors", bytes, cut);
        assert_int_not_equal(dn_model_open(path, NULL, &model, &error), DN_OK);
        assert_non_null(strstr(error.message, "cut.safetensors"));
    }
    free(bytes);
}

/* A blank more in the header, as another writer may have it, and no weight lies at a multiple of 4.
 */
static void test_unaligned_model(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    dn_result result = DN_INIT(dn_result);
    uint64_t header;
    size_t size;
    char *bytes = get_file(self->model_path, &size); /* the 0 after it makes room for the blank */
    memcpy(&header, bytes, sizeof header);
    memmove(bytes + 8 + header + 1, bytes + 8 + header, size - 8 - (size_t)header);
    bytes[8 + header++] = ' ';
    memcpy(bytes, &header, sizeof header);
    const char *path = put_file(self->folder, "unaligned.safetensors", bytes, size + 1);
    assert_ok(dn_model_open(path, NULL, &model, &error));
    assert_ok(dn_model_score_file(model, self->image_path, &result, &error));
    assert_score(&result);
    dn_model_close(model);
    free(bytes);
}

static void test_describe(void **state) {
    scene *self = *state;
    dn_error error = {0};
    char *text;
    assert_ok(dn_describe_file(self->model_path, 0, &text, &error));
    assert_non_null(strstr(text, "DifferNet model (safetensors)"));
    assert_non_null(strstr(text, "nf.module_list.2.s1.fc1.weight"));
    assert_non_null(strstr(text, "n_transforms_test: 8"));
    dn_text_free(text);
    assert_ok(dn_describe_file(self->model_path, 1, &text, &error));
    assert_non_null(strstr(text, "\"backbone_sha256\""));
    dn_text_free(text);
}

/* A map costs time and changes nothing; its files can be read back. */
static void test_map(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    dn_result plain = DN_INIT(dn_result), mapped = DN_INIT(dn_result);
    dn_map *map;
    dn_image read = {0};
    char path[300];
    int width, height;
    size_t regions;
    const dn_image_source source = {.struct_size = sizeof source, .path = self->image_path},
                          nothing = {.struct_size = sizeof nothing, .path = "/nowhere.png"};
    const dn_model_options options = {.struct_size = sizeof options, .rotations = 2};
    assert_ok(dn_model_open(self->model_path, &options, &model, &error));
    assert_ok(dn_model_score(model, &source, &plain, NULL, &error));
    assert_ok(dn_model_score(model, &source, &mapped, &map, &error));
    assert_true(mapped.raw_score == plain.raw_score && mapped.score_std == plain.score_std);
    const float *values = dn_map_values(map, &width, &height);
    assert_int_equal(width, 448);
    assert_int_equal(height, 448);
    float least = values[0], largest = values[0];
    for (int i = 0; i < width * height; i++) {
        least = fminf(least, values[i]);
        largest = fmaxf(largest, values[i]);
    }
    assert_true(least >= 0 && largest > least && isfinite(largest));
    assert_true(isnan(dn_map_threshold(map))); /* this model has no calibration */
    dn_map_regions(map, &regions);
    assert_int_equal(regions, 0);
    snprintf(path, sizeof path, "%s/map.png", self->folder);
    assert_ok(dn_map_write(map, DN_MAP_PNG, path, &error));
    assert_ok(dn_image_read(path, NULL, &read, &error));
    assert_int_equal(read.width, WIDTH);
    assert_int_equal(read.height, HEIGHT);
    dn_image_free(&read);
    snprintf(path, sizeof path, "%s/overlay.png", self->folder);
    assert_ok(dn_map_write(map, DN_MAP_OVERLAY, path, &error));
    assert_ok(dn_image_read(path, NULL, &read, &error));
    assert_int_equal(read.width, WIDTH);
    assert_true(read.height > HEIGHT); /* the strip */
    dn_image_free(&read);
    snprintf(path, sizeof path, "%s/mask.png", self->folder);
    assert_ok(dn_map_write(map, DN_MAP_MASK, path, &error));
    snprintf(path, sizeof path, "%s/map.tiff", self->folder);
    assert_ok(dn_map_write(map, DN_MAP_TIFF, path, &error));
    snprintf(path, sizeof path, "%s/no/such/map.tiff", self->folder);
    assert_fails(dn_map_write(map, DN_MAP_TIFF, path, &error), DN_ERROR_IO, "no/such/map.tiff");
    dn_map_free(map);
    assert_fails(dn_model_score(model, &nothing, &mapped, &map, &error), DN_ERROR_IO, "/nowhere");
    assert_null(map);
    dn_model_close(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_bytes_and_pixels_agree),
        cmocka_unit_test(test_expected_files),
        cmocka_unit_test(test_features_of_every_rotation),
        cmocka_unit_test(test_other_rotations),
        cmocka_unit_test(test_errors_name_the_file),
        cmocka_unit_test(test_truncated_model),
        cmocka_unit_test(test_unaligned_model),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_map),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
