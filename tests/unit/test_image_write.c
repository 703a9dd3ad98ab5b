/* Pictures and maps as files: what is written is read back, a full disk leaves nothing behind, and
 * the bytes in memory are the file's. */
#include "base/file.h"
#include "base/memory.h"
#include "image/encode/encode.h"
#include "image/encode/write.h"
#include "support/support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

enum { WIDTH = 97, HEIGHT = 61, DISK = 1000 };

static dn_error error;

/* Pixels that no coder makes small. */
static void fill(uint8_t *bytes, size_t size) {
    uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

static size_t file_count(const char *folder) {
    size_t count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    while (readdir(listing))
        count++;
    closedir(listing);
    return count - 2; /* . and .. */
}

static void assert_nothing_left(const char *folder, dn_status status, const char *message) {
    assert_int_equal(status, DN_ERROR_IO);
    assert_int_equal(error.status, DN_ERROR_IO);
    assert_non_null(strstr(error.message, message));
    assert_int_equal(file_count(folder), 0);
}

/* Frees the bytes. */
static void assert_file_holds(const char *path, uint8_t *bytes, size_t size) {
    uint8_t *held;
    size_t held_size;
    assert_ok(dn_file_read(path, (size_t)1 << 30, &held, &held_size, &error));
    assert_int_equal(held_size, size);
    assert_memory_equal(held, bytes, size);
    dn_release(held);
    dn_release(bytes);
}

static void test_png(void **state) {
    (void)state;
    dn_image image, back = {0};
    uint8_t *bytes;
    size_t size;
    char *folder = temporary_create(), path[256];
    snprintf(path, sizeof path, "%s/picture.png", folder);
    assert_ok(dn_image_create(WIDTH, HEIGHT, &image, &error));
    fill(image.pixels, WIDTH * HEIGHT * 3);
    disk_fill(DISK);
    dn_status status = dn_image_write_png(&image, path, &error);
    disk_clear();
    assert_nothing_left(folder, status, "picture.png: cannot write");
    assert_fails(dn_image_write_png(&image, "/nowhere/at/all.png", &error), DN_ERROR_IO,
                 "/nowhere");
    assert_ok(dn_image_write_png(&image, path, &error));
    assert_ok(dn_image_read(path, NULL, &back, &error));
    assert_int_equal(back.width, WIDTH);
    assert_int_equal(back.height, HEIGHT);
    assert_memory_equal(back.pixels, image.pixels, WIDTH * HEIGHT * 3);
    assert_ok(dn_image_encode_png(&image, &bytes, &size, &error));
    assert_file_holds(path, bytes, size);
    dn_image_free(&back);
    dn_image_free(&image);
    temporary_remove(folder);
}

static void test_jpeg(void **state) {
    (void)state;
    dn_image image, back = {0};
    uint8_t *bytes;
    size_t size;
    char *folder = temporary_create(), path[256];
    snprintf(path, sizeof path, "%s/picture.jpg", folder);
    assert_ok(dn_image_create(WIDTH, HEIGHT, &image, &error));
    fill(image.pixels, WIDTH * HEIGHT * 3);
    disk_fill(DISK);
    dn_status status = dn_image_write_jpeg(&image, 90, path, &error);
    disk_clear();
    assert_nothing_left(folder, status, "picture.jpg: cannot write");
    assert_ok(dn_image_write_jpeg(&image, 90, path, &error));
    assert_ok(dn_image_read(path, NULL, &back, &error));
    assert_int_equal(back.width, WIDTH);
    assert_int_equal(back.height, HEIGHT);
    assert_ok(dn_image_encode_jpeg(&image, 90, &bytes, &size, &error));
    assert_file_holds(path, bytes, size);
    dn_image_free(&back);
    dn_image_free(&image);
    temporary_remove(folder);
}

/* A picture that compresses well: far less than the room that is planned for the worst. */
static void test_png_of_one_colour(void **state) {
    (void)state;
    dn_image image, back = {0};
    uint8_t *bytes;
    size_t size;
    assert_ok(dn_image_create(300, 200, &image, &error));
    memset(image.pixels, 77, 300 * 200 * 3);
    assert_ok(dn_image_encode_png(&image, &bytes, &size, &error));
    assert_in_range(size, 60, 2000);
    assert_ok(dn_image_decode(bytes, size, "memory", NULL, &back, &error));
    assert_memory_equal(back.pixels, image.pixels, 300 * 200 * 3);
    dn_release(bytes);
    dn_image_free(&back);
    dn_image_free(&image);
}

static void read_tiff(const char *path, float *values) {
    uint32_t width, height;
    TIFF *tiff = TIFFOpen(path, "r");
    assert_non_null(tiff);
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    assert_int_equal(width, WIDTH);
    assert_int_equal(height, HEIGHT);
    for (uint32_t y = 0; y < height; y++)
        assert_int_equal(TIFFReadScanline(tiff, values + y * width, y, 0), 1);
    TIFFClose(tiff);
}

static void fill_row(const void *user, int y, float *row) {
    memcpy(row, (const float *)user + (size_t)y * WIDTH, WIDTH * sizeof *row);
}

static void test_float_tiff(void **state) {
    (void)state;
    static float values[WIDTH * HEIGHT], back[WIDTH * HEIGHT];
    const dn_float_rows rows = {WIDTH, HEIGHT, fill_row, values};
    uint8_t *bytes;
    size_t size;
    char *folder = temporary_create(), path[256];
    snprintf(path, sizeof path, "%s/map.tiff", folder);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        values[i] = (float)i / 7 - 100;
    disk_fill(DISK);
    dn_status status = dn_write_float_tiff(&rows, path, &error);
    disk_clear();
    assert_nothing_left(folder, status, "map.tiff: cannot write");
    assert_fails(dn_write_float_tiff(&rows, "/nowhere/map.tiff", &error), DN_ERROR_IO,
                 "/nowhere/map.tiff");
    assert_ok(dn_write_float_tiff(&rows, path, &error));
    read_tiff(path, back);
    assert_memory_equal(back, values, sizeof values);
    assert_ok(dn_encode_float_tiff(&rows, &bytes, &size, &error));
    assert_file_holds(path, bytes, size);
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_png_of_one_colour),
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_float_tiff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
