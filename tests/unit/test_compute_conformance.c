/* Every operator of every backend against the reference: a table of operators
 * (compute_operations.h) and a table of cases. `test_compute_conformance --speed [BACKEND]` prints
 * instead how fast the large cases run. */
#include "base/parallel.h"
#include "compute_convolutions.h"
#include "compute_image_gradients.h"

#include <stdio.h>
#include <time.h>

/* ---- Cases ----------------------------------------------------------------------------------- */

typedef enum use { TEST = 1, SPEED = 2 } use;

typedef struct test_case {
    const operation *op;
    int n[MAX_EXTENTS];
    use use;
} test_case;

#define BOTH (TEST | SPEED)

enum { NONE = DN_ACTIVATION_NONE, RELU = DN_ACTIVATION_RELU, RELU6 = DN_ACTIVATION_RELU6 };

static const test_case cases[] = {
    /* AlexNet's five layers as they follow an image of 448, 224, 112 */
    {&convolution, {1, 448, 448, 3, 64, 11, 4, 2}, TEST},
    {&convolution, {1, 55, 55, 64, 192, 5, 1, 2}, TEST},
    {&convolution, {1, 27, 27, 192, 384, 3, 1, 1}, TEST},
    {&convolution, {1, 27, 27, 384, 256, 3, 1, 1}, TEST},
    {&convolution, {1, 27, 27, 256, 256, 3, 1, 1}, TEST},
    {&convolution, {2, 224, 224, 3, 64, 11, 4, 2}, TEST},
    {&convolution, {2, 13, 13, 192, 384, 3, 1, 1}, TEST},
    {&convolution, {3, 112, 112, 3, 64, 11, 4, 2}, TEST},
    {&convolution, {3, 6, 6, 384, 256, 3, 1, 1}, TEST},
    {&convolution, {16, 448, 448, 3, 64, 11, 4, 2}, SPEED},
    {&convolution, {16, 55, 55, 64, 192, 5, 1, 2}, SPEED},
    {&convolution, {16, 27, 27, 192, 384, 3, 1, 1}, SPEED},
    {&convolution, {16, 27, 27, 384, 256, 3, 1, 1}, SPEED},
    {&convolution, {16, 27, 27, 256, 256, 3, 1, 1}, SPEED},
    {&convolution, {16, 224, 224, 3, 64, 11, 4, 2}, SPEED},
    {&convolution, {16, 27, 27, 64, 192, 5, 1, 2}, SPEED},
    {&convolution, {16, 13, 13, 192, 384, 3, 1, 1}, SPEED},
    {&convolution, {16, 13, 13, 384, 256, 3, 1, 1}, SPEED},
    {&convolution, {16, 13, 13, 256, 256, 3, 1, 1}, SPEED},
    {&convolution, {16, 112, 112, 3, 64, 11, 4, 2}, SPEED},
    {&convolution, {16, 13, 13, 64, 192, 5, 1, 2}, SPEED},
    {&convolution, {16, 6, 6, 192, 384, 3, 1, 1}, SPEED},
    {&convolution, {16, 6, 6, 384, 256, 3, 1, 1}, SPEED},
    {&convolution, {16, 6, 6, 256, 256, 3, 1, 1}, SPEED},
    /* odd ones: window as large as the image, one channel, no padding, uneven stride */
    {&convolution, {1, 11, 11, 3, 64, 11, 4, 0}, TEST},
    {&convolution, {1, 1, 1, 1, 1, 1, 1, 0}, TEST},
    {&convolution, {2, 7, 9, 5, 67, 3, 2, 1}, TEST},
    {&convolution, {3, 10, 5, 130, 3, 5, 3, 4}, TEST},
    {&convolution_gradient, {1, 448, 448, 3, 64, 11, 4, 2}, TEST},
    {&convolution_gradient, {1, 55, 55, 64, 192, 5, 1, 2}, TEST},
    {&convolution_gradient, {1, 27, 27, 192, 384, 3, 1, 1}, TEST},
    {&convolution_gradient, {2, 13, 13, 384, 256, 3, 1, 1}, TEST},
    {&convolution_gradient, {3, 112, 112, 3, 64, 11, 4, 2}, TEST},
    {&convolution_gradient, {16, 448, 448, 3, 64, 11, 4, 2}, SPEED},
    {&convolution_gradient, {16, 55, 55, 64, 192, 5, 1, 2}, SPEED},
    {&convolution_gradient, {16, 27, 27, 192, 384, 3, 1, 1}, SPEED},
    {&convolution_gradient, {16, 27, 27, 384, 256, 3, 1, 1}, SPEED},
    {&convolution_gradient, {16, 27, 27, 256, 256, 3, 1, 1}, SPEED},
    /* sides and paddings that no window reaches, gaps between windows, padding past the window */
    {&convolution_gradient, {1, 11, 11, 3, 64, 11, 4, 0}, TEST},
    {&convolution_gradient, {1, 1, 1, 1, 1, 1, 1, 0}, TEST},
    {&convolution_gradient, {2, 7, 9, 5, 67, 3, 2, 1}, TEST},
    {&convolution_gradient, {3, 10, 5, 130, 3, 5, 3, 4}, TEST},
    {&convolution_gradient, {1, 10, 8, 3, 5, 1, 3, 0}, TEST},
    {&convolution_gradient, {2, 6, 5, 3, 5, 2, 3, 4}, TEST},
    {&convolution_gradient, {1, 5, 4, 2, 3, 2, 1, 3}, TEST},
    {&convolution_gradient, {1, 12, 9, 4, 5, 4, 1, 0}, TEST},
    /* EfficientNet-Lite's kinds: expand, depthwise with padding on one side more, project with and
     * without a residual; images of other sides; its stem */
    {&windows, {2, 56, 48, 24, 144, 1, 1, 1, 0, 0, 0, 0, RELU6, 0}, TEST},
    {&windows, {2, 28, 28, 144, 40, 1, 1, 1, 0, 0, 0, 0, NONE, 0}, TEST},
    {&windows, {2, 28, 28, 240, 40, 1, 1, 1, 0, 0, 0, 0, NONE, 1}, TEST},
    {&windows, {2, 28, 28, 96, 96, 3, 1, 96, 1, 1, 1, 1, RELU6, 0}, TEST},
    {&windows, {2, 56, 56, 96, 96, 3, 2, 96, 0, 0, 1, 1, RELU6, 0}, TEST},
    {&windows, {2, 28, 28, 240, 240, 5, 1, 240, 2, 2, 2, 2, RELU6, 0}, TEST},
    {&windows, {2, 56, 56, 144, 144, 5, 2, 144, 1, 1, 2, 2, RELU6, 0}, TEST},
    {&windows, {1, 29, 34, 144, 144, 5, 2, 144, 2, 1, 2, 2, RELU6, 0}, TEST},
    {&windows, {1, 96, 96, 3, 32, 3, 2, 1, 0, 0, 1, 1, RELU6, 0}, TEST},
    {&windows, {1, 49, 49, 12, 32, 2, 1, 1, 0, 0, 0, 0, RELU6, 0}, TEST},
    /* ResNet's: a residual before the ReLU */
    {&windows, {2, 14, 14, 64, 64, 3, 1, 1, 1, 1, 1, 1, RELU, 1}, TEST},
    {&windows, {2, 14, 14, 64, 128, 1, 2, 1, 0, 0, 0, 0, NONE, 0}, TEST},
    /* odd ones: groups of several channels, more out than in, each side padded differently */
    {&windows, {2, 9, 7, 12, 18, 3, 2, 3, 2, 0, 1, 3, RELU6, 1}, TEST},
    {&windows, {1, 6, 6, 5, 15, 3, 1, 5, 0, 2, 3, 1, RELU, 0}, TEST},
    {&windows, {3, 5, 8, 130, 67, 1, 1, 1, 0, 0, 0, 0, RELU6, 1}, TEST},
    {&windows, {2, 9, 8, 64, 67, 3, 1, 1, 1, 1, 1, 1, RELU, 1}, TEST},
    {&windows, {2, 8, 8, 24, 21, 1, 1, 1, 0, 0, 0, 0, RELU6, 1}, TEST},
    {&windows, {1, 7, 7, 33, 33, 3, 2, 33, 1, 0, 0, 1, NONE, 0}, TEST},
    {&windows, {2, 7, 7, 36, 36, 3, 2, 36, 1, 0, 0, 1, NONE, 1}, TEST},
    {&windows, {1, 1, 1, 4, 4, 1, 1, 4, 0, 0, 0, 0, RELU6, 1}, TEST},
    {&window_gradients, {2, 56, 48, 24, 144, 1, 1, 1, 0, 0, 0, 0, RELU6, 0}, TEST},
    {&window_gradients, {2, 28, 28, 240, 40, 1, 1, 1, 0, 0, 0, 0, NONE, 1}, TEST},
    {&window_gradients, {2, 28, 28, 96, 96, 3, 1, 96, 1, 1, 1, 1, RELU6, 0}, TEST},
    {&window_gradients, {2, 56, 56, 96, 96, 3, 2, 96, 0, 0, 1, 1, RELU6, 0}, TEST},
    {&window_gradients, {2, 28, 28, 240, 240, 5, 1, 240, 2, 2, 2, 2, RELU6, 0}, TEST},
    {&window_gradients, {2, 56, 56, 144, 144, 5, 2, 144, 1, 1, 2, 2, RELU6, 0}, TEST},
    {&window_gradients, {1, 29, 34, 144, 144, 5, 2, 144, 2, 1, 2, 2, RELU6, 0}, TEST},
    {&window_gradients, {1, 96, 96, 3, 32, 3, 2, 1, 0, 0, 1, 1, RELU6, 0}, TEST},
    {&window_gradients, {2, 14, 14, 64, 128, 1, 2, 1, 0, 0, 0, 0, NONE, 0}, TEST},
    {&window_gradients, {2, 9, 7, 12, 18, 3, 2, 3, 2, 0, 1, 3, RELU6, 1}, TEST},
    {&window_gradients, {1, 6, 6, 5, 15, 3, 1, 5, 0, 2, 3, 1, RELU, 0}, TEST},
    {&window_gradients, {1, 7, 7, 33, 33, 3, 2, 33, 1, 0, 0, 1, NONE, 1}, TEST},
    {&window_gradients, {2, 9, 7, 4, 6, 3, 1, 1, 2, 0, 1, 3, NONE, 0}, TEST},
    {&window_gradients, {1, 10, 8, 6, 6, 2, 3, 6, 0, 1, 2, 0, NONE, 0}, TEST},
#define LAYERS(op)                                                                                 \
    {&op, {4, 224, 224, 32, 32, 3, 1, 32, 1, 1, 1, 1, RELU6, 0}, SPEED},                           \
        {&op, {4, 224, 224, 32, 16, 1, 1, 1, 0, 0, 0, 0, NONE, 0}, SPEED},                         \
        {&op, {4, 224, 224, 16, 96, 1, 1, 1, 0, 0, 0, 0, RELU6, 0}, SPEED},                        \
        {&op, {4, 224, 224, 96, 96, 3, 2, 96, 0, 0, 1, 1, RELU6, 0}, SPEED},                       \
        {&op, {4, 112, 112, 144, 144, 3, 1, 144, 1, 1, 1, 1, RELU6, 0}, SPEED},                    \
        {&op, {4, 112, 112, 144, 24, 1, 1, 1, 0, 0, 0, 0, NONE, 1}, SPEED},                        \
        {&op, {4, 112, 112, 144, 144, 5, 2, 144, 1, 1, 2, 2, RELU6, 0}, SPEED},                    \
        {&op, {4, 28, 28, 112, 672, 1, 1, 1, 0, 0, 0, 0, RELU6, 0}, SPEED},                        \
        {&op, {4, 28, 28, 672, 672, 5, 1, 672, 2, 2, 2, 2, RELU6, 0}, SPEED}, {                    \
        &op, {4, 28, 28, 672, 112, 1, 1, 1, 0, 0, 0, 0, NONE, 1}, SPEED                            \
    }
    LAYERS(windows),
    LAYERS(bf16_windows),
    LAYERS(int8_windows),
    LAYERS(window_gradients),
    {&pooling, {1, 111, 111, 64, 3, 2}, TEST},
    {&pooling, {2, 27, 27, 192, 3, 2}, TEST},
    {&pooling, {3, 13, 13, 256, 3, 2}, TEST},
    {&pooling, {2, 6, 9, 5, 2, 3}, TEST},
    {&pooling, {1, 3, 3, 1, 3, 2}, TEST},
    {&pooling, {2, 37, 32, 64, 3, 2, 1}, TEST},
    {&pooling, {1, 2, 3, 5, 4, 1, 3}, TEST},
    {&pooling, {16, 111, 111, 64, 3, 2}, SPEED},
    {&pooling, {16, 55, 55, 192, 3, 2}, SPEED},
    {&pooling_gates, {1, 55, 55, 192, 3, 2}, TEST},
    {&pooling_gates, {3, 13, 13, 256, 3, 2}, TEST},
    {&pooling_gates, {2, 7, 12, 67, 2, 3}, TEST},
    {&pooling_gates, {1, 3, 3, 1, 3, 2}, TEST},
    {&pooling_gates, {2, 37, 32, 67, 3, 2, 1}, TEST},
    {&pooling_gates, {1, 5, 4, 5, 4, 3, 3}, TEST},
    {&pooling_gates, {1, 16, 15, 3, 15, 1}, TEST},
    {&pooling_gates, {16, 111, 111, 64, 3, 2}, SPEED},
    {&activation_gates, {16 * 27 * 27 * 384, DN_ACTIVATION_RELU}, SPEED},
    {&activation_gates, {100003, DN_ACTIVATION_RELU}, TEST},
    {&activation_gates, {100003, DN_ACTIVATION_RELU6}, TEST},
    {&activation_gates, {1, DN_ACTIVATION_RELU}, TEST},
    {&resize_backward, {2, 448, 448, 3, 112, 112}, BOTH},
    {&resize_backward, {1, 106, 33, 3, 26, 100}, TEST},
    {&resize_backward, {2, 5, 7, 4, 9, 3}, TEST},
    {&mean_backward, {16, 729, 256, 768, 0}, BOTH},
    {&mean_backward, {16, 729, 256, 768, 1}, BOTH},
    {&mean_backward, {5, 36, 65, 70, 0}, TEST},
    {&mean_backward, {5, 36, 65, 70, 1}, TEST},
    {&mean_backward, {1, 2, 3, 3, 1}, TEST},
    {&resize, {16, 448, 448, 3, 224, 224}, BOTH},
    {&resize, {2, 448, 448, 3, 112, 112}, TEST},
    {&resize, {1, 106, 33, 3, 26, 100}, TEST},
    {&resize, {2, 5, 7, 4, 9, 3}, TEST},
    {&mean, {16, 729, 256, 768}, BOTH},
    {&mean, {1, 1, 3, 5}, TEST},
    {&mean, {5, 36, 65, 65}, TEST},
    {&permute, {96, 768}, BOTH},
    {&permute, {1, 5}, TEST},
    {&permute, {33, 100}, TEST},
    {&copy_columns, {96, 384, 384, 768, 0}, BOTH},
    {&copy_columns, {96, 384, 768, 384, 1}, TEST},
    {&copy_columns, {5, 7, 9, 8, 1}, TEST},
    {&copy_columns, {1, 1, 1, 1, 0}, TEST},
    {&forward, {96, 384, 2048, 1}, BOTH},
    {&forward, {96, 2048, 2048, 1}, BOTH},
    {&forward, {96, 2048, 768, 0}, BOTH},
    {&forward, {16, 2048, 2048, 1}, BOTH},
    {&forward, {64, 2048, 2048, 1}, SPEED},
    {&forward, {1, 2048, 2048, 1}, BOTH},
    {&forward, {3, 17, 33, 0}, TEST},
    {&forward, {3, 17, 33, 1}, TEST},
    {&forward, {1, 1, 1, 0}, TEST},
    {&forward, {16, 100, 7, 0}, TEST},
    {&backward_input, {96, 384, 2048}, BOTH},
    {&backward_input, {96, 2048, 2048}, BOTH},
    {&backward_input, {96, 2048, 768}, BOTH},
    {&backward_input, {16, 2048, 2048}, BOTH},
    {&backward_input, {1, 2048, 768}, TEST},
    {&backward_input, {3, 17, 33}, TEST},
    {&backward_input, {1, 1, 1}, TEST},
    {&backward_weights, {96, 384, 2048}, BOTH},
    {&backward_weights, {96, 2048, 2048}, BOTH},
    {&backward_weights, {96, 2048, 768}, BOTH},
    {&backward_weights, {16, 2048, 2048}, BOTH},
    {&backward_weights, {64, 2048, 2048}, SPEED},
    {&backward_weights, {41, 100, 130}, TEST},
    {&backward_weights, {121, 50, 70}, TEST},
    {&backward_weights, {1, 2048, 768}, TEST},
    {&backward_weights, {3, 17, 33}, TEST},
    {&backward_weights, {1, 1, 1}, TEST},
    {&relu, {96 * 2048}, BOTH},
    {&relu, {1}, TEST},
    {&relu, {100003}, TEST},
    {&multiply, {96 * 2048}, BOTH},
    {&multiply, {100003}, TEST},
    {&multiply, {3}, TEST},
    {&accumulate, {96 * 2048}, BOTH},
    {&accumulate, {100003}, TEST},
    {&accumulate, {1}, TEST},
    {&coupling_forward, {96, 384, 768, 19}, BOTH},
    {&coupling_forward, {1, 384, 384, 30}, TEST},
    {&coupling_forward, {3, 7, 9, 5}, TEST},
    {&coupling_inverse, {96, 384, 768, 19}, BOTH},
    {&coupling_inverse, {1, 384, 384, 30}, TEST},
    {&coupling_inverse, {3, 7, 9, 5}, TEST},
    {&coupling_backward, {96, 384, 768, 19}, BOTH},
    {&coupling_backward, {1, 384, 384, 30}, TEST},
    {&coupling_backward, {3, 7, 9, 5}, TEST},
    {&adam, {100003, 1}, TEST},
    {&adam, {40000, 1000}, TEST},
    {&adam, {1, 2}, TEST},
    {&adam, {1 << 25, 5, 1}, SPEED},
};

