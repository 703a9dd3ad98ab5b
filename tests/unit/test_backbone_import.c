/* Weights as other programs save them: which network they are of, normalisations folded. */
#include "backbone/import_weights.h"
#include "unit/backbone_compare.h"

/* ---- a small network whose normalisations are far from doing nothing ---- */

/* networks.py's Tiny. */
static const dn_network_step tiny_steps[] = {
    {.names = {{"conv_stem", "bn1"}},
     .channels = 3,
     .out_channels = 8,
     .kernel = 3,
     .stride = 2,
     .padding = DN_PADDING_SAME,
     .activation = DN_ACTIVATION_RELU6},
    {.names = {{"conv_pw", "bn2"}},
     .channels = 8,
     .out_channels = 16,
     .kernel = 1,
     .stride = 1,
     .activation = DN_ACTIVATION_RELU6},
    {.names = {{"conv_dw", "bn3"}},
     .channels = 16,
     .out_channels = 16,
     .kernel = 5,
     .stride = 1,
     .groups = 16,
     .padding = 2,
     .activation = DN_ACTIVATION_RELU6},
    {.names = {{"conv_pwl", "bn4"}},
     .channels = 16,
     .out_channels = 8,
     .kernel = 1,
     .stride = 1,
     .adds = 3},
    {.kind = DN_STEP_TAP, .channels = 8},
};

static const char *const tiny_ignored[] = {"classifier.", NULL};

static const dn_network tiny = {.name = "tiny",
                                .title = "Tiny",
                                .stem = "",
                                .steps = tiny_steps,
                                .step_count = sizeof tiny_steps / sizeof *tiny_steps,
                                .least_side = 2,
                                .norm_epsilon = 1e-3,
                                .ignored = tiny_ignored};

static void test_folded_normalisations(void **state) {
    (void)state;
    dn_error error = {0};
    dn_tensor_file *file;
    dn_backbone_weights weights;
    dn_import_summary summary;
    dn_compute compute;
    dn_backbone *backbone;
    const dn_backbone_shape shape = {&tiny, 20, 17, 1, 2, 1};
    float features[2 * 8];
    fixture *expected = fixture_open("tiny_network.safetensors");
    assert_ok(dn_tensor_file_open(DN_FIXTURES "/tiny_network.pth", &file, &error));
    assert_ok(dn_backbone_import(file, "tiny.pth", &tiny, &weights, &summary, &error));
    assert_int_equal(summary.normalised, 4);
    assert_int_equal(summary.used, 4 * 5 + 1);
    assert_ok(dn_compute_open("auto", 1, &compute, &error));
    assert_ok(dn_backbone_create(&compute, &weights, &shape, NULL, &backbone, &error));
    fill_input(dn_backbone_input(backbone), 2, 20, 17);
    assert_ok(dn_backbone_forward(backbone, features, NULL, 2, &error));
    compare("features", features, fixture_floats(expected, "features", NULL), 2 * 8);
    dn_backbone_destroy(backbone);
    dn_compute_close(&compute);
    dn_backbone_weights_free(&weights);
    dn_tensor_file_close(file);
    fixture_close(expected);
}

/* ---- whole networks, as PyTorch saves them ---- */

enum { MOST_TENSORS = 400, PARTS = 4 };

/* A state_dict with normalisations that only add the bias. */
typedef struct state_dict {
    dn_backbone_weights weights;
    dn_tensor tensors[MOST_TENSORS];
    char names[MOST_TENSORS][96];
    size_t count;
    float ones[1280], variances[1280]; /* of sqrt(variance + epsilon) = 1 */
} state_dict;

static void add(state_dict *self, const char *stem, const char *part, int rank, const size_t *shape,
                const float *data) {
    dn_tensor *tensor = &self->tensors[self->count];
    snprintf(self->names[self->count], sizeof self->names[0], "%s.%s", stem, part);
    *tensor = (dn_tensor){
        .name = self->names[self->count++], .dtype = DN_F32, .rank = rank, .data = data};
    for (int i = 0; i < rank; i++)
        tensor->shape[i] = shape[i];
    tensor->bytes = dn_tensor_elements(tensor) * sizeof(float);
}

