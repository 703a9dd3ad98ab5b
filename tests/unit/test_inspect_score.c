/* dn_model_score_with: stopped at any batch, in the queue too; maps and overlays of a picture that
 * is read once, as files and in memory. */
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/encode/colours.h"
#include "image/encode/strip.h"
#include "inspect/model.h"
#include "small_model.h"

#include <math.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

enum { SIDE = 80, ROTATIONS = 20, BATCHES = 2, NEVER = 1000000 };

static dn_error error;

typedef struct scene {
    char *folder;
    char model_path[256];
    uint8_t pixels[SIDE * SIDE * 3];
} scene;

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    snprintf(self->model_path, sizeof self->model_path, "%s/model.safetensors", self->folder);
    write_small_model(self->model_path);
    draw_pixels(self->pixels, SIDE, 1);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

static dn_model *open_model(const scene *self, dn_model_options options) {
    dn_model *model;
    options.threads = 1;
    options.rotations = ROTATIONS;
    assert_ok(dn_model_open(self->model_path, &options, &model, &error));
    return model;
}

static dn_image_source pixels_of(const scene *self) {
    return (dn_image_source){.struct_size = sizeof(dn_image_source),
                             .pixels = self->pixels,
                             .width = SIDE,
                             .height = SIDE,
                             .stride = SIDE * 3};
}

/* ---- Stopping -------------------------------------------------------------------------------- */

/* Asks to stop at its `limit`-th call. */
typedef struct stopper {
    int calls, limit;
} stopper;

static int should_stop(void *user) {
    stopper *self = user;
    return ++self->calls >= self->limit;
}

static dn_status score_until(dn_model *model, const scene *self, stopper *stop, dn_result *result,
                             dn_map **map) {
    const dn_image_source source = pixels_of(self);
    const dn_score_options options = {sizeof options, should_stop, stop};
    return dn_model_score_with(model, &source, &options, result, map, &error);
}

/* Stopped at each of its questions, a call asks no more; the model scores on as if nothing were. */
static void stop_everywhere(const scene *self, dn_model *model, int wants_map, int questions) {
    dn_result whole = DN_INIT(dn_result), again = DN_INIT(dn_result);
    dn_map *map = NULL;
    stopper stop = {0, NEVER};
    assert_ok(score_until(model, self, &stop, &whole, wants_map ? &map : NULL));
    dn_map_free(map);
    assert_int_equal(stop.calls, questions);
    for (int at = 1; at <= questions; at++) {
        stop = (stopper){0, at};
        assert_fails(score_until(model, self, &stop, &again, wants_map ? &map : NULL), DN_CANCELLED,
                     "stopped on request");
        assert_int_equal(stop.calls, at);
        assert_true(!wants_map || !map);
    }
    stop = (stopper){0, NEVER};
    assert_ok(score_until(model, self, &stop, &again, NULL));
    assert_true(again.raw_score == whole.raw_score);
}

static void test_stop_a_score(void **state) {
    dn_model *model = open_model(*state, (dn_model_options)DN_INIT(dn_model_options));
    stop_everywhere(*state, model, 0, BATCHES + 1); /* of the backbone, of the flow */
    dn_model_close(model);
}

static void test_stop_a_map(void **state) {
    dn_model *model = open_model(*state, (dn_model_options)DN_INIT(dn_model_options));
    /* Backbone and back, the flow's gradient, its score. */
    stop_everywhere(*state, model, 1, 2 * BATCHES + 2);
    dn_model_close(model);
}

static void test_stop_an_early_exit(void **state) {
    /* No verdict is certain at the very score, so all rotations are looked at, 4 at a time. */
    const scene *self = *state;
    const dn_image_source source = pixels_of(self);
    dn_result result = DN_INIT(dn_result);
    dn_model *model = open_model(self, (dn_model_options)DN_INIT(dn_model_options));
    assert_ok(dn_model_score(model, &source, &result, NULL, &error));
    dn_model_close(model);
    model = open_model(self, (dn_model_options){.struct_size = sizeof(dn_model_options),
                                                .threshold = result.raw_score,
                                                .review_rate = -1,
                                                .early_exit = 0.9999});
    stop_everywhere(self, model, 0, 2 * ROTATIONS / DN_EARLY_ROTATIONS);
    dn_model_close(model);
}

