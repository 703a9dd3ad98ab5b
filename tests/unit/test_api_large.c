/* A picture of 8000 x 6000 pixels that is looked at tile by tile takes its decoded size and at most
 * 200 MB more (docs/tiles.md), whatever its format; a picture beyond the limit is refused. */
#include "base/resources.h"
#include "image/encode/encode.h"
#include "jpeg_files.h"
#include "support/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WIDTH = 8000, HEIGHT = 6000 };

/* Of a deep picture its own samples, too: they are there while levels map them. */
static const double DECODED = 3.0 * WIDTH * HEIGHT, SAMPLES = 2.0 * WIDTH * HEIGHT, BESIDE = 200e6;

/* Sanitizers keep memory of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_EXACT = 0 };
#else
enum { IS_EXACT = 1 };
#endif

static char *folder;
static char model_path[512], small_path[512], picture_path[512];

/* ---- In processes of their own, whose peaks are nobody else's ---------------------------------
 */

static double apart(double (*run)(void)) {
    int ends[2];
    double result = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        result = run();
        _exit(write(ends[1], &result, sizeof result) != sizeof result);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &result, sizeof result), sizeof result);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return result;
}

static double failed(const dn_error *error) {
    fprintf(stderr, "%s\n", error->message);
    return -1;
}

/* A part of the picture counts, so that few tiles are computed. */
static double train(void) {
    static const char *const common[][2] = {
        {"class_name", "part"}, {"tiles", "448"},        {"n_scales", "1"},
        {"fc_internal", "16"},  {"meta_epochs", "1"},    {"sub_epochs", "1"},
        {"threads", "2"},       {"val_fraction", "0.5"}, {"n_coupling_blocks", "1"},
        {"estimate", "false"},  {"precision", "f32"}};
    dn_error error = {0};
    dn_config *config;
    if (dn_config_create(&config, &error) != DN_OK)
        return failed(&error);
    settings_put(config, common, sizeof common / sizeof *common);
    settings_in(config, folder);
    dn_status status = dn_train(config, NULL, NULL, NULL, &error);
    dn_config_destroy(config);
    return status == DN_OK ? 0 : failed(&error);
}

/* The peak in bytes. */
static double score(void) {
    const dn_model_options options = {.struct_size = sizeof options, .threads = 2};
    dn_error error = {0};
    dn_model *model;
    dn_result result = {.struct_size = sizeof result};
    if (dn_model_open(model_path, &options, &model, &error) != DN_OK)
        return failed(&error);
    if (dn_model_score_file(model, small_path, &result, &error) != DN_OK || /* buffers are in use */
        dn_model_score_file(model, picture_path, &result, &error) != DN_OK)
        return failed(&error);
    dn_model_close(model);
    if (result.tiles < 4 || result.tiles > 12)
        return -2;
    return (double)dn_memory_peak();
}

