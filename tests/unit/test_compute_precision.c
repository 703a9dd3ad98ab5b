/* Arithmetic below f32: bf16 and int8 against the reference in the same precision, what processors
 * without the instructions do, and that results do not depend on the number of threads. */
#include "compute/shape.h"
#include "compute_buffers.h"

#include <stdlib.h>

static dn_compute open_in(const char *name, dn_precision precision, int threads) {
    dn_error error = {0};
    dn_compute compute;
    assert_ok(dn_compute_open_in(name, precision, threads, &compute, &error));
    return compute;
}

/* Whether this processor (or ONEDNN_MAX_CPU_ISA) lets a backend have it. */
static int has(const dn_backend *backend, dn_precision precision) {
    return backend->precision(precision) == precision;
}

/* ---- What one gets ----------------------------------------------------------------------------
 */

static void test_opening(void **state) {
    (void)state;
    const char *limit = getenv("ONEDNN_MAX_CPU_ISA");
    for (size_t k = 0; dn_backend_at(k); k++) {
        dn_compute compute = open_in(dn_backend_at(k)->name, DN_PRECISION_INT8, 2);
        assert_int_equal(compute.precision, compute.backend->precision(DN_PRECISION_INT8));
        assert_int_equal(compute.products, compute.backend->products(compute.precision));
        if (k > 0 && limit) { /* the tests set it below both extensions */
            assert_int_equal(compute.precision, DN_PRECISION_F32);
            assert_int_equal(compute.products, DN_ELEMENT_F32);
        }
        dn_compute_close(&compute);
        compute = open_backend(dn_backend_at(k)->name, 1);
        assert_int_equal(compute.precision, DN_PRECISION_F32);
        assert_int_equal(compute.products, DN_ELEMENT_F32);
        dn_compute_close(&compute);
    }
    assert_string_equal(dn_precision_name(DN_PRECISION_F32), "f32");
    assert_string_equal(dn_precision_name(DN_PRECISION_BF16), "bf16");
    assert_string_equal(dn_precision_name(DN_PRECISION_INT8), "int8");
}

/* ---- Elements ---------------------------------------------------------------------------------
 */

static void test_elements(void **state) {
    (void)state;
    /* 1 + 2^-8 lies between two bf16 numbers, ties to even; infinity and NaN stay what they are */
    const float values[] = {1.00390625F, 1.01171875F, -3.0F, INFINITY, NAN, 3.4e38F};
    uint16_t numbers[6];
    float back[6];
    dn_elements_narrow(numbers, values, DN_ELEMENT_BF16, 0, 6);
    dn_elements_widen(back, numbers, DN_ELEMENT_BF16, 0, 6);
    assert_true(back[0] == 1.0F && back[1] == 1.015625F && back[2] == -3.0F);
    assert_true(isinf(back[3]) && isnan(back[4]) && isinf(back[5]));
    assert_int_equal(dn_bf16_narrow(2, numbers, values, 3), 3);
    assert_int_equal(dn_bf16_narrow(2, numbers, values, 6), 3); /* the first that is not finite */
    uint8_t bytes[4];
    const float steps[] = {0.25F, 0.74F, -1.0F, 1e9F};
    dn_elements_narrow(bytes, steps, DN_ELEMENT_U8, 0.5F, 4);
    assert_int_equal(bytes[0], 0); /* 0.5 steps: to even */
    assert_int_equal(bytes[1], 1);
    assert_int_equal(bytes[2], 0);
    assert_int_equal(bytes[3], 255);
    dn_elements_widen(back, bytes, DN_ELEMENT_U8, 0.5F, 4);
    assert_true(back[1] == 0.5F && back[3] == 127.5F);
}

/* ---- Convolutions -----------------------------------------------------------------------------
 */

typedef struct window_case {
    dn_convolution_shape shape;
    dn_convolution_format format;
} window_case;

