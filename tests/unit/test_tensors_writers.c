/* What the writers write, the readers read; PyTorch reads it in tools/interchange.py. */
#include "base/file.h"
#include "base/memory.h"
#include "support/support.h"
#include "tensors/write/chunks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *fixture_path(const char *name) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/tensor_files/%s", DN_FIXTURES, name);
    return path;
}

static void must(dn_status status, const dn_error *error) {
    if (status != DN_OK)
        fail_msg("%s", error->message);
}

/* Every kind of tensor, as the safetensors package wrote it, through torch.save's format. */
static void test_state_dict_round_trip(void **state) {
    (void)state;
    dn_error error = {0};
    dn_tensor_file *source, *written;
    char path[] = "/tmp/differnet_writers_XXXXXX";
    close(mkstemp(path));
    must(dn_tensor_file_open(fixture_path("kinds.safetensors"), &source, &error), &error);
    size_t count = dn_tensor_file_count(source), total;
    must(dn_pytorch_write(path, DN_NO_DTYPE, dn_tensor_file_at(source, 0), count, &error), &error);
    must(dn_tensor_file_open(path, &written, &error), &error);
    assert_string_equal(dn_tensor_file_format(written), "pytorch-zip");
    assert_int_equal(dn_tensor_file_count(written), count);
    const uint8_t *bytes = dn_tensor_file_bytes(written, &total);
    for (size_t i = 0; i < count; i++) {
        const dn_tensor *expected = dn_tensor_file_at(source, i);
        const dn_tensor *found = dn_tensor_file_at(written, i);
        assert_string_equal(found->name, expected->name);
        assert_int_equal(found->dtype, expected->dtype);
        assert_int_equal(found->rank, expected->rank);
        assert_memory_equal(found->shape, expected->shape, sizeof found->shape);
        assert_int_equal(found->bytes, expected->bytes);
        assert_int_equal(((const uint8_t *)found->data - bytes) % 64, 0);
        if (found->bytes > 0)
            assert_memory_equal(found->data, expected->data, found->bytes);
    }
    dn_tensor_file_close(written);
    dn_tensor_file_close(source);
    unlink(path);
}

static void test_storages_are_shared_and_zeros_need_no_memory(void **state) {
    (void)state;
    dn_error error = {0};
    dn_tensor_file *written;
    char path[] = "/tmp/differnet_writers_XXXXXX";
    close(mkstemp(path));
    const float values[4] = {1, 2, 3, 4};
    const dn_tensor tensors[] = {
        {"part", DN_F32, 1, {2}, values, 8, 0},
        {"whole", DN_F32, 2, {2, 2}, values, 16, 0},
        {"zeros", DN_F32, 2, {300, 100}, NULL, 120000, 0},
        {"fewer", DN_F32, 1, {5}, NULL, 20, 0},
        {"count", DN_I64, 0, {0}, NULL, 8, 0},
    };
    must(dn_pytorch_write(path, DN_F16, tensors, 5, &error), &error);
    must(dn_tensor_file_open(path, &written, &error), &error);
    assert_ptr_equal(dn_tensor_file_at(written, 0)->data, dn_tensor_file_at(written, 1)->data);
    assert_ptr_equal(dn_tensor_file_at(written, 2)->data, dn_tensor_file_at(written, 3)->data);
    assert_int_equal(dn_tensor_file_at(written, 1)->dtype, DN_F16);
    assert_int_equal(dn_tensor_file_at(written, 4)->dtype, DN_I64);
    float found[4];
    must(dn_tensor_to_f32(dn_tensor_file_at(written, 1), found, &error), &error);
    assert_memory_equal(found, values, sizeof values);
    const uint8_t *zeros = dn_tensor_file_at(written, 2)->data;
    for (size_t i = 0; i < dn_tensor_file_at(written, 2)->bytes; i++)
        assert_int_equal(zeros[i], 0);
    dn_tensor_file_close(written);
    unlink(path);
}

static float float_of_half(uint16_t half) {
    float value;
    const dn_tensor tensor = {"half", DN_F16, 1, {1}, &half, sizeof half, 0};
    assert_int_equal(dn_tensor_to_f32(&tensor, &value, NULL), DN_OK);
    return value;
}

/* Each half comes back; what lies between two goes to the nearer one, from the middle to the even.
 */
static void test_halves_are_rounded_to_nearest_even(void **state) {
    (void)state;
    for (unsigned i = 0; i < 0x7c00; i++) {
        uint16_t half = (uint16_t)i, next = (uint16_t)(i + 1);
        float low = float_of_half(half), high = i == 0x7bff ? 65536.0f : float_of_half(next);
        float middle = low + (high - low) / 2;
        assert_int_equal(dn_half_of_float(low), half);
        assert_int_equal(dn_half_of_float(-low), half | 0x8000);
        assert_int_equal(dn_half_of_float(middle), i % 2 ? next : half);
        assert_int_equal(dn_half_of_float(nextafterf(middle, 0)), half);
        assert_int_equal(dn_half_of_float(nextafterf(middle, 1e9f)), next);
    }
    assert_int_equal(dn_half_of_float(INFINITY), 0x7c00);
    assert_int_equal(dn_half_of_float(-1e30f), 0xfc00);
    assert_true(isnan(float_of_half(dn_half_of_float(NAN))));
}

static void test_too_large(void **state) {
    (void)state;
    dn_error error = {0};
    const dn_tensor huge = {"huge", DN_F32, 1, {1u << 30}, NULL, (size_t)1 << 32, 0};
    assert_int_equal(dn_pytorch_write("/tmp/never", DN_F32, &huge, 1, &error),
                     DN_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "4 GiB"));
    assert_int_equal(dn_pytorch_write("/nowhere/file.pth", DN_F16, &huge, 1, &error), DN_ERROR_IO);
}

/* A disk that fills, a folder that is none: one message, the old file stays, nothing else is left.
 */
static void test_no_room(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[256];
    uint8_t *kept;
    size_t size;
    const dn_tensor tensor = {
        .name = "w", .dtype = DN_F32, .rank = 1, .shape = {5000}, .bytes = 20000};
    dn_status written[2];
    dn_error reasons[2];
    snprintf(path, sizeof path, "%s", put_file(folder, "weights", "old", 3));
    disk_fill(1000);
    written[0] = dn_pytorch_write(path, DN_F32, &tensor, 1, &reasons[0]);
    written[1] = dn_safetensors_write(path, &tensor, 1, NULL, 0, &reasons[1]);
    disk_clear();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(written[i], DN_ERROR_IO);
        assert_non_null(strstr(reasons[i].message, "weights: cannot write"));
    }
    assert_ok(dn_file_read(path, 100, &kept, &size, &error));
    assert_int_equal(size, 3);
    dn_release(kept);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    free(folder);
    assert_fails(dn_pytorch_write("/nowhere/w.pth", DN_F32, &tensor, 1, &error), DN_ERROR_IO,
                 "/nowhere/w.pth");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_dict_round_trip),
        cmocka_unit_test(test_storages_are_shared_and_zeros_need_no_memory),
        cmocka_unit_test(test_halves_are_rounded_to_nearest_even),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
