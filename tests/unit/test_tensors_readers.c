/* Files written by PyTorch and the safetensors package: every value, every refusal. */
#include "base/file.h"
#include "base/memory.h"
#include "support/support.h"
#include "tensors/tensor_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *fixture_path(const char *name) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/tensor_files/%s", DN_FIXTURES, name);
    return path;
}

static dn_tensor_file *open_fixture(const char *name) {
    dn_error error = {0};
    dn_tensor_file *file = NULL;
    assert_ok(dn_tensor_file_open(fixture_path(name), &file, &error));
    return file;
}

/* ---- Values ---------------------------------------------------------------------------------- */

static int64_t integer_at(const dn_tensor *tensor, size_t index) {
    const uint8_t *at = (const uint8_t *)tensor->data + index * dn_dtype_size(tensor->dtype);
    int64_t wide;
    int32_t word;
    int16_t half;
    switch (tensor->dtype) {
    case DN_I64:
        memcpy(&wide, at, sizeof wide);
        return wide;
    case DN_I32:
        memcpy(&word, at, sizeof word);
        return word;
    case DN_I16:
        memcpy(&half, at, sizeof half);
        return half;
    case DN_I8:
        return (int8_t)*at;
    default:
        return *at;
    }
}

static void compare_floats(const dn_tensor *tensor, const float *expected, size_t count) {
    dn_error error = {0};
    float *values;
    assert_ok(dn_allocate_floats(&values, count, &error));
    assert_ok(dn_tensor_to_f32(tensor, values, &error));
    if (count > 0 && memcmp(values, expected, count * sizeof *values) != 0)
        fail_msg("%s differs", tensor->name);
    dn_release(values);
}