static void describe(const test_case *c, char *text, size_t size) {
    int used = snprintf(text, size, "%s", c->op->name);
    size_t commas = 1;
    for (const char *p = c->op->extents; *p; p++)
        commas += *p == ',';
    for (size_t i = 0; i < commas && used < (int)size; i++)
        used += snprintf(text + used, size - (size_t)used, " %d", c->n[i]);
}

static void take_buffers(const test_case *c, buffers *b) {
    size_t in[MAX_BUFFERS] = {0}, out[MAX_BUFFERS] = {0};
    c->op->sizes(c->n, in, out);
    *b = (buffers){0};
    for (size_t i = 0; i < MAX_BUFFERS; i++) {
        if (in[i])
            b->in[i] = take_uniform(in[i], i + 1, (double)c->op->scale);
        if (out[i]) /* NaN stays where an operator does not write */
            b->out[i] = take_guarded_constant(out[i], c->op->keeps ? 7.0F : NAN);
    }
}

static void release_buffers(buffers *b) {
    for (int i = 0; i < MAX_BUFFERS; i++) {
        dn_release(b->in[i]);
        release_guarded("output", b->out[i]);
    }
}

static void check_outputs(const test_case *c, const char *backend, const buffers *b) {
    char what[160];
    int used = snprintf(what, sizeof what, "%s: ", backend);
    describe(c, what + used, sizeof what - (size_t)used);
    for (int i = 0; i < MAX_BUFFERS; i++)
        if (b->out[i])
            check_guards(what, b->out[i]);
}

