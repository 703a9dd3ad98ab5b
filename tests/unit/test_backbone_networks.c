/* Descriptions of networks against the same networks in PyTorch, with formula weights: features,
 * maps, the value of every step, gradients at the pixels (tests/reference/networks.py). */
#include "unit/backbone_compare.h"

enum { SAMPLE = 101, STEP_SAMPLES = 64 };

/* ---- what is compared ---- */

typedef struct network_case {
    const char *name;
    const dn_network *network;
    int images, height, width, scales;
} network_case;

static dn_backbone_shape shape_of(const network_case *c) {
    return (dn_backbone_shape){c->network, c->height, c->width, c->scales, c->images + 1, 2};
}

static int reads_linear(const dn_network *network, int i) {
    int source = dn_network_source(network, i);
    return source >= 0 && network->steps[source].kind == DN_STEP_CONVOLUTION &&
           network->steps[source].activation == DN_ACTIVATION_NONE;
}

static void fill_weights(const dn_network *network, dn_backbone_weights *weights) {
    dn_error error = {0};
    uint32_t number = 0;
    assert_ok(dn_backbone_weights_allocate(network, weights, &error));
    for (int i = 0; i < network->step_count; i++) {
        if (network->steps[i].kind != DN_STEP_CONVOLUTION)
            continue;
        size_t count = dn_network_kernel_count(network, i);
        size_t outputs = (size_t)network->steps[i].out_channels;
        double fan_in = (double)count / (double)outputs, gain = reads_linear(network, i) ? 1 : 2;
        pseudo_floats(dn_backbone_values(weights, weights->weight[i]), count, 3000 + number,
                      sqrt(3 * gain / fan_in));
        pseudo_floats(dn_backbone_values(weights, weights->bias[i]), outputs, 4000 + number++, 0.5);
    }
}

/* ---- features, maps, gradients ---- */

static void check_maps(const dn_backbone *backbone, const network_case *c, const fixture *file) {
    for (int tap = 0; tap < dn_network_taps(c->network); tap++) {
        char name[64];
        dn_backbone_map map = dn_backbone_map_at(backbone, 0, tap);
        size_t values = (size_t)map.height * (size_t)map.width * (size_t)map.channels;
        snprintf(name, sizeof name, "%s.map%d", c->name, tap);
        compare_sample(name, map.values, (size_t)c->images * values, SAMPLE, file);
    }
}

/* `reference_gates` become those of the first backend, which is the reference. */
static void check_network(const dn_compute *compute, const network_case *c, const fixture *file,
                          void **reference_gates) {
    dn_error error = {0};
    const dn_backbone_shape shape = shape_of(c);
    size_t features = (size_t)(c->images * dn_backbone_features(&shape));
    size_t gate_count = (size_t)c->images * dn_backbone_gates(&shape);
    dn_backbone_weights weights;
    dn_backbone *backbone;
    float *actual;
    void *gates;
    fill_weights(c->network, &weights);
    assert_ok(dn_backbone_create(compute, &weights, &shape, NULL, &backbone, &error));
    assert_ok(dn_backbone_keep_maps(backbone, &error));
    fill_input(dn_backbone_input(backbone), c->images, c->height, c->width);
    assert_ok(dn_allocate_floats(&actual, features, &error));
    assert_ok(dn_allocate(&gates, gate_count, 1, &error));
    assert_ok(dn_backbone_forward(backbone, actual, gates, c->images, &error));
    compare(c->name, actual, fixture_floats(file, c->name, NULL), features);
    check_maps(backbone, c, file);
    if (*reference_gates)
        compare_gates(c->name, gates, *reference_gates, gate_count);
    check_gradient(compute, &weights, &shape, c->images, c->name,
                   *reference_gates ? *reference_gates : gates, SAMPLE, file);
    dn_release(actual);
    if (*reference_gates)
        dn_release(gates);
    else
        *reference_gates = gates;
    dn_backbone_destroy(backbone);
    dn_backbone_weights_free(&weights);
}

