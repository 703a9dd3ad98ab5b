/* flow/ against PyTorch: z, log-det, loss, every gradient, ten Adam steps; and against itself. */
#include "base/memory.h"
#include "flow/flow.h"
#include "flow/optimizer.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Everything a case needs; parameters as Flow.fill() of reference_network.py sets them. */
typedef struct network {
    dn_compute compute;
    dn_flow_shape shape;
    dn_flow *flow;
    float *parameters, *gradients;
    size_t count;
} network;

static void fill_parameters(network *self) {
    double scale = 1.0;
    for (size_t i = 0; i < dn_flow_tensor_count(&self->shape); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&self->shape, i, &tensor);
        if (tensor.rank == 2)
            scale = 1.0 / sqrt((double)tensor.shape[1]);
        pseudo_floats(self->parameters + tensor.offset, tensor.count, (uint32_t)i, scale);
    }
}

static void network_create_in(network *self, const char *backend, dn_precision precision,
                              int threads, dn_flow_shape shape, int rows) {
    dn_error error = {0};
    *self = (network){.shape = shape};
    assert_ok(dn_compute_open_in(backend, precision, threads, &self->compute, &error));
    assert_int_equal(self->compute.precision, precision);
    assert_ok(
        dn_flow_create(&self->compute, &self->shape, rows, DN_FLOW_TRAIN, &self->flow, &error));
    self->count = dn_flow_parameter_count(&self->shape);
    assert_ok(dn_allocate_floats(&self->parameters, self->count, &error));
    assert_ok(dn_allocate_floats(&self->gradients, self->count, &error));
    fill_parameters(self);
}

static void network_create(network *self, const char *backend, dn_flow_shape shape, int rows) {
    network_create_in(self, backend, DN_PRECISION_F32, 2, shape, rows);
}

static void network_destroy(network *self) {
    dn_flow_destroy(self->flow);
    dn_release(self->parameters);
    dn_release(self->gradients);
    dn_compute_close(&self->compute);
}

static dn_status keep_gradient(void *user, const dn_layer_gradient *g, dn_error *error) {
    network *self = user;
    return self->compute.backend->linear_backward_weights(
        self->compute.context, self->gradients + g->weight, self->gradients + g->bias, g->dy, g->x,
        g->rows, g->inputs, g->outputs, error);
}

/* One pass and its backward on pseudo(rows * features, seed, 2): leaves gradients and dx behind. */
static void compare_pass(network *self, const fixture *file, const char *prefix, int rows,
                         uint32_t seed, float *dx) {
    dn_error error = {0};
    char name[64];
    size_t values = (size_t)(rows * self->shape.features);
    float *x, *z, *dz, log_det[16], dlog_det;
    assert_ok(dn_allocate_floats(&x, values, &error));
    assert_ok(dn_allocate_floats(&z, values, &error));
    assert_ok(dn_allocate_floats(&dz, values, &error));
    pseudo_floats(x, values, seed, 2.0);
    assert_ok(dn_flow_forward(self->flow, self->parameters, z, log_det, x, rows, NULL, &error));
    float loss = (float)dn_flow_loss(dz, &dlog_det, z, log_det, rows, self->shape.features);
    assert_ok(dn_flow_backward(self->flow, self->parameters, dx, dz, dlog_det, rows, keep_gradient,
                               self, &error));
    /* 1e-5 relative; the absolute part is for entries near zero, which sums of order 1 cancel to.
     */
    snprintf(name, sizeof name, "%s.z", prefix);
    assert_close(name, z, fixture_floats(file, name, NULL), values, 1e-5, 1e-5);
    snprintf(name, sizeof name, "%s.log_det", prefix);
    assert_close(name, log_det, fixture_floats(file, name, NULL), (size_t)rows, 1e-5, 1e-5);
    snprintf(name, sizeof name, "%s.loss", prefix);
    assert_close(name, &loss, fixture_floats(file, name, NULL), 1, 0, 1e-5);
    dn_release(x);
    dn_release(z);
    dn_release(dz);
}