#define TO_BF16                                                                                    \
    { DN_ELEMENT_BF16, DN_ELEMENT_BF16, 0, 0, 0 }
#define BF16_TO_F32                                                                                \
    { DN_ELEMENT_BF16, DN_ELEMENT_F32, 0, 0, 0 }
#define TO_U8                                                                                      \
    { DN_ELEMENT_U8, DN_ELEMENT_U8, 0.01F, 0.05F, 0 }
#define U8_TO_F32                                                                                  \
    { DN_ELEMENT_U8, DN_ELEMENT_F32, 0.01F, 0, 0 }

/* AlexNet's layers (the first one folded) and odd ones. */
static const window_case windows[] = {
    {ALEXNET_WINDOW(2, 58, 58, 48, 64, 3, 1, 0), TO_BF16},
    {ALEXNET_WINDOW(2, 58, 58, 48, 64, 3, 1, 0), TO_U8},
    {ALEXNET_WINDOW(3, 13, 13, 64, 192, 5, 1, 2), TO_BF16},
    {ALEXNET_WINDOW(3, 13, 13, 64, 192, 5, 1, 2), TO_U8},
    {ALEXNET_WINDOW(2, 13, 13, 192, 384, 3, 1, 1), TO_BF16},
    {ALEXNET_WINDOW(2, 13, 13, 192, 384, 3, 1, 1), TO_U8},
    {ALEXNET_WINDOW(1, 13, 13, 256, 256, 3, 1, 1), BF16_TO_F32},
    {ALEXNET_WINDOW(1, 13, 13, 256, 256, 3, 1, 1), U8_TO_F32},
    {ALEXNET_WINDOW(2, 7, 9, 5, 67, 3, 2, 1), TO_BF16},
    {ALEXNET_WINDOW(2, 7, 9, 5, 67, 3, 2, 1), TO_U8},
};

static size_t out_count(const dn_convolution_shape *shape) {
    dn_extent extent = dn_convolution_extent(shape);
    return (size_t)shape->batch * (size_t)extent.height * (size_t)extent.width *
           (size_t)shape->out_channels;
}