/* In the queue, behind a call that does not end. */
static void test_stop_waiting(void **state) {
    const scene *self = *state;
    dn_inspector *held;
    dn_result result = DN_INIT(dn_result);
    dn_model *model = open_model(
        self, (dn_model_options){.struct_size = sizeof(dn_model_options), .concurrency = 1});
    assert_ok(dn_model_acquire(model, NULL, &held, &error));
    stopper stop = {0, 3};
    assert_fails(score_until(model, self, &stop, &result, NULL), DN_CANCELLED,
                 "stopped on request");
    assert_int_equal(stop.calls, 3);
    dn_model_release(model, held);
    stop = (stopper){0, NEVER};
    assert_ok(score_until(model, self, &stop, &result, NULL));
    dn_model_close(model);
}

static void test_options(void **state) {
    const scene *self = *state;
    const dn_image_source source = pixels_of(self);
    const dn_score_options unsized = {0};
    const dn_model_options negative = {.struct_size = sizeof negative, .concurrency = -1};
    dn_result plain = DN_INIT(dn_result), result = DN_INIT(dn_result);
    dn_model *model;
    assert_fails(dn_model_open(self->model_path, &negative, &model, &error), DN_ERROR_ARGUMENT,
                 "concurrency -1");
    model = open_model(self, (dn_model_options)DN_INIT(dn_model_options));
    assert_int_equal(model->pool.limit, dn_processor_count()); /* each takes one thread */
    assert_ok(dn_model_score(model, &source, &plain, NULL, &error));
    assert_fails(dn_model_score_with(model, &source, &unsized, &result, NULL, &error),
                 DN_ERROR_ARGUMENT, "dn_score_options: struct_size is 0");
    dn_result no_result = {0};
    dn_map_files no_files = {0};
    const dn_image_source no_source = {.path = "a.png"};
    assert_fails(dn_model_score(model, &no_source, &result, NULL, &error), DN_ERROR_ARGUMENT,
                 "dn_image_source: struct_size is 0");
    assert_fails(dn_model_score(model, &source, &no_result, NULL, &error), DN_ERROR_ARGUMENT,
                 "dn_result: struct_size is 0");
    assert_fails(dn_map_write_files(NULL, "nowhere", "a.png", 0, &no_files, &error),
                 DN_ERROR_ARGUMENT, "dn_map_files: struct_size is 0");
    dn_model_close(model);
    assert_ok(dn_model_open(self->model_path, NULL, &model, &error));
    assert_int_equal(model->pool.limit, 1); /* which takes all processors */
    dn_model_close(model);
}

/* ---- Maps ------------------------------------------------------------------------------------ */

/* What the overlay of a map without a threshold is by image/colours.h. */
static void draw_expected(const scene *self, const dn_map *map, dn_image *image) {
    dn_map_view view = {.threshold = NAN};
    view.values = dn_map_values(map, &view.width, &view.height);
    for (int i = 0; i < view.width * view.height; i++)
        view.scale = fmaxf(view.scale, view.values[i]);
    assert_ok(dn_image_create(SIDE, SIDE, image, &error));
    memcpy(image->pixels, self->pixels, sizeof self->pixels);
    assert_ok(dn_map_view_overlay(&view, image, &error));
}

static void assert_is_overlay(const scene *self, const dn_map *map, const uint8_t *bytes,
                              size_t size) {
    dn_image expected, found;
    draw_expected(self, map, &expected);
    assert_ok(dn_image_decode(bytes, size, "overlay", NULL, &found, &error));
    assert_int_equal(found.width, SIDE);
    assert_int_equal(found.height, SIDE);
    assert_memory_equal(found.pixels, expected.pixels, sizeof self->pixels);
    assert_memory_not_equal(found.pixels, self->pixels, sizeof self->pixels);
    dn_image_free(&expected);
    dn_image_free(&found);
}