static void check_small(const char *backend) {
    dn_flow_shape shape = {.features = 256, .blocks = 2, .internal = 12, .clamp = 3.0f};
    network self;
    float dx[5 * 256];
    fixture *file = fixture_open("flow.safetensors");
    network_create(&self, backend, shape, 5);
    compare_pass(&self, file, "small", 5, 77, dx);
    /* Gradients are of order 1e-3 here: the absolute part is 1e-4 of that. */
    assert_close("dx", dx, fixture_floats(file, "small.dx", NULL), 5 * 256, 1e-7, 1e-4);
    for (size_t i = 0; i < dn_flow_tensor_count(&shape); i++) {
        dn_flow_tensor tensor;
        char name[64];
        size_t count;
        dn_flow_tensor_at(&shape, i, &tensor);
        snprintf(name, sizeof name, "small.%s", tensor.name);
        const float *expected = fixture_floats(file, name, &count);
        assert_int_equal(count, tensor.count);
        assert_close(name, self.gradients + tensor.offset, expected, count, 1e-7, 1e-4);
    }
    network_destroy(&self);
    fixture_close(file);
}

/* numpy.linspace(0, count - 1, samples).astype(int64) */
static size_t sample_index(size_t count, size_t sample, size_t samples) {
    return (size_t)((double)sample * ((double)(count - 1) / (double)(samples - 1)));
}

static void compare_samples(const network *self, const fixture *file) {
    size_t samples = fixture_extent(file, "large.samples", 1);
    const float *norms = fixture_floats(file, "large.norms", NULL);
    const float *values = fixture_floats(file, "large.samples", NULL);
    for (size_t i = 0; i < dn_flow_tensor_count(&self->shape); i++) {
        dn_flow_tensor tensor;
        double squares = 0;
        dn_flow_tensor_at(&self->shape, i, &tensor);
        const float *gradient = self->gradients + tensor.offset;
        for (size_t j = 0; j < tensor.count; j++)
            squares += (double)gradient[j] * (double)gradient[j];
        float norm = (float)sqrt(squares);
        assert_close(tensor.name, &norm, &norms[i], 1, 0, 1e-4);
        double typical = (double)norms[i] / sqrt((double)tensor.count);
        for (size_t s = 0; s < samples; s++)
            assert_close(tensor.name, &gradient[sample_index(tensor.count, s, samples)],
                         &values[i * samples + s], 1, 1e-4 * typical, 1e-4);
    }
}

static void check_large(const char *backend) {
    dn_flow_shape shape = {.features = 768, .blocks = 8, .internal = 160, .clamp = 3.0f};
    static float dx[6 * 768];
    network self;
    fixture *file = fixture_open("flow.safetensors");
    network_create(&self, backend, shape, 6);
    compare_pass(&self, file, "large", 6, 78, dx);
    assert_close("dx", dx, fixture_floats(file, "large.dx", NULL), 6 * 768, 1e-7, 1e-4);
    compare_samples(&self, file);
    network_destroy(&self);
    fixture_close(file);
}

static const dn_flow_shape stepping = {
    .features = 768, .blocks = 8, .internal = 160, .clamp = 3.0f};

/* The losses of the fixture's steps; `self` was made for `stepping`. */
static void take_steps(network *self, uint32_t steps, float *losses) {
    dn_error error = {0};
    static float x[16 * 768], z[16 * 768], dz[16 * 768];
    float log_det[16], dlog_det;
    dn_optimizer optimizer;
    assert_ok(dn_optimizer_create(&self->compute, self->parameters, self->count, 2e-4, &optimizer,
                                  &error));
    dn_flow_use_bf16(self->flow, optimizer.bf16);
    for (uint32_t step = 0; step < steps; step++) {
        pseudo_floats(x, 16 * 768, 100 + step, 1.0);
        assert_ok(dn_flow_forward(self->flow, self->parameters, z, log_det, x, 16, NULL, &error));
        losses[step] = (float)dn_flow_loss(dz, &dlog_det, z, log_det, 16, 768);
        dn_optimizer_next_step(&optimizer);
        assert_ok(dn_flow_backward(self->flow, self->parameters, NULL, dz, dlog_det, 16,
                                   dn_optimizer_sink, &optimizer, &error));
    }
    dn_optimizer_destroy(&optimizer);
}