/* The outputs as they lie in memory, in a new buffer. */
static void *run_window(const window_case *c, const char *backend, dn_precision precision,
                        int threads) {
    dn_error error = {0};
    const dn_convolution_shape *s = &c->shape;
    dn_convolution *convolution;
    size_t in = (size_t)s->batch * (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    size_t weights =
        (size_t)s->channels * (size_t)s->out_channels * (size_t)(s->kernel * s->kernel);
    float *x = take_uniform(in, 1, 1), *w = take_uniform(weights, 2, 0.05),
          *bias = take_uniform((size_t)s->out_channels, 3, 0.5), *elements = take_floats(in),
          *out = take_constant(out_count(s), NAN);
    for (size_t i = 0; i < in; i++)
        x[i] = x[i] < 0 ? 0 : x[i]; /* as behind a ReLU */
    dn_compute compute = open_in(backend, precision, threads);
    dn_elements_narrow(elements, x, c->format.in, c->format.in_step, in);
    assert_ok(compute.backend->convolution_create(compute.context, s, &c->format, w, bias,
                                                  &convolution, &error));
    assert_ok(compute.backend->convolution_forward(convolution, out, elements, s->batch, &error));
    assert_fails(
        compute.backend->convolution_forward(convolution, out, elements, s->batch + 1, &error),
        DN_ERROR_ARGUMENT, "created for 1 to");
    compute.backend->convolution_destroy(convolution);
    dn_compute_close(&compute);
    float *released[] = {x, w, bias, elements};
    for (size_t i = 0; i < 4; i++)
        dn_release(released[i]);
    return out;
}

/* Both sum the same products: in f32 what `terms` additions round, then one bf16 or u8 step where
 * the result lay on the border between two; few do. */
static void compare_windows(const window_case *c, const void *actual, const void *expected) {
    size_t count = out_count(&c->shape), different = 0;
    float *a = take_floats(count), *b = take_floats(count), step = c->format.out_step;
    double terms = c->shape.channels * c->shape.kernel * c->shape.kernel;
    dn_elements_widen(a, actual, c->format.out, step, count);
    dn_elements_widen(b, expected, c->format.out, step, count);
    for (size_t i = 0; i < count; i++)
        different += a[i] != b[i];
    double rounding = ldexp(4 + sqrt(terms), -24);
    double absolute = c->format.out == DN_ELEMENT_U8 ? 1.001 * (double)step : rounding;
    double relative = c->format.out == DN_ELEMENT_BF16 ? ldexp(1, -7) : rounding;
    assert_close("convolution", a, b, count, absolute, relative);
    if (c->format.out != DN_ELEMENT_F32)
        assert_true(different <= count / 100);
    dn_release(a);
    dn_release(b);
}

static void test_convolutions(void **state) {
    (void)state;
    for (size_t k = 1; dn_backend_at(k); k++)
        for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
            const window_case *c = &windows[i];
            const char *name = dn_backend_at(k)->name;
            dn_precision precision =
                c->format.in == DN_ELEMENT_U8 ? DN_PRECISION_INT8 : DN_PRECISION_BF16;
            if (!has(dn_backend_at(k), precision))
                continue;
            void *expected = run_window(c, "reference", precision, 2);
            void *first = run_window(c, name, precision, 1);
            compare_windows(c, first, expected);
            for (int threads = 2; threads <= 4; threads += 2) {
                void *again = run_window(c, name, precision, threads);
                assert_memory_equal(again, first,
                                    out_count(&c->shape) * dn_element_size(c->format.out));
                dn_release(again);
            }
            dn_release(expected);
            dn_release(first);
        }
}

/* ---- Pooling and folding ----------------------------------------------------------------------
 */

static void test_pooling(void **state) {
    (void)state;
    static const dn_element elements[] = {DN_ELEMENT_BF16, DN_ELEMENT_U8};
    const dn_pooling_shape shape = {3, 27, 13, 64, 3, 2};
    size_t in = (size_t)3 * 27 * 13 * 64, out = (size_t)3 * 13 * 6 * 64;
    float *values = take_uniform(in, 1, 3), *narrow = take_floats(in), *expected = take_floats(out),
          *actual = take_floats(out);
    dn_error error = {0};
    for (size_t e = 0; e < 2; e++)
        for (size_t k = 0; dn_backend_at(k); k++) {
            dn_pooling *pooling;
            if (!has(dn_backend_at(k), DN_PRECISION_INT8))
                continue;
            dn_compute compute = open_in(dn_backend_at(k)->name, DN_PRECISION_INT8, 2);
            dn_elements_narrow(narrow, values, elements[e], 0.01F, in);
            assert_ok(compute.backend->pooling_create(compute.context, &shape, elements[e],
                                                      &pooling, &error));
            assert_ok(compute.backend->pooling_forward(pooling, k ? actual : expected, narrow, 3,
                                                       &error));
            compute.backend->pooling_destroy(pooling);
            dn_compute_close(&compute);
            if (k)
                assert_memory_equal(actual, expected, out * dn_element_size(elements[e]));
        }
    float *released[] = {values, narrow, expected, actual};
    for (size_t i = 0; i < 4; i++)
        dn_release(released[i]);
}

static void fold(const dn_backend *backend, dn_element element, const dn_fold_shape *shape,
                 const uint8_t *pixels, uint8_t *out) {
    static const uint8_t fill[] = {124, 116, 104};
    dn_error error = {0};
    dn_compute compute = open_in(backend->name, DN_PRECISION_INT8, 2);
    assert_ok(
        compute.backend->fold_pixels(compute.context, out, element, pixels, fill, shape, &error));
    dn_compute_close(&compute);
}