static void run_case(const test_case *c, const char *backend, int threads, buffers *b) {
    dn_error error = {0};
    dn_compute compute = open_backend(backend, threads);
    take_buffers(c, b);
    void *object = c->op->create ? c->op->create(&compute, c->n, b) : NULL;
    assert_ok(c->op->run(&compute, object, c->n, b, &error));
    check_outputs(c, backend, b);
    if (c->op->destroy)
        c->op->destroy(&compute, object);
    dn_compute_close(&compute);
}

static void compare(const char *what, const test_case *c, const buffers *actual,
                    const buffers *expected, tolerance allowed) {
    size_t in[MAX_BUFFERS] = {0}, out[MAX_BUFFERS] = {0};
    c->op->sizes(c->n, in, out);
    for (int i = 0; i < MAX_BUFFERS; i++)
        if (out[i])
            assert_close(what, actual->out[i], expected->out[i], out[i], allowed.absolute,
                         allowed.relative);
}

/* Within the allowed distance on one thread, and the same bits on several. */
static void check_backend(const test_case *c, const char *backend, const buffers *expected) {
    char what[160];
    int used = snprintf(what, sizeof what, "%s: ", backend);
    describe(c, what + used, sizeof what - (size_t)used);
    buffers first, other;
    run_case(c, backend, 1, &first);
    compare(what, c, &first, expected, c->op->allowed(c->n));
    for (int threads = 2; threads <= 4; threads += 2) {
        run_case(c, backend, threads, &other);
        compare(what, c, &other, &first, (tolerance){0, 0});
        release_buffers(&other);
    }
    release_buffers(&first);
}