static void on_all_backends(const network_case *c) {
    dn_error error = {0};
    void *reference_gates = NULL;
    fixture *file = fixture_open("networks.safetensors");
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute;
        assert_ok(dn_compute_open(dn_backend_at(i)->name, 2, &compute, &error));
        check_network(&compute, c, file, &reference_gates);
        dn_compute_close(&compute);
    }
    dn_release(reference_gates);
    fixture_close(file);
}

static void test_lite0(void **state) {
    (void)state;
    on_all_backends(&(const network_case){"lite0", &dn_efficientnet_lite0, 2, 97, 83, 2});
}

static void test_lite1(void **state) {
    (void)state;
    on_all_backends(&(const network_case){"lite1", &dn_efficientnet_lite1, 1, 97, 83, 2});
}

static void test_lite2(void **state) {
    (void)state;
    on_all_backends(&(const network_case){"lite2", &dn_efficientnet_lite2, 1, 97, 83, 2});
}

/* ---- a network that the library does not know ---- */

/* torchvision.models.resnet18 without its classifier: a description is all that it takes. The
 * shortcut of a block that changes the size is a convolution of its own. */
#define CONVOLUTION(name, in, out, size, step, pad, act)                                           \
    .names = {{name, NULL}}, .channels = in, .out_channels = out, .kernel = size, .stride = step,  \
    .padding = pad, .activation = DN_ACTIVATION_##act
#define BLOCK(name, count)                                                                         \
    {CONVOLUTION(name ".conv1", count, count, 3, 1, 1, RELU)}, {                                   \
        CONVOLUTION(name ".conv2", count, count, 3, 1, 1, RELU), .adds = 2                         \
    }
#define SMALLER(name, in, out)                                                                     \
    {CONVOLUTION(name ".downsample.0", in, out, 1, 2, 0, NONE)},                                   \
        {CONVOLUTION(name ".conv1", in, out, 3, 2, 1, RELU), .reads = 2}, {                        \
        CONVOLUTION(name ".conv2", out, out, 3, 1, 1, RELU), .adds = 2                             \
    }
#define TAP(count)                                                                                 \
    { .kind = DN_STEP_TAP, .channels = count }

static const dn_network_step resnet18_steps[] = {
    {CONVOLUTION("conv1", 3, 64, 7, 2, 3, RELU)},
    {.kind = DN_STEP_MAX_POOL, .channels = 64, .kernel = 3, .stride = 2, .padding = 1},
    BLOCK("layer1.0", 64),
    BLOCK("layer1.1", 64),
    TAP(64),
    SMALLER("layer2.0", 64, 128),
    BLOCK("layer2.1", 128),
    TAP(128),
    SMALLER("layer3.0", 128, 256),
    BLOCK("layer3.1", 256),
    TAP(256),
    SMALLER("layer4.0", 256, 512),
    BLOCK("layer4.1", 512),
    TAP(512),
};

static const dn_network resnet18 = {
    .name = "resnet18",
    .title = "ResNet-18",
    .stem = "",
    .steps = resnet18_steps,
    .step_count = sizeof resnet18_steps / sizeof *resnet18_steps,
    .least_side = 32,
    .norm_epsilon = 1e-5,
};

static void test_resnet18(void **state) {
    (void)state;
    on_all_backends(&(const network_case){"resnet18", &resnet18, 1, 75, 64, 1});
}