static void test_folding(void **state) {
    (void)state;
    static const dn_fold_shape shapes[] = {{2, 64, 72, 64, 72, 4, 2, 2, 17, 19},
                                           {2, 64, 72, 32, 32, 4, 2, 2, 9, 9},
                                           {1, 33, 31, 16, 15, 3, 1, 1, 7, 7}};
    static uint8_t pixels[2 * 64 * 72 * 3], expected[2 * 17 * 19 * 48 * 4], actual[sizeof expected];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 31 + i / 7);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int e = DN_ELEMENT_F32; e <= DN_ELEMENT_U8; e++)
            for (size_t k = 0; dn_backend_at(k); k++) {
                const dn_fold_shape *s = &shapes[i];
                size_t bytes = (size_t)(s->batch * s->rows * s->columns * s->block * s->block * 3) *
                               dn_element_size((dn_element)e);
                fold(dn_backend_at(k), (dn_element)e, s, pixels, k ? actual : expected);
                if (k)
                    assert_memory_equal(actual, expected, bytes);
            }
    /* by hand: the first pixel is behind two rows and columns of fill */
    fold(dn_backend_at(0), DN_ELEMENT_U8, &shapes[0], pixels, expected);
    assert_int_equal(expected[0], 124);
    assert_int_equal(expected[(2 * 4 + 2) * 3 + 1], pixels[1]);
}

/* ---- Gradients --------------------------------------------------------------------------------
 */

/* Gates of values as ReLUs leave them, and what passes them; [gates][dx] behind one another. */
typedef struct passed {
    uint8_t pooled[3 * 13 * 6 * 67], open[3 * 27 * 13 * 67];
    uint16_t through_pool[3 * 27 * 13 * 67], through_relu[3 * 27 * 13 * 67], means[3 * 40 * 67];
} passed;

static void pass(const char *name, dn_element element, int threads, const float *values,
                 passed *result) {
    static const dn_pooling_shape shape = {3, 27, 13, 67, 3, 2};
    size_t in = sizeof result->open, out = sizeof result->pooled;
    dn_error error = {0};
    dn_compute compute = open_in(name, DN_PRECISION_F32, threads);
    const dn_backend *b = compute.backend;
    float *narrow = take_floats(in), *dy = take_uniform(in, 5, 1e-3);
    uint16_t *bf16 = (uint16_t *)take_floats(in);
    dn_elements_narrow(narrow, values, element, 0.01F, in);
    dn_elements_narrow(bf16, dy, DN_ELEMENT_BF16, 0, in);
    memset(result, 1, sizeof *result);
    assert_ok(b->pooling_gates(compute.context, result->pooled, narrow, element, &shape, &error));
    assert_ok(b->activation_gates(compute.context, result->open, narrow, element, 0.01F,
                                  DN_ACTIVATION_RELU, in, &error));
    assert_ok(b->pooling_gates_backward(compute.context, result->through_pool, bf16,
                                        DN_ELEMENT_BF16, result->pooled, &shape, &error));
    assert_ok(b->gates_backward(compute.context, result->through_relu, bf16, DN_ELEMENT_BF16,
                                result->open, in, &error));
    assert_ok(b->spatial_mean_backward(compute.context, result->means, DN_ELEMENT_BF16, dy, 3, 40,
                                       67, 70, 0, &error));
    for (size_t i = 0; i < out; i++)
        assert_true(result->pooled[i] < 9 || result->pooled[i] == DN_GATE_SHUT);
    dn_release(narrow);
    dn_release(dy);
    dn_release(bf16);
    dn_compute_close(&compute);
}

