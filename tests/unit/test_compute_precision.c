/* Convolutions and linear layers below f32: bf16 and int8 against the reference in the same
 * precision, what processors without the instructions do, and that results do not depend on the
 * number of threads. */
#include "base/every_cpu.h"
#include "compute/shape.h"
#include "compute_buffers.h"

#include <stdlib.h>

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

/* What caches are keyed by: the library and the instructions it really uses. */
static void test_identity(void **state) {
    (void)state;
    const char *limit = getenv("ONEDNN_MAX_CPU_ISA");
    for (size_t k = 0; dn_backend_at(k); k++) {
        const dn_backend *backend = dn_backend_at(k);
        assert_true(strlen(backend->version()) > 0 && strlen(backend->instructions()) > 0);
        assert_ptr_equal(backend->instructions(), backend->instructions());
        if (strcmp(backend->name, "onednn") != 0)
            continue;
        assert_int_equal(strncmp(backend->version(), "oneDNN 2.", 9), 0);
        assert_non_null(strstr(backend->instructions(), "; own kernels "));
        print_message("instructions: %s\n", backend->instructions());
#ifdef DN_HAS_CLONES
        if (__builtin_cpu_supports("avx2"))
            assert_null(strstr(backend->instructions(), "baseline"));
#endif
        if (limit) {
            const char *expected = strcmp(limit, "AVX2") == 0 ? "AVX2; " : "SSE4.1; ";
            assert_int_equal(strncmp(backend->instructions(), expected, strlen(expected)), 0);
        }
    }
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
#define U8_TO_S8                                                                                   \
    { DN_ELEMENT_U8, DN_ELEMENT_S8, 0.01F, 0.04F, 0.02F }
#define S8_TO_U8                                                                                   \
    { DN_ELEMENT_S8, DN_ELEMENT_U8, 0.01F, 0.03F, 0.02F }
#define S8_TO_S8                                                                                   \
    { DN_ELEMENT_S8, DN_ELEMENT_S8, 0.01F, 0.04F, 0.05F }
#define S8_TO_F32                                                                                  \
    { DN_ELEMENT_S8, DN_ELEMENT_F32, 0.01F, 0, 0 }
/* The largest number of u8 is 6. */
#define U8_TO_SIX                                                                                  \
    { DN_ELEMENT_U8, DN_ELEMENT_U8, 0.01F, 6 / 255.0F, 0 }
/* 6 falls between two numbers. */
#define U8_PAST_SIX                                                                                \
    { DN_ELEMENT_U8, DN_ELEMENT_U8, 0.01F, 0.037F, 0 }

/* EfficientNet-Lite's kinds of layers: the padding is `pad` above and left, pad + more below and
 * right. */
#define EXPAND(side, in, out)                                                                      \
    { 2, side, side, in, out, 1, 1, 1, 0, 0, 0, 0, DN_ACTIVATION_RELU6, 0 }
#define DEPTHWISE(side, channels, kernel, stride, pad, more)                                       \
    {                                                                                              \
        2, side, side, channels, channels, kernel, stride, channels, pad, pad, pad + more,         \
            pad + more, DN_ACTIVATION_RELU6, 0                                                     \
    }
#define PROJECT(side, in, out, adds)                                                               \
    { 2, side, side, in, out, 1, 1, 1, 0, 0, 0, 0, DN_ACTIVATION_NONE, adds }

/* AlexNet's layers (the first one folded), EfficientNet-Lite's, and odd ones. */
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
    {{2, 65, 65, 12, 32, 2, 1, 1, 0, 0, 0, 0, DN_ACTIVATION_RELU6, 0}, TO_BF16},
    {{2, 65, 65, 12, 32, 2, 1, 1, 0, 0, 0, 0, DN_ACTIVATION_RELU6, 0}, TO_U8},
    {EXPAND(28, 24, 144), TO_BF16},
    {EXPAND(28, 24, 144), S8_TO_U8},
    {DEPTHWISE(28, 96, 3, 1, 1, 0), TO_BF16},
    {DEPTHWISE(28, 96, 3, 1, 1, 0), U8_TO_SIX},
    {DEPTHWISE(56, 96, 3, 2, 0, 1), TO_BF16},
    {DEPTHWISE(56, 96, 3, 2, 0, 1), U8_PAST_SIX},
    {DEPTHWISE(29, 240, 5, 1, 2, 0), TO_BF16},
    {DEPTHWISE(29, 240, 5, 1, 2, 0), TO_U8},
    {DEPTHWISE(56, 144, 5, 2, 1, 1), TO_BF16},
    {DEPTHWISE(56, 144, 5, 2, 1, 1), U8_TO_SIX},
    {DEPTHWISE(56, 144, 5, 2, 1, 1), S8_TO_U8},
    {PROJECT(28, 144, 40, 0), TO_BF16},
    {PROJECT(28, 144, 40, 0), U8_TO_S8},
    {PROJECT(28, 240, 40, 1), TO_BF16},
    {PROJECT(28, 240, 40, 1), U8_TO_S8},
    {PROJECT(14, 96, 112, 0), BF16_TO_F32},
    {PROJECT(14, 96, 112, 0), U8_TO_F32},
    {PROJECT(14, 96, 112, 1), S8_TO_F32},
    /* ResNet's residual before the ReLU; each side padded differently; groups of two */
    {{2, 14, 14, 64, 64, 3, 1, 1, 1, 1, 1, 1, DN_ACTIVATION_RELU, 1}, TO_BF16},
    {{2, 14, 14, 64, 64, 3, 1, 1, 1, 1, 1, 1, DN_ACTIVATION_RELU, 1}, S8_TO_U8},
    {{2, 9, 7, 12, 12, 3, 2, 1, 2, 0, 1, 3, DN_ACTIVATION_NONE, 1}, S8_TO_S8},
    {{2, 9, 7, 12, 12, 3, 2, 6, 2, 0, 1, 3, DN_ACTIVATION_NONE, 1}, TO_BF16},
    {{2, 9, 7, 12, 12, 3, 2, 6, 2, 0, 1, 3, DN_ACTIVATION_RELU6, 0}, TO_U8},
    {{2, 9, 7, 33, 33, 3, 1, 33, 1, 1, 1, 1, DN_ACTIVATION_NONE, 0}, S8_TO_S8},
};