static void check_ten_steps(const char *backend) {
    float losses[10];
    network self;
    fixture *file = fixture_open("flow.safetensors");
    network_create(&self, backend, stepping, 16);
    take_steps(&self, 10, losses);
    assert_close("losses", losses, fixture_floats(file, "ten_losses", NULL), 10, 0, 1e-4);
    network_destroy(&self);
    fixture_close(file);
}

/* Products of bf16 with f32 weights behind them learn as f32 does: every step's loss is within a
 * hundredth of what ten steps gain. */
static void check_steps_in_bf16(const char *backend, uint32_t steps) {
    float losses[10];
    network self;
    fixture *file = fixture_open("flow.safetensors");
    const float *expected = fixture_floats(file, "ten_losses", NULL);
    network_create_in(&self, backend, DN_PRECISION_BF16, 2, stepping, 16);
    take_steps(&self, steps, losses);
    double gained = fabs((double)expected[9] - (double)expected[0]);
    assert_close("losses in bf16", losses, expected, steps, 0.01 * gained, 0);
    network_destroy(&self);
    fixture_close(file);
}

/* Equal steps on any number of threads give equal bits. */
static void check_threads_change_nothing(const char *backend, dn_precision precision) {
    network first, other;
    float losses[2];
    dn_flow_shape two = stepping;
    two.blocks = 2;
    network_create_in(&first, backend, precision, 1, two, 16);
    take_steps(&first, 2, losses);
    for (int threads = 2; threads <= 4; threads += 2) {
        network_create_in(&other, backend, precision, threads, two, 16);
        take_steps(&other, 2, losses);
        assert_memory_equal(other.parameters, first.parameters, first.count * sizeof(float));
        network_destroy(&other);
    }
    network_destroy(&first);
}

/* Runs a check on every backend of this build. */
static void on_every_backend(void (*check)(const char *)) {
    for (size_t i = 0; dn_backend_at(i); i++)
        check(dn_backend_at(i)->name);
}

static void test_small_against_pytorch(void **state) {
    (void)state;
    on_every_backend(check_small);
}

static void test_large_against_pytorch(void **state) {
    (void)state;
    on_every_backend(check_large);
}

static void test_ten_adam_steps(void **state) {
    (void)state;
    on_every_backend(check_ten_steps);
}

/* The reference backend, which is slow, has bf16 on every processor; the other one where the
 * processor has the instructions. */
static int fastest_has_bf16(void) {
    dn_precision real;
    dn_element products;
    dn_error error = {0};
    assert_ok(dn_compute_plan("auto", DN_PRECISION_BF16, &real, &products, &error));
    return real == DN_PRECISION_BF16;
}

static void test_adam_steps_in_bf16(void **state) {
    (void)state;
    check_steps_in_bf16("reference", 3);
    if (fastest_has_bf16())
        check_steps_in_bf16("auto", 10);
}

static void test_threads_change_nothing(void **state) {
    (void)state;
    check_threads_change_nothing("reference", DN_PRECISION_BF16);
    check_threads_change_nothing("auto", DN_PRECISION_F32);
    if (fastest_has_bf16())
        check_threads_change_nothing("auto", DN_PRECISION_BF16);
}

static void check_inverse(const char *backend) {
    dn_error error = {0};
    dn_flow_shape shape = {.features = 768, .blocks = 8, .internal = 160, .clamp = 3.0f};
    static float x[7 * 768], z[7 * 768], back[7 * 768];
    float log_det[7];
    network self;
    network_create(&self, backend, shape, 7);
    pseudo_floats(x, 7 * 768, 5, 3.0);
    assert_ok(dn_flow_forward(self.flow, self.parameters, z, log_det, x, 7, NULL, &error));
    assert_ok(dn_flow_inverse(self.flow, self.parameters, back, z, 7, &error));
    assert_close("inverse(forward(x))", back, x, 7 * 768, 1e-4, 1e-4);
    network_destroy(&self);
}

static void test_inverse(void **state) {
    (void)state;
    on_every_backend(check_inverse);
}