/* Byte for byte: nothing but a sum of four numbers is computed, in one order. */
static void test_gates(void **state) {
    (void)state;
    static passed expected, actual;
    size_t count = sizeof expected.open, shut = 0;
    float *values = take_uniform(count, 4, 2);
    for (size_t i = 0; i < count; i++) /* many zeros, some of them negative; equals */
        values[i] = values[i] < 0.8F ? copysignf(0, values[i]) : roundf(values[i] * 8) / 8;
    for (int element = DN_ELEMENT_F32; element <= DN_ELEMENT_U8; element++) {
        pass("reference", (dn_element)element, 1, values, &expected);
        for (size_t i = 0; i < sizeof expected.pooled; i++)
            shut += expected.pooled[i] == DN_GATE_SHUT;
        for (size_t k = 1; dn_backend_at(k); k++)
            for (int threads = 1; threads <= 4; threads *= 2) {
                pass(dn_backend_at(k)->name, (dn_element)element, threads, values, &actual);
                assert_memory_equal(&actual, &expected, sizeof actual);
            }
    }
    assert_true(shut > 0);
    dn_release(values);
}

/* AlexNet's layers, the first one's phases among them, and odd ones; outputs in both elements. */
static const dn_convolution_shape slopes[] = {
    ALEXNET_WINDOW(2, 112, 112, 3, 64, 11, 4, 2),
    ALEXNET_WINDOW(2, 13, 13, 64, 192, 5, 1, 2),
    ALEXNET_WINDOW(2, 13, 13, 192, 384, 3, 1, 1),
    ALEXNET_WINDOW(2, 7, 9, 5, 67, 3, 2, 1),
};

static void *run_slopes(const dn_convolution_shape *s, dn_element out, const char *backend,
                        int threads) {
    dn_error error = {0};
    dn_convolution_gradient *gradient;
    const dn_convolution_format format = {.in = DN_ELEMENT_BF16, .out = out};
    size_t in = (size_t)s->batch * (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    float *dy = take_uniform(out_count(s), 1, 1), *elements = take_floats(out_count(s)),
          *w = take_uniform((size_t)s->channels * (size_t)s->out_channels *
                                (size_t)(s->kernel * s->kernel),
                            2, 0.05),
          *dx = take_constant(in, NAN);
    dn_compute compute = open_in(backend, DN_PRECISION_BF16, threads);
    dn_elements_narrow(elements, dy, DN_ELEMENT_BF16, 0, out_count(s));
    assert_ok(compute.backend->convolution_gradient_create(compute.context, s, &format, w,
                                                           &gradient, &error));
    assert_ok(compute.backend->convolution_gradient_run(gradient, dx, elements, s->batch, &error));
    compute.backend->convolution_gradient_destroy(gradient);
    dn_compute_close(&compute);
    dn_release(dy);
    dn_release(elements);
    dn_release(w);
    return dx;
}

/* As compare_windows: sums of the same products, then the last rounding. */
static void compare_slopes(const dn_convolution_shape *s, dn_element out, const void *actual,
                           const void *expected) {
    size_t count = (size_t)s->batch * (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    float *a = take_floats(count), *b = take_floats(count);
    double terms = s->out_channels * s->kernel * s->kernel, rounding = ldexp(4 + sqrt(terms), -24);
    dn_elements_widen(a, actual, out, 0, count);
    dn_elements_widen(b, expected, out, 0, count);
    assert_close("gradient", a, b, count, rounding,
                 out == DN_ELEMENT_BF16 ? ldexp(1, -7) : rounding);
    dn_release(a);
    dn_release(b);
}

static void test_slopes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof slopes / sizeof *slopes; i++)
        for (int e = DN_ELEMENT_F32; e <= DN_ELEMENT_BF16; e++) {
            const dn_convolution_shape *s = &slopes[i];
            dn_element out = (dn_element)e;
            void *expected = run_slopes(s, out, "reference", 2);
            for (size_t k = 1; dn_backend_at(k); k++) {
                if (!has(dn_backend_at(k), DN_PRECISION_BF16))
                    continue;
                void *first = run_slopes(s, out, dn_backend_at(k)->name, 1);
                void *again = run_slopes(s, out, dn_backend_at(k)->name, 2);
                compare_slopes(s, out, first, expected);
                compare_slopes(s, out, again, first);
                dn_release(first);
                dn_release(again);
            }
            dn_release(expected);
        }
}