static size_t out_count(const dn_convolution_shape *shape) {
    dn_extent extent = dn_convolution_extent(shape);
    return (size_t)shape->batch * (size_t)extent.height * (size_t)extent.width *
           (size_t)shape->out_channels;
}

static size_t in_count(const dn_convolution_shape *s) {
    return (size_t)s->batch * (size_t)s->height * (size_t)s->width * (size_t)s->channels;
}

static size_t weight_count(const dn_convolution_shape *s) {
    return (size_t)(s->channels / s->groups) * (size_t)s->out_channels *
           (size_t)(s->kernel * s->kernel);
}

/* Large enough that sums reach both ends of a ReLU6, and depthwise ones those of s8. */
static double weight_scale(const dn_convolution_shape *s) {
    return s->groups > 1 ? 4 : s->activation == DN_ACTIVATION_RELU6 ? 2 : 0.05;
}

/* The outputs as they lie in memory, in a new buffer between guards. */
static void *run_window(const window_case *c, const char *backend, dn_precision precision,
                        int threads) {
    dn_error error = {0};
    const dn_convolution_shape *s = &c->shape;
    dn_convolution *convolution;
    size_t in = in_count(s), count = out_count(s);
    float *x = take_uniform(in, 1, 1), *w = take_uniform(weight_count(s), 2, weight_scale(s)),
          *bias = take_uniform((size_t)s->out_channels, 3, 0.5), *elements = take_floats(in),
          *residual = take_uniform(count, 4, 2);
    void *out = take_guarded(count * dn_element_size(c->format.out));
    for (size_t i = 0; i < in && c->format.in != DN_ELEMENT_S8; i++)
        x[i] = x[i] < 0 ? 0 : x[i]; /* as behind a ReLU */
    dn_elements_narrow(out, residual, c->format.out, c->format.add_step, s->adds ? count : 0);
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
    check_guards(backend, out);
    float *released[] = {x, w, bias, elements, residual};
    for (size_t i = 0; i < sizeof released / sizeof *released; i++)
        dn_release(released[i]);
    return out;
}

/* A case that does not reach the ends of its activation shows nothing of it. */
static void check_ends(const window_case *c, const float *values, size_t count) {
    size_t bottom = 0, top = 0;
    for (size_t i = 0; i < count; i++) {
        bottom += values[i] == 0;
        top += values[i] > 5.9F;
    }
    if (c->shape.activation != DN_ACTIVATION_NONE)
        assert_true(bottom > 0);
    if (c->shape.activation == DN_ACTIVATION_RELU6)
        assert_true(top > 0);
}

/* Both sum the same products: in f32 what `terms` additions round, then one bf16 or u8 step where
 * the result lay on the border between two; few do. */
static void compare_windows(const window_case *c, const void *actual, const void *expected) {
    size_t count = out_count(&c->shape), different = 0;
    float *a = take_floats(count), *b = take_floats(count), step = c->format.out_step;
    double terms = c->shape.channels / c->shape.groups * c->shape.kernel * c->shape.kernel;
    dn_elements_widen(a, actual, c->format.out, step, count);
    dn_elements_widen(b, expected, c->format.out, step, count);
    for (size_t i = 0; i < count; i++)
        different += a[i] != b[i];
    check_ends(c, b, count);
    double rounding = ldexp(4 + sqrt(terms), -24) * fmax(1, weight_scale(&c->shape));
    double absolute = dn_element_is_integer(c->format.out) ? 1.001 * (double)step : rounding;
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
                dn_element_is_integer(c->format.in) ? DN_PRECISION_INT8 : DN_PRECISION_BF16;
            if (!has(dn_backend_at(k), precision))
                continue;
            void *expected = run_window(c, "reference", precision, 2);
            void *first = run_window(c, name, precision, 1);
            compare_windows(c, first, expected);
            for (int threads = 2; threads <= 4; threads += 2) {
                void *again = run_window(c, name, precision, threads);
                assert_memory_equal(again, first,
                                    out_count(&c->shape) * dn_element_size(c->format.out));
                release_guarded(name, again);
            }
            release_guarded("reference", expected);
            release_guarded(name, first);
        }
}

