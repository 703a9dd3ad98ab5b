/* safetensors headers that must be refused, and the writer. */
#include "base/file.h"
#include "base/memory.h"
#include "support/support.h"
#include "tensors/tensor_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Reading --------------------------------------------------------------------------------- */

/* A file of this header and `data` zero bytes after it. */
static uint8_t *build(const char *header, size_t data, size_t *size) {
    uint64_t length = strlen(header);
    *size = 8 + (size_t)length + data;
    uint8_t *bytes = calloc(1, *size);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, (size_t)length);
    return bytes;
}

static void refuse(const char *header, size_t data, const char *part) {
    dn_error error = {0};
    dn_tensor_file *file = NULL;
    size_t size;
    uint8_t *bytes = build(header, data, &size);
    assert_fails(dn_tensor_file_open_memory("a.safetensors", bytes, size, &file, &error),
                 DN_ERROR_FORMAT, part);
    assert_non_null(strstr(error.message, "a.safetensors: "));
    free(bytes);
}

static size_t accept(const char *header, size_t data) {
    dn_error error = {0};
    dn_tensor_file *file = NULL;
    size_t size;
    uint8_t *bytes = build(header, data, &size);
    assert_ok(dn_tensor_file_open_memory("a.safetensors", bytes, size, &file, &error));
    size_t count = dn_tensor_file_count(file);
    dn_tensor_file_close(file);
    free(bytes);
    return count;
}

#define U8(name, shape, begin, end)                                                                \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static void test_headers_that_are_right(void **state) {
    (void)state;
    assert_int_equal(accept("{}", 0), 0);
    assert_int_equal(accept("{}  \n\t ", 0), 0);
    assert_int_equal(accept("{" U8("b", "2", "2", "4") "," U8("a", "2", "0", "2") "}", 4), 2);
    assert_int_equal(accept("{" U8("a", "0,7", "0", "0") "," U8("b", "", "0", "1") "}", 1), 2);
    assert_int_equal(accept("{\"__metadata__\":{}," U8("", "1", "0", "1") "}", 1), 1);
}

static void test_lengths_and_json(void **state) {
    (void)state;
    dn_error error = {0};
    dn_tensor_file *file = NULL;
    const uint8_t huge[9] = {0, 0, 0, 0, 1, 0, 0, 0, '{'};
    const uint8_t cut[12] = {200, 0, 0, 0, 0, 0, 0, 0, '{'};
    assert_fails(dn_tensor_file_open_memory("a", huge, 9, &file, &error), DN_ERROR_FORMAT,
                 "a: claims a header of 4294967296 bytes, the limit is 100000000");
    assert_fails(dn_tensor_file_open_memory("a", cut, 12, &file, &error), DN_ERROR_FORMAT,
                 "the header needs 200 bytes, 4 are left");
    refuse("{", 0, "is not a JSON object");
    refuse("{} x", 0, "is not a JSON object (near byte 11)");
    refuse("{\"a\":[[[[]]]]}", 0, "tensor \"a\": expected an object of dtype, shape and");
    refuse("{\"a\xff\":1}", 0, "is not UTF-8");
    refuse("{\"a\\u0000b\":1}", 0, "a zero character");
}

static void test_entries(void **state) {
    (void)state;
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "dtype, shape and data_offsets alone");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"x\":[0,1]}}", 1, "data_offsets are not two");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1]}}", 1, "data_offsets are not two");
    refuse("{\"a\":{\"dtype\":\"F8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
           "unknown dtype \"F8\"; expected F64, F32");
    refuse("{\"a\":{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "has no dtype");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}", 1, "has no shape");
    refuse("{" U8("a", "-1", "0", "1") "}", 1, "not made of whole numbers");
    refuse("{" U8("a", "0.5", "0", "1") "}", 1, "not made of whole numbers");
    refuse("{" U8("a", "9007199254740992", "0", "1") "}", 1, "not made of whole numbers");
    refuse("{" U8("a", "\"1\"", "0", "1") "}", 1, "not made of whole numbers");
    refuse("{" U8("a", "1,1,1,1,1,1,1,1,1", "0", "1") "}", 1, "more than 8 dimensions");
    refuse("{" U8("a", "4294967296,4294967296", "0", "0") "}", 0, "its shape is too large");
    refuse("{" U8("a", "1", "0", "1,2") "}", 1, "data_offsets are not two whole numbers");
    refuse("{" U8("a", "1", "-1", "0") "}", 1, "data_offsets are not two whole numbers");
    refuse("{" U8("a\\n", "1", "0", "1") "}", 1, "control characters");
}