/* ---- Linear layers ----------------------------------------------------------------------------
 */

enum { ROWS = 37, INPUTS = 150, OUTPUTS = 205 };

typedef struct layer {
    float *x, *w, *bias, *dy;
    float *y, *dx, *dw, *dbias;
} layer;

static layer layer_create(void) {
    return (layer){.x = take_uniform(ROWS * INPUTS, 1, 1),
                   .w = take_uniform(INPUTS * OUTPUTS, 2, 0.1),
                   .bias = take_uniform(OUTPUTS, 3, 1),
                   .dy = take_uniform(ROWS * OUTPUTS, 4, 0.01),
                   .y = take_constant(ROWS * OUTPUTS, NAN),
                   .dx = take_constant(ROWS * INPUTS, NAN),
                   .dw = take_constant(INPUTS * OUTPUTS, NAN),
                   .dbias = take_constant(OUTPUTS, NAN)};
}

static void layer_destroy(layer *l) {
    float *released[] = {l->x, l->w, l->bias, l->dy, l->y, l->dx, l->dw, l->dbias};
    for (size_t i = 0; i < sizeof released / sizeof *released; i++)
        dn_release(released[i]);
}

static void run_layer(layer *l, const char *backend, dn_precision precision, int threads,
                      const uint16_t *bf16) {
    dn_error error = {0};
    dn_compute compute = open_in(backend, precision, threads);
    const dn_backend *b = compute.backend;
    dn_weights w = {bf16 ? NULL : l->w, bf16};
    assert_ok(b->linear_forward(compute.context, l->y, l->x, w, l->bias, ROWS, INPUTS, OUTPUTS, 1,
                                &error));
    assert_ok(
        b->linear_backward_input(compute.context, l->dx, l->dy, w, ROWS, INPUTS, OUTPUTS, &error));
    assert_ok(b->linear_backward_weights(compute.context, l->dw, l->dbias, l->dy, l->x, ROWS,
                                         INPUTS, OUTPUTS, &error));
    dn_compute_close(&compute);
}

static void compare_layers(const layer *actual, const layer *expected, double unit) {
    assert_close("y", actual->y, expected->y, ROWS * OUTPUTS, 20 * unit, 4 * unit);
    assert_close("dx", actual->dx, expected->dx, ROWS * INPUTS, unit, 4 * unit);
    assert_close("dw", actual->dw, expected->dw, INPUTS * OUTPUTS, unit, 4 * unit);
    assert_close("dbias", actual->dbias, expected->dbias, OUTPUTS, 0, 2 * unit);
}

/* Products of bf16 are exact in f32, so only the sums differ. */
static void test_layers(void **state) {
    (void)state;
    layer expected = layer_create(), first = layer_create(), again = layer_create();
    uint16_t *bf16 = (uint16_t *)take_floats(INPUTS * OUTPUTS);
    dn_bf16_narrow(1, bf16, expected.w, INPUTS * OUTPUTS);
    for (size_t k = 1; dn_backend_at(k); k++)
        for (int precision = DN_PRECISION_F32; precision <= DN_PRECISION_BF16; precision++) {
            const char *name = dn_backend_at(k)->name;
            if (!has(dn_backend_at(k), (dn_precision)precision))
                continue;
            run_layer(&expected, "reference", (dn_precision)precision, 2, NULL);
            run_layer(&first, name, (dn_precision)precision, 1, NULL);
            compare_layers(&first, &expected, ldexp(1, -24));
            for (int threads = 2; threads <= 4; threads += 2) {
                run_layer(&again, name, (dn_precision)precision, threads,
                          precision == DN_PRECISION_BF16 ? bf16 : NULL);
                compare_layers(&again, &first, 0);
            }
        }
    layer_destroy(&expected);
    layer_destroy(&first);
    layer_destroy(&again);
    dn_release(bf16);
}

