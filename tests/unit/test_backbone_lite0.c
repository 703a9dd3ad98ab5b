/* EfficientNet-Lite0 with the weights that `./run backbone` fetches, against timm with the same
 * (tests/reference/lite0_weights.py). Skipped where they are not there. */
#include "unit/backbone_compare.h"

#include <unistd.h>

#define WEIGHTS DN_SOURCE "/data/backbone/efficientnet-lite0.safetensors"

enum { SIDE = 224, SAMPLE = 101 };

static const dn_backbone_shape shape = {&dn_efficientnet_lite0, SIDE, SIDE, 2, 1, 2};

static void draw(float *input) {
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++)
                *input++ =
                    (float)((x * 3 + y * 5 + c * 40 + ((x / 16) ^ (y / 16)) * 20) % 256 - 127) /
                    128;
}

static void test_features_and_gradients(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights weights;
    void *reference_gates = NULL, *gates;
    float features[2 * 496];
    fixture *file = fixture_open("lite0_weights.safetensors");
    assert_ok(dn_backbone_weights_load(WEIGHTS, &weights, &error));
    assert_string_equal(weights.network->name, "efficientnet-lite0");
    assert_string_equal(weights.licence, "Apache Software License 2.0");
    assert_ok(dn_allocate(&reference_gates, 1, dn_backbone_gates(&shape), &error));
    assert_ok(dn_allocate(&gates, 1, dn_backbone_gates(&shape), &error));
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute;
        dn_backbone *backbone;
        assert_ok(dn_compute_open(dn_backend_at(i)->name, 2, &compute, &error));
        assert_ok(dn_backbone_create(&compute, &weights, &shape, NULL, &backbone, &error));
        draw(dn_backbone_input(backbone));
        assert_ok(dn_backbone_forward(backbone, features, i ? gates : reference_gates, 1, &error));
        compare("features", features, fixture_floats(file, "features", NULL), 2 * 496);
        if (i)
            compare_gates("weights", gates, reference_gates, dn_backbone_gates(&shape));
        check_gradient(&compute, &weights, &shape, 1, "weights", reference_gates, SAMPLE, file);
        dn_backbone_destroy(backbone);
        dn_compute_close(&compute);
    }
    dn_release(reference_gates);
    dn_release(gates);
    dn_backbone_weights_free(&weights);
    fixture_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_features_and_gradients)};
    if (access(WEIGHTS, R_OK) != 0) {
        print_message("no %s: ./run backbone fetches it\n", WEIGHTS);
        return 77; /* skipped */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