static void test_coverage(void **state) {
    (void)state;
    refuse("{" U8("a", "3", "0", "2") "}", 2,
           "needs 3 bytes by shape and dtype, data_offsets give 2");
    refuse("{" U8("a", "2", "0", "2") "}", 1, "bytes 0 to 2 of the data, which has 1");
    refuse("{" U8("a", "1", "1", "0") "}", 1, "lies at bytes 1 to 0");
    refuse("{" U8("a", "1", "1", "2") "}", 2, "a hole in the data");
    refuse("{" U8("a", "2", "0", "2") "," U8("b", "2", "1", "3") "}", 3, "tensors overlap");
    refuse("{" U8("a", "1", "0", "1") "}", 2, "the data has 2 bytes, its tensors cover 1");
    refuse("{" U8("a", "1", "0", "1") "," U8("a", "1", "1", "2") "}", 2,
           "two tensors have the name \"a\"");
}

static void test_deep_headers(void **state) {
    (void)state;
    enum { DEPTH = 1000000 };
    char *text = malloc(DEPTH + 1);
    memset(text, '[', DEPTH);
    memcpy(text, "{\"a\":", 5);
    text[DEPTH] = '\0';
    refuse(text, 0, "is not a JSON object");
    free(text);
}

/* Numbers may lie anywhere: a byte comes first. */
static void test_unaligned_tensors(void **state) {
    (void)state;
    dn_error error = {0};
    dn_tensor_file *file;
    const float expected[2] = {1.5F, -3e30F};
    float found[2];
    size_t size;
    uint8_t *bytes = build("{" U8("a", "1", "0", "1") ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],"
                                                      "\"data_offsets\":[1,9]}}",
                           9, &size);
    memcpy(bytes + size - 8, expected, 8);
    for (size_t shift = 0; shift < 4; shift++) {
        uint8_t *moved = malloc(size + shift);
        memcpy(moved + shift, bytes, size);
        assert_ok(dn_tensor_file_open_memory("a", moved + shift, size, &file, &error));
        assert_ok(dn_tensor_to_f32(dn_tensor_file_find(file, "b"), found, &error));
        assert_memory_equal(found, expected, sizeof found);
        dn_tensor_file_close(file);
        free(moved);
    }
    free(bytes);
}

static void test_metadata_entries(void **state) {
    (void)state;
    refuse("{\"__metadata__\":[]}", 0, "__metadata__ is not an object");
    refuse("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ \"a\" is not a string");
    refuse("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "__metadata__ holds \"a\" twice");
    refuse("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "tensor \"__metadata__\"");
}

/* ---- Writing --------------------------------------------------------------------------------- */

static const float numbers[] = {1.5F, -2, 3e-30F, 4, 5, 6};
static const uint8_t mask[] = {1, 0, 1};
static const int64_t scalar = -7;

static const dn_tensor written[] = {
    {"z.weight", DN_F32, 2, {2, 3}, numbers, sizeof numbers, 0},
    {"mask", DN_BOOL, 1, {3}, mask, sizeof mask, 0},
    {"a \"größe\" \\", DN_I64, 0, {0}, &scalar, sizeof scalar, 0},
    {"empty", DN_F16, 2, {0, 5}, NULL, 0, 0},
};
static const dn_metadata_entry remarks[] = {{"format", "pt"}, {"text", "line\nline\t\"ä\"\x01"}};

static void test_what_is_written_is_read(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[1024];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    assert_ok(dn_safetensors_write(path, written, 4, remarks, 2, &error));
    dn_tensor_file *file;
    assert_ok(dn_tensor_file_open(path, &file, &error));
    assert_int_equal(dn_tensor_file_count(file), 4);
    for (size_t i = 0; i < 4; i++) {
        const dn_tensor *tensor = dn_tensor_file_at(file, i);
        assert_string_equal(tensor->name, written[i].name);
        assert_int_equal(tensor->dtype, written[i].dtype);
        assert_int_equal(tensor->rank, written[i].rank);
        assert_memory_equal(tensor->shape, written[i].shape, sizeof tensor->shape);
        assert_int_equal(tensor->bytes, written[i].bytes);
        if (tensor->bytes > 0)
            assert_memory_equal(tensor->data, written[i].data, tensor->bytes);
    }
    assert_string_equal(dn_tensor_file_metadata(file, "text"), remarks[1].value);
    size_t size;
    const uint8_t *bytes = dn_tensor_file_bytes(file, &size);
    assert_int_equal(((const uint8_t *)dn_tensor_file_at(file, 0)->data - bytes) % 64, 0);
    assert_int_equal(size % 64, (sizeof numbers + sizeof mask + sizeof scalar) % 64);
    dn_tensor_file_close(file);
    temporary_remove(folder);
}

/* Every length of header needs another number of blanks. */
static void test_data_is_aligned(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[1024], text[80] = "";
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    for (size_t i = 0; i < 70; i++) {
        text[i] = 'x';
        dn_metadata_entry entry = {"text", text};
        dn_tensor_file *file;
        size_t size;
        assert_ok(dn_safetensors_write(path, written, 1, &entry, 1, &error));
        assert_ok(dn_tensor_file_open(path, &file, &error));
        const uint8_t *bytes = dn_tensor_file_bytes(file, &size);
        assert_int_equal(((const uint8_t *)dn_tensor_file_at(file, 0)->data - bytes) % 64, 0);
        dn_tensor_file_close(file);
    }
    temporary_remove(folder);
}