/* The file is gone when its map is drawn over it. */
static void test_picture_is_read_once(void **state) {
    const scene *self = *state;
    dn_result result = DN_INIT(dn_result);
    dn_map *map;
    dn_map_files files = DN_INIT(dn_map_files);
    uint8_t *bytes;
    size_t size;
    char path[512], maps[512];
    dn_model_options options = DN_INIT(dn_model_options);
    options.overlay_footer = -1;
    dn_model *model = open_model(self, options);
    snprintf(path, sizeof path, "%s", put_pixels(self->folder, "line/part.ppm", SIDE, 1));
    const dn_image_source source = {.struct_size = sizeof source, .path = path};
    assert_ok(dn_model_score(model, &source, &result, &map, &error));
    dn_model_close(model);
    assert_int_equal(unlink(path), 0);
    snprintf(maps, sizeof maps, "%s/maps", self->folder);
    assert_ok(dn_map_write_files(map, maps, "line/part.ppm", DN_MAP_FILES | DN_OVERLAY_FILE, &files,
                                 &error));
    assert_ok(dn_file_read(files.overlay, (size_t)1 << 24, &bytes, &size, &error));
    assert_is_overlay(self, map, bytes, size);
    dn_release(bytes);
    assert_ok(dn_file_read(files.mask, (size_t)1 << 24, &bytes, &size, &error));
    dn_release(bytes);
    dn_map_free(map);
}

static void assert_named(const scene *self, const dn_map *map, const char *image_path,
                         const char *expected, unsigned which) {
    dn_map_files files = DN_INIT(dn_map_files);
    char maps[300], path[600];
    snprintf(maps, sizeof maps, "%s/named", self->folder);
    snprintf(path, sizeof path, "%s/%s", maps, expected);
    assert_ok(dn_map_write_files(map, maps, image_path, DN_OVERLAY_FILE | which, &files, &error));
    assert_string_equal(files.overlay, path);
    assert_string_equal(files.tiff, "");
    assert_int_equal(access(path, F_OK), 0);
}

static dn_map *map_of(const scene *self) {
    const dn_image_source source = pixels_of(self);
    dn_result result = DN_INIT(dn_result);
    dn_map *map;
    dn_model *model = open_model(self, (dn_model_options)DN_INIT(dn_model_options));
    assert_ok(dn_model_score(model, &source, &result, &map, &error));
    assert_true(result.time_ms > INT64_C(1700000000000));
    dn_model_close(model);
    return map;
}

/* No two pictures share a file, and none leaves the folder. */
static void test_map_files_have_whole_names(void **state) {
    const scene *self = *state;
    char folder[300];
    dn_map *map = map_of(self);
    assert_named(self, map, "part.png", "part.png_overlay.png", 0);
    assert_named(self, map, "part.bmp", "part.bmp_overlay.png", 0);
    assert_named(self, map, "cam/p.png", "cam/p.png_overlay.png", 0);
    assert_named(self, map, "./cam//p.png", "cam/p.png_overlay.png", 0); /* the same file */
    assert_named(self, map, "../cam/p.png", "_up/cam/p.png_overlay.png", 0);
    assert_named(self, map, "/cam/p.png", "_root/cam/p.png_overlay.png", 0);
    assert_named(self, map, "_up/cam/p.png", "__up/cam/p.png_overlay.png", 0);
    assert_named(self, map, "__root/p.png", "___root/p.png_overlay.png", 0);
    assert_named(self, map, "part.png", "part.png~2_overlay.png", DN_KEEP_FILES);
    assert_named(self, map, "part.png", "part.png~3_overlay.png", DN_KEEP_FILES);
    assert_named(self, map, "new.png", "new.png_overlay.png", DN_KEEP_FILES);
    snprintf(folder, sizeof folder, "%s/named", self->folder);
    assert_true(dn_is_output_folder(folder));
    dn_map_free(map);
}