/* In bf16 and int8 its residuals meet ReLUs, and its shortcuts may be negative. */
static void check_precision(dn_precision precision, dn_element element, double allowed) {
    enum { SIDE = 64, FEATURES = 960 };
    dn_error error = {0};
    dn_backbone_weights weights;
    dn_backbone_steps steps;
    dn_backbone *backbone;
    dn_compute compute;
    const dn_backbone_shape shape = {&resnet18, SIDE, SIDE, 1, 1, 1};
    float features[2][FEATURES];
    fill_weights(&resnet18, &weights);
    assert_ok(dn_compute_open_in("auto", precision, 1, &compute, &error));
    int can_round = compute.precision == precision; /* else the program calculates in f32 */
    for (int rounded = 0; rounded <= can_round; rounded++) {
        const dn_backbone_pixels pixels = {.element = rounded ? element : DN_ELEMENT_F32,
                                           .mean = {0.5, 0.5, 0.5},
                                           .std = {0.25, 0.25, 0.25},
                                           .steps = rounded ? &steps : NULL,
                                           .observes = !rounded};
        assert_ok(dn_backbone_create(&compute, &weights, &shape, &pixels, &backbone, &error));
        for (int i = 0; i < SIDE * SIDE * 3; i++)
            dn_backbone_input_pixels(backbone)[i] = (uint8_t)(i * 7919 >> 5);
        assert_ok(dn_backbone_forward(backbone, features[rounded], NULL, 1, &error));
        if (!rounded)
            dn_backbone_find_steps(backbone, &steps);
        dn_backbone_destroy(backbone);
    }
    double difference = 0, size = 0;
    for (int i = 0; can_round && i < FEATURES; i++) {
        difference += pow((double)features[1][i] - (double)features[0][i], 2);
        size += pow((double)features[0][i], 2);
    }
    if (can_round)
        assert_true(sqrt(difference / size) < allowed && difference > 0);
    dn_compute_close(&compute);
    dn_backbone_weights_free(&weights);
}

static void test_resnet18_in_other_precisions(void **state) {
    (void)state;
    check_precision(DN_PRECISION_BF16, DN_ELEMENT_BF16, 0.01);
    check_precision(DN_PRECISION_INT8, DN_ELEMENT_U8, 0.03);
}

/* ---- every step ---- */

/* The network up to convolution i, with a tap there. */
static void check_value(const dn_compute *compute, const dn_backbone_weights *weights, int i,
                        int number, const fixture *file) {
    dn_error error = {0};
    dn_network_step steps[DN_NETWORK_MOST_STEPS];
    const dn_network *whole = weights->network;
    memcpy(steps, whole->steps, ((size_t)i + 1) * sizeof *steps);
    steps[i + 1] = (dn_network_step){.kind = DN_STEP_TAP, .channels = whole->steps[i].out_channels};
    dn_network part = *whole;
    part.steps = steps;
    part.step_count = i + 2;
    const network_case c = {"lite0", &part, 2, 97, 83, 1};
    const dn_backbone_shape shape = shape_of(&c);
    float *features;
    dn_backbone *backbone;
    char name[64];
    snprintf(name, sizeof name, "lite0.value%d", number);
    assert_ok(dn_backbone_create(compute, weights, &shape, NULL, &backbone, &error));
    assert_ok(dn_backbone_keep_maps(backbone, &error));
    fill_input(dn_backbone_input(backbone), c.images, c.height, c.width);
    assert_ok(dn_allocate_floats(&features, 2 * (size_t)dn_backbone_features(&shape), &error));
    assert_ok(dn_backbone_forward(backbone, features, NULL, 2, &error));
    dn_backbone_map map = dn_backbone_map_at(backbone, 0, dn_network_taps(&part) - 1);
    size_t values = 2 * (size_t)map.height * (size_t)map.width * (size_t)map.channels;
    compare_sample(name, map.values, values, values / STEP_SAMPLES, file);
    dn_release(features);
    dn_backbone_destroy(backbone);
}

static void test_every_step_of_lite0(void **state) {
    (void)state;
    dn_error error = {0};
    dn_compute compute;
    dn_backbone_weights weights;
    fixture *file = fixture_open("networks.safetensors");
    int number = 0;
    fill_weights(&dn_efficientnet_lite0, &weights);
    assert_ok(dn_compute_open("auto", 2, &compute, &error));
    for (int i = 0; i < dn_efficientnet_lite0.step_count; i++)
        if (dn_efficientnet_lite0.steps[i].kind == DN_STEP_CONVOLUTION)
            check_value(&compute, &weights, i, number++, file);
    assert_int_equal(number, 48);
    dn_compute_close(&compute);
    dn_backbone_weights_free(&weights);
    fixture_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lite0),
        cmocka_unit_test(test_lite1),
        cmocka_unit_test(test_lite2),
        cmocka_unit_test(test_resnet18),
        cmocka_unit_test(test_resnet18_in_other_precisions),
        cmocka_unit_test(test_every_step_of_lite0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