static void add_convolution(state_dict *self, int i, int naming) {
    const dn_network_step *step = &self->weights.network->steps[i];
    const dn_step_name *name = &step->names[naming];
    size_t groups = step->groups ? (size_t)step->groups : 1, kernel = (size_t)step->kernel;
    const size_t shape[] = {(size_t)step->out_channels, (size_t)step->channels / groups, kernel,
                            kernel};
    add(self, name->convolution, "weight", 4, shape, self->weights.weight[i]);
    add(self, name->norm, "weight", 1, shape, self->ones);
    add(self, name->norm, "bias", 1, shape, self->weights.bias[i]);
    add(self, name->norm, "running_mean", 1, shape, NULL);
    add(self, name->norm, "running_var", 1, shape, self->variances);
    self->tensors[self->count] =
        (dn_tensor){.name = self->names[self->count], .dtype = DN_I64, .bytes = sizeof(int64_t)};
    snprintf(self->names[self->count++], sizeof self->names[0], "%s.num_batches_tracked",
             name->norm);
}

static state_dict *create(const dn_network *network, int naming) {
    dn_error error = {0};
    void *block;
    assert_ok(dn_allocate(&block, 1, sizeof(state_dict), &error));
    state_dict *self = block;
    for (size_t i = 0; i < sizeof self->ones / sizeof *self->ones; i++) {
        self->ones[i] = 1;
        self->variances[i] = 1 - 1e-3f;
    }
    assert_ok(dn_backbone_weights_random(network, &self->weights, &error));
    for (int i = 0; i < network->step_count; i++)
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            add_convolution(self, i, naming);
    return self;
}

static void release(state_dict *self) {
    dn_backbone_weights_free(&self->weights);
    dn_release(self);
}

static dn_status import_dict(const state_dict *self, dn_backbone_weights *weights,
                             dn_error *failure) {
    dn_error error = {0};
    char *folder = temporary_create(), path[512];
    dn_tensor_file *file = NULL;
    dn_import_summary summary;
    snprintf(path, sizeof path, "%s/weights.pth", folder);
    assert_ok(dn_pytorch_write(path, DN_NO_DTYPE, self->tensors, self->count, &error));
    assert_ok(dn_tensor_file_open(path, &file, &error));
    assert_true(dn_backbone_recognise(file));
    dn_status status = dn_backbone_import(file, "weights.pth", NULL, weights, &summary, failure);
    dn_tensor_file_close(file);
    temporary_remove(folder);
    return status;
}

static void check_network(const dn_network *network, int naming) {
    static const size_t head[] = {7, 5};
    static const float numbers[35];
    dn_error error = {0};
    dn_backbone_weights weights;
    state_dict *self = create(network, naming);
    add(self, naming ? "_fc" : "classifier", "weight", 2, head, numbers);
    assert_ok(import_dict(self, &weights, &error));
    assert_string_equal(weights.network->name, network->name);
    assert_string_equal(weights.digest, self->weights.digest); /* 1 + 1e-8 rounds to 1 */
    dn_backbone_weights_free(&weights);
    release(self);
}

static void test_every_network_by_every_name(void **state) {
    (void)state;
    for (int naming = 0; naming < 2; naming++) {
        check_network(&dn_efficientnet_lite0, naming);
        check_network(&dn_efficientnet_lite1, naming);
        check_network(&dn_efficientnet_lite2, naming);
    }
}

/* ---- refusals ---- */

static void refuse(state_dict *self, dn_status status, const char *part) {
    dn_error error = {0};
    dn_backbone_weights weights;
    assert_fails(import_dict(self, &weights, &error), status, part);
    assert_null(weights.block);
    release(self);
}