/* One file that cannot be written costs only itself. */
static void test_map_files_that_cannot_be_written(void **state) {
    const scene *self = *state;
    dn_map_files files = DN_INIT(dn_map_files);
    char maps[300], too_long[1200];
    dn_map *map = map_of(self);
    snprintf(maps, sizeof maps, "%s/partly", self->folder);
    put_file(self->folder, "partly/a.png_map.png/is/a/folder", "", 0);
    assert_fails(
        dn_map_write_files(map, maps, "a.png", DN_MAP_FILES | DN_OVERLAY_FILE, &files, &error),
        DN_ERROR_IO, "a.png_map.png: cannot write");
    assert_string_equal(files.png, "");
    assert_int_equal(access(files.tiff, F_OK), 0);
    assert_int_equal(access(files.mask, F_OK), 0);
    assert_int_equal(access(files.overlay, F_OK), 0);
    assert_false(dn_is_output_folder(maps)); /* it holds files of others */
    memset(too_long, 'x', sizeof too_long);
    too_long[sizeof too_long - 1] = '\0';
    assert_fails(dn_map_write_files(map, maps, too_long, DN_OVERLAY_FILE, &files, &error),
                 DN_ERROR_IO, "the path is too long for names of maps");
    assert_fails(dn_map_write_files(map, maps, "/", DN_OVERLAY_FILE, &files, &error),
                 DN_ERROR_ARGUMENT, "is not the name of an image");
    dn_map_free(map);
}

static void read_tiff(const char *path, float *values) {
    uint32_t width, height;
    TIFF *tiff = TIFFOpen(path, "r");
    assert_non_null(tiff);
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    assert_int_equal(width, SIDE);
    assert_int_equal(height, SIDE);
    for (uint32_t y = 0; y < height; y++)
        assert_int_equal(TIFFReadScanline(tiff, values + y * width, y, 0), 1);
    TIFFClose(tiff);
}

static void assert_encodes(const scene *self, const dn_map *map, dn_map_format format) {
    uint8_t *bytes, *held;
    size_t size, held_size;
    char path[300];
    snprintf(path, sizeof path, "%s/map", self->folder);
    assert_ok(dn_map_encode(map, format, &bytes, &size, &error));
    assert_ok(dn_map_write(map, format, path, &error));
    assert_ok(dn_file_read(path, (size_t)1 << 24, &held, &held_size, &error));
    assert_int_equal(size, held_size);
    assert_memory_equal(bytes, held, size);
    dn_release(held);
    dn_bytes_free(bytes);
}

/* The pixels are those of the PNG. */
static void assert_pixels_are_encoded(const dn_map *map, dn_map_format format) {
    uint8_t *pixels, *bytes;
    size_t size;
    int width, height;
    dn_image image;
    assert_ok(dn_map_pixels(map, format, &pixels, &width, &height, &error));
    assert_ok(dn_map_encode(map, format, &bytes, &size, &error));
    assert_ok(dn_image_decode(bytes, size, "map", NULL, &image, &error));
    assert_int_equal(width, image.width);
    assert_int_equal(height, image.height);
    assert_memory_equal(pixels, image.pixels, (size_t)width * (size_t)height * 3);
    dn_image_free(&image);
    dn_bytes_free(bytes);
    dn_bytes_free(pixels);
}

static void test_map_in_memory(void **state) {
    const scene *self = *state;
    const dn_image_source source = pixels_of(self);
    dn_result result = DN_INIT(dn_result);
    dn_map *map;
    uint8_t *bytes;
    size_t size;
    int width, height;
    dn_image image;
    dn_model_options options = DN_INIT(dn_model_options);
    options.overlay_footer = -1;
    dn_model *model = open_model(self, options);
    assert_ok(dn_model_score(model, &source, &result, &map, &error));
    dn_model_close(model);
    for (int format = DN_MAP_TIFF; format <= DN_MAP_OVERLAY; format++)
        assert_encodes(self, map, (dn_map_format)format);
    for (int format = DN_MAP_PNG; format <= DN_MAP_OVERLAY; format++)
        assert_pixels_are_encoded(map, (dn_map_format)format);
    assert_fails(dn_map_pixels(map, DN_MAP_TIFF, &bytes, &width, &height, &error),
                 DN_ERROR_ARGUMENT, "number 0");
    assert_null(bytes);
    assert_ok(dn_map_encode(map, DN_MAP_OVERLAY, &bytes, &size, &error));
    assert_is_overlay(self, map, bytes, size);
    dn_bytes_free(bytes);
    assert_ok(dn_map_encode(map, DN_MAP_PNG, &bytes, &size, &error));
    assert_ok(dn_image_decode(bytes, size, "map", NULL, &image, &error));
    assert_int_equal(image.width, SIDE);
    assert_int_equal(image.height, SIDE);
    dn_image_free(&image);
    dn_bytes_free(bytes);
    dn_bytes_free(NULL);
    assert_fails(dn_map_encode(map, (dn_map_format)99, &bytes, &size, &error), DN_ERROR_ARGUMENT,
                 "99");
    assert_null(bytes);
    dn_map_free(map);
}