static void compare_tensor(const dn_tensor *tensor, const fixture *expected, const char *prefix) {
    char name[256];
    size_t count;
    snprintf(name, sizeof name, "%s/%s", prefix, tensor->name);
    assert_int_equal(tensor->bytes, dn_tensor_elements(tensor) * dn_dtype_size(tensor->dtype));
    for (int axis = 0; axis < tensor->rank; axis++)
        assert_int_equal(tensor->shape[axis], fixture_extent(expected, name, axis));
    if (tensor->dtype <= DN_F64) {
        const float *floats = fixture_floats(expected, name, &count);
        assert_int_equal(dn_tensor_elements(tensor), count);
        compare_floats(tensor, floats, count);
        return;
    }
    const int64_t *integers = fixture_integers(expected, name, &count);
    assert_int_equal(dn_tensor_elements(tensor), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(integer_at(tensor, i), integers[i]);
}

static void compare_file(const char *name, const char *format, const char *prefix, size_t count) {
    fixture *expected = fixture_open("tensor_files/expected.safetensors");
    dn_tensor_file *file = open_fixture(name);
    assert_string_equal(dn_tensor_file_format(file), format);
    assert_int_equal(dn_tensor_file_count(file), count);
    for (size_t i = 0; i < count; i++) {
        const dn_tensor *tensor = dn_tensor_file_at(file, i);
        compare_tensor(tensor, expected, prefix);
        assert_ptr_equal(dn_tensor_file_find(file, tensor->name), tensor);
    }
    assert_null(dn_tensor_file_at(file, count));
    assert_null(dn_tensor_file_find(file, "no such tensor"));
    dn_tensor_file_close(file);
    fixture_close(expected);
}

static void test_every_kind_of_tensor(void **state) {
    (void)state;
    compare_file("kinds_zip.pth", "pytorch-zip", "kinds", 17);
    compare_file("kinds_protocol4.pth", "pytorch-zip", "kinds", 17);
    compare_file("kinds_legacy.pth", "pytorch-legacy", "kinds", 17);
    compare_file("kinds_legacy_protocol5.pth", "pytorch-legacy", "kinds", 17);
    compare_file("kinds.safetensors", "safetensors", "kinds", 17);
}

static void test_state_dict_of_a_network(void **state) {
    (void)state;
    compare_file("mini_zip.pth", "pytorch-zip", "mini", 12);
    compare_file("mini_legacy.pth", "pytorch-legacy", "mini", 12);
    compare_file("checkpoint.pth", "pytorch-zip", "mini", 12);
    compare_file("plain_zip.pth", "pytorch-zip", "tiny", 2);
}

static void test_tensors_in_another_order(void **state) {
    (void)state;
    compare_file("strided_zip.pth", "pytorch-zip", "strided", 5);
    compare_file("strided_legacy.pth", "pytorch-legacy", "strided", 5);
}

static void check_kinds(const char *name) {
    dn_tensor_file *file = open_fixture(name);
    const dn_tensor *all = dn_tensor_file_find(file, "shared.all");
    const dn_tensor *row = dn_tensor_file_find(file, "shared.row");
    const dn_tensor *scalar = dn_tensor_file_find(file, "scalar");
    const dn_tensor *empty = dn_tensor_file_find(file, "empty");
    assert_ptr_equal(row->data, (const uint8_t *)all->data + 6 * sizeof(float));
    assert_int_equal(scalar->rank, 0);
    assert_int_equal(dn_tensor_elements(scalar), 1);
    assert_int_equal(empty->rank, 2);
    assert_int_equal(empty->shape[1], 3);
    assert_int_equal(empty->bytes, 0);
    assert_int_equal(dn_tensor_file_find(file, "bf16")->dtype, DN_BF16);
    assert_int_equal(dn_tensor_file_find(file, "bool")->dtype, DN_BOOL);
    assert_string_equal(dn_tensor_file_at(file, 0)->name, "f32");
    assert_string_equal(dn_tensor_file_at(file, 16)->name, "größe");
    dn_tensor_file_close(file);
}

static void test_shapes_order_and_sharing(void **state) {
    (void)state;
    check_kinds("kinds_zip.pth");
    check_kinds("kinds_legacy.pth");
}

static void test_metadata(void **state) {
    (void)state;
    const char *key, *value;
    dn_tensor_file *file = open_fixture("kinds.safetensors");
    assert_string_equal(dn_tensor_file_metadata(file, "format"), "pt");
    assert_string_equal(dn_tensor_file_metadata(file, "note"), "zwei\nZeilen \"ä\"");
    assert_null(dn_tensor_file_metadata(file, "other"));
    size_t count = 0;
    while (dn_tensor_file_metadata_at(file, count, &key, &value)) {
        assert_ptr_equal(dn_tensor_file_metadata(file, key), value);
        count++;
    }
    assert_int_equal(count, 2);
    dn_tensor_file_close(file);
    file = open_fixture("tiny_zip.pth");
    assert_null(dn_tensor_file_metadata(file, "format"));
    assert_false(dn_tensor_file_metadata_at(file, 0, &key, &value));
    dn_tensor_file_close(file);
}

static void test_bytes_are_the_whole_file(void **state) {
    (void)state;
    dn_error error = {0};
    size_t size, expected_size;
    uint8_t *expected;
    assert_ok(
        dn_file_read(fixture_path("mini_zip.pth"), 1 << 20, &expected, &expected_size, &error));
    dn_tensor_file *file = open_fixture("mini_zip.pth");
    const void *bytes = dn_tensor_file_bytes(file, &size);
    assert_int_equal(size, expected_size);
    assert_memory_equal(bytes, expected, size);
    dn_tensor_file_close(file);
    dn_release(expected);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void refuse(const char *name, dn_status status, const char *part) {
    dn_error error = {0};
    dn_tensor_file *file = (dn_tensor_file *)&error;
    assert_fails(dn_tensor_file_open(fixture_path(name), &file, &error), status, part);
    assert_null(file);
    assert_fails(dn_tensor_file_open(fixture_path(name), &file, &error), status, name);
}

static void test_objects_are_refused_by_name(void **state) {
    (void)state;
    refuse("whole_object.pth", DN_ERROR_FORMAT, "torch.nn.modules.linear.Linear: only state_dicts");
    refuse("attack.pth", DN_ERROR_FORMAT, "refuses the pickled class or function posix.system");
    assert_int_not_equal(access("differnet-was-here", F_OK), 0);
    refuse("complex.pth", DN_ERROR_FORMAT, "torch.ComplexFloatStorage");
    refuse("list.pth", DN_ERROR_FORMAT, "holds a list, expected a dictionary of tensors");
    refuse("mixed.pth", DN_ERROR_FORMAT, "the entry \"epoch\" is a number, not a tensor");
}

static void test_archives_that_torch_does_not_write(void **state) {
    (void)state;
    refuse("compressed.pth", DN_ERROR_FORMAT, "\"tiny_zip/byteorder\" is compressed or encrypted");
    refuse("big_endian.pth", DN_ERROR_FORMAT, "\"tiny_zip/byteorder\" does not say \"little\"");
    refuse("short_storage.pth", DN_ERROR_FORMAT, "\"tiny_zip/data/0\" has 4 bytes, expected 8");
    refuse("nested.pth", DN_ERROR_FORMAT, "overlaps another one");
}

static void refuse_bytes(const void *bytes, size_t size, const char *part) {
    dn_error error = {0};
    dn_tensor_file *file = NULL;
    assert_fails(dn_tensor_file_open_memory("odd.pth", bytes, size, &file, &error), DN_ERROR_FORMAT,
                 part);
    assert_null(file);
}

static void test_other_content(void **state) {
    (void)state;
    char tar[512] = "storages";
    memcpy(tar + 257, "ustar", 5);
    refuse_bytes("", 0,
                 "odd.pth: is neither a safetensors file nor a PyTorch state_dict (0 bytes)");
    refuse_bytes("GIF89a......", 12, "is neither");
    refuse_bytes("\x80\x04}.", 4, "a Python pickle that torch.save did not write");
    refuse_bytes(tar, sizeof tar, "is a tar archive");
    refuse_bytes("PK\3\4 and no more", 16, "cannot read the zip archive");
    refuse("missing.pth", DN_ERROR_IO, "cannot open");
    refuse("", DN_ERROR_IO, "is not a regular file but a directory");
}

/* ---- The pickle machine, on the legacy format, where no checksum is in the way --------------- */

#define PREAMBLE                                                                                   \
    "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."                                      \
    "\x80\2M\xe9\3."                                                                               \
    "\x80\2}X\x0d\0\0\0little_endian\x88s."

/* A literal with zeros inside, after the preamble; the array's final zero is left away. */
#define refuse_pickle(literal, part)                                                               \
    refuse_bytes(PREAMBLE literal, sizeof(PREAMBLE literal) - 1, part)

static void test_pickles_are_refused(void **state) {
    (void)state;
    refuse_pickle("\x80\2}.\x80\2].more", "4 bytes are left over");
    refuse_pickle("\x80\2(\x81.", "refuses the pickle opcode NEWOBJ at byte 48");
    refuse_pickle("\x80\2\xff", "is not a pickle opcode (0xff)");
    refuse_pickle("\x80\1}.", "pickle protocol 1, expected 2 to 5");
    refuse_pickle("\x80\2cos\nsystem\n", "refuses the pickled class or function os.system");
    refuse_pickle("\x80\4\x8c\2os\x8c\6system\x93", "class or function os.system");
    refuse_pickle("\x80\2cos", "the name of a class has no end");
    refuse_pickle("\x80\2NN.", "it stops with more or less than one value");
    refuse_pickle("\x80\2s", "its stack holds too little");
    refuse_pickle("\x80\2}(u(s", "its stack holds too little");
    refuse_pickle("\x80\2u", "a mark is missing");
    refuse_pickle("\x80\2}(Nu", "items are put where they do not belong");
    refuse_pickle("\x80\2]NNs", "items are put where they do not belong");
    refuse_pickle("\x80\2h\1", "recalls what is not in its memo");
    refuse_pickle("\x80\2Nr\xff\xff\xff\xff", "a memo number is too large");
    refuse_pickle("\x80\2N)R", "calls something that is not a function");
    refuse_pickle("\x80\2ctorch\nFloatStorage\n)R", "calls a function with unexpected arguments");
    refuse_pickle("\x80\2]}b", "refuses to set attributes of a list");
    refuse_pickle("\x80\2NQ", "a storage is not described by a tuple");
    refuse_pickle("\x80\4\x95\xff\xff\xff\xff\0\0\0\0", "a frame is longer than the file");
    refuse_pickle("\x80\2X\xff\xff\xff\xffname", "a pickled text needs 4294967295 bytes");
    refuse_pickle("\x80\2)Q}.\x80\2].", "it stops with more or less than one value");
    refuse_pickle("\x80\2})Qs.", "its stack holds too little");
    refuse_pickle("\x80\2}(NNu.\x80\2].", "a tensor's name is None, expected a text");
}

/* All of Python's opcodes that no state_dict needs (pickletools.opcodes). */
static void test_refused_opcodes_are_named(void **state) {
    (void)state;
    static const struct {
        uint8_t code;
        const char *name;
    } refused[] = {{0x49, "INT"},         {0x4c, "LONG"},
                   {0x8b, "LONG4"},       {0x53, "STRING"},
                   {0x42, "BINBYTES"},    {0x43, "SHORT_BINBYTES"},
                   {0x8e, "BINBYTES8"},   {0x96, "BYTEARRAY8"},
                   {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"},
                   {0x56, "UNICODE"},     {0x8d, "BINUNICODE8"},
                   {0x46, "FLOAT"},       {0x6c, "LIST"},
                   {0x64, "DICT"},        {0x8f, "EMPTY_SET"},
                   {0x90, "ADDITEMS"},    {0x91, "FROZENSET"},
                   {0x30, "POP"},         {0x32, "DUP"},
                   {0x31, "POP_MARK"},    {0x67, "GET"},
                   {0x70, "PUT"},         {0x82, "EXT1"},
                   {0x83, "EXT2"},        {0x84, "EXT4"},
                   {0x69, "INST"},        {0x6f, "OBJ"},
                   {0x81, "NEWOBJ"},      {0x92, "NEWOBJ_EX"},
                   {0x50, "PERSID"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char bytes[] = PREAMBLE "\x80\2?.", part[80];
        bytes[sizeof bytes - 3] = (char)refused[i].code;
        snprintf(part, sizeof part, "refuses the pickle opcode %s at byte 47: ", refused[i].name);
        refuse_bytes(bytes, sizeof bytes - 1, part);
    }
}

static void test_endless_pickles_are_refused(void **state) {
    (void)state;
    const size_t start = sizeof PREAMBLE - 1, size = start + (1 << 20) + 16;
    char *bytes = malloc(size);
    memset(bytes, ']', size);
    memcpy(bytes, PREAMBLE, start);
    refuse_bytes(bytes, size, "has more than 1048576 operations");
    free(bytes);
}

/* A list that holds itself is no reason to run in circles. */
static void test_cycles(void **state) {
    (void)state;
    refuse_pickle("\x80\2]q\0h\0a.\x80\2].", "holds a list");
    refuse_pickle("\x80\2}q\0X\1\0\0\0ah\0s.\x80\2].", "the entry \"a\" is a dictionary");
    refuse_pickle("\x80\2}q\0X\x0a\0\0\0state_dicth\0s.\x80\2].", "\"state_dict\" is a dictionary");
}

static uint8_t *read_fixture(const char *name, size_t *size) {
    dn_error error = {0};
    uint8_t *bytes;
    assert_ok(dn_file_read(fixture_path(name), 1 << 20, &bytes, size, &error));
    return bytes;
}

/* Replaces every `from` by an equally long `to`. */
static void replace(uint8_t *bytes, size_t size, const char *from, const char *to, size_t length) {
    size_t replaced = 0;
    for (size_t i = 0; i + length <= size; i++) {
        if (memcmp(bytes + i, from, length) == 0) {
            memcpy(bytes + i, to, length);
            replaced++;
        }
    }
    assert_int_not_equal(replaced, 0);
}

static void refuse_edited(const char *name, const char *from, const char *to, size_t length,
                          const char *part) {
    size_t size;
    uint8_t *bytes = read_fixture(name, &size);
    replace(bytes, size, from, to, length);
    refuse_bytes(bytes, size, part);
    dn_release(bytes);
}

static void test_edited_legacy_files(void **state) {
    (void)state;
    const char *name = "tiny_legacy.pth";
    refuse_edited(name, "other", "first", 5, "two tensors have the name \"first\"");
    refuse_edited(name, "other", "ot\ner", 5, "is not UTF-8 or holds control characters");
    refuse_edited(name, "little_endianq\2\x88", "little_endianq\2\x89", 16,
                  "little-endian machine");
    refuse_edited(name, "\xe9\3.", "\xe8\3.", 3, "protocol version 1001");
    refuse_edited(name, "FloatStorage", "QuantStorage", 12, "torch.QuantStorage");
    refuse_edited(name, "storage", "sturage", 7, "a storage is not described as torch.save");
    /* storage of 2 elements: offset 0, size (2,), stride (1,) */
    refuse_edited(name, "QK\0K\2\x85", "QK\1K\2\x85", 6,
                  "tensor \"first\" takes 2 elements from element 1 of a storage that has 2");
    refuse_edited(name, "QK\0K\2\x85", "QK\0K\3\x85", 6, "takes 3 elements from element 0");
    refuse_edited(name, "\2\0\0\0\0\0\0\0", "\3\0\0\0\0\0\0\0", 8,
                  "a storage has 3 elements, expected 2");
}

/* storage of 6 elements: offset 0, size (3, 2), stride (1, 3) */
static void test_edited_strides(void **state) {
    (void)state;
    const char *name = "beyond.pth", strides[] = "K\1K\3\x86";
    refuse_edited(name, strides, "K\1K\4\x86", 5,
                  "tensor \"beyond\" takes 7 elements from element 0 of a storage that has 6");
    refuse_edited(name, strides, "NM\3\0\x86", 5, "its strides are not made of whole numbers");
    refuse_edited(name, strides, "K\1NN\x87", 5, "has more or fewer strides than dimensions");
    refuse("blown_up.pth", DN_ERROR_FORMAT,
           "\"blown_up\": its strides make more of the file's numbers than it holds");
}

static void test_weights_in_a_package(void **state) {
    (void)state;
    const char *entries[][2] = {{"package", "tiny-weights 1.2"},
                                {"home_page", "https://example.org/tiny"},
                                {"author", "Someone"},
                                {"licence", "Tiny Licence 3.0"},
                                {"licence_text", "\nTiny Licence 3.0\n\nDo as you like.\n"},
                                {"member", "tiny_weights/models/weights.pth"}};
    compare_file("legacy.whl", "pytorch-legacy", "strided", 5);
    compare_file("zip.whl", "pytorch-zip", "tiny", 2);
    dn_tensor_file *file = open_fixture("legacy.whl");
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        assert_string_equal(dn_tensor_file_metadata(file, entries[i][0]), entries[i][1]);
    dn_tensor_file_close(file);
    file = open_fixture("zip.whl");
    assert_string_equal(dn_tensor_file_metadata(file, "licence"), "MIT");
    dn_tensor_file_close(file);
}

static void test_packages_are_refused(void **state) {
    (void)state;
    refuse("two.whl", DN_ERROR_FORMAT, "holds 2 .pth files, expected one");
    refuse("none.whl", DN_ERROR_FORMAT, "the package holds 0 .pth files");
    refuse("bomb.whl", DN_ERROR_FORMAT, "claims 8388608 bytes, expected at most 1048576");
    refuse("damaged.whl", DN_ERROR_FORMAT, "is damaged or cannot be decompressed");
}

/* Where a tensor lay when it was saved makes no difference. */
static void test_tensors_from_a_gpu(void **state) {
    (void)state;
    dn_error error = {0};
    dn_tensor_file *file;
    size_t size;
    uint8_t *bytes = read_fixture("tiny_legacy.pth", &size);
    replace(bytes, size, "X\x03\0\0\0cpu", "X\x03\0\0\0gpu", 8);
    assert_ok(dn_tensor_file_open_memory("gpu.pth", bytes, size, &file, &error));
    assert_int_equal(dn_tensor_file_count(file), 2);
    dn_tensor_file_close(file);
    dn_release(bytes);
}

static void test_wrong_checksum(void **state) {
    (void)state;
    const char one_two[] = "\0\0\x80\x3f\0\0\0\x40";
    refuse_edited("tiny_zip.pth", one_two, "\0\0\x80\x3f\0\0\x80\x40", 8,
                  "\"tiny_zip/data/0\" is damaged");
}

/* Readers differ in which of the two they take; libzip refuses them. */
static void test_two_members_of_one_name(void **state) {
    (void)state;
    refuse_edited("tiny_zip.pth", "tiny_zip/data/1", "tiny_zip/data/0", 15, "File already exists");
}

/* ---- Conversions ----------------------------------------------------------------------------- */

static void test_every_half(void **state) {
    (void)state;
    dn_error error = {0};
    static uint16_t halves[65536];
    static float floats[65536];
    for (size_t i = 0; i < 65536; i++)
        halves[i] = (uint16_t)i;
    dn_tensor tensor = {"halves", DN_F16, 1, {65536}, halves, sizeof halves, 0};
    assert_ok(dn_tensor_to_f32(&tensor, floats, &error));
    for (int i = 0; i < 65536; i++) {
        int exponent = i >> 10 & 31, fraction = i & 1023;
        double magnitude = exponent == 0    ? fraction * 0x1p-24
                           : exponent == 31 ? (fraction ? 0 : __builtin_inf())
                                            : (1024 + fraction) * 0x1p-25 * (1 << exponent);
        if (exponent == 31 && fraction)
            assert_true(floats[i] != floats[i]);
        else
            assert_true((double)floats[i] == (i & 0x8000 ? -magnitude : magnitude) &&
                        !__builtin_signbit(floats[i]) == !(i & 0x8000));
    }
    tensor.dtype = DN_I16;
    assert_fails(dn_tensor_to_f32(&tensor, floats, &error), DN_ERROR_FORMAT,
                 "tensor \"halves\" holds I16; expected F32, F16, BF16 or F64");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_tensor),
        cmocka_unit_test(test_state_dict_of_a_network),
        cmocka_unit_test(test_tensors_in_another_order),
        cmocka_unit_test(test_shapes_order_and_sharing),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_bytes_are_the_whole_file),
        cmocka_unit_test(test_objects_are_refused_by_name),
        cmocka_unit_test(test_archives_that_torch_does_not_write),
        cmocka_unit_test(test_other_content),
        cmocka_unit_test(test_pickles_are_refused),
        cmocka_unit_test(test_refused_opcodes_are_named),
        cmocka_unit_test(test_endless_pickles_are_refused),
        cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_edited_legacy_files),
        cmocka_unit_test(test_edited_strides),
        cmocka_unit_test(test_weights_in_a_package),
        cmocka_unit_test(test_packages_are_refused),
        cmocka_unit_test(test_tensors_from_a_gpu),
        cmocka_unit_test(test_wrong_checksum),
        cmocka_unit_test(test_two_members_of_one_name),
        cmocka_unit_test(test_every_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