/* The reference itself must not depend on the number of threads. */
static void check_reference(const test_case *c, const buffers *expected) {
    buffers other;
    run_case(c, "reference", 1, &other);
    compare("reference, 1 thread", c, &other, expected, (tolerance){0, 0});
    release_buffers(&other);
}

static void check_operation(const operation *op) {
    int found = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].op != op || !(cases[i].use & TEST))
            continue;
        buffers expected;
        run_case(&cases[i], "reference", 2, &expected);
        if (!found++)
            check_reference(&cases[i], &expected);
        for (size_t k = 1; dn_backend_at(k); k++)
            check_backend(&cases[i], dn_backend_at(k)->name, &expected);
        release_buffers(&expected);
    }
    assert_true(found);
}

static void test_operation(void **state) {
    check_operation(*state);
}

/* ---- Speed ----------------------------------------------------------------------------------- */

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The fastest of the runs of about half a second, after one to warm up. */
static double fastest_run(const test_case *c, const dn_compute *compute, void *object,
                          const buffers *b) {
    dn_error error = {0};
    double fastest = INFINITY, begin = 0;
    for (int i = 0; i < 2 || seconds_now() - begin < 0.5; i++) {
        if (i == 1)
            begin = seconds_now();
        double start = seconds_now();
        assert_ok(c->op->run(compute, object, c->n, b, &error));
        if (i && seconds_now() - start < fastest)
            fastest = seconds_now() - start;
    }
    return fastest;
}