/* Without training the blocks share their buffers: the answer must not change. */
static void test_scoring_equals_training_forward(void **state) {
    (void)state;
    dn_error error = {0};
    dn_flow_shape shape = {.features = 256, .blocks = 3, .internal = 40, .clamp = 3.0f};
    static float x[4 * 256], a[4 * 256], b[4 * 256];
    float log_det_a[4], log_det_b[4];
    network self;
    dn_flow *scoring;
    network_create(&self, "auto", shape, 4);
    assert_ok(dn_flow_create(&self.compute, &shape, 4, DN_FLOW_SCORE, &scoring, &error));
    pseudo_floats(x, 4 * 256, 9, 1.0);
    assert_ok(dn_flow_forward(self.flow, self.parameters, a, log_det_a, x, 4, NULL, &error));
    assert_ok(dn_flow_forward(scoring, self.parameters, b, log_det_b, x, 4, NULL, &error));
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(log_det_a, log_det_b, sizeof log_det_a);
    assert_ok(dn_flow_inverse(scoring, self.parameters, a, b, 4, &error));
    assert_close("inverse", a, x, 4 * 256, 1e-4, 1e-4);
    assert_fails(
        dn_flow_backward(scoring, self.parameters, NULL, a, 0, 4, keep_gradient, &self, &error),
        DN_ERROR_ARGUMENT, "made for something else than training");
    assert_fails(dn_flow_forward(scoring, self.parameters, a, log_det_a, x, 5, NULL, &error),
                 DN_ERROR_ARGUMENT, "5 rows, planned for 1 to 4");
    dn_flow_destroy(scoring);
    network_destroy(&self);
}

/* The gradient of the input alone is the same bits, also where training would draw dropout. */
static void test_explaining_equals_training_backward(void **state) {
    (void)state;
    dn_error error = {0};
    dn_flow_shape shape = {
        .features = 256, .blocks = 3, .internal = 40, .clamp = 3.0f, .dropout = 0.5f};
    static float x[4 * 256], z[4 * 256], dz[4 * 256], a[4 * 256], b[4 * 256];
    float log_det[4], dlog_det;
    network self;
    dn_flow *explaining;
    pseudo_floats(x, 4 * 256, 9, 1.0);
    network_create(&self, "auto", shape, 4);
    assert_ok(dn_flow_create(&self.compute, &shape, 4, DN_FLOW_EXPLAIN, &explaining, &error));
    assert_ok(dn_flow_forward(explaining, self.parameters, z, log_det, x, 4, NULL, &error));
    dn_flow_loss(dz, &dlog_det, z, log_det, 4, 256);
    assert_fails(dn_flow_backward(explaining, self.parameters, a, dz, dlog_det, 4, keep_gradient,
                                  &self, &error),
                 DN_ERROR_ARGUMENT, "made for something else than training");
    assert_ok(
        dn_flow_backward(explaining, self.parameters, a, dz, dlog_det, 4, NULL, NULL, &error));
    dn_flow_destroy(explaining);
    network_destroy(&self);
    shape.dropout = 0;
    network_create(&self, "auto", shape, 4);
    assert_ok(dn_flow_forward(self.flow, self.parameters, z, log_det, x, 4, NULL, &error));
    dn_flow_loss(dz, &dlog_det, z, log_det, 4, 256);
    assert_ok(dn_flow_backward(self.flow, self.parameters, b, dz, dlog_det, 4, keep_gradient, &self,
                               &error));
    assert_memory_equal(a, b, sizeof a);
    network_destroy(&self);
}

/* Loss of one flow at parameters with one entry moved, with a fixed dropout mask. */
static double loss_at(network *self, const float *x, int rows, size_t index, float value) {
    dn_error error = {0};
    static float z[8 * 256];
    float log_det[8], kept = self->parameters[index];
    dn_random dropout;
    dn_random_init(&dropout, 3, DN_RANDOM_DROPOUT, 0);
    self->parameters[index] = value;
    assert_ok(dn_flow_forward(self->flow, self->parameters, z, log_det, x, rows, &dropout, &error));
    self->parameters[index] = kept;
    return dn_flow_loss(NULL, NULL, z, log_det, rows, self->shape.features);
}

/* With dropout the gradient is of the pass whose mask was drawn: finite differences at the same
 * mask. */