static void refuse_writing(const dn_tensor *tensors, size_t count, const char *part) {
    dn_error error = {0};
    char *folder = temporary_create(), path[1024];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    assert_fails(dn_safetensors_write(path, tensors, count, NULL, 0, &error), DN_ERROR_ARGUMENT,
                 part);
    assert_int_equal(rmdir(folder), 0); /* so it is empty */
    free(folder);
}

static void test_wrong_tensors_are_not_written(void **state) {
    (void)state;
    dn_tensor tensors[] = {{"a", DN_U8, 1, {3}, mask, 3, 0}, {"a", DN_U8, 1, {3}, mask, 3, 0}};
    refuse_writing(tensors, 2, "\"a\" is to be written twice");
    tensors[1].name = "__metadata__";
    refuse_writing(tensors, 2, "a tensor cannot be named \"__metadata__\"");
    tensors[1].name = "b\xc3";
    refuse_writing(tensors, 2, "a tensor cannot be named");
    tensors[0].shape[0] = 4;
    refuse_writing(tensors, 2, "\"a\" of rank 1 needs 4 bytes by shape and dtype, has 3");
    tensors[0].rank = 9;
    refuse_writing(tensors, 2, "of rank 9");
}

static void test_wrong_metadata_is_not_written(void **state) {
    (void)state;
    dn_error error = {0};
    dn_metadata_entry twice[] = {{"a", "1"}, {"a", "2"}}, broken[] = {{"a", "\x80"}};
    assert_fails(dn_safetensors_write("/nowhere/x", NULL, 0, twice, 2, &error), DN_ERROR_ARGUMENT,
                 "\"a\" is to be written twice");
    assert_fails(dn_safetensors_write("/nowhere/x", NULL, 0, broken, 1, &error), DN_ERROR_ARGUMENT,
                 "the metadata \"a\" is not UTF-8");
    assert_fails(dn_safetensors_write("/nowhere/x", NULL, 0, NULL, 0, &error), DN_ERROR_IO,
                 "/nowhere/x: cannot create");
}

/* A full disk, played by a limit on the size of files. */
static void test_a_full_disk_leaves_nothing(void **state) {
    (void)state;
    dn_error error = {0};
    struct rlimit old, limit = {1 << 16, RLIM_INFINITY};
    const size_t size = 1 << 20;
    char *folder = temporary_create(), path[1024];
    void *block = calloc(1, size);
    dn_tensor tensor = {"large", DN_U8, 1, {size}, block, size, 0};
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    dn_status status = dn_safetensors_write(path, &tensor, 1, NULL, 0, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, DN_ERROR_IO);
    assert_non_null(strstr(error.message, "model.safetensors: cannot write"));
    assert_int_equal(rmdir(folder), 0);
    free(folder);
    free(block);
}

/* ---- Writing with something done meanwhile ----------------------------------------------------
 */

static char mark[8] = "unknown";

static dn_status tell_mark(void *context, dn_error *error) {
    (void)error;
    memcpy(mark, context, strlen(context) + 1);
    return DN_OK;
}

static dn_status object(void *context, dn_error *error) {
    return dn_fail(error, DN_ERROR_NUMERIC, "%s", (const char *)context);
}

static dn_status write_while(const char *path, int threads, dn_meanwhile *meanwhile, void *context,
                             dn_error *error) {
    const dn_metadata_entry entry = {"mark", mark};
    strcpy(mark, "unknown");
    return dn_safetensors_write_while(path, DN_F32, written, 4, &entry, 1, threads, meanwhile,
                                      context, error);
}

static void test_metadata_that_comes_later(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[1024];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    for (int threads = 1; threads <= 2; threads++) {
        dn_tensor_file *file;
        assert_ok(write_while(path, threads, tell_mark, "known..", &error));
        assert_ok(dn_tensor_file_open(path, &file, &error));
        assert_string_equal(dn_tensor_file_metadata(file, "mark"), "known..");
        const dn_tensor *tensor = dn_tensor_file_find(file, "z.weight");
        assert_memory_equal(tensor->data, numbers, sizeof numbers);
        dn_tensor_file_close(file);
        unlink(path);
        assert_fails(write_while(path, threads, object, "no number", &error), DN_ERROR_NUMERIC,
                     "no number");
        assert_fails(write_while(path, threads, tell_mark, "short", &error), DN_ERROR_ARGUMENT,
                     "the metadata changed its length");
    }
    assert_int_equal(rmdir(folder), 0); /* so it is empty */
    free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_that_are_right),
        cmocka_unit_test(test_lengths_and_json),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_deep_headers),
        cmocka_unit_test(test_unaligned_tensors),
        cmocka_unit_test(test_metadata_entries),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_data_is_aligned),
        cmocka_unit_test(test_wrong_tensors_are_not_written),
        cmocka_unit_test(test_wrong_metadata_is_not_written),
        cmocka_unit_test(test_a_full_disk_leaves_nothing),
        cmocka_unit_test(test_metadata_that_comes_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
