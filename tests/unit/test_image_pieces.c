/* A file that is read piece by piece gives what the file in memory gives, pixels and failures. */
#include "image/formats/raster.h"
#include "image/image.h"
#include "support/support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20 };

static char *folder;
static uint8_t bytes[MOST_BYTES];

static size_t sample_bytes(const dn_raster *raster) {
    static const size_t sizes[] = {1, 2, 4};
    return (size_t)raster->width * (size_t)raster->height * (size_t)raster->channels *
           sizes[raster->type];
}

/* Whether pieces were enough. */
static int compare(const char *path, size_t size) {
    dn_error error = {0}, failure = {0};
    dn_pieces pieces;
    dn_raster whole, raster;
    int done;
    assert_ok(dn_pieces_open(path, &pieces, &error));
    dn_status status = dn_raster_decode_pieces(&pieces, &raster, &done, &error);
    dn_pieces_close(&pieces);
    if (!done)
        return 0;
    assert_int_equal(dn_raster_decode(bytes, size, path, &whole, &failure), status);
    assert_string_equal(error.message, failure.message);
    if (status == DN_OK) {
        assert_int_equal(sample_bytes(&raster), sample_bytes(&whole));
        assert_memory_equal(raster.samples, whole.samples, sample_bytes(&whole));
        assert_int_equal(raster.bits, whole.bits);
        assert_true(raster.declared.white == whole.declared.white);
    }
    dn_raster_free(&raster);
    dn_raster_free(&whole);
    return 1;
}

/* The file, and the first two thirds of it. */
static int compare_file(const char *directory, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (size == sizeof bytes)
        return 0;
    int count = compare(path, size);
    const char *cut = put_file(folder, "cut", bytes, size * 2 / 3);
    return count + compare(cut, size * 2 / 3);
}

static int compare_folder(const char *directory) {
    int count = 0;
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));)
        if (entry->d_name[0] != '.')
            count += compare_file(directory, entry->d_name);
    closedir(entries);
    return count;
}

static void test_pieces_give_the_same(void **state) {
    (void)state;
    assert_true(compare_folder(DN_FIXTURES "/image") > 80);
    assert_true(compare_folder(DN_FIXTURES "/deep") > 5);
    assert_true(compare_folder(DN_FIXTURES "/formats") > 5);
}

/* A camera's file that is larger than a piece, of which no more is held. */
static void test_a_piece_is_small(void **state) {
    (void)state;
    dn_error error = {0};
    dn_pieces pieces;
    dn_raster raster;
    int done;
    size_t header = (size_t)sprintf((char *)bytes, "P6 600 500 255\n");
    for (size_t i = header; i < header + 900000; i++)
        bytes[i] = (uint8_t)(i * 7);
    assert_ok(
        dn_pieces_open(put_file(folder, "large.ppm", bytes, header + 900000), &pieces, &error));
    assert_ok(dn_raster_decode_pieces(&pieces, &raster, &done, &error));
    assert_memory_equal(raster.samples, bytes + header, 900000);
    assert_in_range(pieces.capacity, 1, 1 << 17);
    dn_raster_free(&raster);
    dn_pieces_close(&pieces);
}

static void test_a_file_that_shrinks(void **state) {
    (void)state;
    dn_error error = {0};
    dn_pieces pieces;
    dn_raster raster;
    int done;
    size_t header = (size_t)sprintf((char *)bytes, "P6 600 500 255\n");
    const char *path = put_file(folder, "shrinks.ppm", bytes, header + 900000);
    assert_ok(dn_pieces_open(path, &pieces, &error));
    assert_int_equal(truncate(path, 500000), 0);
    assert_fails(dn_raster_decode_pieces(&pieces, &raster, &done, &error), DN_ERROR_IO, "shrank");
    assert_null(raster.samples);
    dn_pieces_close(&pieces);
    assert_fails(dn_pieces_open(folder, &pieces, &error), DN_ERROR_IO, "not a regular file");
}

/* The same failures as for small files. */
static void test_files(void **state) {
    (void)state;
    dn_error error = {0};
    dn_raster raster;
    assert_fails(dn_raster_read("/nowhere.png", &raster, &error), DN_ERROR_IO, "/nowhere.png");
    assert_fails(dn_raster_read(put_file(folder, "text", "words", 5), &raster, &error),
                 DN_ERROR_FORMAT, "is not an image");
}

static int set_up(void **state) {
    (void)state;
    folder = temporary_create();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    temporary_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_give_the_same),
        cmocka_unit_test(test_a_piece_is_small),
        cmocka_unit_test(test_a_file_that_shrinks),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