/* ---- Training ---------------------------------------------------------------------------------
 */

enum { PARAMETERS = INPUTS * OUTPUTS };

typedef struct moved {
    float w[PARAMETERS], m[PARAMETERS], v[PARAMETERS], b[3 * OUTPUTS];
    uint16_t bf16[PARAMETERS];
} moved;

static const dn_adam second_step = {2e-4, 0.8, 0.8, 1e-4, 1e-5, 2};

static moved *moved_create(const layer *l) {
    moved *self = (moved *)(void *)take_floats(sizeof *self / sizeof(float) + 1);
    memcpy(self->w, l->w, sizeof self->w);
    fill_uniform(self->m, PARAMETERS, 5, 0.01);
    fill_uniform(self->v, PARAMETERS, 6, 0.01);
    fill_uniform(self->b, 3 * OUTPUTS, 7, 0.01);
    for (size_t i = 0; i < PARAMETERS; i++)
        self->v[i] = fabsf(self->v[i]);
    for (size_t i = 2 * OUTPUTS; i < 3 * OUTPUTS; i++)
        self->b[i] = fabsf(self->b[i]);
    memset(self->bf16, 0, sizeof self->bf16);
    return self;
}

static void train_at_once(moved *self, const layer *l, const dn_compute *compute) {
    dn_error error = {0};
    const dn_trained w = {self->w, self->m, self->v, self->bf16};
    const dn_trained bias = {self->b, self->b + OUTPUTS, self->b + 2 * OUTPUTS, NULL};
    assert_ok(compute->backend->linear_train(compute->context, &w, &bias, l->dy, l->x, ROWS, INPUTS,
                                             OUTPUTS, &second_step, &error));
}

static void train_in_turn(moved *self, const layer *l, const dn_compute *compute) {
    dn_error error = {0};
    const dn_backend *b = compute->backend;
    assert_ok(b->linear_backward_weights(compute->context, l->dw, l->dbias, l->dy, l->x, ROWS,
                                         INPUTS, OUTPUTS, &error));
    assert_ok(b->adam(compute->context, self->w, self->m, self->v, l->dw, PARAMETERS, &second_step,
                      &error));
    assert_ok(b->adam(compute->context, self->b, self->b + OUTPUTS, self->b + 2 * OUTPUTS, l->dbias,
                      OUTPUTS, &second_step, &error));
    dn_bf16_narrow(1, self->bf16, self->w, PARAMETERS);
}

/* One pass gives the bits of gradient, Adam and narrowing one after the other. */
static void test_training(void **state) {
    (void)state;
    for (size_t k = 0; dn_backend_at(k); k++)
        for (int precision = DN_PRECISION_F32; precision <= DN_PRECISION_BF16; precision++)
            for (int threads = 1; threads <= 4; threads *= 2) {
                layer l = layer_create();
                moved *actual = moved_create(&l), *expected = moved_create(&l);
                dn_compute compute =
                    open_in(dn_backend_at(k)->name, (dn_precision)precision, threads);
                train_at_once(actual, &l, &compute);
                train_in_turn(expected, &l, &compute);
                assert_memory_equal(actual, expected, sizeof *actual);
                assert_memory_not_equal(actual->w, l.w, sizeof actual->w);
                dn_compute_close(&compute);
                dn_release(actual);
                dn_release(expected);
                layer_destroy(&l);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),      cmocka_unit_test(test_elements),
        cmocka_unit_test(test_convolutions), cmocka_unit_test(test_pooling),
        cmocka_unit_test(test_folding),      cmocka_unit_test(test_gates),
        cmocka_unit_test(test_slopes),       cmocka_unit_test(test_layers),
        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