static double refuse(void) {
    dn_error error = {0};
    dn_model *model;
    dn_result result = {.struct_size = sizeof result};
    if (dn_model_open(model_path, NULL, &model, &error) != DN_OK)
        return failed(&error);
    dn_status status = dn_model_score_file(model, picture_path, &result, &error);
    dn_model_close(model);
    return status == DN_ERROR_FORMAT && strstr(error.message, "20000 x 20000") != NULL &&
           strstr(error.message, "178956970 in all") != NULL;
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* A PNM file of a pattern: "P5", 1 channel, or "P6", 3; samples of 1 or 2 bytes. */
static void put_picture(const char *name, int width, int height, int channels, int bytes) {
    char header[64];
    int length = snprintf(header, sizeof header, "P%d %d %d %d\n", channels == 3 ? 6 : 5, width,
                          height, bytes == 2 ? 65535 : 255);
    size_t row = (size_t)width * (size_t)channels * (size_t)bytes;
    uint8_t *samples = malloc(2 * row);
    snprintf(picture_path, sizeof picture_path, "%s",
             put_file(folder, name, header, (size_t)length));
    FILE *file = fopen(picture_path, "ae");
    assert_non_null(file);
    for (size_t x = 0; x < 2 * row; x++)
        samples[x] = (uint8_t)(96 + x / 5 % 64);
    for (int y = 0; y < height; y++)
        assert_int_equal(fwrite(samples + (size_t)y % row, 1, row, file), row);
    assert_int_equal(fclose(file), 0);
    free(samples);
}

static double put_jpeg(void) {
    dn_error error = {0};
    dn_image image;
    uint8_t *bytes;
    size_t size;
    if (dn_image_create(WIDTH, HEIGHT, &image, &error) != DN_OK)
        return failed(&error);
    for (size_t i = 0; i < (size_t)DECODED; i++)
        image.pixels[i] = (uint8_t)(96 + i / 9 % 64);
    if (dn_image_encode_jpeg(&image, 90, &bytes, &size, &error) != DN_OK)
        return failed(&error);
    put_file(folder, "large.jpg", bytes, size);
    return 0;
}

/* With 2 bytes for each coefficient these would take twice the decoded picture. */
static const jpeg_kind progressive = {.width = WIDTH,
                                      .height = HEIGHT,
                                      .from = JCS_RGB,
                                      .to = JCS_YCbCr,
                                      .across = 1,
                                      .down = 1,
                                      .is_progressive = 1,
                                      .quality = 60};
static const jpeg_kind progressive_grey = {.width = WIDTH,
                                           .height = HEIGHT,
                                           .from = JCS_GRAYSCALE,
                                           .to = JCS_GRAYSCALE,
                                           .across = 1,
                                           .down = 1,
                                           .is_progressive = 1,
                                           .quality = 60};
static const jpeg_kind *kind;

static double put_scans(void) {
    unsigned long size = 0;
    uint8_t *bytes = write_jpeg(kind, &size);
    put_file(folder, "scans.jpg", bytes, size);
    return 0;
}

static void check_peak(const char *what, double decoded) {
    double peak = apart(score);
    print_message("%s: %.0f MB, of these decoded %.0f MB\n", what, peak / 1e6, decoded / 1e6);
    assert_true(peak > 0);
    assert_true(!IS_EXACT || peak > DECODED);
    assert_true(!IS_EXACT || peak < decoded + BESIDE);
}

/* Its file is as large as what is decoded of it. */
static void test_uncompressed(void **state) {
    (void)state;
    put_picture("large.ppm", WIDTH, HEIGHT, 3, 1);
    check_peak("PPM of 8 bits", DECODED);
}

static void test_deep(void **state) {
    (void)state;
    put_picture("deep.pgm", WIDTH, HEIGHT, 1, 2);
    check_peak("PGM of 16 bits", DECODED + SAMPLES);
}

static void test_jpeg(void **state) {
    (void)state;
    assert_true(apart(put_jpeg) == 0);
    snprintf(picture_path, sizeof picture_path, "%s/large.jpg", folder);
    check_peak("JPEG", DECODED);
}

static void check_scans(const char *what, const jpeg_kind *written) {
    kind = written;
    assert_true(apart(put_scans) == 0);
    snprintf(picture_path, sizeof picture_path, "%s/scans.jpg", folder);
    check_peak(what, DECODED);
}

static void test_progressive(void **state) {
    (void)state;
    check_scans("JPEG of several scans", &progressive);
    check_scans("grey JPEG of several scans", &progressive_grey);
}

/* Before its pixels are read: the file has a header alone. */
static void test_too_large(void **state) {
    (void)state;
    snprintf(picture_path, sizeof picture_path, "%s",
             put_file(folder, "huge.pgm", "P5 20000 20000 255\n", 19));
    assert_true(apart(refuse) == 1);
}

static int set_up(void **state) {
    (void)state;
    folder = temporary_create();
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "data/part/train/good/%d.pgm", i);
        put_picture(name, 640, 480, 1, 1);
    }
    snprintf(small_path, sizeof small_path, "%s", picture_path);
    char mask[2048] = "P2 16 16 255";
    for (int i = 0; i < 256; i++)
        strcat(mask, i == 51 ? " 255" : " 0");
    put_file(folder, "data/part/roi/mask.pgm", mask, strlen(mask));
    snprintf(model_path, sizeof model_path, "%s/results/DifferNet/data/part/v1/model.safetensors",
             folder);
    return apart(train) != 0;
}

static int tear_down(void **state) {
    (void)state;
    temporary_remove(folder);
    return 0;
}

int main(void) {
    enum { SKIPPED = 77 }; /* CTest's SKIP_RETURN_CODE */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uncompressed), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_jpeg),         cmocka_unit_test(test_progressive),
        cmocka_unit_test(test_too_large),
    };
    if (is_emulated()) /* the emulator's own memory would be measured */
        return SKIPPED;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
