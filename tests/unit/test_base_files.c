/* base/: files out appear whole or not at all; files in are bounded. */
#include "base/bytes.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/finite.h"
#include "base/memory.h"
#include "base/text.h"
#include "support/support.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_write_then_read(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[256];
    uint8_t *data;
    size_t size;
    snprintf(path, sizeof path, "%s/a/b/file", folder);
    assert_fails(dn_file_write(path, "abc", 3, &error), DN_ERROR_IO, "cannot create");
    *strrchr(path, '/') = '\0';
    assert_ok(dn_make_directories(path, &error));
    assert_ok(dn_make_directories(path, &error));
    strcat(path, "/file");
    assert_ok(dn_file_write(path, "abc", 3, &error));
    assert_ok(dn_file_read(path, 3, &data, &size, &error));
    assert_int_equal(size, 3);
    assert_string_equal((char *)data, "abc");
    dn_release(data);
    assert_fails(dn_file_read(path, 2, &data, &size, &error), DN_ERROR_FORMAT, "limit is 2");
    temporary_remove(folder);
}

static void test_discard_leaves_nothing(void **state) {
    (void)state;
    dn_error error = {0};
    dn_output output;
    char *folder = temporary_create(), path[256];
    snprintf(path, sizeof path, "%s/file", folder);
    assert_ok(dn_output_open(&output, path, &error));
    fputs("half", output.stream);
    dn_output_discard(&output);
    assert_int_equal(rmdir(folder), 0); /* empty again */
    free(folder);
}

static void test_full_disk_leaves_the_old_file(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[256];
    uint8_t *data;
    size_t size;
    static char large[8192];
    snprintf(path, sizeof path, "%s/file", folder);
    assert_ok(dn_file_write(path, "old", 3, &error));
    disk_fill(1000);
    assert_fails(dn_file_write(path, large, sizeof large, &error), DN_ERROR_IO, "cannot write");
    disk_clear();
    assert_ok(dn_file_read(path, 100, &data, &size, &error));
    assert_string_equal((char *)data, "old");
    dn_release(data);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
    free(folder);
}

static void test_only_regular_files_are_read(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[256];
    uint8_t *data;
    size_t size;
    dn_mapped_file file;
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(dn_file_read(path, 100, &data, &size, &error), DN_ERROR_IO, "not a regular file");
    assert_fails(dn_file_map(folder, &file, &error), DN_ERROR_IO, "a directory");
    assert_fails(dn_file_map("/nowhere/at/all", &file, &error), DN_ERROR_IO, "No such file");
    assert_ok(dn_file_map(put_file(folder, "empty", "", 0), &file, &error));
    assert_int_equal(file.size, 0);
    dn_file_unmap(&file);
    temporary_remove(folder);
}

static void test_bytes_stop_at_the_end(void **state) {
    (void)state;
    dn_error error = {0};
    const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
    dn_bytes bytes = {data, sizeof data, 0, "x.bin", NULL};
    uint16_t u16;
    uint32_t u32;
    const uint8_t *taken;
    assert_ok(dn_bytes_u16(&bytes, "a", &u16, &error));
    assert_int_equal(u16, 0x0201);
    assert_ok(dn_bytes_u32(&bytes, "b", &u32, &error));
    assert_int_equal(u32, 0x06050403);
    assert_fails(dn_bytes_take(&bytes, 2, "tail", &taken, &error), DN_ERROR_FORMAT,
                 "x.bin: truncated at byte 6: tail needs 2 bytes, 1 are left");
    assert_fails(dn_bytes_take(&bytes, SIZE_MAX, "all", &taken, &error), DN_ERROR_FORMAT,
                 "truncated");
}

static void test_text(void **state) {
    (void)state;
    dn_error error = {0};
    dn_text text = {0};
    char *taken;
    for (int i = 0; i < 1000; i++)
        dn_text_append(&text, "%d,", i);
    dn_text_append_bytes(&text, "end", 3);
    assert_ok(dn_text_take(&text, &taken, &error));
    assert_int_equal(strlen(taken), 10 * 2 + 90 * 3 + 900 * 4 + 3);
    assert_string_equal(taken + strlen(taken) - 7, "999,end");
    dn_text_free(taken);
}

