/* The backbones built into the library, and what the key `backbone` may name. */
#include "backbone/embedded.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const dn_network *const networks[] = {&dn_alexnet, &dn_efficientnet_lite0};

enum { NETWORKS = sizeof networks / sizeof *networks };

/* The card that `differnet info` shows. */
static void test_card(void **state) {
    (void)state;
    static const char *const entries[] = {"name", "licence",       "data",    "recipe",
                                          "seed", "training_time", "good_at", "bad_at"};
    dn_error error = {0};
    for (int k = 0; k < NETWORKS; k++) {
        dn_tensor_file *file;
        assert_ok(dn_backbone_embedded_open(networks[k], &file, &error));
        for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
            assert_non_null(dn_tensor_file_metadata(file, entries[i]));
        assert_string_equal(dn_tensor_file_metadata(file, "licence"), "MIT");
        dn_tensor_file_close(file);
    }
}

/* The network's own layout exactly, half precision, small enough to commit. */
static void test_layout(void **state) {
    (void)state;
    dn_error error = {0};
    for (int k = 0; k < NETWORKS; k++) {
        dn_tensor_file *file;
        size_t size;
        assert_ok(dn_backbone_embedded_open(networks[k], &file, &error));
        assert_int_equal(dn_tensor_file_count(file), dn_backbone_tensor_count(networks[k]));
        for (size_t i = 0; i < dn_backbone_tensor_count(networks[k]); i++)
            assert_int_equal(dn_tensor_file_at(file, i)->dtype, DN_F16);
        dn_tensor_file_bytes(file, &size);
        assert_true(size <= 6000000);
        dn_tensor_file_close(file);
    }
}

static void test_is_the_default(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights embedded, file;
    assert_ok(dn_backbone_weights_choose("", &embedded, &error));
    assert_ok(dn_backbone_weights_choose(
        DN_SOURCE "/data/backbone/" DN_BACKBONE_NAME ".safetensors", &file, &error));
    assert_string_equal(embedded.digest, file.digest);
    assert_string_equal(embedded.name, DN_BACKBONE_NAME);
    assert_string_equal(file.name, DN_BACKBONE_NAME ".safetensors");
    dn_backbone_weights_free(&embedded);
    dn_backbone_weights_free(&file);
}

/* "embedded" is AlexNet, as the empty choice; others are named. */
static void test_embedded_by_name(void **state) {
    (void)state;
    static const char *const choices[] = {"embedded", "embedded:alexnet",
                                          "embedded:efficientnet-lite0"};
    dn_error error = {0};
    dn_backbone_weights first, chosen;
    assert_ok(dn_backbone_weights_choose("", &first, &error));
    for (int i = 0; i < 3; i++) {
        assert_true(dn_backbone_is_embedded(choices[i]));
        assert_ok(dn_backbone_weights_choose(choices[i], &chosen, &error));
        assert_int_equal(strcmp(chosen.digest, first.digest) == 0, i < 2);
        assert_ptr_equal(chosen.network, networks[i == 2]);
        dn_backbone_weights_free(&chosen);
    }
    dn_backbone_weights_free(&first);
    assert_fails(dn_backbone_weights_choose("embedded:efficientnet-lite1", &chosen, &error),
                 DN_ERROR_CONFIG, "no weights of efficientnet-lite1 are built in (expected: ");
    assert_fails(dn_backbone_weights_choose("embedded:nothing", &chosen, &error), DN_ERROR_CONFIG,
                 "\"embedded:nothing\" is not the name of a network (expected: alexnet");
}

static void test_random_by_name(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights chosen, drawn;
    assert_ok(dn_backbone_weights_choose(DN_BACKBONE_RANDOM, &chosen, &error));
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &drawn, &error));
    assert_string_equal(chosen.digest, drawn.digest);
    dn_backbone_weights_free(&chosen);
    dn_backbone_weights_free(&drawn);
    assert_fails(dn_backbone_weights_choose("/nowhere.pth", &chosen, &error), DN_ERROR_IO,
                 "/nowhere.pth: cannot open");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_card),           cmocka_unit_test(test_layout),
        cmocka_unit_test(test_is_the_default), cmocka_unit_test(test_embedded_by_name),
        cmocka_unit_test(test_random_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