/* The strip below an overlay says what was decided; above it the overlay is the one without. */
static void assert_footer(dn_map *map, const char *text, const char *legend) {
    uint8_t *bytes;
    size_t size;
    dn_image plain, noted, strip;
    const dn_strip expected = {text, legend};
    int rows = dn_strip_height(&expected, SIDE);
    map->has_footer = 0;
    assert_ok(dn_map_encode(map, DN_MAP_OVERLAY, &bytes, &size, &error));
    assert_ok(dn_image_decode(bytes, size, "plain", NULL, &plain, &error));
    dn_bytes_free(bytes);
    map->has_footer = 1;
    assert_ok(dn_map_encode(map, DN_MAP_OVERLAY, &bytes, &size, &error));
    assert_ok(dn_image_decode(bytes, size, "noted", NULL, &noted, &error));
    dn_bytes_free(bytes);
    assert_ok(dn_image_create(SIDE, rows, &strip, &error));
    dn_strip_draw(&expected, &strip, 0);
    assert_int_equal(plain.height, SIDE);
    assert_int_equal(noted.height, SIDE + rows);
    assert_memory_equal(noted.pixels, plain.pixels, SIDE * SIDE * 3);
    assert_memory_equal(noted.pixels + SIDE * SIDE * 3, strip.pixels, (size_t)(SIDE * rows * 3));
    dn_image_free(&plain);
    dn_image_free(&noted);
    dn_image_free(&strip);
}

/* A map of values that are known: one place above the level. */
static void set_values(dn_map *map, double threshold) {
    memset(map->values, 0, (size_t)map->width * (size_t)map->height * sizeof *map->values);
    for (int y = 20; y < 40; y++)
        for (int x = 20; x < 40; x++)
            map->values[y * map->width + x] = 3;
    map->threshold = threshold;
    dn_release(map->regions);
    dn_release(map->shape);
    map->regions = NULL;
    map->shape = NULL;
    assert_ok(dn_map_finish(map, &error));
}

static void test_footer(void **state) {
    const scene *self = *state;
    const dn_image_source source = pixels_of(self);
    dn_result result = DN_INIT(dn_result);
    dn_map *map;
    dn_model *model = open_model(self, (dn_model_options)DN_INIT(dn_model_options));
    assert_ok(dn_model_score(model, &source, &result, &map, &error));
    dn_model_close(model);
    assert_true(map->judged.raw_score == result.raw_score);
    assert_int_equal(map->judged.verdict, result.verdict);
    assert_int_equal(map->has_footer, 1);
    memcpy(map->model_id, "0123456789abcdef", 17);
    map->judged.raw_score = 2.5;
    map->judged.threshold = 1.25;
    map->judged.verdict = DN_VERDICT_FAIL;
    set_values(map, 1);
    assert_int_equal(map->region_count, 1);
    assert_footer(map, "FAIL  score 2.5  FAIL above 1.25  model 0123456789abcdef",
                  "0 to 3.0 x the level of good parts  white line: 1 region");
    set_values(map, 4);
    assert_int_equal(map->region_count, 0);
    assert_footer(map, "FAIL  score 2.5  FAIL above 1.25  model 0123456789abcdef",
                  "0 to 2.0 x the level of good parts  no single place");
    map->judged.verdict = DN_VERDICT_PASS;
    map->passes = 1;
    set_values(map, 1);
    assert_int_equal(map->region_count, 0); /* a PASS has none */
    assert_footer(map, "PASS  score 2.5  FAIL above 1.25  model 0123456789abcdef",
                  "0 to 3.0 x the level of good parts  no region");
    map->judged.verdict = DN_VERDICT_REVIEW;
    map->judged.reason = "below_all_good"; /* else a low score would be a riddle */
    assert_footer(map,
                  "REVIEW, below all good parts  score 2.5  FAIL above 1.25  model "
                  "0123456789abcdef",
                  "0 to 3.0 x the level of good parts  no region");
    map->judged.verdict = DN_VERDICT_NONE;
    map->model_id[0] = '\0';
    set_values(map, NAN);
    assert_footer(map, "no verdict  score 2.5",
                  "0 to largest  no outlines: the model has no threshold for maps");
    map->judged.raw_score = NAN;
    assert_footer(map, "not scored",
                  "0 to largest  no outlines: the model has no threshold for maps");
    dn_map_free(map);
}