static void test_nearest_name(void **state) {
    (void)state;
    static const char *const names[] = {"train", "test", "n_scales", "sitting", "a"};
    static const char *const cases[][2] = {
        {"trian", "train"},    {"test", "test"}, {"n_scale", "n_scales"},
        {"kitten", "sitting"}, /* 3 edits of 6 letters */
        {"zzzzz", NULL},       {"b", "a"},       {"", "a"},
    };
    char endless[80];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *nearest = dn_nearest_name(cases[i][0], names, 5);
        if (cases[i][1])
            assert_string_equal(nearest, cases[i][1]);
        else
            assert_null(nearest);
    }
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_null(dn_nearest_name(endless, names, 5));
    assert_null(dn_nearest_name("train", names, 0));
}

static void test_status_names(void **state) {
    (void)state;
    assert_string_equal(dn_status_name(DN_OK), "OK");
    assert_string_equal(dn_status_name(DN_ERROR_IO), "IO");
    assert_string_equal(dn_status_name(DN_CANCELLED), "CANCELLED");
    for (int status = DN_OK; status <= DN_CANCELLED; status++)
        assert_string_not_equal(dn_status_name((dn_status)status), "UNKNOWN");
    assert_string_equal(dn_status_name((dn_status)(DN_CANCELLED + 1)), "UNKNOWN");
    assert_string_equal(dn_status_name((dn_status)-1), "UNKNOWN");
}

static void test_memory(void **state) {
    (void)state;
    dn_error error = {0};
    void *pointer, *array = NULL;
    size_t capacity = 0;
    dn_workspace workspace;
    assert_fails(dn_allocate(&pointer, SIZE_MAX / 2, 4, &error), DN_ERROR_MEMORY, "out of memory");
    assert_ok(dn_grow(&array, &capacity, 3, sizeof(int), &error));
    ((int *)array)[2] = 7;
    assert_ok(dn_grow(&array, &capacity, 100, sizeof(int), &error));
    assert_int_equal(((int *)array)[2], 7);
    assert_int_equal(((int *)array)[99], 0);
    dn_release(array);
    assert_ok(dn_workspace_create(&workspace, 64, &error));
    float *first = dn_workspace_take(&workspace, 1), *second = dn_workspace_take(&workspace, 33);
    assert_int_equal(second - first, 16);
    assert_null(dn_workspace_take(&workspace, 1));
    dn_workspace_destroy(&workspace);
}

static void test_find_damaged_values(void **state) {
    (void)state;
    enum { COUNT = 1 << 20 };
    dn_error error = {0};
    float *values;
    assert_ok(dn_allocate_floats(&values, COUNT, &error));
    for (size_t i = 0; i < COUNT; i++)
        values[i] = i % 2 ? FLT_MAX : -FLT_MIN / 2;
    assert_int_equal(dn_find_not_finite(2, values, COUNT), COUNT);
    values[COUNT - 1] = INFINITY;
    assert_int_equal(dn_find_not_finite(2, values, COUNT), COUNT - 1);
    values[777] = NAN;
    assert_int_equal(dn_find_not_finite(2, values, COUNT), 777);
    assert_int_equal(dn_find_not_finite(2, values, 0), 0);
    assert_int_equal(dn_find_beyond(2, values, 777, FLT_MAX), 777);
    assert_int_equal(dn_find_beyond(2, values, 777, 1), 1);
    values[1] = -1;
    assert_int_equal(dn_find_beyond(2, values, 777, 1), 3);
    dn_release(values);
}

/* FIPS 180-4's example. */
static void test_digest(void **state) {
    (void)state;
    dn_error error = {0};
    char text[DN_DIGEST_LENGTH + 1];
    const char *expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    dn_digest *digest;
    dn_digest_bytes("abc", 3, text);
    assert_string_equal(text, expected);
    assert_ok(dn_digest_begin(&digest, &error));
    dn_digest_add(digest, "a", 1);
    dn_digest_add(digest, "bc", 2);
    dn_digest_end(digest, text);
    assert_string_equal(text, expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_then_read),
        cmocka_unit_test(test_discard_leaves_nothing),
        cmocka_unit_test(test_full_disk_leaves_the_old_file),
        cmocka_unit_test(test_only_regular_files_are_read),
        cmocka_unit_test(test_bytes_stop_at_the_end),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_nearest_name),
        cmocka_unit_test(test_status_names),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_find_damaged_values),
        cmocka_unit_test(test_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