static dn_tensor *find(state_dict *self, const char *name) {
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->names[i], name) == 0)
            return &self->tensors[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static void rename_tensor(state_dict *self, const char *name, const char *other) {
    char *text = self->names[find(self, name) - self->tensors];
    snprintf(text, sizeof self->names[0], "%s", other);
}

static void test_refusals(void **state) {
    (void)state;
    static const size_t squeeze[] = {8};
    static const float numbers[8] = {0, 0, NAN}, negative[32] = {[3] = -1};
    state_dict *self = create(&dn_efficientnet_lite0, 0);
    rename_tensor(self, "blocks.3.1.conv_dw.weight", "blocks.3.1.other.weight");
    refuse(self, DN_ERROR_FORMAT,
           "weights.pth: is most like EfficientNet-Lite0, but has no tensor "
           "blocks.3.1.conv_dw.weight of shape [480, 1, 3, 3]");
    self = create(&dn_efficientnet_lite0, 1);
    add(self, "_blocks.3._se_reduce", "bias", 1, squeeze, negative);
    refuse(self, DN_ERROR_FORMAT, "which has no tensor _blocks.3._se_reduce.bias");
    self = create(&dn_efficientnet_lite0, 0);
    find(self, "blocks.0.0.bn1.running_var")->data = negative;
    refuse(self, DN_ERROR_NUMERIC, "a variance of blocks.0.0.bn1 is negative");
    self = create(&dn_efficientnet_lite0, 0);
    find(self, "blocks.0.0.bn1.weight")->shape[0] = 8;
    find(self, "blocks.0.0.bn1.weight")->bytes = sizeof numbers;
    find(self, "blocks.0.0.bn1.weight")->data = numbers;
    refuse(self, DN_ERROR_FORMAT, "has no tensor blocks.0.0.bn1.weight of 32 numbers");
    self = create(&dn_efficientnet_lite0, 0);
    dn_backbone_values(&self->weights, self->weights.weight[0])[5] = INFINITY;
    refuse(self, DN_ERROR_NUMERIC, "conv_stem.weight[5] is not a finite number");
}

/* Step `i` of Lite0 gets a bias of `value`. */
static state_dict *create_with_bias(int i, float value) {
    state_dict *self = create(&dn_efficientnet_lite0, 0);
    dn_backbone_values(&self->weights, self->weights.bias[i])[3] = value;
    return self;
}

/* A ReLU6 ends the growth, a residual carries a large value on. */
static void test_values_that_might_overflow(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights weights;
    const dn_network_step *steps = dn_efficientnet_lite0.steps;
    int residual = 1, reader = 1;
    while (!steps[residual].adds)
        residual++;
    int projection = dn_network_residual(&dn_efficientnet_lite0, residual);
    while (dn_network_source(&dn_efficientnet_lite0, reader) != projection ||
           steps[reader].kind != DN_STEP_CONVOLUTION)
        reader++;
    state_dict *self = create_with_bias(0, 9e14f);
    assert_int_equal(steps[0].activation, DN_ACTIVATION_RELU6);
    assert_ok(import_dict(self, &weights, &error));
    dn_backbone_weights_free(&weights);
    release(self);
    refuse(create_with_bias(0, -2e15f), DN_ERROR_NUMERIC,
           "weights.pth: the weights of conv_stem let values of the network reach 2e+15");
    self = create_with_bias(projection, 6e14f);
    dn_backbone_values(&self->weights, self->weights.bias[residual])[3] = 6e14f;
    memset(dn_backbone_values(&self->weights, self->weights.weight[reader]), 0,
           dn_network_kernel_count(&dn_efficientnet_lite0, reader) * sizeof(float));
    refuse(self, DN_ERROR_NUMERIC,
           "the weights of blocks.1.1.conv_pwl let values of the network reach 1.2e+15");
    self = create(&dn_efficientnet_lite0, 0);
    self->variances[7] = -1e-3f + 1e-10f;
    self->ones[7] = 1e30f;
    refuse(self, DN_ERROR_NUMERIC, "the weights of conv_stem let values");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folded_normalisations),
        cmocka_unit_test(test_every_network_by_every_name),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_values_that_might_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