static void test_dropout_gradient(void **state) {
    (void)state;
    dn_error error = {0};
    dn_flow_shape shape = {
        .features = 256, .blocks = 1, .internal = 8, .clamp = 3.0f, .dropout = 0.4f};
    static float x[4 * 256], z[4 * 256], dz[4 * 256];
    float log_det[4], dlog_det;
    network self;
    dn_random dropout;
    network_create(&self, "auto", shape, 4);
    pseudo_floats(x, 4 * 256, 9, 1.0);
    dn_random_init(&dropout, 3, DN_RANDOM_DROPOUT, 0);
    assert_ok(dn_flow_forward(self.flow, self.parameters, z, log_det, x, 4, &dropout, &error));
    dn_flow_loss(dz, &dlog_det, z, log_det, 4, 256);
    assert_ok(dn_flow_backward(self.flow, self.parameters, NULL, dz, dlog_det, 4, keep_gradient,
                               &self, &error));
    int zeros = 0;
    for (size_t i = 0; i < dn_flow_tensor_count(&shape); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&shape, i, &tensor);
        size_t index = tensor.offset + tensor.count / 3;
        float value = self.parameters[index], step = 2e-3f;
        double slope = (loss_at(&self, x, 4, index, value + step) -
                        loss_at(&self, x, 4, index, value - step)) /
                       (2.0 * (double)step);
        double gradient = (double)self.gradients[index];
        zeros += gradient == 0.0;
        if (fabs(slope - gradient) > 2e-5 + 0.02 * fabs(gradient))
            fail_msg("%s: gradient %g, finite difference %g", tensor.name, gradient, slope);
    }
    assert_true(zeros < 12);
    network_destroy(&self);
}

static void test_initialisation_is_pytorchs(void **state) {
    (void)state;
    dn_flow_shape shape = {.features = 768, .blocks = 2, .internal = 64, .clamp = 3.0f};
    dn_error error = {0};
    float *a, *b;
    size_t count = dn_flow_parameter_count(&shape);
    assert_ok(dn_allocate_floats(&a, count, &error));
    assert_ok(dn_allocate_floats(&b, count, &error));
    dn_flow_initialize(&shape, a, 42, 1);
    dn_flow_initialize(&shape, b, 42, 3);
    assert_memory_equal(a, b, count * sizeof *a);
    for (size_t i = 0; i < dn_flow_tensor_count(&shape); i++) {
        dn_flow_tensor tensor, weight;
        double largest = 0, sum = 0;
        dn_flow_tensor_at(&shape, i, &tensor);
        dn_flow_tensor_at(&shape, i / 2 * 2, &weight);
        double bound = 1.0 / sqrt((double)weight.shape[1]);
        for (size_t j = 0; j < tensor.count; j++) {
            sum += (double)a[tensor.offset + j];
            largest = fmax(largest, fabs((double)a[tensor.offset + j]));
        }
        assert_true(largest <= bound && largest > 0.8 * bound);
        assert_true(fabs(sum / (double)tensor.count) <
                    5 * bound / sqrt(3.0 * (double)tensor.count));
    }
    dn_release(a);
    dn_release(b);
}

/* The full-size table: names as in the original's state_dict, offsets without gaps. */
static void test_tensor_table(void **state) {
    (void)state;
    dn_flow_shape shape = {.features = 768, .blocks = 8, .internal = 2048, .clamp = 3.0f};
    dn_flow_tensor tensor;
    size_t next = 0;
    for (size_t i = 0; i < dn_flow_tensor_count(&shape); i++) {
        dn_flow_tensor_at(&shape, i, &tensor);
        assert_int_equal(tensor.offset, next);
        next += tensor.count;
    }
    assert_string_equal(tensor.name, "nf.module_list.16.s2.fc3.bias");
    assert_int_equal(next, dn_flow_parameter_count(&shape));
    assert_int_equal(next, 172077056);
    dn_flow_tensor_at(&shape, 4, &tensor);
    assert_string_equal(tensor.name, "nf.module_list.2.s1.fc2b.weight");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_against_pytorch),
        cmocka_unit_test(test_large_against_pytorch),
        cmocka_unit_test(test_ten_adam_steps),
        cmocka_unit_test(test_adam_steps_in_bf16),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_scoring_equals_training_forward),
        cmocka_unit_test(test_explaining_equals_training_backward),
        cmocka_unit_test(test_dropout_gradient),
        cmocka_unit_test(test_initialisation_is_pytorchs),
        cmocka_unit_test(test_tensor_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
