/* Damaged files: cut anywhere, any byte changed; under the sanitizers, no read may leave the file.
 * The check of what still opens is the fuzz target's. */
#include "../fuzz/fuzz_safetensors.c"
#include "support/support.h"

#include <dirent.h>
#include <stdio.h>

static uint8_t *read_whole(const char *path, size_t *size) {
    FILE *stream = fopen(path, "rb");
    if (!stream)
        fail_msg("cannot open %s", path);
    fseek(stream, 0, SEEK_END);
    *size = (size_t)ftell(stream);
    rewind(stream);
    uint8_t *bytes = malloc(*size);
    assert_int_equal(fread(bytes, 1, *size, stream), *size);
    fclose(stream);
    return bytes;
}

static uint8_t *read_fixture(const char *name, size_t *size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/tensor_files/%s", DN_FIXTURES, name);
    return read_whole(path, size);
}

static void test_the_corpus(void **state) {
    (void)state;
    DIR *folder = opendir(DN_FIXTURES "/tensor_files");
    struct dirent *entry;
    int count = 0;
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        size_t size;
        uint8_t *bytes = read_fixture(entry->d_name, &size);
        LLVMFuzzerTestOneInput(bytes, size);
        free(bytes);
        count++;
    }
    closedir(folder);
    assert_true(count > 15);
}

/* Each cut gets a block of its own, so that a read past its end is found. */
static void cut_everywhere(const char *name) {
    dn_error error = {0};
    size_t size;
    uint8_t *whole = read_fixture(name, &size);
    for (size_t length = 0; length < size; length++) {
        dn_tensor_file *file = NULL;
        uint8_t *part = malloc(length ? length : 1);
        memcpy(part, whole, length);
        dn_status status = dn_tensor_file_open_memory(name, part, length, &file, &error);
        if (status != DN_ERROR_FORMAT || file || !strstr(error.message, name))
            fail_msg("%s cut to %zu of %zu bytes: status %d", name, length, size, (int)status);
        free(part);
    }
    free(whole);
}

static void test_cut_files_are_refused(void **state) {
    (void)state;
    cut_everywhere("tiny.safetensors");
    cut_everywhere("tiny_zip.pth");
    cut_everywhere("plain_zip.pth");
    cut_everywhere("tiny_legacy.pth");
    cut_everywhere("kinds.safetensors");
    cut_everywhere("kinds_legacy.pth");
    cut_everywhere("kinds_legacy_protocol5.pth");
}

static void change_everywhere(const char *name) {
    size_t size;
    uint8_t *bytes = read_fixture(name, &size);
    const uint8_t changes[] = {0x01, 0x20, 0x80, 0xff};
    for (size_t i = 0; i < size; i++) {
        for (size_t j = 0; j < sizeof changes; j++) {
            bytes[i] ^= changes[j];
            LLVMFuzzerTestOneInput(bytes, size);
            bytes[i] ^= changes[j];
        }
    }
    free(bytes);
}

static void test_changed_bytes_do_no_harm(void **state) {
    (void)state;
    change_everywhere("tiny.safetensors");
    change_everywhere("tiny_zip.pth");
    change_everywhere("plain_zip.pth");
    change_everywhere("tiny_legacy.pth");
    change_everywhere("kinds.safetensors");
    change_everywhere("kinds_legacy.pth");
    change_everywhere("kinds_legacy_protocol5.pth");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_corpus),
        cmocka_unit_test(test_cut_files_are_refused),
        cmocka_unit_test(test_changed_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