static dn_status create_residual(const dn_compute *compute, dn_error *error) {
    static const float weights[33 * 9], bias[33];
    const dn_convolution_shape shape = {1, 7, 7, 33, 33, 3, 1, 33, 1, 1, 1, 1, DN_ACTIVATION_NONE,
                                        1};
    dn_convolution *convolution;
    DN_TRY(compute->backend->convolution_create(compute->context, &shape, NULL, weights, bias,
                                                &convolution, error));
    compute->backend->convolution_destroy(convolution);
    return DN_OK;
}

/* oneDNN's SSE4.1 kernels would fault on some residuals: refused, not run, whether the environment
 * chose these kernels or the processor. */
static void test_residuals(void **state) {
    (void)state;
    for (size_t k = 0; dn_backend_at(k); k++) {
        dn_error error = {0};
        dn_compute compute = open_backend(dn_backend_at(k)->name, 1);
        if (strncmp(compute.backend->instructions(), "SSE4.1;", 7) == 0)
            assert_fails(create_residual(&compute, &error), DN_ERROR_UNSUPPORTED,
                         "residual of 33 channels");
        else
            assert_ok(create_residual(&compute, &error));
        dn_compute_close(&compute);
    }
}

/* ---- Gradients --------------------------------------------------------------------------------
 */

/* AlexNet's layers, the first one's phases among them, EfficientNet-Lite's, and odd ones; outputs
 * in both elements. */
static const dn_convolution_shape slopes[] = {
    ALEXNET_WINDOW(2, 112, 112, 3, 64, 11, 4, 2),
    ALEXNET_WINDOW(2, 13, 13, 64, 192, 5, 1, 2),
    ALEXNET_WINDOW(2, 13, 13, 192, 384, 3, 1, 1),
    ALEXNET_WINDOW(2, 7, 9, 5, 67, 3, 2, 1),
    {2, 64, 64, 3, 32, 3, 2, 1, 0, 0, 1, 1, DN_ACTIVATION_RELU6, 0},
    EXPAND(28, 24, 144),
    DEPTHWISE(28, 96, 3, 1, 1, 0),
    DEPTHWISE(56, 96, 3, 2, 0, 1),
    DEPTHWISE(29, 240, 5, 1, 2, 0),
    DEPTHWISE(56, 144, 5, 2, 1, 1),
    PROJECT(28, 240, 40, 1),
    {2, 9, 7, 12, 18, 3, 2, 3, 2, 0, 1, 3, DN_ACTIVATION_NONE, 0},
};

static void *run_slopes(const dn_convolution_shape *s, dn_element out, const char *backend,
                        int threads) {
    dn_error error = {0};
    dn_convolution_gradient *gradient;
    const dn_convolution_format format = {.in = DN_ELEMENT_BF16, .out = out};
    float *dy = take_uniform(out_count(s), 1, 1), *elements = take_floats(out_count(s)),
          *w = take_uniform(weight_count(s), 2, 0.05);
    void *dx = take_guarded(in_count(s) * dn_element_size(out));
    dn_compute compute = open_in(backend, DN_PRECISION_BF16, threads);
    dn_elements_narrow(elements, dy, DN_ELEMENT_BF16, 0, out_count(s));
    assert_ok(compute.backend->convolution_gradient_create(compute.context, s, &format, w,
                                                           &gradient, &error));
    assert_ok(compute.backend->convolution_gradient_run(gradient, dx, elements, s->batch, &error));
    compute.backend->convolution_gradient_destroy(gradient);
    dn_compute_close(&compute);
    check_guards(backend, dx);
    dn_release(dy);
    dn_release(elements);
    dn_release(w);
    return dx;
}

/* As compare_windows: sums of the same products, then the last rounding. */
static void compare_slopes(const dn_convolution_shape *s, dn_element out, const void *actual,
                           const void *expected) {
    size_t count = in_count(s);
    float *a = take_floats(count), *b = take_floats(count);
    double terms = s->out_channels / s->groups * s->kernel * s->kernel;
    double rounding = ldexp(4 + sqrt(terms), -24);
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
                assert_memory_equal(again, first, in_count(s) * dn_element_size(out));
                release_guarded("dx", first);
                release_guarded("dx", again);
            }
            release_guarded("dx", expected);
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
        cmocka_unit_test(test_opening),   cmocka_unit_test(test_identity),
        cmocka_unit_test(test_residuals), cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_slopes),    cmocka_unit_test(test_layers),
        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