static void print_speed(const test_case *c, const char *backend) {
    char what[128];
    buffers b;
    dn_compute compute = open_backend(backend, 0);
    if (compute.backend->precision(c->op->precision) != c->op->precision) {
        dn_compute_close(&compute);
        return;
    }
    take_buffers(c, &b);
    void *object = c->op->create ? c->op->create(&compute, c->n, &b) : NULL;
    double seconds = fastest_run(c, &compute, object, &b);
    if (c->op->destroy)
        c->op->destroy(&compute, object);
    double work = c->op->work ? c->op->work(c->n) : moved(c->n, c->op);
    describe(c, what, sizeof what);
    printf("%-10s %-64s %9.3f ms %8.1f %s\n", backend, what, seconds * 1e3, work / seconds / 1e9,
           c->op->unit);
    release_buffers(&b);
    dn_compute_close(&compute);
}

static int print_speeds(const char *backend) {
    printf("%d threads\n", dn_processor_count());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (cases[i].use & SPEED)
            print_speed(&cases[i], backend);
    return 0;
}

#define OPERATION(op)                                                                              \
    { #op, test_operation, NULL, NULL, (void *)&op }

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "--speed") == 0)
        return print_speeds(count > 2 ? arguments[2] : "auto");
    const struct CMUnitTest tests[] = {
        OPERATION(convolution),
        OPERATION(pooling),
        OPERATION(convolution_gradient),
        OPERATION(pooling_gates),
        OPERATION(windows),
        OPERATION(window_gradients),
        OPERATION(activation_gates),
        OPERATION(resize_backward),
        OPERATION(mean_backward),
        OPERATION(resize),
        OPERATION(mean),
        OPERATION(permute),
        OPERATION(copy_columns),
        OPERATION(forward),
        OPERATION(backward_input),
        OPERATION(backward_weights),
        OPERATION(relu),
        OPERATION(multiply),
        OPERATION(accumulate),
        OPERATION(coupling_forward),
        OPERATION(coupling_inverse),
        OPERATION(coupling_backward),
        OPERATION(adam),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