/* The TIFF holds the map at the picture's size, as it is drawn: above the level where the mask is
 * white. */
static void test_tiff_at_the_size_of_the_picture(void **state) {
    const scene *self = *state;
    const dn_image_source source = pixels_of(self);
    dn_result result = DN_INIT(dn_result);
    dn_map *map;
    dn_image mask;
    uint8_t *bytes;
    size_t size;
    char path[300];
    static float values[SIDE * SIDE];
    dn_model *model = open_model(self, (dn_model_options)DN_INIT(dn_model_options));
    assert_ok(dn_model_score(model, &source, &result, &map, &error));
    dn_model_close(model);
    set_values(map, 1.5);
    snprintf(path, sizeof path, "%s/sized.tiff", self->folder);
    assert_ok(dn_map_write(map, DN_MAP_TIFF, path, &error));
    read_tiff(path, values);
    assert_ok(dn_map_encode(map, DN_MAP_MASK, &bytes, &size, &error));
    assert_ok(dn_image_decode(bytes, size, "mask", NULL, &mask, &error));
    size_t white = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        assert_int_equal(mask.pixels[3 * i] == 255, values[i] > 1.5F);
        white += mask.pixels[3 * i] == 255;
    }
    assert_true(white > 0 && white < SIDE * SIDE / 2);
    dn_bytes_free(bytes);
    dn_image_free(&mask);
    dn_map_free(map);
}

/* ---- Inspectors ------------------------------------------------------------------------------ */

/* What an inspector needs is set before, or said to be missing. */
static void test_no_parameters(void **state) {
    (void)state;
    const dn_inspector_options options = {"auto", DN_PRECISION_F32, 1, 2};
    dn_detector detector;
    dn_inspector *inspector;
    dn_image picture;
    dn_score score;
    float map[64 * 64];
    create_small_detector(&detector);
    assert_ok(dn_inspector_open(&detector, &options, &inspector, &error));
    assert_ok(dn_image_create(SIDE, SIDE, &picture, &error));
    assert_fails(dn_inspector_score(inspector, &picture, &score, &error), DN_ERROR_ARGUMENT,
                 "without parameters");
    assert_fails(dn_inspector_localize(inspector, &picture, map, &error), DN_ERROR_ARGUMENT,
                 "without parameters");
    dn_inspector_set_parameters(inspector, detector.parameters, NULL);
    assert_ok(dn_inspector_score(inspector, &picture, &score, &error));
    dn_image_free(&picture);
    dn_inspector_destroy(inspector);
    dn_detector_close(&detector);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_a_score),
        cmocka_unit_test(test_stop_a_map),
        cmocka_unit_test(test_stop_an_early_exit),
        cmocka_unit_test(test_stop_waiting),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_picture_is_read_once),
        cmocka_unit_test(test_map_files_have_whole_names),
        cmocka_unit_test(test_map_files_that_cannot_be_written),
        cmocka_unit_test(test_map_in_memory),
        cmocka_unit_test(test_footer),
        cmocka_unit_test(test_tiff_at_the_size_of_the_picture),
        cmocka_unit_test(test_no_parameters),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
